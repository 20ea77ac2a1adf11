/* SPDX-License-Identifier: Apache-2.0
 *
 * A compiled set as others see it: the watch of a rule at a point, what it says in numbers, and
 * whether two sets mean the same at a point, which decides what a reload touches. What must stay
 * true: `the same` compares everything a transition depends on; texts are no part of it.
 */
#include "ruleset_priv.h"

#include "hz_clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where not even the feed of a point is known: the option table's `stale_after`. */
#define STALE_AFTER_DEFAULT_NS (1800 * HZ_NS_PER_S)

void hz_ruleset_free(struct hz_ruleset *ruleset)
{
    if (!ruleset)
        return;
    free(ruleset->watches);
    free(ruleset->profiles);
    free(ruleset->changes);
    hz_arena_done(&ruleset->arena);
    hz_set_unref(ruleset->set);
    free(ruleset);
}

struct hz_set *hz_ruleset_set(const struct hz_ruleset *ruleset)
{
    return ruleset->set;
}

size_t hz_ruleset_bytes(const struct hz_ruleset *ruleset)
{
    return sizeof(*ruleset) + ruleset->arena.total +
           ruleset->watch_count * sizeof(*ruleset->watches) +
           ruleset->profile_count * sizeof(*ruleset->profiles) + rule__changes_bytes(ruleset);
}

/* The watches of a point, or of a gateway: [*ret_first, end). */
static uint32_t watches_of(const struct hz_ruleset *ruleset, uint32_t point, uint32_t *ret_first)
{
    if (point >= ruleset->point_end)
        return *ret_first = 0;
    *ret_first = ruleset->points[point].first_watch;
    return ruleset->points[point + 1].first_watch;
}

static uint32_t gateway_watches_of(const struct hz_ruleset *ruleset, uint32_t gateway,
                                   uint32_t *ret_first)
{
    if (gateway >= ruleset->gateway_end)
        return *ret_first = 0;
    *ret_first = ruleset->gateway_first[gateway];
    return ruleset->gateway_first[gateway + 1];
}

const struct rule__watch *rule__watch_of(const struct hz_ruleset *ruleset, uint32_t point,
                                         uint32_t rule)
{
    uint32_t at, end = watches_of(ruleset, point, &at);

    for (; at < end; at++)
        if (ruleset->watches[at].rule == rule)
            return &ruleset->watches[at];
    return NULL;
}

/* --- the same in both? --- */

static bool same_watch(const struct hz_ruleset *a, const struct rule__watch *in_a,
                       const struct hz_ruleset *b, const struct rule__watch *in_b)
{
    return in_a->rule == in_b->rule && memcmp(in_a->limit, in_b->limit, sizeof(in_a->limit)) == 0 &&
           memcmp(&a->profiles[in_a->profile], &b->profiles[in_b->profile], sizeof(*a->profiles)) ==
               0;
}

/* Whether and by what the point is alive. */
static bool same_life(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t point)
{
    const struct hz_point *in_a = hz_registry_point(a->set->registry, point);
    const struct hz_point *in_b = hz_registry_point(b->set->registry, point);

    if (!in_a || !in_b)
        return !in_a && !in_b;
    return a->points[point].stale_after_ms == b->points[point].stale_after_ms &&
           in_a->alive_by == in_b->alive_by &&
           (in_a->alive_by != HZ_ALIVE_BY_GATEWAY || in_a->gateway == in_b->gateway);
}

bool hz_ruleset_same(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t point)
{
    uint32_t at_a, end_a = watches_of(a, point, &at_a);
    uint32_t at_b, end_b = watches_of(b, point, &at_b);

    if (end_a - at_a != end_b - at_b || !same_life(a, b, point))
        return false;
    for (; at_a < end_a; at_a++, at_b++)
        if (!same_watch(a, &a->watches[at_a], b, &b->watches[at_b]))
            return false;
    return true;
}

uint32_t hz_ruleset_rules(const struct hz_ruleset *ruleset, uint32_t point, uint32_t *to,
                          uint32_t room)
{
    uint32_t at, end = watches_of(ruleset, point, &at), count = 0;

    for (; at < end && count < room; at++)
        to[count++] = ruleset->watches[at].rule;
    return count;
}

bool rule__same_gateway(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t gateway)
{
    uint32_t at_a, end_a = gateway_watches_of(a, gateway, &at_a);
    uint32_t at_b, end_b = gateway_watches_of(b, gateway, &at_b);

    if (end_a - at_a != end_b - at_b)
        return false;
    for (; at_a < end_a; at_a++, at_b++) {
        const struct rule__gateway_watch *in_a = &a->gateway_watches[at_a];
        const struct rule__gateway_watch *in_b = &b->gateway_watches[at_b];

        if (in_a->rule != in_b->rule || in_a->silent_after_ns != in_b->silent_after_ns ||
            in_a->severity != in_b->severity || in_a->mode != in_b->mode ||
            in_a->domain != in_b->domain)
            return false;
    }
    return true;
}

/* --- in numbers --- */

/* Before a point has spoken it belongs to the feed of its gateway; the only feed there is needs no
 * telling. */
static int64_t feed_stale_after_ns(const struct hz_set *set, const struct hz_point *row)
{
    const struct hz_gateway *gateway = hz_registry_gateway(set->registry, row->gateway);
    const struct hz_config *config = set->config;

    for (uint32_t i = 0; gateway && gateway->feed != 0 && i < config->feed_count; i++) {
        struct hz_slice name =
            hz_names_key(hz_registry_names(set->registry), HZ_NAMED_FEED, gateway->feed);
        if (name.at && hz_slice_is(name, config->feeds[i].name))
            return config->feeds[i].stale_after_ns;
    }
    return config->feed_count == 1 ? config->feeds[0].stale_after_ns : STALE_AFTER_DEFAULT_NS;
}

bool hz_ruleset_limits(const struct hz_ruleset *ruleset, uint32_t point, uint32_t rule,
                       struct hz_limit_view *ret_view)
{
    const struct rule__watch *watch = rule__watch_of(ruleset, point, rule);
    const struct rule__profile *profile;

    if (!watch)
        return false;
    profile = &ruleset->profiles[watch->profile];
    struct hz_limit_view view = {
        .limit[HZ_LEVEL_NONE] = NAN,
        .invalid = profile->invalid_severity != HZ_SEVERITY_NONE,
        .stale = profile->stale_severity != HZ_SEVERITY_NONE,
        .stale_after_ns = (int64_t)ruleset->points[point].stale_after_ms * HZ_NS_PER_MS,
    };
    for (int level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++) {
        view.limit[level] = watch->limit[level - 1];
        view.deadband[level] = profile->deadband[level];
        view.on_delay_ns[level] = profile->on_delay_ns[level];
        view.off_delay_ns[level] = profile->off_delay_ns[level];
        view.severity[level] = profile->severity[level];
    }
    if (view.stale_after_ns == 0)
        view.stale_after_ns =
            feed_stale_after_ns(ruleset->set, hz_registry_point(ruleset->set->registry, point));
    *ret_view = view;
    return true;
}
