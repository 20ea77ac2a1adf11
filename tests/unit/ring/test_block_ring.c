/* SPDX-License-Identifier: Apache-2.0
 *
 * The block ring by one thread, where every state can be brought about at will: padding, the two
 * readers, the reserved share, stall, giving up, rewinding. Blocks carry a number and are filled
 * with it, so that a block read is known to be whole and the right one.
 */
#include "hz_block_ring.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define HALF (HZ_CHUNK_BYTES / 2 - 8) /* with its frame, two make a chunk */

static struct hz_block_ring *ring;
static uint64_t written; /* number of the next block */

static int done(void **state)
{
    (void)state;
    hz_block_ring_free(ring);
    return 0;
}

static void fresh(uint32_t chunks, uint32_t stall_chunks)
{
    written = 0;
    assert_int_equal(hz_block_ring_new(chunks, stall_chunks, &ring), 0);
}

static bool put_as(uint32_t bytes, bool control)
{
    unsigned char *block = hz_block_ring_reserve(ring, bytes, control);

    if (!block)
        return false;
    assert_true((uintptr_t)block % 8 == 0);
    memset(block, (int)(written & 0xFF), bytes);
    memcpy(block, &written, sizeof(written));
    hz_block_ring_commit(ring, bytes);
    written++;
    return true;
}

static bool put(uint32_t bytes)
{
    return put_as(bytes, false);
}

static unsigned fill(uint32_t bytes)
{
    unsigned count = 0;

    while (put(bytes))
        count++;
    return count;
}

static uint64_t number_in(const struct hz_block_view *view)
{
    const unsigned char *bytes = view->block;
    uint64_t number;

    memcpy(&number, bytes, sizeof(number));
    for (uint32_t i = sizeof(number); i < view->bytes; i++)
        assert_int_equal(bytes[i], number & 0xFF);
    return number;
}

/* The engine takes the block with this number and lets it go. */
static void apply(uint64_t number)
{
    struct hz_block_view view;

    assert_true(hz_block_ring_engine_next(ring, &view));
    assert_int_equal(number_in(&view), number);
    hz_block_ring_engine_done(ring, view.end);
}

/* The journal copies the block with this number; returns its end. */
static uint64_t copy(uint64_t number)
{
    struct hz_block_view view;

    (void)hz_block_ring_copy_begin(ring);
    assert_true(hz_block_ring_journal_next(ring, &view));
    assert_int_equal(number_in(&view), number);
    hz_block_ring_copy_end(ring);
    return view.end;
}

static void both(uint64_t number)
{
    apply(number);
    hz_block_ring_journal_done(ring, copy(number));
}

static void blocks_arrive_whole_at_both(void **state)
{
    struct hz_block_view view;

    (void)state;
    fresh(4, 0);
    assert_false(hz_block_ring_engine_next(ring, &view));
    for (uint64_t i = 0; i < 3000; i++) {
        assert_true(put((uint32_t)(8 + i * 7919 % (HZ_CHUNK_BYTES / 2 - 7))));
        both(i);
        assert_false(hz_block_ring_engine_next(ring, &view));
        assert_false(hz_block_ring_journal_next(ring, &view));
        assert_int_equal(hz_block_ring_used(ring), 0);
    }
}

static void commit_may_be_shorter(void **state)
{
    struct hz_block_view view;

    (void)state;
    fresh(4, 0);
    void *first = hz_block_ring_reserve(ring, 1000, false);
    assert_ptr_equal(hz_block_ring_reserve(ring, 500, false), first);
    memcpy(first, "\0\0\0\0\0\0\0\0", 8);
    hz_block_ring_commit(ring, 9);
    assert_true(hz_block_ring_engine_next(ring, &view));
    assert_int_equal(view.bytes, 9);
    assert_int_equal(view.end, 8 + 16);
    assert_int_equal(hz_block_ring_tail(ring), view.end);
}

/* A reservation that went to the next chunk, then a smaller one that still fits in this. */
static void a_second_reserve_may_step_back(void **state)
{
    (void)state;
    fresh(4, 0);
    assert_true(put(HALF));
    assert_true(put(HALF - 1024));
    unsigned char *far = hz_block_ring_reserve(ring, HALF, false);
    unsigned char *near = hz_block_ring_reserve(ring, 64, false);
    assert_ptr_equal(near + 1024, far);
    for (int i = 0; i < 200; i++) {
        assert_true(put(i % 2 ? 64 : HALF));
        both((uint64_t)i);
    }
}

static void the_slower_reader_holds_the_ring(void **state)
{
    (void)state;
    fresh(8, 0);
    unsigned count = fill(HALF);
    assert_int_equal(count, 12); /* six of eight chunks */
    assert_int_equal(hz_block_ring_capacity(ring), 6 * HZ_CHUNK_BYTES);
    assert_int_equal(hz_block_ring_used(ring), 6 * HZ_CHUNK_BYTES);
    for (uint64_t i = 0; i < 12; i++)
        apply(i);
    assert_false(put(8));
    (void)copy(0);
    (void)copy(1); /* copied is not durable */
    assert_false(put(8));
    hz_block_ring_journal_done(ring, hz_block_ring_tail(ring) / 6);
    assert_true(put(HALF));
    assert_true(put(HALF));
    assert_false(put(8));
}

static void a_durable_block_waits_for_the_engine(void **state)
{
    (void)state;
    fresh(4, 0);
    assert_int_equal(fill(HALF), 6);
    for (uint64_t i = 0; i < 6; i++)
        hz_block_ring_journal_done(ring, copy(i));
    assert_false(put(8));
    assert_false(hz_block_ring_give_up(ring));
    apply(0);
    assert_false(put(8));
    apply(1);
    assert_true(put(8));
}

/* The last block of a chunk with padding behind it frees the chunk: nobody waits for the padding.
 */
static void padding_holds_no_chunk(void **state)
{
    (void)state;
    fresh(4, 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_true(put(HZ_CHUNK_BYTES / 2 - 80));
    assert_true(put(HZ_CHUNK_BYTES / 2 - 80));
    assert_true(put(HZ_CHUNK_BYTES / 2 - 80));
    assert_true(put(HZ_CHUNK_BYTES / 2 - 80));
    assert_false(put(HZ_CHUNK_BYTES / 2 - 80));
    both(0);
    assert_false(put(HZ_CHUNK_BYTES / 2 - 80));
    both(1);
    assert_true(put(HZ_CHUNK_BYTES / 2 - 80));
}

/* Both readers stand at the end of a chunk that is free by then and written over: what they need to
 * go on must not be in it. (The first ring kept a mark there; found by stress_block_ring.) */
static void readers_stand_at_the_end_of_a_reused_chunk(void **state)
{
    const uint32_t bytes = HZ_CHUNK_BYTES / 2 - 80;

    (void)state;
    fresh(4, 0);
    assert_true(put(bytes));
    assert_true(put(bytes));
    both(0);
    both(1);
    while (put_as(HALF, true))
        ;
    assert_int_equal(written, 2 + 8); /* every chunk, and so every entry but one of the table */
    for (uint64_t i = 2; i < written; i++)
        both(i);
}

static void control_blocks_find_room(void **state)
{
    unsigned count = 0;

    (void)state;
    fresh(8, 0);
    (void)fill(HALF);
    while (put_as(HALF, true)) {
        count++;
        assert_false(put(8)); /* not even in the rest of a chunk that control took */
    }
    assert_int_equal(count, 4); /* the two chunks of the reserved share */
    for (uint64_t i = 0; i < written; i++)
        both(i);
    assert_int_equal(fill(HALF), 12);
}

static void memory_is_used_newest_first(void **state)
{
    unsigned char *seen[3];
    unsigned distinct = 0;

    (void)state;
    fresh(64, 64);
    for (uint64_t i = 0; i < 300; i++) {
        unsigned char *at = hz_block_ring_reserve(ring, HALF, false);
        unsigned k = 0;
        while (k < distinct && seen[k] != at)
            k++;
        if (k == distinct) {
            assert_true(distinct < 3);
            seen[distinct++] = at;
        }
        assert_true(put(HALF));
        both(i);
    }
}

static void a_stall_opens_more_chunks(void **state)
{
    (void)state;
    fresh(4, 4);
    assert_int_equal(fill(HALF), 6);
    hz_block_ring_stall(ring, true);
    assert_int_equal(hz_block_ring_capacity(ring), 7 * HZ_CHUNK_BYTES);
    assert_int_equal(fill(HALF), 8);
    hz_block_ring_stall(ring, false);
    assert_int_equal(hz_block_ring_capacity(ring), 3 * HZ_CHUNK_BYTES);
    assert_true(put_as(8, true)); /* the control block that ends a stall */
    for (uint64_t i = 0; i < 9; i++)
        both(i);
    assert_false(put(HALF)); /* back to three chunks for ordinary blocks, and four in use */
    both(9);
    assert_true(put(HALF));
}

static void giving_up_takes_the_oldest_from_the_journal_only(void **state)
{
    struct hz_block_view view;

    (void)state;
    fresh(4, 0);
    assert_false(hz_block_ring_give_up(ring));
    assert_int_equal(fill(HALF), 6);
    apply(0);
    assert_false(hz_block_ring_give_up(ring)); /* the engine is behind too */
    for (uint64_t i = 1; i < 5; i++)
        apply(i);
    (void)copy(0);
    assert_true(hz_block_ring_give_up(ring)); /* blocks 0 and 1 */
    assert_true(put(HALF));
    assert_int_equal(hz_block_ring_copy_begin(ring), HZ_CHUNK_BYTES / 2); /* 0 was copied */
    assert_false(hz_block_ring_give_up(ring));                            /* just copying */
    assert_true(hz_block_ring_journal_next(ring, &view));
    assert_int_equal(number_in(&view), 2);
    hz_block_ring_copy_end(ring);
    assert_int_equal(hz_block_ring_copy_begin(ring), 0); /* told once */
    hz_block_ring_copy_end(ring);
    assert_true(hz_block_ring_give_up(ring));  /* blocks 2 and 3 */
    assert_false(hz_block_ring_give_up(ring)); /* the engine has not passed block 5 */
    apply(5);
    apply(6);
}

static void rewind_goes_to_the_oldest_not_durable(void **state)
{
    struct hz_block_view view;

    (void)state;
    fresh(4, 0);
    for (int i = 0; i < 6; i++)
        assert_true(put(HALF));
    uint64_t end = copy(0);
    for (uint64_t i = 1; i < 4; i++)
        (void)copy(i);
    hz_block_ring_journal_done(ring, end);
    (void)hz_block_ring_copy_begin(ring);
    assert_int_equal(hz_block_ring_journal_rewind(ring), 0);
    hz_block_ring_copy_end(ring);
    (void)copy(1);
    for (uint64_t i = 0; i < 4; i++)
        apply(i);
    (void)copy(2);
    assert_true(hz_block_ring_give_up(ring)); /* block 1: copied, not durable */
    (void)hz_block_ring_copy_begin(ring);
    assert_int_equal(hz_block_ring_journal_rewind(ring), HZ_CHUNK_BYTES / 2);
    assert_true(hz_block_ring_journal_next(ring, &view)); /* still in the same copy */
    assert_int_equal(number_in(&view), 2);
    hz_block_ring_copy_end(ring);
    hz_block_ring_journal_done(ring, view.end);
    uint64_t used = hz_block_ring_used(ring);
    hz_block_ring_journal_done(ring, end); /* behind what is done: changes nothing */
    assert_int_equal(hz_block_ring_used(ring), used);
    (void)copy(3);
}

#define CASE(test) cmocka_unit_test_teardown(test, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(blocks_arrive_whole_at_both),
        CASE(commit_may_be_shorter),
        CASE(a_second_reserve_may_step_back),
        CASE(the_slower_reader_holds_the_ring),
        CASE(a_durable_block_waits_for_the_engine),
        CASE(padding_holds_no_chunk),
        CASE(readers_stand_at_the_end_of_a_reused_chunk),
        CASE(control_blocks_find_room),
        CASE(memory_is_used_newest_first),
        CASE(a_stall_opens_more_chunks),
        CASE(giving_up_takes_the_oldest_from_the_journal_only),
        CASE(rewind_goes_to_the_oldest_not_durable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
