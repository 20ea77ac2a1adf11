/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds a city out of the catalogue: the same for the same size and seed. Names are invented by
 * joining syllables; any likeness is chance.
 */
#include "city.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *code, *name;
} districts[CITY_DISTRICTS] = {{"990102", "临江"}, {"990103", "青屿"}, {"990104", "石浦"},
                               {"990121", "沙渡"}, {"990122", "白岭"}, {"990181", "云港"}};

static const char *const park_names[CITY_PARKS_DISTRICT] = {"化工园区", "精细化工产业园"};

static const char *const first_syllables[] = {"恒", "安", "永", "鼎", "瑞", "华", "宏", "天",
                                              "金", "新", "万", "东", "海", "中", "嘉", "正"};
static const char *const last_syllables[] = {"源", "丰", "和", "达", "泰", "润", "康", "盛",
                                             "利", "兴", "昌", "隆", "科", "信", "通"};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SplitMix64, as in load/readings.c. */
static uint64_t random_next(struct city *city)
{
    uint64_t z = city->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

double city_random(struct city *city)
{
    return (double)(random_next(city) >> 11) * 0x1p-53;
}

/* --- codes and names --- */

const char *city_district_code(unsigned park)
{
    return districts[park / CITY_PARKS_DISTRICT].code;
}

void city_park_code(unsigned park, struct hz_text *to)
{
    hz_text_format(to, "%sP%02u", city_district_code(park), park % CITY_PARKS_DISTRICT + 1);
}

void city_park_name(unsigned park, struct hz_text *to)
{
    hz_text_puts(to, districts[park / CITY_PARKS_DISTRICT].name);
    hz_text_puts(to, park_names[park % CITY_PARKS_DISTRICT]);
}

void city_unit_code(const struct city_trade *trade, unsigned unit, struct hz_text *to)
{
    hz_text_format(to, "%s%02u", trade->units[unit]->letters, unit + 1);
}

void city_point_code(const struct city_point *point, struct hz_text *to)
{
    hz_text_format(to, "%s%u%02u", point->measure->letters, point->unit + 1u, point->number);
}

void city_point_tag(const struct city_point *point, struct hz_text *to)
{
    hz_text_format(to, "%s-%u%02u", point->measure->letters, point->unit + 1u, point->number);
}

void city_point_name(const struct city_point *point, struct hz_text *to)
{
    hz_text_format(to, "%u#%s%s", point->object, point->part->object, point->measure->name);
}

/* --- building --- */

/* Trades in their percentages, one after the other and again: every part of the city has all. */
static const struct city_trade *trade_of(uint32_t enterprise)
{
    unsigned place = enterprise * 37 % 100; /* 37 has no factor with 100: each place once */

    for (unsigned i = 0; i < CITY_TRADES; i++) {
        if (place < city_trades[i].percent)
            return &city_trades[i];
        place -= city_trades[i].percent;
    }
    return &city_trades[CITY_TRADES - 1];
}

static void name_enterprise(struct city_enterprise *enterprise, uint32_t index)
{
    const unsigned park = enterprise->park;
    struct hz_text code = hz_text_in(enterprise->code, sizeof(enterprise->code));
    struct hz_text name = hz_text_in(enterprise->name, sizeof(enterprise->name));

    hz_text_format(&code, "%s%03u", city_district_code(park), index / CITY_DISTRICTS + 1);
    hz_text_puts(&name, districts[park / CITY_PARKS_DISTRICT].name);
    /* All 240 pairs, then again by one further: no name comes twice in a city of 300. */
    hz_text_puts(&name, first_syllables[index % COUNT(first_syllables)]);
    hz_text_puts(&name, last_syllables[(index + index / 240) % COUNT(last_syllables)]);
    hz_text_puts(&name, enterprise->trade->name);
}

/* Parks lie on a grid about 11 km apart, enterprises within 2 km of their park. */
static void place_enterprise(struct city *city, struct city_enterprise *enterprise)
{
    enterprise->lon = 120.65 + 0.11 * (enterprise->park % 4) + 0.04 * (city_random(city) - 0.5);
    enterprise->lat = 27.85 + 0.10 * (enterprise->park / 4) + 0.04 * (city_random(city) - 0.5);
}

static unsigned points_of(const struct city_unit *unit)
{
    unsigned count = 0;

    for (const struct city_part *part = unit->parts; part < unit->parts + 4; part++) {
        for (unsigned i = 0; i < 4 && part->measures[i]; i++)
            count += part->count;
    }
    return count;
}

/* The next number of an instrument within its unit: LT101, LT102, PT101. */
static uint8_t number_of(const struct city_point *points, uint32_t count, unsigned unit,
                         const char *letters)
{
    unsigned number = 1;

    for (uint32_t i = 0; i < count; i++)
        number += points[i].unit == unit && strcmp(points[i].measure->letters, letters) == 0;
    return (uint8_t)number; /* the catalogue has no unit with 100 */
}

static void equip(struct city *city, struct city_enterprise *enterprise, unsigned unit,
                  const struct city_part *part, unsigned object)
{
    struct city_point *own = city->points + enterprise->first;

    for (unsigned i = 0; i < 4 && part->measures[i]; i++) {
        const struct city_measure *measure = part->measures[i];
        own[enterprise->count] = (struct city_point){
            .measure = measure,
            .part = part,
            .unit = (uint8_t)unit,
            .number = number_of(own, enterprise->count, unit, measure->letters),
            .object = (uint8_t)object,
            .value = measure->calm_low +
                     (measure->calm_high - measure->calm_low) * (0.3 + 0.4 * city_random(city)),
        };
        enterprise->count++;
        city->point_count++;
    }
}

static void settle(struct city *city, uint32_t index)
{
    struct city_enterprise *enterprise = &city->enterprises[index];

    *enterprise = (struct city_enterprise){
        .trade = trade_of(index),
        .park = index % CITY_DISTRICTS * CITY_PARKS_DISTRICT +
                index / CITY_DISTRICTS % CITY_PARKS_DISTRICT,
        .map = index % 5 == 4, /* one in five */
        .first = city->point_count,
    };
    name_enterprise(enterprise, index);
    place_enterprise(city, enterprise);
    for (unsigned unit = 0; unit < 4 && enterprise->trade->units[unit]; unit++) {
        const struct city_part *parts = enterprise->trade->units[unit]->parts;
        for (unsigned part = 0; part < 4; part++) {
            for (unsigned object = 1; object <= parts[part].count; object++)
                equip(city, enterprise, unit, &parts[part], object);
        }
    }
}

int city_build(struct city *city, uint32_t enterprises, uint64_t seed)
{
    size_t points = 0;

    *city = (struct city){.enterprise_count = enterprises, .random = seed};
    for (uint32_t i = 0; i < enterprises; i++) {
        for (unsigned unit = 0; unit < 4 && trade_of(i)->units[unit]; unit++)
            points += points_of(trade_of(i)->units[unit]);
    }
    city->enterprises = calloc(enterprises, sizeof(*city->enterprises));
    city->points = calloc(points, sizeof(*city->points));
    if (!city->enterprises || !city->points) {
        city_free(city);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < enterprises; i++)
        settle(city, i);
    return 0;
}

void city_free(struct city *city)
{
    free(city->enterprises);
    free(city->points);
}
