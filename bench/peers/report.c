/* SPDX-License-Identifier: Apache-2.0
 *
 * What came of it, as a table, as a JSON file and as lines; and the bars: hazardd, as it is by default,
 * takes at most an eighth of the CPU of the best peer, and is ahead of each in p50 and p99.
 */
#include "peers.h"

#include <math.h>
#include <string.h>
#include <sys/utsname.h>

#define CPU_BAR 8.0

static const char *const measure_names[PEER_MEASURES] = {[PEER_CPU] = "cpu_s_per_million",
                                                         [PEER_RATE] = "messages_per_s",
                                                         [PEER_MEMORY] = "rss_bytes",
                                                         [PEER_P50] = "p50_us",
                                                         [PEER_P99] = "p99_us",
                                                         [PEER_MAX] = "max_us"};

double peer_median(struct peer *peer, enum peer_measure measure)
{
    double sorted[PEERS_ROUNDS_MAX];
    struct hz_bench bench = hz_bench("peers", "", sorted, PEERS_ROUNDS_MAX);

    for (size_t i = 0; i < peer->rounds && !peer->failed; i++)
        if (isfinite(peer->samples[measure][i]))
            hz_bench_add(&bench, peer->samples[measure][i]);
    return hz_bench_median(&bench);
}

/* The least of all that are not ours; NaN: there is none. */
static double best(enum peer_measure measure)
{
    double least = NAN;

    for (struct peer *peer = peers; peer->key; peer++)
        if (!peer->ours)
            least = fmin(least, peer_median(peer, measure)); /* of a number and NaN, the number */
    return least;
}

static const char *state(const struct peer *peer)
{
    if (!peer->there)
        return "not installed";
    if (peer->failed)
        return "failed";
    return peer->rounds > 0 ? "proved" : "not asked for";
}

/* --- the table --- */

static void cell(FILE *to, double value, int decimals)
{
    char text[32] = "-";

    if (isfinite(value))
        (void)snprintf(text, sizeof(text), "%.*f", decimals, value);
    fprintf(to, " %10s", text);
}

/* The best peer's over that of peers[own]: above 1 hazardd is ahead. */
static double ratio(unsigned own, enum peer_measure measure)
{
    return best(measure) / peer_median(&peers[own], measure);
}

static void latency_sentence(FILE *to, unsigned own)
{
    const double p50 = ratio(own, PEER_P50), p99 = ratio(own, PEER_P99);

    if (isfinite(p50) && isfinite(p99))
        fprintf(to,
                "Latency of the best peer over that of %s: p50 %.2f (bar 1: %s), p99 %.2f (%s).\n",
                peers[own].name, p50, p50 >= 1 ? "passed" : "MISSED", p99,
                p99 >= 1 ? "passed" : "MISSED");
}

/* The first two rows are ours. As it comes, hazardd brings an alert only when its reading is on the disk; no peer
 * does. */
static void sentences(FILE *to)
{
    const double cpu = ratio(0, PEER_CPU);

    if (isfinite(cpu))
        fprintf(to,
                "hazardd takes %.1f times less CPU for a message than the best of them (bar %.0f: "
                "%s).\n",
                cpu, CPU_BAR, cpu >= CPU_BAR ? "passed" : "MISSED");
    latency_sentence(to, 0);
    latency_sentence(to, 1);
}

bool peers_write_table(FILE *to, const struct peers_plan *plan)
{
    const double own = peer_median(&peers[0], PEER_CPU);

    fprintf(to,
            "The same work, medians of %u round%s: %u messages from a stub, one in 750 a "
            "transition\n"
            "that goes to Redis (CPU, rate, memory); and %u messages/s through mosquitto to a "
            "consumer that\n"
            "waits in Redis (latency). Each proved first, and in every round, that it sees every "
            "crossing once.\n\n"
            "%-28s %10s %10s %10s %10s %10s %10s %10s\n",
            plan->rounds, plan->rounds == 1 ? "" : "s", plan->points * plan->passes, plan->rate, "",
            "CPU-s/M", "x hazardd", "messages/s", "MB", "p50 ms", "p99 ms", "max ms");
    for (struct peer *peer = peers; peer->key; peer++) {
        if (!peer->there || peer->failed || peer->rounds == 0)
            continue;
        fprintf(to, "%-28s", peer->name);
        cell(to, peer_median(peer, PEER_CPU), 3);
        cell(to, peer_median(peer, PEER_CPU) / own, 1);
        cell(to, peer_median(peer, PEER_RATE), 0);
        cell(to, peer_median(peer, PEER_MEMORY) / 1e6, 0);
        cell(to, peer_median(peer, PEER_P50) / 1e3, 3);
        cell(to, peer_median(peer, PEER_P99) / 1e3, 3);
        cell(to, peer_median(peer, PEER_MAX) / 1e3, 3);
        fputc('\n', to);
    }
    fputc('\n', to);
    for (struct peer *peer = peers; peer->key; peer++) {
        if (peer->failed)
            fprintf(to, "%s: failed, and is not in the table\n", peer->name);
        else if (!peer->there)
            fprintf(to, "%s: not installed: %s\n", peer->name, peer->install);
    }
    sentences(to);
    return !ferror(to);
}

/* --- JSON --- */

static void member(FILE *to, const char *key, double value)
{
    if (isfinite(value))
        fprintf(to, ",\"%s\":%.6g", key, value);
    else
        fprintf(to, ",\"%s\":null", key);
}

static void write_peer(FILE *to, struct peer *peer)
{
    fprintf(to, "{\"bench\":\"peers\",\"case\":\"%s\",\"name\":\"%s\",\"state\":\"%s\"", peer->key,
            peer->name, state(peer));
    for (unsigned measure = 0; measure < PEER_MEASURES; measure++)
        member(to, measure_names[measure], peer_median(peer, (enum peer_measure)measure));
    fprintf(to, ",\"rounds\":%zu}", peer->rounds);
}

static void write_bars(FILE *to)
{
    fprintf(to, "{\"bench\":\"peers\",\"case\":\"bars\"");
    member(to, "cpu_ratio", ratio(0, PEER_CPU));
    member(to, "cpu_bar", CPU_BAR);
    member(to, "p50_ratio", ratio(0, PEER_P50));
    member(to, "p99_ratio", ratio(0, PEER_P99));
    member(to, "relaxed_p50_ratio", ratio(1, PEER_P50));
    member(to, "relaxed_p99_ratio", ratio(1, PEER_P99));
    member(to, "latency_bar", 1);
    fputc('}', to);
}

void peers_print_lines(void)
{
    for (struct peer *peer = peers; peer->key; peer++) {
        write_peer(stdout, peer);
        fputc('\n', stdout);
    }
    write_bars(stdout);
    fputc('\n', stdout);
}

/* As the kernel names it; what JSON would have to escape is left out. */
static void write_processor(FILE *to)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256] = "", *name = NULL;

    while (file && fgets(line, sizeof(line), file) && !name)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':'))
            name = strchr(line, ':') + 1;
    fputs("\"processor\":\"", to);
    for (name = name ? name + strspn(name, " ") : line + strlen(line); *name != '\0'; name++)
        if ((unsigned char)*name >= ' ' && *name != '"' && *name != '\\')
            fputc(*name, to);
    fputs("\"", to);
    if (file)
        (void)fclose(file);
}

bool peers_write_json(const char *path, const struct peers_plan *plan)
{
    FILE *to = fopen(path, "we");
    struct utsname kernel = {0};

    if (!to)
        return false;
    (void)uname(&kernel);
    fprintf(to, "{\"version\":\"%s\",\"machine\":{", HZ_VERSION);
    write_processor(to);
    fprintf(to,
            ",\"processors\":%u,\"kernel\":\"%s\"},\n\"work\":{\"messages\":%u,\"points\":%u,"
            "\"rate\":%u,\"rounds\":%u},\n\"peers\":[\n",
            hz_bench_processors(), kernel.release, plan->points * plan->passes, plan->points,
            plan->rate, plan->rounds);
    for (struct peer *peer = peers; peer->key; peer++) {
        write_peer(to, peer);
        fputs(peer[1].key ? ",\n" : "\n", to);
    }
    fputs("],\n\"bars\":", to);
    write_bars(to);
    fputs("}\n", to);
    const bool good = !ferror(to);
    return fclose(to) == 0 && good;
}
