/* SPDX-License-Identifier: Apache-2.0
 *
 * The views of a set, worked out once for each enterprise and domain, so that whoever has an alarm
 * looks it up. What must stay true: a list is ascending; it depends on the selections and the registry
 * alone, not on the order in which the views are written.
 */
#include "hz_views.h"

#include "hz_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD 64u

/* --- is it selected? --- */

static bool is_one_of(const char *text, const struct hz_view_keys *keys)
{
    bool found = keys->count == 0;

    for (uint32_t i = 0; i < keys->count && !found; i++)
        found = strcmp(text, keys->list[i]) == 0;
    return found;
}

/* A division code begins with those of the divisions that it lies in. */
static bool lies_in(const char *district, const struct hz_view_keys *keys)
{
    bool found = keys->count == 0;

    for (uint32_t i = 0; i < keys->count && !found; i++)
        found = strncmp(district, keys->list[i], strlen(keys->list[i])) == 0;
    return found;
}

bool hz_view_selects(const struct hz_view_config *config, const char *enterprise, const char *park,
                     const char *district)
{
    return is_one_of(enterprise, &config->enterprises) && is_one_of(park, &config->parks) &&
           lies_in(district, &config->districts);
}

/* --- building --- */

struct building {
    const struct hz_view_config *configs;
    const struct hz_registry *registry;
    struct hz_views *views;
    uint32_t *order; /* places in `configs`, by ascending id */
};

static int give_ids(struct building *b, uint32_t count, struct hz_names *names)
{
    struct hz_slice all = hz_slice(HZ_VIEW_ALL_NAME);
    uint32_t id;
    int code = hz_names_define(names, HZ_NAMED_VIEW, all.at, all.length, &id);

    hz_assert(code < 0 || id == HZ_VIEW_ALL);
    for (uint32_t i = 0; i < count && code == 0; i++) {
        struct hz_slice name = hz_slice(b->configs[i].name);
        uint32_t at = i;

        code = hz_names_define(names, HZ_NAMED_VIEW, name.at, name.length, &id);
        for (; at > 0 && b->views->ids[at - 1] > id; at--) {
            b->views->ids[at] = b->views->ids[at - 1];
            b->order[at] = b->order[at - 1];
        }
        b->views->ids[at] = id;
        b->order[at] = i;
    }
    return code;
}

static const char *key_of(const struct hz_registry *registry, enum hz_named_kind kind, uint32_t id)
{
    struct hz_slice key = hz_names_key(hz_registry_names(registry), kind, id); /* none for id 0 */

    return key.at ? key.at : "";
}

static bool selects(const struct building *b, const struct hz_view_config *config, uint32_t id)
{
    const struct hz_enterprise *enterprise = hz_registry_enterprise(b->registry, id);

    if (!enterprise)
        return false;
    return hz_view_selects(config, key_of(b->registry, HZ_NAMED_ENTERPRISE, id),
                           key_of(b->registry, HZ_NAMED_PARK, enterprise->park),
                           hz_registry_string(b->registry, enterprise->district));
}

static void add(struct building *b, uint32_t at, uint32_t enterprise)
{
    const struct hz_view_config *config = &b->configs[b->order[at]];
    struct hz_views *views = b->views;

    if (!selects(b, config, enterprise))
        return;
    views->within[(size_t)at * views->row_words + enterprise / WORD] |= UINT64_C(1)
                                                                        << enterprise % WORD;
    for (unsigned domain = 1; domain < HZ_DOMAIN_END; domain++) {
        struct hz_view_list *list = &views->lists[enterprise * HZ_DOMAIN_END + domain];
        if (config->domains != 0 && !(config->domains & 1u << domain))
            continue;
        hz_assert(list->count < HZ_ALARM_VIEWS_MAX - 1);
        list->ids[list->count++] = (uint16_t)views->ids[at];
    }
}

static int reserve(struct hz_views *views, uint32_t count)
{
    views->row_words = views->enterprise_end / WORD + 1;
    views->ids = calloc(count, sizeof(*views->ids));
    views->within = calloc((size_t)count * views->row_words, sizeof(*views->within));
    views->lists =
        calloc((size_t)(views->enterprise_end + 1) * HZ_DOMAIN_END, sizeof(*views->lists));
    return views->ids && views->within && views->lists ? 0 : -ENOMEM;
}

static int fill(struct building *b, uint32_t count, struct hz_names *names)
{
    int code = reserve(b->views, count);

    if (code == 0)
        code = give_ids(b, count, names);
    if (code < 0)
        return code;
    b->views->count = count;
    for (uint32_t at = 0; at < count; at++)
        for (uint32_t enterprise = 1; enterprise < b->views->enterprise_end; enterprise++)
            add(b, at, enterprise);
    return 0;
}

int hz_views_build(const struct hz_view_config *configs, uint32_t count,
                   const struct hz_registry *registry, struct hz_names *names,
                   struct hz_views **ret_views)
{
    struct building b = {.configs = configs,
                         .registry = registry,
                         .views = calloc(1, sizeof(*b.views)),
                         .order = calloc((size_t)count + 1, sizeof(*b.order))};
    int code = b.views && b.order ? 0 : -ENOMEM;

    if (code == 0) {
        b.views->enterprise_end = hz_registry_enterprise_end(registry);
        code = count > 0 ? fill(&b, count, names) : 0;
    }
    free(b.order);
    if (code < 0) {
        hz_views_free(b.views);
        return code;
    }
    *ret_views = b.views;
    return 0;
}

void hz_views_free(struct hz_views *views)
{
    if (!views)
        return;
    free(views->ids);
    free(views->lists);
    free(views->within);
    free(views);
}

/* --- looking --- */

/* `count`: there is none. */
static uint32_t place_of(const struct hz_views *views, uint32_t view)
{
    uint32_t at = 0;

    while (at < views->count && views->ids[at] != view)
        at++;
    return at;
}

bool hz_views_have(const struct hz_views *views, uint32_t view)
{
    return place_of(views, view) < views->count;
}

bool hz_views_within(const struct hz_views *views, uint32_t view, uint32_t enterprise)
{
    uint32_t at = place_of(views, view);

    if (view == HZ_VIEW_ALL)
        return true;
    if (at == views->count || enterprise >= views->enterprise_end)
        return false;
    return views->within[(size_t)at * views->row_words + enterprise / WORD] >> enterprise % WORD &
           1;
}
