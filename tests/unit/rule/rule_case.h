/* SPDX-License-Identifier: Apache-2.0
 *
 * One engine in a small world, at virtual time. A test reads like a table of what came in and what
 * the engine said:
 *
 *     struct rule_case *c = case_new("- id: r\n  limits: {H: {severity: orange}}\n",
 *                                    (struct case_point[]){{"P1", .h = "90"}, {0}});
 *     good(c, 10, "P1", 89.9);
 *     said_nothing(c);
 *     good(c, 11, "P1", 90);
 *     said(c, "11 raise H unack orange P1 v=90");
 *
 * Times are wall-clock seconds since the world began; the engine's clock runs with it but for whole
 * gaps. A line is: time, event, level (or kind, or name of the system condition), state, severity,
 * who (point, gateway or feed; "/rule" unless the rule is r), value where a limit was met or left.
 *
 * Every transition of every test is also held against what must always be true of the stream
 * (case_check.c). And each test is run in three regimes: as it is; with as little room in each call as
 * may be; with the engine saved and loaded into a fresh one after every block. In the last two a set is
 * compared with the one in force before it is offered.
 */
#ifndef RULE_CASE_H
#define RULE_CASE_H

#include "hz_engine.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define CASE_EPOCH_NS (INT64_C(1763900000) * 1000000000) /* wall time at second 0 */

enum case_regime { CASE_PLAIN, CASE_LITTLE_ROOM, CASE_SAVED };
extern enum case_regime case_regime;

/* A row of points.csv; NULL = empty cell. A code without '/' stands for E1/Z1/<code>. */
struct case_point {
    const char *code, *kind, *tags, *range_low, *range_high;
    const char *ll, *l, *h, *hh, *deadband, *delay, *interval, *stale_after;
    const char *gateway; /* not given: GA in E1/Z1 */
    const char *alive_by, *mode;
};

/* The world: parks K1 and K2 in districts 330382 and 330383; enterprise E1 in K1, E2 in K2 but in
 * district 330300; hazard sources E1/Z1 (level 1), E1/Z2 (level 3), E2/Z1 (level 2); feeds a and b;
 * gateways GA (E1, feed a, every 20 s), GB (E1, feed b), GE (E2, feed b, every 100 s). */
struct rule_case;
struct rule_case *case_new(const char *rules, const struct case_point *points);
/* The same with settings of every feed ("  skew: 10s\n"). */
struct rule_case *case_new_with(const char *rules, const struct case_point *points, const char *feed);
void case_free(struct rule_case *c);
/* Sets that are built from here on have these views. They must stay. */
void case_views(struct rule_case *c, const struct hz_view_config *views, uint32_t count);
/* From here on transitions are neither checked nor must they be looked at: a simulation does that. */
void case_unchecked(struct rule_case *c);

struct hz_engine *case_engine(const struct rule_case *c);
const struct hz_ruleset *case_ruleset(const struct rule_case *c);
uint32_t case_point(const struct rule_case *c, const char *code);
uint32_t case_gateway(const struct rule_case *c, const char *code);
uint32_t case_id(const struct rule_case *c, enum hz_named_kind kind, const char *key);
struct hz_engine_counts case_counts(const struct rule_case *c);
/* Flags of enum hz_point_flag. */
unsigned case_flags(const struct rule_case *c, const char *point);
struct hz_alarm_view case_alarm(const struct rule_case *c, const char *point, enum hz_side side);
/* "total online valid unobserved" */
const char *case_coverage(struct rule_case *c, enum hz_news_kind scope, const char *key);
/* The n-th transition from the newest back: 0 = the last. */
const struct hz_transition *case_last(const struct rule_case *c, size_t back);

/* --- what comes in; each is a block of its own --- */

struct case_reading {
    const char *point;
    double value;
    double stamp;  /* seconds; CASE_NOW: the second of the call; CASE_NONE: no stamp */
    int kind;      /* enum hz_value_kind */
    int quality;   /* enum hz_quality */
    unsigned flags; /* besides ARRIVAL, which the first of a block has */
};
#define CASE_NOW  0.0
#define CASE_NONE (-1e9)

void good(struct rule_case *c, double s, const char *point, double value);
void bad(struct rule_case *c, double s, const char *point, double value);
void stamped(struct rule_case *c, double s, const char *point, double value, double stamp);
void reading(struct rule_case *c, double s, struct case_reading reading);
void readings(struct rule_case *c, double s, const char *feed, const struct case_reading *list, size_t count);
void heartbeat(struct rule_case *c, double s, const char *gateway);
void tick(struct rule_case *c, double s);
void feed_lost(struct rule_case *c, double s, const char *feed);
void feed_back(struct rule_case *c, double s, const char *feed); /* connected, and the gap's end */
void feed_gone(struct rule_case *c, double s, const char *feed); /* taken out: the gap's end alone */
void feed_unread(struct rule_case *c, double from, double to, const char *feed);
/* A whole gap: the engine's clock stood still. Said at its end. */
void not_watched(struct rule_case *c, double from, double to);
void observe(struct rule_case *c, double s, enum hz_observed what, const char *feed, int64_t value);
/* A command on the alarm of a side of rule r at a point, whichever its episode. */
void command(struct rule_case *c, double s, enum hz_verb verb, const char *point, enum hz_side side);
void shelve(struct rule_case *c, double s, const char *point, enum hz_side side, double until);
void command_full(struct rule_case *c, double s, const struct hz_record_command *command,
                  const struct hz_command_texts *texts);
/* From here on the wall clock shows so much more; the engine's goes on as before. */
void wall_steps(struct rule_case *c, double seconds);
/* Another set: from this second on these rules and points hold. */
void change(struct rule_case *c, double s, const char *rules, const struct case_point *points);
/* The next run of the same journal, after the clock stood still since `from`. */
void restart(struct rule_case *c, double from, double to);

/* --- what came out since the last look --- */

/* Lines, ended by NULL. */
void said_lines(struct rule_case *c, const char *file, int line, const char *const *lines);
#define said(c, ...)                                                                               \
    said_lines(c, __FILE__, __LINE__, (const char *const[]){__VA_ARGS__, NULL})
#define said_nothing(c) said_lines(c, __FILE__, __LINE__, (const char *const[]){NULL})
void said_anything(struct rule_case *c); /* not looked at here */
size_t case_said_count(struct rule_case *c); /* so many; not looked at else */

/* --- rows of tests --- */

int case_main(const char *group, const struct CMUnitTest *tests, size_t count);
#define CASE_MAIN(group, tests) case_main(group, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
