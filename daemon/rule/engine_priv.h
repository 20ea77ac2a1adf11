/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine inside. Words:
 *   point      one cache line for each point; a reading in its *quiet band* touches nothing else
 *   note       what is rare about a point or gateway: an alarm, a level that is met, a doubted
 *              clock, an unconfirmed value; they hang on their owner in the order (rule, kind, sub)
 *   judge      brings levels in line with a value; says nothing
 *   settle     brings alarms in line with levels and flags, and says it: one pass for what ends
 *              (down), one for what begins (up)
 *   place      where apply stands inside a block; whatever may say something can stop there
 *
 * What must stay true: a function that returns false has used up the room or the call's turn, and goes
 * on at the same place when it is called again. Judging is never interrupted. Nothing here is kept between two
 * calls but in struct hz_engine.
 */
#ifndef ENGINE_PRIV_H
#define ENGINE_PRIV_H

#include "engine_state.h"

static inline bool rule__room(const struct hz_engine *engine)
{
    return engine->room - engine->count >= HZ_ENGINE_ROOM_MIN;
}

/* What one call of apply does besides records: readings come again after that, and whoever calls. A
 * point worked off is one, some 0.1 to 0.5 us. */
#define ENGINE_TURN 512u

/* False: the call's turn is over; nothing is lost by asking again in the next one. */
static inline bool rule__turn(struct hz_engine *engine, uint32_t work)
{
    if (engine->turn == 0)
        return false;
    engine->turn -= work < engine->turn ? work : engine->turn;
    return true;
}

static inline bool rule__feed_gap(const struct hz_engine *engine, uint16_t feed)
{
    return engine->feeds[feed].lost || engine->feeds[feed].unread;
}

/* --- engine_notes.c --- */
struct engine_note *rule__note_find(struct hz_engine *engine, uint32_t chain, uint32_t rule,
                                    unsigned kind, unsigned sub);
/* Makes it when it is not there; zeroed but for its name. */
struct engine_note *rule__note_put(struct hz_engine *engine, uint32_t *chain, uint32_t owner,
                                   uint32_t rule, unsigned kind, unsigned sub);
void rule__note_drop(struct hz_engine *engine, uint32_t *chain, struct engine_note *note);
/* All notes of a rule at a point, by sub. */
struct engine_found {
    struct engine_note *level[ENGINE_LEVELS];
    struct engine_note *alarm[HZ_SIDE_END];
};
struct engine_found rule__note_of_rule(struct hz_engine *engine, const struct engine_point *point,
                                       uint32_t rule);
static inline struct engine_note *rule__note(struct hz_engine *engine, uint32_t index)
{
    return &engine->notes[index];
}

/* --- engine_heap.c --- */
void rule__heap_put(struct hz_engine *engine, struct engine_heap *heap, int64_t due_ns,
                    uint32_t who);
void rule__heap_move(struct hz_engine *engine, struct engine_heap *heap, uint32_t place,
                     int64_t due_ns);
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
/* Not STALE, but would be if the next set, in which the point is, came into force now. */
bool rule__is_silent(const struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point);
void rule__stale_watch(struct hz_engine *engine, uint32_t point);
void rule__stale_watch_all(struct hz_engine *engine);
/* Any point of these rows (a bit each) may be due from now on. */
void rule__stale_look(struct hz_engine *engine, const uint64_t *rows, uint32_t words);
/* The next point that is really due up to `until_ns`: ENGINE_NOBODY when there is none, or when the
 * call's turn is over and the heap still holds one that may be. */
uint32_t rule__stale_next(struct hz_engine *engine, int64_t until_ns, int64_t *ret_due_ns);
void rule__stale_take(struct hz_engine *engine, uint32_t point); /* it is STALE from now on */

/* --- engine_limits.c --- */
enum engine_judge {
    ENGINE_BREAKS = 1 << 0, /* what is not met breaks an on-delay */
    ENGINE_CLEARS = 1 << 1, /* what is beyond the deadband clears */
};
/* `from_ns`: jt at which delays start. */
void rule__judge(struct hz_engine *engine, uint32_t point, double value, unsigned how,
                 int64_t from_ns);
void rule__judge_quality(struct hz_engine *engine, uint32_t point, bool good, int64_t from_ns);
void rule__cancel_off_delays(struct hz_engine *engine, uint32_t point);
void rule__cancel_off_delays_of(struct hz_engine *engine, uint16_t feed, bool all);
void rule__level_drop(struct hz_engine *engine, uint32_t point, struct engine_note *note);
/* The delay of a level has run out. */
void rule__level_due(struct hz_engine *engine, struct engine_note *note);
void rule__band(struct hz_engine *engine, uint32_t point);
bool rule__is_met(unsigned level, double limit, double value);
bool rule__is_cleared(unsigned level, double limit, double deadband, double value);
const struct rule__watch *rule__watches(const struct hz_ruleset *ruleset, uint32_t point,
                                        uint32_t *ret_count);

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
void rule__raise(struct hz_engine *engine, const struct engine_subject *subject,
                 struct engine_alarm *alarm, const struct engine_condition *condition);
void rule__escalate(struct hz_engine *engine, const struct engine_subject *subject,
                    struct engine_alarm *alarm, const struct engine_condition *condition);
void rule__deescalate(struct hz_engine *engine, const struct engine_subject *subject,
                      struct engine_alarm *alarm, const struct engine_condition *condition);
void rule__clear(struct hz_engine *engine, const struct engine_subject *subject,
                 struct engine_alarm *alarm, double limit);
void rule__remove(struct hz_engine *engine, const struct engine_subject *subject,
                  struct engine_alarm *alarm);
/* What a person (or the end of a shelving) does to it. */
struct engine_act {
    uint8_t event, state;                 /* the state it leads to */
    uint32_t note;                        /* SHELVED: of the alarm */
    int64_t until_ns;                     /* SHELVED: UTC */
    const struct hz_command_texts *texts; /* NULL = none */
};
void rule__act(struct hz_engine *engine, const struct engine_subject *subject,
               struct engine_alarm *alarm, double limit, const struct engine_act *act);
/* Says an alarm again as it is. */
void rule__say_again(struct hz_engine *engine, const struct engine_subject *subject,
                     const struct engine_alarm *alarm, double limit, unsigned prev);
static inline unsigned rule__rank(unsigned level) /* how far out: LL and HH 2, L and H 1 */
{
    return level == HZ_LEVEL_LL || level == HZ_LEVEL_HH ? 2 : level == HZ_LEVEL_NONE ? 0 : 1;
}

/* --- engine_settle.c --- */
bool rule__pass(struct hz_engine *engine, uint32_t point, bool up);
bool rule__settle(struct hz_engine *engine, uint32_t point);
/* The limit by which a level is judged now; NaN. */
double rule__limit_of(const struct hz_engine *engine, uint32_t point, uint32_t rule,
                      unsigned level);
void rule__alarm_note_drop(struct hz_engine *engine, uint32_t *chain, struct engine_note *note);

/* --- engine_stamp.c --- */
enum engine_stamp { ENGINE_TIMELY, ENGINE_AHEAD, ENGINE_BEHIND, ENGINE_LATE, ENGINE_DUPLICATE };
/* What a live reading's stamp says; counts doubtful arrivals. */
enum engine_stamp rule__stamp(struct hz_engine *engine, uint32_t point,
                              const struct hz_reading *reading, unsigned quality);
/* The reading is evaluated: its stamp becomes the value's and, unless it is ahead, the last one. */
void rule__stamp_take(struct hz_engine *engine, uint32_t point, int64_t source_ms,
                      enum engine_stamp stamp);
void rule__stamp_restart(struct hz_engine *engine,
                         uint32_t point); /* counts of doubtful arrivals */
/* The value's own stamp, to be shown. */
int64_t rule__shown_ms(const struct hz_engine *engine, uint32_t point);
void rule__clock_forget(struct hz_engine *engine, uint32_t point);
void rule__clock_move(struct hz_engine *engine, uint32_t point,
                      uint16_t feed); /* it belongs to the feed now */
/* The alarm of a feed as the number of its wrong clocks wants it. */
bool rule__clock_settle(struct hz_engine *engine, uint16_t feed, bool up);

/* --- engine_retained.c --- */
bool rule__retained_live(struct hz_engine *engine, uint32_t point,
                         const struct hz_reading *reading);
void rule__retained_take(struct hz_engine *engine, uint32_t point,
                         const struct hz_reading *reading);
void rule__retained_forget(struct hz_engine *engine, uint32_t point);
void rule__retained_confirm(struct hz_engine *engine, uint32_t point);

/* --- engine_readings.c --- */
bool rule__apply_readings(struct hz_engine *engine);
/* Evaluates a reading that counts; `quality` with what is no number as bad. */
void rule__live(struct hz_engine *engine, uint32_t point, const struct engine_reading_note *reading,
                enum engine_stamp stamp);
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
void rule__gateway_wipe(struct hz_engine *engine, uint32_t gateway);
void rule__gateway_watch(struct hz_engine *engine, uint32_t gateway);
void rule__gateway_look(struct hz_engine *engine, uint32_t gateway); /* attention */
void rule__gateway_count(struct hz_engine *engine, uint32_t gateway, int stale, int unconfirmed);
bool rule__gateway_work_off(struct hz_engine *engine, uint32_t gateway);

/* --- engine_feeds.c --- */
int64_t rule__feed_stale_after_ns(const struct hz_ruleset *ruleset, uint16_t feed);
const struct engine_feed *rule__feed(struct hz_engine *engine,
                                     uint16_t feed); /* with its settings */
void rule__feeds_unknown(struct hz_engine *engine);  /* another set */
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
bool rule__switch(struct hz_engine *engine, const struct hz_digest *set);
void rule__wipe(struct engine_point *of); /* nothing is known of the point any more */
/* Whether it is observed, by the gaps of its feed; counts nothing. */
void rule__observe(struct hz_engine *engine, struct engine_point *of);

/* --- engine_rebuild.c --- */
void rule__rebuild(struct hz_engine *engine); /* all that follows from state and set */

/* --- engine_worklist.c --- */
static inline bool rule__is_listed(const struct hz_engine *engine, uint32_t point)
{
    return engine->listed[point / 64] >> point % 64 & 1;
}
void rule__list_point(struct hz_engine *engine, uint32_t point);
void rule__list_points(struct hz_engine *engine, const uint64_t *bits, uint32_t words);
void rule__list_gateway(struct hz_engine *engine, uint32_t gateway);
/* Does the level of a listed point go on under other numbers than those of the set before? */
bool rule__level_changed(const struct hz_engine *engine, const struct engine_note *note);
void rule__mark(struct hz_engine *engine, uint32_t point); /* its levels of which that is true */
bool rule__mark_listed(struct hz_engine *engine);          /* the set before may then go */
/* Works off up to `most` of the list, less what place.at says was done. */
bool rule__work_list(struct hz_engine *engine, uint32_t most);
bool rule__work_off(struct hz_engine *engine, uint32_t point);

/* --- engine_control.c --- */
bool rule__apply_control(struct hz_engine *engine); /* one record */
/* A go_on at which apply stands: true when there was one, and it is behind us. */
bool rule__apply_go_on(struct hz_engine *engine);

/* --- engine_resync.c --- */
void rule__go_on(struct hz_engine *engine, const struct hz_record_go_on *record);
void rule__over(struct hz_engine *engine, const struct hz_record_over *record);
bool rule__resync(struct hz_engine *engine);

/* --- engine_coverage.c --- */
/* Changes flags of a point, and what is counted of it. */
void rule__flag(struct hz_engine *engine, uint32_t point, unsigned set, unsigned clear);
void rule__coverage_all(struct hz_engine *engine);
void rule__coverage_begin(struct hz_engine *engine); /* room for the scopes of the set in force */
/* A point's flags, where the set counts it: `less` go, `more` come. */
void rule__coverage_count(struct hz_engine *engine, const struct hz_ruleset *set, uint32_t point,
                          unsigned less, unsigned more);

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
void rule__retire_former(struct hz_engine *engine);

#endif
