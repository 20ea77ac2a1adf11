/* SPDX-License-Identifier: Apache-2.0
 *
 * The screen of `top`: what is most urgent stands where an operator looks first, and in red. What
 * must stay true: it is whole at 80 x 24; a daemon that is gone is said at the top, and what is still
 * shown is said to be old.
 */
#include "ctl_top.h"

#include "hz_limits.h"

#include <math.h>
#include <time.h>

#define BAR_CELLS 20u
#define LABELS    11u /* columns of the heads of lines */

/* --- cells --- */

/* A rate: one decimal where it says something. */
static void put_rate(double rate, struct hz_text *to)
{
    if (rate >= 0)
        hz_text_format(to, rate < 10 && rate != floor(rate) ? "%.1f" : "%.0f", rate);
}

static void cell_rate(const json_t *row, const char *field, struct hz_text *to)
{
    put_rate(ctl_number(row, field), to);
}

/* Time of the day: what stands on this screen is young. */
static void cell_clock(const json_t *row, const char *field, struct hz_text *to)
{
    char room[64];
    struct hz_text text = hz_text_in(room, sizeof(room));

    ctl_time(row, field, &text);
    if (text.length == 19) /* 2025-11-23 13:04:07 */
        hz_text_puts(to, text.at + 5);
    else
        hz_text_slice(to, (struct hz_slice){text.at, text.length});
}

static enum ctl_paint paint_feed(const json_t *row)
{
    return ctl_true(row, "connected_now") ? CTL_PLAIN : CTL_RED;
}

static const struct ctl_column feed_columns[] = {
    {.field = "feed", .en = "FEED", .zh = "数据源", .render = ctl_text},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word, .paint = paint_feed},
    {.field = "since_ms", .en = "SINCE", .zh = "起始时间", .render = cell_clock},
    {.field = "messages_per_s", .en = "MSG/s", .zh = "消息/秒", .render = cell_rate, .right = true},
    {.field = "readings_per_s",
     .en = "READINGS/s",
     .zh = "读数/秒",
     .render = cell_rate,
     .right = true},
    {.field = "bytes_per_s", .en = "BYTES/s", .zh = "流量/秒", .render = ctl_bytes, .right = true},
    {.field = "refused", .en = "REFUSED", .zh = "拒收", .render = ctl_text, .right = true},
    {.field = "dropped", .en = "DROPPED", .zh = "丢弃", .render = ctl_text, .right = true},
    {.field = "reason", .en = "REASON", .zh = "原因", .render = ctl_text},
};

static const struct ctl_list feed_list = {CTL_COLUMNS(feed_columns)};

static const struct ctl_column alarm_columns[] = {
    {.field = "sev", .en = "SEV", .zh = "级别", .render = ctl_word, .paint = ctl_paint_severity},
    {.field = "t_raise", .en = "RAISED", .zh = "发生时间", .render = cell_clock},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word},
    {.field = "level|kind", .en = "LEVEL", .zh = "限级", .render = ctl_word},
    {.field = "value", .en = "VALUE", .zh = "数值", .render = ctl_measure, .right = true},
    {.field = "limit", .en = "LIMIT", .zh = "限值", .render = ctl_text, .right = true},
    {.field = "point_name|point|gateway", .en = "POINT", .zh = "测点", .render = ctl_text},
    {.field = "enterprise_name|enterprise", .en = "ENTERPRISE", .zh = "企业", .render = ctl_text},
    {.field = "cond", .en = "CONDITION", .zh = "条件", .render = ctl_text},
};

static const struct ctl_list alarm_list = {CTL_COLUMNS(alarm_columns)};

/* --- facts --- */

static const json_t *part(const struct ctl_sample *sample, const char *what)
{
    return json_object_get(sample->status, what);
}

static void head(struct ctl_frame *frame, const char *en, const char *zh)
{
    ctl_frame_put(frame, CTL_PLAIN, frame->chinese ? zh : en);
    ctl_frame_to(frame, LABELS);
}

static void fact(struct ctl_frame *frame, const json_t *row, const char *field, ctl_render render,
                 const char *en, const char *zh, enum ctl_paint paint)
{
    char room[CTL_CELL_BYTES];
    struct hz_text text = hz_text_in(room, sizeof(room));

    render(row, field, &text);
    ctl_frame_fact(frame, en, zh, paint, text.at);
}

/* "24000/s"; "-/s" as long as there is nothing to compare with. */
static void rate(struct ctl_frame *frame, const json_t *row, const char *field, const char *en,
                 const char *zh)
{
    char room[64];
    struct hz_text text = hz_text_in(room, sizeof(room));

    put_rate(ctl_number(row, field), &text);
    if (text.length == 0)
        hz_text_puts(&text, "-");
    hz_text_puts(&text, frame->chinese ? "/秒" : "/s");
    ctl_frame_fact(frame, en, zh, CTL_PLAIN, text.at);
}

static enum ctl_paint red_if(bool trouble)
{
    return trouble ? CTL_RED : CTL_PLAIN;
}

/* --- lines --- */

static void title_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *daemon = part(sample, "daemon");
    char clock[32] = "";
    time_t seconds = (time_t)(sample->wall_ms / 1000);
    struct tm broken;

    ctl_frame_put(frame, CTL_BOLD, "hazardd");
    frame->blanks++;
    fact(frame, daemon, "version", ctl_text, "", "", CTL_BOLD);
    frame->blanks = 2;
    fact(frame, daemon, "state", ctl_word, "", "", CTL_PLAIN);
    fact(frame, daemon, "since_ms", ctl_time, "since", "起始", CTL_PLAIN);
    if (localtime_r(&seconds, &broken))
        (void)strftime(clock, sizeof(clock), "%H:%M:%S", &broken);
    if (frame->width > sizeof("13:04:07"))
        ctl_frame_to(frame, (frame->width < 120 ? frame->width : 120) - 8);
    ctl_frame_put(frame, CTL_PLAIN, clock);
    ctl_frame_line(frame);
    if (!ctl_true(daemon, "config_faulty"))
        return;
    ctl_frame_put(frame, CTL_RED,
                  frame->chinese ? "! 配置有误，仍按上一份正确的配置监视"
                                 : "! the configuration is faulty: the last good set is in force");
    ctl_frame_line(frame);
}

static void input_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *total = part(sample, "total"), *engine = part(sample, "engine");

    head(frame, "input", "输入");
    rate(frame, total, "readings_per_s", "readings", "读数");
    rate(frame, total, "messages_per_s", "messages", "消息");
    fact(frame, total, "bytes_per_s", ctl_bytes, "bytes/s", "流量/秒", CTL_PLAIN);
    rate(frame, total, "refused_per_s", "refused", "拒收");
    ctl_frame_line(frame);
    head(frame, "engine", "规则引擎");
    rate(frame, engine, "evaluated_per_s", "evaluated", "已判断");
    rate(frame, engine, "transitions_per_s", "transitions", "状态变化");
    rate(frame, engine, "timers_fired_per_s", "timers", "定时器");
    ctl_frame_line(frame);
}

static void points_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *coverage = part(sample, "coverage");
    double total = ctl_number(coverage, "total"), online = ctl_number(coverage, "online");
    char bar[BAR_CELLS + 3] = "[";
    unsigned full = total > 0 && online >= 0 ? (unsigned)(online / total * BAR_CELLS) : 0;

    head(frame, "points", "测点");
    memset(bar + 1, '.', BAR_CELLS);
    memset(bar + 1, '#', full < BAR_CELLS ? full : BAR_CELLS);
    bar[BAR_CELLS + 1] = ']';
    fact(frame, coverage, "online", ctl_share, "on line", "在线率",
         red_if(total > 0 && online < total / 2));
    frame->blanks = 1;
    ctl_frame_put(frame, CTL_PLAIN, bar);
    frame->blanks = 3;
    fact(frame, coverage, "total", ctl_text, "of", "总数", CTL_PLAIN);
    fact(frame, coverage, "valid", ctl_text, "valid", "有效", CTL_PLAIN);
    fact(frame, coverage, "unobserved", ctl_text, "not observed", "未监视",
         red_if(ctl_true(coverage, "unobserved")));
    ctl_frame_line(frame);
}

static void journal_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *journal = part(sample, "journal");
    double used = ctl_number(journal, "ring_used"), ring = ctl_number(journal, "ring_bytes");
    char share[32] = "";

    head(frame, "journal", "日志");
    if (ctl_true(journal, "stalled"))
        ctl_frame_fact(frame, "!", "!", CTL_RED, frame->chinese ? "磁盘停滞" : "disk stalled");
    rate(frame, journal, "syncs_per_s", "syncs", "落盘");
    fact(frame, journal, "sync_last_us", ctl_text, "last us", "最近 us", CTL_PLAIN);
    fact(frame, journal, "sync_most_us", ctl_text, "longest us", "最长 us", CTL_PLAIN);
    if (used >= 0 && ring > 0)
        (void)snprintf(share, sizeof(share), "%.0f %%", used / ring * 100);
    ctl_frame_fact(frame, "ring", "缓冲", red_if(used > ring / 2), share);
    fact(frame, journal, "holes", ctl_text, "holes", "缺口", red_if(ctl_true(journal, "holes")));
    ctl_frame_line(frame);
}

static void queue_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *queues = part(sample, "queues");

    if (!queues)
        return;
    head(frame, "queues", "队列");
    fact(frame, queues, "transitions", ctl_text, "transitions", "状态变化", CTL_PLAIN);
    fact(frame, queues, "entries", ctl_text, "log entries", "报警记录", CTL_PLAIN);
    fact(frame, queues, "not_applied", ctl_text, "not applied", "未判断", CTL_PLAIN);
    fact(frame, queues, "not_durable", ctl_text, "not durable", "未落盘", CTL_PLAIN);
    ctl_frame_line(frame);
}

static void put_bound(double us, struct hz_text *to)
{
    if (us < 0)
        hz_text_puts(to, ">10 s");
    else if (us < 1000)
        hz_text_format(to, "%.0f us", us);
    else if (us < 1000000)
        hz_text_format(to, "%.0f ms", us / 1000);
    else
        hz_text_format(to, "%.0f s", us / 1000000);
}

/* Median and 99 % of a stage since the last screen, as bounds; "-" when nothing went through it. */
static void stage(struct ctl_frame *frame, const json_t *times, const char *name, const char *en,
                  const char *zh)
{
    char field[64], room[64];
    struct hz_text text = hz_text_in(room, sizeof(room));

    (void)snprintf(field, sizeof(field), "%s_p50_us", name);
    if (json_object_get(times, field)) {
        put_bound(ctl_number(times, field), &text);
        (void)snprintf(field, sizeof(field), "%s_p99_us", name);
        hz_text_puts(&text, " / ");
        put_bound(ctl_number(times, field), &text);
    } else {
        hz_text_puts(&text, "-");
    }
    ctl_frame_fact(frame, en, zh, CTL_PLAIN, text.at);
}

static void times_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *times = part(sample, "times");

    if (!times)
        return;
    head(frame, "p50 / p99", "p50 / p99");
    stage(frame, times, "read", "read", "读取");
    stage(frame, times, "engine", "engine", "判断");
    stage(frame, times, "durable", "to disk", "至落盘");
    stage(frame, times, "alert", "to Redis", "至 Redis");
    ctl_frame_line(frame);
}

static void redis_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    const json_t *redis = part(sample, "redis");
    bool up = ctl_true(redis, "up");

    if (!ctl_true(redis, "enabled"))
        return;
    head(frame, "Redis", "Redis");
    if (up)
        ctl_frame_put(frame, CTL_BOLD, frame->chinese ? "连通" : "up");
    else
        ctl_frame_put(frame, CTL_RED, frame->chinese ? "! 断开" : "! down");
    frame->blanks = 3;
    fact(frame, redis, "since_ms", cell_clock, "since", "起始", CTL_PLAIN);
    rate(frame, redis, "published_per_s", "published", "已发布");
    fact(frame, redis, "waiting", ctl_text, "waiting", "待发布", CTL_PLAIN);
    fact(frame, redis, "latency_us", ctl_text, "latency us", "往返 us", CTL_PLAIN);
    fact(frame, redis, "reason", ctl_text, "", "", CTL_RED);
    ctl_frame_line(frame);
}

static void alarms_line(struct ctl_frame *frame, const struct ctl_sample *sample)
{
    static const struct {
        const char *field, *zh;
        enum ctl_paint paint;
    } severities[] = {{"red", "红", CTL_RED},
                      {"orange", "橙", CTL_ORANGE},
                      {"yellow", "黄", CTL_YELLOW},
                      {"blue", "蓝", CTL_BLUE}};
    const json_t *alarms = part(sample, "alarms");

    head(frame, "alarms", "报警");
    for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
        const char *field = severities[i].field;

        fact(frame, alarms, field, ctl_text, field, severities[i].zh,
             ctl_true(alarms, field) ? severities[i].paint : CTL_PLAIN);
    }
    ctl_frame_line(frame);
}

/* Those of live rules: it may be less than what is shown. */
static unsigned alarms_in_all(const struct ctl_sample *sample)
{
    static const char *const severities[] = {"red", "orange", "yellow", "blue"};
    double sum = 0;

    for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
        sum += ctl_number(part(sample, "alarms"), severities[i]);
    return sum > 0 && sum < UINT16_MAX * 1024.0 ? (unsigned)sum : 0;
}

/* --- the whole --- */

static void fault_line(struct ctl_frame *frame, const struct ctl_sample *sample, const char *fault)
{
    char line[CTL_CELL_BYTES];

    if (!fault)
        return;
    bool old = sample->status && part(sample, "daemon");
    (void)snprintf(line, sizeof(line), "! %s%s", fault,
                   !old             ? ""
                   : frame->chinese ? "；以下是此前的内容"
                                    : "; below is what it said before");
    ctl_frame_put(frame, CTL_RED, line);
    ctl_frame_line(frame);
}

/* Feeds get a third of what is left, alarms the rest. */
void ctl_top_draw(struct ctl_frame *frame, const struct ctl_sample *sample, const char *fault)
{
    unsigned feeds = (unsigned)json_array_size(sample->feeds);

    ctl_frame_begin(frame);
    fault_line(frame, sample, fault);
    if (part(sample, "daemon")) {
        title_line(frame, sample);
        input_line(frame, sample);
        points_line(frame, sample);
        journal_line(frame, sample);
        queue_line(frame, sample);
        times_line(frame, sample);
        redis_line(frame, sample);
        ctl_frame_line(frame);
        unsigned third = frame->lines_left / 3;
        (void)ctl_frame_table(frame, &feed_list, sample->feeds, feeds,
                              feeds < third ? feeds : third);
        ctl_frame_line(frame);
        alarms_line(frame, sample);
        if (json_array_size(sample->alarms) > 0 && frame->lines_left > 1)
            (void)ctl_frame_table(frame, &alarm_list, sample->alarms, alarms_in_all(sample),
                                  frame->lines_left - 1);
    }
    ctl_frame_end(frame);
}
