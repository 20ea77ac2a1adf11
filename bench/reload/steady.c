/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop: wait until a message is due, write what is due, look what is unread. All packets have one
 * length, so that the kernel charges each the same. What the socket does not take at once is tried again
 * with the next, and its time counts from the first attempt: a daemon that stands makes nobody wait
 * unseen.
 */
#include "steady.h"

#include "hz_bench.h"
#include "rig.h"
#include "work.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEP         48271u /* as in work.c: no cache can follow */
#define SECONDS_MOST 60u
#define SENT_MOST    (SECONDS_MOST * STEADY_RATE)
#define INTERVAL_NS  (1000000000u / STEADY_RATE)
#define PACKET_BYTES 160u

struct sending {
    struct steady *steady;
    int fd;
    int charge; /* of the kernel for one packet */
    uint64_t ts_ms, start_ns, progress_ns;
    uint64_t *begun_ns;
    uint32_t begun, written, read, evaluated; /* messages, in this order */
    uint32_t turn;                            /* points, those that stand still among them */
    bool ending;                              /* nothing more becomes due */
};

void steady_init(struct steady *steady)
{
    steady->delays_us = calloc(SENT_MOST, sizeof(*steady->delays_us));
    if (!steady->delays_us || pipe(steady->gate) != 0)
        rig_fail("no memory for the load");
}

void steady_free(struct steady *steady)
{
    (void)close(steady->gate[0]);
    (void)close(steady->gate[1]);
    free(steady->delays_us);
}

/* --- packets --- */

static size_t make(uint8_t *to, unsigned point, uint64_t ts_ms, const char *value)
{
    char topic[64], payload[64];

    work_json(topic, payload, point, ts_ms, value);
    return stub_publish(to, 0x30, 4, topic, 0, payload, strlen(payload));
}

static bool is_still(const struct steady *steady, unsigned point)
{
    return point % steady->still_every == steady->still_every - 1;
}

static bool send_all_once(const struct steady *steady, int fd, uint64_t ts_ms)
{
    uint8_t *packets = malloc((size_t)steady->points * PACKET_BYTES);
    size_t length = 0;

    if (!packets)
        rig_fail("no memory for the load");
    for (unsigned point = 0; point < steady->points; point++)
        length += make(packets + length, point, ts_ms,
                       is_still(steady, point) ? steady->still_value : "50.00");
    bool sent = stub_send(fd, packets, length);
    free(packets);
    return sent;
}

static size_t next_packet(struct sending *sending, uint8_t *to)
{
    const struct steady *steady = sending->steady;
    char value[16];
    unsigned point;

    do
        point = (unsigned)((uint64_t)sending->turn++ * STEP % steady->points);
    while (is_still(steady, point));
    (void)snprintf(value, sizeof(value), "%02u.%02u", 20 + point % 60, sending->written % 100);
    /* Behind the last of this point: their turns are seconds apart. */
    return make(to, point, sending->ts_ms + sending->written * UINT64_C(1000) / STEADY_RATE + 1,
                value);
}

/* --- the kernel's account --- */

static int unread_of(int fd)
{
    int bytes = 0;

    if (ioctl(fd, SIOCOUTQ, &bytes) != 0)
        rig_fail("SIOCOUTQ: %s", strerror(errno));
    return bytes;
}

static int charge_of_one(const struct sending *sending)
{
    uint8_t packet[PACKET_BYTES];
    size_t length = make(packet, 0, sending->ts_ms, "50.00");
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
        send(pair[0], packet, length, 0) != (ssize_t)length)
        rig_fail("socketpair");
    int charge = unread_of(pair[0]);
    (void)close(pair[0]);
    (void)close(pair[1]);
    if (charge < (int)length)
        rig_fail("SIOCOUTQ tells of %d bytes where %zu are unread", charge, length);
    return charge;
}

/* --- the loop --- */

static uint64_t due_ns(const struct sending *sending)
{
    return sending->start_ns + (uint64_t)sending->begun * INTERVAL_NS;
}

/* False: the daemon is gone. */
static bool write_due(struct sending *sending)
{
    const uint64_t now = hz_bench_now_ns();
    uint8_t packet[PACKET_BYTES];

    for (; !sending->ending && due_ns(sending) <= now; sending->begun++) {
        if (sending->begun == SENT_MOST)
            rig_fail("the load has run for %u s", SECONDS_MOST);
        sending->begun_ns[sending->begun] = now;
    }
    for (; sending->written < sending->begun; sending->written++) {
        const uint32_t turn = sending->turn;
        const size_t length = next_packet(sending, packet);
        if (send(sending->fd, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length)
            continue;
        sending->turn = turn;
        return errno == EAGAIN;
    }
    return true;
}

static bool is_measured(const struct steady *steady, uint64_t begun_ns)
{
    const uint64_t from = atomic_load(&steady->from_ns), until = atomic_load(&steady->until_ns);

    return from != 0 && begun_ns >= from && (until == 0 || begun_ns < until);
}

static void count_delays(struct sending *sending, uint64_t now)
{
    struct steady *steady = sending->steady;

    for (; sending->evaluated < sending->read; sending->evaluated++)
        if (is_measured(steady, sending->begun_ns[sending->evaluated]))
            steady->delays_us[steady->delay_count++] =
                (double)(now - sending->begun_ns[sending->evaluated]) / 1e3;
}

static void look(struct sending *sending)
{
    struct steady *steady = sending->steady;
    const int bytes = unread_of(sending->fd);
    const uint64_t now = hz_bench_now_ns();
    const uint32_t read =
        sending->written - (uint32_t)((bytes + sending->charge - 1) / sending->charge);

    if (read == sending->read)
        return;
    const uint64_t waits_since = sending->begun_ns[sending->read];
    const uint64_t since = sending->progress_ns > waits_since ? sending->progress_ns : waits_since;
    const double gap_us = (double)(now - since) / 1e3;
    if (is_measured(steady, now) && gap_us > steady->gap_us)
        steady->gap_us = gap_us;
    count_delays(sending, now);
    sending->read = read;
    sending->progress_ns = now;
}

static bool is_enough(const struct steady *steady)
{
    const uint64_t until = atomic_load(&steady->until_ns);

    return until != 0 && hz_bench_now_ns() >= until;
}

static void wait_until(uint64_t at)
{
    const struct timespec to = {(time_t)(at / 1000000000u), (long)(at % 1000000000u)};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &to, NULL);
}

static bool send_steadily(struct sending *sending)
{
    while (!is_enough(sending->steady)) {
        wait_until(due_ns(sending));
        if (!write_due(sending))
            return false;
        look(sending);
    }
    sending->ending = true;
    while (sending->read < sending->begun) {
        if (!write_due(sending))
            return false;
        look(sending);
        wait_until(hz_bench_now_ns() + INTERVAL_NS);
    }
    count_delays(sending, hz_bench_now_ns());
    return true;
}

void steady_serve(int fd, unsigned connection, void *ctx)
{
    struct steady *steady = ctx;
    struct sending sending = {.steady = steady, .fd = fd, .ts_ms = (uint64_t)time(NULL) * 1000};
    const int room = 1 << 20; /* the kernel gives what it allows */
    uint8_t protocol;
    char byte;

    (void)connection;
    (void)prctl(PR_SET_TIMERSLACK, 1000UL); /* the kernel may else put a wake-up off by 50 us */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    sending.charge = charge_of_one(&sending);
    sending.begun_ns = calloc(SENT_MOST, sizeof(*sending.begun_ns));
    if (!sending.begun_ns)
        rig_fail("no memory for the load");
    if (stub_greet(fd, &protocol) && stub_grant(fd, protocol) &&
        send_all_once(steady, fd, sending.ts_ms) && read(steady->gate[0], &byte, 1) == 1) {
        sending.start_ns = sending.progress_ns = hz_bench_now_ns();
        if (!send_steadily(&sending))
            rig_fail("hazardd has closed the connection");
        steady->sent = sending.begun;
        atomic_store(&steady->over, true);
        stub_wait(fd);
    }
    free(sending.begun_ns);
}
