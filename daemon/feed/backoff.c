/* SPDX-License-Identifier: Apache-2.0
 *
 * The pause between attempts, and the chance in it. Not for secrets: it only keeps daemons apart.
 */
#include "feed_priv.h"

int64_t feed__backoff_ns(int64_t min_ns, int64_t max_ns, uint32_t failures, uint64_t chance)
{
    int64_t pause = min_ns;

    for (uint32_t i = 1; i < failures && pause < max_ns; i++)
        pause = pause > max_ns / 2 ? max_ns : pause * 2;
    if (pause > max_ns)
        pause = max_ns;
    return pause - pause / 2 + (int64_t)(chance % ((uint64_t)pause / 2 + 1));
}

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
uint64_t feed__chance(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
