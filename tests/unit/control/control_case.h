/* SPDX-License-Identifier: Apache-2.0
 *
 * A control socket in a directory of its own, driven on the test's thread, and clients of it. Every
 * wait turns the loop until something is so, with a dead-line that only a fault reaches.
 */
#ifndef CONTROL_CASE_H
#define CONTROL_CASE_H

#include "control_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CASE_DEADLINE_S 20

struct control_case {
    char directory[64];
    char path[96];
    uv_loop_t loop;
    struct hz_control *control; /* NULL: stopped */
    bool closed;
};

static inline double case_now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One turn of the loop; waits a little for the loop's descriptors and `fd` (-1: none). */
static inline void case_turn(struct control_case *its, int fd, short events)
{
    struct pollfd wait[2] = {{uv_backend_fd(&its->loop), POLLIN, 0}, {fd, events, 0}};
    int most = uv_backend_timeout(&its->loop);

    (void)poll(wait, 2, most < 0 || most > 10 ? 10 : most);
    uv_run(&its->loop, UV_RUN_NOWAIT);
}

#define CASE_UNTIL(its, condition)                                                                 \
    do {                                                                                           \
        double dead_line = case_now_s() + CASE_DEADLINE_S;                                         \
        while (!(condition)) {                                                                     \
            if (case_now_s() > dead_line)                                                          \
                fail_msg("never: %s", #condition);                                                 \
            case_turn(its, -1, 0);                                                                 \
        }                                                                                          \
    } while (0)

static inline struct hz_control_counts case_counts(struct control_case *its)
{
    struct hz_control_counts counts;

    hz_control_counts(its->control, &counts);
    return counts;
}

static inline struct control_case *case_new(const struct hz_control_row *rows, void *ctx)
{
    struct control_case *its = calloc(1, sizeof(*its));

    assert_non_null(its);
    hz_role_take(&hz_output);
    strcpy(its->directory, "/tmp/hz-control-XXXXXX");
    assert_non_null(mkdtemp(its->directory));
    assert_int_equal(chmod(its->directory, 0755), 0); /* other users connect, too */
    snprintf(its->path, sizeof(its->path), "%s/s", its->directory);
    assert_int_equal(uv_loop_init(&its->loop), 0);
    assert_int_equal(hz_control_new(&its->loop, its->path, rows, ctx, &its->control), 0);
    return its;
}

static inline void case_closed(void *ctx)
{
    struct control_case *its = ctx;

    its->closed = true;
    its->control = NULL;
}

static inline void case_stop(struct control_case *its)
{
    hz_control_stop(its->control, case_closed, its);
    CASE_UNTIL(its, its->closed);
}

static inline void case_free(struct control_case *its)
{
    if (its->control)
        case_stop(its);
    while (uv_loop_alive(&its->loop)) /* a user's name may still be asked for */
        uv_run(&its->loop, UV_RUN_ONCE);
    assert_int_equal(uv_loop_close(&its->loop), 0);
    assert_int_equal(rmdir(its->directory), 0); /* nothing is left in it */
    free(its);
}

static inline int case_try_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    strcpy(address.sun_path, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static inline int case_connect(struct control_case *its)
{
    int fd = case_try_connect(its->path);

    assert_true(fd >= 0);
    return fd;
}

/* Sends all of it, turning the loop while the socket is full. */
static inline void case_send_bytes(struct control_case *its, int fd, const char *bytes, size_t length)
{
    double dead_line = case_now_s() + CASE_DEADLINE_S;

    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        assert_true(sent >= 0 || errno == EAGAIN);
        assert_true(case_now_s() < dead_line);
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
        case_turn(its, fd, length > 0 ? POLLOUT : 0);
    }
}

static inline void case_send(struct control_case *its, int fd, const char *text)
{
    case_send_bytes(its, fd, text, strlen(text));
}

/* The next line without its end, in a buffer that the next call overwrites; "" = closed. */
static inline const char *case_line(struct control_case *its, int fd)
{
    static char line[1 << 16];
    double dead_line = case_now_s() + CASE_DEADLINE_S;

    for (;;) {
        ssize_t got = recv(fd, line, sizeof(line), MSG_PEEK);
        char *end = got > 0 ? memchr(line, '\n', (size_t)got) : NULL;

        assert_true(got >= 0 || errno == EAGAIN || errno == ECONNRESET);
        if (end) {
            assert_int_equal(recv(fd, line, (size_t)(end + 1 - line), 0), end + 1 - line);
            *end = '\0';
            return line;
        }
        if (got == 0 || (got < 0 && errno == ECONNRESET)) {
            line[0] = '\0';
            return line;
        }
        if (case_now_s() > dead_line)
            fail_msg("no line came");
        case_turn(its, fd, POLLIN);
    }
}

static inline void case_expect(struct control_case *its, int fd, const char *line)
{
    assert_string_equal(case_line(its, fd), line);
}

static inline void case_ask(struct control_case *its, int fd, const char *request, const char *answer)
{
    case_send(its, fd, request);
    case_expect(its, fd, answer);
}

#endif
