/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of what hazardd talks to beside its feeds: Redis, the system's journal, and whoever asks.
 */
#include "metrics_priv.h"

/* --- Redis --- */

static void redis_state(struct hz_pipeline *p, struct hz_exposition *to,
                        const struct hz_publisher_counts *counts) HZ_ON(hz_output)
{
    metrics__one(to, HZ_GAUGE, "hazardd_redis_enabled", "1: alerts are published to Redis.",
                 p->output.set->config->redis.enabled);
    metrics__one(to, HZ_GAUGE, "hazardd_redis_connected", "1: connected.", counts->up);
    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_redis_state_timestamp_seconds", "seconds",
                   "Since when it is connected or lost, seconds since 1970.");
    if (counts->since_ms != 0)
        hz_exposition_ns(to, NULL, counts->since_ms * HZ_NS_PER_MS);
    metrics__one(to, HZ_GAUGE, "hazardd_redis_fenced",
                 "1: another instance has taken over, this one publishes no more.", counts->fenced);
    metrics__one(to, HZ_GAUGE, "hazardd_redis_foreign", "1: the stream belongs to another journal.",
                 counts->foreign);
    metrics__one(to, HZ_GAUGE, "hazardd_redis_epoch", "Epoch of the stream.", counts->epoch);
    metrics__one(to, HZ_GAUGE, "hazardd_redis_waiting_alerts",
                 "Alerts that Redis does not have yet.", counts->waiting);
}

static void redis(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    struct hz_publisher_counts counts;

    hz_publisher_counts(p->output.publisher, &counts);
    redis_state(p, to, &counts);
    metrics__one(to, HZ_COUNTER, "hazardd_redis_published_alerts", "Alerts that Redis has taken.",
                 counts.published);
    metrics__one(to, HZ_COUNTER, "hazardd_redis_refetched_alerts",
                 "Of these read back from the alarms log.", counts.refetched);
    metrics__one(to, HZ_COUNTER, "hazardd_redis_skipped_alerts",
                 "Alerts never published: the alarms log could not be read.", counts.skipped);
    metrics__one(to, HZ_COUNTER, "hazardd_redis_gaps",
                 "Appends that Redis refused as out of order.", counts.gaps);
    metrics__one(to, HZ_COUNTER, "hazardd_redis_latest_values", "Latest values sent.",
                 counts.latest_sent);
    metrics__one(to, HZ_COUNTER, "hazardd_redis_latest_dropped",
                 "Latest values dropped, asked for again later.", counts.latest_dropped);
    metrics__one(to, HZ_COUNTER, "hazardd_journald_alerts", "Alerts sent to the system's journal.",
                 counts.journald_sent);
    metrics__one(to, HZ_COUNTER, "hazardd_journald_dropped_alerts",
                 "Alerts that the system's journal did not take.", counts.journald_dropped);
}

/* --- who asks --- */

static void sockets(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    struct hz_control_counts control;
    struct hz_http_counts http = {0};

    hz_control_counts(p->output.control, &control);
    if (p->output.http)
        hz_http_counts(p->output.http, &http);
    metrics__one(to, HZ_GAUGE, "hazardd_control_open_connections",
                 "Connections to the control socket.", control.open);
    metrics__one(to, HZ_COUNTER, "hazardd_control_connections", "Connections accepted there.",
                 control.connections);
    metrics__one(to, HZ_COUNTER, "hazardd_control_turned_away", "Connections turned away.",
                 control.turned_away);
    metrics__one(to, HZ_COUNTER, "hazardd_control_requests", "Requests handed to a handler.",
                 control.requests);
    metrics__one(to, HZ_COUNTER, "hazardd_control_malformed", "Lines that were no request.",
                 control.malformed);
    metrics__one(to, HZ_COUNTER, "hazardd_control_denied", "Requests without the right to them.",
                 control.denied);
    metrics__one(to, HZ_COUNTER, "hazardd_control_failed", "Requests that failed.", control.failed);
    metrics__one(to, HZ_COUNTER, "hazardd_control_cut_off",
                 "Peers that left before the end of an answer.", control.cut_off);
    metrics__one(to, HZ_COUNTER, "hazardd_control_timed_out", "Peers sent away.",
                 control.timed_out);
    metrics__one(to, HZ_GAUGE, "hazardd_http_open_connections", "Connections over HTTP.",
                 http.open);
    metrics__one(to, HZ_COUNTER, "hazardd_http_connections", "Connections accepted there.",
                 http.connections);
    metrics__one(to, HZ_COUNTER, "hazardd_http_requests", "Requests handed to a handler.",
                 http.requests);
    metrics__one(to, HZ_COUNTER, "hazardd_http_refused",
                 "Requests for another path or by another method.", http.refused);
    metrics__one(to, HZ_COUNTER, "hazardd_http_timed_out", "Peers that took more than ten seconds.",
                 http.timed_out);
    metrics__one(to, HZ_COUNTER, "hazardd_scrapes", "Texts of metrics made, this one included.",
                 p->output.metrics->scrapes);
}

void metrics__links(struct hz_pipeline *p, struct hz_exposition *to)
{
    redis(p, to);
    sockets(p, to);
}
