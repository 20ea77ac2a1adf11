/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do to alarms: acknowledge, shelve, take out of service, and back. A command names the
 * condition (point, rule, side) and, for alarms of gateways and of the daemon itself, which have no
 * point, the episode. What must stay true: a command that does not fit the alarm's state, or means
 * another episode, changes nothing; who did it stands in the transition.
 *
 * A shelve ends at a time of the clock on the wall: with the first record at or after it.
 */
#include "engine_priv.h"

#include <math.h>

/* The alarm that is meant, and where it hangs. */
struct meant {
    struct engine_subject subject;
    struct engine_alarm *alarm;
    struct engine_note *note; /* NULL for the daemon's own */
    struct engine_system *system;
    uint32_t *chain;
    double limit;
};

static bool is_episode(const struct engine_alarm *alarm, uint64_t episode)
{
    return alarm->state != 0 && alarm->state != HZ_STATE_NORMAL &&
           (episode == 0 || alarm->episode == episode);
}

/* --- finding it --- */

static bool find_system(struct hz_engine *engine, uint64_t episode, struct meant *ret)
{
    for (unsigned what = 1; what < HZ_OBSERVED_END; what++)
        for (uint32_t feed = 0; feed < engine->feed_end; feed++) {
            struct engine_system *of = rule__system(engine, what, (uint16_t)feed);
            if (!is_episode(&of->alarm, episode))
                continue;
            *ret = (struct meant){.subject = {.system = (uint16_t)what,
                                              .feed = (uint16_t)feed,
                                              .kind = HZ_KIND_SYSTEM,
                                              .side = HZ_SIDE_SYSTEM},
                                  .alarm = &of->alarm,
                                  .system = of,
                                  .limit = NAN};
            return true;
        }
    return false;
}

static bool find_gateway(struct hz_engine *engine, uint64_t episode, struct meant *ret)
{
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++) {
        struct engine_gateway *of = &engine->gateways[gateway];
        for (uint32_t at = of->notes; at != 0; at = rule__note(engine, at)->next) {
            struct engine_note *note = rule__note(engine, at);
            if (!is_episode(&note->alarm, episode))
                continue;
            *ret = (struct meant){.subject = {.gateway = gateway,
                                              .rule = note->rule,
                                              .kind = HZ_KIND_GATEWAY,
                                              .side = HZ_SIDE_STALE},
                                  .alarm = &note->alarm,
                                  .note = note,
                                  .chain = &of->notes,
                                  .limit = NAN};
            return true;
        }
    }
    return false;
}

static bool names_condition(const struct hz_record_command *command)
{
    return command->point != 0 && command->point < ENGINE_POINTS && command->side >= HZ_SIDE_LOW &&
           command->side <= HZ_SIDE_STALE;
}

static struct engine_subject subject_of(const struct hz_record_command *command)
{
    uint8_t kind = command->side == HZ_SIDE_INVALID ? HZ_KIND_INVALID
                   : command->side == HZ_SIDE_STALE ? HZ_KIND_STALE
                                                    : HZ_KIND_LIMIT;

    return (struct engine_subject){.point = command->point,
                                   .rule = command->rule,
                                   .kind = kind,
                                   .side = (uint8_t)command->side};
}

static bool find_point(struct hz_engine *engine, const struct hz_record_command *command,
                       struct meant *ret)
{
    uint32_t *chain = &engine->points[command->point].notes;
    struct engine_note *note =
        rule__note_find(engine, *chain, command->rule, ENGINE_NOTE_ALARM, command->side);

    if (!note || !is_episode(&note->alarm, command->alarm))
        return false;
    *ret = (struct meant){
        .subject = subject_of(command),
        .alarm = &note->alarm,
        .note = note,
        .chain = chain,
        .limit = rule__limit_of(engine, command->point, command->rule, note->alarm.level)};
    return true;
}

static bool find(struct hz_engine *engine, const struct hz_record_command *command,
                 struct meant *ret)
{
    if (names_condition(command))
        return find_point(engine, command, ret);
    if (command->point != 0 || command->alarm == 0)
        return false;
    return find_system(engine, command->alarm, ret) || find_gateway(engine, command->alarm, ret);
}

/* --- doing it --- */

static void act(struct hz_engine *engine, const struct meant *meant, struct engine_act act)
{
    act.note = meant->note ? (uint32_t)(meant->note - engine->notes) : 0;
    rule__act(engine, &meant->subject, meant->alarm, meant->limit, &act);
    if (meant->note)
        rule__alarm_note_drop(engine, meant->chain, meant->note);
    else if (meant->alarm->state == HZ_STATE_NORMAL)
        *meant->system = (struct engine_system){0};
}

static uint8_t present_state(const struct engine_alarm *alarm)
{
    return alarm->active ? HZ_STATE_UNACK : HZ_STATE_NORMAL;
}

static void acknowledge(struct hz_engine *engine, const struct meant *meant,
                        const struct hz_command_texts *texts)
{
    struct engine_act ack = {.event = HZ_EVENT_ACK, .texts = texts};

    if (meant->alarm->state == HZ_STATE_UNACK)
        ack.state = HZ_STATE_ACK;
    else if (meant->alarm->state == HZ_STATE_RTNUN)
        ack.state = HZ_STATE_NORMAL;
    else
        return;
    act(engine, meant, ack);
}

static void bring_back(struct hz_engine *engine, const struct meant *meant, enum hz_state from,
                       enum hz_event event, const struct hz_command_texts *texts)
{
    if (meant->alarm->state != from)
        return;
    act(engine, meant,
        (struct engine_act){
            .event = (uint8_t)event, .state = present_state(meant->alarm), .texts = texts});
}

/* The lowest level that the side has at the point: up to it a normal alarm is shelved. */
static unsigned lowest_level(const struct rule__watch *watch, unsigned side)
{
    unsigned inner = side == HZ_SIDE_LOW ? HZ_LEVEL_L : HZ_LEVEL_H;
    unsigned outer = side == HZ_SIDE_LOW ? HZ_LEVEL_LL : HZ_LEVEL_HH;

    if (side != HZ_SIDE_LOW && side != HZ_SIDE_HIGH)
        return HZ_LEVEL_NONE;
    return isnan(watch->limit[inner - 1]) ? outer : inner;
}

static unsigned severity_of(const struct rule__watch *watch, const struct rule__profile *profile,
                            unsigned side, unsigned level)
{
    if (side == HZ_SIDE_INVALID)
        return profile->invalid_severity;
    if (side == HZ_SIDE_STALE)
        return profile->stale_severity;
    return isnan(watch->limit[level - 1]) ? HZ_SEVERITY_NONE : profile->severity[level];
}

/* An alarm that is normal gets a note, when there is such a condition: it may be shelved or taken
 * out of service before it comes. */
static bool put_normal(struct hz_engine *engine, const struct hz_record_command *command,
                       struct meant *ret)
{
    const struct rule__watch *watch =
        engine->ruleset && names_condition(command)
            ? rule__watch_of(engine->ruleset, command->point, command->rule)
            : NULL;
    uint32_t *chain = &engine->points[names_condition(command) ? command->point : 0].notes;

    if (!watch || command->alarm != 0 ||
        rule__note_find(engine, *chain, command->rule, ENGINE_NOTE_ALARM, command->side))
        return false;
    const struct rule__profile *profile = &engine->ruleset->profiles[watch->profile];
    unsigned level = lowest_level(watch, command->side);
    unsigned severity = severity_of(watch, profile, command->side, level);
    if (severity == HZ_SEVERITY_NONE)
        return false;
    struct engine_note *note = rule__note_put(engine, chain, command->point, command->rule,
                                              ENGINE_NOTE_ALARM, command->side);
    note->alarm.level = (uint8_t)level;
    note->alarm.severity = (uint8_t)severity;
    note->alarm.mode = profile->mode;
    note->alarm.domain = profile->domain;
    *ret = (struct meant){.subject = subject_of(command),
                          .alarm = &note->alarm,
                          .note = note,
                          .chain = chain,
                          .limit = rule__limit_of(engine, command->point, command->rule, level)};
    return true;
}

/* Only alarms of points are put away, and a shelve has an end that is still to come. */
static void put_away(struct hz_engine *engine, const struct hz_record_command *command,
                     const struct hz_command_texts *texts)
{
    bool shelve = command->verb == HZ_VERB_SHELVE;
    struct meant meant;

    if (shelve && command->until_wall_ns <= engine->block->wall_ns)
        return;
    if (!names_condition(command) ||
        (!find_point(engine, command, &meant) && !put_normal(engine, command, &meant)))
        return;
    if (meant.alarm->state == HZ_STATE_OOS)
        return;
    act(engine, &meant,
        shelve ? (struct engine_act){.event = HZ_EVENT_SHELVE,
                                     .state = HZ_STATE_SHELVED,
                                     .until_ns = command->until_wall_ns,
                                     .texts = texts}
               : (struct engine_act){.event = HZ_EVENT_OOS, .state = HZ_STATE_OOS, .texts = texts});
}

void rule__apply_command(struct hz_engine *engine, const struct hz_record_command *command)
{
    struct hz_command_texts texts = hz_command_texts(command);
    struct meant meant;

    if (command->verb == HZ_VERB_SHELVE || command->verb == HZ_VERB_OOS) {
        put_away(engine, command, &texts);
        return;
    }
    if (!find(engine, command, &meant))
        return;
    if (command->verb == HZ_VERB_ACK)
        acknowledge(engine, &meant, &texts);
    else if (command->verb == HZ_VERB_UNSHELVE)
        bring_back(engine, &meant, HZ_STATE_SHELVED, HZ_EVENT_UNSHELVE, &texts);
    else if (command->verb == HZ_VERB_RETURN)
        bring_back(engine, &meant, HZ_STATE_OOS, HZ_EVENT_RETURN, &texts);
}

/* --- the end of a shelve --- */

bool rule__unshelve_due(struct hz_engine *engine)
{
    while (rule__heap_due(&engine->shelves) <= engine->block->wall_ns) {
        if (!rule__room(engine))
            return false;
        struct engine_note *note = rule__note(engine, engine->shelves.entries[1].who);
        struct hz_record_command named = {
            .point = note->owner, .rule = note->rule, .side = note->sub};
        struct meant meant;
        hz_assert(find_point(engine, &named, &meant));
        bring_back(engine, &meant, HZ_STATE_SHELVED, HZ_EVENT_UNSHELVE, NULL);
    }
    return true;
}
