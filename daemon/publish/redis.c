/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection that is kept up. What must stay true: in every state but UP and CLOSED a timer runs or
 * a lookup is under way, so that nothing can be waited for for ever; each command is answered once,
 * by its reply or by NULL; no reply is older than the dead-line by more than one turn of the loop.
 *
 *     RESTING --pause--> LOOKING_UP --> CONNECTING --> GREETING (AUTH, PING) --> UP
 *        ^                   |              |              |                     |
 *        +------ lost, refused, too late, wrong password -----------------------+
 *
 * The dead-line for replies counts from the last reply or, when nothing was under way, from the
 * command: a long queue that moves is not late. It must be over twice with a turn of the loop in
 * between, since after a pause of this process the answers wait in the socket.
 */
#include "redis_priv.h"

#include "hz_log.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MIN_MS  100u
#define PAUSE_MAX_MS  5000u
#define ADDRESSES_MAX 8u

enum redis_state { IDLE, RESTING, LOOKING_UP, CONNECTING, GREETING, UP, CLOSED };

struct waiting {
    hz_redis_reply reply;
    void *ctx;
    size_t bytes;
};

struct hz_redis {
    /* set at start */
    uv_loop_t *loop;
    struct hz_redis_events events;
    uint64_t connect_timeout_ms, reply_timeout_ms;
    struct hz_redis_login login;

    enum redis_state state;
    uv_timer_t timer;
    uv_getaddrinfo_t lookup;
    bool looking_up, looking_elsewhere; /* elsewhere: for a host that was left meanwhile */
    struct redis_wire *wire;
    unsigned open; /* handles and requests that libuv still knows, wires included */
    char addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN];
    unsigned address_count, address_next;
    uint64_t pause_ms, up_since_ms, greeting_until_ms;

    struct waiting waiting[HZ_REDIS_COMMANDS_MAX]; /* a ring, in the order of the commands */
    uint32_t first, count;
    size_t bytes;
    uint64_t progress_ms;
    bool looked_again;

    void (*closed)(void *ctx);
    void *closed_ctx;
};

static void connect_next(struct hz_redis *redis) HZ_ON(hz_output);
static void on_timer(uv_timer_t *timer);

/* --- the end of things --- */

static void release_one(struct hz_redis *redis)
{
    if (--redis->open > 0)
        return;
    void (*closed)(void *ctx) = redis->closed;
    void *ctx = redis->closed_ctx;
    explicit_bzero(&redis->login, sizeof(redis->login));
    free(redis);
    if (closed)
        closed(ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
    hz_role_assert(&hz_output);
    release_one(handle->data);
}

static void on_wire_closed(void *ctx)
{
    release_one(ctx);
}

static void start_timer(struct hz_redis *redis, uint64_t ms)
{
    (void)uv_timer_start(&redis->timer, on_timer, ms, 0); /* fails without a callback only */
}

static struct waiting take_waiting(struct hz_redis *redis)
{
    struct waiting one = redis->waiting[redis->first];

    redis->first = (redis->first + 1) % HZ_REDIS_COMMANDS_MAX;
    redis->count--;
    redis->bytes -= one.bytes;
    return one;
}

/* The wire goes, every reply still awaited comes as NULL. */
static void give_up_wire(struct hz_redis *redis) HZ_ON(hz_output)
{
    struct redis_wire *wire = redis->wire;

    redis->wire = NULL;
    if (wire)
        redis__wire_give_up(wire);
    while (redis->count > 0) {
        struct waiting one = take_waiting(redis);
        if (one.reply)
            one.reply(one.ctx, NULL);
    }
}

/* Without a connection the address belongs to the reason: it may be what is wrong. */
static const char *with_address(const struct hz_redis *redis, const char *reason,
                                char to[HZ_REDIS_REASON_BYTES])
{
    const struct hz_redis_login *login = &redis->login;

    if (login->host[0] == '/')
        (void)snprintf(to, HZ_REDIS_REASON_BYTES, "unix:%s: %s", login->host, reason);
    else
        (void)snprintf(to, HZ_REDIS_REASON_BYTES, "%s port %d: %s", login->host, login->port,
                       reason);
    return to;
}

/* Another address of the same host is tried at once, else there is a pause. */
static void lose(struct hz_redis *redis, const char *reason) HZ_ON(hz_output)
{
    bool was_connecting = redis->state == CONNECTING, unconnected = redis->state == LOOKING_UP;
    char named[HZ_REDIS_REASON_BYTES];
    uint64_t now = uv_now(redis->loop);

    if (redis->state == IDLE || redis->state == RESTING || redis->state == CLOSED)
        return;
    if (redis->state == UP && now - redis->up_since_ms >= PAUSE_MAX_MS)
        redis->pause_ms = 0;
    redis->state = RESTING;
    give_up_wire(redis);
    if (redis->state == CLOSED)
        return; /* stopped from one of the replies */
    if (was_connecting && redis->address_next < redis->address_count) {
        connect_next(redis);
        return;
    }
    redis->pause_ms = redis->pause_ms == 0 ? PAUSE_MIN_MS : redis->pause_ms * 2;
    if (redis->pause_ms > PAUSE_MAX_MS)
        redis->pause_ms = PAUSE_MAX_MS;
    start_timer(redis, redis->pause_ms);
    redis->events.down(redis->events.ctx,
                       was_connecting || unconnected ? with_address(redis, reason, named) : reason);
}

/* --- greeting --- */

/* Sends whatever the state; the bounds are the caller's. */
static int send_command(struct hz_redis *redis, int count, const char *const *arguments,
                        const size_t *lengths, hz_redis_reply reply, void *ctx) HZ_ON(hz_output)
{
    struct waiting one = {.reply = reply, .ctx = ctx};
    int error = redis__wire_send(redis->wire, count, arguments, lengths);

    if (error < 0)
        return error;
    for (int i = 0; i < count; i++)
        one.bytes += lengths[i];
    if (redis->count == 0) {
        redis->progress_ms = uv_now(redis->loop);
        redis->looked_again = false;
        if (redis->state == UP && !uv_is_active((const uv_handle_t *)&redis->timer))
            start_timer(redis, redis->reply_timeout_ms);
    }
    redis->waiting[(redis->first + redis->count) % HZ_REDIS_COMMANDS_MAX] = one;
    redis->count++;
    redis->bytes += one.bytes;
    return 0;
}

static bool is_error(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR;
}

/* Both answers to AUTH and PING end here; a refusal names itself. */
static void on_greeted(void *ctx, const struct redisReply *reply)
{
    struct hz_redis *redis = ctx;

    hz_role_assert(&hz_output);
    if (!reply)
        return;
    if (is_error(reply)) {
        char reason[HZ_REDIS_REASON_BYTES];
        lose(redis, hz_log_quote(reason, sizeof(reason), reply->str, reply->len));
        return;
    }
    if (redis->count > 0)
        return; /* AUTH was answered, PING will be */
    redis->state = UP;
    redis->up_since_ms = uv_now(redis->loop);
    (void)uv_timer_stop(&redis->timer);
    redis->events.up(redis->events.ctx);
}

static int send_greeting(struct hz_redis *redis) HZ_ON(hz_output)
{
    const struct hz_redis_login *login = &redis->login;
    const char *auth[3] = {"AUTH", login->user, login->secret}, *ping[1] = {"PING"};
    size_t lengths[3] = {4, strlen(login->user), strlen(login->secret)};
    int error = 0;

    if (login->has_user)
        error = send_command(redis, 3, auth, lengths, on_greeted, redis);
    else if (login->has_secret)
        error = send_command(redis, 2, (const char *[]){auth[0], auth[2]},
                             (size_t[]){lengths[0], lengths[2]}, on_greeted, redis);
    if (error < 0)
        return error;
    return send_command(redis, 1, ping, (size_t[]){4}, on_greeted, redis);
}

/* --- events of the wire --- */

static void on_connected(void *ctx)
{
    struct hz_redis *redis = ctx;

    hz_role_assert(&hz_output);
    redis->state = GREETING;
    if (redis->login.fault[0]) {
        lose(redis, redis->login.fault);
        return;
    }
    int error = send_greeting(redis);
    if (error < 0)
        lose(redis, hz_strerror(error));
}

static void on_reply(void *ctx, const struct redisReply *reply)
{
    struct hz_redis *redis = ctx;

    hz_role_assert(&hz_output);
    if (redis->count == 0) {
        lose(redis, "a reply to no command");
        return;
    }
    struct waiting one = take_waiting(redis);
    redis->progress_ms = uv_now(redis->loop);
    redis->looked_again = false;
    if (one.reply)
        one.reply(one.ctx, reply);
}

static void on_lost(void *ctx, const char *reason)
{
    hz_role_assert(&hz_output);
    lose(ctx, reason);
}

static void connect_next(struct hz_redis *redis)
{
    const struct redis_wire_events events = {.connected = on_connected,
                                             .reply = on_reply,
                                             .lost = on_lost,
                                             .closed = on_wire_closed,
                                             .ctx = redis};
    const char *host = redis->login.host;
    const char *to = host[0] == '/' ? host : redis->addresses[redis->address_next];
    char reason[HZ_REDIS_REASON_BYTES] = "out of memory";

    redis->address_next++;
    redis->state = CONNECTING;
    int error = redis__wire_new(redis->loop, to, redis->login.port, &events, reason, &redis->wire);
    if (error < 0) {
        lose(redis, reason);
        return;
    }
    redis->open++;
    start_timer(redis, redis->connect_timeout_ms);
}

/* --- finding the host --- */

static void keep_addresses(struct hz_redis *redis, const struct addrinfo *found)
{
    redis->address_count = redis->address_next = 0;
    for (; found && redis->address_count < ADDRESSES_MAX; found = found->ai_next) {
        char *to = redis->addresses[redis->address_count];
        const void *address = found->ai_addr;
        int error = found->ai_family == AF_INET6 ? uv_ip6_name(address, to, INET6_ADDRSTRLEN)
                                                 : uv_ip4_name(address, to, INET6_ADDRSTRLEN);
        if (error == 0)
            redis->address_count++;
    }
}

static void begin(struct hz_redis *redis) HZ_ON(hz_output);

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct hz_redis *redis = lookup->data;

    hz_role_assert(&hz_output);
    bool elsewhere = redis->looking_elsewhere;
    redis->looking_up = redis->looking_elsewhere = false;
    if (redis->state == LOOKING_UP && elsewhere) {
        begin(redis);
    } else if (redis->state == LOOKING_UP) {
        keep_addresses(redis, found);
        if (redis->address_count > 0)
            connect_next(redis);
        else
            lose(redis, status < 0 ? uv_strerror(status) : "host has no address");
    }
    uv_freeaddrinfo(found);
    release_one(redis);
}

static bool is_numeric(const char *host)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    return uv_ip4_addr(host, 0, &v4) == 0 || uv_ip6_addr(host, 0, &v6) == 0;
}

static void begin(struct hz_redis *redis)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const char *host = redis->login.host;
    char service[8];

    redis->address_count = redis->address_next = 0;
    if (host[0] == '/' || is_numeric(host)) {
        (void)snprintf(redis->addresses[0], sizeof(redis->addresses[0]), "%.*s",
                       INET6_ADDRSTRLEN - 1, host[0] == '/' ? "" : host);
        redis->address_count = 1;
        connect_next(redis);
        return;
    }
    redis->state = LOOKING_UP;
    start_timer(redis, redis->connect_timeout_ms);
    if (redis->looking_up)
        return; /* a slow one from before: its answer counts for this turn */
    redis->lookup.data = redis;
    (void)snprintf(service, sizeof(service), "%d", redis->login.port);
    int error = uv_getaddrinfo(redis->loop, &redis->lookup, on_found, host, service, &hints);
    if (error < 0) {
        lose(redis, uv_strerror(error));
        return;
    }
    redis->looking_up = true;
    redis->open++;
}

/* --- dead-lines --- */

static void check_replies(struct hz_redis *redis) HZ_ON(hz_output)
{
    uint64_t waited = uv_now(redis->loop) - redis->progress_ms;

    if (redis->count == 0)
        return;
    if (waited < redis->reply_timeout_ms) {
        start_timer(redis, redis->reply_timeout_ms - waited);
    } else if (!redis->looked_again) {
        redis->looked_again = true;
        start_timer(redis, 1);
    } else {
        lose(redis, "no reply in time");
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct hz_redis *redis = timer->data;

    hz_role_assert(&hz_output);
    switch (redis->state) {
    case RESTING:
        begin(redis);
        break;
    case LOOKING_UP:
        lose(redis, "host not found in time");
        break;
    case CONNECTING:
        lose(redis, "no connection in time");
        break;
    case GREETING:
        lose(redis, "no reply to AUTH or PING in time");
        break;
    case UP:
        check_replies(redis);
        break;
    case IDLE:
    case CLOSED:
        break;
    }
}

/* --- for the publisher --- */

static void take_timeouts(struct hz_redis *redis, const struct hz_redis_config *config)
{
    redis->connect_timeout_ms = (uint64_t)(config->connect_timeout_ns / HZ_NS_PER_MS);
    redis->reply_timeout_ms = (uint64_t)(config->reply_timeout_ns / HZ_NS_PER_MS);
}

int hz_redis_new(uv_loop_t *loop, const struct hz_redis_config *config,
                 const struct hz_redis_events *events, struct hz_redis **ret_redis)
{
    struct hz_redis *redis = calloc(1, sizeof(*redis));
    int error;

    if (!redis)
        return -ENOMEM;
    redis->loop = loop;
    redis->events = *events;
    take_timeouts(redis, config);
    error = config->enabled ? hz_redis_login(config, &redis->login) : 0;
    if (error == 0)
        error = uv_timer_init(loop, &redis->timer);
    if (error < 0) {
        free(redis);
        return error;
    }
    redis->timer.data = redis;
    redis->open = 1;
    *ret_redis = redis;
    return 0;
}

/* What is under way with the server that is left is nobody's any more. */
static void leave(struct hz_redis *redis, enum redis_state state) HZ_ON(hz_output)
{
    redis->state = state;
    redis->pause_ms = 0;
    redis->looking_elsewhere = redis->looking_up;
    (void)uv_timer_stop(&redis->timer);
    give_up_wire(redis);
}

void hz_redis_use(struct hz_redis *redis, const struct hz_redis_config *config,
                  const struct hz_redis_login *login)
{
    bool same = redis__same_server(login, &redis->login);
    bool secret = login->fault[0] || redis__same_secret(login, &redis->login);

    hz_assert(redis->state != CLOSED);
    take_timeouts(redis, config);
    if (same && secret)
        return; /* a file that can't be read now is no reason to give up a connection */
    if (redis->state != IDLE)
        leave(redis, RESTING);
    redis->login = *login;
    if (redis->state != RESTING)
        return; /* not started, or stopped from one of the replies */
    start_timer(redis, 0);
    redis->events.down(redis->events.ctx, "another address, user or password is in force");
}

void hz_redis_rest(struct hz_redis *redis)
{
    hz_assert(redis->state != CLOSED);
    leave(redis, IDLE);
}

void hz_redis_start(struct hz_redis *redis)
{
    hz_assert(redis->state == IDLE);
    redis->state = RESTING;
    start_timer(redis, 0); /* so that no event comes from inside this call */
}

void hz_redis_stop(struct hz_redis *redis, void (*closed)(void *ctx), void *ctx)
{
    hz_assert(redis->state != CLOSED);
    redis->state = CLOSED;
    redis->closed = closed;
    redis->closed_ctx = ctx;
    give_up_wire(redis);
    if (redis->looking_up)
        (void)uv_cancel((uv_req_t *)&redis->lookup); /* one that runs is waited for */
    uv_close((uv_handle_t *)&redis->timer, on_timer_closed);
}

void hz_redis_drop(struct hz_redis *redis, const char *reason)
{
    lose(redis, reason);
}

bool hz_redis_is_up(const struct hz_redis *redis)
{
    return redis->state == UP;
}

uint32_t hz_redis_room(const struct hz_redis *redis)
{
    if (redis->state != UP || redis->bytes >= HZ_REDIS_BYTES_MAX)
        return 0;
    return HZ_REDIS_COMMANDS_MAX - redis->count;
}

int hz_redis_send(struct hz_redis *redis, int count, const char *const *arguments,
                  const size_t *lengths, hz_redis_reply reply, void *ctx)
{
    if (redis->state != UP)
        return -ENOTCONN;
    if (hz_redis_room(redis) == 0)
        return -ENOBUFS;
    return send_command(redis, count, arguments, lengths, reply, ctx);
}
