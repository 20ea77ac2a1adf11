/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a file as UTF-8. What is not UTF-8 is GB18030, as Chinese Excel saves CSV, unless it is
 * UTF-8 with damage: then conversion would give names that nobody can read, and the damage is a
 * fault. The two are told apart by whole three-byte characters, which Chinese UTF-8 text consists
 * of and GB18030 text has by accident, against places that fit nowhere. In doubt it is refused.
 */
#include "registry_priv.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#define WORD_BYTES sizeof(uint64_t)
#define HIGH_BITS  UINT64_C(0x8080808080808080)

struct survey {
    size_t wrong; /* places without a UTF-8 character: a byte and what would continue it */
    size_t wide;  /* characters of three bytes */
    size_t first_wrong;
};

/* What needs no look: whole words of ASCII. */
static size_t skip_ascii(const char *at, size_t length)
{
    size_t i = 0;

    for (; i + WORD_BYTES <= length; i += WORD_BYTES) {
        uint64_t word;

        memcpy(&word, at + i, WORD_BYTES);
        if (word & HIGH_BITS)
            break;
    }
    return i;
}

static struct survey survey_of(const char *at, size_t length)
{
    struct survey survey = {.first_wrong = length};

    for (size_t i = 0; i < length;) {
        size_t bytes;

        if ((uint8_t)at[i] < 0x80) {
            size_t skipped = skip_ascii(at + i, length - i);

            i += skipped > 0 ? skipped : 1;
            continue;
        }
        bytes = hz_utf8_character(at + i, length - i);
        survey.wide += bytes == 3;
        if (bytes == 0 && survey.wrong++ == 0)
            survey.first_wrong = i;
        i += bytes > 0 ? bytes : 1;
        while (bytes == 0 && i < length && ((uint8_t)at[i] & 0xC0) == 0x80)
            i++;
    }
    return survey;
}

static void report_damage(const struct hz_file *file, const char *at, size_t place,
                          struct hz_diagnostics *diagnostics)
{
    uint32_t line = 1, column = 1;

    for (size_t i = 0; i < place; i++) {
        if (at[i] == '\n') {
            line++;
            column = 1;
        } else if (((uint8_t)at[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    hz_diagnose(diagnostics, file->path, line, column, "save the file as CSV UTF-8",
                "a byte here is not UTF-8 text");
}

/* All of `from` into a buffer of the caller's; a character of GB18030 has at least one byte less than
 * in UTF-8 at worst (2 to 3), a single byte stays one. */
static int convert(iconv_t way, const char *from, size_t length, struct registry_text *ret_text)
{
    size_t room = length + length / 2 + 8, left = room;
    char *to = malloc(room), *at = to, *in = (char *)(uintptr_t)from; /* iconv only reads it */

    if (!to)
        return -ENOMEM;
    if (iconv(way, &in, &length, &at, &left) == (size_t)-1) {
        free(to);
        return HZ_ECONFIG;
    }
    *ret_text = (struct registry_text){to, room - left, to};
    return 0;
}

static int from_gb18030(const struct hz_file *file, const struct survey *survey,
                        struct hz_diagnostics *diagnostics, struct registry_text *ret_text)
{
    iconv_t way = iconv_open("UTF-8", "GB18030");

    if (way == (iconv_t)-1) {
        hz_diagnose(diagnostics, file->path, 0, 0,
                    "save the file as CSV UTF-8, or install libc-gconv-modules-extra",
                    "is not UTF-8, and this system can not convert GB18030");
        return HZ_ECONFIG;
    }
    int code = convert(way, file->bytes, file->length, ret_text);
    iconv_close(way);
    if (code == HZ_ECONFIG)
        report_damage(file, file->bytes, survey->first_wrong, diagnostics);
    return code;
}

int registry__decode(const struct hz_file *file, struct hz_diagnostics *diagnostics,
                     struct registry_text *ret_text)
{
    static const char mark[] = "\xEF\xBB\xBF", wide_marks[][3] = {"\xFF\xFE", "\xFE\xFF"};
    bool marked = file->length >= 3 && memcmp(file->bytes, mark, 3) == 0;
    struct registry_text text = {file->bytes + (marked ? 3 : 0), file->length - (marked ? 3 : 0),
                                 NULL};

    for (size_t i = 0; i < 2 && file->length >= 2; i++)
        if (memcmp(file->bytes, wide_marks[i], 2) == 0) {
            hz_diagnose(diagnostics, file->path, 1, 1,
                        "save it as \"CSV UTF-8\", or as CSV in GB18030",
                        "this is UTF-16 text, as Excel saves \"Unicode text\"");
            return HZ_ECONFIG;
        }
    struct survey survey = survey_of(text.at, text.length);
    if (survey.wrong > 0 && !marked && survey.wide < survey.wrong)
        return from_gb18030(file, &survey, diagnostics, ret_text);
    if (survey.wrong > 0) {
        report_damage(file, text.at, survey.first_wrong, diagnostics);
        return HZ_ECONFIG;
    }
    *ret_text = text;
    return 0;
}
