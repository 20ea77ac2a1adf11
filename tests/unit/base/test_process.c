/* SPDX-License-Identifier: Apache-2.0
 *
 * What belongs to the whole process: error texts, the assert that ends it, roles, clocks.
 */
#include "hz_clock.h"
#include "hz_error.h"
#include "hz_role.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child ended that ran `body`: a signal, or 0. */
static int signal_of(void (*body)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        (void)close(STDERR_FILENO);
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void error_texts(void **state)
{
    (void)state;
    assert_string_equal(hz_strerror(HZ_ECORRUPT), "stored data is damaged");
    assert_string_equal(hz_strerror(HZ_EOF), "end of data");
    assert_string_equal(hz_strerror(-ENOENT), strerror(ENOENT));
    assert_non_null(hz_strerror(-999999));
}

static void wrong_assumption(void)
{
    hz_assert(1 + 1 == 3);
}

static void right_assumption(void)
{
    hz_assert(1 + 1 == 2);
}

static void an_assert_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(signal_of(wrong_assumption), SIGABRT);
    assert_int_equal(signal_of(right_assumption), 0);
}

static void with_both_roles(void)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    hz_role_assert(&hz_ingest);
    hz_role_assert(&hz_rule);
}

static void with_another_role(void)
{
    hz_role_take(&hz_ingest);
    hz_role_assert(&hz_output);
}

static void roles_are_asked_for(void **state)
{
    (void)state;
    assert_int_equal(signal_of(with_both_roles), 0);
    assert_int_equal(signal_of(with_another_role), SIGABRT);
}

static void clocks(void **state)
{
    struct hz_clock_virtual time = {.mono = 5, .wall = 1000};
    struct hz_clock clock = hz_clock_from_virtual(&time);

    (void)state;
    hz_clock_advance(&time, 10 * HZ_NS_PER_MS);
    assert_int_equal(hz_mono_ns(&clock), 5 + 10000000);
    assert_int_equal(hz_wall_ns(&clock), 1000 + 10000000);
    int64_t first = hz_mono_ns(&hz_clock_real);
    assert_true(hz_mono_ns(&hz_clock_real) >= first && first > 0);
    assert_true(hz_wall_ns(&hz_clock_real) > INT64_C(1700000000) * HZ_NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_texts),
        cmocka_unit_test(an_assert_ends_the_process),
        cmocka_unit_test(roles_are_asked_for),
        cmocka_unit_test(clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
