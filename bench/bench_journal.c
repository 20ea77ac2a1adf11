/* SPDX-License-Identifier: Apache-2.0
 *
 * What do segments cost? Append beside a bare pwrite of the same bytes, append + sync beside the same
 * pwrite + fdatasync, reading beside a bare pread of the same file; by turns, in one folder.
 * First it proves that what was appended is read back, block for block.
 *
 *     bench_journal [FOLDER]      default: the working directory; it should be on the journal's disk
 */
#include "hz_bench.h"

#include "hz_record.h"
#include "hz_segment.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS       9
#define BATCH_BYTES  (1u << 20)
#define BATCHES      48u
#define SEGMENT      (64u << 20)
#define SYNC_APPENDS 300u
#define SYNC_BYTES   4096u

static const uint64_t identity[2] = {1, 2};
static const char *folder = ".";
static char directory[512], floor_path[512];

static void must(int result)
{
    if (result < 0) {
        fprintf(stderr, "bench_journal: %s\n", hz_strerror(result));
        exit(1);
    }
}

/* One block as large as they come, in `to`; returns its bytes. */
static uint32_t build_block(char *to, uint32_t most, uint64_t seq)
{
    struct hz_block *block = (void *)to;
    uint32_t count = (uint32_t)((most - sizeof(*block)) / sizeof(struct hz_reading));

    if (count > HZ_BLOCK_READINGS_MAX)
        count = HZ_BLOCK_READINGS_MAX;
    hz_block_init(block, HZ_BLOCK_READINGS, 1);
    block->count = count;
    block->bytes += count * (uint32_t)sizeof(struct hz_reading);
    block->seq = seq;
    struct hz_reading *readings = (void *)(block + 1);
    for (uint32_t i = 0; i < count; i++)
        readings[i] = (struct hz_reading){.source_ms = (int64_t)(seq + i),
                                          .value.f64 = (double)(seq ^ i) / 100,
                                          .point = {i + 1}};
    return block->bytes;
}

/* A batch of blocks; seqs go on at *seq. */
static size_t build_batch(char *to, size_t most, uint64_t *seq)
{
    size_t length = 0;

    while (most - length >= sizeof(struct hz_block) + sizeof(struct hz_reading)) {
        size_t left = most - length;
        uint32_t bytes = build_block(
            to + length, left > HZ_BLOCK_BYTES_MAX ? HZ_BLOCK_BYTES_MAX : (uint32_t)left, *seq);
        *seq += ((const struct hz_block *)(const void *)(to + length))->count;
        length += bytes;
    }
    return length;
}

static void clean(void)
{
    char command[1200];

    (void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", directory, floor_path);
    if (system(command) != 0)
        fprintf(stderr, "bench_journal: could not remove %s\n", directory);
}

static char *batch;

/* Seconds to append all batches; readings appended. */
static double append_all(uint64_t *ret_readings)
{
    struct hz_segment_writer *writer;
    uint64_t seq = 1, spent = 0;

    must(hz_segment_writer_new(&hz_disk_real, directory, HZ_SEGMENT_JOURNAL, identity, SEGMENT,
                               &writer));
    for (unsigned i = 0; i < BATCHES; i++) {
        uint64_t first = seq;
        size_t length = build_batch(batch, BATCH_BYTES, &seq);
        uint64_t begin = hz_bench_now_ns();
        must(hz_segment_append(writer, batch, length, first));
        spent += hz_bench_now_ns() - begin;
    }
    must(hz_segment_sync(writer));
    hz_segment_writer_free(writer);
    *ret_readings = seq - 1;
    return (double)spent / 1e9;
}

static double floor_append(void)
{
    int fd = open(floor_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint64_t seq = 1, spent = 0;
    off_t offset = 0;

    if (fd < 0 || fallocate(fd, 0, 0, SEGMENT) < 0)
        must(-1);
    for (unsigned i = 0; i < BATCHES; i++) {
        size_t length = build_batch(batch, BATCH_BYTES, &seq);
        uint64_t begin = hz_bench_now_ns();
        if (pwrite(fd, batch, length, offset) != (ssize_t)length)
            must(-1);
        spent += hz_bench_now_ns() - begin;
        offset += (off_t)length;
    }
    (void)fdatasync(fd);
    (void)close(fd);
    return (double)spent / 1e9;
}

/* Seconds to read everything back; proves it. */
static double read_all(uint64_t readings)
{
    struct hz_segment_reader *reader;
    const void *frame;
    uint32_t bytes;
    struct hz_segment_place place;
    uint64_t seq = 1;
    int error;

    uint64_t begin = hz_bench_now_ns();
    must(hz_segment_reader_new(&hz_disk_real, directory, HZ_SEGMENT_JOURNAL, 0, &reader));
    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) == 0) {
        const struct hz_block *block = frame;
        const struct hz_reading *last = hz_block_readings(block) + block->count - 1;
        if (block->seq != seq || last->source_ms != (int64_t)(seq + block->count - 1)) {
            fprintf(stderr, "bench_journal: wrong answer at seq %llu\n", (unsigned long long)seq);
            exit(1);
        }
        seq += block->count;
    }
    double spent = (double)(hz_bench_now_ns() - begin) / 1e9;
    hz_segment_reader_free(reader);
    if (error != HZ_EOF || seq - 1 != readings) {
        fprintf(stderr, "bench_journal: wrong answer: %llu readings of %llu\n",
                (unsigned long long)seq - 1, (unsigned long long)readings);
        exit(1);
    }
    return spent;
}

static double floor_read(void)
{
    int fd = open(floor_path, O_RDONLY);
    uint64_t begin = hz_bench_now_ns();
    off_t offset = 0;
    ssize_t got;

    while ((got = pread(fd, batch, BATCH_BYTES, offset)) > 0)
        offset += got;
    (void)close(fd);
    return (double)(hz_bench_now_ns() - begin) / 1e9;
}

/* Append + sync of 4 KiB, in microseconds each. */
static void sync_loop(struct hz_bench *own, struct hz_bench *bare)
{
    struct hz_segment_writer *writer;
    uint64_t seq = 1;
    int fd = open(floor_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || fallocate(fd, 0, 0, SEGMENT) < 0)
        must(-1);
    must(hz_segment_writer_new(&hz_disk_real, directory, HZ_SEGMENT_JOURNAL, identity, SEGMENT,
                               &writer));
    for (unsigned i = 0; i < SYNC_APPENDS; i++) {
        uint64_t first = seq;
        size_t length = build_batch(batch, SYNC_BYTES, &seq);
        uint64_t begin = hz_bench_now_ns();
        must(hz_segment_append(writer, batch, length, first));
        must(hz_segment_sync(writer));
        uint64_t middle = hz_bench_now_ns();
        if (pwrite(fd, batch, length, (off_t)(i * SYNC_BYTES)) < 0 || fdatasync(fd) < 0)
            must(-1);
        hz_bench_add(bare, (double)(hz_bench_now_ns() - middle) / 1e3);
        hz_bench_add(own, (double)(middle - begin) / 1e3);
    }
    hz_segment_writer_free(writer);
    (void)close(fd);
}

int main(int argc, char **argv)
{
    static double samples[4][ROUNDS], sync_samples[2][SYNC_APPENDS];
    struct hz_bench append = hz_bench("journal", "append, M readings/s", samples[0], ROUNDS);
    struct hz_bench bare_append =
        hz_bench("journal", "bare pwrite of as many bytes, M readings/s", samples[1], ROUNDS);
    struct hz_bench reading =
        hz_bench("journal", "read back with CRC, M readings/s", samples[2], ROUNDS);
    struct hz_bench bare_reading =
        hz_bench("journal", "bare pread of as many bytes, M readings/s", samples[3], ROUNDS);
    struct hz_bench synced =
        hz_bench("journal", "append + sync of 4 KiB, us", sync_samples[0], SYNC_APPENDS);
    struct hz_bench bare_synced =
        hz_bench("journal", "bare pwrite + fdatasync of 4 KiB, us", sync_samples[1], SYNC_APPENDS);
    uint64_t readings;

    if (argc > 1)
        folder = argv[1];
    (void)snprintf(directory, sizeof(directory), "%s/bench-journal.%d", folder, (int)getpid());
    (void)snprintf(floor_path, sizeof(floor_path), "%s/bench-journal.%d.floor", folder,
                   (int)getpid());
    batch = aligned_alloc(64, BATCH_BYTES);
    if (!batch)
        must(-1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        double seconds = append_all(&readings);
        hz_bench_add(&append, (double)readings / seconds / 1e6);
        hz_bench_add(&bare_append, (double)readings / floor_append() / 1e6);
        hz_bench_add(&reading, (double)readings / read_all(readings) / 1e6);
        hz_bench_add(&bare_reading, (double)readings / floor_read() / 1e6);
        clean();
    }
    sync_loop(&synced, &bare_synced);
    clean();
    hz_bench_print(&bare_append, NAN, NAN);
    hz_bench_print(&append, hz_bench_median(&append) / hz_bench_median(&bare_append), NAN);
    hz_bench_print(&bare_reading, NAN, NAN);
    hz_bench_print(&reading, hz_bench_median(&reading) / hz_bench_median(&bare_reading), NAN);
    hz_bench_print(&bare_synced, NAN, NAN);
    hz_bench_print(&synced, hz_bench_median(&synced) / hz_bench_median(&bare_synced), NAN);
    free(batch);
    return 0;
}
