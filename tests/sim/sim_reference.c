/* SPDX-License-Identifier: Apache-2.0
 *
 * S-148: four limits with delays, the engine beside an obvious computation: for each level when it
 * was met since, when it was left since, no structure, no speed. A million random steps; values are
 * drawn near the edges, times near the ends of the delays. Acknowledgements too: states must agree.
 */
#include "case_priv.h"
#include "sim_random.h"

#include "hz_clock.h"
#include "hz_record.h"

#include <math.h>
#include <stdio.h>

#define POINTS 40
#define STEPS  1000000u
#define NEVER  INT64_MAX

/* --- the reference --- */

struct level {
    double limit, deadband; /* limit NaN: it does not exist */
    int64_t on_ms, off_ms;
    bool high, active;
    int64_t met_ms, left_ms; /* since; NEVER */
};

struct side {
    int named;     /* level, 0 = none */
    uint8_t state; /* enum hz_state */
};

struct point {
    struct level levels[5]; /* by enum hz_level */
    struct side sides[3];   /* by enum hz_side */
};

struct event {
    int64_t ms;
    uint32_t point;
    uint8_t event, side, level, state;
};

struct reference {
    struct point points[POINTS];
    struct event *events;
    size_t count, capacity;
};

static bool is_met(const struct level *level, double value)
{
    return level->high ? value >= level->limit : value <= level->limit;
}

static bool is_left(const struct level *level, double value)
{
    return level->high ? value < level->limit - level->deadband
                       : value > level->limit + level->deadband;
}

static int64_t due_ms(const struct level *level)
{
    if (!level->active)
        return level->met_ms == NEVER ? NEVER : level->met_ms + level->on_ms;
    return level->left_ms == NEVER ? NEVER : level->left_ms + level->off_ms;
}

static void turn(struct level *level)
{
    level->active = !level->active;
    level->met_ms = level->left_ms = NEVER;
}

static void turn_what_is_due(struct point *point, int64_t now_ms)
{
    for (int i = HZ_LEVEL_LL; i <= HZ_LEVEL_HH; i++)
        if (due_ms(&point->levels[i]) <= now_ms)
            turn(&point->levels[i]);
}

static void emit(struct reference *reference, int64_t ms, uint32_t number, int side, int event,
                 int level, uint8_t state)
{
    if (reference->count == reference->capacity) {
        reference->capacity = 2 * reference->capacity + 1024;
        reference->events =
            realloc(reference->events, reference->capacity * sizeof(*reference->events));
        assert_non_null(reference->events);
    }
    reference->points[number].sides[side].state = state;
    reference->events[reference->count++] =
        (struct event){ms, number, (uint8_t)event, (uint8_t)side, (uint8_t)level, state};
}

static int named_now(const struct point *point, int side)
{
    const struct level *of = point->levels;

    if (side == HZ_SIDE_HIGH)
        return of[HZ_LEVEL_HH].active ? HZ_LEVEL_HH : of[HZ_LEVEL_H].active ? HZ_LEVEL_H : 0;
    return of[HZ_LEVEL_LL].active ? HZ_LEVEL_LL : of[HZ_LEVEL_L].active ? HZ_LEVEL_L : 0;
}

static bool further(int side, int a, int b)
{
    if (a == 0 || b == 0)
        return a != 0;
    return side == HZ_SIDE_HIGH ? a > b : a < b;
}

/* What ends first, then what begins. */
static void say(struct reference *reference, uint32_t number, int64_t ms)
{
    struct point *point = &reference->points[number];

    for (int up = 0; up <= 1; up++)
        for (int side = HZ_SIDE_LOW; side <= HZ_SIDE_HIGH; side++) {
            struct side *of = &point->sides[side];
            int now = named_now(point, side), was = of->named;

            if (now == was || further(side, now, was) != up)
                continue;
            of->named = now;
            if (now == 0)
                emit(reference, ms, number, side, HZ_EVENT_CLEAR, was,
                     of->state == HZ_STATE_ACK ? HZ_STATE_NORMAL : HZ_STATE_RTNUN);
            else if (up)
                emit(reference, ms, number, side, was ? HZ_EVENT_ESCALATE : HZ_EVENT_RAISE, now,
                     HZ_STATE_UNACK);
            else
                emit(reference, ms, number, side, HZ_EVENT_DEESCALATE, now, of->state);
        }
}

/* Everything that runs out up to now, in the order of time, then of points. */
static void pass(struct reference *reference, int64_t now_ms)
{
    for (;;) {
        int64_t next_ms = NEVER;
        uint32_t who = 0;

        for (uint32_t number = 0; number < POINTS; number++)
            for (int i = HZ_LEVEL_LL; i <= HZ_LEVEL_HH; i++) {
                int64_t due = due_ms(&reference->points[number].levels[i]);
                if (due < next_ms) {
                    next_ms = due;
                    who = number;
                }
            }
        if (next_ms > now_ms)
            return;
        turn_what_is_due(&reference->points[who], next_ms);
        say(reference, who, next_ms);
    }
}

static void judge(struct reference *reference, uint32_t number, double value, int64_t now_ms)
{
    struct point *point = &reference->points[number];

    for (int i = HZ_LEVEL_LL; i <= HZ_LEVEL_HH; i++) {
        struct level *level = &point->levels[i];

        if (isnan(level->limit))
            continue;
        if (!level->active && !is_met(level, value))
            level->met_ms = NEVER;
        else if (!level->active && level->met_ms == NEVER)
            level->met_ms = now_ms;
        if (level->active && !is_left(level, value))
            level->left_ms = NEVER;
        else if (level->active && level->left_ms == NEVER)
            level->left_ms = now_ms;
    }
    turn_what_is_due(point, now_ms);
    say(reference, number, now_ms);
}

static void not_good(struct reference *reference, uint32_t number)
{
    for (int i = HZ_LEVEL_LL; i <= HZ_LEVEL_HH; i++)
        reference->points[number].levels[i].left_ms = NEVER;
}

static void acknowledge(struct reference *reference, uint32_t number, int side, int64_t now_ms)
{
    struct side *of = &reference->points[number].sides[side];

    if (of->state == HZ_STATE_UNACK)
        emit(reference, now_ms, number, side, HZ_EVENT_ACK, of->named, HZ_STATE_ACK);
    else if (of->state == HZ_STATE_RTNUN)
        emit(reference, now_ms, number, side, HZ_EVENT_ACK, 0, HZ_STATE_NORMAL);
}

/* --- the two worlds, from the same numbers --- */

static const int64_t on_s[4][5] = {
    {0, 0, 0, 0, 0}, {0, 5, 3, 3, 5}, {0, 2, 10, 7, 7}, {0, 0, 4, 0, 1}};
static const int64_t off_s[4][5] = {
    {0, 0, 0, 0, 0}, {0, 4, 4, 6, 2}, {0, 0, 9, 0, 3}, {0, 20, 0, 5, 5}};
static const double deadbands[4] = {0, 2, 5, 12};

static bool exists(uint32_t number, int level)
{
    return number % 16 < 8 || (number >> (level - 1) & 1); /* every other point lacks some */
}

static const char *rule_texts(char *text, size_t size)
{
    static const char *const severities[] = {"", "orange", "yellow", "orange", "red"};
    struct hz_text yaml = hz_text_in(text, size);

    for (int kind = 0; kind < 4; kind++) {
        hz_text_format(&yaml, "- id: r%d\n  select: {kind: k%d}\n  deadband: %g\n  limits:\n", kind,
                       kind, deadbands[kind]);
        for (int level = HZ_LEVEL_LL; level <= HZ_LEVEL_HH; level++)
            hz_text_format(&yaml, "    %s: {severity: %s, delay: %llds, clear_delay: %llds}\n",
                           hz_level_word(level), severities[level], (long long)on_s[kind][level],
                           (long long)off_s[kind][level]);
    }
    assert_false(yaml.overflow);
    return text;
}

static const double limits[] = {0, 10, 20, 80, 90};

static struct rule_case *engine_world(void)
{
    static char codes[POINTS][8], rules[2048];
    static const char *const texts[] = {"", "10", "20", "80", "90"};
    static const char *const kinds[] = {"k0", "k1", "k2", "k3"};
    struct case_point points[POINTS + 1] = {{0}};

    for (uint32_t i = 0; i < POINTS; i++) {
        snprintf(codes[i], sizeof(codes[i]), "P%02u", i);
        points[i] = (struct case_point){.code = codes[i],
                                        .kind = kinds[i % 4],
                                        .ll = exists(i, 1) ? texts[1] : NULL,
                                        .l = exists(i, 2) ? texts[2] : NULL,
                                        .h = exists(i, 3) ? texts[3] : NULL,
                                        .hh = exists(i, 4) ? texts[4] : NULL};
    }
    struct rule_case *c =
        case_new_with(rule_texts(rules, sizeof(rules)), points, "  stale_after: 30d\n");
    case_unchecked(c);
    return c;
}

static void reference_world(struct reference *reference)
{
    for (uint32_t i = 0; i < POINTS; i++)
        for (int level = HZ_LEVEL_LL; level <= HZ_LEVEL_HH; level++) {
            reference->points[i].levels[level] = (struct level){
                .limit = exists(i, level) ? limits[level] : (double)NAN,
                .deadband = deadbands[i % 4],
                .on_ms = on_s[i % 4][level] * 1000,
                .off_ms = off_s[i % 4][level] * 1000,
                .high = level >= HZ_LEVEL_H,
                .met_ms = NEVER,
                .left_ms = NEVER,
            };
            reference->points[i].sides[HZ_SIDE_LOW].state = HZ_STATE_NORMAL;
            reference->points[i].sides[HZ_SIDE_HIGH].state = HZ_STATE_NORMAL;
        }
}

/* --- steps --- */

static double any_value(struct sim_random *random)
{
    static const double around[] = {10, 12, 15, 20, 22, 25, 32, 50, 68, 75, 78, 80, 85, 88, 90};
    double value = around[sim_below(random, sizeof(around) / sizeof(around[0]))];

    return value + (double)((int)sim_below(random, 3) - 1) * 0.25;
}

static struct hz_block *step_block(struct rule_case *c, int64_t now_ms, uint16_t feed)
{
    struct hz_block *block = calloc(1, 512);

    assert_non_null(block);
    hz_block_init(block, feed ? HZ_BLOCK_READINGS : HZ_BLOCK_CONTROL, feed);
    block->jt_ns = now_ms * HZ_NS_PER_MS;
    block->wall_ns = CASE_EPOCH_NS + block->jt_ns;
    block->seq = c->next_seq;
    return block;
}

static void reading_step(struct rule_case *c, int64_t now_ms, uint32_t point, double value,
                         bool bad)
{
    struct hz_block *block = step_block(c, now_ms, 1);
    struct hz_reading *reading = (struct hz_reading *)(block + 1);

    *reading = (struct hz_reading){.source_ms = HZ_NO_SOURCE_TIME,
                                   .value.f64 = value,
                                   .point.v = point,
                                   .kind = HZ_VALUE_F64,
                                   .quality = bad ? HZ_QUALITY_BAD : HZ_QUALITY_GOOD,
                                   .flags = HZ_READING_ARRIVAL};
    block->count = 1;
    block->bytes += (uint32_t)sizeof(*reading);
    case_apply(c, block);
}

static void ack_step(struct rule_case *c, int64_t now_ms, uint32_t point, uint32_t rule, int side)
{
    struct hz_block *block = step_block(c, now_ms, 0);
    struct hz_record_command command = {
        .verb = HZ_VERB_ACK, .point = point, .rule = rule, .side = (uint32_t)side};
    uint64_t record[64];

    assert_true(hz_command_build(record, sizeof(record), &command,
                                 &(struct hz_command_texts){.actor = hz_slice("z")}) > 0);
    assert_true(hz_block_add_record(block, 512, (struct hz_record *)record));
    case_apply(c, block);
}

/* Compares what both have said since the last time, and forgets it. */
static void compare(struct rule_case *c, struct reference *reference, const uint32_t *ids,
                    uint64_t step)
{
    bool same = c->out_count == reference->count;
    char line[CASE_LINE_BYTES];

    for (size_t i = 0; i < reference->count && same; i++) {
        const struct hz_transition *got = &c->out[i];
        const struct event *wanted = &reference->events[i];

        same = got->t_ns == CASE_EPOCH_NS + wanted->ms * HZ_NS_PER_MS &&
               got->point == ids[wanted->point] && got->event == wanted->event &&
               got->side == wanted->side && got->state == wanted->state &&
               (wanted->level == 0 || got->level == wanted->level);
    }
    if (!same) {
        print_error("step %llu: wanted:\n", (unsigned long long)step);
        for (size_t i = 0; i < reference->count; i++)
            print_error("    %.3f %s %s %s P%02u\n", (double)reference->events[i].ms / 1e3,
                        hz_event_word(reference->events[i].event),
                        hz_level_word(reference->events[i].level),
                        hz_state_word(reference->events[i].state), reference->events[i].point);
        print_error("  said:\n");
        for (size_t i = 0; i < c->out_count; i++) {
            case_line(c, &c->out[i], line);
            print_error("    %s\n", line);
        }
        fail();
    }
    c->out_count = c->out_seen = 0;
    reference->count = 0;
    while (c->block_count > 0)
        free(c->blocks[--c->block_count]);
}

static void sim_reference(void **state)
{
    static struct reference reference;
    struct sim_random random = {sim_setting("HZ_SIM_SEED", 1)};
    uint64_t steps = sim_setting("HZ_SIM_STEPS", STEPS), events = 0;
    struct rule_case *c = engine_world();
    uint32_t ids[POINTS], rules[4];
    int64_t now_ms = 1;

    (void)state;
    reference_world(&reference);
    for (uint32_t i = 0; i < POINTS; i++) {
        char code[8];
        snprintf(code, sizeof(code), "P%02u", i);
        ids[i] = case_point(c, code);
    }
    for (int i = 0; i < 4; i++)
        rules[i] = case_id(c, HZ_NAMED_RULE, (const char *const[]){"r0", "r1", "r2", "r3"}[i]);
    for (uint64_t step = 0; step < steps; step++) {
        static const int64_t later_ms[] = {0, 1, 20, 20, 50, 99, 100, 250};
        uint32_t number = sim_below(&random, POINTS), what = sim_below(&random, 100);

        now_ms += later_ms[sim_below(&random, 8)];
        pass(&reference, now_ms);
        if (what < 5) {
            int side = sim_below(&random, 2) ? HZ_SIDE_LOW : HZ_SIDE_HIGH;
            acknowledge(&reference, number, side, now_ms);
            ack_step(c, now_ms, ids[number], rules[number % 4], side);
        } else if (what < 15) {
            not_good(&reference, number);
            reading_step(c, now_ms, ids[number], any_value(&random), true);
        } else {
            double value = any_value(&random);
            judge(&reference, number, value, now_ms);
            reading_step(c, now_ms, ids[number], value, false);
        }
        events += reference.count;
        compare(c, &reference, ids, step);
    }
    print_message("%llu steps, %llu transitions\n", (unsigned long long)steps,
                  (unsigned long long)events);
    assert_true(events > steps / 20);
    free(reference.events);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_reference),
    };

    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
