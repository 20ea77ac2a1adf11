/* SPDX-License-Identifier: Apache-2.0
 *
 * The rates of the last hour: not known at first, then over what there is, then over the hour and no
 * more.
 */
#include "metrics_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static double bytes, alerts;

static bool rate_at(const struct metrics_rate *rate, int64_t s, uint64_t has_bytes,
                    uint64_t has_alerts)
{
    const struct rate_sample now = {s * HZ_NS_PER_S, has_bytes, has_alerts};

    return metrics__rate(rate, &now, &bytes, &alerts);
}

static void note(struct metrics_rate *rate, int64_t s, uint64_t has_bytes, uint64_t has_alerts)
{
    metrics__rate_note(rate, &(struct rate_sample){s * HZ_NS_PER_S, has_bytes, has_alerts});
}

static void not_known_at_first(void **state)
{
    struct metrics_rate rate = {0};

    (void)state;
    assert_false(rate_at(&rate, 100, 5, 5));
    note(&rate, 100, 1000, 10);
    assert_false(rate_at(&rate, 109, 5000, 11));
    assert_true(rate_at(&rate, 110, 5000, 11));
    assert_true(bytes == 400 && alerts == 0.1);
}

static void over_the_last_hour(void **state)
{
    struct metrics_rate rate = {0};

    (void)state;
    /* 100 bytes a second for an hour, then ten times as many for a half; looked at every second */
    for (int64_t s = 0; s <= 3600; s++)
        note(&rate, s, (uint64_t)s * 100, 0);
    assert_true(rate_at(&rate, 3600, 360000, 0) && bytes == 100);
    for (int64_t s = 3601; s <= 5400; s++)
        note(&rate, s, 360000 + (uint64_t)(s - 3600) * 1000, 0);
    assert_true(rate_at(&rate, 5400, 360000 + 1800000, 0));
    assert_true(bytes == 550 && alerts == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_known_at_first),
        cmocka_unit_test(over_the_last_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
