/* SPDX-License-Identifier: Apache-2.0
 *
 * Readings. The quick way is what nearly all take: a calm point, a good number inside its quiet
 * band, a newer and timely stamp; it touches the point's line and its gateway's, and cannot say
 * anything. What must stay true: the quick way does exactly what the slow way would do. The slow
 * way goes in steps, and can stop wherever something is said:
 *
 *   0 the reading's own point, when a changed set is still to be worked off there
 *   1 a share of that work list
 *   2 the reading is taken: lines, levels, flags; says nothing
 *   3 what ends: wrong clock, silent gateway, alarms of all points concerned
 *   4 what begins
 */
#include "engine_priv.h"

#include <math.h>

#define AHEAD                                                                                      \
    12u /* readings whose lines are being fetched: about as many as a core fetches at a time */

#define LIST_SHARE 64u /* of the work list, before each record */

unsigned rule__quality(const struct hz_reading *reading)
{
    if (reading->quality == HZ_QUALITY_GOOD && reading->kind == HZ_VALUE_F64 &&
        !isfinite(reading->value.f64))
        return HZ_QUALITY_BAD;
    /* only the engine calls a value unconfirmed */
    return reading->quality == HZ_QUALITY_UNCONFIRMED ? HZ_QUALITY_UNCERTAIN : reading->quality;
}

/* --- taking a reading --- */

void rule__alive(struct hz_engine *engine, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];

    if (!(of->flags & HZ_POINT_STALE))
        return;
    rule__flag(engine, point, 0, HZ_POINT_STALE);
    if (of->flags & ENGINE_BY_GATEWAY)
        rule__gateway_count(engine, of->gateway, -1, 0);
    rule__stale_watch(engine, point);
}

/* A point moves to another feed with a live reading only: any other is no sign that its dead-line,
 * which may have passed in a gap of the old feed, has been met. */
static void belong(struct hz_engine *engine, uint32_t point, uint16_t feed)
{
    struct engine_point *of = &engine->points[point];

    if (of->feed == feed)
        return;
    engine->place.old_feed = of->feed;
    rule__clock_move(engine, point, feed);
    rule__feed_touch(engine, feed);
    bool gap = rule__feed_gap(engine, feed);
    rule__flag(engine, point, gap ? HZ_POINT_UNOBSERVED : 0, gap ? 0 : HZ_POINT_UNOBSERVED);
    rule__stale_watch(engine, point); /* another default may apply */
}

/* The last good reading is kept while what comes is not good. */
static void keep_good(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    if (of->flags & (HZ_POINT_INVALID | HZ_POINT_NEVER_SEEN))
        return;
    struct engine_note *note = rule__note_put(engine, &of->notes, point, 0, ENGINE_NOTE_GOOD, 0);
    note->reading = (struct engine_reading_note){.value = of->value,
                                                 .source_ms = rule__shown_ms(engine, point),
                                                 .arrival_ns = of->arrival_ns,
                                                 .kind = of->kind,
                                                 .quality = HZ_QUALITY_GOOD};
}

/* Good again: a reading without a value speaks of the last good one. */
static void drop_good(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];
    struct engine_note *note = rule__note_find(engine, of->notes, 0, ENGINE_NOTE_GOOD, 0);

    if (!note)
        return;
    of->value = note->reading.value;
    of->kind = note->reading.kind;
    rule__note_drop(engine, &of->notes, note);
}

static void take_value(struct hz_engine *engine, uint32_t point,
                       const struct engine_reading_note *reading, enum engine_stamp stamp)
{
    struct engine_point *of = &engine->points[point];
    bool good = reading->quality == HZ_QUALITY_GOOD;
    bool marked = stamp == ENGINE_AHEAD || stamp == ENGINE_BEHIND;

    if (good)
        drop_good(engine, point);
    else
        keep_good(engine, point);
    rule__stamp_take(engine, point, reading->source_ms, stamp);
    if (reading->kind != HZ_VALUE_NONE) {
        of->value = reading->value;
        of->kind = reading->kind;
    }
    of->quality = reading->quality;
    of->arrival_ns = reading->arrival_ns;
    of->life_ns = engine->now.jt_ns;
    unsigned flags = (good ? 0u : HZ_POINT_INVALID) | (marked ? HZ_POINT_CLOCK : 0u);
    unsigned may = HZ_POINT_INVALID | HZ_POINT_CLOCK | HZ_POINT_NEVER_SEEN;
    rule__flag(engine, point, flags, may & ~flags);
}

void rule__live(struct hz_engine *engine, uint32_t point, const struct engine_reading_note *reading,
                enum engine_stamp stamp)
{
    bool good = reading->quality == HZ_QUALITY_GOOD;

    engine->counts.evaluated++;
    engine->counts.future += stamp == ENGINE_AHEAD;
    engine->counts.clock_marked += stamp == ENGINE_AHEAD || stamp == ENGINE_BEHIND;
    engine->counts.bad_quality += !good;
    rule__retained_forget(engine, point);
    take_value(engine, point, reading, stamp);
    rule__alive(engine, point);
    if (!good)
        rule__cancel_off_delays(engine, point);
    else if (reading->kind <= HZ_VALUE_I64)
        rule__judge(engine, point, rule__number(reading->kind, reading->value),
                    ENGINE_BREAKS | ENGINE_CLEARS, engine->now.jt_ns);
    rule__judge_quality(engine, point, good, engine->now.jt_ns);
    rule__news(engine, point);
}

static void evaluate(struct hz_engine *engine, uint32_t point, const struct hz_reading *reading)
{
    struct engine_reading_note live = {.value = reading->value,
                                       .source_ms = reading->source_ms,
                                       .arrival_ns = engine->block->wall_ns,
                                       .kind = reading->kind,
                                       .quality = (uint8_t)rule__quality(reading)};
    enum engine_stamp stamp = rule__stamp(engine, point, reading, live.quality);

    engine->counts.late += stamp == ENGINE_LATE;
    engine->counts.duplicate += stamp == ENGINE_DUPLICATE;
    if (stamp == ENGINE_LATE || stamp == ENGINE_DUPLICATE)
        return;
    rule__live(engine, point, &live, stamp);
    belong(engine, point, engine->block->feed);
}

static void take_sign(struct hz_engine *engine, uint32_t gateway)
{
    if (gateway != 0 && rule__gateway_sign(engine, gateway, engine->block->feed))
        engine->place.gateway = gateway;
}

static void take_heartbeat(struct hz_engine *engine, uint32_t gateway)
{
    if (gateway < ENGINE_GATEWAYS && engine->gateways[gateway].in_set)
        take_sign(engine, gateway);
    else
        engine->counts.not_in_set++;
}

static void take_reading(struct hz_engine *engine, const struct hz_reading *reading)
{
    uint32_t point = reading->point.v;

    if (point >= ENGINE_POINTS || !(engine->points[point].flags & ENGINE_IN_SET)) {
        engine->counts.not_in_set++;
        return;
    }
    engine->place.point = point;
    if (reading->flags & HZ_READING_HISTORIC) {
        engine->counts.historic++;
        rule__stamp_restart(engine, point);
        return;
    }
    if (reading->flags & HZ_READING_RETAINED && !rule__retained_live(engine, point, reading)) {
        rule__retained_take(engine, point, reading);
        return;
    }
    evaluate(engine, point, reading);
    take_sign(engine, engine->points[point].gateway);
}

static void take(struct hz_engine *engine, const struct hz_reading *reading)
{
    engine->counts.readings++;
    engine->arrivals += (reading->flags & HZ_READING_ARRIVAL) != 0;
    engine->place.old_feed = engine->block->feed;
    if (reading->flags & HZ_READING_GATEWAY)
        take_heartbeat(engine, reading->point.v);
    else
        take_reading(engine, reading);
}

/* --- the slow way --- */

static bool is_listed(const struct hz_engine *engine, const struct hz_reading *reading)
{
    return !(reading->flags & HZ_READING_GATEWAY) && reading->point.v < ENGINE_POINTS &&
           rule__is_listed(engine, reading->point.v);
}

static bool pass(struct hz_engine *engine, bool up)
{
    struct engine_place *place = &engine->place;

    if (!rule__clock_settle(engine, place->old_feed, up) ||
        !rule__clock_settle(engine, engine->block->feed, up))
        return false;
    if (place->gateway != 0) /* the own point is one of the gateway's */
        return rule__gateway_pass(engine, place->gateway, up);
    return place->point == 0 || rule__pass(engine, place->point, up);
}

static bool step(struct hz_engine *engine, const struct hz_reading *reading)
{
    switch (engine->place.step) {
    case 0:
        return !is_listed(engine, reading) || rule__work_off(engine, reading->point.v);
    case 1:
        return rule__work_list(engine, LIST_SHARE);
    case 2:
        take(engine, reading);
        return true;
    case 3:
        return pass(engine, false);
    default:
        return pass(engine, true);
    }
}

/* Not drawn into the loop, whose registers it would take. */
static __attribute__((noinline)) bool take_slowly(struct hz_engine *engine,
                                                  const struct hz_reading *reading, uint32_t record)
{
    struct engine_place *place = &engine->place;

    if (place->record != record) { /* else: timers spoke before it, or it was stopped at */
        place->record = record;
        place->index = 0;
    }
    for (; place->step <= 4; place->step++)
        if (!step(engine, reading))
            return false;
    *place = (struct engine_place){.begun = true, .stage = ENGINE_RECORDS, .record = record + 1};
    return true;
}

/* --- the quick way --- */

/* What is the same for all readings of a block. */
struct quick {
    struct engine_point *points;
    struct engine_sign *signs;
    int64_t jt_ns, wall_ns;
    int64_t oldest_ms; /* timely stamps */
    uint64_t span_ms;
    uint16_t feed;
};

static struct quick quick_of(struct hz_engine *engine)
{
    const struct hz_block *block = engine->block;
    int64_t skew_ms = rule__feed(engine, block->feed)->skew_ms;

    return (struct quick){
        .points = engine->points,
        .signs = engine->signs,
        .jt_ns = engine->now.jt_ns,
        .wall_ns = block->wall_ns,
        .oldest_ms = block->wall_ns / HZ_NS_PER_MS - skew_ms,
        .span_ms = (uint64_t)(2 * skew_ms),
        .feed = block->feed,
    };
}

/* Kind F64 or I64, good, no flag but that of an arrival's first. */
static bool is_plain(const struct hz_reading *reading)
{
    return (reading->kind & ~HZ_VALUE_I64) == 0 && reading->quality == HZ_QUALITY_GOOD &&
           (reading->flags & ~HZ_READING_ARRIVAL) == 0;
}

static bool is_newer(const struct quick *q, const struct engine_point *of, int64_t source_ms)
{
    if (source_ms == HZ_NO_SOURCE_TIME)
        return of->source_ms == HZ_NO_SOURCE_TIME;
    return source_ms > of->source_ms && (uint64_t)source_ms - (uint64_t)q->oldest_ms <= q->span_ms;
}

static bool is_calm(const struct quick *q, const struct engine_point *of)
{
    const struct engine_sign *sign = &q->signs[of->gateway];

    return (of->flags & ENGINE_CALM_MASK) == ENGINE_IN_SET && of->feed == q->feed &&
           (of->gateway == 0 || (sign->feed == q->feed && !sign->attention));
}

static bool take_quickly(struct hz_engine *engine, const struct quick *q,
                         const struct hz_reading *reading)
{
    if (reading->point.v >= ENGINE_POINTS || !is_plain(reading))
        return false;
    struct engine_point *of = &q->points[reading->point.v];
    double value = rule__number(reading->kind, reading->value);
    if (!(value > of->quiet_low && value < of->quiet_high) || !is_calm(q, of) ||
        !is_newer(q, of, reading->source_ms))
        return false;
    of->value = reading->value;
    of->kind = reading->kind;
    of->source_ms = reading->source_ms;
    of->life_ns = q->jt_ns;
    of->arrival_ns = q->wall_ns;
    if (of->gateway != 0)
        q->signs[of->gateway].life_ns = q->jt_ns;
    engine->arrivals += reading->flags / HZ_READING_ARRIVAL;
    rule__news(engine, reading->point.v);
    return true;
}

static void fetch(const struct quick *q, const struct hz_reading *reading)
{
    if (reading->point.v < ENGINE_POINTS)
        __builtin_prefetch(&q->points[reading->point.v], 1);
}

_Static_assert(HZ_VALUE_F64 == 0 && HZ_VALUE_I64 == 1, "numbers are the two lowest kinds");

static bool may_be_quick(const struct hz_engine *engine)
{
    return engine->place.step == 0 && engine->listed_count == 0;
}

bool rule__apply_readings(struct hz_engine *engine)
{
    const struct hz_reading *readings = hz_block_readings(engine->block);
    uint32_t first = engine->place.record, count = engine->block->count, quick = 0;
    struct quick q = quick_of(engine);
    bool may = may_be_quick(engine), done = true;

    for (uint32_t i = first; i < count && i < first + AHEAD; i++)
        fetch(&q, &readings[i]);
    for (uint32_t i = first; i < count && done; i++) {
        if (i + AHEAD < count)
            fetch(&q, &readings[i + AHEAD]);
        if (may && take_quickly(engine, &q, &readings[i])) {
            quick++;
            continue;
        }
        done = take_slowly(engine, &readings[i], i);
        may = may_be_quick(engine);
    }
    engine->counts.readings += quick;
    engine->counts.evaluated += quick;
    if (done)
        engine->place.record = count;
    return done;
}
