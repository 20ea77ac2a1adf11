/* SPDX-License-Identifier: Apache-2.0
 *
 * Retained values: what a broker kept from before. One that nobody vouches for is *unconfirmed*: it
 * is shown and may raise, but it clears nothing, breaks nothing and is no sign of life. It stands
 * in a note beside what is known, until a live reading of the point takes its place or, for a point
 * that lives by its gateway, a sign of that confirms it.
 */
#include "engine_priv.h"

static struct engine_note *unconfirmed_of(struct hz_engine *engine, uint32_t point)
{
    if (!(engine->points[point].flags & HZ_POINT_UNCONFIRMED))
        return NULL;
    return rule__note_find(engine, engine->points[point].notes, 0, ENGINE_NOTE_UNCONFIRMED, 0);
}

static bool is_within_interval(const struct hz_engine *engine, uint32_t point, int64_t source_ms)
{
    const struct hz_point *row = hz_registry_point(engine->ruleset->set->registry, point);
    int64_t skew_ms = engine->feeds[engine->block->feed].skew_ms;
    int64_t age_ms;

    if (source_ms == HZ_NO_SOURCE_TIME || !row || row->interval_ms == 0 ||
        __builtin_sub_overflow(engine->block->wall_ns / HZ_NS_PER_MS, source_ms, &age_ms))
        return false;
    return age_ms <= row->interval_ms && age_ms >= -skew_ms;
}

bool rule__retained_live(struct hz_engine *engine, uint32_t point, const struct hz_reading *reading)
{
    const struct engine_point *of = &engine->points[point];
    const struct engine_feed *feed = rule__feed(engine, engine->block->feed);

    if (is_within_interval(engine, point, reading->source_ms))
        return true;
    int64_t heard_ns = engine->signs[of->gateway].life_ns;
    return of->flags & ENGINE_BY_GATEWAY && heard_ns != ENGINE_NEVER &&
           heard_ns >= feed->connected_ns;
}

/* Newer than what is known, be that confirmed or not. Without a stamp it is so only when nothing is
 * known. */
static bool is_news(struct hz_engine *engine, uint32_t point, int64_t source_ms)
{
    const struct engine_point *of = &engine->points[point];
    const struct engine_note *note = unconfirmed_of(engine, point);
    int64_t known_ms = of->source_ms;

    if (source_ms == HZ_NO_SOURCE_TIME)
        return of->flags & HZ_POINT_NEVER_SEEN && !note;
    if (note && note->reading.source_ms > known_ms)
        known_ms = note->reading.source_ms;
    if (source_ms == known_ms)
        engine->counts.duplicate++;
    else if (source_ms < known_ms)
        engine->counts.late++;
    return source_ms > known_ms;
}

static void set_unconfirmed(struct hz_engine *engine, uint32_t point, bool unconfirmed)
{
    const struct engine_point *of = &engine->points[point];

    rule__flag(engine, point, unconfirmed ? HZ_POINT_UNCONFIRMED : 0,
               unconfirmed ? 0 : HZ_POINT_UNCONFIRMED);
    if (of->flags & ENGINE_BY_GATEWAY)
        rule__gateway_count(engine, of->gateway, 0, unconfirmed ? 1 : -1);
}

void rule__retained_take(struct hz_engine *engine, uint32_t point, const struct hz_reading *reading)
{
    struct engine_point *of = &engine->points[point];
    struct engine_note *note = unconfirmed_of(engine, point);

    engine->counts.unconfirmed++;
    if (!is_news(engine, point, reading->source_ms))
        return;
    if (!note) {
        note = rule__note_put(engine, &of->notes, point, 0, ENGINE_NOTE_UNCONFIRMED, 0);
        set_unconfirmed(engine, point, true);
    }
    note->reading = (struct engine_reading_note){.value = reading->value,
                                                 .source_ms = reading->source_ms,
                                                 .arrival_ns = engine->block->wall_ns,
                                                 .kind = reading->kind,
                                                 .quality = (uint8_t)rule__quality(reading)};
    if (note->reading.quality == HZ_QUALITY_GOOD && reading->kind <= HZ_VALUE_I64)
        rule__judge(engine, point, rule__number(reading->kind, reading->value), 0,
                    engine->now.jt_ns);
    rule__news(engine, point);
}

void rule__retained_forget(struct hz_engine *engine, uint32_t point)
{
    struct engine_note *note = unconfirmed_of(engine, point);

    if (!note)
        return;
    set_unconfirmed(engine, point, false);
    rule__note_drop(engine, &engine->points[point].notes, note);
}

void rule__retained_confirm(struct hz_engine *engine, uint32_t point)
{
    struct engine_note *note = unconfirmed_of(engine, point);
    struct engine_reading_note reading = note->reading;

    rule__live(engine, point, &reading, ENGINE_TIMELY);
}
