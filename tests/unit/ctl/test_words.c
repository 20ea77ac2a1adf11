/* SPDX-License-Identifier: Apache-2.0
 *
 * Chinese sentences: no value is lost, and none of hazardctl's own sentences is without one.
 */
#include "ctl.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *sources;

static const char *in_chinese(const char *sentence)
{
    static char room[4096];
    struct hz_text text = hz_text_in(room, sizeof(room));

    ctl_in_chinese(sentence, &text);
    return room;
}

static unsigned holes_of(const char *pattern)
{
    unsigned holes = 0;

    for (const char *at = pattern; (at = strstr(at, "{}")); at += 2)
        holes++;
    return holes;
}

static void values_are_kept(void **state)
{
    static const char *const table[][2] = {
        {"no memory", "内存不足"},
        {"hazardd is not reachable at /a: b: No such file or directory",
         "连接不上 /a 处的 hazardd：b: No such file or directory"},
        {"hazardd is not reachable at /a: Connection refused",
         "连接不上 /a 处的 hazardd：连接被拒绝"},
        {"'ack' is not permitted: it needs root or group hazard or hazard-admin",
         "没有执行 'ack' 的权限：需要 root 或 hazard 组或 hazard-admin 组"},
        {"below: 'x' is not a whole number from 0 to 100", "below：'x' 不是 0 到 100 的整数"},
        {"points: there is no option '--stael'; did you mean --stale?",
         "points：没有选项 '--stael'；是否指 --stale？"},
        {"there is no enterprise '{}' in the set in force", "生效配置中没有企业 '{}'"},
        {"there is no enterprise '' in the set in force", "生效配置中没有企业 ''"},
        {"there is no enterprise 'E", "there is no enterprise 'E"},
        {"no memory at all", "no memory at all"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_string_equal(in_chinese(table[i][0]), table[i][1]);
}

/* A pattern that an earlier one swallows would never be used. */
static void every_pattern_is_met(void **state)
{
    size_t count;
    const struct ctl_sentence *all = ctl_sentences(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(holes_of(all[i].en), holes_of(all[i].zh));
        if (strcmp(in_chinese(all[i].en), all[i].zh) != 0)
            fail_msg("\"%s\" becomes \"%s\"", all[i].en, in_chinese(all[i].en));
    }
}

/* --- the sources --- */

/* From behind the quote: C strings side by side as one, conversions as {}. */
static void take_literal(const char *at, struct hz_text *to)
{
    for (;;) {
        for (; *at && *at != '"'; at++) {
            if (*at == '%' && at[1] != '%') {
                at += strcspn(at, "sducxf");
                hz_text_puts(to, "{}");
            } else {
                at += *at == '\\' || *at == '%';
                hz_text_add(to, at, 1);
            }
        }
        at += *at == '"';
        at += strspn(at, " \n");
        if (*at != '"')
            return;
        at++;
    }
}

static bool is_known(const char *sentence)
{
    size_t count;
    const struct ctl_sentence *all = ctl_sentences(&count);
    const char *colon = strstr(sentence, ": {}");

    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].en, sentence) == 0)
            return true;
    /* "check: <why>", "/path: <why>" and "<sentence>" have nothing to translate but the value */
    return strcmp(sentence, "{}") == 0 ||
           (colon && strcspn(sentence, " ") + 1 == strlen(sentence) - 2);
}

static unsigned look_at(const char *path, const char *call)
{
    static char text[65536];
    char sentence[1024];
    unsigned seen = 0;
    FILE *file = fopen(path, "re");

    assert_non_null(file);
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    (void)fclose(file);
    for (const char *at = text; (at = strstr(at, call)); at++) {
        const char *quote = at + strlen(call);
        struct hz_text to = hz_text_in(sentence, sizeof(sentence));

        quote += strspn(quote, " \n");
        if (*quote != '"')
            continue;
        take_literal(quote + 1, &to);
        if (!is_known(sentence))
            fail_msg("%s: \"%s\" has no Chinese", path, sentence);
        seen++;
    }
    return seen;
}

static void what_is_said_has_its_chinese(void **state)
{
    static const char *const calls[] = {"ctl_say(", "say(call,", "say(link->call,",
                                        "ctl_explain_note(explain,",
                                        "ctl_explain_note(\n            explain,"};
    DIR *folder = opendir(sources);
    unsigned seen = 0;

    (void)state;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[1024];

        if (!strstr(entry->d_name, ".c"))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", sources, entry->d_name);
        for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
            seen += look_at(path, calls[i]);
    }
    (void)closedir(folder);
    assert_true(seen > 30);
}

static void words_follow_the_locale(void **state)
{
    (void)state;
    assert_int_equal(setenv("LC_ALL", "zh_CN.UTF-8", 1), 0);
    assert_string_equal(ctl_in_words("unack"), "未确认");
    assert_string_equal(ctl_in_words("violet"), "violet");
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_string_equal(ctl_in_words("unack"), "unack");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_kept),
        cmocka_unit_test(every_pattern_is_met),
        cmocka_unit_test(what_is_said_has_its_chinese),
        cmocka_unit_test(words_follow_the_locale),
    };

    if (argc != 2)
        return 2;
    sources = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
