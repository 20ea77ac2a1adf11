/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's file system behind the table of hz_disk.h. Every call gives 0 (or a count) or a negated
 * errno; interrupted calls are made again here, short transfers are the caller's to see. Descriptors
 * are never inherited.
 */
#include "hz_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int real_open(void *ctx, const char *path, int flags, unsigned mode)
{
    int fd;

    (void)ctx;
    do
        fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static int real_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd) < 0 && errno != EINTR ? -errno : 0; /* Linux has closed it also on EINTR */
}

static ssize_t real_write(void *ctx, int fd, const void *bytes, size_t length, int64_t offset)
{
    ssize_t done;

    (void)ctx;
    do
        done = pwrite(fd, bytes, length, offset);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

static ssize_t real_read(void *ctx, int fd, void *bytes, size_t length, int64_t offset)
{
    ssize_t done;

    (void)ctx;
    do
        done = pread(fd, bytes, length, offset);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

static int real_datasync(void *ctx, int fd)
{
    (void)ctx;
    return fdatasync(fd) < 0 ? -errno : 0; /* never made again: pitfall "fsyncgate" */
}

static int real_truncate(void *ctx, int fd, int64_t length)
{
    (void)ctx;
    return ftruncate(fd, length) < 0 ? -errno : 0;
}

static int real_allocate(void *ctx, int fd, int64_t length)
{
    (void)ctx;
    return fallocate(fd, 0, 0, length) < 0 ? -errno : 0;
}

static int real_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    return rename(from, to) < 0 ? -errno : 0;
}

static int real_unlink(void *ctx, const char *path)
{
    (void)ctx;
    return unlink(path) < 0 ? -errno : 0;
}

static int real_mkdir(void *ctx, const char *path, unsigned mode)
{
    (void)ctx;
    return mkdir(path, (mode_t)mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int real_sync_directory(void *ctx, const char *path)
{
    int fd = real_open(ctx, path, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0)
        return fd;
    int error = fsync(fd) < 0 ? -errno : 0;
    (void)real_close(ctx, fd); /* nothing was written through it */
    return error;
}

static int real_lock(void *ctx, int fd)
{
    (void)ctx;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static int64_t real_size(void *ctx, int fd)
{
    struct stat stat;

    (void)ctx;
    return fstat(fd, &stat) < 0 ? -errno : (int64_t)stat.st_size;
}

static int real_list(void *ctx, const char *path, int (*each)(void *each_ctx, const char *name),
                     void *each_ctx)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    int result = 0;

    (void)ctx;
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (result == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            result = each(each_ctx, name);
        free(entries[i]);
    }
    free(entries);
    return result;
}

const struct hz_disk hz_disk_real = {
    .open = real_open,
    .close = real_close,
    .write = real_write,
    .read = real_read,
    .datasync = real_datasync,
    .truncate = real_truncate,
    .allocate = real_allocate,
    .rename = real_rename,
    .unlink = real_unlink,
    .mkdir = real_mkdir,
    .sync_directory = real_sync_directory,
    .lock = real_lock,
    .size = real_size,
    .list = real_list,
};
