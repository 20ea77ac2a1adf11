/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching a topic and building the key: once for every message. Nothing is allocated; every byte of the
 * topic is looked at once or twice.
 */
#include "topic_priv.h"

/* The end of the level that begins at `at`. Levels are short: a loop beats a call. */
static const char *level_end(const char *at, const char *end)
{
    while (at < end && *at != '/')
        at++;
    return at;
}

/* Literals are a few bytes: a loop beats a call here too. */
static bool begins_with(const char *at, const char *end, const char *literal, size_t length)
{
    if ((size_t)(end - at) < length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (at[i] != literal[i])
            return false;
    return true;
}

bool hz_topic_match(const struct hz_topic *topic, struct hz_slice text,
                    struct hz_topic_match *ret_match)
{
    const char *at = text.at, *end = text.at + text.length;

    for (unsigned i = 0; i < topic->step_count; i++) {
        const struct topic_step *step = &topic->steps[i];
        const char *start, *edge;

        if (!begins_with(at, end, step->literal, step->length))
            return false;
        start = at + step->length;
        edge = level_end(start, end);
        if ((size_t)(edge - start) < step->suffix + (size_t)(step->capture != TOPIC_NONE))
            return false;
        at = edge - step->suffix;
        if (step->capture != TOPIC_NONE)
            ret_match->captures[step->capture] = (struct hz_slice){start, (size_t)(at - start)};
    }
    if (!begins_with(at, end, topic->tail.at, topic->tail.length))
        return false;
    at += topic->tail.length;
    return at == end || (topic->open && (*at == '/' || at == text.at)); /* "#" takes all */
}

static bool append(char *to, size_t *length, struct hz_slice piece)
{
    if (piece.length > HZ_KEY_BYTES_MAX - *length)
        return false;
    memcpy(to + *length, piece.at, piece.length);
    *length += piece.length;
    return true;
}

static struct hz_slice build(const struct hz_topic *topic, const struct hz_topic_match *match,
                             struct hz_slice name, char *to)
{
    struct hz_slice none = {to, 0};
    size_t length = 0;

    for (unsigned i = 0; i < topic->part_count; i++) {
        const struct topic_part *part = &topic->parts[i];
        struct hz_slice piece = part->kind == TOPIC_LITERAL   ? part->literal
                                : part->kind == TOPIC_CAPTURE ? match->captures[part->capture]
                                                              : name;

        if (piece.length == 0 || !append(to, &length, piece))
            return none;
    }
    to[length] = '\0';
    return (struct hz_slice){to, length};
}

struct hz_slice hz_topic_key(const struct hz_topic *topic, const struct hz_topic_match *match,
                             struct hz_slice name, char *to)
{
    const struct hz_slice *first, *last;
    struct hz_slice key;

    if (topic->lend_first == TOPIC_NONE)
        return build(topic, match, name, to);
    first = &match->captures[topic->lend_first];
    last = &match->captures[topic->lend_last];
    key = (struct hz_slice){first->at, (size_t)(last->at + last->length - first->at)};
    if (key.length > HZ_KEY_BYTES_MAX)
        key.length = 0;
    return key;
}

struct hz_slice hz_topic_gateway(const struct hz_topic *topic, const struct hz_topic_match *match)
{
    return topic->gateway == TOPIC_NONE ? (struct hz_slice){NULL, 0}
                                        : match->captures[topic->gateway];
}
