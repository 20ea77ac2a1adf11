/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine inside. Words:
 *   point      one cache line for each point; a reading in its *quiet band* touches nothing else
 *   note       what is rare about a point or gateway: an alarm, a level that is met, a doubted clock,
 *              an unconfirmed value; notes hang on their owner in the order (rule, kind, sub)
 *   judge      brings levels in line with a value; says nothing
 *   settle     brings alarms in line with levels and flags, and says it: one pass for what ends
 *              (down), one for what begins (up)
 *   place      where apply stands inside a block; whatever may say something can stop there
 *
 * What must stay true: a function that returns false has used up the room, and goes on at the same
 * place when it is called again. Judging is never interrupted. Nothing here is kept between two
 * calls but in struct hz_engine. Heaps, bands, coverage and news follow from the rest and are
 * built again at a load; all else is saved.
 */
#ifndef ENGINE_PRIV_H
#define ENGINE_PRIV_H

#include "hz_clock.h"
#include "hz_engine.h"
#include "ruleset_priv.h"

#include <stdalign.h>

#define ENGINE_POINTS   (HZ_POINTS_MAX + 1u)
#define ENGINE_GATEWAYS (HZ_GATEWAYS_MAX + 1u)
#define ENGINE_FEEDS    65536u       /* all that a block's header can name */
#define ENGINE_NOTES    (64u << 20)  /* 16 for each of HZ_POINTS_MAX; address space until touched */
#define ENGINE_SETS     64u          /* offered or retired at a time */
#define ENGINE_NOBODY   UINT32_MAX

#define ENGINE_LEVELS 6u /* LL, L, H, HH and behind them: */
#define ENGINE_LEVEL_INVALID 5u /* "not good" as a level with an on-delay */

/* --- a point --- */

/* enum hz_point_flag below these. */
enum engine_flag {
    ENGINE_IN_SET = 1 << 6,
    ENGINE_LISTED = 1 << 7,     /* on the work list of a changed set */
    ENGINE_BY_GATEWAY = 1 << 8, /* alive_by: gateway */
    ENGINE_APART = 1 << 9,      /* has a clock note: its value's stamp is not its last stamp, or doubted */
    ENGINE_DIRTY = 1 << 10,     /* news */
};

/* A reading is quick when only the first of these is set. */
#define ENGINE_CALM_MASK                                                                           \
    (ENGINE_IN_SET | ENGINE_LISTED | ENGINE_APART | HZ_POINT_STALE | HZ_POINT_INVALID |            \
     HZ_POINT_UNOBSERVED | HZ_POINT_UNCONFIRMED | HZ_POINT_CLOCK | HZ_POINT_NEVER_SEEN)
#define ENGINE_SAVED_MASK (ENGINE_CALM_MASK | ENGINE_BY_GATEWAY)

struct engine_point {
    alignas(HZ_CACHE_LINE) union hz_value value; /* last reading that was evaluated */
    int64_t source_ms;  /* last stamp; HZ_NO_SOURCE_TIME */
    int64_t life_ns;    /* jt of the last sign of life, or of the first set */
    int64_t arrival_ns; /* UTC of the last reading; 0 */
    double quiet_low, quiet_high; /* a good value strictly between changes no level */
    uint32_t notes;
    uint32_t stale_after_ms; /* of the set in force; 0 = the default of its feed */
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
    ENGINE_NOTE_UNCONFIRMED = 2, /* a retained value that nobody vouched for yet */
    ENGINE_NOTE_GOOD = 3,        /* the last good reading, while the last one is not good */
    ENGINE_NOTE_LEVEL = 4,       /* sub: enum hz_level, or ENGINE_LEVEL_INVALID */
    ENGINE_NOTE_ALARM = 5,       /* sub: enum hz_side */
    ENGINE_NOTE_END
};

enum engine_phase { ENGINE_IDLE = 0 /* no note */, ENGINE_RISING = 1, ENGINE_ACTIVE = 2, ENGINE_FALLING = 3 };

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
    uint32_t arrival; /* number of the present one */
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

struct engine_gateway {
    int64_t life_ns;  /* jt of the last sign; ENGINE_NEVER */
    int64_t since_ns; /* jt of its first set */
    uint32_t notes;
    uint32_t place;   /* in the heap of gateways */
    uint32_t stale, unconfirmed; /* its points that wait for a sign */
    uint16_t silent;  /* its active alarms */
    uint16_t feed;
    uint8_t in_set, listed;
    uint8_t attention; /* a sign changes something: stale, unconfirmed or silent is not 0 */
    uint8_t reserved;
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

/* Points that are looked at together for staleness: four pages of lines. */
#define ENGINE_GROUP  256u
#define ENGINE_GROUPS (ENGINE_POINTS / ENGINE_GROUP + 1)

/* --- where apply stands --- */

enum engine_stage { ENGINE_TIMERS = 0, ENGINE_RECORDS = 1 };
enum engine_fire { ENGINE_NO_FIRE = 0, ENGINE_FIRE_POINT = 1 };

struct engine_place {
    int64_t fire_ns; /* jt of the timer that is firing */
    uint32_t record; /* of the block */
    uint32_t index;  /* transitions of the record so far */
    uint32_t point;  /* own point of the reading; of the timer */
    uint32_t gateway; /* whose sign the record is; 0 = none, or nothing hangs on it */
    uint32_t at;      /* in a list of points, or how many were worked off */
    uint32_t inner;   /* point being settled inside a list; 0 = none */
    uint32_t watch;   /* in a pass */
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
    struct hz_ruleset *offered[ENGINE_SETS], *retired[ENGINE_SETS];
    uint32_t offered_count, retired_count;

    /* state, saved */
    struct engine_point *points;
    struct engine_note *notes;
    struct engine_gateway *gateways;
    struct engine_feed *feeds;
    struct engine_system *systems; /* [what * ENGINE_FEEDS + feed] */
    uint32_t point_end;            /* points with any state are below */
    uint32_t gateway_end, feed_end;
    uint64_t seq;
    int64_t jt_ns;
    int64_t watched_ns; /* jt of the last whole gap's end */
    int64_t set_ns;     /* jt of the last change of the set */
    struct hz_stream_id last_id;
    uint64_t number, all_n; /* transitions in all; in view all */
    uint32_t journal;       /* low 32 bits of its identity */
    uint32_t episodes;
    uint32_t arrivals; /* payloads so far, modulo 2^32 */
    struct engine_place place;
    struct hz_engine_counts counts;

    /* follows from the state */
    uint32_t note_end, note_free;
    struct engine_heap delays, stales, silences, shelves;
    uint32_t *group_places; /* of a group of points, in the heap of stales */
    int64_t lost_due_ns; /* next feed-lost alarm; HZ_NEVER */
    uint64_t *listed;    /* bit per point */
    uint32_t listed_count, listed_at, gateways_listed;
    int64_t wall_ns; /* of the last block */

    /* during apply */
    const struct hz_block *block;
    struct engine_at at;
    struct hz_transition *out;
    size_t room, count;
    struct engine_now now;

    /* news */
    struct hz_coverage whole, *hazards, *enterprises, *parks;
    struct engine_dirty dirty_hazards, dirty_enterprises, dirty_parks, dirty_points;
    bool dirty_whole;
    uint32_t renew_at; /* next point to be made news again; 0 = none */
};

static inline bool rule__room(const struct hz_engine *engine)
{
    return engine->room - engine->count >= HZ_ENGINE_ROOM_MIN;
}

static inline bool rule__feed_gap(const struct hz_engine *engine, uint16_t feed)
{
    return engine->feeds[feed].lost || engine->feeds[feed].unread;
}

/* --- engine_notes.c --- */
struct engine_note *rule__note_find(struct hz_engine *engine, uint32_t chain, uint32_t rule, unsigned kind, unsigned sub);
/* Makes it when it is not there; zeroed but for its name. */
struct engine_note *rule__note_put(struct hz_engine *engine, uint32_t *chain, uint32_t owner, uint32_t rule, unsigned kind, unsigned sub);
void rule__note_drop(struct hz_engine *engine, uint32_t *chain, struct engine_note *note);
/* All notes of a rule at a point, by sub. */
struct engine_found {
    struct engine_note *level[ENGINE_LEVELS];
    struct engine_note *alarm[HZ_SIDE_END];
};
struct engine_found rule__note_of_rule(struct hz_engine *engine, const struct engine_point *point, uint32_t rule);
static inline struct engine_note *rule__note(struct hz_engine *engine, uint32_t index)
{
    return &engine->notes[index];
}

/* --- engine_heap.c --- */
void rule__heap_put(struct hz_engine *engine, struct engine_heap *heap, int64_t due_ns, uint32_t who);
void rule__heap_move(struct hz_engine *engine, struct engine_heap *heap, uint32_t place, int64_t due_ns);
void rule__heap_cut(struct hz_engine *engine, struct engine_heap *heap, uint32_t place);
static inline int64_t rule__heap_due(const struct engine_heap *heap)
{
    return heap->count > 0 ? heap->entries[1].due_ns : HZ_NEVER;
}

/* --- engine_timers.c --- */
bool rule__fire_timers(struct hz_engine *engine, int64_t until_ns);
int64_t rule__timers_due(const struct hz_engine *engine);
void rule__at(struct hz_engine *engine, int64_t jt_ns);

/* --- engine_staleness.c --- */
int64_t rule__last_sign_ns(const struct hz_engine *engine, uint32_t point);
void rule__stale_watch(struct hz_engine *engine, uint32_t point);
void rule__stale_watch_all(struct hz_engine *engine);
/* The next point that is really due up to `until_ns`: ENGINE_NOBODY when there is none. */
uint32_t rule__stale_next(struct hz_engine *engine, int64_t until_ns, int64_t *ret_due_ns);
void rule__stale_take(struct hz_engine *engine, uint32_t point); /* it is STALE from now on */

/* --- engine_limits.c --- */
enum engine_judge {
    ENGINE_BREAKS = 1 << 0, /* what is not met breaks an on-delay */
    ENGINE_CLEARS = 1 << 1, /* what is beyond the deadband clears */
};
/* `from_ns`: jt at which delays start. */
void rule__judge(struct hz_engine *engine, uint32_t point, double value, unsigned how, int64_t from_ns);
void rule__judge_quality(struct hz_engine *engine, uint32_t point, bool good, int64_t from_ns);
void rule__cancel_off_delays(struct hz_engine *engine, uint32_t point);
void rule__cancel_off_delays_of(struct hz_engine *engine, uint16_t feed, bool all);
void rule__level_drop(struct hz_engine *engine, uint32_t point, struct engine_note *note);
/* The delay of a level has run out. */
void rule__level_due(struct hz_engine *engine, struct engine_note *note);
void rule__band(struct hz_engine *engine, uint32_t point);
bool rule__is_met(unsigned level, double limit, double value);
const struct rule__watch *rule__watches(const struct hz_ruleset *ruleset, uint32_t point, uint32_t *ret_count);

/* --- engine_alarms.c --- */
struct engine_subject {
    uint32_t point, rule, gateway;
    uint16_t system, feed;
    uint8_t kind, side;
};
/* What the rule says of the condition as it is now. */
struct engine_condition {
    uint8_t level, severity, mode, domain;
    double limit;
    int64_t since_ns;
};
void rule__raise(struct hz_engine *engine, const struct engine_subject *subject, struct engine_alarm *alarm, const struct engine_condition *condition);
void rule__escalate(struct hz_engine *engine, const struct engine_subject *subject, struct engine_alarm *alarm, const struct engine_condition *condition);
void rule__deescalate(struct hz_engine *engine, const struct engine_subject *subject, struct engine_alarm *alarm, const struct engine_condition *condition);
void rule__clear(struct hz_engine *engine, const struct engine_subject *subject, struct engine_alarm *alarm, double limit);
void rule__remove(struct hz_engine *engine, const struct engine_subject *subject, struct engine_alarm *alarm);
/* What a person (or the end of a shelving) does to it. */
struct engine_act {
    uint8_t event, state; /* the state it leads to */
    uint32_t note;        /* SHELVED: of the alarm */
    int64_t until_ns;     /* SHELVED: UTC */
    const struct hz_command_texts *texts; /* NULL = none */
};
void rule__act(struct hz_engine *engine, const struct engine_subject *subject, struct engine_alarm *alarm, double limit, const struct engine_act *act);
static inline unsigned rule__rank(unsigned level) /* how far out: LL and HH 2, L and H 1 */
{
    return level == HZ_LEVEL_LL || level == HZ_LEVEL_HH ? 2 : level == HZ_LEVEL_NONE ? 0 : 1;
}

/* --- engine_settle.c --- */
bool rule__pass(struct hz_engine *engine, uint32_t point, bool up);
bool rule__settle(struct hz_engine *engine, uint32_t point);
/* The limit by which a level is judged now; NaN. */
double rule__limit_of(const struct hz_engine *engine, uint32_t point, uint32_t rule, unsigned level);
void rule__alarm_note_drop(struct hz_engine *engine, uint32_t *chain, struct engine_note *note);

/* --- engine_stamp.c --- */
enum engine_stamp { ENGINE_TIMELY, ENGINE_AHEAD, ENGINE_BEHIND, ENGINE_LATE, ENGINE_DUPLICATE };
/* What a live reading's stamp says; counts doubtful arrivals. */
enum engine_stamp rule__stamp(struct hz_engine *engine, uint32_t point, const struct hz_reading *reading, unsigned quality);
/* The reading is evaluated: its stamp becomes the value's and, unless it is ahead, the last one. */
void rule__stamp_take(struct hz_engine *engine, uint32_t point, int64_t source_ms, enum engine_stamp stamp);
void rule__stamp_restart(struct hz_engine *engine, uint32_t point); /* counts of doubtful arrivals */
/* The value's own stamp, to be shown. */
int64_t rule__shown_ms(const struct hz_engine *engine, uint32_t point);
void rule__clock_forget(struct hz_engine *engine, uint32_t point);
void rule__clock_move(struct hz_engine *engine, uint32_t point, uint16_t feed); /* it belongs to the feed now */
/* The alarm of a feed as the number of its wrong clocks wants it. */
bool rule__clock_settle(struct hz_engine *engine, uint16_t feed, bool up);

/* --- engine_retained.c --- */
bool rule__retained_live(struct hz_engine *engine, uint32_t point, const struct hz_reading *reading);
void rule__retained_take(struct hz_engine *engine, uint32_t point, const struct hz_reading *reading);
void rule__retained_forget(struct hz_engine *engine, uint32_t point);
void rule__retained_confirm(struct hz_engine *engine, uint32_t point);

/* --- engine_readings.c --- */
bool rule__apply_readings(struct hz_engine *engine);
/* Evaluates a reading that counts; `quality` with what is no number as bad. */
void rule__live(struct hz_engine *engine, uint32_t point, const struct engine_reading_note *reading, enum engine_stamp stamp);
void rule__alive(struct hz_engine *engine, uint32_t point); /* ends STALE */
unsigned rule__quality(const struct hz_reading *reading);
static inline double rule__number(unsigned kind, union hz_value value)
{
    return kind == HZ_VALUE_I64 ? (double)value.i64 : value.f64;
}

/* --- engine_gateways.c --- */
/* A sign of life: true when something hangs on it, which is worked off by the passes. */
bool rule__gateway_sign(struct hz_engine *engine, uint32_t gateway, uint16_t feed);
bool rule__gateway_pass(struct hz_engine *engine, uint32_t gateway, bool up);
bool rule__gateway_fire(struct hz_engine *engine, uint32_t gateway);
void rule__gateway_watch(struct hz_engine *engine, uint32_t gateway);
void rule__gateway_look(struct hz_engine *engine, uint32_t gateway); /* attention */
void rule__gateway_count(struct hz_engine *engine, uint32_t gateway, int stale, int unconfirmed);
bool rule__gateway_work_off(struct hz_engine *engine, uint32_t gateway);

/* --- engine_feeds.c --- */
const struct engine_feed *rule__feed(struct hz_engine *engine, uint16_t feed); /* with its settings */
void rule__feeds_unknown(struct hz_engine *engine); /* another set */
void rule__apply_feed(struct hz_engine *engine, const struct hz_record_feed *record);
void rule__apply_gap(struct hz_engine *engine, const struct hz_record_gap *record);
void rule__feed_unread(struct hz_engine *engine, uint16_t feed, bool unread);
void rule__feed_due(struct hz_engine *engine); /* finds the next feed-lost alarm's time */
void rule__feed_touch(struct hz_engine *engine, uint16_t feed); /* it has state from now on */
void rule__feed_fire(struct hz_engine *engine); /* the alarm of the feed that is due */

/* --- engine_system.c --- */
struct engine_system *rule__system(struct hz_engine *engine, unsigned what, uint16_t feed);
void rule__system_raise(struct hz_engine *engine, unsigned what, uint16_t feed, int64_t seen);
void rule__system_clear(struct hz_engine *engine, unsigned what, uint16_t feed);
void rule__apply_observe(struct hz_engine *engine, const struct hz_record_observe *record);

/* --- engine_commands.c --- */
void rule__apply_command(struct hz_engine *engine, const struct hz_record_command *record);
bool rule__unshelve_due(struct hz_engine *engine);

/* --- engine_switch.c --- */
void rule__switch(struct hz_engine *engine, struct hz_ruleset *next);
void rule__rebuild(struct hz_engine *engine); /* all that follows from state and set */
/* Works off up to `most` of the list, less what place.at says was done. */
bool rule__work_list(struct hz_engine *engine, uint32_t most);
bool rule__work_off(struct hz_engine *engine, uint32_t point);

/* --- engine_control.c --- */
bool rule__apply_control(struct hz_engine *engine); /* one record */

/* --- engine_coverage.c --- */
/* Changes flags of a point, and what is counted of it. */
void rule__flag(struct hz_engine *engine, uint32_t point, unsigned set, unsigned clear);
void rule__coverage_all(struct hz_engine *engine);

/* --- engine_news.c --- */
static inline void rule__dirty_mark(struct engine_dirty *dirty, uint32_t id)
{
    uint64_t bit = UINT64_C(1) << id % 64, *word = &dirty->bits[id / 64];

    dirty->count += (*word & bit) == 0;
    *word |= bit;
}

#define ENGINE_NEWS_GROUP 8u /* points to a bit: the bits of a million stay in the first cache */

/* The flag in the point's line says so, so that most look no further. */
static inline void rule__news(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    if (of->flags & ENGINE_DIRTY)
        return;
    of->flags |= ENGINE_DIRTY;
    rule__dirty_mark(&engine->dirty_points, point / ENGINE_NEWS_GROUP);
}

/* --- engine.c --- */
struct hz_ruleset *rule__take_offered(struct hz_engine *engine, const struct hz_digest *digest);
void rule__retire(struct hz_engine *engine, struct hz_ruleset *ruleset);

#endif
