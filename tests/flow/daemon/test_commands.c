/* SPDX-License-Identifier: Apache-2.0
 *
 * hazardctl against a real daemon: what it shows is what the daemon did; an acknowledgement goes through
 * the journal and comes back; a faulty configuration at a start means the last good set, said by a red
 * alarm, or exit status 78.
 */
#include "alerts.h"
#include "hz_clock.h"
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct flow *flow;
static struct hz_link *link_;
static int64_t stamp_ms;

static void write_rules(const char *limit)
{
    flow_write(flow, "config/rules.d/high.yaml",
               "schema: 1\nrules:\n- id: high\n  name: {zh: 高, en: high}\n  mode: live\n  domain: "
               "safety\n  select: {kind: level}\n  limits:\n    H: {severity: red, fallback: %s}\n"
               "    L: {severity: orange, fallback: 10}\n  "
               "deadband: 2\n",
               limit);
}

static int begin(void **state)
{
    (void)state;
    flow = flow_new();
    flow_start(flow, FLOW_BROKER);
    flow_start(flow, FLOW_REDIS);
    flow_write(flow, "config/hazardd.yaml",
               "redis:\n  address: %s\nfeeds:\n- name: city\n  address: %s\n  client_id: ctl\n  "
               "filters:\n  - filter: \"hz/+/+/+\"\n    topic: hz/{enterprise}/{hazard}/{point}\n",
               flow_address(flow, FLOW_REDIS), flow_address(flow, FLOW_BROKER));
    write_rules("90");
    flow_write(flow, "config/enterprises.csv", "code,name\nE1,一号化工\nE3,三号\n");
    flow_write(flow, "config/hazards.csv", "enterprise,code,name,level\nE1,H1,罐区,1\n");
    flow_write(flow, "config/points.csv",
               "enterprise,hazard,code,name,kind,unit,range_low,range_high\n"
               "E1,H1,P1,液位,level,%%,0,100\nE1,H1,P2,液位二,level,%%,0,100\n");
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow); /* before it has subscribed the broker keeps nothing for it */
    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "sender", 10, &link_), 0);
    stamp_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS;
    return 0;
}

static int end(void **state)
{
    (void)state;
    hz_link_close(link_);
    flow_free(flow);
    return 0;
}

static void send_value(const char *point, double value, int64_t readings)
{
    char topic[64], payload[64];

    (void)snprintf(topic, sizeof(topic), "hz/E1/H1/%s", point);
    (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":%g}", (long long)++stamp_ms,
                   value);
    assert_int_equal(hz_link_publish(link_, hz_slice(topic), hz_slice(payload), 1), 0);
    assert_int_equal(hz_link_finish(link_, 10 * HZ_NS_PER_S), 0);
    flow_wait_readings(flow, readings);
    flow_wait_published(flow);
}

struct shown {
    const char *arguments, *text;
    char output[65536];
};

static bool is_shown(void *ctx)
{
    struct shown *shown = ctx;

    return flow_hazardctl(flow, shown->arguments, shown->output, sizeof(shown->output)) == 0 &&
           strstr(shown->output, shown->text);
}

/* Soon: an alarm is seen when its cause is durable. */
static void shows(const char *arguments, const char *text)
{
    static struct shown shown;

    shown.arguments = arguments;
    shown.text = text;
    if (!flow_until(is_shown, &shown))
        fail_msg("hazardctl %s does not show \"%s\" but:\n%s", arguments, text, shown.output);
}

static void shows_not(const char *arguments, const char *text)
{
    static char output[65536];

    if (flow_hazardctl(flow, arguments, output, sizeof(output)) != 0 || strstr(output, text))
        fail_msg("hazardctl %s fails or shows \"%s\":\n%s", arguments, text, output);
}

static void shows_what_the_daemon_did(void **state)
{
    (void)state;
    send_value("P1", 95, 1);
    shows("status", "watching");
    shows("status --json", "\"readings\":1,");
    shows("feeds", "city");
    shows("alarms", "E1/H1/P1");
    shows("alarms --json", "\"state\":\"unack\"");
    shows("alarms --severity red", "95");
    shows_not("alarms --severity blue", "E1/H1/P1");
    shows("alarms --enterprise E1", "E1/H1/P1");
    shows("alarms --limit 1", "E1/H1/P1");
    shows("top --once", "high.high@E1/H1/P1");
    shows("top --once --json", "\"readings_per_s\":");
    shows("points", "E1/H1/P2");
    shows("points --json 'E1/*/P1'", "\"value\":95");
    shows_not("points --json 'E1/*/P1'", "E1/H1/P2");
    shows("coverage --by enterprise", "E1");
    shows("coverage --json", "\"total\":2,\"online\":2");
    shows("tail --json", "\"event\":\"raise\"");
    shows("tail --from 1 --count 1 --json", "\"n\":\"1\"");
}

/* P1 came first and is orange by its L, P2 is red. */
static void the_worst_come_first(void **state)
{
    static char output[65536];

    (void)state;
    send_value("P2", 95, 1);
    send_value("P1", 5, 2);
    shows("alarms --json", "low@E1/H1/P1");
    assert_int_equal(flow_hazardctl(flow, "alarms --json --limit 10", output, sizeof(output)), 0);
    const char *red = strstr(output, "high@E1/H1/P2"), *orange = strstr(output, "low@E1/H1/P1");
    assert_true(red && orange && red < orange);
    assert_int_equal(flow_hazardctl(flow, "alarms --json --limit 1", output, sizeof(output)), 0);
    assert_non_null(strstr(output, "high@E1/H1/P2"));
    assert_null(strstr(output, "low@E1/H1/P1"));
    assert_int_equal(flow_hazardctl(flow, "alarms --limit 1001", output, sizeof(output)), 2);
}

static void refuses(const char *arguments, const char *text)
{
    static char output[65536];

    if (flow_hazardctl(flow, arguments, output, sizeof(output)) != 1 || strcmp(output, text) != 0)
        fail_msg("hazardctl %s does not say \"%s\" but:\n%s", arguments, text, output);
}

/* "no alarms" of a mistyped enterprise would look like an all-clear. */
static void an_id_that_nothing_has_is_refused(void **state)
{
    (void)state;
    refuses("alarms --enterprise E2",
            "hazardctl: there is no enterprise 'E2' in the set in force\n");
    refuses("points --enterprise E", "hazardctl: there is no enterprise 'E' in the set in force\n");
    refuses("points --hazard H1", "hazardctl: there is no hazard source 'H1' in the set in force: "
                                  "an id is enterprise/code\n");
    refuses("points P1", "hazardctl: there is no point 'P1' in the set in force: an id is "
                         "enterprise/hazard/code, or write a pattern: '*/LT101'\n");
    shows("alarms --enterprise E1", "no alarms");
    shows("alarms --enterprise E3", "no alarms"); /* an enterprise without a point */
    shows("points --enterprise E1 --hazard E1/H1", "E1/H1/P2");
    shows("points --enterprise E3", "no such points");
    shows("points 'X*'", "no such points");
    shows("points E1/H1/P1", "E1/H1/P1");
    shows_not("points E1/H1/P1", "E1/H1/P2");
    send_value("P1", 5, 1);
    shows("points E1/H1/P1 --stale", "no such points"); /* it is there, and is well */
    shows("points E1/H1/P1 --enterprise E3", "no such points");
}

struct logged {
    const char *text;
    char log[65536];
};

static bool is_logged(void *ctx)
{
    struct logged *logged = ctx;
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/daemon.log", flow_folder(flow));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(logged->log, 1, sizeof(logged->log) - 1, file);
    logged->log[length] = '\0';
    (void)fclose(file);
    return strstr(logged->log, logged->text) != NULL;
}

/* A sample of what is refused names it by what it is. */
static void what_is_refused_is_logged(void **state)
{
    static struct logged logged;
    static const struct {
        const char *topic, *payload, *line;
    } table[] = {
        {"hz/E1/H1/P9", "{\"v\":1}",
         "unknown-point (the registry has no such point): point E1/H1/P9\n"},
        {"hz/E1/H1/P1", "{", "): topic hz/E1/H1/P1, {\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(
            hz_link_publish(link_, hz_slice(table[i].topic), hz_slice(table[i].payload), 1), 0);
        assert_int_equal(hz_link_finish(link_, 10 * HZ_NS_PER_S), 0);
        logged.text = table[i].line;
        if (!flow_until(is_logged, &logged))
            fail_msg("\"%s\" is not logged:\n%s", table[i].line, logged.log);
    }
}

/* Two gateways: one that misspells a point, one whose messages are broken. */
static void what_nobody_registered_is_shown(void **state)
{
    (void)state;
    shows("unknown", "nothing was refused");
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            hz_link_publish(link_, hz_slice("hz/E1/H1/P11"), hz_slice("{\"v\":7.5}"), 1), 0);
    assert_int_equal(hz_link_publish(link_, hz_slice("hz/E1/H1/P1"), hz_slice("{"), 1), 0);
    assert_int_equal(hz_link_finish(link_, 10 * HZ_NS_PER_S), 0);
    shows("unknown --json", "\"verdict\":\"unknown-point\",\"point\":\"E1/H1/P11\",\"count\":3,");
    shows("unknown --json", "\"sample\":\"7.5\"}");
    shows("unknown --json", "\"verdict\":\"broken\",\"topic\":\"hz/E1/H1/P1\",\"count\":1,");
    shows("unknown --json", "{\"what\":\"rest\",\"without_row\":0,\"given_up\":0}\n");
    shows("unknown", "E1/H1/P1  ");
    shows_not("unknown", "more are in no row");
}

static unsigned lines_of(const char *arguments, const char *first, const char *last)
{
    static char output[65536];
    unsigned lines = 0;

    assert_int_equal(flow_hazardctl(flow, arguments, output, sizeof(output)), 0);
    for (const char *at = output; (at = strchr(at, '\n')); at++)
        lines++;
    if (strncmp(output, first, strlen(first)) != 0 || !strstr(output, last))
        fail_msg("hazardctl %s:\n%s", arguments, output);
    return lines;
}

/* Out of the files of a daemon that is running, and of one that is not. */
static void what_was_journalled_is_shown(void **state)
{
    (void)state;
    send_value("P1", 20, 1);
    send_value("P1", 95, 2);
    send_value("P2", 21, 3);
    shows("history E1/H1/P1 --json", "\"value\":20,\"quality\":\"good\",\"feed\":\"city\"");
    shows("history E1/H1/P1 --json", "{\"what\":\"alarm\",\"v\":\"1\"");
    shows("history E1/H1/P1", "high.high@E1/H1/P1");
    shows_not("history E1/H1/P1 --json", "\"value\":21");
    assert_int_equal(lines_of("history E1/H1/P1 --json --limit 2", "{\"what\":\"reading\"",
                              "\"event\":\"raise\""),
                     2);
    shows("history E1/H1/P1 --to 2020-01-01", "nothing is journalled");
    refuses("history E1/H1/P11",
            "hazardctl: the journal knows no point 'E1/H1/P11'; did you mean E1/H1/P1?\n");
    flow_stop(flow, FLOW_DAEMON);
    shows("history E1/H1/P1 --from 1h", "high.high@E1/H1/P1");
    shows("history E1/H1/P2 --from 1h", "21");
}

static void explains(const char *what, const char *text)
{
    static char arguments[512];

    (void)snprintf(arguments, sizeof(arguments), "explain %s --config %s/config", what,
                   flow_folder(flow));
    shows(arguments, text);
}

/* A limit of the row, one of the rule; then an alarm, as long as it is there and when it is over. */
static void why_is_explained(void **state)
{
    char arguments[512];

    (void)state;
    flow_write(flow, "config/points.csv",
               "enterprise,hazard,code,name,kind,unit,range_low,range_high,L\n"
               "E1,H1,P1,液位,level,%%,0,100,\nE1,H1,P2,液位二,level,%%,0,100,12\n");
    explains("E1/H1/P2", "! the limits are those of the files in ");
    flow_stop(flow, FLOW_DAEMON);
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    explains("E1/H1/P2 --json",
             "\"level\":\"L\",\"sev\":\"orange\",\"rule_at\":\"rules.d/high.yaml:10\"");
    explains("E1/H1/P2 --json", "\"limit\":12.0,\"limit_at\":\"points.csv:3\",\"deadband\":2.0,"
                                "\"deadband_at\":\"rules.d/high.yaml:3\"");
    explains("E1/H1/P1 --json", "\"limit\":10.0,\"limit_at\":\"rules.d/high.yaml:10\"");
    (void)snprintf(arguments, sizeof(arguments), "explain E1/H1/P2 --config %s/config",
                   flow_folder(flow));
    shows_not(arguments, "! the limits are");
    send_value("P1", 20, 1);
    send_value("P1", 95, 2);
    shows("alarms", "high.high@E1/H1/P1");
    explains("high.high@E1/H1/P1", "state        unack");
    explains("high.high@E1/H1/P1 --json", "\"event\":\"raise\"");
    explains("high.high@E1/H1/P1 --json", "\"value\":20,\"quality\":\"good\",\"feed\":\"city\","
                                          "\"retained\":false,\"historic\":false,\"drill\":false,"
                                          "\"before\":\"raise\"");
    shows("ack high.high@E1/H1/P1 --reason checked", "ack");
    explains("high.high@E1/H1/P1", "hazardctl  checked");
    send_value("P1", 20, 3);
    explains("high.high@E1/H1/P1 --json", "\"before\":\"clear\"");
    explains("high.high@E1/H1/P1", "state        normal"); /* out of the log */
    (void)snprintf(arguments, sizeof(arguments), "explain high.high --config %s/config",
                   flow_folder(flow));
    refuses(arguments, "hazardctl: there is no alarm, condition or point 'high.high'\n");
    flow_stop(flow, FLOW_DAEMON);
    explains("high.high@E1/H1/P1", "! hazardd is not reachable at ");
}

static long long feed_since(void)
{
    static char output[4096];

    assert_int_equal(flow_hazardctl(flow, "feeds --json", output, sizeof(output)), 0);
    const char *at = strstr(output, "\"since_ms\":");
    assert_non_null(at);
    return atoll(at + strlen("\"since_ms\":"));
}

/* A feed is lost since it was lost, however often it has been tried since. */
static void a_feed_is_lost_since_the_loss(void **state)
{
    static struct logged logged = {.text = "feed city: connection lost"};

    (void)state;
    flow_kill(flow, FLOW_BROKER);
    assert_true(flow_until(is_logged, &logged));
    shows("feeds", "lost");
    long long since = feed_since();
    logged.text = "feed city: not connected";
    assert_true(flow_until(is_logged, &logged));
    shows("feeds", "broker.sock"); /* the attempt's own reason */
    assert_int_equal(feed_since(), since);
}

static void tail_counts_from_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) /* an entry each */
        send_value("P1", i % 2 ? 20 : 95, i + 1);
    shows("tail --from 8 --json", "\"n\":\"8\"");
    assert_int_equal(
        lines_of("tail --json --from 3 --count 2", "{\"v\":\"1\",\"n\":\"3\"", "\"n\":\"4\""), 2);
    assert_int_equal(lines_of("tail --json --count 2", "{\"v\":\"1\",\"n\":\"7\"", "\"n\":\"8\""),
                     2);
}

static void an_acknowledgement_comes_back(void **state)
{
    static char output[4096];

    (void)state;
    send_value("P1", 95, 1);
    shows("ack high.high@E1/H1/P1 --reason checked", "ack");
    flow_wait_published(flow);
    shows("alarms --json", "\"state\":\"ack\"");
    shows("tail --json", "\"reason\":\"checked\"");
    assert_int_not_equal(flow_hazardctl(flow, "ack high.high@E1/H1/P1", output, sizeof(output)),
                         0); /* it has no effect now */
    assert_int_not_equal(flow_hazardctl(flow, "ack nobody@nowhere", output, sizeof(output)), 0);
    send_value("P1", 20, 2);
    shows_not("alarms --all --json", "high.high@E1/H1/P1");
}

static void acknowledged_is_remembered(void **state)
{
    (void)state;
    send_value("P1", 95, 1);
    shows("ack high.high@E1/H1/P1", "ack");
    flow_wait_published(flow);
    flow_kill(flow, FLOW_DAEMON);
    flow_start(flow, FLOW_DAEMON);
    shows("alarms --json", "\"state\":\"ack\"");
}

static void a_faulty_configuration_means_the_last_good(void **state)
{
    (void)state;
    flow_stop(flow, FLOW_DAEMON);
    write_rules("ninety");
    flow_start(flow, FLOW_DAEMON);
    shows("status --json", "\"config_faulty\":true");
    shows("alarms", "config-faulty");
    send_value("P1", 95, 1); /* still watched, by the last good limit */
    shows("alarms", "E1/H1/P1");
    flow_stop(flow, FLOW_DAEMON);
    write_rules("90");
    flow_start(flow, FLOW_DAEMON);
    shows("status --json", "\"config_faulty\":false");
    shows_not("alarms --json", "config-faulty");
}

static int start_by_hand(const char *state_folder, const char *more)
{
    char command[2048];
    const char *build = getenv("HAZARD_BUILD"), *folder = flow_folder(flow);

    (void)snprintf(
        command, sizeof(command),
        "mkdir -p %s/%s && timeout 20 %s/daemon/hazardd --config %s/config --state %s/%s "
        "--runtime %s/runtime %s >%s/by-hand.log 2>&1",
        folder, state_folder, build ? build : ".", folder, folder, state_folder, folder, more,
        folder);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void without_a_good_one_it_is_exit_78(void **state)
{
    (void)state;
    flow_stop(flow, FLOW_DAEMON);
    write_rules("ninety");
    assert_int_equal(start_by_hand("state", "--strict"), 78);
    assert_int_equal(start_by_hand("fresh", ""), 78);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(shows_what_the_daemon_did),
        T(the_worst_come_first),
        T(an_id_that_nothing_has_is_refused),
        T(what_is_refused_is_logged),
        T(what_nobody_registered_is_shown),
        T(what_was_journalled_is_shown),
        T(why_is_explained),
        T(a_feed_is_lost_since_the_loss),
        T(tail_counts_from_the_end),
        T(an_acknowledgement_comes_back),
        T(acknowledged_is_remembered),
        T(a_faulty_configuration_means_the_last_good),
        T(without_a_good_one_it_is_exit_78),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
