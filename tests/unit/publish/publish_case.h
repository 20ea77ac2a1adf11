/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of publish start from: a set built from real files (two enterprises, a park, three
 * hazard sources, gateways, points and rules), transitions of every kind about it, and a stream of
 * them as an engine would make it, with a plain model of what is active after each.
 */
#ifndef PUBLISH_CASE_H
#define PUBLISH_CASE_H

#include "hz_entry.h"
#include "hz_mirror.h"

#define CASE_POINTS 40u /* E1/TF1/P01 .. P40 */
/* 2026-01-02T03:04:05Z */
#define CASE_WALL_MS INT64_C(1767323045000)

struct publish_case {
    struct hz_names *names;
    struct hz_set *set;
    /* the stream made by case_next */
    uint64_t number;
    int64_t wall_ms; /* of the next transition; raised by one each time */
    struct hz_stream_id last;
    uint64_t alarms[CASE_POINTS]; /* episode active at a point, 0 = none */
    uint32_t episodes;
    uint64_t random;
    struct {
        uint64_t n;
        struct hz_stream_id id;
    } views[HZ_VIEW_ID_END];
};

void case_init(struct publish_case *c, const char *language);
void case_done(struct publish_case *c);
/* A set over the same names, of other files: `points` of the CASE_POINTS are left. */
struct hz_set *case_set(struct publish_case *c, const char *language, unsigned points);

uint32_t case_id(const struct publish_case *c, enum hz_named_kind kind, const char *key);
/* A raise of rule tank-level at E1/TF1/P01, HH, 90.41 against 90. */
struct hz_transition case_raise(const struct publish_case *c);
/* Renders into memory of its own. */
struct hz_entry *case_render(const struct publish_case *c, const struct hz_transition *transition);
/* The value of a field, terminated, lent until the next call but seven. */
const char *case_value(const struct hz_entry *entry, enum hz_entry_field field);

/* A set with these views, which must stay; it takes the place of the present one, which is given back.
 * With views every other point's alarm is of the domain env, and has a place in each that it belongs to. */
struct hz_set *case_use_views(struct publish_case *c, const struct hz_view_config *views, uint32_t count);
/* The next of an endless stream of raises, acks, escalations and clears over all points. The causing
 * record of entry k is k * 10. */
struct hz_entry *case_next(struct publish_case *c);

#endif
