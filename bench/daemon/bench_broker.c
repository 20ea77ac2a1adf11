/* SPDX-License-Identifier: Apache-2.0
 *
 * Behind a real broker at 200 000 messages a second, QoS 0 (max_queued_messages 100000): no reading may
 * be lost, and the daemon's CPU for a message is compared with a bare bulk reader that makes the same
 * pause between reads and appends the same bytes to a file. Bar: at most 1.25 times. Latest values to
 * Redis are off; alerts are on, ten a second (each asks for a sync, which the bare reader does not).
 *
 * Each round proves its answer: all readings evaluated, all bytes read.
 */
#include "hz_bench.h"
#include "hz_mqtt_frame.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RATE        200000u
#define SECONDS     3u
#define ENTERPRISES 200u
#define POINTS      50u /* of one hazard source of hazard-load */
#define ROUNDS      15
#define BAR         1.25
#define READ_BYTES  (256u << 10)

static unsigned pause_ms; /* between reads, of both */

/* hazard-load, at the rate; returns when it has sent everything. */
static void send_load(struct rig *rig)
{
    char command[1024];

    (void)snprintf(command, sizeof(command),
                   "%s --address unix:%s/broker.sock --qos 0 --enterprises %u --points "
                   "%u --rate %u "
                   "--messages %u --connections 8 --cross 0.00005 >%s/load.log 2>&1",
                   rig_program("hazard-load"), rig_folder(rig), ENTERPRISES, POINTS, RATE,
                   RATE * SECONDS, rig_folder(rig));
    if (system(command) != 0)
        rig_fail("hazard-load failed, see %s/load.log", rig_folder(rig));
}

/* --- the bare reader --- */

struct bare {
    uint64_t messages;
    double cpu_s;
};

static void send_all(int fd, const void *bytes, size_t length)
{
    if (write(fd, bytes, length) != (ssize_t)length)
        _exit(2);
}

/* Counts the packets and appends what would be its journal: 24 bytes for each reading. */
static uint64_t count_packets(const uint8_t *bytes, size_t length, size_t *ret_used)
{
    struct hz_mqtt_frame frame;
    uint64_t messages = 0;

    *ret_used = 0;
    while (*ret_used < length &&
           hz_mqtt_frame_head(bytes + *ret_used, length - *ret_used, &frame) == HZ_FRAME_WHOLE &&
           *ret_used + frame.head + frame.remaining <= length) {
        messages += frame.first >> 4 == 3;
        *ret_used += frame.head + frame.remaining;
    }
    return messages;
}

static void read_bare(const char *socket_path, const char *journal_path, int report)
{
    static const uint8_t connect_packet[] = {0x10, 16, 0, 4, 'M', 'Q', 'T', 'T', 4,
                                             2,    0,  0, 0, 4,   'b', 'a', 'r', 'e'};
    static const uint8_t subscribe_packet[] = {0x82, 9, 0, 1, 0, 4, 'h', 'z', '/', '#', 0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint8_t *buffer = malloc(2 * READ_BYTES), *journal = calloc(1, READ_BYTES);
    size_t kept = 0;
    struct bare bare = {0};
    struct rusage usage;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0),
        file = open(journal_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", socket_path);
    if (!buffer || !journal || file < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        _exit(1);
    send_all(fd, connect_packet, sizeof(connect_packet));
    send_all(fd, subscribe_packet, sizeof(subscribe_packet));
    while (bare.messages < (uint64_t)RATE * SECONDS) {
        ssize_t got = read(fd, buffer + kept, READ_BYTES);
        if (got <= 0)
            _exit(3);
        size_t used;
        uint64_t messages = count_packets(buffer, kept + (size_t)got, &used);
        kept = kept + (size_t)got - used;
        memmove(buffer, buffer + used, kept);
        for (uint64_t left = messages * 24; left > 0;) {
            size_t piece = left < READ_BYTES ? (size_t)left : READ_BYTES;
            send_all(file, journal, piece);
            left -= piece;
        }
        bare.messages += messages;
        if (pause_ms > 0)
            (void)nanosleep(&(struct timespec){0, (long)pause_ms * 1000000}, NULL);
    }
    (void)getrusage(RUSAGE_SELF, &usage);
    bare.cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    send_all(report, &bare, sizeof(bare));
    _exit(0);
}

static void start_broker(struct rig *rig)
{
    rig_start_broker(rig, "max_queued_messages 100000");
}

static double bare_round(void)
{
    struct rig *rig = rig_new();
    char socket_path[128], journal_path[128];
    struct bare bare;
    int report[2];

    start_broker(rig);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/broker.sock", rig_folder(rig));
    (void)snprintf(journal_path, sizeof(journal_path), "%s/state/journal", rig_folder(rig));
    if (pipe(report) != 0)
        rig_fail("pipe");
    pid_t pid = fork();
    if (pid == 0)
        read_bare(socket_path, journal_path, report[1]);
    (void)close(report[1]);
    (void)nanosleep(&(struct timespec){0, 300000000}, NULL); /* until it has subscribed */
    send_load(rig);
    if (read(report[0], &bare, sizeof(bare)) != (ssize_t)sizeof(bare))
        rig_fail("the bare reader lost messages or died");
    (void)close(report[0]);
    (void)waitpid(pid, NULL, 0);
    rig_free(rig);
    return bare.cpu_s * 1e6 / (double)bare.messages;
}

/* --- the daemon --- */

static double daemon_round(unsigned rule_threads)
{
    struct rig *rig = rig_new();
    int64_t all = (int64_t)RATE * SECONDS;

    start_broker(rig);
    rig_start_redis(rig);
    rig_write(rig, "config/hazardd.yaml",
              "rule_threads: %u\nredis:\n  address: unix:%s/redis.sock\n  latest: false\nfeeds:\n- "
              "name: bench\n"
              "  address: unix:%s/broker.sock\n  client_id: bench\n  protocol: 3.1.1\n  "
              "clean_session: true\n"
              "  coalesce: %ums\n  filters:\n  - filter: \"hz/+/+/+\"\n    qos: 0\n"
              "    topic: hz/{enterprise}/{hazard}/{point}\n",
              rule_threads, rig_folder(rig), rig_folder(rig), pause_ms);
    rig_write_points(rig, ENTERPRISES, POINTS, false);
    rig_start_daemon(rig);
    rig_wait_number(rig, "feed", "connected_now", 1);
    double before = rig_cpu_s(rig_daemon(rig));
    send_load(rig);
    rig_wait_number(rig, "engine", "readings", all);
    double cpu = rig_cpu_s(rig_daemon(rig)) - before;
    if (rig_number(rig, "engine", "readings") != all || rig_number(rig, "feed", "dropped") != 0)
        rig_fail("readings were lost");
    rig_free(rig);
    return cpu * 1e6 / (double)all;
}

int main(int argc, char **argv)
{
    static double bare_samples[ROUNDS], daemon_samples[2][ROUNDS];
    struct hz_bench bare =
        hz_bench("broker", "bare bulk reader + append, CPU-s/M", bare_samples, ROUNDS);
    struct hz_bench own[2] = {
        hz_bench("broker", "hazardd, engine on ingest, CPU-s/M", daemon_samples[0], ROUNDS),
        hz_bench("broker", "hazardd, engine's own thread, CPU-s/M", daemon_samples[1], ROUNDS)};

    pause_ms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
    for (int round = 0; round < ROUNDS; round++) {
        hz_bench_progress("broker", (unsigned)round, ROUNDS);
        hz_bench_add(&bare, bare_round());
        for (unsigned rule_threads = 0; rule_threads < 2; rule_threads++)
            hz_bench_add(&own[rule_threads], daemon_round(rule_threads));
    }
    hz_bench_progress("broker", ROUNDS, ROUNDS);
    printf("pause between reads: %u ms, %u messages/s\n", pause_ms, RATE);
    /* Below is better: the bar over the measured, which must reach 1. */
    double reached[2];
    for (unsigned i = 0; i < 2; i++)
        reached[i] = BAR * hz_bench_paired(&bare, &own[i]);
    hz_bench_print(&bare, 1, NAN);
    for (unsigned i = 0; i < 2; i++)
        hz_bench_print(&own[i], reached[i], 1);
    return EXIT_SUCCESS;
}
