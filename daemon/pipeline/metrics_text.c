/* SPDX-License-Identifier: Apache-2.0
 *
 * Every metric but those of stages and journal (metrics_stages.c), family by family. What must stay true: the families
 * are the same at every scrape, so that the documentation can be held against one of them; what is not
 * known has no sample; the only label values from outside are the names of feeds.
 */
#include "metrics_priv.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define FAMILY(to, type, name, unit, help)                                                         \
    hz_exposition_family((to), &(const struct hz_family){(name), (type), (unit), (help)})

static uint64_t load(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void gauge(struct hz_exposition *to, const char *name, const char *help, uint64_t value)
{
    FAMILY(to, HZ_GAUGE, name, "", help);
    hz_exposition_uint(to, NULL, value);
}

static void counter(struct hz_exposition *to, const char *name, const char *help, uint64_t value)
{
    FAMILY(to, HZ_COUNTER, name, "", help);
    hz_exposition_uint(to, NULL, value);
}

/* --- the process --- */

static int64_t cpu_ns(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return 0;
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * HZ_NS_PER_S +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * HZ_NS_PER_US;
}

/* From /proc, which is no disk: false when it is not there. */
static bool resident_bytes(uint64_t *ret_bytes)
{
    unsigned long long whole, resident;
    FILE *file = fopen("/proc/self/statm", "re");

    if (!file)
        return false;
    bool read = fscanf(file, "%llu %llu", &whole, &resident) == 2;
    (void)fclose(file);
    *ret_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
    return read;
}

static void process(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    uint64_t resident;

    FAMILY(to, HZ_GAUGE, "process_start_time_seconds", "seconds",
           "When watching began, seconds since 1970.");
    hz_exposition_ns(to, NULL, p->start_wall_ns);
    FAMILY(to, HZ_COUNTER, "process_cpu_seconds", "seconds", "CPU time, user and system.");
    hz_exposition_ns(to, NULL, cpu_ns());
    FAMILY(to, HZ_GAUGE, "process_resident_memory_bytes", "bytes", "Memory in use.");
    if (resident_bytes(&resident))
        hz_exposition_uint(to, NULL, resident);
}

/* --- the daemon --- */

static void configuration(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct pipeline_reloaded *reloaded = &p->output.reloaded;
    char set[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&reloaded->set, set);
    FAMILY(to, HZ_INFO, "hazardd_config", "", "The set in force.");
    hz_exposition_uint(to, (const struct hz_label[]){{"hash", set}, {NULL, NULL}}, 1);
    gauge(to, "hazardd_config_last_reload_successful",
          "1: the last start or reload took its configuration; 0: it was faulty, the one before is "
          "in "
          "force.",
          reloaded->successful);
    FAMILY(to, HZ_GAUGE, "hazardd_config_last_reload_success_timestamp_seconds", "seconds",
           "When a configuration was taken last, seconds since 1970.");
    if (reloaded->success_wall_ns != 0)
        hz_exposition_ns(to, NULL, reloaded->success_wall_ns);
}

static void daemon_(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    bool relaxed = p->config->durability == HZ_RELAXED;

    FAMILY(to, HZ_INFO, "hazardd_build", "", "This release.");
    hz_exposition_uint(to, (const struct hz_label[]){{"version", HZ_VERSION}, {NULL, NULL}}, 1);
    FAMILY(to, HZ_INFO, "hazardd_mode", "", "How it runs.");
    hz_exposition_uint(to,
                       (const struct hz_label[]){{"durability", relaxed ? "relaxed" : "durable"},
                                                 {"rule_threads", p->own_rule_thread ? "1" : "0"},
                                                 {NULL, NULL}},
                       1);
    configuration(p, to);
    gauge(to, "hazardd_journal_term", "How often this journal was started.", p->term);
    gauge(to, "hazardd_stopping", "1: a stop was asked for.", p->output.stop_since_ns != 0);
    FAMILY(to, HZ_GAUGE, "hazardd_thread_silence_seconds", "seconds",
           "How long a thread has not come round, to a tenth of a second.");
    for (int i = 0; i < HEALTH_THREADS; i++)
        hz_exposition_ns(to,
                         (const struct hz_label[]){{"thread", health__threads[i]}, {NULL, NULL}},
                         health__silence_ns(p, i));
    gauge(to, "hazardd_engine_answering",
          "1: the engine answered within a second; 0: its metrics are those of its last answer.",
          p->output.metrics->answering);
}

/* --- feeds --- */

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
    const struct hz_config *config = p->config;

    for (uint32_t i = 0; i < config->feed_count; i++)
        hz_exposition_uint(to,
                           (const struct hz_label[]){{"feed", config->feeds[i].name}, {NULL, NULL}},
                           value(p, i));
}

#define FEED_COUNT(field)                                                                          \
    static uint64_t feed_##field(struct hz_pipeline *p, uint32_t feed)                             \
    {                                                                                              \
        return load(&p->feed_counts[feed].field);                                                  \
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
    const struct hz_config *config = p->config;

    FAMILY(to, HZ_GAUGE, "hazardd_feed_state_timestamp_seconds", "seconds",
           "Since when it is connected or lost, seconds since 1970.");
    for (uint32_t i = 0; i < config->feed_count; i++)
        if (p->output.feed_states[i].since_ns != 0)
            hz_exposition_ns(
                to, (const struct hz_label[]){{"feed", config->feeds[i].name}, {NULL, NULL}},
                p->output.feed_states[i].since_ns);
    FAMILY(to, HZ_COUNTER, "hazardd_feed_unread_seconds", "seconds",
           "How long its socket was not read, for want of room.");
    for (uint32_t i = 0; i < config->feed_count; i++)
        hz_exposition_ns(to,
                         (const struct hz_label[]){{"feed", config->feeds[i].name}, {NULL, NULL}},
                         (int64_t)load(&p->feed_counts[i].unread_ns));
}

static void feed_verdicts(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct hz_config *config = p->config;

    FAMILY(to, HZ_COUNTER, "hazardd_feed_refused", "",
           "Messages and readings that were refused, by verdict (docs/payloads.md).");
    for (uint32_t i = 0; i < config->feed_count; i++)
        for (unsigned v = 1; v < HZ_VERDICT_END; v++)
            hz_exposition_uint(
                to,
                (const struct hz_label[]){{"feed", config->feeds[i].name},
                                          {"verdict", hz_verdict_word((enum hz_verdict)v)},
                                          {NULL, NULL}},
                load(&p->feed_counts[i].verdicts[v]));
}

static void feeds(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
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
        FAMILY(to, rows[i].type, rows[i].name, rows[i].unit, rows[i].help);
        each_feed(p, to, rows[i].value);
    }
    feed_times(p, to);
    feed_verdicts(p, to);
}

/* --- the engine --- */

static void oddities(const struct hz_engine_counts *counts, struct hz_exposition *to)
{
    const struct {
        const char *word;
        uint64_t count;
    } rows[] = {
        {"late", counts->late},
        {"duplicate", counts->duplicate},
        {"historic", counts->historic},
        {"future", counts->future},
        {"clock-marked", counts->clock_marked},
        {"unconfirmed", counts->unconfirmed},
        {"bad-quality", counts->bad_quality},
        {"not-in-set", counts->not_in_set},
    };

    FAMILY(to, HZ_COUNTER, "hazardd_engine_odd_readings", "",
           "Readings that were not simply evaluated, by what they were (docs/semantics.md).");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        hz_exposition_uint(to, (const struct hz_label[]){{"kind", rows[i].word}, {NULL, NULL}},
                           rows[i].count);
}

static void engine(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct output_metrics *metrics = p->output.metrics;
    const struct hz_engine_counts *counts = &metrics->counts;

    counter(to, "hazardd_engine_records", "Journal records applied.", counts->records);
    counter(to, "hazardd_engine_readings", "Readings applied.", counts->readings);
    counter(to, "hazardd_engine_evaluated_readings", "Readings judged by rules.",
            counts->evaluated);
    oddities(counts, to);
    counter(to, "hazardd_engine_transitions", "Changes of an alarm's state.", counts->transitions);
    counter(to, "hazardd_engine_timers_fired", "Delays and silences that ran out.",
            counts->timers_fired);
    counter(to, "hazardd_engine_ignored_records",
            "Control records that mean nothing to this version.", counts->ignored);
    gauge(to, "hazardd_alarms_not_normal", "Alarms that are not Normal, cleared ones too.",
          counts->alarms_active);
    gauge(to, "hazardd_points", "Points in scope of the on-line rate.", metrics->whole.total);
    gauge(to, "hazardd_points_online", "Of these on line.", metrics->whole.online);
    gauge(to, "hazardd_points_valid", "Of these with a valid value.", metrics->whole.valid);
    gauge(to, "hazardd_points_unobserved", "Of these not observed, their feed is lost.",
          metrics->whole.unobserved);
}

static void alarms(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    uint32_t counts[HZ_SEVERITY_END];

    hz_mirror_by_severity(p->output.mirror, counts);
    FAMILY(to, HZ_GAUGE, "hazardd_alarms", "", "Active alarms by severity.");
    for (unsigned severity = HZ_SEVERITY_RED; severity > HZ_SEVERITY_NONE; severity--)
        hz_exposition_uint(
            to, (const struct hz_label[]){{"severity", hz_severity_word(severity)}, {NULL, NULL}},
            counts[severity]);
}

/* --- Redis --- */

static void redis_state(struct hz_pipeline *p, struct hz_exposition *to,
                        const struct hz_publisher_counts *counts) HZ_ON(hz_output)
{
    gauge(to, "hazardd_redis_enabled", "1: alerts are published to Redis.",
          p->config->redis.enabled);
    gauge(to, "hazardd_redis_connected", "1: connected.", counts->up);
    FAMILY(to, HZ_GAUGE, "hazardd_redis_state_timestamp_seconds", "seconds",
           "Since when it is connected or lost, seconds since 1970.");
    if (counts->since_ms != 0)
        hz_exposition_ns(to, NULL, counts->since_ms * HZ_NS_PER_MS);
    gauge(to, "hazardd_redis_fenced",
          "1: another instance has taken over, this one publishes no more.", counts->fenced);
    gauge(to, "hazardd_redis_foreign", "1: the stream belongs to another journal.",
          counts->foreign);
    gauge(to, "hazardd_redis_epoch", "Epoch of the stream.", counts->epoch);
    gauge(to, "hazardd_redis_waiting_alerts", "Alerts that Redis does not have yet.",
          counts->waiting);
}

static void redis(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    struct hz_publisher_counts counts;

    hz_publisher_counts(p->output.publisher, &counts);
    redis_state(p, to, &counts);
    counter(to, "hazardd_redis_published_alerts", "Alerts that Redis has taken.", counts.published);
    counter(to, "hazardd_redis_refetched_alerts", "Of these read back from the alarms log.",
            counts.refetched);
    counter(to, "hazardd_redis_skipped_alerts",
            "Alerts never published: the alarms log could not be read.", counts.skipped);
    counter(to, "hazardd_redis_gaps", "Appends that Redis refused as out of order.", counts.gaps);
    counter(to, "hazardd_redis_latest_values", "Latest values sent.", counts.latest_sent);
    counter(to, "hazardd_redis_latest_dropped", "Latest values dropped, asked for again later.",
            counts.latest_dropped);
    counter(to, "hazardd_journald_alerts", "Alerts sent to the system's journal.",
            counts.journald_sent);
    counter(to, "hazardd_journald_dropped_alerts", "Alerts that the system's journal did not take.",
            counts.journald_dropped);
}

/* --- who asks --- */

static void sockets(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    struct hz_control_counts control;
    struct hz_http_counts http = {0};

    hz_control_counts(p->output.control, &control);
    if (p->output.http)
        hz_http_counts(p->output.http, &http);
    gauge(to, "hazardd_control_open_connections", "Connections to the control socket.",
          control.open);
    counter(to, "hazardd_control_connections", "Connections accepted there.", control.connections);
    counter(to, "hazardd_control_turned_away", "Connections turned away.", control.turned_away);
    counter(to, "hazardd_control_requests", "Requests handed to a handler.", control.requests);
    counter(to, "hazardd_control_malformed", "Lines that were no request.", control.malformed);
    counter(to, "hazardd_control_denied", "Requests without the right to them.", control.denied);
    counter(to, "hazardd_control_failed", "Requests that failed.", control.failed);
    counter(to, "hazardd_control_cut_off", "Peers that left before the end of an answer.",
            control.cut_off);
    counter(to, "hazardd_control_timed_out", "Peers sent away.", control.timed_out);
    gauge(to, "hazardd_http_open_connections", "Connections over HTTP.", http.open);
    counter(to, "hazardd_http_connections", "Connections accepted there.", http.connections);
    counter(to, "hazardd_http_requests", "Requests handed to a handler.", http.requests);
    counter(to, "hazardd_http_refused", "Requests for another path or by another method.",
            http.refused);
    counter(to, "hazardd_http_timed_out", "Peers that took more than ten seconds.", http.timed_out);
    counter(to, "hazardd_scrapes", "Texts of metrics made, this one included.",
            p->output.metrics->scrapes);
}

void metrics__text(struct hz_pipeline *p, struct hz_exposition *to)
{
    process(p, to);
    daemon_(p, to);
    feeds(p, to);
    engine(p, to);
    alarms(p, to);
    metrics__stages(p, to);
    redis(p, to);
    sockets(p, to);
}
