/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of requests by table: what is taken, and what is said about each way to be wrong.
 */
#include "control_case.h"

/* "verb|name=value|.." of what was parsed, or the fault. */
static const char *parsed_as(const char *line, size_t length)
{
    static char shown[8192];
    struct hz_text text = hz_text_in(shown, sizeof(shown));
    char *room = malloc(length + 1); /* exactly: ASan sees what goes beyond */
    struct control_parsed parsed;

    assert_non_null(room);
    memcpy(room, line, length);
    const char *fault = control__parse(room, length, &parsed);
    hz_text_puts(&text, fault ? fault : parsed.verb);
    for (unsigned i = 0; !fault && i < parsed.count; i++)
        hz_text_format(&text, "|%s=%s", parsed.arguments[i].name, parsed.arguments[i].value);
    free(room);
    return shown;
}

static void lines_by_table(void **state)
{
    static const struct {
        const char *line, *parsed;
    } table[] = {
        {"status", "status"},
        {"ack\talarm=k7f3-1\treason=", "ack|alarm=k7f3-1|reason="},
        {"a\tb=c=d\te=\\t\\n\\r\\\\", "a|b=c=d|e=\t\n\r\\"},
        {"a\tb=液位\\\\n", "a|b=液位\\n"},
        {"", "a line begins with a command"},
        {"\tb=c", "a line begins with a command"},
        {"Status", "a line begins with a command"},
        {"status ", "a line begins with a command"},
        {"status\t", "an argument is written name=value"},
        {"status\tb", "an argument is written name=value"},
        {"status\t=c", "the name of an argument is made of a-z, 0-9, _ and -"},
        {"status\tb c=d", "the name of an argument is made of a-z, 0-9, _ and -"},
        {"a\tb=c\tb=d", "an argument is given twice"},
        {"a\tb=\\x", "in a value a backslash is written \\\\, TAB \\t, LF \\n, CR \\r"},
        {"a\tb=\\", "in a value a backslash is written \\\\, TAB \\t, LF \\n, CR \\r"},
        {"status\r", "the line is not plain UTF-8 text"},
        {"a\tb=\x1b[31m", "the line is not plain UTF-8 text"},
        {"a\tb=\x7f", "the line is not plain UTF-8 text"},
        {"a\tb=\xe6\xb6", "the line is not plain UTF-8 text"},
        {"a\tb=\xed\xa0\x80", "the line is not plain UTF-8 text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_string_equal(parsed_as(table[i].line, strlen(table[i].line)), table[i].parsed);
    assert_string_equal(parsed_as("a\0b", 3), "the line is not plain UTF-8 text");
}

static void arguments_are_counted(void **state)
{
    char line[256] = "a", shown[256] = "a";

    (void)state;
    for (unsigned i = 0; i < CONTROL_ARGUMENTS_MAX; i++) {
        snprintf(line + strlen(line), 16, "\tn%u=v", i);
        snprintf(shown + strlen(shown), 16, "|n%u=v", i);
    }
    assert_string_equal(parsed_as(line, strlen(line)), shown);
    strcat(line, "\tm=v");
    assert_string_equal(parsed_as(line, strlen(line)), "there are more than 16 arguments");
}

static const char *fault_of(const char *arguments, const char *request)
{
    static char said[256];
    struct hz_text text = hz_text_in(said, sizeof(said));
    struct hz_control_row row = {.verb = "v", .arguments = arguments};
    struct control_parsed parsed;
    char line[256];

    strcpy(line, request);
    assert_null(control__parse(line, strlen(line), &parsed));
    const char *fault = control__arguments_fault(&parsed, &row, &text);
    return fault ? fault : "";
}

static void a_row_says_which_arguments(void **state)
{
    (void)state;
    assert_string_equal(fault_of(NULL, "v"), "");
    assert_string_equal(fault_of("", "v"), "");
    assert_string_equal(fault_of(NULL, "v\ta=1"), "'v' has no argument 'a'");
    assert_string_equal(fault_of("a b", "v"), "");
    assert_string_equal(fault_of("a b", "v\tb=1\ta=1"), "");
    assert_string_equal(fault_of("aa b", "v\ta=1"), "'v' has no argument 'a'");
    assert_string_equal(fault_of("a", "v\taa=1"), "'v' has no argument 'aa'");
    assert_string_equal(fault_of("!a b", "v\tb=1"), "'v' needs the argument 'a'");
    assert_string_equal(fault_of("b !a", "v"), "'v' needs the argument 'a'");
    assert_string_equal(fault_of("b !a", "v\ta="), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_by_table),
        cmocka_unit_test(arguments_are_counted),
        cmocka_unit_test(a_row_says_which_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
