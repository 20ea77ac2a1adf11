/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of metrics in both dialects, byte for byte; and which dialect a scraper gets.
 */
#include "hz_exposition.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY(to, type, name, unit, help)                                                         \
    hz_exposition_family((to), &(const struct hz_family){(name), (type), (unit), (help)})

static void expect(struct hz_exposition *text, const char *right)
{
    size_t length;
    char *is = hz_exposition_take(text, &length);

    assert_non_null(is);
    assert_string_equal(is, right);
    assert_int_equal(length, strlen(right));
    free(is);
}

static void write_all(struct hz_exposition *text)
{
    FAMILY(text, HZ_GAUGE, "a_points", "", "Points.");
    hz_exposition_uint(text, NULL, 7);
    FAMILY(text, HZ_COUNTER, "a_wait_seconds", "seconds", "Waited.");
    hz_exposition_ns(text, (const struct hz_label[]){{"feed", "city"}, {"kind", "x"}, {NULL, NULL}},
                     1500000000);
    FAMILY(text, HZ_INFO, "a_build", "", "Release.");
    hz_exposition_uint(text, (const struct hz_label[]){{"version", "1"}, {NULL, NULL}}, 1);
}

static void openmetrics(void **state)
{
    struct hz_exposition text = hz_exposition_in(HZ_OPENMETRICS_1_0);

    (void)state;
    write_all(&text);
    expect(&text, "# HELP a_points Points.\n"
                  "# TYPE a_points gauge\n"
                  "a_points 7\n"
                  "# HELP a_wait_seconds Waited.\n"
                  "# TYPE a_wait_seconds counter\n"
                  "# UNIT a_wait_seconds seconds\n"
                  "a_wait_seconds_total{feed=\"city\",kind=\"x\"} 1.5\n"
                  "# HELP a_build Release.\n"
                  "# TYPE a_build info\n"
                  "a_build_info{version=\"1\"} 1\n"
                  "# EOF\n");
}

/* Counters carry their "_total" in the family's name, an info is a gauge, there is no end. */
static void text_format(void **state)
{
    struct hz_exposition text = hz_exposition_in(HZ_TEXT_0_0_4);

    (void)state;
    write_all(&text);
    expect(&text, "# HELP a_points Points.\n"
                  "# TYPE a_points gauge\n"
                  "a_points 7\n"
                  "# HELP a_wait_seconds_total Waited.\n"
                  "# TYPE a_wait_seconds_total counter\n"
                  "a_wait_seconds_total{feed=\"city\",kind=\"x\"} 1.5\n"
                  "# HELP a_build_info Release.\n"
                  "# TYPE a_build_info gauge\n"
                  "a_build_info{version=\"1\"} 1\n");
}

static void what_comes_from_outside_is_escaped(void **state)
{
    struct hz_exposition text = hz_exposition_in(HZ_OPENMETRICS_1_0);
    const struct hz_label labels[] = {{"feed", "a\"b\\c\nd 1\n# EOF"}, {NULL, NULL}};

    (void)state;
    FAMILY(&text, HZ_GAUGE, "a", "", "One \"two\"\nthree \\ four.");
    hz_exposition_uint(&text, labels, 1);
    expect(&text, "# HELP a One \\\"two\\\"\\nthree \\\\ four.\n"
                  "# TYPE a gauge\n"
                  "a{feed=\"a\\\"b\\\\c\\nd 1\\n# EOF\"} 1\n"
                  "# EOF\n");
    text = hz_exposition_in(HZ_TEXT_0_0_4);
    FAMILY(&text, HZ_GAUGE, "a", "", "One \"two\"\n.");
    expect(&text, "# HELP a One \"two\"\\n.\n"
                  "# TYPE a gauge\n");
}

static void numbers(void **state)
{
    struct hz_exposition text = hz_exposition_in(HZ_OPENMETRICS_1_0);

    (void)state;
    FAMILY(&text, HZ_GAUGE, "a", "", "A.");
    hz_exposition_uint(&text, NULL, UINT64_MAX);
    hz_exposition_double(&text, NULL, 0.1);
    hz_exposition_double(&text, NULL, NAN); /* not known: no sample */
    hz_exposition_double(&text, NULL, INFINITY);
    hz_exposition_ns(&text, NULL, 0);
    expect(&text, "# HELP a A.\n"
                  "# TYPE a gauge\n"
                  "a 18446744073709551615\n"
                  "a 0.1\n"
                  "a 0\n"
                  "# EOF\n");
}

/* Buckets add up, the last one is the count. */
static void histogram(void **state)
{
    static struct hz_histogram times;
    struct hz_exposition text = hz_exposition_in(HZ_OPENMETRICS_1_0);
    size_t length;

    (void)state;
    hz_histogram_record(&times, 1500);        /* <= 2 us */
    hz_histogram_record(&times, 1000000000);  /* <= 1 s */
    hz_histogram_record(&times, 30000000000); /* above all */
    FAMILY(&text, HZ_HISTOGRAM, "a_seconds", "seconds", "A.");
    hz_exposition_histogram(&text, (const struct hz_label[]){{"feed", "c"}, {NULL, NULL}}, &times);
    char *is = hz_exposition_take(&text, &length);
    assert_non_null(strstr(is, "\na_seconds_bucket{feed=\"c\",le=\"1e-06\"} 0\n"
                               "a_seconds_bucket{feed=\"c\",le=\"2e-06\"} 1\n"));
    assert_non_null(strstr(is, "\na_seconds_bucket{feed=\"c\",le=\"0.5\"} 1\n"
                               "a_seconds_bucket{feed=\"c\",le=\"1.0\"} 2\n"));
    assert_non_null(strstr(is, "\na_seconds_bucket{feed=\"c\",le=\"10.0\"} 2\n"
                               "a_seconds_bucket{feed=\"c\",le=\"+Inf\"} 3\n"
                               "a_seconds_sum{feed=\"c\"} 31.0000015\n"
                               "a_seconds_count{feed=\"c\"} 3\n# EOF\n"));
    free(is);
}

/* More than the first room: the text grows and stays whole. */
static void a_long_text(void **state)
{
    struct hz_exposition text = hz_exposition_in(HZ_OPENMETRICS_1_0);
    static char value[5000];
    size_t length, lines = 0;

    (void)state;
    memset(value, '"', sizeof(value) - 1);
    FAMILY(&text, HZ_GAUGE, "a", "", "A.");
    for (int i = 0; i < 200; i++)
        hz_exposition_uint(&text, (const struct hz_label[]){{"l", value}, {NULL, NULL}}, 1);
    char *is = hz_exposition_take(&text, &length);
    assert_non_null(is);
    assert_int_equal(length, strlen(is));
    for (const char *at = is; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 203);
    free(is);
}

static void who_gets_what(void **state)
{
    static const struct {
        const char *accept;
        enum hz_exposition_form form;
    } table[] = {
        {NULL, HZ_TEXT_0_0_4},
        {"", HZ_TEXT_0_0_4},
        {"*/*", HZ_TEXT_0_0_4},
        {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", HZ_TEXT_0_0_4},
        {"application/openmetrics-text", HZ_OPENMETRICS_1_0},
        {"Application/OpenMetrics-Text ; Version=1.0.0 ; charset=utf-8", HZ_OPENMETRICS_1_0},
        {"application/openmetrics-text;version=0.0.1", HZ_TEXT_0_0_4},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
         "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         HZ_OPENMETRICS_1_0},
        {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.6",
         HZ_TEXT_0_0_4},
        {"text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.5", HZ_OPENMETRICS_1_0},
        {"application/openmetrics-text;q=0", HZ_TEXT_0_0_4},
        {"application/openmetrics-text;q=nan", HZ_TEXT_0_0_4},
        {"application/openmetrics-text;q=1e9", HZ_TEXT_0_0_4},
        {"application/openmetrics-text;q=", HZ_TEXT_0_0_4},
        {"application/openmetrics-text2", HZ_TEXT_0_0_4},
        {",,;;,=;=,", HZ_TEXT_0_0_4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (hz_exposition_choose(table[i].accept) != table[i].form)
            fail_msg("%s: the other one", table[i].accept);
    assert_string_equal(hz_exposition_content_type(HZ_OPENMETRICS_1_0),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_string_equal(hz_exposition_content_type(HZ_TEXT_0_0_4),
                        "text/plain; version=0.0.4; charset=utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openmetrics),
        cmocka_unit_test(text_format),
        cmocka_unit_test(what_comes_from_outside_is_escaped),
        cmocka_unit_test(numbers),
        cmocka_unit_test(histogram),
        cmocka_unit_test(a_long_text),
        cmocka_unit_test(who_gets_what),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
