/* SPDX-License-Identifier: Apache-2.0
 *
 * Tuned and disturbed while readings come in at QoS 1: every reading that was acknowledged is counted by the
 * engine, and what Redis has is what the journal yields. Reloads change limits of half the points while a
 * delay of another runs; a second reload meets one under way; control peers send garbage, read nothing,
 * or come by the thousand.
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
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RATE    5000u
#define RELOADS 20u
#define DELAY_S 5

static struct under_load *load;
static struct flow *flow;
static char output[1 << 18];

/* --- the configuration: the load's, a point of another kind, a rule for half of the points --- */

/* Instead of the load's one rule: E0010 to E0019 have a limit that moves. */
static void write_half(unsigned turn)
{
    static const char *const points[] = {"E000*", "E001*", "E002*"};
    char rules[2048];
    struct hz_text text = hz_text_in(rules, sizeof(rules));

    for (unsigned i = 0; i < 3; i++)
        hz_text_format(&text,
                       "- id: r%u\n  name: {zh: 高, en: high}\n  mode: live\n  domain: safety\n  "
                       "select: {kind: load, point: \"%s\"}\n  limits:\n    H: {severity: orange, "
                       "fallback: %s}\n  deadband: 2\n",
                       i, points[i], i == 1 && turn % 2 ? "93" : "90");
    assert_false(text.overflow);
    flow_write(flow, "config/rules.d/load.yaml", "schema: 1\nrules:\n%s", rules);
}

static void append(const char *name, const char *text)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/config/%s", flow_folder(flow), name);
    FILE *file = fopen(path, "ae");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    (void)state;
    load = under_load_new("");
    flow = under_load_flow(load);
    append("points.csv", "E0001,H01,Q1,压力,pressure,MPa,0,100\n");
    flow_write(flow, "config/rules.d/slow.yaml",
               "schema: 1\nrules:\n- id: slow\n  name: {zh: 慢, en: slow}\n  mode: live\n  domain: "
               "safety\n  select: {kind: pressure}\n  limits:\n    H: {severity: red, fallback: "
               "10, delay: %ds}\n",
               DELAY_S);
    write_half(0);
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
    under_load_begin(load, RATE);
    return 0;
}

static int end(void **state)
{
    (void)state;
    under_load_free(load);
    load = NULL;
    return 0;
}

/* Readings besides those of the load: `more`. */
static void every_reading_is_counted(int64_t more)
{
    const int64_t sent = under_load_end_counted(load) + more;

    assert_true(sent > 0);
    flow_wait_readings(flow, sent);
    assert_int_equal(flow_number(flow, "engine", "readings"), sent);
    assert_int_equal(flow_number(flow, "engine", "evaluated"), sent);
    assert_int_equal(flow_number(flow, "feed", "dropped"), 0);
    assert_true(under_load_compare(load) > 0);
}

/* --- twenty reloads --- */

static void send_slow(void)
{
    struct hz_link *link;
    char payload[64];

    (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":50}",
                   (long long)(hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS));
    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "slow", 10, &link), 0);
    assert_int_equal(hz_link_publish(link, hz_slice("hz/E0001/H01/Q1"), hz_slice(payload), 1), 0);
    assert_int_equal(hz_link_finish(link, 10 * HZ_NS_PER_S), 0);
    hz_link_close(link);
}

struct raise {
    unsigned count;
    double for_ms;
};

static void look(void *ctx, const struct flow_alert *alert)
{
    struct raise *raise = ctx;

    if (strcmp(flow_alert_text(alert, "cond"), "slow.high@E0001/H01/Q1") != 0)
        return;
    raise->count++;
    raise->for_ms = flow_alert_number(alert, "for_ms");
}

static bool shows_slow(void)
{
    return flow_hazardctl(flow, "alarms --json --enterprise E0001 --limit 1000", output,
                          sizeof(output)) == 0 &&
           strstr(output, "slow.high@E0001/H01/Q1");
}

/* The delay runs through all reloads until it is over, however many go into its time. */
static void twenty_reloads_and_a_delay_runs_on(void **state)
{
    struct raise raise = {0};
    time_t begun = time(NULL);

    (void)state;
    send_slow();
    for (unsigned i = 1; i <= RELOADS || !shows_slow(); i++) {
        write_half(i);
        if (flow_hazardctl(flow, "reload --reason turn --max-new-alarms 100000", output,
                           sizeof(output)) != 0)
            fail_msg("reload %u: %s", i, output);
        assert_non_null(strstr(output, "limits: "));
        assert_null(strstr(output, "limits: 0 changed"));
        assert_true(time(NULL) - begun < DELAY_S + FLOW_DEADLINE_S);
    }
    every_reading_is_counted(1);
    (void)flow_alerts(flow, look, &raise);
    assert_int_equal(raise.count, 1);
    assert_true(raise.for_ms >= DELAY_S * 1000 && raise.for_ms < DELAY_S * 1000 + 500);
}

/* --- peers of the control socket --- */

/* -1: it was not taken. */
static int connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                   flow_socket(flow, FLOW_DAEMON));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void say(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT); /* it may be cut off */
}

struct asked {
    int fd;
    size_t length;
    char text[1 << 18];
};

static bool has_answer(void *ctx)
{
    struct asked *asked = ctx;
    ssize_t got = recv(asked->fd, asked->text + asked->length,
                       sizeof(asked->text) - 1 - asked->length, MSG_DONTWAIT);

    if (got > 0)
        asked->length += (size_t)got;
    asked->text[asked->length] = '\0';
    return strstr(asked->text, "{\"end\":true}") || strstr(asked->text, "{\"error\":");
}

/* Both lie there when the daemon goes on: whichever it takes first is under way at the other's turn. */
static void a_reload_during_a_reload_is_refused(void **state)
{
    static struct asked asked[2];
    unsigned good = 0, refused = 0;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        asked[i] = (struct asked){.fd = connect_control()};
        assert_true(asked[i].fd >= 0);
        say(asked[i].fd, "status\n"); /* it is taken */
        assert_true(flow_until(has_answer, &asked[i]));
        asked[i].length = 0;
    }
    write_half(1);
    flow_signal(flow, FLOW_DAEMON, SIGSTOP);
    for (unsigned i = 0; i < 2; i++)
        say(asked[i].fd, "reload\treason=both\tmax-new-alarms=100000\n");
    flow_signal(flow, FLOW_DAEMON, SIGCONT);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(flow_until(has_answer, &asked[i]));
        good += strstr(asked[i].text, "\"put\":true") != NULL;
        refused += strstr(asked[i].text, "a diff or reload is under way") != NULL;
        (void)close(asked[i].fd);
    }
    assert_int_equal(good, 1);
    assert_int_equal(refused, 1);
    every_reading_is_counted(0);
}

#define CROWD 1000u

static void peers_disturb_nothing(void **state)
{
    static int crowd[CROWD];
    static const char garbage[] =
        "\x00\xff{]}\n\n\t\t\x01\x02 select * from points;\nGET / HTTP/1.1\r\n";
    const int64_t before = flow_number(flow, "engine", "readings");

    (void)state;
    int deaf = connect_control(), loud = connect_control();
    assert_true(deaf >= 0 && loud >= 0);
    for (unsigned i = 0; i < 1000; i++) {
        say(deaf, "points\n"); /* and reads none of it */
        (void)send(loud, garbage, sizeof(garbage) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    assert_true(flow_number(flow, "engine", "readings") >= before); /* others are answered */
    for (unsigned i = 0; i < CROWD; i++)
        crowd[i] = connect_control();
    (void)nanosleep(&(struct timespec){1, 0}, NULL); /* while they are there, RATE readings come */
    for (unsigned i = 0; i < CROWD; i++)
        if (crowd[i] >= 0)
            (void)close(crowd[i]);
    (void)close(deaf);
    (void)close(loud);
    every_reading_is_counted(0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(twenty_reloads_and_a_delay_runs_on),
        T(a_reload_during_a_reload_is_refused),
        T(peers_disturb_nothing),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
