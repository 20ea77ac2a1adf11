/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl points`, `coverage` and `alarms`: lists, made in slices as fast as the peer reads. The
 * state of points and the shares come from the engine, a span of ids a question; the active alarms
 * are the mirror's.
 */
#include "output_priv.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLICE      256u
#define LINE_BYTES 8192u

struct listing {
    struct pipeline_question question;
    struct hz_pipeline *p;
    struct hz_control_request *request; /* NULL: the peer has left */
    bool asked;                         /* the question is at the engine's */
    uint32_t next, end;                 /* ids */
    enum hz_news_kind scope, only;      /* coverage: the scope under way; the one wanted, 0 = all */
    /* what is wanted */
    char enterprise[HZ_KEY_BYTES_MAX + 1], hazard[HZ_KEY_BYTES_MAX + 1], glob[HZ_KEY_BYTES_MAX + 1];
    bool stale, invalid, all;
    unsigned severity;
    int64_t below;
    uint32_t cursor; /* of the mirror */
    struct hz_news news[SLICE];
    char line[LINE_BYTES];
};

static void release(struct listing *listing)
{
    if (!listing->request && !listing->asked)
        free(listing);
}

static void gone(void *state)
{
    struct listing *listing = state;

    listing->request = NULL;
    release(listing); /* with a question under way it is freed when that comes back */
}

static void member(struct hz_text *line, const char *name, struct hz_slice value)
{
    hz_text_format(line, "%s\"%s\":", line->length > 1 ? "," : "", name);
    hz_text_json(line, value);
}

static void flag(struct hz_text *line, const char *name, bool value)
{
    hz_text_format(line, ",\"%s\":%s", name, value ? "true" : "false");
}

static void text_member(struct hz_text *line, const char *name, const struct hz_registry *registry,
                        hz_string value)
{
    member(line, name, hz_slice(hz_registry_string(registry, value)));
}

static struct hz_text begin_line(struct listing *listing)
{
    struct hz_text line = hz_text_in(listing->line, LINE_BYTES);

    hz_text_puts(&line, "{");
    return line;
}

static void end_line(struct listing *listing, struct hz_text *line) HZ_ON(hz_output)
{
    hz_text_puts(line, "}");
    hz_control_line(listing->request, line->at, line->length);
}

/* --- points --- */

static struct hz_slice key_of(const struct listing *listing, enum hz_named_kind kind, uint32_t id)
{
    struct hz_slice key = hz_names_key(listing->p->names, kind, id);

    return key.at ? key : hz_slice("");
}

static bool wanted_point(const struct listing *listing, const struct hz_news *news,
                         const struct hz_point *point)
{
    const struct hz_hazard *hazard = hz_registry_hazard(listing->p->set->registry, point->hazard);

    if (listing->enterprise[0] &&
        (!hazard || !hz_slice_is(key_of(listing, HZ_NAMED_ENTERPRISE, hazard->enterprise),
                                 listing->enterprise)))
        return false;
    if (listing->hazard[0] &&
        !hz_slice_is(key_of(listing, HZ_NAMED_HAZARD, point->hazard), listing->hazard))
        return false;
    if (listing->glob[0] &&
        fnmatch(listing->glob, key_of(listing, HZ_NAMED_POINT, news->id).at, 0) != 0)
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
        hz_text_json(line, key_of(listing, HZ_NAMED_TEXT, (uint32_t)news->value.text));
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

static void point_line(struct listing *listing, const struct hz_news *news) HZ_ON(hz_output)
{
    const struct hz_registry *registry = listing->p->set->registry;
    const struct hz_point *point = hz_registry_point(registry, news->id);
    struct hz_text line = begin_line(listing);

    if (!point || !wanted_point(listing, news, point))
        return;
    const struct hz_hazard *hazard = hz_registry_hazard(registry, point->hazard);
    member(&line, "point", key_of(listing, HZ_NAMED_POINT, news->id));
    text_member(&line, "name", registry, point->name);
    text_member(&line, "tag", registry, point->tag);
    member(&line, "hazard", key_of(listing, HZ_NAMED_HAZARD, point->hazard));
    member(&line, "enterprise",
           key_of(listing, HZ_NAMED_ENTERPRISE, hazard ? hazard->enterprise : 0));
    put_value(listing, &line, news);
    member(&line, "quality", hz_slice(hz_quality_word(news->quality)));
    member(&line, "unit", hz_slice(hz_registry_word(registry, point->unit)));
    put_times(&line, news);
    flag(&line, "stale", news->flags & HZ_POINT_STALE);
    flag(&line, "invalid", news->flags & HZ_POINT_INVALID);
    flag(&line, "unobserved", news->flags & HZ_POINT_UNOBSERVED);
    flag(&line, "unconfirmed", news->flags & HZ_POINT_UNCONFIRMED);
    flag(&line, "clock", news->flags & HZ_POINT_CLOCK);
    flag(&line, "never", news->flags & HZ_POINT_NEVER_SEEN);
    member(&line, "sev", hz_slice(hz_severity_word(news->severity)));
    member(&line, "feed", key_of(listing, HZ_NAMED_FEED, news->feed));
    end_line(listing, &line);
}

/* --- coverage --- */

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

static void coverage_line(struct listing *listing, const struct hz_news *news) HZ_ON(hz_output)
{
    const struct scope *scope = scope_of(news->what);
    const char *name = name_of(listing->p->set->registry, news->what, news->id);
    struct hz_text line = begin_line(listing);

    if (!name ||
        (listing->below <= 100 && (uint64_t)news->coverage.online * 100 >=
                                      (uint64_t)news->coverage.total * (uint64_t)listing->below))
        return;
    member(&line, "scope", hz_slice(scope->word));
    member(&line, "id", scope->named ? key_of(listing, scope->named, news->id) : hz_slice(""));
    member(&line, "name", hz_slice(name));
    hz_text_format(&line, ",\"total\":%u,\"online\":%u,\"valid\":%u,\"unobserved\":%u",
                   news->coverage.total, news->coverage.online, news->coverage.valid,
                   news->coverage.unobserved);
    end_line(listing, &line);
}

/* The ids of a scope, [first, end). */
static void begin_scope(struct listing *listing, enum hz_news_kind scope)
{
    const struct hz_registry *registry = listing->p->set->registry;

    listing->scope = scope;
    listing->next = scope == HZ_NEWS_WHOLE ? 0 : 1;
    listing->end = scope == HZ_NEWS_WHOLE        ? 1
                   : scope == HZ_NEWS_PARK       ? hz_registry_park_end(registry)
                   : scope == HZ_NEWS_ENTERPRISE ? hz_registry_enterprise_end(registry)
                                                 : hz_registry_hazard_end(registry);
}

/* Goes on to the next scope; false when there is none. */
static bool next_scope(struct listing *listing)
{
    size_t at = (size_t)(scope_of(listing->scope) - scopes) + 1;

    if (listing->scope == 0 || listing->only != 0 || at == SCOPES)
        return false;
    begin_scope(listing, scopes[at].news);
    return true;
}

/* --- asking the engine --- */

static void answered(void *ctx, struct pipeline_question *question)
{
    struct listing *listing = ctx;

    hz_role_assert(&hz_output);
    listing->asked = false;
    if (!listing->request) {
        release(listing);
        return;
    }
    for (uint32_t i = 0; i < question->count; i++) {
        if (question->kind == PIPELINE_POINTS)
            point_line(listing, &listing->news[i]);
        else
            coverage_line(listing, &listing->news[i]);
    }
    hz_control_more(listing->request);
}

static void next(void *state, struct hz_control_request *request)
{
    struct listing *listing = state;

    hz_role_assert(&hz_output);
    if (listing->asked)
        return;
    while (listing->next >= listing->end)
        if (!next_scope(listing)) {
            hz_control_end(request);
            return;
        }
    uint32_t span = listing->end - listing->next < SLICE ? listing->end - listing->next : SLICE;
    listing->question =
        (struct pipeline_question){.kind = listing->scope ? PIPELINE_COVERAGE : PIPELINE_POINTS,
                                   .scope = listing->scope,
                                   .first = listing->next,
                                   .span = span,
                                   .news = listing->news,
                                   .room = SLICE,
                                   .answered = answered,
                                   .ctx = listing};
    listing->asked = pipeline__output_ask(listing->p, &listing->question);
    if (listing->asked)
        listing->next += span;
    else
        hz_control_more(request); /* the ring is full: at the next turn */
}

/* --- alarms --- */

static bool wanted_alarm(const struct listing *listing, const struct hz_active *active)
{
    const struct hz_registry *registry = listing->p->set->registry;
    const struct hz_point *point = hz_registry_point(registry, active->head.point);
    const struct hz_hazard *hazard = point ? hz_registry_hazard(registry, point->hazard) : NULL;

    if (!listing->all && !active->head.active)
        return false;
    if (listing->severity && active->head.severity != listing->severity)
        return false;
    return !listing->enterprise[0] ||
           (hazard && hz_slice_is(key_of(listing, HZ_NAMED_ENTERPRISE, hazard->enterprise),
                                  listing->enterprise));
}

static void put_place(struct listing *listing, struct hz_text *line, uint32_t id)
{
    const struct hz_registry *registry = listing->p->set->registry;
    const struct hz_point *point = hz_registry_point(registry, id);
    const struct hz_hazard *hazard = point ? hz_registry_hazard(registry, point->hazard) : NULL;
    const struct hz_enterprise *enterprise =
        hazard ? hz_registry_enterprise(registry, hazard->enterprise) : NULL;

    member(line, "point", key_of(listing, HZ_NAMED_POINT, id));
    if (!point || !hazard)
        return;
    text_member(line, "point_name", registry, point->name);
    member(line, "unit", hz_slice(hz_registry_word(registry, point->unit)));
    member(line, "hazard", key_of(listing, HZ_NAMED_HAZARD, point->hazard));
    text_member(line, "hazard_name", registry, hazard->name);
    member(line, "enterprise", key_of(listing, HZ_NAMED_ENTERPRISE, hazard->enterprise));
    if (enterprise)
        text_member(line, "enterprise_name", registry, enterprise->name);
}

static void alarm_line(struct listing *listing, const struct hz_active *active) HZ_ON(hz_output)
{
    struct hz_text line = begin_line(listing);
    char alarm[HZ_ALARM_TEXT_BYTES], condition_text[HZ_CONDITION_BYTES];
    struct hz_text condition = hz_text_in(condition_text, sizeof(condition_text));
    const struct hz_entry *head = &active->head;

    hz_alarm_text(head->alarm, alarm);
    hz_entry_condition_text(listing->p->set, head, &condition);
    member(&line, "alarm", hz_slice(alarm));
    member(&line, "cond", hz_slice(condition_text));
    member(&line, "state", hz_slice(hz_state_word(head->state)));
    flag(&line, "active", head->active);
    member(&line, "sev", hz_slice(hz_severity_word(head->severity)));
    member(&line, "level", hz_slice(hz_level_word(head->level)));
    member(&line, "kind", hz_slice(hz_kind_word(head->kind)));
    member(&line, "domain", hz_slice(hz_domain_word(head->domain)));
    member(&line, "mode", hz_slice(hz_mode_word(head->mode)));
    put_place(listing, &line, head->point);
    member(&line, "gateway", key_of(listing, HZ_NAMED_GATEWAY, head->gateway));
    member(&line, "rule", key_of(listing, HZ_NAMED_RULE, head->rule));
    member(&line, "value", hz_slice(active->value));
    member(&line, "limit", hz_slice(active->limit));
    hz_text_format(&line, ",\"t\":%lld,\"t_raise\":%lld,\"n\":%llu", (long long)active->t_ms,
                   (long long)active->raise_ms, (unsigned long long)active->n_all);
    end_line(listing, &line);
}

static void next_alarms(void *state, struct hz_control_request *request)
{
    struct listing *listing = state;
    const struct hz_active *active;

    hz_role_assert(&hz_output);
    for (unsigned i = 0; i < SLICE; i++) {
        active = hz_mirror_next(listing->p->output.mirror, &listing->cursor);
        if (!active) {
            hz_control_end(request);
            return;
        }
        if (wanted_alarm(listing, active)) {
            alarm_line(listing, active);
            return;
        }
    }
    hz_control_more(request); /* a long search: at the next turn */
}

/* --- the beginnings --- */

static bool copy_argument(struct hz_control_request *request, const char *name,
                          char to[HZ_KEY_BYTES_MAX + 1]) HZ_ON(hz_output)
{
    const char *value = hz_control_argument(request, name);

    if (!value)
        return true;
    if (strlen(value) > HZ_KEY_BYTES_MAX) {
        hz_control_fail(request, -EINVAL, "\"%s\" is longer than any key", name);
        return false;
    }
    memcpy(to, value, strlen(value) + 1);
    return true;
}

static bool set_argument(const struct hz_control_request *request, const char *name)
    HZ_ON(hz_output)
{
    const char *value = hz_control_argument(request, name);

    return value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

static struct listing *begin(struct hz_pipeline *p, struct hz_control_request *request)
    HZ_ON(hz_output)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (!listing) {
        hz_control_fail(request, -ENOMEM, "no memory for the answer");
        return NULL;
    }
    listing->p = p;
    listing->request = request;
    listing->below = 101;
    if (copy_argument(request, "enterprise", listing->enterprise) &&
        copy_argument(request, "hazard", listing->hazard) &&
        copy_argument(request, "glob", listing->glob))
        return listing;
    free(listing);
    return NULL;
}

void pipeline__points_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct listing *listing = begin(p, request);
    if (!listing)
        return;
    listing->stale = set_argument(request, "stale");
    listing->invalid = set_argument(request, "invalid");
    listing->next = 1;
    listing->end = hz_registry_point_end(p->set->registry);
    hz_control_stream(request, &(struct hz_control_stream){next, gone, listing});
}

void pipeline__coverage_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct listing *listing = begin(p, request);
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
    begin_scope(listing, listing->only ? listing->only : HZ_NEWS_WHOLE);
    hz_control_stream(request, &(struct hz_control_stream){next, gone, listing});
}

void pipeline__alarms_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct listing *listing = begin(p, request);
    if (!listing)
        return;
    const char *severity = hz_control_argument(request, "severity");
    listing->all = set_argument(request, "all");
    listing->severity = severity ? hz_severity_of(severity) : 0;
    if (severity && listing->severity == 0) {
        hz_control_fail(request, -EINVAL, "\"severity\" is one of red, orange, yellow, blue");
        free(listing);
        return;
    }
    hz_control_stream(request, &(struct hz_control_stream){next_alarms, gone, listing});
}

/* --- the table --- */

const struct hz_control_row pipeline__rows[] = {
    {"status", HZ_RIGHT_READ, "", pipeline__status_begin},
    {"feeds", HZ_RIGHT_READ, "", pipeline__feeds_begin},
    {"alarms", HZ_RIGHT_READ, "severity enterprise all", pipeline__alarms_begin},
    {"ack", HZ_RIGHT_ACK, "!alarm reason", pipeline__ack_begin},
    {"points", HZ_RIGHT_READ, "enterprise hazard glob stale invalid", pipeline__points_begin},
    {"coverage", HZ_RIGHT_READ, "by below", pipeline__coverage_begin},
    {"tail", HZ_RIGHT_READ, "from follow count", pipeline__tail_begin},
    {NULL, 0, NULL, NULL},
};
