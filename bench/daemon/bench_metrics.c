/* SPDX-License-Identifier: Apache-2.0
 *
 * What does measuring cost? First one measurement (a look at the clock before, one after, a record in a
 * histogram), as the difference of a loop with it and the same loop without, by turns. Then a daemon
 * takes messages from the stub, all at once and one at a time (5 000 a second, each a read and a block
 * of its own: as bad as it gets), and its own scrape says how many measurements it has made. Their
 * share of its CPU time; bar: at most 1 %. Meanwhile it is scraped; bar: 5 ms from connection to end.
 *
 * Proves that the scrape counts what was sent.
 */
#include "hz_bench.h"
#include "rig.h"
#include "work.h"

#include "hz_clock.h"
#include "hz_histogram.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ENTERPRISES   100u
#define ROUNDS        5
#define LOOPS         1000000u
#define SHARE_BAR     1.0 /* per cent */
#define SCRAPE_BAR_MS 5.0
#define SCRAPES       50u /* a round */
#define SINGLE_NS     200000
#define SINGLES       10000u

static struct work work = {
    .points = ENTERPRISES * WORK_ENTERPRISE_POINTS, .hot_every = 500, .passes = 17 * WORK_TURNS};
static uint16_t http_port;
static bool one_by_one;

/* --- one measurement --- */

/* Of this thread: others share the machine. */
static uint64_t cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail for this id */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t loop(bool measured)
{
    static struct hz_histogram histogram;
    uint64_t start = cpu_ns();

    for (volatile uint32_t i = 0; i < LOOPS; i++) {
        int64_t begun = measured ? hz_mono_ns(&hz_clock_real) : 0;

        if (measured)
            hz_histogram_record(&histogram, hz_mono_ns(&hz_clock_real) - begun);
    }
    return cpu_ns() - start;
}

static double measurement_ns(void)
{
    uint64_t without = loop(false), with = loop(true);

    return ((double)with - (double)without) / LOOPS;
}

/* --- the stub --- */

static int gate[2]; /* a byte lets the messages begin */

/* Of a PUBLISH packet: its fixed header has one or two bytes of length here. */
static size_t packet_bytes(const uint8_t *packet)
{
    return packet[1] < 128 ? 2u + packet[1] : 3u + (packet[1] & 127u) + 128u * packet[2];
}

static bool send_singly(int fd)
{
    const struct timespec pause = {.tv_nsec = SINGLE_NS};
    const uint8_t *packet = work.packets;

    for (unsigned i = 0; i < SINGLES; i++) {
        if (!stub_send(fd, packet, packet_bytes(packet)))
            return false;
        packet += packet_bytes(packet);
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static void serve(int fd, unsigned connection, void *ctx)
{
    uint8_t protocol;
    char byte;

    (void)connection, (void)ctx;
    if (!stub_greet(fd, &protocol) || !stub_grant(fd, protocol) || read(gate[0], &byte, 1) != 1)
        return;
    if (one_by_one ? send_singly(fd) : stub_blast(fd, work.packets, work.length, 1))
        stub_wait(fd);
}

/* --- scraping --- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t free_port(void)
{
    struct sockaddr_in any = loopback(0);
    socklen_t length = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
        getsockname(fd, (struct sockaddr *)&any, &length) < 0)
        rig_fail("no free port");
    close(fd);
    return ntohs(any.sin_port);
}

static char text[1 << 20];

/* Milliseconds from connecting to the end of the answer. */
static double scrape(void)
{
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n";
    const struct sockaddr_in to = loopback(http_port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint64_t start = hz_bench_now_ns();
    size_t length = 0;
    ssize_t got;

    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
        rig_fail("no scrape");
    while ((got = recv(fd, text + length, sizeof(text) - 1 - length, 0)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(fd);
    if (length < 8 || strcmp(text + length - 7, "\n# EOF\n") != 0)
        rig_fail("the scrape is not whole");
    return (double)(hz_bench_now_ns() - start) / 1e6;
}

/* All that was recorded in histograms, by the last scrape. */
static uint64_t measurements(void)
{
    uint64_t sum = 0;

    for (const char *at = text; (at = strstr(at, "_seconds_count ")); at++)
        sum += strtoull(at + strlen("_seconds_count "), NULL, 10);
    return sum;
}

static uint64_t readings(void)
{
    const char *at = strstr(text, "\nhazardd_engine_readings_total ");

    return at ? strtoull(at + strlen("\nhazardd_engine_readings_total "), NULL, 10) : 0;
}

/* --- a round --- */

static struct rig *begin(const struct stub *stub)
{
    struct rig *rig = rig_new();

    http_port = free_port();
    rig_write(rig, "config/hazardd.yaml",
              "redis:\n  enabled: false\nmetrics:\n  address: 127.0.0.1:%u\nfeeds:\n- name: bench\n"
              "  address: 127.0.0.1:%u\n  client_id: bench\n  protocol: 3.1.1\n"
              "  clean_session: true\n  filters:\n  - filter: \"hz/+/+/+\"\n    qos: 0\n"
              "    topic: hz/{enterprise}/{hazard}/{point}\n  skew: 1d\n",
              http_port, stub_port(stub));
    rig_write_points(rig, ENTERPRISES, WORK_ENTERPRISE_POINTS, false);
    rig_start_daemon(rig);
    rig_wait_number(rig, "feed", "connected_now", 1);
    return rig;
}

/* Per cent of the daemon's CPU time. Nobody scrapes in between: that would be CPU time, too. */
static double share(bool singly, double one_ns)
{
    const struct timespec settle = {.tv_nsec = 300000000}; /* the last write and sync */
    struct stub *stub = stub_new(NULL, serve, NULL);

    if (!stub)
        rig_fail("the stub");
    one_by_one = singly;
    struct rig *rig = begin(stub);
    (void)scrape();
    uint64_t made = measurements(), sent = singly ? SINGLES : work.messages;
    double cpu = rig_cpu_s(rig_daemon(rig));
    if (write(gate[1], "", 1) != 1)
        rig_fail("the stub's gate");
    if (singly)
        sleep(SINGLES / (1000000000u / SINGLE_NS) + 1);
    rig_wait_number(rig, "engine", "readings", (int64_t)sent);
    (void)nanosleep(&settle, NULL);
    cpu = rig_cpu_s(rig_daemon(rig)) - cpu;
    (void)scrape();
    if (readings() != sent)
        rig_fail("the scrape tells of %llu readings, %llu were sent",
                 (unsigned long long)readings(), (unsigned long long)sent);
    made = measurements() - made;
    rig_free(rig);
    stub_free(stub);
    return 100 * (double)made * one_ns / 1e9 / cpu;
}

static void scrape_round(struct hz_bench *times)
{
    struct stub *stub = stub_new(NULL, serve, NULL);
    const struct timespec pause = {.tv_nsec = 20000000};

    if (!stub)
        rig_fail("the stub");
    one_by_one = false;
    struct rig *rig = begin(stub);
    if (write(gate[1], "", 1) != 1)
        rig_fail("the stub's gate");
    for (unsigned i = 0; i < SCRAPES; i++) {
        hz_bench_add(times, scrape());
        (void)nanosleep(&pause, NULL);
    }
    rig_free(rig);
    stub_free(stub);
}

int main(void)
{
    static double one_samples[ROUNDS], blast_samples[ROUNDS], single_samples[ROUNDS],
        scrape_samples[ROUNDS * SCRAPES];
    struct hz_bench one = hz_bench("metrics", "one measurement, ns", one_samples, ROUNDS);
    struct hz_bench blast =
        hz_bench("metrics", "measuring, messages at once, % of CPU", blast_samples, ROUNDS);
    struct hz_bench single =
        hz_bench("metrics", "measuring, one message a read, % of CPU", single_samples, ROUNDS);
    struct hz_bench scrapes =
        hz_bench("metrics", "a scrape under load, ms", scrape_samples, ROUNDS * SCRAPES);

    if (pipe(gate) != 0)
        rig_fail("pipe");
    if (!work_prepare(&work))
        rig_fail("no memory");
    for (int round = 0; round < ROUNDS; round++) {
        double one_ns = measurement_ns();

        hz_bench_add(&one, one_ns);
        hz_bench_add(&blast, share(false, one_ns));
        hz_bench_add(&single, share(true, one_ns));
        scrape_round(&scrapes);
    }
    hz_bench_print(&one, NAN, NAN);
    hz_bench_print(&blast, SHARE_BAR / hz_bench_median(&blast), 1);
    hz_bench_print(&single, SHARE_BAR / hz_bench_median(&single), 1);
    hz_bench_print(&scrapes, SCRAPE_BAR_MS / hz_bench_median(&scrapes), 1);
    return EXIT_SUCCESS;
}
