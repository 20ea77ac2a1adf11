/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's state. What must stay true: it lies flat and is addressed by id; a point is one
 * cache line, what is rare about it hangs on that line as notes; heaps, bands, coverage and news
 * follow from the rest and are built again at a load; all else is saved (engine_saved.h).
 */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "hz_clock.h"
#include "hz_engine.h"
#include "ruleset_priv.h"

#include <stdalign.h>

#define ENGINE_POINTS   (HZ_POINTS_MAX + 1u)
#define ENGINE_GATEWAYS (HZ_GATEWAYS_MAX + 1u)
#define ENGINE_FEEDS    65536u      /* all that a block's header can name */
#define ENGINE_NOTES    (64u << 20) /* 16 for each of HZ_POINTS_MAX; address space until touched */
#define ENGINE_SETS     64u         /* offered or retired at a time */
#define ENGINE_NOBODY   UINT32_MAX

#define ENGINE_LEVELS        6u /* LL, L, H, HH and behind them: */
#define ENGINE_LEVEL_INVALID 5u /* "not good" as a level with an on-delay */

/* --- a point --- */

/* enum hz_point_flag below these. */
enum engine_flag {
    ENGINE_IN_SET = 1 << 6,
    ENGINE_LISTED = 1 << 7,     /* saved: on the work list; a line never bears it */
    ENGINE_BY_GATEWAY = 1 << 8, /* alive_by: gateway */
    ENGINE_APART =
        1 << 9, /* has a clock note: its value's stamp is not its last stamp, or doubted */
    ENGINE_DIRTY = 1 << 10, /* news */
};

/* A reading is quick when only the first of these is set. */
#define ENGINE_CALM_MASK                                                                           \
    (ENGINE_IN_SET | ENGINE_APART | HZ_POINT_STALE | HZ_POINT_INVALID |            \
     HZ_POINT_UNOBSERVED | HZ_POINT_UNCONFIRMED | HZ_POINT_CLOCK | HZ_POINT_NEVER_SEEN)
#define ENGINE_SAVED_MASK (ENGINE_CALM_MASK | ENGINE_BY_GATEWAY | ENGINE_LISTED)

struct engine_point {
    alignas(HZ_CACHE_LINE) union hz_value value; /* last reading that was evaluated */
    int64_t source_ms;                           /* last stamp; HZ_NO_SOURCE_TIME */
    int64_t life_ns;              /* jt of the last sign of life, or of the first set */
    int64_t arrival_ns;           /* UTC of the last reading; 0 */
    double quiet_low, quiet_high; /* a good value strictly between changes no level */
    uint32_t notes;
    uint32_t enterprise; /* the views of its alarms follow from it, also of those that outlive its row */
    uint16_t feed;
    uint16_t gateway;
    uint8_t kind;
    uint8_t quality;
    uint16_t flags;
};

_Static_assert(sizeof(struct engine_point) == HZ_CACHE_LINE, "one line a point");

/* --- notes --- */

enum engine_note_kind { /* in chain order within a rule; the first three have rule 0 */
                        ENGINE_NOTE_CLOCK = 1,
                        ENGINE_NOTE_UNCONFIRMED =
                            2, /* a retained value that nobody vouched for yet */
                        ENGINE_NOTE_GOOD =
                            3, /* the last good reading, while the last one is not good */
                        ENGINE_NOTE_LEVEL = 4, /* sub: enum hz_level, or ENGINE_LEVEL_INVALID */
                        ENGINE_NOTE_ALARM = 5, /* sub: enum hz_side */
                        ENGINE_NOTE_END
};

enum engine_phase {
    ENGINE_IDLE = 0 /* no note */,
    ENGINE_RISING = 1,
    ENGINE_ACTIVE = 2,
    ENGINE_FALLING = 3
};

struct engine_level_note {
    int64_t due_ns;   /* RISING, FALLING */
    int64_t since_ns; /* jt from which the level was met */
    uint32_t place;   /* in the heap of delays */
    uint32_t reserved;
};

struct engine_alarm {
    uint64_t episode;
    int64_t raise_ns; /* UTC */
    int64_t since_ns; /* jt from which the condition holds; once it is over: how long it held */
    int64_t until_ns; /* SHELVED: UTC */
    uint32_t place;   /* in the heap of shelves */
    uint8_t state, level, severity, mode;
    uint8_t domain, active;
    uint8_t covers; /* SHELVED: highest level that is covered */
    uint8_t reserved;
};

struct engine_reading_note {
    union hz_value value;
    int64_t source_ms, arrival_ns;
    uint8_t kind, quality;
    uint8_t reserved[6];
};

/* Arrivals with an odd stamp (late, or beyond skew): the last one counted and the present one, each
 * with its newest stamp's offset, arrival less stamp. */
struct engine_clock_note {
    int64_t shown_ms; /* stamp of the value */
    int64_t base_jt_ns, base_offset_ms;
    int64_t jt_ns, offset_ms;
    uint32_t arrival;                         /* number of the present one */
    uint8_t base_late, base_skew, late, skew; /* successive arrivals so far */
};

struct engine_note {
    uint32_t next;
    uint32_t owner; /* point; gateway for a gateway's alarm */
    uint32_t rule;
    uint8_t kind, sub;
    uint8_t phase; /* LEVEL: enum engine_phase */
    uint8_t flags; /* enum engine_note_flag */
    union {
        struct engine_level_note level;
        struct engine_alarm alarm;
        struct engine_reading_note reading;
        struct engine_clock_note clock;
    };
};

enum engine_note_flag {
    ENGINE_NOTE_CHANGED = 1 << 0, /* LEVEL: the set changed what it means; until worked off */
    ENGINE_NOTE_WRONG = 1 << 1,   /* CLOCK: a wrong clock, counted at its feed */
    ENGINE_NOTE_ODD = 1 << 2,     /* CLOCK: the counts of arrivals are in use */
};

_Static_assert(sizeof(struct engine_note) == HZ_CACHE_LINE, "one line a note");

/* --- gateways, feeds, system alarms --- */

/* What nearly every reading touches of its gateway. */
struct engine_sign {
    int64_t life_ns; /* jt of the last sign; ENGINE_NEVER */
    uint16_t feed;
    uint16_t attention; /* a sign changes something: stale, unconfirmed or silent is not 0 */
    uint32_t reserved;
};

_Static_assert(sizeof(struct engine_sign) == 16, "a thousand gateways in the first cache");

struct engine_gateway {
    int64_t since_ns; /* jt of its first set */
    uint32_t notes;
    uint32_t place;              /* in the heap of gateways */
    uint32_t stale, unconfirmed; /* its points that wait for a sign */
    uint16_t silent;             /* its active alarms */
    uint8_t in_set, listed;
    uint32_t enterprise; /* as of a point */
};

#define ENGINE_NEVER INT64_MIN

struct engine_feed {
    /* state */
    int64_t lost_ns;      /* jt of the loss */
    int64_t connected_ns; /* jt of the last connection */
    int64_t watched_ns;   /* jt from which its points' dead-lines count anew */
    uint8_t lost, unread; /* its gap is open */
    /* follows from the set and from notes */
    uint8_t known; /* settings below are those of the set in force */
    uint8_t reserved;
    uint32_t wrong; /* points with a wrong clock */
    int64_t stale_after_ns, skew_ms, lost_after_ns;
};

/* Where a view stands besides `all`; a view that was left keeps it. */
struct engine_view {
    uint64_t n;             /* of its last transition */
    struct hz_stream_id id; /* of that */
};

struct engine_system {
    struct engine_alarm alarm;
    int64_t seen; /* the value observed */
};

/* --- timers --- */

struct engine_entry {
    int64_t due_ns;
    uint32_t who;
    uint32_t reserved;
};

enum engine_heap_kind { ENGINE_DELAYS, ENGINE_STALES, ENGINE_SILENCES, ENGINE_SHELVES };

struct engine_heap {
    struct engine_entry *entries; /* [0] unused */
    uint32_t count, capacity;
    enum engine_heap_kind kind;
};

/* Points that are looked at together for staleness: a row is a page of lines. */
#define ENGINE_ROW        64u
#define ENGINE_GROUP_ROWS 16u
#define ENGINE_GROUPS     (ENGINE_POINTS / (ENGINE_ROW * ENGINE_GROUP_ROWS) + 1)

struct engine_row {
    int64_t due_ns;    /* none of its points is due before; HZ_NEVER: none is watched */
    int64_t walked_ns; /* jt when that was found */
};

/* --- where apply stands --- */

enum engine_stage { ENGINE_TIMERS = 0, ENGINE_RECORDS = 1 };
enum engine_fire { ENGINE_NO_FIRE = 0, ENGINE_FIRE_POINT = 1 };

struct engine_place {
    int64_t fire_ns;   /* jt of the timer that is firing */
    uint32_t record;   /* of the block */
    uint32_t index;    /* transitions of the record so far */
    uint32_t point;    /* own point of the reading; of the timer */
    uint32_t gateway;  /* whose sign the record is; 0 = none, or nothing hangs on it */
    uint32_t at;       /* in a list (of points, of owners of alarms), or how many were worked off */
    uint32_t inner;    /* point being settled inside a list; 0 = none */
    uint32_t watch;    /* in a pass; alarms of an owner that were said again */
    uint16_t old_feed; /* feed that the point belonged to before this reading */
    uint8_t begun, stage, fire, step, settling, listing;
    uint8_t reserved[4];
};

/* Where that is in memory, for control records. */
struct engine_at {
    const struct hz_record *record; /* NULL: not looked for in this call */
    uint32_t index;
};

/* The time of what is said now. */
struct engine_now {
    int64_t jt_ns, utc_ns;
};

/* What is news: a bit for each id. */
struct engine_dirty {
    uint64_t *bits;
    uint32_t count;
    uint32_t end; /* ids are below */
    uint32_t at;  /* word where the last was found */
};

struct hz_engine {
    /* sets */
    struct hz_ruleset *ruleset; /* in force */
    struct hz_ruleset *former;  /* the one before, while points are listed that were not marked */
    struct hz_ruleset *offered[ENGINE_SETS], *retired[ENGINE_SETS];
    uint32_t offered_count, retired_count;

    /* state, saved */
    struct engine_point *points;
    struct engine_note *notes;
    struct engine_gateway *gateways;
    struct engine_sign *signs; /* by gateway */
    struct engine_feed *feeds;
    struct engine_system *systems; /* [what * ENGINE_FEEDS + feed] */
    uint32_t point_end;            /* points with any state are below */
    uint32_t gateway_end, feed_end;
    uint64_t seq;
    int64_t jt_ns;
    int64_t wall_ns;    /* of the last block */
    int64_t watched_ns; /* jt of the last whole gap's end */
    int64_t set_ns;     /* jt of the last change of the set */
    struct hz_stream_id last_id;
    uint64_t number, all_n; /* transitions in all; in view all */
    struct engine_view views[HZ_VIEW_ID_END]; /* by id; not of `all`, which the two above stand for */
    uint32_t journal;       /* low 32 bits of its identity */
    uint32_t episodes;
    uint32_t arrivals; /* payloads so far, modulo 2^32 */
    struct engine_place place;
    struct hz_engine_counts counts;

    /* follows from the state */
    uint32_t note_end, note_free;
    struct engine_heap delays, stales, silences, shelves;
    uint32_t *group_places; /* of a group of points, in the heap of stales */
    struct engine_row *rows;
    int64_t lost_due_ns; /* next feed-lost alarm; HZ_NEVER */
    uint64_t *listed;    /* bit per point; saved with it */
    uint32_t listed_count, listed_at, gateways_listed, gateways_listed_at;

    /* during apply */
    const struct hz_block *block;
    struct engine_at at;
    struct hz_transition *out;
    size_t room, count;
    uint32_t turn, turn_most; /* what this call, and each, may do besides records; ENGINE_TURN */
    struct engine_now now;

    /* news */
    struct hz_coverage whole, *hazards, *enterprises, *parks;
    struct engine_dirty dirty_hazards, dirty_enterprises, dirty_parks, dirty_points;
    bool dirty_whole;
    uint32_t renew_at; /* next point to be made news again; 0 = none */
};

#endif
