/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl unknown`: what was refused, row by row. The table is the ingest thread's: it copies it into
 * a buffer that one request at a time lends it, the others stand in line. What must stay true: a buffer
 * that is lent lives until it is given back, whoever has left meanwhile.
 */
#include "unknown_priv.h"

#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>

#define LINE_BYTES 4096u

struct output_unknown {
    struct output_unknown *next; /* in line; the first one's buffer is lent */
    struct hz_pipeline *p;
    struct hz_control_request *request; /* NULL: it is over */
    bool in_line;
    uint32_t at;
    struct unknown_table copy;
    char line[LINE_BYTES];
};

static void lend(struct hz_pipeline *p) HZ_ON(hz_output)
{
    struct output_unknown *first = p->output.unknown;

    if (!first)
        return;
    atomic_store_explicit(&p->unknown_asked, &first->copy, memory_order_release);
    hz_wake_up(&p->ingest_wake);
}

/* The one whose buffer is lent goes when it comes back. */
static void gone(void *state)
{
    struct output_unknown *asking = state;
    struct output_unknown **link;

    hz_role_assert(&hz_output);
    asking->request = NULL;
    if (asking->in_line) {
        link = &asking->p->output.unknown;
        if (*link == asking)
            return;
        while (*link != asking)
            link = &(*link)->next;
        *link = asking->next;
    }
    free(asking);
}

static void put_row(struct output_unknown *asking, const struct unknown_row *row) HZ_ON(hz_output)
{
    struct hz_text line = hz_text_in(asking->line, sizeof(asking->line));
    struct hz_slice feed = hz_names_key(asking->p->names, HZ_NAMED_FEED, row->feed);

    hz_text_puts(&line, "{\"feed\":");
    hz_text_json(&line, feed.at ? feed : hz_slice(""));
    hz_text_format(&line,
                   ",\"verdict\":\"%s\",\"%s\":", hz_verdict_word((enum hz_verdict)row->verdict),
                   row->point ? "point" : "topic");
    hz_text_json(&line, (struct hz_slice){row->name, row->name_length});
    hz_text_format(&line, ",\"count\":%llu,\"first_ms\":%lld,\"last_ms\":%lld,\"sample\":",
                   (unsigned long long)row->count, (long long)row->first_ms,
                   (long long)row->last_ms);
    hz_text_json(&line, (struct hz_slice){row->sample, row->sample_length});
    hz_text_puts(&line, "}");
    hz_control_line(asking->request, line.at, line.length);
}

static void put_rest(struct output_unknown *asking) HZ_ON(hz_output)
{
    struct hz_text line = hz_text_in(asking->line, sizeof(asking->line));

    hz_text_format(&line, "{\"what\":\"rest\",\"without_row\":%llu,\"given_up\":%llu}",
                   (unsigned long long)asking->copy.without_row,
                   (unsigned long long)asking->copy.given_up);
    hz_control_line(asking->request, line.at, line.length);
    hz_control_end(asking->request);
}

static void next(void *state, struct hz_control_request *request)
{
    struct output_unknown *asking = state;

    (void)request;
    hz_role_assert(&hz_output);
    if (asking->in_line)
        return;
    while (asking->at < UNKNOWN_ROWS) {
        const struct unknown_row *row = &asking->copy.rows[asking->at++];

        if (row->count == 0)
            continue;
        put_row(asking, row);
        return;
    }
    put_rest(asking);
}

void output__take_unknown(struct hz_pipeline *p)
{
    struct output_unknown *first = p->output.unknown;

    if (!first || !atomic_load_explicit(&p->unknown_given, memory_order_acquire))
        return;
    atomic_store_explicit(&p->unknown_given, NULL, memory_order_relaxed);
    p->output.unknown = first->next;
    first->in_line = false;
    lend(p);
    if (first->request)
        hz_control_more(first->request);
    else
        free(first);
}

void pipeline__unknown_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;
    struct output_unknown *asking = calloc(1, sizeof(*asking)), **link;

    hz_role_assert(&hz_output);
    if (!asking) {
        hz_control_fail(request, -ENOMEM, "no memory for the answer");
        return;
    }
    asking->p = p;
    asking->request = request;
    asking->in_line = true;
    bool alone = p->output.unknown == NULL;
    for (link = &p->output.unknown; *link; link = &(*link)->next)
        ;
    *link = asking;
    if (alone)
        lend(p);
    hz_control_stream(request, &(struct hz_control_stream){next, gone, asking});
}

/* The threads have stopped: what was lent is ours again. */
void output__unknown_done(struct hz_pipeline *p)
{
    while (p->output.unknown) {
        struct output_unknown *first = p->output.unknown;

        p->output.unknown = first->next;
        free(first);
    }
}
