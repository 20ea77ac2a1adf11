/* SPDX-License-Identifier: Apache-2.0
 *
 * Another set comes into force: the swap. It looks at every point once and says nothing: points
 * come, stay or leave, those at which something changed go on the work list (engine_worklist.c),
 * and what follows from state and set is counted again. What must stay true: what means the same in
 * both sets is not touched.
 */
#include "engine_priv.h"

/* --- the swap: points --- */

static bool same_level(const struct hz_ruleset *a, const struct rule__watch *in_a,
                       const struct hz_ruleset *b, const struct rule__watch *in_b, unsigned level)
{
    const struct rule__profile *of_a = &a->profiles[in_a->profile];
    const struct rule__profile *of_b = &b->profiles[in_b->profile];

    if (level == ENGINE_LEVEL_INVALID)
        return of_a->invalid_after_ns == of_b->invalid_after_ns;
    return in_a->limit[level - 1] == in_b->limit[level - 1] &&
           of_a->deadband[level] == of_b->deadband[level] &&
           of_a->on_delay_ns[level] == of_b->on_delay_ns[level] &&
           of_a->off_delay_ns[level] == of_b->off_delay_ns[level];
}

/* Levels that go on under other numbers; those that are gone, or new, need no mark. */
static void mark_changed(struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point)
{
    for (uint32_t at = engine->points[point].notes; at != 0; at = rule__note(engine, at)->next) {
        struct engine_note *note = rule__note(engine, at);
        if (note->kind != ENGINE_NOTE_LEVEL)
            continue;
        const struct rule__watch *before = rule__watch_of(engine->ruleset, point, note->rule);
        const struct rule__watch *after = rule__watch_of(next, point, note->rule);
        if (before && after && !same_level(engine->ruleset, before, next, after, note->sub))
            note->flags |= ENGINE_NOTE_CHANGED;
    }
}

static uint16_t feed_of_gateway(const struct hz_ruleset *ruleset, uint32_t gateway)
{
    const struct hz_gateway *row = hz_registry_gateway(ruleset->set->registry, gateway);

    return row && row->feed < ENGINE_FEEDS ? (uint16_t)row->feed : 0;
}

void rule__wipe(struct engine_point *of)
{
    *of = (struct engine_point){.flags = of->flags & ENGINE_DIRTY};
}

static void enter(struct hz_engine *engine, struct engine_point *of)
{
    of->flags |= ENGINE_IN_SET;
    if (of->flags & ENGINE_LISTED) /* it left a moment ago, and its alarms are still there */
        return;
    of->flags |= HZ_POINT_NEVER_SEEN;
    of->source_ms = HZ_NO_SOURCE_TIME;
    of->life_ns = engine->now.jt_ns;
    of->kind = HZ_VALUE_NONE;
    of->quality = HZ_QUALITY_BAD;
}

static void stay(struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];

    if (rule__same_point(engine->ruleset, next, point))
        return;
    mark_changed(engine, next, point);
    if (of->notes != 0 || of->flags & HZ_POINT_STALE || !(of->flags & HZ_POINT_NEVER_SEEN))
        rule__list_point(engine, point);
}

static void leave(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    of->flags &= (uint16_t) ~(ENGINE_IN_SET | ENGINE_BY_GATEWAY);
    if (of->notes != 0)
        rule__list_point(engine, point);
    else if (!(of->flags & ENGINE_LISTED))
        rule__wipe(of);
}

static void swap_point(struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point)
{
    struct engine_point *of = &engine->points[point];
    const struct hz_point *row = hz_registry_point(next->set->registry, point);

    if (!row) {
        if (of->flags & ENGINE_IN_SET)
            leave(engine, point);
        return;
    }
    if (of->flags & ENGINE_IN_SET)
        stay(engine, next, point);
    else
        enter(engine, of);
    of->gateway = (uint16_t)row->gateway;
    of->flags &= (uint16_t)~ENGINE_BY_GATEWAY;
    if (row->alive_by == HZ_ALIVE_BY_GATEWAY && row->gateway != 0)
        of->flags |= ENGINE_BY_GATEWAY;
    if (of->flags & HZ_POINT_NEVER_SEEN)
        of->feed = feed_of_gateway(next, row->gateway);
}

/* --- the swap: gateways --- */

static void swap_gateway(struct hz_engine *engine, const struct hz_ruleset *next, uint32_t gateway)
{
    struct engine_gateway *of = &engine->gateways[gateway];
    bool present = hz_registry_gateway(next->set->registry, gateway) != NULL;

    if (present && !of->in_set && !of->listed) {
        of->since_ns = engine->now.jt_ns;
        engine->signs[gateway].life_ns = ENGINE_NEVER;
    } else if (of->notes != 0 &&
               (!present || !rule__same_gateway(engine->ruleset, next, gateway))) {
        rule__list_gateway(engine, gateway);
    } else if (!present && !of->listed) {
        rule__gateway_wipe(engine, gateway);
    }
    of->in_set = present;
    if (present && engine->signs[gateway].life_ns == ENGINE_NEVER)
        engine->signs[gateway].feed = feed_of_gateway(next, gateway);
}

/* --- what follows from state and set --- */

static void count_point(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];
    bool gap = rule__feed_gap(engine, of->feed);

    of->stale_after_ms = engine->ruleset && point < engine->ruleset->point_end
                             ? engine->ruleset->points[point].stale_after_ms
                             : 0;
    of->flags &= (uint16_t)~HZ_POINT_UNOBSERVED;
    if (gap && of->flags & ENGINE_IN_SET)
        of->flags |= HZ_POINT_UNOBSERVED;
    if (of->flags & ENGINE_APART && rule__note(engine, of->notes)->flags & ENGINE_NOTE_WRONG)
        engine->feeds[of->feed].wrong++;
    if (!(of->flags & ENGINE_BY_GATEWAY))
        return;
    engine->gateways[of->gateway].stale += (of->flags & HZ_POINT_STALE) != 0;
    engine->gateways[of->gateway].unconfirmed += (of->flags & HZ_POINT_UNCONFIRMED) != 0;
}

static void count_gateway(struct hz_engine *engine, uint32_t gateway)
{
    struct engine_gateway *of = &engine->gateways[gateway];

    for (uint32_t at = of->notes; at != 0; at = rule__note(engine, at)->next)
        of->silent += rule__note(engine, at)->alarm.active;
    rule__gateway_look(engine, gateway);
    rule__gateway_watch(engine, gateway);
}

void rule__rebuild(struct hz_engine *engine)
{
    rule__feeds_unknown(engine);
    for (uint32_t feed = 0; feed < engine->feed_end; feed++)
        engine->feeds[feed].wrong = 0;
    for (uint32_t gateway = 0; gateway < engine->gateway_end; gateway++) {
        struct engine_gateway *of = &engine->gateways[gateway];
        of->stale = of->unconfirmed = 0;
        of->silent = 0;
    }
    for (uint32_t point = 1; point < engine->point_end; point++)
        count_point(engine, point);
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++)
        count_gateway(engine, gateway);
    rule__feed_due(engine);
    rule__stale_watch_all(engine);
    rule__coverage_all(engine);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void rule__switch(struct hz_engine *engine, struct hz_ruleset *next)
{
    struct hz_ruleset *before = engine->ruleset;
    const struct hz_registry *registry = next->set->registry;

    engine->point_end = larger(engine->point_end, hz_registry_point_end(registry));
    engine->gateway_end = larger(engine->gateway_end, hz_registry_gateway_end(registry));
    for (uint32_t point = 1; point < engine->point_end; point++)
        swap_point(engine, next, point);
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++)
        swap_gateway(engine, next, gateway);
    engine->ruleset = next;
    engine->set_ns = engine->now.jt_ns;
    engine->listed_at = 0;
    rule__rebuild(engine);
    if (before)
        rule__retire(engine, before);
}
