/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with rows: each fault with its place, its words and its hint, and all of a set at once.
 */
#include "registry_case.h"

#include <stdio.h>

/* Points of 330382001/TF01 with the columns of `header` behind hazard and code. */
#define H(header) "hazard,code," header "\n330382001/TF01,P1,"

struct fault {
    const char *path, *text, *said;
};

static const struct fault faults[] = {
    /* the header */
    {"points.csv", "hazard,code,unti\n330382001/TF01,P1,\n",
     "points.csv:1:13: error: points.csv has no column unti\n    hint: did you mean unit?\n"},
    {"points.csv", "hazard,code,colour\n",
     "points.csv:1:13: error: points.csv has no column colour\n"
     "    hint: the columns of points.csv are in docs/registry.md\n"},
    {"points.csv", "hazard;code\n330382001/TF01;P1\n",
     "points.csv:1:1: error: points.csv has no column hazard;code\n"
     "    hint: separate the columns by commas: save as CSV UTF-8\n"
     "points.csv:1: error: the column hazard is missing: code of the hazard source in hazards.csv, "
     "or enterprise/code\n"
     "points.csv:1: error: the column code is missing: code within the hazard source, for ever; "
     "the "
     "id is enterprise/hazard/code\n"},
    {"points.csv", "hazard,code,code\n",
     "points.csv:1:13: error: the column code is there twice\n"},
    /* the row's shape */
    {"points.csv", "hazard,code,unit\n330382001/TF01,P1\n",
     "points.csv:2: error: the row has 2 cells, the first row has 3 columns\n"
     "    hint: is there a comma missing?\n"},
    {"points.csv", "hazard,code\n330382001/TF01,P1,x\n",
     "points.csv:2:19: error: the row has more cells than the first row has columns (2)\n"
     "    hint: is there a comma too much before it?\n"},
    {"points.csv", "hazard,code,name\n330382001/TF01,P1,\"1#\n罐\"\n",
     "points.csv:2:19: error: name: a line break or control character in it\n"},
    {"points.csv", "hazard,code,name\n330382001/TF01,P1,a\tb\n",
     "points.csv:2:19: error: name: a line break or control character in it\n"},
    /* required cells and codes */
    {"points.csv", "hazard,code\n330382001/TF01,\n",
     "points.csv:2:16: error: code: must not be empty\n"},
    {"points.csv", "hazard,code\n330382001/TF01,a/b\n",
     "points.csv:2:16: error: code: a code can not have a /: a/b\n"},
    {"points.csv", "hazard,code\n330382001/TF01,a+\n",
     "points.csv:2:16: error: code: a code can not have a +: a+\n"},
    {"points.csv", "hazard,code\n330382001/TF01,#1\n",
     "points.csv:2:16: error: code: a code can not have a #: #1\n"},
    {"points.csv", "hazard,code\n330382001/TF01,a b\n",
     "points.csv:2:16: error: code: a code can not have spaces: a b\n"},
    {"points.csv", H("kind") "a b\n",
     "points.csv:2:19: error: kind: one word is expected, not a b\n"},
    /* numbers: the column is counted in characters, not in bytes */
    {"points.csv", H("name,H") "氨罐液位,9o\n",
     "points.csv:2:24: error: H: 9o is no number\n"
     "    hint: write the number alone (9): it is in the point's own unit\n"},
    {"points.csv", H("H") "９０\n",
     "points.csv:2:19: error: H: ９０ is no number\n    hint: write it with ASCII digits\n"},
    {"points.csv", H("H") "\"1,000\"\n",
     "points.csv:2:19: error: H: 1,000 is no number\n"
     "    hint: write digits only, with '.' for decimals\n"},
    {"points.csv", H("H") "90 %\n",
     "points.csv:2:19: error: H: 90 % is no number\n"
     "    hint: write the number alone (90): it is in the point's own unit\n"},
    {"points.csv", H("H") "-\n",
     "points.csv:2:19: error: H: - is no number\n"
     "    hint: leave the cell empty where there is none\n"},
    {"points.csv", H("H") "#N/A\n",
     "points.csv:2:19: error: H: #N/A is no number\n"
     "    hint: a formula of the table has failed here\n"},
    {"points.csv", H("H") "1e999\n",
     "points.csv:2:19: error: H: 1e999 is no number\n"
     "    hint: write the number alone (1e999): it is in the point's own unit\n"},
    {"points.csv", H("H") "nan\n", "points.csv:2:19: error: H: nan is no number\n"},
    {"points.csv", H("H") "0x10\n",
     "points.csv:2:19: error: H: 0x10 is no number\n"
     "    hint: write the number alone (0): it is in the point's own unit\n"},
    {"points.csv", H("deadband") "-1\n", "points.csv:2:19: error: deadband: -1 is below 0\n"},
    /* limits */
    {"points.csv", H("L,H") "80,80\n",
     "points.csv:2:22: error: H: 80 is not above L (80)\n    hint: the order is LL < L < H < HH\n"},
    {"points.csv", H("HH,LL") "1,2\n",
     "points.csv:2:19: error: HH: 1 is not above LL (2)\n    hint: the order is LL < L < H < HH\n"},
    {"points.csv", H("LL,L,H,HH") "4,3,2,1\n",
     "points.csv:2:21: error: L: 3 is not above LL (4)\n    hint: the order is LL < L < H < HH\n"
     "points.csv:2:23: error: H: 2 is not above L (3)\n    hint: the order is LL < L < H < HH\n"
     "points.csv:2:25: error: HH: 1 is not above H (2)\n    hint: the order is LL < L < H < HH\n"},
    {"points.csv", H("range_low,range_high") "5,5\n",
     "points.csv:2:21: error: range_high: 5 is not above range_low (5)\n"},
    {"points.csv", H("range_low,range_high") "5,\n",
     "points.csv:2:19: error: range_low: there is no range_high beside it\n"},
    {"points.csv", H("range_high") "5\n",
     "points.csv:2:19: error: range_high: there is no range_low beside it\n"},
    {"points.csv", H("range_low,range_high,H,LL") "0,10,10.5,-1\n",
     "points.csv:2:29: error: LL: -1 is outside the range 0 to 10\n"
     "    hint: a limit that no value can reach never raises an alarm\n"
     "points.csv:2:24: error: H: 10.5 is outside the range 0 to 10\n"
     "    hint: a limit that no value can reach never raises an alarm\n"},
    {"points.csv", H("range_low,range_high,deadband") "0,10,10\n",
     "points.csv:2:24: error: deadband: 10 is as wide as the range: an alarm would never clear\n"},
    /* durations */
    {"points.csv", H("interval") "10\n",
     "points.csv:2:19: error: interval: 10 is no duration\n"
     "    hint: write the unit: 10s, or ms, min, h, d\n"},
    {"points.csv", H("interval") "3 intervals\n",
     "points.csv:2:19: error: interval: 3 intervals is no duration\n"
     "    hint: write the unit: 3s, or ms, min, h, d\n"},
    {"points.csv", H("interval") "0s\n",
     "points.csv:2:19: error: interval: 0s is not between 1ms and 30d\n"},
    {"points.csv", H("interval") "31d\n",
     "points.csv:2:19: error: interval: 31d is not between 1ms and 30d\n"},
    {"points.csv", H("delay") "25h\n",
     "points.csv:2:19: error: delay: 25h is not between 0s and 1d\n"},
    {"points.csv", H("delay") "-1s\n",
     "points.csv:2:19: error: delay: -1s is not between 0s and 1d\n"},
    {"points.csv", H("delay") "soon\n",
     "points.csv:2:19: error: delay: soon is no duration\n"
     "    hint: a number and a unit: 500ms, 10s, 3min, 1h, 1d\n"},
    /* choices, dates, CAS */
    {"points.csv", H("alive_by") "gatway\n",
     "points.csv:2:19: error: alive_by: gatway is not known\n    hint: did you mean gateway?\n"},
    {"points.csv", H("in_service_from") "2025-02-29\n",
     "points.csv:2:19: error: in_service_from: 2025-02-29 is no date\n"
     "    hint: write year-month-day: 2026-01-31\n"},
    {"points.csv", H("in_service_from") "2026-04-31\n",
     "points.csv:2:19: error: in_service_from: 2026-04-31 is no date\n"
     "    hint: write year-month-day: 2026-01-31\n"},
    {"points.csv", H("in_service_from") "2026/1/31\n",
     "points.csv:2:19: error: in_service_from: 2026/1/31 is no date\n"
     "    hint: write year-month-day: 2026-01-31\n"},
    {"points.csv", H("cas") "7664-41-8\n",
     "points.csv:2:19: error: cas: 7664-41-8 is no CAS number, its check digit included\n"
     "    hint: Excel may have made a date of it: format the column as text\n"},
    /* what rows refer to */
    {"points.csv", "hazard,code\n330382001/TF02,P1\n",
     "points.csv:2:1: error: hazard: 330382001/TF02 is not in hazards.csv\n"},
    {"points.csv", "hazard,code\nTF01,P1\n",
     "points.csv:2:1: error: hazard: of which enterprise?\n"
     "    hint: write enterprise/code here, or fill the column enterprise\n"},
    {"points.csv", "enterprise,hazard,code\n330382003,TF01,P1\n",
     "points.csv:2:1: error: enterprise: 330382003 is not in enterprises.csv\n"},
    {"points.csv", "enterprise,hazard,code\n330382001,330382002/CL01,P1\n",
     "points.csv:2:11: error: hazard: it is not one of enterprise 330382001\n"},
    {"points.csv", H("gateway") "GW2\n",
     "points.csv:2:19: error: gateway: GW2 is not in gateways.csv\n"},
    {"points.csv", "hazard,code,alive_by\n330382002/CL01,P1,gateway\n",
     "points.csv:2:19: error: alive_by: the enterprise has no gateway, and the row names none\n"
     "    hint: fill the column gateway\n"},
    {"points.csv", "hazard,code\n330382001/TF01,P1\n330382001/TF01,P1\n",
     "points.csv:3:16: error: point 330382001/TF01/P1 is there twice\n"
     "    hint: the other is in points.csv, line 2\n"},
    {"points.d/330382009.csv", "hazard,code\nTF01,P1\nTF01,P2\n",
     "points.d/330382009.csv: error: there is no enterprise 330382009\n"
     "    hint: name the file by the code of an enterprise, or add that to enterprises.csv\n"},
    {"points.d/330382001.csv", "enterprise,hazard,code\n330382002,TF01,P1\n",
     "points.d/330382001.csv:2:1: error: enterprise: the file is that of 330382001\n"},
};

static void check(const struct set_file *sites, const struct fault *fault)
{
    struct set_case *one = set_case_new();

    for (; sites->path; sites++)
        if (strcmp(sites->path, fault->path) != 0)
            set_case_add(one, sites->path, sites->text);
    set_case_add(one, "hazardd.yaml", GOOD_CONFIG);
    set_case_add(one, fault->path, fault->text);
    set_case_run(one);
    if (strcmp(one->said, fault->said) != 0)
        print_error("%s\n--- is said:\n%s", fault->text, one->said);
    assert_string_equal(one->said, fault->said);
    assert_int_equal(one->code, HZ_ECONFIG);
    assert_null(one->set);
    for (int kind = 1; kind < HZ_NAMED_END; kind++) /* a refused set leaves no trace */
        assert_int_equal(hz_names_count(one->names, (enum hz_named_kind)kind), 0);
    set_case_free(one);
}

static const struct set_file sites[] = {GOOD_SITES, {NULL, NULL}};

static void faults_of_points_have_place_and_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        check(sites, &faults[i]);
}

static const struct fault site_faults[] = {
    {"parks.csv", "code,lon,lat\nP,120.9,98\n",
     "parks.csv:2:9: error: lat: 98 is not between -90 and 90\n"},
    {"parks.csv", "code,lon,lat\nP,-180.5,28\n",
     "parks.csv:2:3: error: lon: -180.5 is not between -180 and 180\n"},
    {"parks.csv", "code,lon,lat\nP,120,\n",
     "parks.csv:2:3: error: lon: there is no lat beside it\n"},
    {"parks.csv", "code,lon\nP,120\n", "parks.csv:2:3: error: lon: there is no lat beside it\n"},
    {"parks.csv", "code\nP\nQ\nP\n",
     "parks.csv:4:1: error: park P is there twice\n    hint: the other is in parks.csv, line 2\n"},
    {"enterprises.csv", "code,park\nE,X\n",
     "enterprises.csv:2:3: error: park: X is not in parks.csv\n"},
    {"enterprises.csv", "code,status\nE,runing\n",
     "enterprises.csv:2:3: error: status: runing is not known\n    hint: did you mean running?\n"},
    {"enterprises.csv", "code,status\nE,在产\n",
     "enterprises.csv:2:3: error: status: 在产 is not known\n"
     "    hint: building, trial, running, stopped or closed\n"},
    {"hazards.csv", "enterprise,code\nE9,H\n",
     "hazards.csv:2:1: error: enterprise: E9 is not in enterprises.csv\n"},
    {"hazards.csv", "enterprise,code,level\n330382001,H,5\n",
     "hazards.csv:2:13: error: level: 5 is not known\n"
     "    hint: 1 (worst) to 4, by GB 18218-2018\n"},
    {"hazards.csv", "enterprise,code,level\n330382001,H,一级\n",
     "hazards.csv:2:13: error: level: 一级 is not known\n"
     "    hint: 1 (worst) to 4, by GB 18218-2018\n"},
    {"hazards.csv", "enterprise,code\n330382001,H\n330382002,H\n330382001,H\n",
     "hazards.csv:4:11: error: hazard 330382001/H is there twice\n"
     "    hint: the other is in hazards.csv, line 2\n"},
    {"gateways.csv", "code,enterprise\nG,E9\n",
     "gateways.csv:2:3: error: enterprise: E9 is not in enterprises.csv\n"},
    {"gateways.csv", "code\nG\n",
     "gateways.csv:1: error: the column enterprise is missing: code of its enterprise in "
     "enterprises.csv\n"},
    {"gateways.csv", "code,enterprise,feed\nG,330382001,town\n",
     "gateways.csv:2:13: error: feed: hazardd.yaml has no feed town\n"},
    {"gateways.csv", "code,enterprise,interval\nG,330382001,60\n",
     "gateways.csv:2:13: error: interval: 60 is no duration\n"
     "    hint: write the unit: 60s, or ms, min, h, d\n"},
};

/* Without points, so that nothing refers to the rows that are lost. */
static void faults_of_sites_have_place_and_hint(void **state)
{
    static const struct set_file others[] = {{"enterprises.csv", "code\n330382001\n330382002\n"},
                                             {NULL, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(site_faults) / sizeof(site_faults[0]); i++)
        check(others, &site_faults[i]);
}

static void faults_of_all_files_are_told_at_once(void **state)
{
    static const struct set_file files[] = {
        {"hazardd.yaml", "colour: red\n"},
        {"parks.csv", "code,lon,lat\nP,999,0\n"},
        {"enterprises.csv", "code,park\nE,X\n"},
        {"hazards.csv", "enterprise,code,level\nE,H,9\n"},
        {"gateways.csv", "code,enterprise,interval,feed\nG,E,soon,nobody knows\n"},
        {"points.csv", "hazard,code,H\nE/H,P1,x\nE/H,P2,y\n"},
        {"points.d/E.csv", "hazard,code,L,gateway\nH,P3,z,G\nH2,P4,1,G\n"},
        {NULL, NULL}};
    struct set_case *one = set_case_of(files);

    (void)state;
    if (one->diagnostics.errors != 10)
        print_error("%s", one->said);
    assert_int_equal(one->diagnostics.errors, 10);
    assert_int_equal(one->code, HZ_ECONFIG);
    set_case_free(one);
}

/* A row with a wrong cell is there for those that refer to it. */
static void a_fault_has_no_followers(void **state)
{
    static const struct set_file files[] = {{"enterprises.csv", "code,status\nE,x\n"},
                                            {"hazards.csv", "enterprise,code,level\nE,H,9\n"},
                                            {"points.csv", "hazard,code\nE/H,P1\n"},
                                            {NULL, NULL}};
    struct set_case *one = set_case_of(files);

    (void)state;
    assert_int_equal(one->diagnostics.errors, 2);
    set_case_free(one);
}

/* Each of a name's bounds, and one beyond. */
static void names_and_ids_have_their_bounds(void **state)
{
    char name[HZ_NAME_BYTES_MAX + 2], code[HZ_KEY_BYTES_MAX + 2], text[1024];

    (void)state;
    for (int beyond = 0; beyond <= 1; beyond++) {
        size_t code_bytes = HZ_KEY_BYTES_MAX - strlen("330382001/TF01/") + (size_t)beyond;
        struct set_case *one = set_case_new();

        memset(name, 'n', sizeof(name));
        memset(code, 'c', sizeof(code));
        name[HZ_NAME_BYTES_MAX + beyond] = '\0';
        code[code_bytes] = '\0';
        for (const struct set_file *file = sites; file->path; file++)
            set_case_add(one, file->path, file->text);
        set_case_add(one, "hazardd.yaml", GOOD_CONFIG);
        snprintf(text, sizeof(text), "hazard,code,name\n330382001/TF01,P1,%s\n330382001/TF01,%s,\n",
                 name, code);
        set_case_add(one, "points.csv", text);
        set_case_run(one);
        assert_int_equal(one->code, beyond ? HZ_ECONFIG : 0);
        assert_int_equal(one->diagnostics.errors, 2 * beyond);
        if (beyond) {
            assert_string_equal(one->diagnostics.kept[0].message, "name: longer than 256 bytes");
            assert_non_null(strstr(one->diagnostics.kept[1].message, "is longer than 128 bytes"));
        }
        set_case_free(one);
    }
}

static void nothing_to_watch_is_a_warning(void **state)
{
    static const struct set_file files[] = {{"enterprises.csv", "code\nE\n"}, {NULL, NULL}};
    struct set_case *one = good_set(files);

    (void)state;
    assert_string_equal(one->said, "points.csv: warning: there are no points: nothing is watched\n"
                                   "    hint: the columns are in docs/registry.md\n");
    set_case_free(one);
}

static void a_gateway_of_another_enterprise_is_a_warning(void **state)
{
    static const struct set_file files[] = {
        GOOD_SITES, {"points.csv", "hazard,code,gateway\n330382002/CL01,P1,GW1\n"}, {NULL, NULL}};
    struct set_case *one = good_set(files);

    (void)state;
    assert_string_equal(one->said,
                        "points.csv:2:19: warning: gateway: GW1 is one of enterprise 330382001\n");
    set_case_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_of_points_have_place_and_hint),
        cmocka_unit_test(faults_of_sites_have_place_and_hint),
        cmocka_unit_test(faults_of_all_files_are_told_at_once),
        cmocka_unit_test(a_fault_has_no_followers),
        cmocka_unit_test(names_and_ids_have_their_bounds),
        cmocka_unit_test(nothing_to_watch_is_a_warning),
        cmocka_unit_test(a_gateway_of_another_enterprise_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
