/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Two ways to have memory that never moves: an arena that grows by chunks and is freed as a
 *         whole (immutable snapshots live in one), and a reserve of address space whose pages cost
 *         nothing until they are touched (the engine's state).
 * WAY     -
 * THREAD  whoever owns the object
 * OWNS    the memory it gives, until _done
 * FULL    NULL when the system has no memory; the caller returns -ENOMEM
 */
#ifndef HZ_ARENA_H
#define HZ_ARENA_H

#include <stddef.h>

struct hz_arena_chunk;

struct hz_arena {
    struct hz_arena_chunk *chunks;
    size_t used;  /* of the newest chunk */
    size_t total; /* bytes asked of the system */
};

void hz_arena_init(struct hz_arena *arena);
void hz_arena_done(struct hz_arena *arena);
/* Aligned to 8 (or to `align`, a power of two up to 64), zeroed. */
void *hz_arena_take(struct hz_arena *arena, size_t size);
void *hz_arena_take_aligned(struct hz_arena *arena, size_t size, size_t align);
/* Unaligned copy with a terminator. */
char *hz_arena_copy(struct hz_arena *arena, const char *text, size_t length);

/* Zeroed pages, aligned to 2 MiB, not backed until touched (MAP_NORESERVE). NULL when refused. */
void *hz_reserve(size_t bytes);
void hz_reserve_free(void *memory, size_t bytes);

#endif
