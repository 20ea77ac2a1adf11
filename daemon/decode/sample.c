/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples from the scalars of an element. What must stay true: a sample says OK only when its name, its
 * value, its stamp and its quality are all as the mapping says; the first of them that is not gives
 * the verdict. What counts as absent (null) is in docs/payloads.md.
 */
#include "sample_priv.h"

void decode__scalars_clear(struct decode_scalars *scalars)
{
    for (unsigned field = 0; field < DECODE_SCALARS; field++)
        scalars->of[field].kind = DECODE_ABSENT;
}

void decode__take(struct decode_reader *reader, uint32_t targets, struct decode_scalars *scalars)
{
    struct decode_scalar *first = &scalars->of[__builtin_ctz(targets)];

    decode__scalar(reader, first);
    for (uint32_t left = targets & (targets - 1); left != 0; left &= left - 1)
        scalars->of[__builtin_ctz(left)] = *first;
}

/* Calls itself once a key of a path, of which there are at most HZ_JSON_DEPTH_MAX. */
void decode__fields(struct hz_decoder *decoder, uint32_t active, unsigned level,
                    struct decode_scalars *scalars)
{
    struct decode_reader *reader = &decoder->reader;
    struct decode_nest nest;
    struct decode_text key;

    for (decode__enter(reader, '{', &nest); decode__next_field(reader, &nest, &key);) {
        uint32_t deeper;
        uint32_t targets = decode__match(&decoder->mapping, active, level, key.slice, &deeper);
        if (deeper != 0 && decode__peek(reader) == '{') {
            decode__fields(decoder, deeper, level + 1, scalars);
            for (; targets != 0; targets &= targets - 1)
                scalars->of[__builtin_ctz(targets)].kind = DECODE_CONTAINER;
        } else if (targets != 0) {
            decode__take(reader, targets, scalars);
        } else {
            decode__skip(reader);
        }
    }
}

struct hz_sample *decode__new_sample(struct hz_decoder *decoder)
{
    if (decoder->count == HZ_PAYLOAD_READINGS_MAX) {
        decode__fail(&decoder->reader, HZ_VERDICT_TOO_MANY);
        return NULL;
    }
    struct hz_sample *sample = &decoder->samples[decoder->count++];
    *sample = (struct hz_sample){.source_ms = HZ_NO_SOURCE_TIME,
                                 .name = {"", 0},
                                 .text = {"", 0},
                                 .kind = HZ_VALUE_NONE,
                                 .quality = DECODE_QUALITY_UNSET};
    return sample;
}

enum hz_verdict decode__take_fault(struct decode_reader *reader)
{
    enum hz_verdict fault = reader->fault;

    reader->fault = HZ_VERDICT_OK;
    return fault;
}

bool decode__is_error(const struct decode_scalar *scalar)
{
    switch (scalar->kind) {
    case DECODE_ABSENT:
    case DECODE_NULL:
        return false;
    case DECODE_BOOL:
        return scalar->number.i64 != 0;
    case DECODE_NUMBER:
        return scalar->number.f64 != 0;
    case DECODE_TEXT:
        return scalar->text.slice.length > 0 && !hz_slice_is(scalar->text.slice, "0");
    default:
        return true; /* whatever it is, it is not "no error" */
    }
}

static enum hz_verdict set_text(const struct decode_text *text, struct hz_sample *sample)
{
    if (text->slice.length == 0)
        return HZ_VERDICT_OK; /* no value */
    if (text->slice.length > HZ_NAME_BYTES_MAX)
        return HZ_VERDICT_TOO_LONG;
    sample->kind = HZ_VALUE_TEXT;
    sample->text = text->slice;
    return text->verdict;
}

static enum hz_verdict set_value(const struct decode_scalar *scalar, struct hz_sample *sample)
{
    switch (scalar->kind) {
    case DECODE_BOOL:
        sample->kind = HZ_VALUE_I64;
        sample->i64 = scalar->number.i64;
        sample->f64 = (double)scalar->number.i64;
        return HZ_VERDICT_OK;
    case DECODE_NUMBER:
        decode__set_number(sample, &scalar->number);
        return HZ_VERDICT_OK;
    case DECODE_TEXT:
        return set_text(&scalar->text, sample);
    case DECODE_NOT_FINITE:
        return HZ_VERDICT_NOT_FINITE;
    case DECODE_CONTAINER:
        return HZ_VERDICT_WRONG_TYPE;
    default:
        return HZ_VERDICT_OK; /* no value */
    }
}

/* An element without its field of the value says something only when it says that the value is not
 * good; null and "" say that there is none. */
static enum hz_verdict set_quality(const struct decode_scalars *scalars, struct hz_sample *sample)
{
    enum hz_verdict verdict = decode__quality(&scalars->of[DECODE_QUALITY], &sample->quality);

    if (decode__is_error(&scalars->of[DECODE_ERROR]))
        sample->quality = HZ_QUALITY_BAD;
    if (verdict != HZ_VERDICT_OK || sample->kind != HZ_VALUE_NONE)
        return verdict;
    if (scalars->of[DECODE_VALUE].kind != DECODE_ABSENT)
        sample->quality = HZ_QUALITY_BAD;
    bool told = sample->quality == HZ_QUALITY_BAD || sample->quality == HZ_QUALITY_UNCERTAIN;
    return told ? HZ_VERDICT_OK : HZ_VERDICT_MISSING;
}

enum hz_verdict decode__stamp(const struct decode_mapping *mapping,
                              const struct decode_scalar *scalar, int64_t *ret_ms)
{
    switch (scalar->kind) {
    case DECODE_ABSENT:
    case DECODE_NULL:
        *ret_ms = HZ_NO_SOURCE_TIME;
        return HZ_VERDICT_OK;
    case DECODE_NUMBER:
        return decode__stamp_number(&scalar->number, mapping->stamp_unit, ret_ms);
    case DECODE_TEXT:
        return decode__stamp_text(scalar->text.slice, mapping->stamp_unit, mapping->zone, ret_ms);
    case DECODE_NOT_FINITE:
        return HZ_VERDICT_BAD_STAMP;
    default:
        return HZ_VERDICT_WRONG_TYPE;
    }
}

void decode__name(const struct decode_text *name, struct hz_sample *sample)
{
    sample->name = name->slice;
    decode__accuse(sample, name->verdict);
    if (name->slice.length == 0)
        decode__accuse(sample, HZ_VERDICT_MISSING);
    if (name->slice.length > HZ_NAME_BYTES_MAX)
        decode__accuse(sample, HZ_VERDICT_TOO_LONG);
}

void decode__fill(const struct decode_mapping *mapping, const struct decode_scalars *scalars,
                  struct hz_sample *sample)
{
    decode__accuse(sample, set_value(&scalars->of[DECODE_VALUE], sample));
    decode__accuse(sample, decode__stamp(mapping, &scalars->of[DECODE_STAMP], &sample->source_ms));
    decode__accuse(sample, set_quality(scalars, sample));
}
