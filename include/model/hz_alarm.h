/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The vocabulary of alarms: one list for each word that consumers see, from which enum, text
 *         and documentation come. States are ISA-18.2 / IEC 62682 clause 5.4 (normal, unack, ack,
 *         rtnun, shelved, suppressed, oos).
 * WAY     -
 * THREAD  any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_ALARM_H
#define HZ_ALARM_H

#include <stdint.h>

#define HZ_EVENTS(X)                                                                               \
    X(RAISE, 1, "raise") X(ESCALATE, 2, "escalate") X(DEESCALATE, 3, "deescalate")                 \
    X(CLEAR, 4, "clear") X(ACK, 5, "ack") X(REALARM, 6, "realarm") X(SHELVE, 7, "shelve")          \
    X(UNSHELVE, 8, "unshelve") X(SUPPRESS, 9, "suppress") X(UNSUPPRESS, 10, "unsuppress")          \
    X(OOS, 11, "oos") X(RETURN, 12, "return") X(RESET, 13, "reset") X(REMOVE, 14, "remove")        \
    X(DISPOSE, 15, "dispose") X(RESYNC, 16, "resync")

#define HZ_STATES(X)                                                                               \
    X(NORMAL, 1, "normal") X(UNACK, 2, "unack") X(ACK, 3, "ack") X(RTNUN, 4, "rtnun")              \
    X(SHELVED, 5, "shelved") X(SUPPRESSED, 6, "suppressed") X(OOS, 7, "oos")

/* Ascending: a higher number is worse. */
#define HZ_SEVERITIES(X)                                                                           \
    X(NONE, 0, "") X(BLUE, 1, "blue") X(YELLOW, 2, "yellow") X(ORANGE, 3, "orange") X(RED, 4, "red")

/* Levels of a limit condition, in slot order; NONE for conditions without levels. */
#define HZ_LEVELS(X) X(NONE, 0, "") X(LL, 1, "LL") X(L, 2, "L") X(H, 3, "H") X(HH, 4, "HH")

/* One alarm per (point, rule, side). OTHER is divided by kind. */
#define HZ_SIDES(X)                                                                                \
    X(LOW, 1, "low") X(HIGH, 2, "high") X(INVALID, 3, "invalid") X(STALE, 4, "stale")              \
    X(SYSTEM, 5, "system")

#define HZ_KINDS(X)                                                                                \
    X(LIMIT, 1, "limit") X(INVALID, 2, "invalid") X(STALE, 3, "stale") X(GATEWAY, 4, "gateway")    \
    X(SYSTEM, 5, "system")

#define HZ_DOMAINS(X) X(SAFETY, 1, "safety") X(ENV, 2, "env") X(SYSTEM, 3, "system")
#define HZ_MODES(X)   X(LIVE, 1, "live") X(TRIAL, 2, "trial") X(DRILL, 3, "drill")

#define HZ_WORD_ENUM(prefix, name, number, word) prefix##name = number,
#define X(n, v, w) HZ_WORD_ENUM(HZ_EVENT_, n, v, w)
enum hz_event { HZ_EVENTS(X) HZ_EVENT_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_STATE_, n, v, w)
enum hz_state { HZ_STATES(X) HZ_STATE_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_SEVERITY_, n, v, w)
enum hz_severity { HZ_SEVERITIES(X) HZ_SEVERITY_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_LEVEL_, n, v, w)
enum hz_level { HZ_LEVELS(X) HZ_LEVEL_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_SIDE_, n, v, w)
enum hz_side { HZ_SIDES(X) HZ_SIDE_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_KIND_, n, v, w)
enum hz_kind { HZ_KINDS(X) HZ_KIND_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_DOMAIN_, n, v, w)
enum hz_domain { HZ_DOMAINS(X) HZ_DOMAIN_END };
#undef X
#define X(n, v, w) HZ_WORD_ENUM(HZ_MODE_, n, v, w)
enum hz_mode { HZ_MODES(X) HZ_MODE_END };
#undef X

/* The word for a number, "" when there is none; and back, 0 when there is none. */
const char *hz_event_word(unsigned event);
const char *hz_state_word(unsigned state);
const char *hz_severity_word(unsigned severity);
const char *hz_level_word(unsigned level);
const char *hz_side_word(unsigned side);
const char *hz_kind_word(unsigned kind);
const char *hz_domain_word(unsigned domain);
const char *hz_mode_word(unsigned mode);
unsigned hz_event_of(const char *word);
unsigned hz_state_of(const char *word);
unsigned hz_severity_of(const char *word);
unsigned hz_level_of(const char *word);
unsigned hz_side_of(const char *word);
unsigned hz_domain_of(const char *word);
unsigned hz_mode_of(const char *word);

#endif
