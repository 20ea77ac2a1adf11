/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of this module share. The way of a file: encoding.c makes it UTF-8, csv.c cuts it into
 * cells, table.c finds each cell's column (columns.c) and has it read by type (cell.c) into a plain
 * struct; sites.c and points.c check that struct against what is known and put it into the draft.
 *
 * A draft counts its rows with provisional ids, in the order of the files. Only when no file of the
 * set has a fault do its keys get ids from hz_names (commit.c): an id is for ever, and a typing error
 * must not take one.
 */
#ifndef REGISTRY_PRIV_H
#define REGISTRY_PRIV_H

#include "hz_registry.h"

#define REGISTRY_CELLS_MAX      64u
#define REGISTRY_CELL_BYTES_MAX 4096u /* far above any bound of a column */
#define REGISTRY_QUOTE_BYTES    72u   /* of a wrong cell, as shown in a message */
#define REGISTRY_HINT_BYTES     256u

/* --- pages.c: zeroed memory that grows in place or moves, by whole pages of its own, so that what a
 * parse needed for a moment goes back to the system --- */

struct registry_pages {
    char *at;
    size_t used, size;
};

/* Makes `used` at least so large; false without memory. */
bool registry__pages_use(struct registry_pages *pages, size_t used);
void registry__pages_fit(struct registry_pages *pages); /* to what is used */
void registry__pages_done(struct registry_pages *pages);

/* --- encoding.c --- */

/* The text of a file as UTF-8, without a mark of byte order: the file's own bytes, or converted. */
struct registry_text {
    const char *at;
    size_t length;
    char *converted; /* to be freed; NULL: the file's own */
};

/* HZ_ECONFIG: reported, the file can't be read. */
int registry__decode(const struct hz_file *file, struct hz_diagnostics *diagnostics,
                     struct registry_text *ret_text);

/* --- csv.c --- */

struct registry_cell {
    const char *at;
    const char *from; /* where it stands in the text, the opening quote included */
    uint32_t length;
    bool control; /* a control character is in it */
};

struct registry_csv {
    const char *text, *at, *end;
    const char *row; /* the row last read */
    uint32_t line, next_line;
    uint32_t count;
    const char *fault, *hint; /* after REGISTRY_FAULT */
    size_t scratch_used;
    struct registry_cell cells[REGISTRY_CELLS_MAX];
    char scratch[2 * REGISTRY_CELL_BYTES_MAX]; /* of cells with doubled quotes */
};

enum registry_csv_row { REGISTRY_ROW, REGISTRY_FAULT, REGISTRY_END };

void registry__csv_begin(struct registry_csv *csv, const char *text, size_t length);
/* The next row; REGISTRY_FAULT: at cells[0].from, the next call goes on with the next line. */
enum registry_csv_row registry__csv_next(struct registry_csv *csv);

struct registry_spot {
    uint32_t line, column;
};
/* Where a place in the row last read is, as an editor shows it. */
struct registry_spot registry__csv_spot(const struct registry_csv *csv, const char *at);

/* --- columns.c --- */

enum registry_type {
    REGISTRY_CODE,     /* struct hz_slice: no '/', '+', '#', white space */
    REGISTRY_KEY,      /* the same, with '/' */
    REGISTRY_TEXT,     /* struct hz_slice, a name */
    REGISTRY_WORD,     /* struct hz_slice, one word */
    REGISTRY_WORDS,    /* struct hz_slice, words separated by spaces or ';' */
    REGISTRY_NUMBER,   /* double */
    REGISTRY_DURATION, /* int64_t ns */
    REGISTRY_CHOICE,   /* uint8_t */
    REGISTRY_DATE,     /* struct hz_slice, YYYY-MM-DD */
    REGISTRY_CAS,      /* struct hz_slice, with a right check digit */
    REGISTRY_TYPES
};

struct registry_word {
    const char *word;
    uint8_t value;
};

struct registry_column {
    const char *name;
    enum registry_type type;
    bool required;
    size_t offset; /* in the row's struct */
    double min, max; /* of numbers and durations (ns); none when equal */
    const struct registry_word *words; /* of a choice; ends with a NULL word */
    const char *help; /* as in docs/registry.md */
};

struct registry_reader;

struct registry_table {
    const char *file; /* "points.csv" */
    const char *what; /* "point" */
    enum hz_named_kind kind;
    const struct registry_column *columns;
    size_t count;
    const void *empty; /* a row without any cell */
    size_t bytes;      /* of a row, at most REGISTRY_ROW_BYTES_MAX */
    void (*take)(struct registry_reader *reader, const void *row);
};

#define REGISTRY_COLUMNS_MAX   32u
#define REGISTRY_ROW_BYTES_MAX 512u

extern const struct registry_table registry__parks, registry__enterprises, registry__hazards,
    registry__gateways, registry__points;

/* Words of the column status, by number. */
extern const struct registry_word registry__statuses[];

struct registry_park_row {
    struct hz_slice code, name, district;
    double lon, lat;
};

struct registry_enterprise_row {
    struct hz_slice code, name, park, district, ext;
    uint8_t status;
    double lon, lat;
};

struct registry_hazard_row {
    struct hz_slice enterprise, code, name, kind, plan, camera;
    uint8_t level;
    double lon, lat, population;
};

struct registry_gateway_row {
    struct hz_slice code, enterprise, name, feed, client_id, heartbeat_topic;
    int64_t interval_ns;
};

struct registry_point_row {
    struct hz_slice enterprise, hazard, code, name, gateway, kind, unit, tag, tags, ext_code, old_ids;
    struct hz_slice cas, vote_group, in_service_from;
    struct hz_point_limits limits;
    int64_t interval_ns, stale_after_ns; /* < 0 = empty */
    uint8_t alive_by, mode;
};

/* --- cell.c --- */

/* Reads a cell that is not empty into its field; false: reported. */
bool registry__read_cell(struct registry_reader *reader, const struct registry_column *column,
                         const struct registry_cell *cell, void *row);
/* The next word of a REGISTRY_WORDS cell; false: no more. */
bool registry__next_word(struct hz_slice *rest, struct hz_slice *ret_word);

/* --- number.c --- */

/* A decimal number, all of it; false: none, or beyond a double. */
bool registry__number(struct hz_slice text, double *ret_number);
/* "10s", in ns; false: none. */
bool registry__duration(struct hz_slice text, double *ret_ns);
/* How to write what is no number or no duration; NULL: nothing to say. */
const char *registry__number_hint(struct hz_slice text, char to[REGISTRY_HINT_BYTES]);
const char *registry__duration_hint(struct hz_slice text, char to[REGISTRY_HINT_BYTES]);

/* --- draft.c --- */

struct registry_place {
    hz_string file;
    uint32_t line;
};

/* Texts that many rows share, kept once. */
struct registry_interned {
    hz_string string;
    uint16_t word; /* 0 = it has no number yet */
};

struct registry_alias {
    uint64_t hash; /* of scope and text */
    uint32_t gateway, enterprise; /* scope: one of them */
    uint32_t point;
    uint32_t length;
    hz_string text;
};

/* A table from the hash of an entry to its number in `entries`, from 1. */
struct registry_index {
    struct registry_pages slots;
    struct registry_pages entries;
    uint32_t count;
};

struct registry_draft {
    const struct hz_config *config; /* NULL: it has faults, and the registry's are looked for only */
    struct hz_diagnostics *diagnostics;
    struct hz_names *names;       /* the provisional ones */
    struct hz_registry *registry; /* under provisional ids */
    struct registry_pages places[HZ_NAMED_END]; /* struct registry_place, by id */
    struct registry_pages only_gateway; /* uint32_t by enterprise: 0 = none, UINT32_MAX = several */
    struct registry_index interned, aliases;
    bool lost[HZ_NAMED_END]; /* rows of this kind could not be read (reported): what refers to them may be right */
    int code; /* the world failed; nothing more is read */
};

struct hz_registry {
    const struct hz_names *names;
    struct registry_pages rows[HZ_NAMED_END]; /* by kind, then by id */
    struct registry_pages limits;             /* by point; empty after hz_registry_drop_limits */
    struct registry_pages places;             /* of points, likewise */
    struct registry_pages extras;             /* struct registry_extra, ascending point */
    struct registry_pages strings;
    struct registry_pages words; /* hz_string */
    uint32_t point_total;
};

struct registry_extra {
    uint32_t point;
    struct hz_point_extra columns;
};

/* Row sizes by kind; 0 = the kind has no rows. */
extern const size_t registry__row_bytes[HZ_NAMED_END];

/* Reads all files of the set; faults are in the diagnostics. Nothing global has changed yet. */
int registry__draft(const struct hz_files *files, const struct hz_config *config,
                    struct hz_diagnostics *diagnostics, struct registry_draft *draft);
void registry__draft_done(struct registry_draft *draft);

/* A new provisional id for a key of this kind, with a zeroed row; 0: reported (twice there, too many)
 * or without memory. `column`: where the key is. */
uint32_t registry__define(struct registry_reader *reader, enum hz_named_kind kind, struct hz_slice key,
                          const char *column);
void *registry__row(const struct registry_pages *rows, uint32_t id, size_t bytes);
hz_string registry__string(struct registry_draft *draft, struct hz_slice text);
hz_string registry__intern(struct registry_draft *draft, struct hz_slice text);
/* The number of a word; 0 for the empty one, and when there are too many (reported). */
uint16_t registry__word(struct registry_reader *reader, struct hz_slice text);

/* --- sites.c --- */

void registry__take_park(struct registry_reader *reader, const void *row);
void registry__take_enterprise(struct registry_reader *reader, const void *row);
void registry__take_hazard(struct registry_reader *reader, const void *row);
void registry__take_gateway(struct registry_reader *reader, const void *row);

/* The provisional id of a key; 0 for an empty one, and for one that is not there (reported). */
uint32_t registry__refer(struct registry_reader *reader, enum hz_named_kind kind, struct hz_slice key,
                         const char *column, const char *file);
/* Reports a number that must have another beside it. NaN: an empty cell, or one with a fault. */
void registry__check_pair(struct registry_reader *reader, const char *first, double a,
                          const char *second, double b);
/* "first/second"; an empty slice when it is too long for a key (reported). */
#define REGISTRY_KEY_BYTES (HZ_KEY_BYTES_MAX + 1)
struct hz_slice registry__join(struct registry_reader *reader, struct hz_slice first,
                               struct hz_slice second, char to[REGISTRY_KEY_BYTES]);

/* --- points.c --- */

void registry__take_point(struct registry_reader *reader, const void *row);

/* --- alias.c --- */

/* One more name of a point, within its gateway or, without one, within its enterprise. `text` stands at
 * `string` of the draft's strings. */
void registry__alias(struct registry_reader *reader, uint32_t point, const struct hz_point *row,
                     uint32_t enterprise, hz_string string, uint32_t length,
                     const char *column);
/* After all files: an id of the past is no present point's. */
void registry__check_old_ids(struct registry_draft *draft);

/* --- commit.c --- */

/* Are there ids enough for what is new? Else reported. */
bool registry__room(const struct hz_names *names, enum hz_named_kind kind, uint32_t more,
                    struct hz_diagnostics *diagnostics);
bool registry__ids_suffice(const struct registry_draft *draft, const struct hz_names *names);
/* Gives the draft's keys, and the feeds, their ids. */
int registry__commit(struct registry_draft *draft, struct hz_names *names,
                     struct hz_registry **ret_registry);

/* --- table.c --- */

struct registry_reader {
    struct registry_draft *draft;
    const struct hz_file *file;
    const struct registry_table *table;
    hz_string path;             /* of the file, in the draft's strings */
    struct hz_slice enterprise; /* named by the file points.d/<enterprise>.csv; else empty */
    bool enterprise_lost;       /* that one is not known: reported */
    bool over;                  /* the file is given up */
    uint8_t column_of[REGISTRY_CELLS_MAX];  /* cell -> column + 1; 0 = none */
    uint8_t cell_of[REGISTRY_COLUMNS_MAX];  /* column -> cell + 1; 0 = none */
    uint32_t width;                         /* cells of the header */
    struct registry_csv csv;
};

void registry__read_file(struct registry_draft *draft, const struct hz_file *file,
                         const struct registry_table *table);
/* The cell of a column in the row being taken; NULL: the file has no such column. */
const struct registry_cell *registry__cell(const struct registry_reader *reader, const char *column);
/* `cell` NULL: the row as a whole. */
struct registry_spot registry__spot(const struct registry_reader *reader, const struct registry_cell *cell);
const char *registry__quote(struct hz_slice text, char to[REGISTRY_QUOTE_BYTES]);
/* "in points.csv, line 7": where the row with this id is. */
const char *registry__where(const struct registry_draft *draft, enum hz_named_kind kind, uint32_t id,
                            char to[REGISTRY_HINT_BYTES]);

#define REGISTRY_WRONG(reader, cell, hint, ...)                                                    \
    do {                                                                                           \
        struct registry_spot spot_ = registry__spot(reader, cell);                                 \
        hz_diagnose((reader)->draft->diagnostics, (reader)->file->path, spot_.line, spot_.column,  \
                    hint, __VA_ARGS__);                                                            \
    } while (0)

/* --- names.c --- */

/* As hz_names_new, for keys of so many bytes at most, two more for each included. */
int registry__names_new(uint64_t pool_bytes, struct hz_names **ret_names) HZ_MUST_USE;
/* As hz_names_define, with the hash of hz_names_hash. */
int registry__names_define_hashed(struct hz_names *names, enum hz_named_kind kind, uint64_t hash,
                                  const char *key, size_t length, uint32_t *ret_id) HZ_MUST_USE;
/* Makes room for so many more names at once. */
int registry__names_expect(struct hz_names *names, enum hz_named_kind kind, uint32_t more) HZ_MUST_USE;
/* Ids of a kind that can still be given. */
uint32_t registry__names_left(const struct hz_names *names, enum hz_named_kind kind);

#endif
