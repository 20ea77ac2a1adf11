/* SPDX-License-Identifier: Apache-2.0
 *
 * The stored form of segments: names, heads, and when a frame is good. Nothing here trusts a byte
 * that came from a disk: lengths are checked against what is there before anything behind them is
 * looked at.
 */
#include "journal_priv.h"

#include "hz_hash.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length and CRC, which a block and a frame have in common. */
struct frame_start {
    uint32_t bytes;
    uint32_t crc32c;
};

_Static_assert(offsetof(struct hz_block, bytes) == offsetof(struct hz_frame, bytes) &&
                   offsetof(struct hz_block, crc32c) == offsetof(struct hz_frame, crc32c),
               "one reader for both");

static bool parse_hex(const char *text, size_t count, uint64_t *ret_value)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++) {
        const char *found = text[i] ? strchr(digits, text[i]) : NULL;
        if (!found)
            return false;
        value = value << 4 | (uint64_t)(found - digits);
    }
    *ret_value = value;
    return true;
}

static bool parse_name(const char *name, struct segment_name *ret_name)
{
    return strlen(name) == 29 && name[8] == '-' && strcmp(name + 25, ".seg") == 0 &&
           parse_hex(name, 8, &ret_name->ordinal) && parse_hex(name + 9, 16, &ret_name->first);
}

static int add_name(void *ctx, const char *text)
{
    struct segment_list *list = ctx;
    struct segment_name name;

    if (!parse_name(text, &name))
        return 0;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 64;
        void *grown = realloc(list->names, capacity * sizeof(*list->names));
        if (!grown)
            return -ENOMEM;
        list->names = grown;
        list->capacity = capacity;
    }
    list->names[list->count++] = name;
    return 0;
}

static int by_ordinal(const void *a, const void *b)
{
    uint64_t x = ((const struct segment_name *)a)->ordinal;
    uint64_t y = ((const struct segment_name *)b)->ordinal;
    return x < y ? -1 : x > y;
}

int journal__list(const struct hz_disk *disk, const char *directory, struct segment_list *ret_list)
{
    struct segment_list list = {NULL, 0, 0};
    int error = disk->list(disk->ctx, directory, add_name, &list);

    if (error == -ENOENT)
        error = 0;
    if (error < 0) {
        free(list.names);
        return error;
    }
    if (list.count > 0)
        qsort(list.names, list.count, sizeof(*list.names), by_ordinal);
    *ret_list = list;
    return 0;
}

int journal__path(const char *directory, struct segment_name name, char to[JOURNAL_PATH_BYTES])
{
    int length = snprintf(to, JOURNAL_PATH_BYTES, "%s/%08llx-%016llx.seg", directory,
                          (unsigned long long)name.ordinal, (unsigned long long)name.first);

    return length > 0 && length < JOURNAL_PATH_BYTES ? 0 : HZ_ELIMIT;
}

void journal__head_build(struct segment_head *head, enum hz_segment_class class_,
                         const uint64_t journal[2], struct segment_name name)
{
    *head = (struct segment_head){.version = HZ_SEGMENT_VERSION,
                                  .class_ = class_,
                                  .journal = {journal[0], journal[1]},
                                  .ordinal = name.ordinal,
                                  .first = name.first};
    memcpy(head->magic, SEGMENT_MAGIC, sizeof(SEGMENT_MAGIC));
    head->crc32c = hz_crc32c(0, head, offsetof(struct segment_head, crc32c));
}

int journal__head_check(const struct segment_head *head, enum hz_segment_class class_)
{
    if (memcmp(head->magic, SEGMENT_MAGIC, sizeof(SEGMENT_MAGIC)) != 0)
        return HZ_ECORRUPT;
    if (head->version > HZ_SEGMENT_VERSION)
        return HZ_EVERSION;
    if (head->crc32c != hz_crc32c(0, head, offsetof(struct segment_head, crc32c)))
        return HZ_ECORRUPT;
    return head->class_ == (uint32_t)class_ ? 0 : HZ_ECORRUPT;
}

uint32_t journal__frame_crc(const void *frame, uint32_t bytes)
{
    struct frame_start start;

    memcpy(&start, frame, sizeof(start));
    start.crc32c = 0;
    uint32_t crc = hz_crc32c(0, &start, sizeof(start));
    return hz_crc32c(crc, (const char *)frame + sizeof(start), bytes - sizeof(start));
}

bool journal__frame_good(enum hz_segment_class class_, const void *frame, size_t available)
{
    struct frame_start start;

    if (available < sizeof(struct hz_frame))
        return false;
    memcpy(&start, frame, sizeof(start));
    if (start.bytes < sizeof(struct hz_frame) || start.bytes % 8 != 0 ||
        start.bytes > HZ_SEGMENT_FRAME_BYTES_MAX || start.bytes > available)
        return false;
    if (start.crc32c != journal__frame_crc(frame, start.bytes))
        return false;
    return class_ != HZ_SEGMENT_JOURNAL || hz_block_shape_ok(frame, available);
}

uint64_t journal__frame_key(enum hz_segment_class class_, const void *frame, uint64_t *ret_next)
{
    if (class_ == HZ_SEGMENT_JOURNAL) {
        const struct hz_block *block = frame;
        *ret_next = block->seq + block->count;
        return block->seq;
    }
    uint64_t key = ((const struct hz_frame *)frame)->key;
    *ret_next = class_ == HZ_SEGMENT_ALARMS ? key + 1 : 0;
    return key;
}
