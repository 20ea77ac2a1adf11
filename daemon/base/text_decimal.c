/* SPDX-License-Identifier: Apache-2.0
 *
 * Doubles as text, in the form of %g: the same double must come back from strtod.
 *
 * Nearly all values of the field are decimals with few places ("90.41"), and for these no printf is
 * needed: when m and 10^k are both exact, m / 10^k is rounded once, exactly as strtod rounds the
 * text "m x 10^-k". So if m / 10^k == value, that text is right; the smallest such k makes it the
 * shortest.
 */
#include "hz_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Below 10^15 (15 digits, < 2^50) the product v * 10^k is off by less than 1/4, so that rounding it
 * finds m whenever there is one. */
#define EXACT_BELOW 1e15
#define PLACES_MAX  6

static const double tens[PLACES_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};

/* m with the point `places` digits from its end, as %g writes it. */
static void add_scaled(struct hz_text *text, bool negative, uint64_t m, int places)
{
    char buffer[32];
    char *end = buffer + sizeof(buffer);
    char *start = end;

    for (int i = 0; i < places; i++, m /= 10)
        *--start = (char)('0' + m % 10);
    if (places > 0)
        *--start = '.';
    do {
        *--start = (char)('0' + m % 10);
        m /= 10;
    } while (m > 0);
    if (negative)
        *--start = '-';
    hz_text_add(text, start, (size_t)(end - start));
}

static bool add_short(struct hz_text *text, double value)
{
    double size = fabs(value);

    if (size >= EXACT_BELOW || (size < 1e-4 && size != 0))
        return false; /* %g goes over to exponents */
    for (int places = 0; places <= PLACES_MAX; places++) {
        double m = rint(size * tens[places]);
        if (m >= EXACT_BELOW)
            return false;
        if (m / tens[places] == size) {
            add_scaled(text, signbit(value), (uint64_t)m, places);
            return true;
        }
    }
    return false;
}

void hz_text_decimal(struct hz_text *text, double value)
{
    char buffer[48];

    if (!isfinite(value) || add_short(text, value))
        return;
    /* 15 digits always survive the way text -> double -> text, 17 the way back. Subnormal numbers
     * have fewer bits and may need fewer digits. */
    int digits = fabs(value) < 0x1p-1022 ? 1 : 15;
    do
        (void)snprintf(buffer, sizeof(buffer), "%.*g", digits, value);
    while (digits++ < 17 && strtod(buffer, NULL) != value);
    hz_text_puts(text, buffer);
}
