/* SPDX-License-Identifier: Apache-2.0
 *
 * Definitions (id -> key) on disk and back: frames of class `define`, each one define record. They are
 * never deleted; an id is on disk before its first use.
 */
#include "write_priv.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A frame: its head, then one record. */
#define RECORD_AT       sizeof(struct hz_frame)
#define KEY_AT          (RECORD_AT + offsetof(struct hz_record_define, key))
#define FRAME_BYTES_MAX (KEY_AT + HZ_NAME_BYTES_MAX + 8)

/* Makes the frame; its length. */
static size_t build(char bytes[FRAME_BYTES_MAX], const struct hz_names *names,
                    const struct pipeline_define *define)
{
    struct hz_slice key = hz_names_key(names, (enum hz_named_kind)define->kind, define->id);
    size_t length = (KEY_AT + key.length + 7) & ~(size_t)7;
    struct hz_frame head = {.bytes = (uint32_t)length};
    struct hz_record_define record = {.head = {HZ_RECORD_DEFINE, (uint16_t)(length - RECORD_AT), 0},
                                      .kind = define->kind,
                                      .id = define->id,
                                      .length = (uint16_t)key.length};

    memset(bytes, 0, length);
    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + RECORD_AT, &record, offsetof(struct hz_record_define, key));
    memcpy(bytes + KEY_AT, key.at, key.length);
    return length;
}

int write__define(struct hz_segment_writer *writer, const struct hz_names *names,
                  const struct pipeline_define *define)
{
    alignas(8) char bytes[FRAME_BYTES_MAX];

    return hz_segment_append(writer, bytes, build(bytes, names, define), 0);
}

static int restore(struct hz_names *names, const char *bytes, uint32_t length)
{
    const struct hz_record_define *record = (const void *)(bytes + RECORD_AT);

    if (length < KEY_AT || record->head.kind != HZ_RECORD_DEFINE ||
        record->length > length - KEY_AT)
        return HZ_ECORRUPT;
    return hz_names_restore(names, (enum hz_named_kind)record->kind, record->id, record->key,
                            record->length);
}

int pipeline__restore_names(struct hz_pipeline *p)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;
    uint64_t offset;

    int error = pipeline__open_reader(p, HZ_SEGMENT_DEFINE, 0, &reader);
    if (error < 0)
        return error;
    do {
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error == 0)
            error = restore(p->names, frame, bytes);
    } while (error == 0);
    if (error != HZ_EOF) {
        const char *path = hz_segment_where(reader, &offset);
        hz_log_error("%s at %llu: %s", path, (unsigned long long)offset, hz_strerror(error));
    }
    hz_segment_reader_free(reader);
    return error == HZ_EOF ? 0 : error;
}

/* --- those of a set, many at a time: a million of them, written one by one, would hold up a start --- */

#define SAVED_AT_ONCE ((size_t)64 << 10)

struct saving {
    struct hz_pipeline *p;
    size_t length;
    int error;
    alignas(8) char frames[SAVED_AT_ONCE];
};

static void append_saved(struct saving *saving) HZ_ON(hz_write)
{
    struct hz_segment_writer *definitions = saving->p->write.definitions;

    saving->error = hz_segment_append(definitions, saving->frames, saving->length, 0);
    if (saving->error == -EAGAIN && hz_segment_sync(definitions) == 0)
        saving->error = hz_segment_append(definitions, saving->frames, saving->length, 0);
    saving->length = 0;
}

static bool save_one(void *ctx, const struct hz_named *named)
{
    struct saving *saving = ctx;
    struct pipeline_define define = {named->kind, named->id};

    hz_role_assert(&hz_write); /* the start does this thread's work */
    saving->length += build(saving->frames + saving->length, saving->p->names, &define);
    if (saving->length + FRAME_BYTES_MAX > sizeof(saving->frames))
        append_saved(saving);
    return saving->error == 0;
}

int pipeline__save_names(struct hz_pipeline *p)
{
    struct saving *saving = malloc(sizeof(*saving));

    hz_role_take(&hz_write);
    if (!saving)
        return -ENOMEM;
    saving->p = p;
    saving->length = 0;
    saving->error = 0;
    uint32_t saved = hz_names_pending(p->names, HZ_NAMES_SETS, save_one, saving);
    if (saving->error == 0)
        append_saved(saving);
    int error = saving->error < 0 ? saving->error : hz_segment_sync(p->write.definitions);
    free(saving);
    if (error == 0)
        hz_names_saved(p->names, HZ_NAMES_SETS, saved);
    return error;
}
