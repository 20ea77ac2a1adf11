/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed at a real mosquitto: both protocols, login, kept sessions, restart, retained and oversize
 * messages, many filters, back-pressure.
 */
#include "broker.h"
#include "probe.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct broker broker;
static struct probe *probe;

static int begin(void **state)
{
    (void)state;
    broker_init(&broker, "allow_anonymous true\nmax_queued_messages 100000\n", "");
    broker_start(&broker);
    probe = probe_new();
    probe_address(probe, "127.0.0.1:%u", broker.port);
    return 0;
}

static int end(void **state)
{
    (void)state;
    probe_free(probe);
    broker_done(&broker);
    return 0;
}

static uint64_t wanted;

static bool has_wanted(struct probe *of)
{
    return of->messages >= wanted;
}

static void wait_for_messages(uint64_t count)
{
    wanted = count;
    probe_wait(probe, has_wanted);
    assert_int_equal(probe->messages, count);
}

static void messages_come_in_order(uint8_t protocol)
{
    probe->config.protocol = protocol;
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/a", NULL, 0, 1, false, 300);
    wait_for_messages(300);
    for (unsigned i = 0; i < 300; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%u", i);
        assert_string_equal(probe->kept[i].payload, number);
        assert_string_equal(probe->kept[i].topic, "t/a");
        assert_int_equal(probe->kept[i].ack, i + 1);
        assert_false(probe->kept[i].retained || probe->kept[i].duplicate);
    }
    broker_publish(&broker, "t/b", "x", 1, 0, false, 1);
    wait_for_messages(301);
    assert_int_equal(probe->kept[300].qos, 0);
    assert_int_equal(probe->kept[300].ack, 0);
    assert_true(probe->read_ends > 0 && probe->read_ends <= 301);
    struct hz_mqtt_counts counts = probe_counts(probe);
    assert_int_equal(counts.messages, 301);
    assert_int_equal(counts.acks_sent, 300);
    assert_int_equal(counts.connects, 1);
    assert_true(counts.connected);
    assert_int_equal(probe->lost, 0);
}

static void by_mqtt_3_1_1(void **state)
{
    (void)state;
    messages_come_in_order(4);
}

static void by_mqtt_5(void **state)
{
    (void)state;
    messages_come_in_order(5);
}

/* Not acknowledged: comes again after a reconnect, marked; acknowledged: does not. Stopping is no
 * end of the session. */
static void a_kept_session_repeats_what_was_not_acknowledged(void **state)
{
    (void)state;
    for (int protocol = 4; protocol <= 5; protocol++) {
        uint64_t before = probe->messages;

        probe->config.protocol = (uint8_t)protocol;
        probe->config.client_id = protocol == 4 ? "kept-4" : "kept-5";
        probe_start(probe);
        probe_wait(probe, probe_is_online);
        assert_false(probe_counts(probe).session_present);
        broker_publish(&broker, "t/a", NULL, 0, 1, false, 10);
        wait_for_messages(before + 10);
        probe_ack(probe, 4);
        assert_int_equal(probe_counts(probe).acks_sent, 4);
        probe_stop(probe);
        broker_publish(&broker, "t/a", "meanwhile", 9, 1, false, 1);

        probe_start(probe);
        probe_wait(probe, probe_is_online);
        assert_true(probe_counts(probe).session_present);
        wait_for_messages(before + 17); /* 4 to 9 again, and the new one */
        assert_string_equal(probe->kept[before + 10].payload, "4");
        assert_true(probe->kept[before + 10].duplicate);
        assert_string_equal(probe->kept[before + 15].payload, "9");
        assert_string_equal(probe->kept[before + 16].payload, "meanwhile");
        assert_false(probe->kept[before + 16].duplicate);
        probe_ack(probe, probe->last_ack);
        probe_stop(probe);

        probe_start(probe);
        probe_wait(probe, probe_is_online);
        broker_publish(&broker, "t/a", "last", 4, 1, false, 1);
        wait_for_messages(before + 18); /* and none of the others */
        probe_stop(probe);
    }
}

static void a_clean_session_is_not_kept(void **state)
{
    (void)state;
    probe->config.clean_session = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    probe_stop(probe);
    broker_publish(&broker, "t/a", "lost", 4, 1, false, 1);
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/a", "seen", 4, 1, false, 1);
    wait_for_messages(1);
    assert_string_equal(probe->kept[0].payload, "seen");
}

static void a_broker_that_restarts_is_found_again(void **state)
{
    (void)state;
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    for (unsigned round = 1; round <= 3; round++) {
        broker_stop(&broker);
        probe->lost = 0;
        probe_wait(probe, probe_was_lost);
        assert_false(probe_counts(probe).connected);
        broker_start(&broker);
        probe_wait(probe, probe_is_online);
        broker_publish(&broker, "t/a", "x", 1, 1, false, 1);
        wait_for_messages(round);
    }
    assert_int_equal(probe_counts(probe).connects, 4);
    assert_int_equal(probe_counts(probe).losses, 3);
}

/* Each attempt that fails is told of once, with the reason. */
static void a_port_without_a_broker_is_refused(void **state)
{
    (void)state;
    probe_address(probe, "127.0.0.1:%u", broker_free_port());
    probe_start(probe);
    assert_int_equal(probe->lost, 0); /* not from within the call */
    probe_wait(probe, probe_was_lost);
    assert_int_equal(probe->lost, 1);
    probe_assert_reason(probe, "Connection refused");
    probe_assert_reason(probe, probe->address);
    assert_int_equal(probe_counts(probe).connects, 0);
}

static void a_retained_message_says_so(void **state)
{
    (void)state;
    broker_publish(&broker, "t/old", "kept", 4, 1, true, 1);
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    wait_for_messages(1);
    assert_true(probe->kept[0].retained);
    broker_publish(&broker, "t/new", "live", 4, 1, true, 1);
    wait_for_messages(2);
    assert_false(probe->kept[1].retained);
    /* MQTT 5: a session that was kept has them already, and does not get them again */
    probe_stop(probe);
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/end", "end", 3, 1, false, 1);
    wait_for_messages(3);
}

/* Skipped without a disconnect, counted, and acknowledged, so that it does not come for ever. */
static void two_megabytes_are_skipped(void **state)
{
    size_t length = 2u << 20;
    char *large = calloc(1, length);

    (void)state;
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/before", "1", 1, 1, false, 1);
    broker_publish(&broker, "t/large", large, length, 1, false, 2);
    broker_publish(&broker, "t/large", large, length, 0, false, 1);
    broker_publish(&broker, "t/after", "2", 1, 1, false, 1);
    free(large);
    wait_for_messages(4); /* the one of QoS 0 only counts */
    assert_true(probe->kept[1].skipped && probe->kept[2].skipped);
    assert_string_equal(probe->kept[1].topic, "t/large");
    assert_int_equal(probe->kept[1].ack, 2);
    assert_string_equal(probe->kept[3].payload, "2");
    assert_int_equal(probe->oversize, 3);
    assert_true(probe->oversize_bytes > 3 * length);
    struct hz_mqtt_counts counts = probe_counts(probe);
    assert_int_equal(counts.oversize, 3);
    assert_int_equal(counts.messages, 2);
    assert_int_equal(counts.acks_sent, 4);
    probe_stop(probe);
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/end", "end", 3, 1, false, 1);
    wait_for_messages(5); /* nothing came again */
    assert_int_equal(probe->lost, 0);
}

/* SUBSCRIBEs of many KiB while the messages of the kept session are acknowledged: an acknowledgement
 * inside one of them would end the connection. */
static void many_filters_with_acknowledgements_under_way(void **state)
{
    static char filters[PROBE_FILTERS_MAX][300];

    (void)state;
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    probe_stop(probe);
    broker_publish(&broker, "t/a", NULL, 0, 1, false, 2000);
    for (uint32_t i = 1; i < 301; i++) {
        memset(filters[i], 'f', 250);
        snprintf(filters[i] + 250, 50, "/%u/#", i);
        probe->filters[i] =
            (struct hz_filter_config){.filter = filters[i], .qos = (uint8_t)(i % 3 != 0)};
    }
    probe->config.filter_count = 301;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    assert_true(probe_counts(probe).session_present);
    wait_for_messages(2000);
    filters[300][254] = '\0'; /* without "/#" */
    broker_publish(&broker, filters[300], "far", 3, 1, false, 1);
    wait_for_messages(2001);
    assert_int_equal(probe_counts(probe).acks_sent, 2000); /* the last filter is of QoS 0 */
    assert_int_equal(probe->lost, 0);
}

/* A pause takes hold behind the message; nothing is lost by it; the time is measured. */
static void back_pressure(void **state)
{
    (void)state;
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    probe->pause_at_message = true;
    broker_publish(&broker, "t/a", NULL, 0, 0, false, 300);
    wait_for_messages(1);
    struct hz_mqtt_counts counts = probe_counts(probe);
    assert_true(counts.paused_since > 0);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
    assert_int_equal(probe->messages, 1);
    probe->pause_at_message = true; /* again, at the second */
    probe_pause(probe, false);
    assert_int_equal(probe->messages, 1); /* not from within the call */
    wait_for_messages(2);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
    assert_int_equal(probe->messages, 2);
    probe_pause(probe, false);
    wait_for_messages(300);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(atoi(probe->kept[i].payload), i);
    counts = probe_counts(probe);
    assert_int_equal(counts.paused_since, 0);
    assert_true(counts.unread_ns > 0);
}

static void paced_reading_loses_nothing(void **state)
{
    (void)state;
    probe->acks = true;
    probe->config.coalesce_ns = 2 * HZ_NS_PER_MS;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/a", NULL, 0, 1, false, 500);
    wait_for_messages(500);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(atoi(probe->kept[i].payload), i);
    broker_publish(&broker, "t/a", NULL, 0, 1, false, 1); /* and after a lull */
    wait_for_messages(501);
}

static void by_unix_socket(void **state)
{
    (void)state;
    broker_stop(&broker);
    snprintf(broker.listener, sizeof(broker.listener), "listener 0 %s/mqtt.sock\n",
             broker.directory);
    broker_start(&broker);
    probe_address(probe, "unix:%s/mqtt.sock", broker.directory);
    probe->acks = true;
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    broker_publish(&broker, "t/a", "x", 1, 1, false, 1);
    wait_for_messages(1);
}

/* --- login --- */

static void write_secret(const char *path, const char *secret)
{
    FILE *to = fopen(path, "w");

    assert_non_null(to);
    fprintf(to, "%s\n", secret);
    assert_int_equal(fclose(to), 0);
}

static void user_and_password(void **state)
{
    char command[512], secret[128];

    (void)state;
    for (uint8_t protocol = 4; protocol <= 5; protocol++) {
        broker_stop(&broker);
        snprintf(broker.settings, sizeof(broker.settings),
                 "allow_anonymous false\npassword_file %s/users\n", broker.directory);
        snprintf(
            command, sizeof(command),
            "touch %s/users && chmod 600 %s/users && mosquitto_passwd -b %s/users hazardd good",
            broker.directory, broker.directory, broker.directory);
        assert_int_equal(system(command), 0);
        broker_start(&broker);
        snprintf(secret, sizeof(secret), "%s/secret", broker.directory);
        write_secret(secret, "wrong");
        probe->config.protocol = protocol;
        probe->config.user = "hazardd";
        probe->config.password_file = secret;
        probe->lost = 0;
        probe_start(probe);
        probe_wait(probe, probe_was_lost);
        probe_assert_reason(probe, protocol == 5 ? "Not authorized" : "not authorised");
        probe_assert_reason(probe, "look at user and password_file");
        write_secret(secret, "good"); /* read again for each attempt */
        probe_wait(probe, probe_is_online);
        probe_stop(probe);

        probe->config.password_file = "/nonexistent/secret";
        probe->lost = 0;
        probe_start(probe);
        probe_wait(probe, probe_was_lost);
        probe_assert_reason(probe, "/nonexistent/secret can not be read: No such file");
        probe_stop(probe);
    }
}

/* The inner socket is gone when the session speaks, and nobody else could have opened it. */
static void nothing_of_the_inner_socket_is_left(void **state)
{
    char path[128];
    struct stat seen;

    (void)state;
    snprintf(path, sizeof(path), "%s/feed-probe.sock", probe->directory);
    write_secret(path, "left by a process that was killed");
    probe_start(probe);
    probe_wait(probe, probe_is_online);
    assert_int_equal(stat(path, &seen), -1);
    assert_int_equal(probe->lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_mqtt_3_1_1, begin, end),
        cmocka_unit_test_setup_teardown(by_mqtt_5, begin, end),
        cmocka_unit_test_setup_teardown(a_kept_session_repeats_what_was_not_acknowledged, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_clean_session_is_not_kept, begin, end),
        cmocka_unit_test_setup_teardown(a_broker_that_restarts_is_found_again, begin, end),
        cmocka_unit_test_setup_teardown(a_port_without_a_broker_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_retained_message_says_so, begin, end),
        cmocka_unit_test_setup_teardown(two_megabytes_are_skipped, begin, end),
        cmocka_unit_test_setup_teardown(many_filters_with_acknowledgements_under_way, begin, end),
        cmocka_unit_test_setup_teardown(back_pressure, begin, end),
        cmocka_unit_test_setup_teardown(paced_reading_loses_nothing, begin, end),
        cmocka_unit_test_setup_teardown(by_unix_socket, begin, end),
        cmocka_unit_test_setup_teardown(user_and_password, begin, end),
        cmocka_unit_test_setup_teardown(nothing_of_the_inner_socket_is_left, begin, end),
    };
    (void)mosquitto_lib_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)mosquitto_lib_cleanup();
    return failed;
}
