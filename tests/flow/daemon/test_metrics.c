/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrics of a real daemon under load: scraped all the while, beside peers that never read, never
 * end their request or send no HTTP; in the end no alert is missing and the numbers are those that
 * `status` tells. The scrapes are held against the documentation, the board and the alert rules
 * (metrics_names.py).
 */
#include "alerts.h"
#include "under_load.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OPENMETRICS "Accept: application/openmetrics-text;version=1.0.0\r\n"

static struct under_load *load;
static struct flow *flow;
static uint16_t port;
static char text[1 << 20]; /* of the last scrape */

static struct sockaddr_in loopback(void)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int begin(void **state)
{
    struct sockaddr_in any = loopback();
    socklen_t length = sizeof(any);
    char yaml[128];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    any.sin_port = 0;
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &length), 0);
    close(fd);
    port = ntohs(any.sin_port);
    (void)snprintf(yaml, sizeof(yaml), "metrics:\n  address: 127.0.0.1:%u\n", port);
    load = under_load_new(yaml);
    flow = under_load_flow(load);
    flow_start(flow, FLOW_DAEMON);
    return 0;
}

static int end(void **state)
{
    (void)state;
    under_load_free(load);
    return 0;
}

/* --- asking --- */

static int dial(void)
{
    const struct sockaddr_in to = loopback();
    const struct timeval most = {.tv_sec = FLOW_DEADLINE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *request)
{
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

/* The whole answer into `text`. */
static void ask(const char *path, const char *headers)
{
    char request[256];
    size_t length = 0;
    ssize_t got;
    int fd = dial();

    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, headers);
    say(fd, request);
    while ((got = recv(fd, text + length, sizeof(text) - 1 - length, 0)) > 0)
        length += (size_t)got;
    assert_int_equal(got, 0);
    text[length] = '\0';
    close(fd);
}

static void scrape(void)
{
    ask("/metrics", OPENMETRICS);
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
}

/* Of the last scrape; -1 = no such sample. */
static double value_of(const char *sample)
{
    char line[256];

    (void)snprintf(line, sizeof(line), "\n%s ", sample);
    const char *at = strstr(text, line);
    return at ? atof(at + strlen(line)) : -1;
}

/* Scrapes until a sample is above a value. */
struct above {
    const char *sample;
    double value;
};

static bool is_above(void *ctx)
{
    const struct above *above = ctx;

    scrape();
    return value_of(above->sample) > above->value;
}

static void wait_above(const char *sample, double value)
{
    struct above above = {sample, value};

    if (flow_until(is_above, &above))
        return;
    flow_show_logs(flow);
    fail_msg("%s stays at %g", sample, value_of(sample));
}

/* Does the scrape say what `status` says? When the last of the load has been worked off. */
static bool tells_the_same(void *ctx)
{
    static const struct {
        const char *sample, *what, *key;
    } table[] = {
        {"hazardd_engine_records_total", "engine", "records"},
        {"hazardd_engine_readings_total", "engine", "readings"},
        {"hazardd_engine_evaluated_readings_total", "engine", "evaluated"},
        {"hazardd_engine_transitions_total", "engine", "transitions"},
        {"hazardd_feed_readings_total{feed=\"load\"}", "engine", "readings"},
        {"hazardd_feed_readings_total{feed=\"load\"}", "feed", "readings"},
        {"hazardd_feed_messages_total{feed=\"load\"}", "feed", "messages"},
        {"hazardd_journal_written_record", "journal", "written_seq"},
        {"hazardd_journal_durable_record", "journal", "durable_seq"},
        {"hazardd_alarms_log_newest", "journal", "log_newest"},
        {"hazardd_redis_published_alerts_total", "redis", "published"},
        {"hazardd_redis_published_alerts_total", "engine", "transitions"},
        {"hazardd_points_online", "coverage", "online"},
        {"hazardd_alarms{severity=\"red\"}", "alarms", "red"},
        {"hazardd_redis_waiting_alerts", "redis", "waiting"},
    };

    (void)ctx;
    scrape();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (value_of(table[i].sample) != (double)flow_number(flow, table[i].what, table[i].key))
            return false;
    return true;
}

/* --- tests --- */

static void a_scrape_tells_what_happens(void **state)
{
    static const char *const stages[] = {
        "hazardd_read_seconds_count",
        "hazardd_engine_block_seconds_count",
        "hazardd_journal_written_seconds_count",
        "hazardd_journal_sync_seconds_count",
        "hazardd_journal_durable_seconds_count",
        "hazardd_alert_held_seconds_count",
        "hazardd_redis_append_seconds_count",
        "hazardd_alert_seconds_count",
    };

    (void)state;
    wait_above("hazardd_feed_connected{feed=\"load\"}", 0);
    under_load_begin(load, 20000);
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
        wait_above(stages[i], 0);
    wait_above("hazardd_engine_readings_total", 20000);
    double before = value_of("hazardd_engine_readings_total");
    wait_above("hazardd_engine_readings_total", before);
    wait_above("hazardd_disk_written_bytes_total", 100000);
    wait_above("hazardd_disk_free_bytes", 0);
    wait_above("hazardd_disk_left_seconds", 0); /* known after ten seconds */
    wait_above("hazardd_redis_reach_seconds", 0);
    assert_true(value_of("hazardd_engine_answering") == 1);
    assert_true(value_of("hazardd_config_last_reload_successful") == 1);
    assert_true(value_of("hazardd_points") == 1000);

    under_load_end(load);
    assert_true(flow_until(tells_the_same, NULL));
    assert_true(under_load_compare(load) > 0);
}

/* Two dozen of each kind while alerts come. */
static void bad_peers_disturb_nobody(void **state)
{
    static const char *const said[] = {
        "",
        "GET /metrics HT",
        "GET /metrics HTTP/1.1\r\nHost: x\r\n" OPENMETRICS "\r\n", /* and never reads */
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc",
    };
    int peers[24];

    (void)state;
    wait_above("hazardd_feed_connected{feed=\"load\"}", 0);
    under_load_begin(load, 20000);
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        peers[i] = dial();
        say(peers[i], said[i % (sizeof(said) / sizeof(said[0]))]);
    }
    scrape(); /* gets its turn behind all of them */
    assert_true(value_of("hazardd_http_timed_out_total") > 0);
    assert_true(value_of("hazardd_http_connections_total") > 24);
    wait_above("hazardd_redis_published_alerts_total", 500);
    assert_true(value_of("hazardd_thread_silence_seconds{thread=\"output\"}") < 5);
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
        close(peers[i]);
    under_load_end(load);
    assert_true(under_load_compare(load) > 500);
}

static void health_and_readiness(void **state)
{
    (void)state;
    wait_above("hazardd_feed_connected{feed=\"load\"}", 0);
    ask("/healthz", "");
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nok\n"));
    wait_above("hazardd_redis_connected", 0);
    ask("/readyz", "");
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nready\nredis: connected\nfeed load: connected\n"));

    /* Neither a broker nor a Redis that is away makes it unready: it is said. */
    flow_kill(flow, FLOW_BROKER);
    flow_kill(flow, FLOW_REDIS);
    do
        scrape();
    while (value_of("hazardd_feed_connected{feed=\"load\"}") > 0 ||
           value_of("hazardd_redis_connected") > 0);
    ask("/readyz", "");
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "\nfeed load: lost: "));
    assert_non_null(strstr(text, "\nredis: not connected: "));
    ask("/healthz", "");
    assert_non_null(strstr(text, "\r\n\r\nok\n"));
}

/* --- against documentation, board and rules --- */

static void write_body(const char *name)
{
    const char *body = strstr(text, "\r\n\r\n");

    assert_non_null(body);
    flow_write(flow, name, "%s", body + 4);
}

__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
    char command[4096];
    va_list arguments;

    va_start(arguments, format);
    assert_true(vsnprintf(command, sizeof(command), format, arguments) < (int)sizeof(command));
    va_end(arguments);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void every_name_is_documented_and_there(void **state)
{
    const char *source = getenv("HAZARD_SOURCE"), *build = getenv("HAZARD_BUILD");
    const char *folder = flow_folder(flow), *socket = flow_socket(flow, FLOW_DAEMON);

    (void)state;
    assert_true(source && build);
    wait_above("hazardd_feed_connected{feed=\"load\"}", 0);
    write_body("openmetrics.txt");
    ask("/metrics", "");
    assert_non_null(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    write_body("prometheus.txt");
    assert_int_equal(
        run("%s/ctl/hazardctl metrics --socket %s >%s/ctl-openmetrics.txt", build, socket, folder),
        0);
    assert_int_equal(run("%s/ctl/hazardctl metrics --prometheus --socket %s >%s/ctl-prometheus.txt",
                         build, socket, folder),
                     0);
    assert_int_equal(
        run("python3 %s/tests/flow/daemon/metrics_names.py %s %s", source, source, folder), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_scrape_tells_what_happens),
        T(bad_peers_disturb_nobody),
        T(health_and_readiness),
        T(every_name_is_documented_and_there),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
