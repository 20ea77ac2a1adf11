/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The engine: a pure state machine over the journal's records. Same records, same
 *         transitions, byte for byte, whatever the blocks they come in. It has no clock (the records'
 *         jt is its only time), does no I/O, takes no lock, allocates nothing after hz_engine_new,
 *         knows no randomness. Semantics: docs/semantics.md, each sentence with its test.
 * WAY     blocks -> here -> transitions; aside: news (latest values, coverage), not journalled
 * THREAD  hz_rule alone (or the start-up replay before the threads run)
 * OWNS    all state, in address space reserved at start; a state slot keeps its place for life
 * FULL    apply is given the free places of the transitions ring and stops inside a record when they
 *         are used up, or when it has done its turn of what stands beside records (a changed set,
 *         timers); called again with the same block it goes on where it stopped
 */
#ifndef HZ_ENGINE_H
#define HZ_ENGINE_H

#include "hz_block.h"
#include "hz_record.h"
#include "hz_role.h"
#include "hz_ruleset.h"
#include "hz_transition.h"

#define HZ_SEMANTICS_VERSION 1u

/* Never more transitions than this between two stops: room below it makes apply stop. */
#define HZ_ENGINE_ROOM_MIN 8u

#define HZ_NEVER INT64_MAX

struct hz_engine;

int hz_engine_new(struct hz_engine **ret_engine) HZ_MUST_USE;
void hz_engine_free(struct hz_engine *engine);

/* Hands in a compiled set before the record that names it is applied; taken. One that was compared
 * with the set in force (hz_ruleset_compare) comes into force without a look at every point. A set
 * that was in force or offered and is replaced comes back by hz_engine_take_retired: the one that
 * was in force as soon as all that has changed is worked off. */
void hz_engine_offer(struct hz_engine *engine, struct hz_ruleset *ruleset);
struct hz_ruleset *hz_engine_take_retired(struct hz_engine *engine); /* NULL = none */
const struct hz_ruleset *hz_engine_ruleset(const struct hz_engine *engine); /* in force; NULL before the first */

/* Applies a block, or goes on with it. Fires the timers that are due up to the block's jt first, in
 * order (due, slot). Writes at most `room` transitions to `places`, *ret_count says how many.
 * Returns true when the block is done; false: call again with the same block, and with more room if
 * less than HZ_ENGINE_ROOM_MIN is left.
 * A `ruleset` record whose set was not offered is an assertion: the caller looks ahead
 * (hz_block_rulesets below). */
bool hz_engine_apply(struct hz_engine *engine, const struct hz_block *block,
                     struct hz_transition *places, size_t room, size_t *ret_count);

/* jt at which the engine next wants a record (a tick if there is no other); HZ_NEVER. May be earlier
 * than any visible effect. While a changed set is being worked off it is the present jt. */
int64_t hz_engine_next_due_ns(const struct hz_engine *engine);

/* Sequence number of the last record applied in full; 0 at first. */
uint64_t hz_engine_seq(const struct hz_engine *engine);
int64_t hz_engine_jt_ns(const struct hz_engine *engine);

/* The newest names that it has given. */
struct hz_engine_mark {
    uint64_t number, n_all;
    struct hz_stream_id id;
    uint32_t episodes;
};
struct hz_engine_mark hz_engine_mark(const struct hz_engine *engine);

/* Counted, since nothing may be dropped unseen. */
struct hz_engine_counts {
    uint64_t records, readings, evaluated, transitions;
    uint64_t late, duplicate, historic, future, clock_marked, unconfirmed, bad_quality, not_in_set;
    uint64_t timers_fired;
    uint64_t ignored; /* control records that mean nothing to this version: an unknown condition or feed */
    uint64_t alarms_active; /* now, not Normal */
};
void hz_engine_counts(const struct hz_engine *engine, struct hz_engine_counts *ret_counts);

/* --- coverage and latest values: for people's eyes, coalesced, newest wins --- */

struct hz_coverage {
    uint32_t total, online, valid, unobserved;
};

enum hz_news_kind { HZ_NEWS_POINT = 1, HZ_NEWS_HAZARD = 2, HZ_NEWS_ENTERPRISE = 3, HZ_NEWS_PARK = 4, HZ_NEWS_WHOLE = 5 };

enum hz_point_flag {
    HZ_POINT_STALE = 1 << 0,
    HZ_POINT_INVALID = 1 << 1,
    HZ_POINT_UNOBSERVED = 1 << 2,
    HZ_POINT_UNCONFIRMED = 1 << 3,
    HZ_POINT_CLOCK = 1 << 4,      /* evaluated at arrival: stamp future, steady wrong clock or backlog */
    HZ_POINT_NEVER_SEEN = 1 << 5,
};

struct hz_news {
    uint8_t what;       /* enum hz_news_kind */
    uint8_t value_kind; /* POINT from here */
    uint8_t quality;
    uint8_t flags;    /* enum hz_point_flag */
    uint8_t severity; /* worst active alarm of the point */
    uint8_t reserved[3];
    uint32_t id; /* point, hazard, enterprise or park */
    uint32_t feed;
    union hz_value value;
    int64_t source_ms;
    int64_t arrival_ns;          /* UTC */
    struct hz_coverage coverage; /* all but POINT */
};

/* Takes up to `room` changes since the last call, a bounded slice of work; 0 = nothing new. */
size_t hz_engine_take_news(struct hz_engine *engine, struct hz_news *to, size_t room);
/* Makes everything news again (a new or emptied Redis). */
void hz_engine_renew(struct hz_engine *engine);

/* --- queries, a bounded slice each --- */

bool hz_engine_point(const struct hz_engine *engine, uint32_t point, struct hz_news *ret_state);
struct hz_coverage hz_engine_coverage(const struct hz_engine *engine, enum hz_news_kind scope, uint32_t id);
/* What the set of `next` would do to the alarms of a point, if it came into force now: for a person who
 * decides about it. By the last good value; new values may come before the swap. Gives how many changes
 * there are, and writes those for which there is room. */
enum hz_preview_change {
    HZ_PREVIEW_NOTHING = 0,
    HZ_PREVIEW_RAISE,
    HZ_PREVIEW_ESCALATE,
    HZ_PREVIEW_DEESCALATE,
    HZ_PREVIEW_CLEAR,
    HZ_PREVIEW_REMOVE, /* its rule, or the point, is not in the next set */
};
struct hz_preview {
    uint32_t point, rule;
    enum hz_side side;
    enum hz_preview_change change;
    enum hz_level level; /* RAISE, ESCALATE, DEESCALATE of a limit: it leads to this one */
    enum hz_severity severity;
    int64_t delay_ns; /* begins with the swap */
    double value, limit; /* NaN = none */
};
size_t hz_engine_preview(struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point,
                         struct hz_preview *to, size_t room);
/* The state of one alarm: NORMAL when there is none. */
struct hz_alarm_view {
    uint64_t alarm;
    enum hz_state state;
    enum hz_level level;
    enum hz_severity severity;
    bool active;
    int64_t raise_ns;
};
struct hz_alarm_view hz_engine_alarm(const struct hz_engine *engine, uint32_t point, uint32_t rule, enum hz_side side);
/* Has it this episode of this condition, in this state, at this level, as active? Any kind of alarm. */
bool hz_engine_holds(const struct hz_engine *engine, const struct hz_record_over *alarm);

/* --- state as bytes --- */

/* Digest over all state that can influence a later transition; equal states give equal digests
 * whatever the way to them. */
struct hz_digest hz_engine_digest(const struct hz_engine *engine);

typedef int (*hz_engine_write)(void *ctx, const void *bytes, size_t length); /* 0 or negative */
typedef int (*hz_engine_read)(void *ctx, void *bytes, size_t length);        /* 0 or negative */

/* Saves between two blocks; load into a fresh engine after the set in force at that place was
 * offered. hz_engine_saved_set reads which one that is from the head of a saved state. */
#define HZ_ENGINE_HEAD_BYTES 128
int hz_engine_save(const struct hz_engine *engine, hz_engine_write write, void *ctx) HZ_MUST_USE;
int hz_engine_load(struct hz_engine *engine, hz_engine_read read, void *ctx) HZ_MUST_USE;
int hz_engine_saved_set(const void *head, struct hz_digest *ret_set) HZ_MUST_USE; /* HZ_ESTATE: none */

/* The digests that a control block's `ruleset` records name, up to `room`; the caller offers them
 * before apply. */
size_t hz_block_rulesets(const struct hz_block *block, struct hz_digest *to, size_t room);

#endif
