/* SPDX-License-Identifier: Apache-2.0
 *
 * The stub's thread and the steps of scripts. It knows just enough MQTT to be believed.
 */
#include "stub.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BODY_BYTES ((size_t)256 << 10)

struct stub {
    int listener;
    uint16_t port;
    stub_script *script;
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock; /* of `connection`, so that it is not cut after it was closed */
    int connection;       /* -1 = none */
    _Atomic bool ending;
};

static void set_connection(struct stub *stub, int fd)
{
    (void)pthread_mutex_lock(&stub->lock);
    if (fd < 0)
        (void)close(stub->connection);
    stub->connection = fd;
    if (atomic_load(&stub->ending) && fd >= 0)
        (void)shutdown(fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&stub->lock);
}

static void *run(void *context)
{
    struct stub *stub = context;
    int fd;

    for (unsigned connection = 1; !atomic_load(&stub->ending); connection++) {
        fd = accept4(stub->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            break; /* the listener was shut down */
        set_connection(stub, fd);
        /* refused on a unix socket, which sends at once anyway */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        stub->script(fd, connection, stub->ctx);
        set_connection(stub, -1);
    }
    return NULL;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
        return -1;
    return fd;
}

static int listen_tcp(uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* a port that was just in use may be taken again at once; a refusal shows at bind */
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static struct stub *start(int listener, uint16_t port, stub_script *script, void *ctx)
{
    struct stub *stub = listener < 0 ? NULL : calloc(1, sizeof(*stub));

    if (!stub)
        return NULL;
    stub->listener = listener;
    stub->port = port;
    stub->script = script;
    stub->ctx = ctx;
    stub->connection = -1;
    (void)pthread_mutex_init(&stub->lock, NULL); /* of the default kind: cannot fail */
    if (pthread_create(&stub->thread, NULL, run, stub) != 0) {
        free(stub);
        return NULL;
    }
    return stub;
}

struct stub *stub_new_at(uint16_t port, stub_script *script, void *ctx)
{
    uint16_t listening = 0;
    int listener = listen_tcp(port, &listening);

    return start(listener, listening, script, ctx);
}

struct stub *stub_new(const char *unix_path, stub_script *script, void *ctx)
{
    return unix_path ? start(listen_unix(unix_path), 0, script, ctx) : stub_new_at(0, script, ctx);
}

uint16_t stub_port(const struct stub *stub)
{
    return stub->port;
}

void stub_free(struct stub *stub)
{
    if (!stub)
        return;
    atomic_store(&stub->ending, true);
    (void)shutdown(stub->listener, SHUT_RDWR); /* wakes accept */
    (void)pthread_mutex_lock(&stub->lock);
    if (stub->connection >= 0)
        (void)shutdown(stub->connection, SHUT_RDWR);
    (void)pthread_mutex_unlock(&stub->lock);
    (void)pthread_join(stub->thread, NULL);
    (void)close(stub->listener);
    (void)pthread_mutex_destroy(&stub->lock);
    free(stub);
}

/* --- steps --- */

bool stub_send(int fd, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0) {
            at += sent;
            length -= (size_t)sent;
        }
    }
    return true;
}

static bool receive_all(int fd, uint8_t *to, size_t length)
{
    while (length > 0) {
        ssize_t got = recv(fd, to, length, 0);

        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0) {
            to += got;
            length -= (size_t)got;
        }
    }
    return true;
}

bool stub_receive(int fd, uint8_t *room, size_t size, struct stub_packet *ret_packet)
{
    size_t length = 0;
    uint8_t byte = 0x80;

    if (!receive_all(fd, &ret_packet->first, 1))
        return false;
    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (shift > 21 || !receive_all(fd, &byte, 1))
            return false;
        length |= (size_t)(byte & 0x7f) << shift;
    }
    ret_packet->body = room;
    ret_packet->length = length;
    return length <= size && receive_all(fd, room, length);
}

bool stub_greet(int fd, uint8_t *ret_protocol)
{
    static const uint8_t connack4[] = {0x20, 2, 0, 0}, connack5[] = {0x20, 3, 0, 0, 0};
    uint8_t room[2048];
    struct stub_packet packet;

    if (!stub_receive(fd, room, sizeof(room), &packet) || packet.first != 0x10 ||
        packet.length < 10)
        return false;
    uint8_t protocol = packet.body[6];
    if (ret_protocol)
        *ret_protocol = protocol;
    return protocol == 5 ? stub_send(fd, connack5, sizeof(connack5))
                         : stub_send(fd, connack4, sizeof(connack4));
}

/* The QoS that is asked for each filter behind `at`; returns their number. */
static size_t read_filters(const struct stub_packet *packet, size_t at, uint8_t *ret_qos,
                           size_t most)
{
    size_t count = 0;

    while (at + 3 <= packet->length && count < most) {
        at += 2 + ((size_t)packet->body[at] << 8 | packet->body[at + 1]);
        if (at >= packet->length)
            return 0;
        ret_qos[count++] = packet->body[at++] & 3;
    }
    return count;
}

bool stub_grant(int fd, uint8_t protocol)
{
    uint8_t *room = malloc(BODY_BYTES);
    uint8_t answer[256 + 8];
    struct stub_packet packet;
    size_t properties = protocol == 5 ? 1 : 0; /* their length: 0 */
    bool good = room && stub_receive(fd, room, BODY_BYTES, &packet) && packet.first == 0x82;

    if (good) {
        size_t head = 2; /* remaining length in two bytes, whatever it is: at least 128 */
        size_t count = read_filters(&packet, 2 + properties, answer + 5 + properties, 200);
        size_t remaining = 2 + properties + count;

        answer[0] = 0x90;
        if (remaining < 128) {
            memmove(answer + 4 + properties, answer + 5 + properties, count);
            answer[1] = (uint8_t)remaining;
        } else {
            answer[1] = (uint8_t)(remaining | 0x80);
            answer[2] = (uint8_t)(remaining >> 7);
            head = 3;
        }
        answer[head] = packet.body[0];
        answer[head + 1] = packet.body[1];
        answer[head + 2] = properties ? 0 : answer[head + 2];
        good = count > 0 && stub_send(fd, answer, head + remaining);
    }
    free(room);
    return good;
}

bool stub_blast(int fd, const uint8_t *packets, size_t length, uint64_t rounds)
{
    static const uint8_t pingresp[] = {0xd0, 0};
    uint8_t room[4096];

    for (uint64_t round = 0; round < rounds; round++) {
        if (!stub_send(fd, packets, length))
            return false;
        ssize_t got = recv(fd, room, sizeof(room), MSG_DONTWAIT);
        for (ssize_t i = 0; i < got; i++) /* a PUBACK has no such byte at this place */
            if (room[i] == 0xc0 && i + 1 < got && room[i + 1] == 0 && !stub_send(fd, pingresp, 2))
                return false;
        if (got == 0)
            return false;
    }
    return true;
}

void stub_wait(int fd)
{
    uint8_t room[4096];

    while (recv(fd, room, sizeof(room), 0) > 0)
        ;
}

size_t stub_publish(uint8_t *to, uint8_t first, uint8_t protocol, const char *topic,
                    uint16_t packet_id, const void *payload, size_t length)
{
    size_t topic_length = strlen(topic), at = 0;
    size_t remaining = 2 + topic_length + (first & 6 ? 2 : 0) + (protocol == 5 ? 1 : 0) + length;

    to[at++] = first;
    do {
        to[at++] = (uint8_t)((remaining & 0x7f) | (remaining > 0x7f ? 0x80 : 0));
        remaining >>= 7;
    } while (remaining > 0);
    to[at++] = (uint8_t)(topic_length >> 8);
    to[at++] = (uint8_t)topic_length;
    memcpy(to + at, topic, topic_length);
    at += topic_length;
    if (first & 6) {
        to[at++] = (uint8_t)(packet_id >> 8);
        to[at++] = (uint8_t)packet_id;
    }
    if (protocol == 5)
        to[at++] = 0;
    if (length > 0)
        memcpy(to + at, payload, length);
    return at + length;
}
