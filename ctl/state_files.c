/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and segments of the state directory. What must stay true: see ctl_state.h.
 */
#include "ctl_state.h"

#include "hz_entry.h"
#include "hz_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const folders[] = {[HZ_SEGMENT_JOURNAL] = "journal",
                                      [HZ_SEGMENT_DEFINE] = "define",
                                      [HZ_SEGMENT_ALARMS] = "alarms"};

const char *ctl_state_directory(const struct ctl_call *call)
{
    const char *given = ctl_value(call, "state"), *named = getenv("STATE_DIRECTORY");

    if (given)
        return given;
    return named && *named ? named : CTL_STATE_DEFAULT;
}

static int say(const char *path, int error)
{
    if (error == -EACCES || error == -EPERM)
        ctl_say("no permission for %s: be root, or the user of hazardd", path);
    else
        ctl_say("%s: %s", path, hz_strerror(error));
    return CTL_REFUSED;
}

/* A folder that is not there would be taken for an empty one. */
static int folder_path(const char *state, enum hz_segment_class class_, char *to, size_t size)
{
    if (snprintf(to, size, "%s/%s", state, folders[class_]) >= (int)size)
        return say(state, HZ_ELIMIT);
    return access(to, R_OK | X_OK) == 0 ? CTL_OK : say(to, -errno);
}

/* --- names --- */

#define RECORD_AT sizeof(struct hz_frame)
#define KEY_AT    (RECORD_AT + offsetof(struct hz_record_define, key))

static int restore(struct hz_names *names, const void *frame, uint32_t bytes)
{
    const struct hz_record_define *record = (const void *)((const char *)frame + RECORD_AT);

    if (bytes < KEY_AT || record->head.kind != HZ_RECORD_DEFINE || record->length > bytes - KEY_AT)
        return HZ_ECORRUPT;
    return hz_names_restore(names, (enum hz_named_kind)record->kind, record->id, record->key,
                            record->length);
}

int ctl_state_names(const char *state, struct hz_names **ret_names)
{
    struct hz_segment_reader *reader = NULL;
    struct hz_segment_place place;
    struct hz_names *names = NULL;
    char path[1024];
    const void *frame;
    uint32_t bytes;

    int code = folder_path(state, HZ_SEGMENT_DEFINE, path, sizeof(path));
    if (code != CTL_OK)
        return code;
    int error = hz_names_new(&names);
    if (error == 0)
        error = hz_segment_reader_new(&hz_disk_real, path, HZ_SEGMENT_DEFINE, 0, &reader);
    while (error == 0) {
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error == 0)
            error = restore(names, frame, bytes);
    }
    hz_segment_reader_free(reader);
    if (error != HZ_EOF) {
        hz_names_free(names);
        return say(path, error);
    }
    *ret_names = names;
    return CTL_OK;
}

/* --- segments --- */

struct listing {
    struct ctl_segments *segments;
    int error;
};

/* When its first frame was written; INT64_MIN: it has none. */
static int64_t first_moment(enum hz_segment_class class_, int fd)
{
    struct hz_block block;
    struct hz_entry entry;
    bool journal = class_ == HZ_SEGMENT_JOURNAL;
    size_t size = journal ? sizeof(block) : sizeof(entry);
    void *to = journal ? (void *)&block : (void *)&entry;

    if (pread(fd, to, size, HZ_SEGMENT_HEAD_BYTES) != (ssize_t)size)
        return INT64_MIN;
    if (journal)
        return block.bytes > 0 ? block.wall_ns / 1000000 : INT64_MIN;
    return entry.bytes > 0 ? entry.id.ms : INT64_MIN;
}

static int look_at(struct ctl_segments *segments, const char *name, struct ctl_segment *to)
{
    char path[1200];

    (void)snprintf(path, sizeof(path), "%s/%s", segments->directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    off_t end = lseek(fd, 0, SEEK_END);
    to->bytes = end > 0 ? (uint64_t)end : 0;
    to->first_ms = first_moment(segments->class_, fd);
    (void)close(fd);
    return 0;
}

/* Names come sorted: by ordinal. Others' files are passed over. */
static int add_segment(void *ctx, const char *name)
{
    struct listing *listing = ctx;
    struct ctl_segments *segments = listing->segments;
    unsigned long long ordinal, first;
    int used = 0;

    if (sscanf(name, "%8llx-%16llx.seg%n", &ordinal, &first, &used) != 2 ||
        used != (int)strlen(name))
        return 0;
    struct ctl_segment *grown =
        realloc(segments->all, (segments->count + 1) * sizeof(*segments->all));
    if (!grown) {
        listing->error = -ENOMEM;
        return 1;
    }
    segments->all = grown;
    struct ctl_segment *segment = &grown[segments->count];
    *segment = (struct ctl_segment){.ordinal = ordinal, .first = first};
    listing->error = look_at(segments, name, segment);
    if (listing->error == -ENOENT) { /* just removed */
        listing->error = 0;
        return 0;
    }
    if (segment->first_ms == INT64_MIN && segments->count > 0)
        segment->first_ms = grown[segments->count - 1].first_ms;
    segments->count++;
    return listing->error < 0;
}

int ctl_state_segments(const char *state, enum hz_segment_class class_,
                       struct ctl_segments *ret_segments)
{
    struct listing listing = {.segments = ret_segments};

    *ret_segments = (struct ctl_segments){.class_ = class_};
    int code = folder_path(state, class_, ret_segments->directory, sizeof(ret_segments->directory));
    if (code != CTL_OK)
        return code;
    int error = hz_disk_real.list(hz_disk_real.ctx, ret_segments->directory, add_segment, &listing);
    if (listing.error < 0 || error < 0) {
        ctl_state_segments_done(ret_segments);
        return say(ret_segments->directory, listing.error < 0 ? listing.error : error);
    }
    return CTL_OK;
}

void ctl_state_segments_done(struct ctl_segments *segments)
{
    free(segments->all);
    segments->all = NULL;
    segments->count = 0;
}

/* By the first moment of the next one: it ends before. The clock may have been set back meanwhile, so
 * that the last that fits counts, not the first that does not. */
void ctl_state_between(const struct ctl_segments *segments, int64_t from_ms, int64_t to_ms,
                       uint32_t *ret_first, uint32_t *ret_end)
{
    uint32_t first = 0, end = segments->count;

    while (first + 1 < segments->count && segments->all[first + 1].first_ms < from_ms)
        first++;
    while (end > first && segments->all[end - 1].first_ms > to_ms)
        end--;
    *ret_first = first;
    *ret_end = end;
}

/* --- frames --- */

static void say_damage(const struct hz_segment_reader *reader, struct ctl_progress *progress)
{
    uint64_t offset;
    const char *path = hz_segment_where(reader, &offset);

    if (progress)
        ctl_progress_hide(progress);
    ctl_say("%s at %llu: damaged; the rest of this segment is passed over", path,
            (unsigned long long)offset);
}

int ctl_state_read(const struct ctl_segments *segments, uint32_t first, uint32_t end,
                   struct ctl_progress *progress, ctl_frame_reader each, void *ctx)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes, at = first;
    bool goes_on = true;

    if (first >= end)
        return CTL_OK;
    int error = hz_segment_reader_new(&hz_disk_real, segments->directory, segments->class_,
                                      segments->all[first].first, &reader);
    if (error < 0)
        return say(segments->directory, error);
    while (goes_on && error == 0) {
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error == HZ_ECORRUPT || error == -ENOENT) {
            say_damage(reader, progress);
            error = hz_segment_skip(reader);
            continue;
        }
        if (error < 0 || place.ordinal > segments->all[end - 1].ordinal)
            break;
        while (at < end - 1 && segments->all[at].ordinal < place.ordinal)
            ctl_progress_add(progress, segments->all[at++].bytes);
        goes_on = each(ctx, frame, bytes);
    }
    ctl_progress_add(progress, segments->all[at].bytes);
    hz_segment_reader_free(reader);
    return error == 0 || error == HZ_EOF ? CTL_OK : say(segments->directory, error);
}
