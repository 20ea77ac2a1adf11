/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of transitions: one spelling each, there and back.
 */
#include "hz_transition.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static void alarm_spelled_out(void **state)
{
    char text[HZ_ALARM_TEXT_BYTES];

    (void)state;
    hz_alarm_text(UINT64_C(943167) << 32 | 2264798, text);
    assert_string_equal(text, "k7r3-1cjj2");
    hz_alarm_text(UINT64_MAX, text);
    assert_string_equal(text, "1z141z3-1z141z3");
    hz_alarm_text(35, text);
    assert_string_equal(text, "0-z");
}

static void alarm_there_and_back(void **state)
{
    uint64_t alarm = 1;
    char text[HZ_ALARM_TEXT_BYTES];

    (void)state;
    for (int i = 0; i < 10000; i++, alarm = alarm * UINT64_C(6364136223846793005) + 1) {
        hz_alarm_text(alarm, text);
        assert_true(hz_alarm_parse(text) == alarm);
    }
}

static void alarm_has_one_spelling(void **state)
{
    static const char *const wrong[] = {
        "",     "-",    "1-",  "-1", "01-1", "1-01",      "K-1",       "1-1-1",
        "1-1 ", " 1-1", "1_1", "11", "+1-1", "1z141z4-0", "0-1z141z4", "zzzzzzzzzzzzzzzzz-0",
        "0-0"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_true(hz_alarm_parse(wrong[i]) == 0);
}

static void stream_ids(void **state)
{
    struct hz_stream_id id = {INT64_MAX, UINT64_MAX}, back;
    char text[HZ_STREAM_ID_TEXT_BYTES];

    (void)state;
    hz_stream_id_text(id, text);
    assert_string_equal(text, "9223372036854775807-18446744073709551615");
    assert_int_equal(hz_stream_id_parse(text, &back), 0);
    assert_int_equal(hz_stream_id_compare(id, back), 0);
    assert_int_equal(hz_stream_id_parse("0-0", &back), 0);
    assert_true(back.ms == 0 && back.k == 0);
    assert_true(hz_stream_id_compare(back, id) < 0 && hz_stream_id_compare(id, back) > 0);
}

static void stream_ids_that_are_none(void **state)
{
    static const char *const wrong[] = {"",
                                        "1",
                                        "1-",
                                        "-1",
                                        "1-1x",
                                        "a-1",
                                        "01-1",
                                        "1-*",
                                        "9223372036854775808-0",
                                        "1-18446744073709551616"};
    struct hz_stream_id id = {7, 8};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(hz_stream_id_parse(wrong[i], &id), -EINVAL);
    assert_true(id.ms == 7 && id.k == 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_spelled_out),        cmocka_unit_test(alarm_there_and_back),
        cmocka_unit_test(alarm_has_one_spelling),   cmocka_unit_test(stream_ids),
        cmocka_unit_test(stream_ids_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
