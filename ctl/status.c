/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon at a glance: facts by section, then the feeds. What must stay true: what is not as it
 * should be stands out without colours too, by a "!" at the head of its line.
 */
#include "ctl.h"

enum trouble { NEVER, IF_TRUE, IF_FALSE };

struct fact {
    const char *what, *field;
    const char *en, *zh;
    ctl_render render;
    enum trouble trouble;
    const char *only_if; /* a member that must be true for the fact to be shown */
};

static const struct fact facts[] = {
    {"daemon", "version", "version", "版本", ctl_text, NEVER, NULL},
    {"daemon", "state", "state", "状态", ctl_word, NEVER, NULL},
    {"daemon", "since_ms", "since", "起始时间", ctl_time, NEVER, NULL},
    {"daemon", "pid", "process", "进程号", ctl_text, NEVER, NULL},
    {"daemon", "set", "set in force", "生效配置", ctl_text, NEVER, NULL},
    {"daemon", "config_faulty", "configuration faulty", "配置有误", ctl_text, IF_TRUE, NULL},
    {"daemon", "journal", "journal", "日志编号", ctl_text, NEVER, NULL},
    {"daemon", "term", "term", "启动次数", ctl_text, NEVER, NULL},
    {"daemon", "durability", "durability", "落盘方式", ctl_text, NEVER, NULL},
    {"daemon", "rule_threads", "rule threads", "规则线程", ctl_text, NEVER, NULL},
    {"alarms", "red", "red", "红", ctl_text, IF_TRUE, NULL},
    {"alarms", "orange", "orange", "橙", ctl_text, IF_TRUE, NULL},
    {"alarms", "yellow", "yellow", "黄", ctl_text, NEVER, NULL},
    {"alarms", "blue", "blue", "蓝", ctl_text, NEVER, NULL},
    {"coverage", "total", "points", "测点", ctl_text, NEVER, NULL},
    {"coverage", "online", "on line", "在线", ctl_text, NEVER, NULL},
    {"coverage", "online", "share on line", "在线率", ctl_share, NEVER, NULL},
    {"coverage", "valid", "valid", "有效", ctl_text, NEVER, NULL},
    {"coverage", "unobserved", "not observed", "未监视", ctl_text, IF_TRUE, NULL},
    {"engine", "seq", "record", "记录序号", ctl_text, NEVER, NULL},
    {"engine", "records", "records", "记录", ctl_text, NEVER, NULL},
    {"engine", "readings", "readings", "读数", ctl_text, NEVER, NULL},
    {"engine", "evaluated", "evaluated", "已判断", ctl_text, NEVER, NULL},
    {"engine", "transitions", "transitions", "状态变化", ctl_text, NEVER, NULL},
    {"engine", "alarms", "alarms", "报警", ctl_text, NEVER, NULL},
    {"engine", "late", "late", "迟到", ctl_text, NEVER, NULL},
    {"engine", "duplicate", "duplicate", "重复", ctl_text, NEVER, NULL},
    {"engine", "historic", "historic", "历史补传", ctl_text, NEVER, NULL},
    {"engine", "future", "future stamps", "时标超前", ctl_text, NEVER, NULL},
    {"engine", "clock_marked", "evaluated by arrival", "按到达时间判断", ctl_text, NEVER, NULL},
    {"engine", "unconfirmed", "unconfirmed", "未确认的值", ctl_text, NEVER, NULL},
    {"engine", "bad_quality", "bad quality", "品质不良", ctl_text, NEVER, NULL},
    {"engine", "not_in_set", "not in the set", "未登记", ctl_text, NEVER, NULL},
    {"journal", "stalled", "disk stalled", "磁盘停滞", ctl_text, IF_TRUE, NULL},
    {"journal", "written_seq", "written to", "已写入至", ctl_text, NEVER, NULL},
    {"journal", "durable_seq", "durable to", "已落盘至", ctl_text, NEVER, NULL},
    {"journal", "syncs", "syncs", "落盘次数", ctl_text, NEVER, NULL},
    {"journal", "sync_most_us", "longest sync (us)", "最长落盘 (us)", ctl_text, NEVER, NULL},
    {"journal", "ring_bytes", "ring", "缓冲", ctl_bytes, NEVER, NULL},
    {"journal", "ring_used", "ring in use", "缓冲占用", ctl_bytes, NEVER, NULL},
    {"journal", "holes", "holes", "缺口", ctl_text, IF_TRUE, NULL},
    {"queues", "transitions", "transitions", "状态变化", ctl_text, NEVER, NULL},
    {"queues", "entries", "entries for the log", "报警记录", ctl_text, NEVER, NULL},
    {"queues", "not_applied", "records not judged", "未判断的记录", ctl_text, NEVER, NULL},
    {"queues", "not_durable", "records not on disk", "未落盘的记录", ctl_text, NEVER, NULL},
    {"redis", "enabled", "enabled", "启用", ctl_text, NEVER, NULL},
    {"redis", "up", "up", "连通", ctl_text, IF_FALSE, "enabled"},
    {"redis", "since_ms", "since", "起始时间", ctl_time, NEVER, "enabled"},
    {"redis", "reason", "reason", "原因", ctl_text, NEVER, "enabled"},
    {"redis", "fenced", "fenced", "已被取代", ctl_text, IF_TRUE, "enabled"},
    {"redis", "foreign", "foreign journal", "属于别的日志", ctl_text, IF_TRUE, "enabled"},
    {"redis", "published", "published", "已发布", ctl_text, NEVER, "enabled"},
    {"redis", "waiting", "waiting", "待发布", ctl_text, NEVER, "enabled"},
    {"redis", "refetched", "refetched", "重取", ctl_text, NEVER, "enabled"},
    {"redis", "gaps", "gaps", "缺口", ctl_text, NEVER, "enabled"},
    {"redis", "epoch", "epoch", "纪元", ctl_text, NEVER, "enabled"},
    {"redis", "latency_us", "latency (us)", "往返 (us)", ctl_text, NEVER, "enabled"},
};

static const struct section {
    const char *what, *en, *zh;
} sections[] = {
    {"daemon", "hazardd", "hazardd"},     {"alarms", "alarms", "报警"},
    {"coverage", "coverage", "监视范围"}, {"engine", "rule engine", "规则引擎"},
    {"journal", "journal", "日志"},       {"queues", "waiting between threads", "线程间等待"},
    {"redis", "Redis", "Redis"},
};
#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

struct status {
    const struct ctl_call *call;
    struct ctl_table *feeds;
    json_t *rows[SECTIONS];
};

static bool take_row(void *ctx, const json_t *row)
{
    struct status *status = ctx;
    const char *what = json_string_value(json_object_get(row, "what"));

    if (!what)
        return true;
    if (strcmp(what, "feed") == 0)
        return ctl_table_row(status->feeds, row);
    for (size_t i = 0; i < SECTIONS; i++) {
        if (strcmp(what, sections[i].what) != 0)
            continue;
        json_decref(status->rows[i]);
        status->rows[i] = json_incref((json_t *)(uintptr_t)row);
    }
    return true; /* what a newer daemon says besides */
}

static bool in_trouble(const struct fact *fact, const json_t *row)
{
    if (fact->trouble == IF_FALSE)
        return json_is_false(json_object_get(row, fact->field));
    return fact->trouble == IF_TRUE && ctl_true(row, fact->field);
}

/* The longest label in the user's language. */
static unsigned label_width(bool chinese)
{
    unsigned widest = 0;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        unsigned width = ctl_width(chinese ? facts[i].zh : facts[i].en);

        widest = width > widest ? width : widest;
    }
    return widest;
}

static void write_fact(const struct ctl_call *call, const struct fact *fact, const json_t *row,
                       unsigned width)
{
    const char *label = call->chinese ? fact->zh : fact->en;
    bool trouble = in_trouble(fact, row), painted = trouble && call->colour;
    char room[CTL_CELL_BYTES];
    struct hz_text text = hz_text_in(room, sizeof(room));

    fact->render(row, fact->field, &text);
    if (text.length == 0)
        return;
    printf("%s%s %s%*s  %s%s\n", painted ? ctl_paint(CTL_RED) : "", trouble ? "!" : " ", label,
           (int)(width - ctl_width(label)), "", text.at, painted ? CTL_PAINT_END : "");
}

static void write_section(const struct ctl_call *call, const struct section *section,
                          const json_t *row)
{
    unsigned width = label_width(call->chinese);

    printf("%s%s%s\n", call->colour ? ctl_paint(CTL_BOLD) : "",
           call->chinese ? section->zh : section->en, call->colour ? CTL_PAINT_END : "");
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        if (strcmp(facts[i].what, section->what) == 0 &&
            (!facts[i].only_if || ctl_true(row, facts[i].only_if)))
            write_fact(call, &facts[i], row, width);
    puts("");
}

static int run(const struct ctl_call *call)
{
    struct status status = {.call = call};

    status.feeds = ctl_table_new(&ctl_feed_list, call);
    if (!status.feeds) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    int code = ctl_ask(call, false, take_row, &status);
    for (size_t i = 0; i < SECTIONS; i++) {
        if (status.rows[i])
            write_section(call, &sections[i], status.rows[i]);
        json_decref(status.rows[i]);
    }
    (void)ctl_table_end(status.feeds); /* none is possible */
    ctl_table_free(status.feeds);
    return code;
}

const struct ctl_command ctl_status = {
    .name = "status",
    .summary = "Show how hazardd is",
    .text = "A line that begins with ! is not as it should be.",
    .online = true,
    .run = run,
};
