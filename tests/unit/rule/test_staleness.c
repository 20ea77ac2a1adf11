/* SPDX-License-Identifier: Apache-2.0
 *
 * S-51 to S-57: silence of a point.
 */
#include "rule_case.h"

#define STALE_60                                                                                   \
    "- id: r\n"                                                                                    \
    "  stale: {severity: blue, after: 60s}\n"
#define STALE "- id: r\n  stale: {severity: blue}\n"
#define BOTH                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange, delay: 100s, clear_delay: 60s}}\n"                           \
    "  stale: {severity: blue, after: 60s}\n"

static const struct case_point one[] = {{"P1", .h = "90"}, {0}};

/* The row's, the rule's, three intervals, the feed's default. */
static void staleness_after(void **state)
{
    static const struct case_point four[] = {
        {"P1", .kind = "gas", .interval = "5s", .stale_after = "20s"},
        {"P2", .kind = "gas", .interval = "5s"},
        {"P3", .kind = "level", .interval = "10s"},
        {"P4", .kind = "level"},
        {0}};
    static const char rules[] = "- id: r\n"
                                "  select: {kind: level}\n"
                                "  stale: {severity: blue}\n"
                                "- id: s\n"
                                "  select: {kind: gas}\n"
                                "  stale: {severity: blue, after: 25s}\n";
    static const struct case_reading all[] = {{"P1", 1}, {"P2", 1}, {"P3", 1}, {"P4", 1}};
    struct rule_case *c = case_new_with(rules, four, "  stale_after: 10min\n");

    (void)state;
    readings(c, 1, "a", all, 4);
    tick(c, 1000);
    said(c, "21 raise stale unack blue P1/s", "26 raise stale unack blue P2/s",
         "31 raise stale unack blue P3", "601 raise stale unack blue P4");
    case_free(c);
}

static void staleness_never_spoke(void **state)
{
    static const struct case_point more[] = {{"P1", .h = "90"}, {"P2"}, {0}};
    struct rule_case *c = case_new(STALE_60, one);

    (void)state;
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_NEVER_SEEN);
    tick(c, 59.999);
    said_nothing(c);
    tick(c, 60);
    said(c, "60 raise stale unack blue P1");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_NEVER_SEEN | HZ_POINT_STALE);
    change(c, 100, STALE_60, more); /* P2 is new: its time begins here */
    tick(c, 159.999);
    said_nothing(c);
    tick(c, 160);
    said(c, "160 raise stale unack blue P2");
    case_free(c);
}

static void staleness_ends_with_a_reading(void **state)
{
    struct rule_case *c = case_new(STALE_60, one);

    (void)state;
    tick(c, 60);
    good(c, 70, "P1", 1);
    said(c, "60 raise stale unack blue P1", "70 clear stale rtnun blue P1");
    assert_int_equal(case_flags(c, "P1"), 0);
    command(c, 80, HZ_VERB_ACK, "P1", HZ_SIDE_STALE);
    tick(c, 130);
    said(c, "80 ack stale normal blue P1", "130 raise stale unack blue P1");
    case_free(c);
}

static void staleness_on_delay_runs_on(void **state)
{
    struct rule_case *c = case_new(BOTH, one);

    (void)state;
    good(c, 10, "P1", 95);
    tick(c, 109.999);
    said(c, "70 raise stale unack blue P1");
    tick(c, 110);
    said(c, "110 raise H unack orange P1 v=95");
    case_free(c);
}

/* The off-delay would run out in the very moment in which the point becomes STALE. */
static void staleness_cancels_off_delay(void **state)
{
    struct rule_case *c = case_new(BOTH, one);

    (void)state;
    for (int s = 0; s <= 100; s += 50)
        good(c, s, "P1", 95);
    said(c, "100 raise H unack orange P1 v=95");
    good(c, 110, "P1", 50);
    tick(c, 400);
    said(c, "170 raise stale unack blue P1");
    good(c, 410, "P1", 50);
    good(c, 440, "P1", 50);
    tick(c, 470);
    said(c, "410 clear stale rtnun blue P1", "470 clear H rtnun orange P1 v=50");
    case_free(c);
}

static void staleness_without_a_rule(void **state)
{
    static const char rules[] = "- id: r\n  limits: {H: {severity: orange}}\n";
    struct rule_case *c = case_new_with(rules, one, "  stale_after: 5min\n");

    (void)state;
    good(c, 1, "P1", 1);
    assert_string_equal(case_coverage(c, HZ_NEWS_WHOLE, NULL), "1 1 1 0");
    tick(c, 300.999);
    assert_int_equal(case_flags(c, "P1"), 0);
    tick(c, 301);
    said_nothing(c);
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_STALE);
    assert_string_equal(case_coverage(c, HZ_NEWS_WHOLE, NULL), "1 0 0 0");
    good(c, 310, "P1", 1);
    assert_string_equal(case_coverage(c, HZ_NEWS_WHOLE, NULL), "1 1 1 0");
    case_free(c);
}

/* Whatever comes between, of this point or of others, and however far the next record is. */
static void staleness_exact_time(void **state)
{
    static const struct case_point three[] = {{"P1"}, {"P2"}, {"P3", .stale_after = "3600s"}, {0}};
    struct rule_case *c = case_new(STALE_60, three);

    (void)state;
    good(c, 0, "P1", 1);
    good(c, 13.517, "P1", 1);
    good(c, 20, "P2", 1);
    for (int i = 0; i < 38; i++)
        good(c, 21 + i, "P3", i);
    good(c, 59.001, "P1", 1);
    good(c, 79.999, "P2", 1);
    tick(c, 119);
    said_nothing(c);
    good(c, 119.001, "P3", 0); /* a record at the very time */
    said(c, "119.001 raise stale unack blue P1");
    good(c, 3000, "P3", 1);
    said(c, "139.999 raise stale unack blue P2");
    good(c, 8999, "P3", 1);
    good(c, 9000, "P1", 1); /* next to a point that has far longer */
    said(c, "6600 raise stale unack blue P3", "8999 clear stale rtnun blue P3",
         "9000 clear stale rtnun blue P1");
    tick(c, 9059.999);
    said_nothing(c);
    tick(c, 9060);
    said(c, "9060 raise stale unack blue P1");
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(staleness_after),
        cmocka_unit_test(staleness_never_spoke),
        cmocka_unit_test(staleness_ends_with_a_reading),
        cmocka_unit_test(staleness_on_delay_runs_on),
        cmocka_unit_test(staleness_cancels_off_delay),
        cmocka_unit_test(staleness_without_a_rule),
        cmocka_unit_test(staleness_exact_time),
    };

    return CASE_MAIN("staleness", tests);
}
