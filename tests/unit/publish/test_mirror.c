/* SPDX-License-Identifier: Apache-2.0
 *
 * The mirror beside a plain array: what is active after each of some thousand entries, counts by
 * severity, walks while entries are applied, saving and loading, bytes that can't be loaded.
 */
#include "publish_case.h"

#include "hz_error.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

static struct publish_case c;
static struct hz_mirror *mirror;

static int begin(void **state)
{
    (void)state;
    case_init(&c, "zh");
    return hz_mirror_new(&mirror);
}

static int end(void **state)
{
    (void)state;
    hz_mirror_free(mirror);
    case_done(&c);
    return 0;
}

static void apply(struct hz_entry *entry)
{
    assert_int_equal(hz_mirror_apply(mirror, entry), 0);
    free(entry);
}

static unsigned modelled(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CASE_POINTS; i++)
        count += c.alarms[i] != 0;
    return count;
}

static void an_alarm_is_there_until_it_is_normal(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++) {
        apply(case_next(&c));
        assert_int_equal(hz_mirror_count(mirror), modelled());
        assert_int_equal(hz_mirror_newest(mirror), c.number);
    }
    for (unsigned i = 0; i < CASE_POINTS; i++) {
        if (c.alarms[i] != 0)
            assert_int_equal(hz_mirror_find(mirror, c.alarms[i])->head.alarm, c.alarms[i]);
    }
    assert_null(hz_mirror_find(mirror, 99));
}

static void the_newest_entry_of_an_alarm_is_kept(void **state)
{
    struct hz_transition t = case_raise(&c);
    const struct hz_active *active;

    (void)state;
    apply(case_render(&c, &t));
    t.number++;
    t.places[0].n++;
    t.event = HZ_EVENT_ACK;
    t.state = HZ_STATE_ACK;
    t.t_ns += 5000 * INT64_C(1000000);
    t.value.f64 = 91.25;
    apply(case_render(&c, &t));
    assert_int_equal(hz_mirror_count(mirror), 1);
    active = hz_mirror_find(mirror, t.alarm);
    assert_int_equal(active->head.state, HZ_STATE_ACK);
    assert_int_equal(active->head.level, HZ_LEVEL_HH);
    assert_int_equal(active->n_all, 18);
    assert_int_equal(active->t_ms, CASE_WALL_MS + 5123);
    assert_int_equal(active->raise_ms, CASE_WALL_MS + 123);
    assert_string_equal(active->value, "91.25");
    assert_string_equal(active->limit, "90");
    assert_int_equal(hz_mirror_mark(mirror).n_all, 18);
    assert_int_equal(hz_stream_id_compare(hz_mirror_mark(mirror).id, t.id), 0);
}

static void severities_of_live_alarms_are_counted(void **state)
{
    struct hz_transition t = case_raise(&c);
    uint32_t counts[HZ_SEVERITY_END];

    (void)state;
    apply(case_render(&c, &t));
    t.alarm++;
    t.mode = HZ_MODE_TRIAL;
    apply(case_render(&c, &t));
    t.alarm++;
    t.mode = HZ_MODE_LIVE;
    t.severity = HZ_SEVERITY_ORANGE;
    apply(case_render(&c, &t));
    hz_mirror_by_severity(mirror, counts);
    assert_int_equal(counts[HZ_SEVERITY_RED], 1);
    assert_int_equal(counts[HZ_SEVERITY_ORANGE], 1);
    t.severity = HZ_SEVERITY_RED; /* it got worse */
    apply(case_render(&c, &t));
    hz_mirror_by_severity(mirror, counts);
    assert_int_equal(counts[HZ_SEVERITY_RED], 2);
    assert_int_equal(counts[HZ_SEVERITY_ORANGE], 0);
    t.state = HZ_STATE_NORMAL;
    apply(case_render(&c, &t));
    hz_mirror_by_severity(mirror, counts);
    assert_int_equal(counts[HZ_SEVERITY_RED], 1);
}

/* Entries applied between two steps of a walk: every alarm that stays is met all the same. */
static void a_walk_meets_all_that_stay(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        uint64_t before[CASE_POINTS];
        bool met[CASE_POINTS] = {false};
        const struct hz_active *active;
        uint32_t cursor = 0;
        unsigned steps = 0;
        for (int i = 0; i < 50; i++)
            apply(case_next(&c));
        memcpy(before, c.alarms, sizeof(before));
        while ((active = hz_mirror_next(mirror, &cursor))) {
            for (unsigned i = 0; i < CASE_POINTS; i++)
                met[i] = met[i] || active->head.alarm == before[i];
            assert_true(++steps < 1000);
            if (steps % 2 == 0)
                apply(case_next(&c));
        }
        assert_null(hz_mirror_next(mirror, &cursor)); /* the end stays the end */
        for (unsigned i = 0; i < CASE_POINTS; i++) {
            if (before[i] != 0 && c.alarms[i] == before[i])
                assert_true(met[i]);
        }
    }
}

/* --- snapshots --- */

struct bytes {
    unsigned char *at;
    size_t length, taken;
};

static int write_bytes(void *ctx, const void *bytes, size_t length)
{
    struct bytes *to = ctx;

    to->at = realloc(to->at, to->length + length);
    memcpy(to->at + to->length, bytes, length);
    to->length += length;
    return 0;
}

static int read_bytes(void *ctx, void *bytes, size_t length)
{
    struct bytes *from = ctx;

    if (length > from->length - from->taken)
        return HZ_ECORRUPT;
    memcpy(bytes, from->at + from->taken, length);
    from->taken += length;
    return 0;
}

static void what_is_saved_is_loaded(void **state)
{
    struct hz_mirror *loaded;
    struct bytes bytes = {0};
    uint32_t saved_counts[HZ_SEVERITY_END], loaded_counts[HZ_SEVERITY_END];

    (void)state;
    for (int i = 0; i < 777; i++)
        apply(case_next(&c));
    assert_int_equal(hz_mirror_save(mirror, write_bytes, &bytes), 0);
    assert_int_equal(hz_mirror_new(&loaded), 0);
    assert_int_equal(hz_mirror_load(loaded, read_bytes, &bytes), 0);
    assert_int_equal(bytes.taken, bytes.length);
    assert_int_equal(hz_mirror_count(loaded), modelled());
    assert_int_equal(hz_mirror_newest(loaded), c.number);
    assert_int_equal(hz_mirror_mark(loaded).id.ms, c.last.ms);
    hz_mirror_by_severity(mirror, saved_counts);
    hz_mirror_by_severity(loaded, loaded_counts);
    assert_memory_equal(saved_counts, loaded_counts, sizeof(saved_counts));
    for (unsigned i = 0; i < CASE_POINTS; i++) {
        if (c.alarms[i] != 0)
            assert_memory_equal(hz_mirror_find(mirror, c.alarms[i]),
                                hz_mirror_find(loaded, c.alarms[i]), sizeof(struct hz_active));
    }
    /* and it goes on from there */
    struct hz_entry *next = case_next(&c);
    assert_int_equal(hz_mirror_apply(loaded, next), 0);
    assert_int_equal(hz_mirror_count(loaded), modelled());
    free(next);
    hz_mirror_free(loaded);
    free(bytes.at);
}

static int load(struct bytes bytes)
{
    struct hz_mirror *loaded;

    bytes.taken = 0;
    assert_int_equal(hz_mirror_new(&loaded), 0);
    int error = hz_mirror_load(loaded, read_bytes, &bytes);
    hz_mirror_free(loaded);
    return error;
}

/* Places besides `all` are kept of an alarm, and the newest entry of each view. */
static void views_are_kept(void **state)
{
    static const struct hz_view_config views[] = {{.name = "a"},
                                                  {.name = "b", .domains = 1 << HZ_DOMAIN_ENV}};
    struct bytes bytes = {0};
    struct hz_mirror *loaded;

    (void)state;
    hz_set_unref(case_use_views(&c, views, 2));
    uint32_t a = case_id(&c, HZ_NAMED_VIEW, "a"), b = case_id(&c, HZ_NAMED_VIEW, "b");
    assert_int_equal(hz_mirror_mark_of(mirror, a).n_all, 0);
    while (c.views[b].n < 20)
        apply(case_next(&c));
    assert_true(c.views[a].n > c.views[b].n);
    assert_int_equal(hz_mirror_mark_of(mirror, a).n_all, c.views[a].n);
    assert_int_equal(hz_mirror_mark_of(mirror, b).n_all, c.views[b].n);
    assert_int_equal(hz_stream_id_compare(hz_mirror_mark_of(mirror, b).id, c.views[b].id), 0);
    assert_int_equal(hz_mirror_mark_of(mirror, HZ_VIEW_ALL).n_all, c.number);
    for (unsigned i = 0; i < CASE_POINTS; i++) {
        const struct hz_active *active = hz_mirror_find(mirror, c.alarms[i]);
        if (c.alarms[i] == 0)
            continue;
        assert_true(hz_active_n(active, a) > 0);
        assert_true((hz_active_n(active, b) > 0) == (i % 2 != 0));
        assert_int_equal(hz_active_n(active, HZ_VIEW_ALL), active->n_all);
        assert_int_equal(hz_active_n(active, 99), 0);
    }
    assert_int_equal(hz_mirror_save(mirror, write_bytes, &bytes), 0);
    assert_int_equal(hz_mirror_new(&loaded), 0);
    assert_int_equal(hz_mirror_load(loaded, read_bytes, &bytes), 0);
    assert_int_equal(bytes.taken, bytes.length);
    assert_int_equal(hz_mirror_mark_of(loaded, a).n_all, c.views[a].n);
    assert_int_equal(hz_stream_id_compare(hz_mirror_mark_of(loaded, b).id, c.views[b].id), 0);
    hz_mirror_free(loaded);
    free(bytes.at);
}

/* One that was saved before there were views. */
static void an_old_one_is_loaded(void **state)
{
    const size_t head = 48, kept = offsetof(struct hz_active, view_count);
    struct bytes now = {0}, old = {0};
    struct hz_mirror *loaded;
    uint32_t version = 1, active_bytes = (uint32_t)kept;

    (void)state;
    while (modelled() < 3)
        apply(case_next(&c));
    assert_int_equal(hz_mirror_save(mirror, write_bytes, &now), 0);
    assert_int_equal(now.length, head + hz_mirror_count(mirror) * sizeof(struct hz_active) + 8);
    write_bytes(&old, now.at, head);
    memcpy(old.at + 4, &version, sizeof(version));
    memcpy(old.at + 12, &active_bytes, sizeof(active_bytes));
    for (uint32_t i = 0; i < hz_mirror_count(mirror); i++)
        write_bytes(&old, now.at + head + i * sizeof(struct hz_active), kept);
    assert_int_equal(hz_mirror_new(&loaded), 0);
    assert_int_equal(hz_mirror_load(loaded, read_bytes, &old), 0);
    assert_int_equal(old.taken, old.length);
    assert_int_equal(hz_mirror_count(loaded), hz_mirror_count(mirror));
    for (unsigned i = 0; i < CASE_POINTS; i++)
        if (c.alarms[i] != 0)
            assert_memory_equal(hz_mirror_find(mirror, c.alarms[i]),
                                hz_mirror_find(loaded, c.alarms[i]), sizeof(struct hz_active));
    hz_mirror_free(loaded);
    free(now.at);
    free(old.at);
}

static void what_can_not_be_loaded_is_refused(void **state)
{
    struct bytes bytes = {0};

    (void)state;
    while (modelled() < 3)
        apply(case_next(&c));
    assert_int_equal(hz_mirror_save(mirror, write_bytes, &bytes), 0);
    assert_int_equal(load(bytes), 0);
    for (size_t length = 0; length < bytes.length; length++)
        assert_int_not_equal(load((struct bytes){bytes.at, length, 0}), 0);
    bytes.at[4]++; /* the version */
    assert_int_equal(load(bytes), HZ_EVERSION);
    bytes.at[4]--;
    bytes.at[0]++; /* the magic */
    assert_int_equal(load(bytes), HZ_ECORRUPT);
    bytes.at[0]--;
    for (size_t at = 8; at < bytes.length; at++) { /* no bytes do harm, whatever they say */
        bytes.at[at] ^= 0xff;
        (void)load(bytes);
        bytes.at[at] ^= 0xff;
    }
    free(bytes.at);
}

static void bytes_that_are_no_entry_change_nothing(void **state)
{
    struct hz_transition t = case_raise(&c);
    struct hz_entry *entry = case_render(&c, &t);

    (void)state;
    entry->values_offset++;
    assert_int_equal(hz_mirror_apply(mirror, entry), HZ_ECORRUPT);
    assert_int_equal(hz_mirror_count(mirror), 0);
    assert_int_equal(hz_mirror_newest(mirror), 0);
    free(entry);
}

/* Entries that are lost have changed nothing: only where it stands. */
static void it_goes_on_behind_lost_entries(void **state)
{
    const struct hz_mirror_mark later = {1000, 990, {77, 7}};

    (void)state;
    for (int i = 0; i < 50; i++)
        apply(case_next(&c));
    hz_mirror_go_on(mirror, later);
    assert_int_equal(hz_mirror_newest(mirror), 1000);
    assert_int_equal(hz_mirror_mark(mirror).n_all, 990);
    assert_int_equal(hz_stream_id_compare(hz_mirror_mark(mirror).id, later.id), 0);
    assert_int_equal(hz_mirror_count(mirror), modelled());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_alarm_is_there_until_it_is_normal, begin, end),
        cmocka_unit_test_setup_teardown(it_goes_on_behind_lost_entries, begin, end),
        cmocka_unit_test_setup_teardown(the_newest_entry_of_an_alarm_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(severities_of_live_alarms_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(a_walk_meets_all_that_stay, begin, end),
        cmocka_unit_test_setup_teardown(what_is_saved_is_loaded, begin, end),
        cmocka_unit_test_setup_teardown(views_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(an_old_one_is_loaded, begin, end),
        cmocka_unit_test_setup_teardown(what_can_not_be_loaded_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_entry_change_nothing, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
