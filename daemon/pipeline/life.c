/* SPDX-License-Identifier: Apache-2.0
 *
 * The start list and the stop list, face to face. Started from the end of the data's way to its
 * beginning, feeds last; stopped from the beginning to the end, so that each thread finds its work
 * complete and nothing comes any more.
 */
#include "pipeline_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Items on the rings between threads. Untouched places cost no memory. */
#define COMMANDS_RING  1024u
#define QUESTIONS_RING 256u
#define FETCHES_RING   256u
#define DEFINES_RING   65536u

/* --- parts --- */

static int make_ring(struct hz_pipeline *p, size_t item_bytes, uint64_t items,
                     struct hz_spsc_tx *tx, struct hz_spsc_rx *rx)
{
    hz_assert(p->ring_count < sizeof(p->rings) / sizeof(p->rings[0]));
    int error = hz_spsc_init(&p->rings[p->ring_count], item_bytes, items, tx, rx);
    if (error == 0)
        p->ring_count++;
    return error;
}

static int make_rings(struct hz_pipeline *p)
{
    const struct hz_config *config = p->config;
    uint32_t stall_chunks = (uint32_t)(config->stall_buffer_bytes / HZ_CHUNK_BYTES);
    int error = hz_block_ring_new(config->ring_chunks, stall_chunks, &p->ring);

    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    hz_role_take(&hz_write);
#define RING(type, items, tx, rx)                                                                  \
    if (error == 0)                                                                                \
        error = make_ring(p, sizeof(type), items, &p->tx, &p->rx);
    RING(struct hz_transition, config->transitions_ring, rule.transitions, output.transitions)
    RING(struct pipeline_question *, QUESTIONS_RING, output.questions, rule.questions)
    RING(struct pipeline_question *, QUESTIONS_RING, rule.answers, output.answers)
    RING(struct pipeline_command, COMMANDS_RING, output.commands, ingest.commands)
    RING(struct pipeline_outcome, COMMANDS_RING, ingest.outcomes, output.outcomes)
    RING(struct pipeline_define, DEFINES_RING, ingest.defines, write.defines)
    RING(struct hz_entry *, PIPELINE_ENTRIES_RING, output.entries, write.entries)
    RING(struct pipeline_fetch, FETCHES_RING, output.fetches, write.fetches)
    RING(struct pipeline_fetch, FETCHES_RING, write.fetched, output.fetched)
    RING(struct pipeline_notice, COMMANDS_RING, write.notices, ingest.notices)
#undef RING
    return error;
}

static int make_wakes(struct hz_pipeline *p)
{
    struct hz_wake *wakes[] = {&p->ingest_wake, &p->rule_wake,   &p->write_wake,
                               &p->sync_wake,   &p->output_wake, &p->builder_wake};

    for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++)
        wakes[i]->fd = -1;
    for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
        int error = hz_wake_init(wakes[i]);
        if (error < 0)
            return error;
    }
    return 0;
}

static void free_wakes(struct hz_pipeline *p)
{
    struct hz_wake *wakes[] = {&p->ingest_wake, &p->rule_wake,   &p->write_wake,
                               &p->sync_wake,   &p->output_wake, &p->builder_wake};

    for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++)
        if (wakes[i]->fd >= 0)
            hz_wake_done(wakes[i]);
}

static void free_pipeline(struct hz_pipeline *p)
{
    if (!p)
        return;
    pipeline__ingest_done(p);
    pipeline__rule_done(p);
    pipeline__output_done(p);
    pipeline__builder_done(p);
    pipeline__write_done(p);
    hz_ruleset_free(p->present);
    hz_config_unref(p->config);
    hz_block_ring_free(p->ring);
    for (uint32_t i = 0; i < p->ring_count; i++)
        hz_spsc_done(&p->rings[i]);
    free_wakes(p);
    free(p->feed_counts);
    hz_names_free(p->names);
    hz_store_close(p->store);
    free(p);
}

/* --- start --- */

/* The run's first records are applied before the threads start: a set that they replace is freed here,
 * off the engine's thread. And they are durable before anybody hears of this run: a term that was told
 * to Redis and then lost would be given again, to a run that would take itself for another's. */
static void first_records(struct hz_pipeline *p)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    pipeline__begin_run(p);
    pipeline__rule_step(p);
    pipeline__free_retired(p);
    hz_role_take(&hz_write);
    hz_role_take(&hz_sync);
    pipeline__write_once(p);
    pipeline__sync_once(p);
}

static int prepare(struct hz_pipeline *p, struct hz_diagnostics *diagnostics)
{
    hz_role_take(&hz_output);
    hz_role_take(&hz_sync);
    hz_role_take(&hz_write);
    int error = make_wakes(p);
    if (error == 0)
        error = hz_mirror_new(&p->output.mirror);
    if (error == 0)
        error = pipeline__recover(p, diagnostics);
    if (error < 0)
        return error;
    p->start_wall_ns = hz_wall_ns(p->options.clock);
    p->own_rule_thread = p->config->rule_threads > 0;
    p->sync.journal = p->write.journal;
    p->sync.alarms = p->write.alarms;
    p->sync.log_number = p->log_newest;
    p->sync.oldest_jt_ns = HZ_NEVER;
    p->feed_counts = calloc(HZ_FEEDS_MAX + 1, sizeof(*p->feed_counts));
    error = p->feed_counts ? make_rings(p) : -ENOMEM;
    if (error == 0)
        error = pipeline__write_init(p);
    if (error == 0)
        error = pipeline__rule_init(p);
    if (error == 0)
        error = pipeline__output_init(p);
    if (error == 0)
        error = pipeline__ingest_init(p);
    if (error == 0) {
        first_records(p);
        pipeline__builder_init(p);
    }
    return error;
}

static int start_thread(struct hz_pipeline *p, const char *name, void *(*run)(void *),
                        pthread_t *thread, bool *started)
{
    int error = pthread_create(thread, NULL, run, p);

    if (error != 0)
        return -error;
    (void)pthread_setname_np(*thread, name); /* for ps and perf only */
    *started = true;
    return 0;
}

static int start_threads(struct hz_pipeline *p)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    hz_role_take(&hz_write);
    hz_role_take(&hz_sync);
    hz_role_take(&hz_builder);
    int error = start_thread(p, "hz-sync", pipeline__sync_run, &p->sync.thread, &p->sync.started);
    if (error == 0)
        error =
            start_thread(p, "hz-write", pipeline__write_run, &p->write.thread, &p->write.started);
    if (error == 0)
        error = start_thread(p, "hz-output", pipeline__output_run, &p->output.thread,
                             &p->output.started);
    if (error == 0 && p->own_rule_thread)
        error = start_thread(p, "hz-rule", pipeline__rule_run, &p->rule.thread, &p->rule.started);
    if (error == 0)
        error = start_thread(p, "hz-builder", pipeline__builder_run, &p->builder.thread,
                             &p->builder.started);
    if (error == 0)
        error = start_thread(p, "hz-ingest", pipeline__ingest_run, &p->ingest.thread,
                             &p->ingest.started);
    return error;
}

int hz_pipeline_start(const struct hz_pipeline_options *options, struct hz_diagnostics *diagnostics,
                      struct hz_pipeline **ret_pipeline)
{
    struct hz_pipeline *p = aligned_alloc(HZ_CACHE_LINE, (sizeof(*p) + HZ_CACHE_LINE - 1) &
                                                             ~(size_t)(HZ_CACHE_LINE - 1));

    if (!p)
        return -ENOMEM;
    memset(p, 0, sizeof(*p));
    p->options = *options;
    int error = prepare(p, diagnostics);
    if (error == 0) {
        error = start_threads(p);
        if (error < 0) {
            hz_pipeline_stop(p);
            return error;
        }
        *ret_pipeline = p;
        return 0;
    }
    free_pipeline(p);
    return error;
}

/* --- stop --- */

static void stop_thread(struct hz_pipeline *p, enum pipeline_stage stage, struct hz_wake *wake,
                        pthread_t thread, bool started)
{
    atomic_store_explicit(&p->stage, (uint32_t)stage, memory_order_release);
    if (!started)
        return;
    hz_wake_up(wake);
    (void)pthread_join(thread, NULL);
}

/* Without a thread of its own the engine is finished here, after ingest has ended. */
static void finish_rule(struct hz_pipeline *p)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    if (!p->own_rule_thread && p->ingest.started)
        (void)pipeline__rule_run(p);
}

static void last_snapshot(struct hz_pipeline *p)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    struct pipeline_place place = {.seq = hz_engine_seq(p->rule.engine),
                                   .wall_ns = p->ingest.last_wall_ns,
                                   .term = p->term,
                                   .clean = 1};
    if (atomic_load(&p->durable_seq) == place.seq &&
        atomic_load(&p->log_synced) == p->rule.newest_number)
        pipeline__snapshot(p, &place);
    else
        hz_log_warning("no snapshot: the disk did not take everything");
}

void hz_pipeline_stop(struct hz_pipeline *p)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    hz_role_take(&hz_write);
    hz_role_take(&hz_sync);
    hz_role_take(&hz_builder);
    bool whole = p->ingest.started;
    stop_thread(p, PIPELINE_STOP_BUILDER, &p->builder_wake, p->builder.thread, p->builder.started);
    stop_thread(p, PIPELINE_STOP_INGEST, &p->ingest_wake, p->ingest.thread, p->ingest.started);
    stop_thread(p, PIPELINE_STOP_RULE, &p->rule_wake, p->rule.thread, p->rule.started);
    finish_rule(p);
    stop_thread(p, PIPELINE_STOP_OUTPUT, &p->output_wake, p->output.thread, p->output.started);
    stop_thread(p, PIPELINE_STOP_WRITE, &p->write_wake, p->write.thread, p->write.started);
    stop_thread(p, PIPELINE_STOP_SYNC, &p->sync_wake, p->sync.thread, p->sync.started);
    if (whole)
        last_snapshot(p);
    free_pipeline(p);
}

/* --- for main --- */

void hz_pipeline_reload(struct hz_pipeline *p)
{
    atomic_store_explicit(&p->reload_by_signal, true, memory_order_release);
    hz_wake_up(&p->output_wake);
}

bool hz_pipeline_alive(struct hz_pipeline *p)
{
    bool alive = true;

    for (int i = 0; i < 3; i++) {
        uint64_t beats = atomic_load_explicit(&p->beats[i], memory_order_relaxed);
        bool rests = i == 1 && !p->own_rule_thread; /* ingest's beat is its own */
        alive &= rests || beats != p->beats_seen[i];
        p->beats_seen[i] = beats;
    }
    return alive;
}

void hz_pipeline_status(struct hz_pipeline *p, char *to, size_t size)
{
    uint64_t readings = 0;

    for (uint32_t i = 1; i <= HZ_FEEDS_MAX; i++)
        readings += atomic_load_explicit(&p->feed_counts[i].readings, memory_order_relaxed);
    (void)snprintf(to, size, "watching %u points, %llu readings since start%s%s",
                   atomic_load_explicit(&p->points_watched, memory_order_relaxed),
                   (unsigned long long)readings,
                   p->faulty ? ", configuration faulty: last good set" : "",
                   atomic_load(&p->stalled) ? ", disk stalled" : "");
}
