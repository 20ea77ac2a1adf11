/* SPDX-License-Identifier: Apache-2.0
 *
 * One point's readings, gaps and alarms, out of all that was journalled. A span of time is read forward
 * and given as it comes; the newest are found backward, a segment at a time, until there are enough. What
 * must stay true: rows are in the order of `seq`, an alarm behind what caused it; memory is that of the rows
 * asked for, and of the point's alarms in the span, never of the journal.
 */
#include "ctl_history.h"

#include "hz_clock.h"
#include "hz_entry.h"
#include "hz_record.h"

#include <math.h>
#include <stdlib.h>

#define LINE_BYTES (2u * HZ_ENTRY_BYTES_MAX)

/* Something of the journal. */
struct moment {
    uint64_t seq;
    int64_t wall_ns;
    uint32_t feed;
    bool gap;
    union {
        struct hz_reading reading;
        struct {
            int64_t from_ns, to_ns;
            uint32_t reason;
        } time;
    };
};

struct reading_on {
    const struct ctl_history *history;
    struct ctl_progress progress;
    ctl_line line;
    void *ctx;
    uint32_t feed; /* of the reading read last */
    bool ended;    /* no more is wanted */
    uint64_t given;
    struct hz_entry **alarms; /* of the span, by seq */
    size_t alarm_count, alarm_at;
    /* backward */
    struct moment *ring; /* of the segment under way: the last `ring_size` */
    uint64_t ring_size, ring_count;
    uint64_t below_seq; /* the segment behind it has it all from here on */
    /* what is done with a moment */
    void (*take)(struct reading_on *on, const struct moment *moment);
    char room[LINE_BYTES];
};

/* --- rows --- */

static void put_value(const struct reading_on *on, const struct hz_reading *reading,
                      struct hz_text *to)
{
    if (reading->kind == HZ_VALUE_F64 && isfinite(reading->value.f64))
        hz_text_decimal(to, reading->value.f64);
    else if (reading->kind == HZ_VALUE_I64)
        hz_text_int(to, reading->value.i64);
    else if (reading->kind == HZ_VALUE_TEXT)
        hz_text_json(
            to, hz_names_key(on->history->names, HZ_NAMED_TEXT, (uint32_t)reading->value.text));
    else
        hz_text_puts(to, "null");
}

static void put_flag(struct hz_text *to, const struct hz_reading *reading, unsigned flag,
                     const char *name)
{
    hz_text_format(to, ",\"%s\":%s", name, reading->flags & flag ? "true" : "false");
}

static void reading_line(const struct reading_on *on, const struct moment *moment,
                         struct hz_text *to)
{
    const struct hz_reading *reading = &moment->reading;
    struct hz_slice feed = hz_names_key(on->history->names, HZ_NAMED_FEED, moment->feed);

    hz_text_format(to, "{\"what\":\"reading\",\"seq\":%llu,\"t_rx\":%lld",
                   (unsigned long long)moment->seq, (long long)(moment->wall_ns / HZ_NS_PER_MS));
    if (reading->source_ms != HZ_NO_SOURCE_TIME)
        hz_text_format(to, ",\"t_src\":%lld", (long long)reading->source_ms);
    hz_text_puts(to, ",\"value\":");
    put_value(on, reading, to);
    hz_text_puts(to, ",\"quality\":");
    hz_text_json(to, hz_slice(hz_quality_word((enum hz_quality)reading->quality)));
    hz_text_puts(to, ",\"feed\":");
    hz_text_json(to, feed.at ? feed : hz_slice(""));
    put_flag(to, reading, HZ_READING_RETAINED, "retained");
    put_flag(to, reading, HZ_READING_HISTORIC, "historic");
    put_flag(to, reading, HZ_READING_DRILL, "drill");
    hz_text_puts(to, "}");
}

static void gap_line(const struct reading_on *on, const struct moment *moment, struct hz_text *to)
{
    static const char *const reasons[] = {"",          "down",      "suspended",
                                          "loop-late", "feed-lost", "feed-unread"};
    struct hz_slice feed = hz_names_key(on->history->names, HZ_NAMED_FEED, moment->feed);
    uint32_t reason = moment->time.reason;

    hz_text_format(to, "{\"what\":\"gap\",\"seq\":%llu,\"from_ms\":%lld,\"to_ms\":%lld",
                   (unsigned long long)moment->seq,
                   (long long)(moment->time.from_ns / HZ_NS_PER_MS),
                   (long long)(moment->time.to_ns / HZ_NS_PER_MS));
    hz_text_format(to, ",\"reason\":\"%s\",\"feed\":",
                   reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[reason] : "");
    hz_text_json(to, feed.at ? feed : hz_slice(""));
    hz_text_puts(to, "}");
}

static void give(struct reading_on *on, const struct hz_text *line)
{
    ctl_progress_hide(&on->progress);
    on->ended = !on->line(on->ctx, line->at, line->length);
    on->given++;
    on->ended |= on->given >= on->history->limit;
}

/* Alarms of the log that were caused before this record. */
static void give_alarms_before(struct reading_on *on, uint64_t seq)
{
    while (!on->ended && on->alarm_at < on->alarm_count && on->alarms[on->alarm_at]->seq < seq) {
        const struct hz_entry *entry = on->alarms[on->alarm_at++];
        struct hz_text line = hz_text_in(on->room, sizeof(on->room));
        uint64_t n = entry->place_count > 0 ? hz_entry_places(entry)->n : entry->number;

        hz_text_puts(&line, "{\"what\":\"alarm\",");
        line.length--; /* the entry's own brace comes instead of the comma */
        hz_entry_json(entry, n, true, &line);
        on->room[sizeof("{\"what\":\"alarm\"") - 1] = ',';
        give(on, &line);
    }
}

static void give_moment(struct reading_on *on, const struct moment *moment)
{
    struct hz_text line;

    give_alarms_before(on, moment->seq);
    if (on->ended)
        return;
    line = hz_text_in(on->room, sizeof(on->room));
    if (moment->gap)
        gap_line(on, moment, &line);
    else
        reading_line(on, moment, &line);
    give(on, &line);
}

/* --- the journal --- */

static void take_readings(struct reading_on *on, const struct hz_block *block)
{
    const struct hz_reading *readings = hz_block_readings(block);

    for (uint32_t i = 0; i < block->count && !on->ended; i++) {
        struct moment moment = {
            .seq = block->seq + i, .wall_ns = block->wall_ns, .feed = block->feed};

        if (readings[i].point.v != on->history->point || (readings[i].flags & HZ_READING_GATEWAY))
            continue;
        moment.reading = readings[i];
        on->feed = block->feed;
        on->take(on, &moment);
    }
}

/* Gaps, of the whole or of the feed that the point comes by: what looks like silence was not watched. */
static void take_control(struct reading_on *on, const struct hz_block *block)
{
    const struct hz_record *record = hz_block_first_record(block);

    for (uint32_t i = 0; i < block->count && !on->ended; i++, record = hz_record_next(record)) {
        const struct hz_record_gap *gap = (const void *)record;
        struct moment moment = {.seq = block->seq + i, .wall_ns = block->wall_ns, .gap = true};

        if (record->kind != HZ_RECORD_GAP || (gap->feed != 0 && gap->feed != on->feed))
            continue;
        moment.feed = gap->feed;
        moment.time.from_ns = gap->from_wall_ns;
        moment.time.to_ns = gap->to_wall_ns;
        moment.time.reason = gap->reason;
        on->take(on, &moment);
    }
}

static bool take_block(void *ctx, const void *frame, uint32_t bytes)
{
    struct reading_on *on = ctx;
    const struct hz_block *block = frame;
    int64_t ms = block->wall_ns / HZ_NS_PER_MS;

    if (ms < on->history->from_ms || ms > on->history->to_ms || block->seq >= on->below_seq ||
        !hz_block_shape_ok(block, bytes))
        return true;
    if (block->kind == HZ_BLOCK_READINGS)
        take_readings(on, block);
    else
        take_control(on, block);
    return !on->ended;
}

/* --- the alarms log --- */

static bool take_entry(void *ctx, const void *frame, uint32_t bytes)
{
    struct reading_on *on = ctx;
    const struct hz_entry *entry = frame;
    struct hz_slice values[HZ_FIELD_COUNT];

    if (bytes < sizeof(*entry) || entry->point != on->history->point ||
        entry->id.ms < on->history->from_ms || entry->id.ms > on->history->to_ms ||
        !hz_entry_values(entry, bytes, values))
        return true;
    struct hz_entry **grown =
        realloc(on->alarms, (on->alarm_count + 1) * sizeof(struct hz_entry *));
    struct hz_entry *copy = grown ? malloc(bytes) : NULL;
    if (grown)
        on->alarms = grown;
    if (!copy) {
        ctl_say("no memory");
        return false;
    }
    memcpy(copy, entry, bytes);
    on->alarms[on->alarm_count++] = copy;
    return true;
}

/* In the order of the log, which is that of seq, but after damage. */
static int by_seq(const void *a, const void *b)
{
    const struct hz_entry *one = *(struct hz_entry *const *)a,
                          *other = *(struct hz_entry *const *)b;

    if (one->seq != other->seq)
        return one->seq < other->seq ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

static int read_alarms(struct reading_on *on, int64_t from_ms)
{
    struct ctl_segments segments;
    uint32_t first, end;
    int code = ctl_state_segments(on->history->state, HZ_SEGMENT_ALARMS, &segments);

    if (code != CTL_OK)
        return code;
    ctl_state_between(&segments, from_ms, on->history->to_ms, &first, &end);
    code = ctl_state_read(&segments, first, end, &on->progress, take_entry, on);
    ctl_state_segments_done(&segments);
    if (on->alarm_count > 0)
        qsort(on->alarms, on->alarm_count, sizeof(struct hz_entry *), by_seq);
    return code;
}

/* --- forward --- */

static uint64_t bytes_of(const struct ctl_segments *segments, uint32_t first, uint32_t end)
{
    uint64_t bytes = 0;

    for (uint32_t i = first; i < end; i++)
        bytes += segments->all[i].bytes;
    return bytes;
}

static int read_forward(struct reading_on *on, const struct ctl_segments *segments, uint32_t first,
                        uint32_t end)
{
    int code = read_alarms(on, on->history->from_ms);

    on->take = give_moment;
    if (code == CTL_OK)
        code = ctl_state_read(segments, first, end, &on->progress, take_block, on);
    give_alarms_before(on, UINT64_MAX);
    return code;
}

/* --- backward --- */

static void keep_moment(struct reading_on *on, const struct moment *moment)
{
    on->ring[on->ring_count++ % on->ring_size] = *moment;
}

/* Puts what the ring holds in front of what is kept, as much as there is room. */
static uint64_t unroll(const struct reading_on *on, struct moment *kept, uint64_t free_places)
{
    uint64_t have = on->ring_count < on->ring_size ? on->ring_count : on->ring_size;
    uint64_t take = have < free_places ? have : free_places;

    for (uint64_t i = 0; i < take; i++)
        kept[free_places - 1 - i] = on->ring[(on->ring_count - 1 - i) % on->ring_size];
    return free_places - take;
}

static void give_kept(struct reading_on *on, const struct moment *kept, uint64_t count)
{
    uint64_t rows = count;

    for (size_t i = 0; i < on->alarm_count; i++)
        rows += count == 0 || on->alarms[i]->seq >= kept[0].seq;
    uint64_t over = rows > on->history->limit ? rows - on->history->limit : 0, at = 0;
    if (count > 0) /* alarms older than the oldest reading kept: newer ones may stand before them */
        while (on->alarm_at < on->alarm_count && on->alarms[on->alarm_at]->seq < kept[0].seq)
            on->alarm_at++;
    for (; over > 0; over--) {
        bool alarm = on->alarm_at < on->alarm_count &&
                     (at == count || on->alarms[on->alarm_at]->seq < kept[at].seq);

        if (alarm)
            on->alarm_at++;
        else
            at++;
    }
    for (; at < count && !on->ended; at++)
        give_moment(on, &kept[at]);
    give_alarms_before(on, UINT64_MAX);
}

static int read_backward(struct reading_on *on, const struct ctl_segments *segments, uint32_t first,
                         uint32_t end)
{
    uint64_t limit = on->history->limit, free_places = limit;
    struct moment *kept = calloc(limit, sizeof(*kept));
    int code = CTL_OK;

    on->ring_size = limit;
    on->ring = calloc(limit, sizeof(*on->ring));
    if (!kept || !on->ring) {
        ctl_say("no memory");
        free(kept);
        return CTL_REFUSED;
    }
    on->take = keep_moment;
    for (uint32_t at = end; code == CTL_OK && at > first && free_places > 0; at--) {
        on->ring_count = 0;
        on->below_seq = at < end ? segments->all[at].first : UINT64_MAX;
        code = ctl_state_read(segments, at - 1, at, &on->progress, take_block, on);
        free_places = unroll(on, kept, free_places);
    }
    const struct moment *oldest = free_places < limit ? &kept[free_places] : NULL;
    if (code == CTL_OK) /* with no reading at all, all alarms there are */
        code = read_alarms(on, oldest ? oldest->wall_ns / HZ_NS_PER_MS : on->history->from_ms);
    if (code == CTL_OK)
        give_kept(on, kept + free_places, limit - free_places);
    free(kept);
    return code;
}

int ctl_history_read(const struct ctl_history *history, ctl_line line, void *ctx)
{
    struct reading_on *on = calloc(1, sizeof(*on));
    struct ctl_segments segments;
    uint32_t first, end;

    if (!on) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    *on =
        (struct reading_on){.history = history, .line = line, .ctx = ctx, .below_seq = UINT64_MAX};
    int code = ctl_state_segments(history->state, HZ_SEGMENT_JOURNAL, &segments);
    if (code == CTL_OK) {
        ctl_state_between(&segments, history->from_ms, history->to_ms, &first, &end);
        ctl_progress_begin(&on->progress, bytes_of(&segments, first, end));
        code = history->newest ? read_backward(on, &segments, first, end)
                               : read_forward(on, &segments, first, end);
        ctl_progress_hide(&on->progress);
    }
    ctl_state_segments_done(&segments);
    for (size_t i = 0; i < on->alarm_count; i++)
        free(on->alarms[i]);
    free(on->alarms);
    free(on->ring);
    free(on);
    return code;
}
