/* SPDX-License-Identifier: Apache-2.0
 *
 * What flow tests are made of: a temporary folder with a real mosquitto, a real Redis and a real
 * hazardd in it, on unix sockets, so that tests can run beside each other. A part is ready when it
 * has answered, not when some time has passed; what fails, fails the cmocka test with the tail of
 * the part's log. All parts die with the test, however it ends (PR_SET_PDEATHSIG).
 *
 *     struct flow *flow = flow_new();
 *     flow_start(flow, FLOW_BROKER);
 *     flow_start(flow, FLOW_REDIS);
 *     flow_write(flow, "config/hazardd.yaml", "feeds:\n- address: %s\n...", flow_address(flow, FLOW_BROKER));
 *     flow_start(flow, FLOW_DAEMON);
 *     ...
 *     flow_free(flow);
 */
#ifndef FLOW_PARTS_H
#define FLOW_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct flow;

enum flow_part {
    FLOW_BROKER, /* mosquitto: anonymous, no persistence, log in broker.log */
    FLOW_REDIS,  /* redis-server without persistence, log in redis.log */
    FLOW_DAEMON, /* hazardd with config/, state/ and runtime/ of the folder, log in daemon.log */
    FLOW_PARTS
};

/* Whether the programs of the parts up to `last` are there (ours in the build folder that HAZARD_BUILD
 * names); says on stderr which is not. A main that misses one returns FLOW_SKIPPED. */
bool flow_available(enum flow_part last);
#define FLOW_SKIPPED 77 /* meson's word for a test that could not be run here */

struct flow *flow_new(void);
void flow_free(struct flow *flow); /* takes NULL; ends the parts, removes the folder */

/* How long a part may take to answer or to end, and a test to see what it waits for. Generous:
 * sanitizers on a loaded machine are slow, and a dead-line is only met when something is wrong. */
#define FLOW_DEADLINE_S 30

void flow_start(struct flow *flow, enum flow_part part); /* waits until it answers */
void flow_stop(struct flow *flow, enum flow_part part);  /* SIGTERM; it must end by itself, with 0 */
void flow_kill(struct flow *flow, enum flow_part part);  /* SIGKILL, waits until it is gone */
void flow_signal(struct flow *flow, enum flow_part part, int signal);
bool flow_running(struct flow *flow, enum flow_part part);
pid_t flow_pid(const struct flow *flow, enum flow_part part);

/* "unix:/tmp/.../broker.sock", as configuration files and clients take it. Of the daemon: its control
 * socket. Lent until flow_free. */
const char *flow_address(const struct flow *flow, enum flow_part part);
const char *flow_socket(const struct flow *flow, enum flow_part part); /* without "unix:" */
const char *flow_folder(const struct flow *flow);

/* A file below the folder; makes the folders above it. */
void flow_write(struct flow *flow, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A request to the control socket (hz_control.h: "verb\tname=value"); its whole answer as text. False
 * when the daemon did not answer, or not within the dead-line, or with an error. */
bool flow_ask(struct flow *flow, const char *request, char *to, size_t size);

/* Looks every few milliseconds until `check` is true: false when it is not within the dead-line. */
bool flow_until(bool (*check)(void *ctx), void *ctx);

/* Runs "<program of the build> <arguments>" to its end and keeps what it prints; fails the test when it
 * does not end with 0. flow_program(flow, text, sizeof(text), "bench/hazard-load --messages %d", n) */
void flow_program(struct flow *flow, char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* hazardctl of the build, in English, as one who has the daemon's folders: what it prints, on either stream,
 * is cut at `size`; its exit status is the result. */
int flow_hazardctl(struct flow *flow, const char *arguments, char *to, size_t size);

/* Shows the tails of the parts' logs on stderr: for a test that is about to fail. */
void flow_show_logs(const struct flow *flow);

#endif
