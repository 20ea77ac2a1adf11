/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a CSV text: UTF-8 or a fault; every cell lies in the text or in the scratch, every row goes
 * on behind the one before, and a number is what strtod says. Faster than whole sets (fuzz_csv.c).
 */
#include "fuzz.h"

#include "registry_priv.h"

#include <math.h>
#include <stdlib.h>

static bool inside(const char *at, size_t length, const char *from, size_t size)
{
    return at >= from && length <= size && (size_t)(at - from) <= size - length;
}

static void check_number(struct hz_slice text)
{
    double number, ns;
    char copy[REGISTRY_CELL_BYTES_MAX + 1], *end;

    (void)registry__duration(text, &ns);
    if (!registry__number(text, &number))
        return;
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    double wanted = strtod(copy, &end);
    if (*end != '\0' || !isfinite(number) || memcmp(&number, &wanted, sizeof(number)) != 0)
        abort();
}

static void check_row(const struct registry_csv *csv, const struct registry_text *text)
{
    if (csv->count == 0 || csv->count > REGISTRY_CELLS_MAX)
        abort();
    for (uint32_t i = 0; i < csv->count; i++) {
        const struct registry_cell *cell = &csv->cells[i];
        struct hz_slice rest = {cell->at, cell->length}, word;

        if (!inside(cell->at, cell->length, text->at, text->length) &&
            !inside(cell->at, cell->length, csv->scratch, sizeof(csv->scratch)))
            abort();
        if (registry__csv_spot(csv, cell->from).line < csv->line)
            abort();
        check_number(rest);
        while (registry__next_word(&rest, &word))
            if (memchr(word.at, ';', word.length))
                abort();
    }
}

static void read_rows(const struct registry_text *text)
{
    static struct registry_csv csv;
    const char *before = NULL;
    enum registry_csv_row row;

    registry__csv_begin(&csv, text->at, text->length);
    while ((row = registry__csv_next(&csv)) != REGISTRY_END) {
        if (csv.at <= csv.row || csv.row < text->at || (before && csv.row <= before))
            abort();
        before = csv.row;
        if (row == REGISTRY_ROW)
            check_row(&csv, text);
        else if (!csv.fault || !inside(csv.cells[0].from, 0, text->at, text->length))
            abort();
    }
    if (csv.at != text->at + text->length)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hz_file file = {
        .path = "f.csv", .bytes = size > 0 ? (const char *)data : "", .length = size};
    struct hz_diagnostics diagnostics;
    struct registry_text text;

    hz_diagnostics_init(&diagnostics);
    int code = registry__decode(&file, &diagnostics, &text);
    if ((code == 0) != (diagnostics.errors == 0))
        abort();
    if (code == 0) {
        for (size_t at = 0, bytes; at < text.length; at += bytes) {
            bytes = hz_utf8_character(text.at + at, text.length - at);
            if (bytes == 0)
                abort();
        }
        read_rows(&text);
        free(text.converted);
    }
    hz_diagnostics_done(&diagnostics);
    return 0;
}
