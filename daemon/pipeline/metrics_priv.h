/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files that make the daemon's metrics: what is asked of the engine, the rates of the last
 * hour, the text.
 */
#ifndef METRICS_PRIV_H
#define METRICS_PRIV_H

#include "output_priv.h"

#include "hz_exposition.h"

/* --- metrics_rate.c: how fast the disk and Redis fill, over the last hour --- */

#define RATE_SAMPLES      61u
#define RATE_EVERY_NS     (60 * HZ_NS_PER_S)
#define RATE_SPAN_LEAST_NS (10 * HZ_NS_PER_S) /* a rate over less would be a guess */

struct rate_sample {
    int64_t at_ns; /* mono */
    uint64_t bytes, alerts;
};

struct metrics_rate {
    struct rate_sample samples[RATE_SAMPLES]; /* a ring, oldest first */
    uint32_t first, count;
};

/* Keeps one a minute. */
void metrics__rate_note(struct metrics_rate *rate, const struct rate_sample *now);
/* Per second since the oldest sample; false: not known yet. */
bool metrics__rate(const struct metrics_rate *rate, const struct rate_sample *now, double *ret_bytes,
                   double *ret_alerts) HZ_MUST_USE;

/* --- output_health.c: do the threads come round? --- */

enum { HEALTH_INGEST, HEALTH_RULE, HEALTH_OUTPUT, HEALTH_THREADS };

struct output_health {
    uint64_t beats[HEALTH_THREADS]; /* last seen ... */
    int64_t at_ns[HEALTH_THREADS];  /* ... and when they changed, mono; to a pulse */
};

extern const char *const health__threads[HEALTH_THREADS];
int64_t health__look(struct hz_pipeline *p) HZ_ON(hz_output); /* returns the mono of the look */
int64_t health__silence_ns(struct hz_pipeline *p, int thread) HZ_ON(hz_output);
/* Do all come round? Adds a line about each that does not. */
bool health__well(struct hz_pipeline *p, struct hz_text *to) HZ_ON(hz_output);
void health__healthz_begin(void *ctx, struct hz_http_request *request);
void health__readyz_begin(void *ctx, struct hz_http_request *request);

/* --- output_metrics.c --- */

struct output_metrics {
    struct metrics_rate rate;
    struct output_health health;
    struct metrics_wait *waiting; /* scrapes that wait for the engine's answer */
    struct pipeline_question question;
    bool asked;             /* the question is at the engine's */
    int64_t asked_ns;       /* mono: since when somebody waits */
    int64_t answered_ns;    /* mono: 0 = never */
    bool answering;         /* the engine gave an answer within ENGINE_PATIENCE_NS */
    struct hz_engine_counts counts; /* its last answer */
    struct hz_coverage whole;
    uint64_t scrapes;
};

/* The present sample of the rates. */
struct rate_sample metrics__sample(struct hz_pipeline *p) HZ_ON(hz_output);

/* --- metrics_text.c, metrics_feeds.c, metrics_stages.c, metrics_links.c: every family, in order --- */

/* Begins a family; its samples follow. */
#define METRICS_FAMILY(to, type, name, unit, help)                                                                     \
    hz_exposition_family((to), &(const struct hz_family){(name), (type), (unit), (help)})

static inline uint64_t metrics__load(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* A family of one sample, without unit and labels. */
static inline void metrics__one(struct hz_exposition *to, enum hz_metric_type type, const char *name, const char *help,
                                uint64_t value)
{
    METRICS_FAMILY(to, type, name, "", help);
    hz_exposition_uint(to, NULL, value);
}

void metrics__text(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output);
void metrics__feeds(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output);
void metrics__stages(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output);
void metrics__links(struct hz_pipeline *p, struct hz_exposition *to) HZ_ON(hz_output);

#endif
