/* SPDX-License-Identifier: Apache-2.0
 *
 * Every column of every file, once. The order of columns in a file is free; what is not here is a fault.
 * docs/registry.md has a table per file that a test compares with these rows.
 */
#include "registry_priv.h"

#include "hz_clock.h"

#include <math.h>

#define S (double)HZ_NS_PER_S
#define D (86400 * S)

const struct registry_word registry__statuses[] = {{"building", 1}, {"trial", 2},  {"running", 3},
                                                   {"stopped", 4},  {"closed", 5}, {NULL, 0}};
static const struct registry_word levels[] = {{"1", 1}, {"2", 2}, {"3", 3}, {"4", 4}, {NULL, 0}};
static const struct registry_word modes[] = {
    {"live", HZ_MODE_LIVE}, {"trial", HZ_MODE_TRIAL}, {NULL, 0}};
static const struct registry_word lives[] = {
    {"reading", HZ_ALIVE_BY_READING}, {"gateway", HZ_ALIVE_BY_GATEWAY}, {NULL, 0}};

#define TABLE(title, type, named, rows, empty_row, function)                                       \
    {.file = title ".csv",                                                                         \
     .what = #type,                                                                                \
     .kind = HZ_NAMED_##named,                                                                     \
     .columns = rows,                                                                              \
     .count = sizeof(rows) / sizeof(rows[0]),                                                      \
     .empty = &(empty_row),                                                                        \
     .bytes = sizeof(struct registry_##type##_row),                                                \
     .take = function};                                                                            \
    _Static_assert(sizeof(rows) / sizeof(rows[0]) <= REGISTRY_COLUMNS_MAX &&                       \
                       sizeof(struct registry_##type##_row) <= REGISTRY_ROW_BYTES_MAX,             \
                   "the reader has room for it")

#define LON(row)                                                                                   \
    {                                                                                              \
        .name = "lon", .type = REGISTRY_NUMBER, .offset = offsetof(struct row, lon), .min = -180,  \
        .max = 180, .help = "longitude, WGS-84 degrees"                                            \
    }
#define LAT(row)                                                                                   \
    {                                                                                              \
        .name = "lat", .type = REGISTRY_NUMBER, .offset = offsetof(struct row, lat), .min = -90,   \
        .max = 90, .help = "latitude, WGS-84 degrees"                                              \
    }

#define AT(member) .offset = offsetof(struct registry_park_row, member)
static const struct registry_column parks[] = {
    {AT(code), .name = "code", .type = REGISTRY_CODE, .required = true,
     .help = "id of the park, for ever"},
    {AT(name), .name = "name", .type = REGISTRY_TEXT, .help = "name for people; empty: the code"},
    {AT(district), .name = "district", .type = REGISTRY_WORD,
     .help = "administrative division code"},
    LON(registry_park_row),
    LAT(registry_park_row),
};
#undef AT

#define AT(member) .offset = offsetof(struct registry_enterprise_row, member)
static const struct registry_column enterprises[] = {
    {AT(code), .name = "code", .type = REGISTRY_CODE, .required = true,
     .help = "id of the enterprise, for ever"},
    {AT(name), .name = "name", .type = REGISTRY_TEXT, .help = "name for people; empty: the code"},
    {AT(park), .name = "park", .type = REGISTRY_CODE, .help = "code of its park in parks.csv"},
    {AT(district), .name = "district", .type = REGISTRY_WORD,
     .help = "administrative division code; empty: the park's"},
    {AT(status), .name = "status", .type = REGISTRY_CHOICE, .words = registry__statuses,
     .help = "building, trial, running, stopped or closed"},
    {AT(ext), .name = "ext", .type = REGISTRY_TEXT, .help = "carried along into every alert"},
    LON(registry_enterprise_row),
    LAT(registry_enterprise_row),
};
#undef AT

#define AT(member) .offset = offsetof(struct registry_hazard_row, member)
static const struct registry_column hazards[] = {
    {AT(enterprise), .name = "enterprise", .type = REGISTRY_CODE, .required = true,
     .help = "code of its enterprise in enterprises.csv"},
    {AT(code), .name = "code", .type = REGISTRY_CODE, .required = true,
     .help = "code within the enterprise, for ever; the id is enterprise/code"},
    {AT(name), .name = "name", .type = REGISTRY_TEXT, .help = "name for people; empty: the code"},
    {AT(level), .name = "level", .type = REGISTRY_CHOICE, .words = levels,
     .help = "1 (worst) to 4, by GB 18218-2018"},
    {AT(kind), .name = "kind", .type = REGISTRY_WORD, .help = "tank-farm, process, store, ..."},
    {AT(population), .name = "population", .type = REGISTRY_NUMBER, .min = 0, .max = 1e8,
     .help = "people within 500 m, for the factor alpha of GB 18218-2018"},
    {AT(plan), .name = "plan", .type = REGISTRY_TEXT, .help = "emergency plan, carried along"},
    {AT(camera), .name = "camera", .type = REGISTRY_TEXT,
     .help = "camera that shows it, carried along"},
    LON(registry_hazard_row),
    LAT(registry_hazard_row),
};
#undef AT

#define AT(member) .offset = offsetof(struct registry_gateway_row, member)
static const struct registry_column gateways[] = {
    {AT(code), .name = "code", .type = REGISTRY_CODE, .required = true,
     .help = "id of the gateway, for ever: what {gateway} stands for in a topic"},
    {AT(enterprise), .name = "enterprise", .type = REGISTRY_CODE, .required = true,
     .help = "code of its enterprise in enterprises.csv"},
    {AT(name), .name = "name", .type = REGISTRY_TEXT, .help = "name for people; empty: the code"},
    {AT(feed), .name = "feed", .type = REGISTRY_WORD, .help = "name of its feed in hazardd.yaml"},
    {AT(client_id), .name = "client_id", .type = REGISTRY_TEXT,
     .help = "its MQTT client identifier, or MN"},
    {AT(heartbeat_topic), .name = "heartbeat_topic", .type = REGISTRY_TEXT,
     .help = "topic of its sign of life"},
    {AT(interval_ns), .name = "interval", .type = REGISTRY_DURATION, .min = S / 1000, .max = 30 * D,
     .help = "longest time between two signs of life: 60s"},
};
#undef AT

#define AT(member)   .offset = offsetof(struct registry_point_row, member)
#define LIMIT(level) .offset = offsetof(struct registry_point_row, limits.limit[HZ_LEVEL_##level])
static const struct registry_column points[] = {
    {AT(enterprise), .name = "enterprise", .type = REGISTRY_CODE,
     .help = "code of the enterprise; in points.d/ the file's name says it"},
    {AT(hazard), .name = "hazard", .type = REGISTRY_KEY, .required = true,
     .help = "code of the hazard source in hazards.csv, or enterprise/code"},
    {AT(code), .name = "code", .type = REGISTRY_CODE, .required = true,
     .help = "code within the hazard source, for ever; the id is enterprise/hazard/code"},
    {AT(name), .name = "name", .type = REGISTRY_TEXT, .help = "name for people; empty: the code"},
    {AT(gateway), .name = "gateway", .type = REGISTRY_CODE,
     .help = "code in gateways.csv; empty: the enterprise's only one"},
    {AT(kind), .name = "kind", .type = REGISTRY_WORD,
     .help = "what is measured: level, pressure, temperature, gas, ..."},
    {AT(unit), .name = "unit", .type = REGISTRY_WORD,
     .help = "unit of values and limits: %LEL, MPa"},
    {AT(limits.range_low), .name = "range_low", .type = REGISTRY_NUMBER,
     .help = "low end of the measuring range; with range_high"},
    {AT(limits.range_high), .name = "range_high", .type = REGISTRY_NUMBER,
     .help = "high end of the measuring range; with range_low"},
    {LIMIT(LL), .name = "LL", .type = REGISTRY_NUMBER, .help = "low low limit; LL < L < H < HH"},
    {LIMIT(L), .name = "L", .type = REGISTRY_NUMBER, .help = "low limit"},
    {LIMIT(H), .name = "H", .type = REGISTRY_NUMBER, .help = "high limit"},
    {LIMIT(HH), .name = "HH", .type = REGISTRY_NUMBER, .help = "high high limit"},
    {AT(limits.deadband), .name = "deadband", .type = REGISTRY_NUMBER, .min = 0, .max = HUGE_VAL,
     .help = "how far back from a limit an alarm clears, in the unit"},
    {AT(limits.delay_ns), .name = "delay", .type = REGISTRY_DURATION, .min = 0, .max = D,
     .help = "how long a value must be at a limit: 5s"},
    {AT(interval_ns), .name = "interval", .type = REGISTRY_DURATION, .min = S / 1000, .max = 30 * D,
     .help = "time between two readings: 10s"},
    {AT(stale_after_ns), .name = "stale_after", .type = REGISTRY_DURATION, .min = S / 1000,
     .max = 30 * D,
     .help = "silent for so long it is stale; empty: the rule, 3 intervals or the feed says it"},
    {AT(alive_by), .name = "alive_by", .type = REGISTRY_CHOICE, .words = lives,
     .help = "reading (default); gateway: reports by exception, lives as long as its gateway"},
    {AT(mode), .name = "mode", .type = REGISTRY_CHOICE, .words = modes,
     .help =
         "live (default); trial: its alarms are published and never ring, it is not in coverage"},
    {AT(tag), .name = "tag", .type = REGISTRY_TEXT,
     .help = "instrument tag (LT-101A): one point's within a gateway"},
    {AT(tags), .name = "tags", .type = REGISTRY_WORDS,
     .help = "words that rules select by (tank, toxic), separated by spaces or ;"},
    {AT(ext_code), .name = "ext_code", .type = REGISTRY_TEXT,
     .help = "its code in another system: one point's within a gateway"},
    {AT(old_ids), .name = "old_ids", .type = REGISTRY_WORDS,
     .help = "ids it had before, separated by spaces or ;"},
    {AT(cas), .name = "cas", .type = REGISTRY_CAS,
     .help = "CAS number of the substance: 7664-41-7"},
    {AT(vote_group), .name = "vote_group", .type = REGISTRY_WORD,
     .help = "points that vote together"},
    {AT(in_service_from), .name = "in_service_from", .type = REGISTRY_DATE,
     .help = "first day of service: 2026-01-31"},
};
#undef AT

static const struct registry_park_row no_park = {.lon = NAN, .lat = NAN};
static const struct registry_enterprise_row no_enterprise = {.lon = NAN, .lat = NAN};
static const struct registry_hazard_row no_hazard = {.lon = NAN, .lat = NAN, .population = NAN};
static const struct registry_gateway_row no_gateway = {.interval_ns = -1};
static const struct registry_point_row no_point = {
    .limits = {.range_low = NAN,
               .range_high = NAN,
               .limit = {NAN, NAN, NAN, NAN, NAN},
               .deadband = NAN,
               .delay_ns = -1},
    .interval_ns = -1,
    .stale_after_ns = -1,
    .mode = HZ_MODE_LIVE,
};

const struct registry_table registry__parks =
    TABLE("parks", park, PARK, parks, no_park, registry__take_park);
const struct registry_table registry__enterprises = TABLE(
    "enterprises", enterprise, ENTERPRISE, enterprises, no_enterprise, registry__take_enterprise);
const struct registry_table registry__hazards =
    TABLE("hazards", hazard, HAZARD, hazards, no_hazard, registry__take_hazard);
const struct registry_table registry__gateways =
    TABLE("gateways", gateway, GATEWAY, gateways, no_gateway, registry__take_gateway);
const struct registry_table registry__points =
    TABLE("points", point, POINT, points, no_point, registry__take_point);
