/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A payload in, samples or a verdict out, by the mapping of a filter. Total: any bytes give a
 *         verdict in bounded time and memory. No allocation after hz_decoder_new. What is accepted,
 *         word for word: docs/payloads.md.
 * WAY     mqtt message -> here -> ingest (which finds the point)
 * THREAD  a decoder belongs to one thread
 * OWNS    scratch memory; samples borrow from it or from the payload until the next call
 * FULL    HZ_PAYLOAD_READINGS_MAX samples: TOO_MANY, none accepted
 */
#ifndef HZ_DECODE_H
#define HZ_DECODE_H

#include "hz_config.h"
#include "hz_reading.h"
#include "hz_text.h"
#include "hz_verdict.h"
#include "hz_zone.h"

/* One value as it stood in the payload. */
struct hz_sample {
    struct hz_slice name; /* with escapes decoded; empty where the topic names the point */
    struct hz_slice text; /* kind TEXT: not empty, at most HZ_NAME_BYTES_MAX */
    int64_t source_ms;    /* or HZ_NO_SOURCE_TIME */
    double f64;           /* kinds F64 and I64: the nearest double */
    int64_t i64;          /* kind I64: an integer written without fraction and exponent; a boolean as 0 or 1 */
    uint8_t kind;    /* enum hz_value_kind; NONE: no value, quality not good (or a heart-beat) */
    uint8_t quality; /* enum hz_quality */
    uint8_t verdict; /* enum hz_verdict; the other fields count only with OK */
};

struct hz_decoder;

/* `zone` for stamps without one; both must outlive the decoder. HZ_ELIMIT: a path with more than
 * HZ_JSON_DEPTH_MAX keys. */
int hz_decoder_new(const struct hz_filter_config *mapping, const struct hz_zone *zone,
                   struct hz_decoder **ret_decoder) HZ_MUST_USE;
void hz_decoder_free(struct hz_decoder *decoder);

/* OK: *ret_samples / *ret_count, at least one, each with its own verdict (one bad element of a batch
 * does not harm the others). Anything else: the message as a whole is refused. Format HEARTBEAT: always
 * OK, one sample of kind NONE. */
enum hz_verdict hz_decode(struct hz_decoder *decoder, const char *payload, size_t length,
                          const struct hz_sample **ret_samples, uint32_t *ret_count);

#endif
