/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows and cells of RFC 4180: what is read, where faults are, how reading goes on behind them; and
 * whatever is written by the rules comes back the same.
 */
#include "registry_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* All rows as one text: cells in [], a row a line with its number, faults with their place. */
static void read_all(const char *text, size_t length, char *to, size_t size)
{
    struct registry_csv *csv = calloc(1, sizeof(*csv));
    char *exact = malloc(length > 0 ? length : 1); /* so that reading past the end is seen */
    struct hz_text out = hz_text_in(to, size);
    enum registry_csv_row row;

    assert_true(csv && exact);
    memcpy(exact, text, length);
    registry__csv_begin(csv, exact, length);
    while ((row = registry__csv_next(csv)) != REGISTRY_END) {
        hz_text_format(&out, "%u ", csv->line);
        for (uint32_t i = 0; row == REGISTRY_ROW && i < csv->count; i++) {
            hz_text_puts(&out, csv->cells[i].control ? "![" : "[");
            hz_text_add(&out, csv->cells[i].at, csv->cells[i].length);
            hz_text_puts(&out, "]");
        }
        if (row == REGISTRY_FAULT) {
            struct registry_spot spot = registry__csv_spot(csv, csv->cells[0].from);

            hz_text_format(&out, "%u:%u %s", spot.line, spot.column, csv->fault);
        }
        hz_text_puts(&out, "\n");
    }
    assert_false(out.overflow);
    free(exact);
    free(csv);
}

static const struct {
    const char *text, *rows;
} cases[] = {
    {"", ""},
    {"a", "1 [a]\n"},
    {"a\n", "1 [a]\n"},
    {"a,b\nc,d", "1 [a][b]\n2 [c][d]\n"},
    {"a,b\r\nc,d\r\n", "1 [a][b]\n2 [c][d]\n"},
    {"a,b\rc,d\r", "1 [a][b]\n2 [c][d]\n"},
    {"a,\n,b\n,\n", "1 [a][]\n2 [][b]\n3 [][]\n"},
    {"a,", "1 [a][]\n"},
    {"\n\na\n", "1 []\n2 []\n3 [a]\n"},
    {"\"a\"\n", "1 [a]\n"},
    {"\"a\",\"\",\"b\"", "1 [a][][b]\n"},
    {"\"a,b\",c\n", "1 [a,b][c]\n"},
    {"\"a \"\"b\"\" c\"\n", "1 [a \"b\" c]\n"},
    {"\"\"\"\"\n", "1 [\"]\n"},
    {"\"\"\"\",\"\"\"\"\"\"\n", "1 [\"][\"\"]\n"},
    {"\"a\nb\",c\nd,e\n", "1 ![a\nb][c]\n3 [d][e]\n"},
    {"\"a\r\nb\"\r\nd\r\n", "1 ![a\r\nb]\n3 [d]\n"},
    {"a\tb\n", "1 ![a\tb]\n"},
    {"a\x7f,b\n", "1 ![a\x7f][b]\n"},
    {" a , b \n", "1 [ a ][ b ]\n"}, /* trimming is not this reader's */
    {"液氨,\"罐\"\n", "1 [液氨][罐]\n"},
    /* faults; reading goes on with the next line */
    {"a,\"b\nc,d\n", "1 1:3 the quote is not closed\n2 [c][d]\n"},
    {"\"a\"b,c\nd\n", "1 1:4 text behind the closing quote\n2 [d]\n"},
    {"\"a\" ,c\nd\n", "1 1:4 text behind the closing quote\n2 [d]\n"},
    {"a\"b,c\nd\n", "1 1:2 a quote inside a cell without quotes\n2 [d]\n"},
    {"a, \"b\"\nd\n", "1 1:4 a quote inside a cell without quotes\n2 [d]\n"},
    {"液氨,罐\"\nd\n", "1 1:5 a quote inside a cell without quotes\n2 [d]\n"},
    /* a forgotten quote finds the next one: the row it began in is lost, the others are not */
    {"a,\"b\nc,d\ne,\"f\"\ng\n",
     "1 3:4 text behind the closing quote\n2 [c][d]\n3 [e][f]\n4 [g]\n"},
    {"\"a\nb\"c\nd\n", "1 2:3 text behind the closing quote\n"
                       "2 2:2 a quote inside a cell without quotes\n3 [d]\n"},
    {"a,\"", "1 1:3 the quote is not closed\n"},
    {"\"a\r\nb\r\n", "1 1:1 the quote is not closed\n2 [b]\n"},
};

static void rows_are_read_as_the_standard_says(void **state)
{
    char said[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_all(cases[i].text, strlen(cases[i].text), said, sizeof(said));
        assert_string_equal(said, cases[i].rows);
    }
    read_all("a\0b,c\n", 6, said, sizeof(said));
    assert_string_equal(said, "1 ![a");
}

static void cells_and_rows_have_their_bounds(void **state)
{
    static char text[6 * 3001], said[6 * 3001];

    (void)state;
    for (size_t length = REGISTRY_CELL_BYTES_MAX; length <= REGISTRY_CELL_BYTES_MAX + 1; length++) {
        bool good = length == REGISTRY_CELL_BYTES_MAX;

        memset(text, 'x', length);
        read_all(text, length, said, sizeof(said));
        assert_true((strstr(said, "longer than 4096") == NULL) == good);
        text[0] = text[length + 1] = '"';
        text[length] = 'x';
        read_all(text, length + 2, said, sizeof(said));
        assert_true((strstr(said, "is not closed") == NULL) == good);
    }
    memset(text, ',', sizeof(text));
    read_all(text, REGISTRY_CELLS_MAX - 1, said, sizeof(said));
    assert_null(strstr(said, "more than"));
    read_all(text, REGISTRY_CELLS_MAX, said, sizeof(said));
    assert_string_equal(said, "1 1:65 the row has more than 64 cells\n");
    /* the fifth cell of doubled quotes needs more than there is room for */
    memset(text, '"', sizeof(text));
    for (size_t at = 3000; at < sizeof(text); at += 3001)
        text[at] = ',';
    read_all(text, sizeof(text) - 1, said, sizeof(said));
    assert_string_equal(said, "1 1:12005 the row has too much text in quotes\n");
}

static uint64_t random_state = 88172645463325252u;

static unsigned draw(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % below);
}

static size_t draw_cell(char *cell)
{
    static const char *const pieces[] = {"a", "液", ",", "\"", "\n", "\r\n", " ", "9", "\t", ";"};
    size_t length = 0;

    for (unsigned left = draw(5); left > 0; left--) {
        const char *piece = pieces[draw(10)];

        memcpy(cell + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return length;
}

static void write_cell(struct hz_text *to, const char *cell, size_t length)
{
    bool quoted = draw(4) == 0;

    for (size_t i = 0; i < length; i++)
        quoted |= strchr(",\"\r\n", cell[i]) != NULL;
    if (!quoted) {
        hz_text_add(to, cell, length);
        return;
    }
    hz_text_puts(to, "\"");
    for (size_t i = 0; i < length; i++) {
        hz_text_add(to, cell + i, 1);
        if (cell[i] == '"')
            hz_text_puts(to, "\"");
    }
    hz_text_puts(to, "\"");
}

static void what_is_written_comes_back(void **state)
{
    enum { CELLS = 8, ROWS = 20000 };
    static char text[4096];
    static struct registry_csv csv;

    (void)state;
    for (int round = 0; round < ROWS; round++) {
        char cells[CELLS][32];
        size_t lengths[CELLS];
        unsigned count = 1 + draw(CELLS);
        struct hz_text to = hz_text_in(text, sizeof(text));

        hz_text_puts(&to, "first\n");
        for (unsigned i = 0; i < count; i++) {
            lengths[i] = draw_cell(cells[i]);
            if (i > 0)
                hz_text_puts(&to, ",");
            write_cell(&to, cells[i], lengths[i]);
        }
        hz_text_puts(&to, draw(2) ? "\r\n" : "\n");
        hz_text_puts(&to, "last");
        registry__csv_begin(&csv, text, to.length);
        assert_int_equal(registry__csv_next(&csv), REGISTRY_ROW);
        assert_int_equal(registry__csv_next(&csv), REGISTRY_ROW);
        assert_int_equal(csv.count, count);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(csv.cells[i].length, lengths[i]);
            assert_memory_equal(csv.cells[i].at, cells[i], lengths[i]);
        }
        assert_int_equal(registry__csv_next(&csv), REGISTRY_ROW);
        assert_int_equal(csv.cells[0].length, 4);
        assert_int_equal(registry__csv_next(&csv), REGISTRY_END);
    }
}

/* The exact double that strtod gives, or the fault that it does not see. */
static void numbers_are_those_of_strtod(void **state)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "+1",
                                       "1.5",
                                       "007",
                                       "90.41",
                                       "1e3",
                                       "-1.5E-3",
                                       "0.1",
                                       "123456789012345.678",
                                       "999999999999999",
                                       "0.000000000000001",
                                       "1e-320",
                                       "1e308",
                                       "179769313486231570000000000000000000000"};
    static const char *const bad[] = {"",    "-",   ".",     ".5",  "5.",    "1e",
                                      "1e+", "0x1", "1_0",   "1 ",  " 1",    "inf",
                                      "nan", "1,5", "1e309", "--1", "1.2.3", "１"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        double number = 77;

        assert_true(registry__number(hz_slice(good[i]), &number));
        assert_memory_equal(&number, &(double){strtod(good[i], NULL)}, sizeof(number));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        double number = 77;

        assert_false(registry__number(hz_slice(bad[i]), &number));
        assert_true(number == 77);
    }
    for (int round = 0; round < 200000; round++) {
        double number, wanted;

        snprintf(text, sizeof(text), "%s%u.%0*u", draw(2) ? "-" : "", draw(100000000),
                 1 + (int)draw(8), draw(10000000));
        wanted = strtod(text, NULL);
        assert_true(registry__number(hz_slice(text), &number));
        assert_memory_equal(&number, &wanted, sizeof(number));
    }
}

static void durations_have_units(void **state)
{
    static const struct {
        const char *text;
        double ns;
    } good[] = {{"500ms", 5e8}, {"10s", 1e10},  {"1.5 min", 9e10},
                {"0s", 0},      {"2h", 7.2e12}, {"30d", 2.592e15}};
    static const char *const bad[] = {"10",    "10 ",   "s",    "10S",
                                      "10sec", "10  s", "1e3s", "3 intervals"};
    double ns;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(registry__duration(hz_slice(good[i].text), &ns));
        assert_true(ns == good[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(registry__duration(hz_slice(bad[i]), &ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_as_the_standard_says),
        cmocka_unit_test(cells_and_rows_have_their_bounds),
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(numbers_are_those_of_strtod),
        cmocka_unit_test(durations_have_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
