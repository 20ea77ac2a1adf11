/* SPDX-License-Identifier: Apache-2.0
 *
 * Inbound framing: whatever the cuts, the same packets in the same order; what is too large streams by
 * in little memory; a stop loses nothing.
 */
#include "hz_limits.h"
#include "hz_mqtt_inlet.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define PAYLOAD_MAX 1024u

/* What was handed on, as text: "P topic=payload", "B topic bytes" for an oversize one, "C type". */
static char seen[4096];
static size_t seen_length;
static int stop_after; /* packets; 0 = never */
static int handed_on;

static bool note(const char *text)
{
    seen_length += (size_t)snprintf(seen + seen_length, sizeof(seen) - seen_length, "%s\n", text);
    assert_true(seen_length < sizeof(seen));
    return ++handed_on != stop_after;
}

static bool on_publish(void *ctx, const struct hz_mqtt_publish *publish, uint64_t packet_bytes)
{
    char text[1400];

    (void)ctx;
    if (publish->payload.at)
        snprintf(text, sizeof(text), "P %.*s=%.*s q%u", (int)publish->topic.length,
                 publish->topic.at, (int)publish->payload.length, publish->payload.at,
                 publish->qos);
    else
        snprintf(text, sizeof(text), "B %.*s %llu q%u id%u", (int)publish->topic.length,
                 publish->topic.at, (unsigned long long)packet_bytes, publish->qos,
                 publish->packet_id);
    return note(text);
}

static bool on_packet(void *ctx, const uint8_t *bytes, size_t length)
{
    char text[32];

    (void)ctx;
    snprintf(text, sizeof(text), "C %u %zu", bytes[0] >> 4, length);
    return note(text);
}

static const struct hz_mqtt_inlet_events events = {on_publish, on_packet, NULL};
static struct hz_mqtt_inlet *inlet;

static int begin(void **state)
{
    (void)state;
    seen_length = 0;
    seen[0] = '\0';
    stop_after = handed_on = 0;
    return hz_mqtt_inlet_new(PAYLOAD_MAX, false, &events, &inlet);
}

static int end(void **state)
{
    (void)state;
    hz_mqtt_inlet_free(inlet);
    return 0;
}

/* --- a stream to read --- */

static uint8_t stream[64 << 10];
static size_t stream_length;

static void add(const void *bytes, size_t length)
{
    memcpy(stream + stream_length, bytes, length);
    stream_length += length;
}

static void add_head(uint8_t first, size_t remaining)
{
    uint8_t head[5] = {first};
    size_t length = 1;

    do {
        head[length] = (uint8_t)(remaining & 0x7f);
        remaining >>= 7;
        head[length++] |= remaining ? 0x80 : 0;
    } while (remaining);
    add(head, length);
}

static void add_publish(uint8_t first, const char *topic, uint16_t id, const char *payload,
                        size_t payload_length)
{
    size_t topic_length = strlen(topic);
    uint8_t number[2] = {(uint8_t)(topic_length >> 8), (uint8_t)topic_length};

    add_head(first, 2 + topic_length + (first & 6 ? 2 : 0) + payload_length);
    add(number, 2);
    add(topic, topic_length);
    number[0] = (uint8_t)(id >> 8);
    number[1] = (uint8_t)id;
    if (first & 6)
        add(number, 2);
    add(payload, payload_length);
}

static char big[8 << 10];

/* All kinds of packet, an oversize one of each QoS that goes on. */
static void make_stream(void)
{
    memset(big, 'x', sizeof(big));
    stream_length = 0;
    add("\x20\x02\x00\x00", 4); /* CONNACK */
    add_publish(0x30, "a/b", 0, "42", 2);
    add_publish(0x32, "a/c", 7, "", 0);
    add_publish(0x30, "big/0", 0, big, sizeof(big));
    add_publish(0x32, "big/1", 0x1234, big, sizeof(big));
    add_publish(0x30, "slightly", 0, big,
                PAYLOAD_MAX + 1); /* seen to be too large when it is there */
    add("\xd0\x00", 2);
    add_publish(0x30, "just", 0, big, PAYLOAD_MAX);
}

static const char *expected(void)
{
    static char text[2048];

    snprintf(text, sizeof(text),
             "C 2 4\nP a/b=42 q0\nP a/c= q1\nB big/0 8202 q0 id0\nB big/1 8204 q1 id4660\n"
             "B slightly 1038 q0 id0\nC 13 2\nP just=%.*s q0\n",
             (int)PAYLOAD_MAX, big);
    return text;
}

static void the_cuts_do_not_matter(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 64, 1000, 4096, sizeof(stream)};

    (void)state;
    make_stream();
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        seen_length = 0;
        for (size_t at = 0; at < stream_length; at += pieces[i]) {
            size_t length = pieces[i] < stream_length - at ? pieces[i] : stream_length - at;
            uint8_t *exact = malloc(length); /* so that ASan sees a step beyond */

            memcpy(exact, stream + at, length);
            assert_int_equal(hz_mqtt_inlet_take(inlet, exact, length), HZ_INLET_ALL);
            free(exact);
        }
        assert_string_equal(seen, expected());
    }
}

static void every_cut_in_two(void **state)
{
    (void)state;
    make_stream();
    for (size_t at = 0; at <= stream_length; at++) {
        seen_length = 0;
        assert_int_equal(hz_mqtt_inlet_take(inlet, stream, at), HZ_INLET_ALL);
        assert_int_equal(hz_mqtt_inlet_take(inlet, stream + at, stream_length - at), HZ_INLET_ALL);
        assert_string_equal(seen, expected());
    }
}

/* After every packet in turn, with pieces of several sizes. */
static void a_stop_loses_nothing(void **state)
{
    (void)state;
    make_stream();
    for (int after = 1; after <= 8; after++) {
        for (size_t piece = 100; piece <= sizeof(stream); piece *= 8) {
            seen_length = 0;
            handed_on = 0;
            stop_after = after;
            for (size_t at = 0; at < stream_length; at += piece) {
                size_t length = piece < stream_length - at ? piece : stream_length - at;
                enum hz_mqtt_inlet_result result = hz_mqtt_inlet_take(inlet, stream + at, length);

                assert_int_equal(result == HZ_INLET_STOPPED, hz_mqtt_inlet_stopped(inlet));
                if (result == HZ_INLET_STOPPED) {
                    assert_int_equal(handed_on, after);
                    result = hz_mqtt_inlet_go_on(inlet);
                }
                assert_int_equal(result, HZ_INLET_ALL);
            }
            assert_string_equal(seen, expected());
        }
    }
}

static void a_stop_may_follow_a_stop(void **state)
{
    (void)state;
    make_stream();
    stop_after = 1;
    assert_int_equal(hz_mqtt_inlet_take(inlet, stream, stream_length), HZ_INLET_STOPPED);
    for (int packet = 2; packet <= 8; packet++) {
        stop_after = packet;
        assert_int_equal(hz_mqtt_inlet_go_on(inlet), HZ_INLET_STOPPED);
        assert_int_equal(handed_on, packet);
    }
    assert_int_equal(hz_mqtt_inlet_go_on(inlet), HZ_INLET_ALL);
    assert_string_equal(seen, expected());
}

/* A claim of 200 MB costs no memory, is told when it has gone by, and what follows is read. */
static void a_lie_of_200_megabytes_streams_by(void **state)
{
    static const size_t claimed = 200u << 20;
    char wanted[128];
    size_t most;

    (void)state;
    memset(big, 'x', sizeof(big));
    stream_length = 0;
    add_head(0x32, claimed);
    add("\0\3lie\0\x9", 7);
    assert_int_equal(hz_mqtt_inlet_take(inlet, stream, stream_length), HZ_INLET_ALL);
    for (size_t left = claimed - 7; left > 0;) {
        size_t some = left < sizeof(big) ? left : sizeof(big);
        assert_string_equal(seen, "");
        assert_int_equal(hz_mqtt_inlet_take(inlet, (uint8_t *)big, some), HZ_INLET_ALL);
        left -= some;
    }
    stream_length = 0;
    add_publish(0x30, "next", 0, "1", 1);
    assert_int_equal(hz_mqtt_inlet_take(inlet, stream, stream_length), HZ_INLET_ALL);
    snprintf(wanted, sizeof(wanted), "B lie %zu q1 id9\nP next=1 q0\n", claimed + 5);
    assert_string_equal(seen, wanted);
    (void)hz_mqtt_inlet_kept(inlet, &most);
    assert_in_range(most, 0, 8192);
}

/* Told at once: the connection ends by it. */
static void an_oversize_message_of_qos_2_is_told_at_its_head(void **state)
{
    (void)state;
    stream_length = 0;
    add_publish(0x34, "two", 3, big, sizeof(big));
    assert_int_equal(hz_mqtt_inlet_take(inlet, stream, 20), HZ_INLET_ALL);
    assert_string_equal(seen, "B two 8202 q2 id3\n");
    assert_int_equal(hz_mqtt_inlet_take(inlet, stream + 20, stream_length - 20), HZ_INLET_ALL);
    assert_string_equal(seen, "B two 8202 q2 id3\n"); /* and only once */
}

/* The topic fills the packet: nothing is left to skip. */
static void an_oversize_topic_without_payload(void **state)
{
    static char topic[8000];

    (void)state;
    memset(topic, 't', sizeof(topic) - 1);
    stream_length = 0;
    add_publish(0x30, topic, 0, "", 0);
    add_publish(0x30, "next", 0, "1", 1);
    stop_after = 2;
    handed_on = 0;
    seen_length = 0;
    for (size_t at = 0; at < stream_length; at++)
        (void)hz_mqtt_inlet_take(inlet, stream + at, 1);
    assert_int_equal(handed_on, 2);
    assert_true(strstr(seen, "P next=1 q0\n") != NULL);
}

static void what_is_malformed(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t length;
    } rows[] = {
        {{0x30, 0xff, 0xff, 0xff, 0xff}, 5},                /* remaining length without an end */
        {{0x00, 0x00}, 2},                                  /* reserved type */
        {{0x20, 0x81, 0x80, 0x04}, 4},                      /* a CONNACK of 64 KiB + 1 */
        {{0x90, 0xff, 0xff, 0xff, 0x7f}, 5},                /* a SUBACK of 256 MiB */
        {{0x30, 0x04, 0, 9, 'x', 'y'}, 6},                  /* topic beyond the packet */
        {{0x36, 0x05, 0, 1, 't', 0, 1}, 7},                 /* QoS 3 */
        {{0x30, 0xff, 0xff, 0x7f, 0, 3, 'a', '/', '#'}, 9}, /* oversize, a wildcard in its name */
        {{0x36, 0xff, 0xff, 0x7f, 0, 1, 'a', 0, 1}, 9},     /* oversize, QoS 3 */
        {{0x32, 0xff, 0xff, 0x7f, 0, 1, 'a', 0, 0}, 9},     /* oversize, packet id 0 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t cut = 0; cut <= rows[i].length; cut++) {
            enum hz_mqtt_inlet_result result = hz_mqtt_inlet_take(inlet, rows[i].bytes, cut);

            if (result == HZ_INLET_ALL)
                result = hz_mqtt_inlet_take(inlet, rows[i].bytes + cut, rows[i].length - cut);
            assert_int_equal(result, HZ_INLET_MALFORMED);
            hz_mqtt_inlet_reset(inlet);
        }
    }
    assert_string_equal(seen, "");
}

static void a_reset_forgets_the_old_stream(void **state)
{
    (void)state;
    make_stream();
    for (size_t cut = 0; cut < stream_length; cut += 13) {
        assert_int_equal(hz_mqtt_inlet_take(inlet, stream, cut), HZ_INLET_ALL);
        hz_mqtt_inlet_reset(inlet);
        seen_length = 0;
        assert_int_equal(hz_mqtt_inlet_take(inlet, stream, stream_length), HZ_INLET_ALL);
        assert_string_equal(seen, expected());
    }
}

/* A large message in pieces is kept in one piece; its memory does not stay. */
static void memory_is_given_back(void **state)
{
    size_t most, payload = 900 << 10;
    uint8_t *message = malloc(payload);
    struct hz_mqtt_inlet *large;

    (void)state;
    memset(message, 0, payload);
    assert_int_equal(hz_mqtt_inlet_new(1 << 20, false, &events, &large), 0);
    stream_length = 0;
    add_head(0x30, payload + 3);
    add("\0\1t", 3);
    assert_int_equal(hz_mqtt_inlet_take(large, stream, stream_length), HZ_INLET_ALL);
    assert_int_equal(hz_mqtt_inlet_take(large, message, payload - 1), HZ_INLET_ALL);
    assert_true(hz_mqtt_inlet_kept(large, &most) > payload);
    assert_in_range(most, payload, 4 * payload);
    assert_int_equal(hz_mqtt_inlet_take(large, message, 1), HZ_INLET_ALL);
    assert_int_equal(hz_mqtt_inlet_kept(large, &most), 0);
    assert_int_equal(handed_on, 1);
    hz_mqtt_inlet_free(large);
    free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_cuts_do_not_matter, begin, end),
        cmocka_unit_test_setup_teardown(every_cut_in_two, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_loses_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_may_follow_a_stop, begin, end),
        cmocka_unit_test_setup_teardown(a_lie_of_200_megabytes_streams_by, begin, end),
        cmocka_unit_test_setup_teardown(an_oversize_message_of_qos_2_is_told_at_its_head, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_oversize_topic_without_payload, begin, end),
        cmocka_unit_test_setup_teardown(what_is_malformed, begin, end),
        cmocka_unit_test_setup_teardown(a_reset_forgets_the_old_stream, begin, end),
        cmocka_unit_test_setup_teardown(memory_is_given_back, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
