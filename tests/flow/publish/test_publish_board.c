/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands beside the stream: states with their colours and counts, latest values, positions; back
 * after Redis was emptied; in step with a registry that changes; never in the way of alerts.
 */
#include "publish_world.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static struct redis_server server;
static struct world w;

static int begin(void **state)
{
    (void)state;
    redis_server_init(&server, false);
    redis_server_start(&server, NULL);
    world_init(&w, &server, 0x99);
    world_start(&w);
    world_until(&w, world_is_done);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    redis_server_done(&server);
    return 0;
}

static uint64_t alarms;

/* Offers and releases a transition as the next one. */
static void offer(struct hz_transition t)
{
    t.number = ++w.c.number;
    t.places[0].n = t.number;
    t.seq = 10 * t.number;
    t.id = (struct hz_stream_id){w.c.wall_ms++, 0};
    w.c.last = t.id;
    struct hz_entry *entry = case_render(&w.c, &t);
    hz_role_take(&hz_output);
    hz_publisher_offer(w.publisher, entry);
    hz_publisher_release(w.publisher, t.seq, true);
    free(entry);
}

static struct hz_transition raise_at(const char *point, enum hz_severity severity)
{
    struct hz_transition t = case_raise(&w.c);

    t.point = case_id(&w.c, HZ_NAMED_POINT, point);
    t.severity = (uint8_t)severity;
    t.alarm = ++alarms;
    return t;
}

/* --- what is looked for, and waited for --- */

static struct {
    const char *key, *field, *text;
} wanted;

static bool says(struct world *world)
{
    const char *value = wanted.field
                            ? ask_text(world->server, "HGET %s %s", wanted.key, wanted.field)
                            : ask_text(world->server, "GET %s", wanted.key);

    return strstr(value, wanted.text) != NULL;
}

/* Waits until a field (NULL: a string) of a key holds a text. */
static void wait_for(const char *key, const char *field, const char *text)
{
    wanted.key = key;
    wanted.field = field;
    wanted.text = text;
    if (!world_runs_until(&w, NULL, says))
        fail_msg("%s %s is %s, not %s", key, field ? field : "",
                 field ? ask_text(&server, "HGET %s %s", key, field)
                       : ask_text(&server, "GET %s", key),
                 text);
}

#define HAZARDS     "hz:1:{all}:hazards"
#define ENTERPRISES "hz:1:{all}:enterprises"
#define PARKS       "hz:1:{all}:parks"
#define WHOLE       "hz:1:{all}:whole"
#define LATEST      "hz:1:{all}:latest:E1/TF1"

/* How often Redis has run a command. */
static long long commands_done(const char *name)
{
    char key[48];
    const char *found;

    (void)snprintf(key, sizeof(key), "cmdstat_%s:calls=", name);
    found = strstr(ask_text(&server, "INFO commandstats"), key);
    return found ? strtoll(found + strlen(key), NULL, 10) : 0;
}

static void every_place_of_the_registry_has_a_state(void **state)
{
    (void)state;
    wait_for(WHOLE, NULL, "\"colour\":\"\"");
    wait_for(PARKS, "330382P01", "\"name\":\"乐清湾园区\",\"district\":\"330382\",\"lon\":120.9");
    assert_int_equal(ask_number(&server, "HLEN " HAZARDS), 3);
    assert_int_equal(ask_number(&server, "HLEN " ENTERPRISES), 2);
    assert_int_equal(ask_number(&server, "HLEN " PARKS), 1);
    wait_for(HAZARDS, "E1/TF1",
             "{\"name\":\"液氨罐区\",\"level\":1,\"kind\":\"tank-farm\",\"enterprise\":\"E1\","
             "\"lon\":120.9712,\"lat\":28.0431,\"red\":0,\"orange\":0,\"yellow\":0,\"blue\":0,"
             "\"colour\":\"\",\"unack\":0,\"total\":0,\"online\":0,\"valid\":0,\"unobserved\":0,"
             "\"t\":1");
}

/* Redis does one thing at a time: an alarm would wait for the states that those before it have changed. */
static void what_many_alarms_change_is_written_once(void **state)
{
    enum { MANY = 30 };
    long long before;

    (void)state;
    wait_for(WHOLE, NULL, "\"colour\":\"\"");
    before = commands_done("set");
    for (unsigned i = 1; i <= MANY; i++) {
        char point[32];
        (void)snprintf(point, sizeof(point), "E1/TF1/P%02u", i);
        offer(raise_at(point, HZ_SEVERITY_ORANGE));
    }
    wait_for(PARKS, "330382P01", "\"orange\":30,");
    wait_for(WHOLE, NULL, "\"orange\":30,");
    assert_in_range(commands_done("set") - before, 1,
                    3); /* the whole's; others are of the heart-beat */
}

static void alarms_colour_where_they_belong(void **state)
{
    struct hz_transition first = raise_at("E1/TF1/P01", HZ_SEVERITY_ORANGE), second, other;

    (void)state;
    offer(first);
    second = raise_at("E1/TF1/P02", HZ_SEVERITY_RED);
    offer(second);
    other = raise_at("E2/TF1/P01", HZ_SEVERITY_YELLOW);
    offer(other);
    wait_for(HAZARDS, "E1/TF1",
             "\"red\":1,\"orange\":1,\"yellow\":0,\"blue\":0,\"colour\":\"red\",\"unack\":2");
    wait_for(HAZARDS, "E2/TF1", "\"colour\":\"yellow\",\"unack\":1");
    wait_for(ENTERPRISES, "E1", "\"colour\":\"red\",\"unack\":2");
    wait_for(ENTERPRISES, "E2", "\"colour\":\"yellow\"");
    wait_for(PARKS, "330382P01", "\"red\":1,\"orange\":1,\"yellow\":0");
    wait_for(WHOLE, NULL,
             "\"red\":1,\"orange\":1,\"yellow\":1,\"blue\":0,\"colour\":\"red\",\"unack\":3");

    second.event = HZ_EVENT_ACK;
    second.state = HZ_STATE_ACK;
    offer(second); /* still red, but somebody knows */
    wait_for(HAZARDS, "E1/TF1",
             "\"red\":1,\"orange\":1,\"yellow\":0,\"blue\":0,\"colour\":\"red\",\"unack\":1");
    second.event = HZ_EVENT_SHELVE;
    second.state = HZ_STATE_SHELVED;
    offer(second); /* put aside: it does not colour */
    wait_for(HAZARDS, "E1/TF1",
             "\"red\":0,\"orange\":1,\"yellow\":0,\"blue\":0,\"colour\":\"orange\",\"unack\":1");
    first.event = HZ_EVENT_CLEAR;
    first.state = HZ_STATE_RTNUN;
    first.active = 0;
    offer(first); /* cleared before anybody knew: nothing to see, something to acknowledge */
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"\",\"unack\":1");
    first.event = HZ_EVENT_ACK;
    first.state = HZ_STATE_NORMAL;
    offer(first);
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"\",\"unack\":0");
    wait_for(WHOLE, NULL,
             "\"red\":0,\"orange\":0,\"yellow\":1,\"blue\":0,\"colour\":\"yellow\",\"unack\":1");
}

static void trials_and_gateways(void **state)
{
    struct hz_transition t = raise_at("E1/TF1/P01", HZ_SEVERITY_RED);

    (void)state;
    t.mode = HZ_MODE_TRIAL;
    offer(t);
    t = raise_at("E1/TF1/P01", HZ_SEVERITY_ORANGE);
    t.point = 0;
    t.kind = HZ_KIND_GATEWAY;
    t.side = HZ_SIDE_STALE;
    t.gateway = case_id(&w.c, HZ_NAMED_GATEWAY, "gw02");
    t.rule = case_id(&w.c, HZ_NAMED_RULE, "gateway-silent");
    offer(t);
    wait_for(ENTERPRISES, "E2", "\"colour\":\"orange\"");
    wait_for(WHOLE, NULL, "\"red\":0,\"orange\":1");
    wait_for(HAZARDS, "E2/TF1", "\"colour\":\"\"");
}

static void coverage_stands_beside_it(void **state)
{
    const struct hz_share shares[] = {
        {.scope = 0, .total = 42, .online = 40, .valid = 39, .unobserved = 1},
        {.scope = HZ_NAMED_HAZARD, .total = 5, .online = 4, .valid = 3, .unobserved = 0},
        {.scope = HZ_NAMED_ENTERPRISE, .total = 6, .online = 5, .valid = 4, .unobserved = 2},
        {.scope = HZ_NAMED_PARK, .total = 7, .online = 6, .valid = 5, .unobserved = 3},
    };
    struct hz_share known[4];

    (void)state;
    memcpy(known, shares, sizeof(known));
    known[1].id = case_id(&w.c, HZ_NAMED_HAZARD, "E1/TF1");
    known[2].id = case_id(&w.c, HZ_NAMED_ENTERPRISE, "E1");
    known[3].id = case_id(&w.c, HZ_NAMED_PARK, "330382P01");
    hz_role_take(&hz_output);
    hz_publisher_shares(w.publisher, known, 4);
    wait_for(WHOLE, NULL, "\"total\":42,\"online\":40,\"valid\":39,\"unobserved\":1");
    wait_for(HAZARDS, "E1/TF1", "\"total\":5,\"online\":4,\"valid\":3,\"unobserved\":0");
    wait_for(ENTERPRISES, "E1", "\"total\":6,\"online\":5,\"valid\":4,\"unobserved\":2");
    wait_for(PARKS, "330382P01", "\"total\":7,\"online\":6,\"valid\":5,\"unobserved\":3");
}

static bool wants_news(struct world *world)
{
    hz_role_take(&hz_output);
    return hz_publisher_wants_news(world->publisher);
}

/* A round of values. */
static void send_values(const struct hz_latest *values, uint32_t count)
{
    hz_role_take(&hz_output);
    hz_publisher_latest(w.publisher, values, count);
    hz_publisher_news_end(w.publisher);
}

static struct hz_latest value_of(const char *point, double value)
{
    return (struct hz_latest){.point = case_id(&w.c, HZ_NAMED_POINT, point),
                              .value_kind = HZ_VALUE_F64,
                              .value.f64 = value,
                              .source_ms = CASE_WALL_MS,
                              .arrival_ns = (CASE_WALL_MS + 5) * HZ_NS_PER_MS};
}

static void latest_values_of_every_kind(void **state)
{
    struct hz_latest values[5];
    uint32_t text = 0;

    (void)state;
    hz_role_take(&hz_output);
    assert_int_equal(hz_names_define(w.c.names, HZ_NAMED_TEXT, "valve \"open\"", 12, &text), 0);
    values[0] = value_of("E1/TF1/P01", 90.41);
    values[0].severity = HZ_SEVERITY_RED;
    values[1] = value_of("E1/TF1/P02", 0);
    values[1].value_kind = HZ_VALUE_I64;
    values[1].value.i64 = -7;
    values[1].flags = HZ_LATEST_STALE | HZ_LATEST_CLOCK;
    values[2] = value_of("E1/TF1/P03", 0);
    values[2].value_kind = HZ_VALUE_TEXT;
    values[2].value.text = text;
    values[2].quality = HZ_QUALITY_BAD;
    values[3] = value_of("E1/TF1/P04", NAN);
    values[3].source_ms = HZ_NO_SOURCE_TIME;
    values[4] = value_of("E2/TF1/P01", 3.5);
    world_until(&w, wants_news);
    send_values(values, 5);
    wait_for(LATEST, "E1/TF1/P01",
             "{\"v\":90.41,\"unit\":\"%\",\"q\":\"good\",\"t_src\":1767323045000,"
             "\"t_rx\":1767323045005,\"sev\":\"red\",\"flags\":[]}");
    wait_for(LATEST, "E1/TF1/P02", "{\"v\":-7,\"unit\":\"%\"");
    wait_for(LATEST, "E1/TF1/P02", "\"flags\":[\"stale\",\"clock\"]}");
    wait_for(LATEST, "E1/TF1/P03", "{\"v\":\"valve \\\"open\\\"\",\"unit\":\"%\",\"q\":\"bad\"");
    wait_for(LATEST, "E1/TF1/P04", "{\"unit\":\"%\",\"q\":\"good\",\"t_rx\":1767323045005,");
    wait_for("hz:1:{all}:latest:E2/TF1", "E2/TF1/P01", "{\"v\":3.5,\"unit\":\"m\"");
    assert_int_equal(world_counts(&w).latest_sent, 5);
    assert_int_equal(world_counts(&w).latest_dropped, 0);
    assert_true(ask_number(&server, "PTTL " LATEST) > 0);
}

/* A slice of a thousand, each of another hazard source than the one before. */
static void a_big_slice_is_taken_whole(void **state)
{
    struct hz_latest values[1024];

    (void)state;
    world_until(&w, wants_news);
    for (unsigned i = 0; i < 1024; i++)
        values[i] = value_of(i % 2 ? "E1/TF1/P07" : "E2/TF1/P01", i);
    send_values(values, 1024);
    wait_for(LATEST, "E1/TF1/P07", "{\"v\":1023,");
    assert_int_equal(world_counts(&w).latest_dropped, 0);
}

static void a_round_is_once_in_its_time(void **state)
{
    struct hz_latest value = value_of("E1/TF1/P01", 1);

    (void)state;
    world_stop(&w);
    w.redis.latest_every_ns = 3600 * HZ_NS_PER_S;
    world_start(&w);
    world_until(&w, wants_news);
    send_values(&value, 1);
    wait_for(LATEST, "E1/TF1/P01", "{\"v\":1,");
    assert_false(wants_news(&w));
}

static void hazard_sources_have_positions(void **state)
{
    const redisReply *position;

    (void)state;
    wait_for(WHOLE, NULL, "\"colour\":\"\"");
    position = ask(&server, "GEOPOS hz:1:{all}:geo E1/TF1 E1/TF2");
    assert_int_equal(position->elements, 2);
    assert_true(fabs(strtod(position->element[0]->element[0]->str, NULL) - 120.9712) < 1e-4);
    assert_true(fabs(strtod(position->element[0]->element[1]->str, NULL) - 28.0431) < 1e-4);
    assert_int_equal(
        position->element[1]->type == REDIS_REPLY_ARRAY ? (int)position->element[1]->elements : 0,
        0); /* it has none of its own */
}

static bool has_positions(struct world *world)
{
    return ask_number(world->server, "EXISTS hz:1:{all}:geo") == 1;
}

static void an_emptied_redis_gets_it_all_again(void **state)
{
    unsigned renewals;

    (void)state;
    offer(raise_at("E1/TF1/P01", HZ_SEVERITY_RED));
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"red\"");
    renewals = w.renewals;
    (void)ask(&server, "FLUSHALL");
    world_until(&w, has_positions); /* which are written last, and only when all is */
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"red\"");
    wait_for(PARKS, "330382P01", "\"colour\":\"red\"");
    wait_for(WHOLE, NULL, "\"colour\":\"red\"");
    assert_true(w.renewals > renewals); /* the engine is asked for the values */
}

/* Values, states and places of what left the registry go; what stays is not touched. */
static bool is_gone(struct world *world)
{
    return ask_number(world->server, "HEXISTS " LATEST " E1/TF1/P40") == 0;
}

static void the_registry_changes(void **state)
{
    struct hz_latest values[] = {value_of("E1/TF1/P01", 1), value_of("E1/TF1/P40", 2)};
    struct hz_set *smaller = case_set(&w.c, "zh", 20);

    (void)state;
    offer(raise_at("E1/TF1/P40", HZ_SEVERITY_RED));
    world_until(&w, wants_news);
    send_values(values, 2);
    wait_for(LATEST, "E1/TF1/P40", "{\"v\":2,");
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"red\"");
    hz_role_take(&hz_output);
    hz_publisher_use(w.publisher, smaller, NULL);
    world_until(&w, is_gone);
    assert_int_equal(ask_number(&server, "HEXISTS " LATEST " E1/TF1/P01"), 1);
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"\""); /* the alarm's point belongs to nothing now */
    wait_for(WHOLE, NULL, "\"colour\":\"red\"");    /* but it is still active */
    hz_publisher_use(w.publisher, w.c.set, NULL);
    wait_for(HAZARDS, "E1/TF1", "\"colour\":\"red\"");
    hz_set_unref(smaller);
}

static void without_latest_there_is_only_the_stream(void **state)
{
    (void)state;
    world_stop(&w);
    (void)ask(&server, "FLUSHALL");
    w.redis.latest = false;
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_complete);
    assert_false(wants_news(&w));
    assert_int_equal(ask(&server, "KEYS *")->elements, 4); /* stream, active, meta, alive */
}

/* A command of the board that Redis refuses costs no alert, and is made good. */
static void a_refused_state_holds_no_alert_up(void **state)
{
    struct hz_latest value = value_of("E1/TF1/P01", 1);

    (void)state;
    (void)ask(&server, "SET " LATEST " stranger");
    world_until(&w, wants_news);
    send_values(&value, 1);
    world_make(&w, 300);
    world_until(&w, world_is_done);
    world_check(&w, 1);
    (void)ask(&server, "DEL " LATEST);
    world_until(&w, wants_news);
    send_values(&value, 1);
    wait_for(LATEST, "E1/TF1/P01", "{\"v\":1,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_place_of_the_registry_has_a_state, begin, end),
        cmocka_unit_test_setup_teardown(what_many_alarms_change_is_written_once, begin, end),
        cmocka_unit_test_setup_teardown(alarms_colour_where_they_belong, begin, end),
        cmocka_unit_test_setup_teardown(trials_and_gateways, begin, end),
        cmocka_unit_test_setup_teardown(coverage_stands_beside_it, begin, end),
        cmocka_unit_test_setup_teardown(latest_values_of_every_kind, begin, end),
        cmocka_unit_test_setup_teardown(a_big_slice_is_taken_whole, begin, end),
        cmocka_unit_test_setup_teardown(a_round_is_once_in_its_time, begin, end),
        cmocka_unit_test_setup_teardown(hazard_sources_have_positions, begin, end),
        cmocka_unit_test_setup_teardown(an_emptied_redis_gets_it_all_again, begin, end),
        cmocka_unit_test_setup_teardown(the_registry_changes, begin, end),
        cmocka_unit_test_setup_teardown(without_latest_there_is_only_the_stream, begin, end),
        cmocka_unit_test_setup_teardown(a_refused_state_holds_no_alert_up, begin, end),
    };

    if (!redis_server_available())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
