/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection: refused, by name, over TCP and by unix socket; wrong password, right one later; the
 * user with exactly the rights that docs/redis.md names; a server that accepts and never answers; one
 * that cuts the connection again and again.
 */
#include "publish_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct redis_server server;
static struct world w;
static char address[64], secret[128];

static int begin(void **state)
{
    (void)state;
    redis_server_init(&server, true);
    world_init(&w, &server, 0x77);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    redis_server_done(&server);
    return 0;
}

static void use_tcp(const char *host)
{
    (void)snprintf(address, sizeof(address), "%s:%d", host, server.port);
    w.redis.address = address;
}

static void write_secret(const char *text)
{
    (void)snprintf(secret, sizeof(secret), "%s/secret", server.folder);
    FILE *file = fopen(secret, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    w.redis.password_file = secret;
}

static void refused_until_it_is_there(const char *host)
{
    if (host)
        use_tcp(host);
    world_start(&w);
    world_make(&w, 300);
    world_until(&w, world_is_lost); /* noticed, and told once */
    assert_int_equal(w.told[HZ_OBSERVED_REDIS_LOST], 1);
    redis_server_start(&server, NULL);
    world_until(&w, world_is_done);
    world_check(&w, 1);
    assert_true(world_is_found(&w));
}

static void a_refused_connection_is_noticed(void **state)
{
    (void)state;
    refused_until_it_is_there("127.0.0.1");
}

static void a_missing_socket_is_noticed(void **state)
{
    (void)state;
    refused_until_it_is_there(NULL);
}

/* "localhost" is ::1 as well, where nobody listens: the next address is tried. */
static void a_host_by_its_name(void **state)
{
    static const char *const v4_only[] = {"--bind", "127.0.0.1", NULL};

    (void)state;
    use_tcp("localhost");
    redis_server_start(&server, v4_only);
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void a_host_that_does_not_exist(void **state)
{
    (void)state;
    use_tcp("no-such-host.invalid");
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_lost);
    world_stop(&w); /* also while a lookup is under way */
}

static bool has_reason(struct world *world)
{
    return world_counts(world).reason[0] != '\0';
}

/* What is shown of a connection: why there is none, and since when it is up or down. */
static void why_and_since_when(void **state)
{
    struct hz_publisher_counts counts;
    int64_t down_ms;

    (void)state;
    world_start(&w);
    world_until(&w, has_reason);
    counts = world_counts(&w);
    down_ms = counts.since_ms;
    assert_memory_equal(counts.reason, "unix:/", 6);
    assert_non_null(strstr(counts.reason, ": No such file or directory"));
    assert_true(down_ms > 0);
    world_spend(&w, 300); /* it is tried again: still down since then */
    assert_int_equal(world_counts(&w).since_ms, down_ms);
    redis_server_start(&server, NULL);
    world_until(&w, world_is_up);
    counts = world_counts(&w);
    assert_string_equal(counts.reason, "");
    assert_true(counts.since_ms > down_ms);
    world_spend(&w, 20); /* another millisecond */
    redis_server_kill(&server);
    world_until(&w, has_reason);
    assert_true(world_counts(&w).since_ms > counts.since_ms);
    assert_false(world_counts(&w).up);
}

static void a_wrong_password_then_the_right_one(void **state)
{
    static const char *const guarded[] = {"--requirepass", "right", NULL};

    (void)state;
    write_secret("wrong\n");
    redis_server_start(&server, guarded);
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_lost);
    world_spend(&w, 300);
    assert_false(world_is_up(&w));
    (void)ask(&server, "AUTH right");
    (void)ask(&server, "CONFIG SET requirepass wrong");
    world_until(&w, world_is_done);
    (void)ask(&server, "AUTH wrong");
    world_check(&w, 1);
}

static void without_a_password_where_one_is_needed(void **state)
{
    static const char *const guarded[] = {"--requirepass", "right", NULL};

    (void)state;
    redis_server_start(&server, guarded);
    world_start(&w);
    world_make(&w, 10);
    world_until(&w, world_is_lost);
    assert_false(world_is_up(&w));
}

static void a_password_file_that_is_not_there(void **state)
{
    (void)state;
    w.redis.password_file = "/nonexistent/secret";
    redis_server_start(&server, NULL);
    world_start(&w);
    world_make(&w, 10);
    world_until(&w, world_is_lost);
    assert_false(world_is_up(&w));
    assert_string_equal(world_counts(&w).reason, "password_file /nonexistent/secret can not be "
                                                 "read: No such file or directory");
}

/* The line between two marks of docs/redis.md, given to Redis as it stands there. */
static void set_user(const char *name, const char *password)
{
    const char *source = getenv("HAZARD_SOURCE");
    char path[512], line[1024], command[1200];
    bool found = false;

    assert_non_null(source);
    (void)snprintf(path, sizeof(path), "%s/docs/redis.md", source);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof(line), file)) {
        char start[64];
        (void)snprintf(start, sizeof(start), "user %s on ", name);
        found = strncmp(line, start, strlen(start)) == 0;
    }
    (void)fclose(file);
    assert_true(found);
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(command, sizeof(command), "ACL SETUSER %s >%s", line + strlen("user "),
                   password);
    (void)ask(&server, command); /* no % in it */
}

static void the_documented_rights_are_enough(void **state)
{
    struct hz_latest latest = {.point = 0, .value.f64 = 1.5};

    (void)state;
    redis_server_start(&server, NULL);
    set_user("hazardd", "secret");
    (void)ask(&server, "ACL SETUSER reader on >x ~* +@all");
    write_secret("secret");
    w.redis.user = "hazardd";
    world_start(&w);
    world_make(&w, 300);
    world_until(&w, world_is_done);
    world_check(&w, 1);
    /* the other paths: refill, latest values, positions, moving aside */
    (void)ask(&server, "FLUSHALL");
    world_until(&w, world_is_complete);
    latest.point = case_id(&w.c, HZ_NAMED_POINT, "E1/TF1/P01");
    hz_role_take(&hz_output);
    hz_publisher_latest(w.publisher, &latest, 1);
    hz_publisher_news_end(w.publisher);
    (void)ask(&server, "XADD hz:1:{all}:stream * what ever");
    world_until(&w, world_is_complete);
    world_check(&w, 1);
    world_spend(&w, 100);
    assert_int_equal(ask_number(&server, "HLEN hz:1:{all}:latest:E1/TF1"), 1);
    assert_int_equal(ask_number(&server, "ACL LOG RESET"), -1);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    assert_int_equal(ask(&server, "ACL LOG")->elements, 0); /* nothing was denied */
}

/* Listens and accepts, but never says a word. */
static int listen_silently(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

    to.sin_port = htons((uint16_t)server.port);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static int silent, accepted[8];
static unsigned accepts;

/* A second connection: the first was given up by its dead-line, nothing else ended it. */
static bool has_tried_again(struct world *world)
{
    (void)world;
    int fd = accept4(silent, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        accepted[accepts++] = fd;
    return accepts >= 4; /* stream and board, twice */
}

static void a_server_that_never_answers(void **state)
{
    (void)state;
    silent = listen_silently();
    use_tcp("127.0.0.1");
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, has_tried_again);
    world_until(&w, world_is_lost);
    while (accepts > 0)
        (void)close(accepted[--accepts]);
    (void)close(silent);
    redis_server_start(&server, NULL);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void connections_that_are_cut_again_and_again(void **state)
{
    (void)state;
    use_tcp("127.0.0.1");
    redis_server_start(&server, NULL);
    world_start(&w);
    for (unsigned i = 0; i < 15; i++) {
        world_make(&w, 200);
        world_spend(&w, 3);
        (void)ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
        world_spend(&w, 20);
    }
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

static void stops_in_every_state(void **state)
{
    (void)state;
    use_tcp("127.0.0.1");
    world_start(&w);
    world_stop(&w); /* at once */
    world_start(&w);
    world_spend(&w, 20); /* refused, resting */
    world_stop(&w);
    redis_server_start(&server, NULL);
    for (unsigned ms = 0; ms < 12; ms++) {
        world_start(&w);
        world_make(&w, 200);
        world_spend(&w, ms);
        world_stop(&w);
    }
    world_start(&w);
    world_until(&w, world_is_done);
    world_check(&w, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refused_connection_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_socket_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(a_host_by_its_name, begin, end),
        cmocka_unit_test_setup_teardown(a_host_that_does_not_exist, begin, end),
        cmocka_unit_test_setup_teardown(why_and_since_when, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_password_then_the_right_one, begin, end),
        cmocka_unit_test_setup_teardown(without_a_password_where_one_is_needed, begin, end),
        cmocka_unit_test_setup_teardown(a_password_file_that_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(the_documented_rights_are_enough, begin, end),
        cmocka_unit_test_setup_teardown(a_server_that_never_answers, begin, end),
        cmocka_unit_test_setup_teardown(connections_that_are_cut_again_and_again, begin, end),
        cmocka_unit_test_setup_teardown(stops_in_every_state, begin, end),
    };

    if (!redis_server_available())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
