/* SPDX-License-Identifier: Apache-2.0
 *
 * The words for all enumerations of the model, made from the same lists as the enums, so that a
 * number can have no other word here than in the documentation. Words are part of what consumers
 * hold: they are never changed, only added.
 */
#include "hz_alarm.h"
#include "hz_record.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *word(const char *const *table, size_t count, unsigned number)
{
    return number < count && table[number] ? table[number] : "";
}

static unsigned number(const char *const *table, size_t count, const char *wanted)
{
    for (unsigned i = 0; i < count; i++)
        if (table[i] && strcmp(table[i], wanted) == 0)
            return i;
    return 0;
}

/* One table, and the way there and back, for a list of X(NAME, number, word). */
#define ROW(name, value, text) [value] = text,
#define BOTH_WAYS(what, LIST)                                                                      \
    static const char *const what##_words[] = {LIST(ROW)};                                         \
    const char *hz_##what##_word(unsigned what)                                                    \
    {                                                                                              \
        return word(what##_words, COUNT(what##_words), what);                                      \
    }                                                                                              \
    unsigned hz_##what##_of(const char *wanted)                                                    \
    {                                                                                              \
        return number(what##_words, COUNT(what##_words), wanted);                                  \
    }

BOTH_WAYS(event, HZ_EVENTS)
BOTH_WAYS(state, HZ_STATES)
BOTH_WAYS(severity, HZ_SEVERITIES)
BOTH_WAYS(level, HZ_LEVELS)
BOTH_WAYS(side, HZ_SIDES)
BOTH_WAYS(domain, HZ_DOMAINS)
BOTH_WAYS(mode, HZ_MODES)

static const char *const kind_words[] = {HZ_KINDS(ROW)};
static const char *const quality_words[] = {HZ_QUALITIES(ROW)};
static const char *const named_kind_words[] = {HZ_NAMED_KINDS(ROW)};

#define ROW_OF_FOUR(name, value, text, more) [value] = text,
static const char *const record_kind_words[] = {HZ_RECORD_KINDS(ROW_OF_FOUR)};
static const char *const observed_words[] = {HZ_OBSERVED(ROW_OF_FOUR)};

const char *hz_kind_word(unsigned kind)
{
    return word(kind_words, COUNT(kind_words), kind);
}

const char *hz_quality_word(enum hz_quality quality)
{
    return word(quality_words, COUNT(quality_words), quality);
}

const char *hz_named_kind_word(enum hz_named_kind kind)
{
    return word(named_kind_words, COUNT(named_kind_words), kind);
}

const char *hz_record_kind_word(enum hz_record_kind kind)
{
    return word(record_kind_words, COUNT(record_kind_words), kind);
}

const char *hz_observed_word(enum hz_observed what)
{
    return word(observed_words, COUNT(observed_words), what);
}
