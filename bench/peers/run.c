/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of one peer: a fresh broker or stub, a fresh Redis, a fresh process. It is over when the last
 * crossing is in Redis, which is that of the last message; then nothing more may come, and of each
 * point exactly what was sent must have come. Only then are its figures taken for good.
 */
#include "peers.h"
#include "visible.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 60000
#define QUIET_MS 60000 /* nothing comes any more */
#define AFTER_MS 500   /* what should not come has had its time */

/* --- the stub's side --- */

struct gate {
    const struct work *work;
    int ready[2], open[2]; /* a byte each: it has subscribed; begin */
};

static void blast(int fd, unsigned connection, void *ctx)
{
    const struct gate *gate = ctx;
    uint8_t protocol;
    char byte;

    (void)connection;
    if (!stub_greet(fd, &protocol) || !stub_grant(fd, protocol) ||
        write(gate->ready[1], "", 1) != 1 || read(gate->open[0], &byte, 1) != 1)
        return;
    (void)stub_blast(fd, gate->work->packets, gate->work->length, 1);
    stub_wait(fd);
}

static void wait_subscribed(struct rig *rig, const struct gate *gate)
{
    struct pollfd ready = {.fd = gate->ready[0], .events = POLLIN};

    for (int ms = 0; ms < READY_MS; ms += 100) {
        if (poll(&ready, 1, 100) == 1)
            return;
        rig_look_after(rig);
    }
    rig_fail("it has not subscribed; see %s", rig_folder(rig));
}

/* --- the consumer's side --- */

struct answer {
    redisContext *redis;
    char last[64];
    unsigned *seen; /* [point] */
    uint64_t count;
};

/* Entries of a point must be by turns, the first a raise. */
static void take_fields(struct answer *answer, const struct work *work, const redisReply *fields)
{
    const char *point_text = "", *event = "";

    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp(fields->element[i]->str, "point") == 0)
            point_text = fields->element[i + 1]->str;
        else if (strcmp(fields->element[i]->str, "event") == 0)
            event = fields->element[i + 1]->str;
    }
    unsigned point = visible_point(point_text);
    if (point >= work->points)
        return; /* an alarm of the daemon itself */
    const char *wanted = answer->seen[point] % 2 == 0 ? "raise" : "clear";
    if (strcmp(event, wanted) != 0)
        rig_fail("%s: %s, where a %s was sent", point_text, event, wanted);
    answer->seen[point]++;
    answer->count++;
}

/* False: nothing came in that time. */
static bool read_entries(struct answer *answer, const struct work *work, int ms)
{
    redisReply *reply = redisCommand(
        answer->redis, "XREAD COUNT 1000 BLOCK %d STREAMS " VISIBLE_STREAM " %s", ms, answer->last);

    if (!reply || reply->type == REDIS_REPLY_ERROR)
        rig_fail("the consumer lost Redis");
    const bool some = reply->type == REDIS_REPLY_ARRAY;
    if (some) {
        const redisReply *entries = reply->element[0]->element[1];
        for (size_t i = 0; i < entries->elements; i++)
            take_fields(answer, work, entries->element[i]->element[1]);
        (void)snprintf(answer->last, sizeof(answer->last), "%s",
                       entries->element[entries->elements - 1]->element[0]->str);
    }
    freeReplyObject(reply);
    return some;
}

static uint64_t counted(redisContext *redis)
{
    redisReply *reply = redisCommand(redis, "GET counted");
    uint64_t number =
        reply && reply->type == REDIS_REPLY_STRING ? strtoull(reply->str, NULL, 10) : 0;

    freeReplyObject(reply);
    return number;
}

static void wait_counted(struct rig *rig, const struct answer *answer, uint64_t messages)
{
    for (int ms = 0; ms < QUIET_MS && counted(answer->redis) < messages; ms += 10) {
        rig_look_after(rig);
        (void)nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
}

static void wait_alerts(struct rig *rig, struct answer *answer, const struct work *work)
{
    for (int ms = 0; ms < QUIET_MS && answer->count < work->raises + work->clears;) {
        ms = read_entries(answer, work, 200) ? 0 : ms + 200;
        rig_look_after(rig);
    }
}

static void prove(const struct peer *peer, struct answer *answer, const struct work *work)
{
    const uint64_t sent = work->raises + work->clears, hot = work->points / work->hot_every;

    if (peer->counts) {
        (void)nanosleep(&(struct timespec){0, AFTER_MS * 1000000}, NULL);
        if (counted(answer->redis) != work->messages)
            rig_fail("%s counted %llu of %llu messages", peer->name,
                     (unsigned long long)counted(answer->redis),
                     (unsigned long long)work->messages);
        return;
    }
    while (read_entries(answer, work, AFTER_MS))
        ;
    if (answer->count != sent)
        rig_fail("%s: %llu alerts of %llu", peer->name, (unsigned long long)answer->count,
                 (unsigned long long)sent);
    for (unsigned i = 0; i < work->points; i++) {
        const unsigned point = work_point(work, i);
        const uint64_t wanted = work_is_hot(work, i) ? sent / hot : 0;
        if (answer->seen[point] != wanted)
            rig_fail("%s: %u alerts of point %u, %llu crossings", peer->name, answer->seen[point],
                     point, (unsigned long long)wanted);
    }
}

/* --- a run --- */

static void open_answer(struct answer *answer, const struct peer_place *place, unsigned points)
{
    answer->redis = redisConnectUnix(place->redis);
    answer->seen = calloc(points, sizeof(*answer->seen));
    (void)snprintf(answer->last, sizeof(answer->last), "0-0");
    if (!answer->redis || answer->redis->err || !answer->seen)
        rig_fail("the consumer has no Redis");
}

static void stub_run(const struct peer *peer, const struct work *work, double ret[PEER_MEASURES])
{
    struct gate gate = {.work = work};
    struct rig *rig = rig_new();
    struct answer answer = {0};
    struct peer_place place = {.points = work->points, .messages = work->messages};

    if (pipe(gate.ready) != 0 || pipe(gate.open) != 0)
        rig_fail("pipe");
    struct stub *stub = stub_new(NULL, blast, &gate);
    if (!stub)
        rig_fail("the stub");
    rig_start_redis(rig);
    place.port = stub_port(stub);
    (void)snprintf(place.redis, sizeof(place.redis), "%s/redis.sock", rig_folder(rig));
    const pid_t pid = peer->start(rig, &place);
    wait_subscribed(rig, &gate);
    open_answer(&answer, &place, work->points);
    const double cpu = rig_cpu_s(pid);
    const uint64_t begun = hz_bench_now_ns();
    if (write(gate.open[1], "", 1) != 1)
        rig_fail("the stub's gate");
    if (peer->counts)
        wait_counted(rig, &answer, work->messages);
    else
        wait_alerts(rig, &answer, work);
    ret[PEER_RATE] = (double)work->messages * 1e9 / (double)(hz_bench_now_ns() - begun);
    ret[PEER_CPU] = (rig_cpu_s(pid) - cpu) * 1e6 / (double)work->messages;
    ret[PEER_MEMORY] = (double)rig_rss_bytes(pid);
    prove(peer, &answer, work);
    redisFree(answer.redis);
    free(answer.seen);
    rig_free(rig);
    stub_free(stub);
}

/* A port that was free a moment ago. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        rig_fail("no free port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void latency_run(const struct peer *peer, const struct peers_plan *plan,
                        double ret[PEER_MEASURES])
{
    struct rig *rig = rig_new();
    struct peer_place place = {.port = free_port(), .points = plan->latency_points};
    char broker[128], more[160];
    struct visible visible = {.points = plan->latency_points,
                              .hot_every = 10,
                              .passes = plan->latency_passes,
                              .rate = plan->rate,
                              .message = peer->message,
                              .broker = broker,
                              .redis = place.redis};
    struct visible_result result;

    (void)snprintf(broker, sizeof(broker), "unix:%s/broker.sock", rig_folder(rig));
    (void)snprintf(place.redis, sizeof(place.redis), "%s/redis.sock", rig_folder(rig));
    (void)snprintf(more, sizeof(more),
                   "listener %u 127.0.0.1\nmax_queued_messages 100000\nset_tcp_nodelay true",
                   place.port);
    rig_start_broker(rig, more);
    rig_start_redis(rig);
    (void)peer->start(rig, &place);
    visible_wait_ready(&visible);
    visible_round(&visible, &result);
    ret[PEER_P50] = result.p50_us;
    ret[PEER_P99] = result.p99_us;
    ret[PEER_MAX] = result.max_us;
    rig_free(rig);
}

/* --- in a process of its own --- */

/* The child's end of the pipe, or -1 in the parent, which then has `ret` or false. */
static int begin(double ret[PEER_MEASURES], bool *ret_good)
{
    const size_t bytes = PEER_MEASURES * sizeof(ret[0]);
    int ends[2], status;

    (void)fflush(NULL);
    if (pipe(ends) != 0)
        rig_fail("pipe");
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        rig_fail("fork: %s", strerror(errno));
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
        (void)close(ends[0]);
        return ends[1];
    }
    (void)close(ends[1]);
    const bool whole = read(ends[0], ret, bytes) == (ssize_t)bytes;
    (void)close(ends[0]);
    (void)waitpid(pid, &status, 0);
    *ret_good = whole && status == 0;
    return -1;
}

static _Noreturn void end(int to, const double ret[PEER_MEASURES])
{
    const size_t bytes = PEER_MEASURES * sizeof(ret[0]);

    exit(write(to, ret, bytes) == (ssize_t)bytes ? EXIT_SUCCESS : EXIT_FAILURE);
}

bool peer_run_stub(const struct peer *peer, const struct work *work, double ret[PEER_MEASURES])
{
    double measured[PEER_MEASURES];
    bool good;

    memcpy(measured, ret, sizeof(measured));
    int to = begin(measured, &good);
    if (to >= 0) {
        stub_run(peer, work, measured);
        end(to, measured);
    }
    memcpy(ret, measured, sizeof(measured));
    return good;
}

bool peer_run_latency(const struct peer *peer, const struct peers_plan *plan,
                      double ret[PEER_MEASURES])
{
    double measured[PEER_MEASURES];
    bool good;

    memcpy(measured, ret, sizeof(measured));
    int to = begin(measured, &good);
    if (to >= 0) {
        latency_run(peer, plan, measured);
        end(to, measured);
    }
    memcpy(ret, measured, sizeof(measured));
    return good;
}
