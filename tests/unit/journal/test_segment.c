/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments on a real file system, through a disk that fails when told: what was synced is read back,
 * once and in order; a torn tail is cut and counted; damage is named; a failed sync is never tried
 * again.
 */
#include "hz_record.h"
#include "hz_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint64_t identity[2] = {0x1234, 0x5678};

/* --- a disk that fails when told --- */

static int datasyncs, datasync_error, write_error;

static int failing_datasync(void *ctx, int fd)
{
    datasyncs++;
    return datasync_error ? datasync_error : hz_disk_real.datasync(ctx, fd);
}

static ssize_t failing_write(void *ctx, int fd, const void *bytes, size_t length, int64_t offset)
{
    return write_error ? write_error : hz_disk_real.write(ctx, fd, bytes, length, offset);
}

static struct hz_disk disk;
static char directory[64];

static int begin(void **state)
{
    (void)state;
    disk = hz_disk_real;
    disk.datasync = failing_datasync;
    disk.write = failing_write;
    datasyncs = datasync_error = write_error = 0;
    (void)snprintf(directory, sizeof(directory), "/tmp/hz-segment-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command);
}

/* --- building and reading --- */

struct page {
    struct hz_block block;
    struct hz_reading readings[4];
};

static struct page page_of(uint64_t seq)
{
    struct page page;

    memset(&page, 0, sizeof(page));
    hz_block_init(&page.block, HZ_BLOCK_READINGS, 1);
    page.block.bytes = sizeof(page);
    page.block.count = 4;
    page.block.seq = seq;
    for (uint32_t i = 0; i < 4; i++)
        page.readings[i] = (struct hz_reading){.source_ms = (int64_t)seq + i, .point = {i + 1}};
    return page;
}

static struct hz_segment_writer *writer_of(uint64_t segment_bytes)
{
    struct hz_segment_writer *writer;

    assert_int_equal(hz_segment_writer_new(&disk, directory, HZ_SEGMENT_JOURNAL, identity,
                                           segment_bytes, &writer),
                     0);
    return writer;
}

static void append(struct hz_segment_writer *writer, uint64_t seq)
{
    struct page page = page_of(seq);

    assert_int_equal(hz_segment_append(writer, &page, sizeof(page), seq), 0);
}

/* Reads all; checks that the seqs are exactly `count` blocks from `seqs`; gives how it ended. */
static int expect(const uint64_t *seqs, size_t count, uint64_t *ret_torn)
{
    struct hz_segment_reader *reader;
    const void *frame;
    uint32_t bytes;
    struct hz_segment_place place;
    size_t found = 0;
    int error;

    assert_int_equal(
        hz_segment_reader_new(&hz_disk_real, directory, HZ_SEGMENT_JOURNAL, 0, &reader), 0);
    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) == 0) {
        const struct hz_block *block = frame;
        struct page page = page_of(block->seq);
        assert_true(found < count);
        assert_int_equal(block->seq, seqs[found++]);
        assert_int_equal(bytes, sizeof(page));
        page.block.crc32c = block->crc32c;
        assert_memory_equal(frame, &page, sizeof(page));
    }
    assert_int_equal(found, count);
    *ret_torn = hz_segment_torn_bytes(reader);
    hz_segment_reader_free(reader);
    return error;
}

/* The only or n-th segment file's path, in order. */
static void segment_path(unsigned n, char *to, size_t size)
{
    char command[160];

    (void)snprintf(command, sizeof(command), "ls '%s'/*.seg | sed -n %up", directory, n);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(to, (int)size, pipe));
    (void)pclose(pipe);
    to[strcspn(to, "\n")] = '\0';
}

static void damage(unsigned segment, off_t offset)
{
    char path[256];
    uint8_t byte;

    segment_path(segment, path, sizeof(path));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    (void)close(fd);
}

/* --- tests --- */

static void nothing_is_read_from_nothing(void **state)
{
    uint64_t torn;

    (void)state;
    assert_int_equal(expect(NULL, 0, &torn), HZ_EOF);
    assert_int_equal(torn, 0);
}

static void what_was_appended_is_read(void **state)
{
    uint64_t seqs[100], torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        append(writer, seqs[i] = 1 + 4 * i);
    assert_int_equal(hz_segment_sync(writer), 0);
    hz_segment_writer_free(writer);
    assert_int_equal(expect(seqs, 100, &torn), HZ_EOF);
    assert_int_equal(torn, 0);
}

static void a_full_segment_waits_for_its_sync(void **state)
{
    uint64_t seqs[1500], torn;
    struct hz_segment_writer *writer = writer_of(0); /* the least: one frame of the greatest size */
    unsigned rolled = 0;

    (void)state;
    for (unsigned i = 0; i < 1500; i++) {
        struct page page = page_of(seqs[i] = 1 + 4 * i);
        int error = hz_segment_append(writer, &page, sizeof(page), seqs[i]);
        if (error == -EAGAIN) {
            rolled++;
            assert_int_equal(hz_segment_sync(writer), 0);
            error = hz_segment_append(writer, &page, sizeof(page), seqs[i]);
        }
        assert_int_equal(error, 0);
    }
    assert_int_equal(hz_segment_sync(writer), 0);
    assert_true(rolled >= 3);
    hz_segment_writer_free(writer);
    assert_int_equal(expect(seqs, 1500, &torn), HZ_EOF);
}

static void a_restart_goes_on_in_a_segment_of_its_own(void **state)
{
    static const uint64_t seqs[] = {1, 5, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 4};
    uint64_t torn;

    (void)state;
    for (unsigned run = 0; run < 2; run++) {
        struct hz_segment_writer *writer = writer_of(1 << 20);
        append(writer, seqs[2 * run]);
        append(writer, seqs[2 * run + 1]);
        assert_int_equal(hz_segment_sync(writer), 0);
        hz_segment_writer_free(writer);
    }
    assert_int_equal(expect(seqs, 4, &torn), HZ_EOF);
}

static void a_torn_tail_is_counted_then_cut(void **state)
{
    static const uint64_t seqs[] = {1, 5, 9, UINT64_C(1) << 32};
    uint64_t torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        append(writer, seqs[i]);
    hz_segment_writer_free(writer);
    damage(1, HZ_SEGMENT_HEAD_BYTES + 2 * sizeof(struct page) + 60);
    assert_int_equal(expect(seqs, 2, &torn), HZ_EOF);
    assert_true(torn > 0 && torn <= sizeof(struct page));

    writer = writer_of(1 << 20);
    append(writer, seqs[3]);
    hz_segment_writer_free(writer);
    static const uint64_t after[] = {1, 5, UINT64_C(1) << 32};
    assert_int_equal(expect(after, 3, &torn), HZ_EOF);
    assert_int_equal(torn, 0);
}

static void a_head_that_never_reached_the_disk_is_an_empty_segment(void **state)
{
    static const uint64_t seqs[] = {1, UINT64_C(1) << 32};
    uint64_t torn;
    char path[256];
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    append(writer, 1);
    hz_segment_writer_free(writer);
    writer = writer_of(1 << 20);
    append(writer, 77);
    hz_segment_writer_free(writer);
    segment_path(2, path, sizeof(path));
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, 1 << 20), 0);
    assert_int_equal(expect(seqs, 1, &torn), HZ_EOF);

    writer = writer_of(1 << 20);
    append(writer, seqs[1]);
    hz_segment_writer_free(writer);
    assert_int_equal(expect(seqs, 2, &torn), HZ_EOF);
}

static void damage_in_an_older_segment_is_named(void **state)
{
    static const uint64_t seqs[] = {1, 5};
    uint64_t torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    for (uint64_t seq = 1; seq < 20; seq += 4)
        append(writer, seq);
    assert_int_equal(hz_segment_sync(writer), 0);
    hz_segment_writer_free(writer);
    writer = writer_of(1 << 20);
    append(writer, UINT64_C(1) << 32);
    hz_segment_writer_free(writer);
    damage(1, HZ_SEGMENT_HEAD_BYTES + 2 * sizeof(struct page) + 60);
    assert_int_equal(expect(seqs, 2, &torn), HZ_ECORRUPT);
}

/* A block in each of two segments, 1 and 501. */
static void write_two_segments(void)
{
    for (uint64_t seq = 1; seq < 1000; seq += 500) {
        struct hz_segment_writer *writer = writer_of(1 << 20);
        append(writer, seq);
        hz_segment_writer_free(writer);
    }
}

/* The first is damaged, the second can be read behind it. */
static void expect_the_second(const struct hz_disk *of)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;

    assert_int_equal(hz_segment_reader_new(of, directory, HZ_SEGMENT_JOURNAL, 1, &reader), 0);
    assert_int_equal(hz_segment_next(reader, &frame, &bytes, &place), HZ_ECORRUPT);
    assert_int_equal(hz_segment_skip(reader), 0);
    assert_int_equal(hz_segment_next(reader, &frame, &bytes, &place), 0);
    assert_int_equal(((const struct hz_block *)frame)->seq, 501);
    assert_int_equal(hz_segment_next(reader, &frame, &bytes, &place), HZ_EOF);
    assert_int_equal(hz_segment_skip(reader), HZ_EOF);
    hz_segment_reader_free(reader);
}

static void what_comes_behind_damage_can_be_read(void **state)
{
    (void)state;
    write_two_segments();
    damage(1, HZ_SEGMENT_HEAD_BYTES + 60);
    expect_the_second(&hz_disk_real);
}

/* EIO for the bytes of the first segment behind its head. */
static ssize_t bad_sector(void *ctx, int fd, void *bytes, size_t length, int64_t offset)
{
    const struct hz_block *block = bytes;
    ssize_t got = hz_disk_real.read(ctx, fd, bytes, length, offset);

    if (offset == 0 && got > HZ_SEGMENT_HEAD_BYTES) {
        block = (const void *)((const char *)bytes + HZ_SEGMENT_HEAD_BYTES);
        return block->seq == 1 ? HZ_SEGMENT_HEAD_BYTES : got;
    }
    return got > 0 && block->seq == 1 ? -EIO : got;
}

static void a_bad_sector_is_damage(void **state)
{
    (void)state;
    write_two_segments();
    disk.read = bad_sector;
    expect_the_second(&disk);
}

/* Every byte of the stored blocks, one at a time: never a block that was not written. */
static void no_flipped_byte_is_believed(void **state)
{
    static const uint64_t seqs[] = {1, 5, 9};
    uint64_t torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        append(writer, seqs[i]);
    hz_segment_writer_free(writer);
    for (unsigned at = 0; at < 3 * sizeof(struct page); at++) {
        unsigned whole = at / sizeof(struct page);
        damage(1, HZ_SEGMENT_HEAD_BYTES + at);
        assert_int_equal(expect(seqs, whole, &torn), HZ_EOF);
        damage(1, HZ_SEGMENT_HEAD_BYTES + at);
    }
    assert_int_equal(expect(seqs, 3, &torn), HZ_EOF);
}

/* A failed sync may have dropped pages: trying it again would say yes ("fsyncgate"). */
static void a_failed_sync_is_never_tried_again(void **state)
{
    static const uint64_t seqs[] = {1, 5, 9};
    uint64_t torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    append(writer, 1);
    assert_int_equal(hz_segment_sync(writer), 0);
    append(writer, 5);
    datasync_error = -EIO;
    assert_int_equal(hz_segment_sync(writer), -EIO);
    datasync_error = 0;
    int before = datasyncs;
    assert_int_equal(hz_segment_sync(writer), -EIO);
    append(writer, 9);
    assert_int_equal(hz_segment_sync(writer), -EIO);
    assert_int_equal(datasyncs, before);

    hz_segment_writer_abandon(writer);
    append(writer, 5);
    append(writer, 9);
    assert_int_equal(hz_segment_sync(writer), 0);
    assert_int_equal(datasyncs, before + 1); /* the new segment's alone */
    hz_segment_writer_free(writer);
    assert_int_equal(expect(seqs, 3, &torn), HZ_EOF);
}

/* What a bad disk made of an abandoned segment does not matter: its successor has it all. */
static void an_abandoned_segment_may_end_badly(void **state)
{
    static const uint64_t seqs[] = {1, 5, 9};
    uint64_t torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    append(writer, 1);
    append(writer, 5);
    datasync_error = -EIO;
    assert_int_equal(hz_segment_sync(writer), -EIO);
    datasync_error = 0;
    hz_segment_writer_abandon(writer);
    append(writer, 1);
    append(writer, 5);
    append(writer, 9);
    assert_int_equal(hz_segment_sync(writer), 0);
    hz_segment_writer_free(writer);
    assert_int_equal(expect(seqs, 3, &torn), HZ_EOF);
    damage(1, HZ_SEGMENT_HEAD_BYTES + sizeof(struct page) + 60);
    assert_int_equal(expect(seqs, 3, &torn), HZ_EOF);
}

static void a_full_disk_writes_nothing_that_counts(void **state)
{
    static const uint64_t seqs[] = {1, 5};
    uint64_t torn;
    struct hz_segment_writer *writer = writer_of(1 << 20);
    struct page page = page_of(5);

    (void)state;
    append(writer, 1);
    uint64_t appended = hz_segment_appended(writer);
    write_error = -ENOSPC;
    assert_int_equal(hz_segment_append(writer, &page, sizeof(page), 5), -ENOSPC);
    assert_int_equal(hz_segment_appended(writer), appended);
    hz_segment_writer_abandon(writer);
    assert_int_equal(hz_segment_append(writer, &page, sizeof(page), 5), -ENOSPC);
    write_error = 0;
    append(writer, 5);
    assert_int_equal(hz_segment_sync(writer), 0);
    hz_segment_writer_free(writer);
    assert_int_equal(expect(seqs, 2, &torn), HZ_EOF);
}

static void another_journals_segments_are_refused(void **state)
{
    static const uint64_t other[2] = {9, 9};
    struct hz_segment_writer *writer = writer_of(1 << 20);

    (void)state;
    append(writer, 1);
    hz_segment_writer_free(writer);
    assert_int_equal(
        hz_segment_writer_new(&disk, directory, HZ_SEGMENT_JOURNAL, other, 1 << 20, &writer),
        HZ_EFOREIGN);
}

static void a_frame_is_found_at_its_place(void **state)
{
    struct hz_segment_writer *writer = writer_of(1 << 20);
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;

    (void)state;
    append(writer, 1);
    append(writer, 5);
    place = hz_segment_last_place(writer);
    append(writer, 9);
    hz_segment_writer_free(writer);
    assert_int_equal(
        hz_segment_reader_new(&hz_disk_real, directory, HZ_SEGMENT_JOURNAL, 0, &reader), 0);
    assert_int_equal(hz_segment_read_at(reader, place, &frame, &bytes), 0);
    assert_int_equal(((const struct hz_block *)frame)->seq, 5);
    assert_int_equal(hz_segment_next(reader, &frame, &bytes, &place), 0);
    assert_int_equal(((const struct hz_block *)frame)->seq, 9);
    place.ordinal = 99;
    assert_int_equal(hz_segment_read_at(reader, place, &frame, &bytes), HZ_ENOTFOUND);
    hz_segment_reader_free(reader);
}

/* What was written of an input that did not last goes, whole segments and the rest of one. */
static void cut_removes_the_end(void **state)
{
    uint64_t small = HZ_SEGMENT_HEAD_BYTES + HZ_SEGMENT_FRAME_BYTES_MAX;
    uint64_t per_segment = HZ_SEGMENT_FRAME_BYTES_MAX / sizeof(struct page), blocks = 0;
    uint64_t seqs[3 * 500], torn;
    struct hz_segment_writer *writer = writer_of(small);

    (void)state;
    for (; blocks < 2 * per_segment + 10; blocks++) { /* a third segment is begun */
        struct page page = page_of(seqs[blocks] = 1 + blocks * 4);
        int error = hz_segment_append(writer, &page, sizeof(page), seqs[blocks]);
        if (error == -EAGAIN) {
            assert_int_equal(hz_segment_sync(writer), 0);
            append(writer, seqs[blocks]);
        } else {
            assert_int_equal(error, 0);
        }
    }
    hz_segment_writer_free(writer);
    assert_int_equal(hz_segment_cut(&disk, directory, HZ_SEGMENT_JOURNAL, 1 + blocks * 4), 0);
    expect(seqs, blocks, &torn);
    assert_int_equal(hz_segment_cut(&disk, directory, HZ_SEGMENT_JOURNAL, seqs[per_segment + 5]),
                     0);
    expect(seqs, per_segment + 5, &torn);
    writer = writer_of(small);
    append(writer, seqs[per_segment + 5]);
    hz_segment_writer_free(writer);
    expect(seqs, per_segment + 6, &torn);
    assert_int_equal(hz_segment_cut(&disk, directory, HZ_SEGMENT_JOURNAL, 0), 0);
    expect(seqs, 0, &torn);
}

static void cut_of_nothing(void **state)
{
    (void)state;
    assert_int_equal(hz_segment_cut(&disk, directory, HZ_SEGMENT_JOURNAL, 0), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(nothing_is_read_from_nothing),
        T(what_was_appended_is_read),
        T(a_full_segment_waits_for_its_sync),
        T(a_restart_goes_on_in_a_segment_of_its_own),
        T(a_torn_tail_is_counted_then_cut),
        T(a_head_that_never_reached_the_disk_is_an_empty_segment),
        T(damage_in_an_older_segment_is_named),
        T(what_comes_behind_damage_can_be_read),
        T(a_bad_sector_is_damage),
        T(no_flipped_byte_is_believed),
        T(a_failed_sync_is_never_tried_again),
        T(an_abandoned_segment_may_end_badly),
        T(a_full_disk_writes_nothing_that_counts),
        T(another_journals_segments_are_refused),
        T(a_frame_is_found_at_its_place),
        T(cut_removes_the_end),
        T(cut_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
