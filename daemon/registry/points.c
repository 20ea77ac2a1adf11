/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of points: where a point belongs, its numbers in their order, its other names.
 */
#include "registry_priv.h"

#include "hz_clock.h"

#include <errno.h>
#include <math.h>

struct home {
    uint32_t hazard, enterprise;
    struct hz_slice hazard_key;
    char text[REGISTRY_KEY_BYTES];
};

/* The file's name or the cell, which must not contradict each other. False: not to be known. */
static bool find_enterprise(struct registry_reader *reader, const struct registry_point_row *row,
                            struct hz_slice *ret_code)
{
    *ret_code = reader->enterprise.length > 0 ? reader->enterprise : row->enterprise;
    if (reader->enterprise.length > 0 && row->enterprise.length > 0 &&
        !hz_slice_same(row->enterprise, reader->enterprise)) {
        REGISTRY_WRONG(reader, registry__cell(reader, "enterprise"), NULL,
                       "enterprise: the file is that of %.*s", (int)reader->enterprise.length,
                       reader->enterprise.at);
        return false;
    }
    if (reader->enterprise.length > 0)
        return !reader->enterprise_lost;
    return row->enterprise.length == 0 ||
           registry__refer(reader, HZ_NAMED_ENTERPRISE, row->enterprise, "enterprise",
                           "enterprises.csv") != 0;
}

/* "TF01" with an enterprise, or "330382001/TF01". */
static struct hz_slice hazard_key(struct registry_reader *reader,
                                  const struct registry_point_row *row, struct hz_slice enterprise,
                                  char to[REGISTRY_KEY_BYTES])
{
    const struct registry_cell *cell = registry__cell(reader, "hazard");
    const char *slash = memchr(row->hazard.at, '/', row->hazard.length);
    struct hz_slice none = {NULL, 0};

    if (!slash && enterprise.length == 0) {
        REGISTRY_WRONG(reader, cell, "write enterprise/code here, or fill the column enterprise",
                       "hazard: of which enterprise?");
        return none;
    }
    if (!slash)
        return registry__join(reader, enterprise, row->hazard, to);
    if (enterprise.length > 0 && ((size_t)(slash - row->hazard.at) != enterprise.length ||
                                  memcmp(row->hazard.at, enterprise.at, enterprise.length) != 0)) {
        REGISTRY_WRONG(reader, cell, NULL, "hazard: it is not one of enterprise %.*s",
                       (int)enterprise.length, enterprise.at);
        return none;
    }
    return row->hazard;
}

static bool find_home(struct registry_reader *reader, const struct registry_point_row *row,
                      struct home *home)
{
    struct registry_draft *draft = reader->draft;
    struct hz_slice enterprise;

    if (!find_enterprise(reader, row, &enterprise))
        return false;
    home->hazard_key = hazard_key(reader, row, enterprise, home->text);
    home->hazard =
        registry__refer(reader, HZ_NAMED_HAZARD, home->hazard_key, "hazard", "hazards.csv");
    if (home->hazard == 0)
        return false;
    const struct hz_hazard *hazard =
        registry__row(&draft->registry->rows[HZ_NAMED_HAZARD], home->hazard, sizeof(*hazard));
    home->enterprise = hazard->enterprise;
    return true;
}

static uint32_t find_gateway(struct registry_reader *reader, const struct registry_point_row *row,
                             uint32_t enterprise)
{
    struct registry_draft *draft = reader->draft;
    const struct hz_gateway *gateway;
    uint32_t id;

    if (row->gateway.length == 0) {
        id = enterprise ? *(uint32_t *)registry__row(&draft->only_gateway, enterprise, sizeof(id))
                        : 0;
        if (row->alive_by == HZ_ALIVE_BY_GATEWAY && enterprise && (id == 0 || id == UINT32_MAX) &&
            !draft->lost[HZ_NAMED_GATEWAY])
            REGISTRY_WRONG(reader, registry__cell(reader, "alive_by"), "fill the column gateway",
                           "alive_by: the enterprise has %s, and the row names none",
                           id == 0 ? "no gateway" : "several gateways");
        return id == UINT32_MAX ? 0 : id;
    }
    id = registry__refer(reader, HZ_NAMED_GATEWAY, row->gateway, "gateway", "gateways.csv");
    if (id == 0)
        return 0;
    gateway = registry__row(&draft->registry->rows[HZ_NAMED_GATEWAY], id, sizeof(*gateway));
    if (gateway->enterprise != enterprise && gateway->enterprise && enterprise) {
        struct registry_spot spot = registry__spot(reader, registry__cell(reader, "gateway"));

        hz_diagnose_warning(
            draft->diagnostics, reader->file->path, spot.line, spot.column, NULL,
            "gateway: %.*s is one of enterprise %s", (int)row->gateway.length, row->gateway.at,
            hz_names_key(draft->names, HZ_NAMED_ENTERPRISE, gateway->enterprise).at);
    }
    return id;
}

/* --- numbers --- */

static bool check_range(struct registry_reader *reader, const struct hz_point_limits *limits)
{
    bool low = !isnan(limits->range_low), high = !isnan(limits->range_high);

    if (low && high && limits->range_low >= limits->range_high) {
        REGISTRY_WRONG(reader, registry__cell(reader, "range_high"), NULL,
                       "range_high: %g is not above range_low (%g)", limits->range_high,
                       limits->range_low);
        return false;
    }
    return low && high;
}

static void check_limits(struct registry_reader *reader, const struct hz_point_limits *limits)
{
    unsigned below = 0;
    bool ranged = check_range(reader, limits);

    for (unsigned level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++) {
        double limit = limits->limit[level];

        if (isnan(limit))
            continue;
        if (below && limits->limit[below] >= limit)
            REGISTRY_WRONG(reader, registry__cell(reader, hz_level_word(level)),
                           "the order is LL < L < H < HH", "%s: %g is not above %s (%g)",
                           hz_level_word(level), limit, hz_level_word(below), limits->limit[below]);
        if (ranged && (limit < limits->range_low || limit > limits->range_high))
            REGISTRY_WRONG(reader, registry__cell(reader, hz_level_word(level)),
                           "a limit that no value can reach never raises an alarm",
                           "%s: %g is outside the range %g to %g", hz_level_word(level), limit,
                           limits->range_low, limits->range_high);
        below = level;
    }
    if (ranged && limits->deadband >= limits->range_high - limits->range_low)
        REGISTRY_WRONG(reader, registry__cell(reader, "deadband"), NULL,
                       "deadband: %g is as wide as the range: an alarm would never clear",
                       limits->deadband);
}

static uint32_t ms_of(int64_t ns)
{
    return ns < 0 ? 0 : (uint32_t)(ns / HZ_NS_PER_MS); /* at most 30 days */
}

/* --- other names --- */

static void add_aliases(struct registry_reader *reader, const struct registry_point_row *row,
                        uint32_t id, const struct hz_point *point, uint32_t enterprise,
                        const struct hz_point_extra *extra)
{
    struct hz_slice rest = row->old_ids, word;

    registry__alias(reader, id, point, enterprise, point->tag, (uint32_t)row->tag.length, "tag");
    registry__alias(reader, id, point, enterprise, extra->ext_code, (uint32_t)row->ext_code.length,
                    "ext_code");
    while (registry__next_word(&rest, &word))
        registry__alias(reader, id, point, enterprise,
                        extra->old_ids + (hz_string)(word.at - row->old_ids.at),
                        (uint32_t)word.length, "old_ids");
}

static struct hz_point_extra extra_of(struct registry_draft *draft,
                                      const struct registry_point_row *row)
{
    return (struct hz_point_extra){.cas = registry__intern(draft, row->cas),
                                   .vote_group = registry__intern(draft, row->vote_group),
                                   .in_service_from = registry__intern(draft, row->in_service_from),
                                   .ext_code = registry__string(draft, row->ext_code),
                                   .old_ids = registry__string(draft, row->old_ids)};
}

static void keep_extra(struct registry_draft *draft, uint32_t id,
                       const struct hz_point_extra *extra)
{
    struct registry_pages *extras = &draft->registry->extras;
    struct registry_extra one = {id, *extra};
    size_t at = extras->used;

    if (!extra->cas && !extra->vote_group && !extra->in_service_from && !extra->ext_code &&
        !extra->old_ids)
        return;
    if (registry__pages_use(extras, at + sizeof(one)))
        memcpy(extras->at + at, &one, sizeof(one));
    else
        draft->code = -ENOMEM;
}

static void put_point(struct registry_reader *reader, const struct registry_point_row *row,
                      const struct home *home, uint32_t id)
{
    struct registry_draft *draft = reader->draft;
    struct hz_slice name = row->name.length > 0 ? row->name : row->code;
    struct hz_point_extra extra = extra_of(draft, row);
    struct hz_point point = {.hazard = home->hazard,
                             .gateway = find_gateway(reader, row, home->enterprise),
                             .name = registry__string(draft, name),
                             .tag = registry__string(draft, row->tag),
                             .interval_ms = ms_of(row->interval_ns),
                             .stale_after_ms = ms_of(row->stale_after_ns),
                             .kind = registry__word(reader, row->kind),
                             .unit = registry__word(reader, row->unit),
                             .tags = registry__word(reader, row->tags),
                             .alive_by = row->alive_by,
                             .mode = row->mode};

    *(struct hz_point *)registry__row(&draft->registry->rows[HZ_NAMED_POINT], id, sizeof(point)) =
        point;
    *(struct hz_point_limits *)registry__row(&draft->registry->limits, id, sizeof(row->limits)) =
        row->limits;
    keep_extra(draft, id, &extra);
    add_aliases(reader, row, id, &point, home->enterprise, &extra);
    draft->registry->point_total++;
}

void registry__take_point(struct registry_reader *reader, const void *from)
{
    const struct registry_point_row *row = from;
    struct home home;
    char text[REGISTRY_KEY_BYTES];
    struct hz_slice key;

    registry__check_pair(reader, "range_low", row->limits.range_low, "range_high",
                         row->limits.range_high);
    check_limits(reader, &row->limits);
    if (!find_home(reader, row, &home))
        return;
    key = registry__join(reader, home.hazard_key, row->code, text);
    if (key.length == 0)
        return;
    uint32_t id = registry__define(reader, HZ_NAMED_POINT, key, "code");
    if (id > 0)
        put_point(reader, row, &home, id);
}
