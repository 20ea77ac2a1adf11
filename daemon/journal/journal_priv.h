/* SPDX-License-Identifier: Apache-2.0
 *
 * What the writer and the reader of segments agree on: the head, names, and when a frame is good.
 */
#ifndef JOURNAL_PRIV_H
#define JOURNAL_PRIV_H

#include "hz_segment.h"

#include <stdbool.h>

#define JOURNAL_PATH_BYTES 1024

/* First bytes of a segment; the rest of HZ_SEGMENT_HEAD_BYTES is zero. */
struct segment_head {
    char magic[8]; /* "hzseg\r\n" and NUL: a text-mode copy shows at once */
    uint32_t version;
    uint32_t class_;
    uint64_t journal[2];
    uint64_t ordinal;
    uint64_t first;
    uint32_t reserved;
    uint32_t crc32c; /* over everything before */
};

#define SEGMENT_MAGIC "hzseg\r\n"

/* One segment as its name tells. */
struct segment_name {
    uint64_t ordinal;
    uint64_t first;
};

struct segment_list {
    struct segment_name *names; /* ascending ordinals */
    uint32_t count;
    uint32_t capacity;
};

/* Segments in a directory; others' files are ignored. 0, -ENOMEM, or the disk's error. */
int journal__list(const struct hz_disk *disk, const char *directory, struct segment_list *ret_list);
/* HZ_ELIMIT when the path does not fit. */
int journal__path(const char *directory, struct segment_name name, char to[JOURNAL_PATH_BYTES]);

void journal__head_build(struct segment_head *head, enum hz_segment_class class_, const uint64_t journal[2],
                         struct segment_name name);
/* 0, HZ_ECORRUPT, HZ_EVERSION. */
int journal__head_check(const struct segment_head *head, enum hz_segment_class class_);

/* Is there a whole good frame in the first `available` bytes? */
bool journal__frame_good(enum hz_segment_class class_, const void *frame, size_t available);
uint32_t journal__frame_crc(const void *frame, uint32_t bytes);

/* The key of a frame and the one that should follow it; *ret_next = 0 where keys do not count (class
 * define). */
uint64_t journal__frame_key(enum hz_segment_class class_, const void *frame, uint64_t *ret_next);

#endif
