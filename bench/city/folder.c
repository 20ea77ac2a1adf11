/* SPDX-License-Identifier: Apache-2.0
 *
 * The city's configuration folder: hazardd.yaml, the registry, and the shipped rules with every delay
 * and every time of patience divided by QUICKER. Dividing them while they are copied, instead of
 * keeping a second set, holds the demonstration true to what is shipped.
 */
#include "city.h"

#include "hz_error.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUICKER    10
#define PATH_BYTES 4096
#define RULE_BYTES (1u << 20) /* of a shipped file, far above */

/* hazardd refuses files that anybody may write, whatever the umask here. */
static FILE *create(const struct city_folder *folder, const char *name, const char *below)
{
    char path[PATH_BYTES];

    if (snprintf(path, sizeof(path), "%s/%s%s", folder->folder, below, name) >= PATH_BYTES) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd >= 0 ? fdopen(fd, "w") : NULL;
}

static int finish(FILE *file)
{
    int failed = ferror(file);

    return fclose(file) != 0 || failed ? -EIO : 0;
}

/* --- hazardd.yaml and the registry --- */

static void write_main(FILE *to, const struct city *city, const struct city_folder *folder)
{
    fprintf(to,
            "# hazardd for the simulated city: %u enterprises, %u points\n"
            "redis:\n"
            "  address: %s\n"
            "  heartbeat: 2s\n"
            "feeds:\n"
            "- name: city\n"
            "  address: %s\n"
            "  client_id: hazardd-city\n"
            "  filters:\n"
            "  # most gateways: a message a value\n"
            "  - filter: \"hz/+/+/+\"\n"
            "    topic: hz/{enterprise}/{hazard}/{point}\n"
            "  # one in five: all its values in a map, as ThingsBoard's devices send them\n"
            "  - filter: \"v1/+/+/telemetry\"\n"
            "    topic: v1/{enterprise}/{gateway}/telemetry\n"
            "    key: \"{enterprise}/{name}\"\n"
            "    format: map\n"
            "    values: values\n"
            "  # all: a sign of life\n"
            "  - filter: \"hb/+\"\n"
            "    topic: hb/{gateway}\n"
            "    format: heartbeat\n"
            "    qos: 0\n",
            city->enterprise_count, city->point_count, folder->redis, folder->address);
}

static void write_parks(FILE *to, const struct city *city, const struct city_folder *folder)
{
    (void)city, (void)folder;
    fputs("code,name,district\n", to);
    for (unsigned park = 0; park < CITY_DISTRICTS * CITY_PARKS_DISTRICT; park++) {
        char code[CITY_CODE_BYTES], name[CITY_NAME_BYTES];
        struct hz_text code_text = hz_text_in(code, sizeof(code));
        struct hz_text name_text = hz_text_in(name, sizeof(name));
        city_park_code(park, &code_text);
        city_park_name(park, &name_text);
        fprintf(to, "%s,%s,%s\n", code, name, city_district_code(park));
    }
}

static void write_enterprises(FILE *to, const struct city *city, const struct city_folder *folder)
{
    (void)folder;
    fputs("code,name,park,status,lon,lat\n", to);
    for (uint32_t i = 0; i < city->enterprise_count; i++) {
        const struct city_enterprise *one = &city->enterprises[i];
        char park[CITY_CODE_BYTES];
        struct hz_text text = hz_text_in(park, sizeof(park));
        city_park_code(one->park, &text);
        fprintf(to, "%s,%s,%s,running,%.5f,%.5f\n", one->code, one->name, park, one->lon, one->lat);
    }
}

static void write_hazards(FILE *to, const struct city *city, const struct city_folder *folder)
{
    (void)folder;
    fputs("enterprise,code,name,level,kind,lon,lat,plan,camera\n", to);
    for (uint32_t i = 0; i < city->enterprise_count; i++) {
        const struct city_enterprise *one = &city->enterprises[i];
        for (unsigned k = 0; k < 4 && one->trade->units[k]; k++) {
            const struct city_unit *unit = one->trade->units[k];
            char code[CITY_CODE_BYTES];
            struct hz_text text = hz_text_in(code, sizeof(code));
            city_unit_code(one->trade, k, &text);
            /* About 100 m from each other on the site. */
            fprintf(to, "%s,%s,%s,%u,%s,%.5f,%.5f,预案-%s-%s,cam-%s-%s\n", one->code, code,
                    unit->name, unit->level, unit->kind, one->lon + 0.001 * k,
                    one->lat - 0.0008 * k, one->code, code, one->code, code);
        }
    }
}

static void write_gateways(FILE *to, const struct city *city, const struct city_folder *folder)
{
    (void)folder;
    fputs("code,enterprise,name,feed,client_id,heartbeat_topic,interval\n", to);
    for (uint32_t i = 0; i < city->enterprise_count; i++) {
        const struct city_enterprise *one = &city->enterprises[i];
        fprintf(to, "GW%s,%s,中控室1号,city,gw-%s,hb/GW%s,%ds\n", one->code, one->code, one->code,
                one->code, CITY_INTERVAL_MS / 1000);
    }
}

static void put_cell(FILE *to, double number)
{
    if (isnan(number))
        fputc(',', to);
    else
        fprintf(to, ",%g", number);
}

static void write_point(FILE *to, const struct city_enterprise *enterprise,
                        const struct city_point *point)
{
    const struct city_measure *measure = point->measure;
    char unit[CITY_CODE_BYTES], code[CITY_CODE_BYTES], tag[CITY_CODE_BYTES], name[CITY_NAME_BYTES];
    struct hz_text texts[] = {hz_text_in(unit, sizeof(unit)), hz_text_in(code, sizeof(code)),
                              hz_text_in(tag, sizeof(tag)), hz_text_in(name, sizeof(name))};

    city_unit_code(enterprise->trade, point->unit, &texts[0]);
    city_point_code(point, &texts[1]);
    city_point_tag(point, &texts[2]);
    city_point_name(point, &texts[3]);
    fprintf(to, "%s,%s,%s,%s,%s,%s,%s,%s,%s", enterprise->code, unit, code, name, measure->kind,
            measure->tags, tag, point->part->cas, measure->unit);
    put_cell(to, measure->range_low);
    put_cell(to, measure->range_high);
    for (int level = 0; level < CITY_LEVELS; level++)
        put_cell(to, measure->limits[level]);
    fprintf(to, ",%ds\n", CITY_INTERVAL_MS / 1000);
}

static void write_points(FILE *to, const struct city *city, const struct city_folder *folder)
{
    (void)folder;
    fputs("enterprise,hazard,code,name,kind,tags,tag,cas,unit,range_low,range_high,LL,L,H,HH,"
          "interval\n",
          to);
    for (uint32_t i = 0; i < city->enterprise_count; i++) {
        const struct city_enterprise *one = &city->enterprises[i];
        for (uint32_t k = 0; k < one->count; k++)
            write_point(to, one, &city->points[one->first + k]);
    }
}

/* --- the rules --- */

/* The value behind "delay:" and its like at `at`, when it is a time: its length, and *ret_ms. */
static size_t time_at(const char *at, double *ret_ms)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"min", 60000}, {"s", 1000}};
    char *end;
    double number;

    if (!isdigit((unsigned char)*at))
        return 0;
    number = strtod(at, &end);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t length = strlen(units[i].unit);
        if (strncmp(end, units[i].unit, length) == 0 && !isalpha((unsigned char)end[length])) {
            *ret_ms = number * units[i].ms;
            return (size_t)(end - at) + length;
        }
    }
    return 0;
}

/* The length of a key with a time behind it, colon and spaces included, when one stands here. */
static size_t key_at(const char *text, const char *at)
{
    static const char *const keys[] = {"delay:", "clear_delay:", "after:", "at_least:", "at_most:"};

    if (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
        return 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t length = strlen(keys[i]);
        if (strncmp(at, keys[i], length) == 0)
            return length + strspn(at + length, " ");
    }
    return 0;
}

static void put_time(FILE *to, double ms)
{
    if (fmod(ms, 1000) == 0)
        fprintf(to, "%.0fs", ms / 1000);
    else
        fprintf(to, "%.0fms", ms);
}

static void copy_quicker(const char *text, const char *name, FILE *to)
{
    fprintf(to, "# DEMONSTRATION: config/rules.d/%s with all times divided by %d.\n", name,
            QUICKER);
    for (const char *at = text; *at != '\0';) {
        size_t key = key_at(text, at);
        double ms = 0;
        size_t length = key > 0 ? time_at(at + key, &ms) : 0;
        if (length > 0) {
            fprintf(to, "%.*s", (int)key, at);
            put_time(to, ms / QUICKER);
            at += key + length;
        } else {
            fputc(*at++, to);
        }
    }
}

static int copy_rule(const struct city_folder *folder, const char *name)
{
    char path[PATH_BYTES];
    int result = -ENOMEM;

    if (snprintf(path, sizeof(path), "%s/%s", folder->rules, name) >= PATH_BYTES)
        return -ENAMETOOLONG;
    FILE *from = fopen(path, "re");
    if (!from)
        return -errno;
    char *text = malloc(RULE_BYTES);
    if (text) {
        size_t length = fread(text, 1, RULE_BYTES - 1, from);
        text[length] = '\0';
        FILE *to = create(folder, name, "rules.d/");
        result = to ? 0 : -errno;
        if (to) {
            copy_quicker(text, name, to);
            result = finish(to);
        }
    }
    free(text);
    (void)fclose(from);
    return result;
}

static int copy_rules(const struct city_folder *folder)
{
    DIR *rules = opendir(folder->rules);
    struct dirent *entry;
    int result = 0;

    if (!rules)
        return -errno;
    while (result == 0 && (entry = readdir(rules))) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0)
            result = copy_rule(folder, entry->d_name);
    }
    (void)closedir(rules);
    return result;
}

/* --- all of it --- */

int city_write_folder(const struct city *city, const struct city_folder *folder)
{
    static const struct {
        const char *name;
        void (*write)(FILE *to, const struct city *city, const struct city_folder *folder);
    } files[] = {{"hazardd.yaml", write_main},           {"parks.csv", write_parks},
                 {"enterprises.csv", write_enterprises}, {"hazards.csv", write_hazards},
                 {"gateways.csv", write_gateways},       {"points.csv", write_points}};
    char path[PATH_BYTES];
    int result = 0;

    if (snprintf(path, sizeof(path), "%s/rules.d", folder->folder) >= PATH_BYTES)
        return -ENAMETOOLONG;
    if ((mkdir(folder->folder, 0755) != 0 && errno != EEXIST) ||
        (mkdir(path, 0755) != 0 && errno != EEXIST))
        return -errno;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && result == 0; i++) {
        FILE *file = create(folder, files[i].name, "");
        if (!file)
            return -errno;
        files[i].write(file, city, folder);
        result = finish(file);
    }
    return result == 0 ? copy_rules(folder) : result;
}
