/* SPDX-License-Identifier: Apache-2.0
 *
 * How far long work has come. What must stay true: only a terminal sees it, only when the work takes
 * longer than half a second, and nothing of it is left when the work has ended.
 */
#include "ctl_state.h"

#include "hz_clock.h"

#include <unistd.h>

#define SHOWN_AFTER_NS (HZ_NS_PER_S / 2)
#define DRAWN_EVERY_NS (HZ_NS_PER_S / 10)
#define CELLS          40u

void ctl_progress_begin(struct ctl_progress *progress, uint64_t total)
{
    *progress = (struct ctl_progress){.wanted = isatty(STDERR_FILENO) == 1,
                                      .total = total,
                                      .begun_ns = hz_mono_ns(&hz_clock_real)};
}

void ctl_progress_bar(struct hz_text *to, double share, double seconds, unsigned width)
{
    unsigned full = (unsigned)(share * width);

    share = share < 0 ? 0 : share > 1 ? 1 : share;
    full = full < width ? full : width;
    hz_text_puts(to, "[");
    for (unsigned i = 0; i < width; i++)
        hz_text_puts(to, i < full ? "#" : ".");
    hz_text_format(to, "] %3.0f %%", share * 100);
    if (share > 0.02)
        hz_text_format(to, "  %.0f s", seconds / share - seconds);
}

void ctl_progress_add(struct ctl_progress *progress, uint64_t bytes)
{
    int64_t now = progress->wanted ? hz_mono_ns(&hz_clock_real) : 0;
    char room[128];
    struct hz_text bar = hz_text_in(room, sizeof(room));

    progress->done += bytes;
    if (!progress->wanted || progress->total == 0 || now - progress->begun_ns < SHOWN_AFTER_NS ||
        now - progress->drawn_ns < DRAWN_EVERY_NS)
        return;
    progress->drawn_ns = now;
    progress->shown = true;
    fflush(stdout);
    ctl_progress_bar(&bar, (double)progress->done / (double)progress->total,
                     (double)(now - progress->begun_ns) / HZ_NS_PER_S, CELLS);
    fprintf(stderr, "\r%s\x1b[K", room);
}

void ctl_progress_hide(struct ctl_progress *progress)
{
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
    progress->shown = false;
}
