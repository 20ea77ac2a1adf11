/* SPDX-License-Identifier: Apache-2.0
 *
 * What watches a point, number by number, each with the file and line that it comes from: the cell of
 * the point's row, or the rule. What must stay true: numbers are those of the compiled set, not worked
 * out anew here; only their origin is, by the order that the compiler has (ruleset_numbers.c).
 */
#include "ctl_explain.h"

#include "hz_clock.h"

#include <math.h>
#include <stdlib.h>

/* A point, and one rule of it. */
struct origin {
    const struct ctl_compiled *compiled;
    uint32_t point; /* its id */
    const struct hz_point *row;
    const struct hz_point_limits *cells;
    char row_at[256];
    const struct hz_rule_config *rule;
    char rule_at[256];
    struct hz_limit_view view;
};

static void place(char *to, size_t size, const char *file, uint32_t line)
{
    (void)snprintf(to, size, "%s:%u", file ? file : "", line);
}

static void set(json_t *row, const char *name, json_t *value)
{
    (void)json_object_set_new(row, name, value); /* without memory it is shown as missing */
}

static void set_text(json_t *row, const char *name, const char *text)
{
    if (text && *text)
        set(row, name, json_string(text));
}

static json_t *row_of(const struct origin *from, const char *level, enum hz_severity severity)
{
    json_t *row = json_object();
    char revision[16];

    set_text(row, "what", "limit");
    set_text(row, "rule", from->rule->id);
    set_text(row, "mode",
             hz_mode_word(from->row->mode == HZ_MODE_TRIAL ? HZ_MODE_TRIAL : from->rule->mode));
    set_text(row, "level", level);
    set_text(row, "sev", hz_severity_word(severity));
    set_text(row, "rule_at", from->rule_at);
    (void)snprintf(revision, sizeof(revision), "%08x", from->rule->revision);
    set_text(row, "rule_rev", revision);
    return row;
}

static json_t *milliseconds(int64_t ns)
{
    return json_integer(ns / HZ_NS_PER_MS);
}

static void add_level(struct ctl_explain *explain, const struct origin *from, enum hz_level level)
{
    const struct hz_level_config *config = &from->rule->levels[level];
    bool own_limit = !isnan(from->cells->limit[level]);
    bool rule_deadband = config->deadband.given || from->rule->deadband.given;
    json_t *row;
    char level_at[256];

    if (isnan(from->view.limit[level]))
        return;
    place(level_at, sizeof(level_at), config->file, config->line);
    row = row_of(from, hz_level_word(level), from->view.severity[level]);
    set(row, "limit", json_real(from->view.limit[level]));
    set_text(row, "limit_at", own_limit ? from->row_at : level_at);
    set(row, "deadband", json_real(from->view.deadband[level]));
    set_text(row, "deadband_at",
             config->deadband.given         ? level_at
             : rule_deadband                ? from->rule_at
             : isnan(from->cells->deadband) ? ""
                                            : from->row_at);
    set(row, "delay_ms", milliseconds(from->view.on_delay_ns[level]));
    set_text(row, "delay_at",
             config->delay_given          ? level_at
             : from->cells->delay_ns >= 0 ? from->row_at
                                          : "");
    set(row, "clear_delay_ms", milliseconds(from->view.off_delay_ns[level]));
    set_text(row, "rule_at", level_at);
    (void)json_array_append_new(explain->limits, row);
}

/* The rule that says how long silence may last: a live one before a trial one; NULL: none does. */
static const struct hz_rule_config *patient_rule(const struct origin *from)
{
    const struct hz_set *set_of = from->compiled->set;
    const struct hz_rule_config *trial = NULL;
    struct hz_limit_view unused;

    for (uint32_t i = 0; i < set_of->config->rule_count; i++) {
        const struct hz_rule_config *rule = &set_of->config->rules[i];
        const struct hz_patience *after = &rule->stale_after;

        if (!rule->stale_given || !after->given ||
            (after->intervals > 0 && from->row->interval_ms == 0) ||
            !hz_ruleset_limits(from->compiled->ruleset, from->point, set_of->rule_ids[i], &unused))
            continue;
        if (rule->mode == HZ_MODE_LIVE)
            return rule;
        trial = trial ? trial : rule;
    }
    return trial;
}

/* The point's own cell, a rule, three intervals of the row, the feed's default. */
static void add_stale(struct ctl_explain *explain, const struct origin *from)
{
    const struct hz_rule_config *patient = patient_rule(from);
    const char *at = from->row_at;
    char patient_at[256];
    json_t *row;

    if (!from->view.stale)
        return;
    if (from->row->stale_after_ms == 0 && patient) {
        place(patient_at, sizeof(patient_at), patient->file, patient->line);
        at = patient_at;
    } else if (from->row->stale_after_ms == 0 && from->row->interval_ms == 0) {
        at = "hazardd.yaml";
    }
    row = row_of(from, "stale", from->rule->stale_severity);
    set(row, "delay_ms", milliseconds(from->view.stale_after_ns));
    set_text(row, "delay_at", at);
    (void)json_array_append_new(explain->limits, row);
}

static void add_invalid(struct ctl_explain *explain, const struct origin *from)
{
    json_t *row;

    if (!from->view.invalid)
        return;
    row = row_of(from, "invalid", from->rule->invalid_severity);
    set(row, "delay_ms", milliseconds(from->rule->invalid_after_ns));
    set_text(row, "delay_at", from->rule_at);
    (void)json_array_append_new(explain->limits, row);
}

static void add_rules(struct ctl_explain *explain, struct origin *from)
{
    const struct hz_set *set_of = from->compiled->set;

    for (uint32_t i = 0; i < set_of->config->rule_count; i++) {
        from->rule = &set_of->config->rules[i];
        if (explain->rule && strcmp(explain->rule, from->rule->id) != 0)
            continue;
        if (!hz_ruleset_limits(from->compiled->ruleset, from->point, set_of->rule_ids[i],
                               &from->view))
            continue;
        place(from->rule_at, sizeof(from->rule_at), from->rule->file, from->rule->line);
        for (enum hz_level level = HZ_LEVEL_END - 1; level > HZ_LEVEL_NONE; level--)
            add_level(explain, from, level);
        add_stale(explain, from);
        add_invalid(explain, from);
    }
}

static const char *key_of(const struct ctl_compiled *compiled, enum hz_named_kind kind, uint32_t id)
{
    return hz_names_key(compiled->names, kind, id).at;
}

static void put_gateway(json_t *point, const struct ctl_compiled *compiled,
                        const struct hz_point *row)
{
    const struct hz_registry *registry = compiled->set->registry;
    const struct hz_gateway *gateway = hz_registry_gateway(registry, row->gateway);

    if (!gateway)
        return;
    set_text(point, "gateway", key_of(compiled, HZ_NAMED_GATEWAY, row->gateway));
    set_text(point, "gateway_name", hz_registry_string(registry, gateway->name));
    set_text(point, "gateway_feed", key_of(compiled, HZ_NAMED_FEED, gateway->feed));
    set_text(point, "alive_by", row->alive_by == HZ_ALIVE_BY_GATEWAY ? "gateway" : "reading");
}

static void put_point(struct ctl_explain *explain, const struct origin *from)
{
    const struct ctl_compiled *compiled = from->compiled;
    const struct hz_registry *registry = compiled->set->registry;
    const struct hz_hazard *hazard = hz_registry_hazard(registry, from->row->hazard);
    const struct hz_enterprise *enterprise =
        hazard ? hz_registry_enterprise(registry, hazard->enterprise) : NULL;
    json_t *point = explain->point;

    set_text(point, "what", "point");
    set_text(point, "point", explain->key);
    set_text(point, "name", hz_registry_string(registry, from->row->name));
    set_text(point, "tag", hz_registry_string(registry, from->row->tag));
    set_text(point, "kind", hz_registry_word(registry, from->row->kind));
    set_text(point, "unit", hz_registry_word(registry, from->row->unit));
    set_text(point, "mode", hz_mode_word(from->row->mode));
    if (!isnan(from->cells->range_low) && !isnan(from->cells->range_high)) {
        set(point, "range_low", json_real(from->cells->range_low));
        set(point, "range_high", json_real(from->cells->range_high));
    }
    set_text(point, "hazard", key_of(compiled, HZ_NAMED_HAZARD, from->row->hazard));
    set_text(point, "hazard_name", hazard ? hz_registry_string(registry, hazard->name) : "");
    set_text(point, "enterprise_name",
             enterprise ? hz_registry_string(registry, enterprise->name) : "");
    if (from->row->interval_ms > 0)
        set(point, "interval_ms", json_integer(from->row->interval_ms));
    put_gateway(point, compiled, from->row);
    set_text(point, "row_at", from->row_at);
}

bool ctl_explain_point(struct ctl_explain *explain, const struct ctl_compiled *compiled)
{
    const struct hz_registry *registry = compiled->set->registry;
    uint32_t id =
        hz_names_find(compiled->names, HZ_NAMED_POINT, explain->key, strlen(explain->key));
    struct origin from = {
        .compiled = compiled, .point = id, .row = hz_registry_point(registry, id)};
    struct hz_registry_place row_place;

    if (id == 0 || !from.row)
        return false;
    from.cells = hz_registry_limits(registry, id);
    row_place = hz_registry_point_place(registry, id);
    place(from.row_at, sizeof(from.row_at), row_place.file, row_place.line);
    if (!explain->point)
        explain->point = json_object();
    put_point(explain, &from);
    add_rules(explain, &from);
    return true;
}
