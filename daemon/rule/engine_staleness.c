/* SPDX-License-Identifier: Apache-2.0
 *
 * Silence of points. A reading only writes the time of the last sign into its line; a wheel of coarse
 * buckets looks at each point when it may be due, and moves on those that have spoken since. What is
 * in the current bucket stands in a heap, ordered exactly. What must stay true: the time at which a
 * point is looked at is never later than the one at which it is due, so that STALE comes at its
 * exact time.
 *
 *     heap | bucket + 1 | bucket + 2 | ...      an entry moves only to the left of its due time
 *
 * A point stands in at most one list and at most once in the heap; the heap counts when it is in both.
 */
#include "engine_priv.h"

#define NS_PER_MS HZ_NS_PER_MS

static bool is_watched(const struct engine_point *of)
{
    return of->flags & ENGINE_IN_SET && !(of->flags & HZ_POINT_STALE);
}

int64_t rule__stale_after_ns(struct hz_engine *engine, uint32_t point)
{
    const struct hz_ruleset *ruleset = engine->ruleset;
    uint32_t own_ms = point < ruleset->point_end ? ruleset->points[point].stale_after_ms : 0;

    if (own_ms != 0)
        return own_ms * NS_PER_MS;
    return rule__feed(engine, engine->points[point].feed)->stale_after_ns;
}

/* Of the point or, when it lives by that, of its gateway. */
int64_t rule__last_sign_ns(const struct hz_engine *engine, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];
    int64_t sign_ns = of->life_ns;

    if (of->flags & ENGINE_BY_GATEWAY && engine->gateways[of->gateway].life_ns > sign_ns)
        sign_ns = engine->gateways[of->gateway].life_ns;
    return sign_ns;
}

/* Dead-lines have their full time after a gap, and a change of the set makes nothing due before
 * itself. In a gap of its feed a point is never due: it is looked at again in its time. */
static int64_t due_ns_of(struct hz_engine *engine, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];
    int64_t from_ns = rule__last_sign_ns(engine, point);
    int64_t watched_ns = engine->feeds[of->feed].watched_ns;

    if (rule__feed_gap(engine, of->feed))
        from_ns = engine->now.jt_ns;
    if (watched_ns < engine->watched_ns)
        watched_ns = engine->watched_ns;
    if (from_ns < watched_ns)
        from_ns = watched_ns;
    int64_t due_ns = from_ns + rule__stale_after_ns(engine, point);
    return due_ns > engine->set_ns ? due_ns : engine->set_ns;
}

/* --- the wheel --- */

static void queue(struct hz_engine *engine, uint32_t point, int64_t bucket)
{
    struct engine_wheel *wheel = &engine->wheel;

    if (bucket - wheel->bucket >= ENGINE_WHEEL_BUCKETS)
        bucket = wheel->bucket + ENGINE_WHEEL_BUCKETS - 1;
    uint32_t slot = (uint32_t)bucket % ENGINE_WHEEL_BUCKETS;
    engine->points[point].wheel_next = wheel->heads[slot];
    engine->points[point].flags |= ENGINE_QUEUED;
    wheel->heads[slot] = point;
    wheel->taken[slot / 64] |= UINT64_C(1) << slot % 64;
}

static void look_at(struct hz_engine *engine, uint32_t point, int64_t due_ns)
{
    struct engine_point *of = &engine->points[point];
    int64_t bucket = due_ns >> ENGINE_WHEEL_SHIFT;

    if (bucket > engine->wheel.bucket && !(of->flags & ENGINE_QUEUED)) {
        queue(engine, point, bucket);
        return;
    }
    rule__heap_put(engine, &engine->wheel.exact, due_ns, point);
    of->flags |= ENGINE_HEAPED;
}

void rule__stale_watch(struct hz_engine *engine, uint32_t point)
{
    if (is_watched(&engine->points[point]) && !(engine->points[point].flags & ENGINE_HEAPED))
        look_at(engine, point, due_ns_of(engine, point));
}

/* From the last down, so that a list runs up through memory. */
void rule__stale_watch_all(struct hz_engine *engine)
{
    struct engine_wheel *wheel = &engine->wheel;

    for (uint32_t slot = 0; slot < ENGINE_WHEEL_BUCKETS; slot++)
        wheel->heads[slot] = 0;
    for (uint32_t word = 0; word < ENGINE_WHEEL_BUCKETS / 64; word++)
        wheel->taken[word] = 0;
    wheel->exact.count = 0;
    wheel->bucket = engine->now.jt_ns >> ENGINE_WHEEL_SHIFT;
    for (uint32_t point = engine->point_end; point-- > 1;) {
        engine->points[point].flags &= (uint16_t) ~(ENGINE_QUEUED | ENGINE_HEAPED);
        rule__stale_watch(engine, point);
    }
}

/* The next bucket that holds anybody, as an absolute number; INT64_MAX. */
static int64_t next_bucket(const struct engine_wheel *wheel)
{
    uint32_t from = (uint32_t)(wheel->bucket + 1) % ENGINE_WHEEL_BUCKETS;

    for (uint32_t step = 0; step < ENGINE_WHEEL_BUCKETS;) {
        uint32_t slot = (from + step) % ENGINE_WHEEL_BUCKETS;
        uint64_t word = wheel->taken[slot / 64] >> slot % 64;
        if (word != 0)
            return wheel->bucket + 1 + step + __builtin_ctzll(word);
        step += 64 - slot % 64;
    }
    return INT64_MAX;
}

static void open_bucket(struct hz_engine *engine, int64_t bucket)
{
    struct engine_wheel *wheel = &engine->wheel;
    uint32_t slot = (uint32_t)bucket % ENGINE_WHEEL_BUCKETS;
    uint32_t point = wheel->heads[slot];

    wheel->bucket = bucket;
    wheel->heads[slot] = 0;
    wheel->taken[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    for (uint32_t next; point != 0; point = next) {
        next = engine->points[point].wheel_next;
        __builtin_prefetch(&engine->points[next]);
        engine->points[point].flags &= (uint16_t)~ENGINE_QUEUED;
        rule__stale_watch(engine, point);
    }
}

int64_t rule__stale_due(const struct hz_engine *engine)
{
    int64_t bucket = next_bucket(&engine->wheel);
    int64_t exact_ns = rule__heap_due(&engine->wheel.exact);
    int64_t bucket_ns = bucket == INT64_MAX ? HZ_NEVER : bucket << ENGINE_WHEEL_SHIFT;

    return exact_ns < bucket_ns ? exact_ns : bucket_ns;
}

/* The root of the heap, once it is really due. */
static uint32_t next_exact(struct hz_engine *engine, int64_t until_ns, int64_t *ret_due_ns)
{
    struct engine_heap *exact = &engine->wheel.exact;

    while (rule__heap_due(exact) <= until_ns) {
        struct engine_entry first = exact->entries[1];
        rule__at(engine, first.due_ns);
        if (is_watched(&engine->points[first.who]) &&
            due_ns_of(engine, first.who) <= first.due_ns) {
            *ret_due_ns = first.due_ns;
            return first.who;
        }
        rule__heap_cut(engine, exact, 1);
        engine->points[first.who].flags &= (uint16_t)~ENGINE_HEAPED;
        rule__stale_watch(engine, first.who);
    }
    return ENGINE_NOBODY;
}

uint32_t rule__stale_next(struct hz_engine *engine, int64_t until_ns, int64_t *ret_due_ns)
{
    for (;;) {
        int64_t bucket = next_bucket(&engine->wheel);
        if (bucket == INT64_MAX || bucket << ENGINE_WHEEL_SHIFT > until_ns)
            return next_exact(engine, until_ns, ret_due_ns);
        rule__at(engine, bucket << ENGINE_WHEEL_SHIFT);
        open_bucket(engine, bucket);
    }
}

/* The point that rule__stale_next gave is STALE from now on. */
void rule__stale_take(struct hz_engine *engine, uint32_t point)
{
    hz_assert(engine->wheel.exact.entries[1].who == point);
    rule__heap_cut(engine, &engine->wheel.exact, 1);
    engine->points[point].flags &= (uint16_t)~ENGINE_HEAPED;
    rule__cancel_off_delays(engine, point);
    rule__flag(engine, point, HZ_POINT_STALE, 0);
    if (engine->points[point].flags & ENGINE_BY_GATEWAY)
        rule__gateway_count(engine, engine->points[point].gateway, 1, 0);
}
