/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON reader: structure, numbers, literals. What must stay true: it never looks at or behind
 * `end`, ends for any bytes in time linear in their number (each is passed once, see keys.c for
 * the keys), and goes no deeper than HZ_JSON_DEPTH_MAX, on the stack neither.
 *
 * More is accepted than RFC 8259 has in one place: NaN and the infinities, as encoders of several
 * languages write them, are values that are never taken: the reading is refused, its batch is not.
 */
#include "json_priv.h"

#include "hz_limits.h"

#include <strings.h>

void decode__begin(struct decode_reader *reader, const char *payload, size_t length)
{
    reader->at = payload;
    reader->end = payload + length;
    reader->verdict = HZ_VERDICT_OK;
    reader->fault = HZ_VERDICT_OK;
    reader->depth = 0;
    reader->scratch_used = 0;
    decode__keys_drop(&reader->keys, 0); /* what a message broken off has left */
}

void decode__fail(struct decode_reader *reader, enum hz_verdict verdict)
{
    if (reader->verdict == HZ_VERDICT_OK)
        reader->verdict = verdict;
    reader->at = reader->end;
}

void decode__blanks(struct decode_reader *reader)
{
    const char *at = reader->at, *end = reader->end;

    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    reader->at = at;
}

void decode__finish(struct decode_reader *reader)
{
    (void)decode__peek(reader);
    if (reader->at != reader->end)
        decode__fail(reader, HZ_VERDICT_BROKEN);
}

/* --- objects and arrays --- */

void decode__enter(struct decode_reader *reader, char opening, struct decode_nest *nest)
{
    *nest = (struct decode_nest){reader->keys.count, DECODE_NO_KEY, false};
    if (decode__peek(reader) != opening) {
        decode__fail(reader, HZ_VERDICT_BROKEN);
        return;
    }
    if (++reader->depth > HZ_JSON_DEPTH_MAX) {
        decode__fail(reader, HZ_VERDICT_TOO_DEEP);
        return;
    }
    reader->at++;
}

/* Passes the comma between two items, or the closing bracket: then false. */
static bool goes_on(struct decode_reader *reader, struct decode_nest *nest, char closing)
{
    char next = decode__peek(reader);

    if (next == closing) {
        reader->at++;
        reader->depth--;
        decode__keys_drop(&reader->keys, nest->keys_base);
        return false;
    }
    if (!nest->begun) {
        nest->begun = true;
        return reader->at < reader->end;
    }
    if (next != ',') {
        decode__fail(reader, HZ_VERDICT_BROKEN);
        return false;
    }
    reader->at++;
    return true;
}

bool decode__next_key(struct decode_reader *reader, struct decode_nest *nest,
                      struct decode_text *ret_key)
{
    if (!goes_on(reader, nest, '}')) {
        if (reader->at == reader->end && reader->depth > 0)
            decode__fail(reader, HZ_VERDICT_BROKEN); /* cut off */
        return false;
    }
    if (decode__peek(reader) != '"') {
        decode__fail(reader, HZ_VERDICT_BROKEN);
        return false;
    }
    decode__text(reader, ret_key);
    if (decode__peek(reader) != ':') {
        decode__fail(reader, HZ_VERDICT_BROKEN);
        return false;
    }
    reader->at++;
    if (!decode__keys_add(&reader->keys, nest->keys_base, ret_key->slice, &nest->twin)) {
        decode__fail(reader, HZ_VERDICT_TOO_MANY);
        return false;
    }
    return true;
}

bool decode__next_field(struct decode_reader *reader, struct decode_nest *nest,
                        struct decode_text *ret_key)
{
    if (!decode__next_key(reader, nest, ret_key))
        return false;
    if (nest->twin != DECODE_NO_KEY)
        reader->fault = HZ_VERDICT_DUPLICATE_KEY;
    return true;
}

bool decode__next_item(struct decode_reader *reader, struct decode_nest *nest)
{
    if (goes_on(reader, nest, ']'))
        return true;
    if (reader->at == reader->end && reader->depth > 0)
        decode__fail(reader, HZ_VERDICT_BROKEN);
    return false;
}

/* --- values --- */

/* Case does not count: printf writes nan, JavaScript and Python NaN. */
static bool take_word(struct decode_reader *reader, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(reader->end - reader->at) < length || strncasecmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static void take_not_finite(struct decode_reader *reader, struct decode_scalar *scalar)
{
    scalar->kind = DECODE_NOT_FINITE;
    if (reader->at < reader->end && *reader->at == '-')
        reader->at++;
    if (!take_word(reader, "nan") && !take_word(reader, "infinity") && !take_word(reader, "inf"))
        decode__fail(reader, HZ_VERDICT_BROKEN);
}

static void take_number(struct decode_reader *reader, struct decode_scalar *scalar)
{
    const char *first = reader->at;

    switch (decode__number(&reader->at, reader->end, &scalar->number)) {
    case HZ_VERDICT_OK:
        scalar->kind = DECODE_NUMBER;
        scalar->text.slice = (struct hz_slice){first, (size_t)(reader->at - first)};
        scalar->text.verdict = HZ_VERDICT_OK;
        break;
    case HZ_VERDICT_NOT_FINITE:
        scalar->kind = DECODE_NOT_FINITE;
        break;
    default:
        take_not_finite(reader, scalar); /* "-inf", or broken */
        break;
    }
}

static void take_literal(struct decode_reader *reader, struct decode_scalar *scalar)
{
    static const struct {
        const char *word;
        size_t length;
        enum decode_kind kind;
        int64_t number;
    } literals[] = {
        {"true", 4, DECODE_BOOL, 1}, {"false", 5, DECODE_BOOL, 0}, {"null", 4, DECODE_NULL, 0}};

    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        if ((size_t)(reader->end - reader->at) >= literals[i].length &&
            memcmp(reader->at, literals[i].word, literals[i].length) == 0) {
            reader->at += literals[i].length;
            scalar->kind = literals[i].kind;
            scalar->number.i64 = literals[i].number;
            return;
        }
    }
    take_not_finite(reader, scalar);
}

void decode__scalar(struct decode_reader *reader, struct decode_scalar *ret_scalar)
{
    char first = decode__peek(reader);

    if (first == '-' || (first >= '0' && first <= '9')) {
        take_number(reader, ret_scalar);
    } else if (first == '"') {
        ret_scalar->kind = DECODE_TEXT;
        decode__text(reader, &ret_scalar->text);
    } else if (first == '{' || first == '[') {
        ret_scalar->kind = DECODE_CONTAINER;
        decode__skip(reader);
    } else {
        take_literal(reader, ret_scalar);
    }
}

/* Calls itself at most HZ_JSON_DEPTH_MAX times: decode__enter fails below that. */
void decode__skip(struct decode_reader *reader)
{
    char first = decode__peek(reader);
    struct decode_nest nest;
    struct decode_scalar scalar;
    struct decode_text key;

    if (first == '{') {
        for (decode__enter(reader, '{', &nest); decode__next_field(reader, &nest, &key);)
            decode__skip(reader);
    } else if (first == '[') {
        for (decode__enter(reader, '[', &nest); decode__next_item(reader, &nest);)
            decode__skip(reader);
    } else {
        decode__scalar(reader, &scalar);
    }
}
