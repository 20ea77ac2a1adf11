/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of hazard-bench, in the order of its help: first what asks the machine, then the whole
 * daemon, its parts, and what feeds it.
 */
#include "tools.h"

#include "hz_nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const struct tool tools[] = {
    {"capacity", "bench_capacity", TOOL_NOTHING, 0, "",
     "how many points at which rate this machine carries, with head-room", "hazardd", true},
    {"peers", "bench_peers", TOOL_OWN, 0, "--help for its options",
     "what else could be used, beside hazardd: CPU and latency", "hazardd mosquitto redis-server",
     true},
    {"path", "bench_path", TOOL_NOTHING, 0, "",
     "CPU for a million messages, the whole way, beside a bare subscriber", "hazardd", true},
    {"latency", "bench_latency", TOOL_NOTHING, 0, "",
     "from publish to a waiting consumer at 5 000 messages/s", "hazardd mosquitto redis-server",
     true},
    {"broker", "bench_broker", TOOL_NUMBER, 100, "[PAUSE]: ms between reads (1)",
     "behind a broker at 200 000 messages/s, beside a bare bulk reader",
     "hazardd mosquitto redis-server", true},
    {"memory", "bench_memory", TOOL_NOTHING, 0, "",
     "bytes for each of a million points; CPU when nothing happens", "hazardd", true},
    {"metrics", "bench_metrics", TOOL_NOTHING, 0, "",
     "what its own measuring costs it, and how long a scrape takes", "hazardd", true},
    {"start", "bench_start", TOOL_NOTHING, 0, "",
     "until it watches a million points, beside a bare read of their files", "hazardd", true},
    {"reload", "bench_reload", TOOL_NOTHING, 0, "",
     "how long another set of rules holds the daemon up, under load, and the engine alone",
     "hazardd", true},
    {"ring", "bench_ring", TOOL_NOTHING, 0, "", "items from thread to thread, beside ck_ring", NULL,
     true},
    {"transport", "bench_transport", TOOL_NOTHING, 0, "",
     "CPU for receiving a million packets, beside libmosquitto", NULL, true},
    {"decode", "bench_decode", TOOL_NOTHING, 0, "",
     "from a message to its point, beside a bare scan and cJSON", NULL, true},
    {"registry", "bench_registry", TOOL_NUMBER, 4000000, "[POINTS]: (1000000)",
     "reading CSV files, bytes for each point, look-ups", NULL, true},
    {"engine", "bench_engine", TOOL_NOTHING, 0, "",
     "readings evaluated a second, beside what memory alone allows", NULL, true},
    {"journal", "bench_journal", TOOL_FOLDER, 0, "[FOLDER]: on the journal's disk (.)",
     "append, sync and read, beside bare pwrite, fdatasync and pread", NULL, true},
    {"redis", "bench_redis", TOOL_NUMBER, 1000000, "[ENTRIES]: (20000)",
     "alerts to a real Redis, beside a bare pipelining client", "redis-server", true},
    {"outage", "bench_outage", TOOL_OWN, 0, "-h for its options",
     "what your broker keeps during an outage, and how fast it gives it back", NULL, false},
    {"stub", "bench_stub", TOOL_OWN, 0, "--help for its options",
     "a broker that sends prepared readings as fast as a client takes them", NULL, false},
    {"load", "hazard-load", TOOL_OWN, 0, "--help for its options",
     "publishes readings to a broker, as many and as fast as asked for", NULL, false},
    {NULL, NULL, TOOL_NOTHING, 0, NULL, NULL, NULL, false}};

const struct tool *tool_find(const char *name)
{
    struct hz_nearest nearest = hz_nearest(hz_slice(name));

    for (const struct tool *tool = tools; tool->name; tool++) {
        if (strcmp(tool->name, name) == 0)
            return tool;
        hz_nearest_try(&nearest, tool->name);
    }
    fprintf(stderr, "hazard-bench: there is nothing called '%s'", name);
    if (nearest.best)
        fprintf(stderr, "; did you mean %s?\n", nearest.best);
    else
        fprintf(stderr, "; hazard-bench --help lists what there is\n");
    return NULL;
}

static bool is_number(const struct tool *tool, const char *text)
{
    char *end;

    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= 1 &&
        value <= tool->most)
        return true;
    fprintf(stderr, "hazard-bench %s: '%s' is no number from 1 to %lu\n", tool->name, text,
            tool->most);
    return false;
}

static bool is_folder(const struct tool *tool, const char *text)
{
    struct stat status;

    if (stat(text, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    fprintf(stderr, "hazard-bench %s: there is no folder '%s'\n", tool->name, text);
    return false;
}

bool tool_accepts(const struct tool *tool, int count, char **arguments)
{
    const int most = tool->argument == TOOL_NOTHING ? 0 : 1;

    if (tool->argument == TOOL_OWN)
        return true;
    if (count > most) {
        fprintf(stderr, "hazard-bench %s: '%s' is too much: it takes %s\n", tool->name,
                arguments[most], most ? tool->usage : "no argument");
        return false;
    }
    if (count == 0)
        return true;
    return tool->argument == TOOL_NUMBER ? is_number(tool, arguments[0])
                                         : is_folder(tool, arguments[0]);
}
