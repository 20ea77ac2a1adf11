/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as hazardd.yaml and as a rule file: a configuration or errors, never both and
 * never neither. What is accepted must be writable as a list of options.
 */
#include "fuzz.h"

#include "hz_config.h"

#include <stdio.h>
#include <stdlib.h>

static void check(const struct hz_diagnostics *diagnostics, const struct hz_config *config,
                  int code)
{
    char text[4096];

    if ((code == 0) != (config != NULL) || (code == 0) != (diagnostics->errors == 0))
        abort();
    for (uint32_t i = 0; i < diagnostics->kept_count; i++) {
        struct hz_text to = hz_text_in(text, sizeof(text));

        hz_diagnostic_write(&diagnostics->kept[i], &to);
    }
}

static void write_options(const struct hz_config *config)
{
    FILE *nowhere = fopen("/dev/null", "w");

    if (!nowhere)
        return;
    hz_config_write_options(nowhere, config, true);
    fclose(nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"hazardd.yaml", "rules.d/f.yaml"};

    for (size_t i = 0; i < 2; i++) {
        struct hz_diagnostics diagnostics;
        struct hz_config *config = NULL;
        struct hz_files files;

        hz_files_init(&files);
        hz_diagnostics_init(&diagnostics);
        int code = hz_files_add(&files, paths[i], data, size);
        if (code == 0 && i > 0)
            code = hz_files_add(&files, "hazardd.yaml", "", 0);
        if (code == 0) {
            code = hz_config_parse(&files, &diagnostics, &config);
            check(&diagnostics, config, code);
        }
        if (config)
            write_options(config);
        hz_config_unref(config);
        hz_diagnostics_done(&diagnostics);
        hz_files_done(&files);
    }
    return 0;
}
