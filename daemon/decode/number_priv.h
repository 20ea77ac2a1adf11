/* SPDX-License-Identifier: Apache-2.0
 *
 * The usual number: a sign, up to 18 digits, a point among them, no exponent. It is read in place, in a
 * few nanoseconds; what must stay true: it gives what decode__number gives, or nothing.
 */
#ifndef NUMBER_PRIV_H
#define NUMBER_PRIV_H

#include "decode_priv.h"

#include <endian.h>

#define DECODE_EXACT_DIGITS (UINT64_C(1) << 53) /* integers up to here are doubles */
#define DECODE_USUAL_DIGITS 18                  /* below 10^18 < 2^63 */
#define DECODE_POWER_MAX    22                  /* powers of ten up to here are doubles */

extern const double decode__powers_of_ten[DECODE_POWER_MAX + 1];

/* Eight digits at once: to pairs, to fours, to one number, each by a multiplication that adds ten, a
 * hundred, ten thousand times the left to the right (D. Lemire, "Quickly parsing eight digits", 2018).
 * False when one of the eight is no digit. */
static inline bool decode__eight_digits(const char *at, uint64_t *ret_number)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    word = le64toh(word); /* the first digit is the lowest byte */
    uint64_t high = word & UINT64_C(0xF0F0F0F0F0F0F0F0);
    uint64_t carried = (word + UINT64_C(0x0606060606060606)) & UINT64_C(0xF0F0F0F0F0F0F0F0);
    if (((high ^ UINT64_C(0x3030303030303030)) | (carried ^ UINT64_C(0x3030303030303030))) != 0)
        return false;
    word = (word & UINT64_C(0x0F0F0F0F0F0F0F0F)) * 2561 >> 8;
    word = (word & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
    *ret_number = (word & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >> 32;
    return true;
}

/* Appends the digits at `at`, modulo 2^64: the caller counts them. */
static inline const char *decode__append_digits(const char *at, const char *end, uint64_t *digits)
{
    uint64_t number = *digits;

    for (unsigned digit; at < end && (digit = (unsigned char)(*at - '0')) <= 9; at++)
        number = number * 10 + digit;
    *digits = number;
    return at;
}

/* Reads at `at`, which must be below `end`. Returns what is behind it; NULL: something else, or broken. */
static inline const char *decode__usual_number(const char *at, const char *end, struct decode_number *ret_number)
{
    bool negative = *at == '-', integer = true;
    const char *first = at + negative, *behind = first;
    uint64_t digits = 0;
    ptrdiff_t count, fraction = 0;

    if (end - behind >= 8 && decode__eight_digits(behind, &digits))
        behind += 8;
    behind = decode__append_digits(behind, end, &digits);
    count = behind - first;
    if (count == 0 || (count > 1 && *first == '0'))
        return NULL;
    if (behind < end && *behind == '.') {
        const char *point = behind;
        behind = decode__append_digits(behind + 1, end, &digits);
        fraction = behind - point - 1;
        count += fraction;
        integer = false;
        if (fraction == 0 || digits > DECODE_EXACT_DIGITS)
            return NULL;
    }
    if (count > DECODE_USUAL_DIGITS || (behind < end && (*behind | 0x20) == 'e'))
        return NULL;
    double value = integer ? (double)(int64_t)digits
                           : (double)(int64_t)digits / decode__powers_of_ten[fraction];
    ret_number->f64 = negative ? -value : value;
    ret_number->i64 = integer ? (negative ? -(int64_t)digits : (int64_t)digits) : 0;
    ret_number->integer = integer;
    return behind;
}

#endif
