/* SPDX-License-Identifier: Apache-2.0
 *
 * MQTT framing by tables: heads split at every byte, every hostile length, PUBLISH packets whole and
 * cut at every byte.
 */
#include "hz_mqtt_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void heads(void **state)
{
    static const struct {
        uint8_t bytes[8];
        size_t length;
        enum hz_mqtt_frame_result result;
        uint32_t head, remaining;
    } rows[] = {
        {{0}, 0, HZ_FRAME_PARTIAL, 0, 0},
        {{0x30}, 1, HZ_FRAME_PARTIAL, 0, 0},
        {{0xd0, 0x00}, 2, HZ_FRAME_WHOLE, 2, 0},
        {{0x30, 0x7f}, 2, HZ_FRAME_WHOLE, 2, 127},
        {{0x30, 0x80}, 2, HZ_FRAME_PARTIAL, 0, 0},
        {{0x30, 0x80, 0x01}, 3, HZ_FRAME_WHOLE, 3, 128},
        {{0x30, 0xff, 0x7f}, 3, HZ_FRAME_WHOLE, 3, 16383},
        {{0x30, 0x80, 0x80, 0x01}, 4, HZ_FRAME_WHOLE, 4, 16384},
        {{0x30, 0xff, 0xff, 0xff, 0x7f}, 5, HZ_FRAME_WHOLE, 5, 268435455},
        {{0x30, 0xff, 0xff, 0xff}, 4, HZ_FRAME_PARTIAL, 0, 0},
        {{0x30, 0xff, 0xff, 0xff, 0xff}, 5, HZ_FRAME_MALFORMED, 0, 0},
        {{0x30, 0x80, 0x00}, 3, HZ_FRAME_MALFORMED, 0, 0}, /* longer than needed */
        {{0x00, 0x00}, 2, HZ_FRAME_MALFORMED, 0, 0},       /* reserved type */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct hz_mqtt_frame frame = {0};
        assert_int_equal(hz_mqtt_frame_head(rows[i].bytes, rows[i].length, &frame), rows[i].result);
        assert_int_equal(frame.head, rows[i].head);
        assert_int_equal(frame.remaining, rows[i].remaining);
    }
}

static void a_publish_is_read(void **state)
{
    struct hz_mqtt_publish publish;

    (void)state;
    assert_int_equal(
        hz_mqtt_publish_read(0x31, BYTES(0, 3, 'a', '/', 'b', '4', '2'), false, &publish),
        HZ_FRAME_WHOLE);
    assert_true(hz_slice_is(publish.topic, "a/b"));
    assert_true(hz_slice_is(publish.payload, "42"));
    assert_true(publish.retained && !publish.duplicate && publish.qos == 0);

    assert_int_equal(hz_mqtt_publish_read(0x3a, BYTES(0, 1, 't', 0x12, 0x34), false, &publish),
                     HZ_FRAME_WHOLE);
    assert_int_equal(publish.packet_id, 0x1234);
    assert_int_equal(publish.payload.length, 0);
    assert_true(publish.duplicate && publish.qos == 1 && !publish.retained);

    /* MQTT 5: two bytes of properties (payload format indicator) before the payload */
    assert_int_equal(
        hz_mqtt_publish_read(0x30, BYTES(0, 1, 't', 2, 0x01, 0x01, 'x'), true, &publish),
        HZ_FRAME_WHOLE);
    assert_true(hz_slice_is(publish.payload, "x"));
}

static void a_bad_publish_is_refused(void **state)
{
    static const struct {
        uint8_t first;
        uint8_t bytes[8];
        size_t length;
        bool v5;
    } rows[] = {
        {0x40, {0, 1, 't'}, 3, false},       /* not a PUBLISH */
        {0x36, {0, 1, 't', 0, 1}, 5, false}, /* QoS 3 */
        {0x38, {0, 1, 't'}, 3, false},       /* DUP at QoS 0 */
        {0x30, {0, 0, 'x'}, 3, false},       /* empty topic */
        {0x30, {0, 9, 't'}, 3, false},       /* topic longer than the packet */
        {0x30, {0xff, 0xff, 't'}, 3, false},
        {0x30, {0, 3, 'a', '/', '#'}, 5, false}, /* wildcard in a name */
        {0x30, {0, 3, 'a', '/', '+'}, 5, false},
        {0x30, {0, 3, 'a', 0, 'b'}, 5, false}, /* NUL */
        {0x32, {0, 1, 't'}, 3, false},         /* no packet id */
        {0x32, {0, 1, 't', 0}, 4, false},      /* half a packet id */
        {0x32, {0, 1, 't', 0, 0}, 5, false},   /* packet id 0 */
        {0x30, {0, 1, 't'}, 3, true},          /* no property length */
        {0x30, {0, 1, 't', 5, 1}, 5, true},    /* properties beyond the end */
        {0x30, {0, 1, 't', 0xff, 0xff, 0xff, 0x7f}, 7, true},
        {0x30, {0, 1, 't', 0xff, 0xff, 0xff, 0xff}, 7, true},
    };
    struct hz_mqtt_publish publish;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(hz_mqtt_publish_read(rows[i].first, rows[i].bytes, rows[i].length,
                                              rows[i].v5, &publish),
                         HZ_FRAME_MALFORMED);
}

/* In memory of just that length, so that ASan sees a step beyond it. */
static void no_cut_reads_beyond_its_end(void **state)
{
    static const uint8_t whole[] = {0, 3, 'a', '/', 'b', 0, 7, 3, 0x26, 0, 0, 'v'};

    (void)state;
    for (size_t length = 0; length <= sizeof(whole); length++) {
        uint8_t *cut = malloc(length ? length : 1);
        struct hz_mqtt_publish publish;
        assert_non_null(cut);
        memcpy(cut, whole, length);
        enum hz_mqtt_frame_result result = hz_mqtt_publish_read(0x32, cut, length, true, &publish);
        assert_int_equal(result, length >= 11 ? HZ_FRAME_WHOLE : HZ_FRAME_MALFORMED);
        free(cut);
    }
}

/* What libmosquitto may see; in memory of just that length. */
static void answers(void **state)
{
    static const struct {
        uint8_t first;
        bool v5;
        size_t length;
        uint8_t bytes[48];
        bool good;
    } rows[] = {
        {0x20, false, 2, {0, 0}, true},
        {0x20, false, 2, {1, 5}, true},
        {0x20, false, 1, {0}, false},
        {0x20, false, 3, {0, 0, 0}, false},
        {0x20, true, 3, {0, 0, 0}, true},
        {0x20, true, 2, {0, 1}, true},  /* a broker of 3.1.1 refuses */
        {0x20, true, 2, {0, 0}, false}, /* but cannot accept so */
        {0x20, true, 6, {0, 0, 3, 0x13, 0, 60}, true},
        {0x20, true, 6, {0, 0, 4, 0x13, 0, 60}, false}, /* longer than the packet */
        {0x20, true, 6, {0, 0, 2, 0x13, 0, 60}, false}, /* cut, and something behind */
        {0x20, true, 7, {0, 0, 3, 0x13, 0, 60, 0}, false},
        {0x20, true, 5, {0, 0, 2, 0x2e, 0}, false}, /* these end libmosquitto 2.0.11 */
        {0x20, true, 5, {0, 0, 2, 0x00, 0}, false},
        {0x20, true, 5, {0, 0, 2, 0x2b, 0}, false},
        {0x20, true, 5, {0, 0, 2, 0xff, 0}, false},
        {0x20, true, 5, {0, 0, 2, 0x9f, 0x00}, false}, /* 0x1f written longer than needed */
        {0x20, true, 8, {0, 0, 5, 0x1f, 0, 2, 'n', 'o'}, true},
        {0x20, true, 8, {0, 0, 5, 0x1f, 0, 3, 'n', 'o'}, false},
        {0x20, true, 8, {0, 0, 5, 0x1f, 0xff, 0xff, 'n', 'o'}, false},
        {0x20, true, 10, {0, 0, 7, 0x26, 0, 1, 'a', 0, 1, 'b'}, true},
        {0x20, true, 10, {0, 0, 7, 0x26, 0, 1, 'a', 0, 2, 'b'}, false},
        {0x20, true, 8, {0, 0, 5, 0x11, 0, 0, 0, 9}, true},
        {0x20, true, 7, {0, 0, 4, 0x11, 0, 0, 0}, false},
        {0x20, true, 6, {0, 0, 3, 0x0b, 0x80, 0x01}, true},
        {0x20, true, 6, {0, 0, 3, 0x0b, 0x80, 0x80}, false},
        {0x20, true, 7, {0, 0, 4, 0x24, 1, 0x25, 1}, true},
        {0x90, false, 3, {0, 1, 1}, true},
        {0x90, false, 2, {0, 1}, false}, /* a SUBACK without a code */
        {0x90, true, 4, {0, 1, 0, 0x87}, true},
        {0x90, true, 3, {0, 1, 0}, false},
        {0x90, true, 9, {0, 1, 5, 0x1f, 0, 2, 'n', 'o', 0}, true},
        {0xe0, true, 0, {0}, true},
        {0xe0, true, 1, {0x8e}, true},
        {0xe0, true, 2, {0x8e, 0}, true},
        {0xe0, true, 2, {0x8e, 1}, false},
        {0xe0, true, 3, {0x8e, 0, 0}, false},
        {0xe0, false, 0, {0}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t *exact = malloc(rows[i].length ? rows[i].length : 1);

        memcpy(exact, rows[i].bytes, rows[i].length);
        if (hz_mqtt_answer_ok(rows[i].first, exact, rows[i].length, rows[i].v5) != rows[i].good)
            fail_msg("row %zu", i);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(a_publish_is_read),
        cmocka_unit_test(a_bad_publish_is_refused),
        cmocka_unit_test(no_cut_reads_beyond_its_end),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
