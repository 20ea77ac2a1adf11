/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Control records: everything besides readings that can change the alarm state. A control
 *         block holds them one behind the other, each 8-byte aligned with its own small header.
 * WAY     ingest, control, pipeline -> block -> engine
 * THREAD  values: any
 * OWNS    nothing
 * FULL    one record is at most HZ_RECORD_BYTES_MAX; texts in it have their own bounds
 */
#ifndef HZ_RECORD_H
#define HZ_RECORD_H

#include "hz_block.h"
#include "hz_hash.h"
#include "hz_text.h"
#include "hz_transition.h"

#include <stdalign.h>

#define HZ_RECORD_BYTES_MAX 1024u

/* X(NAME, number, word, what it says) */
#define HZ_RECORD_KINDS(X)                                                                         \
    X(TICK, 1, "tick", "the engine's next due time passed without another record")                 \
    X(START, 2, "start", "a run begins: term, semantics, journal identity")                        \
    X(STOP, 3, "stop", "a clean end of a run")                                                     \
    X(DEFINE, 4, "define", "an id stands for a key")                                               \
    X(RULESET, 5, "ruleset", "from here on the set with this hash is in force")                    \
    X(FEED, 6, "feed", "a feed was connected or lost")                                             \
    X(GAP, 7, "gap", "a time not watched has ended")                                               \
    X(OBSERVE, 8, "observe", "something the daemon saw of itself")                                 \
    X(COMMAND, 9, "command", "a person or program acts on an alarm")                               \
    X(HOLE, 10, "hole", "records given up for the journal")                                        \
    X(GO_ON, 11, "go-on", "numbers go on behind those of the alarms log")                          \
    X(OVER, 12, "over", "an alarm of the alarms log that the engine does not have")                \
    X(RESYNC, 13, "resync", "the engine says its alarms again")

enum hz_record_kind {
#define X(name, number, word, text) HZ_RECORD_##name = number,
    HZ_RECORD_KINDS(X)
#undef X
    HZ_RECORD_END
};

struct hz_record {
    alignas(8) uint16_t kind; /* enum hz_record_kind */
    uint16_t bytes;           /* header and body, a multiple of 8 */
    uint32_t reserved;
};

struct hz_record_start {
    struct hz_record head;
    uint64_t term;         /* start number of this journal, from 1 */
    uint64_t journal[2];   /* identity, made with the journal */
    uint32_t semantics;    /* version of the engine's semantics */
    uint32_t clean;        /* 1 when the run before ended with `stop` */
};

struct hz_record_stop {
    struct hz_record head;
};

struct hz_record_tick {
    struct hz_record head;
};

struct hz_record_define {
    struct hz_record head;
    uint32_t kind; /* enum hz_named_kind */
    uint32_t id;
    uint16_t length; /* of the key that follows */
    char key[];
};

struct hz_record_ruleset {
    struct hz_record head;
    struct hz_digest set;
    /* A longer record goes on with a struct hz_ruleset_texts. */
};

/* Who has put it in force, and why. */
struct hz_ruleset_texts {
    uint16_t actor_length;
    uint16_t via_length;
    uint16_t reason_length;
    uint16_t reserved;
    char texts[]; /* in this order */
};

enum hz_feed_state { HZ_FEED_LOST = 0, HZ_FEED_CONNECTED = 1 /* after SUBACK */ };

struct hz_record_feed {
    struct hz_record head;
    uint32_t feed;
    uint32_t state; /* enum hz_feed_state */
};

/* A whole gap (feed 0): jt stood still from..to, only `wall` passed. A scoped gap closes what
 * `feed lost` opened; the feed's `connected` record stands just before it in the same block. */
struct hz_record_gap {
    struct hz_record head;
    uint32_t feed; /* 0: everything */
    uint32_t reason; /* enum hz_gap_reason */
    int64_t from_wall_ns;
    int64_t to_wall_ns;
};

enum hz_gap_reason { HZ_GAP_DOWN = 1, HZ_GAP_SUSPENDED = 2, HZ_GAP_LOOP_LATE = 3, HZ_GAP_FEED = 4, HZ_GAP_UNREAD = 5 };

/* System conditions: each is an alarm of the daemon itself (domain `system`), raised by value 1,
 * cleared by 0. `subject` is a feed id where it concerns one. X(NAME, number, word, severity). */
#define HZ_OBSERVED(X)                                                                             \
    X(DISK_STALLED, 1, "disk-stalled", RED)                                                        \
    X(JOURNAL_HOLE, 2, "journal-hole", RED)                                                        \
    X(CLOCK_STEP, 3, "clock-step", ORANGE)                                                         \
    X(RING_FULL, 4, "ring-full", ORANGE)                                                           \
    X(REDIS_LOST, 5, "redis-lost", ORANGE)                                                         \
    X(FEED_LOST, 6, "feed-lost", ORANGE)                                                           \
    X(DROPPED, 7, "readings-dropped", RED)                                                         \
    X(UNREAD, 8, "feed-unread", ORANGE)                                                            \
    X(CONFIG_FAULTY, 9, "config-faulty", RED)                                                      \
    X(FENCED, 10, "fenced", RED)                                                                   \
    X(QOS2, 11, "qos2-refused", ORANGE)                                                            \
    X(JOURNAL_TORN, 12, "journal-torn", YELLOW)                                                    \
    X(GAP, 13, "not-watched", ORANGE)                                                              \
    X(FOREIGN, 14, "redis-foreign", RED)                                                           \
    X(WRONG_CLOCK, 15, "wrong-clock", YELLOW)

enum hz_observed {
#define X(name, number, word, severity) HZ_OBSERVED_##name = number,
    HZ_OBSERVED(X)
#undef X
    HZ_OBSERVED_END
};

struct hz_record_observe {
    struct hz_record head;
    uint32_t what;    /* enum hz_observed */
    uint32_t subject; /* a feed id, or 0 */
    int64_t value;    /* 0 = over; else what was seen (1, a count, ns of a clock step) */
};

enum hz_verb { HZ_VERB_ACK = 1, HZ_VERB_SHELVE = 2, HZ_VERB_UNSHELVE = 3, HZ_VERB_RESET = 4, HZ_VERB_OOS = 5, HZ_VERB_RETURN = 6 };

/* The alarm is named by its condition: the same that the entry's `cond` text stands for. */
struct hz_record_command {
    struct hz_record head;
    uint32_t verb; /* enum hz_verb */
    uint32_t point;
    uint32_t rule;
    uint32_t side;       /* enum hz_side */
    uint64_t alarm;      /* the episode it was meant for; 0 = whichever */
    int64_t until_wall_ns;
    uint16_t actor_length; /* the four texts follow in this order */
    uint16_t via_length;
    uint16_t command_id_length;
    uint16_t reason_length;
    char texts[];
};

struct hz_record_hole {
    struct hz_record head;
    uint64_t from_seq; /* first and last record given up */
    uint64_t to_seq;
};

/* --- journal and alarms log brought together again, after damage of one of them --- */

/* Comes first: before anything that is due. What the engine says from here on is numbered behind these,
 * however it got here, so that a replay numbers it alike though more of the journal is lost by then.
 * Its alarms of other journals and above `sure` may bear the names of other alarms of the log: they get
 * new ones. */
struct hz_record_go_on {
    struct hz_record head;
    uint64_t number, n_all;
    struct hz_stream_id id;
    uint32_t episodes; /* highest count of an episode */
    uint32_t sure;     /* episodes up to this one are those of the alarms log */
    uint32_t journal;  /* low 32 bits of its identity */
    uint32_t reserved;
};

/* As its newest entry has it: the engine says that it is normal, unless it has that alarm itself. */
struct hz_record_over {
    struct hz_record head;
    uint64_t alarm;
    int64_t raise_ns; /* UTC */
    uint32_t point, rule, gateway;
    uint16_t system, feed;
    uint8_t kind, side, state, severity, level, domain, mode, active;
};

struct hz_record_resync {
    struct hz_record head;
};

static inline const struct hz_record *hz_block_first_record(const struct hz_block *block)
{
    return (const struct hz_record *)(block + 1);
}

static inline const struct hz_record *hz_record_next(const struct hz_record *record)
{
    const void *next = (const char *)record + record->bytes; /* 8-byte aligned, as all records */

    return next;
}

const char *hz_record_kind_word(enum hz_record_kind kind);
const char *hz_observed_word(enum hz_observed what);

/* Appends a copy of `record` (with its length rounded up to 8) to a control block being built in
 * `capacity` bytes; raises bytes and count. False when it does not fit. */
bool hz_block_add_record(struct hz_block *block, size_t capacity, const struct hz_record *record);
/* An empty block of a kind: header with bytes = sizeof, count = 0. */
void hz_block_init(struct hz_block *block, enum hz_block_kind kind, uint16_t feed);

/* The texts of a command, borrowed from the record. */
struct hz_command_texts {
    struct hz_slice actor, via, command_id, reason;
};
struct hz_command_texts hz_command_texts(const struct hz_record_command *command);
/* The same of a ruleset record: empty where it says nothing. */
struct hz_command_texts hz_ruleset_texts(const struct hz_record_ruleset *ruleset);
/* As hz_command_build. */
size_t hz_ruleset_build(void *to, size_t size, const struct hz_digest *set,
                        const struct hz_command_texts *texts);
/* Builds a command record in `to`; texts beyond their bounds are cut at a character's edge. Returns
 * its bytes; 0 when they are more than `size` (HZ_RECORD_BYTES_MAX is always enough). */
size_t hz_command_build(void *to, size_t size, const struct hz_record_command *head,
                        const struct hz_command_texts *texts);

#endif
