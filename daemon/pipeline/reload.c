/* SPDX-License-Identifier: Apache-2.0
 *
 * A request for another set: its lines and its end.
 */
#include "reload_priv.h"

#include "hz_files.h"
#include "hz_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reload__line(struct pipeline_reload *reload, const struct hz_text *line)
{
    size_t length = reload->lines_length + line->length + 1;

    if (length > reload->lines_size) {
        size_t size = 2 * length;
        char *grown = realloc(reload->lines, size);
        if (!grown) {
            reload->lines_lost = true;
            return;
        }
        reload->lines = grown;
        reload->lines_size = size;
    }
    memcpy(reload->lines + reload->lines_length, line->at, line->length);
    reload->lines[length - 1] = '\n';
    reload->lines_length = length;
}

void reload__why(struct pipeline_reload *reload, int error, const char *format, ...)
{
    va_list arguments;

    reload->error = error;
    va_start(arguments, format);
    (void)vsnprintf(reload->why, sizeof(reload->why), format, arguments);
    va_end(arguments);
}

void reload__free(struct pipeline_reload *reload)
{
    if (!reload)
        return;
    hz_assert(!reload->ruleset);
    hz_files_done(&reload->files);
    free(reload->points);
    free(reload->lines);
    free(reload);
}
