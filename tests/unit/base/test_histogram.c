/* SPDX-License-Identifier: Apache-2.0
 *
 * Each duration is in the first bucket whose bound is not below it, at the bounds themselves too; the
 * bounds' words say what the bounds are.
 */
#include "hz_histogram.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t in_bucket(const struct hz_histogram *histogram, unsigned bucket)
{
    return atomic_load(&histogram->buckets[bucket]);
}

static uint64_t in_all(const struct hz_histogram *histogram)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= HZ_HISTOGRAM_BOUNDS; i++)
        count += in_bucket(histogram, i);
    return count;
}

static void a_bound_belongs_to_its_bucket(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HZ_HISTOGRAM_BOUNDS; i++) {
        struct hz_histogram histogram = {0};

        hz_histogram_record(&histogram, hz_histogram_bounds_ns[i]);
        assert_int_equal(in_bucket(&histogram, i), 1);
        hz_histogram_record(&histogram, hz_histogram_bounds_ns[i] + 1);
        assert_int_equal(in_bucket(&histogram, i + 1), 1);
        hz_histogram_record(&histogram, hz_histogram_bounds_ns[i] - 1);
        assert_int_equal(in_bucket(&histogram, i), 2);
        assert_int_equal(in_all(&histogram), 3);
        assert_int_equal(atomic_load(&histogram.sum_ns), 3 * hz_histogram_bounds_ns[i]);
    }
}

static void the_edges(void **state)
{
    struct hz_histogram histogram = {0};

    (void)state;
    hz_histogram_record(&histogram, 0);
    hz_histogram_record(&histogram, -5); /* a wall clock was set back */
    assert_int_equal(in_bucket(&histogram, 0), 2);
    assert_int_equal(atomic_load(&histogram.sum_ns), 0);
    hz_histogram_record(&histogram, INT64_MAX);
    assert_int_equal(in_bucket(&histogram, HZ_HISTOGRAM_BOUNDS), 1);
}

/* As OpenMetrics writes numbers in labels: shortest, whole ones with ".0". */
static void the_words_are_the_bounds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HZ_HISTOGRAM_BOUNDS; i++) {
        char word[32];
        double seconds = (double)hz_histogram_bounds_ns[i] / 1e9;

        (void)snprintf(word, sizeof(word), seconds < 1 ? "%g" : "%.1f", seconds);
        assert_string_equal(hz_histogram_bound_words[i], word);
        assert_true(i == 0 || hz_histogram_bounds_ns[i] > hz_histogram_bounds_ns[i - 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_belongs_to_its_bucket),
        cmocka_unit_test(the_edges),
        cmocka_unit_test(the_words_are_the_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
