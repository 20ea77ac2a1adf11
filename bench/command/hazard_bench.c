/* SPDX-License-Identifier: Apache-2.0
 *
 * hazard-bench: one command for all measurements. Each is a program of its own, so that one needs no
 * broker that another does, and a figure is that of a fresh process. This one finds it, gives it a
 * temporary folder, hands its lines through (with --json only those of JSON), and leaves nothing
 * behind: neither a process nor, unless the tool failed, a file.
 */
#include "tools.h"

#include "busy.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define BUSY       0.2 /* of the processors: figures would be those of a smaller machine */

static char folder[256];
static volatile sig_atomic_t child; /* for the handler */

/* --- help --- */

static void usage(void)
{
    printf("usage: hazard-bench [--json] TOOL [ARGUMENTS]\n\n");
    for (const struct tool *tool = tools; tool->name; tool++)
        printf("  %-10s %s\n", tool->name, tool->line);
    printf(
        "\n  --json     only the JSON lines, one for each result\n"
        "  --version  the version\n"
        "  --help     this; hazard-bench TOOL --help: more on one of them\n\n"
        "Each proves that its answer is right before it takes the time, and measures beside a\n"
        "floor or peer in the same run. Programs that one needs (hazardd, mosquitto, "
        "redis-server)\n"
        "are started by it, with files and sockets of their own; nothing that runs is touched.\n");
}

static void explain(const struct tool *tool)
{
    printf("usage: hazard-bench [--json] %s %s\n\n%s\n", tool->name, tool->usage, tool->line);
    if (tool->needs)
        printf("needs: %s\n", tool->needs);
}

/* --- the temporary folder --- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    (void)remove(path); /* what stays makes the folder stay, which is told */
    return 0;
}

static bool make_folder(void)
{
    const char *base = getenv("TMPDIR");

    if (!base || base[0] != '/')
        base = "/var/tmp"; /* a disk, which /tmp often is not */
    /* Sockets below it must have paths of at most 107 bytes. */
    if (snprintf(folder, sizeof(folder), "%s/hazard-bench-XXXXXX", base) > 56) {
        fprintf(stderr, "hazard-bench: TMPDIR=%s is too long a path for sockets\n", base);
        return false;
    }
    if (!mkdtemp(folder) || setenv("TMPDIR", folder, 1) != 0) {
        fprintf(stderr, "hazard-bench: %s: %s\n", folder, strerror(errno));
        return false;
    }
    return true;
}

static void end_folder(bool keep)
{
    if (keep && rmdir(folder) != 0) {
        fprintf(stderr, "hazard-bench: its files are still in %s\n", folder);
        return;
    }
    if (!keep)
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    if (access(folder, F_OK) == 0)
        fprintf(stderr, "hazard-bench: %s stays behind\n", folder);
}

/* --- the tool --- */

static void end_child(int signal)
{
    (void)signal;
    if (child > 0)
        (void)kill((pid_t)child, SIGKILL); /* and what it started, by PR_SET_PDEATHSIG */
}

static pid_t start(const char *program, char **arguments, int output)
{
    pid_t parent = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || (output >= 0 && dup2(output, STDOUT_FILENO) < 0))
        _exit(126);
    (void)execv(program, arguments);
    fprintf(stderr, "hazard-bench: %s: %s\n", program, strerror(errno));
    _exit(127);
}

static void pass_json(int from)
{
    FILE *lines = fdopen(from, "r");
    char *line = NULL;
    size_t size = 0;

    while (lines && getline(&line, &size, lines) > 0) {
        if (line[0] != '{')
            continue;
        (void)fputs(line, stdout);
        (void)fflush(stdout);
    }
    free(line);
    if (lines)
        (void)fclose(lines);
}

/* The tool's own status; then those that it left. */
static int wait_all(pid_t pid)
{
    int status = 0, result = EXIT_FAILURE;

    for (;;) {
        pid_t ended = wait(&status);
        if (ended < 0 && errno == EINTR)
            continue;
        if (ended < 0)
            return result;
        if (ended != pid)
            continue;
        child = 0;
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

/* Before anything is done: a tool that stops half-way for want of Redis has wasted a minute. */
static bool find_needs(const struct tool *tool)
{
    char path[PROGRAM_PATH_BYTES], name[32];
    bool found = true;

    /* One with options of its own looks itself, when it has understood them. */
    for (const char *word = tool->needs && tool->argument != TOOL_OWN ? tool->needs : "";
         *word != '\0';) {
        size_t length = strcspn(word, " ");
        (void)snprintf(name, sizeof(name), "%.*s", (int)length, word);
        found = program_find(name, path) && found;
        word += length + (word[length] == ' ');
    }
    return found;
}

static void warn_if_busy(void)
{
    const double share = busy_share();

    if (share > BUSY)
        fprintf(
            stderr,
            "hazard-bench: other programs use %.0f %% of the processors: figures will be too low\n",
            share * 100);
}

static bool asks_help(char **arguments)
{
    for (; *arguments; arguments++)
        if (strcmp(*arguments, "--help") == 0)
            return true;
    return false;
}

static int run(const struct tool *tool, char **arguments, bool json)
{
    const struct sigaction act = {.sa_handler = end_child};
    int ends[2] = {-1, -1};
    char program[PROGRAM_PATH_BYTES];

    if (!program_find(tool->program, program) || !find_needs(tool) || !make_folder())
        return EXIT_FAILURE;
    if (tool->measures && !asks_help(arguments))
        warn_if_busy();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a killed tool leaves is waited for */
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    (void)fflush(stdout);
    if (json && pipe2(ends, O_CLOEXEC) != 0) {
        end_folder(false);
        fprintf(stderr, "hazard-bench: pipe: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    arguments[0] = program;
    pid_t pid = start(program, arguments, ends[1]);
    child = pid;
    if (json) {
        (void)close(ends[1]);
        pass_json(ends[0]);
    }
    int result = wait_all(pid);
    end_folder(result == EXIT_FAILURE);
    return result;
}

/* Takes --json out, wherever it stands: no tool has an option of that name. */
static bool take_json(int *count, char **arguments)
{
    int kept = 0;
    bool found = false;

    for (int i = 0; i < *count; i++) {
        if (strcmp(arguments[i], "--json") == 0)
            found = true;
        else
            arguments[kept++] = arguments[i];
    }
    arguments[kept] = NULL;
    *count = kept;
    return found;
}

int main(int count, char **arguments)
{
    const bool json = take_json(&count, arguments);
    const char *first = count > 1 ? arguments[1] : NULL;

    if (!first) {
        fprintf(stderr, "hazard-bench: which measurement? hazard-bench --help lists them\n");
        return EXIT_USAGE;
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0) {
        usage();
        return EXIT_SUCCESS;
    }
    if (strcmp(first, "--version") == 0) {
        printf("hazard-bench %s\n", HZ_VERSION);
        return EXIT_SUCCESS;
    }
    if (first[0] == '-') {
        fprintf(stderr, "hazard-bench: there is no option %s; see hazard-bench --help\n", first);
        return EXIT_USAGE;
    }
    const struct tool *tool = tool_find(first);
    if (!tool)
        return EXIT_USAGE;
    if (tool->argument != TOOL_OWN && count > 2 && strcmp(arguments[2], "--help") == 0) {
        explain(tool);
        return EXIT_SUCCESS;
    }
    if (!tool_accepts(tool, count - 2, arguments + 2))
        return EXIT_USAGE;
    return run(tool, arguments + 1, json);
}
