/* SPDX-License-Identifier: Apache-2.0
 *
 * Latest values and coverage: asked of the engine in slices, only when the publisher can take them, so
 * that they coalesce where they arise. Never in the way of alarms: one slice is under way at a time.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>

#define SLICE 128u

struct output_news {
    struct pipeline_question question;
    bool asked;
    struct hz_news items[SLICE];
    struct hz_latest latest[SLICE];
    struct hz_share shares[SLICE];
};

static uint8_t scope_of(uint8_t what)
{
    switch (what) {
    case HZ_NEWS_HAZARD:
        return HZ_NAMED_HAZARD;
    case HZ_NEWS_ENTERPRISE:
        return HZ_NAMED_ENTERPRISE;
    case HZ_NEWS_PARK:
        return HZ_NAMED_PARK;
    default:
        return 0;
    }
}

static void add_latest(struct hz_latest *to, const struct hz_news *news)
{
    *to = (struct hz_latest){.point = news->id,
                             .value_kind = news->value_kind,
                             .quality = news->quality,
                             .flags = news->flags,
                             .severity = news->severity,
                             .value = news->value,
                             .source_ms = news->source_ms,
                             .arrival_ns = news->arrival_ns};
}

static void add_share(struct hz_share *to, const struct hz_news *news)
{
    *to = (struct hz_share){.scope = scope_of(news->what),
                            .id = news->id,
                            .total = news->coverage.total,
                            .online = news->coverage.online,
                            .valid = news->coverage.valid,
                            .unobserved = news->coverage.unobserved};
}

static void answered(void *ctx, struct pipeline_question *question)
{
    struct hz_pipeline *p = ctx;
    struct output_news *news;
    uint32_t latest = 0, shares = 0;

    hz_role_assert(&hz_output);
    news = p->output.news;
    news->asked = false;
    if (question->kind == PIPELINE_RENEW || p->output.stopping)
        return;
    for (uint32_t i = 0; i < question->count; i++) {
        if (news->items[i].what == HZ_NEWS_POINT)
            add_latest(&news->latest[latest++], &news->items[i]);
        else
            add_share(&news->shares[shares++], &news->items[i]);
    }
    if (latest > 0)
        hz_publisher_latest(p->output.publisher, news->latest, latest);
    if (shares > 0)
        hz_publisher_shares(p->output.publisher, news->shares, shares);
    if (question->count == SLICE)
        output__ask_news(p); /* there is more */
    else
        hz_publisher_news_end(p->output.publisher);
}

void output__ask_news(struct hz_pipeline *p)
{
    struct output_news *news = p->output.news;
    bool renew = p->output.renew_wanted;

    if (news->asked || p->output.stopping ||
        (!renew && !hz_publisher_wants_news(p->output.publisher)))
        return;
    news->question = (struct pipeline_question){.kind = renew ? PIPELINE_RENEW : PIPELINE_NEWS,
                                                .news = news->items,
                                                .room = SLICE,
                                                .answered = answered,
                                                .ctx = p};
    news->asked = pipeline__output_ask(p, &news->question);
    if (news->asked)
        p->output.renew_wanted = false;
}

int output__news_init(struct hz_pipeline *p)
{
    p->output.news = calloc(1, sizeof(*p->output.news));
    return p->output.news ? 0 : -ENOMEM;
}

void output__news_done(struct hz_pipeline *p)
{
    free(p->output.news);
}
