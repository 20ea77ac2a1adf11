/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes in: blocks built and applied one by one, in the three regimes. What must stay true: the
 * harness gives the engine nothing but records, and time only by them.
 */
#include "case_priv.h"

#include "hz_clock.h"
#include "hz_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum case_regime case_regime;

static void *must(void *memory)
{
    assert_non_null(memory);
    return memory;
}

/* --- blocks --- */

static int64_t wall_ns(double s)
{
    return CASE_EPOCH_NS + llround(s * 1e3) * HZ_NS_PER_MS;
}

static uint16_t feed_id(const struct rule_case *c, const char *feed)
{
    return feed ? (uint16_t)case_id(c, HZ_NAMED_FEED, feed) : 0;
}

struct hz_block *case_block(struct rule_case *c, double s, enum hz_block_kind kind,
                            const char *feed)
{
    struct hz_block *block = must(calloc(1, HZ_BLOCK_BYTES_MAX));

    hz_block_init(block, kind, feed_id(c, feed));
    block->wall_ns = wall_ns(s);
    block->jt_ns = block->wall_ns - CASE_EPOCH_NS - c->gaps_ns;
    block->seq = c->next_seq;
    return block;
}

void case_add(struct hz_block *block, const void *record)
{
    assert_true(hz_block_add_record(block, HZ_BLOCK_BYTES_MAX, record));
}

/* --- state as bytes, in memory --- */

struct bytes {
    char *at;
    size_t length, capacity, taken;
};

static int write_bytes(void *ctx, const void *from, size_t length)
{
    struct bytes *bytes = ctx;

    if (bytes->length + length > bytes->capacity) {
        bytes->capacity = 2 * bytes->capacity + length;
        bytes->at = must(realloc(bytes->at, bytes->capacity));
    }
    memcpy(bytes->at + bytes->length, from, length);
    bytes->length += length;
    return 0;
}

static int read_bytes(void *ctx, void *to, size_t length)
{
    struct bytes *bytes = ctx;

    if (length > bytes->length - bytes->taken)
        return HZ_ECORRUPT;
    memcpy(to, bytes->at + bytes->taken, length);
    bytes->taken += length;
    return 0;
}

struct hz_engine *case_reload(const struct rule_case *c, struct hz_engine *engine)
{
    struct bytes bytes = {0};
    struct hz_engine *fresh;
    struct hz_digest set, before = hz_engine_digest(engine), after;

    assert_int_equal(hz_engine_save(engine, write_bytes, &bytes), 0);
    assert_true(bytes.length >= HZ_ENGINE_HEAD_BYTES);
    assert_int_equal(hz_engine_new(&fresh), 0);
    if (hz_engine_saved_set(bytes.at, &set) == 0)
        case_offer_set(c, fresh, &set);
    assert_int_equal(hz_engine_load(fresh, read_bytes, &bytes), 0);
    assert_int_equal(bytes.taken, bytes.length);
    after = hz_engine_digest(fresh);
    assert_memory_equal(&before, &after, sizeof(before));
    free(bytes.at);
    hz_engine_free(engine);
    return fresh;
}

/* --- applying --- */

static struct hz_transition *room_for(struct rule_case *c, size_t room)
{
    if (c->out_count + room > c->out_capacity) {
        c->out_capacity = 2 * c->out_capacity + room;
        c->out = must(realloc(c->out, c->out_capacity * sizeof(*c->out)));
    }
    return &c->out[c->out_count];
}

static void keep(struct rule_case *c, struct hz_block *block)
{
    if (c->block_count == c->block_capacity) {
        c->block_capacity = 2 * c->block_capacity + 64;
        c->blocks = must(realloc(c->blocks, c->block_capacity * sizeof(*c->blocks)));
    }
    c->blocks[c->block_count++] = must(realloc(block, block->bytes));
}

static void free_retired(struct hz_engine *engine)
{
    struct hz_ruleset *retired;

    while ((retired = hz_engine_take_retired(engine)) != NULL)
        hz_ruleset_free(retired);
}

void case_apply(struct rule_case *c, struct hz_block *block)
{
    size_t room = case_regime == CASE_LITTLE_ROOM ? HZ_ENGINE_ROOM_MIN : 4096;
    unsigned idle = 0;
    bool done;

    assert_true(hz_block_shape_ok(block, block->bytes));
    case_offer(c, c->engine, block);
    c->next_seq += block->count;
    do {
        struct hz_transition *places = room_for(c, room);
        size_t count = 0;

        done = hz_engine_apply(c->engine, block, places, room, &count);
        assert_true(count <= room);
        idle = count == 0 && !done ? idle + 1 : 0;
        assert_true(idle < 100000); /* each call gets on */
        c->out_count += count;
        for (size_t i = 0; i < count && !c->unchecked; i++)
            case_check(c, block, &places[i]);
    } while (!done);
    free_retired(c->engine);
    assert_true(hz_engine_seq(c->engine) == block->seq + block->count - 1);
    assert_true(hz_engine_jt_ns(c->engine) == block->jt_ns);
    keep(c, block);
    if (case_regime == CASE_SAVED)
        c->engine = case_reload(c, c->engine);
}

/* --- readings --- */

static struct hz_reading as_reading(const struct rule_case *c, double s,
                                    const struct case_reading *from)
{
    struct hz_reading to = {.kind = (uint8_t)from->kind,
                            .quality = (uint8_t)from->quality,
                            .flags = (uint16_t)from->flags,
                            .source_ms = HZ_NO_SOURCE_TIME};
    double stamp = from->stamp == CASE_NOW ? s : from->stamp;

    to.point.v = from->flags & HZ_READING_GATEWAY ? case_gateway(c, from->point)
                                                  : case_point(c, from->point);
    if (from->stamp != CASE_NONE)
        to.source_ms = wall_ns(stamp) / HZ_NS_PER_MS;
    if (from->kind == HZ_VALUE_F64)
        to.value.f64 = from->value;
    else if (from->kind != HZ_VALUE_NONE)
        to.value.i64 = (int64_t)from->value;
    return to;
}

void readings(struct rule_case *c, double s, const char *feed, const struct case_reading *list,
              size_t count)
{
    struct hz_block *block = case_block(c, s, HZ_BLOCK_READINGS, feed);
    struct hz_reading *to = (struct hz_reading *)(block + 1);

    assert_true(count <= HZ_BLOCK_READINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        to[i] = as_reading(c, s, &list[i]);
        if (i == 0)
            to[i].flags |= HZ_READING_ARRIVAL;
    }
    block->count = (uint32_t)count;
    block->bytes += (uint32_t)(count * sizeof(*to));
    case_apply(c, block);
}

void reading(struct rule_case *c, double s, struct case_reading one)
{
    readings(c, s, "a", &one, 1);
}

void good(struct rule_case *c, double s, const char *point, double value)
{
    reading(c, s, (struct case_reading){.point = point, .value = value});
}

void bad(struct rule_case *c, double s, const char *point, double value)
{
    reading(c, s, (struct case_reading){.point = point, .value = value, .quality = HZ_QUALITY_BAD});
}

void stamped(struct rule_case *c, double s, const char *point, double value, double stamp)
{
    reading(c, s, (struct case_reading){.point = point, .value = value, .stamp = stamp});
}

void heartbeat(struct rule_case *c, double s, const char *gateway)
{
    reading(c, s,
            (struct case_reading){.point = gateway,
                                  .kind = HZ_VALUE_NONE,
                                  .stamp = CASE_NONE,
                                  .flags = HZ_READING_GATEWAY});
}

/* --- control records --- */

#define HEAD(KIND, type)                                                                           \
    {                                                                                              \
        .kind = HZ_RECORD_##KIND, .bytes = sizeof(type)                                            \
    }

static void control(struct rule_case *c, double s, const void *record)
{
    struct hz_block *block = case_block(c, s, HZ_BLOCK_CONTROL, NULL);

    case_add(block, record);
    case_apply(c, block);
}

void tick(struct rule_case *c, double s)
{
    control(c, s, &(struct hz_record_tick){.head = HEAD(TICK, struct hz_record_tick)});
}

static struct hz_record_feed feed_record(const struct rule_case *c, const char *feed,
                                         bool connected)
{
    return (struct hz_record_feed){.head = HEAD(FEED, struct hz_record_feed),
                                   .feed = feed_id(c, feed),
                                   .state = connected ? HZ_FEED_CONNECTED : HZ_FEED_LOST};
}

void feed_lost(struct rule_case *c, double s, const char *feed)
{
    struct hz_record_feed lost = feed_record(c, feed, false);

    control(c, s, &lost);
}

static struct hz_record_gap gap_record(const struct rule_case *c, const char *feed,
                                       enum hz_gap_reason reason, double from, double to)
{
    return (struct hz_record_gap){.head = HEAD(GAP, struct hz_record_gap),
                                  .feed = feed_id(c, feed),
                                  .reason = (uint32_t)reason,
                                  .from_wall_ns = wall_ns(from),
                                  .to_wall_ns = wall_ns(to)};
}

void feed_back(struct rule_case *c, double s, const char *feed)
{
    struct hz_block *block = case_block(c, s, HZ_BLOCK_CONTROL, NULL);
    struct hz_record_feed connected = feed_record(c, feed, true);
    struct hz_record_gap gap = gap_record(c, feed, HZ_GAP_FEED, s - 1, s);

    case_add(block, &connected);
    case_add(block, &gap);
    case_apply(c, block);
}

void feed_gone(struct rule_case *c, double s, const char *feed)
{
    struct hz_record_gap gap = gap_record(c, feed, HZ_GAP_FEED, s, s);

    control(c, s, &gap);
}

void feed_unread(struct rule_case *c, double from, double to, const char *feed)
{
    struct hz_record_gap gap = gap_record(c, feed, HZ_GAP_UNREAD, from, to);

    control(c, to, &gap);
}

void not_watched(struct rule_case *c, double from, double to)
{
    struct hz_record_gap gap = gap_record(c, NULL, HZ_GAP_SUSPENDED, from, to);

    c->gaps_ns += wall_ns(to) - wall_ns(from);
    control(c, to, &gap);
}

void wall_steps(struct rule_case *c, double seconds)
{
    c->gaps_ns += llround(seconds * 1e3) * HZ_NS_PER_MS;
    c->wall_stepped = true;
}

void observe(struct rule_case *c, double s, enum hz_observed what, const char *feed, int64_t value)
{
    control(c, s,
            &(struct hz_record_observe){.head = HEAD(OBSERVE, struct hz_record_observe),
                                        .what = (uint32_t)what,
                                        .subject = feed_id(c, feed),
                                        .value = value});
}

void command_full(struct rule_case *c, double s, const struct hz_record_command *head,
                  const struct hz_command_texts *texts)
{
    struct hz_block *block = case_block(c, s, HZ_BLOCK_CONTROL, NULL);
    uint64_t record[HZ_RECORD_BYTES_MAX / sizeof(uint64_t)];

    assert_true(hz_command_build(record, sizeof(record), head, texts) > 0);
    case_add(block, record);
    case_apply(c, block);
}

static void command_until(struct rule_case *c, double s, enum hz_verb verb, const char *point,
                          enum hz_side side, int64_t until_wall_ns)
{
    struct hz_record_command head = {.verb = (uint32_t)verb,
                                     .point = case_point(c, point),
                                     .rule = case_id(c, HZ_NAMED_RULE, "r"),
                                     .side = (uint32_t)side,
                                     .until_wall_ns = until_wall_ns};
    struct hz_command_texts texts = {hz_slice("zhang"), hz_slice("socket"), hz_slice("c-1"),
                                     hz_slice("")};

    command_full(c, s, &head, &texts);
}

void command(struct rule_case *c, double s, enum hz_verb verb, const char *point, enum hz_side side)
{
    command_until(c, s, verb, point, side, 0);
}

void shelve(struct rule_case *c, double s, const char *point, enum hz_side side, double until)
{
    command_until(c, s, HZ_VERB_SHELVE, point, side, wall_ns(until));
}

static struct hz_record_ruleset ruleset_record(const struct hz_set *set)
{
    return (struct hz_record_ruleset){.head = HEAD(RULESET, struct hz_record_ruleset),
                                      .set = set->digest};
}

void change(struct rule_case *c, double s, const char *rules, const struct case_point *points)
{
    struct hz_set *set = case_build(c, rules, points);
    struct hz_record_ruleset record = ruleset_record(set);
    size_t before;

    case_foresee(c, set);
    before = c->out_count;
    control(c, s, &record);
    if (!c->unchecked)
        case_hold_against(c, before);
}

/* --- runs of the journal --- */

static struct hz_record_start start_record(struct rule_case *c)
{
    return (struct hz_record_start){
        .head = HEAD(START, struct hz_record_start),
        .term = ++c->term,
        .journal = {UINT64_C(0x1122334455667788), UINT64_C(0x99aabbccddeeff00)},
        .semantics = HZ_SEMANTICS_VERSION,
    };
}

/* What a start writes: start, the set in force, and the gap when something went before. */
static void start(struct rule_case *c, double s, const struct hz_record_gap *gap)
{
    struct hz_block *block = case_block(c, s, HZ_BLOCK_CONTROL, NULL);
    struct hz_record_start begin = start_record(c);
    struct hz_record_ruleset set = ruleset_record(c->sets[c->set_count - 1]);

    case_add(block, &begin);
    if (gap)
        case_add(block, gap);
    case_add(block, &set);
    case_apply(c, block);
}

void restart(struct rule_case *c, double from, double to)
{
    struct hz_record_gap gap = gap_record(c, NULL, HZ_GAP_DOWN, from, to);

    c->gaps_ns += wall_ns(to) - wall_ns(from);
    c->next_seq += UINT64_C(1) << 32;
    start(c, to, &gap);
}

static void connect_feeds(struct rule_case *c)
{
    struct hz_block *block = case_block(c, 0, HZ_BLOCK_CONTROL, NULL);

    for (const char *const *feed = (const char *const[]){"a", "b", NULL}; *feed; feed++) {
        struct hz_record_feed connected = feed_record(c, *feed, true);
        case_add(block, &connected);
    }
    case_apply(c, block);
}

struct rule_case *case_bare(const char *feed_settings)
{
    struct rule_case *c = must(calloc(1, sizeof(*c)));

    c->next_seq = (UINT64_C(1) << 32) + 1;
    c->feed_settings = feed_settings;
    c->compared = case_regime == CASE_PLAIN ? CASE_NEVER : CASE_ALWAYS;
    assert_int_equal(hz_names_new(&c->names), 0);
    assert_int_equal(hz_engine_new(&c->engine), 0);
    return c;
}

struct rule_case *case_new_with(const char *rules, const struct case_point *points,
                                const char *feed)
{
    struct rule_case *c = case_bare(feed);

    case_build(c, rules, points);
    start(c, 0, NULL);
    connect_feeds(c);
    return c;
}

struct rule_case *case_new(const char *rules, const struct case_point *points)
{
    return case_new_with(rules, points, "");
}

void case_unchecked(struct rule_case *c)
{
    c->unchecked = true;
}

void case_free(struct rule_case *c)
{
    assert_true(c->unchecked ||
                c->out_seen == c->out_count); /* a test looks at all that was said */
    hz_engine_free(c->engine);
    for (size_t i = 0; i < c->set_count; i++)
        hz_set_unref(c->sets[i]);
    for (size_t i = 0; i < c->block_count; i++)
        free(c->blocks[i]);
    free(c->blocks);
    free(c->out);
    free(c->conds);
    free(c->foreseen);
    hz_names_free(c->names);
    free(c);
}

/* --- groups of tests --- */

int case_main(const char *group, const struct CMUnitTest *tests, size_t count)
{
    static const char *const names[] = {"as it is", "little room", "saved after every block"};
    char name[128];
    int failed = 0;

    for (case_regime = CASE_PLAIN; case_regime <= CASE_SAVED; case_regime++) {
        snprintf(name, sizeof(name), "%s, %s", group, names[case_regime]);
        failed += _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    }
    return failed;
}
