/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of the world, and looking at it by the names that a test uses. Everything goes the way of the
 * daemon: YAML and CSV in memory, hz_set_build, hz_ruleset_compile.
 */
#include "case_priv.h"

#include "hz_record.h"

#include <stdio.h>

struct hz_ruleset *case_compile(struct hz_set *set)
{
    struct hz_ruleset *ruleset = NULL;
    struct hz_diagnostics diagnostics;

    hz_diagnostics_init(&diagnostics);
    if (hz_ruleset_compile(set, &diagnostics, &ruleset) != 0)
        case_print(&diagnostics);
    assert_non_null(ruleset);
    hz_diagnostics_done(&diagnostics);
    return ruleset;
}

struct hz_set *case_build(struct rule_case *c, const char *rules, const struct case_point *points)
{
    struct hz_files files;
    struct hz_diagnostics diagnostics;
    struct hz_set *set = NULL;

    assert_true(c->set_count < CASE_SETS_MAX);
    case_files(&files, rules, points, c);
    hz_diagnostics_init(&diagnostics);
    if (hz_set_build(&files, c->names, &diagnostics, &set) != 0)
        case_print(&diagnostics);
    assert_non_null(set);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
    hz_views_free(set->views);
    assert_int_equal(hz_views_build(c->views, c->view_count, set->registry, c->names, &set->views),
                     0);
    c->sets[c->set_count++] = set;
    return set;
}

void case_views(struct rule_case *c, const struct hz_view_config *views, uint32_t count)
{
    c->views = views;
    c->view_count = count;
}

static struct hz_ruleset *ruleset_of(const struct rule_case *c, const struct hz_digest *digest)
{
    for (size_t i = c->set_count; i-- > 0;)
        if (memcmp(&c->sets[i]->digest, digest, sizeof(*digest)) == 0)
            return case_compile(c->sets[i]);
    fail_msg("a set that the test has not built");
    return NULL;
}

void case_offer_set(const struct rule_case *c, struct hz_engine *engine,
                    const struct hz_digest *digest)
{
    hz_engine_offer(engine, ruleset_of(c, digest));
}

void case_offer(struct rule_case *c, struct hz_engine *engine, const struct hz_block *block)
{
    const struct hz_ruleset *before = hz_engine_ruleset(engine);
    struct hz_digest digests[CASE_SETS_MAX];
    size_t count = hz_block_rulesets(block, digests, CASE_SETS_MAX);

    for (size_t i = 0; i < count; i++) {
        struct hz_ruleset *next = ruleset_of(c, &digests[i]);
        bool compare =
            c->compared != CASE_NEVER && (c->compared != CASE_AT_TIMES || c->offers++ % 2 == 0);
        if (before && compare)
            assert_int_equal(hz_ruleset_compare(next, before), 0);
        hz_engine_offer(engine, next);
        if (c->compared != CASE_IN_FORCE)
            before = next;
    }
}

/* --- looking at it --- */

uint32_t case_id(const struct rule_case *c, enum hz_named_kind kind, const char *key)
{
    uint32_t id = hz_names_find(c->names, kind, key, strlen(key));

    if (id == 0)
        fail_msg("no %s %s", hz_named_kind_word(kind), key);
    return id;
}

uint32_t case_point(const struct rule_case *c, const char *code)
{
    char key[HZ_KEY_BYTES_MAX];

    snprintf(key, sizeof(key), "%s%s", strchr(code, '/') ? "" : "E1/Z1/", code);
    return case_id(c, HZ_NAMED_POINT, key);
}

uint32_t case_gateway(const struct rule_case *c, const char *code)
{
    return case_id(c, HZ_NAMED_GATEWAY, code);
}

struct hz_engine *case_engine(const struct rule_case *c)
{
    return c->engine;
}

const struct hz_ruleset *case_ruleset(const struct rule_case *c)
{
    return hz_engine_ruleset(c->engine);
}

struct hz_engine_counts case_counts(const struct rule_case *c)
{
    struct hz_engine_counts counts;

    hz_engine_counts(c->engine, &counts);
    return counts;
}

unsigned case_flags(const struct rule_case *c, const char *point)
{
    struct hz_news news;

    assert_true(hz_engine_point(c->engine, case_point(c, point), &news));
    return news.flags;
}

struct hz_alarm_view case_alarm(const struct rule_case *c, const char *point, enum hz_side side)
{
    return hz_engine_alarm(c->engine, case_point(c, point), case_id(c, HZ_NAMED_RULE, "r"), side);
}

const char *case_coverage(struct rule_case *c, enum hz_news_kind scope, const char *key)
{
    static const enum hz_named_kind kinds[] = {[HZ_NEWS_HAZARD] = HZ_NAMED_HAZARD,
                                               [HZ_NEWS_ENTERPRISE] = HZ_NAMED_ENTERPRISE,
                                               [HZ_NEWS_PARK] = HZ_NAMED_PARK};
    uint32_t id = scope == HZ_NEWS_WHOLE ? 0 : case_id(c, kinds[scope], key);
    struct hz_coverage coverage = hz_engine_coverage(c->engine, scope, id);

    snprintf(c->text, sizeof(c->text), "%u %u %u %u", coverage.total, coverage.online,
             coverage.valid, coverage.unobserved);
    return c->text;
}
