/* SPDX-License-Identifier: Apache-2.0
 *
 * What hazard-bench can measure: one row a sub-command.
 */
#ifndef TOOLS_H
#define TOOLS_H

#include <stdbool.h>

enum tool_argument {
    TOOL_NOTHING,
    TOOL_NUMBER,  /* one, or none */
    TOOL_FOLDER,  /* one, or none */
    TOOL_OWN      /* options of its own, which it explains itself */
};

struct tool {
    const char *name, *program;
    enum tool_argument argument;
    unsigned long most; /* of a number */
    const char *usage;  /* of the argument, with its default */
    const char *line;   /* what it answers */
    const char *needs;  /* other programs, NULL: none */
    bool measures;      /* this machine, which should do nothing else */
};

extern const struct tool tools[]; /* ends with a row without a name */

const struct tool *tool_find(const char *name);
/* False: told on standard error why the arguments are none of this tool's. */
bool tool_accepts(const struct tool *tool, int count, char **arguments);

#endif
