/* SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot that output has taken of the live engine, written when the journal and the alarms log are
 * durable up to it.
 */
#include "write_priv.h"

#include <stdlib.h>

static int write_it(struct hz_pipeline *p, const struct pipeline_snapshot *snapshot) HZ_ON(hz_write)
{
    struct hz_snapshot_writer *writer;
    int error = hz_snapshot_begin(p->store, snapshot->place.seq, &writer);

    if (error < 0)
        return error;
    error = pipeline__snapshot_head(&snapshot->place, snapshot->newest_number, writer);
    if (error == 0)
        error = hz_snapshot_write(writer, snapshot->bytes, snapshot->length);
    if (error == 0)
        return hz_snapshot_commit(writer);
    hz_snapshot_abort(writer);
    return error;
}

void write__drop_snapshot(struct hz_pipeline *p)
{
    if (!p->write.snapshot)
        return;
    free(p->write.snapshot->bytes);
    free(p->write.snapshot);
    p->write.snapshot = NULL;
}

void write__take_snapshot(struct hz_pipeline *p, struct pipeline_snapshot *snapshot)
{
    write__drop_snapshot(p); /* a newer one is as good */
    p->write.snapshot = snapshot;
    atomic_store_explicit(&p->log_sync_wanted, true, memory_order_release);
    write__ask_sync(p);
}

void write__snapshot_when_safe(struct hz_pipeline *p)
{
    const struct pipeline_snapshot *snapshot = p->write.snapshot;
    struct pipeline_fetch done = {.token = PIPELINE_SNAPSHOT_TOKEN};

    if (!snapshot || hz_spsc_room(&p->write.fetched) == 0 ||
        atomic_load_explicit(&p->durable_seq, memory_order_acquire) < snapshot->place.seq ||
        !write__log_synced(p, snapshot->newest_number))
        return;
    done.error = write_it(p, snapshot);
    done.holes = snapshot->holes;
    if (done.error < 0)
        write__failed(p, "snapshot", done.error);
    write__drop_snapshot(p);
    hz_assert(hz_spsc_push(&p->write.fetched, &done));
    hz_wake_up(&p->output_wake);
}
