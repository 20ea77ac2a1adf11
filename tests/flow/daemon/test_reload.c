/* SPDX-License-Identifier: Apache-2.0
 *
 * Another set for a running daemon: what diff foresees is what reload brings; a refused set changes
 * nothing and says everything that is wrong with it; what did not change keeps its alarms and delays; a
 * crash leaves one set or the other, whole; no reading is lost under load.
 */
#include "alerts.h"
#include "hz_clock.h"
#include "link.h"
#include "under_load.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define POINTS 30u
#define MANY   400u

static struct flow *flow;
static struct hz_link *link_;
static int64_t stamp_ms, sent;
static char output[1 << 18];

/* --- the configuration --- */

static void write_feed_options(const char *stall, const char *heartbeat, const char *feed)
{
    flow_write(flow, "config/hazardd.yaml",
               "journal:\n  stall: %s\nredis:\n  address: %s\n  heartbeat: %s\nfeeds:\n- name: "
               "city\n  address: %s\n  client_id: ctl\n%s  filters:\n  - filter: \"hz/+/+/+\"\n   "
               " topic: hz/{enterprise}/{hazard}/{point}\n",
               stall, flow_address(flow, FLOW_REDIS), heartbeat, flow_address(flow, FLOW_BROKER),
               feed);
}

static void write_options(const char *stall, const char *heartbeat)
{
    write_feed_options(stall, heartbeat, "");
}

static void write_rules(const char *limit, const char *delay)
{
    flow_write(
        flow, "config/rules.d/high.yaml",
        "schema: 1\nrules:\n- id: high\n  name: {zh: 高, en: high}\n  mode: live\n  domain: "
        "safety\n  select: {kind: level}\n  limits:\n    H: {severity: red, fallback: %s}\n  "
        "deadband: 2\n- id: slow\n  name: {zh: 慢, en: slow}\n  mode: live\n  domain: "
        "safety\n  select: {kind: pressure}\n  limits:\n    H: {severity: red, fallback: "
        "10, delay: %s}\n",
        limit, delay);
}

static void write_points(unsigned count)
{
    char rows[32768];
    struct hz_text text = hz_text_in(rows, sizeof(rows));

    for (unsigned i = 1; i <= count; i++)
        hz_text_format(&text, "E1,H1,P%u,液位%u,level,%%,0,100\n", i, i);
    assert_false(text.overflow);
    flow_write(flow, "config/points.csv",
               "enterprise,hazard,code,name,kind,unit,range_low,range_high\n"
               "E1,H1,Q1,压力,pressure,MPa,0,100\n%s",
               rows);
}

static int begin(void **state)
{
    (void)state;
    sent = 0;
    flow = flow_new();
    flow_start(flow, FLOW_BROKER);
    flow_start(flow, FLOW_REDIS);
    write_options("1s", "1s");
    write_rules("90", "4s");
    flow_write(flow, "config/enterprises.csv", "code,name\nE1,一号化工\n");
    flow_write(flow, "config/hazards.csv", "enterprise,code,name,level\nE1,H1,罐区,1\n");
    write_points(POINTS);
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
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

static void send_only(const char *point, double value)
{
    char topic[64], payload[64];

    (void)snprintf(topic, sizeof(topic), "hz/E1/H1/%s", point);
    (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":%g}", (long long)++stamp_ms,
                   value);
    assert_int_equal(hz_link_publish(link_, hz_slice(topic), hz_slice(payload), 1), 0);
    assert_int_equal(hz_link_finish(link_, 10 * HZ_NS_PER_S), 0);
}

static void send_value(const char *point, double value)
{
    send_only(point, value);
    flow_wait_readings(flow, ++sent);
    flow_wait_published(flow);
}

/* --- hazardctl --- */

static int ctl(const char *arguments)
{
    return flow_hazardctl(flow, arguments, output, sizeof(output));
}

static void gives(const char *arguments, int code, const char *text)
{
    int got = ctl(arguments);

    if (got != code || !strstr(output, text))
        fail_msg("hazardctl %s: exit %d, not \"%s\" but:\n%s", arguments, got, text, output);
}

static unsigned times(const char *text)
{
    unsigned count = 0;

    for (const char *at = output; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

static void set_in_force(char to[65])
{
    gives("status --json", 0, "\"set\":\"");
    assert_int_equal(sscanf(strstr(output, "\"set\":\"") + 7, "%64[0-9a-f]", to), 1);
}

/* --- what Redis tells of the set --- */

struct told {
    const char *set, *via, *reason;
};

static bool meta_tells(void *ctx)
{
    const struct told *told = ctx;
    char command[512], text[512] = "", wanted[512];

    (void)snprintf(command, sizeof(command),
                   "redis-cli -s %s hmget 'hz:1:{all}:meta' set set_via set_reason",
                   flow_socket(flow, FLOW_REDIS));
    FILE *from = popen(command, "re");
    assert_non_null(from);
    text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
    (void)pclose(from);
    (void)snprintf(wanted, sizeof(wanted), "%s\n%s\n%s\n", told->set, told->via, told->reason);
    return strcmp(text, wanted) == 0;
}

/* --- what the alerts say --- */

struct alert {
    const char *cond, *event;
    size_t count;
    double for_ms;
};

static void look(void *ctx, const struct flow_alert *alert)
{
    struct alert *sought = ctx;

    if (strcmp(flow_alert_text(alert, "cond"), sought->cond) != 0 ||
        strcmp(flow_alert_text(alert, "event"), sought->event) != 0)
        return;
    sought->count++;
    sought->for_ms = flow_alert_number(alert, "for_ms");
}

static bool is_there(void *ctx)
{
    struct alert *sought = ctx;

    sought->count = 0;
    (void)flow_alerts(flow, look, sought);
    return sought->count > 0;
}

static size_t alerts(const char *event, const char *cond)
{
    struct alert sought = {.cond = cond, .event = event};

    flow_wait_published(flow);
    (void)is_there(&sought);
    return sought.count;
}

static void wait_alert(const char *event, const char *cond)
{
    struct alert sought = {.cond = cond, .event = event};

    if (!flow_until(is_there, &sought))
        fail_msg("no %s of %s", event, cond);
}

/* --- the tests --- */

static void diff_shows_and_changes_nothing(void **state)
{
    (void)state;
    char before[65], after[65];
    set_in_force(before);
    send_value("P1", 85);
    gives("diff", 0, "is in force already");
    write_rules("80", "4s");
    gives("diff", 0, "limit  E1/H1/P1 high: limit H 90 -> 80");
    assert_non_null(
        strstr(output, "alarm  raise      E1/H1/P1 high.high H red, value 85, limit 80"));
    assert_non_null(strstr(output, "limits: 30 changed"));
    assert_non_null(strstr(output, "alarms: 1 raised, 0 moved, 0 ended"));
    set_in_force(after);
    assert_string_equal(before, after);
    assert_int_equal(alerts("raise", "high.high@E1/H1/P1"), 0);
}

static void reload_brings_what_diff_foresees(void **state)
{
    (void)state;
    char before[65], after[65], command[256], expected[65];
    send_value("P1", 85);
    send_value("P2", 91);
    set_in_force(before);
    write_rules("88", "4s");
    gives("diff --json", 0, "\"what\":\"summary\"");
    assert_int_equal(sscanf(strstr(output, "\"summary\",\"set\":\"") + 17, "%64[0-9a-f]", expected),
                     1);
    gives("reload --reason x --expect 0123", 1, "look at diff again");
    (void)snprintf(command, sizeof(command), "reload --reason \"as agreed\" --expect %.12s",
                   expected);
    gives(command, 0, "is in force from record");
    set_in_force(after);
    assert_string_equal(after, expected);
    assert_string_not_equal(after, before);
    assert_int_equal(alerts("raise", "high.high@E1/H1/P1"), 0);
    send_value("P1", 88); /* by the new limit */
    wait_alert("raise", "high.high@E1/H1/P1");
    assert_int_equal(alerts("raise", "high.high@E1/H1/P2"), 1); /* the old alarm goes on */
    assert_true(flow_until(meta_tells, &(struct told){after, "hazardctl", "as agreed"}));
    gives("reload", 0, "is in force already");
    gives("reload --back --reason wrong", 0, "is in force from record");
    set_in_force(after);
    assert_string_equal(after, before);
}

static void what_did_not_change_keeps_its_delay(void **state)
{
    (void)state;
    struct alert slow = {.cond = "slow.high@E1/H1/Q1", .event = "raise"};
    send_value("Q1", 50);          /* raises in 4 s */
    for (int i = 0; i < 20; i++) { /* within that time */
        write_rules(i % 2 ? "90" : "80", "4s");
        gives("reload --reason again", 0, "is in force from record");
    }
    assert_int_equal(alerts("raise", "slow.high@E1/H1/Q1"), 0);
    assert_true(flow_until(is_there, &slow));
    assert_true(slow.for_ms >= 4000 && slow.for_ms < 4500); /* counted from the reading */
    assert_int_equal(flow_number(flow, "engine", "readings"), sent);
}

static void every_error_is_told_and_nothing_changes(void **state)
{
    (void)state;
    char rules[8192], before[65], after[65];
    struct hz_text text = hz_text_in(rules, sizeof(rules));
    set_in_force(before);
    for (int i = 0; i < 30; i++)
        hz_text_format(&text,
                       "- id: r%d\n  name: {zh: x, en: x}\n  mode: live\n  domain: safety\n"
                       "  select: {kind: level}\n  limits: {H: {severity: purple}}\n",
                       i);
    flow_write(flow, "config/rules.d/many.yaml", "schema: 1\nrules:\n%s", rules);
    gives("reload --reason x", 78, "30 errors: nothing is changed");
    assert_int_equal(times(": error: "), 30);
    assert_int_equal(times("rules.d/many.yaml:8:"), 1);
    set_in_force(after);
    assert_string_equal(before, after);
    gives("status", 0, "watching");
}

static void a_reload_that_would_raise_many_is_refused(void **state)
{
    (void)state;
    char point[16];
    write_points(MANY);
    gives("reload --reason more", 0, "points: 370 added");
    for (unsigned i = 1; i <= MANY; i++) {
        (void)snprintf(point, sizeof(point), "P%u", i);
        send_only(point, 70);
    }
    flow_wait_readings(flow, MANY);
    write_rules("60", "4s");
    gives("reload --reason x", 1, "400 alarms would be raised, more than 20: nothing is changed");
    assert_int_equal(times("alarm  raise"), MANY);
    assert_int_equal(alerts("raise", "high.high@E1/H1/P400"), 0);
    gives("reload --reason x --max-new-alarms 400", 0, "alarms: 400 raised");
    wait_alert("raise", "high.high@E1/H1/P400");
}

/* A shorter time makes the silent STALE at once: nobody was warned of that. */
static void silence_by_a_shorter_time_is_foreseen(void **state)
{
    (void)state;
    flow_write(flow, "config/rules.d/silent.yaml",
               "schema: 1\nrules:\n- id: silent\n  name: {zh: 无, en: silent}\n  mode: live\n  "
               "domain: safety\n  select: {kind: level}\n  stale: {severity: yellow}\n");
    gives("reload --reason watch", 0, "rules: 1 added");
    send_value("P1", 1);
    (void)nanosleep(&(struct timespec){2, 0}, NULL);
    write_feed_options("1s", "1s", "  stale_after: 1s\n");
    send_value("P2", 1); /* the engine's time is that of its last record */
    gives("reload --reason x", 1, "29 alarms would be raised, more than 20: nothing is changed");
    gives("reload --reason x --max-new-alarms 30", 0, "alarm  raise      E1/H1/P1 silent.stale");
    wait_alert("raise", "silent.stale@E1/H1/P1");
}

static void points_come_and_go(void **state)
{
    (void)state;
    send_value("P1", 95);
    send_value("P2", 95);
    send_only("P31", 95); /* not in the registry: a verdict */
    write_points(POINTS + 1);
    gives("reload --reason more", 0, "points: 1 added");
    send_value("P31", 95);
    wait_alert("raise", "high.high@E1/H1/P31");
    write_points(1);
    gives("diff", 0, "alarm  remove     E1/H1/P2");
    gives("reload --reason less", 0, "points: 0 added, 30 removed");
    wait_alert("remove", "high.high@E1/H1/P2");
    wait_alert("remove", "high.high@E1/H1/P31");
    flow_stop(flow, FLOW_DAEMON); /* the new name is on disk, and its id its own */
    write_points(POINTS + 1);
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    sent = 0;
    send_value("P31", 96);
    assert_int_equal(alerts("raise", "high.high@E1/H1/P31"), 2);
}

/* Definitions of a later run lay in a segment of their own, and the start after that read the last one
 * alone: it did not start. */
static void names_of_several_runs_are_found_again(void **state)
{
    char point[16], cond[64];

    (void)state;
    for (unsigned run = 1; run <= 3; run++) {
        flow_stop(flow, FLOW_DAEMON);
        write_points(POINTS + run);
        flow_start(flow, FLOW_DAEMON);
        flow_wait_connected(flow);
        (void)snprintf(point, sizeof(point), "P%u", POINTS + run);
        (void)snprintf(cond, sizeof(cond), "high.high@E1/H1/%s", point);
        sent = 0;
        send_value(point, 95);
        assert_int_equal(alerts("raise", cond), 1);
    }
}

static bool shows_alarm(void *ctx)
{
    return ctl("alarms") == 0 && strstr(output, ctx);
}

/* It did not start then. */
static void a_set_gone_from_the_archive_is_damage(void **state)
{
    char gone[65], command[512];

    (void)state;
    send_value("P1", 95);
    write_rules("80", "4s");
    gives("reload --reason x", 0, "is in force from record");
    set_in_force(gone);
    send_value("P2", 85);
    flow_kill(flow, FLOW_DAEMON);
    (void)snprintf(command, sizeof(command), "rm %s/state/sets/%s", flow_folder(flow), gone);
    assert_int_equal(system(command), 0);
    write_rules("84", "4s");
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    wait_alert("raise", "system.journal-hole");
    gives("alarms", 0, "E1/H1/P1");
    send_only("P2", 86); /* what the engine has said does not count up to the stream any more */
    assert_true(flow_until(shows_alarm, (char *)"E1/H1/P2"));
    flow_kill(flow, FLOW_DAEMON); /* and once more, over what the first start made of it */
    flow_start(flow, FLOW_DAEMON);
    gives("alarms", 0, "E1/H1/P1");
    assert_non_null(strstr(output, "E1/H1/P2"));
}

static void options_say_what_they_need(void **state)
{
    (void)state;
    write_options("2s", "2s");
    gives("reload --reason slower", 0, "option changed  redis.heartbeat\n");
    assert_non_null(strstr(output, "option changed  journal.stall: needs a restart"));
    assert_non_null(strstr(output, "options that need a restart: 1"));
    write_options("2s", "1s"); /* the stall still waits for a restart */
    gives("diff", 0, "option changed  journal.stall: needs a restart");
    gives("reload --reason quick", 0, "options that need a restart: 1");
    gives("reload", 0,
          "option changed  journal.stall: needs a restart"); /* also when nothing else does */
    assert_non_null(strstr(output, "is in force already"));
    write_options("1s", "2s");
    gives("diff", 0, "option changed  redis.heartbeat\n");
    assert_null(strstr(output, "journal.stall"));
}

static bool shows_fixed(void *ctx)
{
    return ctl("status --json") == 0 && !strstr(output, ctx);
}

static void a_signal_takes_the_files(void **state)
{
    (void)state;
    char before[65], after[65];
    set_in_force(before);
    send_value("P1", 85);
    write_rules("80", "4s");
    flow_signal(flow, FLOW_DAEMON, SIGHUP);
    wait_alert("raise", "high.high@E1/H1/P1");
    set_in_force(after);
    assert_string_not_equal(before, after);
    assert_true(shows_fixed(before));
}

/* The last good set at a start; a good reload ends the alarm about it. */
static void a_reload_mends_a_faulty_start(void **state)
{
    (void)state;
    flow_stop(flow, FLOW_DAEMON);
    write_rules("ninety", "4s");
    flow_start(flow, FLOW_DAEMON);
    wait_alert("raise", "system.config-faulty");
    write_rules("80", "4s");
    gives("reload --reason mended", 0, "is in force from record");
    wait_alert("clear", "system.config-faulty");
}

/* "In force already", and the alarm stayed until a restart. */
static void so_does_taking_the_fault_out_again(void **state)
{
    (void)state;
    char before[65], after[65];
    set_in_force(before);
    send_value("P1", 95);
    flow_stop(flow, FLOW_DAEMON);
    write_rules("ninety", "4s");
    flow_start(flow, FLOW_DAEMON);
    wait_alert("raise", "system.config-faulty");
    write_rules("90", "4s"); /* as it was */
    gives("reload --reason \"as it was\"", 0, "is in force from record");
    wait_alert("clear", "system.config-faulty");
    set_in_force(after);
    assert_string_equal(before, after);
    assert_int_equal(alerts("raise", "high.high@E1/H1/P1"), 1); /* it goes on */
    gives("status", 0, "configuration faulty  no");
    gives("reload", 0, "is in force already");
    gives("reload --back", 1, "no former set"); /* the one that was put once more is freed */
    write_rules("89", "4s"); /* the builder compares with what the engine has kept */
    gives("diff", 0, "limit H 90 -> 89");
    gives("reload --reason on", 0, "is in force from record");
}

/* --- under load --- */

static struct under_load *load;

/* Beside the load's own rule; among the values that it brings, so that each turn raises or clears. */
static void write_load_rules(unsigned turn)
{
    flow_write(
        flow, "config/rules.d/more.yaml",
        "schema: 1\nrules:\n- id: more\n  name: {zh: 多, en: more}\n  mode: trial\n  domain: "
        "safety\n  select: {kind: load}\n  limits:\n    HH: {severity: red, fallback: %u}\n",
        30 + turn % 7 * 10);
}

static void begin_load(const char *more_yaml)
{
    load = under_load_new(more_yaml);
    flow = under_load_flow(load);
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_begin(load, 5000);
}

/* When it has ended: the stream is what the journal says. */
static void compare_load(void)
{
    assert_true(under_load_compare(load) > 0);
    under_load_free(load);
    load = NULL;
}

static void twenty_reloads(const char *more_yaml)
{
    begin_load(more_yaml);
    for (unsigned i = 0; i < 20; i++) {
        write_load_rules(i);
        gives("reload --reason turn --max-new-alarms 100000", 0, "is in force from record");
    }
    under_load_end(load);
    assert_int_equal(flow_number(flow, "feed", "dropped"), 0);
    compare_load();
}

static void twenty_reloads_lose_no_reading(void **state)
{
    (void)state;
    twenty_reloads("rule_threads: 0\n");
}

static void twenty_reloads_with_a_rule_thread(void **state)
{
    (void)state;
    twenty_reloads("rule_threads: 1\n");
}

static pid_t reload_in_background(void)
{
    char program[4096];
    const char *build = getenv("HAZARD_BUILD");
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(program, sizeof(program), "%s/ctl/hazardctl", build ? build : ".");
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        _exit(126);
    (void)execl(program, program, "reload", "--reason", "x", "--max-new-alarms", "100000",
                (char *)NULL);
    _exit(127);
}

static void killed_in_a_reload_one_set_or_the_other(void **state)
{
    (void)state;
    unsigned seed = 1;
    load = under_load_new("");
    flow = under_load_flow(load);
    assert_int_equal(setenv("HAZARDD_SOCKET", flow_socket(flow, FLOW_DAEMON), 1), 0);
    under_load_begin(load, 5000);
    for (unsigned i = 0; i < 10; i++) {
        flow_start(flow, FLOW_DAEMON);
        write_load_rules(i);
        pid_t pid = reload_in_background();
        (void)nanosleep(&(struct timespec){0, rand_r(&seed) % 60 * 1000000},
                        NULL); /* the moment is tried */
        flow_kill(flow, FLOW_DAEMON);
        (void)waitpid(pid, NULL, 0);
    }
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_end(load);
    compare_load();
}

/* The first alert of a run is that of the gap. It was told in the words of the new set, while the journal
 * had the former one in force there. */
static void a_start_with_other_files_after_a_gap(void **state)
{
    (void)state;
    begin_load("");
    flow_kill(flow, FLOW_DAEMON);
    write_load_rules(1);
    (void)nanosleep(&(struct timespec){2, 200000000}, NULL); /* a gap is an alarm from 2 s on */
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_end(load);
    compare_load();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(diff_shows_and_changes_nothing),
        T(reload_brings_what_diff_foresees),
        T(what_did_not_change_keeps_its_delay),
        T(every_error_is_told_and_nothing_changes),
        T(a_reload_that_would_raise_many_is_refused),
        T(silence_by_a_shorter_time_is_foreseen),
        T(points_come_and_go),
        T(a_set_gone_from_the_archive_is_damage),
        T(options_say_what_they_need),
        T(names_of_several_runs_are_found_again),
        T(a_signal_takes_the_files),
        T(a_reload_mends_a_faulty_start),
        T(so_does_taking_the_fault_out_again),
        cmocka_unit_test(twenty_reloads_lose_no_reading),
        cmocka_unit_test(twenty_reloads_with_a_rule_thread),
        cmocka_unit_test(killed_in_a_reload_one_set_or_the_other),
        cmocka_unit_test(a_start_with_other_files_after_a_gap),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
