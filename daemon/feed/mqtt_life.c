/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a feed: attempts, one after the other, until it is stopped.
 *
 *   WAITING -> DIALLING -> SECURING -> GREETING -> SUBSCRIBING -> ONLINE
 *      ^       (look-up,   (TLS)       (CONNACK)    (SUBACKs)        |
 *      |        connect)                                             |
 *      +--- back-off --- LOST, with the reason, from any of them ----+      stop: LEAVING -> CLOSING
 *
 * What must stay true: one timer, which belongs to the phase; each attempt ends in one LOST; all of an
 * attempt is gone before the next begins.
 */
#include "feed_priv.h"

#include <mosquitto.h>
#include <stdarg.h>
#include <stdio.h>

/* How long the broker has to close its side after our DISCONNECT. */
#define LEAVE_MS        500u
#define TYPE_DISCONNECT 14u

static void set_timer(struct hz_mqtt *mqtt, int64_t ns, bool again)
{
    uint64_t ms = ns > HZ_NS_PER_MS ? (uint64_t)(ns / HZ_NS_PER_MS) : 1;

    uv_update_time(mqtt->loop); /* a timer counts from the loop's last look at the clock */
    (void)uv_timer_start(&mqtt->timer, feed__mqtt_on_timer, ms, again ? ms : 0); /* can not fail */
}

static bool is_attempt(enum feed_phase phase)
{
    return phase >= FEED_DIALLING && phase <= FEED_ONLINE;
}

const char *feed__mqtt_waiting_for(const struct hz_mqtt *mqtt)
{
    switch (mqtt->phase) {
    case FEED_SECURING:
        return " during the TLS handshake";
    case FEED_GREETING:
        return " while waiting for CONNACK";
    case FEED_SUBSCRIBING:
        return " while waiting for SUBACK";
    default:
        return "";
    }
}

void feed__mqtt_doom(struct hz_mqtt *mqtt, int farewell, const char *format, ...)
{
    va_list arguments;

    if (mqtt->doomed)
        return;
    mqtt->doomed = true;
    mqtt->farewell = farewell;
    va_start(arguments, format);
    (void)vsnprintf(mqtt->why.text, sizeof(mqtt->why.text), format, arguments);
    va_end(arguments);
}

void feed__mqtt_malformed(struct hz_mqtt *mqtt, int farewell, const char *what)
{
    if (mqtt->doomed)
        return;
    mqtt->counts.malformed++;
    feed__mqtt_doom(mqtt, farewell, "the broker broke the protocol: %s%s", what,
                    feed__mqtt_waiting_for(mqtt));
    mqtt->on->oddity(mqtt->on->ctx, HZ_MQTT_MALFORMED, 0);
}

/* --- an attempt begins --- */

/* The CA file is read once, and again after a certificate was refused: it may have been replaced. */
static int load_trust(struct hz_mqtt *mqtt, struct feed_reason *why)
{
    SSL_CTX *trust;

    if (!mqtt->config->tls || (mqtt->trust && !mqtt->distrusted))
        return 0;
    int error = feed__trust_new(mqtt->config->tls_ca_file, &trust, why);
    if (error < 0)
        return error;
    SSL_CTX_free(mqtt->trust);
    mqtt->trust = trust;
    mqtt->distrusted = false;
    return 0;
}

static void begin(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static void begin(struct hz_mqtt *mqtt)
{
    struct feed_reason why;

    mqtt->phase = FEED_DIALLING;
    mqtt->begun_at = hz_mono_ns(mqtt->clock);
    if (load_trust(mqtt, &why) < 0) {
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", why.text);
        feed__mqtt_settle(mqtt);
        return;
    }
    feed__dial_start(&mqtt->dial, mqtt->config->connect_timeout_ns);
}

void feed__mqtt_not_dialled(void *ctx, const struct feed_reason *why)
{
    struct hz_mqtt *mqtt = ctx;

    hz_role_assert(&hz_ingest);
    feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", why->text);
    feed__mqtt_settle(mqtt);
}

/* With `fd`, which it takes. */
static int open_wire(struct hz_mqtt *mqtt, int fd)
{
    const struct hz_feed_config *config = mqtt->config;
    const char *name = config->tls_server_name ? config->tls_server_name : mqtt->address.host;
    struct feed_wire_plan plan = {.loop = mqtt->loop,
                                  .handles = &mqtt->handles,
                                  .fd = fd,
                                  .coalesce_ns = config->coalesce_ns,
                                  .turn = feed__mqtt_turn,
                                  .ctx = mqtt};

    if (config->tls) {
        int error = feed__tls_new(mqtt->trust, name, config->tls_ca_file, &plan.tls);
        if (error < 0)
            plan.tls = NULL;
        if (error < 0)
            return error;
    }
    return feed__wire_open(&mqtt->wire, &plan);
}

void feed__mqtt_dialled(void *ctx, int fd)
{
    struct hz_mqtt *mqtt = ctx;
    int64_t left = mqtt->config->connect_timeout_ns - (hz_mono_ns(mqtt->clock) - mqtt->begun_at);

    hz_role_assert(&hz_ingest);
    mqtt->phase = FEED_SECURING;
    int error = open_wire(mqtt, fd);
    if (error < 0) {
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", hz_strerror(error));
        feed__mqtt_settle(mqtt);
        return;
    }
    set_timer(mqtt, left, false);
    feed__mqtt_kick(mqtt);
}

void feed__mqtt_secured(struct hz_mqtt *mqtt)
{
    struct feed_reason why;

    mqtt->phase = FEED_GREETING;
    feed__wire_reading(&mqtt->wire, !mqtt->paused);
    if (feed__session_new(mqtt->config, mqtt->inner_path, mqtt->outlet, &mqtt->session, &why) < 0)
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", why.text);
}

/* --- CONNACK, SUBACK, DISCONNECT --- */

static int64_t keepalive_ns(const struct hz_mqtt *mqtt, const struct feed_session_news *news)
{
    uint32_t s = news->server_keepalive_s ? news->server_keepalive_s : mqtt->config->keepalive_s;

    return s * HZ_NS_PER_S;
}

static void go_online(struct hz_mqtt *mqtt, const struct feed_session_news *news) HZ_ON(hz_ingest);
static void go_online(struct hz_mqtt *mqtt, const struct feed_session_news *news)
{
    struct feed_reason how;

    mqtt->phase = FEED_ONLINE;
    mqtt->online_at = hz_mono_ns(mqtt->clock);
    mqtt->counts.connects++;
    mqtt->counts.connected = true;
    mqtt->counts.session_present = news->session_present;
    mqtt->counts.paused_since = mqtt->paused ? mqtt->online_at : 0;
    mqtt->silent_ticks = mqtt->mute_ticks = 0;
    set_timer(mqtt, keepalive_ns(mqtt, news) / FEED_TICKS_PER_KEEPALIVE, true);
    feed__say(&how, "connected%s, %s%s%s", mqtt->wire.tls ? " by TLS" : "",
              news->session_present ? "the broker kept the session" : "new session",
              news->lowered ? "; with QoS 0, messages may be lost: " : "",
              news->lowered ? news->lowered : "");
    mqtt->on->state(mqtt->on->ctx, HZ_FEED_CONNECTED, how.text);
}

static void greeted(struct hz_mqtt *mqtt, const struct feed_session_news *news)
{
    struct feed_reason why;

    if (news->greeting == 0) {
        mqtt->phase = FEED_SUBSCRIBING;
        return;
    }
    feed__say_greeting(&why, mqtt->config->protocol, news->greeting, news->said);
    feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", why.text);
}

static void dismissed(struct hz_mqtt *mqtt, const struct feed_session_news *news)
{
    struct feed_reason why;

    feed__say_dismissal(&why, news->dismissal, news->said);
    feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "%s", why.text);
}

void feed__mqtt_news(struct hz_mqtt *mqtt, unsigned type, int error)
{
    const struct feed_session_news *news = feed__session_news(mqtt->session);

    if (mqtt->phase == FEED_GREETING && news->greeted)
        greeted(mqtt, news);
    if (type == TYPE_DISCONNECT && news->dismissed && error == 0)
        dismissed(mqtt, news);
    if (error == 0 && !mqtt->doomed && mqtt->phase == FEED_SUBSCRIBING) {
        if (news->refused)
            feed__mqtt_doom(mqtt, FEED_BYE, "%s", news->why.text);
        else if (news->subscribed || mqtt->config->filter_count == 0)
            go_online(mqtt, news);
        else
            error = feed__session_subscribe(mqtt->session);
    }
    if (error == HZ_EPROTO)
        feed__mqtt_malformed(mqtt, FEED_BYE_PROTOCOL, "a packet that has no place here");
    else if (error < 0)
        feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "libmosquitto: %s", hz_strerror(error));
}

/* --- an attempt ends --- */

/* All of the attempt is gone. */
static void unload(struct hz_mqtt *mqtt)
{
    (void)uv_timer_stop(&mqtt->timer);
    feed__dial_cancel(&mqtt->dial);
    if (mqtt->wire.tls && feed__tls_distrusts(mqtt->wire.tls))
        mqtt->distrusted = true;
    feed__wire_close(&mqtt->wire);
    feed__session_free(mqtt->session);
    mqtt->session = NULL;
    hz_mqtt_inlet_reset(mqtt->inlet);
    hz_mqtt_outlet_reset(mqtt->outlet);
    mqtt->doomed = false;
    mqtt->heard = mqtt->spoke = false;
}

static void say_farewell(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static void say_farewell(struct hz_mqtt *mqtt)
{
    if (mqtt->farewell == FEED_NO_FAREWELL || !mqtt->session)
        return;
    if (feed__session_disconnect(mqtt->session, mqtt->farewell) < 0)
        return; /* libmosquitto has hung up first */
    feed__mqtt_flush(mqtt);
    feed__wire_finish(&mqtt->wire);
}

static void lose(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static void lose(struct hz_mqtt *mqtt)
{
    const struct hz_feed_config *config = mqtt->config;
    int64_t now = hz_mono_ns(mqtt->clock);
    struct hz_mqtt_counts *counts = &mqtt->counts;

    if (mqtt->phase == FEED_ONLINE && now - mqtt->online_at > config->backoff_max_ns)
        mqtt->failures = 0; /* it was stable */
    mqtt->failures++;
    say_farewell(mqtt);
    unload(mqtt);
    if (counts->connected) {
        counts->losses++;
        counts->unread_ns += counts->paused_since ? now - counts->paused_since : 0;
    }
    counts->connected = counts->session_present = false;
    counts->paused_since = 0;
    mqtt->phase = FEED_WAITING;
    set_timer(mqtt,
              feed__backoff_ns(config->backoff_min_ns, config->backoff_max_ns, mqtt->failures,
                               feed__chance(&mqtt->chance)),
              false);
    mqtt->on->state(mqtt->on->ctx, HZ_FEED_LOST, mqtt->why.text);
}

/* --- the end --- */

void feed__mqtt_close(struct hz_mqtt *mqtt)
{
    mqtt->phase = FEED_CLOSING;
    unload(mqtt);
    mqtt->handles.ending = true;
    feed__dial_done(&mqtt->dial);
    feed__handle_close((uv_handle_t *)&mqtt->kick);
    feed__handle_close((uv_handle_t *)&mqtt->timer);
}

static void leave(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
static void leave(struct hz_mqtt *mqtt)
{
    bool polite =
        mqtt->session && !mqtt->doomed && feed__session_disconnect(mqtt->session, FEED_BYE) == 0;

    if (!polite) {
        feed__mqtt_close(mqtt);
        return;
    }
    mqtt->phase = FEED_LEAVING;
    set_timer(mqtt, LEAVE_MS * HZ_NS_PER_MS, false);
    feed__wire_reading(&mqtt->wire, true);
    feed__mqtt_kick(mqtt);
}

void feed__mqtt_settle(struct hz_mqtt *mqtt)
{
    if (mqtt->stopping && mqtt->phase < FEED_LEAVING)
        leave(mqtt);
    else if (mqtt->doomed && is_attempt(mqtt->phase))
        lose(mqtt);
}

void feed__mqtt_on_timer(uv_timer_t *timer)
{
    struct hz_mqtt *mqtt = FEED_OWNER(timer, struct hz_mqtt, timer);

    hz_role_assert(&hz_ingest);
    switch (mqtt->phase) {
    case FEED_WAITING:
        if (!mqtt->stopping)
            begin(mqtt);
        break;
    case FEED_SECURING:
    case FEED_GREETING:
    case FEED_SUBSCRIBING:
        if (mqtt->paused) /* it is we who do not listen */
            set_timer(mqtt, mqtt->config->connect_timeout_ns, false);
        else
            feed__mqtt_doom(mqtt, FEED_NO_FAREWELL, "no answer in time%s",
                            feed__mqtt_waiting_for(mqtt));
        feed__mqtt_settle(mqtt);
        break;
    case FEED_ONLINE:
        feed__mqtt_tick(mqtt);
        feed__mqtt_settle(mqtt);
        break;
    case FEED_LEAVING:
        feed__mqtt_close(mqtt);
        break;
    default:
        hz_assert(false); /* these phases have no timer */
    }
}
