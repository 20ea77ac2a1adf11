/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A small HTTP server for machines that look after this one: GET and HEAD of a few paths. The
 *         answers come from a table that the pipeline hands in, at once or later. libmicrohttpd speaks
 *         HTTP; it has no thread here, its descriptor is watched by the caller's loop.
 * WAY     Prometheus, curl ~~> here -> pipeline
 * THREAD  hz_output alone; handlers are called on it, from the loop
 * OWNS    the listening socket and all connections
 * FULL    HTTP_CONNECTIONS_MAX (8) connections; further ones wait in the kernel's queue. Whatever he
 *         does or does not, a peer has ten seconds from his connection to his answer's last byte; each
 *         connection serves one request. Heads above 4 KiB are refused.
 */
#ifndef HZ_HTTP_H
#define HZ_HTTP_H

#include "hz_error.h"
#include "hz_role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct hz_http;
struct hz_http_request;

struct hz_http_row {
    const char *path;
    /* Calls hz_http_answer, at once or later. */
    void (*begin)(void *ctx, struct hz_http_request *request);
};

struct hz_http_config {
    uv_loop_t *loop;
    const char *address;            /* "127.0.0.1:9464", "[::1]:9464": digits, no name service is asked */
    const struct hz_http_row *rows; /* ends with a NULL path */
    /* A request that has begun and will not be answered any more: the server stops. */
    void (*gone)(void *ctx, struct hz_http_request *request);
    void *ctx;
};

/* -EINVAL: no such address can be. One that can't be had now (taken, or not on this machine yet) is
 * logged and tried again every HTTP_RETRY_MS: nobody watches less for it. */
int hz_http_new(const struct hz_http_config *config, struct hz_http **ret_http) HZ_MUST_USE HZ_ON(hz_output);
/* Ends all connections; `closed` when the object is gone. Not from a handler. */
void hz_http_stop(struct hz_http *http, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_output);

/* A header of the request, or NULL. Lent until the answer. */
const char *hz_http_header(const struct hz_http_request *request, const char *name) HZ_ON(hz_output);
/* Once for each request. `text` is malloc'd and taken; NULL: there is no memory, which becomes 503. */
void hz_http_answer(struct hz_http_request *request, unsigned status, const char *content_type, char *text,
                    size_t length) HZ_ON(hz_output);

/* Counted, since nothing may be dropped unseen. */
struct hz_http_counts {
    uint64_t connections; /* accepted */
    uint64_t requests;    /* handed to a handler */
    uint64_t refused;     /* no such path, or another method */
    uint64_t timed_out;   /* peers that had their ten seconds */
    uint32_t open;
    bool listening;
};
void hz_http_counts(const struct hz_http *http, struct hz_http_counts *ret_counts) HZ_ON(hz_output);

#endif
