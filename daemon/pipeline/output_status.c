/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl status` and `feeds`: what every thread tells of itself, one JSON object a line.
 */
#include "output_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct asking {
    struct pipeline_question question;
    struct hz_pipeline *p;
    struct hz_control_request *request; /* NULL: it is over, or the peer has left */
    bool asked;                         /* a question is at the engine's */
    struct hz_coverage whole;
    struct hz_news news;
};

static void put(struct hz_text *line, const char *name, uint64_t value)
{
    hz_text_format(line, ",\"%s\":%llu", name, (unsigned long long)value);
}

static void put_text(struct hz_text *line, const char *name, const char *value)
{
    hz_text_format(line, ",\"%s\":", name);
    hz_text_json(line, hz_slice(value));
}

static void put_bool(struct hz_text *line, const char *name, bool value)
{
    hz_text_format(line, ",\"%s\":%s", name, value ? "true" : "false");
}

static uint64_t load(_Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* Items of a ring, whichever threads its ends belong to. */
static uint64_t waiting(struct hz_spsc_shared *ring)
{
    uint64_t head =
        atomic_load_explicit(&ring->head, memory_order_acquire); /* the older one first */

    return atomic_load_explicit(&ring->tail, memory_order_relaxed) - head;
}

static void end_line(struct hz_control_request *request, struct hz_text *line) HZ_ON(hz_output)
{
    hz_text_puts(line, "}");
    hz_control_line(request, line->at, line->length);
}

#define BEGIN(what)                                                                                \
    char buffer[4096];                                                                             \
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));                                      \
    hz_text_puts(&line, "{\"what\":\"" what "\"")

static void daemon_line(struct hz_pipeline *p, struct hz_control_request *request) HZ_ON(hz_output)
{
    char set[HZ_DIGEST_TEXT_BYTES], journal[40];
    BEGIN("daemon");

    hz_digest_text(&p->output.set->digest, set);
    (void)snprintf(journal, sizeof(journal), "%016llx%016llx", (unsigned long long)p->journal[0],
                   (unsigned long long)p->journal[1]);
    put_text(&line, "version", HZ_VERSION);
    put(&line, "pid", (uint64_t)getpid());
    put_text(&line, "state", p->output.stopping ? "stopping" : "watching");
    put(&line, "since_ms", (uint64_t)(p->start_wall_ns / HZ_NS_PER_MS));
    put_text(&line, "set", set);
    put(&line, "term", p->term);
    put_text(&line, "journal", journal);
    put_bool(&line, "config_faulty", p->faulty);
    put(&line, "rule_threads", p->own_rule_thread);
    put_text(&line, "durability", p->config->durability == HZ_RELAXED ? "relaxed" : "durable");
    end_line(request, &line);
}

static void feed_line(struct hz_pipeline *p, struct hz_control_request *request, uint32_t i)
    HZ_ON(hz_output)
{
    static const char *const states[] = {"lost", "connected", "paused"};
    const struct hz_set *set = p->output.set;
    struct pipeline_feed_counts *counts = &p->feed_counts[set->feed_ids[i]];
    const struct pipeline_outcome *state = &p->output.feed_states[set->feed_ids[i]];
    bool first = true;
    BEGIN("feed");

    put_text(&line, "feed", set->config->feeds[i].name);
    put_text(&line, "state", states[state->state]);
    put(&line, "connected_now", state->state != PIPELINE_FEED_LOST);
    put_text(&line, "reason", state->reason);
    put(&line, "since_ms", (uint64_t)(state->since_ns / HZ_NS_PER_MS));
    put(&line, "messages", load(&counts->messages));
    put(&line, "readings", load(&counts->readings));
    put(&line, "bytes", load(&counts->bytes));
    put(&line, "losses", load(&counts->losses));
    put(&line, "acks", load(&counts->acks));
    put(&line, "unread_ms", load(&counts->unread_ns) / (uint64_t)HZ_NS_PER_MS);
    put(&line, "dropped", load(&counts->dropped));
    hz_text_puts(&line, ",\"verdicts\":{");
    for (unsigned v = 1; v < HZ_VERDICT_END; v++) {
        if (load(&counts->verdicts[v]) == 0)
            continue;
        hz_text_format(&line, "%s\"%s\":%llu", first ? "" : ",",
                       hz_verdict_word((enum hz_verdict)v),
                       (unsigned long long)load(&counts->verdicts[v]));
        first = false;
    }
    hz_text_puts(&line, "}");
    end_line(request, &line);
}

static void engine_line(const struct asking *asking, struct hz_control_request *request)
    HZ_ON(hz_output)
{
    const struct hz_engine_counts *counts = &asking->question.counts;
    BEGIN("engine");

    put(&line, "seq", asking->question.seq);
    put(&line, "records", counts->records);
    put(&line, "readings", counts->readings);
    put(&line, "evaluated", counts->evaluated);
    put(&line, "transitions", counts->transitions);
    put(&line, "late", counts->late);
    put(&line, "duplicate", counts->duplicate);
    put(&line, "historic", counts->historic);
    put(&line, "future", counts->future);
    put(&line, "clock_marked", counts->clock_marked);
    put(&line, "unconfirmed", counts->unconfirmed);
    put(&line, "bad_quality", counts->bad_quality);
    put(&line, "not_in_set", counts->not_in_set);
    put(&line, "timers_fired", counts->timers_fired);
    put(&line, "alarms", counts->alarms_active);
    end_line(request, &line);
}

static void journal_line(struct hz_pipeline *p, struct hz_control_request *request) HZ_ON(hz_output)
{
    BEGIN("journal");

    put(&line, "written_seq", load(&p->written_seq));
    put(&line, "durable_seq", load(&p->durable_seq));
    put_bool(&line, "stalled", atomic_load_explicit(&p->stalled, memory_order_relaxed));
    put(&line, "syncs", load(&p->syncs));
    put(&line, "sync_last_us", load(&p->sync_ns_last) / 1000);
    put(&line, "sync_most_us", load(&p->sync_ns_most) / 1000);
    put(&line, "write_errors", load(&p->write_errors));
    put(&line, "sync_errors", load(&p->sync_errors));
    put(&line, "ring_bytes", hz_block_ring_capacity(p->ring));
    put(&line, "ring_used", load(&p->ring_used));
    put(&line, "holes", load(&p->holes));
    put(&line, "log_newest", load(&p->log_appended));
    put(&line, "log_missing", load(&p->log_missing));
    end_line(request, &line);
}

/* What waits between threads at this moment. */
static void queues_line(struct hz_pipeline *p, const struct asking *asking,
                        struct hz_control_request *request) HZ_ON(hz_output)
{
    uint64_t written = load(&p->written_seq), durable = load(&p->durable_seq);
    uint64_t applied = asking->question.seq;
    BEGIN("queues");

    put(&line, "transitions", waiting(p->output.transitions.shared));
    put(&line, "entries", waiting(p->output.entries.shared));
    put(&line, "not_applied", written > applied ? written - applied : 0);
    put(&line, "not_durable", written > durable ? written - durable : 0);
    end_line(request, &line);
}

static void put_times(struct hz_text *line, const char *name, const struct hz_histogram *times)
{
    hz_text_format(line, ",\"%s\":[", name);
    for (unsigned i = 0; i <= HZ_HISTOGRAM_BOUNDS; i++)
        hz_text_format(
            line, "%s%llu", i == 0 ? "" : ",",
            (unsigned long long)atomic_load_explicit(&times->buckets[i], memory_order_relaxed));
    hz_text_puts(line, "]");
}

/* How long each stage takes, as counts by bucket (hz_histogram.h) since the start. */
static void times_line(struct hz_pipeline *p, struct hz_control_request *request) HZ_ON(hz_output)
{
    const struct hz_publisher_times *published = hz_publisher_times(p->output.publisher);
    BEGIN("times");

    put_times(&line, "read", &p->stages.read);
    put_times(&line, "engine", &p->stages.engine);
    put_times(&line, "sync", &p->stages.sync);
    put_times(&line, "durable", &p->stages.durable);
    put_times(&line, "append", &published->append);
    put_times(&line, "alert", &published->alert);
    end_line(request, &line);
}

static void redis_line(struct hz_pipeline *p, struct hz_control_request *request) HZ_ON(hz_output)
{
    struct hz_publisher_counts counts;
    BEGIN("redis");

    hz_publisher_counts(p->output.publisher, &counts);
    put_bool(&line, "enabled", p->output.set->config->redis.enabled);
    put_bool(&line, "up", counts.up);
    put(&line, "since_ms", (uint64_t)counts.since_ms);
    put_text(&line, "reason", counts.reason);
    put_bool(&line, "fenced", counts.fenced);
    put_bool(&line, "foreign", counts.foreign);
    put(&line, "published", counts.published);
    put(&line, "waiting", counts.waiting);
    put(&line, "refetched", counts.refetched);
    put(&line, "gaps", counts.gaps);
    put(&line, "latest_sent", counts.latest_sent);
    put(&line, "journald_sent", counts.journald_sent);
    put(&line, "epoch", counts.epoch);
    put(&line, "latency_us", (uint64_t)counts.last_latency_ns / 1000);
    end_line(request, &line);
}

static void people_lines(struct hz_pipeline *p, const struct asking *asking,
                         struct hz_control_request *request) HZ_ON(hz_output)
{
    uint32_t alarms[HZ_SEVERITY_END];
    char buffer[512];
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));

    hz_text_puts(&line, "{\"what\":\"coverage\"");
    put(&line, "total", asking->whole.total);
    put(&line, "online", asking->whole.online);
    put(&line, "valid", asking->whole.valid);
    put(&line, "unobserved", asking->whole.unobserved);
    end_line(request, &line);
    line = hz_text_in(buffer, sizeof(buffer));
    hz_mirror_by_severity(p->output.mirror, alarms);
    hz_text_puts(&line, "{\"what\":\"alarms\"");
    for (unsigned severity = HZ_SEVERITY_RED; severity > HZ_SEVERITY_NONE; severity--)
        put(&line, hz_severity_word(severity), alarms[severity]);
    end_line(request, &line);
}

static void release(struct asking *asking)
{
    if (!asking->request && !asking->asked)
        free(asking);
}

static void gone(void *state)
{
    struct asking *asking = state;

    asking->request = NULL;
    release(asking);
}

static void counted(void *ctx, struct pipeline_question *question)
{
    struct asking *asking = ctx;
    struct hz_pipeline *p = asking->p;
    struct hz_control_request *request = asking->request;

    hz_role_assert(&hz_output);
    (void)question;
    asking->asked = false;
    if (!request) {
        release(asking);
        return;
    }
    daemon_line(p, request);
    for (uint32_t i = 0; i < p->output.set->config->feed_count; i++)
        feed_line(p, request, i);
    engine_line(asking, request);
    journal_line(p, request);
    queues_line(p, asking, request);
    times_line(p, request);
    redis_line(p, request);
    people_lines(p, asking, request);
    hz_control_end(request);
}

/* The first answer was the coverage; now the counts. */
static void covered(void *ctx, struct pipeline_question *question)
{
    struct asking *asking = ctx;

    hz_role_assert(&hz_output);
    asking->whole = question->count > 0 ? asking->news.coverage : (struct hz_coverage){0};
    asking->question =
        (struct pipeline_question){.kind = PIPELINE_COUNTS, .answered = counted, .ctx = asking};
    asking->asked = pipeline__output_ask(asking->p, &asking->question);
    if (!asking->asked && asking->request)
        hz_control_fail(asking->request, -EAGAIN, "the engine is busy, try again");
    else
        release(asking);
}

void pipeline__status_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;
    struct asking *asking = calloc(1, sizeof(*asking));

    hz_role_assert(&hz_output);
    if (asking) {
        asking->p = p;
        asking->request = request;
        asking->question = (struct pipeline_question){.kind = PIPELINE_COVERAGE,
                                                      .scope = HZ_NEWS_WHOLE,
                                                      .span = 1,
                                                      .news = &asking->news,
                                                      .room = 1,
                                                      .answered = covered,
                                                      .ctx = asking};
    }
    if (!asking || !pipeline__output_ask(p, &asking->question)) {
        free(asking);
        hz_control_fail(request, -EAGAIN, "the engine is busy, try again");
        return;
    }
    asking->asked = true;
    hz_control_stream(request, &(struct hz_control_stream){.gone = gone, .state = asking});
}

void pipeline__feeds_begin(void *ctx, struct hz_control_request *request)
{
    struct hz_pipeline *p = ctx;

    hz_role_assert(&hz_output);
    for (uint32_t i = 0; i < p->output.set->config->feed_count; i++)
        feed_line(p, request, i);
    hz_control_end(request);
}
