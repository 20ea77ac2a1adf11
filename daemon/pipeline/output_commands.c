/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of commands on the control socket; each row's handler runs on the output thread.
 */
#include "pipeline_priv.h"

const struct hz_control_row pipeline__rows[] = {
    {"status", HZ_RIGHT_READ, "", pipeline__status_begin},
    {"feeds", HZ_RIGHT_READ, "", pipeline__feeds_begin},
    {"alarms", HZ_RIGHT_READ, "severity enterprise all limit", pipeline__alarms_begin},
    {"ack", HZ_RIGHT_ACK, "!alarm reason", pipeline__ack_begin},
    {"points", HZ_RIGHT_READ, "enterprise hazard glob stale invalid", pipeline__points_begin},
    {"coverage", HZ_RIGHT_READ, "by below", pipeline__coverage_begin},
    {"unknown", HZ_RIGHT_READ, "", pipeline__unknown_begin},
    {"metrics", HZ_RIGHT_READ, "prometheus", pipeline__metrics_begin},
    {"diff", HZ_RIGHT_ADMIN, "back", pipeline__diff_begin},
    {"reload", HZ_RIGHT_ADMIN, "back expect max-new-alarms reason", pipeline__reload_begin},
    {"tail", HZ_RIGHT_READ, "from follow count", pipeline__tail_begin},
    {NULL, 0, NULL, NULL},
};
