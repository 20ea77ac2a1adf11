/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of an alarm (ISA-18.2 / IEC 62682 clause 5.4), and the one place where the engine says
 * something. What must stay true: a transition is complete and follows from the state alone; ids,
 * numbers and places in views count without holes; raise and escalate of a live alarm ring, nothing
 * else does.
 *
 *              raise                ack
 *    normal ----------> unack -----------> ack --- clear ---> normal
 *                        |  ^                |
 *                  clear |  | raise          | escalate: back to unack
 *                        v  |
 *                       rtnun --- ack ---> normal
 *
 * Shelved and out of service stay what they are while the condition comes and goes; a level above
 * the shelved one ends the shelving.
 */
#include "engine_priv.h"

#include <math.h>
#include <string.h>

/* --- what is said --- */

static struct hz_stream_id next_id(struct hz_engine *engine)
{
    int64_t ms = engine->block->wall_ns / HZ_NS_PER_MS;

    if (ms > engine->last_id.ms)
        engine->last_id = (struct hz_stream_id){ms, 0};
    else
        engine->last_id.k++;
    return engine->last_id;
}

/* A system alarm has enterprise 0, which is in no view. */
static uint32_t enterprise_of(const struct hz_engine *engine, const struct engine_subject *subject)
{
    return subject->gateway != 0 ? engine->gateways[subject->gateway].enterprise
                                 : engine->points[subject->point].enterprise;
}

static void take_views(struct hz_engine *engine, const struct engine_subject *subject,
                       unsigned domain, struct hz_transition *to)
{
    struct hz_view_list list = {0};

    if (engine->ruleset)
        list = hz_views_of(engine->ruleset->set->views, enterprise_of(engine, subject), domain);
    for (uint32_t i = 0; i < list.count; i++) {
        struct engine_view *view = &engine->views[list.ids[i]];
        to->places[to->place_count++] =
            (struct hz_view_place){.view = list.ids[i], .n = ++view->n, .before = view->id};
        view->id = to->id;
    }
}

static void take_place(struct hz_engine *engine, const struct engine_subject *subject,
                       unsigned domain, struct hz_transition *to)
{
    struct hz_stream_id before = engine->last_id;

    to->place_count = 1;
    to->places[0] =
        (struct hz_view_place){.view = HZ_VIEW_ALL, .n = ++engine->all_n, .before = before};
    to->id = next_id(engine);
    take_views(engine, subject, domain, to);
    to->number = ++engine->number;
    to->seq = engine->block->seq + engine->place.record;
    to->index = engine->place.index++;
    engine->counts.transitions++;
}

static void put_reading(struct hz_transition *to, const struct engine_reading_note *from)
{
    to->value = from->value;
    to->value_kind = from->kind;
    to->quality = from->quality;
    to->source_ms = from->source_ms;
    to->arrival_ns = from->arrival_ns;
}

/* Levels are decided by good readings, or by an unconfirmed one that meets the limit; the rest by
 * the last reading. */
static struct engine_reading_note decider(struct hz_engine *engine,
                                          const struct engine_subject *subject, double limit,
                                          unsigned level)
{
    const struct engine_point *point = &engine->points[subject->point];
    const struct engine_note *note;

    if (subject->kind == HZ_KIND_LIMIT && point->flags & HZ_POINT_UNCONFIRMED) {
        note = rule__note_find(engine, point->notes, 0, ENGINE_NOTE_UNCONFIRMED, 0);
        if (note->reading.kind <= HZ_VALUE_I64 && note->reading.quality == HZ_QUALITY_GOOD &&
            rule__is_met(level, limit, rule__number(note->reading.kind, note->reading.value))) {
            struct engine_reading_note unconfirmed = note->reading;
            unconfirmed.quality = HZ_QUALITY_UNCONFIRMED;
            return unconfirmed;
        }
    }
    if (subject->kind == HZ_KIND_LIMIT && point->flags & HZ_POINT_INVALID) {
        note = rule__note_find(engine, point->notes, 0, ENGINE_NOTE_GOOD, 0);
        if (note)
            return note->reading;
    }
    return (struct engine_reading_note){.value = point->value,
                                        .kind = point->kind,
                                        .quality = point->quality,
                                        .source_ms = rule__shown_ms(engine, subject->point),
                                        .arrival_ns = point->arrival_ns};
}

static void put_decider(struct hz_engine *engine, const struct engine_subject *subject,
                        struct hz_transition *to)
{
    if (subject->point != 0) {
        struct engine_reading_note reading = decider(engine, subject, to->limit, to->level);
        put_reading(to, &reading);
        return;
    }
    to->source_ms = HZ_NO_SOURCE_TIME;
    to->value_kind = HZ_VALUE_NONE;
    if (subject->kind == HZ_KIND_SYSTEM) {
        to->value_kind = HZ_VALUE_I64;
        to->value.i64 = rule__system(engine, subject->system, subject->feed)->seen;
    }
}

static bool rings(const struct hz_transition *one)
{
    return (one->event == HZ_EVENT_RAISE || one->event == HZ_EVENT_ESCALATE) &&
           one->mode == HZ_MODE_LIVE && one->state == HZ_STATE_UNACK;
}

static struct hz_transition *say(struct hz_engine *engine, const struct engine_subject *subject,
                                 const struct engine_alarm *alarm, double limit,
                                 enum hz_event event, unsigned prev)
{
    hz_assert(engine->count < engine->room);
    struct hz_transition *to = &engine->out[engine->count++];

    memset(to, 0, sizeof(*to));
    take_place(engine, subject, alarm->domain, to);
    to->alarm = alarm->episode;
    to->point = subject->point;
    to->rule = subject->rule;
    to->gateway = subject->gateway;
    to->system = subject->system;
    to->feed = subject->feed;
    to->kind = subject->kind;
    to->side = subject->side;
    to->event = (uint8_t)event;
    to->state = alarm->state;
    to->prev = (uint8_t)prev;
    to->severity = alarm->severity;
    to->level = alarm->level;
    to->domain = alarm->domain;
    to->mode = alarm->mode;
    to->active = alarm->active;
    to->ring = rings(to);
    to->t_ns = engine->now.utc_ns;
    to->jt_ns = engine->now.jt_ns;
    to->wall_ns = engine->block->wall_ns;
    to->raise_ns = alarm->raise_ns;
    to->for_ns = alarm->active ? engine->now.jt_ns - alarm->since_ns : alarm->since_ns;
    to->limit = limit;
    to->until_ns = alarm->state == HZ_STATE_SHELVED ? alarm->until_ns : 0;
    put_decider(engine, subject, to);
    if (subject->point != 0)
        rule__news(engine, subject->point);
    return to;
}

void rule__say_again(struct hz_engine *engine, const struct engine_subject *subject,
                     const struct engine_alarm *alarm, double limit, unsigned prev)
{
    (void)say(engine, subject, alarm, limit, HZ_EVENT_RESYNC, prev);
}

/* --- life --- */

static void begin_episode(struct hz_engine *engine, struct engine_alarm *alarm)
{
    alarm->episode = (uint64_t)engine->journal << 32 | ++engine->episodes;
    alarm->raise_ns = engine->now.utc_ns;
    engine->counts.alarms_active++;
}

static void take_condition(struct engine_alarm *alarm, const struct engine_condition *condition)
{
    alarm->active = true;
    alarm->level = condition->level;
    alarm->severity = condition->severity;
    alarm->mode = condition->mode;
    alarm->domain = condition->domain;
    alarm->since_ns = condition->since_ns;
}

static void end_shelf(struct hz_engine *engine, struct engine_alarm *alarm)
{
    if (alarm->place != 0)
        rule__heap_cut(engine, &engine->shelves, alarm->place);
    alarm->until_ns = 0;
    alarm->covers = HZ_LEVEL_NONE;
}

/* Wants to be seen, unless a person took it away. */
static void announce(struct hz_engine *engine, struct engine_alarm *alarm)
{
    if (alarm->state == HZ_STATE_OOS)
        return;
    if (alarm->state == HZ_STATE_SHELVED) {
        if (rule__rank(alarm->level) <= rule__rank(alarm->covers))
            return;
        end_shelf(engine, alarm);
    }
    alarm->state = HZ_STATE_UNACK;
}

static unsigned state_of(const struct engine_alarm *alarm)
{
    return alarm->state == 0 ? HZ_STATE_NORMAL : alarm->state;
}

void rule__raise(struct hz_engine *engine, const struct engine_subject *subject,
                 struct engine_alarm *alarm, const struct engine_condition *condition)
{
    unsigned prev = state_of(alarm);

    if (prev == HZ_STATE_NORMAL)
        begin_episode(engine, alarm);
    take_condition(alarm, condition);
    announce(engine, alarm);
    (void)say(engine, subject, alarm, condition->limit, HZ_EVENT_RAISE, prev);
}

void rule__escalate(struct hz_engine *engine, const struct engine_subject *subject,
                    struct engine_alarm *alarm, const struct engine_condition *condition)
{
    unsigned prev = alarm->state;

    take_condition(alarm, condition);
    announce(engine, alarm);
    (void)say(engine, subject, alarm, condition->limit, HZ_EVENT_ESCALATE, prev);
}

void rule__deescalate(struct hz_engine *engine, const struct engine_subject *subject,
                      struct engine_alarm *alarm, const struct engine_condition *condition)
{
    take_condition(alarm, condition);
    (void)say(engine, subject, alarm, condition->limit, HZ_EVENT_DEESCALATE, alarm->state);
}

static void is_over(struct hz_engine *engine, struct engine_alarm *alarm)
{
    if (alarm->active)
        alarm->since_ns = engine->now.jt_ns - alarm->since_ns;
    alarm->active = false;
}

static void set_normal(struct hz_engine *engine, struct engine_alarm *alarm)
{
    end_shelf(engine, alarm);
    alarm->state = HZ_STATE_NORMAL;
    engine->counts.alarms_active--;
}

void rule__clear(struct hz_engine *engine, const struct engine_subject *subject,
                 struct engine_alarm *alarm, double limit)
{
    unsigned prev = alarm->state;

    is_over(engine, alarm);
    if (prev == HZ_STATE_UNACK)
        alarm->state = HZ_STATE_RTNUN;
    else if (prev == HZ_STATE_ACK)
        set_normal(engine, alarm);
    (void)say(engine, subject, alarm, limit, HZ_EVENT_CLEAR, prev);
}

void rule__remove(struct hz_engine *engine, const struct engine_subject *subject,
                  struct engine_alarm *alarm)
{
    unsigned prev = alarm->state;

    is_over(engine, alarm);
    set_normal(engine, alarm);
    (void)say(engine, subject, alarm, NAN, HZ_EVENT_REMOVE, prev);
}

static void put_texts(struct hz_transition *to, const struct hz_command_texts *texts)
{
    to->actor_length =
        (uint16_t)hz_utf8_cut(texts->actor.at, texts->actor.length, sizeof(to->actor));
    to->via_length = (uint16_t)hz_utf8_cut(texts->via.at, texts->via.length, sizeof(to->via));
    to->command_id_length = (uint16_t)hz_utf8_cut(texts->command_id.at, texts->command_id.length,
                                                  sizeof(to->command_id));
    to->reason_length =
        (uint16_t)hz_utf8_cut(texts->reason.at, texts->reason.length, sizeof(to->reason));
    memcpy(to->actor, texts->actor.at, to->actor_length);
    memcpy(to->via, texts->via.at, to->via_length);
    memcpy(to->command_id, texts->command_id.at, to->command_id_length);
    memcpy(to->reason, texts->reason.at, to->reason_length);
}

void rule__act(struct hz_engine *engine, const struct engine_subject *subject,
               struct engine_alarm *alarm, double limit, const struct engine_act *act)
{
    unsigned prev = state_of(alarm);

    if (prev == HZ_STATE_NORMAL)
        begin_episode(engine, alarm);
    if (act->state == HZ_STATE_NORMAL)
        set_normal(engine, alarm);
    else
        end_shelf(engine, alarm);
    alarm->state = act->state;
    if (act->state == HZ_STATE_SHELVED) {
        alarm->covers = alarm->level;
        alarm->until_ns = act->until_ns;
        rule__heap_put(engine, &engine->shelves, act->until_ns, act->note);
    }
    struct hz_transition *to = say(engine, subject, alarm, limit, act->event, prev);
    if (act->texts)
        put_texts(to, act->texts);
}
