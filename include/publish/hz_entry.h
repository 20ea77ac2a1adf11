/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    An alert entry: a transition with all its texts, as it stands in the alarms log and goes to
 *         Redis. One field table (HZ_ENTRY_FIELDS, in the order of the contract) from which rendering,
 *         docs/redis.md and its test come.
 * WAY     transition + set in force -> entry -> alarms log, Redis, journald, hazardctl
 * THREAD  hz_output; an entry is plain bytes: any
 * OWNS    nothing
 * FULL    an entry is at most HZ_ENTRY_BYTES_MAX; longer texts are cut at a character's edge, the
 *         bounds of hz_limits.h make that impossible for keys
 */
#ifndef HZ_ENTRY_H
#define HZ_ENTRY_H

#include "hz_set.h"
#include "hz_text.h"
#include "hz_transition.h"

#define HZ_ENTRY_MAJOR     1
#define HZ_ENTRY_BYTES_MAX 16384u

/* X(NAME, "name", type, "what it says"); order = contract.md section 1 */
#define HZ_ENTRY_FIELDS(X)                                                                         \
    X(V, "v", "int", "major version of this format")                                               \
    X(N, "n", "int", "number in this stream, without holes, from 1")                               \
    X(EVENT, "event", "enum", "what happened")                                                     \
    X(ALARM, "alarm", "text", "one episode")                                                       \
    X(COND, "cond", "text", "the condition, over all episodes: rule.side@point")                   \
    X(STATE, "state", "enum", "ISA-18.2 state after it")                                           \
    X(PREV, "prev", "enum", "state before it")                                                     \
    X(ACTIVE, "active", "bool", "the condition is true")                                           \
    X(RING, "ring", "bool", "to be announced")                                                     \
    X(DURABLE, "durable", "bool", "the cause was on disk when this was published")                 \
    X(SEV, "sev", "enum", "red, orange, yellow, blue")                                             \
    X(KIND, "kind", "enum", "limit, invalid, stale, gateway, system")                              \
    X(LEVEL, "level", "enum", "LL, L, H, HH; empty without levels")                                \
    X(DOMAIN, "domain", "enum", "safety, env, system")                                             \
    X(MODE, "mode", "enum", "live, trial, drill")                                                  \
    X(LATE, "late", "bool", "judged from late data")                                               \
    X(T, "t", "ms", "time of the decision")                                                        \
    X(T_SRC, "t_src", "ms", "stamp of the reading that decided")                                   \
    X(T_RX, "t_rx", "ms", "its arrival")                                                           \
    X(T_RAISE, "t_raise", "ms", "when the episode was raised")                                     \
    X(VALUE, "value", "decimal", "the value that decided")                                         \
    X(LIMIT, "limit", "decimal", "the limit it met")                                               \
    X(UNIT, "unit", "text", "of value and limit")                                                  \
    X(QUALITY, "quality", "enum", "good, bad, uncertain, unconfirmed")                             \
    X(FOR_MS, "for_ms", "int", "how long the condition had held")                                  \
    X(INPUTS, "inputs", "JSON", "members of a vote or expression; empty otherwise")                \
    X(POINT, "point", "text", "registry key")                                                      \
    X(POINT_NAME, "point_name", "text", "its name")                                                \
    X(TAG, "tag", "text", "its instrument tag")                                                    \
    X(HAZARD, "hazard", "text", "hazard source")                                                   \
    X(HAZARD_NAME, "hazard_name", "text", "its name")                                              \
    X(HAZARD_LEVEL, "hazard_level", "int", "1-4 (GB 18218)")                                       \
    X(ENTERPRISE, "enterprise", "text", "registry key")                                            \
    X(ENTERPRISE_NAME, "enterprise_name", "text", "its name")                                      \
    X(PARK, "park", "text", "registry key")                                                        \
    X(DISTRICT, "district", "text", "administrative division code")                                \
    X(LON, "lon", "decimal", "WGS-84")                                                             \
    X(LAT, "lat", "decimal", "WGS-84")                                                             \
    X(GATEWAY, "gateway", "text", "registry key; of a point: the one that it comes by")            \
    X(CAMERA, "camera", "text", "registry column carried along")                                   \
    X(PLAN, "plan", "text", "registry column carried along")                                       \
    X(EXT, "ext", "text", "ext_code of the point, else ext of the enterprise")                     \
    X(RULE, "rule", "text", "rule id")                                                             \
    X(RULE_REV, "rule_rev", "hash", "of the rule's text")                                          \
    X(SET, "set", "hash", "set in force, first 8 hex digits")                                      \
    X(ROOT, "root", "text", "the alarm that causes this one")                                      \
    X(GROUP, "group", "text", "hazard source the alarm belongs to")                                \
    X(ROUTE, "route", "list", "comma-separated")                                                   \
    X(ACTOR, "actor", "text", "who gave the command")                                              \
    X(VIA, "via", "text", "through what")                                                          \
    X(CMD, "cmd", "text", "command id")                                                            \
    X(REASON, "reason", "text", "why")                                                             \
    X(UNTIL, "until", "ms", "until when")                                                          \
    X(MSG, "msg", "text", "whole sentence")                                                        \
    X(SHORT, "short", "text", "at most 70 characters, for SMS")                                    \
    X(ADVICE, "advice", "text", "what to do")                                                      \
    X(SEQ, "seq", "int", "journal record that caused it")

enum hz_entry_field {
#define X(name, word, type, text) HZ_FIELD_##name,
    HZ_ENTRY_FIELDS(X)
#undef X
    HZ_FIELD_COUNT
};

extern const char *const hz_entry_field_names[HZ_FIELD_COUNT];

/* The stored form. Frame of segment class `alarms`: its first 16 bytes are a struct hz_frame
 * (hz_segment.h), filled in by the journal; `number`, the transition's own, is that frame's key. Behind the head: the
 * places, then the values, each a u16 length and its bytes. The values of N and DURABLE are empty here:
 * they differ by view and moment of publishing. */
struct hz_entry {
    uint32_t bytes; /* all, a multiple of 8 */
    uint32_t crc32c;
    uint64_t number; /* in the alarms log, from 1 without holes */
    uint64_t seq;    /* cause */
    uint32_t index;
    uint16_t place_count;
    uint8_t event, state;
    uint8_t severity, active, mode, kind;
    uint32_t values_offset; /* from the entry's start */
    struct hz_stream_id id;
    uint64_t alarm;
    uint32_t point, rule;
    uint8_t side, ring, domain, level, reserved[4];
    uint32_t gateway;
    uint16_t system, feed;
};

static inline const struct hz_view_place *hz_entry_places(const struct hz_entry *entry)
{
    return (const struct hz_view_place *)(entry + 1);
}

/* Renders into `to` (HZ_ENTRY_BYTES_MAX, 8-aligned); returns its bytes. */
uint32_t hz_entry_render(const struct hz_set *set, const struct hz_transition *transition, struct hz_entry *to);

/* Lends the values; false when the bytes are not an entry (damaged log). */
bool hz_entry_values(const struct hz_entry *entry, size_t available, struct hz_slice values[HZ_FIELD_COUNT]);

/* One JSON object with all fields (n and durable as given). */
void hz_entry_json(const struct hz_entry *entry, uint64_t n, bool durable, struct hz_text *to);

/* The condition's name: "tank-level.high@330382001/TF01/LT101", "system.disk-stalled",
 * "system.feed-lost@city", "gateway-silent.stale@gw01"; unique per alarm, never begins with '@'. */
#define HZ_CONDITION_BYTES 384
void hz_condition_text(const struct hz_set *set, const struct hz_transition *transition, struct hz_text *to);
void hz_entry_condition_text(const struct hz_set *set, const struct hz_entry *entry, struct hz_text *to);

#endif
