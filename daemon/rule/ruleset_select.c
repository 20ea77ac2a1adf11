/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rules are for a point. Each rule stands in one bucket, that of the narrowest part of its
 * `select`: hazard source, enterprise, park, kind, or all; a point looks only into its own five, so
 * that rules written for one enterprise cost the points of the others nothing. What must stay true: a
 * bucket decides nothing, every candidate is compared in full.
 */
#include "compile_priv.h"

#include <errno.h>

/* Where a point or a gateway stands. */
struct place {
    uint32_t hazard, enterprise, park;
    uint8_t hazard_level;
    const char *district;
};

static struct place place_of_enterprise(const struct hz_registry *registry, uint32_t id)
{
    const struct hz_enterprise *enterprise = hz_registry_enterprise(registry, id);
    struct place place = {.enterprise = id, .district = ""};

    if (!enterprise)
        return place;
    place.park = enterprise->park;
    place.district = hz_registry_string(registry, enterprise->district);
    const struct hz_park *park = hz_registry_park(registry, enterprise->park);
    if (park && *place.district == '\0')
        place.district = hz_registry_string(registry, park->district);
    return place;
}

static struct place place_of_hazard(const struct hz_registry *registry, uint32_t id)
{
    const struct hz_hazard *hazard = hz_registry_hazard(registry, id);
    struct place place = place_of_enterprise(registry, hazard ? hazard->enterprise : 0);

    place.hazard = id;
    place.hazard_level = hazard ? hazard->level : 0;
    return place;
}

static bool is_there(const struct compile_rule *rule, const struct place *place)
{
    const struct hz_select_config *select = &rule->config->select;

    return (!select->hazard || rule->hazard == place->hazard) &&
           (!select->enterprise || rule->enterprise == place->enterprise) &&
           (!select->park || rule->park == place->park) &&
           (!select->district || strcmp(select->district, place->district) == 0) &&
           (select->hazard_levels == 0 || (select->hazard_levels & 1u << place->hazard_level));
}

bool rule__glob(const char *pattern, struct hz_slice text)
{
    const char *at = text.at, *end = text.at + text.length;
    const char *star = NULL, *retry = NULL; /* behind the last `*`; where it stopped eating */

    for (;;) {
        size_t character = at < end ? hz_utf8_character(at, (size_t)(end - at)) : 0;

        if (*pattern == '*') {
            star = ++pattern;
            retry = at;
        } else if (at == end) {
            return *pattern == '\0';
        } else if (*pattern == '?') {
            pattern++;
            at += character > 0 ? character : 1;
        } else if (*pattern == *at) {
            pattern++;
            at++;
        } else if (star) {
            pattern = star;
            at = ++retry;
        } else {
            return false;
        }
    }
}

static bool is_for(const struct compile *compile, const struct compile_rule *rule, uint32_t point,
                   const struct hz_point *row, const struct place *place)
{
    const struct hz_select_config *select = &rule->config->select;

    if (select->kind && strcmp(select->kind, hz_registry_word(compile->registry, row->kind)) != 0)
        return false;
    if (select->tag && !hz_registry_has_tag(compile->registry, row, select->tag))
        return false;
    return is_there(rule, place) &&
           (!select->point ||
            rule__glob(select->point, hz_names_key(compile->names, HZ_NAMED_POINT, point)));
}

/* The rules of a kind, gathered when its first point comes: words are numbered by the registry. */
static uint32_t bucket_of_kind(struct compile *compile, uint16_t word)
{
    struct compile_kind *kind = &compile->kinds[word];
    const char *text = hz_registry_word(compile->registry, word);
    uint32_t *from = &compile->of_kinds;

    if (kind->seen)
        return kind->first;
    kind->seen = true;
    while (*from != 0) {
        struct compile_rule *rule = &compile->rules[*from - 1];
        uint32_t index = *from;

        if (strcmp(rule->config->select.kind, text) != 0) {
            from = &rule->next;
            continue;
        }
        *from = rule->next;
        rule->next = kind->first;
        kind->first = index;
    }
    return kind->first;
}

static size_t add_ascending(struct compile_rule **to, size_t count, struct compile_rule *rule)
{
    size_t at = count;

    for (; at > 0 && to[at - 1]->rule > rule->rule; at--)
        to[at] = to[at - 1];
    to[at] = rule;
    return count + 1;
}

size_t rule__select(struct compile *compile, uint32_t point, const struct hz_point *row)
{
    struct place place = place_of_hazard(compile->registry, row->hazard);
    const uint32_t buckets[] = {
        compile->by_hazard[place.hazard], compile->by_enterprise[place.enterprise],
        compile->by_park[place.park], bucket_of_kind(compile, row->kind), compile->for_all};
    size_t count = 0;

    for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++)
        for (uint32_t next = buckets[i]; next != 0; next = compile->rules[next - 1].next) {
            struct compile_rule *rule = &compile->rules[next - 1];
            if (is_for(compile, rule, point, row, &place))
                count = add_ascending(compile->selected, count, rule);
        }
    return count;
}

bool rule__select_gateway(const struct compile *compile, const struct compile_rule *rule,
                          const struct hz_gateway *row)
{
    struct place place = place_of_enterprise(compile->registry, row->enterprise);

    return is_there(rule, &place);
}

/* --- buckets --- */

static uint32_t id_of(const struct compile *compile, enum hz_named_kind kind, const char *key)
{
    return key ? hz_names_find(compile->names, kind, key, strlen(key)) : 0;
}

/* A name that is not in the registry leaves id 0, which no point has. */
static void resolve(const struct compile *compile, struct compile_rule *rule)
{
    const struct hz_select_config *select = &rule->config->select;

    rule->hazard = id_of(compile, HZ_NAMED_HAZARD, select->hazard);
    rule->enterprise = id_of(compile, HZ_NAMED_ENTERPRISE, select->enterprise);
    rule->park = id_of(compile, HZ_NAMED_PARK, select->park);
    if (!hz_registry_hazard(compile->registry, rule->hazard))
        rule->hazard = 0;
    if (!hz_registry_enterprise(compile->registry, rule->enterprise))
        rule->enterprise = 0;
    if (!hz_registry_park(compile->registry, rule->park))
        rule->park = 0;
}

/* NULL: the rule can select nothing. */
static uint32_t *bucket_of(struct compile *compile, const struct compile_rule *rule)
{
    const struct hz_select_config *select = &rule->config->select;

    if (select->hazard)
        return rule->hazard ? &compile->by_hazard[rule->hazard] : NULL;
    if (select->enterprise)
        return rule->enterprise ? &compile->by_enterprise[rule->enterprise] : NULL;
    if (select->park)
        return rule->park ? &compile->by_park[rule->park] : NULL;
    return select->kind ? &compile->of_kinds : &compile->for_all;
}

static uint32_t *heads(struct compile *compile, uint32_t end)
{
    return hz_arena_take(&compile->scratch, ((size_t)end + 1) * sizeof(uint32_t));
}

int rule__select_prepare(struct compile *compile)
{
    const struct hz_registry *registry = compile->registry;

    compile->by_hazard = heads(compile, hz_registry_hazard_end(registry));
    compile->by_enterprise = heads(compile, hz_registry_enterprise_end(registry));
    compile->by_park = heads(compile, hz_registry_park_end(registry));
    compile->kinds = hz_arena_take(&compile->scratch, COMPILE_KINDS * sizeof(*compile->kinds));
    if (!compile->by_hazard || !compile->by_enterprise || !compile->by_park || !compile->kinds)
        return -ENOMEM;
    for (uint32_t i = 0; i < compile->rule_count; i++) {
        struct compile_rule *rule = &compile->rules[i];

        resolve(compile, rule);
        uint32_t *bucket = rule->config->each_gateway ? NULL : bucket_of(compile, rule);
        if (!bucket)
            continue;
        rule->next = *bucket;
        *bucket = i + 1;
    }
    return 0;
}
