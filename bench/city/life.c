/* SPDX-License-Identifier: Apache-2.0
 *
 * How values move. Left alone, a point walks slowly within its calm range. The script of a round, in
 * seconds from its start, timed for rules ten times quicker than the shipped ones (folder.c):
 *
 *      5   an ammonia tank is overfilled: H at about 8, HH at about 13; let out from 20 on
 *      8   a gateway falls silent, and with it all points of a cold store, until 24
 *     12   chlorine leaks: three detectors of one store rise 2 s after each other; gone from 19 on
 */
#include "city.h"

#include <stdio.h>

#define NS_PER_S 1e9

void city_walk(struct city *city, struct city_point *point)
{
    const struct city_measure *measure = point->measure;
    const double width = measure->calm_high - measure->calm_low;
    const double middle = measure->calm_low + width / 2;

    if (point->acting)
        return;
    /* A step of 1 % of the width at most; the pull to the middle keeps it off the edges. */
    point->value += 0.02 * width * (city_random(city) - 0.5) + 0.004 * (middle - point->value);
    if (point->value < measure->calm_low)
        point->value = measure->calm_low;
    if (point->value > measure->calm_high)
        point->value = measure->calm_high;
}

/* --- the script --- */

/* A line through (second, value), held before the first and after the last. */
struct knot {
    double s, value;
};

static double on_line(const struct knot *knots, size_t count, double s)
{
    for (size_t i = 1; i < count; i++) {
        if (s < knots[i].s) {
            double share = (s - knots[i - 1].s) / (knots[i].s - knots[i - 1].s);
            share = share < 0 ? 0 : share;
            return knots[i - 1].value + share * (knots[i].value - knots[i - 1].value);
        }
    }
    return knots[count - 1].value;
}

#define TANK_FROM_S 5.0
#define TANK_TO_S   26.0
#define CUT_FROM_S  8.0
#define CUT_TO_S    24.0
#define LEAK_FROM_S 12.0
#define LEAK_TO_S   22.0

static double tank_level(double calm, double s)
{
    const struct knot knots[] = {{TANK_FROM_S, calm}, {8, 86},  {13, 90.2},
                                 {18, 92.6},          {20, 92}, {24, 76}};

    return on_line(knots, sizeof(knots) / sizeof(knots[0]), s);
}

/* The n-th detector: to 2.6 times the limit within 2 s, and back. */
static double detector(unsigned n, double s)
{
    const double from = LEAK_FROM_S + 2 * n, limit = city_chlorine_gas.limits[CITY_H];
    const struct knot knots[] = {
        {from, 0.05 * limit}, {from + 2, 2.6 * limit}, {19, 2.4 * limit}, {20.5, 0.1 * limit}};

    return on_line(knots, sizeof(knots) / sizeof(knots[0]), s);
}

/* The n-th enterprise of a trade, counted round, of those that send each value at once: what the
 * script moves must be seen to move. NULL: the city is too small for the scene. */
static struct city_enterprise *enterprise_of(struct city *city, enum city_trade_id trade,
                                             unsigned n)
{
    struct city_enterprise *fitting[16];
    unsigned count = 0;

    for (uint32_t i = 0; i < city->enterprise_count && count < 16; i++) {
        struct city_enterprise *enterprise = &city->enterprises[i];
        if (enterprise->trade == &city_trades[trade] && !enterprise->map)
            fitting[count++] = enterprise;
    }
    return count > 0 ? fitting[n % count] : NULL;
}

/* Up to `most` points of the first hazard source with this measure. */
static unsigned find_points(struct city *city, const struct city_enterprise *enterprise,
                            const struct city_measure *measure, struct city_point **found,
                            unsigned most)
{
    unsigned count = 0;

    for (uint32_t i = 0; enterprise && i < enterprise->count && count < most; i++) {
        struct city_point *point = &city->points[enterprise->first + i];
        if (point->unit == 0 && point->measure == measure)
            found[count++] = point;
    }
    return count;
}

static void cast_round(struct city *city, struct city_script *script)
{
    const unsigned round = script->round;

    script->overfilled = enterprise_of(city, CITY_FERTILIZER, round);
    script->leaking = enterprise_of(city, CITY_CHLORALKALI, round);
    script->cut = enterprise_of(city, CITY_COLD, round);
    script->told = 0;
    if (find_points(city, script->overfilled, &city_ammonia_level, &script->tank, 1) == 1) {
        script->tank->acting = true;
        script->tank_calm = script->tank->value;
    } else {
        script->overfilled = NULL;
    }
    if (find_points(city, script->leaking, &city_chlorine_gas, script->detectors, 3) < 3)
        script->leaking = NULL;
    for (unsigned i = 0; script->leaking && i < 3; i++)
        script->detectors[i]->acting = true;
}

static void dismiss_round(struct city_script *script)
{
    if (script->overfilled)
        script->tank->acting = false;
    for (unsigned i = 0; script->leaking && i < 3; i++)
        script->detectors[i]->acting = false;
    if (script->cut)
        script->cut->silent = false;
}

static void tell(struct city_script *script, double s)
{
    const struct {
        double s;
        const struct city_enterprise *who;
        const char *what;
    } scenes[] = {
        {TANK_FROM_S, script->overfilled, "an ammonia tank is being overfilled"},
        {CUT_FROM_S, script->cut, "the gateway falls silent"},
        {LEAK_FROM_S, script->leaking, "chlorine begins to leak"},
        {19, script->leaking, "the leak is shut off"},
        {20, script->overfilled, "the tank is let out"},
        {CUT_TO_S, script->cut, "the gateway is back"},
    };
    const int count = sizeof(scenes) / sizeof(scenes[0]);

    for (; script->told < count && s >= scenes[script->told].s; script->told++) {
        if (script->tell && scenes[script->told].who)
            fprintf(stderr, "city: %s: %s\n", scenes[script->told].who->name,
                    scenes[script->told].what);
    }
}

void city_play(struct city *city, struct city_script *script, int64_t now_ns)
{
    double s = (double)(now_ns - script->start_ns) / NS_PER_S;

    if (script->round == 0 || s >= CITY_SCRIPT_S) {
        if (script->round > 0)
            dismiss_round(script);
        script->start_ns = now_ns;
        s = 0;
        cast_round(city, script);
        script->round++;
    }
    tell(script, s);
    if (script->overfilled)
        script->tank->value = tank_level(script->tank_calm, s);
    for (unsigned i = 0; script->leaking && i < 3; i++)
        script->detectors[i]->value = detector(i, s);
    if (script->cut)
        script->cut->silent = s >= CUT_FROM_S && s < CUT_TO_S;
}
