/* SPDX-License-Identifier: Apache-2.0
 *
 * Where Redis stands, and what to do about it. What must stay true: entries flow only after Redis itself
 * has said where its stream ends; whatever it answers that is not OK leads back to that question; a
 * stream of somebody else is touched only when nobody has given a sign of life there for as long as
 * consumers wait (STREAM_PATIENCE heart-beats), since after a restart of Redis everybody is silent.
 *
 *     DOWN -> LOADING -> LOOKING -> SEEKING -> (REWRITING) -> FLOWING
 *                           ^          |                         |
 *                           |          v                         v
 *                           +------ WAITING                     LOST -> LOOKING
 */
#include "publish_priv.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static void look_up_place(struct hz_publisher *p) HZ_ON(hz_output);

/* --- calls of the script --- */

static struct stream_call take_call(struct publish_stream *stream)
{
    struct stream_call call = stream->calls[stream->call_first];

    hz_assert(stream->call_count > 0);
    stream->call_first = (stream->call_first + 1) % STREAM_CALLS_MAX;
    stream->call_count--;
    return call;
}

static bool is_answer(const struct redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5)
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return false;
    }
    return true;
}

/* The fields of {status, last, tag, epoch, detail}; hiredis terminates strings. */
static const char *answer(const struct redisReply *reply, int field)
{
    return reply->element[field]->str;
}

/* --- telling --- */

static void observe(struct hz_publisher *p, enum hz_observed what, int64_t value)
{
    p->events.observe(p->events.ctx, what, value);
}

static void begin_flow(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct publish_stream *stream = &p->stream;

    stream->phase = STREAM_FLOWING;
    stream->beats_without_flow = stream->foreign_looks = 0;
    stream->starved = false;
    stream->starved_beats = 0;
    stream->refusal[0] = '\0';
    if (stream->lost_told || !stream->told_once)
        observe(p, HZ_OBSERVED_REDIS_LOST, 0);
    if (stream->foreign_told || !stream->told_once)
        observe(p, HZ_OBSERVED_FOREIGN, 0);
    if (!stream->told_once)
        observe(p, HZ_OBSERVED_FENCED, 0);
    stream->told_once = true;
    stream->lost_told = stream->foreign_told = false;
    p->counts.foreign = false;
    hz_log_notice("redis: publishing from entry %llu on (newest %llu), epoch %llu",
                  (unsigned long long)stream->next, (unsigned long long)p->released,
                  (unsigned long long)stream->epoch);
    publish__stream_pump(p);
    publish__board_pump(p);
}

static void tell_foreign(struct hz_publisher *p, const char *what)
{
    if (p->stream.foreign_told)
        return;
    p->stream.foreign_told = true;
    p->counts.foreign = true;
    hz_log_error("redis: %s; nothing is published until it is silent for %u heart-beats", what,
                 STREAM_PATIENCE);
    observe(p, HZ_OBSERVED_FOREIGN, 1);
}

static void fence(struct hz_publisher *p, const char *term)
{
    p->stream.phase = STREAM_FENCED;
    p->counts.fenced = true;
    hz_log_error("redis: the instance with term %s has taken over from this one (term %llu), which "
                 "publishes no more",
                 term, (unsigned long long)p->term);
    observe(p, HZ_OBSERVED_FENCED, 1);
}

/* --- loading, looking --- */

static void send_plain(struct hz_publisher *p, const char *mode, enum stream_call_kind kind)
    HZ_ON(hz_output)
{
    struct publish_command c = publish__call(p, mode);

    if (!publish__call_send(&c, (struct stream_call){.kind = kind}))
        hz_redis_drop(p->stream.link, "a call could not be sent");
}

static void look(struct hz_publisher *p) HZ_ON(hz_output)
{
    p->stream.phase = STREAM_LOOKING;
    send_plain(p, "look", CALL_LOOK);
}

static void on_loaded(void *ctx, const struct redisReply *reply)
{
    struct hz_publisher *p = ctx;

    hz_role_assert(&hz_output);
    if (!reply || p->stream.phase != STREAM_LOADING)
        return;
    if (reply->type != REDIS_REPLY_STRING || reply->len != 40) {
        publish__stream_refused(p, reply);
        return;
    }
    (void)snprintf(p->stream.sha, sizeof(p->stream.sha), "%s", reply->str);
    look(p);
}

static void load(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct publish_command c = publish__command(p);

    p->stream.phase = STREAM_LOADING;
    publish__add_word(&c, "SCRIPT");
    publish__add_word(&c, "LOAD");
    publish__add_word(&c, p->script);
    if (publish__send(&c, p->stream.link, on_loaded) < 0)
        hz_redis_drop(p->stream.link, "the script could not be sent");
}

/* A call was refused: those behind it will be too. */
static void lose_place(struct hz_publisher *p) HZ_ON(hz_output)
{
    p->stream.phase = STREAM_LOST;
    if (p->stream.call_count > 0)
        return;
    if (p->stream.sha[0] == '\0')
        load(p);
    else
        look(p);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* An error in place of an answer: the server is not able or not willing. */
void publish__stream_refused(struct hz_publisher *p, const struct redisReply *reply)
{
    static const char *const elsewhere[] = {"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN",
                                            "MOVED"};
    struct publish_stream *stream = &p->stream;
    const char *text = reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected answer";
    char quoted[sizeof(stream->refusal)];

    hz_log_quote(quoted, sizeof(quoted), text, strlen(text));
    if (begins(text, "NOSCRIPT")) {
        stream->sha[0] = '\0';
        lose_place(p);
        return;
    }
    if (strcmp(quoted, stream->refusal) != 0) {
        memcpy(stream->refusal, quoted, sizeof(quoted));
        hz_log_warning("redis: %s", quoted);
    }
    stream->phase = STREAM_WAITING;
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        if (begins(text, elsewhere[i])) {
            hz_redis_drop(stream->link, quoted); /* the address may lead to another one by now */
            return;
        }
    }
}

/* --- somebody else's stream --- */

/* Seen once a heart-beat. `silent`: nobody lives there. */
static void on_foreign(struct hz_publisher *p, struct hz_stream_id last, bool silent,
                       const char *what) HZ_ON(hz_output)
{
    struct publish_stream *stream = &p->stream;

    tell_foreign(p, what);
    if (!silent || hz_stream_id_compare(last, stream->foreign_id) != 0)
        stream->foreign_looks = 0;
    stream->foreign_id = last;
    stream->phase = STREAM_WAITING;
    if (!silent || ++stream->foreign_looks <= STREAM_PATIENCE)
        return;
    hz_log_notice("redis: moving the silent stream aside");
    stream->foreign_looks = 0;
    stream->expect = last;
    send_plain(p, "aside", CALL_ASIDE);
}

/* --- the place --- */

/* Entries are to be sent from `number` on. */
static void take_place(struct hz_publisher *p, uint64_t number) HZ_ON(hz_output)
{
    struct publish_stream *stream = &p->stream;

    stream->next = number;
    stream->acknowledged = number - 1;
    if (!stream->rewrite) {
        begin_flow(p);
        return;
    }
    stream->rewrite = false;
    publish__active_begin(p);
    publish__active_pump(p);
    publish__board_up(p); /* an emptied Redis has lost the states too */
}

/* `entry`: the first with an id not below the one looked for; NULL: there is none. */
static void on_sought(struct hz_publisher *p, const struct hz_entry *entry) HZ_ON(hz_output)
{
    struct publish_stream *stream = &p->stream;
    uint64_t first;

    if (stream->find_exact) {
        if (entry && hz_stream_id_compare(entry->id, stream->find_id) == 0)
            take_place(p, entry->number + 1);
        else
            on_foreign(p, stream->find_id, true, "the stream ends with an entry that is not ours");
        return;
    }
    if (!entry)
        entry = publish__tail_from(&p->tail, stream->find_id);
    first = entry && entry->number <= p->released ? entry->number : p->released + 1;
    if (p->released > p->maxlen && first < p->released - p->maxlen + 1)
        first = p->released - p->maxlen + 1;
    take_place(p, first);
}

/* Looks for find_id: in memory if it must be there, else in the alarms log. */
static void look_up_place(struct hz_publisher *p)
{
    struct publish_stream *stream = &p->stream;
    struct hz_mirror_mark newest = hz_mirror_mark(p->mirror);
    uint64_t first = publish__tail_first(&p->tail);
    const struct hz_entry *oldest = publish__tail_at(&p->tail, first);

    stream->phase = STREAM_SEEKING;
    if (stream->find_exact && newest.number > 0 &&
        hz_stream_id_compare(newest.id, stream->find_id) == 0)
        take_place(p, newest.number + 1);
    else if (first == 1 || (oldest && hz_stream_id_compare(oldest->id, stream->find_id) <= 0))
        on_sought(p, publish__tail_from(&p->tail, stream->find_id));
    else
        publish__ask(p, true);
}

static void on_place(struct hz_publisher *p, const struct redisReply *reply) HZ_ON(hz_output)
{
    struct publish_stream *stream = &p->stream;
    const struct hz_stream_id none = {0};
    struct hz_stream_id last;

    if (hz_stream_id_parse(answer(reply, 1), &last) < 0) {
        publish__stream_refused(p, reply);
        return;
    }
    stream->expect = last;
    stream->find_exact = hz_stream_id_compare(last, none) != 0;
    stream->rewrite = !stream->find_exact || answer(reply, 2)[0] == '\0';
    stream->find_id = last;
    if (!stream->find_exact)
        stream->find_id.ms = (hz_wall_ns(p->clock) - p->retention_ns) / HZ_NS_PER_MS;
    look_up_place(p);
}

void publish__stream_fetched(struct hz_publisher *p, const void *entries, size_t length, int error)
{
    struct publish_stream *stream = &p->stream;
    bool same = stream->asked_find && hz_stream_id_compare(stream->asked_id, stream->find_id) == 0;

    publish__span(p, entries, length, error);
    if (stream->phase != STREAM_SEEKING) {
        publish__stream_pump(p);
        return;
    }
    if (error == HZ_ECORRUPT)
        hz_log_error("redis: the alarms log can't be read where Redis stands: %s",
                     hz_strerror(error));
    if (!same)
        publish__ask(p, true);
    else if (error == 0 || error == HZ_ENOTFOUND || error == HZ_ECORRUPT)
        on_sought(p, publish__span_first(stream));
    /* else: asked again at the next heart-beat */
}

/* --- answers --- */

static void measure(struct hz_publisher *p, const struct stream_call *call)
{
    hz_histogram_record(&p->times.alert, hz_wall_ns(p->clock) - call->first_ms * HZ_NS_PER_MS);
    if (call->released_ns == 0)
        return;
    p->counts.last_latency_ns = hz_mono_ns(p->clock) - call->released_ns;
    hz_histogram_record(&p->times.append, p->counts.last_latency_ns);
}

static void on_ok(struct hz_publisher *p, const struct stream_call *call) HZ_ON(hz_output)
{
    struct publish_stream *stream = &p->stream;

    switch (call->kind) {
    case CALL_APPEND:
        stream->acknowledged = call->last;
        p->counts.published += call->count;
        measure(p, call);
        publish__stream_pump(p);
        break;
    case CALL_ACTIVE:
        begin_flow(p);
        break;
    case CALL_ASIDE:
        look(p);
        break;
    case CALL_BEAT:
    case CALL_LOOK:
        break;
    }
}

static void on_answer(struct hz_publisher *p, const struct stream_call *call,
                      const struct redisReply *reply) HZ_ON(hz_output)
{
    const char *status = answer(reply, 0);
    struct hz_stream_id last = {0};

    (void)hz_stream_id_parse(answer(reply, 1), &last); /* checked where it is relied on */
    if (strcmp(status, "FENCED") == 0) {
        fence(p, answer(reply, 4));
        return;
    }
    if (strcmp(status, "FOREIGN") == 0) {
        bool lives = answer(reply, 4)[0] == '1';
        on_foreign(p, last, !lives,
                   lives ? "another system publishes there" : "the stream is of another system");
        return;
    }
    p->stream.epoch = strtoull(answer(reply, 3), NULL, 10);
    p->counts.epoch = p->stream.epoch;
    if (strcmp(status, "OK") == 0) {
        on_ok(p, call);
    } else if (call->kind == CALL_LOOK) {
        on_place(p, reply);
    } else {
        p->counts.gaps++;
        lose_place(p);
    }
}

static void on_call(void *ctx, const struct redisReply *reply)
{
    struct hz_publisher *p = ctx;
    struct publish_stream *stream = &p->stream;
    struct stream_call call = take_call(stream);

    hz_role_assert(&hz_output);
    if (call.kind == CALL_BEAT)
        stream->beating = false;
    if (!reply || stream->phase == STREAM_FENCED)
        return; /* lost: `down` follows */
    if (stream->phase == STREAM_LOST)
        lose_place(p);
    else if (stream->phase == STREAM_WAITING && call.kind != CALL_ASIDE)
        return; /* behind one that was refused */
    else if (is_answer(reply))
        on_answer(p, &call, reply);
    else
        publish__stream_refused(p, reply);
    publish__settle(p);
}

bool publish__call_send(struct publish_command *c, struct stream_call call)
{
    struct publish_stream *stream = &c->p->stream;

    if (stream->call_count == STREAM_CALLS_MAX || publish__send(c, stream->link, on_call) < 0)
        return false;
    stream->calls[(stream->call_first + stream->call_count) % STREAM_CALLS_MAX] = call;
    stream->call_count++;
    return true;
}

/* --- for publisher.c --- */

void publish__stream_up(struct hz_publisher *p)
{
    if (p->stream.phase == STREAM_FENCED)
        return;
    p->counts.up = true;
    load(p);
}

void publish__stream_down(struct hz_publisher *p, const char *reason)
{
    struct publish_stream *stream = &p->stream;

    hz_assert(stream->call_count == 0); /* each was answered with NULL */
    if (p->counts.up || strcmp(reason, stream->refusal) != 0) {
        (void)snprintf(stream->refusal, sizeof(stream->refusal), "%s", reason);
        hz_log_warning("redis: %s; trying again", reason);
    }
    p->counts.up = false;
    stream->foreign_looks = 0; /* patience is one connection's */
    if (stream->phase != STREAM_FENCED)
        stream->phase = STREAM_DOWN;
}

void publish__stream_pump(struct hz_publisher *p)
{
    struct publish_stream *stream = &p->stream;

    if (stream->pumping)
        return; /* the source has answered from inside publish__append */
    stream->pumping = true;
    if (stream->phase == STREAM_REWRITING)
        publish__active_pump(p);
    while (stream->phase == STREAM_FLOWING && stream->call_count < STREAM_CALLS &&
           hz_redis_room(stream->link) > 0) {
        bool asked = stream->fetching;
        if (publish__append(p))
            continue;
        if (asked || stream->fetching || stream->starved || stream->next > p->released)
            break;
    }
    stream->pumping = false;
}

static void add_origin(struct publish_command *c)
{
    const struct hz_publisher *p = c->p;
    char set[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&p->set->digest, set);
    publish__open(c);
    hz_text_puts(&c->text, set);
    publish__close(c);
    publish__add_uint(c, p->origin.ms > 0 ? (uint64_t)p->origin.ms : 0);
    publish__add_word(c, p->origin.by);
    publish__add_word(c, p->origin.via);
    publish__add_word(c, p->origin.reason);
}

static void count_silence(struct hz_publisher *p)
{
    struct publish_stream *stream = &p->stream;

    if (stream->phase == STREAM_FLOWING || stream->phase == STREAM_FENCED)
        return;
    if (++stream->beats_without_flow < STREAM_PATIENCE || stream->lost_told || stream->foreign_told)
        return;
    stream->lost_told = true;
    observe(p, HZ_OBSERVED_REDIS_LOST, 1);
}

void publish__stream_beat(struct hz_publisher *p)
{
    struct publish_stream *stream = &p->stream;

    count_silence(p);
    if (stream->phase == STREAM_FLOWING) {
        publish__starved_beat(p);
        if (!stream->beating) {
            struct publish_command c = publish__call(p, "beat");
            add_origin(&c);
            stream->beating = publish__call_send(&c, (struct stream_call){.kind = CALL_BEAT});
        }
        publish__stream_pump(p);
    } else if (stream->phase == STREAM_WAITING && stream->call_count == 0 &&
               hz_redis_is_up(stream->link)) {
        if (stream->sha[0] == '\0')
            load(p);
        else
            look(p);
    } else if (stream->phase == STREAM_SEEKING && !stream->fetching) {
        publish__ask(p, true);
    }
}
