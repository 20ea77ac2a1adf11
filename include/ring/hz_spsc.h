/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A ring of items of one size between exactly two threads: one writes, one reads. Wait-free
 *         on both sides. Items are handed over in runs, in place: the cost of a hand-over is one
 *         index publication for a whole batch.
 * WAY     rule -> output (transitions), output -> write (log entries), control -> ingest (commands)
 * THREAD  hz_spsc_tx: the writing thread alone; hz_spsc_rx: the reading thread alone
 * OWNS    the storage; places and runs are lent until commit and release
 * FULL    the writer is given no place; it keeps its item and waits for nobody
 *
 *      head (reader)            tail (writer)
 *        v                        v
 *   ...  | committed, not read  | places free for the writer |  ...      tail - head <= capacity
 *
 * The writer's store of `tail` (release) pairs with the reader's load (acquire): the items are
 * there. The reader's store of `head` (release) pairs with the writer's load (acquire): the
 * places may be written over. Each end keeps a copy of the other's index and looks again only
 * when the copy says full or empty.
 */
#ifndef HZ_SPSC_H
#define HZ_SPSC_H

#include "hz_error.h"
#include "hz_limits.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hz_spsc_shared {
    alignas(HZ_CACHE_LINE) _Atomic uint64_t tail; /* written by tx, read by rx */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t head; /* written by rx, read by tx */
    alignas(HZ_CACHE_LINE) unsigned char *items;  /* set at start */
    size_t item_bytes;
    uint64_t mask;
};

struct hz_spsc_tx {
    alignas(HZ_CACHE_LINE) struct hz_spsc_shared *shared;
    uint64_t tail;
    uint64_t head_seen;
};

struct hz_spsc_rx {
    alignas(HZ_CACHE_LINE) struct hz_spsc_shared *shared;
    uint64_t head;
    uint64_t tail_seen;
    uint64_t high_water; /* most items ever found waiting: at least half of the fullest it has been */
};

/* `items` is rounded up to a power of two. Untouched places cost no memory. -ENOMEM. */
int hz_spsc_init(struct hz_spsc_shared *shared, size_t item_bytes, uint64_t items,
                 struct hz_spsc_tx *ret_tx, struct hz_spsc_rx *ret_rx) HZ_MUST_USE;
void hz_spsc_done(struct hz_spsc_shared *shared);

/* The free places as far as they lie together; *ret_count may be less than all free places at the
 * storage's end. At least `want` is looked for before giving less. NULL and 0 when full. */
static inline void *hz_spsc_places(struct hz_spsc_tx *tx, uint64_t want, uint64_t *ret_count)
{
    struct hz_spsc_shared *s = tx->shared;
    uint64_t capacity = s->mask + 1;
    uint64_t free_places = capacity - (tx->tail - tx->head_seen);

    if (free_places < want) {
        tx->head_seen = atomic_load_explicit(&s->head, memory_order_acquire);
        free_places = capacity - (tx->tail - tx->head_seen);
    }
    uint64_t at = tx->tail & s->mask;
    uint64_t together = capacity - at;
    *ret_count = free_places < together ? free_places : together;
    return *ret_count > 0 ? s->items + at * s->item_bytes : NULL;
}

/* Places free in all, also those beyond the storage's end. */
static inline uint64_t hz_spsc_room(struct hz_spsc_tx *tx)
{
    tx->head_seen = atomic_load_explicit(&tx->shared->head, memory_order_acquire);
    return tx->shared->mask + 1 - (tx->tail - tx->head_seen);
}

static inline void hz_spsc_commit(struct hz_spsc_tx *tx, uint64_t count)
{
    tx->tail += count;
    atomic_store_explicit(&tx->shared->tail, tx->tail, memory_order_release);
}

static inline bool hz_spsc_push(struct hz_spsc_tx *tx, const void *item)
{
    uint64_t count;
    void *place = hz_spsc_places(tx, 1, &count);

    if (!place)
        return false;
    memcpy(place, item, tx->shared->item_bytes);
    hz_spsc_commit(tx, 1);
    return true;
}

/* The items to read as far as they lie together; NULL and 0 when empty. */
static inline const void *hz_spsc_items(struct hz_spsc_rx *rx, uint64_t *ret_count)
{
    struct hz_spsc_shared *s = rx->shared;

    if (rx->tail_seen == rx->head) {
        rx->tail_seen = atomic_load_explicit(&s->tail, memory_order_acquire);
        if (rx->tail_seen - rx->head > rx->high_water)
            rx->high_water = rx->tail_seen - rx->head;
    }
    uint64_t at = rx->head & s->mask;
    uint64_t there = rx->tail_seen - rx->head;
    uint64_t together = s->mask + 1 - at;
    *ret_count = there < together ? there : together;
    return *ret_count > 0 ? s->items + at * s->item_bytes : NULL;
}

static inline void hz_spsc_release(struct hz_spsc_rx *rx, uint64_t count)
{
    rx->head += count;
    atomic_store_explicit(&rx->shared->head, rx->head, memory_order_release);
}

static inline bool hz_spsc_pop(struct hz_spsc_rx *rx, void *ret_item)
{
    uint64_t count;
    const void *item = hz_spsc_items(rx, &count);

    if (!item)
        return false;
    memcpy(ret_item, item, rx->shared->item_bytes);
    hz_spsc_release(rx, 1);
    return true;
}

#endif
