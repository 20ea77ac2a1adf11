/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbound framing. What must stay true: the queue holds whole packets only, so that ours never stand
 * inside one of libmosquitto's; PUBACKs go out in the order in which the messages came
 * ([MQTT-4.6.0-2]); a packet id never outlives its connection, a number never comes again.
 *
 *   numbers   1 ... first-1 | first ........ first+count-1 | first+count ...
 *             done or died  | waiting: ids, a ring          | not yet given
 */
#include "hz_mqtt_outlet.h"

#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>

#define TYPE_PINGREQ 12u
#define IDS_FIRST    64u /* places of the ring at first; a power of two */

struct hz_mqtt_outlet {
    uint32_t acks_max;
    struct feed_bytes half;  /* of a packet of libmosquitto */
    struct feed_bytes queue; /* whole packets */
    uint16_t *ids;
    uint32_t id_places, id_head, id_count;
    uint64_t first; /* number of the oldest waiting, or of the next to be given */
};

int hz_mqtt_outlet_new(uint32_t acks_max, struct hz_mqtt_outlet **ret_outlet)
{
    struct hz_mqtt_outlet *outlet = calloc(1, sizeof(*outlet));

    if (!outlet)
        return -ENOMEM;
    outlet->acks_max = acks_max;
    outlet->first = 1;
    *ret_outlet = outlet;
    return 0;
}

static void wipe(struct feed_bytes *bytes)
{
    if (bytes->at)
        explicit_bzero(bytes->at, bytes->capacity);
    feed__bytes_done(bytes);
}

void hz_mqtt_outlet_free(struct hz_mqtt_outlet *outlet)
{
    if (!outlet)
        return;
    wipe(&outlet->half);
    wipe(&outlet->queue);
    free(outlet->ids);
    free(outlet);
}

void hz_mqtt_outlet_reset(struct hz_mqtt_outlet *outlet)
{
    wipe(&outlet->half);
    wipe(&outlet->queue);
    outlet->first += outlet->id_count;
    outlet->id_head = outlet->id_count = 0;
}

/* The packet at the head of `half`, when it is whole, moves to the queue. */
static int move_packet(struct hz_mqtt_outlet *outlet, bool *ret_whole, uint32_t *pings)
{
    struct feed_bytes *half = &outlet->half;
    const uint8_t *bytes = half->at + half->begin;
    size_t length = half->end - half->begin;
    struct hz_mqtt_frame frame;
    int error = 0;

    *ret_whole = false;
    switch (hz_mqtt_frame_head(bytes, length, &frame)) {
    case HZ_FRAME_MALFORMED:
        return HZ_EPROTO;
    case HZ_FRAME_PARTIAL:
        return 0;
    case HZ_FRAME_WHOLE:
        break;
    }
    size_t packet = (size_t)frame.head + frame.remaining;
    if (packet > length)
        return 0;
    if (frame.first >> 4 == TYPE_PINGREQ)
        ++*pings;
    else
        error = feed__bytes_add(&outlet->queue, bytes, packet);
    if (error < 0)
        return error;
    explicit_bzero(half->at + half->begin, packet);
    feed__bytes_drop(half, packet);
    *ret_whole = true;
    return 0;
}

int hz_mqtt_outlet_take(struct hz_mqtt_outlet *outlet, const uint8_t *bytes, size_t length,
                        uint32_t *ret_pings)
{
    uint32_t pings = 0;
    bool whole = true;

    int error = feed__bytes_add(&outlet->half, bytes, length);
    while (error == 0 && whole && outlet->half.end > outlet->half.begin)
        error = move_packet(outlet, &whole, &pings);
    if (error == 0)
        *ret_pings = pings;
    return error;
}

int hz_mqtt_outlet_ping(struct hz_mqtt_outlet *outlet)
{
    static const uint8_t pingreq[] = {TYPE_PINGREQ << 4, 0};

    return feed__bytes_add(&outlet->queue, pingreq, sizeof(pingreq));
}

static bool grow_ids(struct hz_mqtt_outlet *outlet)
{
    uint32_t places = outlet->id_places ? outlet->id_places * 2 : IDS_FIRST;
    uint16_t *grown = malloc(places * sizeof(*grown));

    if (!grown)
        return false;
    for (uint32_t i = 0; i < outlet->id_count; i++)
        grown[i] = outlet->ids[(outlet->id_head + i) & (outlet->id_places - 1)];
    free(outlet->ids);
    outlet->ids = grown;
    outlet->id_places = places;
    outlet->id_head = 0;
    return true;
}

uint64_t hz_mqtt_outlet_expect(struct hz_mqtt_outlet *outlet, uint16_t packet_id)
{
    if (outlet->id_count == outlet->acks_max)
        return 0;
    if (outlet->id_count == outlet->id_places && !grow_ids(outlet))
        return 0;
    outlet->ids[(outlet->id_head + outlet->id_count) & (outlet->id_places - 1)] = packet_id;
    return outlet->first + outlet->id_count++;
}

int hz_mqtt_outlet_ack(struct hz_mqtt_outlet *outlet, uint64_t up_to, uint32_t *ret_count)
{
    uint32_t count = 0;

    hz_assert(up_to < outlet->first + outlet->id_count); /* nobody acknowledges what never came */
    if (up_to >= outlet->first)
        count = (uint32_t)(up_to - outlet->first) + 1;
    int error = feed__bytes_reserve(&outlet->queue, (size_t)count * 4);
    if (error < 0)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t id = outlet->ids[outlet->id_head];
        const uint8_t puback[] = {0x40, 2, (uint8_t)(id >> 8), (uint8_t)id};

        memcpy(outlet->queue.at + outlet->queue.end, puback, sizeof(puback));
        outlet->queue.end += sizeof(puback);
        outlet->id_head = (outlet->id_head + 1) & (outlet->id_places - 1);
    }
    outlet->id_count -= count;
    outlet->first += count;
    *ret_count = count;
    return 0;
}

uint32_t hz_mqtt_outlet_waiting(const struct hz_mqtt_outlet *outlet)
{
    return outlet->id_count;
}

const uint8_t *hz_mqtt_outlet_bytes(const struct hz_mqtt_outlet *outlet, size_t *ret_length)
{
    *ret_length = outlet->queue.end - outlet->queue.begin;
    return *ret_length > 0 ? outlet->queue.at + outlet->queue.begin : NULL;
}

void hz_mqtt_outlet_sent(struct hz_mqtt_outlet *outlet, size_t length)
{
    explicit_bzero(outlet->queue.at + outlet->queue.begin, length);
    feed__bytes_drop(&outlet->queue, length);
}
