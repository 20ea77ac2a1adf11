/* SPDX-License-Identifier: Apache-2.0
 *
 * What a rule says at a point, in absolute numbers. A limit is the cell of the point's row, else the
 * rule's fallback. A deadband is the level's, else the rule's, else the row's: like a delay, it is
 * the rule's to say and the row's to fill in. What must stay true: of a level that does not exist at
 * the point nothing is left in watch and profile, so that points that are treated alike share one.
 */
#include "compile_priv.h"

#include "hz_clock.h"

#include <math.h>

/* Where the numbers of a point come from. */
struct source {
    struct compile *compile;
    struct compile_rule *rule;
    uint32_t point;
    const struct hz_point_limits *cells;
};

/* Percentages of a span: a limit counts from the low end of the range, a distance does not. */
static bool span(const struct source *from, const struct hz_quantity *quantity, double start,
                 enum hz_level level, const char *what, double *ret_number)
{
    const struct hz_point_limits *cells = from->cells;

    if (isnan(cells->range_low) || isnan(cells->range_high)) {
        rule__fault(from->compile, from->rule, COMPILE_NO_RANGE, level, HZ_NAMED_POINT, from->point,
                    "give the point a range in its row, or write a number",
                    "%s of %s: %g %%span, but the point has no range", what, hz_level_word(level),
                    quantity->number);
        return false;
    }
    *ret_number = start + (cells->range_high - cells->range_low) * quantity->number / 100;
    return true;
}

static bool finite_or_fault(const struct source *from, enum hz_level level, const char *what,
                            double number)
{
    if (isfinite(number))
        return true;
    rule__fault(from->compile, from->rule, COMPILE_NOT_FINITE, level, HZ_NAMED_POINT, from->point,
                NULL, "%s of %s is out of all bounds", what, hz_level_word(level));
    return false;
}

/* NaN: the level does not exist here. */
static bool limit_of(const struct source *from, enum hz_level level, double *ret_limit)
{
    const struct hz_level_config *config = &from->rule->config->levels[level];
    const struct hz_quantity *fallback = &config->fallback;

    *ret_limit = NAN;
    if (!config->given)
        return true;
    if (!isnan(from->cells->limit[level])) {
        *ret_limit = from->cells->limit[level];
    } else if (!fallback->given) {
        return true;
    } else if (fallback->unit != HZ_PERCENT_SPAN) {
        *ret_limit = fallback->number;
    } else if (!span(from, fallback, from->cells->range_low, level, "fallback", ret_limit)) {
        *ret_limit = NAN;
        return false;
    }
    return finite_or_fault(from, level, "limit", *ret_limit);
}

static bool deadband_of(const struct source *from, enum hz_level level, double limit,
                        double *ret_deadband)
{
    const struct hz_quantity *own = &from->rule->config->levels[level].deadband;
    const struct hz_quantity *quantity = own->given ? own : &from->rule->config->deadband;

    if (!quantity->given)
        *ret_deadband = isnan(from->cells->deadband) ? 0 : from->cells->deadband;
    else if (quantity->unit == HZ_PERCENT_LIMIT)
        *ret_deadband = fabs(limit) * quantity->number / 100;
    else if (quantity->unit == HZ_ABSOLUTE)
        *ret_deadband = quantity->number;
    else if (!span(from, quantity, 0, level, "deadband", ret_deadband))
        return false;
    return finite_or_fault(from, level, "deadband", *ret_deadband);
}

static bool level_numbers(const struct source *from, enum hz_level level, struct rule__watch *watch,
                          struct rule__profile *profile)
{
    const struct hz_level_config *config = &from->rule->config->levels[level];
    double limit, deadband;

    watch->limit[level - 1] = NAN;
    if (!limit_of(from, level, &limit))
        return false;
    if (isnan(limit))
        return true;
    if (!deadband_of(from, level, limit, &deadband))
        return false;
    watch->limit[level - 1] = limit;
    profile->deadband[level] = deadband;
    profile->on_delay_ns[level] = config->delay_given          ? config->delay_ns
                                  : from->cells->delay_ns >= 0 ? from->cells->delay_ns
                                                               : 0;
    profile->off_delay_ns[level] = config->clear_delay_ns;
    profile->severity[level] = (uint8_t)config->severity;
    return true;
}

/* LL < L < H < HH among the levels that exist. */
static bool in_order(const struct source *from, const struct rule__watch *watch)
{
    enum hz_level below = HZ_LEVEL_NONE;

    for (enum hz_level level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++) {
        if (isnan(watch->limit[level - 1]))
            continue;
        if (below != HZ_LEVEL_NONE && watch->limit[below - 1] >= watch->limit[level - 1]) {
            rule__fault(from->compile, from->rule, COMPILE_ORDER, level, HZ_NAMED_POINT,
                        from->point, "the order is LL < L < H < HH, row and fallbacks together",
                        "%s (%.10g) is not below %s (%.10g)", hz_level_word(below),
                        watch->limit[below - 1], hz_level_word(level), watch->limit[level - 1]);
            return false;
        }
        below = level;
    }
    return true;
}

bool rule__numbers(struct compile *compile, struct compile_rule *rule, uint32_t point,
                   struct rule__watch *watch, struct rule__profile *profile)
{
    const struct hz_rule_config *config = rule->config;
    struct source from = {compile, rule, point, hz_registry_limits(compile->registry, point)};
    const struct hz_point *row = hz_registry_point(compile->registry, point);
    bool good = true, any = config->invalid_given || config->stale_given;

    *watch = (struct rule__watch){.rule = rule->rule};
    memset(profile, 0, sizeof(*profile));
    profile->rule = rule->rule;
    profile->mode = row->mode == HZ_MODE_TRIAL ? HZ_MODE_TRIAL : (uint8_t)config->mode;
    profile->domain = (uint8_t)config->domain;
    if (config->invalid_given) {
        profile->invalid_severity = (uint8_t)config->invalid_severity;
        profile->invalid_after_ns = config->invalid_after_ns;
    }
    if (config->stale_given)
        profile->stale_severity = (uint8_t)config->stale_severity;
    for (enum hz_level level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++) {
        good &= level_numbers(&from, level, watch, profile);
        any |= !isnan(watch->limit[level - 1]);
    }
    return good && in_order(&from, watch) && any;
}

/* --- staleness --- */

int64_t rule__intervals_ns(double intervals, uint32_t interval_ms)
{
    return (int64_t)(intervals * (double)interval_ms) * HZ_NS_PER_MS;
}

static uint32_t stored_ms(int64_t ns)
{
    return ns / HZ_NS_PER_MS < UINT32_MAX ? (uint32_t)(ns / HZ_NS_PER_MS) : UINT32_MAX;
}

/* 0: the rules of the mode do not say. */
static int64_t patience_ns(const struct compile *compile, const struct hz_point *row, size_t count,
                           bool live)
{
    for (size_t i = 0; i < count; i++) {
        const struct hz_rule_config *config = compile->selected[i]->config;
        const struct hz_patience *after = &config->stale_after;

        if ((config->mode == HZ_MODE_LIVE) != live || !config->stale_given || !after->given)
            continue;
        if (after->intervals <= 0)
            return after->ns;
        if (row->interval_ms > 0)
            return rule__intervals_ns(after->intervals, row->interval_ms);
    }
    return 0;
}

/* The row's own, else the live rule's, else a trial rule's, else three intervals. */
uint32_t rule__stale_after_ms(const struct compile *compile, const struct hz_point *row,
                              size_t count)
{
    int64_t ns;

    if (row->stale_after_ms > 0)
        return row->stale_after_ms;
    ns = patience_ns(compile, row, count, true);
    if (ns == 0)
        ns = patience_ns(compile, row, count, false);
    if (ns == 0)
        ns = rule__intervals_ns(3, row->interval_ms);
    return stored_ms(ns);
}
