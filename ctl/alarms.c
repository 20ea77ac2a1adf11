/* SPDX-License-Identifier: Apache-2.0
 *
 * The alarms that are not Normal, and acknowledging one.
 */
#include "ctl.h"

#include "hz_alarm.h"

#include <stdlib.h>

static const char *severity_fault(const char *value)
{
    return hz_severity_of(value) > 0 ? NULL : "is none of red, orange, yellow, blue";
}

static const char *limit_fault(const char *value)
{
    bool digits = *value && strspn(value, "0123456789") == strlen(value) && strlen(value) < 5;

    return digits && atoi(value) >= 1 && atoi(value) <= 1000 ? NULL
                                                             : "is not a whole number, 1 to 1000";
}

static const struct ctl_column alarm_columns[] = {
    {.field = "sev",
     .en = "SEVERITY",
     .zh = "级别",
     .render = ctl_word,
     .paint = ctl_paint_severity},
    {.field = "t_raise", .en = "RAISED", .zh = "发生时间", .render = ctl_time},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word},
    {.field = "level|kind", .en = "LEVEL", .zh = "限级", .render = ctl_word},
    {.field = "value", .en = "VALUE", .zh = "数值", .render = ctl_measure, .right = true},
    {.field = "limit", .en = "LIMIT", .zh = "限值", .render = ctl_text, .right = true},
    {.field = "point_name|point|gateway", .en = "POINT", .zh = "测点", .render = ctl_text},
    {.field = "hazard_name|hazard", .en = "HAZARD", .zh = "重大危险源", .render = ctl_text},
    {.field = "enterprise_name|enterprise", .en = "ENTERPRISE", .zh = "企业", .render = ctl_text},
    {.field = "mode", .en = "MODE", .zh = "方式", .render = ctl_word},
    {.field = "cond", .en = "CONDITION", .zh = "条件", .render = ctl_text},
    {.field = "alarm", .en = "ALARM", .zh = "报警编号", .render = ctl_text},
};

/* The worst first, among equals the newest. Both are whole numbers well within a double. */
static double rank_alarm(const json_t *row)
{
    double raised = ctl_number(row, "t_raise");

    return ctl_severity(row) * 1e14 + (raised > 0 ? raised : 0);
}

static const struct ctl_list alarm_list = {
    CTL_COLUMNS(alarm_columns),
    .rank = rank_alarm,
    .nothing_en = "no alarms",
    .nothing_zh = "没有报警",
};

static int run_alarms(const struct ctl_call *call)
{
    return ctl_show_list(call, &alarm_list);
}

const struct ctl_command ctl_alarms = {
    .name = "alarms",
    .summary = "Show the active alarms, the worst first",
    .text =
        "An alarm is shown while its condition holds; --all shows also those that have returned\n"
        "but are not acknowledged, are shelved, suppressed or out of service.",
    .online = true,
    .run = run_alarms,
    .options =
        {
            {.name = "severity",
             .value = "SEVERITY",
             .help = "red, orange, yellow or blue",
             .fault = severity_fault},
            {.name = "enterprise", .value = "ID", .help = "of one enterprise"},
            {.name = "all", .letter = 'a', .help = "every alarm that is not Normal"},
            {.name = "limit",
             .letter = 'n',
             .value = "NUMBER",
             .help = "only the worst so many, at most 1000",
             .fault = limit_fault},
        },
};

static const struct ctl_column ack_columns[] = {
    {.field = "alarm", .en = "ALARM", .zh = "报警编号", .render = ctl_text},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word},
    {.field = "cond", .en = "CONDITION", .zh = "条件", .render = ctl_text},
    {.field = "seq", .en = "RECORD", .zh = "记录", .render = ctl_text, .right = true},
    {.field = "command", .en = "COMMAND", .zh = "命令编号", .render = ctl_text},
};

static const struct ctl_list ack_list = {
    CTL_COLUMNS(ack_columns),
    .nothing_en = "acknowledged",
    .nothing_zh = "已确认",
};

static int run_ack(const struct ctl_call *call)
{
    return ctl_show_list(call, &ack_list);
}

const struct ctl_command ctl_ack = {
    .name = "ack",
    .operand = "ALARM|COND",
    .operand_argument = "alarm",
    .summary = "Acknowledge an alarm",
    .text =
        "By its episode (k7f3-1c9e2) or by its condition (tank-level.high@330382001/TF01/LT101).\n"
        "It is journalled with your user name and the reason before this command comes back.",
    .online = true,
    .run = run_ack,
    .options = {{.name = "reason",
                 .letter = 'r',
                 .value = "TEXT",
                 .help = "why; it goes into the journal"}},
};
