/* SPDX-License-Identifier: Apache-2.0
 *
 * hazard-load: N enterprises of M points each to a broker, by a schedule or flat out, with a known
 * number of alarms in it.
 *
 *     hazard-load --write-config /tmp/c --enterprises 100 --points 100
 *     hazardd --config /tmp/c --state /tmp/s --runtime /tmp/r &
 *     hazard-load --enterprises 100 --points 100 --rate 50000 --seconds 10 --cross 0.001
 *
 * Ends with what was sent and how many transitions a right consumer must have made of it, as a text
 * and as one JSON line. A generator that did not keep its schedule shows it by its own lag.
 */
#include "load.h"

#include "hz_error.h"
#include "hz_log.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static volatile sig_atomic_t stop;

enum option_id {
    OPTION_ADDRESS = 'a',
    OPTION_REDIS = 'r',
    OPTION_CLIENT = 'i',
    OPTION_WRITE = 'w',
    OPTION_FORMAT = 'f',
    OPTION_HELP = 'h',
    OPTION_ENTERPRISES = 1000, /* from here on numbers: see `numbers` */
    OPTION_POINTS,
    OPTION_BATCH,
    OPTION_QOS,
    OPTION_WINDOW,
    OPTION_CONNECTIONS,
    OPTION_MESSAGES,
    OPTION_SEED,
    OPTION_RATE,
    OPTION_SECONDS,
    OPTION_CROSS,
    OPTION_LATE,
    OPTION_END
};

/* Whole numbers, then those with a fraction: where they go and what they may be. */
static const struct number {
    const char *name;
    size_t offset;
    double least, most;
    bool whole;
} numbers[OPTION_END - OPTION_ENTERPRISES] = {
#define NUMBER(id, name, member, least, most, whole)                                               \
    [id - OPTION_ENTERPRISES] = {name, offsetof(struct load_options, member), least, most, whole}
    NUMBER(OPTION_ENTERPRISES, "enterprises", enterprises, 1, 60000, true),
    NUMBER(OPTION_POINTS, "points", points, 1, 9999, true),
    NUMBER(OPTION_BATCH, "batch", batch, 1, 4000, true), /* below a packet of 256 KiB */
    NUMBER(OPTION_QOS, "qos", qos, 0, 1, true),
    NUMBER(OPTION_WINDOW, "window", window, 1, 65535, true),
    NUMBER(OPTION_CONNECTIONS, "connections", connections, 1, 10000, true),
    NUMBER(OPTION_MESSAGES, "messages", messages, 0, 1e15, true),
    NUMBER(OPTION_SEED, "seed", seed, 0, 1e15, true),
    NUMBER(OPTION_RATE, "rate", rate, 0, 1e9, false),
    NUMBER(OPTION_SECONDS, "seconds", seconds, 0, 1e7, false),
    NUMBER(OPTION_CROSS, "cross", cross, 0, 1, false),
    NUMBER(OPTION_LATE, "late", late, 0, 1, false),
#undef NUMBER
};

static void usage(FILE *to)
{
    fputs("usage: hazard-load [options]\n"
          "  --address A       broker: host:port or unix:/path (127.0.0.1:1883)\n"
          "  --enterprises N   (100)     --points M        points of each enterprise (100)\n"
          "  --format F        value | map | array (value)\n"
          "  --batch N         readings of a map or an array (all points of an enterprise)\n"
          "  --qos Q           0 | 1 (0); --window N unacknowledged messages a connection (1000)\n"
          "  --connections N   (1)       --client-id ID    their ids begin so (hazard-load)\n"
          "  --rate R          readings/s by an absolute schedule; 0: flat out (0)\n"
          "  --seconds S | --messages N  when it is enough (--seconds 10)\n"
          "  --cross SHARE     of the readings make a transition (0.001)\n"
          "  --late SHARE      of the readings are followed by a late one, which must count for\n"
          "                    nothing; at most one a message (0)\n"
          "  --seed N          the same seed and options send the same values (1)\n"
          "  --write-config D  write a configuration for these options into D and end;\n"
          "                    --redis A: its Redis (127.0.0.1:6379)\n",
          to);
}

static bool set_number(struct load_options *options, int id, const char *text)
{
    const struct number *number = &numbers[id - OPTION_ENTERPRISES];
    char *end;
    double value = strtod(text, &end);
    void *to = (char *)options + number->offset;

    if (end == text || *end != '\0' || !(value >= number->least && value <= number->most) ||
        (number->whole && value != (double)(uint64_t)value)) {
        fprintf(stderr, "hazard-load: --%s: %s is no number from %g to %g\n", number->name, text,
                number->least, number->most);
        return false;
    }
    if (number->whole)
        *(uint64_t *)to = (uint64_t)value;
    else
        *(double *)to = value;
    return true;
}

static bool set_format(struct load_options *options, const char *text)
{
    static const char *const words[] = {"value", "map", "array"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            options->format = (enum load_format)i;
            return true;
        }
    }
    fprintf(stderr, "hazard-load: --format: %s is none of value, map, array\n", text);
    return false;
}

static bool set(struct load_options *options, int id, const char *text)
{
    switch (id) {
    case OPTION_ADDRESS:
        options->address = text;
        return true;
    case OPTION_REDIS:
        options->redis = text;
        return true;
    case OPTION_CLIENT:
        options->client_id = text;
        return true;
    case OPTION_WRITE:
        options->folder = text;
        return true;
    case OPTION_FORMAT:
        return set_format(options, text);
    default:
        return id >= OPTION_ENTERPRISES && id < OPTION_END && set_number(options, id, text);
    }
}

/* What depends on other options. */
static bool settle(struct load_options *options)
{
    if (options->format == LOAD_VALUE)
        options->batch = 1;
    else if (options->batch == 0 || options->batch > options->points)
        options->batch = options->points < 4000 ? options->points : 4000;
    if (options->seconds <= 0 && options->messages == 0)
        options->seconds = 10;
    if (options->enterprises * options->points > UINT32_MAX / 2) {
        fputs("hazard-load: more points than there can be\n", stderr);
        return false;
    }
    return true;
}

static bool parse(int count, char **arguments, struct load_options *options)
{
    struct option table[32] = {{"address", required_argument, NULL, OPTION_ADDRESS},
                               {"redis", required_argument, NULL, OPTION_REDIS},
                               {"client-id", required_argument, NULL, OPTION_CLIENT},
                               {"write-config", required_argument, NULL, OPTION_WRITE},
                               {"format", required_argument, NULL, OPTION_FORMAT},
                               {"help", no_argument, NULL, OPTION_HELP}};
    int id;

    for (int i = 0; i < OPTION_END - OPTION_ENTERPRISES; i++)
        table[6 + i] =
            (struct option){numbers[i].name, required_argument, NULL, OPTION_ENTERPRISES + i};
    while ((id = getopt_long(count, arguments, "", table, NULL)) != -1) {
        if (id == OPTION_HELP) {
            usage(stdout);
            exit(EXIT_SUCCESS);
        }
        if (id == '?' || !set(options, id, optarg))
            return false;
    }
    if (optind < count) {
        fprintf(stderr, "hazard-load: %s: not an option (see --help)\n", arguments[optind]);
        return false;
    }
    return settle(options);
}

/* Flat out there is no schedule to lag behind. */
static void print_lag(const char *key, const struct load_options *options, double us)
{
    if (options->rate > 0)
        printf(",\"%s\":%.0f", key, us);
    else
        printf(",\"%s\":null", key);
}

static void report(const struct load_world *world, const struct load_report *report)
{
    static const char *const words[] = {"value", "map", "array"};
    const struct load_options *options = world->options;
    const struct load_counts *counts = &world->counts;
    const double rate = (double)counts->readings / report->seconds;

    printf("sent %" PRIu64 " messages, %" PRIu64 " readings (%" PRIu64 " late) in %.3f s: %.0f/s",
           counts->messages, counts->readings, counts->late, report->seconds, rate);
    if (options->rate > 0)
        printf(" of %.0f/s\nlag of the generator: p50 %.0f us, p99 %.0f us, max %.0f us\n",
               options->rate, report->lag_p50_us, report->lag_p99_us, report->lag_max_us);
    else
        printf(", flat out\n");
    if (options->qos == 1)
        printf("not acknowledged: %" PRIu64 "\n", report->unacknowledged);
    printf("a right consumer made %" PRIu64 " transitions: %" PRIu64 " raise, %" PRIu64
           " clear; %" PRIu64 " alarms active; %" PRIu64 " readings grazed the deadband\n",
           counts->raises + counts->clears, counts->raises, counts->clears, counts->active,
           counts->grazing);
    printf("{\"load\":\"%s\",\"enterprises\":%" PRIu64 ",\"points\":%" PRIu64 ",\"qos\":%" PRIu64
           ",\"connections\":%" PRIu64 ",\"seed\":%" PRIu64 ",\"messages\":%" PRIu64
           ",\"readings\":%" PRIu64 ",\"late\":%" PRIu64 ",\"seconds\":%.3f,\"rate\":%.0f,"
           "\"rate_wanted\":%.0f",
           words[options->format], options->enterprises, options->points, options->qos,
           options->connections, options->seed, counts->messages, counts->readings, counts->late,
           report->seconds, rate, options->rate);
    print_lag("lag_p50_us", options, report->lag_p50_us);
    print_lag("lag_p99_us", options, report->lag_p99_us);
    print_lag("lag_max_us", options, report->lag_max_us);
    printf(",\"unacknowledged\":%" PRIu64 ",\"transitions\":%" PRIu64 ",\"raise\":%" PRIu64
           ",\"clear\":%" PRIu64 ",\"active\":%" PRIu64 ",\"grazing\":%" PRIu64 "}\n",
           report->unacknowledged, counts->raises + counts->clears, counts->raises, counts->clears,
           counts->active, counts->grazing);
}

static void interrupt(int signal)
{
    (void)signal;
    stop = 1;
}

int main(int count, char **arguments)
{
    struct load_options options = {.address = "127.0.0.1:1883",
                                   .redis = "127.0.0.1:6379",
                                   .client_id = "hazard-load",
                                   .enterprises = 100,
                                   .points = 100,
                                   .window = 1000,
                                   .connections = 1,
                                   .cross = 0.001,
                                   .seed = 1};
    struct load_world world;
    struct load_report result;

    if (!parse(count, arguments, &options))
        return EXIT_USAGE;
    int status = options.folder ? load_write_folder(&options) : load_world_init(&world, &options);
    if (status < 0) {
        hz_log_error("hazard-load: %s", hz_strerror(status));
        return EXIT_FAILURE;
    }
    if (options.folder)
        return EXIT_SUCCESS;
    (void)signal(SIGINT, interrupt); /* stop sending, then report what was sent */
    (void)signal(SIGTERM, interrupt);
    status = load_run(&world, &stop, &result);
    if (status == 0)
        report(&world, &result);
    load_world_done(&world);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
