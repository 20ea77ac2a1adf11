/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbound framing: our packets never stand inside one of libmosquitto's; acknowledgements keep the
 * order of receipt and die with their connection.
 */
#include "hz_mqtt_outlet.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct hz_mqtt_outlet *outlet;

static int begin(void **state)
{
    (void)state;
    return hz_mqtt_outlet_new(1000, &outlet);
}

static int end(void **state)
{
    (void)state;
    hz_mqtt_outlet_free(outlet);
    return 0;
}

static void give(const void *bytes, size_t length)
{
    uint32_t pings = 77;

    assert_int_equal(hz_mqtt_outlet_take(outlet, bytes, length, &pings), 0);
    assert_int_equal(pings, 0);
}

static uint32_t ack(uint64_t up_to)
{
    uint32_t count;

    assert_int_equal(hz_mqtt_outlet_ack(outlet, up_to, &count), 0);
    return count;
}

static void assert_queue(const void *bytes, size_t length)
{
    size_t queued;
    const uint8_t *at = hz_mqtt_outlet_bytes(outlet, &queued);

    assert_int_equal(queued, length);
    if (length > 0)
        assert_memory_equal(at, bytes, length);
    else
        assert_null(at);
}

/* The trap that makes a broker disconnect: a PUBACK between the pieces of a SUBSCRIBE. */
static void an_acknowledgement_waits_for_the_end_of_a_packet(void **state)
{
    static const uint8_t subscribe[] = {0x82, 6, 0, 1, 0, 1, 'a', 1};

    (void)state;
    for (size_t cut = 1; cut < sizeof(subscribe); cut++) {
        static const uint8_t wanted[] = {0x40, 2, 0x12, 0x34, 0x82, 6, 0, 1, 0, 1, 'a', 1};
        uint64_t number = hz_mqtt_outlet_expect(outlet, 0x1234);

        assert_int_equal(number, cut); /* 1, 2, 3 ... */
        give(subscribe, cut);
        assert_queue(NULL, 0);
        assert_int_equal(ack(number), 1);
        give(subscribe + cut, sizeof(subscribe) - cut);
        assert_queue(wanted, sizeof(wanted));
        hz_mqtt_outlet_sent(outlet, 3); /* the socket takes what it likes */
        assert_queue(wanted + 3, sizeof(wanted) - 3);
        hz_mqtt_outlet_sent(outlet, sizeof(wanted) - 3);
    }
}

static void acknowledgements_keep_the_order_of_receipt(void **state)
{
    (void)state;
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 9), 1);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 2), 2);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 5), 3);
    assert_int_equal(ack(0), 0);
    assert_queue(NULL, 0);
    assert_int_equal(ack(2), 2);
    assert_queue("\x40\x02\x00\x09\x40\x02\x00\x02", 8);
    assert_int_equal(ack(1), 0); /* done already */
    assert_int_equal(ack(3), 1);
    assert_queue("\x40\x02\x00\x09\x40\x02\x00\x02\x40\x02\x00\x05", 12);
}

/* Packet ids are used again by the next connection: an old acknowledgement must not meet a new
 * message. Numbers go on. */
static void what_waits_dies_with_its_connection(void **state)
{
    (void)state;
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 1), 1);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 2), 2);
    assert_int_equal(ack(1), 1);
    give("\x82", 1); /* half a packet, and a whole one unsent */
    hz_mqtt_outlet_reset(outlet);
    assert_queue(NULL, 0);
    assert_int_equal(ack(2), 0);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 2), 3);
    assert_int_equal(ack(2), 0);
    assert_queue(NULL, 0);
    give("\xe0\x00", 2); /* the old half is gone */
    assert_queue("\xe0\x00", 2);
    assert_int_equal(ack(3), 1);
    assert_queue("\xe0\x00\x40\x02\x00\x02", 6);
}

static void the_receive_maximum_is_a_bound(void **state)
{
    (void)state;
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(hz_mqtt_outlet_expect(outlet, (uint16_t)i), i);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 1001), 0);
    assert_int_equal(ack(1), 1);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 1001), 1001);
    assert_int_equal(hz_mqtt_outlet_expect(outlet, 1002), 0);
}

/* The ring of ids goes round while it grows. */
static void many_acknowledgements_in_waves(void **state)
{
    uint64_t expected = 0, acked = 0;
    size_t length;

    (void)state;
    for (uint32_t wave = 1; wave < 200; wave++) {
        for (uint32_t i = 0; i < wave % 90; i++) {
            expected++;
            assert_int_equal(hz_mqtt_outlet_expect(outlet, (uint16_t)expected), expected);
        }
        uint64_t up_to = expected - (expected - acked) / 3;
        assert_int_equal(ack(up_to), up_to - acked);
        const uint8_t *at = hz_mqtt_outlet_bytes(outlet, &length);
        for (size_t i = 0; i < length; i += 4)
            assert_int_equal((uint16_t)(at[i + 2] << 8 | at[i + 3]), (uint16_t)++acked);
        assert_int_equal(acked, up_to);
        if (length > 0)
            hz_mqtt_outlet_sent(outlet, length);
    }
    assert_true(expected > 5000);
}

static void a_ping_of_libmosquitto_is_not_sent(void **state)
{
    uint32_t pings;

    (void)state;
    assert_int_equal(
        hz_mqtt_outlet_take(outlet, (const uint8_t *)"\xc0\x00\xe0\x00\xc0", 5, &pings), 0);
    assert_int_equal(pings, 1);
    assert_queue("\xe0\x00", 2);
    assert_int_equal(hz_mqtt_outlet_take(outlet, (const uint8_t *)"\x00", 1, &pings), 0);
    assert_int_equal(pings, 1);
    assert_queue("\xe0\x00", 2);
    assert_int_equal(hz_mqtt_outlet_ping(outlet), 0); /* ours is */
    assert_queue("\xe0\x00\xc0\x00", 4);
}

static void what_is_no_mqtt_is_refused(void **state)
{
    uint32_t pings;

    (void)state;
    assert_int_equal(
        hz_mqtt_outlet_take(outlet, (const uint8_t *)"\x82\xff\xff\xff\xff", 5, &pings), HZ_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_acknowledgement_waits_for_the_end_of_a_packet, begin,
                                        end),
        cmocka_unit_test_setup_teardown(acknowledgements_keep_the_order_of_receipt, begin, end),
        cmocka_unit_test_setup_teardown(what_waits_dies_with_its_connection, begin, end),
        cmocka_unit_test_setup_teardown(the_receive_maximum_is_a_bound, begin, end),
        cmocka_unit_test_setup_teardown(many_acknowledgements_in_waves, begin, end),
        cmocka_unit_test_setup_teardown(a_ping_of_libmosquitto_is_not_sent, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_mqtt_is_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
