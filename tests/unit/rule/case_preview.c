/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever set a test changes to, hz_engine_preview is asked before what that would do, and what the
 * engine then says at the change is held against the answer. Only delays may come between: what is
 * foreseen with one is not said at once.
 */
#include "case_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define FORESEEN_MAX 8192
#define AT_ONCE      1000 /* points that a change works off by itself */

struct foreseen {
    struct hz_preview all[FORESEEN_MAX];
    size_t count;
    bool listed;
    bool said[FORESEEN_MAX];
};

static const uint8_t events[] = {[HZ_PREVIEW_RAISE] = HZ_EVENT_RAISE,
                                 [HZ_PREVIEW_ESCALATE] = HZ_EVENT_ESCALATE,
                                 [HZ_PREVIEW_DEESCALATE] = HZ_EVENT_DEESCALATE,
                                 [HZ_PREVIEW_CLEAR] = HZ_EVENT_CLEAR,
                                 [HZ_PREVIEW_REMOVE] = HZ_EVENT_REMOVE};

void case_foresee(struct rule_case *c, struct hz_set *set)
{
    struct hz_ruleset *next = case_compile(set);

    free(c->foreseen);
    c->foreseen = calloc(1, sizeof(*c->foreseen));
    assert_non_null(c->foreseen);
    struct foreseen *f = c->foreseen;
    f->listed = hz_engine_next_due_ns(c->engine) <= hz_engine_jt_ns(c->engine);
    for (uint32_t point = 1; point <= hz_names_count(c->names, HZ_NAMED_POINT); point++) {
        f->count +=
            hz_engine_preview(c->engine, next, point, &f->all[f->count], FORESEEN_MAX - f->count);
        assert_true(f->count < FORESEEN_MAX);
    }
    hz_ruleset_free(next);
}

static bool is_of(const struct hz_transition *said, const struct hz_preview *foreseen)
{
    return said->point == foreseen->point && said->rule == foreseen->rule &&
           said->side == foreseen->side && said->event == events[foreseen->change];
}

static bool can_be_foreseen(const struct hz_transition *said)
{
    return said->point != 0 && (said->event == HZ_EVENT_RAISE || said->event == HZ_EVENT_ESCALATE ||
                                said->event == HZ_EVENT_DEESCALATE ||
                                said->event == HZ_EVENT_CLEAR || said->event == HZ_EVENT_REMOVE);
}

static void find(const struct rule_case *c, const struct hz_transition *said)
{
    struct foreseen *f = c->foreseen;
    char line[CASE_LINE_BYTES];

    for (size_t i = 0; i < f->count; i++)
        if (!f->said[i] && is_of(said, &f->all[i])) {
            f->said[i] = true;
            assert_int_equal(f->all[i].severity, said->severity);
            return;
        }
    case_line(c, said, line);
    fail_msg("not foreseen: %s", line);
}

/* What a shorter time makes silent is said before the next record. */
static bool is_said_later(const struct rule_case *c, const struct hz_preview *foreseen)
{
    struct hz_news point;

    return foreseen->side == HZ_SIDE_STALE && foreseen->change == HZ_PREVIEW_RAISE &&
           hz_engine_point(c->engine, foreseen->point, &point) && !(point.flags & HZ_POINT_STALE);
}

bool case_foresaw(const struct rule_case *c, const char *point, enum hz_side side,
                  enum hz_preview_change change)
{
    const struct foreseen *f = c->foreseen;

    for (size_t i = 0; i < f->count; i++)
        if (f->all[i].point == case_point(c, point) && f->all[i].side == side &&
            f->all[i].change == change)
            return true;
    return false;
}

void case_hold_against(const struct rule_case *c, size_t from)
{
    const struct foreseen *f = c->foreseen;

    if (f->listed)
        return; /* what is left of the change before comes between */

    for (size_t i = from; i < c->out_count; i++)
        if (can_be_foreseen(&c->out[i]))
            find(c, &c->out[i]);
    for (size_t i = 0; i < f->count && f->count < AT_ONCE; i++)
        if (!f->said[i] && f->all[i].delay_ns == 0 && !is_said_later(c, &f->all[i]))
            fail_msg("foreseen and not said: change %d of rule %u side %d at %s",
                     (int)f->all[i].change, f->all[i].rule, (int)f->all[i].side,
                     hz_names_key(c->names, HZ_NAMED_POINT, f->all[i].point).at);
}
