/* SPDX-License-Identifier: Apache-2.0
 *
 * Other names of points: tags, codes of other systems, ids of the past. Whoever looks a point up by one
 * of them knows its gateway (or only its enterprise), so that within it a name means one point.
 */
#include "registry_priv.h"

#include <errno.h>
#include <stdio.h>

/* A slot bears the upper half of the hash, so that a foreign alias is rarely looked at. */
struct slot {
    uint32_t number; /* 0 = free */
    uint32_t hash;
};

static struct slot *slots_of(const struct registry_pages *slots)
{
    return (void *)slots->at;
}

static struct registry_alias *alias_of(const struct registry_index *index, uint32_t number)
{
    return registry__row(&index->entries, number, sizeof(struct registry_alias));
}

static uint64_t hash_of(const struct registry_alias *alias, const char *text)
{
    uint64_t scope = alias->gateway ? (uint64_t)alias->gateway << 32 : alias->enterprise;

    return hz_hash(text, alias->length) ^ hz_hash(&scope, sizeof(scope));
}

static bool same(const struct registry_draft *draft, const struct registry_alias *a,
                 const struct registry_alias *b)
{
    const char *strings = draft->registry->strings.at;

    return a->hash == b->hash && a->gateway == b->gateway &&
           (a->gateway || a->enterprise == b->enterprise) && a->length == b->length &&
           memcmp(strings + a->text, strings + b->text, a->length) == 0;
}

/* At most half of the slots are taken. */
static bool grow(struct registry_index *index)
{
    size_t count = index->slots.used / sizeof(struct slot), more = count ? 2 * count : 1024;
    struct registry_pages slots = {0};

    if (2 * ((size_t)index->count + 1) <= count)
        return true;
    if (!registry__pages_use(&slots, more * sizeof(struct slot)))
        return false;
    for (uint32_t i = 1; i <= index->count; i++) {
        uint64_t hash = alias_of(index, i)->hash;
        size_t at = hash & (more - 1);

        while (slots_of(&slots)[at].number != 0)
            at = (at + 1) & (more - 1);
        slots_of(&slots)[at] = (struct slot){i, (uint32_t)(hash >> 32)};
    }
    registry__pages_done(&index->slots);
    index->slots = slots;
    return true;
}

/* The slot of an equal alias, or the free one where it belongs. */
static struct slot *find(const struct registry_draft *draft, const struct registry_alias *alias)
{
    const struct registry_index *index = &draft->aliases;
    size_t mask = index->slots.used / sizeof(struct slot) - 1;
    uint32_t wanted = (uint32_t)(alias->hash >> 32);

    for (size_t at = alias->hash & mask;; at = (at + 1) & mask) {
        struct slot *slot = &slots_of(&index->slots)[at];

        if (slot->number == 0 ||
            (slot->hash == wanted && same(draft, alias_of(index, slot->number), alias)))
            return slot;
    }
}

static void report(struct registry_reader *reader, const struct registry_alias *alias,
                   const struct registry_alias *other, const char *column)
{
    struct registry_draft *draft = reader->draft;
    struct hz_slice text = {draft->registry->strings.at + alias->text, alias->length};
    char quoted[REGISTRY_QUOTE_BYTES], where[REGISTRY_HINT_BYTES], hint[2 * REGISTRY_HINT_BYTES];

    (void)registry__where(draft, HZ_NAMED_POINT, other->point, where);
    snprintf(hint, sizeof(hint), "the other is %s; a word that many points share belongs into tags",
             where);
    REGISTRY_WRONG(reader, registry__cell(reader, column), hint,
                   "%s: %s is another point's name within the same %s", column,
                   registry__quote(text, quoted), alias->gateway ? "gateway" : "enterprise");
}

void registry__alias(struct registry_reader *reader, uint32_t point, const struct hz_point *row,
                     uint32_t enterprise, hz_string string, uint32_t length, const char *column)
{
    struct registry_draft *draft = reader->draft;
    struct registry_index *index = &draft->aliases;
    struct registry_alias alias = {.gateway = row->gateway,
                                   .enterprise = enterprise,
                                   .point = point,
                                   .length = length,
                                   .text = string};

    if (length == 0 || draft->code < 0)
        return;
    if (!grow(index) || !registry__pages_use(&index->entries, ((size_t)index->count + 2) *
                                                                  sizeof(struct registry_alias))) {
        draft->code = -ENOMEM;
        return;
    }
    alias.hash = hash_of(&alias, draft->registry->strings.at + string);
    struct slot *slot = find(draft, &alias);
    if (slot->number == 0) {
        *slot = (struct slot){++index->count, (uint32_t)(alias.hash >> 32)};
        *alias_of(index, index->count) = alias;
    } else if (alias_of(index, slot->number)->point != point) {
        report(reader, &alias, alias_of(index, slot->number), column);
    }
}

void registry__check_old_ids(struct registry_draft *draft)
{
    const char *strings = draft->registry->strings.at;

    for (uint32_t i = 1; i <= draft->aliases.count; i++) {
        const struct registry_alias *alias = alias_of(&draft->aliases, i);
        struct hz_slice text = {strings + alias->text, alias->length};
        const struct registry_place *place;
        char quoted[REGISTRY_QUOTE_BYTES], where[REGISTRY_HINT_BYTES],
            hint[2 * REGISTRY_HINT_BYTES];
        uint32_t point;

        if (!memchr(text.at, '/', text.length))
            continue; /* no point's id: it has two */
        point = hz_names_find(draft->names, HZ_NAMED_POINT, text.at, text.length);
        if (point == 0)
            continue;
        place = registry__row(&draft->places[HZ_NAMED_POINT], alias->point, sizeof(*place));
        snprintf(hint, sizeof(hint), "that point is %s; an id is never used again",
                 registry__where(draft, HZ_NAMED_POINT, point, where));
        hz_diagnose(draft->diagnostics, strings + place->file, place->line, 0, hint,
                    "%s is the id of a point, not one of the past", registry__quote(text, quoted));
    }
}
