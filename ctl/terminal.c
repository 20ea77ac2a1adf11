/* SPDX-License-Identifier: Apache-2.0
 *
 * What the user's terminal and locale ask for: Chinese or English heads, colours or none.
 */
#include "ctl.h"

#include <stdlib.h>
#include <unistd.h>

static const char *not_empty(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* The order of setlocale(3): the first that is set counts, whatever it says. */
bool ctl_chinese(void)
{
    const char *locale = not_empty("LC_ALL");

    if (!locale)
        locale = not_empty("LC_MESSAGES");
    if (!locale)
        locale = not_empty("LANG");
    return locale && strncmp(locale, "zh", 2) == 0;
}

/* NO_COLOR: no-color.org. What was asked for by name stands above it. */
bool ctl_colour(const char *when, int fd)
{
    const char *terminal = getenv("TERM");

    if (when && strcmp(when, "always") == 0)
        return true;
    if (when && strcmp(when, "never") == 0)
        return false;
    return isatty(fd) && !not_empty("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0;
}

const char *ctl_paint(enum ctl_paint paint)
{
    static const char *const sequences[] = {
        [CTL_PLAIN] = "",
        [CTL_BOLD] = "\x1b[1m",
        [CTL_RED] = "\x1b[1;31m",
        [CTL_ORANGE] = "\x1b[38;5;208m", /* the 16 colours have no orange */
        [CTL_YELLOW] = "\x1b[33m",
        [CTL_BLUE] = "\x1b[34m",
    };

    return sequences[paint];
}
