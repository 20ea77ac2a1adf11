/* SPDX-License-Identifier: Apache-2.0
 *
 * The decoder: its memory, and the way of a payload through it. All memory is taken here and once; what
 * only a large payload needs (keys, scratch, most of the samples) is address space until one comes.
 *
 * What the bytes are comes before what they mean: a payload that is not JSON to its end is broken,
 * whatever else was wrong with it.
 */
#include "sample_priv.h"

#include "hz_arena.h"

#include <errno.h>
#include <stdlib.h>

int hz_decoder_new(const struct hz_filter_config *mapping, const struct hz_zone *zone,
                   struct hz_decoder **ret_decoder)
{
    struct hz_decoder *decoder = calloc(1, sizeof(*decoder));

    if (!decoder)
        return -ENOMEM;
    int error = decode__mapping(mapping, zone, &decoder->mapping);
    if (error == 0)
        error = decode__keys_init(&decoder->reader.keys);
    if (error == 0) {
        decoder->samples = calloc(HZ_PAYLOAD_READINGS_MAX, sizeof(*decoder->samples));
        decoder->reader.scratch = hz_reserve(HZ_PAYLOAD_BYTES_MAX);
        if (!decoder->samples || !decoder->reader.scratch)
            error = -ENOMEM;
    }
    if (error < 0) {
        hz_decoder_free(decoder);
        return error;
    }
    decode__compact_init(&decoder->mapping, &decoder->compact);
    *ret_decoder = decoder;
    return 0;
}

void hz_decoder_free(struct hz_decoder *decoder)
{
    if (!decoder)
        return;
    hz_reserve_free(decoder->reader.scratch, HZ_PAYLOAD_BYTES_MAX);
    decode__keys_done(&decoder->reader.keys);
    free(decoder->samples);
    free(decoder);
}

/* Format VALUE: an object, or the bare value. */
static enum hz_verdict read_value(struct hz_decoder *decoder)
{
    struct decode_reader *reader = &decoder->reader;
    struct hz_sample *sample = decode__new_sample(decoder);
    struct decode_scalars scalars;

    decode__scalars_clear(&scalars);
    if (decode__peek(reader) == '{')
        decode__fields(decoder, decoder->mapping.element_fields, 0, &scalars);
    else
        decode__take(reader, DECODE_BIT(DECODE_VALUE), &scalars);
    enum hz_verdict fault = decode__take_fault(reader);
    if (fault != HZ_VERDICT_OK)
        return fault;
    decode__fill(&decoder->mapping, &scalars, sample);
    if (sample->quality == DECODE_QUALITY_UNSET)
        sample->quality = HZ_QUALITY_GOOD;
    return (enum hz_verdict)sample->verdict;
}

static enum hz_verdict read_payload(struct hz_decoder *decoder, const char *payload, size_t length)
{
    struct decode_reader *reader = &decoder->reader;

    decoder->count = 0;
    decode__begin(reader, payload, length);
    (void)decode__peek(reader);
    if (reader->at == reader->end)
        return HZ_VERDICT_EMPTY;
    enum hz_verdict verdict = decoder->mapping.format == HZ_PAYLOAD_VALUE
                                  ? read_value(decoder)
                                  : decode__packets(decoder);
    decode__finish(reader);
    if (reader->verdict != HZ_VERDICT_OK)
        return reader->verdict;
    if (verdict == HZ_VERDICT_OK && decoder->count == 0)
        return HZ_VERDICT_EMPTY;
    return verdict;
}

/* Whatever it says, it says that the gateway is there. */
static void sign_of_life(struct hz_decoder *decoder)
{
    decoder->count = 0;
    decode__new_sample(decoder)->quality = HZ_QUALITY_GOOD;
}

enum hz_verdict hz_decode(struct hz_decoder *decoder, const char *payload, size_t length,
                          const struct hz_sample **ret_samples, uint32_t *ret_count)
{
    if (length > HZ_PAYLOAD_BYTES_MAX)
        return HZ_VERDICT_OVERSIZE;
    if (decode__compact(decoder, payload, length, decoder->samples)) {
        decoder->count = 1;
    } else if (decoder->mapping.format == HZ_PAYLOAD_HEARTBEAT) {
        sign_of_life(decoder);
    } else {
        enum hz_verdict verdict = read_payload(decoder, payload, length);
        if (verdict != HZ_VERDICT_OK)
            return verdict;
    }
    *ret_samples = decoder->samples;
    *ret_count = decoder->count;
    return HZ_VERDICT_OK;
}
