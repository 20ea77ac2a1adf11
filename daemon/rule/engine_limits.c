/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels: limit, deadband and delays of one rule at one point, judged by a value. Nothing is said
 * here. What must stay true: only what the engine was told moves a level (a good value, the end of
 * a delay, a time not watched), and the quiet band is never wider than the values that change
 * nothing.
 *
 *    IDLE --met--> RISING --on-delay--> ACTIVE --beyond deadband--> FALLING --off-delay--> IDLE
 *      ^___not met___|                    ^________not beyond__________|
 *
 * A level that is idle has no note. "Not good" is a level too, without a limit: bad readings meet
 * it, a good one ends it at once.
 */
#include "engine_priv.h"

#include <math.h>

static bool is_high(unsigned level)
{
    return level >= HZ_LEVEL_H;
}

bool rule__is_met(unsigned level, double limit, double value)
{
    return is_high(level) ? value >= limit : value <= limit;
}

static double clear_edge(unsigned level, double limit, double deadband)
{
    return is_high(level) ? limit - deadband : limit + deadband;
}

static bool is_beyond(unsigned level, double edge, double value)
{
    return is_high(level) ? value < edge : value > edge;
}

bool rule__is_cleared(unsigned level, double limit, double deadband, double value)
{
    return is_beyond(level, clear_edge(level, limit, deadband), value);
}

const struct rule__watch *rule__watches(const struct hz_ruleset *ruleset, uint32_t point,
                                        uint32_t *ret_count)
{
    static const struct rule__watch none; /* a walk may end at what it begins with */

    *ret_count = 0;
    if (!ruleset || point >= ruleset->point_end)
        return &none;
    uint32_t first = ruleset->points[point].first_watch;
    *ret_count = ruleset->points[point + 1].first_watch - first;
    return &ruleset->watches[first];
}

/* --- phases --- */

static uint32_t index_of(const struct hz_engine *engine, const struct engine_note *note)
{
    return (uint32_t)(note - engine->notes);
}

static void stop_delay(struct hz_engine *engine, struct engine_note *note)
{
    if (note->level.place != 0)
        rule__heap_cut(engine, &engine->delays, note->level.place);
    note->level.due_ns = 0;
}

static void start_delay(struct hz_engine *engine, struct engine_note *note, unsigned phase,
                        int64_t due_ns)
{
    stop_delay(engine, note);
    note->phase = (uint8_t)phase;
    note->level.due_ns = due_ns;
    rule__heap_put(engine, &engine->delays, due_ns, index_of(engine, note));
}

static void set_active(struct hz_engine *engine, struct engine_note *note)
{
    stop_delay(engine, note);
    note->phase = ENGINE_ACTIVE;
}

void rule__level_drop(struct hz_engine *engine, uint32_t point, struct engine_note *note)
{
    stop_delay(engine, note);
    rule__note_drop(engine, &engine->points[point].notes, note);
}

static void rise(struct hz_engine *engine, struct engine_note *note, int64_t delay_ns,
                 int64_t from_ns)
{
    if (from_ns + delay_ns > engine->now.jt_ns)
        start_delay(engine, note, ENGINE_RISING, from_ns + delay_ns);
    else
        set_active(engine, note);
}

static void fall(struct hz_engine *engine, uint32_t point, struct engine_note *note,
                 int64_t delay_ns, int64_t from_ns)
{
    if (from_ns + delay_ns > engine->now.jt_ns)
        start_delay(engine, note, ENGINE_FALLING, from_ns + delay_ns);
    else
        rule__level_drop(engine, point, note);
}

void rule__level_due(struct hz_engine *engine, struct engine_note *note)
{
    if (note->phase == ENGINE_RISING)
        set_active(engine, note);
    else
        rule__level_drop(engine, note->owner, note);
}

/* --- judging --- */

struct judged {
    uint32_t point;
    const struct rule__watch *watch;
    const struct rule__profile *profile;
    double value;
    unsigned how;
    int64_t from_ns;
};

static struct engine_note *put_level(struct hz_engine *engine, const struct judged *j,
                                     unsigned level)
{
    struct engine_note *note = rule__note_put(engine, &engine->points[j->point].notes, j->point,
                                              j->watch->rule, ENGINE_NOTE_LEVEL, level);

    note->level.since_ns = j->from_ns;
    return note;
}

static void judge_rising(struct hz_engine *engine, const struct judged *j, unsigned level,
                         struct engine_note *note, bool met)
{
    if (!met && (j->how & ENGINE_BREAKS || note->flags & ENGINE_NOTE_CHANGED)) {
        rule__level_drop(engine, j->point, note);
    } else if (note->flags & ENGINE_NOTE_CHANGED) {
        note->level.since_ns = j->from_ns;
        rise(engine, note, j->profile->on_delay_ns[level], j->from_ns);
    }
}

static void judge_met(struct hz_engine *engine, const struct judged *j, unsigned level,
                      struct engine_note *note, bool beyond)
{
    int64_t delay_ns = j->profile->off_delay_ns[level];

    if (!beyond || (j->how & ENGINE_CLEARS && note->flags & ENGINE_NOTE_CHANGED)) {
        if (note->phase == ENGINE_FALLING)
            set_active(engine, note);
    }
    if (beyond && j->how & ENGINE_CLEARS && note->phase == ENGINE_ACTIVE)
        fall(engine, j->point, note, delay_ns, j->from_ns);
}

static void judge_level(struct hz_engine *engine, const struct judged *j, unsigned level,
                        struct engine_note *note)
{
    double limit = j->watch->limit[level - 1];
    bool met = rule__is_met(level, limit, j->value);

    if (!note) {
        if (met)
            rise(engine, put_level(engine, j, level), j->profile->on_delay_ns[level], j->from_ns);
        return;
    }
    if (note->phase == ENGINE_RISING)
        judge_rising(engine, j, level, note, met);
    else
        judge_met(engine, j, level, note,
                  rule__is_cleared(level, limit, j->profile->deadband[level], j->value));
}

void rule__judge(struct hz_engine *engine, uint32_t point, double value, unsigned how,
                 int64_t from_ns)
{
    uint32_t count;
    const struct rule__watch *watch = rule__watches(engine->ruleset, point, &count);

    for (const struct rule__watch *end = watch + count; watch < end; watch++) {
        struct judged j = {point, watch, &engine->ruleset->profiles[watch->profile],
                           value, how,   from_ns};
        struct engine_found found = rule__note_of_rule(engine, &engine->points[point], watch->rule);

        for (unsigned level = HZ_LEVEL_LL; level <= HZ_LEVEL_HH; level++)
            if (!isnan(watch->limit[level - 1]))
                judge_level(engine, &j, level, found.level[level]);
    }
    rule__band(engine, point);
}

void rule__judge_quality(struct hz_engine *engine, uint32_t point, bool good, int64_t from_ns)
{
    uint32_t count;
    const struct rule__watch *watch = rule__watches(engine->ruleset, point, &count);

    for (const struct rule__watch *end = watch + count; watch < end; watch++) {
        struct judged j = {.point = point, .watch = watch, .from_ns = from_ns};
        const struct rule__profile *profile = &engine->ruleset->profiles[watch->profile];
        struct engine_note *note = rule__note_find(engine, engine->points[point].notes, watch->rule,
                                                   ENGINE_NOTE_LEVEL, ENGINE_LEVEL_INVALID);

        if (note && good)
            rule__level_drop(engine, point, note);
        if (good || profile->invalid_severity == HZ_SEVERITY_NONE)
            continue;
        if (!note)
            rise(engine, put_level(engine, &j, ENGINE_LEVEL_INVALID), profile->invalid_after_ns,
                 from_ns);
        else if (note->phase == ENGINE_RISING && note->flags & ENGINE_NOTE_CHANGED)
            rise(engine, note, profile->invalid_after_ns, from_ns);
    }
}

/* --- nothing is cleared by silence --- */

void rule__cancel_off_delays(struct hz_engine *engine, uint32_t point)
{
    bool any = false;

    for (uint32_t at = engine->points[point].notes; at != 0; at = rule__note(engine, at)->next) {
        struct engine_note *note = rule__note(engine, at);
        if (note->kind != ENGINE_NOTE_LEVEL || note->phase != ENGINE_FALLING)
            continue;
        set_active(engine, note);
        any = true;
    }
    if (any)
        rule__band(engine, point);
}

/* Walked from the end: what a cut moves comes from behind, where all has been looked at, or from
 * further up, to no later place than that of the cut; so that place is looked at again. */
void rule__cancel_off_delays_of(struct hz_engine *engine, uint16_t feed, bool all)
{
    uint32_t at = engine->delays.count;

    while (at > 0) {
        const struct engine_note *note = rule__note(engine, engine->delays.entries[at].who);
        if (note->phase == ENGINE_FALLING && (all || engine->points[note->owner].feed == feed)) {
            rule__cancel_off_delays(engine, note->owner);
            at = at < engine->delays.count ? at : engine->delays.count;
        } else {
            at--;
        }
    }
}

/* --- the quiet band --- */

struct band {
    double low, high;
};

/* Values that leave the level as it is lie on one side of its edge. */
static void keep_side(struct band *band, double edge, bool below)
{
    if (below && edge < band->high)
        band->high = edge;
    if (!below && edge > band->low)
        band->low = edge;
}

static void keep_level(struct band *band, const struct rule__watch *watch,
                       const struct rule__profile *profile, unsigned level, unsigned phase)
{
    double limit = watch->limit[level - 1];
    double edge = clear_edge(level, limit, profile->deadband[level]);

    switch (phase) {
    case ENGINE_IDLE:
        keep_side(band, limit, is_high(level));
        break;
    case ENGINE_RISING:
        keep_side(band, limit, !is_high(level));
        break;
    case ENGINE_ACTIVE:
        keep_side(band, edge, !is_high(level));
        break;
    default:
        keep_side(band, edge, is_high(level));
    }
}

void rule__band(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];
    struct band band = {-INFINITY, INFINITY};
    uint32_t count;
    const struct rule__watch *watch = rule__watches(engine->ruleset, point, &count);

    for (const struct rule__watch *end = watch + count; watch < end; watch++) {
        const struct rule__profile *profile = &engine->ruleset->profiles[watch->profile];
        struct engine_found found = rule__note_of_rule(engine, of, watch->rule);

        for (unsigned level = HZ_LEVEL_LL; level <= HZ_LEVEL_HH; level++)
            if (!isnan(watch->limit[level - 1]))
                keep_level(&band, watch, profile, level,
                           found.level[level] ? found.level[level]->phase : ENGINE_IDLE);
    }
    of->quiet_low = band.low;
    of->quiet_high = band.high;
}
