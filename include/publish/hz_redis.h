/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    One connection to Redis that is kept up, over hiredis with an adapter of our own: a refused
 *         or reset connection is noticed, connect and reply have dead-lines, what is under way is
 *         bounded, the library never reconnects from its own callback.
 * WAY     publisher ~~> Redis
 * THREAD  hz_output alone; events and replies come on its loop
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

struct hz_redis_events {
    void (*up)(void *ctx);                       /* authenticated: commands may go */
    void (*down)(void *ctx, const char *reason); /* every reply still awaited has come as NULL */
    void *ctx;
};

/* `reply` NULL: the connection was lost, the command's fate is unknown. */
typedef void (*hz_redis_reply)(void *ctx, const struct redisReply *reply);

int hz_redis_new(uv_loop_t *loop, const struct hz_redis_config *config, const struct hz_redis_events *events,
                 struct hz_redis **ret_redis) HZ_MUST_USE HZ_ON(hz_output);
void hz_redis_start(struct hz_redis *redis) HZ_ON(hz_output);
void hz_redis_stop(struct hz_redis *redis, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_output);

bool hz_redis_is_up(const struct hz_redis *redis) HZ_ON(hz_output);
uint32_t hz_redis_room(const struct hz_redis *redis) HZ_ON(hz_output);

/* Length-counted arguments only: text from outside never becomes part of a command. */
int hz_redis_send(struct hz_redis *redis, int count, const char *const *arguments, const size_t *lengths,
                  hz_redis_reply reply, void *ctx) HZ_MUST_USE HZ_ON(hz_output);

#endif
