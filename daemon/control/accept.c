/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the two texts of metrics a scraper wants, by its Accept header (RFC 9110, 12.5.1). What must
 * stay true: OpenMetrics goes only to whom asked for it by name, in the version that is written here;
 * whatever else comes, a person with a browser among it, gets the text format.
 */
#include "hz_exposition.h"
#include "hz_text.h"

#include <stdlib.h>
#include <strings.h>

/* Up to `end` without blanks around it; `rest` moves behind the separator. */
static struct hz_slice next_part(struct hz_slice *rest, char separator)
{
    const char *end = memchr(rest->at, separator, rest->length);
    size_t length = end ? (size_t)(end - rest->at) : rest->length;
    struct hz_slice part = {rest->at, length};

    rest->at += length + (end != NULL);
    rest->length -= length + (end != NULL);
    while (part.length > 0 && (part.at[0] == ' ' || part.at[0] == '\t')) {
        part.at++;
        part.length--;
    }
    while (part.length > 0 && (part.at[part.length - 1] == ' ' || part.at[part.length - 1] == '\t'))
        part.length--;
    return part;
}

static bool is_word(struct hz_slice part, const char *word)
{
    return part.length == strlen(word) && strncasecmp(part.at, word, part.length) == 0;
}

/* "0.75" in thousandths; what is no weight weighs nothing. */
static unsigned weight(struct hz_slice text)
{
    char digits[8] = "";
    char *end;

    if (text.length == 0 || text.length >= sizeof(digits))
        return 0;
    memcpy(digits, text.at, text.length);
    if (strspn(digits, "0123456789.") != text.length)
        return 0;
    double value = strtod(digits, &end);
    return *end || value > 1 ? 0 : (unsigned)(value * 1000 + 0.5);
}

/* The weight of one range of media; 0 when its version is another. */
static unsigned range_weight(struct hz_slice parameters, const char *version)
{
    unsigned q = 1000;

    while (parameters.length > 0) {
        struct hz_slice value = next_part(&parameters, ';');
        struct hz_slice name = next_part(&value, '=');

        if (is_word(name, "q"))
            q = weight(value);
        else if (is_word(name, "version") && !is_word(value, version))
            return 0;
    }
    return q;
}

enum hz_exposition_form hz_exposition_choose(const char *accept)
{
    struct hz_slice rest = hz_slice(accept);
    unsigned openmetrics = 0, text = 0;

    while (rest.length > 0) {
        struct hz_slice parameters = next_part(&rest, ',');
        struct hz_slice type = next_part(&parameters, ';');
        unsigned q;

        if (is_word(type, "application/openmetrics-text")) {
            q = range_weight(parameters, "1.0.0");
            openmetrics = q > openmetrics ? q : openmetrics;
        } else if (is_word(type, "text/plain")) {
            q = range_weight(parameters, "0.0.4");
            text = q > text ? q : text;
        }
    }
    return openmetrics > 0 && openmetrics >= text ? HZ_OPENMETRICS_1_0 : HZ_TEXT_0_0_4;
}
