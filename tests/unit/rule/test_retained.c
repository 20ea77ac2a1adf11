/* SPDX-License-Identifier: Apache-2.0
 *
 * S-111 to S-117: what the broker has kept from before. The points' interval is 10 s; P2 lives by
 * the gateway GA, P1 of the same gateway by itself.
 */
#include "rule_case.h"

#define RULE                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"                                                          \
    "  stale: {severity: blue, after: 60s}\n"

static const struct case_point points[] = {
    {"P1", .h = "90", .interval = "10s"},
    {"P2", .h = "90", .interval = "10s", .alive_by = "gateway"},
    {0}};

static void retained(struct rule_case *c, double s, const char *point, double value, double stamp)
{
    reading(c, s,
            (struct case_reading){point, value, .stamp = stamp, .flags = HZ_READING_RETAINED});
}

static void retained_fresh_is_live(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    retained(c, 20, "P1", 95, 10);
    said(c, "20 raise H unack orange P1 v=95");
    assert_int_equal(case_flags(c, "P1"), 0);
    retained(c, 30, "P1", 50, 21);
    said(c, "30 clear H rtnun orange P1 v=50");
    heartbeat(c, 80, "GA");
    tick(c, 89.999); /* it was a sign of life */
    said_nothing(c);
    tick(c, 90);
    said(c, "90 raise stale unack blue P1");
    retained(c, 100, "P1", 95, 89.999); /* a little too old */
    said(c, "100 raise H unack orange P1 v=95 unconfirmed");
    case_free(c);
}

static void retained_with_gateway_heard(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    retained(c, 1, "P2", 95, -900); /* nothing of GA yet */
    said(c, "1 raise H unack orange P2 v=95 unconfirmed");
    good(c, 5, "P1", 50);
    retained(c, 6, "P2", 50, -800);
    said(c, "6 clear H rtnun orange P2 v=50");
    assert_int_equal(case_flags(c, "P2"), 0);
    feed_lost(c, 10, "a");
    feed_back(c, 12, "a");
    retained(c, 13, "P2", 96, -700); /* another connection: not heard yet */
    said(c, "13 raise H unack orange P2 v=96 unconfirmed");
    case_free(c);
}

static void retained_only_if_newer(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    retained(c, 1, "P1", 50, -100);
    retained(c, 2, "P1", 95, -200); /* older */
    retained(c, 3, "P1", 95, -100); /* not newer */
    said_nothing(c);
    good(c, 10, "P1", 50);
    retained(c, 40, "P1", 95, 5); /* older than the live one */
    said_nothing(c);
    retained(c, 41, "P1", 95, 20);
    said(c, "41 raise H unack orange P1 v=95 unconfirmed");
    assert_int_equal(case_counts(c).unconfirmed, 5); /* those not taken, too */
    case_free(c);
}

static void retained_may_raise(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    retained(c, 1, "P1", 95, -100);
    said(c, "1 raise H unack orange P1 v=95 unconfirmed");
    assert_int_equal(case_last(c, 0)->quality, HZ_QUALITY_UNCONFIRMED);
    assert_true(case_flags(c, "P1") & HZ_POINT_UNCONFIRMED);
    case_free(c);
}

static void retained_never_clears(void **state)
{
    static const char delayed[] = "- id: r\n"
                                  "  limits: {H: {severity: orange, delay: 20s}}\n"
                                  "  stale: {severity: blue, after: 60s}\n";
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    good(c, 1, "P1", 95);
    said(c, "1 raise H unack orange P1 v=95");
    retained(c, 30, "P1", 50, 15);
    said_nothing(c);
    tick(c, 61);
    said(c, "61 raise stale unack blue P1", "61 raise stale unack blue P2"); /* no sign of life */
    retained(c, 70, "P1", 51, 20);
    said_nothing(c); /* nor does it end STALE */
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_STALE | HZ_POINT_UNCONFIRMED);
    case_free(c);

    c = case_new(delayed, points);
    good(c, 1, "P1", 95);
    retained(c, 15, "P1", 50, 3); /* breaks no on-delay */
    tick(c, 21);
    said(c, "21 raise H unack orange P1 v=95");
    case_free(c);
}

static void retained_replaced_by_live(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    retained(c, 1, "P1", 95, -20);
    said(c, "1 raise H unack orange P1 v=95 unconfirmed");
    stamped(c, 2, "P1", 50, -20); /* the same stamp */
    said(c, "2 clear H rtnun orange P1 v=50");
    assert_int_equal(case_flags(c, "P1"), 0);
    retained(c, 20, "P1", 96, 5);
    said(c, "20 raise H unack orange P1 v=96 unconfirmed");
    stamped(c, 30, "P1", 96, 5); /* the very same again, but live: a sign of life */
    assert_int_equal(case_flags(c, "P1"), 0);
    tick(c, 89.999);
    said_nothing(c);
    tick(c, 90);
    said(c, "90 raise stale unack blue P1", "90 raise stale unack blue P2");
    case_free(c);
}

/* Live is live, whatever its clock says. */
static void retained_replaced_by_a_wrong_clock(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    retained(c, 1, "P1", 95, -900);
    said(c, "1 raise H unack orange P1 v=95 unconfirmed");
    stamped(c, 2, "P1", 50, -800); /* behind by more than the skew */
    said(c, "2 clear H rtnun orange P1 v=50");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_CLOCK);
    retained(c, 3, "P1", 96, -700);
    stamped(c, 4, "P1", 50, 900); /* and ahead */
    said(c, "3 raise H unack orange P1 v=96 unconfirmed", "4 clear H rtnun orange P1 v=50");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_CLOCK);
    case_free(c);
}

static void retained_confirmed_by_gateway(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    good(c, 1, "P2", 95);
    said(c, "1 raise H unack orange P2 v=95");
    feed_lost(c, 5, "a");
    feed_back(c, 6, "a");
    retained(c, 30, "P2", 50, 15); /* a change that we have missed */
    said_nothing(c);
    assert_true(case_flags(c, "P2") & HZ_POINT_UNCONFIRMED);
    heartbeat(c, 31, "GA");
    said(c, "31 clear H rtnun orange P2 v=50");
    assert_int_equal(case_flags(c, "P2"), 0);
    retained(c, 40, "P1", 50, 20); /* lives by itself: its gateway vouches for nothing */
    heartbeat(c, 41, "GA");
    assert_true(case_flags(c, "P1") & HZ_POINT_UNCONFIRMED);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retained_fresh_is_live),
        cmocka_unit_test(retained_with_gateway_heard),
        cmocka_unit_test(retained_only_if_newer),
        cmocka_unit_test(retained_may_raise),
        cmocka_unit_test(retained_never_clears),
        cmocka_unit_test(retained_replaced_by_live),
        cmocka_unit_test(retained_replaced_by_a_wrong_clock),
        cmocka_unit_test(retained_confirmed_by_gateway),
    };

    return CASE_MAIN("retained", tests);
}
