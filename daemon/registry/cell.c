/* SPDX-License-Identifier: Apache-2.0
 *
 * One cell into one field, by the column's type. Texts are borrowed from the file. What is out of the
 * column's bounds is reported at the cell and leaves the field as an empty cell would.
 */
#include "registry_priv.h"

#include "hz_nearest.h"

#include <stdio.h>

#define WORD_BYTES_MAX 64u

static bool has_space(struct hz_slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] == ' ')
            return true;
    return false;
}

static bool within(struct registry_reader *reader, const struct registry_column *column,
                   const struct registry_cell *cell, size_t most)
{
    if (cell->length > most)
        REGISTRY_WRONG(reader, cell, NULL, "%s: longer than %zu bytes", column->name, most);
    return cell->length <= most;
}

static void store_slice(const struct registry_column *column, struct hz_slice text, void *row)
{
    memcpy((char *)row + column->offset, &text, sizeof(text));
}

/* What MQTT and our own keys give a meaning to can be no part of a code. */
static bool read_code(struct registry_reader *reader, const struct registry_column *column,
                      const struct registry_cell *cell, struct hz_slice text, void *row)
{
    const char *barred = column->type == REGISTRY_KEY ? "+#" : "/+#";
    char quoted[REGISTRY_QUOTE_BYTES];

    if (!within(reader, column, cell, HZ_KEY_BYTES_MAX))
        return false;
    for (; *barred; barred++)
        if (memchr(text.at, *barred, text.length)) {
            REGISTRY_WRONG(reader, cell, NULL, "%s: a code can not have a %c: %s", column->name,
                           *barred, registry__quote(text, quoted));
            return false;
        }
    if (has_space(text)) {
        REGISTRY_WRONG(reader, cell, NULL, "%s: a code can not have spaces: %s", column->name,
                       registry__quote(text, quoted));
        return false;
    }
    store_slice(column, text, row);
    return true;
}

static bool read_text(struct registry_reader *reader, const struct registry_column *column,
                      const struct registry_cell *cell, struct hz_slice text, void *row)
{
    if (!within(reader, column, cell, HZ_NAME_BYTES_MAX))
        return false;
    store_slice(column, text, row);
    return true;
}

static bool read_word(struct registry_reader *reader, const struct registry_column *column,
                      const struct registry_cell *cell, struct hz_slice text, void *row)
{
    char quoted[REGISTRY_QUOTE_BYTES];

    if (!within(reader, column, cell, WORD_BYTES_MAX))
        return false;
    if (has_space(text)) {
        REGISTRY_WRONG(reader, cell, NULL, "%s: one word is expected, not %s", column->name,
                       registry__quote(text, quoted));
        return false;
    }
    store_slice(column, text, row);
    return true;
}

static bool in_bounds(const struct registry_column *column, double number)
{
    return column->min == column->max || (number >= column->min && number <= column->max);
}

static bool read_number(struct registry_reader *reader, const struct registry_column *column,
                        const struct registry_cell *cell, struct hz_slice text, void *row)
{
    char quoted[REGISTRY_QUOTE_BYTES], hint[REGISTRY_HINT_BYTES];
    double number;

    if (!registry__number(text, &number)) {
        REGISTRY_WRONG(reader, cell, registry__number_hint(text, hint), "%s: %s is no number",
                       column->name, registry__quote(text, quoted));
        return false;
    }
    if (!in_bounds(column, number)) {
        if (column->max > 1e300)
            REGISTRY_WRONG(reader, cell, NULL, "%s: %s is below %g", column->name,
                           registry__quote(text, quoted), column->min);
        else
            REGISTRY_WRONG(reader, cell, NULL, "%s: %s is not between %g and %g", column->name,
                           registry__quote(text, quoted), column->min, column->max);
        return false;
    }
    memcpy((char *)row + column->offset, &number, sizeof(number));
    return true;
}

static bool read_duration(struct registry_reader *reader, const struct registry_column *column,
                          const struct registry_cell *cell, struct hz_slice text, void *row)
{
    char quoted[REGISTRY_QUOTE_BYTES], hint[REGISTRY_HINT_BYTES];
    double ns;

    if (!registry__duration(text, &ns)) {
        REGISTRY_WRONG(reader, cell, registry__duration_hint(text, hint), "%s: %s is no duration",
                       column->name, registry__quote(text, quoted));
        return false;
    }
    if (!in_bounds(column, ns)) {
        REGISTRY_WRONG(reader, cell, NULL, "%s: %s is not between %s and %s", column->name,
                       registry__quote(text, quoted), column->min > 0 ? "1ms" : "0s",
                       column->max > 86400e9 ? "30d" : "1d");
        return false;
    }
    int64_t whole = (int64_t)ns;
    memcpy((char *)row + column->offset, &whole, sizeof(whole));
    return true;
}

static bool read_choice(struct registry_reader *reader, const struct registry_column *column,
                        const struct registry_cell *cell, struct hz_slice text, void *row)
{
    struct hz_nearest nearest = hz_nearest(text);
    char quoted[REGISTRY_QUOTE_BYTES], hint[REGISTRY_HINT_BYTES];

    for (const struct registry_word *word = column->words; word->word; word++)
        if (hz_slice_is(text, word->word)) {
            ((uint8_t *)row)[column->offset] = word->value;
            return true;
        }
    for (const struct registry_word *word = column->words; word->word; word++)
        if (word->word[1] != '\0') /* a digit is near to every other */
            hz_nearest_try(&nearest, word->word);
    if (nearest.best)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest.best);
    else
        snprintf(hint, sizeof(hint), "%s", column->help);
    REGISTRY_WRONG(reader, cell, hint, "%s: %s is not known", column->name,
                   registry__quote(text, quoted));
    return false;
}

static unsigned digits_at(const char *at, size_t count)
{
    unsigned number = 0;

    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return 0;
        number = number * 10 + (unsigned)(at[i] - '0');
    }
    return number;
}

static bool is_date(struct hz_slice text)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (text.length != 10 || text.at[4] != '-' || text.at[7] != '-')
        return false;
    unsigned year = digits_at(text.at, 4), month = digits_at(text.at + 5, 2),
             day = digits_at(text.at + 8, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1900 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
           (month != 2 || day < 29 || leap);
}

static bool read_date(struct registry_reader *reader, const struct registry_column *column,
                      const struct registry_cell *cell, struct hz_slice text, void *row)
{
    char quoted[REGISTRY_QUOTE_BYTES];

    if (!is_date(text)) {
        REGISTRY_WRONG(reader, cell, "write year-month-day: 2026-01-31", "%s: %s is no date",
                       column->name, registry__quote(text, quoted));
        return false;
    }
    store_slice(column, text, row);
    return true;
}

/* Two to seven digits, two digits, and a check digit: the sum of the digits before it, each times its
 * place from the right, modulo 10. */
static bool is_cas(struct hz_slice text)
{
    unsigned sum = 0, place = 0;

    if (text.length < 7 || text.length > 12 || text.at[text.length - 2] != '-' ||
        text.at[text.length - 5] != '-')
        return false;
    for (size_t i = text.length - 2; i-- > 0;) {
        if (i == text.length - 5)
            continue;
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        sum += ++place * (unsigned)(text.at[i] - '0');
    }
    return text.at[text.length - 1] - '0' == (int)(sum % 10);
}

static bool read_cas(struct registry_reader *reader, const struct registry_column *column,
                     const struct registry_cell *cell, struct hz_slice text, void *row)
{
    char quoted[REGISTRY_QUOTE_BYTES];

    if (!is_cas(text)) {
        REGISTRY_WRONG(reader, cell, "Excel may have made a date of it: format the column as text",
                       "%s: %s is no CAS number, its check digit included", column->name,
                       registry__quote(text, quoted));
        return false;
    }
    store_slice(column, text, row);
    return true;
}

bool registry__next_word(struct hz_slice *rest, struct hz_slice *ret_word)
{
    const char *at = rest->at, *end, *start;

    if (rest->length == 0)
        return false;
    end = at + rest->length;
    while (at < end && (*at == ' ' || *at == ';'))
        at++;
    start = at;
    while (at < end && *at != ' ' && *at != ';')
        at++;
    *ret_word = (struct hz_slice){start, (size_t)(at - start)};
    *rest = (struct hz_slice){at, (size_t)(end - at)};
    return at > start;
}

bool registry__read_cell(struct registry_reader *reader, const struct registry_column *column,
                         const struct registry_cell *cell, void *row)
{
    static bool (*const readers[REGISTRY_TYPES])(
        struct registry_reader *, const struct registry_column *, const struct registry_cell *,
        struct hz_slice, void *) = {
        [REGISTRY_CODE] = read_code,         [REGISTRY_KEY] = read_code,
        [REGISTRY_TEXT] = read_text,         [REGISTRY_WORD] = read_word,
        [REGISTRY_WORDS] = read_text,        [REGISTRY_NUMBER] = read_number,
        [REGISTRY_DURATION] = read_duration, [REGISTRY_CHOICE] = read_choice,
        [REGISTRY_DATE] = read_date,         [REGISTRY_CAS] = read_cas,
    };
    struct hz_slice text = {cell->at, cell->length};

    if (cell->control) {
        REGISTRY_WRONG(reader, cell, NULL, "%s: a line break or control character in it",
                       column->name);
        return false;
    }
    return readers[column->type](reader, column, cell, text, row);
}
