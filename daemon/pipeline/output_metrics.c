/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asks for metrics, over HTTP or by the control socket, and the engine that has to be asked first.
 * What must stay true: an engine that does not answer holds up no scrape for more than a second, and
 * its silence is one of the metrics; however often somebody scrapes, the engine is asked ten times a
 * second at most.
 */
#include "metrics_priv.h"

#include <errno.h>
#include <stdlib.h>

#define ENGINE_PATIENCE_NS HZ_NS_PER_S
#define ENGINE_FRESH_NS    (100 * HZ_NS_PER_MS) /* an answer that is good enough for the next scrape */

/* A scrape that waits: by one of the two ways. */
struct metrics_wait {
    struct metrics_wait *next;
    struct hz_pipeline *p;
    struct hz_http_request *http;
    struct hz_control_request *control;
    enum hz_exposition_form form;
    char *text; /* of a control request, from `at` on */
    size_t length, at;
};

/* --- answering --- */

static char *make_text(struct hz_pipeline *p, enum hz_exposition_form form, size_t *ret_length)
    HZ_ON(hz_output)
{
    struct hz_exposition text = hz_exposition_in(form);

    p->output.metrics->scrapes++;
    metrics__text(p, &text);
    return hz_exposition_take(&text, ret_length);
}

static void give(struct hz_pipeline *p, struct metrics_wait *wait) HZ_ON(hz_output)
{
    if (wait->http) {
        size_t length;
        char *text = make_text(p, wait->form, &length);

        hz_http_answer(wait->http, 200, hz_exposition_content_type(wait->form), text, length);
        free(wait);
        return;
    }
    wait->text = make_text(p, wait->form, &wait->length);
    if (wait->text)
        hz_control_more(wait->control);
    else
        hz_control_fail(wait->control, -ENOMEM, "no memory");
}

static void give_all(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct metrics_wait *wait;

    while ((wait = p->output.metrics->waiting)) {
        p->output.metrics->waiting = wait->next;
        give(p, wait);
    }
}

static void take_out(struct hz_pipeline *p, const struct metrics_wait *wait) HZ_ON(hz_output)
{
    struct metrics_wait **at = &p->output.metrics->waiting;

    while (*at && *at != wait)
        at = &(*at)->next;
    if (*at)
        *at = wait->next;
}

/* --- the engine --- */

static void counted(void *ctx, struct pipeline_question *question)
{
    struct hz_pipeline *p = ctx;
    struct output_metrics *metrics;

    hz_role_assert(&hz_output);
    metrics = p->output.metrics;
    metrics->asked = false;
    metrics->answered_ns = hz_mono_ns(p->options.clock);
    metrics->answering = true;
    metrics->counts = question->counts;
    metrics->whole = question->whole;
    give_all(p);
}

/* A question that is under way already serves all. */
static void ask(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct output_metrics *metrics = p->output.metrics;

    if (metrics->asked)
        return;
    metrics->question =
        (struct pipeline_question){.kind = PIPELINE_COUNTS, .answered = counted, .ctx = p};
    metrics->asked = pipeline__output_ask(p, &metrics->question);
}

/* Answers at once when the engine's last answer is fresh. */
static void wait_or_give(struct hz_pipeline *p, struct metrics_wait *wait) HZ_ON(hz_output)
{
    struct output_metrics *metrics = p->output.metrics;
    int64_t now = hz_mono_ns(p->options.clock);

    if (metrics->answered_ns != 0 && now - metrics->answered_ns < ENGINE_FRESH_NS) {
        give(p, wait);
        return;
    }
    if (!metrics->waiting)
        metrics->asked_ns = now;
    wait->next = metrics->waiting;
    metrics->waiting = wait;
    ask(p);
}

struct rate_sample metrics__sample(struct hz_pipeline *p)
{
    return (struct rate_sample){.at_ns = hz_mono_ns(p->options.clock),
                                .bytes = atomic_load_explicit(&p->disk_bytes, memory_order_relaxed),
                                .alerts = p->output.offered_number > p->log_newest
                                              ? p->output.offered_number - p->log_newest
                                              : 0};
}

void output__metrics_pulse(struct hz_pipeline *p)
{
    struct output_metrics *metrics = p->output.metrics;
    struct rate_sample now = metrics__sample(p);

    (void)health__look(p);
    metrics__rate_note(&metrics->rate, &now);
    if (!metrics->waiting)
        return;
    ask(p); /* the ring of questions was full */
    if (now.at_ns - metrics->asked_ns < ENGINE_PATIENCE_NS)
        return;
    metrics->answering = false;
    give_all(p);
}

/* --- over HTTP --- */

static void http_begin(void *ctx, struct hz_http_request *request)
{
    struct hz_pipeline *p = ctx;
    struct metrics_wait *wait = calloc(1, sizeof(*wait));

    hz_role_assert(&hz_output);
    if (!wait) {
        hz_http_answer(request, 503, "text/plain; charset=utf-8", NULL, 0);
        return;
    }
    wait->p = p;
    wait->http = request;
    wait->form = hz_exposition_choose(hz_http_header(request, "Accept"));
    wait_or_give(p, wait);
}

const struct hz_http_row pipeline__paths[] = {
    {"/metrics", http_begin},
    {"/healthz", health__healthz_begin},
    {"/readyz", health__readyz_begin},
    {NULL, NULL},
};

void pipeline__http_gone(void *ctx, struct hz_http_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    for (struct metrics_wait *wait = p->output.metrics->waiting; wait; wait = wait->next) {
        if (wait->http != request)
            continue;
        take_out(p, wait);
        free(wait);
        return;
    }
}

/* --- by the control socket: a JSON object for each line of the text --- */

#define LINE_BYTES 8192u

static void next(void *state, struct hz_control_request *request)
{
    struct metrics_wait *wait = state;
    char buffer[LINE_BYTES];
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));

    hz_role_assert(&hz_output);
    if (!wait->text)
        return; /* the engine has not answered yet */
    if (wait->at == wait->length) {
        hz_control_end(request);
        return;
    }
    const char *at = wait->text + wait->at, *end = memchr(at, '\n', wait->length - wait->at);
    hz_text_puts(&line, "{\"line\":");
    hz_text_json(&line, (struct hz_slice){at, (size_t)(end - at)});
    hz_text_puts(&line, "}");
    hz_assert(!line.overflow);
    hz_control_line(request, line.at, line.length);
    wait->at += (size_t)(end - at) + 1;
}

static void gone(void *state)
{
    struct metrics_wait *wait = state;

    hz_role_assert(&hz_output);
    take_out(wait->p, wait);
    free(wait->text);
    free(wait);
}

void pipeline__metrics_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;
    struct metrics_wait *wait = calloc(1, sizeof(*wait));

    hz_role_assert(&hz_output);
    if (!wait) {
        hz_control_fail(request, -ENOMEM, "no memory");
        return;
    }
    wait->p = p;
    wait->control = request;
    wait->form = hz_control_argument(request, "prometheus") ? HZ_TEXT_0_0_4 : HZ_OPENMETRICS_1_0;
    hz_control_stream(request,
                      &(struct hz_control_stream){.next = next, .gone = gone, .state = wait});
    wait_or_give(p, wait);
}

/* --- life --- */

int pipeline__metrics_new(struct hz_pipeline *p)
{
    p->output.metrics = calloc(1, sizeof(*p->output.metrics));
    if (!p->output.metrics)
        return -ENOMEM;
    p->output.metrics->answering = true;
    (void)health__look(p);
    return 0;
}

void pipeline__metrics_free(struct hz_pipeline *p)
{
    free(p->output.metrics); /* nobody waits: HTTP and control socket have ended */
}
