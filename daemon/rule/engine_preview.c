/* SPDX-License-Identifier: Apache-2.0
 *
 * What a set would do to the alarms of a point if it came into force now. What must stay true: it says
 * what the swap and the work list would say (engine_worklist.c) from the same values, levels and flags,
 * and changes nothing; delays that would begin are told, not waited for.
 */
#include "engine_priv.h"

#include <math.h>

struct preview {
    struct hz_engine *engine;
    const struct hz_ruleset *next;
    uint32_t point;
    bool known, clears; /* a number to judge by; may it clear? */
    double value;
    struct hz_preview *to;
    size_t room, count;
};

static void tell(struct preview *p, const struct hz_preview *change)
{
    if (p->count < p->room)
        p->to[p->count] = *change;
    p->count++;
}

/* As judge_known: the last good reading, or the present one if it is good. */
static void look_up_value(struct preview *p)
{
    const struct engine_point *of = &p->engine->points[p->point];
    const struct engine_note *good = rule__note_find(p->engine, of->notes, 0, ENGINE_NOTE_GOOD, 0);
    unsigned kind = good ? good->reading.kind : of->kind;

    p->known =
        (good || !(of->flags & (HZ_POINT_NEVER_SEEN | HZ_POINT_INVALID))) && kind <= HZ_VALUE_I64;
    p->value = p->known ? rule__number(kind, good ? good->reading.value : of->value) : NAN;
    p->clears = !(of->flags & (HZ_POINT_STALE | HZ_POINT_INVALID | HZ_POINT_UNCONFIRMED));
}

/* --- levels --- */

struct side {
    uint32_t rule;
    const struct rule__watch *before, *after; /* NULL: not in that set */
    struct engine_found found;
    bool on[ENGINE_LEVELS]; /* under the next set, when delays have run out */
    int64_t delay_ns[ENGINE_LEVELS];
};

static bool same_numbers(const struct preview *p, const struct side *s, unsigned level)
{
    const struct rule__profile *before = &p->engine->ruleset->profiles[s->before->profile];
    const struct rule__profile *after = &p->next->profiles[s->after->profile];

    return s->before->limit[level - 1] == s->after->limit[level - 1] &&
           before->deadband[level] == after->deadband[level];
}

static bool is_on(const struct side *s, unsigned level)
{
    return s->found.level[level] && s->found.level[level]->phase >= ENGINE_ACTIVE;
}

static void judge(const struct preview *p, struct side *s, unsigned level)
{
    const struct rule__profile *profile = &p->next->profiles[s->after->profile];
    double limit = s->after->limit[level - 1];
    bool on = is_on(s, level);

    s->on[level] = on && !isnan(limit);
    if (isnan(limit) || !p->known || (s->before && same_numbers(p, s, level)))
        return;
    if (on && p->clears && rule__is_cleared(level, limit, profile->deadband[level], p->value)) {
        s->on[level] = false;
        s->delay_ns[level] = profile->off_delay_ns[level];
    } else if (!on && rule__is_met(level, limit, p->value)) {
        s->on[level] = true;
        s->delay_ns[level] = profile->on_delay_ns[level];
    }
}

static unsigned highest(const struct side *s, unsigned inner, unsigned outer)
{
    return s->on[outer] ? outer : s->on[inner] ? inner : HZ_LEVEL_NONE;
}

static enum hz_preview_change change_of(unsigned before, unsigned after)
{
    if (rule__rank(after) == rule__rank(before))
        return HZ_PREVIEW_NOTHING;
    if (before == HZ_LEVEL_NONE)
        return HZ_PREVIEW_RAISE;
    if (after == HZ_LEVEL_NONE)
        return HZ_PREVIEW_CLEAR;
    return rule__rank(after) > rule__rank(before) ? HZ_PREVIEW_ESCALATE : HZ_PREVIEW_DEESCALATE;
}

/* The condition is not known in the next set: the alarm goes whatever its state. */
static void look_at_gone(struct preview *p, uint32_t rule, enum hz_side side)
{
    struct hz_alarm_view alarm = hz_engine_alarm(p->engine, p->point, rule, side);

    if (alarm.state != HZ_STATE_NORMAL)
        tell(p, &(struct hz_preview){.point = p->point,
                                     .rule = rule,
                                     .side = side,
                                     .change = HZ_PREVIEW_REMOVE,
                                     .severity = alarm.severity,
                                     .value = NAN,
                                     .limit = NAN});
}

static void look_at_levels(struct preview *p, struct side *s, enum hz_side side, unsigned inner,
                           unsigned outer)
{
    struct hz_alarm_view alarm = hz_engine_alarm(p->engine, p->point, s->rule, side);
    unsigned before = alarm.active ? alarm.level : HZ_LEVEL_NONE;

    judge(p, s, inner);
    judge(p, s, outer);
    bool exists = !isnan(s->after->limit[inner - 1]) || !isnan(s->after->limit[outer - 1]);
    bool named_gone = alarm.level != HZ_LEVEL_NONE && isnan(s->after->limit[alarm.level - 1]);
    if (!s->on[inner] && !s->on[outer] && (!exists || named_gone)) {
        look_at_gone(p, s->rule, side);
        return;
    }
    unsigned after = highest(s, inner, outer), named = after ? after : before;
    struct hz_preview change = {.point = p->point,
                                .rule = s->rule,
                                .side = side,
                                .change = change_of(before, after),
                                .level = (enum hz_level)after,
                                .value = p->value,
                                .limit = named ? s->after->limit[named - 1] : NAN,
                                .delay_ns = named ? s->delay_ns[named] : 0};
    if (change.change == HZ_PREVIEW_NOTHING)
        return;
    change.severity = after ? (enum hz_severity)p->next->profiles[s->after->profile].severity[after]
                            : alarm.severity;
    tell(p, &change);
}

/* --- quality and silence --- */

static void look_at_flag(struct preview *p, const struct side *s, enum hz_side side,
                         unsigned before, unsigned after, bool holds, int64_t delay_ns)
{
    if (after == HZ_SEVERITY_NONE)
        look_at_gone(p, s->rule, side);
    else if (before == HZ_SEVERITY_NONE && holds)
        tell(p, &(struct hz_preview){.point = p->point,
                                     .rule = s->rule,
                                     .side = side,
                                     .change = HZ_PREVIEW_RAISE,
                                     .severity = (enum hz_severity)after,
                                     .delay_ns = delay_ns,
                                     .value = NAN,
                                     .limit = NAN});
}

static void look_at_flags(struct preview *p, const struct side *s)
{
    const struct engine_point *of = &p->engine->points[p->point];
    const struct rule__profile *after = &p->next->profiles[s->after->profile];
    const struct rule__profile *before =
        s->before ? &p->engine->ruleset->profiles[s->before->profile] : NULL;

    look_at_flag(p, s, HZ_SIDE_INVALID, before ? before->invalid_severity : HZ_SEVERITY_NONE,
                 after->invalid_severity, of->flags & HZ_POINT_INVALID, after->invalid_after_ns);
    bool silent = rule__is_silent(p->engine, p->next, p->point); /* STALE before the next record */
    look_at_flag(p, s, HZ_SIDE_STALE, before && !silent ? before->stale_severity : HZ_SEVERITY_NONE,
                 after->stale_severity, silent || of->flags & HZ_POINT_STALE, 0);
}

/* --- a rule at the point --- */

static void look_at_rule(struct preview *p, uint32_t rule, const struct rule__watch *before,
                         const struct rule__watch *after)
{
    struct side s = {.rule = rule, .before = before, .after = after};

    if (!after) {
        for (enum hz_side side = HZ_SIDE_LOW; side <= HZ_SIDE_STALE; side++)
            look_at_gone(p, rule, side);
        return;
    }
    s.found = rule__note_of_rule(p->engine, &p->engine->points[p->point], rule);
    look_at_levels(p, &s, HZ_SIDE_LOW, HZ_LEVEL_L, HZ_LEVEL_LL);
    look_at_levels(p, &s, HZ_SIDE_HIGH, HZ_LEVEL_H, HZ_LEVEL_HH);
    look_at_flags(p, &s);
}

size_t hz_engine_preview(struct hz_engine *engine, const struct hz_ruleset *next, uint32_t point,
                         struct hz_preview *to, size_t room)
{
    struct preview p = {.engine = engine, .next = next, .point = point, .to = to, .room = room};
    uint32_t before_count, after_count;
    const struct rule__watch *before = rule__watches(engine->ruleset, point, &before_count);
    const struct rule__watch *after = rule__watches(next, point, &after_count);
    const struct rule__watch *before_end = before + before_count, *after_end = after + after_count;

    if (point >= engine->point_end)
        return 0; /* nothing is known of it */
    look_up_value(&p);
    while (before < before_end || after < after_end) { /* both ascend by rule */
        bool first = after == after_end || (before < before_end && before->rule < after->rule);
        bool both = before < before_end && after < after_end && before->rule == after->rule;
        look_at_rule(&p, first ? before->rule : after->rule, first || both ? before : NULL,
                     first ? NULL : after);
        before += first || both;
        after += !first;
    }
    return p.count;
}
