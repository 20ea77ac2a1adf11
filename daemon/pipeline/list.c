/* SPDX-License-Identifier: Apache-2.0
 *
 * What the lists share: members of a line, and the state of points and shares asked of the engine, a
 * span of ids a question.
 */
#include "list_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void release(struct listing *listing)
{
    if (listing->request || listing->asked)
        return;
    free(listing->worst);
    free(listing);
}

void list__gone(void *state)
{
    struct listing *listing = state;

    listing->request = NULL;
    release(listing); /* with a question under way it is freed when that comes back */
}

void list__member(struct hz_text *line, const char *name, struct hz_slice value)
{
    hz_text_format(line, "%s\"%s\":", line->length > 1 ? "," : "", name);
    hz_text_json(line, value);
}

void list__flag(struct hz_text *line, const char *name, bool value)
{
    hz_text_format(line, ",\"%s\":%s", name, value ? "true" : "false");
}

void list__text_member(struct hz_text *line, const char *name, const struct hz_registry *registry,
                       hz_string value)
{
    list__member(line, name, hz_slice(hz_registry_string(registry, value)));
}

struct hz_text list__begin_line(struct listing *listing)
{
    struct hz_text line = hz_text_in(listing->line, LIST_LINE_BYTES);

    hz_text_puts(&line, "{");
    return line;
}

void list__end_line(struct listing *listing, struct hz_text *line)
{
    hz_text_puts(line, "}");
    hz_control_line(listing->request, line->at, line->length);
}

struct hz_slice list__key_of(const struct listing *listing, enum hz_named_kind kind, uint32_t id)
{
    struct hz_slice key = hz_names_key(listing->p->names, kind, id);

    return key.at ? key : hz_slice("");
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
            list__point_line(listing, &listing->news[i]);
        else
            list__coverage_line(listing, &listing->news[i]);
    }
    hz_control_more(listing->request);
}

void list__next(void *state, struct hz_control_request *request)
{
    struct listing *listing = state;

    hz_role_assert(&hz_output);
    if (listing->asked)
        return;
    while (listing->next >= listing->end)
        if (!list__next_scope(listing)) {
            hz_control_end(request);
            return;
        }
    uint32_t span =
        listing->end - listing->next < LIST_SLICE ? listing->end - listing->next : LIST_SLICE;
    listing->question =
        (struct pipeline_question){.kind = listing->scope ? PIPELINE_COVERAGE : PIPELINE_POINTS,
                                   .scope = listing->scope,
                                   .first = listing->next,
                                   .span = span,
                                   .news = listing->news,
                                   .room = LIST_SLICE,
                                   .answered = answered,
                                   .ctx = listing};
    listing->asked = pipeline__output_ask(listing->p, &listing->question);
    if (listing->asked)
        listing->next += span;
    else
        hz_control_more(request); /* the ring is full: at the next turn */
}

/* --- the beginning --- */

static bool take_glob(struct listing *listing, struct hz_control_request *request) HZ_ON(hz_output)
{
    const char *value = hz_control_argument(request, "glob");

    if (!value)
        return true;
    if (strlen(value) > HZ_KEY_BYTES_MAX) {
        hz_control_fail(request, -EINVAL, "\"glob\" is longer than any key");
        return false;
    }
    memcpy(listing->glob, value, strlen(value) + 1);
    return true;
}

static bool has_row(const struct hz_registry *registry, enum hz_named_kind kind, uint32_t id)
{
    return kind == HZ_NAMED_HAZARD ? hz_registry_hazard(registry, id) != NULL
                                   : hz_registry_enterprise(registry, id) != NULL;
}

/* The id of the row that an argument names. */
static bool take_id(struct listing *listing, struct hz_control_request *request, const char *name,
                    enum hz_named_kind kind, uint32_t *to) HZ_ON(hz_output)
{
    const struct hz_registry *registry = listing->p->output.set->registry;
    const char *value = hz_control_argument(request, name);

    if (!value)
        return true;
    *to = hz_names_find(listing->p->names, kind, value, strlen(value));
    if (*to != 0 && has_row(registry, kind, *to))
        return true;
    hz_control_fail(request, HZ_ENOTFOUND, "there is no %s '%.200s' in the set in force%s",
                    kind == HZ_NAMED_HAZARD ? "hazard source" : "enterprise", value,
                    kind == HZ_NAMED_HAZARD ? ": an id is enterprise/code" : "");
    return false;
}

bool list__set_argument(const struct hz_control_request *request, const char *name)
{
    const char *value = hz_control_argument(request, name);

    return value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

struct listing *list__begin(struct hz_pipeline *p, struct hz_control_request *request)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (!listing) {
        hz_control_fail(request, -ENOMEM, "no memory for the answer");
        return NULL;
    }
    listing->p = p;
    listing->request = request;
    listing->below = 101;
    if (take_glob(listing, request) &&
        take_id(listing, request, "enterprise", HZ_NAMED_ENTERPRISE, &listing->enterprise) &&
        take_id(listing, request, "hazard", HZ_NAMED_HAZARD, &listing->hazard))
        return listing;
    free(listing);
    return NULL;
}
