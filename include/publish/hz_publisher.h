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
#include "hz_histogram.h"
#include "hz_mirror.h"
#include "hz_record.h"
#include "hz_redis.h"

struct hz_publisher;

/* Reads of the alarms log, done elsewhere (no file access on this thread). Each call is answered once
 * by hz_publisher_fetched, from inside the call or later; one at a time. */
struct hz_entry_source {
    /* Entries in order, the first with a number not below `number` (above it when the log has lost the
     * older ones), as many as fit HZ_ENTRY_FETCH_BYTES. None: the log ends before it. */
    void (*fetch)(void *ctx, uint64_t number);
    /* The same from the first entry with a stream id not below `id`. */
    void (*find)(void *ctx, struct hz_stream_id id);
    void *ctx;
};

#define HZ_ENTRY_FETCH_BYTES (256u << 10)

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
    struct hz_mirror *mirror; /* lent; as of `newest`; the publisher applies entries when they are released */
    struct hz_entry_source source;
    struct hz_publisher_events events;
    const char *journal_socket; /* of the system's journal; NULL: journald's own. Must stay. */
};

/* Takes a reference of `set`. */
int hz_publisher_new(const struct hz_publisher_config *config, struct hz_set *set,
                     struct hz_publisher **ret_publisher) HZ_MUST_USE HZ_ON(hz_output);
/* Begins to connect. Before it, everything that the journal holds has been offered and released. */
void hz_publisher_start(struct hz_publisher *publisher) HZ_ON(hz_output);
/* Sends what may be sent within `grace_ns`, then closes and frees: `closed` comes last, also for a
 * publisher that was never started. Nothing may be offered any more. */
void hz_publisher_stop(struct hz_publisher *publisher, int64_t grace_ns, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_output);

/* The set in force changed: texts of states and latest values, and the options of `redis`. Takes a reference.
 * With a `login` (hz_redis.h; lent) another Redis is used from here on: the stream and all beside it are
 * brought there as after any loss, and nothing is done at the former one any more. NULL: that stays. */
void hz_publisher_use(struct hz_publisher *publisher, struct hz_set *set, const struct hz_redis_login *login) HZ_ON(hz_output);

/* Who has put the set into force that is in use now, how, why and when (UTC): told in meta at the next
 * heart-beat. */
void hz_publisher_tell_set(struct hz_publisher *publisher, int64_t ms, const struct hz_command_texts *texts) HZ_ON(hz_output);

/* The next entry; numbers follow each other. Copied. Goes out when released. */
void hz_publisher_offer(struct hz_publisher *publisher, const struct hz_entry *entry) HZ_ON(hz_output);
/* Entries caused by records up to `seq` may go out now. `durable` false: they go although their cause
 * is not on disk (a stalled disk, or durability relaxed). Once per batch of work. */
void hz_publisher_release(struct hz_publisher *publisher, uint64_t seq, bool durable) HZ_ON(hz_output);
/* The answer of the source; `entries` is copied. `error` 0 or why there is none now: asked again later;
 * HZ_ECORRUPT: this place of the log can't be read, it is skipped and counted. */
void hz_publisher_fetched(struct hz_publisher *publisher, const void *entries, size_t length, int error) HZ_ON(hz_output);

/* Latest values and coverage. What a publisher can't send now it drops: the caller asks
 * hz_publisher_wants_news first, before every slice of some hundred, and leaves the news where they
 * coalesce. When there are no more it says so: the next round begins `latest_every` after this one
 * began, so that each point is written once in that time. */
bool hz_publisher_wants_news(const struct hz_publisher *publisher) HZ_ON(hz_output);
void hz_publisher_news_end(struct hz_publisher *publisher) HZ_ON(hz_output);

/* X(NAME, bit, word): what stands in the list `flags` of a latest value. */
#define HZ_LATEST_FLAGS(X)                                                                         \
    X(STALE, 0, "stale")                                                                           \
    X(INVALID, 1, "invalid")                                                                       \
    X(UNOBSERVED, 2, "unobserved")                                                                 \
    X(UNCONFIRMED, 3, "unconfirmed")                                                               \
    X(CLOCK, 4, "clock")                                                                           \
    X(NEVER_SEEN, 5, "never-seen")

enum hz_latest_flag {
#define X(name, bit, word) HZ_LATEST_##name = 1 << bit,
    HZ_LATEST_FLAGS(X)
#undef X
};

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
    int64_t since_ms;                   /* UTC: up or down since then */
    char reason[HZ_REDIS_REASON_BYTES]; /* why it is down, or why Redis takes nothing though it is up; "" = good */
    uint64_t published, refetched, gaps, waiting; /* waiting: offered, not yet acknowledged by Redis */
    uint64_t skipped;                             /* not readable in the alarms log: never published */
    uint64_t latest_sent, latest_dropped, journald_sent, journald_dropped;
    int64_t last_latency_ns;
    uint64_t epoch;
};
/* Once per append: from the moment its last entry was let go until Redis had it (what waited for Redis
 * to come back is not in it); and from the block that caused its first entry, with all waiting: to the
 * millisecond, by the wall clock. Any thread may read them. */
struct hz_publisher_times {
    struct hz_histogram append, alert;
};
const struct hz_publisher_times *hz_publisher_times(const struct hz_publisher *publisher);
void hz_publisher_counts(const struct hz_publisher *publisher, struct hz_publisher_counts *ret_counts) HZ_ON(hz_output);

#endif
