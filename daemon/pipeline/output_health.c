/* SPDX-License-Identifier: Apache-2.0
 *
 * /healthz and /readyz: do the threads that do the work come round, and does this daemon watch? What
 * must stay true: a broker, a Redis or a disk that is away makes nobody unwell here, since restarting
 * hazardd would not bring it back; what is away is said in words.
 */
#include "metrics_priv.h"

#include <stdlib.h>

/* As main's patience: ingest and output come round ten times a second, an engine with a thread of its
 * own once. */
#define SILENCE_MOST_NS (5 * HZ_NS_PER_S)
#define TEXT_BYTES      (64u << 10)

const char *const health__threads[HEALTH_THREADS] = {"ingest", "rule", "output"};

int64_t health__look(struct hz_pipeline *p)
{
    struct output_health *health = &p->output.metrics->health;
    int64_t now = hz_mono_ns(p->options.clock);

    for (int i = 0; i < HEALTH_THREADS; i++) {
        uint64_t beats = atomic_load_explicit(&p->beats[i], memory_order_relaxed);

        if (beats == health->beats[i] && health->at_ns[i] != 0)
            continue;
        health->beats[i] = beats;
        health->at_ns[i] = now;
    }
    return now;
}

/* Without a thread of its own the engine comes round with ingest. */
int64_t health__silence_ns(struct hz_pipeline *p, int thread)
{
    int as = thread == HEALTH_RULE && !p->own_rule_thread ? HEALTH_INGEST : thread;

    return health__look(p) - p->output.metrics->health.at_ns[as];
}

bool health__well(struct hz_pipeline *p, struct hz_text *to)
{
    bool well = true;

    for (int i = 0; i < HEALTH_THREADS; i++) {
        int64_t silence = health__silence_ns(p, i);

        if (silence > SILENCE_MOST_NS)
            hz_text_format(to, "thread %s: has not come round for %lld s\n", health__threads[i],
                           (long long)(silence / HZ_NS_PER_S));
        well = well && silence <= SILENCE_MOST_NS;
    }
    return well;
}

static void answer(struct hz_http_request *request, bool good, char *buffer, struct hz_text *text)
    HZ_ON(hz_output)
{
    hz_http_answer(request, good ? 200 : 503, "text/plain; charset=utf-8", buffer, text->length);
}

void health__healthz_begin(void *ctx, struct hz_http_request *request)
{
    struct hz_pipeline *p = ctx;
    char *buffer = malloc(TEXT_BYTES);
    struct hz_text text = hz_text_in(buffer, buffer ? TEXT_BYTES : 0);

    hz_role_assert(&hz_output);
    bool well = health__well(p, &text);
    if (well)
        hz_text_puts(&text, "ok\n");
    answer(request, well, buffer, &text);
}

/* --- readiness --- */

static void tell_feeds(struct hz_pipeline *p, struct hz_text *to) HZ_ON(hz_output)
{
    static const char *const words[] = {"lost", "connected", "paused"};

    const struct hz_set *set = p->output.set;

    for (uint32_t i = 0; i < set->config->feed_count; i++) {
        const struct pipeline_outcome *state = &p->output.feed_states[set->feed_ids[i]];

        hz_text_format(to, "feed %s: %s%s%s\n", set->config->feeds[i].name, words[state->state],
                       *state->reason ? ": " : "", state->reason);
    }
}

static void tell_redis(const struct hz_publisher_counts *redis, bool enabled, struct hz_text *to)
{
    if (!enabled)
        hz_text_puts(to, "redis: not enabled\n");
    else
        hz_text_format(to, "redis: %s%s%s\n",
                       redis->fenced ? "another instance publishes, this one no more"
                       : redis->up   ? "connected"
                                     : "not connected",
                       *redis->reason ? ": " : "", redis->reason);
}

/* Ready: the journal has been replayed (else nobody would answer here), the feeds have been opened, the
 * threads come round, no stop was asked for, and no other instance has taken over. */
void health__readyz_begin(void *ctx, struct hz_http_request *request)
{
    struct hz_pipeline *p = ctx;
    char *buffer = malloc(TEXT_BYTES);
    struct hz_text text = hz_text_in(buffer, buffer ? TEXT_BYTES : 0);
    struct hz_publisher_counts redis;

    hz_role_assert(&hz_output);
    hz_publisher_counts(p->output.publisher, &redis);
    bool well = health__well(p, &text);
    bool opened = p->output.metrics->health.beats[HEALTH_INGEST] > 0;
    bool stops = p->output.stop_since_ns != 0;
    bool ready = well && opened && !stops && !redis.fenced;
    hz_text_puts(&text, ready    ? "ready\n"
                        : stops  ? "stopping\n"
                        : opened ? "not ready\n"
                                 : "feeds are not open yet\n");
    if (!p->output.reloaded.successful)
        hz_text_puts(&text, "configuration: faulty, the last good one is in force\n");
    if (atomic_load_explicit(&p->stalled, memory_order_relaxed))
        hz_text_puts(&text, "disk: stalled\n");
    tell_redis(&redis, p->output.set->config->redis.enabled, &text);
    tell_feeds(p, &text);
    answer(request, ready, buffer, &text);
}
