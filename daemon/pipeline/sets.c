/* SPDX-License-Identifier: Apache-2.0
 *
 * Which set a run begins with. What must stay true: a faulty configuration does not stop the watching
 * (the last set that was live is used instead); a set is archived before the journal names it.
 */
#include "pipeline_priv.h"

#include <string.h>

int pipeline__compile(struct hz_pipeline *p, const struct hz_files *files,
                      struct hz_diagnostics *diagnostics, struct hz_ruleset **ret_ruleset)
{
    struct hz_set *set;
    int error = hz_set_build(files, p->names, diagnostics, &set);

    if (error < 0)
        return error;
    error = hz_ruleset_compile(set, diagnostics, ret_ruleset);
    if (error == 0)
        hz_registry_drop_limits(set->registry);
    hz_set_unref(set); /* the ruleset has its own reference */
    return error;
}

int pipeline__fetch_ruleset(struct hz_pipeline *p, const struct hz_digest *digest,
                            struct hz_ruleset **ret_ruleset)
{
    struct hz_diagnostics unused; /* it was compiled without an error when it was archived */
    struct hz_files files;
    char text[HZ_DIGEST_TEXT_BYTES];

    hz_files_init(&files);
    hz_diagnostics_init(&unused);
    int error = hz_store_fetch(p->store, digest, &files);
    if (error == 0)
        error = pipeline__compile(p, &files, &unused, ret_ruleset);
    if (error < 0) {
        hz_digest_text(digest, text);
        hz_log_error("archived set %.8s: %s", text, hz_strerror(error));
    }
    hz_diagnostics_done(&unused);
    hz_files_done(&files);
    return error;
}

static int use_present(struct hz_pipeline *p, struct hz_diagnostics *diagnostics,
                       struct hz_ruleset **ret_ruleset)
{
    struct hz_files files;
    struct hz_digest digest;

    hz_files_init(&files);
    int error = hz_files_read(&files, p->options.config_directory, diagnostics);
    if (error == 0)
        error = pipeline__compile(p, &files, diagnostics, ret_ruleset);
    if (error == 0) {
        error = hz_store_archive(p->store, &files, &digest);
        if (error == 0)
            error = hz_store_set_last_good(p->store, &digest);
        if (error < 0) {
            hz_log_error("state directory %s: the set is not archived: %s",
                         p->options.state_directory, hz_strerror(error));
            hz_ruleset_free(*ret_ruleset);
        }
    }
    hz_files_done(&files);
    return error;
}

int pipeline__choose_set(struct hz_pipeline *p, struct hz_diagnostics *diagnostics,
                         struct hz_ruleset **ret_ruleset)
{
    struct hz_digest last_good;
    char text[HZ_DIGEST_TEXT_BYTES];
    int error = use_present(p, diagnostics, ret_ruleset);

    if (error != HZ_ECONFIG || p->options.strict)
        return error;
    if (hz_store_last_good(p->store, &last_good) < 0 ||
        pipeline__fetch_ruleset(p, &last_good, ret_ruleset) < 0)
        return HZ_ECONFIG;
    hz_digest_text(&last_good, text);
    hz_log_error("the configuration is faulty: going on with the last good set %.8s", text);
    p->faulty = true;
    return 0;
}
