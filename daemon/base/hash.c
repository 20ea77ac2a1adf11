/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash of tables (XXH3) and the digest of content (SHA-256), from the libraries that do them
 * best. Both stand in stored names or may come to: their results must stay the same for ever.
 */
#include "hz_hash.h"
#include "hz_error.h"

#include <errno.h>
#include <openssl/evp.h>
#include <xxhash.h>

uint64_t hz_hash(const void *data, size_t length)
{
    return XXH3_64bits(data, length);
}

struct hz_digest hz_digest(const void *data, size_t length)
{
    struct hz_digest digest;
    unsigned bytes = 0;

    int done = EVP_Digest(data, length, digest.bytes, &bytes, EVP_sha256(), NULL);
    hz_assert(done == 1 && bytes == sizeof(digest.bytes));
    return digest;
}

void hz_digest_text(const struct hz_digest *digest, char to[HZ_DIGEST_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < sizeof(digest->bytes); i++) {
        *to++ = hex[digest->bytes[i] >> 4];
        *to++ = hex[digest->bytes[i] & 15];
    }
    *to = '\0';
}

/* -1 when it is none; upper case is none, so that a content has one name. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hz_digest_parse(const char *text, struct hz_digest *ret_digest)
{
    struct hz_digest digest;

    for (size_t i = 0; i < sizeof(digest.bytes); i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return -EINVAL;
        digest.bytes[i] = (uint8_t)(high << 4 | low);
    }
    if (text[2 * sizeof(digest.bytes)] != '\0')
        return -EINVAL;
    *ret_digest = digest;
    return 0;
}
