/* SPDX-License-Identifier: Apache-2.0
 *
 * Zone files: TZif, RFC 8536. A file is a block with 32-bit times, kept for old readers and skipped
 * here, then one with 64-bit times, then the rule for later times as text between newlines. Every
 * length is checked against what is there: the file is the system's, but it may be damaged.
 */
#include "base_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 44

struct counts {
    size_t leaps, changes, types, name_bytes, standards, universals;
};

struct bytes {
    const unsigned char *at;
    size_t left;
};

static uint32_t big_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t big_i64(const unsigned char *at)
{
    return (int64_t)((uint64_t)big_u32(at) << 32 | big_u32(at + 4));
}

static const unsigned char *take(struct bytes *in, size_t length)
{
    const unsigned char *at = in->at;

    if (length > in->left)
        return NULL;
    in->at += length;
    in->left -= length;
    return at;
}

static bool read_header(struct bytes *in, struct counts *ret)
{
    const unsigned char *head = take(in, HEADER_BYTES);

    if (!head || memcmp(head, "TZif", 4) != 0 || head[4] < '2')
        return false; /* version 1 ends in 2038 and has no rule: no such file is left */
    ret->universals = big_u32(head + 20);
    ret->standards = big_u32(head + 24);
    ret->leaps = big_u32(head + 28);
    ret->changes = big_u32(head + 32);
    ret->types = big_u32(head + 36);
    ret->name_bytes = big_u32(head + 40);
    return true;
}

/* 32-bit counts times small sizes: cannot overflow in 64 bits. */
static size_t body_bytes(const struct counts *n, size_t time_bytes)
{
    return n->changes * (time_bytes + 1) + n->types * 6 + n->name_bytes +
           n->leaps * (time_bytes + 4) + n->standards + n->universals;
}

/* A change's type as its offset; false when the file names a type that it does not have. */
static bool offset_of(const unsigned char *types, size_t count, size_t type, int32_t *ret)
{
    if (type >= count)
        return false;
    *ret = (int32_t)big_u32(types + type * 6);
    return *ret > -26 * 3600 && *ret < 26 * 3600; /* RFC 8536 section 3.2 */
}

static int fill(struct hz_zone *zone, const struct counts *n, const unsigned char *body)
{
    const unsigned char *times = body, *indexes = body + n->changes * 8;
    const unsigned char *types = indexes + n->changes;

    if (!offset_of(types, n->types, 0, &zone->first_s))
        return HZ_ECORRUPT;
    for (size_t i = 0; i < n->changes; i++) {
        struct base__zone_change *change = &zone->changes[i];
        change->utc_s = big_i64(times + i * 8);
        if (!offset_of(types, n->types, indexes[i], &change->offset_s))
            return HZ_ECORRUPT;
        if (i > 0 && change->utc_s <= change[-1].utc_s)
            return HZ_ECORRUPT;
    }
    return 0;
}

static bool read_rule(struct bytes *in, struct base__zone_rule *ret)
{
    const unsigned char *start = take(in, 1);
    const unsigned char *end = start ? memchr(in->at, '\n', in->left) : NULL;

    if (!end || *start != '\n')
        return false;
    size_t length = (size_t)(end - in->at);
    return length == 0 /* the last change's offset holds for ever */
           || base__zone_rule_parse((const char *)in->at, length, ret);
}

int hz_zone_parse(const void *bytes, size_t length, struct hz_zone **ret_zone)
{
    struct bytes in = {bytes, length};
    struct counts old, n;

    if (!read_header(&in, &old) || !take(&in, body_bytes(&old, 4)) || !read_header(&in, &n))
        return HZ_ECORRUPT;
    const unsigned char *body = take(&in, body_bytes(&n, 8));
    if (!body || n.leaps > 0)
        return HZ_ECORRUPT; /* with leap seconds its times are no POSIX times */
    struct hz_zone *zone = calloc(1, sizeof(*zone) + n.changes * sizeof(zone->changes[0]));
    if (!zone)
        return -ENOMEM;
    zone->count = n.changes;
    int result = fill(zone, &n, body);
    if (result == 0 && !read_rule(&in, &zone->rule))
        result = HZ_ECORRUPT;
    if (result < 0)
        hz_zone_free(zone);
    else
        *ret_zone = zone;
    return result;
}
