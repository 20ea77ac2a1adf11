/* SPDX-License-Identifier: Apache-2.0
 *
 * The example file is what the option table writes, it is good as it stands, and it means the
 * defaults: taking the # from every option changes nothing but what has no default. The rules that
 * are shipped are good.
 */
#include "config_case.h"

#include <ctype.h>
#include <stdio.h>

static char *written(void (*write)(FILE *to))
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    assert_non_null(to);
    write(to);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void read_shipped(struct parsed *parsed)
{
    assert_int_equal(hz_files_read(&parsed->files, HZ_TEST_CONFIG, &parsed->diagnostics), 0);
}

static void the_shipped_file_is_what_the_table_writes(void **state)
{
    struct parsed *parsed = parsed_new();
    char *text = written(hz_config_write_example);

    (void)state;
    read_shipped(parsed);
    const struct hz_file *file = hz_files_find(&parsed->files, "hazardd.yaml");
    assert_non_null(file);
    assert_int_equal(file->length, strlen(text));
    assert_memory_equal(file->bytes, text, file->length);
    free(text);
    parsed_free(parsed);
}

static void what_is_shipped_is_good(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    read_shipped(parsed);
    parsed_run(parsed);
    assert_string_equal(parsed->said, "");
    assert_int_equal(parsed->code, 0);
    assert_int_equal(parsed->config->rule_count, 7);
    for (uint32_t i = 0; i < parsed->config->rule_count; i++) {
        const struct hz_rule_config *rule = &parsed->config->rules[i];

        assert_true(rule->message_zh && rule->message_en && rule->advice_zh && rule->advice_en);
        assert_true(rule->route_count > 0);
    }
    parsed_free(parsed);
}

/* "#key: value" to "key: value"; "# words" stays. */
static char *without_comment_signs(const char *text)
{
    char *to = malloc(strlen(text) + 1), *at = to;

    assert_non_null(to);
    for (; *text; text++)
        if (*text != '#' || !islower((unsigned char)text[1]))
            *at++ = *text;
    *at = '\0';
    return to;
}

static void options_of(const struct hz_config *config, char *to, size_t size)
{
    FILE *stream = fmemopen(to, size, "w");

    assert_non_null(stream);
    hz_config_write_options(stream, config, false);
    assert_int_equal(fclose(stream), 0);
}

/* Lines of the two lists that differ, by the option's name. */
static void differing(char *left, char *right, struct hz_text *to)
{
    char *left_rest, *right_rest;
    char *a = strtok_r(left, "\n", &left_rest), *b = strtok_r(right, "\n", &right_rest);

    for (; a && b; a = strtok_r(NULL, "\n", &left_rest), b = strtok_r(NULL, "\n", &right_rest))
        if (strcmp(a, b) != 0)
            hz_text_format(to, "%.*s ", (int)strcspn(a, ":"), a);
    assert_true(!a && !b);
}

static void the_defaults_shown_are_the_defaults(void **state)
{
    static char plain[32768], full[32768], names[1024];
    struct parsed *one = parsed_new(), *other = parsed_new();
    struct hz_text differ = hz_text_in(names, sizeof(names));
    char *text = written(hz_config_write_example), *uncommented = without_comment_signs(text);

    (void)state;
    memcpy(strstr(uncommented, "tls: false"), "tls: true ", 10); /* what its certificates need */
    parsed_add(one, "hazardd.yaml", text);
    parsed_add(other, "hazardd.yaml", uncommented);
    parsed_run(one);
    parsed_run(other);
    assert_string_equal(one->said, "");
    assert_string_equal(other->said, "");
    options_of(one->config, plain, sizeof(plain));
    options_of(other->config, full, sizeof(full));
    differing(plain, full, &differ);
    assert_string_equal(names, "control_socket redis.user redis.password_file feeds[0].user "
                               "feeds[0].password_file feeds[0].tls feeds[0].tls_ca_file "
                               "feeds[0].tls_server_name feeds[0].filters[0].values "
                               "feeds[0].filters[0].errors ");
    free(text);
    free(uncommented);
    parsed_free(one);
    parsed_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_is_what_the_table_writes),
        cmocka_unit_test(what_is_shipped_is_good),
        cmocka_unit_test(the_defaults_shown_are_the_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
