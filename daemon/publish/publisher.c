/* SPDX-License-Identifier: Apache-2.0
 *
 * The publisher: what the pipeline offers, releases and asks, and when the parts come and go. What must
 * stay true: an entry is shown to nobody (mirror, system's journal, Redis) before it is released, and
 * to each in the order of numbers; everything here returns at once.
 */
#include "publish_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* --- settings --- */

static void take_options(struct hz_publisher *p, const struct hz_redis_config *config)
{
    p->heartbeat_ns = config->heartbeat_ns;
    p->retention_ns = config->retention_ns;
    p->maxlen = config->maxlen;
    p->latest = config->latest;
    p->latest_every_ns = config->latest_every_ns;
}

static void take_identity(struct hz_publisher *p, const struct hz_publisher_config *config)
{
    uint64_t run = 0;

    if (getrandom(&run, sizeof(run), 0) != sizeof(run))
        run = (uint64_t)hz_mono_ns(p->clock); /* never seen; the term tells runs apart as well */
    (void)snprintf(p->run, sizeof(p->run), "%016llx", (unsigned long long)run);
    (void)snprintf(p->journal, sizeof(p->journal), "%016llx%016llx",
                   (unsigned long long)config->journal[0], (unsigned long long)config->journal[1]);
    /* The first epoch is the journal's own, so that the stream of another journal in an emptied Redis
     * never looks like the one before. */
    p->journal_epoch = 1 + (hz_hash(config->journal, sizeof(config->journal)) & 0x3fffffff);
}

/* --- timers and links --- */

static void on_beat(uv_timer_t *timer)
{
    struct hz_publisher *p = timer->data;

    hz_role_assert(&hz_output);
    for (uint32_t i = 0; i < p->stream_count; i++)
        publish__stream_beat(p->streams[i]);
    publish__board_beat(p);
}

static void start_beat(struct hz_publisher *p)
{
    uint64_t ms = (uint64_t)(p->heartbeat_ns / HZ_NS_PER_MS);

    (void)uv_timer_start(&p->beat, on_beat, ms, ms);
}

static int64_t wall_ms(const struct hz_publisher *p)
{
    return hz_wall_ns(p->clock) / HZ_NS_PER_MS;
}

static void on_stream_up(void *ctx)
{
    struct hz_publisher *p = ctx;

    hz_role_assert(&hz_output);
    p->counts.since_ms = wall_ms(p);
    p->counts.reason[0] = '\0';
    p->counts.up = true;
    for (uint32_t i = 0; i < p->stream_count; i++)
        publish__stream_up(p->streams[i]);
}

/* Each attempt that fails comes here: down is it since the first. */
static void on_stream_down(void *ctx, const char *reason)
{
    struct hz_publisher *p = ctx;

    hz_role_assert(&hz_output);
    if (p->counts.up)
        p->counts.since_ms = wall_ms(p);
    (void)snprintf(p->counts.reason, sizeof(p->counts.reason), "%s", reason);
    if (p->counts.up || strcmp(reason, p->refusal) != 0) {
        (void)snprintf(p->refusal, sizeof(p->refusal), "%s", reason);
        hz_log_warning("redis: %s; trying again", reason);
    }
    p->counts.up = false;
    for (uint32_t i = 0; i < p->stream_count; i++)
        publish__stream_down(p->streams[i]);
}

static void on_board_up(void *ctx)
{
    hz_role_assert(&hz_output);
    publish__board_up(ctx);
}

/* The connection of the stream leads to the same server and says why. */
static void on_board_down(void *ctx, const char *reason)
{
    (void)ctx;
    (void)reason;
}

static void make_timers(struct hz_publisher *p) HZ_ON(hz_output)
{
    uv_timer_t *const timers[] = {&p->beat, &p->grace, &p->board.turn};

    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
        (void)uv_timer_init(p->loop, timers[i]); /* can't fail */
        timers[i]->data = p;
        p->open++;
    }
}

static int make_links(struct hz_publisher *p, const struct hz_redis_config *config) HZ_ON(hz_output)
{
    const struct hz_redis_events stream = {on_stream_up, on_stream_down, p};
    const struct hz_redis_events board = {on_board_up, on_board_down, p};
    int error = hz_redis_new(p->loop, config, &stream, &p->link);

    if (error < 0)
        return error;
    p->open++;
    error = hz_redis_new(p->loop, config, &board, &p->board.link);
    if (error == 0)
        p->open++;
    return error;
}

/* Nobody publishes there from here on, and nothing of it stays behind as an alarm. */
static void tell_rest(struct hz_publisher *p) HZ_ON(hz_output)
{
    static const enum hz_observed over[] = {HZ_OBSERVED_REDIS_LOST, HZ_OBSERVED_FOREIGN};

    for (uint32_t i = 0; i < p->stream_count; i++)
        p->streams[i]->lost = p->streams[i]->foreign = false;
    p->lost_told = p->foreign_told = p->counts.foreign = false;
    for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++)
        p->events.observe(p->events.ctx, over[i], 0);
}

static void begin_links(struct hz_publisher *p) HZ_ON(hz_output)
{
    p->counts.since_ms = wall_ms(p);
    for (uint32_t i = 0; i < p->stream_count; i++)
        p->streams[i]->beats_without_flow = 0;
    start_beat(p);
    hz_redis_start(p->link);
    hz_redis_start(p->board.link);
}

static void rest_links(struct hz_publisher *p) HZ_ON(hz_output)
{
    (void)uv_timer_stop(&p->beat);
    hz_redis_rest(p->link);
    hz_redis_rest(p->board.link);
    for (uint32_t i = 0; i < p->stream_count; i++)
        publish__stream_down(p->streams[i]);
    p->refusal[0] = p->counts.reason[0] = '\0';
    p->counts.up = false;
    p->counts.since_ms = wall_ms(p);
    hz_log_notice("redis: not enabled any more");
    tell_rest(p);
}

/* Where Redis stands is asked anew on each connection: nothing else is to be done for another one. */
static void use_links(struct hz_publisher *p, const struct hz_redis_config *config,
                      const struct hz_redis_login *login) HZ_ON(hz_output)
{
    bool was_enabled = p->enabled;

    if (config->enabled) {
        hz_redis_use(p->link, config, login);
        hz_redis_use(p->board.link, config, login);
    }
    p->enabled = config->enabled;
    if (!p->started || p->stopping || p->enabled == was_enabled)
        return;
    if (p->enabled)
        begin_links(p);
    else
        rest_links(p);
}

/* --- the end --- */

static void free_publisher(struct hz_publisher *p)
{
    publish__views_done(p);
    publish__tail_done(&p->tail);
    publish__board_done(&p->board);
    publish__syslog_done(&p->syslog);
    hz_set_unref(p->set);
    free(p->span);
    free(p->scratch);
    free(p);
}

static void on_part_closed(void *ctx)
{
    struct hz_publisher *p = ctx;

    if (--p->open > 0)
        return;
    void (*closed)(void *ctx) = p->closed;
    void *closed_ctx = p->closed_ctx;
    free_publisher(p);
    if (closed)
        closed(closed_ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

static void close_parts(struct hz_publisher *p) HZ_ON(hz_output)
{
    if (p->closing)
        return;
    p->closing = true;
    uv_close((uv_handle_t *)&p->beat, on_timer_closed);
    uv_close((uv_handle_t *)&p->grace, on_timer_closed);
    uv_close((uv_handle_t *)&p->board.turn, on_timer_closed);
    if (p->link)
        hz_redis_stop(p->link, on_part_closed, p);
    if (p->board.link)
        hz_redis_stop(p->board.link, on_part_closed, p);
}

static void on_grace(uv_timer_t *timer)
{
    hz_role_assert(&hz_output);
    close_parts(timer->data);
}

void publish__settle(struct hz_publisher *p)
{
    bool nothing_left = publish__is_idle(p) && publish__acknowledged(p) >= p->released;

    if (p->stopping && !p->closing && nothing_left)
        (void)uv_timer_start(&p->grace, on_grace, 0, 0); /* not from inside a reply */
}

/* --- beginning --- */

/* Aligned, as its histograms want. */
static struct hz_publisher *new_publisher(void)
{
    struct hz_publisher *p = aligned_alloc(alignof(struct hz_publisher), sizeof(*p));

    if (p)
        memset(p, 0, sizeof(*p));
    return p;
}

int hz_publisher_new(const struct hz_publisher_config *config, struct hz_set *set,
                     struct hz_publisher **ret_publisher)
{
    struct hz_publisher *p = new_publisher();
    struct hz_text script;
    int error;

    if (!p)
        return -ENOMEM;
    hz_assert(hz_mirror_newest(config->mirror) == config->newest);
    p->loop = config->loop;
    p->clock = config->clock;
    p->source = config->source;
    p->events = config->events;
    p->enabled = config->redis->enabled;
    p->term = config->term;
    p->newest_at_start = p->released = config->newest;
    p->mirror = config->mirror;
    p->set = hz_set_ref(set);
    take_options(p, config->redis);
    take_identity(p, config);
    publish__syslog_init(&p->syslog, config->journal_socket);
    script = hz_text_in(p->script, sizeof(p->script));
    publish__script(&script);
    hz_assert(!script.overflow);
    make_timers(p);
    p->scratch = malloc(SCRATCH_BYTES); /* touched as far as commands are long */
    p->span = malloc(HZ_ENTRY_FETCH_BYTES);
    error = p->scratch && p->span ? publish__tail_init(&p->tail, config->newest + 1) : -ENOMEM;
    if (error == 0)
        error = publish__views_begin(p);
    if (error == 0)
        error = publish__board_use(p, NULL);
    if (error == 0)
        error = make_links(p, config->redis);
    if (error < 0) {
        close_parts(p); /* freed by the loop's next turn */
        return error;
    }
    *ret_publisher = p;
    return 0;
}

void hz_publisher_start(struct hz_publisher *publisher)
{
    struct hz_publisher *p = publisher;

    hz_assert(!p->started);
    p->started = true;
    if (p->enabled)
        begin_links(p);
    else
        tell_rest(p); /* what a run before has left */
}

void hz_publisher_stop(struct hz_publisher *publisher, int64_t grace_ns, void (*closed)(void *ctx),
                       void *ctx)
{
    struct hz_publisher *p = publisher;

    hz_assert(!p->stopping);
    p->stopping = true;
    p->closed = closed;
    p->closed_ctx = ctx;
    if (!p->started || !p->enabled || p->counts.fenced || grace_ns <= 0) {
        close_parts(p);
        return;
    }
    (void)uv_timer_start(&p->grace, on_grace, (uint64_t)(grace_ns / HZ_NS_PER_MS), 0);
    publish__board_now(p);
    publish__settle(p);
}

void hz_publisher_use(struct hz_publisher *publisher, struct hz_set *set,
                      const struct hz_redis_login *login)
{
    struct hz_publisher *p = publisher;
    struct hz_set *old = p->set;
    int64_t heartbeat_ns = p->heartbeat_ns;

    if (set == old)
        return;
    p->set = hz_set_ref(set);
    take_options(p, &set->config->redis);
    /* Without memory for the counts the process ends, as it does without memory for an alert. */
    hz_assert(publish__board_use(p, old) == 0 && publish__views_use(p, old) == 0);
    hz_set_unref(old);
    if (login)
        use_links(p, &set->config->redis, login);
    if (p->started && p->enabled && p->heartbeat_ns != heartbeat_ns)
        start_beat(p);
    if (p->enabled) {
        publish__pump_all(p);
        publish__board_pump(p);
    }
}

static void copy_text(char *to, struct hz_slice text, size_t most)
{
    size_t length = hz_utf8_cut(text.at, text.length, most);

    memcpy(to, text.at, length);
    to[length] = '\0';
}

void hz_publisher_tell_set(struct hz_publisher *publisher, int64_t ms,
                           const struct hz_command_texts *texts)
{
    struct publish_origin *origin = &publisher->origin;

    origin->ms = ms;
    copy_text(origin->by, texts->actor, HZ_ACTOR_BYTES_MAX);
    copy_text(origin->via, texts->via, HZ_VIA_BYTES_MAX);
    copy_text(origin->reason, texts->reason, HZ_REASON_BYTES_MAX);
}

/* --- entries --- */

void hz_publisher_offer(struct hz_publisher *publisher, const struct hz_entry *entry)
{
    hz_assert(entry->place_count > 0);
    publish__tail_add(&publisher->tail, entry);
}

/* The moment from which on an entry may be seen. */
static void show(struct hz_publisher *p, const struct hz_entry *entry) HZ_ON(hz_output)
{
    const struct hz_active *before = hz_mirror_find(p->mirror, entry->alarm);

    if (before)
        publish__board_count(p, &before->head, -1);
    /* Our own bytes, so that only memory can be wanting: then the process ends, the journal replays. */
    hz_assert(hz_mirror_apply(p->mirror, entry) == 0);
    if (hz_mirror_find(p->mirror, entry->alarm))
        publish__board_count(p, entry, 1);
    if (!publish__syslog_wants(entry))
        return;
    if (publish__syslog_send(&p->syslog, entry))
        p->counts.journald_sent++;
    else
        p->counts.journald_dropped++;
}

void hz_publisher_release(struct hz_publisher *publisher, uint64_t seq, bool durable)
{
    struct hz_publisher *p = publisher;
    const struct hz_entry *entry;
    uint64_t before = p->released;

    if (durable && seq > p->durable_seq)
        p->durable_seq = seq;
    if (seq > p->released_seq)
        p->released_seq = seq;
    while ((entry = publish__tail_at(&p->tail, p->released + 1)) && entry->seq <= p->released_seq) {
        show(p, entry);
        p->released++;
    }
    if (p->released == before)
        return;
    p->released_ns = hz_mono_ns(p->clock);
    if (!p->enabled) {
        publish__tail_trim(&p->tail, p->released);
        return;
    }
    publish__pump_all(p);
    publish__tail_trim(&p->tail, p->released);
}

void hz_publisher_fetched(struct hz_publisher *publisher, const void *entries, size_t length,
                          int error)
{
    publish__fetched(publisher, entries, length, error);
}

/* --- latest values --- */

bool hz_publisher_wants_news(const struct hz_publisher *publisher)
{
    const struct hz_publisher *p = publisher;

    return publish__board_open(p) &&
           (p->board.round_ns != 0 || hz_mono_ns(p->clock) >= p->board.next_round_ns);
}

static void begin_round(struct hz_publisher *p)
{
    if (p->board.round_ns == 0)
        p->board.round_ns = hz_mono_ns(p->clock);
}

void hz_publisher_news_end(struct hz_publisher *publisher)
{
    struct publish_board *board = &publisher->board;

    if (board->round_ns != 0)
        board->next_round_ns = board->round_ns + publisher->latest_every_ns;
    board->round_ns = 0;
}

static uint32_t hazard_of(const struct hz_publisher *p, uint32_t point)
{
    const struct hz_point *row = hz_registry_point(p->set->registry, point);

    return row ? row->hazard : 0;
}

void hz_publisher_latest(struct hz_publisher *publisher, const struct hz_latest *latest,
                         uint32_t count)
{
    struct hz_publisher *p = publisher;
    uint32_t run;

    begin_round(p);
    for (uint32_t at = 0; at < count; at += run) {
        uint32_t hazard = hazard_of(p, latest[at].point);
        for (run = 1; run < BOARD_FIELDS && at + run < count; run++) {
            if (hazard_of(p, latest[at + run].point) != hazard)
                break;
        }
        if (hazard == 0)
            continue; /* of a set that is not in force here */
        if (publish__board_ours(p) && hz_redis_room(p->board.link) > 1 &&
            publish__board_latest(p, latest + at, run)) {
            p->counts.latest_sent += run;
        } else {
            p->counts.latest_dropped += run;
            p->board.faulty = true; /* asked for again with the next heart-beat */
        }
    }
}

void hz_publisher_shares(struct hz_publisher *publisher, const struct hz_share *shares,
                         uint32_t count)
{
    struct hz_publisher *p = publisher;

    begin_round(p);
    for (uint32_t i = 0; i < count; i++)
        publish__board_share(p, &shares[i]);
}

void hz_publisher_counts(const struct hz_publisher *publisher,
                         struct hz_publisher_counts *ret_counts)
{
    uint64_t newest = publisher->tail.next - 1, acknowledged = publish__acknowledged(publisher);

    *ret_counts = publisher->counts;
    for (uint32_t i = publisher->stream_count; i-- > 0;)
        if (publisher->streams[i]->phase == STREAM_WAITING)
            (void)snprintf(ret_counts->reason, sizeof(ret_counts->reason), "%s",
                           publisher->streams[i]->refusal);
    ret_counts->waiting = publisher->enabled && newest > acknowledged ? newest - acknowledged : 0;
}

const struct hz_publisher_times *hz_publisher_times(const struct hz_publisher *publisher)
{
    return &publisher->times;
}
