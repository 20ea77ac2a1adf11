/* SPDX-License-Identifier: Apache-2.0
 *
 * Scalars that are numbers of some kind: booleans, counts, sizes, durations, words of a list. The
 * row says what is expected; nothing is guessed from how the text looks, so that `no`, `0755`,
 * `1e3` or a forgotten unit is a fault with a hint and never another value.
 */
#include "config_priv.h"

#include "hz_log.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *config__quote(const struct config_node *node, char to[CONFIG_QUOTE_BYTES])
{
    return hz_log_quote(to, CONFIG_QUOTE_BYTES, node->text, node->length);
}

const char *config__keep(struct config_reader *reader, const char *text, size_t length)
{
    const char *kept = hz_arena_copy(reader->keep, text, length);

    if (!kept)
        reader->no_memory = true;
    return kept ? kept : "";
}

void config__store(const struct config_row *row, void *base, int64_t value)
{
    char *field = (char *)base + row->offset;

    switch (row->width) {
    case 1:
        *(uint8_t *)field = (uint8_t)value;
        break;
    case 4:
        memcpy(field, &(uint32_t){(uint32_t)value}, 4);
        break;
    default:
        memcpy(field, &value, 8);
    }
}

bool config__is_scalar(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node)
{
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
    bool empty = node->length == 0;

    if (node->kind == CONFIG_LOST)
        return false;
    if (node->kind == CONFIG_MAP && node->count == 1 && node->first->length == 0 &&
        node->first->kind == CONFIG_SCALAR) {
        CONFIG_WRONG(reader, node, "quote a text that contains braces: \"{enterprise}/{point}\"",
                     "%s: one value is expected, not a map", row->name);
        return false;
    }
    if (node->kind != CONFIG_SCALAR) {
        CONFIG_WRONG(reader, node, row->hint, "%s: one value is expected, not a %s", row->name,
                     node->kind == CONFIG_MAP ? "map" : "list");
        return false;
    }
    for (size_t i = 0; i < COUNT(nothing) && node->plain && !empty; i++)
        empty = strcmp(node->text, nothing[i]) == 0;
    if (empty)
        CONFIG_WRONG(reader, node, row->required ? row->hint : "leave the key out for the default",
                     "%s: has no value", row->name);
    return !empty;
}

bool config__read_bool(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES];

    if (!config__is_scalar(reader, row, node))
        return false;
    if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0) {
        CONFIG_WRONG(reader, node, "write true or false", "%s: %s is neither true nor false",
                     row->name, config__quote(node, quoted));
        return false;
    }
    config__store(row, base, node->text[0] == 't');
    return true;
}

static const char *digits(const char *at)
{
    while (isdigit((unsigned char)*at))
        at++;
    return at;
}

const char *config__scan_number(const char *text, double *ret_number)
{
    const char *start = text + (*text == '-' || *text == '+'), *end = digits(start);
    char copy[48];

    if (end == start || (start[0] == '0' && end > start + 1))
        return NULL; /* none, or one that reads as octal to some people */
    if (*end == '.' && digits(end + 1) > end + 1)
        end = digits(end + 1);
    if (end - text >= (ptrdiff_t)sizeof(copy))
        return NULL;
    memcpy(copy, text, (size_t)(end - text));
    copy[end - text] = '\0';
    *ret_number = strtod(copy, NULL);
    return end;
}

/* What is known to be meant by texts that are no numbers. */
const char *config__number_hint(const struct config_node *node, char to[CONFIG_HINT_BYTES])
{
    const char *text = node->text;
    size_t compared = strspn(text, "<>= ");

    if (compared > 0 && isdigit((unsigned char)text[compared]))
        snprintf(to, CONFIG_HINT_BYTES,
                 "write the number alone (%.40s): H and HH are reached from below, L and LL from "
                 "above",
                 text + compared);
    else if (text[0] == '0' && isdigit((unsigned char)text[1]))
        snprintf(to, CONFIG_HINT_BYTES, "write it without the leading zero");
    else if (strchr(text, ',') || strchr(text, '_'))
        snprintf(to, CONFIG_HINT_BYTES, "write digits only, with '.' for decimals");
    else
        return NULL;
    return to;
}

static const char *time_hint(const struct config_node *node, const char *unit,
                             char to[CONFIG_HINT_BYTES])
{
    int number = (int)(unit - node->text);

    while (number > 0 && node->text[number - 1] == ' ')
        number--;
    if (strcmp(unit, "m") == 0 || strncmp(unit, "minute", 6) == 0)
        snprintf(to, CONFIG_HINT_BYTES, "minutes are min: %.*smin", number, node->text);
    else if (*unit == '\0')
        snprintf(to, CONFIG_HINT_BYTES, "write the unit: %ss or %smin", node->text, node->text);
    else
        snprintf(to, CONFIG_HINT_BYTES, "the units are ms, s, min, h, d: %.*ss", number,
                 node->text);
    return to;
}

static const char *size_hint(const struct config_node *node, const char *unit,
                             char to[CONFIG_HINT_BYTES])
{
    int number = (int)(unit - node->text);

    while (number > 0 && node->text[number - 1] == ' ')
        number--;
    snprintf(to, CONFIG_HINT_BYTES, "the units are KiB, MiB, GiB (of 1024): %.*s %s", number,
             node->text,
             *unit == 'G' || *unit == 'g'   ? "GiB"
             : *unit == 'K' || *unit == 'k' ? "KiB"
                                            : "MiB");
    return to;
}

static bool in_bounds(struct config_reader *reader, const struct config_row *row,
                      const struct config_node *node, double value)
{
    char quoted[CONFIG_QUOTE_BYTES], low[32], high[32];
    struct hz_text least = hz_text_in(low, sizeof(low)), most = hz_text_in(high, sizeof(high));

    if (value >= (double)row->min && value <= (double)row->max)
        return true;
    config__write_amount(row->type, row->min, &least);
    config__write_amount(row->type, row->max, &most);
    CONFIG_WRONG(reader, node, row->hint, "%s: %s is not within %s .. %s", row->name,
                 config__quote(node, quoted), low, high);
    return false;
}

static void not_a_number(struct config_reader *reader, const struct config_row *row,
                         const struct config_node *node, const char *unit)
{
    static const char *const what[] = {[CONFIG_COUNT] = "a whole number",
                                       [CONFIG_NUMBER] = "a whole number",
                                       [CONFIG_SIZE] = "a size (64 MiB)",
                                       [CONFIG_DURATION] = "a duration (30s)",
                                       [CONFIG_SECONDS] = "a duration of whole seconds (30s)"};
    char quoted[CONFIG_QUOTE_BYTES], text[CONFIG_HINT_BYTES];
    const char *hint = config__number_hint(node, text);

    if (!hint && unit && row->type == CONFIG_SIZE)
        hint = size_hint(node, unit, text);
    else if (!hint && unit && (row->type == CONFIG_DURATION || row->type == CONFIG_SECONDS))
        hint = time_hint(node, unit, text);
    CONFIG_WRONG(reader, node, hint, "%s: %s is not %s", row->name, config__quote(node, quoted),
                 what[row->type]);
}

/* COUNT, SIZE, DURATION, SECONDS. */
bool config__read_number(struct config_reader *reader, const struct config_row *row,
                         const struct config_node *node, void *base)
{
    double number = 0;

    if (!config__is_scalar(reader, row, node))
        return false;
    const char *unit = config__scan_number(node->text, &number);
    if (unit && *unit == ' ' && unit[1] != '\0')
        unit++;
    double times = unit ? config__unit_factor(row->type, unit) : 0;
    if (times <= 0) {
        not_a_number(reader, row, node, unit);
        return false;
    }
    number *= times;
    if (row->type != CONFIG_DURATION && number != rint(number)) {
        not_a_number(reader, row, node, NULL);
        return false;
    }
    if (!in_bounds(reader, row, node, number))
        return false;
    if (row->type == CONFIG_NUMBER)
        memcpy((char *)base + row->offset, &number, sizeof(number));
    else
        config__store(row, base, llrint(number));
    return true;
}

/* "one of: red, orange, yellow, blue", with the nearest word before it. */
static const char *word_hint(const struct config_row *row, const struct config_node *node,
                             char to[CONFIG_HINT_BYTES])
{
    struct hz_text text = hz_text_in(to, CONFIG_HINT_BYTES);
    struct hz_nearest nearest = hz_nearest((struct hz_slice){node->text, node->length});

    for (const struct config_word *word = row->words; word->word; word++)
        hz_nearest_try(&nearest, word->word);
    if (nearest.best)
        hz_text_format(&text, "did you mean %s? ", nearest.best);
    hz_text_puts(&text, "one of:");
    for (const struct config_word *word = row->words; word->word; word++)
        hz_text_format(&text, "%s %s", word == row->words ? "" : ",", word->word);
    return to;
}

bool config__read_word(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES], hint[CONFIG_HINT_BYTES];

    if (!config__is_scalar(reader, row, node))
        return false;
    for (const struct config_word *word = row->words; word->word; word++)
        if (strcmp(word->word, node->text) == 0) {
            if (row->type == CONFIG_CHOICE)
                memcpy((char *)base + row->offset, &word->word, sizeof(word->word));
            else
                config__store(row, base, word->value);
            return true;
        }
    CONFIG_WRONG(reader, node, word_hint(row, node, hint), "%s: %s is not known", row->name,
                 config__quote(node, quoted));
    return false;
}
