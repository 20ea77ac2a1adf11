/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the HTTP server (http.c) and its listening socket (http_listen.c).
 */
#ifndef HTTP_PRIV_H
#define HTTP_PRIV_H

#include "hz_http.h"

#include <sys/socket.h>

struct http_address {
    struct sockaddr_storage to;
    socklen_t length;
};

/* "127.0.0.1:9464" or "[::1]:9464": 0 or -EINVAL. */
int http__parse_address(const char *text, struct http_address *ret_address) HZ_MUST_USE;
/* A listening socket that does not block, or a negative code. */
int http__listen(const struct http_address *address) HZ_MUST_USE;

#define HTTP_TICK_MS        1000u
#define HTTP_PATIENCE_TICKS 10u
/* Every HTTP_TICK_MS, while it listens. */
void http__tick(struct hz_http *http) HZ_ON(hz_output);

#endif
