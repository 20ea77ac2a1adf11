/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed on the ingest thread: its connection, its gaps, and from the durable seq back to
 * acknowledgements. What must stay true: a message is acknowledged when its last reading is durable,
 * one without readings in its turn; numbers of an earlier connection are forgotten.
 */
#include "feed_priv.h"

#include <stdio.h>
#include <string.h>

/* --- the end of a read --- */

static void queue_ack(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    struct feed_ack waiting = {feed->p->ingest.next_seq - 1, feed->ack_newest};

    if (feed->acks_end - feed->acks_first == FEED_WAITING_ACKS)
        feed->acks_end--; /* merged: its messages wait for the newer seq */
    feed->acks[feed->acks_end++ % FEED_WAITING_ACKS] = waiting;
    feed->ack_queued = feed->ack_newest;
}

static void on_read_end(void *ctx)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    feed__close_block(feed);
    feed->p->ingest.arrival++;
    if (feed->messages > 0)
        hz_histogram_record(&feed->p->stages.read,
                            hz_mono_ns(feed->p->options.clock) - feed->read_ns);
    feed__add(&feed->counts->messages, feed->messages);
    feed__add(&feed->counts->readings, feed->readings);
    feed->messages = feed->readings = 0;
    bool acks = feed->ack_newest != feed->ack_queued;
    if (acks)
        queue_ack(feed);
    pipeline__ingest_read_end(feed->p, acks);
}

/* --- connection --- */

void feed__journal_state(struct pipeline_feed *feed, enum hz_feed_state state)
{
    struct hz_record_feed record = {
        .head = {HZ_RECORD_FEED, sizeof(record), 0}, .feed = feed->id, .state = state};

    (void)pipeline__ingest_record(feed->p, &record.head);
}

void feed__journal_gap(struct pipeline_feed *feed, enum hz_gap_reason reason)
{
    struct hz_record_gap gap = {.head = {HZ_RECORD_GAP, sizeof(gap), 0},
                                .feed = feed->id,
                                .reason = reason,
                                .from_wall_ns = feed->lost_wall_ns,
                                .to_wall_ns = feed->p->ingest.last_wall_ns};

    (void)pipeline__ingest_record(feed->p, &gap.head);
}

/* Tells output; what finds no room is told at the next pulse. */
static void tell_state(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    if (feed->untold && hz_spsc_push(&feed->p->ingest.outcomes, &feed->said))
        feed->untold = false;
}

void feed__say_state(struct pipeline_feed *feed, enum pipeline_feed_state state, const char *reason)
{
    bool changes = feed->said.since_ns == 0 || feed->said.state != state;

    feed->said.kind = PIPELINE_OUTCOME_FEED;
    feed->said.feed = feed->id;
    feed->said.state = state;
    if (changes) /* not at each attempt that fails */
        feed->said.since_ns = feed->p->ingest.last_wall_ns;
    (void)snprintf(feed->said.reason, sizeof(feed->said.reason), "%s", reason);
    feed->untold = true;
    tell_state(feed);
}

static void on_connected(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    feed->connected = true;
    feed__say_state(feed, PIPELINE_FEED_CONNECTED, "");
    hz_log_notice("feed %s: connected to %s", feed->config->name, feed->config->address);
    feed__journal_state(feed, HZ_FEED_CONNECTED);
    feed__journal_gap(feed, HZ_GAP_FEED);
}

static void on_lost(struct pipeline_feed *feed, const char *reason) HZ_ON(hz_ingest)
{
    uint64_t held;

    feed->acks_first = feed->acks_end; /* the broker sends those again */
    feed->ack_queued = feed->ack_newest;
    feed__say_state(feed, PIPELINE_FEED_LOST, reason);
    if (hz_log_rate_pass(&feed->log_rate, feed->p->ingest.last_mono_ns, FEED_LINES_LOGGED, &held))
        hz_log_warning("feed %s: %s: %s", feed->config->name,
                       feed->connected ? "connection lost" : "not connected", reason);
    if (!feed->connected)
        return; /* it was lost already */
    feed->connected = false;
    feed__add(&feed->counts->losses, 1);
    feed__journal_state(feed, HZ_FEED_LOST);
    if (feed->unread) /* unread since lost_wall_ns: one gap follows the other */
        pipeline__ingest_observe(feed->p, HZ_OBSERVED_UNREAD, feed->id, 0);
    else
        feed->lost_wall_ns = feed->p->ingest.last_wall_ns;
    feed->unread = false;
}

static void on_state(void *ctx, enum hz_feed_state state, const char *reason)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    if (feed->leaving) {
        feed->acks_first = feed->acks_end; /* nobody to acknowledge to */
        return;
    }
    feed__close_block(feed); /* before another record is begun */
    (void)pipeline__ingest_now(feed->p);
    if (state == HZ_FEED_CONNECTED)
        on_connected(feed);
    else
        on_lost(feed, reason);
}

static void on_oddity(void *ctx, enum hz_mqtt_oddity what, uint64_t bytes)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    (void)bytes;
    if (what == HZ_MQTT_OVERSIZE) {
        feed__add(&feed->counts->verdicts[HZ_VERDICT_OVERSIZE], 1);
    } else if (what == HZ_MQTT_QOS2) {
        feed__add(&feed->counts->verdicts[HZ_VERDICT_QOS2], 1);
        feed__close_block(feed);
        pipeline__ingest_mention(feed->p, HZ_OBSERVED_QOS2, feed->id, 1);
    }
}

/* --- what ingest asks of a feed --- */

void pipeline__feed_pause(struct pipeline_feed *feed, bool paused)
{
    if (!feed->mqtt)
        return; /* stopped */
    hz_mqtt_pause(feed->mqtt, paused);
    if (feed->connected)
        feed__say_state(feed, paused ? PIPELINE_FEED_PAUSED : PIPELINE_FEED_CONNECTED, "");
}

/* Its sockets were not read for more than 2 s: for the engine a feed that was lost. */
void pipeline__feed_unread(struct pipeline_feed *feed, bool unread)
{
    if (unread == feed->unread || !feed->connected)
        return;
    feed->unread = unread;
    feed__close_block(feed);
    if (unread) {
        feed->lost_wall_ns = feed->p->ingest.last_wall_ns;
        feed__journal_state(feed, HZ_FEED_LOST);
        hz_log_warning("feed %s: not read for 2 s, QoS 0 data may be lost at the broker",
                       feed->config->name);
    } else {
        feed__journal_state(feed, HZ_FEED_CONNECTED);
        feed__journal_gap(feed, HZ_GAP_UNREAD);
    }
    pipeline__ingest_observe(feed->p, HZ_OBSERVED_UNREAD, feed->id, unread);
}

void pipeline__feed_ack(struct pipeline_feed *feed, uint64_t durable_seq)
{
    uint64_t ack = 0;

    while (feed->acks_first != feed->acks_end &&
           feed->acks[feed->acks_first % FEED_WAITING_ACKS].seq <= durable_seq)
        ack = feed->acks[feed->acks_first++ % FEED_WAITING_ACKS].ack;
    if (ack != 0 && feed->mqtt)
        hz_mqtt_ack(feed->mqtt, ack);
}

bool pipeline__feed_waits(const struct pipeline_feed *feed)
{
    return feed->acks_first != feed->acks_end;
}

static void say_drops(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    uint64_t dropped = atomic_load_explicit(&feed->counts->dropped, memory_order_relaxed);
    uint64_t more = dropped - feed->dropped_said;

    if (more == 0)
        return;
    pipeline__ingest_mention(feed->p, HZ_OBSERVED_DROPPED, feed->id, (int64_t)more);
    hz_log_error("feed %s: %llu readings dropped: no room between ingest and engine",
                 feed->config->name, (unsigned long long)more);
    feed->dropped_said = dropped;
}

void pipeline__feed_count(struct pipeline_feed *feed)
{
    struct hz_mqtt_counts counts;

    say_drops(feed);
    tell_state(feed);
    if (!feed->mqtt)
        return;
    hz_mqtt_counts(feed->mqtt, &counts);
    atomic_store_explicit(&feed->counts->bytes, feed->counted.bytes + counts.bytes,
                          memory_order_relaxed);
    atomic_store_explicit(&feed->counts->acks, feed->counted.acks_sent + counts.acks_sent,
                          memory_order_relaxed);
    atomic_store_explicit(&feed->counts->unread_ns,
                          (uint64_t)(feed->counted.unread_ns + counts.unread_ns),
                          memory_order_relaxed);
}

void pipeline__feed_use(struct pipeline_feed *feed, const struct hz_feed_config *config)
{
    feed->skew_ms = config->skew_ns / HZ_NS_PER_MS;
}

/* --- life --- */

/* What there is under its name goes on counting. */
static void take_counts(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    struct pipeline_feed_counts *counts = feed->counts;

    feed->counted = (struct hz_mqtt_counts){
        .bytes = atomic_load_explicit(&counts->bytes, memory_order_relaxed),
        .acks_sent = atomic_load_explicit(&counts->acks, memory_order_relaxed),
        .unread_ns = (int64_t)atomic_load_explicit(&counts->unread_ns, memory_order_relaxed)};
    feed->dropped_said = atomic_load_explicit(&counts->dropped, memory_order_relaxed);
}

void pipeline__feed_start(struct pipeline_feed *feed)
{
    struct hz_pipeline *p = feed->p;

    take_counts(feed);
    feed->events = (struct hz_mqtt_events){feed__message, on_read_end, on_state, on_oddity, feed};
    /* It was checked when it was made. Without memory the process ends, as it does without memory for an
     * alert. */
    hz_assert(hz_mqtt_new(&p->ingest.loop, p->options.clock, feed->config,
                          p->options.runtime_directory, &feed->events, &feed->mqtt) == 0);
    hz_mqtt_pause(feed->mqtt, p->ingest.paused);
    hz_mqtt_start(feed->mqtt);
}

static void on_closed(void *ctx)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    feed->mqtt = NULL;
}

void pipeline__feed_stop(struct pipeline_feed *feed)
{
    if (!feed->mqtt)
        return; /* it waited for another's end */
    feed__close_block(feed);
    hz_mqtt_stop(feed->mqtt, on_closed, feed);
}
