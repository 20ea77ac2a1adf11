/* SPDX-License-Identifier: Apache-2.0
 *
 * From a key to its id. What must stay true: what a look-up in steps has seen may be old when it ends,
 * so its last step believes nothing but the key, and in doubt looks all over again.
 *
 * A look-up reads three places that wait for memory, each found by the one before: the slot, the place in
 * the pool, the key. Nothing on this way branches by what cannot be foreseen.
 */
#include "names_priv.h"

#include "hz_hash.h"

uint64_t hz_names_hash(enum hz_named_kind kind, const char *key, size_t length)
{
    (void)kind; /* each kind has a table of its own */
    return hz_hash(key, length);
}

/* --- slots --- */

static inline uint32_t fingerprint(uint64_t hash)
{
    return (uint32_t)(hash >> 32) & ~NAMES_ID_MASK;
}

/* The index of the n-th group on the hash's way. */
static inline uint32_t group_at(uint32_t slot_mask, uint64_t hash, uint32_t n)
{
    uint32_t first = (uint32_t)hash & ~(NAMES_GROUP - 1);
    uint32_t lines = n / (NAMES_LINE / NAMES_GROUP), groups = n % (NAMES_LINE / NAMES_GROUP);

    return ((first ^ groups * NAMES_GROUP) + lines * NAMES_LINE) & slot_mask;
}

/* Slots are filled while others read them. */
static inline uint32_t slot(const uint32_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

void registry__names_put(struct names_table *table, uint64_t hash, uint32_t id)
{
    for (uint32_t n = 0;; n++) {
        uint32_t *group = &table->slots[group_at(table->slot_mask, hash, n)];

        for (uint32_t i = 0; i < NAMES_GROUP; i++)
            if (group[i] == 0) {
                __atomic_store_n(&group[i], fingerprint(hash) | id, __ATOMIC_RELEASE);
                return;
            }
    }
}

static inline uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The id in a group under this fingerprint; above NAMES_ID_MASK: there is none. Where in the group it is
 * cannot be foreseen. 0 comes of a free slot. */
static inline uint32_t id_in(const uint32_t *group, uint32_t wanted)
{
    return less(less(slot(&group[0]) ^ wanted, slot(&group[1]) ^ wanted),
                less(slot(&group[2]) ^ wanted, slot(&group[3]) ^ wanted));
}

/* Apart, as few keys lie outside their first group. */
static __attribute__((noinline)) uint32_t guess_on(const struct names_table *of, uint64_t hash)
{
    for (uint32_t n = 0;; n++) {
        const uint32_t *group = &of->slots[group_at(of->slot_mask, hash, n)];
        uint32_t id = id_in(group, fingerprint(hash));

        if (id <= NAMES_ID_MASK)
            return id;
        if (slot(&group[NAMES_GROUP - 1]) == 0) /* the way ends here */
            return 0;
    }
}

/* An id that can be meant, nearly always the right one if there is one; 0: none seen. */
static inline uint32_t guess(const struct names_table *of, uint64_t hash)
{
    uint32_t id = id_in(&of->slots[group_at(of->slot_mask, hash, 0)], fingerprint(hash));

    return id <= NAMES_ID_MASK ? id : guess_on(of, hash);
}

/* --- keys --- */

/* Keys of 8 to 32 bytes, and that are most, in words that overlap: they beat a call. */
static inline bool key_is(const char *at, const char *key, size_t length)
{
    if (length - 8 <= 8)
        return memcmp(at, key, 8) == 0 && memcmp(at + length - 8, key + length - 8, 8) == 0;
    if (length - 16 <= 16)
        return memcmp(at, key, 16) == 0 && memcmp(at + length - 16, key + length - 16, 16) == 0;
    return length <= HZ_NAME_BYTES_MAX && memcmp(at, key, length) == 0;
}

static inline bool is(const struct hz_names *names, enum hz_named_kind kind, uint32_t id,
                      const char *key, size_t length)
{
    const char *at = names->kinds[kind].pool + names->kinds[kind].places[id];

    return (uint8_t)at[-1] == (uint8_t)length && key_is(at, key, length);
}

uint32_t registry__names_find(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash,
                              const char *key, size_t length)
{
    const struct names_table *of = registry__names_table(&names->kinds[kind]);

    for (uint32_t n = 0;; n++) {
        const uint32_t *group = &of->slots[group_at(of->slot_mask, hash, n)];

        for (uint32_t i = 0; i < NAMES_GROUP; i++) {
            uint32_t taken = slot(&group[i]), id = taken ^ fingerprint(hash);

            if (taken == 0)
                return 0;
            if (id <= NAMES_ID_MASK && is(names, kind, id, key, length))
                return id;
        }
    }
}

uint32_t hz_names_find(const struct hz_names *names, enum hz_named_kind kind, const char *key,
                       size_t length)
{
    return registry__names_find(names, kind, hz_names_hash(kind, key, length), key, length);
}

/* --- many look-ups, in steps --- */

void hz_names_prefetch(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash)
{
    const struct names_table *of = registry__names_table(&names->kinds[kind]);

    __builtin_prefetch(&of->slots[group_at(of->slot_mask, hash, 0)]);
}

static inline void copy_key(char *to, const char *key, size_t length)
{
    if (length - 8 <= 8) {
        memcpy(to, key, 8);
        memcpy(to + length - 8, key + length - 8, 8);
    } else if (length - 16 <= 16) {
        memcpy(to, key, 16);
        memcpy(to + length - 16, key + length - 16, 16);
    } else {
        memcpy(to, key, length);
    }
}

void hz_names_seek(const struct hz_names *names, enum hz_named_kind kind, struct hz_slice key,
                   struct hz_names_seek *ret_seek)
{
    hz_assert(key.length <= HZ_KEY_BYTES_MAX);
    copy_key(ret_seek->key, key.at, key.length);
    ret_seek->length = (uint32_t)key.length;
    ret_seek->hash = hz_names_hash(kind, key.at, key.length);
    hz_names_prefetch(names, kind, ret_seek->hash);
}

void hz_names_seek_slots(const struct hz_names *names, enum hz_named_kind kind,
                         struct hz_names_seek *seeks, uint32_t count)
{
    const struct names_table *of = registry__names_table(&names->kinds[kind]);
    const uint32_t *places = names->kinds[kind].places;

    for (struct hz_names_seek *seek = seeks; seek < seeks + count; seek++) {
        seek->id = guess(of, seek->hash);
        __builtin_prefetch(&places[seek->id]);
    }
}

void hz_names_seek_places(const struct hz_names *names, enum hz_named_kind kind,
                          struct hz_names_seek *seeks, uint32_t count)
{
    const uint32_t *places = names->kinds[kind].places;
    const char *pool = names->kinds[kind].pool;

    for (struct hz_names_seek *seek = seeks; seek < seeks + count; seek++) {
        const char *at = pool + places[seek->id];

        __builtin_prefetch(at);
        __builtin_prefetch(at + seek->length); /* one key in five is in two lines of memory */
    }
}

void hz_names_seek_keys(const struct hz_names *names, enum hz_named_kind kind,
                        struct hz_names_seek *seeks, uint32_t count)
{
    for (struct hz_names_seek *seek = seeks; seek < seeks + count; seek++)
        if (!is(names, kind, seek->id, seek->key, seek->length))
            seek->id = registry__names_find(names, kind, seek->hash, seek->key, seek->length);
}
