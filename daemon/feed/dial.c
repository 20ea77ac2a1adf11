/* SPDX-License-Identifier: Apache-2.0
 *
 * From an address to a connected socket: names are resolved in libuv's pool, then the addresses are
 * tried in turn, each with its share of the time that is left, so that a first one that swallows
 * packets does not cost the second its chance. What must stay true: nothing here blocks; at most one
 * look-up of a feed is under way, however often its attempts time out (the pool has four threads for
 * all feeds).
 */
#include "feed_priv.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

/* On the heap, since libuv cannot always call it back: it then outlives the feed. */
struct feed_lookup {
    uv_getaddrinfo_t request;
    struct feed_dial *dial; /* NULL: nobody waits any more */
};

static void try_next(struct feed_dial *dial) HZ_ON(hz_ingest);

/* Ends the dialling; the socket that was being tried is closed. */
static void stop(struct feed_dial *dial)
{
    dial->active = false;
    (void)uv_timer_stop(&dial->timer); /* always 0 */
    feed__poll_free(dial->trying);
    dial->trying = NULL;
}

static void fail(struct feed_dial *dial) HZ_ON(hz_ingest);
static void fail(struct feed_dial *dial)
{
    stop(dial);
    dial->failed(dial->ctx, &dial->why);
}

static int64_t left_ms(const struct feed_dial *dial)
{
    return (int64_t)(dial->deadline_ms - uv_now(dial->loop));
}

/* Adds what became of the endpoint that was tried. */
static void note_failure(struct feed_dial *dial, const char *what)
{
    struct hz_text text = {dial->why.text, strlen(dial->why.text), sizeof(dial->why.text), false};
    char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];

    feed__endpoint_text(&dial->endpoints[dial->next - 1], name, sizeof(name));
    hz_text_format(&text, "%s%s: %s", text.length > 0 ? "; " : "", name, what);
}

static void on_ready(void *ctx, int events)
{
    struct feed_dial *dial = ctx;
    int error = 0;
    socklen_t size = sizeof(error);

    (void)events;
    hz_role_assert(&hz_ingest);
    struct feed_poll *tried = dial->trying;
    dial->trying = NULL;
    int fd = feed__poll_release(tried);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0) {
        stop(dial);
        dial->connected(dial->ctx, fd);
        return;
    }
    (void)close(fd); /* never connected */
    note_failure(dial, strerror(error));
    try_next(dial);
}

/* 0: under way, or connected at once, which the poll reports as well. */
static int begin_connect(struct feed_dial *dial, const struct feed_endpoint *endpoint)
{
    int fd = socket(endpoint->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1, error;

    if (fd < 0)
        return -errno;
    if (endpoint->at.any.sa_family != AF_UNIX) /* acknowledgements are small and urgent */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* works without it */
    error =
        connect(fd, &endpoint->at.any, endpoint->length) < 0 && errno != EINPROGRESS ? -errno : 0;
    if (error == 0)
        error = feed__poll_new(dial->loop, dial->handles, fd, on_ready, dial, &dial->trying);
    if (error < 0)
        (void)close(fd); /* the error that counts is the first */
    else
        feed__poll_want(dial->trying, UV_WRITABLE);
    return error;
}

static void on_timer(uv_timer_t *timer);

static void try_next(struct feed_dial *dial)
{
    while (dial->next < dial->count && left_ms(dial) > 0) {
        uint32_t untried = dial->count - dial->next;
        int error = begin_connect(dial, &dial->endpoints[dial->next++]);

        if (error == 0) {
            int64_t share = left_ms(dial) / untried;

            /* cannot fail: it has a callback and is not closing */
            (void)uv_timer_start(&dial->timer, on_timer, (uint64_t)(share > 0 ? share : 1), 0);
            return;
        }
        note_failure(dial, strerror(-error));
    }
    fail(dial);
}

static void on_timer(uv_timer_t *timer)
{
    struct feed_dial *dial = FEED_OWNER(timer, struct feed_dial, timer);

    hz_role_assert(&hz_ingest);
    if (!dial->trying) {
        feed__say(&dial->why, "\"%s\": the name was not resolved in time", dial->address->host);
        fail(dial);
        return;
    }
    feed__poll_free(dial->trying);
    dial->trying = NULL;
    note_failure(dial, "no answer in time");
    try_next(dial);
}

static void take_answer(struct feed_dial *dial, const struct addrinfo *found)
{
    dial->count = dial->next = 0;
    for (; found && dial->count < FEED_ENDPOINTS_MAX; found = found->ai_next) {
        struct feed_endpoint *endpoint = &dial->endpoints[dial->count];

        if (found->ai_addrlen > sizeof(endpoint->at))
            continue; /* no family that we asked for */
        memcpy(&endpoint->at, found->ai_addr, found->ai_addrlen);
        endpoint->length = found->ai_addrlen;
        dial->count++;
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct feed_lookup *lookup = (struct feed_lookup *)request;
    struct feed_dial *dial = lookup->dial;

    hz_role_assert(&hz_ingest);
    free(lookup);
    if (dial)
        dial->lookup = NULL;
    if (dial && dial->active) {
        if (status == 0) {
            take_answer(dial, found);
            try_next(dial);
        } else {
            feed__say(&dial->why, "\"%s\" can not be resolved: %s", dial->address->host,
                      uv_strerror(status));
            fail(dial);
        }
    }
    uv_freeaddrinfo(found);
}

static int begin_lookup(struct feed_dial *dial)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    char port[8];

    if (dial->lookup)
        return 0; /* of an earlier attempt: its answer serves */
    struct feed_lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup)
        return -ENOMEM;
    struct hz_text text = hz_text_in(port, sizeof(port));
    hz_text_uint(&text, dial->address->port);
    lookup->dial = dial;
    int error = uv_getaddrinfo(dial->loop, &lookup->request, on_resolved, dial->address->host, port,
                               &hints);
    if (error < 0)
        free(lookup);
    else
        dial->lookup = lookup;
    return error;
}

void feed__dial_init(struct feed_dial *dial, uv_loop_t *loop, struct feed_handles *handles,
                     const struct feed_address *address)
{
    (void)uv_timer_init(loop, &dial->timer); /* always 0 */
    feed__handle_opened(handles, (uv_handle_t *)&dial->timer);
    dial->loop = loop;
    dial->handles = handles;
    dial->address = address;
}

void feed__dial_start(struct feed_dial *dial, int64_t timeout_ns)
{
    int64_t timeout_ms = timeout_ns / HZ_NS_PER_MS;
    int error = 0;

    hz_role_assert(&hz_ingest);
    uv_update_time(dial->loop); /* the loop's time is that of its last look */
    dial->deadline_ms = uv_now(dial->loop) + (uint64_t)(timeout_ms > 0 ? timeout_ms : 1);
    dial->active = true;
    dial->why.text[0] = '\0';
    dial->count = dial->next = 0;
    (void)uv_timer_start(&dial->timer, on_timer, (uint64_t)left_ms(dial), 0); /* can not fail */
    if (feed__address_literal(dial->address, &dial->endpoints[0])) {
        dial->count = 1;
        try_next(dial);
        return;
    }
    error = begin_lookup(dial);
    if (error < 0) {
        feed__say(&dial->why, "\"%s\" can not be resolved: %s", dial->address->host,
                  uv_strerror(error));
        fail(dial);
    }
}

void feed__dial_cancel(struct feed_dial *dial)
{
    stop(dial);
}

void feed__dial_done(struct feed_dial *dial)
{
    stop(dial);
    if (dial->lookup) {
        dial->lookup->dial = NULL;
        (void)uv_cancel((uv_req_t *)&dial->lookup->request); /* or it ends by itself */
    }
    feed__handle_close((uv_handle_t *)&dial->timer);
}
