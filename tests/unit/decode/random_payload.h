/* SPDX-License-Identifier: Apache-2.0
 *
 * Random payloads for each format: valid JSON with every spelling of numbers, texts and blanks, any
 * nesting beside the readings, the mapping's fields in any order, missing, or of the wrong kind. Names of
 * fields turn up where they mean nothing. Some objects have a key twice.
 *
 * The payload stands in `out`; the seed is fixed, so that a failure comes back.
 */
#ifndef RANDOM_PAYLOAD_H
#define RANDOM_PAYLOAD_H

#include "hz_config.h"
#include "hz_error.h"
#include "hz_text.h"

#include <stdio.h>

static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);

static inline unsigned below(unsigned end)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 20) % end);
}

#define PICK(list) ((list)[below(sizeof(list) / sizeof((list)[0]))])

static char buffer[1 << 16];
static struct hz_text out;

static inline void put(const char *text)
{
    static const char *const blanks[] = {"", "", "", "", " ", "\n", "\t \r"};

    hz_text_puts(&out, text);
    hz_text_puts(&out, PICK(blanks));
}

static inline void put_number(void)
{
    static const char *const odd[] = {"0",
                                      "-0.0",
                                      "1e3",
                                      "1E-3",
                                      "0e0",
                                      "1e+300",
                                      "1e-30",
                                      "5e-324",
                                      "9007199254740993",
                                      "12.0",
                                      "-9223372036854775808",
                                      "9223372036854775807",
                                      "0.30000000000000004",
                                      "123456789012345678.5"};
    char text[64];

    switch (below(4)) {
    case 0:
        put(PICK(odd));
        break;
    case 1:
        (void)snprintf(text, sizeof(text), "%d", (int)below(20000) - 10000);
        put(text);
        break;
    default:
        (void)snprintf(text, sizeof(text), "%.*f", 1 + (int)below(8),
                       below(1000000) / 1024.0 - 300);
        put(text);
        break;
    }
}

static inline void put_text(void)
{
    static const char *const texts[] = {"\"\"",
                                        "\"open\"",
                                        "\"\\u6db2\\u4f4d\"",
                                        "\"\xe6\xb6\xb2\xe4\xbd\x8d\"",
                                        "\"a\\\"\\\\b\"",
                                        "\"\\ud83d\\ude00\"",
                                        "\"\\/\\b\\f\\n\\r\\t\"",
                                        "\"}{][,:\"",
                                        "\"192\"",
                                        "\"good\"",
                                        "\"\xf0\x9f\x98\x80\x7f\""};

    put(PICK(texts));
}

/* Names of fields too, some with escapes, so that they are met where they mean nothing. */
static inline void put_name(bool twice)
{
    static const char *const names[] = {
        "\"a\"", "\"b\"",   "\"c\"",       "\"v\"",       "\"ts\"",           "\"q\"",
        "\"n\"", "\"m\"",   "\"\\u0061\"", "\"\\u6db2\"", "\"\xe6\xb6\xb2\"", "\"\"",
        "\"V\"", "\"list\""};
    char text[32];

    if (twice) {
        put(PICK(names));
    } else {
        static unsigned serial;
        (void)snprintf(text, sizeof(text), "\"%s%u\"",
                       PICK(((const char *const[]){"p", "\\u0070", "点"})), serial++);
        put(text);
    }
}

static inline void put_any(unsigned depth);

static inline void put_object(unsigned depth, bool twice)
{
    put("{");
    for (unsigned i = 0, end = below(5); i < end; i++) {
        if (i > 0)
            put(",");
        put_name(twice);
        put(":");
        put_any(depth + 1);
    }
    put("}");
}

static inline void put_array(unsigned depth)
{
    put("[");
    for (unsigned i = 0, end = below(5); i < end; i++) {
        if (i > 0)
            put(",");
        put_any(depth + 1);
    }
    put("]");
}

static inline void put_any(unsigned depth)
{
    static const char *const literals[] = {"true", "false", "null"};

    switch (below(depth < 5 ? 8 : 5)) {
    case 0:
        put(PICK(literals));
        break;
    case 1:
    case 2:
        put_text();
        break;
    case 5:
    case 6:
        put_object(depth, below(8) == 0);
        break;
    case 7:
        put_array(depth);
        break;
    default:
        put_number();
        break;
    }
}

static inline void put_stamp(void)
{
    static const char *const stamps[] = {
        "1763900000123", "1763900000", "1763900000.25", "null", "0", "\"2025-11-23T12:13:20Z\"",
        "\"never\"",     "-1",         "true",          "[]"};

    put(PICK(stamps));
}

static inline void put_quality(void)
{
    static const char *const qualities[] = {"192",     "0",    "64",    "null", "\"good\"",
                                            "\"bad\"", "true", "false", "{}"};

    put(PICK(qualities));
}

/* The fields of the mapping and others in any order, each with some chance. */
static inline void put_reading(bool named)
{
    static const char *const fields[] = {"\"v\":", "\"ts\":", "\"q\":", "\"n\":", NULL, NULL};
    unsigned start = below(6), members = 0;

    put("{");
    for (unsigned i = 0; i < 6; i++) {
        unsigned field = (start + i * 5) % 6; /* 5 and 6 have no common part: each once */
        if (below(4) == 0 || (field == 3 && !named))
            continue;
        if (members++ > 0)
            put(",");
        if (fields[field]) {
            put(fields[field]);
        } else {
            put_name(false);
            put(":");
        }
        if (field == 1)
            put_stamp();
        else if (field == 2)
            put_quality();
        else
            put_any(2);
    }
    put("}");
}

static inline void put_packet_member(unsigned which, enum hz_payload_format format)
{
    if (which == 0) {
        put("\"ts\":");
        put_stamp();
    } else if (which == 1) {
        put("\"q\":");
        put_quality();
    } else if (which == 2) {
        put_name(false);
        put(":");
        put_any(1);
    } else {
        put(format == HZ_PAYLOAD_MAP ? "\"m\":{" : "\"list\":[");
        for (unsigned i = 0, end = below(12); i < end; i++) {
            if (i > 0)
                put(",");
            if (format == HZ_PAYLOAD_MAP) {
                put_name(below(10) == 0);
                put(":");
            }
            if (below(3) == 0)
                put_any(3);
            else
                put_reading(format == HZ_PAYLOAD_ARRAY);
        }
        put(format == HZ_PAYLOAD_MAP ? "}" : "]");
    }
}

static inline void put_packet(enum hz_payload_format format)
{
    unsigned start = below(4), members = 0;

    put("{");
    for (unsigned i = 0; i < 4; i++) {
        unsigned which = (start + i * 3) % 4;
        if (which != 3 && below(2) == 0)
            continue;
        if (members++ > 0)
            put(",");
        put_packet_member(which, format);
    }
    put("}");
}

static inline void put_payload(enum hz_payload_format format)
{
    out = hz_text_in(buffer, sizeof(buffer));
    put("");
    if (format == HZ_PAYLOAD_VALUE) {
        if (below(20) == 0)
            put_any(0);
        else
            put_reading(false);
    } else if (below(4) > 0) {
        put_packet(format);
    } else {
        put("[");
        for (unsigned i = 0, end = below(4); i < end; i++) {
            if (i > 0)
                put(",");
            if (below(8) == 0)
                put_any(1);
            else
                put_packet(format);
        }
        put("]");
    }
    hz_assert(!out.overflow);
}

#endif
