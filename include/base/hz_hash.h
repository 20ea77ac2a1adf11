/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Three hashes for three ends: hz_hash for tables (XXH3, 64 bit), hz_crc32c for stored
 *         frames (Castagnoli polynomial 0x1EDC6F41 reflected, RFC 3720 appendix B.4), hz_digest for
 *         names of content (SHA-256, FIPS 180-4).
 * WAY     -
 * THREAD  any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_HASH_H
#define HZ_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hz_hash(const void *data, size_t length);

/* Start with crc = 0; feed the result in to go on. hz_crc32c("123456789") = 0xE3069283. */
uint32_t hz_crc32c(uint32_t crc, const void *data, size_t length);
/* The same without the processor's instruction: what other machines run. */
uint32_t hz_crc32c_by_table(uint32_t crc, const void *data, size_t length);

struct hz_digest {
    uint8_t bytes[32];
};

struct hz_digest hz_digest(const void *data, size_t length);

#define HZ_DIGEST_TEXT_BYTES 65
/* Lower-case hex, terminated. */
void hz_digest_text(const struct hz_digest *digest, char to[HZ_DIGEST_TEXT_BYTES]);
/* 0 or -EINVAL. */
int hz_digest_parse(const char *text, struct hz_digest *ret_digest);

#endif
