/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A transition: what the engine says when the state of an alarm changes. Complete but for
 *         texts, which the output thread renders from the set in force. Named by (seq, index) of the
 *         record that caused it and, over all views, by its stream id.
 * WAY     engine ==(ring)==> output -> alarms log, Redis, journald
 * THREAD  values: any
 * OWNS    nothing: everything is in the struct
 * FULL    a full ring stops the engine inside the record (hz_engine.h)
 */
#ifndef HZ_TRANSITION_H
#define HZ_TRANSITION_H

#include "hz_alarm.h"
#include "hz_id.h"
#include "hz_limits.h"
#include "hz_reading.h"

#include <stdbool.h>

/* Redis stream id <ms>-<k>: ms = max(last ms, wall of the causing block), k counts within it. */
struct hz_stream_id {
    int64_t ms;
    uint64_t k;
};

/* Membership in one view: its number there, without holes from 1, and the id of the entry before
 * (0-0 = none), which the appending script demands. */
struct hz_view_place {
    uint32_t view; /* struct hz_view_id */
    uint32_t reserved;
    uint64_t n;
    struct hz_stream_id before;
};

struct hz_transition {
    uint64_t seq;
    uint32_t index; /* within the record, from 0 */
    uint32_t place_count;
    struct hz_stream_id id;
    uint64_t number;  /* among all transitions of the journal, from 1 without holes: its key in the alarms log */
    uint64_t alarm;   /* episode: the low 32 bits of the journal's identity << 32, plus a count from 1 */
    uint32_t point;   /* 0 for system and gateway alarms */
    uint32_t rule;    /* 0 for built-in system alarms */
    uint32_t gateway; /* kind GATEWAY: the gateway; else 0 */
    uint16_t system;  /* kind SYSTEM: enum hz_observed */
    uint16_t feed;    /* kind SYSTEM: its subject */
    uint8_t event, state, prev, severity;
    uint8_t kind, side, level, domain;
    uint8_t mode, quality, active, ring;
    uint8_t late, value_kind, reserved[2];
    int64_t t_ns;       /* UTC of the decision: the causing record, or the timer's due time */
    int64_t jt_ns;      /* the engine's clock at the decision */
    int64_t wall_ns;    /* of the causing block, for latency */
    int64_t source_ms;  /* stamp of the reading that decided; HZ_NO_SOURCE_TIME if none */
    int64_t arrival_ns; /* UTC arrival of that reading; 0 if none */
    int64_t raise_ns;   /* UTC of the episode's raise */
    int64_t for_ns;     /* how long the condition had held (jt) */
    union hz_value value;
    double limit; /* NaN when there is none */
    int64_t until_ns; /* shelving ends, UTC; 0 */
    uint16_t actor_length, via_length, command_id_length, reason_length;
    char actor[HZ_ACTOR_BYTES_MAX];
    char via[HZ_VIA_BYTES_MAX];
    char command_id[HZ_COMMAND_ID_BYTES_MAX];
    char reason[HZ_REASON_BYTES_MAX];
    struct hz_view_place places[HZ_ALARM_VIEWS_MAX];
};

/* Episode id as consumers see it ("k7f3-1c9e2"): base 36, injective over one journal. */
#define HZ_ALARM_TEXT_BYTES 24
void hz_alarm_text(uint64_t alarm, char to[HZ_ALARM_TEXT_BYTES]);
/* 0 when it is none. */
uint64_t hz_alarm_parse(const char *text);

static inline int hz_stream_id_compare(struct hz_stream_id a, struct hz_stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.k < b.k ? -1 : a.k > b.k;
}

#define HZ_STREAM_ID_TEXT_BYTES 44
void hz_stream_id_text(struct hz_stream_id id, char to[HZ_STREAM_ID_TEXT_BYTES]);
/* "<ms>-<k>"; 0 or -EINVAL. */
int hz_stream_id_parse(const char *text, struct hz_stream_id *ret_id);

#endif
