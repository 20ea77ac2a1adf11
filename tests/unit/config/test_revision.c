/* SPDX-License-Identifier: Apache-2.0
 *
 * A rule's revision is the head of the SHA-256 of its own bytes: the same text has the same revision
 * wherever it stands and whatever stands around it.
 */
#include "config_case.h"

#include <stdio.h>

#define STALE "  stale: {severity: yellow, after: 3 intervals}"

/* As each stands in its file, by hand: what the digest is taken of. */
static const char plain[] = "id: a\n"
                            "  name: 储罐液位\n" STALE;
static const char flow[] = "{id: b, stale: {severity: red, after: 60s}}";
static const char block[] = "id: c\n" STALE "\n"
                            "  advice: |\n"
                            "    一\n"
                            "    二";
static const char commented[] = "id: d\n"
                                "  # 限值见 points.csv\n" STALE;

static uint32_t revision_of(const char *text)
{
    struct hz_digest digest = hz_digest(text, strlen(text));

    return (uint32_t)digest.bytes[0] << 24 | (uint32_t)digest.bytes[1] << 16 |
           (uint32_t)digest.bytes[2] << 8 | digest.bytes[3];
}

static struct parsed *rules(const char *text)
{
    struct parsed *parsed = parsed_new();

    parsed_add(parsed, "hazardd.yaml", GOOD_FEED);
    parsed_add(parsed, "rules.d/r.yaml", text);
    parsed_run(parsed);
    if (parsed->code < 0)
        print_error("%s", parsed->said);
    assert_int_equal(parsed->code, 0);
    return parsed;
}

static void it_is_of_the_rules_own_bytes(void **state)
{
    char text[2048];

    (void)state;
    snprintf(
        text, sizeof(text),
        "# 前言\nschema: 1\nrules:\n- %s\n\n# between two rules\n- %s # behind\n- %s\n- %s\n# end",
        plain, flow, block, commented);
    struct parsed *parsed = rules(text);
    const struct hz_rule_config *rule = parsed->config->rules;

    assert_int_equal(rule[0].revision, revision_of(plain));
    assert_int_equal(rule[1].revision, revision_of(flow));
    assert_int_equal(rule[2].revision, revision_of(block));
    assert_int_equal(rule[3].revision, revision_of(commented));
    parsed_free(parsed);
}

static void a_known_text_has_its_known_revision(void **state)
{
    struct parsed *parsed =
        rules("schema: 1\nrules: [{id: b, stale: {severity: red, after: 60s}}]\n");

    (void)state;
    /* printf '%s' '{id: b, stale: {severity: red, after: 60s}}' | sha256sum | cut -c 1-8 */
    assert_int_equal(parsed->config->rules[0].revision, 0x8c101a00u);
    parsed_free(parsed);
}

/* As Windows' Notepad saves: the mark belongs to no rule, and to hazardd.yaml's keys neither. */
static void a_mark_of_utf_8_counts_nothing(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    parsed_add(parsed, "hazardd.yaml", "\xEF\xBB\xBF" GOOD_FEED);
    parsed_add(parsed, "rules.d/r.yaml",
               "\xEF\xBB\xBFrules: [{id: b, stale: {severity: red, "
               "after: 60s}}]\nschema: 1\n");
    parsed_run(parsed);
    assert_string_equal(parsed->said, "");
    assert_int_equal(parsed->code, 0);
    assert_int_equal(parsed->config->feed_count, 1);
    assert_int_equal(parsed->config->rules[0].revision, 0x8c101a00u);
    assert_int_equal(parsed->config->rules[0].column, 9);
    parsed_free(parsed);
}

static void line_ends_count_as_they_stand(void **state)
{
    struct parsed *parsed = rules("schema: 1\r\nrules:\r\n- id: a\r\n" STALE "\r\n");

    (void)state;
    assert_int_equal(parsed->config->rules[0].revision, revision_of("id: a\r\n" STALE));
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_of_the_rules_own_bytes),
        cmocka_unit_test(a_known_text_has_its_known_revision),
        cmocka_unit_test(a_mark_of_utf_8_counts_nothing),
        cmocka_unit_test(line_ends_count_as_they_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
