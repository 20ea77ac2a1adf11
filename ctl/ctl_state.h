/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of the state directory, read only, beside a daemon that may be writing to them. What must
 * stay true: nothing is opened for writing and no lock is taken, so that a look can't disturb the
 * daemon; what it has not finished writing is the end; damage is said, and passed over.
 */
#ifndef CTL_STATE_H
#define CTL_STATE_H

#include "ctl.h"

#include "hz_names.h"
#include "hz_segment.h"

#define CTL_STATE_DEFAULT "/var/lib/hazardd"

struct ctl_segment {
    uint64_t ordinal, first; /* key of its first frame */
    int64_t first_ms;        /* UTC, of its first frame; the one's before it when it has none */
    uint64_t bytes;
};

struct ctl_segments {
    char directory[1024];
    enum hz_segment_class class_;
    struct ctl_segment *all;
    uint32_t count;
};

/* --state, $STATE_DIRECTORY, or the default. */
const char *ctl_state_directory(const struct ctl_call *call);
/* Ids and keys. CTL_OK, or an exit code after saying why. */
int ctl_state_names(const char *state, struct hz_names **ret_names);
/* The segments of a class (journal, alarms). As above. */
int ctl_state_segments(const char *state, enum hz_segment_class class_,
                       struct ctl_segments *ret_segments);
void ctl_state_segments_done(struct ctl_segments *segments);
/* The segments that can hold what was between two moments: [*ret_first, *ret_end). */
void ctl_state_between(const struct ctl_segments *segments, int64_t from_ms, int64_t to_ms,
                       uint32_t *ret_first, uint32_t *ret_end);

struct ctl_progress;
/* False ends the reading. */
typedef bool (*ctl_frame_reader)(void *ctx, const void *frame, uint32_t bytes);
/* Gives the frames of the segments [first, end), in order. As above. */
int ctl_state_read(const struct ctl_segments *segments, uint32_t first, uint32_t end,
                   struct ctl_progress *progress, ctl_frame_reader each, void *ctx);

/* --- progress.c: a bar on stderr, when that is a terminal and the work takes longer --- */

struct ctl_progress {
    bool wanted, shown, colour;
    uint64_t total, done; /* bytes */
    int64_t begun_ns, drawn_ns;
};

/* `total` bytes of work. */
void ctl_progress_begin(struct ctl_progress *progress, uint64_t total);
void ctl_progress_add(struct ctl_progress *progress, uint64_t bytes);
/* Takes the bar away, before something else is written or the work has ended. */
void ctl_progress_hide(struct ctl_progress *progress);
/* The bar for a share of 0 to 1, in `width` columns. */
void ctl_progress_bar(struct hz_text *to, double share, double seconds, unsigned width);

/* --- moment.c --- */

/* "2026-11-24 12:30[:05]", "2026-11-24", "12:30[:05]" (the terminal's zone), "...Z" (UTC), "90s", "30m", "2h",
 * "3d" ago, or ms since 1970. False: it is none of these. */
bool ctl_moment(const char *text, int64_t now_ms, int64_t *ret_ms);
const char *ctl_moment_fault(const char *value); /* for ctl_option */

#endif
