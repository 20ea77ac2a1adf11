/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal, the disk and the time that every stage takes. What must stay true: what is left of disk
 * and stream is told only when the rate is known; a rate of nothing lasts for ever and is not told.
 */
#include "metrics_priv.h"

static void bytes(struct hz_exposition *to, enum hz_metric_type type, const char *name,
                  const char *help, uint64_t value)
{
    METRICS_FAMILY(to, type, name, "bytes", help);
    hz_exposition_uint(to, NULL, value);
}

static void seconds(struct hz_exposition *to, const char *name, const char *help, double value)
{
    METRICS_FAMILY(to, HZ_GAUGE, name, "seconds", help);
    if (value >= 0)
        hz_exposition_double(to, NULL, value);
}

/* --- what is left --- */

/* Infinite, which is no sample, for a rate of nothing; -1 = not known. */
static double lasts(bool known, double amount, double rate)
{
    return known ? amount / rate : -1;
}

static void left(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    const struct hz_redis_config *redis = &p->output.set->config->redis;
    struct rate_sample now = metrics__sample(p);
    double bytes_rate = 0, alerts_rate = 0;
    bool known = metrics__rate(&p->output.metrics->rate, &now, &bytes_rate, &alerts_rate);
    uint64_t free_ = metrics__load(&p->disk_free), size = metrics__load(&p->disk_size);

    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_disk_free_bytes", "bytes",
                   "Room that is left to the daemon on the disk of its state folder.");
    if (size != 0)
        hz_exposition_uint(to, NULL, free_);
    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_disk_size_bytes", "bytes", "Size of that disk.");
    if (size != 0)
        hz_exposition_uint(to, NULL, size);
    seconds(to, "hazardd_disk_left_seconds",
            "How long that room lasts at the rate of the last hour.",
            lasts(known && size != 0, (double)free_, bytes_rate));
    seconds(to, "hazardd_redis_reach_seconds",
            "How far back the stream reaches when its ceiling is reached at the rate of the last "
            "hour.",
            lasts(known && redis->enabled, (double)redis->maxlen, alerts_rate));
    seconds(to, "hazardd_redis_retention_seconds", "How long alerts shall stay in the stream.",
            (double)redis->retention_ns / 1e9);
}

/* --- journal and alarms log --- */

static void journal(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output)
{
    metrics__one(to, HZ_GAUGE, "hazardd_journal_written_record",
                 "Number of the last record written.", metrics__load(&p->written_seq));
    metrics__one(to, HZ_GAUGE, "hazardd_journal_durable_record",
                 "Number of the last record on disk.", metrics__load(&p->durable_seq));
    metrics__one(to, HZ_GAUGE, "hazardd_journal_stalled", "1: the disk makes no progress.",
                 atomic_load_explicit(&p->stalled, memory_order_relaxed));
    metrics__one(to, HZ_COUNTER, "hazardd_journal_write_errors",
                 "Writes that failed and were tried again.", metrics__load(&p->write_errors));
    metrics__one(to, HZ_COUNTER, "hazardd_journal_sync_errors", "Syncs that failed.",
                 metrics__load(&p->sync_errors));
    metrics__one(to, HZ_COUNTER, "hazardd_journal_holes", "Places where records are missing.",
                 metrics__load(&p->holes));
    bytes(to, HZ_GAUGE, "hazardd_journal_ring_bytes", "Memory between ingest, journal and engine.",
          hz_block_ring_capacity(p->ring));
    metrics__one(to, HZ_GAUGE, "hazardd_alarms_log_newest",
                 "Number of the newest entry in the alarms log.", metrics__load(&p->log_appended));
    metrics__one(to, HZ_COUNTER, "hazardd_alarms_log_missing", "Entries that it lacks.",
                 metrics__load(&p->log_missing));
    bytes(to, HZ_COUNTER, "hazardd_disk_written_bytes", "Written to journal and alarms log.",
          metrics__load(&p->disk_bytes));
    METRICS_FAMILY(to, HZ_GAUGE, "hazardd_journal_longest_sync_seconds", "seconds",
                   "The longest sync since the start.");
    hz_exposition_ns(to, NULL, (int64_t)metrics__load(&p->sync_ns_most));
}

/* --- times --- */

static void stage(struct hz_exposition *to, const char *name, const char *help,
                  const struct hz_histogram *histogram)
{
    METRICS_FAMILY(to, HZ_HISTOGRAM, name, "seconds", help);
    hz_exposition_histogram(to, NULL, histogram);
}

void metrics__stages(struct hz_pipeline *p, struct hz_exposition *to)
{
    const struct pipeline_stages *stages = &p->stages;
    const struct hz_publisher_times *times = hz_publisher_times(p->output.publisher);

    journal(p, to);
    left(p, to);
    stage(to, "hazardd_read_seconds",
          "A read of a feed, from its first message until its block is handed on.", &stages->read);
    stage(to, "hazardd_engine_block_seconds", "The engine at a block.", &stages->engine);
    stage(to, "hazardd_journal_written_seconds",
          "From the read of the oldest block of a write until it is written.", &stages->written);
    stage(to, "hazardd_journal_sync_seconds", "A sync of the journal.", &stages->sync);
    stage(to, "hazardd_journal_durable_seconds",
          "From the read of the oldest block of a sync until it is on disk.", &stages->durable);
    stage(to, "hazardd_alert_held_seconds",
          "Alerts, from the engine's hand until their cause is safe and they may go out.",
          &stages->held);
    stage(to, "hazardd_redis_append_seconds",
          "An append, from when its newest alert might go out until Redis had it.", &times->append);
    stage(
        to, "hazardd_alert_seconds",
        "From the read of the reading that caused an alert until Redis had it: the oldest of each "
        "append, to the millisecond.",
        &times->alert);
}
