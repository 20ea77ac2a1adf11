/* SPDX-License-Identifier: Apache-2.0
 *
 * What the engine derives for speed is what the slow way would give: a journal whose readings may all
 * go the quick way says what one says whose readings must not (the flag DRILL bars the quick way and
 * changes nothing else); coverage that was kept up equals coverage counted again by a load; a timer is
 * never later than it was announced. And: whatever the bytes of a saved state are, loading them
 * answers and touches nothing else.
 */
#include "sim_journal.h"

#define RECORDS 6000

static void each_seed(void (*test)(struct sim_journal *journal, uint64_t seed))
{
    uint64_t first = sim_setting("HZ_SIM_SEED", 1), count = sim_setting("HZ_SIM_COUNT", 4);

    for (uint64_t seed = first; seed < first + count; seed++) {
        struct sim_journal *journal = sim_journal_new(seed, RECORDS);

        print_message("seed %llu\n", (unsigned long long)seed);
        test(journal, seed);
        sim_journal_free(journal);
    }
}

/* --- the quick way --- */

static void quick_is_slow(struct sim_journal *journal, uint64_t seed)
{
    struct sim_way way = {.seed = seed, .block_most = 50, .room_most = 4096};
    struct sim_run *quick = sim_run(journal, &way);

    for (size_t i = 0; i < journal->count; i++)
        if (journal->records[i].feed != 0)
            journal->records[i].reading.flags |= HZ_READING_DRILL;
    struct sim_run *slow = sim_run(journal, &way);
    sim_compare(journal, slow, quick, "the quick way");
    assert_memory_equal(&slow->counts, &quick->counts, sizeof(slow->counts));
    sim_run_free(quick);
    sim_run_free(slow);
}

/* A reading that could go the quick way, but for what waits for its gateway's sign. */
static void derived_sign_of_a_gateway(void **state)
{
    static const char watched[] =
        "- id: r\n  limits: {H: {severity: orange}}\n  stale: {severity: blue, after: 30s}\n"
        "- id: g\n  each: gateway\n  silent: {after: {at_least: 20s, at_most: 20s}}\n"
        "  severity: yellow\n";
    static const struct case_point points[] = {
        {"P1", .h = "90", .stale_after = "1h"}, {"P2", .h = "90", .alive_by = "gateway"}, {0}};
    struct rule_case *c = case_new(watched, points);

    (void)state;
    good(c, 1, "P1", 50);
    good(c, 2, "P1", 51);
    tick(c, 60);
    said(c, "20 raise gateway unack yellow GB/g", "20 raise gateway unack yellow GE/g",
         "22 raise gateway unack yellow GA/g", "32 raise stale unack blue P2");
    good(c, 61, "P1", 52);
    said(c, "61 clear gateway rtnun yellow GA/g", "61 clear stale rtnun blue P2");
    case_free(c);
}

/* --- a run, record by record --- */

static void free_retired(struct hz_engine *engine)
{
    struct hz_ruleset *retired;

    while ((retired = hz_engine_take_retired(engine)) != NULL)
        hz_ruleset_free(retired);
}

/* Timers fire at a time that was announced: none between the blocks before its time. */
static void apply_record(const struct sim_journal *journal, struct hz_engine *engine, size_t at)
{
    static struct hz_transition said[4096];
    char bytes[sizeof(struct hz_block) + HZ_RECORD_BYTES_MAX] = {0};
    struct hz_block *block = (void *)bytes;
    const struct sim_record *record = &journal->records[at];
    int64_t due_ns = hz_engine_next_due_ns(engine);
    size_t count;

    hz_block_init(block, record->feed ? HZ_BLOCK_READINGS : HZ_BLOCK_CONTROL, record->feed);
    block->seq = record->seq;
    block->jt_ns = record->jt_ns;
    block->wall_ns = record->wall_ns;
    if (record->feed) {
        memcpy(block + 1, &record->reading, sizeof(record->reading));
        block->bytes += (uint32_t)sizeof(record->reading);
        block->count = 1;
    } else {
        assert_true(hz_block_add_record(block, sizeof(bytes), record->control));
    }
    case_offer(journal->world, engine, block);
    while (!hz_engine_apply(engine, block, said, 4096, &count))
        continue;
    for (size_t i = 0; i < count; i++)
        assert_true(said[i].jt_ns == record->jt_ns || said[i].jt_ns >= due_ns);
    free_retired(engine);
}

/* --- what is derived --- */

static void compare_coverage(const struct hz_engine *kept, const struct hz_engine *counted,
                             enum hz_news_kind scope, uint32_t id)
{
    struct hz_coverage a = hz_engine_coverage(kept, scope, id);
    struct hz_coverage b = hz_engine_coverage(counted, scope, id);

    assert_memory_equal(&a, &b, sizeof(a));
}

static void compare_points(const struct hz_engine *kept, const struct hz_engine *loaded,
                           uint32_t end)
{
    for (uint32_t point = 0; point < end; point++) {
        struct hz_news a = {0}, b = {0};

        assert_int_equal(hz_engine_point(kept, point, &a), hz_engine_point(loaded, point, &b));
        assert_memory_equal(&a, &b, sizeof(a));
    }
}

struct bytes {
    unsigned char *at;
    size_t length, taken;
};

static int write_bytes(void *ctx, const void *from, size_t length)
{
    struct bytes *bytes = ctx;

    bytes->at = realloc(bytes->at, bytes->length + length);
    assert_non_null(bytes->at);
    memcpy(bytes->at + bytes->length, from, length);
    bytes->length += length;
    return 0;
}

static int read_bytes(void *ctx, void *to, size_t length)
{
    struct bytes *bytes = ctx;

    if (length > bytes->length - bytes->taken)
        return HZ_EOF;
    memcpy(to, bytes->at + bytes->taken, length);
    bytes->taken += length;
    return 0;
}

static struct hz_engine *engine_new(void)
{
    struct hz_engine *engine;

    assert_int_equal(hz_engine_new(&engine), 0);
    return engine;
}

static void offer_saved(const struct sim_journal *journal, struct hz_engine *engine,
                        const struct bytes *bytes)
{
    struct hz_digest set;

    if (hz_engine_saved_set(bytes->at, &set) == 0)
        case_offer_set(journal->world, engine, &set);
}

static void compare_with_loaded(const struct sim_journal *journal, const struct hz_engine *engine)
{
    struct bytes bytes = {0};
    struct hz_engine *loaded = engine_new();

    assert_int_equal(hz_engine_save(engine, write_bytes, &bytes), 0);
    offer_saved(journal, loaded, &bytes);
    assert_int_equal(hz_engine_load(loaded, read_bytes, &bytes), 0);
    compare_coverage(engine, loaded, HZ_NEWS_WHOLE, 0);
    for (uint32_t id = 0; id < 8; id++)
        for (int scope = HZ_NEWS_HAZARD; scope <= HZ_NEWS_PARK; scope++)
            compare_coverage(engine, loaded, (enum hz_news_kind)scope, id);
    compare_points(engine, loaded, journal->points + 4);
    hz_engine_free(loaded);
    free(bytes.at);
}

static void derived_is_counted(struct sim_journal *journal, uint64_t seed)
{
    struct hz_engine *engine = engine_new();

    (void)seed;
    for (size_t at = 0; at < journal->count; at++) {
        apply_record(journal, engine, at);
        if (at % 97 == 96)
            compare_with_loaded(journal, engine);
    }
    hz_engine_free(engine);
}

/* --- damaged bytes --- */

/* What was accepted can be looked at. */
static void look_at(const struct sim_journal *journal, const struct hz_engine *engine)
{
    struct hz_news news;

    for (uint32_t point = 0; point < journal->points + 4; point++)
        (void)hz_engine_point(engine, point, &news);
    (void)hz_engine_next_due_ns(engine);
    (void)hz_engine_digest(engine);
}

static void load_damaged(const struct sim_journal *journal, const struct bytes *good,
                         struct sim_random *random)
{
    struct bytes bytes = {.at = malloc(good->length), .length = good->length};
    struct hz_engine *engine = engine_new();

    assert_non_null(bytes.at);
    memcpy(bytes.at, good->at, good->length);
    offer_saved(journal, engine, good);
    for (uint32_t i = sim_below(random, 4); i < 4; i++)
        bytes.at[sim_below(random, (uint32_t)bytes.length)] = (unsigned char)sim_next(random);
    if (sim_once_in(random, 4))
        bytes.length = sim_below(random, (uint32_t)bytes.length);
    int error = hz_engine_load(engine, read_bytes, &bytes);
    assert_true(error == 0 || error == HZ_EOF || error == HZ_ECORRUPT || error == HZ_EVERSION ||
                error == HZ_ESTATE);
    if (error == 0)
        look_at(journal, engine);
    hz_engine_free(engine);
    free(bytes.at);
}

static void damaged_is_refused(struct sim_journal *journal, uint64_t seed)
{
    struct sim_random random = {seed};
    struct hz_engine *engine = engine_new();
    struct bytes bytes = {0};

    for (size_t at = 0; at < journal->count / 2; at++)
        apply_record(journal, engine, at);
    assert_int_equal(hz_engine_save(engine, write_bytes, &bytes), 0);
    for (int i = 0; i < 300; i++)
        load_damaged(journal, &bytes, &random);
    hz_engine_free(engine);
    free(bytes.at);
}

static void sim_quick_way(void **state)
{
    (void)state;
    each_seed(quick_is_slow);
}

static void sim_derived(void **state)
{
    (void)state;
    each_seed(derived_is_counted);
}

static void sim_damaged_state(void **state)
{
    (void)state;
    each_seed(damaged_is_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_quick_way),
        cmocka_unit_test(derived_sign_of_a_gateway),
        cmocka_unit_test(sim_derived),
        cmocka_unit_test(sim_damaged_state),
    };

    return cmocka_run_group_tests_name("derived", tests, NULL, NULL);
}
