/* SPDX-License-Identifier: Apache-2.0
 *
 * What receiving costs: CPU-seconds of the receiving thread (user + system) for a million PUBLISH
 * packets of one JSON value, QoS 0, from the stub over TCP; beside it, by turns, a bare libmosquitto
 * subscriber that only counts. Bar: twenty times less, the stub sending flat out. Then the same at
 * 50 000 messages a second, one packet a send, as information: there the pause between reads
 * (`coalesce`) is what counts, and its default is chosen by it.
 *
 * Every round proves its answer: all messages, all bytes of topics and payloads.
 */
#include "hz_bench.h"
#include "hz_mqtt.h"
#include "stub.h"

#include <math.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define POINTS      10000u
#define ROUNDS      7
#define RATE_ROUNDS 3
#define RATE        50000u
#define BAR         20.0

static uint8_t packets[POINTS * 64];
static size_t packet_at[POINTS + 1];
static uint64_t round_bytes; /* topics and payloads */

static void prepare(void)
{
    size_t at = 0;

    for (unsigned i = 0; i < POINTS; i++) {
        char topic[32], payload[48];
        int topic_length = snprintf(topic, sizeof(topic), "hz/e%04u/p%u", i / 10, i % 10);
        int length = snprintf(payload, sizeof(payload), "{\"ts\":1763900000123,\"v\":%u.%02u}",
                              10 + i % 80, i % 100);

        packet_at[i] = at;
        at += stub_publish(packets + at, 0x30, 4, topic, 0, payload, (size_t)length);
        round_bytes += (uint64_t)(topic_length + length);
    }
    packet_at[POINTS] = at;
}

/* --- what the stub sends --- */

static uint64_t plan_rounds; /* set before a stub is started */
static bool plan_paced;

static bool send_paced(int fd)
{
    uint64_t start = hz_bench_now_ns(), sent = 0;

    for (uint64_t round = 0; round < plan_rounds; round++) {
        for (unsigned i = 0; i < POINTS; i++) {
            uint64_t due = start + sent++ * (1000000000u / RATE);
            while (hz_bench_now_ns() < due)
                ;
            if (!stub_send(fd, packets + packet_at[i], packet_at[i + 1] - packet_at[i]))
                return false;
        }
    }
    return true;
}

static void script(int fd, unsigned connection, void *ctx)
{
    uint8_t protocol;

    (void)connection;
    (void)ctx;
    hz_bench_pin(1);
    if (!stub_greet(fd, &protocol) || !stub_grant(fd, protocol))
        return;
    if (plan_paced ? send_paced(fd) : stub_blast(fd, packets, packet_at[POINTS], plan_rounds))
        stub_wait(fd);
}

/* --- counting --- */

static uint64_t messages, bytes, reads;

static double cpu_s(void)
{
    struct rusage used;

    hz_assert(getrusage(RUSAGE_THREAD, &used) == 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void check(void)
{
    hz_assert(messages == plan_rounds * POINTS);
    hz_assert(bytes == plan_rounds * round_bytes);
}

/* --- libmosquitto --- */

static void count_one(struct mosquitto *mosquitto, void *ctx,
                      const struct mosquitto_message *message)
{
    (void)mosquitto;
    (void)ctx;
    messages++;
    bytes += strlen(message->topic) + (size_t)message->payloadlen;
}

static void subscribe(struct mosquitto *mosquitto, void *ctx, int code)
{
    (void)ctx;
    (void)code;
    (void)mosquitto_subscribe(mosquitto, NULL, "hz/#", 0); /* shows in the count */
}

static void receive_by_libmosquitto(uint16_t port)
{
    struct mosquitto *client = mosquitto_new("rival", true, NULL);

    hz_assert(client);
    mosquitto_connect_callback_set(client, subscribe);
    mosquitto_message_callback_set(client, count_one);
    hz_assert(mosquitto_connect(client, "127.0.0.1", port, 60) == MOSQ_ERR_SUCCESS);
    while (messages < plan_rounds * POINTS)
        hz_assert(mosquitto_loop(client, 1000, 1) == MOSQ_ERR_SUCCESS);
    mosquitto_destroy(client);
}

/* --- ours --- */

static uv_loop_t loop;
static int64_t coalesce_ns;

static void on_message(void *ctx, const struct hz_mqtt_message *message)
{
    (void)ctx;
    messages++;
    bytes += message->topic.length + message->payload.length;
}

static void on_read_end(void *ctx)
{
    (void)ctx;
    if (messages == plan_rounds * POINTS)
        uv_stop(&loop);
}

static void on_state(void *ctx, enum hz_feed_state state, const char *reason)
{
    (void)ctx;
    if (state != HZ_FEED_CONNECTED)
        fprintf(stderr, "lost: %s\n", reason);
    hz_assert(state == HZ_FEED_CONNECTED);
}

static void on_oddity(void *ctx, enum hz_mqtt_oddity what, uint64_t count)
{
    (void)ctx;
    (void)what;
    (void)count;
    hz_assert(false); /* the stub sends none */
}

static void on_closed(void *ctx)
{
    (void)ctx;
    uv_stop(&loop);
}

static void receive_by_transport(uint16_t port)
{
    static const struct hz_mqtt_events events = {on_message, on_read_end, on_state, on_oddity,
                                                 NULL};
    struct hz_filter_config filter = {.filter = "hz/#"};
    char address[32], directory[] = "/tmp/hz-bench-XXXXXX";
    struct hz_feed_config config = {.name = "bench",
                                    .address = address,
                                    .client_id = "own",
                                    .protocol = 4,
                                    .clean_session = true,
                                    .keepalive_s = 60,
                                    .receive_maximum = 1000,
                                    .payload_bytes_max = HZ_PAYLOAD_BYTES_DEFAULT,
                                    .backoff_min_ns = HZ_NS_PER_S,
                                    .backoff_max_ns = HZ_NS_PER_S,
                                    .connect_timeout_ns = 10 * HZ_NS_PER_S,
                                    .coalesce_ns = coalesce_ns,
                                    .filters = &filter,
                                    .filter_count = 1};
    struct hz_mqtt *mqtt;
    struct hz_mqtt_counts counts;

    hz_role_take(&hz_ingest);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    hz_assert(mkdtemp(directory));
    hz_assert(uv_loop_init(&loop) == 0);
    hz_assert(hz_mqtt_new(&loop, &hz_clock_real, &config, directory, &events, &mqtt) == 0);
    hz_mqtt_start(mqtt);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    hz_mqtt_counts(mqtt, &counts);
    reads = counts.reads;
    hz_mqtt_stop(mqtt, on_closed, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    hz_assert(uv_loop_close(&loop) == 0);
    (void)rmdir(directory);
}

/* --- rounds --- */

struct way {
    struct hz_bench bench;
    void (*receive)(uint16_t port);
    int64_t coalesce_ns;
    uint64_t rounds; /* of all points */
    uint64_t reads;
};

/* CPU-seconds for a million messages. */
static void run(struct way *way, bool paced)
{
    plan_rounds = way->rounds;
    plan_paced = paced;
    coalesce_ns = way->coalesce_ns;
    messages = bytes = 0;
    struct stub *stub = stub_new(NULL, script, NULL);
    hz_assert(stub);
    double before = cpu_s();
    way->receive(stub_port(stub));
    double used = cpu_s() - before;
    check();
    way->reads = reads;
    stub_free(stub);
    hz_bench_add(&way->bench, used * 1e6 / (double)messages);
}

static void print(struct way *ways, size_t count, double bar)
{
    double rival = hz_bench_median(&ways[0].bench);

    hz_bench_print(&ways[0].bench, NAN, NAN);
    for (size_t i = 1; i < count; i++) {
        hz_bench_print(&ways[i].bench, rival / hz_bench_median(&ways[i].bench), bar);
        printf("         %llu messages in %llu reads\n",
               (unsigned long long)(ways[i].rounds * POINTS), (unsigned long long)ways[i].reads);
    }
}

int main(void)
{
    static double samples[8][ROUNDS];
    struct way flat[] = {
        {hz_bench("feed", "flat out: libmosquitto, CPU s per M", samples[0], ROUNDS),
         receive_by_libmosquitto, 0, 30, 0},
        {hz_bench("feed", "flat out: transport, CPU s per M", samples[1], ROUNDS),
         receive_by_transport, 0, 500, 0},
        {hz_bench("feed", "flat out: transport, coalesce 1 ms", samples[2], ROUNDS),
         receive_by_transport, HZ_NS_PER_MS, 500, 0},
    };
    struct way rate[] = {
        {hz_bench("feed", "50 k/s: libmosquitto, CPU s per M", samples[3], ROUNDS),
         receive_by_libmosquitto, 0, 10, 0},
        {hz_bench("feed", "50 k/s: transport, CPU s per M", samples[4], ROUNDS),
         receive_by_transport, 0, 10, 0},
        {hz_bench("feed", "50 k/s: transport, coalesce 200 us", samples[5], ROUNDS),
         receive_by_transport, 200 * HZ_NS_PER_US, 10, 0},
        {hz_bench("feed", "50 k/s: transport, coalesce 1 ms", samples[6], ROUNDS),
         receive_by_transport, HZ_NS_PER_MS, 10, 0},
        {hz_bench("feed", "50 k/s: transport, coalesce 5 ms", samples[7], ROUNDS),
         receive_by_transport, 5 * HZ_NS_PER_MS, 10, 0},
    };

    prepare();
    (void)mosquitto_lib_init();
    hz_bench_pin(0);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof(flat) / sizeof(*flat); i++)
            run(&flat[i], false);
    for (int round = 0; round < RATE_ROUNDS; round++)
        for (size_t i = 0; i < sizeof(rate) / sizeof(*rate); i++)
            run(&rate[i], true);
    print(flat, sizeof(flat) / sizeof(*flat), BAR);
    print(rate, sizeof(rate) / sizeof(*rate), NAN);
    (void)mosquitto_lib_cleanup();
    return EXIT_SUCCESS;
}
