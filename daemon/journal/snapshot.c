/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots: a head with length and CRC-32C, then the bytes that were given. What must stay true: one
 * that opens is whole, and it bears its name only after it was synced.
 */
#include "store_priv.h"

#include "hz_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MAGIC   "hzsnap\r"
#define SNAPSHOT_VERSION 1u
#define SNAPSHOTS_KEPT   2u
#define COPY_BYTES       (256u << 10)
#define NAME_BYTES       32
#define ASIDE            ".new"

struct snapshot_head {
    char magic[8];
    uint32_t version;
    uint32_t crc32c; /* over the body, then this head with the field 0 */
    uint64_t seq;
    uint64_t length; /* of the body */
};

struct hz_snapshot_writer {
    struct hz_store *store;
    int fd;
    struct snapshot_head head;
    uint32_t crc;
    size_t held; /* in buffer */
    char buffer[COPY_BYTES];
};

struct hz_snapshot_reader {
    const struct hz_disk *disk;
    int fd;
    uint64_t offset, end; /* in the file */
    uint64_t kept_at; /* in the file, of kept[0]: the engine reads a point's few bytes at a time */
    size_t kept_length;
    char kept[COPY_BYTES];
};

static void name_of(uint64_t seq, char to[NAME_BYTES])
{
    (void)snprintf(to, NAME_BYTES, "%016" PRIx64 ".snap", seq);
}

static uint32_t head_crc(struct snapshot_head head, uint32_t body)
{
    head.crc32c = 0;
    return hz_crc32c(body, &head, sizeof(head));
}

int hz_snapshot_begin(struct hz_store *store, uint64_t seq, struct hz_snapshot_writer **ret_writer)
{
    char path[JOURNAL_PATH_BYTES];
    struct hz_snapshot_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return -ENOMEM;
    writer->store = store;
    writer->head =
        (struct snapshot_head){.magic = SNAPSHOT_MAGIC, .version = SNAPSHOT_VERSION, .seq = seq};
    int error = store__path(store, "snapshots", ASIDE, path);
    if (error == 0)
        error = writer->fd =
            store->disk->open(store->disk->ctx, path, O_RDWR | O_CREAT | O_TRUNC, 0640);
    if (error < 0) {
        free(writer);
        return error;
    }
    *ret_writer = writer;
    return 0;
}

static int flush(struct hz_snapshot_writer *writer)
{
    int error = store__write(writer->store->disk, writer->fd, writer->buffer, writer->held,
                             sizeof(writer->head) + writer->head.length);

    writer->crc = hz_crc32c(writer->crc, writer->buffer, writer->held);
    writer->head.length += writer->held;
    writer->held = 0;
    return error;
}

int hz_snapshot_write(void *ctx, const void *bytes, size_t length)
{
    struct hz_snapshot_writer *writer = ctx;
    const char *from = bytes;

    while (length > 0) {
        size_t room = sizeof(writer->buffer) - writer->held;
        size_t taken = length < room ? length : room;
        memcpy(writer->buffer + writer->held, from, taken);
        writer->held += taken;
        from += taken;
        length -= taken;
        int error = writer->held == sizeof(writer->buffer) ? flush(writer) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}

void hz_snapshot_abort(struct hz_snapshot_writer *writer)
{
    if (!writer)
        return;
    (void)writer->store->disk->close(writer->store->disk->ctx,
                                     writer->fd); /* its bytes are given up */
    free(writer);
}

/* Snapshots found, ascending; the newest are kept. */
struct found {
    uint64_t seqs[64];
    unsigned count;
};

static int add_found(void *ctx, const char *name)
{
    struct found *found = ctx;
    uint64_t seq;
    char again[NAME_BYTES];

    if (sscanf(name, "%16" SCNx64, &seq) != 1)
        return 0;
    name_of(seq, again);
    if (strcmp(name, again) != 0)
        return 0;
    if (found->count ==
        sizeof(found->seqs) / sizeof(*found->seqs)) /* names come sorted: the oldest goes */
        memmove(found->seqs, found->seqs + 1, (size_t)--found->count * sizeof(*found->seqs));
    found->seqs[found->count++] = seq;
    return 0;
}

static int find(struct hz_store *store, struct found *found)
{
    char path[JOURNAL_PATH_BYTES];
    int error = store__path(store, NULL, "snapshots", path);

    found->count = 0;
    return error < 0 ? error : store->disk->list(store->disk->ctx, path, add_found, found);
}

static void drop_old(struct hz_store *store)
{
    struct found found;
    char name[NAME_BYTES], path[JOURNAL_PATH_BYTES];

    if (find(store, &found) < 0)
        return; /* the next commit tries again */
    for (unsigned i = 0; i + SNAPSHOTS_KEPT < found.count; i++) {
        name_of(found.seqs[i], name);
        if (store__path(store, "snapshots", name, path) == 0)
            (void)store->disk->unlink(store->disk->ctx, path); /* likewise */
    }
}

static int rename_whole(struct hz_store *store, uint64_t seq)
{
    char name[NAME_BYTES], aside[JOURNAL_PATH_BYTES], path[JOURNAL_PATH_BYTES],
        folder[JOURNAL_PATH_BYTES];

    name_of(seq, name);
    int error = store__path(store, "snapshots", ASIDE, aside);
    if (error == 0)
        error = store__path(store, "snapshots", name, path);
    if (error == 0)
        error = store__path(store, NULL, "snapshots", folder);
    if (error == 0)
        error = store->disk->rename(store->disk->ctx, aside, path);
    return error < 0 ? error : store->disk->sync_directory(store->disk->ctx, folder);
}

int hz_snapshot_commit(struct hz_snapshot_writer *writer)
{
    struct hz_store *store = writer->store;
    uint64_t seq = writer->head.seq;

    int error = flush(writer);
    writer->head.crc32c = head_crc(writer->head, writer->crc);
    if (error == 0)
        error = store__write(store->disk, writer->fd, &writer->head, sizeof(writer->head), 0);
    if (error == 0)
        error = store->disk->datasync(store->disk->ctx, writer->fd);
    hz_snapshot_abort(writer); /* closes */
    if (error == 0)
        error = rename_whole(store, seq);
    if (error == 0)
        drop_old(store);
    return error;
}

/* Reads the whole file once: is it what was committed? 0 or HZ_ECORRUPT or the disk's error. */
static int check(const struct hz_disk *disk, int fd, uint64_t seq, uint64_t *ret_end)
{
    struct snapshot_head head;
    uint32_t crc = 0;
    int error = store__read(disk, fd, &head, sizeof(head), 0);

    if (error < 0)
        return error == HZ_EOF ? HZ_ECORRUPT : error;
    if (memcmp(head.magic, SNAPSHOT_MAGIC, sizeof(SNAPSHOT_MAGIC)) != 0 ||
        head.version != SNAPSHOT_VERSION || head.seq != seq)
        return HZ_ECORRUPT;
    if (disk->size(disk->ctx, fd) != (int64_t)(sizeof(head) + head.length))
        return HZ_ECORRUPT;
    char *buffer = malloc(COPY_BYTES);
    if (!buffer)
        return -ENOMEM;
    for (uint64_t at = 0; error == 0 && at < head.length;) {
        size_t part = head.length - at < COPY_BYTES ? (size_t)(head.length - at) : COPY_BYTES;
        error = store__read(disk, fd, buffer, part, sizeof(head) + at);
        crc = hz_crc32c(crc, buffer, part);
        at += part;
    }
    free(buffer);
    if (error == 0 && head.crc32c != head_crc(head, crc))
        error = HZ_ECORRUPT;
    *ret_end = sizeof(head) + head.length;
    return error;
}

/* A snapshot's descriptor, checked; or a code. */
static int open_checked(struct hz_store *store, uint64_t seq, uint64_t *ret_end)
{
    char name[NAME_BYTES], path[JOURNAL_PATH_BYTES];

    name_of(seq, name);
    int error = store__path(store, "snapshots", name, path);
    if (error < 0)
        return error;
    int fd = store->disk->open(store->disk->ctx, path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    error = check(store->disk, fd, seq, ret_end);
    if (error < 0)
        (void)store->disk->close(store->disk->ctx, fd); /* nothing was written */
    return error < 0 ? error : fd;
}

int hz_snapshot_open(struct hz_store *store, uint64_t most, struct hz_snapshot_reader **ret_reader,
                     uint64_t *ret_seq)
{
    struct found found;
    uint64_t end = 0;
    int fd = HZ_ENOTFOUND;
    unsigned at;

    int error = find(store, &found);
    if (error < 0)
        return error;
    for (at = found.count; at > 0 && fd < 0; at--)
        if (found.seqs[at - 1] <= most)
            fd = open_checked(store, found.seqs[at - 1], &end);
    if (fd < 0)
        return HZ_ENOTFOUND;
    struct hz_snapshot_reader *reader = malloc(sizeof(*reader));
    if (!reader) {
        (void)store->disk->close(store->disk->ctx, fd); /* nothing was written */
        return -ENOMEM;
    }
    reader->disk = store->disk;
    reader->fd = fd;
    reader->offset = sizeof(struct snapshot_head);
    reader->end = end;
    reader->kept_at = reader->kept_length = 0;
    *ret_reader = reader;
    *ret_seq = found.seqs[at];
    return 0;
}

/* The next bytes of the file are kept; a failed read keeps none. */
static int keep_next(struct hz_snapshot_reader *reader)
{
    const uint64_t left = reader->end - reader->offset;
    const size_t length = left < sizeof(reader->kept) ? (size_t)left : sizeof(reader->kept);
    const int error = store__read(reader->disk, reader->fd, reader->kept, length, reader->offset);

    reader->kept_at = reader->offset;
    reader->kept_length = error < 0 ? 0 : length;
    return error;
}

int hz_snapshot_read(void *ctx, void *bytes, size_t length)
{
    struct hz_snapshot_reader *reader = ctx;
    char *to = bytes;

    if (length > reader->end - reader->offset)
        return HZ_EOF;
    while (length > 0) {
        const uint64_t kept_end = reader->kept_at + reader->kept_length;
        const int error =
            reader->kept_length == 0 || reader->offset == kept_end ? keep_next(reader) : 0;
        if (error < 0)
            return error;
        const size_t there = (size_t)(reader->kept_at + reader->kept_length - reader->offset);
        const size_t part = length < there ? length : there;
        memcpy(to, reader->kept + (reader->offset - reader->kept_at), part);
        to += part;
        length -= part;
        reader->offset += part;
    }
    return 0;
}

void hz_snapshot_close(struct hz_snapshot_reader *reader)
{
    if (!reader)
        return;
    (void)reader->disk->close(reader->disk->ctx, reader->fd); /* nothing was written */
    free(reader);
}
