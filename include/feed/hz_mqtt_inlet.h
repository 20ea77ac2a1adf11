/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The inbound half of a connection's framing: bytes in any pieces become whole packets. What
 *         lies whole in the bytes is handed on in place; a packet's beginning is kept until its rest
 *         comes; a PUBLISH above the limit is skipped as it streams by, never buffered.
 * WAY     socket bytes -> here -> transport
 * THREAD  whoever owns the object
 * OWNS    what it keeps; a packet is lent for the duration of the call
 * FULL    keeps at most one packet's beginning (payload limit + 64 KiB), and what was left of one
 *         piece when it was told to stop
 */
#ifndef HZ_MQTT_INLET_H
#define HZ_MQTT_INLET_H

#include "hz_error.h"
#include "hz_mqtt_frame.h"

struct hz_mqtt_inlet;

/* Each says whether to go on. They may not call the inlet. */
struct hz_mqtt_inlet_events {
    /* One PUBLISH. `payload.at` NULL: it is above the limit and was skipped; `packet_bytes` were
     * received all the same. A skipped one of QoS 2 is told of at its head. */
    bool (*publish)(void *ctx, const struct hz_mqtt_publish *publish, uint64_t packet_bytes);
    /* Any other packet, with its fixed header. */
    bool (*packet)(void *ctx, const uint8_t *bytes, size_t length);
    void *ctx;
};

enum hz_mqtt_inlet_result {
    HZ_INLET_ALL = 0,       /* every whole packet was handed on */
    HZ_INLET_STOPPED = 1,   /* as told; the rest is kept for hz_mqtt_inlet_go_on */
    HZ_INLET_MALFORMED = 2, /* nothing after this can be trusted: reset */
    HZ_INLET_NO_MEMORY = 3
};

/* `events` must outlive the object. 0 or -ENOMEM. */
int hz_mqtt_inlet_new(uint32_t payload_bytes_max, bool v5, const struct hz_mqtt_inlet_events *events,
                      struct hz_mqtt_inlet **ret_inlet) HZ_MUST_USE;
void hz_mqtt_inlet_free(struct hz_mqtt_inlet *inlet);
/* A new connection: nothing of the old one is left. */
void hz_mqtt_inlet_reset(struct hz_mqtt_inlet *inlet);

/* Not while stopped. */
enum hz_mqtt_inlet_result hz_mqtt_inlet_take(struct hz_mqtt_inlet *inlet, const uint8_t *bytes, size_t length);
/* Goes on with what was kept after a stop. */
enum hz_mqtt_inlet_result hz_mqtt_inlet_go_on(struct hz_mqtt_inlet *inlet);
bool hz_mqtt_inlet_stopped(const struct hz_mqtt_inlet *inlet);
/* Bytes kept at present, and the most memory held for them so far. */
size_t hz_mqtt_inlet_kept(const struct hz_mqtt_inlet *inlet, size_t *ret_most);

#endif
