/* SPDX-License-Identifier: Apache-2.0
 *
 * What Redis goes through, under load, with a whole daemon: killed and started again empty, flushed,
 * started again with an older snapshot. In each case the stream ends complete and in order.
 */
#include "under_load.h"

#include "alerts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct goal {
    struct under_load *load;
    long long entries;
};

static bool has_entries(void *ctx)
{
    const struct goal *goal = ctx;

    return under_load_entries(goal->load) >= goal->entries;
}

static void wait_entries(struct under_load *load, long long entries)
{
    struct goal goal = {load, entries};

    if (flow_until(has_entries, &goal))
        return;
    flow_show_logs(under_load_flow(load));
    fail_msg("%lld of %lld entries came to Redis", under_load_entries(load), entries);
}

/* Many decisions while nobody takes them. */
static bool has_decided(void *ctx)
{
    const struct goal *goal = ctx;

    return flow_number(under_load_flow(goal->load), "journal", "log_newest") >= goal->entries;
}

static void wait_decided(struct under_load *load, long long more)
{
    struct goal goal = {load, flow_number(under_load_flow(load), "journal", "log_newest") + more};

    assert_true(flow_until(has_decided, &goal));
}

static struct under_load *begin(void)
{
    struct under_load *load = under_load_new("");

    flow_start(under_load_flow(load), FLOW_DAEMON);
    under_load_begin(load, 20000);
    wait_entries(load, 500);
    return load;
}

static void end(struct under_load *load)
{
    wait_decided(load, 500);
    under_load_end(load);
    size_t entries = under_load_compare(load);
    printf("%zu entries, all as the journal says\n", entries);
    under_load_free(load);
}

static void killed_and_started_empty(void **state)
{
    struct under_load *load = begin();

    (void)state;
    flow_kill(under_load_flow(load), FLOW_REDIS);
    wait_decided(load, 3000);
    flow_start(under_load_flow(load), FLOW_REDIS);
    end(load);
}

static void flushed(void **state)
{
    struct under_load *load = begin();

    (void)state;
    under_load_redis(load, "FLUSHALL");
    wait_entries(load, 1000);
    end(load);
}

static void rolled_back(void **state)
{
    struct under_load *load = begin();

    (void)state;
    under_load_redis(load, "SAVE");
    wait_entries(load, under_load_entries(load) + 2000);
    flow_kill(under_load_flow(load), FLOW_REDIS);
    flow_start(under_load_flow(load), FLOW_REDIS);
    end(load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_and_started_empty),
        cmocka_unit_test(flushed),
        cmocka_unit_test(rolled_back),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
