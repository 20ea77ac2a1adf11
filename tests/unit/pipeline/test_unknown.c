/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of what was refused: counts, times and samples by name, its bound, and that nothing is
 * refused without being counted somewhere.
 */
#include "unknown_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static struct unknown_table table;

static int begin(void **state)
{
    (void)state;
    memset(&table, 0, sizeof(table));
    return 0;
}

static void note(const char *name, const char *sample, int64_t now_ms)
{
    struct unknown_note one = {.feed = 1,
                               .verdict = HZ_VERDICT_UNKNOWN_POINT,
                               .point = true,
                               .name = hz_slice(name),
                               .sample = hz_slice(sample)};

    unknown__note(&table, &one, now_ms);
}

static const struct unknown_row *row_of(const char *name)
{
    for (unsigned i = 0; i < UNKNOWN_ROWS; i++)
        if (table.rows[i].count > 0 && table.rows[i].name_length == strlen(name) &&
            memcmp(table.rows[i].name, name, strlen(name)) == 0)
            return &table.rows[i];
    return NULL;
}

static unsigned rows_in_use(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < UNKNOWN_ROWS; i++)
        count += table.rows[i].count > 0;
    return count;
}

static uint64_t counted(void)
{
    uint64_t sum = table.without_row + table.given_up;

    for (unsigned i = 0; i < UNKNOWN_ROWS; i++)
        sum += table.rows[i].count;
    return sum;
}

static void a_name_has_one_row(void **state)
{
    (void)state;
    note("E1/H1/P9", "1", 1000);
    note("E1/H1/P9", "2", 1500);
    note("E1/H1/P8", "8", 1600);
    note("E1/H1/P9", "3", 2500);
    const struct unknown_row *row = row_of("E1/H1/P9");
    assert_non_null(row);
    assert_int_equal(row->count, 3);
    assert_int_equal(row->first_ms, 1000);
    assert_int_equal(row->last_ms, 2500);
    assert_memory_equal(row->sample, "3", 1); /* not the second, which came too soon */
    assert_int_equal(row->sample_length, 1);
    assert_int_equal(rows_in_use(), 2);
}

static void feeds_and_verdicts_are_apart(void **state)
{
    struct unknown_note one = {
        .feed = 1, .verdict = HZ_VERDICT_BROKEN, .name = hz_slice("t"), .sample = hz_slice("{")};

    (void)state;
    unknown__note(&table, &one, 1);
    one.feed = 2;
    unknown__note(&table, &one, 1);
    one.verdict = HZ_VERDICT_MISSING;
    unknown__note(&table, &one, 1);
    assert_int_equal(rows_in_use(), 3);
}

static void a_value_is_its_own_sample(void **state)
{
    struct hz_reading reading = {.kind = HZ_VALUE_F64, .value.f64 = 90.5};
    struct unknown_note one = {
        .feed = 1, .verdict = HZ_VERDICT_UNKNOWN_POINT, .name = hz_slice("P"), .reading = &reading};

    (void)state;
    unknown__note(&table, &one, 1);
    assert_int_equal(row_of("P")->sample_length, 4);
    assert_memory_equal(row_of("P")->sample, "90.5", 4);
}

/* Two topics that differ behind the cut are two rows; no character is torn. */
static void long_names_are_cut_and_stay_apart(void **state)
{
    char name[400];

    (void)state;
    memset(name, 'a', sizeof(name));
    memcpy(name + UNKNOWN_NAME_BYTES - 1, "\u6DB2", 3);
    name[399] = '\0';
    note(name, "", 1);
    name[398] = 'b';
    note(name, name, 1);
    assert_int_equal(rows_in_use(), 2);
    name[UNKNOWN_NAME_BYTES - 1] = '\0';
    assert_int_equal(row_of(name)->name_length, UNKNOWN_NAME_BYTES - 1);
}

static void made_up_names_cost_no_memory_and_are_counted(void **state)
{
    char name[32];

    (void)state;
    note("kept", "", 1);
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof(name), "x-%d", i);
        note(name, "", 2);
    }
    assert_int_equal(rows_in_use(), UNKNOWN_ROWS);
    assert_int_equal(counted(), 100001);
    assert_true(table.without_row > 90000);
    assert_int_equal(table.given_up, 0);
    assert_non_null(row_of("kept")); /* the flood has not driven it out */
    note("kept", "", 3);
    assert_int_equal(row_of("kept")->count, 2);
}

static void a_silent_row_gives_its_place_up(void **state)
{
    char name[32];
    uint64_t without;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof(name), "x-%d", i);
        note(name, "", 2);
    }
    without = table.without_row;
    note("new", "s", 2 + UNKNOWN_SILENT_MS);
    assert_null(row_of("new"));
    note("new", "s", 3 + UNKNOWN_SILENT_MS);
    assert_non_null(row_of("new"));
    assert_int_equal(row_of("new")->count, 1);
    assert_int_equal(row_of("new")->first_ms, 3 + UNKNOWN_SILENT_MS);
    assert_int_equal(table.without_row, without + 1);
    assert_int_equal(table.given_up, 1);
    assert_int_equal(counted(), 100002);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        T(a_name_has_one_row),
        T(feeds_and_verdicts_are_apart),
        T(a_value_is_its_own_sample),
        T(long_names_are_cut_and_stay_apart),
        T(made_up_names_cost_no_memory_and_are_counted),
        T(a_silent_row_gives_its_place_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
