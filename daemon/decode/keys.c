/* SPDX-License-Identifier: Apache-2.0
 *
 * Which keys an object has had, for all objects that are open. What must stay true: the cost is
 * bounded whatever the keys are. The first few keys of an object are compared with each other; from
 * the ninth on all of them stand in a table by hash, shared by all open objects. A key looks at
 * PROBES_MAX places at most: at half load a good hash needs 60 for the worst of 16 384 keys, only keys
 * made to collide need more.
 *
 * The table is linear probing and its entries leave in the order opposite to their coming, since an
 * inner object is closed before the outer one goes on: so leaving a place free breaks no chain.
 */
#include "json_priv.h"

#include "hz_hash.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS      (2 * DECODE_KEYS_MAX)
#define FEW        8u
#define PROBES_MAX 512u

_Static_assert(DECODE_KEYS_MAX <= UINT16_MAX, "an entry's number fits a slot");
_Static_assert((SLOTS & (SLOTS - 1)) == 0, "a hash is cut by a mask");

int decode__keys_init(struct decode_keys *keys)
{
    keys->entries = calloc(DECODE_KEYS_MAX, sizeof(*keys->entries));
    keys->slots = calloc(SLOTS, sizeof(*keys->slots));
    keys->count = 0;
    return keys->entries && keys->slots ? 0 : -ENOMEM;
}

void decode__keys_done(struct decode_keys *keys)
{
    free(keys->entries);
    free(keys->slots);
}

/* The same key in another open object has another hash, and by that another place. */
static uint64_t hash_of(struct hz_slice text, uint32_t base)
{
    return hz_hash(text.at, text.length) + base * UINT64_C(0x9E3779B97F4A7C15);
}

static uint32_t find_among_few(const struct decode_keys *keys, uint32_t base, struct hz_slice text)
{
    for (uint32_t i = base; i < keys->count; i++)
        if (hz_slice_same(keys->entries[i].text, text))
            return i;
    return DECODE_NO_KEY;
}

struct place {
    uint32_t twin; /* or DECODE_NO_KEY; then the slot is free */
    uint32_t slot;
    bool found; /* either */
};

static struct place find_hashed(const struct decode_keys *keys, struct hz_slice text, uint64_t hash)
{
    uint32_t slot = (uint32_t)hash & (SLOTS - 1);

    for (unsigned probe = 0; probe < PROBES_MAX; probe++, slot = (slot + 1) & (SLOTS - 1)) {
        if (keys->slots[slot] == 0)
            return (struct place){DECODE_NO_KEY, slot, true};
        uint32_t index = keys->slots[slot] - 1u;
        const struct decode_key *key = &keys->entries[index];
        if (key->hash == hash && hz_slice_same(key->text, text)) /* so it is of this object */
            return (struct place){index, slot, true};
    }
    return (struct place){DECODE_NO_KEY, 0, false};
}

/* A twin has no place of its own: the first of the two stands for both. */
static bool put(struct decode_keys *keys, uint32_t base, uint32_t index, uint32_t *ret_twin)
{
    struct decode_key *key = &keys->entries[index];

    key->hash = hash_of(key->text, base);
    struct place place = find_hashed(keys, key->text, key->hash);
    *ret_twin = place.twin;
    if (place.found && place.twin == DECODE_NO_KEY) {
        keys->slots[place.slot] = (uint16_t)(index + 1);
        key->slot = place.slot + 1;
    }
    return place.found;
}

bool decode__keys_add(struct decode_keys *keys, uint32_t base, struct hz_slice text,
                      uint32_t *ret_twin)
{
    uint32_t index = keys->count, ignored;

    if (index == DECODE_KEYS_MAX)
        return false;
    keys->entries[index] = (struct decode_key){.text = text};
    if (index - base < FEW) {
        *ret_twin = find_among_few(keys, base, text);
        keys->count++;
        return true;
    }
    keys->count++;
    for (uint32_t i = base; index - base == FEW && i < index; i++)
        if (!put(keys, base, i, &ignored))
            return false;
    return put(keys, base, index, ret_twin);
}

uint32_t decode__keys_find(const struct decode_keys *keys, uint32_t base, struct hz_slice text)
{
    if (keys->count - base <= FEW)
        return find_among_few(keys, base, text);
    return find_hashed(keys, text, hash_of(text, base)).twin;
}

void decode__keys_drop(struct decode_keys *keys, uint32_t base)
{
    while (keys->count > base) {
        uint32_t slot = keys->entries[--keys->count].slot;
        if (slot != 0)
            keys->slots[slot - 1] = 0;
    }
}
