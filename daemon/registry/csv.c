/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 4180: rows of cells, separated by commas; a cell in quotes may hold commas, line breaks and doubled
 * quotes. Lines end with LF, CR LF, or CR. What must stay true: every byte is looked at a bounded
 * number of times, and after a fault reading goes on with the line behind the one where the row
 * began, so that one forgotten quote does not swallow the rest of the file.
 */
#include "registry_priv.h"

enum byte_class { PLAIN, CONTROL, END_OF_CELL, QUOTE };

static const uint8_t class_of[256] = {CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       END_OF_CELL,     CONTROL,
                                      CONTROL,       END_OF_CELL,     CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         CONTROL,
                                      CONTROL,       CONTROL,         [','] = END_OF_CELL,
                                      ['"'] = QUOTE, [0x7F] = CONTROL};

void registry__csv_begin(struct registry_csv *csv, const char *text, size_t length)
{
    csv->text = csv->at = csv->row = text;
    csv->end = text + length;
    csv->line = csv->next_line = 1;
    csv->count = 0;
}

/* Behind the line break at `at`, or the end. */
static const char *next_line(const char *at, const char *end)
{
    if (at < end && *at == '\r')
        at++;
    else if (at < end)
        return at + 1;
    return at < end && *at == '\n' ? at + 1 : at;
}

static bool is_break(char byte)
{
    return byte == '\n' || byte == '\r';
}

static bool fail(struct registry_csv *csv, const char *at, const char *fault, const char *hint)
{
    csv->cells[0].from = at;
    csv->fault = fault;
    csv->hint = hint;
    return false;
}

static void skip_line(struct registry_csv *csv)
{
    csv->at = csv->row;
    while (csv->at < csv->end && !is_break(*csv->at))
        csv->at++;
    csv->at = next_line(csv->at, csv->end);
    csv->next_line = csv->line + 1;
}

static bool read_plain(struct registry_csv *csv, struct registry_cell *cell)
{
    const char *at = csv->at, *end = csv->end;
    uint8_t class = PLAIN;

    cell->at = cell->from = at;
    cell->control = false;
    for (; at < end; at++) {
        class = class_of[(uint8_t)*at];
        if (class == PLAIN)
            continue;
        if (class != CONTROL)
            break;
        cell->control = true;
    }
    if (at < end && class == QUOTE)
        return fail(csv, at, "a quote inside a cell without quotes",
                    "write the whole cell in quotes and each quote in it twice: \"a \"\"b\"\" c\"");
    csv->at = at;
    if ((size_t)(at - cell->at) > REGISTRY_CELL_BYTES_MAX)
        return fail(csv, cell->from, "the cell is longer than 4096 bytes", NULL);
    cell->length = (uint32_t)(at - cell->at);
    return true;
}

/* The closing quote of the cell that begins at `from`; NULL when it is not near. */
static const char *closing_quote(const char *from, const char *end, bool *ret_doubled)
{
    const char *at = from;

    *ret_doubled = false;
    if ((size_t)(end - from) > REGISTRY_CELL_BYTES_MAX + 1)
        end = from + REGISTRY_CELL_BYTES_MAX + 1;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));

        if (!quote || quote + 1 >= end || quote[1] != '"')
            return quote;
        *ret_doubled = true;
        at = quote + 2;
    }
    return NULL;
}

/* A copy with single quotes; the scratch is as large as two cells may be. */
static bool undouble(struct registry_csv *csv, struct registry_cell *cell)
{
    char *to = csv->scratch + csv->scratch_used;
    uint32_t length = 0;

    if (csv->scratch_used + cell->length > sizeof(csv->scratch))
        return fail(csv, cell->from, "the row has too much text in quotes", NULL);
    for (uint32_t i = 0; i < cell->length; i++) {
        to[length++] = cell->at[i];
        if (cell->at[i] == '"')
            i++;
    }
    cell->at = to;
    cell->length = length;
    csv->scratch_used += length;
    return true;
}

static void look_inside(struct registry_csv *csv, struct registry_cell *cell)
{
    const char *end = cell->at + cell->length;

    cell->control = false;
    for (const char *at = cell->at; at < end; at++) {
        uint8_t class = class_of[(uint8_t)*at];

        if (is_break(*at) && !(*at == '\r' && at + 1 < end && at[1] == '\n'))
            csv->next_line++;
        cell->control |= class == CONTROL || is_break(*at);
    }
}

static bool read_quoted(struct registry_csv *csv, struct registry_cell *cell)
{
    bool doubled;
    const char *quote = closing_quote(csv->at + 1, csv->end, &doubled);

    cell->from = csv->at;
    cell->at = csv->at + 1;
    if (!quote)
        return fail(csv, cell->from, "the quote is not closed", "close it, or leave it out");
    cell->length = (uint32_t)(quote - cell->at);
    look_inside(csv, cell);
    if (doubled && !undouble(csv, cell))
        return false;
    csv->at = quote + 1;
    if (csv->at < csv->end && class_of[(uint8_t)*csv->at] != END_OF_CELL)
        return fail(csv, csv->at, "text behind the closing quote",
                    "write a quote inside a cell twice: \"a \"\"b\"\" c\"");
    return true;
}

static bool read_row(struct registry_csv *csv)
{
    for (;;) {
        struct registry_cell *cell = &csv->cells[csv->count];

        if (csv->count == REGISTRY_CELLS_MAX)
            return fail(csv, csv->at, "the row has more than 64 cells", NULL);
        if (!(csv->at < csv->end && *csv->at == '"' ? read_quoted(csv, cell)
                                                    : read_plain(csv, cell)))
            return false;
        csv->count++;
        if (csv->at == csv->end || *csv->at != ',')
            return true;
        csv->at++;
    }
}

enum registry_csv_row registry__csv_next(struct registry_csv *csv)
{
    csv->row = csv->at;
    csv->line = csv->next_line++;
    csv->count = 0;
    csv->scratch_used = 0;
    if (csv->at == csv->end)
        return REGISTRY_END;
    if (!read_row(csv)) {
        skip_line(csv);
        return REGISTRY_FAULT;
    }
    csv->at = next_line(csv->at, csv->end);
    return REGISTRY_ROW;
}

struct registry_spot registry__csv_spot(const struct registry_csv *csv, const char *at)
{
    struct registry_spot spot = {csv->line, 1};

    for (const char *byte = csv->row; byte < at; byte++) {
        if (is_break(*byte)) {
            spot.column = 1;
            spot.line += !(*byte == '\r' && byte + 1 < csv->end && byte[1] == '\n');
        } else if (((uint8_t)*byte & 0xC0) != 0x80) {
            spot.column++;
        }
    }
    return spot;
}
