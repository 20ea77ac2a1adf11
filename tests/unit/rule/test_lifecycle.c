/* SPDX-License-Identifier: Apache-2.0
 *
 * S-21 to S-32: states of an alarm, its episodes, what people do to it.
 */
#include "rule_case.h"

#include "hz_record.h"

#define FOUR                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits:\n"                                                                                  \
    "    HH: {severity: red}\n"                                                                    \
    "    H: {severity: orange}\n"                                                                  \
    "    L: {severity: yellow}\n"

static const struct case_point points[] = {{"P1", .l = "10", .h = "90", .hh = "95"}, {0}};

static void ack(struct rule_case *c, double s, enum hz_side side)
{
    command(c, s, HZ_VERB_ACK, "P1", side);
}

static void lifecycle_raise_ack_clear(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 91);
    said(c, "1 raise H unack orange P1 v=91");
    assert_int_equal(case_alarm(c, "P1", HZ_SIDE_HIGH).state, HZ_STATE_UNACK);
    ack(c, 2, HZ_SIDE_HIGH);
    said(c, "2 ack H ack orange P1");
    assert_int_equal(case_alarm(c, "P1", HZ_SIDE_HIGH).state, HZ_STATE_ACK);
    good(c, 3, "P1", 92);
    said_nothing(c);
    good(c, 4, "P1", 50);
    said(c, "4 clear H normal orange P1 v=50");
    assert_int_equal(case_alarm(c, "P1", HZ_SIDE_HIGH).state, HZ_STATE_NORMAL);
    case_free(c);
}

static void lifecycle_clear_before_ack(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 91);
    good(c, 2, "P1", 50);
    said(c, "1 raise H unack orange P1 v=91", "2 clear H rtnun orange P1 v=50");
    assert_false(case_alarm(c, "P1", HZ_SIDE_HIGH).active);
    ack(c, 3, HZ_SIDE_HIGH);
    said(c, "3 ack H normal orange P1");
    assert_int_equal(case_counts(c).alarms_active, 0);
    case_free(c);
}

static void lifecycle_raise_again_same_episode(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 91);
    good(c, 2, "P1", 50);
    good(c, 3, "P1", 96);
    said(c, "1 raise H unack orange P1 v=91", "2 clear H rtnun orange P1 v=50",
         "3 raise HH unack red P1 v=96");
    assert_true(case_last(c, 0)->alarm == case_last(c, 2)->alarm);
    assert_true(case_last(c, 0)->raise_ns == case_last(c, 2)->t_ns);
    assert_true(case_last(c, 0)->ring);
    case_free(c);
}

static void lifecycle_new_episode(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 91);
    uint64_t first = case_last(c, 0)->alarm;
    assert_int_equal(first >> 32,
                     0x55667788); /* low half of the first word of the journal's name */
    ack(c, 2, HZ_SIDE_HIGH);
    good(c, 3, "P1", 50);
    good(c, 4, "P1", 91);
    said(c, "1 raise H unack orange P1 v=91", "2 ack H ack orange P1",
         "3 clear H normal orange P1 v=50", "4 raise H unack orange P1 v=91");
    assert_true(case_last(c, 0)->alarm == first + 1);
    assert_true(case_last(c, 0)->raise_ns == case_last(c, 0)->t_ns);
    case_free(c);
}

static void lifecycle_escalate_unacknowledges(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 91);
    ack(c, 2, HZ_SIDE_HIGH);
    good(c, 3, "P1", 96);
    said(c, "1 raise H unack orange P1 v=91", "2 ack H ack orange P1",
         "3 escalate HH unack red P1 v=96");
    assert_true(case_last(c, 0)->alarm == case_last(c, 2)->alarm);
    case_free(c);
}

static void lifecycle_deescalate_keeps_ack(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 96);
    ack(c, 2, HZ_SIDE_HIGH);
    good(c, 3, "P1", 91);
    said(c, "1 raise HH unack red P1 v=96", "2 ack HH ack red P1",
         "3 deescalate H ack orange P1 v=91");
    good(c, 4, "P1", 96); /* and HH again is news */
    said(c, "4 escalate HH unack red P1 v=96");
    case_free(c);
}

static void lifecycle_high_to_low_in_one_reading(void **state)
{
    struct rule_case *c = case_new(FOUR, points);

    (void)state;
    good(c, 1, "P1", 91);
    said_anything(c);
    good(c, 2, "P1", 9);
    said(c, "2 clear H rtnun orange P1 v=9", "2 raise L unack yellow P1 v=9");
    assert_true(case_last(c, 0)->alarm != case_last(c, 1)->alarm);
    good(c, 3, "P1", 95); /* and back: both episodes go on */
    said(c, "3 clear L rtnun yellow P1 v=95", "3 raise HH unack red P1 v=95");
    case_free(c);
}

/* Over all rules of a point: what clears comes first, each in the order of the rules. */
static void lifecycle_clears_before_raises(void **state)
{
    static const char rules[] =
        "- id: r\n"
        "  limits: {H: {severity: orange}}\n"
        "- id: s\n"
        "  mode: trial\n"
        "  limits: {H: {severity: red, fallback: 95}, L: {severity: blue}}\n"
        "- id: t\n"
        "  limits: {L: {severity: yellow}}\n";
    static const struct case_point own[] = {{"P1", .l = "10", .h = "90"}, {0}};
    struct rule_case *c = case_new(rules, own);

    (void)state;
    good(c, 1, "P1", 5);
    said(c, "1 raise L unack blue P1/s v=5", "1 raise L unack yellow P1/t v=5");
    good(c, 2, "P1", 99);
    said(c, "2 clear L rtnun blue P1/s v=99", "2 clear L rtnun yellow P1/t v=99",
         "2 raise H unack orange P1 v=99", "2 raise H unack red P1/s v=99");
    case_free(c);
}

static void lifecycle_ack_that_does_not_fit(void **state)
{
    struct rule_case *c = case_new(FOUR, points);
    struct hz_command_texts texts = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};

    (void)state;
    ack(c, 1, HZ_SIDE_HIGH); /* normal */
    good(c, 2, "P1", 91);
    said(c, "2 raise H unack orange P1 v=91");
    struct hz_record_command other = {.verb = HZ_VERB_ACK,
                                      .point = case_point(c, "P1"),
                                      .rule = case_id(c, HZ_NAMED_RULE, "r"),
                                      .side = HZ_SIDE_HIGH,
                                      .alarm = case_last(c, 0)->alarm + 1};
    command_full(c, 3, &other, &texts); /* another episode */
    ack(c, 4, HZ_SIDE_LOW);             /* the other side is normal */
    said_nothing(c);
    other.alarm--;
    command_full(c, 5, &other, &texts);
    said(c, "5 ack H ack orange P1");
    command_full(c, 6, &other, &texts); /* acknowledged */
    other.rule = 4711;
    command_full(c, 7, &other, &texts); /* nobody's */
    other.point = HZ_POINTS_MAX;
    command_full(c, 8, &other, &texts);
    said_nothing(c);
    case_free(c);
}

static void lifecycle_ack_carries_its_texts(void **state)
{
    struct rule_case *c = case_new(FOUR, points);
    struct hz_command_texts texts = {hz_slice("王工"), hz_slice("socket"), hz_slice("cmd-17"),
                                     hz_slice("已到现场")};

    (void)state;
    good(c, 1, "P1", 91);
    struct hz_record_command head = {.verb = HZ_VERB_ACK,
                                     .point = case_point(c, "P1"),
                                     .rule = case_id(c, HZ_NAMED_RULE, "r"),
                                     .side = HZ_SIDE_HIGH};
    command_full(c, 2, &head, &texts);
    said(c, "1 raise H unack orange P1 v=91", "2 ack H ack orange P1");
    const struct hz_transition *one = case_last(c, 0);
    assert_true(hz_slice_same((struct hz_slice){one->actor, one->actor_length}, texts.actor));
    assert_true(hz_slice_same((struct hz_slice){one->via, one->via_length}, texts.via));
    assert_true(hz_slice_same((struct hz_slice){one->command_id, one->command_id_length},
                              texts.command_id));
    assert_true(hz_slice_same((struct hz_slice){one->reason, one->reason_length}, texts.reason));
    one = case_last(c, 1);
    assert_int_equal(
        one->actor_length + one->via_length + one->command_id_length + one->reason_length, 0);
    case_free(c);
}

static void lifecycle_ring(void **state)
{
    static const char rules[] = "- id: r\n"
                                "  limits: {HH: {severity: red}, H: {severity: orange}}\n"
                                "- id: s\n"
                                "  mode: trial\n"
                                "  domain: env\n"
                                "  limits: {HH: {severity: red}, H: {severity: orange}}\n";
    static const double values[] = {91, 96, 91, 50, 91};
    struct rule_case *c = case_new(rules, points);

    (void)state;
    for (int i = 0; i < 5; i++) {
        bool rings = i == 0 || i == 1 || i == 4; /* raise, escalate, -, -, raise again */

        good(c, i + 1, "P1", values[i]);
        assert_int_equal(case_last(c, 1)->mode, HZ_MODE_LIVE);
        assert_int_equal(case_last(c, 1)->domain, HZ_DOMAIN_SAFETY);
        assert_int_equal(case_last(c, 1)->ring, rings);
        assert_int_equal(case_last(c, 0)->mode, HZ_MODE_TRIAL);
        assert_int_equal(case_last(c, 0)->domain, HZ_DOMAIN_ENV);
        assert_int_equal(case_last(c, 0)->ring, 0);
    }
    ack(c, 9, HZ_SIDE_HIGH);
    assert_int_equal(case_last(c, 0)->ring, 0);
    said_anything(c);
    case_free(c);
}

static void lifecycle_ack_of_system_alarm(void **state)
{
    struct rule_case *c = case_new(FOUR, points);
    struct hz_command_texts texts = {hz_slice("li"), hz_slice("socket"), hz_slice("1"),
                                     hz_slice("")};

    (void)state;
    observe(c, 1, HZ_OBSERVED_REDIS_LOST, NULL, 1);
    said(c, "1 raise redis-lost unack orange");
    struct hz_record_command head = {
        .verb = HZ_VERB_ACK, .side = HZ_SIDE_SYSTEM, .alarm = case_last(c, 0)->alarm + 1};
    command_full(c, 2, &head, &texts);
    said_nothing(c);
    head.alarm--;
    command_full(c, 3, &head, &texts);
    said(c, "3 ack redis-lost ack orange");
    observe(c, 4, HZ_OBSERVED_REDIS_LOST, NULL, 0);
    said(c, "4 clear redis-lost normal orange");
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lifecycle_raise_ack_clear),
        cmocka_unit_test(lifecycle_clear_before_ack),
        cmocka_unit_test(lifecycle_raise_again_same_episode),
        cmocka_unit_test(lifecycle_new_episode),
        cmocka_unit_test(lifecycle_escalate_unacknowledges),
        cmocka_unit_test(lifecycle_deescalate_keeps_ack),
        cmocka_unit_test(lifecycle_high_to_low_in_one_reading),
        cmocka_unit_test(lifecycle_clears_before_raises),
        cmocka_unit_test(lifecycle_ack_that_does_not_fit),
        cmocka_unit_test(lifecycle_ack_carries_its_texts),
        cmocka_unit_test(lifecycle_ring),
        cmocka_unit_test(lifecycle_ack_of_system_alarm),
    };

    return CASE_MAIN("lifecycle", tests);
}
