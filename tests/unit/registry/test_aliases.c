/* SPDX-License-Identifier: Apache-2.0
 *
 * Other names of points: within a gateway, or without one within the enterprise, each means one point.
 * And where a point without a gateway of its own lives.
 */
#include "registry_case.h"

#include <stdio.h>

#define SITES                                                                                      \
    {"enterprises.csv", "code\nE1\nE2\nE3\n"},                                                     \
        {"hazards.csv", "enterprise,code\nE1,H\nE2,H\nE3,H\n"},                                    \
    {                                                                                              \
        "gateways.csv", "code,enterprise\nG1,E1\nG2,E1\nG3,E2\n"                                   \
    }
#define HEADER "hazard,code,gateway,tag,ext_code,old_ids\n"
#define CLASH(line, column, name, word, other, scope)                                              \
    "points.csv:" line ":" column ": error: " name ": " word                                       \
    " is another point's name within the same " scope "\n    hint: the other is in points.csv, "   \
    "line " other "; a word that many points share belongs into tags\n"

static const struct {
    const char *title, *points, *said; /* said NULL: good */
} cases[] = {
    {"the same tag at two gateways", "E1/H,P1,G1,T,,\nE1/H,P2,G2,T,,\n", NULL},
    {"the same tag at one gateway", "E1/H,P1,G1,T,,\nE1/H,P2,G1,T,,\n",
     CLASH("3", "12", "tag", "T", "2", "gateway")},
    {"a tag and a code", "E1/H,P1,G1,T,,\nE1/H,P2,G1,,T,\n",
     CLASH("3", "13", "ext_code", "T", "2", "gateway")},
    {"a code and an old id", "E1/H,P1,G1,,T,\nE1/H,P2,G1,,,a;T b\n",
     CLASH("3", "14", "old_ids", "T", "2", "gateway")},
    {"one point may say the same twice", "E1/H,P1,G1,T,T,T T\n", NULL},
    {"no gateway: the enterprise", "E1/H,P1,,T,,\nE1/H,P2,,T,,\n",
     CLASH("3", "10", "tag", "T", "2", "enterprise")},
    {"no gateway: another enterprise", "E1/H,P1,,T,,\nE3/H,P2,,T,,\n", NULL},
    {"with and without a gateway", "E1/H,P1,,T,,\nE1/H,P2,G1,T,,\n", NULL},
    {"an empty cell is the only gateway", "E2/H,P1,,T,,\nE2/H,P2,G3,T,,\n",
     CLASH("3", "12", "tag", "T", "2", "gateway")},
    {"case counts", "E1/H,P1,G1,T,,\nE1/H,P2,G1,t,,\n", NULL},
    {"an old id that is in use", "E1/H,P1,G1,,,E1/H/P2\nE1/H,P2,G1,,,\n",
     "points.csv:2: error: E1/H/P2 is the id of a point, not one of the past\n"
     "    hint: that point is in points.csv, line 3; an id is never used again\n"},
    {"an old id of its own", "E1/H,P1,G1,,,E1/H/P1\n",
     "points.csv:2: error: E1/H/P1 is the id of a point, not one of the past\n"
     "    hint: that point is in points.csv, line 2; an id is never used again\n"},
    {"an old id of nobody", "E1/H,P1,G1,,,E1/H/P0 E9/H/P1\n", NULL},
};

static void other_names_mean_one_point(void **state)
{
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct set_file files[] = {SITES, {"points.csv", text}, {NULL, NULL}};
        const char *wanted = cases[i].said ? cases[i].said : "";

        snprintf(text, sizeof(text), "%s%s", HEADER, cases[i].points);
        struct set_case *one = set_case_of(files);
        if (strcmp(one->said, wanted) != 0)
            print_error("%s:\n%s", cases[i].title, one->said);
        assert_string_equal(one->said, wanted);
        assert_int_equal(one->code, cases[i].said ? HZ_ECONFIG : 0);
        set_case_free(one);
    }
}

/* Many names, so that the table grows; the last clashes with the first. */
static void a_clash_is_found_among_many(void **state)
{
    enum { MANY = 5000 };
    static char text[MANY * 40];
    struct hz_text to = hz_text_in(text, sizeof(text));

    (void)state;
    hz_text_puts(&to, "hazard,code,gateway,tag\n");
    for (int i = 0; i < MANY; i++)
        hz_text_format(&to, "E1/H,P%d,G%d,T%d\n", i, 1 + i % 2, i / 2);
    hz_text_puts(&to, "E1/H,Q,G2,T0\nE1/H,R,G1,T2499\n");
    assert_false(to.overflow);
    struct set_file files[] = {SITES, {"points.csv", text}, {NULL, NULL}};
    struct set_case *one = set_case_of(files);
    assert_string_equal(one->said, CLASH("5002", "11", "tag", "T0", "3", "gateway")
                                       CLASH("5003", "11", "tag", "T2499", "5000", "gateway"));
    set_case_free(one);
}

static void an_empty_gateway_is_the_only_one(void **state)
{
    static const struct set_file files[] = {
        SITES,
        {"points.csv", "hazard,code,gateway\nE1/H,P1,\nE1/H,P2,G2\nE2/H,P3,\nE3/H,P4,\n"},
        {NULL, NULL}};
    struct set_case *one = good_set(files);
    const struct hz_registry *registry = one->set->registry;

    (void)state;
    assert_int_equal(hz_registry_point(registry, id_of(one, HZ_NAMED_POINT, "E1/H/P1"))->gateway,
                     0);
    assert_int_equal(hz_registry_point(registry, id_of(one, HZ_NAMED_POINT, "E1/H/P2"))->gateway,
                     id_of(one, HZ_NAMED_GATEWAY, "G2"));
    assert_int_equal(hz_registry_point(registry, id_of(one, HZ_NAMED_POINT, "E2/H/P3"))->gateway,
                     id_of(one, HZ_NAMED_GATEWAY, "G3"));
    assert_int_equal(hz_registry_point(registry, id_of(one, HZ_NAMED_POINT, "E3/H/P4"))->gateway,
                     0);
    set_case_free(one);
}

static void who_lives_by_a_gateway_has_one(void **state)
{
    static const struct set_file files[] = {
        SITES,
        {"points.csv",
         "hazard,code,gateway,alive_by\n"
         "E1/H,P1,,gateway\nE1/H,P2,G1,gateway\nE2/H,P3,,gateway\nE3/H,P4,,gateway\n"},
        {NULL, NULL}};
    struct set_case *one = set_case_of(files);

    (void)state;
    assert_string_equal(
        one->said, "points.csv:2:10: error: alive_by: the enterprise has several gateways, and "
                   "the row names none\n    hint: fill the column gateway\n"
                   "points.csv:5:10: error: alive_by: the enterprise has no gateway, and the "
                   "row names none\n    hint: fill the column gateway\n");
    set_case_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_names_mean_one_point),
        cmocka_unit_test(a_clash_is_found_among_many),
        cmocka_unit_test(an_empty_gateway_is_the_only_one),
        cmocka_unit_test(who_lives_by_a_gateway_has_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
