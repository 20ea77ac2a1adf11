/* SPDX-License-Identifier: Apache-2.0
 *
 * One feed on the ingest thread: from an MQTT message to readings in a block, and from the durable seq
 * back to acknowledgements. What must stay true: a message is acknowledged when its last reading is
 * durable, one without readings in its turn; whatever is wrong with a message is a verdict that is
 * counted and disturbs nothing else.
 */
#include "ingest_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_ACKS                                                                               \
    4096u /* reads whose messages are not durable yet; when full the newest merge */
#define VERDICTS_LOGGED 3u /* per second and feed */

struct feed_filter {
    const struct hz_filter_config *config;
    struct hz_topic *topic;
    struct hz_decoder *decoder;
};

struct feed_ack {
    uint64_t seq; /* when this is durable ... */
    uint64_t ack; /* ... everything up to this number is acknowledged */
};

struct pipeline_feed {
    struct hz_pipeline *p;
    const struct hz_feed_config *config;
    struct pipeline_feed_counts *counts;
    uint32_t index, id;
    struct hz_mqtt *mqtt; /* NULL when it has closed */
    struct hz_zone *zone;
    struct feed_filter *filters;
    struct hz_block *block; /* open between the first reading of a read and its end */
    uint64_t ack_newest, ack_queued;
    struct feed_ack *acks; /* ring of WAITING_ACKS */
    uint64_t acks_first, acks_end;
    bool connected, unread, untold;
    struct pipeline_outcome said;
    int64_t lost_wall_ns;        /* since when nobody listened */
    uint64_t messages, readings; /* published to counts once per read */
    int64_t skew_ms;
    struct hz_log_rate log_rate;
    uint32_t *order; /* of a batch by stamp */
};

uint32_t pipeline__feed_id(const struct hz_pipeline *p, uint32_t index)
{
    const char *name = p->set->config->feeds[index].name;

    return hz_names_find(p->names, HZ_NAMED_FEED, name, strlen(name));
}

static void add(_Atomic uint64_t *count, uint64_t by)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

/* --- verdicts --- */

static void verdict(struct pipeline_feed *feed, enum hz_verdict what, struct hz_slice topic,
                    struct hz_slice detail) HZ_ON(hz_ingest)
{
    char quoted_topic[160], quoted_detail[160];
    uint64_t held;

    add(&feed->counts->verdicts[what], 1);
    if (!hz_log_rate_pass(&feed->log_rate, feed->p->ingest.last_mono_ns, VERDICTS_LOGGED, &held))
        return;
    hz_log_warning("feed %s: %s (%s): topic %s, %s%s", feed->config->name, hz_verdict_word(what),
                   hz_verdict_text(what),
                   hz_log_quote(quoted_topic, sizeof(quoted_topic), topic.at, topic.length),
                   hz_log_quote(quoted_detail, sizeof(quoted_detail), detail.at, detail.length),
                   held > 0 ? " (more were not logged)" : "");
}

/* --- readings --- */

static void close_block(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    if (!feed->block)
        return;
    pipeline__ingest_commit(feed->p, feed->block);
    feed->block = NULL;
}

/* A place for one more reading; NULL when there is no room at all. */
static struct hz_reading *place_reading(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    if (feed->block && feed->block->count == HZ_BLOCK_READINGS_MAX)
        close_block(feed);
    if (!feed->block) {
        feed->block = pipeline__ingest_block(feed->p, (uint16_t)feed->id);
        if (!feed->block) {
            add(&feed->p->dropped, 1);
            return NULL;
        }
    }
    struct hz_reading *place = (struct hz_reading *)(feed->block + 1) + feed->block->count;
    feed->block->count++;
    feed->block->bytes += (uint32_t)sizeof(*place);
    feed->readings++;
    return place;
}

static void add_gateway(struct pipeline_feed *feed, const struct feed_filter *filter,
                        const struct hz_topic_match *match, const struct hz_mqtt_message *message)
    HZ_ON(hz_ingest)
{
    struct hz_slice code = hz_topic_gateway(filter->topic, match);
    uint32_t gateway = hz_names_find(feed->p->names, HZ_NAMED_GATEWAY, code.at, code.length);

    if (gateway == 0 || !hz_registry_gateway(feed->p->set->registry, gateway)) {
        verdict(feed, HZ_VERDICT_UNKNOWN_GATEWAY, message->topic, code);
        return;
    }
    struct hz_reading *reading = place_reading(feed);
    if (reading)
        *reading =
            (struct hz_reading){.source_ms = HZ_NO_SOURCE_TIME,
                                .point = {gateway},
                                .kind = HZ_VALUE_NONE,
                                .flags = (uint16_t)(HZ_READING_GATEWAY | HZ_READING_ARRIVAL |
                                                    (message->retained ? HZ_READING_RETAINED : 0))};
}

static uint32_t find_point(struct pipeline_feed *feed, struct hz_slice key) HZ_ON(hz_ingest)
{
    uint32_t point =
        key.length > 0 ? hz_names_find(feed->p->names, HZ_NAMED_POINT, key.at, key.length) : 0;

    return point != 0 && hz_registry_point(feed->p->set->registry, point) ? point : 0;
}

/* False when there is a verdict on it. */
static bool fill_value(struct pipeline_feed *feed, const struct hz_sample *sample,
                       struct hz_reading *reading, struct hz_slice topic) HZ_ON(hz_ingest)
{
    switch (sample->kind) {
    case HZ_VALUE_F64:
        reading->value.f64 = sample->f64;
        return true;
    case HZ_VALUE_I64:
        reading->value.i64 = sample->i64;
        return true;
    case HZ_VALUE_TEXT:
        reading->value.text = pipeline__text_id(feed->p, reading->point.v, sample->text);
        if (reading->value.text == 0)
            verdict(feed, HZ_VERDICT_TEXT_LIMIT, topic, sample->text);
        return reading->value.text != 0;
    default:
        return true;
    }
}

static void add_sample(struct pipeline_feed *feed, const struct feed_filter *filter,
                       const struct hz_topic_match *match, const struct hz_sample *sample,
                       const struct hz_mqtt_message *message, uint16_t flags) HZ_ON(hz_ingest)
{
    char buffer[HZ_KEY_BYTES_MAX + 1];

    if (sample->verdict != HZ_VERDICT_OK) {
        verdict(feed, sample->verdict, message->topic, sample->name);
        return;
    }
    struct hz_slice key = hz_topic_key(filter->topic, match, sample->name, buffer);
    struct hz_reading reading = {.source_ms = sample->source_ms,
                                 .point = {find_point(feed, key)},
                                 .kind = sample->kind,
                                 .quality = sample->quality,
                                 .flags = flags};
    if (reading.point.v == 0) {
        verdict(feed, HZ_VERDICT_UNKNOWN_POINT, message->topic, key);
        return;
    }
    if (!fill_value(feed, sample, &reading, message->topic))
        return;
    if (sample->source_ms != HZ_NO_SOURCE_TIME &&
        sample->source_ms - feed->p->ingest.last_wall_ns / HZ_NS_PER_MS > feed->skew_ms)
        add(&feed->counts->verdicts[HZ_VERDICT_FUTURE], 1); /* evaluated all the same */
    struct hz_reading *place = place_reading(feed);
    if (place)
        *place = reading;
}

/* --- messages --- */

/* Index of the first sample whose stamp is below the one before it; `count` when there is none. */
static uint32_t first_out_of_order(const struct hz_sample *samples, uint32_t count)
{
    uint32_t i = 1;

    while (i < count && samples[i - 1].source_ms <= samples[i].source_ms)
        i++;
    return i < count ? i : count;
}

static int by_stamp(const void *a, const void *b, void *samples)
{
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int64_t first = ((const struct hz_sample *)samples)[i].source_ms;
    int64_t second = ((const struct hz_sample *)samples)[k].source_ms;

    if (first != second)
        return first < second ? -1 : 1;
    return i < k ? -1 : 1; /* equal stamps stay in the payload's order */
}

/* Readings of one payload are taken in order of stamp. */
static void add_samples(struct pipeline_feed *feed, const struct feed_filter *filter,
                        const struct hz_topic_match *match, const struct hz_sample *samples,
                        uint32_t count, const struct hz_mqtt_message *message) HZ_ON(hz_ingest)
{
    uint16_t flags = message->retained ? HZ_READING_RETAINED : 0;
    bool sorted = first_out_of_order(samples, count) == count;

    if (!sorted) {
        for (uint32_t i = 0; i < count; i++)
            feed->order[i] = i;
        qsort_r(feed->order, count, sizeof(*feed->order), by_stamp, (void *)samples);
    }
    for (uint32_t i = 0; i < count; i++)
        add_sample(feed, filter, match, &samples[sorted ? i : feed->order[i]], message,
                   (uint16_t)(flags | (i == 0 ? HZ_READING_ARRIVAL : 0)));
}

static const struct feed_filter *find_filter(const struct pipeline_feed *feed,
                                             struct hz_slice topic,
                                             struct hz_topic_match *ret_match)
{
    for (uint32_t i = 0; i < feed->config->filter_count; i++)
        if (hz_topic_match(feed->filters[i].topic, topic, ret_match) &&
            (feed->config->filter_count == 1 ||
             hz_topic_filter_matches(feed->filters[i].config->filter, topic)))
            return &feed->filters[i];
    return NULL;
}

static void on_message(void *ctx, const struct hz_mqtt_message *message)
{
    struct pipeline_feed *feed = ctx;
    const struct feed_filter *filter;
    const struct hz_sample *samples;
    struct hz_topic_match match;
    uint32_t count;

    hz_role_assert(&hz_ingest);
    if (!feed->block && feed->messages == 0)
        (void)pipeline__ingest_now(feed->p);
    feed->messages++;
    if (message->ack != 0)
        feed->ack_newest = message->ack;
    if (!message->payload.at) {
        verdict(feed, HZ_VERDICT_OVERSIZE, message->topic, (struct hz_slice){0});
        return;
    }
    filter = find_filter(feed, message->topic, &match);
    if (!filter) {
        verdict(feed, HZ_VERDICT_UNKNOWN_TOPIC, message->topic, message->payload);
        return;
    }
    if (filter->config->format == HZ_PAYLOAD_HEARTBEAT) {
        add_gateway(feed, filter, &match, message);
        return;
    }
    enum hz_verdict what =
        hz_decode(filter->decoder, message->payload.at, message->payload.length, &samples, &count);
    if (what != HZ_VERDICT_OK)
        verdict(feed, what, message->topic, message->payload);
    else
        add_samples(feed, filter, &match, samples, count, message);
}

static void queue_ack(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    struct feed_ack waiting = {feed->p->ingest.next_seq - 1, feed->ack_newest};

    if (feed->acks_end - feed->acks_first == WAITING_ACKS)
        feed->acks_end--; /* merged: its messages wait for the newer seq */
    feed->acks[feed->acks_end++ % WAITING_ACKS] = waiting;
    feed->ack_queued = feed->ack_newest;
}

static void on_read_end(void *ctx)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    close_block(feed);
    feed->p->ingest.arrival++;
    add(&feed->counts->messages, feed->messages);
    add(&feed->counts->readings, feed->readings);
    feed->messages = feed->readings = 0;
    bool acks = feed->ack_newest != feed->ack_queued;
    if (acks)
        queue_ack(feed);
    pipeline__ingest_read_end(feed->p, acks);
}

/* --- connection --- */

static void journal_state(struct pipeline_feed *feed, enum hz_feed_state state) HZ_ON(hz_ingest)
{
    struct hz_record_feed record = {
        .head = {HZ_RECORD_FEED, sizeof(record), 0}, .feed = feed->id, .state = state};

    (void)pipeline__ingest_record(feed->p, &record.head);
}

static void journal_gap(struct pipeline_feed *feed, enum hz_gap_reason reason) HZ_ON(hz_ingest)
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

static void say_state(struct pipeline_feed *feed, enum pipeline_feed_state state,
                      const char *reason) HZ_ON(hz_ingest)
{
    feed->said.kind = PIPELINE_OUTCOME_FEED;
    feed->said.feed = feed->index;
    feed->said.state = state;
    feed->said.since_ns = feed->p->ingest.last_wall_ns;
    (void)snprintf(feed->said.reason, sizeof(feed->said.reason), "%s", reason);
    feed->untold = true;
    tell_state(feed);
}

static void on_connected(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    feed->connected = true;
    say_state(feed, PIPELINE_FEED_CONNECTED, "");
    hz_log_notice("feed %s: connected to %s", feed->config->name, feed->config->address);
    journal_state(feed, HZ_FEED_CONNECTED);
    journal_gap(feed, HZ_GAP_FEED);
}

static void on_lost(struct pipeline_feed *feed, const char *reason) HZ_ON(hz_ingest)
{
    uint64_t held;

    feed->acks_first = feed->acks_end; /* the broker sends those again */
    feed->ack_queued = feed->ack_newest;
    say_state(feed, PIPELINE_FEED_LOST, reason);
    if (hz_log_rate_pass(&feed->log_rate, feed->p->ingest.last_mono_ns, VERDICTS_LOGGED, &held))
        hz_log_warning("feed %s: %s: %s", feed->config->name,
                       feed->connected ? "connection lost" : "not connected", reason);
    if (!feed->connected)
        return; /* it was lost already */
    feed->connected = feed->unread = false;
    feed->lost_wall_ns = feed->p->ingest.last_wall_ns;
    add(&feed->counts->losses, 1);
    journal_state(feed, HZ_FEED_LOST);
}

static void on_state(void *ctx, enum hz_feed_state state, const char *reason)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    (void)pipeline__ingest_now(feed->p);
    close_block(feed);
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
        add(&feed->counts->verdicts[HZ_VERDICT_OVERSIZE], 1);
    } else if (what == HZ_MQTT_QOS2) {
        add(&feed->counts->verdicts[HZ_VERDICT_QOS2], 1);
        close_block(feed);
        pipeline__ingest_observe(feed->p, HZ_OBSERVED_QOS2, feed->id, 1);
        pipeline__ingest_observe(feed->p, HZ_OBSERVED_QOS2, feed->id, 0);
    }
}

/* --- what ingest asks of a feed --- */

void pipeline__feed_pause(struct pipeline_feed *feed, bool paused)
{
    if (!feed->mqtt)
        return; /* stopped */
    hz_mqtt_pause(feed->mqtt, paused);
    if (feed->connected)
        say_state(feed, paused ? PIPELINE_FEED_PAUSED : PIPELINE_FEED_CONNECTED, "");
}

/* Its sockets were not read for more than 2 s: for the engine a feed that was lost. */
void pipeline__feed_unread(struct pipeline_feed *feed, bool unread)
{
    if (unread == feed->unread || !feed->connected)
        return;
    feed->unread = unread;
    close_block(feed);
    if (unread) {
        feed->lost_wall_ns = feed->p->ingest.last_wall_ns;
        journal_state(feed, HZ_FEED_LOST);
        hz_log_warning("feed %s: not read for 2 s, QoS 0 data may be lost at the broker",
                       feed->config->name);
    } else {
        journal_state(feed, HZ_FEED_CONNECTED);
        journal_gap(feed, HZ_GAP_UNREAD);
    }
    pipeline__ingest_observe(feed->p, HZ_OBSERVED_UNREAD, feed->id, unread);
}

void pipeline__feed_ack(struct pipeline_feed *feed, uint64_t durable_seq)
{
    uint64_t ack = 0;

    while (feed->acks_first != feed->acks_end &&
           feed->acks[feed->acks_first % WAITING_ACKS].seq <= durable_seq)
        ack = feed->acks[feed->acks_first++ % WAITING_ACKS].ack;
    if (ack != 0 && feed->mqtt)
        hz_mqtt_ack(feed->mqtt, ack);
}

bool pipeline__feed_waits(const struct pipeline_feed *feed)
{
    return feed->acks_first != feed->acks_end;
}

void pipeline__feed_count(struct pipeline_feed *feed)
{
    struct hz_mqtt_counts counts;

    tell_state(feed);
    if (!feed->mqtt)
        return;
    hz_mqtt_counts(feed->mqtt, &counts);
    atomic_store_explicit(&feed->counts->bytes, counts.bytes, memory_order_relaxed);
    atomic_store_explicit(&feed->counts->acks, counts.acks_sent, memory_order_relaxed);
    atomic_store_explicit(&feed->counts->unread_ns, (uint64_t)counts.unread_ns,
                          memory_order_relaxed);
}

/* --- life --- */

static int new_filter(struct pipeline_feed *feed, uint32_t i)
{
    struct feed_filter *filter = &feed->filters[i];
    struct hz_diagnostics unused; /* the set was checked: only memory can fail */

    filter->config = &feed->config->filters[i];
    hz_diagnostics_init(&unused);
    int error = hz_topic_compile(filter->config->topic, filter->config->key, "hazardd.yaml",
                                 filter->config->line, &unused, &filter->topic);
    hz_diagnostics_done(&unused);
    if (error == 0)
        error = hz_decoder_new(filter->config, feed->zone, &filter->decoder);
    return error;
}

int pipeline__feed_new(struct hz_pipeline *p, uint32_t index, struct pipeline_feed **ret_feed)
{
    struct pipeline_feed *feed = calloc(1, sizeof(*feed));

    if (!feed)
        return -ENOMEM;
    feed->p = p;
    feed->index = index;
    feed->config = &p->set->config->feeds[index];
    feed->counts = &p->feed_counts[index];
    feed->id = pipeline__feed_id(p, index);
    feed->skew_ms = feed->config->skew_ns / HZ_NS_PER_MS;
    feed->lost_wall_ns = hz_wall_ns(p->options.clock);
    feed->filters = calloc(feed->config->filter_count, sizeof(*feed->filters));
    feed->acks = malloc(WAITING_ACKS * sizeof(*feed->acks));
    feed->order = malloc(HZ_PAYLOAD_READINGS_MAX * sizeof(*feed->order));
    int error = feed->filters && feed->acks && feed->order ? 0 : -ENOMEM;
    if (error == 0)
        error = hz_zone_load(feed->config->timezone, &feed->zone);
    for (uint32_t i = 0; error == 0 && i < feed->config->filter_count; i++)
        error = new_filter(feed, i);
    struct hz_mqtt_events events = {on_message, on_read_end, on_state, on_oddity, feed};
    if (error == 0)
        error = hz_mqtt_new(&p->ingest.loop, p->options.clock, feed->config,
                            p->options.runtime_directory, &events, &feed->mqtt);
    if (error < 0) {
        pipeline__feed_free(feed);
        return error;
    }
    *ret_feed = feed;
    return 0;
}

void pipeline__feed_start(struct pipeline_feed *feed)
{
    hz_mqtt_start(feed->mqtt);
}

static void on_closed(void *ctx)
{
    struct pipeline_feed *feed = ctx;

    hz_role_assert(&hz_ingest);
    feed->mqtt = NULL;
    feed->p->ingest.feeds_closed++;
}

void pipeline__feed_stop(struct pipeline_feed *feed)
{
    close_block(feed);
    hz_mqtt_stop(feed->mqtt, on_closed, feed);
}

void pipeline__feed_free(struct pipeline_feed *feed)
{
    if (!feed)
        return;
    for (uint32_t i = 0; feed->filters && i < feed->config->filter_count; i++) {
        hz_topic_free(feed->filters[i].topic);
        hz_decoder_free(feed->filters[i].decoder);
    }
    free(feed->filters);
    free(feed->acks);
    free(feed->order);
    hz_zone_free(feed->zone);
    free(feed);
}
