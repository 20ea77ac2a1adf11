/* SPDX-License-Identifier: Apache-2.0
 *
 * The feed as its caller sees it. What must stay true: no event comes from within a call; what a call
 * sets going happens in a turn of the loop.
 */
#include "feed_priv.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdlib.h>

/* Messages under way at once: as many as there are packet ids (16 bit, never 0). 3.1.1 knows no receive
 * maximum, and mosquitto 2.0.11 goes beyond it when it empties a queue: who ended the connection for
 * that would meet the kept session again for ever. */
#define PACKET_IDS_MAX 65535u

static void free_mqtt(struct hz_mqtt *mqtt)
{
    hz_mqtt_inlet_free(mqtt->inlet);
    hz_mqtt_outlet_free(mqtt->outlet);
    SSL_CTX_free(mqtt->trust);
    free(mqtt);
}

static void on_all_closed(void *ctx)
{
    struct hz_mqtt *mqtt = ctx;
    void (*closed)(void *ctx) = mqtt->closed;
    void *closed_ctx = mqtt->closed_ctx;

    (void)mosquitto_lib_cleanup(); /* counts its users; nothing to do about a failure */
    free_mqtt(mqtt);
    if (closed)
        closed(closed_ctx);
}

static int make_parts(struct hz_mqtt *mqtt, const char *runtime_directory)
{
    const struct hz_feed_config *config = mqtt->config;

    int error = feed__address_parse(config->address, &mqtt->address);
    if (error == 0)
        error = feed__inner_path(runtime_directory, config->name, mqtt->inner_path,
                                 sizeof(mqtt->inner_path));
    if (error == 0)
        error = hz_mqtt_inlet_new(config->payload_bytes_max, config->protocol == 5, &mqtt->inlet_on,
                                  &mqtt->inlet);
    if (error == 0)
        error = hz_mqtt_outlet_new(PACKET_IDS_MAX, &mqtt->outlet);
    if (error == 0 && mosquitto_lib_init() != MOSQ_ERR_SUCCESS)
        error = -ENOMEM;
    return error;
}

/* The uv_*_init calls for these two always give 0. */
static void open_handles(struct hz_mqtt *mqtt)
{
    mqtt->handles.all_closed = on_all_closed;
    mqtt->handles.ctx = mqtt;
    (void)uv_timer_init(mqtt->loop, &mqtt->timer);
    feed__handle_opened(&mqtt->handles, (uv_handle_t *)&mqtt->timer);
    (void)uv_idle_init(mqtt->loop, &mqtt->kick);
    feed__handle_opened(&mqtt->handles, (uv_handle_t *)&mqtt->kick);
    feed__dial_init(&mqtt->dial, mqtt->loop, &mqtt->handles, &mqtt->address);
    mqtt->dial.connected = feed__mqtt_dialled;
    mqtt->dial.failed = feed__mqtt_not_dialled;
    mqtt->dial.ctx = mqtt;
}

int hz_mqtt_check(const struct hz_feed_config *config, const char *runtime_directory)
{
    struct feed_address address;
    char path[sizeof(((struct hz_mqtt *)NULL)->inner_path)];
    int error = feed__address_parse(config->address, &address);

    return error == 0 ? feed__inner_path(runtime_directory, config->name, path, sizeof(path))
                      : error;
}

int hz_mqtt_new(uv_loop_t *loop, const struct hz_clock *clock, const struct hz_feed_config *config,
                const char *runtime_directory, const struct hz_mqtt_events *events,
                struct hz_mqtt **ret_mqtt)
{
    struct hz_mqtt *mqtt = calloc(1, sizeof(*mqtt));

    if (!mqtt)
        return -ENOMEM;
    mqtt->loop = loop;
    mqtt->clock = clock;
    mqtt->config = config;
    mqtt->on = events;
    mqtt->farewell = FEED_NO_FAREWELL;
    mqtt->chance = uv_hrtime() ^ (uint64_t)(uintptr_t)mqtt;
    mqtt->inlet_on =
        (struct hz_mqtt_inlet_events){feed__mqtt_on_publish, feed__mqtt_on_packet, mqtt};
    int error = make_parts(mqtt, runtime_directory);
    if (error < 0) {
        free_mqtt(mqtt);
        return error;
    }
    open_handles(mqtt);
    *ret_mqtt = mqtt;
    return 0;
}

void hz_mqtt_start(struct hz_mqtt *mqtt)
{
    hz_assert(mqtt->phase == FEED_NEW && !mqtt->stopping);
    mqtt->phase = FEED_WAITING;
    (void)uv_timer_start(&mqtt->timer, feed__mqtt_on_timer, 0, 0); /* can not fail */
}

void hz_mqtt_stop(struct hz_mqtt *mqtt, void (*closed)(void *ctx), void *ctx)
{
    hz_assert(!mqtt->stopping);
    mqtt->stopping = true;
    mqtt->closed = closed;
    mqtt->closed_ctx = ctx;
    feed__mqtt_kick(mqtt);
}

void hz_mqtt_ack(struct hz_mqtt *mqtt, uint64_t ack)
{
    uint32_t count;

    if (mqtt->phase >= FEED_LEAVING)
        return; /* DISCONNECT was the last packet: the broker sends these again */
    int error = hz_mqtt_outlet_ack(mqtt->outlet, ack, &count);
    if (error < 0) {
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "acknowledging: %s", hz_strerror(error));
        feed__mqtt_kick(mqtt);
        return;
    }
    mqtt->counts.acks_sent += count;
    if (count > 0)
        feed__mqtt_flush(mqtt);
}

void hz_mqtt_pause(struct hz_mqtt *mqtt, bool paused)
{
    int64_t now = hz_mono_ns(mqtt->clock);

    if (mqtt->paused == paused || mqtt->phase >= FEED_LEAVING)
        return;
    mqtt->paused = paused;
    if (mqtt->counts.connected && paused) {
        mqtt->counts.paused_since = now;
    } else if (mqtt->counts.connected) {
        mqtt->counts.unread_ns += now - mqtt->counts.paused_since;
        mqtt->counts.paused_since = 0;
    }
    if (mqtt->phase >= FEED_GREETING)
        feed__wire_reading(&mqtt->wire, !paused);
    if (!paused)
        feed__mqtt_kick(mqtt); /* messages may have been kept */
}

void hz_mqtt_counts(const struct hz_mqtt *mqtt, struct hz_mqtt_counts *ret_counts)
{
    *ret_counts = mqtt->counts;
    ret_counts->acks_waiting = hz_mqtt_outlet_waiting(mqtt->outlet);
}
