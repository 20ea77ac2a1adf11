/* SPDX-License-Identifier: Apache-2.0
 *
 * Text in a buffer of fixed size. An item is written whole or not at all, and after the first that
 * did not fit nothing more is written: what stands there is always a prefix, at an item's edge, of
 * what was asked for, and it ends in NUL.
 */
#include "hz_text.h"
#include "hz_zone.h"

#include <stdarg.h>
#include <stdio.h>

/* Room for `length` bytes and the terminator, or NULL and overflow. */
static char *room(struct hz_text *text, size_t length)
{
    if (text->overflow || length >= text->size - text->length) {
        text->overflow = true;
        return NULL;
    }
    return text->at + text->length;
}

static void took(struct hz_text *text, size_t length)
{
    text->length += length;
    text->at[text->length] = '\0';
}

void hz_text_add(struct hz_text *text, const char *bytes, size_t length)
{
    char *to = room(text, length);

    if (!to)
        return;
    if (length > 0)
        memcpy(to, bytes, length);
    took(text, length);
}

void hz_text_puts(struct hz_text *text, const char *string)
{
    hz_text_add(text, string, strlen(string));
}

void hz_text_slice(struct hz_text *text, struct hz_slice slice)
{
    hz_text_add(text, slice.at, slice.length);
}

/* The digits end at `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

void hz_text_uint(struct hz_text *text, uint64_t value)
{
    char buffer[20];
    char *end = buffer + sizeof(buffer);
    char *start = digits_before(end, value);

    hz_text_add(text, start, (size_t)(end - start));
}

void hz_text_int(struct hz_text *text, int64_t value)
{
    char buffer[21];
    char *end = buffer + sizeof(buffer);
    char *start = digits_before(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

    if (value < 0)
        *--start = '-';
    hz_text_add(text, start, (size_t)(end - start));
}

void hz_text_format(struct hz_text *text, const char *format, ...)
{
    va_list arguments;

    if (!room(text, 0))
        return;
    va_start(arguments, format);
    int length = vsnprintf(text->at + text->length, text->size - text->length, format, arguments);
    va_end(arguments);
    if (length >= 0 && room(text, (size_t)length)) {
        text->length += (size_t)length;
        return;
    }
    text->at[text->length] = '\0';
    text->overflow = true;
}

/* Zero-padded to `width`. */
static void add_padded(struct hz_text *text, uint64_t value, size_t width)
{
    char buffer[24];
    char *end = buffer + sizeof(buffer);
    char *start = digits_before(end, value);

    while ((size_t)(end - start) < width)
        *--start = '0';
    hz_text_add(text, start, (size_t)(end - start));
}

#define MS_PER_DAY INT64_C(86400000)

void hz_text_utc_ms(struct hz_text *text, int64_t utc_ms)
{
    int64_t days = utc_ms / MS_PER_DAY - (utc_ms % MS_PER_DAY < 0);
    uint64_t ms = (uint64_t)((utc_ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY);
    int64_t year;
    unsigned month, day;
    char buffer[48];
    struct hz_text stamp = hz_text_in(buffer, sizeof(buffer));

    hz_civil_from_days(days, &year, &month, &day);
    if (year < 0)
        hz_text_puts(&stamp, "-");
    add_padded(&stamp, (uint64_t)(year < 0 ? -year : year), 4);
    const struct {
        char before;
        uint64_t value;
        size_t width;
    } parts[] = {{'-', month, 2},          {'-', day, 2},
                 {'T', ms / 3600000, 2},   {':', ms / 60000 % 60, 2},
                 {':', ms / 1000 % 60, 2}, {'.', ms % 1000, 3}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        hz_text_add(&stamp, &parts[i].before, 1);
        add_padded(&stamp, parts[i].value, parts[i].width);
    }
    hz_text_puts(&stamp, "Z");
    hz_text_add(text, buffer, stamp.length);
}
