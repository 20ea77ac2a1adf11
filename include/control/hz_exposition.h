/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Metrics as text: OpenMetrics 1.0, or the older text format 0.0.4 of Prometheus. One family
 *         after the other, each with its samples behind it. Names and units are the caller's, by the
 *         Prometheus conventions: base units, the unit at the name's end, counters without their
 *         "_total" (it is added where the format wants it).
 * WAY     pipeline -> here -> HTTP, control socket
 * THREAD  whoever owns the object
 * OWNS    the text, until hz_exposition_take
 * FULL    without memory `lost` is set and nothing more is added
 */
#ifndef HZ_EXPOSITION_H
#define HZ_EXPOSITION_H

#include "hz_error.h"
#include "hz_histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hz_exposition_form { HZ_TEXT_0_0_4 = 0, HZ_OPENMETRICS_1_0 = 1 };

/* What a scraper's Accept header asks for; NULL or nothing that we have: the text format. */
enum hz_exposition_form hz_exposition_choose(const char *accept);
const char *hz_exposition_content_type(enum hz_exposition_form form);

enum hz_metric_type { HZ_GAUGE, HZ_COUNTER, HZ_INFO, HZ_HISTOGRAM };

struct hz_family {
    const char *name;
    enum hz_metric_type type;
    const char *unit; /* "seconds", "bytes", at the end of the name too; "" = none */
    const char *help;
};

struct hz_label {
    const char *name, *value; /* ends with a NULL name */
};

struct hz_exposition {
    enum hz_exposition_form form;
    char *at; /* terminated */
    size_t length, size;
    bool lost;
    const struct hz_family *family; /* the present one */
};

struct hz_exposition hz_exposition_in(enum hz_exposition_form form);
/* Lent: `family` until the next one. */
void hz_exposition_family(struct hz_exposition *to, const struct hz_family *family);
/* Samples of the present family. `labels` may be NULL; values are escaped. */
void hz_exposition_uint(struct hz_exposition *to, const struct hz_label *labels, uint64_t value);
/* What is not finite is left out: an absent sample says "not known". */
void hz_exposition_double(struct hz_exposition *to, const struct hz_label *labels, double value);
void hz_exposition_ns(struct hz_exposition *to, const struct hz_label *labels, int64_t ns); /* in seconds */
void hz_exposition_histogram(struct hz_exposition *to, const struct hz_label *labels,
                             const struct hz_histogram *histogram);
/* The end; the text is the caller's to free. NULL when memory was wanting. */
char *hz_exposition_take(struct hz_exposition *to, size_t *ret_length) HZ_MUST_USE;

#endif
