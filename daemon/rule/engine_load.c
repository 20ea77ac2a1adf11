/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a saved state into a fresh engine. What must stay true: whatever the bytes are, nothing
 * outside the engine's memory is touched, and what is accepted has the shape of what saving writes
 * (that it is what was written is told by the snapshot's digest). The rest (heaps, counts,
 * coverage) is built again from it.
 */
#include "engine_saved.h"

#include <string.h>

struct source {
    hz_engine_read read;
    void *ctx;
    uint32_t format;
};

static int get(struct source *source, void *to, size_t length)
{
    return source->read(source->ctx, to, length);
}

int hz_engine_saved_set(const void *head, struct hz_digest *ret_set)
{
    struct saved_head saved;

    memcpy(&saved, head, sizeof(saved));
    if (memcmp(saved.magic, ENGINE_MAGIC, sizeof(saved.magic)) != 0 || saved.has_set != 1)
        return HZ_ESTATE;
    *ret_set = saved.set;
    return 0;
}

static int take_head(struct hz_engine *engine, const struct saved_head *head)
{
    if (memcmp(head->magic, ENGINE_MAGIC, sizeof(head->magic)) != 0 || head->has_set > 1)
        return HZ_ECORRUPT;
    if ((head->format != ENGINE_FORMAT && head->format != ENGINE_FORMAT_WITHOUT_VIEWS) ||
        head->semantics != HZ_SEMANTICS_VERSION)
        return HZ_EVERSION;
    engine->seq = head->seq;
    engine->jt_ns = head->jt_ns;
    if (!head->has_set)
        return 0;
    engine->ruleset = rule__take_offered(engine, &head->set);
    if (!engine->ruleset)
        return HZ_ESTATE;
    engine->point_end = hz_registry_point_end(engine->ruleset->set->registry);
    engine->gateway_end = hz_registry_gateway_end(engine->ruleset->set->registry);
    if (engine->point_end == 0)
        engine->point_end = 1;
    if (engine->gateway_end == 0)
        engine->gateway_end = 1;
    return 0;
}

/* A place inside a block counts only together with that block, and is looked at against it. */
static bool place_ok(const struct engine_place *place)
{
    return place->point < ENGINE_POINTS && place->inner < ENGINE_POINTS &&
           place->gateway < ENGINE_GATEWAYS && place->fire <= ENGINE_FIRE_POINT &&
           place->stage <= ENGINE_RECORDS;
}

static void take_numbers(struct hz_engine *engine, const struct saved_numbers *numbers)
{
    engine->watched_ns = numbers->watched_ns;
    engine->set_ns = numbers->set_ns;
    engine->last_id = numbers->last_id;
    engine->number = numbers->number;
    engine->all_n = numbers->all_n;
    engine->wall_ns = numbers->wall_ns;
    engine->journal = numbers->journal;
    engine->episodes = numbers->episodes;
    engine->arrivals = numbers->arrivals;
    engine->place = numbers->place;
}

static int load_feeds(struct hz_engine *engine, struct source *source, uint32_t count)
{
    struct saved_feed saved;

    for (uint32_t i = 0; i < count; i++) {
        int error = get(source, &saved, sizeof(saved));
        if (error < 0)
            return error;
        if (saved.feed >= ENGINE_FEEDS || saved.lost > 1 || saved.unread > 1)
            return HZ_ECORRUPT;
        engine->feeds[saved.feed] = (struct engine_feed){.lost_ns = saved.lost_ns,
                                                         .connected_ns = saved.connected_ns,
                                                         .watched_ns = saved.watched_ns,
                                                         .lost = saved.lost,
                                                         .unread = saved.unread};
        rule__feed_touch(engine, (uint16_t)saved.feed);
    }
    return 0;
}

static bool alarm_ok(const struct engine_alarm *alarm)
{
    return alarm->state > HZ_STATE_NORMAL && alarm->state < HZ_STATE_END &&
           alarm->level < HZ_LEVEL_END && alarm->covers < HZ_LEVEL_END && alarm->active <= 1 &&
           alarm->severity < HZ_SEVERITY_END && alarm->place == 0;
}

static int load_systems(struct hz_engine *engine, struct source *source, uint32_t count)
{
    struct saved_system saved;

    for (uint32_t i = 0; i < count; i++) {
        int error = get(source, &saved, sizeof(saved));
        if (error < 0)
            return error;
        if (saved.what == 0 || saved.what >= HZ_OBSERVED_END || saved.feed >= ENGINE_FEEDS ||
            !alarm_ok(&saved.alarm))
            return HZ_ECORRUPT;
        *rule__system(engine, saved.what, (uint16_t)saved.feed) =
            (struct engine_system){.alarm = saved.alarm, .seen = saved.seen};
        rule__feed_touch(engine, (uint16_t)saved.feed);
    }
    return 0;
}

/* --- notes --- */

static bool level_fits(const struct engine_note *note)
{
    unsigned level = note->alarm.level;

    if (note->sub == HZ_SIDE_LOW)
        return level == HZ_LEVEL_LL || level == HZ_LEVEL_L;
    if (note->sub == HZ_SIDE_HIGH)
        return level == HZ_LEVEL_H || level == HZ_LEVEL_HH;
    return level == HZ_LEVEL_NONE;
}

static bool note_ok(const struct engine_note *note)
{
    switch (note->kind) {
    case ENGINE_NOTE_CLOCK:
        return note->rule == 0 && note->sub == 0;
    case ENGINE_NOTE_UNCONFIRMED:
    case ENGINE_NOTE_GOOD:
        return note->rule == 0 && note->sub == 0 && note->reading.kind <= HZ_VALUE_NONE &&
               note->reading.quality <= HZ_QUALITY_UNCONFIRMED;
    case ENGINE_NOTE_LEVEL:
        return note->sub >= HZ_LEVEL_LL && note->sub <= ENGINE_LEVEL_INVALID &&
               note->phase >= ENGINE_RISING && note->phase <= ENGINE_FALLING &&
               note->level.place == 0;
    case ENGINE_NOTE_ALARM:
        return note->sub >= HZ_SIDE_LOW && note->sub <= HZ_SIDE_STALE && alarm_ok(&note->alarm) &&
               level_fits(note);
    default:
        return false;
    }
}

static void start_timers(struct hz_engine *engine, const struct engine_note *note)
{
    uint32_t index = (uint32_t)(note - engine->notes);

    if (note->kind == ENGINE_NOTE_LEVEL && note->phase != ENGINE_ACTIVE)
        rule__heap_put(engine, &engine->delays, note->level.due_ns, index);
    if (note->kind == ENGINE_NOTE_ALARM && note->alarm.state == HZ_STATE_SHELVED)
        rule__heap_put(engine, &engine->shelves, note->alarm.until_ns, index);
}

static int load_notes(struct hz_engine *engine, struct source *source, uint32_t *chain,
                      uint32_t owner, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct engine_note saved;
        int error = get(source, &saved, sizeof(saved));
        if (error < 0)
            return error;
        if (!note_ok(&saved) ||
            rule__note_find(engine, *chain, saved.rule, saved.kind, saved.sub) != NULL)
            return HZ_ECORRUPT;
        struct engine_note *note =
            rule__note_put(engine, chain, owner, saved.rule, saved.kind, saved.sub);
        uint32_t next = note->next;
        *note = saved;
        note->next = next;
        note->owner = owner;
        start_timers(engine, note);
    }
    return 0;
}

/* --- gateways, points --- */

static uint32_t enterprise_of_gateway(const struct hz_engine *engine, uint32_t gateway)
{
    const struct hz_gateway *row =
        engine->ruleset ? hz_registry_gateway(engine->ruleset->set->registry, gateway) : NULL;

    return row ? row->enterprise : 0;
}

static uint32_t enterprise_of_point(const struct hz_engine *engine, uint32_t point)
{
    const struct hz_registry *registry = engine->ruleset ? engine->ruleset->set->registry : NULL;
    const struct hz_point *row = registry ? hz_registry_point(registry, point) : NULL;

    return row ? rule__scope_of(registry, row).enterprise : 0;
}

static int load_gateways(struct hz_engine *engine, struct source *source, uint32_t count)
{
    struct saved_gateway saved;

    for (uint32_t i = 0; i < count; i++) {
        int error = get(source, &saved, sizeof(saved));
        if (error < 0)
            return error;
        if (saved.gateway == 0 || saved.gateway >= ENGINE_GATEWAYS ||
            engine->gateways[saved.gateway].in_set || engine->gateways[saved.gateway].listed)
            return HZ_ECORRUPT;
        struct engine_gateway *of = &engine->gateways[saved.gateway];
        *of = (struct engine_gateway){.since_ns = saved.since_ns,
                                      .in_set = saved.in_set != 0,
                                      .listed = saved.listed != 0,
                                      .enterprise = saved.enterprise};
        if (source->format == ENGINE_FORMAT_WITHOUT_VIEWS)
            of->enterprise = enterprise_of_gateway(engine, saved.gateway);
        engine->signs[saved.gateway] =
            (struct engine_sign){.life_ns = saved.life_ns, .feed = saved.feed};
        engine->gateways_listed += of->listed;
        if (saved.gateway >= engine->gateway_end)
            engine->gateway_end = saved.gateway + 1;
        rule__feed_touch(engine, saved.feed);
        error = load_notes(engine, source, &of->notes, saved.gateway, saved.notes);
        if (error < 0)
            return error;
    }
    return 0;
}

static bool point_ok(const struct hz_engine *engine, const struct saved_point *saved)
{
    unsigned in = saved->flags & ENGINE_IN_SET;

    if (saved->point == 0 || saved->point >= ENGINE_POINTS ||
        engine->points[saved->point].flags != 0 || rule__is_listed(engine, saved->point) ||
        (saved->flags & ~ENGINE_SAVED_MASK) != 0 ||
        (saved->flags & (ENGINE_IN_SET | ENGINE_LISTED)) == 0)
        return false;
    bool known =
        engine->ruleset && hz_registry_point(engine->ruleset->set->registry, saved->point) != NULL;
    return known == (in != 0) && saved->kind <= HZ_VALUE_NONE &&
           saved->quality <= HZ_QUALITY_UNCONFIRMED;
}

/* Flags that say that a note is there. */
static bool flags_fit(struct hz_engine *engine, const struct engine_point *of)
{
    bool clock = rule__note_find(engine, of->notes, 0, ENGINE_NOTE_CLOCK, 0) != NULL;
    bool unconfirmed = rule__note_find(engine, of->notes, 0, ENGINE_NOTE_UNCONFIRMED, 0) != NULL;

    return clock == ((of->flags & ENGINE_APART) != 0) &&
           unconfirmed == ((of->flags & HZ_POINT_UNCONFIRMED) != 0);
}

static int load_point(struct hz_engine *engine, struct source *source,
                      const struct saved_point *saved)
{
    struct engine_point *of = &engine->points[saved->point];

    *of = (struct engine_point){.value = saved->value,
                                .source_ms = saved->source_ms,
                                .life_ns = saved->life_ns,
                                .arrival_ns = saved->arrival_ns,
                                .feed = saved->feed,
                                .gateway = saved->gateway,
                                .kind = saved->kind,
                                .quality = saved->quality,
                                .enterprise = saved->enterprise,
                                .flags = saved->flags & (uint16_t)~ENGINE_LISTED};
    if (saved->point >= engine->point_end)
        engine->point_end = saved->point + 1;
    rule__feed_touch(engine, saved->feed);
    if (saved->flags & ENGINE_LISTED)
        rule__list_point(engine, saved->point);
    int error = load_notes(engine, source, &of->notes, saved->point, saved->notes);
    return error < 0 || flags_fit(engine, of) ? error : HZ_ECORRUPT;
}

static int load_points(struct hz_engine *engine, struct source *source, uint32_t count)
{
    struct saved_point saved = {0};
    bool old = source->format == ENGINE_FORMAT_WITHOUT_VIEWS;

    for (uint32_t i = 0; i < count; i++) {
        int error = get(source, &saved, old ? SAVED_POINT_BYTES_WITHOUT_VIEWS : sizeof(saved));
        if (error == 0 && !point_ok(engine, &saved))
            error = HZ_ECORRUPT;
        if (error == 0 && old)
            saved.enterprise = enterprise_of_point(engine, saved.point);
        if (error == 0)
            error = load_point(engine, source, &saved);
        if (error < 0)
            return error;
    }
    return 0;
}

/* --- views --- */

static int load_views(struct hz_engine *engine, struct source *source, uint32_t count)
{
    struct saved_view saved;

    for (uint32_t i = 0; i < count; i++) {
        int error = get(source, &saved, sizeof(saved));
        if (error < 0)
            return error;
        if (saved.view == 0 || saved.view >= HZ_VIEW_ID_END || saved.of.n == 0 ||
            engine->views[saved.view].n != 0)
            return HZ_ECORRUPT;
        engine->views[saved.view] = saved.of;
    }
    return 0;
}

/* --- all --- */

static int load_lives(struct hz_engine *engine, struct source *source,
                      const struct saved_numbers *numbers)
{
    int error = load_feeds(engine, source, numbers->feeds);

    if (error == 0)
        error = load_systems(engine, source, numbers->systems);
    if (error == 0)
        error = load_gateways(engine, source, numbers->gateways);
    if (error == 0)
        error = load_points(engine, source, numbers->points);
    if (error == 0)
        error = load_views(engine, source, numbers->views);
    if (error == 0)
        error = get(source, &engine->counts, sizeof(engine->counts));
    return error;
}

int hz_engine_load(struct hz_engine *engine, hz_engine_read read, void *ctx)
{
    struct source source = {.read = read, .ctx = ctx};
    struct saved_head head;
    struct saved_numbers numbers;

    hz_assert(!engine->ruleset && engine->note_end == 1 && engine->seq == 0);
    int error = get(&source, &head, sizeof(head));
    if (error == 0)
        error = take_head(engine, &head);
    source.format = head.format;
    if (error == 0)
        error = get(&source, &numbers, sizeof(numbers));
    if (error == 0 && !place_ok(&numbers.place))
        error = HZ_ECORRUPT;
    if (error < 0)
        return error;
    take_numbers(engine, &numbers);
    error = load_lives(engine, &source, &numbers);
    if (error < 0)
        return error;
    engine->now.jt_ns = engine->jt_ns;
    rule__rebuild(engine);
    return 0;
}
