/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases of the decoder as a table: a payload, and what becomes of it as one line of text:
 *
 *     a=12.34@1763900000123 b=i7/bad c="text" d=-/bad e!not-finite
 *
 * name, = value (i: integer, -: none), @ stamp when there is one, / quality when it is not good; or
 * name, ! verdict. A message refused as a whole is "refused: " and the verdict.
 *
 * Each payload is decoded in memory of just its length, so that a sanitizer sees a look behind it, and
 * again in longer memory that goes on with what would change the answer.
 */
#ifndef DECODE_CASE_H
#define DECODE_CASE_H

#include "hz_decode.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct decode_case {
    const char *payload;
    const char *wanted;
    size_t length; /* 0: of the payload's text */
};

static inline void decode_case_sample(const struct hz_sample *sample, struct hz_text *to)
{
    hz_text_slice(to, sample->name);
    if (sample->verdict != HZ_VERDICT_OK) {
        hz_text_format(to, "!%s", hz_verdict_word((enum hz_verdict)sample->verdict));
        return;
    }
    switch (sample->kind) {
    case HZ_VALUE_F64:
        hz_text_puts(to, "=");
        hz_text_decimal(to, sample->f64);
        break;
    case HZ_VALUE_I64:
        assert_true(sample->f64 == (double)sample->i64);
        hz_text_puts(to, "=i");
        hz_text_int(to, sample->i64);
        break;
    case HZ_VALUE_TEXT:
        hz_text_puts(to, "=");
        hz_text_json(to, sample->text);
        break;
    default:
        hz_text_puts(to, "=-");
        break;
    }
    if (sample->source_ms != HZ_NO_SOURCE_TIME) {
        hz_text_puts(to, "@");
        hz_text_int(to, sample->source_ms);
    }
    if (sample->quality != HZ_QUALITY_GOOD)
        hz_text_format(to, "/%s", hz_quality_word((enum hz_quality)sample->quality));
}

/* The answer as text. */
static inline void decode_case_text(struct hz_decoder *decoder, const char *payload, size_t length,
                                    char *to, size_t size)
{
    struct hz_text text = hz_text_in(to, size);
    const struct hz_sample *samples = NULL;
    uint32_t count = 0;
    enum hz_verdict verdict = hz_decode(decoder, payload, length, &samples, &count);

    if (verdict != HZ_VERDICT_OK)
        hz_text_format(&text, "refused: %s", hz_verdict_word(verdict));
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            hz_text_puts(&text, " ");
        decode_case_sample(&samples[i], &text);
    }
    assert_false(text.overflow);
}

static inline size_t decode_case_length(const struct decode_case *one)
{
    return one->length ? one->length : strlen(one->payload);
}

static inline void decode_case_run(struct hz_decoder *decoder, const struct decode_case *one)
{
    static const char after[] = "1}]\"e5,\"v\":7}";
    size_t length = decode_case_length(one);
    char *exact = malloc(length > 0 ? length : 1), *longer = malloc(length + sizeof(after));
    char seen[4096], again[4096];

    assert_non_null(exact);
    assert_non_null(longer);
    memcpy(exact, one->payload, length);
    memcpy(longer, one->payload, length);
    memcpy(longer + length, after, sizeof(after));
    decode_case_text(decoder, exact, length, seen, sizeof(seen));
    decode_case_text(decoder, longer, length, again, sizeof(again));
    if (strcmp(seen, one->wanted) != 0 || strcmp(seen, again) != 0)
        fail_msg("%.*s\n  gave   %s\n  again  %s\n  wanted %s", (int)length, one->payload, seen,
                 again, one->wanted);
    free(exact);
    free(longer);
}

/* A prefix is refused, or is right: then it ends within the blanks behind the payload, or is a number
 * cut short, which nobody can see. */
static inline void decode_case_prefixes(struct hz_decoder *decoder, const struct decode_case *one)
{
    size_t length = decode_case_length(one), blanks = 0;
    char seen[4096];

    if (strncmp(one->wanted, "refused", 7) == 0)
        return;
    while (strchr(" \t\r\n", one->payload[length - 1 - blanks]))
        blanks++;
    if (strchr("0123456789", one->payload[length - 1 - blanks]))
        return;
    for (size_t cut = 0; cut < length; cut++) {
        char *exact = malloc(cut > 0 ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, one->payload, cut);
        decode_case_text(decoder, exact, cut, seen, sizeof(seen));
        bool right = cut >= length - blanks && strcmp(seen, one->wanted) == 0;
        if (!right && strcmp(seen, "refused: broken") != 0 && strcmp(seen, "refused: bad-text") != 0 &&
            strcmp(seen, "refused: empty") != 0)
            fail_msg("%.*s, %zu bytes of it\n  gave %s", (int)length, one->payload, cut, seen);
        free(exact);
    }
}

static inline struct hz_zone *decode_case_zone(void)
{
    static struct hz_zone *zone;

    if (!zone)
        assert_int_equal(hz_zone_load("Asia/Shanghai", &zone), 0);
    return zone;
}

static inline struct hz_decoder *decode_case_decoder(const struct hz_filter_config *mapping)
{
    struct hz_decoder *decoder = NULL;

    assert_int_equal(hz_decoder_new(mapping, decode_case_zone(), &decoder), 0);
    return decoder;
}

static inline void decode_case_table(const struct hz_filter_config *mapping,
                                     const struct decode_case *cases, size_t count)
{
    struct hz_decoder *decoder = decode_case_decoder(mapping);

    for (size_t i = 0; i < count; i++) {
        decode_case_run(decoder, &cases[i]);
        decode_case_prefixes(decoder, &cases[i]);
        decode_case_run(decoder, &cases[i]); /* nothing of the prefixes is left */
    }
    hz_decoder_free(decoder);
}

#define DECODE_CASES(mapping, cases) decode_case_table(&(mapping), cases, sizeof(cases) / sizeof((cases)[0]))

#endif
