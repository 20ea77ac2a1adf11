/* SPDX-License-Identifier: Apache-2.0
 *
 * Three writers wake one sleeper, one count at a time: the sharpest case for a lost wake-up, since
 * nobody writes again until the sleeper has answered. The sleeper has no time limit; its descriptor
 * must be empty at the end, or a loop would spin on it.
 */
#include "hz_wake.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define WRITERS 3
#define ROUNDS  30000u

static struct hz_wake wake, answer[WRITERS];
static _Atomic uint32_t asked[WRITERS], answered[WRITERS];

static void wait_for(struct hz_wake *on, _Atomic uint32_t *count, uint32_t least)
{
    while (atomic_load_explicit(count, memory_order_acquire) < least) {
        hz_wake_arm(on);
        if (atomic_load_explicit(count, memory_order_acquire) >= least)
            hz_wake_disarm(on);
        else
            hz_wake_sleep(on, -1);
    }
}

static void *writer(void *which)
{
    size_t me = (size_t)which;

    for (uint32_t round = 1; round <= ROUNDS; round++) {
        atomic_store_explicit(&asked[me], round, memory_order_release);
        hz_wake_up(&wake);
        wait_for(&answer[me], &answered[me], round);
    }
    return NULL;
}

/* How many were answered. */
static uint32_t answer_all(uint32_t seen[WRITERS])
{
    uint32_t count = 0;

    for (size_t i = 0; i < WRITERS; i++) {
        uint32_t now = atomic_load_explicit(&asked[i], memory_order_acquire);
        if (now == seen[i])
            continue;
        hz_assert(now == ++seen[i]);
        atomic_store_explicit(&answered[i], now, memory_order_release);
        hz_wake_up(&answer[i]);
        count++;
    }
    return count;
}

static void sleeper(void)
{
    uint32_t seen[WRITERS] = {0};

    for (uint32_t left = WRITERS * ROUNDS; left > 0;) {
        left -= answer_all(seen);
        hz_wake_arm(&wake);
        uint32_t more = answer_all(seen);
        left -= more;
        if (more > 0 || left == 0)
            hz_wake_disarm(&wake);
        else
            hz_wake_sleep(&wake, -1);
    }
}

static bool left_behind(struct hz_wake *on)
{
    struct pollfd readable = {.fd = on->fd, .events = POLLIN};

    hz_wake_disarm(on); /* a write that came late is owed, and read here */
    return on->owed != 0 || poll(&readable, 1, 0) != 0;
}

int main(void)
{
    pthread_t threads[WRITERS];
    bool wrong = hz_wake_init(&wake) < 0;

    for (size_t i = 0; i < WRITERS; i++)
        wrong |= hz_wake_init(&answer[i]) < 0 ||
                 pthread_create(&threads[i], NULL, writer, (void *)i) != 0;
    if (wrong)
        return EXIT_FAILURE;
    sleeper();
    for (size_t i = 0; i < WRITERS; i++)
        (void)pthread_join(threads[i], NULL);
    for (size_t i = 0; i < WRITERS; i++)
        wrong |= left_behind(&answer[i]);
    wrong |= left_behind(&wake);
    printf("%u questions, %llu wake-ups\n", WRITERS * ROUNDS, (unsigned long long)wake.wake_ups);
    for (size_t i = 0; i < WRITERS; i++)
        hz_wake_done(&answer[i]);
    hz_wake_done(&wake);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
