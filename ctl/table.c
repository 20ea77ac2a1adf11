/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows as a table. Columns are as wide as their widest cell among the first ROWS_MEASURED rows, which
 * are held until then; later rows are written as they come, so that a list of any length takes bounded
 * memory. A list that is ranked is held as a whole; a stream without an end holds nothing: it begins
 * with the columns' least widths. A cell that is wider than its column moves the rest of its line,
 * nothing is cut.
 */
#include "ctl.h"

#include "hz_arena.h"

#include <stdlib.h>

#define ROWS_MEASURED 1000u
#define COLUMNS_MAX   16u
#define GAP           2u

struct held_row {
    double rank;
    unsigned place; /* as it came: equal ranks keep their order */
    enum ctl_paint paints[COLUMNS_MAX];
    const char *cells[COLUMNS_MAX];
};

struct ctl_table {
    const struct ctl_list *list;
    bool chinese, colour;
    bool begun;      /* the head is written */
    unsigned blanks; /* owed on this line */
    unsigned widths[COLUMNS_MAX];
    uint64_t rows;
    struct held_row *held;
    unsigned held_count, held_capacity;
    struct hz_arena arena; /* of the cells held */
};

static const char *head_of(const struct ctl_table *table, unsigned column)
{
    const struct ctl_column *its = &table->list->columns[column];

    return table->chinese ? its->zh : its->en;
}

struct ctl_table *ctl_table_new(const struct ctl_list *list, const struct ctl_call *call)
{
    struct ctl_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    hz_arena_init(&table->arena);
    table->list = list;
    table->chinese = call->chinese;
    table->colour = call->colour;
    for (unsigned i = 0; i < list->count; i++) {
        unsigned head = ctl_width(head_of(table, i)), least = list->columns[i].least;

        table->widths[i] = head > least ? head : least;
    }
    return table;
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
    bool right = table->list->columns[column].right, painted = table->colour && paint != CTL_PLAIN;

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
    for (unsigned i = 0; i < table->list->count; i++)
        write_cell(table, i, row->cells[i], row->paints[i]);
    end_line(table);
}

static void write_head(struct ctl_table *table)
{
    table->begun = true;
    for (unsigned i = 0; i < table->list->count; i++)
        write_cell(table, i, head_of(table, i), CTL_BOLD);
    end_line(table);
}

static void measure(struct ctl_table *table)
{
    for (unsigned i = 0; i < table->held_count; i++) {
        for (unsigned column = 0; column < table->list->count; column++) {
            unsigned width = ctl_width(table->held[i].cells[column]);

            if (width > table->widths[column])
                table->widths[column] = width;
        }
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct held_row *one = a, *other = b;

    if (one->rank > other->rank)
        return -1;
    if (one->rank < other->rank)
        return 1;
    return one->place < other->place ? -1 : one->place > other->place;
}

static void write_held(struct ctl_table *table)
{
    measure(table);
    if (table->list->rank)
        qsort(table->held, table->held_count, sizeof(*table->held), by_rank);
    write_head(table);
    for (unsigned i = 0; i < table->held_count; i++)
        write_row(table, &table->held[i]);
    table->held_count = 0;
    hz_arena_done(&table->arena);
}

/* The place of the next row; NULL without memory. */
static struct held_row *next_place(struct ctl_table *table)
{
    if (table->held_count == table->held_capacity) {
        unsigned capacity = table->held_capacity ? 2 * table->held_capacity : 64;
        void *grown = realloc(table->held, capacity * sizeof(*table->held));

        if (!grown)
            return NULL;
        table->held = grown;
        table->held_capacity = capacity;
    }
    return &table->held[table->held_count];
}

/* The cells of a row, in the arena. */
static bool render(struct ctl_table *table, const json_t *row, struct held_row *ret_row)
{
    char room[CTL_CELL_BYTES];

    ret_row->rank = table->list->rank ? table->list->rank(row) : 0;
    ret_row->place = table->held_count;
    for (unsigned i = 0; i < table->list->count; i++) {
        const struct ctl_column *column = &table->list->columns[i];
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
    struct held_row *place = next_place(table);

    if (!place || !render(table, row, place)) {
        ctl_say("no memory");
        return false;
    }
    table->rows++;
    if (!table->begun && !table->list->follows) {
        if (++table->held_count == ROWS_MEASURED && !table->list->rank)
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

int ctl_show_list(const struct ctl_call *call, const struct ctl_list *list)
{
    struct ctl_table *table = ctl_table_new(list, call);

    if (!table) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    int code = ctl_ask(call, list->follows, ctl_table_row, table);
    if (ctl_table_end(table) == 0 && code == CTL_OK && !call->json)
        puts(call->chinese ? list->nothing_zh : list->nothing_en);
    ctl_table_free(table);
    return code;
}
