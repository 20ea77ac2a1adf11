/* SPDX-License-Identifier: Apache-2.0
 *
 * From a message to the id of its point. Payloads {"ts":1763900000123,"v":12.34} under 100 000 topics
 * hz/eNNNN/hN/pN, in random order: hz_decode, hz_topic_match, hz_topic_key, hz_names_find, beside a bare
 * scan of the two numbers at known places of the same payloads. Bar: at most three times the scan, and
 * for the decoder alone twice. Then, as information, what other payloads take a reading, beside cJSON.
 *
 * A look-up waits for memory three times (slot, place, key). So, as ingest does, look-ups go in steps
 * through a ring of 32, in groups of eight, each with a copy of its key; "one by one" shows what that
 * saves. Before it is timed every answer is compared with what was written; allocations are counted by
 * the linker's --wrap.
 */
#include "hz_bench.h"

#include "hz_decode.h"
#include "hz_diagnostic.h"
#include "hz_names.h"
#include "hz_topic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef HAVE_CJSON
#include <cjson/cJSON.h>
#endif

#define ROUNDS   200
#define TOPICS   100000u
#define MESSAGES 200000u
#define WINDOW                                                                                     \
    10000u /* messages a round: short beside a turn of the scheduler, on a busy machine too */
#define GROUP  8u /* messages that take a step together */
#define GROUPS (WINDOW / GROUP)
#define BATCH  32u /* look-ups under way: four groups */

/* Of this thread: on a machine that is busy otherwise a round is broken off by others. */
static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail for this id */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

/* As they lie in a receive buffer: topic, payload, topic, payload. */
struct message {
    struct hz_slice topic, payload;
};

static struct message messages[MESSAGES];
static uint32_t wanted_ids[MESSAGES];
static double wanted_sums[MESSAGES / WINDOW]; /* of all stamps, values and ids */
static char stream[MESSAGES * 64];

static struct hz_zone *zone;
static struct hz_names *names;
static struct hz_topic *topic;
static struct hz_decoder *decoder;

static uint32_t next_random(void)
{
    static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static int topic_text(char *to, size_t size, uint32_t number)
{
    return snprintf(to, size, "hz/e%04u/h%u/p%u", number / 40, number / 10 % 4, number % 10);
}

static void make_names(void)
{
    char text[64];
    uint32_t id;

    hz_assert(hz_names_new(&names) == 0);
    for (uint32_t i = 0; i < TOPICS; i++) {
        int length = topic_text(text, sizeof(text), i);
        hz_assert(hz_names_define(names, HZ_NAMED_POINT, text + 3, (size_t)length - 3, &id) == 0);
        hz_assert(id == i + 1);
    }
}

static void make_messages(void)
{
    char *to = stream;

    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint32_t number = next_random() % TOPICS;
        int64_t ms = INT64_C(1763900000000) + next_random() % 100000000;
        double value = next_random() % 10000 / 100.0;
        struct message *message = &messages[i];

        message->topic = (struct hz_slice){to, (size_t)topic_text(to, 64, number)};
        to += message->topic.length;
        message->payload = (struct hz_slice){
            to, (size_t)snprintf(to, 64, "{\"ts\":%lld,\"v\":%.2f}", (long long)ms, value)};
        to += message->payload.length;
        wanted_ids[i] = number + 1;
        wanted_sums[i / WINDOW] += (double)(ms % 1000) + value + number + 1;
    }
}

static void make(void)
{
    static const struct hz_filter_config mapping = {
        .format = HZ_PAYLOAD_VALUE, .value = "v", .stamp = "ts", .quality = "q"};
    struct hz_diagnostics diagnostics;

    hz_diagnostics_init(&diagnostics);
    hz_assert(hz_topic_compile("hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}",
                               "bench", 1, &diagnostics, &topic) == 0);
    hz_diagnostics_done(&diagnostics);
    hz_assert(hz_zone_load("Asia/Shanghai", &zone) == 0);
    hz_assert(hz_decoder_new(&mapping, zone, &decoder) == 0);
    make_names();
    make_messages();
}

/* --- the floor: two numbers at known places, nothing checked --- */

#define STAMP_AT 6  /* {"ts": */
#define VALUE_AT 24 /* 13 digits, ,"v": */

static inline double scan_number(const char *at)
{
    static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
    int64_t digits = 0;
    unsigned fraction = 0;
    bool negative = *at == '-';

    for (at += negative; *at >= '0' && *at <= '9'; at++)
        digits = digits * 10 + (*at - '0');
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++, fraction++)
            digits = digits * 10 + (*at - '0');
    double number = (double)digits / powers[fraction];
    return negative ? -number : number;
}

static inline int64_t scan_integer(const char *at)
{
    int64_t number = 0;

    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (*at - '0');
    return number;
}

static double scan(const struct message *some, const uint32_t *ids)
{
    double sum = 0;

    for (uint32_t i = 0; i < WINDOW; i++) {
        const char *payload = some[i].payload.at;
        sum += (double)(scan_integer(payload + STAMP_AT) % 1000) + scan_number(payload + VALUE_AT) +
               ids[i];
    }
    return sum;
}

/* --- ours --- */

static inline double decode(const struct message *message)
{
    const struct hz_sample *sample;
    uint32_t count;

    if (hz_decode(decoder, message->payload.at, message->payload.length, &sample, &count) !=
            HZ_VERDICT_OK ||
        count != 1 || sample->verdict != HZ_VERDICT_OK || sample->kind == HZ_VALUE_NONE)
        return NAN;
    return (double)(sample->source_ms % 1000) + sample->f64;
}

static double decode_all(const struct message *some, const uint32_t *ids)
{
    double sum = 0;

    for (uint32_t i = 0; i < WINDOW; i++)
        sum += decode(&some[i]) + ids[i];
    return sum;
}

static inline struct hz_slice key_of(const struct message *message, char *room)
{
    struct hz_topic_match match;

    if (!hz_topic_match(topic, message->topic, &match))
        return (struct hz_slice){"", 0};
    return hz_topic_key(topic, &match, (struct hz_slice){"", 0}, room);
}

static double one_by_one(const struct message *some, const uint32_t *ids)
{
    (void)ids; /* they are looked for */
    char room[HZ_KEY_BYTES_MAX + 1];
    double sum = 0;

    for (uint32_t i = 0; i < WINDOW; i++) {
        struct hz_slice key = key_of(&some[i], room);
        sum += decode(&some[i]) + hz_names_find(names, HZ_NAMED_POINT, key.at, key.length);
    }
    return sum;
}

static double begin_group(const struct message *some, struct hz_names_seek *seeks)
{
    char room[HZ_KEY_BYTES_MAX + 1];
    double sum = 0;

    for (uint32_t i = 0; i < GROUP; i++) {
        sum += decode(&some[i]);
        hz_names_seek(names, HZ_NAMED_POINT, key_of(&some[i], room), &seeks[i]);
    }
    return sum;
}

static double end_group(struct hz_names_seek *seeks)
{
    double sum = 0;

    hz_names_seek_keys(names, HZ_NAMED_POINT, seeks, GROUP);
    for (uint32_t i = 0; i < GROUP; i++)
        sum += seeks[i].id;
    return sum;
}

/* As ingest_message.c does: a group begins, those before it go a step on, the oldest ends. */
static double in_batches(const struct message *some, const uint32_t *ids)
{
    (void)ids; /* they are looked for */
    static struct hz_names_seek seeks[BATCH];
    double sum = 0;

    for (uint32_t n = 0; n < GROUPS + 3; n++) {
        if (n < GROUPS)
            sum += begin_group(&some[n * GROUP], &seeks[n * GROUP % BATCH]);
        if (n >= 1 && n < GROUPS + 1)
            hz_names_seek_slots(names, HZ_NAMED_POINT, &seeks[(n - 1) * GROUP % BATCH], GROUP);
        if (n >= 2 && n < GROUPS + 2)
            hz_names_seek_places(names, HZ_NAMED_POINT, &seeks[(n - 2) * GROUP % BATCH], GROUP);
        if (n >= 3)
            sum += end_group(&seeks[(n - 3) * GROUP % BATCH]);
    }
    return sum;
}

/* Message by message, with the numbers written; the sums say it for the rest. */
static void prove(void)
{
    char room[HZ_KEY_BYTES_MAX + 1];

    for (uint32_t i = 0; i < MESSAGES; i++) {
        const char *payload = messages[i].payload.at;
        struct hz_slice key = key_of(&messages[i], room);
        hz_assert(hz_names_find(names, HZ_NAMED_POINT, key.at, key.length) == wanted_ids[i]);
        hz_assert(decode(&messages[i]) == (double)(scan_integer(payload + STAMP_AT) % 1000) +
                                              scan_number(payload + VALUE_AT));
    }
}

struct way {
    const char *what;
    double (*run)(const struct message *some, const uint32_t *ids);
    double bar; /* times the floor at most */
};

static const struct way ways[] = {
    {"scan of two numbers at known places, ns", scan, NAN},
    {"hz_decode, ns", decode_all, 2},
    {"message to point, one by one, ns", one_by_one, NAN},
    {"message to point, batches of 32, ns", in_batches, 3},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void bench_way(void)
{
    static double samples[WAYS][ROUNDS];
    struct hz_bench benches[WAYS];

    for (size_t k = 0; k < WAYS; k++)
        benches[k] = hz_bench("decode", ways[k].what, samples[k], ROUNDS);
    uint64_t before = allocations;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t k = 0; k < WAYS; k++) {
            uint32_t first = (uint32_t)round * WINDOW % MESSAGES;
            uint64_t start = now_ns();
            double sum = ways[k].run(&messages[first], &wanted_ids[first]);
            hz_bench_add(&benches[k], (double)(now_ns() - start) / WINDOW);
            hz_assert(fabs(sum - wanted_sums[first / WINDOW]) <
                      1e-3); /* rounded in another order */
        }
    }
    hz_assert(allocations == before);
    double floor = hz_bench_median(&benches[0]);
    for (size_t k = 0; k < WAYS; k++) {
        double times = hz_bench_median(&benches[k]) / floor;
        hz_bench_print(&benches[k], k > 0 ? 1 / times : NAN, 1 / ways[k].bar);
        if (k > 0)
            printf("         %.2f times the scan\n", times);
    }
    printf("         allocations: %llu\n", (unsigned long long)(allocations - before));
}

/* --- other payloads --- */

/* What is repeated: `name`, its number, `value`, the number that is the value, `end`. */
struct kind {
    const char *what;
    struct hz_filter_config mapping;
    const char *before, *name, *value, *end, *after;
    unsigned readings;
};

#define VALUE(...)                                                                                 \
    {                                                                                              \
        .format = HZ_PAYLOAD_VALUE, .value = "v", .stamp = "ts", __VA_ARGS__                       \
    }
#define MAP(...)                                                                                   \
    {                                                                                              \
        .format = HZ_PAYLOAD_MAP, .values = "values", .stamp = "ts", __VA_ARGS__                   \
    }
#define ARRAY                                                                                      \
    {                                                                                              \
        .format = HZ_PAYLOAD_ARRAY, .name = "name", .value = "v", .stamp = "ts"                    \
    }

static const struct kind kinds[] = {
    {"value, blanks in it", VALUE(.quality = ""), "{ \"ts\": 1763900000123, \"v\": ", NULL, "",
     ".5", " }", 1},
    {"value, other fields, quality", VALUE(.quality = "q"),
     "{\"id\":\"LT101\",\"unit\":\"kPa\",\"ts\":1763900000123,\"v\":", NULL, "", ".5",
     ",\"q\":\"good\"}", 1},
    {"value, RFC 3339", VALUE(.quality = ""), "{\"ts\":\"2025-11-23T12:13:20.123Z\",\"v\":", NULL,
     "", ".5", "}", 1},
    {"map of 10", MAP(.value = "v"), "{\"ts\":1763900000123,\"values\":{", "\"LT", "\":", ".5",
     "}}", 10},
    {"map of 100", MAP(.value = "v"), "{\"ts\":1763900000123,\"values\":{", "\"LT", "\":", ".5",
     "}}", 100},
    {"map of 100 objects", MAP(.value = "v", .quality = "q"), "{\"values\":{", "\"LT",
     "\":{\"v\":", ".5,\"q\":192}", "}}", 100},
    {"array of 100", ARRAY, "[", "{\"name\":\"LT", "\",\"ts\":1763900000123,\"v\":", ".5}", "]",
     100},
};

static size_t build(const struct kind *kind, char *to, size_t size)
{
    struct hz_text text = hz_text_in(to, size);

    hz_text_puts(&text, kind->before);
    for (unsigned i = 0; i < kind->readings; i++) {
        hz_text_puts(&text, i > 0 ? "," : "");
        if (kind->name) {
            hz_text_puts(&text, kind->name);
            hz_text_uint(&text, i);
        }
        hz_text_puts(&text, kind->value);
        hz_text_uint(&text, 10 + i);
        hz_text_puts(&text, kind->end);
    }
    hz_text_puts(&text, kind->after);
    hz_assert(!text.overflow);
    return text.length;
}

static double run_ours(struct hz_decoder *own, const char *payload, size_t length)
{
    const struct hz_sample *samples;
    uint32_t count;
    double sum = 0;

    if (hz_decode(own, payload, length, &samples, &count) != HZ_VERDICT_OK)
        return NAN;
    for (uint32_t i = 0; i < count; i++)
        sum += samples[i].verdict == HZ_VERDICT_OK ? samples[i].f64 : NAN;
    return sum;
}

#ifdef HAVE_CJSON

static double cjson_value(const cJSON *json)
{
    return cJSON_IsObject(json) ? cJSON_GetObjectItemCaseSensitive(json, "v")->valuedouble
                                : json->valuedouble;
}

/* Only the values: neither stamps nor names nor qualities are looked at. */
static double run_rival(const struct kind *kind, const char *payload, size_t length)
{
    cJSON *json = cJSON_ParseWithLength(payload, length);
    const cJSON *one, *list = json;
    double sum = 0;

    hz_assert(json);
    if (kind->mapping.format == HZ_PAYLOAD_VALUE) {
        sum = cjson_value(json);
    } else {
        if (kind->mapping.format == HZ_PAYLOAD_MAP)
            list = cJSON_GetObjectItemCaseSensitive(json, "values");
        cJSON_ArrayForEach(one, list) sum += cjson_value(one);
    }
    cJSON_Delete(json);
    return sum;
}

#endif

/* Nanoseconds a reading. */
static double time_ours(const struct kind *kind, struct hz_decoder *own, const char *payload,
                        size_t length, double wanted)
{
    unsigned times = 5000 / kind->readings;
    double sum = 0;

    uint64_t start = now_ns();
    for (unsigned i = 0; i < times; i++)
        sum += run_ours(own, payload, length);
    uint64_t end = now_ns();
    hz_assert(sum == wanted * times);
    return (double)(end - start) / times / kind->readings;
}

static double time_rival(const struct kind *kind, const char *payload, size_t length, double wanted)
{
#ifdef HAVE_CJSON
    unsigned times = 5000 / kind->readings;
    double sum = 0;

    uint64_t start = now_ns();
    for (unsigned i = 0; i < times; i++)
        sum += run_rival(kind, payload, length);
    uint64_t end = now_ns();
    hz_assert(sum == wanted * times);
    return (double)(end - start) / times / kind->readings;
#else
    (void)kind;
    (void)payload;
    (void)length;
    (void)wanted;
    return NAN;
#endif
}

static void bench_kind(const struct kind *kind)
{
    static double samples[2][ROUNDS];
    static char payload[1 << 14];
    struct hz_bench own = hz_bench("decode", kind->what, samples[0], ROUNDS);
    struct hz_bench rival = hz_bench("decode", "cJSON of the same", samples[1], ROUNDS);
    struct hz_decoder *one;
    size_t length = build(kind, payload, sizeof(payload));
    double wanted = kind->readings * (10.5 + (kind->readings - 1) / 2.0);

    hz_assert(hz_decoder_new(&kind->mapping, zone, &one) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        hz_bench_add(&own, time_ours(kind, one, payload, length, wanted));
        hz_bench_add(&rival, time_rival(kind, payload, length, wanted));
    }
    hz_bench_print(&own, hz_bench_median(&rival) / hz_bench_median(&own), NAN);
    hz_bench_print(&rival, NAN, NAN);
    hz_decoder_free(one);
}

int main(void)
{
    hz_bench_pin(0);
    make();
    prove();
    bench_way();
    printf("\nns a reading; ratio: cJSON's time to ours\n");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        bench_kind(&kinds[i]);
    hz_decoder_free(decoder);
    hz_topic_free(topic);
    hz_names_free(names);
    hz_zone_free(zone);
    return EXIT_SUCCESS;
}
