/* SPDX-License-Identifier: Apache-2.0
 *
 * S-11 to S-17: on- and off-delays, which run out without new data.
 */
#include "rule_case.h"

#define DELAYED                                                                                    \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange, delay: 10s, clear_delay: 20s}}\n"

static const struct case_point points[] = {
    {"P1", .h = "90", .hh = "95", .l = "10", .deadband = "2"},
    {"P2", .h = "90", .hh = "95", .l = "10", .deadband = "2"},
    {0}};

static void delays_on_delay_runs_out(void **state)
{
    struct rule_case *c = case_new(DELAYED, points);

    (void)state;
    good(c, 1, "P1", 91);
    good(c, 5, "P1", 93);
    tick(c, 10.999);
    said_nothing(c);
    tick(c, 11);
    said(c, "11 raise H unack orange P1 v=93");
    assert_int_equal(case_last(c, 0)->for_ns, INT64_C(10000000000));
    case_free(c);
}

static void delays_on_delay_is_broken(void **state)
{
    struct rule_case *c = case_new(DELAYED, points);

    (void)state;
    good(c, 1, "P1", 91);
    good(c, 10, "P1", 89.9); /* inside the deadband: the limit is not met */
    good(c, 10.5, "P1", 91);
    tick(c, 20.499);
    said_nothing(c);
    tick(c, 20.5);
    said(c, "20.5 raise H unack orange P1 v=91");
    case_free(c);
}

static void delays_off_delay_runs_out(void **state)
{
    struct rule_case *c = case_new(DELAYED, points);

    (void)state;
    good(c, 1, "P1", 91);
    tick(c, 11);
    said(c, "11 raise H unack orange P1 v=91");
    good(c, 12, "P1", 87);
    good(c, 20, "P1", 50);
    tick(c, 31.999);
    said_nothing(c);
    tick(c, 32);
    said(c, "32 clear H rtnun orange P1 v=50");
    case_free(c);
}

static void delays_off_delay_is_broken(void **state)
{
    struct rule_case *c = case_new(DELAYED, points);

    (void)state;
    good(c, 1, "P1", 91);
    tick(c, 11);
    said(c, "11 raise H unack orange P1 v=91");
    good(c, 12, "P1", 87);
    good(c, 31, "P1", 88); /* on the edge of the deadband */
    good(c, 31.5, "P1", 87);
    tick(c, 51.499);
    said_nothing(c);
    tick(c, 51.5);
    said(c, "51.5 clear H rtnun orange P1 v=87");
    case_free(c);
}

static void delays_levels_are_their_own(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, delay: 5s, clear_delay: 1s}\n"
                                "    H: {severity: orange, delay: 20s, clear_delay: 40s}\n";
    struct rule_case *c = case_new(rules, points);

    (void)state;
    good(c, 10, "P1", 96); /* HH in 5 s, H in 20 */
    tick(c, 15);
    said(c, "15 raise HH unack red P1 v=96");
    tick(c, 30); /* H is active too: nothing to say */
    said_nothing(c);
    good(c, 40, "P1", 80);
    tick(c, 41);
    said(c, "41 deescalate H unack orange P1 v=80");
    tick(c, 79.9);
    said_nothing(c);
    tick(c, 80);
    said(c, "80 clear H rtnun orange P1 v=80");
    good(c, 100, "P1", 96); /* HH comes and goes before H has run out */
    tick(c, 105);
    good(c, 110, "P1", 92);
    tick(c, 111);
    said(c, "105 raise HH unack red P1 v=96", "111 clear HH rtnun red P1 v=92");
    tick(c, 120);
    said(c, "120 raise H unack orange P1 v=92");
    case_free(c);
}

/* H and HH met together with the same delay: one raise, as without a delay. */
static void delays_levels_due_together_raise_once(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, delay: 5s, clear_delay: 3s}\n"
                                "    H: {severity: orange, delay: 5s, clear_delay: 3s}\n";
    struct rule_case *c = case_new(rules, points);

    (void)state;
    good(c, 10, "P1", 96);
    tick(c, 15);
    said(c, "15 raise HH unack red P1 v=96");
    good(c, 20, "P1", 10);
    tick(c, 23);
    said(c, "23 clear HH rtnun red P1 v=10");
    case_free(c);
}

static void delays_fire_between_records(void **state)
{
    struct rule_case *c = case_new(DELAYED, points);

    (void)state;
    good(c, 1, "P1", 91);
    good(c, 15, "P1", 50); /* comes after the delay has run out, and starts the off-delay */
    said(c, "11 raise H unack orange P1 v=91");
    assert_int_equal(case_last(c, 0)->jt_ns, INT64_C(11000000000));
    good(c, 60, "P1", 95); /* as above: cleared at 35, before this record; raised at 70 */
    said(c, "35 clear H rtnun orange P1 v=50");
    good(c, 70, "P1", 20); /* at the very time: the delay first */
    said(c, "70 raise H unack orange P1 v=95");
    case_free(c);
}

/* By due time, and among equals by point, then rule. */
static void delays_order_of_timers(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits: {H: {severity: orange, delay: 10s}}\n"
                                "- id: s\n"
                                "  mode: trial\n"
                                "  limits: {H: {severity: orange, delay: 10s}}\n";
    struct rule_case *c = case_new(rules, points);

    (void)state;
    good(c, 1, "P2", 91);
    good(c, 2, "P2", 50);
    good(c, 3, "P2", 91); /* due at 13 */
    good(c, 3, "P1", 91); /* due at 13 */
    good(c, 4, "P1", 92);
    tick(c, 20);
    said(c, "13 raise H unack orange P1 v=92", "13 raise H unack orange P1/s v=92",
         "13 raise H unack orange P2 v=91", "13 raise H unack orange P2/s v=91");
    good(c, 30, "P1", 50);
    good(c, 31, "P2", 50);
    said_anything(c);
    good(c, 40, "P2", 95);
    good(c, 40.5, "P1", 95);
    tick(c, 60);
    said(c, "50 raise H unack orange P2 v=95", "50 raise H unack orange P2/s v=95",
         "50.5 raise H unack orange P1 v=95", "50.5 raise H unack orange P1/s v=95");
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_on_delay_runs_out),
        cmocka_unit_test(delays_on_delay_is_broken),
        cmocka_unit_test(delays_off_delay_runs_out),
        cmocka_unit_test(delays_off_delay_is_broken),
        cmocka_unit_test(delays_levels_are_their_own),
        cmocka_unit_test(delays_levels_due_together_raise_once),
        cmocka_unit_test(delays_fire_between_records),
        cmocka_unit_test(delays_order_of_timers),
    };

    return CASE_MAIN("delays", tests);
}
