/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    MQTT framing: finds whole packets in a stream of bytes, bounds their size, reads the head of
 *         a PUBLISH (MQTT 3.1.1 section 3.3, MQTT 5 section 3.3). No allocation, no copy.
 * WAY     socket bytes -> packets
 * THREAD  whoever owns the object
 * OWNS    nothing
 * FULL    a packet above the limit is reported as such and skipped
 */
#ifndef HZ_MQTT_FRAME_H
#define HZ_MQTT_FRAME_H

#include "hz_text.h"

enum hz_mqtt_frame_result {
    HZ_FRAME_WHOLE = 0,
    HZ_FRAME_PARTIAL = 1, /* more bytes are needed */
    HZ_FRAME_MALFORMED = 2
};

struct hz_mqtt_frame {
    uint8_t first;      /* packet type and flags */
    uint32_t head;      /* bytes of the fixed header: 2 to 5 */
    uint32_t remaining; /* what the packet claims behind it */
};

/* Looks at the fixed header only: WHOLE says that the header is there. */
enum hz_mqtt_frame_result hz_mqtt_frame_head(const uint8_t *bytes, size_t length, struct hz_mqtt_frame *ret_frame);

struct hz_mqtt_publish {
    struct hz_slice topic, payload;
    uint16_t packet_id; /* QoS > 0 */
    uint8_t qos;
    bool retained, duplicate;
};

/* Reads a whole PUBLISH packet (`bytes` behind the fixed header, `length` = remaining). */
enum hz_mqtt_frame_result hz_mqtt_publish_read(uint8_t first, const uint8_t *bytes, size_t length, bool v5,
                                               struct hz_mqtt_publish *ret_publish);

/* Whether a CONNACK, SUBACK or DISCONNECT (`bytes` behind the fixed header) can be given to
 * libmosquitto: of a sound length, and in MQTT 5 with properties that exist and fill theirs (version
 * 2.0.11 ends the process at one that it does not know). */
bool hz_mqtt_answer_ok(uint8_t first, const uint8_t *bytes, size_t length, bool v5);

#endif
