/* SPDX-License-Identifier: Apache-2.0
 *
 * The feeds: connected or not since when, what came in, what was refused.
 */
#include "ctl.h"

/* A feed that is not connected is as urgent as a red alarm. */
static enum ctl_paint paint_state(const json_t *row)
{
    const char *state = json_string_value(json_object_get(row, "state"));

    return state && strcmp(state, "connected") != 0 ? CTL_RED : CTL_PLAIN;
}

static const struct ctl_column columns[] = {
    {.field = "feed", .en = "FEED", .zh = "数据源", .render = ctl_text},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word, .paint = paint_state},
    {.field = "since_ms", .en = "SINCE", .zh = "起始时间", .render = ctl_time},
    {.field = "messages", .en = "MESSAGES", .zh = "消息", .render = ctl_text, .right = true},
    {.field = "readings", .en = "READINGS", .zh = "读数", .render = ctl_text, .right = true},
    {.field = "bytes", .en = "BYTES", .zh = "流量", .render = ctl_bytes, .right = true},
    {.field = "losses", .en = "LOSSES", .zh = "断线", .render = ctl_text, .right = true},
    {.field = "acks", .en = "ACKS", .zh = "应答", .render = ctl_text, .right = true},
    {.field = "unread_ms", .en = "UNREAD ms", .zh = "停读毫秒", .render = ctl_text, .right = true},
    {.field = "dropped", .en = "DROPPED", .zh = "丢弃", .render = ctl_text, .right = true},
    {.field = "verdicts", .en = "VERDICTS", .zh = "拒收", .render = ctl_counts},
    {.field = "reason", .en = "REASON", .zh = "原因", .render = ctl_text},
};

const struct ctl_list ctl_feed_list = {
    CTL_COLUMNS(columns),
    .nothing_en = "no feeds",
    .nothing_zh = "没有数据源",
};

static int run(const struct ctl_call *call)
{
    return ctl_show_list(call, &ctl_feed_list);
}

const struct ctl_command ctl_feeds = {
    .name = "feeds",
    .summary = "Show the feeds and what came in",
    .text = "Verdicts count what was refused and why; nothing is refused without being counted.",
    .online = true,
    .run = run,
};
