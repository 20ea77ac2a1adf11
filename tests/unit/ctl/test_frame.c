/* SPDX-License-Identifier: Apache-2.0
 *
 * The screen of `top` as text: cut at the edges, whatever stands in it; and rates, which are those of
 * one run of the daemon.
 */
#include "ctl_top.h"

#include "hz_clock.h"
#include "hz_histogram.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

void ctl_say(const char *format, ...)
{
    (void)format;
    fail();
}

static char room[1 << 16];

static struct ctl_frame frame_of(unsigned width, unsigned lines)
{
    return (struct ctl_frame){
        .text = hz_text_in(room, sizeof(room)), .width = width, .lines_left = lines};
}

static void pieces_are_cut_at_the_edge(void **state)
{
    struct ctl_frame frame = frame_of(10, 2);

    (void)state;
    ctl_frame_put(&frame, CTL_PLAIN, "液位");
    ctl_frame_to(&frame, 7);
    ctl_frame_put(&frame, CTL_PLAIN, "液位表"); /* one of them fits into three columns */
    ctl_frame_put(&frame, CTL_PLAIN, "ab");     /* one column is left */
    ctl_frame_put(&frame, CTL_PLAIN, "c");
    ctl_frame_line(&frame);
    ctl_frame_to(&frame, 30);
    ctl_frame_put(&frame, CTL_PLAIN, "beyond");
    ctl_frame_line(&frame);
    ctl_frame_put(&frame, CTL_PLAIN, "no line left");
    ctl_frame_line(&frame);
    assert_string_equal(room, "液位   液a\n\n");
}

static void the_last_line_does_not_scroll(void **state)
{
    struct ctl_frame frame = frame_of(10, 2);

    (void)state;
    frame.terminal = true;
    ctl_frame_begin(&frame);
    ctl_frame_put(&frame, CTL_PLAIN, "a");
    ctl_frame_line(&frame);
    ctl_frame_put(&frame, CTL_PLAIN, "b");
    ctl_frame_line(&frame);
    ctl_frame_end(&frame);
    assert_string_equal(room, "\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J");
}

static const struct ctl_column columns[] = {
    {.field = "a", .en = "A", .zh = "甲", .render = ctl_text},
    {.field = "n", .en = "NUMBER", .zh = "数", .render = ctl_text, .right = true},
    {.field = "b", .en = "B", .zh = "乙", .render = ctl_text},
};
static const struct ctl_list list = {CTL_COLUMNS(columns)};

static json_t *rows_of(unsigned count)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < count; i++)
        (void)json_array_append_new(
            rows, json_pack("{s:s,s:i,s:s}", "a", i == 0 ? "液位" : "x", "n", (int)i, "b", "end"));
    return rows;
}

static void tables_say_what_they_leave_out(void **state)
{
    struct ctl_frame frame = frame_of(40, 20);
    json_t *rows = rows_of(5);

    (void)state;
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 0, 3), 4);
    assert_string_equal(room, "A     NUMBER  B\n"
                              "液位       0  end\n"
                              "x          1  end\n"
                              "... and 3 more\n");
    frame = frame_of(40, 20);
    frame.chinese = true;
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 5, 5), 6);
    assert_memory_equal(room, "甲    数  乙\n", strlen("甲    数  乙\n"));
    assert_null(strstr(room, "..."));
    frame = frame_of(40, 20);
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 0, 0), 2);
    assert_non_null(strstr(room, "... and 5 more\n"));
    frame = frame_of(40, 20);
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 12, 10),
                     7); /* seven were not asked for */
    assert_non_null(strstr(room, "... and 7 more\n"));
    json_decref(rows);
}

static struct ctl_sample sample_of(int pid, int readings, int messages)
{
    struct ctl_sample sample;
    json_t *row;

    assert_true(ctl_sample_begin(&sample));
    row = json_pack("{s:s,s:i,s:i}", "what", "daemon", "pid", pid, "since_ms", pid);
    assert_true(ctl_sample_status_row(&sample, row));
    json_decref(row);
    row = json_pack("{s:s,s:i}", "what", "engine", "readings", readings);
    assert_true(ctl_sample_status_row(&sample, row));
    json_decref(row);
    row = json_pack("{s:s,s:s,s:i,s:{s:i,s:i}}", "what", "feed", "feed", "city", "messages",
                    messages, "verdicts", "broken", messages, "late", 1);
    assert_true(ctl_sample_status_row(&sample, row));
    json_decref(row);
    return sample;
}

static double engine_rate(const struct ctl_sample *sample)
{
    return ctl_number(json_object_get(sample->status, "engine"), "readings_per_s");
}

static void rates_are_by_time(void **state)
{
    struct ctl_sample one = sample_of(1, 1000, 10), two = sample_of(1, 1500, 30);

    (void)state;
    two.mono_ns = one.mono_ns + 2 * HZ_NS_PER_S;
    ctl_sample_rates(&two, &one);
    assert_true(engine_rate(&two) == 250);
    const json_t *feed = json_array_get(two.feeds, 0);
    assert_true(ctl_number(feed, "messages_per_s") == 10);
    assert_true(ctl_number(feed, "refused") == 31);
    assert_true(ctl_number(feed, "refused_per_s") == 10);
    assert_true(ctl_number(json_object_get(two.status, "total"), "messages_per_s") == 10);
    ctl_sample_free(&one);
    ctl_sample_free(&two);
}

static void add_times(struct ctl_sample *sample, int fast, int slow, int beyond)
{
    json_t *row = json_pack("{s:s,s:[]}", "what", "times", "read");
    json_t *counts = json_object_get(row, "read");

    for (unsigned i = 0; i <= HZ_HISTOGRAM_BOUNDS; i++)
        (void)json_array_append_new(counts, json_integer(i == 3                     ? fast
                                                         : i == 9                   ? slow
                                                         : i == HZ_HISTOGRAM_BOUNDS ? beyond
                                                                                    : 0));
    assert_true(ctl_sample_status_row(sample, row));
    json_decref(row);
}

/* Of what went through since: 98 of 100 within bound 3 (10 us), then within bound 9 (1 ms), then beyond. */
static void times_are_those_since(void **state)
{
    static const struct {
        int fast, slow, beyond;
        double p50, p99;
    } table[] = {
        {98, 2, 0, 10, 1000}, {99, 1, 0, 10, 10}, {1, 99, 0, 1000, 1000}, {10, 0, 90, -1, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ctl_sample one = sample_of(1, 0, 0), two = sample_of(1, 0, 0);

        add_times(&one, 1000, 5000, 7);
        add_times(&two, 1000 + table[i].fast, 5000 + table[i].slow, 7 + table[i].beyond);
        two.mono_ns = one.mono_ns + HZ_NS_PER_S;
        ctl_sample_rates(&two, &one);
        const json_t *times = json_object_get(two.status, "times");
        assert_true(ctl_number(times, "read_p50_us") == table[i].p50);
        assert_true(ctl_number(times, "read_p99_us") == table[i].p99);
        ctl_sample_free(&one);
        ctl_sample_free(&two);
    }
}

static void no_times_when_nothing_went_through(void **state)
{
    struct ctl_sample one = sample_of(1, 0, 0), two = sample_of(1, 0, 0);

    (void)state;
    add_times(&one, 1, 2, 3);
    add_times(&two, 1, 2, 3);
    two.mono_ns = one.mono_ns + HZ_NS_PER_S;
    ctl_sample_rates(&two, &one);
    assert_null(json_object_get(json_object_get(two.status, "times"), "read_p50_us"));
    ctl_sample_free(&one);
    ctl_sample_free(&two);
}

/* Counts begin anew with a run: a rate over the restart would be nonsense. */
static void no_rate_over_a_restart(void **state)
{
    struct ctl_sample one = sample_of(1, 1000, 10), two = sample_of(2, 1500, 30);

    (void)state;
    two.mono_ns = one.mono_ns + HZ_NS_PER_S;
    ctl_sample_rates(&two, &one);
    assert_false(engine_rate(&two) >= 0);
    assert_null(json_object_get(json_object_get(two.status, "total"), "messages_per_s"));
    ctl_sample_rates(&one, NULL);
    assert_false(engine_rate(&one) >= 0);
    ctl_sample_free(&one);
    ctl_sample_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_cut_at_the_edge),
        cmocka_unit_test(the_last_line_does_not_scroll),
        cmocka_unit_test(tables_say_what_they_leave_out),
        cmocka_unit_test(rates_are_by_time),
        cmocka_unit_test(no_rate_over_a_restart),
        cmocka_unit_test(times_are_those_since),
        cmocka_unit_test(no_times_when_nothing_went_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
