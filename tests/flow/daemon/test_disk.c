/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that hangs, fails or is full, under a whole daemon in this process, with a real broker and a
 * real Redis: alarms go out all the same, marked durable=0, and it is said; nothing is acknowledged
 * meanwhile; when the disk is back the journal yields exactly what was published.
 */
#include "alerts.h"
#include "hz_pipeline.h"
#include "link.h"
#include "truth.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the disk --- */

enum trouble { NONE, HANGS, SYNC_FAILS, FULL };
static _Atomic int trouble;
static _Atomic unsigned failed_syncs, refused_writes;

static int troubled_datasync(void *ctx, int fd)
{
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
    if (atomic_load(&trouble) == FULL) {
        atomic_fetch_add(&refused_writes, 1);
        return -ENOSPC;
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
        "journal:\n  stall: 500ms\nredis:\n  address: %s\nfeeds:\n- name: city\n  address: %s\n"
        "  client_id: disk\n  clean_session: false\n  filters:\n  - filter: \"hz/+/+/+\"\n"
        "    topic: hz/{enterprise}/{hazard}/{point}\n",
        flow_address(flow, FLOW_REDIS), flow_address(flow, FLOW_BROKER));
    flow_write(flow, "config/rules.d/high.yaml",
               "schema: 1\nrules:\n- id: high\n  name: {zh: 高, en: high}\n  mode: live\n  domain: "
               "safety\n"
               "  select: {kind: level}\n  limits:\n    H: {severity: red, fallback: 90}\n  "
               "deadband: 2\n");
    flow_write(flow, "config/enterprises.csv", "code,name\nE1,一号\n");
    flow_write(flow, "config/hazards.csv", "enterprise,code,name,level\nE1,H1,罐区,1\n");
    flow_write(flow, "config/points.csv",
               "enterprise,hazard,code,kind,unit,range_low,range_high\nE1,H1,P1,level,%%,0,100\nE1,"
               "H1,P2,level,%%,0,100\n");
}

static bool daemon_connected(void *ctx)
{
    (void)ctx;
    return flow_number(flow, "feed", "connected_now") == 1;
}

static int begin(void **state)
{
    struct hz_diagnostics diagnostics;
    char config[256], state_folder[256], runtime[256];

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
    (void)snprintf(config, sizeof(config), "%s/config", flow_folder(flow));
    (void)snprintf(state_folder, sizeof(state_folder), "%s/state", flow_folder(flow));
    (void)snprintf(runtime, sizeof(runtime), "%s/runtime", flow_folder(flow));
    struct hz_pipeline_options options = {.config_directory = strdup(config),
                                          .state_directory = strdup(state_folder),
                                          .runtime_directory = strdup(runtime),
                                          .strict = true,
                                          .clock = &hz_clock_real,
                                          .disk = &disk};
    hz_diagnostics_init(&diagnostics);
    assert_int_equal(hz_pipeline_start(&options, &diagnostics, &pipeline), 0);
    hz_diagnostics_done(&diagnostics);
    assert_true(flow_until(daemon_connected, NULL));
    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "sender", 10, &link_), 0);
    stamp_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS;
    return 0;
}

static int end(void **state)
{
    (void)state;
    hz_link_close(link_);
    flow_free(flow);
    return 0;
}

static void send_value(const char *point, double value)
{
    char topic[64], payload[64];

    (void)snprintf(topic, sizeof(topic), "hz/E1/H1/%s", point);
    (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":%g}", (long long)++stamp_ms,
                   value);
    assert_int_equal(hz_link_publish(link_, hz_slice(topic), hz_slice(payload), 1), 0);
    assert_int_equal(hz_link_finish(link_, 10 * HZ_NS_PER_S), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alarms_go_out_while_the_disk_hangs, begin, end),
        cmocka_unit_test_setup_teardown(a_failed_sync_is_written_again, begin, end),
        cmocka_unit_test_setup_teardown(a_full_disk_silences_nothing, begin, end),
    };

    if (!flow_available(FLOW_REDIS))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
