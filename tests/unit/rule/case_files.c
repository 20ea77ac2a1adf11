/* SPDX-License-Identifier: Apache-2.0
 *
 * The world as files: what an operator would write, from a test's rules and rows.
 */
#include "case_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES ((size_t)16 << 20)

static void add_file(struct hz_files *files, const char *path, const char *text)
{
    assert_int_equal(hz_files_add(files, path, text, strlen(text)), 0);
}

/* Views are no part of the files here: a note makes sets with different ones different. */
static void add_config(struct hz_files *files, const struct rule_case *c)
{
    char text[2048];
    struct hz_text yaml = hz_text_in(text, sizeof(text));
    const char *settings = c->feed_settings;

    if (c->view_count > 0)
        hz_text_format(&yaml, "# %zu\n", c->set_count);
    hz_text_puts(&yaml, "feeds:\n");
    for (char feed = 'a'; feed <= 'b'; feed++)
        hz_text_format(&yaml,
                       "- name: %c\n"
                       "  address: %c:1883\n"
                       "  client_id: %c\n"
                       "%s"
                       "  filters:\n"
                       "  - filter: hz/#\n"
                       "    topic: hz/{enterprise}/{hazard}/{point}\n",
                       feed, feed, feed, settings);
    assert_false(yaml.overflow);
    add_file(files, "hazardd.yaml", text);
}

static void add_rules(struct hz_files *files, const char *rules)
{
    size_t size = strlen(rules) + 64;
    char *text = malloc(size);

    assert_non_null(text);
    snprintf(text, size, "schema: 1\nrules:\n%s", rules);
    add_file(files, "rules.d/rules.yaml", text);
    free(text);
}

static const char *cell(const char *text)
{
    return text ? text : "";
}

static void add_row(struct hz_text *csv, const struct case_point *point)
{
    const char *slash = strrchr(point->code, '/');
    const char *gateway = point->gateway ? point->gateway : slash ? "" : "GA";
    const char *hazard = slash ? point->code : "E1/Z1";
    int length = slash ? (int)(slash - point->code) : (int)strlen(hazard);

    hz_text_format(csv, "%.*s,%s,%s,", length, hazard, slash ? slash + 1 : point->code, gateway);
    hz_text_format(csv, "%s,%s,%s,%s,", point->kind ? point->kind : "level", cell(point->tags),
                   cell(point->range_low), cell(point->range_high));
    hz_text_format(csv, "%s,%s,%s,%s,%s,", cell(point->ll), cell(point->l), cell(point->h),
                   cell(point->hh), cell(point->deadband));
    hz_text_format(csv, "%s,%s,%s,%s,%s\n", cell(point->delay), cell(point->interval),
                   cell(point->stale_after), cell(point->alive_by), cell(point->mode));
}

static void add_points(struct hz_files *files, const struct case_point *points)
{
    char *text = malloc(FILE_BYTES);
    struct hz_text csv = hz_text_in(text, FILE_BYTES);

    assert_non_null(text);
    hz_text_puts(&csv, "hazard,code,gateway,kind,tags,range_low,range_high,LL,L,H,HH,deadband,"
                       "delay,interval,stale_after,alive_by,mode\n");
    for (; points->code; points++)
        add_row(&csv, points);
    assert_false(csv.overflow);
    add_file(files, "points.csv", text);
    free(text);
}

static const struct case_sites usual_sites = {
    .enterprises = "E1,K1,\nE2,K2,330300\n",
    .gateways = "GA,E1,a,20s\nGB,E1,b,\nGE,E2,b,100s\n",
};

static void add_table(struct hz_files *files, const char *path, const char *columns,
                      const char *rows)
{
    char text[1024];

    assert_true((size_t)snprintf(text, sizeof(text), "%s\n%s", columns, rows) < sizeof(text));
    add_file(files, path, text);
}

void case_files(struct hz_files *files, const char *rules, const struct case_point *points,
                const struct rule_case *c)
{
    const struct case_sites *sites = c->sites ? c->sites : &usual_sites;

    hz_files_init(files);
    add_config(files, c);
    add_rules(files, rules);
    add_points(files, points);
    add_file(files, "parks.csv", "code,district\nK1,330382\nK2,330383\n");
    add_table(files, "enterprises.csv", "code,park,district", sites->enterprises);
    add_file(files, "hazards.csv", "enterprise,code,level\nE1,Z1,1\nE1,Z2,3\nE2,Z1,2\n");
    add_table(files, "gateways.csv", "code,enterprise,feed,interval", sites->gateways);
}

void case_print(const struct hz_diagnostics *all)
{
    char text[1024];

    for (uint32_t i = 0; i < all->kept_count; i++) {
        struct hz_text line = hz_text_in(text, sizeof(text));
        hz_diagnostic_write(&all->kept[i], &line);
        print_error("%s\n", text);
    }
}
