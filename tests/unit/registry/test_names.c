/* SPDX-License-Identifier: Apache-2.0
 *
 * Names: an id is given once and for ever, keys are found among a hundred thousand, what is pending is
 * told in order and once, what a journal restores must fit.
 */
#include "hz_limits.h"
#include "hz_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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

static void ids_are_dense_and_each_kind_has_its_own(void **state)
{
    (void)state;
    assert_int_equal(define(HZ_NAMED_POINT, "E1/H1/P1"), 1);
    assert_int_equal(define(HZ_NAMED_POINT, "E1/H1/P2"), 2);
    assert_int_equal(define(HZ_NAMED_RULE, "E1/H1/P1"), 1);
    assert_int_equal(define(HZ_NAMED_POINT, "E1/H1/P1"), 1);
    assert_int_equal(hz_names_count(names, HZ_NAMED_POINT), 2);
    assert_int_equal(hz_names_find(names, HZ_NAMED_RULE, "E1/H1/P2", 8), 0);
    assert_string_equal(hz_names_key(names, HZ_NAMED_POINT, 2).at, "E1/H1/P2");
    assert_null(hz_names_key(names, HZ_NAMED_POINT, 0).at);
    assert_null(hz_names_key(names, HZ_NAMED_POINT, 3).at);
    assert_null(hz_names_key(names, HZ_NAMED_POINT, UINT32_MAX).at);
}

static void a_key_is_the_whole_key(void **state)
{
    (void)state;
    (void)define(HZ_NAMED_POINT, "abc");
    assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, "ab", 2), 0);
    assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, "abcd", 4), 0);
    assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, "abc\0", 4), 0);
    assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, "abcd", 3), 1);
}

/* A longer key in the very slot, with the very fingerprint, of the shorter one that is asked for. */
static void a_longer_key_with_the_same_slot_is_another(void **state)
{
    uint64_t wanted = hz_names_hash(HZ_NAMED_POINT, "abc", 3);
    char key[32];

    (void)state;
    for (unsigned i = 0;; i++) {
        (void)snprintf(key, sizeof(key), "abc%u", i);
        uint64_t hash = hz_names_hash(HZ_NAMED_POINT, key, strlen(key));
        if (hash >> 48 == wanted >> 48 && (hash & 63) == (wanted & 63))
            break;
    }
    (void)define(HZ_NAMED_POINT, key);
    assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, "abc", 3), 0);
}

static void every_key_of_many_is_found_and_none_has_moved(void **state)
{
    enum { MANY = 100000 };
    char key[32];

    (void)state;
    const char *first = hz_names_key(names, HZ_NAMED_POINT, define(HZ_NAMED_POINT, "first")).at;
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof(key), "330382001/TF%02d/LT%05d", i % 50, i);
        assert_int_equal(define(HZ_NAMED_POINT, key), i + 2);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        (void)snprintf(key, sizeof(key), "330382001/TF%02d/LT%05d", i % 50, i);
        assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, key, strlen(key)), i + 2);
        (void)snprintf(key, sizeof(key), "330382001/TF%02d/LX%05d", i % 50, i);
        assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, key, strlen(key)), 0);
    }
    assert_ptr_equal(hz_names_key(names, HZ_NAMED_POINT, 1).at, first);
}

static void keys_out_of_bounds_are_refused(void **state)
{
    char key[HZ_NAME_BYTES_MAX + 1];
    uint32_t id = 77;

    (void)state;
    memset(key, 'k', sizeof(key));
    assert_int_equal(hz_names_define(names, HZ_NAMED_POINT, key, sizeof(key), &id), HZ_ELIMIT);
    assert_int_equal(hz_names_define(names, HZ_NAMED_POINT, "", 0, &id), HZ_ELIMIT);
    assert_int_equal(hz_names_define(names, HZ_NAMED_POINT, "a\0b", 3, &id), HZ_ELIMIT);
    assert_int_equal(id, 77);
    assert_int_equal(hz_names_define(names, HZ_NAMED_POINT, key, sizeof(key) - 1, &id), 0);
}

static bool count(void *ctx, const struct hz_named *named)
{
    (void)named;
    ++*(uint32_t *)ctx;
    return true;
}

static void a_kind_can_be_used_up(void **state)
{
    char key[16];
    uint32_t id;

    (void)state;
    for (uint32_t i = 0; i < HZ_VIEWS_MAX; i++) {
        (void)snprintf(key, sizeof(key), "view%u", i);
        (void)define(HZ_NAMED_VIEW, key);
    }
    assert_int_equal(hz_names_define(names, HZ_NAMED_VIEW, "one more", 8, &id), HZ_ELIMIT);
    assert_int_equal(hz_names_define(names, HZ_NAMED_VIEW, "view7", 5, &id), 0);
    assert_int_equal(id, 8);
    uint32_t pending = 0;
    hz_names_take_pending(names, HZ_NAMES_SETS, count,
                          &pending); /* what was refused is not among them */
    assert_int_equal(pending, HZ_VIEWS_MAX);
}

struct seen {
    char text[256];
    int left;
};

static bool see(void *ctx, const struct hz_named *named)
{
    struct seen *seen = ctx;
    size_t length = strlen(seen->text);

    if (seen->left-- == 0)
        return false;
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "%d:%u=%s ", (int)named->kind,
                   named->id, named->key.at);
    return true;
}

static void the_pending_are_told_once_and_in_order(void **state)
{
    struct seen seen = {.left = 2};

    (void)state;
    (void)define(HZ_NAMED_POINT, "a");
    (void)define(HZ_NAMED_RULE, "r");
    (void)define(HZ_NAMED_POINT, "b");
    (void)define(HZ_NAMED_POINT, "a");
    hz_names_take_pending(names, HZ_NAMES_SETS, see, &seen);
    assert_string_equal(seen.text, "1:1=a 2:1=r ");
    seen.left = 10;
    hz_names_take_pending(names, HZ_NAMES_SETS, see, &seen);
    hz_names_take_pending(names, HZ_NAMES_SETS, see, &seen);
    assert_string_equal(seen.text, "1:1=a 2:1=r 1:2=b ");
}

static void texts_have_an_owner_of_their_own(void **state)
{
    struct seen sets = {.left = 10}, texts = {.left = 10};

    (void)state;
    (void)define(HZ_NAMED_TEXT, "open");
    (void)define(HZ_NAMED_POINT, "a");
    hz_names_take_pending(names, HZ_NAMES_SETS, see, &sets);
    assert_string_equal(sets.text, "1:1=a ");
    hz_names_take_pending(names, HZ_NAMES_TEXTS, see, &texts);
    assert_string_equal(texts.text, "3:1=open ");
}

/* A look-up under way may still read it: the memory stays until the owner says that there is none. */
static void a_table_that_was_too_small_is_kept_until_it_is_reclaimed(void **state)
{
    char key[16];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof(key), "k%u", i);
        (void)define(HZ_NAMED_POINT, key);
    }
    hz_names_take_pending(names, HZ_NAMES_SETS, count, &(unsigned){0});
    size_t before = hz_names_bytes(names);
    hz_names_reclaim(names, HZ_NAMES_SETS);
    assert_true(hz_names_bytes(names) < before);
    assert_int_equal(hz_names_find(names, HZ_NAMED_POINT, "k999", 4), 1000);
}

static void what_is_restored_must_fit(void **state)
{
    struct seen seen = {.left = 10};

    (void)state;
    assert_int_equal(hz_names_restore(names, HZ_NAMED_POINT, 1, "a", 1), 0);
    assert_int_equal(hz_names_restore(names, HZ_NAMED_POINT, 1, "a", 1), 0); /* written twice */
    assert_int_equal(hz_names_restore(names, HZ_NAMED_POINT, 2, "a", 1),
                     HZ_ECORRUPT); /* another id */
    assert_int_equal(hz_names_restore(names, HZ_NAMED_POINT, 1, "b", 1),
                     HZ_ECORRUPT); /* another key */
    assert_int_equal(hz_names_restore(names, HZ_NAMED_POINT, 3, "c", 1),
                     HZ_ECORRUPT); /* 2 is missing */
    assert_int_equal(hz_names_restore(names, HZ_NAMED_END, 1, "c", 1), HZ_ECORRUPT);
    assert_int_equal(define(HZ_NAMED_POINT, "b"), 2);
    hz_names_take_pending(names, HZ_NAMES_SETS, see, &seen);
    assert_string_equal(seen.text, "1:2=b "); /* restored ones are journalled already */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(ids_are_dense_and_each_kind_has_its_own),
        T(a_key_is_the_whole_key),
        T(a_longer_key_with_the_same_slot_is_another),
        T(every_key_of_many_is_found_and_none_has_moved),
        T(keys_out_of_bounds_are_refused),
        T(a_kind_can_be_used_up),
        T(the_pending_are_told_once_and_in_order),
        T(texts_have_an_owner_of_their_own),
        T(a_table_that_was_too_small_is_kept_until_it_is_reclaimed),
        T(what_is_restored_must_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
