/* SPDX-License-Identifier: Apache-2.0
 *
 * Format VALUE in the usual spelling: {"ts":1763900000123,"v":12.34}, fields in any order, without blanks
 * and without anything else. Nearly every message of a large feed is one of these, and a label such as
 * `"ts":` is found by one comparison of eight bytes. What must stay true: what is accepted here is what
 * the reader would have found; for all else it is asked.
 */
#include "sample_priv.h"

#include "number_priv.h"

/* A name with a byte that a writer may escape, or longer than a label is, is left to the reader. */
static void init_label(const struct decode_path *path, struct decode_label *label)
{
    *label = (struct decode_label){0};
    if (path->count != 1 || path->keys[0].length + 3 > sizeof(label->text))
        return;
    struct hz_slice key = path->keys[0];
    for (size_t i = 0; i < key.length; i++)
        if ((unsigned char)key.at[i] < 0x20 || key.at[i] == '"' || key.at[i] == '\\')
            return;
    label->length = (uint32_t)key.length + 3;
    label->text[0] = '"';
    memcpy(label->text + 1, key.at, key.length);
    memcpy(label->text + 1 + key.length, "\":", 2);
    size_t head = label->length < sizeof(label->word) ? label->length : sizeof(label->word);
    memcpy(&label->word, label->text, head);
    memset(&label->mask, 0xFF, head);
}

void decode__compact_init(const struct decode_mapping *mapping, struct decode_compact *compact)
{
    for (unsigned field = DECODE_VALUE; field <= DECODE_QUALITY; field++)
        init_label(&mapping->paths[field], &compact->labels[field]);
}

static inline bool begins(const char *at, const char *end, const struct decode_label *label)
{
    uint64_t word;

    if (label->length == 0 || (size_t)(end - at) < label->length)
        return false;
    if (end - at < (ptrdiff_t)sizeof(word))
        return memcmp(at, label->text, label->length) == 0;
    memcpy(&word, at, sizeof(word));
    if (((word ^ label->word) & label->mask) != 0)
        return false;
    return label->length <= sizeof(word) ||
           memcmp(at + sizeof(word), label->text + sizeof(word), label->length - sizeof(word)) == 0;
}

/* The field that is named at the cursor and was not seen before; DECODE_SCALARS: none. */
static inline unsigned field_at(const struct decode_compact *compact, const char *at,
                                const char *end, uint32_t seen)
{
    if (!(seen & DECODE_BIT(DECODE_STAMP)) && begins(at, end, &compact->labels[DECODE_STAMP]))
        return DECODE_STAMP;
    if (!(seen & DECODE_BIT(DECODE_VALUE)) && begins(at, end, &compact->labels[DECODE_VALUE]))
        return DECODE_VALUE;
    if (!(seen & DECODE_BIT(DECODE_QUALITY)) && begins(at, end, &compact->labels[DECODE_QUALITY]))
        return DECODE_QUALITY;
    return DECODE_SCALARS;
}

static inline bool set(const struct decode_mapping *mapping, unsigned field,
                       const struct decode_number *number, struct hz_sample *sample)
{
    if (field == DECODE_STAMP)
        return number->integer && mapping->stamp_unit != HZ_STAMP_TEXT &&
               decode__stamp_integer(number->i64, mapping->stamp_unit, &sample->source_ms) ==
                   HZ_VERDICT_OK;
    if (field == DECODE_VALUE)
        decode__set_number(sample, number);
    else
        sample->quality = decode__quality_number(number->integer, number->i64);
    return true;
}

bool decode__compact(const struct hz_decoder *decoder, const char *payload, size_t length,
                     struct hz_sample *ret_sample)
{
    const char *at = payload, *end = payload + length;
    uint32_t seen = 0;

    if (decoder->mapping.format != HZ_PAYLOAD_VALUE || length == 0 || *at != '{')
        return false;
    *ret_sample = (struct hz_sample){.name = {"", 0},
                                     .text = {"", 0},
                                     .source_ms = HZ_NO_SOURCE_TIME,
                                     .quality = HZ_QUALITY_GOOD};
    do {
        struct decode_number number;
        unsigned field = field_at(&decoder->compact, ++at, end, seen);
        if (field == DECODE_SCALARS)
            return false;
        at += decoder->compact.labels[field].length;
        at = at < end ? decode__usual_number(at, end, &number) : NULL;
        if (!at || at == end || !set(&decoder->mapping, field, &number, ret_sample))
            return false;
        seen |= DECODE_BIT(field);
    } while (*at == ',');
    return *at == '}' && at + 1 == end && (seen & DECODE_BIT(DECODE_VALUE));
}
