/* SPDX-License-Identifier: Apache-2.0
 *
 * The world of a publisher, and the comparison of Redis with what was offered.
 */
#include "publish_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEADLINE_S 60
#define PAGE       500

/* --- the alarms log --- */

static void keep(struct world_log *log, struct hz_entry *entry)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 1024 : 2 * log->capacity;
        log->entries = realloc(log->entries, log->capacity * sizeof(struct hz_entry *));
        assert_non_null(log->entries);
    }
    log->entries[log->count++] = realloc(entry, entry->bytes);
}

static void on_answer(uv_timer_t *timer)
{
    static unsigned char batch[HZ_ENTRY_FETCH_BYTES];
    struct world *w = timer->data;
    uint64_t number = w->asked_number;
    size_t length = 0;

    hz_role_assert(&hz_output);
    int error = w->log.error == 0 && !w->asked_by_id ? w->log.fetch_error : w->log.error;
    if (error != 0) {
        hz_publisher_fetched(w->publisher, NULL, 0, error);
        return;
    }
    if (w->asked_by_id) {
        for (number = 1; number <= w->log.count; number++) {
            if (hz_stream_id_compare(w->log.entries[number - 1]->id, w->asked_id) >= 0)
                break;
        }
    }
    if (number < w->log.oldest)
        number = w->log.oldest;
    for (; number <= w->log.count; number++) {
        const struct hz_entry *entry = w->log.entries[number - 1];
        if (length + entry->bytes > sizeof(batch))
            break;
        if (number >= w->log.hole_from && number <= w->log.hole_to)
            continue;
        memcpy(batch + length, entry, entry->bytes);
        length += entry->bytes;
    }
    hz_publisher_fetched(w->publisher, batch, length, 0);
}

static void fetch(void *ctx, uint64_t number)
{
    struct world *w = ctx;

    assert_false(uv_is_active((const uv_handle_t *)&w->answer)); /* one at a time */
    w->asked_by_id = false;
    w->asked_number = number;
    (void)uv_timer_start(&w->answer, on_answer, number % 3, 0);
}

static void find(void *ctx, struct hz_stream_id id)
{
    struct world *w = ctx;

    assert_false(uv_is_active((const uv_handle_t *)&w->answer));
    w->asked_by_id = true;
    w->asked_id = id;
    (void)uv_timer_start(&w->answer, on_answer, 1, 0);
}

/* --- events --- */

static void observe(void *ctx, uint32_t what, int64_t value)
{
    struct world *w = ctx;

    w->observed[what] = value;
    w->told[what]++;
}

static void renew(void *ctx)
{
    struct world *w = ctx;

    w->renewals++;
}

static void on_closed(void *ctx)
{
    struct world *w = ctx;

    w->closed = true;
}

/* --- life --- */

void world_init(struct world *w, struct redis_server *server, uint64_t journal)
{
    *w = (struct world){.server = server, .journal = {journal, ~journal}, .log.oldest = 1};
    case_init(&w->c, "zh");
    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    /* of now, so that nothing is older than the retention */
    w->c.wall_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS - 3600 * 1000;
    w->redis = w->c.set->config->redis;
    w->redis.address = server->address;
    w->redis.connect_timeout_ns = w->redis.reply_timeout_ns = 1000 * HZ_NS_PER_MS;
    w->redis.heartbeat_ns = 100 * HZ_NS_PER_MS;
    w->redis.latest_every_ns = HZ_NS_PER_MS;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(uv_timer_init(&w->loop, &w->answer), 0);
    w->answer.data = w;
}

void world_start(struct world *w)
{
    struct hz_publisher_config config = {.loop = &w->loop,
                                         .clock = &hz_clock_real,
                                         .redis = &w->redis,
                                         .journal = {w->journal[0], w->journal[1]},
                                         .term = ++w->term,
                                         .newest = w->log.count,
                                         .source = {fetch, find, w},
                                         .events = {observe, renew, w},
                                         .journal_socket = "/nonexistent/journal"};

    hz_role_take(&hz_output);
    assert_int_equal(hz_mirror_new(&w->mirror), 0);
    for (uint64_t i = 0; i < w->log.count; i++)
        assert_int_equal(hz_mirror_apply(w->mirror, w->log.entries[i]), 0);
    config.mirror = w->mirror;
    assert_int_equal(hz_publisher_new(&config, w->c.set, &w->publisher), 0);
    hz_publisher_start(w->publisher);
}

static bool is_closed(struct world *w)
{
    return w->closed;
}

void world_stop(struct world *w)
{
    hz_role_take(&hz_output);
    w->closed = false;
    hz_publisher_stop(w->publisher, 2 * HZ_NS_PER_S, on_closed, w);
    world_until(w, is_closed);
    (void)uv_timer_stop(&w->answer);
    w->publisher = NULL;
    hz_mirror_free(w->mirror);
    w->mirror = NULL;
}

void world_done(struct world *w)
{
    if (w->publisher)
        world_stop(w);
    uv_close((uv_handle_t *)&w->answer, NULL);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    for (uint64_t i = 0; i < w->log.count; i++)
        free(w->log.entries[i]);
    free(w->log.entries);
    case_done(&w->c);
}

void world_offer(struct world *w, unsigned n)
{
    hz_role_take(&hz_output);
    for (unsigned i = 0; i < n; i++) {
        struct hz_entry *entry = case_next(&w->c);
        hz_publisher_offer(w->publisher, entry);
        keep(&w->log, entry);
    }
}

void world_release_to(struct world *w, uint64_t number, bool durable)
{
    hz_role_take(&hz_output);
    hz_publisher_release(w->publisher, w->log.entries[number - 1]->seq, durable);
}

void world_release(struct world *w, bool durable)
{
    world_release_to(w, w->log.count, durable);
}

void world_make(struct world *w, unsigned n)
{
    world_offer(w, n);
    world_release(w, true);
}

/* --- waiting --- */

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void run_once(struct world *w)
{
    uv_timer_t tick; /* so that a loop without news comes back */

    (void)uv_timer_init(&w->loop, &tick);
    (void)uv_timer_start(&tick, on_tick, 2, 0);
    (void)uv_run(&w->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

bool world_runs_until(struct world *w, struct world *other, bool (*holds)(struct world *w))
{
    time_t until = time(NULL) + DEADLINE_S;

    while (!holds(w)) {
        if (time(NULL) > until)
            return false;
        run_once(w);
        if (other)
            run_once(other);
    }
    return true;
}

void world_spend(struct world *w, unsigned ms)
{
    int64_t until = hz_mono_ns(&hz_clock_real) + ms * HZ_NS_PER_MS;

    while (hz_mono_ns(&hz_clock_real) < until)
        run_once(w);
}

struct hz_publisher_counts world_counts(struct world *w)
{
    struct hz_publisher_counts counts;

    hz_role_take(&hz_output);
    hz_publisher_counts(w->publisher, &counts);
    return counts;
}

bool world_is_up(struct world *w)
{
    return world_counts(w).up;
}

bool world_is_down(struct world *w)
{
    return !world_counts(w).up;
}

bool world_is_lost(struct world *w)
{
    return w->told[HZ_OBSERVED_REDIS_LOST] > 0 && w->observed[HZ_OBSERVED_REDIS_LOST] != 0;
}

bool world_is_found(struct world *w)
{
    return w->told[HZ_OBSERVED_REDIS_LOST] > 0 && w->observed[HZ_OBSERVED_REDIS_LOST] == 0;
}

bool world_is_fenced(struct world *w)
{
    return world_counts(w).fenced && w->observed[HZ_OBSERVED_FENCED] == 1;
}

bool world_is_foreign(struct world *w)
{
    return world_counts(w).foreign && w->observed[HZ_OBSERVED_FOREIGN] == 1;
}

bool world_is_done(struct world *w)
{
    struct hz_publisher_counts counts = world_counts(w);

    return counts.up && !counts.foreign && counts.waiting == 0;
}

bool world_is_complete(struct world *w)
{
    char id[HZ_STREAM_ID_TEXT_BYTES];

    hz_stream_id_text(w->c.last, id);
    if (!world_is_done(w))
        return false;
    const redisReply *last = ask(w->server, "XREVRANGE hz:1:{all}:stream + - COUNT 1");
    if (last->elements != 1 || strcmp(last->element[0]->element[0]->str, id) != 0)
        return false;
    return strcmp(ask_text(w->server, "HGET hz:1:{all}:active @id"), id) == 0;
}

/* --- comparing --- */

static void check_entry(const struct hz_entry *entry, const redisReply *stored)
{
    const redisReply *fields = stored->element[1];
    struct hz_slice values[HZ_FIELD_COUNT];
    char id[HZ_STREAM_ID_TEXT_BYTES], n[24];

    hz_stream_id_text(entry->id, id);
    assert_string_equal(stored->element[0]->str, id);
    assert_true(hz_entry_values(entry, entry->bytes, values));
    (void)snprintf(n, sizeof(n), "%llu", (unsigned long long)hz_entry_places(entry)[0].n);
    values[HZ_FIELD_N] = hz_slice(n);
    values[HZ_FIELD_DURABLE] = hz_slice("1");
    assert_int_equal(fields->elements, 2 * HZ_FIELD_COUNT);
    for (int field = 0; field < HZ_FIELD_COUNT; field++) {
        assert_string_equal(fields->element[2 * field]->str, hz_entry_field_names[field]);
        assert_int_equal(fields->element[2 * field + 1]->len, values[field].length);
        assert_memory_equal(fields->element[2 * field + 1]->str, values[field].at,
                            values[field].length);
    }
}

static void check_stream(struct world *w, uint64_t first)
{
    char from[HZ_STREAM_ID_TEXT_BYTES + 1] = "-";
    uint64_t number = first;

    for (;;) {
        const redisReply *page =
            ask(w->server, "XRANGE hz:1:{all}:stream %s + COUNT %d", from, PAGE);
        for (size_t i = 0; i < page->elements; i++, number++) {
            assert_true(number <= w->log.count);
            check_entry(w->log.entries[number - 1], page->element[i]);
        }
        if (page->elements < PAGE)
            break;
        (void)snprintf(from, sizeof(from), "(%s",
                       page->element[page->elements - 1]->element[0]->str);
    }
    assert_int_equal(number - 1, w->log.count);
}

static bool is_active(const struct world *w, const char *alarm)
{
    for (unsigned i = 0; i < CASE_POINTS; i++) {
        char text[HZ_ALARM_TEXT_BYTES];
        hz_alarm_text(w->c.alarms[i], text);
        if (w->c.alarms[i] != 0 && strcmp(text, alarm) == 0)
            return true;
    }
    return false;
}

static void check_active(struct world *w)
{
    const redisReply *hash = ask(w->server, "HGETALL hz:1:{all}:active");
    char id[HZ_STREAM_ID_TEXT_BYTES] = "0-0";
    unsigned active = 0, expected = 0;

    hz_stream_id_text(w->c.last, id);
    for (size_t i = 0; i < hash->elements; i += 2) {
        const char *field = hash->element[i]->str, *value = hash->element[i + 1]->str;
        if (strcmp(field, "@id") == 0) {
            assert_string_equal(value, id);
        } else if (strcmp(field, "@n") == 0) {
            assert_int_equal(strtoull(value, NULL, 10), w->log.count);
        } else {
            char alarm[64];
            const char *at = strstr(value, "\"alarm\":\"");
            assert_non_null(at);
            (void)snprintf(alarm, sizeof(alarm), "%.*s", (int)strcspn(at + 9, "\""), at + 9);
            assert_true(is_active(w, alarm));
            assert_int_equal(strncmp(field, "tank-level.high@E1/TF1/P", 24), 0);
            active++;
        }
    }
    for (unsigned i = 0; i < CASE_POINTS; i++)
        expected += w->c.alarms[i] != 0;
    assert_int_equal(active, expected);
    assert_int_equal(hash->elements, 2 * (expected + 2));
    assert_int_equal(ask_number(w->server, "PTTL hz:1:{all}:active"), -1); /* it stays */
}

void world_check(struct world *w, uint64_t first)
{
    struct hz_publisher_counts counts = world_counts(w);

    check_stream(w, first);
    check_active(w);
    assert_int_equal(counts.skipped, 0);
}
