/* SPDX-License-Identifier: Apache-2.0
 *
 * Heaps of timers: the one due first at the root, and of those due together the one whose owner
 * comes first by (point, rule, kind). What must stay true: the order in which timers fire follows
 * from their names alone, never from the order in which they were put in. Every owner knows its
 * place, so that it can be taken out early.
 */
#include "engine_priv.h"

/* Where the owner's place is kept. */
static uint32_t *place_of(struct hz_engine *engine, const struct engine_heap *heap, uint32_t who)
{
    switch (heap->kind) {
    case ENGINE_DELAYS:
        return &engine->notes[who].level.place;
    case ENGINE_SHELVES:
        return &engine->notes[who].alarm.place;
    case ENGINE_SILENCES:
        return &engine->gateways[who].place;
    default:
        return &engine->group_places[who];
    }
}

static uint64_t name_of(const struct hz_engine *engine, const struct engine_heap *heap,
                        uint32_t who)
{
    if (heap->kind == ENGINE_STALES || heap->kind == ENGINE_SILENCES)
        return who;
    const struct engine_note *note = &engine->notes[who];
    /* points below 2^23, rules below 2^17, kinds below 2^4 */
    return (uint64_t)note->owner << 24 | (uint64_t)note->rule << 4 | note->sub;
}

static bool before(const struct hz_engine *engine, const struct engine_heap *heap,
                   struct engine_entry a, struct engine_entry b)
{
    if (a.due_ns != b.due_ns)
        return a.due_ns < b.due_ns;
    return name_of(engine, heap, a.who) < name_of(engine, heap, b.who);
}

static void put_at(struct hz_engine *engine, struct engine_heap *heap, uint32_t place,
                   struct engine_entry entry)
{
    heap->entries[place] = entry;
    *place_of(engine, heap, entry.who) = place;
}

static void up(struct hz_engine *engine, struct engine_heap *heap, uint32_t place,
               struct engine_entry entry)
{
    for (; place > 1 && before(engine, heap, entry, heap->entries[place / 2]); place /= 2)
        put_at(engine, heap, place, heap->entries[place / 2]);
    put_at(engine, heap, place, entry);
}

static void down(struct hz_engine *engine, struct engine_heap *heap, uint32_t place,
                 struct engine_entry entry)
{
    for (uint32_t child; (child = 2 * place) <= heap->count; place = child) {
        if (child < heap->count &&
            before(engine, heap, heap->entries[child + 1], heap->entries[child]))
            child++;
        if (!before(engine, heap, heap->entries[child], entry))
            break;
        put_at(engine, heap, place, heap->entries[child]);
    }
    put_at(engine, heap, place, entry);
}

void rule__heap_put(struct hz_engine *engine, struct engine_heap *heap, int64_t due_ns,
                    uint32_t who)
{
    hz_assert(heap->count + 1 < heap->capacity);
    up(engine, heap, ++heap->count, (struct engine_entry){due_ns, who, 0});
}

/* Finds the entry its place, from the one that is free. */
static void settle(struct hz_engine *engine, struct engine_heap *heap, uint32_t place,
                   struct engine_entry entry)
{
    if (place > 1 && before(engine, heap, entry, heap->entries[place / 2]))
        up(engine, heap, place, entry);
    else
        down(engine, heap, place, entry);
}

void rule__heap_move(struct hz_engine *engine, struct engine_heap *heap, uint32_t place,
                     int64_t due_ns)
{
    hz_assert(place >= 1 && place <= heap->count);
    settle(engine, heap, place, (struct engine_entry){due_ns, heap->entries[place].who, 0});
}

void rule__heap_cut(struct hz_engine *engine, struct engine_heap *heap, uint32_t place)
{
    hz_assert(place >= 1 && place <= heap->count);
    *place_of(engine, heap, heap->entries[place].who) = 0;
    struct engine_entry last = heap->entries[heap->count--];

    if (place <= heap->count)
        settle(engine, heap, place, last);
}
