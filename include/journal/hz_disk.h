/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The file system as the journal needs it, as a table of calls, so that a simulation can
 *         hand in one that tears, loses, fails and hangs.
 * WAY     journal -> here -> kernel
 * THREAD  write and sync threads, start-up
 * OWNS    nothing
 * FULL    -ENOSPC comes back from write
 */
#ifndef HZ_DISK_H
#define HZ_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hz_disk {
    void *ctx;
    int (*open)(void *ctx, const char *path, int flags, unsigned mode); /* fd or -errno */
    int (*close)(void *ctx, int fd);
    ssize_t (*write)(void *ctx, int fd, const void *bytes, size_t length, int64_t offset); /* pwrite */
    ssize_t (*read)(void *ctx, int fd, void *bytes, size_t length, int64_t offset);        /* pread */
    int (*datasync)(void *ctx, int fd);
    int (*truncate)(void *ctx, int fd, int64_t length);
    int (*allocate)(void *ctx, int fd, int64_t length); /* posix_fallocate; may fail with -EOPNOTSUPP */
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path);
    int (*mkdir)(void *ctx, const char *path, unsigned mode); /* 0 when it is there */
    int (*sync_directory)(void *ctx, const char *path);
    int (*lock)(void *ctx, int fd); /* exclusive, until closed or the process ends; -EBUSY when taken */
    int64_t (*size)(void *ctx, int fd);
    /* Names in a directory, sorted; calls `each` until it returns non-zero. */
    int (*list)(void *ctx, const char *path, int (*each)(void *each_ctx, const char *name), void *each_ctx);
};

extern const struct hz_disk hz_disk_real;

#endif
