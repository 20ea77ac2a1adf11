/* SPDX-License-Identifier: Apache-2.0
 *
 * How a set differs from the one that it will replace, found by whoever built it, so that the engine
 * need not look at every point when the set comes into force (engine_switch.c). What must stay true:
 * what is not marked here is the same in both to the engine, to the last bit.
 */
#include "ruleset_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD 64u

static uint32_t words_of(uint32_t a_end, uint32_t b_end)
{
    return ((a_end > b_end ? a_end : b_end) + WORD - 1) / WORD;
}

static void mark(uint64_t *bits, uint32_t id)
{
    bits[id / WORD] |= UINT64_C(1) << id % WORD;
}

size_t rule__changes_bytes(const struct hz_ruleset *ruleset)
{
    const struct rule__changes *changes = ruleset->changes;

    if (!changes)
        return 0;
    return sizeof(*changes) + sizeof(uint64_t) * (2 * (size_t)changes->point_words +
                                                  changes->gateway_words + changes->row_words);
}

/* --- where things stand --- */

uint16_t rule__feed_of_gateway(const struct hz_registry *registry, uint32_t gateway)
{
    const struct hz_gateway *row = hz_registry_gateway(registry, gateway);

    return row && row->feed <= UINT16_MAX ? (uint16_t)row->feed : 0;
}

struct rule__scope rule__scope_of(const struct hz_registry *registry, const struct hz_point *row)
{
    const struct hz_hazard *hazard = hz_registry_hazard(registry, row->hazard);
    struct rule__scope scope = {row->hazard, hazard ? hazard->enterprise : 0, 0};
    const struct hz_enterprise *enterprise = hz_registry_enterprise(registry, scope.enterprise);

    scope.park = enterprise ? enterprise->park : 0;
    return scope;
}

bool rule__same_place(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t point)
{
    const struct hz_registry *of_a = a->set->registry, *of_b = b->set->registry;
    const struct hz_point *in_a = hz_registry_point(of_a, point);
    const struct hz_point *in_b = hz_registry_point(of_b, point);

    if (!in_a || !in_b)
        return !in_a && !in_b;
    struct rule__scope at_a = rule__scope_of(of_a, in_a), at_b = rule__scope_of(of_b, in_b);
    return in_a->gateway == in_b->gateway && in_a->alive_by == in_b->alive_by &&
           in_a->mode == in_b->mode && at_a.hazard == at_b.hazard &&
           at_a.enterprise == at_b.enterprise && at_a.park == at_b.park &&
           rule__feed_of_gateway(of_a, in_a->gateway) == rule__feed_of_gateway(of_b, in_b->gateway);
}

static bool same_gateway(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t gateway)
{
    const struct hz_registry *of_a = a->set->registry, *of_b = b->set->registry;
    const struct hz_gateway *in_a = hz_registry_gateway(of_a, gateway);
    const struct hz_gateway *in_b = hz_registry_gateway(of_b, gateway);

    if (!in_a || !in_b)
        return !in_a && !in_b;
    return in_a->enterprise == in_b->enterprise &&
           rule__feed_of_gateway(of_a, gateway) == rule__feed_of_gateway(of_b, gateway) &&
           rule__same_gateway(a, b, gateway);
}

/* In another order they count as different: nothing is lost by that but time. */
bool hz_ruleset_same_defaults(const struct hz_ruleset *of_a, const struct hz_ruleset *of_b)
{
    const struct hz_config *a = of_a->set->config, *b = of_b->set->config;

    if (a->feed_count != b->feed_count)
        return false;
    for (uint32_t i = 0; i < a->feed_count; i++)
        if (a->feeds[i].stale_after_ns != b->feeds[i].stale_after_ns ||
            strcmp(a->feeds[i].name, b->feeds[i].name) != 0)
            return false;
    return true;
}

/* --- comparing --- */

static struct rule__changes *changes_new(const struct hz_ruleset *a, const struct hz_ruleset *b)
{
    uint32_t points = words_of(a->point_end, b->point_end);
    uint32_t gateways = words_of(a->gateway_end, b->gateway_end);
    uint32_t rows = words_of(points, points); /* a row is a word of points */
    struct rule__changes *changes =
        calloc(1, sizeof(*changes) + sizeof(uint64_t) * (2 * (size_t)points + gateways + rows));

    if (!changes)
        return NULL;
    changes->point_words = points;
    changes->gateway_words = gateways;
    changes->row_words = rows;
    changes->meaning = changes->bits;
    changes->place = changes->meaning + points;
    changes->gateways = changes->place + points;
    changes->sooner = changes->gateways + gateways;
    return changes;
}

/* A feed's default is as long as it is: whatever is not known to be as long as before may be sooner. */
static bool is_sooner(uint32_t before_ms, uint32_t next_ms, bool same_defaults)
{
    if (before_ms == 0 || next_ms == 0)
        return before_ms != next_ms || !same_defaults;
    return next_ms < before_ms;
}

static void compare_points(struct rule__changes *changes, const struct hz_ruleset *before,
                           const struct hz_ruleset *next)
{
    bool same_defaults = hz_ruleset_same_defaults(before, next);

    for (uint32_t point = 0; point < changes->point_words * WORD; point++) {
        if (!rule__same_place(before, next, point))
            mark(changes->place, point);
        if (!hz_registry_point(before->set->registry, point) ||
            !hz_registry_point(next->set->registry, point))
            continue;
        if (!hz_ruleset_same(before, next, point))
            mark(changes->meaning, point);
        if (is_sooner(before->points[point].stale_after_ms, next->points[point].stale_after_ms,
                      same_defaults))
            mark(changes->sooner, point / WORD);
    }
}

static void compare_gateways(struct rule__changes *changes, const struct hz_ruleset *before,
                             const struct hz_ruleset *next)
{
    for (uint32_t gateway = 0; gateway < changes->gateway_words * WORD; gateway++)
        if (!same_gateway(before, next, gateway))
            mark(changes->gateways, gateway);
}

int hz_ruleset_compare(struct hz_ruleset *next, const struct hz_ruleset *before)
{
    struct rule__changes *changes = changes_new(before, next);

    if (!changes)
        return -ENOMEM;
    changes->since = before->set->digest;
    compare_points(changes, before, next);
    compare_gateways(changes, before, next);
    free(next->changes);
    next->changes = changes;
    return 0;
}
