/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets from files in memory, transitions by hand.
 */
#include "publish_case.h"

#include "hz_clock.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static const char rules[] = "schema: 1\n"
                            "rules:\n"
                            "- id: tank-level\n"
                            "  name: {zh: 储罐液位, en: tank level}\n"
                            "  mode: live\n"
                            "  domain: safety\n"
                            "  select: {kind: level}\n"
                            "  limits:\n"
                            "    HH: {severity: red, delay: 5s}\n"
                            "    H: {severity: orange, delay: 30s}\n"
                            "  stale: {severity: yellow}\n"
                            "  route: [enterprise-duty, park-duty]\n"
                            "  message:\n"
                            "    zh: \"{enterprise} {hazard} {point} {value}{unit}，{level}（限值 "
                            "{limit}{unit}），已持续 {for}\"\n"
                            "    en: \"{enterprise} {hazard} {point} {value} {unit}: {level} "
                            "(limit {limit} {unit}) for {for}\"\n"
                            "  advice: {zh: 停止进料。}\n"
                            "- id: gateway-silent\n"
                            "  name: {zh: 网关离线, en: gateway silent}\n"
                            "  mode: live\n"
                            "  domain: system\n"
                            "  each: gateway\n"
                            "  silent: {after: {intervals: 3, at_least: 60s, at_most: 10min}}\n"
                            "  severity: orange\n";

static const char parks[] = "code,name,district,lon,lat\n"
                            "330382P01,乐清湾园区,330382,120.9,28.0\n";
static const char enterprises[] = "code,name,park,district,status,ext,lon,lat\n"
                                  "E1,某某化工有限公司,330382P01,,running,ent-ext,120.95,28.05\n"
                                  "E2,第二化工,,330383,running,,,\n";
static const char hazards[] = "enterprise,code,name,level,kind,plan,camera,lon,lat\n"
                              "E1,TF1,液氨罐区,1,tank-farm,plan-7,cam-3,120.9712,28.0431\n"
                              "E1,TF2,,2,process,,,,\n"
                              "E2,TF1,,4,store,,,,\n";
static const char gateways[] = "code,enterprise,name,interval\n"
                               "gw01,E1,一号网关,60s\n"
                               "gw02,E2,,60s\n";

static void add(struct hz_files *files, const char *path, const char *text)
{
    assert_int_equal(hz_files_add(files, path, text, strlen(text)), 0);
}

static void add_points(struct hz_files *files, unsigned points)
{
    static char text[16384];
    struct hz_text to = hz_text_in(text, sizeof(text));

    hz_text_puts(
        &to,
        "enterprise,hazard,code,name,gateway,kind,unit,range_low,range_high,H,HH,tag,ext_code\n"
        "E2,TF1,P01,,gw02,level,m,0,10,8,9,,\n"
        "E1,TF2,P01,");
    for (unsigned i = 0; i < HZ_NAME_BYTES_MAX / 3; i++)
        hz_text_puts(&to, "液"); /* the longest name that there can be */
    hz_text_puts(&to, ",gw01,level,m,0,10,8,9,,\n");
    for (unsigned i = 1; i <= points; i++)
        hz_text_format(&to,
                       "E1,TF1,P%02u,%u#液氨球罐液位,gw01,level,%%,0,100,85,90,LT-%uA,ext-%u\n", i,
                       i, 100 + i, i);
    assert_false(to.overflow);
    add(files, "points.csv", text);
}

static void show(const struct hz_diagnostics *diagnostics)
{
    for (uint32_t i = 0; i < diagnostics->kept_count; i++) {
        char line[1024];
        struct hz_text text = hz_text_in(line, sizeof(line));
        hz_diagnostic_write(&diagnostics->kept[i], &text);
        fprintf(stderr, "%s\n", line);
    }
}

struct hz_set *case_set(struct publish_case *c, const char *language, unsigned points)
{
    struct hz_files files;
    struct hz_diagnostics diagnostics;
    struct hz_set *set = NULL;
    char config[512];

    (void)snprintf(config, sizeof(config),
                   "schema: 1\nlanguage: %s\nfeeds:\n- name: city\n  address: 127.0.0.1:1883\n"
                   "  client_id: test\n  filters:\n  - filter: hz/+/+/+\n"
                   "    topic: \"hz/{enterprise}/{hazard}/{point}\"\n",
                   language);
    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    add(&files, "hazardd.yaml", config);
    add(&files, "rules.d/rules.yaml", rules);
    add(&files, "parks.csv", parks);
    add(&files, "enterprises.csv", enterprises);
    add(&files, "hazards.csv", hazards);
    add(&files, "gateways.csv", gateways);
    add_points(&files, points);
    if (hz_set_build(&files, c->names, &diagnostics, &set) != 0)
        show(&diagnostics);
    assert_non_null(set);
    hz_registry_drop_limits(set->registry);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
    return set;
}

void case_init(struct publish_case *c, const char *language)
{
    *c = (struct publish_case){.wall_ms = CASE_WALL_MS, .random = 88172645463325252u};
    assert_int_equal(hz_names_new(&c->names), 0);
    c->set = case_set(c, language, CASE_POINTS);
}

void case_done(struct publish_case *c)
{
    hz_set_unref(c->set);
    hz_names_free(c->names);
    *c = (struct publish_case){0};
}

struct hz_set *case_use_views(struct publish_case *c, const struct hz_view_config *views,
                              uint32_t count)
{
    struct hz_set *before = c->set;

    c->set = case_set(c, "zh", CASE_POINTS);
    hz_views_free(c->set->views);
    assert_int_equal(hz_views_build(views, count, c->set->registry, c->names, &c->set->views), 0);
    return before;
}

/* As the engine does it. */
static void take_views(struct publish_case *c, struct hz_transition *t)
{
    struct hz_view_list list =
        hz_views_of(c->set->views, case_id(c, HZ_NAMED_ENTERPRISE, "E1"), t->domain);

    for (uint32_t i = 0; i < list.count; i++) {
        uint32_t view = list.ids[i];
        t->places[t->place_count++] = (struct hz_view_place){
            .view = view, .n = ++c->views[view].n, .before = c->views[view].id};
        c->views[view].id = t->id;
    }
}

uint32_t case_id(const struct publish_case *c, enum hz_named_kind kind, const char *key)
{
    uint32_t id = hz_names_find(c->names, kind, key, strlen(key));

    if (id == 0)
        fail_msg("no %s %s", hz_named_kind_word(kind), key);
    return id;
}

struct hz_transition case_raise(const struct publish_case *c)
{
    struct hz_transition t = {
        .seq = 4711,
        .index = 2,
        .place_count = 1,
        .id = {CASE_WALL_MS, 1},
        .number = 17,
        .alarm = (uint64_t)42 << 32 | 7,
        .point = case_id(c, HZ_NAMED_POINT, "E1/TF1/P01"),
        .rule = case_id(c, HZ_NAMED_RULE, "tank-level"),
        .event = HZ_EVENT_RAISE,
        .state = HZ_STATE_UNACK,
        .prev = HZ_STATE_NORMAL,
        .severity = HZ_SEVERITY_RED,
        .kind = HZ_KIND_LIMIT,
        .side = HZ_SIDE_HIGH,
        .level = HZ_LEVEL_HH,
        .domain = HZ_DOMAIN_SAFETY,
        .mode = HZ_MODE_LIVE,
        .active = 1,
        .ring = 1,
        .value_kind = HZ_VALUE_F64,
        .t_ns = (CASE_WALL_MS + 123) * HZ_NS_PER_MS,
        .wall_ns = CASE_WALL_MS * HZ_NS_PER_MS,
        .source_ms = CASE_WALL_MS - 300,
        .arrival_ns = CASE_WALL_MS * HZ_NS_PER_MS,
        .raise_ns = (CASE_WALL_MS + 123) * HZ_NS_PER_MS,
        .for_ns = 5 * HZ_NS_PER_S,
        .value.f64 = 90.41,
        .limit = 90,
    };

    t.places[0] = (struct hz_view_place){.view = 1, .n = 17, .before = {CASE_WALL_MS, 0}};
    return t;
}

struct hz_entry *case_render(const struct publish_case *c, const struct hz_transition *transition)
{
    struct hz_entry *entry = aligned_alloc(8, HZ_ENTRY_BYTES_MAX);

    assert_non_null(entry);
    uint32_t bytes = hz_entry_render(c->set, transition, entry);
    assert_int_equal(bytes, entry->bytes);
    return entry;
}

const char *case_value(const struct hz_entry *entry, enum hz_entry_field field)
{
    static char kept[8][8192];
    static unsigned next;
    struct hz_slice values[HZ_FIELD_COUNT];
    char *to = kept[next++ % 8];

    assert_true(hz_entry_values(entry, entry->bytes, values));
    assert_true(values[field].length < sizeof(kept[0]));
    memcpy(to, values[field].at, values[field].length);
    to[values[field].length] = '\0';
    return to;
}

/* xorshift64 */
static uint64_t draw(struct publish_case *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random;
}

struct hz_entry *case_next(struct publish_case *c)
{
    unsigned at = (unsigned)(draw(c) % CASE_POINTS);
    struct hz_transition t = case_raise(c);
    char key[32];

    (void)snprintf(key, sizeof(key), "E1/TF1/P%02u", at + 1);
    t.point = case_id(c, HZ_NAMED_POINT, key);
    t.number = ++c->number;
    t.seq = t.number * 10;
    t.places[0].n = t.number;
    t.places[0].before = c->last;
    t.id = (struct hz_stream_id){c->wall_ms, 0};
    if (c->wall_ms == c->last.ms)
        t.id.k = c->last.k + 1;
    if (c->set->views->count > 0 && at % 2 != 0)
        t.domain = HZ_DOMAIN_ENV;
    take_views(c, &t);
    c->last = t.id;
    c->wall_ms += (int64_t)(draw(c) % 2);
    t.severity = HZ_SEVERITY_ORANGE; /* red ones go to the system's journal as well */
    t.value.f64 = (double)(draw(c) % 10000) / 100;
    if (c->alarms[at] == 0) {
        c->alarms[at] = (uint64_t)42 << 32 | ++c->episodes;
    } else if (draw(c) % 3 == 0) {
        t.event = HZ_EVENT_ACK;
        t.state = HZ_STATE_ACK;
    } else {
        t.event = HZ_EVENT_CLEAR;
        t.state = HZ_STATE_NORMAL;
        t.active = 0;
    }
    t.alarm = c->alarms[at];
    if (t.state == HZ_STATE_NORMAL)
        c->alarms[at] = 0;
    return case_render(c, &t);
}
