/* SPDX-License-Identifier: Apache-2.0
 *
 * What the single-file benches share: collect one sample a round, then print a line to read and one
 * JSON line to keep. Prove the answer first, then time; take rival and own by turns, so that both
 * see the same machine.
 *
 *     static double samples[ROUNDS];
 *     struct hz_bench own = hz_bench("ring", "batch 64, M items/s", samples, ROUNDS);
 *     for (...) hz_bench_add(&own, items / seconds / 1e6);
 *     hz_bench_print(&own, hz_bench_median(&own) / hz_bench_median(&rival), 5);
 */
#ifndef HZ_BENCH_H
#define HZ_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct hz_bench {
    const char *bench;
    const char *what; /* the case, with its unit */
    double *samples;
    size_t count, capacity;
};

struct hz_bench hz_bench(const char *bench, const char *what, double *samples, size_t capacity);
/* What is beyond the capacity is not kept. */
void hz_bench_add(struct hz_bench *bench, double sample);
/* NaN without samples. `share` 0.5: the median, 0.99: p99, by nearest rank. */
double hz_bench_quantile(struct hz_bench *bench, double share);
double hz_bench_median(struct hz_bench *bench);
/* The median of one's samples over the other's, round by round: what a round has seen of the machine, both
 * have. Asked before any quantile of either: those sort. NaN without samples. */
double hz_bench_paired(const struct hz_bench *one, const struct hz_bench *other);
/* `ratio` to the rival and the `bar` that it must reach; NaN: none. */
void hz_bench_print(struct hz_bench *bench, double ratio, double bar);

/* "path: round 2 of 5" on a terminal, over the line before; wiped out when all are done. For benches
 * whose rounds take seconds. */
void hz_bench_progress(const char *bench, unsigned done, unsigned all);

uint64_t hz_bench_now_ns(void);
/* The calling thread on the n-th of the processors that it may use (modulo their number). */
void hz_bench_pin(unsigned n);
unsigned hz_bench_processors(void);

#endif
