/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl alarms`: the active alarms, as the mirror knows them.
 */
#include "list_priv.h"

#include <errno.h>
#include <stdlib.h>

static bool wanted_alarm(const struct listing *listing, const struct hz_active *active)
    HZ_ON(hz_output)
{
    const struct hz_registry *registry = listing->p->output.set->registry;
    const struct hz_point *point = hz_registry_point(registry, active->head.point);
    const struct hz_hazard *hazard = point ? hz_registry_hazard(registry, point->hazard) : NULL;

    if (!listing->all && !active->head.active)
        return false;
    if (listing->severity && active->head.severity != listing->severity)
        return false;
    return listing->enterprise == 0 || (hazard && hazard->enterprise == listing->enterprise);
}

static void put_place(struct listing *listing, struct hz_text *line, uint32_t id) HZ_ON(hz_output)
{
    const struct hz_registry *registry = listing->p->output.set->registry;
    const struct hz_point *point = hz_registry_point(registry, id);
    const struct hz_hazard *hazard = point ? hz_registry_hazard(registry, point->hazard) : NULL;
    const struct hz_enterprise *enterprise =
        hazard ? hz_registry_enterprise(registry, hazard->enterprise) : NULL;

    list__member(line, "point", list__key_of(listing, HZ_NAMED_POINT, id));
    if (!point || !hazard)
        return;
    list__text_member(line, "point_name", registry, point->name);
    list__member(line, "unit", hz_slice(hz_registry_word(registry, point->unit)));
    list__member(line, "hazard", list__key_of(listing, HZ_NAMED_HAZARD, point->hazard));
    list__text_member(line, "hazard_name", registry, hazard->name);
    list__member(line, "enterprise",
                 list__key_of(listing, HZ_NAMED_ENTERPRISE, hazard->enterprise));
    if (enterprise)
        list__text_member(line, "enterprise_name", registry, enterprise->name);
}

static void alarm_line(struct listing *listing, const struct hz_active *active) HZ_ON(hz_output)
{
    struct hz_text line = list__begin_line(listing);
    char alarm[HZ_ALARM_TEXT_BYTES], condition_text[HZ_CONDITION_BYTES];
    struct hz_text condition = hz_text_in(condition_text, sizeof(condition_text));
    const struct hz_entry *head = &active->head;

    hz_alarm_text(head->alarm, alarm);
    hz_entry_condition_text(listing->p->output.set, head, &condition);
    list__member(&line, "alarm", hz_slice(alarm));
    list__member(&line, "cond", hz_slice(condition_text));
    list__member(&line, "state", hz_slice(hz_state_word(head->state)));
    list__flag(&line, "active", head->active);
    list__member(&line, "sev", hz_slice(hz_severity_word(head->severity)));
    list__member(&line, "level", hz_slice(hz_level_word(head->level)));
    list__member(&line, "kind", hz_slice(hz_kind_word(head->kind)));
    list__member(&line, "domain", hz_slice(hz_domain_word(head->domain)));
    list__member(&line, "mode", hz_slice(hz_mode_word(head->mode)));
    put_place(listing, &line, head->point);
    list__member(&line, "gateway", list__key_of(listing, HZ_NAMED_GATEWAY, head->gateway));
    list__member(&line, "rule", list__key_of(listing, HZ_NAMED_RULE, head->rule));
    list__member(&line, "value", hz_slice(active->value));
    list__member(&line, "limit", hz_slice(active->limit));
    hz_text_format(&line, ",\"t\":%lld,\"t_raise\":%lld,\"n\":%llu", (long long)active->t_ms,
                   (long long)active->raise_ms, (unsigned long long)active->n_all);
    list__end_line(listing, &line);
}

/* --- only the worst --- */

#define WORST_MAX 1000

/* The worst found so far, as a heap with the least of them at its head; by episode, since what the
 * mirror lends does not last. */
struct list_worst {
    uint32_t limit, count, given;
    bool sorted;
    struct ranked {
        uint64_t alarm;
        int64_t raise_ms;
        uint8_t severity;
    } all[];
};

/* < 0: `a` comes before `b`, the worst first, among equals the newest. */
static int compare(const void *a, const void *b)
{
    const struct ranked *one = a, *other = b;

    if (one->severity != other->severity)
        return one->severity > other->severity ? -1 : 1;
    if (one->raise_ms != other->raise_ms)
        return one->raise_ms > other->raise_ms ? -1 : 1;
    return one->alarm < other->alarm ? -1 : one->alarm > other->alarm;
}

static void swap(struct ranked *a, struct ranked *b)
{
    struct ranked kept = *a;

    *a = *b;
    *b = kept;
}

static void sift_down(struct list_worst *worst)
{
    struct ranked *all = worst->all;

    for (uint32_t at = 0, least;; at = least) {
        least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < worst->count; child++)
            if (compare(&all[child], &all[least]) > 0)
                least = child;
        if (least == at)
            return;
        swap(&all[at], &all[least]);
    }
}

static void keep_if_worse(struct list_worst *worst, const struct hz_active *active)
{
    struct ranked one = {active->head.alarm, active->raise_ms, active->head.severity};

    if (worst->count == worst->limit) {
        if (compare(&one, &worst->all[0]) >= 0)
            return;
        worst->all[0] = one;
        sift_down(worst);
        return;
    }
    uint32_t at = worst->count++;
    worst->all[at] = one;
    for (; at > 0 && compare(&worst->all[at], &worst->all[(at - 1) / 2]) > 0; at = (at - 1) / 2)
        swap(&worst->all[at], &worst->all[(at - 1) / 2]);
}

/* Found twice: its entry changed while the mirror was walked. */
static bool given_already(const struct list_worst *worst, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (worst->all[i].alarm == worst->all[at].alarm)
            return true;
    return false;
}

/* What has ended since it was found is passed over. */
static void give_worst(struct listing *listing) HZ_ON(hz_output)
{
    struct list_worst *worst = listing->worst;

    if (!worst->sorted)
        qsort(worst->all, worst->count, sizeof(worst->all[0]), compare);
    worst->sorted = true;
    while (worst->given < worst->count) {
        uint32_t at = worst->given++;
        const struct hz_active *active =
            hz_mirror_find(listing->p->output.mirror, worst->all[at].alarm);

        if (!active || !wanted_alarm(listing, active) || given_already(worst, at))
            continue;
        alarm_line(listing, active);
        return;
    }
    hz_control_end(listing->request);
}

static bool take_limit(struct listing *listing, struct hz_control_request *request) HZ_ON(hz_output)
{
    int64_t limit = 0;

    if (!hz_control_number(request, "limit", 1, WORST_MAX, &limit))
        return false;
    if (limit == 0)
        return true;
    listing->worst =
        calloc(1, sizeof(*listing->worst) + (size_t)limit * sizeof(listing->worst->all[0]));
    if (!listing->worst) {
        hz_control_fail(request, -ENOMEM, "no memory for the answer");
        return false;
    }
    listing->worst->limit = (uint32_t)limit;
    return true;
}

static void next_alarms(void *state, struct hz_control_request *request)
{
    struct listing *listing = state;
    const struct hz_active *active;

    hz_role_assert(&hz_output);
    for (unsigned i = 0; i < LIST_SLICE; i++) {
        active = hz_mirror_next(listing->p->output.mirror, &listing->cursor);
        if (!active) {
            if (listing->worst)
                give_worst(listing);
            else
                hz_control_end(request);
            return;
        }
        if (!wanted_alarm(listing, active))
            continue;
        if (!listing->worst) {
            alarm_line(listing, active);
            return;
        }
        keep_if_worse(listing->worst, active);
    }
    hz_control_more(request); /* a long search: at the next turn */
}

void pipeline__alarms_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    struct listing *listing = list__begin(p, request);
    if (!listing)
        return;
    const char *severity = hz_control_argument(request, "severity");
    listing->all = list__set_argument(request, "all");
    listing->severity = severity ? hz_severity_of(severity) : 0;
    if (severity && listing->severity == 0) {
        hz_control_fail(request, -EINVAL, "\"severity\" is one of red, orange, yellow, blue");
        free(listing);
        return;
    }
    if (!take_limit(listing, request)) {
        free(listing);
        return;
    }
    hz_control_stream(request, &(struct hz_control_stream){next_alarms, list__gone, listing});
}
