/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of one connection: from a line in the buffer to its handler, and the stream that makes the
 * answer. What must stay true: one request at a time; the next line is taken when the answer before it
 * has ended and the peer has read all but 64 KiB of it; every request is told its end exactly once.
 */
#include "control_priv.h"

#include <errno.h>

void control__request_over(struct hz_control_request *request)
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

/* Asks the stream for lines, as long as it has some and the peer is not too far behind. */
static void pump(struct control_connection *connection) HZ_ON(hz_output)
{
    struct hz_control_request *request = &connection->request;
    uint64_t before;

    if (!request->stream.next)
        return;
    while (request->more && !request->ended && control__may_add(connection)) {
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

bool control__serve(struct control_connection *connection)
{
    struct hz_control_request *request = &connection->request;

    do {
        if (request->live)
            pump(connection);
        if (request->live && request->ended)
            control__request_over(request);
        if (!control__may_add(connection))
            return true;
    } while (!request->live && connection->named && take_line(connection));
    return false;
}
