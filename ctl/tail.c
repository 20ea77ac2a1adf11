/* SPDX-License-Identifier: Apache-2.0
 *
 * The alarms log: what happened, entry by entry, and what happens now.
 */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>

static const struct ctl_column columns[] = {
    {.field = "n", .en = "N", .zh = "序号", .render = ctl_text, .right = true, .least = 7},
    {.field = "t", .en = "TIME", .zh = "时间", .render = ctl_time_ms, .least = 23},
    {.field = "sev",
     .en = "SEVERITY",
     .zh = "级别",
     .render = ctl_word,
     .paint = ctl_paint_severity,
     .least = 6},
    {.field = "event", .en = "EVENT", .zh = "事件", .render = ctl_word, .least = 10},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word, .least = 10},
    {.field = "level|kind", .en = "LEVEL", .zh = "限级", .render = ctl_word, .least = 7},
    {.field = "value",
     .en = "VALUE",
     .zh = "数值",
     .render = ctl_measure,
     .right = true,
     .least = 12},
    {.field = "cond", .en = "CONDITION", .zh = "条件", .render = ctl_text, .least = 40},
    {.field = "msg|short", .en = "MESSAGE", .zh = "内容", .render = ctl_text},
};

/* A number, or a stream id: <ms>-<k>. */
static const char *from_fault(const char *value)
{
    size_t digits = strspn(value, "0123456789");
    const char *rest = value + digits;

    if (digits > 0 && *rest == '-') {
        rest++;
        digits = strspn(rest, "0123456789");
        rest += digits;
    }
    return digits > 0 && !*rest ? NULL : "is neither a number nor a stream id (1763903047123-0)";
}

static const char *count_fault(const char *value)
{
    char *end;

    errno = 0;
    long count = strtol(value, &end, 10);
    bool digits = *value && strspn(value, "0123456789") == strlen(value);
    return digits && errno == 0 && count >= 1 && count <= 1000000000
               ? NULL
               : "is not a whole number from 1 to 1000000000";
}

static int run(const struct ctl_call *call)
{
    const struct ctl_list list = {
        CTL_COLUMNS(columns),
        .follows = ctl_value(call, "follow") != NULL,
        .nothing_en = "no entries",
        .nothing_zh = "没有记录",
    };

    return ctl_show_list(call, &list);
}

const struct ctl_command ctl_tail = {
    .name = "tail",
    .summary = "Show what happened to the alarms, and what happens",
    .text =
        "Entries of the alarms log, in order; with --json every field of docs/redis.md, which is\n"
        "how a consumer fetches what its stream no longer holds.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "from",
             .value = "N|STREAM-ID",
             .help = "from this n, or from this id on; default: the newest ten",
             .fault = from_fault},
            {.name = "follow", .letter = 'f', .help = "go on with new entries"},
            {.name = "count",
             .letter = 'n',
             .value = "NUMBER",
             .help = "at most so many; without --from the newest so many",
             .fault = count_fault},
        },
};
