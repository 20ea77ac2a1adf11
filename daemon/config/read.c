/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes into structs, by the rows of a table. Every key is either a row of its section, a key of a
 * later release, or unknown; the last two are faults, so that nothing written is ever ignored in
 * silence. A key that is not written has the row's value.
 */
#include "config_priv.h"

#include <stdio.h>

static config_read_value *const readers[] = {
    [CONFIG_BOOL] = config__read_bool,
    [CONFIG_COUNT] = config__read_number,
    [CONFIG_NUMBER] = config__read_number,
    [CONFIG_SIZE] = config__read_number,
    [CONFIG_DURATION] = config__read_number,
    [CONFIG_SECONDS] = config__read_number,
    [CONFIG_WORD] = config__read_word,
    [CONFIG_CHOICE] = config__read_word,
    [CONFIG_TEXT] = config__read_text,
    [CONFIG_ID] = config__read_id,
    [CONFIG_ADDRESS] = config__read_address,
    [CONFIG_ZONE] = config__read_zone,
    [CONFIG_FILTER] = config__read_filter,
    [CONFIG_QUANTITY] = config__read_quantity,
    [CONFIG_PATIENCE] = config__read_patience,
    [CONFIG_TEXTS] = config__read_texts,
    [CONFIG_MESSAGES] = config__read_texts,
    [CONFIG_IDS] = config__read_ids,
    [CONFIG_HAZARD_LEVELS] = config__read_hazard_levels,
    [CONFIG_EACH] = config__read_each,
    [CONFIG_SCHEMA] = config__read_schema,
};

const struct config_node *config__entry(const struct config_node *map, const char *name)
{
    if (map->kind != CONFIG_MAP)
        return NULL;
    for (const struct config_node *one = map->first; one; one = one->next)
        if (one->key->kind == CONFIG_SCALAR && strcmp(one->key->text, name) == 0)
            return one;
    return NULL;
}

const struct config_node *config__place(const struct config_node *map, const char *name)
{
    const struct config_node *entry = config__entry(map, name);

    return entry ? entry : map;
}

void config__set_defaults(struct config_reader *reader, const char *section, void *base)
{
    const struct config_table *table = reader->table;

    for (size_t i = 0; i < table->count; i++) {
        const struct config_row *row = &table->rows[i];

        if (strcmp(row->section, section) != 0)
            continue;
        if (row->type == CONFIG_SECTION)
            config__set_defaults(reader, row->shape->section, (char *)base + row->offset);
        if (!row->unset || row->type == CONFIG_SECTION)
            continue;
        if (*row->unset == '\0') { /* a path that may be empty */
            memcpy((char *)base + row->offset, &row->unset, sizeof(row->unset));
            continue;
        }
        struct config_node node = {
            .kind = CONFIG_SCALAR, .text = row->unset, .length = strlen(row->unset)};
        hz_assert(readers[row->type](reader, row, &node, base));
    }
}

static const struct config_row *row_named(const struct config_reader *reader, const char *section,
                                          const char *name)
{
    const struct config_table *table = reader->table;

    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].section, section) == 0 && strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

static bool is_later(struct config_reader *reader, const char *section,
                     const struct config_node *key)
{
    const struct config_table *table = reader->table;

    for (size_t i = 0; i < table->later_count; i++) {
        const struct config_later *later = &table->later[i];

        if (strcmp(later->section, section) != 0 || strcmp(later->name, key->text) != 0)
            continue;
        CONFIG_WRONG(reader, key, later->hint ? later->hint : table->later_hint,
                     "%s: not known to this release", key->text);
        return true;
    }
    return false;
}

/* Where else a key of this name stands, when it is known elsewhere only. */
static const char *section_of(const struct config_reader *reader, const char *name)
{
    const struct config_table *table = reader->table;

    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return table->rows[i].section;
    return NULL;
}

static void unknown_key(struct config_reader *reader, const char *section,
                        const struct config_node *key)
{
    struct hz_nearest nearest = hz_nearest((struct hz_slice){key->text, key->length});
    char quoted[CONFIG_QUOTE_BYTES], hint[CONFIG_HINT_BYTES];
    const char *elsewhere = section_of(reader, key->text);
    const struct config_table *table = reader->table;

    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].section, section) == 0)
            hz_nearest_try(&nearest, table->rows[i].name);
    if (elsewhere)
        snprintf(hint, sizeof(hint), "it belongs %s%s",
                 *elsewhere ? "to " : "to the top of the file", elsewhere);
    else if (nearest.best)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest.best);
    CONFIG_WRONG(reader, key, elsewhere || nearest.best ? hint : NULL, "unknown key %s",
                 config__quote(key, quoted));
}

static void set_place(struct config_reader *reader, const struct config_shape *shape,
                      const struct config_node *node, void *thing)
{
    if (shape->line != CONFIG_NO_OFFSET)
        memcpy((char *)thing + shape->line, &node->line, sizeof(node->line));
    if (shape->column != CONFIG_NO_OFFSET)
        memcpy((char *)thing + shape->column, &node->column, sizeof(node->column));
    if (shape->file != CONFIG_NO_OFFSET)
        memcpy((char *)thing + shape->file, &reader->file, sizeof(reader->file));
}

static void read_section(struct config_reader *reader, const struct config_row *row,
                         const struct config_node *node, void *base)
{
    void *thing = (char *)base + row->offset;

    set_place(reader, row->shape, node->key, thing);
    config__read_map(reader, row->shape->section, node, thing);
    if (node->kind == CONFIG_MAP && row->shape->check)
        row->shape->check(reader, node, thing);
}

/* One element of a list, in its zeroed place. */
static void read_element(struct config_reader *reader, const struct config_shape *shape,
                         const struct config_node *node, void *thing)
{
    set_place(reader, shape, node, thing);
    config__set_defaults(reader, shape->section, thing);
    config__read_map(reader, shape->section, node, thing);
    if (node->kind == CONFIG_MAP && shape->check)
        shape->check(reader, node, thing);
}

/* Names of a list's elements are few: every pair is looked at. */
static void check_keys(struct config_reader *reader, const struct config_shape *shape,
                       const struct config_node *list)
{
    for (const struct config_node *one = list->first; one && shape->key; one = one->next) {
        const struct config_node *name = config__entry(one, shape->key);
        char quoted[CONFIG_QUOTE_BYTES], hint[CONFIG_HINT_BYTES];

        for (const struct config_node *other = list->first; name && other != one;
             other = other->next) {
            const struct config_node *same = config__entry(other, shape->key);

            if (!same || strcmp(same->text, name->text) != 0)
                continue;
            snprintf(hint, sizeof(hint), "the first is in line %u", same->line);
            CONFIG_WRONG(reader, name, hint, "%s: %s is there twice", shape->key,
                         config__quote(name, quoted));
            break;
        }
    }
}

static void read_sequence(struct config_reader *reader, const struct config_row *row,
                          const struct config_node *node, void *base)
{
    const struct config_shape *shape = row->shape;
    char *elements;
    uint32_t i = 0;

    if (node->kind == CONFIG_LOST || shape->size == 0)
        return; /* size 0: the caller reads the list itself (rules.c) */
    if (node->kind != CONFIG_LIST) {
        CONFIG_WRONG(reader, node, row->hint, "%s: a list is expected", row->name);
        return;
    }
    if (node->count > shape->most) {
        CONFIG_WRONG(reader, node, NULL, "%s: more than %u", row->name, shape->most);
        return;
    }
    elements = hz_arena_take(reader->keep, (node->count + 1) * shape->size);
    if (!elements) {
        reader->no_memory = true;
        return;
    }
    for (const struct config_node *one = node->first; one; one = one->next)
        read_element(reader, shape, one, elements + i++ * shape->size);
    check_keys(reader, shape, node);
    memcpy((char *)base + row->offset, &elements, sizeof(elements));
    memcpy((char *)base + shape->count, &node->count, sizeof(node->count));
}

static void read_entry(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node, void *base)
{
    if (row->has_given)
        *((bool *)((char *)base + row->given)) = true;
    if (row->type == CONFIG_SECTION)
        read_section(reader, row, node, base);
    else if (row->type == CONFIG_SEQUENCE)
        read_sequence(reader, row, node, base);
    else
        (void)readers[row->type](reader, row, node, base); /* a fault has been reported */
}

static bool is_repeated(struct config_reader *reader, const struct config_node *map,
                        const struct config_node *node)
{
    const struct config_node *first = config__entry(map, node->key->text);
    char hint[CONFIG_HINT_BYTES];

    if (first == node)
        return false;
    snprintf(hint, sizeof(hint), "the first is in line %u", first->key->line);
    CONFIG_WRONG(reader, node->key, hint, "%s: the same key twice", node->key->text);
    return true;
}

static void read_key(struct config_reader *reader, const char *section,
                     const struct config_node *map, const struct config_node *node, void *base)
{
    const struct config_row *row = row_named(reader, section, node->key->text);

    if (node->key->kind != CONFIG_SCALAR)
        return;
    if (row && !is_repeated(reader, map, node))
        read_entry(reader, row, node, base);
    else if (!row && !is_later(reader, section, node->key))
        unknown_key(reader, section, node->key);
}

static bool is_map(struct config_reader *reader, const char *section,
                   const struct config_node *node)
{
    if (node->kind == CONFIG_LOST)
        return false;
    if (node->kind == CONFIG_MAP ||
        (node->kind == CONFIG_SCALAR && node->length == 0 && node->plain))
        return true; /* a section whose keys are all comments is an empty one */
    CONFIG_WRONG(reader, node, "write its keys below it, each in a line of its own, indented",
                 "%s: keys with values are expected",
                 node->key  ? node->key->text
                 : *section ? section
                            : "the file");
    return false;
}

static void report_missing(struct config_reader *reader, const char *section,
                           const struct config_node *map)
{
    const struct config_table *table = reader->table;

    for (size_t i = 0; i < table->count; i++) {
        const struct config_row *row = &table->rows[i];

        if (row->required && strcmp(row->section, section) == 0 && !config__entry(map, row->name))
            CONFIG_WRONG(reader, map, row->hint ? row->hint : row->help, "%s is missing",
                         row->name);
    }
}

void config__read_map(struct config_reader *reader, const char *section,
                      const struct config_node *map, void *base)
{
    if (!is_map(reader, section, map))
        return;
    for (const struct config_node *one = map->first; one; one = one->next)
        read_key(reader, section, map, one, base);
    report_missing(reader, section, map);
}
