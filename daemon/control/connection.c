/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection: bytes in, requests one after the other, answers out as fast as they are read.
 *
 *     readable --> input --+                                   +--> out --> writable
 *                          |  settle: take a line, begin;      |
 *     more, line, end -----+  or ask the stream for more ------+    ahead of the peer: 64 KiB
 *
 * What must stay true: one request at a time; the next line is taken when the answer before it has
 * ended and the peer has read all but 64 KiB of it; one settling does a bounded piece of work, so
 * that the loop's other duties (Redis, above all) never wait for a person's list.
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

/* --- requests --- */

static void call_over(struct hz_control_request *request) HZ_ON(hz_output)
{
    struct hz_control_stream stream = request->stream;

    request->live = false;
    request->connection->waited_ticks = 0;
    if (stream.gone)
        stream.gone(stream.state);
}

static const struct hz_control_row *find_row(const struct hz_control *control, const char *verb)
{
    for (const struct hz_control_row *row = control->rows; row->verb; row++)
        if (strcmp(row->verb, verb) == 0)
            return row;
    return NULL;
}

static const char *right_group(enum hz_control_right right)
{
    return right == HZ_RIGHT_ADMIN ? "group hazard-admin" : "group hazard or hazard-admin";
}

/* May it go to its handler? Otherwise it has failed. */
static bool admit(struct hz_control_request *request, size_t length) HZ_ON(hz_output)
{
    struct control_connection *connection = request->connection;
    struct hz_control_counts *counts = &connection->control->counts;
    char room[256];
    struct hz_text text = hz_text_in(room, sizeof(room));
    const char *fault = control__parse(request->line, length, &request->parsed);

    if (!fault) {
        request->row = find_row(connection->control, request->parsed.verb);
        if (!request->row) {
            counts->malformed++;
            control__refuse(request, HZ_ENOTFOUND, "there is no command '%.64s'",
                            request->parsed.verb);
            return false;
        }
        fault = control__arguments_fault(&request->parsed, request->row, &text);
    }
    if (fault) {
        counts->malformed++;
        control__refuse(request, -EINVAL, "%s", fault);
        return false;
    }
    if (connection->peer.right < (int)request->row->right) {
        counts->denied++;
        control__refuse(request, HZ_EDENIED, "'%s' is not permitted: it needs root or %s",
                        request->row->verb, right_group(request->row->right));
        return false;
    }
    return true;
}

static struct hz_control_request *new_request(struct control_connection *connection)
{
    struct hz_control_request *request = &connection->request;

    request->connection = connection;
    request->live = true;
    request->ended = request->started = request->more = false;
    request->stream = (struct hz_control_stream){0};
    connection->waited_ticks = 0;
    return request;
}

/* `length` bytes of input, the head of which is a line. */
static void begin(struct control_connection *connection, size_t length) HZ_ON(hz_output)
{
    struct hz_control *control = connection->control;
    struct hz_control_request *request = new_request(connection);

    memcpy(request->line, connection->input, length);
    connection->input_length -= length + 1;
    memmove(connection->input, connection->input + length + 1, connection->input_length);
    if (!admit(request, length))
        return;
    control->counts.requests++;
    control->in_handler = true;
    request->row->begin(control->ctx, request);
    control->in_handler = false;
    hz_assert(request->started); /* a handler ends, fails or streams */
}

static void refuse_long_line(struct control_connection *connection) HZ_ON(hz_output)
{
    connection->control->counts.malformed++;
    control__refuse(new_request(connection), HZ_ELIMIT, "the line is longer than %u bytes",
                    CONTROL_LINE_BYTES_MAX);
    connection->skipping = true;
    connection->input_length = 0;
}

/* Begins the next request when its line is there. The rest of a line that was too long is dropped. */
static bool take_line(struct control_connection *connection) HZ_ON(hz_output)
{
    char *end = memchr(connection->input, '\n', connection->input_length);

    if (end && connection->skipping) {
        connection->input_length -= (size_t)(end + 1 - connection->input);
        memmove(connection->input, end + 1, connection->input_length);
        connection->skipping = false;
        end = memchr(connection->input, '\n', connection->input_length);
    }
    if (end) {
        begin(connection, (size_t)(end - connection->input));
        return true;
    }
    if (connection->skipping) {
        connection->input_length = 0;
    } else if (connection->input_length == sizeof(connection->input)) {
        refuse_long_line(connection);
        return true;
    }
    return false;
}

static bool may_add(const struct control_connection *connection)
{
    return control__out_waiting(&connection->out) < CONTROL_AHEAD_BYTES;
}

/* Asks the stream for lines, as long as it has some and the peer is not too far behind. */
static void pump(struct control_connection *connection) HZ_ON(hz_output)
{
    struct hz_control_request *request = &connection->request;
    uint64_t before;

    if (!request->stream.next)
        return;
    while (request->more && !request->ended && may_add(connection)) {
        before = connection->out.added;
        request->more = false;
        connection->control->in_handler = true;
        request->stream.next(request->stream.state, request);
        connection->control->in_handler = false;
        if (connection->out.added == before)
            break; /* nothing yet: hz_control_more wakes us */
        request->more = true;
    }
}

/* Works until the peer is 64 KiB behind (true: there may be more to do) or there is nothing to do. */
static bool serve(struct control_connection *connection) HZ_ON(hz_output)
{
    struct hz_control_request *request = &connection->request;

    do {
        if (request->live)
            pump(connection);
        if (request->live && request->ended)
            call_over(request);
        if (!may_add(connection))
            return true;
    } while (!request->live && connection->named && take_line(connection));
    return false;
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
    bool full = serve(connection);
    ssize_t sent = control__out_send(&connection->out, connection->fd);

    if (sent > 0)
        connection->waited_ticks = 0;
    if (full && may_add(connection))
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
        call_over(&connection->request);
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
