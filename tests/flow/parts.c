/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts, asks and ends the parts of a flow test. Each part has one line in the table below: how its
 * command looks, and the question whose answer says that it is ready. Everything is reached by unix
 * sockets in the test's own folder, so no port can be taken by another.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "parts.h"

#include "hz_error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 256
#define UNIX       "unix:"

struct flow {
    struct flow *next; /* in `worlds` */
    char folder[64];
    char addresses[FLOW_PARTS][PATH_BYTES]; /* with "unix:" in front */
    pid_t pids[FLOW_PARTS];                 /* 0 = does not run */
};

/* A part: its socket, what asks it, and the text that its answer holds when it is ready. */
struct part {
    const char *name, *socket;
    const char *question;
    size_t question_bytes;
    const char *answer;
    size_t answer_bytes;
};

#define QUESTION(text) .question = text, .question_bytes = sizeof(text) - 1
#define ANSWER(text)   .answer = text, .answer_bytes = sizeof(text) - 1

static const struct part parts[FLOW_PARTS] = {
    /* MQTT 3.1.1 CONNECT of client "flow", clean session; CONNACK with return code 0. */
    [FLOW_BROKER] = {"broker", "broker.sock", QUESTION("\x10\x10\0\4MQTT\4\2\0\0\0\4flow"),
                     ANSWER("\x20\2\0\0")},
    [FLOW_REDIS] = {"redis", "redis.sock", QUESTION("PING\r\n"), ANSWER("+PONG\r\n")},
    [FLOW_DAEMON] = {"daemon", "runtime/hazardd.sock", QUESTION("status\n"),
                     ANSWER("\"state\":\"watching\"")},
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this id */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void look_again_soon(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* cut short: looked at sooner */
}

bool flow_until(bool (*check)(void *ctx), void *ctx)
{
    int64_t deadline = now_ms() + FLOW_DEADLINE_S * 1000;

    while (!check(ctx)) {
        if (now_ms() > deadline)
            return false;
        look_again_soon();
    }
    return true;
}

/* --- programs --- */

static const char *build_folder(void)
{
    const char *build = getenv("HAZARD_BUILD");

    return build ? build : ".";
}

/* The file of a part's program. */
static void program_of(enum flow_part part, char to[PATH_BYTES])
{
    static const char *const places[] = {"/usr/sbin", "/usr/bin", "/usr/local/sbin",
                                         "/usr/local/bin"};

    if (part == FLOW_DAEMON) {
        (void)snprintf(to, PATH_BYTES, "%s/daemon/hazardd", build_folder());
        return;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(to, PATH_BYTES, "%s/%s", places[i],
                       part == FLOW_BROKER ? "mosquitto" : "redis-server");
        if (access(to, X_OK) == 0)
            return;
    }
}

bool flow_available(enum flow_part last)
{
    bool all = true;

    for (enum flow_part part = 0; part <= last; part++) {
        char program[PATH_BYTES];
        program_of(part, program);
        if (access(program, X_OK) == 0)
            continue;
        fprintf(stderr, "skipped: no %s (%s)\n", parts[part].name, program);
        all = false;
    }
    return all;
}

/* --- the folder --- */

/* Those that are there. A test whose set-up fails is not torn down: what it has left ends here. */
static struct flow *worlds;

static void free_all(void)
{
    while (worlds)
        flow_free(worlds);
}

struct flow *flow_new(void)
{
    static bool registered;
    struct flow *flow = calloc(1, sizeof(*flow));

    assert_non_null(flow);
    if (!registered)
        assert_int_equal(atexit(free_all), 0);
    registered = true;
    (void)snprintf(flow->folder, sizeof(flow->folder), "/tmp/hazard-flow-XXXXXX");
    assert_non_null(mkdtemp(flow->folder));
    for (enum flow_part part = 0; part < FLOW_PARTS; part++)
        (void)snprintf(flow->addresses[part], PATH_BYTES, UNIX "%s/%s", flow->folder,
                       parts[part].socket);
    flow->next = worlds;
    worlds = flow;
    return flow;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

void flow_free(struct flow *flow)
{
    struct flow **place = &worlds;

    if (!flow)
        return;
    while (*place != flow)
        place = &(*place)->next;
    *place = flow->next;
    for (enum flow_part part = FLOW_PARTS; part-- > 0;)
        flow_kill(flow, part);
    /* What cannot be removed stays in /tmp: no reason to fail a test that has ended. */
    (void)nftw(flow->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(flow);
}

const char *flow_address(const struct flow *flow, enum flow_part part)
{
    return flow->addresses[part];
}

const char *flow_socket(const struct flow *flow, enum flow_part part)
{
    return flow->addresses[part] + strlen(UNIX);
}

const char *flow_folder(const struct flow *flow)
{
    return flow->folder;
}

/* The whole path of `name`, with the folders above it made. */
static void path_of(const struct flow *flow, const char *name, char to[PATH_BYTES])
{
    (void)snprintf(to, PATH_BYTES, "%s/%s", flow->folder, name);
    for (char *slash = to + strlen(flow->folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(to, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void flow_write(struct flow *flow, const char *name, const char *format, ...)
{
    char path[PATH_BYTES];
    va_list arguments;

    path_of(flow, name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    va_start(arguments, format);
    assert_true(vfprintf(file, format, arguments) >= 0);
    va_end(arguments);
    assert_int_equal(fclose(file), 0);
}

/* --- asking --- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* Sends a question and collects the answer, terminated, until it holds `enough`, the peer closes, the
 * buffer is full or `deadline_ms` has come. True when it holds it. */
static bool exchange(const char *path, const struct part *ask, char *to, size_t size,
                     int64_t deadline_ms)
{
    int fd = connect_to(path);
    size_t length = 0;
    bool found = false;

    to[0] = '\0';
    if (fd < 0)
        return false;
    if (send(fd, ask->question, ask->question_bytes, MSG_NOSIGNAL) != (ssize_t)ask->question_bytes)
        deadline_ms = 0; /* gone again: nothing will come */
    while (!found && length + 1 < size && now_ms() < deadline_ms) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)(deadline_ms - now_ms() + 1)) <= 0)
            continue;
        ssize_t got = read(fd, to + length, size - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        to[length] = '\0';
        found = memmem(to, length, ask->answer, ask->answer_bytes) != NULL;
    }
    (void)close(fd);
    return found;
}

bool flow_ask(struct flow *flow, const char *request, char *to, size_t size)
{
    char line[1024];
    int length = snprintf(line, sizeof(line), "%s\n", request);
    struct part ask = {
        .question = line, .question_bytes = (size_t)length, ANSWER("{\"end\":true}\n")};

    assert_in_range(length, 1, sizeof(line) - 1);
    return exchange(flow_socket(flow, FLOW_DAEMON), &ask, to, size,
                    now_ms() + FLOW_DEADLINE_S * 1000);
}

/* --- starting --- */

/* The command line of a part; in the child. mosquitto and Redis get a configuration file: what a
 * command line can say of them differs between versions. */
static void execute(const struct flow *flow, enum flow_part part)
{
    char program[PATH_BYTES], first[PATH_BYTES], second[PATH_BYTES], third[PATH_BYTES];

    program_of(part, program);
    (void)snprintf(first, sizeof(first), "%s/%s", flow->folder,
                   part == FLOW_BROKER  ? "broker.conf"
                   : part == FLOW_REDIS ? "redis.conf"
                                        : "config");
    (void)snprintf(second, sizeof(second), "%s/state", flow->folder);
    (void)snprintf(third, sizeof(third), "%s/runtime", flow->folder);
    if (part == FLOW_BROKER)
        execl(program, program, "-c", first, (char *)NULL);
    else if (part == FLOW_REDIS)
        execl(program, program, first, (char *)NULL);
    else
        execl(program, program, "--config", first, "--state", second, "--runtime", third,
              (char *)NULL);
}

static _Noreturn void child(const struct flow *flow, enum flow_part part, pid_t parent)
{
    char path[PATH_BYTES];

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(126); /* the test has ended already */
    (void)snprintf(path, sizeof(path), "%s/%s.log", flow->folder, parts[part].name);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    execute(flow, part);
    dprintf(2, "cannot execute: %s\n", hz_strerror(-errno));
    _exit(127);
}

static void prepare(struct flow *flow, enum flow_part part)
{
    const char *socket = flow_socket(flow, part);
    char path[PATH_BYTES];

    switch (part) {
    case FLOW_BROKER: /* as root it would change to a user that cannot write here */
        flow_write(flow, "broker.conf",
                   "user root\nlistener 0 %s\nallow_anonymous true\npersistence false\n"
                   "max_queued_messages 0\nmax_inflight_messages 1000\nlog_dest stdout\n",
                   socket);
        (void)unlink(socket); /* one that was killed leaves its own behind, and minds */
        return;
    case FLOW_REDIS:
        flow_write(flow, "redis.conf",
                   "port 0\nunixsocket %s\nsave \"\"\nappendonly no\ndir %s\ndaemonize no\n",
                   socket, flow->folder);
        return;
    default:
        path_of(flow, "state/", path);
        path_of(flow, "runtime/", path);
    }
}

void flow_show_logs(const struct flow *flow)
{
    for (enum flow_part part = 0; part < FLOW_PARTS; part++) {
        char path[PATH_BYTES], tail[4096];
        (void)snprintf(path, sizeof(path), "%s/%s.log", flow->folder, parts[part].name);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        if (fseek(file, -(long)sizeof(tail), SEEK_END) != 0)
            rewind(file); /* shorter than that */
        size_t length = fread(tail, 1, sizeof(tail), file);
        (void)fclose(file);
        fprintf(stderr, "--- %s ---\n%.*s\n", path, (int)length, tail);
    }
}

bool flow_running(struct flow *flow, enum flow_part part)
{
    if (flow->pids[part] != 0 && waitpid(flow->pids[part], NULL, WNOHANG) != 0)
        flow->pids[part] = 0;
    return flow->pids[part] != 0;
}

void flow_start(struct flow *flow, enum flow_part part)
{
    int64_t deadline = now_ms() + FLOW_DEADLINE_S * 1000;
    pid_t parent = getpid();
    char answer[8192];

    assert_int_equal(flow->pids[part], 0);
    prepare(flow, part);
    flow->pids[part] = fork();
    if (flow->pids[part] == 0)
        child(flow, part, parent);
    assert_true(flow->pids[part] > 0);
    while (
        !exchange(flow_socket(flow, part), &parts[part], answer, sizeof(answer), now_ms() + 1000)) {
        if (now_ms() < deadline && flow_running(flow, part)) {
            look_again_soon();
            continue;
        }
        flow_show_logs(flow);
        fail_msg("%s does not run or does not answer", parts[part].name);
    }
}

void flow_program(struct flow *flow, char *to, size_t size, const char *format, ...)
{
    char command[4096], *arguments = command;
    va_list list;

    arguments += snprintf(command, sizeof(command), "%s/", build_folder());
    va_start(list, format);
    int length =
        vsnprintf(arguments, sizeof(command) - (size_t)(arguments - command), format, list);
    va_end(list);
    assert_in_range(length, 1, sizeof(command) - (size_t)(arguments - command) - 1);
    FILE *program = popen(command, "re");
    assert_non_null(program);
    to[fread(to, 1, size - 1, program)] = '\0';
    if (pclose(program) == 0)
        return;
    flow_show_logs(flow);
    fail_msg("%s: failed\n%s", command, to);
}

int flow_hazardctl(struct flow *flow, const char *arguments, char *to, size_t size)
{
    char command[4096];

    int length = snprintf(command, sizeof(command),
                          "LC_ALL=C.UTF-8 STATE_DIRECTORY=%s/state %s/ctl/hazardctl %s 2>&1",
                          flow_folder(flow), build_folder(), arguments);
    assert_in_range(length, 1, sizeof(command) - 1);
    assert_int_equal(setenv("HAZARDD_SOCKET", flow_socket(flow, FLOW_DAEMON), 1), 0);
    FILE *program = popen(command, "re");
    assert_non_null(program);
    to[fread(to, 1, size - 1, program)] = '\0';
    int status = pclose(program);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- ending --- */

pid_t flow_pid(const struct flow *flow, enum flow_part part)
{
    return flow->pids[part];
}

void flow_signal(struct flow *flow, enum flow_part part, int signal)
{
    assert_true(flow->pids[part] > 0); /* 0 would be the test itself */
    assert_int_equal(kill(flow->pids[part], signal), 0);
}

void flow_kill(struct flow *flow, enum flow_part part)
{
    if (flow->pids[part] <= 0)
        return;
    (void)kill(flow->pids[part], SIGKILL); /* gone already: there is still a status to take */
    (void)waitpid(flow->pids[part], NULL, 0);
    flow->pids[part] = 0;
}

void flow_stop(struct flow *flow, enum flow_part part)
{
    int64_t deadline = now_ms() + FLOW_DEADLINE_S * 1000;
    int status = 0;
    pid_t ended;

    flow_signal(flow, part, SIGTERM);
    while ((ended = waitpid(flow->pids[part], &status, WNOHANG)) == 0 && now_ms() < deadline)
        look_again_soon();
    if (ended != 0)
        flow->pids[part] = 0;
    if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    flow_show_logs(flow);
    fail_msg("%s did not end well: status %#x", parts[part].name, ended > 0 ? status : -1);
}
