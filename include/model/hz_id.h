/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Ids. A small number that stands for a key of the registry, stable over every change of the
 *         configuration and never re-used (journal records `define` them). One struct per kind, so
 *         that they cannot be mixed up. 0 = none.
 * WAY     -
 * THREAD  values: any
 * OWNS    nothing
 * FULL    bounds in hz_limits.h
 */
#ifndef HZ_ID_H
#define HZ_ID_H

#include <stdint.h>

/* What an id can name: word in the journal's define records, X(NAME, number, word). */
#define HZ_NAMED_KINDS(X)                                                                          \
    X(POINT, 1, "point")                                                                           \
    X(RULE, 2, "rule")                                                                             \
    X(TEXT, 3, "text")                                                                             \
    X(FEED, 4, "feed")                                                                             \
    X(GATEWAY, 5, "gateway")                                                                       \
    X(HAZARD, 6, "hazard")                                                                         \
    X(ENTERPRISE, 7, "enterprise")                                                                 \
    X(PARK, 8, "park")                                                                             \
    X(VIEW, 9, "view")

enum hz_named_kind {
#define X(name, number, word) HZ_NAMED_##name = number,
    HZ_NAMED_KINDS(X)
#undef X
    HZ_NAMED_END
};

struct hz_point_id { uint32_t v; };
struct hz_rule_id { uint32_t v; };
struct hz_text_id { uint32_t v; };
struct hz_feed_id { uint32_t v; };
struct hz_gateway_id { uint32_t v; };
struct hz_hazard_id { uint32_t v; };
struct hz_enterprise_id { uint32_t v; };
struct hz_park_id { uint32_t v; };
struct hz_view_id { uint32_t v; };

const char *hz_named_kind_word(enum hz_named_kind kind);

#endif
