/* SPDX-License-Identifier: Apache-2.0
 *
 * S-155: whether two sets mean the same at a point or a gateway.
 */
#include "compile_case.h"

static void expect_same(const char *rules, const struct case_point *points, bool p1, bool p2)
{
    static const char base[] = "- id: r\n"
                               "  limits: {H: {severity: orange, delay: 5s}, L: {severity: blue}}\n"
                               "  deadband: 1\n"
                               "  invalid: {severity: yellow, after: 9s}\n"
                               "  stale: {severity: yellow, after: 60s}\n";
    static const struct case_point rows[] = {{"P1", .h = "90"}, {"P2", .h = "80"}, {0}};
    struct compiled *a = compiled(base, rows);
    struct compiled b;

    compile_with(&b, a->names, rules ? rules : base, points ? points : rows, "");
    assert_int_equal(b.code, 0);
    assert_int_equal(hz_ruleset_same(a->ruleset, b.ruleset, point(a, "P1")), p1);
    assert_int_equal(hz_ruleset_same(b.ruleset, a->ruleset, point(a, "P1")), p1);
    assert_int_equal(hz_ruleset_same(a->ruleset, b.ruleset, point(a, "P2")), p2);
    assert_int_equal(hz_ruleset_same(b.ruleset, a->ruleset, point(a, "P2")), p2);
    compiled_done(&b);
    compiled_free(a);
}

#define CHANGED(level, deadband, invalid, stale)                                                   \
    "- id: r\n"                                                                                    \
    "  limits: {H: {" level "}, L: {severity: blue}}\n"                                            \
    "  deadband: " deadband "\n"                                                                   \
    "  invalid: {" invalid "}\n"                                                                   \
    "  stale: {" stale "}\n"
#define LEVEL   "severity: orange, delay: 5s"
#define INVALID "severity: yellow, after: 9s"
#define STALE   "severity: yellow, after: 60s"

static void compile_same_point(void **state)
{
    static const char *const changes[] = {
        CHANGED("severity: red, delay: 5s", "1", INVALID, STALE),
        CHANGED("severity: orange, delay: 6s", "1", INVALID, STALE),
        CHANGED("severity: orange, delay: 5s, clear_delay: 1s", "1", INVALID, STALE),
        CHANGED(LEVEL, "2", INVALID, STALE),
        CHANGED(LEVEL, "1", "severity: red, after: 9s", STALE),
        CHANGED(LEVEL, "1", "severity: yellow, after: 8s", STALE),
        CHANGED(LEVEL, "1", INVALID, "severity: red, after: 60s"),
        CHANGED(LEVEL, "1", INVALID, "severity: yellow, after: 61s"),
        CHANGED(LEVEL, "1", INVALID, STALE) "  mode: trial\n",
        CHANGED(LEVEL, "1", INVALID, STALE) "  domain: env\n",
        CHANGED(LEVEL, "1", INVALID, STALE) "- id: s\n  mode: trial\n  stale: {severity: red}\n",
        "- id: r\n  limits: {H: {" LEVEL "}}\n",
    };
    static const struct case_point limit[] = {{"P1", .h = "90"}, {"P2", .h = "81"}, {0}};
    static const struct case_point level[] = {{"P1", .h = "90", .l = "1"}, {"P2", .h = "80"}, {0}};
    static const struct case_point life[] = {
        {"P1", .h = "90"}, {"P2", .h = "80", .alive_by = "gateway"}, {0}};
    static const struct case_point fewer[] = {{"P1", .h = "90"}, {0}};

    (void)state;
    expect_same(NULL, NULL, true, true);
    expect_same(CHANGED(LEVEL, "1", INVALID, STALE) "  name: other\n  route: [x]\n", NULL, true,
                true);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        expect_same(changes[i], NULL, false, false);
    expect_same(NULL, limit, true, false);
    expect_same(NULL, level, false, true);
    expect_same(NULL, life, true, false);
    expect_same(NULL, fewer, true, false);
}

static void compile_same_gateway(void **state)
{
    static const struct case_point points[] = {{"P1"}, {0}};
    static const char base[] = SILENT_RULE("g", "", "intervals: 3");
    static const struct {
        const char *rules;
        bool ga, ge;
    } changes[] = {
        {SILENT_RULE("g", "", "intervals: 3"), true, true},
        {SILENT_RULE("g", "park: K1", "intervals: 3"), true, false},
        {SILENT_RULE("g", "", "intervals: 3, at_most: 200s"), true, false},
        {SILENT_RULE("g", "", "intervals: 3") "  mode: trial\n", false, false},
        {SILENT_RULE("g", "", "intervals: 3") "  domain: system\n", false, false},
        {SILENT_RULE("h", "", "intervals: 3"), false, false},
    };
    struct compiled *a = compiled(base, points);

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct compiled b;

        compile_with(&b, a->names, changes[i].rules, points, "");
        assert_int_equal(rule__same_gateway(a->ruleset, b.ruleset, id(a, HZ_NAMED_GATEWAY, "GA")),
                         changes[i].ga);
        assert_int_equal(rule__same_gateway(b.ruleset, a->ruleset, id(a, HZ_NAMED_GATEWAY, "GE")),
                         changes[i].ge);
        compiled_done(&b);
    }
    compiled_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compile_same_point),
        cmocka_unit_test(compile_same_gateway),
    };

    return cmocka_run_group_tests_name("compile same", tests, NULL, NULL);
}
