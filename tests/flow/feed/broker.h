/* SPDX-License-Identifier: Apache-2.0
 *
 * A real mosquitto on a free port, in a directory of its own, and clients that publish to it.
 */
#ifndef BROKER_H
#define BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct broker {
    char directory[64];
    char settings[2048]; /* besides the listener */
    char listener[1024]; /* settings of the listener */
    uint16_t port;
    pid_t pid; /* 0 = not running */
};

/* A port that nobody listens on. */
uint16_t broker_free_port(void);
/* `settings` and `listener` in the words of mosquitto.conf, `%s` in them stands for the directory. */
void broker_init(struct broker *broker, const char *settings, const char *listener);
void broker_start(struct broker *broker); /* comes back when it accepts connections */
void broker_stop(struct broker *broker);
void broker_done(struct broker *broker); /* stops it, removes the directory */

/* Comes back when the broker has it (QoS 1: acknowledged). Payloads "0", "1", ... when NULL. */
void broker_publish(const struct broker *broker, const char *topic, const void *payload, size_t length,
                    int qos, bool retain, unsigned count);

#endif
