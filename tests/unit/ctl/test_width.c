/* SPDX-License-Identifier: Apache-2.0
 *
 * How wide texts are on a terminal, and that none can steer it.
 */
#include "ctl.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void widths(void **state)
{
    static const struct {
        const char *text;
        unsigned width;
    } table[] = {
        {"", 0},     {"LT101", 5},    {"液位", 4},   {"1#液氨球罐", 10}, {"（限值）", 8}, {"，", 2},
        {"°C", 2},   {"µg/m³", 5},    {"ﾊﾝｶｸ", 4},   {"e\u0301", 1},     {"\u3000", 2},   {"𠀀", 2},
        {"한국", 4}, {"a\u200Bb", 2}, {"\uFFFD", 1}, {"\u303F", 1},      {"ﬁ", 1},        {"①", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(ctl_width(table[i].text), table[i].width);
}

static const char *harmless(const char *text, size_t length)
{
    static char room[128];
    struct hz_text to = hz_text_in(room, sizeof(room));

    ctl_harmless(&to, text, length);
    assert_false(to.overflow);
    return room;
}

#define R "\xEF\xBF\xBD"

static void nothing_steers_the_terminal(void **state)
{
    static const struct {
        const char *text, *harmless;
    } table[] = {
        {"1#液氨球罐 LT-101 %", "1#液氨球罐 LT-101 %"},
        {"a\x1b[31mb", "a" R "[31mb"},
        {"a\nb\tc\rd", "a b c" R "d"},
        {"\x7f\xc2\x80\xc2\x9f\xc2\xa0", R R R "\xc2\xa0"},
        {"\xe2\x80\xae"
         "abc"
         "\xe2\x81\xa6",
         R "abc" R},
        {"\xe2\x80\xa8\xe2\x80\x8f", R R},
        {"\xff\xe6\xb6", R R R},
        {"\xe6\xb6\xb2\xe4", "液" R},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_string_equal(harmless(table[i].text, strlen(table[i].text)), table[i].harmless);
    assert_string_equal(harmless("a\0b", 3), "a" R "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths),
        cmocka_unit_test(nothing_steers_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
