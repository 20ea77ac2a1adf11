/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines. One line is one write(2) from a buffer on the stack, so that lines of two threads
 * never mix and a full disk or a slow terminal costs no lock. errno is as before.
 */
#include "hz_log.h"
#include "hz_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define CUT        "..."

static enum hz_log_level most_level = HZ_LOG_INFO; /* set at start */

void hz_log_set_level(enum hz_log_level most)
{
    most_level = most;
}

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream; stderr may since be another. */
static bool stderr_is_journal(void)
{
    static _Atomic int known; /* 0 not looked yet, 1 no, 2 yes; any thread, all find the same */
    int is = atomic_load_explicit(&known, memory_order_relaxed);

    if (is == 0) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat seen;
        bool same = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
                    fstat(STDERR_FILENO, &seen) == 0 && seen.st_dev == device &&
                    seen.st_ino == inode;
        is = same ? 2 : 1;
        atomic_store_explicit(&known, is, memory_order_relaxed);
    }
    return is == 2;
}

static void add_head(struct hz_text *line, enum hz_log_level level)
{
    static const char *const names[] = {"", "", "", "error", "warning", "notice", "info", "debug"};
    struct timespec now;

    if (stderr_is_journal()) {
        hz_text_format(line, "<%d>", (int)level);
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME,
                        &now); /* for a person to read; nothing is computed from it */
    hz_text_utc_ms(line, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    hz_text_format(line, " %s: ", names[level & 7]);
}

void hz_log(enum hz_log_level level, const char *format, ...)
{
    char buffer[LINE_BYTES + 1];
    int error = errno;
    va_list arguments;

    if (level > most_level)
        return;
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));
    add_head(&line, level);
    size_t room = LINE_BYTES - line.length; /* with the terminator, whose place the newline takes */
    va_start(arguments, format);
    int length = vsnprintf(buffer + line.length, room, format, arguments);
    va_end(arguments);
    size_t end = line.length + (length > 0 ? (size_t)length : 0);
    if (end >= LINE_BYTES) {
        end = hz_utf8_cut(buffer, LINE_BYTES - 1, LINE_BYTES - 1 - strlen(CUT));
        memcpy(buffer + end, CUT, strlen(CUT));
        end += strlen(CUT);
    }
    buffer[end++] = '\n';
    ssize_t written = write(STDERR_FILENO, buffer, end);
    (void)written; /* nobody is left to tell */
    errno = error;
}

bool hz_log_rate_pass(struct hz_log_rate *rate, int64_t mono_ns, uint32_t burst, uint64_t *ret_held)
{
    int64_t window_s = mono_ns / 1000000000;

    if (window_s != rate->window_s) {
        rate->window_s = window_s;
        rate->passed = 0;
    }
    if (rate->passed >= burst) {
        rate->held_back++;
        return false;
    }
    rate->passed++;
    *ret_held = rate->held_back;
    rate->held_back = 0;
    return true;
}

/* Bytes of the character at the head that may go to a terminal as they are; 0: escape one byte. The
 * C1 controls (U+0080 to U+009F) are valid UTF-8 and steer terminals all the same. */
static size_t printable(const char *at, size_t length)
{
    unsigned char byte = (unsigned char)at[0];

    if (byte < 0x20 || byte == 0x7F || byte == '"' || byte == '\'' || byte == '\\')
        return 0;
    size_t bytes = hz_utf8_character(at, length);
    return bytes == 2 && byte == 0xC2 && (unsigned char)at[1] < 0xA0 ? 0 : bytes;
}

const char *hz_log_quote(char *to, size_t size, const char *text, size_t length)
{
    static const char hex[] = "0123456789ABCDEF";
    struct hz_text out = hz_text_in(to, size);

    for (size_t at = 0; at < length && !out.overflow;) {
        size_t bytes = printable(text + at, length - at);
        unsigned char byte = (unsigned char)text[at];
        const char escaped[] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
        if (bytes > 0)
            hz_text_add(&out, text + at, bytes);
        else
            hz_text_add(&out, escaped, sizeof(escaped));
        at += bytes > 0 ? bytes : 1;
    }
    return to;
}
