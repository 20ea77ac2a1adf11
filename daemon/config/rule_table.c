/* SPDX-License-Identifier: Apache-2.0
 *
 * Every key of a rule file, once, and the keys that only a later release will know. `limits`,
 * `invalid`, `stale` and `silent` are sections of their own; a rule is for points, or with
 * `each: gateway` for gateways.
 */
#include "config_priv.h"

#include "hz_clock.h"

#define S HZ_NS_PER_S
#define D (86400 * S)

static const struct config_word severities[] = {{"red", HZ_SEVERITY_RED},
                                                {"orange", HZ_SEVERITY_ORANGE},
                                                {"yellow", HZ_SEVERITY_YELLOW},
                                                {"blue", HZ_SEVERITY_BLUE},
                                                {NULL, 0}};
static const struct config_word domains[] = {
    {"safety", HZ_DOMAIN_SAFETY}, {"env", HZ_DOMAIN_ENV}, {"system", HZ_DOMAIN_SYSTEM}, {NULL, 0}};
static const struct config_word modes[] = {
    {"live", HZ_MODE_LIVE}, {"trial", HZ_MODE_TRIAL}, {NULL, 0}};

/* zh stands just before en: config__read_texts fills two pointers. */
#define PAIR(what)                                                                                 \
    _Static_assert(offsetof(struct hz_rule_config, what##_en) ==                                   \
                       offsetof(struct hz_rule_config, what##_zh) + sizeof(const char *),          \
                   "a pair")
PAIR(name);
PAIR(message);
PAIR(short);
PAIR(advice);

#define NOWHERE .line = CONFIG_NO_OFFSET, .column = CONFIG_NO_OFFSET, .file = CONFIG_NO_OFFSET

static const struct config_shape rule_list = {.section = "rules"};
static const struct config_shape select_ = {.section = "rules.select", NOWHERE};
static const struct config_shape limits = {.section = "rules.limits", NOWHERE};
static const struct config_shape invalid = {.section = "rules.invalid", NOWHERE};
static const struct config_shape stale = {.section = "rules.stale", NOWHERE};
static const struct config_shape silent = {.section = "rules.silent", NOWHERE};
static const struct config_shape silent_after = {.section = "rules.silent.after", NOWHERE};
static const struct config_shape route = {.count = offsetof(struct hz_rule_config, route_count)};
static const struct config_shape level = {
    .section = "rules.limits.HH",
    .line = offsetof(struct hz_level_config, line),
    .column = offsetof(struct hz_level_config, column),
    .file = offsetof(struct hz_level_config, file),
};

#define RULE(in, member) .section = in, CONFIG_FIELD(struct hz_rule_config, member)
#define SELECT(member)   .section = "rules.select", CONFIG_FIELD(struct hz_select_config, member)
#define LEVEL(member)    .section = "rules.limits.HH", CONFIG_FIELD(struct hz_level_config, member)
#define KEY_MAX          .max = HZ_KEY_BYTES_MAX

static const struct config_row rows[] = {
    {.section = "",
     .name = "schema",
     .type = CONFIG_SCHEMA,
     .required = true,
     .hint = "write schema: 1 at the top",
     .help = "Version of the grammar."},
    {.section = "",
     .name = "rules",
     .type = CONFIG_SEQUENCE,
     .shape = &rule_list,
     .required = true,
     .hint = "write \"rules:\" and below it \"- id: ...\"",
     .help = "The rules of this file."},

    {RULE("rules", id), .name = "id", .type = CONFIG_ID, .required = true,
     .hint = "a name that stays for ever: id: tank-level",
     .help = "Part of the alarm's key: never renamed, never re-used."},
    {RULE("rules", name_zh), .name = "name", .type = CONFIG_TEXTS,
     .help = "Name for people; not set: the id."},
    {RULE("rules", mode), .name = "mode", .type = CONFIG_WORD, .words = modes, .unset = "live",
     .help = "trial: computed and published, never rung."},
    {RULE("rules", domain), .name = "domain", .type = CONFIG_WORD, .words = domains,
     .unset = "safety", .help = "Whose concern it is."},
    {RULE("rules", each_gateway), .name = "each", .type = CONFIG_EACH,
     .help = "gateway: one alarm for each gateway; needs silent."},
    {RULE("rules", select), .name = "select", .type = CONFIG_SECTION, .shape = &select_,
     .help = "Which points; what is not said selects all."},
    {SELECT(kind), .name = "kind", .type = CONFIG_TEXT, KEY_MAX,
     .help = "Column kind of points.csv."},
    {SELECT(tag), .name = "tag", .type = CONFIG_TEXT, KEY_MAX,
     .help = "A word of the column tags of points.csv, or the point's own tag."},
    {SELECT(enterprise), .name = "enterprise", .type = CONFIG_TEXT, KEY_MAX,
     .help = "An enterprise's code."},
    {SELECT(park), .name = "park", .type = CONFIG_TEXT, KEY_MAX, .help = "A park's code."},
    {SELECT(district), .name = "district", .type = CONFIG_TEXT, KEY_MAX,
     .help = "A district's code."},
    {SELECT(hazard), .name = "hazard", .type = CONFIG_TEXT, KEY_MAX,
     .help = "A hazard source's code."},
    {SELECT(point), .name = "point", .type = CONFIG_TEXT, KEY_MAX,
     .help = "Pattern over the point's key, with * and ?."},
    {SELECT(hazard_levels), .name = "hazard_level", .type = CONFIG_HAZARD_LEVELS,
     .help = "Level 1 to 4, or a list of levels."},

    {.section = "rules",
     .name = "limits",
     .type = CONFIG_SECTION,
     .shape = &limits,
     .help = "High and low limits of a point."},
    {RULE("rules.limits", levels[HZ_LEVEL_HH]),
     CONFIG_GIVEN(struct hz_rule_config, levels[HZ_LEVEL_HH].given), .name = "HH",
     .type = CONFIG_SECTION, .shape = &level, .help = "High high."},
    {RULE("rules.limits", levels[HZ_LEVEL_H]),
     CONFIG_GIVEN(struct hz_rule_config, levels[HZ_LEVEL_H].given), .name = "H",
     .type = CONFIG_SECTION, .shape = &level, .help = "High."},
    {RULE("rules.limits", levels[HZ_LEVEL_L]),
     CONFIG_GIVEN(struct hz_rule_config, levels[HZ_LEVEL_L].given), .name = "L",
     .type = CONFIG_SECTION, .shape = &level, .help = "Low."},
    {RULE("rules.limits", levels[HZ_LEVEL_LL]),
     CONFIG_GIVEN(struct hz_rule_config, levels[HZ_LEVEL_LL].given), .name = "LL",
     .type = CONFIG_SECTION, .shape = &level, .help = "Low low."},
    {LEVEL(severity), .name = "severity", .type = CONFIG_WORD, .words = severities,
     .required = true, .hint = "write severity: red, orange, yellow or blue",
     .help = "How bad it is."},
    {LEVEL(fallback), .name = "fallback", .type = CONFIG_QUANTITY,
     .help = "The limit where the point's own cell is empty."},
    {LEVEL(deadband), .name = "deadband", .type = CONFIG_QUANTITY, .min = 0, .max = INT64_MAX,
     .help = "Not set: the rule's."},
    {LEVEL(delay_ns), .name = "delay", .type = CONFIG_DURATION, .unset = "0s", .min = 0, .max = D,
     CONFIG_GIVEN(struct hz_level_config, delay_given),
     .help = "How long the value must be at the limit; not set: the point's own cell."},
    {LEVEL(clear_delay_ns), .name = "clear_delay", .type = CONFIG_DURATION, .unset = "0s", .min = 0,
     .max = D, .help = "How long the value must be back before the alarm clears."},

    {RULE("rules", deadband), .name = "deadband", .type = CONFIG_QUANTITY, .min = 0,
     .max = INT64_MAX, .help = "How far back the value must be to clear."},
    {.section = "rules",
     CONFIG_GIVEN(struct hz_rule_config, invalid_given),
     .name = "invalid",
     .type = CONFIG_SECTION,
     .shape = &invalid,
     .help = "Bad quality is an alarm of its own."},
    {RULE("rules.invalid", invalid_severity), .name = "severity", .type = CONFIG_WORD,
     .words = severities, .required = true, .hint = "write severity: red, orange, yellow or blue",
     .help = "How bad it is."},
    {RULE("rules.invalid", invalid_after_ns), .name = "after", .type = CONFIG_DURATION,
     .unset = "0s", .min = 0, .max = 30 * D, .help = "How long."},
    {.section = "rules",
     CONFIG_GIVEN(struct hz_rule_config, stale_given),
     .name = "stale",
     .type = CONFIG_SECTION,
     .shape = &stale,
     .help = "Silence of a point is an alarm of its own."},
    {RULE("rules.stale", stale_severity), .name = "severity", .type = CONFIG_WORD,
     .words = severities, .required = true, .hint = "write severity: red, orange, yellow or blue",
     .help = "How bad it is."},
    {RULE("rules.stale", stale_after), .name = "after", .type = CONFIG_PATIENCE, .min = S,
     .max = 30 * D, .help = "60s, or 3 intervals of the point."},
    {.section = "rules",
     .name = "silent",
     .type = CONFIG_SECTION,
     .shape = &silent,
     .help = "Silence of a gateway."},
    {.section = "rules.silent",
     .name = "after",
     .type = CONFIG_SECTION,
     .shape = &silent_after,
     .help = "After so many intervals of the gateway, within bounds."},
    {RULE("rules.silent.after", silent_after.intervals), .name = "intervals", .type = CONFIG_NUMBER,
     .unset = "3", .min = 1, .max = 1000,
     .help = "Intervals of the gateway without a sign of life."},
    {RULE("rules.silent.after", silent_at_least_ns), .name = "at_least", .type = CONFIG_DURATION,
     .unset = "60s", .min = S, .max = 30 * D, .help = "Never earlier."},
    {RULE("rules.silent.after", silent_at_most_ns), .name = "at_most", .type = CONFIG_DURATION,
     .unset = "10min", .min = S, .max = 30 * D, .help = "Never later."},
    {RULE("rules", silent_severity), .name = "severity", .type = CONFIG_WORD, .words = severities,
     .hint = "with each: gateway one of red, orange, yellow, blue",
     .help = "With each: gateway, how bad it is."},

    {RULE("rules", routes), .name = "route", .type = CONFIG_IDS, .shape = &route,
     .help = "Who is told, as names that consumers know."},
    {RULE("rules", message_zh), .name = "message", .type = CONFIG_MESSAGES,
     .help = "The whole sentence."},
    {RULE("rules", short_zh), .name = "short", .type = CONFIG_MESSAGES,
     .help = "At most 70 characters, for SMS."},
    {RULE("rules", advice_zh), .name = "advice", .type = CONFIG_MESSAGES, .help = "What to do."},
};

static const struct config_later later[] = {
    {"", "timezone", "set timezone in hazardd.yaml"},
    {"rules", "forecast", NULL},
    {"rules", "vote", NULL},
    {"rules", "window", NULL},
    {"rules", "quiet_while", NULL},
    {"rules", "only_while", NULL},
    {"rules", "not_while", NULL},
    {"rules", "realarm", NULL},
    {"rules", "latch", NULL},
    {"rules", "above", "write limits: {H: {severity: ..., fallback: ...}}"},
    {"rules", "below", "write limits: {L: {severity: ..., fallback: ...}}"},
    {"rules", "insufficient", NULL},
    {"rules", "flags", NULL},
    {"rules", "deadline", NULL},
    {"rules", "steps", NULL},
    {"rules", "clears", NULL},
    {"rules", "cause_of", NULL},
    {"rules", "rate", NULL},
    {"rules", "expression", NULL},
    {"rules.select", "cas", NULL},
    {"rules.select", "outlet", NULL},
    {"rules.select", "factor", NULL},
    {"rules.select", "status", NULL},
    {"rules.silent", "alive_by",
     "every reading and every heart-beat is a sign of life: leave it out"},
    {"rules.silent", "dead_by", NULL},
    {"rules.silent.after", "base", NULL},
};

const struct config_table config__rules = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .later = later,
    .later_count = sizeof(later) / sizeof(later[0]),
    .later_hint = "take it out: this release watches limits, invalid, stale and silent gateways",
};
