/* SPDX-License-Identifier: Apache-2.0
 *
 * The option table as the example file, and as a list for `hazardctl config`. The example is valid
 * as it is, and stays valid when every "#" that is followed by a key is taken away.
 */
#include "config_priv.h"

#define ROOM  512u
#define WIDTH 94u

static bool is_number(const struct config_row *row)
{
    return row->type >= CONFIG_COUNT && row->type <= CONFIG_SECONDS && row->min < row->max;
}

/* "zh | en", "1s .. 1min"; nothing for texts. */
static void add_bounds(struct hz_text *text, const struct config_row *row)
{
    if (row->type == CONFIG_WORD || row->type == CONFIG_CHOICE) {
        for (const struct config_word *word = row->words; word->word; word++)
            hz_text_format(text, "%s%s", word == row->words ? "" : " | ", word->word);
    } else if (row->type == CONFIG_BOOL) {
        hz_text_puts(text, "true | false");
    } else if (is_number(row)) {
        config__write_amount(row->type, row->min, text);
        hz_text_puts(text, " .. ");
        config__write_amount(row->type, row->max, text);
    }
}

static const char *reload_word(const struct config_row *row)
{
    static const char *const words[] = {"live", "reconnect", "restart"};

    return words[row->reload];
}

/* Words in lines of at most WIDTH, each behind "# ". */
static void put_comment(FILE *to, int indent, const char *text)
{
    while (*text) {
        size_t room = WIDTH - (size_t)indent, length = strlen(text);

        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
        }
        fprintf(to, "%*s# %.*s\n", indent, "", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

/* Help above, then the key; commented out unless it must be written. */
static void put_row(FILE *to, const struct config_row *row, int depth, bool first)
{
    const char *value = row->example ? row->example : row->unset;
    const char *quote = strchr("{%@`*&!|>", value[0]) || strchr(value, '+') ? "\"" : "";
    int indent = 2 * depth - (first ? 2 : 0);
    char buffer[ROOM], bounds[ROOM];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));
    struct hz_text limits = hz_text_in(bounds, sizeof(bounds));

    add_bounds(&limits, row);
    hz_text_puts(&text, row->help);
    if (*bounds)
        hz_text_format(&text, " (%s)", bounds);
    hz_text_format(&text, " [%s]", reload_word(row));
    put_comment(to, indent, buffer);
    fprintf(to, "%*s%s%s%s: %s%s%s\n", indent, "", first ? "- " : "",
            row->required || row->shown ? "" : "#", row->name, quote, value, quote);
}

static void put_section(FILE *to, const char *section, int depth, bool first)
{
    for (size_t i = 0; i < config__options.count; i++) {
        const struct config_row *row = &config__options.rows[i];

        if (strcmp(row->section, section) != 0)
            continue;
        if (row->type != CONFIG_SECTION && row->type != CONFIG_SEQUENCE) {
            put_row(to, row, depth, first);
            first = false;
            continue;
        }
        fprintf(to, "\n%*s# %s\n%*s%s:\n", 2 * depth, "", row->help, 2 * depth, "", row->name);
        put_section(to, row->shape->section, depth + 1, row->type == CONFIG_SEQUENCE);
    }
}

void hz_config_write_example(FILE *to)
{
    fputs("# hazardd.yaml: what hazardd listens to, where it publishes, how it keeps its journal.\n"
          "# A line that begins with # and a key shows what holds when the key is not written, or\n"
          "# an example where nothing does. In brackets: what a change needs. live: a reload;\n"
          "# restart: a restart of the daemon, a reload says so.\n"
          "# Units: ms s min h d; KiB MiB GiB. Rules stand in rules.d/*.yaml.\n"
          "# Check with: hazardctl check\n\n",
          to);
    put_section(to, "", 0, false);
}

/* --- the list --- */

struct listing {
    FILE *to;
    bool json;
    uint32_t written;
};

static void put_json(struct listing *list, const char *name, const char *value)
{
    char buffer[8 * ROOM];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));

    hz_text_json(&text, hz_slice(value));
    fprintf(list->to, "%s\"%s\":%s", strcmp(name, "option") == 0 ? "" : ",", name, buffer);
}

static void put_option(struct listing *list, const struct config_row *row, const char *path,
                       const char *value)
{
    char option[ROOM], bounds[ROOM];
    struct hz_text text = hz_text_in(bounds, sizeof(bounds));

    add_bounds(&text, row);
    if (!list->json) {
        fprintf(list->to, "%s%s%s:%s%s  # %s%s[%s] %s\n", path, *path ? "." : "", row->name,
                *value ? " " : "", value, bounds, *bounds ? " " : "", reload_word(row), row->help);
        return;
    }
    snprintf(option, sizeof(option), "%s%s%s", path, *path ? "." : "", row->name);
    fputs(list->written++ > 0 ? ",\n {" : "\n {", list->to);
    put_json(list, "option", option);
    put_json(list, "value", value);
    put_json(list, "default", row->unset ? row->unset : "");
    put_json(list, "bounds", bounds);
    put_json(list, "reload", reload_word(row));
    put_json(list, "help", row->help);
    fputs("}", list->to);
}

static void list_section(struct listing *list, const char *section, const char *path,
                         const void *base);

static void list_elements(struct listing *list, const struct config_row *row, const char *path,
                          const void *base)
{
    const struct config_shape *shape = row->shape;
    const char *elements = NULL;
    uint32_t count = 0;
    char below[ROOM];

    if (base) {
        memcpy(&elements, (const char *)base + row->offset, sizeof(elements));
        memcpy(&count, (const char *)base + shape->count, sizeof(count));
    }
    snprintf(below, sizeof(below), "%s%s%s[]", path, *path ? "." : "", row->name);
    if (!base)
        list_section(list, shape->section, below, NULL);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(below, sizeof(below), "%s%s%s[%u]", path, *path ? "." : "", row->name, i);
        list_section(list, shape->section, below, elements + i * shape->size);
    }
}

static void list_row(struct listing *list, const struct config_row *row, const char *path,
                     const void *base)
{
    char below[ROOM], value[4 * ROOM];
    struct hz_text text = hz_text_in(value, sizeof(value));

    if (row->type == CONFIG_SEQUENCE) {
        list_elements(list, row, path, base);
    } else if (row->type == CONFIG_SECTION) {
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", row->name);
        list_section(list, row->shape->section, below,
                     base ? (const char *)base + row->offset : NULL);
    } else {
        if (base)
            config__write_value(row, base, &text);
        else if (row->unset)
            hz_text_puts(&text, row->unset);
        put_option(list, row, path, value);
    }
}

static void list_section(struct listing *list, const char *section, const char *path,
                         const void *base)
{
    for (size_t i = 0; i < config__options.count; i++)
        if (strcmp(config__options.rows[i].section, section) == 0)
            list_row(list, &config__options.rows[i], path, base);
}

void hz_config_write_options(FILE *to, const struct hz_config *config, bool json)
{
    struct listing list = {.to = to, .json = json};

    fputs(json ? "[" : "", to);
    list_section(&list, "", "", config);
    fputs(json ? "\n]\n" : "", to);
}
