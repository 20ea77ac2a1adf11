/* SPDX-License-Identifier: Apache-2.0
 *
 * What the compiler leaves behind and the engine reads: flat tables, absolute numbers. Words:
 *   profile  what many points share of a rule (delays, deadbands, severities), interned
 *   watch    one rule at one point; the watches of a point lie together, in ascending rule id
 *   changes  how a set differs from another, found before it comes into force
 * Memory counts here: a million points have a million watches. 8 + 40 bytes for a point with one rule,
 * and 4 in the list of its gateway.
 */
#ifndef RULESET_PRIV_H
#define RULESET_PRIV_H

#include "hz_arena.h"
#include "hz_ruleset.h"

struct rule__profile {
    double deadband[HZ_LEVEL_END]; /* absolute */
    int64_t on_delay_ns[HZ_LEVEL_END];
    int64_t off_delay_ns[HZ_LEVEL_END];
    int64_t invalid_after_ns;
    uint32_t rule; /* struct hz_rule_id */
    uint8_t severity[HZ_LEVEL_END];
    uint8_t invalid_severity; /* NONE: the rule has no INVALID alarm */
    uint8_t stale_severity;   /* NONE: the rule has no STALE alarm */
    uint8_t mode, domain;
};

struct rule__watch {
    double limit[4]; /* by enum hz_level - 1: LL, L, H, HH; NaN = no such level */
    uint32_t profile;
    uint32_t rule;
};

_Static_assert(sizeof(struct rule__watch) == 40, "a promise about memory");

struct rule__point {
    uint32_t first_watch;    /* watches[first_watch ..] with this point */
    uint32_t stale_after_ms; /* resolved; 0 = the default of the feed it belongs to */
};

/* A rule of the kind `each: gateway` at one gateway. Rules of a gateway lie together, ascending. */
struct rule__gateway_watch {
    uint32_t gateway, rule;
    int64_t silent_after_ns;
    uint8_t severity, mode, domain;
};

/* Bits by id. A point may be in both: it means something else, and belongs elsewhere. */
struct rule__changes {
    struct hz_digest since; /* the set that it was compared with */
    uint32_t point_words, gateway_words, row_words;
    uint64_t *meaning;  /* points in both sets that do not mean the same: hz_ruleset_same */
    uint64_t *place;    /* points that come, go, or belong elsewhere: rule__same_place */
    uint64_t *gateways; /* that come, go, belong elsewhere, or have other rules */
    uint64_t *sooner;   /* rows of 64 points of which one may be silent after a shorter time */
    uint64_t bits[];
};

struct hz_ruleset {
    struct hz_arena arena;
    struct hz_set *set; /* a reference */
    struct rule__profile *profiles;
    uint32_t profile_count;
    struct rule__point *points; /* by point id; [point_end] closes the last one's watches */
    uint32_t point_end;
    struct rule__watch *watches;
    uint32_t watch_count;
    struct rule__gateway_watch *gateway_watches; /* ascending (gateway, rule) */
    uint32_t gateway_watch_count;
    uint32_t *gateway_first; /* by gateway id: first of gateway_watches; [gateway_end] closes */
    /* The points of a gateway, ascending: gateway_points[gateway_points_of[g] .. gateway_points_of[g + 1]) */
    uint32_t *gateway_points;
    uint32_t *gateway_points_of;
    uint32_t gateway_end;
    struct rule__changes *changes; /* NULL: it was not compared */
};

/* Does the rule mean the same at this point (gateway) in both? Limits, deadbands, delays, severities,
 * mode, staleness: what a transition depends on, texts apart. A watch that is in one only differs. */
bool rule__same_gateway(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t gateway);

/* Does it stand at the same place in both: hazard source, enterprise, park, gateway, feed of the
 * gateway, what it lives by, on trial? What the engine keeps of it, or counts it by. */
bool rule__same_place(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t point);

size_t rule__changes_bytes(const struct hz_ruleset *ruleset);

/* The feed of a gateway; 0 = not said. */
uint16_t rule__feed_of_gateway(const struct hz_registry *registry, uint32_t gateway);

/* Where a point is counted: ids, 0 = none. */
struct rule__scope {
    uint32_t hazard, enterprise, park;
};
struct rule__scope rule__scope_of(const struct hz_registry *registry, const struct hz_point *row);

/* The watch of a rule at a point, NULL when there is none. */
const struct rule__watch *rule__watch_of(const struct hz_ruleset *ruleset, uint32_t point, uint32_t rule);

#endif
