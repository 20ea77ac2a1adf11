/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the output thread.
 */
#ifndef OUTPUT_PRIV_H
#define OUTPUT_PRIV_H

#include "pipeline_priv.h"

#include <stdio.h>

/* output_alerts.c */
/* False: some are left, the log has no room at the moment. */
bool output__take_transitions(struct hz_pipeline *p) HZ_ON(hz_output);
/* What may go out, by the durability that is configured and the disk's state. */
void output__release(struct hz_pipeline *p) HZ_ON(hz_output);

/* output_held.c: how long alerts wait for their cause to be safe */
int output__held_new(struct hz_pipeline *p) HZ_MUST_USE HZ_ON(hz_output);
void output__held_free(struct hz_pipeline *p) HZ_ON(hz_output);
void output__held_begin(struct hz_pipeline *p) HZ_ON(hz_output); /* those up to offered_seq do */
void output__held_end(struct hz_pipeline *p) HZ_ON(hz_output);   /* those up to released_seq do no more */

/* output_metrics.c */
void output__metrics_pulse(struct hz_pipeline *p) HZ_ON(hz_output);

/* output_news.c: latest values and coverage from the engine to the publisher, in slices */
int output__news_init(struct hz_pipeline *p) HZ_MUST_USE HZ_ON(hz_output);
void output__news_done(struct hz_pipeline *p) HZ_ON(hz_output);
void output__ask_news(struct hz_pipeline *p) HZ_ON(hz_output);

/* output_reload.c */
int output__reload_init(struct hz_pipeline *p) HZ_MUST_USE HZ_ON(hz_output);
void output__reload_done(struct hz_pipeline *p) HZ_ON(hz_output);
/* What the builder has answered, and what a signal asks for. */
void output__reload_turn(struct hz_pipeline *p) HZ_ON(hz_output);
void output__reload_by_signal(struct hz_pipeline *p) HZ_ON(hz_output);
/* The next set from its record on: `seq` is of what comes next, or of the last that was applied when all
 * transitions up to it were taken. */
void output__take_change(struct hz_pipeline *p, uint64_t seq) HZ_ON(hz_output);

/* output_unknown.c */
void output__take_unknown(struct hz_pipeline *p) HZ_ON(hz_output);
void output__unknown_done(struct hz_pipeline *p) HZ_ON(hz_output);

/* output_snapshot.c: the live engine's state, when the journal alone does not give it any more */
void output__snapshot_after_hole(struct hz_pipeline *p) HZ_ON(hz_output);
void output__snapshot_written(struct hz_pipeline *p, const struct pipeline_fetch *fetch) HZ_ON(hz_output);

#endif
