/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the rule compiler, which lives as long as one call of hz_ruleset_compile:
 *   ruleset_compile.c  point by point, in ascending id: select, numbers, checks, watches
 *   ruleset_select.c   which rules are for a point
 *   ruleset_numbers.c  what a rule says at a point, in absolute numbers
 *   ruleset_profile.c  interning
 *   ruleset_gateway.c  rules of the kind `each: gateway`
 *   ruleset_faults.c   diagnostics, bounded per rule, so that one bad rule does not hide the others
 */
#ifndef COMPILE_PRIV_H
#define COMPILE_PRIV_H

#include "ruleset_priv.h"

enum compile_fault {
    COMPILE_NO_RANGE,   /* a percentage of a span that is not known */
    COMPILE_NOT_FINITE, /* a number out of all bounds */
    COMPILE_ORDER,      /* H >= HH, L <= LL, L >= H */
    COMPILE_TWICE,      /* two rules of one mode for one side of a point */
    COMPILE_FAULT_END
};

/* A rule of the set while it is compiled. */
struct compile_rule {
    const struct hz_rule_config *config;
    uint32_t rule;                     /* its id */
    uint32_t hazard, enterprise, park; /* ids that `select` names; 0 = not named */
    uint32_t next;                     /* in its bucket: index + 1, 0 = last */
    uint32_t selected;                 /* points or gateways so far */
    uint32_t faults[COMPILE_FAULT_END];
};

/* What is known of a kind of points (a 16-bit word of the registry). */
struct compile_kind {
    uint32_t first; /* bucket of the rules that name it: index + 1, 0 = none */
    bool seen;
    uint32_t points, unlimited; /* points of it; those without a limit */
    uint32_t first_unlimited;
};

struct compile_profiles {
    struct rule__profile *list;
    uint32_t count, capacity;
    uint32_t *slots; /* index + 1, 0 = free */
    uint32_t slot_mask;
};

struct compile {
    struct hz_arena scratch;
    struct hz_set *set;
    const struct hz_registry *registry;
    const struct hz_names *names;
    struct hz_diagnostics *diagnostics;
    struct hz_ruleset *out;
    struct compile_rule *rules; /* ascending id */
    uint32_t rule_count;
    struct compile_rule **selected; /* room for all rules */
    /* Buckets: a rule of points stands in one, that of the narrowest part of its `select`. Index + 1
     * of its first rule, by id of hazard source, enterprise, park; by kind; 0 = none. */
    uint32_t *by_hazard, *by_enterprise, *by_park;
    uint32_t of_kinds; /* all rules whose narrowest part is a kind, until a point has it */
    uint32_t for_all;
    struct compile_kind *kinds; /* by word */
    struct compile_profiles profiles;
    uint32_t watch_capacity;
};

#define COMPILE_KINDS ((size_t)UINT16_MAX + 1)

/* --- ruleset_select.c --- */

/* Lists the rules in buckets. -ENOMEM. */
int rule__select_prepare(struct compile *compile) HZ_MUST_USE;
/* The rules for a point, ascending, in compile->selected; their number. */
size_t rule__select(struct compile *compile, uint32_t point, const struct hz_point *row);
bool rule__select_gateway(const struct compile *compile, const struct compile_rule *rule,
                          const struct hz_gateway *row);
/* `*` any bytes, `?` one character. */
bool rule__glob(const char *pattern, struct hz_slice text);

/* --- ruleset_numbers.c --- */

/* Fills what the rule says at the point. False: it says nothing there, or a fault was reported. */
bool rule__numbers(struct compile *compile, struct compile_rule *rule, uint32_t point,
                   struct rule__watch *watch, struct rule__profile *profile);
/* Staleness of a point for which `count` rules are selected; 0 = the default of its feed. */
uint32_t rule__stale_after_ms(const struct compile *compile, const struct hz_point *row,
                              size_t count);
int64_t rule__intervals_ns(double intervals, uint32_t interval_ms);

/* --- ruleset_profile.c --- */

int rule__profile_intern(struct compile_profiles *profiles, const struct rule__profile *profile,
                         uint32_t *ret_index) HZ_MUST_USE;

/* --- ruleset_gateway.c --- */

int rule__compile_gateways(struct compile *compile) HZ_MUST_USE;

/* --- ruleset_faults.c --- */

/* An error of a rule at a point (or, with kind GATEWAY, at a gateway), at the place of the level,
 * or of the rule for HZ_LEVEL_NONE. */
void rule__fault(struct compile *compile, struct compile_rule *rule, enum compile_fault fault,
                 enum hz_level level, enum hz_named_kind kind, uint32_t id, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 8, 9)));
/* What can be said only at the end: how many more of each fault, rules for nothing, points without
 * a limit. */
void rule__fault_sums(struct compile *compile);

#endif
