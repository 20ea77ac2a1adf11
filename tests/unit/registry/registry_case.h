/* SPDX-License-Identifier: Apache-2.0
 *
 * A set from texts, and everything that was said about it as one text.
 */
#ifndef REGISTRY_CASE_H
#define REGISTRY_CASE_H

#include "hz_set.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

/* A hazardd.yaml that has no fault and gives no warning. */
#define GOOD_CONFIG                                                                                \
    "feeds:\n"                                                                                     \
    "- name: city\n"                                                                               \
    "  address: h:1883\n"                                                                          \
    "  client_id: c\n"                                                                             \
    "  filters:\n"                                                                                 \
    "  - filter: hz/+/+/+\n"                                                                       \
    "    topic: hz/{enterprise}/{hazard}/{point}\n"

#define GOOD_SITES                                                                                 \
    {"parks.csv", "code,name,district,lon,lat\n330382P01,园区,330382,120.9,28.0\n"},             \
        {"enterprises.csv", "code,name,park,status\n"                                              \
                            "330382001,某某化工有限公司,330382P01,running\n"                       \
                            "330382002,乙厂,,\n"},                                                 \
        {"hazards.csv", "enterprise,code,name,level\n"                                             \
                        "330382001,TF01,液氨罐区,1\n330382002,CL01,氯库,2\n"},                     \
    {                                                                                              \
        "gateways.csv", "code,enterprise,feed,interval\nGW1,330382001,city,60s\n"                  \
    }

struct set_file {
    const char *path, *text;
};

#define SET_FILES_MAX 12

struct set_case {
    struct hz_files files;
    struct hz_diagnostics diagnostics;
    struct hz_names *names;
    struct hz_set *set;
    int code;
    char said[32768];
};

static inline struct set_case *set_case_new(void)
{
    struct set_case *one = calloc(1, sizeof(*one));

    assert_non_null(one);
    hz_files_init(&one->files);
    hz_diagnostics_init(&one->diagnostics);
    assert_int_equal(hz_names_new(&one->names), 0);
    return one;
}

static inline void set_case_add(struct set_case *one, const char *path, const char *text)
{
    assert_int_equal(hz_files_add(&one->files, path, text, strlen(text)), 0);
}

static inline void set_case_run(struct set_case *one)
{
    struct hz_text said = hz_text_in(one->said, sizeof(one->said));

    one->code = hz_set_build(&one->files, one->names, &one->diagnostics, &one->set);
    for (uint32_t i = 0; i < one->diagnostics.kept_count; i++) {
        hz_diagnostic_write(&one->diagnostics.kept[i], &said);
        hz_text_puts(&said, "\n");
    }
    assert_false(said.overflow);
}

static inline void set_case_free(struct set_case *one)
{
    hz_set_unref(one->set);
    hz_names_free(one->names);
    hz_diagnostics_done(&one->diagnostics);
    hz_files_done(&one->files);
    free(one);
}

/* The files, and a good hazardd.yaml unless they have one. Ends with a NULL path. */
static inline struct set_case *set_case_of(const struct set_file *files)
{
    struct set_case *one = set_case_new();

    for (; files->path; files++)
        set_case_add(one, files->path, files->text);
    if (!hz_files_find(&one->files, "hazardd.yaml"))
        set_case_add(one, "hazardd.yaml", GOOD_CONFIG);
    set_case_run(one);
    return one;
}

static inline struct set_case *good_set(const struct set_file *files)
{
    struct set_case *one = set_case_of(files);

    if (one->code < 0 || one->diagnostics.errors > 0)
        print_error("%s", one->said);
    assert_int_equal(one->code, 0);
    assert_non_null(one->set);
    return one;
}

static inline uint32_t id_of(const struct set_case *one, enum hz_named_kind kind, const char *key)
{
    uint32_t id = hz_names_find(one->names, kind, key, strlen(key));

    assert_true(id > 0);
    return id;
}

#endif
