/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer of `explain`, section by section; a section without a row is left out.
 */
#include "ctl_explain.h"

struct fact {
    const char *field, *en, *zh;
    ctl_render render;
};

static void duration(const json_t *row, const char *field, struct hz_text *to)
{
    double ms = ctl_number(row, field);

    if (!(ms >= 0))
        return;
    if (ms < 1000)
        hz_text_format(to, "%.0f ms", ms);
    else if (ms < 120000)
        hz_text_format(to, "%.10g s", ms / 1000);
    else
        hz_text_format(to, "%.10g min", ms / 60000);
}

static void range(const json_t *row, const char *field, struct hz_text *to)
{
    (void)field;
    if (!json_object_get(row, "range_low"))
        return;
    ctl_text(row, "range_low", to);
    hz_text_puts(to, " .. ");
    ctl_text(row, "range_high", to);
}

static const struct fact point_facts[] = {
    {"point", "point", "测点", ctl_text},
    {"name", "name", "名称", ctl_text},
    {"tag", "tag", "位号", ctl_text},
    {"kind", "kind", "类型", ctl_text},
    {"unit", "unit", "单位", ctl_text},
    {"range", "range", "量程", range},
    {"mode", "mode", "方式", ctl_word},
    {"hazard_name|hazard", "hazard source", "重大危险源", ctl_text},
    {"enterprise_name", "enterprise", "企业", ctl_text},
    {"gateway", "gateway", "网关", ctl_text},
    {"gateway_name", "gateway's name", "网关名称", ctl_text},
    {"gateway_feed", "gateway's feed", "网关数据源", ctl_text},
    {"alive_by", "alive by", "在线依据", ctl_word},
    {"interval_ms", "interval", "上报间隔", duration},
    {"row_at", "row", "登记位置", ctl_text},
    {"value", "last value", "最近值", ctl_measure},
    {"quality", "quality", "品质", ctl_word},
    {"t_rx", "arrived", "到达时间", ctl_time_ms},
    {"feed", "feed", "数据源", ctl_text},
    {"stale invalid unobserved unconfirmed clock never", "signs", "标志", ctl_signs},
};

static const struct fact alarm_facts[] = {
    {"alarm", "alarm", "报警编号", ctl_text},
    {"cond", "condition", "条件", ctl_text},
    {"state", "state", "状态", ctl_word},
    {"sev", "severity", "级别", ctl_word},
    {"level|kind", "level", "限级", ctl_word},
    {"mode", "mode", "方式", ctl_word},
    {"value", "value", "数值", ctl_measure},
    {"limit", "limit", "限值", ctl_text},
    {"t_raise", "raised", "发生时间", ctl_time_ms},
    {"t", "last change", "最近变化", ctl_time_ms},
    {"rule", "rule", "规则", ctl_text},
    {"gateway", "gateway", "网关", ctl_text},
};

static const struct ctl_column limit_columns[] = {
    {.field = "rule", .en = "RULE", .zh = "规则", .render = ctl_text},
    {.field = "mode", .en = "MODE", .zh = "方式", .render = ctl_word},
    {.field = "level", .en = "LEVEL", .zh = "限级", .render = ctl_word},
    {.field = "sev",
     .en = "SEVERITY",
     .zh = "级别",
     .render = ctl_word,
     .paint = ctl_paint_severity},
    {.field = "limit", .en = "LIMIT", .zh = "限值", .render = ctl_text, .right = true},
    {.field = "limit_at", .en = "FROM", .zh = "来源", .render = ctl_text},
    {.field = "deadband", .en = "DEADBAND", .zh = "回差", .render = ctl_text, .right = true},
    {.field = "deadband_at", .en = "FROM", .zh = "来源", .render = ctl_text},
    {.field = "delay_ms", .en = "AFTER", .zh = "延时", .render = duration, .right = true},
    {.field = "delay_at", .en = "FROM", .zh = "来源", .render = ctl_text},
    {.field = "clear_delay_ms",
     .en = "CLEARS AFTER",
     .zh = "恢复延时",
     .render = duration,
     .right = true},
    {.field = "rule_at", .en = "WRITTEN AT", .zh = "规则位置", .render = ctl_text},
};

static const struct ctl_column entry_columns[] = {
    {.field = "t", .en = "TIME", .zh = "时间", .render = ctl_time_ms},
    {.field = "event", .en = "EVENT", .zh = "事件", .render = ctl_word},
    {.field = "state", .en = "STATE", .zh = "状态", .render = ctl_word},
    {.field = "sev",
     .en = "SEVERITY",
     .zh = "级别",
     .render = ctl_word,
     .paint = ctl_paint_severity},
    {.field = "level|kind", .en = "LEVEL", .zh = "限级", .render = ctl_word},
    {.field = "value", .en = "VALUE", .zh = "数值", .render = ctl_measure, .right = true},
    {.field = "limit", .en = "LIMIT", .zh = "限值", .render = ctl_text, .right = true},
    {.field = "for_ms", .en = "FOR", .zh = "持续", .render = duration, .right = true},
    {.field = "actor", .en = "WHO", .zh = "操作人", .render = ctl_text},
    {.field = "via", .en = "VIA", .zh = "途径", .render = ctl_text},
    {.field = "reason", .en = "REASON", .zh = "原因", .render = ctl_text},
    {.field = "set", .en = "SET", .zh = "配置", .render = ctl_text},
    {.field = "rule_rev", .en = "RULE REV", .zh = "规则版本", .render = ctl_text},
    {.field = "seq", .en = "RECORD", .zh = "记录", .render = ctl_text, .right = true},
};

static const struct ctl_column reading_columns[] = {
    {.field = "before", .en = "BEFORE", .zh = "事件之前", .render = ctl_word},
    {.field = "t_rx|to_ms", .en = "ARRIVED", .zh = "到达时间", .render = ctl_time_ms},
    {.field = "t_src", .en = "STAMP", .zh = "数据时间", .render = ctl_time_ms},
    {.field = "what", .en = "WHAT", .zh = "内容", .render = ctl_word},
    {.field = "value", .en = "VALUE", .zh = "数值", .render = ctl_text, .right = true},
    {.field = "quality", .en = "QUALITY", .zh = "品质", .render = ctl_word},
    {.field = "seq", .en = "RECORD", .zh = "记录", .render = ctl_text, .right = true},
};

static void head(const struct ctl_call *call, const char *en, const char *zh)
{
    printf("%s%s%s\n", call->colour ? ctl_paint(CTL_BOLD) : "", call->chinese ? zh : en,
           call->colour ? CTL_PAINT_END : "");
}

static void show_facts(const struct ctl_call *call, const char *en, const char *zh,
                       const struct fact *facts, size_t count, const json_t *row)
{
    char room[CTL_CELL_BYTES];
    unsigned width = 0;

    if (!row)
        return;
    for (size_t i = 0; i < count; i++) {
        unsigned its = ctl_width(call->chinese ? facts[i].zh : facts[i].en);

        width = its > width ? its : width;
    }
    head(call, en, zh);
    for (size_t i = 0; i < count; i++) {
        const char *label = call->chinese ? facts[i].zh : facts[i].en;
        struct hz_text text = hz_text_in(room, sizeof(room));

        facts[i].render(row, facts[i].field, &text);
        if (text.length > 0)
            printf("  %s%*s  %s\n", label, (int)(width - ctl_width(label)), "", text.at);
    }
    puts("");
}

static void show_rows(const struct ctl_call *call, const char *en, const char *zh,
                      const struct ctl_list *list, const json_t *rows)
{
    struct ctl_table *table;
    json_t *row;
    size_t i;

    if (json_array_size(rows) == 0)
        return;
    head(call, en, zh);
    table = ctl_table_new(list, call);
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
    {
        if (!table || !ctl_table_row(table, row))
            break;
    }
    if (table)
        (void)ctl_table_end(table);
    ctl_table_free(table);
    puts("");
}

static void show_notes(const struct ctl_explain *explain)
{
    const struct ctl_call *call = explain->call;
    json_t *note;
    size_t i;

    json_array_foreach(explain->notes, i, note)
    {
        const char *text = json_string_value(json_object_get(note, "text"));
        char said[CTL_CELL_BYTES], room[CTL_CELL_BYTES];
        struct hz_text sentence = hz_text_in(said, sizeof(said));
        struct hz_text harmless = hz_text_in(room, sizeof(room));

        if (!text)
            continue;
        if (call->chinese)
            ctl_in_chinese(text, &sentence);
        else
            hz_text_puts(&sentence, text);
        ctl_harmless(&harmless, said, sentence.length);
        printf("%s! %s%s\n", call->colour ? ctl_paint(CTL_RED) : "", room,
               call->colour ? CTL_PAINT_END : "");
    }
}

static void write_row(const json_t *row)
{
    if (!row)
        return;
    (void)json_dumpf(row, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
}

static void write_json(const struct ctl_explain *explain)
{
    const json_t *const arrays[] = {explain->limits, explain->entries, explain->readings,
                                    explain->notes};
    json_t *row;
    size_t i;

    write_row(explain->alarm);
    write_row(explain->point);
    for (size_t array = 0; array < sizeof(arrays) / sizeof(arrays[0]); array++)
        json_array_foreach((json_t *)(uintptr_t)arrays[array], i, row) write_row(row);
}

void ctl_explain_show(const struct ctl_explain *explain)
{
    static const struct ctl_list limits = {CTL_COLUMNS(limit_columns)},
                                 entries = {CTL_COLUMNS(entry_columns)},
                                 readings = {CTL_COLUMNS(reading_columns)};
    const struct ctl_call *call = explain->call;

    if (call->json) {
        write_json(explain);
        return;
    }
    show_facts(call, "alarm", "报警", alarm_facts, sizeof(alarm_facts) / sizeof(alarm_facts[0]),
               explain->alarm);
    show_facts(call, "point", "测点", point_facts, sizeof(point_facts) / sizeof(point_facts[0]),
               explain->point);
    show_rows(call, "what watches it", "监视它的规则", &limits, explain->limits);
    show_rows(call, "what happened", "经过", &entries, explain->entries);
    show_rows(call, "readings", "读数", &readings, explain->readings);
    show_notes(explain);
}
