/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed is made and freed here: everything of it that needs no loop (zone, topics, decoders), by main at
 * the start and by the builder for a set to come. What must stay true: what opens is complete, so that
 * ingest reads no file for it; a feed keeps the configuration that it was made of.
 */
#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int new_filter(struct pipeline_feed *feed, uint32_t i)
{
    struct feed_filter *filter = &feed->filters[i];
    struct hz_diagnostics unused; /* the set was checked: only memory can fail */

    filter->config = &feed->config->filters[i];
    bool life = filter->config->format == HZ_PAYLOAD_HEARTBEAT;
    hz_diagnostics_init(&unused);
    int error = hz_topic_compile(filter->config->topic, life ? "" : filter->config->key,
                                 "hazardd.yaml", filter->config->line, &unused, &filter->topic);
    hz_diagnostics_done(&unused);
    if (error == 0)
        error = hz_decoder_new(filter->config, feed->zone, &filter->decoder);
    return error;
}

static void free_feed(struct pipeline_feed *feed)
{
    if (!feed)
        return;
    hz_assert(!feed->mqtt);
    for (uint32_t i = 0; feed->filters && i < feed->config->filter_count; i++) {
        hz_topic_free(feed->filters[i].topic);
        hz_decoder_free(feed->filters[i].decoder);
    }
    free(feed->filters);
    free(feed->acks);
    free(feed->order);
    hz_zone_free(feed->zone);
    hz_config_unref(feed->of);
    free(feed);
}

static int new_feed(struct hz_pipeline *p, const struct hz_set *set, uint32_t index,
                    struct pipeline_feed **ret_feed)
{
    struct pipeline_feed *feed = calloc(1, sizeof(*feed));

    if (!feed)
        return -ENOMEM;
    feed->p = p;
    feed->of = hz_config_ref(set->config);
    feed->config = &feed->of->feeds[index];
    feed->id = set->feed_ids[index];
    feed->counts = &p->feed_counts[feed->id];
    feed->skew_ms = feed->config->skew_ns / HZ_NS_PER_MS;
    feed->filters = calloc(feed->config->filter_count, sizeof(*feed->filters));
    feed->acks = malloc(FEED_WAITING_ACKS * sizeof(*feed->acks));
    feed->order = malloc(HZ_PAYLOAD_READINGS_MAX * sizeof(*feed->order));
    int error = feed->filters && feed->acks && feed->order ? 0 : -ENOMEM;
    if (error == 0)
        error = hz_mqtt_check(feed->config, p->options.runtime_directory);
    if (error == 0)
        error = hz_zone_load(feed->config->timezone, &feed->zone);
    for (uint32_t i = 0; error == 0 && i < feed->config->filter_count; i++)
        error = new_filter(feed, i);
    if (error < 0) {
        hz_log_error("feed %s: %s", feed->config->name, hz_strerror(error));
        free_feed(feed);
        return error;
    }
    *ret_feed = feed;
    return 0;
}

static bool goes_on(const struct hz_config *before, const struct hz_feed_config *feed)
{
    for (uint32_t i = 0; before && i < before->feed_count; i++)
        if (hz_config_same_connection(&before->feeds[i], feed))
            return true;
    return false;
}

int pipeline__feeds_new(struct hz_pipeline *p, const struct hz_set *before,
                        const struct hz_set *after, struct pipeline_feeds *ret_feeds)
{
    const struct hz_config *config = after->config;
    struct pipeline_feeds feeds = {.count = config->feed_count};
    int error = 0;

    feeds.at = calloc((size_t)feeds.count + 1, sizeof(struct pipeline_feed *));
    if (!feeds.at)
        return -ENOMEM;
    for (uint32_t i = 0; error == 0 && i < feeds.count; i++)
        if (!goes_on(before ? before->config : NULL, &config->feeds[i]))
            error = new_feed(p, after, i, &feeds.at[i]);
    if (error < 0)
        pipeline__feeds_free(&feeds);
    else
        *ret_feeds = feeds;
    return error;
}

void pipeline__feeds_free(struct pipeline_feeds *feeds)
{
    for (uint32_t i = 0; feeds->at && i < feeds->count; i++)
        free_feed(feeds->at[i]);
    free(feeds->at);
    *feeds = (struct pipeline_feeds){0};
}

void pipeline__feeds_free_gone(struct hz_pipeline *p)
{
    struct pipeline_feed *feed =
        atomic_exchange_explicit(&p->feeds_gone, NULL, memory_order_acquire);

    while (feed) {
        struct pipeline_feed *next = feed->next;
        free_feed(feed);
        feed = next;
    }
}
