/* SPDX-License-Identifier: Apache-2.0
 *
 * Gateways: the rules `each: gateway`, and for every gateway the list of its points. A gateway is
 * silent after so many of its own intervals, within the bounds of the rule; without an interval of
 * its own nobody knows when to expect it, and the upper bound holds.
 */
#include "compile_priv.h"

#include "hz_error.h"

#include <errno.h>

static int64_t silent_after_ns(const struct hz_rule_config *config, const struct hz_gateway *row)
{
    int64_t ns = rule__intervals_ns(config->silent_after.intervals, row->interval_ms);

    if (row->interval_ms == 0 || ns > config->silent_at_most_ns)
        return config->silent_at_most_ns;
    return ns < config->silent_at_least_ns ? config->silent_at_least_ns : ns;
}

/* The first rule of a mode keeps a gateway to itself. */
static bool is_taken(struct compile *compile, struct compile_rule *rule, uint32_t gateway)
{
    const struct hz_ruleset *out = compile->out;

    for (uint32_t i = out->gateway_first[gateway]; i < out->gateway_watch_count; i++) {
        const struct rule__gateway_watch *other = &out->gateway_watches[i];

        if (other->mode != rule->config->mode)
            continue;
        rule__fault(compile, rule, COMPILE_TWICE, HZ_LEVEL_NONE, HZ_NAMED_GATEWAY, gateway,
                    "narrow `select` of one of them, or make one mode: trial",
                    "the rule %s watches it too", hz_set_rule(compile->set, other->rule)->id);
        return true;
    }
    return false;
}

static void watch_gateway(struct compile *compile, uint32_t gateway, const struct hz_gateway *row,
                          struct rule__gateway_watch *to)
{
    struct hz_ruleset *out = compile->out;

    for (uint32_t i = 0; i < compile->rule_count; i++) {
        struct compile_rule *rule = &compile->rules[i];

        if (!rule->config->each_gateway || !rule__select_gateway(compile, rule, row))
            continue;
        rule->selected++;
        if (is_taken(compile, rule, gateway))
            continue;
        to[out->gateway_watch_count++] = (struct rule__gateway_watch){
            .gateway = gateway,
            .rule = rule->rule,
            .silent_after_ns = silent_after_ns(rule->config, row),
            .severity = (uint8_t)rule->config->silent_severity,
            .mode = (uint8_t)rule->config->mode,
            .domain = (uint8_t)rule->config->domain,
        };
    }
}

/* At most one watch a gateway and mode. */
static int compile_watches(struct compile *compile)
{
    struct hz_ruleset *out = compile->out;
    size_t most = (size_t)out->gateway_end * (HZ_MODE_END - 1);

    out->gateway_first = hz_arena_take(&out->arena, (out->gateway_end + 1) * sizeof(uint32_t));
    out->gateway_watches = hz_arena_take(&out->arena, most * sizeof(*out->gateway_watches));
    if (!out->gateway_first || !out->gateway_watches)
        return -ENOMEM;
    for (uint32_t gateway = 0; gateway < out->gateway_end; gateway++) {
        const struct hz_gateway *row = hz_registry_gateway(compile->registry, gateway);

        out->gateway_first[gateway] = out->gateway_watch_count;
        if (row)
            watch_gateway(compile, gateway, row, out->gateway_watches);
    }
    out->gateway_first[out->gateway_end] = out->gateway_watch_count;
    return 0;
}

/* Two passes: count, then fill; ascending since points are gone through in ascending order. */
static int compile_points_of(struct compile *compile)
{
    struct hz_ruleset *out = compile->out;
    const struct hz_registry *registry = compile->registry;
    uint32_t *of = hz_arena_take(&out->arena, (out->gateway_end + 2) * sizeof(uint32_t));
    uint32_t total = 0;

    if (!of)
        return -ENOMEM;
    for (uint32_t point = 0; point < out->point_end; point++) {
        const struct hz_point *row = hz_registry_point(registry, point);
        if (row && row->gateway != 0) {
            hz_assert(row->gateway < out->gateway_end);
            of[row->gateway + 2]++; /* two ahead: filling moves each start one place on */
            total++;
        }
    }
    for (uint32_t gateway = 2; gateway < out->gateway_end + 2; gateway++)
        of[gateway] += of[gateway - 1];
    out->gateway_points = hz_arena_take(&out->arena, (size_t)total * sizeof(uint32_t));
    out->gateway_points_of = of;
    if (!out->gateway_points)
        return -ENOMEM;
    for (uint32_t point = 0; point < out->point_end; point++) {
        const struct hz_point *row = hz_registry_point(registry, point);
        if (row && row->gateway != 0)
            out->gateway_points[of[row->gateway + 1]++] = point;
    }
    return 0;
}

int rule__compile_gateways(struct compile *compile)
{
    int error = compile_watches(compile);

    return error < 0 ? error : compile_points_of(compile);
}
