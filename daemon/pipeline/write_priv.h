/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the write thread.
 */
#ifndef WRITE_PRIV_H
#define WRITE_PRIV_H

#include "pipeline_priv.h"

/* Counts and logs what the disk did not take. */
void write__failed(struct hz_pipeline *p, const char *what, int error) HZ_ON(hz_write);
void write__ask_sync(struct hz_pipeline *p) HZ_ON(hz_write);
/* write_measure.c: what is staged was written just now, and not told yet */
void write__measure(struct hz_pipeline *p) HZ_ON(hz_write);
void write__count_bytes(struct hz_pipeline *p, size_t bytes) HZ_ON(hz_write);
void write__look_at_disk(struct hz_pipeline *p) HZ_ON(hz_write);
/* write_snapshot.c: takes a snapshot to write when everything up to it is durable. */
void write__take_snapshot(struct hz_pipeline *p, struct pipeline_snapshot *snapshot) HZ_ON(hz_write);
void write__snapshot_when_safe(struct hz_pipeline *p) HZ_ON(hz_write);
void write__drop_snapshot(struct hz_pipeline *p) HZ_ON(hz_write);
/* Are the entries up to this number durable, or given up? */
bool write__log_synced(struct hz_pipeline *p, uint64_t number) HZ_ON(hz_write);
/* Appends one definition (define.c); whoever owns the writer. */
int write__define(struct hz_segment_writer *writer, const struct hz_names *names, const struct pipeline_define *define)
    HZ_MUST_USE;

#endif
