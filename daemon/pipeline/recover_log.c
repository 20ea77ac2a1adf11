/* SPDX-License-Identifier: Apache-2.0
 *
 * The alarms log at the start. What must stay true: an entry that consumers may have seen is never
 * removed, unless the journal is certain to make it again, byte for byte; whatever the files say, the
 * daemon starts.
 *
 *     snapshot's mirror ..... damage or a hole ..... end
 *                                |
 *                                |- the journal has all of it: cut here, made again
 *                                '- else: read over it; recover_resync.c sees to the rest
 */
#include "recover_priv.h"

#include <errno.h>

#define LOG_SEGMENT_BYTES (UINT64_C(64) << 20)

/* --- what the log knows --- */

static void know(struct replay *replay, uint64_t number, uint64_t n_all, struct hz_stream_id id,
                 uint64_t alarm)
{
    struct hz_engine_mark *known = &replay->known;

    if (known->number < number)
        known->number = number;
    if (known->n_all < n_all)
        known->n_all = n_all;
    if (hz_stream_id_compare(known->id, id) < 0)
        known->id = id;
    if (alarm >> 32 == (uint32_t)replay->p->journal[0] && known->episodes < (uint32_t)alarm)
        known->episodes = (uint32_t)alarm;
}

static void know_entry(struct replay *replay, const struct hz_entry *entry)
{
    uint64_t n_all = entry->place_count > 0 ? hz_entry_places(entry)[0].n : 0;

    know(replay, entry->number, n_all, entry->id, entry->alarm);
    if (replay->known_seq < entry->seq)
        replay->known_seq = entry->seq;
}

static void know_mirror(struct replay *replay) HZ_ON(hz_output)
{
    const struct hz_mirror *mirror = replay->p->output.mirror;
    struct hz_mirror_mark mark = hz_mirror_mark(mirror);
    const struct hz_active *active;
    uint32_t cursor = 0;

    know(replay, mark.number, mark.n_all, mark.id, 0);
    while ((active = hz_mirror_next(mirror, &cursor)))
        know(replay, 0, 0, (struct hz_stream_id){0}, active->head.alarm);
}

/* Everything behind the fault that can be read. */
static int know_rest(struct replay *replay)
{
    struct hz_pipeline *p = replay->p;
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;

    int error = pipeline__open_reader(p, HZ_SEGMENT_ALARMS, p->log_newest + 1, &reader);
    if (error < 0)
        return error;
    do {
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error == 0)
            know_entry(replay, frame);
        else if (error == HZ_ECORRUPT)
            error = hz_segment_skip(reader);
    } while (error == 0);
    hz_segment_reader_free(reader);
    return error == HZ_EOF ? 0 : error;
}

/* --- can the journal make it again? --- */

static bool has_go_on(const struct hz_block *block)
{
    return block->kind == HZ_BLOCK_CONTROL && hz_block_first_record(block)->kind == HZ_RECORD_GO_ON;
}

/* The journal behind the snapshot is whole, numbers its transitions by itself, and reaches as far as
 * the log. */
static int journal_has_all(const struct replay *replay, bool *ret_all)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    uint64_t end = replay->end.seq;
    const void *frame;
    uint32_t bytes;

    int error = pipeline__open_reader(replay->p, HZ_SEGMENT_JOURNAL, end + 1, &reader);
    if (error < 0)
        return error;
    *ret_all = true;
    while (*ret_all && (error = hz_segment_next(reader, &frame, &bytes, &place)) == 0) {
        const struct hz_block *block = frame;
        if (block->seq <= replay->end.seq)
            continue;
        *ret_all = recover__follows(block, end) && !has_go_on(block);
        end = block->seq + block->count - 1;
    }
    hz_segment_reader_free(reader);
    *ret_all &= error == HZ_EOF && end >= replay->known_seq;
    return error == HZ_ECORRUPT || error == HZ_EOF ? 0 : error;
}

static int can_be_made_again(struct replay *replay, bool *ret_can)
{
    hz_role_take(&hz_rule);
    *ret_can = false;
    int error = know_rest(replay);
    if (error < 0 || hz_engine_mark(replay->p->rule.engine).number > replay->p->log_newest)
        return error; /* the snapshot's engine has said what is missing here */
    return journal_has_all(replay, ret_can);
}

/* --- reading --- */

/* HZ_ECORRUPT: it is not the one that has to come. */
static int take_entry(struct replay *replay, const struct hz_entry *entry) HZ_ON(hz_output)
{
    struct hz_pipeline *p = replay->p;

    if (entry->number <= p->log_newest)
        return 0;
    if (entry->number != p->log_newest + 1 && !replay->log_passed)
        return HZ_ECORRUPT;
    int error = hz_mirror_apply(p->output.mirror, entry);
    if (error < 0)
        return error;
    p->log_newest = entry->number;
    know_entry(replay, entry);
    return 0;
}

/* At the first fault: is the log cut here, or read over it? */
static int choose(struct replay *replay, const struct hz_segment_reader *reader)
{
    struct hz_pipeline *p = replay->p;
    uint64_t offset;
    const char *path = hz_segment_where(reader, &offset);
    int error = can_be_made_again(replay, &p->log_damaged);

    if (error < 0)
        return error;
    replay->log_passed = !p->log_damaged;
    hz_log_warning("%s at %llu: entry %llu is missing or damaged; %s", path,
                   (unsigned long long)offset, (unsigned long long)p->log_newest + 1,
                   p->log_damaged ? "it and what follows are made again from the journal"
                                  : "the journal cannot make it again: the others stay");
    return 0;
}

/* A fault at the frame, or where there is none (NULL). HZ_EOF: the log ends here. */
static int pass_fault(struct replay *replay, struct hz_segment_reader *reader, const void *frame)
    HZ_ON(hz_output)
{
    int error = replay->log_passed ? 0 : choose(replay, reader);

    if (error < 0)
        return error;
    if (replay->p->log_damaged)
        return HZ_EOF;
    if (!frame)
        return hz_segment_skip(reader);
    error = take_entry(replay, frame);
    return error == HZ_ECORRUPT ? 0 : error; /* no entry at all: the next may be one */
}

int recover__catch_up_log(struct replay *replay)
{
    struct hz_pipeline *p = replay->p;
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    uint32_t bytes;

    hz_role_take(&hz_output);
    p->log_newest = hz_mirror_newest(p->output.mirror);
    know_mirror(replay);
    int error = pipeline__open_reader(p, HZ_SEGMENT_ALARMS, p->log_newest + 1, &reader);
    if (error < 0)
        return error;
    do {
        const void *frame = NULL;
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error == 0)
            error = take_entry(replay, frame);
        if (error == HZ_ECORRUPT)
            error = pass_fault(replay, reader, frame);
    } while (error == 0);
    replay->torn =
        (hz_segment_torn_bytes(reader) + sizeof(struct hz_entry) - 1) / sizeof(struct hz_entry);
    hz_segment_reader_free(reader);
    return error == HZ_EOF ? 0 : error;
}

/* --- appending --- */

int recover__log_writer(struct hz_pipeline *p)
{
    char path[1024];
    int error = 0;

    hz_role_take(&hz_write);
    if (p->write.alarms)
        return 0;
    if (p->log_damaged) {
        error = pipeline__path(p, "alarms", path, sizeof(path));
        if (error == 0)
            error = hz_segment_cut(p->options.disk, path, HZ_SEGMENT_ALARMS, p->log_newest + 1);
    }
    return error < 0 ? error
                     : recover__open_writer(p, "alarms", HZ_SEGMENT_ALARMS, LOG_SEGMENT_BYTES,
                                            &p->write.alarms);
}

static int append_entry(struct hz_pipeline *p, struct hz_entry *entry) HZ_ON(hz_write)
{
    int error = recover__log_writer(p);

    if (error == 0)
        error = hz_segment_append(p->write.alarms, entry, entry->bytes, entry->number);
    if (error != -EAGAIN)
        return error;
    error = hz_segment_sync(p->write.alarms);
    return error < 0 ? error
                     : hz_segment_append(p->write.alarms, entry, entry->bytes, entry->number);
}

/* Is it behind the log's newest by all its names? Else consumers would not take it. */
static bool comes_behind(const struct hz_pipeline *p, const struct hz_transition *transition)
    HZ_ON(hz_output)
{
    struct hz_mirror_mark mark = hz_mirror_mark(p->output.mirror);

    return hz_stream_id_compare(transition->id, mark.id) > 0 &&
           transition->places[0].n > mark.n_all;
}

static void say_hole(struct replay *replay, uint64_t number)
{
    if (!replay->hole_said)
        hz_log_warning("alarms log: entries %llu to %llu are missing, and the journal cannot make "
                       "them again",
                       (unsigned long long)replay->p->log_newest + 1,
                       (unsigned long long)number - 1);
    replay->hole_said = true;
}

int recover__take_transition(struct replay *replay, const struct hz_transition *transition)
{
    static const struct hz_engine_mark nothing_firm;
    struct hz_pipeline *p = replay->p;

    hz_role_take(&hz_write);
    hz_role_take(&hz_output);
    hz_role_take(&hz_rule);
    if (transition->number <= p->log_newest || replay->astray)
        return 0;
    if (!comes_behind(p, transition)) {
        recover__go_astray(replay, &nothing_firm);
        return 0;
    }
    if (transition->number != p->log_newest + 1)
        say_hole(replay, transition->number);
    const struct hz_ruleset *ruleset = hz_engine_ruleset(p->rule.engine);
    (void)hz_entry_render(ruleset ? hz_ruleset_set(ruleset) : p->output.set, transition,
                          replay->entry);
    int error = append_entry(p, replay->entry);
    if (error == 0)
        error = hz_mirror_apply(p->output.mirror, replay->entry);
    if (error < 0)
        return error;
    p->log_newest = transition->number;
    know_entry(replay, replay->entry);
    return 0;
}
