/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server against peers of every kind: good ones, and those that send garbage, never end their
 * request, never read, come in crowds, or are still waiting when it stops.
 */
#include "http_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MOST 20000 /* of the loop, a millisecond each when nothing happens */

static uv_loop_t loop;
static struct hz_http *http;
static struct hz_http_request *later; /* not answered yet */
static unsigned gone_count;
static char address[64];
static uint16_t port;
static bool closed;

/* --- the server's side --- */

static void answer_text(struct hz_http_request *request, const char *text)
{
    hz_http_answer(request, 200, "text/plain; charset=utf-8", strdup(text), strlen(text));
}

static void begin_now(void *ctx, struct hz_http_request *request)
{
    const char *accept = hz_http_header(request, "Accept");

    assert_ptr_equal(ctx, address);
    answer_text(request, accept ? accept : "now\n");
}

static void begin_later(void *ctx, struct hz_http_request *request)
{
    (void)ctx;
    assert_null(later);
    later = request;
}

/* More than the sockets' buffers take. */
#define BIG_BYTES ((size_t)16 << 20)

static void begin_big(void *ctx, struct hz_http_request *request)
{
    char *text = malloc(BIG_BYTES);

    (void)ctx;
    assert_non_null(text);
    memset(text, 'b', BIG_BYTES);
    hz_http_answer(request, 200, "text/plain", text, BIG_BYTES);
}

static const struct hz_http_row rows[] = {
    {"/now", begin_now}, {"/later", begin_later}, {"/big", begin_big}, {NULL, NULL}};

static void gone(void *ctx, struct hz_http_request *request)
{
    (void)ctx;
    assert_ptr_equal(request, later);
    gone_count++;
    later = NULL;
}

static void on_closed(void *ctx)
{
    (void)ctx;
    closed = true;
}

static int free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &length), 0);
    port = ntohs(any.sin_port);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    return fd;
}

static void start(void)
{
    const struct hz_http_config config = {
        .loop = &loop, .address = address, .rows = rows, .gone = gone, .ctx = address};

    hz_role_take(&hz_output);
    assert_int_equal(hz_http_new(&config, &http), 0);
}

static int set_up(void **state)
{
    (void)state;
    close(free_port());
    later = NULL;
    gone_count = 0;
    closed = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    start();
    return 0;
}

static void turn(void)
{
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static int tear_down(void **state)
{
    (void)state;
    if (!closed)
        hz_http_stop(http, on_closed, NULL);
    while (!closed)
        (void)uv_run(&loop, UV_RUN_ONCE);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static struct hz_http_counts counts(void)
{
    struct hz_http_counts now;

    hz_http_counts(http, &now);
    return now;
}

/* --- the peer's side --- */

static int dial(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop until the peer has what he waits for: the bytes until the end of his connection. */
static size_t hear(int fd, char *to, size_t size)
{
    size_t length = 0;

    for (int i = 0; i < TURNS_MOST; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        turn();
        if (poll(&wait, 1, 1) == 0)
            continue;
        ssize_t got = recv(fd, to + length, size - 1 - length, 0);
        if (got <= 0) {
            to[length] = '\0';
            return length;
        }
        length += (size_t)got;
    }
    fail_msg("the connection does not end; there is: %.*s", (int)length, to);
    return 0;
}

static char heard[65536];

static const char *ask(const char *request)
{
    int fd = dial();

    say(fd, request);
    (void)hear(fd, heard, sizeof(heard));
    close(fd);
    return heard;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    return strlen(text) >= strlen(with) && strcmp(text + strlen(text) - strlen(with), with) == 0;
}

static void until_open(unsigned open)
{
    for (int i = 0; i < TURNS_MOST && counts().open != open; i++) {
        turn();
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(counts().open, open);
}

/* --- tests --- */

static void a_request_is_answered(void **state)
{
    (void)state;
    ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(begins(heard, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(heard, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
    assert_true(ends(heard, "\r\n\r\nnow\n"));
    ask("GET /now HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\n\r\n");
    assert_true(ends(heard, "\r\n\r\na/b"));
    ask("HEAD /now HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(heard, "\r\nContent-Length: 4\r\n"));
    assert_true(ends(heard, "\r\n\r\n"));
    ask("GET /now?x=1 HTTP/1.0\r\n\r\n");
    assert_true(ends(heard, "\r\n\r\nnow\n"));
    assert_int_equal(counts().requests, 4);
    assert_int_equal(counts().open, 0);
}

static void other_paths_and_methods_are_refused(void **state)
{
    (void)state;
    assert_true(begins(ask("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 404 "));
    assert_true(begins(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 404 "));
    ask("POST /now HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_true(begins(heard, "HTTP/1.1 405 "));
    assert_non_null(strstr(heard, "\r\nAllow: GET, HEAD\r\n"));
    assert_true(begins(ask("DELETE /now HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 405 "));
    assert_int_equal(counts().refused, 4);
    assert_int_equal(counts().requests, 0);
}

static void an_answer_may_come_later(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < TURNS_MOST && !later; i++) {
        turn();
        (void)poll(NULL, 0, 1);
    }
    assert_non_null(later);
    assert_true(begins(ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 "));
    struct hz_http_request *request = later;
    later = NULL;
    answer_text(request, "later\n");
    (void)hear(fd, heard, sizeof(heard));
    assert_true(ends(heard, "\r\n\r\nlater\n"));
    close(fd);
}

static void ticks(unsigned count)
{
    while (count-- > 0)
        http__tick(http);
}

/* Answered, or sent away when his time is over: libmicrohttpd may wait for the rest of what began. */
static void garbage_ends_its_own_connection_only(void **state)
{
    static const char *const garbage[] = {
        "\r\n\r\n\r\n",
        "x",
        "GET\r\n\r\n",
        "GET /now HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    static char long_head[32768];

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int fd = dial();

        say(fd, garbage[i]);
        until_open(1);
        (void)shutdown(fd, SHUT_WR);
        ticks(HTTP_PATIENCE_TICKS);
        (void)hear(fd, heard, sizeof(heard));
        close(fd);
    }
    memset(long_head, 'a', sizeof(long_head) - 1);
    memcpy(long_head, "GET /", 5);
    int fd = dial();
    say(fd, long_head);
    (void)hear(fd, heard, sizeof(heard));
    assert_true(begins(heard, "HTTP/1.1 4"));
    close(fd);
    assert_true(begins(ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 "));
    assert_int_equal(counts().open, 0);
}

/* A byte now and then does not help: his time is from his connection on. */
static void who_never_ends_his_request_is_sent_away(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "GET /now HT");
    until_open(1);
    ticks(HTTP_PATIENCE_TICKS - 1);
    say(fd, "T");
    turn();
    assert_int_equal(counts().timed_out, 0);
    ticks(1);
    (void)hear(fd, heard, sizeof(heard));
    until_open(0);
    assert_int_equal(counts().timed_out, 1);
    close(fd);
}

static void who_never_reads_is_sent_away(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < TURNS_MOST && counts().requests == 0; i++)
        turn();
    for (int i = 0; i < 50; i++)
        turn();
    assert_int_equal(counts().open, 1);
    assert_true(begins(ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 "));
    ticks(HTTP_PATIENCE_TICKS);
    until_open(0);
    assert_int_equal(counts().timed_out, 1);
    close(fd);
}

/* Eight at once; the others wait in the kernel's queue for their turn. */
static void a_crowd_waits_outside(void **state)
{
    int crowd[12];

    (void)state;
    for (int i = 0; i < 12; i++)
        crowd[i] = dial();
    until_open(8);
    for (int i = 0; i < 50; i++)
        turn();
    assert_int_equal(counts().open, 8);
    ticks(HTTP_PATIENCE_TICKS);
    until_open(4);
    assert_int_equal(counts().timed_out, 8);
    for (int i = 0; i < 12; i++)
        close(crowd[i]);
    until_open(0);
    assert_true(begins(ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 "));
}

/* A peer that has left before his answer was there. */
static void an_answer_for_nobody(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < TURNS_MOST && !later; i++)
        turn();
    assert_non_null(later);
    close(fd);
    for (int i = 0; i < 10; i++)
        turn();
    answer_text(later, "later\n");
    later = NULL;
    until_open(0);
}

static void stopping_ends_who_waits(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < TURNS_MOST && !later; i++)
        turn();
    assert_non_null(later);
    hz_http_stop(http, on_closed, NULL);
    assert_int_equal(gone_count, 1);
    while (!closed)
        (void)uv_run(&loop, UV_RUN_ONCE);
    ssize_t got = recv(fd, heard, sizeof(heard) - 1, 0);
    assert_true(got >= 0);
    heard[got] = '\0';
    assert_true(got == 0 || begins(heard, "HTTP/1.1 503 "));
    close(fd);
}

static void a_taken_address_is_no_failure(void **state)
{
    (void)state;
    hz_http_stop(http, on_closed, NULL);
    while (!closed)
        (void)uv_run(&loop, UV_RUN_ONCE);
    closed = false;
    int other = free_port();
    assert_int_equal(listen(other, 1), 0);
    start();
    assert_false(counts().listening);
    close(other);
}

static void addresses(void **state)
{
    static const char *const good[] = {"127.0.0.1:1", "[::1]:65535", "0.0.0.0:9464"};
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "localhost:80",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "::1:80",
                                      "[::1]",
                                      "[::1:80",
                                      "127.0.0.1:80x",
                                      "127.0.0.1: 80",
                                      "1.2.3:4",
                                      ":80",
                                      "[]:80",
                                      "unix:/tmp/x:80",
                                      "127.0.0.1:-1",
                                      "[::1]x:80",
                                      "127.0.0.1:999999999999999999999"};
    struct http_address parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(http__parse_address(good[i], &parsed), 0);
    assert_int_equal(((const struct sockaddr_in *)&parsed.to)->sin_port, htons(9464));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (http__parse_address(bad[i], &parsed) != -EINVAL)
            fail_msg("%s is taken for an address", bad[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_request_is_answered),
        T(other_paths_and_methods_are_refused),
        T(an_answer_may_come_later),
        T(garbage_ends_its_own_connection_only),
        T(who_never_ends_his_request_is_sent_away),
        T(who_never_reads_is_sent_away),
        T(a_crowd_waits_outside),
        T(an_answer_for_nobody),
        T(stopping_ends_who_waits),
        T(a_taken_address_is_no_failure),
        cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
