/* SPDX-License-Identifier: Apache-2.0
 *
 * hazard-bench peers: which programs there are, what one run of them gives, and how it is shown.
 */
#ifndef PEERS_H
#define PEERS_H

#include "hz_bench.h"
#include "rig.h"
#include "work.h"

#include <stdio.h>

#define PEERS_ROUNDS_MAX 99

/* Where a peer finds what it works between. */
struct peer_place {
    unsigned port; /* of a broker on 127.0.0.1 */
    char redis[128];
    unsigned points;
    uint64_t messages; /* that it will get */
};

enum peer_measure { PEER_CPU, PEER_RATE, PEER_MEMORY, PEER_P50, PEER_P99, PEER_MAX, PEER_MEASURES };

struct peer {
    const char *key, *name;
    bool counts;           /* only: no alerts, so no latency */
    bool ours;
    work_message *message; /* NULL: JSON */
    bool (*is_there)(void);
    const char *install;
    pid_t (*start)(struct rig *rig, const struct peer_place *place);
    /* What came of it. */
    bool there, failed;
    double samples[PEER_MEASURES][PEERS_ROUNDS_MAX];
    size_t rounds;
};

extern struct peer peers[]; /* ends with a row without a key */

/* Folder with node_modules that the user has named, or NULL; before any is looked for. */
void peers_look(const char *modules);

/* The sizes of the runs. */
struct peers_plan {
    unsigned points, passes;                 /* from the stub */
    unsigned latency_points, latency_passes; /* through mosquitto */
    unsigned rate, rounds;
};

/* In a process of its own each, so that one peer's failure ends nothing else. False: it failed, and has
 * told why. */
bool peer_run_stub(const struct peer *peer, const struct work *work, double ret[PEER_MEASURES]);
bool peer_run_latency(const struct peer *peer, const struct peers_plan *plan, double ret[PEER_MEASURES]);

/* Median of the rounds; NaN: not measured. */
double peer_median(struct peer *peer, enum peer_measure measure);

/* False: the file could not be written. */
bool peers_write_table(FILE *to, const struct peers_plan *plan);
bool peers_write_json(const char *path, const struct peers_plan *plan);
bool peers_write_chart(const char *path);
void peers_print_lines(void); /* one of JSON for each peer, and the bars */

#endif
