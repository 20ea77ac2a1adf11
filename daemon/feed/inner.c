/* SPDX-License-Identifier: Apache-2.0
 *
 * The private socket through which libmosquitto speaks: bound with mode 0600 in the runtime directory,
 * one connection is accepted, which must come from this very process, then the name is gone. What must
 * stay true: nobody else ever gets an end of it (the CONNECT with the password passes through).
 */
#include "feed_priv.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int feed__inner_path(const char *directory, const char *feed, char *to, size_t size)
{
    struct hz_text text = hz_text_in(to, size);

    hz_text_format(&text, "%s/feed-%s.sock", directory, feed);
    return text.overflow ? -ENAMETOOLONG : 0;
}

static int fail(struct feed_inner *inner, const char *what, struct feed_reason *why)
{
    int error = errno;

    feed__say(why, "inner socket %s: %s: %s", inner->path, what, strerror(error));
    feed__inner_close(inner);
    return -error;
}

int feed__inner_listen(struct feed_inner *inner, const char *path, struct feed_reason *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *inner = (struct feed_inner){.listener = -1, .fd = -1};
    struct hz_text text = hz_text_in(inner->path, sizeof(inner->path));
    hz_text_puts(&text, path);
    memcpy(address.sun_path, inner->path, sizeof(address.sun_path));
    inner->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (inner->listener < 0)
        return fail(inner, "socket", why);
    (void)unlink(inner->path); /* of a process that was killed; most times there is none */
    /* Linux gives the name the mode of the socket: there is no moment with a wider one. */
    if (fchmod(inner->listener, 0600) < 0)
        return fail(inner, "mode", why);
    if (bind(inner->listener, (struct sockaddr *)&address, sizeof(address)) < 0)
        return fail(inner, "bind", why);
    return listen(inner->listener, 1) < 0 ? fail(inner, "listen", why) : 0;
}

int feed__inner_accept(struct feed_inner *inner, struct feed_reason *why)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    inner->fd = accept4(inner->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (inner->fd < 0)
        return fail(inner, "accept", why);
    if (getsockopt(inner->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return fail(inner, "peer", why);
    if (peer.pid != getpid()) {
        feed__say(why, "inner socket %s: process %d was there first", inner->path, (int)peer.pid);
        feed__inner_close(inner);
        return HZ_EDENIED;
    }
    (void)unlink(inner->path); /* if it is gone already, so much the better */
    (void)close(inner->listener);
    inner->listener = -1;
    return 0;
}

void feed__inner_close(struct feed_inner *inner)
{
    if (inner->listener >= 0) {
        (void)unlink(inner->path);
        (void)close(inner->listener);
    }
    if (inner->fd >= 0)
        (void)close(inner->fd);
    inner->listener = inner->fd = -1;
}
