/* SPDX-License-Identifier: Apache-2.0
 *
 * The system's clocks, and one that moves only when told.
 */
#include "hz_clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now); /* cannot fail for these ids */
    return (int64_t)now.tv_sec * HZ_NS_PER_S + now.tv_nsec;
}

static int64_t real_mono(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t real_wall(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static int64_t real_boot(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_BOOTTIME);
}

const struct hz_clock hz_clock_real = {real_mono, real_wall, real_boot, NULL};

static int64_t virtual_mono(void *ctx)
{
    return ((const struct hz_clock_virtual *)ctx)->mono;
}

static int64_t virtual_wall(void *ctx)
{
    return ((const struct hz_clock_virtual *)ctx)->wall;
}

static int64_t virtual_boot(void *ctx)
{
    const struct hz_clock_virtual *time = ctx;

    return time->mono + time->suspended;
}

struct hz_clock hz_clock_from_virtual(struct hz_clock_virtual *time)
{
    return (struct hz_clock){virtual_mono, virtual_wall, virtual_boot, time};
}

void hz_clock_advance(struct hz_clock_virtual *time, int64_t ns)
{
    time->mono += ns;
    time->wall += ns;
}

void hz_clock_suspend(struct hz_clock_virtual *time, int64_t ns)
{
    time->wall += ns;
    time->suspended += ns;
}
