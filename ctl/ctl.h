/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of hazardctl share. One table of commands, with their options, is the source of
 * parsing, of the help texts and of the requests that go to the daemon. What must stay true: with
 * --json the daemon's lines go to stdout as they came; everything else that came from outside is made
 * harmless before a terminal sees it.
 */
#ifndef CTL_H
#define CTL_H

#include "hz_text.h"

#include <jansson.h>
#include <stdio.h>

enum ctl_exit {
    CTL_OK = 0,
    CTL_REFUSED = 1,     /* the daemon said no, or the answer broke off */
    CTL_USAGE = 2,
    CTL_UNREACHABLE = 3, /* no daemon behind the socket, or none that answers */
    CTL_CONFIG = 78,     /* EX_CONFIG of sysexits.h: the configuration has errors */
};

/* --- commands --- */

#define CTL_OPTIONS_MAX 8u

struct ctl_option {
    const char *name;
    char letter;       /* 0 = none */
    const char *value; /* what it takes ("PERCENT"); NULL = a flag */
    const char *help;
    /* NULL, or says what is wrong with a value: a sentence, NULL = good. */
    const char *(*fault)(const char *value);
};

struct ctl_call;

struct ctl_command {
    const char *name;
    const char *operand;          /* "[GLOB]", "ALARM"; brackets: may be left out; NULL = none */
    const char *operand_argument; /* its name in the request */
    const char *summary;          /* one line */
    const char *text;             /* more, for --help; NULL = none */
    bool online;                  /* asks the daemon: takes --socket, --timeout */
    int (*run)(const struct ctl_call *call);
    struct ctl_option options[CTL_OPTIONS_MAX + 1]; /* ends with a NULL name */
};

extern const struct ctl_command ctl_alarms, ctl_ack, ctl_check, ctl_config, ctl_coverage, ctl_diff, ctl_feeds,
    ctl_explain, ctl_history, ctl_metrics, ctl_points, ctl_reload, ctl_status, ctl_tail, ctl_top, ctl_unknown;

/* Ends with NULL; in the order of the help. */
extern const struct ctl_command *const ctl_commands[];

/* A command line, parsed. */
struct ctl_call {
    const struct ctl_command *command;
    const char *values[CTL_OPTIONS_MAX]; /* by option; NULL = not given; a flag that was given: "1" */
    const char *operand;
    const char *socket;
    int timeout_s;
    bool json;
    bool colour;
    bool chinese;
    bool help;
    struct hz_text *fault; /* not NULL: what goes wrong with the daemon is said here, not on stderr */
    /* Not NULL: instead of poll(2) for `fd` to be readable: > 0 it is, 0 not within `ms`, < 0 the
     * answer is not wanted any more. */
    int (*wait)(void *wait_ctx, int fd, int ms);
    void *wait_ctx;
};

/* Parses from argv[0], the command's name, on. CTL_OK, or CTL_USAGE after saying why. */
int ctl_parse(const struct ctl_command *command, int argc, char **argv, struct ctl_call *call);
const char *ctl_value(const struct ctl_call *call, const char *option); /* NULL = not given */

/* "hazardctl: ..." to stderr, with a line end, in the user's language. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- help.c --- */

void ctl_help(FILE *to);
void ctl_help_command(FILE *to, const struct ctl_command *command);
int ctl_unknown_command(const char *name);

/* --- link.c: the daemon --- */

/* One line of the answer; false ends the reading, the row's reader has said why. */
typedef bool (*ctl_row)(void *ctx, const json_t *row);

/* Sends the command with its options and gives each line of the answer to `row`; with --json the lines
 * go to stdout instead. Says what went wrong and returns an exit code. `follows`: lines may take any
 * time to come, and are flushed one by one. */
int ctl_ask(const struct ctl_call *call, bool follows, ctl_row row, void *ctx);

/* --- terminal.c --- */

bool ctl_chinese(void);                    /* by LC_ALL, LC_MESSAGES, LANG */
bool ctl_colour(const char *when, int fd); /* "auto", "always", "never"; NULL = auto */

/* --- words.c --- */

/* A word of the daemon in the user's language; a word that is not known as it is. */
const char *ctl_in_words(const char *word);

/* --- sentences.c --- */

struct ctl_sentence {
    const char *en, *zh;
};
const struct ctl_sentence *ctl_sentences(size_t *ret_count);
/* A finished sentence in Chinese; one that is not known as it is. */
void ctl_in_chinese(const char *sentence, struct hz_text *to);

enum ctl_paint { CTL_PLAIN, CTL_BOLD, CTL_RED, CTL_ORANGE, CTL_YELLOW, CTL_BLUE };
/* Escape sequences; "" for CTL_PLAIN. */
const char *ctl_paint(enum ctl_paint paint);
#define CTL_PAINT_END "\x1b[0m"

/* --- width.c --- */

/* Columns that a text takes on a terminal; it must be what ctl_harmless gave. */
unsigned ctl_width(const char *text);
/* Appends text from outside: control characters, also those that turn the direction of writing, and
 * bytes that are no UTF-8 become U+FFFD, line ends and TABs a blank. */
void ctl_harmless(struct hz_text *to, const char *text, size_t length);
/* The bytes of a text that fit into so many columns, whole characters. */
size_t ctl_fit(const char *text, unsigned width);

/* --- cell.c: members of a row as text --- */

#define CTL_CELL_BYTES 4096u /* longer texts are cut */

typedef void (*ctl_render)(const json_t *row, const char *field, struct hz_text *to);

/* `field` may be a list "point_name|point": the first that is there and not empty. */
void ctl_text(const json_t *row, const char *field, struct hz_text *to);
void ctl_word(const json_t *row, const char *field, struct hz_text *to); /* in the user's language */
void ctl_time(const json_t *row, const char *field, struct hz_text *to);    /* ms UTC -> local, seconds */
void ctl_time_ms(const json_t *row, const char *field, struct hz_text *to); /* with milliseconds */
void ctl_bytes(const json_t *row, const char *field, struct hz_text *to);   /* 12.3 MiB */
void ctl_counts(const json_t *row, const char *field, struct hz_text *to);  /* {"late":3} -> late 3 */
void ctl_measure(const json_t *row, const char *field, struct hz_text *to); /* with the row's unit */
void ctl_signs(const json_t *row, const char *field, struct hz_text *to);   /* stale, invalid, .. */
void ctl_share(const json_t *row, const char *field, struct hz_text *to);   /* field of total, 97.2 % */
bool ctl_true(const json_t *row, const char *field); /* true, a number above 0, "1" */
double ctl_number(const json_t *row, const char *field); /* NaN: there is none */
int ctl_severity(const json_t *row); /* enum hz_severity of its member "sev"; an unknown word is red */
enum ctl_paint ctl_paint_severity(const json_t *row); /* by its member "sev" */

/* --- table.c --- */

struct ctl_column {
    const char *field;
    const char *en, *zh; /* heads */
    ctl_render render;
    bool right;
    enum ctl_paint (*paint)(const json_t *row); /* NULL = plain */
    unsigned least; /* width that a stream without an end begins with */
};

/* What a table shows, and how it comes. */
struct ctl_list {
    const struct ctl_column *columns;
    unsigned count;
    bool follows; /* without an end: rows are written as they come, in the least widths */
    /* Not NULL: highest first, and all rows are held until the last has come. */
    double (*rank)(const json_t *row);
    const char *nothing_en, *nothing_zh; /* when there is no row */
};
#define CTL_COLUMNS(table) .columns = (table), .count = sizeof(table) / sizeof((table)[0])

struct ctl_table;

/* `list` is lent. NULL without memory. */
struct ctl_table *ctl_table_new(const struct ctl_list *list, const struct ctl_call *call);
bool ctl_table_row(void *table, const json_t *row); /* a ctl_row */
/* Writes what is left; the rows that there were. */
uint64_t ctl_table_end(struct ctl_table *table);
void ctl_table_free(struct ctl_table *table);

/* Asks and shows the answer as a table. */
int ctl_show_list(const struct ctl_call *call, const struct ctl_list *list);

/* A feed a row, for `feeds` and `status`. */
extern const struct ctl_list ctl_feed_list;

#endif
