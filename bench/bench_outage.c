/* SPDX-License-Identifier: Apache-2.0
 *
 * What a broker keeps while hazardd is away, and how fast it gives it back: for a broker that runs
 * already, with the settings that are to be tried (docs/brokers.md has what came of it).
 *
 *     bench_outage [-p pid of the broker] [-v 4 | 5] [-l | -r] <address> <messages>
 *
 * Makes a kept session with a QoS 1 filter and leaves; publishes the messages with QoS 1, one value
 * each, for 25 000 points; comes back and counts. -l: leaves and publishes only; -r: comes back only,
 * after what was done to the broker meanwhile. Acknowledges 2 ms after receipt, as hazardd does when it
 * has synced. Ends when all are there, or when nothing came for three seconds. Says what was lost and
 * what came twice, the broker's memory, and the time of the way back.
 */
#include "hz_mqtt.h"
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POINTS     25000u
#define WINDOW     1000u
#define ACK_MS     2u
#define SILENCE_NS (3 * HZ_NS_PER_S)

static uv_loop_t loop;
static uv_timer_t ack_timer, watch;
static struct hz_mqtt *mqtt;
static struct hz_filter_config filter = {.filter = "outage/#", .qos = 1};
static struct hz_feed_config config = {.name = "outage",
                                       .client_id = "bench-outage",
                                       .protocol = 5,
                                       .session_expiry_s = 86400,
                                       .keepalive_s = 60,
                                       .receive_maximum = WINDOW,
                                       .payload_bytes_max = HZ_PAYLOAD_BYTES_DEFAULT,
                                       .backoff_min_ns = HZ_NS_PER_S,
                                       .backoff_max_ns = HZ_NS_PER_S,
                                       .connect_timeout_ns = 30 * HZ_NS_PER_S,
                                       .coalesce_ns = HZ_NS_PER_MS,
                                       .filters = &filter,
                                       .filter_count = 1};

static bool online;
static uint8_t *seen; /* one for each message: how often */
static uint64_t expected, received, last_ack, last_number, out_of_order;
static int64_t last_message_ns, first_message_ns;

static int64_t now_ns(void)
{
    return hz_mono_ns(&hz_clock_real);
}

static void on_message(void *ctx, const struct hz_mqtt_message *message)
{
    char number[24] = "";

    (void)ctx;
    last_message_ns = now_ns();
    if (first_message_ns == 0)
        first_message_ns = last_message_ns;
    if (message->ack > 0)
        last_ack = message->ack;
    if (message->payload.length < 6 + sizeof(number))
        return;                                                  /* none of ours */
    memcpy(number, message->payload.at + 6, sizeof(number) - 1); /* behind {"ts": */
    unsigned long long at = strtoull(number, NULL, 10) - 1;
    out_of_order += at + 1 < last_number; /* one source: numbers rise */
    last_number = at + 1;
    if (at < expected && seen[at] < UINT8_MAX && seen[at]++ == 0)
        received++;
}

static void on_read_end(void *ctx)
{
    (void)ctx;
}

static void on_state(void *ctx, enum hz_feed_state state, const char *reason)
{
    (void)ctx;
    online = state == HZ_FEED_CONNECTED;
    printf("%s: %s\n", online ? "connected" : "lost", reason);
    if (online && expected == 0)
        uv_stop(&loop);
}

static void on_oddity(void *ctx, enum hz_mqtt_oddity what, uint64_t bytes)
{
    (void)ctx;
    printf("oddity %d, %llu bytes\n", (int)what, (unsigned long long)bytes);
}

static const struct hz_mqtt_events events = {on_message, on_read_end, on_state, on_oddity, NULL};

static void on_ack_timer(uv_timer_t *timer)
{
    (void)timer;
    hz_role_assert(&hz_ingest);
    hz_mqtt_ack(mqtt, last_ack);
}

static void on_watch(uv_timer_t *timer)
{
    (void)timer;
    if (received == expected || (online && now_ns() - last_message_ns > SILENCE_NS))
        uv_stop(&loop);
}

static void on_closed(void *ctx)
{
    (void)ctx;
    uv_stop(&loop);
}

static void begin(const char *directory)
{
    hz_role_take(&hz_ingest);
    last_ack = 0;
    int error = hz_mqtt_new(&loop, &hz_clock_real, &config, directory, &events, &mqtt);
    if (error < 0) {
        fprintf(stderr, "%s: %s\n", config.address, hz_strerror(error));
        exit(EXIT_FAILURE);
    }
    hz_mqtt_start(mqtt);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void end(void)
{
    hz_role_take(&hz_ingest);
    (void)uv_timer_stop(&ack_timer);
    (void)uv_timer_stop(&watch);
    hz_mqtt_stop(mqtt, on_closed, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static int publish_all(const char *address)
{
    struct hz_link *link;
    int error = hz_link_open(address, "bench-outage-source", WINDOW, &link);

    for (uint64_t i = 0; error == 0 && i < expected; i++) {
        char topic[48], payload[64];
        unsigned point = (unsigned)(i % POINTS);

        snprintf(topic, sizeof(topic), "outage/e%04u/p%u", point / 10, point % 10);
        snprintf(payload, sizeof(payload), "{\"ts\":%013llu,\"v\":12.34567890}",
                 (unsigned long long)i + 1);
        while ((error = hz_link_publish(link, hz_slice(topic), hz_slice(payload), 1)) == -EAGAIN) {
            error = hz_link_work(link);
            if (error < 0)
                break;
            hz_link_wait(&link, 1, -1);
        }
    }
    if (error == 0)
        error = hz_link_finish(link, 60 * HZ_NS_PER_S);
    if (error < 0)
        fprintf(stderr, "publishing: %s\n", hz_strerror(error));
    return error;
}

/* MiB resident; 0 = not known. */
static double memory_mib(const char *pid)
{
    char path[64];
    long pages = 0;

    if (!pid)
        return 0;
    snprintf(path, sizeof(path), "/proc/%s/statm", pid);
    FILE *from = fopen(path, "r");
    if (from && fscanf(from, "%*d %ld", &pages) != 1)
        pages = 0;
    if (from)
        fclose(from);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static void report(double seconds, double memory)
{
    struct hz_mqtt_counts counts;
    uint64_t twice = 0;

    hz_role_take(&hz_ingest);
    for (uint64_t i = 0; i < expected; i++)
        twice += seen[i] > 1;
    hz_mqtt_counts(mqtt, &counts);
    printf("kept %llu of %llu: lost %llu, twice %llu, out of order %llu; way back %.1f s, %.0f "
           "messages/s; memory of "
           "the broker %.0f MiB; at most %u unacknowledged at once\n",
           (unsigned long long)received, (unsigned long long)expected,
           (unsigned long long)(expected - received), (unsigned long long)twice,
           (unsigned long long)out_of_order, seconds, (double)received / seconds, memory,
           counts.acks_waiting_most);
}

static void leave_and_publish(const char *directory, const char *pid)
{
    double before = memory_mib(pid);
    uint64_t count = expected;

    expected = 0; /* go on as soon as it is connected */
    begin(directory);
    end();
    expected = count;
    int64_t start = now_ns();
    if (publish_all(config.address) < 0)
        exit(EXIT_FAILURE);
    printf("published %llu in %.1f s; memory of the broker %.0f -> %.0f MiB\n",
           (unsigned long long)expected, (double)(now_ns() - start) / 1e9, before, memory_mib(pid));
}

static void come_back(const char *directory, const char *pid)
{
    int64_t start = last_message_ns = now_ns();

    (void)uv_timer_start(&ack_timer, on_ack_timer, ACK_MS, ACK_MS);
    (void)uv_timer_start(&watch, on_watch, 100, 100);
    begin(directory);
    report((double)(last_message_ns - start) / 1e9, memory_mib(pid));
    end();
    config.clean_session = true; /* leave nothing at the broker */
    expected = 0;
    begin(directory);
    end();
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/hz-outage-XXXXXX";
    bool leaves = true, returns = true;
    const char *pid = NULL;

    for (int option; (option = getopt(argc, argv, "p:v:lr")) >= 0;) {
        pid = option == 'p' ? optarg : pid;
        config.protocol = option == 'v' ? (uint8_t)atoi(optarg) : config.protocol;
        returns = returns && option != 'l';
        leaves = leaves && option != 'r';
    }
    if (argc - optind != 2 || !mkdtemp(directory) || uv_loop_init(&loop) != 0) {
        fprintf(stderr, "usage: bench_outage [-p pid] [-v 4 | 5] [-l | -r] address messages\n");
        return EXIT_FAILURE;
    }
    config.address = argv[optind];
    expected = strtoull(argv[optind + 1], NULL, 10);
    seen = calloc(expected + 1, 1);
    hz_assert(seen);
    (void)uv_timer_init(&loop, &ack_timer);
    (void)uv_timer_init(&loop, &watch);
    if (leaves)
        leave_and_publish(directory, pid);
    if (returns)
        come_back(directory, pid);
    (void)rmdir(directory);
    free(seen);
    return EXIT_SUCCESS;
}
