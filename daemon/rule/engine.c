/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's frame: its memory, the sets it was handed, and apply, which takes a block through
 * its stages. What must stay true: all memory is reserved at start and nothing moves; between two
 * blocks `place` is empty; a block that was stopped goes on exactly where it was.
 */
#include "engine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* --- memory --- */

#define BITS(count) (((size_t)(count) + 63) / 64 * sizeof(uint64_t))

struct piece {
    void **memory;
    size_t bytes;
};

#define PIECES 20

static void list_pieces(struct hz_engine *e, struct piece pieces[PIECES])
{
    const struct piece all[PIECES] = {
        {(void **)&e->points, sizeof(*e->points) * ENGINE_POINTS},
        {(void **)&e->notes, sizeof(*e->notes) * ENGINE_NOTES},
        {(void **)&e->gateways, sizeof(*e->gateways) * ENGINE_GATEWAYS},
        {(void **)&e->signs, sizeof(*e->signs) * ENGINE_GATEWAYS},
        {(void **)&e->feeds, sizeof(*e->feeds) * ENGINE_FEEDS},
        {(void **)&e->systems, sizeof(*e->systems) * ENGINE_FEEDS * HZ_OBSERVED_END},
        {(void **)&e->delays.entries, sizeof(struct engine_entry) * ENGINE_NOTES},
        {(void **)&e->shelves.entries, sizeof(struct engine_entry) * ENGINE_NOTES},
        {(void **)&e->silences.entries, sizeof(struct engine_entry) * (ENGINE_GATEWAYS + 1)},
        {(void **)&e->stales.entries, sizeof(struct engine_entry) * (ENGINE_GROUPS + 1)},
        {(void **)&e->rows, sizeof(*e->rows) * ENGINE_GROUPS * ENGINE_GROUP_ROWS},
        {(void **)&e->group_places, sizeof(*e->group_places) * ENGINE_GROUPS},
        {(void **)&e->listed, BITS(ENGINE_POINTS)},
        {(void **)&e->hazards, sizeof(*e->hazards) * (HZ_HAZARDS_MAX + 1)},
        {(void **)&e->enterprises, sizeof(*e->enterprises) * (HZ_ENTERPRISES_MAX + 1)},
        {(void **)&e->parks, sizeof(*e->parks) * (HZ_ENTERPRISES_MAX + 1)},
        {(void **)&e->dirty_hazards.bits, BITS(HZ_HAZARDS_MAX + 1)},
        {(void **)&e->dirty_enterprises.bits, BITS(HZ_ENTERPRISES_MAX + 1)},
        {(void **)&e->dirty_parks.bits, BITS(HZ_ENTERPRISES_MAX + 1)},
        {(void **)&e->dirty_points.bits, BITS(ENGINE_POINTS)},
    };

    memcpy(pieces, all, sizeof(all));
}

static bool reserve_all(struct hz_engine *engine)
{
    struct piece pieces[PIECES];

    list_pieces(engine, pieces);
    for (size_t i = 0; i < PIECES; i++)
        if ((*pieces[i].memory = hz_reserve(pieces[i].bytes)) == NULL)
            return false;
    /* Random access to a million lines misses the TLB as often as the cache. A kernel without huge
     * pages refuses, and the small ones do. */
    (void)madvise(engine->points, sizeof(*engine->points) * ENGINE_POINTS, MADV_HUGEPAGE);
    return true;
}

int hz_engine_new(struct hz_engine **ret_engine)
{
    struct hz_engine *engine = calloc(1, sizeof(*engine));

    if (!engine)
        return -ENOMEM;
    if (!reserve_all(engine)) {
        hz_engine_free(engine);
        return -ENOMEM;
    }
    engine->delays.kind = ENGINE_DELAYS;
    engine->delays.capacity = ENGINE_NOTES;
    engine->shelves.kind = ENGINE_SHELVES;
    engine->shelves.capacity = ENGINE_NOTES;
    engine->silences.kind = ENGINE_SILENCES;
    engine->silences.capacity = ENGINE_GATEWAYS + 1;
    engine->stales.kind = ENGINE_STALES;
    engine->stales.capacity = ENGINE_GROUPS + 1;
    engine->turn_most = ENGINE_TURN;
    engine->note_end = 1;
    engine->point_end = engine->gateway_end = engine->feed_end = 1;
    engine->lost_due_ns = HZ_NEVER;
    *ret_engine = engine;
    return 0;
}

void hz_engine_free(struct hz_engine *engine)
{
    struct piece pieces[PIECES];

    if (!engine)
        return;
    hz_ruleset_free(engine->ruleset);
    hz_ruleset_free(engine->former);
    for (uint32_t i = 0; i < engine->offered_count; i++)
        hz_ruleset_free(engine->offered[i]);
    for (uint32_t i = 0; i < engine->retired_count; i++)
        hz_ruleset_free(engine->retired[i]);
    list_pieces(engine, pieces);
    for (size_t i = 0; i < PIECES; i++)
        hz_reserve_free(*pieces[i].memory, pieces[i].bytes);
    free(engine);
}

/* --- sets --- */

static bool is_set(const struct hz_ruleset *ruleset, const struct hz_digest *digest)
{
    return memcmp(&ruleset->set->digest, digest, sizeof(*digest)) == 0;
}

static struct hz_ruleset *take_from(struct hz_ruleset **list, uint32_t *count,
                                    const struct hz_digest *digest)
{
    for (uint32_t i = 0; i < *count; i++) {
        struct hz_ruleset *found = list[i];
        if (!is_set(found, digest))
            continue;
        memmove(&list[i], &list[i + 1], (--*count - i) * sizeof(*list));
        return found;
    }
    return NULL;
}

/* One that was replaced a moment ago, in the same block, may come back. */
struct hz_ruleset *rule__take_offered(struct hz_engine *engine, const struct hz_digest *digest)
{
    struct hz_ruleset *found = take_from(engine->offered, &engine->offered_count, digest);

    if (!found)
        found = take_from(engine->retired, &engine->retired_count, digest);
    return found;
}

void rule__retire(struct hz_engine *engine, struct hz_ruleset *ruleset)
{
    hz_assert(engine->retired_count < ENGINE_SETS);
    engine->retired[engine->retired_count++] = ruleset;
}

void rule__retire_former(struct hz_engine *engine)
{
    if (engine->former)
        rule__retire(engine, engine->former);
    engine->former = NULL;
}

void hz_engine_offer(struct hz_engine *engine, struct hz_ruleset *ruleset)
{
    struct hz_ruleset *replaced =
        take_from(engine->offered, &engine->offered_count, &ruleset->set->digest);

    if (replaced)
        rule__retire(engine, replaced);
    hz_assert(engine->offered_count < ENGINE_SETS);
    engine->offered[engine->offered_count++] = ruleset;
}

struct hz_ruleset *hz_engine_take_retired(struct hz_engine *engine)
{
    return engine->retired_count > 0 ? engine->retired[--engine->retired_count] : NULL;
}

const struct hz_ruleset *hz_engine_ruleset(const struct hz_engine *engine)
{
    return engine->ruleset;
}

/* What was offered and is in force anyway. */
static void retire_same(struct hz_engine *engine)
{
    struct hz_ruleset *same =
        engine->ruleset && engine->offered_count > 0
            ? take_from(engine->offered, &engine->offered_count, &engine->ruleset->set->digest)
            : NULL;

    if (same)
        rule__retire(engine, same);
}

/* --- apply --- */

static bool apply_timers(struct hz_engine *engine, int64_t jt_ns)
{
    if (engine->place.stage != ENGINE_TIMERS)
        return true;
    if (!rule__fire_timers(engine, jt_ns))
        return false;
    rule__at(engine, jt_ns);
    if (!rule__unshelve_due(engine))
        return false;
    engine->place.stage = ENGINE_RECORDS;
    return true;
}

/* All readings of a block in one go; control records one by one, since what one of them makes due
 * at once comes before the next, be that in the same block or not. */
static bool apply_stages(struct hz_engine *engine, int64_t jt_ns)
{
    while (engine->place.record < engine->block->count) {
        if (rule__apply_go_on(engine))
            continue;
        if (!apply_timers(engine, jt_ns))
            return false;
        rule__at(engine, jt_ns);
        if (engine->block->kind == HZ_BLOCK_READINGS ? !rule__apply_readings(engine)
                                                     : !rule__apply_control(engine))
            return false;
    }
    return true;
}

bool hz_engine_apply(struct hz_engine *engine, const struct hz_block *block,
                     struct hz_transition *places, size_t room, size_t *ret_count)
{
    int64_t jt_ns = block->jt_ns > engine->jt_ns ? block->jt_ns : engine->jt_ns;

    engine->block = block;
    engine->at = (struct engine_at){0};
    engine->out = places;
    engine->room = room;
    engine->turn = engine->turn_most;
    engine->count = 0;
    engine->place.begun = true;
    bool done = apply_stages(engine, jt_ns);
    *ret_count = engine->count;
    if (engine->place.record > 0)
        engine->seq = block->seq + engine->place.record - 1;
    if (done) {
        engine->place = (struct engine_place){0};
        engine->jt_ns = jt_ns;
        engine->wall_ns = block->wall_ns;
        engine->counts.records += block->count;
        retire_same(engine);
    }
    engine->block = NULL;
    return done;
}

/* --- what it says of itself --- */

/* A shelve ends by the wall; when that is on the engine's clock is a guess, and what comes too
 * early finds nothing to do. */
static int64_t shelves_due_ns(const struct hz_engine *engine)
{
    int64_t until_ns = rule__heap_due(&engine->shelves), due_ns;

    if (until_ns == HZ_NEVER ||
        __builtin_add_overflow(engine->jt_ns, until_ns - engine->wall_ns, &due_ns))
        return HZ_NEVER;
    return due_ns;
}

int64_t hz_engine_next_due_ns(const struct hz_engine *engine)
{
    int64_t timers_ns = rule__timers_due(engine), shelves_ns = shelves_due_ns(engine);
    int64_t due_ns = timers_ns < shelves_ns ? timers_ns : shelves_ns;

    if (engine->listed_count > 0 || engine->gateways_listed > 0 || engine->place.begun)
        return due_ns < engine->jt_ns ? due_ns : engine->jt_ns; /* earlier behind a `go_on` */
    return due_ns;
}

uint64_t hz_engine_seq(const struct hz_engine *engine)
{
    return engine->seq;
}

int64_t hz_engine_jt_ns(const struct hz_engine *engine)
{
    return engine->jt_ns;
}

struct hz_engine_mark hz_engine_mark(const struct hz_engine *engine)
{
    return (struct hz_engine_mark){.number = engine->number,
                                   .n_all = engine->all_n,
                                   .id = engine->last_id,
                                   .episodes = engine->episodes};
}

void hz_engine_counts(const struct hz_engine *engine, struct hz_engine_counts *ret_counts)
{
    *ret_counts = engine->counts;
}

static const struct engine_alarm *alarm_of(const struct hz_engine *engine, uint32_t point,
                                           uint32_t rule, enum hz_side side)
{
    uint32_t at = point < engine->point_end ? engine->points[point].notes : 0;

    for (; at != 0; at = engine->notes[at].next) {
        const struct engine_note *note = &engine->notes[at];
        if (note->kind == ENGINE_NOTE_ALARM && note->rule == rule && note->sub == side)
            return &note->alarm;
    }
    return NULL;
}

struct hz_alarm_view hz_engine_alarm(const struct hz_engine *engine, uint32_t point, uint32_t rule,
                                     enum hz_side side)
{
    const struct engine_alarm *alarm = alarm_of(engine, point, rule, side);

    if (!alarm)
        return (struct hz_alarm_view){.state = HZ_STATE_NORMAL};
    return (struct hz_alarm_view){.alarm = alarm->episode,
                                  .state = alarm->state,
                                  .level = alarm->level,
                                  .severity = alarm->severity,
                                  .active = alarm->active,
                                  .raise_ns = alarm->raise_ns};
}

size_t hz_block_rulesets(const struct hz_block *block, struct hz_digest *to, size_t room)
{
    const struct hz_record *record = hz_block_first_record(block);
    size_t count = 0;

    if (block->kind != HZ_BLOCK_CONTROL)
        return 0;
    for (uint32_t i = 0; i < block->count && count < room; i++) {
        const void *whole = record;
        const struct hz_record_ruleset *ruleset = whole;
        if (record->kind == HZ_RECORD_RULESET)
            to[count++] = ruleset->set;
        record = hz_record_next(record);
    }
    return count;
}
