/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The state directory: identity, lock, archive of sets, snapshots.
 *
 *           <state>/journal.id      128-bit identity, made once
 *           <state>/lock            flock by the running daemon
 *           <state>/journal/        segments of blocks
 *           <state>/define/         segments of definitions
 *           <state>/alarms/         segments of alarms-log entries
 *           <state>/sets/<digest>   a set: its list of (digest, path)
 *           <state>/files/<digest>  each file of a set, once
 *           <state>/snapshots/<seq>.snap
 *           <state>/last-good       digest of the last set that was live
 * WAY     start-up, builder, write thread -> here
 * THREAD  start-up before the threads run; then sets and last-good are the builder's, snapshots the write
 *         thread's
 * OWNS    the lock
 * FULL    -ENOSPC; nothing half-written is ever found (write aside, sync, rename, sync directory)
 */
#ifndef HZ_STORE_H
#define HZ_STORE_H

#include "hz_disk.h"
#include "hz_files.h"

struct hz_store;

/* Makes what is missing. -EBUSY when another daemon holds the lock. */
int hz_store_open(const struct hz_disk *disk, const char *directory, struct hz_store **ret_store) HZ_MUST_USE;
void hz_store_close(struct hz_store *store);

const char *hz_store_directory(const struct hz_store *store);
const uint64_t *hz_store_identity(const struct hz_store *store); /* uint64_t[2] */

/* Archives the files of a set (those not yet there) and the list; 0 when it is there already. */
int hz_store_archive(struct hz_store *store, const struct hz_files *files, struct hz_digest *ret_set) HZ_MUST_USE;
/* Reads an archived set back; HZ_ENOTFOUND, HZ_ECORRUPT when a digest does not fit. */
int hz_store_fetch(struct hz_store *store, const struct hz_digest *set, struct hz_files *files) HZ_MUST_USE;
int hz_store_set_last_good(struct hz_store *store, const struct hz_digest *set) HZ_MUST_USE;
int hz_store_last_good(struct hz_store *store, struct hz_digest *ret_set) HZ_MUST_USE; /* HZ_ENOTFOUND */

/* Snapshots: bytes with a head {magic, seq, digest}; written aside, synced, renamed. */
struct hz_snapshot_writer;
int hz_snapshot_begin(struct hz_store *store, uint64_t seq, struct hz_snapshot_writer **ret_writer) HZ_MUST_USE;
int hz_snapshot_write(void *writer, const void *bytes, size_t length); /* an hz_engine_write */
int hz_snapshot_commit(struct hz_snapshot_writer *writer) HZ_MUST_USE; /* takes; keeps the newest two */
void hz_snapshot_abort(struct hz_snapshot_writer *writer);             /* takes */

struct hz_snapshot_reader;
/* The newest good snapshot (digest checked) with seq <= `most`; HZ_ENOTFOUND. */
int hz_snapshot_open(struct hz_store *store, uint64_t most, struct hz_snapshot_reader **ret_reader, uint64_t *ret_seq) HZ_MUST_USE;
int hz_snapshot_read(void *reader, void *bytes, size_t length); /* an hz_engine_read; HZ_EOF beyond the end */
void hz_snapshot_close(struct hz_snapshot_reader *reader);

#endif
