/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of publish share. The parts, in the order in which an alert passes them:
 *
 *     entry, entry_form,    transition -> entry with its texts
 *     sentence
 *     tail                  the newest entries, as they were offered
 *     mirror, active        what is active, and its hash in Redis
 *     views                 a stream for each view
 *     stream, append        where Redis stands; appending, refilling, giving way (through `script`)
 *     board, board_write,   what stands beside the stream: states, positions,
 *     latest                latest values
 *     syslog                red and system alarms to the system's journal
 *     redis, redis_wire     a connection
 *     command, members      building a command, a JSON object
 *     publisher             all of it together, towards the pipeline
 */
#ifndef PUBLISH_PRIV_H
#define PUBLISH_PRIV_H

#include "hz_entry.h"
#include "hz_log.h"
#include "hz_mirror.h"
#include "hz_publisher.h"
#include "hz_record.h"
#include "hz_redis.h"

#define PUBLISH_KEY(key) "hz:1:{" HZ_VIEW_ALL_NAME "}:" key /* of the view with every alarm */

/* --- entry_form.c --- */

struct hz_entry publish__head_of(const struct hz_transition *transition);
/* Returns the bytes written to `to` (HZ_ENTRY_BYTES_MAX). */
uint32_t publish__pack(const struct hz_entry *head, const struct hz_view_place *places,
                       const struct hz_slice values[HZ_FIELD_COUNT], struct hz_entry *to);

/* --- sentence.c: texts of a transition in the set's language --- */

#define PUBLISH_MESSAGE_BYTES 4096u
#define PUBLISH_SHORT_CHARS   70u /* one SMS */
#define PUBLISH_ADVICE_BYTES  2048u

/* What {enterprise}, {hazard}, ... stand for; names where there are some, keys otherwise. */
struct publish_words {
    struct hz_slice enterprise, hazard, point, gateway, feed, rule, value, unit, limit;
};

void publish__message(const struct hz_set *set, const struct hz_transition *transition,
                      const struct publish_words *words, struct hz_text *to);
void publish__short(const struct hz_set *set, const struct hz_transition *transition,
                    const struct publish_words *words, struct hz_text *to);
void publish__advice(const struct hz_set *set, const struct hz_transition *transition,
                     const struct publish_words *words, struct hz_text *to);

/* --- tail.c: entries as they were offered, the newest; numbers without holes --- */

#define TAIL_BYTES (4u << 20) /* about 4 000 entries; what is not released is kept beyond it */

struct tail_chunk;

struct publish_tail {
    struct tail_chunk **chunks; /* oldest first */
    uint32_t count, capacity;
    struct tail_chunk *spare;
    uint64_t next; /* number that the next entry must have */
};

int publish__tail_init(struct publish_tail *tail, uint64_t next) HZ_MUST_USE;
void publish__tail_done(struct publish_tail *tail);
void publish__tail_add(struct publish_tail *tail, const struct hz_entry *entry);
/* Drops the oldest beyond TAIL_BYTES, none with a number above `released`. */
void publish__tail_trim(struct publish_tail *tail, uint64_t released);
/* The oldest number; `next` when it is empty. */
uint64_t publish__tail_first(const struct publish_tail *tail);
/* NULL when it is not in the tail. */
const struct hz_entry *publish__tail_at(const struct publish_tail *tail, uint64_t number);
/* The first with an id not below `id`; NULL when there is none. */
const struct hz_entry *publish__tail_from(const struct publish_tail *tail, struct hz_stream_id id);

/* --- mirror.c --- */

/* What the mirror keeps of an entry; false when the bytes are no entry. */
bool publish__active_of(const struct hz_entry *entry, struct hz_active *ret_active);

/* --- active.c --- */

#define ACTIVE_VALUE_BYTES 12288u /* names may need six bytes for one, as \u00XX */

/* The value of an alarm in the active hash: a JSON object. `number`: of its newest entry in the view. */
void publish__active_value(const struct hz_set *set, const struct hz_active *active, uint64_t number,
                           struct hz_text *to);

/* --- command.c: a command being built, one at a time --- */

#define BATCH_BYTES   (256u << 10) /* of entries: an append is closed beyond it */
#define SCRATCH_BYTES                                                                              \
    (64u * (ACTIVE_VALUE_BYTES + HZ_CONDITION_BYTES + 128u + 4u * HZ_FIELD_COUNT) + BATCH_BYTES +  \
     HZ_ENTRY_BYTES_MAX)

struct publish_command {
    struct hz_publisher *p;
    struct publish_stream *stream; /* NULL: it is none of a stream's */
    struct hz_text text; /* of arguments that are made up */
    size_t from;
    int count;
};

struct publish_command publish__command(struct hz_publisher *p);
struct publish_command publish__stream_command(struct publish_stream *stream);
void publish__add(struct publish_command *c, struct hz_slice argument); /* lent until it is sent */
void publish__add_word(struct publish_command *c, const char *word);
void publish__add_uint(struct publish_command *c, uint64_t value);
void publish__add_id(struct publish_command *c, struct hz_stream_id id);
/* What is written to c->text between open and close is an argument. */
void publish__open(struct publish_command *c);
void publish__close(struct publish_command *c);
struct hz_slice publish__made(struct publish_command *c); /* since open */
/* The reply's ctx is the stream, if it is one's, else the publisher. As hz_redis_send. */
int publish__send(struct publish_command *c, struct hz_redis *link, hz_redis_reply reply) HZ_MUST_USE HZ_ON(hz_output);

/* --- members.c: of a JSON object --- */

void publish__put_text(struct hz_text *to, const char *name, struct hz_slice value);
void publish__put_word(struct hz_text *to, const char *name, const char *word);
void publish__put_int(struct hz_text *to, const char *name, int64_t value);
void publish__put_decimal(struct hz_text *to, const char *name, double value); /* nothing unless finite */
void publish__put_number(struct hz_text *to, const char *name, const char *decimal); /* nothing if "" */
void publish__put_string(struct hz_text *to, const char *name, const struct hz_registry *registry,
                         hz_string string);
void publish__put_key(struct hz_text *to, const char *name, const struct hz_registry *registry,
                      enum hz_named_kind kind, uint32_t id);

/* --- script.c --- */

#define SCRIPT_BYTES     8192u
#define SCRIPT_ENTRIES   64u

void publish__script(struct hz_text *to);

/* --- stream.c, append.c --- */

enum stream_phase {
    STREAM_DOWN,      /* no connection */
    STREAM_LOADING,   /* the script is being loaded */
    STREAM_LOOKING,   /* where does Redis stand? */
    STREAM_SEEKING,   /* the source was asked where to go on */
    STREAM_REWRITING, /* the active hash is written anew */
    STREAM_FLOWING,
    STREAM_LOST,    /* a call was refused: the answers under way are waited for, then a look */
    STREAM_WAITING, /* refused for now: a look at the next heart-beat */
    STREAM_FENCED,  /* for good */
};

#define STREAM_CALLS     8u  /* appends under way at once */
#define STREAM_CALLS_MAX 10u /* and a heart-beat */
#define STREAM_PATIENCE  3u  /* heart-beats: when the heart-beat key has expired, and what hangs on it */

enum stream_call_kind { CALL_LOOK, CALL_APPEND, CALL_BEAT, CALL_ACTIVE, CALL_ASIDE };

struct stream_call {
    enum stream_call_kind kind;
    uint64_t last;       /* number of its last entry */
    uint32_t count;      /* entries */
    int64_t released_ns; /* when the last of them was released; 0 = it waited longer */
    int64_t first_ms;    /* APPEND: of the first's id, the wall clock at its cause */
};

/* In the order in which the script wants them. */
enum publish_key { PUBLISH_STREAM, PUBLISH_ACTIVE, PUBLISH_META, PUBLISH_ALIVE, PUBLISH_ANEW, PUBLISH_KEYS };
#define SCRIPT_KEYS        PUBLISH_KEYS
#define SCRIPT_APPEND_KEYS 3u /* the first of them */

#define PUBLISH_NAME_BYTES (HZ_KEY_BYTES_MAX + 1u)

/* Of one view. */
struct publish_stream {
    struct hz_publisher *p;
    uint32_t view;
    char name[PUBLISH_NAME_BYTES];
    char keys[PUBLISH_KEYS][PUBLISH_NAME_BYTES + 40]; /* ANEW: the hash being written */
    bool leaving; /* it is of no set any more: freed when nothing is under way */
    enum stream_phase phase;

    struct stream_call calls[STREAM_CALLS_MAX]; /* under way, in order */
    uint32_t call_first, call_count;
    uint32_t appends; /* of these */
    bool beating, pumping;

    uint64_t epoch;             /* 0 = not known yet */
    struct hz_stream_id expect; /* where the stream ends when all calls under way are done */
    uint64_t next;              /* number of the first entry not sent and not passed over */
    uint64_t acknowledged;      /* up to this number Redis has all that is of the view */
    bool rewrite;               /* the active hash must be written before anything flows */
    bool rewrite_due;           /* and once all up to rewrite_after has gone out */
    uint64_t rewrite_after;

    /* the source */
    bool fetching, starved;    /* asked, or waiting for its turn; had no answer that helps */
    bool find_exact;           /* the entry with find_id itself, or any from there on */
    struct hz_stream_id find_id, asked_id;
    bool ask_find, asked_find;
    uint32_t starved_beats;

    /* the active hash being written */
    uint32_t active_cursor, active_unanswered;
    bool active_sent, active_failed;
    bool active_settles; /* and then rewrite_due is done with */
    struct hz_mirror_mark active_mark;

    /* what stands in the way */
    uint32_t foreign_looks; /* heart-beats for which a stream that is not ours was seen without life */
    struct hz_stream_id foreign_id;
    bool foreign, lost;
    uint32_t beats_without_flow;
    char refusal[HZ_REDIS_REASON_BYTES]; /* the last one logged */
};

/* --- board.c, board_write.c --- */

enum board_kind { BOARD_HAZARD, BOARD_ENTERPRISE, BOARD_PARK, BOARD_WHOLE, BOARD_KINDS };

struct board_scope {
    uint32_t by_severity[HZ_SEVERITY_END]; /* alarms that colour it */
    uint32_t unacknowledged;
    uint32_t total, online, valid, unobserved;
    bool dirty;
};

struct board_list {
    struct board_scope *scopes; /* by id */
    uint32_t end;
    uint32_t *dirty; /* ids */
    uint32_t dirty_count;
};

/* Hashes that are written anew under another name, which then takes the old one's place. */
enum rebuild_step { REBUILD_HAZARDS, REBUILD_ENTERPRISES, REBUILD_PARKS, REBUILD_GEO, REBUILD_DONE };

struct publish_board {
    struct hz_redis *link;
    uv_timer_t turn; /* runs while something is marked that waits for its turn */
    bool turn_due;
    struct board_list lists[BOARD_KINDS];
    enum rebuild_step step;
    uint32_t rebuild_id, rebuild_fields; /* next id; fields written in this step */
    bool rebuild_begun;
    /* keys of the set before that are no longer there: points from tidy_point on */
    struct hz_set *tidy_set;
    uint32_t tidy_point, tidy_hazard;
    int64_t round_ns;       /* when the present round of latest values began; 0 = none is open */
    int64_t next_round_ns;
    uint32_t *expiry_set_s; /* by hazard source: when its hash was given its expiry, mono; 0 = never */
    uint32_t expiry_end;
    bool faulty;            /* a command was refused: everything is written again at the next beat */
    struct hz_log_rate rate;
};

/* Takes p->set in; `old` NULL at start. */
int publish__board_use(struct hz_publisher *p, struct hz_set *old) HZ_MUST_USE HZ_ON(hz_output);
void publish__board_done(struct publish_board *board);
/* An alarm as it is now is counted (`one` 1), or as it was no longer (-1). */
void publish__board_count(struct hz_publisher *p, const struct hz_entry *head, int one) HZ_ON(hz_output);
void publish__board_share(struct hz_publisher *p, const struct hz_share *share) HZ_ON(hz_output);
void publish__board_up(struct hz_publisher *p) HZ_ON(hz_output);
void publish__board_pump(struct hz_publisher *p) HZ_ON(hz_output);
/* What is marked is written now, not at its turn. */
void publish__board_now(struct hz_publisher *p) HZ_ON(hz_output);
void publish__board_beat(struct hz_publisher *p) HZ_ON(hz_output);
bool publish__board_ours(const struct hz_publisher *p) HZ_ON(hz_output); /* is this process in charge? */
bool publish__board_open(const struct hz_publisher *p) HZ_ON(hz_output); /* and is there room for more? */

/* board_write.c; each sends at most one command and says whether it did */
bool publish__board_rebuild(struct hz_publisher *p) HZ_ON(hz_output);
bool publish__board_flush(struct hz_publisher *p) HZ_ON(hz_output);
bool publish__board_tidy(struct hz_publisher *p) HZ_ON(hz_output);
/* latest.c: values of one hazard source; at most BOARD_FIELDS */
bool publish__board_latest(struct hz_publisher *p, const struct hz_latest *latest, uint32_t count) HZ_ON(hz_output);
bool publish__board_send(struct publish_command *c) HZ_ON(hz_output);

#define BOARD_FIELDS   64u /* of a hash, in one command; a value is below ACTIVE_VALUE_BYTES */
#define BOARD_COMMANDS 32u /* under way at once */
#define BOARD_TURN_MS  50u /* from a change to its writing */
#define COMMAND_ARGUMENTS (2u + 3u * BOARD_FIELDS) /* the longest is GEOADD: three for each member */

/* --- syslog.c --- */

struct publish_syslog {
    int fd; /* -1: none could be had */
    const char *path;
};

/* `path` NULL: journald's. */
void publish__syslog_init(struct publish_syslog *syslog, const char *path);
void publish__syslog_done(struct publish_syslog *syslog);
/* Whether this entry is one that goes there. */
bool publish__syslog_wants(const struct hz_entry *entry);
/* Never waits; to stderr where there is no journal. False: dropped, journald does not read. */
bool publish__syslog_send(struct publish_syslog *syslog, const struct hz_entry *entry);

/* --- publisher.c --- */

/* Who has put a set into force. */
struct publish_origin {
    int64_t ms; /* UTC */
    char by[HZ_ACTOR_BYTES_MAX + 1], via[HZ_VIA_BYTES_MAX + 1], reason[HZ_REASON_BYTES_MAX + 1];
};

struct hz_publisher {
    /* set at start */
    uv_loop_t *loop;
    const struct hz_clock *clock;
    struct hz_entry_source source;
    struct hz_publisher_events events;
    bool enabled, started;
    char journal[36]; /* hex */
    uint64_t journal_epoch;
    uint64_t term;
    uint64_t newest_at_start;
    struct hz_mirror *mirror;

    /* of the set in force */
    struct hz_set *set;
    int64_t heartbeat_ns, retention_ns, latest_every_ns;
    uint64_t maxlen;
    bool latest;

    struct publish_tail tail;
    uint64_t released, released_seq, durable_seq;
    int64_t released_ns;

    /* the streams, and what they share */
    struct publish_stream *streams[HZ_VIEWS_MAX]; /* the first is that of `all` */
    uint32_t stream_count;
    uint32_t turn; /* which is pumped first */
    struct hz_redis *link;
    char run[20]; /* tells this process from another with the same journal and term */
    char sha[44]; /* of the script; "": not loaded */
    bool loading;
    bool crowded; /* one of them had no room */
    bool told_once, lost_told, foreign_told;
    char refusal[HZ_REDIS_REASON_BYTES]; /* of the connection, the last one logged */

    /* the source */
    bool fetching;
    struct publish_stream *asker; /* NULL: it has left */
    uint32_t asked;               /* whose turn it is */
    uint64_t asked_number;
    unsigned char *span; /* entries fetched: HZ_ENTRY_FETCH_BYTES */
    size_t span_bytes, span_at;
    uint64_t span_from; /* of numbers below nothing is said by what is not in it */

    struct publish_board board;
    struct publish_syslog syslog;
    struct hz_publisher_counts counts;
    struct hz_publisher_times times;

    uv_timer_t beat, grace;
    unsigned open; /* handles and links that must close */
    bool stopping, closing;
    void (*closed)(void *ctx);
    void *closed_ctx;
    struct publish_origin origin; /* of the set in use */
    char script[SCRIPT_BYTES];
    const char *arguments[COMMAND_ARGUMENTS]; /* of the command being built */
    size_t lengths[COMMAND_ARGUMENTS];
    char *scratch;                           /* SCRATCH_BYTES: what it is made of */
};

/* Closes when it was asked to and nothing is left to send. */
void publish__settle(struct hz_publisher *p) HZ_ON(hz_output);

/* --- views.c --- */

int publish__views_begin(struct hz_publisher *p) HZ_MUST_USE HZ_ON(hz_output);
void publish__views_done(struct hz_publisher *p);
/* Takes p->set in; `old` NULL at start. */
int publish__views_use(struct hz_publisher *p, const struct hz_set *old) HZ_MUST_USE HZ_ON(hz_output);
/* One that is leaving had an answer. */
void publish__view_left(struct publish_stream *stream);
/* Is the alarm one of the view's, by this set? */
bool publish__belongs(const struct hz_set *set, const struct hz_entry *head, uint32_t view);
/* NULL: the entry is not in the view. */
const struct hz_view_place *publish__place_in(const struct hz_entry *entry, uint32_t view);
void publish__tell_flow(struct hz_publisher *p);
void publish__tell_lost(struct hz_publisher *p);
void publish__tell_foreign(struct hz_publisher *p);
void publish__pump_all(struct hz_publisher *p) HZ_ON(hz_output);
uint64_t publish__acknowledged(const struct hz_publisher *p); /* by all of them */
bool publish__is_idle(const struct hz_publisher *p);
/* Asks the source: for find_id, or for what is to be sent next. */
void publish__ask(struct publish_stream *stream, bool find) HZ_ON(hz_output);
void publish__fetched(struct hz_publisher *p, const void *entries, size_t length, int error) HZ_ON(hz_output);

/* --- stream.c --- */

void publish__stream_up(struct publish_stream *stream) HZ_ON(hz_output);
void publish__stream_down(struct publish_stream *stream) HZ_ON(hz_output);
/* Sends what can be sent. */
void publish__stream_pump(struct publish_stream *stream) HZ_ON(hz_output);
void publish__stream_beat(struct publish_stream *stream) HZ_ON(hz_output);
/* The source has answered to it. */
void publish__stream_fetched(struct publish_stream *stream, int error) HZ_ON(hz_output);
void publish__stream_refused(struct publish_stream *stream, const struct redisReply *reply) HZ_ON(hz_output);

bool publish__call_send(struct publish_command *c, struct stream_call call) HZ_ON(hz_output);

/* append.c: a call of the script with what every mode but append has */
struct publish_command publish__call(struct publish_stream *stream, const char *mode) HZ_ON(hz_output);
/* Sends one append if there is something released that is in memory; asks the source for what is not. */
bool publish__append(struct publish_stream *stream) HZ_ON(hz_output);
/* What the source has answered; `from`: the number it was asked for, 0 = an id. */
void publish__span(struct hz_publisher *p, uint64_t from, const void *entries, size_t length);
const struct hz_entry *publish__span_first(struct hz_publisher *p); /* NULL = none */
/* Does it help the stream? */
void publish__had(struct publish_stream *stream, int error);
void publish__starved_beat(struct publish_stream *stream) HZ_ON(hz_output);

/* active.c: sends what there is room for of the active hash */
void publish__active_begin(struct publish_stream *stream) HZ_ON(hz_output);
void publish__active_pump(struct publish_stream *stream) HZ_ON(hz_output);

#endif
