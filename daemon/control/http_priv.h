/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the HTTP server share: http.c (libmicrohttpd's turns, connections, life),
 * http_request.c (requests and their answers), http_listen.c (the listening socket).
 */
#ifndef HTTP_PRIV_H
#define HTTP_PRIV_H

#include "hz_http.h"

#include <microhttpd.h>
#include <sys/socket.h>

#define HTTP_CONNECTIONS_MAX 8u
#define HTTP_TICK_MS         1000u
#define HTTP_PATIENCE_TICKS  10u

/* --- http_listen.c --- */

struct http_address {
    struct sockaddr_storage to;
    socklen_t length;
};

/* "127.0.0.1:9464" or "[::1]:9464": 0 or -EINVAL. */
int http__parse_address(const char *text, struct http_address *ret_address) HZ_MUST_USE;
/* A listening socket that does not block, or a negative code. */
int http__listen(const struct http_address *address) HZ_MUST_USE;

/* --- http_request.c, http.c --- */

struct hz_http_request {
    struct hz_http *http;
    struct MHD_Connection *connection;
    struct hz_http_request *next; /* of those that wait for their answer */
    bool begun, suspended;
    struct MHD_Response *response; /* NULL = not answered yet */
    unsigned status;
};

struct http_connection {
    bool taken;
    int fd;
    unsigned ticks;
    struct hz_http *http;
};

struct hz_http {
    struct hz_http_config config;
    struct http_address address;
    struct MHD_Daemon *server; /* NULL: the address is not to be had, or it has stopped */
    uv_poll_t poll;            /* its epoll descriptor, while `server` is there */
    bool polling, said, stopping;
    uv_timer_t run;  /* what libmicrohttpd wants to do without a descriptor's being readable */
    uv_timer_t tick; /* patience with peers; another try to listen */
    struct http_connection connections[HTTP_CONNECTIONS_MAX];
    struct hz_http_request *waiting;
    struct hz_http_counts counts;
    unsigned handles; /* not yet closed */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* Every HTTP_TICK_MS, while it listens. */
void http__tick(struct hz_http *http) HZ_ON(hz_output);
/* libmicrohttpd has something to do: at the loop's next turn. */
void http__run_soon(struct hz_http *http) HZ_ON(hz_output);

/* libmicrohttpd's callbacks for a request (MHD_AccessHandlerCallback, MHD_RequestCompletedCallback). */
enum MHD_Result http__on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                 const char *version, const char *body, size_t *body_bytes, void **place);
void http__on_completed(void *ctx, struct MHD_Connection *connection, void **place,
                        enum MHD_RequestTerminationCode how);
/* Who waits is told that the server stops. */
void http__answer_all(struct hz_http *http) HZ_ON(hz_output);

#endif
