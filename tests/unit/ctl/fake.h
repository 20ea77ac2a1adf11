/* SPDX-License-Identifier: Apache-2.0
 *
 * A daemon that is none: the real control socket with canned answers, and hazardctl run against it as
 * a process of its own. Both live on one loop, so that every test is one thread and waits for what it
 * wants to see.
 */
#ifndef FAKE_H
#define FAKE_H

#include "hz_control.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define FAKE_OUT_BYTES (4u << 20)

struct fake {
    char directory[64];
    char path[96]; /* of the socket */
    uv_loop_t loop;
    struct hz_control *control;
    char request[4096]; /* the last one: "alarms|severity=red|all=1" */
    bool mute; /* status is never answered */
    struct hz_control_request *held; /* of `tail --follow`, or one that is never answered */
};

/* What ran, and what it said. */
struct ran {
    int code; /* exit code; -signal */
    char *out, *err;
};

extern const char *fake_program; /* hazardctl */

struct fake *fake_new(void);
void fake_free(struct fake *fake);

/* Runs hazardctl with arguments (NULL ends) and more environment ("NAME=value", NULL ends; may be NULL)
 * to its end. TZ is UTC, the locale C, $HAZARDD_SOCKET the fake's. The result lasts until the next. */
const struct ran *fake_run(struct fake *fake, const char *const *environment, const char *const *arguments);
#define RUN(fake, ...) fake_run(fake, NULL, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_ZH(fake, ...)                                                                          \
    fake_run(fake, (const char *const[]){"LANG=zh_CN.UTF-8", NULL}, (const char *const[]){__VA_ARGS__, NULL})

/* The same with a terminal as its output; `out` is what appeared there. */
const struct ran *fake_run_on_terminal(struct fake *fake, const char *const *environment,
                                       const char *const *arguments);

/* In two steps, for what has no end: begins, waits until its output contains a text, ends it. */
void fake_begin(struct fake *fake, const char *const *environment, const char *const *arguments);
void fake_wait_output(struct fake *fake, const char *text);
void fake_signal(int signal);
/* Turns the loop for so long: for what must not happen in that time. */
void fake_pass_ms(struct fake *fake, unsigned ms);
const struct ran *fake_end(struct fake *fake);

/* On a terminal of this size, with its keys; ends like fake_begin's. True at the end: the terminal is
 * as it was before (it echoes, and a line is a line). */
void fake_begin_on_terminal(struct fake *fake, unsigned width, unsigned height,
                            const char *const *environment, const char *const *arguments);
void fake_type(const char *keys);
void fake_resize(unsigned width, unsigned height);
/* Until it has been stopped: what continues it must not come before. */
void fake_wait_stopped(struct fake *fake);
/* Forgets what has appeared so far. */
void fake_forget_output(void);
const char *fake_output(void);
const struct ran *fake_end_on_terminal(struct fake *fake, bool *ret_as_before);

/* The daemon goes away, and is back. */
void fake_stop(struct fake *fake);
void fake_start(struct fake *fake);

/* The canned answer of a command, as lines. */
const char *fake_answer(const char *verb);

/* Instead of a daemon: somebody who says these bytes to whoever connects, and closes. */
void fake_say_and_close(struct fake *fake, const char *bytes);

#endif
