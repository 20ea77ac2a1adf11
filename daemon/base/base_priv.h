/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a time zone share: its changes in the past, a list; and those to come, a rule.
 */
#ifndef BASE_PRIV_H
#define BASE_PRIV_H

#include "hz_zone.h"

#include <stdbool.h>

/* One yearly change, as POSIX writes it (TZ variable): "M3.2.0/2", "J60", "59". */
struct base__zone_day {
    char form; /* 'M' month.week.weekday; 'J' day 1-365 without 29 February; 'N' day 0-365 */
    int32_t month, week, day;
    int32_t time_s; /* local, of the time before the change */
};

struct base__zone_rule {
    bool known;
    bool summer;
    int32_t standard_s; /* offset to add to UTC */
    int32_t summer_s;
    struct base__zone_day start, end;
};

struct base__zone_change {
    int64_t utc_s;
    int32_t offset_s; /* from here on */
};

struct hz_zone {
    int32_t first_s; /* offset before the first change */
    size_t count;
    struct base__zone_rule rule; /* after the last change, when known */
    struct base__zone_change changes[];
};

/* False when the text is no such rule. The text need not end in NUL. */
bool base__zone_rule_parse(const char *text, size_t length, struct base__zone_rule *ret_rule);
int32_t base__zone_rule_offset(const struct base__zone_rule *rule, int64_t utc_s);

#endif
