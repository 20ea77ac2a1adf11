/* SPDX-License-Identifier: Apache-2.0
 *
 * From publish to visible: readings to a broker, one message a write(), by an absolute schedule; a consumer
 * that blocks in XREAD; the time from just before write() to the entry in hand. Of `hot_every` points
 * one crosses its limit at each of its turns; what it crosses is matched with the entries of its point in
 * their order. Ends the bench unless every crossing is seen once.
 */
#ifndef VISIBLE_H
#define VISIBLE_H

#include "work.h"

#define VISIBLE_STREAM "hz:1:{all}:stream"

struct visible {
    unsigned points, hot_every, passes, rate; /* messages a second */
    work_message *message;
    const char *broker; /* as hz_link_open takes it */
    const char *redis;  /* path of its socket */
};

struct visible_result {
    double p50_us, p99_us, max_us;
    unsigned crossings;
};

/* Publishes a crossing and back until both come to the consumer: the program under test is ready. */
void visible_wait_ready(const struct visible *visible);
void visible_round(const struct visible *visible, struct visible_result *ret_result);

/* The point of an entry's "E0001/H01/P0001", from 0; UINT_MAX: none. */
unsigned visible_point(const char *text);

#endif
