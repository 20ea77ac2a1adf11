/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl points`: the state of points, as the engine knows it.
 */
#include "list_priv.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool wanted_point(const struct listing *listing, const struct hz_news *news,
                         const struct hz_point *point) HZ_ON(hz_output)
{
    const struct hz_hazard *hazard =
        hz_registry_hazard(listing->p->output.set->registry, point->hazard);

    if (listing->enterprise != 0 && (!hazard || hazard->enterprise != listing->enterprise))
        return false;
    if (listing->hazard != 0 && point->hazard != listing->hazard)
        return false;
    if (listing->glob[0] &&
        fnmatch(listing->glob, list__key_of(listing, HZ_NAMED_POINT, news->id).at, 0) != 0)
        return false;
    return (!listing->stale || (news->flags & HZ_POINT_STALE)) &&
           (!listing->invalid || (news->flags & HZ_POINT_INVALID));
}

static void put_value(struct listing *listing, struct hz_text *line, const struct hz_news *news)
{
    hz_text_puts(line, ",\"value\":");
    if (news->flags & HZ_POINT_NEVER_SEEN)
        hz_text_puts(line, "null");
    else if (news->value_kind == HZ_VALUE_F64 && isfinite(news->value.f64))
        hz_text_decimal(line, news->value.f64);
    else if (news->value_kind == HZ_VALUE_I64)
        hz_text_int(line, news->value.i64);
    else if (news->value_kind == HZ_VALUE_TEXT)
        hz_text_json(line, list__key_of(listing, HZ_NAMED_TEXT, (uint32_t)news->value.text));
    else
        hz_text_puts(line, "null");
}

static void put_times(struct hz_text *line, const struct hz_news *news)
{
    if (news->flags & HZ_POINT_NEVER_SEEN)
        return;
    if (news->source_ms != HZ_NO_SOURCE_TIME)
        hz_text_format(line, ",\"t_src\":%lld", (long long)news->source_ms);
    hz_text_format(line, ",\"t_rx\":%lld", (long long)(news->arrival_ns / HZ_NS_PER_MS));
}

void list__point_line(struct listing *listing, const struct hz_news *news)
{
    const struct hz_registry *registry = listing->p->output.set->registry;
    const struct hz_point *point = hz_registry_point(registry, news->id);
    struct hz_text line = list__begin_line(listing);

    if (!point || !wanted_point(listing, news, point))
        return;
    const struct hz_hazard *hazard = hz_registry_hazard(registry, point->hazard);
    list__member(&line, "point", list__key_of(listing, HZ_NAMED_POINT, news->id));
    list__text_member(&line, "name", registry, point->name);
    list__text_member(&line, "tag", registry, point->tag);
    list__member(&line, "hazard", list__key_of(listing, HZ_NAMED_HAZARD, point->hazard));
    list__member(&line, "enterprise",
                 list__key_of(listing, HZ_NAMED_ENTERPRISE, hazard ? hazard->enterprise : 0));
    put_value(listing, &line, news);
    list__member(&line, "quality", hz_slice(hz_quality_word(news->quality)));
    list__member(&line, "unit", hz_slice(hz_registry_word(registry, point->unit)));
    put_times(&line, news);
    list__flag(&line, "stale", news->flags & HZ_POINT_STALE);
    list__flag(&line, "invalid", news->flags & HZ_POINT_INVALID);
    list__flag(&line, "unobserved", news->flags & HZ_POINT_UNOBSERVED);
    list__flag(&line, "unconfirmed", news->flags & HZ_POINT_UNCONFIRMED);
    list__flag(&line, "clock", news->flags & HZ_POINT_CLOCK);
    list__flag(&line, "never", news->flags & HZ_POINT_NEVER_SEEN);
    list__member(&line, "sev", hz_slice(hz_severity_word(news->severity)));
    list__member(&line, "feed", list__key_of(listing, HZ_NAMED_FEED, news->feed));
    list__end_line(listing, &line);
}

/* All points, or the one that is meant when the glob is no pattern but an id. */
static bool take_span(struct listing *listing, struct hz_control_request *request) HZ_ON(hz_output)
{
    const struct hz_registry *registry = listing->p->output.set->registry;
    const char *id = listing->glob;

    listing->next = 1;
    listing->end = hz_registry_point_end(registry);
    if (!*id || strpbrk(id, "*?[\\"))
        return true;
    listing->next = hz_names_find(listing->p->names, HZ_NAMED_POINT, id, strlen(id));
    listing->end = listing->next + 1;
    if (hz_registry_point(registry, listing->next))
        return true;
    hz_control_fail(request, HZ_ENOTFOUND,
                    "there is no point '%s' in the set in force: an id is enterprise/hazard/code, "
                    "or write a pattern: '*/LT101'",
                    id);
    return false;
}

void pipeline__points_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct listing *listing = list__begin(p, request);
    if (!listing)
        return;
    listing->stale = list__set_argument(request, "stale");
    listing->invalid = list__set_argument(request, "invalid");
    if (!take_span(listing, request)) {
        free(listing);
        return;
    }
    hz_control_stream(request, &(struct hz_control_stream){list__next, list__gone, listing});
}
