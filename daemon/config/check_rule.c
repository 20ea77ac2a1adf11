/* SPDX-License-Identifier: Apache-2.0
 *
 * What no single value shows of a rule: that it watches something, that its parts belong together,
 * that its own limits stand in order. Limits from points.csv are compared by the rule compiler.
 */
#include "config_priv.h"

#define LEVELS(i) for (unsigned i = HZ_LEVEL_LL; i < HZ_LEVEL_END; i++)

static bool has_limits(const struct hz_rule_config *rule)
{
    bool any = false;

    LEVELS(i)
    any |= rule->levels[i].given;
    return any;
}

static const struct config_node *level_node(const struct config_node *map, unsigned level,
                                            const char *key)
{
    const struct config_node *limits = config__entry(map, "limits");
    const struct config_node *node = limits ? config__entry(limits, hz_level_word(level)) : NULL;

    return node ? config__place(node, key) : map;
}

/* LL < L < H < HH among fallbacks of one unit; each is compared with the next that can be. */
static void check_order(struct config_reader *reader, const struct config_node *map,
                        const struct hz_rule_config *rule)
{
    LEVELS(i)
    {
        const struct hz_quantity *low = &rule->levels[i].fallback, *high = NULL;
        unsigned j = i + 1;

        for (; j < HZ_LEVEL_END; j++) {
            high = &rule->levels[j].fallback;
            if (high->given && high->unit == low->unit)
                break;
        }
        if (low->given && j < HZ_LEVEL_END && low->number >= high->number)
            CONFIG_WRONG(reader, level_node(map, i, "fallback"), "the order is LL < L < H < HH",
                         "fallback of %s (%g) is not below that of %s (%g)", hz_level_word(i),
                         low->number, hz_level_word(j), high->number);
    }
}

static void check_levels(struct config_reader *reader, const struct config_node *map,
                         const struct hz_rule_config *rule)
{
    static const struct {
        unsigned inner, outer;
    } sides[] = {{HZ_LEVEL_H, HZ_LEVEL_HH}, {HZ_LEVEL_L, HZ_LEVEL_LL}};

    LEVELS(i)
    if (rule->levels[i].fallback.given && rule->levels[i].fallback.unit == HZ_PERCENT_LIMIT)
        CONFIG_WRONG(reader, level_node(map, i, "fallback"), "write a number, or 90 %span",
                     "fallback: a limit can not be a percentage of itself");
    for (size_t i = 0; i < 2; i++) {
        const struct hz_level_config *inner = &rule->levels[sides[i].inner];
        const struct hz_level_config *outer = &rule->levels[sides[i].outer];

        if (inner->given && outer->given && outer->severity > 0 &&
            inner->severity > outer->severity)
            CONFIG_WRONG(reader, level_node(map, sides[i].outer, "severity"), NULL,
                         "%s is less severe than %s", hz_level_word(sides[i].outer),
                         hz_level_word(sides[i].inner));
    }
}

/* Keys that mean nothing beside the others are faults: someone believes that they do. */
static void refuse(struct config_reader *reader, const struct config_node *map,
                   const char *const *keys, const char *why, const char *hint)
{
    for (; *keys; keys++) {
        const struct config_node *entry = config__entry(map, *keys);

        if (entry)
            CONFIG_WRONG(reader, entry->key, hint, "%s: %s", *keys, why);
    }
}

static void check_gateway(struct config_reader *reader, const struct config_node *map,
                          const struct hz_rule_config *rule)
{
    static const char *const of_points[] = {"limits", "deadband", "invalid", "stale", NULL};
    static const char *const of_selects[] = {"kind",  "tag",          "hazard",
                                             "point", "hazard_level", NULL};
    const struct config_node *select = config__entry(map, "select");

    refuse(reader, map, of_points, "a gateway has no values", "make it a rule without `each`");
    if (select)
        refuse(reader, select, of_selects, "gateways are not selected by it",
               "gateways have enterprise, park and district");
    if (!config__entry(map, "silent"))
        CONFIG_WRONG(reader, config__place(map, "each"),
                     "write silent: {after: {intervals: 3, at_least: 60s, at_most: 10min}}",
                     "each: gateway needs silent");
    if (!config__entry(map, "severity"))
        CONFIG_WRONG(reader, config__place(map, "each"), "write severity: orange",
                     "each: gateway needs severity");
    if (rule->silent_at_least_ns > rule->silent_at_most_ns) {
        const struct config_node *silent = config__entry(map, "silent");
        const struct config_node *after = silent ? config__entry(silent, "after") : NULL;

        CONFIG_WRONG(reader, after ? config__place(after, "at_least") : map, NULL,
                     "at_least is longer than at_most");
    }
}

static void check_points(struct config_reader *reader, const struct config_node *map,
                         const struct hz_rule_config *rule)
{
    static const char *const of_gateways[] = {"silent", NULL};
    static const char *const of_levels[] = {"severity", NULL};
    static const char *const of_limits[] = {"deadband", NULL};

    refuse(reader, map, of_gateways, "only with each: gateway", "write each: gateway beside it");
    refuse(reader, map, of_levels, "only with each: gateway",
           "each limit, invalid and stale have their own severity");
    if (has_limits(rule)) {
        check_levels(reader, map, rule);
        check_order(reader, map, rule);
    } else if (config__entry(map, "limits") == NULL) {
        refuse(reader, map, of_limits, "there are no limits", "write limits: {HH: ..., H: ...}");
    }
    if (!has_limits(rule) && !rule->invalid_given && !rule->stale_given)
        CONFIG_WRONG(reader, map, "write limits, invalid or stale", "the rule watches nothing");
}

void config__check_rule(struct config_reader *reader, const struct config_node *map, void *thing)
{
    struct hz_rule_config *rule = thing;

    if (rule->each_gateway) {
        rule->silent_after.given = true;
        check_gateway(reader, map, rule);
    } else if (!config__entry(map, "each")) {
        check_points(reader, map, rule);
    }
    if (!rule->name_zh)
        rule->name_zh = rule->name_en ? rule->name_en : rule->id;
    if (!rule->name_en)
        rule->name_en = rule->name_zh;
}
