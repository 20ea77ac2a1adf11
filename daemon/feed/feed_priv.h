/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this module share. From the network inwards:
 *
 *   broker ~~ dial (resolve, connect) -> wire (socket, TLS, pacing) -> inlet -> events.message
 *                                          ^                             |  other packets
 *                                          |                             v
 *                                        outlet <--- inner socket --- session (libmosquitto)
 *
 * An *attempt* goes from dialling to the loss; everything but the inlet, the outlet and the numbers of
 * acknowledgements lives for one attempt. A *turn* is one call of the loop; what ends an attempt in the
 * middle of a turn only dooms it, and is carried out when the turn is over: nothing is torn down under
 * the feet of a caller.
 */
#ifndef FEED_PRIV_H
#define FEED_PRIV_H

#include "hz_limits.h"
#include "hz_mqtt.h"
#include "hz_mqtt_inlet.h"
#include "hz_mqtt_outlet.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/types.h>
#include <sys/un.h>

#define FEED_READ_BYTES ((size_t)256 << 10)

/* --- bytes.c: a queue of bytes in one piece --- */

struct feed_bytes {
    uint8_t *at;
    size_t begin, end, capacity;
};

void feed__bytes_done(struct feed_bytes *bytes);
int feed__bytes_reserve(struct feed_bytes *bytes, size_t more) HZ_MUST_USE;
int feed__bytes_add(struct feed_bytes *bytes, const void *more, size_t length) HZ_MUST_USE;
void feed__bytes_drop(struct feed_bytes *bytes, size_t length);

/* --- reason.c: why something ended, for a person --- */

struct feed_reason {
    char text[400];
};

void feed__say(struct feed_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The words for a CONNACK, SUBACK or DISCONNECT code, with a hint where there is one. */
void feed__say_greeting(struct feed_reason *reason, uint8_t protocol, int code, const char *said);
void feed__say_dismissal(struct feed_reason *reason, int code, const char *said);
const char *feed__subscription_fault(uint8_t protocol, int code);

/* --- backoff.c --- */

/* The pause before the next attempt: doubles with each failure up to `max`, half of it by chance, so
 * that a thousand daemons do not come back to a restarted broker in one instant. */
int64_t feed__backoff_ns(int64_t min_ns, int64_t max_ns, uint32_t failures, uint64_t chance);
uint64_t feed__chance(uint64_t *state);

/* --- address.c --- */

struct feed_address {
    bool is_unix;
    char host[256]; /* or the path */
    uint16_t port;
};

/* 0 or -EINVAL. */
int feed__address_parse(const char *text, struct feed_address *ret_address) HZ_MUST_USE;

struct feed_endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
    } at;
    socklen_t length;
};

/* A numeric address or a unix path, without asking anybody; false: a name. */
bool feed__address_literal(const struct feed_address *address, struct feed_endpoint *ret_endpoint);
void feed__endpoint_text(const struct feed_endpoint *endpoint, char *to, size_t size);

/* --- poll.c: libuv handles that outlive their owner until libuv has closed them --- */

struct feed_handles {
    uint32_t open;
    void (*all_closed)(void *ctx); /* asked for when `open` has become 0 and `ending` is set */
    void *ctx;
    bool ending;
};

void feed__handle_opened(struct feed_handles *handles, uv_handle_t *handle);
void feed__handle_close(uv_handle_t *handle); /* one that was told to feed__handle_opened */

/* The object that a handle is a member of. */
#define FEED_OWNER(handle, type, member) ((type *)(void *)((char *)(handle) - offsetof(type, member)))

struct feed_poll;

/* Takes `fd` when it succeeds; _free closes it. */
int feed__poll_new(uv_loop_t *loop, struct feed_handles *handles, int fd,
                   void (*ready)(void *ctx, int events), void *ctx, struct feed_poll **ret_poll) HZ_MUST_USE;
void feed__poll_want(struct feed_poll *poll, int events); /* 0 = nothing */
void feed__poll_free(struct feed_poll *poll);
int feed__poll_release(struct feed_poll *poll); /* gives the descriptor back */

/* --- dial.c: a connected socket, or why there is none --- */

#define FEED_ENDPOINTS_MAX 16u

struct feed_lookup;

struct feed_dial {
    /* set at start */
    uv_loop_t *loop;
    struct feed_handles *handles;
    const struct feed_address *address;
    void (*connected)(void *ctx, int fd); /* takes fd */
    void (*failed)(void *ctx, const struct feed_reason *why);
    void *ctx;

    uv_timer_t timer;
    struct feed_lookup *lookup; /* under way; may outlive an attempt, is never started twice */
    struct feed_poll *trying;
    struct feed_endpoint endpoints[FEED_ENDPOINTS_MAX];
    uint32_t count, next;
    uint64_t deadline_ms; /* uv_now */
    bool active;
    struct feed_reason why; /* of the endpoints that failed */
};

/* The address must outlive it. */
void feed__dial_init(struct feed_dial *dial, uv_loop_t *loop, struct feed_handles *handles,
                     const struct feed_address *address);
void feed__dial_start(struct feed_dial *dial, int64_t timeout_ns);
void feed__dial_cancel(struct feed_dial *dial);
void feed__dial_done(struct feed_dial *dial);

/* --- tls.c --- */

int feed__trust_new(const char *ca_file, SSL_CTX **ret_trust, struct feed_reason *why) HZ_MUST_USE;

struct feed_tls;

enum feed_tls_result { FEED_TLS_BROKEN = -2, FEED_TLS_ENDED = -1, FEED_TLS_WAIT = 0 };

int feed__tls_new(SSL_CTX *trust, const char *name, const char *ca_file, struct feed_tls **ret_tls) HZ_MUST_USE;
void feed__tls_free(struct feed_tls *tls);
/* 1 = done, else enum feed_tls_result. */
int feed__tls_handshake(struct feed_tls *tls);
/* Bytes, else enum feed_tls_result. */
ssize_t feed__tls_read(struct feed_tls *tls, uint8_t *to, size_t size);
ssize_t feed__tls_write(struct feed_tls *tls, const uint8_t *bytes, size_t length);
void feed__tls_say_goodbye(struct feed_tls *tls);
/* Cipher text from the network, and for it. */
int feed__tls_push(struct feed_tls *tls, const uint8_t *bytes, size_t length) HZ_MUST_USE;
size_t feed__tls_pull(struct feed_tls *tls, uint8_t *to, size_t size);
void feed__tls_why(const struct feed_tls *tls, struct feed_reason *ret_why);
/* The peer's certificate was refused: the CA file may have been replaced since. */
bool feed__tls_distrusts(const struct feed_tls *tls);

/* --- wire.c: the socket to the broker, with or without TLS --- */

struct feed_wire {
    struct feed_poll *poll;  /* NULL = not open */
    struct feed_poll *pacer; /* timer of the pauses between reads; NULL = read at once */
    void (*turn)(void *ctx); /* reading or writing may be possible again */
    void *ctx;
    struct feed_tls *tls;
    struct feed_bytes cipher; /* not sent yet */
    int fd, pacer_fd; /* closed by their polls */
    int64_t coalesce_ns;
    uint64_t read_at; /* uv_hrtime of the last read */
    uint64_t turn_bytes;
    uint64_t window_at, window_bytes; /* for `loaded` */
    bool loaded;
    bool reading, paced, full;
    bool ended, finished;
    struct feed_reason why;
};

struct feed_wire_plan {
    uv_loop_t *loop;
    struct feed_handles *handles;
    int fd; /* taken, also on failure */
    struct feed_tls *tls; /* taken, also on failure; NULL = none */
    int64_t coalesce_ns;
    void (*turn)(void *ctx);
    void *ctx;
};

int feed__wire_open(struct feed_wire *wire, const struct feed_wire_plan *plan) HZ_MUST_USE;
void feed__wire_close(struct feed_wire *wire);
/* 1 = secured (or no TLS), 0 = not yet, negative = `why`. */
int feed__wire_secure(struct feed_wire *wire);
/* Bytes; 0 = nothing at present; negative = at an end, `why`. */
ssize_t feed__wire_read(struct feed_wire *wire, uint8_t *to, size_t size) HZ_ON(hz_ingest);
ssize_t feed__wire_write(struct feed_wire *wire, const uint8_t *bytes, size_t length) HZ_ON(hz_ingest);
void feed__wire_reading(struct feed_wire *wire, bool reading);
/* No more will be written: tells the peer when all is sent. */
void feed__wire_finish(struct feed_wire *wire) HZ_ON(hz_ingest);

/* --- session.c: libmosquitto behind its inner socket --- */

struct feed_session;

/* What libmosquitto made of the packets so far. */
struct feed_session_news {
    bool greeted; /* CONNACK */
    int greeting;
    bool session_present;
    uint16_t server_keepalive_s; /* 0 = ours holds */
    bool subscribed; /* SUBACK for all filters */
    bool refused;    /* a filter; `why` */
    const char *lowered; /* a filter granted with a lower QoS than asked for */
    bool dismissed;  /* DISCONNECT */
    int dismissal;
    char said[160]; /* the broker's own words with any of these, quoted */
    struct feed_reason why;
};

/* Speaks CONNECT: its bytes are in the outlet. */
int feed__session_new(const struct hz_feed_config *config, const char *inner_path,
                      struct hz_mqtt_outlet *outlet, struct feed_session **ret_session,
                      struct feed_reason *why) HZ_MUST_USE;
void feed__session_free(struct feed_session *session);
/* A packet from the broker; HZ_EPROTO when libmosquitto does not wait for it, or does not like it. */
int feed__session_packet(struct feed_session *session, const uint8_t *bytes, size_t length) HZ_MUST_USE;
/* The next SUBSCRIBE, unless one is under way or there is nothing left to ask for. */
int feed__session_subscribe(struct feed_session *session) HZ_MUST_USE;
/* Once a second or so: libmosquitto keeps its own time. */
int feed__session_tick(struct feed_session *session) HZ_MUST_USE;
int feed__session_disconnect(struct feed_session *session, int code) HZ_MUST_USE;
const struct feed_session_news *feed__session_news(const struct feed_session *session);

/* --- inner.c: the private socket that libmosquitto connects to --- */

struct feed_inner {
    int listener, fd;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

int feed__inner_path(const char *directory, const char *feed, char *to, size_t size) HZ_MUST_USE;
int feed__inner_listen(struct feed_inner *inner, const char *path, struct feed_reason *why) HZ_MUST_USE;
int feed__inner_accept(struct feed_inner *inner, struct feed_reason *why) HZ_MUST_USE;
void feed__inner_close(struct feed_inner *inner);

/* --- mqtt.c, mqtt_life.c, mqtt_traffic.c: the feed --- */

/* DISCONNECT reason codes (MQTT 5, table 3-13) */
#define FEED_NO_FAREWELL      (-1)
#define FEED_BYE              0x00
#define FEED_BYE_MALFORMED    0x81
#define FEED_BYE_PROTOCOL     0x82
#define FEED_BYE_TOO_MANY     0x93 /* receive maximum exceeded */
#define FEED_BYE_QOS          0x9b /* QoS not supported */

#define FEED_TICKS_PER_KEEPALIVE 4u

enum feed_phase {
    FEED_NEW,
    FEED_WAITING,     /* for the next attempt */
    FEED_DIALLING,    /* until connected */
    FEED_SECURING,    /* TLS handshake */
    FEED_GREETING,    /* until CONNACK */
    FEED_SUBSCRIBING, /* until the last SUBACK */
    FEED_ONLINE,
    FEED_LEAVING, /* DISCONNECT is on its way out */
    FEED_CLOSING  /* until libuv has closed everything */
};

struct hz_mqtt {
    /* set at start */
    uv_loop_t *loop;
    const struct hz_clock *clock;
    const struct hz_feed_config *config;
    const struct hz_mqtt_events *on;
    struct feed_address address;
    char inner_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

    /* the attempt */
    enum feed_phase phase;
    uv_timer_t timer; /* of the phase: back-off, dead-line, keep-alive tick */
    uv_idle_t kick;   /* a turn without the socket's asking for it */
    struct feed_handles handles;
    struct feed_dial dial;
    struct feed_wire wire;
    struct feed_session *session;
    SSL_CTX *trust;
    bool distrusted; /* read the CA file again */
    bool doomed;
    int farewell; /* DISCONNECT code to end the attempt with */
    struct feed_reason why;
    uint32_t failures; /* since the last stable connection */
    uint64_t chance;
    int64_t begun_at, online_at; /* mono */

    /* traffic */
    struct hz_mqtt_inlet *inlet;
    struct hz_mqtt_inlet_events inlet_on;
    struct hz_mqtt_outlet *outlet;
    bool paused;
    bool block_open; /* messages were handed on since the last read_end */
    bool heard, spoke; /* since the last tick */
    uint32_t silent_ticks, mute_ticks;

    struct hz_mqtt_counts counts;
    void (*closed)(void *ctx);
    void *closed_ctx;
    bool stopping;
};

/* life */
void feed__mqtt_on_timer(uv_timer_t *timer);
void feed__mqtt_dialled(void *ctx, int fd);
void feed__mqtt_not_dialled(void *ctx, const struct feed_reason *why);
void feed__mqtt_secured(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
/* libmosquitto was given a packet of this type and returned `error`. */
void feed__mqtt_news(struct hz_mqtt *mqtt, unsigned type, int error) HZ_ON(hz_ingest);
/* Ends the attempt when the turn is over; the first reason holds. `farewell`: a DISCONNECT code, or
 * FEED_NO_FAREWELL. */
void feed__mqtt_doom(struct hz_mqtt *mqtt, int farewell, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void feed__mqtt_malformed(struct hz_mqtt *mqtt, int farewell, const char *what) HZ_ON(hz_ingest);
/* The end of every turn: carries out what was decided in it. */
void feed__mqtt_settle(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
/* Everything of the feed on its way to being closed. */
void feed__mqtt_close(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
const char *feed__mqtt_waiting_for(const struct hz_mqtt *mqtt);

/* traffic */
void feed__mqtt_turn(void *ctx);
void feed__mqtt_on_kick(uv_idle_t *kick);
void feed__mqtt_kick(struct hz_mqtt *mqtt); /* a turn soon, without the socket's asking for it */
void feed__mqtt_flush(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
void feed__mqtt_tick(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
void feed__mqtt_end_block(struct hz_mqtt *mqtt) HZ_ON(hz_ingest);
bool feed__mqtt_on_publish(void *ctx, const struct hz_mqtt_publish *publish, uint64_t packet_bytes);
bool feed__mqtt_on_packet(void *ctx, const uint8_t *bytes, size_t length);

#endif
