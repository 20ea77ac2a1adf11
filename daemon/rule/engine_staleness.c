/* SPDX-License-Identifier: Apache-2.0
 *
 * Silence of points. A reading only writes the time of the last sign into its line. Points are
 * looked after in groups that lie together in memory: a heap holds for each group a time at which
 * the first of its points may be due; when that comes the group is walked through, and put back
 * with the time found. What must stay true: a group's time is never later than the time at which
 * one of its points is due, so that STALE comes at its exact time, and in the order of points.
 *
 * With readings every 10 s and STALE after 30 s a group is walked through every 20 s or so: one
 * line of a running read for every two readings.
 */
#include "engine_priv.h"

/* A group is looked at on a coarse grid of times, except close to its time. */
#define GRID_NS (INT64_C(1) << 28) /* 0.27 s: what keeps an idle engine's ticks to four a second */
#define NEAR_NS (4 * HZ_NS_PER_S)

static bool is_watched(const struct engine_point *of)
{
    return (of->flags & (ENGINE_IN_SET | HZ_POINT_STALE)) == ENGINE_IN_SET;
}

/* Of the point or, when it lives by that, of its gateway. */
static inline int64_t last_sign_ns(const struct hz_engine *engine, const struct engine_point *of)
{
    int64_t sign_ns = of->life_ns;

    if (of->flags & ENGINE_BY_GATEWAY && engine->signs[of->gateway].life_ns > sign_ns)
        sign_ns = engine->signs[of->gateway].life_ns;
    return sign_ns;
}

int64_t rule__last_sign_ns(const struct hz_engine *engine, uint32_t point)
{
    return last_sign_ns(engine, &engine->points[point]);
}

/* What is the same for all points of a feed. Dead-lines have their full time after a gap; in a gap
 * of its feed a point is never due: it is looked at again in its time. */
struct terms {
    uint32_t feed; /* ENGINE_NOBODY: none yet */
    int64_t from_ns, stale_after_ns;
};

static struct terms terms_of(struct hz_engine *engine, uint16_t feed)
{
    const struct engine_feed *of = rule__feed(engine, feed);
    struct terms terms = {feed, of->watched_ns, of->stale_after_ns};

    if (terms.from_ns < engine->watched_ns)
        terms.from_ns = engine->watched_ns;
    if (rule__feed_gap(engine, feed))
        terms.from_ns = engine->now.jt_ns;
    return terms;
}

/* A change of the set makes nothing due before itself. */
static inline int64_t due_ns_of(const struct hz_engine *engine, const struct engine_point *of,
                                const struct terms *terms)
{
    int64_t from_ns = last_sign_ns(engine, of);

    if (from_ns < terms->from_ns)
        from_ns = terms->from_ns;
    int64_t due_ns = from_ns + (of->stale_after_ms != 0 ? of->stale_after_ms * HZ_NS_PER_MS
                                                        : terms->stale_after_ns);
    return due_ns > engine->set_ns ? due_ns : engine->set_ns;
}

/* --- groups --- */

struct first {
    int64_t due_ns; /* HZ_NEVER: nobody is watched */
    uint32_t point;
};

#define WALK_AHEAD 8 /* lines; the processor's own guess ends at each page */

static uint32_t end_of(const struct hz_engine *engine, uint32_t group)
{
    uint32_t end = (group + 1) * ENGINE_GROUP;

    return end < engine->point_end ? end : engine->point_end;
}

/* The one due first of those from `point` on; the first that is due by `enough_ns` is enough. */
static struct first walk(struct hz_engine *engine, uint32_t point, uint32_t end, int64_t enough_ns)
{
    struct first first = {HZ_NEVER, ENGINE_NOBODY};
    struct terms terms = {.feed = ENGINE_NOBODY};

    for (; point < end && first.due_ns > enough_ns; point++) {
        const struct engine_point *of = &engine->points[point];
        __builtin_prefetch(of + WALK_AHEAD);
        if (!is_watched(of))
            continue;
        if (of->feed != terms.feed)
            terms = terms_of(engine, of->feed);
        int64_t due_ns = due_ns_of(engine, of, &terms);
        if (due_ns < first.due_ns)
            first = (struct first){due_ns, point};
    }
    return first;
}

/* The whole group; but when points of it fire one after the other at one time, those before the
 * last that did are not due at that time. */
static struct first walk_group(struct hz_engine *engine, uint32_t group, int64_t due_ns)
{
    uint32_t end = end_of(engine, group);

    if (engine->stale_last != 0 && engine->stale_last / ENGINE_GROUP == group &&
        engine->stale_last_ns == due_ns) {
        struct first first = walk(engine, engine->stale_last, end, due_ns);
        if (first.due_ns <= due_ns)
            return first;
    }
    return walk(engine, group * ENGINE_GROUP, end, due_ns);
}

/* When to look: somewhat before the time, by another share for each group, so that groups that
 * began together are not all walked through at once. */
static int64_t look_ns(const struct hz_engine *engine, uint32_t group, int64_t due_ns)
{
    int64_t ahead_ns = due_ns - engine->now.jt_ns;

    if (ahead_ns < NEAR_NS)
        return due_ns;
    return (due_ns - ahead_ns / 128 * (group % 16)) & ~(GRID_NS - 1);
}

static void put_group(struct hz_engine *engine, uint32_t group, int64_t due_ns)
{
    uint32_t place = engine->group_places[group];

    if (due_ns == HZ_NEVER && place != 0)
        rule__heap_cut(engine, &engine->stales, place);
    else if (due_ns != HZ_NEVER && place != 0)
        rule__heap_move(engine, &engine->stales, place, look_ns(engine, group, due_ns));
    else if (due_ns != HZ_NEVER)
        rule__heap_put(engine, &engine->stales, look_ns(engine, group, due_ns), group);
}

void rule__stale_watch(struct hz_engine *engine, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];
    uint32_t group = point / ENGINE_GROUP, place = engine->group_places[group];
    struct terms terms = terms_of(engine, of->feed);

    engine->stale_last = 0; /* an earlier one may be due at the same time */
    if (!is_watched(of))
        return;
    int64_t due_ns = due_ns_of(engine, of, &terms);
    if (place == 0 || engine->stales.entries[place].due_ns > due_ns)
        put_group(engine, group, due_ns);
}

void rule__stale_watch_all(struct hz_engine *engine)
{
    engine->stale_last = 0;
    for (uint32_t group = 0; group * ENGINE_GROUP < engine->point_end; group++)
        put_group(engine, group, walk_group(engine, group, INT64_MIN).due_ns);
}

uint32_t rule__stale_next(struct hz_engine *engine, int64_t until_ns, int64_t *ret_due_ns)
{
    while (rule__heap_due(&engine->stales) <= until_ns) {
        struct engine_entry root = engine->stales.entries[1];
        rule__at(engine, root.due_ns);
        struct first first = walk_group(engine, root.who, root.due_ns);
        if (first.due_ns <= root.due_ns) {
            engine->stale_last = first.point;
            engine->stale_last_ns = root.due_ns;
            *ret_due_ns = first.due_ns;
            return first.point;
        }
        put_group(engine, root.who, first.due_ns);
    }
    return ENGINE_NOBODY;
}

/* Its group stays where it is in the heap: another of its points may be due as well. */
void rule__stale_take(struct hz_engine *engine, uint32_t point)
{
    rule__cancel_off_delays(engine, point);
    rule__flag(engine, point, HZ_POINT_STALE, 0);
    if (engine->points[point].flags & ENGINE_BY_GATEWAY)
        rule__gateway_count(engine, engine->points[point].gateway, 1, 0);
}
