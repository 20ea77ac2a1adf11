/* SPDX-License-Identifier: Apache-2.0
 *
 * Control records, one after the other. Before each stands its share of a changed set's work list;
 * a tick, which comes when there is time, does more. Each record says at most two things itself,
 * but for `ruleset`, whose list is worked off in steps, and `resync`, which says all alarms.
 */
#include "engine_priv.h"

#define LIST_SHARE   64u
#define LIST_AT_TICK 1024u
#define LIST_AT_SWAP 1000u

_Static_assert(HZ_ENGINE_ROOM_MIN >= 2, "a record has room");

/* The record that apply stands at, found from the one it stood at before in this call. */
static const struct hz_record *present_record(struct hz_engine *engine)
{
    struct engine_at *at = &engine->at;

    if (!at->record)
        *at = (struct engine_at){.record = hz_block_first_record(engine->block)};
    for (; at->index < engine->place.record; at->index++)
        at->record = hz_record_next(at->record);
    return at->record;
}

static void apply_start(struct hz_engine *engine, const struct hz_record_start *record)
{
    engine->journal = (uint32_t)record->journal[0];
}

static void apply(struct hz_engine *engine, const struct hz_record *record)
{
    const void *whole = record;

    switch (record->kind) {
    case HZ_RECORD_START:
        apply_start(engine, whole);
        break;
    case HZ_RECORD_FEED:
        rule__apply_feed(engine, whole);
        break;
    case HZ_RECORD_GAP:
        rule__apply_gap(engine, whole);
        break;
    case HZ_RECORD_OBSERVE:
        rule__apply_observe(engine, whole);
        break;
    case HZ_RECORD_COMMAND:
        rule__apply_command(engine, whole);
        break;
    case HZ_RECORD_OVER:
        rule__over(engine, whole);
        break;
    default: /* stop, define, tick, hole: nothing that an alarm depends on; `ruleset` has steps */
        break;
    }
}

/* A command on a point touches it: what a changed set left to do there is done first. */
static bool work_off_touched(struct hz_engine *engine, const struct hz_record *record)
{
    const void *whole = record;
    const struct hz_record_command *command = whole;

    if (record->kind != HZ_RECORD_COMMAND || command->point >= ENGINE_POINTS ||
        !rule__is_listed(engine, command->point))
        return true;
    return rule__work_off(engine, command->point);
}

static bool apply_ruleset(struct hz_engine *engine, const struct hz_record *record)
{
    const void *whole = record;
    const struct hz_record_ruleset *ruleset = whole;

    return rule__switch(engine, &ruleset->set);
}

static bool step(struct hz_engine *engine, const struct hz_record *record)
{
    switch (engine->place.step) {
    case 0:
        return work_off_touched(engine, record);
    case 1:
        return rule__work_list(engine, record->kind == HZ_RECORD_TICK ? LIST_AT_TICK : LIST_SHARE);
    case 2:
        if (!rule__room(engine))
            return false;
        if (record->kind == HZ_RECORD_RULESET)
            return apply_ruleset(engine, record);
        apply(engine, record);
        return true;
    default:
        if (record->kind == HZ_RECORD_RESYNC)
            return rule__resync(engine);
        return record->kind != HZ_RECORD_RULESET || rule__work_list(engine, LIST_AT_SWAP);
    }
}

static void next_record(struct hz_engine *engine)
{
    struct engine_place *place = &engine->place;

    *place =
        (struct engine_place){.begun = true, .stage = ENGINE_TIMERS, .record = place->record + 1};
}

bool rule__apply_go_on(struct hz_engine *engine)
{
    if (engine->block->kind != HZ_BLOCK_CONTROL)
        return false;
    const struct hz_record *record = present_record(engine);
    const void *whole = record;
    if (record->kind != HZ_RECORD_GO_ON)
        return false;
    rule__go_on(engine, whole);
    next_record(engine);
    return true;
}

bool rule__apply_control(struct hz_engine *engine)
{
    struct engine_place *place = &engine->place;
    const struct hz_record *record = present_record(engine);

    for (; place->step <= 3; place->step++)
        if (!step(engine, record))
            return false;
    next_record(engine);
    return true;
}
