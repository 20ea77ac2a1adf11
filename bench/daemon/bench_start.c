/* SPDX-License-Identifier: Apache-2.0
 *
 * From a start until hazardd watches, with 1 000 000 points: from just before fork and exec to READY=1 on
 * the socket that systemd would give it. Twice a round: on an empty state folder (every name is new, the
 * files go into the archive), and again after a stop (names, snapshot and journal are read). Beside it
 * the floor: the same CSV files read once, and their lines counted. Bar: 3 s for either start.
 *
 * Proves that it knows all points when it says that it is ready.
 */
#include "hz_bench.h"
#include "rig.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROUNDS      3
#define ENTERPRISES 1000u
#define POINTS      1000u /* of each */
#define BAR_S       3.0

/* --- the socket that is told --- */

static int notified; /* datagrams come here */

static void open_notified(const struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    notified = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.79s/notify.sock",
                   rig_folder(rig));
    if (notified < 0 || bind(notified, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setenv("NOTIFY_SOCKET", address.sun_path, 1) != 0)
        rig_fail("%s", address.sun_path);
}

/* When it has come, as a thread: what starts the daemon waits for something else. */
static void *wait_ready(void *ret_ns)
{
    char text[4096] = "";

    while (!strstr(text, "READY=1")) {
        const ssize_t got = recv(notified, text, sizeof(text) - 1, 0);
        if (got < 0)
            rig_fail("the notify socket");
        text[got] = '\0';
    }
    *(uint64_t *)ret_ns = hz_bench_now_ns();
    return NULL;
}

/* --- a round --- */

static double start_s(struct rig *rig)
{
    pthread_t waiter;
    uint64_t ready_ns = 0;

    if (pthread_create(&waiter, NULL, wait_ready, &ready_ns) != 0)
        rig_fail("no memory");
    const uint64_t begun = hz_bench_now_ns();
    rig_start_daemon(rig);
    (void)pthread_join(waiter, NULL);
    if (rig_number(rig, "coverage", "total") != (int64_t)ENTERPRISES * POINTS)
        rig_fail("the daemon does not know all points");
    rig_stop_daemon(rig);
    return (double)(ready_ns - begun) / 1e9;
}

static uint64_t lines_of(const struct rig *rig, const char *name)
{
    static char piece[1 << 16];
    char path[256];
    uint64_t lines = 0;
    size_t got;

    (void)snprintf(path, sizeof(path), "%s/config/%s", rig_folder(rig), name);
    FILE *file = fopen(path, "re");
    if (!file)
        rig_fail("%s: not readable", path);
    (void)setvbuf(file, NULL, _IONBF, 0);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        for (const char *at = piece; (at = memchr(at, '\n', (size_t)(piece + got - at))); at++)
            lines++;
    (void)fclose(file);
    return lines;
}

static double floor_s(const struct rig *rig)
{
    const uint64_t begun = hz_bench_now_ns();
    const uint64_t lines = lines_of(rig, "enterprises.csv") + lines_of(rig, "hazards.csv") +
                           lines_of(rig, "gateways.csv") + lines_of(rig, "points.csv");

    if (lines != 4 + ENTERPRISES * (3 + (uint64_t)POINTS))
        rig_fail("the registry has %llu lines", (unsigned long long)lines);
    return (double)(hz_bench_now_ns() - begun) / 1e9;
}

int main(void)
{
    static double first_samples[ROUNDS], again_samples[ROUNDS], floor_samples[ROUNDS];
    struct hz_bench first =
        hz_bench("start", "a million points, the first start, s", first_samples, ROUNDS);
    struct hz_bench again =
        hz_bench("start", "a million points, started again, s", again_samples, ROUNDS);
    struct hz_bench least =
        hz_bench("start", "their CSV files read and lines counted, s", floor_samples, ROUNDS);

    for (int round = 0; round < ROUNDS; round++) {
        struct rig *rig = rig_new();

        hz_bench_progress("start", (unsigned)round, ROUNDS);
        rig_write(rig, "config/hazardd.yaml",
                  "redis:\n  enabled: false\nmetrics:\n  enabled: false\nfeeds:\n- name: bench\n"
                  "  address: unix:%s/nobody.sock\n  client_id: bench\n  filters:\n"
                  "  - filter: \"hz/+/+/+\"\n    topic: hz/{enterprise}/{hazard}/{point}\n",
                  rig_folder(rig));
        rig_write_points(rig, ENTERPRISES, POINTS, true);
        open_notified(rig);
        hz_bench_add(&least, floor_s(rig));
        hz_bench_add(&first, start_s(rig));
        hz_bench_add(&again, start_s(rig));
        (void)close(notified);
        rig_free(rig);
    }
    hz_bench_progress("start", ROUNDS, ROUNDS);
    hz_bench_print(&least, NAN, NAN);
    hz_bench_print(&first, BAR_S / hz_bench_median(&first), 1);
    hz_bench_print(&again, BAR_S / hz_bench_median(&again), 1);
    return EXIT_SUCCESS;
}
