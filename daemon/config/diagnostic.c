/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of faults. Every fault is counted; of the first HZ_DIAGNOSTICS_KEPT the text is kept.
 * A diagnostic never fails: without memory it is counted only, so that a set with faults can not
 * pass as good.
 */
#include "hz_diagnostic.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 512u

void hz_diagnostics_init(struct hz_diagnostics *all)
{
    *all = (struct hz_diagnostics){0};
    hz_arena_init(&all->arena);
}

void hz_diagnostics_done(struct hz_diagnostics *all)
{
    hz_arena_done(&all->arena);
    hz_diagnostics_init(all);
}

/* Room for one more; the array before stays in the arena, which is bounded by the number kept. */
static struct hz_diagnostic *room(struct hz_diagnostics *all)
{
    if (all->kept_count == HZ_DIAGNOSTICS_KEPT)
        return NULL;
    if (all->kept_count == all->kept_capacity) {
        uint32_t more = all->kept_capacity ? 2 * all->kept_capacity : 16;
        struct hz_diagnostic *kept = hz_arena_take(&all->arena, more * sizeof(*kept));

        if (!kept)
            return NULL;
        if (all->kept_count > 0)
            memcpy(kept, all->kept, all->kept_count * sizeof(*kept));
        all->kept = kept;
        all->kept_capacity = more;
    }
    return &all->kept[all->kept_count];
}

static const char *copy(struct hz_diagnostics *all, const char *text)
{
    return text ? hz_arena_copy(&all->arena, text, strlen(text)) : NULL;
}

__attribute__((format(printf, 3, 0))) static void
keep(struct hz_diagnostics *all, struct hz_diagnostic one, const char *format, va_list arguments)
{
    struct hz_diagnostic *place = room(all);
    char message[MESSAGE_BYTES];

    if (!place)
        return;
    vsnprintf(message, sizeof(message), format, arguments);
    *place = one;
    place->file = copy(all, one.file);
    place->hint = copy(all, one.hint);
    place->message = copy(all, message);
    if (place->file && place->message)
        all->kept_count++;
}

void hz_diagnose(struct hz_diagnostics *all, const char *file, uint32_t line, uint32_t column,
                 const char *hint, const char *format, ...)
{
    struct hz_diagnostic one = {.file = file, .line = line, .column = column, .hint = hint};
    va_list arguments;

    all->errors++;
    va_start(arguments, format);
    keep(all, one, format, arguments);
    va_end(arguments);
}

void hz_diagnose_warning(struct hz_diagnostics *all, const char *file, uint32_t line,
                         uint32_t column, const char *hint, const char *format, ...)
{
    struct hz_diagnostic one = {
        .file = file, .line = line, .column = column, .hint = hint, .warning = true};
    va_list arguments;

    all->warnings++;
    va_start(arguments, format);
    keep(all, one, format, arguments);
    va_end(arguments);
}

void hz_diagnostic_write(const struct hz_diagnostic *one, struct hz_text *to)
{
    hz_text_puts(to, one->file);
    if (one->line > 0)
        hz_text_format(to, ":%u", one->line);
    if (one->line > 0 && one->column > 0)
        hz_text_format(to, ":%u", one->column);
    hz_text_puts(to, one->warning ? ": warning: " : ": error: ");
    hz_text_puts(to, one->message);
    if (!one->hint)
        return;
    hz_text_puts(to, "\n    hint: ");
    hz_text_puts(to, one->hint);
}
