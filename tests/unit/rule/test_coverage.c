/* SPDX-License-Identifier: Apache-2.0
 *
 * S-81 to S-84: who is on line, counted; and what people are shown.
 */
#include "rule_case.h"

#define RULE                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"                                                          \
    "  invalid: {severity: yellow, after: 30s}\n"                                                  \
    "  stale: {severity: blue, after: 60s}\n"

#define UTC(s) (CASE_EPOCH_NS + (s)*INT64_C(1000000000))

static const struct case_point points[] = {
    {"P1", .h = "90"}, {"P2", .h = "90"}, {"P3", .h = "90", .gateway = "GB"}, {0}};

static void expect(struct rule_case *c, const char *wanted)
{
    assert_string_equal(case_coverage(c, HZ_NEWS_WHOLE, NULL), wanted);
}

/* total, on line, valid, not observed */
static void coverage_words(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    expect(c, "3 3 3 0");
    good(c, 1, "P1", 1);
    bad(c, 1, "P2", 1);
    readings(c, 1, "b", &(struct case_reading){"P3", 1}, 1);
    expect(c, "3 3 2 0");
    assert_int_equal(case_flags(c, "P2"), HZ_POINT_INVALID);
    feed_lost(c, 10, "b");
    expect(c, "3 2 1 1");
    assert_int_equal(case_flags(c, "P3"), HZ_POINT_UNOBSERVED);
    good(c, 50, "P1", 1);
    tick(c, 61); /* P2 is silent, and invalid at that */
    expect(c, "3 1 1 1");
    assert_int_equal(case_flags(c, "P2"), HZ_POINT_INVALID | HZ_POINT_STALE);
    feed_back(c, 62, "b");
    expect(c, "3 2 2 0");
    good(c, 63, "P2", 1);
    expect(c, "3 3 3 0");
    said_anything(c);
    not_watched(c, 70, 700); /* over when it is told */
    said_anything(c);
    expect(c, "3 3 3 0");
    case_free(c);
}

static void coverage_scopes(void **state)
{
    static const struct case_point spread[] = {
        {"E1/Z1/P1"}, {"E1/Z1/P2"}, {"E1/Z2/P1", .gateway = "GA"}, {"E2/Z1/P1"}, {0}};
    struct rule_case *c;

    (void)state;
    struct case_point own[5];
    memcpy(own, spread, sizeof(own));
    own[0].gateway = own[1].gateway = "GA";
    c = case_new(RULE, own);
    good(c, 30, "E1/Z1/P1", 1);
    bad(c, 30, "E1/Z2/P1", 1);
    tick(c, 60); /* E1/Z1/P2 and E2/Z1/P1 never spoke */
    said(c, "60 raise stale unack blue P2", "60 raise invalid unack yellow P1",
         "60 raise stale unack blue P1");
    expect(c, "4 2 1 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_HAZARD, "E1/Z1"), "2 1 1 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_HAZARD, "E1/Z2"), "1 1 0 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_HAZARD, "E2/Z1"), "1 0 0 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_ENTERPRISE, "E1"), "3 2 1 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_ENTERPRISE, "E2"), "1 0 0 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_PARK, "K1"), "3 2 1 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_PARK, "K2"), "1 0 0 0");
    change(c, 61, RULE, own + 1); /* one point leaves */
    assert_string_equal(case_coverage(c, HZ_NEWS_HAZARD, "E1/Z1"), "1 0 0 0");
    expect(c, "3 1 0 0");
    case_free(c);
}

static void coverage_point_not_in_set(void **state)
{
    static const struct case_point fewer[] = {{"P1", .h = "90"}, {0}};
    struct rule_case *c = case_new(RULE, points);
    struct hz_news news;

    (void)state;
    good(c, 1, "P2", 50);
    change(c, 2, RULE, fewer);
    uint64_t evaluated = case_counts(c).evaluated;
    good(c, 3, "P2", 99);
    said_nothing(c);
    assert_int_equal(case_counts(c).not_in_set, 1);
    assert_int_equal(case_counts(c).evaluated, evaluated);
    assert_int_equal(case_counts(c).readings, 2);
    assert_false(hz_engine_point(case_engine(c), case_point(c, "P2"), &news));
    expect(c, "1 1 1 0");
    case_free(c);
}

/* --- news --- */

struct taken {
    unsigned points, hazards, enterprises, parks, whole;
    struct hz_news last_point, last_whole;
};

static struct taken take(struct rule_case *c, size_t slice)
{
    struct taken taken = {0};
    struct hz_news news[64];
    size_t count, turns = 0;

    assert_true(slice <= 64);
    while ((count = hz_engine_take_news(case_engine(c), news, slice)) > 0) {
        assert_true(count <= slice && ++turns < 1000);
        for (size_t i = 0; i < count; i++) {
            taken.points += news[i].what == HZ_NEWS_POINT;
            taken.hazards += news[i].what == HZ_NEWS_HAZARD;
            taken.enterprises += news[i].what == HZ_NEWS_ENTERPRISE;
            taken.parks += news[i].what == HZ_NEWS_PARK;
            taken.whole += news[i].what == HZ_NEWS_WHOLE;
            if (news[i].what == HZ_NEWS_POINT)
                taken.last_point = news[i];
            if (news[i].what == HZ_NEWS_WHOLE)
                taken.last_whole = news[i];
        }
    }
    return taken;
}

/* Not part of what is saved: who loads, renews. */
/* By a reload it comes and goes; what is alarmed stays alarmed. */
static void coverage_trial(void **state)
{
    static const char beside[] = RULE "- id: s\n  mode: trial\n  limits: {H: {severity: red}}\n";
    struct case_point own[] = {{"P1", .h = "90", .mode = "trial"}, {"P2", .h = "90"}, {0}};
    struct rule_case *c = case_new(beside, own);

    (void)state;
    expect(c, "1 1 1 0");
    good(c, 1, "P1", 91);
    said(c, "1 raise H unack orange P1 v=91", "1 raise H unack red P1/s v=91");
    for (size_t back = 0; back < 2; back++) {
        assert_int_equal(case_last(c, back)->mode, HZ_MODE_TRIAL);
        assert_int_equal(case_last(c, back)->ring, 0);
    }
    bad(c, 2, "P1", 91);
    expect(c, "1 1 1 0");
    own[0].mode = "live";
    change(c, 3, beside, own);
    said_nothing(c);
    expect(c, "2 2 1 0");
    good(c, 4, "P1", 50);
    said(c, "4 clear H rtnun orange P1 v=50", "4 clear H rtnun red P1/s v=50");
    assert_int_equal(case_last(c, 1)->mode, HZ_MODE_LIVE);
    assert_int_equal(case_last(c, 0)->mode, HZ_MODE_TRIAL);
    own[0].mode = own[1].mode = "trial";
    change(c, 5, beside, own);
    said_nothing(c);
    expect(c, "0 0 0 0");
    assert_string_equal(case_coverage(c, HZ_NEWS_HAZARD, "E1/Z1"), "0 0 0 0");
    case_free(c);
}

static void coverage_news(void **state)
{
    struct rule_case *c = case_new(RULE, points);
    struct taken taken;

    (void)state;
    take(c, 64);
    taken = take(c, 64);
    assert_int_equal(taken.points + taken.hazards + taken.whole, 0); /* each at most once */
    good(c, 1, "P1", 50);
    good(c, 2, "P1", 95);
    good(c, 3, "P1", 96);
    said_anything(c);
    taken = take(c, 64);
    if (case_regime != CASE_SAVED) {
        assert_int_equal(taken.points, 1);
        assert_int_equal(taken.hazards + taken.enterprises + taken.parks + taken.whole, 0);
        assert_int_equal(taken.last_point.id, case_point(c, "P1"));
        assert_true(taken.last_point.value.f64 == 96); /* the newest wins */
        assert_int_equal(taken.last_point.severity, HZ_SEVERITY_ORANGE);
        assert_int_equal(taken.last_point.feed, case_id(c, HZ_NAMED_FEED, "a"));
        assert_true(taken.last_point.arrival_ns == UTC(3));
        assert_true(taken.last_point.source_ms == UTC(3) / 1000000);
    }
    tick(c, 60); /* P2 and P3 are silent */
    said_anything(c);
    taken = take(c, 1);
    if (case_regime != CASE_SAVED) {
        assert_int_equal(taken.points, 2);
        assert_int_equal(taken.whole, 1);
        assert_int_equal(taken.hazards, 1);
        assert_int_equal(taken.enterprises, 1);
        assert_int_equal(taken.parks, 1);
        assert_int_equal(taken.last_whole.coverage.total, 3);
        assert_int_equal(taken.last_whole.coverage.online, 1);
    }
    hz_engine_renew(case_engine(c));
    taken = take(c, 7);
    assert_int_equal(taken.points, 3);
    assert_int_equal(taken.whole, 1);
    assert_int_equal(taken.hazards, 1); /* those with points */
    assert_int_equal(taken.enterprises, 1);
    assert_int_equal(taken.parks, 1);
    taken = take(c, 64);
    assert_int_equal(taken.points + taken.hazards + taken.whole, 0);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coverage_words),
        cmocka_unit_test(coverage_scopes),
        cmocka_unit_test(coverage_point_not_in_set),
        cmocka_unit_test(coverage_trial),
        cmocka_unit_test(coverage_news),
    };

    return CASE_MAIN("coverage", tests);
}
