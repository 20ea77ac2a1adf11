/* SPDX-License-Identifier: Apache-2.0
 *
 * S-121 to S-125: gateways, and points that live by them. GA has an interval of 20 s.
 */
#include "rule_case.h"

#define POINTS_ONLY                                                                                \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange, clear_delay: 100s}}\n"                                       \
    "  stale: {severity: blue, after: 60s}\n"
#define SILENT                                                                                     \
    "- id: g\n"                                                                                    \
    "  domain: system\n"                                                                           \
    "  each: gateway\n"                                                                            \
    "  silent: {after: {intervals: 3, at_least: 50s, at_most: 10min}}\n"                           \
    "  severity: red\n"

static const struct case_point by_gateway[] = {
    {"P1", .h = "90", .alive_by = "gateway"}, {"P2", .h = "90"}, {0}};

static void gateways_point_lives_by_gateway(void **state)
{
    struct rule_case *c = case_new(POINTS_ONLY, by_gateway);

    (void)state;
    good(c, 1, "P1", 95);
    for (int s = 20; s <= 600; s += 20)
        heartbeat(c, s, "GA");
    said(c, "1 raise H unack orange P1 v=95", "60 raise stale unack blue P2");
    assert_int_equal(case_flags(c, "P1"), 0);
    assert_string_equal(case_coverage(c, HZ_NEWS_WHOLE, NULL), "2 1 1 0");
    case_free(c);
}

static void gateways_silence_and_return(void **state)
{
    static const struct case_point three[] = {{"P1", .h = "90", .alive_by = "gateway"},
                                              {"P3", .h = "90", .alive_by = "gateway"},
                                              {"P4", .alive_by = "gateway", .gateway = "GB"},
                                              {0}};
    struct rule_case *c = case_new(POINTS_ONLY, three);

    (void)state;
    readings(c, 20, "b", &(struct case_reading){"P4", 1}, 1);
    good(c, 30, "P1", 95);
    heartbeat(c, 50, "GA");
    readings(c, 70, "b", &(struct case_reading){"P4", 1}, 1);
    good(c, 71, "P1", 50); /* an off-delay, which silence cancels */
    tick(c, 129.999);
    said(c, "30 raise H unack orange P1 v=95");
    tick(c, 131);
    said(c, "130 raise stale unack blue P4", "131 raise stale unack blue P1",
         "131 raise stale unack blue P3");
    tick(c, 300);
    said_nothing(c);
    heartbeat(c, 301, "GA");
    said(c, "301 clear stale rtnun blue P1", "301 clear stale rtnun blue P3");
    assert_int_equal(case_flags(c, "P3"), HZ_POINT_NEVER_SEEN);
    assert_int_equal(case_flags(c, "P4"), HZ_POINT_STALE);
    case_free(c);
}

static void gateways_silent_rule(void **state)
{
    struct rule_case *c = case_new(SILENT, by_gateway);

    (void)state;
    heartbeat(c, 10, "GA");
    good(c, 30, "P2", 1);
    tick(c, 89.999);
    said_nothing(c);
    tick(c, 90);
    said(c, "90 raise gateway unack red GA/g");
    assert_int_equal(case_last(c, 0)->domain, HZ_DOMAIN_SYSTEM);
    assert_int_equal(case_last(c, 0)->ring, 1);
    bad(c, 100, "P2", 1); /* bad, but a sign */
    said(c, "100 clear gateway rtnun red GA/g");
    tick(c, 299.999);
    said(c, "160 raise gateway unack red GA/g");
    tick(c, 300); /* GE: three times 100 s, never heard */
    said(c, "300 raise gateway unack red GE/g");
    tick(c, 600); /* GB: nobody knows its interval */
    said(c, "600 raise gateway unack red GB/g");
    case_free(c);
}

static void gateways_heartbeat(void **state)
{
    struct rule_case *c = case_new(SILENT, by_gateway);

    (void)state;
    for (int s = 30; s < 280; s += 50)
        heartbeat(c, s, "GA");
    said_nothing(c);
    tick(c, 290);
    said(c, "290 raise gateway unack red GA/g");
    case_free(c);
}

/* Every reading of a point is a sign of its gateway, the calm ones too. */
static void gateways_calm_readings_are_signs(void **state)
{
    struct rule_case *c = case_new(POINTS_ONLY SILENT, by_gateway);

    (void)state;
    for (int s = 1; s < 290; s += 10)
        good(c, s, "P2", 50 + s % 7);
    said_nothing(c);
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_NEVER_SEEN);
    tick(c, 341);
    said(c, "300 raise gateway unack red GE/g", "341 raise gateway unack red GA/g",
         "341 raise stale unack blue P1", "341 raise stale unack blue P2");
    case_free(c);
}

/* What is due at one time comes in the order of points; a gateway has none, so it comes first. */
static void gateways_gap(void **state)
{
    struct rule_case *c = case_new(POINTS_ONLY SILENT, by_gateway);

    (void)state;
    heartbeat(c, 10, "GA");
    good(c, 10, "P2", 1);
    feed_lost(c, 20, "a");
    tick(c, 250);
    said(c, "30 raise feed-lost unack orange a");
    feed_back(c, 251, "a");
    tick(c, 310.999);
    said(c, "251 clear feed-lost rtnun orange a", "300 raise gateway unack red GE/g");
    tick(c, 311);
    said(c, "311 raise gateway unack red GA/g", "311 raise stale unack blue P1",
         "311 raise stale unack blue P2");
    heartbeat(c, 320, "GA");
    said(c, "320 clear gateway rtnun red GA/g", "320 clear stale rtnun blue P1");
    not_watched(c, 330, 900); /* and a whole gap gives it its time, too */
    said(c, "900 raise not-watched unack orange", "900 clear not-watched rtnun orange");
    tick(c, 959.999);
    said_nothing(c);
    tick(c, 960);
    said(c, "960 raise gateway unack red GA/g", "960 raise stale unack blue P1");
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateways_point_lives_by_gateway),
        cmocka_unit_test(gateways_silence_and_return),
        cmocka_unit_test(gateways_silent_rule),
        cmocka_unit_test(gateways_heartbeat),
        cmocka_unit_test(gateways_calm_readings_are_signs),
        cmocka_unit_test(gateways_gap),
    };

    return CASE_MAIN("gateways", tests);
}
