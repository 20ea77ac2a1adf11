/* SPDX-License-Identifier: Apache-2.0
 *
 * S-09, S-10, S-153, S-154: what can not be compiled, what is most likely a mistake, and how it is said.
 */
#include "compile_case.h"

static void expect_said(const char *rules, const struct case_point *points, int code,
                        const char *wanted)
{
    struct compiled *c = compiled(rules, points);

    if (strcmp(c->said, wanted) != 0)
        print_error("%s", c->said);
    assert_string_equal(c->said, wanted);
    assert_int_equal(c->code, code);
    assert_true((c->ruleset == NULL) == (code != 0));
    compiled_free(c);
}

static void compile_missing_numbers(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red}\n"
                                "    H: {severity: orange, fallback: 80 %span}\n"
                                "  deadband: 1 %span\n";
    static const struct case_point good[] = {{"P1", .range_low = "0", .range_high = "10"}, {0}};
    static const struct case_point bad[] = {
        {"P1", .range_low = "0", .range_high = "10"}, {"P2"}, {"P3", .h = "5"}, {0}};
    static const struct case_point none[] = {
        {"P1"}, {"P2", .kind = "flow"}, {"P3", .hh = "9"}, {0}};
    struct compiled *c = compiled(rules, good);

    (void)state;
    expect_limits(c, "P1", (double)NAN, (double)NAN, 8, (double)NAN); /* HH is nowhere: no error */
    compiled_free(c);
    expect_said(
        rules, bad, HZ_ECONFIG,
        "rules.d/rules.yaml:6:5: error: r at point E1/Z1/P2 (points.csv:3): fallback of H: 80 "
        "%span, but the point has no range\n"
        "    hint: give the point a range in its row, or write a number\n"
        "rules.d/rules.yaml:6:5: error: r at point E1/Z1/P3 (points.csv:4): deadband of H: 1 "
        "%span, but the point has no range\n"
        "    hint: give the point a range in its row, or write a number\n"
        "rules.d: warning: kind level: no limit is in force at 2 of 3 points, the first is "
        "E1/Z1/P2\n"
        "    hint: the errors of the rules may be why\n");
    expect_said("- id: r\n  limits: {HH: {severity: red}}\n", none, 0,
                "rules.d: warning: kind level: no limit is in force at 1 of 2 points, the first is "
                "E1/Z1/P1\n"
                "    hint: give a rule for it a fallback, or its row a limit\n"
                "rules.d: warning: kind flow: no limit is in force at 1 of 1 points, the first is "
                "E1/Z1/P2\n"
                "    hint: give a rule for it a fallback, or its row a limit\n");
}

/* A row's limit counts only where a rule has its level: the hint says which of the two is missing. */
static void compile_limits_without_a_rule(void **state)
{
    static const struct case_point points[] = {
        {"P1", .l = "5", .h = "80"}, {"P2"}, {"P3", .hh = "9"}, {"P4", .kind = "flow"}, {0}};

    (void)state;
    expect_said(
        "- id: r\n  limits: {HH: {severity: red}}\n", points, 0,
        "rules.d: warning: kind level: no limit is in force at 2 of 3 points, the first is "
        "E1/Z1/P1\n"
        "    hint: its row has L, H, but no rule that selects it has such a level: write it "
        "into `limits` of one\n"
        "rules.d: warning: kind flow: no limit is in force at 1 of 1 points, the first is "
        "E1/Z1/P4\n"
        "    hint: give a rule for it a fallback, or its row a limit\n");
}

#define ORDER_HINT "    hint: the order is LL < L < H < HH, row and fallbacks together\n"
#define TWICE_HINT "    hint: narrow `select` of one of them, or make one mode: trial\n"

static void compile_contradictions(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits:\n"
                                "    HH: {severity: red, fallback: 90}\n"
                                "    H: {severity: orange}\n"
                                "    L: {severity: yellow}\n"
                                "    LL: {severity: orange, fallback: 10}\n";
    static const struct case_point points[] = {
        {"P1", .h = "90"}, {"P2", .l = "10"}, {"P3", .l = "95"}, {"P4", .h = "89", .l = "11"}, {0}};

    (void)state;
    expect_said(rules, points, HZ_ECONFIG,
                "rules.d/rules.yaml:5:5: error: r at point E1/Z1/P1 (points.csv:2): H (90) is not "
                "below HH (90)\n" ORDER_HINT
                "rules.d/rules.yaml:7:5: error: r at point E1/Z1/P2 (points.csv:3): LL (10) is not "
                "below L (10)\n" ORDER_HINT
                "rules.d/rules.yaml:5:5: error: r at point E1/Z1/P3 (points.csv:4): L (95) is not "
                "below HH (90)\n" ORDER_HINT "rules.d: warning: kind level: no limit is in force "
                "at 3 of 4 points, the first is E1/Z1/P1\n"
                "    hint: the errors of the rules may be why\n");
}

/* Of one mode; H of one rule and HH of another are two alarms for one thing, too. */
static void compile_two_rules_of_one_side(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits: {HH: {severity: red}, L: {severity: blue}}\n"
                                "  invalid: {severity: red}\n"
                                "- id: s\n"
                                "  limits: {H: {severity: orange}}\n"
                                "  invalid: {severity: red}\n"
                                "- id: t\n"
                                "  limits: {L: {severity: blue}}\n"
                                "- id: u\n"
                                "  mode: trial\n"
                                "  limits: {H: {severity: orange}, L: {severity: blue}}\n"
                                "  invalid: {severity: red}\n"
                                "- id: v\n"
                                "  stale: {severity: blue}\n"
                                "- id: w\n"
                                "  mode: trial\n"
                                "  stale: {severity: blue}\n"
                                "- id: x\n"
                                "  mode: trial\n"
                                "  stale: {severity: blue}\n";
    static const struct case_point points[] = {
        {"P1", .h = "90", .hh = "95"}, {"P2", .l = "5"}, {0}};

    (void)state;
    expect_said(
        rules, points, HZ_ECONFIG,
        "rules.d/rules.yaml:7:12: error: s at point E1/Z1/P1 (points.csv:2): the rule r watches "
        "its "
        "side high too\n" TWICE_HINT
        "rules.d/rules.yaml:6:3: error: s at point E1/Z1/P1 (points.csv:2): the rule r watches its "
        "side invalid too\n" TWICE_HINT "rules.d/rules.yaml:20:3: error: x at point E1/Z1/P1 "
        "(points.csv:2): the rule w watches its "
        "side stale too\n" TWICE_HINT
        "rules.d/rules.yaml:6:3: error: s at point E1/Z1/P2 (points.csv:3): the rule r watches its "
        "side invalid too\n" TWICE_HINT "rules.d/rules.yaml:10:12: error: t at point E1/Z1/P2 "
        "(points.csv:3): the rule r watches its "
        "side low too\n" TWICE_HINT "rules.d/rules.yaml:20:3: error: x at point E1/Z1/P2 "
        "(points.csv:3): the rule w watches its "
        "side stale too\n" TWICE_HINT);
}

/* One wrong rule does not hide what is wrong with another. */
static void compile_faults_are_bounded(void **state)
{
    enum { POINTS = 5000 };
    static const char rules[] = "- id: r\n"
                                "  limits: {H: {severity: red, fallback: 90 %span}}\n"
                                "- id: s\n"
                                "  limits: {L: {severity: red, fallback: 10 %span}}\n";
    struct case_point *points = calloc(POINTS + 1, sizeof(*points));
    static char codes[POINTS][8];

    (void)state;
    for (int i = 0; i < POINTS; i++) {
        snprintf(codes[i], sizeof(codes[i]), "N%04d", i);
        points[i].code = codes[i];
    }
    struct compiled *c = compiled(rules, points);
    assert_int_equal(c->code, HZ_ECONFIG);
    assert_int_equal(c->diagnostics.errors, 12);
    assert_non_null(strstr(c->said, "r: 4995 more points without a range\n"));
    assert_non_null(strstr(c->said, "s at point E1/Z1/N0004"));
    assert_null(strstr(c->said, "s at point E1/Z1/N0005"));
    compiled_free(c);
    free(points);
}

static void compile_rules_for_nothing(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits: {H: {severity: red}}\n"
                                "- id: s\n"
                                "  select: {enterprise: E7}\n"
                                "  stale: {severity: red}\n"
                                "- id: t\n"
                                "  select: {hazard: E1/Z1, kind: levle}\n"
                                "  stale: {severity: red}\n"
                                "- id: u\n"
                                "  each: gateway\n"
                                "  select: {park: K9}\n"
                                "  silent: {}\n"
                                "  severity: red\n";
    static const struct case_point points[] = {{"P1", .h = "90"}, {0}};

    (void)state;
    expect_said(rules, points, 0,
                "rules.d/rules.yaml:5:3: warning: s: no point is selected\n"
                "    hint: there is no enterprise E7\n"
                "rules.d/rules.yaml:8:3: warning: t: no point is selected\n"
                "rules.d/rules.yaml:11:3: warning: u: no gateway is selected\n"
                "    hint: there is no park K9\n");
}

static void compile_two_rules_of_a_gateway(void **state)
{
    static const char rules[] =
        SILENT_RULE("g", "", "intervals: 3") SILENT_RULE("h", "enterprise: E2", "intervals: 3");
    static const struct case_point points[] = {{"P1"}, {0}};

    (void)state;
    expect_said(
        rules, points, HZ_ECONFIG,
        "rules.d/rules.yaml:8:3: error: h at gateway GE: the rule g watches it too\n" TWICE_HINT
        "rules.d: warning: kind level: no limit is in force at 1 of 1 points, the first is "
        "E1/Z1/P1\n"
        "    hint: give a rule for it a fallback, or its row a limit\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compile_missing_numbers),
        cmocka_unit_test(compile_limits_without_a_rule),
        cmocka_unit_test(compile_contradictions),
        cmocka_unit_test(compile_two_rules_of_one_side),
        cmocka_unit_test(compile_faults_are_bounded),
        cmocka_unit_test(compile_rules_for_nothing),
        cmocka_unit_test(compile_two_rules_of_a_gateway),
    };

    return cmocka_run_group_tests_name("compile faults", tests, NULL, NULL);
}
