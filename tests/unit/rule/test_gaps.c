/* SPDX-License-Identifier: Apache-2.0
 *
 * S-61 to S-72 and S-147: time not watched, as a whole and for one feed; what the daemon saw of
 * itself. After a whole gap the wall clock is ahead of the engine's by what was not watched.
 */
#include "rule_case.h"

#include "hz_record.h"

#define DELAYED                                                                                    \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange, delay: 10s, clear_delay: 20s}}\n"
#define STALE_60                                                                                   \
    "- id: r\n"                                                                                    \
    "  stale: {severity: blue, after: 60s}\n"

static const struct case_point one[] = {{"P1", .h = "90", .deadband = "2"}, {0}};
/* One on each feed. */
static const struct case_point two[] = {{"P1", .h = "90"}, {"P2", .h = "90", .gateway = "GB"}, {0}};

#define GAP_SAID(s) s " raise not-watched unack orange", s " clear not-watched rtnun orange"

/* In alarm since 11, and back inside the limits since 12. */
static struct rule_case *in_off_delay(void)
{
    struct rule_case *c = case_new(DELAYED, one);

    good(c, 1, "P1", 91);
    tick(c, 11);
    good(c, 12, "P1", 50);
    said(c, "11 raise H unack orange P1 v=91");
    return c;
}

static void gaps_whole_cancels_off_delays(void **state)
{
    struct rule_case *c = in_off_delay();

    (void)state;
    not_watched(c, 15, 615);
    said(c, GAP_SAID("615"));
    tick(c, 700);
    said_nothing(c);
    good(c, 710, "P1", 49); /* starts again, in full */
    tick(c, 729.999);
    said_nothing(c);
    tick(c, 730);
    said(c, "730 clear H rtnun orange P1 v=49");
    case_free(c);
}

static void gaps_whole_full_stale_time(void **state)
{
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    good(c, 10, "P1", 1); /* P2 never spoke */
    not_watched(c, 50, 650);
    said(c, GAP_SAID("650"));
    tick(c, 709.999);
    said_nothing(c);
    tick(c, 710);
    said(c, "710 raise stale unack blue P1", "710 raise stale unack blue P2");
    case_free(c);
}

static void gaps_whole_on_delay_keeps_rest(void **state)
{
    struct rule_case *c = case_new(DELAYED, one);

    (void)state;
    good(c, 1, "P1", 91);
    not_watched(c, 5, 605);
    said(c, GAP_SAID("605"));
    tick(c, 610.999); /* four of ten seconds were over */
    said_nothing(c);
    tick(c, 611);
    said(c, "611 raise H unack orange P1 v=91");
    assert_int_equal(case_last(c, 0)->for_ns, INT64_C(10000000000));
    case_free(c);
}

static void gaps_whole_one_alarm(void **state)
{
    struct rule_case *c = case_new(DELAYED, two);
    struct hz_command_texts texts = {hz_slice("li"), hz_slice(""), hz_slice(""), hz_slice("")};

    (void)state;
    good(c, 1, "P1", 1);
    not_watched(c, 10, 12);
    said_nothing(c); /* not above 2 s */
    not_watched(c, 20, 22.001);
    said(c, GAP_SAID("22.001"));
    assert_int_equal(case_last(c, 0)->domain, HZ_DOMAIN_SYSTEM);
    assert_int_equal(case_last(c, 1)->ring, 1);
    uint64_t episode = case_last(c, 0)->alarm;
    not_watched(c, 30, 90);
    said(c, GAP_SAID("90"));
    assert_true(case_last(c, 0)->alarm == episode); /* not acknowledged between */
    struct hz_record_command ack = {.verb = HZ_VERB_ACK, .side = HZ_SIDE_SYSTEM, .alarm = episode};
    command_full(c, 91, &ack, &texts);
    said(c, "91 ack not-watched normal orange");
    restart(c, 95, 1000);
    said(c, GAP_SAID("1000"));
    assert_true(case_last(c, 0)->alarm != episode);
    case_free(c);
}

static void gaps_scoped_nothing_stale(void **state)
{
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    good(c, 1, "P1", 1);
    readings(c, 1, "b", &(struct case_reading){"P2", 1}, 1);
    feed_lost(c, 10, "a");
    tick(c, 300);
    said(c, "20 raise feed-lost unack orange a", "61 raise stale unack blue P2");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_UNOBSERVED);
    assert_int_equal(case_flags(c, "P2"), HZ_POINT_STALE);
    case_free(c);
}

static void gaps_scoped_cancels_off_delays(void **state)
{
    struct rule_case *c = in_off_delay(); /* due at 32 */

    (void)state;
    feed_lost(c, 15, "a");
    tick(c, 60);
    said(c, "25 raise feed-lost unack orange a");
    feed_back(c, 61, "a");
    said(c, "61 clear feed-lost rtnun orange a");
    tick(c, 100);
    said_nothing(c);
    good(c, 110, "P1", 50);
    tick(c, 130);
    said(c, "130 clear H rtnun orange P1 v=50");
    case_free(c);
}

/* Lost and back before the off-delay would have run out: cancelled all the same. */
static void gaps_scoped_short_cancels_too(void **state)
{
    struct rule_case *c = in_off_delay(); /* due at 32 */

    (void)state;
    feed_lost(c, 15, "a");
    feed_back(c, 16, "a");
    tick(c, 60);
    said_nothing(c);
    case_free(c);
}

static void gaps_scoped_on_delay_fires(void **state)
{
    struct rule_case *c = case_new(DELAYED, one);

    (void)state;
    good(c, 1, "P1", 91);
    feed_lost(c, 5, "a");
    tick(c, 12);
    said(c, "11 raise H unack orange P1 v=91");
    case_free(c);
}

static void gaps_scoped_full_stale_time(void **state)
{
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    good(c, 1, "P1", 1);
    feed_lost(c, 10, "a");
    feed_lost(c, 10, "b"); /* P2 never spoke: it belongs to its gateway's feed */
    feed_back(c, 15, "b");
    tick(c, 74.999);
    said(c, "20 raise feed-lost unack orange a");
    tick(c, 75);
    said(c, "75 raise stale unack blue P2");
    feed_back(c, 100, "a");
    tick(c, 159.999);
    said(c, "100 clear feed-lost rtnun orange a");
    tick(c, 160);
    said(c, "160 raise stale unack blue P1");
    case_free(c);
}

static void gaps_feed_lost_alarm(void **state)
{
    struct rule_case *c = case_new_with(STALE_60, two, "  lost_after: 20s\n");

    (void)state;
    feed_lost(c, 10, "a");
    feed_back(c, 29.999, "a");
    said_nothing(c);
    feed_lost(c, 30, "a");
    feed_lost(c, 31, "b");
    tick(c, 55);
    said(c, "50 raise feed-lost unack orange a", "51 raise feed-lost unack orange b");
    feed_back(c, 60, "b");
    feed_back(c, 61, "a");
    said(c, "60 clear feed-lost rtnun orange b", "61 clear feed-lost rtnun orange a");
    case_free(c);
}

static void gaps_feed_taken_out(void **state)
{
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    good(c, 1, "P1", 1);
    feed_gone(c, 5, "b"); /* one that was never lost: nothing to end */
    feed_lost(c, 10, "a");
    tick(c, 30);
    said(c, "20 raise feed-lost unack orange a");
    feed_gone(c, 40, "a");
    said(c, "40 clear feed-lost rtnun orange a");
    tick(c, 99.999);
    said(c, "65 raise stale unack blue P2");
    tick(c, 100);
    said(c, "100 raise stale unack blue P1");
    case_free(c);
}

/* Sockets were not read from 14 to 20. */
static void gaps_unread(void **state)
{
    struct rule_case *c = in_off_delay();

    (void)state;
    feed_unread(c, 14, 20, "b"); /* another feed: nothing of P1 */
    feed_unread(c, 14, 20, "a");
    tick(c, 60);
    said_nothing(c);
    case_free(c);

    c = case_new(STALE_60, two);
    good(c, 1, "P1", 1);
    readings(c, 1, "b", &(struct case_reading){"P2", 1}, 1);
    feed_unread(c, 14, 20, "a");
    tick(c, 79.999);
    said(c, "61 raise stale unack blue P2");
    tick(c, 80);
    said(c, "80 raise stale unack blue P1");
    case_free(c);
}

static void gaps_feed_of_a_point(void **state)
{
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    readings(c, 1, "b", &(struct case_reading){"P1", 1}, 1); /* though its gateway is on a */
    feed_lost(c, 5, "a");
    tick(c, 90);
    said(c, "15 raise feed-lost unack orange a", "60 raise stale unack blue P2",
         "61 raise stale unack blue P1");
    feed_back(c, 95, "a");
    good(c, 100, "P1", 1); /* and now it is on a */
    feed_lost(c, 105, "a");
    tick(c, 300);
    said(c, "95 clear feed-lost rtnun orange a", "100 clear stale rtnun blue P1",
         "115 raise feed-lost unack orange a");
    case_free(c);
}

/* Also in the middle of calm readings, and back. */
static void gaps_feed_of_a_calm_point(void **state)
{
    static const struct case_reading calm[] = {{"P1", 50}};
    static const struct case_point alone[] = {{"P1", .h = "90", .gateway = ""}, {0}};
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    for (int s = 10; s <= 40; s += 10)
        readings(c, s, s < 30 ? "a" : "b", calm, 1);
    feed_lost(c, 41, "b");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_UNOBSERVED);
    readings(c, 45, "a", calm, 1);
    assert_int_equal(case_flags(c, "P1"), 0);
    feed_lost(c, 46, "a");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_UNOBSERVED);
    said_nothing(c);
    case_free(c);

    c = case_new(STALE_60, alone);
    for (int s = 10; s <= 40; s += 10)
        readings(c, s, s < 30 ? "a" : "b", calm, 1);
    feed_lost(c, 41, "a");
    assert_int_equal(case_flags(c, "P1"), 0);
    feed_lost(c, 42, "b");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_UNOBSERVED);
    said_nothing(c);
    case_free(c);
}

/* A late reading by another feed is no sign that the point can be heard there: its dead-line, which has
 * long passed in the gap, must not fire. */
static void gaps_late_reading_moves_nothing(void **state)
{
    struct rule_case *c = case_new(STALE_60, two);

    (void)state;
    readings(c, 50, "b", &(struct case_reading){"P1", 1}, 1);
    feed_lost(c, 52, "b");
    stamped(c, 150, "P1", 2, 40); /* by feed a */
    reading(c, 151, (struct case_reading){"P1", 1, .stamp = 45, .flags = HZ_READING_RETAINED});
    reading(c, 152, (struct case_reading){"P1", 1, .flags = HZ_READING_HISTORIC});
    tick(c, 160);
    said(c, "62 raise feed-lost unack orange b");
    assert_int_equal(case_flags(c, "P1"), HZ_POINT_UNOBSERVED);
    good(c, 170, "P1", 1);
    assert_int_equal(case_flags(c, "P1"), 0);
    tick(c, 230);
    said(c, "230 raise stale unack blue P1");
    case_free(c);
}

static void gaps_observe(void **state)
{
    struct rule_case *c = case_new(DELAYED, one);

    (void)state;
    observe(c, 1, HZ_OBSERVED_DISK_STALLED, NULL, 1);
    observe(c, 2, HZ_OBSERVED_DISK_STALLED, NULL, 17);
    observe(c, 3, HZ_OBSERVED_QOS2, "b", 1);
    observe(c, 4, HZ_OBSERVED_QOS2, "a", 1);
    observe(c, 5, HZ_OBSERVED_RING_FULL, NULL, 0);
    said(c, "1 raise disk-stalled unack red", "3 raise qos2-refused unack orange b",
         "4 raise qos2-refused unack orange a");
    observe(c, 6, HZ_OBSERVED_DISK_STALLED, NULL, 0);
    observe(c, 7, HZ_OBSERVED_QOS2, "b", 0);
    observe(c, 8, HZ_OBSERVED_DISK_STALLED, NULL, 0);
    said(c, "6 clear disk-stalled rtnun red", "7 clear qos2-refused rtnun orange b");
    observe(c, 9, HZ_OBSERVED_DISK_STALLED, NULL, 1);
    said(c, "9 raise disk-stalled unack red");
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_whole_cancels_off_delays),
        cmocka_unit_test(gaps_whole_full_stale_time),
        cmocka_unit_test(gaps_whole_on_delay_keeps_rest),
        cmocka_unit_test(gaps_whole_one_alarm),
        cmocka_unit_test(gaps_scoped_nothing_stale),
        cmocka_unit_test(gaps_scoped_cancels_off_delays),
        cmocka_unit_test(gaps_scoped_short_cancels_too),
        cmocka_unit_test(gaps_scoped_on_delay_fires),
        cmocka_unit_test(gaps_scoped_full_stale_time),
        cmocka_unit_test(gaps_feed_lost_alarm),
        cmocka_unit_test(gaps_feed_taken_out),
        cmocka_unit_test(gaps_unread),
        cmocka_unit_test(gaps_feed_of_a_point),
        cmocka_unit_test(gaps_feed_of_a_calm_point),
        cmocka_unit_test(gaps_late_reading_moves_nothing),
        cmocka_unit_test(gaps_observe),
    };

    return CASE_MAIN("gaps", tests);
}
