/* SPDX-License-Identifier: Apache-2.0
 *
 * Journal and alarms log brought together again (recover.c journals these records when one of them was
 * damaged). `go_on`: names go on behind those of the log. `over`: an alarm that consumers know and the
 * engine does not have is normal. `resync`: the engine says each of its own alarms as it is. What must
 * stay true: no state of an alarm changes here; after the three, whoever follows the stream has the
 * engine's active set; a name that the log has given is not given again.
 */
#include "engine_priv.h"

#include <math.h>

static bool is_alarm(const struct engine_alarm *alarm)
{
    return alarm->state != 0 && alarm->state != HZ_STATE_NORMAL;
}

static uint32_t system_count(const struct hz_engine *engine)
{
    return (HZ_OBSERVED_END - 1) * engine->feed_end;
}

/* --- go_on --- */

static void take_new_name(struct hz_engine *engine, struct engine_alarm *alarm, uint32_t sure)
{
    if (!is_alarm(alarm) ||
        (alarm->episode >> 32 == engine->journal && (uint32_t)alarm->episode <= sure))
        return;
    alarm->episode = (uint64_t)engine->journal << 32 | ++engine->episodes;
}

static void name_chain(struct hz_engine *engine, uint32_t chain, uint32_t sure)
{
    for (; chain != 0; chain = rule__note(engine, chain)->next)
        if (rule__note(engine, chain)->kind == ENGINE_NOTE_ALARM)
            take_new_name(engine, &rule__note(engine, chain)->alarm, sure);
}

static void name_again(struct hz_engine *engine, uint32_t sure)
{
    for (unsigned what = 1; what < HZ_OBSERVED_END; what++)
        for (uint32_t feed = 0; feed < engine->feed_end; feed++)
            take_new_name(engine, &rule__system(engine, what, (uint16_t)feed)->alarm, sure);
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++)
        name_chain(engine, engine->gateways[gateway].notes, sure);
    for (uint32_t point = 1; point < engine->point_end; point++)
        name_chain(engine, engine->points[point].notes, sure);
}

/* What the log has of a view is not known here; no more than it has at all. */
static void views_go_on(struct hz_engine *engine, const struct hz_record_go_on *record)
{
    if (record->number <= engine->number)
        return;
    for (uint32_t id = HZ_VIEW_ALL + 1; id < HZ_VIEW_ID_END; id++) {
        engine->views[id].n += record->number - engine->number;
        engine->views[id].id = record->id;
    }
}

void rule__go_on(struct hz_engine *engine, const struct hz_record_go_on *record)
{
    views_go_on(engine, record);
    engine->journal = record->journal;
    engine->number = record->number;
    engine->all_n = record->n_all;
    engine->last_id = record->id;
    if (engine->episodes < record->episodes)
        engine->episodes = record->episodes;
    name_again(engine, record->sure);
}

/* --- over --- */

/* The bytes come from a file: what they name lies inside the engine's memory. */
static bool is_sound(const struct hz_record_over *named)
{
    static const uint8_t kinds[HZ_SIDE_END] = {[HZ_SIDE_LOW] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_HIGH] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_INVALID] = HZ_KIND_INVALID,
                                               [HZ_SIDE_STALE] = HZ_KIND_STALE};

    if (named->state <= HZ_STATE_NORMAL || named->state >= HZ_STATE_END ||
        named->severity >= HZ_SEVERITY_END || named->level >= HZ_LEVEL_END ||
        named->domain >= HZ_DOMAIN_END || named->mode >= HZ_MODE_END)
        return false;
    if (named->kind == HZ_KIND_SYSTEM)
        return named->system > 0 && named->system < HZ_OBSERVED_END && named->point == 0 &&
               named->side == HZ_SIDE_SYSTEM;
    if (named->kind == HZ_KIND_GATEWAY)
        return named->gateway > 0 && named->gateway < ENGINE_GATEWAYS && named->point == 0 &&
               named->side == HZ_SIDE_STALE;
    return named->point > 0 && named->point < ENGINE_POINTS && named->side >= HZ_SIDE_LOW &&
           named->side <= HZ_SIDE_STALE && named->kind == kinds[named->side];
}

static const struct engine_alarm *its_alarm(const struct hz_engine *engine,
                                            const struct hz_record_over *named)
{
    uint32_t at = named->kind == HZ_KIND_GATEWAY ? engine->gateways[named->gateway].notes
                                                 : engine->points[named->point].notes;

    if (named->kind == HZ_KIND_SYSTEM)
        return &engine->systems[(size_t)named->system * ENGINE_FEEDS + named->feed].alarm;
    for (; at != 0; at = engine->notes[at].next) {
        const struct engine_note *note = &engine->notes[at];
        if (note->kind == ENGINE_NOTE_ALARM && note->rule == named->rule &&
            note->sub == named->side)
            return &note->alarm;
    }
    return NULL;
}

static bool has_episode(const struct hz_engine *engine, const struct hz_record_over *named)
{
    const struct engine_alarm *alarm = its_alarm(engine, named);

    return alarm && is_alarm(alarm) && alarm->episode == named->alarm;
}

/* Severity, mode and domain are left out: a new set changes them and says nothing. */
bool hz_engine_holds(const struct hz_engine *engine, const struct hz_record_over *named)
{
    if (!is_sound(named) || !has_episode(engine, named))
        return false;
    const struct engine_alarm *alarm = its_alarm(engine, named);
    return alarm->state == named->state && alarm->level == named->level &&
           alarm->active == (named->active != 0);
}

/* One that the engine has is said by `resync`. */
void rule__over(struct hz_engine *engine, const struct hz_record_over *record)
{
    if (!is_sound(record) || has_episode(engine, record)) {
        engine->counts.ignored++;
        return;
    }
    struct engine_subject subject = {.point = record->point,
                                     .rule = record->rule,
                                     .gateway = record->gateway,
                                     .system = record->system,
                                     .feed = record->feed,
                                     .kind = record->kind,
                                     .side = record->side};
    struct engine_alarm alarm = {.episode = record->alarm,
                                 .raise_ns = record->raise_ns,
                                 .state = HZ_STATE_NORMAL,
                                 .level = record->level,
                                 .severity = record->severity,
                                 .mode = record->mode,
                                 .domain = record->domain};
    if (record->point >= engine->point_end) /* what is said of a point is news of it */
        engine->point_end = record->point + 1;
    rule__say_again(engine, &subject, &alarm, NAN, record->state);
}

/* --- resync --- */

static bool say_system(struct hz_engine *engine, uint32_t at)
{
    uint16_t what = (uint16_t)(1 + at / engine->feed_end), feed = (uint16_t)(at % engine->feed_end);
    const struct engine_alarm *alarm = &rule__system(engine, what, feed)->alarm;
    struct engine_subject subject = {
        .system = what, .feed = feed, .kind = HZ_KIND_SYSTEM, .side = HZ_SIDE_SYSTEM};

    if (!is_alarm(alarm))
        return true;
    if (!rule__room(engine))
        return false;
    rule__say_again(engine, &subject, alarm, NAN, alarm->state);
    return true;
}

static struct engine_subject subject_of(const struct engine_note *note, bool gateway)
{
    struct engine_subject subject = {.rule = note->rule, .side = note->sub};

    if (gateway) {
        subject.gateway = note->owner;
        subject.kind = HZ_KIND_GATEWAY;
        return subject;
    }
    subject.point = note->owner;
    subject.kind = note->sub == HZ_SIDE_INVALID ? HZ_KIND_INVALID
                   : note->sub == HZ_SIDE_STALE ? HZ_KIND_STALE
                                                : HZ_KIND_LIMIT;
    return subject;
}

/* The alarms of a point or a gateway, from the one that place.watch says. */
static bool say_chain(struct hz_engine *engine, uint32_t chain, bool gateway)
{
    uint32_t before = 0;

    for (; chain != 0; chain = rule__note(engine, chain)->next) {
        const struct engine_note *note = rule__note(engine, chain);
        if (note->kind != ENGINE_NOTE_ALARM || before++ < engine->place.watch)
            continue;
        if (!rule__room(engine))
            return false;
        struct engine_subject subject = subject_of(note, gateway);
        double limit =
            gateway ? NAN : rule__limit_of(engine, note->owner, note->rule, note->alarm.level);
        rule__say_again(engine, &subject, &note->alarm, limit, note->alarm.state);
        engine->place.watch++;
    }
    engine->place.watch = 0;
    return true;
}

enum owners { SYSTEMS, GATEWAYS, POINTS, ALL_OWNERS };

static bool say_owner(struct hz_engine *engine, enum owners owners, uint32_t at)
{
    return owners == SYSTEMS    ? say_system(engine, at)
           : owners == GATEWAYS ? say_chain(engine, engine->gateways[at].notes, true)
                                : say_chain(engine, engine->points[at].notes, false);
}

bool rule__resync(struct hz_engine *engine)
{
    struct engine_place *place = &engine->place;
    const uint32_t ends[ALL_OWNERS] = {system_count(engine), engine->gateway_end,
                                       engine->point_end};

    for (; place->listing < ALL_OWNERS; place->listing++, place->at = 0)
        for (; place->at < ends[place->listing]; place->at++)
            if (!say_owner(engine, place->listing, place->at))
                return false;
    place->listing = 0;
    return true;
}
