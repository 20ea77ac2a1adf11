/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 as text from outside needs it: is there a whole, valid character here, and where may a text
 * be cut. Valid is what RFC 3629 allows: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "hz_text.h"

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The second byte carries the limits that the first leaves open (RFC 3629 section 4). */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return continues(second);
    }
}

static size_t announced(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t hz_utf8_character(const char *at, size_t length)
{
    const unsigned char *byte = (const unsigned char *)at;
    size_t bytes = length > 0 ? announced(byte[0]) : 0;

    if (bytes > length)
        return 0;
    if (bytes > 1 && !second_fits(byte[0], byte[1]))
        return 0;
    for (size_t i = 2; i < bytes; i++)
        if (!continues(byte[i]))
            return 0;
    return bytes;
}

size_t hz_utf8_cut(const char *at, size_t length, size_t most)
{
    if (length <= most)
        return length;
    size_t edge = most;
    while (edge > 0 && most - edge < 3 && continues((unsigned char)at[edge]))
        edge--;
    /* Three steps back and still inside: not UTF-8 at all, any place is as good. */
    return continues((unsigned char)at[edge]) ? most : edge;
}
