/* SPDX-License-Identifier: Apache-2.0
 *
 * Another set comes into force: the swap. It says nothing: points and gateways come, stay or leave,
 * and those at which something changed go on the work list (engine_worklist.c). What must stay true:
 * what means the same in both sets is not touched, and both ways lead to the same state.
 *
 *   compared beforehand   (hz_ruleset_compare) points that mean something else go on the list a
 *                         word of bits at a time, unseen; only those that come, go or belong
 *                         elsewhere are looked at, and what is counted is kept up with each
 *   not compared          (a replay, the first set) every point is looked at, and all that is counted
 *                         is counted again
 *
 * The set before stays until the list is empty: a point is compared with it when it is worked off.
 */
#include "engine_priv.h"

#include <string.h>

#define WORD 64u

/* --- points --- */

void rule__wipe(struct engine_point *of)
{
    *of = (struct engine_point){.flags = of->flags & ENGINE_DIRTY};
}

void rule__observe(struct hz_engine *engine, struct engine_point *of)
{
    of->flags &= (uint16_t)~HZ_POINT_UNOBSERVED;
    if (of->flags & ENGINE_IN_SET && rule__feed_gap(engine, of->feed))
        of->flags |= HZ_POINT_UNOBSERVED;
}

static void enter(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    of->flags |= ENGINE_IN_SET;
    if (rule__is_listed(engine, point)) /* it left a moment ago, and its alarms are still there */
        return;
    of->flags |= HZ_POINT_NEVER_SEEN;
    of->source_ms = HZ_NO_SOURCE_TIME;
    of->life_ns = engine->now.jt_ns;
    of->kind = HZ_VALUE_NONE;
    of->quality = HZ_QUALITY_BAD;
}

static void leave(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    of->flags &= (uint16_t) ~(ENGINE_IN_SET | ENGINE_BY_GATEWAY);
    if (of->notes != 0)
        rule__list_point(engine, point);
    else if (!rule__is_listed(engine, point))
        rule__wipe(of);
}

/* Where a point that is in the set belongs by its row. */
static void belong(struct hz_engine *engine, uint32_t point, const struct hz_point *row)
{
    struct engine_point *of = &engine->points[point];

    of->gateway = (uint16_t)row->gateway;
    of->enterprise = rule__scope_of(engine->ruleset->set->registry, row).enterprise;
    of->flags &= (uint16_t)~ENGINE_BY_GATEWAY;
    if (row->alive_by == HZ_ALIVE_BY_GATEWAY && row->gateway != 0)
        of->flags |= ENGINE_BY_GATEWAY;
    if (of->flags & HZ_POINT_NEVER_SEEN)
        rule__clock_move(engine, point,
                         rule__feed_of_gateway(engine->ruleset->set->registry, row->gateway));
}

static void swap_point(struct hz_engine *engine, uint32_t point)
{
    const struct hz_point *row = hz_registry_point(engine->ruleset->set->registry, point);
    bool was_in = engine->points[point].flags & ENGINE_IN_SET;

    if (!row && was_in)
        leave(engine, point);
    if (row && !was_in)
        enter(engine, point);
    if (row)
        belong(engine, point, row);
}

/* --- gateways --- */

static void swap_gateway(struct hz_engine *engine, uint32_t gateway)
{
    struct engine_gateway *of = &engine->gateways[gateway];
    const struct hz_registry *registry = engine->ruleset->set->registry;
    const struct hz_gateway *row = hz_registry_gateway(registry, gateway);
    bool present = row != NULL;

    if (present && !of->in_set && !of->listed) {
        of->since_ns = engine->now.jt_ns;
        engine->signs[gateway].life_ns = ENGINE_NEVER;
    } else if (of->notes != 0 &&
               (!present || !rule__same_gateway(engine->former, engine->ruleset, gateway))) {
        rule__list_gateway(engine, gateway);
    } else if (!present && !of->listed) {
        rule__gateway_wipe(engine, gateway);
    }
    of->in_set = present;
    if (present)
        of->enterprise = row->enterprise;
    if (present && engine->signs[gateway].life_ns == ENGINE_NEVER)
        engine->signs[gateway].feed = rule__feed_of_gateway(registry, gateway);
}

/* --- not compared: all --- */

static void swap_any_point(struct hz_engine *engine, uint32_t point)
{
    const struct hz_registry *registry = engine->ruleset->set->registry;

    if (engine->points[point].flags & ENGINE_IN_SET && hz_registry_point(registry, point) &&
        !hz_ruleset_same(engine->former, engine->ruleset, point)) {
        rule__list_point(engine, point);
        rule__mark(engine, point);
    }
    swap_point(engine, point);
}

static void swap_all(struct hz_engine *engine)
{
    for (uint32_t point = 1; point < engine->point_end; point++)
        swap_any_point(engine, point);
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++)
        swap_gateway(engine, gateway);
    rule__rebuild(engine);
}

/* --- compared: what differs --- */

static void count_waiting(struct hz_engine *engine, const struct engine_point *of, int sign)
{
    if (of->flags & ENGINE_BY_GATEWAY)
        rule__gateway_count(engine, of->gateway, of->flags & HZ_POINT_STALE ? sign : 0,
                            of->flags & HZ_POINT_UNCONFIRMED ? sign : 0);
}

static void move_point(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    rule__coverage_count(engine, engine->former, point, of->flags, 0);
    count_waiting(engine, of, -1);
    swap_point(engine, point);
    rule__observe(engine, of);
    count_waiting(engine, of, 1);
    rule__coverage_count(engine, engine->ruleset, point, 0, of->flags);
    rule__stale_watch(engine, point);
    rule__news(engine, point);
}

/* The next marked bit from `from` on; `words * WORD` = none. */
static uint32_t next_bit(const uint64_t *bits, uint32_t words, uint32_t from)
{
    uint32_t word = from / WORD;
    uint64_t rest;

    if (word >= words)
        return words * WORD;
    rest = bits[word] & (~UINT64_C(0) << from % WORD);
    while (rest == 0 && ++word < words)
        rest = bits[word];
    return rest == 0 ? words * WORD : word * WORD + (uint32_t)__builtin_ctzll(rest);
}

/* Before the points: whether one of them is silent depends on its gateway. */
static void swap_gateways(struct hz_engine *engine, const struct rule__changes *changes)
{
    uint32_t end = changes->gateway_words * WORD, gateway = 0;

    while ((gateway = next_bit(changes->gateways, changes->gateway_words, gateway)) < end) {
        swap_gateway(engine, gateway);
        rule__gateway_watch(engine, gateway);
        gateway++;
    }
}

static void begin_changes(struct hz_engine *engine, const struct rule__changes *changes)
{
    rule__feeds_unknown(engine);
    rule__feed_due(engine);
    rule__coverage_begin(engine);
    swap_gateways(engine, changes);
    rule__list_points(engine, changes->meaning, changes->point_words);
    rule__stale_look(engine, changes->sooner, changes->row_words);
}

/* From place.at on; what is moved in one call is bounded. */
static bool move_points(struct hz_engine *engine, const struct rule__changes *changes)
{
    struct engine_place *place = &engine->place;
    uint32_t end = changes->point_words * WORD;

    while ((place->at = next_bit(changes->place, changes->point_words, place->at)) < end) {
        if (!rule__turn(engine, 1))
            return false;
        move_point(engine, place->at++);
    }
    place->at = 0;
    return true;
}

/* --- the swap --- */

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* NULL: it was not compared with the set in force. */
static const struct rule__changes *changes_since(const struct hz_ruleset *next,
                                                 const struct hz_ruleset *present)
{
    const struct rule__changes *changes = next->changes;

    return changes && present &&
                   memcmp(&changes->since, &present->set->digest, sizeof(changes->since)) == 0
               ? changes
               : NULL;
}

static void put_in_force(struct hz_engine *engine, struct hz_ruleset *next)
{
    const struct hz_registry *registry = next->set->registry;

    engine->point_end = larger(engine->point_end, hz_registry_point_end(registry));
    engine->gateway_end = larger(engine->gateway_end, hz_registry_gateway_end(registry));
    engine->former = engine->ruleset;
    engine->ruleset = next;
    engine->set_ns = engine->now.jt_ns;
    engine->listed_at = 0;
    engine->gateways_listed_at = 0;
}

enum step { MARK = 0, MOVE = 1, DONE = 2 }; /* of place.listing */

static void begin(struct hz_engine *engine, struct hz_ruleset *next)
{
    const struct rule__changes *changes = changes_since(next, engine->ruleset);

    put_in_force(engine, next);
    engine->place.listing = changes ? MOVE : DONE;
    if (changes) {
        begin_changes(engine, changes);
        return;
    }
    swap_all(engine);
    rule__retire_former(engine); /* all that is listed was marked */
}

/* The caller looked ahead (hz_block_rulesets): a set that was not offered is its bug. */
bool rule__switch(struct hz_engine *engine, const struct hz_digest *set)
{
    struct engine_place *place = &engine->place;

    if (place->listing == MARK) {
        if (engine->ruleset && memcmp(&engine->ruleset->set->digest, set, sizeof(*set)) == 0)
            return true;
        if (!rule__mark_listed(engine))
            return false;
        struct hz_ruleset *next = rule__take_offered(engine, set);
        hz_assert(next);
        begin(engine, next);
    }
    if (place->listing == MOVE && !move_points(engine, engine->ruleset->changes))
        return false;
    if (engine->listed_count == 0)
        rule__retire_former(engine);
    place->listing = 0;
    return true;
}
