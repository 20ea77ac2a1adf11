/* SPDX-License-Identifier: Apache-2.0
 *
 * Inbound framing. What must stay true: the packets handed on, and their order, do not depend on how
 * the stream was cut into pieces; no length from the wire becomes memory before it is known to be
 * below the limit.
 *
 *   piece:   [rest of a kept packet][whole][whole][whole][beginning]
 *             copied behind its       in place             kept
 *             beginning
 *
 * A packet is *oversize* when its fixed header says so (then only its topic and id are kept, the rest
 * is counted down), or when its payload, once it is there, is above the limit.
 */
#include "hz_mqtt_inlet.h"

#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>

#define TYPE_PUBLISH 3u
/* Of a PUBLISH beside topic and payload: packet id, and properties of a size that is met in practice. A
 * packet with larger ones counts as oversize. */
#define BESIDE_BYTES      1024u
#define CONTROL_BYTES_MAX (64u << 10) /* CONNACK, SUBACK, ...: none needs more */

struct hz_mqtt_inlet {
    /* set at start */
    const struct hz_mqtt_inlet_events *on;
    uint32_t payload_bytes_max;
    bool v5;

    struct feed_bytes kept;
    size_t kept_most;
    bool stopped;

    /* an oversize PUBLISH that streams by: `skip` bytes are still to come */
    uint64_t skip, big_bytes;
    struct hz_mqtt_publish big; /* its topic stands in `big_topic` */
    struct feed_bytes big_topic;
};

int hz_mqtt_inlet_new(uint32_t payload_bytes_max, bool v5,
                      const struct hz_mqtt_inlet_events *events, struct hz_mqtt_inlet **ret_inlet)
{
    struct hz_mqtt_inlet *inlet = calloc(1, sizeof(*inlet));

    if (!inlet)
        return -ENOMEM;
    inlet->on = events;
    inlet->payload_bytes_max = payload_bytes_max;
    inlet->v5 = v5;
    *ret_inlet = inlet;
    return 0;
}

void hz_mqtt_inlet_free(struct hz_mqtt_inlet *inlet)
{
    if (!inlet)
        return;
    feed__bytes_done(&inlet->kept);
    feed__bytes_done(&inlet->big_topic);
    free(inlet);
}

void hz_mqtt_inlet_reset(struct hz_mqtt_inlet *inlet)
{
    feed__bytes_done(&inlet->kept);
    feed__bytes_done(&inlet->big_topic);
    inlet->stopped = false;
    inlet->skip = 0;
}

bool hz_mqtt_inlet_stopped(const struct hz_mqtt_inlet *inlet)
{
    return inlet->stopped;
}

size_t hz_mqtt_inlet_kept(const struct hz_mqtt_inlet *inlet, size_t *ret_most)
{
    *ret_most = inlet->kept_most;
    return inlet->kept.end - inlet->kept.begin;
}

static bool is_publish(const struct hz_mqtt_frame *frame)
{
    return frame->first >> 4 == TYPE_PUBLISH;
}

static unsigned qos_of(const struct hz_mqtt_frame *frame)
{
    return (frame->first >> 1) & 3u;
}

static bool is_oversize(const struct hz_mqtt_inlet *inlet, const struct hz_mqtt_frame *frame)
{
    return is_publish(frame) && frame->remaining > (uint64_t)inlet->payload_bytes_max +
                                                       HZ_TOPIC_BYTES_MAX + BESIDE_BYTES;
}

/* How many bytes of a packet are needed before something can be done with it; 0 = malformed. */
static size_t needed(const struct hz_mqtt_inlet *inlet, const struct hz_mqtt_frame *frame,
                     const uint8_t *bytes, size_t length)
{
    if (!is_publish(frame))
        return frame->remaining <= CONTROL_BYTES_MAX ? (size_t)frame->head + frame->remaining : 0;
    if (!is_oversize(inlet, frame))
        return (size_t)frame->head + frame->remaining;
    size_t topic_at = (size_t)frame->head + 2; /* behind the topic's length */
    if (length < topic_at)
        return topic_at;
    size_t topic_bytes = (size_t)bytes[topic_at - 2] << 8 | bytes[topic_at - 1];
    size_t head_bytes = 2 + topic_bytes + (qos_of(frame) > 0 ? 2 : 0);
    return head_bytes <= frame->remaining ? frame->head + head_bytes : 0;
}

/* Tells of the oversize packet, at its end or, at QoS 2, at its head. */
static bool tell_big(struct hz_mqtt_inlet *inlet)
{
    inlet->big.topic.at = (const char *)inlet->big_topic.at;
    bool go_on = inlet->on->publish(inlet->on->ctx, &inlet->big, inlet->big_bytes);
    feed__bytes_drop(&inlet->big_topic, inlet->big_topic.end);
    return go_on;
}

/* `bytes` hold the head of an oversize packet as far as it is needed. */
static enum hz_mqtt_inlet_result begin_big(struct hz_mqtt_inlet *inlet,
                                           const struct hz_mqtt_frame *frame, const uint8_t *bytes,
                                           size_t head_bytes)
{
    /* Read as 3.1.1, since the properties are not there: topic and id stand before them. */
    if (hz_mqtt_publish_read(frame->first, bytes + frame->head, head_bytes - frame->head, false,
                             &inlet->big) != HZ_FRAME_WHOLE)
        return HZ_INLET_MALFORMED;
    if (feed__bytes_add(&inlet->big_topic, inlet->big.topic.at, inlet->big.topic.length) < 0)
        return HZ_INLET_NO_MEMORY;
    inlet->big.payload = (struct hz_slice){NULL, 0};
    inlet->big_bytes = (uint64_t)frame->head + frame->remaining;
    inlet->skip = inlet->big_bytes - head_bytes;
    if (inlet->skip > 0 && inlet->big.qos < 2)
        return HZ_INLET_ALL;
    return tell_big(inlet) ? HZ_INLET_ALL : HZ_INLET_STOPPED;
}

/* One whole packet. */
static enum hz_mqtt_inlet_result hand_on(struct hz_mqtt_inlet *inlet,
                                         const struct hz_mqtt_frame *frame, const uint8_t *bytes)
{
    size_t length = (size_t)frame->head + frame->remaining;
    struct hz_mqtt_publish publish;
    bool go_on;

    if (!is_publish(frame)) {
        go_on = inlet->on->packet(inlet->on->ctx, bytes, length);
    } else {
        if (hz_mqtt_publish_read(frame->first, bytes + frame->head, frame->remaining, inlet->v5,
                                 &publish) != HZ_FRAME_WHOLE)
            return HZ_INLET_MALFORMED;
        if (publish.payload.length > inlet->payload_bytes_max)
            publish.payload = (struct hz_slice){NULL, 0};
        go_on = inlet->on->publish(inlet->on->ctx, &publish, length);
    }
    return go_on ? HZ_INLET_ALL : HZ_INLET_STOPPED;
}

/* Lets bytes of the oversize packet go by. */
static enum hz_mqtt_inlet_result skip_over(struct hz_mqtt_inlet *inlet, size_t length,
                                           size_t *ret_used)
{
    *ret_used = inlet->skip < length ? (size_t)inlet->skip : length;
    inlet->skip -= *ret_used;
    if (inlet->skip > 0 || inlet->big.qos == 2 || tell_big(inlet))
        return HZ_INLET_ALL;
    return HZ_INLET_STOPPED;
}

/* What can be done with the packet at the head of `bytes`: *ret_used bytes are done with; 0: *ret_more
 * bytes are needed first. */
static enum hz_mqtt_inlet_result one_packet(struct hz_mqtt_inlet *inlet, const uint8_t *bytes,
                                            size_t length, size_t *ret_used, size_t *ret_more)
{
    struct hz_mqtt_frame frame;

    *ret_used = 0;
    if (inlet->skip > 0)
        return skip_over(inlet, length, ret_used);
    *ret_more = 1;
    switch (hz_mqtt_frame_head(bytes, length, &frame)) {
    case HZ_FRAME_MALFORMED:
        return HZ_INLET_MALFORMED;
    case HZ_FRAME_PARTIAL:
        return HZ_INLET_ALL;
    case HZ_FRAME_WHOLE:
        break;
    }
    size_t need = needed(inlet, &frame, bytes, length);
    if (need == 0)
        return HZ_INLET_MALFORMED;
    if (need > length) {
        *ret_more = need - length;
        return HZ_INLET_ALL;
    }
    if (is_oversize(inlet, &frame)) {
        enum hz_mqtt_inlet_result result = begin_big(inlet, &frame, bytes, need);
        *ret_used = result == HZ_INLET_ALL || result == HZ_INLET_STOPPED ? need : 0;
        return result;
    }
    *ret_used = need;
    return hand_on(inlet, &frame, bytes);
}

/* All packets that lie whole in `bytes`, in place. */
static enum hz_mqtt_inlet_result split(struct hz_mqtt_inlet *inlet, const uint8_t *bytes,
                                       size_t length, size_t *ret_used, size_t *ret_more)
{
    enum hz_mqtt_inlet_result result = HZ_INLET_ALL;
    size_t at = 0;

    *ret_more = 1;
    while (at < length && result == HZ_INLET_ALL) {
        size_t used;

        result = one_packet(inlet, bytes + at, length - at, &used, ret_more);
        if (used == 0)
            break;
        at += used;
    }
    *ret_used = at;
    return result;
}

static bool keep(struct hz_mqtt_inlet *inlet, const uint8_t *bytes, size_t length)
{
    if (feed__bytes_add(&inlet->kept, bytes, length) < 0)
        return false;
    if (inlet->kept.capacity > inlet->kept_most)
        inlet->kept_most = inlet->kept.capacity;
    return true;
}

/* Completes the kept packet from the piece; *ret_used of the piece are done with. */
static enum hz_mqtt_inlet_result complete_kept(struct hz_mqtt_inlet *inlet, const uint8_t *bytes,
                                               size_t length, size_t *ret_used)
{
    enum hz_mqtt_inlet_result result = HZ_INLET_ALL;
    size_t at = 0, used, more;

    /* How much is missing is what one_packet says of the bytes kept so far. */
    if (inlet->kept.end > inlet->kept.begin)
        result = one_packet(inlet, inlet->kept.at + inlet->kept.begin,
                            inlet->kept.end - inlet->kept.begin, &used, &more);
    while (result == HZ_INLET_ALL && inlet->kept.end > inlet->kept.begin && at < length) {
        size_t some = more < length - at ? more : length - at;

        if (!keep(inlet, bytes + at, some))
            return HZ_INLET_NO_MEMORY;
        at += some;
        result = one_packet(inlet, inlet->kept.at + inlet->kept.begin,
                            inlet->kept.end - inlet->kept.begin, &used, &more);
        feed__bytes_drop(&inlet->kept, used);
    }
    *ret_used = at;
    return result;
}

enum hz_mqtt_inlet_result hz_mqtt_inlet_take(struct hz_mqtt_inlet *inlet, const uint8_t *bytes,
                                             size_t length)
{
    size_t at = 0, used = 0, more;

    hz_assert(!inlet->stopped);
    enum hz_mqtt_inlet_result result = complete_kept(inlet, bytes, length, &at);
    if (result == HZ_INLET_ALL)
        result = split(inlet, bytes + at, length - at, &used, &more);
    at += used;
    if (result == HZ_INLET_MALFORMED || result == HZ_INLET_NO_MEMORY)
        return result;
    inlet->stopped = result == HZ_INLET_STOPPED;
    return keep(inlet, bytes + at, length - at) ? result : HZ_INLET_NO_MEMORY;
}

enum hz_mqtt_inlet_result hz_mqtt_inlet_go_on(struct hz_mqtt_inlet *inlet)
{
    struct feed_bytes *kept = &inlet->kept;
    enum hz_mqtt_inlet_result result = HZ_INLET_ALL;
    size_t used, more;

    if (kept->end > kept->begin) { /* the stop may have come at the very end */
        result = split(inlet, kept->at + kept->begin, kept->end - kept->begin, &used, &more);
        feed__bytes_drop(kept, used);
    }
    inlet->stopped = result == HZ_INLET_STOPPED;
    return result;
}
