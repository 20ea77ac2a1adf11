/* SPDX-License-Identifier: Apache-2.0
 *
 * docs/redis.md says what the code does: the table of fields row by row, the words, the ids of messages.
 */
#include "publish_case.h"

#include "hz_publisher.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static char doc[1 << 16];

static int begin(void **state)
{
    const char *source = getenv("HAZARD_SOURCE");
    char path[512];

    (void)state;
    assert_non_null(source);
    (void)snprintf(path, sizeof(path), "%s/docs/redis.md", source);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(doc, 1, sizeof(doc) - 1, file);
    doc[length] = '\0';
    assert_true(feof(file));
    return fclose(file);
}

static void the_table_of_fields_is_that_of_the_code(void **state)
{
    static const char expected[] = "| field | type | what |\n|---|---|---|\n"
#define X(name, word, type, text) "| `" word "` | " type " | " text " |\n"
        HZ_ENTRY_FIELDS(X)
#undef X
            "\n";

    (void)state;
    if (!strstr(doc, expected))
        fail_msg("docs/redis.md should say:\n%s", expected);
}

static bool has(const char *text, const char *what, size_t length)
{
    return memmem(text, strlen(text), what, length) != NULL;
}

static void the_words_are_those_of_the_code(void **state)
{
    static const char events[] = "`event` "
#define X(name, number, word) word ", "
        HZ_EVENTS(X);
#undef X
    static const char states[] =
#define X(name, number, word) word ", "
        HZ_STATES(X);
#undef X
    char flat[sizeof(doc)];

    (void)state;
    for (size_t i = 0; i < sizeof(flat); i++) /* lines may break anywhere */
        flat[i] = doc[i] == '\n' ? ' ' : doc[i];
    flat[sizeof(flat) - 1] = '\0';
    assert_true(has(flat, events, sizeof(events) - 3)); /* without the last comma */
    assert_true(has(flat, states, sizeof(states) - 3));
    for (unsigned event = 1; event < HZ_EVENT_END; event++) {
        char row[64];
        (void)snprintf(row, sizeof(row), "%02x %s", event, hz_event_word(event));
        assert_non_null(strstr(flat, row));
    }
}

static void every_flag_of_a_latest_value_is_named(void **state)
{
    (void)state;
#define X(name, bit, word) assert_non_null(strstr(doc, "`" word "`"));
    HZ_LATEST_FLAGS(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_fields_is_that_of_the_code),
        cmocka_unit_test(the_words_are_those_of_the_code),
        cmocka_unit_test(every_flag_of_a_latest_value_is_named),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
