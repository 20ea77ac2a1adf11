/* SPDX-License-Identifier: Apache-2.0
 *
 * The publishing connection. Packets are made in one buffer, which is written from its head and filled
 * at its tail; a broker sends nothing but CONNACK and PUBACK to a client that does not subscribe, so
 * that all that is read has four bytes. Acknowledgements must come in the order of the messages
 * (MQTT 3.1.1, 4.6): any other is HZ_EPROTO.
 */
#include "link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define OPEN_S       10           /* a broker that accepts and says nothing */
#define PACKET_BYTES (256u << 10) /* largest topic + payload */
/* Room for the largest packet beside a full write; a write beyond 64 KiB gains nothing. */
#define BUFFER_BYTES (2 * PACKET_BYTES)
#define HEAD_BYTES   9 /* type, remaining length (4), topic length (2), packet id (2) */
#define ACK_BYTES    4
#define ID_LAST      65535u

#define NS_PER_S INT64_C(1000000000)

struct hz_link {
    int fd;
    unsigned window, unacknowledged;
    uint16_t next_id, next_acknowledged;
    size_t written, filled; /* of the buffer */
    uint8_t ack[ACK_BYTES];
    size_t ack_bytes;
    uint8_t buffer[BUFFER_BYTES];
};

static uint16_t id_after(uint16_t id)
{
    return id == ID_LAST ? 1 : (uint16_t)(id + 1); /* 0 is no packet id */
}

static uint8_t *put_u16(uint8_t *to, size_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
    return to + 2;
}

static uint8_t *put_text(uint8_t *to, const char *text, size_t length)
{
    memcpy(put_u16(to, length), text, length);
    return to + 2 + length;
}

/* Seven bits a byte, the lowest first, as section 2.2.3 says. */
static uint8_t *put_remaining(uint8_t *to, size_t length)
{
    do {
        *to = (uint8_t)(length & 0x7f);
        length >>= 7;
        *to++ |= length > 0 ? 0x80 : 0;
    } while (length > 0);
    return to;
}

/* --- opening --- */

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = -errno;
    (void)close(fd);
    return error;
}

/* Connecting is bounded by the send time-out, as socket(7) says. */
static void set_options(int fd)
{
    const struct timeval limit = {.tv_sec = OPEN_S};
    const int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)); /* then it waits longer */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a unix socket has none */
}

/* The addresses of a host in turn; the error of the last. */
static int connect_tcp(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int fd = -EHOSTUNREACH;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return HZ_ENOTFOUND;
    for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd < 0) {
            fd = -errno;
            continue;
        }
        set_options(fd);
        if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            continue; /* which ends the loop */
        int error = -errno;
        (void)close(fd);
        fd = error;
    }
    freeaddrinfo(found);
    return fd;
}

static int connect_to(const char *address)
{
    const char *colon = strrchr(address, ':');
    char host[256];

    if (strncmp(address, "unix:", 5) == 0)
        return connect_unix(address + 5);
    if (!colon || colon == address || colon[1] == '\0')
        return -EINVAL;
    size_t length = (size_t)(colon - address);
    if (address[0] == '[' && length > 2 && colon[-1] == ']')
        address++, length -= 2;
    if (length >= sizeof(host))
        return -EINVAL;
    memcpy(host, address, length);
    host[length] = '\0';
    return connect_tcp(host, colon + 1);
}

/* CONNECT out, CONNACK in; the socket still waits. */
static int greet(struct hz_link *link, const char *client_id)
{
    const size_t id_bytes = strlen(client_id);
    uint8_t packet[300], *at = packet, answer[ACK_BYTES];

    if (id_bytes > 256)
        return -EINVAL;
    *at++ = 0x10;
    at = put_remaining(at, 10 + 2 + id_bytes);
    at = put_text(at, "MQTT", 4);
    *at++ = 4;           /* protocol level: 3.1.1 */
    *at++ = 2;           /* clean session */
    at = put_u16(at, 0); /* no keep-alive: the stream itself is the sign of life */
    at = put_text(at, client_id, id_bytes);
    if (send(link->fd, packet, (size_t)(at - packet), MSG_NOSIGNAL) != at - packet)
        return errno == EAGAIN ? HZ_ETIMEOUT : -errno;
    ssize_t got = recv(link->fd, answer, sizeof(answer), MSG_WAITALL);
    if (got < 0)
        return errno == EAGAIN ? HZ_ETIMEOUT : -errno;
    if (got < ACK_BYTES)
        return -ECONNRESET;
    if (answer[0] != 0x20 || answer[1] != 2)
        return HZ_EPROTO;
    return answer[3] == 0 ? 0 : HZ_EREFUSED;
}

int hz_link_open(const char *address, const char *client_id, unsigned window,
                 struct hz_link **ret_link)
{
    int result;

    if (window < 1 || window > ID_LAST)
        return -EINVAL;
    struct hz_link *link = malloc(sizeof(*link));
    if (!link)
        return -ENOMEM;
    link->window = window;
    link->unacknowledged = 0;
    link->next_id = link->next_acknowledged = 1;
    link->written = link->filled = link->ack_bytes = 0;
    link->fd = result = connect_to(address);
    if (result >= 0) {
        set_options(link->fd);
        result = greet(link, client_id);
    }
    if (result < 0) {
        hz_link_close(link);
        return result;
    }
    *ret_link = link;
    return 0;
}

void hz_link_close(struct hz_link *link)
{
    static const uint8_t disconnect[] = {0xe0, 0};

    if (!link)
        return;
    if (link->fd >= 0) {
        if (hz_link_unwritten_bytes(link) == 0) /* a courtesy: the broker sees the end anyway */
            (void)send(link->fd, disconnect, sizeof(disconnect), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(link->fd);
    }
    free(link);
}

/* --- sending --- */

size_t hz_link_unwritten_bytes(const struct hz_link *link)
{
    return link->filled - link->written;
}

unsigned hz_link_unacknowledged(const struct hz_link *link)
{
    return link->unacknowledged;
}

/* Moves what is unwritten to the buffer's head when the tail is too short for `bytes`. */
static bool make_room(struct hz_link *link, size_t bytes)
{
    if (bytes <= BUFFER_BYTES - link->filled)
        return true;
    if (bytes > BUFFER_BYTES - hz_link_unwritten_bytes(link))
        return false;
    memmove(link->buffer, link->buffer + link->written, hz_link_unwritten_bytes(link));
    link->filled -= link->written;
    link->written = 0;
    return true;
}

int hz_link_publish(struct hz_link *link, struct hz_slice topic, struct hz_slice payload,
                    unsigned qos)
{
    const size_t remaining = 2 + topic.length + (qos ? 2 : 0) + payload.length;

    hz_assert(qos <= 1);
    if (topic.length > UINT16_MAX || topic.length + payload.length > PACKET_BYTES - HEAD_BYTES)
        return -EMSGSIZE;
    if ((qos && link->unacknowledged == link->window) ||
        !make_room(link, HEAD_BYTES + topic.length + payload.length))
        return -EAGAIN;
    uint8_t *at = link->buffer + link->filled;
    *at++ = (uint8_t)(0x30 | qos << 1);
    at = put_remaining(at, remaining);
    at = put_text(at, topic.at, topic.length);
    if (qos) {
        at = put_u16(at, link->next_id);
        link->next_id = id_after(link->next_id);
        link->unacknowledged++;
    }
    memcpy(at, payload.at, payload.length);
    link->filled = (size_t)(at - link->buffer) + payload.length;
    return 0;
}

static int write_some(struct hz_link *link)
{
    while (link->written < link->filled) {
        ssize_t sent = send(link->fd, link->buffer + link->written, hz_link_unwritten_bytes(link),
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        link->written += (size_t)sent;
    }
    link->written = link->filled = 0;
    return 0;
}

static int take_ack(struct hz_link *link)
{
    const uint8_t *ack = link->ack;

    if (ack[0] != 0x40 || ack[1] != 2 || link->unacknowledged == 0 ||
        (ack[2] << 8 | ack[3]) != link->next_acknowledged)
        return HZ_EPROTO;
    link->next_acknowledged = id_after(link->next_acknowledged);
    link->unacknowledged--;
    link->ack_bytes = 0;
    return 0;
}

static int read_acks(struct hz_link *link)
{
    uint8_t bytes[4096];

    for (;;) {
        ssize_t got = recv(link->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (got == 0)
            return -ECONNRESET;
        for (ssize_t i = 0; i < got; i++) {
            link->ack[link->ack_bytes++] = bytes[i];
            if (link->ack_bytes < ACK_BYTES)
                continue;
            int result = take_ack(link);
            if (result < 0)
                return result;
        }
    }
}

int hz_link_work(struct hz_link *link)
{
    int result = write_some(link);

    return result < 0 ? result : read_acks(link);
}

void hz_link_wait(struct hz_link *const *links, size_t count, int64_t timeout_ns)
{
    const struct timespec timeout = {timeout_ns / NS_PER_S, timeout_ns % NS_PER_S};
    struct pollfd few[64], *sockets = count <= 64 ? few : malloc(count * sizeof(*sockets));

    hz_assert(sockets); /* a generator of load has no other way to go on */
    for (size_t i = 0; i < count; i++) {
        bool wants_write = hz_link_unwritten_bytes(links[i]) > 0;
        sockets[i] = (struct pollfd){.fd = links[i]->fd,
                                     .events = (short)(POLLIN | (wants_write ? POLLOUT : 0))};
    }
    (void)ppoll(sockets, count, timeout_ns < 0 ? NULL : &timeout, NULL); /* errors show at work */
    if (sockets != few)
        free(sockets);
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this id */
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int hz_link_finish(struct hz_link *link, int64_t timeout_ns)
{
    const int64_t deadline = now_ns() + timeout_ns;

    for (;;) {
        int result = hz_link_work(link);
        if (result < 0)
            return result;
        if (hz_link_unwritten_bytes(link) == 0 && link->unacknowledged == 0)
            return 0;
        int64_t left = deadline - now_ns();
        if (left <= 0)
            return HZ_ETIMEOUT;
        hz_link_wait(&link, 1, left);
    }
}
