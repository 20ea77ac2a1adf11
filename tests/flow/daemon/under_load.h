/* SPDX-License-Identifier: Apache-2.0
 *
 * A daemon under load: the configuration of hazard-load, hazard-load itself in the background, and the
 * comparison of what stands in Redis with what the journal yields.
 */
#ifndef FLOW_UNDER_LOAD_H
#define FLOW_UNDER_LOAD_H

#include "parts.h"

struct under_load;

/* Starts broker and Redis and writes the configuration; no daemon yet. */
struct under_load *under_load_new(const char *more_yaml);
void under_load_free(struct under_load *load);
struct flow *under_load_flow(struct under_load *load);

/* hazard-load with so many readings a second until it is ended. */
void under_load_begin(struct under_load *load, unsigned rate);
void under_load_end(struct under_load *load);
/* Ends it when everything it has made is acknowledged: how many readings it sent. */
long long under_load_end_counted(struct under_load *load);

/* Waits until everything decided is in Redis (the daemon runs), ends the daemon, replays its journal and
 * compares: the same entries, in order, none missing, none twice, every field; n without holes. Returns
 * their count. */
size_t under_load_compare(struct under_load *load);

/* Entries in the stream at present; -1 when Redis does not answer. */
long long under_load_entries(struct under_load *load);
/* A command to Redis; fails the test on an error. */
void under_load_redis(struct under_load *load, const char *command);

#endif
