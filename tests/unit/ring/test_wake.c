/* SPDX-License-Identifier: Apache-2.0
 *
 * The wake-up by one thread: one write per sleep, none left behind, none lost.
 */
#include "hz_wake.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

static struct hz_wake wake;

static int fresh(void **state)
{
    (void)state;
    return hz_wake_init(&wake);
}

static int done(void **state)
{
    (void)state;
    hz_wake_done(&wake);
    return 0;
}

static bool readable(void)
{
    struct pollfd poll_fd = {.fd = wake.fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) == 1;
}

static void nobody_sleeps_nobody_writes(void **state)
{
    (void)state;
    hz_wake_up(&wake);
    assert_false(readable());
    hz_wake_arm(&wake);
    hz_wake_disarm(&wake);
    hz_wake_up(&wake);
    assert_false(readable());
    assert_int_equal(wake.wake_ups, 0);
}

static void one_write_for_many_wakes(void **state)
{
    (void)state;
    hz_wake_arm(&wake);
    hz_wake_up(&wake);
    hz_wake_up(&wake);
    assert_true(readable());
    assert_int_equal(wake.wake_ups, 1);
    hz_wake_disarm(&wake);
    assert_false(readable());
}

static void armed_twice_leaves_nothing_behind(void **state)
{
    (void)state;
    hz_wake_arm(&wake);
    hz_wake_up(&wake);
    hz_wake_arm(&wake);
    hz_wake_disarm(&wake);
    assert_false(readable());
    hz_wake_arm(&wake);
    hz_wake_up(&wake);
    hz_wake_arm(&wake);
    hz_wake_up(&wake);
    hz_wake_disarm(&wake);
    assert_false(readable());
    assert_int_equal(wake.owed, 0);
}

/* The writer has turned the flag but not written yet when the sleeper looks. */
static void a_late_write_ends_one_sleep_only(void **state)
{
    const uint64_t one = 1;

    (void)state;
    hz_wake_arm(&wake);
    atomic_store(&wake.asleep, 0);
    hz_wake_disarm(&wake);
    assert_int_equal(wake.owed, 1);
    assert_int_equal(write(wake.fd, &one, sizeof(one)), sizeof(one));
    hz_wake_arm(&wake);
    hz_wake_sleep(&wake, -1);
    assert_false(readable());
    assert_int_equal(wake.owed, 0);
}

static void sleep_ends_in_time(void **state)
{
    struct timespec before, after;

    (void)state;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    hz_wake_arm(&wake);
    hz_wake_sleep(&wake, 20000000);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t ns =
        (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
    assert_true(ns >= 19000000);
    assert_int_equal(atomic_load(&wake.asleep), 0);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(nobody_sleeps_nobody_writes),
        FRESH(one_write_for_many_wakes),
        FRESH(armed_twice_leaves_nothing_behind),
        FRESH(a_late_write_ends_one_sleep_only),
        FRESH(sleep_ends_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
