/* SPDX-License-Identifier: Apache-2.0
 *
 * Points with their last values.
 */
#include "ctl.h"

static const struct ctl_column columns[] = {
    {.field = "point", .en = "POINT", .zh = "测点", .render = ctl_text},
    {.field = "name", .en = "NAME", .zh = "名称", .render = ctl_text},
    {.field = "value", .en = "VALUE", .zh = "数值", .render = ctl_measure, .right = true},
    {.field = "quality", .en = "QUALITY", .zh = "品质", .render = ctl_word},
    {.field = "sev",
     .en = "SEVERITY",
     .zh = "级别",
     .render = ctl_word,
     .paint = ctl_paint_severity},
    {.field = "stale invalid unobserved unconfirmed clock never",
     .en = "SIGNS",
     .zh = "标志",
     .render = ctl_signs},
    {.field = "t_src", .en = "STAMP", .zh = "数据时间", .render = ctl_time},
    {.field = "t_rx", .en = "ARRIVED", .zh = "到达时间", .render = ctl_time},
    {.field = "feed", .en = "FEED", .zh = "数据源", .render = ctl_text},
};

static const struct ctl_list list = {
    CTL_COLUMNS(columns),
    .nothing_en = "no such points",
    .nothing_zh = "没有符合的测点",
};

static int run(const struct ctl_call *call)
{
    return ctl_show_list(call, &list);
}

const struct ctl_command ctl_points = {
    .name = "points",
    .operand = "[GLOB]",
    .operand_argument = "glob",
    .summary = "Show points and their last values",
    .text = "GLOB is matched with the whole key: '330382001/*/LT*'. Signs: stale, invalid,\n"
            "unobserved, unconfirmed, clock (evaluated by arrival), never (not heard yet).",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "enterprise", .value = "ID", .help = "of one enterprise"},
            {.name = "hazard", .value = "ID", .help = "of one hazard source"},
            {.name = "stale", .help = "only those that are stale"},
            {.name = "invalid", .help = "only those that are invalid"},
        },
};
