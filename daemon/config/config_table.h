/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of the option tables. A row says everything about a key: what it may be, what it is
 * when unset, where the value goes and what it means. Parsing, the example file and `hazardctl
 * config` all walk these rows; none knows a key by itself.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_reader;
struct config_node;

enum config_type {
    CONFIG_BOOL,
    CONFIG_COUNT,    /* whole number */
    CONFIG_NUMBER,   /* the same, into a double */
    CONFIG_SIZE,     /* bytes, written in KiB, MiB, GiB */
    CONFIG_DURATION, /* ns, written in ms, s, min, h, d */
    CONFIG_SECONDS,  /* a duration of whole seconds, kept in s */
    CONFIG_WORD,     /* one of `words`, as its number */
    CONFIG_CHOICE,   /* one of `words`, as text */
    CONFIG_TEXT,
    CONFIG_ID,      /* [a-z0-9-] */
    CONFIG_ADDRESS, /* host:port, [v6]:port, unix:/path */
    CONFIG_ZONE,
    CONFIG_FILTER,   /* MQTT topic filter */
    CONFIG_QUANTITY, /* struct hz_quantity */
    CONFIG_PATIENCE, /* struct hz_patience */
    CONFIG_TEXTS,    /* two const char *: zh, en; a plain scalar is zh */
    CONFIG_MESSAGES, /* the same, with placeholders */
    CONFIG_IDS,      /* const char *const *, its count in `shape` */
    CONFIG_HAZARD_LEVELS,
    CONFIG_EACH,
    CONFIG_SCHEMA,
    CONFIG_SECTION, /* a map, into a struct at `offset` */
    CONFIG_SEQUENCE /* a list of maps, into an array that `offset` points to */
};

enum config_reload {
    CONFIG_LIVE,      /* taken over at a reload, nothing is interrupted */
    CONFIG_RECONNECT, /* the same; a connection that it belongs to is made anew */
    CONFIG_RESTART    /* needs a restart of the daemon */
};

struct config_word {
    const char *word;
    int64_t value;
};

#define CONFIG_NO_OFFSET SIZE_MAX

/* Where a section's or list's own particulars go. */
struct config_shape {
    const char *section; /* its rows */
    size_t size;         /* of an element */
    size_t count;        /* offset of the uint32_t beside the array */
    uint32_t most;
    size_t line, column, file; /* within the struct or element; CONFIG_NO_OFFSET */
    const char *key;   /* the key that may not appear twice in a list, or NULL */
    size_t key_offset;
    void (*check)(struct config_reader *reader, const struct config_node *map, void *thing);
};

struct config_row {
    const char *section; /* "" is the top; "feeds.filters" */
    const char *name;
    enum config_type type;
    const char *unset; /* value when not written, as it would be written; NULL = none */
    const char *help;
    int64_t min, max; /* in the field's unit; no bounds when equal */
    enum config_reload reload;
    bool required;
    bool shown; /* written out in the example file, as a required one is */
    bool has_given;
    size_t offset, width;
    size_t given;                    /* offset of a bool that says it was written, with has_given */
    const struct config_word *words; /* ends with a NULL word */
    const struct config_shape *shape;
    const char *example; /* shown in the example file in place of `unset` */
    const char *hint;    /* for a value out of bounds */
};

/* A key of a later release: refused by name, so that nobody believes it is at work. */
struct config_later {
    const char *section;
    const char *name;
    const char *hint; /* NULL: the table's */
};

struct config_table {
    const struct config_row *rows;
    size_t count;
    const struct config_later *later;
    size_t later_count;
    const char *later_hint;
};

#define CONFIG_FIELD(type, member)                                                                 \
    .offset = offsetof(type, member), .width = sizeof(((type *)NULL)->member)
#define CONFIG_GIVEN(type, member) .has_given = true, .given = offsetof(type, member)

extern const struct config_table config__options; /* hazardd.yaml */
extern const struct config_table config__rules;   /* rules.d/ *.yaml */

#endif
