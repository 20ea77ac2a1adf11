/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's state as bytes. Head, numbers, then what lives: feeds, the daemon's own alarms,
 * gateways and points in ascending order, the notes of each behind it in chain order, the views, the
 * counters last. Only what is told apart by later transitions is here, once, in one order: equal states are
 * equal bytes. Little-endian, no holes; ENGINE_FORMAT changes with any of these.
 * Format 1 had no views: its points end before `enterprise`, and it is still read.
 */
#ifndef ENGINE_SAVED_H
#define ENGINE_SAVED_H

#include "engine_priv.h"

#include <stddef.h>

#define ENGINE_MAGIC  "HZENGINE"
#define ENGINE_FORMAT 2u
#define ENGINE_FORMAT_WITHOUT_VIEWS 1u

struct saved_head {
    char magic[8];
    uint32_t format, semantics;
    struct hz_digest set; /* in force; zero without one */
    uint64_t seq;
    int64_t jt_ns;
    uint32_t has_set;
    uint8_t reserved[60];
};

_Static_assert(sizeof(struct saved_head) == HZ_ENGINE_HEAD_BYTES, "as announced");

struct saved_numbers {
    int64_t watched_ns, set_ns;
    struct hz_stream_id last_id;
    uint64_t number, all_n;
    int64_t wall_ns;
    uint32_t journal, episodes, arrivals;
    uint32_t feeds, systems, gateways, points;
    uint32_t views;
    struct engine_place place;
};

_Static_assert(sizeof(struct saved_numbers) == 88 + sizeof(struct engine_place) &&
                   sizeof(struct engine_place) == 48,
               "no holes");

struct saved_feed {
    int64_t lost_ns, connected_ns, watched_ns;
    uint32_t feed;
    uint8_t lost, unread, reserved[2];
};

struct saved_system {
    uint32_t what, feed;
    int64_t seen;
    struct engine_alarm alarm; /* place 0 */
};

struct saved_gateway {
    int64_t life_ns, since_ns;
    uint32_t gateway, notes;
    uint16_t feed;
    uint8_t in_set, listed;
    uint32_t enterprise;
};

struct saved_point {
    union hz_value value;
    int64_t source_ms, life_ns, arrival_ns;
    uint32_t point, notes;
    uint16_t feed, gateway, flags; /* of ENGINE_SAVED_MASK */
    uint8_t kind, quality;
    uint32_t enterprise, reserved;
};

#define SAVED_POINT_BYTES_WITHOUT_VIEWS offsetof(struct saved_point, enterprise)

struct saved_view {
    uint32_t view, reserved;
    struct engine_view of;
};

/* A note is saved as struct engine_note with next, owner and place 0. */

_Static_assert(sizeof(struct saved_feed) == 32 && sizeof(struct saved_system) == 64 &&
                   sizeof(struct saved_gateway) == 32 && sizeof(struct saved_point) == 56 &&
                   sizeof(struct saved_view) == 32,
               "no holes");

#endif
