/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of flow tests themselves: ready means ready, a part that was killed comes again in the
 * same place, and nothing is left behind. The daemon is not needed here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "parts.h"

#include <hiredis/hiredis.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct flow *flow;

static int set_up(void **state)
{
    (void)state;
    flow = flow_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    flow_free(flow);
    return 0;
}

static long long keys_of_redis(void)
{
    redisContext *redis = redisConnectUnix(flow_socket(flow, FLOW_REDIS));

    assert_non_null(redis);
    assert_int_equal(redis->err, 0);
    redisReply *reply = redisCommand(redis, "INCR x");
    assert_non_null(reply);
    long long value = reply->integer;
    freeReplyObject(reply);
    redisFree(redis);
    return value;
}

static void parts_start_stop_and_start_again(void **state)
{
    (void)state;
    flow_start(flow, FLOW_REDIS);
    assert_int_equal(keys_of_redis(), 1);
    assert_int_equal(keys_of_redis(), 2);
    flow_kill(flow, FLOW_REDIS);
    assert_false(flow_running(flow, FLOW_REDIS));
    flow_start(flow, FLOW_REDIS);
    assert_int_equal(keys_of_redis(), 1); /* it keeps nothing */
    flow_stop(flow, FLOW_REDIS);

    flow_start(flow, FLOW_BROKER);
    flow_kill(flow, FLOW_BROKER);
    flow_start(flow, FLOW_BROKER);
    assert_true(flow_running(flow, FLOW_BROKER));
    flow_stop(flow, FLOW_BROKER);
    assert_false(flow_running(flow, FLOW_BROKER));
}

static bool is_gone(void *ctx)
{
    return kill(*(const pid_t *)ctx, 0) != 0 && errno == ESRCH;
}

static void parts_leave_nothing_behind(void **state)
{
    char folder[64];
    pid_t pid;

    (void)state;
    flow_start(flow, FLOW_BROKER);
    flow_write(flow, "config/rules.d/a.yaml", "schema: %d\n", 1);
    pid = flow_pid(flow, FLOW_BROKER);
    strcpy(folder, flow_folder(flow));
    assert_int_equal(access(folder, F_OK), 0);
    flow_free(flow);
    flow = NULL;
    assert_int_not_equal(access(folder, F_OK), 0);
    assert_true(flow_until(is_gone, &pid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_start_stop_and_start_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_leave_nothing_behind, set_up, tear_down),
    };

    return flow_available(FLOW_REDIS) ? cmocka_run_group_tests(tests, NULL, NULL) : FLOW_SKIPPED;
}
