/* SPDX-License-Identifier: Apache-2.0
 *
 * Time stamps by table, each with the feed's zone at Asia/Shanghai (+08:00, no summer time since 1991).
 */
#include "decode_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void texts(void **state)
{
    static const struct {
        const char *text;
        enum hz_stamp_unit unit;
        int64_t ms; /* < 0: BAD_STAMP */
    } rows[] = {
        {"2025-11-23T12:13:20Z", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23T12:13:20.123Z", HZ_STAMP_AUTO, 1763900000123},
        {"2025-11-23T12:13:20.123999Z", HZ_STAMP_AUTO, 1763900000123},
        {"2025-11-23T12:13:20,5Z", HZ_STAMP_AUTO, 1763900000500},
        {"2025-11-23t12:13:20z", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23T20:13:20+08:00", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23T20:13:20+0800", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23T06:43:20-05:30", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23 20:13:20", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23T20:13:20", HZ_STAMP_AUTO, 1763900000000},
        {"2025-11-23 20:13:20.250", HZ_STAMP_TEXT, 1763900000250},
        {"1763900000123", HZ_STAMP_AUTO, 1763900000123},
        {"1763900000", HZ_STAMP_AUTO, 1763900000000},
        {"1763900000123", HZ_STAMP_MS, 1763900000123},
        {"1763900000", HZ_STAMP_MS, 1763900000},
        {"1763900000.123", HZ_STAMP_S, 1763900000123},
        {"1970-01-01T00:00:00Z", HZ_STAMP_AUTO, 0},
        {"1969-12-31T23:59:59Z", HZ_STAMP_AUTO, -1},
        {"1970-01-01 07:59:59", HZ_STAMP_AUTO, -1},
        {"2199-12-31T23:59:59.999Z", HZ_STAMP_AUTO, DECODE_STAMP_MS_MAX - 1},
        {"2200-01-01T00:00:00Z", HZ_STAMP_AUTO, -1},
        {"2016-12-31T23:59:60Z", HZ_STAMP_AUTO, 1483228800000},
        {"2024-02-29 08:00:00", HZ_STAMP_AUTO, 1709164800000},
        {"2023-02-29 08:00:00", HZ_STAMP_AUTO, -1},
        {"2100-02-29 08:00:00", HZ_STAMP_AUTO, -1},
        {"2025-04-31 08:00:00", HZ_STAMP_AUTO, -1},
        {"2025-00-10 08:00:00", HZ_STAMP_AUTO, -1},
        {"2025-13-10 08:00:00", HZ_STAMP_AUTO, -1},
        {"2025-11-23 24:00:00", HZ_STAMP_AUTO, -1},
        {"2025-11-23 20:60:00", HZ_STAMP_AUTO, -1},
        {"2025-11-23 20:13", HZ_STAMP_AUTO, -1},
        {"2025-11-23 20:13:20.", HZ_STAMP_AUTO, -1},
        {"2025-11-23 20:13:20 ", HZ_STAMP_AUTO, -1},
        {"2025-11-23T12:13:20Zx", HZ_STAMP_AUTO, -1},
        {"2025-11-23T12:13:20+8", HZ_STAMP_AUTO, -1},
        {"2025/11/23 20:13:20", HZ_STAMP_AUTO, -1},
        {"20251123201320", HZ_STAMP_TEXT, -1},
        {"", HZ_STAMP_AUTO, -1},
        {"now", HZ_STAMP_AUTO, -1},
        {"-1", HZ_STAMP_AUTO, -1},
        {"99999999999999", HZ_STAMP_AUTO, -1},
    };
    struct hz_zone *zone;

    (void)state;
    assert_int_equal(hz_zone_load("Asia/Shanghai", &zone), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t ms = -1;
        enum hz_verdict verdict =
            decode__stamp_text(hz_slice(rows[i].text), rows[i].unit, zone, &ms);
        if (verdict != (rows[i].ms < 0 ? HZ_VERDICT_BAD_STAMP : HZ_VERDICT_OK) || ms != rows[i].ms)
            fail_msg("%s: verdict %d, %lld ms", rows[i].text, verdict, (long long)ms);
    }
    hz_zone_free(zone);
}

static void numbers(void **state)
{
    static const struct {
        double number;
        enum hz_stamp_unit unit;
        enum hz_verdict verdict;
        int64_t ms;
    } rows[] = {
        {1763900000123, HZ_STAMP_AUTO, HZ_VERDICT_OK, 1763900000123},
        {1763900000, HZ_STAMP_AUTO, HZ_VERDICT_OK, 1763900000000},
        {1763900000.1236, HZ_STAMP_AUTO, HZ_VERDICT_OK, 1763900000124},
        {1763900000, HZ_STAMP_MS, HZ_VERDICT_OK, 1763900000},
        {1763900000123, HZ_STAMP_S, HZ_VERDICT_BAD_STAMP, -1},
        {-1, HZ_STAMP_AUTO, HZ_VERDICT_BAD_STAMP, -1},
        {7258118399999.25, HZ_STAMP_MS, HZ_VERDICT_OK, 7258118399999},
        {7258118399999.75, HZ_STAMP_MS, HZ_VERDICT_BAD_STAMP, -1}, /* it would be rounded to 2200 */
        {1e300, HZ_STAMP_MS, HZ_VERDICT_BAD_STAMP, -1},
        {1763900000123, HZ_STAMP_TEXT, HZ_VERDICT_WRONG_TYPE, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct decode_number number = {.f64 = rows[i].number};
        int64_t ms = -1;
        assert_int_equal(decode__stamp_number(&number, rows[i].unit, &ms), rows[i].verdict);
        assert_true(ms == rows[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
