/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing segments, by two threads that never wait for each other: the write thread appends and rolls,
 * the sync thread makes durable what it finds appended. What must stay true: a sync that succeeded
 * covers every byte appended before it, the directory entries included; a sync that failed is never
 * tried again on the same segment (the kernel may have dropped the pages and would say yes); a new
 * segment begins only when everything in the full one is durable, so that a crash can tear the newest
 * alone.
 *
 *   ordinals   ... synced  |  open, unsynced ...  newest
 *                          ^ sync thread's       ^ write thread appends here
 *
 * A descriptor is published by the write thread's store of `newest` and belongs to the sync thread
 * from the moment a newer one stands there: that thread closes it after its last sync.
 */
#include "hz_segment.h"

#include "journal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MAX_SEGMENTS 8u /* unsynced at a time: more than one only after failures */

struct hz_segment_writer {
    /* set at start */
    const struct hz_disk *disk;
    enum hz_segment_class class_;
    uint64_t journal[2];
    uint64_t segment_bytes;
    char directory[JOURNAL_PATH_BYTES];

    /* write thread */
    bool open;
    uint64_t next_ordinal;
    uint64_t offset;
    struct hz_segment_place last_place;

    /* write thread stores, sync thread loads (release/acquire): descriptors up to `newest` are there */
    int fds[OPEN_MAX_SEGMENTS];
    _Atomic uint64_t newest; /* ordinal of the newest segment made; base - 1 = none yet */
    _Atomic uint64_t appended;
    _Atomic uint64_t abandoned; /* ordinal up to which segments were given up; 0 = none */

    /* sync thread stores, write thread loads: slots below are free again */
    _Atomic uint64_t unsynced; /* lowest ordinal not yet closed by the sync thread */
    _Atomic uint64_t synced;   /* of `appended`: durable */

    /* sync thread */
    uint64_t directory_synced; /* ordinal up to which the directory is synced */
    uint64_t failed_ordinal;   /* UINT64_MAX = none */
    int failed_error;
};

/* Cuts the newest segment behind its last good frame; *ret_next is the ordinal to go on with. */
static int cut_newest(struct hz_segment_writer *writer, const struct segment_list *list,
                      uint64_t *ret_next)
{
    struct segment_name newest = list->names[list->count - 1];
    struct hz_segment_reader *reader;
    const void *frame;
    uint32_t bytes;
    struct hz_segment_place place;
    uint64_t end = 0;
    char path[JOURNAL_PATH_BYTES];

    *ret_next = newest.ordinal + 1;
    int error =
        hz_segment_reader_new(writer->disk, writer->directory, writer->class_, UINT64_MAX, &reader);
    if (error < 0)
        return error;
    do
        error = hz_segment_next(reader, &frame, &bytes, &place);
    while (error == 0);
    (void)hz_segment_where(reader, &end);
    hz_segment_reader_free(reader);
    if (error != HZ_EOF)
        return error;
    error = journal__path(writer->directory, newest, path);
    if (error < 0)
        return error;
    int fd = writer->disk->open(writer->disk->ctx, path, O_RDWR, 0);
    if (fd < 0)
        return fd;
    error = writer->disk->truncate(writer->disk->ctx, fd, (int64_t)end);
    if (error == 0)
        error = writer->disk->datasync(writer->disk->ctx, fd);
    int closed = writer->disk->close(writer->disk->ctx, fd);
    return error < 0 ? error : closed;
}

/* Is the newest segment of this journal? A head that never reached the disk says nothing. */
static int check_identity(struct hz_segment_writer *writer, struct segment_name name)
{
    struct segment_head head;
    char path[JOURNAL_PATH_BYTES];

    int error = journal__path(writer->directory, name, path);
    if (error < 0)
        return error;
    int fd = writer->disk->open(writer->disk->ctx, path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    ssize_t got = writer->disk->read(writer->disk->ctx, fd, &head, sizeof(head), 0);
    (void)writer->disk->close(writer->disk->ctx, fd); /* only read from */
    if (got < 0)
        return (int)got;
    error = got == (ssize_t)sizeof(head) ? journal__head_check(&head, writer->class_) : HZ_ECORRUPT;
    if (error == HZ_ECORRUPT)
        return 0;
    if (error < 0)
        return error;
    return memcmp(head.journal, writer->journal, sizeof(head.journal)) == 0 ? 0 : HZ_EFOREIGN;
}

static int take_over(struct hz_segment_writer *writer, uint64_t *ret_next)
{
    struct segment_list list;

    int error = writer->disk->mkdir(writer->disk->ctx, writer->directory, 0750);
    if (error < 0)
        return error;
    error = journal__list(writer->disk, writer->directory, &list);
    if (error < 0)
        return error;
    *ret_next = 1;
    if (list.count > 0) {
        error = check_identity(writer, list.names[list.count - 1]);
        if (error == 0)
            error = cut_newest(writer, &list, ret_next);
    }
    free(list.names);
    return error;
}

int hz_segment_writer_new(const struct hz_disk *disk, const char *directory,
                          enum hz_segment_class class_, const uint64_t journal[2],
                          uint64_t segment_bytes, struct hz_segment_writer **ret_writer)
{
    struct hz_segment_writer *writer;

    if (strlen(directory) >= sizeof(writer->directory))
        return HZ_ELIMIT;
    writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->disk = disk;
    writer->class_ = class_;
    memcpy(writer->journal, journal, sizeof(writer->journal));
    memcpy(writer->directory, directory, strlen(directory) + 1);
    uint64_t least = HZ_SEGMENT_HEAD_BYTES + HZ_SEGMENT_FRAME_BYTES_MAX;
    writer->segment_bytes = segment_bytes > least ? segment_bytes : least;
    writer->failed_ordinal = UINT64_MAX;
    int error = take_over(writer, &writer->next_ordinal);
    if (error < 0) {
        free(writer);
        return error;
    }
    writer->directory_synced = writer->next_ordinal - 1;
    atomic_store_explicit(&writer->newest, writer->next_ordinal - 1, memory_order_relaxed);
    atomic_store_explicit(&writer->unsynced, writer->next_ordinal, memory_order_relaxed);
    *ret_writer = writer;
    return 0;
}

/* Both threads must have stopped. */
void hz_segment_writer_free(struct hz_segment_writer *writer)
{
    if (!writer)
        return;
    uint64_t newest = atomic_load_explicit(&writer->newest, memory_order_relaxed);
    for (uint64_t at = atomic_load_explicit(&writer->unsynced, memory_order_relaxed); at <= newest;
         at++)
        (void)writer->disk->close(writer->disk->ctx, writer->fds[at % OPEN_MAX_SEGMENTS]);
    free(writer);
}

static int write_whole(const struct hz_disk *disk, int fd, const void *bytes, size_t length,
                       uint64_t offset)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t done = disk->write(disk->ctx, fd, from, length, (int64_t)offset);
        if (done < 0)
            return (int)done;
        if (done == 0)
            return -EIO;
        from += done;
        length -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

/* A file of its whole size, zeros behind the head: appending then changes no size. File systems
 * without fallocate do as well, only slower. */
static int make_file(struct hz_segment_writer *writer, struct segment_name name, int *ret_fd)
{
    union {
        struct segment_head head;
        char bytes[HZ_SEGMENT_HEAD_BYTES];
    } page;
    char path[JOURNAL_PATH_BYTES];

    int error = journal__path(writer->directory, name, path);
    if (error < 0)
        return error;
    int fd = writer->disk->open(writer->disk->ctx, path, O_RDWR | O_CREAT | O_EXCL, 0640);
    if (fd < 0)
        return fd;
    error = writer->disk->allocate(writer->disk->ctx, fd, (int64_t)writer->segment_bytes);
    if (error == -EOPNOTSUPP || error == -ENOSYS)
        error = 0;
    memset(&page, 0, sizeof(page));
    journal__head_build(&page.head, writer->class_, writer->journal, name);
    if (error == 0)
        error = write_whole(writer->disk, fd, &page, sizeof(page), 0);
    if (error < 0) {
        (void)writer->disk->close(writer->disk->ctx, fd); /* the first error counts */
        (void)writer->disk->unlink(writer->disk->ctx, path);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

static int begin_segment(struct hz_segment_writer *writer, uint64_t first)
{
    uint64_t ordinal = writer->next_ordinal;
    int fd;

    if (ordinal - atomic_load_explicit(&writer->unsynced, memory_order_acquire) >=
        OPEN_MAX_SEGMENTS)
        return -EBUSY;
    int error = make_file(writer, (struct segment_name){ordinal, first}, &fd);
    if (error < 0)
        return error;
    writer->next_ordinal++;
    writer->fds[ordinal % OPEN_MAX_SEGMENTS] = fd;
    writer->offset = HZ_SEGMENT_HEAD_BYTES;
    writer->open = true;
    atomic_store_explicit(&writer->newest, ordinal, memory_order_release);
    return 0;
}

/* Fills in the CRCs of a run of frames. */
static void seal(enum hz_segment_class class_, void *frames, size_t length)
{
    char *at = frames;

    while (length > 0) {
        struct hz_frame start; /* a block begins with the same two fields */
        memcpy(&start, at, sizeof(start));
        hz_assert(start.bytes >= sizeof(start) && start.bytes % 8 == 0 && start.bytes <= length &&
                  start.bytes <= HZ_SEGMENT_FRAME_BYTES_MAX);
        start.crc32c = journal__frame_crc(at, start.bytes);
        memcpy(at, &start, sizeof(start));
        hz_assert(class_ != HZ_SEGMENT_JOURNAL || hz_block_shape_ok((const void *)at, length));
        at += start.bytes;
        length -= start.bytes;
    }
}

/* Is everything appended so far durable? */
static bool all_synced(const struct hz_segment_writer *writer)
{
    return atomic_load_explicit(&writer->synced, memory_order_acquire) ==
           atomic_load_explicit(&writer->appended, memory_order_relaxed);
}

/* A segment that `length` more bytes fit into is open. */
static int make_room(struct hz_segment_writer *writer, size_t length, uint64_t first)
{
    if (writer->open && writer->offset + length <= writer->segment_bytes)
        return 0;
    if (writer->open && !all_synced(writer))
        return -EAGAIN;
    return begin_segment(writer, first);
}

int hz_segment_append(struct hz_segment_writer *writer, void *frames, size_t length, uint64_t first)
{
    if (length == 0)
        return 0;
    hz_assert(length <= writer->segment_bytes - HZ_SEGMENT_HEAD_BYTES);
    int error = make_room(writer, length, first);
    if (error < 0)
        return error;
    uint64_t ordinal = writer->next_ordinal - 1;
    seal(writer->class_, frames, length);
    error = write_whole(writer->disk, writer->fds[ordinal % OPEN_MAX_SEGMENTS], frames, length,
                        writer->offset);
    if (error < 0)
        return error;
    writer->last_place = (struct hz_segment_place){ordinal, writer->offset};
    writer->offset += length;
    atomic_store_explicit(&writer->appended,
                          atomic_load_explicit(&writer->appended, memory_order_relaxed) + length,
                          memory_order_release);
    return 0;
}

void hz_segment_writer_abandon(struct hz_segment_writer *writer)
{
    writer->open = false;
    atomic_store_explicit(&writer->abandoned, writer->next_ordinal - 1, memory_order_release);
}

uint64_t hz_segment_appended(const struct hz_segment_writer *writer)
{
    return atomic_load_explicit(&writer->appended, memory_order_acquire);
}

struct hz_segment_place hz_segment_last_place(const struct hz_segment_writer *writer)
{
    return writer->last_place;
}

/* Remembers that a sync failed: from here on only abandoning the segment helps. */
static int fail(struct hz_segment_writer *writer, uint64_t ordinal, int error)
{
    writer->failed_ordinal = ordinal;
    writer->failed_error = error;
    return error;
}

/* Syncs one segment; closes it when a newer one is there. */
static int sync_one(struct hz_segment_writer *writer, uint64_t ordinal, bool newest)
{
    int fd = writer->fds[ordinal % OPEN_MAX_SEGMENTS];

    if (ordinal == writer->failed_ordinal) {
        if (atomic_load_explicit(&writer->abandoned, memory_order_acquire) < ordinal)
            return writer->failed_error;
    } else {
        int error = writer->disk->datasync(writer->disk->ctx, fd);
        if (error < 0)
            return fail(writer, ordinal, error);
    }
    if (!newest) {
        (void)writer->disk->close(writer->disk->ctx,
                                  fd); /* synced or given up: nothing left to fail */
        atomic_store_explicit(&writer->unsynced, ordinal + 1, memory_order_release);
    }
    return 0;
}

int hz_segment_sync(struct hz_segment_writer *writer)
{
    uint64_t appended = hz_segment_appended(writer);
    uint64_t newest = atomic_load_explicit(&writer->newest, memory_order_acquire);
    uint64_t at = atomic_load_explicit(&writer->unsynced, memory_order_relaxed);

    for (; at <= newest; at++) {
        int error = sync_one(writer, at, at == newest);
        if (error < 0)
            return error;
    }
    if (writer->directory_synced < newest) {
        int error = writer->disk->sync_directory(writer->disk->ctx, writer->directory);
        if (error < 0)
            return fail(writer, newest, error);
        writer->directory_synced = newest;
    }
    atomic_store_explicit(&writer->synced, appended, memory_order_release);
    return 0;
}
