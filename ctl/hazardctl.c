/* SPDX-License-Identifier: Apache-2.0
 *
 * hazardctl: asks hazardd what it sees, tells it what somebody has decided, and checks configurations
 * before they get to it. Here: the table of commands and the way to one of them. The words of the
 * command line and its help are English everywhere, tables and sentences Chinese or English by the locale.
 */
#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

const struct ctl_command *const ctl_commands[] = {
    &ctl_status,   &ctl_top,    &ctl_alarms,  &ctl_ack,     &ctl_explain, &ctl_points,
    &ctl_coverage, &ctl_feeds,  &ctl_unknown, &ctl_metrics, &ctl_tail,    &ctl_history,
    &ctl_diff,     &ctl_reload, &ctl_check,   &ctl_config,  NULL,
};

void ctl_say(const char *format, ...)
{
    char english[CTL_CELL_BYTES], chinese[2 * CTL_CELL_BYTES];
    struct hz_text text = hz_text_in(chinese, sizeof(chinese));
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(english, sizeof(english), format, arguments);
    va_end(arguments);
    if (ctl_chinese())
        ctl_in_chinese(english, &text);
    fflush(stdout); /* what was shown before stands before */
    fprintf(stderr, "hazardctl: %s\n", text.length > 0 ? chinese : english);
}

static const struct ctl_command *find_command(const char *name)
{
    for (const struct ctl_command *const *command = ctl_commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

static int help_about(int count, char **names)
{
    if (count == 0) {
        ctl_help(stdout);
        return CTL_OK;
    }
    const struct ctl_command *command = find_command(names[0]);
    if (!command)
        return ctl_unknown_command(names[0]);
    ctl_help_command(stdout, command);
    return CTL_OK;
}

static bool is_one_of(const char *word, const char *one, const char *other, const char *third)
{
    return strcmp(word, one) == 0 || strcmp(word, other) == 0 || strcmp(word, third) == 0;
}

static int run(int argc, char **argv)
{
    struct ctl_call call;

    if (argc < 2) {
        ctl_help(stderr);
        return CTL_USAGE;
    }
    if (is_one_of(argv[1], "help", "--help", "-h"))
        return help_about(argc - 2, argv + 2);
    if (is_one_of(argv[1], "version", "--version", "-V")) {
        puts("hazardctl " HZ_VERSION);
        return CTL_OK;
    }
    const struct ctl_command *command = find_command(argv[1]);
    if (!command)
        return ctl_unknown_command(argv[1]);
    int code = ctl_parse(command, argc - 1, argv + 1, &call);
    if (code != CTL_OK)
        return code;
    if (call.help) {
        ctl_help_command(stdout, command);
        return CTL_OK;
    }
    return command->run(&call);
}

int main(int argc, char **argv)
{
    int code = run(argc, argv);
    bool written = !ferror(stdout);

    errno = 0;
    if (fflush(stdout) != 0 || !written) {
        if (errno)
            ctl_say("the output could not be written: %s", strerror(errno));
        else
            ctl_say("the output could not be written");
        return code == CTL_OK ? CTL_REFUSED : code;
    }
    return code;
}
