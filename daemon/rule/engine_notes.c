/* SPDX-License-Identifier: Apache-2.0
 *
 * Notes: one pool of lines, chained from a point or a gateway in ascending order of their names
 * (rule, kind, sub). What must stay true: the order of a chain follows from the names alone, so
 * that equal states look equal whatever the way to them; which line of the pool a note has means
 * nothing.
 */
#include "engine_priv.h"

#include <string.h>

static uint64_t name_of(uint32_t rule, unsigned kind, unsigned sub)
{
    return (uint64_t)rule << 16 | kind << 8 | sub;
}

static uint64_t name(const struct engine_note *note)
{
    return name_of(note->rule, note->kind, note->sub);
}

struct engine_note *rule__note_find(struct hz_engine *engine, uint32_t chain, uint32_t rule,
                                    unsigned kind, unsigned sub)
{
    uint64_t wanted = name_of(rule, kind, sub);

    while (chain != 0 && name(rule__note(engine, chain)) < wanted)
        chain = rule__note(engine, chain)->next;
    return chain != 0 && name(rule__note(engine, chain)) == wanted ? rule__note(engine, chain)
                                                                   : NULL;
}

static uint32_t take_line(struct hz_engine *engine)
{
    uint32_t index = engine->note_free;

    if (index != 0) {
        engine->note_free = rule__note(engine, index)->next;
        return index;
    }
    hz_assert(engine->note_end < ENGINE_NOTES);
    return engine->note_end++;
}

struct engine_note *rule__note_put(struct hz_engine *engine, uint32_t *chain, uint32_t owner,
                                   uint32_t rule, unsigned kind, unsigned sub)
{
    uint64_t wanted = name_of(rule, kind, sub);

    while (*chain != 0 && name(rule__note(engine, *chain)) < wanted)
        chain = &rule__note(engine, *chain)->next;
    if (*chain != 0 && name(rule__note(engine, *chain)) == wanted)
        return rule__note(engine, *chain);
    uint32_t index = take_line(engine);
    struct engine_note *note = rule__note(engine, index);
    *note = (struct engine_note){
        .next = *chain, .owner = owner, .rule = rule, .kind = (uint8_t)kind, .sub = (uint8_t)sub};
    *chain = index;
    return note;
}

void rule__note_drop(struct hz_engine *engine, uint32_t *chain, struct engine_note *note)
{
    uint32_t index = (uint32_t)(note - engine->notes);

    while (*chain != index) {
        hz_assert(*chain != 0);
        chain = &rule__note(engine, *chain)->next;
    }
    *chain = note->next;
    note->kind = 0;
    note->next = engine->note_free;
    engine->note_free = index;
}

struct engine_found rule__note_of_rule(struct hz_engine *engine, const struct engine_point *point,
                                       uint32_t rule)
{
    struct engine_found found;

    memset(&found, 0, sizeof(found));
    for (uint32_t at = point->notes; at != 0; at = rule__note(engine, at)->next) {
        struct engine_note *note = rule__note(engine, at);
        if (note->rule > rule)
            break;
        if (note->rule < rule)
            continue;
        if (note->kind == ENGINE_NOTE_LEVEL)
            found.level[note->sub] = note;
        else if (note->kind == ENGINE_NOTE_ALARM)
            found.alarm[note->sub] = note;
    }
    return found;
}
