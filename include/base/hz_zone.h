/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Civil time: days and seconds to and from UTC milliseconds, and time zones read from the
 *         system's zone files (TZif, RFC 8536), for stamps that come without a zone.
 * WAY     decode, config -> here
 * THREAD  a loaded zone is immutable: any
 * OWNS    hz_zone_load gives, hz_zone_free takes
 * FULL    -
 */
#ifndef HZ_ZONE_H
#define HZ_ZONE_H

#include "hz_error.h"

#include <stddef.h>
#include <stdint.h>

struct hz_zone;

/* `name` as in /usr/share/zoneinfo ("Asia/Shanghai"), or a fixed offset "+08:00", or "UTC". Asia/
 * Shanghai and UTC are built in and work without zone files. HZ_ENOTFOUND, HZ_ECORRUPT. */
int hz_zone_load(const char *name, struct hz_zone **ret_zone) HZ_MUST_USE;
/* The same from the content of a zone file (version 2 or later, without leap seconds). */
int hz_zone_parse(const void *bytes, size_t length, struct hz_zone **ret_zone) HZ_MUST_USE;
void hz_zone_free(struct hz_zone *zone);

/* The offset to add to UTC at this instant, in seconds. */
int32_t hz_zone_offset_s(const struct hz_zone *zone, int64_t utc_s);

/* Local civil seconds (as if they were UTC) to UTC seconds. In the hour that a clock change repeats
 * the earlier instant is taken, in the hour that it skips the offset before the change. */
int64_t hz_zone_utc_s(const struct hz_zone *zone, int64_t local_s);

/* Proleptic Gregorian; month 1-12, day 1-31 must be valid. */
int64_t hz_civil_days(int64_t year, unsigned month, unsigned day);
void hz_civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);
/* 0 when there is no such day. */
unsigned hz_civil_month_days(int64_t year, unsigned month);

#endif
