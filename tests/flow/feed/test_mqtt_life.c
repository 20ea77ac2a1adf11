/* SPDX-License-Identifier: Apache-2.0
 *
 * How connections begin and end: what CONNECT and SUBSCRIBE say, addresses that do not answer, names
 * that are not there, a broker that falls silent, a stop in every phase.
 */
#include "broker.h"
#include "probe.h"
#include "stub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct probe *probe;
static struct stub *stub;

/* Packets as the stub received them, the last of each kind. */
static struct {
    uint8_t bytes[512];
    size_t length;
    _Atomic unsigned count; /* stored last */
} connects, subscribes[4];
static _Atomic unsigned pings;

static int begin(void **state)
{
    (void)state;
    atomic_store(&connects.count, 0);
    atomic_store(&pings, 0);
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

static void start(stub_script *script)
{
    stub = stub_new(NULL, script, NULL);
    assert_non_null(stub);
    probe_address(probe, "127.0.0.1:%u", stub_port(stub));
    probe_start(probe);
}

/* --- what is said --- */

static void grant_one(int fd, const struct stub_packet *packet)
{
    const uint8_t suback[] = {0x90, 4, packet->body[0], packet->body[1], 0, 1};

    (void)stub_send(fd, suback, sizeof(suback));
}

static void note_and_grant(int fd, unsigned connection, void *ctx)
{
    static const uint8_t connack[] = {0x20, 3, 0, 0, 0};
    unsigned subscribe = 0;
    uint8_t room[2048];
    struct stub_packet packet;

    (void)connection;
    (void)ctx;
    while (stub_receive(fd, room, sizeof(room), &packet)) {
        if (packet.first == 0x10) {
            connects.length = packet.length;
            memcpy(connects.bytes, packet.body, packet.length);
            atomic_store(&connects.count, 1);
            (void)stub_send(fd, connack, sizeof(connack));
        } else if (packet.first == 0x82) {
            subscribes[subscribe].length = packet.length;
            memcpy(subscribes[subscribe].bytes, packet.body, packet.length);
            atomic_store(&subscribes[subscribe].count, 1);
            subscribe++;
            grant_one(fd, &packet);
        }
    }
}

/* Only what was meant: no will, no maximum packet size, no topic aliases. */
static void connect_and_subscribe_by_5(void **state)
{
    static const uint8_t connect[] = {
        0, 4,    'M', 'Q', 'T',  'T',  5,    0x00,       /* nothing but a kept session */
        0, 30,                                           /* keep-alive */
        8, 0x11, 0,   0,   0x0e, 0x10, 0x21, 0x01, 0x2c, /* expiry 3600, receive max 300 */
        0, 5,    'p', 'r', 'o',  'b',  'e'};
    static const uint8_t qos1[] = {0, 1, 0, 0, 3, 'o', 'n', 'e', 0x11};      /* retained if new */
    static const uint8_t qos0[] = {0, 2, 0, 0, 4, 'z', 'e', 'r', 'o', 0x00}; /* retained */

    (void)state;
    probe->config.receive_maximum = 300;
    probe->filters[0] = (struct hz_filter_config){.filter = "zero", .qos = 0};
    probe->filters[1] = (struct hz_filter_config){.filter = "one", .qos = 1};
    probe->config.filter_count = 2;
    start(note_and_grant);
    probe_wait(probe, probe_is_online);
    assert_int_equal(connects.length, sizeof(connect));
    assert_memory_equal(connects.bytes, connect, sizeof(connect));
    assert_int_equal(subscribes[0].length, sizeof(qos1));
    assert_memory_equal(subscribes[0].bytes, qos1, sizeof(qos1));
    assert_int_equal(subscribes[1].length, sizeof(qos0));
    assert_memory_equal(subscribes[1].bytes, qos0, sizeof(qos0));
}

static void connect_by_3_1_1(void **state)
{
    static const uint8_t connect[] = {0,  4, 'M', 'Q', 'T', 'T', 4,   0x02, 0,
                                      10, 0, 5,   'p', 'r', 'o', 'b', 'e'};

    (void)state;
    probe->config.protocol = 4;
    probe->config.clean_session = true;
    probe->config.keepalive_s = 10;
    start(note_and_grant);
    for (unsigned i = 0; i < 1000 && atomic_load(&connects.count) == 0; i++)
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
    assert_int_equal(connects.length, sizeof(connect));
    assert_memory_equal(connects.bytes, connect, sizeof(connect));
}

/* --- nobody there --- */

/* A listener whose queue is full swallows packets as a dead address does. */
static int black_hole(uint16_t *ret_port, int fillers[4])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void an_address_that_does_not_answer(void **state)
{
    int fillers[4];
    uint16_t port;
    int fd = black_hole(&port, fillers);

    (void)state;
    probe->config.connect_timeout_ns = 300 * HZ_NS_PER_MS;
    probe_address(probe, "127.0.0.1:%u", port);
    probe_start(probe);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, probe->address);
    probe_assert_reason(probe, "no answer in time");
    close(fd);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
}

static void a_name_that_is_not_there(void **state)
{
    (void)state;
    probe->config.connect_timeout_ns = 3 * HZ_NS_PER_S;
    probe_address(probe, "no-such-host.invalid:1883");
    probe_start(probe);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, "\"no-such-host.invalid\"");
    probe_assert_reason(probe, "resolved"); /* not at all, or not in time: as the resolver goes */
}

static void a_name_that_is_there(void **state)
{
    (void)state;
    stub = stub_new(NULL, note_and_grant, NULL);
    assert_non_null(stub);
    probe_address(probe, "localhost:%u", stub_port(stub)); /* ::1, where it has one, refuses */
    probe_start(probe);
    probe_wait(probe, probe_is_online);
}

static void a_unix_socket_that_is_not_there(void **state)
{
    (void)state;
    probe_address(probe, "unix:%s/nothing", probe->directory);
    probe_start(probe);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, "/nothing: No such file or directory");
}

static void say_nothing(int fd, unsigned connection, void *ctx)
{
    (void)connection;
    (void)ctx;
    stub_wait(fd);
}

static void greet_only(int fd, unsigned connection, void *ctx)
{
    (void)connection;
    (void)ctx;
    if (stub_greet(fd, NULL))
        stub_wait(fd);
}

static void a_broker_that_says_nothing(void **state)
{
    (void)state;
    probe->config.connect_timeout_ns = 200 * HZ_NS_PER_MS;
    start(say_nothing);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, "no answer in time while waiting for CONNACK");
}

static void a_broker_that_does_not_grant(void **state)
{
    (void)state;
    probe->config.connect_timeout_ns = 200 * HZ_NS_PER_MS;
    start(greet_only);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, "no answer in time while waiting for SUBACK");
    assert_int_equal(probe->connected, 0);
}

static void run_for(uint64_t ms)
{
    for (uint64_t until = uv_hrtime() + ms * 1000000; uv_hrtime() < until;)
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
}

/* A time-out is no fault of the broker's while we do not listen. */
static void a_pause_stops_the_dead_line(void **state)
{
    (void)state;
    probe->config.connect_timeout_ns = 200 * HZ_NS_PER_MS;
    stub = stub_new(NULL, note_and_grant, NULL);
    assert_non_null(stub);
    probe_address(probe, "127.0.0.1:%u", stub_port(stub));
    probe_start(probe);
    probe_pause(probe, true);
    run_for(700);
    assert_int_equal(probe->lost + probe->connected, 0);
    probe_pause(probe, false);
    probe_wait(probe, probe_is_online);
}

/* Work that keeps all threads of libuv's pool, so that no look-up comes to an end. */
static uv_sem_t let_go;

static void hold(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&let_go);
}

static bool was_lost_thrice(struct probe *of)
{
    return of->lost >= 3;
}

/* The pool is shared by all feeds: a name that hangs takes one thread of it, not one an attempt. */
static void one_look_up_at_a_time(void **state)
{
    uv_work_t work[4];

    (void)state;
    assert_int_equal(uv_sem_init(&let_go, 0), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(uv_queue_work(&probe->loop, &work[i], hold, NULL), 0);
    probe->config.connect_timeout_ns = 50 * HZ_NS_PER_MS;
    probe->config.backoff_min_ns = probe->config.backoff_max_ns = 10 * HZ_NS_PER_MS;
    stub = stub_new(NULL, note_and_grant, NULL);
    assert_non_null(stub);
    probe_address(probe, "localhost:%u", stub_port(stub));
    probe_start(probe);
    probe_wait(probe, was_lost_thrice);
    probe_assert_reason(probe, "\"localhost\": the name was not resolved in time");
    assert_int_equal(probe->loop.active_reqs.count, 4 + 1);
    for (int i = 0; i < 4; i++)
        uv_sem_post(&let_go);
    probe_wait(probe, probe_is_online); /* by the answer to the first */
    uv_sem_destroy(&let_go);
}

/* --- it falls silent --- */

/* Its CONNACK sets the keep-alive to a second (MQTT 5, 3.2.2.3.14). `ctx`: answer pings. */
static void be_silent(int fd, unsigned connection, void *ctx)
{
    static const uint8_t connack[] = {0x20, 6, 0, 0, 3, 0x13, 0, 1};
    uint8_t room[2048];
    struct stub_packet packet;

    (void)connection;
    while (stub_receive(fd, room, sizeof(room), &packet)) {
        if (packet.first == 0x10)
            (void)stub_send(fd, connack, sizeof(connack));
        if (packet.first == 0x82)
            grant_one(fd, &packet);
        if (packet.first == 0xc0) {
            atomic_fetch_add(&pings, 1);
            if (ctx)
                (void)stub_send(fd, "\xd0\x00", 2);
        }
    }
}

static void a_broker_that_falls_silent(void **state)
{
    (void)state;
    start(be_silent);
    probe_wait(probe, probe_is_online);
    probe_wait(probe, probe_was_lost);
    probe_assert_reason(probe, "the broker does not answer");
    assert_true(atomic_load(&pings) >= 1);
}

static bool has_pinged_ten_times(struct probe *of)
{
    (void)of;
    return atomic_load(&pings) >= 10;
}

/* Ten keep-alives: by then libmosquitto has pinged too, and was answered here. */
static void a_silent_broker_that_answers_pings_is_kept(void **state)
{
    (void)state;
    stub = stub_new(NULL, be_silent, &stub);
    assert_non_null(stub);
    probe_address(probe, "127.0.0.1:%u", stub_port(stub));
    probe_start(probe);
    probe_wait(probe, has_pinged_ten_times);
    assert_int_equal(probe->lost, 0);
}

/* Back-pressure for longer than the keep-alive: it goes on pinging, so that the broker does not give it
 * up, and does not take the broker for dead, which it does not listen to. */
static void a_pause_is_no_silence(void **state)
{
    (void)state;
    start(be_silent); /* answers nothing: who listened would find it dead after 1.5 s */
    probe_wait(probe, probe_is_online);
    probe_pause(probe, true);
    run_for(4000);
    assert_int_equal(probe->lost, 0);
    assert_true(atomic_load(&pings) >= 2);
    probe_pause(probe, false);
    probe_wait(probe, probe_was_lost); /* and now it is */
    assert_true(probe_counts(probe).unread_ns > 3 * HZ_NS_PER_S);
}

/* --- a stop at any time --- */

static void stop_after_turns(unsigned turns)
{
    probe_start(probe);
    for (unsigned i = 0; i < turns; i++)
        (void)uv_run(&probe->loop, UV_RUN_NOWAIT);
    probe_stop(probe);
    unsigned lost = probe->lost;
    for (unsigned i = 0; i < 3; i++)
        (void)uv_run(&probe->loop, UV_RUN_ONCE);
    assert_int_equal(probe->lost, lost); /* no event after `closed` */
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void a_stop_in_every_phase(void **state)
{
    unsigned descriptors = open_descriptors();

    (void)state;
    stub = stub_new(NULL, note_and_grant, NULL);
    assert_non_null(stub);
    probe_address(probe, "127.0.0.1:%u", stub_port(stub));
    for (unsigned turns = 0; turns < 40; turns++)
        stop_after_turns(turns);
    probe_address(probe, "no-such-host.invalid:1883"); /* the look-up may outlive the feed */
    for (unsigned turns = 0; turns < 4; turns++)
        stop_after_turns(turns);
    probe_address(probe, "unix:%s/nothing", probe->directory); /* in back-off */
    for (unsigned turns = 0; turns < 4; turns++)
        stop_after_turns(turns);
    stub_free(stub);
    stub = NULL;
    assert_int_equal(open_descriptors(), descriptors);
}

/* Never started: closes as well. */
static void a_stop_without_a_start(void **state)
{
    (void)state;
    hz_role_take(&hz_ingest);
    probe_address(probe, "127.0.0.1:1");
    assert_int_equal(hz_mqtt_new(&probe->loop, &hz_clock_real, &probe->config, probe->directory,
                                 &probe->events, &probe->mqtt),
                     0);
    probe_stop(probe);
}

static void what_can_not_be_made(void **state)
{
    char deep[200];

    (void)state;
    hz_role_take(&hz_ingest);
    memset(deep, 'd', sizeof(deep) - 1);
    deep[0] = '/';
    deep[sizeof(deep) - 1] = '\0';
    probe_address(probe, "127.0.0.1:1");
    assert_int_equal(hz_mqtt_new(&probe->loop, &hz_clock_real, &probe->config, deep, &probe->events,
                                 &probe->mqtt),
                     -ENAMETOOLONG);
    probe_address(probe, "nonsense");
    assert_int_equal(hz_mqtt_new(&probe->loop, &hz_clock_real, &probe->config, probe->directory,
                                 &probe->events, &probe->mqtt),
                     -EINVAL);
    assert_null(probe->mqtt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connect_and_subscribe_by_5, begin, end),
        cmocka_unit_test_setup_teardown(connect_by_3_1_1, begin, end),
        cmocka_unit_test_setup_teardown(an_address_that_does_not_answer, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_is_there, begin, end),
        cmocka_unit_test_setup_teardown(a_unix_socket_that_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(a_broker_that_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_broker_that_does_not_grant, begin, end),
        cmocka_unit_test_setup_teardown(a_pause_stops_the_dead_line, begin, end),
        cmocka_unit_test_setup_teardown(one_look_up_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(a_broker_that_falls_silent, begin, end),
        cmocka_unit_test_setup_teardown(a_silent_broker_that_answers_pings_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(a_pause_is_no_silence, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_in_every_phase, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_without_a_start, begin, end),
        cmocka_unit_test_setup_teardown(what_can_not_be_made, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
