/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends by a schedule made before the first message (an open loop: a slow consumer does not slow it
 * down, and what it does late is not hidden), or flat out. Every reading has its time; the lag from
 * that time until the bytes have left the process is the generator's own and stands in the report.
 * An enterprise's messages take one connection, so that a point's readings keep their order.
 */
#include "load.h"

#include "hz_bench.h"
#include "hz_clock.h"
#include "hz_log.h"
#include "link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define TURN_MESSAGES 512    /* before sockets are looked at again: a few 100 us */
#define PAUSE_NS      100000 /* shortest sleep: ten readings a write at 100 000/s */
#define FINISH_NS     (30 * HZ_NS_PER_S)

/* Lags in us, by logarithm: 16 steps an octave, 2^40 us at most; a step is 4.4 %. */
#define STEPS   16
#define OCTAVES 40

struct lags {
    uint64_t steps[STEPS * OCTAVES];
    uint64_t count;
    int64_t max_ns;
};

/* Readings on their way out: they have left when the lane has written `until_bytes` in all. */
struct batch {
    uint64_t readings, until_bytes;
    int64_t oldest_due_ns;
};

/* A connection. While one batch is being written the next collects, so that a lane that is never
 * empty still tells its lag. */
struct lane {
    struct hz_link *link;
    uint64_t added_bytes;
    struct batch leaving, next;
};

struct stream {
    struct load_world *world;
    struct lane *lanes;
    struct hz_link **links; /* the same, as hz_link_wait takes them */
    int64_t start_mono_ns, start_wall_ns;
    struct load_message message; /* made, and not yet taken by its lane */
    int64_t message_due_ns;
    bool has_message;
    struct lags lags;
};

static unsigned step_of(int64_t ns)
{
    uint64_t us = (uint64_t)(ns < 0 ? 0 : ns) / 1000;

    if (us < STEPS)
        return (unsigned)us;
    unsigned octave = 63u - (unsigned)__builtin_clzll(us);
    unsigned step = (octave - 3) * STEPS + (unsigned)(us >> (octave - 4) & (STEPS - 1));
    return step < STEPS * OCTAVES ? step : STEPS * OCTAVES - 1;
}

static double us_of(unsigned step)
{
    if (step < STEPS)
        return step;
    return (double)((uint64_t)(STEPS + step % STEPS) << (step / STEPS - 1));
}

static double quantile_us(const struct lags *lags, double share)
{
    uint64_t rank = (uint64_t)(share * (double)lags->count), seen = 0;

    for (unsigned step = 0; step < STEPS * OCTAVES; step++) {
        seen += lags->steps[step];
        if (seen > rank)
            return us_of(step);
    }
    return 0;
}

/* --- lanes --- */

static int open_lanes(struct stream *stream)
{
    const struct load_options *options = stream->world->options;

    stream->lanes = calloc(options->connections, sizeof(*stream->lanes));
    stream->links = calloc(options->connections, sizeof(*stream->links));
    if (!stream->lanes || !stream->links)
        return -ENOMEM;
    for (uint64_t i = 0; i < options->connections; i++) {
        char id[80];
        struct hz_text text = hz_text_in(id, sizeof(id));
        hz_text_format(&text, "%.48s-%" PRIu64, options->client_id, i + 1);
        int result =
            hz_link_open(options->address, id, (unsigned)options->window, &stream->links[i]);
        if (result < 0) {
            hz_log_error("hazard-load: %s: %s", options->address, hz_strerror(result));
            return result;
        }
        stream->lanes[i].link = stream->links[i];
    }
    return 0;
}

static void close_lanes(struct stream *stream)
{
    for (uint64_t i = 0; stream->links && i < stream->world->options->connections; i++)
        hz_link_close(stream->links[i]);
    free(stream->links);
    free(stream->lanes);
}

/* The oldest's lag for all of its batch: an upper bound of each. */
static void note_lag(struct lags *lags, const struct batch *batch)
{
    int64_t lag_ns = (int64_t)hz_bench_now_ns() - batch->oldest_due_ns;

    lags->steps[step_of(lag_ns)] += batch->readings;
    lags->count += batch->readings;
    lags->max_ns = lag_ns > lags->max_ns ? lag_ns : lags->max_ns;
}

static int work_on(struct stream *stream, struct lane *lane)
{
    if (lane->leaving.readings == 0 && hz_link_unacknowledged(lane->link) == 0)
        return 0;
    int result = hz_link_work(lane->link);
    if (result < 0) {
        hz_log_error("hazard-load: connection lost: %s", hz_strerror(result));
        return result;
    }
    uint64_t written = lane->added_bytes - hz_link_unwritten_bytes(lane->link);
    while (lane->leaving.readings > 0 && written >= lane->leaving.until_bytes) {
        note_lag(&stream->lags, &lane->leaving);
        lane->leaving = lane->next;
        lane->next = (struct batch){0};
    }
    return 0;
}

static int work_on_all(struct stream *stream)
{
    for (uint64_t i = 0; i < stream->world->options->connections; i++) {
        int result = work_on(stream, &stream->lanes[i]);
        if (result < 0)
            return result;
    }
    return 0;
}

/* --- the schedule --- */

static bool is_enough(const struct stream *stream, int64_t due_ns)
{
    const struct load_options *options = stream->world->options;

    return (options->messages > 0 && stream->world->counts.messages >= options->messages) ||
           (options->seconds > 0 &&
            (double)(due_ns - stream->start_mono_ns) >= options->seconds * 1e9);
}

/* When the next reading is due; flat out: now. */
static int64_t next_due(const struct stream *stream, int64_t now_ns)
{
    const double rate = stream->world->options->rate;

    if (rate <= 0)
        return now_ns;
    return stream->start_mono_ns + (int64_t)((double)stream->world->counts.readings * 1e9 / rate);
}

/* Hands the message to its lane: 0, or -EAGAIN when that has no room. */
static int hand_over(struct stream *stream)
{
    const struct load_options *options = stream->world->options;
    struct lane *lane = &stream->lanes[stream->message.enterprise % options->connections];
    size_t before = hz_link_unwritten_bytes(lane->link);
    int result = hz_link_publish(lane->link, stream->message.topic, stream->message.payload,
                                 (unsigned)options->qos);

    if (result < 0)
        return result;
    lane->added_bytes += hz_link_unwritten_bytes(lane->link) - before;
    /* A batch that may have begun to leave takes no more: its end would move on for ever. */
    struct batch *batch = lane->leaving.readings == 0 ? &lane->leaving : &lane->next;
    if (batch->readings == 0)
        batch->oldest_due_ns = stream->message_due_ns;
    batch->readings += stream->message.readings;
    batch->until_bytes = lane->added_bytes;
    stream->has_message = false;
    return 0;
}

/* Makes and hands over what is due: 0 = all of it is done until *ret_due_ns, -EAGAIN = a lane is full,
 * 1 = enough. */
static int send_due(struct stream *stream, int64_t *ret_due_ns)
{
    const int64_t now_ns = (int64_t)hz_bench_now_ns();

    for (unsigned i = 0; i < TURN_MESSAGES; i++) {
        if (stream->has_message && hand_over(stream) < 0)
            return -EAGAIN;
        *ret_due_ns = next_due(stream, now_ns);
        if (is_enough(stream, *ret_due_ns))
            return 1;
        if (*ret_due_ns > now_ns)
            return 0;
        int64_t stamp_ns = stream->start_wall_ns + (*ret_due_ns - stream->start_mono_ns);
        load_world_next(stream->world, stamp_ns / HZ_NS_PER_MS, &stream->message);
        stream->message_due_ns = *ret_due_ns;
        stream->has_message = true;
    }
    return 0;
}

/* Hands a message that was refused over: 0, or a negative code when a connection is lost. */
static int insist(struct stream *stream, const volatile sig_atomic_t *stop)
{
    while (stream->has_message && hand_over(stream) == -EAGAIN && !*stop) {
        hz_link_wait(stream->links, stream->world->options->connections, 100 * HZ_NS_PER_MS);
        int result = work_on_all(stream);
        if (result < 0)
            return result;
    }
    return 0;
}

static int send_all(struct stream *stream, const volatile sig_atomic_t *stop)
{
    static const volatile sig_atomic_t never;

    while (!*stop) {
        int64_t due_ns = 0;
        int sent = send_due(stream, &due_ns);
        int result = work_on_all(stream);
        if (result == 0 && sent == -EAGAIN)
            result = insist(stream, stop);
        if (result < 0 || sent == 1)
            return result;
        int64_t pause = due_ns - (int64_t)hz_bench_now_ns();
        if (sent == 0 && pause > 0)
            hz_link_wait(stream->links, stream->world->options->connections,
                         pause < PAUSE_NS ? PAUSE_NS : pause);
    }
    return insist(stream, &never); /* the last message made is counted: it must go out */
}

static bool has_unwritten(const struct stream *stream)
{
    for (uint64_t i = 0; i < stream->world->options->connections; i++) {
        if (stream->lanes[i].leaving.readings > 0)
            return true;
    }
    return false;
}

/* All that was made is written, then acknowledged. */
static int finish(struct stream *stream, struct load_report *report)
{
    const uint64_t connections = stream->world->options->connections;
    const int64_t deadline_ns = (int64_t)hz_bench_now_ns() + FINISH_NS;
    int result = work_on_all(stream);

    while (result == 0 && has_unwritten(stream)) {
        if ((int64_t)hz_bench_now_ns() > deadline_ns)
            return HZ_ETIMEOUT;
        hz_link_wait(stream->links, connections, 100 * HZ_NS_PER_MS);
        result = work_on_all(stream);
    }
    for (uint64_t i = 0; result == 0 && i < connections; i++) {
        result = hz_link_finish(stream->links[i], FINISH_NS);
        report->unacknowledged += hz_link_unacknowledged(stream->links[i]);
    }
    if (result < 0)
        hz_log_error("hazard-load: the last messages: %s", hz_strerror(result));
    return result;
}

int load_run(struct load_world *world, const volatile sig_atomic_t *stop,
             struct load_report *ret_report)
{
    struct stream stream = {.world = world};

    /* The kernel may else put a wake-up off by 50 us. */
    (void)prctl(PR_SET_TIMERSLACK, 1000UL);
    *ret_report = (struct load_report){0};
    int result = open_lanes(&stream);
    if (result == 0) {
        stream.start_wall_ns = hz_wall_ns(&hz_clock_real);
        stream.start_mono_ns = (int64_t)hz_bench_now_ns();
        result = send_all(&stream, stop);
    }
    if (result == 0)
        result = finish(&stream, ret_report);
    ret_report->seconds = (double)((int64_t)hz_bench_now_ns() - stream.start_mono_ns) / 1e9;
    ret_report->lag_p50_us = quantile_us(&stream.lags, 0.5);
    ret_report->lag_p99_us = quantile_us(&stream.lags, 0.99);
    ret_report->lag_max_us = (double)stream.lags.max_ns / 1e3;
    close_lanes(&stream);
    return result;
}
