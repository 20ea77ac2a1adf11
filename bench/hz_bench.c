/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples, their quantiles, and the two lines. A number that is not there is null in the JSON line,
 * so that every line has the same keys.
 */
#include "hz_bench.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct hz_bench hz_bench(const char *bench, const char *what, double *samples, size_t capacity)
{
    return (struct hz_bench){bench, what, samples, 0, capacity};
}

void hz_bench_add(struct hz_bench *bench, double sample)
{
    if (bench->count < bench->capacity)
        bench->samples[bench->count++] = sample;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double hz_bench_quantile(struct hz_bench *bench, double share)
{
    if (bench->count == 0)
        return NAN;
    qsort(bench->samples, bench->count, sizeof(*bench->samples), ascending);
    size_t rank = (size_t)ceil(share * (double)bench->count);
    return bench->samples[rank > 0 ? rank - 1 : 0];
}

double hz_bench_median(struct hz_bench *bench)
{
    return hz_bench_quantile(bench, 0.5);
}

double hz_bench_paired(const struct hz_bench *one, const struct hz_bench *other)
{
    size_t count = one->count < other->count ? one->count : other->count;
    double *ratios = malloc(count * sizeof(*ratios) + 1);
    struct hz_bench bench = hz_bench("", "", ratios, count);

    if (!ratios)
        return NAN;
    for (size_t i = 0; i < count; i++)
        hz_bench_add(&bench, one->samples[i] / other->samples[i]);
    double median = hz_bench_median(&bench);
    free(ratios);
    return median;
}

static void print_member(const char *key, double value)
{
    if (isfinite(value))
        printf("\"%s\":%.6g,", key, value);
    else
        printf("\"%s\":null,", key);
}

void hz_bench_print(struct hz_bench *bench, double ratio, double bar)
{
    double median = hz_bench_median(bench), p99 = hz_bench_quantile(bench, 0.99);
    double max = hz_bench_quantile(bench, 1);

    printf("%-8s %-40s median %10.4g  p99 %10.4g  max %10.4g", bench->bench, bench->what, median,
           p99, max);
    if (isfinite(ratio))
        printf("  ratio %.3g", ratio);
    if (isfinite(ratio) && isfinite(bar))
        printf(" (bar %.3g: %s)", bar, ratio >= bar ? "passed" : "MISSED");
    printf("\n{\"bench\":\"%s\",\"case\":\"%s\",", bench->bench, bench->what);
    print_member("median", median);
    print_member("p99", p99);
    print_member("max", max);
    print_member("ratio", ratio);
    print_member("bar", bar);
    printf("\"rounds\":%zu}\n", bench->count);
    (void)fflush(stdout);
}

void hz_bench_progress(const char *bench, unsigned done, unsigned all)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (done < all)
        fprintf(stderr, "\r%s: round %u of %u", bench, done + 1, all);
    else
        fprintf(stderr, "\r%40s\r", "");
}

uint64_t hz_bench_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this id */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The set as it was at the first call: pinning must not shrink what later calls choose from. */
static const cpu_set_t *allowed(void)
{
    static cpu_set_t set;

    if (CPU_COUNT(&set) == 0 && sched_getaffinity(0, sizeof(set), &set) != 0)
        CPU_SET(0, &set);
    return &set;
}

unsigned hz_bench_processors(void)
{
    return (unsigned)CPU_COUNT(allowed());
}

void hz_bench_pin(unsigned n)
{
    unsigned left = n % hz_bench_processors();
    cpu_set_t one;

    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, allowed()) || left-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        (void)sched_setaffinity(0, sizeof(one), &one); /* if refused: measured where it runs */
        return;
    }
}
