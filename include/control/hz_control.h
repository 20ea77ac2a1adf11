/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The control socket: a unix stream socket on which hazardctl asks. It knows the protocol, who
 *         the peer is and what he may do; the answers come from a table of commands that the pipeline
 *         hands in.
 *
 *           request   one line:   verb TAB name=value TAB name=value ... LF
 *                     in a value TAB, LF, CR and backslash are written \t \n \r \\
 *           answer    one JSON object a line, then one last line {"end":true}, or
 *                     {"error":"a sentence","code":-1010}
 *         One connection carries any number of requests, one after the other.
 * WAY     hazardctl ~~> here -> pipeline
 * THREAD  hz_output alone; handlers are called on it, from the loop
 * OWNS    the socket and its file; a request lives until its answer has ended or its peer is gone
 * FULL    an answer is made only as fast as the peer reads it (64 KiB ahead at most); at most 64
 *         connections, the next is told so and closed; a line above 4 KiB is refused; a peer without
 *         a request for a minute, or that takes nothing of an answer for ten, is sent away
 */
#ifndef HZ_CONTROL_H
#define HZ_CONTROL_H

#include "hz_role.h"
#include "hz_text.h"

#include <uv.h>

struct hz_control;
struct hz_control_request;

/* What a command needs. Root and the user of the daemon may all; group `hazard-admin` too; group
 * `hazard` may READ and ACK. By SO_PEERCRED and SO_PEERGROUPS (the first gives the primary group only). */
enum hz_control_right { HZ_RIGHT_READ = 1, HZ_RIGHT_ACK = 2, HZ_RIGHT_ADMIN = 3 };

struct hz_control_row {
    const char *verb;
    enum hz_control_right right;
    /* Names of arguments, separated by blanks; "!" in front: must be there. Others are refused. */
    const char *arguments;
    /* Begins the answer: calls hz_control_end or _fail at once, or hz_control_stream. */
    void (*begin)(void *ctx, struct hz_control_request *request);
};

/* Called whenever the peer can take more: adds one or a few lines, or ends. A handler that has nothing
 * yet returns without adding and calls hz_control_more later; called within `next` it means "not yet,
 * ask again at the loop's next turn", for long searches in slices. `gone`: called once when the request
 * is over: soon after hz_control_end or _fail (never within them), or when its peer has left or the control
 * stops; until then `state` must live, after it the request may not be used. Either may be NULL: a
 * request that is answered later by hz_control_end or _fail from elsewhere needs `gone` alone. */
struct hz_control_stream {
    void (*next)(void *state, struct hz_control_request *request);
    void (*gone)(void *state);
    void *state;
};

/* `path` at most 107 bytes; a stale file is replaced, a living socket there gives -EADDRINUSE, any other
 * file -ENOTSOCK. Mode 0660, group `hazard` where it exists. `rows` ends with a NULL verb. Asks the
 * system's name service for the groups, before the threads work. */
int hz_control_new(uv_loop_t *loop, const char *path, const struct hz_control_row *rows, void *ctx,
                   struct hz_control **ret_control) HZ_MUST_USE HZ_ON(hz_output);
/* Ends all requests and removes the file; `closed` when the object is gone. Not from a handler. */
void hz_control_stop(struct hz_control *control, void (*closed)(void *ctx), void *ctx) HZ_ON(hz_output);

/* Counted, since nothing may be dropped unseen. */
struct hz_control_counts {
    uint64_t connections; /* accepted */
    uint64_t turned_away; /* too many, or not to be identified */
    uint64_t requests;    /* handed to a handler */
    uint64_t malformed;   /* lines that are no request: broken, too long, unknown command or argument */
    uint64_t denied;
    uint64_t failed;    /* by hz_control_fail */
    uint64_t cut_off;   /* peers that left, or were sent away, before all their answers had ended */
    uint64_t timed_out; /* sent away */
    uint32_t open;
    bool group_given; /* false: the daemon may not give the socket to group `hazard` */
};
void hz_control_counts(const struct hz_control *control, struct hz_control_counts *ret_counts) HZ_ON(hz_output);

/* --- in a handler --- */

/* The value of an argument, unescaped, terminated; NULL when it was not given. Lent until the end. */
const char *hz_control_argument(const struct hz_control_request *request, const char *name) HZ_ON(hz_output);
/* A whole number within bounds: false, and the request has failed with a clear sentence, when it is
 * something else. Not given: *ret_value keeps what it holds. */
bool hz_control_number(struct hz_control_request *request, const char *name, int64_t least, int64_t most,
                       int64_t *ret_value) HZ_ON(hz_output);
/* "user" or "uid 1000" (he has no name, or the name service did not say within two seconds): who asks,
 * for the journal. Lent until the end. */
const char *hz_control_actor(const struct hz_control_request *request) HZ_ON(hz_output);

/* Adds one line: a whole JSON object without its line end. Its first member is neither "end" nor "error". */
void hz_control_line(struct hz_control_request *request, const char *json, size_t length) HZ_ON(hz_output);
void hz_control_stream(struct hz_control_request *request, const struct hz_control_stream *stream) HZ_ON(hz_output);
void hz_control_more(struct hz_control_request *request) HZ_ON(hz_output);
void hz_control_end(struct hz_control_request *request) HZ_ON(hz_output);
/* `code` negative (hz_error.h), `format` a sentence for the person at the terminal. */
void hz_control_fail(struct hz_control_request *request, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4))) HZ_ON(hz_output);

#endif
