/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a set in memory, sorted by path. The set's digest depends on paths and contents and
 * on nothing else: not on the order of adding, not on where the files came from.
 */
#include "hz_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hz_files_init(struct hz_files *files)
{
    *files = (struct hz_files){0};
    hz_arena_init(&files->arena);
}

void hz_files_done(struct hz_files *files)
{
    hz_arena_done(&files->arena);
    hz_files_init(files);
}

/* The place of `path`, or where it would stand. */
static uint32_t place_of(const struct hz_files *files, const char *path)
{
    uint32_t low = 0, high = files->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (strcmp(files->files[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int grow(struct hz_files *files)
{
    if (files->count < files->capacity)
        return 0;
    uint32_t more = files->capacity ? 2 * files->capacity : 16;
    struct hz_file *list = hz_arena_take(&files->arena, more * sizeof(*list));

    if (!list)
        return -ENOMEM;
    if (files->count > 0)
        memcpy(list, files->files, files->count * sizeof(*list));
    files->files = list;
    files->capacity = more;
    return 0;
}

int hz_files_add(struct hz_files *files, const char *path, const void *bytes, size_t length)
{
    char *name = hz_arena_copy(&files->arena, path, strlen(path));
    char *copy = hz_arena_copy(&files->arena, length > 0 ? bytes : "", length);
    uint32_t at = place_of(files, path);

    if (at < files->count && strcmp(files->files[at].path, path) == 0)
        return -EEXIST;
    if (!name || !copy || grow(files) < 0)
        return -ENOMEM;
    struct hz_file *place = &files->files[at];
    memmove(place + 1, place, (files->count - at) * sizeof(*place));
    *place = (struct hz_file){
        .path = name, .bytes = copy, .length = length, .digest = hz_digest(copy, length)};
    files->count++;
    return 0;
}

const struct hz_file *hz_files_find(const struct hz_files *files, const char *path)
{
    uint32_t at = place_of(files, path);

    if (at < files->count && strcmp(files->files[at].path, path) == 0)
        return &files->files[at];
    return NULL;
}

/* The digest of the list as `sha256sum` would print it, so that it can be checked by hand:
 * (cd <dir> && sha256sum hazardd.yaml rules.d/ *.yaml ... | LC_ALL=C sort -k2 | sha256sum). */
struct hz_digest hz_files_digest(const struct hz_files *files)
{
    char *list = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&list, &length);

    hz_assert(to != NULL);
    for (uint32_t i = 0; i < files->count; i++) {
        char hex[HZ_DIGEST_TEXT_BYTES];

        hz_digest_text(&files->files[i].digest, hex);
        fprintf(to, "%s  %s\n", hex, files->files[i].path);
    }
    hz_assert(fclose(to) == 0);
    struct hz_digest digest = hz_digest(list, length);
    free(list);
    return digest;
}
