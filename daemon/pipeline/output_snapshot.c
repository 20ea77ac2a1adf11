/* SPDX-License-Identifier: Apache-2.0
 *
 * After a hole in the journal its tail no longer gives the state: the live engine is saved, into
 * memory on its own thread, and the write thread makes a snapshot of it when everything up to there is
 * durable. Acknowledgements are withheld until then.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct taking {
    struct pipeline_question question;
    struct hz_pipeline *p;
    struct pipeline_snapshot *snapshot;
};

static int into_memory(void *ctx, const void *bytes, size_t length)
{
    struct pipeline_snapshot *to = ((struct taking *)ctx)->snapshot;

    if (to->length + length > to->size) {
        size_t size = (to->length + length) * 2;
        char *grown = realloc(to->bytes, size);
        if (!grown)
            return -ENOMEM;
        to->bytes = grown;
        to->size = size;
    }
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    return 0;
}

static void drop(struct taking *taking)
{
    if (taking->snapshot)
        free(taking->snapshot->bytes);
    free(taking->snapshot);
    free(taking);
}

/* The engine is in memory; the mirror goes behind it. What the engine has said is here already: its
 * transitions were in their ring before this answer. */
static void answered(void *ctx, struct pipeline_question *question)
{
    struct taking *taking = ctx;
    struct hz_pipeline *p = taking->p;
    struct pipeline_fetch order = {.token = PIPELINE_SNAPSHOT_TOKEN, .snapshot = taking->snapshot};

    hz_role_assert(&hz_output);
    p->output.snapshot_under_way = false;
    taking->snapshot->place = (struct pipeline_place){
        .seq = question->seq, .wall_ns = hz_wall_ns(p->options.clock), .term = p->term};
    taking->snapshot->newest_number = question->newest_number;
    int error = question->save_error;
    if (error == 0)
        error = hz_mirror_save(p->output.mirror, into_memory, taking);
    if (error < 0) {
        hz_log_error("no snapshot of the live state: %s (tried again)", hz_strerror(error));
    } else if (pipeline__output_fetch(p, &order)) {
        p->output.snapshot_under_way = true;
        taking->snapshot = NULL; /* the write thread's */
    }
    drop(taking);
}

void output__snapshot_after_hole(struct hz_pipeline *p)
{
    uint64_t holes = atomic_load_explicit(&p->holes_known, memory_order_acquire);
    struct taking *taking;

    if (holes == atomic_load_explicit(&p->holes_closed, memory_order_relaxed) ||
        p->output.snapshot_under_way || atomic_load_explicit(&p->stalled, memory_order_acquire))
        return;
    taking = calloc(1, sizeof(*taking));
    if (taking)
        taking->snapshot = calloc(1, sizeof(*taking->snapshot));
    if (!taking || !taking->snapshot) {
        free(taking);
        return; /* at the next pulse */
    }
    taking->p = p;
    taking->snapshot->holes = holes;
    taking->question = (struct pipeline_question){
        .kind = PIPELINE_SAVE, .save = into_memory, .answered = answered, .ctx = taking};
    p->output.snapshot_under_way = pipeline__output_ask(p, &taking->question);
    if (!p->output.snapshot_under_way)
        drop(taking);
}

void output__snapshot_written(struct hz_pipeline *p, const struct pipeline_fetch *fetch)
{
    p->output.snapshot_under_way = false;
    if (fetch->error == 0) {
        atomic_store_explicit(&p->holes_closed, fetch->holes, memory_order_release);
        hz_log_notice("journal: whole again from here on");
        hz_wake_up(&p->ingest_wake);
    }
}
