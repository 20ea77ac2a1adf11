/* SPDX-License-Identifier: Apache-2.0
 *
 * What the threads share, and what each has for itself. Fields stand in blocks by their owner; what is
 * atomic names its writer. Every pair of threads has rings of its own, each with one writing and one
 * reading end:
 *
 *     ingest ==blocks==> rule ==transitions==> output ==entries==> write          (the way of the data)
 *     ingest ==blocks==> write --written--> sync --durable--> output, ingest
 *     ingest ==defines==> write                 write ==notices==> ingest
 *     output ==commands==> ingest ==outcomes==> output
 *     output ==questions==> rule ==answers==> output
 *     output ==fetches==> write ==fetched==> output
 *     output --reload--> builder --change--> ingest, rule, output                 (reload_priv.h)
 */
#ifndef PIPELINE_PRIV_H
#define PIPELINE_PRIV_H

#include "hz_block_ring.h"
#include "hz_control.h"
#include "hz_decode.h"
#include "hz_engine.h"
#include "hz_histogram.h"
#include "hz_http.h"
#include "hz_log.h"
#include "hz_mirror.h"
#include "hz_mqtt.h"
#include "hz_pipeline.h"
#include "hz_publisher.h"
#include "hz_segment.h"
#include "hz_spsc.h"
#include "hz_store.h"
#include "hz_topic.h"
#include "hz_wake.h"

#include <pthread.h>
#include <stdatomic.h>

/* Adding 2^32 to the last seq found at every start: seq is never used twice, also when the end of the
 * journal was lost (design.md section 2). */
#define PIPELINE_SEQ_JUMP (UINT64_C(1) << 32)

#define PIPELINE_ENTRIES_RING 16384u /* from output to the alarms log */

/* --- what travels on the rings --- */

/* Where the journal stands, and its run. */
struct pipeline_place {
    uint64_t seq; /* of the last record */
    int64_t wall_ns;
    uint64_t term;
    uint64_t clean;
};

struct pipeline_define { /* ingest -> write: the name is in hz_names */
    uint32_t kind; /* enum hz_named_kind */
    uint32_t id;
};

struct pipeline_notice { /* write -> ingest */
    uint64_t hole_from, hole_to; /* records given up for the journal */
};

enum pipeline_command_kind { PIPELINE_COMMAND = 1, PIPELINE_OBSERVE = 2 };

struct pipeline_command { /* output -> ingest */
    uint32_t kind;
    uint32_t token; /* of a command, for its outcome */
    union {
        alignas(8) char record[HZ_RECORD_BYTES_MAX]; /* struct hz_record_command or _observe */
    };
};

enum pipeline_outcome_kind { PIPELINE_OUTCOME_COMMAND = 1, PIPELINE_OUTCOME_FEED = 2 };
enum pipeline_feed_state { PIPELINE_FEED_LOST = 0, PIPELINE_FEED_CONNECTED = 1, PIPELINE_FEED_PAUSED = 2 };

struct pipeline_outcome { /* ingest -> output */
    uint32_t kind;
    uint32_t token; /* COMMAND: it stands in the journal at seq */
    uint64_t seq;
    uint32_t feed; /* FEED: its id */
    uint32_t state;
    int64_t since_ns;
    char reason[200];
};

enum pipeline_question_kind {
    PIPELINE_NEWS = 1,     /* what changed since the last time */
    PIPELINE_RENEW = 2,    /* everything is news again */
    PIPELINE_POINTS = 3,   /* state of the points [first, first + span) */
    PIPELINE_COVERAGE = 4, /* of the ids [first, first + span) in scope */
    PIPELINE_COUNTS = 5,
    PIPELINE_SAVE = 6, /* the whole state, for a snapshot */
    PIPELINE_PREVIEW = 7, /* what `next` would do at the points, as far as there is room */
};

/* Asked by output, answered by rule, owned by output again. One slice of bounded work each. */
struct pipeline_question {
    enum pipeline_question_kind kind;
    enum hz_news_kind scope;
    uint32_t first, span;
    struct hz_news *news; /* room for `room` */
    uint32_t room, count;
    struct hz_engine_counts counts; /* COUNTS */
    struct hz_coverage whole;       /* COUNTS */
    uint64_t seq; /* of the last record applied */
    uint64_t newest_number; /* of its transitions */
    const uint32_t *points; /* PREVIEW; `span` becomes the number that was looked at */
    const struct hz_ruleset *next;
    struct hz_preview *previews;
    hz_engine_write save; /* SAVE: called with ctx, on the engine's thread, into memory */
    int save_error;
    void (*answered)(void *ctx, struct pipeline_question *question); /* on output */
    void *ctx;
};

/* A state taken from the live engine, on its way to the disk. */
struct pipeline_snapshot {
    struct pipeline_place place;
    uint64_t newest_number;
    uint64_t holes; /* known when it was asked for: it closes these */
    char *bytes;    /* engine, then mirror */
    size_t length, size;
};

#define PIPELINE_SNAPSHOT_TOKEN  UINT64_MAX /* of a fetch that is none */
#define PIPELINE_PUBLISHER_TOKEN UINT64_C(0)

struct pipeline_fetch { /* output -> write, and back with the entries */
    uint64_t token;
    bool by_id;
    uint64_t number;
    struct hz_stream_id id;
    struct pipeline_snapshot *snapshot; /* with PIPELINE_SNAPSHOT_TOKEN: to be written; taken */
    uint64_t holes;                     /* and on the way back: what it closes */
    void *entries; /* malloc'd, for output to free; NULL with length 0 */
    size_t length;
    int error;
};

/* --- what is measured: each by one thread, once per call or block, never per reading --- */

struct pipeline_stages {
    struct hz_histogram read;    /* ingest: a read of a feed, from its first message to its block's commit */
    struct hz_histogram engine;  /* rule: a block */
    struct hz_histogram written; /* write: from the read of the oldest block of a write to its end */
    struct hz_histogram sync;    /* sync: one of the journal */
    struct hz_histogram durable; /* sync: from the read of the oldest block of a sync to its end */
    struct hz_histogram held;    /* output: alerts, from the engine's ring until they may go out */
};

/* The last reload, for the metrics; set by whoever takes a set in force, or refuses one. */
struct pipeline_reloaded {
    bool successful;         /* the last attempt; a start is one */
    int64_t success_wall_ns; /* of the last good one; 0 = none in this run */
    struct hz_digest set;    /* in force */
};

/* --- by thread --- */

struct pipeline_feed; /* ingest_feed.c */

/* In the order of a configuration. */
struct pipeline_feeds {
    struct pipeline_feed **at;
    uint32_t count;
};

/* What one feed did, for status. Written by ingest, read by output: relaxed. */
struct pipeline_feed_counts {
    _Atomic uint64_t messages, readings, bytes, losses, acks, unread_ns;
    _Atomic uint64_t dropped; /* readings given up for want of room */
    _Atomic uint64_t verdicts[HZ_VERDICT_END];
};

struct pipeline_ingest {
    pthread_t thread;
    bool started;
    uv_loop_t loop;
    uv_timer_t pulse; /* looks after time, the disk and the ring */
    uv_timer_t due;   /* the engine's next due time */
    uv_timer_t acks;
    uv_poll_t waker;
    uv_prepare_t before_sleep;
    uv_check_t after_sleep;
    struct hz_set *set; /* in force for what is read now */
    struct pipeline_feeds feeds;   /* of that set */
    struct pipeline_feed *leaving; /* ingest_feeds.c */
    uint64_t next_seq;
    int64_t jt_offset_ns;    /* jt = mono - offset */
    int64_t last_mono_ns, last_wall_ns, last_boot_ns, last_jt_ns;
    uint64_t arrival;
    bool paused, stopping;
    int64_t paused_since_ns;
    bool ring_full_said, unread_said;
    bool stalled;
    uint64_t progress_seen;
    int64_t progress_at_ns;
    uint64_t changes_taken;
    uint64_t *present; /* a bit for each point id: in the registry of the set in force */
    uint32_t present_end;
    struct ingest_texts *texts;     /* ingest_text.c */
    struct ingest_waiting *waiting; /* ingest_record.c */
    struct unknown_table *unknown;  /* ingest_unknown.c */
    struct hz_spsc_rx commands, notices;
    struct hz_spsc_tx outcomes, defines;
};

struct pipeline_write {
    pthread_t thread;
    bool started;
    struct hz_segment_writer *journal, *alarms, *definitions;
    char *staging;
    uint64_t next_seq; /* expected of the next block copied */
    uint64_t first_seq, copied_end, copied_seq; /* in staging, not written yet */
    size_t staged;
    struct hz_log_rate log_rate;
    struct pipeline_snapshot *snapshot; /* waits until everything up to it is durable */
    struct log_queue *queue; /* write_log.c: entries not durable yet */
    int64_t disk_looked_ns;  /* write_measure.c */
    struct hz_spsc_rx defines, entries, fetches;
    struct hz_spsc_tx notices, fetched;
};

struct pipeline_rest { /* after failed syncs */
    int64_t ns, until_ns;
};

struct pipeline_sync {
    pthread_t thread;
    bool started;
    struct hz_segment_writer *journal, *alarms; /* the write thread's, of which it syncs */
    uint64_t end;                               /* position of the ring that is durable */
    uint64_t log_number;                        /* newest entry that is durable */
    int64_t log_synced_ns;
    int64_t oldest_jt_ns; /* of what is not durable; HZ_NEVER = nothing */
    struct pipeline_rest rest, log_rest;
    struct hz_log_rate log_rate;
};

struct pipeline_rule {
    pthread_t thread;
    bool started;
    struct hz_engine *engine;
    bool in_block; /* `view` is taken and not done */
    struct hz_block_view view;
    struct hz_transition *scratch;
    uint64_t newest_number, newest_seq; /* of the transitions handed on */
    uint64_t untold_seq;                /* of the oldest that nobody was told of; 0 = none */
    int64_t due_told;
    uint64_t changes_taken;
    struct pipeline_change *changing; /* offered, and the former set is not back yet */
    struct hz_spsc_tx transitions, answers;
    struct hz_spsc_rx questions;
};

struct pipeline_builder {
    pthread_t thread;
    bool started;
    const struct hz_ruleset *ruleset; /* in force; the engine owns it, and gives it up to this thread alone */
    struct hz_digest former;
    bool has_former;
    uint64_t beats_seen; /* of ingest, when ids were last given */
};

struct pipeline_output {
    pthread_t thread;
    bool started;
    uv_loop_t loop;
    uv_poll_t waker;
    uv_prepare_t before_sleep;
    uv_check_t after_sleep;
    uv_timer_t pulse; /* news, stalled disk */
    struct hz_set *set; /* in force at the transition in hand */
    struct hz_publisher *publisher; /* NULL when it has closed; `control` and `http`, too */
    struct hz_mirror *mirror;
    struct hz_control *control;
    struct hz_http *http;
    struct hz_entry *entry; /* being rendered */
    bool unreleased;
    uint64_t offered_seq, offered_number, released_seq, told_number;
    bool stopping, loop_made, renew_wanted, snapshot_under_way;
    int64_t stop_since_ns; /* mono; 0 = no stop was asked for */
    int64_t log_full_since_ns; /* mono; 0 = the alarms log takes what it gets */
    struct hz_log_rate log_rate;
    struct output_news *news;   /* output_news.c */
    struct output_acks *acks;   /* output_ack.c */
    struct output_tails *tails; /* output_tail.c */
    struct output_reload *reload; /* output_reload.c */
    uint64_t changes_taken;
    struct output_unknown *unknown; /* output_unknown.c: those who ask, in line; NULL = nobody */
    struct output_metrics *metrics; /* output_metrics.c */
    struct output_held *held;       /* output_held.c */
    struct pipeline_reloaded reloaded;
    struct pipeline_outcome *feed_states; /* the last told, by feed id */
    int64_t observed[HZ_OBSERVED_END];    /* of the publisher, not handed to ingest yet */
    bool observed_new[HZ_OBSERVED_END];
    struct hz_spsc_rx transitions, answers, outcomes, fetched;
    struct hz_spsc_tx commands, questions, entries, fetches;
};

struct hz_pipeline {
    /* set at start */
    struct hz_pipeline_options options;
    struct hz_store *store;
    struct hz_names *names;
    struct hz_config *config; /* of the start: what needs a restart to change */
    struct hz_block_ring *ring;
    uint64_t journal[2], term;
    int64_t start_wall_ns;
    bool clean, own_rule_thread;
    _Atomic bool faulty; /* the files in the folder are not what is in force: set at start, taken back by ingest */
    uint64_t torn_bytes;
    bool damaged, log_damaged;
    struct hz_ruleset *present; /* of `set`, until the engine has it */
    uint64_t log_newest; /* number of the newest entry in the alarms log at start */
    struct pipeline_feed_counts *feed_counts; /* by feed id, also of those that are gone */
    struct hz_spsc_shared rings[10];
    uint32_t ring_count;

    /* atomic: writer -> readers */
    alignas(HZ_CACHE_LINE) _Atomic int64_t next_due_ns; /* rule -> ingest */
    _Atomic uint64_t applied_seq;                       /* rule -> ingest, output */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t written_end, written_seq; /* write -> sync, output */
    _Atomic bool rewind_asked;                                        /* sync sets, write takes back */
    _Atomic uint64_t write_errors, sync_errors, holes, log_missing;   /* counts for status */
    alignas(HZ_CACHE_LINE) _Atomic uint64_t durable_seq; /* sync -> output, ingest, write */
    _Atomic uint64_t log_synced;                         /* sync -> write: number of an entry */
    _Atomic uint64_t log_appended;                       /* write -> sync */
    _Atomic bool log_rewind_asked;                       /* sync sets, write takes back */
    _Atomic bool log_sync_wanted;                        /* write sets, sync takes back */
    _Atomic uint64_t progress;  /* sync -> ingest: grows with every success */
    _Atomic uint64_t syncs, sync_ns_last, sync_ns_most;
    alignas(HZ_CACHE_LINE) _Atomic uint32_t write_wanted, sync_wanted; /* who waits: enum pipeline_want */
    struct unknown_table *_Atomic unknown_asked; /* output -> ingest: to be filled; NULL = none */
    struct unknown_table *_Atomic unknown_given; /* ingest -> output: it is */
    _Atomic uint64_t ring_used;              /* ingest -> output: bytes, at its last pulse */
    _Atomic bool ingest_waits;               /* for durable_seq, or for room */
    _Atomic uint64_t handed_number;          /* rule -> write, sync: newest transition on its ring ... */
    _Atomic uint64_t released_number;        /* output -> write, sync: ... and newest that went out */
    _Atomic bool rule_blocked;               /* rule -> output: the engine waits for room on that ring */
    _Atomic bool log_blocked;                /* output -> write: entries wait for room on theirs */
    _Atomic bool output_watches;             /* output -> rule: tell it whenever records were applied */
    _Atomic bool stalled;                    /* ingest -> output */
    _Atomic uint64_t holes_known;            /* ingest -> output: holes in the journal that were said ... */
    _Atomic uint64_t holes_closed;           /* output -> ingest: ... and those before a snapshot on disk */
    _Atomic uint32_t points_watched;         /* output -> main: of the set in force */
    struct pipeline_change *change;          /* builder -> ingest, rule, output: seen by ... */
    _Atomic uint64_t changes;                /* ... how many there were */
    _Atomic(struct pipeline_feed *) feeds_gone; /* ingest -> builder: closed, to be freed */
    _Atomic(struct pipeline_reload *) reload_asked, reload_answered; /* output -> builder -> output */
    _Atomic bool reload_by_signal;           /* main -> output */
    _Atomic bool names_wanted;               /* builder sets, write takes back when new names are on disk ... */
    _Atomic int names_error;                 /* ... or are not */
    _Atomic uint32_t stage;                  /* enum pipeline_stage, main */
    _Atomic uint64_t beats[3];               /* ingest, rule, output: for hz_pipeline_alive */
    uint64_t beats_seen[3];                  /* main only */

    struct pipeline_stages stages;
    _Atomic int64_t jt_offset_ns;   /* ingest -> write, sync: jt = mono - offset */
    _Atomic int64_t unsynced_jt_ns; /* write sets, sync takes: of the oldest block written; HZ_NEVER = none */
    _Atomic uint64_t disk_bytes;    /* write -> output: written to journal and alarms log since the start */
    _Atomic uint64_t disk_free, disk_size; /* write -> output: of the file system; 0 = not known */

    struct hz_wake ingest_wake, rule_wake, write_wake, sync_wake, output_wake, builder_wake;

    struct pipeline_ingest ingest HZ_OWNED_BY(hz_ingest);
    struct pipeline_write write HZ_OWNED_BY(hz_write);
    struct pipeline_sync sync HZ_OWNED_BY(hz_sync);
    struct pipeline_rule rule HZ_OWNED_BY(hz_rule);
    struct pipeline_output output HZ_OWNED_BY(hz_output);
    struct pipeline_builder builder HZ_OWNED_BY(hz_builder);
};

static inline struct hz_wake *pipeline__rule_wake(struct hz_pipeline *p)
{
    return p->own_rule_thread ? &p->rule_wake : &p->ingest_wake;
}

/* What is asked of the write thread (and by it of the sync thread). */
enum pipeline_want { PIPELINE_WANT_WRITE = 1, PIPELINE_WANT_SYNC = 2 };

/* The stages of a stop, in the order of the data: each thread ends when its stage has come and its work
 * is done. */
enum pipeline_stage {
    PIPELINE_RUNNING = 0,
    PIPELINE_STOP_BUILDER,
    PIPELINE_STOP_INGEST,
    PIPELINE_STOP_RULE,
    PIPELINE_STOP_OUTPUT,
    PIPELINE_STOP_WRITE,
    PIPELINE_STOP_SYNC,
};

static inline bool pipeline__stage_reached(struct hz_pipeline *p, enum pipeline_stage stage)
{
    return atomic_load_explicit(&p->stage, memory_order_acquire) >= (uint32_t)stage;
}

/* A ring whose writing end waits for room: it says so, and the reader wakes it when it has taken some. */

/* For the writing end: the room there is; below `least`, `blocked` is said. */
static inline uint64_t pipeline__room(struct hz_spsc_tx *tx, uint64_t least, _Atomic bool *blocked)
{
    uint64_t room = hz_spsc_room(tx);

    if ((room < least) != atomic_load_explicit(blocked, memory_order_relaxed))
        atomic_store_explicit(blocked, room < least, memory_order_relaxed);
    if (room >= least)
        return room;
    atomic_thread_fence(memory_order_seq_cst); /* said first, then a look: the reader does it the other way */
    return hz_spsc_room(tx);
}

/* For the reading end, when it has taken some. */
static inline void pipeline__taken(_Atomic bool *blocked, struct hz_wake *writer)
{
    atomic_thread_fence(memory_order_seq_cst); /* room first, then who waits */
    if (atomic_load_explicit(blocked, memory_order_relaxed))
        hz_wake_up(writer);
}

/* Wakes output when it has alerts to let go; after a step forward of what they wait for. */
static inline void pipeline__tell_output(struct hz_pipeline *p)
{
    atomic_thread_fence(memory_order_seq_cst); /* the step first, then the look: rule does it the other way */
    if (atomic_load_explicit(&p->handed_number, memory_order_relaxed) !=
        atomic_load_explicit(&p->released_number, memory_order_relaxed))
        hz_wake_up(&p->output_wake);
}

/* Asks for blocks to be written, or to be durable; any thread but write. */
static inline void pipeline__want(struct hz_pipeline *p, uint32_t what)
{
    atomic_fetch_or_explicit(&p->write_wanted, what, memory_order_release);
    hz_wake_up(&p->write_wake);
}

/* recover.c, sets.c: the start, on the main thread */
/* <state>/<name>; HZ_ELIMIT when it does not fit. */
int pipeline__path(const struct hz_pipeline *p, const char *name, char *to, size_t size) HZ_MUST_USE;
/* A reader of this state directory, as hz_segment_reader_new. */
int pipeline__open_reader(const struct hz_pipeline *p, enum hz_segment_class class_, uint64_t from,
                          struct hz_segment_reader **ret_reader) HZ_MUST_USE;
void pipeline__free_retired(struct hz_pipeline *p) HZ_ON(hz_rule);
int pipeline__recover(struct hz_pipeline *p, struct hz_diagnostics *diagnostics) HZ_MUST_USE;
int pipeline__restore_names(struct hz_pipeline *p) HZ_MUST_USE;
/* NULL when the engine has it in force; takes `present` where it fits. */
int pipeline__take_ruleset(struct hz_pipeline *p, const struct hz_digest *digest,
                           struct hz_ruleset **ret_ruleset) HZ_MUST_USE;
int pipeline__choose_set(struct hz_pipeline *p, struct hz_diagnostics *diagnostics,
                         struct hz_ruleset **ret_ruleset) HZ_MUST_USE;
int pipeline__fetch_ruleset(struct hz_pipeline *p, const struct hz_digest *digest,
                            struct hz_ruleset **ret_ruleset) HZ_MUST_USE;
int pipeline__save_names(struct hz_pipeline *p) HZ_MUST_USE;
int pipeline__snapshot_head(const struct pipeline_place *place, uint64_t newest_number,
                            struct hz_snapshot_writer *writer) HZ_MUST_USE;
/* All threads have stopped, or have not begun. A failure is logged: recovery then only takes longer. */
void pipeline__snapshot(struct hz_pipeline *p, const struct pipeline_place *place);

/* A set from files: everything wrong is in `diagnostics`. */
int pipeline__compile(struct hz_pipeline *p, const struct hz_files *files, struct hz_diagnostics *diagnostics,
                      struct hz_ruleset **ret_ruleset) HZ_MUST_USE;

/* builder.c */
void pipeline__builder_init(struct hz_pipeline *p);
void *pipeline__builder_run(void *pipeline);
void pipeline__builder_done(struct hz_pipeline *p);

/* ingest.c */
/* A bit for each point of a registry, and the end of their ids; NULL without memory. */
uint64_t *pipeline__present_points(const struct hz_registry *registry, uint32_t *ret_end);
int pipeline__ingest_init(struct hz_pipeline *p) HZ_MUST_USE;
void *pipeline__ingest_run(void *pipeline);
void pipeline__ingest_done(struct hz_pipeline *p);
/* Journals the records that a run begins with; before the threads start. */
void pipeline__begin_run(struct hz_pipeline *p) HZ_ON(hz_ingest);
/* Brings the clocks up to date; journals a gap or a step that it finds. Returns jt. */
int64_t pipeline__ingest_now(struct hz_pipeline *p) HZ_ON(hz_ingest);
/* Journals one control record (or several in one block with _begin.._end). The seq of the last. */
uint64_t pipeline__ingest_record(struct hz_pipeline *p, const struct hz_record *record) HZ_ON(hz_ingest);
void pipeline__ingest_observe(struct hz_pipeline *p, enum hz_observed what, uint32_t subject, int64_t value) HZ_ON(hz_ingest);
/* Something that was, and is over: raised and cleared in one place, it waits to be acknowledged. */
void pipeline__ingest_mention(struct hz_pipeline *p, enum hz_observed what, uint32_t subject, int64_t value) HZ_ON(hz_ingest);
/* Room for a block of readings: NULL when even the reserve is used up (the caller counts a drop). */
struct hz_block *pipeline__ingest_block(struct hz_pipeline *p, uint16_t feed) HZ_ON(hz_ingest);
void pipeline__ingest_commit(struct hz_pipeline *p, struct hz_block *block) HZ_ON(hz_ingest);
/* A read has been worked off: engine, back-pressure, acknowledgements. */
void pipeline__ingest_read_end(struct hz_pipeline *p, bool acks) HZ_ON(hz_ingest);

/* feed_make.c: on no thread in particular */
/* The feeds of `after`; NULL stands for one whose connection in `before` (NULL: none) serves as it is. */
int pipeline__feeds_new(struct hz_pipeline *p, const struct hz_set *before, const struct hz_set *after,
                        struct pipeline_feeds *ret_feeds) HZ_MUST_USE;
void pipeline__feeds_free(struct pipeline_feeds *feeds);
void pipeline__feeds_free_gone(struct hz_pipeline *p);

/* ingest_feed.c */
void pipeline__feed_start(struct pipeline_feed *feed) HZ_ON(hz_ingest);
void pipeline__feed_stop(struct pipeline_feed *feed) HZ_ON(hz_ingest);
void pipeline__feed_pause(struct pipeline_feed *feed, bool paused) HZ_ON(hz_ingest);
void pipeline__feed_ack(struct pipeline_feed *feed, uint64_t durable_seq) HZ_ON(hz_ingest);
void pipeline__feed_unread(struct pipeline_feed *feed, bool unread) HZ_ON(hz_ingest);
void pipeline__feed_count(struct pipeline_feed *feed) HZ_ON(hz_ingest);
/* Takes over what is live of its options. */
void pipeline__feed_use(struct pipeline_feed *feed, const struct hz_feed_config *config) HZ_ON(hz_ingest);
bool pipeline__feed_waits(const struct pipeline_feed *feed) HZ_ON(hz_ingest);

static inline bool pipeline__point_present(struct hz_pipeline *p, uint32_t point) HZ_ON(hz_ingest)
{
    return point < p->ingest.present_end && (p->ingest.present[point / 64] >> point % 64 & 1);
}

/* ingest_text.c: the bound on different texts per point */
int pipeline__texts_new(struct ingest_texts **ret_texts) HZ_MUST_USE;
void pipeline__texts_free(struct ingest_texts *texts);
/* The id of a text value of a point, 0 when a bound is reached. */
uint32_t pipeline__text_id(struct hz_pipeline *p, uint32_t point, struct hz_slice text) HZ_ON(hz_ingest);

/* rule.c */
int pipeline__rule_init(struct hz_pipeline *p) HZ_MUST_USE;
void *pipeline__rule_run(void *pipeline);
void pipeline__rule_done(struct hz_pipeline *p);
/* Applies what is in the ring, as far as there is room; answers questions. */
void pipeline__rule_step(struct hz_pipeline *p) HZ_ON(hz_rule);
bool pipeline__rule_has_work(struct hz_pipeline *p) HZ_ON(hz_rule);

/* write.c, write_log.c, sync.c */
int pipeline__write_init(struct hz_pipeline *p) HZ_MUST_USE;
void *pipeline__write_run(void *pipeline);
void pipeline__write_done(struct hz_pipeline *p);
int pipeline__log_queue_new(struct hz_pipeline *p) HZ_MUST_USE;
void pipeline__log_queue_free(struct hz_pipeline *p);
int pipeline__log_append(struct hz_pipeline *p) HZ_ON(hz_write);
bool pipeline__log_empty(struct hz_pipeline *p) HZ_ON(hz_write);
void pipeline__log_answer(struct hz_pipeline *p) HZ_ON(hz_write);
void *pipeline__sync_run(void *pipeline);
/* One turn of each, before the threads begin. */
void pipeline__write_once(struct hz_pipeline *p) HZ_ON(hz_write);
void pipeline__sync_once(struct hz_pipeline *p) HZ_ON(hz_sync);

/* output.c and its commands */
int pipeline__output_init(struct hz_pipeline *p) HZ_MUST_USE;
void *pipeline__output_run(void *pipeline);
void pipeline__output_done(struct hz_pipeline *p);
/* False when the ring to the engine is full: try again later. */
bool pipeline__output_ask(struct hz_pipeline *p, struct pipeline_question *question) HZ_ON(hz_output);
bool pipeline__output_fetch(struct hz_pipeline *p, const struct pipeline_fetch *fetch) HZ_ON(hz_output);
bool pipeline__output_command(struct hz_pipeline *p, const struct pipeline_command *command) HZ_ON(hz_output);
extern const struct hz_control_row pipeline__rows[];
/* output_metrics.c, output_health.c */
int pipeline__metrics_new(struct hz_pipeline *p) HZ_MUST_USE HZ_ON(hz_output);
void pipeline__metrics_free(struct hz_pipeline *p) HZ_ON(hz_output);
void pipeline__metrics_begin(void *ctx, struct hz_control_request *request);
extern const struct hz_http_row pipeline__paths[];
void pipeline__http_gone(void *ctx, struct hz_http_request *request);
/* output_reload.c */
void pipeline__diff_begin(void *ctx, struct hz_control_request *request);
void pipeline__reload_begin(void *ctx, struct hz_control_request *request);
/* output_status.c */
void pipeline__status_begin(void *ctx, struct hz_control_request *request);
void pipeline__feeds_begin(void *ctx, struct hz_control_request *request);
/* list_points.c, list_coverage.c, list_alarms.c */
void pipeline__points_begin(void *ctx, struct hz_control_request *request);
void pipeline__coverage_begin(void *ctx, struct hz_control_request *request);
void pipeline__alarms_begin(void *ctx, struct hz_control_request *request);
/* output_ack.c */
int pipeline__acks_new(struct hz_pipeline *p) HZ_MUST_USE;
void pipeline__acks_free(struct hz_pipeline *p);
void pipeline__ack_begin(void *ctx, struct hz_control_request *request);
void pipeline__acks_transition(struct hz_pipeline *p, const struct hz_transition *transition) HZ_ON(hz_output);
void pipeline__acks_outcome(struct hz_pipeline *p, const struct pipeline_outcome *outcome) HZ_ON(hz_output);
void pipeline__acks_applied(struct hz_pipeline *p, uint64_t applied_seq) HZ_ON(hz_output);
/* output_tail.c */
int pipeline__tails_new(struct hz_pipeline *p) HZ_MUST_USE;
void pipeline__tails_free(struct hz_pipeline *p);
void pipeline__tail_begin(void *ctx, struct hz_control_request *request);
void pipeline__tails_fetched(struct hz_pipeline *p, struct pipeline_fetch *fetch) HZ_ON(hz_output);
void pipeline__tails_offered(struct hz_pipeline *p) HZ_ON(hz_output);
/* output_unknown.c */
void pipeline__unknown_begin(void *ctx, struct hz_control_request *request);

#endif
