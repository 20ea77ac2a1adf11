/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The table of defined names: id <-> key for points, rules, texts, feeds, gateways, hazard
 *         sources, enterprises, parks, views. An id is given once, journalled as a `define` record
 *         and kept for ever, also when its key leaves the registry.
 * WAY     `define` segments at start, registry loading -> ids for everybody; new ones -> journal
 * THREAD  one owner at a time (the loader at start; then ingest for texts); lookups by id from other
 *         threads are safe for ids they were handed after they were defined: storage never moves
 * OWNS    copies of all keys
 * FULL    HZ_ELIMIT when a kind's ids are used up
 */
#ifndef HZ_NAMES_H
#define HZ_NAMES_H

#include "hz_error.h"
#include "hz_id.h"
#include "hz_text.h"

struct hz_names;

int hz_names_new(struct hz_names **ret_names) HZ_MUST_USE;
void hz_names_free(struct hz_names *names);

/* The id of a key, 0 if it has none. */
uint32_t hz_names_find(const struct hz_names *names, enum hz_named_kind kind, const char *key, size_t length);
/* For batches: starts fetching what hz_names_find will look at. Returns the hash to hand on. */
uint64_t hz_names_hash(enum hz_named_kind kind, const char *key, size_t length);
void hz_names_prefetch(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash);
/* The two next steps of the same, each some keys later: what the step before has fetched is looked at,
 * and what hz_names_find_hashed will look at next is fetched. */
void hz_names_prefetch_place(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash);
void hz_names_prefetch_key(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash);
uint32_t hz_names_find_hashed(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash,
                              const char *key, size_t length);

/* The key of an id; {NULL, 0} for an id not defined. Terminated by NUL. */
struct hz_slice hz_names_key(const struct hz_names *names, enum hz_named_kind kind, uint32_t id);

/* Gives a new id to a key that has none, or the one it has. New ids are pending until they are
 * journalled. HZ_ELIMIT, -ENOMEM. */
int hz_names_define(struct hz_names *names, enum hz_named_kind kind, const char *key, size_t length,
                    uint32_t *ret_id) HZ_MUST_USE;
/* Restores a journalled definition. HZ_ECORRUPT when id or key is taken otherwise. */
int hz_names_restore(struct hz_names *names, enum hz_named_kind kind, uint32_t id, const char *key,
                     size_t length) HZ_MUST_USE;

/* Ids of a kind given so far (ids are 1..count). */
uint32_t hz_names_count(const struct hz_names *names, enum hz_named_kind kind);

/* The pending definitions in the order they were made: calls `each` until it returns false, and
 * forgets those it returned true for. */
struct hz_named {
    enum hz_named_kind kind;
    uint32_t id;
    struct hz_slice key;
};
void hz_names_take_pending(struct hz_names *names, bool (*each)(void *ctx, const struct hz_named *named), void *ctx);

/* Bytes held, for the memory bar. */
size_t hz_names_bytes(const struct hz_names *names);

#endif
