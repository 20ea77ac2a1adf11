/* SPDX-License-Identifier: Apache-2.0
 *
 * How many readings does the engine evaluate a second, and what does a point cost? A million points,
 * each with four limits, deadband, delays, INVALID and STALE, in random order, one transition in a
 * thousand readings. Beside it, by turns on the same readings: what memory alone allows, a read and
 * write of one random line of 64 bytes for each reading, prefetched, on huge pages like the engine's,
 * and nothing else. Bar: half of that. Then, for information, 10 000 points, whose state stays in the
 * cache. Processor time counts, not the clock on the wall.
 *
 * First the answer is proved: every transition of every round, by point, event and time.
 */
#include "hz_bench.h"

#include "hz_arena.h"
#include "hz_clock.h"
#include "hz_engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS      21
#define ENTERPRISES 1000u
#define BLOCK_COUNT 1000u /* readings in a block: an arrival of 24 KB */
#define PREFETCH    12u   /* the best of 4 to 32 for the memory alone */
#define INTERVAL_NS (10 * HZ_NS_PER_S)
#define EPOCH_NS    (INT64_C(1763900000) * HZ_NS_PER_S)
#define EXCURSIONS  2000u /* one point in so many leaves its band in a round: a raise and a clear */
#define BYTES_BAR   125.0
#define RATIO_BAR   0.5
#define TRANSITIONS 8192u /* in a round at most */

static const char rules[] = "schema: 1\n"
                            "rules:\n"
                            "- id: r\n"
                            "  limits:\n"
                            "    HH: {severity: red, delay: 3s, clear_delay: 5s}\n"
                            "    H: {severity: orange, delay: 5s, clear_delay: 7s}\n"
                            "    L: {severity: yellow, delay: 5s, clear_delay: 7s}\n"
                            "    LL: {severity: orange, delay: 3s, clear_delay: 5s}\n"
                            "  deadband: 2 %span\n"
                            "  invalid: {severity: yellow, after: 60s}\n"
                            "  stale: {severity: yellow, after: 3 intervals}\n";
static const char config[] = "feeds:\n"
                             "- name: a\n"
                             "  address: h:1883\n"
                             "  client_id: c\n"
                             "  filters:\n"
                             "  - filter: hz/#\n"
                             "    topic: hz/{enterprise}/{hazard}/{point}\n";

static void must(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "bench_engine: %s: %s\n", what, hz_strerror(result));
    exit(1);
}

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) * below >> 31);
}

/* Of this thread: others share the machine. */
static uint64_t cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail for this id */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");

    if (!statm || fscanf(statm, "%*u %lu", &pages) != 1)
        pages = 0;
    if (statm)
        (void)fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* --- the world --- */

struct world {
    uint32_t points;
    struct hz_names *names;
    struct hz_set *set;
    struct hz_engine *engine;
    struct hz_block **blocks; /* one round: every point once */
    uint32_t block_count;
    struct hz_transition *said;
    char *lines; /* the memory alone */
    int64_t jt_ns;
    uint64_t seq, round;
    double ruleset_bytes, engine_bytes;
};

static void add_file(struct hz_files *files, const char *path, struct hz_text *text)
{
    hz_assert(!text->overflow);
    must(hz_files_add(files, path, text->at, text->length), path);
}

static void add_points(struct hz_files *files, uint32_t points)
{
    size_t size = (size_t)points * 48 + 4096;
    char *memory = malloc(size);
    struct hz_text text = hz_text_in(memory, size);

    hz_assert(memory);
    hz_text_puts(&text, "enterprise,hazard,code,kind,range_low,range_high,LL,L,H,HH,interval\n");
    for (uint32_t i = 0; i < points; i++)
        hz_text_format(&text, "E%u,Z,P%u,level,0,100,5,10,90,95,10s\n", i % ENTERPRISES,
                       i / ENTERPRISES);
    add_file(files, "points.csv", &text);
    free(memory);
}

static void add_sites(struct hz_files *files)
{
    static char enterprises[32768], hazards[32768], gateways[65536];
    struct hz_text enterprise = hz_text_in(enterprises, sizeof(enterprises));
    struct hz_text hazard = hz_text_in(hazards, sizeof(hazards));
    struct hz_text gateway = hz_text_in(gateways, sizeof(gateways));

    hz_text_puts(&enterprise, "code\n");
    hz_text_puts(&hazard, "enterprise,code\n");
    hz_text_puts(&gateway, "enterprise,code,feed,interval\n");
    for (uint32_t i = 0; i < ENTERPRISES; i++) {
        hz_text_format(&enterprise, "E%u\n", i);
        hz_text_format(&hazard, "E%u,Z\n", i);
        hz_text_format(&gateway, "E%u,G%u,a,10s\n", i, i);
    }
    add_file(files, "enterprises.csv", &enterprise);
    add_file(files, "hazards.csv", &hazard);
    add_file(files, "gateways.csv", &gateway);
}

static void build_set(struct world *world)
{
    struct hz_files files;
    struct hz_diagnostics diagnostics;

    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    must(hz_files_add(&files, "hazardd.yaml", config, strlen(config)), "hazardd.yaml");
    must(hz_files_add(&files, "rules.d/r.yaml", rules, strlen(rules)), "rules.d");
    add_sites(&files);
    add_points(&files, world->points);
    must(hz_names_new(&world->names), "names");
    must(hz_set_build(&files, world->names, &diagnostics, &world->set), "set");
    hz_files_done(&files);
    hz_diagnostics_done(&diagnostics);
}

static struct hz_ruleset *compile(struct world *world)
{
    struct hz_diagnostics diagnostics;
    struct hz_ruleset *ruleset = NULL;
    double before = resident_bytes();
    uint64_t start = cpu_ns();

    hz_diagnostics_init(&diagnostics);
    must(hz_ruleset_compile(world->set, &diagnostics, &ruleset), "compile");
    printf("%u points compiled in %.3f s\n", world->points, (double)(cpu_ns() - start) / 1e9);
    hz_diagnostics_done(&diagnostics);
    world->ruleset_bytes = resident_bytes() - before;
    hz_registry_drop_limits(world->set->registry);
    return ruleset;
}

/* --- a round of readings --- */

static void shuffle(uint32_t *order, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = random_below(i), was = order[i - 1];
        order[i - 1] = order[other];
        order[other] = was;
    }
}

static void make_blocks(struct world *world)
{
    uint32_t *order = malloc(world->points * sizeof(*order));
    size_t bytes = sizeof(struct hz_block) + BLOCK_COUNT * sizeof(struct hz_reading);

    world->block_count = world->points / BLOCK_COUNT;
    world->blocks = malloc(world->block_count * sizeof(*world->blocks));
    hz_assert(order && world->blocks);
    for (uint32_t i = 0; i < world->points; i++)
        order[i] = i + 1; /* ids are given in the order of rows */
    shuffle(order, world->points);
    for (uint32_t i = 0; i < world->block_count; i++) {
        struct hz_block *block = world->blocks[i] = calloc(1, bytes);
        hz_assert(block);
        hz_block_init(block, HZ_BLOCK_READINGS, 1);
        block->count = BLOCK_COUNT;
        block->bytes = (uint32_t)bytes;
        struct hz_reading *readings = (struct hz_reading *)(block + 1);
        for (uint32_t k = 0; k < BLOCK_COUNT; k++)
            readings[k] = (struct hz_reading){.point.v = order[i * BLOCK_COUNT + k],
                                              .flags = HZ_READING_ARRIVAL};
    }
    free(order);
}

/* Which points are out of their band in a round: others in each of 16 rounds. */
static bool is_out(uint32_t point, uint64_t round)
{
    return point % EXCURSIONS == 37 * (round % 16) % EXCURSIONS && round > 0;
}

/* The present round's stamps, values and times. Not timed. */
static void fill_blocks(struct world *world)
{
    int64_t step_ns = INTERVAL_NS / world->block_count;

    for (uint32_t i = 0; i < world->block_count; i++) {
        struct hz_block *block = world->blocks[i];
        struct hz_reading *readings = (struct hz_reading *)(block + 1);

        world->jt_ns += step_ns;
        block->jt_ns = world->jt_ns;
        block->wall_ns = EPOCH_NS + world->jt_ns;
        block->seq = world->seq;
        world->seq += BLOCK_COUNT;
        for (uint32_t k = 0; k < BLOCK_COUNT; k++) {
            bool out = is_out(readings[k].point.v, world->round);
            readings[k].source_ms = block->wall_ns / HZ_NS_PER_MS - 20;
            readings[k].value.f64 = out ? 92 : 20 + (double)random_below(60);
        }
    }
    world->round++;
}

/* --- the engine --- */

/* Transitions go behind the first `said` of this round; gives how many. */
static size_t apply(struct world *world, const struct hz_block *block, size_t said)
{
    size_t all = 0, count;
    bool done;

    do {
        hz_assert(said + all + HZ_ENGINE_ROOM_MIN <= TRANSITIONS);
        done = hz_engine_apply(world->engine, block, world->said + said + all,
                               TRANSITIONS - said - all, &count);
        all += count;
    } while (!done);
    return all;
}

static void begin(struct world *world, struct hz_ruleset *ruleset)
{
    char bytes[1024] = {0};
    struct hz_block *block = (void *)bytes;

    hz_engine_offer(world->engine, ruleset);
    hz_block_init(block, HZ_BLOCK_CONTROL, 0);
    struct hz_record_start start = {.head = {.kind = HZ_RECORD_START, .bytes = sizeof(start)},
                                    .term = 1,
                                    .journal = {1, 2},
                                    .semantics = HZ_SEMANTICS_VERSION};
    struct hz_record_ruleset set = {.head = {.kind = HZ_RECORD_RULESET, .bytes = sizeof(set)},
                                    .set = world->set->digest};
    struct hz_record_feed feed = {.head = {.kind = HZ_RECORD_FEED, .bytes = sizeof(feed)},
                                  .feed = 1,
                                  .state = HZ_FEED_CONNECTED};
    hz_assert(hz_block_add_record(block, sizeof(bytes), &start.head) &&
              hz_block_add_record(block, sizeof(bytes), &set.head) &&
              hz_block_add_record(block, sizeof(bytes), &feed.head));
    block->seq = 1;
    block->wall_ns = EPOCH_NS;
    world->seq = 4;
    hz_assert(apply(world, block, 0) == 0);
}

static void take_news(struct world *world)
{
    struct hz_news news[256];

    while (hz_engine_take_news(world->engine, news, 256) > 0)
        continue;
}

/* --- the proof --- */

struct proof {
    int64_t *first_ns; /* arrival of each point's reading in round 0 */
    size_t said;
};

static void begin_proof(struct proof *proof, const struct world *world)
{
    proof->said = 0;
    proof->first_ns = calloc(world->points + (size_t)1, sizeof(*proof->first_ns));
    hz_assert(proof->first_ns);
    for (uint32_t i = 0; i < world->block_count; i++)
        for (uint32_t k = 0; k < BLOCK_COUNT; k++)
            proof->first_ns[hz_block_readings(world->blocks[i])[k].point.v] =
                world->blocks[i]->jt_ns;
}

/* A point that is out raises 5 s after; its next reading, 10 s later, is back: 7 s more to clear. */
#define RAISE_NS (5 * HZ_NS_PER_S)
#define CLEAR_NS (INTERVAL_NS + 7 * HZ_NS_PER_S)

static void prove_each(struct proof *proof, const struct world *world, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct hz_transition *one = &world->said[i];
        bool raise = one->event == HZ_EVENT_RAISE;
        int64_t out_ns = one->jt_ns - (raise ? RAISE_NS : CLEAR_NS) - proof->first_ns[one->point];

        hz_assert(raise || one->event == HZ_EVENT_CLEAR);
        hz_assert(out_ns % INTERVAL_NS == 0 &&
                  is_out(one->point, (uint64_t)(out_ns / INTERVAL_NS)));
        hz_assert(one->kind == HZ_KIND_LIMIT && one->level == HZ_LEVEL_H && one->limit == 90);
        hz_assert(one->number == proof->said + i + 1);
    }
    proof->said += count;
}

/* None is missing: whatever was due by now has been said. */
static void end_proof(struct proof *proof, const struct world *world)
{
    struct hz_engine_counts counts;
    size_t wanted = 0;

    for (uint64_t round = 0; round < world->round; round++)
        for (uint32_t point = 1; point <= world->points; point++) {
            int64_t out_ns = proof->first_ns[point] + (int64_t)round * INTERVAL_NS;
            if (is_out(point, round))
                wanted += (size_t)(out_ns + RAISE_NS <= world->jt_ns) +
                          (size_t)(out_ns + CLEAR_NS <= world->jt_ns);
        }
    hz_engine_counts(world->engine, &counts);
    hz_assert(wanted == proof->said && wanted == counts.transitions);
    hz_assert(counts.evaluated == world->round * world->points);
    printf("proved: %zu transitions of %u points in %llu rounds\n", wanted, world->points,
           (unsigned long long)world->round);
    free(proof->first_ns);
}

/* --- rounds --- */

/* Million readings a second of processor time. */
static double speed(const struct world *world, uint64_t start_ns)
{
    return (double)world->points * 1e3 / (double)(cpu_ns() - start_ns);
}

static double engine_round(struct world *world, struct proof *proof)
{
    uint64_t start = cpu_ns();
    size_t count = 0;

    for (uint32_t i = 0; i < world->block_count; i++)
        count += apply(world, world->blocks[i], count);
    double result = speed(world, start);
    prove_each(proof, world, count);
    return result;
}

struct line {
    double value;
    int64_t stamp;
    uint64_t count;
    char rest[40];
};

static double memory_round(struct world *world)
{
    struct line *lines = (void *)world->lines;
    uint64_t start = cpu_ns();

    for (uint32_t i = 0; i < world->block_count; i++) {
        const struct hz_reading *readings = hz_block_readings(world->blocks[i]);
        for (uint32_t k = 0; k < BLOCK_COUNT; k++) {
            uint32_t ahead = k + PREFETCH < BLOCK_COUNT ? k + PREFETCH : BLOCK_COUNT - 1;
            struct line *line = &lines[readings[k].point.v];

            __builtin_prefetch(&lines[readings[ahead].point.v], 1);
            line->value = readings[k].value.f64;
            line->stamp = readings[k].source_ms;
            line->count++;
        }
    }
    return speed(world, start);
}

/* --- one size --- */

static void world_free(struct world *world)
{
    hz_engine_free(world->engine);
    hz_set_unref(world->set);
    hz_names_free(world->names);
    hz_reserve_free(world->lines, ((size_t)world->points + 1) * sizeof(struct line));
    for (uint32_t i = 0; i < world->block_count; i++)
        free(world->blocks[i]);
    free(world->blocks);
    free(world->said);
}

static void build(struct world *world, struct proof *proof)
{
    world->said = calloc(TRANSITIONS, sizeof(*world->said));
    world->lines = hz_reserve(((size_t)world->points + 1) * sizeof(struct line));
    hz_assert(world->said && world->lines);
    (void)madvise(world->lines, ((size_t)world->points + 1) * sizeof(struct line), MADV_HUGEPAGE);
    memset(world->said, 1,
           TRANSITIONS * sizeof(*world->said)); /* there before memory is measured */
    build_set(world);
    make_blocks(world);
    fill_blocks(world);
    begin_proof(proof, world);
    struct hz_ruleset *ruleset = compile(world);
    double before = resident_bytes();
    must(hz_engine_new(&world->engine), "engine");
    begin(world, ruleset);
    world->engine_bytes = -before;
}

static void bench_bytes(const struct world *world)
{
    double bytes = (world->ruleset_bytes + world->engine_bytes) / world->points;
    struct hz_bench bench = hz_bench("engine", "bytes a point, rules and state", &bytes, 1);

    printf("rules %.1f, state %.1f bytes a point\n", world->ruleset_bytes / world->points,
           world->engine_bytes / world->points);
    hz_bench_add(&bench, bytes);
    hz_bench_print(&bench, BYTES_BAR / bytes, 1);
}

static void bench_points(uint32_t points, const char *engine_name, const char *memory_name,
                         double bar)
{
    static double engine_samples[ROUNDS], memory_samples[ROUNDS];
    struct hz_bench engine = hz_bench("engine", engine_name, engine_samples, ROUNDS);
    struct hz_bench memory = hz_bench("engine", memory_name, memory_samples, ROUNDS);
    struct world world = {.points = points};
    struct proof proof;

    build(&world, &proof);
    for (int round = -2; round < ROUNDS; round++) {
        double own, floor;

        /* Whoever comes first finds the readings just written: by turns. */
        if (round % 2 == 0)
            floor = memory_round(&world);
        own = engine_round(&world, &proof);
        if (round % 2 != 0)
            floor = memory_round(&world);

        if (round == -1 && isfinite(bar)) {
            world.engine_bytes += resident_bytes() - (double)(points + 1) * sizeof(struct line);
            bench_bytes(&world);
        }
        if (round >= 0) { /* the first rounds touch pages */
            hz_bench_add(&engine, own);
            hz_bench_add(&memory, floor);
        }
        take_news(&world);
        if (round + 1 < ROUNDS)
            fill_blocks(&world);
    }
    end_proof(&proof, &world);
    hz_bench_print(&memory, NAN, NAN);
    hz_bench_print(&engine, hz_bench_median(&engine) / hz_bench_median(&memory), bar);
    world_free(&world);
}

int main(void)
{
    hz_bench_pin(0);
    bench_points(1000000, "1 M points, M readings/s", "memory alone, 1 M lines, M/s", RATIO_BAR);
    bench_points(10000, "10 k points, M readings/s", "memory alone, 10 k lines, M/s", NAN);
    return EXIT_SUCCESS;
}
