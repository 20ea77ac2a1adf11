/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's thread, or the engine's turn on the ingest thread (`rule_threads: 0`): the same steps.
 * What must stay true: blocks are applied in the ring's order, each to its end before the next; when
 * there is no room for transitions it stops inside a block and goes on there; questions are answered
 * between blocks.
 */
#include "pipeline_priv.h"
#include "reload_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH 64u /* transitions of one call: 55 KiB, in the cache */

/* Copies out what apply has made. Copies, since places in the ring end at the storage's end. */
static void hand_on(struct hz_pipeline *p, size_t count) HZ_ON(hz_rule)
{
    for (size_t i = 0; i < count; i++)
        hz_assert(hz_spsc_push(&p->rule.transitions, &p->rule.scratch[i])); /* room was asked for */
    if (count == 0)
        return;
    p->rule.newest_number = p->rule.scratch[count - 1].number;
    p->rule.newest_seq = p->rule.scratch[count - 1].seq;
    if (p->rule.untold_seq == 0)
        p->rule.untold_seq = p->rule.scratch[0].seq;
}

/* What the new alerts wait for begins now, and whoever brings it wakes output; but a write takes no
 * longer than a wake-up, so that both are begun at once. */
static void tell_transitions(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    struct pipeline_rule *rule = &p->rule;
    bool relaxed = p->config->durability == HZ_RELAXED;

    atomic_store_explicit(&p->handed_number, rule->newest_number, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* handed first, then the look: write and sync do it
                                                  the other way */
    uint64_t safe =
        atomic_load_explicit(relaxed ? &p->written_seq : &p->durable_seq, memory_order_relaxed);
    if (safe < rule->newest_seq)
        pipeline__want(p, relaxed ? PIPELINE_WANT_WRITE : PIPELINE_WANT_WRITE | PIPELINE_WANT_SYNC);
    if (relaxed || safe >= rule->untold_seq ||
        atomic_load_explicit(&p->stalled, memory_order_relaxed) ||
        hz_spsc_room(&rule->transitions) < p->config->transitions_ring / 2)
        hz_wake_up(&p->output_wake);
    rule->untold_seq = 0;
}

/* As far as there is room; true: to its end. */
static bool apply_some(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    struct pipeline_rule *rule = &p->rule;
    uint64_t room;

    while ((room = pipeline__room(&rule->transitions, HZ_ENGINE_ROOM_MIN, &p->rule_blocked)) >=
           HZ_ENGINE_ROOM_MIN) {
        size_t count = 0;
        bool done = hz_engine_apply(rule->engine, rule->view.block, rule->scratch,
                                    room < SCRATCH ? room : SCRATCH, &count);
        hand_on(p, count);
        if (done)
            return true;
        if (rule->untold_seq != 0)
            tell_transitions(p); /* a block in turns takes long while a changed set is worked off */
    }
    return false;
}

/* --- another set --- */

/* The block in hand names a set that the builder has made: it is handed in before. */
static void offer_change(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    struct pipeline_rule *rule = &p->rule;
    uint64_t changes = atomic_load_explicit(&p->changes, memory_order_acquire);
    struct hz_digest digest;

    if (changes == rule->changes_taken || hz_block_rulesets(rule->view.block, &digest, 1) == 0)
        return;
    rule->changing = p->change;
    rule->changes_taken = changes;
    hz_engine_offer(rule->engine, rule->changing->ruleset);
}

/* The former set is the builder's again, who frees it. */
static void hand_back(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    struct pipeline_change *change = p->rule.changing;
    struct hz_ruleset *former = change ? hz_engine_take_retired(p->rule.engine) : NULL;

    if (!former)
        return;
    change->former = former;
    p->rule.changing = NULL;
    atomic_fetch_or_explicit(&change->done, RELOAD_RULE, memory_order_release);
    hz_wake_up(&p->builder_wake);
    hz_wake_up(&p->output_wake); /* it may have nothing else to wake up for */
}

/* The block in hand, to its end or until the room is used up. */
static void apply_block(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    struct pipeline_rule *rule = &p->rule;
    int64_t begun = hz_mono_ns(p->options.clock);
    bool done = apply_some(p);

    hz_histogram_record(&p->stages.engine, hz_mono_ns(p->options.clock) - begun);
    if (done) {
        hz_block_ring_engine_done(p->ring, rule->view.end);
        rule->in_block = false;
    }
    if (rule->untold_seq != 0)
        tell_transitions(p);
    hand_back(p);
}

#define PREVIEW_LEAST 64u /* changes of one point: more would not be told */

static void preview(struct hz_pipeline *p, struct pipeline_question *question) HZ_ON(hz_rule)
{
    uint32_t at = 0;

    for (; at < question->span && question->room - question->count >= PREVIEW_LEAST; at++) {
        uint32_t room = question->room - question->count;
        size_t count = hz_engine_preview(p->rule.engine, question->next, question->points[at],
                                         &question->previews[question->count], room);
        question->count += count < room ? (uint32_t)count : room;
    }
    question->span = at;
}

static void answer(struct hz_pipeline *p, struct pipeline_question *question) HZ_ON(hz_rule)
{
    struct hz_engine *engine = p->rule.engine;

    question->count = 0;
    question->seq = hz_engine_seq(engine);
    question->newest_number = p->rule.newest_number;
    switch (question->kind) {
    case PIPELINE_NEWS:
        question->count = (uint32_t)hz_engine_take_news(engine, question->news, question->room);
        break;
    case PIPELINE_RENEW:
        hz_engine_renew(engine);
        break;
    case PIPELINE_POINTS:
        for (uint32_t i = 0; i < question->span && question->count < question->room; i++)
            question->count +=
                hz_engine_point(engine, question->first + i, &question->news[question->count]);
        break;
    case PIPELINE_COVERAGE:
        for (uint32_t i = 0; i < question->span && question->count < question->room; i++) {
            struct hz_news *news = &question->news[question->count++];
            *news = (struct hz_news){.what = (uint8_t)question->scope, .id = question->first + i};
            news->coverage = hz_engine_coverage(engine, question->scope, news->id);
        }
        break;
    case PIPELINE_PREVIEW:
        preview(p, question);
        break;
    case PIPELINE_COUNTS:
        hz_engine_counts(engine, &question->counts);
        question->whole = hz_engine_coverage(engine, HZ_NEWS_WHOLE, 0);
        break;
    case PIPELINE_SAVE:
        question->save_error = hz_engine_save(engine, question->save, question->ctx);
        break;
    }
}

static bool answer_questions(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    struct pipeline_question *question;
    bool any = false;

    while (hz_spsc_room(&p->rule.answers) > 0 && hz_spsc_pop(&p->rule.questions, &question)) {
        answer(p, question);
        hz_assert(hz_spsc_push(&p->rule.answers, &question));
        any = true;
    }
    return any;
}

/* Ingest sleeps until the due time that it knows: an earlier one wakes it. */
static void tell_due(struct hz_pipeline *p) HZ_ON(hz_rule)
{
    int64_t due = hz_engine_next_due_ns(p->rule.engine);

    atomic_store_explicit(&p->next_due_ns, due, memory_order_release);
    atomic_store_explicit(&p->applied_seq, hz_engine_seq(p->rule.engine), memory_order_release);
    if (!p->own_rule_thread)
        return;
    atomic_thread_fence(memory_order_seq_cst); /* applied first, then who waits */
    if (due != p->rule.due_told || atomic_load_explicit(&p->ingest_waits, memory_order_relaxed))
        hz_wake_up(&p->ingest_wake);
    p->rule.due_told = due;
}

void pipeline__rule_step(struct hz_pipeline *p)
{
    struct pipeline_rule *rule = &p->rule;
    bool applied = rule->in_block;

    if (rule->in_block)
        apply_block(p);
    while (!rule->in_block && hz_block_ring_engine_next(p->ring, &rule->view)) {
        rule->in_block = applied = true;
        offer_change(p);
        apply_block(p);
    }
    if (applied)
        tell_due(p);
    bool answered = !rule->in_block && answer_questions(p);
    if (answered || atomic_load_explicit(&p->output_watches, memory_order_relaxed))
        hz_wake_up(&p->output_wake);
    atomic_fetch_add_explicit(&p->beats[1], 1, memory_order_relaxed);
}

bool pipeline__rule_has_work(struct hz_pipeline *p)
{
    struct pipeline_rule *rule = &p->rule;
    uint64_t questions;

    if (rule->in_block)
        return hz_spsc_room(&rule->transitions) >= HZ_ENGINE_ROOM_MIN;
    if (hz_block_ring_engine_waits(p->ring))
        return true;
    (void)hz_spsc_items(&rule->questions, &questions);
    return questions > 0 && hz_spsc_room(&rule->answers) > 0;
}

void *pipeline__rule_run(void *pipeline)
{
    struct hz_pipeline *p = pipeline;

    hz_role_take(&hz_rule);
    for (;;) {
        bool last = pipeline__stage_reached(p, PIPELINE_STOP_RULE);
        pipeline__rule_step(p);
        if (last && !p->rule.in_block)
            return NULL; /* ingest has ended before: nothing comes any more */
        hz_wake_arm(&p->rule_wake);
        if (pipeline__rule_has_work(p) ||
            (pipeline__stage_reached(p, PIPELINE_STOP_RULE) && !p->rule.in_block))
            hz_wake_disarm(&p->rule_wake);
        else
            hz_wake_sleep(&p->rule_wake, HZ_NS_PER_S);
    }
}

int pipeline__rule_init(struct hz_pipeline *p)
{
    hz_role_take(&hz_rule);
    p->rule.scratch = malloc(SCRATCH * sizeof(*p->rule.scratch));
    p->rule.due_told = HZ_NEVER;
    return p->rule.scratch ? 0 : -ENOMEM;
}

void pipeline__rule_done(struct hz_pipeline *p)
{
    hz_role_take(&hz_rule);
    free(p->rule.scratch);
    hz_engine_free(p->rule.engine);
}
