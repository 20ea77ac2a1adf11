/* SPDX-License-Identifier: Apache-2.0
 *
 * One hiredis context and its poll handle, called a wire. hiredis frees its context whenever it
 * likes, inside any call into it; libuv frees a handle's memory only after its close callback. So a
 * wire outlives both: whoever calls into hiredis looks at `context` afterwards.
 */
#ifndef PUBLISH_REDIS_PRIV_H
#define PUBLISH_REDIS_PRIV_H

#include "hz_redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

/* redis_login.c */
bool redis__same_server(const struct hz_redis_login *a, const struct hz_redis_login *b);
bool redis__same_secret(const struct hz_redis_login *a, const struct hz_redis_login *b);

/* redis_wire.c */

struct redis_wire;

struct redis_wire_events {
    void (*connected)(void *ctx);
    void (*reply)(void *ctx, const struct redisReply *reply); /* in the order of the commands */
    void (*lost)(void *ctx, const char *reason);              /* the wire may not be used any more */
    void (*closed)(void *ctx); /* comes always and last, also after redis__wire_give_up */
    void *ctx;
};

/* Begins to connect: to a unix socket, or to a numeric address. On failure there is no wire and
 * `reason` says why. */
int redis__wire_new(uv_loop_t *loop, const char *path_or_host, int port,
                    const struct redis_wire_events *events, char reason[HZ_REDIS_REASON_BYTES],
                    struct redis_wire **ret_wire) HZ_MUST_USE HZ_ON(hz_output);
int redis__wire_send(struct redis_wire *wire, int count, const char *const *arguments,
                     const size_t *lengths) HZ_MUST_USE HZ_ON(hz_output);
/* No event comes after this but `closed`. */
void redis__wire_give_up(struct redis_wire *wire) HZ_ON(hz_output);

#endif
