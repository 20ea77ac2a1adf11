/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal's own words, read with the public headers alone: definitions, archived sets, blocks.
 */
#include "truth.h"

#include "hz_engine.h"
#include "hz_segment.h"
#include "hz_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SCRATCH 64

struct truth {
    const char *state;
    struct hz_store *store;
    struct hz_names *names;
    struct hz_engine *engine;
    struct hz_transition *scratch;
    struct hz_entry *entry;
    void (*each)(void *ctx, const struct hz_entry *entry);
    void *ctx;
    size_t count;
};

static struct hz_segment_reader *open_reader(const struct truth *truth, const char *name,
                                             enum hz_segment_class class_)
{
    struct hz_segment_reader *reader;
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", truth->state, name);
    assert_int_equal(hz_segment_reader_new(&hz_disk_real, path, class_, 0, &reader), 0);
    return reader;
}

static void read_names(struct truth *truth)
{
    struct hz_segment_reader *reader = open_reader(truth, "define", HZ_SEGMENT_DEFINE);
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;
    int error;

    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) == 0) {
        const struct hz_record_define *define = (const void *)((const struct hz_frame *)frame + 1);
        assert_int_equal(hz_names_restore(truth->names, (enum hz_named_kind)define->kind,
                                          define->id, define->key, define->length),
                         0);
    }
    assert_int_equal(error, HZ_EOF);
    hz_segment_reader_free(reader);
}

static void offer(struct truth *truth, const struct hz_digest *digest)
{
    struct hz_diagnostics diagnostics;
    struct hz_ruleset *ruleset;
    struct hz_files files;
    struct hz_set *set;

    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    assert_int_equal(hz_store_fetch(truth->store, digest, &files), 0);
    assert_int_equal(hz_set_build(&files, truth->names, &diagnostics, &set), 0);
    assert_int_equal(hz_ruleset_compile(set, &diagnostics, &ruleset), 0);
    hz_set_unref(set);
    hz_engine_offer(truth->engine, ruleset);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
}

static void free_retired(struct truth *truth)
{
    struct hz_ruleset *retired;

    while ((retired = hz_engine_take_retired(truth->engine)))
        hz_ruleset_free(retired);
}

static void apply(struct truth *truth, const struct hz_block *block)
{
    struct hz_digest digests[8];
    bool done = false;
    size_t sets = block->kind == HZ_BLOCK_CONTROL ? hz_block_rulesets(block, digests, 8) : 0;

    for (size_t i = 0; i < sets; i++)
        offer(truth, &digests[i]);
    while (!done) {
        size_t count;
        done = hz_engine_apply(truth->engine, block, truth->scratch, SCRATCH, &count);
        for (size_t i = 0; i < count; i++) {
            const struct hz_set *set = hz_ruleset_set(hz_engine_ruleset(truth->engine));
            (void)hz_entry_render(set, &truth->scratch[i], truth->entry);
            truth->count++;
            truth->each(truth->ctx, truth->entry);
        }
    }
    free_retired(truth);
}

static void read_journal(struct truth *truth)
{
    struct hz_segment_reader *reader = open_reader(truth, "journal", HZ_SEGMENT_JOURNAL);
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;
    uint64_t last = 0;
    int error;

    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) == 0) {
        const struct hz_block *block = frame;
        assert_true(block->seq > last); /* never used twice */
        last = block->seq + block->count - 1;
        apply(truth, block);
    }
    assert_int_equal(error, HZ_EOF);
    hz_segment_reader_free(reader);
}

size_t truth_replay(const char *state_directory,
                    void (*each)(void *ctx, const struct hz_entry *entry), void *ctx)
{
    struct truth truth = {.state = state_directory, .each = each, .ctx = ctx};

    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    truth.scratch = malloc(SCRATCH * sizeof(*truth.scratch));
    truth.entry = aligned_alloc(8, HZ_ENTRY_BYTES_MAX);
    assert_true(truth.scratch && truth.entry);
    assert_int_equal(hz_store_open(&hz_disk_real, state_directory, &truth.store), 0);
    assert_int_equal(hz_names_new(&truth.names), 0);
    assert_int_equal(hz_engine_new(&truth.engine), 0);
    read_names(&truth);
    read_journal(&truth);
    hz_engine_free(truth.engine); /* with the set in force */
    hz_names_free(truth.names);
    hz_store_close(truth.store);
    free(truth.scratch);
    free(truth.entry);
    return truth.count;
}
