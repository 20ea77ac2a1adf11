/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing alarms in line with what holds: the levels of a rule at a point, and whether the point
 * is stale. What must stay true: settling follows from the state alone and changes only alarms, so
 * that it can stop after any watch; clears come before raises, sides in ascending order; one step
 * says at most four things.
 */
#include "engine_priv.h"

#include <math.h>

_Static_assert(HZ_ENGINE_ROOM_MIN >= 4, "a step has room");

struct target {
    bool holds;
    bool exists; /* the rule knows such a condition at the point */
    struct engine_condition condition;
};

struct judged_watch {
    uint32_t point;
    const struct rule__watch *watch;
    const struct rule__profile *profile;
    struct engine_found found;
};

static bool is_on(const struct engine_note *level)
{
    return level && level->phase >= ENGINE_ACTIVE;
}

static struct target target_of_levels(const struct judged_watch *j, unsigned inner, unsigned outer)
{
    struct target target = {.exists = !isnan(j->watch->limit[inner - 1]) ||
                                      !isnan(j->watch->limit[outer - 1])};
    unsigned level = is_on(j->found.level[outer])   ? outer
                     : is_on(j->found.level[inner]) ? inner
                                                    : HZ_LEVEL_NONE;

    if (level == HZ_LEVEL_NONE)
        return target;
    target.holds = true;
    target.condition.level = (uint8_t)level;
    target.condition.limit = j->watch->limit[level - 1];
    target.condition.severity = j->profile->severity[level];
    target.condition.since_ns = j->found.level[level]->level.since_ns;
    return target;
}

static struct target target_of_invalid(const struct judged_watch *j)
{
    const struct engine_note *level = j->found.level[ENGINE_LEVEL_INVALID];
    struct target target = {.exists = j->profile->invalid_severity != HZ_SEVERITY_NONE};

    target.holds = target.exists && is_on(level);
    target.condition.severity = j->profile->invalid_severity;
    target.condition.since_ns = target.holds ? level->level.since_ns : 0;
    target.condition.limit = NAN;
    return target;
}

static struct target target_of_stale(const struct hz_engine *engine, const struct judged_watch *j)
{
    struct target target = {.exists = j->profile->stale_severity != HZ_SEVERITY_NONE};

    target.holds = target.exists && engine->points[j->point].flags & HZ_POINT_STALE;
    target.condition.severity = j->profile->stale_severity;
    target.condition.since_ns = rule__last_sign_ns(engine, j->point);
    target.condition.limit = NAN;
    return target;
}

static struct target target_of(const struct hz_engine *engine, const struct judged_watch *j,
                               unsigned side)
{
    struct target target = side == HZ_SIDE_LOW       ? target_of_levels(j, HZ_LEVEL_L, HZ_LEVEL_LL)
                           : side == HZ_SIDE_HIGH    ? target_of_levels(j, HZ_LEVEL_H, HZ_LEVEL_HH)
                           : side == HZ_SIDE_INVALID ? target_of_invalid(j)
                                                     : target_of_stale(engine, j);

    target.condition.mode = j->profile->mode;
    target.condition.domain = j->profile->domain;
    return target;
}

static struct engine_subject subject_of(uint32_t point, uint32_t rule, unsigned side)
{
    static const uint8_t kinds[HZ_SIDE_END] = {[HZ_SIDE_LOW] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_HIGH] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_INVALID] = HZ_KIND_INVALID,
                                               [HZ_SIDE_STALE] = HZ_KIND_STALE};

    return (struct engine_subject){
        .point = point, .rule = rule, .kind = kinds[side], .side = (uint8_t)side};
}

double rule__limit_of(const struct hz_engine *engine, uint32_t point, uint32_t rule, unsigned level)
{
    const struct rule__watch *watch =
        level == HZ_LEVEL_NONE ? NULL : rule__watch_of(engine->ruleset, point, rule);

    return watch ? watch->limit[level - 1] : NAN;
}

void rule__alarm_note_drop(struct hz_engine *engine, uint32_t *chain, struct engine_note *note)
{
    if (note->alarm.state == HZ_STATE_NORMAL)
        rule__note_drop(engine, chain, note);
}

/* The level that names the alarm is gone from the rule, and nothing else of its side holds. */
static bool is_gone(const struct judged_watch *j, const struct engine_alarm *alarm,
                    const struct target *target)
{
    if (target->holds)
        return false;
    return !target->exists ||
           (alarm->level != HZ_LEVEL_NONE && isnan(j->watch->limit[alarm->level - 1]));
}

static void settle_down(struct hz_engine *engine, const struct judged_watch *j, unsigned side)
{
    struct engine_note *note = j->found.alarm[side];
    struct target target = target_of(engine, j, side);
    struct engine_subject subject = subject_of(j->point, j->watch->rule, side);

    if (!note)
        return;
    if (is_gone(j, &note->alarm, &target))
        rule__remove(engine, &subject, &note->alarm);
    else if (note->alarm.active && !target.holds)
        rule__clear(engine, &subject, &note->alarm,
                    rule__limit_of(engine, j->point, j->watch->rule, note->alarm.level));
    else if (note->alarm.active &&
             rule__rank(target.condition.level) < rule__rank(note->alarm.level))
        rule__deescalate(engine, &subject, &note->alarm, &target.condition);
    rule__alarm_note_drop(engine, &engine->points[j->point].notes, note);
}

static void settle_up(struct hz_engine *engine, const struct judged_watch *j, unsigned side)
{
    struct engine_note *note = j->found.alarm[side];
    struct target target = target_of(engine, j, side);
    struct engine_subject subject = subject_of(j->point, j->watch->rule, side);

    if (!target.holds)
        return;
    if (!note)
        note = rule__note_put(engine, &engine->points[j->point].notes, j->point, j->watch->rule,
                              ENGINE_NOTE_ALARM, side);
    if (!note->alarm.active)
        rule__raise(engine, &subject, &note->alarm, &target.condition);
    else if (rule__rank(target.condition.level) > rule__rank(note->alarm.level))
        rule__escalate(engine, &subject, &note->alarm, &target.condition);
}

/* Only an alarm can end; only a level that holds, or silence, can begin one. */
static bool may_say(const struct hz_engine *engine, const struct engine_point *of, bool up)
{
    if (up && of->flags & HZ_POINT_STALE)
        return true;
    for (uint32_t at = of->notes; at != 0; at = engine->notes[at].next) {
        const struct engine_note *note = &engine->notes[at];
        if (up ? note->kind == ENGINE_NOTE_LEVEL && is_on(note) : note->kind == ENGINE_NOTE_ALARM)
            return true;
    }
    return false;
}

bool rule__pass(struct hz_engine *engine, uint32_t point, bool up)
{
    const struct engine_point *of = &engine->points[point];
    uint32_t count;

    if (engine->place.watch == 0 && !may_say(engine, of, up))
        return true;
    const struct rule__watch *watches = rule__watches(engine->ruleset, point, &count);
    for (; engine->place.watch < count; engine->place.watch++) {
        if (!rule__room(engine))
            return false;
        const struct rule__watch *watch = &watches[engine->place.watch];
        struct judged_watch j = {point, watch, &engine->ruleset->profiles[watch->profile],
                                 rule__note_of_rule(engine, of, watch->rule)};
        for (unsigned side = HZ_SIDE_LOW; side <= HZ_SIDE_STALE; side++)
            (up ? settle_up : settle_down)(engine, &j, side);
    }
    engine->place.watch = 0;
    return true;
}

bool rule__settle(struct hz_engine *engine, uint32_t point)
{
    if (engine->place.settling == 0) {
        if (!rule__pass(engine, point, false))
            return false;
        engine->place.settling = 1;
    }
    if (!rule__pass(engine, point, true))
        return false;
    engine->place.settling = 0;
    return true;
}
