/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed, between the file that keeps it (ingest_feed.c) and the file that reads its messages
 * (ingest_message.c).
 */
#ifndef FEED_PRIV_H
#define FEED_PRIV_H

#include "ingest_priv.h"

#define FEED_WAITING_ACKS 4096u /* reads whose messages are not durable yet; when full the newest merge */
#define FEED_LINES_LOGGED 3u    /* per second and feed */

struct feed_filter {
    const struct hz_filter_config *config;
    struct hz_topic *topic;
    struct hz_decoder *decoder;
};

struct feed_ack {
    uint64_t seq; /* when this is durable ... */
    uint64_t ack; /* ... everything up to this number is acknowledged */
};

/* A reading whose point is being looked up. */
struct feed_sought {
    struct hz_reading reading;
    uint32_t payload; /* which it came in */
};

#define FEED_SOUGHT 32u

struct pipeline_feed {
    struct hz_pipeline *p;
    struct hz_config *of; /* a reference: what `config` is part of */
    const struct hz_feed_config *config;
    struct pipeline_feed_counts *counts; /* of all that had this name, one after the other */
    uint32_t id;
    struct hz_mqtt *mqtt; /* NULL before it has opened and when it has closed */
    struct hz_mqtt_events events;
    struct hz_zone *zone;
    struct feed_filter *filters;
    struct hz_block *block; /* open between the first reading of a read and its end */
    uint64_t ack_newest, ack_queued;
    struct feed_ack *acks; /* ring of FEED_WAITING_ACKS */
    uint64_t acks_first, acks_end;
    bool connected, unread, untold;
    struct pipeline_outcome said;
    int64_t lost_wall_ns;        /* since when nobody listened */
    uint64_t messages, readings; /* published to counts once per read */
    int64_t read_ns;             /* when the read under way began, mono */
    uint64_t dropped_said;
    int64_t skew_ms, future_ms;  /* stamps beyond this are ahead of arrival by more than the skew */
    uint32_t payload, payload_placed; /* numbers of the present payload, and of the last with a reading */
    struct feed_sought sought[FEED_SOUGHT];  /* a ring from first to end ... */
    struct hz_names_seek seeks[FEED_SOUGHT]; /* ... and their look-ups */
    uint64_t sought_first, sought_end;
    struct hz_mqtt_counts counted; /* in `counts` before this connection: bytes, acks_sent, unread_ns */
    struct hz_log_rate log_rate;
    bool in_force, leaving, closing;        /* ingest_feeds.c */
    int64_t leave_by_ns;                    /* mono */
    struct pipeline_feed *next;             /* of those that leave, and of those that are gone */
    struct pipeline_feed *before, *after;   /* under the same name: whose end this one waits for, who waits for its end */
    uint32_t *order; /* of a batch by stamp */
};

static inline void feed__add(_Atomic uint64_t *count, uint64_t by)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + by, memory_order_relaxed);
}

/* ingest_message.c: an hz_mqtt_events.message, ctx a struct pipeline_feed */
void feed__message(void *ctx, const struct hz_mqtt_message *message);
/* ingest_feed.c */
void feed__journal_state(struct pipeline_feed *feed, enum hz_feed_state state) HZ_ON(hz_ingest);
void feed__journal_gap(struct pipeline_feed *feed, enum hz_gap_reason reason) HZ_ON(hz_ingest);
void feed__say_state(struct pipeline_feed *feed, enum pipeline_feed_state state, const char *reason) HZ_ON(hz_ingest);
/* ingest_message.c: ends the block of the read under way. */
void feed__close_block(struct pipeline_feed *feed) HZ_ON(hz_ingest);

#endif
