/* SPDX-License-Identifier: Apache-2.0
 *
 * The publishing connection of load generator, city and tests, at a real mosquitto and before a
 * broker of our own that is slow or wrong: its window, its bounds, what it says when the world fails. That messages arrive whole is seen where they are
 * counted (flow/load).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "link.h"
#include "parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FINISH_NS (FLOW_DEADLINE_S * INT64_C(1000000000))

static struct flow *flow;
static struct hz_link *link_;
static int own_socket; /* of the broker in a child; 0 = none */

static int set_up(void **state)
{
    (void)state;
    flow = flow_new();
    flow_start(flow, FLOW_BROKER);
    link_ = NULL;
    return hz_link_open(flow_address(flow, FLOW_BROKER), "test-link", 10, &link_);
}

static int tear_down(void **state)
{
    (void)state;
    hz_link_close(link_);
    flow_free(flow);
    if (own_socket > 0)
        (void)close(own_socket);
    own_socket = 0;
    return 0;
}

static int publish(unsigned qos)
{
    return hz_link_publish(link_, hz_slice("hz/a/b/c"), hz_slice("{\"v\":1}"), qos);
}

static void link_keeps_to_its_window(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(publish(1), 0);
    assert_int_equal(publish(1), -EAGAIN);
    assert_int_equal(hz_link_unacknowledged(link_), 10);
    assert_int_equal(publish(0), 0); /* QoS 0 knows no window */
    assert_int_equal(hz_link_finish(link_, FINISH_NS), 0);
    assert_int_equal(hz_link_unacknowledged(link_), 0);
    assert_int_equal(hz_link_unwritten_bytes(link_), 0);
}

/* More than there are packet ids: they come again, and the order of acknowledgements still fits. */
static void link_goes_on_beyond_the_last_packet_id(void **state)
{
    (void)state;
    for (int sent = 0; sent < 70000;) {
        if (publish(1) == 0) {
            sent++;
            continue;
        }
        hz_link_wait(&link_, 1, FINISH_NS);
        assert_int_equal(hz_link_work(link_), 0);
    }
    assert_int_equal(hz_link_finish(link_, FINISH_NS), 0);
}

static void link_bounds_a_message_and_its_memory(void **state)
{
    const size_t size = 256 << 10;
    char *large = calloc(1, size);
    int messages = 0;

    (void)state;
    assert_non_null(large);
    assert_int_equal(hz_link_publish(link_, hz_slice("t"), (struct hz_slice){large, size}, 0),
                     -EMSGSIZE);
    while (hz_link_publish(link_, hz_slice("t"), (struct hz_slice){large, size / 4}, 0) == 0)
        messages++; /* nothing is written meanwhile */
    assert_in_range(messages, 4, 8);
    assert_int_equal(hz_link_finish(link_, FINISH_NS), 0);
    assert_int_equal(hz_link_publish(link_, hz_slice("t"), (struct hz_slice){large, size / 2}, 0),
                     0);
    assert_int_equal(hz_link_finish(link_, FINISH_NS), 0);
    free(large);
}

static void link_sees_an_orderly_end(void **state)
{
    (void)state;
    flow_stop(flow, FLOW_BROKER);
    assert_int_equal(hz_link_work(link_), -ECONNRESET);
}

static void link_says_that_the_broker_is_gone(void **state)
{
    (void)state;
    assert_int_equal(publish(1), 0);
    flow_kill(flow, FLOW_BROKER);
    int result = hz_link_finish(link_, FINISH_NS);
    assert_true(result == -ECONNRESET || result == -EPIPE);
}

/* --- a broker of our own, in a child --- */

#define PAYLOAD_BYTES 9000
#define SLOW_READ     100000

static char own_address[160];

static int set_up_own(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    link_ = NULL;
    flow = flow_new();
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/own.sock", flow_folder(flow));
    (void)snprintf(own_address, sizeof(own_address), "unix:%s", address.sun_path);
    own_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(own_socket >= 0);
    assert_int_equal(bind(own_socket, (const struct sockaddr *)&address, sizeof(address)), 0);
    return listen(own_socket, 1);
}

/* Takes a connection and its CONNECT, says `answer`; what follows is up to the caller. */
static int accept_and_say(const char *answer, size_t bytes)
{
    char connect[256];
    int fd = accept(own_socket, NULL, NULL);

    if (fd < 0 || recv(fd, connect, sizeof(connect), 0) < 14 ||
        send(fd, answer, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
        _exit(1);
    return fd;
}

/* Reads exactly so much; false at the end of the stream. */
static bool read_whole(int fd, uint8_t *to, size_t bytes)
{
    return recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

/* A packet of `hz_link_publish(link_, "t", payload of PAYLOAD_BYTES with its number in front)`. */
static bool is_next_packet(const uint8_t *packet, uint32_t number)
{
    static const uint8_t head[] = {0x30, 0xab, 0x46, 0, 1, 't'}; /* 9003 = 0x46 * 128 + 0x2b */

    return memcmp(packet, head, sizeof(head)) == 0 &&
           memcmp(packet + sizeof(head), &number, sizeof(number)) == 0;
}

/* For every byte in the pipe some reading, then all that is left; ends with the number of packets
 * that were whole and in order, in steps of ten. */
static void be_slow(int pipe_end)
{
    static uint8_t bytes[SLOW_READ + PAYLOAD_BYTES + 6];
    int fd = accept_and_say("\x20\2\0\0", 4);
    size_t have = 0;
    uint32_t number = 0;
    char word;

    for (;;) {
        bool told = read(pipe_end, &word, 1) == 1; /* false: read to the end */
        do {
            ssize_t got = recv(fd, bytes + have, sizeof(bytes) - have, 0);
            if (got <= 0)
                _exit(have == 2 ? (int)(number / 10) : 255); /* DISCONNECT is left */
            have += (size_t)got;
            size_t at = 0;
            for (; have - at >= PAYLOAD_BYTES + 6; at += PAYLOAD_BYTES + 6) {
                if (!is_next_packet(bytes + at, number++))
                    _exit(254);
            }
            memmove(bytes, bytes + at, have -= at);
        } while (!told);
    }
}

/* The buffer is written from its head, moved and filled again, many times over. */
static void link_keeps_packets_whole_before_a_slow_broker(void **state)
{
    static char payload[PAYLOAD_BYTES];
    int ends[2], status;
    uint32_t number = 0;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[1]);
        be_slow(ends[0]);
    }
    assert_int_equal(hz_link_open(own_address, "test", 1, &link_), 0);
    while (number < 1000) {
        memcpy(payload, &number, sizeof(number));
        if (hz_link_publish(link_, hz_slice("t"), (struct hz_slice){payload, PAYLOAD_BYTES}, 0) ==
            0) {
            number++;
            continue;
        }
        /* A unix socket is writable only when it is nearly empty: one reading may not be enough. */
        assert_int_equal(write(ends[1], "r", 1), 1);
        hz_link_wait(&link_, 1, 1000000);
        assert_int_equal(hz_link_work(link_), 0);
    }
    (void)close(ends[1]);
    assert_int_equal(hz_link_finish(link_, FINISH_NS), 0);
    hz_link_close(link_);
    link_ = NULL;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1000 / 10);
    (void)close(ends[0]);
}

/* What a broker says at CONNECT, what after the first message, and what the link makes of it. */
static void link_refuses_what_a_broker_may_not_say(void **state)
{
    static const struct {
        const char *connack, *then;
        size_t bytes;
        int opened, worked;
    } cases[] = {
        {"\x20\2\0\5", "", 0, HZ_EREFUSED, 0},         /* not authorised */
        {"\x30\2\0\0", "", 0, HZ_EPROTO, 0},           /* no CONNACK */
        {"\x20\2\0\0", "\x40\2\0\2", 4, 0, HZ_EPROTO}, /* acknowledges what was not sent */
        {"\x20\2\0\0", "\x40\3\0\1", 4, 0, HZ_EPROTO}, /* no PUBACK */
        {"\x20\2\0\0", "\x40\2\0\1\x40\2\0\1", 8, 0, HZ_EPROTO}, /* twice */
        {"\x20\2\0\0", "\x40\2\0", 3, 0, -ECONNRESET},           /* half of one */
        {"\x20\2\0\0", "\x40\2\0\1", 4, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pid_t child = fork();
        if (child == 0) {
            uint8_t message[18]; /* of publish(1) */
            int fd = accept_and_say(cases[i].connack, 4);
            if (cases[i].opened == 0 && (!read_whole(fd, message, sizeof(message)) ||
                                         send(fd, cases[i].then, cases[i].bytes, 0) < 0))
                _exit(1);
            if (cases[i].worked == 0)
                (void)read_whole(fd, message, 2); /* not before the link closes */
            _exit(0);
        }
        struct hz_link *one = NULL;
        assert_int_equal(hz_link_open(own_address, "test", 5, &one), cases[i].opened);
        if (cases[i].opened == 0) {
            assert_int_equal(hz_link_publish(one, hz_slice("t"), hz_slice("0123456789a"), 1), 0);
            assert_int_equal(hz_link_finish(one, FINISH_NS), cases[i].worked);
        }
        hz_link_close(one);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
}

/* --- addresses --- */

static void link_says_why_it_cannot_be_opened(void **state)
{
    struct hz_link *none = NULL;

    (void)state;
    assert_int_equal(hz_link_open("nowhere", "x", 1, &none), -EINVAL);
    assert_int_equal(hz_link_open(":1883", "x", 1, &none), -EINVAL);
    assert_int_equal(hz_link_open("host:", "x", 1, &none), -EINVAL);
    assert_int_equal(hz_link_open("127.0.0.1:1", "x", 1, &none), -ECONNREFUSED);
    assert_int_equal(hz_link_open("unix:/nowhere/at/all", "x", 1, &none), -ENOENT);
    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "x", 0, &none), -EINVAL);
    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "x", 65536, &none), -EINVAL);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(link_keeps_to_its_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_goes_on_beyond_the_last_packet_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_bounds_a_message_and_its_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_keeps_packets_whole_before_a_slow_broker, set_up_own,
                                        tear_down),
        cmocka_unit_test_setup_teardown(link_refuses_what_a_broker_may_not_say, set_up_own,
                                        tear_down),
        cmocka_unit_test_setup_teardown(link_sees_an_orderly_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_says_that_the_broker_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_says_why_it_cannot_be_opened, set_up, tear_down),
    };

    return flow_available(FLOW_BROKER) ? cmocka_run_group_tests(tests, NULL, NULL) : FLOW_SKIPPED;
}
