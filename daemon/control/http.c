/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server: libmicrohttpd in its external mode, where the epoll descriptor that it keeps is one
 * more socket of the output thread's loop. What must stay true: libmicrohttpd runs nowhere but in
 * run_server; a turn does a bounded piece of work; a peer who never reads, never ends his request or
 * sends no HTTP has his place for HTTP_PATIENCE_TICKS and no longer. Requests are in http_request.c.
 *
 *     descriptor readable, tick --> run_server --> on_request --> row->begin ... hz_http_answer
 *                                       ^                  (suspended in between)      |
 *                                       +------------------ resumed ------------------+
 */
#include "http_priv.h"

#include "hz_log.h"

#include <errno.h>
#include <stdlib.h>

#define HTTP_MEMORY_BYTES ((size_t)8 << 10) /* of a connection: half of it for the head it reads */
#define HTTP_IDLE_S       10u               /* libmicrohttpd's own patience with a silent peer */
#define HTTP_RETRY_MS     10000u

/* --- libmicrohttpd's turns --- */

static void on_run(uv_timer_t *timer);

static void run_server(struct hz_http *http) HZ_ON(hz_output)
{
    MHD_UNSIGNED_LONG_LONG next_ms;

    if (!http->server)
        return;
    (void)MHD_run(http->server); /* MHD_NO is for wrong flags only */
    if (MHD_get_timeout(http->server, &next_ms) == MHD_YES)
        (void)uv_timer_start(&http->run, on_run, next_ms, 0);
    else
        (void)uv_timer_stop(&http->run); /* always 0, as in this whole file */
}

static void on_run(uv_timer_t *timer)
{
    hz_role_assert(&hz_output);
    run_server(timer->data);
}

void http__run_soon(struct hz_http *http)
{
    (void)uv_timer_start(&http->run, on_run, 0, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    hz_role_assert(&hz_output);
    run_server(poll->data);
}

/* --- connections --- */

static void on_connection(void *ctx, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what)
{
    struct hz_http *http = ctx;
    struct http_connection *mine = *place;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (mine)
            mine->taken = false;
        http->counts.open -= mine != NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (unsigned i = 0; info && i < HTTP_CONNECTIONS_MAX; i++) {
        mine = &http->connections[i];
        if (mine->taken)
            continue;
        *mine = (struct http_connection){.taken = true, .fd = info->connect_fd, .http = http};
        *place = mine;
        http->counts.connections++;
        http->counts.open++;
        return;
    }
}

/* Shut down from our side, he looks as if he had left: libmicrohttpd ends him at its next turn. */
void http__tick(struct hz_http *http)
{
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        struct http_connection *connection = &http->connections[i];

        if (!connection->taken || ++connection->ticks != HTTP_PATIENCE_TICKS)
            continue;
        http->counts.timed_out++;
        (void)shutdown(connection->fd, SHUT_RDWR); /* he may be gone already */
    }
    run_server(http);
}

/* --- listening --- */

static int watch_server(struct hz_http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD);
    int error = info ? uv_poll_init(http->config.loop, &http->poll, info->epoll_fd) : -EINVAL;

    if (error < 0)
        return error;
    http->poll.data = http;
    http->polling = true;
    http->handles++;
    hz_assert(uv_poll_start(&http->poll, UV_READABLE, on_readable) == 0);
    return 0;
}

static int start_server(struct hz_http *http)
{
    int fd = http__listen(&http->address);

    if (fd < 0)
        return fd;
    http->server = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http__on_request, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        HTTP_MEMORY_BYTES, MHD_OPTION_NOTIFY_COMPLETED, http__on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
    if (!http->server) /* fd: closed or not, by where it failed. One too many is better than another's
                          closed */
        return -ENOMEM;
    int error = watch_server(http);
    if (error < 0) {
        MHD_stop_daemon(http->server);
        http->server = NULL;
    }
    return error;
}

static void try_to_listen(struct hz_http *http)
{
    int error = start_server(http);

    http->counts.listening = error == 0;
    if (error == 0) {
        hz_log_info("metrics: http://%s/metrics", http->config.address);
    } else if (!http->said) {
        http->said = true;
        hz_log_warning("metrics: %s: %s; tried again every %u s. hazardctl metrics has them, too",
                       http->config.address, hz_strerror(error), HTTP_RETRY_MS / 1000);
    }
}

static void start_tick(struct hz_http *http);

static void on_tick(uv_timer_t *timer)
{
    struct hz_http *http = timer->data;

    hz_role_assert(&hz_output);
    if (http->server) {
        http__tick(http);
    } else {
        try_to_listen(http);
        start_tick(http);
    }
}

static void start_tick(struct hz_http *http)
{
    uint64_t ms = http->server ? HTTP_TICK_MS : HTTP_RETRY_MS;

    (void)uv_timer_start(&http->tick, on_tick, ms, ms);
}

/* --- life --- */

int hz_http_new(const struct hz_http_config *config, struct hz_http **ret_http)
{
    struct hz_http *http = calloc(1, sizeof(*http));
    int error = http ? http__parse_address(config->address, &http->address) : -ENOMEM;

    if (error < 0) {
        free(http);
        return error;
    }
    http->config = *config;
    (void)uv_timer_init(config->loop, &http->run); /* these two cannot fail */
    (void)uv_timer_init(config->loop, &http->tick);
    http->run.data = http->tick.data = http;
    http->handles = 2;
    try_to_listen(http);
    start_tick(http);
    *ret_http = http;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct hz_http *http = handle->data;

    hz_role_assert(&hz_output);
    if (--http->handles > 0)
        return;
    void (*closed)(void *ctx) = http->closed;
    void *ctx = http->closed_ctx;
    free(http);
    closed(ctx);
}

void hz_http_stop(struct hz_http *http, void (*closed)(void *ctx), void *ctx)
{
    hz_assert(!http->stopping);
    http->stopping = true;
    http->closed = closed;
    http->closed_ctx = ctx;
    http__answer_all(http); /* libmicrohttpd must not end with a suspended connection */
    run_server(http);
    if (http->polling)
        uv_close((uv_handle_t *)&http->poll, on_closed); /* before its descriptor goes */
    uv_close((uv_handle_t *)&http->run, on_closed);
    uv_close((uv_handle_t *)&http->tick, on_closed);
    if (http->server)
        MHD_stop_daemon(http->server);
    http->server = NULL;
}

void hz_http_counts(const struct hz_http *http, struct hz_http_counts *ret_counts)
{
    *ret_counts = http->counts;
}
