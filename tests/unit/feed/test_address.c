/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses taken apart, the pause between attempts, and the sizes of a queue of bytes: what the module
 * keeps to itself.
 */
#include "feed_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

static void addresses(void **state)
{
    static const struct {
        const char *text;
        int result;
        const char *endpoint; /* NULL: a name, to be resolved */
        const char *host;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:1883", 0, "127.0.0.1:1883", "127.0.0.1", 1883},
        {"[::1]:8883", 0, "[::1]:8883", "::1", 8883},
        {"[2001:db8::17]:1", 0, "[2001:db8::17]:1", "2001:db8::17", 1},
        {"broker.example:65535", 0, NULL, "broker.example", 65535},
        {"127.1:1883", 0, NULL, "127.1", 1883}, /* the resolver's business */
        {"unix:/run/mosquitto.sock", 0, "unix:/run/mosquitto.sock", "/run/mosquitto.sock", 0},
        {"unix:relative", -EINVAL, NULL, NULL, 0},
        {"broker.example", -EINVAL, NULL, NULL, 0},
        {":1883", -EINVAL, NULL, NULL, 0},
        {"broker.example:", -EINVAL, NULL, NULL, 0},
        {"broker.example:0", -EINVAL, NULL, NULL, 0},
        {"broker.example:65536", -EINVAL, NULL, NULL, 0},
        {"broker.example:+1", -EINVAL, NULL, NULL, 0},
        {"broker.example: 1", -EINVAL, NULL, NULL, 0},
        {"broker.example:1x", -EINVAL, NULL, NULL, 0},
        {"[::1]", -EINVAL, NULL, NULL, 0},
        {"[::1]1883", -EINVAL, NULL, NULL, 0},
        {"[::1:1883", -EINVAL, NULL, NULL, 0},
        {"[]:1883", -EINVAL, NULL, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct feed_address address;
        struct feed_endpoint endpoint;
        char text[160];

        assert_int_equal(feed__address_parse(rows[i].text, &address), rows[i].result);
        if (rows[i].result < 0)
            continue;
        assert_string_equal(address.host, rows[i].host);
        assert_int_equal(address.port, rows[i].port);
        assert_int_equal(feed__address_literal(&address, &endpoint), rows[i].endpoint != NULL);
        if (!rows[i].endpoint)
            continue;
        feed__endpoint_text(&endpoint, text, sizeof(text));
        assert_string_equal(text, rows[i].endpoint);
    }
}

static void a_path_must_fit_a_socket_address(void **state)
{
    char text[5 + 109] = "unix:/";
    struct feed_address address;

    (void)state;
    memset(text + 6, 'x', 106); /* 107 with the slash */
    assert_int_equal(feed__address_parse(text, &address), 0);
    text[5 + 107] = 'x';
    assert_int_equal(feed__address_parse(text, &address), -EINVAL);
}

static void the_pause_doubles_up_to_its_cap(void **state)
{
    static const int64_t wanted[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};

    (void)state;
    for (uint32_t failures = 1; failures <= 8; failures++) {
        int64_t whole = wanted[failures - 1];

        assert_int_equal(feed__backoff_ns(500, 30000, failures, 0), whole - whole / 2);
        assert_int_equal(feed__backoff_ns(500, 30000, failures, (uint64_t)whole / 2), whole);
    }
    assert_int_equal(feed__backoff_ns(500, 30000, UINT32_MAX, 15000), 30000);
    assert_int_equal(feed__backoff_ns(500, 100, 1, 50), 100); /* the cap is below the first */
    assert_int_equal(feed__backoff_ns(INT64_MAX / 2 + 1, INT64_MAX, 9, 0), INT64_MAX / 2 + 1);
}

/* By chance a half of it: daemons that lost a broker in one instant come back spread. */
static void the_pause_is_spread(void **state)
{
    uint64_t chance = 1;
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t pause = feed__backoff_ns(1000, 30000, 6, feed__chance(&chance));

        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
    }
    assert_in_range(least, 15000, 15500);
    assert_in_range(most, 29500, 30000);
}

static void bytes_stay_in_one_piece(void **state)
{
    struct feed_bytes bytes = {0};
    uint8_t next = 0, wanted = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint8_t some[100];

        for (size_t i = 0; i < sizeof(some); i++)
            some[i] = next++;
        assert_int_equal(feed__bytes_add(&bytes, some, sizeof(some)), 0);
        size_t taken = round % 100 == 99 ? bytes.end - bytes.begin : 37;
        for (size_t i = 0; i < taken; i++)
            assert_int_equal(bytes.at[bytes.begin + i], wanted++);
        feed__bytes_drop(&bytes, taken);
    }
    assert_in_range(bytes.capacity, 4096, 65536);
    feed__bytes_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(a_path_must_fit_a_socket_address),
        cmocka_unit_test(the_pause_doubles_up_to_its_cap),
        cmocka_unit_test(the_pause_is_spread),
        cmocka_unit_test(bytes_stay_in_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
