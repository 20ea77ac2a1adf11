/* SPDX-License-Identifier: Apache-2.0
 *
 * One set of the world, built and compiled, and everything that was said about it. No engine.
 */
#ifndef COMPILE_CASE_H
#define COMPILE_CASE_H

#include "case_priv.h"
#include "compile_priv.h"

#include "hz_clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define S HZ_NS_PER_S

/* One set, built and compiled; and all that was said about it. */
struct compiled {
    struct hz_names *names;
    struct hz_set *set;
    struct hz_ruleset *ruleset;
    struct hz_diagnostics diagnostics;
    int code;
    char said[8192];
};

static inline void compile_with(struct compiled *c, struct hz_names *names, const char *rules,
                                const struct case_point *points, const char *feed)
{
    struct hz_files files;
    struct hz_text said = hz_text_in(c->said, sizeof(c->said));

    *c = (struct compiled){.names = names};
    hz_diagnostics_init(&c->diagnostics);
    case_files(&files, rules, points, &(struct rule_case){.feed_settings = feed});
    if (hz_set_build(&files, names, &c->diagnostics, &c->set) != 0)
        case_print(&c->diagnostics);
    assert_non_null(c->set);
    c->code = hz_ruleset_compile(c->set, &c->diagnostics, &c->ruleset);
    said = hz_text_in(c->said, sizeof(c->said));
    for (uint32_t i = 0; i < c->diagnostics.kept_count; i++) {
        hz_diagnostic_write(&c->diagnostics.kept[i], &said);
        hz_text_puts(&said, "\n");
    }
    hz_files_done(&files);
}

static inline struct compiled *compiled(const char *rules, const struct case_point *points)
{
    struct compiled *c = calloc(1, sizeof(*c));
    struct hz_names *names;

    assert_non_null(c);
    assert_int_equal(hz_names_new(&names), 0);
    compile_with(c, names, rules, points, "");
    return c;
}

static inline void compiled_done(struct compiled *c)
{
    hz_ruleset_free(c->ruleset);
    hz_set_unref(c->set);
    hz_diagnostics_done(&c->diagnostics);
}

static inline void compiled_free(struct compiled *c)
{
    compiled_done(c);
    hz_names_free(c->names);
    free(c);
}

static inline uint32_t id(const struct compiled *c, enum hz_named_kind kind, const char *key)
{
    return hz_names_find(c->names, kind, key, strlen(key));
}

static inline uint32_t point(const struct compiled *c, const char *code)
{
    char key[HZ_KEY_BYTES_MAX];

    snprintf(key, sizeof(key), "%s%s", strchr(code, '/') ? "" : "E1/Z1/", code);
    return id(c, HZ_NAMED_POINT, key);
}

static inline bool watched(const struct compiled *c, const char *code, const char *rule)
{
    struct hz_limit_view view;

    assert_true(point(c, code) != 0);
    return hz_ruleset_limits(c->ruleset, point(c, code), id(c, HZ_NAMED_RULE, rule), &view);
}

static inline struct hz_limit_view view(const struct compiled *c, const char *code, const char *rule)
{
    struct hz_limit_view view;

    assert_int_equal(c->code, 0);
    assert_true(hz_ruleset_limits(c->ruleset, point(c, code), id(c, HZ_NAMED_RULE, rule), &view));
    return view;
}

static inline void expect_limits(const struct compiled *c, const char *code, double ll, double l, double h,
                          double hh)
{
    const double wanted[] = {ll, l, h, hh};
    struct hz_limit_view got = view(c, code, "r");

    for (int i = 0; i < 4; i++) {
        double one = got.limit[HZ_LEVEL_LL + i];
        assert_true(isnan(wanted[i]) ? isnan(one) : one == wanted[i]);
    }
}

/* A rule for gateways. */
#define SILENT_RULE(id, select, bounds)                                                            \
    "- id: " id "\n  each: gateway\n  select: {" select "}\n  silent: {after: {" bounds "}}\n"     \
    "  severity: orange\n"

#endif
