/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics that need not be cut, since the key is all that stands behind the pattern's head: which these
 * are, and that they are matched as if they were cut.
 */
#include "topic_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static const struct {
    const char *pattern, *key;
    bool whole;
} wholes[] = {
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", true},
    {"{a}/{b}", "{a}/{b}", true},
    {"{a}", "{a}", true},
    {"/{a}/{b}", "{a}/{b}", true},
    {"gw-{a}/{b}", "{a}/{b}", true}, /* the head ends within a level */
    {"7 bytes{a}/{b}", "{a}/{b}", true},
    {"8 bytes/{a}/{b}", "{a}/{b}", true},
    {"9 bytes,/{a}/{b}", "{a}/{b}", true},
    {"a/long/head/{a}/{b}", "{a}/{b}", true},
    {"v1/{gateway}/{point}", "{gateway}/{point}", true},
    {"hz/{a}/{b}/{c}", "{b}/{c}", false},
    {"hz/{a}/{b}/{c}", "{a}/{b}", false},
    {"hz/{a}/x/{b}", "{a}/x/{b}", false},
    {"hz/{a}/+/{b}", "{a}/+/{b}", false},
    {"hz/{a}.x/{b}", "{a}.x/{b}", false},
    {"hz/{a}/x{b}", "{a}/x{b}", false},
    {"hz/{a}/{b}.x", "{a}/{b}", false},
    {"hz/{a}/{b}/x", "{a}/{b}", false},
    {"hz/{a}/{b}/#", "{a}/{b}", false},
    {"a//b/{a}/{b}", "{a}/{b}", false},
    {"+/{a}/{b}", "{a}/{b}", false},
};
#define WHOLES (sizeof(wholes) / sizeof(wholes[0]))

static struct hz_topic *compile(const char *pattern, const char *key)
{
    struct hz_topic *topic = NULL;

    assert_int_equal(hz_topic_compile(pattern, key, "", 0, NULL, &topic), 0);
    return topic;
}

/* As cutting the topic has it. */
static void agrees(const struct hz_topic *topic, struct hz_slice text)
{
    struct hz_topic_match match, cut;
    bool wanted = registry__topic_cut(topic, text, &cut);

    if (hz_topic_match(topic, text, &match) != wanted)
        fail_msg("%s on %.*s: %d", topic->pattern, (int)text.length, text.at, !wanted);
    if (!wanted)
        return;
    assert_ptr_equal(match.piece.at, cut.piece.at);
    assert_int_equal(match.piece.length, cut.piece.length);
}

static uint32_t random_below(uint32_t end)
{
    static uint32_t state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % end;
}

/* The head, right in most, then levels of bytes that are nearly a slash, empty at times. */
static size_t random_topic(const struct hz_topic *topic, char *to, size_t most)
{
    static const char bytes[] = ".0/\xAF\x2F\xAE\xB0o\x7F\x80/";
    size_t head = topic->steps[0].length, length = head + random_below((uint32_t)(most - head));

    memcpy(to, topic->pattern, head);
    if (head > 0 && random_below(8) == 0)
        to[random_below((uint32_t)head)] ^= (char)(1u << random_below(8));
    uint32_t levels = random_below(topic->slash_count + 4u) + 1;
    for (size_t i = head; i < length; i++)
        to[i] = bytes[random_below(2)];
    for (uint32_t i = 1; i < levels && length > head; i++)
        to[head + random_below((uint32_t)(length - head))] = '/';
    for (size_t i = head; i < length; i++)
        if (random_below(16) == 0)
            to[i] = bytes[random_below(sizeof(bytes) - 1)];
    return random_below(8) == 0 ? random_below((uint32_t)length + 1) : length;
}

static void what_is_not_cut_is_found_as_if_it_were(void **state)
{
    enum { TIMES = 20000, MOST = 300 };
    char text[MOST];

    (void)state;
    for (size_t i = 0; i < WHOLES; i++) {
        struct hz_topic *topic = compile(wholes[i].pattern, wholes[i].key);

        if (topic->whole != wholes[i].whole)
            print_error("%s\n", wholes[i].pattern);
        assert_true(topic->whole == wholes[i].whole);
        for (unsigned k = 0; topic->whole && k < TIMES; k++) {
            size_t length = random_topic(topic, text, k % 4 == 0 ? MOST : 36);
            char *copy = malloc(length + (length == 0)); /* exact: a byte too far is seen by ASan */

            assert_non_null(copy);
            memcpy(copy, text, length);
            agrees(topic, (struct hz_slice){copy, length});
            free(copy);
        }
        hz_topic_free(topic);
    }
}

/* An empty level, a slash too many and one too few at every place, in topics of all lengths. */
static void slashes_are_seen_at_every_place(void **state)
{
    enum { MOST = 290 };
    struct hz_topic *topic = compile("hz/{a}/{b}/{c}", "{a}/{b}/{c}");
    struct hz_topic_match match;
    char text[MOST];

    (void)state;
    for (size_t length = 8; length < MOST; length++)
        for (size_t at = 3; at < length; at++) {
            memset(text, 'x', sizeof(text));
            memcpy(text, "hz/", 3);
            text[at] = '/';
            assert_false(hz_topic_match(topic, (struct hz_slice){text, length}, &match));
            size_t next = at + 1 + random_below(9);
            if (next < length)
                text[next] = '/';
            bool right = at > 3 && next > at + 1 && next < length - 1;
            assert_true(hz_topic_match(topic, (struct hz_slice){text, length}, &match) == right);
            if (!right)
                continue;
            assert_ptr_equal(match.piece.at, text + 3);
            assert_int_equal(match.piece.length, length - 3);
            text[3 + random_below((uint32_t)at - 3)] = '/';
            assert_false(hz_topic_match(topic, (struct hz_slice){text, length}, &match));
        }
    hz_topic_free(topic);
}

/* 256 slashes too many are not none. */
static void a_great_many_slashes_are_not_few(void **state)
{
    struct hz_topic *topic = compile("{a}/{b}", "{a}/{b}");
    struct hz_topic_match match;
    char text[2 * 257 + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 ? '/' : 'x';
    assert_false(hz_topic_match(topic, (struct hz_slice){text, sizeof(text)}, &match));
    hz_topic_free(topic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_cut_is_found_as_if_it_were),
        cmocka_unit_test(slashes_are_seen_at_every_place),
        cmocka_unit_test(a_great_many_slashes_are_not_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
