/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds that come, go and change while the daemon runs: one that does not change notices nothing of it; one
 * that does loses nothing that its broker keeps; one that goes is no alarm; each message is read as the set
 * in force has it; and a crash in the middle comes back with the new set.
 */
#include "alerts.h"
#include "hz_clock.h"
#include "link.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct flow *flow, *other; /* `other`: a second broker */
static int64_t stamp_ms, readings;
static char output[1 << 18];

/* --- the configuration --- */

/* The feed "city", and behind it `more`. */
static void write_feeds(const char *broker, const char *city, const char *more)
{
    flow_write(
        flow, "config/hazardd.yaml",
        "redis:\n  address: %s\nfeeds:\n- name: city\n  address: %s\n  client_id: city\n%s"
        "  filters:\n  - filter: \"hz/+/+/+\"\n    topic: hz/{enterprise}/{hazard}/{point}\n%s",
        flow_address(flow, FLOW_REDIS), broker, city, more);
}

static const char *feed_more(const char *address, const char *options, const char *filter_options)
{
    static char text[1024];

    (void)snprintf(
        text, sizeof(text),
        "- name: more\n  address: %s\n  client_id: more\n  lost_after: 1s\n%s  filters:\n"
        "  - filter: more/+\n    topic: more/{point}\n    key: E1/H1/{point}\n%s",
        address, options, filter_options);
    return text;
}

static int begin(void **state)
{
    (void)state;
    readings = 0;
    flow = flow_new();
    other = flow_new();
    flow_start(flow, FLOW_BROKER);
    flow_start(other, FLOW_BROKER);
    flow_start(flow, FLOW_REDIS);
    flow_write_three_points(flow);
    flow_write(flow, "config/rules.d/high.yaml",
               "schema: 1\nrules:\n- id: high\n  name: {zh: 高, en: high}\n  mode: live\n  domain: "
               "safety\n  select: {kind: level}\n  limits:\n    H: {severity: red, fallback: 90}\n"
               "- id: silent\n  name: {zh: 无, en: silent}\n  mode: live\n  domain: safety\n"
               "  select: {point: \"E1/H1/P3\"}\n  stale: {severity: yellow, after: 2s}\n");
    write_feeds(flow_address(flow, FLOW_BROKER), "", "");
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    stamp_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS;
    return 0;
}

static int end(void **state)
{
    (void)state;
    flow_free(flow);
    flow_free(other);
    return 0;
}

/* --- sending --- */

static void send_to(struct flow *of, const char *topic, const char *field, double value)
{
    struct hz_link *link;
    char payload[64];

    (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"%s\":%g}", (long long)++stamp_ms,
                   field, value);
    assert_int_equal(hz_link_open(flow_address(of, FLOW_BROKER), "sender", 10, &link), 0);
    assert_int_equal(hz_link_publish(link, hz_slice(topic), hz_slice(payload), 1), 0);
    assert_int_equal(hz_link_finish(link, 10 * HZ_NS_PER_S), 0);
    hz_link_close(link);
}

static void is_read(struct flow *of, const char *topic, double value)
{
    send_to(of, topic, "v", value);
    flow_wait_readings(flow, ++readings);
}

static volatile sig_atomic_t told_to_end;

static void on_term(int signal)
{
    (void)signal;
    told_to_end = 1;
}

/* Readings of three points at QoS 1 without a pause, until it is told to end: then how many there were. */
static void become_sender(int to)
{
    struct hz_link *link;
    int64_t count = 0;
    char topic[32], payload[64];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGTERM, on_term);
    if (hz_link_open(flow_address(flow, FLOW_BROKER), "load", 1000, &link) != 0)
        _exit(1);
    while (!told_to_end) {
        (void)snprintf(topic, sizeof(topic), "hz/E1/H1/P%d", (int)(1 + count % 3));
        (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":1}",
                       (long long)(stamp_ms + count / 3));
        if (hz_link_publish(link, hz_slice(topic), hz_slice(payload), 1) != 0)
            _exit(2);
        if (++count % 20 == 0 && hz_link_finish(link, 20 * HZ_NS_PER_S) != 0)
            _exit(3);
        if (count % 20 == 0)
            (void)nanosleep(&(struct timespec){0, 5000000}, NULL); /* some 3 000 a second */
    }
    if (hz_link_finish(link, 20 * HZ_NS_PER_S) != 0)
        _exit(4);
    _exit(write(to, &count, sizeof(count)) == sizeof(count) ? 0 : 5);
}

struct sender {
    pid_t pid;
    int from;
};

static struct sender begin_sending(void)
{
    struct sender sender;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    sender.pid = fork();
    assert_true(sender.pid >= 0);
    if (sender.pid == 0)
        become_sender(ends[1]);
    assert_int_equal(close(ends[1]), 0);
    sender.from = ends[0];
    return sender;
}

static int64_t end_sending(struct sender sender)
{
    int64_t count = 0;
    int status;

    assert_int_equal(kill(sender.pid, SIGTERM), 0);
    assert_int_equal(waitpid(sender.pid, &status, 0), sender.pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(sender.from, &count, sizeof(count)), sizeof(count));
    assert_int_equal(close(sender.from), 0);
    return count;
}

/* --- hazardctl --- */

static void gives(const char *arguments, int code, const char *text)
{
    int got = flow_hazardctl(flow, arguments, output, sizeof(output));

    if (got != code || !strstr(output, text))
        fail_msg("hazardctl %s: exit %d, not \"%s\" but:\n%s", arguments, got, text, output);
}

static void reload(void)
{
    gives("reload --reason \"as planned\"", 0, "is in force from record");
    assert_null(strstr(output, "needs a restart"));
}

/* The line of a feed in `feeds --json`; NULL: there is none. */
static const char *feed_line(const char *name)
{
    char sought[64];

    assert_int_equal(flow_hazardctl(flow, "feeds --json", output, sizeof(output)), 0);
    (void)snprintf(sought, sizeof(sought), "\"feed\":\"%s\"", name);
    return strstr(output, sought);
}

static int64_t feed_number(const char *name, const char *key)
{
    char sought[64];
    const char *line = feed_line(name), *at;

    (void)snprintf(sought, sizeof(sought), "\"%s\":", key);
    assert_non_null(line);
    at = strstr(line, sought);
    assert_non_null(at);
    return strtoll(at + strlen(sought), NULL, 10);
}

static bool is_connected(void *name)
{
    return feed_number(name, "connected_now") == 1;
}

static void wait_connected(const char *name)
{
    if (!flow_until(is_connected, (void *)(uintptr_t)name))
        fail_msg("feed %s does not connect:\n%s", name, output);
}

/* --- alerts --- */

struct sought {
    const char *event, *cond;
    size_t count;
};

static void look(void *ctx, const struct flow_alert *alert)
{
    struct sought *sought = ctx;

    sought->count += strcmp(flow_alert_text(alert, "cond"), sought->cond) == 0 &&
                     strcmp(flow_alert_text(alert, "event"), sought->event) == 0;
}

static bool is_there(void *ctx)
{
    struct sought *sought = ctx;

    sought->count = 0;
    (void)flow_alerts(flow, look, sought);
    return sought->count > 0;
}

static void wait_alert(const char *event, const char *cond)
{
    struct sought sought = {.event = event, .cond = cond};

    if (!flow_until(is_there, &sought))
        fail_msg("no %s of %s", event, cond);
}

static size_t alerts(const char *event, const char *cond)
{
    struct sought sought = {.event = event, .cond = cond};

    flow_wait_published(flow);
    (void)is_there(&sought);
    return sought.count;
}

/* --- what does not change --- */

/* Ten times: come, another option, another broker, go. A session that is not kept loses what comes while it
 * is away. */
static void one_that_does_not_change_notices_nothing(void **state)
{
    const char *const here = flow_address(flow, FLOW_BROKER);
    const char *const there = flow_address(other, FLOW_BROKER);
    int64_t since, sent;

    (void)state;
    write_feeds(here, "  clean_session: true\n", "");
    reload();
    wait_connected("city");
    since = feed_number("city", "since_ms");
    struct sender sender = begin_sending();
    for (int i = 0; i < 10; i++) {
        write_feeds(here, "  clean_session: true\n",
                    i % 4 == 3   ? ""
                    : i % 4 == 2 ? feed_more(there, "", "")
                                 : feed_more(here, i % 4 == 1 ? "  keepalive: 40s\n" : "", ""));
        reload();
    }
    sent = end_sending(sender);
    flow_wait_readings(flow, sent);
    assert_int_equal(flow_number(flow, "engine", "readings"), sent);
    assert_int_equal(flow_number(flow, "engine", "duplicate"), 0);
    assert_int_equal(feed_number("city", "since_ms"), since);
    assert_int_equal(feed_number("city", "readings"), sent);
}

/* What differs is for the engine alone: the connection stays. */
static void options_of_the_engine_keep_the_connection(void **state)
{
    int64_t since = feed_number("city", "since_ms");

    (void)state;
    write_feeds(flow_address(flow, FLOW_BROKER), "  skew: 5s\n  lost_after: 1s\n", "");
    reload();
    is_read(flow, "hz/E1/H1/P1", 1);
    assert_int_equal(feed_number("city", "since_ms"), since);
}

/* --- what changes --- */

/* The broker keeps the session: all comes, what was not acknowledged comes twice. */
static void one_that_changes_under_load_loses_nothing(void **state)
{
    int64_t sent;

    (void)state;
    struct sender sender = begin_sending();
    for (int i = 0; i < 10; i++) {
        write_feeds(flow_address(flow, FLOW_BROKER),
                    i % 2 ? "  keepalive: 40s\n" : "  keepalive: 50s\n", "");
        reload();
    }
    wait_connected("city");
    sent = end_sending(sender);
    flow_wait_readings(flow, sent);
    int64_t got = flow_number(flow, "engine", "readings");
    int64_t twice = flow_number(flow, "engine", "duplicate") + flow_number(flow, "engine", "late");
    assert_int_equal(got - twice, sent);
    assert_int_equal(feed_number("city", "readings"), got); /* counts go on */
    assert_int_equal(feed_number("city", "losses"), 0);     /* none was lost: they were closed */
    assert_int_equal(alerts("raise", "system.feed-lost@city"), 0);
}

static bool log_says(struct flow *of, const char *text)
{
    char command[512];

    (void)snprintf(command, sizeof(command), "grep -q '%s' %s/broker.log", text, flow_folder(of));
    return system(command) == 0;
}

static void one_moves_to_another_broker(void **state)
{
    (void)state;
    is_read(flow, "hz/E1/H1/P1", 1);
    write_feeds(flow_address(other, FLOW_BROKER), "", "");
    reload();
    wait_connected("city");
    is_read(other, "hz/E1/H1/P1", 95);
    wait_alert("raise", "high.high@E1/H1/P1");
    gives("reload --back --reason \"not yet\"", 0, "is in force from record");
    wait_connected("city");
    is_read(flow, "hz/E1/H1/P1", 1);
    wait_alert("clear", "high.high@E1/H1/P1");
    assert_int_equal(feed_number("city", "messages"), 3);
    flow_stop(other, FLOW_BROKER);                             /* its log is whole then */
    assert_true(log_says(other, "Client city disconnected.")); /* by DISCONNECT */
}

static void one_comes_is_read_otherwise_and_goes(void **state)
{
    const char *here = flow_address(flow, FLOW_BROKER);

    (void)state;
    write_feeds(here, "", feed_more(here, "", ""));
    reload();
    wait_connected("more");
    is_read(flow, "more/P3", 1);
    write_feeds(here, "", feed_more(here, "", "    value: level\n"));
    reload();
    wait_connected("more");
    send_to(flow, "more/P3", "level", 95);
    flow_wait_readings(flow, ++readings);
    wait_alert("raise", "high.high@E1/H1/P3");
    assert_int_equal(feed_number("more", "messages"), 2);
    write_feeds(here, "", "");
    reload();
    assert_null(feed_line("more"));
    wait_alert("raise", "silent.stale@E1/H1/P3"); /* its points are watched on */
    assert_int_equal(alerts("clear", "high.high@E1/H1/P3"), 0);
    assert_int_equal(alerts("raise", "system.feed-lost@more"), 0);
    write_feeds(here, "  keepalive: 40s\n", feed_more(here, "  clean_session: true\n", ""));
    reload();
    wait_connected("more");
    is_read(flow, "more/P3", 1);
    wait_alert("clear", "silent.stale@E1/H1/P3");
    assert_int_equal(feed_number("more", "messages"), 3); /* goes on */
}

/* --- brokers that are not there --- */

static void one_that_is_lost_goes(void **state)
{
    const char *here = flow_address(flow, FLOW_BROKER);

    (void)state;
    write_feeds(here, "", feed_more("unix:/nonexistent/broker", "", ""));
    reload();
    wait_alert("raise", "system.feed-lost@more");
    write_feeds(here, "", "");
    reload();
    wait_alert("clear", "system.feed-lost@more");
    write_feeds(here, "", feed_more("unix:/nonexistent/broker", "", ""));
    reload();
    assert_true(feed_number("more", "connected_now") == 0);
    flow_kill(flow, FLOW_DAEMON);
    write_feeds(here, "", ""); /* and by a start */
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    readings = 0;
    is_read(flow, "hz/E1/H1/P1", 1);
    assert_int_equal(alerts("raise", "system.feed-lost@more"),
                     alerts("clear", "system.feed-lost@more"));
}

static int listen_silently(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(strlen(path) < sizeof(to.sun_path));
    memcpy(to.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

/* It takes the connection and never says a word. */
static void a_broker_that_does_not_answer_disturbs_nobody(void **state)
{
    const char *here = flow_address(flow, FLOW_BROKER);
    char path[200], address[220];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/silent.sock", flow_folder(flow));
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    int fd = listen_silently(path);
    int64_t since = feed_number("city", "since_ms");
    struct sender sender = begin_sending();
    write_feeds(here, "", feed_more(address, "", ""));
    reload();
    wait_alert("raise", "system.feed-lost@more");
    write_feeds(here, "", feed_more(here, "", "")); /* it was mistyped */
    reload();
    wait_connected("more");
    wait_alert("clear", "system.feed-lost@more");
    readings = end_sending(sender);
    flow_wait_readings(flow, readings);
    stamp_ms += readings;
    is_read(flow, "more/P3", 1);
    assert_int_equal(flow_number(flow, "engine", "readings"), readings);
    assert_int_equal(feed_number("city", "since_ms"), since);
    (void)close(fd);
}

/* Stopped: it holds the connection, and takes our DISCONNECT not. */
static void a_broker_that_hangs_is_left_within_a_bound(void **state)
{
    (void)state;
    is_read(flow, "hz/E1/H1/P1", 1);
    flow_signal(flow, FLOW_BROKER, SIGSTOP);
    write_feeds(flow_address(other, FLOW_BROKER), "", "");
    reload();
    wait_connected("city");
    is_read(other, "hz/E1/H1/P1", 1);
    flow_signal(flow, FLOW_BROKER, SIGCONT);
}

/* --- crashes --- */

static void killed_right_after_it_comes_back_with_the_new_set(void **state)
{
    const char *here = flow_address(flow, FLOW_BROKER);
    const char *there = flow_address(other, FLOW_BROKER);

    (void)state;
    for (int i = 0; i < 4; i++) {
        write_feeds(i % 2 ? here : there, "", i % 2 ? "" : feed_more(here, "", ""));
        reload();
        flow_kill(flow, FLOW_DAEMON);
        flow_start(flow, FLOW_DAEMON);
        wait_connected("city");
        readings = 0;
        is_read(i % 2 ? flow : other, "hz/E1/H1/P1", 1);
        assert_true((feed_line("more") != NULL) == (i % 2 == 0));
    }
}

/* One that has not opened yet, since the former waits for its end, is replaced again. */
static void reloads_that_follow_each_other(void **state)
{
    const char *here = flow_address(flow, FLOW_BROKER);
    const char *there = flow_address(other, FLOW_BROKER);

    (void)state;
    flow_signal(flow, FLOW_BROKER, SIGSTOP);
    write_feeds(there, "  keepalive: 40s\n", "");
    reload();
    write_feeds(there, "  keepalive: 50s\n", feed_more(there, "", ""));
    reload();
    write_feeds(there, "  keepalive: 60s\n", "");
    reload();
    wait_connected("city");
    is_read(other, "hz/E1/H1/P1", 1);
    flow_signal(flow, FLOW_BROKER, SIGCONT);
    write_feeds(here, "", feed_more(there, "", ""));
    reload();
    flow_stop(flow, FLOW_DAEMON); /* with some that are closing still */
    flow_start(flow, FLOW_DAEMON);
    wait_connected("city");
    wait_connected("more");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(one_that_does_not_change_notices_nothing),
        T(options_of_the_engine_keep_the_connection),
        T(one_that_changes_under_load_loses_nothing),
        T(one_moves_to_another_broker),
        T(one_comes_is_read_otherwise_and_goes),
        T(one_that_is_lost_goes),
        T(a_broker_that_does_not_answer_disturbs_nobody),
        T(a_broker_that_hangs_is_left_within_a_bound),
        T(killed_right_after_it_comes_back_with_the_new_set),
        T(reloads_that_follow_each_other),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
