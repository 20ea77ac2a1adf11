/* SPDX-License-Identifier: Apache-2.0
 *
 * S-41 to S-46: quality. A value that can not be trusted moves no limit and clears nothing.
 */
#include "rule_case.h"

#include <math.h>

#define H_RULE                                                                                     \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange, delay: 10s, clear_delay: 20s}}\n"
#define INVALID_RULE                                                                               \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"                                                          \
    "  invalid: {severity: yellow, after: 30s}\n"
#define INVALID_AT_ONCE                                                                            \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"                                                          \
    "  invalid: {severity: yellow}\n"
#define STALE_RULE                                                                                 \
    "- id: r\n"                                                                                    \
    "  stale: {severity: blue, after: 60s}\n"

static const struct case_point points[] = {{"P1", .h = "90", .deadband = "2"}, {0}};

static void quality_only_good_moves_limits(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits: {H: {severity: orange}}\n";
    struct rule_case *c = case_new(rules, points);

    (void)state;
    bad(c, 1, "P1", 99);
    reading(c, 2, (struct case_reading){"P1", 99, .quality = HZ_QUALITY_UNCERTAIN});
    said_nothing(c);
    good(c, 3, "P1", 95);
    said(c, "3 raise H unack orange P1 v=95");
    bad(c, 4, "P1", 0);
    reading(c, 5, (struct case_reading){"P1", 0, .quality = HZ_QUALITY_UNCERTAIN});
    said_nothing(c);
    good(c, 6, "P1", 0);
    said(c, "6 clear H rtnun orange P1 v=0");
    assert_int_equal(case_counts(c).bad_quality, 4);
    case_free(c);
}

static void quality_on_delay_runs_on(void **state)
{
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    bad(c, 1, "P1", 99); /* starts nothing */
    tick(c, 30);
    said_nothing(c);
    good(c, 31, "P1", 91);
    bad(c, 35, "P1", 0); /* breaks nothing */
    tick(c, 40.999);
    said_nothing(c);
    tick(c, 41);
    said(c, "41 raise H unack orange P1 v=91");
    case_free(c);
}

static void quality_cancels_off_delay(void **state)
{
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    good(c, 1, "P1", 91);
    tick(c, 11);
    said(c, "11 raise H unack orange P1 v=91");
    good(c, 12, "P1", 80);
    bad(c, 20, "P1", 80);
    tick(c, 50);
    said_nothing(c);
    good(c, 60, "P1", 81); /* starts again, in full */
    tick(c, 79.999);
    said_nothing(c);
    tick(c, 80);
    said(c, "80 clear H rtnun orange P1 v=81");
    case_free(c);
}

static void quality_invalid_alarm(void **state)
{
    struct rule_case *c = case_new(INVALID_RULE, points);

    (void)state;
    bad(c, 10, "P1", 1);
    bad(c, 20, "P1", 2);
    tick(c, 39.999);
    said_nothing(c);
    assert_true(case_flags(c, "P1") & HZ_POINT_INVALID);
    tick(c, 40);
    said(c, "40 raise invalid unack yellow P1");
    bad(c, 45, "P1", 2);
    said_nothing(c);
    good(c, 50, "P1", 2);
    said(c, "50 clear invalid rtnun yellow P1");
    assert_false(case_flags(c, "P1") & HZ_POINT_INVALID);
    bad(c, 60, "P1", 2);
    good(c, 70, "P1", 2); /* one good reading breaks it */
    reading(c, 80, (struct case_reading){"P1", 2, .quality = HZ_QUALITY_UNCERTAIN});
    tick(c, 109.999);
    said_nothing(c);
    tick(c, 110);
    said(c, "110 raise invalid unack yellow P1");
    command(c, 111, HZ_VERB_ACK, "P1", HZ_SIDE_INVALID);
    good(c, 112, "P1", 95); /* good again, and in alarm */
    said(c, "111 ack invalid ack yellow P1", "112 clear invalid normal yellow P1",
         "112 raise H unack orange P1 v=95");
    case_free(c);
}

static void quality_not_a_number(void **state)
{
    struct rule_case *c = case_new(INVALID_AT_ONCE, points);

    (void)state;
    good(c, 1, "P1", (double)NAN);
    said(c, "1 raise invalid unack yellow P1");
    good(c, 2, "P1", 50);
    said(c, "2 clear invalid rtnun yellow P1");
    good(c, 3, "P1", (double)INFINITY); /* above every limit, and no number */
    said(c, "3 raise invalid unack yellow P1");
    good(c, 4, "P1", 50);
    said(c, "4 clear invalid rtnun yellow P1");
    good(c, 5, "P1", -(double)INFINITY);
    said(c, "5 raise invalid unack yellow P1");
    case_free(c);
}

static void quality_bad_is_alive(void **state)
{
    struct rule_case *c = case_new(STALE_RULE, points);

    (void)state;
    good(c, 10, "P1", 1);
    bad(c, 60, "P1", 1);
    tick(c, 119.999);
    said_nothing(c);
    tick(c, 120);
    said(c, "120 raise stale unack blue P1");
    bad(c, 130, "P1", 1);
    said(c, "130 clear stale rtnun blue P1");
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quality_only_good_moves_limits),
        cmocka_unit_test(quality_on_delay_runs_on),
        cmocka_unit_test(quality_cancels_off_delay),
        cmocka_unit_test(quality_invalid_alarm),
        cmocka_unit_test(quality_not_a_number),
        cmocka_unit_test(quality_bad_is_alive),
    };

    return CASE_MAIN("quality", tests);
}
