/* SPDX-License-Identifier: Apache-2.0
 *
 * S-144 to S-146: one journal, cut into blocks in many ways, with as much and as little room as may
 * be, saved and loaded at any place: the same transitions byte for byte, and the same state.
 */
#include "sim_journal.h"

#define RECORDS 6000

static const struct sim_way whole = {.seed = 1, .block_most = 1000000, .room_most = 4096};

static void compare_ways(const struct sim_journal *journal, const struct sim_run *wanted,
                         struct sim_way way, const char *what)
{
    struct sim_run *got = sim_run(journal, &way);

    sim_compare(journal, wanted, got, what);
    assert_memory_equal(&wanted->counts, &got->counts, sizeof(got->counts));
    sim_run_free(got);
}

static void each_seed(void (*test)(const struct sim_journal *, const struct sim_run *,
                                   uint64_t seed))
{
    uint64_t first = sim_setting("HZ_SIM_SEED", 1), count = sim_setting("HZ_SIM_COUNT", 6);

    for (uint64_t seed = first; seed < first + count; seed++) {
        struct sim_journal *journal = sim_journal_new(seed, RECORDS);
        struct sim_run *wanted = sim_run(journal, &whole);

        print_message("seed %llu: %zu transitions\n", (unsigned long long)seed, wanted->count);
        assert_true(wanted->count > RECORDS / 20); /* else it proves little */
        test(journal, wanted, seed);
        sim_run_free(wanted);
        sim_journal_free(journal);
    }
}

static void recut(const struct sim_journal *journal, const struct sim_run *wanted, uint64_t seed)
{
    compare_ways(journal, wanted, (struct sim_way){seed, 1, 8, 0}, "one record a block, room 8");
    compare_ways(journal, wanted, (struct sim_way){seed, 3, 20, 0}, "up to 3, room to 20");
    compare_ways(journal, wanted, (struct sim_way){seed, 50, 9, 0}, "up to 50, room to 9");
}

static void save_load(const struct sim_journal *journal, const struct sim_run *wanted,
                      uint64_t seed)
{
    compare_ways(journal, wanted, (struct sim_way){seed, 4, 64, 50}, "saved once in 50 blocks");
    compare_ways(journal, wanted, (struct sim_way){seed, 1, 8, 7}, "saved once in 7 blocks");
}

static void sim_recut(void **state)
{
    (void)state;
    each_seed(recut);
}

static void sim_save_load(void **state)
{
    (void)state;
    each_seed(save_load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_recut),
        cmocka_unit_test(sim_save_load),
    };

    return cmocka_run_group_tests_name("recut", tests, NULL, NULL);
}
