/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of an entry: a head with the numbers, places in views, then the values of all fields in the
 * order of the field table, each a length and its bytes. What must stay true: an entry is plain bytes,
 * the same on every machine; damaged bytes are told from an entry without reading outside them.
 */
#include "hz_entry.h"

#include "publish_priv.h"

_Static_assert(sizeof(struct hz_entry) == 88 && sizeof(struct hz_view_place) == 32,
               "a stored format");

const char *const hz_entry_field_names[HZ_FIELD_COUNT] = {
#define X(name, word, type, text) word,
    HZ_ENTRY_FIELDS(X)
#undef X
};

struct hz_entry publish__head_of(const struct hz_transition *transition)
{
    return (struct hz_entry){
        .number = transition->number,
        .seq = transition->seq,
        .index = transition->index,
        .place_count = (uint16_t)transition->place_count,
        .event = transition->event,
        .state = transition->state,
        .severity = transition->severity,
        .active = transition->active,
        .mode = transition->mode,
        .kind = transition->kind,
        .id = transition->id,
        .alarm = transition->alarm,
        .point = transition->point,
        .rule = transition->rule,
        .side = transition->side,
        .ring = transition->ring,
        .domain = transition->domain,
        .level = transition->level,
        .gateway = transition->gateway,
        .system = transition->system,
        .feed = transition->feed,
    };
}

void hz_entry_condition_text(const struct hz_set *set, const struct hz_entry *head,
                             struct hz_text *to)
{
    const struct hz_names *names = hz_registry_names(set->registry);

    if (head->kind == HZ_KIND_SYSTEM) {
        struct hz_slice feed = hz_names_key(names, HZ_NAMED_FEED, head->feed);
        hz_text_puts(to, "system.");
        hz_text_puts(to, hz_observed_word((enum hz_observed)head->system));
        if (feed.length > 0) {
            hz_text_puts(to, "@");
            hz_text_slice(to, feed);
        }
        return;
    }
    hz_text_slice(to, hz_names_key(names, HZ_NAMED_RULE, head->rule));
    hz_text_puts(to, ".");
    hz_text_puts(to, hz_side_word(head->side));
    hz_text_puts(to, "@");
    if (head->kind == HZ_KIND_GATEWAY)
        hz_text_slice(to, hz_names_key(names, HZ_NAMED_GATEWAY, head->gateway));
    else
        hz_text_slice(to, hz_names_key(names, HZ_NAMED_POINT, head->point));
}

void hz_condition_text(const struct hz_set *set, const struct hz_transition *transition,
                       struct hz_text *to)
{
    struct hz_entry head = publish__head_of(transition);

    hz_entry_condition_text(set, &head, to);
}

/* Values behind the places. What the sum of all bounds makes impossible is asserted, not cut. */
uint32_t publish__pack(const struct hz_entry *head, const struct hz_view_place *places,
                       const struct hz_slice values[HZ_FIELD_COUNT], struct hz_entry *to)
{
    unsigned char *at = (unsigned char *)(to + 1), *stop = (unsigned char *)to + HZ_ENTRY_BYTES_MAX;

    *to = *head;
    memcpy(at, places, head->place_count * sizeof(struct hz_view_place));
    at += head->place_count * sizeof(struct hz_view_place);
    to->values_offset = (uint32_t)(at - (unsigned char *)to);
    for (int field = 0; field < HZ_FIELD_COUNT; field++) {
        uint16_t length = (uint16_t)values[field].length;
        hz_assert(values[field].length <= (size_t)(stop - at) - sizeof(length) - 8);
        memcpy(at, &length, sizeof(length));
        if (length > 0)
            memcpy(at + sizeof(length), values[field].at, length);
        at += sizeof(length) + length;
    }
    while ((at - (unsigned char *)to) % 8 != 0)
        *at++ = 0;
    to->bytes = (uint32_t)(at - (unsigned char *)to);
    return to->bytes;
}

bool hz_entry_values(const struct hz_entry *entry, size_t available,
                     struct hz_slice values[HZ_FIELD_COUNT])
{
    const char *bytes = (const char *)entry;

    if (available < sizeof(*entry) || entry->bytes > available || entry->bytes % 8 != 0 ||
        entry->bytes > HZ_ENTRY_BYTES_MAX || entry->place_count > HZ_ALARM_VIEWS_MAX ||
        entry->values_offset != sizeof(*entry) + entry->place_count * sizeof(struct hz_view_place))
        return false;
    size_t at = entry->values_offset;
    for (int field = 0; field < HZ_FIELD_COUNT; field++) {
        uint16_t length;
        if (at + sizeof(length) > entry->bytes)
            return false;
        memcpy(&length, bytes + at, sizeof(length));
        at += sizeof(length);
        if (length > entry->bytes - at)
            return false;
        values[field] = (struct hz_slice){bytes + at, length};
        at += length;
    }
    return true;
}

void hz_entry_json(const struct hz_entry *entry, uint64_t n, bool durable, struct hz_text *to)
{
    struct hz_slice values[HZ_FIELD_COUNT];
    char number[24];
    struct hz_text n_text = hz_text_in(number, sizeof(number));

    hz_assert(hz_entry_values(entry, entry->bytes, values));
    hz_text_uint(&n_text, n);
    values[HZ_FIELD_N] = (struct hz_slice){number, n_text.length};
    values[HZ_FIELD_DURABLE] = hz_slice(durable ? "1" : "0");
    for (int field = 0; field < HZ_FIELD_COUNT; field++) {
        hz_text_puts(to, field == 0 ? "{" : ",");
        hz_text_json(to, hz_slice(hz_entry_field_names[field]));
        hz_text_puts(to, ":");
        hz_text_json(to, values[field]);
    }
    hz_text_puts(to, "}");
}
