/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers that look random and are the same everywhere for the same seed (splitmix64; Steele, Lea,
 * Flood, "Fast splittable pseudorandom number generators", 2014). A failing simulation names its seed;
 * HZ_SIM_SEED=<n> begins with that one, HZ_SIM_COUNT=<n> runs so many.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_next(struct sim_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 .. below - 1 */
static inline uint32_t sim_below(struct sim_random *random, uint32_t below)
{
    return (uint32_t)((sim_next(random) >> 32) * below >> 32);
}

static inline bool sim_once_in(struct sim_random *random, uint32_t times)
{
    return sim_below(random, times) == 0;
}

static inline uint64_t sim_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

#endif
