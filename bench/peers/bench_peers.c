/* SPDX-License-Identifier: Apache-2.0
 *
 * Beside hazardd, what else could be used: the same work, on this machine, in this run, by turns. Those
 * that are not installed are named with the command that installs them. A peer that fails is named, and
 * the others go on; the exit status tells, so that its log is kept.
 *
 * hazardd does more than any of them (journal, four limits, alarms that go stale): its peers are given
 * the least work that still sees every crossing.
 */
#include "peers.h"
#include "program.h"

#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_USAGE 2

static struct peers_plan plan = {.points = 100000,
                                 .passes = 24,
                                 .latency_points = 1000,
                                 .latency_passes = 25,
                                 .rate = 5000,
                                 .rounds = 3};
static const struct peers_plan quick_plan = {.points = 10000,
                                             .passes = WORK_TURNS,
                                             .latency_points = 1000,
                                             .latency_passes = 4,
                                             .rate = 5000,
                                             .rounds = 1};
static const char *out = ".", *modules, *only;

static void usage(void)
{
    printf("usage: hazard-bench [--json] peers [options]\n\n"
           "Beside hazardd, what else could be used, the same work in the same run: CPU for a "
           "million\n"
           "messages from a stub, and the time from publish to a consumer that waits in Redis, at "
           "5 000\n"
           "messages/s through mosquitto. Those that are installed:\n\n");
    for (const struct peer *peer = peers; peer->key; peer++)
        printf("  %-10s %s\n", peer->key, peer->name);
    printf("\n  --rounds N    rounds, whose medians are shown, 1 to %d (3; some two minutes each)\n"
           "  --only LIST   of these only, as hazardd,node\n"
           "  --modules D   folder with the node_modules where mqtt, ioredis, node-red are\n"
           "  --out D       folder for peers.txt, peers.json, peers.svg (the working directory)\n"
           "  --quick       one small round: whether it works, not how fast\n"
           "  --help        this\n",
           PEERS_ROUNDS_MAX);
}

/* --- the command line --- */

static bool is_asked(const struct peer *peer)
{
    const size_t length = strlen(peer->key);

    for (const char *word = only; word && *word;
         word += strcspn(word, ",") + (word[strcspn(word, ",")] == ','))
        if (strcspn(word, ",") == length && strncmp(word, peer->key, length) == 0)
            return true;
    return !only;
}

static bool knows_all(void)
{
    unsigned words = 1, known = 0;

    for (const char *at = only; at && *at; at++)
        words += *at == ',';
    for (const struct peer *peer = peers; only && peer->key; peer++)
        known += is_asked(peer);
    if (!only || known == words)
        return true;
    fprintf(stderr, "hazard-bench peers: --only %s: not all of them are there; see --help\n", only);
    return false;
}

static bool is_folder(const char *option, const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    fprintf(stderr, "hazard-bench peers: %s: there is no folder '%s'\n", option, path);
    return false;
}

static bool set_rounds(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= 1 &&
        value <= PEERS_ROUNDS_MAX) {
        plan.rounds = (unsigned)value;
        return true;
    }
    fprintf(stderr, "hazard-bench peers: --rounds: '%s' is no number from 1 to %d\n", text,
            PEERS_ROUNDS_MAX);
    return false;
}

static bool set(int id)
{
    switch (id) {
    case 'r':
        return set_rounds(optarg);
    case 'l':
        only = optarg;
        return knows_all();
    case 'm':
        modules = realpath(optarg, NULL);
        return is_folder("--modules", modules ? modules : optarg);
    case 'o':
        out = optarg;
        return is_folder("--out", optarg);
    case 'q':
        plan = quick_plan;
        return true;
    default:
        return false;
    }
}

static bool parse(int count, char **arguments)
{
    static const struct option table[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"only", required_argument, NULL, 'l'},
                                          {"modules", required_argument, NULL, 'm'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};

    for (int id; (id = getopt_long(count, arguments, "", table, NULL)) != -1;) {
        if (id == 'h') {
            usage();
            exit(EXIT_SUCCESS);
        }
        if (!set(id))
            return false;
    }
    if (optind < count)
        fprintf(stderr, "hazard-bench peers: '%s' is no option; see --help\n", arguments[optind]);
    return optind == count;
}

/* Before anything is done; all that is missing is told. */
static bool has_needs(void)
{
    static const char *const names[] = {"hazardd", "mosquitto", "redis-server"};
    char path[PROGRAM_PATH_BYTES];
    bool found = true;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        found = program_find(names[i], path) && found;
    return found;
}

/* --- the rounds --- */

/* The packets of a peer's own payload; the last ones are kept, as most peers share them. */
static const struct work *work_for(const struct peer *peer, unsigned points, unsigned passes)
{
    static struct work work;
    work_message *message = peer->message ? peer->message : work_json;

    if (work.packets && work.message == message && work.points == points && work.passes == passes)
        return &work;
    work_free(&work);
    work = (struct work){.points = points, .hot_every = 250, .passes = passes, .message = message};
    if (!work_prepare(&work))
        rig_fail("no memory");
    return &work;
}

/* Both must hold before anything is timed: crossings and deadband, over and over, and the way by a broker. */
static bool prove(struct peer *peer)
{
    double untimed[PEER_MEASURES] = {0};

    fprintf(stderr, "%s: proof\n", peer->name);
    return peer_run_stub(peer, work_for(peer, quick_plan.points, 12), untimed) &&
           (peer->counts || peer_run_latency(peer, &quick_plan, untimed));
}

static void measure(struct peer *peer, unsigned round)
{
    double measured[PEER_MEASURES];

    for (unsigned i = 0; i < PEER_MEASURES; i++)
        measured[i] = NAN;
    fprintf(stderr, "%s: round %u of %u\n", peer->name, round + 1, plan.rounds);
    if (!peer_run_stub(peer, work_for(peer, plan.points, plan.passes), measured) ||
        (!peer->counts && !peer_run_latency(peer, &plan, measured))) {
        peer->failed = true;
        return;
    }
    for (unsigned i = 0; i < PEER_MEASURES; i++)
        peer->samples[i][round] = measured[i];
    peer->rounds++;
}

static bool write_files(void)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/peers.txt", out);
    FILE *table = fopen(path, "we");
    bool good = table && peers_write_table(table, &plan);
    good = table && fclose(table) == 0 && good;
    (void)snprintf(path, sizeof(path), "%s/peers.json", out);
    good = peers_write_json(path, &plan) && good;
    (void)snprintf(path, sizeof(path), "%s/peers.svg", out);
    good = peers_write_chart(path) && good;
    if (!good)
        fprintf(stderr, "hazard-bench peers: not all files could be written to %s\n", out);
    return good;
}

int main(int count, char **arguments)
{
    if (!parse(count, arguments))
        return EXIT_USAGE;
    if (!has_needs())
        return EXIT_FAILURE;
    peers_look(modules);
    for (struct peer *peer = peers; peer->key; peer++)
        if (peer->there && is_asked(peer))
            peer->failed = !prove(peer);
    for (unsigned round = 0; round < plan.rounds; round++)
        for (struct peer *peer = peers; peer->key; peer++)
            if (peer->there && is_asked(peer) && !peer->failed)
                measure(peer, round);
    (void)peers_write_table(stdout, &plan);
    peers_print_lines();
    const bool written = write_files();
    printf("written: %s/peers.txt, peers.json, peers.svg\n", out);
    bool whole = written;
    for (const struct peer *peer = peers; peer->key; peer++)
        whole = whole && !peer->failed;
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
