/* SPDX-License-Identifier: Apache-2.0
 *
 * What the daemon said at one moment, and what changed since the moment before. What must stay true: a
 * rate is that of one run of the daemon; after a restart, and in the first sample, there is none.
 */
#include "ctl_top.h"

#include "hz_clock.h"
#include "hz_histogram.h"

#include <math.h>
#include <stdlib.h>

/* Counts that become rates, by the row that they stand in. */
static const struct {
    const char *what, *field;
} counts[] = {
    {"engine", "records"},     {"engine", "readings"},     {"engine", "evaluated"},
    {"engine", "transitions"}, {"engine", "timers_fired"}, {"journal", "syncs"},
    {"redis", "published"},    {"redis", "latest_sent"},
};
static const char *const feed_counts[] = {"messages", "readings", "bytes", "refused"};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool ctl_sample_begin(struct ctl_sample *sample)
{
    *sample = (struct ctl_sample){
        .mono_ns = hz_mono_ns(&hz_clock_real),
        .wall_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS,
        .status = json_object(),
        .feeds = json_array(),
        .alarms = json_array(),
    };
    if (sample->status && sample->feeds && sample->alarms)
        return true;
    ctl_sample_free(sample);
    ctl_say("no memory");
    return false;
}

void ctl_sample_free(struct ctl_sample *sample)
{
    json_decref(sample->status);
    json_decref(sample->feeds);
    json_decref(sample->alarms);
    *sample = (struct ctl_sample){0};
}

static double sum_of(const json_t *object)
{
    const char *name;
    json_t *value;
    double sum = 0;

    json_object_foreach((json_t *)(uintptr_t)object, name, value) sum += json_number_value(value);
    return sum;
}

bool ctl_sample_status_row(void *ctx, const json_t *row)
{
    struct ctl_sample *sample = ctx;
    const char *what = json_string_value(json_object_get(row, "what"));
    json_t *copy = json_copy((json_t *)(uintptr_t)row);

    if (!what || !copy) {
        json_decref(copy);
        return what == NULL;
    }
    if (strcmp(what, "feed") != 0)
        return json_object_set_new(sample->status, what, copy) == 0;
    (void)json_object_set_new(copy, "refused",
                              json_integer((json_int_t)sum_of(json_object_get(row, "verdicts"))));
    return json_array_append_new(sample->feeds, copy) == 0;
}

bool ctl_sample_alarm_row(void *ctx, const json_t *row)
{
    struct ctl_sample *sample = ctx;

    return json_array_append(sample->alarms, (json_t *)(uintptr_t)row) == 0;
}

static void put_rate(json_t *row, const json_t *row_before, const char *field, double seconds)
{
    double grown = ctl_number(row, field) - ctl_number(row_before, field);
    char name[64];

    (void)snprintf(name, sizeof(name), "%s_per_s", field);
    if (isfinite(grown) && grown >= 0 && seconds > 0)
        (void)json_object_set_new(row, name, json_real(round(grown / seconds * 10) / 10));
}

/* The bound below which this share of what was counted since `before` lies; 0 = nothing was counted,
 * -1 = above all bounds. */
static int64_t quantile_us(const json_t *counts_now, const json_t *counts_before, double share)
{
    double sum = 0, reached = 0, grown[HZ_HISTOGRAM_BOUNDS + 1];

    if (json_array_size(counts_now) != HZ_HISTOGRAM_BOUNDS + 1 ||
        json_array_size(counts_before) != HZ_HISTOGRAM_BOUNDS + 1)
        return 0;
    for (unsigned i = 0; i <= HZ_HISTOGRAM_BOUNDS; i++) {
        grown[i] = json_number_value(json_array_get(counts_now, i)) -
                   json_number_value(json_array_get(counts_before, i));
        sum += grown[i];
    }
    for (unsigned i = 0; sum > 0 && i < HZ_HISTOGRAM_BOUNDS; i++) {
        reached += grown[i];
        if (reached >= sum * share)
            return hz_histogram_bounds_ns[i] / 1000;
    }
    return sum > 0 ? -1 : 0;
}

/* Members <stage>_p50_us and <stage>_p99_us, for those that took place. */
static void put_quantiles(json_t *times, const json_t *before)
{
    static const struct {
        const char *suffix;
        double share;
    } quantiles[] = {{"p50_us", 0.5}, {"p99_us", 0.99}};
    static const char *const stages[] = {"read", "engine", "sync", "durable", "append", "alert"};

    for (size_t i = 0; times && before && i < COUNT(stages) * COUNT(quantiles); i++) {
        const char *stage = stages[i / COUNT(quantiles)];
        int64_t us = quantile_us(json_object_get(times, stage), json_object_get(before, stage),
                                 quantiles[i % COUNT(quantiles)].share);
        char name[64];

        (void)snprintf(name, sizeof(name), "%s_%s", stage, quantiles[i % COUNT(quantiles)].suffix);
        if (us != 0)
            (void)json_object_set_new(times, name, json_integer(us));
    }
}

static const json_t *feed_named(const json_t *feeds, const char *name)
{
    json_t *feed;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)feeds, i, feed)
    {
        const char *its = json_string_value(json_object_get(feed, "feed"));

        if (its && name && strcmp(its, name) == 0)
            return feed;
    }
    return NULL;
}

static bool same_run(const struct ctl_sample *a, const struct ctl_sample *b)
{
    const json_t *one = json_object_get(a->status, "daemon");
    const json_t *other = json_object_get(b->status, "daemon");

    return one && other && ctl_number(one, "pid") == ctl_number(other, "pid") &&
           ctl_number(one, "since_ms") == ctl_number(other, "since_ms");
}

/* The sum of what the feeds have of a member; none when a feed has none. */
static void put_total(struct ctl_sample *now, json_t *total, const char *field)
{
    double sum = 0;
    json_t *feed;
    size_t i;

    json_array_foreach(now->feeds, i, feed) sum += ctl_number(feed, field);
    if (isfinite(sum))
        (void)json_object_set_new(total, field, json_real(sum));
}

void ctl_sample_rates(struct ctl_sample *now, const struct ctl_sample *before)
{
    double seconds = before ? (double)(now->mono_ns - before->mono_ns) / HZ_NS_PER_S : 0;
    json_t *total = json_object(), *feed;
    size_t i;

    if (!before || !before->status || !same_run(now, before))
        seconds = 0;
    for (i = 0; seconds > 0 && i < COUNT(counts); i++)
        put_rate(json_object_get(now->status, counts[i].what),
                 json_object_get(before->status, counts[i].what), counts[i].field, seconds);
    json_array_foreach(now->feeds, i, feed)
    {
        const json_t *its =
            before ? feed_named(before->feeds, json_string_value(json_object_get(feed, "feed")))
                   : NULL;

        for (size_t k = 0; seconds > 0 && its && k < COUNT(feed_counts); k++)
            put_rate(feed, its, feed_counts[k], seconds);
    }
    if (seconds > 0)
        put_quantiles(json_object_get(now->status, "times"),
                      json_object_get(before->status, "times"));
    put_total(now, total, "messages_per_s");
    put_total(now, total, "readings_per_s");
    put_total(now, total, "bytes_per_s");
    put_total(now, total, "refused_per_s");
    (void)json_object_set_new(now->status, "total", total);
}

void ctl_sample_write(const struct ctl_sample *sample, FILE *to)
{
    json_t *all = json_copy(sample->status);

    if (!all)
        return;
    (void)json_object_set_new(all, "t", json_integer(sample->wall_ms));
    (void)json_object_set(all, "feeds", sample->feeds);
    (void)json_object_set(all, "active", sample->alarms);
    (void)json_dumpf(all, to, JSON_COMPACT | JSON_REAL_PRECISION(12));
    (void)fputc('\n', to);
    (void)fflush(to);
    json_decref(all);
}
