/* SPDX-License-Identifier: Apache-2.0
 *
 * From key to id: where in the table keys with like hashes lie, that only the key itself says which it
 * is, and that a look-up in steps finds what a look-up at once does, whatever happens between steps.
 */
#include "names_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static struct hz_names *names;

static int begin(void **state)
{
    (void)state;
    return hz_names_new(&names);
}

static int end(void **state)
{
    (void)state;
    hz_names_free(names);
    return 0;
}

static uint32_t define(enum hz_named_kind kind, const char *key)
{
    uint32_t id = 0;

    assert_int_equal(hz_names_define(names, kind, key, strlen(key), &id), 0);
    return id;
}

/* --- the table: where a key lies, and that it is found there --- */

/* A key whose hash has these bits: `group`, low bits above those of the place in a group, and `mark`, the
 * nine highest bits, the fingerprint (-1: any). */
static void key_with(char key[32], unsigned *number, uint64_t group, uint64_t group_mask, int mark)
{
    for (;; ++*number) {
        (void)snprintf(key, 32, "key%u", *number);
        uint64_t hash = hz_names_hash(HZ_NAMED_POINT, key, strlen(key));
        if ((hash / NAMES_GROUP & group_mask) == group &&
            (mark < 0 || hash >> 55 == (uint64_t)mark))
            break;
    }
    ++*number;
}

static uint32_t find(const char *key)
{
    return hz_names_find(names, HZ_NAMED_POINT, key, strlen(key));
}

static uint32_t in_steps(const char *key)
{
    struct hz_names_seek seek;

    hz_names_seek(names, HZ_NAMED_POINT, hz_slice(key), &seek);
    hz_names_seek_slots(names, HZ_NAMED_POINT, &seek, 1);
    hz_names_seek_places(names, HZ_NAMED_POINT, &seek, 1);
    hz_names_seek_keys(names, HZ_NAMED_POINT, &seek, 1);
    return seek.id;
}

/* All in the last group of the table of 64 slots: they fill their line, then the first one. */
static void a_full_group_flows_over_into_its_line_and_the_next(void **state)
{
    enum { MANY = 40, LAST = NAMES_SLOTS_FIRST / NAMES_GROUP - 1 };
    char keys[MANY + 1][32];
    unsigned number = 0;

    (void)state;
    for (int i = 0; i <= MANY; i++)
        key_with(keys[i], &number, LAST, LAST, -1);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(define(HZ_NAMED_POINT, keys[i]), i + 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(find(keys[i]), i + 1);
        assert_int_equal(in_steps(keys[i]), i + 1);
    }
    assert_int_equal(find(keys[MANY]), 0);
    assert_int_equal(in_steps(keys[MANY]), 0);
}

/* Alike in group and fingerprint, so that a step's guess is wrong for all but one of them. Fingerprint 0
 * is that of a free slot. */
static void keys_with_one_fingerprint_are_told_apart(void **state)
{
    static const int marks[] = {0, 1, 256, 511};
    enum { MARKS = sizeof(marks) / sizeof(marks[0]), EACH = 6 };
    char keys[MARKS][EACH + 1][32];
    unsigned number = 0;

    (void)state;
    for (int m = 0; m < MARKS; m++)
        for (int i = 0; i <= EACH; i++)
            key_with(keys[m][i], &number, 5, 15, marks[m]);
    for (int i = 0; i < EACH; i++) {
        for (int m = 0; m < MARKS; m++)
            assert_int_equal(define(HZ_NAMED_POINT, keys[m][i]), i * MARKS + m + 1);
        for (int m = 0; m < MARKS; m++)
            for (int k = 0; k <= EACH; k++) {
                uint32_t wanted = k <= i ? (uint32_t)(k * MARKS + m + 1) : 0;
                assert_int_equal(find(keys[m][k]), wanted);
                assert_int_equal(in_steps(keys[m][k]), wanted);
            }
    }
}

/* --- keys compared in words, and in steps --- */

/* Asks for `other` where the table has the id under its hash: only the bytes of the key tell. */
static void is_another(const char *other, uint32_t id)
{
    static uint32_t slots[NAMES_SLOTS_FIRST];
    struct names_table table = {.slots = slots, .slot_mask = NAMES_SLOTS_FIRST - 1};
    struct names_kind *of = &names->kinds[HZ_NAMED_POINT];
    struct names_table *kept = atomic_exchange(&of->table, &table);

    memset(slots, 0, sizeof(slots));
    registry__names_put(&table, hz_names_hash(HZ_NAMED_POINT, other, strlen(other)), id);
    uint32_t found = find(other), stepped = in_steps(other);
    atomic_store(&of->table, kept);
    if (found != 0 || stepped != 0)
        fail_msg("%s is not %s", other, hz_names_key(names, HZ_NAMED_POINT, id).at);
}

static void every_byte_of_a_key_counts(void **state)
{
    char key[HZ_KEY_BYTES_MAX + 1], other[HZ_KEY_BYTES_MAX + 1];

    (void)state;
    for (size_t length = 1; length < HZ_KEY_BYTES_MAX; length++) {
        memset(key, 'k', length);
        key[length] = '\0';
        uint32_t id = define(HZ_NAMED_POINT, key);
        assert_int_equal(find(key), id);
        assert_int_equal(in_steps(key), id);
        for (size_t i = 0; i < length; i++) {
            memcpy(other, key, length + 1);
            other[i] = 'x';
            is_another(other, id);
            other[i + 1] = '\0'; /* shorter, and its last byte differs */
            is_another(other, id);
            other[i] = '\0';
            is_another(other, id); /* shorter and the same */
        }
        memset(other, 'k', length + 1);
        other[length + 1] = '\0';
        is_another(other, id);
    }
}

static void steps_find_what_find_finds(void **state)
{
    enum { MANY = 5000, TOGETHER = 16 };
    static struct hz_names_seek seeks[TOGETHER];
    char key[HZ_KEY_BYTES_MAX + 1];

    (void)state;
    for (int i = 0; i < MANY; i += 2) {
        (void)snprintf(key, sizeof(key), "%0*d", 1 + i % (int)HZ_KEY_BYTES_MAX, i);
        (void)define(HZ_NAMED_POINT, key);
    }
    for (int i = 0; i + TOGETHER <= MANY; i += TOGETHER) {
        uint32_t wanted[TOGETHER];

        for (int k = 0; k < TOGETHER; k++) {
            (void)snprintf(key, sizeof(key), "%0*d", 1 + (i + k) % (int)HZ_KEY_BYTES_MAX, i + k);
            hz_names_seek(names, HZ_NAMED_POINT, hz_slice(key), &seeks[k]);
            wanted[k] = find(key);
            assert_int_equal(seeks[k].length, strlen(key));
            assert_memory_equal(seeks[k].key, key, strlen(key));
        }
        memset(key, '?', sizeof(key)); /* the steps have their own */
        hz_names_seek_slots(names, HZ_NAMED_POINT, seeks, TOGETHER);
        hz_names_seek_places(names, HZ_NAMED_POINT, seeks, TOGETHER);
        hz_names_seek_keys(names, HZ_NAMED_POINT, seeks, TOGETHER);
        for (int k = 0; k < TOGETHER; k++) {
            assert_int_equal(seeks[k].id, wanted[k]);
            assert_true(wanted[k] != 0 || (i + k) % 2 != 0);
        }
    }
}

/* A name that comes between two steps is found; the table may have grown, too. */
static void names_may_come_between_steps(void **state)
{
    enum { MANY = 1000, STEPS = 3 };
    char key[32];

    (void)state;
    for (int when = 0; when < STEPS; when++) {
        struct hz_names_seek seeks[2];
        uint32_t first = hz_names_count(names, HZ_NAMED_POINT) + 1;

        (void)snprintf(key, sizeof(key), "old%d", when);
        assert_int_equal(define(HZ_NAMED_POINT, key), first);
        hz_names_seek(names, HZ_NAMED_POINT, hz_slice(key), &seeks[0]);
        (void)snprintf(key, sizeof(key), "new%d", when);
        hz_names_seek(names, HZ_NAMED_POINT, hz_slice(key), &seeks[1]);
        for (int done = 0; done < STEPS; done++) {
            for (int i = 0; done == when && i < MANY; i++) {
                char other[32];

                (void)snprintf(other, sizeof(other), "%d.%d", when, i);
                (void)define(HZ_NAMED_POINT, i == MANY / 2 ? key : other);
            }
            (done == 0   ? hz_names_seek_slots
             : done == 1 ? hz_names_seek_places
                         : hz_names_seek_keys)(names, HZ_NAMED_POINT, seeks, 2);
        }
        assert_int_equal(seeks[0].id, first);
        assert_int_equal(seeks[1].id, first + 1 + MANY / 2);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_full_group_flows_over_into_its_line_and_the_next),
        T(keys_with_one_fingerprint_are_told_apart),
        T(every_byte_of_a_key_counts),
        T(steps_find_what_find_finds),
        T(names_may_come_between_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
