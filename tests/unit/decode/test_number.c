/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers: the grammar of RFC 8259 by table, and the value against strtod over a million random
 * doubles and decimals, bit for bit.
 */
#include "number_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static enum hz_verdict read_number(const char *text, struct decode_number *number, size_t *ret_used)
{
    const char *at = text, *end = text + strlen(text);
    enum hz_verdict verdict = decode__number(&at, end, number);

    *ret_used = (size_t)(at - text);
    return verdict;
}

static void the_grammar(void **state)
{
    static const struct {
        const char *text;
        enum hz_verdict verdict;
        size_t used;
        double value;
        bool integer;
    } rows[] = {
        {"0", HZ_VERDICT_OK, 1, 0, true},
        {"-0", HZ_VERDICT_OK, 2, -0.0, true},
        {"12.34}", HZ_VERDICT_OK, 5, 12.34, false},
        {"90.41", HZ_VERDICT_OK, 5, 90.41, false},
        {"1e3,", HZ_VERDICT_OK, 3, 1000, false},
        {"1E-3", HZ_VERDICT_OK, 4, 0.001, false},
        {"1e+22", HZ_VERDICT_OK, 5, 1e22, false},
        {"1e23", HZ_VERDICT_OK, 4, 1e23, false},
        {"9007199254740993", HZ_VERDICT_OK, 16, 9007199254740992.0, true},
        {"9223372036854775807", HZ_VERDICT_OK, 19, 9223372036854775807.0, true},
        {"9223372036854775808", HZ_VERDICT_OK, 19, 9223372036854775808.0, false},
        {"-9223372036854775808", HZ_VERDICT_OK, 20, -9223372036854775808.0, true},
        {"-9223372036854775809", HZ_VERDICT_OK, 20, -9223372036854775808.0, false},
        {"18446744073709551619", HZ_VERDICT_OK, 20, 18446744073709551619.0, false},
        {"123456789012345678901234567890", HZ_VERDICT_OK, 30, 123456789012345678901234567890.0,
         false},
        {"0.1000000000000000055511151231257827021181583404541015625", HZ_VERDICT_OK, 57, 0.1,
         false},
        {"2.2250738585072011e-308", HZ_VERDICT_OK, 23, 2.2250738585072011e-308, false},
        {"4.9e-324", HZ_VERDICT_OK, 8, 4.9e-324, false},
        {"1e-400", HZ_VERDICT_OK, 6, 0, false},
        {"1.7976931348623157e308", HZ_VERDICT_OK, 22, 1.7976931348623157e308, false},
        {"1e309", HZ_VERDICT_NOT_FINITE, 5, 0, false},
        {"-1e999999999999", HZ_VERDICT_NOT_FINITE, 15, 0, false},
        {"", HZ_VERDICT_BROKEN, 0, 0, false},
        {"-", HZ_VERDICT_BROKEN, 0, 0, false},
        {"+1", HZ_VERDICT_BROKEN, 0, 0, false},
        {".5", HZ_VERDICT_BROKEN, 0, 0, false},
        {"1.", HZ_VERDICT_BROKEN, 0, 0, false},
        {"1.e3", HZ_VERDICT_BROKEN, 0, 0, false},
        {"1e", HZ_VERDICT_BROKEN, 0, 0, false},
        {"1e+", HZ_VERDICT_BROKEN, 0, 0, false},
        {"01", HZ_VERDICT_BROKEN, 0, 0, false},
        {"-01", HZ_VERDICT_BROKEN, 0, 0, false},
        {"NaN", HZ_VERDICT_BROKEN, 0, 0, false},
        {"Infinity", HZ_VERDICT_BROKEN, 0, 0, false},
        {"0x10", HZ_VERDICT_OK, 1, 0, true}, /* the x is the caller's to refuse */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct decode_number number = {0};
        size_t used;
        enum hz_verdict verdict = read_number(rows[i].text, &number, &used);
        if (verdict != rows[i].verdict || used != rows[i].used ||
            memcmp(&number.f64, &rows[i].value, sizeof(double)) != 0 ||
            number.integer != rows[i].integer)
            fail_msg("%s: verdict %d, used %zu, value %.17g, integer %d", rows[i].text, verdict,
                     used, number.f64, number.integer);
    }
}

static void integers_keep_all_their_digits(void **state)
{
    struct decode_number number;
    size_t used;

    (void)state;
    assert_int_equal(read_number("9223372036854775807", &number, &used), HZ_VERDICT_OK);
    assert_true(number.i64 == INT64_MAX);
    assert_int_equal(read_number("-1763900000123", &number, &used), HZ_VERDICT_OK);
    assert_true(number.i64 == INT64_C(-1763900000123));
    assert_int_equal(read_number("-9223372036854775808", &number, &used), HZ_VERDICT_OK);
    assert_true(number.i64 == INT64_MIN);
    assert_int_equal(read_number("123456789012345678", &number, &used), HZ_VERDICT_OK);
    assert_true(number.i64 == INT64_C(123456789012345678));
}

static void a_number_without_end_is_bounded(void **state)
{
    char text[5000];
    struct decode_number number;
    size_t used;

    (void)state;
    memset(text, '9', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(read_number(text, &number, &used), HZ_VERDICT_NOT_FINITE);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void check_against_strtod(const char *text)
{
    struct decode_number number;
    size_t used;
    double wanted = strtod(text, NULL);

    if (read_number(text, &number, &used) != HZ_VERDICT_OK || used != strlen(text) ||
        memcmp(&number.f64, &wanted, sizeof(double)) != 0)
        fail_msg("%s: %.17g, strtod says %.17g", text, number.f64, wanted);
}

static void values_are_those_of_strtod(void **state)
{
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 500000; i++) {
        uint64_t bits = next_random(&seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if ((bits >> 52 & 0x7ff) != 0x7ff) {
            (void)snprintf(text, sizeof(text), "%.17g", value);
            check_against_strtod(text);
        }
        (void)snprintf(text, sizeof(text), "%lld.%0*llu", (long long)(bits >> 40),
                       (int)(bits % 9 + 1), (unsigned long long)(next_random(&seed) % 100000));
        check_against_strtod(text);
    }
}

/* Text as the short ways see it: eight bytes, zeros behind the end. */
static uint64_t word_of(const char *text)
{
    char bytes[8] = {0};

    memcpy(bytes, text, strnlen(text, sizeof(bytes)));
    return decode__word(bytes);
}

/* What the short way takes, it takes as the long way does. */
static void check_short(const char *text)
{
    struct decode_number number = {0}, wanted = {0};
    unsigned length = decode__short_number(word_of(text), &number);
    size_t used;

    if (length == 0)
        return;
    if (read_number(text, &wanted, &used) == HZ_VERDICT_OK && used == length &&
        memcmp(&number.f64, &wanted.f64, sizeof(double)) == 0 && number.i64 == wanted.i64 &&
        number.integer == wanted.integer)
        return;
    /* It may end where the long way goes on, or finds something broken: the caller sees that. */
    if (strspn(text + length, "0123456789.eE") == 0)
        fail_msg("%s: %u bytes, value %.17g, strtod's %.17g", text, length, number.f64, wanted.f64);
}

static void the_short_way_is_the_long_way(void **state)
{
    static const char bytes[] = "0123456789012345678901234567890123456789..--eE,} ";
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    char text[16];
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        size_t length = next_random(&seed) % 9;
        for (size_t at = 0; at < length; at++)
            text[at] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
        text[length] = '\0';
        check_short(text);
    }
    for (unsigned i = 0; i < 200000; i++) {
        (void)snprintf(text, sizeof(text), "%.*f", (int)(i % 4), i / 64.0 - 500);
        struct decode_number number;
        taken += decode__short_number(word_of(text), &number) == strlen(text);
        check_short(text);
    }
    assert_in_range(taken, 150000, 200000); /* it is the usual way */
}

static void thirteen_digits(void **state)
{
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    char text[16];

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t wanted = UINT64_C(1000000000000) + next_random(&seed) % UINT64_C(9000000000000);
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)wanted);
        assert_true(decode__thirteen_digits(text) == (int64_t)wanted);
        text[i % 13] = (char)(i / 13);
        bool digit = text[i % 13] >= '0' && text[i % 13] <= '9' && text[0] != '0';
        assert_true((decode__thirteen_digits(text) >= 0) == digit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar),
        cmocka_unit_test(integers_keep_all_their_digits),
        cmocka_unit_test(a_number_without_end_is_bounded),
        cmocka_unit_test(values_are_those_of_strtod),
        cmocka_unit_test(the_short_way_is_the_long_way),
        cmocka_unit_test(thirteen_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
