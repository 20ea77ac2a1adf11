/* SPDX-License-Identifier: Apache-2.0
 *
 * The slow half of a wake-up. Whoever turns the flag from 1 to 0 decides: a writer that does it
 * owes exactly one write to the eventfd, a sleeper that does it was not woken. So the sleeper knows
 * how many writes are owed to it, reads the descriptor only then, and none is left behind to make
 * it readable for ever.
 */
#include "hz_wake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int hz_wake_init(struct hz_wake *wake)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    atomic_init(&wake->asleep, 0);
    atomic_init(&wake->wake_ups, 0);
    wake->fd = fd;
    wake->owed = 0;
    return 0;
}

void hz_wake_done(struct hz_wake *wake)
{
    (void)close(wake->fd); /* an eventfd holds nothing that could fail to be written */
    wake->fd = -1;
}

void hz_wake_up_sleeper(struct hz_wake *wake)
{
    const uint64_t one = 1;

    if (atomic_exchange_explicit(&wake->asleep, 0, memory_order_acq_rel) == 0)
        return; /* another writer was first */
    atomic_fetch_add_explicit(&wake->wake_ups, 1, memory_order_relaxed);
    ssize_t written = write(wake->fd, &one, sizeof(one));
    hz_assert(written == (ssize_t)sizeof(one)); /* fails only at 2^64 - 1 wake-ups not read */
}

void hz_wake_disarm(struct hz_wake *wake)
{
    uint64_t arrived;

    if (wake->armed && atomic_exchange_explicit(&wake->asleep, 0, memory_order_acq_rel) == 0)
        wake->owed++;
    wake->armed = false;
    /* The write may still be on its way: then it is read after the next sleep, which it ends early.
     */
    if (wake->owed > 0 && read(wake->fd, &arrived, sizeof(arrived)) == (ssize_t)sizeof(arrived))
        wake->owed -= arrived;
}

void hz_wake_sleep(struct hz_wake *wake, int64_t timeout_ns)
{
    struct pollfd readable = {.fd = wake->fd, .events = POLLIN};
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};

    /* Ended by a signal or early: the caller looks at its rings, as after any wake-up. */
    (void)ppoll(&readable, 1, timeout_ns < 0 ? NULL : &timeout, NULL);
    hz_wake_disarm(wake);
}
