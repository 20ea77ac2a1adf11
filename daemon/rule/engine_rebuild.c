/* SPDX-License-Identifier: Apache-2.0
 *
 * All that follows from state and set, counted again: after a load, and after a set came into force
 * that was not compared with the one before. Everything else keeps it up as it changes. What must
 * stay true: both give the same, but that a time at which silence is looked for may have been kept
 * up as an earlier one.
 */
#include "engine_priv.h"

static void count_point(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    rule__observe(engine, of);
    if (of->flags & ENGINE_APART && rule__note(engine, of->notes)->flags & ENGINE_NOTE_WRONG)
        engine->feeds[of->feed].wrong++;
    if (!(of->flags & ENGINE_BY_GATEWAY))
        return;
    engine->gateways[of->gateway].stale += (of->flags & HZ_POINT_STALE) != 0;
    engine->gateways[of->gateway].unconfirmed += (of->flags & HZ_POINT_UNCONFIRMED) != 0;
}

static void count_gateway(struct hz_engine *engine, uint32_t gateway)
{
    struct engine_gateway *of = &engine->gateways[gateway];

    for (uint32_t at = of->notes; at != 0; at = rule__note(engine, at)->next)
        of->silent += rule__note(engine, at)->alarm.active;
    rule__gateway_look(engine, gateway);
    rule__gateway_watch(engine, gateway);
}

void rule__rebuild(struct hz_engine *engine)
{
    rule__feeds_unknown(engine);
    for (uint32_t feed = 0; feed < engine->feed_end; feed++)
        engine->feeds[feed].wrong = 0;
    for (uint32_t gateway = 0; gateway < engine->gateway_end; gateway++) {
        struct engine_gateway *of = &engine->gateways[gateway];
        of->stale = of->unconfirmed = 0;
        of->silent = 0;
    }
    for (uint32_t point = 1; point < engine->point_end; point++)
        count_point(engine, point);
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++)
        count_gateway(engine, gateway);
    rule__feed_due(engine);
    rule__stale_watch_all(engine);
    rule__coverage_all(engine);
}
