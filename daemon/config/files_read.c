/* SPDX-License-Identifier: Apache-2.0
 *
 * The set's files from a directory. Whoever can write a rule can silence an alarm, so what anybody
 * may write, or what a link fetches from elsewhere, is refused. Contents are copied, never mapped:
 * a file that is edited in place must not change under a set that already has its digest. What does
 * not belong to the set is not looked at.
 */
#include "hz_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)1 << 30)

struct reading {
    struct hz_files *files;
    struct hz_diagnostics *diagnostics;
    char root[PATH_MAX]; /* without links */
    bool no_memory;
};

static const char *const single_files[] = {"enterprises.csv", "gateways.csv", "hazardd.yaml",
                                           "hazards.csv",     "parks.csv",    "points.csv"};

static void wrong(struct reading *reading, const char *path, const char *hint, const char *message,
                  int code)
{
    if (code < 0)
        hz_diagnose(reading->diagnostics, path, 0, 0, hint, "%s: %s", message, hz_strerror(code));
    else
        hz_diagnose(reading->diagnostics, path, 0, 0, hint, "%s", message);
}

static bool inside(const struct reading *reading, const char *real)
{
    size_t length = strlen(reading->root);

    return strncmp(real, reading->root, length) == 0 && real[length] == '/';
}

/* The whole file into memory of the caller's. A file that shrinks or grows meanwhile is read as far
 * as it goes; the digest is of what was read. */
static int read_all(int fd, size_t size, char **ret_bytes, size_t *ret_length)
{
    char *bytes = malloc(size + 1);
    size_t length = 0;

    if (!bytes)
        return -ENOMEM;
    while (length < size) {
        ssize_t got = read(fd, bytes + length, size - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int code = -errno;

            free(bytes);
            return code;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return 0;
}

static void add_open(struct reading *reading, const char *path, int fd)
{
    struct stat status;
    char *bytes = NULL;
    size_t length = 0;

    if (fstat(fd, &status) < 0) {
        wrong(reading, path, NULL, "can not be read", -errno);
        return;
    }
    if (!S_ISREG(status.st_mode)) {
        wrong(reading, path, NULL, "is not a regular file", 0);
        return;
    }
    if (status.st_mode & S_IWOTH) {
        wrong(reading, path, "chmod o-w", "may be written by anybody: refused", 0);
        return;
    }
    if (status.st_size > FILE_BYTES_MAX) {
        wrong(reading, path, NULL, "is larger than 1 GiB", 0);
        return;
    }
    int code = read_all(fd, (size_t)status.st_size, &bytes, &length);
    if (code == 0)
        code = hz_files_add(reading->files, path, bytes, length);
    if (code == -ENOMEM)
        reading->no_memory = true;
    else if (code < 0)
        wrong(reading, path, NULL, "can not be read", code);
    free(bytes);
}

/* One file of the set. `must` says whether somebody named it (a directory listed it). */
static void add_path(struct reading *reading, const char *path, bool must)
{
    char full[PATH_MAX], real[PATH_MAX];

    if ((size_t)snprintf(full, sizeof(full), "%s/%s", reading->root, path) >= sizeof(full)) {
        wrong(reading, path, NULL, "can not be read", -ENAMETOOLONG);
        return;
    }
    if (!realpath(full, real)) {
        struct stat status;
        int code = -errno;

        if (must || code != -ENOENT || lstat(full, &status) == 0)
            wrong(reading, path, NULL, "can not be read", code);
        return;
    }
    if (!inside(reading, real)) {
        wrong(reading, path, "put the file itself here",
              "is a link that leads out of the directory", 0);
        return;
    }
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        wrong(reading, path, NULL, "can not be read", -errno);
        return;
    }
    add_open(reading, path, fd);
    close(fd);
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = strlen(suffix);

    return length > end && strcmp(name + length - end, suffix) == 0;
}

static void add_entry(struct reading *reading, const char *below, const char *name,
                      const char *suffix)
{
    char path[NAME_MAX + 32];

    if (name[0] == '.')
        return; /* an editor's, or the directory itself */
    snprintf(path, sizeof(path), "%s/%s", below, name);
    if (ends_with(name, suffix))
        add_path(reading, path, true);
    else if (ends_with(name, ".yml"))
        hz_diagnose_warning(reading->diagnostics, path, 0, 0, "name it .yaml", "is not read");
}

static bool directory_good(struct reading *reading, const char *path, const char *shown)
{
    struct stat status;

    if (stat(path, &status) < 0) {
        wrong(reading, shown, NULL, "can not be read", -errno);
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        wrong(reading, shown, NULL, "is not a directory", 0);
        return false;
    }
    if (status.st_mode & S_IWOTH)
        wrong(reading, shown, "chmod o-w", "anybody may add files: refused", 0);
    return true;
}

/* All files of a sub-directory with the suffix; the directory need not be there. */
static void add_directory(struct reading *reading, const char *below, const char *suffix)
{
    char full[PATH_MAX + 16], real[PATH_MAX];

    snprintf(full, sizeof(full), "%s/%s", reading->root, below);
    if (!realpath(full, real)) {
        if (errno != ENOENT)
            wrong(reading, below, NULL, "can not be read", -errno);
        return;
    }
    if (!inside(reading, real)) {
        wrong(reading, below, "put the directory itself here",
              "is a link that leads out of the directory", 0);
        return;
    }
    if (!directory_good(reading, real, below))
        return;
    DIR *directory = opendir(real);
    if (!directory) {
        wrong(reading, below, NULL, "can not be read", -errno);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        add_entry(reading, below, entry->d_name, suffix);
    closedir(directory);
}

int hz_files_read(struct hz_files *files, const char *directory, struct hz_diagnostics *diagnostics)
{
    struct reading reading = {.files = files, .diagnostics = diagnostics};
    uint64_t before = diagnostics->errors;

    if (!realpath(directory, reading.root)) {
        wrong(&reading, directory, NULL, "can not be read", -errno);
        return HZ_ECONFIG;
    }
    if (!directory_good(&reading, reading.root, directory))
        return HZ_ECONFIG;
    for (size_t i = 0; i < sizeof(single_files) / sizeof(single_files[0]); i++)
        add_path(&reading, single_files[i], false);
    add_directory(&reading, "rules.d", ".yaml");
    add_directory(&reading, "points.d", ".csv");
    if (reading.no_memory)
        return -ENOMEM;
    return diagnostics->errors > before ? HZ_ECONFIG : 0;
}
