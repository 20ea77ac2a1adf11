/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as each of the registry's files, beside good others: a set or errors, never both and never
 * neither. A refused set leaves no ids, a set that is taken can be read through.
 */
#include "fuzz.h"

#include "hz_set.h"

#include <math.h>
#include <stdlib.h>

static const char config[] = "feeds:\n- {name: f, address: 'h:1', client_id: c, filters: "
                             "[{filter: '#', topic: '{point}', key: 'E/H/{point}'}]}\n";

static const struct {
    const char *path, *text;
} good[] = {
    {"enterprises.csv", "code\nE\n"},
    {"gateways.csv", "code,enterprise\nG,E\n"},
    {"hazardd.yaml", config},
    {"hazards.csv", "enterprise,code\nE,H\n"},
    {"parks.csv", "code\nP\n"},
    {"points.csv", "hazard,code,tag\nE/H,P1,T\n"},
    {"points.d/E.csv", "hazard,code\nH,P2\n"},
};

static void look_at(const struct hz_set *set)
{
    const struct hz_registry *registry = set->registry;
    uint32_t seen = 0;

    for (uint32_t id = 0; id < hz_registry_point_end(registry); id++) {
        const struct hz_point *point = hz_registry_point(registry, id);
        const struct hz_point_limits *limits = hz_registry_limits(registry, id);
        double below = -HUGE_VAL;

        if (!point)
            continue;
        seen++;
        (void)hz_registry_has_tag(registry, point, "tank");
        (void)hz_registry_string(registry, point->name);
        if (!limits || !hz_registry_hazard(registry, point->hazard) ||
            (point->gateway && !hz_registry_gateway(registry, point->gateway)))
            abort();
        for (int level = HZ_LEVEL_LL; level < HZ_LEVEL_END; level++)
            if (!isnan(limits->limit[level])) {
                if (limits->limit[level] <= below)
                    abort();
                below = limits->limit[level];
            }
    }
    if (seen != hz_registry_point_total(registry))
        abort();
}

static void check(const struct hz_diagnostics *diagnostics, const struct hz_set *set, int code)
{
    char text[4096];

    if ((code == 0) != (set != NULL) || (code == 0) != (diagnostics->errors == 0))
        abort();
    for (uint32_t i = 0; i < diagnostics->kept_count; i++) {
        struct hz_text to = hz_text_in(text, sizeof(text));

        hz_diagnostic_write(&diagnostics->kept[i], &to);
    }
    if (set)
        look_at(set);
}

/* Names are made anew now and then only: they are a large piece of address space. */
static struct hz_names *names_for_some_runs(void)
{
    static struct hz_names *names;
    static unsigned runs;

    if (runs++ % 1000 == 0) {
        hz_names_free(names);
        if (hz_names_new(&names) < 0)
            abort();
    }
    return names;
}

static uint32_t ids_given(const struct hz_names *names)
{
    uint32_t all = 0;

    for (int kind = 1; kind < HZ_NAMED_END; kind++)
        all += hz_names_count(names, (enum hz_named_kind)kind);
    return all;
}

static void try_as(size_t file, const uint8_t *data, size_t size)
{
    struct hz_diagnostics diagnostics;
    struct hz_names *names = names_for_some_runs();
    uint32_t before = ids_given(names);
    struct hz_files files;
    struct hz_set *set = NULL;
    int code = 0;

    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]) && code == 0; i++)
        code = i == file ? hz_files_add(&files, good[i].path, data, size)
                         : hz_files_add(&files, good[i].path, good[i].text, strlen(good[i].text));
    if (code == 0) {
        code = hz_set_build(&files, names, &diagnostics, &set);
        check(&diagnostics, set, code);
        if (code < 0 && ids_given(names) > before)
            abort();
    }
    hz_set_unref(set);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
}

/* The first byte says which file the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t files[] = {0, 1, 3, 4, 5, 6};

    if (size > 0)
        try_as(files[data[0] % 6], data + 1, size - 1);
    return 0;
}
