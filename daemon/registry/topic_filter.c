/* SPDX-License-Identifier: Apache-2.0
 *
 * MQTT topic filters: MQTT 3.1.1 section 4.7, which MQTT 5 keeps, and its shared subscriptions (MQTT 5,
 * 4.8.2): "$share/<group>/<filter>" receives what <filter> matches.
 */
#include "hz_topic.h"

/* Behind "$share/<group>/"; NULL when the group is not closed or not allowed; else the filter itself. */
static const char *without_share(const char *filter)
{
    static const char share[] = "$share/";
    const char *group = filter + strlen(share), *end;

    if (strncmp(filter, share, strlen(share)) != 0)
        return filter;
    end = strchr(group, '/');
    if (!end || end == group || strcspn(group, "+#") < (size_t)(end - group))
        return NULL;
    return end + 1;
}

bool hz_topic_filter_valid(const char *filter)
{
    const char *at = without_share(filter);

    if (!at || *at == '\0' || strlen(filter) > HZ_TOPIC_BYTES_MAX)
        return false;
    for (const char *byte = at; *byte; byte++) {
        bool begins = byte == at || byte[-1] == '/';

        if (*byte == '+' && !(begins && (byte[1] == '/' || byte[1] == '\0')))
            return false;
        if (*byte == '#' && !(begins && byte[1] == '\0'))
            return false;
    }
    return true;
}

bool hz_topic_filter_matches(const char *filter, struct hz_slice topic)
{
    const char *at = topic.at, *end = topic.at + topic.length;

    filter = without_share(filter);
    if (!filter || topic.length == 0 || (*at == '$' && (*filter == '+' || *filter == '#')))
        return false;
    for (;;) {
        if (*filter == '#')
            return true;
        if (*filter == '+') {
            filter++;
            while (at < end && *at != '/')
                at++;
        } else {
            while (*filter && *filter != '/' && at < end && *filter == *at) {
                filter++;
                at++;
            }
        }
        /* Both are at the end of a level, or they differ. "a/#" matches "a" too. */
        if (at == end)
            return *filter == '\0' || strcmp(filter, "/#") == 0;
        if (*filter != '/' || *at != '/')
            return false;
        filter++;
        at++;
    }
}
