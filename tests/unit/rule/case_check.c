/* SPDX-License-Identifier: Apache-2.0
 *
 * What came out: each transition as a line for the test, and held against what is true of every
 * stream: numbers without holes, ids that rise, places in the view, states that follow each other,
 * one episode from raise to normal, times that belong to the block.
 */
#include "case_priv.h"

#include "hz_clock.h"
#include "hz_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- lines --- */

static double seconds(int64_t utc_ns)
{
    return (double)((utc_ns - CASE_EPOCH_NS) / HZ_NS_PER_MS) / 1e3;
}

static const char *code_of(const struct rule_case *c, enum hz_named_kind kind, uint32_t id)
{
    struct hz_slice key = hz_names_key(c->names, kind, id);
    const char *code = key.at && kind != HZ_NAMED_RULE ? strrchr(key.at, '/') : NULL;

    return code ? code + 1 : key.at ? key.at : "?";
}

static const char *what_of(const struct hz_transition *one)
{
    if (one->kind == HZ_KIND_LIMIT)
        return hz_level_word(one->level);
    return one->kind == HZ_KIND_SYSTEM ? hz_observed_word(one->system) : hz_kind_word(one->kind);
}

static void add_who(const struct rule_case *c, const struct hz_transition *one, struct hz_text *to)
{
    if (one->point != 0)
        hz_text_format(to, " %s", code_of(c, HZ_NAMED_POINT, one->point));
    else if (one->gateway != 0)
        hz_text_format(to, " %s", code_of(c, HZ_NAMED_GATEWAY, one->gateway));
    else if (one->feed != 0)
        hz_text_format(to, " %s", code_of(c, HZ_NAMED_FEED, one->feed));
    if (one->rule != 0 && strcmp(code_of(c, HZ_NAMED_RULE, one->rule), "r") != 0)
        hz_text_format(to, "/%s", code_of(c, HZ_NAMED_RULE, one->rule));
}

/* The value stands where a limit was met or left. */
static bool tells_value(const struct hz_transition *one)
{
    return one->kind == HZ_KIND_LIMIT &&
           (one->event == HZ_EVENT_RAISE || one->event == HZ_EVENT_ESCALATE ||
            one->event == HZ_EVENT_DEESCALATE || one->event == HZ_EVENT_CLEAR);
}

void case_line(const struct rule_case *c, const struct hz_transition *one, char to[CASE_LINE_BYTES])
{
    struct hz_text text = hz_text_in(to, CASE_LINE_BYTES);

    hz_text_decimal(&text, seconds(one->t_ns));
    hz_text_format(&text, " %s %s %s %s", hz_event_word(one->event), what_of(one),
                   hz_state_word(one->state), hz_severity_word(one->severity));
    add_who(c, one, &text);
    if (!tells_value(one))
        return;
    hz_text_puts(&text, " v=");
    if (one->value_kind == HZ_VALUE_I64)
        hz_text_int(&text, one->value.i64);
    else
        hz_text_decimal(&text, one->value.f64);
    if (one->quality == HZ_QUALITY_UNCONFIRMED)
        hz_text_puts(&text, " unconfirmed");
}

void said_lines(struct rule_case *c, const char *file, int line, const char *const *lines)
{
    size_t from = c->out_seen, count = 0;
    char text[CASE_LINE_BYTES];
    bool same = true;

    while (lines[count])
        count++;
    c->out_seen = c->out_count;
    same = c->out_count - from == count;
    for (size_t i = 0; i < count && same; i++) {
        case_line(c, &c->out[from + i], text);
        same = strcmp(text, lines[i]) == 0;
    }
    if (same)
        return;
    print_error("%s:%d: wanted:\n", file, line);
    for (size_t i = 0; i < count; i++)
        print_error("    %s\n", lines[i]);
    print_error("  said:\n");
    for (size_t i = from; i < c->out_count; i++) {
        case_line(c, &c->out[i], text);
        print_error("    %s\n", text);
    }
    fail();
}

void said_anything(struct rule_case *c)
{
    c->out_seen = c->out_count;
}

size_t case_said_count(struct rule_case *c)
{
    size_t count = c->out_count - c->out_seen;

    c->out_seen = c->out_count;
    return count;
}

const struct hz_transition *case_last(const struct rule_case *c, size_t back)
{
    assert_true(back < c->out_count);
    return &c->out[c->out_count - 1 - back];
}

/* --- what is always true --- */

static struct case_cond *cond_of(struct rule_case *c, const struct hz_transition *one)
{
    for (size_t i = 0; i < c->cond_count; i++) {
        struct case_cond *cond = &c->conds[i];
        if (cond->point == one->point && cond->rule == one->rule && cond->gateway == one->gateway &&
            cond->side == one->side && cond->system == one->system && cond->feed == one->feed)
            return cond;
    }
    if (c->cond_count == c->cond_capacity) {
        c->cond_capacity = 2 * c->cond_capacity + 64;
        c->conds = realloc(c->conds, c->cond_capacity * sizeof(*c->conds));
        assert_non_null(c->conds);
    }
    struct case_cond *cond = &c->conds[c->cond_count++];
    *cond = (struct case_cond){.point = one->point,
                               .rule = one->rule,
                               .gateway = one->gateway,
                               .side = one->side,
                               .system = one->system,
                               .feed = one->feed,
                               .state = HZ_STATE_NORMAL};
    return cond;
}

/* The last of each view, found by looking back. */
static struct hz_view_place place_before(const struct rule_case *c, size_t at, uint32_t view)
{
    while (at-- > 0)
        for (uint32_t i = 0; i < c->out[at].place_count; i++)
            if (c->out[at].places[i].view == view)
                return (struct hz_view_place){.n = c->out[at].places[i].n, .before = c->out[at].id};
    return (struct hz_view_place){0};
}

static void check_views(const struct rule_case *c, const struct hz_transition *one)
{
    size_t at = (size_t)(one - c->out);

    assert_true(one->place_count >= 1 && one->place_count <= HZ_ALARM_VIEWS_MAX);
    assert_int_equal(one->places[0].view, HZ_VIEW_ALL);
    for (uint32_t i = 1; i < one->place_count; i++) {
        struct hz_view_place last = place_before(c, at, one->places[i].view);
        assert_true(one->places[i].view > one->places[i - 1].view);
        assert_int_equal(one->places[i].n, last.n + 1);
        assert_int_equal(hz_stream_id_compare(one->places[i].before, last.before), 0);
    }
}

static void check_stream(const struct hz_transition *one, const struct hz_transition *before,
                         const struct hz_block *block)
{
    struct hz_stream_id last = before ? before->id : (struct hz_stream_id){0, 0};
    int64_t wall_ms = block->wall_ns / HZ_NS_PER_MS;

    assert_int_equal(one->number, before ? before->number + 1 : 1);
    assert_true(hz_stream_id_compare(one->id, last) > 0);
    assert_true(one->id.ms == (last.ms > wall_ms ? last.ms : wall_ms));
    assert_int_equal(one->id.k, one->id.ms == last.ms ? last.k + 1 : 0);
    assert_int_equal(one->places[0].n, before ? before->places[0].n + 1 : 1);
    assert_int_equal(hz_stream_id_compare(one->places[0].before, last), 0);
    assert_true(one->seq >= block->seq && one->seq < block->seq + block->count);
    assert_int_equal(one->index, before && before->seq == one->seq ? before->index + 1 : 0);
    assert_true(!before || before->seq <= one->seq);
    assert_true(!before || before->jt_ns <= one->jt_ns);
}

static void check_times(const struct rule_case *c, const struct hz_transition *one,
                        const struct hz_block *block)
{
    assert_true(one->wall_ns == block->wall_ns);
    assert_true(one->jt_ns <= block->jt_ns);
    assert_true(one->t_ns == block->wall_ns - (block->jt_ns - one->jt_ns));
    assert_true(one->raise_ns <= one->t_ns || c->wall_stepped);
    assert_true(one->for_ns >= 0);
    assert_true(one->arrival_ns <= block->wall_ns);
}

static void check_subject(const struct hz_transition *one)
{
    static const uint8_t kinds[HZ_SIDE_END] = {[HZ_SIDE_LOW] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_HIGH] = HZ_KIND_LIMIT,
                                               [HZ_SIDE_INVALID] = HZ_KIND_INVALID,
                                               [HZ_SIDE_STALE] = HZ_KIND_STALE};

    if (one->point != 0)
        assert_int_equal(one->kind, kinds[one->side]);
    assert_true((one->kind == HZ_KIND_SYSTEM) == (one->system != 0));
    assert_true((one->kind == HZ_KIND_GATEWAY) == (one->gateway != 0));
    assert_true((one->kind == HZ_KIND_SYSTEM) == (one->rule == 0));
    assert_true((one->kind == HZ_KIND_LIMIT) == (one->level != HZ_LEVEL_NONE));
    if (one->kind == HZ_KIND_LIMIT)
        assert_true((one->side == HZ_SIDE_HIGH) == (one->level >= HZ_LEVEL_H));
    assert_true(one->severity > HZ_SEVERITY_NONE && one->severity < HZ_SEVERITY_END);
    assert_true(one->mode > 0 && one->mode < HZ_MODE_END);
    assert_true(one->domain > 0 && one->domain < HZ_DOMAIN_END);
    assert_int_equal(one->late, 0);
}

/* States an event may lead to, a bit each, and whether the condition holds then. */
#define TO(state) (1u << HZ_STATE_##state)
static const struct {
    uint8_t states;
    int8_t active; /* 1, 0; -1: either */
} after[HZ_EVENT_END] = {
    [HZ_EVENT_RAISE] = {TO(UNACK) | TO(SHELVED) | TO(OOS), 1},
    [HZ_EVENT_ESCALATE] = {TO(UNACK) | TO(SHELVED) | TO(OOS), 1},
    [HZ_EVENT_DEESCALATE] = {TO(UNACK) | TO(ACK) | TO(SHELVED) | TO(OOS), 1},
    [HZ_EVENT_CLEAR] = {TO(RTNUN) | TO(NORMAL) | TO(SHELVED) | TO(OOS), 0},
    [HZ_EVENT_ACK] = {TO(ACK) | TO(NORMAL), -1},
    [HZ_EVENT_SHELVE] = {TO(SHELVED), -1},
    [HZ_EVENT_UNSHELVE] = {TO(UNACK) | TO(NORMAL), -1},
    [HZ_EVENT_OOS] = {TO(OOS), -1},
    [HZ_EVENT_RETURN] = {TO(UNACK) | TO(NORMAL), -1},
    [HZ_EVENT_REMOVE] = {TO(NORMAL), 0},
    [HZ_EVENT_RESYNC] = {TO(UNACK) | TO(ACK) | TO(RTNUN) | TO(SHELVED) | TO(OOS), -1},
};

static bool rings(const struct hz_transition *one)
{
    return (one->event == HZ_EVENT_RAISE || one->event == HZ_EVENT_ESCALATE) &&
           one->mode == HZ_MODE_LIVE && one->state == HZ_STATE_UNACK;
}

static void check_episode(struct rule_case *c, const struct hz_transition *one)
{
    struct case_cond *cond = cond_of(c, one);

    assert_int_equal(one->prev, cond->state);
    assert_true(after[one->event].states & 1u << one->state);
    if (after[one->event].active >= 0)
        assert_int_equal(one->active, after[one->event].active);
    if (one->state == HZ_STATE_UNACK || one->state == HZ_STATE_ACK)
        assert_int_equal(one->active, 1);
    if (one->state == HZ_STATE_NORMAL || one->state == HZ_STATE_RTNUN)
        assert_int_equal(one->active, 0);
    assert_int_equal(one->ring, rings(one));
    if (one->event == HZ_EVENT_RESYNC)
        assert_int_equal(one->state, one->prev);
    if (cond->state == HZ_STATE_NORMAL) {
        assert_true(one->alarm != cond->alarm && one->alarm != 0);
        assert_int_equal(one->alarm >> 32, 0x55667788);
        cond->alarm = one->alarm;
        cond->raise_ns = one->raise_ns;
        if (one->event == HZ_EVENT_RAISE)
            assert_true(one->raise_ns == one->t_ns);
    }
    assert_true(one->alarm == cond->alarm);
    assert_true(one->raise_ns == cond->raise_ns);
    cond->state = one->state;
    cond->level = one->level;
}

void case_check(struct rule_case *c, const struct hz_block *block, const struct hz_transition *one)
{
    check_stream(one, one > c->out ? one - 1 : NULL, block);
    check_views(c, one);
    check_times(c, one, block);
    check_subject(one);
    check_episode(c, one);
}
