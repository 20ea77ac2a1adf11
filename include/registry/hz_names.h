/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The table of defined names: id <-> key for points, rules, texts, feeds, gateways, hazard
 *         sources, enterprises, parks, views. An id is given once, journalled as a `define` record
 *         and kept for ever, also when its key leaves the registry.
 * WAY     `define` segments at start, registry loading -> ids for everybody; new ones -> journal
 * THREAD  ids of texts are given by one thread (ingest), those of all other kinds by another (who builds
 *         sets); the start does both. Any thread may look up keys and ids at any time: storage never moves.
 *         Only hz_names_reclaim wants nobody in a look-up
 * OWNS    copies of all keys
 * FULL    HZ_ELIMIT when a kind's ids are used up
 */
#ifndef HZ_NAMES_H
#define HZ_NAMES_H

#include "hz_error.h"
#include "hz_id.h"
#include "hz_limits.h"
#include "hz_text.h"

struct hz_names;

int hz_names_new(struct hz_names **ret_names) HZ_MUST_USE;
void hz_names_free(struct hz_names *names);

/* The id of a key, 0 if it has none. */
uint32_t hz_names_find(const struct hz_names *names, enum hz_named_kind kind, const char *key, size_t length);
/* For a caller with many keys: the hash, and the first place that a look-up by it reads is fetched. */
uint64_t hz_names_hash(enum hz_named_kind kind, const char *key, size_t length);
void hz_names_prefetch(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash);

/* Many look-ups, in steps. A look-up waits for memory three times, one place found by the other: the slot,
 * the place in the pool, the key. Here each step reads what the step before it has fetched, and fetches
 * what the next will read; the caller does some 200 ns of other work between two steps of a look-up.
 * hz_names_seek begins one and keeps the key, of at most HZ_KEY_BYTES_MAX bytes. Then come slots, places
 * and keys, in this order, each for `count` look-ups that lie side by side; after keys `id` is what
 * hz_names_find would give. A step may be repeated, and names may be defined between steps. */
struct hz_names_seek {
    uint64_t hash;
    uint32_t id, length;
    char key[HZ_KEY_BYTES_MAX];
};
void hz_names_seek(const struct hz_names *names, enum hz_named_kind kind, struct hz_slice key,
                   struct hz_names_seek *ret_seek);
void hz_names_seek_slots(const struct hz_names *names, enum hz_named_kind kind, struct hz_names_seek *seeks,
                         uint32_t count);
void hz_names_seek_places(const struct hz_names *names, enum hz_named_kind kind, struct hz_names_seek *seeks,
                          uint32_t count);
void hz_names_seek_keys(const struct hz_names *names, enum hz_named_kind kind, struct hz_names_seek *seeks,
                        uint32_t count);

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

/* What has an owner of its own. */
enum hz_names_part { HZ_NAMES_SETS = 0, HZ_NAMES_TEXTS = 1, HZ_NAMES_PARTS };

/* The pending definitions of a part in the order they were made: calls `each` until it returns false, and
 * forgets those it returned true for. */
struct hz_named {
    enum hz_named_kind kind;
    uint32_t id;
    struct hz_slice key;
};
void hz_names_take_pending(struct hz_names *names, enum hz_names_part part,
                           bool (*each)(void *ctx, const struct hz_named *named), void *ctx);
/* The same in two steps, for what may fail after the last one: how many it returned true for; then these,
 * the oldest, are forgotten. */
uint32_t hz_names_pending(const struct hz_names *names, enum hz_names_part part,
                          bool (*each)(void *ctx, const struct hz_named *named), void *ctx);
void hz_names_saved(struct hz_names *names, enum hz_names_part part, uint32_t count);

/* Frees tables that larger ones have replaced: called by the part's owner when no look-up of these kinds,
 * begun before the last definition, can still be under way. */
void hz_names_reclaim(struct hz_names *names, enum hz_names_part part);

/* Bytes held, for the memory bar. */
size_t hz_names_bytes(const struct hz_names *names);

#endif
