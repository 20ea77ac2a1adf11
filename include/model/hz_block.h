/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    A block: the unit of the journal and of the ring. Readings of one feed in one arrival, or
 *         control records; a header, then the records. `seq` counts records: the first of the block
 *         has header.seq, the i-th header.seq + i.
 * WAY     built by ingest in the ring, read in place by the engine, copied to the file by the write
 *         thread, read again by replay
 * THREAD  values: any
 * OWNS    nothing
 * FULL    at most HZ_BLOCK_BYTES_MAX with its header; a bigger arrival is several blocks
 *
 * All numbers are little-endian, as on every machine this runs on; hz_block_check refuses others by
 * the version word. The CRC covers the whole block with the crc field 0 and is filled in by the
 * journal when it copies the block; in the ring it is 0.
 */
#ifndef HZ_BLOCK_H
#define HZ_BLOCK_H

#include "hz_limits.h"
#include "hz_reading.h"

#include <stdbool.h>

#define HZ_BLOCK_VERSION 1

enum hz_block_kind { HZ_BLOCK_READINGS = 1, HZ_BLOCK_CONTROL = 2 };
enum hz_block_encoding { HZ_ENCODING_PLAIN = 0 };

struct hz_block {
    uint32_t bytes;   /* header and records, a multiple of 8 */
    uint32_t crc32c;  /* see above */
    uint8_t version;  /* HZ_BLOCK_VERSION */
    uint8_t kind;     /* enum hz_block_kind */
    uint8_t encoding; /* enum hz_block_encoding */
    uint8_t flags;    /* 0 */
    uint16_t feed;    /* struct hz_feed_id; 0 for control */
    uint16_t reserved;
    uint32_t count;   /* records; at least 1 */
    uint32_t reserved2;
    uint64_t seq;     /* of the first record */
    int64_t jt_ns;    /* the engine's clock */
    int64_t wall_ns;  /* arrival, UTC */
    uint64_t arrival; /* number of the socket read that brought it; for latency only */
};

_Static_assert(sizeof(struct hz_block) == 56, "a stored format");

#define HZ_BLOCK_READINGS_MAX ((HZ_BLOCK_BYTES_MAX - sizeof(struct hz_block)) / sizeof(struct hz_reading))

static inline const struct hz_reading *hz_block_readings(const struct hz_block *block)
{
    return (const struct hz_reading *)(block + 1);
}

/* Shape only (lengths, kinds, counts, records inside bounds), without the CRC: true when a reader
 * can walk the block without leaving it. `available` = bytes that may be looked at. */
bool hz_block_shape_ok(const struct hz_block *block, size_t available);

#endif
