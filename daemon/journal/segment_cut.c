/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting the end of a class of segments. What must stay true: at any moment, also after a crash in
 * the middle, the class is a good one with an earlier end: segments go from the newest back, then the
 * last one kept is shortened.
 */
#include "hz_segment.h"

#include "journal_priv.h"

#include <fcntl.h>
#include <stdlib.h>

/* Finds the end of what is kept: the offset of the first frame with a key >= `from`, or of the first
 * that is not good, in the segment that can hold it. */
static int find_end(const struct hz_disk *disk, const char *directory, enum hz_segment_class class_,
                    uint64_t from, const struct segment_list *list,
                    struct hz_segment_place *ret_end)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;

    int error = hz_segment_reader_new(disk, directory, class_, from, &reader);
    if (error < 0)
        return error;
    uint32_t at = 0; /* where the reader begins: the last that can hold the key */
    while (at + 1 < list->count && list->names[at + 1].first <= from)
        at++;
    *ret_end = (struct hz_segment_place){list->names[at].ordinal, HZ_SEGMENT_HEAD_BYTES};
    for (;;) {
        uint64_t next;
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error < 0)
            break;
        if (journal__frame_key(class_, frame, &next) >= from) {
            *ret_end = place;
            break;
        }
        *ret_end = (struct hz_segment_place){place.ordinal, place.offset + bytes};
    }
    hz_segment_reader_free(reader);
    return error == HZ_EOF || error == HZ_ECORRUPT ? 0 : error;
}

static int shorten(const struct hz_disk *disk, const char *path, uint64_t length)
{
    int fd = disk->open(disk->ctx, path, O_RDWR, 0);

    if (fd < 0)
        return fd;
    int error = disk->truncate(disk->ctx, fd, (int64_t)length);
    if (error == 0)
        error = disk->datasync(disk->ctx, fd);
    int closed = disk->close(disk->ctx, fd);
    return error < 0 ? error : closed;
}

static int cut_list(const struct hz_disk *disk, const char *directory,
                    const struct segment_list *list, struct hz_segment_place end)
{
    char path[JOURNAL_PATH_BYTES];

    for (uint32_t i = list->count; i-- > 0 && list->names[i].ordinal >= end.ordinal;) {
        int error = journal__path(directory, list->names[i], path);
        if (error == 0 && list->names[i].ordinal == end.ordinal)
            error = shorten(disk, path, end.offset);
        else if (error == 0)
            error = disk->unlink(disk->ctx, path);
        if (error < 0)
            return error;
    }
    return disk->sync_directory(disk->ctx, directory);
}

int hz_segment_cut(const struct hz_disk *disk, const char *directory, enum hz_segment_class class_,
                   uint64_t from)
{
    struct hz_segment_place end;
    struct segment_list list;

    int error = journal__list(disk, directory, &list);
    if (error < 0)
        return error;
    if (list.count > 0) {
        error = find_end(disk, directory, class_, from, &list, &end);
        if (error == 0)
            error = cut_list(disk, directory, &list, end);
    }
    free(list.names);
    return error;
}
