/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule for the time after a zone file's last change: a POSIX TZ text (IEEE Std 1003.1 section
 * 8.3, with the hours -167..167 of RFC 8536 section 3.3.1), such as "CET-1CEST,M3.5.0,M10.5.0/3".
 * Offsets are kept as they are added to UTC; the text counts the other way.
 */
#include "base_priv.h"

#define DAY_S 86400

struct cursor {
    const char *at, *end;
    bool wrong;
};

static bool skip(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static void expect(struct cursor *c, char wanted)
{
    if (!skip(c, wanted))
        c->wrong = true;
}

static int32_t number(struct cursor *c, int32_t least, int32_t most)
{
    const char *start = c->at;
    int32_t value = 0;

    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && value < 1000)
        value = value * 10 + (*c->at++ - '0');
    if (c->at == start || value < least || value > most)
        c->wrong = true;
    return value;
}

/* [+-]hh[:mm[:ss]] */
static int32_t clock_time(struct cursor *c, int32_t hours_most)
{
    bool negative = skip(c, '-');

    if (!negative)
        (void)skip(c, '+');
    int32_t seconds = number(c, 0, hours_most) * 3600;
    if (skip(c, ':'))
        seconds += number(c, 0, 59) * 60;
    if (skip(c, ':'))
        seconds += number(c, 0, 59);
    return negative ? -seconds : seconds;
}

/* "CET" or "<+0330>"; the name itself is of no use here. */
static void zone_name(struct cursor *c)
{
    const char *start = c->at;

    if (skip(c, '<')) {
        while (c->at < c->end && *c->at != '>')
            c->at++;
        expect(c, '>');
        return;
    }
    while (c->at < c->end && ((*c->at | 0x20) >= 'a' && (*c->at | 0x20) <= 'z'))
        c->at++;
    if (c->at - start < 3)
        c->wrong = true;
}

static struct base__zone_day change_day(struct cursor *c)
{
    struct base__zone_day day = {.form = 'N', .time_s = 2 * 3600};

    expect(c, ',');
    if (skip(c, 'M')) {
        day.form = 'M';
        day.month = number(c, 1, 12);
        expect(c, '.');
        day.week = number(c, 1, 5);
        expect(c, '.');
        day.day = number(c, 0, 6);
    } else if (skip(c, 'J')) {
        day.form = 'J';
        day.day = number(c, 1, 365);
    } else {
        day.day = number(c, 0, 365);
    }
    if (skip(c, '/'))
        day.time_s = clock_time(c, 167);
    return day;
}

bool base__zone_rule_parse(const char *text, size_t length, struct base__zone_rule *ret_rule)
{
    struct cursor c = {text, text + length, false};
    struct base__zone_rule rule = {.known = true};

    zone_name(&c);
    rule.standard_s = -clock_time(&c, 24);
    if (!c.wrong && c.at < c.end) {
        rule.summer = true;
        zone_name(&c);
        rule.summer_s = rule.standard_s + 3600;
        if (c.at < c.end && *c.at != ',')
            rule.summer_s = -clock_time(&c, 24);
        rule.start = change_day(&c);
        rule.end = change_day(&c);
    }
    if (c.wrong || c.at != c.end)
        return false;
    *ret_rule = rule;
    return true;
}

/* Days since 1970 of the n-th weekday of a month; the fifth is the last. 1970-01-01 was a Thursday.
 */
static int64_t weekday_of_month(int64_t year, const struct base__zone_day *when)
{
    unsigned month = (unsigned)when->month;
    int64_t first = hz_civil_days(year, month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7;
    int64_t day = first + (when->day - weekday + 7) % 7 + 7 * (when->week - 1);

    return day < first + hz_civil_month_days(year, month) ? day : day - 7;
}

/* In local seconds of the time before the change. */
static int64_t change_at(int64_t year, const struct base__zone_day *when)
{
    int64_t days = hz_civil_days(year, 1, 1);

    if (when->form == 'M')
        days = weekday_of_month(year, when);
    else if (when->form == 'J')
        days += when->day - 1 + (when->day > 59 && hz_civil_month_days(year, 2) == 29);
    else
        days += when->day;
    return days * DAY_S + when->time_s;
}

int32_t base__zone_rule_offset(const struct base__zone_rule *rule, int64_t utc_s)
{
    int64_t local = utc_s + rule->standard_s, year;
    unsigned month, day;

    if (!rule->summer)
        return rule->standard_s;
    hz_civil_from_days(local / DAY_S - (local % DAY_S < 0), &year, &month, &day);
    int64_t start = change_at(year, &rule->start) - rule->standard_s;
    int64_t end = change_at(year, &rule->end) - rule->summer_s;
    bool inside = start < end ? utc_s >= start && utc_s < end /* north */
                              : utc_s >= start || utc_s < end;
    return inside ? rule->summer_s : rule->standard_s;
}
