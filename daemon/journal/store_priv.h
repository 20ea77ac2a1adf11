/* SPDX-License-Identifier: Apache-2.0
 *
 * The state directory from inside: paths below it, and files that are there whole or not at all.
 */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include "hz_store.h"

#include "journal_priv.h"

struct hz_store {
    const struct hz_disk *disk;
    char directory[JOURNAL_PATH_BYTES];
    uint64_t identity[2];
    int lock;
};

/* "<state>/<folder>/<name>", folder may be NULL. HZ_ELIMIT. */
int store__path(const struct hz_store *store, const char *folder, const char *name, char to[JOURNAL_PATH_BYTES]);
/* Writes aside, syncs, renames, syncs the folder: after a crash the old content or the new. */
int store__put(struct hz_store *store, const char *folder, const char *name, const void *bytes, size_t length);
/* The whole content in memory that the caller frees, with a NUL behind it. HZ_ENOTFOUND. */
int store__get(struct hz_store *store, const char *folder, const char *name, char **ret_bytes, size_t *ret_length);
bool store__has(struct hz_store *store, const char *folder, const char *name);
/* All of `length` bytes at `offset`, or HZ_EOF. */
int store__read(const struct hz_disk *disk, int fd, void *bytes, size_t length, uint64_t offset);
int store__write(const struct hz_disk *disk, int fd, const void *bytes, size_t length, uint64_t offset);

#endif
