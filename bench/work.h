/* SPDX-License-Identifier: Apache-2.0
 *
 * The readings that a stub sends, prepared as PUBLISH packets (MQTT 3.1.1, QoS 0) with a known number of
 * transitions: {"ts":...,"v":...} under hz/E0001/H01/P0001, a hundred points an enterprise. Of
 * `hot_every` points one goes over 90, twice into the deadband at 89, and back, in six passes; the
 * last reading of each pass is that of such a point, so that the last transition ends the work. Sent over
 * and over, with other times, six passes make the same transitions again.
 */
#ifndef WORK_H
#define WORK_H

#include "stub.h"

#define WORK_ENTERPRISE_POINTS 100u
#define WORK_TURNS             6u /* passes until all is as it was */

/* Writes topic and payload of a reading; NULL in the work: the usual. Rooms are of 64 bytes. */
typedef void work_message(char *topic, char *payload, unsigned point, uint64_t ts_ms, const char *value);

struct work {
    unsigned points, hot_every, passes; /* passes by six: the last one makes transitions */
    work_message *message;
    uint8_t *packets; /* all passes */
    size_t length;
    uint64_t messages, raises, clears;
    uint64_t ts_ms; /* of the first pass; each is a millisecond after the one before */
};

/* False: no memory. Points are whole enterprises and whole groups of hot_every. */
bool work_prepare(struct work *work);
void work_free(struct work *work);
/* The same packets for another time, behind the last: a reading with an old time would count for nothing. */
void work_advance(struct work *work);

/* The point of a pass's i-th reading, and whether it is one of those that cross. */
unsigned work_point(const struct work *work, unsigned i);
bool work_is_hot(const struct work *work, unsigned i);

/* The usual topic and payload. */
work_message work_json;

#endif
