/* SPDX-License-Identifier: Apache-2.0
 *
 * The harness inside: rule_case.c (what comes in), case_world.c (files, sets), case_check.c (what
 * came out). Also what simulations need of it: the blocks as they were applied, and sets by digest.
 */
#ifndef CASE_PRIV_H
#define CASE_PRIV_H

#include "rule_case.h"

#define CASE_SETS_MAX   16
#define CASE_LINE_BYTES 160

/* Rows of the world's files. */
struct case_sites {
    const char *enterprises, *gateways;
};

/* Whether a set is compared with another one before it is offered. */
enum case_compared {
    CASE_NEVER,
    CASE_ALWAYS,   /* with the one that is in force when its record is applied */
    CASE_IN_FORCE, /* with the one that is in force when it is offered: another, where a block names two */
    CASE_AT_TIMES  /* every other one */
};

/* What the stream has said of one condition so far. */
struct case_cond {
    uint32_t point, rule, gateway, side, system, feed;
    uint64_t alarm;
    int64_t raise_ns;
    uint8_t state, level;
};

struct rule_case {
    struct hz_names *names;
    struct hz_set *sets[CASE_SETS_MAX];
    size_t set_count;
    const char *feed_settings;
    const struct hz_view_config *views;
    uint32_t view_count;
    const struct case_sites *sites; /* of the sets that are built from now on; NULL: the usual */
    enum case_compared compared;
    uint32_t offers;
    struct hz_engine *engine;

    int64_t gaps_ns; /* jt = wall - CASE_EPOCH_NS - gaps_ns */
    uint64_t next_seq;
    uint64_t term;

    struct hz_block **blocks; /* every block applied */
    size_t block_count, block_capacity;
    struct hz_transition *out;
    size_t out_count, out_capacity, out_seen;
    bool wall_stepped;
    bool unchecked; /* a simulation compares bytes, not lines */

    struct foreseen *foreseen; /* case_preview.c */
    struct case_cond *conds;
    size_t cond_count, cond_capacity;
    char text[64];
};

/* --- case_files.c --- */
void case_files(struct hz_files *files, const char *rules, const struct case_point *points,
                const struct rule_case *c);
void case_print(const struct hz_diagnostics *all);

/* --- case_world.c --- */
struct hz_set *case_build(struct rule_case *c, const char *rules, const struct case_point *points);
/* Compiles and hands in every set that the block names. */
void case_offer(struct rule_case *c, struct hz_engine *engine, const struct hz_block *block);
struct hz_ruleset *case_compile(struct hz_set *set);
void case_offer_set(const struct rule_case *c, struct hz_engine *engine, const struct hz_digest *set);

/* --- rule_case.c --- */
/* A world without a set, whose engine has seen nothing. */
struct rule_case *case_bare(const char *feed_settings);
struct hz_block *case_block(struct rule_case *c, double s, enum hz_block_kind kind, const char *feed);
void case_add(struct hz_block *block, const void *record);
void case_apply(struct rule_case *c, struct hz_block *block); /* takes it */
/* Saves the engine and goes on with a fresh one that was loaded from it. */
struct hz_engine *case_reload(const struct rule_case *c, struct hz_engine *engine);

/* --- case_preview.c --- */
void case_foresee(struct rule_case *c, struct hz_set *set);
bool case_foresaw(const struct rule_case *c, const char *point, enum hz_side side,
                  enum hz_preview_change change);
/* Transitions from this one on were said at the change. */
void case_hold_against(const struct rule_case *c, size_t from);

/* --- case_check.c --- */
void case_check(struct rule_case *c, const struct hz_block *block, const struct hz_transition *one);
void case_line(const struct rule_case *c, const struct hz_transition *one, char to[CASE_LINE_BYTES]);

#endif
