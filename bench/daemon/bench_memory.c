/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for each point, and CPU when nothing happens. Resident memory of a daemon that is ready, at
 * 1 000 000 points and at 1 000: one four-limit rule, INVALID and STALE, keys and names of 21 bytes,
 * the tag filled. Bar: 250 bytes for each point between the two. And 10 000 silent points for ten
 * seconds: bar 1 % of a core.
 *
 * The daemon proves what it holds: its coverage counts every point.
 */
#include "hz_bench.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS       3
#define BYTES_BAR    250.0
#define IDLE_BAR     1.0 /* % of a core */
#define IDLE_SECONDS 10

static struct rig *start(unsigned enterprises, unsigned points)
{
    struct rig *rig = rig_new();

    rig_write(rig, "config/hazardd.yaml",
              "redis:\n  enabled: false\nfeeds:\n- name: bench\n  address: unix:%s/nobody.sock\n  "
              "client_id: bench\n"
              "  filters:\n  - filter: \"hz/+/+/+\"\n    topic: hz/{enterprise}/{hazard}/{point}\n",
              rig_folder(rig));
    rig_write_points(rig, enterprises, points, true);
    rig_start_daemon(rig);
    if (rig_number(rig, "coverage", "total") != (int64_t)enterprises * points)
        rig_fail("the daemon does not know all points");
    return rig;
}

static double rss_of(unsigned enterprises, unsigned points)
{
    struct rig *rig = start(enterprises, points);
    double bytes = (double)rig_rss_bytes(rig_daemon(rig));

    rig_free(rig);
    return bytes;
}

/* A share of a core, in %. The broker is there and silent. */
static double idle_round(void)
{
    struct rig *rig = rig_new();

    rig_start_broker(rig, "");
    rig_write(rig, "config/hazardd.yaml",
              "redis:\n  enabled: false\nfeeds:\n- name: bench\n  address: unix:%s/broker.sock\n  "
              "client_id: bench\n"
              "  filters:\n  - filter: \"hz/+/+/+\"\n    topic: hz/{enterprise}/{hazard}/{point}\n",
              rig_folder(rig));
    rig_write_points(rig, 100, 100, true);
    rig_start_daemon(rig);
    rig_wait_number(rig, "feed", "connected_now", 1);
    double before = rig_cpu_s(rig_daemon(rig));
    (void)nanosleep(&(struct timespec){IDLE_SECONDS, 0}, NULL);
    double cpu = rig_cpu_s(rig_daemon(rig)) - before;
    rig_free(rig);
    return cpu * 100 / IDLE_SECONDS;
}

int main(void)
{
    static double byte_samples[ROUNDS], idle_samples[ROUNDS];
    struct hz_bench bytes = hz_bench("memory", "bytes for each point", byte_samples, ROUNDS);
    struct hz_bench idle =
        hz_bench("memory", "idle with 10 000 silent points, % of a core", idle_samples, ROUNDS);

    for (int round = 0; round < ROUNDS; round++) {
        hz_bench_progress("memory", (unsigned)round, ROUNDS);
        double small = rss_of(10, 100), large = rss_of(1000, 1000);
        hz_bench_add(&bytes, (large - small) / 999000);
        hz_bench_add(&idle, idle_round());
    }
    hz_bench_progress("memory", ROUNDS, ROUNDS);
    /* As ratios to the bars: below is better, so the bar of the ratio bar / measured is 1. */
    hz_bench_print(&bytes, BYTES_BAR / hz_bench_median(&bytes), 1);
    hz_bench_print(&idle, IDLE_BAR / hz_bench_median(&idle), 1);
    return EXIT_SUCCESS;
}
