/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of parks, enterprises, hazard sources and gateways. What they refer to stands in a file that
 * has been read before them.
 */
#include "registry_priv.h"

#include "hz_clock.h"

#include <math.h>
#include <stdio.h>

uint32_t registry__refer(struct registry_reader *reader, enum hz_named_kind kind,
                         struct hz_slice key, const char *column, const char *file)
{
    uint32_t id = key.length ? hz_names_find(reader->draft->names, kind, key.at, key.length) : 0;
    char quoted[REGISTRY_QUOTE_BYTES];

    if (id == 0 && key.length > 0 && !reader->draft->lost[kind])
        REGISTRY_WRONG(reader, registry__cell(reader, column), NULL, "%s: %s is not in %s", column,
                       registry__quote(key, quoted), file);
    return id;
}

void registry__check_pair(struct registry_reader *reader, const char *first, double a,
                          const char *second, double b)
{
    const char *missing = isnan(a) ? first : second, *there = isnan(a) ? second : first;
    const struct registry_cell *cell = registry__cell(reader, missing);

    if (isnan(a) != isnan(b) && (!cell || cell->length == 0))
        REGISTRY_WRONG(reader, registry__cell(reader, there), NULL, "%s: there is no %s beside it",
                       there, missing);
}

static struct hz_slice or_code(struct hz_slice name, struct hz_slice code)
{
    return name.length > 0 ? name : code;
}

void registry__take_park(struct registry_reader *reader, const void *from)
{
    const struct registry_park_row *row = from;
    struct registry_draft *draft = reader->draft;
    uint32_t id = registry__define(reader, HZ_NAMED_PARK, row->code, "code");

    registry__check_pair(reader, "lon", row->lon, "lat", row->lat);
    if (id == 0)
        return;
    struct hz_park *park = registry__row(&draft->registry->rows[HZ_NAMED_PARK], id, sizeof(*park));
    *park = (struct hz_park){.present = true,
                             .name = registry__string(draft, or_code(row->name, row->code)),
                             .district = registry__intern(draft, row->district),
                             .lon = row->lon,
                             .lat = row->lat};
}

/* Its park's, where it does not say one. */
static hz_string district_of(struct registry_draft *draft,
                             const struct registry_enterprise_row *row, uint32_t park)
{
    const struct hz_park *of;

    if (row->district.length > 0 || park == 0)
        return registry__intern(draft, row->district);
    of = registry__row(&draft->registry->rows[HZ_NAMED_PARK], park, sizeof(*of));
    return of->district;
}

static struct hz_slice status_of(uint8_t status)
{
    for (const struct registry_word *word = registry__statuses; word->word; word++)
        if (word->value == status)
            return hz_slice(word->word);
    return (struct hz_slice){NULL, 0};
}

void registry__take_enterprise(struct registry_reader *reader, const void *from)
{
    const struct registry_enterprise_row *row = from;
    struct registry_draft *draft = reader->draft;
    uint32_t park = registry__refer(reader, HZ_NAMED_PARK, row->park, "park", "parks.csv");
    uint32_t id = registry__define(reader, HZ_NAMED_ENTERPRISE, row->code, "code");

    registry__check_pair(reader, "lon", row->lon, "lat", row->lat);
    if (id == 0)
        return;
    struct hz_enterprise one = {.present = true,
                                .park = park,
                                .name = registry__string(draft, or_code(row->name, row->code)),
                                .district = district_of(draft, row, park),
                                .status = registry__intern(draft, status_of(row->status)),
                                .ext = registry__string(draft, row->ext),
                                .lon = row->lon,
                                .lat = row->lat};
    *(struct hz_enterprise *)registry__row(&draft->registry->rows[HZ_NAMED_ENTERPRISE], id,
                                           sizeof(one)) = one;
}

struct hz_slice registry__join(struct registry_reader *reader, struct hz_slice first,
                               struct hz_slice second, char to[REGISTRY_KEY_BYTES])
{
    struct hz_slice key = {to, first.length + 1 + second.length};

    if (key.length > HZ_KEY_BYTES_MAX) {
        REGISTRY_WRONG(reader, registry__cell(reader, "code"), NULL,
                       "code: the id %.*s/%.*s is longer than %u bytes", (int)first.length,
                       first.at, (int)second.length, second.at, HZ_KEY_BYTES_MAX);
        return (struct hz_slice){NULL, 0};
    }
    memcpy(to, first.at, first.length);
    to[first.length] = '/';
    memcpy(to + first.length + 1, second.at, second.length);
    return key;
}

void registry__take_hazard(struct registry_reader *reader, const void *from)
{
    const struct registry_hazard_row *row = from;
    struct registry_draft *draft = reader->draft;
    char text[REGISTRY_KEY_BYTES];
    uint32_t enterprise = registry__refer(reader, HZ_NAMED_ENTERPRISE, row->enterprise,
                                          "enterprise", "enterprises.csv");
    struct hz_slice key = registry__join(reader, row->enterprise, row->code, text);
    uint32_t id = key.length ? registry__define(reader, HZ_NAMED_HAZARD, key, "code") : 0;

    registry__check_pair(reader, "lon", row->lon, "lat", row->lat);
    if (id == 0)
        return;
    struct hz_hazard one = {.present = true,
                            .level = row->level,
                            .enterprise = enterprise,
                            .name = registry__string(draft, or_code(row->name, row->code)),
                            .kind = registry__intern(draft, row->kind),
                            .plan = registry__string(draft, row->plan),
                            .camera = registry__string(draft, row->camera),
                            .population = isnan(row->population) ? 0 : (uint32_t)row->population,
                            .lon = row->lon,
                            .lat = row->lat};
    *(struct hz_hazard *)registry__row(&draft->registry->rows[HZ_NAMED_HAZARD], id, sizeof(one)) =
        one;
}

/* The feed's number in the configuration + 1; commit makes its id of it. */
static uint32_t feed_of(struct registry_reader *reader, struct hz_slice name)
{
    const struct hz_config *config = reader->draft->config;
    char quoted[REGISTRY_QUOTE_BYTES];

    for (uint32_t i = 0; config && i < config->feed_count; i++)
        if (hz_slice_is(name, config->feeds[i].name))
            return i + 1;
    if (name.length > 0 && config)
        REGISTRY_WRONG(reader, registry__cell(reader, "feed"), NULL,
                       "feed: hazardd.yaml has no feed %s", registry__quote(name, quoted));
    return 0;
}

void registry__take_gateway(struct registry_reader *reader, const void *from)
{
    const struct registry_gateway_row *row = from;
    struct registry_draft *draft = reader->draft;
    uint32_t enterprise = registry__refer(reader, HZ_NAMED_ENTERPRISE, row->enterprise,
                                          "enterprise", "enterprises.csv");
    uint32_t feed = feed_of(reader, row->feed);
    uint32_t id = registry__define(reader, HZ_NAMED_GATEWAY, row->code, "code");

    if (id == 0)
        return;
    struct hz_gateway one = {
        .present = true,
        .enterprise = enterprise,
        .feed = feed,
        .name = registry__string(draft, or_code(row->name, row->code)),
        .client_id = registry__string(draft, row->client_id),
        .heartbeat_topic = registry__string(draft, row->heartbeat_topic),
        .interval_ms = row->interval_ns < 0 ? 0 : (uint32_t)(row->interval_ns / HZ_NS_PER_MS)};
    *(struct hz_gateway *)registry__row(&draft->registry->rows[HZ_NAMED_GATEWAY], id, sizeof(one)) =
        one;
}
