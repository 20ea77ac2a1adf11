/* SPDX-License-Identifier: Apache-2.0
 *
 * The mirror: active alarms in one dense array, and a table from an episode to its place in it. What
 * must stay true: after an entry is applied, its alarm is there exactly when its state is not Normal;
 * a walk (hz_mirror_next) meets every alarm that stays active, whatever is applied in between.
 *
 *     table:  | - | 7 | - | 2 | ...      place + 1 in `all`, open addressing, linear, no tombstones
 *     all:    | a | b | c | ... | z |    an alarm that ends is replaced by the last one; walks go from
 *                                        the end down, so that what moves has been met already
 */
#include "hz_mirror.h"

#include "publish_priv.h"

#include "hz_hash.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define SLOTS_FIRST                64u
#define SAVE_MAGIC                 UINT32_C(0x4d525a48) /* "HZRM" */
#define SAVE_VERSION               2u
#define SAVE_VERSION_WITHOUT_VIEWS 1u /* still read: an alarm ended before `view_count` */
#define ACTIVE_BYTES_WITHOUT_VIEWS offsetof(struct hz_active, view_count)

struct view_mark {
    uint64_t n;
    struct hz_stream_id id;
};

struct hz_mirror {
    struct hz_active *all;
    uint32_t count, capacity;
    uint32_t *slots; /* place + 1; 0 = free */
    uint32_t slot_mask;
    struct hz_mirror_mark mark;
    struct view_mark views[HZ_VIEW_ID_END]; /* by id; not of `all` */
    uint32_t by_severity[HZ_SEVERITY_END];  /* mode live */
};

struct save_head {
    uint32_t magic, version;
    uint32_t count, active_bytes;
    struct hz_mirror_mark mark;
};

/* Behind the alarms: a count, and so many of these. */
struct save_view {
    uint64_t view;
    struct view_mark mark;
};

int hz_mirror_new(struct hz_mirror **ret_mirror)
{
    struct hz_mirror *mirror = calloc(1, sizeof(*mirror));

    if (mirror)
        mirror->slots = calloc(SLOTS_FIRST, sizeof(*mirror->slots));
    if (!mirror || !mirror->slots) {
        free(mirror);
        return -ENOMEM;
    }
    mirror->slot_mask = SLOTS_FIRST - 1;
    *ret_mirror = mirror;
    return 0;
}

void hz_mirror_free(struct hz_mirror *mirror)
{
    if (!mirror)
        return;
    free(mirror->all);
    free(mirror->slots);
    free(mirror);
}

/* --- the table --- */

static uint32_t home(const struct hz_mirror *mirror, uint64_t alarm)
{
    return (uint32_t)hz_hash(&alarm, sizeof(alarm)) & mirror->slot_mask;
}

/* The slot of an alarm, or the free one where it would stand. */
static uint32_t find_slot(const struct hz_mirror *mirror, uint64_t alarm)
{
    uint32_t slot = home(mirror, alarm);

    while (mirror->slots[slot] != 0 && mirror->all[mirror->slots[slot] - 1].head.alarm != alarm)
        slot = (slot + 1) & mirror->slot_mask;
    return slot;
}

/* Frees a slot and closes the gap: what stands behind it and could stand here moves up. */
static void free_slot(struct hz_mirror *mirror, uint32_t gap)
{
    uint32_t mask = mirror->slot_mask;

    for (uint32_t at = (gap + 1) & mask; mirror->slots[at] != 0; at = (at + 1) & mask) {
        uint32_t its_home = home(mirror, mirror->all[mirror->slots[at] - 1].head.alarm);
        if (((at - its_home) & mask) < ((at - gap) & mask))
            continue; /* its home lies behind the gap */
        mirror->slots[gap] = mirror->slots[at];
        gap = at;
    }
    mirror->slots[gap] = 0;
}

static int grow_table(struct hz_mirror *mirror)
{
    uint32_t slots = (mirror->slot_mask + 1) * 2;
    uint32_t *table = calloc(slots, sizeof(*table));

    if (!table)
        return -ENOMEM;
    free(mirror->slots);
    mirror->slots = table;
    mirror->slot_mask = slots - 1;
    for (uint32_t place = 0; place < mirror->count; place++)
        mirror->slots[find_slot(mirror, mirror->all[place].head.alarm)] = place + 1;
    return 0;
}

/* Room for one alarm more in both, before anything is changed. */
static int reserve_one(struct hz_mirror *mirror)
{
    if (mirror->count == mirror->capacity) {
        uint32_t capacity = mirror->capacity == 0 ? SLOTS_FIRST / 2 : mirror->capacity * 2;
        struct hz_active *all = realloc(mirror->all, capacity * sizeof(*all));
        if (!all)
            return -ENOMEM;
        mirror->all = all;
        mirror->capacity = capacity;
    }
    if ((mirror->count + 1) * 4 > (mirror->slot_mask + 1) * 3)
        return grow_table(mirror);
    return 0;
}

/* --- alarms come and go --- */

static void count_severity(struct hz_mirror *mirror, const struct hz_active *active, uint32_t one)
{
    if (active->head.mode == HZ_MODE_LIVE && active->head.severity < HZ_SEVERITY_END)
        mirror->by_severity[active->head.severity] += one;
}

static void drop(struct hz_mirror *mirror, uint32_t slot)
{
    uint32_t place = mirror->slots[slot] - 1, last = mirror->count - 1;

    count_severity(mirror, &mirror->all[place], UINT32_MAX);
    free_slot(mirror, slot);
    if (place != last) {
        uint32_t moved = find_slot(mirror, mirror->all[last].head.alarm);
        mirror->all[place] = mirror->all[last];
        mirror->slots[moved] = place + 1;
    }
    mirror->count = last;
}

/* The alarm of an episode takes its place, the old one's if it has one. Room was reserved. */
static void put(struct hz_mirror *mirror, uint32_t slot, const struct hz_active *active)
{
    if (mirror->slots[slot] == 0)
        mirror->slots[slot] = ++mirror->count;
    else
        count_severity(mirror, &mirror->all[mirror->slots[slot] - 1], UINT32_MAX);
    mirror->all[mirror->slots[slot] - 1] = *active;
    count_severity(mirror, active, 1);
}

static int64_t number_of(struct hz_slice value)
{
    char text[24];

    if (value.length == 0 || value.length >= sizeof(text))
        return 0;
    memcpy(text, value.at, value.length);
    text[value.length] = '\0';
    return strtoll(text, NULL, 10);
}

static void keep_places(struct hz_active *active, const struct hz_entry *entry)
{
    const struct hz_view_place *places = hz_entry_places(entry);

    for (uint32_t i = 1; i < entry->place_count && active->view_count < HZ_ALARM_VIEWS_MAX - 1;
         i++) {
        active->views[active->view_count] = (uint16_t)places[i].view;
        active->n[active->view_count++] = places[i].n;
    }
}

static void keep_text(char to[HZ_ACTIVE_NUMBER_BYTES], struct hz_slice value)
{
    struct hz_text text = hz_text_in(to, HZ_ACTIVE_NUMBER_BYTES);

    if (value.length > 0)
        hz_text_slice(&text, value);
}

bool publish__active_of(const struct hz_entry *entry, struct hz_active *ret_active)
{
    struct hz_slice values[HZ_FIELD_COUNT];

    if (!hz_entry_values(entry, entry->bytes, values))
        return false;
    *ret_active = (struct hz_active){
        .head = *entry,
        .n_all = entry->place_count > 0 ? hz_entry_places(entry)[0].n : 0,
        .t_ms = number_of(values[HZ_FIELD_T]),
        .raise_ms = number_of(values[HZ_FIELD_T_RAISE]),
    };
    keep_places(ret_active, entry);
    keep_text(ret_active->value, values[HZ_FIELD_VALUE]);
    keep_text(ret_active->limit, values[HZ_FIELD_LIMIT]);
    return true;
}

static void mark_views(struct hz_mirror *mirror, const struct hz_entry *entry)
{
    const struct hz_view_place *places = hz_entry_places(entry);

    for (uint32_t i = 1; i < entry->place_count; i++)
        if (places[i].view < HZ_VIEW_ID_END)
            mirror->views[places[i].view] = (struct view_mark){places[i].n, entry->id};
}

int hz_mirror_apply(struct hz_mirror *mirror, const struct hz_entry *entry)
{
    struct hz_active active;

    if (!publish__active_of(entry, &active))
        return HZ_ECORRUPT;
    if (entry->state != HZ_STATE_NORMAL) {
        int error = reserve_one(mirror);
        if (error < 0)
            return error;
        put(mirror, find_slot(mirror, entry->alarm), &active);
    } else {
        uint32_t slot = find_slot(mirror, entry->alarm);
        if (mirror->slots[slot] != 0)
            drop(mirror, slot);
    }
    mirror->mark = (struct hz_mirror_mark){entry->number, active.n_all, entry->id};
    mark_views(mirror, entry);
    return 0;
}

/* --- looking --- */

uint32_t hz_mirror_count(const struct hz_mirror *mirror)
{
    return mirror->count;
}

void hz_mirror_by_severity(const struct hz_mirror *mirror, uint32_t ret_counts[HZ_SEVERITY_END])
{
    memcpy(ret_counts, mirror->by_severity, sizeof(mirror->by_severity));
}

/* The cursor is 1 + how many are left below it; 0 begins. */
const struct hz_active *hz_mirror_next(const struct hz_mirror *mirror, uint32_t *cursor)
{
    uint32_t left = *cursor == 0 ? mirror->count : *cursor - 1;

    if (left > mirror->count)
        left = mirror->count;
    if (left == 0) {
        *cursor = 1;
        return NULL;
    }
    *cursor = left;
    return &mirror->all[left - 1];
}

const struct hz_active *hz_mirror_find(const struct hz_mirror *mirror, uint64_t alarm)
{
    uint32_t slot = find_slot(mirror, alarm);

    return mirror->slots[slot] != 0 ? &mirror->all[mirror->slots[slot] - 1] : NULL;
}

uint64_t hz_mirror_newest(const struct hz_mirror *mirror)
{
    return mirror->mark.number;
}

struct hz_mirror_mark hz_mirror_mark(const struct hz_mirror *mirror)
{
    return mirror->mark;
}

struct hz_mirror_mark hz_mirror_mark_of(const struct hz_mirror *mirror, uint32_t view)
{
    const struct view_mark *mark = &mirror->views[view];

    return view == HZ_VIEW_ALL ? mirror->mark : (struct hz_mirror_mark){0, mark->n, mark->id};
}

uint64_t hz_active_n(const struct hz_active *active, uint32_t view)
{
    if (view == HZ_VIEW_ALL)
        return active->n_all;
    for (uint32_t i = 0; i < active->view_count; i++)
        if (active->views[i] == view)
            return active->n[i];
    return 0;
}

void hz_mirror_go_on(struct hz_mirror *mirror, struct hz_mirror_mark mark)
{
    hz_assert(mark.number >= mirror->mark.number);
    mirror->mark = mark;
}

/* --- snapshots --- */

static int save_views(const struct hz_mirror *mirror, hz_mirror_write write, void *ctx)
{
    uint64_t count = 0;

    for (uint32_t view = 0; view < HZ_VIEW_ID_END; view++)
        count += mirror->views[view].n != 0;
    int error = write(ctx, &count, sizeof(count));
    for (uint32_t view = 0; view < HZ_VIEW_ID_END && error == 0; view++) {
        struct save_view saved = {view, mirror->views[view]};
        if (saved.mark.n != 0)
            error = write(ctx, &saved, sizeof(saved));
    }
    return error;
}

int hz_mirror_save(const struct hz_mirror *mirror, hz_mirror_write write, void *ctx)
{
    struct save_head head = {SAVE_MAGIC, SAVE_VERSION, mirror->count, sizeof(struct hz_active),
                             mirror->mark};
    int error = write(ctx, &head, sizeof(head));

    if (error == 0 && mirror->count > 0)
        error = write(ctx, mirror->all, mirror->count * sizeof(*mirror->all));
    return error == 0 ? save_views(mirror, write, ctx) : error;
}

/* The snapshot's digest vouches for the bytes; this sees to it that no bytes can do harm. */
static bool plausible(const struct hz_active *active)
{
    return active->head.alarm != 0 && active->head.state != HZ_STATE_NORMAL &&
           active->head.state < HZ_STATE_END && active->head.severity < HZ_SEVERITY_END &&
           active->view_count < HZ_ALARM_VIEWS_MAX &&
           memchr(active->value, '\0', sizeof(active->value)) &&
           memchr(active->limit, '\0', sizeof(active->limit));
}

static int load_one(struct hz_mirror *mirror, hz_mirror_read read, void *ctx, size_t bytes)
{
    struct hz_active active = {0};
    int error = read(ctx, &active, bytes);

    if (error == 0)
        error = reserve_one(mirror);
    if (error < 0)
        return error;
    uint32_t slot = find_slot(mirror, active.head.alarm);
    if (!plausible(&active) || mirror->slots[slot] != 0)
        return HZ_ECORRUPT;
    put(mirror, slot, &active);
    return 0;
}

static int load_views(struct hz_mirror *mirror, hz_mirror_read read, void *ctx)
{
    struct save_view saved;
    uint64_t count;
    int error = read(ctx, &count, sizeof(count));

    for (uint64_t i = 0; i < count && error == 0; i++) {
        error = read(ctx, &saved, sizeof(saved));
        if (error == 0 &&
            (saved.view >= HZ_VIEW_ID_END || saved.mark.n == 0 || mirror->views[saved.view].n != 0))
            error = HZ_ECORRUPT;
        if (error == 0)
            mirror->views[saved.view] = saved.mark;
    }
    return error;
}

static bool is_known(const struct save_head *head)
{
    size_t bytes =
        head->version == SAVE_VERSION ? sizeof(struct hz_active) : ACTIVE_BYTES_WITHOUT_VIEWS;

    return (head->version == SAVE_VERSION || head->version == SAVE_VERSION_WITHOUT_VIEWS) &&
           head->active_bytes == bytes;
}

int hz_mirror_load(struct hz_mirror *mirror, hz_mirror_read read, void *ctx)
{
    struct save_head head;

    hz_assert(mirror->count == 0 && mirror->mark.number == 0);
    int error = read(ctx, &head, sizeof(head));
    if (error < 0)
        return error;
    if (head.magic != SAVE_MAGIC)
        return HZ_ECORRUPT;
    if (!is_known(&head))
        return HZ_EVERSION;
    for (uint32_t i = 0; i < head.count && error == 0; i++)
        error = load_one(mirror, read, ctx, head.active_bytes);
    if (error == 0 && head.version == SAVE_VERSION)
        error = load_views(mirror, read, ctx);
    if (error == 0)
        mirror->mark = head.mark;
    return error;
}
