/* SPDX-License-Identifier: Apache-2.0
 *
 * Text in a fixed buffer: what is written is exact, what does not fit leaves a clean prefix.
 */
#include "hz_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct hz_text fresh(char *buffer, size_t size)
{
    memset(buffer, '#', size);
    return hz_text_in(buffer, size);
}

static void integers_to_their_ends(void **state)
{
    char buffer[128];
    struct hz_text text = fresh(buffer, sizeof(buffer));

    (void)state;
    hz_text_int(&text, INT64_MIN);
    hz_text_puts(&text, " ");
    hz_text_int(&text, 0);
    hz_text_puts(&text, " ");
    hz_text_int(&text, -7);
    hz_text_puts(&text, " ");
    hz_text_uint(&text, UINT64_MAX);
    assert_string_equal(buffer, "-9223372036854775808 0 -7 18446744073709551615");
    assert_int_equal(text.length, strlen(buffer));
}

static void an_item_that_does_not_fit_is_not_begun(void **state)
{
    char buffer[8];
    struct hz_text text = fresh(buffer, sizeof(buffer));

    (void)state;
    hz_text_puts(&text, "1234567");
    assert_false(text.overflow);
    hz_text_puts(&text, "");
    assert_false(text.overflow);
    text = fresh(buffer, sizeof(buffer));
    hz_text_puts(&text, "1234");
    hz_text_format(&text, "%d", 5678);
    assert_true(text.overflow);
    assert_string_equal(buffer, "1234");
    hz_text_puts(&text, "5"); /* would fit, but is not what should stand there */
    assert_string_equal(buffer, "1234");
    text = fresh(buffer, sizeof(buffer));
    hz_text_json(&text, hz_slice("abcdef"));
    assert_string_equal(buffer, "");
    assert_true(text.overflow);
    assert_int_equal(text.length, 0);
}

static void no_buffer_at_all(void **state)
{
    struct hz_text text = hz_text_in(NULL, 0);

    (void)state;
    hz_text_puts(&text, "");
    hz_text_int(&text, 1);
    hz_text_format(&text, "x");
    hz_text_json(&text, hz_slice(NULL));
    assert_true(text.overflow);
    assert_int_equal(text.length, 0);
}

static void decimals_have_one_look(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {90.41, "90.41"},
        {-90.5, "-90.5"},
        {0.1, "0.1"},
        {100000, "100000"},
        {1e21, "1e+21"},
        {1e15, "1e+15"},
        {0.0001, "0.0001"},
        {1e-5, "1e-05"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "5e-324"},
        {INFINITY, ""},
        {NAN, ""},
        {123456789012345, "123456789012345"},
        {1.0 / 3, "0.3333333333333333"},
        {0.000123, "0.000123"},
        {-1.05, "-1.05"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buffer[40];
        struct hz_text text = fresh(buffer, sizeof(buffer));
        hz_text_decimal(&text, rows[i].value);
        assert_string_equal(buffer, rows[i].text);
    }
}

/* Against printf: the text reads back, and printf finds none with fewer digits. */
static void check_against_printf(double value)
{
    char buffer[40], other[40];
    struct hz_text text = fresh(buffer, sizeof(buffer));

    hz_text_decimal(&text, value);
    double back = strtod(buffer, NULL);
    assert_memory_equal(&back, &value, sizeof(value));
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(other, sizeof(other), "%.*g", digits, value);
        if (strtod(other, NULL) == value)
            break;
    }
    if (fabs(value) >= 0x1p-1022)
        assert_string_equal(buffer, other);
}

static void decimals_read_back(void **state)
{
    uint64_t random = 88172645463325252u;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        double any, places = (double)(int64_t)(random >> 20) / (double)(1u << (random & 15));
        memcpy(&any, &random, sizeof(any));
        if (isfinite(any))
            check_against_printf(any);
        check_against_printf(places);
        check_against_printf((double)(int32_t)random / 1000.0);
        check_against_printf((double)(random % 1000000) / 1e6);
    }
}

static void json_is_always_valid(void **state)
{
    char buffer[128];
    struct hz_text text = fresh(buffer, sizeof(buffer));
    static const char hostile[] =
        "a\"\\\n\x01\x7F\xC3\xA9\xE6\xB0\xA8\xFF\xC0\x80\xED\xA0\x80\xF0\x9F\x92\xA5\xE6\xB0";

    (void)state;
    hz_text_json(&text, (struct hz_slice){hostile, sizeof(hostile) - 1});
#define BAD "\xEF\xBF\xBD"
    assert_string_equal(buffer,
                        "\"a\\\"\\\\\\u000a\\u0001\x7F\xC3\xA9\xE6\xB0\xA8" BAD BAD BAD BAD BAD BAD
                        "\xF0\x9F\x92\xA5" BAD BAD "\"");
}

static void utc_stamps(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {INT64_C(1795459494123), "2026-11-23T18:44:54.123Z"},
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z"},
    };
    char buffer[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hz_text text = fresh(buffer, sizeof(buffer));
        hz_text_utc_ms(&text, rows[i].ms);
        assert_string_equal(buffer, rows[i].text);
    }
    struct hz_text text = fresh(buffer, sizeof(buffer));
    hz_text_utc_ms(&text, INT64_MIN); /* hostile, but text all the same */
    hz_text_utc_ms(&text, INT64_MAX);
    assert_false(text.overflow);
}

static void utf8_edges(void **state)
{
    static const char ammonia[] = "\xE6\xB0\xA8\xE7\xBD\x90"; /* two characters of three bytes */

    (void)state;
    assert_int_equal(hz_utf8_character(ammonia, 6), 3);
    assert_int_equal(hz_utf8_character(ammonia, 2), 0);
    assert_int_equal(hz_utf8_character(ammonia + 1, 5), 0);
    assert_int_equal(hz_utf8_character("\xE0\x9F\x80", 3), 0);     /* overlong */
    assert_int_equal(hz_utf8_character("\xF0\x8F\x80\x80", 4), 0); /* overlong */
    assert_int_equal(hz_utf8_character("\xF4\x90\x80\x80", 4), 0); /* above U+10FFFF */
    assert_int_equal(hz_utf8_character("\xF4\x8F\xBF\xBF", 4), 4);
    assert_int_equal(hz_utf8_character("\xC1\x80", 2), 0);
    assert_int_equal(hz_utf8_character("", 0), 0);
    const size_t cuts[] = {0, 0, 0, 3, 3, 3, 6, 6};
    for (size_t most = 0; most < 8; most++)
        assert_int_equal(hz_utf8_cut(ammonia, 6, most), cuts[most]);
    assert_int_equal(hz_utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_to_their_ends),
        cmocka_unit_test(an_item_that_does_not_fit_is_not_begun),
        cmocka_unit_test(no_buffer_at_all),
        cmocka_unit_test(decimals_have_one_look),
        cmocka_unit_test(decimals_read_back),
        cmocka_unit_test(json_is_always_valid),
        cmocka_unit_test(utc_stamps),
        cmocka_unit_test(utf8_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
