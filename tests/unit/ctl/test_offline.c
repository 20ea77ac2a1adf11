/* SPDX-License-Identifier: Apache-2.0
 *
 * What needs no daemon: `check` on good and broken directories, `config`, help, and what is said to a
 * command line that is wrong.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FEED                                                                                       \
    "feeds:\n"                                                                                     \
    "- name: city\n"                                                                               \
    "  address: h:1883\n"                                                                          \
    "  client_id: c\n"                                                                             \
    "  filters:\n"                                                                                 \
    "  - filter: hz/+/+/+\n"                                                                       \
    "    topic: hz/{enterprise}/{hazard}/{point}\n"

#define RULE(high)                                                                                 \
    "schema: 1\n"                                                                                  \
    "rules:\n"                                                                                     \
    "- id: tank-level\n"                                                                           \
    "  name: {zh: 储罐液位, en: tank level}\n"                                                 \
    "  select: {kind: level}\n"                                                                    \
    "  limits:\n"                                                                                  \
    "    HH: {severity: red, fallback: 90}\n"                                                      \
    "    H: {severity: orange, fallback: " high "}\n"

#define POINTS(hazard)                                                                             \
    "enterprise,hazard,code,name,kind,unit\n"                                                      \
    "330382001," hazard ",LT101,1#液氨球罐液位,level,%\n"

static const char *const paths[] = {"hazardd.yaml", "enterprises.csv", "hazards.csv", "points.csv",
                                    "rules.d/tank.yaml"};
#define PATHS (sizeof(paths) / sizeof(paths[0]))

static struct fake *fake;
static char place[64];

static void path_of(const char *name, char to[256])
{
    (void)snprintf(to, 256, "%s/%s", place, name);
}

static void put(const char *name, const char *text)
{
    char path[256];

    path_of(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fchmod(fileno(file), 0640), 0);
    assert_int_equal(fclose(file), 0);
}

/* A set without a fault and without a warning. */
static int begin(void **state)
{
    char path[256];

    (void)state;
    fake = fake_new();
    strcpy(place, "/tmp/hz-check-XXXXXX");
    assert_non_null(mkdtemp(place));
    path_of("rules.d", path);
    assert_int_equal(mkdir(path, 0750), 0);
    put("hazardd.yaml", FEED);
    put("enterprises.csv", "code,name\n330382001,某某化工\n");
    put("hazards.csv", "enterprise,code,name,level\n330382001,TF01,液氨罐区,1\n");
    put("points.csv", POINTS("TF01"));
    put("rules.d/tank.yaml", RULE("85"));
    return 0;
}

static int end(void **state)
{
    char path[256];

    (void)state;
    for (size_t i = 0; i < PATHS; i++) {
        path_of(paths[i], path);
        (void)unlink(path); /* a test may have taken it away */
    }
    path_of("rules.d", path);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(place), 0);
    fake_free(fake);
    return 0;
}

static void a_good_set_is_0(void **state)
{
    char said[256];

    (void)state;
    const struct ran *ran = RUN(fake, "check", "--config", place);
    assert_string_equal(ran->err, "");
    assert_int_equal(ran->code, 0);
    (void)snprintf(said, sizeof(said),
                   "%s: good; rules: 1, points: 1, feeds: 1, warnings: 0, set: ", place);
    assert_memory_equal(ran->out, said, strlen(said));
    assert_int_equal(strlen(ran->out), strlen(said) + 9);
    assert_int_equal(RUN(fake, "check", "-c", place, "--strict")->code, 0);
}

static void every_fault_is_told_with_its_place_and_is_78(void **state)
{
    char said[256];

    (void)state;
    put("points.csv", POINTS("TF02"));
    put("rules.d/tank.yaml", RULE("85 %")); /* per cent of what? */
    const struct ran *ran = RUN(fake, "check", "--config", place);
    assert_int_equal(ran->code, 78);
    assert_string_equal(ran->out, "");
    assert_non_null(strstr(ran->err, "rules.d/tank.yaml:8:"));
    assert_non_null(strstr(ran->err, "\n    hint: "));
    (void)snprintf(said, sizeof(said), "\n%s: not good; errors: ", place);
    assert_non_null(strstr(ran->err, said));

    put("rules.d/tank.yaml", RULE("85"));
    ran = RUN(fake, "check", "--config", place);
    assert_int_equal(ran->code, 78);
    assert_non_null(strstr(ran->err, "points.csv:2:"));
}

/* What only the compiler of rules sees: H above HH. */
static void limits_in_the_wrong_order_are_found(void **state)
{
    (void)state;
    put("rules.d/tank.yaml", RULE("95"));
    const struct ran *ran = RUN(fake, "check", "--config", place);
    assert_int_equal(ran->code, 78);
    assert_non_null(strstr(ran->err, ": error: "));
}

static void a_warning_is_an_error_only_when_wanted(void **state)
{
    char path[256];

    (void)state;
    path_of("points.csv", path);
    assert_int_equal(unlink(path), 0);
    const struct ran *ran = RUN(fake, "check", "--config", place);
    assert_int_equal(ran->code, 0);
    assert_non_null(strstr(ran->err, "points.csv: warning: "));
    assert_non_null(strstr(ran->out, ": good; rules: 1, points: 0, "));
    assert_int_equal(RUN(fake, "check", "--config", place, "--deny-warnings")->code, 78);
    assert_int_equal(RUN(fake, "check", "--config", place, "--strict")->code, 78);
}

static void what_can_not_be_read_is_78(void **state)
{
    char path[256];

    (void)state;
    path_of("hazards.csv", path);
    assert_int_equal(chmod(path, 0666), 0);
    const struct ran *ran = RUN(fake, "check", "--config", place);
    assert_int_equal(ran->code, 78);
    assert_non_null(strstr(ran->err, "hazards.csv: error: may be written by anybody"));
    ran = RUN(fake, "check", "--config", "/nowhere");
    assert_int_equal(ran->code, 78);
    assert_non_null(strstr(ran->err, "/nowhere: error: can not be read"));
    assert_non_null(strstr(ran->err, "/nowhere: not good; errors: 1, warnings: 0\n"));
}

static void check_in_json(void **state)
{
    static const char good[] = "{\"good\":true,\"errors\":0,\"warnings\":0,\"rules\":1,"
                               "\"points\":1,\"feeds\":1,\"set\":\"";

    (void)state;
    const struct ran *ran = RUN(fake, "check", "--config", place, "--json");
    assert_int_equal(ran->code, 0);
    assert_memory_equal(ran->out, good, strlen(good));
    put("points.csv", POINTS("TF\"02"));
    ran = RUN(fake, "check", "--config", place, "--json");
    assert_int_equal(ran->code, 78);
    assert_string_equal(ran->err, "");
    assert_memory_equal(ran->out, "{\"file\":\"points.csv\",\"line\":2,\"column\":", 39);
    assert_non_null(strstr(ran->out, ",\"severity\":\"error\",\"message\":\""));
    assert_non_null(strstr(ran->out, "\n{\"good\":false,\"errors\":1,\"warnings\":"));
}

/* --- config --- */

static void options_with_present_values(void **state)
{
    (void)state;
    put("hazardd.yaml", "language: en\n" FEED);
    const struct ran *ran = RUN(fake, "config", "--config", place);
    assert_int_equal(ran->code, 0);
    assert_string_equal(ran->err, "");
    assert_non_null(strstr(ran->out, "\nlanguage: en  # zh | en [live] "));
    assert_non_null(strstr(ran->out, "\nfeeds[0].name: city"));
    ran = RUN(fake, "config", "--config", place, "--json");
    assert_int_equal(ran->code, 0);
    assert_memory_equal(ran->out, "[\n {\"option\":", 13);
    put("hazardd.yaml", "langauge: en\n" FEED);
    ran = RUN(fake, "config", "--config", place);
    assert_int_equal(ran->code, 78);
    assert_string_equal(ran->out, "");
    assert_non_null(strstr(ran->err, "hazardd.yaml:1:1: error: "));
}

static void the_example_is_the_file_that_is_shipped(void **state)
{
    static char shipped[65536];

    (void)state;
    FILE *file = fopen(HZ_TEST_CONFIG "/hazardd.yaml", "r");
    assert_non_null(file);
    shipped[fread(shipped, 1, sizeof(shipped) - 1, file)] = '\0';
    (void)fclose(file);
    const struct ran *ran = RUN(fake, "config", "--example");
    assert_string_equal(ran->out, shipped);
    assert_int_equal(ran->code, 0);
}

/* --- the command line --- */

static void a_wrong_line_is_2_and_says_why(void **state)
{
    static const struct {
        const char *arguments[6];
        const char *said;
    } table[] = {
        {{"statsu"}, "there is no command 'statsu'; did you mean status?"},
        {{"qqqqqqqq"}, "there is no command 'qqqqqqqq'; see hazardctl help"},
        {{"help", "alrams"}, "there is no command 'alrams'; did you mean alarms?"},
        {{"alarms", "--sevrity", "red"},
         "alarms: there is no option '--sevrity'; did you mean --severity?"},
        {{"alarms", "-x"}, "alarms: there is no option '-x'; see hazardctl help alarms"},
        {{"alarms", "-ax"}, "alarms: there is no option '-x'; see hazardctl help alarms"},
        {{"alarms", "--all=1"},
         "alarms: no value is taken by '--all=1'; see hazardctl help alarms"},
        {{"alarms", "--severity"},
         "alarms: a value is missing behind '--severity'; see hazardctl help alarms"},
        {{"alarms", "--severity", "rad"},
         "alarms: --severity 'rad': is none of red, orange, yellow, blue"},
        {{"alarms", "red"}, "alarms: too much: 'red'; see hazardctl help alarms"},
        {{"ack"}, "ack needs ALARM|COND; see hazardctl help ack"},
        {{"ack", "a", "b"}, "ack: too much: 'b'; see hazardctl help ack"},
        {{"coverage", "--by", "city"},
         "coverage: --by 'city': is none of hazard, enterprise, park"},
        {{"coverage", "--below", "101"},
         "coverage: --below '101': is not a whole number from 0 to 100"},
        {{"coverage", "--below", "0x10"},
         "coverage: --below '0x10': is not a whole number from 0 to 100"},
        {{"coverage", "--below", "99.5"},
         "coverage: --below '99.5': is not a whole number from 0 to 100"},
        {{"coverage", "--below", "4294967296"},
         "coverage: --below '4294967296': is not a whole number from 0 to 100"},
        {{"coverage", "--below", ""}, "coverage: --below '': is not a whole number from 0 to 100"},
        {{"tail", "-n", "0"}, "tail: --count '0': is not a whole number from 1 to 1000000000"},
        {{"tail", "-n", "1x"}, "tail: --count '1x': is not a whole number from 1 to 1000000000"},
        {{"tail", "-n"}, "tail: a value is missing behind '-n'; see hazardctl help tail"},
        {{"tail", "--from", "1-"},
         "tail: --from '1-': is neither a number nor a stream id (1763903047123-0)"},
        {{"tail", "--from", "-1"},
         "tail: --from '-1': is neither a number nor a stream id (1763903047123-0)"},
        {{"status", "--timeout", "0"}, "status: --timeout takes seconds, 1 to 3600, not '0'"},
        {{"status", "--timeout", "10x"}, "status: --timeout takes seconds, 1 to 3600, not '10x'"},
        {{"status", "--color", "red"}, "status: --color takes auto, always or never, not 'red'"},
        {{"check", "--socket", "/s"},
         "check: there is no option '--socket'; see hazardctl help check"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct ran *ran = fake_run(fake, NULL, table[i].arguments);
        char said[256];

        (void)snprintf(said, sizeof(said), "hazardctl: %s\n", table[i].said);
        assert_string_equal(ran->err, said);
        assert_string_equal(ran->out, "");
        assert_int_equal(ran->code, 2);
    }
    assert_string_equal(fake->request, ""); /* nothing was asked of the daemon */
}

static void arguments_beyond_a_line_are_refused(void **state)
{
    static char reason[5000];

    (void)state;
    memset(reason, 'x', sizeof(reason) - 1);
    const struct ran *ran = RUN(fake, "ack", "a", "--reason", reason);
    assert_string_equal(ran->err, "hazardctl: ack: the arguments are longer than 4096 bytes\n");
    assert_int_equal(ran->code, 2);
    reason[4096 - strlen("ack\talarm=a\treason=")] = '\0';
    assert_int_equal(RUN(fake, "ack", "a", "--reason", reason)->code, 0);
}

static void help_is_there(void **state)
{
    static const char *const verbs[] = {"status", "alarms",  "ack",  "points", "coverage",
                                        "feeds",  "metrics", "tail", "check",  "config"};

    (void)state;
    const struct ran *ran = RUN(fake, "help");
    assert_int_equal(ran->code, 0);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        static char one[8192];

        (void)snprintf(one, sizeof(one), "\n  %-10s ", verbs[i]);
        assert_non_null(strstr(RUN(fake, "--help")->out, one));
        strcpy(one, RUN(fake, "help", verbs[i])->out);
        ran = RUN(fake, verbs[i], "--help");
        assert_string_equal(ran->out, one);
        assert_int_equal(ran->code, 0);
    }
    ran = fake_run(fake, NULL, (const char *const[]){NULL});
    assert_int_equal(ran->code, 2);
    assert_string_equal(ran->out, "");
    assert_memory_equal(ran->err, "usage: hazardctl COMMAND", 24);
    assert_string_equal(RUN(fake, "--version")->out, "hazardctl " HZ_VERSION "\n");
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_good_set_is_0),
        T(every_fault_is_told_with_its_place_and_is_78),
        T(limits_in_the_wrong_order_are_found),
        T(a_warning_is_an_error_only_when_wanted),
        T(what_can_not_be_read_is_78),
        T(check_in_json),
        T(options_with_present_values),
        T(the_example_is_the_file_that_is_shipped),
        T(a_wrong_line_is_2_and_says_why),
        T(arguments_beyond_a_line_are_refused),
        T(help_is_there),
    };

    if (argc != 2)
        return 2;
    fake_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
