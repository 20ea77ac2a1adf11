/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole daemon, 100 000 points and 1 000 rules, 20 000 messages a second, each a write of its own. Two runs
 * by turns, of a fresh daemon each: one in whose measured time (two seconds at least) the files are reloaded
 * with another limit H of every point, and one in which nothing happens. Of the readings begun in that
 * time: the delay, from just before the message's write() until its evaluation is seen (steady.h says how,
 * and why that is the reader's own delay), its p99; and the longest time in which none was evaluated though
 * one was there. Bars: a reload adds at most 5 ms and 1 ms (medians of the rounds); from asking for it until
 * every point goes by its new limit it takes at most 1 s.
 *
 * Proved in each run: every reading sent was evaluated and none dropped; no alarm before; after the reload
 * exactly the points that stand between the old limit and the new are in alarm, the last of all among
 * them. They are never sent again, so that only the list of what has changed comes to them.
 */
#include "reload.h"

#include "hz_bench.h"
#include "rig.h"
#include "steady.h"
#include "work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS      5
#define STILL_EVERY 1000u
#define STILL       (RELOAD_POINTS / STILL_EVERY)
#define STILL_VALUE "87.00" /* between the two limits H */
#define OLD_H       "90"
#define NEW_H       "85"
#define LEAD_S      1
#define MEASURED_S  2
#define GAP_BAR_US  1000.0
#define P99_BAR_US  5000.0
#define ALL_BAR_MS  1000.0

struct figures {
    double p99_us, gap_us, changed_ms;
};

static FILE *text_begin(char **at, size_t *size)
{
    FILE *text = open_memstream(at, size);

    if (!text)
        rig_fail("no memory for the configuration");
    return text;
}

static void text_end(struct rig *rig, const char *name, FILE *text, char **at)
{
    if (fclose(text) != 0)
        rig_fail("no memory for the configuration");
    rig_write(rig, name, "%s", *at);
    free(*at);
}

static void write_points(struct rig *rig, const char *limit)
{
    char *at;
    size_t size;
    FILE *text = text_begin(&at, &size);

    fputs("enterprise,hazard,code,name,kind,unit,range_low,range_high,LL,L,H,HH\n", text);
    for (unsigned i = 0; i < RELOAD_POINTS; i++)
        fprintf(text, "E%04u,H01,P%04u,Point of the bench %02u,level,%%,0,100,5,10,%s,95\n",
                i / WORK_ENTERPRISE_POINTS + 1, i % WORK_ENTERPRISE_POINTS + 1, i % 100, limit);
    text_end(rig, "config/points.csv", text, &at);
}

static void write_rules(struct rig *rig)
{
    char *at;
    size_t size;
    FILE *text = text_begin(&at, &size);

    fputs("schema: 1\nrules:\n", text);
    for (unsigned i = 1; i <= RELOAD_RULES; i++)
        fprintf(text,
                "- id: r%u\n  name: {zh: 四限, en: four limits}\n  mode: live\n  domain: safety\n"
                "  select: {enterprise: E%04u}\n  limits:\n"
                "    HH: {severity: red, delay: 3s, clear_delay: 5s}\n    H: {severity: orange}\n"
                "    L: {severity: yellow, delay: 5s, clear_delay: 7s}\n"
                "    LL: {severity: orange, delay: 3s, clear_delay: 5s}\n"
                "  deadband: 2\n  invalid: {severity: yellow, after: 60s}\n"
                "  stale: {severity: yellow, after: 10min}\n",
                i, i);
    text_end(rig, "config/rules.d/load.yaml", text, &at);
}

static struct rig *begin(const char *folder_of_stub)
{
    struct rig *rig = rig_new();

    rig_write(rig, "config/hazardd.yaml",
              "rule_threads: 0\nredis:\n  enabled: false\nmetrics:\n  enabled: false\nfeeds:\n"
              "- name: bench\n  address: unix:%s\n  client_id: bench\n  protocol: 3.1.1\n"
              "  clean_session: true\n  filters:\n  - filter: \"hz/+/+/+\"\n    qos: 0\n"
              "    topic: hz/{enterprise}/{hazard}/{point}\n  skew: 1d\n",
              folder_of_stub);
    rig_write_points(rig, RELOAD_RULES, WORK_ENTERPRISE_POINTS, false); /* and the sites */
    write_rules(rig);
    write_points(rig, OLD_H);
    rig_start_daemon(rig);
    write_points(rig, NEW_H); /* now: to write it takes time of the processors, too */
    return rig;
}

static void prove(struct rig *rig, const struct steady *steady, unsigned alarms)
{
    const int64_t sent = (int64_t)steady->sent + RELOAD_POINTS;

    rig_wait_number(rig, "engine", "readings", sent);
    if (rig_number(rig, "engine", "readings") != sent ||
        rig_number(rig, "engine", "evaluated") != sent || rig_number(rig, "feed", "dropped") != 0)
        rig_fail("%lld readings of %lld evaluated",
                 (long long)rig_number(rig, "engine", "evaluated"), (long long)sent);
    if (rig_number(rig, "engine", "alarms") != (int64_t)alarms)
        rig_fail("%lld alarms, not %u", (long long)rig_number(rig, "engine", "alarms"), alarms);
}

static void pause_s(unsigned seconds)
{
    (void)nanosleep(&(struct timespec){seconds, 0}, NULL);
}

/* The measured time. */
static double measure(struct rig *rig, struct steady *steady, bool reload)
{
    const uint64_t from = hz_bench_now_ns();
    const uint64_t least = from + MEASURED_S * UINT64_C(1000000000);
    double changed_ms = 0;

    atomic_store(&steady->from_ns, from);
    if (reload) {
        rig_reload(rig, STILL);
        rig_wait_number(rig, "engine", "alarms", STILL);
        changed_ms = (double)(hz_bench_now_ns() - from) / 1e6;
    }
    while (hz_bench_now_ns() < least)
        (void)nanosleep(&(struct timespec){0, 10000000}, NULL);
    atomic_store(&steady->until_ns, hz_bench_now_ns());
    return changed_ms;
}

static void one_run(bool reload, struct figures *ret)
{
    struct steady steady = {
        .points = RELOAD_POINTS, .still_every = STILL_EVERY, .still_value = STILL_VALUE};
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/reload-%d.sock",
                   getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp", (int)getpid());
    steady_init(&steady);
    struct stub *stub = stub_new(path, steady_serve, &steady);
    if (!stub)
        rig_fail("the stub at %s", path);
    struct rig *rig = begin(path);
    rig_wait_number(rig, "engine", "readings", RELOAD_POINTS);
    if (rig_number(rig, "engine", "alarms") != 0)
        rig_fail("there are alarms before the reload");
    if (write(steady.gate[1], "", 1) != 1)
        rig_fail("the stub's gate");
    pause_s(LEAD_S);
    ret->changed_ms = measure(rig, &steady, reload);
    while (!atomic_load(&steady.over))
        (void)nanosleep(&(struct timespec){0, 10000000}, NULL);
    prove(rig, &steady, reload ? STILL : 0);
    struct hz_bench delays = hz_bench("reload", "", steady.delays_us, steady.delay_count);
    delays.count = steady.delay_count;
    ret->p99_us = hz_bench_quantile(&delays, 0.99);
    ret->gap_us = steady.gap_us;
    rig_free(rig);
    stub_free(stub);
    (void)unlink(path);
    steady_free(&steady);
}

/* --- the lines --- */

struct beside {
    double without[ROUNDS], with[ROUNDS], added[ROUNDS];
};

static void take(struct beside *to, int round, double without, double with)
{
    to->without[round] = without;
    to->with[round] = with;
    to->added[round] = with - without;
}

static void print_one(const char *what, const char *which, double *samples, double bar_us)
{
    char text[96];

    (void)snprintf(text, sizeof(text), "under load: %s, %s us", what, which);
    struct hz_bench bench = hz_bench("reload", text, samples, ROUNDS);
    bench.count = ROUNDS;
    /* What is added may be less than nothing. */
    const double ratio = bar_us / fmax(hz_bench_median(&bench), bar_us / 1000);
    hz_bench_print(&bench, ratio, isnan(bar_us) ? NAN : 1);
}

static void print(const char *what, struct beside *figures, double bar_us)
{
    print_one(what, "no reload,", figures->without, NAN);
    print_one(what, "a reload,", figures->with, NAN);
    print_one(what, "a reload adds,", figures->added, bar_us);
}

void reload_daemon(void)
{
    static struct beside p99, gap;
    static double changed_samples[ROUNDS];
    struct hz_bench changed =
        hz_bench("reload", "under load: all points changed, ms", changed_samples, ROUNDS);

    for (int round = 0; round < ROUNDS; round++) {
        struct figures without, with;

        hz_bench_progress("reload", (unsigned)round, ROUNDS);
        one_run(round % 2 != 0, round % 2 != 0 ? &with : &without);
        one_run(round % 2 == 0, round % 2 == 0 ? &with : &without);
        take(&p99, round, without.p99_us, with.p99_us);
        take(&gap, round, without.gap_us, with.gap_us);
        hz_bench_add(&changed, with.changed_ms);
    }
    hz_bench_progress("reload", ROUNDS, ROUNDS);
    printf("proved: each reading evaluated, none dropped; the new limits in force, %u alarms by "
           "them\n",
           STILL);
    print("p99 delay", &p99, P99_BAR_US);
    print("longest gap", &gap, GAP_BAR_US);
    hz_bench_print(&changed, ALL_BAR_MS / hz_bench_median(&changed), 1);
}
