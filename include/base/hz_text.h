/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Building text in a buffer of fixed size without allocation: numbers, quoted JSON strings,
 *         times. Also the edges of UTF-8 characters, and the slice, a borrowed piece of text that
 *         need not end in NUL.
 * WAY     -
 * THREAD  whoever owns the object
 * OWNS    nothing: the buffer is the caller's
 * FULL    an item that does not fit is not written, nor anything after it; `overflow` stays set
 */
#ifndef HZ_TEXT_H
#define HZ_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hz_slice {
    const char *at;
    size_t length;
};

static inline struct hz_slice hz_slice(const char *text)
{
    return (struct hz_slice){text, text ? strlen(text) : 0};
}

static inline bool hz_slice_is(struct hz_slice slice, const char *text)
{
    return strlen(text) == slice.length && memcmp(slice.at, text, slice.length) == 0;
}

static inline bool hz_slice_same(struct hz_slice a, struct hz_slice b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

struct hz_text {
    char *at;
    size_t length; /* without the terminator, which is always there when size > 0 */
    size_t size;
    bool overflow;
};

static inline struct hz_text hz_text_in(char *buffer, size_t size)
{
    if (size > 0)
        buffer[0] = '\0';
    return (struct hz_text){buffer, 0, size, false};
}

void hz_text_add(struct hz_text *text, const char *bytes, size_t length);
void hz_text_puts(struct hz_text *text, const char *string);
void hz_text_slice(struct hz_text *text, struct hz_slice slice);
void hz_text_int(struct hz_text *text, int64_t value);
void hz_text_uint(struct hz_text *text, uint64_t value);
/* The shortest decimal that reads back as the same double ("90.41", "1e+21"); NaN and the
 * infinities become an empty text. */
void hz_text_decimal(struct hz_text *text, double value);
/* A JSON string with its quotes; control bytes as \u00XX, invalid UTF-8 as U+FFFD. */
void hz_text_json(struct hz_text *text, struct hz_slice slice);
void hz_text_format(struct hz_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 2026-11-23T18:44:54.123Z */
void hz_text_utc_ms(struct hz_text *text, int64_t utc_ms);

/* Bytes of the valid UTF-8 character at the head of `at`; 0 when there is none. */
size_t hz_utf8_character(const char *at, size_t length);
/* The length to which a text is cut so that at most `most` bytes remain and no character is torn. */
size_t hz_utf8_cut(const char *at, size_t length, size_t most);

#endif
