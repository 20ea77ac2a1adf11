/* SPDX-License-Identifier: Apache-2.0
 *
 * One stream for each view of the set in use, `all` first. What must stay true: each knows by itself
 * where Redis stands and holds up no other; they share the connection, the tail and the source, which
 * is asked for one of them at a time, by turns. An alarm belongs where the set in use says, whichever
 * it was raised under: of a view to which that makes a difference the active hash is written anew.
 */
#include "publish_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* --- belonging --- */

static uint32_t enterprise_of(const struct hz_registry *registry, const struct hz_entry *head)
{
    const struct hz_gateway *gateway = hz_registry_gateway(registry, head->gateway);
    const struct hz_point *point = hz_registry_point(registry, head->point);
    const struct hz_hazard *hazard = point ? hz_registry_hazard(registry, point->hazard) : NULL;

    if (head->kind == HZ_KIND_GATEWAY)
        return gateway ? gateway->enterprise : 0;
    return hazard ? hazard->enterprise : 0;
}

static struct hz_view_list views_of(const struct hz_set *set, const struct hz_entry *head)
{
    return hz_views_of(set->views, enterprise_of(set->registry, head), head->domain);
}

static bool has(const struct hz_view_list *list, uint32_t view)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->ids[i] == view)
            return true;
    return false;
}

bool publish__belongs(const struct hz_set *set, const struct hz_entry *head, uint32_t view)
{
    struct hz_view_list list = {0};

    if (view == HZ_VIEW_ALL)
        return true;
    list = views_of(set, head);
    return has(&list, view);
}

const struct hz_view_place *publish__place_in(const struct hz_entry *entry, uint32_t view)
{
    const struct hz_view_place *places = hz_entry_places(entry);

    for (uint32_t i = 0; i < entry->place_count; i++)
        if (places[i].view == view)
            return &places[i];
    return NULL;
}

/* --- telling: what is wrong with any of them --- */

static void observe(struct hz_publisher *p, enum hz_observed what, int64_t value)
{
    p->events.observe(p->events.ctx, what, value);
}

void publish__tell_flow(struct hz_publisher *p)
{
    bool lost = false, foreign = false;

    for (uint32_t i = 0; i < p->stream_count; i++) {
        lost |= p->streams[i]->lost;
        foreign |= p->streams[i]->foreign;
    }
    if (!lost && (p->lost_told || !p->told_once))
        observe(p, HZ_OBSERVED_REDIS_LOST, 0);
    if (!foreign && (p->foreign_told || !p->told_once))
        observe(p, HZ_OBSERVED_FOREIGN, 0);
    if (!p->told_once)
        observe(p, HZ_OBSERVED_FENCED, 0);
    p->told_once = true;
    p->lost_told = lost;
    p->foreign_told = p->counts.foreign = foreign;
}

void publish__tell_lost(struct hz_publisher *p)
{
    if (p->lost_told)
        return;
    p->lost_told = true;
    observe(p, HZ_OBSERVED_REDIS_LOST, 1);
}

void publish__tell_foreign(struct hz_publisher *p)
{
    if (p->foreign_told)
        return;
    p->foreign_told = p->counts.foreign = true;
    observe(p, HZ_OBSERVED_FOREIGN, 1);
}

/* --- coming and going --- */

static void name_keys(struct publish_stream *stream)
{
    static const char *const keys[PUBLISH_KEYS] = {[PUBLISH_STREAM] = "stream",
                                                   [PUBLISH_ACTIVE] = "active",
                                                   [PUBLISH_META] = "meta",
                                                   [PUBLISH_ALIVE] = "alive",
                                                   [PUBLISH_ANEW] = "active:"};

    for (int i = 0; i < PUBLISH_KEYS; i++)
        (void)snprintf(stream->keys[i], sizeof(stream->keys[i]), "hz:1:{%s}:%s%s", stream->name,
                       keys[i], i == PUBLISH_ANEW ? stream->p->run : "");
}

static int add(struct hz_publisher *p, uint32_t view, const char *name) HZ_ON(hz_output)
{
    struct publish_stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return -ENOMEM;
    stream->p = p;
    stream->view = view;
    (void)snprintf(stream->name, sizeof(stream->name), "%s", name);
    name_keys(stream);
    stream->next = p->released + 1;
    stream->acknowledged = p->released;
    stream->rewrite_due =
        view != HZ_VIEW_ALL; /* by another set, if that is older than this process */
    p->streams[p->stream_count++] = stream;
    if (p->counts.fenced)
        stream->phase = STREAM_FENCED;
    else if (p->counts.up)
        publish__stream_up(stream);
    return 0;
}

void publish__view_left(struct publish_stream *stream)
{
    if (stream->call_count == 0 && stream->active_unanswered == 0)
        free(stream);
}

/* Its keys stay as they are; that nobody looks after them is seen by `alive`, which expires. */
static void leave(struct hz_publisher *p, uint32_t at)
{
    struct publish_stream *stream = p->streams[at];

    memmove(&p->streams[at], &p->streams[at + 1],
            (--p->stream_count - at) * sizeof(struct publish_stream *));
    if (p->asker == stream)
        p->asker = NULL;
    stream->leaving = true;
    publish__view_left(stream);
}

int publish__views_begin(struct hz_publisher *p)
{
    int error = add(p, HZ_VIEW_ALL, HZ_VIEW_ALL_NAME);

    return error == 0 ? publish__views_use(p, NULL) : error;
}

void publish__views_done(struct hz_publisher *p)
{
    for (uint32_t i = 0; i < p->stream_count; i++)
        free(p->streams[i]);
    p->stream_count = 0;
}

/* --- another set --- */

struct views_changed {
    bool of[HZ_VIEW_ID_END];
};

static void compare(const struct hz_publisher *p, const struct hz_set *old,
                    const struct hz_entry *head, struct views_changed *changed)
{
    struct hz_view_list a = views_of(old, head), b = views_of(p->set, head);

    for (uint32_t i = 0; i < a.count; i++)
        changed->of[a.ids[i]] |= !has(&b, a.ids[i]);
    for (uint32_t i = 0; i < b.count; i++)
        changed->of[b.ids[i]] |= !has(&a, b.ids[i]);
}

/* All that is active, and all that was offered and may be. */
static void compare_all(const struct hz_publisher *p, const struct hz_set *old,
                        struct views_changed *changed)
{
    const struct hz_active *active;
    const struct hz_entry *entry;
    uint32_t cursor = 0;

    while ((active = hz_mirror_next(p->mirror, &cursor)))
        compare(p, old, &active->head, changed);
    for (uint64_t number = p->released + 1; (entry = publish__tail_at(&p->tail, number)); number++)
        compare(p, old, entry, changed);
}

static bool is_published(const struct hz_publisher *p, uint32_t view)
{
    for (uint32_t i = 0; i < p->stream_count; i++)
        if (p->streams[i]->view == view)
            return true;
    return false;
}

static int add_missing(struct hz_publisher *p) HZ_ON(hz_output)
{
    const struct hz_views *views = p->set->views;
    int error = 0;

    for (uint32_t i = 0; i < views->count && error == 0; i++) {
        struct hz_slice name =
            hz_names_key(hz_registry_names(p->set->registry), HZ_NAMED_VIEW, views->ids[i]);
        if (!is_published(p, views->ids[i]))
            error = add(p, views->ids[i], name.at);
    }
    return error;
}

int publish__views_use(struct hz_publisher *p, const struct hz_set *old)
{
    struct views_changed changed = {0};

    if (old)
        compare_all(p, old, &changed);
    for (uint32_t i = p->stream_count; i-- > 1;)
        if (!hz_views_have(p->set->views, p->streams[i]->view))
            leave(p, i);
    for (uint32_t i = 1; i < p->stream_count; i++) {
        if (!changed.of[p->streams[i]->view])
            continue;
        p->streams[i]->rewrite_due = true;
        p->streams[i]->rewrite_after = p->tail.next - 1;
    }
    if (p->lost_told || p->foreign_told) /* by one that has left? */
        publish__tell_flow(p);
    return add_missing(p);
}

/* --- all of them --- */

void publish__pump_all(struct hz_publisher *p)
{
    uint32_t first = p->stream_count > 0 ? p->turn++ % p->stream_count : 0;

    for (uint32_t i = 0; i < p->stream_count; i++)
        publish__stream_pump(p->streams[(first + i) % p->stream_count]);
}

uint64_t publish__acknowledged(const struct hz_publisher *p)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < p->stream_count; i++)
        if (p->streams[i]->acknowledged < least)
            least = p->streams[i]->acknowledged;
    return least;
}

bool publish__is_idle(const struct hz_publisher *p)
{
    for (uint32_t i = 0; i < p->stream_count; i++)
        if (p->streams[i]->call_count > 0)
            return false;
    return true;
}

/* --- the source, by turns --- */

static struct publish_stream *next_asker(struct hz_publisher *p)
{
    for (uint32_t i = 0; i < p->stream_count; i++) {
        struct publish_stream *stream = p->streams[(p->asked + i) % p->stream_count];
        if (!stream->fetching)
            continue;
        p->asked = (p->asked + i + 1) % p->stream_count;
        return stream;
    }
    return NULL;
}

static void ask_next(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct publish_stream *stream = p->fetching ? NULL : next_asker(p);

    if (!stream)
        return;
    p->asker = stream;
    p->fetching = true;
    stream->asked_find = stream->ask_find;
    stream->asked_id = stream->find_id;
    if (stream->ask_find)
        p->source.find(p->source.ctx, stream->find_id);
    else
        p->source.fetch(p->source.ctx, p->asked_number = stream->next);
}

void publish__ask(struct publish_stream *stream, bool find)
{
    if (stream->fetching)
        return; /* asked again when that is answered */
    stream->fetching = true;
    stream->ask_find = find;
    ask_next(stream->p);
}

void publish__fetched(struct hz_publisher *p, const void *entries, size_t length, int error)
{
    struct publish_stream *stream = p->asker;

    p->fetching = false;
    p->asker = NULL;
    publish__span(p, stream && !stream->asked_find ? p->asked_number : 0, entries,
                  error == 0 ? length : 0);
    if (stream) {
        stream->fetching = false;
        publish__had(stream, error);
        publish__stream_fetched(stream, error);
    }
    ask_next(p);
}
