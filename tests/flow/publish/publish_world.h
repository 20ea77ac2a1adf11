/* SPDX-License-Identifier: Apache-2.0
 *
 * A publisher with all that stands around it in the daemon: a loop, a mirror, an alarms log (in memory,
 * answering a little later), an endless stream of alarms; and what must be in Redis in the end.
 */
#ifndef PUBLISH_WORLD_H
#define PUBLISH_WORLD_H

#include "hz_publisher.h"
#include "hz_record.h"

#include "publish_case.h"
#include "redis_server.h"

/* The log outlives publishers: what a restart finds on disk. */
struct world_log {
    struct hz_entry **entries; /* number k at k - 1 */
    uint64_t count, capacity;
    uint64_t oldest; /* number of the oldest that can still be read; 1 */
    uint64_t hole_from, hole_to; /* numbers it has lost; 0 = none */
    int error;                   /* what it answers instead of entries; 0 = it answers */
    int fetch_error;             /* the same for entries by number only */
};

struct world {
    struct publish_case c;
    struct world_log log;
    struct redis_server *server;
    struct hz_redis_config redis;
    uint64_t journal[2];
    uint64_t term;

    uv_loop_t loop;
    struct hz_mirror *mirror;
    struct hz_publisher *publisher; /* NULL: none runs */
    uv_timer_t answer;              /* of the log */
    uint64_t asked_number;
    struct hz_stream_id asked_id;
    bool asked_by_id;
    bool closed;

    int64_t observed[HZ_OBSERVED_END]; /* newest value told */
    unsigned told[HZ_OBSERVED_END];    /* how often */
    unsigned renewals;
};

/* Short heart-beats and dead-lines, address of the server. */
void world_init(struct world *w, struct redis_server *server, uint64_t journal);
void world_done(struct world *w);

void world_start(struct world *w);            /* a new publisher, term + 1 */
void world_stop(struct world *w);             /* in order */
void world_make(struct world *w, unsigned n); /* alarms, offered and released */
void world_offer(struct world *w, unsigned n); /* offered only */
void world_release(struct world *w, bool durable);
void world_release_to(struct world *w, uint64_t number, bool durable);
/* Runs the loop (of `others` too) until the condition holds; fails the test at a dead-line. */
bool world_runs_until(struct world *w, struct world *other, bool (*holds)(struct world *w));
#define world_until(w, holds) assert_true(world_runs_until(w, NULL, holds))

/* Conditions. */
bool world_is_up(struct world *w);
bool world_is_down(struct world *w);
bool world_is_lost(struct world *w);    /* REDIS_LOST was told */
bool world_is_found(struct world *w);   /* and told to be over */
bool world_is_fenced(struct world *w);
bool world_is_foreign(struct world *w);
bool world_is_done(struct world *w);     /* everything made is acknowledged */
bool world_is_complete(struct world *w); /* and Redis ends with it: after a loss that we do not know of yet */
void world_spend(struct world *w, unsigned ms); /* runs the loop for a while: never the reason to pass */
struct hz_publisher_counts world_counts(struct world *w);

/* What must be there: the stream from entry `first` on, complete, in order, field by field; the active
 * hash and its tag. */
void world_check(struct world *w, uint64_t first);

#endif
