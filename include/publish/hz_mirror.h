/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The active set as the output thread knows it: for every alarm not Normal, its newest entry's
 *         head and number in the alarms log. From it come the active hash after an emptied Redis, the
 *         colours of enterprises and parks, and what hazardctl shows.
 * WAY     entries -> here -> Redis, control
 * THREAD  hz_output alone
 * OWNS    its memory; keeps no entry bodies (they are in the alarms log) beyond a bounded tail
 * FULL    grows with the active alarms (about 200 B each)
 */
#ifndef HZ_MIRROR_H
#define HZ_MIRROR_H

#include "hz_entry.h"

struct hz_mirror;

#define HZ_ACTIVE_NUMBER_BYTES 28 /* the longest double or i64 in decimal, terminated */

/* What is kept of an active alarm. */
struct hz_active {
    struct hz_entry head; /* places not included */
    uint64_t n_all;       /* n in view all */
    int64_t t_ms;         /* of its newest transition, UTC */
    int64_t raise_ms;     /* of its episode, UTC */
    char value[HZ_ACTIVE_NUMBER_BYTES], limit[HZ_ACTIVE_NUMBER_BYTES]; /* as in the entry */
    /* Its places besides `all`. */
    uint16_t view_count, views[HZ_ALARM_VIEWS_MAX - 1];
    uint64_t n[HZ_ALARM_VIEWS_MAX - 1];
};

/* Which entry the mirror is as of. */
struct hz_mirror_mark {
    uint64_t number; /* 0 = none yet */
    uint64_t n_all; /* n in view all, or in the view that was asked for */
    struct hz_stream_id id;
};

int hz_mirror_new(struct hz_mirror **ret_mirror) HZ_MUST_USE;
void hz_mirror_free(struct hz_mirror *mirror);

/* A newer entry: kept while its state is not Normal, dropped otherwise. -ENOMEM; HZ_ECORRUPT when the
 * bytes are no entry. */
int hz_mirror_apply(struct hz_mirror *mirror, const struct hz_entry *entry) HZ_MUST_USE;

uint32_t hz_mirror_count(const struct hz_mirror *mirror);
/* By severity, mode live only. */
void hz_mirror_by_severity(const struct hz_mirror *mirror, uint32_t ret_counts[HZ_SEVERITY_END]);
/* In no order; *cursor begins at 0; NULL at the end. Entries may be applied in between: what they
 * change may be met before, after, twice or not at all; every other alarm is met. */
const struct hz_active *hz_mirror_next(const struct hz_mirror *mirror, uint32_t *cursor);
/* The alarm with this episode id, or NULL. */
const struct hz_active *hz_mirror_find(const struct hz_mirror *mirror, uint64_t alarm);

/* For snapshots: as of the entry with the highest number applied. */
typedef int (*hz_mirror_write)(void *ctx, const void *bytes, size_t length);
typedef int (*hz_mirror_read)(void *ctx, void *bytes, size_t length);
int hz_mirror_save(const struct hz_mirror *mirror, hz_mirror_write write, void *ctx) HZ_MUST_USE;
int hz_mirror_load(struct hz_mirror *mirror, hz_mirror_read read, void *ctx) HZ_MUST_USE;
uint64_t hz_mirror_newest(const struct hz_mirror *mirror); /* number of the newest entry applied */
struct hz_mirror_mark hz_mirror_mark(const struct hz_mirror *mirror);
/* The newest entry of a view: `number` is 0, for it is not kept; n is 0 when there was none. */
struct hz_mirror_mark hz_mirror_mark_of(const struct hz_mirror *mirror, uint32_t view);
/* The number of its newest entry in a view; 0: that was not in it. */
uint64_t hz_active_n(const struct hz_active *active, uint32_t view);
/* It is as of this entry: those up to it change nothing, and may be lost. */
void hz_mirror_go_on(struct hz_mirror *mirror, struct hz_mirror_mark mark);

#endif
