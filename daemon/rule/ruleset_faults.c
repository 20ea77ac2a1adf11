/* SPDX-License-Identifier: Apache-2.0
 *
 * Diagnostics of the compiler. One line wrong in a rule can be wrong at a hundred thousand points: of
 * each kind of fault of a rule the first points are named, the others are counted in one line, so
 * that all faults of all rules are seen at once. What must stay true: a fault makes an error, always.
 */
#include "compile_priv.h"

#include "hz_log.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define NAMED         5u /* points named of one rule and kind of fault */
#define MESSAGE_BYTES 256u
#define KEY_BYTES     (2 * HZ_KEY_BYTES_MAX)
#define WHO_BYTES     (KEY_BYTES + HZ_NAME_BYTES_MAX)

static const char *key_of(const struct compile *compile, enum hz_named_kind kind, uint32_t id,
                          char to[KEY_BYTES])
{
    struct hz_slice key = hz_names_key(compile->names, kind, id);

    return hz_log_quote(to, KEY_BYTES, key.at, key.length);
}

/* Who is concerned, with the place of its row when there is one. */
static const char *who(const struct compile *compile, enum hz_named_kind kind, uint32_t id,
                       char to[WHO_BYTES])
{
    struct hz_registry_place place = {0};
    struct hz_text text = hz_text_in(to, WHO_BYTES);
    char key[KEY_BYTES];

    hz_text_format(&text, "%s %s", hz_named_kind_word(kind), key_of(compile, kind, id, key));
    if (kind == HZ_NAMED_POINT)
        place = hz_registry_point_place(compile->registry, id);
    if (place.file)
        hz_text_format(&text, " (%s:%u)", place.file, place.line);
    return to;
}

void rule__fault(struct compile *compile, struct compile_rule *rule, enum compile_fault fault,
                 enum hz_level level, enum hz_named_kind kind, uint32_t id, const char *hint,
                 const char *format, ...)
{
    const struct hz_level_config *at = &rule->config->levels[level];
    const char *file = level != HZ_LEVEL_NONE ? at->file : rule->config->file;
    uint32_t line = level != HZ_LEVEL_NONE ? at->line : rule->config->line;
    uint32_t column = level != HZ_LEVEL_NONE ? at->column : rule->config->column;
    char message[MESSAGE_BYTES], concerned[WHO_BYTES];
    va_list arguments;

    if (rule->faults[fault]++ >= NAMED)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    hz_diagnose(compile->diagnostics, file, line, column, hint, "%s at %s: %s", rule->config->id,
                who(compile, kind, id, concerned), message);
}

static void say_how_many_more(struct compile *compile, const struct compile_rule *rule)
{
    static const char *const words[COMPILE_FAULT_END] = {
        [COMPILE_NO_RANGE] = "without a range",
        [COMPILE_NOT_FINITE] = "with a number out of all bounds",
        [COMPILE_ORDER] = "with limits not in order",
        [COMPILE_TWICE] = "watched by two rules",
    };

    for (int fault = 0; fault < COMPILE_FAULT_END; fault++)
        if (rule->faults[fault] > NAMED)
            hz_diagnose(compile->diagnostics, rule->config->file, rule->config->line,
                        rule->config->column, NULL, "%s: %u more %s %s", rule->config->id,
                        rule->faults[fault] - NAMED,
                        rule->config->each_gateway ? "gateways" : "points", words[fault]);
}

/* Most likely a name is written wrong. */
static void warn_of_nothing(struct compile *compile, const struct compile_rule *rule)
{
    const struct hz_select_config *select = &rule->config->select;
    const char *what = NULL, *name = NULL;
    char hint[MESSAGE_BYTES];

    if (select->park && !rule->park)
        what = "park", name = select->park;
    if (select->enterprise && !rule->enterprise)
        what = "enterprise", name = select->enterprise;
    if (select->hazard && !rule->hazard)
        what = "hazard source", name = select->hazard;
    if (what)
        snprintf(hint, sizeof(hint), "there is no %s %s", what, name);
    hz_diagnose_warning(compile->diagnostics, rule->config->file, rule->config->line,
                        rule->config->column, what ? hint : NULL, "%s: no %s is selected",
                        rule->config->id, rule->config->each_gateway ? "gateway" : "point");
}

/* Of the rules of points. */
static bool has_faults(const struct compile *compile)
{
    bool any = false;

    for (uint32_t i = 0; i < compile->rule_count; i++)
        for (int fault = 0; fault < COMPILE_FAULT_END; fault++)
            any |= !compile->rules[i].config->each_gateway && compile->rules[i].faults[fault] > 0;
    return any;
}

/* Why no limit is in force at a point: its rules are faulty, or no rule has the levels of its row, or
 * there is no number at all. */
static const char *unlimited_hint(const struct compile *compile, uint32_t point,
                                  char to[MESSAGE_BYTES])
{
    const struct hz_point_limits *row = hz_registry_limits(compile->registry, point);
    struct hz_text text = hz_text_in(to, MESSAGE_BYTES);

    if (has_faults(compile))
        return "the errors of the rules may be why";
    for (unsigned level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++)
        if (!isnan(row->limit[level]))
            hz_text_format(&text, "%s%s", text.length > 0 ? ", " : "its row has ",
                           hz_level_word(level));
    if (text.length == 0)
        return "give a rule for it a fallback, or its row a limit";
    hz_text_puts(&text,
                 ", but no rule that selects it has such a level: write it into `limits` of one");
    return to;
}

static void warn_of_unlimited(struct compile *compile, uint16_t word)
{
    const struct compile_kind *kind = &compile->kinds[word];
    char key[KEY_BYTES], quoted[KEY_BYTES], hint[MESSAGE_BYTES];

    if (kind->unlimited == 0)
        return;
    struct hz_slice text = hz_slice(hz_registry_word(compile->registry, word));
    hz_diagnose_warning(compile->diagnostics, "rules.d", 0, 0,
                        unlimited_hint(compile, kind->first_unlimited, hint),
                        "kind %s: no limit is in force at %u of %u points, the first is %s",
                        hz_log_quote(quoted, sizeof(quoted), text.at, text.length), kind->unlimited,
                        kind->points, key_of(compile, HZ_NAMED_POINT, kind->first_unlimited, key));
}

void rule__fault_sums(struct compile *compile)
{
    for (uint32_t i = 0; i < compile->rule_count; i++) {
        say_how_many_more(compile, &compile->rules[i]);
        if (compile->rules[i].selected == 0)
            warn_of_nothing(compile, &compile->rules[i]);
    }
    for (uint32_t word = 0; word < COMPILE_KINDS; word++)
        warn_of_unlimited(compile, (uint16_t)word);
}
