/* SPDX-License-Identifier: Apache-2.0
 *
 * How fast bytes go to the disk and alerts to Redis: a sample a minute, over the last hour, so that
 * one noisy minute moves the days that are left by a sixtieth.
 */
#include "metrics_priv.h"

static const struct rate_sample *sample_at(const struct metrics_rate *rate, uint32_t at)
{
    return &rate->samples[(rate->first + at) % RATE_SAMPLES];
}

void metrics__rate_note(struct metrics_rate *rate, const struct rate_sample *now)
{
    if (rate->count > 0 && now->at_ns - sample_at(rate, rate->count - 1)->at_ns < RATE_EVERY_NS)
        return;
    if (rate->count == RATE_SAMPLES)
        rate->first = (rate->first + 1) % RATE_SAMPLES;
    else
        rate->count++;
    rate->samples[(rate->first + rate->count - 1) % RATE_SAMPLES] = *now;
}

bool metrics__rate(const struct metrics_rate *rate, const struct rate_sample *now,
                   double *ret_bytes, double *ret_alerts)
{
    const struct rate_sample *oldest = sample_at(rate, 0);

    if (rate->count == 0 || now->at_ns - oldest->at_ns < RATE_SPAN_LEAST_NS)
        return false;
    double seconds = (double)(now->at_ns - oldest->at_ns) / 1e9;
    *ret_bytes = (double)(now->bytes - oldest->bytes) / seconds;
    *ret_alerts = (double)(now->alerts - oldest->alerts) / seconds;
    return true;
}
