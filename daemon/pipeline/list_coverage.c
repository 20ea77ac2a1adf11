/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl coverage`: the share of points on line, of the whole, by park, enterprise and hazard source.
 */
#include "list_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct scope {
    enum hz_news_kind news;
    enum hz_named_kind named;
    const char *word;
} scopes[] = {{HZ_NEWS_WHOLE, 0, "whole"},
              {HZ_NEWS_PARK, HZ_NAMED_PARK, "park"},
              {HZ_NEWS_ENTERPRISE, HZ_NAMED_ENTERPRISE, "enterprise"},
              {HZ_NEWS_HAZARD, HZ_NAMED_HAZARD, "hazard"}};

#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

static const struct scope *scope_of(enum hz_news_kind news)
{
    const struct scope *scope = scopes;

    while (scope->news != news)
        scope++;
    return scope;
}

/* The name of a row, NULL when the id is in no row of this registry. */
static const char *name_of(const struct hz_registry *registry, enum hz_news_kind scope, uint32_t id)
{
    const struct hz_park *park = scope == HZ_NEWS_PARK ? hz_registry_park(registry, id) : NULL;
    const struct hz_enterprise *enterprise =
        scope == HZ_NEWS_ENTERPRISE ? hz_registry_enterprise(registry, id) : NULL;
    const struct hz_hazard *hazard =
        scope == HZ_NEWS_HAZARD ? hz_registry_hazard(registry, id) : NULL;

    if (park)
        return hz_registry_string(registry, park->name);
    if (enterprise)
        return hz_registry_string(registry, enterprise->name);
    if (hazard)
        return hz_registry_string(registry, hazard->name);
    return scope == HZ_NEWS_WHOLE ? "" : NULL;
}

void list__coverage_line(struct listing *listing, const struct hz_news *news)
{
    const struct scope *scope = scope_of(news->what);
    const char *name = name_of(listing->p->output.set->registry, news->what, news->id);
    struct hz_text line = list__begin_line(listing);

    if (!name ||
        (listing->below <= 100 && (uint64_t)news->coverage.online * 100 >=
                                      (uint64_t)news->coverage.total * (uint64_t)listing->below))
        return;
    list__member(&line, "scope", hz_slice(scope->word));
    list__member(&line, "id",
                 scope->named ? list__key_of(listing, scope->named, news->id) : hz_slice(""));
    list__member(&line, "name", hz_slice(name));
    hz_text_format(&line, ",\"total\":%u,\"online\":%u,\"valid\":%u,\"unobserved\":%u",
                   news->coverage.total, news->coverage.online, news->coverage.valid,
                   news->coverage.unobserved);
    list__end_line(listing, &line);
}

/* The ids of a scope, [first, end). */
void list__begin_scope(struct listing *listing, enum hz_news_kind scope)
{
    const struct hz_registry *registry = listing->p->output.set->registry;

    listing->scope = scope;
    listing->next = scope == HZ_NEWS_WHOLE ? 0 : 1;
    listing->end = scope == HZ_NEWS_WHOLE        ? 1
                   : scope == HZ_NEWS_PARK       ? hz_registry_park_end(registry)
                   : scope == HZ_NEWS_ENTERPRISE ? hz_registry_enterprise_end(registry)
                                                 : hz_registry_hazard_end(registry);
}

/* Goes on to the next scope; false when there is none. */
bool list__next_scope(struct listing *listing)
{
    if (listing->scope == 0 || listing->only != 0)
        return false; /* points, or one scope alone */
    size_t at = (size_t)(scope_of(listing->scope) - scopes) + 1;
    if (at == SCOPES)
        return false;
    list__begin_scope(listing, scopes[at].news);
    return true;
}

void pipeline__coverage_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct listing *listing = list__begin(p, request);
    if (!listing)
        return;
    const char *by = hz_control_argument(request, "by");
    for (size_t i = 0; by && i < SCOPES; i++)
        if (strcmp(by, scopes[i].word) == 0)
            listing->only = scopes[i].news;
    bool faulty = by && listing->only == 0;
    if (faulty)
        hz_control_fail(request, -EINVAL, "\"by\" is one of whole, park, enterprise, hazard");
    if (faulty || !hz_control_number(request, "below", 0, 100, &listing->below)) {
        free(listing);
        return;
    }
    list__begin_scope(listing, listing->only ? listing->only : HZ_NEWS_WHOLE);
    hz_control_stream(request, &(struct hz_control_stream){list__next, list__gone, listing});
}
