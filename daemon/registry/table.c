/* SPDX-License-Identifier: Apache-2.0
 *
 * One file: the header says which cell belongs to which column, then every row is read into the
 * table's struct and taken. A cell with a fault is as an empty one for the rest of the row, so that
 * one run shows all faults; only a row without a good id is not taken.
 */
#include "registry_priv.h"

#include "hz_log.h"
#include "hz_nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *registry__quote(struct hz_slice text, char to[REGISTRY_QUOTE_BYTES])
{
    return hz_log_quote(to, REGISTRY_QUOTE_BYTES, text.at, text.length);
}

struct registry_spot registry__spot(const struct registry_reader *reader,
                                    const struct registry_cell *cell)
{
    if (!cell)
        return (struct registry_spot){reader->csv.line, 0};
    return registry__csv_spot(&reader->csv, cell->from);
}

const struct registry_cell *registry__cell(const struct registry_reader *reader, const char *column)
{
    const struct registry_table *table = reader->table;
    size_t i = 0;

    while (i < table->count && strcmp(table->columns[i].name, column) != 0)
        i++;
    hz_assert(i < table->count);
    return reader->cell_of[i] ? &reader->csv.cells[reader->cell_of[i] - 1] : NULL;
}

/* Spaces that Excel and people leave around a cell: also U+00A0 and U+3000. */
static size_t blank_at(const char *at, size_t length)
{
    if (*at == ' ' || *at == '\t')
        return 1;
    if (length >= 2 && memcmp(at, "\xC2\xA0", 2) == 0)
        return 2;
    return length >= 3 && memcmp(at, "\xE3\x80\x80", 3) == 0 ? 3 : 0;
}

static bool ends_blank(const struct registry_cell *cell, uint32_t bytes)
{
    return cell->length >= bytes && blank_at(cell->at + cell->length - bytes, bytes) == bytes;
}

static bool has_control(const struct registry_cell *cell)
{
    for (uint32_t i = 0; i < cell->length; i++)
        if ((uint8_t)cell->at[i] < 0x20 || cell->at[i] == 0x7F)
            return true;
    return false;
}

static void trim(struct registry_cell *cell)
{
    uint32_t bytes;

    while (cell->length > 0 && (bytes = (uint32_t)blank_at(cell->at, cell->length)) > 0) {
        cell->at += bytes;
        cell->length -= bytes;
    }
    for (bytes = 1; bytes <= 3;) {
        if (ends_blank(cell, bytes)) {
            cell->length -= bytes;
            bytes = 1;
        } else {
            bytes++;
        }
    }
    if (cell->control)
        cell->control = has_control(cell); /* a tab at the end is none */
}

/* Bytes above space that are no part of U+00A0 or U+3000 need no trimming: nearly every cell. */
static void trim_row(struct registry_csv *csv)
{
    for (uint32_t i = 0; i < csv->count; i++) {
        struct registry_cell *cell = &csv->cells[i];
        uint8_t first, last;

        if (cell->length == 0)
            continue;
        first = (uint8_t)cell->at[0];
        last = (uint8_t)cell->at[cell->length - 1];
        if (first <= ' ' || first == 0xC2 || first == 0xE3 || last <= ' ' || last == 0xA0 ||
            last == 0x80)
            trim(cell);
    }
}

static bool row_empty(const struct registry_csv *csv)
{
    for (uint32_t i = 0; i < csv->count; i++)
        if (csv->cells[i].length > 0 || csv->cells[i].control)
            return false;
    return true;
}

/* The next row that says anything. Excel leaves rows of commas behind. */
static bool next_row(struct registry_reader *reader)
{
    for (;;) {
        switch (registry__csv_next(&reader->csv)) {
        case REGISTRY_END:
            return false;
        case REGISTRY_FAULT:
            REGISTRY_WRONG(reader, &reader->csv.cells[0], reader->csv.hint, "%s",
                           reader->csv.fault);
            break;
        case REGISTRY_ROW:
            trim_row(&reader->csv);
            if (!row_empty(&reader->csv))
                return true;
        }
    }
}

static void report_unknown(struct registry_reader *reader, const struct registry_cell *cell)
{
    struct hz_slice name = {cell->at, cell->length};
    struct hz_nearest nearest = hz_nearest(name);
    char quoted[REGISTRY_QUOTE_BYTES], hint[REGISTRY_HINT_BYTES];

    for (size_t i = 0; i < reader->table->count; i++)
        hz_nearest_try(&nearest, reader->table->columns[i].name);
    if (nearest.best)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest.best);
    else if (reader->width == 1 && (memchr(name.at, ';', name.length) || cell->control))
        snprintf(hint, sizeof(hint), "separate the columns by commas: save as CSV UTF-8");
    else
        snprintf(hint, sizeof(hint), "the columns of %s are in docs/registry.md",
                 reader->table->file);
    REGISTRY_WRONG(reader, cell, hint, "%s has no column %s", reader->table->file,
                   registry__quote(name, quoted));
}

static void read_heading(struct registry_reader *reader, uint32_t place)
{
    const struct registry_cell *cell = &reader->csv.cells[place];
    struct hz_slice name = {cell->at, cell->length};

    for (size_t i = 0; i < reader->table->count; i++) {
        if (!hz_slice_is(name, reader->table->columns[i].name))
            continue;
        if (reader->cell_of[i]) {
            REGISTRY_WRONG(reader, cell, NULL, "the column %s is there twice",
                           reader->table->columns[i].name);
            return;
        }
        reader->cell_of[i] = (uint8_t)(place + 1);
        reader->column_of[place] = (uint8_t)(i + 1);
        return;
    }
    if (cell->length > 0) /* one without a name may stand over empty cells */
        report_unknown(reader, cell);
}

static bool read_header(struct registry_reader *reader)
{
    bool good = true;

    if (!next_row(reader))
        return false;
    reader->width = reader->csv.count;
    for (uint32_t i = 0; i < reader->width; i++)
        read_heading(reader, i);
    for (size_t i = 0; i < reader->table->count; i++) {
        const struct registry_column *column = &reader->table->columns[i];

        if (column->required && !reader->cell_of[i]) {
            REGISTRY_WRONG(reader, NULL, NULL, "the column %s is missing: %s", column->name,
                           column->help);
            reader->draft->lost[reader->table->kind] = true;
            good = false;
        }
    }
    return good;
}

static bool width_good(struct registry_reader *reader)
{
    const struct registry_csv *csv = &reader->csv;

    for (uint32_t i = reader->width; i < csv->count; i++)
        if (csv->cells[i].length > 0) {
            REGISTRY_WRONG(reader, &csv->cells[i], "is there a comma too much before it?",
                           "the row has more cells than the first row has columns (%u)",
                           reader->width);
            return false;
        }
    if (csv->count < reader->width)
        REGISTRY_WRONG(reader, NULL, "is there a comma missing?",
                       "the row has %u cells, the first row has %u columns", csv->count,
                       reader->width);
    return csv->count >= reader->width;
}

/* False when the row has no id to take it by. */
static bool read_cells(struct registry_reader *reader, void *row)
{
    bool good = true;

    for (uint32_t i = 0; i < reader->width; i++) {
        const struct registry_cell *cell = &reader->csv.cells[i];
        const struct registry_column *column;

        if (reader->column_of[i] == 0)
            continue;
        column = &reader->table->columns[reader->column_of[i] - 1];
        if (cell->length > 0) {
            good &= registry__read_cell(reader, column, cell, row) || !column->required;
        } else if (column->required) {
            REGISTRY_WRONG(reader, cell, NULL, "%s: must not be empty", column->name);
            good = false;
        }
    }
    return good;
}

static void read_rows(struct registry_reader *reader)
{
    union {
        char bytes[REGISTRY_ROW_BYTES_MAX];
        double aligned;
    } row;

    while (!reader->over && reader->draft->code == 0 && next_row(reader)) {
        if (!width_good(reader))
            continue;
        memcpy(&row, reader->table->empty, reader->table->bytes);
        if (read_cells(reader, &row))
            reader->table->take(reader, &row);
    }
}

/* In points.d/ a file's name says the enterprise of its rows. */
static void read_file_name(struct registry_reader *reader)
{
    static const char directory[] = "points.d/", suffix[] = ".csv";
    struct hz_slice path = hz_slice(reader->file->path);
    char quoted[REGISTRY_QUOTE_BYTES];

    if (path.length <= strlen(directory) + strlen(suffix) ||
        memcmp(path.at, directory, strlen(directory)) != 0)
        return;
    reader->enterprise = (struct hz_slice){path.at + strlen(directory),
                                           path.length - strlen(directory) - strlen(suffix)};
    reader->enterprise_lost = hz_names_find(reader->draft->names, HZ_NAMED_ENTERPRISE,
                                            reader->enterprise.at, reader->enterprise.length) == 0;
    if (reader->enterprise_lost && !reader->draft->lost[HZ_NAMED_ENTERPRISE])
        hz_diagnose(reader->draft->diagnostics, reader->file->path, 0, 0,
                    "name the file by the code of an enterprise, or add that to enterprises.csv",
                    "there is no enterprise %s", registry__quote(reader->enterprise, quoted));
}

void registry__read_file(struct registry_draft *draft, const struct hz_file *file,
                         const struct registry_table *table)
{
    struct registry_reader *reader;
    struct registry_text text;
    int code = registry__decode(file, draft->diagnostics, &text);

    if (code < 0) {
        draft->lost[table->kind] = true;
        draft->code = code == HZ_ECONFIG ? draft->code : code;
        return;
    }
    reader = calloc(1, sizeof(*reader));
    if (reader) {
        *reader = (struct registry_reader){.draft = draft, .file = file, .table = table};
        reader->path = registry__string(draft, hz_slice(file->path));
        registry__csv_begin(&reader->csv, text.at, text.length);
        read_file_name(reader);
        if (read_header(reader))
            read_rows(reader);
    } else {
        draft->code = -ENOMEM;
    }
    free(reader);
    free(text.converted);
}
