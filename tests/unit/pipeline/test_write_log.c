/* SPDX-License-Identifier: Apache-2.0
 *
 * The alarms log on the write thread, without the threads: what it answers where it has holes, and what
 * counts as appended after a failed sync.
 */
#include "pipeline_priv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char directory[64];
static struct hz_disk disk;
static struct hz_config config; /* durable */
static struct hz_pipeline *p;
static struct hz_spsc_tx entries, fetches; /* output's ends */
static struct hz_spsc_rx fetched;

static ssize_t refused_write(void *ctx, int fd, const void *bytes, size_t length, int64_t offset)
{
    (void)ctx, (void)fd, (void)bytes, (void)length, (void)offset;
    return -EIO;
}

static int begin(void **state)
{
    static const uint64_t journal[2] = {1, 2};
    char path[128];

    (void)state;
    hz_role_take(&hz_write);
    (void)snprintf(directory, sizeof(directory), "/tmp/hz-log-XXXXXX");
    assert_non_null(mkdtemp(directory));
    disk = hz_disk_real;
    p = aligned_alloc(HZ_CACHE_LINE,
                      (sizeof(*p) + HZ_CACHE_LINE - 1) / HZ_CACHE_LINE * HZ_CACHE_LINE);
    assert_non_null(p);
    memset(p, 0, sizeof(*p));
    p->options = (struct hz_pipeline_options){
        .state_directory = directory, .clock = &hz_clock_real, .disk = &disk};
    p->config = &config;
    atomic_store(&p->durable_seq, 1000);
    (void)snprintf(path, sizeof(path), "%s/alarms", directory);
    assert_int_equal(
        hz_segment_writer_new(&disk, path, HZ_SEGMENT_ALARMS, journal, 1 << 20, &p->write.alarms),
        0);
    assert_int_equal(pipeline__log_queue_new(p), 0);
    assert_int_equal(hz_spsc_init(&p->rings[0], sizeof(void *), 16, &entries, &p->write.entries),
                     0);
    assert_int_equal(
        hz_spsc_init(&p->rings[1], sizeof(struct pipeline_fetch), 4, &fetches, &p->write.fetches),
        0);
    assert_int_equal(
        hz_spsc_init(&p->rings[2], sizeof(struct pipeline_fetch), 4, &p->write.fetched, &fetched),
        0);
    return 0;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    pipeline__write_done(p);
    for (unsigned i = 0; i < 3; i++)
        hz_spsc_done(&p->rings[i]);
    free(p);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command);
}

static void append(uint64_t from, uint64_t to)
{
    hz_role_assert(&hz_write);
    for (uint64_t number = from; number <= to; number++) {
        struct hz_entry *entry = calloc(1, sizeof(*entry));
        assert_non_null(entry);
        *entry = (struct hz_entry){.bytes = sizeof(*entry),
                                   .number = number,
                                   .seq = number,
                                   .id = {.ms = (int64_t)number * 10}};
        assert_true(hz_spsc_push(&entries, &entry));
    }
    assert_int_equal(pipeline__log_append(p), 0);
}

/* They leave the memory. */
static void synced(uint64_t number)
{
    hz_role_assert(&hz_write);
    assert_int_equal(hz_segment_sync(p->write.alarms), 0);
    atomic_store(&p->log_synced, number);
    assert_int_equal(pipeline__log_append(p), 0);
}

/* The numbers of the first and the last entry of the answer; its error. */
static int ask(struct pipeline_fetch fetch, uint64_t *ret_first, uint64_t *ret_last)
{
    hz_role_assert(&hz_write);
    assert_true(hz_spsc_push(&fetches, &fetch));
    pipeline__log_answer(p);
    assert_true(hz_spsc_pop(&fetched, &fetch));
    if (fetch.length > 0) {
        const struct hz_entry *answered = fetch.entries;
        *ret_first = answered[0].number;
        *ret_last = answered[fetch.length / sizeof(*answered) - 1].number;
    }
    free(fetch.entries);
    return fetch.error;
}

static void expect(struct pipeline_fetch fetch, uint64_t first, uint64_t last)
{
    uint64_t answered_first = 0, answered_last = 0;

    assert_int_equal(ask(fetch, &answered_first, &answered_last), 0);
    assert_int_equal(answered_first, first);
    assert_int_equal(answered_last, last);
}

static void a_hole_is_answered_by_what_is_behind_it(void **state)
{
    uint64_t none;

    (void)state;
    append(1, 3);
    append(7, 9);
    synced(9);
    append(12, 14);
    expect((struct pipeline_fetch){.number = 2}, 2, 14);
    expect((struct pipeline_fetch){.number = 4}, 7, 14);
    expect((struct pipeline_fetch){.number = 10}, 12, 14); /* between file and memory */
    expect((struct pipeline_fetch){.number = 13}, 13, 14);
    expect((struct pipeline_fetch){.by_id = true, .id = {.ms = 45}}, 7, 14);
    expect((struct pipeline_fetch){.by_id = true, .id = {.ms = 105}}, 12, 14);
    assert_int_equal(ask((struct pipeline_fetch){.number = 15}, &none, &none), HZ_ENOTFOUND);
}

static void what_a_failed_sync_has_lost_is_not_appended(void **state)
{
    hz_role_assert(&hz_write);
    (void)state;
    append(1, 3);
    synced(3);
    append(4, 6);
    assert_int_equal(atomic_load(&p->log_appended), 6);
    atomic_store(&p->log_rewind_asked, true);
    disk.write = refused_write;
    assert_int_equal(pipeline__log_append(p), -EIO);
    assert_false(atomic_load(&p->log_rewind_asked));
    assert_int_equal(atomic_load(&p->log_appended), 3); /* else a sync of nothing would free them */
    disk.write = hz_disk_real.write;
    assert_int_equal(pipeline__log_append(p), 0);
    assert_int_equal(atomic_load(&p->log_appended), 6);
    synced(6);
    expect((struct pipeline_fetch){.number = 1}, 1, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hole_is_answered_by_what_is_behind_it, begin, end),
        cmocka_unit_test_setup_teardown(what_a_failed_sync_has_lost_is_not_appended, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
