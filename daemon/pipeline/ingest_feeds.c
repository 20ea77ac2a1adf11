/* SPDX-License-Identifier: Apache-2.0
 *
 * Which feeds there are: another set brings some and takes some, and leaves alone whose connection serves it
 * as it is. What must stay true: behind the `ruleset` record nothing is decoded as the former set had it;
 * a feed that goes acknowledges first what is durable, waits for no disk that hangs, and is no alarm
 * afterwards; two connections of one feed are not open at a time.
 */
#include "feed_priv.h"

#include <string.h>

#define LEAVE_WITHIN_NS (500 * HZ_NS_PER_MS) /* for what is on its way to the disk */

struct by_id {
    struct pipeline_feed *feed[HZ_FEEDS_MAX + 1];
};

static void sort_by_id(const struct pipeline_feeds *feeds, struct by_id *ret_by_id)
{
    *ret_by_id = (struct by_id){0};
    for (uint32_t i = 0; i < feeds->count; i++)
        if (feeds->at[i])
            ret_by_id->feed[feeds->at[i]->id] = feeds->at[i];
}

/* --- one that goes --- */

/* Freed by the builder: there is more of it than a turn should pay for. */
static void give_back(struct pipeline_feed *feed)
{
    struct hz_pipeline *p = feed->p;

    feed->next = atomic_load_explicit(&p->feeds_gone, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&p->feeds_gone, &feed->next, feed,
                                                  memory_order_release, memory_order_relaxed))
        ;
    hz_wake_up(&p->builder_wake);
}

static void on_left(void *ctx)
{
    struct pipeline_feed *feed = ctx, **at;

    hz_role_assert(&hz_ingest);
    at = &feed->p->ingest.leaving;
    while (*at != feed)
        at = &(*at)->next;
    *at = feed->next;
    feed->mqtt = NULL;
    if (feed->after) {
        feed->after->before = NULL;
        if (!feed->p->ingest.stopping)
            pipeline__feed_start(feed->after);
    }
    give_back(feed);
}

static void disconnect(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    feed->closing = true;
    pipeline__feed_count(feed);
    hz_mqtt_stop(feed->mqtt, on_left, feed);
}

void ingest__look_after_leaving(struct hz_pipeline *p)
{
    for (struct pipeline_feed *feed = p->ingest.leaving; feed; feed = feed->next)
        if (!feed->closing &&
            (p->ingest.stalled || p->ingest.stopping || !pipeline__feed_waits(feed) ||
             p->ingest.last_mono_ns >= feed->leave_by_ns))
            disconnect(feed);
}

/* What the engine holds of it: its gap is closed, so that its points are watched like any that are silent;
 * or goes on, and whoever comes after it closes it. */
static void hand_over(struct pipeline_feed *feed, struct pipeline_feed *after) HZ_ON(hz_ingest)
{
    struct hz_pipeline *p = feed->p;
    bool watched = feed->connected && !feed->unread;

    if (after)
        after->lost_wall_ns = watched ? p->ingest.last_wall_ns : feed->lost_wall_ns;
    else if (!watched)
        feed__journal_gap(feed, HZ_GAP_FEED);
    if (feed->unread)
        pipeline__ingest_observe(p, HZ_OBSERVED_UNREAD, feed->id, 0);
}

/* Not opened yet: who comes after it waits in its place. */
static void leave_unopened(struct pipeline_feed *feed, struct pipeline_feed *after)
{
    feed->before->after = after;
    if (after)
        after->before = feed->before;
    give_back(feed);
}

static void leave(struct pipeline_feed *feed, struct pipeline_feed *after) HZ_ON(hz_ingest)
{
    struct hz_pipeline *p = feed->p;

    hz_log_notice("feed %s: closed by a reload%s", feed->config->name,
                  after ? ", opened again with other options"
                        : "; what it has counted goes on when it comes back");
    hand_over(feed, after);
    feed->untold = false; /* of its name the other tells from here on */
    if (feed->before) {
        leave_unopened(feed, after);
        return;
    }
    feed__close_block(feed);
    if (after && (feed->connected || pipeline__feed_waits(feed))) {
        feed->after = after;
        after->before = feed;
    }
    feed->leave_by_ns = p->ingest.last_mono_ns + LEAVE_WITHIN_NS;
    feed->leaving = true;
    feed->next = p->ingest.leaving;
    p->ingest.leaving = feed;
    hz_mqtt_pause(feed->mqtt, true); /* what comes from here on is for the set in force */
    if (pipeline__feed_waits(feed))
        pipeline__want(p, PIPELINE_WANT_WRITE | PIPELINE_WANT_SYNC);
}

/* --- one that comes --- */

static void come(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    feed->in_force = true;
    if (feed->lost_wall_ns == 0)
        feed->lost_wall_ns = feed->p->ingest.last_wall_ns;
    feed__journal_state(feed, HZ_FEED_LOST);
    feed__say_state(feed, PIPELINE_FEED_LOST, "not connected yet");
    if (!feed->before)
        pipeline__feed_start(feed);
}

void ingest__take_feeds(struct hz_pipeline *p, struct pipeline_feeds *feeds)
{
    struct pipeline_ingest *in = &p->ingest;
    const struct hz_set *set = in->set;
    struct pipeline_feeds former = in->feeds;
    struct by_id by_id;

    (void)pipeline__ingest_now(p);
    in->feeds = *feeds;
    sort_by_id(&former, &by_id);
    for (uint32_t i = 0; i < in->feeds.count; i++) {
        if (in->feeds.at[i])
            continue;
        in->feeds.at[i] = by_id.feed[set->feed_ids[i]];
        hz_assert(in->feeds.at[i]);
        pipeline__feed_use(in->feeds.at[i], &set->config->feeds[i]);
    }
    sort_by_id(&in->feeds, &by_id);
    for (uint32_t i = 0; i < former.count; i++) {
        struct pipeline_feed *is = by_id.feed[former.at[i]->id];
        if (is != former.at[i])
            leave(former.at[i], is);
        former.at[i] = NULL;
    }
    *feeds = former; /* an empty list, for the builder to free */
    ingest__look_after_leaving(p);
    for (uint32_t i = 0; i < in->feeds.count; i++)
        if (!in->feeds.at[i]->in_force)
            come(in->feeds.at[i]);
}

/* --- the run --- */

/* In the journal they are lost already (pipeline__begin_run). */
void ingest__start_feeds(struct hz_pipeline *p)
{
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++) {
        struct pipeline_feed *feed = p->ingest.feeds.at[i];
        feed->in_force = true;
        feed->lost_wall_ns = p->start_wall_ns;
        pipeline__feed_start(feed);
    }
}

void ingest__stop_feeds(struct hz_pipeline *p)
{
    p->ingest.stopping = true;
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++)
        pipeline__feed_stop(p->ingest.feeds.at[i]);
    ingest__look_after_leaving(p);
}

bool ingest__feeds_closed(struct hz_pipeline *p)
{
    for (uint32_t i = 0; i < p->ingest.feeds.count; i++)
        if (p->ingest.feeds.at[i]->mqtt)
            return false;
    return !p->ingest.leaving;
}
