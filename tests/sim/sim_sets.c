/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets made up at random: each differs from the others in a few points or in all of them, in rules,
 * gateways, parks and what the feeds say of silence. What must stay true: most of a set is as in the
 * others, else nothing would be left to be kept.
 */
#include "sim_journal.h"

#include <stdio.h>

#define SETS 8u

static const char *any_of(struct sim_random *random, const char *const *list, uint32_t count)
{
    return list[sim_below(random, count)];
}

#define ANY_OF(random, list) any_of(random, list, sizeof(list) / sizeof((list)[0]))

/* What a point has in every set, but for one in so many. */
static const char *nearly(struct sim_random *random, uint32_t usual, const char *const *list,
                          uint32_t count)
{
    return list[sim_once_in(random, 9) ? sim_below(random, count) : usual % count];
}

#define NEARLY(random, usual, list) nearly(random, usual, list, sizeof(list) / sizeof((list)[0]))

/* --- points --- */

static struct case_point any_point(struct sim_random *random, const char *code, uint32_t i,
                                   const struct case_sites *sites)
{
    static const char *const kinds[] = {"level", "level", "level", "gas"};
    static const char *const highs[] = {"80", "80", "75", NULL};
    static const char *const higher[] = {"90", "90", NULL};
    static const char *const lows[] = {"20", NULL, "20"};
    static const char *const intervals[] = {NULL, "2s", "10s"};
    static const char *const patience[] = {NULL, NULL, NULL, "15s", "50s"};
    static const char *const alive[] = {NULL, NULL, "gateway"};
    static const char *const gateways[] = {"GA", "GB", "GA", "GC"};
    static const char *const others[] = {"GE", ""};
    bool first = i % 5 != 4; /* of the first enterprise */
    const char *gateway = first ? NEARLY(random, i, gateways) : NEARLY(random, i / 5, others);

    if (!strstr(sites->gateways, gateway))
        gateway = "GA";
    return (struct case_point){
        .code = code,
        .kind = NEARLY(random, i, kinds),
        .ll = "10",
        .l = NEARLY(random, i, lows),
        .h = NEARLY(random, i / 2, highs),
        .hh = NEARLY(random, i / 3, higher),
        .interval = NEARLY(random, i, intervals),
        .stale_after = NEARLY(random, i, patience),
        .gateway = gateway,
        .alive_by = *gateway ? NEARLY(random, i, alive) : NULL,
    };
}

static void fill_points(struct sim_random *random, const struct case_sites *sites,
                        struct case_point *points, char (*codes)[24], uint32_t most)
{
    static const char *const hazards[] = {"E1/Z1", "E1/Z2", "E1/Z1", "E1/Z1", "E2/Z1"};
    uint32_t missing = 1 + sim_below(random, 20);
    size_t count = 0;

    for (uint32_t i = 0; i < most; i++) {
        snprintf(codes[i], sizeof(codes[i]), "%s/P%02u", hazards[i % 5], i);
        if (!sim_once_in(random, missing + 3))
            points[count++] = any_point(random, codes[i], i, sites);
    }
    points[count] = (struct case_point){0};
}

/* --- the rest --- */

static const struct case_sites *any_sites(struct sim_random *random)
{
    static const struct case_sites sites[] = {
        {"E1,K1,\nE2,K2,\n", "GA,E1,a,20s\nGB,E1,b,\nGC,E1,a,10s\nGD,E1,b,9s\nGE,E2,b,100s\n"},
        {"E1,K1,\nE2,K2,\n", "GA,E1,a,20s\nGB,E1,b,\nGE,E2,b,50s\n"},
        {"E1,K2,\nE2,K2,\n", "GA,E1,a,40s\nGB,E1,b,\nGC,E1,a,10s\nGD,E1,a,9s\nGE,E2,a,100s\n"},
        {"E1,K2,\nE2,K1,\n", "GA,E1,b,20s\nGB,E1,b,5s\nGC,E1,,10s\nGE,E2,b,100s\n"},
    };

    return &sites[sim_below(random, sizeof(sites) / sizeof(sites[0]))];
}

#define LIMITS(select, h)                                                                          \
    "- id: r\n" select "  limits:\n"                                                               \
    "    HH: {severity: red, delay: 3s, clear_delay: 4s}\n"                                        \
    "    H: {severity: orange, " h "}\n"                                                           \
    "    L: {severity: yellow}\n"                                                                  \
    "    LL: {severity: orange, clear_delay: 9s}\n"                                                \
    "  deadband: 2\n"
#define LEVELS "  select: {kind: level}\n"
#define FEWER                                                                                      \
    "- id: r\n"                                                                                    \
    "  limits: {HH: {severity: red, delay: 5s, clear_delay: 4s}, L: {severity: yellow, delay: "    \
    "2s}}\n"                                                                                       \
    "  deadband: 1\n"
#define WATCHED(stale) "  invalid: {severity: yellow, after: 5s}\n" stale
#define STALE(after)   "  stale: {severity: blue, after: " after "}\n"
#define TRIAL                                                                                      \
    "- id: s\n"                                                                                    \
    "  mode: trial\n"                                                                              \
    "  limits: {H: {severity: red, fallback: 60}, L: {severity: blue, fallback: 30}}\n"            \
    "  stale: {severity: yellow}\n"
#define SILENT(after)                                                                              \
    "- id: g\n"                                                                                    \
    "  each: gateway\n"                                                                            \
    "  silent: {after: {" after "}}\n"                                                             \
    "  severity: orange\n"

/* A rule of limits, perhaps one on trial, perhaps one of gateways. */
static const char *any_rules(struct sim_random *random)
{
    static const char *const limits[] = {LIMITS(LEVELS, "delay: 7s, clear_delay: 2s"),
                                         LIMITS(LEVELS, "delay: 12s, clear_delay: 6s"), FEWER};
    static const char *const watched[] = {WATCHED(STALE("40s")), WATCHED(STALE("25s")),
                                          WATCHED("")};
    static const char *const trials[] = {TRIAL, ""};
    static const char *const silent[] = {SILENT("intervals: 2, at_least: 20s, at_most: 100s"),
                                         SILENT("intervals: 1, at_least: 10s, at_most: 60s"), ""};
    static char text[2048];
    bool limited = !sim_once_in(random, 5);

    snprintf(text, sizeof(text), "%s%s%s%s", limited ? ANY_OF(random, limits) : "",
             limited ? ANY_OF(random, watched) : "", limited ? ANY_OF(random, trials) : TRIAL,
             ANY_OF(random, silent));
    return text;
}

static const char *any_settings(struct sim_random *random)
{
    static const char *const settings[] = {
        "  skew: 20s\n  lost_after: 5s\n",
        "  skew: 20s\n  lost_after: 9s\n  stale_after: 45s\n",
        "  skew: 5s\n  lost_after: 5s\n  stale_after: 20s\n",
    };

    return ANY_OF(random, settings);
}

#define KEYS(...)                                                                                  \
    {                                                                                              \
        (const char *const[]){__VA_ARGS__},                                                        \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                            \
    }

static const struct hz_view_config first_views[] = {
    {.name = "k1", .parks = KEYS("K1")},
    {.name = "county", .districts = KEYS("330382"), .domains = 1 << HZ_DOMAIN_SAFETY},
    {.name = "e2", .enterprises = KEYS("E2", "E9")},
};
static const struct hz_view_config other_views[] = {
    {.name = "city", .districts = KEYS("3303")},
    {.name = "k1", .parks = KEYS("K2", "K1"), .enterprises = KEYS("E1")},
    {.name = "env", .domains = 1 << HZ_DOMAIN_ENV},
};

/* Views come, go, come back, and select others; some sets have none. */
static void any_views(struct sim_random *random, struct rule_case *world)
{
    static const struct {
        const struct hz_view_config *list;
        uint32_t count;
    } views[] = {{first_views, 3}, {other_views, 3}, {first_views, 2}, {NULL, 0}};
    uint32_t at = sim_below(random, sizeof(views) / sizeof(views[0]));

    case_views(world, views[at].list, views[at].count);
}

struct rule_case *sim_sets_new(uint64_t seed, uint32_t most)
{
    struct sim_random random = {seed ^ UINT64_C(0x5e75)};
    struct rule_case *world = case_bare("");
    struct case_point *points = calloc(most + 1, sizeof(*points));
    char(*codes)[24] = calloc(most, sizeof(*codes));
    const char *rules = NULL;

    assert_non_null(points);
    assert_non_null(codes);
    for (unsigned i = 0; i < SETS; i++) {
        if (!rules || !sim_once_in(&random, 3))
            rules = any_rules(&random);
        if (i == 0 || sim_once_in(&random, 2))
            world->sites = any_sites(&random);
        if (i == 0 || sim_once_in(&random, 3))
            world->feed_settings = any_settings(&random);
        any_views(&random, world);
        fill_points(&random, world->sites, points, codes, most);
        (void)case_build(world, rules, points);
    }
    free(points);
    free(codes);
    return world;
}
