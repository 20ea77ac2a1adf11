/* SPDX-License-Identifier: Apache-2.0
 *
 * What was refused, by point or topic, and the registered point that is written most alike. The points
 * of an enterprise are asked of the daemon once, whatever of it was refused. What must stay true: a
 * suggestion is one of the set in force; a daemon that does not answer that question costs the
 * suggestions, not the list.
 */
#include "ctl.h"

#include "hz_limits.h"
#include "hz_nearest.h"

#include <stdlib.h>

#define ENTERPRISES_ASKED 32u /* beyond: no suggestions */

struct unknown {
    json_t *rows;
    json_t *rest;
};

static const struct ctl_column columns[] = {
    {.field = "feed", .en = "FEED", .zh = "数据源", .render = ctl_text},
    {.field = "verdict", .en = "VERDICT", .zh = "拒收原因", .render = ctl_word},
    {.field = "point|topic", .en = "POINT OR TOPIC", .zh = "测点或主题", .render = ctl_text},
    {.field = "count", .en = "COUNT", .zh = "次数", .render = ctl_text, .right = true},
    {.field = "first_ms", .en = "FIRST", .zh = "首次", .render = ctl_time},
    {.field = "last_ms", .en = "LAST", .zh = "最近", .render = ctl_time},
    {.field = "nearest", .en = "NEAREST", .zh = "相近的测点", .render = ctl_text},
    {.field = "sample", .en = "SAMPLE", .zh = "样例", .render = ctl_text},
};

static double rank(const json_t *row)
{
    return ctl_number(row, "last_ms");
}

static const struct ctl_list list = {
    CTL_COLUMNS(columns),
    .rank = rank,
    .nothing_en = "nothing was refused since hazardd started",
    .nothing_zh = "hazardd 启动以来没有拒收",
};

static bool take_row(void *ctx, const json_t *row)
{
    struct unknown *unknown = ctx;

    if (!json_object_get(row, "what"))
        return json_array_append(unknown->rows, (json_t *)(uintptr_t)row) == 0;
    json_decref(unknown->rest);
    unknown->rest = json_incref((json_t *)(uintptr_t)row);
    return true;
}

/* --- suggestions --- */

/* A row that may have one. */
struct candidate {
    json_t *row;
    struct hz_nearest nearest;
    char best[HZ_KEY_BYTES_MAX + 1];
};

struct search {
    struct candidate *all; /* sorted: those of an enterprise lie together */
    size_t count, from, to;
};

/* "330382001/" of "330382001/TF01/LT101"; 0: the key has no such head, or it would be a pattern. */
static size_t head_of(const char *key)
{
    size_t length = strcspn(key, "/");

    if (length == 0 || !key[length] || strcspn(key, "*?[\\") <= length)
        return 0;
    return length + 1;
}

static const char *key_of(const struct candidate *candidate)
{
    return json_string_value(json_object_get(candidate->row, "point"));
}

static int by_key(const void *a, const void *b)
{
    return strcmp(key_of(a), key_of(b));
}

/* The nearest lends its text, which this row of the answer owns: kept. */
static bool try_point(void *ctx, const json_t *row)
{
    struct search *search = ctx;
    const char *key = json_string_value(json_object_get(row, "point"));

    for (size_t i = search->from; key && i < search->to; i++) {
        struct candidate *candidate = &search->all[i];

        hz_nearest_try(&candidate->nearest, key);
        if (candidate->nearest.best == key && strlen(key) < sizeof(candidate->best))
            candidate->nearest.best = strcpy(candidate->best, key);
    }
    return true;
}

/* All rows from `from` on with the same head. */
static int ask_enterprise(const struct ctl_call *call, struct search *search)
{
    const char *first = key_of(&search->all[search->from]);
    size_t length = head_of(first);
    char glob[HZ_KEY_BYTES_MAX + 2], fault_room[CTL_CELL_BYTES];
    struct hz_text fault = hz_text_in(fault_room, sizeof(fault_room));
    struct ctl_call ask = {.command = &ctl_points,
                           .socket = call->socket,
                           .timeout_s = call->timeout_s,
                           .operand = glob,
                           .fault = &fault};

    for (search->to = search->from; search->to < search->count; search->to++)
        if (strncmp(key_of(&search->all[search->to]), first, length) != 0)
            break;
    (void)snprintf(glob, sizeof(glob), "%.*s*", (int)length, first);
    return ctl_ask(&ask, false, try_point, search);
}

static void suggest(const struct ctl_call *call, const struct unknown *unknown)
{
    size_t rows = json_array_size(unknown->rows);
    struct search search = {.all = calloc(rows + 1, sizeof(*search.all))};

    for (size_t i = 0; search.all && i < rows; i++) {
        json_t *row = json_array_get(unknown->rows, i);
        const char *key = json_string_value(json_object_get(row, "point"));

        if (key && head_of(key) > 0 && strlen(key) <= HZ_KEY_BYTES_MAX)
            search.all[search.count++] =
                (struct candidate){.row = row, .nearest = hz_nearest(hz_slice(key))};
    }
    if (search.count > 0)
        qsort(search.all, search.count, sizeof(*search.all), by_key);
    for (unsigned asked = 0; search.from < search.count && asked < ENTERPRISES_ASKED; asked++) {
        if (ask_enterprise(call, &search) != CTL_OK)
            break;
        search.from = search.to;
    }
    for (size_t i = 0; i < search.count; i++)
        if (search.all[i].nearest.best)
            (void)json_object_set_new(search.all[i].row, "nearest",
                                      json_string(search.all[i].nearest.best));
    free(search.all);
}

/* --- showing --- */

static void say_rest(const struct ctl_call *call, const json_t *rest)
{
    double without = ctl_number(rest, "without_row"), given_up = ctl_number(rest, "given_up");

    if (without > 0 || given_up > 0)
        printf(call->chinese ? "另有 %.0f 次拒收未列出\n" : "%.0f refusals more are in no row\n",
               (without > 0 ? without : 0) + (given_up > 0 ? given_up : 0));
}

static int show(const struct ctl_call *call, const struct unknown *unknown)
{
    struct ctl_table *table = ctl_table_new(&list, call);
    json_t *row;
    size_t i;

    if (!table) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    json_array_foreach(unknown->rows, i, row)
    {
        if (!ctl_table_row(table, row))
            break;
    }
    if (ctl_table_end(table) == 0)
        puts(call->chinese ? list.nothing_zh : list.nothing_en);
    ctl_table_free(table);
    say_rest(call, unknown->rest);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct unknown unknown = {.rows = json_array()};
    int code = ctl_ask(call, false, take_row, &unknown);

    if (code == CTL_OK && !call->json) {
        suggest(call, &unknown);
        code = show(call, &unknown);
    }
    json_decref(unknown.rows);
    json_decref(unknown.rest);
    return code;
}

const struct ctl_command ctl_unknown = {
    .name = "unknown",
    .summary = "Show what arrives and is refused: points that nobody registered, broken messages",
    .text =
        "By feed, verdict and point or topic, the latest first, since hazardd started. NEAREST is\n"
        "the registered point of that enterprise that is written most alike.",
    .online = true,
    .run = run,
};
