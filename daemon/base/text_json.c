/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON strings (RFC 8259 section 7). Whatever bytes come in, what goes out is a valid JSON string
 * in valid UTF-8, whole or not at all.
 */
#include "hz_text.h"

static void add_escaped(struct hz_text *text, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    const char control[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    const char quoted[] = {'\\', (char)byte};

    if (byte < 0x20)
        hz_text_add(text, control, sizeof(control));
    else
        hz_text_add(text, quoted, sizeof(quoted));
}

/* Bytes at the head of the slice that may stand in a JSON string as they are. */
static size_t plain_run(struct hz_slice slice)
{
    size_t at = 0;

    while (at < slice.length) {
        unsigned char byte = (unsigned char)slice.at[at];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            break;
        size_t bytes = byte < 0x80 ? 1 : hz_utf8_character(slice.at + at, slice.length - at);
        if (bytes == 0)
            break;
        at += bytes;
    }
    return at;
}

void hz_text_json(struct hz_text *text, struct hz_slice slice)
{
    size_t before = text->length;
    struct hz_slice rest = slice;

    hz_text_puts(text, "\"");
    while (rest.length > 0 && !text->overflow) {
        size_t plain = plain_run(rest);
        hz_text_add(text, rest.at, plain);
        if (plain < rest.length) {
            unsigned char byte = (unsigned char)rest.at[plain++];
            if (byte < 0x80)
                add_escaped(text, byte);
            else
                hz_text_puts(text, "\xEF\xBF\xBD");
        }
        rest = (struct hz_slice){rest.at + plain, rest.length - plain};
    }
    hz_text_puts(text, "\"");
    if (text->overflow && text->length > before) {
        text->length = before;
        text->at[before] = '\0';
    }
}
