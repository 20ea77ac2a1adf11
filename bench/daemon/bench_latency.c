/* SPDX-License-Identifier: Apache-2.0
 *
 * From publish to visible: 5 000 messages a second, QoS 0, through mosquitto; a consumer that blocks in
 * XREAD; the time from just before write() to the entry in hand. Programs by turns: the least one that
 * gives consumers the same entry (libmosquitto callback -> XADD of all fields, hardly more than constant
 * text), the same with three fields only, hazardd with `durability: relaxed`, hazardd with `durable`.
 * Beside them an append + fdatasync loop on the same file system. Bars: p99 relaxed at most 1.3 times the
 * least program's; p99 durable at most p99 relaxed + twice the p99 of the disk loop.
 *
 * Each round proves its answer: every crossing seen once, in order for each point.
 */
#include "hz_bench.h"
#include "hz_entry.h"
#include "rig.h"
#include "visible.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <math.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define ENTERPRISES 10u
#define POINTS      (ENTERPRISES * WORK_ENTERPRISE_POINTS)
#define HOT_EVERY   10u /* of ten points one crosses at each of its turns */
#define RATE        5000u
#define PASSES      25u /* over all points in one round: 5 s */
#define CROSSINGS   (POINTS / HOT_EVERY * PASSES)
#define ROUNDS      5
#define SYNCS       2000
#define STREAM      VISIBLE_STREAM

static const char *redis_path;

/* --- the least program --- */

#define HEAD_WORDS 6

struct least {
    redisContext *redis;
    bool high[POINTS];
    bool bare; /* three fields */
    const char *words[HEAD_WORDS + 2 * HZ_FIELD_COUNT];
};

static void set_field(struct least *least, enum hz_entry_field field, const char *value)
{
    least->words[HEAD_WORDS + 2 * (unsigned)field + 1] = value;
}

/* What does not depend on the message: about as long as in the daemon's entry. */
static void prepare(struct least *least)
{
    static const char *const head[HEAD_WORDS] = {"XADD", STREAM, "MAXLEN", "~", "1000000", "*"};
    static const struct {
        enum hz_entry_field field;
        const char *value;
    } constant[] = {
        {HZ_FIELD_V, "1"},
        {HZ_FIELD_N, "48213"},
        {HZ_FIELD_ALARM, "47360000000000"},
        {HZ_FIELD_COND, "limits.high@E0001/H01/P0001"},
        {HZ_FIELD_STATE, "unack"},
        {HZ_FIELD_PREV, "normal"},
        {HZ_FIELD_ACTIVE, "1"},
        {HZ_FIELD_RING, "1"},
        {HZ_FIELD_DURABLE, "1"},
        {HZ_FIELD_SEV, "orange"},
        {HZ_FIELD_KIND, "limit"},
        {HZ_FIELD_LEVEL, "H"},
        {HZ_FIELD_DOMAIN, "safety"},
        {HZ_FIELD_MODE, "live"},
        {HZ_FIELD_LATE, "0"},
        {HZ_FIELD_T, "1763903047123"},
        {HZ_FIELD_T_SRC, "1763903046800"},
        {HZ_FIELD_T_RX, "1763903047118"},
        {HZ_FIELD_T_RAISE, "1763902921004"},
        {HZ_FIELD_LIMIT, "90"},
        {HZ_FIELD_UNIT, "%"},
        {HZ_FIELD_QUALITY, "good"},
        {HZ_FIELD_FOR_MS, "0"},
        {HZ_FIELD_HAZARD, "E0001/H01"},
        {HZ_FIELD_ENTERPRISE, "E0001"},
        {HZ_FIELD_RULE, "limits"},
        {HZ_FIELD_RULE_REV, "9f31c2d4"},
        {HZ_FIELD_SET, "c0a81e77"},
        {HZ_FIELD_GROUP, "E0001/H01"},
        {HZ_FIELD_MSG, "E0001 H01 P0001 93.25%, H (limit 90%)"},
        {HZ_FIELD_SHORT, "E0001 H01 P0001 93.25%, H (limit 90%)"},
        {HZ_FIELD_SEQ, "4711000"},
    };
    memcpy(least->words, head, sizeof(head));
    for (unsigned field = 0; field < HZ_FIELD_COUNT; field++) {
        least->words[HEAD_WORDS + 2 * field] = hz_entry_field_names[field];
        least->words[HEAD_WORDS + 2 * field + 1] = "";
    }
    for (size_t i = 0; i < sizeof(constant) / sizeof(constant[0]); i++)
        set_field(least, constant[i].field, constant[i].value);
}

static void add_entry(struct least *least, unsigned point, bool high, double value)
{
    char point_text[32], value_text[32];
    const char *event = high ? "raise" : "clear";

    (void)snprintf(point_text, sizeof(point_text), "E%04u/H01/P%04u",
                   point / WORK_ENTERPRISE_POINTS + 1, point % WORK_ENTERPRISE_POINTS + 1);
    (void)snprintf(value_text, sizeof(value_text), "%.2f", value);
    if (least->bare) {
        freeReplyObject(redisCommand(
            least->redis, "XADD " STREAM " MAXLEN ~ 1000000 * point %s event %s value %s",
            point_text, event, value_text));
        return;
    }
    set_field(least, HZ_FIELD_POINT, point_text);
    set_field(least, HZ_FIELD_EVENT, event);
    set_field(least, HZ_FIELD_VALUE, value_text);
    freeReplyObject(redisCommandArgv(
        least->redis, (int)(sizeof(least->words) / sizeof(least->words[0])), least->words, NULL));
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
    struct least *least = ctx;
    unsigned point = visible_point(message->topic + strlen("hz/")); /* no other topics are sent */
    double value;

    (void)m;
    if (point >= POINTS)
        return;
    const char *v = strstr(message->payload, "\"v\":");
    value = v ? strtod(v + 4, NULL) : 0;
    bool high = least->high[point] ? value >= 88 : value >= 90;
    if (high == least->high[point])
        return;
    least->high[point] = high;
    add_entry(least, point, high, value);
}

static void run_least(const char *broker, const char *redis, bool bare)
{
    struct least least = {.redis = redisConnectUnix(redis), .bare = bare};
    struct mosquitto *m = mosquitto_new("least", true, &least);

    prepare(&least);
    mosquitto_message_callback_set(m, on_message);
    if (!least.redis || least.redis->err || mosquitto_connect(m, broker, 0, 60) ||
        mosquitto_subscribe(m, NULL, "hz/#", 0))
        _exit(1);
    (void)mosquitto_loop_forever(m, -1, 1);
    _exit(0);
}

static pid_t start_least(const char *broker, const char *redis, bool bare)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    run_least(broker, redis, bare);
    return 0;
}

/* --- a round --- */

enum program { LEAST, BARE, RELAXED, DURABLE, PROGRAMS };

static void start_program(struct rig *rig, enum program program, const char *broker)
{
    if (program == LEAST || program == BARE) {
        (void)start_least(broker, redis_path, program == BARE);
        return;
    }
    rig_write(rig, "config/hazardd.yaml",
              "journal:\n  durability: %s\nredis:\n  address: unix:%s\nfeeds:\n- name: bench\n  "
              "address: unix:%s\n"
              "  client_id: bench\n  protocol: 3.1.1\n  clean_session: true\n  filters:\n  - "
              "filter: \"hz/+/+/+\"\n"
              "    qos: 0\n    topic: hz/{enterprise}/{hazard}/{point}\n",
              program == RELAXED ? "relaxed" : "durable", redis_path, broker);
    rig_write_points(rig, ENTERPRISES, WORK_ENTERPRISE_POINTS, false);
    rig_start_daemon(rig);
    rig_wait_number(rig, "feed", "connected_now", 1);
    rig_wait_number(rig, "redis", "epoch", 0);
}

/* p99 and max in us. */
static void one_round(enum program program, double *ret_p99, double *ret_max)
{
    struct rig *rig = rig_new();
    char broker[128], redis[128], address[160];
    struct visible visible = {.points = POINTS,
                              .hot_every = HOT_EVERY,
                              .passes = PASSES,
                              .rate = RATE,
                              .broker = address,
                              .redis = redis};
    struct visible_result result;

    (void)snprintf(broker, sizeof(broker), "%s/broker.sock", rig_folder(rig));
    (void)snprintf(redis, sizeof(redis), "%s/redis.sock", rig_folder(rig));
    (void)snprintf(address, sizeof(address), "unix:%s", broker);
    redis_path = redis;
    rig_start_broker(rig, "max_queued_messages 100000");
    rig_start_redis(rig);
    start_program(rig, program, broker);
    visible_wait_ready(&visible);
    visible_round(&visible, &result);
    *ret_p99 = result.p99_us;
    *ret_max = result.max_us;
    rig_free(rig);
}

static double disk_p99_us(void)
{
    static double samples[SYNCS];
    struct hz_bench syncs = hz_bench("latency", "", samples, SYNCS);
    const char *base = getenv("TMPDIR");
    char path[256], page[256] = {0};

    (void)snprintf(path, sizeof(path), "%.200s/sync-XXXXXX", base ? base : "/var/tmp");
    int fd = mkstemp(path);

    if (fd < 0)
        rig_fail("%s", path);
    (void)unlink(path);
    for (int i = 0; i < SYNCS; i++) {
        uint64_t begun = hz_bench_now_ns();
        if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page) || fdatasync(fd) != 0)
            rig_fail("the disk loop");
        hz_bench_add(&syncs, (double)(hz_bench_now_ns() - begun) / 1e3);
    }
    (void)close(fd);
    return hz_bench_quantile(&syncs, 0.99);
}

int main(void)
{
    static double p99[PROGRAMS][ROUNDS], disk_samples[ROUNDS];
    static const char *const names[PROGRAMS] = {
        "least program, same entry, p99 us", "least program, three fields, p99 us",
        "hazardd relaxed, p99 us", "hazardd durable, p99 us"};
    struct hz_bench benches[PROGRAMS],
        disk = hz_bench("latency", "append + fdatasync, p99 us", disk_samples, ROUNDS);
    double max, most[PROGRAMS] = {0};

    (void)mosquitto_lib_init();
    for (int i = 0; i < PROGRAMS; i++)
        benches[i] = hz_bench("latency", names[i], p99[i], ROUNDS);
    for (int round = 0; round < ROUNDS; round++) {
        hz_bench_progress("latency", (unsigned)round, ROUNDS);
        for (int i = 0; i < PROGRAMS; i++) {
            double sample;
            one_round((enum program)i, &sample, &max);
            hz_bench_add(&benches[i], sample);
            most[i] = max > most[i] ? max : most[i];
        }
        hz_bench_add(&disk, disk_p99_us());
    }
    hz_bench_progress("latency", ROUNDS, ROUNDS);
    /* Below is better: the bar over the measured, which must reach 1. */
    double bare = hz_bench_paired(&benches[BARE], &benches[LEAST]);
    double to_least = 1.3 * hz_bench_paired(&benches[LEAST], &benches[RELAXED]);
    double relaxed = hz_bench_median(&benches[RELAXED]), loop = hz_bench_median(&disk);
    double durable = hz_bench_median(&benches[DURABLE]);
    hz_bench_print(&benches[LEAST], 1, NAN);
    hz_bench_print(&benches[BARE], bare, NAN);
    hz_bench_print(&disk, NAN, NAN);
    hz_bench_print(&benches[RELAXED], to_least, 1);
    hz_bench_print(&benches[DURABLE], (relaxed + 2 * loop) / durable, 1);
    printf("max us: least %.0f, relaxed %.0f, durable %.0f; %u transitions each\n", most[LEAST],
           most[RELAXED], most[DURABLE], CROSSINGS * ROUNDS);
    return EXIT_SUCCESS;
}
