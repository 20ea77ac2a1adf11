/* SPDX-License-Identifier: Apache-2.0
 *
 * A set from its files: configuration, topics, registry. Ids are given last, when nothing is wrong: a set
 * that is refused leaves no trace.
 */
#include "hz_set.h"

#include "hz_topic.h"
#include "registry_priv.h"

#include <errno.h>
#include <stdlib.h>

/* A map has many names, a single value has none: a key that forgets it names no point or the wrong one. */
static bool check_name(const struct hz_filter_config *filter, struct hz_diagnostics *diagnostics)
{
    bool named = strstr(filter->key, "{name}") != NULL;

    if (filter->format == HZ_PAYLOAD_MAP && !named)
        hz_diagnose(diagnostics, "hazardd.yaml", filter->line, 0,
                    "write key: \"{enterprise}/{hazard}/{name}\"",
                    "key: the points of a map are named inside the payload");
    else if (filter->format == HZ_PAYLOAD_VALUE && named)
        hz_diagnose(diagnostics, "hazardd.yaml", filter->line, 0, "write format: map or array",
                    "key: a single value has no {name} inside the payload");
    else
        return true;
    return false;
}

static int check_filter(const struct hz_filter_config *filter, struct hz_diagnostics *diagnostics)
{
    bool life = filter->format == HZ_PAYLOAD_HEARTBEAT;
    struct hz_topic *topic = NULL;
    int code = hz_topic_compile(filter->topic, life ? "" : filter->key, "hazardd.yaml",
                                filter->line, diagnostics, &topic);

    hz_topic_free(topic);
    if (code == 0 && !life && !check_name(filter, diagnostics))
        code = HZ_ECONFIG;
    return code;
}

/* HZ_ECONFIG: reported. */
static int check_topics(const struct hz_config *config, struct hz_diagnostics *diagnostics)
{
    int all = 0;

    for (uint32_t i = 0; i < config->feed_count; i++)
        for (uint32_t j = 0; j < config->feeds[i].filter_count; j++) {
            int code = check_filter(&config->feeds[i].filters[j], diagnostics);

            if (code < 0 && code != HZ_ECONFIG)
                return code;
            all = all < 0 ? all : code;
        }
    return all;
}

static uint32_t new_rules(const struct hz_config *config, const struct hz_names *names)
{
    uint32_t more = 0;

    for (uint32_t i = 0; i < config->rule_count; i++) {
        struct hz_slice id = hz_slice(config->rules[i].id);

        more += hz_names_find(names, HZ_NAMED_RULE, id.at, id.length) == 0;
    }
    return more;
}

static int number_rules(struct hz_set *set, struct hz_names *names)
{
    const struct hz_config *config = set->config;

    set->rule_ids = calloc((size_t)config->rule_count + 1, sizeof(*set->rule_ids));
    if (!set->rule_ids)
        return -ENOMEM;
    for (uint32_t i = 0; i < config->rule_count; i++) {
        struct hz_slice id = hz_slice(config->rules[i].id);
        int code = hz_names_define(names, HZ_NAMED_RULE, id.at, id.length, &set->rule_ids[i]);

        if (code < 0)
            return code;
        if (set->rule_ids[i] >= set->rule_of_end)
            set->rule_of_end = set->rule_ids[i] + 1;
    }
    set->rule_of = calloc((size_t)set->rule_of_end + 1, sizeof(*set->rule_of));
    if (!set->rule_of)
        return -ENOMEM;
    for (uint32_t i = 0; i < config->rule_count; i++)
        set->rule_of[set->rule_ids[i]] = i + 1;
    return 0;
}

/* They have their ids from the registry's commit. */
static int find_feeds(struct hz_set *set, const struct hz_names *names)
{
    const struct hz_config *config = set->config;

    set->feed_ids = calloc((size_t)config->feed_count + 1, sizeof(*set->feed_ids));
    for (uint32_t i = 0; set->feed_ids && i < config->feed_count; i++) {
        struct hz_slice name = hz_slice(config->feeds[i].name);
        set->feed_ids[i] = hz_names_find(names, HZ_NAMED_FEED, name.at, name.length);
    }
    return set->feed_ids ? 0 : -ENOMEM;
}

static int build(struct hz_set *set, const struct hz_files *files, struct hz_names *names,
                 struct hz_diagnostics *diagnostics)
{
    struct registry_draft draft;
    int topics = check_topics(set->config, diagnostics);
    int code = registry__draft(files, set->config, diagnostics, &draft);

    if (code == 0)
        code = topics;
    if (code == 0) {
        bool room = registry__ids_suffice(&draft, names);

        if (!registry__room(names, HZ_NAMED_RULE, new_rules(set->config, names), diagnostics) ||
            !room)
            code = HZ_ECONFIG;
    }
    if (code == 0)
        code = registry__commit(&draft, names, &set->registry);
    if (code == 0)
        code = number_rules(set, names);
    if (code == 0)
        code = find_feeds(set, names);
    if (code == 0)
        code = hz_views_build(set->config->views, set->config->view_count, set->registry, names,
                              &set->views);
    registry__draft_done(&draft);
    return code;
}

/* The registry's faults are worth knowing even when the configuration has some. */
static int report_registry(const struct hz_files *files, struct hz_diagnostics *diagnostics)
{
    struct registry_draft draft;
    int code = registry__draft(files, NULL, diagnostics, &draft);

    registry__draft_done(&draft);
    return code == 0 ? HZ_ECONFIG : code;
}

int hz_set_build(const struct hz_files *files, struct hz_names *names,
                 struct hz_diagnostics *diagnostics, struct hz_set **ret_set)
{
    struct hz_set *set = calloc(1, sizeof(*set));
    int code;

    if (!set)
        return -ENOMEM;
    atomic_init(&set->refs, 1);
    code = hz_config_parse(files, diagnostics, &set->config);
    if (code == 0)
        code = build(set, files, names, diagnostics);
    else if (code == HZ_ECONFIG)
        code = report_registry(files, diagnostics);
    if (code < 0) {
        hz_set_unref(set);
        return code;
    }
    set->digest = set->config->set;
    *ret_set = set;
    return 0;
}

struct hz_set *hz_set_ref(struct hz_set *set)
{
    (void)atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

void hz_set_unref(struct hz_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
        return;
    hz_views_free(set->views);
    hz_registry_free(set->registry);
    hz_config_unref(set->config);
    free(set->rule_ids);
    free(set->rule_of);
    free(set->feed_ids);
    free(set);
}

const struct hz_rule_config *hz_set_rule(const struct hz_set *set, uint32_t rule)
{
    if (rule >= set->rule_of_end || set->rule_of[rule] == 0)
        return NULL;
    return &set->config->rules[set->rule_of[rule] - 1];
}
