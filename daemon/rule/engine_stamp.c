/* SPDX-License-Identifier: Apache-2.0
 *
 * Source time: timely, ahead, behind, late or a duplicate; clocks that were set back and clocks
 * that are wrong. What must stay true: in doubt a reading is evaluated; a stamp ahead of arrival
 * never becomes the last one; only three successive arrivals, an interval apart, whose newest
 * stamps are off by the same (within 5 s) prove anything about a clock.
 *
 *   late in three arrivals          the clock was set back: the third is the new base
 *   beyond skew in three arrivals   the clock is wrong: an alarm of the feed
 *   beyond skew, but moving         a backlog: evaluated and marked, nothing else
 *
 * An arrival that comes too soon after the last counted one is passed over: it neither counts nor
 * starts the count again, so that a point that reports more often than it should is not ignored.
 */
#include "engine_priv.h"

#define SAME_WITHIN_MS 5000
#define ARRIVALS       3u
#define PASSED_OVER    UINT8_MAX

static struct engine_note *clock_of(const struct hz_engine *engine, uint32_t point)
{
    uint32_t first = engine->points[point].notes; /* a clock note comes first in its chain */

    if (!(engine->points[point].flags & ENGINE_APART))
        return NULL;
    hz_assert(engine->notes[first].kind == ENGINE_NOTE_CLOCK);
    return &engine->notes[first];
}

static struct engine_note *put_clock(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];
    struct engine_note *note = clock_of(engine, point);

    if (note)
        return note;
    note = rule__note_put(engine, &of->notes, point, 0, ENGINE_NOTE_CLOCK, 0);
    note->clock.shown_ms = of->source_ms;
    of->flags |= ENGINE_APART;
    return note;
}

static void set_wrong(struct hz_engine *engine, uint32_t point, struct engine_note *note,
                      bool wrong)
{
    struct engine_feed *feed = &engine->feeds[engine->points[point].feed];

    if (wrong == ((note->flags & ENGINE_NOTE_WRONG) != 0))
        return;
    note->flags ^= ENGINE_NOTE_WRONG;
    if (wrong)
        feed->wrong++;
    else
        feed->wrong--;
}

void rule__clock_forget(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];
    struct engine_note *note = clock_of(engine, point);

    if (!note)
        return;
    set_wrong(engine, point, note, false);
    of->flags &= (uint16_t)~ENGINE_APART;
    rule__note_drop(engine, &of->notes, note);
}

void rule__clock_move(struct hz_engine *engine, uint32_t point, uint16_t feed)
{
    struct engine_note *note = clock_of(engine, point);
    bool wrong = note && note->flags & ENGINE_NOTE_WRONG;

    if (wrong)
        set_wrong(engine, point, note, false);
    engine->points[point].feed = feed;
    if (wrong)
        set_wrong(engine, point, note, true);
}

int64_t rule__shown_ms(const struct hz_engine *engine, uint32_t point)
{
    const struct engine_note *note = clock_of(engine, point);

    return note ? note->clock.shown_ms : engine->points[point].source_ms;
}

void rule__stamp_restart(struct hz_engine *engine, uint32_t point)
{
    struct engine_note *note = clock_of(engine, point);

    if (!note || !(note->flags & ENGINE_NOTE_ODD))
        return;
    note->flags &= (uint8_t)~ENGINE_NOTE_ODD;
    note->clock = (struct engine_clock_note){.shown_ms = note->clock.shown_ms};
    if (!(note->flags & ENGINE_NOTE_WRONG) &&
        note->clock.shown_ms == engine->points[point].source_ms)
        rule__clock_forget(engine, point);
}

/* --- counting arrivals --- */

struct odd {
    int64_t jt_ns, offset_ms;
    bool late, beyond;
};

static int64_t spacing_ns(const struct hz_engine *engine, uint32_t point)
{
    const struct hz_point *row = hz_registry_point(engine->ruleset->set->registry, point);
    int64_t interval_ns = row ? row->interval_ms * HZ_NS_PER_MS : 0;

    return interval_ns > HZ_NS_PER_S ? interval_ns : HZ_NS_PER_S;
}

static bool is_same(int64_t a_ms, int64_t b_ms)
{
    int64_t apart_ms;

    if (__builtin_sub_overflow(a_ms, b_ms, &apart_ms))
        return false;
    return apart_ms <= SAME_WITHIN_MS && apart_ms >= -SAME_WITHIN_MS;
}

static uint8_t one_more(uint8_t count)
{
    return count < ARRIVALS ? (uint8_t)(count + 1) : (uint8_t)ARRIVALS;
}

/* The present arrival becomes the one that the next is compared with. */
static void next_arrival(struct engine_note *note, uint32_t arrival)
{
    struct engine_clock_note *clock = &note->clock;

    if (note->flags & ENGINE_NOTE_ODD && clock->late != PASSED_OVER) {
        clock->base_jt_ns = clock->jt_ns;
        clock->base_offset_ms = clock->offset_ms;
        clock->base_late = clock->late;
        clock->base_skew = clock->skew;
    }
    clock->arrival = arrival;
    note->flags |= ENGINE_NOTE_ODD;
}

static void count_arrival(struct engine_clock_note *clock, const struct odd *odd, int64_t apart_ns)
{
    bool begun = clock->base_late > 0 || clock->base_skew > 0;

    clock->jt_ns = odd->jt_ns;
    clock->offset_ms = odd->offset_ms;
    if (!begun || !is_same(odd->offset_ms, clock->base_offset_ms)) {
        clock->late = odd->late;
        clock->skew = odd->beyond;
    } else if (odd->jt_ns - clock->base_jt_ns < apart_ns) {
        clock->late = clock->skew = PASSED_OVER;
    } else {
        clock->late = odd->late ? one_more(clock->base_late) : 0;
        clock->skew = odd->beyond ? one_more(clock->base_skew) : 0;
    }
}

/* Returns whether the arrival proves that the clock was set back. */
static bool note_odd(struct hz_engine *engine, uint32_t point, const struct odd *odd)
{
    struct engine_note *note = put_clock(engine, point);
    struct engine_clock_note *clock = &note->clock;

    if (!(note->flags & ENGINE_NOTE_ODD) || clock->arrival != engine->arrivals)
        next_arrival(note, engine->arrivals);
    else if (odd->offset_ms > clock->offset_ms)
        return false; /* not the newest of its arrival */
    count_arrival(clock, odd, spacing_ns(engine, point));
    if (clock->skew == ARRIVALS)
        set_wrong(engine, point, note, true);
    if (clock->late != ARRIVALS)
        return false;
    clock->late = clock->base_late = 0;
    return true;
}

/* --- what a stamp says --- */

static bool is_same_value(const struct engine_point *of, const struct hz_reading *reading,
                          unsigned quality)
{
    return of->kind == reading->kind && of->quality == quality &&
           (reading->kind == HZ_VALUE_NONE || of->value.i64 == reading->value.i64);
}

static bool is_duplicate(const struct hz_engine *engine, uint32_t point,
                         const struct hz_reading *reading, unsigned quality)
{
    const struct engine_point *of = &engine->points[point];

    return reading->source_ms == of->source_ms && of->source_ms != HZ_NO_SOURCE_TIME &&
           rule__shown_ms(engine, point) == of->source_ms && !(of->flags & HZ_POINT_UNCONFIRMED) &&
           is_same_value(of, reading, quality);
}

static int64_t offset_ms(const struct hz_engine *engine, int64_t source_ms)
{
    int64_t offset;

    if (__builtin_sub_overflow(engine->block->wall_ns / HZ_NS_PER_MS, source_ms, &offset))
        return source_ms < 0 ? INT64_MAX : INT64_MIN;
    return offset;
}

enum engine_stamp rule__stamp(struct hz_engine *engine, uint32_t point,
                              const struct hz_reading *reading, unsigned quality)
{
    const struct engine_point *of = &engine->points[point];
    int64_t skew_ms = rule__feed(engine, engine->block->feed)->skew_ms;

    if (reading->source_ms == HZ_NO_SOURCE_TIME)
        return ENGINE_TIMELY;
    if (is_duplicate(engine, point, reading, quality)) {
        rule__stamp_restart(engine, point);
        return ENGINE_DUPLICATE;
    }
    struct odd odd = {.jt_ns = engine->now.jt_ns,
                      .offset_ms = offset_ms(engine, reading->source_ms),
                      .late = reading->source_ms < of->source_ms};
    bool ahead = odd.offset_ms<-skew_ms, behind = odd.offset_ms> skew_ms;
    if (reading->flags &
        HZ_READING_RETAINED) /* its stamp may be old: it says nothing of the clock */
        return odd.late ? ENGINE_LATE : ENGINE_TIMELY;
    odd.beyond = ahead || behind;
    if ((odd.late || odd.beyond) && !note_odd(engine, point, &odd) && odd.late)
        return ENGINE_LATE;
    return ahead ? ENGINE_AHEAD : behind ? ENGINE_BEHIND : ENGINE_TIMELY;
}

void rule__stamp_take(struct hz_engine *engine, uint32_t point, int64_t source_ms,
                      enum engine_stamp stamp)
{
    struct engine_point *of = &engine->points[point];

    if (stamp == ENGINE_TIMELY)
        rule__clock_forget(engine, point);
    bool apart = stamp == ENGINE_AHEAD ||
                 (source_ms == HZ_NO_SOURCE_TIME && of->source_ms != HZ_NO_SOURCE_TIME);
    if (!apart)
        of->source_ms = source_ms;
    struct engine_note *note = apart ? put_clock(engine, point) : clock_of(engine, point);
    if (note)
        note->clock.shown_ms = source_ms;
}

/* --- wrong clocks --- */

bool rule__clock_settle(struct hz_engine *engine, uint16_t feed, bool up)
{
    bool active = rule__system(engine, HZ_OBSERVED_WRONG_CLOCK, feed)->alarm.active;
    bool wanted = engine->feeds[feed].wrong > 0;

    if (active == wanted || wanted != up)
        return true;
    if (!rule__room(engine))
        return false;
    const struct engine_note *note = clock_of(engine, engine->place.point);
    if (up)
        rule__system_raise(engine, HZ_OBSERVED_WRONG_CLOCK, feed, note ? note->clock.offset_ms : 0);
    else
        rule__system_clear(engine, HZ_OBSERVED_WRONG_CLOCK, feed);
    return true;
}
