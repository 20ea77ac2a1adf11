/* SPDX-License-Identifier: Apache-2.0
 *
 * A set of files from texts, and everything that was said about it as one text.
 */
#ifndef CONFIG_CASE_H
#define CONFIG_CASE_H

#include "hz_config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

/* A hazardd.yaml that has no fault and gives no warning. */
#define GOOD_FEED                                                                                  \
    "feeds:\n"                                                                                     \
    "- name: a\n"                                                                                  \
    "  address: h:1883\n"                                                                          \
    "  client_id: c\n"                                                                             \
    "  filters:\n"                                                                                 \
    "  - filter: hz/#\n"                                                                           \
    "    topic: hz/{point}\n"

struct parsed {
    struct hz_files files;
    struct hz_diagnostics diagnostics;
    struct hz_config *config;
    int code;
    char said[32768];
};

static inline struct parsed *parsed_new(void)
{
    struct parsed *parsed = calloc(1, sizeof(*parsed));

    assert_non_null(parsed);
    hz_files_init(&parsed->files);
    hz_diagnostics_init(&parsed->diagnostics);
    return parsed;
}

static inline void parsed_add(struct parsed *parsed, const char *path, const char *text)
{
    assert_int_equal(hz_files_add(&parsed->files, path, text, strlen(text)), 0);
}

static inline void parsed_run(struct parsed *parsed)
{
    struct hz_text said = hz_text_in(parsed->said, sizeof(parsed->said));

    parsed->code = hz_config_parse(&parsed->files, &parsed->diagnostics, &parsed->config);
    for (uint32_t i = 0; i < parsed->diagnostics.kept_count; i++) {
        hz_diagnostic_write(&parsed->diagnostics.kept[i], &said);
        hz_text_puts(&said, "\n");
    }
    assert_false(said.overflow);
}

static inline void parsed_free(struct parsed *parsed)
{
    hz_config_unref(parsed->config);
    hz_diagnostics_done(&parsed->diagnostics);
    hz_files_done(&parsed->files);
    free(parsed);
}

struct bad_case {
    const char *title, *path, *text, *said;
};

/* Parses a text as a file of an otherwise good set and compares all that is said about it. */
static inline void check_bad_case(const struct bad_case *one)
{
    struct parsed *parsed = parsed_new();

    if (strcmp(one->path, "hazardd.yaml") != 0)
        parsed_add(parsed, "hazardd.yaml", GOOD_FEED);
    parsed_add(parsed, one->path, one->text);
    parsed_run(parsed);
    if (strcmp(parsed->said, one->said) != 0)
        print_error("%s:\n%s", one->title, parsed->said);
    assert_string_equal(parsed->said, one->said);
    assert_int_equal(parsed->code, HZ_ECONFIG);
    assert_null(parsed->config);
    parsed_free(parsed);
}

#endif
