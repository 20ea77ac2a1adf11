/* SPDX-License-Identifier: Apache-2.0
 *
 * The output thread: its loop, and what it asks of the others. What must stay true: whatever is asked of
 * another thread is asked over a ring and answered over another; nothing here waits.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PULSE_MS      100
#define STOP_GRACE_NS (3 * HZ_NS_PER_S) /* what Redis gets to take what is left */

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

bool pipeline__output_ask(struct hz_pipeline *p, struct pipeline_question *question)
{
    if (!hz_spsc_push(&p->output.questions, &question))
        return false;
    hz_wake_up(pipeline__rule_wake(p));
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
    bool all = output__take_transitions(p);
    if (all) { /* after the look at `applied`: what was applied up to there was in the ring */
        output__take_change(p, applied);
        pipeline__acks_applied(p, applied);
    }
    output__release(p);
    take_answers(p);
    take_fetched(p);
    output__take_unknown(p);
    hand_observed(p);
    output__reload_turn(p);
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
    output__metrics_pulse(p);
    uint64_t appended = atomic_load_explicit(&p->log_appended, memory_order_acquire);
    if (appended != p->output.told_number)
        pipeline__tails_offered(p);
    p->output.told_number = appended;
}

/* --- start and end --- */

static void end_when_closed(struct hz_pipeline *p) HZ_ON(hz_output)
{
    if (!p->output.publisher && !p->output.control && !p->output.http)
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

static void http_closed(void *ctx)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    p->output.http = NULL;
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
    if (out->http)
        hz_http_stop(out->http, http_closed, p);
}

static int make_publisher(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct hz_publisher_config config = {.loop = &p->output.loop,
                                         .clock = p->options.clock,
                                         .redis = &p->output.set->config->redis,
                                         .journal = {p->journal[0], p->journal[1]},
                                         .term = p->term,
                                         .newest = p->log_newest,
                                         .mirror = p->output.mirror,
                                         .source = {fetch_number, fetch_id, p},
                                         .events = {observe, renew, p}};
    struct hz_command_texts start = {.actor = {"", 0}, .via = hz_slice("start"), .reason = {"", 0}};

    int error = hz_publisher_new(&config, p->output.set, &p->output.publisher);
    if (error == 0)
        hz_publisher_tell_set(p->output.publisher, p->start_wall_ns / HZ_NS_PER_MS, &start);
    return error;
}

static int make_control(struct hz_pipeline *p) HZ_ON(hz_output)
{
    char path[1024];
    const char *configured = p->config->control_socket;

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

static int make_http(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct hz_http_config config = {.loop = &p->output.loop,
                                    .address = p->config->metrics.address,
                                    .rows = pipeline__paths,
                                    .gone = pipeline__http_gone,
                                    .ctx = p};

    return p->config->metrics.enabled ? hz_http_new(&config, &p->output.http) : 0;
}

/* A start is the first reload. */
static void note_start(struct hz_pipeline *p) HZ_ON(hz_output)
{
    p->output.reloaded = (struct pipeline_reloaded){
        .successful = !p->faulty,
        .success_wall_ns = p->faulty ? 0 : p->start_wall_ns,
        .set = p->output.set->digest,
    };
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
    out->feed_states = calloc(HZ_FEEDS_MAX + 1, sizeof(*out->feed_states));
    if (error == 0 && (!out->entry || !out->feed_states))
        error = -ENOMEM;
    if (error == 0)
        error = output__news_init(p);
    if (error == 0)
        error = pipeline__acks_new(p);
    if (error == 0)
        error = pipeline__tails_new(p);
    if (error == 0)
        error = output__held_new(p);
    if (error == 0)
        error = pipeline__metrics_new(p);
    note_start(p);
    if (error == 0)
        error = output__reload_init(p);
    if (error == 0)
        error = make_publisher(p);
    if (error == 0)
        error = make_control(p);
    return error == 0 ? make_http(p) : error;
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
    if (out->http)
        hz_http_stop(out->http, http_closed, p);
    if (out->publisher || out->control || out->http)
        (void)uv_run(&out->loop, UV_RUN_DEFAULT);
}

/* What was answered after this thread had ended. */
static void drop_fetched(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_fetch fetch;

    while (hz_spsc_pop(&p->output.fetched, &fetch))
        free(fetch.entries);
}

void pipeline__output_done(struct hz_pipeline *p)
{
    struct pipeline_output *out = &p->output;

    hz_role_take(&hz_output);
    if (out->loop_made) {
        close_parts(p);
        drop_fetched(p);
        uv_walk(&out->loop, close_handle, NULL);
        (void)uv_run(&out->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&out->loop);
    }
    pipeline__acks_free(p);
    pipeline__tails_free(p);
    output__unknown_done(p);
    output__held_free(p);
    pipeline__metrics_free(p);
    output__news_done(p);
    output__reload_done(p);
    hz_mirror_free(out->mirror);
    hz_set_unref(out->set);
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
