/* SPDX-License-Identifier: Apache-2.0
 *
 * The screen of `top` as text: cut at the edges, whatever stands in it; and rates, which are those of
 * one run of the daemon.
 */
#include "ctl_top.h"

#include "hz_clock.h"

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
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 3), 4);
    assert_string_equal(room, "A     NUMBER  B\n"
                              "液位       0  end\n"
                              "x          1  end\n"
                              "... and 3 more\n");
    frame = frame_of(40, 20);
    frame.chinese = true;
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 5), 6);
    assert_memory_equal(room, "甲    数  乙\n", strlen("甲    数  乙\n"));
    assert_null(strstr(room, "..."));
    frame = frame_of(40, 20);
    assert_int_equal(ctl_frame_table(&frame, &list, rows, 0), 2);
    assert_non_null(strstr(room, "... and 5 more\n"));
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
