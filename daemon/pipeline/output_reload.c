/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl diff`, `hazardctl reload` and SIGHUP: one request at a time, which the builder works on and
 * this thread answers. What must stay true: what would be raised is known before anything is put into
 * force; a peer that leaves before that takes its reload back, one that leaves later does not.
 */
#include "output_priv.h"
#include "reload_priv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLICE           64u /* points to a question */
#define PREVIEWS        1024u
#define LINE_BYTES      4096u
#define LINES_AT_ONCE   32u
#define MAX_NEW_DEFAULT 20

struct output_reload;

/* An answer, on its way to a peer who may read slowly. */
struct answer {
    struct output_reload *of;
    struct hz_control_request *request;
    bool ready; /* lines and end are there */
    char *lines;
    size_t length, at;
    int error;
    char why[RELOAD_WHY_BYTES];
};

struct output_reload {
    struct pipeline_reload *reload; /* NULL: nothing is under way */
    struct answer *answer;          /* NULL: nobody waits for one */
    bool puts, asked;
    bool previewing; /* between BUILD and PUT: `reload` is ours, its points are asked about */
    int64_t max_new;
    struct pipeline_question question;
    uint32_t next; /* of reload->points */
    uint64_t raised, moved, ended, told;
    struct hz_preview previews[PREVIEWS];
};

/* --- the answer --- */

static void next_lines(void *state, struct hz_control_request *request)
{
    struct answer *answer = state;

    hz_role_assert(&hz_output);
    if (!answer->ready)
        return;
    for (unsigned i = 0; i < LINES_AT_ONCE && answer->at < answer->length; i++) {
        const char *from = answer->lines + answer->at;
        const char *end = memchr(from, '\n', answer->length - answer->at);
        hz_control_line(request, from, (size_t)(end - from));
        answer->at += (size_t)(end - from) + 1;
    }
    if (answer->at < answer->length)
        return;
    if (answer->error < 0)
        hz_control_fail(request, answer->error, "%s", answer->why);
    else
        hz_control_end(request);
}

static void free_answer(struct answer *answer)
{
    free(answer->lines);
    free(answer);
}

/* --- to the builder and back --- */

/* What may lie there still is the request before, to be dropped: it goes along. */
static void post(struct hz_pipeline *p, enum reload_step step) HZ_ON(hz_output)
{
    struct output_reload *out = p->output.reload;

    out->reload->step = step;
    out->reload->dropped = atomic_exchange_explicit(&p->reload_asked, NULL, memory_order_acquire);
    atomic_store_explicit(&p->reload_asked, out->reload, memory_order_release);
    hz_wake_up(&p->builder_wake);
}

static void summary(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct output_reload *out = p->output.reload;
    struct pipeline_reload *reload = out->reload;
    char buffer[LINE_BYTES], set[HZ_DIGEST_TEXT_BYTES], former[HZ_DIGEST_TEXT_BYTES];
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));

    hz_digest_text(&reload->digest, set);
    hz_digest_text(&p->output.set->digest, former);
    hz_text_format(&line, "{\"what\":\"summary\",\"set\":\"%s\",\"in_force\":\"%s\"", set, former);
    hz_text_format(&line, ",\"same\":%s,\"put\":%s", reload->same ? "true" : "false",
                   reload->seq != 0 ? "true" : "false");
#define X(name)                                                                                    \
    hz_text_format(&line, ",\"" #name "\":%llu", (unsigned long long)reload->counts.name);
    RELOAD_COUNTS(X)
#undef X
    hz_text_format(&line, ",\"alarms_raised\":%llu,\"alarms_moved\":%llu,\"alarms_ended\":%llu",
                   (unsigned long long)out->raised, (unsigned long long)out->moved,
                   (unsigned long long)out->ended);
    hz_text_format(&line, ",\"seq\":%llu,\"took_ms\":%lld}", (unsigned long long)reload->seq,
                   (long long)(reload->took_ns / HZ_NS_PER_MS));
    reload__line(reload, &line);
}

static void log_outcome(const struct pipeline_reload *reload, bool puts)
{
    char set[HZ_DIGEST_TEXT_BYTES];

    if (!puts)
        return;
    hz_digest_text(&reload->digest, set);
    if (reload->error < 0)
        hz_log_warning("reload by %s (%s) refused: %s", reload->actor, reload->via, reload->why);
    else if (reload->same)
        hz_log_notice("reload by %s (%s): set %.8s is in force already", reload->actor, reload->via,
                      set);
    else
        hz_log_notice("reload by %s (%s): set %.8s is in force from record %llu on, reason: %s",
                      reload->actor, reload->via, set, (unsigned long long)reload->seq,
                      reload->reason[0] ? reload->reason : "none given");
}

/* Everything is known: the answer goes out, what was made goes back. */
static void finish(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct output_reload *out = p->output.reload;
    struct pipeline_reload *reload = out->reload;
    struct answer *answer = out->answer;

    log_outcome(reload, out->puts);
    if (out->puts)
        p->output.reloaded.successful = reload->error == 0;
    if (out->puts && reload->error == 0)
        p->output.reloaded.success_wall_ns = hz_wall_ns(p->options.clock);
    if (reload->lines_lost && reload->error == 0)
        reload__why(reload, -ENOMEM, "no memory for the whole answer");
    if (reload->error == 0 || reload->ruleset)
        summary(p);
    if (answer) {
        answer->lines = reload->lines;
        answer->length = reload->lines_length;
        answer->error = reload->error;
        memcpy(answer->why, reload->why, sizeof(answer->why));
        answer->ready = true;
        reload->lines = NULL;
        hz_control_more(answer->request);
    }
    post(p, RELOAD_DROP);
    out->reload = NULL;
    out->answer = NULL;
}

/* --- which alarms --- */

static void say_alarm(struct hz_pipeline *p, const struct hz_preview *one) HZ_ON(hz_output)
{
    static const char *const words[] = {[HZ_PREVIEW_RAISE] = "raise",
                                        [HZ_PREVIEW_ESCALATE] = "escalate",
                                        [HZ_PREVIEW_DEESCALATE] = "deescalate",
                                        [HZ_PREVIEW_CLEAR] = "clear",
                                        [HZ_PREVIEW_REMOVE] = "remove"};
    static const char *const sides[] = {[HZ_SIDE_LOW] = "low",
                                        [HZ_SIDE_HIGH] = "high",
                                        [HZ_SIDE_INVALID] = "invalid",
                                        [HZ_SIDE_STALE] = "stale"};
    char buffer[LINE_BYTES];
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));

    hz_text_format(&line, "{\"what\":\"alarm\",\"change\":\"%s\",\"point\":", words[one->change]);
    hz_text_json(&line, hz_names_key(p->names, HZ_NAMED_POINT, one->point));
    hz_text_puts(&line, ",\"rule\":");
    hz_text_json(&line, hz_names_key(p->names, HZ_NAMED_RULE, one->rule));
    hz_text_format(&line, ",\"side\":\"%s\",\"level\":\"%s\",\"sev\":\"%s\"", sides[one->side],
                   hz_level_word(one->level), hz_severity_word(one->severity));
    if (!isnan(one->value))
        hz_text_format(&line, ",\"value\":%.12g", one->value);
    if (!isnan(one->limit))
        hz_text_format(&line, ",\"limit\":%.12g", one->limit);
    hz_text_format(&line, ",\"delay_ms\":%lld}", (long long)(one->delay_ns / HZ_NS_PER_MS));
    reload__line(p->output.reload->reload, &line);
}

static void take_preview(struct hz_pipeline *p, const struct hz_preview *one) HZ_ON(hz_output)
{
    struct output_reload *out = p->output.reload;

    out->raised += one->change == HZ_PREVIEW_RAISE;
    out->moved += one->change == HZ_PREVIEW_ESCALATE || one->change == HZ_PREVIEW_DEESCALATE;
    out->ended += one->change == HZ_PREVIEW_CLEAR || one->change == HZ_PREVIEW_REMOVE;
    if (out->told++ < RELOAD_LINES_MAX)
        say_alarm(p, one);
}

static void decide(struct hz_pipeline *p) HZ_ON(hz_output);
static void ask_preview(struct hz_pipeline *p) HZ_ON(hz_output);

static void previewed(void *ctx, struct pipeline_question *question)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct output_reload *out = p->output.reload;
    out->asked = false;
    for (uint32_t i = 0; i < question->count; i++)
        take_preview(p, &out->previews[i]);
    out->next += question->span;
    ask_preview(p);
}

/* A slice after the other; what finds no room on the ring is asked at a later turn. */
static void ask_preview(struct hz_pipeline *p)
{
    struct output_reload *out = p->output.reload;
    uint32_t left = out->reload->point_count - out->next;

    if (left == 0) {
        decide(p);
        return;
    }
    out->question = (struct pipeline_question){.kind = PIPELINE_PREVIEW,
                                               .span = left < SLICE ? left : SLICE,
                                               .points = out->reload->points + out->next,
                                               .next = out->reload->ruleset,
                                               .previews = out->previews,
                                               .room = PREVIEWS,
                                               .answered = previewed,
                                               .ctx = p};
    out->asked = pipeline__output_ask(p, &out->question);
}

static bool too_many(const struct output_reload *out, struct pipeline_reload *reload)
{
    if ((int64_t)out->raised <= out->max_new)
        return false;
    reload__why(reload, HZ_ESTATE,
                "%llu alarms would be raised, more than %lld: nothing is changed; "
                "--max-new-alarms %llu lets them",
                (unsigned long long)out->raised, (long long)out->max_new,
                (unsigned long long)out->raised);
    return true;
}

static void decide(struct hz_pipeline *p)
{
    struct output_reload *out = p->output.reload;
    struct pipeline_reload *reload = out->reload;

    out->previewing = false;
    if (out->puts && !out->answer && reload->error == 0 && strcmp(reload->via, "signal") != 0)
        reload__why(reload, -ECANCELED, "whoever asked for it has left");
    if (!out->puts || reload->error < 0 || reload->same || too_many(out, reload))
        finish(p);
    else
        post(p, RELOAD_PUT);
}

void output__reload_turn(struct hz_pipeline *p)
{
    struct output_reload *out = p->output.reload;
    struct pipeline_reload *answered =
        atomic_exchange_explicit(&p->reload_answered, NULL, memory_order_acquire);

    if (answered && answered->step == RELOAD_BUILD) {
        out->previewing = true;
        if (answered->error < 0 || answered->same)
            decide(p);
        else
            ask_preview(p);
    } else if (answered) {
        finish(p);
    } else if (out->previewing && !out->asked) {
        ask_preview(p);
    }
    if (atomic_load_explicit(&p->reload_by_signal, memory_order_relaxed) && !out->reload)
        output__reload_by_signal(p);
}

/* --- the beginning --- */

static struct pipeline_reload *begin(struct hz_pipeline *p, bool puts) HZ_ON(hz_output)
{
    struct output_reload *out = p->output.reload;
    struct pipeline_reload *reload = calloc(1, sizeof(*reload));

    if (!reload)
        return NULL;
    out->reload = reload;
    out->puts = puts;
    out->max_new = MAX_NEW_DEFAULT;
    out->next = 0;
    out->raised = out->moved = out->ended = out->told = 0;
    return reload;
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = from ? hz_utf8_cut(from, strlen(from), size - 1) : 0;

    if (length > 0)
        memcpy(to, from, length);
    to[length] = '\0';
}

static void gone(void *state)
{
    struct answer *answer = state;
    struct output_reload *out = answer->of;

    hz_role_assert(&hz_output);
    if (out->answer == answer)
        out->answer = NULL;
    free_answer(answer);
}

static void begin_request(struct hz_pipeline *p, struct hz_control_request *request, bool puts)
    HZ_ON(hz_output)
{
    struct output_reload *out = p->output.reload;
    struct answer *answer;
    struct pipeline_reload *reload;

    if (out->reload) {
        hz_control_fail(request, -EBUSY, "a diff or reload is under way, try again");
        return;
    }
    answer = calloc(1, sizeof(*answer));
    reload = answer ? begin(p, puts) : NULL;
    if (!reload) {
        free(answer);
        hz_control_fail(request, -ENOMEM, "no memory for the set");
        return;
    }
    if (!hz_control_number(request, "max-new-alarms", 0, INT32_MAX, &out->max_new)) {
        out->reload = NULL;
        free(reload);
        free(answer);
        return;
    }
    answer->request = request;
    answer->of = out;
    out->answer = answer;
    reload->back = hz_control_argument(request, "back") != NULL;
    copy_text(reload->expect, sizeof(reload->expect), hz_control_argument(request, "expect"));
    copy_text(reload->actor, sizeof(reload->actor), hz_control_actor(request));
    copy_text(reload->via, sizeof(reload->via), "hazardctl");
    copy_text(reload->reason, sizeof(reload->reason), hz_control_argument(request, "reason"));
    post(p, RELOAD_BUILD);
    hz_control_stream(
        request, &(struct hz_control_stream){.next = next_lines, .gone = gone, .state = answer});
}

void pipeline__diff_begin(void *ctx, struct hz_control_request *request)
{
    hz_role_assert(&hz_output);
    begin_request(ctx, request, false);
}

void pipeline__reload_begin(void *ctx, struct hz_control_request *request)
{
    hz_role_assert(&hz_output);
    begin_request(ctx, request, true);
}

void output__reload_by_signal(struct hz_pipeline *p)
{
    struct pipeline_reload *reload = p->output.reload->reload ? NULL : begin(p, true);

    if (!reload)
        return; /* at a later turn */
    atomic_store_explicit(&p->reload_by_signal, false, memory_order_relaxed);
    copy_text(reload->actor, sizeof(reload->actor), "SIGHUP");
    copy_text(reload->via, sizeof(reload->via), "signal");
    post(p, RELOAD_BUILD);
}

/* --- this thread's own set --- */

void output__take_change(struct hz_pipeline *p, uint64_t seq)
{
    struct pipeline_output *out = &p->output;
    uint64_t changes = atomic_load_explicit(&p->changes, memory_order_acquire);

    if (changes == out->changes_taken)
        return;
    struct pipeline_change *change = p->change;
    uint64_t from = atomic_load_explicit(&change->seq, memory_order_acquire);
    if (from == 0 || seq < from)
        return;
    struct hz_set *former = out->set;
    out->set = change->for_output;
    change->for_output = former;
    hz_publisher_use(out->publisher, out->set, &change->login);
    struct hz_command_texts texts = hz_ruleset_texts((const void *)change->record);
    hz_publisher_tell_set(out->publisher, hz_wall_ns(p->options.clock) / HZ_NS_PER_MS, &texts);
    atomic_store_explicit(&p->points_watched, hz_registry_point_total(out->set->registry),
                          memory_order_relaxed);
    out->renew_wanted = true; /* names and texts of everything may be others */
    out->reloaded.set = out->set->digest;
    out->changes_taken = changes;
    atomic_fetch_or_explicit(&change->done, RELOAD_OUTPUT, memory_order_release);
    hz_wake_up(&p->builder_wake);
}

int output__reload_init(struct hz_pipeline *p)
{
    p->output.reload = calloc(1, sizeof(*p->output.reload));
    return p->output.reload ? 0 : -ENOMEM;
}

/* The builder has ended: what it has not answered is its own to free. */
void output__reload_done(struct hz_pipeline *p)
{
    struct output_reload *out = p->output.reload;

    if (out && out->reload && !atomic_load(&p->reload_asked) && !atomic_load(&p->reload_answered))
        atomic_store(&p->reload_answered, out->reload);
    free(out);
}
