/* SPDX-License-Identifier: Apache-2.0
 *
 * The start: from the state directory to the engine at the journal's end. Snapshot + journal tail give
 * the state; every transition of the tail that the alarms log does not have is appended to it. What must
 * stay true: afterwards the log's active set is the engine's, and its newest entry the engine's newest
 * transition, be the files whole or damaged.
 *
 *     snapshot ----------------------------- journal's end
 *         mirror ...... alarms log's end
 *                               |<- append ->|<- resync, where that was not enough ->|
 */
#include "recover_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH              64u
#define SNAPSHOT_AFTER       (UINT64_C(2) << 20) /* records replayed: the next start shall be shorter */
#define DEFINE_SEGMENT_BYTES (UINT64_C(8) << 20)

int pipeline__path(const struct hz_pipeline *p, const char *name, char *to, size_t size)
{
    int length = snprintf(to, size, "%s/%s", p->options.state_directory, name);

    return length > 0 && (size_t)length < size ? 0 : HZ_ELIMIT;
}

int pipeline__open_reader(const struct hz_pipeline *p, enum hz_segment_class class_, uint64_t from,
                          struct hz_segment_reader **ret_reader)
{
    static const char *const folders[] = {[HZ_SEGMENT_JOURNAL] = "journal",
                                          [HZ_SEGMENT_DEFINE] = "define",
                                          [HZ_SEGMENT_ALARMS] = "alarms"};
    char path[1024];
    int error = pipeline__path(p, folders[class_], path, sizeof(path));

    return error < 0 ? error
                     : hz_segment_reader_new(p->options.disk, path, class_, from, ret_reader);
}

int recover__open_writer(struct hz_pipeline *p, const char *name, enum hz_segment_class class_,
                         uint64_t bytes, struct hz_segment_writer **ret_writer)
{
    char path[1024];
    int error = pipeline__path(p, name, path, sizeof(path));

    if (error == 0)
        error = hz_segment_writer_new(p->options.disk, path, class_, p->journal, bytes, ret_writer);
    if (error < 0)
        hz_log_error("%s/%s: %s", p->options.state_directory, name, hz_strerror(error));
    return error;
}

/* --- the journal's tail --- */

/* Hands in the sets that the block names. The present one is kept for the run, if it is not needed here. */
static int offer_sets(struct replay *replay, const struct hz_block *block) HZ_ON(hz_rule)
{
    struct hz_pipeline *p = replay->p;
    struct hz_digest digests[8];
    struct hz_ruleset *ruleset;
    size_t count = hz_block_rulesets(block, digests, 8);

    for (size_t i = 0; i < count; i++) {
        int error = pipeline__take_ruleset(p, &digests[i], &ruleset);
        if (error < 0)
            return error;
        if (ruleset)
            hz_engine_offer(p->rule.engine, ruleset);
    }
    return 0;
}

void pipeline__free_retired(struct hz_pipeline *p)
{
    struct hz_ruleset *retired;

    while ((retired = hz_engine_take_retired(p->rule.engine)))
        hz_ruleset_free(retired);
}

static bool is_resync(const struct hz_record *record)
{
    return record->kind >= HZ_RECORD_GO_ON && record->kind <= HZ_RECORD_RESYNC;
}

static void note_controls(struct replay *replay, const struct hz_block *block)
{
    const struct hz_record *record = hz_block_first_record(block);

    for (uint32_t i = 0; i < block->count; i++, record = hz_record_next(record)) {
        if (!is_resync(record))
            replay->end.clean = record->kind == HZ_RECORD_STOP;
        if (record->kind == HZ_RECORD_START)
            replay->end.term = ((const struct hz_record_start *)(const void *)record)->term;
        if (record->kind == HZ_RECORD_GO_ON)
            replay->astray = false;
    }
}

/* A resync is written while nobody watches. */
static bool was_watched(const struct hz_block *block)
{
    return block->kind != HZ_BLOCK_CONTROL || !is_resync(hz_block_first_record(block));
}

void recover__go_astray(struct replay *replay, const struct hz_engine_mark *firm)
{
    if (!replay->astray)
        replay->firm = *firm;
    replay->astray = true;
}

/* What the engine has said so far is what was said then; what it says from here on may not be. */
static void miss(struct replay *replay)
{
    hz_role_take(&hz_rule);
    struct hz_engine_mark mark = hz_engine_mark(replay->p->rule.engine);

    replay->p->damaged = true;
    recover__go_astray(replay, &mark);
}

/* A set that has gone from the archive, or that this release does not take, is damage like any other: what
 * was journalled under it is passed over. */
static int look_for_sets(struct replay *replay, const struct hz_block *block) HZ_ON(hz_rule)
{
    struct hz_digest digest;
    int error = offer_sets(replay, block);

    if (error == -ENOMEM)
        return error;
    if (error < 0) {
        hz_log_error("journal: the set at record %llu can't be had: what follows under it is not "
                     "taken into account",
                     (unsigned long long)block->seq);
        miss(replay);
        replay->blind = true;
    } else if (hz_block_rulesets(block, &digest, 1) > 0 ||
               is_resync(hz_block_first_record(block))) { /* made by what was left, as it is now */
        replay->blind = false;
    }
    return 0;
}

static int apply_block(struct replay *replay, const struct hz_block *block)
{
    struct hz_pipeline *p = replay->p;
    bool done = false;
    int error = 0;

    hz_role_take(&hz_rule);
    if (block->kind == HZ_BLOCK_CONTROL) {
        error = look_for_sets(replay, block);
        note_controls(replay, block);
    } else {
        replay->end.clean = false;
    }
    while (error == 0 && !done && !replay->blind) {
        size_t count;
        done = hz_engine_apply(p->rule.engine, block, replay->scratch, SCRATCH, &count);
        for (size_t i = 0; error == 0 && i < count; i++)
            error = recover__take_transition(replay, &replay->scratch[i]);
    }
    pipeline__free_retired(p);
    replay->end.seq = block->seq + block->count - 1;
    if (was_watched(block))
        replay->end.wall_ns = block->wall_ns;
    replay->records += block->count;
    return error;
}

/* A run, or what a start puts before it. */
static bool begins(const struct hz_block *block)
{
    uint16_t kind =
        block->kind == HZ_BLOCK_CONTROL ? hz_block_first_record(block)->kind : (uint16_t)0;

    return kind == HZ_RECORD_START || kind == HZ_RECORD_GO_ON;
}

bool recover__follows(const struct hz_block *block, uint64_t seq)
{
    return seq == 0 || block->seq == seq + (begins(block) ? PIPELINE_SEQ_JUMP : 1);
}

/* Damage in the journal is no reason not to watch: what can be read gives the state, and it is said.
 * What comes behind is read in any case: its seqs are used. */
static int next_block(struct replay *replay, struct hz_segment_reader *reader,
                      const struct hz_block **ret_block)
{
    struct hz_segment_place place;
    const void *frame;
    uint64_t offset;
    uint32_t bytes;
    int error;

    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) == HZ_ECORRUPT) {
        const char *path = hz_segment_where(reader, &offset);
        hz_log_error("journal: %s is damaged at %llu: the state is that of the other records", path,
                     (unsigned long long)offset);
        miss(replay);
        error = hz_segment_skip(reader);
        if (error < 0)
            return error;
    }
    *ret_block = error == 0 ? frame : NULL;
    return error;
}

/* Records given up while a disk stalled, and the run ended before the snapshot that makes up for it; or
 * a segment that is gone. */
static void look_for_hole(struct replay *replay, const struct hz_block *block)
{
    uint64_t end = replay->end.seq;

    if (recover__follows(block, end))
        return;
    hz_log_error(
        "journal: records are missing between %llu and %llu: the state is that of the others",
        (unsigned long long)end, (unsigned long long)block->seq);
    miss(replay);
}

int recover__replay_journal(struct replay *replay, uint64_t from)
{
    struct hz_pipeline *p = replay->p;
    struct hz_segment_reader *reader;
    const struct hz_block *block;

    int error = pipeline__open_reader(p, HZ_SEGMENT_JOURNAL, from, &reader);
    if (error < 0)
        return error;
    uint64_t known = replay->end.seq;
    while ((error = next_block(replay, reader, &block)) == 0) {
        if (block->seq <= known)
            continue; /* in the snapshot */
        look_for_hole(replay, block);
        error = apply_block(replay, block);
        if (error < 0)
            break;
    }
    p->torn_bytes += hz_segment_torn_bytes(reader);
    hz_segment_reader_free(reader);
    return error == HZ_EOF ? 0 : error;
}

/* --- the whole --- */

static int recover_state(struct replay *replay, struct hz_diagnostics *diagnostics)
{
    struct hz_pipeline *p = replay->p;

    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    hz_role_take(&hz_write);
    int error = pipeline__restore_names(p);
    if (error == 0)
        error = recover__open_writer(p, "define", HZ_SEGMENT_DEFINE, DEFINE_SEGMENT_BYTES,
                                     &p->write.definitions);
    if (error == 0)
        error = pipeline__choose_set(p, diagnostics, &p->present);
    if (error < 0)
        return error;
    struct hz_set *set = hz_ruleset_set(p->present);
    p->config = hz_config_ref(set->config);
    p->ingest.set = hz_set_ref(set);
    p->output.set = hz_set_ref(set);
    atomic_store(&p->points_watched, hz_registry_point_total(set->registry));
    error = pipeline__save_names(p);
    if (error == 0)
        error = hz_engine_new(&p->rule.engine);
    if (error == 0)
        error = recover__load_snapshot(replay);
    if (error == 0)
        error = recover__catch_up_log(replay);
    if (error == 0)
        error = recover__replay_journal(replay, replay->end.seq + 1);
    if (error == 0)
        error = recover__log_writer(p);
    if (error == 0)
        error = recover__open_writer(p, "journal", HZ_SEGMENT_JOURNAL, p->config->segment_bytes,
                                     &p->write.journal);
    return error == 0 ? recover__resync(replay) : error;
}

/* Every start adds PIPELINE_SEQ_JUMP to the seq: where the starts themselves are lost, seqs tell that
 * there were so many. A term that Redis knows is not given again. */
static uint64_t next_term(const struct replay *replay)
{
    uint64_t seq = replay->end.seq > replay->known_seq ? replay->end.seq : replay->known_seq;
    uint64_t starts = seq / PIPELINE_SEQ_JUMP;

    return (replay->end.term > starts ? replay->end.term : starts) + 1;
}

/* Entries that the engine has made and the log has lost: nothing of them is to be said again (else there
 * was a resync), and their names stay theirs. */
static void pass_lost_entries(struct hz_pipeline *p) HZ_ON(hz_rule) HZ_ON(hz_output)
{
    struct hz_engine_mark mark = hz_engine_mark(p->rule.engine);

    if (p->log_newest >= mark.number)
        return;
    p->log_newest = mark.number;
    hz_mirror_go_on(p->output.mirror, (struct hz_mirror_mark){mark.number, mark.n_all, mark.id});
}

/* The run's first records name the set that it begins with. The replay may have had it in force and
 * replaced it since: then it is compiled once more. */
static int offer_first(struct hz_pipeline *p) HZ_ON(hz_ingest) HZ_ON(hz_rule) HZ_ON(hz_output)
{
    struct hz_ruleset *first;
    int error = pipeline__take_ruleset(p, &p->ingest.set->digest, &first);

    if (error < 0 || !first)
        return error;
    hz_set_unref(p->ingest.set);
    hz_set_unref(p->output.set);
    p->ingest.set = hz_set_ref(hz_ruleset_set(first));
    p->output.set = hz_set_ref(hz_ruleset_set(first));
    hz_engine_offer(p->rule.engine, first);
    return 0;
}

/* Where the run goes on. */
static int go_on_from(struct hz_pipeline *p, const struct replay *replay)
{
    hz_role_take(&hz_ingest);
    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    hz_role_take(&hz_write);
    pass_lost_entries(p);
    p->rule.newest_number = p->log_newest;
    p->term = next_term(replay);
    p->clean = replay->end.clean;
    p->ingest.next_seq = replay->end.seq == 0 ? 1 : replay->end.seq + PIPELINE_SEQ_JUMP;
    p->ingest.last_wall_ns = replay->end.wall_ns;
    p->ingest.last_jt_ns = hz_engine_jt_ns(p->rule.engine);
    atomic_store(&p->durable_seq, p->ingest.next_seq - 1);
    atomic_store(&p->written_seq, p->ingest.next_seq - 1);
    atomic_store(&p->applied_seq, p->ingest.next_seq - 1);
    atomic_store(&p->next_due_ns, hz_engine_next_due_ns(p->rule.engine));
    atomic_store(&p->log_synced, p->log_newest);
    atomic_store(&p->log_appended, p->log_newest);
    atomic_store(&p->handed_number, p->log_newest);
    atomic_store(&p->released_number, p->log_newest);
    p->write.next_seq = p->ingest.next_seq;
    int error = offer_first(p);
    if (error == 0)
        error = hz_segment_sync(p->write.alarms); /* what was missing there */
    if (error == 0 && (replay->records >= SNAPSHOT_AFTER || p->damaged || replay->resynced))
        pipeline__snapshot(p, &replay->end);
    return error;
}

int pipeline__recover(struct hz_pipeline *p, struct hz_diagnostics *diagnostics)
{
    struct replay replay = {.p = p};
    int error = hz_store_open(p->options.disk, p->options.state_directory, &p->store);

    if (error < 0) {
        hz_log_error("state directory %s: %s", p->options.state_directory,
                     error == -EBUSY ? "another hazardd has it" : hz_strerror(error));
        return error;
    }
    memcpy(p->journal, hz_store_identity(p->store), sizeof(p->journal));
    int64_t begun = hz_mono_ns(p->options.clock);
    error = hz_names_new(&p->names);
    replay.scratch = malloc(SCRATCH * sizeof(*replay.scratch));
    replay.entry = aligned_alloc(8, HZ_ENTRY_BYTES_MAX);
    if (error == 0 && (!replay.scratch || !replay.entry))
        error = -ENOMEM;
    if (error == 0)
        error = recover_state(&replay, diagnostics);
    if (error == 0)
        error = go_on_from(p, &replay);
    if (error == 0) {
        hz_names_reclaim(p->names, HZ_NAMES_SETS); /* no thread runs yet */
        hz_names_reclaim(p->names, HZ_NAMES_TEXTS);
        hz_log_info("recovered: %llu records replayed in %lld ms, run %llu of this journal",
                    (unsigned long long)replay.records,
                    (long long)((hz_mono_ns(p->options.clock) - begun) / HZ_NS_PER_MS),
                    (unsigned long long)p->term);
    }
    free(replay.scratch);
    free(replay.entry);
    return error;
}
