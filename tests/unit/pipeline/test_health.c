/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is well: a thread is unwell when it has not come round for five seconds; an engine without a
 * thread of its own comes round with ingest.
 */
#include "metrics_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static struct hz_clock_virtual time_ = {.mono = HZ_NS_PER_S};
static struct hz_clock clock_;
static struct output_metrics metrics;
static struct hz_pipeline *p;
static char said[1024];

static int set_up(void **state)
{
    (void)state;
    hz_role_take(&hz_output);
    clock_ = hz_clock_from_virtual(&time_);
    p = aligned_alloc(alignof(struct hz_pipeline), sizeof(*p));
    assert_non_null(p);
    memset(p, 0, sizeof(*p));
    memset(&metrics, 0, sizeof(metrics));
    p->options.clock = &clock_;
    p->output.metrics = &metrics;
    (void)health__look(p);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(p);
    return 0;
}

static void beat(int thread)
{
    p->beats[thread]++;
}

static bool well(void)
{
    struct hz_text text = hz_text_in(said, sizeof(said));

    return health__well(p, &text);
}

static void a_silent_thread_is_named(void **state)
{
    (void)state;
    p->own_rule_thread = true;
    for (int i = 0; i < 100; i++) {
        hz_clock_advance(&time_, 100 * HZ_NS_PER_MS);
        beat(HEALTH_INGEST);
        beat(HEALTH_OUTPUT);
        if (i < 40)
            beat(HEALTH_RULE);
        assert_true(well() == (i < 90)); /* last seen at 39, unwell beyond 39 + 50 */
    }
    assert_string_equal(said, "thread rule: has not come round for 6 s\n");
    assert_int_equal(health__silence_ns(p, HEALTH_RULE), 6 * HZ_NS_PER_S);
    beat(HEALTH_RULE);
    assert_true(well());
    assert_int_equal(health__silence_ns(p, HEALTH_RULE), 0);
}

static void an_engine_on_ingest_comes_round_with_it(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        hz_clock_advance(&time_, 100 * HZ_NS_PER_MS);
        beat(HEALTH_INGEST);
        beat(HEALTH_OUTPUT);
        assert_true(well());
    }
    for (int i = 0; i < 51; i++) {
        hz_clock_advance(&time_, 100 * HZ_NS_PER_MS);
        beat(HEALTH_OUTPUT);
        assert_true(well() == (i < 50));
    }
    assert_string_equal(said, "thread ingest: has not come round for 5 s\n"
                              "thread rule: has not come round for 5 s\n");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_silent_thread_is_named),
        T(an_engine_on_ingest_comes_round_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
