/* SPDX-License-Identifier: Apache-2.0
 *
 * Two threads over one item ring, in runs of every length, with a sleeping reader: each item comes
 * once, whole and in order, and no wake-up is lost. A lost wake-up would leave the reader asleep
 * with items before it: its sleep has no time limit, so that the test would not end.
 */
#include "hz_spsc.h"
#include "hz_wake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define ITEMS 2000000u

struct item {
    uint64_t number;
    uint64_t inverse;
    uint64_t rest[2];
};

static struct hz_spsc_shared shared;
static struct hz_spsc_tx tx;
static struct hz_spsc_rx rx;
static struct hz_wake wake;
static uint64_t sleeps; /* reader's, read after it ended */

static uint64_t write_run(uint64_t from, uint64_t want)
{
    uint64_t count;
    struct item *items = hz_spsc_places(&tx, want, &count);

    if (count > want)
        count = want;
    for (uint64_t i = 0; i < count; i++)
        items[i] = (struct item){from + i, ~(from + i), {0, 0}};
    if (count > 0)
        hz_spsc_commit(&tx, count);
    return count;
}

static void *writer(void *unused)
{
    uint32_t random = 2463534242u;

    (void)unused;
    for (uint64_t next = 0; next < ITEMS;) {
        random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        uint64_t want = random % 100 + 1;
        next += write_run(next, want < ITEMS - next ? want : ITEMS - next);
        hz_wake_up(&wake);
        for (uint32_t pause = random >> 22; pause > 0;
             pause--) /* so that the reader falls asleep */
            __asm__ volatile("");
    }
    return NULL;
}

static void check(const struct item *item, uint64_t number)
{
    hz_assert(item->number == number && item->inverse == ~number);
}

static uint64_t read_run(uint64_t next)
{
    uint64_t count;
    const struct item *items = hz_spsc_items(&rx, &count);

    for (uint64_t i = 0; i < count; i++)
        check(&items[i], next + i);
    if (count > 0)
        hz_spsc_release(&rx, count);
    return count;
}

static void *reader(void *unused)
{
    (void)unused;
    for (uint64_t next = 0; next < ITEMS;) {
        uint64_t count = read_run(next);
        next += count;
        if (count > 0)
            continue;
        hz_wake_arm(&wake);
        count = read_run(next);
        next += count;
        if (count > 0) {
            hz_wake_disarm(&wake);
            continue;
        }
        sleeps++;
        hz_wake_sleep(&wake, -1);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];

    if (hz_spsc_init(&shared, sizeof(struct item), 256, &tx, &rx) < 0 || hz_wake_init(&wake) < 0)
        return EXIT_FAILURE;
    if (pthread_create(&threads[0], NULL, reader, NULL) != 0 ||
        pthread_create(&threads[1], NULL, writer, NULL) != 0)
        return EXIT_FAILURE;
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%u items, %llu sleeps, %llu wake-ups, most waiting %llu\n", ITEMS,
           (unsigned long long)sleeps, (unsigned long long)wake.wake_ups,
           (unsigned long long)rx.high_water);
    hz_wake_done(&wake);
    hz_spsc_done(&shared);
    return sleeps > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
