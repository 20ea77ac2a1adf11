/* SPDX-License-Identifier: Apache-2.0
 *
 * The readings and what must become of them. How a hot point moves is one thing (`value_of`), what the
 * rule says of a value another (`judge`): the count of transitions comes from judging what is really
 * sent, never from what was meant.
 */
#include "load.h"

#include "hz_error.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PERIOD      10 /* readings of a hot point from one crossing to the next */
#define LATE_MS     5000 /* how far a late stamp lies behind: within any skew, so late and not wrong */
#define TOPIC_BYTES 128
#define ELEMENT     80 /* bytes of one reading in a payload, at most */

static char *payload; /* of the message under way; one world at a time */
static char topic[TOPIC_BYTES];

/* SplitMix64 (Steele, Lea, Flood 2014): full period, no state but the counter. */
static uint64_t random_next(struct load_world *world)
{
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int between(struct load_world *world, int least, int most)
{
    return least + (int)(random_next(world) % (uint64_t)(most - least + 1));
}

static bool chance(struct load_world *world, double share)
{
    return (double)(random_next(world) >> 11) * 0x1p-53 < share;
}

/* --- the points --- */

/* So many points cross every PERIOD readings that it is the share asked for; beyond a share of
 * 1/PERIOD all of them do, in a shorter time. Phases are spread: crossings come evenly. */
static void choose_hot(struct load_world *world, uint64_t total)
{
    const double share = world->options->cross;
    uint64_t hot = (uint64_t)llround(share * (double)total * PERIOD);
    uint32_t period = PERIOD;

    if (hot > total) {
        hot = total;
        period = (uint32_t)llround(1 / share);
    }
    /* Selection sampling (Knuth, 3.4.2 S): each set of `hot` points is as likely. */
    for (uint64_t i = 0, taken = 0; i < total && taken < hot; i++) {
        if (random_next(world) % (total - i) >= hot - taken)
            continue;
        world->all[i].period = period;
        world->all[i].turn = (uint32_t)(taken++ % period);
    }
}

int load_world_init(struct load_world *world, const struct load_options *options)
{
    const uint64_t total = options->enterprises * options->points;

    *world = (struct load_world){.options = options, .random = options->seed};
    world->all = calloc(total, sizeof(*world->all));
    payload = malloc(options->batch * ELEMENT + ELEMENT);
    if (!world->all || !payload) {
        load_world_done(world);
        return -ENOMEM;
    }
    choose_hot(world, total);
    return 0;
}

void load_world_done(struct load_world *world)
{
    free(world->all);
    free(payload);
    world->all = NULL;
    payload = NULL;
}

/* --- values --- */

/* One in four lies on the very edge, where >= and > part. */
static int with_edge(struct load_world *world, int least, int most, int edge)
{
    return random_next(world) % 4 == 0 ? edge : between(world, least, most);
}

static int value_of(struct load_world *world, struct load_point *point)
{
    const int clear = LOAD_LIMIT - LOAD_DEADBAND; /* the highest value that does not clear */
    bool crosses = false;

    if (point->period > 0 && ++point->turn >= point->period) {
        point->turn = 0;
        point->high = !point->high;
        crosses = true;
    }
    if (!crosses && random_next(world) % 4 == 0)
        return with_edge(world, clear, LOAD_LIMIT - 1, point->high ? clear : LOAD_LIMIT - 1);
    return point->high ? with_edge(world, LOAD_LIMIT, 9999, LOAD_LIMIT)
                       : with_edge(world, 2000, clear - 1, clear - 1);
}

/* The rule itself: raised at v >= limit, cleared at v < limit - deadband. */
static void judge(struct load_counts *counts, struct load_point *point, int value)
{
    if (!point->alarm && value >= LOAD_LIMIT) {
        point->alarm = true;
        counts->raises++;
        counts->active++;
    } else if (point->alarm && value < LOAD_LIMIT - LOAD_DEADBAND) {
        point->alarm = false;
        counts->clears++;
        counts->active--;
    } else if (value >= LOAD_LIMIT - LOAD_DEADBAND && value < LOAD_LIMIT) {
        counts->grazing++;
    }
}

/* --- texts --- */

void load_enterprise_code(uint64_t enterprise, struct hz_text *to)
{
    hz_text_format(to, "E%04llu", (unsigned long long)(enterprise + 1));
}

void load_point_code(uint64_t point, struct hz_text *to)
{
    hz_text_format(to, "H%02llu/P%04llu", (unsigned long long)(point / LOAD_HAZARD_POINTS + 1),
                   (unsigned long long)(point + 1));
}

static void put_value(struct hz_text *to, int value)
{
    const char digits[5] = {(char)('0' + value / 1000), (char)('0' + value / 100 % 10), '.',
                            (char)('0' + value / 10 % 10), (char)('0' + value % 10)};

    hz_text_add(to, digits, sizeof(digits));
}

static void put_reading(struct hz_text *to, enum load_format format, bool first, uint64_t point,
                        int64_t stamp_ms, int value)
{
    if (format == LOAD_ARRAY) {
        hz_text_puts(to, first ? "[{\"name\":\"" : ",{\"name\":\"");
        load_point_code(point, to);
        hz_text_puts(to, "\",");
    }
    if (format == LOAD_VALUE || (format == LOAD_MAP && first))
        hz_text_puts(to, "{");
    if (format != LOAD_MAP || first) {
        hz_text_puts(to, "\"ts\":");
        hz_text_int(to, stamp_ms);
    }
    if (format == LOAD_MAP) {
        hz_text_puts(to, first ? ",\"values\":{\"" : ",\"");
        load_point_code(point, to);
        hz_text_puts(to, "\":");
    } else {
        hz_text_puts(to, ",\"v\":");
    }
    put_value(to, value);
    if (format != LOAD_MAP)
        hz_text_puts(to, "}");
}

static void put_end(struct hz_text *to, enum load_format format)
{
    if (format == LOAD_MAP)
        hz_text_puts(to, "}}");
    else if (format == LOAD_ARRAY)
        hz_text_puts(to, "]");
}

/* Where folder.c's filters expect it: the name of a map's or array's point is in the payload. */
static void put_topic(struct hz_text *to, enum load_format format, uint64_t enterprise,
                      uint64_t point)
{
    hz_text_puts(to, "hz/");
    load_enterprise_code(enterprise, to);
    hz_text_puts(to, format == LOAD_MAP ? "/map" : format == LOAD_ARRAY ? "/array" : "/");
    if (format == LOAD_VALUE)
        load_point_code(point, to);
}

/* --- messages --- */

/* `count` readings of an enterprise from `first` on; late ones say the contrary of what holds, so that
 * a consumer that judges them shows it. */
static void make(struct load_world *world, uint64_t enterprise, uint64_t first, uint64_t count,
                 int64_t stamp_ms, bool late, struct load_message *ret)
{
    const struct load_options *options = world->options;
    struct hz_text text = hz_text_in(payload, options->batch * ELEMENT + ELEMENT);
    struct hz_text name = hz_text_in(topic, sizeof(topic));

    put_topic(&name, options->format, enterprise, first);
    for (uint64_t i = 0; i < count; i++) {
        struct load_point *point = &world->all[enterprise * options->points + first + i];
        int value = !late ? value_of(world, point) : point->alarm ? 2000 : 9999;
        if (!late)
            judge(&world->counts, point, value);
        put_reading(&text, options->format, i == 0, first + i, late ? stamp_ms - LATE_MS : stamp_ms,
                    value);
    }
    put_end(&text, options->format);
    hz_assert(!text.overflow && !name.overflow);
    world->counts.messages++;
    world->counts.readings += count;
    world->counts.late += late ? count : 0;
    *ret = (struct load_message){
        enterprise, (uint32_t)count, {name.at, name.length}, {text.at, text.length}};
}

void load_world_next(struct load_world *world, int64_t stamp_ms, struct load_message *ret_message)
{
    const struct load_options *options = world->options;
    const uint64_t chunks = (options->points + options->batch - 1) / options->batch;

    if (world->late_point) {
        uint64_t point = world->late_point - 1;
        world->late_point = 0;
        make(world, point / options->points, point % options->points, 1, stamp_ms, true,
             ret_message);
        return;
    }
    uint64_t enterprise = world->next % options->enterprises;
    uint64_t first = world->next / options->enterprises % chunks * options->batch;
    uint64_t left = options->points - first;
    uint64_t count = left < options->batch ? left : options->batch;
    world->next++;
    make(world, enterprise, first, count, stamp_ms, false, ret_message);
    /* The share is of readings; a late one follows a timely one of the same point, never another late
     * one, so that no consumer may take it for a clock set back. */
    if (options->late > 0 && chance(world, options->late * (double)count))
        world->late_point = (uint32_t)(enterprise * options->points + first + 1);
}
