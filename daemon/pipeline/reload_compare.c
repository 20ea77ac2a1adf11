/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between the set in force and another one, for a person who decides about it: points and
 * rules that come and go, limits and delays old -> new. What must stay true: everything is counted, also
 * what finds no room among the lines; a point is on the list when its alarms may be touched.
 */
#include "reload_priv.h"

#include "hz_clock.h"
#include "hz_registry.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define LINE_BYTES 2048u

struct compare {
    struct pipeline_reload *reload;
    const struct hz_ruleset *before, *after;
    const struct hz_set *set_before, *set_after;
    const struct hz_names *names;
    uint32_t point_lines, rule_lines, limit_lines, option_lines;
    char buffer[LINE_BYTES];
};

/* --- lines --- */

static struct hz_text begin_line(struct compare *c, const char *what, const char *change)
{
    struct hz_text line = hz_text_in(c->buffer, sizeof(c->buffer));

    hz_text_format(&line, "{\"what\":\"%s\",\"change\":\"%s\"", what, change);
    return line;
}

static void put_key(const struct compare *c, struct hz_text *line, const char *name,
                    enum hz_named_kind kind, uint32_t id)
{
    struct hz_slice key = hz_names_key(c->names, kind, id);

    hz_text_format(line, ",\"%s\":", name);
    hz_text_json(line, key.at ? key : hz_slice(""));
}

static void end_line(struct compare *c, struct hz_text *line, uint32_t *lines)
{
    hz_text_puts(line, "}");
    if ((*lines)++ < RELOAD_LINES_MAX)
        reload__line(c->reload, line);
}

static void say_point(struct compare *c, const char *change, uint32_t point)
{
    struct hz_text line = begin_line(c, "point", change);

    put_key(c, &line, "point", HZ_NAMED_POINT, point);
    end_line(c, &line, &c->point_lines);
}

/* --- rules --- */

static void say_rule(struct compare *c, const char *change, uint32_t rule)
{
    struct hz_text line = begin_line(c, "rule", change);

    put_key(c, &line, "rule", HZ_NAMED_RULE, rule);
    end_line(c, &line, &c->rule_lines);
}

static void compare_rules(struct compare *c)
{
    uint32_t before = c->set_before->rule_of_end, after = c->set_after->rule_of_end;

    for (uint32_t rule = 1; rule < (before > after ? before : after); rule++) {
        bool was = hz_set_rule(c->set_before, rule), is = hz_set_rule(c->set_after, rule);
        if (was == is)
            continue;
        say_rule(c, is ? "added" : "removed", rule);
        c->reload->counts.rules_added += is;
        c->reload->counts.rules_removed += was;
    }
}

/* --- limits --- */

enum item_kind { ITEM_NUMBER, ITEM_NS, ITEM_SEVERITY, ITEM_FLAG };

struct item {
    const char *name;
    enum hz_level level; /* NONE: of the rule as a whole */
    enum item_kind kind;
    double before, after;
};

static void put_value(struct hz_text *line, enum item_kind kind, double value)
{
    if (isnan(value))
        hz_text_puts(line, "null");
    else if (kind == ITEM_SEVERITY)
        hz_text_format(line, "\"%s\"", hz_severity_word((enum hz_severity)value));
    else if (kind == ITEM_FLAG)
        hz_text_puts(line, value != 0 ? "true" : "false");
    else
        hz_text_format(line, "%.12g", kind == ITEM_NS ? value / (double)HZ_NS_PER_MS : value);
}

static void look_at(struct compare *c, uint32_t point, uint32_t rule, const struct item *item)
{
    if (item->before == item->after || (isnan(item->before) && isnan(item->after)))
        return;
    struct hz_text line = begin_line(c, "limit", "changed");
    put_key(c, &line, "point", HZ_NAMED_POINT, point);
    put_key(c, &line, "rule", HZ_NAMED_RULE, rule);
    hz_text_format(&line, ",\"item\":\"%s%s%s\",\"before\":", item->name, item->level ? " " : "",
                   item->level ? hz_level_word(item->level) : "");
    put_value(&line, item->kind, item->before);
    hz_text_puts(&line, ",\"after\":");
    put_value(&line, item->kind, item->after);
    end_line(c, &line, &c->limit_lines);
    c->reload->counts.limits_changed++;
}

static void compare_level(struct compare *c, uint32_t point, uint32_t rule, enum hz_level level,
                          const struct hz_limit_view *a, const struct hz_limit_view *b)
{
    struct item items[] = {
        {"limit", level, ITEM_NUMBER, a->limit[level], b->limit[level]},
        {"deadband", level, ITEM_NUMBER, a->deadband[level], b->deadband[level]},
        {"on-delay", level, ITEM_NS, (double)a->on_delay_ns[level], (double)b->on_delay_ns[level]},
        {"off-delay", level, ITEM_NS, (double)a->off_delay_ns[level],
         (double)b->off_delay_ns[level]},
        {"severity", level, ITEM_SEVERITY, a->severity[level], b->severity[level]},
    };
    bool there = !isnan(a->limit[level]) && !isnan(b->limit[level]);

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        if (i == 0 || there) /* a level that comes or goes is one change */
            look_at(c, point, rule, &items[i]);
}

static const struct hz_limit_view no_view = {.limit = {NAN, NAN, NAN, NAN, NAN}};

static void compare_watch(struct compare *c, uint32_t point, uint32_t rule)
{
    struct hz_limit_view a = no_view, b = no_view;
    bool was = hz_ruleset_limits(c->before, point, rule, &a);
    bool is = hz_ruleset_limits(c->after, point, rule, &b);

    for (enum hz_level level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++)
        compare_level(c, point, rule, level, &a, &b);
    look_at(c, point, rule,
            &(struct item){"invalid", HZ_LEVEL_NONE, ITEM_FLAG, a.invalid, b.invalid});
    look_at(c, point, rule, &(struct item){"stale", HZ_LEVEL_NONE, ITEM_FLAG, a.stale, b.stale});
    if (was && is)
        look_at(c, point, rule,
                &(struct item){"stale-after", HZ_LEVEL_NONE, ITEM_NS, (double)a.stale_after_ns,
                               (double)b.stale_after_ns});
}

#define RULES_OF_A_POINT 64u /* more are counted as points that changed, and not gone into */

static void compare_watches(struct compare *c, uint32_t point)
{
    uint32_t rules[2 * RULES_OF_A_POINT];
    uint32_t count = hz_ruleset_rules(c->before, point, rules, RULES_OF_A_POINT);
    uint32_t more = hz_ruleset_rules(c->after, point, rules + count, RULES_OF_A_POINT);

    for (uint32_t i = 0; i < count + more; i++) {
        bool again = false;
        for (uint32_t k = 0; i >= count && k < count; k++)
            again |= rules[k] == rules[i];
        if (!again)
            compare_watch(c, point, rules[i]);
    }
}

/* --- points --- */

static bool list_point(struct compare *c, uint32_t point, uint32_t *capacity)
{
    struct pipeline_reload *reload = c->reload;

    if (reload->point_count == *capacity) {
        uint32_t more = *capacity ? 2 * *capacity : 1024;
        uint32_t *grown = realloc(reload->points, more * sizeof(*grown));
        if (!grown)
            return false;
        reload->points = grown;
        *capacity = more;
    }
    reload->points[reload->point_count++] = point;
    return true;
}

static void compare_point(struct compare *c, uint32_t point, bool was, bool is)
{
    struct reload_counts *counts = &c->reload->counts;

    counts->points_added += is && !was;
    counts->points_removed += was && !is;
    counts->points_changed += was && is;
    if (was != is)
        say_point(c, is ? "added" : "removed", point);
    else
        compare_watches(c, point);
}

static int compare_points(struct compare *c)
{
    const struct hz_registry *before = c->set_before->registry, *after = c->set_after->registry;
    uint32_t end = hz_registry_point_end(before), end_after = hz_registry_point_end(after);
    uint32_t capacity = 0;
    bool same_defaults = hz_ruleset_same_defaults(c->before, c->after);

    end = end > end_after ? end : end_after;
    for (uint32_t point = 1; point < end; point++) {
        bool was = hz_registry_point(before, point), is = hz_registry_point(after, point);
        bool same = was == is && (!is || hz_ruleset_same(c->before, c->after, point));
        if (same && (!is || same_defaults))
            continue;
        if (!same)
            compare_point(c, point, was, is);
        if (!list_point(c, point, &capacity))
            return -ENOMEM;
    }
    return 0;
}

/* --- options --- */

static void say_option(struct compare *c, const char *path, bool restart)
{
    struct hz_text line = begin_line(c, "option", "changed");

    hz_text_puts(&line, ",\"option\":");
    hz_text_json(&line, hz_slice(path));
    hz_text_format(&line, ",\"needs_restart\":%s", restart ? "true" : "false");
    end_line(c, &line, &c->option_lines);
    c->reload->counts.options_changed++;
    c->reload->counts.need_restart += restart;
}

static void live_option(void *ctx, const char *path, bool restart)
{
    if (!restart)
        say_option(ctx, path, false);
}

static void restart_option(void *ctx, const char *path, bool restart)
{
    if (restart)
        say_option(ctx, path, true);
}

int reload__compare(struct pipeline_reload *reload, const struct hz_ruleset *before,
                    const struct hz_config *at_start)
{
    struct compare c = {.reload = reload,
                        .before = before,
                        .after = reload->ruleset,
                        .set_before = hz_ruleset_set(before),
                        .set_after = hz_ruleset_set(reload->ruleset)};

    c.names = hz_registry_names(c.set_after->registry);
    hz_config_differ(c.set_before->config, c.set_after->config, live_option, &c);
    hz_config_differ(at_start, c.set_after->config, restart_option, &c);
    compare_rules(&c);
    return compare_points(&c);
}

void reload__options(struct pipeline_reload *reload, const struct hz_set *in_force,
                     const struct hz_config *at_start)
{
    struct compare c = {.reload = reload};

    hz_config_differ(at_start, in_force->config, restart_option, &c);
}
