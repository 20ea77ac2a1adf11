/* SPDX-License-Identifier: Apache-2.0
 *
 * Published check values, and the two ways of CRC-32C against a bit-wise third one for all lengths
 * and splits around the edges of the fast paths.
 */
#include "hz_hash.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static unsigned char data[8192];

static void fill(void)
{
    uint32_t random = 2463534242u;

    for (size_t i = 0; i < sizeof(data); i++) {
        random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        data[i] = (unsigned char)random;
    }
}

static uint32_t bit_wise(const unsigned char *at, size_t length)
{
    uint32_t crc = ~0u;

    while (length-- > 0) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

static void crc_known_values(void **state)
{
    static const unsigned char zeros[32];

    (void)state;
    assert_int_equal(hz_crc32c(0, "123456789", 9), 0xE3069283u);
    assert_int_equal(hz_crc32c_by_table(0, "123456789", 9), 0xE3069283u);
    assert_int_equal(hz_crc32c(0, zeros, sizeof(zeros)), 0x8A9136AAu); /* RFC 3720 B.4 */
    assert_int_equal(hz_crc32c(7, NULL, 0), 7);
}

static void crc_every_way_the_same(void **state)
{
    (void)state;
    fill();
    for (size_t length = 0; length < sizeof(data) - 8; length += length < 64 ? 1 : 509) {
        for (size_t shift = 0; shift < 8; shift++) {
            uint32_t right = bit_wise(data + shift, length);
            assert_int_equal(hz_crc32c(0, data + shift, length), right);
            assert_int_equal(hz_crc32c_by_table(0, data + shift, length), right);
        }
    }
    for (size_t length = 3071; length <= 3073; length++)
        assert_int_equal(hz_crc32c(0, data, length), bit_wise(data, length));
}

static void crc_goes_on(void **state)
{
    uint32_t whole = hz_crc32c(0, data, sizeof(data));

    (void)state;
    for (size_t split = 0; split <= sizeof(data); split += 97) {
        uint32_t head = hz_crc32c(0, data, split);
        assert_int_equal(hz_crc32c(head, data + split, sizeof(data) - split), whole);
        assert_int_equal(hz_crc32c_by_table(head, data + split, sizeof(data) - split), whole);
    }
}

static void table_hash_is_xxh3(void **state)
{
    (void)state;
    assert_true(hz_hash("", 0) == UINT64_C(0x2D06800538D394C2));
    assert_true(hz_hash("a", 1) != hz_hash("b", 1));
}

static void digests(void **state)
{
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    struct hz_digest digest = hz_digest("abc", 3), back;
    char text[HZ_DIGEST_TEXT_BYTES];

    (void)state;
    hz_digest_text(&digest, text);
    assert_string_equal(text, abc);
    assert_int_equal(hz_digest_parse(text, &back), 0);
    assert_memory_equal(&digest, &back, sizeof(back));
}

static void digest_parse_is_strict(void **state)
{
    struct hz_digest kept = hz_digest("x", 1), digest = kept;
    char text[HZ_DIGEST_TEXT_BYTES + 1] = {0};

    (void)state;
    hz_digest_text(&digest, text);
    text[64] = '0';
    assert_int_equal(hz_digest_parse(text, &digest), -EINVAL);
    text[63] = '\0';
    assert_int_equal(hz_digest_parse(text, &digest), -EINVAL);
    assert_int_equal(hz_digest_parse("", &digest), -EINVAL);
    text[63] = 'A';
    text[64] = '\0';
    assert_int_equal(hz_digest_parse(text, &digest), -EINVAL);
    assert_memory_equal(&digest, &kept, sizeof(kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_known_values), cmocka_unit_test(crc_every_way_the_same),
        cmocka_unit_test(crc_goes_on),      cmocka_unit_test(table_hash_is_xxh3),
        cmocka_unit_test(digests),          cmocka_unit_test(digest_parse_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
