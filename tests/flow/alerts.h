/* SPDX-License-Identifier: Apache-2.0
 *
 * What a flow test sees of hazardd: the numbers of `status`, and the alerts as they stand in Redis.
 */
#ifndef FLOW_ALERTS_H
#define FLOW_ALERTS_H

#include "parts.h"

/* A registry of one hazard source, E1/H1, with the levels P1, P2 and P3. */
void flow_write_three_points(struct flow *flow);

/* A number of `hazardctl status`: flow_number(flow, "engine", "readings"). -1: no answer, or no such. */
int64_t flow_number(struct flow *flow, const char *what, const char *key);

/* Waits until the one feed has subscribed: what is published before that is for nobody, where the broker
 * keeps no session yet. */
void flow_wait_connected(struct flow *flow);

/* Waits until the engine has taken so many readings in all, then until everything that it decided is
 * in Redis; fails the test otherwise. */
void flow_wait_readings(struct flow *flow, int64_t readings);
void flow_wait_published(struct flow *flow);

/* An entry of the stream; lent until the callback returns. */
struct flow_alert;
/* "" for a field that is not there. */
const char *flow_alert_text(const struct flow_alert *alert, const char *field);
double flow_alert_number(const struct flow_alert *alert, const char *field);

/* All entries of view `all`, from the first; their count. */
size_t flow_alerts(struct flow *flow, void (*each)(void *ctx, const struct flow_alert *alert), void *ctx);

#endif
