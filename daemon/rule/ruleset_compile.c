/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiler: point by point in ascending id, so that the watches of a point lie together and those
 * of neighbours near. All faults of all rules are reported before it gives up. What must stay true: a
 * set that compiles has at most one rule of a mode for each side of a point.
 */
#include "compile_priv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool has_side(const struct rule__watch *watch, const struct rule__profile *profile,
                     enum hz_side side)
{
    switch (side) {
    case HZ_SIDE_LOW:
        return !isnan(watch->limit[HZ_LEVEL_LL - 1]) || !isnan(watch->limit[HZ_LEVEL_L - 1]);
    case HZ_SIDE_HIGH:
        return !isnan(watch->limit[HZ_LEVEL_H - 1]) || !isnan(watch->limit[HZ_LEVEL_HH - 1]);
    case HZ_SIDE_INVALID:
        return profile->invalid_severity != HZ_SEVERITY_NONE;
    case HZ_SIDE_STALE:
        return profile->stale_severity != HZ_SEVERITY_NONE;
    case HZ_SIDE_SYSTEM:
    case HZ_SIDE_END:
        break;
    }
    return false;
}

/* The place of a side in its rule. */
static enum hz_level level_of_side(const struct hz_rule_config *config, enum hz_side side)
{
    if (side == HZ_SIDE_LOW)
        return config->levels[HZ_LEVEL_L].given ? HZ_LEVEL_L : HZ_LEVEL_LL;
    if (side == HZ_SIDE_HIGH)
        return config->levels[HZ_LEVEL_H].given ? HZ_LEVEL_H : HZ_LEVEL_HH;
    return HZ_LEVEL_NONE;
}

/* Which rule of each mode has which side of the point at hand: id, 0 = none. */
struct sides {
    uint32_t taken[HZ_MODE_END][HZ_SIDE_END];
};

static bool take_sides(struct compile *compile, struct compile_rule *rule, uint32_t point,
                       struct sides *sides, const struct rule__watch *watch,
                       const struct rule__profile *profile)
{
    bool good = true;

    for (enum hz_side side = HZ_SIDE_LOW; side <= HZ_SIDE_STALE; side++) {
        uint32_t *taken = &sides->taken[rule->config->mode][side];

        if (!has_side(watch, profile, side))
            continue;
        if (*taken != 0) {
            rule__fault(compile, rule, COMPILE_TWICE, level_of_side(rule->config, side),
                        HZ_NAMED_POINT, point,
                        "narrow `select` of one of them, or make one mode: trial",
                        "the rule %s watches its side %s too",
                        hz_set_rule(compile->set, *taken)->id, hz_side_word(side));
            good = false;
        }
        *taken = rule->rule;
    }
    return good;
}

static int add_watch(struct compile *compile, struct rule__watch *watch,
                     const struct rule__profile *profile)
{
    struct hz_ruleset *out = compile->out;

    if (out->watch_count == compile->watch_capacity) {
        uint32_t capacity = compile->watch_capacity + compile->watch_capacity / 2 + 64;
        void *watches = realloc(out->watches, (size_t)capacity * sizeof(*out->watches));

        if (!watches)
            return -ENOMEM;
        out->watches = watches;
        compile->watch_capacity = capacity;
    }
    int error = rule__profile_intern(&compile->profiles, profile, &watch->profile);
    if (error == 0)
        out->watches[out->watch_count++] = *watch;
    return error;
}

static bool has_limit(const struct rule__watch *watch)
{
    bool any = false;

    for (int i = 0; i < 4; i++)
        any |= !isnan(watch->limit[i]);
    return any;
}

static void count_kind(struct compile *compile, uint16_t word, uint32_t point, bool limited)
{
    struct compile_kind *kind = &compile->kinds[word];

    kind->points++;
    if (!limited && kind->unlimited++ == 0)
        kind->first_unlimited = point;
}

static int compile_point(struct compile *compile, uint32_t point, const struct hz_point *row)
{
    size_t count = rule__select(compile, point, row);
    struct sides sides = {0};
    bool limited = false;

    for (size_t i = 0; i < count; i++) {
        struct compile_rule *rule = compile->selected[i];
        struct rule__watch watch;
        struct rule__profile profile;

        rule->selected++;
        if (!rule__numbers(compile, rule, point, &watch, &profile) ||
            !take_sides(compile, rule, point, &sides, &watch, &profile))
            continue;
        limited |= has_limit(&watch);
        int error = add_watch(compile, &watch, &profile);
        if (error < 0)
            return error;
    }
    compile->out->points[point].stale_after_ms = rule__stale_after_ms(compile, row, count);
    count_kind(compile, row->kind, point, limited);
    return 0;
}

static int compile_points(struct compile *compile)
{
    struct hz_ruleset *out = compile->out;

    out->point_end = hz_registry_point_end(compile->registry);
    out->points = hz_arena_take(&out->arena, ((size_t)out->point_end + 1) * sizeof(*out->points));
    compile->watch_capacity = hz_registry_point_total(compile->registry);
    out->watches = malloc(((size_t)compile->watch_capacity + 1) * sizeof(*out->watches));
    if (!out->points || !out->watches)
        return -ENOMEM;
    for (uint32_t point = 0; point < out->point_end; point++) {
        const struct hz_point *row = hz_registry_point(compile->registry, point);
        int error = 0;

        out->points[point].first_watch = out->watch_count;
        if (row)
            error = compile_point(compile, point, row);
        if (error < 0)
            return error;
    }
    out->points[out->point_end].first_watch = out->watch_count;
    return 0;
}

static int prepare(struct compile *compile)
{
    const struct hz_set *set = compile->set;
    struct hz_arena *scratch = &compile->scratch;
    size_t most = set->config->rule_count + (size_t)1;

    compile->rules = hz_arena_take(scratch, most * sizeof(*compile->rules));
    compile->selected = hz_arena_take(scratch, most * sizeof(struct compile_rule *));
    if (!compile->rules || !compile->selected)
        return -ENOMEM;
    for (uint32_t id = 1; id < set->rule_of_end; id++) {
        const struct hz_rule_config *config = hz_set_rule(set, id);
        if (config)
            compile->rules[compile->rule_count++] =
                (struct compile_rule){.config = config, .rule = id};
    }
    return rule__select_prepare(compile);
}

/* Gives back what the growing took too much. */
static void trim(struct compile *compile)
{
    struct hz_ruleset *out = compile->out;
    void *watches = realloc(out->watches, ((size_t)out->watch_count + 1) * sizeof(*out->watches));
    void *profiles;

    if (watches)
        out->watches = watches;
    out->profile_count = compile->profiles.count;
    profiles =
        realloc(compile->profiles.list, ((size_t)out->profile_count + 1) * sizeof(*out->profiles));
    out->profiles = profiles ? profiles : compile->profiles.list;
    compile->profiles.list = NULL;
}

static int compile_all(struct compile *compile)
{
    uint64_t errors_before = compile->diagnostics->errors;
    int error = prepare(compile);

    if (error == 0)
        error = compile_points(compile);
    if (error == 0)
        error = rule__compile_gateways(compile);
    if (error < 0)
        return error;
    rule__fault_sums(compile);
    trim(compile);
    return compile->diagnostics->errors > errors_before ? HZ_ECONFIG : 0;
}

int hz_ruleset_compile(struct hz_set *set, struct hz_diagnostics *diagnostics,
                       struct hz_ruleset **ret_ruleset)
{
    struct hz_ruleset *out = calloc(1, sizeof(*out));
    struct compile compile = {
        .set = set,
        .registry = set->registry,
        .names = hz_registry_names(set->registry),
        .diagnostics = diagnostics,
        .out = out,
    };

    if (!out)
        return -ENOMEM;
    hz_arena_init(&out->arena);
    hz_arena_init(&compile.scratch);
    out->set = hz_set_ref(set);
    out->gateway_end = hz_registry_gateway_end(set->registry);
    int error = compile_all(&compile);
    hz_arena_done(&compile.scratch);
    free(compile.profiles.list);
    free(compile.profiles.slots);
    if (error < 0) {
        hz_ruleset_free(out);
        return error;
    }
    *ret_ruleset = out;
    return 0;
}
