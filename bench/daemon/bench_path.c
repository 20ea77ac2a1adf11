/* SPDX-License-Identifier: Apache-2.0
 *
 * What the daemon as a whole costs: CPU time for a million single-value JSON messages from the stub, over
 * TCP, QoS 0: transport, decode, journal, ring, four limits, 100 000 points. Beside it, by turns, a
 * bare libmosquitto subscriber that only counts. Bar: at most 1/8 of it; aim 1/20.
 *
 * Each round proves its answer: every reading evaluated, the transitions exactly as sent.
 */
#include "hz_bench.h"
#include "rig.h"
#include "work.h"

#include <math.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ENTERPRISES 1000u
#define TOTAL       (ENTERPRISES * WORK_ENTERPRISE_POINTS)
#define ROUNDS      5
#define BAR         8.0

/* 2.4 million messages, one in 750 a transition */
static struct work work = {.points = TOTAL, .hot_every = 250, .passes = 24};

/* --- the stub --- */

static int gate[2]; /* a byte lets the blast begin */

static void blast(int fd, unsigned connection, void *ctx)
{
    uint8_t protocol;
    char byte;

    (void)connection;
    (void)ctx;
    if (!stub_greet(fd, &protocol) || !stub_grant(fd, protocol) || read(gate[0], &byte, 1) != 1)
        return;
    (void)stub_blast(fd, work.packets, work.length, 1);
    stub_wait(fd);
}

static void open_gate(void)
{
    if (write(gate[1], "", 1) != 1)
        rig_fail("the stub's gate");
}

/* --- the peer --- */

static uint64_t counted;

static void count(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
    (void)m, (void)ctx, (void)message;
    counted++;
}

static double bare_round(void)
{
    struct stub *stub = stub_new(NULL, blast, NULL);
    struct mosquitto *m = mosquitto_new("bare", true, NULL);
    struct rusage before, after;

    if (!stub || !m || mosquitto_connect(m, "127.0.0.1", stub_port(stub), 60) ||
        mosquitto_subscribe(m, NULL, "#", 0))
        rig_fail("the bare subscriber");
    mosquitto_message_callback_set(m, count);
    counted = 0;
    open_gate();
    (void)getrusage(RUSAGE_THREAD, &before);
    while (counted < work.messages)
        if (mosquitto_loop(m, 1000, 1) != MOSQ_ERR_SUCCESS)
            rig_fail("the bare subscriber lost its connection at %llu",
                     (unsigned long long)counted);
    (void)getrusage(RUSAGE_THREAD, &after);
    mosquitto_destroy(m);
    stub_free(stub);
    double cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
                          before.ru_stime.tv_sec) +
                 1e-6 * (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec +
                                 after.ru_stime.tv_usec - before.ru_stime.tv_usec);
    return cpu * 1e6 / (double)work.messages;
}

/* --- the daemon --- */

static double daemon_round(unsigned rule_threads)
{
    struct stub *stub = stub_new(NULL, blast, NULL);
    struct rig *rig = rig_new();

    if (!stub)
        rig_fail("the stub");
    rig_write(rig, "config/hazardd.yaml",
              "rule_threads: %u\nredis:\n  enabled: false\nfeeds:\n- name: bench\n  address: "
              "127.0.0.1:%u\n"
              "  client_id: bench\n  protocol: 3.1.1\n  clean_session: true\n  filters:\n  - "
              "filter: \"hz/+/+/+\"\n"
              "    qos: 0\n    topic: hz/{enterprise}/{hazard}/{point}\n  skew: 1d\n",
              rule_threads, stub_port(stub));
    rig_write_points(rig, ENTERPRISES, WORK_ENTERPRISE_POINTS, false);
    rig_start_daemon(rig);
    rig_wait_number(rig, "feed", "connected_now", 1);
    double before = rig_cpu_s(rig_daemon(rig));
    open_gate();
    rig_wait_number(rig, "engine", "readings", (int64_t)work.messages);
    double cpu = rig_cpu_s(rig_daemon(rig)) - before;
    int64_t evaluated = rig_number(rig, "engine", "evaluated"),
            transitions = rig_number(rig, "engine", "transitions");
    if (evaluated != (int64_t)work.messages || rig_number(rig, "feed", "dropped") != 0)
        rig_fail("%lld readings of %llu evaluated", (long long)evaluated,
                 (unsigned long long)work.messages);
    int64_t sent = (int64_t)(work.raises + work.clears);
    if (transitions < sent || transitions > sent + 10)
        rig_fail("%lld transitions, %lld sent (and a few of the daemon itself)",
                 (long long)transitions, (long long)sent);
    rig_free(rig);
    stub_free(stub);
    return cpu * 1e6 / (double)work.messages;
}

int main(void)
{
    static double bare_samples[ROUNDS], ingest_samples[ROUNDS], own_samples[ROUNDS];
    struct hz_bench bare =
        hz_bench("path", "bare libmosquitto subscriber, CPU-s/M", bare_samples, ROUNDS);
    struct hz_bench on_ingest =
        hz_bench("path", "hazardd, engine on ingest, CPU-s/M", ingest_samples, ROUNDS);
    struct hz_bench own =
        hz_bench("path", "hazardd, engine's own thread, CPU-s/M", own_samples, ROUNDS);

    if (pipe(gate) != 0)
        rig_fail("pipe");
    (void)mosquitto_lib_init();
    if (!work_prepare(&work))
        rig_fail("no memory");
    for (int round = 0; round < ROUNDS; round++) {
        hz_bench_progress("path", (unsigned)round, ROUNDS);
        hz_bench_add(&bare, bare_round());
        hz_bench_add(&on_ingest, daemon_round(0));
        hz_bench_add(&own, daemon_round(1));
    }
    hz_bench_progress("path", ROUNDS, ROUNDS);
    hz_bench_print(&bare, 1, NAN);
    hz_bench_print(&on_ingest, hz_bench_median(&bare) / hz_bench_median(&on_ingest), BAR);
    hz_bench_print(&own, hz_bench_median(&bare) / hz_bench_median(&own), BAR);
    return EXIT_SUCCESS;
}
