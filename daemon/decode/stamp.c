/* SPDX-License-Identifier: Apache-2.0
 *
 * Time stamps as gateways write them, to UTC milliseconds. What must stay true: a stamp is either read
 * as its writer meant it, by its own zone or the feed's, or refused; never guessed beyond seconds or
 * milliseconds.
 */
#include "decode_priv.h"

#include <math.h>

enum hz_verdict decode__stamp_number(const struct decode_number *number, enum hz_stamp_unit unit,
                                     int64_t *ret_ms)
{
    bool seconds = unit == HZ_STAMP_S ||
                   (unit == HZ_STAMP_AUTO && fabs(number->f64) < DECODE_AUTO_SECONDS_BELOW);
    double ms = seconds ? number->f64 * 1000.0 : number->f64;

    if (unit == HZ_STAMP_TEXT)
        return HZ_VERDICT_WRONG_TYPE;
    if (number->integer)
        return decode__stamp_integer(number->i64, unit, ret_ms);
    if (!(ms >= 0 && ms < (double)DECODE_STAMP_MS_MAX - 0.5)) /* it is rounded */
        return HZ_VERDICT_BAD_STAMP;
    *ret_ms = (int64_t)llround(ms);
    return HZ_VERDICT_OK;
}

/* Reading from the front of a text. */
struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted)
        return false;
    cursor->at++;
    return true;
}

static bool take_number(struct cursor *cursor, unsigned digits, unsigned most, unsigned *ret_number)
{
    unsigned number = 0;

    for (unsigned i = 0; i < digits; i++, cursor->at++) {
        if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9')
            return false;
        number = number * 10 + (unsigned)(*cursor->at - '0');
    }
    *ret_number = number;
    return number <= most;
}

static bool take_day(struct cursor *cursor, int64_t *ret_seconds)
{
    unsigned year, month, day;

    if (!take_number(cursor, 4, 9999, &year) || !take(cursor, '-') ||
        !take_number(cursor, 2, 12, &month) || !take(cursor, '-') ||
        !take_number(cursor, 2, 31, &day))
        return false;
    if (month == 0 || day == 0 || day > hz_civil_month_days(year, month))
        return false;
    *ret_seconds = hz_civil_days(year, month, day) * 86400;
    return true;
}

static bool take_time(struct cursor *cursor, int64_t *seconds)
{
    unsigned hour, minute, second;

    if (!take_number(cursor, 2, 23, &hour) || !take(cursor, ':') ||
        !take_number(cursor, 2, 59, &minute) || !take(cursor, ':') ||
        !take_number(cursor, 2, 60, &second))
        return false;
    *seconds += (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}

/* ".123456" to whole milliseconds, the rest cut; no point, no fraction. */
static bool take_fraction(struct cursor *cursor, int64_t *ret_ms)
{
    int64_t scale = 100;

    *ret_ms = 0;
    if (!take(cursor, '.') && !take(cursor, ','))
        return true;
    const char *first = cursor->at;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        *ret_ms += scale * (*cursor->at - '0');
        scale /= 10;
    }
    return cursor->at > first;
}

/* Z or +HH:MM; *ret_given = false when the text ends here. */
static bool take_zone(struct cursor *cursor, bool *ret_given, int64_t *ret_offset_s)
{
    unsigned hours, minutes;

    *ret_given = cursor->at < cursor->end;
    *ret_offset_s = 0;
    if (!*ret_given || take(cursor, 'Z') || take(cursor, 'z'))
        return true;
    bool west = take(cursor, '-');
    if (!west && !take(cursor, '+'))
        return false;
    if (!take_number(cursor, 2, 23, &hours))
        return false;
    (void)take(cursor, ':'); /* ISO 8601's basic form leaves it out */
    if (!take_number(cursor, 2, 59, &minutes))
        return false;
    *ret_offset_s = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * (west ? -1 : 1);
    return true;
}

static enum hz_verdict civil_stamp(struct hz_slice text, const struct hz_zone *zone,
                                   int64_t *ret_ms)
{
    struct cursor cursor = {text.at, text.at + text.length};
    int64_t local_s, fraction_ms, offset_s;
    bool zone_given;

    if (!take_day(&cursor, &local_s) ||
        (!take(&cursor, 'T') && !take(&cursor, 't') && !take(&cursor, ' ')) ||
        !take_time(&cursor, &local_s) || !take_fraction(&cursor, &fraction_ms) ||
        !take_zone(&cursor, &zone_given, &offset_s) || cursor.at != cursor.end)
        return HZ_VERDICT_BAD_STAMP;
    int64_t utc_s = zone_given ? local_s - offset_s : hz_zone_utc_s(zone, local_s);
    int64_t ms = utc_s * 1000 + fraction_ms;
    if (ms < 0 || ms >= DECODE_STAMP_MS_MAX)
        return HZ_VERDICT_BAD_STAMP;
    *ret_ms = ms;
    return HZ_VERDICT_OK;
}

enum hz_verdict decode__stamp_text(struct hz_slice text, enum hz_stamp_unit unit,
                                   const struct hz_zone *zone, int64_t *ret_ms)
{
    const char *at = text.at, *end = text.at + text.length;
    struct decode_number number;

    if (unit != HZ_STAMP_TEXT && text.length > 0 &&
        decode__number(&at, end, &number) == HZ_VERDICT_OK && at == end)
        return decode__stamp_number(&number, unit, ret_ms);
    return civil_stamp(text, zone, ret_ms);
}
