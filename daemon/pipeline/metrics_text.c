/* SPDX-License-Identifier: Apache-2.0
 *
 * The process, its configuration, the engine and the alarms; and all metrics in their order. What must
 * stay true: the families are the same at every scrape, so that the documentation can be held against
 * one of them; what is not known has no sample; the only label values from outside are the names of
 * feeds.
 */
#include "metrics_priv.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

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

    METRICS_FAMILY(to, HZ_GAUGE, "process_start_time_seconds", "seconds",
                   "When watching began, seconds since 1970.");
    hz_exposition_ns(to, NULL, p->start_wall_ns);
    METRICS_FAMILY(to, HZ_COUNTER, "process_cpu_seconds", "seconds", "CPU time, user and system.");
    hz_exposition_ns(to, NULL, cpu_ns());
    METRICS_FAMILY(to, HZ_GAUGE, "process_resident_memory_bytes", "bytes", "Memory in use.");
    if (resident_bytes(&resident))
        hz_exposition_uint(to, NULL, resident);
}

/* --- the daemon --- */

static void configuration(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct pipeline_reloaded *reloaded = &p->output.reloaded;
    char set[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&reloaded->set, set);
    METRICS_FAMILY(to, HZ_INFO, "hazardd_config", "", "The set in force.");
    hz_exposition_uint(to, (const struct hz_label[]){{"hash", set}, {NULL, NULL}}, 1);
    metrics__one(
        to, HZ_GAUGE, "hazardd_config_last_reload_successful",
        "1: the last start or reload took its configuration; 0: it was faulty or refused, the one "
        "before is in force.",
        reloaded->successful);
    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_config_last_reload_success_timestamp_seconds", "seconds",
                   "When a configuration was taken last, seconds since 1970.");
    if (reloaded->success_wall_ns != 0)
        hz_exposition_ns(to, NULL, reloaded->success_wall_ns);
}

static void daemon_(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    bool relaxed = p->config->durability == HZ_RELAXED;

    METRICS_FAMILY(to, HZ_INFO, "hazardd_build", "", "This release.");
    hz_exposition_uint(to, (const struct hz_label[]){{"version", HZ_VERSION}, {NULL, NULL}}, 1);
    METRICS_FAMILY(to, HZ_INFO, "hazardd_mode", "", "How it runs.");
    hz_exposition_uint(to,
                       (const struct hz_label[]){{"durability", relaxed ? "relaxed" : "durable"},
                                                 {"rule_threads", p->own_rule_thread ? "1" : "0"},
                                                 {NULL, NULL}},
                       1);
    configuration(p, to);
    metrics__one(to, HZ_GAUGE, "hazardd_journal_term", "How often this journal was started.",
                 p->term);
    metrics__one(to, HZ_GAUGE, "hazardd_stopping", "1: a stop was asked for.",
                 p->output.stop_since_ns != 0);
    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_thread_silence_seconds", "seconds",
                   "How long a thread has not come round, to a tenth of a second.");
    for (int i = 0; i < HEALTH_THREADS; i++)
        hz_exposition_ns(to,
                         (const struct hz_label[]){{"thread", health__threads[i]}, {NULL, NULL}},
                         health__silence_ns(p, i));
    metrics__one(
        to, HZ_GAUGE, "hazardd_engine_answering",
        "1: the engine answered within a second; 0: its metrics are those of its last answer.",
        p->output.metrics->answering);
}

/* --- the engine --- */

static void oddities(const struct output_metrics *metrics, struct hz_exposition *to)
{
    const struct hz_engine_counts *counts = &metrics->counts;
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

    METRICS_FAMILY(
        to, HZ_COUNTER, "hazardd_engine_odd_readings", "",
        "Readings that were not simply evaluated, by what they were (docs/semantics.md).");
    for (size_t i = 0; metrics->answered_ns != 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
        hz_exposition_uint(to, (const struct hz_label[]){{"kind", rows[i].word}, {NULL, NULL}},
                           rows[i].count);
}

/* Without samples before its first answer: zeros would look like a new start. */
static void engine(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct output_metrics *metrics = p->output.metrics;
    const struct hz_engine_counts *counts = &metrics->counts;
    const struct {
        enum hz_metric_type type;
        const char *name, *help;
        uint64_t value;
    } rows[] = {
        {HZ_COUNTER, "hazardd_engine_records", "Journal records applied.", counts->records},
        {HZ_COUNTER, "hazardd_engine_readings", "Readings applied.", counts->readings},
        {HZ_COUNTER, "hazardd_engine_evaluated_readings", "Readings judged by rules.",
         counts->evaluated},
        {HZ_COUNTER, "hazardd_engine_transitions", "Changes of an alarm's state.",
         counts->transitions},
        {HZ_COUNTER, "hazardd_engine_timers_fired", "Delays and silences that ran out.",
         counts->timers_fired},
        {HZ_COUNTER, "hazardd_engine_ignored_records",
         "Control records that mean nothing to this version.", counts->ignored},
        {HZ_GAUGE, "hazardd_alarms_not_normal", "Alarms that are not Normal, cleared ones too.",
         counts->alarms_active},
        {HZ_GAUGE, "hazardd_points", "Points in scope of the on-line rate.", metrics->whole.total},
        {HZ_GAUGE, "hazardd_points_online", "Of these on line.", metrics->whole.online},
        {HZ_GAUGE, "hazardd_points_valid", "Of these with a valid value.", metrics->whole.valid},
        {HZ_GAUGE, "hazardd_points_unobserved", "Of these not observed, their feed is lost.",
         metrics->whole.unobserved},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        METRICS_FAMILY(to, rows[i].type, rows[i].name, "", rows[i].help);
        if (metrics->answered_ns != 0)
            hz_exposition_uint(to, NULL, rows[i].value);
    }
    oddities(metrics, to);
}

static void alarms(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    uint32_t counts[HZ_SEVERITY_END];

    hz_mirror_by_severity(p->output.mirror, counts);
    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_alarms", "", "Active alarms by severity.");
    for (unsigned severity = HZ_SEVERITY_RED; severity > HZ_SEVERITY_NONE; severity--)
        hz_exposition_uint(
            to, (const struct hz_label[]){{"severity", hz_severity_word(severity)}, {NULL, NULL}},
            counts[severity]);
}

void metrics__text(struct hz_pipeline *p, struct hz_exposition *to)
{
    process(p, to);
    daemon_(p, to);
    metrics__feeds(p, to);
    engine(p, to);
    alarms(p, to);
    metrics__stages(p, to);
    metrics__links(p, to);
}
