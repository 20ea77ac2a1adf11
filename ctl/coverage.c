/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of what should be watched is watched.
 */
#include "ctl.h"

#include <stdlib.h>

static const struct ctl_column columns[] = {
    {.field = "scope", .en = "SCOPE", .zh = "范围", .render = ctl_word},
    {.field = "id", .en = "ID", .zh = "编号", .render = ctl_text},
    {.field = "name", .en = "NAME", .zh = "名称", .render = ctl_text},
    {.field = "total", .en = "POINTS", .zh = "测点", .render = ctl_text, .right = true},
    {.field = "online", .en = "ON LINE", .zh = "在线", .render = ctl_text, .right = true},
    {.field = "online", .en = "SHARE", .zh = "在线率", .render = ctl_share, .right = true},
    {.field = "valid", .en = "VALID", .zh = "有效", .render = ctl_text, .right = true},
    {.field = "unobserved", .en = "UNOBSERVED", .zh = "未监视", .render = ctl_text, .right = true},
};

static const char *by_fault(const char *value)
{
    static const char *const words[] = {"hazard", "enterprise", "park"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i]) == 0)
            return NULL;
    return "is none of hazard, enterprise, park";
}

static const char *percent_fault(const char *value)
{
    bool digits = *value && strspn(value, "0123456789") == strlen(value);

    return digits && strlen(value) <= 3 && atoi(value) <= 100
               ? NULL
               : "is not a whole number from 0 to 100";
}

static int run(const struct ctl_call *call)
{
    bool below = ctl_value(call, "below") != NULL;
    const struct ctl_list list = {
        CTL_COLUMNS(columns),
        .nothing_en = below ? "nothing is below that share" : "there are none",
        .nothing_zh = below ? "没有低于该在线率的" : "没有",
    };

    return ctl_show_list(call, &list);
}

const struct ctl_command ctl_coverage = {
    .name = "coverage",
    .summary = "Show how many points are on line, valid, observed",
    .text =
        "On line: observed and not stale. Valid: on line and not invalid. The share is that of\n"
        "the points on line.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "by",
             .value = "WHAT",
             .help = "hazard, enterprise or park",
             .fault = by_fault},
            {.name = "below",
             .value = "PERCENT",
             .help = "only where the share on line is below",
             .fault = percent_fault},
        },
};
