/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket and its file. What must stay true: a socket on which somebody listens is never
 * taken over, and nothing but a dead socket is ever removed; nobody can connect before mode and group
 * are what they shall be, since listen() comes last.
 */
#include "control_priv.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

static int fill_address(const char *path, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!*path)
        return -EINVAL;
    if (strlen(path) >= sizeof(ret_address->sun_path))
        return -ENAMETOOLONG;
    memcpy(ret_address->sun_path, path, strlen(path) + 1);
    return 0;
}

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd < 0 ? -errno : fd;
}

/* Is anybody behind this file? 0: no. A full backlog and a socket of another type are somebody. */
static int try_connect(const struct sockaddr_un *address)
{
    int fd = new_socket(), error = 0;

    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN ||
        errno == EPROTOTYPE)
        error = -EADDRINUSE;
    else if (errno != ECONNREFUSED && errno != ENOENT)
        error = -errno;
    close(fd);
    return error;
}

/* Removes a socket file that nobody listens on. */
static int clear(const struct sockaddr_un *address)
{
    struct stat status;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -ENOTSOCK;
    int error = try_connect(address);
    if (error == 0 && unlink(address->sun_path) < 0 && errno != ENOENT)
        error = -errno;
    return error;
}

/* Group, mode, identity. A group that the daemon is no member of can't be given: root and its own
 * user can still connect, and the counts say so. */
static int dress(const char *path, gid_t group, struct control_socket *to)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return -errno;
    to->group_given = true;
    if (group != CONTROL_NO_GROUP && status.st_gid != group && chown(path, (uid_t)-1, group) < 0) {
        if (errno != EPERM)
            return -errno;
        to->group_given = false;
    }
    if (chmod(path, 0660) < 0)
        return -errno;
    to->device = status.st_dev;
    to->inode = status.st_ino;
    return 0;
}

static int bind_and_listen(const struct sockaddr_un *address, gid_t group,
                           struct control_socket *to)
{
    if (fchmod(to->fd, 0600) < 0) /* of the file that bind makes */
        return -errno;
    if (bind(to->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        return -errno;
    int error = dress(address->sun_path, group, to);
    if (error == 0 && listen(to->fd, BACKLOG) < 0)
        error = -errno;
    if (error < 0)
        (void)unlink(address->sun_path); /* the first error counts */
    return error;
}

int control__listen(const char *path, gid_t group, struct control_socket *ret_socket)
{
    struct control_socket made = {0};
    struct sockaddr_un address;

    int error = fill_address(path, &address);
    if (error == 0)
        error = clear(&address);
    if (error < 0)
        return error;
    made.fd = new_socket();
    if (made.fd < 0)
        return made.fd;
    error = bind_and_listen(&address, group, &made);
    if (error < 0) {
        close(made.fd);
        return error;
    }
    *ret_socket = made;
    return 0;
}

void control__unlink(const char *path, const struct control_socket *socket)
{
    struct stat status;

    if (lstat(path, &status) == 0 && status.st_dev == socket->device &&
        status.st_ino == socket->inode)
        (void)unlink(path); /* a file that stays is stale, and replaced at the next start */
}

bool control__hung_up(int fd)
{
    struct pollfd look = {.fd = fd};

    return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR | POLLNVAL));
}
