/* SPDX-License-Identifier: Apache-2.0
 *
 * Making up a journal, cutting it into blocks, running it. What must stay true: a run depends on the
 * records alone; whatever else is drawn (cuts, room, places to save) comes from the way's own seed.
 */
#include "sim_journal.h"

#include "engine_priv.h"
#include "hz_clock.h"

#include <math.h>
#include <stdio.h>

/* A small world, in which everything meets; in one of four a larger one, whose changes of the set are
 * more than is worked off at once. */
#define POINTS     48u
#define POINTS_BIG 1500u

/* --- the world --- */

#define LIMITS                                                                                     \
    "- id: r\n"                                                                                    \
    "  select: {kind: level}\n"                                                                    \
    "  limits:\n"                                                                                  \
    "    HH: {severity: red, delay: 3s, clear_delay: 4s}\n"                                        \
    "    H: {severity: orange, delay: 7s, clear_delay: 2s}\n"                                      \
    "    L: {severity: yellow}\n"                                                                  \
    "    LL: {severity: orange, clear_delay: 9s}\n"                                                \
    "  deadband: 2\n"
#define LIMITS_CHANGED                                                                             \
    "- id: r\n"                                                                                    \
    "  select: {kind: level}\n"                                                                    \
    "  limits:\n"                                                                                  \
    "    HH: {severity: red, delay: 5s, clear_delay: 4s}\n"                                        \
    "    L: {severity: yellow, delay: 2s}\n"                                                       \
    "  deadband: 1\n"
#define WATCHED "  invalid: {severity: yellow, after: 5s}\n  stale: {severity: blue, after: 40s}\n"
#define TRIAL                                                                                      \
    "- id: s\n"                                                                                    \
    "  mode: trial\n"                                                                              \
    "  limits: {H: {severity: red, fallback: 60}, L: {severity: blue, fallback: 30}}\n"            \
    "  stale: {severity: yellow}\n"
#define SILENT                                                                                     \
    "- id: g\n"                                                                                    \
    "  each: gateway\n"                                                                            \
    "  silent: {after: {intervals: 2, at_least: 20s, at_most: 100s}}\n"                            \
    "  severity: orange\n"

static const char *const rules[] = {LIMITS WATCHED TRIAL SILENT, LIMITS WATCHED SILENT,
                                    LIMITS_CHANGED WATCHED TRIAL, LIMITS TRIAL SILENT};
#define SETS 6u /* rules are combined with two lists of points */

/* `shift` moves limits; the second list lacks a few points and has others. */
static void fill_points(struct case_point *points, uint32_t most, bool second)
{
    static char codes[POINTS_BIG][8];
    static const char *const kinds[] = {"level", "level", "level", "gas"};
    static const char *const intervals[] = {NULL, "2s", "10s"};
    size_t count = 0;

    for (uint32_t i = 0; i < most; i++) {
        snprintf(codes[i], sizeof(codes[i]), "P%02u", i);
        if (i % 12 == (second ? 5 : 11))
            continue;
        points[count++] = (struct case_point){
            .code = codes[i],
            .kind = kinds[i % 4],
            .ll = "10",
            .l = i % 6 == 0 ? NULL : "20",
            .h = second && i % 5 == 0 ? "75" : "80",
            .hh = i % 7 == 0 ? NULL : "90",
            .interval = intervals[i % 3],
            .stale_after = i % 10 == 3 ? "15s" : NULL,
            .gateway = i % 3 == 0 ? "GB" : "GA",
            .alive_by = i % 4 == 1 ? "gateway" : NULL,
        };
    }
    points[count] = (struct case_point){0};
}

static struct rule_case *world_new(uint32_t most)
{
    struct rule_case *world = case_bare("  skew: 20s\n  lost_after: 5s\n");
    struct case_point *points = calloc(most + 1, sizeof(*points));

    assert_non_null(points);
    for (unsigned i = 0; i < SETS; i++) {
        fill_points(points, most, i >= 3);
        (void)case_build(world, rules[i % 4], points);
    }
    free(points);
    return world;
}

/* --- records --- */

static struct sim_record *add(struct sim_journal *journal)
{
    if (journal->count == journal->capacity) {
        journal->capacity = 2 * journal->capacity + 1024;
        journal->records = realloc(journal->records, journal->capacity * sizeof(*journal->records));
        assert_non_null(journal->records);
    }
    struct sim_record *record = &journal->records[journal->count++];
    *record = (struct sim_record){
        .jt_ns = journal->jt_ns, .wall_ns = journal->wall_ns, .seq = journal->seq++};
    return record;
}

static void add_control(struct sim_journal *journal, const void *record, size_t bytes)
{
    struct hz_record *copy = malloc((bytes + 7) & ~(size_t)7);

    assert_non_null(copy);
    memcpy(copy, record, bytes);
    copy->bytes = (uint16_t)bytes;
    add(journal)->control = copy;
}

#define ADD(journal, KIND, type, ...)                                                              \
    add_control(journal, &(struct type){.head = {.kind = HZ_RECORD_##KIND}, __VA_ARGS__},          \
                sizeof(struct type))

static void pass_time(struct sim_journal *journal)
{
    static const int64_t steps_ms[] = {0, 0, 0, 1, 50, 500, 1000, 1000, 2000, 3000};
    int64_t ms = steps_ms[sim_below(&journal->random, 10)];

    if (sim_once_in(&journal->random, 200))
        ms = sim_below(&journal->random, 90000);
    journal->jt_ns += ms * HZ_NS_PER_MS;
    journal->wall_ns += ms * HZ_NS_PER_MS;
}

static uint16_t any_feed(struct sim_journal *journal)
{
    return (uint16_t)(1 + sim_below(&journal->random, 2));
}

static int64_t any_stamp_ms(struct sim_journal *journal)
{
    struct sim_random *random = &journal->random;
    int64_t now_ms = journal->wall_ns / HZ_NS_PER_MS;

    switch (sim_below(random, 12)) {
    case 0:
        return HZ_NO_SOURCE_TIME;
    case 1:
        return now_ms - sim_below(random, 30000); /* late, as often as not */
    case 2:
        return now_ms - 15000; /* a clock that is wrong by so much, within skew */
    case 3:
        return now_ms - 3600000 + sim_below(random, 2000); /* and beyond */
    case 4:
        return now_ms + sim_below(random, 40000); /* ahead, half of them beyond skew */
    case 5:
        return now_ms / 10000 * 10000; /* the same again and again */
    default:
        return now_ms;
    }
}

static union hz_value any_value(struct sim_journal *journal, uint8_t kind)
{
    static const double edges[] = {5,  10,   11.9, 12,   12.1, 20, 22,   22.1, 50,
                                   60, 77.9, 78,   79.9, 80,   88, 89.9, 90,   95};
    double value = edges[sim_below(&journal->random, sizeof(edges) / sizeof(edges[0]))];

    if (kind == HZ_VALUE_I64)
        return (union hz_value){.i64 = llround(value)};
    if (kind == HZ_VALUE_TEXT)
        return (union hz_value){.text = 1 + sim_below(&journal->random, 9)};
    if (sim_once_in(&journal->random, 60))
        value = (double)NAN;
    return (union hz_value){.f64 = value};
}

static void add_heartbeat(struct sim_journal *journal)
{
    struct sim_record *record = add(journal);

    record->feed = any_feed(journal);
    record->reading = (struct hz_reading){.source_ms = HZ_NO_SOURCE_TIME,
                                          .point.v = 1 + sim_below(&journal->random, 3),
                                          .kind = HZ_VALUE_NONE,
                                          .flags = HZ_READING_GATEWAY | HZ_READING_ARRIVAL};
}

static uint16_t any_flags(struct sim_random *random)
{
    uint16_t flags = 0;

    if (sim_once_in(random, 12))
        flags |= HZ_READING_RETAINED;
    if (sim_once_in(random, 40))
        flags |= HZ_READING_HISTORIC;
    return flags;
}

static void add_reading(struct sim_journal *journal, uint16_t feed, uint32_t point, uint16_t flags)
{
    struct sim_random *random = &journal->random;
    uint8_t kind = sim_once_in(random, 20) ? (uint8_t)sim_below(random, 4) : HZ_VALUE_F64;
    struct sim_record *record = add(journal);

    record->feed = feed;
    record->reading = (struct hz_reading){
        .source_ms = any_stamp_ms(journal),
        .value = any_value(journal, kind),
        .point.v = point,
        .kind = kind,
        .quality = sim_once_in(random, 10) ? (uint8_t)(1 + sim_below(random, 2)) : HZ_QUALITY_GOOD,
        .flags = flags,
    };
}

/* One arrival with a few readings, often of few points, so that each is often near an edge. */
static void add_payload(struct sim_journal *journal)
{
    struct sim_random *random = &journal->random;
    uint32_t count = 1 + sim_below(random, 5), first = 1 + sim_below(random, journal->points);
    uint16_t feed = any_feed(journal), flags = any_flags(random) | HZ_READING_ARRIVAL;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = first + (sim_once_in(random, 2) ? 0 : i);

        add_reading(journal, feed, 1 + at % (journal->points + 2), flags);
        flags &= (uint16_t)~HZ_READING_ARRIVAL;
    }
}

static void add_feed(struct sim_journal *journal)
{
    uint16_t feed = any_feed(journal);

    journal->lost[feed] = !journal->lost[feed];
    ADD(journal, FEED, hz_record_feed, .feed = feed,
        .state = journal->lost[feed] ? HZ_FEED_LOST : HZ_FEED_CONNECTED);
    if (!journal->lost[feed])
        ADD(journal, GAP, hz_record_gap, .feed = feed, .reason = HZ_GAP_FEED,
            .from_wall_ns = journal->wall_ns - HZ_NS_PER_S, .to_wall_ns = journal->wall_ns);
}

static void add_gap(struct sim_journal *journal, enum hz_gap_reason reason)
{
    int64_t from = journal->wall_ns;

    journal->wall_ns += sim_below(&journal->random, 5000) * HZ_NS_PER_MS;
    ADD(journal, GAP, hz_record_gap, .reason = (uint32_t)reason, .from_wall_ns = from,
        .to_wall_ns = journal->wall_ns);
}

static void add_unread(struct sim_journal *journal)
{
    ADD(journal, GAP, hz_record_gap, .feed = any_feed(journal), .reason = HZ_GAP_UNREAD,
        .from_wall_ns = journal->wall_ns - 3 * HZ_NS_PER_S, .to_wall_ns = journal->wall_ns);
}

static void add_ruleset(struct sim_journal *journal)
{
    uint32_t sets = (uint32_t)journal->world->set_count;
    const struct hz_set *set = journal->world->sets[sim_below(&journal->random, sets)];

    ADD(journal, RULESET, hz_record_ruleset, .set = set->digest);
}

/* Often one upon the other: a list is then still there. */
static void add_rulesets(struct sim_journal *journal)
{
    do {
        add_ruleset(journal);
    } while (sim_once_in(&journal->random, 2));
}

static void add_start(struct sim_journal *journal)
{
    ADD(journal, START, hz_record_start, .term = ++journal->term, .journal = {7, 9},
        .semantics = HZ_SEMANTICS_VERSION);
}

static void add_restart(struct sim_journal *journal)
{
    journal->seq += UINT64_C(1) << 32;
    add_start(journal);
    add_gap(journal, HZ_GAP_DOWN);
    add_ruleset(journal);
    journal->lost[1] = journal->lost[2] = false;
    for (uint32_t feed = 1; feed <= 2; feed++)
        ADD(journal, FEED, hz_record_feed, .feed = feed, .state = HZ_FEED_CONNECTED);
}

/* Journal and alarms log brought together: whatever the log is said to hold. */
static void add_resync(struct sim_journal *journal)
{
    struct sim_random *random = &journal->random;
    static const uint8_t sides[] = {HZ_SIDE_LOW, HZ_SIDE_HIGH, HZ_SIDE_INVALID, HZ_SIDE_STALE};
    static const uint8_t kinds[] = {HZ_KIND_LIMIT, HZ_KIND_LIMIT, HZ_KIND_INVALID, HZ_KIND_STALE};

    journal->seq += UINT64_C(1) << 32;
    ADD(journal, GO_ON, hz_record_go_on, .number = sim_below(random, 100000),
        .n_all = sim_below(random, 100000),
        .id = {journal->wall_ns / HZ_NS_PER_MS - 5000 + sim_below(random, 10000), 3},
        .episodes = sim_below(random, 10000), .sure = sim_below(random, 10000), .journal = 7);
    for (uint32_t i = sim_below(random, 5); i > 0; i--) {
        uint32_t side = sim_below(random, 4);
        ADD(journal, OVER, hz_record_over, .alarm = UINT64_C(7) << 32 | sim_below(random, 9000),
            .point = 1 + sim_below(random, journal->points), .rule = 1 + sim_below(random, 3),
            .kind = kinds[side], .side = sides[side], .state = HZ_STATE_RTNUN,
            .severity = HZ_SEVERITY_RED, .domain = HZ_DOMAIN_SAFETY, .mode = HZ_MODE_LIVE,
            .level = (uint8_t)(side < 2 ? HZ_LEVEL_L + side : HZ_LEVEL_NONE));
    }
    ADD(journal, RESYNC, hz_record_resync, .head.reserved = 0);
}

static void add_observe(struct sim_journal *journal)
{
    static const uint32_t what[] = {HZ_OBSERVED_DISK_STALLED, HZ_OBSERVED_REDIS_LOST,
                                    HZ_OBSERVED_QOS2};

    ADD(journal, OBSERVE, hz_record_observe, .what = what[sim_below(&journal->random, 3)],
        .subject = sim_below(&journal->random, 3), .value = sim_below(&journal->random, 2));
}

static void add_command(struct sim_journal *journal)
{
    struct sim_random *random = &journal->random;
    uint64_t bytes[HZ_RECORD_BYTES_MAX / sizeof(uint64_t)];
    struct hz_record_command head = {
        .verb = 1 + sim_below(random, 6),
        .point = 1 + sim_below(random, journal->points),
        .rule = 1 + sim_below(random, 3),
        .side = 1 + sim_below(random, 4),
        .until_wall_ns = journal->wall_ns + sim_below(random, 60) * HZ_NS_PER_S,
    };
    struct hz_command_texts texts = {hz_slice("z"), hz_slice("socket"), hz_slice("c"),
                                     hz_slice("r")};

    if (sim_once_in(random, 2))
        head.verb = HZ_VERB_ACK;
    if (sim_once_in(random, 10)) { /* one of the first episodes, whosever it is */
        head.point = 0;
        head.side = HZ_SIDE_SYSTEM;
        head.alarm = UINT64_C(7) << 32 | (1 + sim_below(random, 50));
    }
    size_t length = hz_command_build(bytes, sizeof(bytes), &head, &texts);
    add_control(journal, bytes, length);
}

static void add_any(struct sim_journal *journal)
{
    uint32_t draw = sim_below(&journal->random, 1000);

    if (journal->swaps > 0 && sim_once_in(&journal->random, journal->swaps))
        add_rulesets(journal);
    else if (draw < 850)
        add_payload(journal);
    else if (draw < 900)
        add_heartbeat(journal);
    else if (draw < 925)
        add_command(journal);
    else if (draw < 955)
        ADD(journal, TICK, hz_record_tick, .head.reserved = 0);
    else if (draw < 970)
        add_observe(journal);
    else if (draw < 982)
        add_feed(journal);
    else if (draw < 987)
        add_unread(journal);
    else if (draw < 991)
        add_gap(journal, HZ_GAP_SUSPENDED);
    else if (draw < 997)
        add_ruleset(journal);
    else if (draw < 998)
        add_resync(journal);
    else
        add_restart(journal);
}

static struct sim_journal *journal_new(uint64_t seed, size_t records, uint32_t swaps)
{
    struct sim_journal *journal = calloc(1, sizeof(*journal));

    assert_non_null(journal);
    journal->points = seed % 4 == 3 ? POINTS_BIG : POINTS;
    journal->world = swaps > 0 ? sim_sets_new(seed, journal->points) : world_new(journal->points);
    journal->swaps = swaps;
    journal->random.state = seed;
    journal->wall_ns = CASE_EPOCH_NS;
    journal->seq = UINT64_C(1) << 32;
    add_start(journal);
    add_ruleset(journal);
    for (uint32_t point = 1; point <= journal->points; point++)
        add_reading(journal, 1, point, HZ_READING_ARRIVAL);
    while (journal->count < records) {
        pass_time(journal);
        add_any(journal);
    }
    return journal;
}

struct sim_journal *sim_journal_new(uint64_t seed, size_t records)
{
    return journal_new(seed, records, 0);
}

struct sim_journal *sim_journal_of_sets(uint64_t seed, size_t records, uint32_t swaps)
{
    return journal_new(seed, records, swaps);
}

void sim_journal_free(struct sim_journal *journal)
{
    for (size_t i = 0; i < journal->count; i++)
        free(journal->records[i].control);
    free(journal->records);
    case_free(journal->world);
    free(journal);
}

/* --- runs --- */

static bool fits(const struct sim_record *first, const struct sim_record *next, size_t i)
{
    return next->jt_ns == first->jt_ns && next->wall_ns == first->wall_ns &&
           next->feed == first->feed && next->seq == first->seq + i;
}

/* The records from `from` on that one block can hold; the next one to come. */
static size_t cut(const struct sim_journal *journal, size_t from, uint32_t most,
                  struct hz_block *block)
{
    const struct sim_record *first = &journal->records[from];
    struct hz_reading *readings = (struct hz_reading *)(block + 1);
    size_t i = 0;

    hz_block_init(block, first->feed ? HZ_BLOCK_READINGS : HZ_BLOCK_CONTROL, first->feed);
    block->seq = first->seq;
    block->jt_ns = first->jt_ns;
    block->wall_ns = first->wall_ns;
    for (; i < most && from + i < journal->count && fits(first, first + i, i); i++) {
        if (first->feed) {
            readings[block->count++] = first[i].reading;
            block->bytes += (uint32_t)sizeof(*readings);
        } else if (!hz_block_add_record(block, HZ_BLOCK_BYTES_MAX, first[i].control)) {
            break;
        }
    }
    return from + i;
}

static void apply(struct sim_run *run, struct hz_engine *engine, const struct hz_block *block,
                  struct sim_random *random, uint32_t room_most)
{
    unsigned idle = 0;
    bool done;

    do {
        size_t room = HZ_ENGINE_ROOM_MIN + sim_below(random, room_most - HZ_ENGINE_ROOM_MIN + 1);
        size_t count = 0;

        if (run->count + room > run->capacity) {
            run->capacity = 2 * run->capacity + room;
            run->said = realloc(run->said, run->capacity * sizeof(*run->said));
            assert_non_null(run->said);
        }
        done = hz_engine_apply(engine, block, &run->said[run->count], room, &count);
        assert_true(count <= room);
        idle = count == 0 && !done ? idle + 1 : 0;
        assert_true(idle < 10000);
        run->count += count;
        for (size_t i = run->count - count; i < run->count; i++) /* time never goes back */
            assert_true(i == 0 || run->said[i].jt_ns >= run->said[i - 1].jt_ns);
    } while (!done);
}

struct sim_run *sim_run(const struct sim_journal *journal, const struct sim_way *way)
{
    struct sim_run *run = calloc(1, sizeof(*run));
    struct sim_random random = {way->seed};
    struct hz_block *block = malloc(HZ_BLOCK_BYTES_MAX);
    struct hz_engine *engine;
    struct hz_ruleset *retired;

    assert_non_null(run);
    assert_non_null(block);
    assert_int_equal(hz_engine_new(&engine), 0);
    if (way->turn > 0)
        engine->turn_most = way->turn;
    for (size_t at = 0; at < journal->count;) {
        at = cut(journal, at, 1 + sim_below(&random, way->block_most), block);
        journal->world->compared = way->compared;
        case_offer(journal->world, engine, block);
        apply(run, engine, block, &random, way->room_most);
        while ((retired = hz_engine_take_retired(engine)) != NULL)
            hz_ruleset_free(retired);
        if (way->reload && sim_once_in(&random, way->reload))
            engine = case_reload(journal->world, engine);
    }
    run->digest = hz_engine_digest(engine);
    hz_engine_counts(engine, &run->counts);
    hz_engine_free(engine);
    free(block);
    return run;
}

void sim_run_free(struct sim_run *run)
{
    free(run->said);
    free(run);
}

static void print(const struct sim_journal *journal, const struct sim_run *run, size_t i)
{
    char line[CASE_LINE_BYTES] = "nothing";

    if (i < run->count)
        case_line(journal->world, &run->said[i], line);
    print_error("    %s (%016llx, %u)\n", line,
                i < run->count ? (unsigned long long)run->said[i].seq : 0,
                i < run->count ? run->said[i].index : 0);
}

void sim_compare(const struct sim_journal *journal, const struct sim_run *wanted,
                 const struct sim_run *got, const char *what)
{
    size_t i = 0;

    while (i < wanted->count && i < got->count &&
           memcmp(&wanted->said[i], &got->said[i], sizeof(*got->said)) == 0)
        i++;
    if (i < wanted->count || i < got->count) {
        print_error("%s: transition %zu of %zu differs; wanted and got:\n", what, i, wanted->count);
        for (size_t k = i > 3 ? i - 3 : 0; k < i + 3; k++)
            print(journal, wanted, k);
        print_error("  and\n");
        for (size_t k = i > 3 ? i - 3 : 0; k < i + 3; k++)
            print(journal, got, k);
        fail();
    }
    assert_memory_equal(&wanted->digest, &got->digest, sizeof(got->digest));
}
