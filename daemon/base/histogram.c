/* SPDX-License-Identifier: Apache-2.0
 *
 * Histograms of durations. What must stay true: one thread writes one histogram, so that a bucket is
 * read and stored, without a locked instruction.
 */
#include "hz_histogram.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

const int64_t hz_histogram_bounds_ns[HZ_HISTOGRAM_BOUNDS] = {
    1 * US,   2 * US,   5 * US, 10 * US, 20 * US, 50 * US, 100 * US, 200 * US,
    500 * US, 1 * MS,   2 * MS, 5 * MS,  10 * MS, 20 * MS, 50 * MS,  100 * MS,
    200 * MS, 500 * MS, 1 * S,  2 * S,   5 * S,   10 * S,
};

const char *const hz_histogram_bound_words[HZ_HISTOGRAM_BOUNDS] = {
    "1e-06",  "2e-06", "5e-06", "1e-05", "2e-05", "5e-05", "0.0001", "0.0002",
    "0.0005", "0.001", "0.002", "0.005", "0.01",  "0.02",  "0.05",   "0.1",
    "0.2",    "0.5",   "1.0",   "2.0",   "5.0",   "10.0",
};

/* The first bucket whose bound is not below `ns`. */
static unsigned bucket_of(int64_t ns)
{
    unsigned low = 0, high = HZ_HISTOGRAM_BOUNDS;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (hz_histogram_bounds_ns[middle] < ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add(_Atomic uint64_t *to, uint64_t by)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

void hz_histogram_record(struct hz_histogram *histogram, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    add(&histogram->buckets[bucket_of(ns)], 1);
    add(&histogram->sum_ns, (uint64_t)ns);
}
