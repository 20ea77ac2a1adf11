/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and ending redis-server; readiness is an answered PING, never a time.
 */
#include "redis_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_S    30
#define ARGUMENTS_MAX 40

static redisReply *last;

bool redis_server_available(void)
{
    return system("redis-server --version >/dev/null 2>&1") == 0;
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

void redis_server_init(struct redis_server *server, bool tcp)
{
    *server = (struct redis_server){.port = tcp ? free_port() : 0};
    (void)snprintf(server->folder, sizeof(server->folder), "/tmp/hz-redis-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    (void)snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    (void)snprintf(server->address, sizeof(server->address), "unix:%s", server->socket);
}

static void run(const struct redis_server *server, const char *const *arguments)
{
    const char *argv[ARGUMENTS_MAX] = {"redis-server", "--save",       "",
                                       "--appendonly", "no",           "--dir",
                                       server->folder, "--unixsocket", server->socket,
                                       "--logfile",    "redis.log",    "--port"};
    char port[12];
    int count = 12;

    (void)snprintf(port, sizeof(port), "%d", server->port);
    argv[count++] = port;
    for (; arguments && *arguments; arguments++) {
        if (count < ARGUMENTS_MAX - 1)
            argv[count++] = *arguments;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static void pause_5ms(void)
{
    const struct timespec time = {0, 5000000};

    (void)nanosleep(&time, NULL);
}

static bool answers(const struct redis_server *server)
{
    redisContext *connection = redisConnectUnix(server->socket);
    bool answered = false;

    if (connection && connection->err == 0) {
        redisReply *reply = redisCommand(connection, "PING");
        /* NOAUTH is an answer, LOADING is none */
        answered = reply && strncmp(reply->str, "LOADING", 7) != 0;
        if (reply)
            freeReplyObject(reply);
    }
    if (connection)
        redisFree(connection);
    return answered;
}

void redis_server_start(struct redis_server *server, const char *const *arguments)
{
    time_t until = time(NULL) + DEADLINE_S;

    assert_int_equal(server->pid, 0);
    (void)unlink(server->socket);
    server->pid = fork();
    if (server->pid == 0)
        run(server, arguments);
    assert_true(server->pid > 0);
    while (!answers(server)) {
        assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
        assert_true(time(NULL) < until);
        pause_5ms();
    }
}

static void disconnect(struct redis_server *server)
{
    if (server->connection)
        redisFree(server->connection);
    server->connection = NULL;
}

void redis_server_kill(struct redis_server *server)
{
    disconnect(server);
    if (server->pid == 0)
        return;
    (void)kill(server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    server->pid = 0;
}

void redis_server_signal(struct redis_server *server, int signal)
{
    assert_int_equal(kill(server->pid, signal), 0);
}

void redis_server_done(struct redis_server *server)
{
    char command[128];

    redis_server_kill(server);
    if (last)
        freeReplyObject(last);
    last = NULL;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", server->folder);
    assert_int_equal(system(command), 0);
}

static void copy_dump(const struct redis_server *server, const char *from, const char *to)
{
    char command[256];

    (void)snprintf(command, sizeof(command), "cp '%s/%s' '%s/%s'", server->folder, from,
                   server->folder, to);
    assert_int_equal(system(command), 0);
}

void redis_server_keep_dump(struct redis_server *server, const char *name)
{
    (void)ask(server, "SAVE");
    copy_dump(server, "dump.rdb", name);
}

void redis_server_take_dump(struct redis_server *server, const char *name)
{
    copy_dump(server, name, "dump.rdb");
}

static const redisReply *question(struct redis_server *server, const char *format,
                                  va_list arguments)
{
    const struct timeval patience = {DEADLINE_S, 0};

    if (!server->connection)
        server->connection = redisConnectUnix(server->socket);
    assert_non_null(server->connection);
    assert_int_equal(server->connection->err, 0);
    (void)redisSetTimeout(server->connection, patience);
    if (last)
        freeReplyObject(last);
    last = redisvCommand(server->connection, format, arguments);
    assert_non_null(last);
    if (last->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, last->str);
    return last;
}

const redisReply *ask(struct redis_server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const redisReply *reply = question(server, format, arguments);
    va_end(arguments);
    return reply;
}

long long ask_number(struct redis_server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const redisReply *reply = question(server, format, arguments);
    va_end(arguments);
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
}

const char *ask_text(struct redis_server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const redisReply *reply = question(server, format, arguments);
    va_end(arguments);
    return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ? reply->str : "";
}
