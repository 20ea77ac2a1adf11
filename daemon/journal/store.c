/* SPDX-License-Identifier: Apache-2.0
 *
 * The state directory: made when missing, locked while in use, with an identity of its own. What must
 * stay true: a file below it that is found is whole; what a crash left half-written bears a name
 * (".new") that nobody reads.
 */
#include "store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FILE_BYTES_MAX (INT64_C(1) << 30) /* as hz_files.h */

int store__path(const struct hz_store *store, const char *folder, const char *name,
                char to[JOURNAL_PATH_BYTES])
{
    int length = snprintf(to, JOURNAL_PATH_BYTES, "%s%s%s/%s", store->directory, folder ? "/" : "",
                          folder ? folder : "", name);

    return length > 0 && length < JOURNAL_PATH_BYTES ? 0 : HZ_ELIMIT;
}

int store__write(const struct hz_disk *disk, int fd, const void *bytes, size_t length,
                 uint64_t offset)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t done = disk->write(disk->ctx, fd, from, length, (int64_t)offset);
        if (done <= 0)
            return done < 0 ? (int)done : -EIO;
        from += done;
        length -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

int store__read(const struct hz_disk *disk, int fd, void *bytes, size_t length, uint64_t offset)
{
    char *to = bytes;

    while (length > 0) {
        ssize_t done = disk->read(disk->ctx, fd, to, length, (int64_t)offset);
        if (done <= 0)
            return done < 0 ? (int)done : HZ_EOF;
        to += done;
        length -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

static int sync_folder(struct hz_store *store, const char *folder)
{
    char path[JOURNAL_PATH_BYTES];
    int error = store__path(store, folder, ".", path);

    return error < 0 ? error : store->disk->sync_directory(store->disk->ctx, path);
}

/* Content and sync of a file not yet under its name. */
static int write_aside(struct hz_store *store, const char *path, const void *bytes, size_t length)
{
    const struct hz_disk *disk = store->disk;
    int fd = disk->open(disk->ctx, path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

    if (fd < 0)
        return fd;
    int error = store__write(disk, fd, bytes, length, 0);
    if (error == 0)
        error = disk->datasync(disk->ctx, fd);
    int closed = disk->close(disk->ctx, fd);
    return error < 0 ? error : closed;
}

int store__put(struct hz_store *store, const char *folder, const char *name, const void *bytes,
               size_t length)
{
    char path[JOURNAL_PATH_BYTES], aside[JOURNAL_PATH_BYTES];

    int error = store__path(store, folder, name, path);
    if (error == 0)
        error = store__path(store, folder, ".new", aside); /* one writer: one name is enough */
    if (error == 0)
        error = write_aside(store, aside, bytes, length);
    if (error == 0)
        error = store->disk->rename(store->disk->ctx, aside, path);
    return error < 0 ? error : sync_folder(store, folder);
}

static int open_to_read(struct hz_store *store, const char *folder, const char *name)
{
    char path[JOURNAL_PATH_BYTES];
    int error = store__path(store, folder, name, path);

    return error < 0 ? error : store->disk->open(store->disk->ctx, path, O_RDONLY, 0);
}

bool store__has(struct hz_store *store, const char *folder, const char *name)
{
    int fd = open_to_read(store, folder, name);

    if (fd >= 0)
        (void)store->disk->close(store->disk->ctx, fd); /* nothing was written */
    return fd >= 0;
}

int store__get(struct hz_store *store, const char *folder, const char *name, char **ret_bytes,
               size_t *ret_length)
{
    const struct hz_disk *disk = store->disk;
    int fd = open_to_read(store, folder, name);

    if (fd < 0)
        return fd == -ENOENT ? HZ_ENOTFOUND : fd;
    int64_t size = disk->size(disk->ctx, fd);
    char *bytes = size >= 0 && size <= FILE_BYTES_MAX ? malloc((size_t)size + 1) : NULL;
    int error = size < 0 ? (int)size
                : bytes  ? store__read(disk, fd, bytes, (size_t)size, 0)
                         : -ENOMEM;
    (void)disk->close(disk->ctx, fd); /* nothing was written */
    if (error < 0) {
        free(bytes);
        return error;
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_length = (size_t)size;
    return 0;
}

static int make_identity(struct hz_store *store)
{
    char text[40];

    if (getrandom(store->identity, sizeof(store->identity), 0) != (ssize_t)sizeof(store->identity))
        return -errno;
    int length = snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64 "\n", store->identity[0],
                          store->identity[1]);
    return store__put(store, NULL, "journal.id", text, (size_t)length);
}

static int read_identity(struct hz_store *store)
{
    char *text;
    size_t length;

    int error = store__get(store, NULL, "journal.id", &text, &length);
    if (error == HZ_ENOTFOUND)
        return make_identity(store);
    if (error < 0)
        return error;
    bool good = length == 33 && sscanf(text, "%16" SCNx64 "%16" SCNx64, &store->identity[0],
                                       &store->identity[1]) == 2;
    free(text);
    return good ? 0 : HZ_ECORRUPT;
}

static int make_folders(struct hz_store *store)
{
    static const char *const folders[] = {"sets", "files",
                                          "snapshots"}; /* segments make their own */
    char path[JOURNAL_PATH_BYTES];

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        int error = store__path(store, NULL, folders[i], path);
        if (error == 0)
            error = store->disk->mkdir(store->disk->ctx, path, 0750);
        if (error < 0)
            return error;
    }
    return sync_folder(store, NULL);
}

static int take_lock(struct hz_store *store)
{
    char path[JOURNAL_PATH_BYTES];
    int error = store__path(store, NULL, "lock", path);

    if (error < 0)
        return error;
    store->lock = store->disk->open(store->disk->ctx, path, O_RDWR | O_CREAT, 0640);
    return store->lock < 0 ? store->lock : store->disk->lock(store->disk->ctx, store->lock);
}

int hz_store_open(const struct hz_disk *disk, const char *directory, struct hz_store **ret_store)
{
    struct hz_store *store;

    if (strlen(directory) >= sizeof(store->directory))
        return HZ_ELIMIT;
    store = calloc(1, sizeof(*store));
    if (!store)
        return -ENOMEM;
    store->disk = disk;
    store->lock = -1;
    memcpy(store->directory, directory, strlen(directory) + 1);
    int error = disk->mkdir(disk->ctx, directory, 0750);
    if (error == 0)
        error = take_lock(store);
    if (error == 0)
        error = make_folders(store);
    if (error == 0)
        error = read_identity(store);
    if (error < 0) {
        hz_store_close(store);
        return error;
    }
    *ret_store = store;
    return 0;
}

void hz_store_close(struct hz_store *store)
{
    if (!store)
        return;
    if (store->lock >= 0)
        (void)store->disk->close(store->disk->ctx, store->lock); /* lets the lock go */
    free(store);
}

const char *hz_store_directory(const struct hz_store *store)
{
    return store->directory;
}

const uint64_t *hz_store_identity(const struct hz_store *store)
{
    return store->identity;
}
