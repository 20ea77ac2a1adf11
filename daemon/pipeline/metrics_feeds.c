/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of the feeds: a sample for each feed, named by it. What must stay true: every verdict has its
 * sample from the first scrape on, so that the first refusal is a rise and not a new series.
 */
#include "metrics_priv.h"

typedef uint64_t (*feed_value)(struct hz_pipeline *p, uint32_t feed);

static uint64_t feed_connected(struct hz_pipeline *p, uint32_t feed) HZ_ON(hz_output)
{
    return p->output.feed_states[feed].state != PIPELINE_FEED_LOST;
}

static uint64_t feed_paused(struct hz_pipeline *p, uint32_t feed) HZ_ON(hz_output)
{
    return p->output.feed_states[feed].state == PIPELINE_FEED_PAUSED;
}

/* One sample for each feed. */
static void each_feed(struct hz_pipeline *p, struct hz_exposition *to,
                      uint64_t (*value)(struct hz_pipeline *p, uint32_t feed)) HZ_ON(hz_output)
{
    const struct hz_set *set = p->output.set;

    for (uint32_t i = 0; i < set->config->feed_count; i++)
        hz_exposition_uint(
            to, (const struct hz_label[]){{"feed", set->config->feeds[i].name}, {NULL, NULL}},
            value(p, set->feed_ids[i]));
}

#define FEED_COUNT(field)                                                                          \
    static uint64_t feed_##field(struct hz_pipeline *p, uint32_t feed)                             \
    {                                                                                              \
        return metrics__load(&p->feed_counts[feed].field);                                         \
    }
FEED_COUNT(messages)
FEED_COUNT(readings)
FEED_COUNT(bytes)
FEED_COUNT(losses)
FEED_COUNT(acks)
FEED_COUNT(dropped)
#undef FEED_COUNT

static void feed_times(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct hz_set *set = p->output.set;

    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_feed_state_timestamp_seconds", "seconds",
                   "Since when it is connected or lost, seconds since 1970.");
    for (uint32_t i = 0; i < set->config->feed_count; i++)
        if (p->output.feed_states[set->feed_ids[i]].since_ns != 0)
            hz_exposition_ns(
                to, (const struct hz_label[]){{"feed", set->config->feeds[i].name}, {NULL, NULL}},
                p->output.feed_states[set->feed_ids[i]].since_ns);
    METRICS_FAMILY(to, HZ_COUNTER, "hazardd_feed_unread_seconds", "seconds",
                   "How long its socket was not read, for want of room.");
    for (uint32_t i = 0; i < set->config->feed_count; i++)
        hz_exposition_ns(
            to, (const struct hz_label[]){{"feed", set->config->feeds[i].name}, {NULL, NULL}},
            (int64_t)metrics__load(&p->feed_counts[set->feed_ids[i]].unread_ns));
}

static void feed_verdicts(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct hz_set *set = p->output.set;

    METRICS_FAMILY(to, HZ_COUNTER, "hazardd_feed_refused", "",
                   "Messages and readings that were refused, by verdict (docs/payloads.md).");
    for (uint32_t i = 0; i < set->config->feed_count; i++)
        for (unsigned v = 1; v < HZ_VERDICT_END; v++)
            hz_exposition_uint(
                to,
                (const struct hz_label[]){{"feed", set->config->feeds[i].name},
                                          {"verdict", hz_verdict_word((enum hz_verdict)v)},
                                          {NULL, NULL}},
                metrics__load(&p->feed_counts[set->feed_ids[i]].verdicts[v]));
}

void metrics__feeds(struct hz_pipeline *p, struct hz_exposition *to)
{
    static const struct {
        enum hz_metric_type type;
        const char *name, *unit, *help;
        feed_value value;
    } rows[] = {
        {HZ_GAUGE, "hazardd_feed_connected", "",
         "1: connected, the broker has accepted all filters.", feed_connected},
        {HZ_GAUGE, "hazardd_feed_paused", "", "1: not read at the moment, for want of room.",
         feed_paused},
        {HZ_COUNTER, "hazardd_feed_messages", "", "MQTT messages received.", feed_messages},
        {HZ_COUNTER, "hazardd_feed_readings", "", "Readings taken in.", feed_readings},
        {HZ_COUNTER, "hazardd_feed_received_bytes", "bytes", "Bytes received.", feed_bytes},
        {HZ_COUNTER, "hazardd_feed_losses", "", "Connections lost.", feed_losses},
        {HZ_COUNTER, "hazardd_feed_acknowledgements", "", "QoS 1 messages acknowledged.",
         feed_acks},
        {HZ_COUNTER, "hazardd_feed_dropped_readings", "",
         "Readings given up for want of room between ingest and engine.", feed_dropped},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        METRICS_FAMILY(to, rows[i].type, rows[i].name, rows[i].unit, rows[i].help);
        each_feed(p, to, rows[i].value);
    }
    feed_times(p, to);
    feed_verdicts(p, to);
}
