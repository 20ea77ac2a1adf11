/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl history`: what was journalled of a point, read from the state directory itself: the daemon
 * need not run, and is not asked.
 */
#include "ctl_history.h"

#include "hz_nearest.h"

#include <stdlib.h>
#include <time.h>

#define LIMIT_DEFAULT 50u
#define LIMIT_MOST    1000000u /* of the newest: they are held */

static const struct ctl_column columns[] = {
    {.field = "t_rx|t|to_ms", .en = "TIME", .zh = "时间", .render = ctl_time_ms},
    {.field = "event|what", .en = "WHAT", .zh = "内容", .render = ctl_word},
    {.field = "value", .en = "VALUE", .zh = "数值", .render = ctl_measure, .right = true},
    {.field = "quality", .en = "QUALITY", .zh = "品质", .render = ctl_word},
    {.field = "t_src", .en = "STAMP", .zh = "数据时间", .render = ctl_time_ms},
    {.field = "feed", .en = "FEED", .zh = "数据源", .render = ctl_text},
    {.field = "retained historic drill", .en = "SIGNS", .zh = "标志", .render = ctl_signs},
    {.field = "sev",
     .en = "SEVERITY",
     .zh = "级别",
     .render = ctl_word,
     .paint = ctl_paint_severity},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word},
    {.field = "cond", .en = "CONDITION", .zh = "条件", .render = ctl_text},
    {.field = "actor", .en = "WHO", .zh = "操作人", .render = ctl_text},
    {.field = "reason", .en = "REASON", .zh = "原因", .render = ctl_word},
};

static const struct ctl_list list = {
    CTL_COLUMNS(columns),
    .nothing_en = "nothing is journalled of this point in that time",
    .nothing_zh = "该时间段内没有该测点的记录",
};

static const char *limit_fault(const char *value)
{
    bool digits = *value && strspn(value, "0123456789") == strlen(value) && strlen(value) < 8;

    return digits && atoi(value) >= 1 && atoi(value) <= (int)LIMIT_MOST
               ? NULL
               : "is not a whole number, 1 to 1000000";
}

static bool write_line(void *ctx, const char *json, size_t length)
{
    (void)ctx;
    return fwrite(json, 1, length, stdout) == length && putchar('\n') != EOF;
}

static bool table_line(void *table, const char *json, size_t length)
{
    json_t *row = json_loadb(json, length, 0, NULL);
    bool taken = row && ctl_table_row(table, row);

    json_decref(row);
    return taken;
}

/* The nearest of what was ever registered. */
static int say_unknown(const struct hz_names *names, const char *key)
{
    struct hz_nearest nearest = hz_nearest(hz_slice(key));
    uint32_t count = hz_names_count(names, HZ_NAMED_POINT);

    for (uint32_t id = 1; id <= count; id++) {
        struct hz_slice its = hz_names_key(names, HZ_NAMED_POINT, id);

        if (its.at)
            hz_nearest_try(&nearest, its.at);
    }
    if (nearest.best)
        ctl_say("the journal knows no point '%s'; did you mean %s?", key, nearest.best);
    else
        ctl_say("the journal knows no point '%s': an id is enterprise/hazard/code", key);
    return CTL_REFUSED;
}

/* Without --from the newest, with it the first from there on. */
static void choose(const struct ctl_call *call, struct ctl_history *history)
{
    const char *from = ctl_value(call, "from"), *to = ctl_value(call, "to");
    const char *limit = ctl_value(call, "limit");
    int64_t now_ms = (int64_t)time(NULL) * 1000;

    history->from_ms = 0;
    history->to_ms = INT64_MAX;
    if (from) /* options were checked when they were parsed */
        (void)ctl_moment(from, now_ms, &history->from_ms);
    if (to)
        (void)ctl_moment(to, now_ms, &history->to_ms);
    history->newest = !from;
    history->limit = limit ? strtoull(limit, NULL, 10) : from ? UINT64_MAX : LIMIT_DEFAULT;
}

static int show(const struct ctl_call *call, const struct ctl_history *history)
{
    struct ctl_table *table;

    if (call->json)
        return ctl_history_read(history, write_line, NULL);
    table = ctl_table_new(&list, call);
    if (!table) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    int code = ctl_history_read(history, table_line, table);
    if (ctl_table_end(table) == 0 && code == CTL_OK)
        puts(call->chinese ? list.nothing_zh : list.nothing_en);
    ctl_table_free(table);
    return code;
}

static int run(const struct ctl_call *call)
{
    struct ctl_history history = {.state = ctl_state_directory(call)};
    struct hz_names *names = NULL;
    int code = ctl_state_names(history.state, &names);

    if (code != CTL_OK)
        return code;
    history.names = names;
    history.point = hz_names_find(names, HZ_NAMED_POINT, call->operand, strlen(call->operand));
    choose(call, &history);
    code = history.point == 0 ? say_unknown(names, call->operand) : show(call, &history);
    hz_names_free(names);
    return code;
}

const struct ctl_command ctl_history = {
    .name = "history",
    .operand = "POINT",
    .operand_argument = "point",
    .summary = "Show what was journalled of a point: readings, alarms, times not watched",
    .text =
        "Read from the state directory, as root or the user of hazardd; the daemon need not run.\n"
        "Without --from the newest 50 rows, or --limit; with it all from there on, or the first\n"
        "--limit. A moment is 2026-11-24, \"2026-11-24 12:30\", 12:30, 2h (ago), or ms since 1970.",
    .run = run,
    .options =
        {
            {.name = "from", .value = "MOMENT", .help = "from then on", .fault = ctl_moment_fault},
            {.name = "to", .value = "MOMENT", .help = "up to then", .fault = ctl_moment_fault},
            {.name = "limit",
             .letter = 'n',
             .value = "NUMBER",
             .help = "at most so many rows",
             .fault = limit_fault},
            {.name = "state",
             .value = "DIR",
             .help = "default $STATE_DIRECTORY, " CTL_STATE_DEFAULT},
        },
};
