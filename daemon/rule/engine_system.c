/* SPDX-License-Identifier: Apache-2.0
 *
 * Alarms of the daemon itself: one for each condition and feed, with the life of any other alarm.
 * They are raised by what was observed, by the engine's own timer (a feed lost for long), by gaps
 * and by clocks that are wrong.
 */
#include "engine_priv.h"

#include <math.h>

static const uint8_t severities[HZ_OBSERVED_END] = {
#define X(name, number, word, severity) [number] = HZ_SEVERITY_##severity,
    HZ_OBSERVED(X)
#undef X
};

struct engine_system *rule__system(struct hz_engine *engine, unsigned what, uint16_t feed)
{
    return &engine->systems[(size_t)what * ENGINE_FEEDS + feed];
}

static struct engine_subject subject_of(unsigned what, uint16_t feed)
{
    return (struct engine_subject){
        .system = (uint16_t)what, .feed = feed, .kind = HZ_KIND_SYSTEM, .side = HZ_SIDE_SYSTEM};
}

void rule__system_raise(struct hz_engine *engine, unsigned what, uint16_t feed, int64_t seen)
{
    struct engine_system *of = rule__system(engine, what, feed);
    struct engine_subject subject = subject_of(what, feed);
    struct engine_condition condition = {.severity = severities[what],
                                         .mode = HZ_MODE_LIVE,
                                         .domain = HZ_DOMAIN_SYSTEM,
                                         .limit = NAN,
                                         .since_ns = engine->now.jt_ns};

    of->seen = seen;
    rule__feed_touch(engine, feed);
    if (!of->alarm.active)
        rule__raise(engine, &subject, &of->alarm, &condition);
}

void rule__system_clear(struct hz_engine *engine, unsigned what, uint16_t feed)
{
    struct engine_system *of = rule__system(engine, what, feed);
    struct engine_subject subject = subject_of(what, feed);

    if (!of->alarm.active)
        return;
    rule__clear(engine, &subject, &of->alarm, NAN);
    if (of->alarm.state == HZ_STATE_NORMAL)
        *of = (struct engine_system){0};
}

void rule__apply_observe(struct hz_engine *engine, const struct hz_record_observe *record)
{
    if (record->what == 0 || record->what >= HZ_OBSERVED_END || record->subject >= ENGINE_FEEDS) {
        engine->counts.ignored++;
        return;
    }
    uint16_t feed = (uint16_t)record->subject;
    if (record->what == HZ_OBSERVED_UNREAD && feed != 0)
        rule__feed_unread(engine, feed, record->value != 0);
    if (record->value != 0)
        rule__system_raise(engine, record->what, feed, record->value);
    else
        rule__system_clear(engine, record->what, feed);
}
