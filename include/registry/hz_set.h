/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A set: configuration and registry that are in force together, under one digest. Immutable,
 *         shared by reference.
 * WAY     builder -> all threads
 * THREAD  any; the last unref frees
 * OWNS    config and registry
 * FULL    -
 */
#ifndef HZ_SET_H
#define HZ_SET_H

#include "hz_config.h"
#include "hz_registry.h"
#include "hz_views.h"

#include <stdatomic.h>

struct hz_set {
    _Atomic uint32_t refs;
    struct hz_digest digest;
    struct hz_config *config;
    struct hz_registry *registry;
    struct hz_views *views;
    /* config->rules[i] has the id rule_ids[i]; rule_of[id] is i + 1, 0 = not in this set. */
    uint32_t *rule_ids;
    uint32_t *rule_of;
    uint32_t rule_of_end;
    uint32_t *feed_ids; /* of config->feeds */
};

/* Parses everything in `files` (config, then registry) and gives ids to rules, feeds and views. */
int hz_set_build(const struct hz_files *files, struct hz_names *names, struct hz_diagnostics *diagnostics,
                 struct hz_set **ret_set) HZ_MUST_USE;
struct hz_set *hz_set_ref(struct hz_set *set);
void hz_set_unref(struct hz_set *set); /* takes NULL */

/* NULL when the set has no rule with this id. */
const struct hz_rule_config *hz_set_rule(const struct hz_set *set, uint32_t rule);

#endif
