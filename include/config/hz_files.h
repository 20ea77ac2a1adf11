/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The files of a set, in memory: hazardd.yaml, rules.d/ *.yaml, parks.csv, enterprises.csv,
 *         hazards.csv, gateways.csv, points.csv, points.d/ *.csv; each with its digest. The set's own
 *         digest is that of its sorted list of (path, digest), so that equal content has one name
 *         and each file is archived once. Parsers work on this, never on the file system: a replay
 *         hands in the archived files.
 * WAY     a directory or the archive -> config, registry
 * THREAD  whoever owns the object
 * OWNS    contents (copied: a file edited in place must not change under its digest)
 * FULL    files above 1 GiB: HZ_ELIMIT
 */
#ifndef HZ_FILES_H
#define HZ_FILES_H

#include "hz_diagnostic.h"
#include "hz_error.h"
#include "hz_hash.h"

struct hz_file {
    const char *path; /* relative, with '/' */
    const char *bytes;
    size_t length;
    struct hz_digest digest;
    bool mapped;
};

struct hz_files {
    struct hz_arena arena;
    struct hz_file *files; /* sorted by path, bytewise */
    uint32_t count;
    uint32_t capacity;
};

void hz_files_init(struct hz_files *files);
void hz_files_done(struct hz_files *files);

/* Reads the set's files below `directory`. What can't be read, is world-writable, or is a link that
 * leads out of the directory is an error in `diagnostics` (the return value is then HZ_ECONFIG). */
int hz_files_read(struct hz_files *files, const char *directory, struct hz_diagnostics *diagnostics) HZ_MUST_USE;

/* Adds one file with a copy of its content; keeps the order. -ENOMEM; -EEXIST: the path is there. */
int hz_files_add(struct hz_files *files, const char *path, const void *bytes, size_t length) HZ_MUST_USE;

const struct hz_file *hz_files_find(const struct hz_files *files, const char *path);
struct hz_digest hz_files_digest(const struct hz_files *files);

#endif
