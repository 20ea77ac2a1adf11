/* SPDX-License-Identifier: Apache-2.0
 *
 * Another set: asked for on output, made and put into force by the builder, taken over by each thread at
 * one record of the journal.
 *
 *     output --BUILD--> builder: read, parse, compile, compare         --> output: preview, answer
 *     output --PUT----> builder: names, archive --change--> ingest: `ruleset` record, its own set
 *                                                           rule:   engine, at that record
 *                                                           output: at the first transition behind it
 *                       builder: frees what was in force before        --> output: answer
 *     output --DROP---> builder: frees what was made
 *
 * What must stay true: one request is under way at a time, and belongs to output or to the builder, never to
 * both; nothing of it is in force before everything of it is on disk.
 */
#ifndef RELOAD_PRIV_H
#define RELOAD_PRIV_H

#include "pipeline_priv.h"

#include "hz_record.h"
#include "hz_redis.h"
#include "hz_ruleset.h"
#include "hz_text.h"

#include <stdalign.h>
#include <stdatomic.h>

#define RELOAD_LINES_MAX 1000u /* of a kind; all are counted */
#define RELOAD_WHY_BYTES 400u

/* --- the change itself: what each thread takes --- */

enum reload_part { RELOAD_INGEST = 1, RELOAD_RULE = 2, RELOAD_OUTPUT = 4, RELOAD_ALL = 7 };

struct pipeline_change {
    struct hz_ruleset *ruleset, *former; /* rule takes the one, and leaves the other when it is done with it; the same
                                            one, where the engine has that set in force already */
    struct hz_set *for_ingest, *for_output; /* each thread leaves its former one in place */
    uint64_t *present; /* likewise; as in struct pipeline_ingest */
    uint32_t present_end;
    struct pipeline_feeds feeds; /* likewise: of for_ingest, pipeline__feeds_new; then without any */
    struct hz_redis_login login; /* of for_output; wiped with the change */
    alignas(8) char record[HZ_RECORD_BYTES_MAX]; /* the `ruleset` record */
    _Atomic uint64_t seq;  /* of that record; 0 = it is not journalled */
    _Atomic uint32_t done; /* enum reload_part */
};

/* --- a request --- */

enum reload_step { RELOAD_BUILD, RELOAD_PUT, RELOAD_DROP };

/* X(name): counted by the builder, told in the summary. */
#define RELOAD_COUNTS(X)                                                                           \
    X(points_added) X(points_removed) X(points_changed) X(rules_added) X(rules_removed)            \
    X(limits_changed) X(options_changed) X(need_restart)

struct reload_counts {
#define X(name) uint64_t name;
    RELOAD_COUNTS(X)
#undef X
};

struct pipeline_reload {
    /* output: what is asked */
    bool back;                          /* the set that was in force before, not the files */
    char expect[HZ_DIGEST_TEXT_BYTES];  /* "" = any */
    char actor[HZ_ACTOR_BYTES_MAX + 1], via[HZ_VIA_BYTES_MAX + 1], reason[HZ_REASON_BYTES_MAX + 1];
    enum reload_step step;
    struct pipeline_reload *dropped; /* the request before, if the builder has not freed it yet */
    /* builder: what has come of it; 0, or a negative code and why */
    int error;
    char why[RELOAD_WHY_BYTES];
    struct hz_digest digest, former;
    bool same; /* the set in force is that already */
    struct hz_files files;
    struct hz_ruleset *ruleset;
    struct pipeline_feeds feeds; /* of the set that are not there yet */
    struct reload_counts counts;
    uint32_t *points; /* that do not mean the same in both */
    uint32_t point_count;
    char *lines; /* JSON objects, a line each */
    size_t lines_length, lines_size;
    bool lines_lost; /* no memory */
    uint64_t seq; /* from which it is in force */
    int64_t took_ns;
};

/* reload.c: on either thread that has it */
void reload__line(struct pipeline_reload *reload, const struct hz_text *line);
void reload__why(struct pipeline_reload *reload, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* All but the ruleset, which is the builder's to free. */
void reload__free(struct pipeline_reload *reload);

/* reload_compare.c: options that wait for a restart, of the set in force. */
void reload__options(struct pipeline_reload *reload, const struct hz_set *in_force,
                     const struct hz_config *at_start);
/* Options, points and rules that differ, as lines and counts; options against those of
 * the start, which are at work where a restart is needed. -ENOMEM. */
int reload__compare(struct pipeline_reload *reload, const struct hz_ruleset *before,
                    const struct hz_config *at_start) HZ_MUST_USE;

#endif
