/* SPDX-License-Identifier: Apache-2.0
 *
 * From an MQTT message to readings in a block. What must stay true: whatever is wrong with a message, or
 * with one reading in it, is a verdict that is counted and disturbs nothing else; the readings of one
 * payload are taken in order of stamp.
 */
#include "feed_priv.h"

#include <stdlib.h>

/* --- verdicts --- */

static void verdict(struct pipeline_feed *feed, enum hz_verdict what, struct hz_slice topic,
                    struct hz_slice detail) HZ_ON(hz_ingest)
{
    char quoted_topic[160], quoted_detail[160];
    uint64_t held;

    feed__add(&feed->counts->verdicts[what], 1);
    if (!hz_log_rate_pass(&feed->log_rate, feed->p->ingest.last_mono_ns, FEED_LINES_LOGGED, &held))
        return;
    hz_log_warning("feed %s: %s (%s): topic %s, %s%s", feed->config->name, hz_verdict_word(what),
                   hz_verdict_text(what),
                   hz_log_quote(quoted_topic, sizeof(quoted_topic), topic.at, topic.length),
                   hz_log_quote(quoted_detail, sizeof(quoted_detail), detail.at, detail.length),
                   held > 0 ? " (more were not logged)" : "");
}

/* --- readings --- */

void feed__close_block(struct pipeline_feed *feed)
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
        feed__close_block(feed);
    if (!feed->block) {
        feed->block = pipeline__ingest_block(feed->p, (uint16_t)feed->id);
        if (!feed->block) {
            feed__add(&feed->p->dropped, 1);
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
        feed__add(&feed->counts->verdicts[HZ_VERDICT_FUTURE], 1); /* evaluated all the same */
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

void feed__message(void *ctx, const struct hz_mqtt_message *message)
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
