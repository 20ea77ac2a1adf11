/* SPDX-License-Identifier: Apache-2.0
 *
 * MQTT framing (MQTT 3.1.1 sections 2.2 and 3.3, MQTT 5 sections 1.5.5, 2.1, 2.2.2 and 3.3). What must
 * stay true: no length that came from the wire is used before it is known to fit what is there.
 */
#include "hz_mqtt_frame.h"

#define TYPE_CONNACK   2u
#define TYPE_PUBLISH   3u
#define TYPE_SUBACK    9u
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

/* --- answers --- */

enum property_kind { NO_PROPERTY, BYTE, TWO_BYTES, FOUR_BYTES, VARIABLE, TEXT, TWO_TEXTS };

/* MQTT 5, table 2-4; binary data is laid out as a text is. */
static const uint8_t property_kinds[] = {
    [0x01] = BYTE,       [0x02] = FOUR_BYTES, [0x03] = TEXT,       [0x08] = TEXT,
    [0x09] = TEXT,       [0x0b] = VARIABLE,   [0x11] = FOUR_BYTES, [0x12] = TEXT,
    [0x13] = TWO_BYTES,  [0x15] = TEXT,       [0x16] = TEXT,       [0x17] = BYTE,
    [0x18] = FOUR_BYTES, [0x19] = BYTE,       [0x1a] = TEXT,       [0x1c] = TEXT,
    [0x1f] = TEXT,       [0x21] = TWO_BYTES,  [0x22] = TWO_BYTES,  [0x23] = TWO_BYTES,
    [0x24] = BYTE,       [0x25] = BYTE,       [0x26] = TWO_TEXTS,  [0x27] = FOUR_BYTES,
    [0x28] = BYTE,       [0x29] = BYTE,       [0x2a] = BYTE,
};

static bool skip_text(struct rest *rest)
{
    struct hz_slice skipped;
    uint16_t length;

    return take_u16(rest, &length) && take_bytes(rest, length, &skipped);
}

static bool skip_property(struct rest *rest)
{
    struct hz_slice skipped;
    uint32_t value, width;
    uint8_t id = *rest->at;

    if (id >= sizeof(property_kinds) || !take_bytes(rest, 1, &skipped))
        return false;
    switch (property_kinds[id]) {
    case BYTE:
        return take_bytes(rest, 1, &skipped);
    case TWO_BYTES:
        return take_bytes(rest, 2, &skipped);
    case FOUR_BYTES:
        return take_bytes(rest, 4, &skipped);
    case VARIABLE:
        return read_length(rest->at, rest->length, &value, &width) == HZ_FRAME_WHOLE &&
               take_bytes(rest, width, &skipped);
    case TEXT:
        return skip_text(rest);
    case TWO_TEXTS:
        return skip_text(rest) && skip_text(rest);
    default:
        return false;
    }
}

static bool take_known_properties(struct rest *rest)
{
    struct hz_slice all;
    uint32_t bytes, width;

    if (read_length(rest->at, rest->length, &bytes, &width) != HZ_FRAME_WHOLE ||
        !take_bytes(rest, width, &all) || !take_bytes(rest, bytes, &all))
        return false;
    for (struct rest inside = {(const uint8_t *)all.at, all.length}; inside.length > 0;)
        if (!skip_property(&inside))
            return false;
    return true;
}

bool hz_mqtt_answer_ok(uint8_t first, const uint8_t *bytes, size_t length, bool v5)
{
    unsigned type = first >> 4;
    bool is_disconnect = type != TYPE_CONNACK && type != TYPE_SUBACK;
    struct rest rest = {bytes, length};
    struct hz_slice head;

    if (is_disconnect && length < 2)
        return v5; /* no code, or a code alone; 3.1.1 knows none from a broker */
    if (!take_bytes(&rest, is_disconnect ? 1 : 2, &head))
        return false; /* flags and code; packet id; code */
    /* A broker that knows only 3.1.1 refuses in its own way (MQTT 5, 4.13.2). */
    bool old_refusal = type == TYPE_CONNACK && length == 2 && bytes[1] != 0;
    if (v5 && !old_refusal && !take_known_properties(&rest))
        return false;
    return type == TYPE_SUBACK ? rest.length > 0 : rest.length == 0;
}
