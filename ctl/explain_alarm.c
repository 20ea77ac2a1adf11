/* SPDX-License-Identifier: Apache-2.0
 *
 * What the alarms log and the journal hold of one alarm: every entry of its episode, and the readings
 * that came before it was raised and before it cleared.
 */
#include "ctl_explain.h"

#include "ctl_history.h"

#include "hz_entry.h"

#include <stdlib.h>
#include <unistd.h>

#define READINGS_BEFORE 8u
#define LINE_BYTES      (2u * HZ_ENTRY_BYTES_MAX)

struct search {
    struct ctl_explain *explain;
    uint64_t alarm; /* the episode under way; 0 = none yet */
    char line[LINE_BYTES];
};

/* Of the alarm that the daemon has, its episode; else what was asked for: an episode, or the newest of a
 * condition. */
static bool is_wanted(const struct search *search, const struct hz_slice values[HZ_FIELD_COUNT])
{
    const json_t *alarm = json_object_get(search->explain->alarm, "alarm");
    const char *operand = search->explain->call->operand;

    if (alarm)
        return hz_slice_is(values[HZ_FIELD_ALARM], json_string_value(alarm));
    return hz_slice_is(values[HZ_FIELD_ALARM], operand) ||
           hz_slice_is(values[HZ_FIELD_COND], operand);
}

static bool take_entry(void *ctx, const void *frame, uint32_t bytes)
{
    struct search *search = ctx;
    const struct hz_entry *entry = frame;
    struct hz_slice values[HZ_FIELD_COUNT];
    struct hz_text line = hz_text_in(search->line, sizeof(search->line));

    if (bytes < sizeof(*entry) || !hz_entry_values(entry, bytes, values) ||
        !is_wanted(search, values))
        return true;
    if (entry->alarm != search->alarm)
        (void)json_array_clear(search->explain->entries); /* an older episode */
    search->alarm = entry->alarm;
    hz_entry_json(entry, entry->place_count > 0 ? hz_entry_places(entry)->n : entry->number, true,
                  &line);
    json_t *row = json_loadb(line.at, line.length, 0, NULL);
    if (row) {
        (void)json_object_set_new(row, "what", json_string("entry"));
        (void)json_array_append_new(search->explain->entries, row);
    }
    return true;
}

static int read_entries(struct ctl_explain *explain, const char *state)
{
    struct search *search = calloc(1, sizeof(*search));
    struct ctl_segments segments;
    struct ctl_progress progress;
    uint32_t first, end;

    if (!search)
        return CTL_REFUSED;
    search->explain = explain;
    int code = ctl_state_segments(state, HZ_SEGMENT_ALARMS, &segments);
    if (code == CTL_OK) {
        double raised = ctl_number(explain->alarm, "t_raise");

        ctl_state_between(&segments, raised > 0 ? (int64_t)raised : 0, INT64_MAX, &first, &end);
        ctl_progress_begin(&progress, 0);
        for (uint32_t i = first; i < end; i++)
            progress.total += segments.all[i].bytes;
        code = ctl_state_read(&segments, first, end, &progress, take_entry, search);
        ctl_progress_hide(&progress);
    }
    ctl_state_segments_done(&segments);
    free(search);
    return code;
}

/* --- readings --- */

struct before {
    struct ctl_explain *explain;
    const char *event;
};

static bool take_reading(void *ctx, const char *json, size_t length)
{
    struct before *before = ctx;
    json_t *row = json_loadb(json, length, 0, NULL);
    const char *what = json_string_value(json_object_get(row, "what"));

    if (what && strcmp(what, "alarm") != 0) {
        (void)json_object_set_new(row, "before", json_string(before->event));
        (void)json_array_append(before->explain->readings, row);
    }
    json_decref(row);
    return true;
}

/* The last ones before an entry. t_rx: a delay that ran out has its time in t. */
static void readings_before(struct ctl_explain *explain, const struct hz_names *names,
                            const json_t *entry)
{
    double t = ctl_number(entry, "t"), t_rx = ctl_number(entry, "t_rx");
    struct before before = {explain, json_string_value(json_object_get(entry, "event"))};
    struct ctl_history history = {
        .state = ctl_state_directory(explain->call),
        .names = names,
        .point = hz_names_find(names, HZ_NAMED_POINT, explain->key, strlen(explain->key)),
        .to_ms = (int64_t)(t_rx > t ? t_rx : t),
        .newest = true,
        .limit = READINGS_BEFORE};

    if (history.point != 0 && history.to_ms > 0 && before.event)
        (void)ctl_history_read(&history, take_reading, &before);
}

static bool is_event(const json_t *entry, const char *event)
{
    const char *its = json_string_value(json_object_get(entry, "event"));

    return its && strcmp(its, event) == 0;
}

/* Of the last time that it was raised, and of the last clear. */
static void read_readings(struct ctl_explain *explain, const char *state)
{
    const json_t *raised = NULL, *cleared = NULL;
    struct hz_names *names;
    json_t *entry;
    size_t i;

    json_array_foreach(explain->entries, i, entry)
    {
        raised = is_event(entry, "raise") ? entry : raised;
        cleared = is_event(entry, "clear") ? entry : cleared;
    }
    if (!raised || ctl_state_names(state, &names) != CTL_OK)
        return;
    readings_before(explain, names, raised);
    if (cleared)
        readings_before(explain, names, cleared);
    hz_names_free(names);
}

void ctl_explain_entries(struct ctl_explain *explain)
{
    const char *state = ctl_state_directory(explain->call);
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/alarms", state);
    if (access(path, R_OK | X_OK) == 0)
        (void)read_entries(explain, state);
    else
        ctl_explain_note(
            explain,
            "%s can't be read: as root, or as the user of hazardd, this shows also the "
            "whole episode and the readings",
            state);
}

void ctl_explain_readings(struct ctl_explain *explain)
{
    if (explain->key && json_array_size(explain->entries) > 0)
        read_readings(explain, ctl_state_directory(explain->call));
}
