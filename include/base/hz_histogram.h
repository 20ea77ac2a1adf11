/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    How long something took, counted in buckets of fixed bounds (1, 2, 5 of each decade from 1 us
 *         to 10 s, and above). Recorded per call or per block, never per reading: a search of five
 *         steps and two stores.
 * WAY     -
 * THREAD  one writes; any other may read at any time (relaxed: buckets and sum are each whole, not
 *         taken at one moment)
 * OWNS    nothing: everything is in the struct, which has its cache lines to itself
 * FULL    the last bucket takes everything above 10 s
 */
#ifndef HZ_HISTOGRAM_H
#define HZ_HISTOGRAM_H

#include "hz_limits.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#define HZ_HISTOGRAM_BOUNDS 22u

/* Upper bounds, each within its bucket; and the same in seconds, as OpenMetrics writes them. */
extern const int64_t hz_histogram_bounds_ns[HZ_HISTOGRAM_BOUNDS];
extern const char *const hz_histogram_bound_words[HZ_HISTOGRAM_BOUNDS];

struct hz_histogram {
    alignas(HZ_CACHE_LINE) _Atomic uint64_t buckets[HZ_HISTOGRAM_BOUNDS + 1];
    _Atomic uint64_t sum_ns;
};

/* What took a negative time (a wall clock was set back) took none. */
void hz_histogram_record(struct hz_histogram *histogram, int64_t ns);

#endif
