/* SPDX-License-Identifier: Apache-2.0
 *
 * Which options of hazardd.yaml differ between two configurations: a walk over the rows of the table, so
 * that an option cannot be forgotten. What must stay true: elements of a list are the same by their key,
 * wherever they stand.
 */
#include "config_priv.h"

#define PATH_BYTES 512u

struct differ {
    void (*each)(void *ctx, const char *path, bool restart);
    void *ctx;
};

static void differ_section(const struct differ *d, const char *section, const void *a,
                           const void *b, const char *prefix);

static void join(char path[PATH_BYTES], const char *prefix, const char *name)
{
    struct hz_text text = hz_text_in(path, PATH_BYTES);

    hz_text_puts(&text, prefix);
    if (*prefix)
        hz_text_puts(&text, ".");
    hz_text_puts(&text, name);
}

static const char *text_at(const void *base, size_t offset)
{
    const char *text;

    memcpy(&text, (const char *)base + offset, sizeof(text));
    return text ? text : "";
}

static bool same_value(const struct config_row *row, const void *a, const void *b)
{
    switch (row->type) {
    case CONFIG_CHOICE:
    case CONFIG_TEXT:
    case CONFIG_ID:
    case CONFIG_ADDRESS:
    case CONFIG_ZONE:
    case CONFIG_FILTER:
        return strcmp(text_at(a, row->offset), text_at(b, row->offset)) == 0;
    case CONFIG_SCHEMA:
        return true;
    default:
        return memcmp((const char *)a + row->offset, (const char *)b + row->offset, row->width) ==
               0;
    }
}

/* --- lists --- */

struct list {
    const char *at;
    uint32_t count;
};

static struct list list_of(const struct config_row *row, const void *base)
{
    struct list list;

    memcpy(&list.at, (const char *)base + row->offset, sizeof(list.at));
    memcpy(&list.count, (const char *)base + row->shape->count, sizeof(list.count));
    return list;
}

static const void *find(const struct config_row *row, struct list list, const char *key)
{
    for (uint32_t i = 0; i < list.count; i++) {
        const void *element = list.at + i * row->shape->size;
        if (strcmp(text_at(element, row->shape->key_offset), key) == 0)
            return element;
    }
    return NULL;
}

static void differ_list(const struct differ *d, const struct config_row *row, const void *a,
                        const void *b, const char *prefix, bool again)
{
    struct list in_a = list_of(row, a), in_b = list_of(row, b);
    char path[PATH_BYTES], one[PATH_BYTES];

    join(path, prefix, row->name);
    for (uint32_t i = 0; i < in_a.count; i++) {
        const void *element = in_a.at + i * row->shape->size;
        const char *key = text_at(element, row->shape->key_offset);
        const void *other = find(row, in_b, key);
        join(one, path, key);
        if (!other)
            d->each(d->ctx, one, row->reload == CONFIG_RESTART);
        else if (!again)
            differ_section(d, row->shape->section, element, other, one);
    }
}

/* --- sections --- */

static void differ_row(const struct differ *d, const struct config_row *row, const void *a,
                       const void *b, const char *prefix)
{
    char path[PATH_BYTES];

    join(path, prefix, row->name);
    if (row->type == CONFIG_SECTION) {
        differ_section(d, row->shape->section, (const char *)a + row->offset,
                       (const char *)b + row->offset, path);
    } else if (row->type == CONFIG_SEQUENCE) {
        differ_list(d, row, a, b, prefix, false);
        differ_list(d, row, b, a, prefix, true); /* those that only the other has */
    } else if (!same_value(row, a, b)) {
        d->each(d->ctx, path, row->reload == CONFIG_RESTART);
    }
}

static void differ_section(const struct differ *d, const char *section, const void *a,
                           const void *b, const char *prefix)
{
    for (size_t i = 0; i < config__options.count; i++)
        if (strcmp(config__options.rows[i].section, section) == 0)
            differ_row(d, &config__options.rows[i], a, b, prefix);
}

/* --- feeds --- */

static bool same_filters(const struct config_row *row, const void *a, const void *b)
{
    struct list in_a = list_of(row, a), in_b = list_of(row, b);

    if (in_a.count != in_b.count)
        return false;
    for (uint32_t i = 0; i < in_a.count; i++) /* in their order: the first that matches counts */
        for (size_t k = 0; k < config__options.count; k++)
            if (strcmp(config__options.rows[k].section, row->shape->section) == 0 &&
                !same_value(&config__options.rows[k], in_a.at + i * row->shape->size,
                            in_b.at + i * row->shape->size))
                return false;
    return true;
}

bool hz_config_same_connection(const struct hz_feed_config *a, const struct hz_feed_config *b)
{
    for (size_t i = 0; i < config__options.count; i++) {
        const struct config_row *row = &config__options.rows[i];
        if (strcmp(row->section, "feeds") != 0 || row->reload != CONFIG_RECONNECT)
            continue;
        if (row->type == CONFIG_SEQUENCE ? !same_filters(row, a, b) : !same_value(row, a, b))
            return false;
    }
    return true;
}

void hz_config_differ(const struct hz_config *a, const struct hz_config *b,
                      void (*each)(void *ctx, const char *path, bool restart), void *ctx)
{
    struct differ d = {each, ctx};

    differ_section(&d, "", a, b, "");
}
