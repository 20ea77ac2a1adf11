/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring of blocks. What must stay true: a chunk is written over only when both readers have let
 * it go, and each letting-go is a release that the writer acquires before it re-uses the chunk.
 *
 * In a chunk a block stands behind a frame of 8 bytes that says its length; a position names a
 * frame. What the last block leaves of a chunk is never looked at, so that a chunk is free as soon
 * as its last block is: a reader that stands there finds by the table that it has to go on to the
 * next.
 *
 * Chunk n of positions is described by table[n % table_size]. There are never more than `total`
 * chunks with storage, and a reader stands at most at the end of the chunk before them: with one
 * entry more than chunks, none is written over under a reader's eyes.
 *
 * The gate is how writer and journal agree on giving up. It holds the position up to which chunks
 * were given up (a multiple of the chunk) and, in its lowest bit, whether the journal is copying:
 *
 *     journal:  gate |= COPYING (acquire) ... reads at or above the position ... gate &= ~COPYING
 * (release) writer:   gate from "p" to "p + chunk" (acquire, release), only while not COPYING
 *
 * So a chunk is never given up under a copy, and a copy never reads below what was given up.
 * Neither waits for the other: a writer that finds the journal copying has another try later.
 */
#include "hz_block_ring.h"
#include "hz_arena.h"
#include "hz_limits.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CHUNKS_LEAST 4u /* one being written, one being read, a quarter for control blocks */
#define CHUNKS_MOST  (1u << 20)
#define COPYING      UINT64_C(1)

struct frame {
    uint32_t bytes; /* of the block that follows */
    uint32_t reserved;
};

/* Written by the writer; read by the readers when the tail is past a frame in the chunk. */
struct chunk {
    uint64_t place;       /* in the storage, in chunks */
    _Atomic uint64_t end; /* where its blocks end; its whole length until the writer has left it */
};

struct reader {
    uint64_t next;
    uint64_t tail_seen;
};

struct hz_block_ring {
    /* set at start */
    uint64_t *storage;      /* everything in it is aligned to 8 */
    uint32_t chunks, total; /* total: with the stall chunks */
    uint32_t table_size;    /* total + 1 */
    struct chunk *table;

    /* writer only */
    alignas(HZ_CACHE_LINE) uint64_t writer_tail;
    uint64_t reserved_at; /* position of the frame, with `reserved_bytes` */
    uint32_t reserved_bytes;
    bool stalled;
    uint64_t freed, taken; /* chunks of positions: [freed, taken) have storage */
    uint32_t *free_places; /* a stack: the newest freed is on top */
    uint32_t free_count;

    /* atomic, one writer each; the store (release) pairs with the others' load (acquire) */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t tail;         /* by the writer: blocks are there */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t engine_done;  /* by the engine: no longer read */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t journal_done; /* by the sync thread */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t gate;         /* by writer and journal: see above */

    alignas(HZ_CACHE_LINE) struct reader engine;  /* engine only */
    alignas(HZ_CACHE_LINE) struct reader journal; /* journal's write thread only */
};

static uint64_t acquire(_Atomic uint64_t *position)
{
    return atomic_load_explicit(position, memory_order_acquire);
}

static struct chunk *chunk_of(const struct hz_block_ring *ring, uint64_t chunk)
{
    return &ring->table[chunk % ring->table_size];
}

/* Relaxed: a change is seen by who has seen the tail that came after it, and only then matters. */
static uint64_t chunk_end(const struct hz_block_ring *ring, uint64_t chunk)
{
    return atomic_load_explicit(&chunk_of(ring, chunk)->end, memory_order_relaxed);
}

static void set_chunk_end(struct hz_block_ring *ring, uint64_t chunk, uint64_t end)
{
    atomic_store_explicit(&chunk_of(ring, chunk)->end, end, memory_order_relaxed);
}

static struct frame *frame_at(const struct hz_block_ring *ring, uint64_t position)
{
    uint64_t place = chunk_of(ring, position / HZ_CHUNK_BYTES)->place;

    return (struct frame *)(ring->storage +
                            (place * HZ_CHUNK_BYTES + position % HZ_CHUNK_BYTES) / 8);
}

static uint64_t up_to_eight(uint64_t bytes)
{
    return (bytes + 7) & ~UINT64_C(7);
}

int hz_block_ring_new(uint32_t chunks, uint32_t stall_chunks, struct hz_block_ring **ret_ring)
{
    if (chunks > CHUNKS_MOST || stall_chunks > CHUNKS_MOST)
        return -ENOMEM;
    struct hz_block_ring *ring = aligned_alloc(alignof(struct hz_block_ring), sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    *ring = (struct hz_block_ring){.chunks = chunks < CHUNKS_LEAST ? CHUNKS_LEAST : chunks};
    ring->total = ring->chunks + stall_chunks;
    ring->storage = hz_reserve((size_t)ring->total * HZ_CHUNK_BYTES);
    ring->table_size = ring->total + 1;
    ring->table = calloc(ring->table_size, sizeof(*ring->table));
    ring->free_places = calloc(ring->total, sizeof(*ring->free_places));
    if (!ring->storage || !ring->table || !ring->free_places) {
        hz_block_ring_free(ring);
        return -ENOMEM;
    }
    while (ring->free_count < ring->total) {
        ring->free_places[ring->free_count] = ring->total - 1 - ring->free_count;
        ring->free_count++;
    }
    *ret_ring = ring;
    return 0;
}

void hz_block_ring_free(struct hz_block_ring *ring)
{
    if (!ring)
        return;
    hz_reserve_free(ring->storage, (size_t)ring->total * HZ_CHUNK_BYTES);
    free(ring->table);
    free(ring->free_places);
    free(ring);
}

/* --- the writer's thread --- */

/* What the journal has no more claim to: durable or given up. */
static uint64_t journal_let_go(struct hz_block_ring *ring)
{
    uint64_t done = acquire(&ring->journal_done);
    uint64_t given_up = acquire(&ring->gate) & ~COPYING;

    return done > given_up ? done : given_up;
}

/* Puts the chunks that both readers have passed on the stack of free places. */
static void reclaim(struct hz_block_ring *ring)
{
    uint64_t journal = journal_let_go(ring);
    uint64_t engine = acquire(&ring->engine_done);
    uint64_t both = journal < engine ? journal : engine;

    while (ring->freed < ring->taken && both >= chunk_end(ring, ring->freed)) {
        ring->free_places[ring->free_count++] = (uint32_t)chunk_of(ring, ring->freed)->place;
        ring->freed++;
    }
}

static uint32_t ordinary_chunks(const struct hz_block_ring *ring)
{
    return (ring->stalled ? ring->total : ring->chunks) - ring->chunks / 4;
}

/* Whether chunk `chunk` may be written, taking it if it is new. */
static bool may_write(struct hz_block_ring *ring, uint64_t chunk, bool control)
{
    uint64_t taken = chunk < ring->taken ? ring->taken : chunk + 1;

    if (taken - ring->freed > (control ? ring->total : ordinary_chunks(ring)))
        return false;
    if (taken > ring->taken) {
        chunk_of(ring, chunk)->place = ring->free_places[--ring->free_count];
        set_chunk_end(ring, chunk, (chunk + 1) * HZ_CHUNK_BYTES);
        ring->taken = taken;
    }
    return true;
}

void *hz_block_ring_reserve(struct hz_block_ring *ring, uint32_t bytes, bool control)
{
    hz_assert(bytes > 0 && bytes <= HZ_CHUNK_BYTES / 2);
    uint64_t need = sizeof(struct frame) + up_to_eight(bytes);
    uint64_t at = ring->writer_tail;
    uint64_t chunk = at / HZ_CHUNK_BYTES;

    if (at % HZ_CHUNK_BYTES + need > HZ_CHUNK_BYTES)
        at = ++chunk * HZ_CHUNK_BYTES;
    reclaim(ring);
    ring->reserved_bytes = 0;
    if (!may_write(ring, chunk, control))
        return NULL;
    ring->reserved_at = at;
    ring->reserved_bytes = bytes;
    return frame_at(ring, at) + 1;
}

void hz_block_ring_commit(struct hz_block_ring *ring, uint32_t bytes)
{
    uint64_t at = ring->reserved_at;

    hz_assert(bytes > 0 && bytes <= ring->reserved_bytes);
    if (at > ring->writer_tail)
        set_chunk_end(ring, ring->writer_tail / HZ_CHUNK_BYTES, ring->writer_tail);
    *frame_at(ring, at) = (struct frame){.bytes = bytes};
    ring->reserved_bytes = 0;
    ring->writer_tail = at + sizeof(struct frame) + up_to_eight(bytes);
    atomic_store_explicit(&ring->tail, ring->writer_tail, memory_order_release);
}

void hz_block_ring_stall(struct hz_block_ring *ring, bool stalled)
{
    ring->stalled = stalled;
}

bool hz_block_ring_give_up(struct hz_block_ring *ring)
{
    reclaim(ring);
    uint64_t chunk = ring->freed;
    if (chunk == ring->taken || acquire(&ring->engine_done) < chunk_end(ring, chunk))
        return false;
    /* The engine has passed the oldest chunk and it was not reclaimed: the journal needs it. */
    uint64_t gate = acquire(&ring->gate);
    if (gate & COPYING)
        return false;
    if (!atomic_compare_exchange_strong_explicit(&ring->gate, &gate, (chunk + 1) * HZ_CHUNK_BYTES,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return false;
    reclaim(ring);
    return true;
}

uint64_t hz_block_ring_used(struct hz_block_ring *ring)
{
    uint64_t journal = journal_let_go(ring);
    uint64_t engine = acquire(&ring->engine_done);
    uint64_t slower = journal < engine ? journal : engine;

    return ring->writer_tail > slower ? ring->writer_tail - slower : 0;
}

uint64_t hz_block_ring_capacity(const struct hz_block_ring *ring)
{
    return (uint64_t)ordinary_chunks(ring) * HZ_CHUNK_BYTES;
}

uint64_t hz_block_ring_tail(const struct hz_block_ring *ring)
{
    return ring->writer_tail;
}

/* --- both readers --- */

static bool reader_next(struct hz_block_ring *ring, struct reader *reader,
                        struct hz_block_view *ret_view)
{
    if (reader->next >= reader->tail_seen)
        reader->tail_seen = acquire(&ring->tail);
    if (reader->next >= reader->tail_seen)
        return false;
    uint64_t chunk = reader->next / HZ_CHUNK_BYTES;
    if (reader->next == chunk_end(ring, chunk))
        reader->next = (chunk + 1) * HZ_CHUNK_BYTES;
    const struct frame *frame = frame_at(ring, reader->next);
    reader->next += sizeof(*frame) + up_to_eight(frame->bytes);
    *ret_view = (struct hz_block_view){frame + 1, frame->bytes, reader->next};
    return true;
}

/* --- the engine's thread --- */

bool hz_block_ring_engine_next(struct hz_block_ring *ring, struct hz_block_view *ret_view)
{
    return reader_next(ring, &ring->engine, ret_view);
}

bool hz_block_ring_engine_waits(struct hz_block_ring *ring)
{
    if (ring->engine.next >= ring->engine.tail_seen)
        ring->engine.tail_seen = acquire(&ring->tail);
    return ring->engine.next < ring->engine.tail_seen;
}

void hz_block_ring_engine_done(struct hz_block_ring *ring, uint64_t end)
{
    atomic_store_explicit(&ring->engine_done, end, memory_order_release);
}

/* --- the journal's write thread --- */

uint64_t hz_block_ring_copy_begin(struct hz_block_ring *ring)
{
    uint64_t given_up = atomic_fetch_or_explicit(&ring->gate, COPYING, memory_order_acquire);
    uint64_t missed = 0;

    hz_assert(!(given_up & COPYING));
    if (given_up > ring->journal.next) {
        missed = given_up - ring->journal.next;
        ring->journal.next = given_up;
    }
    return missed;
}

bool hz_block_ring_journal_next(struct hz_block_ring *ring, struct hz_block_view *ret_view)
{
    return reader_next(ring, &ring->journal, ret_view);
}

void hz_block_ring_copy_end(struct hz_block_ring *ring)
{
    (void)atomic_fetch_and_explicit(&ring->gate, ~COPYING, memory_order_release);
}

uint64_t hz_block_ring_journal_rewind(struct hz_block_ring *ring)
{
    uint64_t given_up = atomic_load_explicit(&ring->gate, memory_order_relaxed) & ~COPYING;
    uint64_t done = acquire(&ring->journal_done);

    ring->journal.next = done > given_up ? done : given_up;
    return given_up > done ? given_up - done : 0;
}

void hz_block_ring_journal_done(struct hz_block_ring *ring, uint64_t end)
{
    if (end > atomic_load_explicit(&ring->journal_done, memory_order_relaxed))
        atomic_store_explicit(&ring->journal_done, end, memory_order_release);
}
