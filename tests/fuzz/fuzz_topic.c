/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as pattern, key and topic, with a line feed between: compiling gives a topic or a fault, and
 * what a pattern finds lies inside the topic. Then as a filter, beside a slow and obvious matcher.
 */
#include "fuzz.h"

#include "hz_limits.h"
#include "hz_topic.h"

#include <stdlib.h>

struct input {
    char *pattern, *key;
    struct hz_slice topic;
};

/* Exact copies, so that reading past the end is seen. */
static char *copy(const uint8_t *data, size_t size)
{
    char *to = malloc(size + 1);

    if (!to)
        abort();
    for (size_t i = 0; i < size; i++)
        to[i] = (char)(data[i] ? data[i] : 'x');
    to[size] = '\0';
    return to;
}

static bool inside(struct hz_slice piece, struct hz_slice whole)
{
    return piece.length == 0 ||
           (piece.at >= whole.at && piece.at + piece.length <= whole.at + whole.length);
}

static void try_topic(const struct input *input)
{
    static const char name[] = "name";
    struct hz_diagnostics diagnostics;
    struct hz_topic *topic = NULL;
    struct hz_topic_match match = {0};
    char to[HZ_KEY_BYTES_MAX + 1];

    hz_diagnostics_init(&diagnostics);
    int code = hz_topic_compile(input->pattern, input->key, "f", 1, &diagnostics, &topic);
    if ((code == 0) != (topic != NULL) || (code == 0) != (diagnostics.errors == 0))
        abort();
    if (topic && hz_topic_match(topic, input->topic, &match)) {
        struct hz_slice key = hz_topic_key(topic, &match, (struct hz_slice){name, 4}, to);

        for (size_t i = 0; i < HZ_TOPIC_CAPTURES_MAX; i++)
            if (!inside(match.captures[i], input->topic))
                abort();
        if (key.length > HZ_KEY_BYTES_MAX ||
            (!inside(key, (struct hz_slice){to, sizeof(to)}) && !inside(key, input->topic)))
            abort();
        if (!inside(hz_topic_gateway(topic, &match), input->topic))
            abort();
    }
    hz_topic_free(topic);
    hz_diagnostics_done(&diagnostics);
}

/* Level by level, as section 4.7 reads. */
static bool slow_match(const char *filter, const char *topic, const char *end)
{
    const char *next = topic;
    size_t level = strcspn(filter, "/");

    if (strcmp(filter, "#") == 0)
        return true;
    while (next < end && *next != '/')
        next++;
    if (!(level == 1 && *filter == '+') &&
        (level != (size_t)(next - topic) || memcmp(filter, topic, level) != 0))
        return false;
    if (next == end)
        return filter[level] == '\0' || strcmp(filter + level, "/#") == 0;
    return filter[level] == '/' && slow_match(filter + level + 1, next + 1, end);
}

static void try_filter(const struct input *input)
{
    const char *filter = input->pattern;
    struct hz_slice topic = input->topic;
    bool found = hz_topic_filter_matches(filter, topic);

    if (!hz_topic_filter_valid(filter) || *filter == '$' || topic.length == 0 || *topic.at == '$')
        return;
    if (found != slow_match(filter, topic.at, topic.at + topic.length))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *first = size > 0 ? memchr(data, '\n', size) : NULL, *end = data + size;
    const uint8_t *second = first ? memchr(first + 1, '\n', (size_t)(end - first - 1)) : NULL;

    if (!second)
        return 0;
    struct input input = {.pattern = copy(data, (size_t)(first - data)),
                          .key = copy(first + 1, (size_t)(second - first - 1))};
    char *topic = copy(second + 1, (size_t)(end - second - 1));
    input.topic = (struct hz_slice){topic, (size_t)(end - second - 1)};
    try_topic(&input);
    try_filter(&input);
    free(input.pattern);
    free(input.key);
    free(topic);
    return 0;
}
