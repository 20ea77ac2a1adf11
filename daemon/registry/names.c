/* SPDX-License-Identifier: Apache-2.0
 *
 * Names: keys in one pool, a place per id, and per kind a table from key to id. What must stay true:
 * keys and places never move, so that another thread may use an id that it was handed; the tables are
 * the owner's alone and may be rebuilt.
 *
 * A table slot is 32 bits: the id, and above it bits of the hash that spare most looks at a wrong key:
 *
 *     | fingerprint, 9 bits | id, 23 bits |      0 = free
 *
 * At most three quarters of the slots are taken: 5.3 to 10.7 bytes a name.
 */
#include "hz_names.h"

#include "hz_arena.h"
#include "hz_hash.h"
#include "hz_limits.h"
#include "registry_priv.h"

#include <errno.h>
#include <stdlib.h>

#define POOL_BYTES  (UINT64_C(2) << 30) /* address space; places are 32-bit offsets into it */
#define ID_BITS     23
#define ID_MASK     ((1u << ID_BITS) - 1)
#define SLOTS_FIRST 64u

_Static_assert(HZ_POINTS_MAX < (1u << ID_BITS) && HZ_TEXTS_MAX < (1u << ID_BITS),
               "an id fits a slot");

static const uint32_t kind_max[HZ_NAMED_END] = {
    [HZ_NAMED_POINT] = HZ_POINTS_MAX,
    [HZ_NAMED_RULE] = HZ_RULES_MAX,
    [HZ_NAMED_TEXT] = HZ_TEXTS_MAX,
    [HZ_NAMED_FEED] = HZ_FEEDS_MAX,
    [HZ_NAMED_GATEWAY] = HZ_GATEWAYS_MAX,
    [HZ_NAMED_HAZARD] = HZ_HAZARDS_MAX,
    [HZ_NAMED_ENTERPRISE] = HZ_ENTERPRISES_MAX,
    [HZ_NAMED_PARK] = HZ_ENTERPRISES_MAX,
    [HZ_NAMED_VIEW] = HZ_VIEWS_MAX,
};

struct kind_names {
    uint32_t *places; /* by id: offset in the pool; reserved for all ids of the kind */
    uint32_t count;
    uint32_t *slots;
    uint32_t slot_mask;
};

struct pending {
    uint8_t kind;
    uint32_t id;
};

struct hz_names {
    char *pool;
    uint64_t pool_used;
    struct kind_names kinds[HZ_NAMED_END];
    struct pending *pending;
    size_t pending_count, pending_capacity;
};

static size_t places_bytes(enum hz_named_kind kind)
{
    return ((size_t)kind_max[kind] + 1) * sizeof(uint32_t);
}

static bool init_kind(struct kind_names *names, enum hz_named_kind kind)
{
    names->places = hz_reserve(places_bytes(kind));
    names->slots = calloc(SLOTS_FIRST, sizeof(*names->slots));
    names->slot_mask = SLOTS_FIRST - 1;
    return names->places && names->slots;
}

int hz_names_new(struct hz_names **ret_names)
{
    struct hz_names *names = calloc(1, sizeof(*names));
    bool made;

    if (!names)
        return -ENOMEM;
    names->pool = hz_reserve(POOL_BYTES);
    names->pool_used = 1; /* offset 0 is nobody's */
    made = names->pool != NULL;
    for (int kind = 1; made && kind < HZ_NAMED_END; kind++)
        made = init_kind(&names->kinds[kind], (enum hz_named_kind)kind);
    if (!made) {
        hz_names_free(names);
        return -ENOMEM;
    }
    *ret_names = names;
    return 0;
}

void hz_names_free(struct hz_names *names)
{
    if (!names)
        return;
    for (int kind = 1; kind < HZ_NAMED_END; kind++) {
        if (names->kinds[kind].places)
            hz_reserve_free(names->kinds[kind].places, places_bytes((enum hz_named_kind)kind));
        free(names->kinds[kind].slots);
    }
    if (names->pool)
        hz_reserve_free(names->pool, POOL_BYTES);
    free(names->pending);
    free(names);
}

uint64_t hz_names_hash(enum hz_named_kind kind, const char *key, size_t length)
{
    (void)kind; /* each kind has a table of its own */
    return hz_hash(key, length);
}

static uint32_t fingerprint(uint64_t hash)
{
    return (uint32_t)(hash >> 32) & ~ID_MASK;
}

void hz_names_prefetch(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash)
{
    const struct kind_names *of = &names->kinds[kind];

    __builtin_prefetch(&of->slots[(uint32_t)hash & of->slot_mask]);
}

static bool key_is(const struct hz_names *names, uint32_t place, const char *key, size_t length)
{
    const char *at = names->pool + place;

    return memcmp(at, key, length) == 0 && at[length] == '\0';
}

uint32_t hz_names_find_hashed(const struct hz_names *names, enum hz_named_kind kind, uint64_t hash,
                              const char *key, size_t length)
{
    const struct kind_names *of = &names->kinds[kind];
    uint32_t wanted = fingerprint(hash);

    if (length > HZ_NAME_BYTES_MAX)
        return 0;
    for (uint32_t at = (uint32_t)hash & of->slot_mask;; at = (at + 1) & of->slot_mask) {
        uint32_t slot = of->slots[at];
        if (slot == 0)
            return 0;
        if ((slot & ~ID_MASK) == wanted && key_is(names, of->places[slot & ID_MASK], key, length))
            return slot & ID_MASK;
    }
}

uint32_t hz_names_find(const struct hz_names *names, enum hz_named_kind kind, const char *key,
                       size_t length)
{
    return hz_names_find_hashed(names, kind, hz_names_hash(kind, key, length), key, length);
}

struct hz_slice hz_names_key(const struct hz_names *names, enum hz_named_kind kind, uint32_t id)
{
    if (id == 0 || id > kind_max[kind] || names->kinds[kind].places[id] == 0)
        return (struct hz_slice){NULL, 0};
    return hz_slice(names->pool + names->kinds[kind].places[id]);
}

static void put_slot(uint32_t *slots, uint32_t mask, uint64_t hash, uint32_t id)
{
    uint32_t at = (uint32_t)hash & mask;

    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = fingerprint(hash) | id;
}

/* Room for one more name: at three quarters the table doubles. */
static int grow_table(struct hz_names *names, enum hz_named_kind kind)
{
    struct kind_names *of = &names->kinds[kind];
    uint32_t slot_count = of->slot_mask + 1;

    if ((uint64_t)(of->count + 1) * 4 <= (uint64_t)slot_count * 3)
        return 0;
    uint32_t *slots = calloc((size_t)slot_count * 2, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    for (uint32_t id = 1; id <= of->count; id++) {
        struct hz_slice key = hz_names_key(names, kind, id);
        put_slot(slots, slot_count * 2 - 1, hz_names_hash(kind, key.at, key.length), id);
    }
    free(of->slots);
    of->slots = slots;
    of->slot_mask = slot_count * 2 - 1;
    return 0;
}

/* Gives the key, which is new, the next id. */
static int add(struct hz_names *names, enum hz_named_kind kind, const char *key, size_t length)
{
    struct kind_names *of = &names->kinds[kind];

    if (of->count == kind_max[kind] || names->pool_used + length + 1 > POOL_BYTES)
        return HZ_ELIMIT;
    int error = grow_table(names, kind);
    if (error < 0)
        return error;
    uint32_t id = ++of->count;
    memcpy(names->pool + names->pool_used, key, length);
    names->pool[names->pool_used + length] = '\0';
    of->places[id] = (uint32_t)names->pool_used;
    names->pool_used += length + 1;
    put_slot(of->slots, of->slot_mask, hz_names_hash(kind, key, length), id);
    return 0;
}

static int reserve_pending(struct hz_names *names)
{
    if (names->pending_count < names->pending_capacity)
        return 0;
    size_t capacity = names->pending_capacity ? names->pending_capacity * 2 : 64;
    void *grown = realloc(names->pending, capacity * sizeof(*names->pending));
    if (!grown)
        return -ENOMEM;
    names->pending = grown;
    names->pending_capacity = capacity;
    return 0;
}

/* A key is text that can be stored and found again: not empty, no NUL, within the bound. */
static bool key_ok(const char *key, size_t length)
{
    return length > 0 && length <= HZ_NAME_BYTES_MAX && !memchr(key, '\0', length);
}

int hz_names_define(struct hz_names *names, enum hz_named_kind kind, const char *key, size_t length,
                    uint32_t *ret_id)
{
    uint32_t id = hz_names_find(names, kind, key, length);

    if (id == 0) {
        if (!key_ok(key, length))
            return HZ_ELIMIT;
        int error = reserve_pending(names);
        if (error == 0)
            error = add(names, kind, key, length);
        if (error < 0)
            return error;
        id = names->kinds[kind].count;
        names->pending[names->pending_count++] = (struct pending){(uint8_t)kind, id};
    }
    *ret_id = id;
    return 0;
}

int hz_names_restore(struct hz_names *names, enum hz_named_kind kind, uint32_t id, const char *key,
                     size_t length)
{
    if (kind <= 0 || kind >= HZ_NAMED_END || !key_ok(key, length))
        return HZ_ECORRUPT;
    uint32_t known = hz_names_find(names, kind, key, length);
    if (known != 0)
        return known == id
                   ? 0
                   : HZ_ECORRUPT; /* the same definition may be written again after a failed sync */
    if (id != names->kinds[kind].count + 1)
        return HZ_ECORRUPT;
    return add(names, kind, key, length);
}

uint32_t hz_names_count(const struct hz_names *names, enum hz_named_kind kind)
{
    return names->kinds[kind].count;
}

void hz_names_take_pending(struct hz_names *names,
                           bool (*each)(void *ctx, const struct hz_named *named), void *ctx)
{
    size_t taken = 0;

    for (; taken < names->pending_count; taken++) {
        struct pending next = names->pending[taken];
        enum hz_named_kind kind = (enum hz_named_kind)next.kind;
        struct hz_named named = {kind, next.id, hz_names_key(names, kind, next.id)};
        if (!each(ctx, &named))
            break;
    }
    names->pending_count -= taken;
    if (names->pending_count > 0) {
        memmove(names->pending, names->pending + taken,
                names->pending_count * sizeof(*names->pending));
        return;
    }
    free(names->pending); /* a first start has a million of them, later ones a few */
    names->pending = NULL;
    names->pending_capacity = 0;
}

size_t hz_names_bytes(const struct hz_names *names)
{
    size_t bytes =
        sizeof(*names) + names->pool_used + names->pending_capacity * sizeof(*names->pending);

    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        bytes += ((size_t)names->kinds[kind].count + names->kinds[kind].slot_mask + 2) *
                 sizeof(uint32_t);
    return bytes;
}

uint32_t registry__names_left(const struct hz_names *names, enum hz_named_kind kind)
{
    return kind_max[kind] - names->kinds[kind].count;
}
