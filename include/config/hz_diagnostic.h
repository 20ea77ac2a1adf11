/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    What is wrong with the configuration, all of it at once: file:line:column, a message, a
 *         hint that says how to write it.
 * WAY     config, registry, rule compiler -> hazardctl check, the log, a reload's answer
 * THREAD  whoever owns the object
 * OWNS    copies of all texts
 * FULL    the first HZ_DIAGNOSTICS_KEPT are kept, all are counted
 */
#ifndef HZ_DIAGNOSTIC_H
#define HZ_DIAGNOSTIC_H

#include "hz_arena.h"
#include "hz_text.h"

#include <stdbool.h>
#include <stdint.h>

#define HZ_DIAGNOSTICS_KEPT 1000u

struct hz_diagnostic {
    const char *file; /* as in the set: "hazardd.yaml", "rules.d/tank.yaml", "points.csv" */
    uint32_t line;    /* from 1; 0 = the file as a whole */
    uint32_t column;  /* from 1, in characters; 0 = the line as a whole */
    bool warning;     /* does not forbid the set */
    const char *message;
    const char *hint; /* may be NULL */
};

struct hz_diagnostics {
    struct hz_arena arena;
    struct hz_diagnostic *kept;
    uint32_t kept_count;
    uint32_t kept_capacity;
    uint64_t errors;
    uint64_t warnings;
};

void hz_diagnostics_init(struct hz_diagnostics *all);
void hz_diagnostics_done(struct hz_diagnostics *all);

/* `hint` may be NULL. Texts from outside are quoted by the caller (hz_log_quote). */
void hz_diagnose(struct hz_diagnostics *all, const char *file, uint32_t line, uint32_t column,
                 const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));
void hz_diagnose_warning(struct hz_diagnostics *all, const char *file, uint32_t line, uint32_t column,
                         const char *hint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* "file:line:column: error: message\n    hint: ..." (two lines, or one without a hint). */
void hz_diagnostic_write(const struct hz_diagnostic *one, struct hz_text *to);

#endif
