/* SPDX-License-Identifier: Apache-2.0
 *
 * The write thread: blocks from the ring to the journal, definitions before the blocks that use them,
 * entries to the alarms log. What must stay true: `written` is told only after the write; nothing that
 * cannot be written holds up anybody but this thread; after a failed sync everything since the last
 * good one is written again, with the same seqs, into a new segment.
 */
#include "write_priv.h"

#include "hz_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STAGING_BYTES (1u << 20)
#define PAUSE_NS      (100 * HZ_NS_PER_MS) /* what nobody waits for is written at least so often */

/* --- blocks --- */

/* Records between the last block copied and this one were given up while the disk stalled. */
static void tell_hole(struct hz_pipeline *p, uint64_t from, uint64_t to) HZ_ON(hz_write)
{
    struct pipeline_notice notice = {from, to};

    atomic_fetch_add_explicit(&p->holes, 1, memory_order_relaxed);
    if (!hz_spsc_push(&p->write.notices, &notice))
        hz_log_error("journal: records %llu to %llu are missing", (unsigned long long)from,
                     (unsigned long long)to);
    hz_wake_up(&p->ingest_wake);
}

static void copy_block(struct hz_pipeline *p, const struct hz_block_view *view) HZ_ON(hz_write)
{
    struct pipeline_write *w = &p->write;
    struct hz_block *block = (struct hz_block *)(void *)(w->staging + w->staged);

    memcpy(block, view->block, view->bytes);
    if (w->staged == 0)
        w->first_seq = block->seq;
    if (w->next_seq != 0 && block->seq > w->next_seq)
        tell_hole(p, w->next_seq, block->seq - 1);
    w->next_seq = block->seq + block->count;
    w->copied_seq = w->next_seq - 1;
    w->copied_end = view->end;
    w->staged += view->bytes;
}

/* Fills the staging buffer from the ring. */
static void copy_blocks(struct hz_pipeline *p) HZ_ON(hz_write)
{
    struct hz_block_view view;

    (void)hz_block_ring_copy_begin(p->ring); /* what was given up shows in the seqs */
    while (p->write.staged + HZ_BLOCK_BYTES_MAX <= STAGING_BYTES &&
           hz_block_ring_journal_next(p->ring, &view))
        copy_block(p, &view);
    hz_block_ring_copy_end(p->ring);
}

/* Goes back to the oldest block that is not durable. */
static void rewind_blocks(struct hz_pipeline *p) HZ_ON(hz_write)
{
    struct pipeline_write *w = &p->write;
    uint64_t durable = atomic_load_explicit(&p->durable_seq, memory_order_acquire);

    hz_segment_writer_abandon(w->journal);
    (void)hz_block_ring_copy_begin(p->ring);
    (void)hz_block_ring_journal_rewind(p->ring);
    hz_block_ring_copy_end(p->ring);
    w->staged = 0;
    w->next_seq = durable + 1;
    atomic_store_explicit(&p->written_seq, durable, memory_order_relaxed);
    atomic_store_explicit(&p->written_end, 0, memory_order_relaxed);
    atomic_store_explicit(&p->rewind_asked, false,
                          memory_order_release); /* sync looks at written again */
}

void write__failed(struct hz_pipeline *p, const char *what, int error)
{
    uint64_t held;

    atomic_fetch_add_explicit(&p->write_errors, 1, memory_order_relaxed);
    if (hz_log_rate_pass(&p->write.log_rate, hz_mono_ns(p->options.clock), 2, &held))
        hz_log_error("%s: not written: %s (tried again)", what, hz_strerror(error));
}

static int append_define(struct hz_pipeline *p, const struct pipeline_define *define)
    HZ_ON(hz_write)
{
    int error = write__define(p->write.definitions, p->names, define);

    if (error != -EAGAIN)
        return error;
    error = hz_segment_sync(p->write.definitions); /* a full segment becomes durable first */
    return error < 0 ? error : write__define(p->write.definitions, p->names, define);
}

/* Definitions of texts: on disk before the blocks that were copied. Only this thread uses that writer.
 * They leave their ring when they are durable: what a failed sync has lost is appended once more. */
static int append_defines(struct hz_pipeline *p) HZ_ON(hz_write)
{
    const struct pipeline_define *defines;
    uint64_t count;

    while ((defines = hz_spsc_items(&p->write.defines, &count))) {
        int error = 0;
        for (uint64_t i = 0; error == 0 && i < count; i++)
            error = append_define(p, &defines[i]);
        if (error == 0)
            error = hz_segment_sync(p->write.definitions);
        if (error < 0)
            return error;
        hz_spsc_release(&p->write.defines, count);
    }
    return 0;
}

/* Writes what is staged. False: not now. */
static bool append_staged(struct hz_pipeline *p) HZ_ON(hz_write)
{
    struct pipeline_write *w = &p->write;

    if (w->staged == 0)
        return true;
    int error = append_defines(p);
    if (error < 0) {
        write__failed(p, "definitions", error);
        hz_segment_writer_abandon(w->definitions);
        return false;
    }
    error = hz_segment_append(w->journal, w->staging, w->staged, w->first_seq);
    if (error == -EAGAIN) { /* a full segment becomes durable first */
        write__ask_sync(p);
        return false;
    }
    if (error < 0) {
        write__failed(p, "journal", error);
        hz_segment_writer_abandon(w->journal);
        return false;
    }
    write__measure(p);
    w->staged = 0;
    atomic_store_explicit(&p->written_seq, w->copied_seq, memory_order_release);
    atomic_store_explicit(&p->written_end, w->copied_end, memory_order_release);
    return true;
}

/* Everything in the ring; false when the disk does not take it now. */
static bool write_blocks(struct hz_pipeline *p) HZ_ON(hz_write)
{
    if (atomic_load_explicit(&p->rewind_asked, memory_order_acquire))
        rewind_blocks(p);
    for (;;) {
        copy_blocks(p);
        if (p->write.staged == 0)
            return true;
        if (!append_staged(p))
            return false;
    }
}

/* --- the thread --- */

void write__ask_sync(struct hz_pipeline *p)
{
    atomic_store_explicit(&p->sync_wanted, 1, memory_order_release);
    hz_wake_up(&p->sync_wake);
}

static bool has_work(struct hz_pipeline *p) HZ_ON(hz_write)
{
    uint64_t fetches;

    (void)hz_spsc_items(&p->write.fetches, &fetches);
    return atomic_load_explicit(&p->write_wanted, memory_order_acquire) != 0 || fetches > 0 ||
           atomic_load_explicit(&p->rewind_asked, memory_order_acquire) ||
           atomic_load_explicit(&p->names_wanted, memory_order_acquire);
}

/* For the builder, who waits. Those that did not get there stay pending. */
static void save_names_if_wanted(struct hz_pipeline *p) HZ_ON(hz_write)
{
    if (!atomic_load_explicit(&p->names_wanted, memory_order_acquire))
        return;
    int error = pipeline__save_names(p);
    if (error < 0) {
        write__failed(p, "definitions", error);
        hz_segment_writer_abandon(p->write.definitions);
    }
    atomic_store_explicit(&p->names_error, error, memory_order_relaxed);
    atomic_store_explicit(&p->names_wanted, false, memory_order_release);
    hz_wake_up(&p->builder_wake);
}

static void one_round(struct hz_pipeline *p, bool *ret_all) HZ_ON(hz_write)
{
    uint32_t wanted = atomic_exchange_explicit(&p->write_wanted, 0, memory_order_acquire);
    uint64_t before = atomic_load_explicit(&p->written_seq, memory_order_relaxed);
    bool all = write_blocks(p);

    if (wanted & PIPELINE_WANT_SYNC)
        write__ask_sync(p);
    if (p->config->durability == HZ_RELAXED &&
        atomic_load_explicit(&p->written_seq, memory_order_relaxed) != before)
        pipeline__tell_output(p);
    int error = pipeline__log_append(p);
    if (error < 0 && error != -EAGAIN)
        write__failed(p, "alarms log", error);
    pipeline__log_answer(p);
    save_names_if_wanted(p);
    write__snapshot_when_safe(p);
    write__look_at_disk(p);
    *ret_all = all && pipeline__log_empty(p);
}

void pipeline__write_once(struct hz_pipeline *p)
{
    bool all;

    one_round(p, &all); /* what the disk does not take now, the thread tries again */
}

/* At the end the disk gets this long to take what is left. */
#define LAST_ROUNDS 50 /* of PAUSE_NS */

void *pipeline__write_run(void *pipeline)
{
    struct hz_pipeline *p = pipeline;
    int last_rounds = 0;

    hz_role_take(&hz_write);
    for (;;) {
        bool last = pipeline__stage_reached(p, PIPELINE_STOP_WRITE), all;
        one_round(p, &all);
        if (last && (all || ++last_rounds == LAST_ROUNDS)) {
            if (!all)
                hz_log_error("the disk did not take the last records; they are lost");
            return NULL;
        }
        if (last)
            write__ask_sync(p);
        hz_wake_arm(&p->write_wake);
        if (has_work(p) || (!last && pipeline__stage_reached(p, PIPELINE_STOP_WRITE)))
            hz_wake_disarm(&p->write_wake);
        else
            hz_wake_sleep(&p->write_wake, PAUSE_NS);
    }
}

int pipeline__write_init(struct hz_pipeline *p)
{
    hz_role_take(&hz_write);
    atomic_store_explicit(&p->unsynced_jt_ns, HZ_NEVER, memory_order_relaxed);
    p->write.staging = malloc(STAGING_BYTES);
    return p->write.staging ? pipeline__log_queue_new(p) : -ENOMEM;
}

void pipeline__write_done(struct hz_pipeline *p)
{
    hz_role_take(&hz_write);
    hz_segment_writer_free(p->write.journal);
    hz_segment_writer_free(p->write.alarms);
    hz_segment_writer_free(p->write.definitions);
    write__drop_snapshot(p);
    pipeline__log_queue_free(p);
    free(p->write.staging);
}
