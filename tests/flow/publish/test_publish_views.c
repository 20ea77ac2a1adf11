/* SPDX-License-Identifier: Apache-2.0
 *
 * Views against a real Redis: each has a stream of its own without holes and an active hash of what
 * belongs to it, whatever Redis goes through, and whatever the others do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "publish_world.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS(...)                                                                                  \
    {                                                                                              \
        (const char *const[]){__VA_ARGS__},                                                        \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                            \
    }

/* Alarms of E1 are in `e1`; those of its odd points in `env` as well; `e2` has none. */
static const struct hz_view_config views[] = {
    {.name = "e1", .districts = KEYS("3303")},
    {.name = "env", .enterprises = KEYS("E1"), .domains = 1 << HZ_DOMAIN_ENV},
    {.name = "e2", .enterprises = KEYS("E2")},
};

static struct redis_server server;
static struct world w;

static int begin(void **state)
{
    (void)state;
    redis_server_init(&server, false);
    redis_server_start(&server, NULL);
    world_init(&w, &server, 77);
    hz_set_unref(case_use_views(&w.c, views, 3));
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    redis_server_done(&server);
    return 0;
}

/* --- comparing --- */

static const struct hz_view_place *place_in(const struct hz_entry *entry, uint32_t view)
{
    const struct hz_view_place *places = hz_entry_places(entry);

    for (uint32_t i = 0; i < entry->place_count; i++)
        if (places[i].view == view)
            return &places[i];
    return NULL;
}

static const char *field_of(const redisReply *entry, const char *name)
{
    for (size_t i = 0; i + 1 < entry->element[1]->elements; i += 2)
        if (strcmp(entry->element[1]->element[i]->str, name) == 0)
            return entry->element[1]->element[i + 1]->str;
    return "";
}

/* The stream is what has a place in it, with its own numbers: from `first` of the log on. */
static uint64_t check_stream(const char *name, uint64_t first)
{
    const redisReply *all = ask(&server, "XRANGE hz:1:{%s}:stream - +", name);
    uint32_t view = case_id(&w.c, HZ_NAMED_VIEW, name);
    size_t at = 0;

    for (uint64_t number = first; number <= w.log.count; number++) {
        const struct hz_entry *entry = w.log.entries[number - 1];
        const struct hz_view_place *place = place_in(entry, view);
        char id[HZ_STREAM_ID_TEXT_BYTES];
        if (!place)
            continue;
        assert_true(at < all->elements);
        hz_stream_id_text(entry->id, id);
        assert_string_equal(all->element[at]->element[0]->str, id);
        assert_int_equal(strtoull(field_of(all->element[at], "n"), NULL, 10), place->n);
        at++;
    }
    assert_int_equal(at, all->elements);
    return at;
}

/* So many alarms of points with this remainder by 2 (2: any) are active. */
static unsigned active_points(unsigned remainder)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CASE_POINTS; i++)
        count += w.c.alarms[i] != 0 && (remainder == 2 || i % 2 == remainder);
    return count;
}

/* `alarms`, and the tag: the newest entry of the view, or 0-0 and 0. */
static void check_active(const char *name, unsigned alarms)
{
    uint32_t view = case_id(&w.c, HZ_NAMED_VIEW, name);
    char id[HZ_STREAM_ID_TEXT_BYTES];

    hz_stream_id_text(w.c.views[view].id, id);
    assert_string_equal(ask_text(&server, "HGET hz:1:{%s}:active @id", name), id);
    assert_int_equal(strtoull(ask_text(&server, "HGET hz:1:{%s}:active @n", name), NULL, 10),
                     w.c.views[view].n);
    assert_int_equal(ask_number(&server, "HLEN hz:1:{%s}:active", name), alarms + 2);
}

static void check_all(void)
{
    assert_true(check_stream("e1", 1) > 0);
    assert_true(check_stream("env", 1) > 0);
    assert_int_equal(check_stream("e2", 1), 0);
    check_active("e1", active_points(2));
    check_active("env", active_points(1));
    check_active("e2", 0);
    world_check(&w, 1);
}

/* --- tests --- */

static void each_has_its_own(void **state)
{
    (void)state;
    world_start(&w);
    for (int i = 0; i < 20; i++) {
        world_make(&w, 50);
        world_spend(&w, 2);
    }
    world_until(&w, world_is_done);
    check_all();
    assert_int_equal(ask_number(&server, "EXISTS hz:1:{e2}:stream"), 0);
    assert_int_equal(ask_number(&server, "EXISTS hz:1:{e2}:alive"), 1);
    assert_int_equal(world_counts(&w).gaps, 0);
}

/* It does not start again, and writes its hash anew once: the set may have been another. */
static void a_restart_goes_on(void **state)
{
    (void)state;
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    world_stop(&w);
    ask(&server, "HSET hz:1:{env}:active left-behind 1");
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    check_all();
}

static bool is_filled(struct world *world)
{
    (void)world;
    return world_is_complete(&w) && ask_number(&server, "XLEN hz:1:{e1}:stream") > 0 &&
           ask_number(&server, "XLEN hz:1:{env}:stream") > 0 &&
           ask_number(&server, "EXISTS hz:1:{e2}:active") == 1;
}

/* All of it, from the alarms log: far more than is in memory. */
static void an_emptied_redis_is_filled_again(void **state)
{
    (void)state;
    world_start(&w);
    world_make(&w, 9000);
    world_until(&w, world_is_done);
    ask(&server, "FLUSHALL");
    world_until(&w, is_filled);
    world_until(&w, world_is_done);
    check_all();
    assert_true(world_counts(&w).refetched > 0);
}

/* What only one view has lost concerns no other. */
static void a_view_is_filled_again_alone(void **state)
{
    (void)state;
    world_start(&w);
    world_make(&w, 9000);
    world_until(&w, world_is_done);
    ask(&server, "DEL hz:1:{env}:stream hz:1:{env}:active");
    world_until(&w, is_filled);
    world_make(&w, 10);
    world_until(&w, world_is_done);
    check_all();
}

static bool others_are_done(struct world *world)
{
    char id[HZ_STREAM_ID_TEXT_BYTES];
    uint32_t env = case_id(&world->c, HZ_NAMED_VIEW, "env");

    hz_stream_id_text(world->c.views[env].id, id);
    if (strcmp(ask_text(&server, "HGET hz:1:{env}:meta last"), id) != 0)
        return false;
    hz_stream_id_text(world->c.last, id);
    return strcmp(ask_text(&server, "HGET hz:1:{all}:meta last"), id) == 0;
}

/* Somebody else lives in one of them: that one waits, is told, and goes on when he has gone. */
static void one_that_is_stuck_holds_up_no_other(void **state)
{
    (void)state;
    ask(&server, "SET hz:1:{e1}:alive %s", "0123456789abcdef0123456789abcdef 1 abc 1");
    world_start(&w);
    world_make(&w, 6000);
    world_until(&w, world_is_foreign);
    world_until(&w, others_are_done);
    world_check(&w, 1);
    (void)check_stream("env", 1);
    assert_int_equal(ask_number(&server, "EXISTS hz:1:{e1}:stream"), 0);
    ask(&server, "DEL hz:1:{e1}:alive");
    world_until(&w, world_is_done);
    check_all();
    assert_int_equal(w.observed[HZ_OBSERVED_FOREIGN], 0);
}

/* --- another set --- */

static void use(const struct hz_view_config *list, uint32_t count)
{
    struct hz_set *before = case_use_views(&w.c, list, count);

    w.c.set->config->redis = w.redis;
    hz_role_take(&hz_output);
    hz_publisher_use(w.publisher, w.c.set, NULL);
    hz_set_unref(before);
}

static bool has_e1(struct world *world)
{
    (void)world;
    return ask_number(&server, "EXISTS hz:1:{e1}:active") == 1;
}

/* It knows what was raised before it, and its numbers begin with 1. */
static void a_new_view_shows_what_is_active(void **state)
{
    uint64_t before;

    (void)state;
    hz_set_unref(case_use_views(&w.c, views + 1, 2));
    world_start(&w);
    world_make(&w, 300);
    world_until(&w, world_is_done);
    assert_int_equal(ask_number(&server, "EXISTS hz:1:{e1}:active"), 0);
    use(views, 3);
    world_until(&w, has_e1);
    assert_int_equal(ask_number(&server, "HLEN hz:1:{e1}:active"), active_points(2) + 2);
    assert_int_equal(ask_number(&server, "EXISTS hz:1:{e1}:stream"), 0);
    before = w.log.count;
    world_make(&w, 100);
    world_until(&w, world_is_done);
    assert_int_equal(check_stream("e1", before + 1), 100);
    check_active("e1", active_points(2));
    world_check(&w, 1);
}

static bool env_is_even(struct world *world)
{
    (void)world;
    return ask_number(&server, "HLEN hz:1:{env}:active") == active_points(0) + 2;
}

/* Its selection changes while nothing else happens. */
static void a_quiet_view_is_written_anew(void **state)
{
    const struct hz_view_config other[] = {
        views[0], {.name = "env", .domains = 1 << HZ_DOMAIN_SAFETY}, views[2]};

    (void)state;
    world_start(&w);
    world_make(&w, 300);
    world_until(&w, world_is_done);
    assert_int_not_equal(active_points(0), active_points(1));
    use(other, 3);
    world_until(&w, env_is_even);
    check_active("env", active_points(0));
    check_active("e1", active_points(2));
    world_check(&w, 1);
}

/* Its selection changes while entries of the former one wait to be released. */
static void alarms_leave_a_view(void **state)
{
    const struct hz_view_config other[] = {
        views[0], {.name = "env", .domains = 1 << HZ_DOMAIN_SAFETY}, views[2]};
    const char *members;
    char before[64];

    (void)state;
    world_start(&w);
    world_make(&w, 300);
    world_until(&w, world_is_done);
    members = ask_text(&server, "HGET hz:1:{env}:meta members");
    (void)snprintf(before, sizeof(before), "%s", members);
    assert_int_equal(strlen(before), 8);
    world_offer(&w, 200);
    use(other, 3);
    world_release(&w, true);
    world_until(&w, env_is_even);
    world_make(&w, 200);
    world_until(&w, world_is_done);
    world_until(&w, env_is_even);
    (void)check_stream("env", 1);
    check_active("env", active_points(0));
    check_active("e1", active_points(2));
}

static void a_view_that_comes_back_goes_on(void **state)
{
    uint64_t left;

    (void)state;
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    left = w.c.views[case_id(&w.c, HZ_NAMED_VIEW, "e1")].n;
    use(views + 1, 2);
    world_make(&w, 100); /* while its calls may be under way */
    world_until(&w, world_is_done);
    assert_int_equal(w.c.views[case_id(&w.c, HZ_NAMED_VIEW, "e1")].n, left);
    use(views, 3);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    check_all();
    assert_int_equal(ask_number(&server, "XLEN hz:1:{e1}:stream"), left + 100);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WORLD(each_has_its_own),
        WORLD(a_restart_goes_on),
        WORLD(an_emptied_redis_is_filled_again),
        WORLD(a_view_is_filled_again_alone),
        WORLD(one_that_is_stuck_holds_up_no_other),
        WORLD(a_new_view_shows_what_is_active),
        WORLD(a_quiet_view_is_written_anew),
        WORLD(alarms_leave_a_view),
        WORLD(a_view_that_comes_back_goes_on),
    };

    return cmocka_run_group_tests_name("publish_views", tests, NULL, NULL);
}
