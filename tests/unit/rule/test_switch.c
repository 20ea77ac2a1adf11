/* SPDX-License-Identifier: Apache-2.0
 *
 * S-129 to S-140: another set comes into force. Only what it changes is touched; what it changes is
 * worked off in order, a bounded part at a time.
 */
#include "case_priv.h"

#include "engine_priv.h"
#include "hz_record.h"

#include <stdio.h>
#include <stdlib.h>

#define H_RULE     "- id: r\n  limits: {H: {severity: orange}}\n"
#define H_DELAYED  "- id: r\n  limits: {H: {severity: orange, delay: 10s, clear_delay: 20s}}\n"
#define H_HH_RULE  "- id: r\n  limits: {HH: {severity: red}, H: {severity: orange}}\n"
#define OTHER_RULE "- id: o\n  select: {kind: gas}\n  limits: {H: {severity: red}}\n"
#define WITH_TEXT                                                                                  \
    "- id: r\n  name: another\n  limits: {H: {severity: orange, delay: 10s, clear_delay: 20s}}\n"
#define WATCHED                                                                                    \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"                                                          \
    "  invalid: {severity: yellow}\n"                                                              \
    "  stale: {severity: blue, after: 60s}\n"

static const struct case_point at_90[] = {{"P1", .h = "90"}, {"P2", .h = "90"}, {0}};
static const struct case_point at_80[] = {{"P1", .h = "80"}, {"P2", .h = "90"}, {0}};
static const struct case_point at_99[] = {{"P1", .h = "99"}, {"P2", .h = "90"}, {0}};

static void switch_unchanged_keeps_timers(void **state)
{
    struct rule_case *c = case_new(H_DELAYED, at_90);

    (void)state;
    good(c, 1, "P1", 95);
    good(c, 2, "P2", 95);
    change(c, 5, WITH_TEXT OTHER_RULE, at_90); /* another rule, another text, the same meaning */
    tick(c, 10.999);
    said_nothing(c);
    tick(c, 11);
    said(c, "11 raise H unack orange P1 v=95");
    change(c, 11.5, H_DELAYED, at_80); /* P1 only */
    tick(c, 12);
    said(c, "12 raise H unack orange P2 v=95");
    good(c, 20, "P2", 50);
    change(c, 25, H_DELAYED OTHER_RULE, at_80);
    tick(c, 40);
    said(c, "40 clear H rtnun orange P2 v=50");
    assert_true(case_last(c, 0)->alarm == case_last(c, 1)->alarm);
    case_free(c);
}

static void switch_changed_limit(void **state)
{
    struct rule_case *c = case_new(H_DELAYED, at_90);

    (void)state;
    good(c, 1, "P1", 85);
    good(c, 1, "P2", 85);
    change(c, 100, H_DELAYED, at_80); /* by the last good value, the delay from here */
    tick(c, 109.999);
    said_nothing(c);
    tick(c, 110);
    said(c, "110 raise H unack orange P1 v=85");
    change(c, 120, H_DELAYED, at_90);
    tick(c, 139.999);
    said_nothing(c);
    tick(c, 140);
    said(c, "140 clear H rtnun orange P1 v=85");
    case_free(c);

    c = case_new(H_RULE, at_90); /* without delays: with the record itself */
    good(c, 1, "P1", 85);
    change(c, 100, H_RULE, at_80);
    said(c, "100 raise H unack orange P1 v=85");
    assert_true(case_last(c, 0)->limit == 80);
    change(c, 120, H_RULE, at_99);
    said(c, "120 clear H rtnun orange P1 v=85");
    case_free(c);
}

/* A running on-delay of a changed limit begins anew. */
static void switch_changed_delay(void **state)
{
    static const char longer[] =
        "- id: r\n  limits: {H: {severity: orange, delay: 30s, clear_delay: 20s}}\n";
    struct rule_case *c = case_new(H_DELAYED, at_90);

    (void)state;
    good(c, 1, "P1", 95);
    change(c, 5, longer, at_90);
    tick(c, 34.999);
    said_nothing(c);
    tick(c, 35);
    said(c, "35 raise H unack orange P1 v=95");
    case_free(c);
}

static void switch_changed_severity(void **state)
{
    static const char worse[] = "- id: r\n  limits: {H: {severity: red}}\n";
    struct rule_case *c = case_new(H_RULE, at_90);

    (void)state;
    good(c, 1, "P1", 95);
    said(c, "1 raise H unack orange P1 v=95");
    uint64_t episode = case_last(c, 0)->alarm;
    change(c, 5, worse, at_90); /* the alarm stays the same one */
    said_anything(c);
    assert_int_equal(case_alarm(c, "P1", HZ_SIDE_HIGH).alarm, episode);
    assert_true(case_alarm(c, "P1", HZ_SIDE_HIGH).active);
    good(c, 10, "P1", 50);
    said(c, "10 clear H rtnun red P1 v=50");
    case_free(c);
}

#define STALE_AFTER(s) "- id: r\n  stale: {severity: blue, after: " s "}\n"

/* A shorter time is over at once, not in the past; and before whatever record comes next, be it in
 * the same block. */
static void switch_changed_staleness(void **state)
{
    struct rule_case *c = case_new(STALE_AFTER("60s"), at_90);
    struct hz_block *block;

    (void)state;
    good(c, 1, "P1", 1);
    good(c, 45, "P2", 1);
    block = case_block(c, 50, HZ_BLOCK_CONTROL, NULL);
    struct hz_record_ruleset ruleset = {
        .head = {.kind = HZ_RECORD_RULESET, .bytes = sizeof(ruleset)},
        .set = case_build(c, STALE_AFTER("20s"), at_90)->digest};
    struct hz_record_observe lost = {.head = {.kind = HZ_RECORD_OBSERVE, .bytes = sizeof(lost)},
                                     .what = HZ_OBSERVED_REDIS_LOST,
                                     .value = 1};
    case_add(block, &ruleset);
    case_add(block, &lost);
    case_apply(c, block);
    said(c, "50 raise stale unack blue P1", "50 raise redis-lost unack orange");
    assert_int_equal(case_last(c, 1)->seq, case_last(c, 0)->seq);
    assert_int_equal(case_last(c, 0)->index, 1);
    tick(c, 65);
    said(c, "65 raise stale unack blue P2");
    change(c, 70, STALE_AFTER("100s"), at_90); /* longer: those who are silent stay so */
    tick(c, 80);
    said_nothing(c);
    case_free(c);
}

/* Nobody was warned of the alarms that a shorter time raises at once. */
static void switch_shorter_staleness_is_foreseen(void **state)
{
    struct rule_case *c = case_new(STALE_AFTER("600s"), at_90);

    (void)state;
    good(c, 1, "P1", 1);
    good(c, 280, "P2", 1);
    change(c, 300, STALE_AFTER("60s"), at_90);
    assert_true(case_foresaw(c, "P1", HZ_SIDE_STALE, HZ_PREVIEW_RAISE));
    assert_false(case_foresaw(c, "P2", HZ_SIDE_STALE, HZ_PREVIEW_RAISE));
    tick(c, 300);
    said(c, "300 raise stale unack blue P1");
    case_free(c);
}

static void switch_clears_only_when_live(void **state)
{
    static const struct case_point low[] = {
        {"P1", .h = "80"}, {"P2", .h = "80"}, {"P3", .h = "80"}, {0}};
    static const struct case_point high[] = {
        {"P1", .h = "99"}, {"P2", .h = "99"}, {"P3", .h = "99"}, {0}};
    struct rule_case *c = case_new(WATCHED, low);

    (void)state;
    good(c, 1, "P1", 85); /* and silent from here on: STALE */
    good(c, 30, "P2", 85);
    bad(c, 40, "P2", 0); /* INVALID */
    reading(c, 40, (struct case_reading){"P3", 85, .stamp = -100, .flags = HZ_READING_RETAINED});
    tick(c, 65);
    said(c, "1 raise H unack orange P1 v=85", "30 raise H unack orange P2 v=85",
         "40 raise invalid unack yellow P2", "40 raise H unack orange P3 v=85 unconfirmed",
         "60 raise stale unack blue P3", "61 raise stale unack blue P1");
    change(c, 70, WATCHED, high);
    tick(c, 71);
    said_nothing(c); /* no value that may clear */
    good(c, 80, "P1", 85);
    said(c, "80 clear H rtnun orange P1 v=85", "80 clear stale rtnun blue P1");
    good(c, 81, "P2", 85);
    said(c, "81 clear H rtnun orange P2 v=85", "81 clear invalid rtnun yellow P2");
    change(c, 90, WATCHED, low); /* but a value that is not live may raise */
    said_anything(c);
    assert_true(case_alarm(c, "P3", HZ_SIDE_HIGH).active);
    case_free(c);
}

static void switch_may_raise_when_stale(void **state)
{
    struct rule_case *c = case_new(WATCHED, at_90);

    (void)state;
    good(c, 1, "P1", 85);
    tick(c, 70);
    said(c, "60 raise stale unack blue P2", "61 raise stale unack blue P1");
    change(c, 80, WATCHED, at_80);
    said(c, "80 raise H unack orange P1 v=85");
    case_free(c);
}

static void switch_removed_rule(void **state)
{
    static const struct case_point without_p1[] = {{"P2", .h = "90"}, {0}};
    static const struct case_point without_h[] = {
        {"P1", .hh = "95"}, {"P2", .h = "90", .hh = "95"}, {0}};
    static const struct case_point both[] = {
        {"P1", .h = "90", .hh = "95"}, {"P2", .h = "90", .hh = "95"}, {0}};
    struct rule_case *c = case_new(H_RULE OTHER_RULE, at_90);

    (void)state;
    good(c, 1, "P1", 95);
    good(c, 1, "P2", 95);
    command(c, 2, HZ_VERB_ACK, "P2", HZ_SIDE_HIGH);
    said(c, "1 raise H unack orange P1 v=95", "1 raise H unack orange P2 v=95",
         "2 ack H ack orange P2");
    change(c, 10, OTHER_RULE, at_90); /* the rule */
    said(c, "10 remove H normal orange P1", "10 remove H normal orange P2");
    assert_int_equal(case_counts(c).alarms_active, 0);
    change(c, 20, H_RULE, at_90);
    said(c, "20 raise H unack orange P1 v=95", "20 raise H unack orange P2 v=95");
    change(c, 30, H_RULE, without_p1); /* the point */
    said(c, "30 remove H normal orange P1");
    case_free(c);

    c = case_new(H_HH_RULE, both); /* the level */
    good(c, 1, "P1", 92);
    good(c, 1, "P2", 50);
    said(c, "1 raise H unack orange P1 v=92");
    change(c, 10, H_HH_RULE, without_h);
    said(c, "10 remove H normal orange P1");
    good(c, 11, "P1", 95);
    said(c, "11 raise HH unack red P1 v=95");
    change(c, 20, H_RULE, both); /* the level that named it, while another holds */
    said(c, "20 deescalate H unack orange P1 v=95");
    case_free(c);
}

static void switch_removed_invalid_and_stale(void **state)
{
    struct rule_case *c = case_new(WATCHED, at_90);

    (void)state;
    bad(c, 1, "P1", 1);
    tick(c, 61);
    said(c, "1 raise invalid unack yellow P1", "60 raise stale unack blue P2",
         "61 raise stale unack blue P1");
    change(c, 70, H_RULE, at_90);
    said(c, "70 remove invalid normal yellow P1", "70 remove stale normal blue P1",
         "70 remove stale normal blue P2");
    case_free(c);
}

static void switch_same_set(void **state)
{
    struct rule_case *c = case_new(H_DELAYED, at_90);

    (void)state;
    good(c, 1, "P1", 95);
    change(c, 5, H_DELAYED, at_90);
    assert_true(hz_engine_next_due_ns(case_engine(c)) > INT64_C(5000000000));
    tick(c, 11);
    said(c, "11 raise H unack orange P1 v=95");
    restart(c, 12, 20); /* writes the set again */
    said(c, "20 raise not-watched unack orange", "20 clear not-watched rtnun orange");
    assert_true(case_alarm(c, "P1", HZ_SIDE_HIGH).active);
    case_free(c);
}

/* A point stays with the feed that it was heard on. */
static void switch_keeps_the_feed(void **state)
{
    struct rule_case *c = case_new(H_RULE, at_90);

    (void)state;
    readings(c, 1, "b", &(struct case_reading){"P1", 50}, 1);
    good(c, 1, "P2", 50);
    change(c, 10, H_RULE, at_80);
    feed_lost(c, 11, "a");
    assert_int_equal(case_flags(c, "P1"), 0);
    assert_int_equal(case_flags(c, "P2"), HZ_POINT_UNOBSERVED);
    feed_lost(c, 12, "b");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_UNOBSERVED);
    said_nothing(c);
    case_free(c);
}

/* --- the work list --- */

#define MANY 4000

static struct case_point *many(const char *limit)
{
    struct case_point *points = calloc(MANY + 1, sizeof(*points));
    static char codes[MANY][8];

    for (int i = 0; i < MANY; i++) {
        snprintf(codes[i], sizeof(codes[i]), "N%04d", i);
        points[i] = (struct case_point){.code = codes[i], .h = limit};
    }
    return points;
}

/* Every point has a value between the two limits. */
static struct rule_case *listed_at(const char *rules, struct case_point *before,
                                   struct case_point *after, double value)
{
    struct rule_case *c = case_new(rules, before);
    struct case_reading values[500];

    for (int from = 0; from < MANY; from += 500) {
        for (int i = 0; i < 500; i++)
            values[i] = (struct case_reading){before[from + i].code, value};
        readings(c, 1, "a", values, 500);
    }
    said_nothing(c);
    change(c, 10, rules, after);
    return c;
}

static struct rule_case *listed(const char *rules, struct case_point *before,
                                struct case_point *after)
{
    return listed_at(rules, before, after, 85);
}

static void expect_points(const struct rule_case *c, size_t count, unsigned first)
{
    char code[8];

    for (size_t i = 0; i < count; i++) {
        snprintf(code, sizeof(code), "N%04u", first + (unsigned)i);
        assert_int_equal(case_last(c, count - 1 - i)->point, case_point(c, code));
        assert_int_equal(case_last(c, count - 1 - i)->event, HZ_EVENT_RAISE);
    }
}

/* 1 000 with the swap, 64 before each record, 1 024 at a tick; the next due time is the present. */
static void switch_work_list(void **state)
{
    struct case_point *before = many("90"), *after = many("80");
    struct rule_case *c = listed(H_RULE, before, after);

    (void)state;
    assert_int_equal(case_said_count(c), 1000);
    expect_points(c, 1000, 0);
    assert_true(hz_engine_next_due_ns(case_engine(c)) <= INT64_C(10000000000));
    good(c, 11, "N0000", 85); /* which is done */
    assert_int_equal(case_said_count(c), 64);
    expect_points(c, 64, 1000);
    assert_true(case_last(c, 0)->t_ns == CASE_EPOCH_NS + INT64_C(11000000000));
    heartbeat(c, 12, "GA");
    assert_int_equal(case_said_count(c), 64);
    tick(c, 13);
    assert_int_equal(case_said_count(c), 1024);
    expect_points(c, 1024, 1128);
    assert_true(hz_engine_next_due_ns(case_engine(c)) <= INT64_C(13000000000));
    tick(c, 14);
    assert_int_equal(case_said_count(c), 1024);
    tick(c, 15);
    assert_int_equal(case_said_count(c), MANY - 1128 - 2048);
    expect_points(c, MANY - 3176, 3176);
    assert_true(hz_engine_next_due_ns(case_engine(c)) > INT64_C(15000000000));
    tick(c, 16);
    said_nothing(c);
    case_free(c);
    free(before);
    free(after);
}

/* Each reading of a block of several is a record. */
static void switch_work_list_in_a_block(void **state)
{
    static const struct case_reading three[] = {{"N0000", 85}, {"N0001", 85}, {"N0002", 85}};
    struct case_point *before = many("90"), *after = many("80");
    struct rule_case *c = listed(H_RULE, before, after);

    (void)state;
    assert_int_equal(case_said_count(c), 1000);
    readings(c, 11, "a", three, 3);
    assert_int_equal(case_said_count(c), 192);
    case_free(c);
    free(before);
    free(after);
}

static void switch_touched_first(void **state)
{
    struct case_point *before = many("90"), *after = many("80");
    struct rule_case *c = listed(H_RULE, before, after);

    (void)state;
    assert_int_equal(case_said_count(c), 1000);
    good(c, 11, "N3999", 50); /* by the value it had; then the list; then by the new one */
    assert_int_equal(case_last(c, 65)->point, case_point(c, "N3999"));
    assert_int_equal(case_last(c, 65)->event, HZ_EVENT_RAISE);
    assert_true(case_last(c, 65)->value.f64 == 85);
    assert_int_equal(case_last(c, 0)->point, case_point(c, "N3999"));
    assert_int_equal(case_last(c, 0)->event, HZ_EVENT_CLEAR);
    assert_int_equal(case_said_count(c), 66);
    for (int i = 0; i < 3; i++)
        tick(c, 12 + i);
    assert_int_equal(case_said_count(c), MANY - 1064 - 1);
    assert_int_equal(case_last(c, 0)->point, case_point(c, "N3998"));
    case_free(c);
    free(before);
    free(after);
}

/* However late a point is worked off, its delay runs from the swap; once that is over, from nowhere. */
static void switch_work_list_and_delays(void **state)
{
    struct case_point *before = many("90"), *after = many("80");
    struct rule_case *c = listed(H_DELAYED, before, after); /* 10 s from 10 on */

    (void)state;
    tick(c, 15);
    tick(c, 19.999);
    said_nothing(c);
    good(c, 20, "N0000", 85); /* 64 more: due now */
    assert_int_equal(case_said_count(c), 1000 + 2 * 1024 + 64);
    assert_true(case_last(c, 0)->jt_ns == INT64_C(20000000000));
    tick(c, 30);
    assert_int_equal(case_said_count(c), MANY - 3112);
    assert_true(case_last(c, 0)->jt_ns == INT64_C(30000000000));
    case_free(c);
    free(before);
    free(after);
}

/* A delay of the old limit that runs out before the point is worked off is none any more. */
static void switch_work_list_and_old_delays(void **state)
{
    struct case_point *before = many("90"), *after = many("99");
    struct rule_case *c = listed_at(H_DELAYED, before, after, 95); /* due at 11; changed at 10 */

    (void)state;
    for (int s = 11; s < 30; s++)
        tick(c, s);
    said_nothing(c);
    case_free(c);
    free(before);
    free(after);
}

/* Nor does one begin to speak for another while the room is used up. */
static void switch_work_list_and_old_delays_of_many(void **state)
{
    static const char before[] = "- id: r\n  limits: {H: {severity: orange, delay: 10s}}\n";
    static const char after[] = "- id: r\n  limits: {HH: {severity: red}}\n";
    struct case_point *points = many("90");

    (void)state;
    for (int i = 0; i < MANY; i++)
        points[i].hh = "93";
    struct rule_case *c = listed_at(before, points, points, 95);
    assert_int_equal(case_said_count(c), 0);
    change(c, 10, after, points);
    assert_int_equal(case_said_count(c), 1000);
    tick(c, 11);
    assert_int_equal(case_said_count(c), MANY - 1000);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(case_last(c, (size_t)i)->level, HZ_LEVEL_HH);
    case_free(c);
    free(points);
}

/* A set that comes before the one before it was worked off. */
static void switch_again_while_listed(void **state)
{
    struct case_point *before = many("90"), *after = many("80");
    struct rule_case *c = listed(H_RULE, before, after);

    (void)state;
    assert_int_equal(case_said_count(c), 1000);
    change(c, 11, H_RULE, before); /* 64 more raise before it; these clear, the rest never raises */
    for (int i = 0; i < 8; i++)
        tick(c, 12 + i);
    assert_int_equal(case_said_count(c), 64 + 1064);
    assert_int_equal(case_last(c, 0)->event, HZ_EVENT_CLEAR);
    assert_int_equal(case_alarm(c, "N3500", HZ_SIDE_HIGH).state, HZ_STATE_NORMAL);
    case_free(c);
    free(before);
    free(after);
}

/* Marks of a list that another set finds still there. */
static void switch_again_while_delays_are_listed(void **state)
{
    static const char longer[] = "- id: r\n  limits: {H: {severity: orange, delay: 30s}}\n";
    static const char named[] =
        "- id: r\n  name: another\n  limits: {H: {severity: orange, delay: 30s}}\n";
    struct case_point *points = many("90");
    struct rule_case *c = listed_at(H_DELAYED, points, points, 95); /* due at 11 */

    (void)state;
    assert_true(hz_engine_next_due_ns(case_engine(c)) > INT64_C(10000000000)); /* the same set */
    change(c, 10, longer, points);
    change(c, 10, named, points);
    for (int s = 11; s < 40; s += 7)
        tick(c, s);
    said_nothing(c);
    tick(c, 39.999);
    said_nothing(c);
    tick(c, 40);
    assert_int_equal(case_said_count(c), MANY);
    expect_points(c, MANY, 0);
    case_free(c);
    free(points);
}

/* What a feed says of silence counts for points that nobody else speaks for, exactly from the swap. */
static void switch_changed_default_of_a_feed(void **state)
{
    static const char rule[] = "- id: r\n  stale: {severity: blue}\n";
    struct rule_case *c = case_new_with(rule, at_90, "  stale_after: 600s\n");

    (void)state;
    good(c, 1, "P1", 1);
    good(c, 30, "P2", 1);
    c->feed_settings = "  stale_after: 60s\n";
    change(c, 50, rule, at_90);
    tick(c, 60.999);
    said_nothing(c);
    tick(c, 300);
    said(c, "61 raise stale unack blue P1", "90 raise stale unack blue P2");
    good(c, 301, "P1", 1);
    good(c, 301, "P2", 1);
    said(c, "301 clear stale rtnun blue P1", "301 clear stale rtnun blue P2");
    c->feed_settings = "  stale_after: 100s\n";
    change(c, 302, rule, at_90);
    tick(c, 400.999);
    said_nothing(c);
    tick(c, 401);
    said(c, "401 raise stale unack blue P1", "401 raise stale unack blue P2");
    case_free(c);
}

/* However much is to be done, a call ends after its turn, with room left; the set before stays until
 * all is worked off. */
static void switch_work_in_turns(void **state)
{
    struct case_point *before = many("90"), *after = many("80");
    struct rule_case *c = case_new(H_RULE, before);
    struct hz_transition places[64];
    struct hz_engine *engine = case_engine(c);
    size_t calls = 0, count;
    bool done;

    (void)state;
    struct hz_record_ruleset ruleset = {
        .head = {.kind = HZ_RECORD_RULESET, .bytes = sizeof(ruleset)},
        .set = case_build(c, H_RULE, after)->digest};
    struct hz_block *block = case_block(c, 10, HZ_BLOCK_CONTROL, NULL);
    case_add(block, &ruleset);
    c->compared = CASE_ALWAYS;
    case_offer(c, engine, block);
    do {
        done = hz_engine_apply(engine, block, places, 64, &count);
        assert_int_equal(count, 0);
        calls++;
    } while (!done);
    assert_int_equal(calls, 2); /* a thousand points, 512 a turn */
    assert_null(hz_engine_take_retired(engine));
    c->next_seq += block->count;
    free(block);
    for (int s = 11; s < 14; s++)
        tick(c, s); /* takes what is retired: the harness frees it */
    assert_null(case_engine(c)->former);
    case_free(c);
    free(before);
    free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switch_unchanged_keeps_timers),
        cmocka_unit_test(switch_changed_limit),
        cmocka_unit_test(switch_changed_delay),
        cmocka_unit_test(switch_changed_severity),
        cmocka_unit_test(switch_changed_staleness),
        cmocka_unit_test(switch_shorter_staleness_is_foreseen),
        cmocka_unit_test(switch_clears_only_when_live),
        cmocka_unit_test(switch_may_raise_when_stale),
        cmocka_unit_test(switch_removed_rule),
        cmocka_unit_test(switch_removed_invalid_and_stale),
        cmocka_unit_test(switch_same_set),
        cmocka_unit_test(switch_keeps_the_feed),
        cmocka_unit_test(switch_work_list),
        cmocka_unit_test(switch_work_list_in_a_block),
        cmocka_unit_test(switch_touched_first),
        cmocka_unit_test(switch_work_list_and_delays),
        cmocka_unit_test(switch_work_list_and_old_delays),
        cmocka_unit_test(switch_work_list_and_old_delays_of_many),
        cmocka_unit_test(switch_again_while_listed),
        cmocka_unit_test(switch_again_while_delays_are_listed),
        cmocka_unit_test(switch_changed_default_of_a_feed),
        cmocka_unit_test(switch_work_in_turns),
    };

    return CASE_MAIN("switch", tests);
}
