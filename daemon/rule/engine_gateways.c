/* SPDX-License-Identifier: Apache-2.0
 *
 * Gateways: when each last gave a sign, the alarms of those that are silent, and what hangs on a
 * sign. What must stay true: a sign touches one line, unless a point or an alarm waits for it
 * (`attention`); a gateway is never silent while its feed is in a gap.
 */
#include "engine_priv.h"

#include <math.h>

/* Never NULL, so that a walk may end at what it begins with. */
static const struct rule__gateway_watch *watches_of(const struct hz_ruleset *ruleset,
                                                    uint32_t gateway, uint32_t *ret_count)
{
    static const struct rule__gateway_watch none;

    *ret_count = 0;
    if (!ruleset || gateway >= ruleset->gateway_end)
        return &none;
    uint32_t first = ruleset->gateway_first[gateway];
    *ret_count = ruleset->gateway_first[gateway + 1] - first;
    return &ruleset->gateway_watches[first];
}

static const uint32_t *points_of(const struct hz_ruleset *ruleset, uint32_t gateway,
                                 uint32_t *ret_count)
{
    *ret_count = 0;
    if (!ruleset || gateway >= ruleset->gateway_end)
        return NULL;
    uint32_t first = ruleset->gateway_points_of[gateway];
    *ret_count = ruleset->gateway_points_of[gateway + 1] - first;
    return &ruleset->gateway_points[first];
}

static struct engine_note *alarm_of(struct hz_engine *engine, uint32_t gateway, uint32_t rule)
{
    return rule__note_find(engine, engine->gateways[gateway].notes, rule, ENGINE_NOTE_ALARM,
                           HZ_SIDE_STALE);
}

static struct engine_subject subject_of(uint32_t gateway, uint32_t rule)
{
    return (struct engine_subject){
        .gateway = gateway, .rule = rule, .kind = HZ_KIND_GATEWAY, .side = HZ_SIDE_STALE};
}

/* --- signs --- */

void rule__gateway_look(struct hz_engine *engine, uint32_t gateway)
{
    const struct engine_gateway *of = &engine->gateways[gateway];

    engine->signs[gateway].attention = of->stale > 0 || of->unconfirmed > 0 || of->silent > 0;
}

void rule__gateway_count(struct hz_engine *engine, uint32_t gateway, int stale, int unconfirmed)
{
    struct engine_gateway *of = &engine->gateways[gateway];

    of->stale += (uint32_t)stale;
    of->unconfirmed += (uint32_t)unconfirmed;
    rule__gateway_look(engine, gateway);
}

bool rule__gateway_sign(struct hz_engine *engine, uint32_t gateway, uint16_t feed)
{
    struct engine_sign *sign = &engine->signs[gateway];

    sign->life_ns = engine->now.jt_ns;
    sign->feed = feed;
    return sign->attention;
}

/* What its points are counted by goes with them. */
void rule__gateway_wipe(struct hz_engine *engine, uint32_t gateway)
{
    const struct engine_gateway *of = &engine->gateways[gateway];

    engine->gateways[gateway] = (struct engine_gateway){
        .place = of->place, .stale = of->stale, .unconfirmed = of->unconfirmed};
    engine->signs[gateway] = (struct engine_sign){0};
}

/* --- silence --- */

static int64_t last_sign_ns(const struct hz_engine *engine, uint32_t gateway)
{
    int64_t life_ns = engine->signs[gateway].life_ns;
    int64_t since_ns = engine->gateways[gateway].since_ns;

    return life_ns > since_ns ? life_ns : since_ns;
}

static int64_t counts_from_ns(const struct hz_engine *engine, uint32_t gateway)
{
    uint16_t feed = engine->signs[gateway].feed;
    int64_t from_ns = last_sign_ns(engine, gateway);

    if (rule__feed_gap(engine, feed))
        from_ns = engine->now.jt_ns;
    if (from_ns < engine->feeds[feed].watched_ns)
        from_ns = engine->feeds[feed].watched_ns;
    return from_ns < engine->watched_ns ? engine->watched_ns : from_ns;
}

static int64_t due_ns_of(const struct hz_engine *engine, uint32_t gateway,
                         const struct rule__gateway_watch *watch)
{
    int64_t due_ns = counts_from_ns(engine, gateway) + watch->silent_after_ns;

    return due_ns > engine->set_ns ? due_ns : engine->set_ns;
}

static bool is_raised(struct hz_engine *engine, uint32_t gateway, uint32_t rule)
{
    const struct engine_note *note = alarm_of(engine, gateway, rule);

    return note && note->alarm.active;
}

void rule__gateway_watch(struct hz_engine *engine, uint32_t gateway)
{
    struct engine_gateway *of = &engine->gateways[gateway];
    int64_t due_ns = HZ_NEVER;
    uint32_t count;
    const struct rule__gateway_watch *watch = watches_of(engine->ruleset, gateway, &count);

    for (const struct rule__gateway_watch *end = watch + count; watch < end; watch++) {
        if (is_raised(engine, gateway, watch->rule))
            continue;
        int64_t own_ns = due_ns_of(engine, gateway, watch);
        due_ns = own_ns < due_ns ? own_ns : due_ns;
    }
    if (of->place != 0)
        rule__heap_cut(engine, &engine->silences, of->place);
    if (due_ns != HZ_NEVER)
        rule__heap_put(engine, &engine->silences, due_ns, gateway);
}

static void raise_silent(struct hz_engine *engine, uint32_t gateway,
                         const struct rule__gateway_watch *watch)
{
    struct engine_gateway *of = &engine->gateways[gateway];
    struct engine_note *note =
        rule__note_put(engine, &of->notes, gateway, watch->rule, ENGINE_NOTE_ALARM, HZ_SIDE_STALE);
    struct engine_subject subject = subject_of(gateway, watch->rule);
    struct engine_condition condition = {.severity = watch->severity,
                                         .mode = watch->mode,
                                         .domain = watch->domain,
                                         .limit = NAN,
                                         .since_ns = last_sign_ns(engine, gateway)};

    rule__raise(engine, &subject, &note->alarm, &condition);
    of->silent++;
    rule__gateway_look(engine, gateway);
}

/* The gateway at the heap's root: it may have spoken since it was put there. */
bool rule__gateway_fire(struct hz_engine *engine, uint32_t gateway)
{
    uint32_t count;
    const struct rule__gateway_watch *watch = watches_of(engine->ruleset, gateway, &count);

    for (const struct rule__gateway_watch *end = watch + count; watch < end; watch++) {
        if (is_raised(engine, gateway, watch->rule) ||
            due_ns_of(engine, gateway, watch) > engine->now.jt_ns)
            continue;
        if (!rule__room(engine))
            return false;
        engine->counts.timers_fired++;
        raise_silent(engine, gateway, watch);
    }
    rule__gateway_watch(engine, gateway);
    return true;
}

/* --- what ends --- */

static const struct rule__gateway_watch *watch_of(const struct hz_ruleset *ruleset,
                                                  uint32_t gateway, uint32_t rule)
{
    uint32_t count;
    const struct rule__gateway_watch *watch = watches_of(ruleset, gateway, &count);

    for (const struct rule__gateway_watch *end = watch + count; watch < end; watch++)
        if (watch->rule == rule)
            return watch;
    return NULL;
}

static void end_alarm(struct hz_engine *engine, uint32_t gateway, struct engine_note *note,
                      bool removed)
{
    struct engine_gateway *of = &engine->gateways[gateway];
    struct engine_subject subject = subject_of(gateway, note->rule);

    if (note->alarm.active)
        of->silent--;
    if (removed)
        rule__remove(engine, &subject, &note->alarm);
    else
        rule__clear(engine, &subject, &note->alarm, NAN);
    rule__alarm_note_drop(engine, &of->notes, note);
    rule__gateway_look(engine, gateway);
}

/* The first alarm that has to end: its gateway is heard, or its rule is gone. */
static struct engine_note *next_ended(struct hz_engine *engine, uint32_t gateway, bool gone)
{
    for (uint32_t at = engine->gateways[gateway].notes; at != 0;
         at = rule__note(engine, at)->next) {
        struct engine_note *note = rule__note(engine, at);
        if (gone ? !watch_of(engine->ruleset, gateway, note->rule) : note->alarm.active)
            return note;
    }
    return NULL;
}

static bool end_alarms(struct hz_engine *engine, uint32_t gateway, bool gone)
{
    struct engine_note *note;
    bool any = false;

    while ((note = next_ended(engine, gateway, gone)) != NULL) {
        if (!rule__room(engine))
            return false;
        end_alarm(engine, gateway, note, gone);
        any = true;
    }
    if (any || gone)
        rule__gateway_watch(engine, gateway);
    return true;
}

/* --- a sign on which something hangs --- */

static bool waits(const struct engine_point *of)
{
    return of->flags & ENGINE_BY_GATEWAY && of->flags & (HZ_POINT_STALE | HZ_POINT_UNCONFIRMED);
}

/* One of the gateway's points hears of the sign. */
static bool touch(struct hz_engine *engine, uint32_t point)
{
    struct engine_point *of = &engine->points[point];

    if (!waits(of))
        return true;
    if (rule__is_listed(engine, point) && !rule__work_off(engine, point))
        return false;
    if (of->flags & HZ_POINT_UNCONFIRMED)
        rule__retained_confirm(engine, point);
    rule__alive(engine, point);
    return true;
}

/* Passes over the alarms of the gateway and then over its points, in ascending order, the reading's
 * own among them. */
bool rule__gateway_pass(struct hz_engine *engine, uint32_t gateway, bool up)
{
    struct engine_place *place = &engine->place;
    uint32_t count;
    const uint32_t *points = points_of(engine->ruleset, gateway, &count);

    if (!up && place->at == 0 && place->inner == 0 && !end_alarms(engine, gateway, false))
        return false;
    for (; place->at < count; place->at++, place->inner = 0) {
        uint32_t point = points[place->at];
        if (!up && place->inner == 0 && !touch(engine, point))
            return false;
        place->inner = point;
        if (!rule__pass(engine, point, up))
            return false;
    }
    place->at = 0;
    return true;
}

bool rule__gateway_work_off(struct hz_engine *engine, uint32_t gateway)
{
    struct engine_gateway *of = &engine->gateways[gateway];

    if (!end_alarms(engine, gateway, true))
        return false;
    of->listed = false;
    if (!of->in_set && of->notes == 0)
        rule__gateway_wipe(engine, gateway);
    return true;
}
