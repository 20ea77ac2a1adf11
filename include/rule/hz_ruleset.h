/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A compiled set: for every point the conditions that watch it, with absolute numbers;
 *         delays, severities and deadbands interned as profiles. Immutable.
 * WAY     hz_set -> builder (or start) -> engine, when the `ruleset` record with its digest is applied
 * THREAD  immutable once compiled: any
 * OWNS    its memory and a reference of the set
 * FULL    what can't be compiled (a limit without a number, two rules for one condition of a point,
 *         H >= HH) is a diagnostic at the rule's or row's place
 */
#ifndef HZ_RULESET_H
#define HZ_RULESET_H

#include "hz_set.h"

struct hz_ruleset;

/* Takes a reference of `set`. The registry's limit columns must still be there. */
int hz_ruleset_compile(struct hz_set *set, struct hz_diagnostics *diagnostics,
                       struct hz_ruleset **ret_ruleset) HZ_MUST_USE;
/* Finds how `next` differs from the set that it is to replace, and keeps that in `next`, under the
 * digest of `before`: 40 ns and 2 bits a point. It makes the swap short and is never needed for the
 * engine to be right: when another set than `before` is in force by then, it compares all by itself.
 * For whoever built the set, on his thread, before hz_engine_offer; `before` must live until this
 * returns. Called again it replaces what was found. -ENOMEM. */
int hz_ruleset_compare(struct hz_ruleset *next, const struct hz_ruleset *before) HZ_MUST_USE;
void hz_ruleset_free(struct hz_ruleset *ruleset);

struct hz_set *hz_ruleset_set(const struct hz_ruleset *ruleset);
size_t hz_ruleset_bytes(const struct hz_ruleset *ruleset);

/* Do both sets mean the same at this point: who watches it, limits, deadbands, delays, severities, mode,
 * staleness; texts apart? */
bool hz_ruleset_same(const struct hz_ruleset *a, const struct hz_ruleset *b, uint32_t point);

/* Is silence the same in both where it is a feed's default that says how long it may be? */
bool hz_ruleset_same_defaults(const struct hz_ruleset *a, const struct hz_ruleset *b);

/* The rules that watch a point, ascending: as many as there is room for. */
uint32_t hz_ruleset_rules(const struct hz_ruleset *ruleset, uint32_t point, uint32_t *to, uint32_t room);

/* What a rule means for a point, for explain and tests. */
struct hz_limit_view {
    double limit[HZ_LEVEL_END]; /* NaN = no such level */
    double deadband[HZ_LEVEL_END];
    int64_t on_delay_ns[HZ_LEVEL_END], off_delay_ns[HZ_LEVEL_END];
    enum hz_severity severity[HZ_LEVEL_END];
    bool invalid, stale;
    int64_t stale_after_ns; /* as it applies to this point, with 3 x interval and feed default resolved */
};
bool hz_ruleset_limits(const struct hz_ruleset *ruleset, uint32_t point, uint32_t rule,
                       struct hz_limit_view *ret_view);

#endif
