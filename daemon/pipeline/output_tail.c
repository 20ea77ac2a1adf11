/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl tail`: entries of the alarms log, from a number or a stream id on, and on as they come.
 * Each request reads at its own pace; one batch of a request is under way or in hand at a time.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAILS_MAX      16u
#define COUNT_DEFAULT  10u
#define OTHERS_FETCHES 2u                        /* left free: the publisher's, a snapshot's */
#define LINE_BYTES     (2u * HZ_ENTRY_BYTES_MAX) /* JSON escapes what it must */

struct tail {
    struct hz_pipeline *p;
    struct hz_control_request *request;
    uint64_t token; /* of the fetch; 0 = this place is free */
    bool taken, asked, follow, by_id;
    uint64_t next;   /* number */
    uint64_t newest; /* in the log when it was asked last */
    struct hz_stream_id id;
    int64_t left; /* entries still wanted; -1 = all */
    char *batch;  /* in hand, from `at` on */
    size_t length, at;
};

struct output_tails {
    uint64_t last_token;
    struct tail tails[TAILS_MAX];
    char line[LINE_BYTES];
};

static void gone(void *state)
{
    struct tail *tail = state;

    free(tail->batch);
    *tail = (struct tail){0}; /* a fetch under way finds nobody with its token */
}

static void ask(struct tail *tail) HZ_ON(hz_output)
{
    struct hz_pipeline *p = tail->p;
    struct pipeline_fetch fetch = {.by_id = tail->by_id, .number = tail->next, .id = tail->id};

    if (tail->asked)
        return;
    tail->newest = atomic_load_explicit(&p->log_appended, memory_order_acquire);
    fetch.token = tail->token = ++p->output.tails->last_token;
    tail->asked =
        hz_spsc_room(&p->output.fetches) > OTHERS_FETCHES && pipeline__output_fetch(p, &fetch);
    if (!tail->asked)
        hz_control_fail(tail->request, -EAGAIN, "the disk is busy, try again");
}

static void give(struct tail *tail, const struct hz_entry *entry) HZ_ON(hz_output)
{
    struct hz_text line = hz_text_in(tail->p->output.tails->line, LINE_BYTES);

    hz_entry_json(entry, entry->place_count > 0 ? hz_entry_places(entry)->n : entry->number, true,
                  &line);
    hz_control_line(tail->request, line.at, line.length);
    tail->next = entry->number + 1;
    if (tail->left > 0)
        tail->left--;
}

static void next(void *state, struct hz_control_request *request)
{
    struct tail *tail = state;
    uint64_t newest;

    hz_role_assert(&hz_output);
    newest = atomic_load_explicit(&tail->p->log_appended, memory_order_acquire);
    if (tail->at < tail->length && tail->left != 0) {
        const struct hz_entry *entry = (const void *)(tail->batch + tail->at);
        tail->at += entry->bytes;
        give(tail, entry);
        return;
    }
    free(tail->batch);
    tail->batch = NULL;
    tail->at = tail->length = 0;
    if (tail->left == 0 || (!tail->follow && !tail->by_id && tail->next > newest))
        hz_control_end(request);
    else if (tail->by_id || tail->next <= newest)
        ask(tail);
}

static bool begins_with(const struct pipeline_fetch *fetch, struct hz_stream_id id)
{
    const struct hz_entry *entry = fetch->entries;

    return fetch->length > 0 && hz_stream_id_compare(entry->id, id) == 0;
}

void pipeline__tails_fetched(struct hz_pipeline *p, struct pipeline_fetch *fetch)
{
    for (uint32_t i = 0; i < TAILS_MAX; i++) {
        struct tail *tail = &p->output.tails->tails[i];
        if (!tail->taken || !tail->asked || tail->token != fetch->token)
            continue;
        bool by_id = tail->by_id;
        bool other = fetch->error == 0 && by_id && !begins_with(fetch, tail->id);
        tail->asked = tail->by_id = false;
        if (fetch->error == HZ_ENOTFOUND && !by_id) { /* numbers at the end may be passed over */
            tail->next = tail->newest + 1;
            hz_control_more(tail->request);
            return;
        }
        if (fetch->error < 0 || other) {
            hz_control_fail(tail->request, other ? HZ_ENOTFOUND : fetch->error,
                            "the alarms log has no such entry");
            return;
        }
        tail->batch = fetch->entries;
        tail->length = fetch->length;
        fetch->entries = NULL;
        hz_control_more(tail->request);
        return;
    }
}

void pipeline__tails_offered(struct hz_pipeline *p)
{
    for (uint32_t i = 0; i < TAILS_MAX; i++)
        if (p->output.tails->tails[i].taken && p->output.tails->tails[i].follow)
            hz_control_more(p->output.tails->tails[i].request);
}

/* The newest so many, ten when it is not said; what comes then is not counted. */
static void begin_at_end(struct tail *tail, uint64_t newest)
{
    uint64_t count = tail->left > 0 ? (uint64_t)tail->left : COUNT_DEFAULT;

    tail->next = newest > count ? newest - count + 1 : 1;
    if (tail->follow)
        tail->left = -1;
}

/* Where to begin: a number or a stream id. */
static bool parse_from(struct tail *tail, const char *from)
{
    char *end;

    if (hz_stream_id_parse(from, &tail->id) == 0) {
        tail->by_id = true;
        return true;
    }
    errno = 0;
    tail->next = strtoull(from, &end, 10);
    return errno == 0 && *end == '\0' && from[0] >= '0' && from[0] <= '9' && tail->next > 0;
}

void pipeline__tail_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;
    struct tail *tail = NULL, begun = {.p = p, .request = request, .taken = true, .left = -1};

    hz_role_assert(&hz_output);
    for (uint32_t i = 0; !tail && i < TAILS_MAX; i++)
        if (!p->output.tails->tails[i].taken)
            tail = &p->output.tails->tails[i];
    if (!tail) {
        hz_control_fail(request, -EAGAIN, "%u others are reading the alarms log already",
                        TAILS_MAX);
        return;
    }
    const char *from = hz_control_argument(request, "from"),
               *follow = hz_control_argument(request, "follow");
    if (from && !parse_from(&begun, from)) {
        hz_control_fail(request, -EINVAL,
                        "\"from\" is a number from 1 or a stream id like 1763903047123-0");
        return;
    }
    if (!hz_control_number(request, "count", 1, INT64_MAX, &begun.left))
        return;
    begun.follow = follow && strcmp(follow, "0") != 0;
    if (!from)
        begin_at_end(&begun, atomic_load_explicit(&p->log_appended, memory_order_acquire));
    *tail = begun;
    hz_control_stream(request, &(struct hz_control_stream){next, gone, tail});
}

int pipeline__tails_new(struct hz_pipeline *p)
{
    hz_role_assert(&hz_output);
    p->output.tails = calloc(1, sizeof(*p->output.tails));
    return p->output.tails ? 0 : -ENOMEM;
}

void pipeline__tails_free(struct hz_pipeline *p)
{
    hz_role_assert(&hz_output);
    free(p->output.tails);
}
