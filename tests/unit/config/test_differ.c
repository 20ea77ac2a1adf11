/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reload says of options: each that differs, by its path and once, whatever its type; elements of
 * lists by their names.
 */
#include "config_case.h"

#include <stdio.h>

#define FEED_B                                                                                     \
    "- name: b\n"                                                                                  \
    "  address: h:1884\n"                                                                          \
    "  client_id: d\n"                                                                             \
    "  filters:\n"                                                                                 \
    "  - filter: b/#\n"                                                                            \
    "    topic: b/{point}\n"

struct row {
    const char *name, *a, *b;
    const char *paths; /* "path path! ": ! needs a restart */
};

static const struct row rows[] = {
    {"nothing", GOOD_FEED, GOOD_FEED, ""},
    {"written as it is by default", GOOD_FEED, GOOD_FEED "journal:\n  stall: 1s\n", ""},
    {"duration", GOOD_FEED, GOOD_FEED "journal:\n  stall: 2s\n", "journal.stall! "},
    {"word", GOOD_FEED, GOOD_FEED "journal:\n  durability: relaxed\n", "journal.durability! "},
    {"choice", GOOD_FEED, GOOD_FEED "language: en\n", "language "},
    {"bool and count", GOOD_FEED, GOOD_FEED "redis:\n  latest: false\n  maxlen: 5000\n",
     "redis.maxlen redis.latest "},
    {"a text that was not there", GOOD_FEED, GOOD_FEED "redis:\n  user: u\n", "redis.user "},
    {"of an element", GOOD_FEED FEED_B, GOOD_FEED FEED_B "  skew: 5s\n", "feeds.b.skew "},
    {"an element that comes", GOOD_FEED, GOOD_FEED FEED_B, "feeds.b "},
    {"an element that goes", GOOD_FEED FEED_B, GOOD_FEED, "feeds.b "},
    {"a filter's option", GOOD_FEED, GOOD_FEED "    qos: 0\n", "feeds.a.filters.hz/#.qos "},
    {"another filter", GOOD_FEED, GOOD_FEED "  - filter: c/#\n    topic: c/{point}\n",
     "feeds.a.filters.c/# "},
};

static void add(void *ctx, const char *path, bool restart)
{
    hz_text_format(ctx, "%s%s ", path, restart ? "!" : "");
}

static void parse(struct parsed *parsed, const char *yaml)
{
    parsed_add(parsed, "hazardd.yaml", yaml);
    parsed_run(parsed);
    if (parsed->code != 0)
        fail_msg("%s", parsed->said);
}

static void each_difference_by_its_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsed *a = parsed_new(), *b = parsed_new();
        char paths[1024] = "";
        struct hz_text text = hz_text_in(paths, sizeof(paths));

        parse(a, rows[i].a);
        parse(b, rows[i].b);
        hz_config_differ(a->config, b->config, add, &text);
        if (strcmp(paths, rows[i].paths) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, paths, rows[i].paths);
        parsed_free(a);
        parsed_free(b);
    }
}

/* --- one connection for both --- */

#define FEED_A(more)                                                                               \
    "- name: a\n  address: h:1883\n  client_id: c\n" more                                          \
    "  filters:\n  - filter: hz/#\n    topic: hz/{point}\n"
#define OTHER_FILTER "  - filter: b/#\n    topic: b/{point}\n"
#define LIST(text)   "feeds:\n" text

static const struct {
    const char *name, *a, *b;
    bool same;
} connections[] = {
    {"the same", LIST(FEED_A("")), LIST(FEED_A("")), true},
    {"what the engine alone asks for", LIST(FEED_A("")),
     LIST(FEED_A("  skew: 5s\n  stale_after: 60s\n  lost_after: 1s\n")), true},
    {"address", LIST(FEED_A("")),
     LIST("- name: a\n  address: h:1884\n  client_id: c\n  filters:\n  - filter: hz/#\n    topic: "
          "hz/{point}\n"),
     false},
    {"keep-alive", LIST(FEED_A("")), LIST(FEED_A("  keepalive: 40s\n")), false},
    {"protocol", LIST(FEED_A("")), LIST(FEED_A("  protocol: 3.1.1\n")), false},
    {"user", LIST(FEED_A("")), LIST(FEED_A("  user: u\n")), false},
    {"a filter more", LIST(FEED_A("")), LIST(FEED_A("") OTHER_FILTER), false},
    {"a filter's format", LIST(FEED_A("")), LIST(FEED_A("") "    stamp: t\n"), false},
    {"filters in another order", LIST(FEED_A("") OTHER_FILTER),
     LIST("- name: a\n  address: h:1883\n  client_id: c\n  filters:\n" OTHER_FILTER
          "  - filter: hz/#\n    topic: hz/{point}\n"),
     false},
    {"the zone of all", LIST(FEED_A("")), "timezone: UTC\n" LIST(FEED_A("")), false},
};

static void one_connection_serves_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
        struct parsed *a = parsed_new(), *b = parsed_new();

        parse(a, connections[i].a);
        parse(b, connections[i].b);
        if (hz_config_same_connection(&a->config->feeds[0], &b->config->feeds[0]) !=
            connections[i].same)
            fail_msg("%s", connections[i].name);
        parsed_free(a);
        parsed_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_difference_by_its_path),
                                       cmocka_unit_test(one_connection_serves_both)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
