/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    One connection to Redis that is kept up, over hiredis with an adapter of our own: a refused
 *         or reset connection is noticed, connect and reply have dead-lines, what is under way is
 *         bounded, the library never reconnects from its own callback.
 * WAY     publisher ~~> Redis
 * THREAD  hz_output alone; events and replies come on its loop. The process ignores SIGPIPE: hiredis
 *         writes to sockets whose peer has gone
 * OWNS    the hiredis context; arguments are copied by hiredis at the call
 * FULL    hz_redis_room says how many commands may still be sent; beyond it -ENOBUFS
 */
#ifndef HZ_REDIS_H
#define HZ_REDIS_H

#include "hz_clock.h"
#include "hz_config.h"
#include "hz_role.h"

#include <uv.h>

struct hz_redis;
struct redisReply;

#define HZ_REDIS_COMMANDS_MAX 4096u        /* under way at once, on one connection */
#define HZ_REDIS_BYTES_MAX    (8u << 20)   /* of their arguments; one command may go beyond it */

#define HZ_REDIS_REASON_BYTES 320u /* why there is no connection, in words; a path fits */

struct hz_redis_events {
    void (*up)(void *ctx); /* authenticated and answering: commands may go */
    /* Lost, or could not be made; every reply still awaited has come as NULL. Tries again by itself, first
     * after 100 ms, then ever later up to 5 s. `reason` is lent, printable. */
    void (*down)(void *ctx, const char *reason);
    void *ctx;
};

/* `reply` NULL: the connection was lost, the command's fate is unknown. Lent. */
typedef void (*hz_redis_reply)(void *ctx, const struct redisReply *reply);

/* Where a connection leads and as whom. Holds a secret: whoever makes one wipes it. */
struct hz_redis_login {
    char host[256]; /* or the path of a unix socket */
    int port;
    bool has_user, has_secret;
    char user[HZ_NAME_BYTES_MAX + 1];
    char secret[512];
    char fault[HZ_REDIS_REASON_BYTES]; /* why the password can't be read; "" = it was */
};

/* Reads the password's file, so not on the loop of a connection that is up. -EINVAL: the address is none. */
int hz_redis_login(const struct hz_redis_config *config, struct hz_redis_login *ret_login) HZ_MUST_USE;

/* `config` is copied, its password's file read. -EINVAL: its address is none (looked at where it is
 * enabled; else hz_redis_use must come before hz_redis_start). */
int hz_redis_new(uv_loop_t *loop, const struct hz_redis_config *config, const struct hz_redis_events *events,
                 struct hz_redis **ret_redis) HZ_MUST_USE HZ_ON(hz_output);
void hz_redis_start(struct hz_redis *redis) HZ_ON(hz_output);
/* Other options. Where address, user or password are not what they were, the connection is given up as if it
 * were lost, and the next is made at once; a password that can't be read changes nothing there. */
void hz_redis_use(struct hz_redis *redis, const struct hz_redis_config *config,
                  const struct hz_redis_login *login) HZ_ON(hz_output);
/* As before hz_redis_start, which may come again: awaited replies come as NULL, no event. */
void hz_redis_rest(struct hz_redis *redis) HZ_ON(hz_output);
/* Awaited replies come as NULL, no event comes any more; then `closed`, and the object is gone. */
void hz_redis_stop(struct hz_redis *redis, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_output);
/* Gives the connection up as if it were lost (a server that answers, but not usefully). */
void hz_redis_drop(struct hz_redis *redis, const char *reason) HZ_ON(hz_output);

bool hz_redis_is_up(const struct hz_redis *redis) HZ_ON(hz_output);
uint32_t hz_redis_room(const struct hz_redis *redis) HZ_ON(hz_output);

/* Length-counted arguments only: text from outside never becomes part of a command. -ENOTCONN,
 * -ENOBUFS, -ENOMEM: nothing was sent, no reply comes. */
int hz_redis_send(struct hz_redis *redis, int count, const char *const *arguments, const size_t *lengths,
                  hz_redis_reply reply, void *ctx) HZ_MUST_USE HZ_ON(hz_output);

#endif
