/* SPDX-License-Identifier: Apache-2.0
 *
 * Help, from the table of commands.
 */
#include "ctl.h"

#include "hz_nearest.h"

void ctl_help(FILE *to)
{
    fputs("usage: hazardctl COMMAND [OPTIONS]\n\n", to);
    for (const struct ctl_command *const *command = ctl_commands; *command; command++)
        fprintf(to, "  %-10s %s\n", (*command)->name, (*command)->summary);
    fputs("  help       this list; hazardctl help COMMAND says more\n"
          "  version    which release this is\n\n"
          "exit: 0 good, 1 refused or failed, 2 usage, 3 hazardd not reachable, 78 configuration\n"
          "errors. --json is for programs: one JSON object a line (config: one array).\n",
          to);
}

static void help_option(FILE *to, char letter, const char *name, const char *value,
                        const char *help)
{
    char head[64];

    snprintf(head, sizeof(head), "%c%c%s--%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
             letter ? ", " : "  ", name, value ? " " : "", value ? value : "");
    fprintf(to, "  %-28s %s\n", head, help);
}

void ctl_help_command(FILE *to, const struct ctl_command *command)
{
    fprintf(to, "usage: hazardctl %s%s%s [OPTIONS]\n\n%s.\n", command->name,
            command->operand ? " " : "", command->operand ? command->operand : "",
            command->summary);
    if (command->text)
        fprintf(to, "%s\n", command->text);
    fputs("\n", to);
    for (const struct ctl_option *option = command->options; option->name; option++)
        help_option(to, option->letter, option->name, option->value, option->help);
    help_option(to, 'j', "json", NULL, "for programs, instead of text");
    help_option(to, 0, "color", "WHEN", "auto, always, never; $NO_COLOR is honoured");
    help_option(to, 'h', "help", NULL, "this text");
    if (!command->online)
        return;
    help_option(to, 0, "socket", "PATH", "default $HAZARDD_SOCKET, /run/hazardd/hazardd.sock");
    help_option(to, 0, "timeout", "SECONDS", "how long an answer may take; default 10");
}

int ctl_unknown_command(const char *name)
{
    struct hz_nearest nearest = hz_nearest(hz_slice(name));

    for (const struct ctl_command *const *command = ctl_commands; *command; command++)
        hz_nearest_try(&nearest, (*command)->name);
    hz_nearest_try(&nearest, "help");
    hz_nearest_try(&nearest, "version");
    if (nearest.best)
        ctl_say("there is no command '%s'; did you mean %s?", name, nearest.best);
    else
        ctl_say("there is no command '%s'; see hazardctl help", name);
    return CTL_USAGE;
}
