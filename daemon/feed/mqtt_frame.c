/* SPDX-License-Identifier: Apache-2.0
 *
 * MQTT framing (MQTT 3.1.1 sections 2.2 and 3.3, MQTT 5 sections 1.5.5, 2.1 and 3.3). What must stay
 * true: no length that came from the wire is used before it is known to fit what is there.
 */
#include "hz_mqtt_frame.h"

#define TYPE_PUBLISH   3u
#define LENGTH_BYTES   4u /* of a variable byte integer at most */
#define PUBLISH_RETAIN 0x01u
#define PUBLISH_QOS    0x06u
#define PUBLISH_DUP    0x08u

/* A variable byte integer. WHOLE with its value and width, PARTIAL, or MALFORMED after four bytes that
 * all say "go on" and for a longer form than needed (MQTT 5 section 1.5.5, [MQTT-1.5.5-1]). */
static enum hz_mqtt_frame_result read_length(const uint8_t *bytes, size_t length,
                                             uint32_t *ret_value, uint32_t *ret_width)
{
    uint32_t value = 0;

    for (uint32_t at = 0; at < LENGTH_BYTES; at++) {
        if (at == length)
            return HZ_FRAME_PARTIAL;
        value |= (uint32_t)(bytes[at] & 0x7f) << (7 * at);
        if (bytes[at] & 0x80)
            continue;
        if (bytes[at] == 0 && at > 0)
            return HZ_FRAME_MALFORMED;
        *ret_value = value;
        *ret_width = at + 1;
        return HZ_FRAME_WHOLE;
    }
    return HZ_FRAME_MALFORMED;
}

enum hz_mqtt_frame_result hz_mqtt_frame_head(const uint8_t *bytes, size_t length,
                                             struct hz_mqtt_frame *ret_frame)
{
    uint32_t remaining, width;

    if (length < 2)
        return HZ_FRAME_PARTIAL;
    if (bytes[0] >> 4 == 0)
        return HZ_FRAME_MALFORMED; /* type 0 is reserved */
    enum hz_mqtt_frame_result result = read_length(bytes + 1, length - 1, &remaining, &width);
    if (result == HZ_FRAME_WHOLE)
        *ret_frame = (struct hz_mqtt_frame){bytes[0], 1 + width, remaining};
    return result;
}

/* What is left of a packet while it is read from the front. */
struct rest {
    const uint8_t *at;
    size_t length;
};

static bool take_u16(struct rest *rest, uint16_t *ret_value)
{
    if (rest->length < 2)
        return false;
    *ret_value = (uint16_t)(rest->at[0] << 8 | rest->at[1]);
    rest->at += 2;
    rest->length -= 2;
    return true;
}

static bool take_bytes(struct rest *rest, size_t count, struct hz_slice *ret_slice)
{
    if (rest->length < count)
        return false;
    *ret_slice = (struct hz_slice){(const char *)rest->at, count};
    rest->at += count;
    rest->length -= count;
    return true;
}

/* MQTT 5 properties are passed over: none of them changes what a reading is. */
static bool skip_properties(struct rest *rest)
{
    uint32_t bytes, width;
    struct hz_slice skipped;

    if (read_length(rest->at, rest->length, &bytes, &width) != HZ_FRAME_WHOLE)
        return false;
    return take_bytes(rest, width, &skipped) && take_bytes(rest, bytes, &skipped);
}

/* A topic name in a PUBLISH has no wildcards ([MQTT-3.3.2-2]) and no NUL ([MQTT-1.5.4-2]); an empty one
 * would be an alias, which is never announced. Longer ones than HZ_TOPIC_BYTES_MAX are well formed:
 * the caller's verdict. */
static bool topic_ok(struct hz_slice topic)
{
    return topic.length > 0 && !memchr(topic.at, '\0', topic.length) &&
           !memchr(topic.at, '+', topic.length) && !memchr(topic.at, '#', topic.length);
}

enum hz_mqtt_frame_result hz_mqtt_publish_read(uint8_t first, const uint8_t *bytes, size_t length,
                                               bool v5, struct hz_mqtt_publish *ret_publish)
{
    struct rest rest = {bytes, length};
    struct hz_mqtt_publish publish = {.qos = (uint8_t)((first & PUBLISH_QOS) >> 1),
                                      .retained = (first & PUBLISH_RETAIN) != 0,
                                      .duplicate = (first & PUBLISH_DUP) != 0};
    uint16_t topic_length;

    if (first >> 4 != TYPE_PUBLISH || publish.qos == 3 || (publish.qos == 0 && publish.duplicate))
        return HZ_FRAME_MALFORMED; /* [MQTT-3.3.1-4], [MQTT-3.3.1-2] */
    if (!take_u16(&rest, &topic_length) || !take_bytes(&rest, topic_length, &publish.topic) ||
        !topic_ok(publish.topic))
        return HZ_FRAME_MALFORMED;
    if (publish.qos > 0 && (!take_u16(&rest, &publish.packet_id) || publish.packet_id == 0))
        return HZ_FRAME_MALFORMED;
    if (v5 && !skip_properties(&rest))
        return HZ_FRAME_MALFORMED;
    publish.payload = (struct hz_slice){(const char *)rest.at, rest.length};
    *ret_publish = publish;
    return HZ_FRAME_WHOLE;
}
