/* SPDX-License-Identifier: Apache-2.0
 *
 * hazard-city: a chemical city that publishes. Every enterprise has a gateway with a connection of its
 * own, most send a message a value, one in five a map; a value is sent every CITY_INTERVAL_MS, those
 * that the script moves every ACTING_MS. A connection that is lost is opened again; what was due in
 * the meantime is not sent, as a gateway without a store would have it, and counted.
 *
 *     hazard-city --write-config /tmp/c --rules config/rules.d
 *     hazardd --config /tmp/c ... &
 *     hazard-city --seconds 30
 */
#include "city.h"

#include "hz_clock.h"
#include "hz_error.h"
#include "hz_log.h"
#include "link.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define EXIT_USAGE    2
#define INTERVAL_NS   (CITY_INTERVAL_MS * HZ_NS_PER_MS)
#define ACTING_NS     (500 * HZ_NS_PER_MS)
#define TURN_NS       (10 * HZ_NS_PER_MS) /* the grain of the schedule */
#define REOPEN_NS     HZ_NS_PER_S
#define WINDOW        256 /* a gateway's unacknowledged messages, ten times what it has points */
#define PAYLOAD_BYTES 8192
#define TOPIC_BYTES   128

static volatile sig_atomic_t stop;

struct options {
    struct city_folder folder; /* .folder NULL: publish */
    unsigned enterprises;
    double seconds; /* 0 = until a signal comes */
    uint64_t seed;
    bool quiet;
};

struct gateway {
    struct hz_link *link; /* NULL = not connected */
    int64_t reopen_ns;
};

struct stage {
    const struct options *options;
    struct city city;
    struct city_script script;
    struct gateway *gateways; /* by enterprise */
    uint64_t readings, messages, unsent, reconnects;
    bool broker_lost; /* told once */
};

static int64_t now_ns(void)
{
    return hz_mono_ns(&hz_clock_real);
}

/* --- connections --- */

static int open_gateway(struct stage *stage, uint32_t index)
{
    char id[64];

    (void)snprintf(id, sizeof(id), "gw-%s", stage->city.enterprises[index].code);
    return hz_link_open(stage->options->folder.address, id, WINDOW, &stage->gateways[index].link);
}

static void lose_gateway(struct stage *stage, struct gateway *gateway, int error)
{
    if (!stage->broker_lost)
        hz_log_warning("hazard-city: broker lost: %s", hz_strerror(error));
    stage->broker_lost = true;
    hz_link_close(gateway->link);
    gateway->link = NULL;
    gateway->reopen_ns = now_ns() + REOPEN_NS;
}

/* A gateway that the script has cut off is gone from the broker, too. */
static void tend_gateway(struct stage *stage, uint32_t index, int64_t now)
{
    struct gateway *gateway = &stage->gateways[index];

    if (stage->city.enterprises[index].silent) {
        hz_link_close(gateway->link);
        gateway->link = NULL;
        gateway->reopen_ns = 0;
        return;
    }
    if (gateway->link) {
        int result = hz_link_work(gateway->link);
        if (result < 0)
            lose_gateway(stage, gateway, result);
    } else if (now >= gateway->reopen_ns) {
        gateway->reopen_ns = now + REOPEN_NS;
        if (open_gateway(stage, index) == 0) {
            stage->broker_lost = false;
            stage->reconnects++;
        }
    }
}

/* --- messages --- */

static void publish(struct stage *stage, uint32_t index, const struct hz_text *topic,
                    const struct hz_text *payload, unsigned qos, unsigned readings)
{
    struct gateway *gateway = &stage->gateways[index];
    const struct hz_slice to = {topic->at, topic->length}, what = {payload->at, payload->length};

    hz_assert(!topic->overflow && !payload->overflow);
    if (stage->city.enterprises[index].silent)
        return;
    if (!gateway->link || hz_link_publish(gateway->link, to, what, qos) < 0) {
        stage->unsent += readings;
        return;
    }
    stage->messages++;
    stage->readings += readings;
}

static void publish_value(struct stage *stage, uint32_t index, const struct city_point *point)
{
    const struct city_enterprise *enterprise = &stage->city.enterprises[index];
    char topic[TOPIC_BYTES], payload[PAYLOAD_BYTES];
    struct hz_text to = hz_text_in(topic, sizeof(topic)),
                   what = hz_text_in(payload, sizeof(payload));

    hz_text_format(&to, "hz/%s/", enterprise->code);
    city_unit_code(enterprise->trade, point->unit, &to);
    hz_text_puts(&to, "/");
    city_point_code(point, &to);
    hz_text_format(&what, "{\"ts\":%" PRId64 ",\"v\":%.*f}",
                   hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS, point->measure->decimals,
                   point->value);
    publish(stage, index, &to, &what, 1, 1);
}

static void publish_map(struct stage *stage, uint32_t index)
{
    const struct city_enterprise *enterprise = &stage->city.enterprises[index];
    char topic[TOPIC_BYTES], payload[PAYLOAD_BYTES];
    struct hz_text to = hz_text_in(topic, sizeof(topic)),
                   what = hz_text_in(payload, sizeof(payload));

    hz_text_format(&to, "v1/%s/GW%s/telemetry", enterprise->code, enterprise->code);
    hz_text_format(&what, "{\"ts\":%" PRId64 ",\"values\":{",
                   hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS);
    for (uint32_t i = 0; i < enterprise->count; i++) {
        struct city_point *point = &stage->city.points[enterprise->first + i];
        city_walk(&stage->city, point);
        hz_text_puts(&what, i > 0 ? ",\"" : "\"");
        city_unit_code(enterprise->trade, point->unit, &what);
        hz_text_puts(&what, "/");
        city_point_code(point, &what);
        hz_text_format(&what, "\":%.*f", point->measure->decimals, point->value);
    }
    hz_text_puts(&what, "}}");
    publish(stage, index, &to, &what, 1, enterprise->count);
}

static void publish_heartbeat(struct stage *stage, uint32_t index)
{
    char topic[TOPIC_BYTES], payload[] = "1";
    struct hz_text to = hz_text_in(topic, sizeof(topic));
    const struct hz_text what = {payload, 1, sizeof(payload), false};

    hz_text_format(&to, "hb/GW%s", stage->city.enterprises[index].code);
    publish(stage, index, &to, &what, 0, 0);
}

/* --- the city's day --- */

/* Everybody starts at another moment of the interval. */
static void spread(struct stage *stage, int64_t start_ns)
{
    struct city *city = &stage->city;

    for (uint32_t i = 0; i < city->enterprise_count; i++)
        city->enterprises[i].due_ns = start_ns + (int64_t)(city_random(city) * INTERVAL_NS);
    for (uint32_t i = 0; i < city->point_count; i++)
        city->points[i].due_ns = start_ns + (int64_t)(city_random(city) * INTERVAL_NS);
}

static void publish_due(struct stage *stage, uint32_t index, int64_t now)
{
    struct city_enterprise *enterprise = &stage->city.enterprises[index];

    if (enterprise->due_ns <= now) {
        enterprise->due_ns += INTERVAL_NS;
        publish_heartbeat(stage, index);
        if (enterprise->map)
            publish_map(stage, index);
    }
    for (uint32_t i = 0; !enterprise->map && i < enterprise->count; i++) {
        struct city_point *point = &stage->city.points[enterprise->first + i];
        if (point->due_ns > now && !(point->acting && point->due_ns > now + ACTING_NS))
            continue;
        point->due_ns = now + (point->acting ? ACTING_NS : INTERVAL_NS);
        city_walk(&stage->city, point);
        publish_value(stage, index, point);
    }
}

static void live(struct stage *stage, int64_t start_ns)
{
    const double seconds = stage->options->seconds;

    for (int64_t turn = start_ns; !stop; turn += TURN_NS) {
        const struct timespec until = {turn / HZ_NS_PER_S, turn % HZ_NS_PER_S};
        if (seconds > 0 && (double)(turn - start_ns) >= seconds * 1e9)
            return;
        city_play(&stage->city, &stage->script, turn);
        for (uint32_t i = 0; i < stage->city.enterprise_count; i++) {
            publish_due(stage, i, turn);
            tend_gateway(stage, i, turn);
        }
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL); /* cut short: `stop` */
    }
}

static int run(struct stage *stage)
{
    const uint32_t count = stage->city.enterprise_count;
    int result = 0;

    stage->gateways = calloc(count, sizeof(*stage->gateways));
    if (!stage->gateways)
        return -ENOMEM;
    for (uint32_t i = 0; i < count && result == 0; i++)
        result = open_gateway(stage, i);
    if (result < 0) {
        hz_log_error("hazard-city: %s: %s", stage->options->folder.address, hz_strerror(result));
    } else {
        stage->script.tell = !stage->options->quiet;
        int64_t start_ns = now_ns();
        spread(stage, start_ns);
        live(stage, start_ns);
        fprintf(stderr,
                "city: sent %" PRIu64 " readings in %" PRIu64 " messages; %" PRIu64
                " could not be sent, %" PRIu64 " reconnects\n",
                stage->readings, stage->messages, stage->unsent, stage->reconnects);
    }
    for (uint32_t i = 0; i < count; i++)
        hz_link_close(stage->gateways[i].link);
    free(stage->gateways);
    return result;
}

/* --- the command --- */

static void usage(FILE *to)
{
    fputs("usage: hazard-city [options]\n"
          "  --address A       broker: host:port or unix:/path (127.0.0.1:1883)\n"
          "  --enterprises N   1 to 4000 (300: about 6 000 points)\n"
          "  --seconds S       end after that; 0: when told to (0)\n"
          "  --seed N          another city, another day (1)\n"
          "  --quiet           do not tell what the script does\n"
          "  --write-config D  write the city's configuration into D and end;\n"
          "                    --rules R: the shipped rules (config/rules.d),\n"
          "                    --redis A: its Redis (127.0.0.1:6379)\n",
          to);
}

static bool parse(int count, char **arguments, struct options *options)
{
    static const struct option table[] = {
        {"address", required_argument, NULL, 'a'}, {"enterprises", required_argument, NULL, 'e'},
        {"seconds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'n'},
        {"quiet", no_argument, NULL, 'q'},         {"write-config", required_argument, NULL, 'w'},
        {"rules", required_argument, NULL, 'r'},   {"redis", required_argument, NULL, 'R'},
        {"help", no_argument, NULL, 'h'},          {0}};
    int id;

    while ((id = getopt_long(count, arguments, "", table, NULL)) != -1) {
        char *end = NULL;
        if (id == 'a')
            options->folder.address = optarg;
        else if (id == 'e')
            options->enterprises = (unsigned)strtoul(optarg, &end, 10);
        else if (id == 's')
            options->seconds = strtod(optarg, &end);
        else if (id == 'n')
            options->seed = strtoull(optarg, &end, 10);
        else if (id == 'q')
            options->quiet = true;
        else if (id == 'w')
            options->folder.folder = optarg;
        else if (id == 'r')
            options->folder.rules = optarg;
        else if (id == 'R')
            options->folder.redis = optarg;
        else if (id == 'h')
            usage(stdout), exit(EXIT_SUCCESS);
        else
            return false;
        if (end && (end == optarg || *end != '\0'))
            return fprintf(stderr, "hazard-city: %s is no number\n", optarg), false;
    }
    if (optind < count || options->enterprises < 1 || options->enterprises > 4000 ||
        !(options->seconds >= 0 && options->seconds < 1e7))
        return usage(stderr), false;
    return true;
}

static void interrupt(int signal)
{
    (void)signal;
    stop = 1;
}

int main(int count, char **arguments)
{
    struct options options = {.folder = {.rules = "config/rules.d",
                                         .address = "127.0.0.1:1883",
                                         .redis = "127.0.0.1:6379"},
                              .enterprises = 300,
                              .seed = 1};
    struct stage stage = {.options = &options};

    if (!parse(count, arguments, &options))
        return EXIT_USAGE;
    (void)signal(SIGINT, interrupt);
    (void)signal(SIGTERM, interrupt);
    int result = city_build(&stage.city, options.enterprises, options.seed);
    if (result == 0)
        result =
            options.folder.folder ? city_write_folder(&stage.city, &options.folder) : run(&stage);
    if (result < 0 && options.folder.folder)
        hz_log_error("hazard-city: %s: %s", options.folder.folder, hz_strerror(result));
    city_free(&stage.city);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
