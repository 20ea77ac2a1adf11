/* SPDX-License-Identifier: Apache-2.0
 *
 * S-141 to S-143: the names of transitions. What every transition of every test is held against
 * stands in case_check.c; here are the numbers themselves.
 */
#include "rule_case.h"

#define RULE                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}, L: {severity: yellow, delay: 10s}}\n"

#define EPOCH_MS (CASE_EPOCH_NS / 1000000)

static const struct case_point points[] = {
    {"P1", .l = "10", .h = "90"}, {"P2", .l = "10", .h = "90"}, {0}};

static void expect_id(const struct rule_case *c, size_t back, int64_t ms, uint64_t k)
{
    assert_int_equal(case_last(c, back)->id.ms, EPOCH_MS + ms);
    assert_int_equal(case_last(c, back)->id.k, k);
}

static void ids_stream_id(void **state)
{
    static const struct case_reading both[] = {{"P1", 95}, {"P2", 95}};
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    readings(c, 10, "a", both, 2);
    expect_id(c, 1, 10000, 0);
    expect_id(c, 0, 10000, 1);
    good(c, 11, "P1", 50);
    expect_id(c, 0, 11000, 0);
    wall_steps(c, -8); /* what was 12 is 4 now */
    stamped(c, 4, "P1", 95, CASE_NONE);
    expect_id(c, 0, 11000, 1);
    reading(c, 5, (struct case_reading){"P1", 50, .stamp = CASE_NONE});
    expect_id(c, 0, 11000, 2);
    reading(c, 20, (struct case_reading){"P1", 95, .stamp = CASE_NONE});
    expect_id(c, 0, 20000, 0);
    assert_int_equal(hz_stream_id_compare(hz_engine_mark(case_engine(c)).id, case_last(c, 0)->id),
                     0);
    said_anything(c);
    case_free(c);
}

static void ids_view_places(void **state)
{
    static const struct hz_stream_id none = {0, 0};
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    for (int i = 0; i < 6; i++) {
        good(c, 1 + i, "P1", i % 2 ? 50 : 95);
        const struct hz_transition *one = case_last(c, 0);
        assert_int_equal(one->place_count, 1);
        assert_int_equal(one->places[0].n, i + 1);
        assert_int_equal(one->number, i + 1);
        assert_int_equal(
            hz_stream_id_compare(one->places[0].before, i > 0 ? case_last(c, 1)->id : none), 0);
    }
    said_anything(c);
    restart(c, 10, 11); /* numbers go on over runs */
    good(c, 12, "P1", 95);
    assert_int_equal(case_last(c, 0)->places[0].n, 7);
    assert_int_equal(case_last(c, 0)->seq >> 32, 2);
    said_anything(c);
    case_free(c);
}

static void ids_index(void **state)
{
    static const struct case_reading block[] = {{"P1", 50}, {"P2", 95}, {"P1", 95, .stamp = 31}};
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    good(c, 1, "P1", 5);
    good(c, 2, "P2", 5);
    readings(c, 30, "a", block, 3); /* before it, two delays run out */
    said(c, "11 raise L unack yellow P1 v=5", "12 raise L unack yellow P2 v=5",
         "30 clear L rtnun yellow P1 v=50", "30 clear L rtnun yellow P2 v=95",
         "30 raise H unack orange P2 v=95", "30 raise H unack orange P1 v=95");
    static const uint32_t indices[] = {0, 1, 2, 0, 1, 0}, records[] = {0, 0, 0, 1, 1, 2};
    uint64_t first = case_last(c, 0)->seq - 2;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(case_last(c, 5 - i)->index, indices[i]);
        assert_int_equal(case_last(c, 5 - i)->seq, first + records[i]);
    }
    case_free(c);
}

/* Everything in a transition that a line does not show. */
static void ids_whole_transition(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    stamped(c, 100, "P1", 95.5, 98);
    said(c, "100 raise H unack orange P1 v=95.5");
    const struct hz_transition *one = case_last(c, 0);
    assert_int_equal(one->point, case_point(c, "P1"));
    assert_int_equal(one->rule, case_id(c, HZ_NAMED_RULE, "r"));
    assert_int_equal(one->side, HZ_SIDE_HIGH);
    assert_int_equal(one->kind, HZ_KIND_LIMIT);
    assert_int_equal(one->quality, HZ_QUALITY_GOOD);
    assert_int_equal(one->active, 1);
    assert_true(one->limit == 90 && one->value.f64 == 95.5);
    assert_int_equal(one->source_ms, EPOCH_MS + 98000);
    assert_true(one->arrival_ns == CASE_EPOCH_NS + INT64_C(100000000000));
    assert_true(one->jt_ns == INT64_C(100000000000));
    assert_true(one->raise_ns == one->t_ns && one->for_ns == 0 && one->until_ns == 0);
    stamped(c, 107, "P1", 20, 105);
    said(c, "107 clear H rtnun orange P1 v=20");
    one = case_last(c, 0);
    assert_true(one->limit == 90 && one->source_ms == EPOCH_MS + 105000);
    assert_true(one->for_ns == INT64_C(7000000000)); /* it had held so long */
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_stream_id),
        cmocka_unit_test(ids_view_places),
        cmocka_unit_test(ids_index),
        cmocka_unit_test(ids_whole_transition),
    };

    return CASE_MAIN("ids", tests);
}
