/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection and its socket: bytes in, requests one after the other (request.c), answers out as
 * fast as they are read.
 *
 *     readable --> input --+                                   +--> out --> writable
 *                          |  settle: take a line, begin;      |
 *     more, line, end -----+  or ask the stream for more ------+    ahead of the peer: 64 KiB
 *
 * What must stay true: one settling does a bounded piece of work, so that the loop's other duties
 * (Redis, above all) never wait for a person's list; a peer that has left is noticed whether he is
 * read from at the moment or not.
 */
#include "control_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the name of the user, asked on libuv's pool --- */

static void lookup_work(uv_work_t *work)
{
    struct control_lookup *lookup = work->data;

    control__user_name(lookup->uid, lookup->name);
}

static void lookup_done(uv_work_t *work, int status)
{
    struct control_lookup *lookup = work->data;
    struct control_connection *connection = lookup->connection;

    hz_role_assert(&hz_output);
    if (connection) {
        connection->lookup = NULL;
        if (!connection->named && status == 0)
            memcpy(connection->peer.actor, lookup->name, sizeof(lookup->name));
        connection->named = true;
        connection->waited_ticks = 0;
        control__wake(connection);
    }
    free(lookup);
}

/* Without memory or pool the uid has to do. */
static void begin_lookup(struct control_connection *connection)
{
    struct control_lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup) {
        connection->named = true;
        return;
    }
    lookup->work.data = lookup;
    lookup->uid = connection->peer.uid;
    lookup->connection = connection;
    if (uv_queue_work(connection->control->loop, &lookup->work, lookup_work, lookup_done) < 0) {
        free(lookup);
        connection->named = true;
        return;
    }
    connection->lookup = lookup;
}

/* --- the socket --- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct control_connection *connection)
{
    bool room = connection->input_length < sizeof(connection->input);
    int events = 0;

    if (!connection->read_ended && room)
        events |= UV_READABLE;
    else if (!connection->half_closed)
        events |= UV_DISCONNECT;
    if (control__out_waiting(&connection->out) > 0)
        events |= UV_WRITABLE;
    if (events == connection->watched)
        return;
    connection->watched = events;
    if (events == 0)
        (void)uv_poll_stop(&connection->poll); /* always 0 */
    else
        hz_assert(uv_poll_start(&connection->poll, events, on_poll) == 0);
}

static bool finished(const struct control_connection *connection)
{
    return connection->read_ended && connection->named && !connection->request.live &&
           control__out_waiting(&connection->out) == 0;
}

void control__connection_settle(struct control_connection *connection)
{
    bool full = control__serve(connection);
    ssize_t sent = control__out_send(&connection->out, connection->fd);

    if (sent > 0)
        connection->waited_ticks = 0;
    if (full && control__may_add(connection))
        control__wake(connection);
    if (sent < 0 || connection->out.lost || (!full && finished(connection)))
        control__connection_close(connection);
    else
        watch(connection);
}

/* The peer has said all that he will; if he has also stopped listening he is gone. */
static void on_read_end(struct control_connection *connection) HZ_ON(hz_output)
{
    connection->read_ended = true;
    connection->half_closed = true;
    if (control__hung_up(connection->fd))
        control__connection_close(connection);
    else
        control__wake(connection);
}

static void read_some(struct control_connection *connection) HZ_ON(hz_output)
{
    ssize_t got = recv(connection->fd, connection->input + connection->input_length,
                       sizeof(connection->input) - connection->input_length, MSG_DONTWAIT);

    if (got > 0) {
        connection->input_length += (size_t)got;
        control__wake(connection);
    } else if (got == 0) {
        on_read_end(connection);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        control__connection_close(connection);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct control_connection *connection = poll->data;

    hz_role_assert(&hz_output);
    if (status < 0) { /* an error condition on the socket; libuv has stopped the handle */
        control__connection_close(connection);
        return;
    }
    if (events & UV_DISCONNECT) {
        connection->half_closed = true; /* what he sent before is still to be read */
        if (control__hung_up(connection->fd)) {
            control__connection_close(connection);
            return;
        }
    }
    control__wake(connection);
    if ((events & UV_READABLE) && connection->input_length < sizeof(connection->input))
        read_some(connection);
}

/* --- life --- */

int control__connection_new(struct hz_control *control, int fd)
{
    struct control_connection *connection = calloc(1, sizeof(*connection));
    int error = connection ? 0 : -ENOMEM;

    if (error == 0)
        error = control__peer(fd, &control->rights, &connection->peer);
    if (error == 0)
        error = uv_poll_init(control->loop, &connection->poll, fd);
    if (error < 0) {
        free(connection);
        close(fd);
        return error;
    }
    connection->control = control;
    connection->poll.data = connection;
    connection->fd = fd;
    while (control->connections[connection->place])
        connection->place++;
    control->connections[connection->place] = connection;
    control->handles++;
    control->counts.connections++;
    control->counts.open++;
    begin_lookup(connection);
    watch(connection);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct control_connection *connection = handle->data;
    struct hz_control *control = connection->control;

    hz_role_assert(&hz_output);
    free(connection);
    control__handle_closed(control);
}

void control__connection_close(struct control_connection *connection)
{
    struct hz_control *control = connection->control;
    bool cut_off = connection->request.live || control__out_waiting(&connection->out) > 0 ||
                   memchr(connection->input, '\n', connection->input_length);

    control->counts.cut_off += cut_off;
    control->counts.open--;
    control->connections[connection->place] = NULL;
    if (connection->lookup)
        connection->lookup->connection = NULL;
    if (connection->request.live)
        control__request_over(&connection->request);
    control__out_done(&connection->out);
    uv_close((uv_handle_t *)&connection->poll, on_closed); /* stops it: then the fd may go */
    close(connection->fd);
    connection->fd = -1;
}

/* Whom does the connection wait for, and how long already? */
void control__connection_tick(struct control_connection *connection)
{
    unsigned patience = 0;

    if (connection->half_closed && control__hung_up(connection->fd)) {
        control__connection_close(connection);
        return;
    }
    if (!connection->named) {
        if (++connection->waited_ticks >= CONTROL_NAME_TICKS) {
            connection->named = true;
            connection->waited_ticks = 0;
            control__wake(connection);
        }
        return;
    }
    if (control__out_waiting(&connection->out) > 0)
        patience = CONTROL_STALLED_TICKS;
    else if (!connection->request.live)
        patience = CONTROL_IDLE_TICKS;
    if (patience > 0 && ++connection->waited_ticks >= patience) {
        connection->control->counts.timed_out++;
        control__connection_close(connection);
    }
}
