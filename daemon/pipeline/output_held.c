/* SPDX-License-Identifier: Apache-2.0
 *
 * How long alerts are held back until their cause is safe. A mark for each batch that was taken from
 * the engine's ring; more than MARKS batches at once, and the newest share one, so that what is told
 * is never too short.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>

#define MARKS 64u

struct output_held {
    struct {
        uint64_t seq; /* of the batch's last alert */
        int64_t since_ns;
    } marks[MARKS];
    uint64_t first, end;
};

int output__held_new(struct hz_pipeline *p)
{
    p->output.held = calloc(1, sizeof(*p->output.held));
    return p->output.held ? 0 : -ENOMEM;
}

void output__held_free(struct hz_pipeline *p)
{
    free(p->output.held);
}

void output__held_begin(struct hz_pipeline *p)
{
    struct output_held *held = p->output.held;

    if (held->end - held->first == MARKS) {
        held->marks[(held->end - 1) % MARKS].seq = p->output.offered_seq;
        return;
    }
    held->marks[held->end % MARKS].seq = p->output.offered_seq;
    held->marks[held->end++ % MARKS].since_ns = hz_mono_ns(p->options.clock);
}

void output__held_end(struct hz_pipeline *p)
{
    struct output_held *held = p->output.held;
    int64_t now = 0;

    while (held->first != held->end &&
           held->marks[held->first % MARKS].seq <= p->output.released_seq) {
        if (now == 0)
            now = hz_mono_ns(p->options.clock);
        hz_histogram_record(&p->stages.held, now - held->marks[held->first++ % MARKS].since_ns);
    }
}
