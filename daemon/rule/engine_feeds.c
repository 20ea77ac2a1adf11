/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds, and time that was not watched. What must stay true: nothing is cleared by not watching
 * (off- delays are cancelled), nothing is called silent that was not listened to (dead-lines count
 * anew from the end of a gap), and on-delays run on: in a scoped gap they fire, over a whole gap
 * the engine's clock stands still and they keep their rest.
 */
#include "engine_priv.h"

#include <string.h>

/* Where no feed of the configuration is meant: the option table's defaults. */
#define STALE_AFTER_DEFAULT_NS (1800 * HZ_NS_PER_S)
#define SKEW_DEFAULT_MS        60000
#define LOST_AFTER_DEFAULT_NS  (10 * HZ_NS_PER_S)

#define GAP_ALARM_NS (2 * HZ_NS_PER_S) /* a shorter one is no alarm */

/* --- settings --- */

static const struct hz_feed_config *config_of(const struct hz_ruleset *ruleset, uint16_t feed)
{
    if (!ruleset)
        return NULL;
    const struct hz_set *set = ruleset->set;
    const struct hz_config *config = set->config;
    struct hz_slice name = hz_names_key(hz_registry_names(set->registry), HZ_NAMED_FEED, feed);

    for (uint32_t i = 0; name.at && i < config->feed_count; i++)
        if (hz_slice_is(name, config->feeds[i].name))
            return &config->feeds[i];
    return feed == 0 && config->feed_count == 1 ? &config->feeds[0] : NULL;
}

int64_t rule__feed_stale_after_ns(const struct hz_ruleset *ruleset, uint16_t feed)
{
    const struct hz_feed_config *config = config_of(ruleset, feed);

    return config ? config->stale_after_ns : STALE_AFTER_DEFAULT_NS;
}

const struct engine_feed *rule__feed(struct hz_engine *engine, uint16_t feed)
{
    struct engine_feed *of = &engine->feeds[feed];

    if (of->known)
        return of;
    const struct hz_feed_config *config = config_of(engine->ruleset, feed);
    of->stale_after_ns = rule__feed_stale_after_ns(engine->ruleset, feed);
    of->skew_ms = config ? config->skew_ns / HZ_NS_PER_MS : SKEW_DEFAULT_MS;
    of->lost_after_ns = config ? config->lost_after_ns : LOST_AFTER_DEFAULT_NS;
    of->known = true;
    rule__feed_touch(engine, feed);
    return of;
}

void rule__feeds_unknown(struct hz_engine *engine)
{
    for (uint32_t feed = 0; feed < engine->feed_end; feed++)
        engine->feeds[feed].known = false;
}

void rule__feed_touch(struct hz_engine *engine, uint16_t feed)
{
    if (feed >= engine->feed_end)
        engine->feed_end = feed + 1u;
}

/* --- a feed is lost for long --- */

static bool is_awaited(struct hz_engine *engine, uint16_t feed)
{
    return engine->feeds[feed].lost &&
           !rule__system(engine, HZ_OBSERVED_FEED_LOST, feed)->alarm.active;
}

static int64_t lost_due_ns(struct hz_engine *engine, uint16_t feed)
{
    const struct engine_feed *of = rule__feed(engine, feed);
    int64_t due_ns = of->lost_ns + of->lost_after_ns;

    return due_ns > engine->set_ns ? due_ns : engine->set_ns;
}

void rule__feed_due(struct hz_engine *engine)
{
    engine->lost_due_ns = HZ_NEVER;
    for (uint32_t feed = 0; feed < engine->feed_end; feed++) {
        if (!is_awaited(engine, (uint16_t)feed))
            continue;
        int64_t due_ns = lost_due_ns(engine, (uint16_t)feed);
        if (due_ns < engine->lost_due_ns)
            engine->lost_due_ns = due_ns;
    }
}

void rule__feed_fire(struct hz_engine *engine)
{
    uint16_t feed = 0;

    while (!is_awaited(engine, feed) || lost_due_ns(engine, feed) != engine->lost_due_ns)
        feed++;
    engine->counts.timers_fired++;
    rule__system_raise(engine, HZ_OBSERVED_FEED_LOST, feed, 1);
    rule__feed_due(engine);
}

/* --- scoped gaps --- */

static void mark_points(struct hz_engine *engine, uint16_t feed, bool gap)
{
    for (uint32_t point = 1; point < engine->point_end; point++)
        if (engine->points[point].feed == feed && engine->points[point].flags & ENGINE_IN_SET)
            rule__flag(engine, point, gap ? HZ_POINT_UNOBSERVED : 0, gap ? 0 : HZ_POINT_UNOBSERVED);
}

/* Its two reasons may overlap: it is open while there is one. */
static void set_gap(struct hz_engine *engine, uint16_t feed, bool lost, bool unread)
{
    struct engine_feed *of = &engine->feeds[feed];
    bool was_open = rule__feed_gap(engine, feed);

    rule__feed_touch(engine, feed);
    of->lost = lost;
    of->unread = unread;
    if (was_open || lost || unread) {
        rule__cancel_off_delays_of(engine, feed, false);
        of->watched_ns = engine->now.jt_ns;
    }
    if (was_open != (lost || unread))
        mark_points(engine, feed, !was_open);
}

void rule__feed_unread(struct hz_engine *engine, uint16_t feed, bool unread)
{
    set_gap(engine, feed, engine->feeds[feed].lost, unread);
}

static void feed_lost(struct hz_engine *engine, uint16_t feed)
{
    if (engine->feeds[feed].lost)
        return;
    set_gap(engine, feed, true, engine->feeds[feed].unread);
    engine->feeds[feed].lost_ns = engine->now.jt_ns;
    rule__feed_due(engine);
}

/* Lost no longer: said by `connected`, and by the gap's record where that stands alone. */
static void feed_back(struct hz_engine *engine, uint16_t feed)
{
    set_gap(engine, feed, false, engine->feeds[feed].unread);
    engine->feeds[feed].lost_ns = 0;
    rule__system_clear(engine, HZ_OBSERVED_FEED_LOST, feed);
    rule__feed_due(engine);
}

void rule__apply_feed(struct hz_engine *engine, const struct hz_record_feed *record)
{
    if (record->feed == 0 || record->feed >= ENGINE_FEEDS || record->state > HZ_FEED_CONNECTED) {
        engine->counts.ignored++;
        return;
    }
    uint16_t feed = (uint16_t)record->feed;
    if (record->state == HZ_FEED_LOST) {
        feed_lost(engine, feed);
        return;
    }
    if (engine->feeds[feed].lost)
        feed_back(engine, feed);
    rule__feed_touch(engine, feed);
    engine->feeds[feed].connected_ns = engine->now.jt_ns;
}

/* --- gaps that have ended --- */

static void whole_gap(struct hz_engine *engine, const struct hz_record_gap *record)
{
    int64_t length_ns;

    if (__builtin_sub_overflow(record->to_wall_ns, record->from_wall_ns, &length_ns))
        length_ns = 0; /* no time that anybody could have missed */
    rule__cancel_off_delays_of(engine, 0, true);
    engine->watched_ns = engine->now.jt_ns;
    if (length_ns <= GAP_ALARM_NS)
        return;
    rule__system_raise(engine, HZ_OBSERVED_GAP, 0, length_ns);
    rule__system_clear(engine, HZ_OBSERVED_GAP, 0);
}

/* A gap that nothing opened (sockets found unread afterwards) ends like any other. */
static void scoped_gap(struct hz_engine *engine, const struct hz_record_gap *record)
{
    uint16_t feed = (uint16_t)record->feed;

    if (record->reason == HZ_GAP_UNREAD)
        set_gap(engine, feed, engine->feeds[feed].lost, false);
    else
        feed_back(engine, feed);
    rule__feed_touch(engine, feed);
    rule__cancel_off_delays_of(engine, feed, false);
    engine->feeds[feed].watched_ns = engine->now.jt_ns;
}

void rule__apply_gap(struct hz_engine *engine, const struct hz_record_gap *record)
{
    if (record->feed == 0)
        whole_gap(engine, record);
    else if (record->feed < ENGINE_FEEDS)
        scoped_gap(engine, record);
    else
        engine->counts.ignored++;
}
