/* SPDX-License-Identifier: Apache-2.0
 *
 * S-01 to S-06: when a limit is met and left, without delays.
 */
#include "rule_case.h"

#include <math.h>

#define FOUR                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits:\n"                                                                                  \
    "    HH: {severity: red}\n"                                                                    \
    "    H: {severity: orange}\n"                                                                  \
    "    L: {severity: yellow}\n"                                                                  \
    "    LL: {severity: orange}\n"

static const struct case_point four[] = {
    {"P1", .ll = "5", .l = "10", .h = "90", .hh = "95", .deadband = "2"}, {0}};

static void limits_meet_at_the_limit_itself(void **state)
{
    struct rule_case *c = case_new(FOUR, four);

    (void)state;
    good(c, 1, "P1", nextafter(90, 0));
    good(c, 2, "P1", nextafter(10, 99));
    said_nothing(c);
    good(c, 3, "P1", 90);
    said(c, "3 raise H unack orange P1 v=90");
    good(c, 4, "P1", nextafter(95, 0));
    said_nothing(c);
    good(c, 5, "P1", 95);
    said(c, "5 escalate HH unack red P1 v=95");
    good(c, 6, "P1", 50);
    said(c, "6 clear HH rtnun red P1 v=50");
    good(c, 7, "P1", 10);
    said(c, "7 raise L unack yellow P1 v=10");
    good(c, 8, "P1", 5);
    said(c, "8 escalate LL unack orange P1 v=5");
    case_free(c);
}

static void limits_clear_beyond_the_deadband(void **state)
{
    struct rule_case *c = case_new(FOUR, four);

    (void)state;
    good(c, 1, "P1", 91);
    said(c, "1 raise H unack orange P1 v=91");
    good(c, 2, "P1", 89);
    good(c, 3, "P1", 88);
    said_nothing(c);
    good(c, 4, "P1", 87.5);
    said(c, "4 clear H rtnun orange P1 v=87.5");
    good(c, 5, "P1", 9);
    said(c, "5 raise L unack yellow P1 v=9");
    good(c, 6, "P1", 11);
    good(c, 7, "P1", 12);
    said_nothing(c);
    good(c, 8, "P1", 12.5);
    said(c, "8 clear L rtnun yellow P1 v=12.5");
    good(c, 9, "P1", 89.5); /* back inside the deadband is not in alarm again */
    said_nothing(c);
    case_free(c);
}

/* Each level has its own limit, deadband and severity; the deadband of one holds nothing of another. */
static void limits_levels_are_their_own(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, deadband: 1}\n"
                                "    H: {severity: orange, deadband: 6}\n"
                                "    L: {severity: yellow, deadband: 3}\n"
                                "    LL: {severity: orange, deadband: 1}\n";
    struct rule_case *c = case_new(rules, four);

    (void)state;
    good(c, 1, "P1", 95);
    said(c, "1 raise HH unack red P1 v=95");
    good(c, 2, "P1", 94);
    said_nothing(c);
    good(c, 3, "P1", 93.5);
    said(c, "3 deescalate H unack orange P1 v=93.5");
    good(c, 4, "P1", 84);
    said_nothing(c);
    good(c, 5, "P1", 83.5);
    said(c, "5 clear H rtnun orange P1 v=83.5");
    good(c, 6, "P1", 4);
    said(c, "6 raise LL unack orange P1 v=4");
    good(c, 7, "P1", 6);
    said_nothing(c);
    good(c, 8, "P1", 6.5);
    said(c, "8 deescalate L unack yellow P1 v=6.5");
    good(c, 9, "P1", 13);
    said_nothing(c);
    good(c, 10, "P1", 13.5);
    said(c, "10 clear L rtnun yellow P1 v=13.5");
    case_free(c);
}

/* HH holds by its wide deadband while H has long been left: the highest active level names it. */
static void limits_outer_level_may_hold_longer(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, deadband: 20}\n"
                                "    H: {severity: orange, deadband: 1}\n";
    struct rule_case *c = case_new(rules, four);

    (void)state;
    good(c, 1, "P1", 96);
    said(c, "1 raise HH unack red P1 v=96");
    good(c, 2, "P1", 80);
    good(c, 3, "P1", 75);
    said_nothing(c);
    good(c, 4, "P1", 74);
    said(c, "4 clear HH rtnun red P1 v=74");
    case_free(c);
}

static void limits_jump_raises_once(void **state)
{
    struct rule_case *c = case_new(FOUR, four);

    (void)state;
    good(c, 1, "P1", 50);
    good(c, 2, "P1", 97);
    said(c, "2 raise HH unack red P1 v=97");
    assert_true(case_last(c, 0)->limit == 95);
    good(c, 3, "P1", 1); /* from one end to the other */
    said(c, "3 clear HH rtnun red P1 v=1", "3 raise LL unack orange P1 v=1");
    assert_true(case_last(c, 0)->limit == 5);
    case_free(c);
}

static void limits_integers_count_text_does_not(void **state)
{
    struct rule_case *c = case_new(FOUR, four);

    (void)state;
    reading(c, 1, (struct case_reading){"P1", 90, .kind = HZ_VALUE_I64});
    said(c, "1 raise H unack orange P1 v=90");
    reading(c, 2, (struct case_reading){"P1", -3, .kind = HZ_VALUE_I64});
    said(c, "2 clear H rtnun orange P1 v=-3", "2 raise LL unack orange P1 v=-3");
    good(c, 3, "P1", 50);
    said(c, "3 clear LL rtnun orange P1 v=50");
    reading(c, 4, (struct case_reading){"P1", 99, .kind = HZ_VALUE_TEXT});
    reading(c, 5, (struct case_reading){"P1", 0, .kind = HZ_VALUE_NONE});
    said_nothing(c);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_meet_at_the_limit_itself),
        cmocka_unit_test(limits_clear_beyond_the_deadband),
        cmocka_unit_test(limits_levels_are_their_own),
        cmocka_unit_test(limits_outer_level_may_hold_longer),
        cmocka_unit_test(limits_jump_raises_once),
        cmocka_unit_test(limits_integers_count_text_does_not),
    };

    return CASE_MAIN("limits", tests);
}
