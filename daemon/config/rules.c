/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of all files below rules.d/, as one list sorted by id. A file's nodes live only while
 * it is read. An id is unique over all files: it is part of the alarm's key.
 */
#include "config_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct found {
    struct hz_rule_config rule;
    uint32_t line, column; /* of the id */
};

/* A place in the file being read: nodes know theirs in characters. */
struct place {
    struct hz_file file; /* without a mark at its head */
    uint32_t character;
    size_t byte;
};

struct gathering {
    struct config_reader *reader;
    struct place place;
    struct found *list;
    uint32_t count, capacity;
};

static bool room(struct gathering *all)
{
    uint32_t more = all->capacity ? 2 * all->capacity : 64;

    if (all->count < all->capacity)
        return true;
    struct found *list = realloc(all->list, more * sizeof(*list));
    if (!list) {
        all->reader->no_memory = true;
        return false;
    }
    all->list = list;
    all->capacity = more;
    return true;
}

/* The byte of a character at or behind the place. */
static size_t byte_of(struct place *place, uint32_t character)
{
    const char *bytes = place->file.bytes;

    for (; place->character < character && place->byte < place->file.length; place->character++)
        do
            place->byte++;
        while (place->byte < place->file.length &&
               ((unsigned char)bytes[place->byte] & 0xC0) == 0x80);
    return place->byte;
}

/* Of the rule as it is written, comments inside it included: an entry shows whether the rule that
 * decided is the one that somebody has before him. White space behind it counts nothing. */
static uint32_t revision_of(struct place *place, const struct config_node *map)
{
    size_t from = byte_of(place, map->from), to = byte_of(place, map->to);

    while (to > from && strchr(" \t\r\n", place->file.bytes[to - 1]))
        to--; /* a text block takes the empty lines behind it with it */
    struct hz_digest digest = hz_digest(place->file.bytes + from, to - from);
    const uint8_t *first = digest.bytes;

    return (uint32_t)first[0] << 24 | (uint32_t)first[1] << 16 | (uint32_t)first[2] << 8 | first[3];
}

static void read_rule(struct gathering *all, const struct config_node *map)
{
    struct config_reader *reader = all->reader;
    const struct config_node *id = config__place(map, "id");

    if (!room(all))
        return;
    struct found *found = &all->list[all->count];
    *found = (struct found){.line = id->line, .column = id->column};
    found->rule.file = reader->file;
    found->rule.line = map->line;
    found->rule.column = map->column;
    found->rule.revision = revision_of(&all->place, map);
    config__set_defaults(reader, "rules", &found->rule);
    config__read_map(reader, "rules", map, &found->rule);
    if (map->kind == CONFIG_MAP)
        config__check_rule(reader, map, &found->rule);
    if (found->rule.id)
        all->count++; /* one without an id has been reported */
}

static void read_list(struct gathering *all, const struct config_node *list)
{
    if (list->kind == CONFIG_LOST)
        return;
    if (list->kind != CONFIG_LIST)
        CONFIG_WRONG(all->reader, list, "write \"- id: ...\" below it",
                     "rules: a list is expected");
    for (const struct config_node *one = list->first; one && list->kind == CONFIG_LIST;
         one = one->next) {
        if (all->count == HZ_RULES_MAX - 1) { /* 0 is no rule */
            CONFIG_WRONG(all->reader, one, NULL, "more than %u rules", HZ_RULES_MAX - 1);
            return;
        }
        read_rule(all, one);
    }
}

static void read_file(struct gathering *all, const struct hz_file *file)
{
    struct config_reader *reader = all->reader;
    struct hz_arena scratch;

    hz_arena_init(&scratch);
    all->place = (struct place){.file = config__unmarked(file)};
    reader->file = config__keep(reader, file->path, strlen(file->path));
    const struct config_node *root = config__tree(reader->diagnostics, &all->place.file, &scratch);
    if (root) {
        /* The list is read here, not by its row: it goes on over all files. */
        config__read_map(reader, "", root, all);
        const struct config_node *list = config__entry(root, "rules");
        if (list)
            read_list(all, list);
    }
    hz_arena_done(&scratch);
}

static int by_id(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    int order = strcmp(a->rule.id, b->rule.id);

    if (order == 0)
        order = strcmp(a->rule.file, b->rule.file);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static void report_twice(struct gathering *all)
{
    for (uint32_t i = 1; i < all->count; i++) {
        const struct found *one = &all->list[i], *before = one - 1;
        char hint[CONFIG_HINT_BYTES];

        if (strcmp(one->rule.id, before->rule.id) != 0)
            continue;
        snprintf(hint, sizeof(hint), "the other is in %.150s, line %u", before->rule.file,
                 before->line);
        hz_diagnose(all->reader->diagnostics, one->rule.file, one->line, one->column, hint,
                    "id: %s is there twice", one->rule.id);
    }
}

static void take_over(struct gathering *all, struct hz_config *config)
{
    config->rules = hz_arena_take(all->reader->keep, (all->count + 1) * sizeof(*config->rules));
    if (!config->rules) {
        all->reader->no_memory = true;
        return;
    }
    for (uint32_t i = 0; i < all->count; i++)
        config->rules[i] = all->list[i].rule;
    config->rule_count = all->count;
}

int config__read_rules(struct config_reader *reader, const struct hz_files *files,
                       struct hz_config *config)
{
    static const char directory[] = "rules.d/";
    struct gathering all = {.reader = reader};

    reader->table = &config__rules;
    for (uint32_t i = 0; i < files->count; i++)
        if (strncmp(files->files[i].path, directory, strlen(directory)) == 0)
            read_file(&all, &files->files[i]);
    if (all.count > 0)
        qsort(all.list, all.count, sizeof(*all.list), by_id);
    report_twice(&all);
    take_over(&all, config);
    free(all.list);
    return reader->no_memory ? -ENOMEM : 0;
}
