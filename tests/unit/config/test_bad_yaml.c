/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are no YAML, or more YAML than is taken: each with all that must be said about it.
 */
#include "config_case.h"

static const struct bad_case cases[] = {
    {"a tab in the indentation", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "\tname: x\n",
     "rules.d/t.yaml:4:1: error: found a tab character that violates indentation (while scanning a "
     "plain scalar that begins in line 3)\n"
     "    hint: tabs are not taken: indent with spaces\n"},
    {"a unit that begins with %", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  deadband: %LEL\n",
     "rules.d/t.yaml:4:13: error: found character that cannot start any token\n"
     "    hint: quote it: \"%LEL\"\n"},
    {"a comparison", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  deadband: >= 50\n",
     "rules.d/t.yaml:4:14: error: did not find expected comment or line break\n"
     "    hint: write the number alone (50): H and HH are reached from below, L and LL from "
     "above\n"},
    {"a placeholder without quotes", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  message: {enterprise}/{hazard} x\n",
     "rules.d/t.yaml:4:24: error: did not find expected key (while parsing a block mapping that "
     "begins in line 3)\n"
     "    hint: quote a text that contains braces: \"{enterprise}/{point}\"\n"},
    {"an open quote", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  name: \"x\n",
     "rules.d/t.yaml:5:1: error: found unexpected end of stream (while scanning a quoted scalar "
     "that begins in line 4)\n"
     "    hint: the quote is not closed\n"},
    {"a byte that is not UTF-8", "rules.d/t.yaml",
     "schema: 1\n"
     "rules: []\n"
     "# 温\n"
     "# \xff\n",
     "rules.d/t.yaml:4:3: error: a byte here is not UTF-8 text\n"
     "    hint: save the file as UTF-8\n"},
    {"a byte that is not UTF-8, behind a mark", "rules.d/t.yaml", "\xEF\xBB\xBFschema: \xff\n",
     "rules.d/t.yaml:1:9: error: a byte here is not UTF-8 text\n"
     "    hint: save the file as UTF-8\n"},
    {"a mark counts as no column", "rules.d/t.yaml", "\xEF\xBB\xBFschema: %1\n",
     "rules.d/t.yaml:1:9: error: found character that cannot start any token\n"
     "    hint: quote it: \"%1\"\n"},
    {"a control character", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  name: \"a\\eb\"\n",
     "rules.d/t.yaml:4:9: error: control characters are not taken\n"
     "rules.d/t.yaml:3:3: error: the rule watches nothing\n"
     "    hint: write limits, invalid or stale\n"},
    {"an anchor", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  deadband: &d 1\n"
     "  stale: {severity: red}\n",
     "rules.d/t.yaml:4:13: error: anchors (&name) are not taken\n"
     "    hint: write the value out where it is used\n"
     "rules.d/t.yaml:4:3: error: deadband: there are no limits\n"
     "    hint: write limits: {HH: ..., H: ...}\n"},
    {"an alias", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: *d\n",
     "rules.d/t.yaml:4:10: error: aliases (*name) are not taken\n"
     "    hint: write the value out; quote a text that begins with '*'\n"},
    {"a tag", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: !!str red}\n",
     "rules.d/t.yaml:4:21: error: tags (!name) are not taken: the option table knows the type\n"
     "    hint: quote a text that begins with '!'\n"},
    {"a second document", "rules.d/t.yaml",
     "schema: 1\n"
     "rules: []\n"
     "---\n"
     "schema: 1\n",
     "rules.d/t.yaml:3:1: error: a second document in the file is not read\n"
     "    hint: use one file for each\n"},
    {"a directive", "rules.d/t.yaml",
     "%YAML 1.1\n"
     "---\n"
     "schema: 1\n"
     "rules: []\n",
     "rules.d/t.yaml:1:1: error: directives (%) are not taken\n"
     "    hint: take the line out\n"},
    {"a merge key", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  <<: {a: b}\n"
     "  stale: {severity: red}\n",
     "rules.d/t.yaml:4:3: error: unknown key <<\n"},
    {"a list as a key", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  ? [a, b]\n"
     "  : c\n"
     "  stale: {severity: red}\n",
     "rules.d/t.yaml:4:5: error: a key must be a word\n"
     "    hint: quote a text that contains braces: \"{enterprise}/{point}\"\n"},
    {"nested too deep", "rules.d/t.yaml",
     "schema: 1\n"
     "rules: [[[[[[[[[[[[[[[[[[[[\n",
     "rules.d/t.yaml:2:23: error: nested deeper than anything here needs\n"},
};

static void every_fault_of_syntax_has_its_place_and_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_bad_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_of_syntax_has_its_place_and_hint)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
