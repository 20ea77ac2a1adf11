/* SPDX-License-Identifier: Apache-2.0
 *
 * The option table with present values, and the example file.
 */
#include "ctl_set.h"

#include "hz_config.h"

#include <unistd.h>

/* The options as the directory sets them. */
static int show(const struct ctl_call *call)
{
    struct hz_diagnostics diagnostics;
    struct hz_config *config = NULL;
    struct hz_files files;

    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    int code = hz_files_read(&files, ctl_directory(call), &diagnostics);
    if (code == 0)
        code = hz_config_parse(&files, &diagnostics, &config);
    if (code == 0)
        hz_config_write_options(stdout, config, call->json);
    else if (code == HZ_ECONFIG)
        ctl_write_diagnostics(&diagnostics, false);
    else
        ctl_say("config: %s", hz_strerror(code));
    hz_config_unref(config);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
    if (code == 0)
        return CTL_OK;
    return code == HZ_ECONFIG ? CTL_CONFIG : CTL_REFUSED;
}

static int run(const struct ctl_call *call)
{
    if (ctl_value(call, "example")) {
        hz_config_write_example(stdout);
        return CTL_OK;
    }
    if (!ctl_value(call, "config") && access(CTL_DIRECTORY_DEFAULT, F_OK) < 0) {
        ctl_say("config: there is no %s: these are the defaults", CTL_DIRECTORY_DEFAULT);
        hz_config_write_options(stdout, NULL, call->json);
        return CTL_OK;
    }
    return show(call);
}

const struct ctl_command ctl_config = {
    .name = "config",
    .summary = "Show all options with their present values",
    .text = "As the files say, which need not be what the running daemon has taken.",
    .run = run,
    .options =
        {
            {.name = "config",
             .letter = 'c',
             .value = "DIR",
             .help = "default " CTL_DIRECTORY_DEFAULT},
            {.name = "example", .help = "write a commented hazardd.yaml to begin with"},
        },
};
