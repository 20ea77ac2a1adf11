/* SPDX-License-Identifier: Apache-2.0
 *
 * hazardd: arguments, start, wait for a signal, stop. Exit status: 0 after a clean stop, 1 when the world
 * failed, 2 for wrong arguments, 78 (EX_CONFIG) when there is no configuration to watch by.
 */
#include "hz_log.h"
#include "hz_pipeline.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>

static const char usage[] =
    "Usage: hazardd [--config DIR] [--state DIR] [--runtime DIR] [--strict] [--debug]\n"
    "\n"
    "  --config DIR   hazardd.yaml, rules.d/ and the registry's CSV files\n"
    "                 ($CONFIGURATION_DIRECTORY, else /etc/hazardd)\n"
    "  --state DIR    journal, alarms log, snapshots ($STATE_DIRECTORY, else /var/lib/hazardd)\n"
    "  --runtime DIR  control socket ($RUNTIME_DIRECTORY, else /run/hazardd)\n"
    "  --strict       do not start with a faulty configuration (else the last good one is used)\n"
    "  --debug        log more\n"
    "  --version, --help\n"
    "\n"
    "SIGHUP takes changed files (better: hazardctl reload, which shows what is wrong with them).\n"
    "SIGTERM and SIGINT stop it cleanly. hazardctl shows what it does.\n";

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

/* Returns the exit status, or -1 to go on. */
static int parse_arguments(int argc, char **argv, struct hz_pipeline_options *options)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},  {"state", required_argument, NULL, 's'},
        {"runtime", required_argument, NULL, 'r'}, {"strict", no_argument, NULL, 'S'},
        {"debug", no_argument, NULL, 'd'},         {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};

    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'c':
            options->config_directory = optarg;
            break;
        case 's':
            options->state_directory = optarg;
            break;
        case 'r':
            options->runtime_directory = optarg;
            break;
        case 'S':
            options->strict = true;
            break;
        case 'd':
            hz_log_set_level(HZ_LOG_DEBUG);
            break;
        case 'V':
            puts("hazardd " HZ_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "hazardd: unexpected argument %s\n%s", argv[optind], usage);
    return 2;
}

static void say_diagnostics(const struct hz_diagnostics *diagnostics)
{
    char buffer[2048];

    for (uint32_t i = 0; i < diagnostics->kept_count; i++) {
        struct hz_text text = hz_text_in(buffer, sizeof(buffer));
        hz_diagnostic_write(&diagnostics->kept[i], &text);
        hz_log(diagnostics->kept[i].warning ? HZ_LOG_WARNING : HZ_LOG_ERROR, "%s", buffer);
    }
    if (diagnostics->errors + diagnostics->warnings > diagnostics->kept_count)
        hz_log_error("%llu errors and %llu warnings in all",
                     (unsigned long long)diagnostics->errors,
                     (unsigned long long)diagnostics->warnings);
}

/* Waits for the end; meanwhile feeds the watchdog while the threads work, and says what they do. */
static void watch(struct hz_pipeline *pipeline, const sigset_t *signals)
{
    uint64_t watchdog_us = 0;
    char status[256];

    (void)sd_watchdog_enabled(0, &watchdog_us);
    uint64_t period_ms = watchdog_us > 0 && watchdog_us / 2000 < 5000 ? watchdog_us / 2000 : 5000;
    struct timespec period = {(time_t)(period_ms / 1000), (long)(period_ms % 1000) * 1000000};
    for (;;) {
        hz_pipeline_status(pipeline, status, sizeof(status));
        (void)sd_notifyf(0, "STATUS=%s", status);
        int signal = sigtimedwait(signals, NULL, &period);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP)
            hz_pipeline_reload(pipeline);
        if (hz_pipeline_alive(pipeline))
            (void)sd_notify(0, "WATCHDOG=1");
    }
}

static int run(const struct hz_pipeline_options *options)
{
    struct hz_diagnostics diagnostics;
    struct hz_pipeline *pipeline;
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL); /* before the threads, which inherit it */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0); /* passwords are in memory for a moment */
    hz_diagnostics_init(&diagnostics);
    (void)sd_notify(0, "STATUS=replaying the journal");
    int error = hz_pipeline_start(options, &diagnostics, &pipeline);
    say_diagnostics(&diagnostics);
    hz_diagnostics_done(&diagnostics);
    if (error < 0) {
        hz_log_error("not started: %s", hz_strerror(error));
        return error == HZ_ECONFIG ? EX_CONFIG : EXIT_FAILURE;
    }
    hz_log_notice("hazardd " HZ_VERSION " is watching");
    (void)sd_notify(0, "READY=1");
    watch(pipeline, &signals);
    (void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
    hz_log_notice("stopping");
    hz_pipeline_stop(pipeline);
    hz_log_notice("stopped");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct hz_pipeline_options options = {
        .config_directory = from_environment("CONFIGURATION_DIRECTORY", "/etc/hazardd"),
        .state_directory = from_environment("STATE_DIRECTORY", "/var/lib/hazardd"),
        .runtime_directory = from_environment("RUNTIME_DIRECTORY", "/run/hazardd"),
        .clock = &hz_clock_real,
        .disk = &hz_disk_real};
    int status = parse_arguments(argc, argv, &options);

    if (status >= 0)
        return status;
    (void)umask(027);
    if (mkdir(options.runtime_directory, 0750) < 0 && errno != EEXIST) {
        hz_log_error("runtime directory %s: %s", options.runtime_directory, strerror(errno));
        return EXIT_FAILURE;
    }
    return run(&options);
}
