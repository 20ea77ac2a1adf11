/* SPDX-License-Identifier: Apache-2.0
 *
 * What was refused, by its key or topic: a table of fixed size, so that a gateway that makes up names
 * costs no memory. Sets of eight rows by the hash of the name; in a full set a row that has been silent
 * for an hour gives its place up, otherwise the newcomer is counted and no more. What must stay true:
 * refusals in rows, of rows given up and of those without one are together all that was noted.
 */
#ifndef UNKNOWN_PRIV_H
#define UNKNOWN_PRIV_H

#include "pipeline_priv.h"

#define UNKNOWN_SETS         128u
#define UNKNOWN_WAYS         8u
#define UNKNOWN_ROWS         (UNKNOWN_SETS * UNKNOWN_WAYS)
#define UNKNOWN_NAME_BYTES   168u /* more than any key; a longer topic is cut */
#define UNKNOWN_SAMPLE_BYTES 96u
#define UNKNOWN_SILENT_MS    (INT64_C(3600) * 1000)
#define UNKNOWN_SAMPLE_MS    1000 /* a newer sample is kept at most so often */

struct unknown_row {
    uint64_t hash; /* of feed, verdict and the whole name */
    uint64_t count; /* 0 = free */
    int64_t first_ms, last_ms, sample_ms; /* UTC */
    uint32_t feed;        /* its id */
    uint8_t verdict;      /* enum hz_verdict */
    bool point;           /* the name is a point's key, otherwise a topic */
    uint8_t name_length, sample_length;
    char name[UNKNOWN_NAME_BYTES], sample[UNKNOWN_SAMPLE_BYTES];
};

struct unknown_table {
    uint64_t without_row; /* refusals that found no place */
    uint64_t given_up;    /* refusals of rows that gave their place up */
    struct unknown_row rows[UNKNOWN_ROWS];
};

/* One refusal. `sample` may be empty. */
struct unknown_note {
    uint32_t feed;
    enum hz_verdict verdict;
    bool point;
    struct hz_slice name, sample;
    const struct hz_reading *reading; /* instead of a sample: its value; NULL = none */
};

void unknown__note(struct unknown_table *table, const struct unknown_note *note, int64_t now_ms);

#endif
