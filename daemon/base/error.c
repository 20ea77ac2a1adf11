/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of error codes, and the end of the process when an assumption of ours is wrong. The last
 * message goes out with one write(2): no lock and no allocation can hold it back.
 */
#include "hz_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *hz_strerror(int code)
{
    switch (code) {
#define X(name, number, text)                                                                      \
    case name:                                                                                     \
        return text;
        HZ_ERRORS(X)
#undef X
    default:
        return strerror(code < 0 ? -code : code);
    }
}

void hz_assert_failed(const char *condition, const char *file, int line)
{
    char text[512];
    int length =
        snprintf(text, sizeof(text), "<2>%s:%d: this should be true: %s\n", file, line, condition);

    if (length > 0) {
        size_t size = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
        ssize_t written = write(STDERR_FILENO, text, size);
        (void)written; /* nobody is left to tell */
    }
    abort();
}
