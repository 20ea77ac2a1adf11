/* SPDX-License-Identifier: Apache-2.0
 *
 * Arena memory is zeroed, aligned, disjoint and stays where it is; a reserve costs nothing
 * untouched.
 */
#include "hz_arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

static void pieces_are_zeroed_and_disjoint(void **state)
{
    enum { COUNT = 4000 };
    static unsigned char *pieces[COUNT];
    struct hz_arena arena;

    (void)state;
    hz_arena_init(&arena);
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i % 97 == 0 ? 40000 : i % 61;
        pieces[i] = hz_arena_take(&arena, size);
        assert_non_null(pieces[i]);
        assert_true((uintptr_t)pieces[i] % 8 == 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)(i % 255 + 1), size);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < (i % 97 == 0 ? 40000 : i % 61); k++)
            assert_int_equal(pieces[i][k], i % 255 + 1);
    assert_true(arena.total > 40000 * (COUNT / 97));
    hz_arena_done(&arena);
    assert_true(arena.total == 0 && !arena.chunks);
}

static void alignments(void **state)
{
    struct hz_arena arena;

    (void)state;
    hz_arena_init(&arena);
    for (size_t align = 1; align <= 64; align *= 2)
        for (size_t size = 1; size < 100000; size = size * 5 + 1) {
            char *piece = hz_arena_take_aligned(&arena, size, align);
            assert_true((uintptr_t)piece % align == 0);
            memset(piece, 1, size); /* inside the chunk: ASan */
        }
    hz_arena_done(&arena);
}

static void a_big_piece_does_not_waste_the_chunk(void **state)
{
    struct hz_arena arena;

    (void)state;
    hz_arena_init(&arena);
    (void)hz_arena_take(&arena, 100);
    size_t before = arena.total;
    (void)hz_arena_take(&arena, 1 << 20);
    assert_true(arena.total - before < (1 << 20) + 256);
    before = arena.total;
    (void)hz_arena_take(&arena, 100);
    assert_true(arena.total == before);
    hz_arena_done(&arena);
}

static void copies_and_refusals(void **state)
{
    struct hz_arena arena;

    (void)state;
    hz_arena_init(&arena);
    assert_string_equal(hz_arena_copy(&arena, "chlorine", 5), "chlor");
    assert_string_equal(hz_arena_copy(&arena, NULL, 0), "");
    assert_null(hz_arena_take(&arena, SIZE_MAX - 3));
    assert_null(hz_arena_copy(&arena, "x", SIZE_MAX));
    hz_arena_done(&arena);
}

static void reserves(void **state)
{
    size_t bytes = (size_t)1 << 30;
    unsigned char in_core[1];
    char *memory = hz_reserve(bytes + 5);

    (void)state;
    assert_non_null(memory);
    assert_true((uintptr_t)memory % (2 << 20) == 0);
    assert_int_equal(memory[bytes + 4], 0);
    memory[bytes + 4] = 1;
    assert_int_equal(mincore(memory, 1, in_core), 0);
    assert_int_equal(in_core[0] & 1, 0);
    hz_reserve_free(memory, bytes + 5);
    assert_int_not_equal(mincore(memory, 1, in_core), 0);
    assert_null(hz_reserve(0));
    assert_null(hz_reserve(SIZE_MAX));
    hz_reserve_free(NULL, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_and_disjoint),
        cmocka_unit_test(alignments),
        cmocka_unit_test(a_big_piece_does_not_waste_the_chunk),
        cmocka_unit_test(copies_and_refusals),
        cmocka_unit_test(reserves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
