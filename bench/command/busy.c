/* SPDX-License-Identifier: Apache-2.0
 *
 * From the first line of /proc/stat, twice: the load average would still tell of the bench before.
 */
#include "busy.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define LOOK_MS 300

struct ticks {
    unsigned long long all, idle;
};

/* user nice system idle iowait irq softirq steal: waiting for a disk is idle here. */
static bool read_ticks(struct ticks *ret_ticks)
{
    unsigned long long t[8] = {0};
    FILE *file = fopen("/proc/stat", "re");

    if (!file)
        return false;
    int got = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
                     &t[3], &t[4], &t[5], &t[6], &t[7]);
    (void)fclose(file);
    *ret_ticks = (struct ticks){0, t[3] + t[4]};
    for (int i = 0; i < got; i++)
        ret_ticks->all += t[i];
    return got >= 4;
}

double busy_share(void)
{
    struct ticks before, after;

    if (!read_ticks(&before))
        return NAN;
    (void)nanosleep(&(struct timespec){0, LOOK_MS * 1000000}, NULL);
    if (!read_ticks(&after) || after.all <= before.all)
        return NAN;
    return 1 - (double)(after.idle - before.idle) / (double)(after.all - before.all);
}
