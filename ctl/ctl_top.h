/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of `hazardctl top` share: the terminal that it takes over, the screen as text, and
 * what the daemon said, twice, so that counts become rates. What must stay true: nothing is drawn
 * beyond the terminal's edge, and the terminal is given back as it was, however the program ends.
 */
#ifndef CTL_TOP_H
#define CTL_TOP_H

#include "ctl.h"

/* --- screen.c: the terminal --- */

struct ctl_screen {
    unsigned width, height;
    bool quit;  /* by key, by Ctrl-C, or the terminal has gone */
    int signal; /* that ended it: to be died of; 0 = none */
};

/* Takes the terminal of stdout over. 0 or a negative code. One at a time. */
int ctl_screen_open(struct ctl_screen *ret_screen);
void ctl_screen_close(struct ctl_screen *screen);
/* Waits for `fd` (-1: none), and looks after keys and signals meanwhile. > 0: it is readable, or,
 * without one, the screen is to be drawn now; 0: not within `ms`; < 0: quit. A ctl_call.wait. */
int ctl_screen_wait(void *screen, int fd, int ms);
/* All of it, or the terminal has gone. */
void ctl_screen_write(struct ctl_screen *screen, const char *text, size_t length);

/* --- frame.c: one screen as text --- */

#define CTL_FRAME_BYTES ((size_t)256 << 10)
#define CTL_FRAME_LINES 4096u /* of a frame without an end: in a pipe */

struct ctl_frame {
    struct hz_text text;
    unsigned width, lines_left;
    bool colour, chinese;
    bool terminal;   /* lines erase what stood there; otherwise they end without blanks */
    unsigned column; /* of the line that is written, and the blanks owed before it goes on */
    unsigned blanks;
};

void ctl_frame_begin(struct ctl_frame *frame);
void ctl_frame_end(struct ctl_frame *frame);
/* Cut at the edge. */
void ctl_frame_put(struct ctl_frame *frame, enum ctl_paint paint, const char *text);
void ctl_frame_to(struct ctl_frame *frame, unsigned column); /* blanks up to there */
void ctl_frame_line(struct ctl_frame *frame);                /* ends a line */
/* "label value", in the user's language; nothing when the value is empty. */
void ctl_frame_fact(struct ctl_frame *frame, const char *en, const char *zh, enum ctl_paint paint,
                    const char *value);
/* Head and at most `most` rows of a JSON array; "... and 12 more" in the last place when there are
 * more, also of those that were not asked for: there are `total`, or as many as rows. Lines used. */
unsigned ctl_frame_table(struct ctl_frame *frame, const struct ctl_list *list, const json_t *rows,
                         unsigned total, unsigned most);

/* --- top_sample.c: what the daemon said --- */

/* Rows of one moment. Counts that are told of here get a member "<name>_per_s" beside them. */
struct ctl_sample {
    int64_t mono_ns, wall_ms;
    json_t *status; /* an object: rows of `status` by their "what" */
    json_t *feeds;  /* an array */
    json_t *alarms; /* an array, the worst first */
};

/* Empty; false without memory. */
bool ctl_sample_begin(struct ctl_sample *sample);
void ctl_sample_free(struct ctl_sample *sample);
bool ctl_sample_status_row(void *sample, const json_t *row); /* a ctl_row */
bool ctl_sample_alarm_row(void *sample, const json_t *row);  /* a ctl_row */
/* Adds the rates since `before` (none when it was another run of the daemon), and "total", the sum of
 * the feeds. */
void ctl_sample_rates(struct ctl_sample *now, const struct ctl_sample *before);
/* One JSON object. */
void ctl_sample_write(const struct ctl_sample *sample, FILE *to);

/* --- top_view.c --- */

/* `fault`: why this sample is an old one; NULL = it is of now. */
void ctl_top_draw(struct ctl_frame *frame, const struct ctl_sample *sample, const char *fault);

#endif
