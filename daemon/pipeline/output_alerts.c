/* SPDX-License-Identifier: Apache-2.0
 *
 * An alert's way through the output thread: transitions become entries, go to the alarms log and to the
 * publisher, and out when their cause is safe. What must stay true: entries are offered in the order of
 * their numbers; an alert waits for the disk only while the disk makes progress.
 */
#include "output_priv.h"

#include <stdlib.h>
#include <string.h>

/* Does nothing come of waiting for the disk? At a stop nobody looks after it any more: it gets its time
 * once. */
static bool disk_stalls(struct hz_pipeline *p) HZ_ON(hz_output)
{
    int64_t since = p->output.stop_since_ns;

    return atomic_load_explicit(&p->stalled, memory_order_acquire) ||
           (since != 0 && hz_mono_ns(p->options.clock) - since > p->config->stall_ns);
}

/* Is the alarms log alone stuck? It gets the journal's time, then alerts go out without it. */
static bool log_stalls(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct pipeline_output *out = &p->output;
    int64_t now = hz_mono_ns(p->options.clock);

    if (out->log_full_since_ns == 0)
        out->log_full_since_ns = now;
    return now - out->log_full_since_ns > p->config->stall_ns;
}

/* A copy for the alarms log. While the disk stalls and the ring is full the entry is given up for the
 * log only: counted, and said. */
static bool hand_to_log(struct hz_pipeline *p, const struct hz_entry *entry) HZ_ON(hz_output)
{
    struct hz_entry *copy;
    uint64_t held;

    if (pipeline__room(&p->output.entries, 1, &p->log_blocked) == 0) {
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

    output__take_change(p, transition->seq);
    (void)hz_entry_render(p->output.set, transition, out->entry);
    if (!hand_to_log(p, out->entry))
        return false;
    hz_publisher_offer(out->publisher, out->entry);
    out->offered_seq = transition->seq;
    out->offered_number = transition->number;
    out->unreleased = true;
    pipeline__acks_transition(p, transition);
    return true;
}

bool output__take_transitions(struct hz_pipeline *p)
{
    const struct hz_transition *items;
    uint64_t count, taken;
    bool all = true;

    while (all && (items = hz_spsc_items(&p->output.transitions, &count))) {
        for (taken = 0; taken < count && take_one(p, &items[taken]); taken++)
            ;
        hz_spsc_release(&p->output.transitions, taken);
        if (taken > 0)
            output__held_begin(p);
        all = taken == count;
    }
    pipeline__taken(&p->rule_blocked, pipeline__rule_wake(p));
    if (hz_spsc_room(&p->output.entries) < PIPELINE_ENTRIES_RING / 2)
        pipeline__want(p, PIPELINE_WANT_WRITE);
    return all;
}

void output__release(struct hz_pipeline *p)
{
    struct pipeline_output *out = &p->output;
    bool relaxed = p->config->durability == HZ_RELAXED;

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
    output__held_end(p);
    if (!out->unreleased)
        atomic_store_explicit(&p->released_number, out->offered_number, memory_order_release);
    else
        pipeline__want(p, relaxed ? PIPELINE_WANT_WRITE : PIPELINE_WANT_WRITE | PIPELINE_WANT_SYNC);
}
