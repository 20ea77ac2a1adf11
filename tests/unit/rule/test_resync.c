/* SPDX-License-Identifier: Apache-2.0
 *
 * S-157 to S-161: what the engine does when journal and alarms log are brought together again after
 * damage of one of them.
 */
#include "case_priv.h"

#include "hz_clock.h"
#include "hz_record.h"

#include <stdio.h>
#include <stdlib.h>

#define RULES                                                                                      \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}, L: {severity: yellow, delay: 10s}}\n"                       \
    "  stale: {severity: blue, after: 1h}\n"                                                       \
    "- id: g\n  each: gateway\n  silent: {after: {at_least: 1h, at_most: 1h}}\n"                   \
    "  severity: yellow\n"

#define JOURNAL UINT64_C(0x55667788) /* of the harness */

static const struct case_point points[] = {
    {"P1", .l = "10", .h = "90"}, {"P2", .l = "10", .h = "90"}, {"P3", .l = "10", .h = "90"}, {0}};

#define HEAD(KIND, type)                                                                           \
    {                                                                                              \
        .kind = HZ_RECORD_##KIND, .bytes = sizeof(struct type)                                     \
    }

static void apply_one(struct rule_case *c, double s, const void *record)
{
    struct hz_block *block = case_block(c, s, HZ_BLOCK_CONTROL, NULL);

    case_add(block, record);
    case_apply(c, block);
}

static const struct hz_record_resync again = {.head = HEAD(RESYNC, hz_record_resync)};

static struct hz_record_go_on go_on(uint64_t number, uint32_t episodes, uint32_t sure)
{
    return (struct hz_record_go_on){.head = HEAD(GO_ON, hz_record_go_on),
                                    .number = number,
                                    .n_all = number + 5,
                                    .id = {CASE_EPOCH_NS / HZ_NS_PER_MS + 100000, 7},
                                    .episodes = episodes,
                                    .sure = sure,
                                    .journal = (uint32_t)JOURNAL};
}

static struct hz_record_over over_high(const struct rule_case *c, const char *point, uint64_t alarm)
{
    return (struct hz_record_over){.head = HEAD(OVER, hz_record_over),
                                   .alarm = alarm,
                                   .raise_ns = CASE_EPOCH_NS + 1,
                                   .point = case_point(c, point),
                                   .rule = case_id(c, HZ_NAMED_RULE, "r"),
                                   .kind = HZ_KIND_LIMIT,
                                   .side = HZ_SIDE_HIGH,
                                   .state = HZ_STATE_ACK,
                                   .severity = HZ_SEVERITY_RED,
                                   .level = HZ_LEVEL_HH,
                                   .domain = HZ_DOMAIN_SAFETY,
                                   .mode = HZ_MODE_LIVE};
}

/* --- resync --- */

static void resync_says_every_alarm_as_it_is(void **state)
{
    struct rule_case *c = case_new(RULES, points);

    (void)state;
    good(c, 1, "P1", 95);
    good(c, 2, "P2", 95);
    command(c, 3, HZ_VERB_ACK, "P2", HZ_SIDE_HIGH);
    good(c, 4, "P3", 95);
    shelve(c, 5, "P3", HZ_SIDE_HIGH, 100);
    observe(c, 6, HZ_OBSERVED_DISK_STALLED, NULL, 1);
    observe(c, 7, HZ_OBSERVED_FEED_LOST, "b", 3);
    tick(c, 8);
    said_anything(c);
    apply_one(c, 9, &again);
    said(c, "9 resync disk-stalled unack red", "9 resync feed-lost unack orange b",
         "9 resync H unack orange P1", "9 resync H ack orange P2", "9 resync H shelved orange P3");
    assert_true(case_last(c, 2)->value.f64 == 95 && case_last(c, 2)->limit == 90);
    assert_true(case_last(c, 2)->raise_ns == CASE_EPOCH_NS + HZ_NS_PER_S);
    assert_true(case_last(c, 0)->until_ns == CASE_EPOCH_NS + 100 * HZ_NS_PER_S);
    good(c, 10, "P1", 50); /* and their life goes on */
    said(c, "10 clear H rtnun orange P1 v=50");
    case_free(c);
}

static void resync_says_gateways_and_both_sides(void **state)
{
    struct rule_case *c = case_new(RULES, points);

    (void)state;
    good(c, 1, "P1", 95);
    tick(c, 3700);
    said_anything(c);
    apply_one(c, 3701, &again);
    said(c, "3701 resync gateway unack yellow GA/g", "3701 resync gateway unack yellow GB/g",
         "3701 resync gateway unack yellow GE/g", "3701 resync H unack orange P1",
         "3701 resync stale unack blue P1", "3701 resync stale unack blue P2",
         "3701 resync stale unack blue P3");
    case_free(c);
}

static void resync_of_nothing_says_nothing(void **state)
{
    struct rule_case *c = case_new(RULES, points);

    (void)state;
    good(c, 1, "P1", 50);
    apply_one(c, 2, &again);
    said_nothing(c);
    case_free(c);
}

/* --- go_on --- */

static void resync_names_go_on(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_go_on record = go_on(40, 9, 1);

    (void)state;
    case_unchecked(c);
    good(c, 1, "P1", 95);
    apply_one(c, 2, &record);
    good(c, 3, "P2", 95);
    const struct hz_transition *one = case_last(c, 0);
    assert_int_equal(one->number, 41);
    assert_int_equal(one->places[0].n, 46);
    assert_int_equal(one->id.ms, record.id.ms); /* the wall is behind the log's */
    assert_int_equal(one->id.k, 8);
    assert_int_equal(hz_stream_id_compare(one->places[0].before, record.id), 0);
    assert_int_equal(one->alarm, JOURNAL << 32 | 10);
    said(c, "1 raise H unack orange P1 v=95", "3 raise H unack orange P2 v=95");
    case_free(c);
}

/* A replay may have said more before it than was said at first: what comes then is numbered alike. */
static void resync_episodes_never_go_back(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_go_on record = go_on(1, 0, 99);

    (void)state;
    case_unchecked(c);
    good(c, 1, "P1", 95);
    good(c, 2, "P2", 95);
    apply_one(c, 2, &record);
    good(c, 3, "P3", 95);
    assert_int_equal(case_last(c, 0)->number, 2);
    assert_int_equal(case_last(c, 0)->places[0].n, 7);
    assert_int_equal(case_last(c, 0)->alarm, JOURNAL << 32 | 3);
    said_anything(c);
    case_free(c);
}

/* A delay that runs out with the record of that time is said under the new numbers. */
static void resync_go_on_comes_before_what_is_due(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_go_on record = go_on(40, 9, 9);
    struct hz_block *block;

    (void)state;
    case_unchecked(c);
    good(c, 1, "P1", 5);
    block = case_block(c, 20, HZ_BLOCK_CONTROL, NULL);
    case_add(block, &record);
    case_add(block, &again);
    case_apply(c, block);
    said(c, "11 raise L unack yellow P1 v=5", "20 resync L unack yellow P1");
    assert_int_equal(case_last(c, 1)->number, 41);
    case_free(c);
}

/* An alarm above `sure` may have another's name. */
static void resync_new_names(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_go_on record = go_on(40, 9, 1);

    (void)state;
    case_unchecked(c);
    good(c, 1, "P1", 95);
    good(c, 2, "P2", 95);
    observe(c, 3, HZ_OBSERVED_DISK_STALLED, NULL, 1);
    said_anything(c);
    apply_one(c, 4, &record);
    apply_one(c, 5, &again);
    said(c, "5 resync disk-stalled unack red", "5 resync H unack orange P1",
         "5 resync H unack orange P2");
    assert_int_equal(case_last(c, 2)->alarm, JOURNAL << 32 | 10);
    assert_int_equal(case_last(c, 1)->alarm, JOURNAL << 32 | 1);
    assert_int_equal(case_last(c, 0)->alarm, JOURNAL << 32 | 11);
    assert_int_equal(case_alarm(c, "P2", HZ_SIDE_HIGH).alarm, JOURNAL << 32 | 11);
    assert_int_equal(hz_engine_mark(case_engine(c)).episodes, 11);
    case_free(c);
}

/* --- over --- */

static void resync_an_alarm_that_is_not_there_is_over(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_over record = over_high(c, "P1", JOURNAL << 32 | 77);

    (void)state;
    case_unchecked(c);
    good(c, 1, "P1", 95);
    said_anything(c);
    apply_one(c, 2, &record);
    said(c, "2 resync HH normal red P1");
    const struct hz_transition *one = case_last(c, 0);
    assert_int_equal(one->alarm, JOURNAL << 32 | 77);
    assert_int_equal(one->prev, HZ_STATE_ACK);
    assert_int_equal(one->raise_ns, CASE_EPOCH_NS + 1);
    assert_false(one->active || one->ring);
    assert_int_equal(case_alarm(c, "P1", HZ_SIDE_HIGH).state, HZ_STATE_UNACK); /* its own stays */
    case_free(c);
}

static void resync_an_alarm_that_is_there_is_not_over(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_over record = over_high(c, "P1", JOURNAL << 32 | 1);

    (void)state;
    good(c, 1, "P1", 95);
    said_anything(c);
    uint64_t ignored = case_counts(c).ignored;
    record.level = HZ_LEVEL_H;
    record.active = 1;
    assert_false(hz_engine_holds(case_engine(c), &record)); /* in another state */
    record.state = HZ_STATE_UNACK;
    assert_true(hz_engine_holds(case_engine(c), &record));
    record.level = HZ_LEVEL_HH;
    assert_false(hz_engine_holds(case_engine(c), &record)); /* an escalation was lost */
    record.level = HZ_LEVEL_H;
    record.active = 0;
    assert_false(hz_engine_holds(case_engine(c), &record)); /* it was put away, and came back */
    apply_one(c, 2, &record);
    said_nothing(c);
    assert_int_equal(case_counts(c).ignored, ignored + 1);
    case_free(c);
}

static void resync_alarms_without_a_point_are_over(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_over gateway = over_high(c, "P1", JOURNAL << 32 | 78);
    struct hz_record_over feed = gateway;

    (void)state;
    case_unchecked(c);
    gateway.point = feed.point = feed.rule = 0;
    gateway.level = feed.level = HZ_LEVEL_NONE;
    gateway.kind = HZ_KIND_GATEWAY;
    gateway.side = HZ_SIDE_STALE;
    gateway.rule = case_id(c, HZ_NAMED_RULE, "g");
    gateway.gateway = case_gateway(c, "GB");
    feed.kind = HZ_KIND_SYSTEM;
    feed.side = HZ_SIDE_SYSTEM;
    feed.system = HZ_OBSERVED_FEED_LOST;
    feed.feed = (uint16_t)case_id(c, HZ_NAMED_FEED, "b");
    apply_one(c, 1, &gateway);
    apply_one(c, 2, &feed);
    said(c, "1 resync gateway normal red GB/g", "2 resync feed-lost normal red b");
    case_free(c);
}

/* What no entry can have: nothing is said, nothing is touched. */
static void resync_nonsense_is_ignored(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_over sound = over_high(c, "P1", 1), bad[12];
    size_t count = sizeof(bad) / sizeof(bad[0]);

    (void)state;
    for (size_t i = 0; i < count; i++)
        bad[i] = sound;
    bad[0].point = 0;
    bad[1].point = UINT32_MAX;
    bad[2].side = HZ_SIDE_SYSTEM;
    bad[3].side = HZ_SIDE_STALE;
    bad[4].state = HZ_STATE_NORMAL;
    bad[5].state = HZ_STATE_END;
    bad[6].level = HZ_LEVEL_END;
    bad[7].severity = HZ_SEVERITY_END;
    bad[8].kind = HZ_KIND_END;
    bad[9].kind = HZ_KIND_SYSTEM;
    bad[10].kind = HZ_KIND_GATEWAY;
    bad[11].domain = HZ_DOMAIN_END;
    uint64_t ignored = case_counts(c).ignored;
    for (size_t i = 0; i < count; i++) {
        assert_false(hz_engine_holds(case_engine(c), &bad[i]));
        apply_one(c, 1 + (double)i, &bad[i]);
    }
    said_nothing(c);
    assert_int_equal(case_counts(c).ignored, ignored + count);
    case_free(c);
}

/* Of a point that has left every set: its news are taken all the same. */
static void resync_of_an_unknown_point(void **state)
{
    struct rule_case *c = case_new(RULES, points);
    struct hz_record_over record = over_high(c, "P1", JOURNAL << 32 | 79);
    struct hz_news news[64];

    (void)state;
    case_unchecked(c);
    record.point = 900000;
    apply_one(c, 1, &record);
    assert_int_equal(case_said_count(c), 1);
    while (hz_engine_take_news(case_engine(c), news, 64) > 0)
        ;
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resync_says_every_alarm_as_it_is),
        cmocka_unit_test(resync_says_gateways_and_both_sides),
        cmocka_unit_test(resync_of_nothing_says_nothing),
        cmocka_unit_test(resync_names_go_on),
        cmocka_unit_test(resync_episodes_never_go_back),
        cmocka_unit_test(resync_go_on_comes_before_what_is_due),
        cmocka_unit_test(resync_new_names),
        cmocka_unit_test(resync_an_alarm_that_is_not_there_is_over),
        cmocka_unit_test(resync_an_alarm_that_is_there_is_not_over),
        cmocka_unit_test(resync_alarms_without_a_point_are_over),
        cmocka_unit_test(resync_nonsense_is_ignored),
        cmocka_unit_test(resync_of_an_unknown_point),
    };

    return CASE_MAIN("resync", tests);
}
