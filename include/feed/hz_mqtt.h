/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    One MQTT connection that is kept up: resolves, connects (TCP, TLS, unix socket), lets
 *         libmosquitto speak the session through a private inner socket, frames both directions
 *         itself, and hands inbound PUBLISH packets on in place (design.md section 3). Comes back
 *         after a loss with capped exponential back-off and jitter.
 * WAY     broker ~~> here -> ingest
 * THREAD  hz_ingest alone; events come on the same thread, never from within a call
 * OWNS    its sockets and buffers; takes nothing; a message is lent for the duration of the event
 * FULL    hz_mqtt_pause stops reading (back-pressure on the broker); a frame above the size limit is
 *         skipped as it streams by and counted; acknowledgements that wait are bounded by the 65535
 *         packet ids (a receive maximum is asked for, but brokers go beyond it)
 */
#ifndef HZ_MQTT_H
#define HZ_MQTT_H

#include "hz_clock.h"
#include "hz_config.h"
#include "hz_record.h"
#include "hz_role.h"
#include "hz_text.h"

#include <uv.h>

struct hz_mqtt;

struct hz_mqtt_message {
    struct hz_slice topic;
    struct hz_slice payload;
    bool retained;
    bool duplicate; /* DUP: a repeat after a lost acknowledgement */
    uint8_t qos;
    /* Number of this message among those that want an acknowledgement, from 1, growing over all
     * connections of this feed; 0 at QoS 0. */
    uint64_t ack;
};

/* Frames that never reach `message`, and other things worth a count. */
enum hz_mqtt_oddity {
    HZ_MQTT_OVERSIZE = 1, /* skipped; at QoS 1 acknowledged in its turn by the transport */
    HZ_MQTT_QOS2 = 2,     /* refused by DISCONNECT 0x9B, back-off */
    HZ_MQTT_MALFORMED = 3 /* the stream can't be trusted any more: reconnects */
};

struct hz_mqtt_events {
    /* One PUBLISH. An oversize QoS 1 message comes here too, with `payload.at` NULL, so that the
     * caller acknowledges it in its turn. */
    void (*message)(void *ctx, const struct hz_mqtt_message *message);
    /* All messages of one read from the socket have been handed on: close the block. */
    void (*read_end)(void *ctx);
    /* CONNECTED after SUBACK for all filters (messages of a kept session can come before it); LOST at the end of the connection. `reason` is text
     * for the log and status: what was refused and why, with a hint where there is one. A connection
     * attempt that fails before CONNECTED also ends in LOST, once per attempt. */
    void (*state)(void *ctx, enum hz_feed_state state, const char *reason);
    void (*oddity)(void *ctx, enum hz_mqtt_oddity what, uint64_t bytes);
    void *ctx;
};

struct hz_mqtt_counts {
    uint64_t messages, bytes, reads; /* messages handed on with a payload; bytes and reads of all */
    uint64_t oversize, qos2, malformed;
    uint64_t connects, losses; /* of connections that came to CONNECTED */
    uint64_t acks_sent;
    uint32_t acks_waiting, acks_waiting_most; /* messages not acknowledged yet; most at once */
    int64_t unread_ns;    /* time paused while connected, in all */
    int64_t paused_since; /* mono ns; 0 = reading */
    bool connected;
    bool session_present;
};

/* Whether hz_mqtt_new can only fail for want of memory: -EINVAL: no address; -ENAMETOOLONG: the directory is
 * too long for a socket in it. Any thread. */
int hz_mqtt_check(const struct hz_feed_config *config, const char *runtime_directory) HZ_MUST_USE;
/* As hz_mqtt_check; -ENOMEM.
 * `config` and `events` must outlive the object. `runtime_directory` for the inner socket (0700,
 * ours). Nothing happens before hz_mqtt_start. */
int hz_mqtt_new(uv_loop_t *loop, const struct hz_clock *clock, const struct hz_feed_config *config,
                const char *runtime_directory, const struct hz_mqtt_events *events,
                struct hz_mqtt **ret_mqtt) HZ_MUST_USE HZ_ON(hz_ingest);
void hz_mqtt_start(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
/* DISCONNECT, then everything closed; `closed` when the object is gone, and no event but that. A name
 * that is still being looked up keeps a request on the loop for as long as the resolver takes. */
void hz_mqtt_stop(struct hz_mqtt *mqtt, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_ingest);

/* Everything up to and including this number is durable: acknowledge, in order. Numbers of an
 * earlier connection are forgotten (the broker sends those again). */
void hz_mqtt_ack(struct hz_mqtt *mqtt, uint64_t ack) HZ_ON(hz_ingest);
/* Stops or resumes reading. A pause asked for within `message` takes hold behind that message: what
 * was read already is kept, and handed on after the resume. */
void hz_mqtt_pause(struct hz_mqtt *mqtt, bool paused) HZ_ON(hz_ingest);
void hz_mqtt_counts(const struct hz_mqtt *mqtt, struct hz_mqtt_counts *ret_counts) HZ_ON(hz_ingest);

#endif
