/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers and durations of cells. Nearly all are decimals with few digits, and for these m / 10^k is
 * rounded once, exactly as strtod rounds the text, because both are exact doubles; the rest goes to
 * strtod. What Excel and people write instead of numbers gets a hint, never a guess.
 */
#include "registry_priv.h"

#include "hz_clock.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT_DIGITS     15 /* 10^15 < 2^53 */
#define TEXT_BYTES_MAX   63u
#define QUOTED_BYTES_MAX 40

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* The end of the longest number at the head; NULL: none. */
static const char *scan(struct hz_slice text, bool *ret_exponent)
{
    const char *at = text.at, *end = text.at + text.length;

    *ret_exponent = false;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *digits = skip_digits(at, end);
    if (digits == at)
        return NULL;
    at = digits;
    if (at + 1 < end && *at == '.' && is_digit(at[1]))
        at = skip_digits(at + 1, end);
    if (at + 1 < end && (*at == 'e' || *at == 'E')) {
        const char *power = at + 1 + (at[1] == '-' || at[1] == '+');

        if (power < end && is_digit(*power)) {
            *ret_exponent = true;
            at = skip_digits(power, end);
        }
    }
    return at;
}

/* The digits as one number and the places behind the point; false: too many to be exact. */
static bool short_decimal(const char *at, const char *end, double *ret_number)
{
    static const double tens[EXACT_DIGITS + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = *at == '-';
    const char *point = NULL;
    uint64_t number = 0;

    at += *at == '-' || *at == '+';
    if (end - at > EXACT_DIGITS)
        return false;
    for (; at < end; at++) {
        if (*at == '.')
            point = at + 1;
        else
            number = number * 10 + (uint64_t)(*at - '0');
    }
    double value = (double)number / tens[point ? end - point : 0];
    *ret_number = negative ? -value : value;
    return true;
}

static bool number_at(const char *at, const char *end, bool exponent, double *ret_number)
{
    char copy[TEXT_BYTES_MAX + 1];

    if (!exponent && short_decimal(at, end, ret_number))
        return true;
    if ((size_t)(end - at) > TEXT_BYTES_MAX)
        return false;
    memcpy(copy, at, (size_t)(end - at));
    copy[end - at] = '\0';
    double number = strtod(copy, NULL);
    if (!isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

bool registry__number(struct hz_slice text, double *ret_number)
{
    bool exponent;
    const char *end = scan(text, &exponent);

    return end == text.at + text.length && end && number_at(text.at, end, exponent, ret_number);
}

static const struct {
    const char *word;
    int64_t ns;
} units[] = {{"ms", HZ_NS_PER_MS},
             {"s", HZ_NS_PER_S},
             {"min", 60 * HZ_NS_PER_S},
             {"h", 3600 * HZ_NS_PER_S},
             {"d", 86400 * HZ_NS_PER_S}};

bool registry__duration(struct hz_slice text, double *ret_ns)
{
    bool exponent;
    double number;
    const char *end = scan(text, &exponent);

    if (!end || exponent || !number_at(text.at, end, false, &number))
        return false;
    struct hz_slice unit = {end, (size_t)(text.at + text.length - end)};
    if (unit.length > 1 && *unit.at == ' ') {
        unit.at++;
        unit.length--;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (hz_slice_is(unit, units[i].word)) {
            *ret_ns = rint(number * (double)units[i].ns);
            return true;
        }
    return false;
}

/* Digits of a Chinese keyboard, U+FF10 to U+FF19. */
static bool has_wide_digit(struct hz_slice text)
{
    for (size_t i = 0; i + 2 < text.length; i++)
        if (memcmp(text.at + i, "\xEF\xBC", 2) == 0 && (uint8_t)text.at[i + 2] >= 0x90 &&
            (uint8_t)text.at[i + 2] <= 0x99)
            return true;
    return false;
}

const char *registry__number_hint(struct hz_slice text, char to[REGISTRY_HINT_BYTES])
{
    static const char *const empty[] = {"-",   "--", "/",    "\\", "N/A",
                                        "n/a", "NA", "null", "无", "—"};
    bool exponent;
    const char *end = scan(text, &exponent);

    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
        if (hz_slice_is(text, empty[i]))
            return "leave the cell empty where there is none";
    if (has_wide_digit(text))
        return "write it with ASCII digits";
    if (text.length > 1 && *text.at == '#')
        return "a formula of the table has failed here";
    if (memchr(text.at, ',', text.length))
        return "write digits only, with '.' for decimals";
    if (!end || end - text.at > QUOTED_BYTES_MAX)
        return NULL;
    snprintf(to, REGISTRY_HINT_BYTES,
             "write the number alone (%.*s): it is in the point's own unit", (int)(end - text.at),
             text.at);
    return to;
}

const char *registry__duration_hint(struct hz_slice text, char to[REGISTRY_HINT_BYTES])
{
    bool exponent;
    const char *end = scan(text, &exponent);

    if (!end || exponent || has_wide_digit(text) || end - text.at > QUOTED_BYTES_MAX)
        return "a number and a unit: 500ms, 10s, 3min, 1h, 1d";
    snprintf(to, REGISTRY_HINT_BYTES, "write the unit: %.*ss, or ms, min, h, d",
             (int)(end - text.at), text.at);
    return to;
}
