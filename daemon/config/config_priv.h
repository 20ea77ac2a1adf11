/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of this module share. The way of a file: tree.c turns bytes into nodes that know
 * their place, read.c walks nodes and a table of rows (config_table.h) into plain structs, value.c
 * and its neighbours turn one scalar into one field, check_*.c looks at what no single value shows.
 * Whoever finds a fault reports it at its node and goes on: one run shows all faults.
 */
#ifndef CONFIG_PRIV_H
#define CONFIG_PRIV_H

#include "hz_config.h"
#include "hz_nearest.h"

#include "config_table.h"

#define CONFIG_FILE_BYTES_MAX ((size_t)4 << 20) /* far above any hand-written file */
#define CONFIG_DEPTH_MAX      16u
#define CONFIG_NODES_MAX      (512u << 10) /* about 60 MiB of nodes */
#define CONFIG_HINT_BYTES     256u
#define CONFIG_QUOTE_BYTES    72u /* of a wrong value, as shown in a message */

enum config_node_kind {
    CONFIG_SCALAR,
    CONFIG_MAP,
    CONFIG_LIST,
    CONFIG_LOST, /* was wrong and has been reported: readers pass it by in silence */
};

/* A value of a file. The children of a map carry their keys. */
struct config_node {
    enum config_node_kind kind;
    bool plain; /* a scalar without quotes */
    uint32_t line, column;
    uint32_t from, to; /* its place in the file, in characters; `to` is behind its last */
    const char *text;
    size_t length;
    struct config_node *key;
    struct config_node *first, *last, *next;
    uint32_t count;
};

struct config_reader {
    struct hz_diagnostics *diagnostics;
    struct hz_arena *keep; /* the configuration's own */
    const char *file;      /* of the nodes being read */
    const struct config_table *table;
    bool no_memory;
};

#define CONFIG_WRONG(reader, node, hint, ...)                                                      \
    hz_diagnose((reader)->diagnostics, (reader)->file, (node)->line, (node)->column, hint,         \
                __VA_ARGS__)

/* The file without a mark of UTF-8 at its head, as Windows' Notepad writes one: what config__tree takes. */
struct hz_file config__unmarked(const struct hz_file *file);
/* The nodes of a file, in `scratch`; NULL when there is nothing to read (the faults are reported).
 */
struct config_node *config__tree(struct hz_diagnostics *diagnostics, const struct hz_file *file,
                                 struct hz_arena *scratch);
/* How to write what YAML could not read; NULL when there is nothing to say. `line` is the text of
 * the line at fault. */
const char *config__syntax_hint(struct hz_slice line, char to[CONFIG_HINT_BYTES]);

/* Values of unset keys, for the section and those below it. */
void config__set_defaults(struct config_reader *reader, const char *section, void *base);
void config__read_map(struct config_reader *reader, const char *section,
                      const struct config_node *map, void *base);
/* The value of a key in a map, or NULL. */
const struct config_node *config__entry(const struct config_node *map, const char *name);
/* The entry if it is written, else the map: where to show a fault of a value. */
const struct config_node *config__place(const struct config_node *map, const char *name);

/* The node's text, quoted for a message. */
const char *config__quote(const struct config_node *node, char to[CONFIG_QUOTE_BYTES]);
/* A kept copy; "" and reader->no_memory when there is no memory. */
const char *config__keep(struct config_reader *reader, const char *text, size_t length);
/* Reports a node that is no scalar, or an empty one. */
bool config__is_scalar(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node);

/* The longest decimal number at the start of `text`; what follows it, or NULL when there is none.
 */
const char *config__scan_number(const char *text, double *ret_number);
const char *config__number_hint(const struct config_node *node, char to[CONFIG_HINT_BYTES]);
/* What one of this unit is in the field's own unit; 0 when there is no such unit. */
double config__unit_factor(enum config_type type, const char *word);
/* Bounds and numbers as an operator writes them: "64 MiB", "1min". */
void config__write_amount(enum config_type type, int64_t amount, struct hz_text *to);
/* A field of hazardd.yaml as it would stand there; nothing when it is unset. */
void config__write_value(const struct config_row *row, const void *base, struct hz_text *to);
int64_t config__load(const struct config_row *row, const void *base);

/* Readers of one value each, by type; false when the fault has been reported. */
typedef bool config_read_value(struct config_reader *reader, const struct config_row *row,
                               const struct config_node *node, void *base);
config_read_value config__read_bool, config__read_number, config__read_word, config__read_text,
    config__read_id, config__read_address, config__read_zone, config__read_filter,
    config__read_quantity, config__read_patience, config__read_texts, config__read_ids,
    config__read_hazard_levels, config__read_schema, config__read_each;
void config__store(const struct config_row *row, void *base, int64_t value);

/* Checks over several values; called with the map of the thing and the thing as read. */
void config__check_feed(struct config_reader *reader, const struct config_node *map, void *thing);
void config__check_metrics(struct config_reader *reader, const struct config_node *map, void *thing);
void config__check_config(struct config_reader *reader, const struct config_node *map, void *thing);
void config__check_rule(struct config_reader *reader, const struct config_node *map, void *thing);

/* rules.d/ *.yaml into config->rules. */
int config__read_rules(struct config_reader *reader, const struct hz_files *files,
                       struct hz_config *config);

#endif
