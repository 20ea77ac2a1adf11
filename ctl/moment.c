/* SPDX-License-Identifier: Apache-2.0
 *
 * Moments as people write them, for --from and --to. What must stay true: what is not wholly
 * understood is refused; a day or time that does not exist is not moved to another.
 */
#include "ctl_state.h"

#include <stdlib.h>
#include <time.h>

static const char refusal[] =
    "is no moment: write 2026-11-24, \"2026-11-24 12:30\", 12:30, 2h (ago), or ms since 1970";

static bool ago(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    static const char units[] = "smhd";
    static const int64_t ms[] = {1000, 60000, 3600000, 86400000};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;

    if (digits == 0 || digits > 8 || !unit || text[digits + 1])
        return false;
    *ret_ms = now_ms - strtoll(text, NULL, 10) * ms[unit - units];
    return true;
}

static bool milliseconds(const char *text, int64_t *ret_ms)
{
    size_t digits = strspn(text, "0123456789");

    if (text[digits] || digits < 11 || digits > 15)
        return false;
    *ret_ms = strtoll(text, NULL, 10);
    return true;
}

/* Does the time exist as it was written (mktime would move 31 February, and a skipped hour)? */
static bool to_ms(const struct tm *written, bool utc, int64_t *ret_ms)
{
    struct tm broken = *written, back;

    broken.tm_isdst = -1;
    time_t seconds = utc ? timegm(&broken) : mktime(&broken);
    if (!(utc ? gmtime_r(&seconds, &back) : localtime_r(&seconds, &back)))
        return false;
    *ret_ms = (int64_t)seconds * 1000;
    return back.tm_year == written->tm_year && back.tm_mon == written->tm_mon &&
           back.tm_mday == written->tm_mday && back.tm_hour == written->tm_hour &&
           back.tm_min == written->tm_min && back.tm_sec == written->tm_sec;
}

bool ctl_moment(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    static const char *const forms[] = {
        "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
        "%Y-%m-%d",          "%H:%M:%S",          "%H:%M"};
    time_t now = (time_t)(now_ms / 1000);

    if (ago(text, now_ms, ret_ms) || milliseconds(text, ret_ms))
        return true;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm broken = {0};

        if (forms[i][1] == 'H' && !localtime_r(&now, &broken))
            return false;
        broken.tm_sec = 0;
        const char *end = strptime(text, forms[i], &broken);
        if (end && (*end == '\0' || strcmp(end, "Z") == 0))
            return to_ms(&broken, *end == 'Z', ret_ms);
    }
    return false;
}

const char *ctl_moment_fault(const char *value)
{
    int64_t unused;

    return ctl_moment(value, (int64_t)time(NULL) * 1000, &unused) ? NULL : refusal;
}
