/* SPDX-License-Identifier: Apache-2.0
 *
 * The mapping: dotted paths taken apart once, so that while an object is read a key is compared only
 * with the fields that can still be meant. The texts stay the configuration's.
 */
#include "sample_priv.h"

/* False: more keys than there are levels. */
static bool split(const char *dotted, struct decode_path *path)
{
    path->count = 0;
    if (!dotted || *dotted == '\0')
        return true;
    for (const char *at = dotted;; at++) {
        size_t length = strcspn(at, ".");
        if (path->count == HZ_JSON_DEPTH_MAX)
            return false;
        path->keys[path->count++] = (struct hz_slice){at, length};
        at += length;
        if (*at == '\0')
            return true;
    }
}

static uint32_t packet_fields(enum hz_payload_format format)
{
    switch (format) {
    case HZ_PAYLOAD_MAP:
        return DECODE_BIT(DECODE_STAMP) | DECODE_BIT(DECODE_QUALITY) | DECODE_BIT(DECODE_ERROR) |
               DECODE_BIT(DECODE_LIST);
    case HZ_PAYLOAD_ARRAY:
        return DECODE_BIT(DECODE_STAMP) | DECODE_BIT(DECODE_QUALITY) | DECODE_BIT(DECODE_LIST);
    default:
        return 0;
    }
}

static uint32_t element_fields(enum hz_payload_format format)
{
    uint32_t all = DECODE_BIT(DECODE_VALUE) | DECODE_BIT(DECODE_STAMP) | DECODE_BIT(DECODE_QUALITY);

    switch (format) {
    case HZ_PAYLOAD_VALUE:
        return all | DECODE_BIT(DECODE_ERROR);
    case HZ_PAYLOAD_ARRAY:
        return all | DECODE_BIT(DECODE_ERROR) | DECODE_BIT(DECODE_NAME);
    default:
        return all;
    }
}

int decode__mapping(const struct hz_filter_config *config, const struct hz_zone *zone,
                    struct decode_mapping *ret_mapping)
{
    const char *dotted[DECODE_FIELDS] = {
        [DECODE_VALUE] = config->value,     [DECODE_STAMP] = config->stamp,
        [DECODE_QUALITY] = config->quality, [DECODE_NAME] = config->name,
        [DECODE_ERROR] = config->errors,    [DECODE_LIST] = config->values,
    };
    struct decode_mapping mapping = {
        .format = config->format, .stamp_unit = config->stamp_unit, .zone = zone};
    uint32_t used = 0;

    for (unsigned field = 0; field < DECODE_FIELDS; field++) {
        if (!split(dotted[field], &mapping.paths[field]))
            return HZ_ELIMIT;
        if (mapping.paths[field].count > 0)
            used |= DECODE_BIT(field);
    }
    mapping.packet_fields = used & packet_fields(config->format);
    mapping.element_fields = used & element_fields(config->format);
    *ret_mapping = mapping;
    return 0;
}

uint32_t decode__match(const struct decode_mapping *mapping, uint32_t active, unsigned level,
                       struct hz_slice key, uint32_t *ret_deeper)
{
    uint32_t targets = 0, deeper = 0;

    for (uint32_t left = active; left != 0; left &= left - 1) {
        const struct decode_path *path = &mapping->paths[__builtin_ctz(left)];
        struct hz_slice own = path->keys[level];
        if (own.length != key.length || (key.length > 0 && own.at[0] != key.at[0]) ||
            memcmp(own.at, key.at, key.length) != 0)
            continue;
        if (path->count == level + 1)
            targets |= left & -left;
        else
            deeper |= left & -left;
    }
    *ret_deeper = deeper;
    return targets;
}
