/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread gives ids to keys, and its tables grow; others look keys up at the same time, at once and in
 * steps. What was said to be defined is found under its id, what is found has that key, and keys that
 * nobody has defined are never found.
 */
#include "hz_names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define KEYS    200000u
#define READERS 2u
#define GROUP   8u

static struct hz_names *names;
static _Atomic uint32_t defined; /* keys 1.. with these ids */

static struct hz_slice key_of(uint32_t number, char room[HZ_KEY_BYTES_MAX])
{
    return (struct hz_slice){room, (size_t)snprintf(room, HZ_KEY_BYTES_MAX, "E%05u/TF%02u/LT%u",
                                                    number % 977, number % 7, number)};
}

static void *define(void *unused)
{
    char room[HZ_KEY_BYTES_MAX];

    (void)unused;
    for (uint32_t number = 1; number <= KEYS; number++) {
        struct hz_slice key = key_of(number, room);
        uint32_t id;

        hz_assert(hz_names_define(names, HZ_NAMED_POINT, key.at, key.length, &id) == 0);
        hz_assert(id == number);
        atomic_store_explicit(&defined, number, memory_order_release);
    }
    return NULL;
}

/* `known`: defined before the look-up began. */
static void check(uint32_t number, uint32_t known, uint32_t id)
{
    hz_assert(id == number || (id == 0 && number > known));
}

static void look_up_at_once(uint32_t number, uint32_t known)
{
    char room[HZ_KEY_BYTES_MAX];
    struct hz_slice key = key_of(number, room);

    check(number, known, hz_names_find(names, HZ_NAMED_POINT, key.at, key.length));
}

static void look_up_in_steps(const uint32_t numbers[GROUP], uint32_t known)
{
    struct hz_names_seek seeks[GROUP];
    char room[HZ_KEY_BYTES_MAX];

    for (uint32_t i = 0; i < GROUP; i++)
        hz_names_seek(names, HZ_NAMED_POINT, key_of(numbers[i], room), &seeks[i]);
    hz_names_seek_slots(names, HZ_NAMED_POINT, seeks, GROUP);
    hz_names_seek_places(names, HZ_NAMED_POINT, seeks, GROUP);
    hz_names_seek_keys(names, HZ_NAMED_POINT, seeks, GROUP);
    for (uint32_t i = 0; i < GROUP; i++)
        check(numbers[i], known, seeks[i].id);
}

static void *look_up(void *seed)
{
    uint32_t random = 2463534242u + *(const uint32_t *)seed, known;

    do {
        uint32_t numbers[GROUP];

        known = atomic_load_explicit(&defined, memory_order_acquire);
        for (uint32_t i = 0; i < GROUP; i++) {
            random ^= random << 13, random ^= random >> 17, random ^= random << 5;
            numbers[i] = 1 + random % (known + known / 8 + 64); /* some are to come */
            if (numbers[i] > KEYS)
                numbers[i] = KEYS + 1; /* and this one never does */
        }
        look_up_in_steps(numbers, known);
        look_up_at_once(numbers[0], known);
    } while (known < KEYS);
    return NULL;
}

int main(void)
{
    pthread_t writer, readers[READERS];
    uint32_t seeds[READERS];

    hz_assert(hz_names_new(&names) == 0);
    for (uint32_t i = 0; i < READERS; i++) {
        seeds[i] = i;
        hz_assert(pthread_create(&readers[i], NULL, look_up, &seeds[i]) == 0);
    }
    hz_assert(pthread_create(&writer, NULL, define, NULL) == 0);
    (void)pthread_join(writer, NULL);
    for (uint32_t i = 0; i < READERS; i++)
        (void)pthread_join(readers[i], NULL);
    hz_names_reclaim(names, HZ_NAMES_SETS);
    look_up_at_once(KEYS, KEYS);
    hz_names_free(names);
    puts("stress_names: ok");
    return 0;
}
