/* SPDX-License-Identifier: Apache-2.0
 *
 * The publishing connection of load generator, city and tests, at a real mosquitto: its window, its
 * bounds, and what it says when the world fails. That messages arrive whole is seen where they are
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
#include <stdlib.h>

#define FINISH_NS (FLOW_DEADLINE_S * INT64_C(1000000000))

static struct flow *flow;
static struct hz_link *link_;

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

static void link_says_that_the_broker_is_gone(void **state)
{
    (void)state;
    assert_int_equal(publish(1), 0);
    flow_kill(flow, FLOW_BROKER);
    int result = hz_link_finish(link_, FINISH_NS);
    assert_true(result == -ECONNRESET || result == -EPIPE);
}

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
        cmocka_unit_test_setup_teardown(link_says_that_the_broker_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_says_why_it_cannot_be_opened, set_up, tear_down),
    };

    return flow_available(FLOW_BROKER) ? cmocka_run_group_tests(tests, NULL, NULL) : FLOW_SKIPPED;
}
