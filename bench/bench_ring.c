/* SPDX-License-Identifier: Apache-2.0
 *
 * The item ring: 32-byte items between two threads in batches, beside ck_ring one at a time (which
 * hands over one pointer-sized item a call; its items are 32 bytes too, by _ck_ring_enqueue_sp).
 * Bar: five times. Then, as information, what a wake-up takes on the same and on another core.
 *
 * Every round proves its answer: all items, in order, by a sum that depends on the order.
 */
#include "hz_bench.h"
#include "hz_spsc.h"
#include "hz_wake.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_CK
#include <ck_ring.h>
#endif

#define PLACES 4096u
#define ROUNDS 9
#define BAR    5.0

struct item {
    uint64_t number;
    uint64_t rest[3];
};
_Static_assert(sizeof(struct item) == 32, "the case says so");

/* One way of bringing `items` items over; both run on their own thread. */
struct way {
    void (*write)(uint64_t items);
    uint64_t (*read)(uint64_t items); /* gives the sum */
    uint64_t items;
};

static uint64_t add(uint64_t sum, const struct item *item)
{
    return sum * 31 + item->number; /* depends on the order */
}

static uint64_t right_sum(uint64_t items)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < items; i++)
        sum = sum * 31 + i;
    return sum;
}

/* A full or empty ring: first spin, then let the other run, should both be on one processor. */
static void wait_a_little(unsigned *turns)
{
    if (++*turns % 256 == 0)
        (void)sched_yield();
}

/* --- ours --- */

static struct hz_spsc_shared shared;
static struct hz_spsc_tx tx;
static struct hz_spsc_rx rx;
static uint64_t batch;

static void write_batches(uint64_t items)
{
    unsigned turns = 0;

    for (uint64_t next = 0; next < items;) {
        uint64_t want = batch < items - next ? batch : items - next, count;
        struct item *place = hz_spsc_places(&tx, want, &count);
        if (!place) {
            wait_a_little(&turns);
            continue;
        }
        count = count < want ? count : want;
        for (uint64_t i = 0; i < count; i++)
            place[i] = (struct item){.number = next + i};
        hz_spsc_commit(&tx, count);
        next += count;
    }
}

static uint64_t read_batches(uint64_t items)
{
    uint64_t sum = 0, count;
    unsigned turns = 0;

    for (uint64_t next = 0; next < items; next += count) {
        const struct item *item = hz_spsc_items(&rx, &count);
        if (!item) {
            wait_a_little(&turns);
            continue;
        }
        count = count < batch ? count : batch;
        for (uint64_t i = 0; i < count; i++)
            sum = add(sum, &item[i]);
        hz_spsc_release(&rx, count);
    }
    return sum;
}

/* --- the rival --- */

#ifdef HAVE_CK

static ck_ring_t ck_ring;
static struct item ck_items[PLACES];

static void ck_write(uint64_t items)
{
    unsigned turns = 0;

    for (uint64_t next = 0; next < items;) {
        const struct item item = {.number = next};
        if (_ck_ring_enqueue_sp(&ck_ring, ck_items, &item, sizeof(item), NULL))
            next++;
        else
            wait_a_little(&turns);
    }
}

static uint64_t ck_read(uint64_t items)
{
    uint64_t sum = 0;
    unsigned turns = 0;
    struct item item;

    for (uint64_t next = 0; next < items;) {
        if (_ck_ring_dequeue_sc(&ck_ring, ck_items, &item, sizeof(item))) {
            sum = add(sum, &item);
            next++;
        } else {
            wait_a_little(&turns);
        }
    }
    return sum;
}

#endif

/* --- one round --- */

static pthread_barrier_t both_ready;

static void *writer(void *context)
{
    const struct way *way = context;

    hz_bench_pin(1);
    (void)pthread_barrier_wait(&both_ready);
    way->write(way->items);
    return NULL;
}

/* Million items a second. */
static double round_of(const struct way *way)
{
    pthread_t thread;

    hz_assert(pthread_create(&thread, NULL, writer, (void *)(uintptr_t)way) == 0);
    hz_bench_pin(0);
    (void)pthread_barrier_wait(&both_ready);
    uint64_t start = hz_bench_now_ns();
    uint64_t sum = way->read(way->items);
    uint64_t ns = hz_bench_now_ns() - start;
    (void)pthread_join(thread, NULL);
    hz_assert(sum == right_sum(way->items));
    return (double)way->items * 1e3 / (double)ns;
}

static void bench_hand_over(void)
{
    static const uint64_t batches[] = {1, 16, 64, 256};
    static const char *const names[] = {"batch 1, M items/s", "batch 16, M items/s",
                                        "batch 64, M items/s", "batch 256, M items/s"};
    static double samples[5][ROUNDS];
    struct hz_bench own[4],
        rival = hz_bench("ring", "ck_ring one at a time, M items/s", samples[4], ROUNDS);

    for (int k = 0; k < 4; k++)
        own[k] = hz_bench("ring", names[k], samples[k], ROUNDS);
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < 4; k++) {
            batch = batches[k];
            hz_bench_add(&own[k], round_of(&(struct way){write_batches, read_batches,
                                                         k == 0 ? 1000000 : 10000000}));
        }
#ifdef HAVE_CK
        hz_bench_add(&rival, round_of(&(struct way){ck_write, ck_read, 1000000}));
#endif
    }
#ifndef HAVE_CK
    printf("built without ck (libck-dev): no rival, no ratio\n");
#endif
    for (int k = 0; k < 4; k++) /* only the batches have a bar to pass */
        hz_bench_print(&own[k], hz_bench_median(&own[k]) / hz_bench_median(&rival),
                       k > 1 ? BAR : NAN);
    if (rival.count > 0)
        hz_bench_print(&rival, NAN, NAN);
}

/* --- the wake-up --- */

#define WAKES 2000

static struct hz_wake wake;
static _Atomic uint64_t sent_ns; /* by the waker; 0 = answered */
static double delays_us[WAKES];
static unsigned sleeper_core;

static void *sleeper(void *context)
{
    struct hz_bench *bench = context;

    hz_bench_pin(sleeper_core);
    while (bench->count < bench->capacity) {
        hz_wake_arm(&wake);
        if (atomic_load(&sent_ns) == 0)
            hz_wake_sleep(&wake, -1);
        else
            hz_wake_disarm(&wake);
        uint64_t sent = atomic_exchange(&sent_ns, 0);
        if (sent != 0)
            hz_bench_add(bench, (double)(hz_bench_now_ns() - sent) / 1e3);
    }
    return NULL;
}

/* One wake-up at a time, each after the sleeper has gone to sleep. */
static void bench_wake(const char *what, unsigned core)
{
    struct hz_bench bench = hz_bench("wake", what, delays_us, WAKES);
    pthread_t thread;

    sleeper_core = core;
    hz_assert(hz_wake_init(&wake) == 0);
    hz_bench_pin(0);
    hz_assert(pthread_create(&thread, NULL, sleeper, &bench) == 0);
    for (int i = 0; i < WAKES; i++) {
        while (!atomic_load(&wake.asleep) || atomic_load(&sent_ns) != 0)
            (void)sched_yield();
        atomic_store(&sent_ns, hz_bench_now_ns());
        hz_wake_up(&wake);
    }
    (void)pthread_join(thread, NULL);
    hz_wake_done(&wake);
    hz_bench_print(&bench, NAN, NAN);
}

int main(void)
{
    hz_assert(hz_spsc_init(&shared, sizeof(struct item), PLACES, &tx, &rx) == 0);
#ifdef HAVE_CK
    ck_ring_init(&ck_ring, PLACES);
#endif
    (void)pthread_barrier_init(&both_ready, NULL, 2);
    printf("%u processors\n", hz_bench_processors());
    bench_hand_over();
    bench_wake("same core, us", 0);
    bench_wake("other core, us", 1);
    hz_spsc_done(&shared);
    return EXIT_SUCCESS;
}
