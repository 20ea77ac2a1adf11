/* SPDX-License-Identifier: Apache-2.0
 *
 * The feed under test and what it told. Everything is asserted on the loop's thread.
 */
#include "probe.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PULSE_MS 2u

static void on_message(void *ctx, const struct hz_mqtt_message *message)
{
    struct probe *probe = ctx;

    struct probe_message *last = &probe->last;

    *last = (struct probe_message){.payload_length = message->payload.length,
                                   .skipped = message->payload.at == NULL,
                                   .retained = message->retained,
                                   .duplicate = message->duplicate,
                                   .qos = message->qos,
                                   .ack = message->ack};
    snprintf(last->topic, sizeof(last->topic), "%.*s", (int)message->topic.length,
             message->topic.at);
    if (message->payload.at)
        snprintf(last->payload, sizeof(last->payload), "%.*s",
                 (int)(message->payload.length < 63 ? message->payload.length : 63),
                 message->payload.at);
    if (probe->messages < PROBE_KEPT_MAX)
        probe->kept[probe->messages] = *last;
    probe->messages++;
    assert_int_equal(message->ack != 0, message->qos == 1);
    if (message->qos == 1) {
        assert_true(message->ack > probe->last_ack); /* never the same again */
        probe->last_ack = message->ack;
        probe->qos1_messages++;
    }
    if (probe->pause_at_message) {
        probe->pause_at_message = false;
        probe_pause(probe, true);
    }
}

static void on_read_end(void *ctx)
{
    struct probe *probe = ctx;

    probe->read_ends++;
    if (probe->acks)
        probe_ack(probe, probe->last_ack);
}

static void on_state(void *ctx, enum hz_feed_state state, const char *reason)
{
    struct probe *probe = ctx;

    probe->online = state == HZ_FEED_CONNECTED;
    if (probe->online) {
        probe->connected++;
        snprintf(probe->how, sizeof(probe->how), "%s", reason);
    } else {
        probe->lost++;
        snprintf(probe->reason, sizeof(probe->reason), "%s", reason);
    }
}

static void on_oddity(void *ctx, enum hz_mqtt_oddity what, uint64_t bytes)
{
    struct probe *probe = ctx;

    probe->oversize += what == HZ_MQTT_OVERSIZE;
    probe->oversize_bytes += what == HZ_MQTT_OVERSIZE ? bytes : 0;
    probe->qos2 += what == HZ_MQTT_QOS2;
    probe->malformed += what == HZ_MQTT_MALFORMED;
}

static void on_pulse(uv_timer_t *timer)
{
    (void)timer;
}

struct probe *probe_new(void)
{
    struct probe *probe = calloc(1, sizeof(*probe));

    assert_non_null(probe);
    strcpy(probe->directory, "/tmp/hz-feed-XXXXXX");
    assert_non_null(mkdtemp(probe->directory));
    assert_int_equal(uv_loop_init(&probe->loop), 0);
    assert_int_equal(uv_timer_init(&probe->loop, &probe->pulse), 0);
    assert_int_equal(uv_timer_start(&probe->pulse, on_pulse, PULSE_MS, PULSE_MS), 0);
    probe->filters[0] = (struct hz_filter_config){.filter = "t/#", .qos = 1};
    probe->config = (struct hz_feed_config){.name = "probe",
                                            .address = probe->address,
                                            .client_id = "probe",
                                            .protocol = 5,
                                            .session_expiry_s = 3600,
                                            .keepalive_s = 30,
                                            .receive_maximum = 1000,
                                            .payload_bytes_max = HZ_PAYLOAD_BYTES_DEFAULT,
                                            .backoff_min_ns = 20 * HZ_NS_PER_MS,
                                            .backoff_max_ns = 200 * HZ_NS_PER_MS,
                                            .connect_timeout_ns = 10 * HZ_NS_PER_S,
                                            .filters = probe->filters,
                                            .filter_count = 1};
    probe->events = (struct hz_mqtt_events){on_message, on_read_end, on_state, on_oddity, probe};
    return probe;
}

void probe_address(struct probe *probe, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(probe->address, sizeof(probe->address), format, arguments);
    va_end(arguments);
}

void probe_start(struct probe *probe)
{
    hz_role_take(&hz_ingest);
    assert_int_equal(hz_mqtt_new(&probe->loop, &hz_clock_real, &probe->config, probe->directory,
                                 &probe->events, &probe->mqtt),
                     0);
    probe->closed = false;
    probe->last_ack = 0; /* numbers are of the object */
    hz_mqtt_start(probe->mqtt);
}

static void on_closed(void *ctx)
{
    struct probe *probe = ctx;

    probe->closed = true;
}

static bool is_closed(struct probe *probe)
{
    return probe->closed;
}

static void stop(struct probe *probe, bool acks_late)
{
    hz_role_take(&hz_ingest);
    if (!probe->mqtt)
        return;
    hz_mqtt_stop(probe->mqtt, on_closed, probe);
    assert_false(probe->closed); /* never from within the call */
    if (acks_late) {
        (void)uv_run(&probe->loop, UV_RUN_NOWAIT);
        assert_false(probe->closed); /* the broker has still to answer */
        hz_mqtt_ack(probe->mqtt, probe->last_ack);
    }
    probe_until(probe, is_closed, "closed");
    probe->mqtt = NULL;
    probe->online = false;
}

void probe_stop(struct probe *probe)
{
    stop(probe, false);
}

void probe_stop_and_ack(struct probe *probe)
{
    stop(probe, true);
}

void probe_free(struct probe *probe)
{
    probe_stop(probe);
    uv_close((uv_handle_t *)&probe->pulse, NULL);
    (void)uv_run(&probe->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&probe->loop), 0); /* no handle of the feed was left behind */
    assert_int_equal(rmdir(probe->directory), 0);     /* nor the inner socket */
    free(probe);
}

void probe_until(struct probe *probe, probe_condition *holds, const char *what)
{
    uint64_t dead_line = uv_hrtime() + PROBE_DEADLINE_MS * UINT64_C(1000000);

    while (!holds(probe)) {
        if (uv_hrtime() > dead_line)
            fail_msg("not in time: %s (online %d, messages %llu, last reason: %s)", what,
                     probe->online, (unsigned long long)probe->messages, probe->reason);
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
    }
}

void probe_ack(struct probe *probe, uint64_t ack)
{
    hz_role_take(&hz_ingest);
    hz_mqtt_ack(probe->mqtt, ack);
}

void probe_pause(struct probe *probe, bool paused)
{
    hz_role_take(&hz_ingest);
    hz_mqtt_pause(probe->mqtt, paused);
}

bool probe_is_online(struct probe *probe)
{
    return probe->online;
}

bool probe_was_lost(struct probe *probe)
{
    return probe->lost > 0;
}

struct hz_mqtt_counts probe_counts(struct probe *probe)
{
    struct hz_mqtt_counts counts;

    hz_role_take(&hz_ingest);
    hz_mqtt_counts(probe->mqtt, &counts);
    return counts;
}

void probe_assert_reason(struct probe *probe, const char *words)
{
    if (!strstr(probe->reason, words))
        fail_msg("reason \"%s\" lacks \"%s\"", probe->reason, words);
}
