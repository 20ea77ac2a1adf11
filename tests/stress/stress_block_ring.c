/* SPDX-License-Identifier: Apache-2.0
 *
 * The block ring with all its threads: ingest, engine, journal (write), sync. The disk stalls and
 * recovers at random, a sync fails now and then and the journal rewinds, the writer gives up
 * chunks. What must hold: the engine gets every block once and in order; the journal gets each
 * block whole, in order, and misses only what it is told of; each copy is undisturbed.
 */
#include "hz_block_ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BLOCKS     20000u
#define BYTES_MOST 40000u

struct block {
    uint64_t number;
    uint32_t words; /* that follow, each the number in another way */
    uint32_t reserved;
    uint64_t word[];
};

static struct hz_block_ring *ring;
/* by the journal, read by sync: copied up to here since the last rewind */
static _Atomic uint64_t copied;
static _Atomic bool rewind_asked; /* by sync; taken back by the journal when it has rewound */
static _Atomic bool disk_stalled; /* by sync, read by the writer */
static _Atomic bool writer_ended, journal_ended;
static uint64_t gave_up, missed_blocks, refused; /* each by one thread */
static _Atomic uint64_t rewinds;

static uint32_t next_random(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){0, 20000}, NULL);
}

static uint64_t word_of(uint64_t number, uint32_t i)
{
    return (number + 1) * UINT64_C(0x9E3779B97F4A7C15) + i;
}

static bool write_block(uint64_t number, uint32_t words)
{
    uint32_t bytes = (uint32_t)sizeof(struct block) + words * 8;
    struct block *block = hz_block_ring_reserve(ring, BYTES_MOST, false);

    if (!block)
        return false;
    *block = (struct block){.number = number, .words = words};
    for (uint32_t i = 0; i < words; i++)
        block->word[i] = word_of(number, i);
    hz_block_ring_commit(ring, bytes);
    return true;
}

static void *writer(void *unused)
{
    uint32_t random = 1;

    (void)unused;
    for (uint64_t number = 0; number < BLOCKS;) {
        bool stalled = atomic_load(&disk_stalled);
        if (number > BLOCKS / 2 && atomic_load(&rewinds) == 0) {
            nap(); /* the others are behind: there is something to rewind over only now */
            continue;
        }
        uint32_t words = next_random(&random) % ((BYTES_MOST - sizeof(struct block)) / 8);
        hz_block_ring_stall(ring, stalled);
        if (write_block(number, words)) {
            number++;
            continue;
        }
        if (stalled && hz_block_ring_give_up(ring)) {
            gave_up++;
            continue;
        }
        refused++;
        nap();
    }
    atomic_store(&writer_ended, true);
    return NULL;
}

static uint64_t check(const struct hz_block_view *view)
{
    const struct block *block = view->block;

    hz_assert(view->bytes == sizeof(*block) + block->words * 8);
    for (uint32_t i = 0; i < block->words; i++)
        hz_assert(block->word[i] == word_of(block->number, i));
    return block->number;
}

static void *engine(void *unused)
{
    struct hz_block_view view;

    (void)unused;
    for (uint64_t next = 0; next < BLOCKS;) {
        if (!hz_block_ring_engine_next(ring, &view)) {
            nap();
            continue;
        }
        hz_assert(check(&view) == next++);
        if (next % 3 == 0 || next == BLOCKS) /* in batches */
            hz_block_ring_engine_done(ring, view.end);
    }
    return NULL;
}

struct expected {
    uint64_t
        next; /* number, if nothing was given up; UINT64_MAX after a rewind: some earlier one */
    uint64_t newest; /* ever copied */
    uint64_t missed; /* bytes given up, for which no number was left out yet */
};

static void rewind_if_asked(struct expected *expected)
{
    if (!atomic_load_explicit(&rewind_asked, memory_order_acquire))
        return;
    (void)hz_block_ring_journal_rewind(ring);
    atomic_fetch_add(&rewinds, 1);
    expected->next = UINT64_MAX;
    atomic_store_explicit(&copied, 0, memory_order_relaxed);
    atomic_store_explicit(&rewind_asked, false, memory_order_release);
}

static void check_order(struct expected *expected, uint64_t number)
{
    bool rewound = expected->next == UINT64_MAX;
    uint64_t most = rewound ? expected->newest + 1 : expected->next;

    hz_assert(rewound || number >= expected->next);
    hz_assert(number <= most || expected->missed > 0);
    if (number > most)
        missed_blocks += number - most;
    expected->missed = 0;
    expected->next = number + 1;
    if (number + 1 > expected->newest + 1)
        expected->newest = number;
}

static unsigned copy_some(struct expected *expected)
{
    struct hz_block_view view;
    unsigned count = 0;

    expected->missed += hz_block_ring_copy_begin(ring);
    rewind_if_asked(expected);
    for (; count < 16 && hz_block_ring_journal_next(ring, &view); count++) {
        check_order(expected, check(&view));
        atomic_store_explicit(&copied, view.end, memory_order_release);
    }
    hz_block_ring_copy_end(ring);
    return count;
}

static void *journal(void *unused)
{
    struct expected expected = {.newest = UINT64_MAX};

    (void)unused;
    while (expected.newest != BLOCKS - 1 || atomic_load(&rewind_asked))
        if (copy_some(&expected) == 0)
            nap();
    atomic_store(&journal_ended, true);
    return NULL;
}

/* A disk: syncs, stalls for a while now and then, and fails now and then. */
static void *sync_thread(void *unused)
{
    uint32_t random = 7;

    (void)unused;
    while (!atomic_load(&journal_ended)) {
        uint64_t end = atomic_load_explicit(&copied, memory_order_acquire);
        uint32_t dice = next_random(&random) % 64;
        if (dice == 0) {
            atomic_store(&disk_stalled, true);
            for (int i = 0; i < 100 && !atomic_load(&writer_ended); i++)
                nap();
            atomic_store(&disk_stalled, false);
        } else if (dice == 1 && !atomic_load(&writer_ended)) {
            atomic_store_explicit(&rewind_asked, true, memory_order_release);
            while (atomic_load_explicit(&rewind_asked, memory_order_acquire) &&
                   !atomic_load(&journal_ended))
                nap();
        } else {
            hz_block_ring_journal_done(ring, end);
        }
        nap();
    }
    return NULL;
}

int main(void)
{
    void *(*const bodies[])(void *) = {writer, engine, journal, sync_thread};
    pthread_t threads[4];

    if (hz_block_ring_new(8, 8, &ring) < 0)
        return EXIT_FAILURE;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, bodies[i], NULL) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%u blocks, %llu chunks given up, %llu blocks missed, %llu rewinds, %llu refusals\n",
           BLOCKS, (unsigned long long)gave_up, (unsigned long long)missed_blocks,
           (unsigned long long)atomic_load(&rewinds), (unsigned long long)refused);
    hz_block_ring_free(ring);
    return gave_up > 0 && atomic_load(&rewinds) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
