/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of the script, and where their entries come from: the tail or, when they are older than it,
 * the alarms log. What must stay true: the entries of a call follow each other and the one expected;
 * nothing goes out that was not released; an entry that nobody can read any more holds up the newer
 * ones for some heart-beats only, and is counted.
 */
#include "publish_priv.h"

/* --- calls --- */

static uint64_t ms_of(int64_t ns)
{
    return ns > 0 ? (uint64_t)(ns / HZ_NS_PER_MS) : 0;
}

/* What every mode has, in the order that script.c names. */
static struct publish_command begin_call(struct publish_stream *stream, const char *mode,
                                         unsigned keys)
{
    const struct hz_publisher *p = stream->p;
    struct publish_command c = publish__stream_command(stream);

    publish__add_word(&c, "EVALSHA");
    publish__add_word(&c, p->sha);
    publish__add_uint(&c, keys);
    for (unsigned i = 0; i < keys; i++)
        publish__add_word(&c, stream->keys[i]);
    publish__add_word(&c, mode);
    publish__add_word(&c, p->journal);
    publish__add_uint(&c, p->term);
    publish__add_uint(&c, stream->epoch != 0 ? stream->epoch : p->journal_epoch);
    publish__add_id(&c, stream->expect);
    publish__add_uint(&c, p->maxlen);
    return c;
}

struct publish_command publish__call(struct publish_stream *stream, const char *mode)
{
    const struct hz_publisher *p = stream->p;
    int64_t wall = hz_wall_ns(p->clock);
    struct publish_command c = begin_call(stream, mode, SCRIPT_KEYS);

    publish__add_word(&c, p->run);
    publish__add_uint(&c, ms_of(p->heartbeat_ns) * STREAM_PATIENCE);
    publish__add_uint(&c, ms_of(wall));
    publish__add_uint(&c, ms_of(wall - p->retention_ns));
    publish__add_uint(&c, ms_of(p->retention_ns));
    publish__add_uint(&c, ms_of(p->heartbeat_ns));
    return c;
}

/* --- where entries come from --- */

static const struct hz_entry *span_entry(const struct hz_publisher *p)
{
    const void *entry = p->span + p->span_at; /* entries are multiples of 8 */

    return p->span_at < p->span_bytes ? entry : NULL;
}

/* The first of the span that is not below; NULL: it ends before, or what it is of begins behind. */
static const struct hz_entry *in_span(struct hz_publisher *p, uint64_t number)
{
    const struct hz_entry *entry = span_entry(p);

    if (number < p->span_from)
        return NULL;
    if (!entry || entry->number > number)
        p->span_at = 0;
    while ((entry = span_entry(p)) && entry->number < number)
        p->span_at += entry->bytes;
    return entry;
}

/* The entry to send next, or the first above it when the log has a hole there; NULL when it is not in
 * memory. */
static const struct hz_entry *next_entry(struct hz_publisher *p, uint64_t number)
{
    const struct hz_entry *entry = publish__tail_at(&p->tail, number);

    if (number > p->released)
        return NULL;
    if (entry)
        return entry;
    entry = in_span(p, number);
    if (entry && entry->number > publish__tail_first(&p->tail))
        entry = publish__tail_at(&p->tail, publish__tail_first(&p->tail));
    return entry && entry->number <= p->released ? entry : NULL;
}

/* Keeps whole entries only, and those in order: what follows damage is asked for again. */
static void keep_span(struct hz_publisher *p, const void *entries, size_t length)
{
    struct hz_slice values[HZ_FIELD_COUNT];
    uint64_t number = 0;
    size_t at = 0;

    hz_assert(length <= HZ_ENTRY_FETCH_BYTES);
    if (length > 0)
        memcpy(p->span, entries, length);
    while (at < length) {
        const void *bytes = p->span + at;
        const struct hz_entry *entry = bytes;
        if (!hz_entry_values(entry, length - at, values) || entry->place_count == 0 ||
            entry->number <= number)
            break;
        number = entry->number;
        at += entry->bytes;
    }
    p->span_bytes = at;
    p->span_at = 0;
}

void publish__span(struct hz_publisher *p, uint64_t from, const void *entries, size_t length)
{
    const struct hz_entry *first;

    keep_span(p, entries, length);
    first = span_entry(p);
    p->span_from = from != 0 ? from : first ? first->number : UINT64_MAX;
}

const struct hz_entry *publish__span_first(struct hz_publisher *p)
{
    p->span_at = 0;
    return span_entry(p);
}

/* Goes on with what is in memory, since what is before it can't be had. */
static void skip(struct publish_stream *stream, const char *why)
{
    struct hz_publisher *p = stream->p;
    uint64_t first = publish__tail_first(&p->tail);

    if (stream->next >= first)
        return;
    hz_log_error("redis: view %s: entries %llu to %llu are not published: %s", stream->name,
                 (unsigned long long)stream->next, (unsigned long long)first - 1, why);
    if (stream->view == HZ_VIEW_ALL)
        p->counts.skipped += first - stream->next;
    stream->next = first;
    stream->starved = false;
    stream->starved_beats = 0;
}

void publish__starved_beat(struct publish_stream *stream)
{
    if (stream->starved && ++stream->starved_beats > STREAM_PATIENCE)
        skip(stream, "the alarms log does not have them");
}

void publish__had(struct publish_stream *stream, int error)
{
    if (stream->phase != STREAM_FLOWING)
        return;
    stream->starved = next_entry(stream->p, stream->next) == NULL;
    if (!stream->starved)
        stream->starved_beats = 0;
    if (error == HZ_ECORRUPT)
        skip(stream, hz_strerror(error));
}

/* --- an append --- */

/* The entries of a call are one argument, texts in MessagePack: as arguments of their own each would
 * cost Redis, and us, as much as all else that is done with it. */
#define PACK_TEXT 0xdau /* str 16: its length in 2 bytes, most significant first */

static size_t pack_begin(struct hz_text *to)
{
    static const char head[] = {(char)PACK_TEXT, 0, 0};
    size_t at = to->length;

    hz_text_add(to, head, sizeof(head));
    return at;
}

static void pack_end(struct hz_text *to, size_t at)
{
    size_t length = to->length - at - 3;

    hz_assert(!to->overflow && length <= UINT16_MAX);
    to->at[at + 1] = (char)(length >> 8);
    to->at[at + 2] = (char)length;
}

static void pack(struct hz_text *to, struct hz_slice text)
{
    size_t at = pack_begin(to);

    hz_text_slice(to, text);
    pack_end(to, at);
}

/* An entry's id, its value in the active hash, its fields. */
static void add_entry(struct publish_command *c, const struct hz_entry *entry, uint64_t n)
{
    const struct hz_publisher *p = c->p;
    bool durable = entry->number <= p->newest_at_start || entry->seq <= p->durable_seq;
    struct hz_slice values[HZ_FIELD_COUNT];
    char id[HZ_STREAM_ID_TEXT_BYTES], digits[24];
    struct hz_text number = hz_text_in(digits, sizeof(digits));
    struct hz_active active;

    hz_assert(hz_entry_values(entry, entry->bytes, values) && publish__active_of(entry, &active));
    hz_text_uint(&number, n);
    values[HZ_FIELD_N] = (struct hz_slice){number.at, number.length};
    values[HZ_FIELD_DURABLE] = hz_slice(durable ? "1" : "0");
    hz_stream_id_text(entry->id, id);
    pack(&c->text, hz_slice(id));
    size_t at = pack_begin(&c->text);
    if (entry->state != HZ_STATE_NORMAL)
        publish__active_value(p->set, &active, n, &c->text);
    pack_end(&c->text, at);
    for (int field = 0; field < HZ_FIELD_COUNT; field++)
        pack(&c->text, values[field]);
}

/* Adds entries of the view from `next` on as far as they are in memory. */
static struct stream_call add_entries(struct publish_command *c, struct hz_stream_id *ret_last)
{
    struct hz_publisher *p = c->p;
    struct stream_call call = {.kind = CALL_APPEND};
    uint64_t number = c->stream->next;
    const struct hz_entry *entry;
    size_t bytes = 0;

    while (call.count < SCRIPT_ENTRIES && bytes < BATCH_BYTES && (entry = next_entry(p, number))) {
        const struct hz_view_place *place = publish__place_in(entry, c->stream->view);
        number = entry->number + 1;
        if (!place)
            continue;
        add_entry(c, entry, place->n);
        if (call.count++ == 0)
            call.first_ms = entry->id.ms;
        bytes += entry->bytes;
        *ret_last = entry->id;
    }
    call.last = number - 1;
    call.released_ns = call.last == p->released ? p->released_ns : 0;
    return call;
}

/* Passes over what is not of the view. */
static const struct hz_entry *next_of_view(struct publish_stream *stream)
{
    const struct hz_entry *entry;

    while ((entry = next_entry(stream->p, stream->next)) && !publish__place_in(entry, stream->view))
        stream->next = entry->number + 1;
    return entry;
}

bool publish__append(struct publish_stream *stream)
{
    struct hz_publisher *p = stream->p;
    const struct hz_entry *first = next_of_view(stream);
    struct hz_stream_id last = {0};

    if (!first) {
        if (stream->next <= p->released)
            publish__ask(stream, false);
        return false;
    }
    bool refetched = first->number < publish__tail_first(&p->tail);
    struct publish_command c = begin_call(stream, "append", SCRIPT_APPEND_KEYS);
    publish__open(&c);
    struct stream_call call = add_entries(&c, &last);
    publish__close(&c);
    if (!publish__call_send(&c, call))
        return false;
    if (stream->view == HZ_VIEW_ALL)
        p->counts.skipped += call.last + 1 - stream->next - call.count;
    p->counts.refetched += refetched ? call.count : 0;
    stream->next = call.last + 1;
    stream->expect = last;
    return true;
}
