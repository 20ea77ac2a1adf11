/* SPDX-License-Identifier: Apache-2.0
 *
 * A journal made up at random: everything that can happen, in a small world, often at the same time
 * and near the edges where something changes. The same records can be cut into blocks in many ways;
 * what the engine says must not depend on that.
 */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include "case_priv.h"
#include "sim_random.h"

#include "hz_record.h"

struct sim_record {
    int64_t jt_ns, wall_ns;
    uint64_t seq;
    uint16_t feed;              /* 0: control */
    struct hz_reading reading;  /* of a feed */
    struct hz_record *control;  /* else */
};

struct sim_journal {
    struct rule_case *world; /* its sets and names; its engine has seen nothing of the journal */
    struct sim_record *records;
    size_t count, capacity;
    struct sim_random random;
    int64_t jt_ns, wall_ns;
    uint64_t seq;
    uint64_t term;
    uint32_t points; /* ids are 1 to about this */
    uint32_t swaps;  /* one record in so many more is another set; 0 = none */
    bool lost[3];    /* by feed id */
};

struct sim_journal *sim_journal_new(uint64_t seed, size_t records);
/* Sets made up at random (sim_sets.c), one record in `swaps` another of them. */
struct sim_journal *sim_journal_of_sets(uint64_t seed, size_t records, uint32_t swaps);
void sim_journal_free(struct sim_journal *journal);

/* How a run goes about it. */
struct sim_way {
    uint64_t seed;       /* of the cuts */
    uint32_t block_most; /* records in a block at most */
    uint32_t room_most;  /* places in a call: from HZ_ENGINE_ROOM_MIN to this */
    uint32_t reload;     /* save and load once in so many blocks; 0 = never */
    enum case_compared compared;
    uint32_t turn; /* of a call; 0: the usual */
};

/* All that a run has said, and the state that it has come to. */
struct sim_run {
    struct hz_transition *said;
    size_t count, capacity;
    struct hz_digest digest;
    struct hz_engine_counts counts;
};

struct sim_run *sim_run(const struct sim_journal *journal, const struct sim_way *way);
void sim_run_free(struct sim_run *run);
/* Byte for byte; the first difference is printed as lines. */
void sim_compare(const struct sim_journal *journal, const struct sim_run *wanted,
                 const struct sim_run *got, const char *what);

/* --- sim_sets.c --- */
struct rule_case *sim_sets_new(uint64_t seed, uint32_t most);

#endif
