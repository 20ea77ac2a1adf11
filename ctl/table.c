/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows as a table. Columns are as wide as their widest cell among the first ROWS_MEASURED rows, which
 * are held until then; later rows are written as they come, so that a list of any length takes bounded
 * memory. A stream without an end (tail --follow) holds nothing: it begins with the columns' least
 * widths. A cell that is wider than its column moves the rest of its line, nothing is cut.
 */
#include "ctl.h"

#include "hz_arena.h"

#include <stdlib.h>

#define ROWS_MEASURED 1000u
#define COLUMNS_MAX   16u
#define GAP           2u

struct held_row {
    enum ctl_paint paints[COLUMNS_MAX];
    const char *cells[COLUMNS_MAX];
};

struct ctl_table {
    const struct ctl_column *columns;
    unsigned count;
    bool chinese, colour, follows;
    bool begun;      /* the head is written */
    unsigned blanks; /* owed on this line */
    unsigned widths[COLUMNS_MAX];
    uint64_t rows;
    struct held_row *held;
    unsigned held_count;
    struct hz_arena arena; /* of the cells held */
};

static const char *head_of(const struct ctl_table *table, unsigned column)
{
    return table->chinese ? table->columns[column].zh : table->columns[column].en;
}

struct ctl_table *ctl_table_new(const struct ctl_column *columns, unsigned count,
                                const struct ctl_call *call, bool follows)
{
    struct ctl_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    hz_arena_init(&table->arena);
    table->columns = columns;
    table->count = count;
    table->chinese = call->chinese;
    table->colour = call->colour;
    table->follows = follows;
    table->held = calloc(ROWS_MEASURED, sizeof(*table->held));
    for (unsigned i = 0; i < count; i++) {
        unsigned head = ctl_width(head_of(table, i));

        table->widths[i] = head > columns[i].least ? head : columns[i].least;
    }
    if (table->held)
        return table;
    ctl_table_free(table);
    return NULL;
}

void ctl_table_free(struct ctl_table *table)
{
    if (!table)
        return;
    hz_arena_done(&table->arena);
    free(table->held);
    free(table);
}

/* Blanks are owed until something follows them: none stand at the end of a line. */
static void write_cell(struct ctl_table *table, unsigned column, const char *text,
                       enum ctl_paint paint)
{
    unsigned width = ctl_width(text);
    unsigned pad = width < table->widths[column] ? table->widths[column] - width : 0;
    bool right = table->columns[column].right, painted = table->colour && paint != CTL_PLAIN;

    if (right)
        table->blanks += pad;
    if (*text) {
        printf("%*s%s%s%s", (int)table->blanks, "", painted ? ctl_paint(paint) : "", text,
               painted ? CTL_PAINT_END : "");
        table->blanks = 0;
    }
    table->blanks += (right ? 0 : pad) + GAP;
}

static void end_line(struct ctl_table *table)
{
    puts("");
    table->blanks = 0;
}

static void write_row(struct ctl_table *table, const struct held_row *row)
{
    for (unsigned i = 0; i < table->count; i++)
        write_cell(table, i, row->cells[i], row->paints[i]);
    end_line(table);
}

static void write_head(struct ctl_table *table)
{
    table->begun = true;
    for (unsigned i = 0; i < table->count; i++)
        write_cell(table, i, head_of(table, i), CTL_BOLD);
    end_line(table);
}

/* Measures what is held, then head and rows. */
static void write_held(struct ctl_table *table)
{
    for (unsigned i = 0; i < table->held_count; i++) {
        for (unsigned column = 0; column < table->count; column++) {
            unsigned width = ctl_width(table->held[i].cells[column]);

            if (width > table->widths[column])
                table->widths[column] = width;
        }
    }
    write_head(table);
    for (unsigned i = 0; i < table->held_count; i++)
        write_row(table, &table->held[i]);
    table->held_count = 0;
    hz_arena_done(&table->arena);
}

/* The cells of a row, in the arena. */
static bool render(struct ctl_table *table, const json_t *row, struct held_row *ret_row)
{
    char room[CTL_CELL_BYTES];

    for (unsigned i = 0; i < table->count; i++) {
        const struct ctl_column *column = &table->columns[i];
        struct hz_text text = hz_text_in(room, sizeof(room));

        column->render(row, column->field, &text);
        ret_row->paints[i] = column->paint ? column->paint(row) : CTL_PLAIN;
        ret_row->cells[i] = hz_arena_copy(&table->arena, text.at, text.length);
        if (!ret_row->cells[i])
            return false;
    }
    return true;
}

bool ctl_table_row(void *ctx, const json_t *row)
{
    struct ctl_table *table = ctx;
    struct held_row *place = &table->held[table->held_count];

    table->rows++;
    if (!render(table, row, place)) {
        ctl_say("no memory");
        return false;
    }
    if (!table->begun && !table->follows) {
        if (++table->held_count == ROWS_MEASURED)
            write_held(table);
        return true;
    }
    if (!table->begun)
        write_head(table);
    write_row(table, place);
    hz_arena_done(&table->arena);
    return true;
}

uint64_t ctl_table_end(struct ctl_table *table)
{
    if (table->held_count > 0)
        write_held(table);
    return table->rows;
}

int ctl_show_table(const struct ctl_call *call, const struct ctl_column *columns, unsigned count,
                   bool follows, const char *nothing_en, const char *nothing_zh)
{
    struct ctl_table *table = ctl_table_new(columns, count, call, follows);

    if (!table) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    int code = ctl_ask(call, follows, ctl_table_row, table);
    if (ctl_table_end(table) == 0 && code == CTL_OK && !call->json)
        puts(call->chinese ? nothing_zh : nothing_en);
    ctl_table_free(table);
    return code;
}
