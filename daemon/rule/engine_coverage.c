/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage: how many points there are, and how many of them are on line, valid, not observed, for
 * each hazard source, enterprise, park and the whole; points on trial are not among them. Kept up with
 * every change of a point's flags.
 * What must stay true: the sums are what counting again would give (rule__coverage_all does).
 */
#include "engine_priv.h"

#define COUNTED (HZ_POINT_STALE | HZ_POINT_INVALID | HZ_POINT_UNOBSERVED | ENGINE_IN_SET)

static struct hz_coverage coverage_of(unsigned flags)
{
    bool in = flags & ENGINE_IN_SET, unobserved = flags & HZ_POINT_UNOBSERVED;
    bool online = in && !unobserved && !(flags & HZ_POINT_STALE);

    return (struct hz_coverage){.total = in,
                                .online = online,
                                .valid = online && !(flags & HZ_POINT_INVALID),
                                .unobserved = in && unobserved};
}

static void add(struct hz_coverage *to, const struct hz_coverage *more,
                const struct hz_coverage *less)
{
    to->total += more->total - less->total;
    to->online += more->online - less->online;
    to->valid += more->valid - less->valid;
    to->unobserved += more->unobserved - less->unobserved;
}

void rule__coverage_count(struct hz_engine *engine, const struct hz_ruleset *set, uint32_t point,
                          unsigned less, unsigned more)
{
    struct hz_coverage going = coverage_of(less), coming = coverage_of(more);
    const struct hz_point *row = hz_registry_point(set->set->registry, point);

    if (!row || row->mode == HZ_MODE_TRIAL)
        return;
    struct rule__scope scope = rule__scope_of(set->set->registry, row);
    add(&engine->hazards[scope.hazard], &coming, &going);
    add(&engine->enterprises[scope.enterprise], &coming, &going);
    add(&engine->parks[scope.park], &coming, &going);
    add(&engine->whole, &coming, &going);
    rule__dirty_mark(&engine->dirty_hazards, scope.hazard);
    rule__dirty_mark(&engine->dirty_enterprises, scope.enterprise);
    rule__dirty_mark(&engine->dirty_parks, scope.park);
    engine->dirty_whole = true;
}

void rule__flag(struct hz_engine *engine, uint32_t point, unsigned set, unsigned clear)
{
    struct engine_point *of = &engine->points[point];
    unsigned before = of->flags, after = (before & ~clear) | set;

    if (after == before)
        return;
    of->flags = (uint16_t)after;
    if ((before & COUNTED) != (after & COUNTED))
        rule__coverage_count(engine, engine->ruleset, point, before, after);
    rule__news(engine, point);
}

static void make_room(struct engine_dirty *dirty, uint32_t end)
{
    if (dirty->end < end)
        dirty->end = end;
}

void rule__coverage_begin(struct hz_engine *engine)
{
    const struct hz_registry *registry = engine->ruleset->set->registry;

    make_room(&engine->dirty_hazards, hz_registry_hazard_end(registry));
    make_room(&engine->dirty_enterprises, hz_registry_enterprise_end(registry));
    make_room(&engine->dirty_parks, hz_registry_park_end(registry));
}

static void empty(struct hz_coverage *list, struct engine_dirty *dirty)
{
    for (uint32_t id = 0; id < dirty->end; id++) {
        if (list[id].total == 0)
            continue;
        list[id] = (struct hz_coverage){0};
        rule__dirty_mark(dirty, id);
    }
}

void rule__coverage_all(struct hz_engine *engine)
{
    if (engine->ruleset)
        rule__coverage_begin(engine);
    empty(engine->hazards, &engine->dirty_hazards);
    empty(engine->enterprises, &engine->dirty_enterprises);
    empty(engine->parks, &engine->dirty_parks);
    engine->whole = (struct hz_coverage){0};
    engine->dirty_whole = true;
    for (uint32_t point = 1; point < engine->point_end; point++)
        if (engine->points[point].flags & ENGINE_IN_SET)
            rule__coverage_count(engine, engine->ruleset, point, 0, engine->points[point].flags);
}

struct hz_coverage hz_engine_coverage(const struct hz_engine *engine, enum hz_news_kind scope,
                                      uint32_t id)
{
    if (scope == HZ_NEWS_WHOLE)
        return engine->whole;
    if (scope == HZ_NEWS_HAZARD && id <= HZ_HAZARDS_MAX)
        return engine->hazards[id];
    if (scope == HZ_NEWS_ENTERPRISE && id <= HZ_ENTERPRISES_MAX)
        return engine->enterprises[id];
    if (scope == HZ_NEWS_PARK && id <= HZ_ENTERPRISES_MAX)
        return engine->parks[id];
    return (struct hz_coverage){0};
}
