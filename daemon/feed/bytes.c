/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue of bytes that lie in one piece: appended at the end, taken from the front. What must stay
 * true: a large one does not stay large, since one big message in a month must not cost its memory for
 * ever.
 */
#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_FIRST ((size_t)4 << 10)
#define CAPACITY_KEPT  ((size_t)64 << 10) /* of an empty queue */

void feed__bytes_done(struct feed_bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct feed_bytes){0};
}

static void move_to_front(struct feed_bytes *bytes)
{
    if (bytes->begin > 0)
        memmove(bytes->at, bytes->at + bytes->begin, bytes->end - bytes->begin);
    bytes->end -= bytes->begin;
    bytes->begin = 0;
}

int feed__bytes_reserve(struct feed_bytes *bytes, size_t more)
{
    size_t length = bytes->end - bytes->begin;
    size_t capacity = bytes->capacity ? bytes->capacity : CAPACITY_FIRST;

    if (bytes->capacity - bytes->end >= more)
        return 0;
    move_to_front(bytes);
    while (capacity - length < more)
        capacity *= 2;
    if (capacity == bytes->capacity)
        return 0;
    uint8_t *grown = malloc(capacity);
    if (!grown)
        return -ENOMEM;
    if (bytes->at) {
        memcpy(grown, bytes->at, bytes->end);
        explicit_bzero(bytes->at, bytes->end); /* realloc would leave a password behind */
        free(bytes->at);
    }
    bytes->at = grown;
    bytes->capacity = capacity;
    return 0;
}

int feed__bytes_add(struct feed_bytes *bytes, const void *more, size_t length)
{
    if (length == 0)
        return 0;
    int error = feed__bytes_reserve(bytes, length);
    if (error < 0)
        return error;
    memcpy(bytes->at + bytes->end, more, length);
    bytes->end += length;
    return 0;
}

void feed__bytes_drop(struct feed_bytes *bytes, size_t length)
{
    hz_assert(length <= bytes->end - bytes->begin);
    bytes->begin += length;
    if (bytes->begin < bytes->end)
        return;
    bytes->begin = bytes->end = 0;
    if (bytes->capacity > CAPACITY_KEPT)
        feed__bytes_done(bytes);
}
