/* SPDX-License-Identifier: Apache-2.0
 *
 * The ingest thread: one loop for all feeds. What must stay true: it alone gives seqs and jt, so that
 * the order of the blocks in the ring is the journal's; it never waits, and reads no socket while there
 * is no room for what one read can bring; every change of the world that the engine must know of (time,
 * feeds, disk, drops) becomes a record here.
 *
 * Between two sleeps: read sockets (callbacks) -> blocks -> [engine, when it has no thread of its own]
 * -> before_sleep: commands, notices, acknowledgements, back-pressure, the next due time.
 */
#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>

#define PULSE_MS        100
#define ACKS_WITHIN_MS  2 /* an acknowledgement waits at most so long before it asks for a sync */
#define UNREAD_AFTER_NS (2 * HZ_NS_PER_S)
/* Without a look at the sockets: a tick takes tens of us while a changed set is worked off. */
#define TICKS_MOST 64
#define TICKS_NS   (300 * HZ_NS_PER_US)

/* Acknowledges what is durable. `durable` was looked at before the notices were taken: a hole below it
 * is known by now. */
static void wait_no_more(struct hz_pipeline *p, uint64_t durable) HZ_ON(hz_ingest)
{
    bool waits = p->ingest.paused;

    if (p->ingest.stalled || atomic_load_explicit(&p->holes_closed, memory_order_acquire) !=
                                 atomic_load_explicit(&p->holes_known, memory_order_relaxed))
        return; /* acknowledgements are withheld until the journal alone gives the state again */
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++) {
        pipeline__feed_ack(p->ingest.feeds.at[i], durable);
        waits |= pipeline__feed_waits(p->ingest.feeds.at[i]);
    }
    for (struct pipeline_feed *feed = p->ingest.leaving; feed; feed = feed->next) {
        pipeline__feed_ack(feed, durable);
        waits |= pipeline__feed_waits(feed);
    }
    atomic_store_explicit(&p->ingest_waits, waits, memory_order_relaxed);
}

/* --- back-pressure --- */

/* Is there room for all that one read of a socket can turn into? Gives up old blocks for the journal
 * alone while the disk stalls. */
static bool room_for_a_read(struct hz_pipeline *p, uint64_t reads) HZ_ON(hz_ingest)
{
    uint64_t capacity = hz_block_ring_capacity(p->ring);
    uint64_t margin =
        reads * INGEST_READ_BYTES < capacity / 2 ? reads * INGEST_READ_BYTES : capacity / 2;

    while (hz_block_ring_used(p->ring) + margin > capacity)
        if (!p->ingest.stalled || !hz_block_ring_give_up(p->ring))
            return false;
    return true;
}

static void pause_feeds(struct hz_pipeline *p, bool paused) HZ_ON(hz_ingest)
{
    p->ingest.paused = paused;
    p->ingest.paused_since_ns = paused ? p->ingest.last_mono_ns : 0;
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++)
        pipeline__feed_pause(p->ingest.feeds.at[i], paused);
    if (!paused)
        return;
    atomic_store_explicit(&p->ingest_waits, true, memory_order_relaxed);
    atomic_thread_fence(
        memory_order_seq_cst); /* waits first, then a look: rule and sync do it the other way */
}

static void set_unread(struct hz_pipeline *p, bool unread) HZ_ON(hz_ingest)
{
    p->ingest.unread_said = unread;
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++)
        pipeline__feed_unread(p->ingest.feeds.at[i], unread);
}

static void look_after_room(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    struct pipeline_ingest *in = &p->ingest;

    if (!in->paused) {
        if (room_for_a_read(p, 1))
            return;
        pause_feeds(p, true);
    }
    if (room_for_a_read(p, 2)) {
        pause_feeds(p, false);
        if (in->unread_said)
            set_unread(p, false);
    } else if (!in->unread_said && in->last_mono_ns - in->paused_since_ns > UNREAD_AFTER_NS) {
        set_unread(p, true);
    }
}

void ingest__let_engine(struct hz_pipeline *p)
{
    if (p->own_rule_thread) {
        hz_wake_up(&p->rule_wake);
    } else {
        hz_role_assert(&hz_rule);
        pipeline__rule_step(p);
    }
}

void pipeline__ingest_read_end(struct hz_pipeline *p, bool acks)
{
    ingest__let_engine(p);
    if (hz_block_ring_used(p->ring) > hz_block_ring_capacity(p->ring) / 2)
        pipeline__want(p, PIPELINE_WANT_WRITE | PIPELINE_WANT_SYNC);
    if (acks && !uv_is_active((uv_handle_t *)&p->ingest.acks))
        (void)uv_timer_start(&p->ingest.acks, ingest__acks_due, ACKS_WITHIN_MS, 0);
    look_after_room(p);
}

void ingest__acks_due(uv_timer_t *timer)
{
    struct hz_pipeline *p = timer->data;

    hz_role_assert(&hz_ingest);
    atomic_store_explicit(&p->ingest_waits, true, memory_order_relaxed);
    pipeline__want(p, PIPELINE_WANT_WRITE | PIPELINE_WANT_SYNC);
}

/* --- what others want of this thread --- */

/* A command that finds no room stays where it is: its answer names its seq. */
static void take_commands(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    const struct pipeline_command *command;
    uint64_t count;

    while (hz_spsc_room(&p->ingest.outcomes) > 0 &&
           (command = hz_spsc_items(&p->ingest.commands, &count))) {
        struct pipeline_outcome outcome = {
            .kind = PIPELINE_OUTCOME_COMMAND,
            .token = command->token,
            .seq = ingest__record_now(p, (const void *)command->record)};
        if (outcome.seq == 0)
            return;
        if (command->kind == PIPELINE_COMMAND)
            (void)hz_spsc_push(&p->ingest.outcomes,
                               &outcome); /* there is room: see the loop's condition */
        hz_spsc_release(&p->ingest.commands, 1);
    }
}

static void take_notices(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    struct pipeline_notice notice;

    while (hz_spsc_pop(&p->ingest.notices, &notice)) {
        struct hz_record_hole hole = {.head = {HZ_RECORD_HOLE, sizeof(hole), 0},
                                      .from_seq = notice.hole_from,
                                      .to_seq = notice.hole_to};
        int64_t records = (int64_t)(notice.hole_to - notice.hole_from + 1);
        pipeline__ingest_observe(p, HZ_OBSERVED_JOURNAL_HOLE, 0, records);
        (void)pipeline__ingest_record(p, &hole.head);
        pipeline__ingest_observe(p, HZ_OBSERVED_JOURNAL_HOLE, 0, 0);
        hz_log_error(
            "journal: %lld records are missing from it: the disk did not take them in time",
            (long long)records);
        atomic_fetch_add_explicit(&p->holes_known, 1, memory_order_release);
    }
}

/* Has the engine seen everything? If not, it wakes this thread when it has. */
static bool engine_is_up(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    if (atomic_load_explicit(&p->applied_seq, memory_order_acquire) + 1 == p->ingest.next_seq)
        return true;
    atomic_store_explicit(&p->ingest_waits, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* as in pause_feeds */
    return atomic_load_explicit(&p->applied_seq, memory_order_acquire) + 1 == p->ingest.next_seq;
}

/* A tick is journalled only when the engine has seen everything and its time has come without it. */
static void look_after_due(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    struct pipeline_ingest *in = &p->ingest;
    struct hz_record_tick tick = {.head = {HZ_RECORD_TICK, sizeof(tick), 0}};
    int64_t jt = pipeline__ingest_now(p);
    const int64_t until = jt + TICKS_NS;

    for (int ticks = 0; ticks < TICKS_MOST && jt <= until; ticks++, jt = pipeline__ingest_now(p)) {
        if (atomic_load_explicit(&p->next_due_ns, memory_order_acquire) <= jt && !engine_is_up(p)) {
            (void)uv_timer_stop(&in->due);
            return;
        }
        /* Once more: the engine tells its due time before it tells that it is up. */
        int64_t due = atomic_load_explicit(&p->next_due_ns, memory_order_acquire);
        if (due == HZ_NEVER) {
            (void)uv_timer_stop(&in->due); /* another time wakes this thread */
            return;
        }
        if (due > jt) {
            uint64_t ms = (uint64_t)((due - jt + HZ_NS_PER_MS - 1) / HZ_NS_PER_MS);
            (void)uv_timer_start(&in->due, ingest__due, ms, 0);
            return;
        }
        if (ingest__record_now(p, &tick.head) == 0 || p->own_rule_thread)
            return;
    }
    (void)uv_timer_start(&in->due, ingest__due, 0, 0); /* a long list: sockets in between */
}

void ingest__due(uv_timer_t *timer)
{
    (void)timer; /* before_sleep does it */
}

static void before_sleep(uv_prepare_t *handle)
{
    struct hz_pipeline *p = handle->data;

    hz_role_assert(&hz_ingest);
    hz_wake_arm(&p->ingest_wake);
    /* Release: the builder takes it that the look-ups before it are over. */
    atomic_fetch_add_explicit(&p->beats[0], 1, memory_order_release);
    uv_update_time(&p->ingest.loop);
    uint64_t durable = atomic_load_explicit(&p->durable_seq, memory_order_acquire);
    (void)pipeline__ingest_now(p);
    take_commands(p);
    take_notices(p);
    ingest__flush_records(p);
    ingest__take_change(p);
    ingest__give_unknown(p);
    if (!p->own_rule_thread) {
        hz_role_assert(&hz_rule);
        if (pipeline__rule_has_work(p))
            pipeline__rule_step(p);
    }
    wait_no_more(p, durable);
    ingest__look_after_leaving(p);
    look_after_room(p);
    look_after_due(p);
    if (!p->ingest.stopping && pipeline__stage_reached(p, PIPELINE_STOP_INGEST))
        ingest__stop_feeds(p);
    if (p->ingest.stopping && ingest__feeds_closed(p))
        uv_stop(&p->ingest.loop);
}

static void after_sleep(uv_check_t *handle)
{
    struct hz_pipeline *p = handle->data;

    hz_wake_disarm(&p->ingest_wake);
}

static void woken(uv_poll_t *handle, int status, int events)
{
    (void)handle, (void)status, (void)events; /* the work is done before the next sleep */
}

/* --- the pulse: what only time shows --- */

/* The disk makes no progress while there is something to write: alarms must not wait for it. */
static void look_after_disk(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    struct pipeline_ingest *in = &p->ingest;
    uint64_t progress = atomic_load_explicit(&p->progress, memory_order_acquire);
    bool idle = atomic_load_explicit(&p->durable_seq, memory_order_relaxed) + 1 == in->next_seq;

    if (idle || progress != in->progress_seen) {
        in->progress_seen = progress;
        in->progress_at_ns = in->last_mono_ns;
    }
    bool stalled = in->last_mono_ns - in->progress_at_ns > p->config->stall_ns;
    if (stalled == in->stalled)
        return;
    in->stalled = stalled;
    atomic_store_explicit(&p->stalled, stalled, memory_order_release);
    hz_block_ring_stall(p->ring, stalled);
    hz_wake_up(&p->output_wake);
    pipeline__ingest_observe(p, HZ_OBSERVED_DISK_STALLED, 0, stalled);
    if (stalled)
        hz_log_error(
            "journal: the disk makes no progress; alerts go out at once, marked durable=0");
    else
        hz_log_notice("journal: the disk makes progress again");
}

static void say_ring_full(struct hz_pipeline *p) HZ_ON(hz_ingest)
{
    struct pipeline_ingest *in = &p->ingest;

    if (in->paused == in->ring_full_said)
        return;
    in->ring_full_said = in->paused;
    pipeline__ingest_observe(p, HZ_OBSERVED_RING_FULL, 0, in->paused);
}

static void pulse(uv_timer_t *timer)
{
    struct hz_pipeline *p = timer->data;

    hz_role_assert(&hz_ingest);
    look_after_disk(p);
    say_ring_full(p);
    atomic_store_explicit(&p->ring_used, hz_block_ring_used(p->ring), memory_order_relaxed);
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++)
        pipeline__feed_count(p->ingest.feeds.at[i]);
}

/* --- start and end --- */

/* A bit each, since a row would be one more miss of the cache. */
uint64_t *pipeline__present_points(const struct hz_registry *registry, uint32_t *ret_end)
{
    uint32_t end = hz_registry_point_end(registry);
    uint64_t *present = calloc(end / 64 + 1, sizeof(*present));

    for (uint32_t point = 1; present && point < end; point++)
        if (hz_registry_point(registry, point))
            present[point / 64] |= UINT64_C(1) << point % 64;
    *ret_end = end;
    return present;
}

int pipeline__ingest_init(struct hz_pipeline *p)
{
    struct pipeline_ingest *in = &p->ingest;

    hz_role_take(&hz_ingest);
    int error = uv_loop_init(&in->loop);
    if (error < 0)
        return error;
    (void)uv_timer_init(&in->loop, &in->pulse); /* these five cannot fail on a sound loop */
    (void)uv_timer_init(&in->loop, &in->due);
    (void)uv_timer_init(&in->loop, &in->acks);
    (void)uv_prepare_init(&in->loop, &in->before_sleep);
    (void)uv_check_init(&in->loop, &in->after_sleep);
    error = uv_poll_init(&in->loop, &in->waker, p->ingest_wake.fd);
    in->pulse.data = in->acks.data = in->due.data = in->waker.data = p;
    in->before_sleep.data = in->after_sleep.data = p;
    if (error == 0)
        error = pipeline__texts_new(&in->texts);
    if (error == 0) {
        in->present = pipeline__present_points(in->set->registry, &in->present_end);
        error = in->present ? 0 : -ENOMEM;
    }
    if (error == 0)
        error = ingest__records_init(p);
    if (error == 0)
        error = ingest__unknown_init(p);
    if (error == 0)
        error = pipeline__feeds_new(p, NULL, in->set, &in->feeds);
    return error;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void pipeline__ingest_done(struct hz_pipeline *p)
{
    struct pipeline_ingest *in = &p->ingest;

    hz_role_take(&hz_ingest);
    pipeline__feeds_free(&in->feeds);
    pipeline__feeds_free_gone(p);
    free(in->present);
    hz_set_unref(in->set);
    pipeline__texts_free(in->texts);
    ingest__records_done(p);
    ingest__unknown_done(p);
    if (in->loop.data == p) { /* it ran */
        uv_walk(&in->loop, close_handle, NULL);
        (void)uv_run(&in->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&in->loop);
    }
}

void *pipeline__ingest_run(void *pipeline)
{
    struct hz_pipeline *p = pipeline;

    hz_role_take(&hz_ingest);
    if (!p->own_rule_thread)
        hz_role_take(&hz_rule);
    p->ingest.loop.data = p;
    (void)uv_prepare_start(&p->ingest.before_sleep, before_sleep);
    (void)uv_check_start(&p->ingest.after_sleep, after_sleep);
    (void)uv_poll_start(&p->ingest.waker, UV_READABLE, woken);
    (void)uv_timer_start(&p->ingest.pulse, pulse, PULSE_MS, PULSE_MS);
    ingest__start_feeds(p);
    (void)uv_run(&p->ingest.loop, UV_RUN_DEFAULT);
    ingest__end_run(p);
    return NULL;
}
