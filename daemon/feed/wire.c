/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket to the broker. What must stay true: no call blocks; what the peer sent before it closed
 * or failed is read before the end is told.
 *
 * Pacing: a wake-up per message is what a reader under load pays for, so under load two reads are not
 * nearer to each other than `coalesce_ns`. Below it every message is read at once, since then its
 * delay is what counts:
 *
 *             load, and readable sooner than coalesce after the last read
 *   by socket -----------------------------------------------------------> by timer, one read a period
 *             <-----------------------------------------------------------
 *                          a period that brought less than load
 *
 * The timer is a timerfd, since libuv's count milliseconds.
 */
#include "feed_priv.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CIPHER_BYTES ((size_t)16 << 10)
/* With more cipher text than this waiting for the socket, nothing more is encrypted. */
#define CIPHER_WAITING_MAX ((size_t)64 << 10)

/* What counts as load: a byte a microsecond, some 20 000 small messages a second. There the pauses save
 * more CPU than a core's tenth; measured over windows of 10 ms. */
#define LOAD_BYTES_PER_US UINT64_C(1)
#define WINDOW_NS         UINT64_C(10000000)

/* Of all feeds: filled and emptied within one call. */
static uint8_t cipher_in[CIPHER_BYTES * 4] HZ_OWNED_BY(hz_ingest);

static int end(struct feed_wire *wire, const char *why)
{
    wire->ended = true;
    if (wire->why.text[0] == '\0')
        feed__say(&wire->why, "%s", why);
    return HZ_EOF;
}

static void want(struct feed_wire *wire)
{
    int events = (wire->reading && !wire->paced ? UV_READABLE : 0) | (wire->full ? UV_WRITABLE : 0);

    feed__poll_want(wire->poll, events);
}

/* --- turns and pacing --- */

static void pace(struct feed_wire *wire, bool on)
{
    const struct timespec period = {wire->coalesce_ns / HZ_NS_PER_S,
                                    wire->coalesce_ns % HZ_NS_PER_S};
    const struct itimerspec time =
        on ? (struct itimerspec){period, period} : (struct itimerspec){0};

    if (timerfd_settime(wire->pacer_fd, 0, &time, NULL) < 0)
        return; /* not paced, then: nothing is lost by it */
    wire->paced = on;
    feed__poll_want(wire->pacer, on ? UV_READABLE : 0);
    want(wire);
}

/* The wire may be closed when this comes back. */
static void turn(struct feed_wire *wire, uint64_t now)
{
    wire->turn_bytes = 0;
    wire->turn(wire->ctx);
    if (wire->turn_bytes > 0)
        wire->read_at = now;
    wire->window_bytes += wire->turn_bytes;
    if (now - wire->window_at < WINDOW_NS)
        return;
    wire->loaded = wire->window_bytes >= (now - wire->window_at) / 1000 * LOAD_BYTES_PER_US;
    wire->window_bytes = 0;
    wire->window_at = now;
}

static void on_poll(void *ctx, int events)
{
    struct feed_wire *wire = ctx;
    uint64_t now = wire->pacer ? uv_hrtime() : 0;
    bool soon = wire->pacer && wire->loaded && now - wire->read_at < (uint64_t)wire->coalesce_ns;

    hz_role_assert(&hz_ingest);
    if (soon && !wire->paced && (events & UV_READABLE))
        pace(wire, true);
    if ((events & UV_WRITABLE) || !wire->paced)
        turn(wire, now);
    if (wire->poll)
        want(wire); /* an error stops the poll; there may be more to read before it is found */
}

static void on_pacer(void *ctx, int events)
{
    struct feed_wire *wire = ctx;
    uint64_t periods;

    (void)events;
    hz_role_assert(&hz_ingest);
    if (read(wire->pacer_fd, &periods, sizeof(periods)) < 0)
        return; /* no period is over yet */
    turn(wire, uv_hrtime());
    uint64_t load = (uint64_t)wire->coalesce_ns / 1000 * LOAD_BYTES_PER_US;
    if (wire->poll && wire->paced && wire->turn_bytes < load)
        pace(wire, false);
}

/* --- open and close --- */

static int open_pacer(struct feed_wire *wire, const struct feed_wire_plan *plan)
{
    if (plan->coalesce_ns <= 0)
        return 0;
    wire->pacer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (wire->pacer_fd < 0)
        return -errno;
    int error =
        feed__poll_new(plan->loop, plan->handles, wire->pacer_fd, on_pacer, wire, &wire->pacer);
    if (error < 0)
        (void)close(wire->pacer_fd); /* no poll has it */
    return error;
}

int feed__wire_open(struct feed_wire *wire, const struct feed_wire_plan *plan)
{
    *wire = (struct feed_wire){.fd = plan->fd,
                               .tls = plan->tls,
                               .turn = plan->turn,
                               .ctx = plan->ctx,
                               .coalesce_ns = plan->coalesce_ns,
                               .reading = true};
    int error = feed__poll_new(plan->loop, plan->handles, plan->fd, on_poll, wire, &wire->poll);
    if (error < 0) {
        (void)close(plan->fd); /* no poll has it */
        feed__tls_free(plan->tls);
        return error;
    }
    error = open_pacer(wire, plan);
    if (error < 0) {
        feed__wire_close(wire);
        return error;
    }
    want(wire);
    return 0;
}

void feed__wire_close(struct feed_wire *wire)
{
    if (!wire->poll)
        return;
    feed__poll_free(wire->poll); /* closes the socket */
    feed__poll_free(wire->pacer);
    feed__tls_free(wire->tls);
    feed__bytes_done(&wire->cipher);
    wire->poll = wire->pacer = NULL;
    wire->tls = NULL;
}

void feed__wire_reading(struct feed_wire *wire, bool reading)
{
    wire->reading = reading;
    if (wire->poll)
        want(wire);
}

/* --- the socket itself --- */

static ssize_t receive(struct feed_wire *wire, uint8_t *to, size_t size)
{
    ssize_t got = recv(wire->fd, to, size, MSG_DONTWAIT);

    if (got > 0) {
        wire->turn_bytes += (size_t)got;
        return got;
    }
    if (got == 0)
        return end(wire, "the broker closed the connection");
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    return end(wire, strerror(errno));
}

/* A peer that is gone is found by reading, behind what it had still to say. */
static ssize_t transmit(struct feed_wire *wire, const uint8_t *bytes, size_t length)
{
    ssize_t sent = send(wire->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        return (ssize_t)length;
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return end(wire, strerror(errno));
    return sent < 0 ? 0 : sent;
}

static int send_cipher(struct feed_wire *wire)
{
    uint8_t room[CIPHER_BYTES];
    size_t got;

    while ((got = feed__tls_pull(wire->tls, room, sizeof(room))) > 0)
        if (feed__bytes_add(&wire->cipher, room, got) < 0)
            return end(wire, strerror(ENOMEM));
    wire->full = false;
    while (wire->cipher.end > wire->cipher.begin && !wire->full) {
        size_t length = wire->cipher.end - wire->cipher.begin;
        ssize_t sent = transmit(wire, wire->cipher.at + wire->cipher.begin, length);

        if (sent < 0)
            return (int)sent;
        feed__bytes_drop(&wire->cipher, (size_t)sent);
        wire->full = (size_t)sent < length;
    }
    want(wire);
    return 0;
}

/* Cipher text from the socket to TLS: 1 = some, 0 = none at present. */
static int receive_cipher(struct feed_wire *wire) HZ_ON(hz_ingest);
static int receive_cipher(struct feed_wire *wire)
{
    ssize_t got = receive(wire, cipher_in, sizeof(cipher_in));

    if (got <= 0)
        return (int)got;
    if (feed__tls_push(wire->tls, cipher_in, (size_t)got) < 0)
        return end(wire, strerror(ENOMEM));
    return 1;
}

static int tls_end(struct feed_wire *wire, ssize_t result)
{
    if (result == FEED_TLS_BROKEN)
        feed__tls_why(wire->tls, &wire->why);
    return end(wire, "the broker closed the connection");
}

int feed__wire_secure(struct feed_wire *wire)
{
    hz_role_assert(&hz_ingest);
    for (;;) {
        int result = wire->tls ? feed__tls_handshake(wire->tls) : 1;
        int error = wire->tls ? send_cipher(wire) : 0; /* also the alert that says why not */

        if (result == 1)
            return error < 0 ? error : 1;
        if (result < 0)
            return tls_end(wire, result);
        result = error < 0 ? error : receive_cipher(wire);
        if (result <= 0)
            return result;
    }
}

ssize_t feed__wire_read(struct feed_wire *wire, uint8_t *to, size_t size)
{
    if (wire->ended)
        return HZ_EOF;
    if (!wire->tls)
        return receive(wire, to, size);
    for (;;) {
        ssize_t got = feed__tls_read(wire->tls, to, size);

        if (got > 0)
            return got;
        if (got < 0)
            return tls_end(wire, got);
        int more = receive_cipher(wire);
        if (more <= 0)
            return more;
    }
}

ssize_t feed__wire_write(struct feed_wire *wire, const uint8_t *bytes, size_t length)
{
    ssize_t done;

    if (wire->ended)
        return HZ_EOF;
    if (!wire->tls) {
        done = transmit(wire, bytes, length);
        wire->full = done >= 0 && (size_t)done < length;
        want(wire);
        return done;
    }
    if (wire->cipher.end - wire->cipher.begin > CIPHER_WAITING_MAX)
        return send_cipher(wire);
    done = feed__tls_write(wire->tls, bytes, length);
    if (done < 0)
        return tls_end(wire, done);
    int error = send_cipher(wire);
    return error < 0 ? error : done;
}

void feed__wire_finish(struct feed_wire *wire)
{
    if (wire->tls && !wire->finished) {
        feed__tls_say_goodbye(wire->tls);
        wire->finished = true;
    }
    if (wire->tls && send_cipher(wire) < 0)
        return;
    if (!wire->full)
        (void)shutdown(wire->fd, SHUT_WR); /* a peer that is gone needs no telling */
}
