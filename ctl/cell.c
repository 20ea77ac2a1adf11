/* SPDX-License-Identifier: Apache-2.0
 *
 * Members of a row as text for a table. What must stay true: the daemon may be older or newer, so that
 * a member that is missing, null or of another type gives an empty or a plain cell, never a fault.
 */
#include "ctl.h"

#include "hz_alarm.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* The first of "a|b" that is there and not empty; NULL. */
static const json_t *member(const json_t *row, const char *fields)
{
    char name[64];

    while (*fields) {
        size_t length = strcspn(fields, "|");

        if (length < sizeof(name)) {
            memcpy(name, fields, length);
            name[length] = '\0';
            const json_t *found = json_object_get(row, name);
            bool empty = json_is_string(found) && json_string_length(found) == 0;
            if (found && !json_is_null(found) && !empty)
                return found;
        }
        fields += length;
        fields += *fields == '|';
    }
    return NULL;
}

/* A number, or a text that is one: entries carry every field as text. NaN otherwise. */
static double number(const json_t *value)
{
    const char *text = json_string_value(value);
    char *end;

    if (json_is_number(value))
        return json_number_value(value);
    if (!text || !*text)
        return (double)NAN;
    double parsed = strtod(text, &end);
    return *end ? (double)NAN : parsed;
}

static void put(const json_t *value, struct hz_text *to)
{
    if (json_is_string(value)) {
        ctl_harmless(to, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        hz_text_int(to, json_integer_value(value));
    } else if (json_is_real(value)) {
        hz_text_decimal(to, json_real_value(value));
    } else if (json_is_boolean(value)) {
        hz_text_puts(to, ctl_in_words(json_is_true(value) ? "yes" : "no"));
    } else if (value && !json_is_null(value)) {
        char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (dump)
            ctl_harmless(to, dump, strlen(dump));
        free(dump);
    }
}

void ctl_text(const json_t *row, const char *field, struct hz_text *to)
{
    put(member(row, field), to);
}

void ctl_word(const json_t *row, const char *field, struct hz_text *to)
{
    const json_t *value = member(row, field);
    const char *word = json_string_value(value);

    if (word && ctl_in_words(word) != word)
        hz_text_puts(to, ctl_in_words(word));
    else
        put(value, to);
}

static void put_time(const json_t *row, const char *field, bool milliseconds, struct hz_text *to)
{
    const json_t *value = member(row, field);
    double ms = number(value);
    char text[64];
    struct tm broken;

    if (!(fabs(ms) < 1e15)) { /* year 33 000 */
        put(value, to);
        return;
    }
    int64_t whole = (int64_t)ms;
    time_t seconds = (time_t)(whole / 1000);
    if (whole == 0 || !localtime_r(&seconds, &broken))
        return;
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &broken);
    hz_text_puts(to, text);
    if (milliseconds)
        hz_text_format(to, ".%03d", (int)(whole % 1000));
}

void ctl_time(const json_t *row, const char *field, struct hz_text *to)
{
    put_time(row, field, false, to);
}

void ctl_time_ms(const json_t *row, const char *field, struct hz_text *to)
{
    put_time(row, field, true, to);
}

void ctl_bytes(const json_t *row, const char *field, struct hz_text *to)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    const json_t *value = member(row, field);
    double bytes = number(value);
    unsigned unit = 0;

    if (!(bytes >= 0)) {
        put(value, to);
        return;
    }
    for (; bytes >= 1024 && unit < 4; unit++)
        bytes /= 1024;
    hz_text_format(to, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void ctl_counts(const json_t *row, const char *field, struct hz_text *to)
{
    const json_t *value = member(row, field), *count;
    const char *name;
    size_t before = to->length;

    if (!json_is_object(value)) {
        put(value, to);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, count)
    {
        if (number(count) == 0)
            continue;
        hz_text_puts(to, to->length > before ? ", " : "");
        ctl_harmless(to, name, strlen(name));
        hz_text_puts(to, " ");
        put(count, to);
    }
}

void ctl_measure(const json_t *row, const char *field, struct hz_text *to)
{
    size_t before = to->length;

    ctl_text(row, field, to);
    if (to->length == before || !member(row, "unit"))
        return;
    hz_text_puts(to, " ");
    ctl_text(row, "unit", to);
}

bool ctl_true(const json_t *row, const char *field)
{
    const json_t *value = member(row, field);

    return json_is_true(value) || number(value) > 0;
}

/* What `field` names, divided by blanks, and is true. */
void ctl_signs(const json_t *row, const char *field, struct hz_text *to)
{
    size_t before = to->length;
    char name[64];

    for (size_t length; *field; field += length + (field[length] == ' ')) {
        length = strcspn(field, " ");
        if (length >= sizeof(name))
            continue;
        memcpy(name, field, length);
        name[length] = '\0';
        if (!ctl_true(row, name))
            continue;
        hz_text_puts(to, to->length > before ? " " : "");
        hz_text_puts(to, ctl_in_words(name));
    }
}

double ctl_number(const json_t *row, const char *field)
{
    return number(member(row, field));
}

/* Consumers of the contract hold an unknown severity for red. */
int ctl_severity(const json_t *row)
{
    const char *word = json_string_value(json_object_get(row, "sev"));
    unsigned severity = word ? hz_severity_of(word) : 0;

    return word && *word && severity == 0 ? HZ_SEVERITY_RED : (int)severity;
}

enum ctl_paint ctl_paint_severity(const json_t *row)
{
    static const enum ctl_paint paints[HZ_SEVERITY_END] = {
        [HZ_SEVERITY_BLUE] = CTL_BLUE,
        [HZ_SEVERITY_YELLOW] = CTL_YELLOW,
        [HZ_SEVERITY_ORANGE] = CTL_ORANGE,
        [HZ_SEVERITY_RED] = CTL_RED,
    };

    return paints[ctl_severity(row)];
}

/* Cut, not rounded: 100.0 % means all of them. */
void ctl_share(const json_t *row, const char *field, struct hz_text *to)
{
    double part = number(member(row, field)), total = number(member(row, "total"));

    if (total > 0 && part >= 0)
        hz_text_format(to, "%.1f %%", floor(part / total * 1000) / 10);
}
