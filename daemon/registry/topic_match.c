/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching a topic and building the key: once for every message. Nothing is allocated; every byte of the
 * topic is looked at once or twice. What must stay true: where the topic need not be cut to find its key,
 * the answer is that of cutting it.
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

/* Where the key is a piece of the topic: from the first capture in it to the last. */
static void set_piece(const struct hz_topic *topic, struct hz_topic_match *match)
{
    match->piece = (struct hz_slice){NULL, 0};
    if (topic->lend_first == TOPIC_NONE)
        return;
    const struct hz_slice *first = &match->captures[topic->lend_first];
    const struct hz_slice *last = &match->captures[topic->lend_last];
    match->piece = (struct hz_slice){first->at, (size_t)(last->at + last->length - first->at)};
}

bool registry__topic_cut(const struct hz_topic *topic, struct hz_slice text,
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
    set_piece(topic, ret_match);
    return at == end || (topic->open && (*at == '/' || at == text.at)); /* "#" takes all */
}

/* --- a topic that need not be cut, eight bytes at a time --- */

#define SHORTEST   8u   /* one word */
#define LONGEST    255u /* so that the slashes can be counted in one byte */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* 0x80 in each byte that is a slash, without a carry from byte to byte (H. Warren, Hacker's Delight,
 * 2nd ed., 6-1). */
static inline uint64_t slashes(uint64_t word)
{
    uint64_t other = word ^ EACH('/');

    return ~(((other & EACH(0x7F)) + EACH(0x7F)) | other | EACH(0x7F));
}

/* So many slashes, and no two of them side by side? */
static inline bool levels_are(struct hz_slice text, unsigned slash_count)
{
    uint64_t counts = 0, pairs = 0, before = 0; /* `before`: the last byte of the word before */
    size_t at = 0;

    for (; at + 8 <= text.length; at += 8) {
        uint64_t found = slashes(registry__word(text.at + at));

        counts += found >> 7;
        pairs |= found & (found << 8 | before);
        before = found >> 56;
    }
    if (at < text.length) { /* the last eight bytes, without those that were looked at */
        uint64_t found =
            slashes(registry__word(text.at + text.length - 8) >> 8 * (8 - (text.length - at)));

        counts += found >> 7;
        pairs |= found & (found << 8 | before);
    }
    return pairs == 0 && counts * EACH(1) >> 56 == slash_count;
}

static inline bool whole_matches(const struct hz_topic *topic, struct hz_slice text)
{
    return ((registry__word(text.at) ^ topic->head) & topic->head_mask) == 0 &&
           text.length > topic->head_length && text.at[topic->head_length] != '/' &&
           text.at[text.length - 1] != '/' && levels_are(text, topic->slash_count);
}

/* Apart, so that the way of most messages has no call in it. */
static __attribute__((noinline)) bool long_head_is(const struct hz_topic *topic, const char *at)
{
    return memcmp(at, topic->pattern, topic->head_length) == 0;
}

bool hz_topic_match(const struct hz_topic *topic, struct hz_slice text,
                    struct hz_topic_match *ret_match)
{
    if (!topic->whole || text.length < SHORTEST || text.length > LONGEST)
        return registry__topic_cut(topic, text, ret_match);
    if (!whole_matches(topic, text))
        return false;
    ret_match->piece =
        (struct hz_slice){text.at + topic->head_length, text.length - topic->head_length};
    return topic->head_length <= 8 || long_head_is(topic, text.at);
}

/* --- the key --- */

static bool append(char *to, size_t *length, struct hz_slice piece)
{
    if (piece.length > HZ_KEY_BYTES_MAX - *length)
        return false;
    memcpy(to + *length, piece.at, piece.length);
    *length += piece.length;
    return true;
}

struct hz_slice hz_topic_build(const struct hz_topic *topic, const struct hz_topic_match *match,
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

struct hz_slice hz_topic_gateway(const struct hz_topic *topic, const struct hz_topic_match *match)
{
    struct hz_topic_match cut;

    if (topic->gateway == TOPIC_NONE)
        return (struct hz_slice){NULL, 0};
    if (!topic->whole) /* cut already */
        return match->captures[topic->gateway];
    size_t head = topic->head_length;
    struct hz_slice text = {match->piece.at - head, match->piece.length + head};
    hz_assert(registry__topic_cut(topic, text, &cut)); /* it did match */
    return cut.captures[topic->gateway];
}
