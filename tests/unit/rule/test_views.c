/* SPDX-License-Identifier: Apache-2.0
 *
 * S-165 to S-169: views. That their numbers have no holes, and that each place names the entry before
 * it, is looked at with every transition of every test (case_check.c).
 */
#include "case_priv.h"

#include "engine_saved.h"

#include "hz_record.h"

#include <stdio.h>
#include <stdlib.h>

#define RULE                                                                                       \
    "- id: r\n"                                                                                    \
    "  limits: {H: {severity: orange}}\n"
#define ENV                                                                                        \
    "- id: e\n"                                                                                    \
    "  domain: env\n"                                                                              \
    "  mode: trial\n"                                                                              \
    "  limits: {H: {severity: blue}}\n"
#define SILENT                                                                                     \
    "- id: g\n"                                                                                    \
    "  each: gateway\n"                                                                            \
    "  severity: yellow\n"                                                                         \
    "  silent: {after: {intervals: 3, at_least: 60s, at_most: 60s}}\n"

#define KEYS(...)                                                                                  \
    {                                                                                              \
        (const char *const[]){__VA_ARGS__},                                                        \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                            \
    }

static const struct case_point points[] = {
    {"P1", .h = "90"}, {"E1/Z2/P2", .h = "90"}, {"E2/Z1/P3", .h = "90", .gateway = "GE"}, {0}};

static const struct hz_view_config three[] = {
    {.name = "rui", .districts = KEYS("330382")},
    {.name = "wen", .districts = KEYS("3303")},
    {.name = "k2", .parks = KEYS("K2"), .domains = 1 << HZ_DOMAIN_ENV | 1 << HZ_DOMAIN_SYSTEM},
};

static struct rule_case *world(const char *rules, const struct hz_view_config *views,
                               uint32_t count)
{
    struct rule_case *c = case_new(rules, points);

    case_views(c, views, count);
    change(c, 1, rules, points);
    return c;
}

/* "all 3, rui 1": the last transition but `back`. */
static void is_in(const struct rule_case *c, size_t back, const char *wanted)
{
    const struct hz_transition *one = case_last(c, back);
    char got[256];
    struct hz_text text = hz_text_in(got, sizeof(got));

    for (uint32_t i = 0; i < one->place_count; i++) {
        hz_text_puts(&text, i > 0 ? ", " : "");
        hz_text_slice(&text, hz_names_key(c->names, HZ_NAMED_VIEW, one->places[i].view));
        hz_text_format(&text, " %llu", (unsigned long long)one->places[i].n);
    }
    assert_string_equal(got, wanted);
}

static void views_places(void **state)
{
    struct rule_case *c = world(RULE ENV, three, 3);

    (void)state;
    good(c, 10, "P1", 95);
    is_in(c, 1, "all 1, rui 1, wen 1");
    is_in(c, 0, "all 2, rui 2, wen 2");
    good(c, 11, "E2/Z1/P3", 95);
    is_in(c, 1, "all 3, wen 3, k2 1");
    is_in(c, 0, "all 4, wen 4"); /* rule r is no concern of k2 */
    good(c, 12, "E2/Z1/P3", 5);
    is_in(c, 1, "all 5, wen 5, k2 2");
    said_anything(c);
    case_free(c);
}

/* A gateway belongs where its enterprise does, the daemon's own alarms nowhere. */
static void views_of_gateways_and_system(void **state)
{
    const struct hz_view_config views[] = {{.name = "e2", .enterprises = KEYS("E2")},
                                           {.name = "every"}};
    struct rule_case *c = world(RULE SILENT, views, 2);

    (void)state;
    observe(c, 5, HZ_OBSERVED_DISK_STALLED, NULL, 1);
    is_in(c, 0, "all 1");
    heartbeat(c, 10, "GE");
    heartbeat(c, 50, "GA");
    heartbeat(c, 50, "GB");
    said_anything(c);
    tick(c, 71);
    is_in(c, 0, "all 2, e2 1, every 1");
    tick(c, 200);
    is_in(c, 0, "all 4, every 3");
    said_anything(c);
    case_free(c);
}

static void views_come_and_go(void **state)
{
    struct rule_case *c = world(RULE, three, 1);

    (void)state;
    good(c, 10, "P1", 95);
    is_in(c, 0, "all 1, rui 1");
    case_views(c, three, 2);
    change(c, 11, RULE, points);
    good(c, 12, "P1", 5);
    is_in(c, 0, "all 2, rui 2, wen 1"); /* of an alarm that was raised before it */
    case_views(c, three + 1, 1);
    change(c, 13, RULE, points);
    good(c, 14, "P1", 95);
    is_in(c, 0, "all 3, wen 2");
    case_views(c, three, 3);
    change(c, 15, RULE, points);
    restart(c, 16, 17);
    good(c, 18, "P1", 5);
    is_in(c, 0, "all 4, rui 3, wen 3");
    said_anything(c);
    case_free(c);
}

/* Its row is gone when the alarm is removed. */
static void views_of_what_has_left(void **state)
{
    struct rule_case *c = world(RULE SILENT, three, 1);

    (void)state;
    good(c, 10, "P1", 95);
    is_in(c, 0, "all 1, rui 1");
    change(c, 11, RULE SILENT, points + 1);
    is_in(c, 0, "all 2, rui 2");
    heartbeat(c, 12, "GB");
    tick(c, 200);
    said_anything(c);
    c->sites = &(const struct case_sites){"E1,K1,\nE2,K2,330300\n", "GA,E1,a,20s\nGE,E2,b,100s\n"};
    change(c, 201, RULE SILENT, points + 1);
    said(c, "201 remove gateway normal yellow GB/g");
    is_in(c, 0, "all 6, rui 5");
    case_free(c);
}

/* Where an enterprise belongs from now on, its alarms do. */
static void views_move(void **state)
{
    const struct hz_view_config parks[] = {{.name = "k1", .parks = KEYS("K1")},
                                           {.name = "k2", .parks = KEYS("K2")}};
    struct rule_case *c = world(RULE, parks, 2);

    (void)state;
    good(c, 10, "P1", 95);
    is_in(c, 0, "all 1, k1 1");
    c->sites =
        &(const struct case_sites){"E1,K2,\nE2,K2,\n", "GA,E1,a,20s\nGB,E1,b,\nGE,E2,b,100s\n"};
    change(c, 11, RULE, points);
    good(c, 12, "P1", 5);
    is_in(c, 0, "all 2, k2 1");
    said_anything(c);
    case_free(c);
    c = world(RULE SILENT, parks, 2);
    heartbeat(c, 10, "GA");
    heartbeat(c, 10, "GE");
    c->sites = &(const struct case_sites){"E1,K1,\nE2,K2,330300\n",
                                          "GA,E1,a,20s\nGB,E2,b,\nGE,E2,b,100s\n"};
    change(c, 11, RULE SILENT, points);
    tick(c, 65);
    is_in(c, 0, "all 1, k2 1"); /* GB, from its first set on */
    said_anything(c);
    case_free(c);
}

static void views_go_on(void **state)
{
    struct rule_case *c = world(RULE, three, 2);
    struct hz_record_go_on record = {.head = {HZ_RECORD_GO_ON, sizeof(record), 0},
                                     .number = 41,
                                     .n_all = 45,
                                     .id = {CASE_EPOCH_NS / 1000000 + 10500, 3},
                                     .episodes = 9,
                                     .sure = 9};
    struct hz_block *block;

    (void)state;
    good(c, 10, "P1", 95);
    is_in(c, 0, "all 1, rui 1, wen 1");
    said_anything(c);
    case_unchecked(c);
    block = case_block(c, 11, HZ_BLOCK_CONTROL, NULL);
    case_add(block, &record);
    case_apply(c, block);
    good(c, 12, "P1", 5);
    is_in(c, 0, "all 46, rui 42, wen 42");
    for (int i = 0; i < 3; i++)
        assert_int_equal(hz_stream_id_compare(case_last(c, 0)->places[i].before, record.id), 0);
    case_free(c);
}

/* --- a state that was saved before there were views --- */

struct bytes {
    char at[64 << 10];
    size_t length, taken;
};

static int write_bytes(void *ctx, const void *from, size_t length)
{
    struct bytes *bytes = ctx;

    assert_true(bytes->length + length <= sizeof(bytes->at));
    memcpy(bytes->at + bytes->length, from, length);
    bytes->length += length;
    return 0;
}

static int read_bytes(void *ctx, void *to, size_t length)
{
    struct bytes *bytes = ctx;

    if (length > bytes->length - bytes->taken)
        return HZ_ECORRUPT;
    memcpy(to, bytes->at + bytes->taken, length);
    bytes->taken += length;
    return 0;
}

static void move(struct bytes *from, struct bytes *to, void *piece, size_t length, size_t kept)
{
    assert_int_equal(read_bytes(from, piece, length), 0);
    assert_int_equal(write_bytes(to, piece, kept), 0);
}

/* What format 1 would have been. */
static void make_old(struct bytes *from, struct bytes *to)
{
    struct saved_head head;
    struct saved_numbers numbers;
    struct saved_feed feed;
    struct saved_system system;
    struct saved_point point;
    struct engine_note note;

    move(from, to, &head, sizeof(head), 0);
    head.format = ENGINE_FORMAT_WITHOUT_VIEWS;
    write_bytes(to, &head, sizeof(head));
    move(from, to, &numbers, sizeof(numbers), sizeof(numbers));
    assert_int_equal(numbers.views, 0);
    for (uint32_t i = 0; i < numbers.feeds; i++)
        move(from, to, &feed, sizeof(feed), sizeof(feed));
    for (uint32_t i = 0; i < numbers.systems; i++)
        move(from, to, &system, sizeof(system), sizeof(system));
    for (uint32_t i = 0; i < numbers.gateways; i++) {
        struct saved_gateway gateway;
        move(from, to, &gateway, sizeof(gateway), 0);
        gateway.enterprise = 0;
        write_bytes(to, &gateway, sizeof(gateway));
        for (uint32_t k = 0; k < gateway.notes; k++)
            move(from, to, &note, sizeof(note), sizeof(note));
    }
    for (uint32_t i = 0; i < numbers.points; i++) {
        move(from, to, &point, sizeof(point), offsetof(struct saved_point, enterprise));
        for (uint32_t k = 0; k < point.notes; k++)
            move(from, to, &note, sizeof(note), sizeof(note));
    }
    move(from, to, &(struct hz_engine_counts){0}, sizeof(struct hz_engine_counts),
         sizeof(struct hz_engine_counts));
    assert_int_equal(from->taken, from->length);
}

static void views_old_state(void **state)
{
    struct rule_case *c = case_new(RULE SILENT, points);
    struct bytes *now = calloc(1, sizeof(*now)), *old = calloc(1, sizeof(*old));
    struct hz_engine *fresh;

    (void)state;
    assert_true(now && old);
    good(c, 10, "P1", 95);
    heartbeat(c, 11, "GE");
    observe(c, 12, HZ_OBSERVED_DISK_STALLED, NULL, 1);
    tick(c, 100);
    said_anything(c);
    assert_int_equal(hz_engine_save(c->engine, write_bytes, now), 0);
    make_old(now, old);
    assert_int_equal(hz_engine_new(&fresh), 0);
    case_offer_set(c, fresh, &c->sets[0]->digest);
    assert_int_equal(hz_engine_load(fresh, read_bytes, old), 0);
    struct hz_digest a = hz_engine_digest(c->engine), b = hz_engine_digest(fresh);
    assert_memory_equal(&a, &b, sizeof(a));
    hz_engine_free(fresh);
    free(now);
    free(old);
    case_free(c);
}

/* --- selections --- */

static void views_selections(void **state)
{
    struct hz_view_config view = {.districts = KEYS("330382", "3304")};

    (void)state;
    assert_true(hz_view_selects(&view, "E1", "K1", "330382"));
    assert_true(hz_view_selects(&view, "E1", "", "330382105")); /* a town in it */
    assert_true(hz_view_selects(&view, "E1", "K1", "330402"));
    assert_false(hz_view_selects(&view, "E1", "K1", "330383"));
    assert_false(hz_view_selects(&view, "E1", "K1", "3303"));
    assert_false(hz_view_selects(&view, "E1", "K1", ""));
    view.parks = (struct hz_view_keys)KEYS("K1", "K2");
    assert_true(hz_view_selects(&view, "E1", "K2", "330382"));
    assert_false(hz_view_selects(&view, "E1", "K3", "330382"));
    assert_false(hz_view_selects(&view, "E1", "", "330382"));
    view.enterprises = (struct hz_view_keys)KEYS("E2");
    assert_false(hz_view_selects(&view, "E1", "K2", "330382"));
    assert_true(hz_view_selects(&view, "E2", "K2", "330382"));
    assert_true(hz_view_selects(&(struct hz_view_config){0}, "E1", "", ""));
}

static void views_within(void **state)
{
    struct rule_case *c = world(RULE, three, 3);
    const struct hz_views *views = c->sets[1]->views;
    uint32_t e1 = case_id(c, HZ_NAMED_ENTERPRISE, "E1"), e2 = case_id(c, HZ_NAMED_ENTERPRISE, "E2");
    uint32_t rui = case_id(c, HZ_NAMED_VIEW, "rui"), k2 = case_id(c, HZ_NAMED_VIEW, "k2");

    (void)state;
    assert_true(hz_views_within(views, rui, e1) && !hz_views_within(views, rui, e2));
    assert_true(!hz_views_within(views, k2, e1) && hz_views_within(views, k2, e2));
    assert_true(hz_views_within(views, HZ_VIEW_ALL, e1));
    assert_false(hz_views_within(views, rui, 0) || hz_views_within(views, rui, 99999));
    assert_true(hz_views_have(views, rui) && !hz_views_have(views, HZ_VIEW_ALL));
    assert_int_equal(hz_views_of(views, 0, HZ_DOMAIN_SAFETY).count, 0);
    assert_int_equal(hz_views_of(views, 99999, HZ_DOMAIN_SAFETY).count, 0);
    assert_int_equal(hz_views_of(c->sets[0]->views, e1, HZ_DOMAIN_SAFETY).count, 0);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_places),      cmocka_unit_test(views_of_gateways_and_system),
        cmocka_unit_test(views_come_and_go), cmocka_unit_test(views_of_what_has_left),
        cmocka_unit_test(views_move),        cmocka_unit_test(views_go_on),
        cmocka_unit_test(views_old_state),   cmocka_unit_test(views_selections),
        cmocka_unit_test(views_within),
    };

    return CASE_MAIN("views", tests);
}
