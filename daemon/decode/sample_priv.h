/* SPDX-License-Identifier: Apache-2.0
 *
 * From what the reader finds to samples. Words:
 *
 *   mapping   which fields of a payload mean what, compiled from the configuration
 *   packet    an object that carries readings with a common stamp: the payload itself, or each item
 *             where the payload is a list of such objects
 *   element   one reading of a batch: an item of a list of readings, a member of a map
 */
#ifndef SAMPLE_PRIV_H
#define SAMPLE_PRIV_H

#include "json_priv.h"

#include "hz_decode.h"

/* --- the mapping (mapping.c) --- */

enum decode_field {
    DECODE_VALUE,
    DECODE_STAMP,
    DECODE_QUALITY,
    DECODE_NAME,
    DECODE_ERROR,  /* an error code in an element, a map of them in a packet of format MAP */
    DECODE_SCALARS,
    DECODE_LIST = DECODE_SCALARS, /* the map or array with the readings */
    DECODE_FIELDS
};

#define DECODE_BIT(field) (1u << (field))

/* "data.values" taken apart; no keys: not used. */
struct decode_path {
    struct hz_slice keys[HZ_JSON_DEPTH_MAX];
    uint32_t count;
};

struct decode_mapping {
    enum hz_payload_format format;
    enum hz_stamp_unit stamp_unit;
    const struct hz_zone *zone;
    uint32_t packet_fields, element_fields; /* DECODE_BITs of the paths that are used */
    struct decode_path paths[DECODE_FIELDS];
};

/* HZ_ELIMIT: a path with more keys than JSON may be deep. */
int decode__mapping(const struct hz_filter_config *config, const struct hz_zone *zone,
                    struct decode_mapping *ret_mapping) HZ_MUST_USE;
/* Of the `active` fields, all of whose first `level` keys have been met: those that are `key` itself,
 * and in *ret_deeper those that lie below it. */
uint32_t decode__match(const struct decode_mapping *mapping, uint32_t active, unsigned level,
                       struct hz_slice key, uint32_t *ret_deeper);

/* --- the usual spelling (compact.c) --- */

/* `"ts":`, to be found in one comparison. */
struct decode_label {
    uint64_t word, mask; /* its first eight bytes, the first lowest, and which of them count */
    uint32_t length;     /* 0: not used */
    char text[20];
};

struct decode_compact {
    struct decode_label labels[DECODE_QUALITY + 1]; /* VALUE, STAMP, QUALITY */
};

/* --- the decoder --- */

struct hz_decoder {
    struct decode_mapping mapping;
    struct decode_compact compact;
    struct decode_reader reader;
    uint32_t count;
    struct hz_sample *samples; /* HZ_PAYLOAD_READINGS_MAX */
};

void decode__compact_init(const struct decode_mapping *mapping, struct decode_compact *compact);
/* {"ts":1763900000123,"v":12.34} as machines write it: no blanks, only these fields, only numbers.
 * False: not that spelling, or something is wrong; nothing is decided. */
bool decode__compact(const struct hz_decoder *decoder, const char *payload, size_t length,
                     struct hz_sample *ret_sample);

/* --- qualities (quality.c) --- */

#define DECODE_QUALITY_UNSET UINT8_MAX /* in a sample whose packet is not complete */

/* By docs/payloads.md. UNSET for an absent one. */
enum hz_verdict decode__quality(const struct decode_scalar *scalar, uint8_t *ret_quality);
uint8_t decode__quality_number(bool integer, int64_t number);

/* --- samples (sample.c) --- */

struct decode_scalars {
    struct decode_scalar of[DECODE_SCALARS];
};

void decode__scalars_clear(struct decode_scalars *scalars);
/* The fields of the object at the cursor that are `active`. */
void decode__fields(struct hz_decoder *decoder, uint32_t active, unsigned level,
                    struct decode_scalars *scalars);
/* The value at the cursor to all `targets`. */
void decode__take(struct decode_reader *reader, uint32_t targets, struct decode_scalars *scalars);
/* A free sample; NULL and TOO_MANY when there is none. */
struct hz_sample *decode__new_sample(struct hz_decoder *decoder);
/* The first verdict stays. */
static inline void decode__accuse(struct hz_sample *sample, enum hz_verdict verdict)
{
    if (sample->verdict == HZ_VERDICT_OK)
        sample->verdict = (uint8_t)verdict;
}

/* Value, stamp and quality; what the element does not say stays unset. The name is the caller's. */
void decode__fill(const struct decode_mapping *mapping, const struct decode_scalars *scalars,
                  struct hz_sample *sample);
enum hz_verdict decode__stamp(const struct decode_mapping *mapping, const struct decode_scalar *scalar,
                              int64_t *ret_ms);
void decode__name(const struct decode_text *name, struct hz_sample *sample);
/* Is it an error code that says error? */
bool decode__is_error(const struct decode_scalar *scalar);
/* The reader's fault since it was last asked. */
enum hz_verdict decode__take_fault(struct decode_reader *reader);

static inline void decode__set_number(struct hz_sample *sample, const struct decode_number *number)
{
    sample->kind = number->integer ? HZ_VALUE_I64 : HZ_VALUE_F64;
    sample->f64 = number->f64;
    sample->i64 = number->i64; /* 0 when it is none */
}

/* --- elements (element.c) --- */

/* Each reads one element and adds its sample, or none when there is no room. */
void decode__map_member(struct hz_decoder *decoder, const struct decode_nest *map, const struct decode_text *name);
void decode__list_item(struct hz_decoder *decoder);
/* A member of a map of error codes; a code that says "no error" adds nothing. */
void decode__error_member(struct hz_decoder *decoder, const struct decode_nest *map, const struct decode_text *name);

/* --- packets (packet.c): formats MAP and ARRAY --- */

enum hz_verdict decode__packets(struct hz_decoder *decoder);

#endif
