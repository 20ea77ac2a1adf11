/* SPDX-License-Identifier: Apache-2.0
 *
 * The work list of a changed set: points and gateways, worked off in slot order, gateways first, a
 * share before each record. What must stay true: a changed condition is judged by what is known,
 * with delays from the moment of the swap; what is gone takes its alarms along; a point leaves the
 * list when all of it is done, and is then as if the new set had always been there.
 *
 * The levels of a listed point that go on under other numbers are marked when it is worked off, by
 * comparing with the set before, which stays until the list is empty (`former`). They are marked
 * earlier where that set can't stay: saved bytes bear the marks, and another set has all that are
 * still listed marked first.
 */
#include "engine_priv.h"

#include <math.h>
#include <string.h>

#define WORD 64u

/* --- the list --- */

void rule__list_point(struct hz_engine *engine, uint32_t point)
{
    uint64_t bit = UINT64_C(1) << point % WORD, *word = &engine->listed[point / WORD];

    engine->listed_count += (*word & bit) == 0;
    *word |= bit;
}

void rule__list_points(struct hz_engine *engine, const uint64_t *bits, uint32_t words)
{
    for (uint32_t word = 0; word < words; word++) {
        uint64_t more = bits[word] & ~engine->listed[word];
        engine->listed[word] |= more;
        engine->listed_count += (uint32_t)__builtin_popcountll(more);
    }
}

static void unlist_point(struct hz_engine *engine, uint32_t point)
{
    engine->listed[point / WORD] &= ~(UINT64_C(1) << point % WORD);
    if (--engine->listed_count == 0)
        rule__retire_former(engine);
}

void rule__list_gateway(struct hz_engine *engine, uint32_t gateway)
{
    if (engine->gateways[gateway].listed)
        return;
    engine->gateways[gateway].listed = true;
    engine->gateways_listed++;
}

/* Nothing below listed_at is listed: a swap sets it back. */
static uint32_t first_point(struct hz_engine *engine)
{
    while (engine->listed[engine->listed_at] == 0)
        engine->listed_at++;
    return engine->listed_at * WORD + (uint32_t)__builtin_ctzll(engine->listed[engine->listed_at]);
}

static uint32_t first_gateway(struct hz_engine *engine)
{
    while (!engine->gateways[engine->gateways_listed_at].listed)
        engine->gateways_listed_at++;
    return engine->gateways_listed_at;
}

/* --- levels that go on under other numbers --- */

static bool same_limit(const double *a, const double *b)
{
    return memcmp(a, b, sizeof(*a)) == 0; /* none (NaN) is the same as none */
}

static bool same_level(const struct hz_ruleset *a, const struct rule__watch *in_a,
                       const struct hz_ruleset *b, const struct rule__watch *in_b, unsigned level)
{
    const struct rule__profile *of_a = &a->profiles[in_a->profile];
    const struct rule__profile *of_b = &b->profiles[in_b->profile];

    if (level == ENGINE_LEVEL_INVALID)
        return of_a->invalid_after_ns == of_b->invalid_after_ns;
    return same_limit(&in_a->limit[level - 1], &in_b->limit[level - 1]) &&
           of_a->deadband[level] == of_b->deadband[level] &&
           of_a->on_delay_ns[level] == of_b->on_delay_ns[level] &&
           of_a->off_delay_ns[level] == of_b->off_delay_ns[level];
}

/* Those that are gone, or new, need no mark. */
bool rule__level_changed(const struct hz_engine *engine, const struct engine_note *note)
{
    const struct rule__watch *before, *after;

    if (!engine->former || note->kind != ENGINE_NOTE_LEVEL || !rule__is_listed(engine, note->owner))
        return false;
    before = rule__watch_of(engine->former, note->owner, note->rule);
    after = rule__watch_of(engine->ruleset, note->owner, note->rule);
    return before && after &&
           !same_level(engine->former, before, engine->ruleset, after, note->sub);
}

void rule__mark(struct hz_engine *engine, uint32_t point)
{
    for (uint32_t at = engine->points[point].notes; at != 0; at = rule__note(engine, at)->next)
        if (rule__level_changed(engine, rule__note(engine, at)))
            rule__note(engine, at)->flags |= ENGINE_NOTE_CHANGED;
}

/* From place.at on; what is marked in one call is bounded. */
bool rule__mark_listed(struct hz_engine *engine)
{
    struct engine_place *place = &engine->place;

    for (; engine->former && place->at < engine->point_end; place->at++) {
        if (place->at % WORD == 0 && engine->listed[place->at / WORD] == 0) {
            place->at += WORD - 1;
            continue;
        }
        if (!rule__is_listed(engine, place->at))
            continue;
        if (!rule__turn(engine, 1))
            return false;
        rule__mark(engine, place->at);
    }
    place->at = 0;
    rule__retire_former(engine);
    return true;
}

/* --- working a point off --- */

static struct engine_note *next_orphan(struct hz_engine *engine, uint32_t point)
{
    for (uint32_t at = engine->points[point].notes; at != 0; at = rule__note(engine, at)->next) {
        struct engine_note *note = rule__note(engine, at);
        if (note->kind == ENGINE_NOTE_ALARM && !rule__watch_of(engine->ruleset, point, note->rule))
            return note;
    }
    return NULL;
}

static bool remove_orphans(struct hz_engine *engine, uint32_t point)
{
    static const uint8_t kinds[HZ_SIDE_END] = {[HZ_SIDE_LOW] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_HIGH] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_INVALID] = HZ_KIND_INVALID,
                                               [HZ_SIDE_STALE] = HZ_KIND_STALE};
    struct engine_note *note;

    while ((note = next_orphan(engine, point)) != NULL) {
        if (!rule__room(engine))
            return false;
        struct engine_subject subject = {
            .point = point, .rule = note->rule, .kind = kinds[note->sub], .side = note->sub};
        rule__remove(engine, &subject, &note->alarm);
        rule__alarm_note_drop(engine, &engine->points[point].notes, note);
    }
    return true;
}

static bool level_exists(const struct hz_engine *engine, const struct engine_note *note)
{
    const struct rule__watch *watch = rule__watch_of(engine->ruleset, note->owner, note->rule);

    if (!watch)
        return false;
    if (note->sub == ENGINE_LEVEL_INVALID)
        return engine->ruleset->profiles[watch->profile].invalid_severity != HZ_SEVERITY_NONE;
    return !isnan(watch->limit[note->sub - 1]);
}

static void drop_levels(struct hz_engine *engine, uint32_t point)
{
    for (uint32_t at = engine->points[point].notes, next; at != 0; at = next) {
        struct engine_note *note = rule__note(engine, at);
        next = note->next;
        if (note->kind == ENGINE_NOTE_LEVEL && !level_exists(engine, note))
            rule__level_drop(engine, point, note);
    }
}

static void judge_known(struct hz_engine *engine, uint32_t point)
{
    const struct engine_point *of = &engine->points[point];
    unsigned doubts = of->flags & (HZ_POINT_STALE | HZ_POINT_INVALID | HZ_POINT_UNCONFIRMED);
    const struct engine_note *good = rule__note_find(engine, of->notes, 0, ENGINE_NOTE_GOOD, 0);
    const struct engine_note *unconfirmed =
        rule__note_find(engine, of->notes, 0, ENGINE_NOTE_UNCONFIRMED, 0);
    unsigned kind = good ? good->reading.kind : of->kind;
    bool known = good || !(of->flags & (HZ_POINT_NEVER_SEEN | HZ_POINT_INVALID));

    if (known && kind <= HZ_VALUE_I64)
        rule__judge(engine, point, rule__number(kind, good ? good->reading.value : of->value),
                    doubts ? 0 : ENGINE_BREAKS | ENGINE_CLEARS, engine->set_ns);
    if (unconfirmed && unconfirmed->reading.quality == HZ_QUALITY_GOOD &&
        unconfirmed->reading.kind <= HZ_VALUE_I64)
        rule__judge(engine, point,
                    rule__number(unconfirmed->reading.kind, unconfirmed->reading.value), 0,
                    engine->set_ns);
    if (!(of->flags & HZ_POINT_NEVER_SEEN))
        rule__judge_quality(engine, point, !(of->flags & HZ_POINT_INVALID), engine->set_ns);
    rule__band(engine, point);
}

/* What goes on is called by its present names, and its marks have served. */
static void refresh(struct hz_engine *engine, uint32_t point)
{
    for (uint32_t at = engine->points[point].notes; at != 0; at = rule__note(engine, at)->next) {
        struct engine_note *note = rule__note(engine, at);
        const struct rule__watch *watch = rule__watch_of(engine->ruleset, point, note->rule);
        if (note->kind == ENGINE_NOTE_LEVEL)
            note->flags &= (uint8_t)~ENGINE_NOTE_CHANGED;
        if (note->kind != ENGINE_NOTE_ALARM || !watch)
            continue;
        const struct rule__profile *profile = &engine->ruleset->profiles[watch->profile];
        unsigned severity = note->sub == HZ_SIDE_INVALID ? profile->invalid_severity
                            : note->sub == HZ_SIDE_STALE ? profile->stale_severity
                            : isnan(watch->limit[note->alarm.level - 1])
                                ? HZ_SEVERITY_NONE
                                : profile->severity[note->alarm.level];
        if (severity == HZ_SEVERITY_NONE) /* it is about to be removed, or to change its level */
            continue;
        note->alarm.severity = (uint8_t)severity;
        note->alarm.mode = profile->mode;
        note->alarm.domain = profile->domain;
    }
}

static void forget(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    rule__clock_forget(engine, point);
    while (of->notes != 0)
        rule__note_drop(engine, &of->notes, rule__note(engine, of->notes));
}

/* Alarms without a rule; levels; then all alarms by what holds now. */
bool rule__work_off(struct hz_engine *engine, uint32_t point)
{
    struct engine_place *place = &engine->place;
    struct engine_point *of = &engine->points[point];

    if (place->listing == 0) {
        if (!remove_orphans(engine, point))
            return false;
        drop_levels(engine, point);
        if (of->flags & ENGINE_IN_SET) {
            rule__mark(engine, point);
            judge_known(engine, point);
            refresh(engine, point);
        } else {
            forget(engine, point);
        }
        place->listing = 1;
    }
    if (!rule__settle(engine, point) || !rule__clock_settle(engine, of->feed, false))
        return false;
    place->listing = 0;
    unlist_point(engine, point);
    if (!(of->flags & ENGINE_IN_SET))
        rule__wipe(of);
    rule__news(engine, point);
    return true;
}

static bool work_off_first(struct hz_engine *engine)
{
    if (engine->gateways_listed == 0)
        return rule__work_off(engine, first_point(engine));
    uint32_t gateway = first_gateway(engine);
    if (!rule__gateway_work_off(engine, gateway))
        return false;
    engine->gateways_listed--;
    return true;
}

bool rule__work_list(struct hz_engine *engine, uint32_t most)
{
    struct engine_place *place = &engine->place;

    for (; place->at < most; place->at++) {
        if (engine->listed_count == 0 && engine->gateways_listed == 0)
            break;
        if (!rule__turn(engine, 1) || !work_off_first(engine))
            return false;
    }
    place->at = 0;
    return true;
}
