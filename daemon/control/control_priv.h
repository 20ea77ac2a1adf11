/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of control share: the peer and his rights, the parsed line, the buffer of an answer,
 * the connection. What must stay true: handlers are called from one place only, the settling of a
 * connection (connection.c), which the loop reaches through the idle handle; all other callbacks and
 * all calls of handlers just note what is new and wake the connection. So nothing is freed or called
 * while somebody further up still works with it.
 */
#ifndef CONTROL_PRIV_H
#define CONTROL_PRIV_H

#include "hz_control.h"
#include "hz_limits.h"

#include <sys/types.h>

#define CONTROL_CONNECTIONS_MAX 64u
#define CONTROL_LINE_BYTES_MAX  4096u /* of a request, without its line end */
#define CONTROL_ARGUMENTS_MAX   16u
#define CONTROL_AHEAD_BYTES     ((size_t)64 << 10)

#define CONTROL_TICK_MS       1000u
#define CONTROL_NAME_TICKS    2u   /* how long a request waits for the name of its user */
#define CONTROL_IDLE_TICKS    60u  /* without a request: who keeps places occupied is sent away */
#define CONTROL_STALLED_TICKS 600u /* nothing of an answer taken: a pager may well stand for minutes */

/* --- peer.c: who asks, and what he may --- */

#define CONTROL_NO_GROUP ((gid_t)-1)

struct control_rights {
    uid_t own;
    gid_t readers; /* hazard: READ, ACK */
    gid_t admins;  /* hazard-admin: all */
};

struct control_peer {
    uid_t uid;
    int right; /* the highest; 0 = none */
    char actor[HZ_ACTOR_BYTES_MAX + 1];
};

/* The groups by name, as of now; may ask a name service: at start only. */
struct control_rights control__rights(void);
/* From the socket: 0 or a negative code. */
int control__peer(int fd, const struct control_rights *rights, struct control_peer *ret_peer) HZ_MUST_USE;
/* The right of a user in these groups. */
int control__right(const struct control_rights *rights, uid_t uid, const gid_t *groups, size_t count);
/* The user's name into `to`; "uid 1000" when he has none. May ask a name service: not on the loop. */
void control__user_name(uid_t uid, char to[HZ_ACTOR_BYTES_MAX + 1]);

/* --- parse.c: a line of a request --- */

struct control_argument {
    const char *name, *value;
};

struct control_parsed {
    const char *verb;
    struct control_argument arguments[CONTROL_ARGUMENTS_MAX];
    unsigned count;
};

/* Takes a line (without its end) apart in place; line[length] is overwritten. NULL, or what is wrong
 * with it, as a sentence. */
const char *control__parse(char *line, size_t length, struct control_parsed *ret_parsed);
/* NULL, or the sentence, with room for it in `to`: are these the arguments of the row? */
const char *control__arguments_fault(const struct control_parsed *parsed, const struct hz_control_row *row,
                                     struct hz_text *to);
const char *control__argument(const struct control_parsed *parsed, const char *name);

/* --- out.c: what waits for the peer --- */

struct control_out {
    char *at;
    size_t start, end, capacity; /* [start, end) waits */
    uint64_t added;              /* bytes, ever */
    bool lost;                   /* no memory: the answer has a hole, the connection must end */
};

void control__out_add(struct control_out *out, const void *bytes, size_t length);
/* Sends what the peer takes now: bytes sent, or a negative code when he is gone. */
ssize_t control__out_send(struct control_out *out, int fd) HZ_MUST_USE;
void control__out_done(struct control_out *out);
static inline size_t control__out_waiting(const struct control_out *out)
{
    return out->end - out->start;
}

/* --- socket.c --- */

struct control_socket {
    int fd;
    bool group_given; /* or there is no such group */
    dev_t device;     /* of the file: another's is not removed */
    ino_t inode;
};

int control__listen(const char *path, gid_t group, struct control_socket *ret_socket) HZ_MUST_USE;
void control__unlink(const char *path, const struct control_socket *socket);
/* Has the other side closed the connection altogether (not only for writing)? */
bool control__hung_up(int fd);

/* --- request.c, connection.c, answer.c --- */

struct control_connection;

struct hz_control_request {
    struct control_connection *connection;
    bool live;    /* begun; `gone` not yet called */
    bool ended;   /* its last line is in the buffer */
    bool started; /* has a stream, or has ended */
    bool more;    /* `next` may have something */
    const struct hz_control_row *row;
    struct hz_control_stream stream;
    struct control_parsed parsed;
    char line[CONTROL_LINE_BYTES_MAX + 1];
};

/* Asks the name service for a user, on libuv's pool; outlives the connection if need be. */
struct control_lookup {
    uv_work_t work;
    uid_t uid;
    char name[HZ_ACTOR_BYTES_MAX + 1];
    struct control_connection *connection; /* NULL: it is gone */
};

struct control_connection {
    struct hz_control *control;
    uv_poll_t poll;
    int fd;
    unsigned place; /* in control->connections */
    int watched; /* enum uv_poll_event */
    unsigned waited_ticks;
    bool woken;
    bool named;      /* the actor is final */
    bool skipping;   /* inside a line that is too long */
    bool read_ended; /* no more requests */
    bool half_closed;
    struct control_peer peer;
    struct control_lookup *lookup;
    struct control_out out;
    struct hz_control_request request;
    size_t input_length;
    char input[CONTROL_LINE_BYTES_MAX + 1];
};

struct hz_control {
    /* set at start */
    uv_loop_t *loop;
    const struct hz_control_row *rows;
    void *ctx;
    char *path;
    struct control_rights rights;
    struct control_socket socket;

    uv_poll_t listening;
    uv_timer_t tick; /* runs while there are connections, or while accepting pauses */
    uv_idle_t settle;
    struct control_connection *connections[CONTROL_CONNECTIONS_MAX];
    struct hz_control_counts counts;
    bool accept_pauses; /* no descriptor left: until the next tick */
    bool in_handler;
    unsigned handles; /* not yet closed */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* Works until the peer is 64 KiB behind (true: there may be more to do) or there is nothing to do. */
bool control__serve(struct control_connection *connection) HZ_ON(hz_output);
void control__request_over(struct hz_control_request *request) HZ_ON(hz_output);
static inline bool control__may_add(const struct control_connection *connection)
{
    return control__out_waiting(&connection->out) < CONTROL_AHEAD_BYTES;
}

/* Takes the descriptor. */
int control__connection_new(struct hz_control *control, int fd) HZ_MUST_USE HZ_ON(hz_output);
void control__connection_close(struct control_connection *connection) HZ_ON(hz_output);
void control__connection_settle(struct control_connection *connection) HZ_ON(hz_output);
void control__connection_tick(struct control_connection *connection) HZ_ON(hz_output);
/* The connection is settled at the loop's next turn. */
void control__wake(struct control_connection *connection) HZ_ON(hz_output);
/* Every CONTROL_TICK_MS. */
void control__tick(struct hz_control *control) HZ_ON(hz_output);
/* One handle of the control is closed; the last one frees it. */
void control__handle_closed(struct hz_control *control) HZ_ON(hz_output);

/* Ends a request as hz_control_fail does, but as the control's own refusal: not counted as failed. */
void control__refuse(struct hz_control_request *request, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4))) HZ_ON(hz_output);
/* {"error":"..","code":..} without a line end. */
void control__error_json(struct hz_text *to, int code, const char *sentence);
#define CONTROL_SENTENCE_BYTES 512u
#define CONTROL_ERROR_BYTES    (6u * CONTROL_SENTENCE_BYTES + 64u) /* every byte escaped */

#endif
