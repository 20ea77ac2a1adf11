/* SPDX-License-Identifier: Apache-2.0
 *
 * The rig's processes. All die with the bench, however it ends (PR_SET_PDEATHSIG).
 */
#include "rig.h"

#include "program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
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

#define CHILDREN_MAX  16
#define ANSWER_BYTES  65536
#define DEADLINE_MS   60000
#define LOOK_EVERY_MS 5
#define FOLDER_BYTES  80 /* sockets below it have paths of at most 107 */

struct rig {
    char folder[FOLDER_BYTES];
    pid_t children[CHILDREN_MAX];
    char names[CHILDREN_MAX][32];
    unsigned child_count;
    pid_t daemon;
    char answer[ANSWER_BYTES];
};

void rig_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("hazard-bench: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

/* --- folder --- */

struct rig *rig_new(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    const char *base = getenv("TMPDIR");

    if (!rig)
        rig_fail("no memory");
    if (snprintf(rig->folder, FOLDER_BYTES, "%s/rig-XXXXXX", base ? base : "/var/tmp") >=
        FOLDER_BYTES)
        rig_fail("TMPDIR is too long a path for sockets");
    if (!mkdtemp(rig->folder))
        rig_fail("%s: %s", rig->folder, strerror(errno));
    rig_write(rig, "state/.keep", " ");
    rig_write(rig, "runtime/.keep", " ");
    return rig;
}

const char *rig_folder(const struct rig *rig)
{
    return rig->folder;
}

static FILE *open_file(const struct rig *rig, const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, name);
    for (char *slash = path + strlen(rig->folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700); /* it may be there */
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    if (!file)
        rig_fail("%s: %s", path, strerror(errno));
    return file;
}

void rig_write(struct rig *rig, const char *name, const char *format, ...)
{
    FILE *file = open_file(rig, name);
    va_list arguments;

    va_start(arguments, format);
    bool written = vfprintf(file, format, arguments) >= 0;
    va_end(arguments);
    if (fclose(file) != 0 || !written)
        rig_fail("%s: not written", name);
}

void rig_write_points(struct rig *rig, unsigned enterprises, unsigned points, bool long_keys)
{
    FILE *sites = open_file(rig, "config/enterprises.csv");
    FILE *hazards = open_file(rig, "config/hazards.csv");
    FILE *gateways = open_file(rig, "config/gateways.csv");
    FILE *rows = open_file(rig, "config/points.csv");

    fputs("code,name\n", sites);
    fputs("enterprise,code,name,level,kind\n", hazards);
    fputs("code,enterprise,feed\n", gateways);
    fputs("enterprise,hazard,code,name,tag,kind,unit,range_low,range_high,LL,L,H,HH\n", rows);
    for (unsigned e = 1; e <= enterprises; e++) {
        fprintf(sites, "E%04u,Enterprise %04u\n", e, e);
        fprintf(hazards, "E%04u,H01,Tank farm,2,tank-farm\n", e);
        fprintf(gateways, "G-E%04u,E%04u,bench\n", e, e);
        for (unsigned p = 1; p <= points; p++)
            fprintf(rows,
                    "E%04u,H01,%s%04u,Point of the bench %02u,LT-%04u,load,%%,0,100,5,10,90,95\n",
                    e, long_keys ? "LTLEVEL" : "P", p, p % 100, p);
    }
    if (fclose(sites) || fclose(hazards) || fclose(gateways) || fclose(rows))
        rig_fail("the registry is not written");
    rig_write(
        rig, "config/rules.d/load.yaml",
        "schema: 1\nrules:\n- id: four-limits\n  name: {zh: 四限, en: four limits}\n  mode: live\n"
        "  domain: safety\n  select: {kind: load}\n  limits:\n"
        "    HH: {severity: red, delay: 5s, clear_delay: 30s}\n    H: {severity: orange}\n"
        "    L: {severity: yellow}\n    LL: {severity: orange, delay: 5s, clear_delay: 30s}\n"
        "  deadband: 2\n  invalid: {severity: yellow, after: 60s}\n"
        "  stale: {severity: yellow, after: 10min}\n");
}

/* --- children --- */

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

pid_t rig_spawn(struct rig *rig, const char *const *arguments)
{
    if (rig->child_count == CHILDREN_MAX)
        rig_fail("too many children");
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        rig_fail("fork: %s", strerror(errno));
    if (pid == 0) {
        char log[128];
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(125);
        (void)snprintf(log, sizeof(log), "%s/child-%u.log", rig->folder, rig->child_count);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
            _exit(126);
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    const char *slash = strrchr(arguments[0], '/');
    (void)snprintf(rig->names[rig->child_count], sizeof(rig->names[0]), "%.31s",
                   slash ? slash + 1 : arguments[0]);
    rig->children[rig->child_count++] = pid;
    return pid;
}

const char *rig_program(const char *name)
{
    static char path[PROGRAM_PATH_BYTES];

    if (!program_find(name, path))
        exit(EXIT_FAILURE);
    return path;
}

static void end_child(pid_t pid, int signal)
{
    (void)kill(pid, signal);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* A connection to a unix socket in the folder, or -1. */
static int connect_to(const struct rig *rig, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.79s/%.27s", rig->folder, name);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* A child that is gone tells why in the last line of its log. */
void rig_look_after(struct rig *rig)
{
    char path[128], line[512], last[512] = "it said nothing";
    int status;

    for (unsigned i = 0; i < rig->child_count; i++) {
        if (rig->children[i] <= 0 || waitpid(rig->children[i], &status, WNOHANG) <= 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/child-%u.log", rig->folder, i);
        FILE *log = fopen(path, "re");
        while (log && fgets(line, sizeof(line), log))
            memcpy(last, line, sizeof(last));
        last[strcspn(last, "\n")] = '\0';
        rig_fail("%s has ended: %s (more in %s)", rig->names[i], last, path);
    }
}

static void wait_socket(struct rig *rig, const char *name)
{
    for (int ms = 0; ms < DEADLINE_MS; ms += LOOK_EVERY_MS) {
        int fd = connect_to(rig, name);
        if (fd >= 0) {
            (void)close(fd);
            return;
        }
        rig_look_after(rig);
        pause_ms(LOOK_EVERY_MS);
    }
    rig_fail("%s/%s does not answer; see the logs there", rig->folder, name);
}

void rig_start_broker(struct rig *rig, const char *more)
{
    char path[128];

    rig_write(rig, "broker.conf",
              "listener 0 %s/broker.sock\nallow_anonymous true\npersistence false\nuser root\n%s\n",
              rig->folder, more);
    (void)snprintf(path, sizeof(path), "%s/broker.conf", rig->folder);
    (void)rig_spawn(rig, (const char *const[]){rig_program("mosquitto"), "-c", path, NULL});
    wait_socket(rig, "broker.sock");
}

void rig_start_redis(struct rig *rig)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/redis.sock", rig->folder);
    (void)rig_spawn(rig, (const char *const[]){rig_program("redis-server"), "--port", "0",
                                               "--unixsocket", path, "--save", "", "--appendonly",
                                               "no", "--dir", rig->folder, NULL});
    wait_socket(rig, "redis.sock");
}

void rig_start_daemon(struct rig *rig)
{
    char config[128], state[128], runtime[128];

    (void)snprintf(config, sizeof(config), "%s/config", rig->folder);
    (void)snprintf(state, sizeof(state), "%s/state", rig->folder);
    (void)snprintf(runtime, sizeof(runtime), "%s/runtime", rig->folder);
    rig->daemon =
        rig_spawn(rig, (const char *const[]){rig_program("hazardd"), "--config", config, "--state",
                                             state, "--runtime", runtime, "--strict", NULL});
    wait_socket(rig, "runtime/hazardd.sock");
}

void rig_stop_daemon(struct rig *rig)
{
    end_child(rig->daemon, SIGTERM);
    for (unsigned i = 0; i < rig->child_count; i++)
        if (rig->children[i] == rig->daemon)
            rig->children[i] = 0;
    rig->daemon = 0;
}

pid_t rig_daemon(const struct rig *rig)
{
    return rig->daemon;
}

void rig_free(struct rig *rig)
{
    char command[128];

    for (unsigned i = 0; i < rig->child_count; i++)
        if (rig->children[i] > 0)
            end_child(rig->children[i], SIGKILL);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", rig->folder);
    if (system(command) != 0)
        fprintf(stderr, "bench: %s stays behind\n", rig->folder);
    free(rig);
}

/* --- what the kernel says --- */

/* schedstat counts in ns; utime + stime of stat would count in ticks. */
double rig_cpu_s(pid_t pid)
{
    char path[64];
    double sum = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        rig_fail("%s: %s", path, strerror(errno));
    for (const struct dirent *task; (task = readdir(tasks));) {
        unsigned long long ran = 0;
        if (task->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%d/task/%.12s/schedstat", (int)pid, task->d_name);
        FILE *file = fopen(path, "re");
        if (!file || fscanf(file, "%llu", &ran) != 1)
            rig_fail("%s: not readable", path);
        (void)fclose(file);
        sum += (double)ran / 1e9;
    }
    (void)closedir(tasks);
    return sum;
}

uint64_t rig_rss_bytes(pid_t pid)
{
    char path[64], line[256];
    unsigned long long kib = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        rig_fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "VmRSS: %llu", &kib) == 1)
            break;
    (void)fclose(file);
    return kib * 1024;
}

/* --- what the daemon says --- */

/* A connection with the request on it, or -1. */
static int send_request(const struct rig *rig, const char *request)
{
    int fd = connect_to(rig, "runtime/hazardd.sock");

    if (fd < 0 || write(fd, request, strlen(request)) == (ssize_t)strlen(request))
        return fd;
    (void)close(fd);
    return -1;
}

static bool ask(struct rig *rig, const char *request)
{
    int fd = send_request(rig, request);
    size_t length = 0;

    if (fd < 0)
        return false;
    while (length < ANSWER_BYTES - 1 && !strstr(rig->answer, "{\"end\":true}")) {
        ssize_t got = read(fd, rig->answer + length, ANSWER_BYTES - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        rig->answer[length] = '\0';
    }
    (void)close(fd);
    return length > 0;
}

/* The answer has a line for each change, and the summary before its end. */
void rig_reload(struct rig *rig, unsigned max_new_alarms)
{
    char request[128], line[4096], last[4096] = "it said nothing";
    bool put = false, ended = false;

    (void)snprintf(request, sizeof(request), "reload\treason=bench\tmax-new-alarms=%u\n",
                   max_new_alarms);
    int fd = send_request(rig, request);
    FILE *answer = fd >= 0 ? fdopen(fd, "r") : NULL;
    while (answer && !ended && fgets(line, sizeof(line), answer)) {
        put = put || (strstr(line, "\"what\":\"summary\"") && strstr(line, "\"put\":true"));
        ended = strstr(line, "{\"end\":true}") != NULL;
        memcpy(last, line, sizeof(last));
        if (strstr(line, "{\"error\":"))
            break;
    }
    if (!put || !ended)
        rig_fail("the reload failed: %s", last);
    (void)fclose(answer);
}

int64_t rig_number(struct rig *rig, const char *what, const char *key)
{
    char quoted[64];

    rig->answer[0] = '\0';
    if (!ask(rig, "status\n"))
        rig_fail("hazardd does not answer; see %s", rig->folder);
    (void)snprintf(quoted, sizeof(quoted), "\"what\":\"%s\"", what);
    char *line = strstr(rig->answer, quoted);
    if (!line)
        rig_fail("status says nothing of %s", what);
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", key);
    const char *value = strstr(line, quoted);
    if (!value)
        rig_fail("status says no %s of %s", key, what);
    return strtoll(value + strlen(quoted), NULL, 10);
}

void rig_wait_number(struct rig *rig, const char *what, const char *key, int64_t least)
{
    int64_t last = INT64_MIN;

    for (int ms = 0; ms < DEADLINE_MS; ms += LOOK_EVERY_MS * 4) {
        int64_t number = rig_number(rig, what, key);
        if (number >= least)
            return;
        if (number > last)
            ms = 0; /* slow is not stuck */
        last = number;
        pause_ms(LOOK_EVERY_MS * 4);
    }
    rig_fail("%s of %s stays at %lld, %lld wanted; see %s", key, what, (long long)last,
             (long long)least, rig->folder);
}
