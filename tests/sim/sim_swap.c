/* SPDX-License-Identifier: Apache-2.0
 *
 * Another set comes into force in one of two ways: what differs was found beforehand and only that is
 * touched, or the engine compares everything by itself. Sets and journals are made up at random. The
 * two ways say the same, byte for byte, lead to the same state at every record, and what is kept up
 * by the one equals what is counted again by the other.
 */
#include "sim_journal.h"

#include "engine_priv.h"

#define RECORDS 4000
#define SWAPS   40u /* one record in so many */

static void each_seed(void (*test)(struct sim_journal *journal, uint64_t seed))
{
    uint64_t first = sim_setting("HZ_SIM_SEED", 1), count = sim_setting("HZ_SIM_COUNT", 8);

    for (uint64_t seed = first; seed < first + count; seed++) {
        struct sim_journal *journal = sim_journal_of_sets(seed, RECORDS, SWAPS);

        print_message("seed %llu\n", (unsigned long long)seed);
        test(journal, seed);
        sim_journal_free(journal);
    }
}

/* --- what is said, and the state at the end --- */

static void same_said(struct sim_journal *journal, uint64_t seed)
{
    const struct sim_way whole = {.seed = seed, .block_most = 1000000, .room_most = 4096};
    const struct {
        struct sim_way way;
        const char *what;
    } ways[] = {
        {{seed, 1000000, 4096, 0, CASE_ALWAYS}, "compared, large blocks"},
        {{seed, 1, 8, 0, CASE_ALWAYS, 1}, "compared, one record a block, room 8, turn 1"},
        {{seed, 20, 64, 0, CASE_NEVER, 1}, "not compared, turn 1"},
        {{seed, 3, 20, 0, CASE_AT_TIMES, 3}, "compared at times, up to 3, turn 3"},
        {{seed, 50, 64, 0, CASE_IN_FORCE}, "compared with what is in force when offered"},
        {{seed, 4, 64, 50, CASE_ALWAYS}, "compared, saved once in 50 blocks"},
        {{seed, 1, 8, 7, CASE_AT_TIMES}, "compared at times, saved once in 7 blocks"},
    };
    struct sim_run *wanted = sim_run(journal, &whole);

    assert_true(wanted->count > RECORDS / 20); /* else it proves little */
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct sim_run *got = sim_run(journal, &ways[i].way);
        sim_compare(journal, wanted, got, ways[i].what);
        assert_memory_equal(&wanted->counts, &got->counts, sizeof(got->counts));
        sim_run_free(got);
    }
    sim_run_free(wanted);
}

/* --- all that is kept up, record by record --- */

static void free_retired(struct hz_engine *engine)
{
    struct hz_ruleset *retired;

    while ((retired = hz_engine_take_retired(engine)) != NULL)
        hz_ruleset_free(retired);
}

static void apply(const struct sim_journal *journal, struct hz_engine *engine, size_t at,
                  enum case_compared compared)
{
    static struct hz_transition said[4096];
    char bytes[sizeof(struct hz_block) + HZ_RECORD_BYTES_MAX] = {0};
    struct hz_block *block = (void *)bytes;
    const struct sim_record *record = &journal->records[at];
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
    journal->world->compared = compared;
    case_offer(journal->world, engine, block);
    while (!hz_engine_apply(engine, block, said, 4096, &count))
        continue;
    free_retired(engine);
}

static void same_coverage(const struct hz_engine *a, const struct hz_engine *b)
{
    for (int scope = HZ_NEWS_HAZARD; scope <= HZ_NEWS_WHOLE; scope++)
        for (uint32_t id = 0; id < 8; id++) {
            struct hz_coverage of_a = hz_engine_coverage(a, (enum hz_news_kind)scope, id);
            struct hz_coverage of_b = hz_engine_coverage(b, (enum hz_news_kind)scope, id);
            assert_memory_equal(&of_a, &of_b, sizeof(of_a));
        }
}

static void same_gateways(const struct hz_engine *a, const struct hz_engine *b)
{
    for (uint32_t gateway = 1; gateway < a->gateway_end; gateway++) {
        const struct engine_gateway *of_a = &a->gateways[gateway], *of_b = &b->gateways[gateway];
        assert_int_equal(of_a->stale, of_b->stale);
        assert_int_equal(of_a->unconfirmed, of_b->unconfirmed);
        assert_int_equal(of_a->silent, of_b->silent);
        assert_int_equal(a->signs[gateway].attention, b->signs[gateway].attention);
        assert_int_equal(of_a->place != 0, of_b->place != 0);
    }
    for (uint32_t feed = 0; feed < a->feed_end; feed++)
        assert_int_equal(a->feeds[feed].wrong, b->feeds[feed].wrong);
    assert_true(a->lost_due_ns == b->lost_due_ns);
    assert_int_equal(a->listed_count, b->listed_count);
    assert_int_equal(a->gateways_listed, b->gateways_listed);
}

static void same_points(const struct hz_engine *a, const struct hz_engine *b)
{
    for (uint32_t point = 1; point < a->point_end; point++) {
        const struct engine_point *of_a = &a->points[point], *of_b = &b->points[point];
        unsigned flags = of_a->flags ^ of_b->flags;
        assert_int_equal(flags & (unsigned)~ENGINE_DIRTY, 0);
        assert_int_equal(rule__is_listed(a, point), rule__is_listed(b, point));
    }
}

/* Silence is looked for in time: row by row, and each row's group. */
static void in_time(const struct hz_engine *kept, const struct hz_engine *counted)
{
    for (uint32_t row = 0; row * ENGINE_ROW < kept->point_end; row++) {
        uint32_t place = kept->group_places[row / ENGINE_GROUP_ROWS];
        int64_t due_ns = counted->rows[row].due_ns;
        assert_true(kept->rows[row].due_ns <= due_ns);
        if (due_ns != HZ_NEVER)
            assert_true(place != 0 && kept->stales.entries[place].due_ns <= due_ns);
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

    assert_true(length <= bytes->length - bytes->taken);
    memcpy(to, bytes->at + bytes->taken, length);
    bytes->taken += length;
    return 0;
}

static struct hz_engine *loaded(const struct sim_journal *journal, struct hz_engine *engine)
{
    struct bytes bytes = {0};
    struct hz_digest set;
    struct hz_engine *fresh;

    assert_int_equal(hz_engine_new(&fresh), 0);
    assert_int_equal(hz_engine_save(engine, write_bytes, &bytes), 0);
    if (hz_engine_saved_set(bytes.at, &set) == 0)
        case_offer_set(journal->world, fresh, &set);
    assert_int_equal(hz_engine_load(fresh, read_bytes, &bytes), 0);
    free(bytes.at);
    return fresh;
}

static void compare_engines(const struct sim_journal *journal, struct hz_engine *kept,
                            struct hz_engine *counted)
{
    struct hz_digest a = hz_engine_digest(kept), b = hz_engine_digest(counted);

    assert_memory_equal(&a, &b, sizeof(a));
    same_coverage(kept, counted);
    same_gateways(kept, counted);
    same_points(kept, counted);
    struct hz_engine *fresh = loaded(journal, kept);
    same_coverage(kept, fresh);
    same_gateways(kept, fresh);
    same_points(kept, fresh);
    in_time(kept, fresh);
    in_time(counted, fresh);
    hz_engine_free(fresh);
}

static void same_state(struct sim_journal *journal, uint64_t seed)
{
    struct sim_random random = {seed};
    struct hz_engine *kept, *counted;

    assert_int_equal(hz_engine_new(&kept), 0);
    assert_int_equal(hz_engine_new(&counted), 0);
    for (size_t at = 0; at < journal->count; at++) {
        apply(journal, kept, at, CASE_ALWAYS);
        apply(journal, counted, at, CASE_NEVER);
        bool swap =
            journal->records[at].control && journal->records[at].control->kind == HZ_RECORD_RULESET;
        if (swap || sim_once_in(&random, 50))
            compare_engines(journal, kept, counted);
    }
    hz_engine_free(kept);
    hz_engine_free(counted);
}

static void sim_swap_says_the_same(void **state)
{
    (void)state;
    each_seed(same_said);
}

static void sim_swap_keeps_the_same(void **state)
{
    (void)state;
    each_seed(same_state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_swap_says_the_same),
        cmocka_unit_test(sim_swap_keeps_the_same),
    };

    return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
