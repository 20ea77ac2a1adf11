/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Thread roles. A function or field that belongs to one thread says so, and clang's thread
 *         safety analysis reports who breaks it; gcc sees empty macros. Calls through function
 *         pointers are not analysed: a callback begins with hz_role_assert.
 * WAY     declared here, taken once at the head of each thread
 * THREAD  any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_ROLE_H
#define HZ_ROLE_H

#include "hz_error.h"

#if defined(__clang__)
#define HZ_CAPABILITY(name) __attribute__((capability(name)))
#define HZ_ON(role)         __attribute__((requires_capability(role)))
#define HZ_OWNED_BY(role)   __attribute__((guarded_by(role)))
#define HZ_ROLE_TAKES(role) __attribute__((assert_capability(role)))
#else
#define HZ_CAPABILITY(name)
#define HZ_ON(role)
#define HZ_OWNED_BY(role)
#define HZ_ROLE_TAKES(role)
#endif

struct HZ_CAPABILITY("role") hz_role {
    int bit; /* one bit of the thread's set of roles */
};

extern struct hz_role hz_ingest; /* the feeds' loop: sockets, decoders, writer of the block ring */
extern struct hz_role hz_rule;   /* the engine */
extern struct hz_role hz_output; /* Redis loop, alarms log, reader of the transitions ring */
extern struct hz_role hz_write;  /* write() of the journal and the alarms log */
extern struct hz_role hz_sync;   /* fdatasync() */
extern struct hz_role hz_builder; /* makes sets aside */

/* The calling thread takes a role on (a thread may have several: `rule_threads: 0`). */
void hz_role_take(struct hz_role *role) HZ_ROLE_TAKES(role);

/* The calling thread has the role; ends the process otherwise. */
void hz_role_assert(const struct hz_role *role) HZ_ROLE_TAKES(role);

#endif
