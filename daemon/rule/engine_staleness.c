/* SPDX-License-Identifier: Apache-2.0
 *
 * Silence of points. A reading only writes the time of the last sign into its line. Points are
 * looked after in groups that lie together in memory: a heap holds for each group a time at which
 * the first of its points may be due; when that comes its lines are walked through, as far as they
 * may hold that point, and the group is put back with the time found. What must stay true: the time
 * known of a row of lines, and with it that of its group, is never later than the time at which one
 * of its points is due, so that STALE comes at its exact time, and in the order of points.
 *
 *     heap: group, due          group: 16 rows, each with a time        row: 64 points
 *
 * With readings every 10 s and STALE after 30 s a row is walked through every 20 s or so: one line
 * of a running read for every two readings.
 */
#include "engine_priv.h"

/* A group is looked at on a coarse grid of times, except close to its time. */
#define GRID_NS (INT64_C(1) << 28) /* 0.27 s: what keeps an idle engine's ticks to four a second */
#define NEAR_NS (4 * HZ_NS_PER_S)

static bool is_watched(const struct engine_point *of)
{
    return (of->flags & ENGINE_IN_SET) && !(of->flags & HZ_POINT_STALE);
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

/* Of a point that is watched. A change of the set makes nothing due before itself. */
static inline int64_t due_ns_of(const struct hz_engine *engine, uint32_t point,
                                const struct terms *terms)
{
    int64_t from_ns = last_sign_ns(engine, &engine->points[point]);
    uint32_t stale_after_ms = engine->ruleset->points[point].stale_after_ms;

    if (from_ns < terms->from_ns)
        from_ns = terms->from_ns;
    int64_t due_ns =
        from_ns + (stale_after_ms != 0 ? stale_after_ms * HZ_NS_PER_MS : terms->stale_after_ns);
    return due_ns > engine->set_ns ? due_ns : engine->set_ns;
}

bool rule__is_silent(const struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];
    uint32_t stale_after_ms = next->points[point].stale_after_ms;
    int64_t from_ns = last_sign_ns(engine, of);

    if (!is_watched(of) || rule__feed_gap(engine, of->feed))
        return false;
    if (from_ns < engine->watched_ns)
        from_ns = engine->watched_ns;
    if (from_ns < engine->feeds[of->feed].watched_ns)
        from_ns = engine->feeds[of->feed].watched_ns;
    return from_ns + (stale_after_ms != 0 ? stale_after_ms * HZ_NS_PER_MS
                                          : rule__feed_stale_after_ns(next, of->feed)) <=
           engine->now.jt_ns;
}

/* --- rows --- */

struct first {
    int64_t due_ns; /* HZ_NEVER: nobody is watched */
    uint32_t point;
};

#define WALK_AHEAD 8 /* lines; the processor's own guess ends at each page */
#define WALK_COST  4 /* of a call's turn: 64 lines one after the other, some 0.5 us */

/* The one due first; the first that is found due by `enough_ns` is enough. */
static struct first walk(struct hz_engine *engine, uint32_t row, int64_t enough_ns)
{
    struct first first = {HZ_NEVER, ENGINE_NOBODY};
    struct terms terms = {.feed = ENGINE_NOBODY};
    uint32_t end = (row + 1) * ENGINE_ROW;

    (void)rule__turn(engine, WALK_COST);
    end = end < engine->point_end ? end : engine->point_end;
    for (uint32_t point = row * ENGINE_ROW; point < end && first.due_ns > enough_ns; point++) {
        const struct engine_point *of = &engine->points[point];
        __builtin_prefetch(of + WALK_AHEAD);
        if (!is_watched(of))
            continue;
        if (of->feed != terms.feed)
            terms = terms_of(engine, of->feed);
        int64_t due_ns = due_ns_of(engine, point, &terms);
        if (due_ns < first.due_ns)
            first = (struct first){due_ns, point};
    }
    return first;
}

/* Walked through when one of its points may be due, and when that is near and it was not done of
 * late: the rows of a group are then done together. */
static bool is_to_walk(const struct engine_row *row, int64_t now_ns)
{
    return row->due_ns <= now_ns ||
           (row->due_ns <= now_ns + NEAR_NS && row->walked_ns <= now_ns - NEAR_NS);
}

/* The first point of the group that is due now; else when one may be next. */
static struct first walk_group(struct hz_engine *engine, uint32_t group, int64_t now_ns)
{
    struct first next = {HZ_NEVER, ENGINE_NOBODY};
    uint32_t row = group * ENGINE_GROUP_ROWS, end = row + ENGINE_GROUP_ROWS;

    for (; row < end; row++) {
        struct engine_row *of = &engine->rows[row];
        if (is_to_walk(of, now_ns)) {
            struct first first = walk(engine, row, now_ns);
            *of = (struct engine_row){first.due_ns, now_ns};
            if (first.due_ns <= now_ns)
                return first;
        }
        if (of->due_ns < next.due_ns)
            next.due_ns = of->due_ns;
    }
    return next;
}

/* --- groups --- */

/* When to look: a little before the time, by another share for each group, so that groups that
 * began together are not all walked through at once. */
static int64_t look_ns(const struct hz_engine *engine, uint32_t group, int64_t due_ns)
{
    int64_t ahead_ns = due_ns - engine->now.jt_ns;

    if (ahead_ns < NEAR_NS)
        return due_ns;
    return (due_ns - NEAR_NS / 32 * (group % 16)) & ~(GRID_NS - 1);
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
    uint32_t group = point / (ENGINE_ROW * ENGINE_GROUP_ROWS);
    struct engine_row *row = &engine->rows[point / ENGINE_ROW];
    uint32_t place = engine->group_places[group];
    struct terms terms = terms_of(engine, of->feed);

    if (!is_watched(of))
        return;
    int64_t due_ns = due_ns_of(engine, point, &terms);
    if (row->due_ns > due_ns)
        row->due_ns = due_ns;
    if (place == 0 || engine->stales.entries[place].due_ns > due_ns)
        put_group(engine, group, due_ns);
}

void rule__stale_watch_all(struct hz_engine *engine)
{
    uint32_t rows = (engine->point_end + ENGINE_ROW - 1) / ENGINE_ROW;

    for (uint32_t row = 0; row < rows; row++)
        engine->rows[row] = (struct engine_row){INT64_MIN, INT64_MIN};
    for (uint32_t row = rows; row % ENGINE_GROUP_ROWS != 0; row++)
        engine->rows[row] = (struct engine_row){HZ_NEVER, INT64_MIN};
    for (uint32_t group = 0; group * ENGINE_GROUP_ROWS < rows; group++)
        put_group(engine, group, walk_group(engine, group, INT64_MIN + NEAR_NS).due_ns);
}

_Static_assert(ENGINE_ROW == 64, "a row is a word of bits of points (struct rule__changes)");

void rule__stale_look(struct hz_engine *engine, const uint64_t *rows, uint32_t words)
{
    for (uint32_t word = 0; word < words; word++)
        for (uint64_t rest = rows[word]; rest != 0; rest &= rest - 1) {
            uint32_t row = word * 64 + (uint32_t)__builtin_ctzll(rest);
            uint32_t group = row / ENGINE_GROUP_ROWS;
            if (engine->rows[row].due_ns == HZ_NEVER || engine->rows[row].due_ns <= engine->set_ns)
                continue;
            engine->rows[row].due_ns = engine->set_ns;
            put_group(engine, group, engine->set_ns);
        }
}

uint32_t rule__stale_next(struct hz_engine *engine, int64_t until_ns, int64_t *ret_due_ns)
{
    while (rule__heap_due(&engine->stales) <= until_ns) {
        struct engine_entry root = engine->stales.entries[1];
        rule__at(engine, root.due_ns);
        struct first first = walk_group(engine, root.who, root.due_ns);
        if (first.due_ns <= root.due_ns) {
            *ret_due_ns = first.due_ns;
            return first.point;
        }
        put_group(engine, root.who, first.due_ns);
        if (!rule__turn(engine, 1))
            break;
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
