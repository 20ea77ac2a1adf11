/* SPDX-License-Identifier: Apache-2.0
 *
 * The sync thread: makes durable what the write thread has written. What must stay true: `durable` is
 * told only for what was written before the sync began; a sync that failed is never tried again: the
 * write thread abandons the segment and writes its blocks once more.
 */
#include "pipeline_priv.h"

#define PAUSE_NS     (100 * HZ_NS_PER_MS) /* design.md section 2: else every 100 ms */
#define LOG_PAUSE_NS HZ_NS_PER_S          /* nothing waits for the alarms log */

/* Each failed sync costs a segment: after the second in a row the next waits, twice as long each time. */
#define REST_FIRST_NS (200 * HZ_NS_PER_MS)
#define REST_MOST_NS  (10 * HZ_NS_PER_S)

static void failed(struct hz_pipeline *p, const char *what, int error) HZ_ON(hz_sync)
{
    uint64_t held;

    atomic_fetch_add_explicit(&p->sync_errors, 1, memory_order_relaxed);
    if (hz_log_rate_pass(&p->sync.log_rate, hz_mono_ns(p->options.clock), 2, &held))
        hz_log_error("%s: sync failed: %s; the segment is given up, its records are written again",
                     what, hz_strerror(error));
}

static void tell_durable(struct hz_pipeline *p, uint64_t seq, uint64_t end) HZ_ON(hz_sync)
{
    atomic_store_explicit(&p->durable_seq, seq, memory_order_release);
    hz_block_ring_journal_done(p->ring, end);
    atomic_fetch_add_explicit(&p->progress, 1, memory_order_release);
    p->sync.end = end;
    pipeline__tell_output(p);
    if (atomic_load_explicit(&p->ingest_waits, memory_order_relaxed))
        hz_wake_up(&p->ingest_wake);
    hz_wake_up(&p->write_wake); /* entries of the alarms log and a full segment wait for it */
}

static void count_sync(struct hz_pipeline *p, int64_t took_ns) HZ_ON(hz_sync)
{
    atomic_fetch_add_explicit(&p->syncs, 1, memory_order_relaxed);
    atomic_store_explicit(&p->sync_ns_last, (uint64_t)took_ns, memory_order_relaxed);
    if ((uint64_t)took_ns > atomic_load_explicit(&p->sync_ns_most, memory_order_relaxed))
        atomic_store_explicit(&p->sync_ns_most, (uint64_t)took_ns, memory_order_relaxed);
}

/* Of what this sync is for: written before, so that its time is in `unsynced`, and stays here while
 * syncs fail. */
static void take_oldest(struct hz_pipeline *p) HZ_ON(hz_sync)
{
    int64_t oldest = atomic_exchange_explicit(&p->unsynced_jt_ns, HZ_NEVER, memory_order_relaxed);

    if (oldest < p->sync.oldest_jt_ns)
        p->sync.oldest_jt_ns = oldest;
}

static void measure(struct hz_pipeline *p, int64_t begun) HZ_ON(hz_sync)
{
    int64_t now = hz_mono_ns(p->options.clock);

    count_sync(p, now - begun);
    hz_histogram_record(&p->stages.sync, now - begun);
    if (p->sync.oldest_jt_ns != HZ_NEVER)
        hz_histogram_record(&p->stages.durable,
                            now - atomic_load_explicit(&p->jt_offset_ns, memory_order_relaxed) -
                                p->sync.oldest_jt_ns);
    p->sync.oldest_jt_ns = HZ_NEVER;
}

static void rest_after(struct pipeline_rest *rest, int64_t now)
{
    rest->until_ns = now + rest->ns;
    rest->ns = rest->ns == 0 ? REST_FIRST_NS : 2 * rest->ns;
    if (rest->ns > REST_MOST_NS)
        rest->ns = REST_MOST_NS;
}

static bool rests(struct hz_pipeline *p, const struct pipeline_rest *rest, int64_t now)
{
    return now < rest->until_ns && !pipeline__stage_reached(p, PIPELINE_STOP_WRITE);
}

static void sync_journal(struct hz_pipeline *p) HZ_ON(hz_sync)
{
    /* In this order: while a rewind is asked for, what stands in `written` is what the failed sync has
     * lost; and `seq` may be newer than `end`, never older. */
    if (atomic_load_explicit(&p->rewind_asked, memory_order_acquire))
        return;
    uint64_t end = atomic_load_explicit(&p->written_end, memory_order_acquire);
    uint64_t seq = atomic_load_explicit(&p->written_seq, memory_order_acquire);
    int64_t begun = hz_mono_ns(p->options.clock);
    if (end <= p->sync.end || rests(p, &p->sync.rest, begun))
        return;
    take_oldest(p);
    int error = hz_segment_sync(p->sync.journal);
    if (error < 0) {
        failed(p, "journal", error);
        atomic_store_explicit(&p->rewind_asked, true, memory_order_release);
        hz_wake_up(&p->write_wake);
        rest_after(&p->sync.rest, hz_mono_ns(p->options.clock));
        return;
    }
    p->sync.rest.ns = 0;
    measure(p, begun);
    tell_durable(p, seq, end);
}

static void sync_log(struct hz_pipeline *p, bool now) HZ_ON(hz_sync)
{
    int64_t mono = hz_mono_ns(p->options.clock);

    if (atomic_load_explicit(&p->log_rewind_asked, memory_order_acquire))
        return; /* as above */
    uint64_t appended = atomic_load_explicit(&p->log_appended, memory_order_acquire);
    if (appended == p->sync.log_number || (!now && mono - p->sync.log_synced_ns < LOG_PAUSE_NS) ||
        rests(p, &p->sync.log_rest, mono))
        return;
    int error = hz_segment_sync(p->sync.alarms);
    if (error < 0) {
        failed(p, "alarms log", error);
        atomic_store_explicit(&p->log_rewind_asked, true, memory_order_release);
        hz_wake_up(&p->write_wake);
        rest_after(&p->sync.log_rest, hz_mono_ns(p->options.clock));
        return;
    }
    p->sync.log_rest.ns = 0;
    p->sync.log_synced_ns = mono;
    p->sync.log_number = appended;
    atomic_store_explicit(&p->log_synced, appended, memory_order_release);
    hz_wake_up(&p->write_wake);
}

void pipeline__sync_once(struct hz_pipeline *p)
{
    sync_journal(p);
}

void *pipeline__sync_run(void *pipeline)
{
    struct hz_pipeline *p = pipeline;

    hz_role_take(&hz_sync);
    for (;;) {
        bool last = pipeline__stage_reached(p, PIPELINE_STOP_SYNC);
        (void)atomic_exchange_explicit(&p->sync_wanted, 0, memory_order_acquire);
        bool log_now = atomic_exchange_explicit(&p->log_sync_wanted, false, memory_order_acquire);
        sync_journal(p);
        sync_log(p, last || log_now);
        if (last)
            return NULL; /* the write thread has ended before */
        hz_wake_arm(&p->sync_wake);
        if (atomic_load_explicit(&p->sync_wanted, memory_order_acquire) != 0 ||
            pipeline__stage_reached(p, PIPELINE_STOP_SYNC))
            hz_wake_disarm(&p->sync_wake);
        else
            hz_wake_sleep(&p->sync_wake, PAUSE_NS);
    }
}
