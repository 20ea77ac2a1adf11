/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of what was refused, on the ingest thread, and its copy for who asks. What must stay true:
 * a refusal costs one look at one set, whatever comes in; the table is read by its own thread alone.
 */
#include "unknown_priv.h"

#include "ingest_priv.h"

#include "hz_hash.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t hash_of(const struct unknown_note *note)
{
    const uint32_t mixed[2] = {note->feed, note->verdict};

    return hz_hash(note->name.at, note->name.length) ^ hz_hash(mixed, sizeof(mixed));
}

static uint8_t cut(char *to, size_t size, struct hz_slice text)
{
    size_t length = hz_utf8_cut(text.at, text.length, size);

    if (length > 0)
        memcpy(to, text.at, length);
    return (uint8_t)length;
}
_Static_assert(UNKNOWN_NAME_BYTES <= UINT8_MAX && UNKNOWN_SAMPLE_BYTES <= UINT8_MAX, "a byte each");

static void take_sample(struct unknown_row *row, const struct unknown_note *note, int64_t now_ms)
{
    char value[64];
    struct hz_text text = hz_text_in(value, sizeof(value));
    struct hz_slice sample = note->sample;

    if (note->reading) {
        if (note->reading->kind == HZ_VALUE_F64)
            hz_text_decimal(&text, note->reading->value.f64);
        else if (note->reading->kind == HZ_VALUE_I64)
            hz_text_int(&text, note->reading->value.i64);
        sample = (struct hz_slice){text.at, text.length};
    }
    row->sample_length = cut(row->sample, sizeof(row->sample), sample);
    row->sample_ms = now_ms;
}

static void begin_row(struct unknown_row *row, const struct unknown_note *note, uint64_t hash,
                      int64_t now_ms)
{
    *row = (struct unknown_row){.hash = hash,
                                .first_ms = now_ms,
                                .feed = note->feed,
                                .verdict = (uint8_t)note->verdict,
                                .point = note->point};
    row->name_length = cut(row->name, sizeof(row->name), note->name);
    take_sample(row, note, now_ms);
}

/* Its row, a free one, or the one that has been silent for longest; NULL: all are busy. */
static struct unknown_row *place_of(struct unknown_table *table, uint64_t hash, int64_t now_ms)
{
    struct unknown_row *set = &table->rows[hash % UNKNOWN_SETS * UNKNOWN_WAYS], *place = NULL;

    for (unsigned i = 0; i < UNKNOWN_WAYS; i++) {
        struct unknown_row *row = &set[i];

        if (row->count > 0 && row->hash == hash)
            return row;
        if (row->count == 0)
            return row; /* rows fill from the front and are never freed: it is not behind this one */
        if (now_ms - row->last_ms > UNKNOWN_SILENT_MS && (!place || row->last_ms < place->last_ms))
            place = row;
    }
    return place;
}

void unknown__note(struct unknown_table *table, const struct unknown_note *note, int64_t now_ms)
{
    uint64_t hash = hash_of(note);
    struct unknown_row *row = place_of(table, hash, now_ms);

    if (!row) {
        table->without_row++;
        return;
    }
    if (row->count == 0 || row->hash != hash) {
        table->given_up += row->count;
        begin_row(row, note, hash, now_ms);
    } else if (now_ms - row->sample_ms >= UNKNOWN_SAMPLE_MS) {
        take_sample(row, note, now_ms);
    }
    row->count++;
    row->last_ms = now_ms;
}

/* --- on the thread --- */

void ingest__unknown(struct hz_pipeline *p, const struct unknown_note *note)
{
    unknown__note(p->ingest.unknown, note, p->ingest.last_wall_ns / HZ_NS_PER_MS);
}

/* Some hundred kilobytes, when somebody asks: below 0.1 ms. */
void ingest__give_unknown(struct hz_pipeline *p)
{
    struct unknown_table *to;

    if (!atomic_load_explicit(&p->unknown_asked, memory_order_relaxed))
        return;
    to = atomic_exchange_explicit(&p->unknown_asked, NULL, memory_order_acquire);
    memcpy(to, p->ingest.unknown, sizeof(*to));
    atomic_store_explicit(&p->unknown_given, to, memory_order_release);
    hz_wake_up(&p->output_wake);
}

int ingest__unknown_init(struct hz_pipeline *p)
{
    p->ingest.unknown = calloc(1, sizeof(*p->ingest.unknown));
    return p->ingest.unknown ? 0 : -ENOMEM;
}

void ingest__unknown_done(struct hz_pipeline *p)
{
    free(p->ingest.unknown);
}
