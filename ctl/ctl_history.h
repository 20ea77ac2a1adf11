/* SPDX-License-Identifier: Apache-2.0
 *
 * What the journal and the alarms log hold of one point, as lines of JSON in the order in which it
 * happened; for `history` and `explain`.
 */
#ifndef CTL_HISTORY_H
#define CTL_HISTORY_H

#include "ctl_state.h"

struct ctl_history {
    const char *state; /* the directory */
    const struct hz_names *names;
    uint32_t point; /* its id */
    int64_t from_ms, to_ms;
    bool newest;    /* the last `limit` before to_ms; otherwise the first from from_ms on */
    uint64_t limit; /* rows */
};

/* One line, a JSON object without its line end; false ends it. */
typedef bool (*ctl_line)(void *ctx, const char *json, size_t length);

/* CTL_OK, or an exit code after saying why. */
int ctl_history_read(const struct ctl_history *history, ctl_line line, void *ctx);

#endif
