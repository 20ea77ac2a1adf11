/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets: ids stay the same over every change of the files, a refused set takes none, rules are found by
 * id, topics are checked, and the last reference frees.
 */
#include "registry_case.h"

#include <stdio.h>

#define RULES                                                                                      \
    "schema: 1\nrules:\n"                                                                          \
    "- {id: z-rule, stale: {severity: yellow, after: 60s}}\n"                                      \
    "- {id: a-rule, stale: {severity: yellow, after: 60s}}\n"
#define SITES                                                                                      \
    {"parks.csv", "code\nK1\nK2\n"}, {"enterprises.csv", "code,park\nE1,K1\nE2,K2\n"},             \
        {"gateways.csv", "code,enterprise,feed\nG1,E1,\nG2,E2,city\n"},                            \
    {                                                                                              \
        "hazards.csv", "enterprise,code\nE1,H1\nE1,H2\nE2,H1\n"                                    \
    }

static struct hz_set *build(struct hz_names *names, const struct set_file *files, int wanted)
{
    struct hz_diagnostics diagnostics;
    struct hz_files all;
    struct hz_set *set = NULL;

    hz_files_init(&all);
    hz_diagnostics_init(&diagnostics);
    for (; files->path; files++)
        assert_int_equal(hz_files_add(&all, files->path, files->text, strlen(files->text)), 0);
    assert_int_equal(hz_files_add(&all, "hazardd.yaml", GOOD_CONFIG, strlen(GOOD_CONFIG)), 0);
    assert_int_equal(hz_set_build(&all, names, &diagnostics, &set), wanted);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&all);
    return set;
}

static uint32_t point_id(const struct hz_names *names, const char *key)
{
    return hz_names_find(names, HZ_NAMED_POINT, key, strlen(key));
}

static const struct set_file first[] = {
    SITES,
    {"rules.d/r.yaml", RULES},
    {"points.csv", "hazard,code,name\nE1/H1,P1,one\nE1/H2,P2,two\nE2/H1,P3,three\n"},
    {NULL, NULL}};
/* P2 has gone, P0 is new and stands first, all others have changed places. */
static const struct set_file second[] = {
    {"parks.csv", "code\nK2\nK1\n"},
    {"enterprises.csv", "code,park\nE2,K2\nE1,K1\n"},
    {"gateways.csv", "code,enterprise,feed\nG2,E2,city\nG1,E1,\n"},
    {"hazards.csv", "enterprise,code\nE2,H1\nE1,H2\nE1,H1\n"},
    {"rules.d/r.yaml", "schema: 1\nrules:\n- {id: b-rule, stale: {severity: red, after: 60s}}\n"
                       "- {id: z-rule, stale: {severity: yellow, after: 60s}}\n"},
    {"points.csv", "hazard,code,name,vote_group,LL\nE1/H1,P0,zero,V0,0\nE2/H1,P3,three,V3,3\nE1/"
                   "H1,P1,one,V1,1\n"},
    {NULL, NULL}};

static void ids_stay_the_same(void **state)
{
    struct hz_names *names = NULL;
    struct hz_set *one, *again, *other;

    (void)state;
    assert_int_equal(hz_names_new(&names), 0);
    one = build(names, first, 0);
    uint32_t p1 = point_id(names, "E1/H1/P1"), p2 = point_id(names, "E1/H2/P2"),
             p3 = point_id(names, "E2/H1/P3");
    assert_true(p1 == 1 && p2 == 2 && p3 == 3);
    again = build(names, first, 0);
    assert_int_equal(hz_names_count(names, HZ_NAMED_POINT), 3);
    assert_memory_equal(&one->digest, &again->digest, sizeof(one->digest));
    assert_string_equal(
        hz_registry_string(again->registry, hz_registry_point(again->registry, p2)->name), "two");

    other = build(names, second, 0);
    assert_int_equal(point_id(names, "E1/H1/P0"), 4);
    assert_int_equal(hz_names_count(names, HZ_NAMED_POINT), 4);
    assert_memory_not_equal(&one->digest, &other->digest, sizeof(one->digest));
    assert_null(hz_registry_point(other->registry, p2));
    assert_null(hz_registry_limits(other->registry, p2));
    assert_null(hz_registry_point_place(other->registry, p2).file);
    assert_int_equal(hz_registry_point_total(other->registry), 3);
    assert_int_equal(hz_registry_point_end(other->registry), 5);
    hz_set_unref(one);
    hz_set_unref(again);
    hz_set_unref(other);
    hz_names_free(names);
}

/* Rows, limits, extras and references all go with the ids, not with the places in the file. */
static void rows_follow_their_ids(void **state)
{
    static const struct {
        const char *key, *hazard, *enterprise, *park, *gateway, *name, *group;
        double limit;
        uint32_t line;
    } wanted[] = {{"E1/H1/P0", "E1/H1", "E1", "K1", "G1", "zero", "V0", 0, 2},
                  {"E2/H1/P3", "E2/H1", "E2", "K2", "G2", "three", "V3", 3, 3},
                  {"E1/H1/P1", "E1/H1", "E1", "K1", "G1", "one", "V1", 1, 4}};
    struct hz_names *names = NULL;
    uint32_t feed;

    (void)state;
    assert_int_equal(hz_names_new(&names), 0);
    assert_int_equal(hz_names_define(names, HZ_NAMED_FEED, "before", 6, &feed), 0);
    hz_set_unref(build(names, first, 0));
    struct hz_set *set = build(names, second, 0);
    for (size_t i = 0; i < 3; i++) {
        uint32_t id = point_id(names, wanted[i].key);
        const struct hz_point *point = hz_registry_point(set->registry, id);
        const struct hz_hazard *hazard = hz_registry_hazard(set->registry, point->hazard);

        assert_string_equal(hz_registry_string(set->registry, point->name), wanted[i].name);
        assert_string_equal(hz_names_key(names, HZ_NAMED_HAZARD, point->hazard).at,
                            wanted[i].hazard);
        assert_string_equal(hz_names_key(names, HZ_NAMED_ENTERPRISE, hazard->enterprise).at,
                            wanted[i].enterprise);
        assert_string_equal(
            hz_names_key(names, HZ_NAMED_PARK,
                         hz_registry_enterprise(set->registry, hazard->enterprise)->park)
                .at,
            wanted[i].park);
        assert_string_equal(hz_names_key(names, HZ_NAMED_GATEWAY, point->gateway).at,
                            wanted[i].gateway);
        assert_true(hz_registry_limits(set->registry, id)->limit[HZ_LEVEL_LL] == wanted[i].limit);
        assert_string_equal(
            hz_registry_string(set->registry, hz_registry_extra(set->registry, id)->vote_group),
            wanted[i].group);
        assert_int_equal(hz_registry_point_place(set->registry, id).line, wanted[i].line);
    }
    uint32_t gateway = hz_names_find(names, HZ_NAMED_GATEWAY, "G2", 2);
    assert_int_equal(hz_registry_gateway(set->registry, gateway)->feed,
                     hz_names_find(names, HZ_NAMED_FEED, "city", 4));
    assert_ptr_equal(hz_registry_names(set->registry), names);
    hz_set_unref(set);
    hz_names_free(names);
}

static void rules_and_feeds_have_ids(void **state)
{
    struct hz_names *names = NULL;

    (void)state;
    assert_int_equal(hz_names_new(&names), 0);
    struct hz_set *one = build(names, first, 0), *other = build(names, second, 0);
    uint32_t a = hz_names_find(names, HZ_NAMED_RULE, "a-rule", 6),
             z = hz_names_find(names, HZ_NAMED_RULE, "z-rule", 6),
             b = hz_names_find(names, HZ_NAMED_RULE, "b-rule", 6);
    assert_true(a == 1 && z == 2 && b == 3);
    assert_int_equal(hz_names_find(names, HZ_NAMED_FEED, "city", 4), 1);
    assert_int_equal(one->rule_ids[0], a);
    assert_int_equal(one->rule_ids[1], z);
    assert_int_equal(one->rule_of_end, 3);
    assert_string_equal(hz_set_rule(one, z)->id, "z-rule");
    assert_null(hz_set_rule(one, b));
    assert_null(hz_set_rule(one, 0));
    assert_null(hz_set_rule(one, UINT32_MAX));
    assert_null(hz_set_rule(other, a));
    assert_string_equal(hz_set_rule(other, b)->id, "b-rule");
    hz_set_unref(one);
    hz_set_unref(other);
    hz_names_free(names);
}

static void a_refused_set_takes_no_ids(void **state)
{
    static const struct set_file wrong[] = {
        SITES,
        {"rules.d/r.yaml", RULES},
        {"points.csv", "hazard,code,H\nE1/H1,P1,1\nE1/H1,P2,x\n"},
        {NULL, NULL}};
    struct hz_names *names = NULL;

    (void)state;
    assert_int_equal(hz_names_new(&names), 0);
    assert_null(build(names, wrong, HZ_ECONFIG));
    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        assert_int_equal(hz_names_count(names, (enum hz_named_kind)kind), 0);
    hz_names_free(names);
}

/* Ids that were ever given count, whoever has them now. */
static void ids_can_be_used_up(void **state)
{
    static const struct set_file files[] = {SITES, {NULL, NULL}};
    struct set_case *one = set_case_new();
    char key[16];
    uint32_t id;

    (void)state;
    for (uint32_t i = 0; i < HZ_ENTERPRISES_MAX - 1; i++) {
        snprintf(key, sizeof(key), "old%u", i);
        assert_int_equal(hz_names_define(one->names, HZ_NAMED_ENTERPRISE, key, strlen(key), &id),
                         0);
    }
    set_case_add(one, "hazardd.yaml", GOOD_CONFIG);
    for (const struct set_file *file = files; file->path; file++)
        set_case_add(one, file->path, file->text);
    set_case_run(one);
    assert_int_equal(one->code, HZ_ECONFIG);
    assert_non_null(strstr(one->said,
                           "enterprises.csv: error: 2 new ids of the kind enterprise are needed, 1 "
                           "are left\n    hint: ids are never used again; start a new journal\n"));
    assert_int_equal(hz_names_count(one->names, HZ_NAMED_PARK), 0);
    set_case_free(one);
}

#define FEED(filter)                                                                               \
    "feeds:\n- name: city\n  address: h:1883\n  client_id: c\n  filters:\n  - {filter: "           \
    "'#', " filter "}\n"

static const struct {
    const char *config, *said;
} topics[] = {
    {FEED("topic: 'hz/{point}'"),
     "hazardd.yaml:6: error: key: {enterprise} is not in the topic hz/{point}\n"
     "    hint: the names in `topic`, or {name}: the one inside the payload\n"},
    {FEED("topic: 'hz/{point', key: x"),
     "hazardd.yaml:6: error: topic: no name at {point\n"
     "    hint: write a name in braces, in small letters: {point}\n"},
    {FEED("topic: 'v1/{gateway}', format: map, key: '{gateway}'"),
     "hazardd.yaml:6: error: key: the points of a map are named inside the payload\n"
     "    hint: write key: \"{enterprise}/{hazard}/{name}\"\n"},
    {FEED("topic: 'v1/{gateway}', key: '{name}'"),
     "hazardd.yaml:6: error: key: a single value has no {name} inside the payload\n"
     "    hint: write format: map or array\n"},
    {FEED("topic: 'v1/{gateway}', format: heartbeat"), NULL},
    {FEED("topic: 'v1/{gateway}', format: array, key: 'E/H/{name}'"), NULL},
    {FEED("topic: 'hz/{point}', key: 'E/H/{point}'"), NULL},
};

static void topics_are_checked_with_the_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        const struct set_file files[] = {SITES,
                                         {"hazardd.yaml", topics[i].config},
                                         {"points.csv", "hazard,code\nE1/H1,P1\n"},
                                         {NULL, NULL}};
        struct set_case *one = set_case_of(files);

        assert_string_equal(one->said, topics[i].said ? topics[i].said : "");
        assert_int_equal(one->code, topics[i].said ? HZ_ECONFIG : 0);
        set_case_free(one);
    }
}

/* A point with one enterprise's file and one common file. */
static void points_come_from_all_their_files(void **state)
{
    static const struct set_file files[] = {
        SITES,
        {"points.csv", "enterprise,hazard,code\nE1,H1,P1\n"},
        {"points.d/E1.csv", "hazard,code\nH1,P2\nE1/H2,P3\n"},
        {"points.d/E2.csv", "code,hazard,enterprise\nP4,H1,E2\n"},
        {NULL, NULL}};
    static const char *const keys[] = {"E1/H1/P1", "E1/H1/P2", "E1/H2/P3", "E2/H1/P4"};
    struct set_case *one = good_set(files);

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_non_null(hz_registry_point(one->set->registry, id_of(one, HZ_NAMED_POINT, keys[i])));
    assert_string_equal(
        hz_registry_point_place(one->set->registry, id_of(one, HZ_NAMED_POINT, keys[3])).file,
        "points.d/E2.csv");
    set_case_free(one);
}

static void the_last_reference_frees(void **state)
{
    struct hz_names *names = NULL;

    (void)state;
    assert_int_equal(hz_names_new(&names), 0);
    struct hz_set *set = build(names, first, 0);
    assert_ptr_equal(hz_set_ref(set), set);
    hz_set_unref(set);
    assert_string_equal(hz_set_rule(set, 1)->id,
                        "a-rule"); /* ASan sees whether it is still there */
    hz_set_unref(set);
    hz_set_unref(NULL);
    hz_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_stay_the_same),
        cmocka_unit_test(rows_follow_their_ids),
        cmocka_unit_test(rules_and_feeds_have_ids),
        cmocka_unit_test(a_refused_set_takes_no_ids),
        cmocka_unit_test(ids_can_be_used_up),
        cmocka_unit_test(topics_are_checked_with_the_set),
        cmocka_unit_test(points_come_from_all_their_files),
        cmocka_unit_test(the_last_reference_frees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
