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
 */
#ifndef NAMES_PRIV_H
#define NAMES_PRIV_H

#include "hz_limits.h"
#include "hz_names.h"
#include "registry_priv.h"

#define NAMES_ID_BITS     23
#define NAMES_ID_MASK     ((1u << NAMES_ID_BITS) - 1)
#define NAMES_GROUP       4u  /* slots */
#define NAMES_LINE        16u /* slots: 64 bytes */
#define NAMES_SLOTS_FIRST 64u

_Static_assert(HZ_POINTS_MAX < (1u << NAMES_ID_BITS) && HZ_TEXTS_MAX < (1u << NAMES_ID_BITS),
               "an id fits a slot");

struct names_kind {
    uint32_t *places; /* by id: offset in the pool; reserved for all ids of the kind */
    uint32_t count;
    uint32_t *slots; /* in `table` */
    uint32_t slot_mask;
    struct registry_pages table;
};

struct hz_names {
    char *pool; /* keys, each with a NUL behind it; HZ_NAME_BYTES_MAX more can be read */
    uint64_t pool_used, pool_bytes;
    struct names_kind kinds[HZ_NAMED_END];
    struct registry_pages pending; /* of names.c */
};

/* As hz_names_find, with the hash of hz_names_hash. */
uint32_t registry__names_find(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash, const char *key,
                     size_t length);
/* Puts an id whose key is not in the table into the first free slot on the hash's way. */
void registry__names_put(uint32_t *slots, uint32_t slot_mask, uint64_t hash, uint32_t id);

#endif
