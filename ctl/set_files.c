/* SPDX-License-Identifier: Apache-2.0
 *
 * What `check`, `config` and `explain` share: the files of a directory, and everything that is wrong with them,
 * as text for people and compilers of messages, or as JSON.
 */
#include "ctl_set.h"

#include <stdlib.h>

#define DIAGNOSTIC_BYTES 16384u

const char *ctl_directory(const struct ctl_call *call)
{
    const char *given = ctl_value(call, "config");

    return given ? given : CTL_DIRECTORY_DEFAULT;
}

/* Files that can't be read end it: what they hold would be reported as missing everywhere else. */
int ctl_compile(const char *directory, struct ctl_compiled *ret_compiled)
{
    *ret_compiled = (struct ctl_compiled){0};
    hz_files_init(&ret_compiled->files);
    hz_diagnostics_init(&ret_compiled->diagnostics);
    int code = hz_files_read(&ret_compiled->files, directory, &ret_compiled->diagnostics);

    if (code == 0)
        code = hz_names_new(&ret_compiled->names);
    if (code == 0)
        code = hz_set_build(&ret_compiled->files, ret_compiled->names, &ret_compiled->diagnostics,
                            &ret_compiled->set);
    if (code == 0)
        code = hz_ruleset_compile(ret_compiled->set, &ret_compiled->diagnostics,
                                  &ret_compiled->ruleset);
    return code == HZ_ECONFIG ? 0 : code;
}

void ctl_compiled_done(struct ctl_compiled *compiled)
{
    hz_ruleset_free(compiled->ruleset);
    hz_set_unref(compiled->set);
    hz_names_free(compiled->names);
    hz_diagnostics_done(&compiled->diagnostics);
    hz_files_done(&compiled->files);
}

static void write_json(const struct hz_diagnostic *one)
{
    char room[DIAGNOSTIC_BYTES];
    struct hz_text text = hz_text_in(room, sizeof(room));

    hz_text_puts(&text, "{\"file\":");
    hz_text_json(&text, hz_slice(one->file));
    hz_text_format(&text, ",\"line\":%u,\"column\":%u,\"severity\":\"%s\",\"message\":", one->line,
                   one->column, one->warning ? "warning" : "error");
    hz_text_json(&text, hz_slice(one->message));
    hz_text_puts(&text, ",\"hint\":");
    hz_text_json(&text, hz_slice(one->hint ? one->hint : ""));
    hz_text_puts(&text, "}");
    puts(text.at);
}

static void write_text(const struct hz_diagnostic *one)
{
    char room[DIAGNOSTIC_BYTES];
    struct hz_text text = hz_text_in(room, sizeof(room));

    hz_diagnostic_write(one, &text);
    fprintf(stderr, "%s\n", text.at);
}

void ctl_write_diagnostics(const struct hz_diagnostics *diagnostics, bool json)
{
    uint64_t all = diagnostics->errors + diagnostics->warnings;

    for (uint32_t i = 0; i < diagnostics->kept_count; i++) {
        if (json)
            write_json(&diagnostics->kept[i]);
        else
            write_text(&diagnostics->kept[i]);
    }
    if (all > diagnostics->kept_count && !json)
        fprintf(stderr, "... and %llu more\n", (unsigned long long)(all - diagnostics->kept_count));
}
