/* SPDX-License-Identifier: Apache-2.0
 *
 * Time zones: by name, and from UTC to local time and back. A loaded zone never changes, so that
 * all stamps of one set of rules are read alike. Asia/Shanghai is built in as +08:00, which it has
 * been since 1991-09-15, long before any stamp that can come in.
 */
#include "base_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE_FOLDER    "/usr/share/zoneinfo/"
#define FILE_BYTES_MAX (64 << 10) /* the largest of the system's is below 4 KiB */
#define DAY_S          86400
#define FAR_S          (INT64_C(1) << 50) /* 35 million years: sums stay inside 64 bits */

static int fixed(int32_t offset_s, struct hz_zone **ret_zone)
{
    struct hz_zone *zone = calloc(1, sizeof(*zone));

    if (!zone)
        return -ENOMEM;
    zone->first_s = offset_s;
    *ret_zone = zone;
    return 0;
}

/* "+08:00", "-03:30" */
static bool parse_offset(const char *name, int32_t *ret_s)
{
    static const char shape[] = "+dd:dd";

    for (size_t i = 0; i < sizeof(shape); i++) { /* with the terminator */
        bool fits = shape[i] == 'd' ? name[i] >= '0' && name[i] <= '9'
                                    : name[i] == shape[i] || (i == 0 && name[i] == '-');
        if (!fits)
            return false;
    }
    int32_t hours = (name[1] - '0') * 10 + name[2] - '0';
    int32_t minutes = (name[4] - '0') * 10 + name[5] - '0';
    if (hours > 23 || minutes > 59)
        return false;
    *ret_s = (hours * 3600 + minutes * 60) * (name[0] == '-' ? -1 : 1);
    return true;
}

/* A name comes from a configuration file and must not lead out of the folder. */
static bool name_ok(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t length = strlen(name);

    return length > 0 && length <= 64 && strspn(name, allowed) == length && name[0] != '/';
}

static int load_file(const char *name, struct hz_zone **ret_zone)
{
    static const char folder[] = ZONE_FOLDER;
    char path[sizeof(folder) + 64];
    int result = -ENOMEM;

    (void)snprintf(path, sizeof(path), "%s%s", folder, name);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return errno == ENOENT || errno == ENOTDIR ? HZ_ENOTFOUND : -errno;
    unsigned char *bytes = malloc(FILE_BYTES_MAX);
    if (bytes) {
        size_t length = fread(bytes, 1, FILE_BYTES_MAX, file);
        result =
            ferror(file) ? HZ_ENOTFOUND /* a folder */ : hz_zone_parse(bytes, length, ret_zone);
    }
    free(bytes);
    (void)fclose(file); /* was only read */
    return result;
}

int hz_zone_load(const char *name, struct hz_zone **ret_zone)
{
    int32_t offset_s;

    if (strcmp(name, "UTC") == 0)
        return fixed(0, ret_zone);
    if (strcmp(name, "Asia/Shanghai") == 0)
        return fixed(8 * 3600, ret_zone);
    if (parse_offset(name, &offset_s))
        return fixed(offset_s, ret_zone);
    return name_ok(name) ? load_file(name, ret_zone) : HZ_ENOTFOUND;
}

void hz_zone_free(struct hz_zone *zone)
{
    free(zone);
}

static int64_t within_reach(int64_t seconds)
{
    if (seconds > FAR_S)
        return FAR_S;
    return seconds < -FAR_S ? -FAR_S : seconds;
}

/* How many changes are at or before this instant. */
static size_t changes_before(const struct hz_zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].utc_s <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t hz_zone_offset_s(const struct hz_zone *zone, int64_t utc_s)
{
    size_t before = changes_before(zone, utc_s);

    if (before == zone->count && zone->rule.known)
        return base__zone_rule_offset(&zone->rule, within_reach(utc_s));
    return before > 0 ? zone->changes[before - 1].offset_s : zone->first_s;
}

/* No offset is a day or more and no zone changes twice in two days: a day earlier holds what was
 * before a change that may be near, a day later what is after it. */
int64_t hz_zone_utc_s(const struct hz_zone *zone, int64_t local_s)
{
    int64_t local = within_reach(local_s);
    int32_t before = hz_zone_offset_s(zone, local - DAY_S);
    int32_t after = hz_zone_offset_s(zone, local + DAY_S);

    if (hz_zone_offset_s(zone, local - before) == before)
        return local - before; /* also the earlier of two */
    if (hz_zone_offset_s(zone, local - after) == after)
        return local - after;
    return local - before; /* skipped by the change */
}
