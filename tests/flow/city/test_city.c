/* SPDX-License-Identifier: Apache-2.0
 *
 * The demonstration's half minute: out of 6 000 points exactly the alarms of the script, each in its
 * order, and none beside them; nearly all points on line. It takes the time that it takes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "alerts.h"
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define CONDITIONS  64
#define STORY_BYTES 256

static struct flow *flow;

/* A condition and what became of it: "raise H, escalate HH, deescalate H, clear". */
struct story {
    char condition[160], told[STORY_BYTES];
};

struct stories {
    struct story all[CONDITIONS];
    int count;
};

static void listen(void *ctx, const struct flow_alert *alert)
{
    struct stories *stories = ctx;
    const char *condition = flow_alert_text(alert, "cond"),
               *event = flow_alert_text(alert, "event");
    const char *level = strcmp(event, "clear") == 0 ? "" : flow_alert_text(alert, "level");
    int i = 0;

    while (i < stories->count && strcmp(stories->all[i].condition, condition) != 0)
        i++;
    if (i == stories->count) {
        assert_in_range(++stories->count, 1, CONDITIONS);
        (void)snprintf(stories->all[i].condition, sizeof(stories->all[i].condition), "%s",
                       condition);
    }
    char *told = stories->all[i].told;
    size_t length = strlen(told);
    (void)snprintf(told + length, STORY_BYTES - length, "%s%s%s%s", length > 0 ? ", " : "", event,
                   *level ? " " : "", level);
}

/* How many conditions of this rule and side had this story; shows those that had another. */
static int with_story(const struct stories *stories, const char *rule_and_side, const char *told)
{
    int count = 0;

    for (int i = 0; i < stories->count; i++) {
        const struct story *story = &stories->all[i];
        size_t length = strcspn(story->condition, "@");
        if (strlen(rule_and_side) != length ||
            strncmp(story->condition, rule_and_side, length) != 0)
            continue;
        if (strcmp(story->told, told) == 0)
            count++;
        else
            print_error("%s: %s\n", story->condition, story->told);
    }
    return count;
}

static void city_raises_what_its_script_says(void **state)
{
    static const char four_steps[] = "raise H, escalate HH, deescalate H, clear";
    static struct stories stories;
    char output[4096];

    (void)state;
    flow_program(flow, output, sizeof(output),
                 "bench/hazard-city --write-config %s/config --rules $HAZARD_SOURCE/config/rules.d "
                 "--address %s --redis %s",
                 flow_folder(flow), flow_address(flow, FLOW_BROKER),
                 flow_address(flow, FLOW_REDIS));
    /* Not one warning: every rule has its points, every point its limits. */
    flow_program(flow, output, sizeof(output),
                 "ctl/hazardctl check --config %s/config --deny-warnings", flow_folder(flow));
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    flow_program(flow, output, sizeof(output), "bench/hazard-city --address %s --seconds 32",
                 flow_address(flow, FLOW_BROKER));
    int64_t online = flow_number(flow, "coverage", "online");
    int64_t total = flow_number(flow, "coverage", "total");
    flow_wait_published(flow);
    (void)flow_alerts(flow, listen, &stories);

    assert_in_range(total, 6000, 7000);
    assert_int_equal(online, total);
    assert_int_equal(with_story(&stories, "tank-level.high", four_steps), 1);
    assert_int_equal(with_story(&stories, "gas-toxic.high", four_steps), 3);
    assert_int_equal(with_story(&stories, "gateway-silent.stale", "raise, clear"), 1);
    /* The cold store behind the gateway: level, pressure, temperature, three detectors. */
    assert_int_equal(with_story(&stories, "tank-level.stale", "raise, clear"), 1);
    assert_int_equal(with_story(&stories, "pressure.stale", "raise, clear"), 1);
    assert_int_equal(with_story(&stories, "temperature.stale", "raise, clear"), 1);
    assert_int_equal(with_story(&stories, "gas-toxic.stale", "raise, clear"), 3);
    for (int i = 11; i < stories.count; i++)
        print_error("beside: %s: %s\n", stories.all[i].condition, stories.all[i].told);
    assert_int_equal(stories.count, 11);
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
        cmocka_unit_test_setup_teardown(city_raises_what_its_script_says, set_up, tear_down),
    };

    return flow_available(FLOW_DAEMON) ? cmocka_run_group_tests(tests, NULL, NULL) : FLOW_SKIPPED;
}
