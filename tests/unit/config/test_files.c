/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a set: which are read, which are refused, that the digest is of paths and contents
 * only. And what is kept of many diagnostics, and secrets.
 */
#include "config_case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[64]; /* of the test's own directory */

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    int fd = open(path_of(name), O_CREAT | O_TRUNC | O_WRONLY, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int begin(void **state)
{
    (void)state;
    strcpy(place, "/tmp/hz-files-XXXXXX");
    assert_non_null(mkdtemp(place));
    assert_int_equal(mkdir(path_of("rules.d"), 0700), 0);
    put("hazardd.yaml", GOOD_FEED, 0640);
    put("rules.d/b.yaml", "b", 0640);
    return 0;
}

static int end(void **state)
{
    static const char *const names[] = {"hazardd.yaml",    "points.csv",    "rules.d/a.yaml",
                                        "rules.d/b.yaml",  "rules.d/c.yml", "rules.d/.d.yaml",
                                        "rules.d/e.yaml~", "secret",        "rules.d"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)remove(path_of(names[i])); /* not every test makes each of them */
    assert_int_equal(rmdir(place), 0);
    return 0;
}

static struct parsed *read_place(int code)
{
    struct parsed *parsed = parsed_new();
    struct hz_text said = hz_text_in(parsed->said, sizeof(parsed->said));

    assert_int_equal(hz_files_read(&parsed->files, place, &parsed->diagnostics), code);
    for (uint32_t i = 0; i < parsed->diagnostics.kept_count; i++) {
        hz_diagnostic_write(&parsed->diagnostics.kept[i], &said);
        hz_text_puts(&said, "\n");
    }
    return parsed;
}

static void the_files_of_the_set_are_read(void **state)
{
    (void)state;
    put("rules.d/a.yaml", "a", 0640);
    put("rules.d/c.yml", "c", 0640);
    put("rules.d/.d.yaml", "d", 0640);
    put("rules.d/e.yaml~", "e", 0640);
    put("secret", "s", 0640);
    struct parsed *parsed = read_place(0);
    assert_int_equal(parsed->files.count, 3);
    assert_string_equal(parsed->files.files[0].path, "hazardd.yaml");
    assert_string_equal(parsed->files.files[1].path, "rules.d/a.yaml");
    assert_string_equal(parsed->files.files[2].path, "rules.d/b.yaml");
    assert_string_equal(parsed->said, "rules.d/c.yml: warning: is not read\n"
                                      "    hint: name it .yaml\n");
    parsed_free(parsed);
}

/* A misspelt name takes all rows of its file from the set: it is told, and stops nothing. */
static void what_looks_misspelt_is_warned_of(void **state)
{
    static const char *const names[] = {
        "point.csv",       "Hazards.CSV",    "foo.csv",         "high.yaml",       "hazardd.yml",
        "points copy.csv", "points.csv~",    "points.csv.bak",  ".points.csv.swp", "~$points.csv",
        "notes.txt",       "rules.d/g.YAML", "rules.d/~$h.yaml"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        put(names[i], "x", 0640);
    assert_int_equal(mkdir(path_of("point.d"), 0700), 0);
    assert_int_equal(mkdir(path_of("old"), 0700), 0);
    struct parsed *parsed = read_place(0);
    assert_int_equal(parsed->files.count, 2);
    assert_string_equal(parsed->said,
                        "rules.d/g.YAML: warning: is not read\n"
                        "    hint: name it .yaml\n"
                        "Hazards.CSV: warning: is not read\n"
                        "    hint: did you mean hazards.csv?\n"
                        "foo.csv: warning: is not read\n"
                        "    hint: the names of the tables are in docs/registry.md\n"
                        "hazardd.yml: warning: is not read\n"
                        "    hint: did you mean hazardd.yaml, which is there as well?\n"
                        "high.yaml: warning: is not read\n"
                        "    hint: rules belong into rules.d/\n"
                        "point.csv: warning: is not read\n"
                        "    hint: did you mean points.csv?\n"
                        "point.d: warning: is not read\n"
                        "    hint: did you mean points.d?\n"
                        "points copy.csv: warning: is not read\n"
                        "    hint: did you mean points.csv?\n");
    assert_int_equal(parsed->diagnostics.warnings, 8);
    parsed_free(parsed);
    put("points.csv", "x", 0640);
    assert_int_equal(remove(path_of("hazardd.yaml")), 0);
    parsed = read_place(0);
    assert_null(strstr(parsed->said, "did you mean points.csv?"));
    assert_non_null(strstr(parsed->said, "did you mean points.csv, which is there as well?"));
    assert_non_null(strstr(parsed->said, "hazardd.yml: warning: is not read\n"
                                         "    hint: did you mean hazardd.yaml?\n"));
    parsed_free(parsed);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(remove(path_of(names[i])), 0);
    assert_int_equal(rmdir(path_of("point.d")), 0);
    assert_int_equal(rmdir(path_of("old")), 0);
}

static void what_anybody_may_write_is_refused(void **state)
{
    (void)state;
    put("rules.d/a.yaml", "a", 0666);
    struct parsed *parsed = read_place(HZ_ECONFIG);
    assert_null(hz_files_find(&parsed->files, "rules.d/a.yaml"));
    assert_string_equal(parsed->said, "rules.d/a.yaml: error: may be written by anybody: refused\n"
                                      "    hint: chmod o-w\n");
    parsed_free(parsed);

    put("rules.d/a.yaml", "a", 0600);
    assert_int_equal(chmod(path_of("rules.d"), 0777), 0);
    parsed = read_place(HZ_ECONFIG);
    assert_string_equal(parsed->said, "rules.d: error: anybody may add files: refused\n"
                                      "    hint: chmod o-w\n");
    parsed_free(parsed);
}

static void a_link_stays_within_the_directory(void **state)
{
    (void)state;
    assert_int_equal(symlink("b.yaml", path_of("rules.d/a.yaml")), 0);
    struct parsed *parsed = read_place(0);
    assert_non_null(hz_files_find(&parsed->files, "rules.d/a.yaml"));
    parsed_free(parsed);

    assert_int_equal(symlink("/etc/passwd", path_of("points.csv")), 0);
    parsed = read_place(HZ_ECONFIG);
    assert_string_equal(parsed->said,
                        "points.csv: error: is a link that leads out of the directory\n"
                        "    hint: put the file itself here\n");
    parsed_free(parsed);
}

static void what_can_not_be_read_is_a_fault(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("points.csv"), 0700), 0);
    assert_int_equal(symlink("nowhere", path_of("rules.d/a.yaml")), 0);
    struct parsed *parsed = read_place(HZ_ECONFIG);
    assert_string_equal(parsed->said,
                        "points.csv: error: is not a regular file\n"
                        "rules.d/a.yaml: error: can not be read: No such file or directory\n");
    parsed_free(parsed);
}

static void the_digest_is_of_paths_and_contents(void **state)
{
    struct hz_files one, other;
    char hex[HZ_DIGEST_TEXT_BYTES];

    (void)state;
    hz_files_init(&one);
    hz_files_init(&other);
    assert_int_equal(hz_files_add(&one, "a", "1", 1), 0);
    assert_int_equal(hz_files_add(&one, "b", "", 0), 0);
    assert_int_equal(hz_files_add(&other, "b", "", 0), 0);
    assert_int_equal(hz_files_add(&other, "a", "1", 1), 0);
    struct hz_digest digest = hz_files_digest(&one), same = hz_files_digest(&other);
    assert_memory_equal(&digest, &same, sizeof(digest));
    /* printf 1 > a; : > b; sha256sum a b | sha256sum */
    hz_digest_text(&digest, hex);
    assert_string_equal(hex, "e7a580e5e495029ab713061940e30071c8c0350f37cb6c6b80c74528e802cb0a");
    assert_int_equal(hz_files_add(&one, "a", "2", 1), -EEXIST);
    hz_files_done(&one);
    hz_files_done(&other);
}

static void all_diagnostics_are_counted_some_are_kept(void **state)
{
    struct hz_diagnostics all;

    (void)state;
    hz_diagnostics_init(&all);
    for (uint32_t i = 0; i < HZ_DIAGNOSTICS_KEPT + 500; i++)
        hz_diagnose(&all, "f", i + 1, 0, NULL, "fault %u", i);
    assert_int_equal(all.errors, HZ_DIAGNOSTICS_KEPT + 500);
    assert_int_equal(all.kept_count, HZ_DIAGNOSTICS_KEPT);
    assert_string_equal(all.kept[HZ_DIAGNOSTICS_KEPT - 1].message, "fault 999");
    hz_diagnostics_done(&all);
}

static void a_secret_is_one_line(void **state)
{
    char secret[8];

    (void)state;
    put("secret", "abc\r\n", 0600);
    assert_int_equal(hz_secret_read(path_of("secret"), secret, sizeof(secret)), 0);
    assert_string_equal(secret, "abc");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", place, 1), 0);
    assert_int_equal(hz_secret_read("secret", secret, sizeof(secret)), 0);
    put("secret", "abcdefgh", 0600);
    assert_int_equal(hz_secret_read("secret", secret, sizeof(secret)), HZ_ELIMIT);
    assert_int_equal(secret[0], 0);
    assert_int_equal(hz_secret_read("none", secret, sizeof(secret)), -ENOENT);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(hz_secret_read("secret", secret, sizeof(secret)), -ENOENT);
}

static const char *fault_of(const char *path, int code)
{
    static char room[512];
    struct hz_text text = hz_text_in(room, sizeof(room));

    hz_secret_fault(path, code, &text);
    return room;
}

static void why_a_secret_is_none_names_its_place(void **state)
{
    (void)state;
    assert_string_equal(fault_of("/a/b", -EACCES),
                        "password_file /a/b can not be read: Permission denied");
    assert_string_equal(fault_of("/a/b", -EINVAL),
                        "password_file /a/b can not be read: it holds a zero byte");
    assert_string_equal(fault_of("/a/b", HZ_ELIMIT),
                        "password_file /a/b can not be read: it is longer than any password");
    assert_string_equal(fault_of("b", -ENOENT),
                        "password_file b can not be read: a path without / at its beginning is "
                        "one of systemd's credentials, and there are none");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
    assert_string_equal(fault_of("b", -ENOENT), "password_file b can not be read: No such file or "
                                                "directory (in /run/credentials/x)");
    assert_string_equal(fault_of("/a/b", -ENOENT),
                        "password_file /a/b can not be read: No such file or directory");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_files_of_the_set_are_read, begin, end),
        cmocka_unit_test_setup_teardown(what_looks_misspelt_is_warned_of, begin, end),
        cmocka_unit_test_setup_teardown(what_anybody_may_write_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_link_stays_within_the_directory, begin, end),
        cmocka_unit_test_setup_teardown(what_can_not_be_read_is_a_fault, begin, end),
        cmocka_unit_test(the_digest_is_of_paths_and_contents),
        cmocka_unit_test(all_diagnostics_are_counted_some_are_kept),
        cmocka_unit_test_setup_teardown(a_secret_is_one_line, begin, end),
        cmocka_unit_test(why_a_secret_is_none_names_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
