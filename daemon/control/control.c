/* SPDX-License-Identifier: Apache-2.0
 *
 * The control socket as a whole: accepting, the idle handle that settles woken connections, the tick
 * that sends away who blocks a place, start and stop. What must stay true: however many connect, at
 * most CONTROL_CONNECTIONS_MAX connections hold memory and descriptors; without connections nothing
 * runs.
 */
#include "control_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 16 /* the loop has other duties */

static void on_settle(uv_idle_t *idle)
{
    struct hz_control *control = idle->data;
    bool again = false;

    hz_role_assert(&hz_output);
    for (unsigned i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct control_connection *connection = control->connections[i];

        if (!connection || !connection->woken)
            continue;
        connection->woken = false;
        control__connection_settle(connection);
        again = again || (control->connections[i] && control->connections[i]->woken);
    }
    if (!again)
        (void)uv_idle_stop(idle); /* always 0 */
}

void control__wake(struct control_connection *connection)
{
    connection->woken = true;
    hz_assert(uv_idle_start(&connection->control->settle, on_settle) == 0);
}

/* --- accepting --- */

static void on_listening(uv_poll_t *poll, int status, int events);

static void on_tick(uv_timer_t *timer)
{
    hz_role_assert(&hz_output);
    control__tick(timer->data);
}

static void start_tick(struct hz_control *control)
{
    if (!uv_is_active((const uv_handle_t *)&control->tick))
        hz_assert(uv_timer_start(&control->tick, on_tick, CONTROL_TICK_MS, CONTROL_TICK_MS) == 0);
}

void control__tick(struct hz_control *control)
{
    for (unsigned i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i])
            control__connection_tick(control->connections[i]);
    if (control->accept_pauses) {
        control->accept_pauses = false;
        hz_assert(uv_poll_start(&control->listening, UV_READABLE, on_listening) == 0);
    }
    if (control->counts.open == 0)
        (void)uv_timer_stop(&control->tick); /* always 0 */
}

/* Tells him and closes; a fresh socket has room for the line. */
static void turn_away(struct hz_control *control, int fd, int code, const char *sentence)
{
    char json[CONTROL_ERROR_BYTES];
    struct hz_text text = hz_text_in(json, sizeof(json));

    control__error_json(&text, code, sentence);
    hz_text_puts(&text, "\n");
    ssize_t sent = send(fd, text.at, text.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* he may be gone already */
    close(fd);
    control->counts.turned_away++;
}

static void take_in(struct hz_control *control, int fd) HZ_ON(hz_output)
{
    if (control->counts.open == CONTROL_CONNECTIONS_MAX) {
        turn_away(control, fd, HZ_ELIMIT, "too many connections, try again later");
        return;
    }
    if (control__connection_new(control, fd) < 0)
        control->counts.turned_away++; /* no memory, or gone before he could be asked */
}

static bool no_descriptor_left(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_listening(uv_poll_t *poll, int status, int events)
{
    struct hz_control *control = poll->data;

    (void)events; /* only READABLE is watched */
    hz_role_assert(&hz_output);
    for (int i = 0; status == 0 && i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(control->socket.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            take_in(control, fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            status = -errno;
    }
    if (no_descriptor_left(-status)) {
        (void)uv_poll_stop(poll); /* it would call again at once, for ever */
        control->accept_pauses = true;
    }
    start_tick(control);
}

/* --- life --- */

static void free_control(struct hz_control *control)
{
    free(control->path);
    free(control);
}

static int begin(struct hz_control *control)
{
    if (!control->path)
        return -ENOMEM;
    control->rights = control__rights();
    int error = control__listen(control->path, control->rights.readers, &control->socket);
    if (error < 0)
        return error;
    error = uv_poll_init(control->loop, &control->listening, control->socket.fd);
    if (error < 0) {
        close(control->socket.fd);
        control__unlink(control->path, &control->socket);
    }
    return error;
}

int hz_control_new(uv_loop_t *loop, const char *path, const struct hz_control_row *rows, void *ctx,
                   struct hz_control **ret_control)
{
    struct hz_control *control = calloc(1, sizeof(*control));

    if (!control)
        return -ENOMEM;
    control->loop = loop;
    control->rows = rows;
    control->ctx = ctx;
    control->path = strdup(path);
    int error = begin(control);
    if (error < 0) {
        free_control(control);
        return error;
    }
    control->counts.group_given = control->socket.group_given;
    (void)uv_timer_init(loop, &control->tick); /* these two are always 0 */
    (void)uv_idle_init(loop, &control->settle);
    control->listening.data = control->tick.data = control->settle.data = control;
    control->handles = 3;
    hz_assert(uv_poll_start(&control->listening, UV_READABLE, on_listening) == 0);
    *ret_control = control;
    return 0;
}

void control__handle_closed(struct hz_control *control)
{
    if (--control->handles > 0)
        return;
    if (control->closed)
        control->closed(control->closed_ctx);
    free_control(control);
}

static void on_handle_closed(uv_handle_t *handle)
{
    hz_role_assert(&hz_output);
    control__handle_closed(handle->data);
}

/* Whoever waits for an answer is told why it does not come, as far as he can take it. */
static void say_good_bye(struct control_connection *connection) HZ_ON(hz_output)
{
    if (connection->request.live && !connection->request.ended)
        hz_control_fail(&connection->request, HZ_ESTATE, "hazardd is stopping");
    ssize_t sent = control__out_send(&connection->out, connection->fd);
    (void)sent; /* who does not read now will not */
    control__connection_close(connection);
}

void hz_control_stop(struct hz_control *control, void (*closed)(void *ctx), void *ctx)
{
    hz_assert(!control->in_handler);
    control->closed = closed;
    control->closed_ctx = ctx;
    for (unsigned i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i])
            say_good_bye(control->connections[i]);
    uv_close((uv_handle_t *)&control->listening, on_handle_closed);
    uv_close((uv_handle_t *)&control->tick, on_handle_closed);
    uv_close((uv_handle_t *)&control->settle, on_handle_closed);
    control__unlink(control->path, &control->socket);
    close(control->socket.fd);
}

void hz_control_counts(const struct hz_control *control, struct hz_control_counts *ret_counts)
{
    *ret_counts = control->counts;
}
