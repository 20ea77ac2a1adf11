/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Every fixed bound of the system in one place. Each is a promise about memory or time; what
 *         goes beyond is a verdict, a configuration error or HZ_ELIMIT, never silently cut.
 * WAY     -
 * THREAD  any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_LIMITS_H
#define HZ_LIMITS_H

#define HZ_POINTS_MAX             (4u << 20) /* ids ever used; 440 000 points is the whole country */
#define HZ_ENTERPRISES_MAX        (64u << 10)
#define HZ_HAZARDS_MAX            (256u << 10)
#define HZ_GATEWAYS_MAX           65535u
#define HZ_RULES_MAX              (64u << 10)
#define HZ_FEEDS_MAX              1024u
#define HZ_VIEWS_MAX              256u
#define HZ_ALARM_VIEWS_MAX        8u   /* views that one transition can be a member of */
#define HZ_TEXTS_MAX              (1u << 20)
#define HZ_TEXTS_PER_POINT_MAX    256u
#define HZ_KEY_BYTES_MAX          128u /* an id: point, hazard source, rule, ... */
#define HZ_NAME_BYTES_MAX         256u
#define HZ_TOPIC_BYTES_MAX        512u
#define HZ_PAYLOAD_BYTES_DEFAULT  (256u << 10)
#define HZ_PAYLOAD_BYTES_MAX      (16u << 20)
#define HZ_PAYLOAD_READINGS_MAX   10000u
#define HZ_JSON_DEPTH_MAX         16u
#define HZ_BLOCK_BYTES_MAX        (64u << 10)

#define HZ_ACTOR_BYTES_MAX        64u  /* who gave a command */
#define HZ_VIA_BYTES_MAX          16u  /* the channel it came by */
#define HZ_COMMAND_ID_BYTES_MAX   40u
#define HZ_REASON_BYTES_MAX       200u

#define HZ_CACHE_LINE             64

#endif
