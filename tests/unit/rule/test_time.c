/* SPDX-License-Identifier: Apache-2.0
 *
 * S-91 to S-103: what the stamp of a reading does to it. Skew is 60 s, the points' interval 10 s.
 */
#include "rule_case.h"

#define H_RULE "- id: r\n  limits: {H: {severity: orange}}\n"
#define H_STALE                                                                                    \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"                                                          \
    "  stale: {severity: blue, after: 60s}\n"

static const struct case_point points[] = {{"P1", .h = "90", .interval = "10s"},
                                           {"P2", .h = "90", .interval = "10s"},
                                           {"P3", .h = "90", .interval = "10s", .gateway = "GB"},
                                           {0}};
static const struct case_point one[] = {{"P1", .h = "90", .interval = "10s"}, {0}};

static void time_future(void **state)
{
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    good(c, 1, "P1", 50);
    stamped(c, 10, "P1", 95, 71); /* beyond 10 + 60 */
    said(c, "10 raise H unack orange P1 v=95");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_CLOCK);
    assert_int_equal(case_counts(c).future, 1);
    stamped(c, 11, "P1", 50, 11); /* 71 is not its last stamp */
    said(c, "11 clear H rtnun orange P1 v=50");
    assert_int_equal(case_flags(c, "P1"), 0);
    stamped(c, 20, "P1", 95, 80); /* at 20 + 60: timely, and from here on the last stamp */
    said(c, "20 raise H unack orange P1 v=95");
    assert_int_equal(case_flags(c, "P1"), 0);
    assert_int_equal(case_counts(c).future, 1);
    stamped(c, 21, "P1", 50, 21);
    said_nothing(c);
    assert_int_equal(case_counts(c).late, 1);
    case_free(c);
}

/* A logger that sends its store slowly: each later than the last stamp, none ever evaluated. */
static void time_late(void **state)
{
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    good(c, 1000, "P1", 50);
    for (int i = 0; i < 30; i++)
        stamped(c, 1010 + 20 * i, "P1", 95, 100 + i);
    said_nothing(c);
    assert_int_equal(case_counts(c).late, 30);
    good(c, 2000, "P1", 95);
    said(c, "2000 raise H unack orange P1 v=95");
    case_free(c);
}

static void time_duplicate(void **state)
{
    struct rule_case *c = case_new(H_STALE, one);

    (void)state;
    good(c, 10, "P1", 95);
    for (int i = 1; i < 6; i++)
        stamped(c, 10 + 10 * i, "P1", 95, 10);
    said(c, "10 raise H unack orange P1 v=95");
    assert_int_equal(case_counts(c).duplicate, 5);
    tick(c, 70);
    said(c, "70 raise stale unack blue P1"); /* no sign of life of the point */
    stamped(c, 80, "P1", 95, 10);
    said_nothing(c);
    case_free(c);
}

static void time_same_stamp_other_value(void **state)
{
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    good(c, 10, "P1", 50);
    stamped(c, 11, "P1", 95, 10);
    said(c, "11 raise H unack orange P1 v=95");
    stamped(c, 12, "P1", 50, 10);
    said(c, "12 clear H rtnun orange P1 v=50");
    reading(c, 13, (struct case_reading){"P1", 50, .stamp = 10, .quality = HZ_QUALITY_BAD});
    assert_int_equal(case_counts(c).duplicate, 0);
    assert_int_equal(case_counts(c).bad_quality, 1);
    said_nothing(c);
    case_free(c);
}

static void time_historic(void **state)
{
    struct rule_case *c = case_new(H_STALE, one);

    (void)state;
    good(c, 1, "P1", 50);
    reading(c, 10, (struct case_reading){"P1", 95, .flags = HZ_READING_HISTORIC});
    reading(c, 60, (struct case_reading){"P1", 95, .flags = HZ_READING_HISTORIC});
    said_nothing(c);
    assert_int_equal(case_counts(c).historic, 2);
    tick(c, 61);
    said(c, "61 raise stale unack blue P1");
    case_free(c);
}

/* P2 lives by the gateway of P1, which sends nothing but late and repeated readings. */
static void time_late_is_gateway_life(void **state)
{
    static const struct case_point by_gateway[] = {
        {"P1", .h = "90"}, {"P2", .h = "90", .alive_by = "gateway"}, {0}};
    struct rule_case *c = case_new(H_STALE, by_gateway);

    (void)state;
    good(c, 5, "P2", 50);
    good(c, 10, "P1", 50);
    for (int i = 1; i < 20; i++)
        stamped(c, 10 + 15 * i, "P1", 50, i % 2 ? 4 : 10);
    said(c, "70 raise stale unack blue P1");
    assert_int_equal(case_flags(c, "P2"), 0);
    assert_int_equal(case_counts(c).late, 10);
    assert_int_equal(case_counts(c).duplicate, 9);
    case_free(c);
}

/* Timely until 100, then the clock of the device is 50 s back. */
static struct rule_case *set_back(void)
{
    struct rule_case *c = case_new(H_RULE, points);

    good(c, 90, "P1", 50);
    good(c, 100, "P1", 51);
    return c;
}

static void time_clock_set_back(void **state)
{
    struct rule_case *c = set_back();

    (void)state;
    stamped(c, 110, "P1", 95, 60);
    stamped(c, 120, "P1", 96, 72); /* steady within 5 s */
    said_nothing(c);
    stamped(c, 130, "P1", 97, 80);
    said(c, "130 raise H unack orange P1 v=97");
    stamped(c, 131, "P1", 50, 81); /* the new base: 81 is newer */
    said(c, "131 clear H rtnun orange P1 v=50");
    assert_int_equal(case_counts(c).late, 2);
    case_free(c);
}

/* Readings that come faster than the interval are no arrivals of their own. */
static void time_set_back_needs_the_interval(void **state)
{
    struct rule_case *c = set_back();

    (void)state;
    for (int i = 0; i < 10; i++)
        stamped(c, 110 + i, "P1", 95, 60 + i);
    said_nothing(c);
    stamped(c, 120, "P1", 95, 70); /* the second */
    said_nothing(c);
    stamped(c, 129, "P1", 95, 79);
    said_nothing(c);
    stamped(c, 130, "P1", 95, 80); /* the third */
    said(c, "130 raise H unack orange P1 v=95");
    case_free(c);
}

static void time_set_back_count_starts_again(void **state)
{
    static const struct case_reading breaks[] = {
        {"P1", 51, .stamp = 100},                              /* a duplicate */
        {"P1", 51, .stamp = 60, .flags = HZ_READING_HISTORIC}, /* historic */
        {"P1", 52},                                            /* timely */
        {"P1", 95, .stamp = 99},                               /* late by another offset */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        struct rule_case *c = set_back();

        stamped(c, 110, "P1", 95, 51);
        stamped(c, 120, "P1", 95, 61);
        reading(c, 130, breaks[i]);
        stamped(c, 140, "P1", 95, 81);
        stamped(c, 150, "P1", 95, 91);
        said_nothing(c);
        stamped(c, 160, "P1", 95, 99); /* the third, at an offset 2 s off */
        said(c, "160 raise H unack orange P1 v=95");
        case_free(c);
    }
}

static void time_wrong_clock(void **state)
{
    static const double back = 8 * 3600;
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    stamped(c, 10, "P1", 95, 10 - back);
    said(c, "10 raise H unack orange P1 v=95"); /* evaluated, in doubt too */
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_CLOCK);
    stamped(c, 20, "P1", 50, 20 - back);
    said(c, "20 clear H rtnun orange P1 v=50");
    stamped(c, 30, "P1", 50, 30 - back);
    said(c, "30 raise wrong-clock unack yellow a");
    assert_true(case_last(c, 0)->value.i64 == (int64_t)back * 1000); /* ms, arrival less stamp */
    for (int s = 40; s <= 60; s += 10)
        stamped(c, s, "P2", 50, s - back);
    for (int s = 70; s <= 90; s += 10) /* ahead, on another feed */
        readings(c, s, "b", &(struct case_reading){"P3", 50, .stamp = s + back}, 1);
    said(c, "90 raise wrong-clock unack yellow b"); /* one for each feed */
    good(c, 100, "P1", 50);
    said_nothing(c); /* P2 is still wrong */
    good(c, 110, "P2", 50);
    said(c, "110 clear wrong-clock rtnun yellow a");
    assert_int_equal(case_flags(c, "P2"), 0);
    readings(c, 120, "b", &(struct case_reading){"P3", 50, .stamp = 120}, 1);
    said(c, "120 clear wrong-clock rtnun yellow b");
    case_free(c);
}

/* The alarm follows the point to the feed that it is heard on. */
static void time_wrong_clock_moves(void **state)
{
    static const double back = 8 * 3600;
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    for (int s = 10; s <= 30; s += 10)
        stamped(c, s, "P1", 50, s - back);
    said(c, "30 raise wrong-clock unack yellow a");
    readings(c, 40, "b", &(struct case_reading){"P1", 50, .stamp = 40 - back}, 1);
    said(c, "40 clear wrong-clock rtnun yellow a", "40 raise wrong-clock unack yellow b");
    readings(c, 50, "b", &(struct case_reading){"P1", 50}, 1);
    said(c, "50 clear wrong-clock rtnun yellow b");
    case_free(c);
}

static void time_backlog(void **state)
{
    struct rule_case *c = case_new(H_RULE, points);

    (void)state;
    for (int i = 0; i < 9; i++) {
        stamped(c, 10 + 10 * i, "P1", i % 2 ? 50 : 95, -3600 + 300 * i);
        assert_int_equal(case_flags(c, "P1"), HZ_POINT_CLOCK);
    }
    said_anything(c); /* raised and cleared, each evaluated at arrival */
    assert_int_equal(case_counts(c).transitions, 9);
    good(c, 200, "P1", 50);
    said(c, "200 clear H rtnun orange P1 v=50");
    assert_int_equal(case_flags(c, "P1"), 0);
    case_free(c);
}

static void time_without_stamp(void **state)
{
    struct rule_case *c = case_new(H_STALE, one);
    struct case_reading plain = {"P1", 95, .stamp = CASE_NONE};

    (void)state;
    stamped(c, 10, "P1", 50, 60); /* a clock that is ahead, within skew */
    reading(c, 20, plain);
    said(c, "20 raise H unack orange P1 v=95");
    for (int s = 30; s < 200; s += 50)
        reading(c, s, plain); /* the same value again is no duplicate: alive */
    said_nothing(c);
    plain.value = 50;
    reading(c, 200, plain);
    said(c, "200 clear H rtnun orange P1 v=50");
    assert_int_equal(case_counts(c).late + case_counts(c).duplicate, 0);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_future),
        cmocka_unit_test(time_late),
        cmocka_unit_test(time_duplicate),
        cmocka_unit_test(time_same_stamp_other_value),
        cmocka_unit_test(time_historic),
        cmocka_unit_test(time_late_is_gateway_life),
        cmocka_unit_test(time_clock_set_back),
        cmocka_unit_test(time_set_back_needs_the_interval),
        cmocka_unit_test(time_set_back_count_starts_again),
        cmocka_unit_test(time_wrong_clock),
        cmocka_unit_test(time_wrong_clock_moves),
        cmocka_unit_test(time_backlog),
        cmocka_unit_test(time_without_stamp),
    };

    return CASE_MAIN("time", tests);
}
