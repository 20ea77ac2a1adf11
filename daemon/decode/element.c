/* SPDX-License-Identifier: Apache-2.0
 *
 * The elements of a batch: members of a map, items of a list, error codes. What must stay true: an
 * element that is bad gives a sample that says so, and harms no other; a fault inside an element is
 * charged to it and not to the packet around it.
 */
#include "sample_priv.h"

/* A sample with a name out of a map. Of two members with the same name neither is taken: nobody knows
 * which was meant. */
static struct hz_sample *new_named(struct hz_decoder *decoder, const struct decode_nest *map,
                                   const struct decode_text *name)
{
    struct decode_key *keys = decoder->reader.keys.entries;
    struct hz_sample *sample = decode__new_sample(decoder);

    if (!sample)
        return NULL;
    if (map->twin == DECODE_NO_KEY) {
        keys[decoder->reader.keys.count - 1].note = decoder->count;
    } else {
        sample->verdict = HZ_VERDICT_DUPLICATE_KEY;
        if (keys[map->twin].note != 0)
            decoder->samples[keys[map->twin].note - 1].verdict = HZ_VERDICT_DUPLICATE_KEY;
    }
    decode__name(name, sample);
    return sample;
}

/* The value that makes up the element: an object with fields, or the element's value itself. A fault
 * inside it is the sample's. */
static void read_element(struct hz_decoder *decoder, struct decode_scalars *scalars,
                         struct hz_sample *sample)
{
    struct decode_reader *reader = &decoder->reader;
    enum hz_verdict outer = decode__take_fault(reader);

    decode__scalars_clear(scalars);
    if (decode__peek(reader) == '{')
        decode__fields(decoder, decoder->mapping.element_fields, 0, scalars);
    else
        decode__take(reader, DECODE_BIT(DECODE_VALUE), scalars);
    enum hz_verdict own = decode__take_fault(reader);
    if (own != HZ_VERDICT_OK)
        sample->verdict = (uint8_t)own;
    reader->fault = outer;
}

void decode__map_member(struct hz_decoder *decoder, const struct decode_nest *map,
                        const struct decode_text *name)
{
    struct hz_sample *sample = new_named(decoder, map, name);
    struct decode_scalars scalars;

    if (!sample)
        return;
    read_element(decoder, &scalars, sample);
    decode__fill(&decoder->mapping, &scalars, sample);
}

/* Gateways that count their points write a number for a name. */
static void set_name(const struct decode_scalar *scalar, struct hz_sample *sample)
{
    static const struct decode_text nameless = {{"", 0}, HZ_VERDICT_OK};
    bool missing = scalar->kind == DECODE_ABSENT || scalar->kind == DECODE_NULL;
    bool named =
        scalar->kind == DECODE_TEXT || (scalar->kind == DECODE_NUMBER && scalar->number.integer);

    if (missing)
        decode__name(&nameless, sample);
    else if (named)
        decode__name(&scalar->text, sample);
    else
        decode__accuse(sample, HZ_VERDICT_WRONG_TYPE);
}

void decode__list_item(struct hz_decoder *decoder)
{
    struct hz_sample *sample = decode__new_sample(decoder);
    bool object = decode__peek(&decoder->reader) == '{';
    struct decode_scalars scalars;

    if (!sample)
        return;
    read_element(decoder, &scalars, sample);
    if (!object) {
        decode__accuse(sample, HZ_VERDICT_WRONG_TYPE);
        return;
    }
    if (decoder->mapping.element_fields & DECODE_BIT(DECODE_NAME))
        set_name(&scalars.of[DECODE_NAME], sample);
    decode__fill(&decoder->mapping, &scalars, sample);
}

void decode__error_member(struct hz_decoder *decoder, const struct decode_nest *map,
                          const struct decode_text *name)
{
    struct decode_reader *reader = &decoder->reader;
    enum hz_verdict outer = decode__take_fault(reader);
    struct decode_scalar code;

    decode__scalar(reader, &code);
    enum hz_verdict own = decode__take_fault(reader);
    reader->fault = outer;
    if (!decode__is_error(&code) && map->twin == DECODE_NO_KEY)
        return;
    struct hz_sample *sample = new_named(decoder, map, name);
    if (!sample)
        return;
    sample->quality = HZ_QUALITY_BAD;
    decode__accuse(sample, own);
}
