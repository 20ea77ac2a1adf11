/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of metrics, in two dialects that differ in little: where a counter's "_total" stands, what
 * an info is called, units, and the end. What must stay true: a text is whole or there is none; no
 * value from outside can end a line or a label.
 */
#include "hz_exposition.h"

#include "hz_text.h"

#include <math.h>
#include <stdlib.h>

#define LINE_BYTES  256u /* of a sample without name and labels */
#define FIRST_BYTES ((size_t)64 << 10)

struct hz_exposition hz_exposition_in(enum hz_exposition_form form)
{
    return (struct hz_exposition){.form = form};
}

const char *hz_exposition_content_type(enum hz_exposition_form form)
{
    return form == HZ_OPENMETRICS_1_0 ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                      : "text/plain; version=0.0.4; charset=utf-8";
}

/* --- room --- */

static bool make_room(struct hz_exposition *to, size_t bytes)
{
    size_t size = to->size ? to->size : FIRST_BYTES;

    while (size - to->length <= bytes)
        size *= 2;
    if (to->lost || size == to->size)
        return !to->lost;
    char *grown = realloc(to->at, size);
    if (!grown) {
        to->lost = true;
        return false;
    }
    to->at = grown;
    to->size = size;
    return true;
}

/* A line that is written behind the text, where there is room for it. */
static struct hz_text begin_line(struct hz_exposition *to)
{
    return hz_text_in(to->at + to->length, to->size - to->length);
}

static void end_line(struct hz_exposition *to, struct hz_text *line)
{
    hz_text_puts(line, "\n");
    hz_assert(!line->overflow);
    to->length += line->length;
}

/* --- escaping --- */

static void put_escaped(struct hz_text *line, const char *text, bool quote)
{
    for (; *text; text++) {
        if (*text == '\n')
            hz_text_puts(line, "\\n");
        else if (*text == '\\' || (quote && *text == '"'))
            hz_text_format(line, "\\%c", *text);
        else
            hz_text_add(line, text, 1);
    }
}

/* --- families --- */

static const char *type_word(const struct hz_exposition *to, enum hz_metric_type type)
{
    switch (type) {
    case HZ_COUNTER:
        return "counter";
    case HZ_INFO:
        return to->form == HZ_OPENMETRICS_1_0 ? "info" : "gauge";
    case HZ_HISTOGRAM:
        return "histogram";
    case HZ_GAUGE:
        break;
    }
    return "gauge";
}

/* Behind the name of a sample, and in the text format behind that of its family, too. */
static const char *suffix(enum hz_metric_type type)
{
    return type == HZ_COUNTER ? "_total" : type == HZ_INFO ? "_info" : "";
}

void hz_exposition_family(struct hz_exposition *to, const struct hz_family *family)
{
    const char *end = to->form == HZ_OPENMETRICS_1_0 ? "" : suffix(family->type);
    struct hz_text line;

    to->family = family;
    if (!make_room(to, 3 * (strlen(family->name) + LINE_BYTES) + 2 * strlen(family->help)))
        return;
    line = begin_line(to);
    hz_text_format(&line, "# HELP %s%s ", family->name, end);
    put_escaped(&line, family->help, to->form == HZ_OPENMETRICS_1_0);
    end_line(to, &line);
    line = begin_line(to);
    hz_text_format(&line, "# TYPE %s%s %s", family->name, end, type_word(to, family->type));
    end_line(to, &line);
    if (to->form != HZ_OPENMETRICS_1_0 || family->unit[0] == '\0')
        return;
    line = begin_line(to);
    hz_text_format(&line, "# UNIT %s %s", family->name, family->unit);
    end_line(to, &line);
}

/* --- samples --- */

static size_t label_bytes(const struct hz_label *labels)
{
    size_t bytes = 0;

    for (; labels && labels->name; labels++)
        bytes += strlen(labels->name) + 2 * strlen(labels->value) + 4;
    return bytes;
}

/* `bound` NULL, or the upper bound of a bucket. */
static void put_labels(struct hz_text *line, const struct hz_label *labels, const char *bound)
{
    const char *before = "{";

    for (; labels && labels->name; labels++) {
        hz_text_format(line, "%s%s=\"", before, labels->name);
        put_escaped(line, labels->value, true);
        hz_text_puts(line, "\"");
        before = ",";
    }
    if (bound)
        hz_text_format(line, "%sle=\"%s\"", before, bound);
    if (bound || *before == ',')
        hz_text_puts(line, "}");
}

/* Name and labels, and a blank; room for a value behind it. False: no memory. */
static bool begin_sample(struct hz_exposition *to, const char *end, const struct hz_label *labels,
                         const char *bound, struct hz_text *line)
{
    if (!make_room(to, strlen(to->family->name) + label_bytes(labels) + LINE_BYTES))
        return false;
    *line = begin_line(to);
    hz_text_format(line, "%s%s", to->family->name, end);
    put_labels(line, labels, bound);
    hz_text_puts(line, " ");
    return true;
}

static void put_uint(struct hz_exposition *to, const char *end, const struct hz_label *labels,
                     const char *bound, uint64_t value)
{
    struct hz_text line;

    if (!begin_sample(to, end, labels, bound, &line))
        return;
    hz_text_uint(&line, value);
    end_line(to, &line);
}

static void put_double(struct hz_exposition *to, const char *end, const struct hz_label *labels,
                       double value)
{
    struct hz_text line;

    if (!isfinite(value) || !begin_sample(to, end, labels, NULL, &line))
        return;
    hz_text_decimal(&line, value);
    end_line(to, &line);
}

void hz_exposition_uint(struct hz_exposition *to, const struct hz_label *labels, uint64_t value)
{
    put_uint(to, suffix(to->family->type), labels, NULL, value);
}

void hz_exposition_double(struct hz_exposition *to, const struct hz_label *labels, double value)
{
    put_double(to, suffix(to->family->type), labels, value);
}

void hz_exposition_ns(struct hz_exposition *to, const struct hz_label *labels, int64_t ns)
{
    hz_exposition_double(to, labels, (double)ns / 1e9);
}

/* The sum is read before the buckets: a call that ends in between is in the count. */
void hz_exposition_histogram(struct hz_exposition *to, const struct hz_label *labels,
                             const struct hz_histogram *histogram)
{
    uint64_t sum = atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed), count = 0;

    for (unsigned i = 0; i <= HZ_HISTOGRAM_BOUNDS; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        put_uint(to, "_bucket", labels,
                 i < HZ_HISTOGRAM_BOUNDS ? hz_histogram_bound_words[i] : "+Inf", count);
    }
    put_double(to, "_sum", labels, (double)sum / 1e9);
    put_uint(to, "_count", labels, NULL, count);
}

char *hz_exposition_take(struct hz_exposition *to, size_t *ret_length)
{
    if (make_room(to, LINE_BYTES) && to->form == HZ_OPENMETRICS_1_0) {
        struct hz_text line = begin_line(to);

        hz_text_puts(&line, "# EOF");
        end_line(to, &line);
    }
    if (to->lost) {
        free(to->at);
        to->at = NULL;
    }
    char *text = to->at;
    *ret_length = to->lost ? 0 : to->length;
    *to = (struct hz_exposition){.form = to->form};
    return text;
}
