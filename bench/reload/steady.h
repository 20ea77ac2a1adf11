/* SPDX-License-Identifier: Apache-2.0
 *
 * A steady load on a daemon, and when each of its readings was evaluated, seen without asking the daemon
 * anything: the bytes of a unix socket that its peer has not read yet are known to the kernel (SIOCOUTQ).
 * With `rule_threads: 0` one thread reads, decodes and evaluates, and reads again only after that: a reading
 * counts as evaluated when a later one is seen to have been read. That is late by a message's distance,
 * never early, and the same whatever else the daemon does.
 */
#ifndef STEADY_H
#define STEADY_H

#include "stub.h"

#include <stdatomic.h>
#include <stdint.h>

#define STEADY_RATE 20000u /* messages a second, each written by itself */

struct steady {
    unsigned points;
    unsigned still_every;    /* the last of so many points ... */
    const char *still_value; /* ... is sent once, with this value */
    /* the caller to the stub's thread */
    int gate[2];                       /* a byte: the steady part begins */
    _Atomic uint64_t from_ns, until_ns; /* what is begun between the two is measured; 0: not known yet */
    /* and back */
    _Atomic bool over;       /* all was read; what is below is whole */
    uint64_t sent;           /* of the steady part */
    double *delays_us;       /* of each reading, from just before its write */
    uint32_t delay_count;
    double gap_us;           /* the longest time without a reading evaluated, while one was there */
};

void steady_init(struct steady *steady);
void steady_free(struct steady *steady);
stub_script steady_serve; /* ctx: the struct steady; every point once at first, then the steady part */

#endif
