/* SPDX-License-Identifier: Apache-2.0
 *
 * What waits for a peer: one run of bytes that grows at its end and is sent from its start. What must
 * stay true: bytes go out in order and once; a peer that does not read costs its buffer and nothing
 * else, and a buffer that has been large is given back when it is empty.
 */
#include "control_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define KEPT_BYTES (2 * CONTROL_AHEAD_BYTES) /* of an empty buffer */

/* Room for `length` more bytes at the end. */
static bool make_room(struct control_out *out, size_t length)
{
    size_t waiting = control__out_waiting(out);

    if (length <= out->capacity - out->end)
        return true;
    if (out->start > 0) {
        memmove(out->at, out->at + out->start, waiting);
        out->start = 0;
        out->end = waiting;
    }
    size_t capacity = out->capacity ? out->capacity : 4096;
    while (capacity - waiting < length)
        capacity *= 2;
    if (capacity == out->capacity)
        return true;
    char *grown = realloc(out->at, capacity);
    if (!grown)
        return false;
    out->at = grown;
    out->capacity = capacity;
    return true;
}

void control__out_add(struct control_out *out, const void *bytes, size_t length)
{
    out->lost = out->lost || !make_room(out, length);
    if (out->lost || length == 0)
        return;
    memcpy(out->at + out->end, bytes, length);
    out->end += length;
    out->added += length;
}

ssize_t control__out_send(struct control_out *out, int fd)
{
    ssize_t sent = 0;

    while (control__out_waiting(out) > 0) {
        /* MSG_NOSIGNAL: a peer that left must not end the daemon by SIGPIPE. */
        ssize_t done =
            send(fd, out->at + out->start, control__out_waiting(out), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? sent : -errno;
        out->start += (size_t)done;
        sent += done;
    }
    out->start = out->end = 0;
    if (out->capacity > KEPT_BYTES) {
        free(out->at);
        out->at = NULL;
        out->capacity = 0;
    }
    return sent;
}

void control__out_done(struct control_out *out)
{
    free(out->at);
    *out = (struct control_out){0};
}
