/* SPDX-License-Identifier: Apache-2.0
 *
 * Other brokers, feeds and another Redis for a daemon that runs: what changes goes over whole, what does
 * not change notices nothing.
 */
#include "alerts.h"
#include "under_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct under_load *load;
static struct flow *flow, *other; /* `other`: a second broker and a second Redis */
static char output[1 << 18];

static int begin_load(void **state)
{
    (void)state;
    load = under_load_new("");
    flow = under_load_flow(load);
    other = flow_new();
    return 0;
}

static int end_load(void **state)
{
    (void)state;
    under_load_free(load);
    flow_free(other);
    return 0;
}

/* In hazardd.yaml, once. */
static void replace(const char *from, const char *to)
{
    char name[256], text[16384];

    (void)snprintf(name, sizeof(name), "%s/config/hazardd.yaml", flow_folder(flow));
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    assert_int_equal(fclose(file), 0);
    text[length] = '\0';
    char *at = strstr(text, from);
    if (!at)
        fail_msg("no \"%s\" in hazardd.yaml:\n%s", from, text);
    flow_write(flow, "config/hazardd.yaml", "%.*s%s%s", (int)(at - text), text, to,
               at + strlen(from));
}

static void gives(const char *arguments, int code, const char *text)
{
    int got = flow_hazardctl(flow, arguments, output, sizeof(output));

    if (got != code || !strstr(output, text))
        fail_msg("hazardctl %s: exit %d, not \"%s\" but:\n%s", arguments, got, text, output);
}

static void reload(void)
{
    gives("reload --reason \"as planned\" --max-new-alarms 100000", 0, "is in force from record");
    assert_null(strstr(output, "needs a restart"));
}

/* --- Redis --- */

static long long ask_redis(struct flow *of, const char *command)
{
    char line[512], text[64] = "";

    (void)snprintf(line, sizeof(line), "redis-cli -s %s %s", flow_socket(of, FLOW_REDIS), command);
    FILE *from = popen(line, "re");
    assert_non_null(from);
    text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
    assert_int_equal(pclose(from), 0);
    return atoll(text);
}

struct goal {
    struct flow *of;
    long long entries;
};

static bool has_entries(void *ctx)
{
    const struct goal *goal = ctx;

    return ask_redis(goal->of, "xlen 'hz:1:{all}:stream'") >= goal->entries;
}

static bool active_is_whole(void *ctx)
{
    (void)ctx;
    return ask_redis(flow, "hlen 'hz:1:{all}:active'") ==
           flow_number(flow, "engine", "alarms") + 2; /* @id, @n */
}

static void redis_moves_to_another_server(void **state)
{
    struct goal some = {.entries = 300};

    (void)state;
    flow_start(other, FLOW_REDIS);
    replace(flow_address(flow, FLOW_REDIS), flow_address(other, FLOW_REDIS));
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_begin(load, 20000);
    some.of = other;
    assert_true(flow_until(has_entries, &some));
    replace(flow_address(other, FLOW_REDIS), flow_address(flow, FLOW_REDIS));
    reload();
    assert_non_null(strstr(output, "option changed  redis.address\n"));
    some.of = flow;
    some.entries = ask_redis(other, "xlen 'hz:1:{all}:stream'") + 300;
    assert_true(flow_until(has_entries, &some));
    under_load_end(load);
    assert_true(flow_until(active_is_whole, NULL));
    assert_true(under_load_compare(load) >= 600); /* all of them, from the first on */
}

static bool publishes(void *ctx)
{
    return flow_number(flow, "redis", "published") > *(int64_t *)ctx;
}

static void a_redis_that_does_not_answer_and_back(void **state)
{
    int64_t before = 0;

    (void)state;
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_begin(load, 5000);
    assert_true(flow_until(publishes, &before));
    replace(flow_address(flow, FLOW_REDIS), "unix:/nonexistent/redis.sock");
    reload();
    gives("status", 0, "unix:/nonexistent/redis.sock");
    gives("reload --back --reason mistyped", 0, "is in force from record");
    before = flow_number(flow, "redis", "published");
    assert_true(flow_until(publishes, &before));
    replace("redis:\n", "redis:\n  enabled: false\n");
    replace("unix:/nonexistent/redis.sock", flow_address(flow, FLOW_REDIS));
    reload();
    gives("status --json", 0, "\"what\":\"redis\",\"enabled\":false");
    replace("enabled: false", "password_file: /nonexistent/secret");
    gives("reload --reason x", 1, "/nonexistent/secret can not be read");
    replace("password_file: /nonexistent/secret", "enabled: true");
    reload();
    under_load_end(load);
    assert_true(under_load_compare(load) > 0);
}

/* --- feeds --- */

/* A feed that comes, is lost, and goes beside one that is opened again and again: the journal says it all, so
 * that its replay says the same. */
static void feeds_change_under_load(void **state)
{
    char more[512];

    (void)state;
    replace("clean_session: true", "clean_session: false");
    replace("redis:\n", "rule_threads: 1\nredis:\n");
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_begin(load, 5000);
    (void)snprintf(
        more, sizeof(more),
        "feeds:\n- name: more\n  address: unix:/nonexistent/broker\n  client_id: more\n  "
        "lost_after: 0s\n  filters:\n  - filter: \"more/#\"\n    topic: more/{point}\n    key: "
        "E1/H1/{point}\n");
    for (unsigned i = 0; i < 10; i++) {
        if (i % 2)
            replace(more, "feeds:\n");
        else
            replace("feeds:\n", more);
        if (i % 3 == 0)
            replace("receive_maximum: 65535", "receive_maximum:  65534");
        else if (i % 3 == 1)
            replace("receive_maximum:  65534", "receive_maximum: 65535");
        reload();
    }
    under_load_end(load);
    assert_int_equal(flow_number(flow, "feed", "dropped"), 0);
    assert_true(under_load_compare(load) > 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin_load, end_load)
    const struct CMUnitTest tests[] = {
        T(redis_moves_to_another_server),
        T(a_redis_that_does_not_answer_and_back),
        T(feeds_change_under_load),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
