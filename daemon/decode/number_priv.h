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

/* Eight bytes as a number, the first lowest. */
static inline uint64_t decode__word(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return le64toh(word);
}

#define DECODE_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The number of eight digits, each a byte from 0 to 9: to pairs, to fours, to one number, each by a
 * multiplication that adds ten, a hundred, ten thousand times the left to the right (D. Lemire, "Quickly
 * parsing eight digits", 2018). */
static inline uint64_t decode__eight_digits(uint64_t digits)
{
    digits = digits * 2561 >> 8;
    digits = (digits & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
    return (digits & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >> 32;
}

/* The number of 13 digits at `at`, where 13 bytes can be read: a stamp in milliseconds between 2001 and
 * 2286. -1: something else. */
static inline int64_t decode__thirteen_digits(const char *at)
{
    uint64_t first = decode__word(at) ^ DECODE_EACH('0');
    uint64_t last = decode__word(at + 5) ^ DECODE_EACH('0'); /* three digits are in both */
    uint64_t above = first | last | (first + DECODE_EACH(6)) | (last + DECODE_EACH(6));

    if ((above & DECODE_EACH(0xF0)) != 0 || (first & 0xFF) == 0)
        return -1;
    return (int64_t)(decode__eight_digits(first) * 100000 +
                     decode__eight_digits(last & ~UINT64_C(0xFFFFFF)));
}

/* A number at the head of `word` that ends within it: "12.34", "-7". Returns its length; 0: something
 * else. Without a loop, since how many digits a value has cannot be foreseen. What ends it is the
 * caller's to judge. */
static inline unsigned decode__short_number(uint64_t word, struct decode_number *ret_number)
{
    unsigned sign = (word & 0xFF) == '-';
    uint64_t digits = word >> 8 * sign ^ DECODE_EACH('0'); /* 0 to 9; all others are above */
    uint64_t others = (((digits & DECODE_EACH(0x7F)) + DECODE_EACH(0x76)) | digits) & DECODE_EACH(0x80);

    if (others == 0)
        return 0;
    unsigned whole = (unsigned)__builtin_ctzll(others) / 8, end = whole, count = whole;
    if (whole == 0 || (whole > 1 && (digits & 0xFF) == 0))
        return 0;
    if ((digits >> 8 * whole & 0xFF) == ('.' ^ '0')) {
        others &= others - 1;
        if (others == 0)
            return 0;
        end = (unsigned)__builtin_ctzll(others) / 8;
        count = end - 1;
        if (count == whole)
            return 0;
        uint64_t before = (UINT64_C(1) << 8 * whole) - 1;
        digits = (digits & before) | (digits >> 8 & ~before); /* the point taken out */
    }
    int64_t number = (int64_t)decode__eight_digits(digits << 8 * (8 - count));
    ret_number->integer = end == whole;
    ret_number->f64 = (double)number;
    if (!ret_number->integer)
        ret_number->f64 /= decode__powers_of_ten[count - whole];
    if (sign)
        ret_number->f64 = -ret_number->f64;
    ret_number->i64 = !ret_number->integer ? 0 : sign ? -number : number;
    return end + sign;
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
