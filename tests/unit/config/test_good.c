/* SPDX-License-Identifier: Apache-2.0
 *
 * What good files mean: values in the fields' own units, defaults, and that all faults of a set are
 * told at once.
 */
#include "config_case.h"

#include "hz_clock.h"

static struct parsed *good(const char *options, const char *rules)
{
    struct parsed *parsed = parsed_new();

    parsed_add(parsed, "hazardd.yaml", options);
    if (rules)
        parsed_add(parsed, "rules.d/r.yaml", rules);
    parsed_run(parsed);
    assert_string_equal(parsed->said, "");
    assert_int_equal(parsed->code, 0);
    return parsed;
}

static void what_is_not_written_has_its_default(void **state)
{
    struct parsed *parsed = good(GOOD_FEED, NULL);
    const struct hz_config *config = parsed->config;
    const struct hz_filter_config *filter = &config->feeds[0].filters[0];

    (void)state;
    assert_string_equal(config->timezone, "Asia/Shanghai");
    assert_string_equal(config->language, "zh");
    assert_int_equal(config->durability, HZ_DURABLE);
    assert_int_equal(config->stall_ns, HZ_NS_PER_S);
    assert_int_equal(config->stall_buffer_bytes, 64 << 20);
    assert_int_equal(config->rule_threads, 0);
    assert_null(config->control_socket);
    assert_true(config->redis.enabled);
    assert_string_equal(config->redis.address, "127.0.0.1:6379");
    assert_int_equal(config->redis.maxlen, 1000000);
    assert_int_equal(config->feed_count, 1);
    assert_int_equal(config->feeds[0].line, 2);
    assert_int_equal(config->feeds[0].protocol, 5);
    assert_false(config->feeds[0].clean_session);
    assert_int_equal(config->feeds[0].session_expiry_s, 86400);
    assert_int_equal(config->feeds[0].payload_bytes_max, HZ_PAYLOAD_BYTES_DEFAULT);
    assert_int_equal(config->feeds[0].stale_after_ns, 1800 * HZ_NS_PER_S);
    assert_string_equal(config->feeds[0].timezone, "Asia/Shanghai");
    assert_int_equal(filter->qos, 1);
    assert_int_equal(filter->format, HZ_PAYLOAD_VALUE);
    assert_string_equal(filter->key, "{enterprise}/{hazard}/{point}");
    assert_string_equal(filter->values, "");
    assert_string_equal(filter->value, "v");
    assert_int_equal(filter->line, 6);
    assert_int_equal(config->rule_count, 0);
    parsed_free(parsed);
}

static void values_are_typed_by_the_table(void **state)
{
    struct parsed *parsed =
        good("timezone: \"+08:00\"\n"
             "journal:\n"
             "  stall: 0.5s\n"
             "  segment: 1.5 GiB\n"
             "redis:\n"
             "  # nothing but a comment: an empty section\n"
             "feeds:\n"
             "- name: a1\n"
             "  address: '[2001:db8::1]:1883'\n"
             "  clean_session: true\n"
             "  protocol: 3.1.1\n"
             "  user: true\n"
             "  session_expiry: 1.5h\n"
             "  filters:\n"
             "  - {filter: \"v1/+/telemetry\", topic: \"v1/{gateway}/telemetry\","
             " qos: 0, format: map, values: data.values}\n"
             "- name: b\n"
             "  address: unix:/run/m.sock\n"
             "  client_id: c\n"
             "  timezone: UTC\n"
             "  filters: [{filter: '#', topic: '{point}'}]\n",
             NULL);
    const struct hz_config *config = parsed->config;

    (void)state;
    assert_string_equal(config->timezone, "+08:00");
    assert_int_equal(config->stall_ns, 500 * HZ_NS_PER_MS);
    assert_int_equal(config->segment_bytes, UINT64_C(3) << 29);
    assert_string_equal(config->feeds[0].user, "true");
    assert_int_equal(config->feeds[0].protocol, 4);
    assert_int_equal(config->feeds[0].session_expiry_s, 5400);
    assert_string_equal(config->feeds[0].timezone, "+08:00");
    assert_int_equal(config->feeds[0].filters[0].format, HZ_PAYLOAD_MAP);
    assert_string_equal(config->feeds[0].filters[0].values, "data.values");
    assert_string_equal(config->feeds[1].timezone, "UTC");
    parsed_free(parsed);
}

static const char rule_text[] =
    "schema: 1\n"
    "rules:\n"
    "- id: z\n"
    "  each: gateway\n"
    "  silent: {after: {intervals: 5, at_most: 20min}}\n"
    "  severity: red\n"
    "- id: a\n"
    "  name: 液位\n"
    "  mode: trial\n"
    "  domain: env\n"
    "  select: {kind: level, point: \"330382001/*\", hazard_level: [1, 3]}\n"
    "  limits:\n"
    "    HH: {severity: red, fallback: 90 %span, delay: 5s, clear_delay: 1min}\n"
    "    L: {severity: blue, fallback: -3.5, deadband: 5%limit}\n"
    "  deadband: 2\n"
    "  stale: {severity: yellow, after: 3 intervals}\n"
    "  invalid: {severity: orange}\n"
    "  route: [park-duty, fire-brigade]\n"
    "  message: {en: \"{point} {value}\"}\n"
    "  advice: |\n"
    "    one\n"
    "    two\n";

static void a_rule_says_what_is_written(void **state)
{
    struct parsed *parsed = good(GOOD_FEED, rule_text);
    const struct hz_rule_config *rule = &parsed->config->rules[0];
    const struct hz_level_config *high = &rule->levels[HZ_LEVEL_HH],
                                 *low = &rule->levels[HZ_LEVEL_L];

    (void)state;
    assert_int_equal(parsed->config->rule_count, 2);
    assert_string_equal(rule->id, "a");
    assert_string_equal(rule->name_zh, "液位");
    assert_string_equal(rule->name_en, "液位");
    assert_int_equal(rule->mode, HZ_MODE_TRIAL);
    assert_int_equal(rule->domain, HZ_DOMAIN_ENV);
    assert_string_equal(rule->select.kind, "level");
    assert_null(rule->select.tag);
    assert_int_equal(rule->select.hazard_levels, 1 << 1 | 1 << 3);
    assert_true(high->given && low->given && !rule->levels[HZ_LEVEL_H].given);
    assert_true(high->severity == HZ_SEVERITY_RED && high->delay_given && !low->delay_given);
    assert_true(high->fallback.unit == HZ_PERCENT_SPAN && high->fallback.number == 90);
    assert_int_equal(high->delay_ns, 5 * HZ_NS_PER_S);
    assert_int_equal(high->clear_delay_ns, 60 * HZ_NS_PER_S);
    assert_string_equal(high->file, "rules.d/r.yaml");
    assert_int_equal(high->line, 13);
    assert_true(low->fallback.number == -3.5 && low->deadband.unit == HZ_PERCENT_LIMIT);
    assert_true(rule->deadband.given && rule->deadband.unit == HZ_ABSOLUTE);
    assert_true(rule->stale_given && rule->stale_after.intervals == 3);
    assert_true(rule->invalid_given && rule->invalid_after_ns == 0);
    assert_int_equal(rule->route_count, 2);
    assert_string_equal(rule->routes[1], "fire-brigade");
    assert_null(rule->message_zh);
    assert_string_equal(rule->message_en, "{point} {value}");
    assert_string_equal(rule->advice_zh, "one\ntwo");
    assert_int_equal(rule->line, 7);
    parsed_free(parsed);
}

static void a_gateway_rule_has_bounds(void **state)
{
    struct parsed *parsed = good(GOOD_FEED, rule_text);
    const struct hz_rule_config *rule = &parsed->config->rules[1];

    (void)state;
    assert_true(rule->each_gateway && rule->silent_after.given);
    assert_true(rule->silent_after.intervals == 5);
    assert_int_equal(rule->silent_at_least_ns, 60 * HZ_NS_PER_S);
    assert_int_equal(rule->silent_at_most_ns, 1200 * HZ_NS_PER_S);
    assert_int_equal(rule->silent_severity, HZ_SEVERITY_RED);
    assert_false(rule->stale_given || rule->invalid_given);
    assert_false(parsed->config->rules[0].each_gateway);
    parsed_free(parsed);
}

static void nothing_to_hear_is_a_warning(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    parsed_add(parsed, "hazardd.yaml", "");
    parsed_run(parsed);
    assert_int_equal(parsed->code, 0);
    assert_int_equal(parsed->diagnostics.warnings, 1);
    assert_string_equal(parsed->said,
                        "hazardd.yaml:1: warning: there are no feeds: nothing is received\n"
                        "    hint: write feeds: with a broker's address and filters\n");
    parsed_free(parsed);
}

static void without_the_file_there_is_no_configuration(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    parsed_run(parsed);
    assert_int_equal(parsed->code, HZ_ECONFIG);
    assert_string_equal(parsed->said, "hazardd.yaml: error: the file is not there\n"
                                      "    hint: hazardctl config --example writes one\n");
    parsed_free(parsed);
}

/* Ten faults in each of three files. */
static void thirty_faults_are_told_at_once(void **state)
{
    static const char ten[] = "schema: 1\n"
                              "rules:\n"
                              "- id: %s\n"
                              "  colour: red\n"
                              "  mode: lives\n"
                              "  domain: safe\n"
                              "  latch: true\n"
                              "  limits:\n"
                              "    HH: {severity: r, fallback: x, delay: 5, deadband: -1}\n"
                              "    H: {fallback: 1}\n"
                              "  message: \"{x}\"\n";
    static const char options[] = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nlanguage: fr\ntimezone: x\n"
                                  "rule_threads: 7\nredis: {latest: no}\nrings: {chunks: 1}\n";
    struct parsed *parsed = parsed_new();
    char text[1024];

    (void)state;
    parsed_add(parsed, "hazardd.yaml", options);
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), ten, i == 0 ? "one" : "two");
        parsed_add(parsed, i == 0 ? "rules.d/1.yaml" : "rules.d/2.yaml", text);
    }
    parsed_run(parsed);
    if (parsed->diagnostics.errors != 30)
        print_error("%s", parsed->said);
    assert_int_equal(parsed->diagnostics.errors, 30);
    assert_int_equal(parsed->code, HZ_ECONFIG);
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_written_has_its_default),
        cmocka_unit_test(values_are_typed_by_the_table),
        cmocka_unit_test(a_rule_says_what_is_written),
        cmocka_unit_test(a_gateway_rule_has_bounds),
        cmocka_unit_test(nothing_to_hear_is_a_warning),
        cmocka_unit_test(without_the_file_there_is_no_configuration),
        cmocka_unit_test(thirty_faults_are_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
