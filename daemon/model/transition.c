/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of a transition as text, and back. Each name has exactly one spelling: what parses was
 * written by us, and two texts that differ name two things.
 *
 * An episode's number is cut in its middle: "k7f3-1c9e2" is base 36 of the upper 32 bits, which tell
 * journals apart, and of the lower 32, which count.
 */
#include "hz_transition.h"
#include "hz_text.h"

#include <errno.h>
#include <string.h>

#define BASE 36u

static void add_base36(struct hz_text *text, uint32_t value)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char buffer[8];
    char *end = buffer + sizeof(buffer), *start = end;

    do {
        *--start = digits[value % BASE];
        value /= BASE;
    } while (value > 0);
    hz_text_add(text, start, (size_t)(end - start));
}

void hz_alarm_text(uint64_t alarm, char to[HZ_ALARM_TEXT_BYTES])
{
    struct hz_text text = hz_text_in(to, HZ_ALARM_TEXT_BYTES);

    add_base36(&text, (uint32_t)(alarm >> 32));
    hz_text_puts(&text, "-");
    add_base36(&text, (uint32_t)alarm);
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : BASE;
}

/* A number without leading zeros, at most `most`, that ends before `stop`. Returns what follows
 * `stop` (its own place, if that is NUL), or NULL. */
static const char *parse_number(const char *text, unsigned base, char stop, uint64_t most,
                                uint64_t *ret)
{
    const char *at = text;
    uint64_t value = 0;

    for (; *at != stop; at++) {
        unsigned digit = digit_of(*at);
        if (digit >= base || value > (most - digit) / base)
            return NULL;
        value = value * base + digit;
    }
    if (at == text || (*text == '0' && at - text > 1))
        return NULL;
    *ret = value;
    return stop == '\0' ? at : at + 1;
}

uint64_t hz_alarm_parse(const char *text)
{
    uint64_t high, low;
    const char *rest = parse_number(text, BASE, '-', UINT32_MAX, &high);

    if (!rest || !parse_number(rest, BASE, '\0', UINT32_MAX, &low))
        return 0;
    return high << 32 | low;
}

void hz_stream_id_text(struct hz_stream_id id, char to[HZ_STREAM_ID_TEXT_BYTES])
{
    struct hz_text text = hz_text_in(to, HZ_STREAM_ID_TEXT_BYTES);

    hz_text_int(&text, id.ms);
    hz_text_puts(&text, "-");
    hz_text_uint(&text, id.k);
}

int hz_stream_id_parse(const char *text, struct hz_stream_id *ret_id)
{
    uint64_t ms, k;
    const char *rest = parse_number(text, 10, '-', INT64_MAX, &ms);

    if (!rest || !parse_number(rest, 10, '\0', UINT64_MAX, &k))
        return -EINVAL;
    *ret_id = (struct hz_stream_id){(int64_t)ms, k};
    return 0;
}
