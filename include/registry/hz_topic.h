/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    From a topic to a registry key: a compiled topic pattern ("hz/{enterprise}/{hazard}/{point}")
 *         and key template ("{enterprise}/{hazard}/{point}", with {name} = the name inside the
 *         payload). Also MQTT filter matching, to find which of a feed's filters a message belongs to.
 * WAY     ingest: topic (+ name in the payload) -> key -> hz_names_find
 * THREAD  compiled objects are immutable: any
 * OWNS    hz_topic_compile gives, hz_topic_free takes
 * FULL    keys beyond HZ_KEY_BYTES_MAX match nothing (verdict unknown point)
 */
#ifndef HZ_TOPIC_H
#define HZ_TOPIC_H

#include "hz_config.h"
#include "hz_limits.h"
#include "hz_text.h"

struct hz_topic;

#define HZ_TOPIC_CAPTURES_MAX 8

/* What a pattern found in a topic, which is borrowed; for the functions below. */
struct hz_topic_match {
    struct hz_slice piece; /* of the topic, that is the key; at NULL: the key is built of captures */
    struct hz_slice captures[HZ_TOPIC_CAPTURES_MAX]; /* not set where the topic need not be cut */
};

/* `pattern` and `key` as in hz_filter_config; for heart-beats, which have no point, `key` is "". Wrong
 * ones are diagnostics at file:line, and the code is HZ_ECONFIG. hz_set_build has tried all of a set. */
int hz_topic_compile(const char *pattern, const char *key, const char *file, uint32_t line,
                     struct hz_diagnostics *diagnostics, struct hz_topic **ret_topic) HZ_MUST_USE;
void hz_topic_free(struct hz_topic *topic);

bool hz_topic_match(const struct hz_topic *topic, struct hz_slice text, struct hz_topic_match *ret_match);

/* The key: a piece of the topic itself, lent, when it is just that; else built in `to`
 * (HZ_KEY_BYTES_MAX + 1). Length 0 when it does not fit or a part is missing. */
struct hz_slice hz_topic_build(const struct hz_topic *topic, const struct hz_topic_match *match,
                               struct hz_slice name, char *to);
static inline struct hz_slice hz_topic_key(const struct hz_topic *topic, const struct hz_topic_match *match,
                                           struct hz_slice name, char *to)
{
    if (!match->piece.at)
        return hz_topic_build(topic, match, name, to);
    return match->piece.length <= HZ_KEY_BYTES_MAX ? match->piece : (struct hz_slice){to, 0};
}
/* The capture {gateway}, or an empty slice. */
struct hz_slice hz_topic_gateway(const struct hz_topic *topic, const struct hz_topic_match *match);

/* MQTT 3.1.1 section 4.7, with the rule for topics that begin with $; "$share/<group>/" is passed over. */
bool hz_topic_filter_matches(const char *filter, struct hz_slice topic);
/* Is it a valid filter ("#" last, "+" whole levels, no NUL)? */
bool hz_topic_filter_valid(const char *filter);

#endif
