/* SPDX-License-Identifier: Apache-2.0
 *
 * The stub as a tool: a broker on 127.0.0.1 that sends each client that subscribes the same prepared
 * readings, as fast as the client takes them, so that any consumer can be measured with a rate that no
 * broker reaches. One client at a time; what it publishes is thrown away.
 *
 * A client has taken all when it has closed the connection, or has read the last byte: the time that is
 * told ends when the kernel has taken that byte, which is at most its buffer ahead of the client.
 */
#include "hz_bench.h"
#include "work.h"

#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOT_EVERY  250u /* with two transitions in six passes: one in 750 readings */
#define EXIT_USAGE 2

struct options {
    unsigned long port, enterprises, messages, connections;
};

static struct options options = {.enterprises = 1000, .messages = 2400000};
static struct work work = {.passes = WORK_TURNS, .hot_every = HOT_EVERY};
static int ended[2]; /* a byte for each connection that has ended */

static void usage(void)
{
    printf("usage: hazard-bench [--json] stub [options]\n\n"
           "A broker on 127.0.0.1 that sends each client that subscribes prepared readings as fast "
           "as\n"
           "it takes them: {\"ts\":...,\"v\":...} under hz/E0001/H01/P0001, 100 points an "
           "enterprise,\n"
           "one in 250 points crossing 90 and back in six passes. MQTT 3.1.1, QoS 0, one client "
           "at a time.\n\n"
           "  --port P         0: a free one (0)\n"
           "  --enterprises N  1 to 9999 in steps of 5 (1000)\n"
           "  --messages N     to each client, in whole rounds of six passes over all points;\n"
           "                   0: until it leaves (2400000)\n"
           "  --connections N  end after so many; 0: never (0)\n"
           "  --help           this\n");
}

/* --- a client --- */

static void report(unsigned connection, uint64_t messages, double seconds)
{
    printf("connection %u: %llu messages in %.3f s: %.0f/s\n", connection,
           (unsigned long long)messages, seconds, (double)messages / seconds);
    printf(
        "{\"bench\":\"stub\",\"connection\":%u,\"messages\":%llu,\"seconds\":%.6f,\"rate\":%.0f}\n",
        connection, (unsigned long long)messages, seconds, (double)messages / seconds);
    (void)fflush(stdout);
}

static void serve(int fd, unsigned connection, void *ctx)
{
    uint64_t sent = 0;
    uint8_t protocol;

    (void)ctx;
    if (!stub_greet(fd, &protocol))
        return; /* a probe: it does not count */
    if (protocol != 4)
        fprintf(stderr,
                "hazard-bench stub: connection %u speaks MQTT 5, which has other packets: "
                "let it speak 3.1.1\n",
                connection);
    else if (stub_grant(fd, protocol)) {
        const uint64_t begun = hz_bench_now_ns();
        while ((options.messages == 0 || sent < options.messages) &&
               stub_blast(fd, work.packets, work.length, 1)) {
            sent += work.messages;
            work_advance(&work);
        }
        report(connection, sent, (double)(hz_bench_now_ns() - begun) / 1e9);
        stub_wait(fd);
    }
    if (write(ended[1], "", 1) != 1)
        exit(EXIT_FAILURE);
}

/* --- the command line --- */

static bool set_number(unsigned long *to, const char *name, unsigned long most)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 10);

    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || value > most) {
        fprintf(stderr, "hazard-bench stub: --%s: '%s' is no number from 0 to %lu\n", name, optarg,
                most);
        return false;
    }
    *to = value;
    return true;
}

/* Ends the program for --help, and for what is none of its options. */
static void parse(int count, char **arguments)
{
    static const struct option table[] = {
        {"port", required_argument, NULL, 0},     {"enterprises", required_argument, NULL, 1},
        {"messages", required_argument, NULL, 2}, {"connections", required_argument, NULL, 3},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    static const unsigned long most[] = {65535, 9999, 1000000000000, 1000000};
    unsigned long *const to[] = {&options.port, &options.enterprises, &options.messages,
                                 &options.connections};

    for (int id; (id = getopt_long(count, arguments, "h", table, NULL)) != -1;) {
        if (id == 'h') {
            usage();
            exit(EXIT_SUCCESS);
        }
        if (id == '?' || !set_number(to[id], table[id].name, most[id]))
            exit(EXIT_USAGE);
    }
    if (optind < count || options.enterprises == 0 || options.enterprises % 5) {
        fprintf(stderr, "hazard-bench stub: %s; see --help\n",
                optind < count ? "it takes options only" : "--enterprises goes in steps of 5");
        exit(EXIT_USAGE);
    }
}

int main(int count, char **arguments)
{
    char byte;

    parse(count, arguments);
    work.points = (unsigned)options.enterprises * WORK_ENTERPRISE_POINTS;
    if (!work_prepare(&work) || pipe(ended) != 0) {
        fprintf(stderr, "hazard-bench stub: no memory for so many readings\n");
        return EXIT_FAILURE;
    }
    struct stub *stub = stub_new_at((uint16_t)options.port, serve, NULL);
    if (!stub) {
        perror("hazard-bench stub: the port");
        return EXIT_FAILURE;
    }
    printf("listening on 127.0.0.1:%u, %u points\n", stub_port(stub), work.points);
    (void)fflush(stdout);
    for (unsigned long i = 0; options.connections == 0 || i < options.connections; i++)
        if (read(ended[0], &byte, 1) != 1)
            break;
    stub_free(stub);
    work_free(&work);
    return EXIT_SUCCESS;
}
