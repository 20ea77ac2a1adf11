/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker that does what it is told: one thread, one connection at a time, a script for each. For
 * benches it blasts prepared packets as fast as the reader takes them; for tests it breaks the
 * protocol in ways that no real broker can be made to.
 */
#ifndef HZ_STUB_H
#define HZ_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stub;

/* Runs on the stub's thread, for each connection in turn (from 1); `fd` is blocking and is closed when
 * it comes back. */
typedef void stub_script(int fd, unsigned connection, void *ctx);

/* Listens on `unix_path`, or on a free port of 127.0.0.1 when NULL. NULL = failed, errno says why. */
struct stub *stub_new(const char *unix_path, stub_script *script, void *ctx);
/* On that port of 127.0.0.1; 0: a free one. */
struct stub *stub_new_at(uint16_t port, stub_script *script, void *ctx);
uint16_t stub_port(const struct stub *stub);
/* Cuts the connection and the thread off. */
void stub_free(struct stub *stub);

/* Steps of scripts; false: the client is gone, or sent something else. */
struct stub_packet {
    uint8_t first;
    uint8_t *body; /* behind the fixed header, within the buffer given */
    size_t length;
};
bool stub_send(int fd, const void *bytes, size_t length);
bool stub_receive(int fd, uint8_t *room, size_t size, struct stub_packet *ret_packet);
/* CONNECT in, CONNACK out; *ret_protocol 4 or 5 (may be NULL). */
bool stub_greet(int fd, uint8_t *ret_protocol);
/* SUBSCRIBE in, SUBACK out, all filters granted as asked for. */
bool stub_grant(int fd, uint8_t protocol);
/* `packets` `rounds` times, answering pings in between. */
bool stub_blast(int fd, const uint8_t *packets, size_t length, uint64_t rounds);
/* Until the client has closed its side; its packets are thrown away. */
void stub_wait(int fd);

/* Writes a PUBLISH packet and returns its length. */
size_t stub_publish(uint8_t *to, uint8_t first, uint8_t protocol, const char *topic, uint16_t packet_id,
                    const void *payload, size_t length);

#endif
