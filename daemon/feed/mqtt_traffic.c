/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes through a feed while it is connected. What must stay true: a turn reads a bounded amount, so
 * that feeds of one loop share it; a pause takes hold behind the message in which it was asked for;
 * whether the broker lives is judged only while it is listened to.
 */
#include "feed_priv.h"

/* Reads in a turn: 1 MiB, some milliseconds of work. */
#define READS_PER_TURN 4

#define TYPE_PINGRESP 13u

/* Of 4 ticks a keep-alive. The broker gives us up after 1.5 keep-alives without a packet from us ([MQTT-
 * 3.1.2-22]); we give it the same: a ping at 1, the end at 1.5. */
#define TICKS_MUTE_MAX    3u
#define TICKS_SILENT_PING FEED_TICKS_PER_KEEPALIVE
#define TICKS_SILENT_MAX  (FEED_TICKS_PER_KEEPALIVE + FEED_TICKS_PER_KEEPALIVE / 2)

/* Of all feeds: filled and worked off within one call. */
static uint8_t read_buffer[FEED_READ_BYTES] HZ_OWNED_BY(hz_ingest);

void feed__mqtt_kick(struct hz_mqtt *mqtt)
{
    (void)uv_idle_start(&mqtt->kick, feed__mqtt_on_kick); /* fails only without a callback */
}

void feed__mqtt_on_kick(uv_idle_t *kick)
{
    struct hz_mqtt *mqtt = FEED_OWNER(kick, struct hz_mqtt, kick);

    hz_role_assert(&hz_ingest);
    (void)uv_idle_stop(kick); /* always 0 */
    feed__mqtt_turn(mqtt);
}

/* --- outbound --- */

void feed__mqtt_flush(struct hz_mqtt *mqtt)
{
    const uint8_t *bytes;
    size_t length;

    if (!mqtt->wire.poll || mqtt->phase < FEED_GREETING)
        return;
    while ((bytes = hz_mqtt_outlet_bytes(mqtt->outlet, &length))) {
        ssize_t sent = feed__wire_write(&mqtt->wire, bytes, length);

        if (sent < 0) {
            feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", mqtt->wire.why.text);
            feed__mqtt_kick(mqtt); /* perhaps nobody settles this */
        }
        if (sent <= 0)
            return;
        hz_mqtt_outlet_sent(mqtt->outlet, (size_t)sent);
        mqtt->spoke = true;
    }
}

/* --- inbound --- */

static bool goes_on(const struct hz_mqtt *mqtt)
{
    return !mqtt->paused && !mqtt->doomed && !mqtt->stopping;
}

void feed__mqtt_end_block(struct hz_mqtt *mqtt)
{
    if (!mqtt->block_open)
        return;
    mqtt->block_open = false;
    mqtt->on->read_end(mqtt->on->ctx);
}

static void refuse_qos2(struct hz_mqtt *mqtt, uint64_t bytes) HZ_ON(hz_ingest);
static void refuse_qos2(struct hz_mqtt *mqtt, uint64_t bytes)
{
    mqtt->counts.qos2++;
    feed__mqtt_doom(mqtt, FEED_BYE_QOS,
                    "the broker sent a message with QoS 2, though at most QoS 1 was asked for");
    mqtt->on->oddity(mqtt->on->ctx, HZ_MQTT_QOS2, bytes);
}

bool feed__mqtt_on_publish(void *ctx, const struct hz_mqtt_publish *publish, uint64_t packet_bytes)
{
    struct hz_mqtt *mqtt = ctx;
    struct hz_mqtt_message message = {.topic = publish->topic,
                                      .payload = publish->payload,
                                      .retained = publish->retained,
                                      .duplicate = publish->duplicate,
                                      .qos = publish->qos};

    hz_role_assert(&hz_ingest);
    if (mqtt->phase == FEED_GREETING) {
        feed__mqtt_malformed(mqtt, FEED_BYE_PROTOCOL, "PUBLISH");
        return false;
    }
    if (publish->qos == 2) {
        refuse_qos2(mqtt, packet_bytes);
        return false;
    }
    if (publish->qos == 1) {
        message.ack = hz_mqtt_outlet_expect(mqtt->outlet, publish->packet_id);
        if (message.ack == 0) {
            feed__mqtt_malformed(mqtt, FEED_BYE_TOO_MANY,
                                 "more messages unacknowledged than there are packet ids");
            return false;
        }
        uint32_t waiting = hz_mqtt_outlet_waiting(mqtt->outlet);
        if (waiting > mqtt->counts.acks_waiting_most)
            mqtt->counts.acks_waiting_most = waiting;
    }
    if (!publish->payload.at) {
        mqtt->counts.oversize++;
        mqtt->on->oddity(mqtt->on->ctx, HZ_MQTT_OVERSIZE, packet_bytes);
    }
    if (publish->payload.at || publish->qos == 1) {
        mqtt->counts.messages += publish->payload.at ? 1 : 0;
        mqtt->block_open = true;
        mqtt->on->message(mqtt->on->ctx, &message);
    }
    return goes_on(mqtt);
}

bool feed__mqtt_on_packet(void *ctx, const uint8_t *bytes, size_t length)
{
    struct hz_mqtt *mqtt = ctx;
    unsigned type = bytes[0] >> 4;

    hz_role_assert(&hz_ingest);
    if (type == TYPE_PINGRESP)
        return goes_on(mqtt); /* to our ping; that it came is all it says */
    feed__mqtt_news(mqtt, type, feed__session_packet(mqtt->session, bytes, length));
    return goes_on(mqtt);
}

static void look_at(struct hz_mqtt *mqtt, enum hz_mqtt_inlet_result result) HZ_ON(hz_ingest);
static void look_at(struct hz_mqtt *mqtt, enum hz_mqtt_inlet_result result)
{
    if (result == HZ_INLET_MALFORMED)
        feed__mqtt_malformed(mqtt, FEED_BYE_MALFORMED, "a malformed packet");
    else if (result == HZ_INLET_NO_MEMORY)
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "no memory for a message");
    feed__mqtt_end_block(mqtt);
}

/* False: nothing more to be had at present. */
static bool read_once(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static bool read_once(struct hz_mqtt *mqtt)
{
    ssize_t got = feed__wire_read(&mqtt->wire, read_buffer, sizeof(read_buffer));

    if (got < 0)
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s%s", mqtt->wire.why.text,
                        feed__mqtt_waiting_for(mqtt));
    if (got <= 0)
        return false;
    mqtt->heard = true;
    mqtt->counts.reads++;
    mqtt->counts.bytes += (uint64_t)got;
    look_at(mqtt, hz_mqtt_inlet_take(mqtt->inlet, read_buffer, (size_t)got));
    return (size_t)got == sizeof(read_buffer); /* less: it is empty, the socket and TLS too */
}

static void read_on(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static void read_on(struct hz_mqtt *mqtt)
{
    if (goes_on(mqtt) && hz_mqtt_inlet_stopped(mqtt->inlet))
        look_at(mqtt, hz_mqtt_inlet_go_on(mqtt->inlet));
    for (int reads = 0; goes_on(mqtt); reads++) {
        if (reads == READS_PER_TURN) {
            feed__mqtt_kick(mqtt); /* there is more; the others first */
            return;
        }
        if (!read_once(mqtt))
            return;
    }
}

/* DISCONNECT is on its way: what still comes is let go by, so that the socket is empty when it is
 * closed (else a reset could overtake our last packets). */
static void drain(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static void drain(struct hz_mqtt *mqtt)
{
    size_t unsent;
    ssize_t got;

    feed__mqtt_flush(mqtt);
    (void)hz_mqtt_outlet_bytes(mqtt->outlet, &unsent);
    if (unsent == 0)
        feed__wire_finish(&mqtt->wire);
    do
        got = feed__wire_read(&mqtt->wire, read_buffer, sizeof(read_buffer));
    while (got == (ssize_t)sizeof(read_buffer));
    if (got < 0)
        feed__mqtt_close(mqtt);
}

void feed__mqtt_turn(void *ctx)
{
    struct hz_mqtt *mqtt = ctx;

    hz_role_assert(&hz_ingest);
    if (mqtt->phase == FEED_SECURING && !mqtt->stopping) {
        int secured = feed__wire_secure(&mqtt->wire);
        if (secured > 0)
            feed__mqtt_secured(mqtt);
        else if (secured < 0)
            feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s%s", mqtt->wire.why.text,
                            feed__mqtt_waiting_for(mqtt));
    }
    if (mqtt->phase >= FEED_GREETING && mqtt->phase <= FEED_ONLINE) {
        read_on(mqtt);
        feed__mqtt_flush(mqtt);
    } else if (mqtt->phase == FEED_LEAVING) {
        drain(mqtt);
    }
    feed__mqtt_settle(mqtt);
}

/* --- signs of life --- */

/* Counts ticks, not time: a loop that did not run for a while has not listened either. */
void feed__mqtt_tick(struct hz_mqtt *mqtt)
{
    mqtt->mute_ticks = mqtt->spoke ? 0 : mqtt->mute_ticks + 1;
    if (mqtt->heard)
        mqtt->silent_ticks = 0;
    else if (!mqtt->paused)
        mqtt->silent_ticks++;
    mqtt->heard = mqtt->spoke = false;
    if (mqtt->silent_ticks >= TICKS_SILENT_MAX) {
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL,
                        "the broker does not answer: no byte came for one and a half keep-alives");
        return;
    }
    int error = 0;
    if (mqtt->mute_ticks >= TICKS_MUTE_MAX || mqtt->silent_ticks == TICKS_SILENT_PING)
        error = hz_mqtt_outlet_ping(mqtt->outlet);
    if (error == 0)
        error = feed__session_tick(mqtt->session);
    if (error < 0)
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "keep-alive: %s", hz_strerror(error));
    feed__mqtt_flush(mqtt);
}
