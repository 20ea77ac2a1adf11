/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Waking a thread that sleeps, at most once per batch and never when it is awake: an eventfd
 *         behind a flag.
 * WAY     writer of a ring -> its reader
 * THREAD  hz_wake_up: any thread; the rest: the sleeper alone
 * OWNS    the descriptor
 * FULL    wake-ups coalesce
 *
 * The sleeper says "asleep" and looks at its rings once more before it sleeps; the writer commits
 * and then looks at the flag. The two full fences make it impossible that both look too early:
 *
 *     sleeper:  asleep = 1;  fence;  look at rings        writer:  commit;  fence;  look at asleep
 */
#ifndef HZ_WAKE_H
#define HZ_WAKE_H

#include "hz_error.h"
#include "hz_limits.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct hz_wake {
    alignas(HZ_CACHE_LINE) _Atomic uint32_t asleep;
    int fd; /* readable after a wake-up; for poll or uv_poll */
    _Atomic uint64_t wake_ups;
    /* sleeper only */
    bool armed;
    uint64_t owed; /* writes to fd that were promised and not read yet */
};

int hz_wake_init(struct hz_wake *wake) HZ_MUST_USE;
void hz_wake_done(struct hz_wake *wake);

void hz_wake_up_sleeper(struct hz_wake *wake); /* the slow half of hz_wake_up */

static inline void hz_wake_up(struct hz_wake *wake)
{
    atomic_thread_fence(memory_order_seq_cst); /* the commit before, the flag after */
    if (atomic_load_explicit(&wake->asleep, memory_order_relaxed))
        hz_wake_up_sleeper(wake);
}

/* Before sleeping (again at will): after this the sleeper must look at its rings again. */
static inline void hz_wake_arm(struct hz_wake *wake)
{
    if (atomic_exchange_explicit(&wake->asleep, 1, memory_order_relaxed) == 0 && wake->armed)
        wake->owed++; /* woken since it was armed before */
    wake->armed = true;
    atomic_thread_fence(memory_order_seq_cst);
}

/* After sleeping, or when the second look found work: clears flag and descriptor. */
void hz_wake_disarm(struct hz_wake *wake);

/* For threads without a loop: armed, sleeps until woken or `timeout_ns` (< 0: for ever); disarms. */
void hz_wake_sleep(struct hz_wake *wake, int64_t timeout_ns);

#endif
