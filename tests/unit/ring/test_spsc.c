/* SPDX-License-Identifier: Apache-2.0
 *
 * The item ring by one thread: order, bounds, the storage's end, the high-water mark.
 */
#include "hz_spsc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

struct item {
    uint64_t number;
    char rest[32];
};

static struct hz_spsc_shared shared;
static struct hz_spsc_tx tx;
static struct hz_spsc_rx rx;

static void fresh(uint64_t items)
{
    assert_int_equal(hz_spsc_init(&shared, sizeof(struct item), items, &tx, &rx), 0);
}

static void one_by_one_and_full(void **state)
{
    struct item item = {0};

    (void)state;
    fresh(5);
    assert_int_equal(hz_spsc_room(&tx), 8); /* the next power of two */
    assert_false(hz_spsc_pop(&rx, &item));
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t i = 0; i < 8; i++) {
            item.number = round * 8 + i;
            assert_true(hz_spsc_push(&tx, &item));
        }
        assert_false(hz_spsc_push(&tx, &item));
        for (uint64_t i = 0; i < 8; i++) {
            assert_true(hz_spsc_pop(&rx, &item));
            assert_int_equal(item.number, round * 8 + i);
        }
        assert_false(hz_spsc_pop(&rx, &item));
    }
    assert_int_equal(rx.high_water, 8);
    hz_spsc_done(&shared);
}

static void runs_end_at_the_storage_end(void **state)
{
    uint64_t count;

    (void)state;
    fresh(8);
    assert_ptr_equal(hz_spsc_places(&tx, 1, &count), shared.items);
    assert_int_equal(count, 8);
    hz_spsc_commit(&tx, 6);
    assert_ptr_equal(hz_spsc_items(&rx, &count), shared.items);
    assert_int_equal(count, 6);
    hz_spsc_release(&rx, 5);
    assert_ptr_equal(hz_spsc_places(&tx, 3, &count), shared.items + 6 * sizeof(struct item));
    assert_int_equal(count, 2);
    assert_int_equal(hz_spsc_room(&tx), 7);
    hz_spsc_commit(&tx, 2);
    assert_ptr_equal(hz_spsc_places(&tx, 1, &count), shared.items);
    assert_int_equal(count, 5);
    hz_spsc_commit(&tx, 5);
    assert_null(hz_spsc_places(&tx, 1, &count));
    assert_int_equal(count, 0);
    hz_spsc_done(&shared);
}

/* A reader that keeps up: the mark says what was waiting, not how far the writer has come. */
static void high_water_is_what_waited(void **state)
{
    struct item item = {0};

    (void)state;
    fresh(64);
    for (int i = 0; i < 1000; i++) {
        assert_true(hz_spsc_push(&tx, &item));
        assert_true(hz_spsc_push(&tx, &item));
        assert_true(hz_spsc_pop(&rx, &item));
        assert_true(hz_spsc_pop(&rx, &item));
    }
    assert_int_equal(rx.high_water, 2);
    hz_spsc_done(&shared);
}

static void beyond_memory(void **state)
{
    (void)state;
    assert_int_equal(hz_spsc_init(&shared, 32, UINT64_MAX, &tx, &rx), -ENOMEM);
    assert_int_equal(hz_spsc_init(&shared, SIZE_MAX / 2, 4, &tx, &rx), -ENOMEM);
    assert_int_equal(hz_spsc_init(&shared, 1 << 20, 1 << 30, &tx, &rx), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_one_and_full),
        cmocka_unit_test(runs_end_at_the_storage_end),
        cmocka_unit_test(high_water_is_what_waited),
        cmocka_unit_test(beyond_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
