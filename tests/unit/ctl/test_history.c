/* SPDX-License-Identifier: Apache-2.0
 *
 * What was journalled of a point, out of segments of a few blocks: forward, the newest, a span; segments
 * that were given up and written again, damage; and moments as people write them.
 */
#include "ctl_history.h"

#include "hz_clock.h"
#include "hz_record.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define START_MS INT64_C(1763903047000)

static char folder[64], said[4096];
static const uint64_t identity[2] = {1, 2};
static struct hz_names *names;
static uint32_t ours, other;

void ctl_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
}

const char *ctl_value(const struct ctl_call *call, const char *option)
{
    (void)call;
    (void)option;
    return NULL;
}

/* --- a journal --- */

static struct hz_segment_writer *writer;

static void open_writer(void)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/journal", folder);
    assert_int_equal(
        hz_segment_writer_new(&hz_disk_real, path, HZ_SEGMENT_JOURNAL, identity, 8192, &writer), 0);
}

static void append(struct hz_block *block)
{
    int error = hz_segment_append(writer, block, block->bytes, block->seq);

    if (error == -EAGAIN) {
        assert_int_equal(hz_segment_sync(writer), 0);
        error = hz_segment_append(writer, block, block->bytes, block->seq);
    }
    assert_int_equal(error, 0);
}

/* A block of two readings, seq and seq + 1: of another point, then of ours with value `seq + 1`; one a
 * second. */
static void write_block(uint64_t seq)
{
    struct {
        struct hz_block head;
        struct hz_reading readings[2];
    } block;

    hz_block_init(&block.head, HZ_BLOCK_READINGS, 1);
    block.head.seq = seq;
    block.head.wall_ns = (START_MS + (int64_t)seq * 500) * HZ_NS_PER_MS;
    block.head.count = 2;
    block.head.bytes = sizeof(block);
    for (unsigned i = 0; i < 2; i++)
        block.readings[i] = (struct hz_reading){.source_ms = HZ_NO_SOURCE_TIME,
                                                .kind = HZ_VALUE_I64,
                                                .value.i64 = (int64_t)seq + i,
                                                .point = {i == 0 ? other : ours}};
    append(&block.head);
}

/* A writer begins a segment of its own: five of them. */
static void write_segments(void)
{
    for (uint64_t seq = 1; seq < 401; seq += 2) {
        if (seq % 80 == 1 && seq > 1) {
            assert_int_equal(hz_segment_sync(writer), 0);
            hz_segment_writer_free(writer);
            open_writer();
        }
        write_block(seq);
    }
}

static void write_gap(uint64_t seq, uint32_t feed)
{
    alignas(8) char room[512];
    struct hz_block *block = (void *)room;
    struct hz_record_gap gap = {
        .head = {HZ_RECORD_GAP, sizeof(gap), 0}, .feed = feed, .reason = HZ_GAP_DOWN};

    hz_block_init(block, HZ_BLOCK_CONTROL, 0);
    assert_true(hz_block_add_record(block, sizeof(room), &gap.head));
    block->seq = seq;
    block->wall_ns = (START_MS + (int64_t)seq * 500) * HZ_NS_PER_MS;
    append(block);
}

static int begin(void **state)
{
    char path[128];

    (void)state;
    said[0] = '\0';
    strcpy(folder, "/tmp/hz-history-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/alarms", folder);
    assert_int_equal(hz_disk_real.mkdir(NULL, path, 0700), 0);
    assert_int_equal(hz_names_new(&names), 0);
    assert_int_equal(hz_names_define(names, HZ_NAMED_POINT, "E/H/A", 5, &other), 0);
    assert_int_equal(hz_names_define(names, HZ_NAMED_POINT, "E/H/B", 5, &ours), 0);
    open_writer();
    return 0;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    hz_segment_writer_free(writer);
    hz_names_free(names);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* --- what is read --- */

static char rows[65536];

static bool take_line(void *ctx, const char *json, size_t length)
{
    struct hz_text *text = ctx;
    const char *seq = strstr(json, "\"seq\":");

    assert_int_equal(strlen(json), length);
    hz_text_format(text, "%s%llu ", strstr(json, "\"gap\"") ? "g" : "",
                   strtoull(seq + 6, NULL, 10));
    return true;
}

/* "2 4 g5 6 ": the seqs. */
static const char *read_all(bool newest, uint64_t limit, int64_t from_ms, int64_t to_ms)
{
    struct hz_text text = hz_text_in(rows, sizeof(rows));
    struct ctl_history history = {.state = folder,
                                  .names = names,
                                  .point = ours,
                                  .from_ms = from_ms,
                                  .to_ms = to_ms,
                                  .newest = newest,
                                  .limit = limit};

    assert_int_equal(ctl_history_read(&history, take_line, &text), CTL_OK);
    return rows;
}

static const char *expected(uint64_t first, uint64_t last)
{
    static char room[65536];
    struct hz_text text = hz_text_in(room, sizeof(room));

    for (uint64_t seq = first; seq <= last; seq += 2)
        hz_text_format(&text, "%llu ", (unsigned long long)seq);
    return room;
}

static unsigned segments(void)
{
    struct ctl_segments all;

    assert_int_equal(ctl_state_segments(folder, HZ_SEGMENT_JOURNAL, &all), CTL_OK);
    unsigned count = all.count;
    ctl_state_segments_done(&all);
    return count;
}

static void forward_and_the_newest(void **state)
{
    (void)state;
    write_segments();
    assert_int_equal(segments(), 5);
    assert_string_equal(read_all(false, UINT64_MAX, 0, INT64_MAX), expected(2, 400));
    assert_string_equal(read_all(false, 7, 0, INT64_MAX), expected(2, 14));
    assert_string_equal(read_all(true, 1, 0, INT64_MAX), expected(400, 400));
    assert_string_equal(read_all(true, 150, 0, INT64_MAX), expected(102, 400));
    assert_string_equal(read_all(true, 1000, 0, INT64_MAX), expected(2, 400));
}

static void a_span_of_time(void **state)
{
    (void)state;
    write_segments();
    /* blocks 101 to 201 begin in this span */
    int64_t from = START_MS + 101 * 500, to = START_MS + 201 * 500;
    assert_string_equal(read_all(false, UINT64_MAX, from, to), expected(102, 202));
    assert_string_equal(read_all(true, 10, 0, to), expected(184, 202));
    from = START_MS + 155 * 500; /* near the end of a segment */
    assert_string_equal(read_all(false, 5, from, INT64_MAX), expected(156, 164));
    assert_string_equal(read_all(false, UINT64_MAX, START_MS + 1000000, INT64_MAX), "");
    assert_string_equal(read_all(true, 10, 0, START_MS - 1), "");
}

/* After a failed sync blocks are written again, with the same numbers, into the next segment. */
static void nothing_comes_twice(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq < 61; seq += 2)
        write_block(seq);
    hz_segment_writer_abandon(writer);
    for (uint64_t seq = 21; seq < 101; seq += 2)
        write_block(seq);
    assert_string_equal(read_all(false, UINT64_MAX, 0, INT64_MAX), expected(2, 100));
    assert_string_equal(read_all(true, 1000, 0, INT64_MAX), expected(2, 100));
    assert_string_equal(read_all(true, 45, 0, INT64_MAX), expected(12, 100));
}

static void gaps_stand_where_they_were(void **state)
{
    (void)state;
    write_block(1);
    write_gap(3, 0);
    write_block(4);
    write_gap(6, 1); /* of its feed */
    write_gap(7, 2); /* of another */
    write_block(8);
    assert_string_equal(read_all(false, UINT64_MAX, 0, INT64_MAX), "2 g3 5 g6 9 ");
    assert_string_equal(read_all(true, 3, 0, INT64_MAX), "5 g6 9 ");
}

static void damage_is_said_and_passed_over(void **state)
{
    char command[256];

    (void)state;
    write_segments();
    (void)snprintf(command, sizeof(command),
                   "f=$(ls %s/journal/*.seg | sed -n 2p); printf XXXX | dd of=$f bs=1 seek=4600 "
                   "conv=notrunc 2>/dev/null",
                   folder);
    assert_int_equal(system(command), 0);
    const char *got = read_all(false, UINT64_MAX, 0, INT64_MAX);
    assert_non_null(strstr(said, "damaged"));
    assert_memory_equal(got, "2 4 6 ", 6);
    assert_non_null(strstr(got, " 398 400 "));
    assert_true(strlen(got) < strlen(expected(2, 400)));
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    struct ctl_segments all;

    (void)state;
    assert_int_equal(ctl_state_segments("/nonexistent", HZ_SEGMENT_JOURNAL, &all), CTL_REFUSED);
    assert_non_null(strstr(said, "/nonexistent/journal"));
}

/* --- moments --- */

static void moments(void **state)
{
    static const int64_t now =
        INT64_C(1763903047123); /* 2025-11-23T13:04:07Z, 21:04:07 in Shanghai */
    static const struct {
        const char *text;
        int64_t ms; /* 0 = refused */
    } table[] = {
        {"2025-11-23 21:04:07", 1763903047000},
        {"2025-11-23T21:04", 1763903040000},
        {"2025-11-23", 1763827200000},
        {"21:04:07", 1763903047000},
        {"2025-11-23T13:04:07Z", 1763903047000},
        {"1763903047123", 1763903047123},
        {"2h", 1763895847123},
        {"90s", 1763902957123},
        {"3d", 1763643847123},
        {"", 0},
        {"2025-02-30", 0},
        {"2025-13-01", 0},
        {"25:00", 0},
        {"2h30", 0},
        {"yesterday", 0},
        {"2025-11-23 21:04:07 x", 0},
        {"12345", 0},
        {"h", 0},
    };

    (void)state;
    assert_int_equal(setenv("TZ", "Asia/Shanghai", 1), 0);
    tzset();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int64_t ms = -1;
        bool good = ctl_moment(table[i].text, now, &ms);

        if (good != (table[i].ms != 0) || (good && ms != table[i].ms))
            fail_msg("%s: %d, %lld", table[i].text, good, (long long)ms);
        assert_true(good == (ctl_moment_fault(table[i].text) == NULL));
    }
}

static void the_bar(void **state)
{
    char room[128];
    struct hz_text text = hz_text_in(room, sizeof(room));

    (void)state;
    ctl_progress_bar(&text, 0.25, 3, 8);
    assert_string_equal(room, "[##......]  25 %  9 s");
    text = hz_text_in(room, sizeof(room));
    ctl_progress_bar(&text, 1.5, 3, 4);
    assert_string_equal(room, "[####] 100 %  0 s");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(forward_and_the_newest),
        T(a_span_of_time),
        T(nothing_comes_twice),
        T(gaps_stand_where_they_were),
        T(damage_is_said_and_passed_over),
        T(a_folder_that_is_not_there_is_said),
        cmocka_unit_test(moments),
        cmocka_unit_test(the_bar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
