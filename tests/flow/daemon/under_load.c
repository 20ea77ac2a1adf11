/* SPDX-License-Identifier: Apache-2.0
 *
 * The comparison walks the journal's entries and the stream side by side, a page of the stream at a
 * time.
 */
#include "under_load.h"

#include "alerts.h"
#include "truth.h"

#include <hiredis/hiredis.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STREAM      "hz:1:{all}:stream"
#define PAGE        500
#define ENTERPRISES 20
#define POINTS      50

struct under_load {
    struct flow *flow;
    pid_t sender;
    /* comparing */
    redisContext *redis;
    redisReply *page;
    size_t page_at, compared;
    char after[64]; /* id of the last entry compared */
};

struct under_load *under_load_new(const char *more_yaml)
{
    struct under_load *load = calloc(1, sizeof(*load));
    char output[8192], name[256];

    assert_non_null(load);
    load->flow = flow_new();
    flow_start(load->flow, FLOW_BROKER);
    flow_start(load->flow, FLOW_REDIS);
    flow_program(load->flow, output, sizeof(output),
                 "bench/hazard-load --write-config %s/config --address %s --redis %s --qos 1 "
                 "--enterprises %d --points %d",
                 flow_folder(load->flow), flow_address(load->flow, FLOW_BROKER),
                 flow_address(load->flow, FLOW_REDIS), ENTERPRISES, POINTS);
    (void)snprintf(name, sizeof(name), "%s/config/hazardd.yaml", flow_folder(load->flow));
    FILE *file = fopen(name, "a");
    assert_non_null(file);
    assert_true(fputs(more_yaml, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return load;
}

void under_load_free(struct under_load *load)
{
    if (!load)
        return;
    under_load_end(load);
    if (load->page)
        freeReplyObject(load->page);
    if (load->redis)
        redisFree(load->redis);
    flow_free(load->flow);
    free(load);
}

struct flow *under_load_flow(struct under_load *load)
{
    return load->flow;
}

/* --- the load --- */

static void become_sender(const struct under_load *load, unsigned rate)
{
    char program[4096], said[512], enterprises[16], points[16], rate_text[16];
    const char *build = getenv("HAZARD_BUILD");

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(program, sizeof(program), "%s/bench/hazard-load", build ? build : ".");
    (void)snprintf(enterprises, sizeof(enterprises), "%d", ENTERPRISES);
    (void)snprintf(points, sizeof(points), "%d", POINTS);
    (void)snprintf(rate_text, sizeof(rate_text), "%u", rate);
    (void)snprintf(said, sizeof(said), "%s/load.out", flow_folder(load->flow));
    if (!freopen(said, "w", stdout) || !freopen("/dev/null", "w", stderr))
        _exit(126);
    (void)execl(program, program, "--address", flow_address(load->flow, FLOW_BROKER), "--qos", "1",
                "--enterprises", enterprises, "--points", points, "--rate", rate_text, "--seconds",
                "600", "--cross", "0.02", (char *)NULL);
    _exit(127);
}

void under_load_begin(struct under_load *load, unsigned rate)
{
    load->sender = fork();
    assert_true(load->sender >= 0);
    if (load->sender == 0)
        become_sender(load, rate);
}

void under_load_end(struct under_load *load)
{
    if (load->sender <= 0)
        return;
    (void)kill(load->sender, SIGKILL);
    (void)waitpid(load->sender, NULL, 0);
    load->sender = 0;
}

long long under_load_end_counted(struct under_load *load)
{
    char said[512], text[4096];
    int status = -1;

    assert_true(load->sender > 0);
    (void)kill(load->sender, SIGTERM);
    assert_int_equal(waitpid(load->sender, &status, 0), load->sender);
    assert_int_equal(status, 0);
    load->sender = 0;
    (void)snprintf(said, sizeof(said), "%s/load.out", flow_folder(load->flow));
    FILE *file = fopen(said, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    const char *readings = strstr(text, "\"readings\":");
    assert_non_null(readings);
    assert_non_null(strstr(text, "\"unacknowledged\":0,"));
    return atoll(readings + strlen("\"readings\":"));
}

/* --- Redis --- */

static redisContext *connect_redis(struct under_load *load)
{
    redisContext *redis = redisConnectUnix(flow_socket(load->flow, FLOW_REDIS));

    if (redis && redis->err) {
        redisFree(redis);
        return NULL;
    }
    return redis;
}

long long under_load_entries(struct under_load *load)
{
    redisContext *redis = connect_redis(load);
    long long entries = -1;

    if (!redis)
        return -1;
    redisReply *reply = redisCommand(redis, "XLEN " STREAM);
    if (reply && reply->type == REDIS_REPLY_INTEGER)
        entries = reply->integer;
    if (reply)
        freeReplyObject(reply);
    redisFree(redis);
    return entries;
}

void under_load_redis(struct under_load *load, const char *command)
{
    redisContext *redis = connect_redis(load);

    assert_non_null(redis);
    redisReply *reply = redisCommand(redis, command);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply->str);
    freeReplyObject(reply);
    redisFree(redis);
}

/* --- comparing --- */

static bool all_published(void *ctx)
{
    struct under_load *load = ctx;
    int64_t newest = flow_number(load->flow, "journal", "log_newest");

    return newest > 0 && flow_number(load->flow, "redis", "waiting") == 0 &&
           under_load_entries(load) == newest;
}

/* The next entry of the stream; NULL at its end. */
static const redisReply *next_in_stream(struct under_load *load)
{
    if (!load->page || load->page_at == load->page->elements) {
        if (load->page)
            freeReplyObject(load->page);
        load->page =
            redisCommand(load->redis, "XRANGE " STREAM " %s + COUNT %d", load->after, PAGE);
        load->page_at = 0;
        assert_non_null(load->page);
        assert_int_equal(load->page->type, REDIS_REPLY_ARRAY);
        if (load->page->elements == 0)
            return NULL;
    }
    const redisReply *entry = load->page->element[load->page_at++];
    (void)snprintf(load->after, sizeof(load->after), "(%s", entry->element[0]->str);
    return entry;
}

static bool field_is(const redisReply *fields, size_t field, struct hz_slice value)
{
    const redisReply *name = fields->element[field * 2], *text = fields->element[field * 2 + 1];

    return strcmp(name->str, hz_entry_field_names[field]) == 0 &&
           hz_slice_same((struct hz_slice){text->str, text->len}, value);
}

static void compare_one(void *ctx, const struct hz_entry *entry)
{
    struct under_load *load = ctx;
    struct hz_slice values[HZ_FIELD_COUNT];
    char id[HZ_STREAM_ID_TEXT_BYTES];
    const redisReply *published = next_in_stream(load);

    load->compared++;
    if (!published)
        fail_msg("entry %zu of the journal is not in the stream", load->compared);
    hz_stream_id_text(entry->id, id);
    assert_string_equal(published->element[0]->str, id);
    assert_int_equal(published->element[1]->elements, 2 * HZ_FIELD_COUNT);
    assert_true(hz_entry_values(entry, entry->bytes, values));
    for (size_t i = 0; i < HZ_FIELD_COUNT; i++) {
        if (i == HZ_FIELD_DURABLE)
            continue; /* said at the moment of publishing */
        if (i == HZ_FIELD_N)
            assert_int_equal(atoll(published->element[1]->element[i * 2 + 1]->str), load->compared);
        else if (!field_is(published->element[1], i, values[i]))
            fail_msg("entry %zu, field %s: published %s, by the journal %.*s", load->compared,
                     hz_entry_field_names[i], published->element[1]->element[i * 2 + 1]->str,
                     (int)values[i].length, values[i].at);
    }
}

size_t under_load_compare(struct under_load *load)
{
    char state[1024];

    if (!flow_until(all_published, load)) {
        flow_show_logs(load->flow);
        fail_msg("not everything came to Redis: %lld entries there, %lld in the alarms log",
                 under_load_entries(load),
                 (long long)flow_number(load->flow, "journal", "log_newest"));
    }
    flow_stop(load->flow, FLOW_DAEMON);
    load->redis = connect_redis(load);
    assert_non_null(load->redis);
    (void)snprintf(load->after, sizeof(load->after), "-");
    (void)snprintf(state, sizeof(state), "%s/state", flow_folder(load->flow));
    size_t count = truth_replay(state, compare_one, load);
    if (next_in_stream(load))
        fail_msg("the stream has more than the %zu entries of the journal", count);
    return count;
}
