/* SPDX-License-Identifier: Apache-2.0
 *
 * The output thread: transitions become entries, go to the alarms log and to the publisher, and out when
 * their cause is safe. What must stay true: entries are offered in the order of their numbers; an alert
 * waits for the disk only while the disk makes progress; whatever is asked of another thread is asked
 * over a ring and answered over another.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PULSE_MS      100
#define STOP_GRACE_NS (5 * HZ_NS_PER_S) /* what Redis gets to take what is left */

/* --- transitions --- */

/* Does nothing come of waiting for the disk? At a stop nobody looks after it any more: it gets its time
 * once. */
static bool disk_stalls(struct hz_pipeline *p) HZ_ON(hz_output)
{
    int64_t since = p->output.stop_since_ns;

    return atomic_load_explicit(&p->stalled, memory_order_acquire) ||
           (since != 0 && hz_mono_ns(p->options.clock) - since > p->set->config->stall_ns);
}

/* Is the alarms log alone stuck? It gets the journal's time, then alerts go out without it. */
static bool log_stalls(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_output *out = &p->output;
    int64_t now = hz_mono_ns(p->options.clock);

    if (out->log_full_since_ns == 0)
        out->log_full_since_ns = now;
    return now - out->log_full_since_ns > p->set->config->stall_ns;
}

/* A copy for the alarms log. While the disk stalls and the ring is full the entry is given up for the
 * log only: counted, and said. */
static bool hand_to_log(struct hz_pipeline *p, const struct hz_entry *entry) HZ_ON(hz_output)
{
    struct hz_entry *copy;
    uint64_t held;

    if (hz_spsc_room(&p->output.entries) == 0) {
        if (!log_stalls(p) && !disk_stalls(p))
            return false;
        atomic_fetch_add_explicit(&p->log_missing, 1, memory_order_relaxed);
        if (hz_log_rate_pass(&p->output.log_rate, hz_mono_ns(p->options.clock), 1, &held))
            hz_log_error("alarms log: the disk does not take it; entries are missing from it from "
                         "number %llu on",
                         (unsigned long long)entry->number);
        return true;
    }
    p->output.log_full_since_ns = 0;
    copy = malloc(entry->bytes);
    if (!copy)
        return false; /* stays in the ring: there may be memory at the next turn */
    memcpy(copy, entry, entry->bytes);
    return hz_spsc_push(&p->output.entries, &copy);
}

static bool take_one(struct hz_pipeline *p, const struct hz_transition *transition) HZ_ON(hz_output)
{
    struct pipeline_output *out = &p->output;

    (void)hz_entry_render(p->set, transition, out->entry);
    if (!hand_to_log(p, out->entry))
        return false;
    hz_publisher_offer(out->publisher, out->entry);
    out->offered_seq = transition->seq;
    out->offered_number = transition->number;
    out->unreleased = true;
    pipeline__acks_transition(p, transition);
    return true;
}

/* False: some are left, the log has no room at the moment. */
static bool take_transitions(struct hz_pipeline *p) HZ_ON(hz_output)
{
    const struct hz_transition *items;
    uint64_t count, taken;
    bool all = true;

    while (all && (items = hz_spsc_items(&p->output.transitions, &count))) {
        for (taken = 0; taken < count && take_one(p, &items[taken]); taken++)
            ;
        hz_spsc_release(&p->output.transitions, taken);
        all = taken == count;
    }
    atomic_thread_fence(
        memory_order_seq_cst); /* room first, then who waits: rule does it the other way */
    if (atomic_load_explicit(&p->rule_blocked, memory_order_relaxed))
        output__wake_rule(p);
    if (hz_spsc_room(&p->output.entries) < PIPELINE_ENTRIES_RING / 2)
        pipeline__want(p, PIPELINE_WANT_WRITE);
    return all;
}

/* What may go out, by the durability that is configured and the disk's state. */
static void release(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_output *out = &p->output;
    bool relaxed = p->set->config->durability == HZ_RELAXED;

    if (!out->unreleased)
        return;
    uint64_t durable = atomic_load_explicit(&p->durable_seq, memory_order_acquire);
    uint64_t written = atomic_load_explicit(&p->written_seq, memory_order_acquire);
    hz_publisher_release(out->publisher, durable, true);
    out->released_seq = durable;
    if (relaxed && written > durable) {
        hz_publisher_release(out->publisher, written, false);
        out->released_seq = written;
    }
    if (out->released_seq < out->offered_seq && disk_stalls(p)) {
        hz_publisher_release(out->publisher, out->offered_seq, false);
        out->released_seq = out->offered_seq;
    }
    out->unreleased = out->released_seq < out->offered_seq;
    if (!out->unreleased)
        atomic_store_explicit(&p->released_number, out->offered_number, memory_order_release);
    else
        pipeline__want(p, relaxed ? PIPELINE_WANT_WRITE : PIPELINE_WANT_WRITE | PIPELINE_WANT_SYNC);
}

/* --- what comes back over the other rings --- */

static void take_answers(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_question *question;

    while (hz_spsc_pop(&p->output.answers, &question))
        question->answered(question->ctx, question);
}

static void take_outcomes(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_outcome outcome;

    while (hz_spsc_pop(&p->output.outcomes, &outcome)) {
        if (outcome.kind == PIPELINE_OUTCOME_COMMAND)
            pipeline__acks_outcome(p, &outcome);
        else
            p->output.feed_states[outcome.feed] = outcome;
    }
}

static void take_fetched(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_fetch fetch;

    while (hz_spsc_pop(&p->output.fetched, &fetch)) {
        if (fetch.token == PIPELINE_SNAPSHOT_TOKEN)
            output__snapshot_written(p, &fetch);
        else if (fetch.token != PIPELINE_PUBLISHER_TOKEN)
            pipeline__tails_fetched(p, &fetch);
        else if (p->output.publisher)
            hz_publisher_fetched(p->output.publisher, fetch.entries, fetch.length, fetch.error);
        free(fetch.entries);
    }
}

static void hand_observed(struct hz_pipeline *p) HZ_ON(hz_output)
{
    for (uint32_t what = 0; what < HZ_OBSERVED_END; what++) {
        struct pipeline_command command = {.kind = PIPELINE_OBSERVE};
        struct hz_record_observe observe = {.head = {HZ_RECORD_OBSERVE, sizeof(observe), 0},
                                            .what = what,
                                            .value = p->output.observed[what]};
        if (!p->output.observed_new[what])
            continue;
        memcpy(command.record, &observe, sizeof(observe));
        if (!pipeline__output_command(p, &command))
            return; /* at the next turn */
        p->output.observed_new[what] = false;
    }
}

/* --- asking --- */

void output__wake_rule(struct hz_pipeline *p)
{
    hz_wake_up(p->own_rule_thread ? &p->rule_wake : &p->ingest_wake);
}

bool pipeline__output_ask(struct hz_pipeline *p, struct pipeline_question *question)
{
    if (!hz_spsc_push(&p->output.questions, &question))
        return false;
    output__wake_rule(p);
    return true;
}

bool pipeline__output_fetch(struct hz_pipeline *p, const struct pipeline_fetch *fetch)
{
    if (!hz_spsc_push(&p->output.fetches, fetch))
        return false;
    hz_wake_up(&p->write_wake);
    return true;
}

bool pipeline__output_command(struct hz_pipeline *p, const struct pipeline_command *command)
{
    if (!hz_spsc_push(&p->output.commands, command))
        return false;
    hz_wake_up(&p->ingest_wake);
    return true;
}

/* --- what the publisher asks --- */

/* It asks for one thing at a time, so that there is room for it beside the tails, which leave some. */
static void fetch_number(void *ctx, uint64_t number)
{
    struct hz_pipeline *p = ctx;
    struct pipeline_fetch fetch = {.token = PIPELINE_PUBLISHER_TOKEN, .number = number};

    hz_role_assert(&hz_output);
    hz_assert(pipeline__output_fetch(p, &fetch));
}

static void fetch_id(void *ctx, struct hz_stream_id id)
{
    struct hz_pipeline *p = ctx;
    struct pipeline_fetch fetch = {.token = PIPELINE_PUBLISHER_TOKEN, .by_id = true, .id = id};

    hz_role_assert(&hz_output);
    hz_assert(pipeline__output_fetch(p, &fetch));
}

static void observe(void *ctx, uint32_t what, int64_t value)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    p->output.observed[what] = value;
    p->output.observed_new[what] = true;
}

static void renew(void *ctx)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    p->output.renew_wanted = true;
}

/* --- the loop --- */

static void begin_stop(struct hz_pipeline *p, bool all) HZ_ON(hz_output);

static void before_sleep(uv_prepare_t *handle)
{
    struct hz_pipeline *p = handle->data;

    hz_role_assert(&hz_output);
    hz_wake_arm(&p->output_wake);
    atomic_fetch_add_explicit(&p->beats[2], 1, memory_order_relaxed);
    uint64_t applied = atomic_load_explicit(&p->applied_seq, memory_order_acquire);
    take_outcomes(p);
    bool all = take_transitions(p);
    if (all) /* after the look at `applied`: what was applied up to there was in the ring */
        pipeline__acks_applied(p, applied);
    release(p);
    take_answers(p);
    take_fetched(p);
    hand_observed(p);
    if (!p->output.stopping && pipeline__stage_reached(p, PIPELINE_STOP_OUTPUT))
        begin_stop(p, all);
}

static void after_sleep(uv_check_t *handle)
{
    struct hz_pipeline *p = handle->data;

    hz_wake_disarm(&p->output_wake);
}

static void woken(uv_poll_t *handle, int status, int events)
{
    (void)handle, (void)status, (void)events; /* the work is done before the next sleep */
}

static void pulse(uv_timer_t *timer)
{
    struct hz_pipeline *p = timer->data;

    hz_role_assert(&hz_output);
    output__ask_news(p);
    output__snapshot_after_hole(p);
    uint64_t appended = atomic_load_explicit(&p->log_appended, memory_order_acquire);
    if (appended != p->output.told_number)
        pipeline__tails_offered(p);
    p->output.told_number = appended;
}

/* --- start and end --- */

static void end_when_closed(struct hz_pipeline *p) HZ_ON(hz_output)
{
    if (!p->output.publisher && !p->output.control)
        uv_stop(&p->output.loop);
}

static void publisher_closed(void *ctx)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    p->output.publisher = NULL;
    end_when_closed(p);
}

static void control_closed(void *ctx)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    p->output.control = NULL;
    end_when_closed(p);
}

/* Again at every turn until everything was taken and may go out. */
static void begin_stop(struct hz_pipeline *p, bool all)
{
    struct pipeline_output *out = &p->output;

    if (out->stop_since_ns == 0)
        out->stop_since_ns = hz_mono_ns(p->options.clock);
    if (!all || out->released_seq < out->offered_seq)
        return;
    out->stopping = true;
    (void)uv_timer_stop(&out->pulse);
    hz_publisher_stop(out->publisher, STOP_GRACE_NS, publisher_closed, p);
    hz_control_stop(out->control, control_closed, p);
}

static int make_publisher(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct hz_publisher_config config = {.loop = &p->output.loop,
                                         .clock = p->options.clock,
                                         .redis = &p->set->config->redis,
                                         .journal = {p->journal[0], p->journal[1]},
                                         .term = p->term,
                                         .newest = p->log_newest,
                                         .mirror = p->output.mirror,
                                         .source = {fetch_number, fetch_id, p},
                                         .events = {observe, renew, p}};

    return hz_publisher_new(&config, p->set, &p->output.publisher);
}

static int make_control(struct hz_pipeline *p) HZ_ON(hz_output)
{
    char path[1024];
    const char *configured = p->set->config->control_socket;

    if (!configured && (size_t)snprintf(path, sizeof(path), "%s/hazardd.sock",
                                        p->options.runtime_directory) >= sizeof(path))
        return HZ_ELIMIT;
    const char *socket = configured ? configured : path;
    struct hz_control_counts counts;
    int error = hz_control_new(&p->output.loop, socket, pipeline__rows, p, &p->output.control);
    if (error < 0) {
        hz_log_error("control socket %s: %s", socket, hz_strerror(error));
        return error;
    }
    hz_control_counts(p->output.control, &counts);
    if (!counts.group_given)
        hz_log_info(
            "control socket %s: for root and this user only (there is no group hazard, or it "
            "may not be given)",
            socket);
    return 0;
}

int pipeline__output_init(struct hz_pipeline *p)
{
    struct pipeline_output *out = &p->output;

    hz_role_take(&hz_output);
    int error = uv_loop_init(&out->loop);
    if (error < 0)
        return error;
    out->loop_made = true;
    (void)uv_timer_init(&out->loop, &out->pulse); /* these three cannot fail on a sound loop */
    (void)uv_prepare_init(&out->loop, &out->before_sleep);
    (void)uv_check_init(&out->loop, &out->after_sleep);
    error = uv_poll_init(&out->loop, &out->waker, p->output_wake.fd);
    out->pulse.data = out->before_sleep.data = out->after_sleep.data = p;
    out->entry = aligned_alloc(8, HZ_ENTRY_BYTES_MAX);
    out->feed_states = calloc(p->set->config->feed_count + 1, sizeof(*out->feed_states));
    if (error == 0 && (!out->entry || !out->feed_states))
        error = -ENOMEM;
    if (error == 0)
        error = output__news_init(p);
    if (error == 0)
        error = pipeline__acks_new(p);
    if (error == 0)
        error = pipeline__tails_new(p);
    if (error == 0)
        error = make_publisher(p);
    return error == 0 ? make_control(p) : error;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* What was made and never ran closes now, too. */
static void close_parts(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_output *out = &p->output;

    if (out->publisher)
        hz_publisher_stop(out->publisher, 0, publisher_closed, p);
    if (out->control)
        hz_control_stop(out->control, control_closed, p);
    if (out->publisher || out->control)
        (void)uv_run(&out->loop, UV_RUN_DEFAULT);
}

void pipeline__output_done(struct hz_pipeline *p)
{
    struct pipeline_output *out = &p->output;

    hz_role_take(&hz_output);
    if (out->loop_made) {
        close_parts(p);
        uv_walk(&out->loop, close_handle, NULL);
        (void)uv_run(&out->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&out->loop);
    }
    pipeline__acks_free(p);
    pipeline__tails_free(p);
    output__news_done(p);
    hz_mirror_free(out->mirror);
    free(out->feed_states);
    free(out->entry);
}

void *pipeline__output_run(void *pipeline)
{
    struct hz_pipeline *p = pipeline;

    hz_role_take(&hz_output);
    (void)uv_prepare_start(&p->output.before_sleep, before_sleep);
    (void)uv_check_start(&p->output.after_sleep, after_sleep);
    (void)uv_poll_start(&p->output.waker, UV_READABLE, woken);
    (void)uv_timer_start(&p->output.pulse, pulse, PULSE_MS, PULSE_MS);
    hz_publisher_start(p->output.publisher);
    (void)uv_run(&p->output.loop, UV_RUN_DEFAULT);
    return NULL;
}
