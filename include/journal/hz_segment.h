/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Segment files: a head, then frames (journal blocks, alarms-log entries, definitions), each
 *         with its length and CRC. Preallocated, appended, rolled by size. The same code serves three
 *         classes: `journal`, `define` (never deleted), `alarms`.
 * WAY     write thread appends, sync thread syncs; start-up and replay read
 * THREAD  a writer: the write thread (append, roll) and the sync thread (sync), see each call;
 *         a reader: whoever made it
 * OWNS    descriptors
 * FULL    append returns -ENOSPC; nothing of the frame counts then
 *
 *   <directory>/<ordinal, 8 hex digits>-<first key, 16 hex digits>.seg
 *   | head 4096: magic, version, class, journal identity, ordinal, first key, crc | frame | frame | ... zeros
 *
 * The ordinal grows by one with every segment, so that a name never clashes, also when the same keys
 * are written again after a failed sync. A frame of class journal is a struct hz_block as it stands;
 * frames of the other classes begin with a struct hz_frame. All are multiples of 8.
 *
 * A frame whose length is 0 ends a segment. A bad frame (length, shape, CRC) is
 *   in the newest segment: a torn tail, cut when a writer is made and counted by the reader;
 *   in an older one whose successor begins at or before the key that is missing: the end of a segment
 *   that was abandoned, its rest stands in the successor;
 *   in any other: damage, HZ_ECORRUPT with the place.
 * Every writer begins a segment of its own: nothing is ever appended behind what a crash left.
 * Blocks and entries whose keys were given already are passed over by the reader.
 */
#ifndef HZ_SEGMENT_H
#define HZ_SEGMENT_H

#include "hz_block.h"
#include "hz_disk.h"
#include "hz_error.h"

#define HZ_SEGMENT_HEAD_BYTES 4096u
#define HZ_SEGMENT_VERSION    1u

enum hz_segment_class { HZ_SEGMENT_JOURNAL = 1, HZ_SEGMENT_DEFINE = 2, HZ_SEGMENT_ALARMS = 3 };

#define HZ_SEGMENT_FRAME_BYTES_MAX HZ_BLOCK_BYTES_MAX

/* Head of a frame that is not a block; `bytes` and `crc32c` stand where a block has them. */
struct hz_frame {
    uint32_t bytes;
    uint32_t crc32c; /* over the whole frame with this field 0 */
    uint64_t key;    /* class alarms: number of the entry in the log, from 1; class define: 0 */
};

struct hz_segment_writer;

/* Makes `directory` when it is missing, cuts the newest segment behind its last good frame and begins
 * the next at the first append. `journal` is the identity, written to new heads and compared with the
 * newest (HZ_EFOREIGN). HZ_EVERSION when that was written by a later release. */
int hz_segment_writer_new(const struct hz_disk *disk, const char *directory, enum hz_segment_class class_,
                          const uint64_t journal[2], uint64_t segment_bytes,
                          struct hz_segment_writer **ret_writer) HZ_MUST_USE;
void hz_segment_writer_free(struct hz_segment_writer *writer);

/* Appends whole frames (length a multiple of 8, CRCs filled in by this call in `frames` itself).
 * `first` names the segment when one must be begun here. Rolls to a new segment when the present one
 * is full; that waits for the full one to be durable: -EAGAIN, nothing was written, ask for a sync and
 * come again. Write thread. Returns 0 or a negative code; after any other error the caller calls
 * hz_segment_writer_abandon and appends again. */
int hz_segment_append(struct hz_segment_writer *writer, void *frames, size_t length, uint64_t first) HZ_MUST_USE;
/* Gives the present segment up after a failed write or sync; the next append begins a new one. */
void hz_segment_writer_abandon(struct hz_segment_writer *writer);
/* Bytes appended so far, over all segments of this run: what a sync covers. Any thread. */
uint64_t hz_segment_appended(const struct hz_segment_writer *writer);
/* Syncs everything appended before the call, over all segments and with the directory of new ones; sync
 * thread, never waits for an append. 0, or the error: a sync that failed is never tried again, every
 * further call gives the same error until the writer has abandoned the segment. After an error the
 * caller believes nothing of what it knew to be appended until the write thread has abandoned. */
int hz_segment_sync(struct hz_segment_writer *writer) HZ_MUST_USE;

/* Where a frame stands, for a later read. */
struct hz_segment_place {
    uint64_t ordinal;
    uint64_t offset;
};
/* The place of the first frame of the last append. Write thread. */
struct hz_segment_place hz_segment_last_place(const struct hz_segment_writer *writer);

/* Removes every frame with a key >= `from` (class alarms): what was written of an input that did not
 * last. Before a writer is made. A damaged frame ends what is kept, like a torn tail. */
int hz_segment_cut(const struct hz_disk *disk, const char *directory, enum hz_segment_class class_,
                   uint64_t from) HZ_MUST_USE;

struct hz_segment_reader;

/* Reads all segments of a class in order. `from`: begins with the segment that can hold this key (0 =
 * all); earlier frames of that segment are given too. A missing directory is an empty one. */
int hz_segment_reader_new(const struct hz_disk *disk, const char *directory, enum hz_segment_class class_,
                          uint64_t from, struct hz_segment_reader **ret_reader) HZ_MUST_USE;
void hz_segment_reader_free(struct hz_segment_reader *reader);
/* The next frame, lent until the next call. HZ_EOF at the end (also at a torn tail, see below);
 * HZ_ECORRUPT at damage; other codes when reading failed. */
int hz_segment_next(struct hz_segment_reader *reader, const void **ret_frame, uint32_t *ret_bytes,
                    struct hz_segment_place *ret_place) HZ_MUST_USE;
/* After HZ_ECORRUPT: goes on with the next segment. HZ_EOF when there is none. */
int hz_segment_skip(struct hz_segment_reader *reader) HZ_MUST_USE;
/* One frame at a known place. */
int hz_segment_read_at(struct hz_segment_reader *reader, struct hz_segment_place place,
                       const void **ret_frame, uint32_t *ret_bytes) HZ_MUST_USE;
/* After HZ_EOF: bytes of a torn tail behind the last good frame (0 = clean). */
uint64_t hz_segment_torn_bytes(const struct hz_segment_reader *reader);
/* File and offset of what is being read, for messages. */
const char *hz_segment_where(const struct hz_segment_reader *reader, uint64_t *ret_offset);

#endif
