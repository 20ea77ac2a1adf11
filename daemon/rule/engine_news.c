/* SPDX-License-Identifier: Apache-2.0
 *
 * News: what changed for people's eyes since it was last taken, a bit for each point and scope. Who
 * takes a change sees the state as it is then. They are taken going round in the order of ids, so
 * that each has its turn and lines are read one after the other. What must stay true: news never
 * reach back into the engine's state; no transition depends on whether or when they were taken.
 */
#include "engine_priv.h"

#define WORD 64u

/* The next marked one, from where the last was found; there is one. */
static uint32_t next_mark(struct engine_dirty *dirty)
{
    uint32_t words = (dirty->end + WORD - 1) / WORD;

    while (dirty->bits[dirty->at] == 0)
        dirty->at = dirty->at + 1 < words ? dirty->at + 1 : 0;
    return dirty->at * WORD + (uint32_t)__builtin_ctzll(dirty->bits[dirty->at]);
}

static void unmark(struct engine_dirty *dirty, uint32_t id)
{
    dirty->bits[id / WORD] &= ~(UINT64_C(1) << id % WORD);
    dirty->count--;
}

/* --- points as they are seen --- */

static uint8_t worst(const struct hz_engine *engine, const struct engine_point *of)
{
    uint8_t severity = HZ_SEVERITY_NONE;

    for (uint32_t at = of->notes; at != 0; at = engine->notes[at].next) {
        const struct engine_note *note = &engine->notes[at];
        if (note->kind == ENGINE_NOTE_ALARM && note->alarm.active &&
            note->alarm.mode == HZ_MODE_LIVE && note->alarm.severity > severity)
            severity = note->alarm.severity;
    }
    return severity;
}

static void put_unconfirmed(const struct hz_engine *engine, const struct engine_point *of,
                            struct hz_news *to)
{
    uint32_t at = of->notes;

    while (engine->notes[at].kind != ENGINE_NOTE_UNCONFIRMED)
        at = engine->notes[at].next;
    const struct engine_reading_note *reading = &engine->notes[at].reading;
    to->value = reading->value;
    to->value_kind = reading->kind;
    to->quality = HZ_QUALITY_UNCONFIRMED;
    to->source_ms = reading->source_ms;
    to->arrival_ns = reading->arrival_ns;
}

bool hz_engine_point(const struct hz_engine *engine, uint32_t point, struct hz_news *ret_state)
{
    const unsigned shown = (HZ_POINT_NEVER_SEEN << 1) - 1;

    if (point == 0 || point >= engine->point_end || !(engine->points[point].flags & ENGINE_IN_SET))
        return false;
    const struct engine_point *of = &engine->points[point];
    *ret_state = (struct hz_news){.what = HZ_NEWS_POINT,
                                  .value_kind = of->kind,
                                  .quality = of->quality,
                                  .flags = (uint8_t)(of->flags & shown),
                                  .severity = worst(engine, of),
                                  .id = point,
                                  .feed = of->feed,
                                  .value = of->value,
                                  .source_ms = rule__shown_ms(engine, point),
                                  .arrival_ns = of->arrival_ns};
    if (of->flags & HZ_POINT_UNCONFIRMED)
        put_unconfirmed(engine, of, ret_state);
    return true;
}

/* --- taking --- */

static size_t take_scope(struct engine_dirty *dirty, const struct hz_coverage *list,
                         enum hz_news_kind what, struct hz_news *to, size_t room)
{
    size_t count = 0;

    while (count < room && dirty->count > 0) {
        uint32_t id = next_mark(dirty);
        unmark(dirty, id);
        if (id != 0) /* else: points without such a scope */
            to[count++] = (struct hz_news){.what = (uint8_t)what, .id = id, .coverage = list[id]};
    }
    return count;
}

/* The next point that is news, of the groups that are marked; 0 = none. */
static uint32_t next_point(struct hz_engine *engine)
{
    struct engine_dirty *dirty = &engine->dirty_points;

    while (dirty->count > 0) {
        uint32_t group = next_mark(dirty), point = group * ENGINE_NEWS_GROUP;
        for (; point < (group + 1) * ENGINE_NEWS_GROUP; point++)
            if (engine->points[point].flags & ENGINE_DIRTY)
                return point;
        unmark(dirty, group);
    }
    return 0;
}

/* One that left the set is no news. */
static size_t take_points(struct hz_engine *engine, struct hz_news *to, size_t room)
{
    size_t count = 0;
    uint32_t point;

    engine->dirty_points.end = engine->point_end / ENGINE_NEWS_GROUP + 1;
    while (count < room && (point = next_point(engine)) != 0) {
        engine->points[point].flags &= (uint16_t)~ENGINE_DIRTY;
        count += hz_engine_point(engine, point, &to[count]);
    }
    while (count < room && engine->renew_at != 0) {
        count += hz_engine_point(engine, engine->renew_at, &to[count]);
        engine->renew_at = engine->renew_at + 1 < engine->point_end ? engine->renew_at + 1 : 0;
    }
    return count;
}

size_t hz_engine_take_news(struct hz_engine *engine, struct hz_news *to, size_t room)
{
    size_t count = 0;

    if (room > 0 && engine->dirty_whole) {
        to[count++] = (struct hz_news){.what = HZ_NEWS_WHOLE, .coverage = engine->whole};
        engine->dirty_whole = false;
    }
    count +=
        take_scope(&engine->dirty_parks, engine->parks, HZ_NEWS_PARK, to + count, room - count);
    count += take_scope(&engine->dirty_enterprises, engine->enterprises, HZ_NEWS_ENTERPRISE,
                        to + count, room - count);
    count += take_scope(&engine->dirty_hazards, engine->hazards, HZ_NEWS_HAZARD, to + count,
                        room - count);
    return count + take_points(engine, to + count, room - count);
}

static void renew_scope(const struct hz_coverage *list, struct engine_dirty *dirty)
{
    for (uint32_t id = 0; id < dirty->end; id++)
        if (list[id].total > 0)
            rule__dirty_mark(dirty, id);
}

void hz_engine_renew(struct hz_engine *engine)
{
    engine->dirty_whole = true;
    renew_scope(engine->hazards, &engine->dirty_hazards);
    renew_scope(engine->enterprises, &engine->dirty_enterprises);
    renew_scope(engine->parks, &engine->dirty_parks);
    engine->renew_at = engine->point_end > 1 ? 1 : 0;
}
