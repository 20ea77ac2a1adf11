/* SPDX-License-Identifier: Apache-2.0
 *
 * Sender and consumer. The sender is the calling thread; the consumer, a thread of its own, reads what
 * was written after it had begun: it is ready before the first message is sent.
 */
#include "visible.h"

#include "hz_bench.h"
#include "link.h"
#include "rig.h"

#include <hiredis/hiredis.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READY_S   60u /* a Node.js program on a busy machine takes seconds */
#define PROBE_MS  200
#define BLOCK_MS  500
#define QUIET_MAX 30u /* times BLOCK_MS without an entry */

struct round {
    const struct visible *visible;
    redisContext *redis;
    char last[64];             /* id of the newest entry that was read */
    _Atomic uint64_t *sent_ns; /* [hot point][pass] */
    unsigned *seen;            /* [point] */
    double *samples_us;
    unsigned count, crossings;
};

unsigned visible_point(const char *text)
{
    unsigned enterprise, point;

    if (sscanf(text, "E%u/H01/P%u", &enterprise, &point) != 2 || enterprise == 0 || point == 0 ||
        point > WORK_ENTERPRISE_POINTS)
        return UINT_MAX;
    return (enterprise - 1) * WORK_ENTERPRISE_POINTS + point - 1;
}

static bool is_hot(const struct visible *visible, unsigned point)
{
    return point % visible->hot_every == 0;
}

/* --- the consumer --- */

static redisContext *open_redis(const struct visible *visible)
{
    redisContext *redis = redisConnectUnix(visible->redis);

    if (!redis || redis->err)
        rig_fail("the consumer has no Redis");
    return redis;
}

static void set_last(redisContext *redis, char last[64])
{
    redisReply *reply = redisCommand(redis, "XREVRANGE " VISIBLE_STREAM " + - COUNT 1");

    (void)snprintf(last, 64, "%s", "0-0");
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        (void)snprintf(last, 64, "%s", reply->element[0]->element[0]->str);
    freeReplyObject(reply);
}

static unsigned point_of(const redisReply *fields)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, "point") == 0)
            return visible_point(fields->element[i + 1]->str);
    return UINT_MAX; /* an alarm of the daemon itself */
}

static void take_entry(struct round *round, const redisReply *fields, uint64_t now)
{
    const struct visible *visible = round->visible;
    const unsigned point = point_of(fields);

    if (point >= visible->points)
        return;
    const unsigned pass = round->seen[point]++;
    if (!is_hot(visible, point) || pass >= visible->passes)
        return; /* which the count of its point will tell */
    uint64_t sent =
        atomic_load(&round->sent_ns[point / visible->hot_every * visible->passes + pass]);
    round->samples_us[round->count++] = sent == 0 ? 0 : (double)(now - sent) / 1e3;
}

/* False: nothing came within BLOCK_MS. */
static bool read_some(struct round *round)
{
    redisReply *reply =
        redisCommand(round->redis, "XREAD COUNT 100 BLOCK %d STREAMS " VISIBLE_STREAM " %s",
                     BLOCK_MS, round->last);
    const uint64_t now = hz_bench_now_ns();

    if (!reply)
        rig_fail("the consumer lost Redis");
    const bool some = reply->type == REDIS_REPLY_ARRAY;
    if (some) {
        const redisReply *entries = reply->element[0]->element[1];
        for (size_t i = 0; i < entries->elements; i++)
            take_entry(round, entries->element[i]->element[1], now);
        (void)snprintf(round->last, sizeof(round->last), "%s",
                       entries->element[entries->elements - 1]->element[0]->str);
    }
    freeReplyObject(reply);
    return some;
}

/* Until all are there, then once more: what should not be there would come behind. */
static void *consume(void *ctx)
{
    struct round *round = ctx;
    unsigned quiet = 0;

    while (round->count < round->crossings && quiet < QUIET_MAX)
        quiet = read_some(round) ? 0 : quiet + 1;
    (void)read_some(round);
    return NULL;
}

/* --- the sender --- */

static void send_one(const struct visible *visible, struct hz_link *link, unsigned point, bool high,
                     _Atomic uint64_t *sent_ns)
{
    char topic[64], payload[64], value[16];
    struct timespec wall;

    (void)clock_gettime(CLOCK_REALTIME, &wall);
    (void)snprintf(value, sizeof(value), "%u.25", high ? 93 : 20 + point % 60);
    (visible->message ? visible->message : work_json)(
        topic, payload, point, (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000,
        value);
    if (hz_link_publish(link, hz_slice(topic), hz_slice(payload), 0) < 0)
        rig_fail("the sender's buffer is full");
    if (sent_ns)
        atomic_store(sent_ns, hz_bench_now_ns());
    if (hz_link_work(link) < 0)
        rig_fail("the sender lost its connection");
}

/* Hot points are high at every other pass. */
static void send_round(struct round *round, struct hz_link *link)
{
    const struct visible *visible = round->visible;
    uint64_t start = hz_bench_now_ns(), sent = 0;

    for (unsigned pass = 0; pass < visible->passes; pass++) {
        for (unsigned point = 0; point < visible->points; point++, sent++) {
            const bool hot = is_hot(visible, point);
            uint64_t due = start + sent * (1000000000u / visible->rate);
            struct timespec at = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
            (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
            send_one(visible, link, point, hot && pass % 2 == 0,
                     hot ? &round->sent_ns[point / visible->hot_every * visible->passes + pass]
                         : NULL);
        }
    }
}

static struct hz_link *open_link(const struct visible *visible)
{
    struct hz_link *link;

    if (hz_link_open(visible->broker, "sender", 1, &link) < 0)
        rig_fail("the sender has no broker at %s", visible->broker);
    return link;
}

/* --- ready, and a round --- */

static bool came(redisContext *redis, char last[64])
{
    char before[64];

    memcpy(before, last, sizeof(before));
    set_last(redis, last);
    return strcmp(before, last) != 0;
}

/* Low, high, low of a point that is not hot; a program that has missed the first sees the next. */
void visible_wait_ready(const struct visible *visible)
{
    redisContext *redis = open_redis(visible);
    struct hz_link *link = open_link(visible);
    const unsigned point = 1;
    unsigned times = 0;
    char last[64];

    set_last(redis, last);
    do {
        if (times++ == READY_S * 1000 / PROBE_MS)
            rig_fail("it brings no alert to Redis");
        send_one(visible, link, point, times % 2 == 0, NULL);
        (void)nanosleep(&(struct timespec){0, PROBE_MS * 1000000}, NULL);
    } while (!came(redis, last));
    if (times % 2 == 0)
        send_one(visible, link, point, false, NULL);
    do /* and nothing is on its way any more */
        (void)nanosleep(&(struct timespec){0, 2 * PROBE_MS * 1000000}, NULL);
    while (came(redis, last));
    hz_link_close(link);
    redisFree(redis);
}

static void prove(const struct round *round)
{
    const struct visible *visible = round->visible;

    if (round->count != round->crossings)
        rig_fail("%u of %u crossings were seen", round->count, round->crossings);
    for (unsigned point = 0; point < visible->points; point++)
        if (round->seen[point] != (is_hot(visible, point) ? visible->passes : 0))
            rig_fail("point %u: %u alerts, %u crossings", point, round->seen[point],
                     is_hot(visible, point) ? visible->passes : 0);
}

void visible_round(const struct visible *visible, struct visible_result *ret_result)
{
    const unsigned crossings = visible->points / visible->hot_every * visible->passes;
    struct round round = {.visible = visible,
                          .redis = open_redis(visible),
                          .sent_ns = calloc(crossings, sizeof(*round.sent_ns)),
                          .seen = calloc(visible->points, sizeof(*round.seen)),
                          .samples_us = calloc(crossings, sizeof(double)),
                          .crossings = crossings};
    struct hz_link *link = open_link(visible);
    pthread_t consumer;

    set_last(round.redis, round.last);
    if (!round.sent_ns || !round.seen || !round.samples_us ||
        pthread_create(&consumer, NULL, consume, &round) != 0)
        rig_fail("no memory");
    send_round(&round, link);
    (void)pthread_join(consumer, NULL);
    hz_link_close(link);
    prove(&round);
    struct hz_bench samples = hz_bench("visible", "", round.samples_us, crossings);
    samples.count = crossings;
    *ret_result =
        (struct visible_result){hz_bench_quantile(&samples, 0.5), hz_bench_quantile(&samples, 0.99),
                                hz_bench_quantile(&samples, 1), crossings};
    redisFree(round.redis);
    free((void *)round.sent_ns);
    free(round.seen);
    free(round.samples_us);
}
