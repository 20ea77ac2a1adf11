/* SPDX-License-Identifier: Apache-2.0
 *
 * A compiled topic. The pattern "hz/{enterprise}/{hazard}/{point}" is a row of steps, each a literal and
 * what is captured behind it, up to the end of the level, and a tail:
 *
 *     | "hz/" {enterprise} | "/" {hazard} | "/" {point} | "" |
 *
 * The key template is a row of parts. Where it stands in the pattern word for word, the key is a piece of
 * the topic and nothing is copied. Where that piece is all of the topic behind the first literal, as
 * here, whole levels each, nothing need be cut: to compare the head, to count the slashes and to see that
 * no level is empty is the same, and takes a few steps for every eight bytes.
 */
#ifndef TOPIC_PRIV_H
#define TOPIC_PRIV_H

#include "hz_topic.h"

#include <endian.h>

#define TOPIC_STEPS_MAX 32u /* '+' are steps too, without a capture */
#define TOPIC_PARTS_MAX 33u
#define TOPIC_NONE      UINT8_MAX

struct topic_step {
    const char *literal; /* before what is captured */
    uint16_t length;
    uint16_t suffix; /* bytes of the next literal that stand in the same level */
    uint8_t capture; /* TOPIC_NONE: '+', which may be empty */
};

enum topic_part_kind { TOPIC_LITERAL, TOPIC_CAPTURE, TOPIC_NAME };

struct topic_part {
    enum topic_part_kind kind;
    uint8_t capture;
    struct hz_slice literal;
};

struct hz_topic {
    uint8_t step_count, part_count, capture_count;
    uint8_t gateway;               /* the capture {gateway}, or TOPIC_NONE */
    uint8_t lend_first, lend_last; /* the key reaches from this capture to that; or TOPIC_NONE */
    bool open;                     /* '#' at the end */
    bool whole;                    /* the key is all that stands behind the head, the first literal; then: */
    uint16_t head_length;
    uint16_t slash_count;     /* in every topic that matches */
    uint64_t head, head_mask; /* its first bytes, at most eight, as registry__word has them */
    struct hz_slice tail;
    struct topic_step steps[TOPIC_STEPS_MAX];
    struct topic_part parts[TOPIC_PARTS_MAX];
    struct hz_slice names[HZ_TOPIC_CAPTURES_MAX];
    char *pattern, *key; /* copies that all slices point into */
};

/* Eight bytes as a number, the first lowest. */
static inline uint64_t registry__word(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return le64toh(word);
}

/* Matches by cutting the topic: the captures, and the piece that is the key if there is one. */
bool registry__topic_cut(const struct hz_topic *topic, struct hz_slice text,
                         struct hz_topic_match *ret_match);

#endif
