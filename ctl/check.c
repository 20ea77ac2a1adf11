/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration, checked as the daemon would take it: read, parsed, compiled, by the same code, with
 * no daemon and no trace left. What must stay true: what is called good here the daemon takes, and
 * with any error the exit code is 78.
 */
#include "ctl_set.h"

#include "hz_ruleset.h"

/* What a check has come to. */
struct check {
    const struct ctl_call *call;
    struct hz_files files;
    struct hz_diagnostics diagnostics;
    struct hz_names *names;
    struct hz_set *set;         /* NULL: has errors */
    struct hz_ruleset *ruleset; /* NULL: has errors */
};

/* Files that can't be read end it: what they hold would be reported as missing everywhere else. */
static int compile(struct check *check)
{
    int code = hz_files_read(&check->files, ctl_directory(check->call), &check->diagnostics);

    if (code == 0)
        code = hz_names_new(&check->names);
    if (code == 0)
        code = hz_set_build(&check->files, check->names, &check->diagnostics, &check->set);
    if (code == 0)
        code = hz_ruleset_compile(check->set, &check->diagnostics, &check->ruleset);
    return code == HZ_ECONFIG ? 0 : code;
}

static void say_good(const struct check *check)
{
    char digest[HZ_DIGEST_TEXT_BYTES];
    const struct hz_set *set = check->set;

    hz_digest_text(&set->digest, digest);
    printf("%s: good; rules: %u, points: %u, feeds: %u, warnings: %llu, set: %.8s\n",
           ctl_directory(check->call), set->config->rule_count,
           hz_registry_point_total(set->registry), set->config->feed_count,
           (unsigned long long)check->diagnostics.warnings, digest);
}

static void say_json(const struct check *check, bool good)
{
    char digest[HZ_DIGEST_TEXT_BYTES] = "";
    struct hz_digest of_files = hz_files_digest(&check->files);
    const struct hz_set *set = check->set;

    hz_digest_text(&of_files, digest);
    printf("{\"good\":%s,\"errors\":%llu,\"warnings\":%llu,\"rules\":%u,\"points\":%u,\"feeds\":%u,"
           "\"set\":\"%s\"}\n",
           good ? "true" : "false", (unsigned long long)check->diagnostics.errors,
           (unsigned long long)check->diagnostics.warnings, set ? set->config->rule_count : 0,
           set ? hz_registry_point_total(set->registry) : 0, set ? set->config->feed_count : 0,
           digest);
}

static int conclude(const struct check *check)
{
    bool denies = ctl_value(check->call, "strict") || ctl_value(check->call, "deny-warnings");
    bool good = check->diagnostics.errors == 0 && check->ruleset != NULL;

    if (denies && check->diagnostics.warnings > 0)
        good = false;
    ctl_write_diagnostics(&check->diagnostics, check->call->json);
    if (check->call->json)
        say_json(check, good);
    else if (good)
        say_good(check);
    else
        fprintf(stderr, "%s: not good; errors: %llu, warnings: %llu\n", ctl_directory(check->call),
                (unsigned long long)check->diagnostics.errors,
                (unsigned long long)check->diagnostics.warnings);
    return good ? CTL_OK : CTL_CONFIG;
}

static int run(const struct ctl_call *call)
{
    struct check check = {.call = call};
    int code;

    hz_files_init(&check.files);
    hz_diagnostics_init(&check.diagnostics);
    int failure = compile(&check);
    if (failure < 0) {
        ctl_say("check: %s", hz_strerror(failure));
        code = CTL_REFUSED;
    } else {
        code = conclude(&check);
    }
    hz_ruleset_free(check.ruleset);
    hz_set_unref(check.set);
    hz_names_free(check.names);
    hz_diagnostics_done(&check.diagnostics);
    hz_files_done(&check.files);
    return code;
}

const struct ctl_command ctl_check = {
    .name = "check",
    .summary = "Check a configuration without the daemon",
    .text =
        "Reads hazardd.yaml, rules.d and the registry's CSV files and compiles them as the daemon\n"
        "would. Every error is shown as file:line:column with a hint; exit 78 when there is one.",
    .run = run,
    .options =
        {
            {.name = "config",
             .letter = 'c',
             .value = "DIR",
             .help = "default " CTL_DIRECTORY_DEFAULT},
            {.name = "deny-warnings", .help = "a warning is an error, too"},
            {.name = "strict", .help = "the same"},
        },
};
