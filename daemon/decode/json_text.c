/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON strings (RFC 8259 section 7). What must stay true: what is handed on is UTF-8 (RFC 3629) with its
 * escapes decoded, so that two spellings of a name are one name; or it says BAD_TEXT. Bytes that are no
 * UTF-8 end the reading. A decoded text is never longer than what was written, and each is read
 * once: the scratch, as long as the longest payload, is always enough.
 *
 * Half a surrogate pair and a NUL are written as RFC 8259 allows, but no text: they are kept as the
 * bytes that a UTF-8 encoder would make of them, so that keys can still be told apart.
 */
#include "json_priv.h"

#include "hz_limits.h"

/* What stands for itself: ASCII without control bytes, quote and backslash. */
static inline bool plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The first byte from `at` on that ends a run of valid text: a quote, a backslash, or a byte that has
 * no business here. */
static const char *run_end(const char *at, const char *end)
{
    while (at < end) {
        unsigned char byte = (unsigned char)*at;
        if (plain(byte)) {
            at++;
            continue;
        }
        size_t bytes = byte < 0x80 ? 0 : hz_utf8_character(at, (size_t)(end - at));
        if (bytes == 0)
            break;
        at += bytes;
    }
    return at;
}

static void append(struct decode_reader *reader, const char *bytes, size_t length)
{
    hz_assert(length <= HZ_PAYLOAD_BYTES_MAX - reader->scratch_used);
    memcpy(reader->scratch + reader->scratch_used, bytes, length);
    reader->scratch_used += length;
}

static void append_character(struct decode_reader *reader, uint32_t code)
{
    char bytes[4];
    size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (count == 1) {
        bytes[0] = (char)code;
    } else {
        static const unsigned char heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
        for (size_t i = count - 1; i > 0; i--, code >>= 6)
            bytes[i] = (char)(0x80 | (code & 0x3F));
        bytes[0] = (char)(heads[count] | code);
    }
    append(reader, bytes, count);
}

/* Four hexadecimal digits at `at`; -1 when there are none. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t code = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char digit = at[i];
        if (digit >= '0' && digit <= '9')
            code = code * 16 + (digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            code = code * 16 + ((digit | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return code;
}

static bool high_half(int32_t code)
{
    return code >= 0xD800 && code <= 0xDBFF;
}

static bool low_half(int32_t code)
{
    return code >= 0xDC00 && code <= 0xDFFF;
}

/* Behind "\u". */
static void take_unicode(struct decode_reader *reader, struct decode_text *text)
{
    const char *at = reader->at;
    int32_t code = hex4(at, reader->end);

    if (code < 0) {
        decode__fail(reader, HZ_VERDICT_BROKEN);
        return;
    }
    reader->at = at += 4;
    if (high_half(code) && reader->end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        int32_t low = hex4(at + 2, reader->end);
        if (low_half(low)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            reader->at = at + 6;
        }
    }
    if (code == 0 || high_half(code) || low_half(code))
        text->verdict = HZ_VERDICT_BAD_TEXT;
    append_character(reader, (uint32_t)code);
}

/* At a backslash. */
static void take_escape(struct decode_reader *reader, struct decode_text *text)
{
    static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

    if (reader->end - reader->at < 2) {
        decode__fail(reader, HZ_VERDICT_BROKEN);
        return;
    }
    char letter = reader->at[1];
    const char *found = memchr(written, letter, sizeof(written) - 1);
    reader->at += 2;
    if (letter == 'u')
        take_unicode(reader, text);
    else if (found)
        append(reader, &meant[found - written], 1);
    else
        decode__fail(reader, HZ_VERDICT_BROKEN);
}

/* A byte that no string has: a control byte, no UTF-8, or the end of the payload. */
static void fail_at(struct decode_reader *reader)
{
    bool no_text =
        reader->at < reader->end && (*reader->at == '\0' || ((unsigned char)*reader->at & 0x80));

    decode__fail(reader, no_text ? HZ_VERDICT_BAD_TEXT : HZ_VERDICT_BROKEN);
}

/* From the first backslash on; what stands before it begins at `first`. */
static void take_escaped(struct decode_reader *reader, const char *first, struct decode_text *text)
{
    size_t begin = reader->scratch_used;

    append(reader, first, (size_t)(reader->at - first));
    while (reader->at < reader->end && *reader->at != '"') {
        if (*reader->at == '\\') {
            take_escape(reader, text);
            continue;
        }
        const char *run = reader->at;
        reader->at = run_end(run, reader->end);
        append(reader, run, (size_t)(reader->at - run));
        if (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\')
            fail_at(reader);
    }
    text->slice = (struct hz_slice){reader->scratch + begin, reader->scratch_used - begin};
}

void decode__text(struct decode_reader *reader, struct decode_text *ret_text)
{
    const char *first = reader->at + 1;
    const char *at = run_end(first, reader->end);

    ret_text->verdict = HZ_VERDICT_OK;
    ret_text->slice = (struct hz_slice){first, (size_t)(at - first)};
    reader->at = at;
    if (at < reader->end && *at == '\\')
        take_escaped(reader, first, ret_text);
    if (reader->at < reader->end && *reader->at == '"')
        reader->at++;
    else
        fail_at(reader);
}
