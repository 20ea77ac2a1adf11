/* SPDX-License-Identifier: Apache-2.0
 *
 * A command's line by its table, with getopt_long. What must stay true: whatever is wrong is said in
 * one sentence that names what was written, with the nearest word there is, and nothing has been sent
 * to the daemon then.
 */
#include "ctl.h"

#include "hz_nearest.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#define SOCKET_DEFAULT  "/run/hazardd/hazardd.sock"
#define TIMEOUT_DEFAULT 10 /* s; an acknowledgement waits for the journal's disk */
#define TIMEOUT_MAX     3600

/* Options of every command, behind its own. The letters are what getopt returns. */
enum { OWN_FIRST = 256, OPT_SOCKET = 512, OPT_TIMEOUT, OPT_COLOUR, OPT_JSON, OPT_HELP };

static const struct option common[] = {
    {"json", no_argument, NULL, OPT_JSON},
    {"color", required_argument, NULL, OPT_COLOUR},
    {"help", no_argument, NULL, OPT_HELP},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
};
#define COMMON_OFFLINE 3u /* the first ones: what needs no daemon */
#define COMMON_COUNT   5u

struct parsing {
    const struct ctl_command *command;
    struct ctl_call *call;
    struct option options[CTL_OPTIONS_MAX + COMMON_COUNT + 1];
    unsigned count;
    char letters[2 * (CTL_OPTIONS_MAX + 3)];
    const char *colour;
};

/* ':' first: getopt then tells a missing value from an unknown option. */
static void build(struct parsing *parsing)
{
    struct hz_text letters = hz_text_in(parsing->letters, sizeof(parsing->letters));
    unsigned commons = parsing->command->online ? COMMON_COUNT : COMMON_OFFLINE;

    hz_text_puts(&letters, ":hj");
    for (unsigned i = 0; parsing->command->options[i].name; i++) {
        const struct ctl_option *option = &parsing->command->options[i];
        bool flag = !option->value;

        parsing->options[parsing->count++] = (struct option){
            option->name, flag ? no_argument : required_argument, NULL, OWN_FIRST + (int)i};
        if (option->letter)
            hz_text_format(&letters, "%c%s", option->letter, flag ? "" : ":");
    }
    for (unsigned i = 0; i < commons; i++)
        parsing->options[parsing->count++] = common[i];
}

static int wrong(const struct parsing *parsing, const char *what, const char *word,
                 const char *best)
{
    const char *name = parsing->command->name;

    if (best)
        ctl_say("%s: %s '%s'; did you mean %s?", name, what, word, best);
    else
        ctl_say("%s: %s '%s'; see hazardctl help %s", name, what, word, name);
    return CTL_USAGE;
}

static int unknown_option(const struct parsing *parsing, const char *word)
{
    const char *name = word + strspn(word, "-");
    struct hz_nearest nearest = hz_nearest((struct hz_slice){name, strcspn(name, "=")});
    char best[64];

    for (unsigned i = 0; i < parsing->count; i++)
        hz_nearest_try(&nearest, parsing->options[i].name);
    if (nearest.best)
        snprintf(best, sizeof(best), "--%s", nearest.best);
    return wrong(parsing, "there is no option", word, nearest.best ? best : NULL);
}

/* getopt's optopt: the letter of a short option, the number of a known long one, 0 for an unknown. */
static int bad_option(const struct parsing *parsing, int found, char **argv)
{
    char letter[] = {'-', (char)optopt, '\0'};
    const char *word = optopt > 0 && optopt < OWN_FIRST ? letter : argv[optind - 1];

    if (found == ':')
        return wrong(parsing, "a value is missing behind", word, NULL);
    if (optopt >= OWN_FIRST)
        return wrong(parsing, "no value is taken by", word, NULL);
    return unknown_option(parsing, word);
}

static int take_timeout(struct parsing *parsing, const char *value)
{
    char *end;
    long seconds = strtol(value, &end, 10);

    if (*end || seconds < 1 || seconds > TIMEOUT_MAX) {
        ctl_say("%s: --timeout takes seconds, 1 to %d, not '%s'", parsing->command->name,
                TIMEOUT_MAX, value);
        return CTL_USAGE;
    }
    parsing->call->timeout_s = (int)seconds;
    return CTL_OK;
}

static int take_colour(struct parsing *parsing, const char *value)
{
    if (strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 && strcmp(value, "never") != 0) {
        ctl_say("%s: --color takes auto, always or never, not '%s'", parsing->command->name, value);
        return CTL_USAGE;
    }
    parsing->colour = value;
    return CTL_OK;
}

static int take_own(struct parsing *parsing, unsigned index, const char *value)
{
    const struct ctl_option *option = &parsing->command->options[index];
    const char *fault = value && option->fault ? option->fault(value) : NULL;

    if (fault) {
        ctl_say("%s: --%s '%s': %s", parsing->command->name, option->name, value, fault);
        return CTL_USAGE;
    }
    parsing->call->values[index] = value ? value : "1";
    return CTL_OK;
}

/* The option with this letter; CTL_OPTIONS_MAX when there is none. */
static unsigned by_letter(const struct ctl_command *command, int letter)
{
    for (unsigned i = 0; command->options[i].name; i++)
        if (command->options[i].letter == letter)
            return i;
    return CTL_OPTIONS_MAX;
}

static int take_option(struct parsing *parsing, int found, char **argv)
{
    unsigned index = found >= OWN_FIRST && found < OPT_SOCKET ? (unsigned)(found - OWN_FIRST)
                                                              : by_letter(parsing->command, found);

    if (index < CTL_OPTIONS_MAX)
        return take_own(parsing, index, optarg);
    switch (found) {
    case 'h':
    case OPT_HELP:
        parsing->call->help = true;
        return CTL_OK;
    case 'j':
    case OPT_JSON:
        parsing->call->json = true;
        return CTL_OK;
    case OPT_SOCKET:
        parsing->call->socket = optarg;
        return CTL_OK;
    case OPT_TIMEOUT:
        return take_timeout(parsing, optarg);
    case OPT_COLOUR:
        return take_colour(parsing, optarg);
    default:
        return bad_option(parsing, found, argv);
    }
}

/* What is no option. */
static int take_operands(struct parsing *parsing, int argc, char **argv)
{
    const struct ctl_command *command = parsing->command;

    if (optind < argc && command->operand)
        parsing->call->operand = argv[optind++];
    if (optind < argc)
        return wrong(parsing, "too much:", argv[optind], NULL);
    if (command->operand && command->operand[0] != '[' && !parsing->call->operand) {
        ctl_say("%s needs %s; see hazardctl help %s", command->name, command->operand,
                command->name);
        return CTL_USAGE;
    }
    return CTL_OK;
}

int ctl_parse(const struct ctl_command *command, int argc, char **argv, struct ctl_call *call)
{
    const char *named = getenv("HAZARDD_SOCKET");
    struct parsing parsing = {.command = command, .call = call};
    int code = CTL_OK, found;

    *call = (struct ctl_call){.command = command,
                              .socket = named && *named ? named : SOCKET_DEFAULT,
                              .timeout_s = TIMEOUT_DEFAULT};
    build(&parsing);
    opterr = 0;
    while (code == CTL_OK && !call->help &&
           (found = getopt_long(argc, argv, parsing.letters, parsing.options, NULL)) != -1)
        code = take_option(&parsing, found, argv);
    if (code == CTL_OK && !call->help)
        code = take_operands(&parsing, argc, argv);
    call->chinese = ctl_chinese();
    call->colour = ctl_colour(parsing.colour, STDOUT_FILENO);
    return code;
}

const char *ctl_value(const struct ctl_call *call, const char *option)
{
    for (unsigned i = 0; call->command->options[i].name; i++)
        if (strcmp(call->command->options[i].name, option) == 0)
            return call->values[i];
    return NULL;
}
