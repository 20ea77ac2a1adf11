/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The ring of journal blocks: one writer (ingest), two readers (the engine; the journal's
 *         write thread). A block is contiguous and stays in place until the engine has passed it and
 *         the journal has it durable. Storage is a set of chunks that are re-used newest first, so
 *         that memory beyond what is in use is never touched: the chunks for a stalled disk cost
 *         nothing until a disk stalls.
 * WAY     ingest ==> rule, write
 * THREAD  each function names its thread
 * OWNS    the storage; a reservation is lent until commit, a block until it is released
 * FULL    reserve gives NULL; room for a whole block is there before anything is written. While the
 *         journal stalls (hz_block_ring_stall) the writer may use the extra chunks, and when those
 *         are full give up the oldest chunk *for the journal only*; the engine gets every block.
 *
 *   positions grow for ever; a chunk holds HZ_CHUNK_BYTES of them:
 *
 *   freed     journal_done       engine_done / journal_next           tail
 *     |            |                      |                             |
 *     [ chunk 7 ][ chunk 8 ][ chunk 9 ][ chunk 10 ][ chunk 11 ..........
 *
 * A chunk is freed by the writer when both `done` positions have passed it.
 */
#ifndef HZ_BLOCK_RING_H
#define HZ_BLOCK_RING_H

#include "hz_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HZ_CHUNK_BYTES (256u << 10)

struct hz_block_ring;

/* A block as a reader finds it. `end` is what it hands back as done. */
struct hz_block_view {
    const void *block; /* 8-byte aligned */
    uint32_t bytes;
    uint64_t end;
};

/* At least 4 chunks are taken. -ENOMEM */
int hz_block_ring_new(uint32_t chunks, uint32_t stall_chunks, struct hz_block_ring **ret_ring) HZ_MUST_USE;
void hz_block_ring_free(struct hz_block_ring *ring);

/* --- the writer's thread --- */

/* `bytes` <= HZ_CHUNK_BYTES / 2. The memory may be written until commit; a second reserve before
 * the commit takes the first one's place. The reserved share: ordinary blocks leave a quarter of the
 * chunks free for control blocks, which pass `control` = true and may always use every chunk. */
void *hz_block_ring_reserve(struct hz_block_ring *ring, uint32_t bytes, bool control);
/* Publishes the first `bytes` (<= reserved) of the reservation as one block. */
void hz_block_ring_commit(struct hz_block_ring *ring, uint32_t bytes);
/* Whether the stall chunks may be used. */
void hz_block_ring_stall(struct hz_block_ring *ring, bool stalled);
/* Gives up the oldest chunk that only the journal still needs. False when there is none (the engine
 * is behind too), or while the journal is just copying: try again later. */
bool hz_block_ring_give_up(struct hz_block_ring *ring);
/* Bytes between the slower reader and the tail, and what ordinary writing may use. */
uint64_t hz_block_ring_used(struct hz_block_ring *ring);
uint64_t hz_block_ring_capacity(const struct hz_block_ring *ring);
uint64_t hz_block_ring_tail(const struct hz_block_ring *ring);

/* --- the engine's thread --- */

/* The next block that this reader has not taken; false when there is none. */
bool hz_block_ring_engine_next(struct hz_block_ring *ring, struct hz_block_view *ret_view);
/* Is there one? Takes nothing. */
bool hz_block_ring_engine_waits(struct hz_block_ring *ring);
/* Everything before `end` has been applied. */
void hz_block_ring_engine_done(struct hz_block_ring *ring, uint64_t end);

/* --- the journal's write thread --- */

/* As above, but the block must be copied out at once, between begin and end of a copy, since a
 * stalled chunk may be given up at any other time. begin returns how many bytes of positions were
 * given up before they were copied (the caller finds by seq which blocks; padding counts too). */
uint64_t hz_block_ring_copy_begin(struct hz_block_ring *ring);
bool hz_block_ring_journal_next(struct hz_block_ring *ring, struct hz_block_view *ret_view);
void hz_block_ring_copy_end(struct hz_block_ring *ring);
/* Goes back to the oldest block not yet done (after a failed sync, inside a copy). Returns how many
 * bytes of positions cannot be written again: copied, not durable, and given up since. */
uint64_t hz_block_ring_journal_rewind(struct hz_block_ring *ring);
/* Everything before `end` is durable (any one thread: the sync thread). `end` is of a block taken
 * since the last rewind; one that is behind what is done already changes nothing. */
void hz_block_ring_journal_done(struct hz_block_ring *ring, uint64_t end);

#endif
