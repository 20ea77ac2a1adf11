/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries: every field of the contract, for every kind of alarm; names of conditions; sentences that
 * say what happened in two languages; bytes that are no entry.
 */
#include "publish_case.h"

#include "hz_clock.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static struct publish_case c;

static int begin(void **state)
{
    (void)state;
    case_init(&c, "zh");
    return 0;
}

static int end(void **state)
{
    (void)state;
    case_done(&c);
    return 0;
}

#define assert_field(entry, field, text)                                                           \
    assert_string_equal(case_value(entry, HZ_FIELD_##field), text)

static void every_field_of_the_contract_in_its_order(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry = case_render(&c, &t);
    const struct hz_rule_config *rule = hz_set_rule(c.set, t.rule);
    char json[8192], expected[8192], set[HZ_DIGEST_TEXT_BYTES];
    struct hz_text to = hz_text_in(json, sizeof(json));

    (void)state;
    hz_digest_text(&c.set->digest, set);
    (void)snprintf(
        expected, sizeof(expected),
        "{\"v\":\"1\",\"n\":\"17\",\"event\":\"raise\",\"alarm\":\"16-7\","
        "\"cond\":\"tank-level.high@E1/TF1/P01\",\"state\":\"unack\",\"prev\":\"normal\","
        "\"active\":\"1\",\"ring\":\"1\",\"durable\":\"0\",\"sev\":\"red\",\"kind\":\"limit\","
        "\"level\":\"HH\",\"domain\":\"safety\",\"mode\":\"live\",\"late\":\"0\","
        "\"t\":\"1767323045123\",\"t_src\":\"1767323044700\",\"t_rx\":\"1767323045000\","
        "\"t_raise\":\"1767323045123\",\"value\":\"90.41\",\"limit\":\"90\",\"unit\":\"%%\","
        "\"quality\":\"good\",\"for_ms\":\"5000\",\"inputs\":\"\",\"point\":\"E1/TF1/P01\","
        "\"point_name\":\"1#液氨球罐液位\",\"tag\":\"LT-101A\",\"hazard\":\"E1/TF1\","
        "\"hazard_name\":\"液氨罐区\",\"hazard_level\":\"1\",\"enterprise\":\"E1\","
        "\"enterprise_name\":\"某某化工有限公司\",\"park\":\"330382P01\",\"district\":\"330382\","
        "\"lon\":\"120.9712\",\"lat\":\"28.0431\",\"gateway\":\"gw01\",\"camera\":\"cam-3\","
        "\"plan\":\"plan-7\",\"ext\":\"ext-1\",\"rule\":\"tank-level\",\"rule_rev\":\"%08x\","
        "\"set\":\"%.8s\",\"root\":\"\",\"group\":\"E1/TF1\","
        "\"route\":\"enterprise-duty,park-duty\",\"actor\":\"\",\"via\":\"\",\"cmd\":\"\","
        "\"reason\":\"\",\"until\":\"\","
        "\"msg\":\"某某化工有限公司 液氨罐区 1#液氨球罐液位 90.41%%，高高限（限值 90%%），已持续 "
        "5秒\","
        "\"short\":\"液氨罐区 1#液氨球罐液位 90.41%% 高高限\",\"advice\":\"停止进料。\","
        "\"seq\":\"4711\"}",
        rule->revision, set);
    hz_entry_json(entry, 17, false, &to);
    assert_false(to.overflow);
    assert_string_equal(json, expected);
    assert_int_equal(rule->revision != 0, 1);
    free(entry);
}

static void the_head_has_what_is_looked_for_without_the_texts(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry = case_render(&c, &t);

    (void)state;
    assert_int_equal(entry->number, 17);
    assert_int_equal(entry->seq, 4711);
    assert_int_equal(entry->index, 2);
    assert_int_equal(entry->alarm, t.alarm);
    assert_int_equal(entry->level, HZ_LEVEL_HH);
    assert_int_equal(entry->bytes % 8, 0);
    assert_int_equal(hz_stream_id_compare(entry->id, t.id), 0);
    assert_int_equal(hz_entry_places(entry)[0].n, 17);
    assert_int_equal(hz_entry_places(entry)[0].before.ms, CASE_WALL_MS);
    free(entry);
}

static void the_same_transition_gives_the_same_bytes(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *first = case_render(&c, &t), *second = aligned_alloc(8, HZ_ENTRY_BYTES_MAX);

    (void)state;
    assert_non_null(second);
    memset(second, 0xa5, HZ_ENTRY_BYTES_MAX);
    assert_int_equal(hz_entry_render(c.set, &t, second), first->bytes);
    assert_memory_equal(first, second, first->bytes);
    free(first);
    free(second);
}

static void what_does_not_apply_is_empty(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry;

    (void)state;
    t.source_ms = HZ_NO_SOURCE_TIME;
    t.arrival_ns = 0;
    t.value_kind = HZ_VALUE_NONE;
    t.limit = NAN;
    t.point = case_id(&c, HZ_NAMED_POINT, "E2/TF1/P01");
    entry = case_render(&c, &t);
    assert_field(entry, T_SRC, "");
    assert_field(entry, T_RX, "");
    assert_field(entry, VALUE, "");
    assert_field(entry, LIMIT, "");
    assert_field(entry, POINT_NAME, "P01"); /* the registry gives the code where there is no name */
    assert_field(entry, LON, "");
    assert_field(entry, PARK, "");
    assert_field(entry, DISTRICT, "330383");
    assert_field(entry, HAZARD_LEVEL, "4");
    free(entry);
    t.value_kind = HZ_VALUE_I64;
    t.value.i64 = INT64_MIN;
    t.point = case_id(&c, HZ_NAMED_POINT, "E1/TF2/P01");
    entry = case_render(&c, &t);
    assert_field(entry, VALUE, "-9223372036854775808");
    assert_field(entry, LON, "120.95"); /* of the enterprise */
    assert_field(entry, EXT, "ent-ext");
    free(entry);
}

static void a_command_says_who_how_and_why(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry;

    (void)state;
    t.event = HZ_EVENT_SHELVE;
    t.until_ns = (CASE_WALL_MS + 60000) * HZ_NS_PER_MS;
    t.actor_length = 3;
    t.via_length = 6;
    t.command_id_length = 4;
    t.reason_length = 6;
    memcpy(t.actor, "ops", 3);
    memcpy(t.via, "socket", 6);
    memcpy(t.command_id, "c-17", 4);
    memcpy(t.reason, "检修", 6);
    entry = case_render(&c, &t);
    assert_field(entry, ACTOR, "ops");
    assert_field(entry, VIA, "socket");
    assert_field(entry, CMD, "c-17");
    assert_field(entry, REASON, "检修");
    assert_field(entry, UNTIL, "1767323105000");
    free(entry);
}

static void alarms_of_gateways_and_of_the_daemon_itself(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry;

    (void)state;
    t.point = 0;
    t.value_kind = HZ_VALUE_NONE;
    t.limit = NAN;
    t.kind = HZ_KIND_GATEWAY;
    t.side = HZ_SIDE_STALE;
    t.level = HZ_LEVEL_NONE;
    t.rule = case_id(&c, HZ_NAMED_RULE, "gateway-silent");
    t.gateway = case_id(&c, HZ_NAMED_GATEWAY, "gw01");
    t.for_ns = 185 * HZ_NS_PER_S;
    entry = case_render(&c, &t);
    assert_field(entry, COND, "gateway-silent.stale@gw01");
    assert_field(entry, GATEWAY, "gw01");
    assert_field(entry, ENTERPRISE, "E1");
    assert_field(entry, POINT, "");
    assert_field(entry, QUALITY, "");
    assert_field(entry, MSG,
                 "某某化工有限公司 网关 一号网关 离线，已持续 3分钟5秒，其下测点无法监测");
    free(entry);

    t.kind = HZ_KIND_SYSTEM;
    t.side = HZ_SIDE_SYSTEM;
    t.rule = t.gateway = 0;
    t.system = 6; /* feed-lost */
    t.feed = (uint16_t)case_id(&c, HZ_NAMED_FEED, "city");
    entry = case_render(&c, &t);
    assert_field(entry, COND, "system.feed-lost@city");
    assert_field(entry, RULE, "");
    assert_field(entry, RULE_REV, "");
    assert_field(entry, MSG, "监测系统：数据源 city 断开");
    free(entry);
    t.system = 1; /* disk-stalled */
    t.feed = 0;
    entry = case_render(&c, &t);
    assert_field(entry, COND, "system.disk-stalled");
    free(entry);
}

/* A rule's own text speaks of its limits: a silent point must not be told as a full tank. */
static void invalid_and_stale_have_sentences_of_their_own(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry;

    (void)state;
    t.kind = HZ_KIND_STALE;
    t.side = HZ_SIDE_STALE;
    t.level = HZ_LEVEL_NONE;
    t.for_ns = 30 * 60 * HZ_NS_PER_S;
    entry = case_render(&c, &t);
    assert_field(entry, COND, "tank-level.stale@E1/TF1/P01");
    assert_field(entry, MSG, "某某化工有限公司 液氨罐区 1#液氨球罐液位 无数据，已持续 30分钟");
    assert_non_null(strstr(case_value(entry, HZ_FIELD_ADVICE), "检查仪表"));
    free(entry);
    t.kind = HZ_KIND_INVALID;
    t.side = HZ_SIDE_INVALID;
    entry = case_render(&c, &t);
    assert_field(entry, SHORT, "液氨罐区 1#液氨球罐液位 数据无效");
    free(entry);
}

static void a_sentence_says_what_happened_and_that_it_is_a_drill(void **state)
{
    struct hz_transition t = case_raise(&c);
    const char *marks[HZ_EVENT_END];

    (void)state;
    for (unsigned event = 1; event < HZ_EVENT_END; event++) {
        t.event = (uint8_t)event;
        struct hz_entry *entry = case_render(&c, &t);
        const char *msg = case_value(entry, HZ_FIELD_MSG);
        marks[event] = strndup(msg, (size_t)(strstr(msg, "某某") - msg));
        assert_int_equal(
            strncmp(case_value(entry, HZ_FIELD_SHORT), marks[event], strlen(marks[event])), 0);
        free(entry);
    }
    assert_string_equal(marks[HZ_EVENT_RAISE], "");
    for (unsigned a = 1; a < HZ_EVENT_END; a++) {
        for (unsigned b = 1; b < a; b++)
            assert_string_not_equal(marks[a], marks[b]);
    }
    for (unsigned event = 1; event < HZ_EVENT_END; event++)
        free((char *)marks[event]);
    t.event = HZ_EVENT_CLEAR;
    t.mode = HZ_MODE_DRILL;
    struct hz_entry *entry = case_render(&c, &t);
    assert_int_equal(strncmp(case_value(entry, HZ_FIELD_SHORT), "【演练】【恢复】", 24), 0);
    free(entry);
}

static void english_where_it_is_asked_for(void **state)
{
    struct publish_case english;
    struct hz_transition t;
    struct hz_entry *entry;

    (void)state;
    case_init(&english, "en");
    t = case_raise(&english);
    t.for_ns = (2 * 86400 + 3 * 3600) * HZ_NS_PER_S;
    entry = case_render(&english, &t);
    assert_field(
        entry, MSG,
        "某某化工有限公司 液氨罐区 1#液氨球罐液位 90.41 %: high-high (limit 90 %) for 2 d 3 h");
    assert_field(entry, ADVICE, "停止进料。"); /* written in one language only */
    free(entry);
    t.for_ns = 500 * HZ_NS_PER_MS;
    t.event = HZ_EVENT_ACK;
    entry = case_render(&english, &t);
    assert_non_null(strstr(case_value(entry, HZ_FIELD_MSG), "for 0.5 s"));
    assert_int_equal(strncmp(case_value(entry, HZ_FIELD_MSG), "[acknowledged] ", 15), 0);
    free(entry);
    case_done(&english);
}

static unsigned characters(const char *text)
{
    unsigned count = 0;

    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

/* The point has the longest name that there can be: the name gives way, not value and level. */
static void an_sms_has_at_most_70_characters(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry;
    const char *brief;

    (void)state;
    t.point = case_id(&c, HZ_NAMED_POINT, "E1/TF2/P01");
    entry = case_render(&c, &t);
    brief = case_value(entry, HZ_FIELD_SHORT);
    assert_int_equal(characters(brief), 70);
    assert_non_null(strstr(brief, "液… 90.41m 高高限"));
    free(entry);
    t.value.f64 = -1.7976931348623157e+308;
    t.mode = HZ_MODE_DRILL;
    t.event = HZ_EVENT_UNSUPPRESS;
    entry = case_render(&c, &t);
    assert_true(characters(case_value(entry, HZ_FIELD_SHORT)) <= 70);
    free(entry);
}

static void a_point_that_left_the_registry_keeps_its_name(void **state)
{
    struct hz_set *smaller = case_set(&c, "zh", 3), *own = c.set;
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry;

    (void)state;
    t.point = case_id(&c, HZ_NAMED_POINT, "E1/TF1/P30");
    t.event = HZ_EVENT_REMOVE;
    t.state = HZ_STATE_NORMAL;
    c.set = smaller;
    entry = case_render(&c, &t);
    assert_field(entry, COND, "tank-level.high@E1/TF1/P30");
    assert_field(entry, POINT, "E1/TF1/P30");
    assert_field(entry, HAZARD, "");
    assert_non_null(strstr(case_value(entry, HZ_FIELD_MSG), "E1/TF1/P30"));
    free(entry);
    c.set = own;
    hz_set_unref(smaller);
}

/* Every cut and every single damaged byte: no reading outside, and lengths that do not fit are seen. */
static void bytes_that_are_no_entry(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry = case_render(&c, &t);
    struct hz_slice values[HZ_FIELD_COUNT];
    uint32_t bytes = entry->bytes;

    (void)state;
    for (uint32_t cut = 0; cut < bytes; cut++) {
        struct hz_entry *copy = malloc(cut > 0 ? cut : 1);
        memcpy(copy, entry, cut);
        assert_false(hz_entry_values(copy, cut, values));
        free(copy);
    }
    for (uint32_t at = 0; at < bytes; at++) {
        unsigned char *copy = malloc(bytes);
        memcpy(copy, entry, bytes);
        copy[at] ^= 0x80;
        if (hz_entry_values((const void *)copy, bytes, values)) {
            for (int field = 0; field < HZ_FIELD_COUNT; field++)
                assert_true(values[field].at >= (const char *)copy &&
                            values[field].at + values[field].length <= (const char *)copy + bytes);
        }
        free(copy);
    }
    free(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_the_contract_in_its_order),
        cmocka_unit_test(the_head_has_what_is_looked_for_without_the_texts),
        cmocka_unit_test(the_same_transition_gives_the_same_bytes),
        cmocka_unit_test(what_does_not_apply_is_empty),
        cmocka_unit_test(a_command_says_who_how_and_why),
        cmocka_unit_test(alarms_of_gateways_and_of_the_daemon_itself),
        cmocka_unit_test(invalid_and_stale_have_sentences_of_their_own),
        cmocka_unit_test(a_sentence_says_what_happened_and_that_it_is_a_drill),
        cmocka_unit_test(english_where_it_is_asked_for),
        cmocka_unit_test(an_sms_has_at_most_70_characters),
        cmocka_unit_test(a_point_that_left_the_registry_keeps_its_name),
        cmocka_unit_test(bytes_that_are_no_entry),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
