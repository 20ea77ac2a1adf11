/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the recovery. Words:
 *   astray   a part of the journal is missing, and what the replay says since is not what was said
 *            then: it stays out of the alarms log until a go_on numbers it anew
 *   firm     the newest names that the engine gave before it went astray
 *   known    the newest names in the alarms log, whether its entries can be made again or not
 */
#ifndef RECOVER_PRIV_H
#define RECOVER_PRIV_H

#include "pipeline_priv.h"

struct replay {
    struct hz_pipeline *p;
    struct pipeline_place end; /* where the replay has come to */
    uint64_t records;
    struct hz_transition *scratch;
    struct hz_entry *entry;
    struct hz_engine_mark firm;
    struct hz_engine_mark known;
    uint64_t known_seq; /* newest record that an entry of the log names */
    uint64_t torn;      /* so many entries, at most, stood behind them in the log's torn end */
    bool astray;
    bool blind;      /* the set in force then can't be had: records are passed until another follows */
    bool log_passed; /* the log is read over holes and damage */
    bool hole_said;
    bool resynced;
};

/* snapshot.c: the newest good one, into engine, mirror and `replay->end`; nothing when there is none. */
int recover__load_snapshot(struct replay *replay) HZ_MUST_USE;
int recover__empty_mirror(struct hz_pipeline *p) HZ_MUST_USE;

/* recover.c */
int recover__open_writer(struct hz_pipeline *p, const char *name, enum hz_segment_class class_,
                         uint64_t bytes, struct hz_segment_writer **ret_writer) HZ_MUST_USE;
/* Applies what the journal has from this record on, behind `replay->end`. */
int recover__replay_journal(struct replay *replay, uint64_t from) HZ_MUST_USE;
/* Does the block follow the record `seq`, with nothing missing between? 0: there is none before it. */
bool recover__follows(const struct hz_block *block, uint64_t seq);
void recover__go_astray(struct replay *replay, const struct hz_engine_mark *firm);

/* recover_log.c */
/* The alarms log up to its end, into the mirror. */
int recover__catch_up_log(struct replay *replay) HZ_MUST_USE;
/* Appends what the log does not have. */
int recover__take_transition(struct replay *replay, const struct hz_transition *transition) HZ_MUST_USE;
/* The log's writer, made when the first entry is missing there, or at the end. */
int recover__log_writer(struct hz_pipeline *p) HZ_MUST_USE;

/* recover_resync.c: brings engine and alarms log together when they do not agree. */
int recover__resync(struct replay *replay) HZ_MUST_USE;

#endif
