/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may publish: a higher term takes over and the lower one stops for good; a stream of another
 * journal is left alone while anybody lives there and moved aside when nobody has for a while; two
 * processes with the same journal and term do not mix.
 */
#include "publish_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static struct redis_server server;
static struct world first, second;

static int begin(void **state)
{
    (void)state;
    redis_server_init(&server, false);
    redis_server_start(&server, NULL);
    world_init(&first, &server, 0x1111);
    world_init(&second, &server, 0x2222);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&first);
    world_done(&second);
    redis_server_done(&server);
    return 0;
}

static long long length(const char *key)
{
    return ask_number(&server, "XLEN %s", key);
}

static long long epoch(void)
{
    return strtoll(ask_text(&server, "HGET hz:1:{all}:meta epoch"), NULL, 10);
}

/* The same journal, started again elsewhere while the first process still runs. */
static void a_higher_term_takes_over(void **state)
{
    int64_t base_ms = first.c.wall_ms;
    long long before;

    (void)state;
    second.journal[0] = first.journal[0];
    second.journal[1] = first.journal[1];
    world_start(&first);
    world_make(&first, 300);
    world_until(&first, world_is_done);
    before = epoch();

    second.term = 7;
    second.c.wall_ms = base_ms;
    world_start(&second);
    world_make(&second, 300); /* the same alarms: both replay the same journal */
    assert_true(world_runs_until(&second, &first, world_is_done));
    world_make(&first, 50);
    assert_true(world_runs_until(&first, &second, world_is_fenced));
    world_make(&second, 100);
    assert_true(world_runs_until(&second, &first, world_is_done));
    world_check(&second, 1);
    assert_int_equal(epoch(), before); /* it is the same stream */
    assert_string_equal(ask_text(&server, "HGET hz:1:{all}:meta term"), "8");

    /* nor does it write states or values any more */
    const struct hz_latest value = {.point = case_id(&first.c, HZ_NAMED_POINT, "E1/TF1/P01")};
    hz_role_take(&hz_output);
    hz_publisher_latest(first.publisher, &value, 1);
    hz_publisher_news_end(first.publisher);
    assert_false(hz_publisher_wants_news(first.publisher));
    assert_int_equal(world_counts(&first).latest_sent, 0);

    /* for good: also when the other one has gone, and after a new connection */
    world_stop(&second);
    (void)ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
    world_make(&first, 50);
    world_spend(&first, 1000);
    assert_int_equal(length("hz:1:{all}:stream"), 400);
    assert_true(world_is_fenced(&first));
    assert_int_equal(first.told[HZ_OBSERVED_REDIS_LOST], 1); /* "over", at the first start */
    assert_int_equal(first.told[HZ_OBSERVED_FENCED], 2);     /* the same, and once that it is */
}

static void another_journal_that_lives_is_left_alone(void **state)
{
    (void)state;
    world_start(&first);
    world_make(&first, 200);
    world_until(&first, world_is_done);
    world_start(&second);
    world_make(&second, 50);
    assert_true(world_runs_until(&second, &first, world_is_foreign));
    for (unsigned i = 0; i < 10; i++) { /* both go on for ten heart-beats */
        world_spend(&first, 60);
        world_spend(&second, 60);
    }
    assert_true(world_is_foreign(&second));
    world_make(&first, 100);
    assert_true(world_runs_until(&first, &second, world_is_done));
    world_check(&first, 1);
    assert_int_equal(first.told[HZ_OBSERVED_FOREIGN], 1);
    assert_int_equal(second.told[HZ_OBSERVED_REDIS_LOST], 0); /* one alarm says it */
}

static void another_journal_that_is_silent_is_moved_aside(void **state)
{
    char aside[64];
    long long before;

    (void)state;
    world_start(&first);
    world_make(&first, 200);
    world_until(&first, world_is_done);
    before = epoch();
    world_stop(&first);
    world_start(&second);
    world_make(&second, 100);
    world_until(&second, world_is_foreign);
    world_until(&second, world_is_done);
    world_check(&second, 1);
    assert_int_equal(second.observed[HZ_OBSERVED_FOREIGN], 0);
    assert_int_equal(epoch(), before + 1);
    (void)snprintf(aside, sizeof(aside), "hz:1:{all}:stream:%lld", before);
    assert_int_equal(length(aside), 200);
    assert_true(ask_number(&server, "PTTL %s", aside) > 0); /* it does not stay for ever */
}

/* After a restart of Redis everybody is silent for a moment: who is in charge must come first. */
static void a_restart_of_redis_gives_nothing_away(void **state)
{
    (void)state;
    world_start(&first);
    world_make(&first, 200);
    world_until(&first, world_is_done);
    redis_server_keep_dump(&server, "kept.rdb");
    world_start(&second);
    world_make(&second, 50);
    assert_true(world_runs_until(&second, &first, world_is_foreign));
    redis_server_kill(&server);
    redis_server_take_dump(&server, "kept.rdb");
    redis_server_start(&server, NULL);
    (void)ask(&server, "DEL hz:1:{all}:alive");
    assert_true(world_runs_until(&second, NULL, world_is_up)); /* the wrong one is there first */
    world_spend(&second, 150);
    assert_true(world_runs_until(&first, &second, world_is_done));
    world_make(&first, 100);
    assert_true(world_runs_until(&first, &second, world_is_done));
    world_check(&first, 1);
    assert_true(world_is_foreign(&second));
}

/* Patience is counted on one connection: cutting it again and again makes it no shorter. */
static void reconnecting_is_not_waiting(void **state)
{
    (void)state;
    world_start(&first);
    world_make(&first, 200);
    world_until(&first, world_is_done);
    world_stop(&first);
    (void)ask(&server, "DEL hz:1:{all}:alive");
    second.redis.heartbeat_ns = 20 * HZ_NS_PER_S;
    world_start(&second);
    for (unsigned i = 0; i < 5; i++) {
        world_make(&second, 10);
        world_until(&second, world_is_up);
        world_spend(&second, 50);
        (void)ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
        world_until(&second, world_is_down);
    }
    world_until(&second, world_is_up);
    world_spend(&second, 50);
    assert_true(world_is_foreign(&second));
    assert_int_equal(length("hz:1:{all}:stream"), 200);
}

/* A copied state directory: same journal, same term, another process. */
static void two_of_the_same_do_not_mix(void **state)
{
    (void)state;
    second.journal[0] = first.journal[0];
    second.journal[1] = first.journal[1];
    world_start(&first);
    world_make(&first, 200);
    world_until(&first, world_is_done);
    second.c.random = 12345; /* it sees other alarms */
    world_start(&second);
    world_make(&second, 100);
    assert_true(world_runs_until(&second, &first, world_is_foreign));
    for (unsigned i = 0; i < 10; i++) {
        world_spend(&first, 60);
        world_spend(&second, 60);
    }
    world_make(&first, 100);
    assert_true(world_runs_until(&first, &second, world_is_done));
    world_check(&first, 1);
    assert_true(world_is_foreign(&second));
}

/* Somebody has added to our stream by hand: it is not ours any more, and is moved aside. */
static void a_stream_with_a_stranger_in_it_is_moved_aside(void **state)
{
    long long before;

    (void)state;
    world_start(&first);
    world_make(&first, 200);
    world_until(&first, world_is_done);
    before = epoch();
    (void)ask(&server, "XADD hz:1:{all}:stream %lld-77 what ever", (long long)first.c.last.ms);
    world_until(&first, world_is_foreign);
    world_make(&first, 100); /* with ids above the stranger's */
    world_until(&first, world_is_complete);
    world_check(&first, 1);
    assert_int_equal(epoch(), before + 1);
    assert_int_equal(first.observed[HZ_OBSERVED_FOREIGN], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_higher_term_takes_over, begin, end),
        cmocka_unit_test_setup_teardown(another_journal_that_lives_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(another_journal_that_is_silent_is_moved_aside, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_of_redis_gives_nothing_away, begin, end),
        cmocka_unit_test_setup_teardown(reconnecting_is_not_waiting, begin, end),
        cmocka_unit_test_setup_teardown(two_of_the_same_do_not_mix, begin, end),
        cmocka_unit_test_setup_teardown(a_stream_with_a_stranger_in_it_is_moved_aside, begin, end),
    };

    if (!redis_server_available())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
