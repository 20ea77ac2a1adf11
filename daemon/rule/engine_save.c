/* SPDX-License-Identifier: Apache-2.0
 *
 * Saving the state, and its digest: the same bytes, written or folded. What must stay true: two
 * engines in the same state write the same bytes, whatever the way to it; the counters, which no
 * transition depends on, are written but are no part of the digest.
 *
 * The digest is chained over pieces of PIECE_BYTES: each is hashed together with the digest so far.
 */
#include "engine_saved.h"

#include <string.h>

#define PIECE_BYTES 16384u

struct sink {
    hz_engine_write write; /* NULL: a digest is taken */
    void *ctx;
    int error;
    uint32_t used;
    struct {
        struct hz_digest before;
        char piece[PIECE_BYTES];
    } buffer;
};

static void flush(struct sink *sink)
{
    if (sink->write)
        sink->error = sink->write(sink->ctx, sink->buffer.piece, sink->used);
    else
        sink->buffer.before = hz_digest(&sink->buffer, sizeof(sink->buffer.before) + sink->used);
    sink->used = 0;
}

/* Pieces are full but for the last, so that their bounds follow from the bytes alone. */
static void put(struct sink *sink, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length > 0 && sink->error == 0) {
        size_t part = PIECE_BYTES - sink->used;
        part = part < length ? part : length;
        memcpy(sink->buffer.piece + sink->used, from, part);
        sink->used += (uint32_t)part;
        from += part;
        length -= part;
        if (sink->used == PIECE_BYTES)
            flush(sink);
    }
}

/* --- what lives --- */

static bool feed_lives(const struct engine_feed *of)
{
    return of->lost || of->unread || of->lost_ns != 0 || of->connected_ns != 0 ||
           of->watched_ns != 0;
}

static bool gateway_lives(const struct engine_gateway *of)
{
    return of->in_set || of->listed;
}

static bool point_lives(const struct hz_engine *engine, uint32_t point)
{
    return engine->points[point].flags & ENGINE_IN_SET || rule__is_listed(engine, point);
}

static bool system_lives(const struct engine_system *of)
{
    return of->alarm.state != 0;
}

static bool view_lives(const struct engine_view *of)
{
    return of->n != 0;
}

/* --- pieces --- */

static void put_head(const struct hz_engine *engine, struct sink *sink)
{
    struct saved_head head = {.format = ENGINE_FORMAT,
                              .semantics = HZ_SEMANTICS_VERSION,
                              .seq = engine->seq,
                              .jt_ns = engine->jt_ns};

    memcpy(head.magic, ENGINE_MAGIC, sizeof(head.magic));
    if (engine->ruleset) {
        head.has_set = 1;
        head.set = engine->ruleset->set->digest;
    }
    put(sink, &head, sizeof(head));
}

static void count_lives(const struct hz_engine *engine, struct saved_numbers *numbers)
{
    for (uint32_t feed = 0; feed < engine->feed_end; feed++) {
        numbers->feeds += feed_lives(&engine->feeds[feed]);
        for (unsigned what = 1; what < HZ_OBSERVED_END; what++)
            numbers->systems += system_lives(&engine->systems[(size_t)what * ENGINE_FEEDS + feed]);
    }
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++)
        numbers->gateways += gateway_lives(&engine->gateways[gateway]);
    for (uint32_t point = 1; point < engine->point_end; point++)
        numbers->points += point_lives(engine, point);
    for (uint32_t view = 1; view < HZ_VIEW_ID_END; view++)
        numbers->views += view_lives(&engine->views[view]);
}

static void put_numbers(const struct hz_engine *engine, struct sink *sink)
{
    struct saved_numbers numbers = {.watched_ns = engine->watched_ns,
                                    .set_ns = engine->set_ns,
                                    .last_id = engine->last_id,
                                    .number = engine->number,
                                    .all_n = engine->all_n,
                                    .wall_ns = engine->wall_ns,
                                    .journal = engine->journal,
                                    .episodes = engine->episodes,
                                    .arrivals = engine->arrivals,
                                    .place = engine->place};

    count_lives(engine, &numbers);
    put(sink, &numbers, sizeof(numbers));
}

static void put_feeds(const struct hz_engine *engine, struct sink *sink)
{
    for (uint32_t feed = 0; feed < engine->feed_end; feed++) {
        const struct engine_feed *of = &engine->feeds[feed];
        struct saved_feed saved = {.lost_ns = of->lost_ns,
                                   .connected_ns = of->connected_ns,
                                   .watched_ns = of->watched_ns,
                                   .feed = feed,
                                   .lost = of->lost,
                                   .unread = of->unread};
        if (feed_lives(of))
            put(sink, &saved, sizeof(saved));
    }
}

static void put_systems(const struct hz_engine *engine, struct sink *sink)
{
    for (unsigned what = 1; what < HZ_OBSERVED_END; what++)
        for (uint32_t feed = 0; feed < engine->feed_end; feed++) {
            const struct engine_system *of = &engine->systems[(size_t)what * ENGINE_FEEDS + feed];
            struct saved_system saved = {
                .what = what, .feed = feed, .seen = of->seen, .alarm = of->alarm};
            if (system_lives(of))
                put(sink, &saved, sizeof(saved));
        }
}

static uint32_t length_of(const struct hz_engine *engine, uint32_t chain)
{
    uint32_t count = 0;

    for (; chain != 0; chain = engine->notes[chain].next)
        count++;
    return count;
}

static void put_notes(const struct hz_engine *engine, uint32_t chain, struct sink *sink)
{
    for (; chain != 0; chain = engine->notes[chain].next) {
        struct engine_note note = engine->notes[chain];
        if (rule__level_changed(engine, &note))
            note.flags |= ENGINE_NOTE_CHANGED;
        note.next = note.owner = 0;
        if (note.kind == ENGINE_NOTE_LEVEL)
            note.level.place = 0;
        else if (note.kind == ENGINE_NOTE_ALARM)
            note.alarm.place = 0;
        put(sink, &note, sizeof(note));
    }
}

static void put_gateways(const struct hz_engine *engine, struct sink *sink)
{
    for (uint32_t gateway = 1; gateway < engine->gateway_end; gateway++) {
        const struct engine_gateway *of = &engine->gateways[gateway];
        struct saved_gateway saved = {.life_ns = engine->signs[gateway].life_ns,
                                      .since_ns = of->since_ns,
                                      .gateway = gateway,
                                      .notes = length_of(engine, of->notes),
                                      .feed = engine->signs[gateway].feed,
                                      .in_set = of->in_set,
                                      .listed = of->listed,
                                      .enterprise = of->enterprise};
        if (!gateway_lives(of))
            continue;
        put(sink, &saved, sizeof(saved));
        put_notes(engine, of->notes, sink);
    }
}

static void put_points(const struct hz_engine *engine, struct sink *sink)
{
    for (uint32_t point = 1; point < engine->point_end && sink->error == 0; point++) {
        const struct engine_point *of = &engine->points[point];
        if (!point_lives(engine, point))
            continue;
        unsigned listed = rule__is_listed(engine, point) ? ENGINE_LISTED : 0;
        struct saved_point saved = {.value = of->value,
                                    .source_ms = of->source_ms,
                                    .life_ns = of->life_ns,
                                    .arrival_ns = of->arrival_ns,
                                    .point = point,
                                    .notes = length_of(engine, of->notes),
                                    .feed = of->feed,
                                    .gateway = of->gateway,
                                    .flags = (uint16_t)((of->flags | listed) & ENGINE_SAVED_MASK),
                                    .kind = of->kind,
                                    .quality = of->quality,
                                    .enterprise = of->enterprise};
        put(sink, &saved, sizeof(saved));
        put_notes(engine, of->notes, sink);
    }
}

static void put_views(const struct hz_engine *engine, struct sink *sink)
{
    for (uint32_t view = 1; view < HZ_VIEW_ID_END; view++) {
        struct saved_view saved = {.view = view, .of = engine->views[view]};
        if (view_lives(&saved.of))
            put(sink, &saved, sizeof(saved));
    }
}

static void put_state(const struct hz_engine *engine, struct sink *sink)
{
    put_head(engine, sink);
    put_numbers(engine, sink);
    put_feeds(engine, sink);
    put_systems(engine, sink);
    put_gateways(engine, sink);
    put_points(engine, sink);
    put_views(engine, sink);
}

int hz_engine_save(const struct hz_engine *engine, hz_engine_write write, void *ctx)
{
    struct sink sink = {.write = write, .ctx = ctx};

    put_state(engine, &sink);
    put(&sink, &engine->counts, sizeof(engine->counts));
    if (sink.error == 0 && sink.used > 0)
        flush(&sink);
    return sink.error;
}

struct hz_digest hz_engine_digest(const struct hz_engine *engine)
{
    struct sink sink = {.write = NULL};

    put_state(engine, &sink);
    flush(&sink);
    return sink.buffer.before;
}
