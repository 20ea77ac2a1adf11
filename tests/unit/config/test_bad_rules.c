/* SPDX-License-Identifier: Apache-2.0
 *
 * Faulty rule files: each with all that must be said about it, place, words and hint.
 */
#include "config_case.h"

static const struct bad_case cases[] = {
    {"the same key twice", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  stale: {severity: blue}\n",
     "rules.d/t.yaml:5:3: error: stale: the same key twice\n"
     "    hint: the first is in line 4\n"},
    {"an unknown key", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  mesage: x\n",
     "rules.d/t.yaml:5:3: error: unknown key mesage\n"
     "    hint: did you mean message?\n"},
    {"an unknown key that is known elsewhere", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  delay: 5s\n",
     "rules.d/t.yaml:5:3: error: unknown key delay\n"
     "    hint: it belongs to rules.limits.HH\n"},
    {"a key of a later release", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  latch: true\n"
     "  forecast: {reaches: HH}\n",
     "rules.d/t.yaml:5:3: error: latch: not known to this release\n"
     "    hint: take it out: this release watches limits, invalid, stale and silent gateways\n"
     "rules.d/t.yaml:6:3: error: forecast: not known to this release\n"
     "    hint: take it out: this release watches limits, invalid, stale and silent gateways\n"},
    {"each of a later release", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  each: vote_group\n",
     "rules.d/t.yaml:4:9: error: each: vote_group is not known to this release\n"
     "    hint: each: gateway; a rule without `each` is for points\n"},
    {"a severity by level, of a later release", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  each: gateway\n"
     "  silent:\n"
     "  severity: {base: orange}\n",
     "rules.d/t.yaml:6:13: error: severity: one value is expected, not a map\n"
     "    hint: with each: gateway one of red, orange, yellow, blue\n"},
    {"no schema", "rules.d/t.yaml", "rules: []\n",
     "rules.d/t.yaml:1:1: error: schema is missing\n"
     "    hint: write schema: 1 at the top\n"},
    {"another schema", "rules.d/t.yaml",
     "schema: 2\n"
     "rules: []\n",
     "rules.d/t.yaml:1:9: error: schema: 2 is not known to this release\n"
     "    hint: write schema: 1\n"},
    {"no id", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- stale: {severity: red}\n",
     "rules.d/t.yaml:3:3: error: id is missing\n"
     "    hint: a name that stays for ever: id: tank-level\n"},
    {"an id with other characters", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: 储罐\n"
     "  stale: {severity: red}\n",
     "rules.d/t.yaml:3:7: error: id: 储罐 is no id\n"
     "    hint: small letters a-z, digits and '-', at most 128\n"},
    {"an id twice", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "- id: a\n"
     "  stale: {severity: red}\n",
     "rules.d/t.yaml:5:7: error: id: a is there twice\n"
     "    hint: the other is in rules.d/t.yaml, line 3\n"},
    {"rules that are no list", "rules.d/t.yaml",
     "schema: 1\n"
     "rules: {id: a}\n",
     "rules.d/t.yaml:2:8: error: rules: a list is expected\n"
     "    hint: write \"- id: ...\" below it\n"},
    {"a rule that is no map", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- tank-level\n",
     "rules.d/t.yaml:3:3: error: rules: keys with values are expected\n"
     "    hint: write its keys below it, each in a line of its own, indented\n"},
    {"a word nearly right", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: organe}\n"
     "  mode: Live\n",
     "rules.d/t.yaml:4:21: error: severity: organe is not known\n"
     "    hint: did you mean orange? one of: red, orange, yellow, blue\n"
     "rules.d/t.yaml:5:9: error: mode: Live is not known\n"
     "    hint: did you mean live? one of: live, trial\n"},
    {"a word not right at all", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: 3}\n",
     "rules.d/t.yaml:4:21: error: severity: 3 is not known\n"
     "    hint: one of: red, orange, yellow, blue\n"},
    {"no severity", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {fallback: 90}\n",
     "rules.d/t.yaml:5:9: error: severity is missing\n"
     "    hint: write severity: red, orange, yellow or blue\n"},
    {"a unit with the number", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: 50 %LEL}\n",
     "rules.d/t.yaml:5:35: error: fallback: 50 %LEL is not a quantity\n"
     "    hint: write the number alone (50): it is in the point's own unit\n"},
    {"a percentage of nothing", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: 50 %}\n",
     "rules.d/t.yaml:5:35: error: fallback: 50 % is not a quantity\n"
     "    hint: a percentage of what? 50 %span, 50 %limit, or 50 alone for the point's own unit\n"},
    {"a comparison in quotes", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: \">= 50\"}\n",
     "rules.d/t.yaml:5:35: error: fallback: >= 50 is not a quantity\n"
     "    hint: write the number alone (50): H and HH are reached from below, L and LL from "
     "above\n"},
    {"a percentage of itself", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: 90 %limit}\n",
     "rules.d/t.yaml:5:35: error: fallback: a limit can not be a percentage of itself\n"
     "    hint: write a number, or 90 %span\n"},
    {"a negative deadband", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: 90, deadband: -1}\n",
     "rules.d/t.yaml:5:49: error: deadband: -1 is negative\n"
     "    hint: it is a distance from the limit, for high and low alike\n"},
    {"H above HH", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: 80}\n"
     "    H: {severity: orange, fallback: 85}\n",
     "rules.d/t.yaml:6:37: error: fallback of H (85) is not below that of HH (80)\n"
     "    hint: the order is LL < L < H < HH\n"},
    {"LL above H, with L between without a number", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    H: {severity: red, fallback: 10}\n"
     "    L: {severity: red}\n"
     "    LL: {severity: red, fallback: 20}\n",
     "rules.d/t.yaml:7:35: error: fallback of LL (20) is not below that of H (10)\n"
     "    hint: the order is LL < L < H < HH\n"},
    {"percentages in the wrong order", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: red, fallback: 80 %span}\n"
     "    H: {severity: red, fallback: 80 %span}\n",
     "rules.d/t.yaml:6:34: error: fallback of H (80) is not below that of HH (80)\n"
     "    hint: the order is LL < L < H < HH\n"},
    {"HH less severe than H", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  limits:\n"
     "    HH: {severity: blue}\n"
     "    H: {severity: red}\n",
     "rules.d/t.yaml:5:20: error: HH is less severe than H\n"},
    {"a deadband of nothing", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  deadband: 1\n"
     "  stale: {severity: red}\n",
     "rules.d/t.yaml:4:3: error: deadband: there are no limits\n"
     "    hint: write limits: {HH: ..., H: ...}\n"},
    {"a rule that watches nothing", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  name: x\n",
     "rules.d/t.yaml:3:3: error: the rule watches nothing\n"
     "    hint: write limits, invalid or stale\n"},
    {"patience without a unit", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red, after: 3}\n",
     "rules.d/t.yaml:4:33: error: after: 3 is not a duration (30s)\n"
     "    hint: write the unit: 3s or 3min\n"},
    {"patience of no interval", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red, after: 0 intervals}\n",
     "rules.d/t.yaml:4:33: error: after: 1 to 1000 intervals are possible\n"},
    {"a placeholder nearly right", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  message: \"{entreprise}\"\n",
     "rules.d/t.yaml:5:12: error: message: {entreprise} is not known\n"
     "    hint: did you mean {enterprise}?\n"},
    {"a placeholder not right at all", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  message: {zh: \"x\", en: \"{cas}\"}\n",
     "rules.d/t.yaml:5:26: error: message: {cas} is not known\n"
     "    hint: known: {enterprise} {hazard} {point} {value} {unit} {level} {limit} {for} {rule} "
     "{gateway}\n"},
    {"braces that do not match", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  message: \"{point\"\n"
     "  short: \"point}\"\n",
     "rules.d/t.yaml:5:12: error: message: '{' without '}'\n"
     "    hint: placeholders are written {point}\n"
     "rules.d/t.yaml:6:10: error: short: '}' without '{'\n"
     "    hint: placeholders are written {point}\n"},
    {"an unknown language", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  name: {zh: x, de: y}\n",
     "rules.d/t.yaml:5:17: error: name: unknown language\n"
     "    hint: write {zh: ..., en: ...}\n"},
    {"no level of a hazard source", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  select: {hazard_level: [1, 5]}\n",
     "rules.d/t.yaml:5:30: error: hazard_level: 5 is no level\n"
     "    hint: levels are 1 (worst) to 4 (GB 18218-2018)\n"},
    {"a route that is no list", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  route: park-duty\n",
     "rules.d/t.yaml:5:10: error: route: a list is expected, not park-duty\n"
     "    hint: write [park-duty]\n"},
    {"a gateway rule with parts of a point rule", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  each: gateway\n"
     "  silent:\n"
     "  severity: red\n"
     "  stale: {severity: red}\n"
     "  select: {kind: gas, park: p}\n",
     "rules.d/t.yaml:7:3: error: stale: a gateway has no values\n"
     "    hint: make it a rule without `each`\n"
     "rules.d/t.yaml:8:12: error: kind: gateways are not selected by it\n"
     "    hint: gateways have enterprise, park and district\n"},
    {"a gateway rule without its parts", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  each: gateway\n",
     "rules.d/t.yaml:4:9: error: each: gateway needs silent\n"
     "    hint: write silent: {after: {intervals: 3, at_least: 60s, at_most: 10min}}\n"
     "rules.d/t.yaml:4:9: error: each: gateway needs severity\n"
     "    hint: write severity: orange\n"},
    {"a gateway rule with bounds crossed", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  each: gateway\n"
     "  silent: {after: {at_least: 1h}}\n"
     "  severity: red\n",
     "rules.d/t.yaml:5:30: error: at_least is longer than at_most\n"},
    {"a point rule with parts of a gateway rule", "rules.d/t.yaml",
     "schema: 1\n"
     "rules:\n"
     "- id: a\n"
     "  stale: {severity: red}\n"
     "  severity: red\n"
     "  silent:\n",
     "rules.d/t.yaml:6:3: error: silent: only with each: gateway\n"
     "    hint: write each: gateway beside it\n"
     "rules.d/t.yaml:5:3: error: severity: only with each: gateway\n"
     "    hint: each limit, invalid and stale have their own severity\n"},
};

static void every_fault_of_a_rule_has_its_place_and_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_bad_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_of_a_rule_has_its_place_and_hint)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
