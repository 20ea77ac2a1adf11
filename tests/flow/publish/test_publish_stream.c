/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever Redis goes through, in the end its stream is complete and in order and its active hash right:
 * killed and started empty, emptied under load, rolled back to an older dump, stopped for a while,
 * full, without the script, without the active hash, trimmed.
 */
#include "publish_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static struct redis_server server;
static struct world w;

static int begin(void **state)
{
    (void)state;
    redis_server_init(&server, false);
    redis_server_start(&server, NULL);
    world_init(&w, &server, 0x1234);
    world_start(&w);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    redis_server_done(&server);
    return 0;
}

/* Alarms all the while that the loop runs. */
static void make_for(unsigned rounds, unsigned each)
{
    for (unsigned i = 0; i < rounds; i++) {
        world_make(&w, each);
        world_spend(&w, 1);
    }
}

static uint64_t recorded(const struct hz_histogram *times)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= HZ_HISTOGRAM_BOUNDS; i++)
        count += atomic_load(&times->buckets[i]);
    return count;
}

/* Of each append once, not of each alert; those that waited for Redis are in `alert` only. */
static void check_times(uint64_t alerts)
{
    const struct hz_publisher_times *times = hz_publisher_times(w.publisher);

    assert_in_range(recorded(&times->alert), 1 + alerts / 64, alerts / 2);
    assert_in_range(recorded(&times->append), 1, recorded(&times->alert));
    assert_true(atomic_load(&times->alert.sum_ns) > 0);
}

static void alarms_arrive_in_order(void **state)
{
    (void)state;
    make_for(50, 30);
    world_until(&w, world_is_done);
    world_check(&w, 1);
    assert_int_equal(world_counts(&w).published, 1500);
    assert_int_equal(world_counts(&w).gaps, 0);
    assert_int_equal(world_counts(&w).refetched, 0);
    check_times(1500);
}

/* More than the tail holds: the older ones come from the alarms log. */
static void redis_is_killed_and_starts_empty(void **state)
{
    (void)state;
    make_for(20, 100);
    redis_server_kill(&server);
    make_for(100, 100);
    assert_true(world_counts(&w).waiting >= 10000);
    world_until(&w, world_is_lost);
    redis_server_start(&server, NULL);
    make_for(20, 100);
    world_until(&w, world_is_done);
    world_check(&w, 1);
    assert_true(world_is_found(&w));
    assert_true(world_counts(&w).refetched > 4000);
}

static void redis_is_emptied_under_load(void **state)
{
    unsigned renewals;

    (void)state;
    make_for(20, 100);
    world_until(&w, world_is_done);
    renewals = w.renewals;
    for (unsigned i = 0; i < 5; i++) {
        (void)ask(&server, "FLUSHALL");
        make_for(7, 100);
    }
    world_until(&w, world_is_done);
    world_check(&w, 1);
    assert_true(world_counts(&w).gaps > 0);
    assert_true(w.renewals > renewals); /* latest values are wanted again */
}

/* Nobody raises an alarm: the heart-beat finds out. */
static void redis_is_emptied_in_silence(void **state)
{
    char epoch[32];

    (void)state;
    world_make(&w, 500);
    world_until(&w, world_is_done);
    (void)snprintf(epoch, sizeof(epoch), "%s", ask_text(&server, "HGET hz:1:{all}:meta epoch"));
    (void)ask(&server, "FLUSHALL");
    world_until(&w, world_is_complete);
    world_check(&w, 1);
    /* the same stream under the same ids: for consumers nothing happened */
    assert_string_equal(ask_text(&server, "HGET hz:1:{all}:meta epoch"), epoch);
}

static void redis_comes_back_with_an_older_dump(void **state)
{
    (void)state;
    make_for(10, 100);
    world_until(&w, world_is_done);
    redis_server_keep_dump(&server, "older.rdb");
    make_for(60, 100);
    world_until(&w, world_is_done);
    redis_server_kill(&server);
    redis_server_take_dump(&server, "older.rdb");
    redis_server_start(&server, NULL);
    make_for(10, 100);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void redis_stands_still_for_a_while(void **state)
{
    (void)state;
    make_for(10, 100);
    redis_server_signal(&server, SIGSTOP);
    world_make(&w, 100);
    world_until(&w, world_is_down); /* by the dead-line for replies */
    make_for(10, 100);
    redis_server_signal(&server, SIGCONT);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void the_script_is_gone(void **state)
{
    (void)state;
    make_for(10, 100);
    for (unsigned i = 0; i < 5; i++) {
        (void)ask(&server, "SCRIPT FLUSH");
        make_for(5, 100);
    }
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void the_active_hash_is_gone(void **state)
{
    (void)state;
    world_make(&w, 1000);
    world_until(&w, world_is_done);
    (void)ask(&server, "DEL hz:1:{all}:active");
    world_until(&w, world_is_complete);
    world_check(&w, 1);
    (void)ask(&server, "DEL hz:1:{all}:active");
    make_for(10, 100);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void only_the_stream_is_gone(void **state)
{
    (void)state;
    world_make(&w, 1000);
    world_until(&w, world_is_done);
    (void)ask(&server, "DEL hz:1:{all}:stream");
    make_for(10, 100);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

/* Consumers with groups make the stream when they miss it: it is there, and nothing is in it. */
static void the_stream_is_gone_and_made_by_a_consumer(void **state)
{
    (void)state;
    world_make(&w, 1000);
    world_until(&w, world_is_done);
    (void)ask(&server, "DEL hz:1:{all}:stream");
    (void)ask(&server, "XGROUP CREATE hz:1:{all}:stream readers $ MKSTREAM");
    world_make(&w, 1);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

/* A Redis without memory refuses whole calls: nothing of a call is done when it is refused. */
static void redis_is_full(void **state)
{
    (void)state;
    make_for(10, 100);
    world_until(&w, world_is_done);
    (void)ask(&server, "CONFIG SET maxmemory 1");
    make_for(10, 100);
    world_until(&w, world_is_lost);
    world_spend(&w, 300);
    assert_true(world_counts(&w).waiting >= 1000);
    (void)ask(&server, "CONFIG SET maxmemory 0");
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static bool is_trimmed(struct world *world)
{
    return ask_number(world->server, "XLEN hz:1:{all}:stream") < 1300;
}

/* The ceiling is kept to within a node of the stream; what is left is the newest, without a hole. */
static void the_stream_has_a_ceiling(void **state)
{
    (void)state;
    world_stop(&w);
    w.redis.maxlen = 1000;
    world_start(&w);
    make_for(60, 100);
    world_until(&w, world_is_done);
    world_until(&w, is_trimmed);
    long long length = ask_number(&server, "XLEN hz:1:{all}:stream");
    assert_true(length >= 1000);
    world_check(&w, w.log.count - (uint64_t)length + 1);
    /* and a refill begins there, too */
    uint64_t published = world_counts(&w).published;
    (void)ask(&server, "FLUSHALL");
    world_until(&w, world_is_complete);
    assert_int_equal(world_counts(&w).published - published, 1000);
    length = ask_number(&server, "XLEN hz:1:{all}:stream");
    assert_in_range(length, 1000, 1300);
    world_check(&w, w.log.count - (uint64_t)length + 1);
}

static bool has_forgotten(struct world *world)
{
    return ask_number(world->server, "XLEN hz:1:{all}:stream") < 700;
}

/* The first 500 alarms are older than the retention, which was longer when they were published. */
static void what_is_older_than_the_retention_goes(void **state)
{
    uint64_t length;

    (void)state;
    w.c.wall_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS - 3 * 3600 * INT64_C(1000);
    world_make(&w, 500);
    w.c.wall_ms += 2 * 3600 * 1000 + 60000;
    world_make(&w, 500);
    world_until(&w, world_is_done);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 1000);
    world_stop(&w);
    w.redis.retention_ns = 3600 * HZ_NS_PER_S;
    world_start(&w);
    world_until(&w, world_is_done);
    world_until(&w, has_forgotten);
    length = (uint64_t)ask_number(&server, "XLEN hz:1:{all}:stream");
    assert_in_range(length, 500, 700);
    world_check(&w, w.log.count - length + 1);
    (void)ask(&server, "FLUSHALL"); /* the refill begins with the first that is young enough */
    world_until(&w, world_is_complete);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 500);
    world_check(&w, 501);
}

/* A restart of the daemon goes on where Redis stands: nothing is written twice, the epoch stays. */
static void the_daemon_starts_again(void **state)
{
    char epoch[32];

    (void)state;
    make_for(10, 100);
    world_until(&w, world_is_done);
    (void)snprintf(epoch, sizeof(epoch), "%s", ask_text(&server, "HGET hz:1:{all}:meta epoch"));
    world_stop(&w);
    world_start(&w);
    world_make(&w, 10);
    world_until(&w, world_is_done);
    world_check(&w, 1);
    assert_int_equal(world_counts(&w).published, 10);
    assert_string_equal(ask_text(&server, "HGET hz:1:{all}:meta epoch"), epoch);
    assert_string_equal(ask_text(&server, "HGET hz:1:{all}:meta term"), "2");
}

/* What a stop finds waiting still goes out. */
static void a_stop_sends_what_it_can(void **state)
{
    (void)state;
    world_until(&w, world_is_done);
    world_make(&w, 3000);
    world_stop(&w);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 3000);
    world_start(&w);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

/* The alarms log has dropped its oldest part, Redis all: the rest is published. */
static void a_log_that_begins_late(void **state)
{
    (void)state;
    make_for(90, 100);
    world_until(&w, world_is_done);
    w.log.oldest = 2001;
    (void)ask(&server, "FLUSHALL");
    world_until(&w, world_is_complete);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 7000);
}

static unsigned long long newest_n;

/* While the stream is filled from its beginning, the active hash stays as of the newest entry. */
static bool is_complete_and_never_went_back(struct world *world)
{
    unsigned long long n = strtoull(ask_text(world->server, "HGET hz:1:{all}:active @n"), NULL, 10);

    assert_true(n >= newest_n);
    newest_n = n;
    return world_is_complete(world);
}

static void a_refill_does_not_turn_the_active_hash_back(void **state)
{
    (void)state;
    make_for(90, 100);
    world_until(&w, world_is_done);
    (void)ask(&server, "FLUSHALL");
    newest_n = 0;
    world_until(&w, is_complete_and_never_went_back);
    assert_int_equal(newest_n, 9000);
    world_check(&w, 1);
}

static const char *durable_of_newest(void)
{
    static char value[8];
    const redisReply *last = ask(&server, "XREVRANGE hz:1:{all}:stream + - COUNT 1");

    (void)snprintf(value, sizeof(value), "%s",
                   last->element[0]->element[1]->element[2 * HZ_FIELD_DURABLE + 1]->str);
    return value;
}

/* What went out while the disk stalled says so; written again later, it says that it is on disk. */
static void an_alert_says_whether_its_cause_was_on_disk(void **state)
{
    (void)state;
    world_make(&w, 10);
    world_offer(&w, 10);
    world_release(&w, false);
    world_until(&w, world_is_done);
    assert_string_equal(durable_of_newest(), "0");
    world_offer(&w, 1);
    world_release(&w, true);
    world_until(&w, world_is_done);
    assert_string_equal(durable_of_newest(), "1");
    (void)ask(&server, "FLUSHALL");
    world_until(&w, world_is_complete);
    world_check(&w, 1); /* with durable 1 in all */
}

/* More than the tail holds waits for the disk: nothing of it is dropped, nothing goes out early. */
static void what_is_not_released_waits(void **state)
{
    (void)state;
    world_make(&w, 100);
    world_until(&w, world_is_done);
    world_offer(&w, 9000);
    w.log.error = HZ_ENOTFOUND; /* the log does not have it yet either */
    world_release_to(&w, 110, true);
    world_spend(&w, 300);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 110);
    assert_int_equal(hz_mirror_newest(w.mirror), 110);
    w.log.error = 0;
    world_release(&w, true);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void unreadable_entries(int error)
{
    make_for(90, 100);
    world_until(&w, world_is_done);
    w.log.error = error;
    (void)ask(&server, "FLUSHALL");
    world_until(&w, world_is_complete);
    long long length = ask_number(&server, "XLEN hz:1:{all}:stream");
    assert_in_range(length, 2000, 8000);
    world_make(&w, 50); /* newer alerts are not held up */
    world_until(&w, world_is_complete);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), length + 50);
}

static void a_log_that_can_not_be_read(void **state)
{
    (void)state;
    unreadable_entries(HZ_ECORRUPT);
}

static void a_log_that_has_nothing(void **state)
{
    (void)state;
    unreadable_entries(HZ_ENOTFOUND);
}

/* Redis is behind by more than the tail holds, and a part of the log can't be had. */
static void fall_behind(void)
{
    make_for(10, 100);
    world_until(&w, world_is_done);
    redis_server_keep_dump(&server, "kept.rdb");
    redis_server_kill(&server);
    make_for(90, 100);
    redis_server_take_dump(&server, "kept.rdb");
}

static void a_hole_behind_the_place_is_counted(void **state)
{
    (void)state;
    fall_behind();
    w.log.hole_from = 1001;
    w.log.hole_to = 1500;
    redis_server_start(&server, NULL);
    world_until(&w, world_is_complete);
    assert_int_equal(world_counts(&w).skipped, 500);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 9500);
}

static void behind_the_place_nothing_can_be_read(int error)
{
    fall_behind();
    w.log.fetch_error = error;
    redis_server_start(&server, NULL);
    world_until(&w, world_is_complete);
    uint64_t skipped = world_counts(&w).skipped;
    assert_in_range(skipped, 1000, 8000);
    assert_int_equal(ask_number(&server, "XLEN hz:1:{all}:stream"), 10000 - skipped);
}

static void behind_the_place_the_log_is_damaged(void **state)
{
    (void)state;
    behind_the_place_nothing_can_be_read(HZ_ECORRUPT);
}

static void behind_the_place_the_log_ends(void **state)
{
    (void)state;
    behind_the_place_nothing_can_be_read(HZ_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alarms_arrive_in_order, begin, end),
        cmocka_unit_test_setup_teardown(redis_is_killed_and_starts_empty, begin, end),
        cmocka_unit_test_setup_teardown(redis_is_emptied_under_load, begin, end),
        cmocka_unit_test_setup_teardown(redis_is_emptied_in_silence, begin, end),
        cmocka_unit_test_setup_teardown(redis_comes_back_with_an_older_dump, begin, end),
        cmocka_unit_test_setup_teardown(redis_stands_still_for_a_while, begin, end),
        cmocka_unit_test_setup_teardown(the_script_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(the_active_hash_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(only_the_stream_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(the_stream_is_gone_and_made_by_a_consumer, begin, end),
        cmocka_unit_test_setup_teardown(redis_is_full, begin, end),
        cmocka_unit_test_setup_teardown(the_stream_has_a_ceiling, begin, end),
        cmocka_unit_test_setup_teardown(what_is_older_than_the_retention_goes, begin, end),
        cmocka_unit_test_setup_teardown(the_daemon_starts_again, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_sends_what_it_can, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_begins_late, begin, end),
        cmocka_unit_test_setup_teardown(a_refill_does_not_turn_the_active_hash_back, begin, end),
        cmocka_unit_test_setup_teardown(an_alert_says_whether_its_cause_was_on_disk, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_released_waits, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_can_not_be_read, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_has_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_hole_behind_the_place_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(behind_the_place_the_log_is_damaged, begin, end),
        cmocka_unit_test_setup_teardown(behind_the_place_the_log_ends, begin, end),
    };

    if (!redis_server_available())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
