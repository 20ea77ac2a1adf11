/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers, fired in the order of their times before the record of a time is applied. Those due
 * together: feeds, gateways, then points ascending, of a point first STALE, then the delays of each
 * rule. What must stay true: a transition bears the time at which its timer ran out, not that of
 * the record; the delays of one rule at one point that run out together are judged together.
 */
#include "engine_priv.h"

/* What is decided at `jt_ns` is said with the UTC of that moment: nothing but running time lies
 * between it and the block, since whole gaps stand still and fire nothing. */
void rule__at(struct hz_engine *engine, int64_t jt_ns)
{
    engine->now.jt_ns = jt_ns;
    engine->now.utc_ns = engine->block->wall_ns - (engine->block->jt_ns - jt_ns);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t rule__timers_due(const struct hz_engine *engine)
{
    int64_t due = least(rule__heap_due(&engine->delays), rule__heap_due(&engine->stales));

    due = least(due, rule__heap_due(&engine->silences));
    return least(due, engine->lost_due_ns);
}

/* --- one at a time; false: no room, or the call's turn is over; nothing done yet --- */

static bool fire_feed(struct hz_engine *engine)
{
    if (!rule__room(engine))
        return false;
    rule__at(engine, engine->lost_due_ns);
    rule__feed_fire(engine);
    return true;
}

static bool fire_gateway(struct hz_engine *engine)
{
    rule__at(engine, rule__heap_due(&engine->silences));
    return rule__gateway_fire(engine, engine->silences.entries[1].who);
}

static bool settle_fired(struct hz_engine *engine)
{
    uint32_t point = engine->place.point;
    bool listed = rule__is_listed(engine, point);

    rule__at(engine, engine->place.fire_ns);
    if (!(listed ? rule__work_off(engine, point) : rule__settle(engine, point)))
        return false;
    engine->place.fire = ENGINE_NO_FIRE;
    engine->place.point = 0;
    engine->place.fire_ns = 0;
    return true;
}

/* From here on the place names the point: what is next in a heap may be another's when it goes on. */
static void begin_fire(struct hz_engine *engine, uint32_t point, int64_t due_ns)
{
    rule__at(engine, due_ns);
    engine->place.fire = ENGINE_FIRE_POINT;
    engine->place.point = point;
    engine->place.fire_ns = due_ns;
}

static bool fire_stale(struct hz_engine *engine, uint32_t point, int64_t due_ns)
{
    begin_fire(engine, point, due_ns);
    engine->counts.timers_fired++;
    rule__stale_take(engine, point);
    return settle_fired(engine);
}

static const struct engine_note *next_delay(const struct hz_engine *engine)
{
    return &engine->notes[engine->delays.entries[1].who];
}

static bool fire_delays(struct hz_engine *engine)
{
    int64_t due_ns = rule__heap_due(&engine->delays);
    uint32_t point = next_delay(engine)->owner, rule = next_delay(engine)->rule;

    begin_fire(engine, point, due_ns);
    if (rule__is_listed(engine, point)) /* it may not be due any more */
        return settle_fired(engine);
    engine->counts.timers_fired++;
    while (rule__heap_due(&engine->delays) == due_ns && next_delay(engine)->owner == point &&
           next_delay(engine)->rule == rule)
        rule__level_due(engine, &engine->notes[engine->delays.entries[1].who]);
    rule__band(engine, point);
    return settle_fired(engine);
}

static bool fire_point(struct hz_engine *engine, int64_t due_ns)
{
    int64_t stale_ns;
    uint32_t point = rule__stale_next(engine, due_ns, &stale_ns);
    int64_t delay_ns = rule__heap_due(&engine->delays);

    if (point == ENGINE_NOBODY && rule__heap_due(&engine->stales) <= due_ns)
        return false;
    if (point != ENGINE_NOBODY &&
        (stale_ns < delay_ns || (stale_ns == delay_ns && point <= next_delay(engine)->owner)))
        return fire_stale(engine, point, stale_ns);
    return delay_ns > due_ns || fire_delays(engine); /* else: the staleness was only looked at */
}

static bool fire_next(struct hz_engine *engine, int64_t due_ns)
{
    if (engine->lost_due_ns == due_ns)
        return fire_feed(engine);
    if (rule__heap_due(&engine->silences) == due_ns)
        return fire_gateway(engine);
    return fire_point(engine, due_ns);
}

bool rule__fire_timers(struct hz_engine *engine, int64_t until_ns)
{
    int64_t due_ns;

    if (engine->place.fire != ENGINE_NO_FIRE && !settle_fired(engine))
        return false;
    while ((due_ns = rule__timers_due(engine)) <= until_ns)
        if (!rule__turn(engine, 1) || !fire_next(engine, due_ns))
            return false;
    return true;
}
