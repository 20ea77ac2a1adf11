/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts that decoders of all payload formats share: numbers and time stamps.
 */
#ifndef DECODE_PRIV_H
#define DECODE_PRIV_H

#include "hz_config.h"
#include "hz_text.h"
#include "hz_verdict.h"
#include "hz_zone.h"

struct decode_number {
    double f64; /* correctly rounded */
    int64_t i64;
    bool integer; /* written without fraction and exponent, and within int64: i64 counts */
};

/* The longest number that is read; RFC 8259 sets no bound, no instrument needs this many digits. */
#define DECODE_NUMBER_BYTES_MAX 64u

/* Reads a JSON number (RFC 8259 section 6) at *at, which must be below `end`. OK or NOT_FINITE (beyond a
 * double, or longer than DECODE_NUMBER_BYTES_MAX): *at is behind it. BROKEN: *at stays. */
enum hz_verdict decode__number(const char **at, const char *end, struct decode_number *ret_number);

/* Time stamps, as UTC ms. Outside 1970-2200 is BAD_STAMP. */
#define DECODE_STAMP_MS_MAX INT64_C(7258118400000) /* 2200-01-01T00:00:00Z */

#define DECODE_AUTO_SECONDS_BELOW 100000000000

/* A whole number of seconds or milliseconds. */
static inline enum hz_verdict decode__stamp_integer(int64_t number, enum hz_stamp_unit unit, int64_t *ret_ms)
{
    bool seconds = unit == HZ_STAMP_S || (unit == HZ_STAMP_AUTO && number < DECODE_AUTO_SECONDS_BELOW);

    if (number < 0 || number >= (seconds ? DECODE_STAMP_MS_MAX / 1000 : DECODE_STAMP_MS_MAX))
        return HZ_VERDICT_BAD_STAMP;
    *ret_ms = seconds ? number * 1000 : number;
    return HZ_VERDICT_OK;
}

/* A number by its unit; AUTO takes magnitudes below 10^11 for seconds (that is the year 5138), others
 * for milliseconds (10^11 ms is 1973). */
enum hz_verdict decode__stamp_number(const struct decode_number *number, enum hz_stamp_unit unit,
                                     int64_t *ret_ms);

/* RFC 3339 with a zone; or `YYYY-MM-DD HH:MM:SS[.fraction]` (also with T) in `zone`. Digits alone are a
 * number as text. A leap second (:60) is the next minute's first. */
enum hz_verdict decode__stamp_text(struct hz_slice text, enum hz_stamp_unit unit, const struct hz_zone *zone,
                                   int64_t *ret_ms);

#endif
