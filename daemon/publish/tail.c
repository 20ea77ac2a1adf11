/* SPDX-License-Identifier: Apache-2.0
 *
 * The tail: the newest entries in memory, in chunks, so that it grows under a burst and gives the
 * memory back. What must stay true: numbers are without holes from the oldest to the newest; an entry
 * that was not released stays, since the alarms log may not have it yet.
 */
#include "publish_priv.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK_BYTES (64u << 10)
#define CHUNK_MOST  256u /* entries; one has some 200 bytes at least, about 1 000 usually */

struct tail_chunk {
    uint64_t first; /* number */
    uint32_t count, used;
    uint32_t offsets[CHUNK_MOST];
    _Alignas(8) unsigned char bytes[CHUNK_BYTES];
};

int publish__tail_init(struct publish_tail *tail, uint64_t next)
{
    *tail = (struct publish_tail){.next = next, .capacity = 2 * TAIL_BYTES / CHUNK_BYTES};
    tail->chunks = calloc(tail->capacity, sizeof(struct tail_chunk *));
    return tail->chunks ? 0 : -ENOMEM;
}

void publish__tail_done(struct publish_tail *tail)
{
    for (uint32_t i = 0; i < tail->count; i++)
        free(tail->chunks[i]);
    free(tail->chunks);
    free(tail->spare);
    *tail = (struct publish_tail){0};
}

/* Without memory for an alert the process ends, and the next one replays the journal. */
static struct tail_chunk *add_chunk(struct publish_tail *tail)
{
    struct tail_chunk *chunk = tail->spare ? tail->spare : malloc(sizeof(*chunk));

    hz_assert(chunk);
    tail->spare = NULL;
    if (tail->count == tail->capacity) {
        tail->capacity *= 2;
        tail->chunks = realloc(tail->chunks, tail->capacity * sizeof(struct tail_chunk *));
        hz_assert(tail->chunks);
    }
    chunk->first = tail->next;
    chunk->count = chunk->used = 0;
    tail->chunks[tail->count++] = chunk;
    return chunk;
}

void publish__tail_add(struct publish_tail *tail, const struct hz_entry *entry)
{
    struct tail_chunk *chunk = tail->count > 0 ? tail->chunks[tail->count - 1] : NULL;

    hz_assert(entry->number == tail->next && entry->bytes <= HZ_ENTRY_BYTES_MAX);
    if (!chunk || chunk->count == CHUNK_MOST || entry->bytes > CHUNK_BYTES - chunk->used)
        chunk = add_chunk(tail);
    chunk->offsets[chunk->count++] = chunk->used;
    memcpy(chunk->bytes + chunk->used, entry, entry->bytes);
    chunk->used += entry->bytes;
    tail->next++;
}

void publish__tail_trim(struct publish_tail *tail, uint64_t released)
{
    uint32_t most = TAIL_BYTES / CHUNK_BYTES, drop = 0;

    while (tail->count - drop > most) {
        struct tail_chunk *oldest = tail->chunks[drop];
        if (oldest->first + oldest->count - 1 > released)
            break;
        if (tail->spare)
            free(oldest);
        else
            tail->spare = oldest;
        drop++;
    }
    if (drop == 0)
        return;
    tail->count -= drop;
    memmove(tail->chunks, tail->chunks + drop, tail->count * sizeof(struct tail_chunk *));
}

uint64_t publish__tail_first(const struct publish_tail *tail)
{
    return tail->count > 0 ? tail->chunks[0]->first : tail->next;
}

static const struct hz_entry *at(const struct tail_chunk *chunk, uint32_t index)
{
    const void *entry = chunk->bytes + chunk->offsets[index]; /* entries are multiples of 8 */

    return entry;
}

/* The last chunk that begins at or before the number. */
static const struct tail_chunk *chunk_of(const struct publish_tail *tail, uint64_t number)
{
    uint32_t low = 0, high = tail->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (tail->chunks[middle]->first <= number)
            low = middle;
        else
            high = middle;
    }
    return tail->chunks[low];
}

const struct hz_entry *publish__tail_at(const struct publish_tail *tail, uint64_t number)
{
    if (number < publish__tail_first(tail) || number >= tail->next)
        return NULL;
    const struct tail_chunk *chunk = chunk_of(tail, number);
    return at(chunk, (uint32_t)(number - chunk->first));
}

const struct hz_entry *publish__tail_from(const struct publish_tail *tail, struct hz_stream_id id)
{
    uint64_t low = publish__tail_first(tail), high = tail->next;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (hz_stream_id_compare(publish__tail_at(tail, middle)->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return publish__tail_at(tail, low);
}
