/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine alone: 100 000 points, 1 000 rules, a stream of readings in blocks of an arrival each; in the
 * middle of it a `ruleset` record, and the ticks that the ingest writes while its list is worked off. Counted is processor time of each call of hz_engine_apply, from
 * which come the longest one, all those of the record, and what the reload adds to the end. Three runs
 * by turns on the same readings: no other set; one that was compared beforehand; one that was not.
 *
 *     one     a limit of one point            all     a limit of every point
 *     rows    1 000 points leave, 1 000 come  silence STALE of every point after another time
 *
 * First the answer is proved: both ways said the same, byte for byte, and have the same state. Bar: 1 ms
 * for the longest call. What the builder does beforehand (hz_ruleset_compare) is shown beside it.
 */
#include "reload.h"

#include "hz_bench.h"
#include "hz_clock.h"
#include "hz_engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS      15
#define POINTS      RELOAD_POINTS
#define RULES       RELOAD_RULES
#define MOVED       1000u
#define BLOCK_COUNT 1000u
#define BLOCKS      (POINTS / BLOCK_COUNT) /* every point once in 10 s */
#define INTERVAL_NS (10 * HZ_NS_PER_S)
#define EPOCH_NS    (INT64_C(1763900000) * HZ_NS_PER_S)
#define SWAP_AT     (2 * BLOCKS + BLOCKS / 2)
#define ALL_BLOCKS  (4 * BLOCKS)
#define ROOM        64u /* as the daemon asks for */
#define BAR_US      1000.0

struct change {
    const char *name;
    const char *one_h, *all_h; /* H of the first point and of the others */
    const char *stale;
    uint32_t from; /* the first row */
};

static const struct change base = {"base", "90", "90", "30s", 0};
static const struct change changes[] = {
    {"one", "85", "90", "30s", 0},
    {"all", "85", "85", "30s", 0},
    {"rows", "90", "90", "30s", MOVED},
    {"silence", "90", "90", "25s", 0},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static void must(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "bench_reload: %s: %s\n", what, hz_strerror(result));
    exit(1);
}

/* Of this thread: others share the machine. */
static uint64_t cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail for this id */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- sets --- */

static void add_file(struct hz_files *files, const char *path, struct hz_text *text)
{
    hz_assert(!text->overflow);
    must(hz_files_add(files, path, text->at, text->length), path);
}

static void add_points(struct hz_files *files, const struct change *change, char *memory,
                       size_t size)
{
    struct hz_text text = hz_text_in(memory, size);

    hz_text_puts(&text, "enterprise,hazard,code,kind,range_low,range_high,LL,L,H,HH,interval\n");
    for (uint32_t i = change->from; i < POINTS + change->from; i++)
        hz_text_format(&text, "E%u,Z,P%u,level,0,100,5,10,%s,95,10s\n", i % RULES, i / RULES,
                       i == 0 ? change->one_h : change->all_h);
    add_file(files, "points.csv", &text);
}

static void add_rules(struct hz_files *files, const struct change *change, char *memory,
                      size_t size)
{
    struct hz_text text = hz_text_in(memory, size);

    hz_text_puts(&text, "schema: 1\nrules:\n");
    for (uint32_t i = 0; i < RULES; i++)
        hz_text_format(&text,
                       "- id: r%u\n  select: {enterprise: E%u}\n  limits:\n"
                       "    HH: {severity: red, delay: 3s, clear_delay: 5s}\n"
                       "    H: {severity: orange, delay: 5s, clear_delay: 7s}\n"
                       "    L: {severity: yellow, delay: 5s, clear_delay: 7s}\n"
                       "    LL: {severity: orange, delay: 3s, clear_delay: 5s}\n"
                       "  deadband: 2 %%span\n  invalid: {severity: yellow, after: 60s}\n"
                       "  stale: {severity: yellow, after: %s}\n",
                       i, i, change->stale);
    add_file(files, "rules.d/r.yaml", &text);
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
    for (uint32_t i = 0; i < RULES; i++) {
        hz_text_format(&enterprise, "E%u\n", i);
        hz_text_format(&hazard, "E%u,Z\n", i);
        hz_text_format(&gateway, "E%u,G%u,a,10s\n", i, i);
    }
    add_file(files, "enterprises.csv", &enterprise);
    add_file(files, "hazards.csv", &hazard);
    add_file(files, "gateways.csv", &gateway);
}

static struct hz_set *set_new(struct hz_names *names, const struct change *change)
{
    static const char config[] =
        "feeds:\n- name: a\n  address: h:1883\n  client_id: c\n"
        "  filters:\n  - filter: hz/#\n    topic: hz/{enterprise}/{hazard}/{point}\n";
    size_t size = (size_t)POINTS * 64;
    char *memory = malloc(size);
    struct hz_diagnostics diagnostics;
    struct hz_files files;
    struct hz_set *set;

    hz_assert(memory);
    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    must(hz_files_add(&files, "hazardd.yaml", config, strlen(config)), "hazardd.yaml");
    add_sites(&files);
    add_rules(&files, change, memory, size);
    add_points(&files, change, memory, size);
    must(hz_set_build(&files, names, &diagnostics, &set), change->name);
    hz_files_done(&files);
    hz_diagnostics_done(&diagnostics);
    free(memory);
    return set;
}

static struct hz_ruleset *compile(struct hz_set *set)
{
    struct hz_diagnostics diagnostics;
    struct hz_ruleset *ruleset;

    hz_diagnostics_init(&diagnostics);
    must(hz_ruleset_compile(set, &diagnostics, &ruleset), "compile");
    hz_diagnostics_done(&diagnostics);
    return ruleset;
}

/* --- a run --- */

struct run {
    struct hz_engine *engine;
    struct hz_block *block;
    uint64_t seq, longest_ns, whole_ns, record_ns;
    int64_t jt_ns;
    struct hz_digest said;
    uint64_t said_count;
};

static void fold(struct run *run, const struct hz_transition *said, size_t count)
{
    struct {
        struct hz_digest before;
        struct hz_transition one;
    } piece;

    for (size_t i = 0; i < count; i++) {
        memset(&piece, 0, sizeof(piece));
        piece.before = run->said;
        piece.one = said[i];
        run->said = hz_digest(&piece, sizeof(piece));
    }
    run->said_count += count;
}

/* Counts the calls' time when `timed`. */
static void apply(struct run *run, bool timed)
{
    struct hz_transition said[ROOM];
    size_t count;
    bool done;

    do {
        uint64_t start = cpu_ns();
        done = hz_engine_apply(run->engine, run->block, said, ROOM, &count);
        uint64_t took_ns = cpu_ns() - start;
        fold(run, said, count);
        if (!timed)
            continue;
        run->longest_ns = took_ns > run->longest_ns ? took_ns : run->longest_ns;
        run->whole_ns += took_ns;
    } while (!done);
    run->seq += run->block->count;
}

static void begin_block(struct run *run, enum hz_block_kind kind, uint16_t feed)
{
    hz_block_init(run->block, kind, feed);
    run->block->seq = run->seq;
    run->block->jt_ns = run->jt_ns;
    run->block->wall_ns = EPOCH_NS + run->jt_ns;
}

static void control(struct run *run, const void *record, bool timed)
{
    begin_block(run, HZ_BLOCK_CONTROL, 0);
    hz_assert(hz_block_add_record(run->block, HZ_BLOCK_BYTES_MAX, record));
    apply(run, timed);
}

static void ruleset(struct run *run, const struct hz_set *set, bool timed)
{
    struct hz_record_ruleset record = {.head = {.kind = HZ_RECORD_RULESET, .bytes = sizeof(record)},
                                       .set = set->digest};

    control(run, &record, timed);
}

/* One point in a hundred is in alarm, one between the old limit and the new. */
static double value_of(uint32_t point, uint32_t block)
{
    return point % 100 == 0 ? 92 : point % 100 == 1 ? 87 : 20 + (point * 7 + block) % 60;
}

/* An arrival of the n-th thousandth of the points, from all over. */
static void readings(struct run *run, uint32_t n, bool timed)
{
    struct hz_reading *to = (struct hz_reading *)(run->block + 1);

    begin_block(run, HZ_BLOCK_READINGS, 1);
    run->block->count = BLOCK_COUNT;
    run->block->bytes += (uint32_t)(BLOCK_COUNT * sizeof(*to));
    for (uint32_t i = 0; i < BLOCK_COUNT; i++) {
        uint32_t point = 1 + i * BLOCKS + n % BLOCKS;
        to[i] = (struct hz_reading){.source_ms = run->block->wall_ns / HZ_NS_PER_MS - 20,
                                    .value.f64 = value_of(point, n),
                                    .point.v = point,
                                    .flags = HZ_READING_ARRIVAL};
    }
    apply(run, timed);
}

static void begin_run(struct run *run, struct hz_set *set)
{
    struct hz_record_start start = {.head = {.kind = HZ_RECORD_START, .bytes = sizeof(start)},
                                    .term = 1,
                                    .journal = {1, 2},
                                    .semantics = HZ_SEMANTICS_VERSION};
    struct hz_record_feed feed = {.head = {.kind = HZ_RECORD_FEED, .bytes = sizeof(feed)},
                                  .feed = 1,
                                  .state = HZ_FEED_CONNECTED};

    *run = (struct run){.seq = 1, .block = calloc(1, HZ_BLOCK_BYTES_MAX)};
    hz_assert(run->block);
    must(hz_engine_new(&run->engine), "engine");
    hz_engine_offer(run->engine, compile(set));
    control(run, &start, false);
    ruleset(run, set, false);
    control(run, &feed, false);
}

/* The engine has caught up: a tick, as long as it wants one. */
static void tick_while_listed(struct run *run)
{
    struct hz_record_tick tick = {.head = {.kind = HZ_RECORD_TICK, .bytes = sizeof(tick)}};

    if (hz_engine_next_due_ns(run->engine) <= run->jt_ns)
        control(run, &tick, true);
}

static void swap(struct run *run, struct hz_set *set, bool compared, double *ret_compare_ms)
{
    struct hz_ruleset *next = compile(set), *retired;
    uint64_t start = cpu_ns();

    if (compared)
        must(hz_ruleset_compare(next, hz_engine_ruleset(run->engine)), "compare");
    *ret_compare_ms = (double)(cpu_ns() - start) / 1e6;
    hz_engine_offer(run->engine, next);
    ruleset(run, set, true);
    run->record_ns = run->whole_ns;
    while ((retired = hz_engine_take_retired(run->engine)) != NULL)
        hz_ruleset_free(retired);
}

/* `next` NULL: no other set. */
static void run_through(struct run *run, struct hz_set *set, struct hz_set *next, bool compared,
                        double *ret_compare_ms)
{
    begin_run(run, set);
    for (uint32_t n = 0; n < ALL_BLOCKS; n++) {
        bool timed = n >= SWAP_AT;
        run->jt_ns += INTERVAL_NS / BLOCKS;
        if (n == SWAP_AT && next)
            swap(run, next, compared, ret_compare_ms);
        readings(run, n, timed);
        if (timed)
            tick_while_listed(run);
    }
}

static struct hz_digest end_run(struct run *run)
{
    struct hz_digest digest = hz_engine_digest(run->engine);

    hz_engine_free(run->engine);
    free(run->block);
    return digest;
}

/* --- a change --- */

struct figures {
    double alone_us[ROUNDS], compared_us[ROUNDS], all_us[ROUNDS], compare_ms[ROUNDS];
    double record_us[ROUNDS], whole_ms[ROUNDS];
};

static void round_of(struct figures *figures, int round, struct hz_set *set, struct hz_set *next)
{
    struct run alone, compared, all;
    double unused;

    run_through(&alone, set, NULL, false, &unused);
    (void)end_run(&alone);
    run_through(&compared, set, next, true, &figures->compare_ms[round]);
    struct hz_digest a = end_run(&compared);
    run_through(&all, set, next, false, &unused);
    struct hz_digest b = end_run(&all);

    hz_assert(memcmp(&a, &b, sizeof(a)) == 0);
    hz_assert(compared.said_count == all.said_count);
    hz_assert(memcmp(&compared.said, &all.said, sizeof(compared.said)) == 0);
    figures->alone_us[round] = (double)alone.longest_ns / 1e3;
    figures->compared_us[round] = (double)compared.longest_ns / 1e3;
    figures->record_us[round] = (double)compared.record_ns / 1e3;
    figures->all_us[round] = (double)all.longest_ns / 1e3;
    figures->whole_ms[round] =
        ((double)compared.whole_ns - (double)alone.whole_ns) / 1e6; /* what the reload adds */
    if (round == 0)
        printf("proved: %llu transitions and the state are the same in both ways\n",
               (unsigned long long)compared.said_count);
}

static void print(const char *name, const char *what, double *samples, double ratio, double bar)
{
    char text[96];

    snprintf(text, sizeof(text), "%s: %s", name, what);
    struct hz_bench bench = hz_bench("reload", text, samples, ROUNDS);
    bench.count = ROUNDS;
    if (!isfinite(ratio) && isfinite(bar))
        ratio = bar / hz_bench_median(&bench);
    hz_bench_print(&bench, ratio, isfinite(bar) ? 1 : NAN);
}

static void bench_change(const struct change *change, struct hz_names *names, struct hz_set *set)
{
    static struct figures figures;
    struct hz_set *next = set_new(names, change);

    for (int round = 0; round < ROUNDS; round++)
        round_of(&figures, round, set, next);
    hz_set_unref(next);
    print(change->name, "no other set, longest call us", figures.alone_us, NAN, NAN);
    print(change->name, "not compared, longest call us", figures.all_us, NAN, NAN);
    print(change->name, "compared, longest call us", figures.compared_us, NAN, BAR_US);
    print(change->name, "compared, its record in all us", figures.record_us, NAN, BAR_US);
    print(change->name, "compared, what it adds in all ms", figures.whole_ms, NAN, NAN);
    print(change->name, "the builder compares, ms", figures.compare_ms, NAN, NAN);
}

void reload_engine(void)
{
    struct hz_names *names;

    hz_bench_pin(0);
    must(hz_names_new(&names), "names");
    struct hz_set *set = set_new(names, &base);
    for (size_t i = 0; i < CHANGES; i++)
        bench_change(&changes[i], names, set);
    hz_set_unref(set);
    hz_names_free(names);
}
