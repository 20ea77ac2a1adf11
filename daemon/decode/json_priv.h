/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON reader (RFC 8259): a cursor that only goes forward, over bytes that may be anything. It
 * checks all of what it passes, also what nobody asked for. Two kinds of fault:
 *
 *   verdict   the bytes cannot be taken apart any further: broken, too deep, not UTF-8, too many. It
 *             stays, the cursor jumps to the end, every call from there on does nothing.
 *   fault     what was passed is JSON, but not to be trusted (a duplicate key). Reading goes on; it is
 *             charged to the smallest element of a batch that contains it.
 *
 * Loops look like this, with no check inside:
 *
 *     struct decode_nest nest;
 *     struct decode_text key;
 *     for (decode__enter(reader, '{', &nest); decode__next_field(reader, &nest, &key);)
 *         decode__skip(reader);
 */
#ifndef JSON_PRIV_H
#define JSON_PRIV_H

#include "decode_priv.h"

/* --- the keys of open objects (keys.c) --- */

/* All objects open at one time have at most this many keys, beyond it is TOO_MANY: the readings of
 * a full payload and as many again half for what stands around them. */
#define DECODE_KEYS_MAX 16384u
#define DECODE_NO_KEY   UINT32_MAX

struct decode_key {
    struct hz_slice text;
    uint64_t hash; /* only when `slot` is */
    uint32_t note; /* the caller's; 0 at first */
    uint32_t slot; /* in the table, from 1; 0 = not in it */
};

struct decode_keys {
    struct decode_key *entries; /* a stack: objects are closed in the order opposite to opening */
    uint16_t *slots;            /* index of the entry + 1; 0 = free */
    uint32_t count;
};

int decode__keys_init(struct decode_keys *keys) HZ_MUST_USE;
void decode__keys_done(struct decode_keys *keys);
/* Adds a key to the object whose keys begin at `base`; the new one is the last entry. *ret_twin is the
 * equal key of the same object, or DECODE_NO_KEY. False: no room, or too many places looked at. */
bool decode__keys_add(struct decode_keys *keys, uint32_t base, struct hz_slice text, uint32_t *ret_twin);
/* The entry of a text, or DECODE_NO_KEY. */
uint32_t decode__keys_find(const struct decode_keys *keys, uint32_t base, struct hz_slice text);
/* Forgets the keys from `base` on. */
void decode__keys_drop(struct decode_keys *keys, uint32_t base);

/* --- the reader (json.c, json_text.c) --- */

struct decode_reader {
    const char *at, *end;
    enum hz_verdict verdict;
    enum hz_verdict fault;
    unsigned depth;
    struct decode_keys keys;
    char *scratch; /* texts with escapes, decoded: HZ_PAYLOAD_BYTES_MAX, never more than was read */
    size_t scratch_used;
};

/* A text with its escapes decoded: a piece of the payload, or of the scratch when it had any. */
struct decode_text {
    struct hz_slice slice;
    enum hz_verdict verdict; /* OK, or BAD_TEXT: it has a NUL or half a surrogate pair in it */
};

enum decode_kind {
    DECODE_ABSENT = 0, /* not there */
    DECODE_NULL,
    DECODE_BOOL,       /* number.i64 */
    DECODE_NUMBER,
    DECODE_NOT_FINITE, /* beyond a double, or one of the words that are no JSON: NaN, -Infinity, inf */
    DECODE_TEXT,
    DECODE_CONTAINER,  /* an object or array, passed over */
};

struct decode_scalar {
    enum decode_kind kind;
    struct decode_text text; /* TEXT; of a NUMBER its digits */
    struct decode_number number;
};

/* An object or array that is open. */
struct decode_nest {
    uint32_t keys_base;
    uint32_t twin; /* objects: the entry of the key equal to the one just read, or DECODE_NO_KEY */
    bool begun;
};

void decode__begin(struct decode_reader *reader, const char *payload, size_t length);
/* Nothing but blanks may follow. */
void decode__finish(struct decode_reader *reader);
void decode__fail(struct decode_reader *reader, enum hz_verdict verdict);
void decode__blanks(struct decode_reader *reader);

/* The next byte that is no blank, not yet passed; NUL at the end (and for a NUL byte, which no JSON
 * begins with). */
static inline char decode__peek(struct decode_reader *reader)
{
    if (reader->at < reader->end && (unsigned char)*reader->at > ' ')
        return *reader->at;
    decode__blanks(reader);
    return reader->at < reader->end ? *reader->at : '\0';
}

void decode__enter(struct decode_reader *reader, char opening, struct decode_nest *nest);
/* The next member of an object: the cursor stands at its value. False: the object is closed. */
bool decode__next_key(struct decode_reader *reader, struct decode_nest *nest, struct decode_text *ret_key);
/* The same where a duplicate is a fault. */
bool decode__next_field(struct decode_reader *reader, struct decode_nest *nest, struct decode_text *ret_key);
/* The next item of an array. */
bool decode__next_item(struct decode_reader *reader, struct decode_nest *nest);

/* Any value, passed over. */
void decode__skip(struct decode_reader *reader);
/* Any value; containers are passed over. Sets what the kind has, no more. */
void decode__scalar(struct decode_reader *reader, struct decode_scalar *ret_scalar);
/* A string; the cursor stands at its quote. */
void decode__text(struct decode_reader *reader, struct decode_text *ret_text);

#endif
