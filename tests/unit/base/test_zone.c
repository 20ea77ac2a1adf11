/* SPDX-License-Identifier: Apache-2.0
 *
 * The calendar against a day-by-day count, zones against the C library, and damaged zone files.
 */
#include "hz_zone.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600

static void calendar_day_by_day(void **state)
{
    int64_t year = 1599, days = hz_civil_days(1599, 1, 1);
    unsigned month = 1, day = 1;

    (void)state;
    assert_int_equal(hz_civil_days(1970, 1, 1), 0);
    assert_int_equal(hz_civil_days(0, 3, 1), -719468);
    for (; year < 2405; days++) {
        int64_t y;
        unsigned m, d;
        hz_civil_from_days(days, &y, &m, &d);
        assert_true(y == year && m == month && d == day);
        assert_true(hz_civil_days(y, m, d) == days);
        if (++day > hz_civil_month_days(year, month)) {
            day = 1;
            year += month == 12;
            month = month % 12 + 1;
        }
    }
    assert_int_equal(hz_civil_days(-400, 3, 1), -719468 - 146097);
}

static void lengths_of_months(void **state)
{
    (void)state;
    assert_int_equal(hz_civil_month_days(2000, 2), 29);
    assert_int_equal(hz_civil_month_days(1900, 2), 28);
    assert_int_equal(hz_civil_month_days(2024, 2), 29);
    assert_int_equal(hz_civil_month_days(2026, 12), 31);
    assert_int_equal(hz_civil_month_days(2026, 0), 0);
    assert_int_equal(hz_civil_month_days(2026, 13), 0);
}

static int32_t offset_of(const char *name, int64_t utc_s)
{
    struct hz_zone *zone = NULL;

    assert_int_equal(hz_zone_load(name, &zone), 0);
    int32_t offset = hz_zone_offset_s(zone, utc_s);
    assert_true(hz_zone_utc_s(zone, utc_s + offset) == utc_s);
    hz_zone_free(zone);
    return offset;
}

static void built_in_and_fixed(void **state)
{
    (void)state;
    assert_int_equal(offset_of("Asia/Shanghai", 1795459494), 8 * HOUR);
    assert_int_equal(offset_of("UTC", 1795459494), 0);
    assert_int_equal(offset_of("+08:00", 0), 8 * HOUR);
    assert_int_equal(offset_of("-03:30", 0), -(3 * HOUR + 1800));
    hz_zone_free(NULL);
}

static void names_that_are_none(void **state)
{
    static const char *const names[] = {"",        "+8:00",           "+24:00",        "+08:60",
                                        "+08:00x", "../zoneinfo/UTC", "/etc/passwd",   "No/Such",
                                        "Asia",    "+08:0",           "Asia/Shang hai"};
    struct hz_zone *zone = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_true(hz_zone_load(names[i], &zone) < 0 && !zone);
}

/* Every few hours from 1900 to 2199: past the files' lists, into the rules behind them. */
static void compare_with_library(const char *name)
{
    struct hz_zone *zone = NULL;

    assert_int_equal(hz_zone_load(name, &zone), 0);
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    for (int64_t at = -2208988800 + 86400; at < INT64_C(7226582400); at += 5 * HOUR + 1801) {
        time_t instant = (time_t)at;
        struct tm local;
        localtime_r(&instant, &local);
        if (hz_zone_offset_s(zone, at) != local.tm_gmtoff)
            fail_msg("%s at %lld: %d, not %ld", name, (long long)at, hz_zone_offset_s(zone, at),
                     local.tm_gmtoff);
    }
    hz_zone_free(zone);
}

static void offsets_as_the_library(void **state)
{
    static const char *const names[] = {
        "America/New_York",  "Europe/Berlin",  "Australia/Lord_Howe", "Asia/Urumqi",
        "America/Sao_Paulo", "Asia/Kathmandu", "America/Nuuk",        "Etc/GMT+8"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", names[i]);
        if (access(path, R_OK) == 0)
            compare_with_library(names[i]);
    }
}

static void a_change_counts_from_its_second_on(void **state)
{
    struct hz_zone *zone = NULL;

    (void)state;
    if (access("/usr/share/zoneinfo/America/New_York", R_OK) != 0)
        skip();
    assert_int_equal(hz_zone_load("America/New_York", &zone), 0);
    assert_int_equal(hz_zone_offset_s(zone, 954658799), -5 * HOUR); /* 2000-04-02 06:59:59Z */
    assert_int_equal(hz_zone_offset_s(zone, 954658800), -4 * HOUR);
    hz_zone_free(zone);
}

/* A version 2 file with no change but a rule. */
static size_t file_with(char *to, const char *rule)
{
    static const char head[44] = {'T', 'Z', 'i', 'f', '2'};
    size_t at = 0;

    for (int part = 0; part < 2; part++) {
        memcpy(to + at, head, sizeof(head));
        to[at + 39] = 1; /* one type ... */
        to[at + 43] = 4; /* ... and its name */
        memcpy(to + at + 44, "\0\0\0\0\0\0LMT", 10);
        at += 54;
    }
    return at + (size_t)sprintf(to + at, "\n%s\n", rule);
}

static struct hz_zone *zone_with(const char *rule)
{
    char file[256];
    struct hz_zone *zone = NULL;

    int result = hz_zone_parse(file, file_with(file, rule), &zone);
    assert_true(result == 0 ? zone != NULL : result == HZ_ECORRUPT && !zone);
    return zone;
}

static int64_t utc(int64_t year, unsigned month, unsigned day, int hour, int minute)
{
    return hz_civil_days(year, month, day) * 86400 + hour * HOUR + minute * 60;
}

static void repeated_and_skipped_hours(void **state)
{
    struct hz_zone *berlin = zone_with("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_non_null(berlin);
    /* 2026-03-29 02:00 -> 03:00; 02:30 is no time of that day */
    assert_true(hz_zone_utc_s(berlin, utc(2026, 3, 29, 1, 59)) == utc(2026, 3, 29, 0, 59));
    assert_true(hz_zone_utc_s(berlin, utc(2026, 3, 29, 2, 30)) == utc(2026, 3, 29, 1, 30));
    assert_true(hz_zone_utc_s(berlin, utc(2026, 3, 29, 3, 0)) == utc(2026, 3, 29, 1, 0));
    /* 2026-10-25 03:00 -> 02:00; 02:30 comes twice */
    assert_true(hz_zone_utc_s(berlin, utc(2026, 10, 25, 2, 30)) == utc(2026, 10, 25, 0, 30));
    assert_true(hz_zone_utc_s(berlin, utc(2026, 10, 25, 3, 0)) == utc(2026, 10, 25, 2, 0));
    assert_true(hz_zone_utc_s(berlin, INT64_MAX) > 0);
    assert_true(hz_zone_utc_s(berlin, INT64_MIN) < 0);
    (void)hz_zone_offset_s(berlin, INT64_MIN);
    hz_zone_free(berlin);
}

static void rules_of_every_form(void **state)
{
    static const struct {
        const char *rule;
        int month, day;
        int32_t offset_s;
    } rows[] = {
        {"<+0330>-3:30", 7, 1, 3 * HOUR + 1800},
        {"EST5EDT,J60/0,J300/0", 2, 28, -5 * HOUR}, /* J60 is 1 March in every year */
        {"EST5EDT,J60/0,J300/0", 3, 2, -4 * HOUR},
        {"EST5EDT,J60/0,J300/0", 2, 29, -5 * HOUR},
        {"EST5EDT,59/0,300", 2, 28, -5 * HOUR}, /* 59 counted from 0: 29 February in 2028 */
        {"EST5EDT,59/0,300", 3, 1, -4 * HOUR},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", 1, 1, 13 * HOUR},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", 7, 1, 12 * HOUR},
        {"A-B", 0, 0, 0},
        {"CET-1CEST", 0, 0, 0},
        {"CET-1CEST,M3.5.0", 0, 0, 0},
        {"CET-1CEST,M13.1.0,J1", 0, 0, 0},
        {"CET-1x", 0, 0, 0},
        {"<abc", 0, 0, 0},
        {"CET-99999999999", 0, 0, 0},
        {"CET-1CEST,J1,J2x", 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hz_zone *zone = zone_with(rows[i].rule);
        if (rows[i].month == 0) {
            assert_null(zone);
            continue;
        }
        assert_non_null(zone);
        int64_t at = utc(2028, (unsigned)rows[i].month, (unsigned)rows[i].day, 12, 0);
        assert_int_equal(hz_zone_offset_s(zone, at), rows[i].offset_s);
        hz_zone_free(zone);
    }
}

/* Every prefix and every single changed byte: refused or taken, never read past the end (ASan). */
static void damaged_files(void **state)
{
    char file[256];
    size_t length = file_with(file, "CET-1CEST,M3.5.0,M10.5.0/3");
    struct hz_zone *zone = NULL;

    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        char *copy = malloc(cut + 1);
        memcpy(copy, file, cut);
        assert_int_equal(hz_zone_parse(copy, cut, &zone), HZ_ECORRUPT);
        free(copy);
    }
    for (size_t i = 0; i < length * 256; i++) {
        char *copy = malloc(length);
        memcpy(copy, file, length);
        copy[i / 256] = (char)i;
        if (hz_zone_parse(copy, length, &zone) == 0) {
            (void)hz_zone_offset_s(zone, 0);
            hz_zone_free(zone);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_day_by_day),
        cmocka_unit_test(lengths_of_months),
        cmocka_unit_test(built_in_and_fixed),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(offsets_as_the_library),
        cmocka_unit_test(a_change_counts_from_its_second_on),
        cmocka_unit_test(repeated_and_skipped_hours),
        cmocka_unit_test(rules_of_every_form),
        cmocka_unit_test(damaged_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
