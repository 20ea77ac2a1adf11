/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands in the files is found again by id: every column, what an empty cell means, and where the
 * row stood.
 */
#include "registry_case.h"

#include <math.h>

#define POINTS                                                                                          \
    "HH,H,code,enterprise,hazard,name,kind,unit,range_low,range_high,L,LL,deadband,delay,"              \
    "interval,stale_after,alive_by,tag,tags,ext_code,old_ids,cas,vote_group,in_service_from,"           \
    "gateway\n"                                                                                         \
    "95,90,LT101,330382001,TF01,1#液氨球罐液位,level,%,0,100,10,5,2,5s,10s,1min,gateway,LT-101A," \
    "tank storage,0x11,330382001/TF01/LT100,7664-41-7,G1,2026-01-31,GW1\n"                              \
    ",,AT1,,330382002/CL01,,gas,ppm,,,,,,,,,,,,,,,,,\n"

static const struct set_file files[] = {GOOD_SITES, {"points.csv", POINTS}, {NULL, NULL}};

static const char *string(const struct set_case *one, hz_string string)
{
    return hz_registry_string(one->set->registry, string);
}

static void sites_say_what_is_written(void **state)
{
    struct set_case *one = good_set(files);
    const struct hz_registry *registry = one->set->registry;
    const struct hz_park *park = hz_registry_park(registry, id_of(one, HZ_NAMED_PARK, "330382P01"));
    const struct hz_enterprise *first = hz_registry_enterprise(
                                   registry, id_of(one, HZ_NAMED_ENTERPRISE, "330382001")),
                               *second = hz_registry_enterprise(
                                   registry, id_of(one, HZ_NAMED_ENTERPRISE, "330382002"));
    const struct hz_hazard *hazard =
        hz_registry_hazard(registry, id_of(one, HZ_NAMED_HAZARD, "330382001/TF01"));
    const struct hz_gateway *gateway =
        hz_registry_gateway(registry, id_of(one, HZ_NAMED_GATEWAY, "GW1"));

    (void)state;
    assert_string_equal(string(one, park->name), "园区");
    assert_string_equal(string(one, park->district), "330382");
    assert_true(park->lon == 120.9 && park->lat == 28);
    assert_string_equal(string(one, first->name), "某某化工有限公司");
    assert_string_equal(string(one, first->status), "running");
    assert_string_equal(string(one, first->district), "330382"); /* its park's */
    assert_int_equal(first->park, id_of(one, HZ_NAMED_PARK, "330382P01"));
    assert_int_equal(second->park, 0);
    assert_string_equal(string(one, second->status), "");
    assert_true(isnan(second->lon) && isnan(second->lat));
    assert_int_equal(hazard->level, 1);
    assert_int_equal(hazard->enterprise, id_of(one, HZ_NAMED_ENTERPRISE, "330382001"));
    assert_int_equal(gateway->interval_ms, 60000);
    assert_int_equal(gateway->feed, id_of(one, HZ_NAMED_FEED, "city"));
    assert_string_equal(string(one, gateway->name), "GW1");
    set_case_free(one);
}

static void a_point_says_what_is_written(void **state)
{
    struct set_case *one = good_set(files);
    const struct hz_registry *registry = one->set->registry;
    uint32_t id = id_of(one, HZ_NAMED_POINT, "330382001/TF01/LT101");
    const struct hz_point *point = hz_registry_point(registry, id);
    const struct hz_point_limits *limits = hz_registry_limits(registry, id);
    const struct hz_point_extra *extra = hz_registry_extra(registry, id);

    (void)state;
    assert_int_equal(point->hazard, id_of(one, HZ_NAMED_HAZARD, "330382001/TF01"));
    assert_int_equal(point->gateway, id_of(one, HZ_NAMED_GATEWAY, "GW1"));
    assert_string_equal(string(one, point->name), "1#液氨球罐液位");
    assert_string_equal(string(one, point->tag), "LT-101A");
    assert_string_equal(hz_registry_word(registry, point->kind), "level");
    assert_string_equal(hz_registry_word(registry, point->unit), "%");
    assert_true(hz_registry_has_tag(registry, point, "tank"));
    assert_true(hz_registry_has_tag(registry, point, "storage"));
    assert_true(hz_registry_has_tag(registry, point, "LT-101A"));
    assert_false(hz_registry_has_tag(registry, point, "stor"));
    assert_false(hz_registry_has_tag(registry, point, ""));
    assert_int_equal(point->interval_ms, 10000);
    assert_int_equal(point->stale_after_ms, 60000);
    assert_int_equal(point->alive_by, HZ_ALIVE_BY_GATEWAY);
    assert_true(limits->range_low == 0 && limits->range_high == 100 && limits->deadband == 2);
    assert_true(limits->limit[HZ_LEVEL_LL] == 5 && limits->limit[HZ_LEVEL_L] == 10);
    assert_true(limits->limit[HZ_LEVEL_H] == 90 && limits->limit[HZ_LEVEL_HH] == 95);
    assert_int_equal(limits->delay_ns, INT64_C(5000000000));
    assert_string_equal(string(one, extra->cas), "7664-41-7");
    assert_string_equal(string(one, extra->vote_group), "G1");
    assert_string_equal(string(one, extra->ext_code), "0x11");
    assert_string_equal(string(one, extra->old_ids), "330382001/TF01/LT100");
    assert_string_equal(string(one, extra->in_service_from), "2026-01-31");
    set_case_free(one);
}

static void an_empty_cell_is_not_given(void **state)
{
    struct set_case *one = good_set(files);
    const struct hz_registry *registry = one->set->registry;
    uint32_t id = id_of(one, HZ_NAMED_POINT, "330382002/CL01/AT1");
    const struct hz_point *point = hz_registry_point(registry, id);
    const struct hz_point_limits *limits = hz_registry_limits(registry, id);

    (void)state;
    assert_string_equal(string(one, point->name), "AT1");
    assert_int_equal(point->tag, 0);
    assert_int_equal(point->tags, 0);
    assert_false(hz_registry_has_tag(registry, point, ""));
    assert_int_equal(point->gateway, 0); /* the enterprise has none */
    assert_int_equal(point->interval_ms, 0);
    assert_int_equal(point->stale_after_ms, 0);
    assert_int_equal(point->alive_by, HZ_ALIVE_BY_READING);
    assert_true(isnan(limits->range_low) && isnan(limits->range_high) && isnan(limits->deadband));
    for (unsigned level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++)
        assert_true(isnan(limits->limit[level]));
    assert_true(limits->delay_ns < 0);
    assert_null(hz_registry_extra(registry, id));
    set_case_free(one);
}

static void limits_and_places_can_be_dropped(void **state)
{
    struct set_case *one = good_set(files);
    struct hz_registry *registry = one->set->registry;
    uint32_t id = id_of(one, HZ_NAMED_POINT, "330382002/CL01/AT1");
    size_t before = hz_registry_bytes(registry);

    (void)state;
    assert_int_equal(hz_registry_point_total(registry), 2);
    assert_int_equal(hz_registry_point_end(registry), 3);
    assert_string_equal(hz_registry_point_place(registry, id).file, "points.csv");
    assert_int_equal(hz_registry_point_place(registry, id).line, 3);
    hz_registry_drop_limits(registry);
    assert_null(hz_registry_limits(registry, id));
    assert_null(hz_registry_point_place(registry, id).file);
    assert_non_null(hz_registry_point(registry, id));
    assert_true(hz_registry_bytes(registry) < before);
    set_case_free(one);
}

/* Values at a bound are good, and one column of those that are kept apart is enough. */
static void the_bounds_themselves_are_good(void **state)
{
    static const struct set_file at_bounds[] = {
        {"parks.csv", "code,lon,lat\nP,-180,90\nQ,180,-90\n"},
        {"enterprises.csv", "code\nE\n"},
        {"hazards.csv", "enterprise,code,level,population\nE,H,4,0\n"},
        {"points.csv", "hazard,code,range_low,range_high,LL,HH,deadband,delay,interval,stale_after,"
                       "ext_code,in_service_from\n"
                       "E/H,P1,0,10,0,10,0,0s,1ms,30d,X,\nE/H,P2,,,-1e300,1e300,,1d,30d,1ms,,"
                       "2024-02-29\n"},
        {NULL, NULL}};
    struct set_case *one = good_set(at_bounds);
    const struct hz_registry *registry = one->set->registry;
    uint32_t first = id_of(one, HZ_NAMED_POINT, "E/H/P1"), second = first + 1;

    (void)state;
    assert_int_equal(hz_registry_point(registry, first)->interval_ms, 1);
    assert_int_equal(hz_registry_point(registry, first)->stale_after_ms, 30u * 86400000);
    assert_string_equal(string(one, hz_registry_extra(registry, first)->ext_code), "X");
    assert_string_equal(string(one, hz_registry_extra(registry, second)->in_service_from),
                        "2024-02-29");
    set_case_free(one);
}

/* 127 points and the place of id 0 fill a page of memory to its end. */
static void the_end_is_the_end(void **state)
{
    char text[4096];
    struct hz_text to = hz_text_in(text, sizeof(text));
    const struct set_file many[] = {GOOD_SITES, {"points.csv", text}, {NULL, NULL}};

    (void)state;
    hz_text_puts(&to, "enterprise,hazard,code\n");
    for (int i = 0; i < 127; i++)
        hz_text_format(&to, "330382001,TF01,P%d\n", i);
    assert_false(to.overflow);
    struct set_case *one = good_set(many);
    assert_int_equal(hz_registry_point_end(one->set->registry), 128);
    assert_non_null(hz_registry_point(one->set->registry, 127));
    assert_null(hz_registry_point(one->set->registry, 128));
    set_case_free(one);
}

static void ids_out_of_the_registry_have_no_row(void **state)
{
    struct set_case *one = good_set(files);
    const struct hz_registry *registry = one->set->registry;
    static const uint32_t none[] = {0, 1000, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_null(hz_registry_point(registry, none[i]));
        assert_null(hz_registry_hazard(registry, none[i]));
        assert_null(hz_registry_enterprise(registry, none[i]));
        assert_null(hz_registry_park(registry, none[i]));
        assert_null(hz_registry_gateway(registry, none[i]));
        assert_null(hz_registry_limits(registry, none[i]));
        assert_null(hz_registry_extra(registry, none[i]));
    }
    set_case_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sites_say_what_is_written),
        cmocka_unit_test(a_point_says_what_is_written),
        cmocka_unit_test(an_empty_cell_is_not_given),
        cmocka_unit_test(limits_and_places_can_be_dropped),
        cmocka_unit_test(the_bounds_themselves_are_good),
        cmocka_unit_test(the_end_is_the_end),
        cmocka_unit_test(ids_out_of_the_registry_have_no_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
