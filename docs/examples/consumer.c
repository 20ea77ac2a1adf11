/* SPDX-License-Identifier: Apache-2.0
 *
 * A consumer of alerts, complete: it starts, goes on after a restart of Redis or of itself, notices
 * when it was trimmed past, when another system took the stream over, and when nobody watches any
 * more; and it prints one line for each alert. Written to be read beside docs/redis.md; it needs
 * hiredis and nothing of hazardd.
 *
 *     consumer [--redis 127.0.0.1:6379 | unix:/path] [--view all] [--once | --follow] [--position FILE]
 *
 *     --once      the active alarms, then what follows them in the stream; ends when there is no more
 *     --follow    the same, and goes on (the default)
 *     --position  keeps the place in FILE, so that a restart misses nothing and repeats nothing
 *
 * What must stay true: an alert is printed once, in order, or its loss is said.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAJOR     1
#define BLOCK_MS  2000 /* how long XREAD waits; the epoch is read in between */
#define TIMEOUT_S 10   /* of connecting and of an answer; above BLOCK_MS */
#define COUNT     100

struct consumer {
    const char *address, *position_file;
    bool once;
    char stream[160], active[160], meta[160], alive[160];
    redisContext *redis;

    /* The place: it belongs together, and to one epoch. */
    bool placed;
    char epoch[24];
    char id[48];
    unsigned long long n;

    bool silent; /* the heart-beat was missing when last looked at */
};

/* --- output --- */

/* Text from outside goes to a terminal: no control bytes. */
static void print_text(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_line(const char *t_ms, const char *sev, const char *event, const char *cond,
                       const char *text)
{
    time_t seconds = (time_t)(strtoll(t_ms, NULL, 10) / 1000);
    char when[32];

    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
    printf("%s %-6s %-10s ", when, sev[0] ? sev : "-", event);
    print_text(cond);
    printf("  ");
    print_text(text);
    printf("\n");
    (void)fflush(stdout);
}

/* --- asking --- */

static void disconnect(struct consumer *c)
{
    if (c->redis)
        redisFree(c->redis);
    c->redis = NULL;
}

static bool connect_redis(struct consumer *c)
{
    const struct timeval patience = {TIMEOUT_S, 0};
    const char *colon = strrchr(c->address, ':');
    char host[256];

    if (strncmp(c->address, "unix:", 5) == 0) {
        c->redis = redisConnectUnixWithTimeout(c->address + 5, patience);
    } else {
        (void)snprintf(host, sizeof(host), "%.*s",
                       colon ? (int)(colon - c->address) : (int)strlen(c->address), c->address);
        c->redis = redisConnectWithTimeout(host, colon ? atoi(colon + 1) : 6379, patience);
    }
    if (c->redis && c->redis->err == 0 && redisSetTimeout(c->redis, patience) == REDIS_OK)
        return true;
    fprintf(stderr, "consumer: %s: %s\n", c->address, c->redis ? c->redis->errstr : "no memory");
    disconnect(c);
    return false;
}

/* An answer, to be freed; NULL when the connection is lost or the server refuses (and is dropped). */
static redisReply *ask(struct consumer *c, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    redisReply *reply = redisvCommand(c->redis, format, arguments);
    va_end(arguments);
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    fprintf(stderr, "consumer: %s\n", reply ? reply->str : c->redis->errstr);
    if (reply)
        freeReplyObject(reply);
    disconnect(c);
    return NULL;
}

static const char *text_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? reply->str : "";
}

/* The value of a field in a flat list of names and values. */
static const char *field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp(text_of(fields->element[i]), name) == 0)
            return text_of(fields->element[i + 1]);
    }
    return "";
}

/* --- the place --- */

static void save_position(const struct consumer *c)
{
    char name[4096];

    if (!c->position_file)
        return;
    (void)snprintf(name, sizeof(name), "%s.new", c->position_file);
    FILE *file = fopen(name, "w");
    if (!file || fprintf(file, "%s %s %llu\n", c->epoch, c->id, c->n) < 0 || fclose(file) != 0 ||
        rename(name, c->position_file) != 0)
        fprintf(stderr, "consumer: %s: %s\n", c->position_file, strerror(errno));
}

static void load_position(struct consumer *c)
{
    FILE *file = c->position_file ? fopen(c->position_file, "r") : NULL;

    if (!file)
        return;
    c->placed = fscanf(file, "%23s %47s %llu", c->epoch, c->id, &c->n) == 3;
    (void)fclose(file);
}

/* The epoch in Redis: 1 the one we are in, 0 another or none, -1 lost. Says when nobody watches. */
static int check_epoch(struct consumer *c)
{
    redisReply *meta = ask(c, "HGET %s epoch", c->meta), *alive = NULL;
    int same = -1;

    if (meta)
        alive = ask(c, "EXISTS %s", c->alive);
    if (alive) {
        same = strcmp(text_of(meta), c->epoch) == 0;
        if (!c->silent && alive->integer == 0)
            printf("# no heart-beat: nobody watches, or Redis is cut off from hazardd\n");
        c->silent = alive->integer == 0;
        (void)fflush(stdout);
        freeReplyObject(alive);
    }
    if (meta)
        freeReplyObject(meta);
    return same;
}

/* A member of the JSON object in the active hash; values there are numbers or plain strings. A real
 * consumer uses a JSON library; here it is enough to look for the name. */
static const char *member(const char *json, const char *name, char *to, size_t size)
{
    char quoted[64];
    const char *at;

    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", name);
    at = strstr(json, quoted);
    if (!at)
        return "";
    at += strlen(quoted);
    if (*at == '"')
        at++;
    (void)snprintf(to, size, "%.*s", (int)strcspn(at, "\",}"), at);
    return to;
}

static void print_active(const char *cond, const char *json)
{
    char t[24], sev[16], state[16], name[300];

    print_line(member(json, "t", t, sizeof(t)), member(json, "sev", sev, sizeof(sev)),
               member(json, "state", state, sizeof(state)), cond,
               member(json, "point_name", name, sizeof(name)));
}

/* Steps 1 and 2: whose stream it is, and everything that is active, as of one entry of it. */
static bool take_place(struct consumer *c)
{
    redisReply *meta = ask(c, "HMGET %s major epoch", c->meta);
    redisReply *active = meta ? ask(c, "HGETALL %s", c->active) : NULL;
    bool ready = false;

    c->placed = false;
    if (active && active->elements >= 4 && text_of(meta->element[1])[0] != '\0') {
        if (atoi(text_of(meta->element[0])) != MAJOR) {
            fprintf(stderr, "consumer: this stream has major version %s\n",
                    text_of(meta->element[0]));
            exit(1);
        }
        (void)snprintf(c->epoch, sizeof(c->epoch), "%s", text_of(meta->element[1]));
        (void)snprintf(c->id, sizeof(c->id), "%s", field(active, "@id"));
        c->n = strtoull(field(active, "@n"), NULL, 10);
        printf("# %zu active alarms as of %s (n %llu), epoch %s\n", active->elements / 2 - 2, c->id,
               c->n, c->epoch);
        for (size_t i = 0; i + 1 < active->elements; i += 2) {
            if (text_of(active->element[i])[0] != '@')
                print_active(text_of(active->element[i]), text_of(active->element[i + 1]));
        }
        (void)fflush(stdout);
        c->placed = ready = true;
        save_position(c);
    }
    if (active)
        freeReplyObject(active);
    if (meta)
        freeReplyObject(meta);
    return ready;
}

/* --- the stream --- */

static bool is_known(const char *event)
{
    static const char *const known[] = {
        "raise",    "escalate",   "deescalate", "clear",  "ack",   "realarm", "shelve", "unshelve",
        "suppress", "unsuppress", "oos",        "return", "reset", "remove",  "dispose"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i], event) == 0)
            return true;
    }
    return false; /* resync, and what a later release may say */
}

/* False: the place is lost, back to the active hash. */
static bool take_entry(struct consumer *c, const redisReply *entry)
{
    const redisReply *fields = entry->element[1];
    unsigned long long n = strtoull(field(fields, "n"), NULL, 10);
    char id[sizeof(c->id)];

    (void)snprintf(id, sizeof(id), "%s", text_of(entry->element[0]));
    if (n <= c->n) { /* a repeat */
        memcpy(c->id, id, sizeof(id));
        return true;
    }
    if (n != c->n + 1) {
        printf("# %llu alerts were missed: hazardctl tail --from %s\n", n - c->n - 1, c->id);
        return false;
    }
    print_line(field(fields, "t"), field(fields, "sev"), field(fields, "event"),
               field(fields, "cond"), field(fields, "msg"));
    memcpy(c->id, id, sizeof(id));
    c->n = n;
    return is_known(field(fields, "event"));
}

static bool take_entries(struct consumer *c, const redisReply *entries)
{
    for (size_t i = 0; i < entries->elements; i++) {
        if (!take_entry(c, entries->element[i]))
            return false;
    }
    save_position(c);
    return true;
}

/* Steps 3 and 4, once round. False when there was nothing. */
static bool read_once(struct consumer *c)
{
    redisReply *reply = c->once ? ask(c, "XREAD COUNT %d STREAMS %s %s", COUNT, c->stream, c->id)
                                : ask(c, "XREAD BLOCK %d COUNT %d STREAMS %s %s", BLOCK_MS, COUNT,
                                      c->stream, c->id);
    bool some = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
    int epoch = reply ? check_epoch(c) : -1;

    if (epoch == 0) {
        /* An emptied Redis has no epoch until hazardd notices: the ids stay valid, so wait for it. */
        redisReply *there = ask(c, "EXISTS %s", c->meta);
        if (there && there->integer == 1) {
            printf("# another epoch: this is not the stream it was\n");
            c->placed = false;
        }
        if (there)
            freeReplyObject(there);
    } else if (epoch == 1 && some) {
        c->placed = take_entries(c, reply->element[0]->element[1]);
    }
    if (reply)
        freeReplyObject(reply);
    return some;
}

/* --- arguments --- */

static void set_keys(struct consumer *c, const char *view)
{
    (void)snprintf(c->stream, sizeof(c->stream), "hz:%d:{%s}:stream", MAJOR, view);
    (void)snprintf(c->active, sizeof(c->active), "hz:%d:{%s}:active", MAJOR, view);
    (void)snprintf(c->meta, sizeof(c->meta), "hz:%d:{%s}:meta", MAJOR, view);
    (void)snprintf(c->alive, sizeof(c->alive), "hz:%d:{%s}:alive", MAJOR, view);
}

static void usage(FILE *to, int status)
{
    fprintf(to, "usage: consumer [--redis HOST:PORT | unix:/PATH] [--view NAME] [--once | "
                "--follow] [--position FILE]\n");
    exit(status);
}

static void read_arguments(struct consumer *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--once") == 0)
            c->once = true;
        else if (strcmp(argv[i], "--follow") == 0)
            c->once = false;
        else if (strcmp(argv[i], "--help") == 0)
            usage(stdout, 0);
        else if (!value)
            usage(stderr, 2);
        else if (strcmp(argv[i], "--redis") == 0)
            c->address = argv[++i];
        else if (strcmp(argv[i], "--view") == 0)
            set_keys(c, argv[++i]);
        else if (strcmp(argv[i], "--position") == 0)
            c->position_file = argv[++i];
        else
            usage(stderr, 2);
    }
}

int main(int argc, char **argv)
{
    struct consumer c = {.address = "127.0.0.1:6379"};

    (void)signal(SIGPIPE, SIG_IGN); /* hiredis writes to a server that is gone, and must say so */
    set_keys(&c, "all");
    read_arguments(&c, argc, argv);
    load_position(&c);
    for (;;) {
        bool ready = c.redis || connect_redis(&c);
        if (ready && !c.placed)
            ready = take_place(&c);
        bool some = ready && read_once(&c);
        if (c.once && (!ready || (c.placed && !some))) {
            if (c.redis)
                redisFree(c.redis);
            return ready ? 0 : 1;
        }
        if (!ready || !c.redis)
            (void)sleep(1);
    }
}
