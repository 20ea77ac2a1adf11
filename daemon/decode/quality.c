/* SPDX-License-Identifier: Apache-2.0
 *
 * Qualities as gateways write them; the table is in docs/payloads.md. What must stay true: nothing is
 * good by a guess, since only good readings move limits, and nothing is dropped for its quality: what is
 * not known is uncertain.
 */
#include "sample_priv.h"

#include <strings.h>

/* OPC DA 2.05A, 6.8: bits 6 and 7 of a byte. 2 is not used there. Above a byte stand status codes
 * of OPC UA (part 4, 7.39): a severity in bits 30 and 31; its good codes other than 0, which here is
 * bad as in OPC DA, are not taken for good. Sparkplug writes 0, 192 and 500 (stale). */
uint8_t decode__quality_number(bool integer, int64_t number)
{
    static const uint8_t of_byte[4] = {HZ_QUALITY_BAD, HZ_QUALITY_UNCERTAIN, HZ_QUALITY_UNCERTAIN,
                                       HZ_QUALITY_GOOD};

    if (!integer || number < 0 || number > UINT32_MAX)
        return HZ_QUALITY_UNCERTAIN;
    if (number <= UINT8_MAX)
        return of_byte[number >> 6];
    return number >> 31 != 0 ? HZ_QUALITY_BAD : HZ_QUALITY_UNCERTAIN;
}

static const struct {
    const char *word;
    uint8_t quality;
} words[] = {
    {"good", HZ_QUALITY_GOOD},
    {"ok", HZ_QUALITY_GOOD},
    {"valid", HZ_QUALITY_GOOD},
    {"true", HZ_QUALITY_GOOD},
    {"bad", HZ_QUALITY_BAD},
    {"invalid", HZ_QUALITY_BAD},
    {"error", HZ_QUALITY_BAD},
    {"false", HZ_QUALITY_BAD},
    {"uncertain", HZ_QUALITY_UNCERTAIN},
    {"questionable", HZ_QUALITY_UNCERTAIN},
    {"stale", HZ_QUALITY_UNCERTAIN},
};

/* "GoodClamped", "Bad_SensorFailure": the names of OPC UA begin with their severity. */
static bool symbolic(struct hz_slice text, const char *severity)
{
    size_t length = strlen(severity);

    return text.length > length && memcmp(text.at, severity, length) == 0 &&
           (text.at[length] == '_' || (text.at[length] >= 'A' && text.at[length] <= 'Z'));
}

static uint8_t quality_word(struct hz_slice text)
{
    const char *at = text.at, *end = text.at + text.length;
    struct decode_number number;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == text.length &&
            strncasecmp(words[i].word, text.at, text.length) == 0)
            return words[i].quality;
    if (symbolic(text, "Good"))
        return HZ_QUALITY_GOOD;
    if (symbolic(text, "Bad"))
        return HZ_QUALITY_BAD;
    if (text.length > 0 && decode__number(&at, end, &number) == HZ_VERDICT_OK && at == end)
        return decode__quality_number(number.integer, number.i64);
    return HZ_QUALITY_UNCERTAIN;
}

enum hz_verdict decode__quality(const struct decode_scalar *scalar, uint8_t *ret_quality)
{
    switch (scalar->kind) {
    case DECODE_ABSENT:
    case DECODE_NULL:
        *ret_quality = DECODE_QUALITY_UNSET;
        return HZ_VERDICT_OK;
    case DECODE_BOOL:
        *ret_quality = scalar->number.i64 ? HZ_QUALITY_GOOD : HZ_QUALITY_BAD;
        return HZ_VERDICT_OK;
    case DECODE_NUMBER:
        *ret_quality = decode__quality_number(scalar->number.integer, scalar->number.i64);
        return HZ_VERDICT_OK;
    case DECODE_TEXT:
        *ret_quality = quality_word(scalar->text.slice);
        return HZ_VERDICT_OK;
    case DECODE_NOT_FINITE:
        *ret_quality = HZ_QUALITY_UNCERTAIN;
        return HZ_VERDICT_OK;
    default:
        return HZ_VERDICT_WRONG_TYPE;
    }
}
