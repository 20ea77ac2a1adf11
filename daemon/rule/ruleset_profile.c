/* SPDX-License-Identifier: Apache-2.0
 *
 * Profiles interned: points that a rule treats alike share one. What must stay true: a profile is
 * compared by its bytes, so whoever fills one begins with zeroes.
 */
#include "compile_priv.h"

#include "hz_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256u

static void put(struct compile_profiles *profiles, uint32_t *slots, uint32_t mask, uint32_t index)
{
    uint32_t at = (uint32_t)hz_hash(&profiles->list[index], sizeof(*profiles->list)) & mask;

    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = index + 1;
}

/* Room for one more; slots are at most half full. */
static int grow(struct compile_profiles *profiles)
{
    if (profiles->count == profiles->capacity) {
        uint32_t capacity = profiles->capacity ? 2 * profiles->capacity : SLOTS_FIRST / 2;
        void *list = realloc(profiles->list, capacity * sizeof(*profiles->list));

        if (!list)
            return -ENOMEM;
        profiles->list = list;
        profiles->capacity = capacity;
    }
    if (profiles->slots && 2 * (profiles->count + 1) <= profiles->slot_mask + 1)
        return 0;
    uint32_t slot_count = profiles->slots ? 2 * (profiles->slot_mask + 1) : SLOTS_FIRST;
    uint32_t *slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < profiles->count; i++)
        put(profiles, slots, slot_count - 1, i);
    free(profiles->slots);
    profiles->slots = slots;
    profiles->slot_mask = slot_count - 1;
    return 0;
}

int rule__profile_intern(struct compile_profiles *profiles, const struct rule__profile *profile,
                         uint32_t *ret_index)
{
    int error = grow(profiles);
    uint32_t at;

    if (error < 0)
        return error;
    at = (uint32_t)hz_hash(profile, sizeof(*profile)) & profiles->slot_mask;
    for (; profiles->slots[at] != 0; at = (at + 1) & profiles->slot_mask)
        if (memcmp(&profiles->list[profiles->slots[at] - 1], profile, sizeof(*profile)) == 0) {
            *ret_index = profiles->slots[at] - 1;
            return 0;
        }
    memcpy(&profiles->list[profiles->count], profile, sizeof(*profile)); /* padding too */
    profiles->slots[at] = ++profiles->count;
    *ret_index = profiles->count - 1;
    return 0;
}
