/* SPDX-License-Identifier: Apache-2.0
 *
 * The alarms log on the write thread. What must stay true: an entry is written only when the record
 * that caused it cannot be lost any more (else the log could be ahead of the journal), in the order
 * of the numbers; entries stay in memory until they are durable, so that a failed sync loses none.
 *
 *     entries in memory:   first ........ appended ........ end        (numbers rise)
 *                          ^ not durable   ^ not written
 */
#include "write_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_MAX   65536u /* entries; about 80 MiB when the disk takes none */
#define BATCH_BYTES (256u << 10)

struct log_queue {
    struct hz_entry *entries[QUEUE_MAX];
    uint64_t first, appended, end;
    struct hz_segment_reader *reader; /* of a fetch that may go on */
    uint64_t reader_next;
    char batch[BATCH_BYTES];
};

static struct hz_entry *entry_at(const struct log_queue *queue, uint64_t at)
{
    return queue->entries[at % QUEUE_MAX];
}

/* --- appending --- */

static void take_entries(struct hz_pipeline *p) HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;
    uint64_t before = queue->end;

    while (queue->end - queue->first < QUEUE_MAX &&
           hz_spsc_pop(&p->write.entries, &queue->entries[queue->end % QUEUE_MAX]))
        queue->end++;
    if (queue->end != before)
        pipeline__taken(&p->log_blocked, &p->output_wake);
}

static void free_synced(struct hz_pipeline *p) HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;
    uint64_t synced = atomic_load_explicit(&p->log_synced, memory_order_acquire);

    while (queue->first < queue->appended && entry_at(queue, queue->first)->number <= synced)
        free(queue->entries[queue->first++ % QUEUE_MAX]);
}

/* Up to a batch of entries whose cause is safe; their bytes. */
static size_t gather(struct hz_pipeline *p, uint64_t *ret_end) HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;
    uint64_t safe = p->config->durability == HZ_RELAXED
                        ? atomic_load_explicit(&p->written_seq, memory_order_acquire)
                        : atomic_load_explicit(&p->durable_seq, memory_order_acquire);
    size_t bytes = 0;

    for (*ret_end = queue->appended; *ret_end < queue->end; (*ret_end)++) {
        const struct hz_entry *entry = entry_at(queue, *ret_end);
        if (entry->seq > safe || bytes + entry->bytes > BATCH_BYTES)
            break;
        memcpy(queue->batch + bytes, entry, entry->bytes);
        bytes += entry->bytes;
    }
    return bytes;
}

/* After a failed sync: what is not durable is appended again, and until then counts as not appended. */
static void rewind_log(struct hz_pipeline *p) HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;

    hz_segment_writer_abandon(p->write.alarms);
    queue->appended = queue->first;
    atomic_store_explicit(&p->log_appended,
                          atomic_load_explicit(&p->log_synced, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&p->log_rewind_asked, false,
                          memory_order_release); /* sync looks at `appended` again */
}

int pipeline__log_append(struct hz_pipeline *p)
{
    struct log_queue *queue = p->write.queue;
    uint64_t end;
    size_t bytes;

    free_synced(p);
    if (atomic_load_explicit(&p->log_rewind_asked, memory_order_acquire))
        rewind_log(p);
    take_entries(p);
    while ((bytes = gather(p, &end)) > 0) {
        int error = hz_segment_append(p->write.alarms, queue->batch, bytes,
                                      entry_at(queue, queue->appended)->number);
        if (error == -EAGAIN) {
            atomic_store_explicit(&p->log_sync_wanted, true, memory_order_release);
            write__ask_sync(p);
        } else if (error < 0) {
            hz_segment_writer_abandon(p->write.alarms);
        }
        if (error < 0)
            return error;
        write__count_bytes(p, bytes);
        queue->appended = end;
        atomic_store_explicit(&p->log_appended, entry_at(queue, end - 1)->number,
                              memory_order_release);
        free_synced(p);
        take_entries(p);
    }
    return 0;
}

bool pipeline__log_empty(struct hz_pipeline *p)
{
    uint64_t waiting;

    (void)hz_spsc_items(&p->write.entries, &waiting);
    return waiting == 0 && p->write.queue->appended == p->write.queue->end;
}

bool write__log_synced(struct hz_pipeline *p, uint64_t number)
{
    const struct log_queue *queue = p->write.queue;
    uint64_t waiting;

    (void)hz_spsc_items(&p->write.entries, &waiting);
    return waiting == 0 &&
           (queue->first == queue->end || entry_at(queue, queue->first)->number > number);
}

/* --- reading --- */

static void close_reader(struct log_queue *queue)
{
    hz_segment_reader_free(queue->reader);
    queue->reader = NULL;
}

/* The next entry that can be read: damage is passed over, as at the start. */
static int next_entry(struct hz_segment_reader *reader, const struct hz_entry **ret_entry)
{
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;
    int error;

    while ((error = hz_segment_next(reader, &frame, &bytes, &place)) == HZ_ECORRUPT) {
        error = hz_segment_skip(reader);
        if (error < 0)
            break;
    }
    *ret_entry = error == 0 ? frame : NULL;
    return error;
}

/* The first entry of the segment that can hold `number`. */
static int first_of_segment(struct hz_pipeline *p, uint64_t number, uint64_t *ret_number,
                            struct hz_stream_id *ret_id)
{
    struct hz_segment_reader *reader;
    const struct hz_entry *entry;

    int error = pipeline__open_reader(p, HZ_SEGMENT_ALARMS, number, &reader);
    if (error < 0)
        return error;
    error = next_entry(reader, &entry);
    if (error == 0) {
        *ret_number = entry->number;
        *ret_id = entry->id;
    }
    hz_segment_reader_free(reader);
    return error;
}

/* A number at or before the entry with this id, in the same segment: by halving over the numbers and
 * looking only at the heads of segments. */
static int number_near(struct hz_pipeline *p, struct hz_stream_id id, uint64_t *ret_number)
{
    uint64_t low = 1, high = atomic_load_explicit(&p->log_appended, memory_order_relaxed);

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2, number = 0;
        struct hz_stream_id first = {0};
        int error = first_of_segment(p, middle, &number, &first);
        if (error < 0 && error != HZ_EOF)
            return error;
        if (error == HZ_EOF || hz_stream_id_compare(first, id) > 0) { /* an earlier segment */
            uint64_t end = error == HZ_EOF || number > middle ? middle : number;
            high = end > low ? end - 1 : low;
        } else {
            low = middle; /* this one or a later */
        }
    }
    *ret_number = low;
    return 0;
}

/* Is the entry before what is wanted? */
static bool comes_before(const struct hz_entry *entry, const struct pipeline_fetch *fetch)
{
    return fetch->by_id ? hz_stream_id_compare(entry->id, fetch->id) < 0
                        : entry->number < fetch->number;
}

/* Reads on to the first entry wanted, or the one behind it where the log has a hole. */
static int seek(struct hz_pipeline *p, const struct pipeline_fetch *fetch,
                const struct hz_entry **ret_entry) HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;
    uint64_t from = fetch->number;
    int error = fetch->by_id ? number_near(p, fetch->id, &from) : 0;

    if (error == 0 && (!queue->reader || fetch->by_id || queue->reader_next != fetch->number)) {
        close_reader(queue);
        error = pipeline__open_reader(p, HZ_SEGMENT_ALARMS, from, &queue->reader);
    }
    while (error == 0) {
        error = next_entry(queue->reader, ret_entry);
        if (error == 0 && !comes_before(*ret_entry, fetch))
            return 0;
    }
    return error == HZ_EOF ? HZ_ENOTFOUND : error;
}

/* From the file: the entry wanted and those behind it, a batch at most. */
static int read_file(struct hz_pipeline *p, const struct pipeline_fetch *fetch, size_t *ret_bytes)
    HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;
    const struct hz_entry *entry = NULL;
    int error = seek(p, fetch, &entry);

    *ret_bytes = 0;
    while (error == 0) {
        memcpy(queue->batch + *ret_bytes, entry, entry->bytes);
        *ret_bytes += entry->bytes;
        queue->reader_next = entry->number + 1;
        if (*ret_bytes + HZ_ENTRY_BYTES_MAX > BATCH_BYTES)
            return 0; /* the next fetch goes on behind it */
        error = next_entry(queue->reader, &entry);
    }
    close_reader(queue); /* at the end: what is appended later is not in its buffer */
    return *ret_bytes > 0 ? 0 : error;
}

static bool is_wanted(const struct hz_entry *entry, const struct pipeline_fetch *fetch)
{
    return fetch->by_id ? hz_stream_id_compare(entry->id, fetch->id) == 0
                        : entry->number == fetch->number;
}

/* From memory, where the newest are: from the entry wanted on; `behind`: the file has neither it nor one
 * behind it. The publisher may have those that are not written yet, too: it knows itself when they may
 * go out. */
static bool read_memory(const struct log_queue *queue, const struct pipeline_fetch *fetch,
                        bool behind, char *to, size_t *ret_bytes)
{
    uint64_t at = queue->first,
             end = fetch->token == PIPELINE_PUBLISHER_TOKEN ? queue->end : queue->appended;

    while (at < end && comes_before(entry_at(queue, at), fetch))
        at++;
    *ret_bytes = 0;
    if (at < end && at == queue->first && !behind && !is_wanted(entry_at(queue, at), fetch))
        return false; /* the file may have it */
    for (; at < end && *ret_bytes + entry_at(queue, at)->bytes <= BATCH_BYTES; at++) {
        memcpy(to + *ret_bytes, entry_at(queue, at), entry_at(queue, at)->bytes);
        *ret_bytes += entry_at(queue, at)->bytes;
    }
    return *ret_bytes > 0;
}

static int read_log(struct hz_pipeline *p, const struct pipeline_fetch *fetch, size_t *ret_bytes)
    HZ_ON(hz_write)
{
    struct log_queue *queue = p->write.queue;

    if (read_memory(queue, fetch, false, queue->batch, ret_bytes))
        return 0;
    int error = read_file(p, fetch, ret_bytes);
    if (error == HZ_ENOTFOUND && read_memory(queue, fetch, true, queue->batch, ret_bytes))
        return 0;
    return error;
}

void pipeline__log_answer(struct hz_pipeline *p)
{
    struct log_queue *queue = p->write.queue;
    struct pipeline_fetch fetch;

    while (hz_spsc_room(&p->write.fetched) > 0 && hz_spsc_pop(&p->write.fetches, &fetch)) {
        size_t bytes;
        if (fetch.token == PIPELINE_SNAPSHOT_TOKEN) {
            write__take_snapshot(p, fetch.snapshot);
            continue;
        }
        fetch.error = read_log(p, &fetch, &bytes);
        fetch.entries = bytes > 0 ? malloc(bytes) : NULL;
        fetch.length = fetch.entries ? bytes : 0;
        if (bytes > 0 && !fetch.entries)
            fetch.error = -ENOMEM;
        if (fetch.entries)
            memcpy(fetch.entries, queue->batch, bytes);
        hz_assert(hz_spsc_push(&p->write.fetched, &fetch));
        hz_wake_up(&p->output_wake);
    }
}

int pipeline__log_queue_new(struct hz_pipeline *p)
{
    hz_role_assert(&hz_write);
    p->write.queue = calloc(1, sizeof(*p->write.queue));
    return p->write.queue ? 0 : -ENOMEM;
}

void pipeline__log_queue_free(struct hz_pipeline *p)
{
    hz_role_assert(&hz_write);
    struct log_queue *queue = p->write.queue;
    if (!queue)
        return;
    while (queue->first < queue->end)
        free(queue->entries[queue->first++ % QUEUE_MAX]);
    for (struct hz_entry *left; hz_spsc_pop(&p->write.entries, &left);)
        free(left); /* which the disk did not take in time */
    close_reader(queue);
    free(queue);
}
