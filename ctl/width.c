/* SPDX-License-Identifier: Apache-2.0
 *
 * How wide a text is on a terminal, and making text from outside harmless. By tables of our own:
 * wcwidth(3) knows Chinese only when the locale is a UTF-8 one, which in a unit or over ssh it often
 * is not. What must stay true: a name that an enterprise chose can't move the cursor, recolour or
 * mirror what an operator reads.
 */
#include "ctl.h"

struct range {
    uint32_t first, last;
};

/* Wide or full-width by UAX #11 (EastAsianWidth.txt, values W and F), by blocks. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2329, 0x232A},   {0x2E80, 0x303E},   {0x3041, 0x4DBF},
    {0x4E00, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x17000, 0x18D08}, {0x1B000, 0x1B2FB}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

/* Marks that sit on the character before them, joiners, selectors. */
static const struct range combining[] = {
    {0x0300, 0x036F}, {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},   {0x200B, 0x200D}, {0x2060, 0x2064},
    {0x20D0, 0x20FF}, {0x302A, 0x302D},   {0x3099, 0x309A},   {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF}, {0xE0001, 0xE007F}, {0xE0100, 0xE01EF},
};

/* C0, DEL, C1; marks and overrides of direction (UAX #9); line and paragraph separators. */
static const struct range harmful[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C},
    {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069},
};

static bool within(const struct range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

/* Of `bytes` valid bytes. */
static uint32_t decode(const char *at, size_t bytes)
{
    static const unsigned char lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t character = (unsigned char)at[0] & lead[bytes];

    for (size_t i = 1; i < bytes; i++)
        character = character << 6 | ((unsigned char)at[i] & 0x3F);
    return character;
}

/* Columns of the character at the head; *ret_bytes are its own. */
static unsigned character_width(const char *at, size_t length, size_t *ret_bytes)
{
    size_t bytes = hz_utf8_character(at, length);
    uint32_t character = bytes > 0 ? decode(at, bytes) : 0xFFFD;

    *ret_bytes = bytes > 0 ? bytes : 1;
    if (within(wide, sizeof(wide) / sizeof(wide[0]), character))
        return 2;
    return !within(combining, sizeof(combining) / sizeof(combining[0]), character);
}

unsigned ctl_width(const char *text)
{
    size_t length = strlen(text), bytes;
    unsigned width = 0;

    for (size_t at = 0; at < length; at += bytes)
        width += character_width(text + at, length - at, &bytes);
    return width;
}

size_t ctl_fit(const char *text, unsigned width)
{
    size_t length = strlen(text), at = 0, bytes;

    while (at < length) {
        unsigned its = character_width(text + at, length - at, &bytes);

        if (its > width)
            break;
        width -= its;
        at += bytes;
    }
    return at;
}

void ctl_harmless(struct hz_text *to, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t bytes = hz_utf8_character(text + at, length - at);
        uint32_t character = bytes > 0 ? decode(text + at, bytes) : 0;

        if (character == '\n' || character == '\t')
            hz_text_puts(to, " ");
        else if (within(harmful, sizeof(harmful) / sizeof(harmful[0]), character))
            hz_text_puts(to, "\xEF\xBF\xBD");
        else
            hz_text_add(to, text + at, bytes);
        at += bytes > 0 ? bytes : 1;
    }
}
