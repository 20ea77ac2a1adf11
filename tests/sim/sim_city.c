/* SPDX-License-Identifier: Apache-2.0
 *
 * S-65 and the death of a large gateway: 25 000 points, a small city's.
 */
#include "case_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define POINTS 25000

#define RULES                                                                                      \
    "- id: r\n"                                                                                    \
    "  limits:\n"                                                                                  \
    "    H: {severity: orange, delay: 5s, clear_delay: 30s}\n"                                     \
    "  deadband: 1\n"                                                                              \
    "  invalid: {severity: yellow, after: 60s}\n"                                                  \
    "  stale: {severity: yellow, after: 60s}\n"                                                    \
    "- id: g\n"                                                                                    \
    "  each: gateway\n"                                                                            \
    "  silent: {after: {intervals: 3, at_least: 60s, at_most: 60s}}\n"                             \
    "  severity: red\n"

static struct case_point points[POINTS + 1];
static char codes[POINTS][8];

static struct rule_case *city(const char *alive_by)
{
    for (int i = 0; i < POINTS; i++) {
        snprintf(codes[i], sizeof(codes[i]), "N%05d", i);
        points[i] = (struct case_point){.code = codes[i], .h = "90", .alive_by = alive_by};
    }
    struct rule_case *c = case_new(RULES, points);
    case_unchecked(c);
    return c;
}

/* Every point speaks. */
static void all_say(struct rule_case *c, double s, double value)
{
    static struct case_reading list[1000];

    for (int from = 0; from < POINTS; from += 1000) {
        for (int i = 0; i < 1000; i++)
            list[i] = (struct case_reading){codes[from + i], value};
        readings(c, s, "a", list, 1000);
    }
}

static size_t count_of(struct rule_case *c, unsigned event, unsigned kind)
{
    size_t count = 0;

    for (size_t i = c->out_seen; i < c->out_count; i++)
        count += c->out[i].event == event && c->out[i].kind == kind;
    return count;
}

/* Down for ten minutes, with off-delays running: one alarm, and none of a point without a fresh
 * reading. What is still silent a full time after is, again, an alarm. */
static void sim_ten_minutes_down(void **state)
{
    struct rule_case *c = city(NULL);

    (void)state;
    heartbeat(c, 1, "GB");
    heartbeat(c, 1, "GE");
    all_say(c, 2, 50);
    good(c, 10, "N00007", 95);
    tick(c, 15);
    good(c, 20, "N00007", 50); /* its off-delay would end while we are down */
    bad(c, 20, "N00008", 50);
    assert_int_equal(case_said_count(c), 1);
    restart(c, 21, 621); /* and what a start writes besides */
    feed_lost(c, 621, "a");
    feed_lost(c, 621, "b");
    observe(c, 621, HZ_OBSERVED_CONFIG_FAULTY, NULL, 0);
    feed_back(c, 622, "b");
    feed_back(c, 623, "a");
    assert_int_equal(case_said_count(c), 2);
    assert_int_equal(case_last(c, 1)->system, HZ_OBSERVED_GAP);
    assert_int_equal(case_last(c, 1)->event, HZ_EVENT_RAISE);
    assert_int_equal(case_last(c, 0)->event, HZ_EVENT_CLEAR);
    assert_int_equal(case_counts(c).alarms_active, 2);
    tick(c, 640);
    tick(c, 679.9);
    assert_int_equal(case_said_count(c), 0);
    tick(c, 681.999);
    assert_int_equal(case_said_count(c), 1); /* invalid for 60 s of the engine's time */
    tick(c, 683);
    assert_int_equal(count_of(c, HZ_EVENT_RAISE, HZ_KIND_STALE), POINTS);
    assert_int_equal(count_of(c, HZ_EVENT_RAISE, HZ_KIND_GATEWAY), 3);
    assert_int_equal(case_said_count(c), POINTS + 3);
    case_free(c);
}

/* A gateway with 25 000 points dies and comes back, with room for eight at a time. */
static void sim_gateway_death(void **state)
{
    (void)state;
    for (case_regime = CASE_PLAIN; case_regime <= CASE_LITTLE_ROOM; case_regime++) {
        struct rule_case *c = city("gateway");

        all_say(c, 5, 50);
        for (int s = 20; s <= 100; s += 20)
            heartbeat(c, s, "GA");
        assert_int_equal(count_of(c, HZ_EVENT_RAISE, HZ_KIND_GATEWAY), 2); /* GB, GE */
        assert_int_equal(case_said_count(c), 2);
        tick(c, 159.999);
        assert_int_equal(case_said_count(c), 0);
        tick(c, 160);
        assert_int_equal(count_of(c, HZ_EVENT_RAISE, HZ_KIND_GATEWAY), 1);
        assert_int_equal(count_of(c, HZ_EVENT_RAISE, HZ_KIND_STALE), POINTS);
        for (uint32_t i = 0; i < POINTS; i++) { /* in ascending order, one record's */
            assert_int_equal(case_last(c, i)->index, POINTS - i);
            assert_true(i == 0 || case_last(c, i)->point < case_last(c, i - 1)->point);
        }
        assert_int_equal(case_said_count(c), POINTS + 1);
        heartbeat(c, 200, "GA");
        assert_int_equal(count_of(c, HZ_EVENT_CLEAR, HZ_KIND_GATEWAY), 1);
        assert_int_equal(count_of(c, HZ_EVENT_CLEAR, HZ_KIND_STALE), POINTS);
        assert_int_equal(case_said_count(c), POINTS + 1);
        case_free(c);
    }
    case_regime = CASE_PLAIN;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_ten_minutes_down),
        cmocka_unit_test(sim_gateway_death),
    };

    return cmocka_run_group_tests_name("city", tests, NULL, NULL);
}
