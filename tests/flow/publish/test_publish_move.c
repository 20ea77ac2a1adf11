/* SPDX-License-Identifier: Apache-2.0
 *
 * Another Redis for a publisher that runs: stream and active hash are whole there, nothing is written at
 * the former one any more, and the way back finds its place; a password that changes; no Redis for a while.
 */
#include "publish_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define XLEN "XLEN hz:1:{all}:stream"

static struct redis_server first, second;
static struct world w;
static struct hz_set *former[16];
static size_t formers;

static int begin(void **state)
{
    (void)state;
    redis_server_init(&first, true);
    redis_server_init(&second, false);
    world_init(&w, &first, 0x78);
    formers = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    while (formers > 0)
        hz_set_unref(former[--formers]);
    redis_server_done(&first);
    redis_server_done(&second);
    return 0;
}

/* Another set with the options of w.redis, as the daemon gives it over. */
static void use(void)
{
    struct hz_redis_login login;
    struct hz_set *set = case_set(&w.c, "zh", CASE_POINTS);

    set->config->redis = w.redis;
    assert_int_equal(hz_redis_login(&w.redis, &login), 0);
    hz_role_take(&hz_output);
    hz_publisher_use(w.publisher, set, &login);
    former[formers++] = set;
}

static void use_server(struct redis_server *server)
{
    w.server = server;
    w.redis.address = server->address;
    use();
}

/* What stands beside the stream has a connection of its own. */
static bool has_states(struct world *world)
{
    return ask_number(world->server, "HEXISTS hz:1:{all}:hazards E1/TF1") == 1;
}

static void the_other_gets_all(void **state)
{
    long long left;

    (void)state;
    redis_server_start(&first, NULL);
    redis_server_start(&second, NULL);
    world_start(&w);
    world_make(&w, 300);
    world_until(&w, world_is_done);
    world_make(&w, 300); /* under way while it moves */
    use_server(&second);
    world_make(&w, 300);
    world_until(&w, world_is_complete);
    world_check(&w, 1);
    world_until(&w, has_states);
    left = ask_number(&first, XLEN);
    assert_true(left >= 300 && left <= 600);
    assert_int_equal(w.told[HZ_OBSERVED_FOREIGN], 1); /* at the beginning: there is none */
    use_server(&first);                               /* the way back: goes on where it was */
    world_make(&w, 10);
    world_until(&w, world_is_complete);
    world_check(&w, 1);
    assert_int_equal(ask_number(&second, XLEN), 900);
}

static bool tries_elsewhere(struct world *world)
{
    return strstr(world_counts(world).reason, "no-such-host.invalid") != NULL ||
           strstr(world_counts(world).reason, "not found") != NULL;
}

/* What was begun with the address that is left (a look-up may take long) ends nowhere. */
static void from_an_address_that_leads_nowhere(void **state)
{
    (void)state;
    redis_server_start(&second, NULL);
    w.redis.address = "no-such-host.invalid:6379";
    world_start(&w);
    world_make(&w, 100);
    use_server(&second); /* while the name is looked up */
    world_until(&w, world_is_complete);
    w.redis.address = "no-such-host.invalid:6379";
    use();
    world_make(&w, 100);
    world_until(&w, tries_elsewhere);
    w.redis.address = "unix:/nonexistent/redis";
    use();
    (void)snprintf(first.address, sizeof(first.address), "localhost:%d", first.port);
    redis_server_start(&first, NULL);
    use_server(&first); /* to another name, with a look-up perhaps still under way */
    world_until(&w, world_is_complete);
    world_check(&w, 1);
}

static void write_secret(char path[128], const char *text)
{
    (void)snprintf(path, 128, "%s/secret", first.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void another_password(void **state)
{
    static const char *const guarded[] = {"--requirepass", "old", NULL};
    char path[128];

    (void)state;
    write_secret(path, "old");
    w.redis.password_file = path;
    redis_server_start(&first, guarded);
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    (void)ask(&first, "AUTH old");
    (void)ask(&first, "CONFIG SET requirepass new");
    write_secret(path, "new");
    use();
    world_make(&w, 100);
    world_until(&w, world_is_complete);
    (void)remove(path); /* what can't be read cuts nothing */
    use();
    assert_true(world_is_up(&w));
    (void)ask(&first, "CLIENT KILL TYPE normal SKIPME yes");
    world_make(&w, 100);
    world_until(&w, world_is_complete);
    world_check(&w, 1);
}

/* More than the tail holds: the alarms log has it. */
static void none_for_a_while(void **state)
{
    (void)state;
    redis_server_start(&first, NULL);
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    w.redis.enabled = false;
    use();
    world_make(&w, 6000);
    world_spend(&w, 500); /* some heart-beats' time */
    assert_int_equal(ask_number(&first, XLEN), 100);
    assert_int_equal(world_counts(&w).waiting, 0);
    assert_false(world_is_up(&w));
    assert_string_equal(world_counts(&w).reason, "");
    assert_false(world_is_lost(&w));
    w.redis.enabled = true;
    use();
    world_until(&w, world_is_complete);
    world_check(&w, 1);
}

static void an_alarm_about_it_ends_with_it(void **state)
{
    (void)state;
    world_start(&w); /* nobody is there */
    world_make(&w, 10);
    world_until(&w, world_is_lost);
    w.redis.enabled = false;
    use();
    assert_true(world_is_found(&w));
    redis_server_start(&first, NULL);
    world_stop(&w);
    world_start(&w); /* at a start, too: a run before may have left one */
    assert_true(world_is_found(&w));
    w.redis.enabled = true;
    use();
    world_until(&w, world_is_complete);
    world_check(&w, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(the_other_gets_all), T(from_an_address_that_leads_nowhere), T(another_password),
        T(none_for_a_while),   T(an_alarm_about_it_ends_with_it),
    };

    if (!redis_server_available())
        return 77; /* meson: skipped */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
