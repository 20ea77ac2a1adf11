/* SPDX-License-Identifier: Apache-2.0
 *
 * What does a registry of a million points cost? Parsing beside a bare look at every line break and comma
 * of the same bytes (the floor: no reader can do with less), bytes a point of registry and names
 * together, and topic -> key -> id for messages in random order.
 *
 *     bench_registry [POINTS]      default: 1000000
 *
 * First it proves that every point is found again under its key, with its name, tag and limits. Times are
 * those of the processor: all of it is one thread that never waits.
 */
#include "hz_bench.h"

#include "hz_set.h"
#include "hz_topic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS       5
#define TOPIC_ROUNDS 9
#define ENTERPRISES  500u
#define HAZARDS      4u /* of each enterprise */
#define TOPICS       100000u
#define SECONDS_BAR  2.0
#define BYTES_BAR    100.0
#define TOPIC_NS_BAR 30.0
#define TEXT_BYTES   512

static uint32_t points = 1000000;
static struct hz_files files;

static void must(int code, const struct hz_diagnostics *diagnostics)
{
    if (code == 0)
        return;
    fprintf(stderr, "bench_registry: %s\n", hz_strerror(code));
    for (uint32_t i = 0; diagnostics && i < diagnostics->kept_count && i < 10; i++)
        fprintf(stderr, "  %s:%u: %s\n", diagnostics->kept[i].file, diagnostics->kept[i].line,
                diagnostics->kept[i].message);
    exit(1);
}

static uint64_t cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail for this id */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static unsigned enterprise_of(uint32_t point)
{
    return point % ENTERPRISES;
}

static unsigned hazard_of(uint32_t point)
{
    return point / ENTERPRISES % HAZARDS;
}

/* 21 bytes: "33000001/TF0/LT000001". */
static int write_key(char *to, uint32_t point)
{
    return snprintf(to, TEXT_BYTES, "330%05u/TF%u/LT%06u", enterprise_of(point), hazard_of(point),
                    point / (ENTERPRISES * HAZARDS));
}

/* Seven characters of three bytes. */
static int write_name(char *to, uint32_t point)
{
    static const char *const digits[10] = {"零", "一", "二", "三", "四",
                                           "五", "六", "七", "八", "九"};
    unsigned number = point / (ENTERPRISES * HAZARDS);

    return snprintf(to, TEXT_BYTES, "球罐%s%s%s液位", digits[number / 100 % 10],
                    digits[number / 10 % 10], digits[number % 10]);
}

static int write_tag(char *to, uint32_t point)
{
    return snprintf(to, TEXT_BYTES, "%u%06u", hazard_of(point), point / (ENTERPRISES * HAZARDS));
}

static void add_file(const char *path, char *text, size_t length)
{
    must(hz_files_add(&files, path, text, length), NULL);
    free(text);
}

static void make_sites(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    fprintf(to, "code,name\n");
    for (unsigned i = 0; i < ENTERPRISES; i++)
        fprintf(to, "330%05u,某某化工有限公司%u\n", i, i);
    fclose(to);
    add_file("enterprises.csv", text, length);
    to = open_memstream(&text, &length);
    fprintf(to, "enterprise,code,name,level\n");
    for (unsigned i = 0; i < ENTERPRISES * HAZARDS; i++)
        fprintf(to, "330%05u,TF%u,罐区,%u\n", i / HAZARDS, i % HAZARDS, i % 4 + 1);
    fclose(to);
    add_file("hazards.csv", text, length);
    to = open_memstream(&text, &length);
    fprintf(to, "code,enterprise,interval\n");
    for (unsigned i = 0; i < ENTERPRISES; i++)
        fprintf(to, "GW%u,330%05u,60s\n", i, i);
    fclose(to);
    add_file("gateways.csv", text, length);
}

static void make_points(void)
{
    char *text = NULL, name[TEXT_BYTES], tag[TEXT_BYTES];
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    fprintf(to, "enterprise,hazard,code,name,gateway,kind,unit,range_low,range_high,LL,L,H,HH,"
                "deadband,delay,interval,stale_after,alive_by,tag,tags\n");
    for (uint32_t i = 0; i < points; i++) {
        (void)write_name(name, i);
        (void)write_tag(tag, i);
        fprintf(to,
                "330%05u,TF%u,LT%06u,%s,GW%u,level,%%,0,100,5,10.5,85,%u.25,2,5s,10s,,,%s,tank\n",
                enterprise_of(i), hazard_of(i), i / (ENTERPRISES * HAZARDS), name, enterprise_of(i),
                90 + i % 9, tag);
    }
    fclose(to);
    add_file("points.csv", text, length);
}

/* --- the answer --- */

static void prove(const struct hz_set *set, const struct hz_names *names)
{
    const struct hz_registry *registry = set->registry;
    char key[TEXT_BYTES], name[TEXT_BYTES], tag[TEXT_BYTES];

    hz_assert(hz_registry_point_total(registry) == points);
    for (uint32_t i = 0; i < points; i++) {
        uint32_t id = hz_names_find(names, HZ_NAMED_POINT, key, (size_t)write_key(key, i));
        const struct hz_point *point = hz_registry_point(registry, id);
        const struct hz_point_limits *limits = hz_registry_limits(registry, id);

        (void)write_name(name, i);
        (void)write_tag(tag, i);
        hz_assert(point && limits);
        hz_assert(strcmp(hz_registry_string(registry, point->name), name) == 0);
        hz_assert(strcmp(hz_registry_string(registry, point->tag), tag) == 0);
        hz_assert(hz_registry_has_tag(registry, point, "tank"));
        hz_assert(limits->limit[HZ_LEVEL_HH] == 90 + i % 9 + 0.25 &&
                  limits->delay_ns == 5000000000);
        hz_assert(point->interval_ms == 10000 && point->gateway != 0);
    }
}

/* --- floor and memory --- */

static volatile uint64_t sink;

/* Every line break and comma of points.csv, found one by one. */
static double floor_seconds(void)
{
    const struct hz_file *file = hz_files_find(&files, "points.csv");
    const char *at = file->bytes, *end = at + file->length;
    uint64_t start = cpu_ns(), seen = 0;

    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));

        while (at < line) {
            const char *comma = memchr(at, ',', (size_t)(line - at));

            at = comma ? comma + 1 : line;
            seen++;
        }
        at = line + 1;
    }
    sink += seen;
    return (double)(cpu_ns() - start) / 1e9;
}

static double resident_bytes(void)
{
    FILE *from = fopen("/proc/self/statm", "r");
    unsigned long all = 0, resident = 0;

    hz_assert(from && fscanf(from, "%lu %lu", &all, &resident) == 2);
    fclose(from);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static bool forget(void *ctx, const struct hz_named *named)
{
    (void)ctx;
    (void)named;
    return true;
}

static struct hz_set *build(struct hz_names *names)
{
    struct hz_diagnostics diagnostics;
    struct hz_set *set = NULL;

    hz_diagnostics_init(&diagnostics);
    must(hz_set_build(&files, names, &diagnostics, &set), &diagnostics);
    hz_diagnostics_done(&diagnostics);
    return set;
}

static void bench_memory(void)
{
    static double counted_sample[1], resident_sample[1];
    struct hz_bench counted = hz_bench("registry", "counted bytes/point", counted_sample, 1);
    struct hz_bench resident = hz_bench("registry", "resident bytes/point", resident_sample, 1);
    struct hz_names *names = NULL;
    double before = resident_bytes();

    must(hz_names_new(&names), NULL);
    struct hz_set *set = build(names);
    prove(set, names);
    hz_registry_drop_limits(set->registry);
    hz_names_take_pending(names, HZ_NAMES_SETS, forget, NULL); /* the journal has them */
    hz_bench_add(&resident, (resident_bytes() - before) / points);
    hz_bench_add(&counted,
                 (double)(hz_registry_bytes(set->registry) + hz_names_bytes(names)) / points);
    hz_bench_print(&counted, BYTES_BAR / hz_bench_median(&counted), 1);
    hz_bench_print(&resident, BYTES_BAR / hz_bench_median(&resident), 1);
    hz_set_unref(set);
    hz_names_free(names);
}

static void bench_parse(void)
{
    static double cold_samples[ROUNDS], warm_samples[ROUNDS], floor_samples[ROUNDS],
        bar_samples[ROUNDS];
    struct hz_bench cold = hz_bench("registry", "parse, new ids, s", cold_samples, ROUNDS);
    struct hz_bench warm = hz_bench("registry", "parse, known ids, s", warm_samples, ROUNDS);
    struct hz_bench bare = hz_bench("registry", "bare scan, s", floor_samples, ROUNDS);
    struct hz_bench bar =
        hz_bench("registry", "parse, s for a million points", bar_samples, ROUNDS);

    for (int round = 0; round < ROUNDS; round++) {
        struct hz_names *names = NULL;

        hz_bench_add(&bare, floor_seconds());
        must(hz_names_new(&names), NULL);
        for (int again = 0; again < 2; again++) {
            uint64_t start = cpu_ns();
            struct hz_set *set = build(names);

            hz_bench_add(again ? &warm : &cold, (double)(cpu_ns() - start) / 1e9);
            hz_set_unref(set);
        }
        hz_names_free(names);
    }
    for (int round = 0; round < ROUNDS; round++)
        hz_bench_add(&bar, cold.samples[round] * 1e6 / points);
    hz_bench_print(&cold, hz_bench_median(&cold) / hz_bench_median(&bare), NAN);
    hz_bench_print(&warm, hz_bench_median(&warm) / hz_bench_median(&bare), NAN);
    hz_bench_print(&bare, NAN, NAN);
    hz_bench_print(&bar, SECONDS_BAR / hz_bench_median(&bar), 1);
}

/* --- topics --- */

struct message {
    struct hz_slice topic;
    uint32_t id;
};

/* In random order, the texts one behind the other as in a receive buffer. */
static struct message *make_messages(struct hz_names *names, char *buffer)
{
    struct message *messages = calloc(TOPICS, sizeof(*messages));
    char text[TEXT_BYTES];
    uint64_t random = 88172645463325252u;

    hz_assert(messages);
    for (uint32_t i = 0; i < TOPICS; i++) {
        int length = snprintf(text, sizeof(text), "hz/e%04u/h%u/p%u", i / 100, i / 10 % 10, i % 10);
        char *copy = malloc((size_t)length);

        hz_assert(copy);
        memcpy(copy, text, (size_t)length);
        messages[i].topic = (struct hz_slice){copy, (size_t)length};
        must(hz_names_define(names, HZ_NAMED_POINT, text + 3, (size_t)length - 3, &messages[i].id),
             NULL);
    }
    for (uint32_t i = TOPICS - 1; i > 0; i--) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint32_t j = (uint32_t)(random % (i + 1));
        struct message other = messages[i];

        messages[i] = messages[j];
        messages[j] = other;
    }
    for (uint32_t i = 0; i < TOPICS; i++) {
        char *from = (char *)(uintptr_t)messages[i].topic.at;

        messages[i].topic.at = memcpy(buffer, from, messages[i].topic.length);
        buffer += messages[i].topic.length;
        free(from);
    }
    return messages;
}

static double topic_ns(const struct hz_topic *topic, const struct hz_names *names,
                       const struct message *messages, bool find)
{
    char to[HZ_KEY_BYTES_MAX + 1];
    uint64_t start = cpu_ns(), sum = 0;

    for (uint32_t i = 0; i < TOPICS; i++) {
        struct hz_topic_match match;
        struct hz_slice none = {NULL, 0}, key;

        if (!hz_topic_match(topic, messages[i].topic, &match))
            exit(1);
        key = hz_topic_key(topic, &match, none, to);
        sum += find ? hz_names_find(names, HZ_NAMED_POINT, key.at, key.length) - messages[i].id
                    : key.length;
    }
    double ns = (double)(cpu_ns() - start) / TOPICS;
    hz_assert(!find || sum == 0);
    sink += sum;
    return ns;
}

static void bench_topics(void)
{
    static double lent_samples[TOPIC_ROUNDS], built_samples[TOPIC_ROUNDS],
        found_samples[TOPIC_ROUNDS];
    struct hz_bench lent =
        hz_bench("registry", "topic to key, lent, ns", lent_samples, TOPIC_ROUNDS);
    struct hz_bench built =
        hz_bench("registry", "topic to key, built, ns", built_samples, TOPIC_ROUNDS);
    struct hz_bench found =
        hz_bench("registry", "topic to key to id, ns", found_samples, TOPIC_ROUNDS);
    struct hz_topic *piece = NULL, *pieces = NULL;
    struct hz_names *names = NULL;
    const char *pattern = "hz/{enterprise}/{hazard}/{point}";

    must(hz_names_new(&names), NULL);
    must(hz_topic_compile(pattern, "{enterprise}/{hazard}/{point}", "", 0, NULL, &piece), NULL);
    must(hz_topic_compile(pattern, "x/{point}/{enterprise}", "", 0, NULL, &pieces), NULL);
    char *buffer = malloc((size_t)TOPICS * 64);
    hz_assert(buffer);
    struct message *messages = make_messages(names, buffer);
    for (int round = 0; round < TOPIC_ROUNDS; round++) {
        hz_bench_add(&lent, topic_ns(piece, names, messages, false));
        hz_bench_add(&built, topic_ns(pieces, names, messages, false));
        hz_bench_add(&found, topic_ns(piece, names, messages, true));
    }
    hz_bench_print(&lent, TOPIC_NS_BAR / hz_bench_median(&lent), 1);
    hz_bench_print(&built, NAN, NAN);
    hz_bench_print(&found, NAN, NAN);
    free(buffer);
    free(messages);
    hz_topic_free(piece);
    hz_topic_free(pieces);
    hz_names_free(names);
}

int main(int argc, char **argv)
{
    static char config[] = "feeds:\n- {name: city, address: 'h:1883', client_id: c, filters: ["
                           "{filter: hz/+/+/+, topic: 'hz/{enterprise}/{hazard}/{point}'}]}\n";

    if (argc > 1)
        points = (uint32_t)strtoul(argv[1], NULL, 10);
    hz_files_init(&files);
    must(hz_files_add(&files, "hazardd.yaml", config, strlen(config)), NULL);
    make_sites();
    make_points();
    printf("%u points, %.1f MB of points.csv\n", points,
           (double)hz_files_find(&files, "points.csv")->length / 1e6);
    bench_topics();
    bench_memory();
    bench_parse();
    hz_files_done(&files);
    return 0;
}
