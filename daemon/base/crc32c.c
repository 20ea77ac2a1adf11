/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C two ways: by the SSE4.2 instruction where the processor has it, else by eight tables.
 * Both must give the same for every input and every split of it: the journal outlives the machine.
 *
 * The instruction has a latency of three cycles and a throughput of one, so three stripes are run
 * side by side and joined: the CRC of A|B is crc(A) moved over length(B) zero bytes, xor crc(B). A
 * move over a fixed number of zeros is linear in the 32 bits: four table look-ups.
 */
#include "hz_hash.h"

#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL   0x82F63B78u /* 0x1EDC6F41 reflected */
#define STRIPE_BYTES 1024        /* a block of 64 KiB is 21 rounds; joining costs some 5 % of one */

/* tables[k][b]: the byte b, followed by k zero bytes. */
static uint32_t tables[8][256];

static uint32_t step_bit(uint32_t crc)
{
    return (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
}

static void fill_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = step_bit(crc);
        tables[0][byte] = crc;
    }
    for (int zeros = 1; zeros < 8; zeros++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t before = tables[zeros - 1][byte];
            tables[zeros][byte] = (before >> 8) ^ tables[0][before & 0xFF];
        }
}

static uint64_t load_u64(const unsigned char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

static uint32_t step_byte(uint32_t crc, unsigned char byte)
{
    return (crc >> 8) ^ tables[0][(crc ^ byte) & 0xFF];
}

uint32_t hz_crc32c_by_table(uint32_t crc, const void *data, size_t length)
{
    const unsigned char *at = data;

    crc = ~crc;
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t word = load_u64(at) ^ crc;
        crc = 0;
        for (int i = 0; i < 8; i++)
            crc ^= tables[7 - i][word >> (8 * i) & 0xFF];
    }
    while (length-- > 0)
        crc = step_byte(crc, *at++);
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

static bool has_instruction;
static uint32_t over_stripe[4][256]; /* a CRC's byte k, moved over STRIPE_BYTES zeros */

static uint32_t move_over_stripe(uint32_t crc)
{
    return over_stripe[0][crc & 0xFF] ^ over_stripe[1][crc >> 8 & 0xFF] ^
           over_stripe[2][crc >> 16 & 0xFF] ^ over_stripe[3][crc >> 24];
}

static void fill_over_stripe(void)
{
    for (int k = 0; k < 4; k++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = byte << (8 * k);
            for (int i = 0; i < STRIPE_BYTES; i++)
                crc = step_byte(crc, 0);
            over_stripe[k][byte] = crc;
        }
}

__attribute__((target("sse4.2"))) static uint32_t three_stripes(uint32_t crc,
                                                                const unsigned char *at)
{
    uint64_t a = crc, b = 0, c = 0;

    for (int i = 0; i < STRIPE_BYTES; i += 8) {
        a = _mm_crc32_u64(a, load_u64(at + i));
        b = _mm_crc32_u64(b, load_u64(at + STRIPE_BYTES + i));
        c = _mm_crc32_u64(c, load_u64(at + 2 * STRIPE_BYTES + i));
    }
    return move_over_stripe(move_over_stripe((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *data,
                                                                 size_t length)
{
    const unsigned char *at = data;

    crc = ~crc;
    for (; length >= 3 * STRIPE_BYTES; at += 3 * STRIPE_BYTES, length -= 3 * STRIPE_BYTES)
        crc = three_stripes(crc, at);
    for (; length >= 8; at += 8, length -= 8)
        crc = (uint32_t)_mm_crc32_u64(crc, load_u64(at));
    while (length-- > 0)
        crc = _mm_crc32_u8(crc, *at++);
    return ~crc;
}

uint32_t hz_crc32c(uint32_t crc, const void *data, size_t length)
{
    if (has_instruction)
        return by_instruction(crc, data, length);
    return hz_crc32c_by_table(crc, data, length);
}

static void choose(void)
{
    __builtin_cpu_init();
    has_instruction = __builtin_cpu_supports("sse4.2");
    if (has_instruction)
        fill_over_stripe();
}

#else

uint32_t hz_crc32c(uint32_t crc, const void *data, size_t length)
{
    return hz_crc32c_by_table(crc, data, length);
}

static void choose(void)
{
}

#endif

/* Before main: every thread finds the tables filled, and no call has to ask. */
__attribute__((constructor)) static void prepare(void)
{
    fill_tables();
    choose();
}
