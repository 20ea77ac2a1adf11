/* SPDX-License-Identifier: Apache-2.0
 *
 * hiredis on a libuv loop. The adapter that comes with hiredis 0.14 returns on a poll error, which
 * libuv reports once and then stops the handle: a refused or reset connection is never noticed. What
 * must stay true here: every end of a connection is told once, after the call into hiredis that found
 * it has returned; nothing of hiredis is touched after that; the poll handle is closed before hiredis
 * closes its descriptor (libuv aborts otherwise).
 */
#include "redis_priv.h"

#include "hz_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct redis_wire {
    uv_poll_t poll;
    redisAsyncContext *context; /* NULL: hiredis has freed it, or is about to */
    struct redis_wire_events events;
    int interest; /* UV_READABLE, UV_WRITABLE */
    bool given_up, connected, told_connected;
    char reason[HZ_REDIS_REASON_BYTES];
};

static void tell_lost(struct redis_wire *wire, const char *reason) HZ_ON(hz_output)
{
    char quoted[HZ_REDIS_REASON_BYTES];

    redis__wire_give_up(wire);
    hz_log_quote(quoted, sizeof(quoted), reason, strlen(reason));
    wire->events.lost(wire->events.ctx, quoted);
}

/* After a call into hiredis: what it found. */
static void look(struct redis_wire *wire) HZ_ON(hz_output)
{
    if (wire->given_up)
        return;
    if (!wire->context) {
        tell_lost(wire, wire->reason);
        return;
    }
    if (wire->connected && !wire->told_connected) {
        wire->told_connected = true;
        wire->events.connected(wire->events.ctx);
    }
}

static const char *socket_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error == 0)
        return "connection lost";
    return hz_strerror(-error);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_wire *wire = poll->data;

    hz_role_assert(&hz_output);
    if (status < 0) { /* libuv has stopped the handle */
        if (!wire->given_up)
            tell_lost(wire, socket_error(wire->context->c.fd));
        return;
    }
    if (wire->context && (events & UV_READABLE))
        redisAsyncHandleRead(wire->context);
    if (wire->context && (events & UV_WRITABLE))
        redisAsyncHandleWrite(wire->context);
    look(wire);
}

/* --- what hiredis calls --- */

static void set_interest(struct redis_wire *wire, int interest)
{
    if (!wire->context || interest == wire->interest)
        return;
    wire->interest = interest;
    int error =
        interest != 0 ? uv_poll_start(&wire->poll, interest, on_poll) : uv_poll_stop(&wire->poll);
    hz_assert(error == 0); /* fails for a handle that is closing only */
}

static void add_read(void *ctx)
{
    struct redis_wire *wire = ctx;

    set_interest(wire, wire->interest | UV_READABLE);
}

static void del_read(void *ctx)
{
    struct redis_wire *wire = ctx;

    set_interest(wire, wire->interest & ~UV_READABLE);
}

static void add_write(void *ctx)
{
    struct redis_wire *wire = ctx;

    set_interest(wire, wire->interest | UV_WRITABLE);
}

static void del_write(void *ctx)
{
    struct redis_wire *wire = ctx;

    set_interest(wire, wire->interest & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    struct redis_wire *wire = handle->data;
    struct redis_wire_events events = wire->events;

    hz_role_assert(&hz_output);
    free(wire);
    events.closed(events.ctx);
}

/* The context goes away, its descriptor is still open. */
static void cleanup(void *ctx)
{
    struct redis_wire *wire = ctx;
    const char *text = wire->context->errstr;

    (void)snprintf(wire->reason, sizeof(wire->reason), "%s",
                   text && text[0] ? text : "connection closed");
    wire->context = NULL;
    uv_close((uv_handle_t *)&wire->poll, on_closed);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis_wire *wire = context->data;

    wire->connected = status == REDIS_OK; /* acted on when this call is over: look() */
}

static void on_reply(redisAsyncContext *context, void *reply, void *ctx)
{
    struct redis_wire *wire = context->data;

    (void)ctx;
    if (!wire->given_up && reply)
        wire->events.reply(wire->events.ctx, reply);
}

/* --- for redis.c --- */

static redisAsyncContext *connect_to(const char *path_or_host, int port,
                                     char reason[HZ_REDIS_REASON_BYTES])
{
    redisAsyncContext *context = path_or_host[0] == '/' ? redisAsyncConnectUnix(path_or_host)
                                                        : redisAsyncConnect(path_or_host, port);

    if (context && context->err == 0)
        return context;
    (void)snprintf(reason, HZ_REDIS_REASON_BYTES, "%s",
                   context ? context->errstr : "out of memory");
    if (context)
        redisAsyncFree(context);
    return NULL;
}

int redis__wire_new(uv_loop_t *loop, const char *path_or_host, int port,
                    const struct redis_wire_events *events, char reason[HZ_REDIS_REASON_BYTES],
                    struct redis_wire **ret_wire)
{
    struct redis_wire *wire = calloc(1, sizeof(*wire));
    redisAsyncContext *context;

    if (!wire)
        return -ENOMEM;
    context = connect_to(path_or_host, port, reason);
    if (!context) {
        free(wire);
        return -ECONNREFUSED;
    }
    (void)fcntl(context->c.fd, F_SETFD, FD_CLOEXEC); /* hiredis sets it since 1.4.0 only */
    int error = uv_poll_init(loop, &wire->poll, context->c.fd);
    if (error < 0) {
        (void)snprintf(reason, HZ_REDIS_REASON_BYTES, "%s", uv_strerror(error));
        redisAsyncFree(context);
        free(wire);
        return error;
    }
    wire->poll.data = wire;
    wire->context = context;
    wire->events = *events;
    context->data = wire;
    context->ev.data = wire;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    (void)redisAsyncSetConnectCallback(context, on_connect); /* asks for writability */
    *ret_wire = wire;
    return 0;
}

int redis__wire_send(struct redis_wire *wire, int count, const char *const *arguments,
                     const size_t *lengths)
{
    if (wire->given_up || !wire->context)
        return -ENOTCONN;
    if (redisAsyncCommandArgv(wire->context, on_reply, NULL, count, (const char **)arguments,
                              lengths) != REDIS_OK)
        return -ENOMEM; /* or hiredis is closing: look() will say so */
    return 0;
}

void redis__wire_give_up(struct redis_wire *wire)
{
    wire->given_up = true;
    if (wire->context)
        redisAsyncFree(wire->context); /* inside a callback of hiredis: when that is over */
}
