/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping mosquitto. It is ready when it accepts a connection.
 */
#include "broker.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mosquitto.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define DEADLINE_MS 20000

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 2000000}, NULL); /* between two looks, not for luck */
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Below the range from which the system takes ports of its own accord (32768 and up): one from there
 * could be the near end of somebody's connection when mosquitto wants it. */
uint16_t broker_free_port(void)
{
    static unsigned next;

    if (next == 0)
        next = (unsigned)getpid() * 7919u;
    for (int tries = 0; tries < 1000; tries++) {
        struct sockaddr_in address = loopback((uint16_t)(20000 + next++ % 10000));
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

        close(fd);
        if (free)
            return ntohs(address.sin_port);
    }
    fail_msg("no free port");
    return 0;
}

/* mosquitto started as root would give up its rights and could not read the directory. */
static const char *own_user(void)
{
    const struct passwd *entry = getpwuid(geteuid());

    return entry ? entry->pw_name : "nobody";
}

static void substitute(char *to, size_t size, const char *format, const char *directory)
{
    size_t length = 0;

    for (; *format && length + 1 < size; format++) {
        if (format[0] == '%' && format[1] == 's') {
            length += (size_t)snprintf(to + length, size - length, "%s", directory);
            format++;
        } else {
            to[length++] = *format;
        }
    }
    assert_true(length < size);
    to[length] = '\0';
}

void broker_init(struct broker *broker, const char *settings, const char *listener)
{
    memset(broker, 0, sizeof(*broker));
    strcpy(broker->directory, "/tmp/hz-broker-XXXXXX");
    assert_non_null(mkdtemp(broker->directory));
    substitute(broker->settings, sizeof(broker->settings), settings, broker->directory);
    substitute(broker->listener, sizeof(broker->listener), listener, broker->directory);
    broker->port = broker_free_port();
}

static bool accepts(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return good;
}

static void write_conf(const struct broker *broker, const char *path)
{
    FILE *to = fopen(path, "w");

    assert_non_null(to);
    fprintf(to,
            "user %s\nlog_dest file %s/log\nlog_type all\nset_tcp_nodelay true\n%s\n"
            "listener %u 127.0.0.1\n%s\n",
            own_user(), broker->directory, broker->settings, broker->port, broker->listener);
    assert_int_equal(fclose(to), 0);
}

/* It dies with the test, however that ends. Debian has it in /usr/sbin. */
static pid_t spawn_mosquitto(const char *conf)
{
    pid_t parent = getpid(), pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(126);
    (void)execlp("mosquitto", "mosquitto", "-c", conf, (char *)NULL);
    (void)execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
    _exit(127);
}

void broker_start(struct broker *broker)
{
    int64_t dead_line = now_ms() + DEADLINE_MS;
    char path[128];
    int status;

    snprintf(path, sizeof(path), "%s/conf", broker->directory);
    write_conf(broker, path);
    broker->pid = spawn_mosquitto(path);
    while (!accepts(broker->port)) {
        if (waitpid(broker->pid, &status, WNOHANG) == broker->pid)
            fail_msg("mosquitto ended with status %d: see %s/log", status, broker->directory);
        assert_true(now_ms() < dead_line);
        nap();
    }
}

/* A mosquitto that has just begun to listen forgets a SIGTERM: it sets `run` after that. So it is told
 * again. */
void broker_stop(struct broker *broker)
{
    int64_t dead_line = now_ms() + DEADLINE_MS;
    int status;

    if (broker->pid == 0)
        return;
    for (unsigned looks = 0; waitpid(broker->pid, &status, WNOHANG) == 0; looks++) {
        assert_true(now_ms() < dead_line);
        if (looks % 50 == 0)
            kill(broker->pid, SIGTERM);
        nap();
    }
    broker->pid = 0;
}

void broker_done(struct broker *broker)
{
    char *arguments[] = {(char *)"rm", (char *)"-r", (char *)"-f", broker->directory, NULL};
    pid_t pid;

    broker_stop(broker);
    assert_int_equal(posix_spawnp(&pid, "rm", NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

struct publishing {
    unsigned done;
    bool connected;
};

static void on_publish(struct mosquitto *mosquitto, void *ctx, int id)
{
    (void)mosquitto;
    (void)id;
    ((struct publishing *)ctx)->done++;
}

static void on_connect(struct mosquitto *mosquitto, void *ctx, int code)
{
    (void)mosquitto;
    ((struct publishing *)ctx)->connected = code == 0;
}

void broker_publish(const struct broker *broker, const char *topic, const void *payload,
                    size_t length, int qos, bool retain, unsigned count)
{
    int64_t dead_line = now_ms() + DEADLINE_MS;
    struct publishing publishing = {0};
    struct mosquitto *client = mosquitto_new(NULL, true, &publishing);
    unsigned sent = 0;

    assert_non_null(client);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_connect_callback_set(client, on_connect);
    assert_int_equal(mosquitto_connect(client, "127.0.0.1", broker->port, 60), 0);
    while (publishing.done < count) {
        assert_int_equal(mosquitto_loop(client, 100, 1), 0);
        assert_true(now_ms() < dead_line);
        while (publishing.connected && sent < count && sent < publishing.done + 20) {
            char number[16];
            int text = snprintf(number, sizeof(number), "%u", sent);

            assert_int_equal(mosquitto_publish(client, NULL, topic, payload ? (int)length : text,
                                               payload ? payload : number, qos, retain),
                             0);
            sent++;
        }
    }
    mosquitto_disconnect(client);
    mosquitto_loop(client, 0, 1);
    mosquitto_destroy(client);
}
