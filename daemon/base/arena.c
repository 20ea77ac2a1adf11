/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that never moves: chunks in a list, the newest first, and reserves of address space. What
 * an arena has given stays where it is, zeroed at first, until the whole is freed.
 */
#include "hz_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES   ((size_t)64 << 10)
#define BIG_BYTES     (CHUNK_BYTES / 4) /* from here on a piece gets a chunk of its own */
#define RESERVE_ALIGN ((size_t)2 << 20) /* a huge page */

struct hz_arena_chunk {
    struct hz_arena_chunk *older;
    size_t size; /* of the bytes that follow */
    char bytes[];
};

void hz_arena_init(struct hz_arena *arena)
{
    *arena = (struct hz_arena){0};
}

void hz_arena_done(struct hz_arena *arena)
{
    for (struct hz_arena_chunk *chunk = arena->chunks, *older; chunk; chunk = older) {
        older = chunk->older;
        free(chunk);
    }
    hz_arena_init(arena);
}

static struct hz_arena_chunk *chunk_new(struct hz_arena *arena, size_t size)
{
    struct hz_arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);

    if (!chunk)
        return NULL;
    chunk->size = size;
    arena->total += sizeof(*chunk) + size;
    return chunk;
}

static size_t up_to(uintptr_t address, size_t align)
{
    return (align - (address & (align - 1))) & (align - 1);
}

/* From the newest chunk; NULL when it has no room. */
static void *take_newest(struct hz_arena *arena, size_t size, size_t align)
{
    struct hz_arena_chunk *chunk = arena->chunks;

    if (!chunk)
        return NULL;
    size_t start = arena->used + up_to((uintptr_t)chunk->bytes + arena->used, align);
    if (start > chunk->size || chunk->size - start < size)
        return NULL;
    arena->used = start + size;
    return chunk->bytes + start;
}

/* A chunk of its own, put behind the newest, which goes on serving the small ones. */
static void *take_big(struct hz_arena *arena, size_t size, size_t align)
{
    struct hz_arena_chunk *chunk = chunk_new(arena, size + align);

    if (!chunk)
        return NULL;
    if (arena->chunks) {
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
    } else {
        arena->chunks = chunk;
        arena->used = chunk->size;
    }
    return chunk->bytes + up_to((uintptr_t)chunk->bytes, align);
}

void *hz_arena_take_aligned(struct hz_arena *arena, size_t size, size_t align)
{
    void *memory = take_newest(arena, size, align);

    if (memory || size > SIZE_MAX / 2)
        return memory;
    if (size >= BIG_BYTES)
        return take_big(arena, size, align);
    struct hz_arena_chunk *chunk = chunk_new(arena, CHUNK_BYTES);
    if (!chunk)
        return NULL;
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->used = 0;
    return take_newest(arena, size, align);
}

void *hz_arena_take(struct hz_arena *arena, size_t size)
{
    return hz_arena_take_aligned(arena, size, 8);
}

char *hz_arena_copy(struct hz_arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? hz_arena_take_aligned(arena, length + 1, 1) : NULL;

    if (copy && length > 0)
        memcpy(copy, text, length);
    return copy; /* zeroed: the terminator is there */
}

void *hz_reserve(size_t bytes)
{
    if (bytes == 0 || bytes > SIZE_MAX / 2)
        return NULL;
    size_t whole = bytes + RESERVE_ALIGN;
    char *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    size_t before = up_to((uintptr_t)memory, RESERVE_ALIGN);
    if (before > 0)
        (void)munmap(memory, before); /* giving back whole pages of our own cannot fail */
    size_t page_end = bytes + up_to(bytes, 4096);
    size_t kept = before + page_end;
    if (whole > kept)
        (void)munmap(memory + kept, whole - kept);
    return memory + before;
}

void hz_reserve_free(void *memory, size_t bytes)
{
    if (memory)
        (void)munmap(memory, bytes);
}
