/* SPDX-License-Identifier: Apache-2.0
 *
 * Units, and values on their way back into text. What is written here reads back as the same value.
 */
#include "config_priv.h"

#include "hz_clock.h"

struct unit {
    const char *word;
    int64_t of;
};

/* Ascending: amounts are written in the largest unit that leaves a whole number. */
static const struct unit time_units[] = {
    {"ns", 1},
    {"us", HZ_NS_PER_US},
    {"ms", HZ_NS_PER_MS},
    {"s", HZ_NS_PER_S},
    {"min", 60 * HZ_NS_PER_S},
    {"h", 3600 * HZ_NS_PER_S},
    {"d", 86400 * HZ_NS_PER_S},
};
static const struct unit size_units[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct unit *unit_named(const struct unit *units, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(units[i].word, word) == 0)
            return &units[i];
    return NULL;
}

/* The number's unit as a factor into the field's own, 0 when there is no such unit. */
double config__unit_factor(enum config_type type, const char *word)
{
    const struct unit *unit;

    switch (type) {
    case CONFIG_SIZE:
        unit = unit_named(size_units + 1, COUNT(size_units) - 1, word);
        return unit ? (double)unit->of : 0;
    case CONFIG_DURATION:
    case CONFIG_SECONDS:
        unit = unit_named(time_units + 2, COUNT(time_units) - 2, word);
        return !unit ? 0 : (double)unit->of / (type == CONFIG_SECONDS ? 1e9 : 1);
    default:
        return *word == '\0' ? 1 : 0;
    }
}

void config__write_amount(enum config_type type, int64_t amount, struct hz_text *to)
{
    bool time = type == CONFIG_DURATION || type == CONFIG_SECONDS;
    const struct unit *units = time ? time_units : size_units;
    size_t best = time ? 3 : 0, count = time ? COUNT(time_units) : COUNT(size_units);

    if (type == CONFIG_SECONDS)
        amount *= HZ_NS_PER_S;
    if (!time && type != CONFIG_SIZE) {
        hz_text_int(to, amount);
        return;
    }
    while (best > 0 && amount % units[best].of != 0)
        best--;
    while (best + 1 < count && amount != 0 && amount % units[best + 1].of == 0)
        best++;
    hz_text_int(to, amount / units[best].of);
    hz_text_puts(to, time ? "" : " ");
    hz_text_puts(to, units[best].word);
}

int64_t config__load(const struct config_row *row, const void *base)
{
    const char *field = (const char *)base + row->offset;
    uint32_t narrow;
    int64_t value;

    switch (row->width) {
    case 1:
        return *(const uint8_t *)field;
    case 4:
        memcpy(&narrow, field, 4);
        return narrow;
    default:
        memcpy(&value, field, 8);
        return value;
    }
}

static const char *word_of(const struct config_row *row, int64_t value)
{
    for (const struct config_word *word = row->words; word->word; word++)
        if (word->value == value)
            return word->word;
    return "";
}

void config__write_value(const struct config_row *row, const void *base, struct hz_text *to)
{
    const char *text = NULL;

    switch (row->type) {
    case CONFIG_BOOL:
        hz_text_puts(to, config__load(row, base) ? "true" : "false");
        break;
    case CONFIG_COUNT:
    case CONFIG_SIZE:
    case CONFIG_DURATION:
    case CONFIG_SECONDS:
        config__write_amount(row->type, config__load(row, base), to);
        break;
    case CONFIG_WORD:
        hz_text_puts(to, word_of(row, config__load(row, base)));
        break;
    case CONFIG_SCHEMA:
        hz_text_puts(to, row->unset);
        break;
    default: /* the texts; hazardd.yaml has nothing else */
        memcpy(&text, (const char *)base + row->offset, sizeof(text));
        hz_text_puts(to, text ? text : "");
    }
}
