/* SPDX-License-Identifier: Apache-2.0
 *
 * Names: keys in a pool for each part, a place per id, and per kind a table from key to id. What must
 * stay true: keys and places never move, so that another thread may use an id that it was handed or has
 * found; a table that others may be reading is not freed.
 */
#include "names_priv.h"

#include "hz_arena.h"

#include <errno.h>
#include <stdlib.h>

#define NAMES_NOBODY 1u                  /* the place of id 0 */
#define POOL_BYTES   (UINT64_C(2) << 30) /* address space; places are 32-bit offsets into it */

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

static struct names_part *part_of(struct hz_names *names, enum hz_named_kind kind)
{
    return &names->parts[kind == HZ_NAMED_TEXT ? HZ_NAMES_TEXTS : HZ_NAMES_SETS];
}

static size_t places_bytes(enum hz_named_kind kind)
{
    return ((size_t)kind_max[kind] + 1) * sizeof(uint32_t);
}

/* --- tables --- */

static void free_table(struct names_table *table)
{
    if (table)
        registry__pages_done(&table->pages);
    free(table);
}

static struct names_table *new_table(uint64_t slot_count)
{
    struct names_table *table = calloc(1, sizeof(*table));

    if (!table || !registry__pages_use(&table->pages, slot_count * sizeof(uint32_t))) {
        free_table(table);
        return NULL;
    }
    table->slots = (void *)table->pages.at;
    table->slot_mask = (uint32_t)slot_count - 1;
    return table;
}

static struct names_table *table_of(struct names_kind *of)
{
    return atomic_load_explicit(&of->table, memory_order_relaxed); /* the owner's own */
}

void hz_names_reclaim(struct hz_names *names, enum hz_names_part part)
{
    struct names_table *aside;

    while ((aside = names->parts[part].aside)) {
        names->parts[part].aside = aside->aside;
        free_table(aside);
    }
}

/* --- life --- */

static bool init_part(struct names_part *part, uint64_t pool_bytes)
{
    part->pool_bytes = pool_bytes < POOL_BYTES ? pool_bytes : POOL_BYTES;
    part->pool = hz_reserve(part->pool_bytes);
    part->pool_used = NAMES_NOBODY;
    return part->pool != NULL;
}

static bool init_kind(struct hz_names *names, enum hz_named_kind kind)
{
    struct names_kind *of = &names->kinds[kind];
    struct names_table *table = new_table(NAMES_SLOTS_FIRST);

    of->pool = part_of(names, kind)->pool;
    of->places = hz_reserve(places_bytes(kind));
    atomic_init(&of->table, table);
    if (of->places)
        of->places[0] = NAMES_NOBODY; /* there is a length before it, of no key */
    return of->places && table;
}

int registry__names_new(uint64_t pool_bytes, struct hz_names **ret_names)
{
    struct hz_names *names = calloc(1, sizeof(*names));
    bool made = names != NULL;

    if (!names)
        return -ENOMEM;
    for (int part = 0; part < HZ_NAMES_PARTS; part++)
        made = made && init_part(&names->parts[part], pool_bytes);
    for (int kind = 1; made && kind < HZ_NAMED_END; kind++)
        made = init_kind(names, (enum hz_named_kind)kind);
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
        free_table(table_of(&names->kinds[kind]));
    }
    for (int part = 0; part < HZ_NAMES_PARTS; part++) {
        hz_names_reclaim(names, (enum hz_names_part)part);
        if (names->parts[part].pool)
            hz_reserve_free(names->parts[part].pool, names->parts[part].pool_bytes);
        registry__pages_done(&names->parts[part].pending);
    }
    free(names);
}

struct hz_slice hz_names_key(const struct hz_names *names, enum hz_named_kind kind, uint32_t id)
{
    if (id == 0 || id > kind_max[kind] || names->kinds[kind].places[id] == 0)
        return (struct hz_slice){NULL, 0};
    return hz_slice(names->kinds[kind].pool + names->kinds[kind].places[id]);
}

/* --- giving ids --- */

int registry__names_expect(struct hz_names *names, enum hz_named_kind kind, uint32_t more)
{
    struct names_kind *of = &names->kinds[kind];
    struct names_part *part = part_of(names, kind);
    struct names_table *table, *before = table_of(of);
    uint64_t slot_count = (uint64_t)before->slot_mask + 1, count = (uint64_t)of->count + more;

    if (count * 4 <= slot_count * 3)
        return 0;
    while (count * 4 > slot_count * 3)
        slot_count *= 2;
    if (!(table = new_table(slot_count)))
        return -ENOMEM;
    for (uint32_t id = 1; id <= of->count; id++) {
        struct hz_slice key = hz_names_key(names, kind, id);
        registry__names_put(table, hz_names_hash(kind, key.at, key.length), id);
    }
    atomic_store_explicit(&of->table, table, memory_order_release);
    before->aside = part->aside;
    part->aside = before;
    return 0;
}

/* Gives the key, which is new, the next id. */
static int add(struct hz_names *names, enum hz_named_kind kind, uint64_t hash, const char *key,
               size_t length)
{
    struct names_kind *of = &names->kinds[kind];
    struct names_part *part = part_of(names, kind);

    if (of->count == kind_max[kind] || part->pool_used + length + 2 > part->pool_bytes)
        return HZ_ELIMIT;
    int error = registry__names_expect(names, kind, 1);
    if (error < 0)
        return error;
    uint32_t id = ++of->count;
    char *at = part->pool + part->pool_used + 1;
    at[-1] = (char)length;
    memcpy(at, key, length);
    at[length] = '\0';
    of->places[id] = (uint32_t)(at - part->pool);
    part->pool_used += length + 2;
    registry__names_put(table_of(of), hash, id); /* last: from here on others find it */
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
    struct registry_pages *waiting = &part_of(names, kind)->pending;
    size_t pending = waiting->used;

    if (id == 0) {
        if (!key_ok(key, length))
            return HZ_ELIMIT;
        if (!registry__pages_use(waiting, pending + sizeof(struct pending)))
            return -ENOMEM;
        int error = add(names, kind, hash, key, length);
        if (error < 0) {
            waiting->used = pending;
            return error;
        }
        id = names->kinds[kind].count;
        *(struct pending *)(void *)(waiting->at + pending) = (struct pending){(uint8_t)kind, id};
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

uint32_t hz_names_pending(const struct hz_names *names, enum hz_names_part part,
                          bool (*each)(void *ctx, const struct hz_named *named), void *ctx)
{
    const struct registry_pages *waiting = &names->parts[part].pending;
    const struct pending *pending = (const void *)waiting->at;
    uint32_t count = (uint32_t)(waiting->used / sizeof(*pending)), at = 0;

    for (; at < count; at++) {
        enum hz_named_kind kind = (enum hz_named_kind)pending[at].kind;
        struct hz_named named = {kind, pending[at].id, hz_names_key(names, kind, pending[at].id)};
        if (!each(ctx, &named))
            break;
    }
    return at;
}

void hz_names_saved(struct hz_names *names, enum hz_names_part part, uint32_t count)
{
    struct registry_pages *waiting = &names->parts[part].pending;
    size_t bytes = count * sizeof(struct pending);

    hz_assert(bytes <= waiting->used);
    if (bytes < waiting->used) {
        memmove(waiting->at, waiting->at + bytes, waiting->used - bytes);
        waiting->used -= bytes;
    } else {
        registry__pages_done(waiting); /* a first start has a million, later ones a few */
    }
}

void hz_names_take_pending(struct hz_names *names, enum hz_names_part part,
                           bool (*each)(void *ctx, const struct hz_named *named), void *ctx)
{
    hz_names_saved(names, part, hz_names_pending(names, part, each, ctx));
}

size_t hz_names_bytes(const struct hz_names *names)
{
    size_t bytes = sizeof(*names);

    for (int part = 0; part < HZ_NAMES_PARTS; part++) {
        bytes += names->parts[part].pool_used + names->parts[part].pending.size;
        for (struct names_table *table = names->parts[part].aside; table; table = table->aside)
            bytes += table->pages.size;
    }
    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        bytes += ((size_t)names->kinds[kind].count + 1) * sizeof(uint32_t) +
                 registry__names_table(&names->kinds[kind])->pages.size;
    return bytes;
}

uint32_t registry__names_left(const struct hz_names *names, enum hz_named_kind kind)
{
    return kind_max[kind] - names->kinds[kind].count;
}
