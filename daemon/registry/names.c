/* SPDX-License-Identifier: Apache-2.0
 *
 * Names: keys in one pool, a place per id, and per kind a table from key to id. What must stay true:
 * keys and places never move, so that another thread may use an id that it was handed; the tables are
 * the owner's alone and may be rebuilt.
 */
#include "names_priv.h"

#include "hz_arena.h"

#include <errno.h>
#include <stdlib.h>

#define POOL_BYTES (UINT64_C(2) << 30) /* address space; places are 32-bit offsets into it */

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

struct pending {
    uint8_t kind;
    uint32_t id;
};

static size_t pool_reserve(const struct hz_names *names)
{
    return names->pool_bytes + HZ_NAME_BYTES_MAX; /* which comparing with the last key may read */
}

static size_t places_bytes(enum hz_named_kind kind)
{
    return ((size_t)kind_max[kind] + 1) * sizeof(uint32_t);
}

static bool init_kind(struct names_kind *names, enum hz_named_kind kind)
{
    names->places = hz_reserve(places_bytes(kind));
    if (!names->places || !registry__pages_use(&names->table, NAMES_SLOTS_FIRST * sizeof(uint32_t)))
        return false;
    names->slots = (void *)names->table.at;
    names->slot_mask = NAMES_SLOTS_FIRST - 1;
    return true;
}

int registry__names_new(uint64_t pool_bytes, struct hz_names **ret_names)
{
    struct hz_names *names = calloc(1, sizeof(*names));
    bool made;

    if (!names)
        return -ENOMEM;
    names->pool_bytes = pool_bytes < POOL_BYTES ? pool_bytes : POOL_BYTES;
    names->pool = hz_reserve(pool_reserve(names));
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

int hz_names_new(struct hz_names **ret_names)
{
    return registry__names_new(POOL_BYTES, ret_names);
}

void hz_names_free(struct hz_names *names)
{
    if (!names)
        return;
    for (int kind = 1; kind < HZ_NAMED_END; kind++) {
        if (names->kinds[kind].places)
            hz_reserve_free(names->kinds[kind].places, places_bytes((enum hz_named_kind)kind));
        registry__pages_done(&names->kinds[kind].table);
    }
    if (names->pool)
        hz_reserve_free(names->pool, pool_reserve(names));
    registry__pages_done(&names->pending);
    free(names);
}

struct hz_slice hz_names_key(const struct hz_names *names, enum hz_named_kind kind, uint32_t id)
{
    if (id == 0 || id > kind_max[kind] || names->kinds[kind].places[id] == 0)
        return (struct hz_slice){NULL, 0};
    return hz_slice(names->pool + names->kinds[kind].places[id]);
}

int registry__names_expect(struct hz_names *names, enum hz_named_kind kind, uint32_t more)
{
    struct names_kind *of = &names->kinds[kind];
    uint64_t slot_count = (uint64_t)of->slot_mask + 1, count = (uint64_t)of->count + more;
    struct registry_pages table = {0};

    if (count * 4 <= slot_count * 3)
        return 0;
    while (count * 4 > slot_count * 3)
        slot_count *= 2;
    if (!registry__pages_use(&table, slot_count * sizeof(uint32_t)))
        return -ENOMEM;
    uint32_t *slots = (void *)table.at;
    for (uint32_t id = 1; id <= of->count; id++) {
        struct hz_slice key = hz_names_key(names, kind, id);
        registry__names_put(slots, (uint32_t)slot_count - 1,
                            hz_names_hash(kind, key.at, key.length), id);
    }
    registry__pages_done(&of->table);
    of->table = table;
    of->slots = slots;
    of->slot_mask = (uint32_t)slot_count - 1;
    return 0;
}

/* Gives the key, which is new, the next id. */
static int add(struct hz_names *names, enum hz_named_kind kind, uint64_t hash, const char *key,
               size_t length)
{
    struct names_kind *of = &names->kinds[kind];

    if (of->count == kind_max[kind] || names->pool_used + length + 1 > names->pool_bytes)
        return HZ_ELIMIT;
    int error = registry__names_expect(names, kind, 1);
    if (error < 0)
        return error;
    uint32_t id = ++of->count;
    memcpy(names->pool + names->pool_used, key, length);
    names->pool[names->pool_used + length] = '\0';
    of->places[id] = (uint32_t)names->pool_used;
    names->pool_used += length + 1;
    registry__names_put(of->slots, of->slot_mask, hash, id);
    return 0;
}

/* A key is text that can be stored and found again: not empty, no NUL, within the bound. */
static bool key_ok(const char *key, size_t length)
{
    return length > 0 && length <= HZ_NAME_BYTES_MAX && !memchr(key, '\0', length);
}

int registry__names_define_hashed(struct hz_names *names, enum hz_named_kind kind, uint64_t hash,
                                  const char *key, size_t length, uint32_t *ret_id)
{
    uint32_t id = registry__names_find(names, kind, hash, key, length);
    size_t pending = names->pending.used;

    if (id == 0) {
        if (!key_ok(key, length))
            return HZ_ELIMIT;
        if (!registry__pages_use(&names->pending, pending + sizeof(struct pending)))
            return -ENOMEM;
        int error = add(names, kind, hash, key, length);
        if (error < 0) {
            names->pending.used = pending;
            return error;
        }
        id = names->kinds[kind].count;
        *(struct pending *)(void *)(names->pending.at + pending) =
            (struct pending){(uint8_t)kind, id};
    }
    *ret_id = id;
    return 0;
}

int hz_names_define(struct hz_names *names, enum hz_named_kind kind, const char *key, size_t length,
                    uint32_t *ret_id)
{
    return registry__names_define_hashed(names, kind, hz_names_hash(kind, key, length), key, length,
                                         ret_id);
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
    return add(names, kind, hz_names_hash(kind, key, length), key, length);
}

uint32_t hz_names_count(const struct hz_names *names, enum hz_named_kind kind)
{
    return names->kinds[kind].count;
}

void hz_names_take_pending(struct hz_names *names,
                           bool (*each)(void *ctx, const struct hz_named *named), void *ctx)
{
    struct pending *pending = (void *)names->pending.at;
    size_t count = names->pending.used / sizeof(*pending), taken = 0;

    for (; taken < count; taken++) {
        struct pending next = pending[taken];
        enum hz_named_kind kind = (enum hz_named_kind)next.kind;
        struct hz_named named = {kind, next.id, hz_names_key(names, kind, next.id)};
        if (!each(ctx, &named))
            break;
    }
    if (taken < count) {
        memmove(pending, pending + taken, (count - taken) * sizeof(*pending));
        names->pending.used = (count - taken) * sizeof(*pending);
    } else {
        registry__pages_done(&names->pending); /* a first start has a million, later ones a few */
    }
}

size_t hz_names_bytes(const struct hz_names *names)
{
    size_t bytes = sizeof(*names) + names->pool_used + names->pending.size;

    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        bytes += ((size_t)names->kinds[kind].count + 1) * sizeof(uint32_t) +
                 names->kinds[kind].table.size;
    return bytes;
}

uint32_t registry__names_left(const struct hz_names *names, enum hz_named_kind kind)
{
    return kind_max[kind] - names->kinds[kind].count;
}
