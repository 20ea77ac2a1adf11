/* SPDX-License-Identifier: Apache-2.0
 *
 * Files as tables are saved: UTF-8 with and without a mark, GB18030, any line end; and text that is
 * damaged is refused, not guessed at. GB18030 bytes are written out, from iconv of glibc.
 */
#include "registry_case.h"

#include <stdio.h>

#define NAME_UTF8 "液氨球罐"
#define NAME_GB   "\xD2\xBA\xB0\xB1\xC7\xF2\xB9\xDE"

#define UTF16_SAID(file)                                                                           \
    file ":1:1: error: this is UTF-16 text, as Excel saves \"Unicode text\"\n"                     \
         "    hint: save it as \"CSV UTF-8\", or as CSV in GB18030\n"

static char *name_said;

/* The name of point P1 of a set whose points.csv holds these bytes; NULL: refused, see name_said. */
static const char *name_in(const char *bytes, size_t length)
{
    static const struct set_file sites[] = {GOOD_SITES, {NULL, NULL}};
    static char name[600];
    struct set_case *one = set_case_new();
    const char *found = NULL;

    for (const struct set_file *file = sites; file->path; file++)
        set_case_add(one, file->path, file->text);
    set_case_add(one, "hazardd.yaml", GOOD_CONFIG);
    assert_int_equal(hz_files_add(&one->files, "points.csv", bytes, length), 0);
    set_case_run(one);
    free(name_said);
    name_said = strdup(one->said);
    if (one->code == 0) {
        const struct hz_point *point =
            hz_registry_point(one->set->registry, id_of(one, HZ_NAMED_POINT, "330382001/TF01/P1"));

        assert_non_null(point);
        strcpy(name, hz_registry_string(one->set->registry, point->name));
        found = name;
    }
    set_case_free(one);
    return found;
}

#define NAME_IN(text) name_in(text, sizeof(text) - 1)

static void all_line_ends_and_marks_give_the_same(void **state)
{
    (void)state;
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1," NAME_UTF8 "\n"), NAME_UTF8);
    assert_string_equal(NAME_IN("\xEF\xBB\xBFhazard,code,name\n330382001/TF01,P1," NAME_UTF8),
                        NAME_UTF8);
    assert_string_equal(
        NAME_IN("\xEF\xBB\xBFhazard,code,name\r\n330382001/TF01,P1," NAME_UTF8 "\r\n"), NAME_UTF8);
    assert_string_equal(NAME_IN("hazard,code,name\r330382001/TF01,P1," NAME_UTF8 "\r"), NAME_UTF8);
    assert_string_equal(NAME_IN("\xEF\xBB\xBF\"hazard\",\"code\",\"name\"\n"
                                "\"330382001/TF01\",\"P1\",\"" NAME_UTF8 "\"\n"),
                        NAME_UTF8);
}

static void gb18030_is_converted(void **state)
{
    (void)state;
    assert_string_equal(NAME_IN("hazard,code,name\r\n330382001/TF01,P1," NAME_GB "\r\n"),
                        NAME_UTF8);
    /* one character alone; a quoted cell; four bytes for U+20000; a second byte that is a \ in ASCII */
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,\xB0\xB1\n"), "氨");
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,\"" NAME_GB ",\"\"1\"\"\"\n"),
                        NAME_UTF8 ",\"1\"");
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,\x95\x32\x82\x36\xB0\xB1\n"),
                        "𠀀氨");
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,\x81\x5C\xB0\xB1\n"), "乗氨");
}

static void faults_in_gb18030_are_counted_in_characters(void **state)
{
    (void)state;
    assert_null(NAME_IN("hazard,code,name,H\n330382001/TF01,P1," NAME_GB ",x\n"));
    assert_string_equal(name_said, "points.csv:2:24: error: H: x is no number\n");
}

static void damaged_text_is_refused(void **state)
{
    (void)state;
    /* UTF-8 with one byte lost: read as GB18030 it would be rubbish without a fault */
    assert_null(NAME_IN("hazard,code,name\n330382001/TF01,P1,液氨\xE7\x90罐\n"));
    assert_string_equal(name_said, "points.csv:2:21: error: a byte here is not UTF-8 text\n"
                                   "    hint: save the file as CSV UTF-8\n");
    assert_null(
        NAME_IN("hazard,code,name\n330382001/TF01,P1,液氨\xE7\xBD\n")); /* as GB18030 it is good */
    assert_string_equal(name_said, "points.csv:2:21: error: a byte here is not UTF-8 text\n"
                                   "    hint: save the file as CSV UTF-8\n");
    assert_null(NAME_IN("hazard,code,name\n330382001/TF01,P1,液\xE6\n")); /* it may be either */
    /* neither */
    assert_null(NAME_IN("hazard,code,name\n330382001/TF01,P1,\xFF\xFF\xFF\n"));
    assert_string_equal(name_said, "points.csv:2:19: error: a byte here is not UTF-8 text\n"
                                   "    hint: save the file as CSV UTF-8\n");
    /* half a character at the end */
    assert_null(NAME_IN("hazard,code,name\n330382001/TF01,P1," NAME_GB "\xB0"));
    /* a mark says UTF-8; the first character happens to be some */
    assert_null(NAME_IN("\xEF\xBB\xBFhazard,code,name\n330382001/TF01,P1," NAME_GB "\n"));
    assert_string_equal(name_said, "points.csv:2:20: error: a byte here is not UTF-8 text\n"
                                   "    hint: save the file as CSV UTF-8\n");
    assert_null(NAME_IN("\xFF\xFEh\0a\0z\0"));
    assert_string_equal(name_said, UTF16_SAID("points.csv"));
    assert_null(NAME_IN("\xFE\xFF\0h\0a\0z"));
    assert_string_equal(name_said, UTF16_SAID("points.csv"));
}

/* One error for each such file: what refers to its rows is not what is wrong. */
static void a_file_that_is_no_text_is_told_once(void **state)
{
    static const char utf16[] = "\xFF\xFE"
                                "c\0o\0d\0e\0\n\0";
    static const char *const lost[] = {"parks.csv", "enterprises.csv", "hazards.csv",
                                       "gateways.csv"};
    static const struct set_file sites[] = {
        GOOD_SITES,
        {"points.csv", "enterprise,hazard,code,gateway,alive_by\n330382001,TF01,P1,GW1,\n"
                       "330382001,TF01,P2,,gateway\n"},
        {"points.d/330382002.csv", "hazard,code\nCL01,P1\n"},
        {NULL, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        struct set_case *one = set_case_new();
        char wanted[256];

        for (const struct set_file *file = sites; file->path; file++)
            if (strcmp(file->path, lost[i]) != 0)
                set_case_add(one, file->path, file->text);
        set_case_add(one, "hazardd.yaml", GOOD_CONFIG);
        assert_int_equal(hz_files_add(&one->files, lost[i], utf16, sizeof(utf16) - 1), 0);
        set_case_run(one);
        (void)snprintf(wanted, sizeof(wanted), UTF16_SAID("%s"), lost[i]);
        assert_string_equal(one->said, wanted);
        assert_int_equal(one->code, HZ_ECONFIG);
        set_case_free(one);
    }
}

/* The same for a file without the column that its rows are known by. */
static void a_file_without_its_ids_is_told_once(void **state)
{
    static const struct set_file files[] = {
        {"enterprises.csv", "cod\n330382001\n"},
        {"hazards.csv", "enterprise,code\n330382001,TF01\n"},
        {"points.csv", "enterprise,hazard,code\n330382001,TF01,P1\n"},
        {NULL, NULL}};
    struct set_case *one = set_case_of(files);

    (void)state;
    assert_string_equal(one->said,
                        "enterprises.csv:1:1: error: enterprises.csv has no column cod\n"
                        "    hint: did you mean code?\n"
                        "enterprises.csv:1: error: the column code is missing: id of the "
                        "enterprise, for ever\n");
    set_case_free(one);
}

static void blanks_around_cells_count_nothing(void **state)
{
    (void)state;
    assert_string_equal(
        NAME_IN(" hazard ,code,\tname\t\n330382001/TF01\xC2\xA0,\xE3\x80\x80P1 , a  b\t\n"),
        "a  b");
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,a \xC2\xA0 \xE3\x80\x80\n"),
                        "a");
    /* bytes at a cell's end that only look like the end of a blank */
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,\xE7\x80\x80\n"),
                        "\xE7\x80\x80");
    assert_string_equal(NAME_IN("hazard,code,name\n330382001/TF01,P1,\xE2\x82\xA0\n"),
                        "\xE2\x82\xA0");
}

static void rows_without_anything_are_passed_over(void **state)
{
    (void)state;
    assert_string_equal(
        NAME_IN("\n\r\nhazard,code,name,,\n,,,,\n\n330382001/TF01,P1,x,,\n ,,,,\n,,,,"), "x");
    assert_null(NAME_IN("hazard,code,name,\n330382001/TF01,P1,x,\n,,,,y\n"));
    assert_non_null(strstr(name_said, "points.csv:3:5: error: the row has more cells"));
}

static int forget(void **state)
{
    (void)state;
    free(name_said);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_line_ends_and_marks_give_the_same),
        cmocka_unit_test(gb18030_is_converted),
        cmocka_unit_test(faults_in_gb18030_are_counted_in_characters),
        cmocka_unit_test(damaged_text_is_refused),
        cmocka_unit_test(a_file_that_is_no_text_is_told_once),
        cmocka_unit_test(a_file_without_its_ids_is_told_once),
        cmocka_unit_test(blanks_around_cells_count_nothing),
        cmocka_unit_test(rows_without_anything_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, forget);
}
