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

static void look_up_place(struct publish_stream *stream) HZ_ON(hz_output);

/* --- calls of the script --- */

static struct stream_call take_call(struct publish_stream *stream)
{
    struct stream_call call = stream->calls[stream->call_first];

    hz_assert(stream->call_count > 0);
    stream->call_first = (stream->call_first + 1) % STREAM_CALLS_MAX;
    stream->call_count--;
    stream->appends -= call.kind == CALL_APPEND;
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

static void begin_flow(struct publish_stream *stream) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;

    stream->phase = STREAM_FLOWING;
    stream->beats_without_flow = stream->foreign_looks = 0;
    stream->starved = false;
    stream->starved_beats = 0;
    stream->refusal[0] = '\0';
    stream->lost = stream->foreign = false;
    publish__tell_flow(p);
    hz_log_notice("redis: view %s: publishing from entry %llu on (newest %llu), epoch %llu",
                  stream->name, (unsigned long long)stream->next, (unsigned long long)p->released,
                  (unsigned long long)stream->epoch);
    publish__stream_pump(stream);
    publish__board_pump(p);
}

static void tell_foreign(struct publish_stream *stream, const char *what)
{
    if (stream->foreign)
        return;
    stream->foreign = true;
    hz_log_error("redis: view %s: %s; nothing is published until it is silent for %u heart-beats",
                 stream->name, what, STREAM_PATIENCE);
    publish__tell_foreign(stream->p);
}

/* A term is the process's: what took over one view takes over all. */
static void fence(struct publish_stream *stream, const char *term) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;

    for (uint32_t i = 0; i < p->stream_count; i++)
        p->streams[i]->phase = STREAM_FENCED;
    if (p->counts.fenced)
        return;
    p->counts.fenced = true;
    hz_log_error("redis: the instance with term %s has taken over from this one (term %llu), which "
                 "publishes no more",
                 term, (unsigned long long)p->term);
    p->events.observe(p->events.ctx, HZ_OBSERVED_FENCED, 1);
}

/* --- loading, looking --- */

static void send_plain(struct publish_stream *stream, const char *mode, enum stream_call_kind kind)
    HZ_ON(hz_output)
{
    struct publish_command c = publish__call(stream, mode);

    if (!publish__call_send(&c, (struct stream_call){.kind = kind}))
        hz_redis_drop(stream->p->link, "a call could not be sent");
}

static void look(struct publish_stream *stream) HZ_ON(hz_output)
{
    stream->phase = STREAM_LOOKING;
    send_plain(stream, "look", CALL_LOOK);
}

static void take_script(struct publish_stream *stream, const struct redisReply *reply)
    HZ_ON(hz_output)
{
    if (stream->phase != STREAM_LOADING)
        return;
    if (reply->type == REDIS_REPLY_STRING && reply->len == 40)
        look(stream);
    else
        publish__stream_refused(stream, reply);
}

static void on_loaded(void *ctx, const struct redisReply *reply)
{
    struct hz_publisher *p = ctx;

    hz_role_assert(&hz_output);
    p->loading = false;
    if (!reply)
        return;
    if (reply->type == REDIS_REPLY_STRING && reply->len == 40)
        (void)snprintf(p->sha, sizeof(p->sha), "%s", reply->str);
    for (uint32_t i = 0; i < p->stream_count; i++)
        take_script(p->streams[i], reply);
}

/* One time for all views. */
static void load(struct publish_stream *stream) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;
    struct publish_command c = publish__command(p);

    stream->phase = STREAM_LOADING;
    if (p->loading)
        return;
    publish__add_word(&c, "SCRIPT");
    publish__add_word(&c, "LOAD");
    publish__add_word(&c, p->script);
    p->loading = publish__send(&c, p->link, on_loaded) == 0;
    if (!p->loading)
        hz_redis_drop(p->link, "the script could not be sent");
}

/* A call was refused: those behind it will be too. */
static void lose_place(struct publish_stream *stream) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;

    stream->phase = STREAM_LOST;
    if (stream->call_count > 0)
        return;
    if (p->sha[0] == '\0')
        load(stream);
    else
        look(stream);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* An error in place of an answer: the server is not able or not willing. */
void publish__stream_refused(struct publish_stream *stream, const struct redisReply *reply)
{
    static const char *const elsewhere[] = {"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN",
                                            "MOVED"};
    struct hz_publisher *p = stream->p;
    const char *text = reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected answer";
    char quoted[sizeof(stream->refusal)];

    hz_log_quote(quoted, sizeof(quoted), text, strlen(text));
    if (begins(text, "NOSCRIPT")) {
        p->sha[0] = '\0';
        lose_place(stream);
        return;
    }
    if (strcmp(quoted, stream->refusal) != 0) {
        memcpy(stream->refusal, quoted, sizeof(quoted));
        hz_log_warning("redis: view %s: %s", stream->name, quoted);
    }
    stream->phase = STREAM_WAITING;
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        if (begins(text, elsewhere[i])) {
            hz_redis_drop(p->link, quoted); /* the address may lead to another one by now */
            return;
        }
    }
}

/* --- somebody else's stream --- */

/* Seen once a heart-beat. `silent`: nobody lives there. */
static void on_foreign(struct publish_stream *stream, struct hz_stream_id last, bool silent,
                       const char *what) HZ_ON(hz_output)
{
    tell_foreign(stream, what);
    if (!silent || hz_stream_id_compare(last, stream->foreign_id) != 0)
        stream->foreign_looks = 0;
    stream->foreign_id = last;
    stream->phase = STREAM_WAITING;
    if (!silent || ++stream->foreign_looks <= STREAM_PATIENCE)
        return;
    hz_log_notice("redis: view %s: moving the silent stream aside", stream->name);
    stream->foreign_looks = 0;
    stream->expect = last;
    send_plain(stream, "aside", CALL_ASIDE);
}

/* --- the place --- */

/* Entries are to be sent from `number` on. */
static void take_place(struct publish_stream *stream, uint64_t number) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;

    stream->next = number;
    stream->acknowledged = number - 1;
    if (!stream->rewrite) {
        begin_flow(stream);
        return;
    }
    stream->rewrite = false;
    publish__active_begin(stream);
    publish__active_pump(stream);
    if (stream->view == HZ_VIEW_ALL && !stream->find_exact)
        publish__board_up(p); /* an emptied Redis has lost the states too */
}

/* From where a stream that has nothing is filled: `entry` is the first within the retention, NULL:
 * there is none in the log. */
static uint64_t first_to_send(const struct publish_stream *stream, const struct hz_entry *entry)
{
    const struct hz_publisher *p = stream->p;
    uint64_t first;

    if (!entry)
        entry = publish__tail_from(&p->tail, stream->find_id);
    first = entry && entry->number <= p->released ? entry->number : p->released + 1;
    /* Of another view nobody knows which numbers its newest entries have: Redis trims. */
    if (stream->view == HZ_VIEW_ALL && p->released > p->maxlen &&
        first < p->released - p->maxlen + 1)
        first = p->released - p->maxlen + 1;
    return first;
}

/* `entry`: the first with an id not below the one looked for; NULL: there is none. */
static void on_sought(struct publish_stream *stream, const struct hz_entry *entry) HZ_ON(hz_output)
{
    if (!stream->find_exact)
        take_place(stream, first_to_send(stream, entry));
    else if (entry && hz_stream_id_compare(entry->id, stream->find_id) == 0 &&
             publish__place_in(entry, stream->view))
        take_place(stream, entry->number + 1);
    else
        on_foreign(stream, stream->find_id, true, "the stream ends with an entry that is not ours");
}

/* The first entry of the view in memory, if it is the one behind find_id: most views stand far back. */
static const struct hz_entry *next_of_view(const struct publish_stream *stream)
{
    const struct publish_tail *tail = &stream->p->tail;
    const struct hz_view_place *place = NULL;
    const struct hz_entry *entry = NULL;

    for (uint64_t number = publish__tail_first(tail); number < tail->next && !place; number++) {
        entry = publish__tail_at(tail, number);
        place = publish__place_in(entry, stream->view);
    }
    return place && hz_stream_id_compare(place->before, stream->find_id) == 0 ? entry : NULL;
}

/* Looks for find_id: in memory if it must be there, else in the alarms log. */
static void look_up_place(struct publish_stream *stream)
{
    struct hz_publisher *p = stream->p;
    struct hz_mirror_mark newest = hz_mirror_mark_of(p->mirror, stream->view);
    uint64_t first = publish__tail_first(&p->tail);
    const struct hz_entry *oldest = publish__tail_at(&p->tail, first), *next;

    stream->phase = STREAM_SEEKING;
    if (newest.n_all == 0 && !stream->find_exact && stream->view != HZ_VIEW_ALL)
        take_place(stream, p->released + 1); /* a new one */
    else if (stream->find_exact && newest.n_all > 0 &&
             hz_stream_id_compare(newest.id, stream->find_id) == 0)
        take_place(stream, p->released + 1); /* the mirror is as of that */
    else if (stream->find_exact && (next = next_of_view(stream)))
        take_place(stream, next->number);
    else if (first == 1 || (oldest && hz_stream_id_compare(oldest->id, stream->find_id) <= 0))
        on_sought(stream, publish__tail_from(&p->tail, stream->find_id));
    else
        publish__ask(stream, true);
}

static void on_place(struct publish_stream *stream, const struct redisReply *reply) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;
    const struct hz_stream_id none = {0};
    struct hz_stream_id last;

    if (hz_stream_id_parse(answer(reply, 1), &last) < 0) {
        publish__stream_refused(stream, reply);
        return;
    }
    stream->expect = last;
    stream->find_exact = hz_stream_id_compare(last, none) != 0;
    stream->rewrite = !stream->find_exact || answer(reply, 2)[0] == '\0' || stream->rewrite_due;
    stream->find_id = last;
    if (!stream->find_exact)
        stream->find_id.ms = (hz_wall_ns(p->clock) - p->retention_ns) / HZ_NS_PER_MS;
    look_up_place(stream);
}

void publish__stream_fetched(struct publish_stream *stream, int error)
{
    bool same = stream->asked_find && hz_stream_id_compare(stream->asked_id, stream->find_id) == 0;

    if (stream->phase != STREAM_SEEKING) {
        publish__stream_pump(stream);
        return;
    }
    if (error == HZ_ECORRUPT)
        hz_log_error("redis: the alarms log can't be read where Redis stands: %s",
                     hz_strerror(error));
    if (!same)
        publish__ask(stream, true);
    else if (error == 0 || error == HZ_ENOTFOUND || error == HZ_ECORRUPT)
        on_sought(stream, publish__span_first(stream->p));
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

static void on_ok(struct publish_stream *stream, const struct stream_call *call) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;

    switch (call->kind) {
    case CALL_APPEND:
        stream->acknowledged = call->last;
        p->counts.published += call->count;
        measure(p, call);
        publish__stream_pump(stream);
        break;
    case CALL_ACTIVE:
        if (stream->active_settles)
            stream->rewrite_due = false;
        begin_flow(stream);
        break;
    case CALL_ASIDE:
        look(stream);
        break;
    case CALL_BEAT:
    case CALL_LOOK:
        break;
    }
}

static void on_answer(struct publish_stream *stream, const struct stream_call *call,
                      const struct redisReply *reply) HZ_ON(hz_output)
{
    struct hz_publisher *p = stream->p;
    const char *status = answer(reply, 0);
    struct hz_stream_id last = {0};

    (void)hz_stream_id_parse(answer(reply, 1), &last); /* checked where it is relied on */
    if (strcmp(status, "FENCED") == 0) {
        fence(stream, answer(reply, 4));
        return;
    }
    if (strcmp(status, "FOREIGN") == 0) {
        bool lives = answer(reply, 4)[0] == '1';
        on_foreign(stream, last, !lives,
                   lives ? "another system publishes there" : "the stream is of another system");
        return;
    }
    stream->epoch = strtoull(answer(reply, 3), NULL, 10);
    if (stream->view == HZ_VIEW_ALL)
        p->counts.epoch = stream->epoch;
    if (strcmp(status, "OK") == 0) {
        on_ok(stream, call);
    } else if (call->kind == CALL_LOOK) {
        on_place(stream, reply);
    } else {
        p->counts.gaps++;
        lose_place(stream);
    }
}

static void on_call(void *ctx, const struct redisReply *reply)
{
    struct publish_stream *stream = ctx;
    struct hz_publisher *p = stream->p;
    struct stream_call call = take_call(stream);

    hz_role_assert(&hz_output);
    if (call.kind == CALL_BEAT)
        stream->beating = false;
    if (stream->leaving) {
        publish__view_left(stream);
        return;
    }
    if (!reply || stream->phase == STREAM_FENCED)
        return; /* lost: `down` follows */
    if (stream->phase == STREAM_LOST)
        lose_place(stream);
    else if (stream->phase == STREAM_WAITING && call.kind != CALL_ASIDE)
        return; /* behind one that was refused */
    else if (is_answer(reply))
        on_answer(stream, &call, reply);
    else
        publish__stream_refused(stream, reply);
    if (p->crowded && hz_redis_room(p->link) > HZ_REDIS_COMMANDS_MAX / 2) {
        p->crowded = false;
        publish__pump_all(p);
    }
    publish__settle(p);
}

bool publish__call_send(struct publish_command *c, struct stream_call call)
{
    struct publish_stream *stream = c->stream;

    if (stream->call_count == STREAM_CALLS_MAX || publish__send(c, stream->p->link, on_call) < 0)
        return false;
    stream->calls[(stream->call_first + stream->call_count) % STREAM_CALLS_MAX] = call;
    stream->call_count++;
    stream->appends += call.kind == CALL_APPEND;
    return true;
}

/* --- for publisher.c --- */

void publish__stream_up(struct publish_stream *stream)
{
    if (stream->phase == STREAM_FENCED)
        return;
    load(stream);
}

void publish__stream_down(struct publish_stream *stream)
{
    hz_assert(stream->call_count == 0); /* each was answered with NULL */
    stream->foreign_looks = 0;          /* patience is one connection's */
    stream->refusal[0] = '\0';
    if (stream->phase != STREAM_FENCED)
        stream->phase = STREAM_DOWN;
}

/* Alarms belong to the view, or do no more, of which its hash does not know: once all that went before
 * has gone out. */
static bool rewrites_now(struct publish_stream *stream) HZ_ON(hz_output)
{
    if (!stream->rewrite_due || stream->phase != STREAM_FLOWING ||
        stream->next <= stream->rewrite_after)
        return false;
    publish__active_begin(stream);
    publish__active_pump(stream);
    return true;
}

void publish__stream_pump(struct publish_stream *stream)
{
    struct hz_publisher *p = stream->p;

    if (stream->pumping)
        return; /* the source has answered from inside publish__append */
    stream->pumping = true;
    if (stream->phase == STREAM_REWRITING)
        publish__active_pump(stream);
    while (stream->phase == STREAM_FLOWING && stream->call_count < STREAM_CALLS &&
           hz_redis_room(p->link) > 0 && !rewrites_now(stream)) {
        bool asked = stream->fetching;
        if (publish__append(stream))
            continue;
        if (asked || stream->fetching || stream->starved || stream->next > p->released)
            break;
    }
    p->crowded |= hz_redis_room(p->link) == 0;
    if (stream->phase == STREAM_FLOWING && stream->appends == 0)
        stream->acknowledged = stream->next - 1;
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

static void count_silence(struct publish_stream *stream)
{
    if (stream->phase == STREAM_FLOWING || stream->phase == STREAM_FENCED)
        return;
    if (++stream->beats_without_flow < STREAM_PATIENCE || stream->lost || stream->foreign)
        return;
    stream->lost = true;
    publish__tell_lost(stream->p);
}

void publish__stream_beat(struct publish_stream *stream)
{
    struct hz_publisher *p = stream->p;

    count_silence(stream);
    if (stream->phase == STREAM_FLOWING) {
        publish__starved_beat(stream);
        if (!stream->beating) {
            struct publish_command c = publish__call(stream, "beat");
            add_origin(&c);
            stream->beating = publish__call_send(&c, (struct stream_call){.kind = CALL_BEAT});
        }
        publish__stream_pump(stream);
    } else if (stream->phase == STREAM_WAITING && stream->call_count == 0 &&
               hz_redis_is_up(p->link)) {
        if (p->sha[0] == '\0')
            load(stream);
        else
            look(stream);
    } else if (stream->phase == STREAM_SEEKING && !stream->fetching) {
        publish__ask(stream, true);
    }
}
