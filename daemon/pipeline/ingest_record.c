/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks and control records, their seqs and their time. What must stay true: jt never goes back and
 * stands still while nobody watched; a control record is never lost: one that finds no room waits,
 * and nothing that came after it overtakes it.
 */
#include "ingest_priv.h"
#include "reload_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP_AFTER_NS  (2 * HZ_NS_PER_S) /* design.md section 5: a loop not run for more than 2 s */
#define STEP_ABOVE_NS HZ_NS_PER_S       /* section 2: a wall step above 1 s */
#define WAITING_MAX   256u

/* Records that wait for room: only while the whole ring is full, control share included. */
struct ingest_waiting {
    uint32_t first, count;
    alignas(8) char records[WAITING_MAX][HZ_RECORD_BYTES_MAX];
};

static struct hz_block *reserve(struct hz_pipeline *p, uint32_t bytes, bool control)
    HZ_ON(hz_ingest)
{
    void *place = hz_block_ring_reserve(p->ring, bytes, control);

    while (!place && p->ingest.stalled && hz_block_ring_give_up(p->ring))
        place = hz_block_ring_reserve(p->ring, bytes, control);
    return place;
}

struct hz_block *pipeline__ingest_block(struct hz_pipeline *p, uint16_t feed)
{
    struct hz_block *block = NULL;

    if (p->ingest.waiting->count == 0)
        block = reserve(p, HZ_BLOCK_BYTES_MAX, false);
    if (!block && p->ingest.waiting->count == 0)
        block = reserve(p, HZ_BLOCK_BYTES_MAX,
                        true); /* the middle of a read: better the reserve than a loss */
    if (!block)
        return NULL;
    hz_block_init(block, HZ_BLOCK_READINGS, feed);
    return block;
}

void pipeline__ingest_commit(struct hz_pipeline *p, struct hz_block *block)
{
    block->seq = p->ingest.next_seq;
    block->jt_ns = p->ingest.last_jt_ns;
    block->wall_ns = p->ingest.last_wall_ns;
    block->arrival = p->ingest.arrival;
    p->ingest.next_seq += block->count;
    hz_block_ring_commit(p->ring, block->bytes);
}

/* The record as a block of its own; its seq, 0 when there is no room. */
static uint64_t journal_now(struct hz_pipeline *p, const struct hz_record *record) HZ_ON(hz_ingest)
{
    uint32_t most = (uint32_t)sizeof(struct hz_block) + HZ_RECORD_BYTES_MAX;
    struct hz_block *block = reserve(p, most, true);

    if (!block)
        return 0;
    hz_block_init(block, HZ_BLOCK_CONTROL, 0);
    hz_assert(hz_block_add_record(block, most, record));
    uint64_t seq = p->ingest.next_seq;
    pipeline__ingest_commit(p, block);
    ingest__let_engine(p);
    return seq;
}

uint64_t ingest__record_now(struct hz_pipeline *p, const struct hz_record *record)
{
    return p->ingest.waiting->count == 0 ? journal_now(p, record) : 0;
}

uint64_t pipeline__ingest_record(struct hz_pipeline *p, const struct hz_record *record)
{
    struct ingest_waiting *waiting = p->ingest.waiting;
    uint64_t seq = ingest__record_now(p, record);

    if (seq != 0)
        return seq;
    if (waiting->count == WAITING_MAX) {
        hz_log_error("a control record is lost: nothing moves between ingest and engine");
        return 0;
    }
    memcpy(waiting->records[(waiting->first + waiting->count++) % WAITING_MAX], record,
           record->bytes);
    return 0;
}

void ingest__flush_records(struct hz_pipeline *p)
{
    struct ingest_waiting *waiting = p->ingest.waiting;

    while (waiting->count > 0 &&
           journal_now(p, (const void *)waiting->records[waiting->first % WAITING_MAX]) != 0) {
        waiting->first++;
        waiting->count--;
    }
}

void pipeline__ingest_observe(struct hz_pipeline *p, enum hz_observed what, uint32_t subject,
                              int64_t value)
{
    struct hz_record_observe observe = {.head = {HZ_RECORD_OBSERVE, sizeof(observe), 0},
                                        .what = what,
                                        .subject = subject,
                                        .value = value};

    (void)pipeline__ingest_record(p, &observe.head);
}

void pipeline__ingest_mention(struct hz_pipeline *p, enum hz_observed what, uint32_t subject,
                              int64_t value)
{
    pipeline__ingest_observe(p, what, subject, value);
    pipeline__ingest_observe(p, what, subject, 0);
}

/* --- time --- */

static void journal_gap(struct hz_pipeline *p, enum hz_gap_reason reason, int64_t from_wall_ns)
    HZ_ON(hz_ingest)
{
    struct hz_record_gap gap = {.head = {HZ_RECORD_GAP, sizeof(gap), 0},
                                .reason = reason,
                                .from_wall_ns = from_wall_ns,
                                .to_wall_ns = p->ingest.last_wall_ns};

    (void)pipeline__ingest_record(p, &gap.head);
}

int64_t pipeline__ingest_now(struct hz_pipeline *p)
{
    struct pipeline_ingest *in = &p->ingest;
    int64_t mono = hz_mono_ns(p->options.clock), boot = hz_boot_ns(p->options.clock);
    int64_t wall = hz_wall_ns(p->options.clock), wall_before = in->last_wall_ns;
    int64_t ran = mono - in->last_mono_ns, passed = boot - in->last_boot_ns;
    int64_t step = wall - wall_before - passed;
    bool suspended = passed - ran > GAP_AFTER_NS, late = ran > GAP_AFTER_NS;

    if (late)
        in->jt_offset_ns += ran; /* nobody watched: jt stands still */
    in->last_mono_ns = mono;
    in->last_boot_ns = boot;
    in->last_wall_ns = wall;
    in->last_jt_ns = mono - in->jt_offset_ns;
    atomic_store_explicit(&p->jt_offset_ns, in->jt_offset_ns, memory_order_relaxed);
    if (suspended || late) {
        hz_log_warning("not watched for %lld ms: the %s", (long long)(passed / HZ_NS_PER_MS),
                       suspended ? "machine was suspended" : "daemon did not get to run");
        journal_gap(p, suspended ? HZ_GAP_SUSPENDED : HZ_GAP_LOOP_LATE, wall_before);
    }
    if (step > STEP_ABOVE_NS || step < -STEP_ABOVE_NS) {
        hz_log_warning("the system's clock stepped by %lld ms", (long long)(step / HZ_NS_PER_MS));
        pipeline__ingest_mention(p, HZ_OBSERVED_CLOCK_STEP, 0, step);
    }
    return in->last_jt_ns;
}

/* --- another set --- */

void ingest__take_change(struct hz_pipeline *p)
{
    struct pipeline_ingest *in = &p->ingest;
    uint64_t changes = atomic_load_explicit(&p->changes, memory_order_acquire);

    if (changes == in->changes_taken)
        return;
    struct pipeline_change *change = p->change;
    struct hz_set *former = in->set;
    uint64_t *present = in->present;
    uint32_t present_end = in->present_end;
    atomic_store_explicit(&change->seq, in->next_seq, memory_order_release); /* before it is read */
    if (ingest__record_now(p, (const void *)change->record) == 0) {
        atomic_store_explicit(&change->seq, 0, memory_order_relaxed);
        return;
    }
    in->set = change->for_ingest;
    in->present = change->present;
    in->present_end = change->present_end;
    change->for_ingest = former;
    change->present = present;
    change->present_end = present_end;
    in->changes_taken = changes;
    ingest__take_feeds(p, &change->feeds);
    atomic_fetch_or_explicit(&change->done, RELOAD_INGEST, memory_order_release);
    hz_wake_up(&p->builder_wake);
    if (atomic_exchange_explicit(&p->faulty, false, memory_order_relaxed))
        pipeline__ingest_observe(p, HZ_OBSERVED_CONFIG_FAULTY, 0, 0);
}

/* --- the run's first and last records --- */

static void journal_feed_lost(struct hz_pipeline *p, uint32_t feed) HZ_ON(hz_ingest)
{
    struct hz_record_feed lost = {
        .head = {HZ_RECORD_FEED, sizeof(lost), 0}, .feed = feed, .state = HZ_FEED_LOST};

    (void)pipeline__ingest_record(p, &lost.head);
}

static bool is_feed(const struct hz_set *set, uint32_t feed)
{
    for (uint32_t i = 0; i < set->config->feed_count; i++)
        if (set->feed_ids[i] == feed)
            return true;
    return false;
}

/* One that was lost when it was taken out of the files: nobody will bring it back. */
static void journal_feed_gone(struct hz_pipeline *p, uint32_t feed) HZ_ON(hz_ingest)
{
    struct hz_record_gap gap = {.head = {HZ_RECORD_GAP, sizeof(gap), 0},
                                .feed = feed,
                                .reason = HZ_GAP_FEED,
                                .from_wall_ns = p->ingest.last_wall_ns,
                                .to_wall_ns = p->ingest.last_wall_ns};

    (void)pipeline__ingest_record(p, &gap.head);
}

/* In this order: who begins, by what rules from here on, what was not watched, and what is wrong. The rules
 * come before anything that can be an alarm: output begins with that set. */
void pipeline__begin_run(struct hz_pipeline *p)
{
    struct pipeline_ingest *in = &p->ingest;
    int64_t last_wall_ns = in->last_wall_ns; /* of the journal's last block; 0 = there is none */
    struct hz_record_start start = {.head = {HZ_RECORD_START, sizeof(start), 0},
                                    .term = p->term,
                                    .journal = {p->journal[0], p->journal[1]},
                                    .semantics = HZ_SEMANTICS_VERSION,
                                    .clean = p->clean};
    struct hz_record_ruleset ruleset = {.head = {HZ_RECORD_RULESET, sizeof(ruleset), 0},
                                        .set = in->set->digest};

    in->last_mono_ns = hz_mono_ns(p->options.clock);
    in->last_boot_ns = hz_boot_ns(p->options.clock);
    in->last_wall_ns = hz_wall_ns(p->options.clock);
    in->jt_offset_ns = in->last_mono_ns - in->last_jt_ns;
    atomic_store_explicit(&p->jt_offset_ns, in->jt_offset_ns, memory_order_relaxed);
    in->progress_at_ns = in->last_mono_ns;
    (void)pipeline__ingest_record(p, &start.head);
    (void)pipeline__ingest_record(p, &ruleset.head);
    if (last_wall_ns != 0)
        journal_gap(p, HZ_GAP_DOWN, last_wall_ns);
    for (uint32_t i = 0; i < in->set->config->feed_count; i++)
        journal_feed_lost(p, in->set->feed_ids[i]);
    for (uint32_t feed = 1; feed <= hz_names_count(p->names, HZ_NAMED_FEED); feed++) {
        if (!is_feed(in->set, feed))
            journal_feed_gone(p, feed);
        pipeline__ingest_observe(p, HZ_OBSERVED_UNREAD, feed, 0);
    }
    pipeline__ingest_observe(p, HZ_OBSERVED_DISK_STALLED, 0,
                             0); /* what a run that died left open */
    pipeline__ingest_observe(p, HZ_OBSERVED_RING_FULL, 0, 0);
    pipeline__ingest_observe(p, HZ_OBSERVED_CONFIG_FAULTY, 0, p->faulty);
    if (p->torn_bytes > 0)
        pipeline__ingest_mention(p, HZ_OBSERVED_JOURNAL_TORN, 0, (int64_t)p->torn_bytes);
    if (p->damaged)
        pipeline__ingest_mention(p, HZ_OBSERVED_JOURNAL_HOLE, 0, 1);
}

void ingest__end_run(struct hz_pipeline *p)
{
    struct hz_record_stop stop = {.head = {HZ_RECORD_STOP, sizeof(stop), 0}};

    (void)pipeline__ingest_now(p);
    ingest__flush_records(p);
    (void)pipeline__ingest_record(p, &stop.head);
}

int ingest__records_init(struct hz_pipeline *p)
{
    p->ingest.waiting = calloc(1, sizeof(*p->ingest.waiting));
    return p->ingest.waiting ? 0 : -ENOMEM;
}

void ingest__records_done(struct hz_pipeline *p)
{
    free(p->ingest.waiting);
}
