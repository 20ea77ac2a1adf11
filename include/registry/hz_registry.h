/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Who should be on line: parks, enterprises, hazard sources, gateways, points, from the CSV
 *         files of a set. Rows are found by id; ids come from hz_names and stay the same over every
 *         change of the registry.
 * WAY     hz_files -> here -> compiler, engine (columns it needs), output (texts)
 * THREAD  immutable once parsed (but hz_registry_drop_limits): any
 * OWNS    its texts; keys belong to hz_names, which must live longer
 * FULL    bounds of hz_limits.h are diagnostics
 */
#ifndef HZ_REGISTRY_H
#define HZ_REGISTRY_H

#include "hz_config.h"
#include "hz_files.h"
#include "hz_names.h"

#include <stdint.h>

/* Offset of a NUL-terminated text in the registry; 0 = "". */
typedef uint32_t hz_string;

struct hz_park {
    bool present;
    hz_string name, district;
    double lon, lat;
};

struct hz_enterprise {
    bool present;
    uint32_t park; /* struct hz_park_id, 0 = none */
    hz_string name, district, status, ext;
    double lon, lat; /* WGS-84; NaN = unknown */
};

struct hz_hazard {
    bool present;
    uint8_t level; /* 1-4 (GB 18218), 0 = not given */
    uint32_t enterprise;
    hz_string name, kind, plan, camera;
    uint32_t population; /* for alpha of GB 18218; 0 = not given */
    double lon, lat;
};

struct hz_gateway {
    bool present;
    uint32_t enterprise;
    uint32_t feed; /* struct hz_feed_id, 0 = not said */
    hz_string name, client_id, heartbeat_topic;
    uint32_t interval_ms; /* 0 = not given */
};

enum hz_alive_by { HZ_ALIVE_BY_READING = 0, HZ_ALIVE_BY_GATEWAY = 1 };

/* Kept small: a million of these must fit the memory bar. Rare columns (cas, vote_group, ext_code,
 * in_service_from) are kept apart: hz_point_extra. `tag` is the instrument's own (LT-101A), unlike any
 * other's within the gateway; `tags` are words that many points share and rules select by. */
struct hz_point {
    uint32_t hazard;  /* 0 = the point is not in this registry */
    uint32_t gateway; /* 0 = none */
    hz_string name, tag;
    uint32_t interval_ms;    /* expected interval; 0 = not given */
    uint32_t stale_after_ms; /* 0 = not given */
    uint16_t kind, unit;     /* hz_registry_word */
    uint16_t tags;           /* hz_registry_word: words with spaces or ';' between; hz_registry_has_tag */
    uint8_t alive_by;        /* enum hz_alive_by */
    uint8_t mode;            /* enum hz_mode: LIVE, or TRIAL: no alarm of it rings, and it is not counted */
};

/* Columns that only the compiler reads; dropped after it. NaN = empty cell. */
struct hz_point_limits {
    double range_low, range_high;
    double limit[HZ_LEVEL_END]; /* by enum hz_level; [0] unused */
    double deadband;
    int64_t delay_ns; /* < 0 = empty */
};

struct hz_point_extra {
    hz_string cas, vote_group, ext_code, in_service_from;
    hz_string old_ids; /* with spaces or ';' between */
};

struct hz_registry;

/* Parses the CSV files (columns: docs/registry.md); feeds of gateways are matched with `config`. New
 * keys, and the feeds of `config`, get ids in `names`, but only when nothing is wrong. Everything wrong
 * goes to `diagnostics` (all rows of all files are read); with errors nothing is returned and the code
 * is HZ_ECONFIG. */
int hz_registry_parse(const struct hz_files *files, const struct hz_config *config, struct hz_names *names,
                      struct hz_diagnostics *diagnostics, struct hz_registry **ret_registry) HZ_MUST_USE;
void hz_registry_free(struct hz_registry *registry);

/* Rows by id; NULL when the id is not in this registry. `count` functions give the highest id + 1. */
const struct hz_point *hz_registry_point(const struct hz_registry *registry, uint32_t point);
const struct hz_hazard *hz_registry_hazard(const struct hz_registry *registry, uint32_t hazard);
const struct hz_enterprise *hz_registry_enterprise(const struct hz_registry *registry, uint32_t enterprise);
const struct hz_park *hz_registry_park(const struct hz_registry *registry, uint32_t park);
const struct hz_gateway *hz_registry_gateway(const struct hz_registry *registry, uint32_t gateway);
uint32_t hz_registry_point_end(const struct hz_registry *registry);
uint32_t hz_registry_hazard_end(const struct hz_registry *registry);
uint32_t hz_registry_enterprise_end(const struct hz_registry *registry);
uint32_t hz_registry_park_end(const struct hz_registry *registry);
uint32_t hz_registry_gateway_end(const struct hz_registry *registry);
uint32_t hz_registry_point_total(const struct hz_registry *registry); /* rows really present */

const struct hz_point_limits *hz_registry_limits(const struct hz_registry *registry, uint32_t point);
const struct hz_point_extra *hz_registry_extra(const struct hz_registry *registry, uint32_t point); /* NULL = none */
/* Where the point's row stands; file NULL: not known (no such point, or limits were dropped). */
struct hz_registry_place {
    const char *file;
    uint32_t line;
};
struct hz_registry_place hz_registry_point_place(const struct hz_registry *registry, uint32_t point);
void hz_registry_drop_limits(struct hz_registry *registry); /* before it is shared */

const char *hz_registry_string(const struct hz_registry *registry, hz_string string);
const char *hz_registry_word(const struct hz_registry *registry, uint16_t word); /* kinds, units, tags */
/* Is `word` the point's tag, or one of its tags? What `select: {tag: word}` asks. */
bool hz_registry_has_tag(const struct hz_registry *registry, const struct hz_point *point, const char *word);
const struct hz_names *hz_registry_names(const struct hz_registry *registry);

size_t hz_registry_bytes(const struct hz_registry *registry);

#endif
