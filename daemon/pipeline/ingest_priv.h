/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the ingest thread.
 */
#ifndef INGEST_PRIV_H
#define INGEST_PRIV_H

#include "pipeline_priv.h"

/* What one read of a socket (256 KiB) can turn into: the shortest reading in a batch is `"a":1,`, 6
 * bytes, and becomes 24; and a block that does not fit the chunk's end. */
#define INGEST_READ_BYTES (UINT64_C(5) * HZ_CHUNK_BYTES)

/* ingest.c: timers */
void ingest__acks_due(uv_timer_t *timer);
void ingest__due(uv_timer_t *timer);

/* What was committed is the engine's: wakes its thread, or gives it its turn here. */
void ingest__let_engine(struct hz_pipeline *p) HZ_ON(hz_ingest);

/* ingest_record.c */
int ingest__records_init(struct hz_pipeline *p) HZ_MUST_USE HZ_ON(hz_ingest);
void ingest__records_done(struct hz_pipeline *p) HZ_ON(hz_ingest);
/* As pipeline__ingest_record, but what finds no room does not wait: 0, and it can be tried again. */
uint64_t ingest__record_now(struct hz_pipeline *p, const struct hz_record *record) HZ_ON(hz_ingest);
/* Control records that found no room go first when there is some. */
void ingest__flush_records(struct hz_pipeline *p) HZ_ON(hz_ingest);

/* ingest_feeds.c */
void ingest__start_feeds(struct hz_pipeline *p) HZ_ON(hz_ingest);
void ingest__stop_feeds(struct hz_pipeline *p) HZ_ON(hz_ingest);
bool ingest__feeds_closed(struct hz_pipeline *p) HZ_ON(hz_ingest);
/* Those of the set that is in force now; leaves an empty list. */
void ingest__take_feeds(struct hz_pipeline *p, struct pipeline_feeds *feeds) HZ_ON(hz_ingest);
/* Disconnects those that have acknowledged what they could. */
void ingest__look_after_leaving(struct hz_pipeline *p) HZ_ON(hz_ingest);

/* ingest_unknown.c: what was refused, for `hazardctl unknown` */
struct unknown_note;
int ingest__unknown_init(struct hz_pipeline *p) HZ_MUST_USE HZ_ON(hz_ingest);
void ingest__unknown_done(struct hz_pipeline *p) HZ_ON(hz_ingest);
void ingest__unknown(struct hz_pipeline *p, const struct unknown_note *note) HZ_ON(hz_ingest);
/* Fills the buffer that output has lent, if it has. */
void ingest__give_unknown(struct hz_pipeline *p) HZ_ON(hz_ingest);

/* Another set, from a record of its own on: what is read after it. Again at the next turn when there is no
 * room for the record. */
void ingest__take_change(struct hz_pipeline *p) HZ_ON(hz_ingest);
/* The record a run ends with. */
void ingest__end_run(struct hz_pipeline *p) HZ_ON(hz_ingest);

#endif
