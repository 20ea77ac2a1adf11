/* SPDX-License-Identifier: Apache-2.0
 *
 * A set's files to a configuration, all or nothing: with any fault nothing is returned, and every
 * fault of every file has been reported.
 */
#include "config_priv.h"

#include <errno.h>
#include <stdlib.h>

static void read_options(struct config_reader *reader, const struct hz_files *files,
                         struct hz_config *config)
{
    const struct hz_file *file = hz_files_find(files, "hazardd.yaml");
    struct config_node nothing = {.kind = CONFIG_MAP, .line = 1, .column = 1, .text = ""};
    struct hz_arena scratch;

    reader->table = &config__options;
    reader->file = "hazardd.yaml";
    config__set_defaults(reader, "", config);
    if (!file) {
        hz_diagnose(reader->diagnostics, reader->file, 0, 0,
                    "hazardctl config --example writes one", "the file is not there");
        return;
    }
    hz_arena_init(&scratch);
    uint64_t before = reader->diagnostics->errors;
    struct hz_file text = config__unmarked(file);
    const struct config_node *root = config__tree(reader->diagnostics, &text, &scratch);
    if (root)
        config__read_map(reader, "", root, config);
    if (reader->diagnostics->errors == before || (root && root->kind == CONFIG_MAP))
        config__check_config(reader, root && root->kind == CONFIG_MAP ? root : &nothing, config);
    hz_arena_done(&scratch);
}

int hz_config_parse(const struct hz_files *files, struct hz_diagnostics *diagnostics,
                    struct hz_config **ret_config)
{
    struct hz_config *config = calloc(1, sizeof(*config));
    uint64_t before = diagnostics->errors;

    if (!config)
        return -ENOMEM;
    atomic_init(&config->refs, 1);
    hz_arena_init(&config->arena);
    config->set = hz_files_digest(files);
    struct config_reader reader = {.diagnostics = diagnostics, .keep = &config->arena};
    read_options(&reader, files, config);
    int code = config__read_rules(&reader, files, config);
    if (code == 0 && diagnostics->errors > before)
        code = HZ_ECONFIG;
    if (code < 0)
        hz_config_unref(config);
    else
        *ret_config = config;
    return code;
}

struct hz_config *hz_config_ref(struct hz_config *config)
{
    (void)atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

void hz_config_unref(struct hz_config *config)
{
    if (!config || atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) != 1)
        return;
    hz_arena_done(&config->arena);
    free(config);
}
