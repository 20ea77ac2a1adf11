/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The outbound half of a connection's framing: libmosquitto's bytes are cut into whole
 *         packets, our own PUBACK and PINGREQ go only between them. Also the acknowledgements that
 *         are waiting: numbers that grow over all connections, packet ids that die with theirs.
 * WAY     libmosquitto, ingest -> here -> socket
 * THREAD  whoever owns the object
 * OWNS    its queue; what was sent is wiped (a CONNECT carries the password)
 * FULL    more messages unacknowledged than `acks_max`: expect gives 0
 */
#ifndef HZ_MQTT_OUTLET_H
#define HZ_MQTT_OUTLET_H

#include "hz_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hz_mqtt_outlet;

int hz_mqtt_outlet_new(uint32_t acks_max, struct hz_mqtt_outlet **ret_outlet) HZ_MUST_USE;
void hz_mqtt_outlet_free(struct hz_mqtt_outlet *outlet);
/* The connection ended: unsent bytes and waiting acknowledgements are forgotten. */
void hz_mqtt_outlet_reset(struct hz_mqtt_outlet *outlet);

/* Bytes of libmosquitto in any pieces. Its PINGREQs are not sent but counted: the caller answers
 * them. 0, -ENOMEM, or HZ_EPROTO when they are no MQTT. */
int hz_mqtt_outlet_take(struct hz_mqtt_outlet *outlet, const uint8_t *bytes, size_t length,
                        uint32_t *ret_pings) HZ_MUST_USE;
int hz_mqtt_outlet_ping(struct hz_mqtt_outlet *outlet) HZ_MUST_USE;

/* A QoS 1 message came: its number, in order of receipt. 0: too many, or no memory. */
uint64_t hz_mqtt_outlet_expect(struct hz_mqtt_outlet *outlet, uint16_t packet_id) HZ_MUST_USE;
/* PUBACK for all waiting ones up to this number, in order of receipt. */
int hz_mqtt_outlet_ack(struct hz_mqtt_outlet *outlet, uint64_t up_to, uint32_t *ret_count) HZ_MUST_USE;

/* Messages that wait for their acknowledgement. */
uint32_t hz_mqtt_outlet_waiting(const struct hz_mqtt_outlet *outlet);

/* What to send next: whole packets, the first perhaps partly sent; NULL = nothing. */
const uint8_t *hz_mqtt_outlet_bytes(const struct hz_mqtt_outlet *outlet, size_t *ret_length);
void hz_mqtt_outlet_sent(struct hz_mqtt_outlet *outlet, size_t length);

#endif
