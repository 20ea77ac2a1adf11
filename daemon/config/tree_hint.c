/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person probably meant where YAML gave up. libyaml says what it expected; operators need to
 * know what to write. The line at fault is searched for the few things that people do write in rule
 * files: tabs, %LEL, >= 50, {enterprise}/{point}. A hint may be missing, it must never be wrong
 * about how to write.
 */
#include "config_priv.h"

#include <ctype.h>
#include <stdio.h>

static bool has_tab(struct hz_slice line)
{
    return memchr(line.at, '\t', line.length) != NULL;
}

/* What stands behind the first ':' or '- ' that is followed by one of `first`. */
static struct hz_slice value_that_begins(struct hz_slice line, const char *first)
{
    for (size_t i = 0; i + 2 < line.length; i++) {
        if ((line.at[i] != ':' && line.at[i] != '-' && line.at[i] != ',' && line.at[i] != '[') ||
            line.at[i + 1] != ' ')
            continue;
        size_t at = i + 1;
        while (at < line.length && line.at[at] == ' ')
            at++;
        if (at < line.length && strchr(first, line.at[at]))
            return (struct hz_slice){line.at + at, line.length - at};
    }
    return (struct hz_slice){0};
}

/* The text without a comment, the end of a flow map and blanks: what would stand in quotes. */
static int value_length(struct hz_slice value)
{
    size_t length = 0;

    while (length < value.length && length < 60 && !strchr("#,]}\"\r", value.at[length]))
        length++;
    while (length > 0 && isspace((unsigned char)value.at[length - 1]))
        length--;
    return (int)length;
}

/* "{word}" outside of quotes, followed by more than the end of a flow map. */
static bool has_placeholder(struct hz_slice line)
{
    bool quoted = false;

    for (size_t i = 0; i < line.length; i++) {
        if (line.at[i] == '"' || line.at[i] == '\'')
            quoted = !quoted;
        if (line.at[i] != '{' || quoted)
            continue;
        size_t end = i + 1;
        while (end < line.length && (isalpha((unsigned char)line.at[end]) || line.at[end] == '_'))
            end++;
        if (end > i + 1 && end < line.length && line.at[end] == '}')
            return true;
    }
    return false;
}

static const char *hint_on_comparison(struct hz_slice value, char to[CONFIG_HINT_BYTES])
{
    size_t at = strspn(value.at, "<>= ");
    struct hz_slice number = {value.at + at, value.length > at ? value.length - at : 0};

    if (at >= value.length || !isdigit((unsigned char)*number.at))
        return NULL;
    snprintf(to, CONFIG_HINT_BYTES,
             "write the number alone (%.*s): H and HH are reached from below, L and LL from above",
             value_length(number), number.at);
    return to;
}

const char *config__syntax_hint(struct hz_slice line, char to[CONFIG_HINT_BYTES])
{
    struct hz_slice value;

    if (has_tab(line))
        return "tabs are not taken: indent with spaces";
    if (has_placeholder(line))
        return "quote a text that contains braces: \"{enterprise}/{point}\"";
    value = value_that_begins(line, "<>=");
    if (value.length > 0 && hint_on_comparison(value, to))
        return to;
    value = value_that_begins(line, "%@`");
    if (value.length > 0) {
        snprintf(to, CONFIG_HINT_BYTES, "quote it: \"%.*s\"", value_length(value), value.at);
        return to;
    }
    value = value_that_begins(line, "*");
    if (value.length > 0)
        return "quote a text that begins with '*'";
    return NULL;
}
