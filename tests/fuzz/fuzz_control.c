/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a line on the control socket: a request or a sentence that says what is wrong. What is
 * taken can be written again, and reads back as the same request.
 */
#include "fuzz.h"

#include "control_priv.h"

#include <stdlib.h>

/* As a client writes it. */
static size_t write_again(const struct control_parsed *parsed, char *to, size_t size)
{
    static const char bytes[] = "\t\n\r\\", letters[] = "tnr\\";
    struct hz_text text = hz_text_in(to, size);

    hz_text_puts(&text, parsed->verb);
    for (unsigned i = 0; i < parsed->count; i++) {
        hz_text_format(&text, "\t%s=", parsed->arguments[i].name);
        for (const char *at = parsed->arguments[i].value; *at; at++) {
            const char *escaped = strchr(bytes, *at);

            if (escaped)
                hz_text_puts(&text, "\\");
            hz_text_add(&text, escaped ? &letters[escaped - bytes] : at, 1);
        }
    }
    if (text.overflow)
        abort();
    return text.length;
}

static void check_same(const struct control_parsed *one, const struct control_parsed *other)
{
    if (strcmp(one->verb, other->verb) != 0 || one->count != other->count)
        abort();
    for (unsigned i = 0; i < one->count; i++)
        if (strcmp(one->arguments[i].name, other->arguments[i].name) != 0 ||
            strcmp(one->arguments[i].value, other->arguments[i].value) != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hz_control_row row = {.verb = "ack", .arguments = "!alarm reason"};
    struct control_parsed parsed, again;
    char said[256], *line = malloc(size + 1), *copy = malloc(2 * size + 1);

    if (!line || !copy || size > CONTROL_LINE_BYTES_MAX || memchr(data, '\n', size))
        goto out;
    memcpy(line, data, size);
    const char *fault = control__parse(line, size, &parsed);
    if (fault)
        goto out;
    struct hz_text text = hz_text_in(said, sizeof(said));
    fault = control__arguments_fault(&parsed, &row, &text);
    if (!fault && !control__argument(&parsed, "alarm"))
        abort();
    size_t length = write_again(&parsed, copy, 2 * size + 1);
    if (control__parse(copy, length, &again))
        abort();
    check_same(&parsed, &again);
out:
    free(line);
    free(copy);
    return 0;
}
