/* SPDX-License-Identifier: Apache-2.0
 *
 * A secret from its file. It passes through no buffer but the caller's, which is wiped when the
 * secret can not be used.
 */
#include "hz_config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* systemd's; NULL: there is none. */
static const char *credentials(void)
{
    return getenv("CREDENTIALS_DIRECTORY");
}

static int full_path(const char *path, char to[PATH_MAX])
{
    const char *directory = credentials();
    int length;

    if (path[0] == '/')
        length = snprintf(to, PATH_MAX, "%s", path);
    else if (directory)
        length = snprintf(to, PATH_MAX, "%s/%s", directory, path);
    else
        return -ENOENT;
    return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int read_secret(int fd, char *to, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, to + length, size - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    if (length == size)
        return HZ_ELIMIT; /* no room for the terminator */
    while (length > 0 && (to[length - 1] == '\n' || to[length - 1] == '\r'))
        length--;
    to[length] = '\0';
    return strlen(to) == length ? 0 : -EINVAL;
}

int hz_secret_read(const char *path, char *to, size_t size)
{
    char full[PATH_MAX];
    int code = full_path(path, full);

    if (code < 0)
        return code;
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    code = read_secret(fd, to, size);
    close(fd);
    if (code < 0)
        explicit_bzero(to, size);
    return code;
}

void hz_secret_fault(const char *path, int code, struct hz_text *to)
{
    const char *directory = credentials();

    hz_text_format(to, "password_file %s can not be read: ", path);
    if (path[0] != '/' && !directory)
        hz_text_puts(to, "a path without / at its beginning is one of systemd's credentials, and "
                         "there are none");
    else if (code == HZ_ELIMIT)
        hz_text_puts(to, "it is longer than any password");
    else if (code == -EINVAL)
        hz_text_puts(to, "it holds a zero byte");
    else
        hz_text_puts(to, hz_strerror(code));
    if (path[0] != '/' && directory)
        hz_text_format(to, " (in %s)", directory);
}
