/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of `hazardctl explain` share: the sections of its answer, each an array of rows.
 */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include "ctl_set.h"
#include "ctl_state.h"

struct ctl_explain {
    const struct ctl_call *call;
    const char *key;  /* of the point; NULL: the alarm has none */
    const char *rule; /* only this one; NULL = all */
    json_t *alarm;    /* as the daemon has it now; NULL: it has none of that name */
    json_t *point;    /* the registry's row, and what the daemon last heard; NULL */
    json_t *limits;   /* what watches it, each with the place that it comes from */
    json_t *entries;  /* of the alarms log, of this alarm */
    json_t *readings; /* before it was raised, and before it cleared */
    json_t *notes;    /* {"what":"note","text":..}: what is not as it may seem */
};

/* A note, in English: it is translated when it is shown. */
void ctl_explain_note(struct ctl_explain *explain, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* explain_point.c: fills `point` and `limits` from a compiled set. False: it has no such point. */
bool ctl_explain_point(struct ctl_explain *explain, const struct ctl_compiled *compiled);

/* explain_alarm.c: from the state directory, as far as it may be read: the entries of `alarm`, or, without
 * one, of the newest episode that has the operand's name; then the readings around them. */
void ctl_explain_entries(struct ctl_explain *explain);
void ctl_explain_readings(struct ctl_explain *explain);

/* explain_show.c */
void ctl_explain_show(const struct ctl_explain *explain);

#endif
