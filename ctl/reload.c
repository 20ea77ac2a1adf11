/* SPDX-License-Identifier: Apache-2.0
 *
 * Another set for the daemon: `diff` shows what would change, `reload` puts it into force. What must
 * stay true: what is shown is what the daemon found, line by line; the last line says what is in force.
 */
#include "ctl.h"

#include <math.h>
#include <string.h>

struct shown {
    const struct ctl_call *call;
    bool errors; /* of the configuration */
};

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "";
}

/* A text from the daemon, harmless, on stdout. */
static void put(const char *text)
{
    char buffer[CTL_CELL_BYTES];
    struct hz_text to = hz_text_in(buffer, sizeof(buffer));

    ctl_harmless(&to, text, strlen(text));
    fputs(buffer, stdout);
}

static void put_of(const json_t *row, const char *name)
{
    put(text_of(row, name));
}

static void put_value(const json_t *value)
{
    if (json_is_string(value))
        put(json_string_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "yes" : "no", stdout);
    else if (json_is_number(value))
        printf("%.12g", json_number_value(value));
    else
        fputs("none", stdout);
}

/* --- lines --- */

static void show_diagnostic(const json_t *row)
{
    put_of(row, "file");
    if (ctl_number(row, "line") > 0)
        printf(":%.0f", ctl_number(row, "line"));
    if (ctl_number(row, "column") > 0)
        printf(":%.0f", ctl_number(row, "column"));
    printf(": %s: ", text_of(row, "what"));
    put_of(row, "message");
    if (text_of(row, "hint")[0] != '\0') {
        fputs("\n    hint: ", stdout);
        put_of(row, "hint");
    }
    putchar('\n');
}

static void show_named(const json_t *row)
{
    printf("%-6s %-8s ", text_of(row, "what"), text_of(row, "change"));
    put_of(row, text_of(row, "what"));
    putchar('\n');
}

static void show_option(const json_t *row)
{
    fputs("option changed  ", stdout);
    put_of(row, "option");
    puts(ctl_true(row, "needs_restart")
             ? ": needs a restart, until then the former value is at work"
             : "");
}

static void show_limit(const json_t *row)
{
    bool ms = strncmp(text_of(row, "item"), "on-", 3) == 0 ||
              strncmp(text_of(row, "item"), "off-", 4) == 0 ||
              strcmp(text_of(row, "item"), "stale-after") == 0;

    fputs("limit  ", stdout);
    put_of(row, "point");
    putchar(' ');
    put_of(row, "rule");
    printf(": %s ", text_of(row, "item"));
    put_value(json_object_get(row, "before"));
    fputs(" -> ", stdout);
    put_value(json_object_get(row, "after"));
    puts(ms ? " ms" : "");
}

static void show_alarm(const struct ctl_call *call, const json_t *row)
{
    const char *paint = call->colour ? ctl_paint(ctl_paint_severity(row)) : "";
    double delay_ms = ctl_number(row, "delay_ms");

    printf("alarm  %s%-10s ", paint, text_of(row, "change"));
    put_of(row, "point");
    putchar(' ');
    put_of(row, "rule");
    printf(".%s %s %s", text_of(row, "side"), text_of(row, "level"), text_of(row, "sev"));
    if (json_is_number(json_object_get(row, "value")))
        printf(", value %.12g", ctl_number(row, "value"));
    if (json_is_number(json_object_get(row, "limit")))
        printf(", limit %.12g", ctl_number(row, "limit"));
    if (delay_ms > 0)
        printf(", after %.12g s", delay_ms / 1000);
    puts(paint[0] ? CTL_PAINT_END : "");
}

static void show_summary(const struct ctl_call *call, const json_t *row)
{
    bool same = ctl_true(row, "same"), is_put = ctl_true(row, "put");

    printf("points: %.0f added, %.0f removed, %.0f changed; rules: %.0f added, %.0f removed; "
           "limits: %.0f changed\n",
           ctl_number(row, "points_added"), ctl_number(row, "points_removed"),
           ctl_number(row, "points_changed"), ctl_number(row, "rules_added"),
           ctl_number(row, "rules_removed"), ctl_number(row, "limits_changed"));
    printf("alarms: %.0f raised, %.0f moved, %.0f ended\n", ctl_number(row, "alarms_raised"),
           ctl_number(row, "alarms_moved"), ctl_number(row, "alarms_ended"));
    if (ctl_number(row, "need_restart") > 0)
        printf("options that need a restart: %.0f\n", ctl_number(row, "need_restart"));
    if (same)
        printf("set %.8s is in force already\n", text_of(row, "in_force"));
    else if (is_put)
        printf("set %.8s is in force from record %.0f on (%.0f ms)\n", text_of(row, "set"),
               ctl_number(row, "seq"), ctl_number(row, "took_ms"));
    else
        printf("set %.8s is in force; %s set %s\n", text_of(row, "in_force"),
               ctl_value(call, "back") ? "the former one is" : "these files are",
               text_of(row, "set"));
}

static bool show(void *ctx, const json_t *row)
{
    struct shown *shown = ctx;
    const char *what = text_of(row, "what");

    if (strcmp(what, "error") == 0 || strcmp(what, "warning") == 0)
        show_diagnostic(row);
    else if (strcmp(what, "point") == 0 || strcmp(what, "rule") == 0)
        show_named(row);
    else if (strcmp(what, "option") == 0)
        show_option(row);
    else if (strcmp(what, "limit") == 0)
        show_limit(row);
    else if (strcmp(what, "alarm") == 0)
        show_alarm(shown->call, row);
    else if (strcmp(what, "summary") == 0 && !shown->errors)
        show_summary(shown->call, row);
    shown->errors |= strcmp(what, "error") == 0;
    return true;
}

static int run(const struct ctl_call *call)
{
    struct shown shown = {.call = call};
    int code = ctl_ask(call, true, show, &shown);

    return code == CTL_REFUSED && shown.errors ? CTL_CONFIG : code;
}

const struct ctl_command ctl_diff = {
    .name = "diff",
    .summary = "Show what a reload would change",
    .text =
        "Reads and compiles the files as a reload would, and shows points, rules and limits that\n"
        "differ from the set in force, and the alarms that would be raised, moved or ended by the\n"
        "values of now. Nothing is changed. The last line names the set, for reload --expect.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "back", .help = "the set that was in force before, not the files"},
        },
};

const struct ctl_command ctl_reload = {
    .name = "reload",
    .summary = "Put the changed files into force",
    .text =
        "All or nothing: with any error nothing changes, and every error is shown as\n"
        "file:line:column (exit 78). What did not change keeps its alarms and its running delays.\n"
        "User and reason are journalled and published. --back lasts until the next reload or\n"
        "start, which take the files again.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "reason",
             .letter = 'r',
             .value = "TEXT",
             .help = "why; it goes into the journal"},
            {.name = "expect", .value = "SET", .help = "only this set, as diff named it"},
            {.name = "max-new-alarms",
             .value = "NUMBER",
             .help = "refuse to raise more at once (default 20)"},
            {.name = "back", .help = "the set that was in force before, not the files"},
        },
};
