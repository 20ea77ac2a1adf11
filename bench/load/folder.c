/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration that fits what is sent: one rule with the limit and deadband of load.h and no
 * delays, so that each crossing is one transition at once; filters for all three formats, so that one
 * folder serves them all. No point has an interval: nothing is stale while a test looks elsewhere.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_main(FILE *to, const struct load_options *options)
{
    fprintf(to,
            "# hazardd for hazard-load: %" PRIu64 " enterprises of %" PRIu64 " points\n"
            "redis:\n"
            "  address: %s\n"
            "feeds:\n"
            "- name: load\n"
            "  address: %s\n"
            "  client_id: hazardd-load\n"
            "  clean_session: true\n"
            "  receive_maximum: 65535\n"
            "  filters:\n"
            "  - filter: \"hz/+/map\"\n"
            "    qos: %" PRIu64 "\n"
            "    topic: hz/{enterprise}/map\n"
            "    key: \"{enterprise}/{name}\"\n"
            "    format: map\n"
            "    values: values\n"
            "  - filter: \"hz/+/array\"\n"
            "    qos: %" PRIu64 "\n"
            "    topic: hz/{enterprise}/array\n"
            "    key: \"{enterprise}/{name}\"\n"
            "    format: array\n"
            "  - filter: \"hz/+/+/+\"\n"
            "    qos: %" PRIu64 "\n"
            "    topic: hz/{enterprise}/{hazard}/{point}\n",
            options->enterprises, options->points, options->redis, options->address, options->qos,
            options->qos, options->qos);
}

static void write_rules(FILE *to, const struct load_options *options)
{
    (void)options;
    fprintf(to,
            "schema: 1\n"
            "rules:\n"
            "- id: load-high\n"
            "  name: {zh: 负载上限, en: load high}\n"
            "  mode: live\n"
            "  domain: safety\n"
            "  select: {kind: load}\n"
            "  limits:\n"
            "    H: {severity: orange, fallback: %g}\n"
            "  deadband: %g\n",
            LOAD_LIMIT / 100.0, LOAD_DEADBAND / 100.0);
}

static void write_enterprises(FILE *to, const struct load_options *options)
{
    char code[LOAD_KEY_BYTES];

    fprintf(to, "code,name\n");
    for (uint64_t i = 0; i < options->enterprises; i++) {
        struct hz_text text = hz_text_in(code, sizeof(code));
        load_enterprise_code(i, &text);
        fprintf(to, "%s,负载企业%" PRIu64 "\n", code, i + 1);
    }
}

static void write_hazards(FILE *to, const struct load_options *options)
{
    const uint64_t hazards = (options->points + LOAD_HAZARD_POINTS - 1) / LOAD_HAZARD_POINTS;
    char code[LOAD_KEY_BYTES];

    fprintf(to, "enterprise,code,name,level,kind\n");
    for (uint64_t i = 0; i < options->enterprises; i++) {
        struct hz_text text = hz_text_in(code, sizeof(code));
        load_enterprise_code(i, &text);
        for (uint64_t hazard = 1; hazard <= hazards; hazard++)
            fprintf(to, "%s,H%02" PRIu64 ",%" PRIu64 "号罐区,%" PRIu64 ",tank-farm\n", code, hazard,
                    hazard, (i + hazard) % 4 + 1);
    }
}

static void write_gateways(FILE *to, const struct load_options *options)
{
    char code[LOAD_KEY_BYTES];

    fprintf(to, "code,enterprise,feed\n");
    for (uint64_t i = 0; i < options->enterprises; i++) {
        struct hz_text text = hz_text_in(code, sizeof(code));
        load_enterprise_code(i, &text);
        fprintf(to, "G-%s,%s,load\n", code, code);
    }
}

static void write_points(FILE *to, const struct load_options *options)
{
    char enterprise[LOAD_KEY_BYTES], point[LOAD_KEY_BYTES];

    fprintf(to, "enterprise,hazard,code,name,kind,unit,range_low,range_high\n");
    for (uint64_t i = 0; i < options->enterprises; i++) {
        struct hz_text text = hz_text_in(enterprise, sizeof(enterprise));
        load_enterprise_code(i, &text);
        for (uint64_t k = 0; k < options->points; k++) {
            struct hz_text code = hz_text_in(point, sizeof(point));
            load_point_code(k, &code);
            char *slash = strchr(point, '/');
            fprintf(to, "%s,%.*s,%s,%" PRIu64 "#测点,load,%%,0,100\n", enterprise,
                    (int)(slash - point), point, slash + 1, k + 1);
        }
    }
}

static int write_file(const struct load_options *options, const char *name,
                      void (*write)(FILE *to, const struct load_options *options))
{
    char path[4096];

    if (snprintf(path, sizeof(path), "%s/%s", options->folder, name) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    /* hazardd refuses files that anybody may write, whatever the umask here. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!file)
        return -errno;
    write(file, options);
    int failed = ferror(file);
    return fclose(file) != 0 || failed ? -EIO : 0;
}

int load_write_folder(const struct load_options *options)
{
    static const struct {
        const char *name;
        void (*write)(FILE *to, const struct load_options *options);
    } files[] = {{"hazardd.yaml", write_main},           {"rules.d/load.yaml", write_rules},
                 {"enterprises.csv", write_enterprises}, {"hazards.csv", write_hazards},
                 {"gateways.csv", write_gateways},       {"points.csv", write_points}};
    char path[4096];
    int result = 0;

    if (snprintf(path, sizeof(path), "%s/rules.d", options->folder) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    if ((mkdir(options->folder, 0755) != 0 && errno != EEXIST) ||
        (mkdir(path, 0755) != 0 && errno != EEXIST))
        return -errno;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && result == 0; i++)
        result = write_file(options, files[i].name, files[i].write);
    return result;
}
