/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON numbers, correctly rounded. What must stay true: the result is the double nearest to what is
 * written, as strtod gives it, since limits are compared with `>=`.
 *
 * Nearly every number of the field has at most 15 significant digits and a small exponent. Then both
 * the digits, as an integer below 2^53, and the power of ten, up to 10^22, are exact doubles, and one
 * IEEE division or multiplication rounds once: the exact answer (Clinger, "How to read floating point
 * numbers accurately", 1990). All others go to strtod, which needs a terminated copy.
 *
 * The usual number has a way of its own (number_priv.h), which leaves to this one what it does not know.
 */
#include "number_priv.h"

#include <math.h>
#include <stdlib.h>

const double decode__powers_of_ten[DECODE_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A number taken apart: digits x 10^exponent. */
struct parts {
    uint64_t digits;
    int32_t exponent;
    bool negative, inexact, integer;
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Adds digits; those that no longer fit make the parts inexact. */
static const char *take_digits(const char *at, const char *end, struct parts *parts,
                               int32_t exponent_step)
{
    for (; is_digit(at, end); at++) {
        if (parts->digits > (UINT64_MAX - 9) / 10) {
            parts->inexact = true;
            continue;
        }
        parts->digits = parts->digits * 10 + (uint64_t)(*at - '0');
        parts->exponent += exponent_step;
    }
    return at;
}

/* Behind an 'e'. NULL when there are no digits. */
static const char *take_exponent(const char *at, const char *end, struct parts *parts)
{
    bool negative = at < end && *at == '-';
    int32_t exponent = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    for (; is_digit(at, end); at++)
        if (exponent < 100000)
            exponent = exponent * 10 + (*at - '0');
    parts->exponent += negative ? -exponent : exponent;
    return at;
}

/* The grammar of RFC 8259 section 6. NULL when broken. */
static const char *take_apart(const char *at, const char *end, struct parts *parts)
{
    if (at < end && *at == '-') {
        parts->negative = true;
        at++;
    }
    if (!is_digit(at, end))
        return NULL;
    if (*at == '0' && is_digit(at + 1, end))
        return NULL;
    at = take_digits(at, end, parts, 0);
    parts->integer = true;
    if (at < end && *at == '.') {
        parts->integer = false;
        if (!is_digit(++at, end))
            return NULL;
        at = take_digits(at, end, parts, -1);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        parts->integer = false;
        at = take_exponent(at + 1, end, parts);
    }
    return at;
}

static bool exact(const struct parts *parts, double *ret_value)
{
    if (parts->inexact || parts->digits > DECODE_EXACT_DIGITS ||
        parts->exponent > DECODE_POWER_MAX || parts->exponent < -DECODE_POWER_MAX)
        return false;
    double value = (double)parts->digits;
    value = parts->exponent < 0 ? value / decode__powers_of_ten[-parts->exponent]
                                : value * decode__powers_of_ten[parts->exponent];
    *ret_value = parts->negative ? -value : value;
    return true;
}

static double by_strtod(const char *at, size_t length)
{
    char copy[DECODE_NUMBER_BYTES_MAX + 1];

    memcpy(copy, at, length);
    copy[length] = '\0';
    return strtod(copy, NULL);
}

static void set_integer(const struct parts *parts, struct decode_number *number)
{
    uint64_t most = (uint64_t)INT64_MAX + parts->negative;

    if (!parts->integer || parts->inexact || parts->digits > most)
        return;
    number->integer = true;
    number->i64 = (int64_t)(parts->negative ? 0 - parts->digits : parts->digits);
}

static enum hz_verdict any(const char **at, const char *end, struct decode_number *ret_number)
{
    struct parts parts = {0};
    struct decode_number number = {0};
    const char *behind = take_apart(*at, end, &parts);

    if (!behind)
        return HZ_VERDICT_BROKEN;
    if (!exact(&parts, &number.f64)) {
        size_t length = (size_t)(behind - *at);
        number.f64 = length <= DECODE_NUMBER_BYTES_MAX ? by_strtod(*at, length) : INFINITY;
    }
    *at = behind;
    if (!isfinite(number.f64))
        return HZ_VERDICT_NOT_FINITE;
    set_integer(&parts, &number);
    *ret_number = number;
    return HZ_VERDICT_OK;
}

enum hz_verdict decode__number(const char **at, const char *end, struct decode_number *ret_number)
{
    const char *behind = decode__usual_number(*at, end, ret_number);

    if (!behind)
        return any(at, end, ret_number);
    *at = behind;
    return HZ_VERDICT_OK;
}
