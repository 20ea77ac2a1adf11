/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed on a loop of its own, with everything that it told; runs until a condition holds, or fails
 * the test when a dead-line has passed.
 */
#ifndef PROBE_H
#define PROBE_H

#include "hz_mqtt.h"

#define PROBE_KEPT_MAX     512u
#define PROBE_FILTERS_MAX  400u
#define PROBE_DEADLINE_MS  20000u

struct probe_message {
    char topic[64];
    char payload[64]; /* cut */
    size_t payload_length;
    bool skipped, retained, duplicate;
    uint8_t qos;
    uint64_t ack;
};

struct probe {
    uv_loop_t loop;
    uv_timer_t pulse; /* so that conditions are looked at */
    struct hz_mqtt *mqtt;
    struct hz_feed_config config;
    struct hz_filter_config filters[PROBE_FILTERS_MAX];
    char address[160];
    char directory[64];
    struct hz_mqtt_events events;

    bool acks;            /* acknowledge at once, at read_end */
    bool pause_at_message; /* pause within the next message */
    uint64_t last_ack;
    struct probe_message kept[PROBE_KEPT_MAX]; /* the first ones */
    struct probe_message last;
    uint64_t messages, read_ends, qos1_messages;
    unsigned connected, lost;
    char reason[512];       /* of the last LOST */
    char how[512];          /* of the last CONNECTED */
    uint64_t oversize, qos2, malformed, oversize_bytes;
    bool online, closed;
};

/* Defaults of the option table, client id "probe", filter "t/#" at QoS 1; the test changes what it likes
 * in `config` before probe_start. */
struct probe *probe_new(void);
void probe_address(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
void probe_start(struct probe *probe);
/* Stops the feed, waits for `closed`; the probe can be started again, with what it has seen. */
void probe_stop(struct probe *probe);
/* The same, with the last message acknowledged after the stop has begun. */
void probe_stop_and_ack(struct probe *probe);
void probe_free(struct probe *probe);

void probe_ack(struct probe *probe, uint64_t ack);
void probe_pause(struct probe *probe, bool paused);

typedef bool probe_condition(struct probe *probe);
/* Fails the test with `what` after PROBE_DEADLINE_MS. */
void probe_until(struct probe *probe, probe_condition *holds, const char *what);
#define probe_wait(probe, holds) probe_until(probe, holds, #holds)
bool probe_is_online(struct probe *probe);
bool probe_was_lost(struct probe *probe);
struct hz_mqtt_counts probe_counts(struct probe *probe);
/* The reason of the last LOST has these words. */
void probe_assert_reason(struct probe *probe, const char *words);

#endif
