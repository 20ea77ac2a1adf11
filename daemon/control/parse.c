/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's line: verb TAB name=value TAB name=value. What must stay true: whatever comes in, what
 * goes to a handler are terminated texts in valid UTF-8, each name once, without control bytes other
 * than the escaped \t \n \r of a value.
 */
#include "control_priv.h"

/* A line may hold any UTF-8 text and TABs, nothing that steers a terminal or ends a string. */
static bool text_ok(const char *at, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)at[i];
        size_t bytes = hz_utf8_character(at + i, length - i);

        if (bytes == 0 || (byte < 0x20 && byte != '\t') || byte == 0x7F)
            return false;
        i += bytes;
    }
    return true;
}

static bool word_ok(const char *word)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return length > 0 && word[length] == '\0';
}

/* In place: the text only shrinks. */
static bool unescape(char *value)
{
    static const char letters[] = "tnr\\", bytes[] = "\t\n\r\\";
    char *to = value;

    for (const char *from = value; *from; from++) {
        const char *letter;

        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        letter = *from ? strchr(letters, *from) : NULL;
        if (!letter)
            return false;
        *to++ = bytes[letter - letters];
    }
    *to = '\0';
    return true;
}

static const char *add_argument(struct control_parsed *parsed, char *field)
{
    char *value = strchr(field, '=');

    if (!value)
        return "an argument is written name=value";
    *value++ = '\0';
    if (!word_ok(field))
        return "the name of an argument is made of a-z, 0-9, _ and -";
    if (!unescape(value))
        return "in a value a backslash is written \\\\, TAB \\t, LF \\n, CR \\r";
    if (control__argument(parsed, field))
        return "an argument is given twice";
    if (parsed->count == CONTROL_ARGUMENTS_MAX)
        return "there are more than 16 arguments";
    parsed->arguments[parsed->count++] = (struct control_argument){field, value};
    return NULL;
}

const char *control__parse(char *line, size_t length, struct control_parsed *ret_parsed)
{
    const char *fault = NULL;
    char *rest = line;

    *ret_parsed = (struct control_parsed){0};
    if (!text_ok(line, length))
        return "the line is not plain UTF-8 text";
    line[length] = '\0';
    ret_parsed->verb = strsep(&rest, "\t");
    if (!word_ok(ret_parsed->verb))
        return "a line begins with a command";
    while (rest && !fault)
        fault = add_argument(ret_parsed, strsep(&rest, "\t"));
    return fault;
}

const char *control__argument(const struct control_parsed *parsed, const char *name)
{
    for (unsigned i = 0; i < parsed->count; i++)
        if (strcmp(parsed->arguments[i].name, name) == 0)
            return parsed->arguments[i].value;
    return NULL;
}

/* The next name of a row's list; an empty slice at its end. */
static struct hz_slice next_name(const char **list, bool *ret_needed)
{
    *list += strspn(*list, " ");
    *ret_needed = **list == '!';
    if (*ret_needed)
        ++*list;
    struct hz_slice name = {*list, strcspn(*list, " ")};
    *list += name.length;
    return name;
}

static bool listed(const char *list, const char *name)
{
    struct hz_slice known;
    bool needed;

    do {
        known = next_name(&list, &needed);
        if (hz_slice_is(known, name))
            return true;
    } while (known.length > 0);
    return false;
}

static const char *missing(const struct control_parsed *parsed, const char *list,
                           struct hz_text *to)
{
    struct hz_slice name;
    bool needed;

    while ((name = next_name(&list, &needed)).length > 0) {
        bool given = false;

        for (unsigned i = 0; i < parsed->count; i++)
            given = given || hz_slice_is(name, parsed->arguments[i].name);
        if (needed && !given) {
            hz_text_format(to, "'%s' needs the argument '%.*s'", parsed->verb, (int)name.length,
                           name.at);
            return to->at;
        }
    }
    return NULL;
}

const char *control__arguments_fault(const struct control_parsed *parsed,
                                     const struct hz_control_row *row, struct hz_text *to)
{
    const char *list = row->arguments ? row->arguments : "";

    for (unsigned i = 0; i < parsed->count; i++) {
        const char *name = parsed->arguments[i].name;

        if (!listed(list, name)) {
            hz_text_format(to, "'%s' has no argument '%.64s'", parsed->verb, name);
            return to->at;
        }
    }
    return missing(parsed, list, to);
}
