/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl explain`: why an alarm is there, or what watches a point. Three sources: the daemon (what is
 * now), the configuration's files (what is written, and where), the state directory (what happened).
 * What must stay true: a source that is not to be had costs its part of the answer and is said; files
 * that are not the set in force are said to be others.
 */
#include "ctl_explain.h"

#include <stdarg.h>
#include <stdlib.h>

void ctl_explain_note(struct ctl_explain *explain, const char *format, ...)
{
    char text[CTL_CELL_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)json_array_append_new(explain->notes,
                                json_pack("{s:s,s:s}", "what", "note", "text", text));
}

/* --- the daemon --- */

struct asked {
    struct ctl_explain *explain;
    char set[80]; /* in force */
};

static bool take_alarm(void *ctx, const json_t *row)
{
    struct ctl_explain *explain = ctx;
    const char *operand = explain->call->operand;
    const char *alarm = json_string_value(json_object_get(row, "alarm"));
    const char *cond = json_string_value(json_object_get(row, "cond"));

    if (!explain->alarm &&
        ((alarm && strcmp(alarm, operand) == 0) || (cond && strcmp(cond, operand) == 0))) {
        explain->alarm = json_copy((json_t *)(uintptr_t)row);
        (void)json_object_set_new(explain->alarm, "what", json_string("alarm"));
    }
    return true;
}

static bool take_status(void *ctx, const json_t *row)
{
    struct asked *asked = ctx;
    const char *set = json_string_value(json_object_get(row, "set"));

    if (set && strlen(set) < sizeof(asked->set))
        strcpy(asked->set, set);
    return true;
}

static bool take_point(void *ctx, const json_t *row)
{
    struct ctl_explain *explain = ctx;

    if (!explain->point)
        explain->point = json_copy((json_t *)(uintptr_t)row);
    return true;
}

/* True: the daemon has answered. A refusal (no such point) is an answer, too. */
static bool ask(struct ctl_explain *explain, const struct ctl_command *command, const char *operand,
                const char *option, ctl_row row, void *ctx, struct hz_text *fault)
{
    struct ctl_call call = {.command = command,
                            .socket = explain->call->socket,
                            .timeout_s = explain->call->timeout_s,
                            .operand = operand,
                            .chinese = explain->call->chinese && !explain->call->json,
                            .fault = fault};

    for (unsigned i = 0; option && command->options[i].name; i++)
        if (strcmp(command->options[i].name, option) == 0)
            call.values[i] = "1";
    return ctl_ask(&call, false, row, ctx) != CTL_UNREACHABLE;
}

/* --- what is meant --- */

/* A point's key has a '/', an episode has none, a condition of a point an '@'. */
static bool is_point(const char *operand)
{
    return strchr(operand, '/') && !strchr(operand, '@');
}

/* "tank-level.high@E1/H1/P1": its point and its rule. */
static void split_condition(struct ctl_explain *explain, const char *cond, char *rule, size_t size)
{
    const char *at = strchr(cond, '@'), *side = NULL;

    for (const char *dot = cond; at && dot < at; dot++)
        side = *dot == '.' ? dot : side;
    explain->key = at ? at + 1 : NULL;
    if (side && (size_t)(side - cond) < size) {
        memcpy(rule, cond, (size_t)(side - cond));
        rule[side - cond] = '\0';
        explain->rule = rule;
    }
}

/* An alarm that is over is what the log says of it. */
static void use_last_entry(struct ctl_explain *explain)
{
    size_t count = json_array_size(explain->entries);

    if (explain->alarm || count == 0)
        return;
    explain->alarm = json_copy(json_array_get(explain->entries, count - 1));
    (void)json_object_set_new(explain->alarm, "what", json_string("alarm"));
}

static void identify(struct ctl_explain *explain, char *rule, size_t size)
{
    const char *operand = explain->call->operand, *point, *of_rule;

    if (is_point(operand)) {
        explain->key = operand;
        return;
    }
    ctl_explain_entries(explain);
    use_last_entry(explain);
    point = json_string_value(json_object_get(explain->alarm, "point"));
    of_rule = json_string_value(json_object_get(explain->alarm, "rule"));
    if (!explain->alarm) {
        split_condition(explain, operand, rule, size);
        return;
    }
    explain->key = point && *point ? point : NULL;
    explain->rule = of_rule && *of_rule ? of_rule : NULL;
}

/* --- the files --- */

static void compare_sets(struct ctl_explain *explain, const struct ctl_compiled *compiled,
                         const char *in_force)
{
    char digest[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&compiled->set->digest, digest);
    if (*in_force && strcmp(digest, in_force) != 0)
        ctl_explain_note(explain,
                         "the limits are those of the files in %s, which are not the set in force "
                         "(%.8s)",
                         ctl_directory(explain->call), in_force);
}

/* The rule may have been written anew since. */
static void compare_revisions(struct ctl_explain *explain)
{
    size_t count = json_array_size(explain->entries);
    const char *then = json_string_value(
        json_object_get(json_array_get(explain->entries, count > 0 ? count - 1 : 0), "rule_rev"));
    const char *now =
        json_string_value(json_object_get(json_array_get(explain->limits, 0), "rule_rev"));

    if (then && now && *then && strcmp(then, now) != 0)
        ctl_explain_note(
            explain,
            "the rule has been changed since the last entry: its revision was %s, in the "
            "files it is %s",
            then, now);
}

/* False: nothing is known of what was asked for. */
static bool from_files(struct ctl_explain *explain, const char *in_force)
{
    const char *directory = ctl_directory(explain->call);
    struct ctl_compiled compiled;
    int failure = ctl_compile(directory, &compiled);
    bool found = explain->alarm || explain->point;

    if (failure < 0 || !compiled.ruleset) {
        ctl_explain_note(explain, "the configuration in %s can't be used: hazardctl check says why",
                         directory);
    } else if (explain->key && ctl_explain_point(explain, &compiled)) {
        compare_sets(explain, &compiled, in_force);
        found = true;
    }
    ctl_compiled_done(&compiled);
    return found;
}

/* With what was not to be had: it may stand there. */
static void say_nothing_found(const struct ctl_explain *explain)
{
    json_t *note;
    size_t i;

    ctl_say("there is no alarm, condition or point '%s'", explain->call->operand);
    json_array_foreach(explain->notes, i, note)
        ctl_say("%s", json_string_value(json_object_get(note, "text")));
}

static int run(const struct ctl_call *call)
{
    struct ctl_explain explain = {.call = call,
                                  .limits = json_array(),
                                  .entries = json_array(),
                                  .readings = json_array(),
                                  .notes = json_array()};
    struct asked asked = {.explain = &explain};
    char rule[256], fault_room[CTL_CELL_BYTES];
    struct hz_text fault = hz_text_in(fault_room, sizeof(fault_room));
    bool answered = ask(&explain, &ctl_alarms, NULL, "all", take_alarm, &explain, &fault);

    identify(&explain, rule, sizeof(rule));
    if (answered && explain.key)
        (void)ask(&explain, &ctl_points, explain.key, NULL, take_point, &explain, &fault);
    if (answered)
        (void)ask(&explain, &ctl_status, NULL, NULL, take_status, &asked, &fault);
    else
        ctl_explain_note(&explain, "%s", fault.at);
    bool found = from_files(&explain, asked.set);
    if (explain.alarm) {
        ctl_explain_readings(&explain);
        compare_revisions(&explain);
    }
    if (found)
        ctl_explain_show(&explain);
    else
        say_nothing_found(&explain);
    json_decref(explain.alarm);
    json_decref(explain.point);
    json_decref(explain.limits);
    json_decref(explain.entries);
    json_decref(explain.readings);
    json_decref(explain.notes);
    return found ? CTL_OK : CTL_REFUSED;
}

const struct ctl_command ctl_explain = {
    .name = "explain",
    .operand = "ALARM|COND|POINT",
    .operand_argument = "what",
    .summary = "Show why an alarm is there, or what watches a point",
    .text =
        "Of a point: each limit, deadband and delay with the file and line that it comes from. Of\n"
        "an alarm that is not Normal also what happened to it and, as root or the user of "
        "hazardd,\n"
        "its entries in the log and the readings before it was raised and before it cleared.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "config",
             .letter = 'c',
             .value = "DIR",
             .help = "default " CTL_DIRECTORY_DEFAULT},
            {.name = "state",
             .value = "DIR",
             .help = "default $STATE_DIRECTORY, " CTL_STATE_DEFAULT},
        },
};
