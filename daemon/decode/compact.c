/* SPDX-License-Identifier: Apache-2.0
 *
 * Format VALUE in the usual spelling: {"ts":1763900000123,"v":12.34}, fields in any order, without blanks
 * and without anything else. Nearly every message of a large feed is one of these, and a label such as
 * `"ts":` is found by one comparison of eight bytes. What must stay true: what is accepted here is what
 * the reader would have found; for all else it is asked.
 */
#include "sample_priv.h"

#include "number_priv.h"

/* A name with a byte that a writer may escape, or longer than a label is, is left to the reader: its label
 * is one that no text has. */
static void init_label(const struct decode_path *path, struct decode_label *label)
{
    *label = (struct decode_label){.mask = UINT64_MAX};
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
    label->word = decode__word(label->text);
    if (label->length < 8)
        label->mask = (UINT64_C(1) << 8 * label->length) - 1;
}

void decode__compact_init(const struct decode_mapping *mapping, struct decode_compact *compact)
{
    for (unsigned field = DECODE_VALUE; field <= DECODE_QUALITY; field++)
        init_label(&mapping->paths[field], &compact->labels[field]);
}

/* The next eight bytes, zeros behind the payload's end. The payload is at least eight bytes long. */
static inline uint64_t word_at(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);

    return left >= 8 ? decode__word(at) : left > 0 ? decode__word(end - 8) >> 8 * (8 - left) : 0;
}

static inline bool is_label(const struct decode_label *label, uint64_t word, const char *at,
                            const char *end)
{
    if (((word ^ label->word) & label->mask) != 0)
        return false;
    return label->length <= 8 || ((size_t)(end - at) >= label->length &&
                                  memcmp(at + 8, label->text + 8, label->length - 8) == 0);
}

/* The field that is named at the cursor; DECODE_SCALARS: none. */
static inline unsigned field_at(const struct decode_compact *compact, const char *at,
                                const char *end)
{
    uint64_t word = word_at(at, end);

    if (is_label(&compact->labels[DECODE_STAMP], word, at, end))
        return DECODE_STAMP;
    if (is_label(&compact->labels[DECODE_VALUE], word, at, end))
        return DECODE_VALUE;
    if (is_label(&compact->labels[DECODE_QUALITY], word, at, end))
        return DECODE_QUALITY;
    return DECODE_SCALARS;
}

/* Passes a number; NULL: it is not one, or not followed by the next field or the end. */
static inline const char *number_at(const char *at, const char *end, unsigned field,
                                    struct decode_number *number)
{
    if (field == DECODE_STAMP && end - at >= 14 && (at[13] == ',' || at[13] == '}')) {
        number->integer = true;
        number->i64 = decode__thirteen_digits(at);
        if (number->i64 >= 0)
            return at + 13;
    }
    unsigned length = decode__short_number(word_at(at, end), number);
    if (length > 0 && at + length < end && (at[length] == ',' || at[length] == '}'))
        return at + length;
    at = at < end ? decode__usual_number(at, end, number) : NULL;
    return at && at < end && (*at == ',' || *at == '}') ? at : NULL;
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

    if (decoder->mapping.format != HZ_PAYLOAD_VALUE || length < 8 || *at != '{')
        return false;
    *ret_sample = (struct hz_sample){.name = {"", 0},
                                     .text = {"", 0},
                                     .source_ms = HZ_NO_SOURCE_TIME,
                                     .quality = HZ_QUALITY_GOOD};
    do {
        struct decode_number number;
        unsigned field = field_at(&decoder->compact, ++at, end);
        if (field == DECODE_SCALARS || (seen & DECODE_BIT(field)))
            return false;
        at = number_at(at + decoder->compact.labels[field].length, end, field, &number);
        if (!at || !set(&decoder->mapping, field, &number, ret_sample))
            return false;
        seen |= DECODE_BIT(field);
    } while (*at == ',');
    return at + 1 == end && (seen & DECODE_BIT(DECODE_VALUE));
}
