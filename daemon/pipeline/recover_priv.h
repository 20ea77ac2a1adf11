/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the recovery.
 */
#ifndef RECOVER_PRIV_H
#define RECOVER_PRIV_H

#include "pipeline_priv.h"

struct replay {
    struct hz_pipeline *p;
    struct pipeline_place end; /* where the replay has come to */
    uint64_t records;
    struct hz_transition *scratch;
    struct hz_entry *entry;
};

/* snapshot.c: the newest good one, into engine, mirror and `replay->end`; nothing when there is none. */
int recover__load_snapshot(struct replay *replay) HZ_MUST_USE;
int recover__empty_mirror(struct hz_pipeline *p) HZ_MUST_USE;

#endif
