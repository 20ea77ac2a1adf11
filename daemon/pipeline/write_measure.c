/* SPDX-License-Identifier: Apache-2.0
 *
 * What the write thread measures: how long blocks took to the disk, how much it was, how much room is
 * left there. The room is asked for here and nowhere else: the question may hang with the disk, and
 * this is the thread that may.
 */
#include "write_priv.h"

#include <sys/statvfs.h>

#define LOOK_EVERY_NS (10 * HZ_NS_PER_S)

/* Once per write, of its oldest block: what the sync thread finds to be written is in `unsynced`. */
void write__measure(struct hz_pipeline *p)
{
    const struct hz_block *oldest = (const void *)p->write.staging;
    int64_t offset = atomic_load_explicit(&p->jt_offset_ns, memory_order_relaxed);
    int64_t none = HZ_NEVER;

    (void)atomic_compare_exchange_strong_explicit(&p->unsynced_jt_ns, &none, oldest->jt_ns,
                                                  memory_order_relaxed, memory_order_relaxed);
    hz_histogram_record(&p->stages.written, hz_mono_ns(p->options.clock) - offset - oldest->jt_ns);
    write__count_bytes(p, p->write.staged);
}

void write__count_bytes(struct hz_pipeline *p, size_t bytes)
{
    uint64_t before = atomic_load_explicit(&p->disk_bytes, memory_order_relaxed);

    atomic_store_explicit(&p->disk_bytes, before + bytes, memory_order_relaxed);
}

void write__look_at_disk(struct hz_pipeline *p)
{
    int64_t now = hz_mono_ns(p->options.clock);
    struct statvfs disk;

    if (p->write.disk_looked_ns != 0 && now - p->write.disk_looked_ns < LOOK_EVERY_NS)
        return;
    p->write.disk_looked_ns = now;
    if (statvfs(p->options.state_directory, &disk) < 0)
        return; /* what was known last stands */
    atomic_store_explicit(&p->disk_free, (uint64_t)disk.f_bavail * disk.f_frsize,
                          memory_order_relaxed);
    atomic_store_explicit(&p->disk_size, (uint64_t)disk.f_blocks * disk.f_frsize,
                          memory_order_relaxed);
}
