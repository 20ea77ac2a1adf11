/* SPDX-License-Identifier: Apache-2.0
 *
 * The draft of a registry: rows under provisional ids, their texts, where each row stands. The files
 * are read in the order in which they refer to each other.
 */
#include "registry_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define STRINGS_BYTES_MAX UINT32_MAX /* offsets are 32 bits */
#define WORDS_MAX         UINT16_MAX

const size_t registry__row_bytes[HZ_NAMED_END] = {
    [HZ_NAMED_POINT] = sizeof(struct hz_point),
    [HZ_NAMED_GATEWAY] = sizeof(struct hz_gateway),
    [HZ_NAMED_HAZARD] = sizeof(struct hz_hazard),
    [HZ_NAMED_ENTERPRISE] = sizeof(struct hz_enterprise),
    [HZ_NAMED_PARK] = sizeof(struct hz_park),
};

void *registry__row(const struct registry_pages *rows, uint32_t id, size_t bytes)
{
    return rows->at + id * bytes;
}

hz_string registry__string(struct registry_draft *draft, struct hz_slice text)
{
    struct registry_pages *strings = &draft->registry->strings;
    size_t at = strings->used;

    if (text.length == 0 || draft->code < 0)
        return 0;
    if (at + text.length + 1 > STRINGS_BYTES_MAX)
        draft->code = HZ_ELIMIT;
    else if (!registry__pages_use(strings, at + text.length + 1))
        draft->code = -ENOMEM;
    if (draft->code < 0)
        return 0;
    memcpy(strings->at + at, text.at, text.length); /* zeroed pages: the terminator is there */
    return (hz_string)at;
}

/* --- texts that many rows share --- */

static uint32_t *interned_slot(const struct registry_draft *draft, struct hz_slice text)
{
    const struct registry_index *index = &draft->interned;
    size_t mask = index->slots.used / sizeof(uint32_t) - 1;

    for (size_t at = hz_hash(text.at, text.length) & mask;; at = (at + 1) & mask) {
        uint32_t *slot = (uint32_t *)(void *)index->slots.at + at;
        const struct registry_interned *entry =
            registry__row(&index->entries, *slot, sizeof(*entry));

        if (*slot == 0 || hz_slice_is(text, draft->registry->strings.at + entry->string))
            return slot;
    }
}

/* At most half of the slots are taken. */
static bool grow_interned(struct registry_draft *draft)
{
    struct registry_index *index = &draft->interned;
    size_t count = index->slots.used / sizeof(uint32_t), more = count ? 2 * count : 256;
    struct registry_pages slots = {0}, old = index->slots;

    if (2 * ((size_t)index->count + 1) <= count)
        return true;
    if (!registry__pages_use(&slots, more * sizeof(uint32_t)))
        return false;
    index->slots = slots;
    for (uint32_t i = 1; i <= index->count; i++) {
        const struct registry_interned *entry = registry__row(&index->entries, i, sizeof(*entry));

        *interned_slot(draft, hz_slice(draft->registry->strings.at + entry->string)) = i;
    }
    registry__pages_done(&old);
    return true;
}

static struct registry_interned *interned(struct registry_draft *draft, struct hz_slice text)
{
    struct registry_index *index = &draft->interned;
    size_t bytes = ((size_t)index->count + 2) * sizeof(struct registry_interned);

    if (!grow_interned(draft) || !registry__pages_use(&index->entries, bytes)) {
        draft->code = -ENOMEM;
        return NULL;
    }
    uint32_t *slot = interned_slot(draft, text);
    if (*slot == 0) {
        hz_string string = registry__string(draft, text);

        if (string == 0)
            return NULL;
        *slot = ++index->count;
        *(struct registry_interned *)registry__row(&index->entries, *slot,
                                                   sizeof(struct registry_interned)) =
            (struct registry_interned){.string = string};
    }
    return registry__row(&index->entries, *slot, sizeof(struct registry_interned));
}

hz_string registry__intern(struct registry_draft *draft, struct hz_slice text)
{
    const struct registry_interned *entry =
        text.length > 0 && draft->code == 0 ? interned(draft, text) : NULL;

    return entry ? entry->string : 0;
}

uint16_t registry__word(struct registry_reader *reader, struct hz_slice text)
{
    struct registry_draft *draft = reader->draft;
    struct registry_pages *words = &draft->registry->words;
    struct registry_interned *entry =
        text.length > 0 && draft->code == 0 ? interned(draft, text) : NULL;
    size_t count = words->used / sizeof(hz_string);

    if (!entry || entry->word > 0)
        return entry ? entry->word : 0;
    if (count > WORDS_MAX) {
        REGISTRY_WRONG(reader, NULL, NULL, "more than %u different kinds, units and tags",
                       (unsigned)WORDS_MAX);
        reader->over = true;
        return 0;
    }
    if (!registry__pages_use(words, (count + 1) * sizeof(hz_string))) {
        draft->code = -ENOMEM;
        return 0;
    }
    *(hz_string *)registry__row(words, (uint32_t)count, sizeof(hz_string)) = entry->string;
    entry->word = (uint16_t)count;
    return entry->word;
}

/* --- keys --- */

const char *registry__where(const struct registry_draft *draft, enum hz_named_kind kind,
                            uint32_t id, char to[REGISTRY_HINT_BYTES])
{
    const struct registry_place *place =
        registry__row(&draft->places[kind], id, sizeof(struct registry_place));

    snprintf(to, REGISTRY_HINT_BYTES, "in %.160s, line %u",
             draft->registry->strings.at + place->file, place->line);
    return to;
}

static void report_twice(struct registry_reader *reader, enum hz_named_kind kind, uint32_t id,
                         const char *column)
{
    struct hz_slice key = hz_names_key(reader->draft->names, kind, id);
    char where[REGISTRY_HINT_BYTES], hint[2 * REGISTRY_HINT_BYTES];

    snprintf(hint, sizeof(hint), "the other is %s",
             registry__where(reader->draft, kind, id, where));
    REGISTRY_WRONG(reader, registry__cell(reader, column), hint, "%s %s is there twice",
                   reader->table->what, key.at);
}

static bool make_room(struct registry_draft *draft, enum hz_named_kind kind, uint32_t id)
{
    struct hz_registry *registry = draft->registry;
    size_t rows = (size_t)id + 1;

    return registry__pages_use(&registry->rows[kind], rows * registry__row_bytes[kind]) &&
           registry__pages_use(&draft->places[kind], rows * sizeof(struct registry_place)) &&
           (kind != HZ_NAMED_POINT ||
            registry__pages_use(&registry->limits, rows * sizeof(struct hz_point_limits))) &&
           (kind != HZ_NAMED_ENTERPRISE ||
            registry__pages_use(&draft->only_gateway, rows * sizeof(uint32_t)));
}

uint32_t registry__define(struct registry_reader *reader, enum hz_named_kind kind,
                          struct hz_slice key, const char *column)
{
    struct registry_draft *draft = reader->draft;
    uint32_t before = hz_names_count(draft->names, kind), id;
    int code = hz_names_define(draft->names, kind, key.at, key.length, &id);

    if (code == HZ_ELIMIT) {
        REGISTRY_WRONG(reader, registry__cell(reader, column), NULL, "more than %u %ss", before,
                       reader->table->what);
        reader->over = true;
        return 0;
    }
    if (code < 0 || !make_room(draft, kind, id)) {
        draft->code = -ENOMEM;
        return 0;
    }
    if (id <= before) {
        report_twice(reader, kind, id, column);
        return 0;
    }
    *(struct registry_place *)registry__row(&draft->places[kind], id,
                                            sizeof(struct registry_place)) =
        (struct registry_place){reader->path, reader->csv.line};
    return id;
}

/* --- the whole --- */

/* A gateway that is its enterprise's only one need not be named by the points. */
static void find_only_gateways(struct registry_draft *draft)
{
    uint32_t count = hz_names_count(draft->names, HZ_NAMED_GATEWAY);

    for (uint32_t id = 1; id <= count; id++) {
        const struct hz_gateway *gateway =
            registry__row(&draft->registry->rows[HZ_NAMED_GATEWAY], id, sizeof(*gateway));
        uint32_t *only;

        if (gateway->enterprise == 0)
            continue;
        only = registry__row(&draft->only_gateway, gateway->enterprise, sizeof(*only));
        *only = *only == 0 ? id : UINT32_MAX;
    }
}

static void read_named(struct registry_draft *draft, const struct hz_files *files,
                       const struct registry_table *table)
{
    const struct hz_file *file = hz_files_find(files, table->file);

    if (file && draft->code == 0)
        registry__read_file(draft, file, table);
}

static void read_points(struct registry_draft *draft, const struct hz_files *files)
{
    static const char directory[] = "points.d/";

    read_named(draft, files, &registry__points);
    for (uint32_t i = 0; i < files->count && draft->code == 0; i++)
        if (strncmp(files->files[i].path, directory, strlen(directory)) == 0)
            registry__read_file(draft, &files->files[i], &registry__points);
}

/* What the keys of a set need at most: a row has a byte at least, and one key. */
static uint64_t key_bytes(const struct hz_files *files)
{
    uint64_t bytes = 1;

    for (uint32_t i = 0; i < files->count; i++)
        bytes += files->files[i].length;
    return bytes * (HZ_KEY_BYTES_MAX + 2);
}

static int begin(struct registry_draft *draft, const struct hz_files *files)
{
    int code = registry__names_new(key_bytes(files), &draft->names);

    if (code < 0)
        return code;
    draft->registry = calloc(1, sizeof(*draft->registry));
    if (!draft->registry || !registry__pages_use(&draft->registry->strings, 1) ||
        !registry__pages_use(&draft->registry->words, sizeof(hz_string)))
        return -ENOMEM;
    return 0;
}

int registry__draft(const struct hz_files *files, const struct hz_config *config,
                    struct hz_diagnostics *diagnostics, struct registry_draft *draft)
{
    uint64_t before = diagnostics->errors;

    *draft = (struct registry_draft){.config = config, .diagnostics = diagnostics};
    draft->code = begin(draft, files);
    read_named(draft, files, &registry__parks);
    read_named(draft, files, &registry__enterprises);
    read_named(draft, files, &registry__hazards);
    read_named(draft, files, &registry__gateways);
    if (draft->code == 0)
        find_only_gateways(draft);
    read_points(draft, files);
    if (draft->code == 0)
        registry__check_old_ids(draft);
    registry__pages_done(&draft->aliases.slots); /* before commit needs room of its own */
    registry__pages_done(&draft->aliases.entries);
    if (draft->code == 0 && draft->registry->point_total == 0 && diagnostics->errors == before)
        hz_diagnose_warning(diagnostics, "points.csv", 0, 0, "the columns are in docs/registry.md",
                            "there are no points: nothing is watched");
    if (draft->code == 0 && diagnostics->errors > before)
        draft->code = HZ_ECONFIG;
    return draft->code;
}

void registry__draft_done(struct registry_draft *draft)
{
    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        registry__pages_done(&draft->places[kind]);
    registry__pages_done(&draft->only_gateway);
    registry__pages_done(&draft->interned.slots);
    registry__pages_done(&draft->interned.entries);
    hz_registry_free(draft->registry);
    hz_names_free(draft->names);
}
