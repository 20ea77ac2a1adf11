/* SPDX-License-Identifier: Apache-2.0
 *
 * When engine and alarms log do not agree after the replay (a part of the journal or of the log is
 * missing), records are journalled that bring them together, and the journal is replayed over them as the
 * next start would do it. What must stay true: nothing is removed from the log, no number, stream id or
 * episode is given twice; afterwards whoever follows the log has the engine's active set. A crash at any
 * place leaves a journal that is replayed alike, and an agreement that is looked for again.
 *
 *     go_on | over, for each alarm that only the log has | resync, for all that the engine has
 */
#include "recover_priv.h"

#include <errno.h>
#include <stdlib.h>

/* --- do they agree? --- */

static struct hz_record_over over_of(const struct hz_active *active)
{
    const struct hz_entry *head = &active->head;

    return (struct hz_record_over){.head = {HZ_RECORD_OVER, sizeof(struct hz_record_over), 0},
                                   .alarm = head->alarm,
                                   .raise_ns = active->raise_ms * HZ_NS_PER_MS,
                                   .point = head->point,
                                   .rule = head->rule,
                                   .gateway = head->gateway,
                                   .system = head->system,
                                   .feed = head->feed,
                                   .kind = head->kind,
                                   .side = head->side,
                                   .state = head->state,
                                   .severity = head->severity,
                                   .level = head->level,
                                   .domain = head->domain,
                                   .mode = head->mode,
                                   .active = head->active};
}

/* The same alarms, as they were said last. */
static bool same_alarms(const struct hz_pipeline *p) HZ_ON(hz_rule) HZ_ON(hz_output)
{
    const struct hz_active *active;
    struct hz_engine_counts counts;
    uint32_t cursor = 0;

    hz_engine_counts(p->rule.engine, &counts);
    if (counts.alarms_active != hz_mirror_count(p->output.mirror))
        return false;
    while ((active = hz_mirror_next(p->output.mirror, &cursor))) {
        struct hz_record_over over = over_of(active);
        if (!hz_engine_holds(p->rule.engine, &over))
            return false;
    }
    return true;
}

/* The engine stands at the log's newest entry; or behind it, where the log misses its last ones. */
static bool same_names(const struct replay *replay) HZ_ON(hz_rule)
{
    struct hz_engine_mark mark = hz_engine_mark(replay->p->rule.engine);
    const struct hz_engine_mark *known = &replay->known;
    int later = hz_stream_id_compare(mark.id, known->id);

    if (mark.number == known->number)
        return mark.n_all == known->n_all && later == 0;
    return mark.number > known->number && mark.n_all > known->n_all && later > 0;
}

static bool agree(const struct replay *replay) HZ_ON(hz_rule) HZ_ON(hz_output)
{
    return !replay->astray && same_names(replay) && same_alarms(replay->p);
}

/* --- the records --- */

struct writing {
    struct hz_pipeline *p;
    struct hz_block *block;
    uint64_t seq;
    int64_t jt_ns, wall_ns;
};

static int append_block(struct writing *w) HZ_ON(hz_write)
{
    struct hz_segment_writer *journal = w->p->write.journal;

    w->block->seq = w->seq;
    w->block->jt_ns = w->jt_ns;
    w->block->wall_ns = w->wall_ns;
    int error = hz_segment_append(journal, w->block, w->block->bytes, w->seq);
    if (error == -EAGAIN) {
        error = hz_segment_sync(journal);
        if (error == 0)
            error = hz_segment_append(journal, w->block, w->block->bytes, w->seq);
    }
    w->seq += w->block->count;
    hz_block_init(w->block, HZ_BLOCK_CONTROL, 0);
    return error;
}

static int put(struct writing *w, const struct hz_record *record) HZ_ON(hz_write)
{
    if (hz_block_add_record(w->block, HZ_BLOCK_BYTES_MAX, record))
        return 0;
    int error = append_block(w);
    hz_assert(hz_block_add_record(w->block, HZ_BLOCK_BYTES_MAX, record));
    return error;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Behind all that the log has, or can have had in a torn end, and all that the engine has surely said.
 * Damage of the newest segment looks like a torn end; consumers may have seen what stood there. Its ids
 * are older than the present. */
static struct hz_record_go_on go_on_of(const struct replay *replay)
{
    const struct hz_engine_mark *known = &replay->known, *firm = &replay->firm;

    return (struct hz_record_go_on){
        .head = {HZ_RECORD_GO_ON, sizeof(struct hz_record_go_on), 0},
        .number = larger(known->number, firm->number) + replay->torn,
        .n_all = larger(known->n_all, firm->n_all) + replay->torn,
        .id = hz_stream_id_compare(known->id, firm->id) > 0 ? known->id : firm->id,
        .episodes = (uint32_t)(larger(known->episodes, firm->episodes) + replay->torn),
        .sure = firm->episodes,
        .journal = (uint32_t)replay->p->journal[0]};
}

/* An alarm that the engine has under this name, and surely, is said by it. */
static int put_over(const struct replay *replay, struct writing *w, uint32_t *ret_count)
    HZ_ON(hz_rule) HZ_ON(hz_output) HZ_ON(hz_write)
{
    struct hz_pipeline *p = replay->p;
    const struct hz_active *active;
    uint32_t cursor = 0;
    int error = 0;

    *ret_count = 0;
    while (error == 0 && (active = hz_mirror_next(p->output.mirror, &cursor))) {
        struct hz_record_over over = over_of(active);
        if (hz_engine_holds(p->rule.engine, &over) && (uint32_t)over.alarm <= replay->firm.episodes)
            continue;
        error = put(w, &over.head);
        (*ret_count)++;
    }
    return error;
}

static int put_all(struct replay *replay, struct writing *w) HZ_ON(hz_rule) HZ_ON(hz_output)
    HZ_ON(hz_write)
{
    struct hz_record_go_on go_on = go_on_of(replay);
    struct hz_record_resync resync = {{HZ_RECORD_RESYNC, sizeof(resync), 0}};
    struct hz_engine_counts counts;
    uint32_t over = 0;

    hz_engine_counts(w->p->rule.engine, &counts);
    hz_block_init(w->block, HZ_BLOCK_CONTROL, 0);
    int error = put(w, &go_on.head);
    if (error == 0)
        error = put_over(replay, w, &over);
    if (error == 0)
        error = put(w, &resync.head);
    if (error == 0)
        error = append_block(w);
    if (error == 0)
        error = hz_segment_sync(w->p->write.journal);
    hz_log_warning("alarms log: does not agree with what is left of the journal; entries go on at "
                   "%llu, %llu active alarms are said again, %u of the log are over",
                   (unsigned long long)go_on.number + 1, (unsigned long long)counts.alarms_active,
                   over);
    return error;
}

/* Everything of the journal may be lost; the log's records were before. */
static uint64_t first_seq(const struct replay *replay)
{
    uint64_t end = replay->end.seq == 0 ? replay->known_seq : replay->end.seq;

    return end == 0 ? 1 : end + PIPELINE_SEQ_JUMP;
}

int recover__resync(struct replay *replay)
{
    struct hz_pipeline *p = replay->p;
    struct writing w = {.p = p};

    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    hz_role_take(&hz_write);
    if (agree(replay))
        return 0;
    if (!replay->astray)
        replay->firm = hz_engine_mark(p->rule.engine);
    w.block = malloc(HZ_BLOCK_BYTES_MAX);
    if (!w.block)
        return -ENOMEM;
    uint64_t first = w.seq = first_seq(replay);
    w.jt_ns = hz_engine_jt_ns(p->rule.engine);
    w.wall_ns = hz_wall_ns(p->options.clock);
    int error = put_all(replay, &w);
    free(w.block);
    if (error == 0)
        error = recover__replay_journal(replay, first);
    replay->resynced = true;
    if (error == 0 && !agree(replay))
        hz_log_error(
            "alarms log: does not agree with the engine yet; tried again at the next start");
    return error;
}
