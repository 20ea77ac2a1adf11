/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A reading: one value of one point, as decoded. 24 bytes; when it arrived stands in its
 *         block.
 * WAY     decode -> ingest -> block -> engine
 * THREAD  values: any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_READING_H
#define HZ_READING_H

#include "hz_id.h"

#include <stddef.h>
#include <stdint.h>

#define HZ_NO_SOURCE_TIME INT64_MIN /* the source gave no stamp: arrival time counts */

enum hz_value_kind { HZ_VALUE_F64 = 0, HZ_VALUE_I64 = 1, HZ_VALUE_TEXT = 2, HZ_VALUE_NONE = 3 /* quality only */ };

/* X(NAME, number, word). Only GOOD moves limits. UNCONFIRMED is never on the wire: the engine gives
 * it to retained values (design.md section 5). */
#define HZ_QUALITIES(X)                                                                            \
    X(GOOD, 0, "good")                                                                             \
    X(BAD, 1, "bad")                                                                               \
    X(UNCERTAIN, 2, "uncertain")                                                                   \
    X(UNCONFIRMED, 3, "unconfirmed")

enum hz_quality {
#define X(name, number, word) HZ_QUALITY_##name = number,
    HZ_QUALITIES(X)
#undef X
};

enum hz_reading_flag {
    HZ_READING_RETAINED = 1 << 0, /* MQTT retained: kept by the broker from before */
    HZ_READING_HISTORIC = 1 << 1, /* declared back-fill: journalled, not evaluated live */
    HZ_READING_ARRIVAL = 1 << 2,  /* first reading of a payload: starts an "arrival" of design.md section 5 */
    HZ_READING_DRILL = 1 << 3,
    HZ_READING_GATEWAY = 1 << 4, /* a gateway's sign of life: `point` holds a struct hz_gateway_id, kind is NONE */
};

union hz_value {
    double f64;
    int64_t i64;
    uint64_t text; /* struct hz_text_id */
};

struct hz_reading {
    int64_t source_ms; /* UTC, or HZ_NO_SOURCE_TIME */
    union hz_value value;
    struct hz_point_id point;
    uint8_t kind;    /* enum hz_value_kind */
    uint8_t quality; /* enum hz_quality */
    uint16_t flags;  /* enum hz_reading_flag */
};

_Static_assert(sizeof(struct hz_reading) == 24, "a stored format");

const char *hz_quality_word(enum hz_quality quality);

#endif
