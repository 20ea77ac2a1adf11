/* SPDX-License-Identifier: Apache-2.0
 *
 * libuv handles and their ends. What must stay true: a descriptor is closed only after its poll handle
 * was stopped (libuv aborts the process otherwise), a handle's memory is freed only in libuv's close
 * callback, and the feed is not freed before the last of its handles.
 */
#include "feed_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct feed_poll {
    uv_poll_t handle; /* first: the close callback finds the whole by it */
    int fd;
    int wanted;
    void (*ready)(void *ctx, int events);
    void *ctx;
};

void feed__handle_opened(struct feed_handles *handles, uv_handle_t *handle)
{
    handle->data = handles;
    handles->open++;
}

static void count_down(struct feed_handles *handles)
{
    hz_assert(handles->open > 0);
    if (--handles->open == 0 && handles->ending)
        handles->all_closed(handles->ctx);
}

static void closed(uv_handle_t *handle)
{
    hz_role_assert(&hz_ingest);
    count_down(handle->data);
}

void feed__handle_close(uv_handle_t *handle)
{
    uv_close(handle, closed);
}

/* An error on the socket (status < 0) has stopped the handle; reading and writing will say which. */
static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct feed_poll *poll = (struct feed_poll *)handle;

    hz_role_assert(&hz_ingest);
    if (status < 0)
        poll->wanted = 0;
    poll->ready(poll->ctx, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

int feed__poll_new(uv_loop_t *loop, struct feed_handles *handles, int fd,
                   void (*ready)(void *ctx, int events), void *ctx, struct feed_poll **ret_poll)
{
    struct feed_poll *poll = calloc(1, sizeof(*poll));

    if (!poll)
        return -ENOMEM;
    int error = uv_poll_init(loop, &poll->handle, fd); /* libuv's codes are negated errno */
    if (error < 0) {
        free(poll);
        return error;
    }
    feed__handle_opened(handles, (uv_handle_t *)&poll->handle);
    poll->fd = fd;
    poll->ready = ready;
    poll->ctx = ctx;
    *ret_poll = poll;
    return 0;
}

void feed__poll_want(struct feed_poll *poll, int events)
{
    if (events == poll->wanted)
        return;
    int error =
        events ? uv_poll_start(&poll->handle, events, on_poll) : uv_poll_stop(&poll->handle);
    hz_assert(error == 0); /* fails only on a closing handle */
    poll->wanted = events;
}

static void freed(uv_handle_t *handle)
{
    struct feed_handles *handles = handle->data;

    hz_role_assert(&hz_ingest);
    free(handle); /* the poll: the handle is its head */
    count_down(handles);
}

int feed__poll_release(struct feed_poll *poll)
{
    int fd = poll->fd;

    uv_close((uv_handle_t *)&poll->handle, freed);
    return fd;
}

void feed__poll_free(struct feed_poll *poll)
{
    if (poll)
        (void)close(feed__poll_release(poll)); /* nothing can be done about a failed close */
}
