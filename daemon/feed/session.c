/* SPDX-License-Identifier: Apache-2.0
 *
 * libmosquitto behind its inner socket: CONNECT, SUBSCRIBE, DISCONNECT and what comes back. What must
 * stay true: the library never sees a broker's socket, a name to resolve, or a packet that it does not
 * wait for, and starts no thread; its callbacks only note what happened (it holds a lock while it calls), everything is done
 * after it has come back; its bytes are in the outlet when a call of ours returns.
 *
 * Both ends of the inner socket are in this thread, so each call pumps until neither side has anything
 * left to say.
 */
#include "feed_priv.h"

#include "hz_log.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_CONNACK    0x20
#define FIRST_SUBACK     0x90
#define FIRST_DISCONNECT 0xe0

#define SECRET_BYTES  1024
#define PUMP_BYTES    ((size_t)16 << 10)
#define BATCH_FILTERS 64u /* of one SUBSCRIBE: brokers bound a packet */
#define BATCH_BYTES   ((size_t)16 << 10)

struct feed_session {
    const struct hz_feed_config *config;
    struct hz_mqtt_outlet *outlet;
    struct mosquitto *mosquitto;
    struct feed_inner inner;

    /* subscription: filters of QoS 1 first, then of QoS 0 (a SUBSCRIBE of libmosquitto has one) */
    const char **filters; /* in that order */
    uint32_t qos1_count;
    uint32_t begun, asked; /* the SUBSCRIBE under way is for [begun, asked) */
    int message_id;

    struct feed_session_news news;
};

/* --- what libmosquitto tells --- */

static void note_words(struct feed_session *session, const mosquitto_property *properties)
{
    char *words = NULL;

    if (!mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &words, false) ||
        !words)
        return;
    (void)hz_log_quote(session->news.said, sizeof(session->news.said), words, strlen(words));
    free(words);
}

static void on_connect(struct mosquitto *mosquitto, void *ctx, int code, int flags,
                       const mosquitto_property *properties)
{
    struct feed_session *session = ctx;

    (void)mosquitto;
    hz_role_assert(&hz_ingest);
    session->news.greeted = true;
    session->news.greeting = code;
    session->news.session_present = (flags & 1) != 0;
    note_words(session, properties);
    (void)mosquitto_property_read_int16(properties, MQTT_PROP_SERVER_KEEP_ALIVE,
                                        &session->news.server_keepalive_s, false); /* or stays 0 */
}

static uint8_t asked_qos(const struct feed_session *session, uint32_t at)
{
    return at < session->qos1_count ? 1 : 0;
}

static void on_subscribe(struct mosquitto *mosquitto, void *ctx, int message_id, int count,
                         const int *granted, const mosquitto_property *properties)
{
    struct feed_session *session = ctx;
    struct feed_session_news *news = &session->news;
    char quoted[160];

    (void)mosquitto;
    hz_role_assert(&hz_ingest);
    note_words(session, properties);
    if (message_id != session->message_id || count != (int)(session->asked - session->begun)) {
        news->refused = true;
        feed__say(&news->why, "SUBACK for %d filters with id %d: neither was asked for", count,
                  message_id);
        return;
    }
    for (int i = 0; i < count; i++) {
        uint32_t at = session->begun + (uint32_t)i;
        const char *filter = session->filters[at];
        const char *fault = feed__subscription_fault(session->config->protocol, granted[i]);

        if (fault && !news->refused) {
            news->refused = true;
            feed__say(&news->why, "the broker refused the filter \"%s\": %s%s%s%s",
                      hz_log_quote(quoted, sizeof(quoted), filter, strlen(filter)), fault,
                      news->said[0] ? ", \"" : "", news->said, news->said[0] ? "\"" : "");
        } else if (!fault && granted[i] < asked_qos(session, at)) {
            news->lowered = filter;
        }
    }
    session->begun = session->asked;
    news->subscribed = !news->refused && session->begun == session->config->filter_count;
}

static void on_disconnect(struct mosquitto *mosquitto, void *ctx, int code,
                          const mosquitto_property *properties)
{
    struct feed_session *session = ctx;

    (void)mosquitto;
    hz_role_assert(&hz_ingest);
    if (session->news.dismissed)
        return; /* libmosquitto may tell it twice */
    session->news.dismissed = true;
    session->news.dismissal = code;
    note_words(session, properties);
}

/* --- the pump --- */

static int unread(int fd)
{
    int bytes = 0;

    return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

/* libmosquitto reads what stands in its socket. Whole packets were put there; a call that takes
 * nothing means that it does not want them. */
static int let_read(struct feed_session *session)
{
    int left = unread(mosquitto_socket(session->mosquitto));

    while (left > 0) {
        int code = mosquitto_loop_read(session->mosquitto, 1);
        int now = unread(mosquitto_socket(session->mosquitto));

        if (code == MOSQ_ERR_NOMEM)
            return -ENOMEM;
        if (code != MOSQ_ERR_SUCCESS || now >= left)
            return HZ_EPROTO;
        left = now;
    }
    return 0;
}

static int give(struct feed_session *session, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t given = send(session->inner.fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (given < 0 && errno != EAGAIN)
            return -errno;
        if (given > 0) {
            bytes += given;
            length -= (size_t)given;
        }
        int error = let_read(session);
        if (error < 0)
            return error;
    }
    return 0;
}

/* What libmosquitto wrote goes to the outlet; its pings are answered here. */
static int fetch(struct feed_session *session)
{
    static const uint8_t pingresp[] = {0xd0, 0};
    uint8_t bytes[PUMP_BYTES];
    int error = 0;
    ssize_t got;

    while (error == 0 && (got = recv(session->inner.fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        uint32_t pings = 0;

        error = hz_mqtt_outlet_take(session->outlet, bytes, (size_t)got, &pings);
        for (; error == 0 && pings > 0; pings--)
            error = give(session, pingresp, sizeof(pingresp));
        if (error == 0 && mosquitto_want_write(session->mosquitto))
            (void)mosquitto_loop_write(session->mosquitto, 1); /* a lost socket shows as its end */
    }
    explicit_bzero(bytes, sizeof(bytes)); /* CONNECT carries the password */
    return error;
}

/* What became of a call of libmosquitto, and its bytes. */
static int after(struct feed_session *session, int code)
{
    int error = fetch(session);

    if (error < 0)
        return error;
    switch (code) {
    case MOSQ_ERR_SUCCESS:
        return 0;
    case MOSQ_ERR_NOMEM:
        return -ENOMEM;
    default:
        return HZ_EPROTO;
    }
}

/* libmosquitto gets what it waits for and can read, nothing else: version 2.0.11 ends the process by an
 * assertion when a broker sends an AUTH or a property that it does not know. What was never asked for
 * (PUBACK and its kin, UNSUBACK) is not for it either. */
static bool is_awaited(const struct feed_session *session, uint8_t first)
{
    switch (first) {
    case FIRST_CONNACK:
        return !session->news.greeted;
    case FIRST_SUBACK:
        return session->begun < session->asked;
    case FIRST_DISCONNECT:
        return session->config->protocol == 5;
    default:
        return false;
    }
}

int feed__session_packet(struct feed_session *session, const uint8_t *bytes, size_t length)
{
    struct hz_mqtt_frame frame;

    if (hz_mqtt_frame_head(bytes, length, &frame) != HZ_FRAME_WHOLE ||
        !is_awaited(session, frame.first) ||
        !hz_mqtt_answer_ok(frame.first, bytes + frame.head, frame.remaining,
                           session->config->protocol == 5))
        return HZ_EPROTO;
    if (session->config->protocol == 5 && frame.first == FIRST_CONNACK && frame.remaining == 2) {
        session->news.greeted =
            true; /* refused in the words of 3.1.1, which libmosquitto 5 cannot read */
        session->news.greeting = bytes[frame.head + 1];
        return 0;
    }
    int error = give(session, bytes, length);
    int fetched = fetch(session);

    return error < 0 ? error : fetched;
}

int feed__session_tick(struct feed_session *session)
{
    return after(session, mosquitto_loop_misc(session->mosquitto));
}

int feed__session_disconnect(struct feed_session *session, int code)
{
    if (mosquitto_socket(session->mosquitto) < 0)
        return HZ_ESTATE; /* libmosquitto has given up already */
    return after(session, mosquitto_disconnect_v5(session->mosquitto,
                                                  session->config->protocol == 5 ? code : 0, NULL));
}

/* --- SUBSCRIBE --- */

/* MQTT 5: a kept session has the retained messages of QoS 1 filters already, and repeats what was
 * published since; at QoS 0 nothing is repeated, so that the retained value is the newest to be had. */
static int subscribe_options(const struct feed_session *session, uint8_t qos)
{
    if (session->config->protocol != 5)
        return 0;
    return qos > 0 ? MQTT_SUB_OPT_SEND_RETAIN_NEW : MQTT_SUB_OPT_SEND_RETAIN_ALWAYS;
}

int feed__session_subscribe(struct feed_session *session)
{
    uint32_t end =
        session->begun < session->qos1_count ? session->qos1_count : session->config->filter_count;
    uint8_t qos = asked_qos(session, session->begun);
    uint32_t at = session->begun;
    size_t bytes = 0;

    if (session->begun < session->asked || at == session->config->filter_count)
        return 0;
    while (at < end && at - session->begun < BATCH_FILTERS && bytes < BATCH_BYTES)
        bytes += strlen(session->filters[at++]) + 3;
    session->asked = at;
    return after(session,
                 mosquitto_subscribe_multiple(session->mosquitto, &session->message_id,
                                              (int)(session->asked - session->begun),
                                              (char *const *)&session->filters[session->begun], qos,
                                              subscribe_options(session, qos), NULL));
}

static int order_filters(struct feed_session *session)
{
    const struct hz_feed_config *config = session->config;
    uint32_t at = 0;

    session->filters = calloc(config->filter_count + 1, sizeof(*session->filters));
    if (!session->filters)
        return -ENOMEM;
    for (int qos = 1; qos >= 0; qos--) {
        for (uint32_t i = 0; i < config->filter_count; i++)
            if (config->filters[i].qos == qos)
                session->filters[at++] = config->filters[i].filter;
        if (qos == 1)
            session->qos1_count = at;
    }
    hz_assert(at == config->filter_count); /* the configuration knows 0 and 1 only */
    return 0;
}

/* --- CONNECT --- */

static int set_login(struct feed_session *session, struct feed_reason *why)
{
    const struct hz_feed_config *config = session->config;
    char secret[SECRET_BYTES];
    int error = 0;

    if (config->password_file) {
        error = hz_secret_read(config->password_file, secret, sizeof(secret));
        if (error < 0) {
            struct hz_text text = hz_text_in(why->text, sizeof(why->text));
            hz_secret_fault(config->password_file, error, &text);
            return error;
        }
    }
    if (config->user &&
        mosquitto_username_pw_set(session->mosquitto, config->user,
                                  config->password_file ? secret : NULL) != MOSQ_ERR_SUCCESS) {
        feed__say(why, "user or password can not be used: MQTT takes UTF-8 only");
        error = -EINVAL;
    }
    explicit_bzero(secret, sizeof(secret));
    return error;
}

static int set_up(struct feed_session *session, struct feed_reason *why)
{
    const struct hz_feed_config *config = session->config;

    session->mosquitto = mosquitto_new(config->client_id, config->clean_session, session);
    if (!session->mosquitto || order_filters(session) < 0 ||
        mosquitto_int_option(session->mosquitto, MOSQ_OPT_PROTOCOL_VERSION,
                             config->protocol == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311) ||
        mosquitto_int_option(session->mosquitto, MOSQ_OPT_RECEIVE_MAXIMUM,
                             (int)config->receive_maximum)) {
        feed__say(why, "libmosquitto can not be set up: %s", strerror(errno));
        return -ENOMEM;
    }
    mosquitto_connect_v5_callback_set(session->mosquitto, on_connect);
    mosquitto_subscribe_v5_callback_set(session->mosquitto, on_subscribe);
    mosquitto_disconnect_v5_callback_set(session->mosquitto, on_disconnect);
    return set_login(session, why);
}

/* Properties of CONNECT, beside the receive maximum, which libmosquitto adds. No maximum packet size:
 * a broker drops what is above it without a word, whereas here it is skipped, counted and acknowledged.
 * No topic aliases: without the property there are none. */
static int connect_properties(const struct hz_feed_config *config, mosquitto_property **properties)
{
    if (config->protocol != 5 || config->clean_session || config->session_expiry_s == 0)
        return MOSQ_ERR_SUCCESS; /* 3.1.1 keeps for as long as the broker likes */
    return mosquitto_property_add_int32(properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                        config->session_expiry_s);
}

static int connect_through(struct feed_session *session, const char *inner_path,
                           struct feed_reason *why)
{
    mosquitto_property *properties = NULL;

    int error = feed__inner_listen(&session->inner, inner_path, why);
    if (error < 0)
        return error;
    int code = connect_properties(session->config, &properties);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_connect_bind_v5(session->mosquitto, inner_path, 0,
                                         (int)session->config->keepalive_s, NULL, properties);
    mosquitto_property_free_all(&properties);
    if (code != MOSQ_ERR_SUCCESS) {
        feed__say(why, "inner socket %s: %s", inner_path,
                  code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
        return HZ_ESTATE;
    }
    (void)fcntl(mosquitto_socket(session->mosquitto), F_SETFD, FD_CLOEXEC); /* ours: it is open */
    error = feed__inner_accept(&session->inner, why);
    if (error < 0)
        return error;
    /* libmosquitto needs the password no more (CONNECT is sent once in a session's life) */
    (void)mosquitto_username_pw_set(session->mosquitto, NULL, NULL);
    error = fetch(session);
    if (error < 0)
        feed__say(why, "CONNECT: %s", hz_strerror(error));
    return error;
}

int feed__session_new(const struct hz_feed_config *config, const char *inner_path,
                      struct hz_mqtt_outlet *outlet, struct feed_session **ret_session,
                      struct feed_reason *why)
{
    struct feed_session *session = calloc(1, sizeof(*session));

    if (!session) {
        feed__say(why, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    session->config = config;
    session->outlet = outlet;
    session->inner = (struct feed_inner){.listener = -1, .fd = -1};
    int error = set_up(session, why);
    if (error == 0)
        error = connect_through(session, inner_path, why);
    if (error < 0) {
        feed__session_free(session);
        return error;
    }
    *ret_session = session;
    return 0;
}

void feed__session_free(struct feed_session *session)
{
    if (!session)
        return;
    if (session->mosquitto)
        mosquitto_destroy(session->mosquitto);
    feed__inner_close(&session->inner);
    free(session->filters);
    free(session);
}

const struct feed_session_news *feed__session_news(const struct feed_session *session)
{
    return &session->news;
}
