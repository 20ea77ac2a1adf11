/* SPDX-License-Identifier: Apache-2.0
 *
 * What a handler calls: arguments of its request, lines of its answer. What must stay true: nothing
 * here calls a handler or frees anything; it adds to the buffer and wakes the connection.
 */
#include "control_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *hz_control_argument(const struct hz_control_request *request, const char *name)
{
    return control__argument(&request->parsed, name);
}

/* Digits with at most one sign: strtoll alone would take blanks before them. */
static bool whole_number(const char *text, int64_t *ret_value)
{
    const char *digits = *text == '-' ? text + 1 : text;
    char *end;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || errno != 0)
        return false;
    *ret_value = value;
    return true;
}

bool hz_control_number(struct hz_control_request *request, const char *name, int64_t least,
                       int64_t most, int64_t *ret_value)
{
    const char *text = control__argument(&request->parsed, name);
    int64_t value;

    if (!text)
        return true;
    if (whole_number(text, &value) && value >= least && value <= most) {
        *ret_value = value;
        return true;
    }
    hz_control_fail(request, -EINVAL, "%s: '%.64s' is not a whole number from %lld to %lld", name,
                    text, (long long)least, (long long)most);
    return false;
}

const char *hz_control_actor(const struct hz_control_request *request)
{
    return request->connection->peer.actor;
}

void hz_control_line(struct hz_control_request *request, const char *json, size_t length)
{
    hz_assert(request->live && !request->ended && !memchr(json, '\n', length));
    control__out_add(&request->connection->out, json, length);
    control__out_add(&request->connection->out, "\n", 1);
    control__wake(request->connection);
}

void hz_control_stream(struct hz_control_request *request, const struct hz_control_stream *stream)
{
    hz_assert(request->live && !request->started);
    request->stream = *stream;
    request->started = true;
    hz_control_more(request);
}

void hz_control_more(struct hz_control_request *request)
{
    request->more = true;
    control__wake(request->connection);
}

static void end_with(struct hz_control_request *request, const char *json) HZ_ON(hz_output)
{
    hz_control_line(request, json, strlen(json));
    request->started = true;
    request->ended = true;
}

void hz_control_end(struct hz_control_request *request)
{
    end_with(request, "{\"end\":true}");
}

void control__error_json(struct hz_text *to, int code, const char *sentence)
{
    hz_text_puts(to, "{\"error\":");
    hz_text_json(to, hz_slice(sentence));
    hz_text_format(to, ",\"code\":%d}", code);
}

__attribute__((format(printf, 3, 0))) static void fail(struct hz_control_request *request, int code,
                                                       const char *format, va_list arguments)
    HZ_ON(hz_output)
{
    char sentence[CONTROL_SENTENCE_BYTES], json[CONTROL_ERROR_BYTES];
    struct hz_text text = hz_text_in(json, sizeof(json));

    hz_assert(code < 0);
    if (vsnprintf(sentence, sizeof(sentence), format, arguments) >= (int)sizeof(sentence))
        sentence[hz_utf8_cut(sentence, sizeof(sentence) - 1, sizeof(sentence) - 2)] = '\0';
    control__error_json(&text, code, sentence);
    hz_assert(!text.overflow);
    end_with(request, json);
}

void control__refuse(struct hz_control_request *request, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fail(request, code, format, arguments);
    va_end(arguments);
}

void hz_control_fail(struct hz_control_request *request, int code, const char *format, ...)
{
    va_list arguments;

    request->connection->control->counts.failed++;
    va_start(arguments, format);
    fail(request, code, format, arguments);
    va_end(arguments);
}
