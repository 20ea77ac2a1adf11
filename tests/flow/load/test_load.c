/* SPDX-License-Identifier: Apache-2.0
 *
 * As many alerts as hazard-load says that a right consumer makes, through a real broker at full speed:
 * values that touch the limit, lie on the deadband's edge, graze it, and late ones that must count for
 * nothing; in each format, at QoS 1, so that nothing may be lost.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "alerts.h"
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTERPRISES 20
#define POINTS      50

static struct flow *flow;

struct events {
    int64_t raised, cleared, others;
};

static void count(void *ctx, const struct flow_alert *alert)
{
    struct events *events = ctx;
    const char *event = flow_alert_text(alert, "event");

    if (strcmp(flow_alert_text(alert, "rule"), "load-high") != 0)
        events->others++;
    else if (strcmp(event, "raise") == 0)
        events->raised++;
    else if (strcmp(event, "clear") == 0)
        events->cleared++;
    else
        events->others++;
}

/* A number of the JSON line that hazard-load ends with. */
static int64_t said(const char *output, const char *key)
{
    char quoted[32];

    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", key);
    const char *at = strstr(output, quoted);
    assert_non_null(at);
    return strtoll(at + strlen(quoted), NULL, 10);
}

static void load_and_compare(const char *arguments)
{
    struct events events = {0};
    char output[8192];

    flow_program(flow, output, sizeof(output),
                 "bench/hazard-load --write-config %s/config --address %s --redis %s --qos 1 "
                 "--enterprises %d --points %d",
                 flow_folder(flow), flow_address(flow, FLOW_BROKER), flow_address(flow, FLOW_REDIS),
                 ENTERPRISES, POINTS);
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    flow_program(flow, output, sizeof(output),
                 "bench/hazard-load --address %s --qos 1 --enterprises %d --points %d "
                 "--connections 4 %s",
                 flow_address(flow, FLOW_BROKER), ENTERPRISES, POINTS, arguments);
    flow_wait_readings(flow, said(output, "readings"));
    flow_wait_published(flow);
    (void)flow_alerts(flow, count, &events);

    assert_int_equal(said(output, "unacknowledged"), 0);
    assert_in_range(said(output, "raise"), 100, 1000000); /* there was something to see */
    assert_in_range(said(output, "clear"), 100, 1000000);
    assert_in_range(said(output, "grazing"), 100, 1000000);
    assert_int_equal(events.others, 0);
    assert_int_equal(events.raised, said(output, "raise"));
    assert_int_equal(events.cleared, said(output, "clear"));
    assert_int_equal(flow_number(flow, "engine", "readings"), said(output, "readings"));
    assert_int_equal(flow_number(flow, "engine", "late"), said(output, "late"));
    flow_stop(flow, FLOW_DAEMON);
}

static void load_values_give_the_alerts_announced(void **state)
{
    (void)state;
    load_and_compare("--format value --messages 60000 --cross 0.02 --late 0.05 --seed 11");
}

static void load_maps_give_the_alerts_announced(void **state)
{
    (void)state;
    load_and_compare("--format map --messages 2000 --cross 0.02 --late 0.005 --seed 12");
}

static void load_arrays_give_the_alerts_announced(void **state)
{
    (void)state;
    load_and_compare(
        "--format array --messages 4000 --batch 20 --cross 0.02 --late 0.01 --seed 13");
}

static void load_by_schedule_gives_the_alerts_announced(void **state)
{
    (void)state;
    load_and_compare("--rate 20000 --seconds 2 --cross 0.05 --seed 14");
}

static int set_up(void **state)
{
    (void)state;
    flow = flow_new();
    flow_start(flow, FLOW_BROKER);
    flow_start(flow, FLOW_REDIS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    flow_free(flow);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(load_values_give_the_alerts_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load_maps_give_the_alerts_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load_arrays_give_the_alerts_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load_by_schedule_gives_the_alerts_announced, set_up,
                                        tear_down),
    };

    return flow_available(FLOW_DAEMON) ? cmocka_run_group_tests(tests, NULL, NULL) : FLOW_SKIPPED;
}
