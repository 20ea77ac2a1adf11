/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The two clocks, as an object, so that a simulation can hand in its own. Nobody else calls
 *         clock_gettime for anything that can reach the journal.
 * WAY     pipeline -> feeds, ingest, output
 * THREAD  a real clock: any; a virtual clock: the simulation's thread
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_CLOCK_H
#define HZ_CLOCK_H

#include <stdint.h>

#define HZ_NS_PER_US INT64_C(1000)
#define HZ_NS_PER_MS INT64_C(1000000)
#define HZ_NS_PER_S  INT64_C(1000000000)

struct hz_clock {
    int64_t (*mono_ns)(void *ctx); /* CLOCK_MONOTONIC: never back; does not count suspension */
    int64_t (*wall_ns)(void *ctx); /* UTC, ns since 1970 */
    int64_t (*boot_ns)(void *ctx); /* CLOCK_BOOTTIME: as mono, but counts suspension */
    void *ctx;
};

extern const struct hz_clock hz_clock_real;

static inline int64_t hz_mono_ns(const struct hz_clock *clock)
{
    return clock->mono_ns(clock->ctx);
}

static inline int64_t hz_wall_ns(const struct hz_clock *clock)
{
    return clock->wall_ns(clock->ctx);
}

static inline int64_t hz_boot_ns(const struct hz_clock *clock)
{
    return clock->boot_ns(clock->ctx);
}

/* A clock that stands still until it is moved. */
struct hz_clock_virtual {
    int64_t mono;
    int64_t wall;
    int64_t suspended; /* in all */
};

struct hz_clock hz_clock_from_virtual(struct hz_clock_virtual *time);
void hz_clock_advance(struct hz_clock_virtual *time, int64_t ns); /* all clocks */
void hz_clock_suspend(struct hz_clock_virtual *time, int64_t ns); /* all but mono */

#endif
