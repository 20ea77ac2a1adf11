/* SPDX-License-Identifier: Apache-2.0
 *
 * The beginning and the end of an item ring; its way of working stands in the header. The storage
 * is reserved address space: a large ring costs only what was ever under way at once.
 */
#include "hz_spsc.h"
#include "hz_arena.h"

#include <errno.h>

#define ITEMS_MAX (UINT64_C(1) << 40)

static uint64_t power_of_two(uint64_t least)
{
    uint64_t value = 1;

    while (value < least)
        value *= 2;
    return value;
}

int hz_spsc_init(struct hz_spsc_shared *shared, size_t item_bytes, uint64_t items,
                 struct hz_spsc_tx *ret_tx, struct hz_spsc_rx *ret_rx)
{
    size_t bytes;

    hz_assert(item_bytes > 0);
    if (items > ITEMS_MAX || __builtin_mul_overflow(power_of_two(items), item_bytes, &bytes))
        return -ENOMEM;
    unsigned char *storage = hz_reserve(bytes);
    if (!storage)
        return -ENOMEM;
    atomic_init(&shared->tail, 0);
    atomic_init(&shared->head, 0);
    shared->items = storage;
    shared->item_bytes = item_bytes;
    shared->mask = power_of_two(items) - 1;
    *ret_tx = (struct hz_spsc_tx){.shared = shared};
    *ret_rx = (struct hz_spsc_rx){.shared = shared};
    return 0;
}

void hz_spsc_done(struct hz_spsc_shared *shared)
{
    hz_reserve_free(shared->items, (shared->mask + 1) * shared->item_bytes);
    shared->items = NULL;
}
