/* SPDX-License-Identifier: Apache-2.0
 *
 * What the load generator's files share. A *point* has one rule: high limit 90, deadband 2, no delays
 * (folder.c writes it): raised at v >= 90, cleared at v < 88. A *hot* point crosses every `period` of
 * its readings; all points also graze the deadband, which a consumer without hysteresis would take
 * for crossings. What is sent depends on the options and the seed alone, its stamps apart.
 */
#ifndef LOAD_H
#define LOAD_H

#include "hz_text.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum load_format { LOAD_VALUE, LOAD_MAP, LOAD_ARRAY };

struct load_options {
    const char *address, *redis, *folder; /* folder NULL: send, do not write a configuration */
    const char *client_id;
    uint64_t enterprises, points; /* points of each enterprise */
    enum load_format format;
    uint64_t batch; /* readings of a message, map and array */
    uint64_t qos, window, connections;
    double rate; /* readings/s, 0 = flat out */
    double seconds;
    uint64_t messages; /* 0 = not bounded */
    double cross, late; /* shares of the readings */
    uint64_t seed;
};

/* Values are hundredths, so that no rounding stands between what is sent and what is counted. */
#define LOAD_LIMIT    9000
#define LOAD_DEADBAND 200

#define LOAD_HAZARD_POINTS 50 /* points of one hazard source */
#define LOAD_KEY_BYTES     64

/* What has been made, and what a right consumer makes of it. */
struct load_counts {
    uint64_t messages, readings, late;
    uint64_t raises, clears, grazing, active;
};

struct load_point {
    uint32_t turn;   /* readings made, counted from the point's phase */
    uint32_t period; /* 0: never crosses */
    bool high;       /* where its readings are at present */
    bool alarm;      /* what the rule says of those sent */
};

struct load_world {
    const struct load_options *options;
    struct load_point *all; /* enterprise by enterprise */
    struct load_counts counts;
    uint64_t random;
    uint64_t next; /* message: enterprise first, so that neighbours belong to different ones */
    uint32_t late_point; /* index + 1 of the point whose next message is a late one; 0 = none */
};

/* One message; the payload is the world's until the next. */
struct load_message {
    uint64_t enterprise;
    uint32_t readings;
    struct hz_slice topic, payload;
};

int load_world_init(struct load_world *world, const struct load_options *options);
void load_world_done(struct load_world *world);
/* `stamp_ms` must not go back. */
void load_world_next(struct load_world *world, int64_t stamp_ms, struct load_message *ret_message);

/* Codes of a point: "E0001", "H01/P0001". */
void load_enterprise_code(uint64_t enterprise, struct hz_text *to);
void load_point_code(uint64_t point, struct hz_text *to);

/* Writes hazardd.yaml, rules.d/load.yaml and the registry for these options: 0 or a negative code. */
int load_write_folder(const struct load_options *options);

/* Sends until the options or `*stop` say that it is enough; 0 or a negative code, logged. */
struct load_report {
    double seconds;
    double lag_p50_us, lag_p99_us, lag_max_us; /* of the generator itself */
    uint64_t unacknowledged;
};
int load_run(struct load_world *world, const volatile sig_atomic_t *stop, struct load_report *ret_report);

#endif
