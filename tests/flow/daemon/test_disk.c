/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that hangs, fails or is full, under a whole daemon in this process, with a real broker and a
 * real Redis: alarms go out all the same, marked durable=0, and it is said; nothing is acknowledged
 * meanwhile; when the disk is back the journal yields exactly what was published.
 */
#include "alerts.h"
#include "hz_pipeline.h"
#include "hz_record.h"
#include "hz_segment.h"
#include "link.h"
#include "truth.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the disk --- */

enum trouble { NONE, HANGS, SYNC_FAILS, FULL, WRITE_HANGS, DEFINE_SYNC_FAILS, LOG_REFUSED };
static _Atomic int trouble;
static _Atomic unsigned failed_syncs, refused_writes;

/* The definitions' file, and what of it a failed sync loses; the write thread's (and the start's). */
static int define_fd = -1;
static int64_t define_synced, define_end;

static bool stands_in(int fd, const char *folder)
{
    char link[64], path[1024];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    return strstr(path, folder) != NULL;
}

/* As some kernels do it: the pages are gone, and the next sync says yes. */
static int lose_definitions(int fd)
{
    static const char zeros[4096];

    assert_in_range(define_end - define_synced, 1, sizeof(zeros));
    assert_true(pwrite(fd, zeros, (size_t)(define_end - define_synced), define_synced) > 0);
    atomic_fetch_add(&failed_syncs, 1);
    atomic_store(&trouble, NONE);
    return -EIO;
}

static int troubled_datasync(void *ctx, int fd)
{
    if (stands_in(fd, "/define/")) {
        if (atomic_load(&trouble) == DEFINE_SYNC_FAILS)
            return lose_definitions(fd);
        define_synced = define_end;
        return hz_disk_real.datasync(ctx, fd);
    }
    while (atomic_load(&trouble) == HANGS)
        (void)nanosleep(&(struct timespec){0, 5000000}, NULL);
    if (atomic_load(&trouble) == SYNC_FAILS) {
        atomic_fetch_add(&failed_syncs, 1);
        return -EIO;
    }
    return hz_disk_real.datasync(ctx, fd);
}

static ssize_t troubled_write(void *ctx, int fd, const void *bytes, size_t length, int64_t offset)
{
    while (atomic_load(&trouble) == WRITE_HANGS)
        (void)nanosleep(&(struct timespec){0, 5000000}, NULL);
    if (atomic_load(&trouble) == FULL ||
        (atomic_load(&trouble) == LOG_REFUSED && stands_in(fd, "/alarms/"))) {
        atomic_fetch_add(&refused_writes, 1);
        return -ENOSPC;
    }
    if (stands_in(fd, "/define/")) {
        if (fd != define_fd || offset == 0)
            define_synced = 0;
        define_fd = fd;
        define_end = offset + (int64_t)length;
    }
    return hz_disk_real.write(ctx, fd, bytes, length, offset);
}

/* --- the world --- */

static struct flow *flow;
static struct hz_pipeline *pipeline;
static struct hz_disk disk;
static struct hz_link *link_;
static int64_t stamp_ms;

static void write_configuration(void)
{
    flow_write(
        flow, "config/hazardd.yaml",
        "journal:\n  stall: 500ms\n  stall_buffer: 1 MiB\nrings:\n  chunks: 16\nredis:\n  "
        "heartbeat: 1s\n  address: %s\nfeeds:\n- name: city\n  address: %s\n"
        "  client_id: disk\n  clean_session: false\n  filters:\n  - filter: \"hz/+/+/+\"\n"
        "    topic: hz/{enterprise}/{hazard}/{point}\n"
        "  - filter: \"flood/+/+/+\"\n    qos: 0\n    topic: flood/{enterprise}/{hazard}/{point}\n",
        flow_address(flow, FLOW_REDIS), flow_address(flow, FLOW_BROKER));
    flow_write(flow, "config/rules.d/high.yaml",
               "schema: 1\nrules:\n- id: high\n  name: {zh: 高, en: high}\n  mode: live\n  domain: "
               "safety\n"
               "  select: {kind: level}\n  limits:\n    H: {severity: red, fallback: 90}\n  "
               "deadband: 2\n");
    flow_write_three_points(flow);
}

static bool daemon_connected(void *ctx)
{
    (void)ctx;
    return flow_number(flow, "feed", "connected_now") == 1;
}

static struct hz_pipeline *start_daemon(const char *state_name)
{
    static char config[256], state_folder[256], runtime[256]; /* outlive the pipeline */
    struct hz_diagnostics diagnostics;
    struct hz_pipeline *started;

    (void)snprintf(config, sizeof(config), "%s/config", flow_folder(flow));
    (void)snprintf(state_folder, sizeof(state_folder), "%s/%s", flow_folder(flow), state_name);
    (void)snprintf(runtime, sizeof(runtime), "%s/runtime", flow_folder(flow));
    struct hz_pipeline_options options = {.config_directory = config,
                                          .state_directory = state_folder,
                                          .runtime_directory = runtime,
                                          .strict = true,
                                          .clock = &hz_clock_real,
                                          .disk = &disk};
    hz_diagnostics_init(&diagnostics);
    assert_int_equal(hz_pipeline_start(&options, &diagnostics, &started), 0);
    hz_diagnostics_done(&diagnostics);
    return started;
}

static int begin(void **state)
{
    (void)state;
    atomic_store(&trouble, NONE);
    disk = hz_disk_real;
    disk.datasync = troubled_datasync;
    disk.write = troubled_write;
    flow = flow_new();
    flow_start(flow, FLOW_BROKER);
    flow_start(flow, FLOW_REDIS);
    write_configuration();
    flow_write(flow, "state/.keep", " ");
    flow_write(flow, "runtime/.keep", " ");
    pipeline = start_daemon("state");
    assert_true(flow_until(daemon_connected, NULL));
    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "sender", 10, &link_), 0);
    stamp_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS;
    return 0;
}

static int end(void **state)
{
    (void)state;
    atomic_store(&trouble, NONE); /* else a failed test would hang the process's end */
    hz_link_close(link_);
    flow_free(flow);
    return 0;
}

static void send(const char *point, const char *value)
{
    char topic[64], payload[64];

    (void)snprintf(topic, sizeof(topic), "hz/E1/H1/%s", point);
    (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":%s}", (long long)++stamp_ms,
                   value);
    assert_int_equal(hz_link_publish(link_, hz_slice(topic), hz_slice(payload), 1), 0);
    assert_int_equal(hz_link_finish(link_, 10 * HZ_NS_PER_S), 0);
}

static void send_value(const char *point, double value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%g", value);
    send(point, text);
}

/* At QoS 0: no broker waits for an acknowledgement. */
static void flood(unsigned readings)
{
    char payload[64];

    for (unsigned i = 0; i < readings; i++) {
        (void)snprintf(payload, sizeof(payload), "{\"v\":%u}", i % 80);
        while (hz_link_publish(link_, hz_slice("flood/E1/H1/P3"), hz_slice(payload), 0) ==
               -EAGAIN) {
            assert_int_equal(hz_link_work(link_), 0);
            hz_link_wait(&link_, 1, -1);
        }
    }
    assert_int_equal(hz_link_finish(link_, 30 * HZ_NS_PER_S), 0);
}

/* --- what stands in Redis --- */

struct sought {
    const char *event, *cond, *durable; /* durable NULL: either */
    size_t found;
};

static void look(void *ctx, const struct flow_alert *alert)
{
    struct sought *sought = ctx;

    sought->found +=
        strcmp(flow_alert_text(alert, "event"), sought->event) == 0 &&
        strcmp(flow_alert_text(alert, "cond"), sought->cond) == 0 &&
        (!sought->durable || strcmp(flow_alert_text(alert, "durable"), sought->durable) == 0);
}

static bool is_there(void *ctx)
{
    struct sought *sought = ctx;

    sought->found = 0;
    (void)flow_alerts(flow, look, sought);
    return sought->found > 0;
}

static void wait_alert(const char *event, const char *cond, const char *durable)
{
    struct sought sought = {.event = event, .cond = cond, .durable = durable};

    if (!flow_until(is_there, &sought)) {
        flow_show_logs(flow);
        fail_msg("no %s of %s with durable %s", event, cond, durable ? durable : "0 or 1");
    }
}

/* --- afterwards: the stream is what the journal yields --- */

struct walk {
    char conds[64][128], events[64][16];
    size_t count, compared;
};

static void note(void *ctx, const struct flow_alert *alert)
{
    struct walk *walk = ctx;

    assert_true(walk->count < 64);
    (void)snprintf(walk->conds[walk->count], 128, "%s", flow_alert_text(alert, "cond"));
    (void)snprintf(walk->events[walk->count++], 16, "%s", flow_alert_text(alert, "event"));
}

static void compare(void *ctx, const struct hz_entry *entry)
{
    struct walk *walk = ctx;
    struct hz_slice values[HZ_FIELD_COUNT];

    assert_true(hz_entry_values(entry, entry->bytes, values));
    assert_true(walk->compared < walk->count);
    assert_true(hz_slice_is(values[HZ_FIELD_COND], walk->conds[walk->compared]));
    assert_true(hz_slice_is(values[HZ_FIELD_EVENT], walk->events[walk->compared++]));
}

static void stop_and_compare(void)
{
    static struct walk walk;
    char state[256];

    hz_pipeline_stop(pipeline);
    memset(&walk, 0, sizeof(walk));
    (void)flow_alerts(flow, note, &walk);
    (void)snprintf(state, sizeof(state), "%s/state", flow_folder(flow));
    assert_int_equal(truth_replay(state, compare, &walk), walk.count);
}

/* --- tests --- */

static void alarms_go_out_while_the_disk_hangs(void **state)
{
    (void)state;
    send_value("P1", 95);
    wait_alert("raise", "high.high@E1/H1/P1", "1");
    int64_t acked = flow_number(flow, "feed", "acks");
    atomic_store(&trouble, HANGS);
    send_value("P2", 95);
    wait_alert("raise", "high.high@E1/H1/P2", "0");
    wait_alert("raise", "system.disk-stalled", "0");
    assert_in_range(flow_number(flow, "feed", "acks"), acked, acked + 1); /* P1's own, at most */
    atomic_store(&trouble, NONE);
    wait_alert("clear", "system.disk-stalled", NULL);
    send_value("P2", 20);
    wait_alert("clear", "high.high@E1/H1/P2", "1");
    stop_and_compare();
}

/* Others' readings are written all the while: what is not durable is no progress. */
static bool raised_in_traffic(void *ctx)
{
    flood(1); /* far from filling the ring */
    return is_there(ctx);
}

static void alarms_go_out_while_the_disk_hangs_under_traffic(void **state)
{
    struct sought sought = {.event = "raise", .cond = "high.high@E1/H1/P2", .durable = "0"};

    (void)state;
    atomic_store(&trouble, HANGS);
    send_value("P2", 95);
    assert_true(flow_until(raised_in_traffic, &sought));
    wait_alert("raise", "system.disk-stalled", "0");
    atomic_store(&trouble, NONE);
    wait_alert("clear", "system.disk-stalled", NULL);
    stop_and_compare();
}

static size_t segments(void)
{
    char command[512];
    unsigned count = 0;

    (void)snprintf(command, sizeof(command), "ls %s/state/journal | wc -l", flow_folder(flow));
    FILE *answer = popen(command, "r");
    assert_non_null(answer);
    assert_int_equal(fscanf(answer, "%u", &count), 1);
    assert_int_equal(pclose(answer), 0);
    return count;
}

static void alarms_go_out_while_every_sync_fails(void **state)
{
    (void)state;
    atomic_store(&failed_syncs, 0);
    atomic_store(&trouble, SYNC_FAILS);
    send_value("P2", 95);
    wait_alert("raise", "high.high@E1/H1/P2", "0");
    wait_alert("raise", "system.disk-stalled", "0");
    assert_true(segments() <= atomic_load(&failed_syncs) + 2);
    assert_in_range(atomic_load(&failed_syncs), 2, 40); /* hundreds without rests */
    atomic_store(&trouble, NONE);
    wait_alert("clear", "system.disk-stalled", NULL);
    send_value("P2", 20);
    wait_alert("clear", "high.high@E1/H1/P2", "1");
    stop_and_compare();
}

/* --- a run that ends while the disk stalls --- */

static void note_stall(void *ctx, const struct hz_entry *entry)
{
    struct hz_slice values[HZ_FIELD_COUNT];
    bool *stalled = ctx;

    assert_true(hz_entry_values(entry, entry->bytes, values));
    if (hz_slice_is(values[HZ_FIELD_COND], "system.disk-stalled"))
        *stalled = hz_slice_is(values[HZ_FIELD_EVENT], "raise");
}

/* As a crash at this moment would leave it. */
static bool died_while_stalled(void *ctx)
{
    const char *died = ctx;
    char command[1024];
    bool stalled = false;

    (void)snprintf(command, sizeof(command), "rm -rf %s && cp -r %s/state %s", died,
                   flow_folder(flow), died);
    assert_int_equal(system(command), 0);
    (void)truth_replay(died, note_stall, &stalled);
    return stalled;
}

static void what_a_dead_run_observed_is_over(void **state)
{
    char died[256];
    bool stalled = false;

    (void)state;
    (void)snprintf(died, sizeof(died), "%s/died", flow_folder(flow));
    atomic_store(&trouble, HANGS); /* of a sync: what is written is in the file */
    send_value("P1", 95);
    wait_alert("raise", "system.disk-stalled", "0");
    assert_true(flow_until(died_while_stalled, died));
    atomic_store(&trouble, NONE);
    hz_pipeline_stop(pipeline);
    pipeline = start_daemon("died");
    assert_true(flow_until(daemon_connected, NULL));
    hz_pipeline_stop(pipeline);
    (void)truth_replay(died, note_stall, &stalled);
    assert_false(stalled);
}

/* --- damage --- */

/* The n-th byte of the k-th segment of the journal is turned over; no snapshot spares its reading. */
static void damage(unsigned k, unsigned n)
{
    char command[1024];

    (void)snprintf(command, sizeof(command),
                   "cd %s/state && rm snapshots/*.snap && printf '\\377' | dd of=$(ls "
                   "journal/*.seg | sed -n %up) bs=1 seek=%u conv=notrunc 2>/dev/null",
                   flow_folder(flow), k, n);
    assert_int_equal(system(command), 0);
}

static void no_seq_is_used_twice(void)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;
    char path[256];
    uint64_t last = 0;
    unsigned damages = 0, starts = 0;
    int error;

    (void)snprintf(path, sizeof(path), "%s/state/journal", flow_folder(flow));
    assert_int_equal(hz_segment_reader_new(&hz_disk_real, path, HZ_SEGMENT_JOURNAL, 0, &reader), 0);
    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) != HZ_EOF) {
        if (error == HZ_ECORRUPT && ++damages == 1) {
            assert_int_equal(hz_segment_skip(reader), 0);
            continue;
        }
        assert_int_equal(error, 0);
        const struct hz_block *block = frame;
        assert_true(block->seq > last);
        starts += block->kind == HZ_BLOCK_CONTROL &&
                  hz_block_first_record(block)->kind == HZ_RECORD_START;
        last = block->seq + block->count - 1;
    }
    hz_segment_reader_free(reader);
    assert_int_equal(damages, 1);
    assert_int_equal(starts, 4); /* of five runs */
}

static void what_comes_after_damage_counts(void **state)
{
    (void)state;
    for (unsigned run = 1; run < 5; run++) {
        hz_pipeline_stop(pipeline);
        if (run == 3)
            damage(1, HZ_SEGMENT_HEAD_BYTES + 60);
        pipeline = start_daemon("state");
    }
    wait_alert("raise", "system.journal-hole", NULL);
    hz_pipeline_stop(pipeline);
    no_seq_is_used_twice();
}

/* --- definitions --- */

static bool syncs_failed(void *ctx)
{
    (void)ctx;
    return atomic_load(&failed_syncs) > 0;
}

static void a_failed_sync_is_written_again(void **state)
{
    (void)state;
    atomic_store(&failed_syncs, 0);
    atomic_store(&trouble, SYNC_FAILS);
    send_value("P1", 95);
    assert_true(flow_until(syncs_failed, NULL));
    atomic_store(&trouble, NONE);
    wait_alert("raise", "high.high@E1/H1/P1", NULL);
    send_value("P1", 20);
    wait_alert("clear", "high.high@E1/H1/P1", "1");
    stop_and_compare();
}

static bool two_readings(void *ctx)
{
    (void)ctx;
    return flow_number(flow, "engine", "readings") == 2;
}

/* An id without its definition would keep the next start from reading any. */
static void a_definition_is_written_again_after_a_failed_sync(void **state)
{
    (void)state;
    atomic_store(&failed_syncs, 0);
    atomic_store(&trouble, DEFINE_SYNC_FAILS);
    send("P3", "\"open\"");
    assert_true(flow_until(syncs_failed, NULL));
    send("P3", "\"shut\"");
    assert_true(flow_until(two_readings, NULL));
    hz_pipeline_stop(pipeline);
    pipeline = start_daemon("state");
    stop_and_compare();
}

static bool writes_refused(void *ctx)
{
    (void)ctx;
    return atomic_load(&refused_writes) > 0;
}

static void a_full_disk_silences_nothing(void **state)
{
    (void)state;
    atomic_store(&refused_writes, 0);
    atomic_store(&trouble, FULL);
    send_value("P1", 95);
    assert_true(flow_until(writes_refused, NULL));
    wait_alert("raise", "high.high@E1/H1/P1", "0");
    wait_alert("raise", "system.disk-stalled", "0");
    atomic_store(&trouble, NONE);
    wait_alert("clear", "system.disk-stalled", NULL);
    send_value("P1", 20);
    wait_alert("clear", "high.high@E1/H1/P1", "1");
    stop_and_compare();
}

/* --- a hole --- */

/* More than ring and stall buffer hold. */
static bool given_up(void *ctx)
{
    (void)ctx;
    flood(20000);
    return flow_number(flow, "engine", "readings") > 400000;
}

static bool whole_again(void *ctx)
{
    char command[512];

    (void)ctx;
    (void)snprintf(command, sizeof(command), "ls %s/state/snapshots/*.snap >/dev/null 2>&1",
                   flow_folder(flow));
    return system(command) == 0;
}

/* Only the snapshot made after the hole is left: the state comes from it. */
static void remove_newest_snapshot(void)
{
    char command[512];

    (void)snprintf(command, sizeof(command),
                   "cd %s/state/snapshots && [ $(ls *.snap | wc -l) = 2 ] && "
                   "rm \"$(ls *.snap | tail -n 1)\"",
                   flow_folder(flow));
    assert_int_equal(system(command), 0);
}

static void after_a_hole_the_state_is_whole(void **state)
{
    (void)state;
    send_value("P1", 95);
    wait_alert("raise", "high.high@E1/H1/P1", "1");
    atomic_store(&trouble, WRITE_HANGS);
    send_value("P2", 95);
    wait_alert("raise", "high.high@E1/H1/P2", "0");
    wait_alert("raise", "system.disk-stalled", "0");
    assert_true(flow_until(given_up, NULL)); /* the engine goes on all the same */
    atomic_store(&trouble, NONE);
    wait_alert("raise", "system.journal-hole", NULL);
    assert_true(flow_until(whole_again, NULL));
    int64_t acked = flow_number(flow, "feed", "acks");
    send_value("P1", 20);
    wait_alert("clear", "high.high@E1/H1/P1", "1");
    assert_true(flow_number(flow, "feed", "acks") >= acked);
    assert_int_equal(flow_number(flow, "journal", "log_missing"), 0);

    hz_pipeline_stop(pipeline);
    remove_newest_snapshot();
    pipeline = start_daemon("state");
    assert_true(flow_until(daemon_connected, NULL));
    send_value("P2", 20); /* raised in the hole; its alarm is known */
    wait_alert("clear", "high.high@E1/H1/P2", "1");
    hz_pipeline_stop(pipeline);
}

/* More transitions than the alarms log's queue and the ring before it hold. */
#define CROSSINGS 90000u

static void cross(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        const char *payload = i % 2 == 0 ? "{\"v\":95}" : "{\"v\":20}";
        while (hz_link_publish(link_, hz_slice("flood/E1/H1/P3"), hz_slice(payload), 0) ==
               -EAGAIN) {
            assert_int_equal(hz_link_work(link_), 0);
            hz_link_wait(&link_, 1, -1);
        }
    }
    assert_int_equal(hz_link_finish(link_, 30 * HZ_NS_PER_S), 0);
}

static bool some_are_missing(void *ctx)
{
    (void)ctx;
    return flow_number(flow, "journal", "log_missing") > 0;
}

static bool is_active(void *ctx)
{
    static char alarms[65536];

    (void)ctx;
    return flow_ask(flow, "alarms", alarms, sizeof(alarms)) && strstr(alarms, "E1/H1/P1");
}

static bool nothing_waits(void *ctx)
{
    (void)ctx;
    return flow_number(flow, "redis", "waiting") == 0;
}

/* A log that is stuck alone gets the journal's time; it must not stop the engine for ever. */
static void an_alarms_log_that_takes_nothing_silences_nothing(void **state)
{
    (void)state;
    atomic_store(&trouble, LOG_REFUSED);
    cross(CROSSINGS);
    assert_true(flow_until(some_are_missing, NULL));
    send_value("P1", 95); /* behind what nobody has any more: it waits for some heart-beats */
    assert_true(flow_until(is_active, NULL)); /* of the flood the broker may have dropped some */
    assert_true(flow_until(nothing_waits, NULL)); /* a look at so many entries takes its time */
    wait_alert("raise", "high.high@E1/H1/P1", "1");
    hz_pipeline_stop(pipeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alarms_go_out_while_the_disk_hangs, begin, end),
        cmocka_unit_test_setup_teardown(alarms_go_out_while_the_disk_hangs_under_traffic, begin,
                                        end),
        cmocka_unit_test_setup_teardown(alarms_go_out_while_every_sync_fails, begin, end),
        cmocka_unit_test_setup_teardown(what_a_dead_run_observed_is_over, begin, end),
        cmocka_unit_test_setup_teardown(what_comes_after_damage_counts, begin, end),
        cmocka_unit_test_setup_teardown(a_failed_sync_is_written_again, begin, end),
        cmocka_unit_test_setup_teardown(a_definition_is_written_again_after_a_failed_sync, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_full_disk_silences_nothing, begin, end),
        cmocka_unit_test_setup_teardown(after_a_hole_the_state_is_whole, begin, end),
        cmocka_unit_test_setup_teardown(an_alarms_log_that_takes_nothing_silences_nothing, begin,
                                        end),
    };

    if (!flow_available(FLOW_REDIS))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
