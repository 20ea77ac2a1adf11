/* SPDX-License-Identifier: Apache-2.0
 *
 * One screen as text: pieces side by side, cut at the right edge and at the last line. What must stay
 * true: no line is wider than the screen, none is begun beyond the last one; on a terminal every line
 * erases what stood there before, so that nothing flickers; elsewhere no line ends with blanks.
 */
#include "ctl_top.h"

#include "hz_arena.h"

#include <stdlib.h>

#define COLUMNS_MAX 16u
#define GAP         2u
#define CELL_WIDEST 40u /* columns of one cell, but for the last: the table stays readable */

void ctl_frame_begin(struct ctl_frame *frame)
{
    frame->column = frame->blanks = 0;
    if (frame->terminal)
        hz_text_puts(&frame->text, "\x1b[H");
}

void ctl_frame_end(struct ctl_frame *frame)
{
    if (frame->terminal)
        hz_text_puts(&frame->text, "\x1b[J");
}

void ctl_frame_put(struct ctl_frame *frame, enum ctl_paint paint, const char *text)
{
    unsigned at = frame->column + frame->blanks;
    size_t bytes = at < frame->width ? ctl_fit(text, frame->width - at) : 0;
    bool painted = frame->colour && paint != CTL_PLAIN;
    char piece[CTL_CELL_BYTES];

    if (bytes == 0 || frame->lines_left == 0)
        return;
    bytes = bytes < sizeof(piece) ? bytes : hz_utf8_cut(text, bytes, sizeof(piece) - 1);
    memcpy(piece, text, bytes);
    piece[bytes] = '\0';
    hz_text_format(&frame->text, "%*s%s%s%s", (int)frame->blanks, "",
                   painted ? ctl_paint(paint) : "", piece, painted ? CTL_PAINT_END : "");
    frame->column = at + ctl_width(piece);
    frame->blanks = 0;
}

void ctl_frame_to(struct ctl_frame *frame, unsigned column)
{
    if (column > frame->column + frame->blanks)
        frame->blanks = column - frame->column;
}

/* The last line of a terminal has no end: it would scroll. */
void ctl_frame_line(struct ctl_frame *frame)
{
    if (frame->lines_left == 0)
        return;
    frame->lines_left--;
    if (frame->terminal)
        hz_text_puts(&frame->text, frame->lines_left > 0 ? "\x1b[K\r\n" : "\x1b[K");
    else
        hz_text_puts(&frame->text, "\n");
    frame->column = frame->blanks = 0;
}

void ctl_frame_fact(struct ctl_frame *frame, const char *en, const char *zh, enum ctl_paint paint,
                    const char *value)
{
    if (!*value)
        return;
    ctl_frame_put(frame, CTL_PLAIN, frame->chinese ? zh : en);
    frame->blanks++;
    ctl_frame_put(frame, paint != CTL_PLAIN ? paint : CTL_BOLD, value);
    frame->blanks += GAP + 1;
}

/* --- tables --- */

struct row {
    const char *cells[COLUMNS_MAX];
    enum ctl_paint paints[COLUMNS_MAX];
};

struct grid {
    struct hz_arena arena;
    struct row *rows; /* the first is the head */
    unsigned count, columns;
    unsigned widths[COLUMNS_MAX];
};

static bool add_cell(struct grid *grid, unsigned column, const char *text, size_t length,
                     enum ctl_paint paint)
{
    struct row *row = &grid->rows[grid->count];
    char *copy = hz_arena_copy(&grid->arena, text, length);
    unsigned most = column + 1 < grid->columns ? CELL_WIDEST : UINT16_MAX;

    if (!copy)
        return false;
    copy[ctl_fit(copy, most)] = '\0';
    row->cells[column] = copy;
    row->paints[column] = paint;
    if (ctl_width(copy) > grid->widths[column])
        grid->widths[column] = ctl_width(copy);
    return true;
}

static bool fill(struct grid *grid, const struct ctl_frame *frame, const struct ctl_list *list,
                 const json_t *rows, unsigned most)
{
    char room[CTL_CELL_BYTES];

    for (unsigned i = 0; i < list->count; i++) {
        const char *head = frame->chinese ? list->columns[i].zh : list->columns[i].en;

        if (!add_cell(grid, i, head, strlen(head), CTL_BOLD))
            return false;
    }
    for (grid->count = 1; grid->count <= most; grid->count++) {
        const json_t *row = json_array_get(rows, grid->count - 1);

        for (unsigned i = 0; i < list->count; i++) {
            const struct ctl_column *column = &list->columns[i];
            struct hz_text text = hz_text_in(room, sizeof(room));

            column->render(row, column->field, &text);
            if (!add_cell(grid, i, text.at, text.length,
                          column->paint ? column->paint(row) : CTL_PLAIN))
                return false;
        }
    }
    return true;
}

static void write_row(struct ctl_frame *frame, const struct grid *grid, const struct row *row,
                      const struct ctl_list *list)
{
    unsigned from = 0;

    for (unsigned i = 0; i < grid->columns; i++) {
        unsigned pad = grid->widths[i] - ctl_width(row->cells[i]);

        ctl_frame_to(frame, from + (list->columns[i].right ? pad : 0));
        ctl_frame_put(frame, row->paints[i], row->cells[i]);
        from += grid->widths[i] + GAP;
    }
    ctl_frame_line(frame);
}

unsigned ctl_frame_table(struct ctl_frame *frame, const struct ctl_list *list, const json_t *rows,
                         unsigned total, unsigned most)
{
    unsigned before = frame->lines_left, there = (unsigned)json_array_size(rows), shown;

    total = total > there ? total : there;
    shown = total <= most ? total : most > 0 ? most - 1 : 0;
    shown = shown < there ? shown : there;
    struct grid grid = {.columns = list->count, .rows = calloc(shown + 1, sizeof(*grid.rows))};
    char more[64];

    hz_arena_init(&grid.arena);
    if (grid.rows && fill(&grid, frame, list, rows, shown))
        for (unsigned i = 0; i < grid.count; i++)
            write_row(frame, &grid, &grid.rows[i], list);
    if (shown < total) {
        (void)snprintf(more, sizeof(more), frame->chinese ? "... 还有 %u 条" : "... and %u more",
                       total - shown);
        ctl_frame_put(frame, CTL_PLAIN, more);
        ctl_frame_line(frame);
    }
    hz_arena_done(&grid.arena);
    free(grid.rows);
    return before - frame->lines_left;
}
