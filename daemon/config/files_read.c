/* SPDX-License-Identifier: Apache-2.0
 *
 * The set's files from a directory. Whoever can write a rule can silence an alarm, so what anybody
 * may write, or what a link fetches from elsewhere, is refused. Contents are copied, never mapped:
 * a file that is edited in place must not change under a set that already has its digest. What does
 * not belong to the set is not read; what looks as if it were meant to is warned of by its name, and
 * stops nothing: a copy that somebody left there must not end the watch.
 */
#include "hz_files.h"

#include "hz_log.h"
#include "hz_nearest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)1 << 30)

struct reading {
    struct hz_files *files;
    struct hz_diagnostics *diagnostics;
    char root[PATH_MAX]; /* without links */
    bool no_memory;
};

/* What stands in the directory itself: names by their ends, NULL ends each list. */
static const char *const options[] = {"hazardd.yaml", NULL};
static const char *const tables[] = {"enterprises.csv", "gateways.csv", "hazards.csv",
                                     "parks.csv",       "points.csv",   NULL};
static const char *const folders[] = {"points.d", "rules.d", NULL};

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

/* An editor's or Excel's own (.points.csv.swp, ~$points.csv), or the directory itself. */
static bool is_hidden(const char *name)
{
    return name[0] == '.' || strncmp(name, "~$", 2) == 0;
}

/* .yml, .YAML, .CSV: meant to be read, most likely. */
static bool looks_like(const char *name, const char *suffix)
{
    const char *end = strrchr(name, '.');

    return end && (strcasecmp(end, suffix) == 0 ||
                   (strcmp(suffix, ".yaml") == 0 && strcasecmp(end, ".yml") == 0));
}

static void warn_unread(struct reading *reading, const char *path, const char *hint)
{
    hz_diagnose_warning(reading->diagnostics, path, 0, 0, hint, "is not read");
}

static void add_entry(struct reading *reading, const char *below, const char *name,
                      const char *suffix)
{
    char path[NAME_MAX + 32], hint[32];

    if (is_hidden(name))
        return;
    snprintf(path, sizeof(path), "%s/%s", below, name);
    snprintf(hint, sizeof(hint), "name it %s", suffix);
    if (ends_with(name, suffix))
        add_path(reading, path, true);
    else if (looks_like(name, suffix))
        warn_unread(reading, path, hint);
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

/* --- what stands beside them --- */

static bool is_there(const struct reading *reading, const char *name)
{
    char full[PATH_MAX + 16];
    struct stat status;

    snprintf(full, sizeof(full), "%s/%s", reading->root, name);
    return lstat(full, &status) == 0;
}

/* A name that is none of the list: the nearest of it is meant, or the file is one too many. */
static void look_at_name(struct reading *reading, const char *name, const char *const *list,
                         const char *hint)
{
    struct hz_nearest nearest = hz_nearest(hz_slice(name));
    char nearer[96], quoted[4 * NAME_MAX];

    for (; *list; list++) {
        if (strcmp(name, *list) == 0)
            return;
        hz_nearest_try(&nearest, *list);
    }
    if (nearest.best)
        snprintf(nearer, sizeof(nearer), "did you mean %s%s?", nearest.best,
                 is_there(reading, nearest.best) ? ", which is there as well" : "");
    warn_unread(reading, hz_log_quote(quoted, sizeof(quoted), name, strlen(name)),
                nearest.best ? nearer : hint);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_shown(const struct dirent *entry)
{
    return !is_hidden(entry->d_name);
}

/* A misspelt name would take all rows of its file from the set without a word. Other folders are
 * nobody's business, unless they are named as ours are. */
static void warn_of_others(struct reading *reading)
{
    struct dirent **entries;
    int count = scandir(reading->root, &entries, is_shown, by_name);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;

        if (looks_like(name, ".csv"))
            look_at_name(reading, name, tables, "the names of the tables are in docs/registry.md");
        else if (looks_like(name, ".yaml"))
            look_at_name(reading, name, options, "rules belong into rules.d/");
        else if (looks_like(name, ".d"))
            look_at_name(reading, name, folders, "only rules.d/ and points.d/ are read");
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    else
        wrong(reading, ".", NULL, "can not be read", -errno);
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
    add_path(&reading, options[0], false);
    for (size_t i = 0; tables[i]; i++)
        add_path(&reading, tables[i], false);
    add_directory(&reading, "rules.d", ".yaml");
    add_directory(&reading, "points.d", ".csv");
    warn_of_others(&reading);
    if (reading.no_memory)
        return -ENOMEM;
    return diagnostics->errors > before ? HZ_ECONFIG : 0;
}
