/* SPDX-License-Identifier: Apache-2.0
 *
 * A draft without faults becomes a registry: its keys get ids that are for ever, rows and what they refer
 * to are renumbered by them. Keys known from before keep their ids, so that the rows of a warm start
 * lie where they lay.
 */
#include "registry_priv.h"

#include <errno.h>
#include <stdlib.h>

struct numbering {
    struct registry_pages ids[HZ_NAMED_END]; /* uint32_t by provisional id; 0 stays 0 */
    uint32_t end[HZ_NAMED_END];              /* highest id + 1 */
};

static const enum hz_named_kind kinds[] = {HZ_NAMED_PARK, HZ_NAMED_ENTERPRISE, HZ_NAMED_HAZARD,
                                           HZ_NAMED_GATEWAY, HZ_NAMED_POINT};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define AHEAD 16u /* a miss takes about as long as that many definitions that hit */

/* --- is there room? --- */

bool registry__room(const struct hz_names *names, enum hz_named_kind kind, uint32_t more,
                    struct hz_diagnostics *diagnostics)
{
    static const char *const files[HZ_NAMED_END] = {
        [HZ_NAMED_POINT] = "points.csv",
        [HZ_NAMED_GATEWAY] = "gateways.csv",
        [HZ_NAMED_HAZARD] = "hazards.csv",
        [HZ_NAMED_PARK] = "parks.csv",
        [HZ_NAMED_ENTERPRISE] = "enterprises.csv",
        [HZ_NAMED_FEED] = "hazardd.yaml",
        [HZ_NAMED_RULE] = "rules.d",
    };
    uint32_t left = registry__names_left(names, kind);

    if (more > left)
        hz_diagnose(diagnostics, files[kind], 0, 0, "ids are never used again; start a new journal",
                    "%u new ids of the kind %s are needed, %u are left", more,
                    hz_named_kind_word(kind), left);
    return more <= left;
}

static uint32_t new_keys(const struct registry_draft *draft, const struct hz_names *names,
                         enum hz_named_kind kind)
{
    uint32_t count = hz_names_count(draft->names, kind), more = 0;

    for (uint32_t id = 1; id <= count; id++) {
        struct hz_slice key = hz_names_key(draft->names, kind, id);

        more += hz_names_find(names, kind, key.at, key.length) == 0;
    }
    return more;
}

static uint32_t new_feeds(const struct hz_config *config, const struct hz_names *names)
{
    uint32_t more = 0;

    for (uint32_t i = 0; i < config->feed_count; i++) {
        struct hz_slice name = hz_slice(config->feeds[i].name);

        more += hz_names_find(names, HZ_NAMED_FEED, name.at, name.length) == 0;
    }
    return more;
}

bool registry__ids_suffice(const struct registry_draft *draft, const struct hz_names *names)
{
    bool good =
        registry__room(names, HZ_NAMED_FEED, new_feeds(draft->config, names), draft->diagnostics);

    for (size_t i = 0; i < KINDS; i++) {
        uint32_t count = hz_names_count(draft->names, kinds[i]);

        /* The exact number is asked for only where it may matter. */
        if (count > registry__names_left(names, kinds[i]))
            good &= registry__room(names, kinds[i], new_keys(draft, names, kinds[i]),
                                   draft->diagnostics);
    }
    return good;
}

/* --- ids --- */

static uint32_t *ids_of(const struct numbering *numbering, enum hz_named_kind kind)
{
    return (void *)numbering->ids[kind].at;
}

static int put_id(struct numbering *numbering, struct hz_names *names, enum hz_named_kind kind,
                  uint64_t hash, uint32_t provisional, struct hz_slice key)
{
    uint32_t *id = &ids_of(numbering, kind)[provisional];
    int code = registry__names_define_hashed(names, kind, hash, key.at, key.length, id);

    if (code == 0 && *id >= numbering->end[kind])
        numbering->end[kind] = *id + 1;
    return code;
}

/* Hashes go ahead by AHEAD keys, so that the slots of a large table are there when they are looked at. */
static int put_ids(struct numbering *numbering, const struct registry_draft *draft,
                   struct hz_names *names, enum hz_named_kind kind)
{
    uint32_t count = hz_names_count(draft->names, kind);
    uint64_t hashes[AHEAD] = {0};
    int code = 0;

    for (uint32_t id = 1; id <= count + AHEAD && code == 0; id++) {
        uint64_t hash = hashes[id % AHEAD];

        if (id <= count) {
            struct hz_slice key = hz_names_key(draft->names, kind, id);

            hashes[id % AHEAD] = hz_names_hash(kind, key.at, key.length);
            hz_names_prefetch(names, kind, hashes[id % AHEAD]);
        }
        if (id > AHEAD)
            code = put_id(numbering, names, kind, hash, id - AHEAD,
                          hz_names_key(draft->names, kind, id - AHEAD));
    }
    return code;
}

static int number_kind(struct numbering *numbering, const struct registry_draft *draft,
                       struct hz_names *names, enum hz_named_kind kind)
{
    uint32_t count = hz_names_count(draft->names, kind);

    if (!registry__pages_use(&numbering->ids[kind], ((size_t)count + 1) * sizeof(uint32_t)))
        return -ENOMEM;
    if (hz_names_count(names, kind) == 0) { /* the first start: all are new */
        int code = registry__names_expect(names, kind, count);

        if (code < 0)
            return code;
    }
    return put_ids(numbering, draft, names, kind);
}

static int number_feeds(struct numbering *numbering, const struct hz_config *config,
                        struct hz_names *names)
{
    size_t bytes = ((size_t)config->feed_count + 1) * sizeof(uint32_t);

    if (!registry__pages_use(&numbering->ids[HZ_NAMED_FEED], bytes))
        return -ENOMEM;
    for (uint32_t i = 0; i < config->feed_count; i++) {
        struct hz_slice name = hz_slice(config->feeds[i].name);
        uint64_t hash = hz_names_hash(HZ_NAMED_FEED, name.at, name.length);
        int code = put_id(numbering, names, HZ_NAMED_FEED, hash, i + 1, name);

        if (code < 0)
            return code;
    }
    return 0;
}

/* --- rows --- */

/* Moves rows of a kind from provisional places to those of their ids. */
static bool move(struct registry_pages *rows, const struct numbering *numbering,
                 enum hz_named_kind kind, size_t bytes)
{
    const uint32_t *ids = ids_of(numbering, kind);
    size_t count = numbering->ids[kind].used / sizeof(uint32_t);
    struct registry_pages moved = {0};

    if (count <= 1)
        return true;
    if (!registry__pages_use(&moved, numbering->end[kind] * bytes))
        return false;
    for (uint32_t id = 1; id < count; id++)
        memcpy(moved.at + ids[id] * bytes, rows->at + id * bytes, bytes);
    registry__pages_fit(&moved);
    registry__pages_done(rows);
    *rows = moved;
    return true;
}

static bool move_all(struct hz_registry *registry, struct registry_draft *draft,
                     const struct numbering *numbering)
{
    bool moved = true;

    for (size_t i = 0; i < KINDS; i++)
        moved = moved &&
                move(&registry->rows[kinds[i]], numbering, kinds[i], registry__row_bytes[kinds[i]]);
    moved = moved &&
            move(&registry->limits, numbering, HZ_NAMED_POINT, sizeof(struct hz_point_limits)) &&
            move(&draft->places[HZ_NAMED_POINT], numbering, HZ_NAMED_POINT,
                 sizeof(struct registry_place));
    registry->places = draft->places[HZ_NAMED_POINT];
    draft->places[HZ_NAMED_POINT] = (struct registry_pages){0};
    return moved;
}

/* Rows that are not there refer to 0, which stays 0. */
#define FOR_ROWS(registry, of, type, row)                                                          \
    for (type *row = (void *)(registry)->rows[of].at, *end_ = row_end(&(registry)->rows[of]);      \
         row < end_; row++)

static void *row_end(const struct registry_pages *rows)
{
    return rows->at ? rows->at + rows->used : NULL;
}

static void renumber(struct hz_registry *registry, const struct numbering *numbering)
{
    const uint32_t *parks = ids_of(numbering, HZ_NAMED_PARK),
                   *enterprises = ids_of(numbering, HZ_NAMED_ENTERPRISE),
                   *hazards = ids_of(numbering, HZ_NAMED_HAZARD),
                   *gateways = ids_of(numbering, HZ_NAMED_GATEWAY),
                   *feeds = ids_of(numbering, HZ_NAMED_FEED);

    FOR_ROWS(registry, HZ_NAMED_ENTERPRISE, struct hz_enterprise, row)
    {
        row->park = parks[row->park];
    }
    FOR_ROWS(registry, HZ_NAMED_HAZARD, struct hz_hazard, row)
    {
        row->enterprise = enterprises[row->enterprise];
    }
    FOR_ROWS(registry, HZ_NAMED_GATEWAY, struct hz_gateway, row)
    {
        row->enterprise = enterprises[row->enterprise];
        row->feed = feeds[row->feed];
    }
    FOR_ROWS(registry, HZ_NAMED_POINT, struct hz_point, row)
    {
        row->hazard = hazards[row->hazard];
        row->gateway = gateways[row->gateway];
    }
}

static int by_point(const void *left, const void *right)
{
    const struct registry_extra *a = left, *b = right;

    return a->point < b->point ? -1 : a->point > b->point;
}

static void renumber_extras(struct registry_pages *extras, const uint32_t *points)
{
    struct registry_extra *all = (void *)extras->at;
    size_t count = extras->used / sizeof(*all), sorted = 1;

    for (size_t i = 0; i < count; i++)
        all[i].point = points[all[i].point];
    while (sorted < count && all[sorted - 1].point < all[sorted].point)
        sorted++;
    if (sorted < count)
        qsort(all, count, sizeof(*all), by_point);
}

int registry__commit(struct registry_draft *draft, struct hz_names *names,
                     struct hz_registry **ret_registry)
{
    struct hz_registry *registry = draft->registry;
    struct numbering numbering = {0};
    int code = number_feeds(&numbering, draft->config, names);

    for (size_t i = 0; i < KINDS && code == 0; i++)
        code = number_kind(&numbering, draft, names, kinds[i]);
    if (code == 0 && !move_all(registry, draft, &numbering))
        code = -ENOMEM;
    if (code == 0) {
        renumber(registry, &numbering);
        renumber_extras(&registry->extras, ids_of(&numbering, HZ_NAMED_POINT));
        registry__pages_fit(&registry->extras);
        registry__pages_fit(&registry->strings);
        registry__pages_fit(&registry->words);
        registry->names = names;
        draft->registry = NULL;
        *ret_registry = registry;
    }
    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        registry__pages_done(&numbering.ids[kind]);
    return code;
}
