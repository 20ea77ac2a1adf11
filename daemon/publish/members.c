/* SPDX-License-Identifier: Apache-2.0
 *
 * Members of the JSON objects that stand beside the stream. Between "{" and "}" each call adds one
 * member, with a comma where it is not the first.
 */
#include "publish_priv.h"

#include <math.h>

static void put_name(struct hz_text *to, const char *name)
{
    if (to->length > 0 && to->at[to->length - 1] != '{')
        hz_text_puts(to, ",");
    hz_text_json(to, hz_slice(name));
    hz_text_puts(to, ":");
}

void publish__put_text(struct hz_text *to, const char *name, struct hz_slice value)
{
    put_name(to, name);
    hz_text_json(to, value.at ? value : hz_slice(""));
}

void publish__put_word(struct hz_text *to, const char *name, const char *word)
{
    publish__put_text(to, name, hz_slice(word));
}

void publish__put_int(struct hz_text *to, const char *name, int64_t value)
{
    put_name(to, name);
    hz_text_int(to, value);
}

void publish__put_decimal(struct hz_text *to, const char *name, double value)
{
    if (!isfinite(value))
        return;
    put_name(to, name);
    hz_text_decimal(to, value);
}

void publish__put_number(struct hz_text *to, const char *name, const char *decimal)
{
    if (decimal[0] == '\0')
        return;
    put_name(to, name);
    hz_text_puts(to, decimal);
}

void publish__put_string(struct hz_text *to, const char *name, const struct hz_registry *registry,
                         hz_string string)
{
    publish__put_word(to, name, hz_registry_string(registry, string));
}

void publish__put_key(struct hz_text *to, const char *name, const struct hz_registry *registry,
                      enum hz_named_kind kind, uint32_t id)
{
    publish__put_text(to, name, hz_names_key(hz_registry_names(registry), kind, id));
}
