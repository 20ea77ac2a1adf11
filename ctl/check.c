/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration, checked as the daemon would take it: read, parsed, compiled, by the same code, with
 * no daemon and no trace left. What must stay true: what is called good here the daemon takes, and
 * with any error the exit code is 78.
 */
#include "ctl_set.h"

#include "hz_ruleset.h"

struct check {
    const struct ctl_call *call;
    struct ctl_compiled compiled;
};

static void say_good(const struct check *check)
{
    char digest[HZ_DIGEST_TEXT_BYTES];
    const struct hz_set *set = check->compiled.set;

    hz_digest_text(&set->digest, digest);
    printf("%s: good; rules: %u, points: %u, feeds: %u, warnings: %llu, set: %.8s\n",
           ctl_directory(check->call), set->config->rule_count,
           hz_registry_point_total(set->registry), set->config->feed_count,
           (unsigned long long)check->compiled.diagnostics.warnings, digest);
}

static void say_json(const struct check *check, bool good)
{
    char digest[HZ_DIGEST_TEXT_BYTES] = "";
    struct hz_digest of_files = hz_files_digest(&check->compiled.files);
    const struct hz_set *set = check->compiled.set;

    hz_digest_text(&of_files, digest);
    printf("{\"good\":%s,\"errors\":%llu,\"warnings\":%llu,\"rules\":%u,\"points\":%u,\"feeds\":%u,"
           "\"set\":\"%s\"}\n",
           good ? "true" : "false", (unsigned long long)check->compiled.diagnostics.errors,
           (unsigned long long)check->compiled.diagnostics.warnings,
           set ? set->config->rule_count : 0, set ? hz_registry_point_total(set->registry) : 0,
           set ? set->config->feed_count : 0, digest);
}

static int conclude(const struct check *check)
{
    bool denies = ctl_value(check->call, "strict") || ctl_value(check->call, "deny-warnings");
    bool good = check->compiled.diagnostics.errors == 0 && check->compiled.ruleset != NULL;

    if (denies && check->compiled.diagnostics.warnings > 0)
        good = false;
    ctl_write_diagnostics(&check->compiled.diagnostics, check->call->json);
    if (check->call->json)
        say_json(check, good);
    else if (good)
        say_good(check);
    else
        fprintf(stderr, "%s: not good; errors: %llu, warnings: %llu\n", ctl_directory(check->call),
                (unsigned long long)check->compiled.diagnostics.errors,
                (unsigned long long)check->compiled.diagnostics.warnings);
    return good ? CTL_OK : CTL_CONFIG;
}

static int run(const struct ctl_call *call)
{
    struct check check = {.call = call};
    int code, failure = ctl_compile(ctl_directory(call), &check.compiled);

    if (failure < 0) {
        ctl_say("check: %s", hz_strerror(failure));
        code = CTL_REFUSED;
    } else {
        code = conclude(&check);
    }
    ctl_compiled_done(&check.compiled);
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
