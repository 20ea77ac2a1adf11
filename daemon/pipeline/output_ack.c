/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl ack`: the command becomes a record, and is answered when its transition comes back, or when
 * the engine has passed the record without one. What must stay true: an answer says what the journal
 * says; a peer that leaves does not take the command back.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX 64u /* as many as there can be connections */

struct waiting {
    struct hz_pipeline *p;
    bool taken;
    struct hz_control_request *request; /* NULL: the peer has left */
    uint32_t token;                     /* of the command under way; 0 = it is answered */
    uint64_t seq;                       /* of the record; 0 = not journalled yet */
    char alarm[HZ_ALARM_TEXT_BYTES];
    char condition[HZ_CONDITION_BYTES];
};

struct output_acks {
    uint32_t last_token;
    struct waiting waiting[WAITING_MAX];
};

/* A place is free again when its request is over and its command answered, whichever comes last. */
static void release(struct waiting *waiting)
{
    waiting->taken = waiting->request || waiting->token != 0;
}

static void gone(void *state)
{
    struct waiting *waiting = state;

    waiting->request = NULL;
    release(waiting);
}

/* --- which alarm --- */

static const struct hz_active *find_condition(struct hz_pipeline *p, const char *condition)
    HZ_ON(hz_output)
{
    const struct hz_active *active;
    uint32_t cursor = 0;
    char buffer[HZ_CONDITION_BYTES];

    while ((active = hz_mirror_next(p->output.mirror, &cursor))) {
        struct hz_text text = hz_text_in(buffer, sizeof(buffer));
        hz_entry_condition_text(p->output.set, &active->head, &text);
        if (strcmp(buffer, condition) == 0)
            return active;
    }
    return NULL;
}

static const struct hz_active *find_alarm(struct hz_pipeline *p, const char *name) HZ_ON(hz_output)
{
    uint64_t alarm = hz_alarm_parse(name);
    const struct hz_active *active = alarm != 0 ? hz_mirror_find(p->output.mirror, alarm) : NULL;

    return active ? active : find_condition(p, name);
}

/* --- the command --- */

static struct waiting *free_place(struct output_acks *acks)
{
    for (uint32_t i = 0; i < WAITING_MAX; i++)
        if (!acks->waiting[i].taken)
            return &acks->waiting[i];
    return NULL;
}

static bool send_command(struct hz_pipeline *p, const struct waiting *waiting,
                         const struct hz_active *active, const char *reason) HZ_ON(hz_output)
{
    struct pipeline_command command = {.kind = PIPELINE_COMMAND, .token = waiting->token};
    char id[HZ_COMMAND_ID_BYTES_MAX];
    struct hz_record_command head = {.verb = HZ_VERB_ACK,
                                     .point = active->head.point,
                                     .rule = active->head.rule,
                                     .side = active->head.side,
                                     .alarm = active->head.alarm};

    (void)snprintf(id, sizeof(id), "ctl-%llu-%u", (unsigned long long)p->term, waiting->token);
    struct hz_command_texts texts = {.actor = hz_slice(hz_control_actor(waiting->request)),
                                     .via = hz_slice("hazardctl"),
                                     .command_id = hz_slice(id),
                                     .reason = hz_slice(reason ? reason : "")};
    hz_assert(hz_command_build(command.record, sizeof(command.record), &head, &texts) > 0);
    return pipeline__output_command(p, &command);
}

void pipeline__ack_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    const char *name = hz_control_argument(request, "alarm");
    const struct hz_active *active = find_alarm(p, name);
    struct waiting *waiting = free_place(p->output.acks);
    if (!active) {
        hz_control_fail(request, HZ_ENOTFOUND, "there is no alarm %s that waits for anything",
                        name);
        return;
    }
    if (!waiting) {
        hz_control_fail(request, -EAGAIN, "too many commands are under way, try again");
        return;
    }
    struct hz_text condition = hz_text_in(waiting->condition, sizeof(waiting->condition));
    hz_entry_condition_text(p->output.set, &active->head, &condition);
    hz_alarm_text(active->head.alarm, waiting->alarm);
    waiting->p = p;
    waiting->request = request;
    waiting->seq = 0;
    waiting->taken = true;
    waiting->token = ++p->output.acks->last_token;
    if (!send_command(p, waiting, active, hz_control_argument(request, "reason"))) {
        waiting->token = 0;
        waiting->taken = false;
        hz_control_fail(request, -EAGAIN, "too many commands are under way, try again");
        return;
    }
    atomic_store_explicit(&p->output_watches, true, memory_order_relaxed);
    hz_control_stream(request, &(struct hz_control_stream){.gone = gone, .state = waiting});
}

/* --- the answer --- */

static void answer(struct waiting *waiting, const char *state) HZ_ON(hz_output)
{
    char buffer[1024];
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));
    struct hz_control_request *request = waiting->request;

    waiting->token = 0;
    release(waiting);
    if (!request)
        return;
    if (!state) {
        hz_control_fail(request, HZ_ESTATE, "alarm %s is not waiting for an acknowledgement",
                        waiting->alarm);
        return;
    }
    hz_text_puts(&line, "{\"alarm\":");
    hz_text_json(&line, hz_slice(waiting->alarm));
    hz_text_puts(&line, ",\"cond\":");
    hz_text_json(&line, hz_slice(waiting->condition));
    hz_text_puts(&line, ",\"state\":");
    hz_text_json(&line, hz_slice(state));
    hz_text_format(&line, ",\"seq\":%llu}", (unsigned long long)waiting->seq);
    hz_control_line(request, line.at, line.length);
    hz_control_end(request);
}

static uint32_t token_of(const struct hz_pipeline *p, const struct hz_transition *transition)
{
    unsigned long long term;
    unsigned token;
    char id[HZ_COMMAND_ID_BYTES_MAX + 1];

    memcpy(id, transition->command_id, transition->command_id_length);
    id[transition->command_id_length] = '\0';
    return sscanf(id, "ctl-%llu-%u", &term, &token) == 2 && term == p->term ? token : 0;
}

void pipeline__acks_transition(struct hz_pipeline *p, const struct hz_transition *transition)
{
    if (transition->event != HZ_EVENT_ACK)
        return;
    uint32_t token = token_of(p, transition);
    for (uint32_t i = 0; token != 0 && i < WAITING_MAX; i++) {
        struct waiting *waiting = &p->output.acks->waiting[i];
        if (waiting->token != token)
            continue;
        waiting->seq = transition->seq;
        answer(waiting, hz_state_word(transition->state));
    }
}

void pipeline__acks_outcome(struct hz_pipeline *p, const struct pipeline_outcome *outcome)
{
    for (uint32_t i = 0; i < WAITING_MAX; i++) {
        struct waiting *waiting = &p->output.acks->waiting[i];
        if (!waiting->taken || waiting->token != outcome->token)
            continue;
        waiting->seq = outcome->seq;
    }
}

/* The engine has passed these records: what has no transition by now changed nothing. */
void pipeline__acks_applied(struct hz_pipeline *p, uint64_t applied_seq)
{
    bool any = false;

    for (uint32_t i = 0; i < WAITING_MAX; i++) {
        struct waiting *waiting = &p->output.acks->waiting[i];
        if (waiting->token != 0 && waiting->seq != 0 && waiting->seq <= applied_seq)
            answer(waiting, NULL);
        any |= waiting->token != 0;
    }
    atomic_store_explicit(&p->output_watches, any, memory_order_relaxed);
}

int pipeline__acks_new(struct hz_pipeline *p)
{
    hz_role_assert(&hz_output);
    p->output.acks = calloc(1, sizeof(*p->output.acks));
    return p->output.acks ? 0 : -ENOMEM;
}

void pipeline__acks_free(struct hz_pipeline *p)
{
    hz_role_assert(&hz_output);
    free(p->output.acks);
}
