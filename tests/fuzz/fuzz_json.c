/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a payload of every format: samples or a verdict, never both and never neither. What is
 * said to be OK is as hz_decode.h promises; decoded again, and with a blank behind it (which the short
 * way for the usual spelling does not take), it is the same. The first byte chooses the mapping.
 */
#include "fuzz.h"

#include "hz_decode.h"
#include "hz_limits.h"

#include <math.h>
#include <stdlib.h>

static const struct hz_filter_config mappings[] = {
    {.format = HZ_PAYLOAD_VALUE, .value = "v", .stamp = "ts", .quality = "q"},
    {.format = HZ_PAYLOAD_VALUE, .value = "d.v", .stamp = "d.ts", .quality = "q", .errors = "e"},
    {.format = HZ_PAYLOAD_MAP, .values = "m", .value = "v", .stamp = "ts", .errors = "e"},
    {.format = HZ_PAYLOAD_MAP, .values = "", .value = "v", .stamp = "ts", .quality = "q.q"},
    {.format = HZ_PAYLOAD_ARRAY, .values = "", .name = "n", .value = "v", .stamp = "ts"},
    {.format = HZ_PAYLOAD_ARRAY,
     .values = "d.l",
     .name = "n",
     .value = "v",
     .stamp_unit = HZ_STAMP_S},
    {.format = HZ_PAYLOAD_HEARTBEAT},
};
#define MAPPINGS (sizeof(mappings) / sizeof(mappings[0]))

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_text(struct hz_slice text)
{
    CHECK(text.length <= HZ_NAME_BYTES_MAX);
    for (size_t at = 0; at < text.length;) {
        size_t bytes = hz_utf8_character(text.at + at, text.length - at);
        CHECK(bytes > 0 && text.at[at] != '\0');
        at += bytes;
    }
}

static void check_sample(const struct hz_sample *sample, bool named)
{
    CHECK(sample->verdict < HZ_VERDICT_END);
    if (sample->verdict != HZ_VERDICT_OK)
        return;
    check_text(sample->name);
    CHECK((sample->name.length > 0) == named);
    CHECK(sample->kind <= HZ_VALUE_NONE && sample->quality <= HZ_QUALITY_UNCERTAIN);
    CHECK(sample->source_ms == HZ_NO_SOURCE_TIME ||
          (sample->source_ms >= 0 && sample->source_ms < INT64_C(7258118400000)));
    if (sample->kind == HZ_VALUE_TEXT) {
        CHECK(sample->text.length > 0);
        check_text(sample->text);
    } else if (sample->kind != HZ_VALUE_NONE) {
        CHECK(isfinite(sample->f64));
        CHECK(sample->kind == HZ_VALUE_F64 || sample->f64 == (double)sample->i64);
    }
}

/* A number for the whole answer. */
static uint64_t answer(struct hz_decoder *decoder, const char *payload, size_t length, bool named)
{
    const struct hz_sample *samples = NULL;
    uint32_t count = 0;
    enum hz_verdict verdict = hz_decode(decoder, payload, length, &samples, &count);
    uint64_t sum = verdict;

    CHECK(verdict < HZ_VERDICT_END && (verdict == HZ_VERDICT_OK) == (count > 0));
    CHECK(count <= HZ_PAYLOAD_READINGS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct hz_sample *sample = &samples[i];
        uint64_t bits;
        check_sample(sample, named);
        memcpy(&bits, &sample->f64, sizeof(bits));
        sum = sum * 31 + sample->verdict;
        if (sample->verdict != HZ_VERDICT_OK)
            continue;
        sum = sum * 31 + sample->kind + 4 * sample->quality;
        sum = (sum * 31 + bits) * 31 + (uint64_t)sample->i64;
        sum = sum * 31 + (uint64_t)sample->source_ms;
        for (size_t at = 0; at < sample->name.length; at++)
            sum = sum * 31 + (unsigned char)sample->name.at[at];
        for (size_t at = 0; at < sample->text.length; at++)
            sum = sum * 31 + (unsigned char)sample->text.at[at];
    }
    return sum;
}

static struct hz_decoder *decoder_for(size_t mapping)
{
    static struct hz_decoder *decoders[MAPPINGS];
    static struct hz_zone *zone;

    if (!zone)
        CHECK(hz_zone_load("Asia/Shanghai", &zone) == 0);
    if (!decoders[mapping])
        CHECK(hz_decoder_new(&mappings[mapping], zone, &decoders[mapping]) == 0);
    return decoders[mapping];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t mapping = data[0] % MAPPINGS, length = size - 1;
    bool named =
        mappings[mapping].format == HZ_PAYLOAD_MAP || mappings[mapping].format == HZ_PAYLOAD_ARRAY;
    struct hz_decoder *decoder = decoder_for(mapping);
    char *exact = malloc(length > 0 ? length : 1), *longer = malloc(length + 1);

    CHECK(exact && longer);
    memcpy(exact, data + 1, length);
    memcpy(longer, data + 1, length);
    longer[length] = ' ';
    uint64_t first = answer(decoder, exact, length, named);
    CHECK(answer(decoder, longer, length + 1, named) == first);
    CHECK(answer(decoder, exact, length, named) == first);
    free(exact);
    free(longer);
    return 0;
}
