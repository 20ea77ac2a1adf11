/* SPDX-License-Identifier: Apache-2.0
 *
 * The state directory: one daemon at a time, one identity for ever, sets come back as they were,
 * snapshots are whole or not there, older ones stand in for damaged ones.
 */
#include "hz_store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];
static struct hz_store *store;

/* A command of the shell that finds the state directory in $STATE. */
static int shell(const char *command)
{
    (void)setenv("STATE", directory, 1);
    return system(command);
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/hz-store-XXXXXX");
    return mkdtemp(directory) ? hz_store_open(&hz_disk_real, directory, &store) : -1;
}

static int end(void **state)
{
    (void)state;
    hz_store_close(store);
    return shell("rm -rf \"$STATE\"");
}

static void one_daemon_at_a_time(void **state)
{
    struct hz_store *second;

    (void)state;
    assert_int_equal(hz_store_open(&hz_disk_real, directory, &second), -EBUSY);
}

static void the_identity_stays(void **state)
{
    uint64_t identity[2];

    (void)state;
    memcpy(identity, hz_store_identity(store), sizeof(identity));
    assert_true(identity[0] != 0 || identity[1] != 0);
    hz_store_close(store);
    assert_int_equal(hz_store_open(&hz_disk_real, directory, &store), 0);
    assert_memory_equal(identity, hz_store_identity(store), sizeof(identity));
}

static void a_spoilt_identity_is_not_replaced(void **state)
{
    (void)state;
    hz_store_close(store);
    store = NULL;
    assert_int_equal(shell("echo spoilt > \"$STATE/journal.id\""), 0);
    assert_int_equal(hz_store_open(&hz_disk_real, directory, &store), HZ_ECORRUPT);
}

static struct hz_digest archive_two(struct hz_files *files)
{
    struct hz_digest set;

    hz_files_init(files);
    assert_int_equal(hz_files_add(files, "rules.d/tank.yaml", "schema: 1\n", 10), 0);
    assert_int_equal(hz_files_add(files, "hazardd.yaml", "", 0), 0);
    assert_int_equal(hz_store_archive(store, files, &set), 0);
    return set;
}

static void a_set_comes_back_as_it_was(void **state)
{
    struct hz_files files, back;
    struct hz_digest set = archive_two(&files), again;

    (void)state;
    hz_files_init(&back);
    assert_int_equal(hz_store_fetch(store, &set, &back), 0);
    assert_int_equal(back.count, 2);
    assert_string_equal(back.files[1].path, "rules.d/tank.yaml");
    assert_memory_equal(back.files[1].bytes, "schema: 1\n", 10);
    assert_int_equal(back.files[0].length, 0);
    again = hz_files_digest(&back);
    assert_memory_equal(&again, &set, sizeof(set));
    assert_int_equal(hz_store_archive(store, &files, &again), 0); /* there already */
    hz_files_done(&back);
    hz_files_done(&files);
}

static void a_changed_archive_is_found_out(void **state)
{
    struct hz_files files, back;
    struct hz_digest set = archive_two(&files), other = {{1}};

    (void)state;
    hz_files_init(&back);
    assert_int_equal(hz_store_fetch(store, &other, &back), HZ_ENOTFOUND);
    assert_int_equal(
        shell("for f in \"$STATE\"/files/*; do [ -s \"$f\" ] && printf 'schema: 2\\n' > "
              "\"$f\"; done; true"),
        0);
    assert_int_equal(hz_store_fetch(store, &set, &back), HZ_ECORRUPT);
    hz_files_done(&back);
    hz_files_init(&back);
    assert_int_equal(shell("for f in \"$STATE\"/sets/*; do echo x >> \"$f\"; done"), 0);
    assert_int_equal(hz_store_fetch(store, &set, &back), HZ_ECORRUPT);
    hz_files_done(&back);
    hz_files_done(&files);
}

static void the_last_good_set_is_remembered(void **state)
{
    struct hz_digest set = {{0xab, 0xcd}}, found;

    (void)state;
    assert_int_equal(hz_store_last_good(store, &found), HZ_ENOTFOUND);
    assert_int_equal(hz_store_set_last_good(store, &set), 0);
    assert_int_equal(hz_store_last_good(store, &found), 0);
    assert_memory_equal(&found, &set, sizeof(set));
}

/* --- snapshots: `count` numbers from seq on --- */

static void save(uint64_t seq, unsigned count)
{
    struct hz_snapshot_writer *writer;

    assert_int_equal(hz_snapshot_begin(store, seq, &writer), 0);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = seq + i;
        assert_int_equal(hz_snapshot_write(writer, &number, sizeof(number)), 0);
    }
    assert_int_equal(hz_snapshot_commit(writer), 0);
}

static uint64_t load(uint64_t most, unsigned count)
{
    struct hz_snapshot_reader *reader;
    uint64_t seq, number;

    int error = hz_snapshot_open(store, most, &reader, &seq);
    if (error < 0) {
        assert_int_equal(error, HZ_ENOTFOUND);
        return 0;
    }
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(hz_snapshot_read(reader, &number, sizeof(number)), 0);
        assert_int_equal(number, seq + i);
    }
    assert_int_equal(hz_snapshot_read(reader, &number, 1), HZ_EOF);
    hz_snapshot_close(reader);
    return seq;
}

static void the_newest_snapshot_not_above_is_read(void **state)
{
    (void)state;
    assert_int_equal(load(UINT64_MAX, 0), 0);
    save(100, 100000); /* more than a buffer */
    assert_int_equal(load(UINT64_MAX, 100000), 100);
    save(UINT64_C(5) << 32, 100000);
    assert_true(load(UINT64_MAX, 100000) == UINT64_C(5) << 32);
    assert_int_equal(load(99999, 100000), 100);
    assert_int_equal(load(99, 0), 0);
}

static void two_are_kept(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 5; seq++)
        save(seq, 3);
    assert_int_equal(load(UINT64_MAX, 3), 5);
    assert_int_equal(load(4, 3), 4);
    assert_int_equal(load(3, 3), 0);
}

static void an_older_one_stands_in_for_a_damaged_one(void **state)
{
    (void)state;
    save(1, 10);
    save(2, 10);
    assert_int_equal(shell("printf X | dd of=\"$(ls \"$STATE\"/snapshots/*2.snap)\" bs=1 seek=50 "
                           "conv=notrunc 2>/dev/null"),
                     0);
    assert_int_equal(load(UINT64_MAX, 10), 1);
    assert_int_equal(shell("truncate -s 40 \"$(ls \"$STATE\"/snapshots/*1.snap)\""), 0);
    assert_int_equal(load(UINT64_MAX, 10), 0);
}

static void an_aborted_snapshot_was_never_there(void **state)
{
    struct hz_snapshot_writer *writer;

    (void)state;
    save(1, 10);
    assert_int_equal(hz_snapshot_begin(store, 2, &writer), 0);
    assert_int_equal(hz_snapshot_write(writer, "half", 4), 0);
    hz_snapshot_abort(writer);
    assert_int_equal(load(UINT64_MAX, 10), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(one_daemon_at_a_time),
        T(the_identity_stays),
        T(a_spoilt_identity_is_not_replaced),
        T(a_set_comes_back_as_it_was),
        T(a_changed_archive_is_found_out),
        T(the_last_good_set_is_remembered),
        T(the_newest_snapshot_not_above_is_read),
        T(two_are_kept),
        T(an_older_one_stands_in_for_a_damaged_one),
        T(an_aborted_snapshot_was_never_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
