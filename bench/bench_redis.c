/* SPDX-License-Identifier: Apache-2.0
 *
 * What does the script cost that every append goes through? The publisher brings entries to a real Redis
 * (calls of 64 entries, several under way), beside it a bare client that pipelines XADD and HSET/HDEL
 * with the same bytes and as much under way; by turns, each into an emptied Redis. Before anything is
 * timed, both must leave the same stream and the same active hash.
 *
 *     bench_redis [ENTRIES]      default 20 000; needs redis-server
 */
#include "hz_bench.h"

#include "hz_log.h"
#include "hz_publisher.h"
#include "program.h"

#include <hiredis/hiredis.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS  15u
#define POINTS  500u
#define AHEAD   (8u * 64u) /* entries under way, as the publisher has */
#define STREAM  "hz:1:{all}:stream"
#define ACTIVE  "hz:1:{all}:active"
#define BASE_MS INT64_C(1767323045000)

static char folder[96], socket_path[108], address[128];
static pid_t server;
static redisContext *redis;
static struct hz_names *names;
static struct hz_set *set;
static struct hz_entry **entries;
static unsigned count = 20000;

static void die(const char *what)
{
    fprintf(stderr, "bench_redis: %s\n", what);
    exit(1);
}

static void must(bool good, const char *what)
{
    if (!good)
        die(what);
}

/* --- Redis --- */

static void end_server(void)
{
    char command[128];

    if (server > 0) {
        (void)kill(server, SIGKILL);
        (void)waitpid(server, NULL, 0);
    }
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "bench_redis: could not remove %s\n", folder);
}

static void start_server(void)
{
    char program[PROGRAM_PATH_BYTES];
    const char *base = getenv("TMPDIR");

    if (!program_find("redis-server", program))
        exit(EXIT_FAILURE);
    (void)snprintf(folder, sizeof(folder), "%.60s/bench-redis-XXXXXX", base ? base : "/var/tmp");
    must(mkdtemp(folder) != NULL, "no folder");
    (void)snprintf(socket_path, sizeof(socket_path), "%s/redis.sock", folder);
    (void)snprintf(address, sizeof(address), "unix:%s", socket_path);
    server = fork();
    if (server == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, "redis-server", "--port", "0", "--save", "", "--unixsocket", socket_path,
              "--dir", folder, "--logfile", "redis.log", NULL);
        _exit(127);
    }
    (void)atexit(end_server);
    for (unsigned i = 0; i < 1000; i++) {
        redis = redisConnectUnix(socket_path);
        if (redis && redis->err == 0)
            return;
        if (redis)
            redisFree(redis);
        (void)usleep(10000);
    }
    die("redis-server does not answer");
}

static redisReply *ask(const char *format, const char *one)
{
    redisReply *reply = redisCommand(redis, format, one); /* one argument at most */

    must(reply && reply->type != REDIS_REPLY_ERROR, "Redis refused");
    return reply;
}

/* --- entries --- */

static void build_set(void)
{
    static char points[64 * POINTS];
    struct hz_text text = hz_text_in(points, sizeof(points));
    const struct {
        const char *path, *content;
    } its[] = {
        {"hazardd.yaml",
         "schema: 1\nfeeds:\n- name: city\n  address: 127.0.0.1:1883\n  client_id: bench\n"
         "  filters:\n  - filter: hz/+/+/+\n"
         "    topic: \"hz/{enterprise}/{hazard}/{point}\"\n"},
        {"rules.d/tank.yaml",
         "schema: 1\nrules:\n- id: tank-level\n  name: {zh: 储罐液位, en: tank level}\n"
         "  mode: live\n  domain: safety\n  select: {kind: level}\n"
         "  limits:\n    HH: {severity: orange}\n  route: [enterprise-duty, park-duty]\n"},
        {"parks.csv", "code,name,district\n330382P01,乐清湾园区,330382\n"},
        {"enterprises.csv",
         "code,name,park,status\n330382001,某某化工有限公司,330382P01,running\n"},
        {"hazards.csv",
         "enterprise,code,name,level,lon,lat\n330382001,TF01,液氨罐区,1,120.97,28.04\n"},
        {"gateways.csv", "code,enterprise,interval\ngw01,330382001,60s\n"},
        {"points.csv", points},
    };
    struct hz_files files;
    struct hz_diagnostics diagnostics;

    hz_text_puts(&text, "enterprise,hazard,code,name,kind,unit,HH\n");
    for (unsigned i = 0; i < POINTS; i++)
        hz_text_format(&text, "330382001,TF01,LT%03u,%u#液位,level,%%,90\n", i, i);
    must(!text.overflow, "points do not fit");
    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    for (size_t i = 0; i < sizeof(its) / sizeof(its[0]); i++)
        must(hz_files_add(&files, its[i].path, its[i].content, strlen(its[i].content)) == 0,
             "files");
    must(hz_names_new(&names) == 0 && hz_set_build(&files, names, &diagnostics, &set) == 0, "set");
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
}

/* Raises and clears by turns over all points. */
static struct hz_entry *make_entry(uint64_t number, struct hz_stream_id *last)
{
    struct hz_transition t = {.seq = number,
                              .place_count = 1,
                              .id = {BASE_MS + (int64_t)number / 10, number % 10},
                              .number = number,
                              .alarm = 1 + number % POINTS,
                              .rule = 1,
                              .event = HZ_EVENT_RAISE,
                              .state = HZ_STATE_UNACK,
                              .prev = HZ_STATE_NORMAL,
                              .severity = HZ_SEVERITY_ORANGE,
                              .kind = HZ_KIND_LIMIT,
                              .side = HZ_SIDE_HIGH,
                              .level = HZ_LEVEL_HH,
                              .domain = HZ_DOMAIN_SAFETY,
                              .mode = HZ_MODE_LIVE,
                              .active = 1,
                              .ring = 1,
                              .t_ns = (BASE_MS + (int64_t)number) * HZ_NS_PER_MS,
                              .arrival_ns = (BASE_MS + (int64_t)number) * HZ_NS_PER_MS,
                              .source_ms = BASE_MS + (int64_t)number,
                              .raise_ns = BASE_MS * HZ_NS_PER_MS,
                              .for_ns = 5 * HZ_NS_PER_S,
                              .value.f64 = 90 + (double)(number % 1000) / 100,
                              .limit = 90};
    struct hz_entry *entry = aligned_alloc(8, HZ_ENTRY_BYTES_MAX);

    must(entry != NULL, "no memory");
    t.point = 1 + (uint32_t)(number % POINTS);
    t.places[0] = (struct hz_view_place){.view = 1, .n = number, .before = *last};
    if (number / POINTS % 2 == 1) {
        t.event = HZ_EVENT_CLEAR;
        t.state = HZ_STATE_NORMAL;
        t.active = 0;
    }
    *last = t.id;
    uint32_t bytes = hz_entry_render(set, &t, entry);
    return realloc(entry, bytes);
}

/* --- the publisher --- */

static uv_loop_t loop;
static struct hz_mirror *mirror;
static struct hz_publisher *publisher;

/* The alarms log, for what the publisher does not keep in memory: a copy, as in the daemon. */
static void fetch(void *ctx, uint64_t number)
{
    static unsigned char batch[HZ_ENTRY_FETCH_BYTES];
    size_t length = 0;

    (void)ctx;
    hz_role_take(&hz_output);
    for (; number <= count && length + entries[number - 1]->bytes <= sizeof(batch); number++) {
        memcpy(batch + length, entries[number - 1], entries[number - 1]->bytes);
        length += entries[number - 1]->bytes;
    }
    hz_publisher_fetched(publisher, batch, length, 0);
}

static void no_find(void *ctx, struct hz_stream_id id)
{
    (void)ctx;
    (void)id;
    die("the alarms log was asked for an id");
}

static void no_observe(void *ctx, uint32_t what, int64_t value)
{
    (void)ctx;
    (void)what;
    (void)value;
}

static void no_renew(void *ctx)
{
    (void)ctx;
}

static struct hz_publisher_counts counts_now(void)
{
    struct hz_publisher_counts counts;

    hz_role_take(&hz_output);
    hz_publisher_counts(publisher, &counts);
    return counts;
}

/* Connected and in place, all entries offered, none released. */
static void open_publisher(void)
{
    struct hz_redis_config config = set->config->redis;
    struct hz_publisher_config its = {.loop = &loop,
                                      .clock = &hz_clock_real,
                                      .redis = &config,
                                      .journal = {1, 2},
                                      .term = 1,
                                      .source = {fetch, no_find, NULL},
                                      .events = {no_observe, no_renew, NULL}};

    hz_role_take(&hz_output);
    config.address = address;
    config.latest = false;
    config.retention_ns = INT64_C(3650) * 86400 * HZ_NS_PER_S;
    must(uv_loop_init(&loop) == 0 && hz_mirror_new(&mirror) == 0, "no memory");
    its.mirror = mirror;
    must(hz_publisher_new(&its, set, &publisher) == 0, "publisher");
    hz_publisher_start(publisher);
    while (!counts_now().up || counts_now().epoch == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    for (unsigned i = 0; i < count; i++)
        hz_publisher_offer(publisher, entries[i]);
}

/* Seconds from the release of the entries up to `number` until Redis has acknowledged them. */
static double publish_to(uint64_t number)
{
    uint64_t begin = hz_bench_now_ns();

    hz_role_take(&hz_output);
    hz_publisher_release(publisher, number, true);
    while (counts_now().published < number)
        (void)uv_run(&loop, UV_RUN_ONCE);
    return (double)(hz_bench_now_ns() - begin) / 1e9;
}

static void close_publisher(void)
{
    hz_role_take(&hz_output);
    must(counts_now().published == count && counts_now().gaps == 0, "wrong answer: gaps");
    hz_publisher_stop(publisher, 0, NULL, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop) == 0, "loop");
    hz_mirror_free(mirror);
}

static double publish_all(void)
{
    open_publisher();
    double seconds = publish_to(count);
    close_publisher();
    return seconds;
}

/* --- the bare client --- */

/* For each entry the value that the publisher writes to the active hash; NULL: the alarm is over. */
static char **active_values;

static void append_bare(unsigned i)
{
    const char *argv[3 + 2 * HZ_FIELD_COUNT];
    size_t lengths[3 + 2 * HZ_FIELD_COUNT];
    struct hz_slice values[HZ_FIELD_COUNT];
    char id[HZ_STREAM_ID_TEXT_BYTES], n[24];

    must(hz_entry_values(entries[i], entries[i]->bytes, values), "no entry");
    hz_stream_id_text(entries[i]->id, id);
    (void)snprintf(n, sizeof(n), "%u", i + 1);
    values[HZ_FIELD_N] = hz_slice(n);
    values[HZ_FIELD_DURABLE] = hz_slice("1");
    argv[0] = "XADD";
    argv[1] = STREAM;
    argv[2] = id;
    for (int field = 0; field < HZ_FIELD_COUNT; field++) {
        argv[3 + 2 * field] = hz_entry_field_names[field];
        argv[4 + 2 * field] = values[field].at;
        lengths[4 + 2 * field] = values[field].length;
        lengths[3 + 2 * field] = strlen(argv[3 + 2 * field]);
    }
    for (int word = 0; word < 3; word++)
        lengths[word] = strlen(argv[word]);
    must(redisAppendCommandArgv(redis, 3 + 2 * HZ_FIELD_COUNT, argv, lengths) == REDIS_OK, "XADD");
    if (active_values[i])
        must(redisAppendCommand(redis, "HSET " ACTIVE " %b %s", values[HZ_FIELD_COND].at,
                                values[HZ_FIELD_COND].length, active_values[i]) == REDIS_OK,
             "HSET");
    else
        must(redisAppendCommand(redis, "HDEL " ACTIVE " %b", values[HZ_FIELD_COND].at,
                                values[HZ_FIELD_COND].length) == REDIS_OK,
             "HDEL");
    if (i % 64 == 63 || i + 1 == count)
        must(redisAppendCommand(redis, "HSET " ACTIVE " @id %s @n %s", id, n) == REDIS_OK, "HSET");
}

static void take_replies(unsigned most)
{
    while (most-- > 0) {
        redisReply *reply = NULL;
        must(redisGetReply(redis, (void **)&reply) == REDIS_OK && reply->type != REDIS_REPLY_ERROR,
             "Redis refused");
        freeReplyObject(reply);
    }
}

static unsigned replies_of(unsigned i)
{
    return i % 64 == 63 || i + 1 == count ? 3 : 2;
}

static double pipeline_all(void)
{
    uint64_t begin = hz_bench_now_ns();
    unsigned answered = 0;

    for (unsigned i = 0; i < count; i++) {
        append_bare(i);
        if (i % 64 ==
            63) { /* what is in the buffer goes out with the first reply that is waited for */
            int done = 0;
            while (!done)
                must(redisBufferWrite(redis, &done) == REDIS_OK, "write");
        }
        for (; i - answered >= AHEAD; answered++)
            take_replies(replies_of(answered));
    }
    for (; answered < count; answered++)
        take_replies(replies_of(answered));
    return (double)(hz_bench_now_ns() - begin) / 1e9;
}

/* --- the same answer --- */

/* What is there, as one digest: the stream in order, the active hash summed up without order. */
static struct hz_digest digest_redis(void)
{
    redisReply *stream = ask("XRANGE %s - +", STREAM), *active = ask("HGETALL %s", ACTIVE);
    struct hz_digest both[2], sum = {0};
    size_t size = 0, length = 0;

    must(stream->elements == count, "wrong answer: entries are missing");
    size = stream->elements * HZ_ENTRY_BYTES_MAX;
    char *text = malloc(size);
    must(text != NULL, "no memory");
    for (size_t i = 0; i < stream->elements; i++) {
        const redisReply *fields = stream->element[i]->element[1];
        length += (size_t)sprintf(text + length, "%s", stream->element[i]->element[0]->str);
        for (size_t k = 0; k < fields->elements; k++)
            length += (size_t)sprintf(text + length, " %s", fields->element[k]->str);
    }
    both[0] = hz_digest(text, length);
    for (size_t i = 0; i < active->elements; i += 2) {
        length =
            (size_t)sprintf(text, "%s %s", active->element[i]->str, active->element[i + 1]->str);
        struct hz_digest one = hz_digest(text, length);
        for (size_t k = 0; k < sizeof(sum.bytes); k++)
            sum.bytes[k] ^= one.bytes[k];
    }
    both[1] = sum;
    free(text);
    freeReplyObject(stream);
    freeReplyObject(active);
    return hz_digest(both, sizeof(both));
}

/* The values of the active hash, seen after each block in which every point is raised once. */
static void learn_active_values(void)
{
    char condition[HZ_CONDITION_BYTES];

    active_values = calloc(count, sizeof(*active_values));
    must(active_values != NULL, "no memory");
    open_publisher();
    for (unsigned from = 0; from < count; from += POINTS) {
        unsigned to = from + POINTS < count ? from + POINTS : count;
        (void)publish_to(to);
        for (unsigned i = from; i < to; i++) {
            struct hz_text text = hz_text_in(condition, sizeof(condition));
            if (entries[i]->state == HZ_STATE_NORMAL)
                continue;
            hz_entry_condition_text(set, entries[i], &text);
            redisReply *reply = ask("HGET " ACTIVE " %s", condition);
            must(reply->type == REDIS_REPLY_STRING, "wrong answer: an alarm is not active");
            active_values[i] = strdup(reply->str);
            freeReplyObject(reply);
        }
    }
    close_publisher();
}

static void empty_redis(void)
{
    freeReplyObject(ask("FLUSHALL", NULL));
}

static void prove(void)
{
    learn_active_values();
    struct hz_digest published = digest_redis();
    empty_redis();
    (void)pipeline_all();
    struct hz_digest bare = digest_redis();
    must(memcmp(&published, &bare, sizeof(bare)) == 0, "wrong answer: the two differ");
    empty_redis();
}

int main(int argc, char **argv)
{
    static double samples[3][ROUNDS];
    struct hz_bench own = hz_bench("redis", "append by script, k entries/s", samples[0], ROUNDS);
    struct hz_bench bare =
        hz_bench("redis", "bare XADD + HSET/HDEL, pipelined, k entries/s", samples[1], ROUNDS);
    /* of one round each, so that both sides of a ratio have seen the same machine */
    struct hz_bench ratio = hz_bench("redis", "script / bare, round by round", samples[2], ROUNDS);
    struct hz_stream_id last = {0};

    if (argc > 1)
        count = (unsigned)strtoul(argv[1], NULL, 10);
    must(count > 0 && count <= 1000000, "entries: 1 to 1000000");
    (void)signal(SIGPIPE, SIG_IGN);
    hz_log_set_level(HZ_LOG_WARNING); /* each round connects, which is a notice */
    start_server();
    build_set();
    entries = calloc(count, sizeof(struct hz_entry *));
    must(entries != NULL, "no memory");
    for (unsigned i = 0; i < count; i++)
        entries[i] = make_entry(i + 1, &last);
    prove();
    for (unsigned round = 0; round < ROUNDS; round++) {
        double by_script = count / publish_all() / 1e3;
        empty_redis();
        double by_commands = count / pipeline_all() / 1e3;
        empty_redis();
        hz_bench_add(&own, by_script);
        hz_bench_add(&bare, by_commands);
        hz_bench_add(&ratio, by_script / by_commands);
    }
    hz_bench_print(&bare, NAN, NAN);
    hz_bench_print(&own, hz_bench_median(&ratio), 0.7);
    return 0;
}
