/* SPDX-License-Identifier: Apache-2.0
 *
 * How many points at which rate does this machine carry? The daemon, as it is by default (durable
 * journal, Redis where redis-server is installed), is fed flat out from the stub with 100 000 points;
 * its memory is taken at two numbers of points; the disk is written by itself. What should be planned
 * with is a quarter of what they reach: after an outage of an hour, three quarters work off what the
 * broker has kept in twenty minutes. Memory is planned at half of what is available.
 *
 * A round lasts seconds, and ends when all is evaluated and on the disk.
 *
 * Each round proves its answer: every reading evaluated, the transitions exactly as sent.
 */
#include "hz_bench.h"
#include "hz_limits.h"
#include "program.h"
#include "rig.h"
#include "work.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTERPRISES 1000u
#define ROUNDS      3
#define REPEATS     34u /* of six passes: 20 million messages, so that nothing hides in a cache */
#define HEADROOM    4.0
#define FEW         1000u /* points, whose memory is that of the daemon itself */
#define MANY        250000u
#define DISK_BYTES  (256u << 20)
#define DISK_PIECE  (1u << 20)
#define SECONDS_DAY 86400.0

struct measured {
    double rate, cpu_s_per_million, written_per_message; /* flat out */
    double bytes_per_point;
    double disk_per_s;
    double memory_bytes; /* available */
    bool redis;
};

static struct work work = {
    .points = ENTERPRISES * WORK_ENTERPRISE_POINTS, .hot_every = 250, .passes = WORK_TURNS};
static int gate[2]; /* a byte lets the blast begin */

static void blast(int fd, unsigned connection, void *ctx)
{
    uint8_t protocol;
    char byte;

    (void)connection, (void)ctx;
    if (!stub_greet(fd, &protocol) || !stub_grant(fd, protocol) || read(gate[0], &byte, 1) != 1)
        return;
    for (unsigned i = 0; i < REPEATS && stub_blast(fd, work.packets, work.length, 1); i++)
        work_advance(&work);
    stub_wait(fd);
}

static struct rig *start(unsigned points, unsigned port, bool redis)
{
    struct rig *rig = rig_new();

    if (redis)
        rig_start_redis(rig);
    rig_write(rig, "config/hazardd.yaml",
              "redis:\n  enabled: %s\n  address: unix:%s/redis.sock\nfeeds:\n- name: bench\n"
              "  address: 127.0.0.1:%u\n  client_id: bench\n  protocol: 3.1.1\n"
              "  clean_session: true\n  filters:\n  - filter: \"hz/+/+/+\"\n    qos: 0\n"
              "    topic: hz/{enterprise}/{hazard}/{point}\n  skew: 1d\n",
              redis ? "true" : "false", rig_folder(rig), port);
    rig_write_points(rig, points / WORK_ENTERPRISE_POINTS, WORK_ENTERPRISE_POINTS, false);
    rig_start_daemon(rig);
    return rig;
}

/* --- what is on the disk --- */

static double counted; /* by nftw, which takes no context */

/* A segment has its whole size from the beginning, zeros behind what is written. */
static int count_file(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    char piece[4096];
    off_t end = status->st_size;
    bool zeros = true;

    (void)place;
    int fd = kind == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    while (zeros && end > 0) {
        const off_t begin = (end - 1) / (off_t)sizeof(piece) * (off_t)sizeof(piece);
        const ssize_t got = pread(fd, piece, (size_t)(end - begin), begin);
        for (ssize_t i = 0; i < got && zeros; i++)
            zeros = piece[i] == 0;
        if (zeros)
            end = begin;
    }
    (void)close(fd);
    counted += (double)end;
    return 0;
}

static double written_bytes(struct rig *rig)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/state", rig_folder(rig));
    counted = 0;
    if (nftw(path, count_file, 16, FTW_PHYS) != 0)
        rig_fail("%s: not readable", path);
    return counted;
}

/* --- flat out --- */

static void prove(struct rig *rig)
{
    const int64_t sent = (int64_t)(work.raises + work.clears) * REPEATS;
    const int64_t evaluated = rig_number(rig, "engine", "evaluated"),
                  transitions = rig_number(rig, "engine", "transitions");

    if (evaluated != (int64_t)work.messages * REPEATS || rig_number(rig, "feed", "dropped") != 0)
        rig_fail("%lld readings of %llu evaluated", (long long)evaluated,
                 (unsigned long long)work.messages * REPEATS);
    if (transitions < sent || transitions > sent + 10)
        rig_fail("%lld transitions, %lld sent (and a few of the daemon itself)",
                 (long long)transitions, (long long)sent);
}

static void one_round(bool redis, struct measured *ret_round)
{
    struct stub *stub = stub_new(NULL, blast, NULL);

    if (!stub)
        rig_fail("the stub");
    struct rig *rig = start(work.points, stub_port(stub), redis);
    rig_wait_number(rig, "feed", "connected_now", 1);
    const double cpu = rig_cpu_s(rig_daemon(rig));
    const double written = written_bytes(rig);
    const uint64_t begun = hz_bench_now_ns();
    if (write(gate[1], "", 1) != 1)
        rig_fail("the stub's gate");
    const double messages = (double)work.messages * REPEATS;
    rig_wait_number(rig, "engine", "readings", (int64_t)messages);
    rig_wait_number(rig, "journal", "durable_seq", rig_number(rig, "journal", "written_seq"));
    ret_round->rate = messages * 1e9 / (double)(hz_bench_now_ns() - begun);
    ret_round->cpu_s_per_million = (rig_cpu_s(rig_daemon(rig)) - cpu) * 1e6 / messages;
    ret_round->written_per_message = (written_bytes(rig) - written) / messages;
    prove(rig);
    rig_free(rig);
    stub_free(stub);
}

static void measure_rate(struct measured *measured)
{
    static double samples[3][ROUNDS];
    struct hz_bench rate = hz_bench("capacity", "flat out, messages/s", samples[0], ROUNDS);
    struct hz_bench cpu = hz_bench("capacity", "CPU-s/M", samples[1], ROUNDS);
    struct hz_bench written = hz_bench("capacity", "written, bytes/message", samples[2], ROUNDS);

    for (int i = 0; i < ROUNDS; i++) {
        hz_bench_progress("capacity", (unsigned)i, ROUNDS);
        struct measured round;
        one_round(measured->redis, &round);
        hz_bench_add(&rate, round.rate);
        hz_bench_add(&cpu, round.cpu_s_per_million);
        hz_bench_add(&written, round.written_per_message);
    }
    hz_bench_progress("capacity", ROUNDS, ROUNDS);
    hz_bench_print(&rate, NAN, NAN);
    hz_bench_print(&cpu, NAN, NAN);
    hz_bench_print(&written, NAN, NAN);
    measured->rate = hz_bench_median(&rate);
    measured->cpu_s_per_million = hz_bench_median(&cpu);
    measured->written_per_message = hz_bench_median(&written);
}

/* --- memory and disk --- */

static double rss_of(unsigned points)
{
    struct rig *rig = start(points, 9, false); /* nobody answers at the port `discard` */

    if (rig_number(rig, "coverage", "total") != (int64_t)points)
        rig_fail("the daemon does not know all points");
    double bytes = (double)rig_rss_bytes(rig_daemon(rig));
    rig_free(rig);
    return bytes;
}

/* Written in pieces and synced at the end, as the bulk of a journal is. */
static double disk_per_s(void)
{
    const char *base = getenv("TMPDIR");
    char path[256];
    char *piece = malloc(DISK_PIECE);

    (void)snprintf(path, sizeof(path), "%.200s/disk-XXXXXX", base ? base : "/var/tmp");
    int fd = mkstemp(path);
    if (fd < 0 || !piece)
        rig_fail("%s", path);
    (void)unlink(path);
    for (unsigned i = 0; i < DISK_PIECE; i++)
        piece[i] = (char)(i * 2654435761u >> 24); /* nothing that a disk could compress */
    const uint64_t begun = hz_bench_now_ns();
    for (unsigned i = 0; i < DISK_BYTES / DISK_PIECE; i++)
        if (write(fd, piece, DISK_PIECE) != (ssize_t)DISK_PIECE)
            rig_fail("the disk takes no 256 MiB");
    if (fdatasync(fd) != 0)
        rig_fail("fdatasync");
    const double seconds = (double)(hz_bench_now_ns() - begun) / 1e9;
    (void)close(fd);
    free(piece);
    return DISK_BYTES / seconds;
}

static double memory_available(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long kib = 0;
    char line[256];

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
            break;
    if (file)
        (void)fclose(file);
    if (kib == 0)
        rig_fail("/proc/meminfo says nothing of MemAvailable");
    return (double)kib * 1024;
}

/* --- the answer --- */

/* Two digits, never up. */
static double rounded(double value)
{
    const double unit = pow(10, floor(log10(fmax(value, 10))) - 1);

    return floor(value / unit) * unit;
}

static void answer(const struct measured *measured)
{
    const double by_disk = measured->disk_per_s / measured->written_per_message;
    const double reached = fmin(measured->rate, by_disk);
    const double rate = rounded(reached / HEADROOM);
    const double most =
        fmin(rounded(measured->memory_bytes / 2 / measured->bytes_per_point), HZ_POINTS_MAX);

    printf("\nflat out %.0f messages/s, CPU %.3f s a million; the disk takes %.0f MB/s, which are "
           "%.0f messages/s of %.0f bytes; %.0f bytes a point; Redis %s.\n"
           "Not covered: your broker, the network, TLS, other payloads than one JSON value, the\n"
           "consumers, how many days the disk holds, and what else runs on this machine.\n\n",
           measured->rate, measured->cpu_s_per_million, measured->disk_per_s / 1e6, by_disk,
           measured->written_per_message, measured->bytes_per_point,
           measured->redis ? "on the same machine" : "was not there and is not in the figures");
    printf(
        "With a head-room of %.0f this machine carries %.0f messages a second, bound by %s: %.0f\n"
        "points that send every second, %.0f every ten seconds, %.0f every minute; at that rate\n"
        "the journal takes %.0f GB a day.\n",
        HEADROOM, rate, measured->rate <= by_disk ? "the processor" : "the disk", fmin(rate, most),
        fmin(rate * 10, most), fmin(rate * 60, most),
        rate * measured->written_per_message * SECONDS_DAY / 1e9);
    printf(
        "{\"bench\":\"capacity\",\"case\":\"answer\",\"messages_per_s\":%.0f,\"headroom\":%.0f,"
        "\"points_at_1s\":%.0f,\"points_at_10s\":%.0f,\"points_at_60s\":%.0f,\"points_most\":%.0f,"
        "\"flat_out_per_s\":%.0f,\"cpu_s_per_million\":%.4f,\"bytes_per_point\":%.1f,"
        "\"written_bytes_per_message\":%.1f,\"disk_bytes_per_s\":%.0f,\"redis\":%s,"
        "\"processors\":%u}\n",
        rate, HEADROOM, fmin(rate, most), fmin(rate * 10, most), fmin(rate * 60, most), most,
        measured->rate, measured->cpu_s_per_million, measured->bytes_per_point,
        measured->written_per_message, measured->disk_per_s, measured->redis ? "true" : "false",
        hz_bench_processors());
}

int main(void)
{
    char redis[PROGRAM_PATH_BYTES];
    struct measured measured = {.redis = program_look("redis-server", redis)};

    if (pipe(gate) != 0 || !work_prepare(&work))
        rig_fail("no memory");
    measured.memory_bytes = memory_available();
    measured.disk_per_s = disk_per_s();
    measure_rate(&measured);
    measured.bytes_per_point = (rss_of(MANY) - rss_of(FEW)) / (MANY - FEW);
    work_free(&work);
    answer(&measured);
    return EXIT_SUCCESS;
}
