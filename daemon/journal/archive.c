/* SPDX-License-Identifier: Apache-2.0
 *
 * The archive of sets: each file once under the digest of its content, each set as its list of lines
 * "<digest>  <path>" (the form of sha256sum) under the digest of that list, which is the set's. What
 * must stay true: what is fetched is, by its digests, what was archived.
 */
#include "store_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEX_BYTES (HZ_DIGEST_TEXT_BYTES - 1)

static int archive_file(struct hz_store *store, const struct hz_file *file)
{
    char name[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&file->digest, name);
    return store__has(store, "files", name)
               ? 0
               : store__put(store, "files", name, file->bytes, file->length);
}

/* Length of a set's list, or its text when `to` is given. */
static size_t write_list(const struct hz_files *files, char *to)
{
    size_t length = 0;

    for (uint32_t i = 0; i < files->count; i++) {
        size_t path_length = strlen(files->files[i].path);
        if (to) {
            char name[HZ_DIGEST_TEXT_BYTES];
            hz_digest_text(&files->files[i].digest, name);
            memcpy(to + length, name, HEX_BYTES);
            memcpy(to + length + HEX_BYTES, "  ", 2);
            memcpy(to + length + HEX_BYTES + 2, files->files[i].path, path_length);
            to[length + HEX_BYTES + 2 + path_length] = '\n';
        }
        length += HEX_BYTES + 2 + path_length + 1;
    }
    return length;
}

int hz_store_archive(struct hz_store *store, const struct hz_files *files,
                     struct hz_digest *ret_set)
{
    struct hz_digest set = hz_files_digest(files);
    char name[HZ_DIGEST_TEXT_BYTES];
    int error = 0;

    hz_digest_text(&set, name);
    if (!store__has(store, "sets", name)) {
        for (uint32_t i = 0; error == 0 && i < files->count; i++)
            error = archive_file(store, &files->files[i]);
        size_t length = write_list(files, NULL);
        char *list = error == 0 ? malloc(length + 1) : NULL;
        if (error == 0 && !list)
            error = -ENOMEM;
        if (error == 0) {
            (void)write_list(files, list);
            error = store__put(store, "sets", name, list, length);
        }
        free(list);
    }
    if (error == 0)
        *ret_set = set;
    return error;
}

static bool content_is(const char *bytes, size_t length, const struct hz_digest *digest)
{
    struct hz_digest found = hz_digest(bytes, length);

    return memcmp(&found, digest, sizeof(found)) == 0;
}

/* One line of a list, terminated: fetches and adds its file. */
static int fetch_line(struct hz_store *store, char *line, struct hz_files *files)
{
    struct hz_digest digest;
    char *bytes;
    size_t length;

    if (strlen(line) <= HEX_BYTES + 2 || memcmp(line + HEX_BYTES, "  ", 2) != 0)
        return HZ_ECORRUPT;
    line[HEX_BYTES] = '\0';
    if (hz_digest_parse(line, &digest) < 0)
        return HZ_ECORRUPT;
    int error = store__get(store, "files", line, &bytes, &length);
    if (error < 0)
        return error == HZ_ENOTFOUND ? HZ_ECORRUPT : error; /* the list says that it is there */
    error = content_is(bytes, length, &digest)
                ? hz_files_add(files, line + HEX_BYTES + 2, bytes, length)
                : HZ_ECORRUPT;
    free(bytes);
    return error;
}

int hz_store_fetch(struct hz_store *store, const struct hz_digest *set, struct hz_files *files)
{
    char name[HZ_DIGEST_TEXT_BYTES];
    char *list;
    size_t length;

    hz_digest_text(set, name);
    int error = store__get(store, "sets", name, &list, &length);
    if (error < 0)
        return error;
    if (!content_is(list, length, set))
        error = HZ_ECORRUPT;
    for (char *line = list, *rest; error == 0 && *line != '\0'; line = rest) {
        rest = strchr(line, '\n');
        if (!rest) {
            error = HZ_ECORRUPT;
            break;
        }
        *rest++ = '\0';
        error = fetch_line(store, line, files);
    }
    free(list);
    return error;
}

int hz_store_set_last_good(struct hz_store *store, const struct hz_digest *set)
{
    char text[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(set, text);
    text[HEX_BYTES] = '\n';
    return store__put(store, NULL, "last-good", text, HZ_DIGEST_TEXT_BYTES);
}

int hz_store_last_good(struct hz_store *store, struct hz_digest *ret_set)
{
    char *text;
    size_t length;

    int error = store__get(store, NULL, "last-good", &text, &length);
    if (error < 0)
        return error;
    if (length == HZ_DIGEST_TEXT_BYTES)
        text[HEX_BYTES] = '\0';
    error = length == HZ_DIGEST_TEXT_BYTES && hz_digest_parse(text, ret_set) == 0 ? 0 : HZ_ECORRUPT;
    free(text);
    return error;
}
