/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiling topic patterns and key templates. Names in braces are small letters, digits and '_'; a level
 * has at most one, with text around it if need be. {name} stands for the name inside the payload: only
 * the key may have it.
 */
#include "topic_priv.h"

#include "hz_log.h"
#include "hz_nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HINT_BYTES  256u
#define QUOTE_BYTES 72u

struct compiling {
    struct hz_topic *topic;
    const char *file;
    uint32_t line;
    struct hz_diagnostics *diagnostics;
    bool wrong;
};

#define WRONG(compiling, hint, ...)                                                                \
    do {                                                                                           \
        hz_diagnose((compiling)->diagnostics, (compiling)->file, (compiling)->line, 0, hint,       \
                    __VA_ARGS__);                                                                  \
        (compiling)->wrong = true;                                                                 \
    } while (0)

static const char *quote(struct hz_slice text, char to[QUOTE_BYTES])
{
    return hz_log_quote(to, QUOTE_BYTES, text.at, text.length);
}

/* The name in the braces that open at `at`; {NULL, 0} when it is none (reported). */
static struct hz_slice name_at(struct compiling *compiling, const char *what, const char *at)
{
    struct hz_slice name = {at + 1, strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_")};
    char quoted[QUOTE_BYTES];

    if (name.length > 0 && name.at[name.length] == '}')
        return name;
    WRONG(compiling, "write a name in braces, in small letters: {point}", "%s: no name at %s", what,
          quote(hz_slice(at), quoted));
    return (struct hz_slice){NULL, 0};
}

static uint8_t capture_named(const struct hz_topic *topic, struct hz_slice name)
{
    for (uint8_t i = 0; i < topic->capture_count; i++)
        if (hz_slice_same(topic->names[i], name))
            return i;
    return TOPIC_NONE;
}

/* --- the pattern --- */

static uint8_t add_capture(struct compiling *compiling, struct hz_slice name)
{
    struct hz_topic *topic = compiling->topic;

    if (hz_slice_is(name, "name")) {
        WRONG(compiling, "name the level otherwise: {point}",
              "topic: {name} stands for the name inside the payload");
        return TOPIC_NONE;
    }
    if (capture_named(topic, name) != TOPIC_NONE) {
        WRONG(compiling, NULL, "topic: {%.*s} is there twice", (int)name.length, name.at);
        return TOPIC_NONE;
    }
    if (topic->capture_count == HZ_TOPIC_CAPTURES_MAX) {
        WRONG(compiling, "write + for levels that the key does not need",
              "topic: more than %u names", HZ_TOPIC_CAPTURES_MAX);
        return TOPIC_NONE;
    }
    if (hz_slice_is(name, "gateway"))
        topic->gateway = topic->capture_count;
    topic->names[topic->capture_count] = name;
    return topic->capture_count++;
}

/* A step that ends at `at`, its literal beginning at `literal`. */
static void add_step(struct compiling *compiling, const char *literal, const char *at,
                     uint8_t capture)
{
    struct hz_topic *topic = compiling->topic;

    if (topic->step_count == TOPIC_STEPS_MAX) {
        WRONG(compiling, NULL, "topic: more than %u variable levels", TOPIC_STEPS_MAX);
        return;
    }
    topic->steps[topic->step_count++] = (struct topic_step){
        .literal = literal, .length = (uint16_t)(at - literal), .suffix = 0, .capture = capture};
}

/* What stands behind a capture in its level belongs to the next literal. */
static void set_suffix(struct compiling *compiling, const char *at)
{
    struct topic_step *step = &compiling->topic->steps[compiling->topic->step_count - 1];
    size_t suffix = strcspn(at, "/{+");

    if (at[suffix] == '{' || at[suffix] == '+')
        WRONG(compiling, "a level has one name: where one ends and the next begins must be clear",
              "topic: two names in one level");
    step->suffix = (uint16_t)suffix;
}

static const char *compile_capture(struct compiling *compiling, const char *literal, const char *at)
{
    struct hz_slice name = name_at(compiling, "topic", at);
    uint8_t capture;

    if (!name.at)
        return NULL;
    capture = add_capture(compiling, name);
    if (compiling->wrong)
        return NULL;
    add_step(compiling, literal, at, capture);
    if (!compiling->wrong)
        set_suffix(compiling, name.at + name.length + 1);
    return name.at + name.length + 1;
}

static void compile_pattern(struct compiling *compiling)
{
    struct hz_topic *topic = compiling->topic;
    const char *literal = topic->pattern, *at = literal;

    while (!compiling->wrong && *at && !topic->open) {
        bool begins = at == topic->pattern || at[-1] == '/';

        if (*at == '{') {
            literal = at = compile_capture(compiling, literal, at);
        } else if (*at == '+' && begins && (at[1] == '/' || at[1] == '\0')) {
            add_step(compiling, literal, at, TOPIC_NONE);
            literal = ++at;
        } else if (*at == '#' && begins && at[1] == '\0') {
            topic->open = true;
        } else if (strchr("}+#", *at)) {
            WRONG(compiling, "+ stands for a whole level, # for all levels at the end",
                  "topic: a single %c", *at);
        } else {
            at++;
        }
    }
    if (compiling->wrong)
        return;
    /* "a/#" matches "a" too: the '/' before '#' is not part of the tail. */
    topic->tail = (struct hz_slice){literal, (size_t)(at - literal)};
    if (topic->open && topic->tail.length > 0)
        topic->tail.length--;
}

/* --- the key --- */

static void report_unknown(struct compiling *compiling, struct hz_slice name)
{
    struct hz_nearest nearest = hz_nearest(name);
    char hint[HINT_BYTES], words[HZ_TOPIC_CAPTURES_MAX][48];

    for (uint8_t i = 0; i < compiling->topic->capture_count; i++) {
        struct hz_slice known = compiling->topic->names[i];

        snprintf(words[i], sizeof(words[i]), "%.*s", (int)known.length, known.at);
        hz_nearest_try(&nearest, words[i]);
    }
    if (nearest.best)
        snprintf(hint, sizeof(hint), "did you mean {%s}?", nearest.best);
    else
        snprintf(hint, sizeof(hint), "the names in `topic`, or {name}: the one inside the payload");
    WRONG(compiling, hint, "key: {%.*s} is not in the topic %.200s", (int)name.length, name.at,
          compiling->topic->pattern);
}

static void add_part(struct compiling *compiling, struct topic_part part)
{
    struct hz_topic *topic = compiling->topic;

    if (topic->part_count == TOPIC_PARTS_MAX)
        WRONG(compiling, NULL, "key: more than %u parts", TOPIC_PARTS_MAX);
    else
        topic->parts[topic->part_count++] = part;
}

static const char *compile_name(struct compiling *compiling, const char *at)
{
    struct hz_slice name = name_at(compiling, "key", at);
    struct topic_part part = {.kind = TOPIC_NAME};

    if (!name.at)
        return NULL;
    if (!hz_slice_is(name, "name")) {
        part.kind = TOPIC_CAPTURE;
        part.capture = capture_named(compiling->topic, name);
        if (part.capture == TOPIC_NONE) {
            report_unknown(compiling, name);
            return NULL;
        }
    }
    add_part(compiling, part);
    return name.at + name.length + 1;
}

static size_t slashes_in(const char *at, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += at[i] == '/';
    return count;
}

/* Is the piece all that stands behind the first literal, and each of its levels a capture? */
static void find_whole(struct hz_topic *topic)
{
    const struct topic_step *first = &topic->steps[0], *end = first + topic->step_count;
    const char *head = first->literal;
    char word[8] = {0};

    if (topic->open || topic->tail.length > 0 || topic->lend_first != first->capture ||
        topic->lend_last != end[-1].capture)
        return;
    for (const struct topic_step *step = first; step < end; step++)
        if (step->capture == TOPIC_NONE || (step > first && step->length > 1))
            return;
    for (size_t i = 1; i < first->length; i++)
        if (head[i - 1] == '/' && head[i] == '/')
            return; /* an empty level that must be there */
    memcpy(word, head, first->length < 8 ? first->length : 8);
    topic->head = registry__word(word);
    topic->head_mask = first->length < 8 ? (UINT64_C(1) << 8 * first->length) - 1 : UINT64_MAX;
    topic->slash_count = (uint16_t)(slashes_in(head, first->length) + topic->step_count - 1);
    topic->head_length = first->length;
    topic->whole = true;
}

/* Is the key a piece of the topic? It is when it stands in the pattern word for word. */
static void find_lent(struct hz_topic *topic)
{
    const struct topic_part *first = &topic->parts[0], *last = first + topic->part_count - 1;

    if (topic->part_count == 0 || first->kind != TOPIC_CAPTURE || last->kind != TOPIC_CAPTURE ||
        !strstr(topic->pattern, topic->key))
        return;
    topic->lend_first = first->capture;
    topic->lend_last = last->capture;
    find_whole(topic);
}

static void compile_key(struct compiling *compiling)
{
    const char *at = compiling->topic->key;

    while (!compiling->wrong && *at) {
        size_t length = strcspn(at, "{}");

        if (length > HZ_KEY_BYTES_MAX) {
            WRONG(compiling, NULL, "key: longer than %u bytes", HZ_KEY_BYTES_MAX);
        } else if (length > 0) {
            add_part(compiling,
                     (struct topic_part){.kind = TOPIC_LITERAL, .literal = {at, length}});
            at += length;
        } else if (*at == '}') {
            WRONG(compiling, "write a name in braces: {point}", "key: a single }");
        } else {
            at = compile_name(compiling, at);
        }
    }
    if (!compiling->wrong)
        find_lent(compiling->topic);
}

static struct hz_topic *topic_new(const char *pattern, const char *key)
{
    struct hz_topic *topic = calloc(1, sizeof(*topic));

    if (!topic)
        return NULL;
    topic->pattern = strdup(pattern);
    topic->key = strdup(key);
    topic->gateway = topic->lend_first = topic->lend_last = TOPIC_NONE;
    if (topic->pattern && topic->key)
        return topic;
    hz_topic_free(topic);
    return NULL;
}

int hz_topic_compile(const char *pattern, const char *key, const char *file, uint32_t line,
                     struct hz_diagnostics *diagnostics, struct hz_topic **ret_topic)
{
    struct compiling compiling = {.file = file, .line = line, .diagnostics = diagnostics};

    compiling.topic = topic_new(pattern, key);
    if (!compiling.topic)
        return -ENOMEM;
    if (*pattern == '\0' || strlen(pattern) > HZ_TOPIC_BYTES_MAX)
        WRONG(&compiling, NULL, "topic: a pattern has 1 to %u bytes", HZ_TOPIC_BYTES_MAX);
    if (!compiling.wrong)
        compile_pattern(&compiling);
    if (!compiling.wrong)
        compile_key(&compiling);
    if (compiling.wrong) {
        hz_topic_free(compiling.topic);
        return HZ_ECONFIG;
    }
    *ret_topic = compiling.topic;
    return 0;
}

void hz_topic_free(struct hz_topic *topic)
{
    if (!topic)
        return;
    free(topic->pattern);
    free(topic->key);
    free(topic);
}
