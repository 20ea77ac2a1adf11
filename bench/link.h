/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection that only publishes: MQTT 3.1.1 in its own framing, many PUBLISH packets a write(),
 * QoS 0, or QoS 1 with a window of PUBACKs. What load generator, city and flow tests send with: it
 * shares no code with the daemon's transport, so that both cannot be wrong in the same way.
 *
 *     hz_link_open("127.0.0.1:1883", "load-1", 1000, &link);
 *     while (hz_link_publish(link, topic, payload, 1) == -EAGAIN)
 *         hz_link_wait(&link, 1, -1), hz_link_work(link);
 *     hz_link_finish(link, 10 * HZ_NS_PER_S);
 *     hz_link_close(link);
 *
 * Errors are negative codes of hz_error.h; a link that gave one can only be closed.
 */
#ifndef HZ_LINK_H
#define HZ_LINK_H

#include "hz_error.h"
#include "hz_text.h"

struct hz_link;

/* Connects, says CONNECT (clean session, no keep-alive) and waits for CONNACK, 10 s at most. `address`
 * is host:port, [v6 address]:port or unix:/path. `window`: QoS 1 messages not yet acknowledged at
 * once, 1 to 65535. -EINVAL for an address that is none, HZ_EREFUSED when the broker refuses. */
int hz_link_open(const char *address, const char *client_id, unsigned window, struct hz_link **ret_link) HZ_MUST_USE;
void hz_link_close(struct hz_link *link); /* takes NULL; DISCONNECT first when all is written */

/* Adds one packet behind those not yet written: 0; -EAGAIN when there is no room or the window is
 * full: hz_link_wait, hz_link_work, again. Nothing is written before hz_link_work. Topic and payload
 * together at most 256 KiB, else -EMSGSIZE. */
int hz_link_publish(struct hz_link *link, struct hz_slice topic, struct hz_slice payload, unsigned qos) HZ_MUST_USE;

/* Writes and reads as much as goes without waiting. */
int hz_link_work(struct hz_link *link) HZ_MUST_USE;
/* Waits until one of the links can be worked on, `timeout_ns` at most (< 0: without end). */
void hz_link_wait(struct hz_link *const *links, size_t count, int64_t timeout_ns);
/* Works until all is written and acknowledged; HZ_ETIMEOUT. */
int hz_link_finish(struct hz_link *link, int64_t timeout_ns) HZ_MUST_USE;

size_t hz_link_unwritten_bytes(const struct hz_link *link);
unsigned hz_link_unacknowledged(const struct hz_link *link);

#endif
