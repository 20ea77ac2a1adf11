/* SPDX-License-Identifier: Apache-2.0
 *
 * Topic to key: what a pattern finds, how a key is built or lent, what is refused at compile time; and MQTT
 * filters as sections 4.7 and 4.8.2 of the standard have them.
 */
#include "hz_limits.h"
#include "hz_topic.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static struct hz_topic *compile(const char *pattern, const char *key)
{
    struct hz_diagnostics diagnostics;
    struct hz_topic *topic = NULL;

    hz_diagnostics_init(&diagnostics);
    int code = hz_topic_compile(pattern, key, "hazardd.yaml", 7, &diagnostics, &topic);
    if (code < 0)
        print_error("%s: %s\n", pattern, diagnostics.kept[0].message);
    assert_int_equal(code, 0);
    hz_diagnostics_done(&diagnostics);
    return topic;
}

/* Exact memory, so that reading past the end of the topic is seen under ASan. */
static struct hz_slice exact(const char *text)
{
    char *copy = malloc(strlen(text) + 1);

    assert_non_null(copy);
    memcpy(copy, text, strlen(text));
    return (struct hz_slice){realloc(copy, strlen(text) ? strlen(text) : 1), strlen(text)};
}

static const struct {
    const char *pattern, *key, *topic, *name;
    const char *result; /* NULL: no match; "": no key */
} keys[] = {
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "hz/330382001/TF01/LT101",
     "", "330382001/TF01/LT101"},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "hz/a/b", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "hz/a/b/c/d", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "hz/a//c", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "hz/a/b/", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "hy/a/b/c", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "h", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}/{point}", "", "", NULL},
    {"hz/{enterprise}/{hazard}/{point}", "{hazard}/{point}", "hz/a/b/c", "", "b/c"},
    {"hz/{enterprise}/{hazard}/{point}", "{point}", "hz/a/b/c", "", "c"},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}/{point}/{hazard}", "hz/a/b/c", "", "a/c/b"},
    {"hz/{enterprise}/{hazard}/{point}", "{enterprise}-{hazard}", "hz/a/b/c", "", "a-b"},
    {"hz/{enterprise}/{hazard}/{point}", "x/{enterprise}", "hz/a/b/c", "", "x/a"},
    {"v1/{gateway}/telemetry", "330382001/TF01/{name}", "v1/GW1/telemetry", "LT1",
     "330382001/TF01/LT1"},
    {"v1/{gateway}/telemetry", "330382001/TF01/{name}", "v1/GW1/telemetry", "", ""},
    {"v1/{gateway}/telemetry", "{name}", "v1/GW1/telemetry", "a/b/c", "a/b/c"},
    {"v1/{gateway}/telemetry", "{gateway}/{name}", "v1/GW1/telemetry", "x", "GW1/x"},
    {"v1/{gateway}/telemetry", "{name}", "v1/GW1/attributes", "x", NULL},
    {"v1/{gateway}/telemetry", "{name}", "v1/GW1/telemetry/", "x", NULL},
    {"{a}/gw-{gateway}.up/x", "{gateway}", "1/gw-7.up/x", "", "7"},
    {"{a}/gw-{gateway}.up/x", "{gateway}", "1/gw-7.up.up/x", "", "7.up"},
    {"{a}/gw-{gateway}.up/x", "{gateway}", "1/gw-.up/x", "", NULL},
    {"{a}/gw-{gateway}.up/x", "{gateway}", "1/gw-7.dn/x", "", NULL},
    {"{a}/gw-{gateway}.up/x", "{gateway}", "1/gw-up/x", "", NULL},
    {"{a}/{b}.up", "{b}", "1/7.up", "", "7"},
    {"{a}/{b}.up", "{b}", "1/.up", "", NULL},
    {"a/+/{x}", "{x}", "a/b/c", "", "c"},
    {"a/+/{x}", "{x}", "a//c", "", "c"}, /* + may be empty */
    {"a/+/{x}", "{x}", "a/c", "", NULL},
    {"+/{x}", "{x}", "a/c", "", "c"},
    {"{x}/+", "{x}", "a/", "", "a"},
    {"{x}/+", "{x}", "a", "", NULL},
    {"{x}/#", "{x}", "a", "", "a"}, /* # has the level above in it */
    {"{x}/#", "{x}", "a/", "", "a"},
    {"{x}/#", "{x}", "a/b/c", "", "a"},
    {"a/#", "fixed", "a/b/c", "", "fixed"},
    {"a/#", "fixed", "ab", "", NULL},
    {"#", "fixed", "a/b", "", "fixed"},
    {"plc/1", "330382001/TF01/LT1", "plc/1", "", "330382001/TF01/LT1"},
    {"plc/1", "330382001/TF01/LT1", "plc/12", "", NULL},
    {"园区/{point}", "{point}", "园区/液位", "", "液位"},
    {"/{x}", "{x}", "/a", "", "a"},
    {"hb/{gateway}", "", "hb/GW1", "", ""},
};

static void keys_are_found_in_topics(void **state)
{
    char to[HZ_KEY_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct hz_topic *topic = compile(keys[i].pattern, keys[i].key);
        struct hz_slice text = exact(keys[i].topic);
        struct hz_topic_match match;
        bool matched = hz_topic_match(topic, text, &match);

        if (matched != (keys[i].result != NULL))
            print_error("%s on %s\n", keys[i].pattern, keys[i].topic);
        assert_true(matched == (keys[i].result != NULL));
        if (matched) {
            struct hz_slice key = hz_topic_key(topic, &match, hz_slice(keys[i].name), to);

            if (!hz_slice_is(key, keys[i].result))
                print_error("%s on %s: %.*s\n", keys[i].pattern, keys[i].topic, (int)key.length,
                            key.at);
            assert_true(hz_slice_is(key, keys[i].result));
        }
        free((char *)(uintptr_t)text.at);
        hz_topic_free(topic);
    }
}

static void a_key_that_is_a_piece_of_the_topic_is_lent(void **state)
{
    static const char text[] = "hz/a/b/c";
    struct hz_topic *topic = compile("hz/{enterprise}/{hazard}/{point}", "{enterprise}/{hazard}");
    struct hz_topic_match match;
    char to[HZ_KEY_BYTES_MAX + 1];

    (void)state;
    assert_true(hz_topic_match(topic, hz_slice(text), &match));
    assert_ptr_equal(hz_topic_key(topic, &match, hz_slice(""), to).at, text + 3);
    hz_topic_free(topic);
    topic = compile("hz/{enterprise}/{hazard}/{point}", "{hazard}/{enterprise}");
    assert_true(hz_topic_match(topic, hz_slice(text), &match));
    assert_ptr_equal(hz_topic_key(topic, &match, hz_slice(""), to).at, to);
    assert_string_equal(to, "b/a");
    hz_topic_free(topic);
}

/* Lent, built of pieces, and a name alone: the bound is the same, and one byte more is none. */
static void a_key_has_its_bound(void **state)
{
    static const char *const templates[] = {"{a}/{b}", "{b}/{a}", "{name}", "{a}"};
    char text[2 * HZ_KEY_BYTES_MAX], to[HZ_KEY_BYTES_MAX + 1];
    struct hz_topic_match match;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t length = HZ_KEY_BYTES_MAX; length <= HZ_KEY_BYTES_MAX + 1; length++) {
            struct hz_topic *topic = compile("{a}/{b}", templates[i]);

            memset(text, 'x', sizeof(text));
            text[1] = '/';
            assert_true(hz_topic_match(topic, (struct hz_slice){text, length}, &match));
            struct hz_slice key = hz_topic_key(topic, &match, (struct hz_slice){text, length}, to);
            assert_int_equal(key.length, length > HZ_KEY_BYTES_MAX ? 0 : length);
            hz_topic_free(topic);
        }
}

static void the_gateway_is_a_capture_like_others(void **state)
{
    struct hz_topic *topic = compile("v1/{gateway}/{point}", "{point}");
    struct hz_topic_match match;

    (void)state;
    assert_true(hz_topic_match(topic, hz_slice("v1/GW1/p"), &match));
    assert_true(hz_slice_is(hz_topic_gateway(topic, &match), "GW1"));
    hz_topic_free(topic);
    topic = compile("v1/{point}/{gateway}", "{point}/{gateway}"); /* not cut before it is asked */
    assert_true(hz_topic_match(topic, hz_slice("v1/p/GW2"), &match));
    assert_true(hz_slice_is(hz_topic_gateway(topic, &match), "GW2"));
    assert_true(hz_topic_match(topic, hz_slice("v1/a longer point/GW3"), &match));
    assert_true(hz_slice_is(hz_topic_gateway(topic, &match), "GW3"));
    hz_topic_free(topic);
    topic = compile("v1/{x}/{point}", "{point}");
    assert_true(hz_topic_match(topic, hz_slice("v1/GW1/p"), &match));
    assert_int_equal(hz_topic_gateway(topic, &match).length, 0);
    hz_topic_free(topic);
}

static const struct {
    const char *pattern, *key, *said;
} wrongs[] = {
    {"", "", "topic: a pattern has 1 to 512 bytes"},
    {"hz/{enterprise/x", "", "topic: no name at {enterprise/x"},
    {"hz/{}", "", "topic: no name at {}"},
    {"hz/{Point}", "", "topic: no name at {Point}"},
    {"hz/point}", "", "topic: a single }"},
    {"hz/{name}", "", "topic: {name} stands for the name inside the payload"},
    {"{a}/{a}", "", "topic: {a} is there twice"},
    {"{a}{b}", "", "topic: two names in one level"},
    {"{a}-{b}", "", "topic: two names in one level"},
    {"{a}+", "", "topic: two names in one level"},
    {"a+/b", "", "topic: a single +"},
    {"+a/b", "", "topic: a single +"},
    {"a/#/b", "", "topic: a single #"},
    {"a#", "", "topic: a single #"},
    {"{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", "", "topic: more than 8 names"},
    {"+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+", "",
     "topic: more than 32 variable levels"},
    {"hz/{point}", "{enterprise}/{point}", "key: {enterprise} is not in the topic hz/{point}"},
    {"hz/{point}", "{pont}", "key: {pont} is not in the topic hz/{point}"},
    {"hz/{point}", "{point", "key: no name at {point"},
    {"hz/{point}", "point}", "key: a single }"},
};

static void what_can_not_work_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        struct hz_diagnostics diagnostics;
        struct hz_topic *topic = NULL;

        hz_diagnostics_init(&diagnostics);
        int code = hz_topic_compile(wrongs[i].pattern, wrongs[i].key, "hazardd.yaml", 7,
                                    &diagnostics, &topic);
        if (code == 0)
            print_error("%s %s\n", wrongs[i].pattern, wrongs[i].key);
        assert_int_equal(code, HZ_ECONFIG);
        assert_null(topic);
        assert_int_equal(diagnostics.errors, 1);
        assert_string_equal(diagnostics.kept[0].message, wrongs[i].said);
        assert_string_equal(diagnostics.kept[0].file, "hazardd.yaml");
        assert_int_equal(diagnostics.kept[0].line, 7);
        hz_diagnostics_done(&diagnostics);
    }
}

static void a_near_name_is_hinted_at(void **state)
{
    struct hz_diagnostics diagnostics;
    struct hz_topic *topic = NULL;

    (void)state;
    hz_diagnostics_init(&diagnostics);
    assert_int_equal(hz_topic_compile("{enterprise}/{point}", "{enterprise}/{pont}", "f", 1,
                                      &diagnostics, &topic),
                     HZ_ECONFIG);
    assert_string_equal(diagnostics.kept[0].hint, "did you mean {point}?");
    hz_diagnostics_done(&diagnostics);
}

static void literals_have_their_bounds(void **state)
{
    char pattern[HZ_TOPIC_BYTES_MAX + 2];
    struct hz_diagnostics diagnostics;
    struct hz_topic *topic = NULL;

    (void)state;
    hz_diagnostics_init(&diagnostics);
    memset(pattern, 'x', sizeof(pattern));
    pattern[HZ_TOPIC_BYTES_MAX + 1] = '\0';
    assert_int_equal(hz_topic_compile(pattern, "", "f", 1, &diagnostics, &topic), HZ_ECONFIG);
    pattern[HZ_TOPIC_BYTES_MAX] = '\0';
    assert_int_equal(hz_topic_compile(pattern, "", "f", 1, &diagnostics, &topic), 0);
    hz_topic_free(topic);
    pattern[HZ_KEY_BYTES_MAX + 1] = '\0';
    assert_int_equal(hz_topic_compile("a", pattern, "f", 1, &diagnostics, &topic), HZ_ECONFIG);
    pattern[HZ_KEY_BYTES_MAX] = '\0';
    assert_int_equal(hz_topic_compile("a", pattern, "f", 1, &diagnostics, &topic), 0);
    hz_topic_free(topic);
    hz_diagnostics_done(&diagnostics);
}

/* The examples of MQTT 3.1.1 section 4.7 and a few of our own. */
static const struct {
    const char *filter, *topic;
    bool matches;
} filters[] = {
    {"sport/tennis/player1/#", "sport/tennis/player1", true},
    {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
    {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
    {"sport/tennis/player1/#", "sport/tennis/player12", false},
    {"sport/#", "sport", true},
    {"#", "sport/tennis", true},
    {"sport/tennis/+", "sport/tennis/player1", true},
    {"sport/tennis/+", "sport/tennis/player1/ranking", false},
    {"sport/+", "sport", false},
    {"sport/+", "sport/", true},
    {"+/+", "/finance", true},
    {"/+", "/finance", true},
    {"+", "/finance", false},
    {"+/tennis/#", "sport/tennis", true},
    {"sport/+/player1", "sport/tennis/player1", true},
    {"sport/+/player1", "sport//player1", true},
    {"#", "$SYS/broker", false},
    {"+/monitor/Clients", "$SYS/monitor/Clients", false},
    {"$SYS/#", "$SYS/broker", true},
    {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
    {"a/$x", "a/$x", true},
    {"a/+", "a/$x", true},
    {"ACCOUNTS", "Accounts", false},
    {"abc", "ab", false},
    {"ab", "abc", false},
    {"a/b", "a/b/", false},
    {"a/b/", "a/b", false},
    {"a//b", "a//b", true},
    {"/", "/", true},
    {"hz/+/+/+", "hz/a/b/c", true},
    {"hz/+/+/+", "hz/a/b", false},
    {"hz/#", "hz/a/b/c", true},
    {"hz/#", "hzx", false},
    {"a/#", "a/", true},
    {"$share/g/hz/+", "hz/a", true},
    {"$share/g/hz/+", "$share/g/hz/a", false},
    {"$share/g/#", "$SYS/x", false},
    {"#", "", false},
};

static void filters_match_as_the_standard_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct hz_slice text = exact(filters[i].topic);

        if (hz_topic_filter_matches(filters[i].filter, text) != filters[i].matches)
            print_error("%s %s\n", filters[i].filter, filters[i].topic);
        assert_true(hz_topic_filter_matches(filters[i].filter, text) == filters[i].matches);
        free((char *)(uintptr_t)text.at);
    }
}

static void filters_have_their_grammar(void **state)
{
    static const char *const good[] = {"#",          "+",          "a/#",  "a/+/b",  "/",
                                       "//",         "+/+",        "/+/#", "$SYS/#", "a",
                                       "$share/g/a", "$share/g/#", "园/+"};
    static const char *const bad[] = {
        "",   "a#",       "#/a",       "a/#/b",       "a+",        "+a",  "a/b+/c",
        "##", "$share/g", "$share//a", "$share/g+/a", "$share/g/", "a/+b"};
    char long_one[HZ_TOPIC_BYTES_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(hz_topic_filter_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (hz_topic_filter_valid(bad[i]))
            print_error("%s\n", bad[i]);
        assert_false(hz_topic_filter_valid(bad[i]));
    }
    memset(long_one, 'a', sizeof(long_one));
    long_one[HZ_TOPIC_BYTES_MAX + 1] = '\0';
    assert_false(hz_topic_filter_valid(long_one));
    long_one[HZ_TOPIC_BYTES_MAX] = '\0';
    assert_true(hz_topic_filter_valid(long_one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_in_topics),
        cmocka_unit_test(a_key_that_is_a_piece_of_the_topic_is_lent),
        cmocka_unit_test(a_key_has_its_bound),
        cmocka_unit_test(the_gateway_is_a_capture_like_others),
        cmocka_unit_test(what_can_not_work_is_refused),
        cmocka_unit_test(a_near_name_is_hinted_at),
        cmocka_unit_test(literals_have_their_bounds),
        cmocka_unit_test(filters_match_as_the_standard_says),
        cmocka_unit_test(filters_have_their_grammar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
