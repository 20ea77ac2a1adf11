/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of `status` are found by text: a test must not fail because a field was added.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "alerts.h"

#include <hiredis/hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM       "hz:1:{all}:stream"
#define ANSWER_BYTES 65536
#define PAGE         "500" /* entries of one XRANGE: half a megabyte */

int64_t flow_number(struct flow *flow, const char *what, const char *key)
{
    static char answer[ANSWER_BYTES];
    char quoted[64];

    if (!flow_ask(flow, "status", answer, sizeof(answer)))
        return -1;
    (void)snprintf(quoted, sizeof(quoted), "\"what\":\"%s\"", what);
    char *line = strstr(answer, quoted);
    if (!line)
        return -1;
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", key);
    const char *value = strstr(line, quoted);
    return value ? strtoll(value + strlen(quoted), NULL, 10) : -1;
}

/* --- waiting --- */

/* Before a test fails: what the parts said, and how the daemon stands. */
static void show_all(struct flow *flow)
{
    static char answer[ANSWER_BYTES];

    flow_show_logs(flow);
    (void)flow_ask(flow, "status", answer,
                   sizeof(answer)); /* an unfinished answer says something, too */
    fprintf(stderr, "--- status ---\n%s\n", answer);
}

struct goal {
    struct flow *flow;
    int64_t readings;
};

static bool is_connected(void *ctx)
{
    static char answer[ANSWER_BYTES];

    return flow_ask(ctx, "feeds", answer, sizeof(answer)) &&
           strstr(answer, "\"state\":\"connected\"") != NULL;
}

void flow_wait_connected(struct flow *flow)
{
    if (flow_until(is_connected, flow))
        return;
    show_all(flow);
    fail_msg("the feed does not connect");
}

static bool has_taken(void *ctx)
{
    const struct goal *goal = ctx;

    return flow_number(goal->flow, "engine", "readings") >= goal->readings;
}

void flow_wait_readings(struct flow *flow, int64_t readings)
{
    struct goal goal = {flow, readings};

    if (flow_until(has_taken, &goal))
        return;
    show_all(flow);
    fail_msg("the engine has taken %lld of %lld readings",
             (long long)flow_number(flow, "engine", "readings"), (long long)readings);
}

void flow_write_three_points(struct flow *flow)
{
    flow_write(flow, "config/enterprises.csv", "code,name\nE1,一号\n");
    flow_write(flow, "config/hazards.csv", "enterprise,code,name,level\nE1,H1,罐区,1\n");
    flow_write(flow, "config/points.csv",
               "enterprise,hazard,code,kind,unit,range_low,range_high\nE1,H1,P1,level,%%,0,100\nE1,"
               "H1,P2,level,%%,0,100\nE1,H1,P3,level,%%,0,100\n");
}

static redisContext *connect_redis(struct flow *flow)
{
    redisContext *redis = redisConnectUnix(flow_socket(flow, FLOW_REDIS));

    assert_non_null(redis);
    assert_int_equal(redis->err, 0);
    return redis;
}

static int64_t entries_in_stream(struct flow *flow)
{
    redisContext *redis = connect_redis(flow);
    redisReply *reply = redisCommand(redis, "XLEN " STREAM);

    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    int64_t count = reply->integer;
    freeReplyObject(reply);
    redisFree(redis);
    return count;
}

static bool is_published(void *ctx)
{
    struct flow *flow = ctx;

    return flow_number(flow, "engine", "transitions") == entries_in_stream(flow);
}

void flow_wait_published(struct flow *flow)
{
    if (flow_until(is_published, flow))
        return;
    show_all(flow);
    fail_msg("%lld of %lld transitions are in Redis", (long long)entries_in_stream(flow),
             (long long)flow_number(flow, "engine", "transitions"));
}

/* --- entries --- */

struct flow_alert {
    const redisReply *fields; /* name, value, name, value */
};

const char *flow_alert_text(const struct flow_alert *alert, const char *field)
{
    for (size_t i = 0; i + 1 < alert->fields->elements; i += 2) {
        if (strcmp(alert->fields->element[i]->str, field) == 0)
            return alert->fields->element[i + 1]->str;
    }
    return "";
}

double flow_alert_number(const struct flow_alert *alert, const char *field)
{
    return strtod(flow_alert_text(alert, field), NULL);
}

/* One page from `from` on, which is then the place after it. */
static size_t read_page(redisContext *redis, char from[64],
                        void (*each)(void *ctx, const struct flow_alert *alert), void *ctx)
{
    redisReply *page = redisCommand(redis, "XRANGE " STREAM " %s + COUNT " PAGE, from);

    assert_non_null(page);
    assert_int_equal(page->type, REDIS_REPLY_ARRAY);
    size_t count = page->elements;
    for (size_t i = 0; i < count; i++) {
        const redisReply *entry = page->element[i];
        struct flow_alert alert = {entry->element[1]};
        (void)snprintf(from, 64, "(%s", entry->element[0]->str);
        each(ctx, &alert);
    }
    freeReplyObject(page);
    return count;
}

size_t flow_alerts(struct flow *flow, void (*each)(void *ctx, const struct flow_alert *alert),
                   void *ctx)
{
    redisContext *redis = connect_redis(flow);
    size_t total = 0, count;
    char from[64] = "-";

    while ((count = read_page(redis, from, each, ctx)) > 0)
        total += count;
    redisFree(redis);
    return total;
}
