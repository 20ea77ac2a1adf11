/* SPDX-License-Identifier: Apache-2.0
 *
 * S-07, S-08, S-18, S-20, S-51, S-151, S-152, S-156: from rules and rows to absolute numbers.
 */
#include "compile_case.h"

/* --- numbers --- */

static void compile_row_first_then_fallback(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, fallback: 95}\n"
                                "    H: {severity: orange, fallback: 90}\n"
                                "    L: {severity: yellow}\n";
    static const struct case_point points[] = {
        {"P1", .hh = "80", .h = "0", .l = "-5", .ll = "-9"}, {"P2", .h = "93"}, {"P3"}, {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    expect_limits(c, "P1", (double)NAN, -5, 0,
                  80); /* a row's 0 is a number; LL is not in the rule */
    expect_limits(c, "P2", (double)NAN, (double)NAN, 93, 95);
    expect_limits(c, "P3", (double)NAN, (double)NAN, 90, 95);
    struct hz_limit_view p1 = view(c, "P1", "r");
    assert_int_equal(p1.severity[HZ_LEVEL_HH], HZ_SEVERITY_RED);
    assert_int_equal(p1.severity[HZ_LEVEL_L], HZ_SEVERITY_YELLOW);
    assert_int_equal(p1.severity[HZ_LEVEL_LL], HZ_SEVERITY_NONE);
    assert_false(p1.invalid || p1.stale);
    assert_false(watched(c, "P1", "nobody"));
    compiled_free(c);
}

static void compile_percentages(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, fallback: 90 %span, deadband: 5 %limit}\n"
                                "    H: {severity: orange, fallback: 80 %span}\n"
                                "    L: {severity: yellow, deadband: 0.5}\n"
                                "  deadband: 2 %span\n";
    static const struct case_point points[] = {
        {"P1", .range_low = "-50", .range_high = "150", .l = "-20"},
        {"P2", .range_low = "0", .range_high = "10", .hh = "9.5", .deadband = "3"},
        {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    expect_limits(c, "P1", (double)NAN, -20, 110, 130); /* of the span, from its low end */
    expect_limits(c, "P2", (double)NAN, (double)NAN, 8, 9.5);
    struct hz_limit_view p1 = view(c, "P1", "r"), p2 = view(c, "P2", "r");
    assert_true(p1.deadband[HZ_LEVEL_HH] == 6.5); /* of 130 */
    assert_true(p1.deadband[HZ_LEVEL_H] == 4);    /* of 200 */
    assert_true(p1.deadband[HZ_LEVEL_L] == 0.5);
    assert_true(fabs(p2.deadband[HZ_LEVEL_HH] - 0.475) < 1e-12);
    assert_true(fabs(p2.deadband[HZ_LEVEL_H] - 0.2) < 1e-12); /* the rule's, not the row's */
    compiled_free(c);
}

/* Of a limit below zero, the deadband is a distance all the same. */
static void compile_percentage_of_a_negative_limit(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits: {L: {severity: yellow}}\n"
                                "  deadband: 10 %limit\n";
    static const struct case_point points[] = {{"P1", .l = "-40"}, {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    assert_true(view(c, "P1", "r").deadband[HZ_LEVEL_L] == 4);
    compiled_free(c);
}

/* The level's, else the rule's, else the row's, else none. */
static void compile_deadband_of_the_row(void **state)
{
    static const char rules[] =
        "- id: r\n"
        "  limits: {HH: {severity: red, deadband: 1}, H: {severity: orange}}\n"
        "- id: s\n"
        "  mode: trial\n"
        "  limits: {HH: {severity: red, deadband: 1}, H: {severity: orange}}\n"
        "  deadband: 3\n";
    static const struct case_point points[] = {
        {"P1", .h = "90", .hh = "95", .deadband = "2"}, {"P2", .h = "90", .hh = "95"}, {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    assert_true(view(c, "P1", "r").deadband[HZ_LEVEL_HH] == 1);
    assert_true(view(c, "P1", "r").deadband[HZ_LEVEL_H] == 2);
    assert_true(view(c, "P1", "s").deadband[HZ_LEVEL_HH] == 1);
    assert_true(view(c, "P1", "s").deadband[HZ_LEVEL_H] == 3);
    assert_true(view(c, "P2", "r").deadband[HZ_LEVEL_H] == 0);
    compiled_free(c);
}

static void compile_delay_of_the_row(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, delay: 0s}\n"
                                "    H: {severity: orange, clear_delay: 40s}\n"
                                "    L: {severity: yellow, delay: 7s}\n";
    static const struct case_point points[] = {
        {"P1", .l = "1", .h = "90", .hh = "95", .delay = "12s"},
        {"P2", .l = "1", .h = "90", .hh = "95"},
        {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    struct hz_limit_view p1 = view(c, "P1", "r"), p2 = view(c, "P2", "r");
    assert_true(p1.on_delay_ns[HZ_LEVEL_HH] == 0); /* the rule says none */
    assert_true(p1.on_delay_ns[HZ_LEVEL_H] == 12 * S);
    assert_true(p1.on_delay_ns[HZ_LEVEL_L] == 7 * S);
    assert_true(p1.off_delay_ns[HZ_LEVEL_H] == 40 * S);
    assert_true(p1.off_delay_ns[HZ_LEVEL_HH] == 0);
    assert_true(p2.on_delay_ns[HZ_LEVEL_H] == 0);
    compiled_free(c);
}

static void compile_stale_after(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  select: {kind: gas}\n"
                                "  stale: {severity: yellow, after: 5 intervals}\n"
                                "- id: s\n"
                                "  select: {kind: gas}\n"
                                "  mode: trial\n"
                                "  stale: {severity: yellow, after: 45s}\n"
                                "- id: q\n"
                                "  select: {kind: flow}\n"
                                "  mode: trial\n"
                                "  stale: {severity: yellow, after: 45s}\n"
                                "- id: r2\n"
                                "  select: {kind: flow}\n"
                                "  stale: {severity: yellow, after: 70s}\n"
                                "- id: t\n"
                                "  select: {kind: level}\n"
                                "  stale: {severity: yellow}\n"
                                "- id: u\n"
                                "  mode: trial\n"
                                "  select: {kind: level}\n"
                                "  stale: {severity: yellow, after: 90s}\n";
    static const struct case_point points[] = {
        {"G1", .kind = "gas", .interval = "2s", .stale_after = "33s"},
        {"G2", .kind = "gas", .interval = "2s"},
        {"G3", .kind = "gas"},
        {"L1", .interval = "4s"},
        {"F1", .kind = "flow"},
        {"T1", .kind = "temperature", .interval = "4s"},
        {0}};
    static const struct case_point by_feed[] = {{"P1"}, {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    assert_true(view(c, "G1", "r").stale_after_ns == 33 * S); /* the row's */
    assert_true(view(c, "G2", "r").stale_after_ns == 10 * S); /* the live rule's */
    assert_true(view(c, "G2", "s").stale_after_ns == 10 * S); /* a point has one staleness */
    assert_true(view(c, "G3", "r").stale_after_ns == 45 * S); /* no interval: the trial rule's */
    assert_true(view(c, "F1", "q").stale_after_ns == 70 * S); /* whichever comes first */
    assert_true(view(c, "L1", "t").stale_after_ns == 90 * S);
    assert_true(view(c, "L1", "t").stale);
    compiled_free(c);

    c = compiled("- id: t\n  stale: {severity: yellow}\n", points);
    assert_true(view(c, "L1", "t").stale_after_ns == 12 * S);   /* three intervals */
    assert_true(view(c, "G3", "t").stale_after_ns == 1800 * S); /* the feed's default */
    compiled_done(c);
    compile_with(c, c->names, "- id: t\n  stale: {severity: yellow}\n", by_feed,
                 "  stale_after: 7min\n");
    assert_true(view(c, "P1", "t").stale_after_ns == 420 * S);
    compiled_free(c);
}

/* --- selection --- */

static void compile_selection(void **state)
{
    static const char rules[] =
        "- id: all\n  mode: trial\n  limits: {H: {severity: red, fallback: 1}}\n"
        "- id: kind\n  select: {kind: gas}\n  limits: {H: {severity: red, fallback: 1}}\n"
        "- id: tag\n  select: {tag: toxic}\n  limits: {L: {severity: red, fallback: 0}}\n"
        "- id: park\n  select: {park: K2}\n  invalid: {severity: red}\n"
        "- id: enterprise\n  select: {enterprise: E1}\n  invalid: {severity: red}\n"
        "- id: hazard\n  select: {hazard: E1/Z2, kind: gas}\n  stale: {severity: red}\n"
        "- id: level\n  mode: trial\n  select: {hazard_level: [2, 3]}\n  stale: {severity: red}\n"
        "- id: district\n  select: {district: 330382}\n  mode: trial\n  invalid: {severity: red}\n"
        "- id: own\n  select: {district: 330300, kind: level}\n  stale: {severity: red}\n"
        "- id: glob\n  select: {point: 'E1/*/G?'}\n  mode: trial\n  limits: {L: {severity: red, "
        "fallback: 0}}\n";
    static const struct case_point points[] = {
        {"E1/Z1/G1", .kind = "gas", .gateway = "GA", .tags = "toxic"},
        {"E1/Z1/G22", .kind = "gas", .gateway = "GA", .tags = "toxicity other"},
        {"E1/Z2/G3", .kind = "gas", .gateway = "GA", .tags = "indoor;toxic"},
        {"E2/Z1/L1", .kind = "level"},
        {0}};
    static const struct {
        const char *rule;
        bool selects[4];
    } wanted[] = {
        {"all", {1, 1, 1, 1}},   {"kind", {1, 1, 1, 0}},       {"tag", {1, 0, 1, 0}},
        {"park", {0, 0, 0, 1}},  {"enterprise", {1, 1, 1, 0}}, {"hazard", {0, 0, 1, 0}},
        {"level", {0, 0, 1, 1}}, {"district", {1, 1, 1, 0}},   {"own", {0, 0, 0, 1}},
        {"glob", {1, 0, 1, 0}},
    };
    struct compiled *c = compiled(rules, points);

    (void)state;
    assert_string_equal(c->said, "");
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        for (int k = 0; k < 4; k++)
            if (watched(c, points[k].code, wanted[i].rule) != wanted[i].selects[k])
                fail_msg("%s at %s", wanted[i].rule, points[k].code);
    compiled_free(c);
}

static void compile_glob(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "E1/Z1/P1", true},
        {"E1/*", "E1/Z1", true},
        {"E1/*", "E1", false},
        {"*P1", "E1/P11P1", true},
        {"*P1", "P1P", false},
        {"a*b*c", "aXXbYbZc", true},
        {"a*b*c", "acb", false},
        {"??", "位号", true},
        {"?", "位号", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"?*", "", false},
        {"**a**", "bab", true},
        {"*ab", "aab", true},
        {"*\xe5", "位", false},
        {"?", "\xff", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (rule__glob(cases[i].pattern, hz_slice(cases[i].text)) != cases[i].matches)
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
}

/* Rules of a point in ascending id, whatever buckets they come from. */
static void compile_order_of_watches(void **state)
{
    static const char rules[] =
        "- id: a\n  select: {hazard: E1/Z1}\n  stale: {severity: red}\n"
        "- id: b\n  mode: trial\n  stale: {severity: red}\n"
        "- id: c\n  select: {enterprise: E1}\n  invalid: {severity: red}\n"
        "- id: d\n  mode: trial\n  select: {park: K1}\n  invalid: {severity: red}\n"
        "- id: e\n  select: {kind: level}\n  limits: {H: {severity: red, fallback: 1}}\n";
    static const struct case_point points[] = {{"P1"}, {"P2"}, {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    assert_int_equal(c->code, 0);
    assert_int_equal(c->ruleset->watch_count, 10);
    for (int i = 0; i < 2; i++) {
        const struct rule__point *of = &c->ruleset->points[point(c, points[i].code)];
        assert_int_equal(of[1].first_watch - of[0].first_watch, 5);
        for (uint32_t at = of[0].first_watch; at < of[1].first_watch; at++) {
            const struct rule__watch *one = &c->ruleset->watches[at];
            assert_true(at == of[0].first_watch || one->rule > one[-1].rule);
            assert_ptr_equal(rule__watch_of(c->ruleset, point(c, points[i].code), one->rule), one);
        }
    }
    assert_int_equal(c->ruleset->profile_count, 5); /* shared by both points */
    compiled_free(c);
}

/* --- gateways --- */

static int64_t silent_ns(const struct compiled *c, const char *gateway, const char *rule)
{
    const struct hz_ruleset *set = c->ruleset;
    uint32_t of = id(c, HZ_NAMED_GATEWAY, gateway);

    assert_true(of > 0 && of < set->gateway_end);
    for (uint32_t i = set->gateway_first[of]; i < set->gateway_first[of + 1]; i++) {
        assert_int_equal(set->gateway_watches[i].gateway, of);
        if (set->gateway_watches[i].rule == id(c, HZ_NAMED_RULE, rule))
            return set->gateway_watches[i].silent_after_ns;
    }
    return -1;
}

static void compile_gateways(void **state)
{
    static const char rules[] =
        SILENT_RULE("g", "park: K1", "intervals: 3, at_least: 30s, at_most: 5min") SILENT_RULE(
            "h", "district: 330300",
            "intervals: 5, at_least: 30s, at_most: 5min") "  mode: live\n" SILENT_RULE("i", "",
                                                                                       "intervals: "
                                                                                       "1, "
                                                                                       "at_least: "
                                                                                       "45s, "
                                                                                       "at_most: "
                                                                                       "10min") "  "
                                                                                                "mo"
                                                                                                "de"
                                                                                                ": "
                                                                                                "tr"
                                                                                                "ia"
                                                                                                "l"
                                                                                                "\n"
                                                                                                "  "
                                                                                                "do"
                                                                                                "ma"
                                                                                                "in"
                                                                                                ": "
                                                                                                "en"
                                                                                                "v"
                                                                                                "\n";
    static const struct case_point points[] = {{"P1"},       {"P2", .gateway = "GB"},       {"P3"},
                                               {"E2/Z1/P4"}, {"E1/Z2/P5", .gateway = "GA"}, {0}};
    struct compiled *c = compiled(rules, points);

    (void)state;
    assert_int_equal(c->code, 0);
    assert_true(silent_ns(c, "GA", "g") == 60 * S);  /* three times 20 s */
    assert_true(silent_ns(c, "GB", "g") == 300 * S); /* no interval: the upper bound */
    assert_true(silent_ns(c, "GE", "g") == -1);
    assert_true(silent_ns(c, "GE", "h") == 300 * S); /* five times 100 s is too long */
    assert_true(silent_ns(c, "GA", "i") == 45 * S);  /* 20 s is too short */
    assert_true(silent_ns(c, "GE", "i") == 100 * S);
    assert_int_equal(c->ruleset->gateway_watch_count, 6);

    const uint32_t *of = c->ruleset->gateway_points_of, *list = c->ruleset->gateway_points;
    uint32_t ga = id(c, HZ_NAMED_GATEWAY, "GA"), ge = id(c, HZ_NAMED_GATEWAY, "GE");
    assert_int_equal(of[ga + 1] - of[ga], 3);
    assert_int_equal(list[of[ga]], point(c, "P1"));
    assert_int_equal(list[of[ga] + 1], point(c, "P3"));
    assert_int_equal(list[of[ga] + 2], point(c, "E1/Z2/P5"));
    assert_int_equal(of[ge + 1] - of[ge], 1);
    assert_int_equal(list[of[ge]], point(c, "E2/Z1/P4"));
    compiled_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compile_row_first_then_fallback),
        cmocka_unit_test(compile_percentages),
        cmocka_unit_test(compile_percentage_of_a_negative_limit),
        cmocka_unit_test(compile_deadband_of_the_row),
        cmocka_unit_test(compile_delay_of_the_row),
        cmocka_unit_test(compile_stale_after),
        cmocka_unit_test(compile_selection),
        cmocka_unit_test(compile_glob),
        cmocka_unit_test(compile_order_of_watches),
        cmocka_unit_test(compile_gateways),
    };

    return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
