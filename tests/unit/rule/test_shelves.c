/* SPDX-License-Identifier: Apache-2.0
 *
 * S-33 to S-39: alarms that a person puts away, for a time (shelve) or until further notice (out of
 * service). They are evaluated all the same.
 */
#include "rule_case.h"

#include "hz_record.h"

#define RULE                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits: {HH: {severity: red}, H: {severity: orange}, L: {severity: blue}}\n"                \
    "  invalid: {severity: yellow}\n"
#define UNTIL(s) (CASE_EPOCH_NS + (s)*INT64_C(1000000000))

static const struct case_point points[] = {{"P1", .l = "10", .h = "90", .hh = "95"}, {0}};

/* In alarm H since 1. */
static struct rule_case *in_alarm(void)
{
    struct rule_case *c = case_new(RULE, points);

    good(c, 1, "P1", 91);
    said(c, "1 raise H unack orange P1 v=91");
    return c;
}

static void shelves_evaluation_goes_on(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    shelve(c, 2, "P1", HZ_SIDE_HIGH, 100);
    said(c, "2 shelve H shelved orange P1");
    assert_true(case_last(c, 0)->until_ns == UNTIL(100));
    assert_int_equal(case_last(c, 0)->active, 1);
    good(c, 3, "P1", 50);
    good(c, 4, "P1", 92);
    said(c, "3 clear H shelved orange P1 v=50", "4 raise H shelved orange P1 v=92");
    assert_int_equal(case_last(c, 0)->ring, 0);
    good(c, 5, "P1", 9); /* the other side is not shelved */
    said(c, "5 clear H shelved orange P1 v=9", "5 raise L unack blue P1 v=9");
    assert_int_equal(case_last(c, 0)->ring, 1);
    command(c, 6, HZ_VERB_ACK, "P1", HZ_SIDE_HIGH); /* nothing to acknowledge */
    said_nothing(c);
    case_free(c);
}

/* The state matches the condition as it is then. */
static void shelves_end_by_hand(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    command(c, 2, HZ_VERB_UNSHELVE, "P1", HZ_SIDE_HIGH); /* is not shelved */
    said_nothing(c);
    shelve(c, 3, "P1", HZ_SIDE_HIGH, 100);
    command(c, 4, HZ_VERB_UNSHELVE, "P1", HZ_SIDE_HIGH);
    said(c, "3 shelve H shelved orange P1", "4 unshelve H unack orange P1");
    assert_true(case_last(c, 0)->until_ns == 0);
    assert_int_equal(case_last(c, 0)->ring, 0);
    shelve(c, 5, "P1", HZ_SIDE_HIGH, 100);
    good(c, 6, "P1", 50);
    command(c, 7, HZ_VERB_UNSHELVE, "P1", HZ_SIDE_HIGH);
    said(c, "5 shelve H shelved orange P1", "6 clear H shelved orange P1 v=50",
         "7 unshelve H normal orange P1");
    tick(c, 200); /* nothing is left of it */
    said_nothing(c);
    assert_int_equal(case_counts(c).alarms_active, 0);
    case_free(c);
}

/* By the clock on the wall, which is not the engine's: with the first record at or after it. */
static void shelves_end_by_time(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    shelve(c, 2, "P1", HZ_SIDE_HIGH, 50);
    tick(c, 49.999);
    said(c, "2 shelve H shelved orange P1");
    tick(c, 50);
    said(c, "50 unshelve H unack orange P1");
    assert_int_equal(case_last(c, 0)->actor_length, 0);
    shelve(c, 60, "P1", HZ_SIDE_HIGH, 100);
    shelve(c, 70, "P1", HZ_SIDE_HIGH, 90); /* another end */
    tick(c, 89);
    said(c, "60 shelve H shelved orange P1", "70 shelve H shelved orange P1");
    wall_steps(c, 30);
    tick(c, 119);
    said(c, "119 unshelve H unack orange P1");
    case_free(c);
}

static void shelves_a_higher_level_ends_it(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    shelve(c, 2, "P1", HZ_SIDE_HIGH, 100);
    good(c, 3, "P1", 96);
    said(c, "2 shelve H shelved orange P1", "3 escalate HH unack red P1 v=96");
    assert_int_equal(case_last(c, 0)->ring, 1);
    shelve(c, 4, "P1", HZ_SIDE_HIGH, 100); /* at HH: covers both */
    good(c, 5, "P1", 91);
    good(c, 6, "P1", 97);
    said(c, "4 shelve HH shelved red P1", "5 deescalate H shelved orange P1 v=91",
         "6 escalate HH shelved red P1 v=97");
    tick(c, 100);
    said(c, "100 unshelve HH unack red P1");
    shelve(c, 110, "P1", HZ_SIDE_HIGH, 200);
    good(c, 111, "P1", 50);
    good(c, 112, "P1", 98); /* out of a clear, and still covered */
    said(c, "110 shelve HH shelved red P1", "111 clear HH shelved red P1 v=50",
         "112 raise HH shelved red P1 v=98");
    case_free(c);
}

static void shelves_a_normal_alarm(void **state)
{
    struct rule_case *c = case_new(RULE, points);

    (void)state;
    shelve(c, 1, "P1", HZ_SIDE_HIGH, 100); /* before it comes, up to H */
    good(c, 2, "P1", 91);
    said(c, "1 shelve H shelved orange P1", "2 raise H shelved orange P1 v=91");
    good(c, 3, "P1", 96);
    said(c, "3 escalate HH unack red P1 v=96");
    shelve(c, 4, "P1", HZ_SIDE_INVALID, 100);
    bad(c, 5, "P1", 1);
    said(c, "4 shelve invalid shelved yellow P1", "5 raise invalid shelved yellow P1");
    good(c, 6, "P1", 97);
    said(c, "6 clear invalid shelved yellow P1");
    tick(c, 100);
    said(c, "100 unshelve invalid normal yellow P1");
    case_free(c);
}

static void shelves_that_do_not_fit(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    shelve(c, 10, "P1", HZ_SIDE_HIGH, 10);   /* over before it begins */
    shelve(c, 11, "P1", HZ_SIDE_STALE, 100); /* the rule has no such alarm */
    command(c, 12, HZ_VERB_RETURN, "P1", HZ_SIDE_HIGH);
    observe(c, 13, HZ_OBSERVED_REDIS_LOST, NULL, 1);
    said(c, "13 raise redis-lost unack orange");
    struct hz_record_command head = {.verb = HZ_VERB_SHELVE,
                                     .side = HZ_SIDE_SYSTEM,
                                     .alarm = case_last(c, 0)->alarm,
                                     .until_wall_ns = UNTIL(100)};
    command_full(c, 14, &head, &(struct hz_command_texts){.actor = hz_slice("z")});
    said_nothing(c); /* what the daemon says of itself is not put away */
    case_free(c);
}

static void shelves_out_of_service(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    command(c, 2, HZ_VERB_OOS, "P1", HZ_SIDE_HIGH);
    good(c, 3, "P1", 96); /* whatever comes */
    good(c, 4, "P1", 50);
    good(c, 5, "P1", 92);
    said(c, "2 oos H oos orange P1", "3 escalate HH oos red P1 v=96", "4 clear HH oos red P1 v=50",
         "5 raise H oos orange P1 v=92");
    shelve(c, 6, "P1", HZ_SIDE_HIGH, 100);
    command(c, 7, HZ_VERB_ACK, "P1", HZ_SIDE_HIGH);
    command(c, 8, HZ_VERB_UNSHELVE, "P1", HZ_SIDE_HIGH);
    tick(c, 500);
    said_nothing(c);
    command(c, 501, HZ_VERB_RETURN, "P1", HZ_SIDE_HIGH);
    said(c, "501 return H unack orange P1");
    command(c, 502, HZ_VERB_OOS, "P1", HZ_SIDE_HIGH);
    good(c, 503, "P1", 50);
    command(c, 504, HZ_VERB_RETURN, "P1", HZ_SIDE_HIGH);
    said(c, "502 oos H oos orange P1", "503 clear H oos orange P1 v=50",
         "504 return H normal orange P1");
    case_free(c);
}

/* Out of service has no end of its own, though the shelf had one. */
static void shelves_then_out_of_service(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    shelve(c, 2, "P1", HZ_SIDE_HIGH, 50);
    command(c, 3, HZ_VERB_OOS, "P1", HZ_SIDE_HIGH);
    said(c, "2 shelve H shelved orange P1", "3 oos H oos orange P1");
    assert_true(case_last(c, 0)->until_ns == 0);
    tick(c, 100);
    said_nothing(c);
    command(c, 101, HZ_VERB_RETURN, "P1", HZ_SIDE_HIGH);
    said(c, "101 return H unack orange P1");
    case_free(c);
}

/* A rule that leaves takes its alarms along, put away or not. */
static void shelves_and_removed_rules(void **state)
{
    struct rule_case *c = in_alarm();

    (void)state;
    shelve(c, 2, "P1", HZ_SIDE_HIGH, 100);
    shelve(c, 3, "P1", HZ_SIDE_LOW, 100);
    said_anything(c);
    change(c, 4, "- id: s\n  stale: {severity: blue}\n", points);
    said(c, "4 remove L normal blue P1", "4 remove H normal orange P1");
    tick(c, 200);
    said_nothing(c);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shelves_evaluation_goes_on),
        cmocka_unit_test(shelves_end_by_hand),
        cmocka_unit_test(shelves_end_by_time),
        cmocka_unit_test(shelves_a_higher_level_ends_it),
        cmocka_unit_test(shelves_a_normal_alarm),
        cmocka_unit_test(shelves_that_do_not_fit),
        cmocka_unit_test(shelves_out_of_service),
        cmocka_unit_test(shelves_then_out_of_service),
        cmocka_unit_test(shelves_and_removed_rules),
    };

    return CASE_MAIN("shelves", tests);
}
