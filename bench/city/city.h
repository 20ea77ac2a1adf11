/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the simulated city share: a city of invented names (its division code 9901 is
 * assigned to no place) whose tanks, plants and detectors have real units and limits. catalogue.c says
 * what there can be, town.c builds one out of it, life.c moves the values and plays the script,
 * folder.c writes the configuration, city.c publishes.
 */
#ifndef HAZARD_CITY_H
#define HAZARD_CITY_H

#include "hz_text.h"

#include <stdbool.h>
#include <stdint.h>

/* Each point has a reading and each gateway a heart-beat in this time: a silent gateway shows after
 * three of them. */
#define CITY_INTERVAL_MS 3000

/* --- what there can be --- */

enum city_level { CITY_LL, CITY_L, CITY_H, CITY_HH, CITY_LEVELS };

/* A measurement: its range and limits as in points.csv, and where it lives as long as nothing happens:
 * within the limits by more than any deadband. */
struct city_measure {
    const char *letters; /* of the instrument: LT, PT, TT, GT (toxic), GC (combustible) */
    const char *kind, *tags, *unit;
    const char *name; /* behind the object's: 液位 */
    double range_low, range_high;
    double limits[CITY_LEVELS]; /* NaN = none */
    double calm_low, calm_high;
    int decimals;
};

/* So many objects of a kind, each with its measurements. */
struct city_part {
    const char *object; /* 液氨球罐 */
    const char *cas;
    unsigned count;
    const struct city_measure *measures[4]; /* NULL ends them */
};

/* A hazard source. */
struct city_unit {
    const char *letters, *name, *kind;
    unsigned level; /* 1 is the worst */
    struct city_part parts[4];
};

/* A kind of enterprise: the end of its name, its hazard sources, and how many in a hundred are so. */
struct city_trade {
    const char *name;
    unsigned percent;
    const struct city_unit *units[4];
};

enum city_trade_id { CITY_FERTILIZER, CITY_CHLORALKALI, CITY_STORAGE, CITY_FINE, CITY_METHANOL,
                     CITY_LPG, CITY_COLD, CITY_WATER, CITY_TRADES };
extern const struct city_trade city_trades[CITY_TRADES];
extern const struct city_measure city_ammonia_level, city_chlorine_gas; /* the script's */

/* --- the city --- */

#define CITY_DISTRICTS      6
#define CITY_PARKS_DISTRICT 2
#define CITY_CODE_BYTES     24
#define CITY_NAME_BYTES     160

struct city_point {
    const struct city_measure *measure;
    const struct city_part *part;
    uint8_t unit;     /* of its enterprise's trade */
    uint8_t number;   /* within the unit and instrument: LT101, LT102 */
    uint8_t object;   /* 1# */
    double value;
    int64_t due_ns;   /* of its next reading, single values */
    bool acting;      /* the script has it */
};

struct city_enterprise {
    char code[CITY_CODE_BYTES];
    char name[CITY_NAME_BYTES];
    const struct city_trade *trade;
    unsigned park;
    bool map; /* its gateway sends all points in one map; else single values */
    double lon, lat;
    uint32_t first, count; /* points */
    int64_t due_ns;        /* of the gateway's next heart-beat and map */
    bool silent;           /* the script has cut it off */
};

struct city {
    struct city_enterprise *enterprises;
    struct city_point *points;
    uint32_t enterprise_count, point_count;
    uint64_t random;
};

int city_build(struct city *city, uint32_t enterprises, uint64_t seed);
void city_free(struct city *city);

void city_park_code(unsigned park, struct hz_text *to);
void city_park_name(unsigned park, struct hz_text *to);
const char *city_district_code(unsigned park);
/* "TF01", "LT101", "LT-101", 1#液氨球罐液位 */
void city_unit_code(const struct city_trade *trade, unsigned unit, struct hz_text *to);
void city_point_code(const struct city_point *point, struct hz_text *to);
void city_point_tag(const struct city_point *point, struct hz_text *to);
void city_point_name(const struct city_point *point, struct hz_text *to);

/* --- its life --- */

/* In [0, 1). */
double city_random(struct city *city);
/* A step of the point's slow walk; acting points are moved by the script alone. */
void city_walk(struct city *city, struct city_point *point);

/* The script, from its start again every CITY_SCRIPT_S, each time with other actors. Moves the acting
 * points and sets `silent`; tells on stderr what begins and ends when `tell`. */
#define CITY_SCRIPT_S 90
struct city_script {
    int64_t start_ns;
    unsigned round;
    int told; /* scenes announced in this round */
    struct city_point *tank, *detectors[3];
    struct city_enterprise *overfilled, *leaking, *cut;
    double tank_calm; /* where the level was when the round began */
    bool tell;
};
void city_play(struct city *city, struct city_script *script, int64_t now_ns);

/* --- its configuration --- */

struct city_folder {
    const char *folder, *rules; /* rules: the shipped config/rules.d */
    const char *address, *redis;
};
/* The rules are the shipped ones, ten times quicker, so that a demonstration of half a minute shows
 * what else takes five. 0 or a negative code. */
int city_write_folder(const struct city *city, const struct city_folder *folder);

#endif
