/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines as they arrive at the other end of stderr, and what outside text becomes in them.
 */
#include "hz_log.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char seen[8192];
static int stderr_before, back[2];

/* stderr into a pipe that JOURNAL_STREAM names, as under systemd. */
static int catch_stderr(void **state)
{
    struct stat status;
    char stream[64];

    (void)state;
    stderr_before = dup(STDERR_FILENO);
    if (pipe(back) != 0 || dup2(back[1], STDERR_FILENO) < 0 || fstat(STDERR_FILENO, &status) != 0)
        return -1;
    (void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    return setenv("JOURNAL_STREAM", stream, 1);
}

static int release_stderr(void **state)
{
    (void)state;
    return dup2(stderr_before, STDERR_FILENO) < 0;
}

/* One read: the line must have come as one write. */
static const char *line(void)
{
    ssize_t length = read(back[0], seen, sizeof(seen) - 1);

    seen[length > 0 ? length : 0] = '\0';
    return seen;
}

static void lines_carry_their_level(void **state)
{
    (void)state;
    hz_log_warning("%d of %s", 3, "them");
    assert_string_equal(line(), "<4>3 of them\n");
    hz_log_debug("not asked for");
    errno = ENOENT;
    hz_log_error("lost");
    assert_int_equal(errno, ENOENT);
    assert_string_equal(line(), "<3>lost\n");
    hz_log_set_level(HZ_LOG_DEBUG);
    hz_log_debug("asked for");
    assert_string_equal(line(), "<7>asked for\n");
}

static void a_long_line_is_cut_between_characters(void **state)
{
    static char text[4096];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "\xE6\xB0\xA8", 3);
    for (size_t skip = 0; skip < 3; skip++) {
        hz_log_info("%.*s%s", (int)skip, "xx", text);
        const char *cut = line();
        size_t length = strlen(cut);
        assert_true(length <= 2048 && length > 2040);
        assert_string_equal(cut + length - 4, "...\n");
        assert_memory_equal(cut + length - 7, "\xE6\xB0\xA8", 3);
    }
}

static void a_line_that_just_fits_is_whole(void **state)
{
    char text[2048];

    (void)state;
    memset(text, 'a', sizeof(text));
    text[2044] = '\0';
    hz_log_info("%s", text); /* 3 + 2044 + newline = 2048 */
    assert_int_equal(strlen(line()), 2048);
    assert_null(strstr(seen, "..."));
}

static void outside_text_is_quoted(void **state)
{
    char to[64];
    static const char hostile[] = "a\n\"\\\x1B\xC2\x9B\xE6\xB0\xA8\xFF\x7F'";

    (void)state;
    assert_string_equal(hz_log_quote(to, sizeof(to), hostile, sizeof(hostile) - 1),
                        "a\\x0A\\x22\\x5C\\x1B\\xC2\\x9B\xE6\xB0\xA8\\xFF\\x7F\\x27");
    assert_string_equal(hz_log_quote(to, 7, "abc\x01", 4), "abc");
    assert_string_equal(hz_log_quote(to, 8, "abc\x01", 4), "abc\\x01");
    assert_string_equal(hz_log_quote(to, 6, "abc\xE6\xB0\xA8", 6), "abc");
}

static void the_rate_counts_what_it_holds_back(void **state)
{
    struct hz_log_rate rate = {0};
    uint64_t held = 99;
    const int64_t second = 1000000000;

    (void)state;
    assert_true(hz_log_rate_pass(&rate, 5 * second, 2, &held));
    assert_int_equal(held, 0);
    assert_true(hz_log_rate_pass(&rate, 5 * second + 1, 2, &held));
    held = 99;
    for (int i = 0; i < 7; i++)
        assert_false(hz_log_rate_pass(&rate, 6 * second - 1, 2, &held));
    assert_int_equal(held, 99);
    assert_true(hz_log_rate_pass(&rate, 6 * second, 2, &held));
    assert_int_equal(held, 7);
    assert_true(hz_log_rate_pass(&rate, 6 * second, 2, &held));
    assert_int_equal(held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_carry_their_level),
        cmocka_unit_test(a_long_line_is_cut_between_characters),
        cmocka_unit_test(a_line_that_just_fits_is_whole),
        cmocka_unit_test(outside_text_is_quoted),
        cmocka_unit_test(the_rate_counts_what_it_holds_back),
    };

    return cmocka_run_group_tests(tests, catch_stderr, release_stderr);
}
