/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading segments in order, through one buffer of a mebibyte. What must stay true: a frame is given
 * only when it is whole and its CRC is right, none is given twice, and an end that is not clean is
 * told apart (torn tail, abandoned segment, damage) as hz_segment.h says.
 */
#include "hz_segment.h"

#include "journal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES (1u << 20)

struct hz_segment_reader {
    const struct hz_disk *disk;
    enum hz_segment_class class_;
    struct segment_list list;
    uint32_t at; /* index in list of the open segment */
    int fd;      /* < 0 = none open */
    char directory[JOURNAL_PATH_BYTES];
    char path[JOURNAL_PATH_BYTES];
    uint64_t offset;   /* in the file, of the next frame */
    uint64_t next_key; /* that the next frame should have; 0 = any */
    uint64_t torn;
    char *buffer;
    uint64_t buffer_offset; /* in the file, of buffer[0] */
    size_t buffer_length;
};

/* Makes `want` bytes at `offset` available if the file has them. The count that is there, or a code. */
static int64_t fill(struct hz_segment_reader *reader, uint64_t offset, size_t want)
{
    if (offset >= reader->buffer_offset &&
        offset + want <= reader->buffer_offset + reader->buffer_length)
        return (int64_t)(reader->buffer_offset + reader->buffer_length - offset);
    reader->buffer_offset = offset;
    reader->buffer_length = 0;
    while (reader->buffer_length < READ_BYTES) {
        ssize_t got = reader->disk->read(
            reader->disk->ctx, reader->fd, reader->buffer + reader->buffer_length,
            READ_BYTES - reader->buffer_length, (int64_t)(offset + reader->buffer_length));
        if (got == -EIO && reader->buffer_length == 0)
            return HZ_ECORRUPT; /* a bad sector is damage like any other */
        if (got == 0 || got == -EIO)
            break;
        if (got < 0)
            return got;
        reader->buffer_length += (size_t)got;
    }
    return (int64_t)reader->buffer_length;
}

static void close_segment(struct hz_segment_reader *reader)
{
    if (reader->fd >= 0)
        (void)reader->disk->close(reader->disk->ctx, reader->fd); /* only read from */
    reader->fd = -1;
    reader->buffer_length = 0;
}

/* Opens list entry `at` and checks its head. HZ_EOF: nothing is in it, its head was cut. */
static int open_segment(struct hz_segment_reader *reader, uint32_t at)
{
    int error = journal__path(reader->directory, reader->list.names[at], reader->path);

    if (error < 0)
        return error;
    reader->fd = reader->disk->open(reader->disk->ctx, reader->path, O_RDONLY, 0);
    if (reader->fd < 0)
        return reader->fd;
    reader->at = at;
    reader->offset = 0;
    int64_t got = fill(reader, 0, HZ_SEGMENT_HEAD_BYTES);
    if (got < 0)
        return (int)got;
    if (got == 0)
        return HZ_EOF;
    if (got < (int64_t)sizeof(struct segment_head))
        return HZ_ECORRUPT;
    error = journal__head_check((const void *)reader->buffer, reader->class_);
    reader->offset = HZ_SEGMENT_HEAD_BYTES;
    return error;
}

/* The last segment that can hold `from`: the next one begins above it. Definitions have no keys, so that
 * all their segments begin at 0, and all are wanted. */
static uint32_t first_wanted(const struct segment_list *list, uint64_t from)
{
    uint32_t at = 0;

    while (from > 0 && at + 1 < list->count && list->names[at + 1].first <= from)
        at++;
    return at;
}

int hz_segment_reader_new(const struct hz_disk *disk, const char *directory,
                          enum hz_segment_class class_, uint64_t from,
                          struct hz_segment_reader **ret_reader)
{
    struct hz_segment_reader *reader;

    if (strlen(directory) >= sizeof(reader->directory))
        return HZ_ELIMIT;
    reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    reader->disk = disk;
    reader->class_ = class_;
    reader->fd = -1;
    memcpy(reader->directory, directory, strlen(directory) + 1);
    reader->buffer = malloc(READ_BYTES);
    int error = reader->buffer ? journal__list(disk, directory, &reader->list) : -ENOMEM;
    if (error < 0) {
        hz_segment_reader_free(reader);
        return error;
    }
    reader->at = first_wanted(&reader->list, from);
    *ret_reader = reader;
    return 0;
}

void hz_segment_reader_free(struct hz_segment_reader *reader)
{
    if (!reader)
        return;
    close_segment(reader);
    free(reader->list.names);
    free(reader->buffer);
    free(reader);
}

/* Bytes from the first bad frame to the last that is not zero. */
static int64_t count_torn(struct hz_segment_reader *reader)
{
    uint64_t end = reader->offset;

    for (uint64_t offset = reader->offset;; offset += reader->buffer_length) {
        int64_t got = fill(reader, offset, READ_BYTES);
        if (got < 0)
            return got;
        if (got == 0)
            return (int64_t)(end - reader->offset);
        for (int64_t i = got; i > 0; i--) {
            if (reader->buffer[i - 1] == 0)
                continue;
            end = offset + (uint64_t)i;
            break;
        }
    }
}

/* Does the successor of the open segment hold what its bad end has lost? */
static bool successor_repeats(const struct hz_segment_reader *reader)
{
    if (reader->at + 1 >= reader->list.count)
        return false;
    uint64_t lost = reader->next_key ? reader->next_key : reader->list.names[reader->at].first;
    return reader->class_ == HZ_SEGMENT_DEFINE || reader->list.names[reader->at + 1].first <= lost;
}

/* The frames of the open segment have ended; `clean` when by a length of 0 or the file's end. 0: the
 * next segment may be opened. */
static int end_segment(struct hz_segment_reader *reader, bool clean)
{
    bool newest = reader->at + 1 == reader->list.count;

    if (!clean && newest) {
        int64_t torn = count_torn(reader);
        if (torn < 0)
            return (int)torn;
        reader->torn = (uint64_t)torn;
    }
    if (newest)
        return HZ_EOF;
    if (!clean && !successor_repeats(reader))
        return HZ_ECORRUPT;
    close_segment(reader);
    reader->at++;
    return 0;
}

/* A segment whose head never reached the disk holds nothing that was acknowledged; it can only be the
 * newest, or one that was abandoned at once. */
static int open_next(struct hz_segment_reader *reader)
{
    if (reader->list.count == 0)
        return HZ_EOF;
    int error = open_segment(reader, reader->at);
    if (error == HZ_EOF)
        return end_segment(reader, true);
    if (error == HZ_ECORRUPT &&
        (reader->at + 1 == reader->list.count || successor_repeats(reader))) {
        reader->offset = 0;
        return end_segment(reader, false);
    }
    return error;
}

/* The next frame's bytes, as far as the file has them, and its length (0: none). No more is asked for than
 * the frame is long: behind the last ones there is not more, and each would be read anew. */
static int64_t fill_frame(struct hz_segment_reader *reader, const char **ret_frame,
                          uint32_t *ret_bytes)
{
    int64_t got = fill(reader, reader->offset, sizeof(*ret_bytes));

    *ret_bytes = 0;
    if (got >= (int64_t)sizeof(*ret_bytes))
        memcpy(ret_bytes, reader->buffer + (reader->offset - reader->buffer_offset),
               sizeof(*ret_bytes));
    if (got >= 0 && *ret_bytes > got && *ret_bytes <= HZ_SEGMENT_FRAME_BYTES_MAX)
        got = fill(reader, reader->offset, *ret_bytes);
    *ret_frame = reader->buffer + (reader->offset - reader->buffer_offset);
    return got;
}

int hz_segment_next(struct hz_segment_reader *reader, const void **ret_frame, uint32_t *ret_bytes,
                    struct hz_segment_place *ret_place)
{
    for (;;) {
        int error = reader->fd < 0 ? open_next(reader) : 0;
        if (error < 0)
            return error;
        if (reader->fd < 0)
            continue;
        const char *frame;
        uint32_t bytes;
        int64_t got = fill_frame(reader, &frame, &bytes);
        if (got < 0)
            return (int)got;
        if (bytes == 0 || !journal__frame_good(reader->class_, frame, (size_t)got)) {
            error = end_segment(reader, bytes == 0);
            if (error < 0)
                return error;
            continue;
        }
        struct hz_segment_place place = {reader->list.names[reader->at].ordinal, reader->offset};
        uint64_t next, key = journal__frame_key(reader->class_, frame, &next);
        reader->offset += bytes;
        if (next != 0 && key < reader->next_key)
            continue; /* written again after a failed sync */
        reader->next_key = next;
        *ret_frame = frame;
        *ret_bytes = bytes;
        *ret_place = place;
        return 0;
    }
}

int hz_segment_skip(struct hz_segment_reader *reader)
{
    if (reader->at + 1 >= reader->list.count)
        return HZ_EOF;
    close_segment(reader);
    reader->at++;
    return 0;
}

int hz_segment_read_at(struct hz_segment_reader *reader, struct hz_segment_place place,
                       const void **ret_frame, uint32_t *ret_bytes)
{
    uint32_t at = 0;

    while (at < reader->list.count && reader->list.names[at].ordinal != place.ordinal)
        at++;
    if (at == reader->list.count)
        return HZ_ENOTFOUND;
    if (reader->fd < 0 || reader->at != at) {
        close_segment(reader);
        int error = open_segment(reader, at);
        if (error < 0)
            return error;
    }
    int64_t got = fill(reader, place.offset, HZ_SEGMENT_FRAME_BYTES_MAX);
    if (got < 0)
        return (int)got;
    const char *frame = reader->buffer + (place.offset - reader->buffer_offset);
    if (!journal__frame_good(reader->class_, frame, (size_t)got))
        return HZ_ECORRUPT;
    memcpy(ret_bytes, frame, sizeof(*ret_bytes));
    *ret_frame = frame;
    reader->offset = place.offset + *ret_bytes; /* hz_segment_next goes on behind it */
    (void)journal__frame_key(reader->class_, frame, &reader->next_key);
    return 0;
}

uint64_t hz_segment_torn_bytes(const struct hz_segment_reader *reader)
{
    return reader->torn;
}

const char *hz_segment_where(const struct hz_segment_reader *reader, uint64_t *ret_offset)
{
    *ret_offset = reader->offset;
    return reader->path;
}
