/* SPDX-License-Identifier: Apache-2.0
 *
 * The peers: how each is found, and started between a broker's port and a Redis socket.
 */
#include "peers.h"
#include "program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char modules_bin[PROGRAM_PATH_BYTES]; /* node_modules/.bin of the user's folder */

/* Beside this program, in a build folder all of them; else where the installation put the data. */
static const char *own_file(const char *name)
{
    static char path[PROGRAM_PATH_BYTES];
    char self[PROGRAM_PATH_BYTES - 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length <= 0)
        rig_fail("/proc/self/exe");
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    (void)snprintf(path, sizeof(path), "%s/%s", self, name);
    if (access(path, R_OK) != 0)
        (void)snprintf(path, sizeof(path), HZ_PEERS_DATA "/%s", name);
    return path;
}

static const char *text_of(unsigned long long number)
{
    static char texts[2][24];
    static unsigned turn;

    turn = !turn;
    (void)snprintf(texts[turn], sizeof(texts[turn]), "%llu", number);
    return texts[turn];
}

static bool always(void)
{
    return true;
}

/* --- hazardd --- */

static pid_t start_hazardd(struct rig *rig, const struct peer_place *place, const char *durability)
{
    rig_write(rig, "config/hazardd.yaml",
              "journal:\n  durability: %s\nredis:\n  address: unix:%s\n  latest: false\nfeeds:\n"
              "- name: bench\n  address: 127.0.0.1:%u\n  client_id: bench\n  protocol: 3.1.1\n"
              "  clean_session: true\n  filters:\n  - filter: \"hz/+/+/+\"\n    qos: 0\n"
              "    topic: hz/{enterprise}/{hazard}/{point}\n  skew: 1d\n",
              durability, place->redis, place->port);
    rig_write_points(rig, place->points / WORK_ENTERPRISE_POINTS, WORK_ENTERPRISE_POINTS, false);
    rig_start_daemon(rig);
    return rig_daemon(rig);
}

static pid_t start_durable(struct rig *rig, const struct peer_place *place)
{
    return start_hazardd(rig, place, "durable");
}

static pid_t start_relaxed(struct rig *rig, const struct peer_place *place)
{
    return start_hazardd(rig, place, "relaxed");
}

/* --- libmosquitto --- */

static pid_t start_mosquitto(struct rig *rig, const struct peer_place *place, const char *what)
{
    return rig_spawn(rig, (const char *const[]){own_file("peer_mosquitto"), what, "127.0.0.1",
                                                text_of(place->port), place->redis,
                                                text_of(place->messages), NULL});
}

static pid_t start_count(struct rig *rig, const struct peer_place *place)
{
    return start_mosquitto(rig, place, "count");
}

static pid_t start_alarm(struct rig *rig, const struct peer_place *place)
{
    return start_mosquitto(rig, place, "alarm");
}

static bool has_cjson(void)
{
#ifdef HAVE_CJSON
    return true;
#else
    return false;
#endif
}

/* --- Node.js --- */

/* Where modules may be: what the user named, then where npm and Debian put them for all. */
void peers_look(const char *modules)
{
    char all[4096];
    const char *named = getenv("NODE_PATH");

    (void)snprintf(all, sizeof(all),
                   "%s%s%s:/usr/local/lib/node_modules:/usr/lib/node_modules:/usr/share/nodejs",
                   modules ? modules : "", modules ? "/node_modules:" : "", named ? named : "");
    (void)setenv("NODE_PATH", all, 1);
    if (modules)
        (void)snprintf(modules_bin, sizeof(modules_bin), "%s/node_modules/.bin/node-red", modules);
    for (struct peer *peer = peers; peer->key; peer++)
        peer->there = peer->is_there();
}

static bool has_node(void)
{
    char path[PROGRAM_PATH_BYTES];

    return program_look("node", path) &&
           system("node -e 'require(\"mqtt\"); require(\"ioredis\")' >/dev/null 2>&1") == 0;
}

static pid_t start_node(struct rig *rig, const struct peer_place *place)
{
    return rig_spawn(rig,
                     (const char *const[]){rig_program("node"), own_file("peer_node.js"),
                                           "127.0.0.1", text_of(place->port), place->redis, NULL});
}

static bool find_nodered(char ret_path[PROGRAM_PATH_BYTES])
{
    if (modules_bin[0] == '\0' || access(modules_bin, X_OK) != 0)
        return program_look("node-red", ret_path);
    memcpy(ret_path, modules_bin, PROGRAM_PATH_BYTES);
    return true;
}

static bool has_nodered(void)
{
    char path[PROGRAM_PATH_BYTES];

    return find_nodered(path) && system("node -e 'require(\"ioredis\")' >/dev/null 2>&1") == 0;
}

static pid_t start_nodered(struct rig *rig, const struct peer_place *place)
{
    char program[PROGRAM_PATH_BYTES], user[128], settings[PROGRAM_PATH_BYTES];

    if (!find_nodered(program))
        rig_fail("node-red is gone");
    (void)snprintf(user, sizeof(user), "%s/node-red", rig_folder(rig));
    (void)snprintf(settings, sizeof(settings), "%s", own_file("peer_nodered_settings.js"));
    (void)setenv("PEER_FLOW", own_file("peer_nodered.json"), 1);
    (void)setenv("PEER_PORT", text_of(place->port), 1);
    (void)setenv("PEER_REDIS", place->redis, 1);
    return rig_spawn(rig, (const char *const[]){program, "-u", user, "-s", settings, NULL});
}

/* --- collectd --- */

static bool has_collectd(void)
{
    char path[PROGRAM_PATH_BYTES];

    return program_look("collectd", path);
}

/* It reads no JSON: time and value; the last part of the topic is type and instance. */
static void write_collectd(char *topic, char *payload, unsigned point, uint64_t ts_ms,
                           const char *value)
{
    (void)snprintf(topic, 64, "hz/E%04u/H01/gauge-P%04u", point / WORK_ENTERPRISE_POINTS + 1,
                   point % WORK_ENTERPRISE_POINTS + 1);
    (void)snprintf(payload, 64, "%llu.%03u:%s", (unsigned long long)(ts_ms / 1000),
                   (unsigned)(ts_ms % 1000), value);
}

static pid_t start_collectd(struct rig *rig, const struct peer_place *place)
{
    char config[128], module[PROGRAM_PATH_BYTES];

    (void)snprintf(module, sizeof(module), "%s", own_file("PeerCollectd.pm"));
    *strrchr(module, '/') = '\0';
    rig_write(rig, "types.db", "gauge value:GAUGE:U:U\n");
    rig_write(
        rig, "collectd.conf",
        "Hostname \"bench\"\nBaseDir \"%s\"\nPIDFile \"%s/collectd.pid\"\nTypesDB \"%s/types.db\"\n"
        "ReadThreads 1\nWriteThreads 1\nLoadPlugin mqtt\nLoadPlugin threshold\n"
        "<LoadPlugin perl>\n  Globals true\n</LoadPlugin>\n"
        "<Plugin mqtt>\n  <Subscribe \"bench\">\n    Host \"127.0.0.1\"\n    Port \"%u\"\n    QoS "
        "0\n"
        "    Topic \"hz/#\"\n    CleanSession true\n  </Subscribe>\n</Plugin>\n"
        "<Plugin threshold>\n  <Type \"gauge\">\n    WarningMax 90\n    Hysteresis 2\n  "
        "</Type>\n</Plugin>\n"
        "<Plugin perl>\n  IncludeDir \"%s\"\n  LoadPlugin \"PeerCollectd\"\n</Plugin>\n",
        rig_folder(rig), rig_folder(rig), rig_folder(rig), place->port, module);
    (void)snprintf(config, sizeof(config), "%s/collectd.conf", rig_folder(rig));
    (void)setenv("PEER_REDIS", place->redis, 1);
    return rig_spawn(rig, (const char *const[]){rig_program("collectd"), "-f", "-C", config, NULL});
}

/* clang-format off */
struct peer peers[] = {
    {.key = "hazardd", .name = "hazardd", .ours = true, .is_there = always, .start = start_durable},
    {.key = "relaxed", .name = "hazardd, durability: relaxed", .ours = true, .is_there = always, .start = start_relaxed},
    {.key = "count", .name = "libmosquitto, only counts", .counts = true, .is_there = always, .start = start_count},
    {.key = "c", .name = "libmosquitto, cJSON, hiredis", .is_there = has_cjson, .start = start_alarm,
     .install = "a build with libcjson-dev"},
    {.key = "node", .name = "Node.js, mqtt, ioredis", .is_there = has_node, .start = start_node,
     .install = "apt-get install nodejs npm && npm install -g mqtt ioredis"},
    {.key = "collectd", .name = "collectd, threshold, perl", .message = write_collectd, .is_there = has_collectd,
     .start = start_collectd, .install = "apt-get install collectd-core"},
    {.key = "nodered", .name = "Node-RED, function, ioredis", .is_there = has_nodered, .start = start_nodered,
     .install = "npm install -g node-red ioredis"},
    {.key = NULL}};
/* clang-format on */
