/* SPDX-License-Identifier: Apache-2.0
 *
 * From an MQTT message to readings in a block. What must stay true: whatever is wrong with a message, or
 * with one reading in it, is a verdict that is counted and disturbs nothing else; the readings of one
 * payload are taken in order of stamp.
 */
#include "feed_priv.h"

#include "unknown_priv.h"

#include <stdlib.h>
#include <string.h>

/* --- verdicts --- */

/* Counted, noted, and said now and then. The note's name is a point's key or a topic. */
static void refuse(struct pipeline_feed *feed, const struct unknown_note *note) HZ_ON(hz_ingest)
{
    char quoted_where[160], quoted_detail[160];
    enum hz_verdict what = note->verdict;
    struct hz_slice where = note->name, detail = note->sample;
    uint64_t held;

    feed__add(&feed->counts->verdicts[what], 1);
    ingest__unknown(feed->p, note);
    if (!hz_log_rate_pass(&feed->log_rate, feed->p->ingest.last_mono_ns, FEED_LINES_LOGGED, &held))
        return;
    hz_log_warning("feed %s: %s (%s): %s %s%s%s%s", feed->config->name, hz_verdict_word(what),
                   hz_verdict_text(what), note->point ? "point" : "topic",
                   hz_log_quote(quoted_where, sizeof(quoted_where), where.at, where.length),
                   detail.length > 0 ? ", " : "",
                   hz_log_quote(quoted_detail, sizeof(quoted_detail), detail.at, detail.length),
                   held > 0 ? " (more were not logged)" : "");
}

static void verdict(struct pipeline_feed *feed, enum hz_verdict what, struct hz_slice topic,
                    struct hz_slice detail) HZ_ON(hz_ingest)
{
    struct unknown_note note = {.feed = feed->id, .verdict = what, .name = topic, .sample = detail};

    refuse(feed, &note);
}

/* --- readings --- */

static void commit_block(struct pipeline_feed *feed) HZ_ON(hz_ingest)
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
        commit_block(feed);
    if (!feed->block) {
        feed->block = pipeline__ingest_block(feed->p, (uint16_t)feed->id);
        if (!feed->block) {
            feed__add(&feed->counts->dropped, 1);
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

    if (gateway == 0 || !hz_registry_gateway(feed->p->ingest.set->registry, gateway)) {
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

/* --- points, looked up a few readings later --- */

/* Readings go through a ring in groups. When a group is full, those before it go a step on in their
 * look-ups (hz_names.h) and the oldest is settled, so that the memory that a step waits for is fetched
 * while the readings of a group are decoded. Order is kept. */

#define GROUP 8u /* readings from one step to the next: some 300 ns of other work */
_Static_assert(FEED_SOUGHT == 4 * GROUP, "a group for each step, and the new one");

typedef void names_step(const struct hz_names *names, enum hz_named_kind kind,
                        struct hz_names_seek *seeks, uint32_t count);

/* A step of the look-ups `from` to `to`, which may go round the end of the ring. */
static void step(struct pipeline_feed *feed, names_step *take, uint64_t from, uint64_t to)
    HZ_ON(hz_ingest)
{
    while (from < to) {
        uint32_t at = from % FEED_SOUGHT, count = FEED_SOUGHT - at;

        if (count > to - from)
            count = (uint32_t)(to - from);
        take(feed->p->names, HZ_NAMED_POINT, &feed->seeks[at], count);
        from += count;
    }
}

/* The point is known now, or is not. */
static void settle(struct pipeline_feed *feed, const struct hz_names_seek *seek,
                   const struct feed_sought *sought) HZ_ON(hz_ingest)
{
    if (seek->id == 0 || !pipeline__point_present(feed->p, seek->id)) {
        struct unknown_note note = {.feed = feed->id,
                                    .verdict = HZ_VERDICT_UNKNOWN_POINT,
                                    .point = true,
                                    .name = {seek->key, seek->length},
                                    .reading = &sought->reading};
        refuse(feed, &note);
        return;
    }
    struct hz_reading *place = place_reading(feed);
    if (!place)
        return;
    *place = sought->reading;
    place->point.v = seek->id;
    if (sought->payload != feed->payload_placed)
        place->flags |= HZ_READING_ARRIVAL;
    feed->payload_placed = sought->payload;
}

/* The last step of those before `end`, the oldest. */
static void settle_to(struct pipeline_feed *feed, uint64_t end) HZ_ON(hz_ingest)
{
    step(feed, hz_names_seek_keys, feed->sought_first, end);
    while (feed->sought_first < end) {
        uint64_t at = feed->sought_first++ % FEED_SOUGHT;
        settle(feed, &feed->seeks[at], &feed->sought[at]);
    }
}

/* Then the ring is empty, and the next group begins at its head. */
static void settle_all(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    step(feed, hz_names_seek_slots, feed->sought_first, feed->sought_end);
    step(feed, hz_names_seek_places, feed->sought_first, feed->sought_end);
    settle_to(feed, feed->sought_end);
    feed->sought_first = feed->sought_end = 0;
}

/* A group is full: the one before it reads its slots, and so on. */
static void step_groups(struct pipeline_feed *feed) HZ_ON(hz_ingest)
{
    uint64_t end = feed->sought_end;

    if (end >= 2 * GROUP)
        step(feed, hz_names_seek_slots, end - 2 * GROUP, end - GROUP);
    if (end >= 3 * GROUP)
        step(feed, hz_names_seek_places, end - 3 * GROUP, end - 2 * GROUP);
    if (end >= 4 * GROUP)
        settle_to(feed, end - 3 * GROUP);
}

static void seek(struct pipeline_feed *feed, const struct hz_reading *reading, struct hz_slice key)
    HZ_ON(hz_ingest)
{
    uint64_t at = feed->sought_end++ % FEED_SOUGHT;

    hz_names_seek(feed->p->names, HZ_NAMED_POINT, key, &feed->seeks[at]);
    feed->sought[at].reading = *reading;
    feed->sought[at].payload = feed->payload;
    if (feed->sought_end % GROUP == 0)
        step_groups(feed);
}

/* A text's id depends on its point: settled at once. */
static bool text_value(struct pipeline_feed *feed, struct hz_slice key,
                       const struct hz_sample *sample, struct hz_reading *reading) HZ_ON(hz_ingest)
{
    uint32_t point = hz_names_find(feed->p->names, HZ_NAMED_POINT, key.at, key.length);

    if (point != 0) /* an unknown point gets its verdict in its turn */
        reading->value.text = pipeline__text_id(feed->p, point, sample->text);
    if (point == 0 || reading->value.text != 0)
        return true;
    struct unknown_note note = {.feed = feed->id,
                                .verdict = HZ_VERDICT_TEXT_LIMIT,
                                .point = true,
                                .name = key,
                                .sample = sample->text};
    refuse(feed, &note);
    return false;
}

static void add_sample(struct pipeline_feed *feed, const struct feed_filter *filter,
                       const struct hz_topic_match *match, const struct hz_sample *sample,
                       const struct hz_mqtt_message *message) HZ_ON(hz_ingest)
{
    char buffer[HZ_KEY_BYTES_MAX + 1];
    struct hz_reading reading = {.source_ms = sample->source_ms,
                                 .kind = sample->kind,
                                 .quality = sample->quality,
                                 .flags = message->retained ? HZ_READING_RETAINED : 0};

    if (sample->verdict != HZ_VERDICT_OK) {
        verdict(feed, sample->verdict, message->topic, sample->name);
        return;
    }
    struct hz_slice key = hz_topic_key(filter->topic, match, sample->name, buffer);
    if (key.length == 0) {
        verdict(feed, HZ_VERDICT_UNKNOWN_POINT, message->topic, sample->name);
        return;
    }
    if (sample->kind == HZ_VALUE_F64)
        reading.value.f64 = sample->f64;
    else if (sample->kind == HZ_VALUE_I64)
        reading.value.i64 = sample->i64;
    else if (sample->kind == HZ_VALUE_TEXT && !text_value(feed, key, sample, &reading))
        return;
    if (sample->source_ms != HZ_NO_SOURCE_TIME && sample->source_ms > feed->future_ms)
        feed__add(&feed->counts->verdicts[HZ_VERDICT_FUTURE], 1); /* evaluated all the same */
    seek(feed, &reading, key);
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

void feed__close_block(struct pipeline_feed *feed)
{
    settle_all(feed);
    commit_block(feed);
}

/* Readings of one payload are taken in order of stamp. */
static void add_samples(struct pipeline_feed *feed, const struct feed_filter *filter,
                        const struct hz_topic_match *match, const struct hz_sample *samples,
                        uint32_t count, const struct hz_mqtt_message *message) HZ_ON(hz_ingest)
{
    bool sorted = first_out_of_order(samples, count) == count;

    if (!sorted) {
        for (uint32_t i = 0; i < count; i++)
            feed->order[i] = i;
        qsort_r(feed->order, count, sizeof(*feed->order), by_stamp, (void *)samples);
    }
    feed->payload++;
    for (uint32_t i = 0; i < count; i++)
        add_sample(feed, filter, match, &samples[sorted ? i : feed->order[i]], message);
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
    if (feed->messages == 0) {
        (void)pipeline__ingest_now(feed->p);
        feed->read_ns = feed->p->ingest.last_mono_ns;
        feed->future_ms = feed->p->ingest.last_wall_ns / HZ_NS_PER_MS + feed->skew_ms;
    }
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
        settle_all(feed); /* order is kept */
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
