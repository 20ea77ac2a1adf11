/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Brings entries to Redis, each once and in order, whatever Redis goes through: absent, slow,
 *         emptied, rolled back, another primary, another journal's stream. Every append is one script
 *         call that demands the preceding entry's id (design.md section 6; docs/redis.md). Beside the
 *         stream: active hash, latest values and states, coverage, meta, heart-beat.
 * WAY     output -> here ~~> Redis; journald for red and system alarms
 * THREAD  hz_output alone
 * OWNS    a bounded tail of the newest entries; older ones are fetched from the alarms log
 * FULL    the tail drops its oldest (the alarms log has them); latest values: newest wins
 */
#ifndef HZ_PUBLISHER_H
#define HZ_PUBLISHER_H

#include "hz_entry.h"
#include "hz_mirror.h"
#include "hz_redis.h"

struct hz_publisher;

/* Reads of the alarms log, done elsewhere (no file access on this thread). Each call is answered once
 * by hz_publisher_fetched; one at a time. */
struct hz_entry_source {
    /* Entries with numbers from `number` on, as many as fit 256 KiB. */
    void (*fetch)(void *ctx, uint64_t number);
    /* The entry with this stream id in any view; answered with it and those after it; or none. */
    void (*find)(void *ctx, struct hz_stream_id id);
    void *ctx;
};

struct hz_publisher_events {
    /* System conditions to be journalled (enum hz_observed; 0 = over). */
    void (*observe)(void *ctx, uint32_t what, int64_t value);
    /* A Redis was found empty or new: latest values should be news again. */
    void (*renew)(void *ctx);
    void *ctx;
};

struct hz_publisher_config {
    uv_loop_t *loop;
    const struct hz_clock *clock;
    const struct hz_redis_config *redis; /* copied; enabled may be false: entries go to journald only */
    uint64_t journal[2];
    uint64_t term;
    uint64_t newest;          /* number of the newest entry in the alarms log at start; 0 = none */
    struct hz_mirror *mirror; /* lent; as of `newest`; the publisher applies offered entries to it */
    struct hz_entry_source source;
    struct hz_publisher_events events;
};

int hz_publisher_new(const struct hz_publisher_config *config, struct hz_set *set,
                     struct hz_publisher **ret_publisher) HZ_MUST_USE HZ_ON(hz_output);
void hz_publisher_start(struct hz_publisher *publisher) HZ_ON(hz_output);
/* Sends what may be sent within `grace_ns`, then closes. */
void hz_publisher_stop(struct hz_publisher *publisher, int64_t grace_ns, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_output);

/* The set in force changed (texts of states and latest values). Takes a reference. */
void hz_publisher_use(struct hz_publisher *publisher, struct hz_set *set) HZ_ON(hz_output);

/* The next entry; numbers follow each other. Copied. Goes out when released. */
void hz_publisher_offer(struct hz_publisher *publisher, const struct hz_entry *entry) HZ_ON(hz_output);
/* Entries caused by records up to `seq` may go out now. `durable` false: they go although their cause
 * is not on disk (a stalled disk, or durability relaxed). Once per batch of work. */
void hz_publisher_release(struct hz_publisher *publisher, uint64_t seq, bool durable) HZ_ON(hz_output);
void hz_publisher_fetched(struct hz_publisher *publisher, const void *entries, size_t length, int error) HZ_ON(hz_output);

/* Latest values and coverage. What a publisher can't send now it drops: the caller asks
 * hz_publisher_wants_news first and leaves the news where they coalesce. */
bool hz_publisher_wants_news(const struct hz_publisher *publisher) HZ_ON(hz_output);

/* The publisher is blind to the engine: the caller translates its news. */
struct hz_latest {
    uint32_t point;
    uint8_t value_kind, quality, flags, severity;
    union hz_value value;
    int64_t source_ms, arrival_ns;
};
struct hz_share {
    uint8_t scope; /* enum hz_named_kind: HAZARD, ENTERPRISE, PARK; 0 = whole */
    uint32_t id;
    uint32_t total, online, valid, unobserved;
};
void hz_publisher_latest(struct hz_publisher *publisher, const struct hz_latest *latest, uint32_t count) HZ_ON(hz_output);
void hz_publisher_shares(struct hz_publisher *publisher, const struct hz_share *shares, uint32_t count) HZ_ON(hz_output);

struct hz_publisher_counts {
    bool up, fenced, foreign;
    uint64_t published, refetched, gaps, waiting; /* waiting: offered, not yet acknowledged by Redis */
    uint64_t latest_sent, journald_sent;
    int64_t last_latency_ns;
    uint64_t epoch;
};
void hz_publisher_counts(const struct hz_publisher *publisher, struct hz_publisher_counts *ret_counts) HZ_ON(hz_output);

#endif
