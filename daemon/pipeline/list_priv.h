/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists that hazardctl asks for (points, coverage, alarms), made in slices as fast as the peer reads.
 * One object a request; it lives until the request is over and no question of it is at the engine's.
 */
#ifndef LIST_PRIV_H
#define LIST_PRIV_H

#include "output_priv.h"

#define LIST_SLICE      256u
#define LIST_LINE_BYTES 8192u

struct listing {
    struct pipeline_question question;
    struct hz_pipeline *p;
    struct hz_control_request *request; /* NULL: the peer has left */
    bool asked;                         /* the question is at the engine's */
    uint32_t next, end;                 /* ids */
    enum hz_news_kind scope, only;      /* coverage: the scope under way; the one wanted, 0 = all */
    /* what is wanted */
    uint32_t enterprise, hazard; /* 0 = of all */
    char glob[HZ_KEY_BYTES_MAX + 1];
    bool stale, invalid, all;
    unsigned severity;
    int64_t below;
    uint32_t cursor; /* of the mirror */
    struct list_worst *worst; /* alarms --limit; NULL: all as they come */
    struct hz_news news[LIST_SLICE];
    char line[LIST_LINE_BYTES];
};

/* list.c */
/* NULL: refused. An id that is in no row would select nothing and look like an all-clear: it is refused. */
struct listing *list__begin(struct hz_pipeline *p, struct hz_control_request *request) HZ_ON(hz_output);
void list__next(void *listing, struct hz_control_request *request);
void list__gone(void *listing);
/* Is the argument given, and not 0 or false? */
bool list__set_argument(const struct hz_control_request *request, const char *name) HZ_ON(hz_output);
/* One JSON object, a line. */
struct hz_text list__begin_line(struct listing *listing);
void list__member(struct hz_text *line, const char *name, struct hz_slice value);
void list__flag(struct hz_text *line, const char *name, bool value);
void list__text_member(struct hz_text *line, const char *name, const struct hz_registry *registry, hz_string value);
void list__end_line(struct listing *listing, struct hz_text *line) HZ_ON(hz_output);
/* The key of an id, "" when there is none. */
struct hz_slice list__key_of(const struct listing *listing, enum hz_named_kind kind, uint32_t id);

/* list_points.c, list_coverage.c: a line for an answer of the engine */
void list__point_line(struct listing *listing, const struct hz_news *news) HZ_ON(hz_output);
void list__coverage_line(struct listing *listing, const struct hz_news *news) HZ_ON(hz_output);
/* The ids of a scope; the next scope, false when there is none. */
void list__begin_scope(struct listing *listing, enum hz_news_kind scope) HZ_ON(hz_output);
bool list__next_scope(struct listing *listing) HZ_ON(hz_output);

#endif
