/* SPDX-License-Identifier: Apache-2.0
 *
 * A real redis-server in a folder of its own, on a unix socket and, if asked for, a free port; killed,
 * stopped, started again with other arguments or another dump; dies with the test. And the questions
 * that tests ask it, over a connection of their own.
 */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <sys/types.h>

struct redis_server {
    char folder[64];
    char socket[96];
    char address[112]; /* "unix:..." as in hazardd.yaml */
    int port;          /* 0: unix socket only */
    pid_t pid;
    redisContext *connection;
};

/* Whether there is a redis-server at all. */
bool redis_server_available(void);
void redis_server_init(struct redis_server *server, bool tcp);
/* `arguments` (NULL-ended) may be NULL. Ready when it answers. */
void redis_server_start(struct redis_server *server, const char *const *arguments);
void redis_server_kill(struct redis_server *server);
void redis_server_signal(struct redis_server *server, int signal);
void redis_server_done(struct redis_server *server); /* kills it, removes the folder */
/* The dump that the next start loads: kept under a name, or taken from there. */
void redis_server_keep_dump(struct redis_server *server, const char *name);
void redis_server_take_dump(struct redis_server *server, const char *name);

/* The reply, freed with the next question; fails the test when there is none or it is an error. */
const redisReply *ask(struct redis_server *server, const char *format, ...);
long long ask_number(struct redis_server *server, const char *format, ...);
const char *ask_text(struct redis_server *server, const char *format, ...); /* "" for nil */

#endif
