/* SPDX-License-Identifier: Apache-2.0
 *
 * The active hash: what stands in it for an alarm, and writing it anew from the mirror for a Redis that
 * has none. What must stay true: the new hash takes its place in one step, tagged with the newest entry
 * that it is as of, and only when all of it was accepted. Entries released while it is being written
 * are above the tag and change it when they are appended: it may show some of them early, never wrongly
 * in the end.
 */
#include "publish_priv.h"

#include <hiredis/hiredis.h>

#define SLICE          64u      /* alarms a command */
#define LEFTOVER_MS    "600000" /* a hash that is never finished goes by itself */
#define COMMANDS_AHEAD 8u

static void add_enterprise(const struct hz_registry *registry, uint32_t id, struct hz_text *to)
{
    const struct hz_enterprise *enterprise = hz_registry_enterprise(registry, id);

    if (!enterprise)
        return;
    publish__put_key(to, "enterprise", registry, HZ_NAMED_ENTERPRISE, id);
    publish__put_string(to, "enterprise_name", registry, enterprise->name);
}

static void add_point(const struct hz_registry *registry, uint32_t id, struct hz_text *to)
{
    const struct hz_point *point = hz_registry_point(registry, id);
    const struct hz_hazard *hazard = point ? hz_registry_hazard(registry, point->hazard) : NULL;

    publish__put_key(to, "point", registry, HZ_NAMED_POINT, id);
    if (!point)
        return;
    publish__put_string(to, "point_name", registry, point->name);
    publish__put_word(to, "unit", hz_registry_word(registry, point->unit));
    if (!hazard)
        return;
    publish__put_key(to, "hazard", registry, HZ_NAMED_HAZARD, point->hazard);
    publish__put_string(to, "hazard_name", registry, hazard->name);
    add_enterprise(registry, hazard->enterprise, to);
}

static void add_gateway(const struct hz_registry *registry, uint32_t id, struct hz_text *to)
{
    const struct hz_gateway *gateway = hz_registry_gateway(registry, id);

    publish__put_key(to, "gateway", registry, HZ_NAMED_GATEWAY, id);
    if (gateway)
        add_enterprise(registry, gateway->enterprise, to);
}

void publish__active_value(const struct hz_set *set, const struct hz_active *active,
                           uint64_t number, struct hz_text *to)
{
    const struct hz_entry *head = &active->head;
    char id[HZ_STREAM_ID_TEXT_BYTES], alarm[HZ_ALARM_TEXT_BYTES];

    hz_stream_id_text(head->id, id);
    hz_alarm_text(head->alarm, alarm);
    hz_text_puts(to, "{");
    publish__put_word(to, "id", id);
    publish__put_int(to, "n", (int64_t)number);
    publish__put_word(to, "event", hz_event_word(head->event));
    publish__put_word(to, "alarm", alarm);
    publish__put_word(to, "state", hz_state_word(head->state));
    publish__put_int(to, "active", head->active);
    publish__put_int(to, "ring", head->ring);
    publish__put_word(to, "sev", hz_severity_word(head->severity));
    publish__put_word(to, "kind", hz_kind_word(head->kind));
    publish__put_word(to, "level", hz_level_word(head->level));
    publish__put_word(to, "domain", hz_domain_word(head->domain));
    publish__put_word(to, "mode", hz_mode_word(head->mode));
    publish__put_int(to, "t", active->t_ms);
    publish__put_int(to, "t_raise", active->raise_ms);
    publish__put_number(to, "value", active->value);
    publish__put_number(to, "limit", active->limit);
    if (head->kind == HZ_KIND_GATEWAY)
        add_gateway(set->registry, head->gateway, to);
    else if (head->kind != HZ_KIND_SYSTEM)
        add_point(set->registry, head->point, to);
    publish__put_key(to, "rule", set->registry, HZ_NAMED_RULE, head->rule);
    publish__put_int(to, "seq", (int64_t)head->seq);
    hz_text_puts(to, "}");
}

/* --- writing the hash anew --- */

static void on_written(void *ctx, const struct redisReply *reply)
{
    struct publish_stream *stream = ctx;

    hz_role_assert(&hz_output);
    stream->active_unanswered--;
    if (stream->leaving) {
        publish__view_left(stream);
        return;
    }
    if (!reply || stream->phase != STREAM_REWRITING)
        return;
    if (reply->type == REDIS_REPLY_ERROR && !stream->active_failed) {
        stream->active_failed = true;
        publish__stream_refused(stream, reply);
        return;
    }
    publish__active_pump(stream);
}

static bool send_part(struct publish_command *c) HZ_ON(hz_output)
{
    if (publish__send(c, c->p->link, on_written) < 0)
        return false; /* the connection goes: everything begins again */
    c->stream->active_unanswered++;
    return true;
}

static bool send_words(struct publish_stream *stream, int count, const char *const *words)
    HZ_ON(hz_output)
{
    struct publish_command c = publish__stream_command(stream);

    for (int i = 0; i < count; i++)
        publish__add_word(&c, words[i]);
    return send_part(&c);
}

void publish__active_begin(struct publish_stream *stream)
{
    struct hz_publisher *p = stream->p;
    const char *key = stream->keys[PUBLISH_ANEW];

    stream->phase = STREAM_REWRITING;
    stream->active_cursor = 0;
    stream->active_sent = stream->active_failed = false;
    stream->active_settles = p->released >= stream->rewrite_after;
    stream->active_mark = hz_mirror_mark_of(p->mirror, stream->view);
    (void)(send_words(stream, 2, (const char *[]){"DEL", key}) &&
           send_words(stream, 4, (const char *[]){"HSET", key, "@id", "0-0"}) &&
           send_words(stream, 3, (const char *[]){"PEXPIRE", key, LEFTOVER_MS}));
}

/* The next of the view. */
static const struct hz_active *next_active(struct publish_stream *stream)
{
    const struct hz_publisher *p = stream->p;
    const struct hz_active *active;

    do
        active = hz_mirror_next(p->mirror, &stream->active_cursor);
    while (active && !publish__belongs(p->set, &active->head, stream->view));
    return active;
}

/* The next alarms as one HSET; false when there are no more. */
static bool send_slice(struct publish_stream *stream) HZ_ON(hz_output)
{
    struct publish_command c = publish__stream_command(stream);
    const struct hz_set *set = stream->p->set;
    const struct hz_active *active;

    publish__add_word(&c, "HSET");
    publish__add_word(&c, stream->keys[PUBLISH_ANEW]);
    for (unsigned i = 0; i < SLICE && (active = next_active(stream)); i++) {
        publish__open(&c);
        hz_entry_condition_text(set, &active->head, &c.text);
        publish__close(&c);
        publish__open(&c);
        publish__active_value(set, active, hz_active_n(active, stream->view), &c.text);
        publish__close(&c);
    }
    return c.count > 2 && send_part(&c);
}

static void send_finish(struct publish_stream *stream) HZ_ON(hz_output)
{
    struct publish_command c = publish__call(stream, "active");
    char set[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&stream->p->set->digest, set);
    publish__add_id(&c, stream->active_mark.id);
    publish__add_uint(&c, stream->active_mark.n_all);
    publish__add(&c, (struct hz_slice){set, 8});
    stream->active_sent = publish__call_send(&c, (struct stream_call){.kind = CALL_ACTIVE});
}

void publish__active_pump(struct publish_stream *stream)
{
    struct hz_publisher *p = stream->p;

    if (stream->active_sent || stream->active_failed)
        return;
    while (stream->active_unanswered < COMMANDS_AHEAD && hz_redis_room(p->link) > 0) {
        if (!send_slice(stream))
            break;
    }
    if (stream->active_unanswered == 0 && hz_redis_room(p->link) > 0)
        send_finish(stream);
}
