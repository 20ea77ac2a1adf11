/* SPDX-License-Identifier: Apache-2.0
 *
 * The registry as others see it: rows by id, texts by their offsets. Nothing changes after the parse
 * but that the columns of the rule compiler are dropped.
 */
#include "registry_priv.h"

#include <errno.h>
#include <stdlib.h>

int hz_registry_parse(const struct hz_files *files, const struct hz_config *config,
                      struct hz_names *names, struct hz_diagnostics *diagnostics,
                      struct hz_registry **ret_registry)
{
    struct registry_draft draft;
    int code = registry__draft(files, config, diagnostics, &draft);

    if (code == 0 && !registry__ids_suffice(&draft, names))
        code = HZ_ECONFIG;
    if (code == 0)
        code = registry__commit(&draft, names, ret_registry);
    registry__draft_done(&draft);
    return code;
}

void hz_registry_free(struct hz_registry *registry)
{
    if (!registry)
        return;
    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        registry__pages_done(&registry->rows[kind]);
    hz_registry_drop_limits(registry);
    registry__pages_done(&registry->extras);
    registry__pages_done(&registry->strings);
    registry__pages_done(&registry->words);
    free(registry);
}

void hz_registry_drop_limits(struct hz_registry *registry)
{
    registry__pages_done(&registry->limits);
    registry__pages_done(&registry->places);
}

static uint32_t end_of(const struct hz_registry *registry, enum hz_named_kind kind)
{
    return (uint32_t)(registry->rows[kind].used / registry__row_bytes[kind]);
}

/* NULL beyond the end; whether the row is there the caller looks. */
static const void *row_of(const struct hz_registry *registry, enum hz_named_kind kind, uint32_t id)
{
    return id < end_of(registry, kind)
               ? registry__row(&registry->rows[kind], id, registry__row_bytes[kind])
               : NULL;
}

const struct hz_point *hz_registry_point(const struct hz_registry *registry, uint32_t point)
{
    const struct hz_point *row = row_of(registry, HZ_NAMED_POINT, point);

    return row && row->hazard != 0 ? row : NULL;
}

#define ROW_BY_ID(what, kind)                                                                      \
    const struct hz_##what *hz_registry_##what(const struct hz_registry *registry, uint32_t id)    \
    {                                                                                              \
        const struct hz_##what *row = row_of(registry, kind, id);                                  \
                                                                                                   \
        return row && row->present ? row : NULL;                                                   \
    }

ROW_BY_ID(hazard, HZ_NAMED_HAZARD)
ROW_BY_ID(enterprise, HZ_NAMED_ENTERPRISE)
ROW_BY_ID(park, HZ_NAMED_PARK)
ROW_BY_ID(gateway, HZ_NAMED_GATEWAY)

uint32_t hz_registry_point_end(const struct hz_registry *registry)
{
    return end_of(registry, HZ_NAMED_POINT);
}

uint32_t hz_registry_hazard_end(const struct hz_registry *registry)
{
    return end_of(registry, HZ_NAMED_HAZARD);
}

uint32_t hz_registry_enterprise_end(const struct hz_registry *registry)
{
    return end_of(registry, HZ_NAMED_ENTERPRISE);
}

uint32_t hz_registry_park_end(const struct hz_registry *registry)
{
    return end_of(registry, HZ_NAMED_PARK);
}

uint32_t hz_registry_gateway_end(const struct hz_registry *registry)
{
    return end_of(registry, HZ_NAMED_GATEWAY);
}

uint32_t hz_registry_point_total(const struct hz_registry *registry)
{
    return registry->point_total;
}

const struct hz_point_limits *hz_registry_limits(const struct hz_registry *registry, uint32_t point)
{
    if (!hz_registry_point(registry, point) || !registry->limits.at)
        return NULL;
    return registry__row(&registry->limits, point, sizeof(struct hz_point_limits));
}

struct hz_registry_place hz_registry_point_place(const struct hz_registry *registry, uint32_t point)
{
    const struct registry_place *place;

    if (!hz_registry_point(registry, point) || !registry->places.at)
        return (struct hz_registry_place){NULL, 0};
    place = registry__row(&registry->places, point, sizeof(*place));
    return (struct hz_registry_place){registry->strings.at + place->file, place->line};
}

static int by_point(const void *key, const void *element)
{
    uint32_t point = *(const uint32_t *)key;
    const struct registry_extra *extra = element;

    return point < extra->point ? -1 : point > extra->point;
}

const struct hz_point_extra *hz_registry_extra(const struct hz_registry *registry, uint32_t point)
{
    const struct registry_extra *found = NULL;
    size_t count = registry->extras.used / sizeof(*found);

    if (count > 0)
        found = bsearch(&point, registry->extras.at, count, sizeof(*found), by_point);
    return found ? &found->columns : NULL;
}

const char *hz_registry_string(const struct hz_registry *registry, hz_string string)
{
    hz_assert(string < registry->strings.used);
    return registry->strings.at + string;
}

const char *hz_registry_word(const struct hz_registry *registry, uint16_t word)
{
    const hz_string *strings = (const void *)registry->words.at;

    hz_assert(word < registry->words.used / sizeof(*strings));
    return hz_registry_string(registry, strings[word]);
}

bool hz_registry_has_tag(const struct hz_registry *registry, const struct hz_point *point,
                         const char *word)
{
    struct hz_slice rest = hz_slice(hz_registry_word(registry, point->tags)), one;

    if (strcmp(hz_registry_string(registry, point->tag), word) == 0)
        return *word != '\0';
    while (registry__next_word(&rest, &one))
        if (hz_slice_is(one, word))
            return true;
    return false;
}

const struct hz_names *hz_registry_names(const struct hz_registry *registry)
{
    return registry->names;
}

size_t hz_registry_bytes(const struct hz_registry *registry)
{
    size_t bytes = sizeof(*registry) + registry->limits.size + registry->places.size +
                   registry->extras.size + registry->strings.size + registry->words.size;

    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        bytes += registry->rows[kind].size;
    return bytes;
}
