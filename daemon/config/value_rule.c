/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that only rules have: quantities with what they are relative to, patience in intervals,
 * texts in two languages with placeholders, the levels of hazard sources.
 */
#include "config_priv.h"

#include "hz_clock.h"

#include <ctype.h>
#include <stdio.h>

#define MESSAGE_BYTES_MAX 1000u
#define HAZARD_LEVEL_MAX  4 /* GB 18218-2018 */

static const char *const placeholders[] = {"enterprise", "hazard", "point", "value", "unit",
                                           "level",      "limit",  "for",   "rule",  "gateway"};

static const struct {
    const char *word;
    enum hz_quantity_unit unit;
} quantity_units[] = {{"", HZ_ABSOLUTE}, {"%span", HZ_PERCENT_SPAN}, {"%limit", HZ_PERCENT_LIMIT}};

static const char *quantity_hint(const struct config_node *node, const char *unit,
                                 char to[CONFIG_HINT_BYTES])
{
    int number = unit ? (int)(unit - node->text) : 0;

    while (number > 0 && node->text[number - 1] == ' ')
        number--;
    if (config__number_hint(node, to))
        return to;
    if (!unit)
        return "a number, or a percentage: 90, 90 %span, 90 %limit";
    if (strcmp(unit, "%") == 0)
        snprintf(to, CONFIG_HINT_BYTES,
                 "a percentage of what? %.*s %%span, %.*s %%limit, or %.*s "
                 "alone for the point's own unit",
                 number, node->text, number, node->text, number, node->text);
    else
        snprintf(to, CONFIG_HINT_BYTES,
                 "write the number alone (%.*s): it is in the point's own "
                 "unit",
                 number, node->text);
    return to;
}

bool config__read_quantity(struct config_reader *reader, const struct config_row *row,
                           const struct config_node *node, void *base)
{
    struct hz_quantity quantity = {.given = true};
    char quoted[CONFIG_QUOTE_BYTES], hint[CONFIG_HINT_BYTES];

    if (!config__is_scalar(reader, row, node))
        return false;
    const char *unit = config__scan_number(node->text, &quantity.number);
    if (unit && *unit == ' ' && unit[1] != '\0')
        unit++;
    for (size_t i = 0; unit && i < sizeof(quantity_units) / sizeof(quantity_units[0]); i++) {
        if (strcmp(unit, quantity_units[i].word) != 0)
            continue;
        quantity.unit = quantity_units[i].unit;
        if (row->min != row->max && quantity.number < (double)row->min) {
            CONFIG_WRONG(reader, node, "it is a distance from the limit, for high and low alike",
                         "%s: %s is negative", row->name, config__quote(node, quoted));
            return false;
        }
        memcpy((char *)base + row->offset, &quantity, sizeof(quantity));
        return true;
    }
    CONFIG_WRONG(reader, node, quantity_hint(node, unit, hint), "%s: %s is not a quantity",
                 row->name, config__quote(node, quoted));
    return false;
}

/* "3 intervals", or a duration. */
bool config__read_patience(struct config_reader *reader, const struct config_row *row,
                           const struct config_node *node, void *base)
{
    struct hz_patience patience = {.given = true};
    struct config_row duration = *row;

    if (!config__is_scalar(reader, row, node))
        return false;
    const char *unit = config__scan_number(node->text, &patience.intervals);
    if (unit && (strcmp(unit, " intervals") == 0 || strcmp(unit, " interval") == 0)) {
        if (patience.intervals < 1 || patience.intervals > 1000) {
            CONFIG_WRONG(reader, node, NULL, "%s: 1 to 1000 intervals are possible", row->name);
            return false;
        }
    } else {
        patience.intervals = 0;
        duration.type = CONFIG_DURATION;
        duration.offset = offsetof(struct hz_patience, ns);
        duration.width = sizeof(patience.ns);
        if (!config__read_number(reader, &duration, node, &patience))
            return false;
    }
    memcpy((char *)base + row->offset, &patience, sizeof(patience));
    return true;
}

/* One placeholder after a '{'; its end, or NULL when it has been reported. */
static const char *check_placeholder(struct config_reader *reader, const struct config_row *row,
                                     const struct config_node *node, const char *at)
{
    struct hz_slice name = {at, strcspn(at, "{}")};
    struct hz_nearest nearest = hz_nearest(name);
    char hint[CONFIG_HINT_BYTES];

    if (at[name.length] != '}') {
        CONFIG_WRONG(reader, node, "placeholders are written {point}", "%s: '{' without '}'",
                     row->name);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (hz_slice_is(name, placeholders[i]))
            return at + name.length + 1;
        hz_nearest_try(&nearest, placeholders[i]);
    }
    if (nearest.best)
        snprintf(hint, sizeof(hint), "did you mean {%s}?", nearest.best);
    else
        snprintf(hint, sizeof(hint),
                 "known: {enterprise} {hazard} {point} {value} {unit} {level} "
                 "{limit} {for} {rule} {gateway}");
    CONFIG_WRONG(reader, node, hint, "%s: {%.*s} is not known", row->name,
                 (int)(name.length < 40 ? name.length : 40), name.at);
    return NULL;
}

static bool check_message(struct config_reader *reader, const struct config_row *row,
                          const struct config_node *node)
{
    const char *at = node->text;

    while ((at = strpbrk(at, "{}"))) {
        if (*at == '}') {
            CONFIG_WRONG(reader, node, "placeholders are written {point}", "%s: '}' without '{'",
                         row->name);
            return false;
        }
        at = check_placeholder(reader, row, node, at + 1);
        if (!at)
            return false;
    }
    return true;
}

/* Block texts (`|`) end in a line feed that nobody means. */
static bool read_one(struct config_reader *reader, const struct config_row *row,
                     const struct config_node *node, const char **ret_text)
{
    size_t length = node->length,
           most = row->type == CONFIG_MESSAGES ? MESSAGE_BYTES_MAX : HZ_NAME_BYTES_MAX;

    if (!config__is_scalar(reader, row, node))
        return false;
    while (length > 0 && isspace((unsigned char)node->text[length - 1]))
        length--;
    if (length > most) {
        CONFIG_WRONG(reader, node, NULL, "%s: longer than %zu bytes", row->name, most);
        return false;
    }
    if (row->type == CONFIG_MESSAGES && !check_message(reader, row, node))
        return false;
    *ret_text = config__keep(reader, node->text, length);
    return true;
}

static bool read_languages(struct config_reader *reader, const struct config_row *row,
                           const struct config_node *map, const char *texts[2])
{
    static const char *const languages[2] = {"zh", "en"};
    bool good = true;

    for (const struct config_node *one = map->first; one; one = one->next) {
        size_t i = strcmp(one->key->text, languages[0]) == 0   ? 0
                   : strcmp(one->key->text, languages[1]) == 0 ? 1
                                                               : 2;
        if (one->key->kind != CONFIG_SCALAR) {
            good = false;
        } else if (i == 2 || texts[i]) {
            CONFIG_WRONG(reader, one->key, "write {zh: ..., en: ...}", "%s: %s", row->name,
                         i == 2 ? "unknown language" : "the same language twice");
            good = false;
        } else {
            good &= read_one(reader, row, one, &texts[i]);
        }
    }
    return good;
}

/* {zh: ..., en: ...}, or zh alone. */
bool config__read_texts(struct config_reader *reader, const struct config_row *row,
                        const struct config_node *node, void *base)
{
    const char *texts[2] = {NULL, NULL};
    bool good;

    if (node->kind == CONFIG_MAP && node->count > 0 && config__entry(node, "zh") == NULL &&
        config__entry(node, "en") == NULL)
        good = config__is_scalar(reader, row, node);
    else if (node->kind == CONFIG_MAP)
        good = read_languages(reader, row, node, texts);
    else
        good = read_one(reader, row, node, &texts[0]);
    memcpy((char *)base + row->offset, texts, sizeof(texts));
    return good;
}

static bool add_level(struct config_reader *reader, const struct config_row *row,
                      const struct config_node *node, int64_t *bits)
{
    char quoted[CONFIG_QUOTE_BYTES];

    if (!config__is_scalar(reader, row, node))
        return false;
    for (int level = 1; level <= HAZARD_LEVEL_MAX; level++)
        if (node->length == 1 && node->text[0] == '0' + level) {
            *bits |= 1 << level;
            return true;
        }
    CONFIG_WRONG(reader, node, "levels are 1 (worst) to 4 (GB 18218-2018)", "%s: %s is no level",
                 row->name, config__quote(node, quoted));
    return false;
}

bool config__read_hazard_levels(struct config_reader *reader, const struct config_row *row,
                                const struct config_node *node, void *base)
{
    int64_t bits = 0;
    bool good = node->kind != CONFIG_LIST && add_level(reader, row, node, &bits);

    if (node->kind == CONFIG_LIST) {
        good = true;
        for (const struct config_node *one = node->first; one; one = one->next)
            good &= add_level(reader, row, one, &bits);
    }
    config__store(row, base, bits);
    return good;
}

bool config__read_each(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES];

    if (!config__is_scalar(reader, row, node))
        return false;
    if (strcmp(node->text, "gateway") != 0) {
        CONFIG_WRONG(reader, node, "each: gateway; a rule without `each` is for points",
                     "%s: %s is not known to this release", row->name, config__quote(node, quoted));
        return false;
    }
    config__store(row, base, 1);
    return true;
}

bool config__read_schema(struct config_reader *reader, const struct config_row *row,
                         const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES];

    (void)base; /* nothing differs between versions yet */
    if (!config__is_scalar(reader, row, node))
        return false;
    if (strcmp(node->text, "1") != 0)
        CONFIG_WRONG(reader, node, "write schema: 1", "%s: %s is not known to this release",
                     row->name, config__quote(node, quoted));
    return strcmp(node->text, "1") == 0;
}
