/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of hz_names, between names.c, which gives ids, and names_find.c, which finds them again.
 *
 * A table slot is 32 bits: the id, and above it bits of the hash that spare most looks at a wrong key:
 *
 *     | fingerprint, 9 bits | id, 23 bits |      0 = free
 *
 * Slots are in groups of four, groups in lines of four, as memory has them. A key's way begins at the
 * group that its hash names, goes through the other groups of that line, then on through the next line;
 * it lies in the first slot that was free. At most three quarters of the slots are taken: 5.3 to 10.7
 * bytes a name.
 *
 * One thread gives ids while others look up. So a slot is filled last, with release, when key and place
 * stand; a table that is too small stays as it is and is put aside (hz_names_reclaim) when a larger one
 * has taken its place. A key is compared only where the length before it is right: what lies behind a
 * shorter one may be written at that moment.
 */
#ifndef NAMES_PRIV_H
#define NAMES_PRIV_H

#include "hz_limits.h"
#include "hz_names.h"
#include "registry_priv.h"

#include <stdatomic.h>

#define NAMES_ID_BITS     23
#define NAMES_ID_MASK     ((1u << NAMES_ID_BITS) - 1)
#define NAMES_GROUP       4u  /* slots */
#define NAMES_LINE        16u /* slots: 64 bytes */
#define NAMES_SLOTS_FIRST 64u

_Static_assert(HZ_POINTS_MAX < (1u << NAMES_ID_BITS) && HZ_TEXTS_MAX < (1u << NAMES_ID_BITS),
               "an id fits a slot");

struct names_table {
    uint32_t *slots; /* in `pages` */
    uint32_t slot_mask;
    struct registry_pages pages;
    struct names_table *aside; /* the next of those put aside */
};

struct names_kind {
    uint32_t *places; /* by id: offset in the pool of its part; reserved for all ids of the kind */
    const char *pool; /* of its part */
    uint32_t count;
    _Atomic(struct names_table *) table;
};

/* What one owner fills. */
struct names_part {
    char *pool; /* keys, each with the last byte of its length before it and a NUL behind it */
    uint64_t pool_used, pool_bytes;
    struct registry_pages pending; /* of names.c */
    struct names_table *aside;
};

struct hz_names {
    struct names_part parts[HZ_NAMES_PARTS];
    struct names_kind kinds[HZ_NAMED_END];
};

static inline const struct names_table *registry__names_table(const struct names_kind *of)
{
    return atomic_load_explicit(&of->table, memory_order_acquire);
}

/* As hz_names_find, with the hash of hz_names_hash. */
uint32_t registry__names_find(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash, const char *key,
                     size_t length);
/* Puts an id whose key is not in the table into the first free slot on the hash's way. */
void registry__names_put(struct names_table *table, uint64_t hash, uint32_t id);

#endif
