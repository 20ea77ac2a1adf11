/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed at a broker that breaks the protocol, or refuses, or says nothing: each ends in a clear reason
 * and is counted, none in a crash, and the next connection is a good one.
 */
#include "probe.h"
#include "stub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct probe *probe;
static struct stub *stub;

static _Atomic unsigned farewell;       /* DISCONNECT code that came, + 1 */
static _Atomic unsigned after_farewell; /* packets that came behind it */

static void send_message(int fd, uint8_t first, const char *payload)
{
    uint8_t packet[128];
    size_t length = stub_publish(packet, first, 5, "t/x", 7, payload, strlen(payload));

    (void)stub_send(fd, packet, length); /* the test sees whether it came */
}

/* Takes what comes until the client closes; notes DISCONNECT, answers nothing. */
static void listen_to(int fd)
{
    uint8_t room[4096];
    struct stub_packet packet;

    while (stub_receive(fd, room, sizeof(room), &packet)) {
        if (atomic_load(&farewell) != 0)
            atomic_fetch_add(&after_farewell, 1);
        if (packet.first == 0xe0)
            atomic_store(&farewell, (packet.length > 0 ? packet.body[0] : 0u) + 1);
    }
}

static void (*first_role)(int fd); /* set before the stub's thread starts */

/* On its first connection the stub does what the test says; on the others it is a good broker that
 * sends one message. */
static void script(int fd, unsigned connection, void *ctx)
{
    uint8_t protocol;

    (void)ctx;
    if (connection == 1) {
        first_role(fd);
    } else if (stub_greet(fd, &protocol) && stub_grant(fd, protocol)) {
        send_message(fd, 0x30, "good");
        listen_to(fd);
    }
}

static bool welcome(int fd)
{
    return stub_greet(fd, NULL) && stub_grant(fd, 5);
}

static int begin(void **state)
{
    (void)state;
    atomic_store(&farewell, 0);
    atomic_store(&after_farewell, 0);
    probe = probe_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    probe_free(probe);
    stub_free(stub);
    stub = NULL;
    return 0;
}

static void start(void (*first)(int fd))
{
    first_role = first;
    stub = stub_new(NULL, script, NULL);
    assert_non_null(stub);
    probe_address(probe, "127.0.0.1:%u", stub_port(stub));
    probe_start(probe);
}

static bool has_good_message(struct probe *of)
{
    return strcmp(of->last.payload, "good") == 0;
}

/* Lost once, for this reason, and afterwards well. */
static void lost_and_well(const char *reason)
{
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, reason);
    probe_wait(probe, has_good_message);
    assert_int_equal(probe->lost, 1);
}

/* --- it ends at once --- */

static void close_at_once(int fd)
{
    (void)fd;
}

static void closes_at_once(void **state)
{
    (void)state;
    start(close_at_once);
    lost_and_well("while waiting for CONNACK");
}

static void reset_in_a_message(int fd)
{
    uint8_t packet[64];
    size_t length = stub_publish(packet, 0x30, 5, "t/half", 0, "never whole", 11);
    const struct linger at_once = {1, 0};

    (void)welcome(fd);
    send_message(fd, 0x30, "whole");
    (void)stub_send(fd, packet, length - 3);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* What came whole before the reset is handed on, the half message is not. An error stops libuv's poll
 * before this was read; QoS 0, so that no acknowledgement arms it again. */
static void is_reset_in_a_message(void **state)
{
    (void)state;
    start(reset_in_a_message);
    probe_wait(probe, probe_was_lost);
    probe_wait(probe, has_good_message);
    assert_int_equal(probe->messages, 2);
    assert_string_equal(probe->kept[0].payload, "whole");
}

/* --- it refuses --- */

static void refuse_by_5(int fd)
{
    static const uint8_t connack[] = {0x20, 13,  0,   0x87, 10,  0x1f, 0,  7,
                                      'g',  'o', ' ', '"',  'u', 'p',  '!'};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)stub_receive(fd, room, sizeof(room), &packet);
    (void)stub_send(fd, connack, sizeof(connack));
    stub_wait(fd);
}

/* With its own words, quoted: a broker's text must not forge a line of the log. */
static void connack_refused(void **state)
{
    (void)state;
    start(refuse_by_5);
    lost_and_well("the broker refused the connection: Not authorized (code 0x87), \"go \\x22up!\"");
}

static void refuse_by_3(int fd)
{
    static const uint8_t connack[] = {0x20, 2, 0, 2};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)stub_receive(fd, room, sizeof(room), &packet);
    (void)stub_send(fd, connack, sizeof(connack));
    stub_wait(fd);
}

static void connack_refused_in_3_1_1(void **state)
{
    (void)state;
    probe->config.protocol = 4;
    start(refuse_by_3);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, "identifier rejected");
    probe_assert_reason(probe, "look at client_id");
}

static void refuse_5_by_3(int fd)
{
    static const uint8_t connack[] = {0x20, 2, 0, 1};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)stub_receive(fd, room, sizeof(room), &packet);
    (void)stub_send(fd, connack, sizeof(connack));
    stub_wait(fd);
}

/* A broker of before MQTT 5 answers in its own way. */
static void an_old_broker_refuses_5(void **state)
{
    (void)state;
    start(refuse_5_by_3);
    lost_and_well("unacceptable protocol version");
    probe_assert_reason(probe, "try the other protocol");
}

static void refuse_the_filter(int fd)
{
    static const uint8_t suback[] = {0x90, 5, 0, 1, 0, 0x01, 0x87};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)stub_greet(fd, NULL);
    (void)stub_receive(fd, room, sizeof(room), &packet);
    (void)stub_send(fd, suback, sizeof(suback));
    listen_to(fd);
}

static void a_filter_is_refused(void **state)
{
    (void)state;
    probe->filters[0].filter = "a/#";
    probe->filters[1] = (struct hz_filter_config){.filter = "secret/#", .qos = 1};
    probe->config.filter_count = 2;
    start(refuse_the_filter);
    lost_and_well("the broker refused the filter \"secret/#\": Not authorized");
    assert_int_equal(probe->connected, 1); /* never on line without it */
}

static void grant_less(int fd)
{
    static const uint8_t suback[] = {0x90, 4, 0, 1, 0, 0};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)stub_greet(fd, NULL);
    (void)stub_receive(fd, room, sizeof(room), &packet);
    (void)stub_send(fd, suback, sizeof(suback));
    listen_to(fd);
}

static void a_lower_qos_is_said(void **state)
{
    (void)state;
    start(grant_less);
    probe_wait(probe, probe_is_online);
    assert_non_null(strstr(probe->how, "with QoS 0, messages may be lost: t/#"));
}

static void answer_another_subscribe(int fd)
{
    static const uint8_t suback[] = {0x90, 4, 0, 9, 0, 0};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)stub_greet(fd, NULL);
    (void)stub_receive(fd, room, sizeof(room), &packet);
    (void)stub_send(fd, suback, sizeof(suback));
    listen_to(fd);
}

static void a_suback_that_was_not_asked_for(void **state)
{
    (void)state;
    start(answer_another_subscribe);
    lost_and_well("neither was asked for");
}

static void say_taken_over(int fd)
{
    static const uint8_t disconnect[] = {0xe0, 1, 0x8e};

    (void)welcome(fd);
    (void)stub_send(fd, disconnect, sizeof(disconnect));
    stub_wait(fd);
}

static void a_session_taken_over(void **state)
{
    (void)state;
    start(say_taken_over);
    lost_and_well("another client uses the same client_id");
}

/* --- it breaks the protocol --- */

static void send_qos_2(int fd)
{
    (void)welcome(fd);
    send_message(fd, 0x32, "before");
    send_message(fd, 0x34, "two");
    send_message(fd, 0x32, "after");
    listen_to(fd);
}

static void qos_2_is_refused(void **state)
{
    (void)state;
    start(send_qos_2);
    lost_and_well("QoS 2");
    assert_int_equal(probe->qos2, 1);
    assert_int_equal(probe_counts(probe).qos2, 1);
    assert_int_equal(atomic_load(&farewell), 0x9b + 1);
    assert_int_equal(probe->messages, 2); /* "before" and "good" */
    assert_int_equal(probe->malformed, 0);
}

static void send_endless_length(int fd)
{
    (void)welcome(fd);
    send_message(fd, 0x30, "before");
    (void)stub_send(fd, "\x30\xff\xff\xff\xff\x01", 6);
    listen_to(fd);
}

static void a_malformed_remaining_length(void **state)
{
    (void)state;
    start(send_endless_length);
    lost_and_well("a malformed packet");
    assert_int_equal(probe->malformed, 1);
    assert_int_equal(probe_counts(probe).malformed, 1);
    assert_int_equal(atomic_load(&farewell), 0x81 + 1);
    assert_string_equal(probe->kept[0].payload, "before");
}

static void publish_before_connack(int fd)
{
    send_message(fd, 0x30, "early");
    listen_to(fd);
}

static void a_publish_before_connack(void **state)
{
    (void)state;
    start(publish_before_connack);
    lost_and_well("PUBLISH while waiting for CONNACK");
    assert_int_equal(probe->malformed, 1);
    assert_int_equal(probe->messages, 1);
}

static void publish_eleven(int fd)
{
    (void)welcome(fd);
    for (int i = 0; i < 11; i++)
        send_message(fd, 0x32, "more");
    send_message(fd, 0x32, "good");
    listen_to(fd);
}

/* mosquitto 2.0.11 does so when it empties the queue of a kept session: to end the connection for it
 * would be to meet it again for ever. */
static void more_than_the_receive_maximum(void **state)
{
    (void)state;
    probe->config.receive_maximum = 10;
    start(publish_eleven);
    probe_wait(probe, has_good_message);
    assert_int_equal(probe->qos1_messages, 12);
    assert_int_equal(probe->lost, 0);
    assert_int_equal(probe_counts(probe).acks_waiting, 12);
    assert_int_equal(probe_counts(probe).acks_waiting_most, 12);
    probe_ack(probe, 11);
    assert_int_equal(probe_counts(probe).acks_waiting, 1);
    assert_int_equal(probe_counts(probe).acks_waiting_most, 12);
}

static void publish_without_end(int fd)
{
    (void)welcome(fd);
    for (int i = 0; i < 65536; i++)
        send_message(fd, 0x32, "more");
    listen_to(fd);
}

static void more_than_there_are_packet_ids(void **state)
{
    (void)state;
    start(publish_without_end);
    lost_and_well("more messages unacknowledged than there are packet ids");
    assert_int_equal(probe->qos1_messages, 65535);
    assert_int_equal(atomic_load(&farewell), 0x93 + 1);
}

/* Packets that nobody waits for once the filters are granted. */
static const struct {
    uint8_t bytes[12];
    size_t length;
} out_of_place[] = {
    {{0x20, 3, 0, 0, 0}, 5},                          /* a second CONNACK */
    {{0x90, 4, 0, 1, 0, 1}, 6},                       /* a second SUBACK */
    {{0xb0, 4, 0, 1, 0, 0}, 6},                       /* UNSUBACK */
    {{0x40, 2, 0, 1}, 4},                             /* PUBACK */
    {{0x50, 2, 0, 1}, 4},                             /* PUBREC */
    {{0x62, 2, 0, 1}, 4},                             /* PUBREL */
    {{0x70, 2, 0, 1}, 4},                             /* PUBCOMP */
    {{0xf0, 8, 0x62, 2, 0, 1, 0x50, 2, 0x2c, 0}, 10}, /* AUTH that ends libmosquitto 2.0.11 */
    {{0xe0, 4, 0x8b, 2, 0x2e, 0}, 6},                 /* DISCONNECT with a property that ends it */
    {{0xf0, 2, 0x18, 0}, 4},                          /* AUTH */
    {{0x10, 0}, 2},                                   /* CONNECT */
    {{0x82, 0}, 2},                                   /* SUBSCRIBE */
    {{0xc0, 0}, 2},                                   /* PINGREQ */
};
static size_t present_one;

static void send_out_of_place(int fd)
{
    (void)welcome(fd);
    (void)stub_send(fd, out_of_place[present_one].bytes, out_of_place[present_one].length);
    listen_to(fd);
}

static void packets_out_of_place(void **state)
{
    for (present_one = 0; present_one < sizeof(out_of_place) / sizeof(*out_of_place);
         present_one++) {
        if (present_one > 0)
            begin(state);
        start(send_out_of_place);
        lost_and_well("a packet that has no place here");
        assert_int_equal(probe->malformed, 1);
        assert_int_equal(atomic_load(&farewell), 0x82 + 1);
        if (present_one + 1 < sizeof(out_of_place) / sizeof(*out_of_place))
            end(state);
    }
}

static void lie_about_200_megabytes(int fd)
{
    static const uint8_t head[] = {0x32, 0x80, 0x80, 0x80, 0x64, 0, 3, 't', '/', 'x', 0, 9};
    static char zeros[1 << 16];

    (void)welcome(fd);
    send_message(fd, 0x32, "before");
    (void)stub_send(fd, head, sizeof(head));
    for (size_t left = (200u << 20) - 7; left > 0;) {
        size_t some = left < sizeof(zeros) ? left : sizeof(zeros);
        if (!stub_send(fd, zeros, some))
            return;
        left -= some;
    }
    send_message(fd, 0x32, "good");
    listen_to(fd);
}

static void a_frame_of_200_megabytes(void **state)
{
    (void)state;
    probe->acks = true;
    start(lie_about_200_megabytes);
    probe_wait(probe, has_good_message);
    assert_int_equal(probe->lost, 0);
    assert_int_equal(probe->oversize, 1);
    assert_int_equal(probe->oversize_bytes, (200u << 20) + 5);
    assert_true(probe->kept[1].skipped);
    assert_int_equal(probe->kept[1].ack, 2);
    assert_int_equal(probe_counts(probe).acks_sent, 3);
}

static void send_byte_by_byte(int fd)
{
    uint8_t packets[512];
    size_t length = 0;

    (void)welcome(fd);
    for (int i = 0; i < 10; i++)
        length += stub_publish(packets + length, i % 2 ? 0x32 : 0x30, 5, "t/byte",
                               (uint16_t)(i + 1), "0123456789", (size_t)i);
    for (size_t i = 0; i < length; i++)
        (void)stub_send(fd, packets + i, 1);
    send_message(fd, 0x30, "good");
    listen_to(fd);
}

static void half_packets(void **state)
{
    (void)state;
    probe->acks = true;
    start(send_byte_by_byte);
    probe_wait(probe, has_good_message);
    assert_int_equal(probe->messages, 11);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(probe->kept[i].payload_length, i);
}

static void send_one(int fd)
{
    (void)welcome(fd);
    send_message(fd, 0x32, "good");
    listen_to(fd);
}

/* DISCONNECT is the last packet ([MQTT-3.14.4-2]): an acknowledgement that comes later stays here. */
static void nothing_is_sent_behind_disconnect(void **state)
{
    (void)state;
    start(send_one);
    probe_wait(probe, has_good_message);
    probe_stop_and_ack(probe);
    stub_free(stub); /* its thread has read all */
    stub = NULL;
    assert_int_equal(atomic_load(&farewell), 0x00 + 1);
    assert_int_equal(atomic_load(&after_farewell), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(closes_at_once, begin, end),
        cmocka_unit_test_setup_teardown(is_reset_in_a_message, begin, end),
        cmocka_unit_test_setup_teardown(connack_refused, begin, end),
        cmocka_unit_test_setup_teardown(connack_refused_in_3_1_1, begin, end),
        cmocka_unit_test_setup_teardown(an_old_broker_refuses_5, begin, end),
        cmocka_unit_test_setup_teardown(a_filter_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_lower_qos_is_said, begin, end),
        cmocka_unit_test_setup_teardown(a_suback_that_was_not_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(a_session_taken_over, begin, end),
        cmocka_unit_test_setup_teardown(qos_2_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_malformed_remaining_length, begin, end),
        cmocka_unit_test_setup_teardown(a_publish_before_connack, begin, end),
        cmocka_unit_test_setup_teardown(more_than_the_receive_maximum, begin, end),
        cmocka_unit_test_setup_teardown(more_than_there_are_packet_ids, begin, end),
        cmocka_unit_test_setup_teardown(packets_out_of_place, begin, end),
        cmocka_unit_test_setup_teardown(a_frame_of_200_megabytes, begin, end),
        cmocka_unit_test_setup_teardown(half_packets, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_sent_behind_disconnect, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
