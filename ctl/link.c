/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon's control socket, from this side: one request, then lines until the one that ends the
 * answer. What must stay true: nothing waits for ever, but for the next line of a stream that was
 * asked to have no end; an answer that breaks off is never taken for a whole one.
 */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_BYTES  4096u /* the daemon refuses longer lines */
#define LINE_BYTES_MAX ((size_t)16 << 20)

struct link {
    const struct ctl_call *call;
    bool follows;
    int fd;
    char *at; /* [start, end) is read but not yet given out */
    size_t start, end, capacity;
};

__attribute__((format(printf, 2, 3))) static void say(const struct ctl_call *call,
                                                      const char *format, ...)
{
    char sentence[CTL_CELL_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    if (!call->fault)
        ctl_say("%s", sentence);
    else if (call->chinese)
        ctl_in_chinese(sentence, call->fault);
    else
        hz_text_puts(call->fault, sentence);
}

/* --- connecting --- */

static int unreachable(const struct ctl_call *call, int error)
{
    static const char *const hints[] = {
        "is it running?   systemctl status hazardd",
        "start it         systemctl start hazardd",
        "another socket   hazardctl --socket PATH, or $HAZARDD_SOCKET",
    };

    if (error == EACCES || error == EPERM) {
        say(call, "no permission for %s: be root, or a member of group hazard", call->socket);
        return CTL_UNREACHABLE;
    }
    say(call, "hazardd is not reachable at %s: %s", call->socket, strerror(error));
    if (call->fault)
        return CTL_UNREACHABLE;
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        char room[256];
        struct hz_text hint = hz_text_in(room, sizeof(room));

        if (call->chinese)
            ctl_in_chinese(hints[i], &hint);
        fprintf(stderr, "    %s\n", call->chinese ? room : hints[i]);
    }
    return CTL_UNREACHABLE;
}

static int silent(const struct ctl_call *call)
{
    say(call, "hazardd at %s has not answered for %d s (--timeout)", call->socket, call->timeout_s);
    return CTL_UNREACHABLE;
}

/* A full backlog makes connect wait: SO_SNDTIMEO bounds that, as unix(7) sockets hold it. */
static int connect_link(struct link *link)
{
    struct timeval most = {.tv_sec = link->call->timeout_s};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(link->call->socket) >= sizeof(address.sun_path))
        return unreachable(link->call, ENAMETOOLONG);
    memcpy(address.sun_path, link->call->socket, strlen(link->call->socket));
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return unreachable(link->call, errno);
    (void)setsockopt(link->fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
    if (connect(link->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return CTL_OK;
    return errno == EAGAIN ? silent(link->call) : unreachable(link->call, errno);
}

/* --- the request --- */

static void add_argument(struct hz_text *request, const char *name, const char *value)
{
    static const char bytes[] = "\t\n\r\\", letters[] = "tnr\\";

    hz_text_format(request, "\t%s=", name);
    for (; *value; value++) {
        const char *escaped = strchr(bytes, *value);

        if (escaped)
            hz_text_puts(request, "\\");
        hz_text_add(request, escaped ? &letters[escaped - bytes] : value, 1);
    }
}

static int send_request(struct link *link)
{
    const struct ctl_command *command = link->call->command;
    char room[REQUEST_BYTES + 2];
    struct hz_text request = hz_text_in(room, sizeof(room));

    hz_text_puts(&request, command->name);
    for (unsigned i = 0; command->options[i].name; i++)
        if (link->call->values[i])
            add_argument(&request, command->options[i].name, link->call->values[i]);
    if (link->call->operand)
        add_argument(&request, command->operand_argument, link->call->operand);
    hz_text_puts(&request, "\n");
    if (request.overflow) {
        say(link->call, "%s: the arguments are longer than %u bytes", command->name, REQUEST_BYTES);
        return CTL_USAGE;
    }
    /* It fits the fresh socket's buffer. One that turns us away has closed already, but what it says
     * is there to be read. */
    ssize_t sent = send(link->fd, request.at, request.length, MSG_NOSIGNAL);
    return sent >= 0 || errno == EPIPE || errno == ECONNRESET ? CTL_OK
                                                              : unreachable(link->call, errno);
}

/* --- the answer --- */

static bool make_room(struct link *link)
{
    if (link->start > 0) {
        memmove(link->at, link->at + link->start, link->end - link->start);
        link->end -= link->start;
        link->start = 0;
    }
    if (link->end < link->capacity)
        return true;
    size_t capacity = link->capacity ? 2 * link->capacity : 64 << 10;
    char *grown = capacity <= LINE_BYTES_MAX ? realloc(link->at, capacity) : NULL;
    if (!grown)
        return false;
    link->at = grown;
    link->capacity = capacity;
    return true;
}

static int broke_off(const struct link *link)
{
    say(link->call, "hazardd at %s closed the connection before its answer had ended",
        link->call->socket);
    return CTL_REFUSED;
}

static int wait_for(const struct link *link)
{
    int ms = link->follows ? -1 : link->call->timeout_s * 1000;
    struct pollfd wait = {.fd = link->fd, .events = POLLIN};

    return link->call->wait ? link->call->wait(link->call->wait_ctx, link->fd, ms)
                            : poll(&wait, 1, ms);
}

static int read_more(struct link *link)
{

    if (!make_room(link)) {
        say(link->call, "a line of the answer is too long");
        return CTL_REFUSED;
    }
    int ready = wait_for(link);
    if (ready == 0)
        return silent(link->call);
    if (ready < 0 && link->call->wait)
        return CTL_REFUSED; /* it knows why */
    ssize_t got = recv(link->fd, link->at + link->end, link->capacity - link->end, 0);
    if (got > 0)
        link->end += (size_t)got;
    else if (got == 0 || errno == ECONNRESET)
        return broke_off(link);
    else if (errno != EINTR && errno != EAGAIN)
        return unreachable(link->call, errno);
    return CTL_OK;
}

/* The next line without its end, lent until the next call. */
static int next_line(struct link *link, struct hz_slice *ret_line)
{
    size_t seen = link->start;

    for (;;) {
        char *end = link->end > seen ? memchr(link->at + seen, '\n', link->end - seen) : NULL;

        if (end) {
            char *from = link->at + link->start;

            *ret_line = (struct hz_slice){from, (size_t)(end - from)};
            link->start += ret_line->length + 1;
            return CTL_OK;
        }
        seen = link->end - link->start; /* make_room moves what there is to the head */
        int code = read_more(link);
        if (code != CTL_OK)
            return code;
    }
}

static bool begins(struct hz_slice line, const char *with)
{
    size_t length = strlen(with);

    return line.length >= length && memcmp(line.at, with, length) == 0;
}

static int say_refusal(const struct ctl_call *call, const json_t *row)
{
    const char *sentence = json_string_value(json_object_get(row, "error"));
    char room[CTL_CELL_BYTES];
    struct hz_text text = hz_text_in(room, sizeof(room));

    ctl_harmless(&text, sentence ? sentence : "refused", sentence ? strlen(sentence) : 7);
    say(call, "%s", text.at);
    return CTL_REFUSED;
}

/* One line: *ret_ended, or a row for `row` or stdout. Only what looks like the last line or goes into
 * a table is parsed. */
static int take_line(const struct link *link, struct hz_slice line, ctl_row row, void *ctx,
                     bool *ret_ended)
{
    bool last = begins(line, "{\"end\":") || begins(line, "{\"error\":");
    int code = CTL_OK;

    if (link->call->json && !last) {
        fwrite(line.at, 1, line.length, stdout);
        putchar('\n');
    } else {
        json_t *parsed = json_loadb(line.at, line.length, 0, NULL);
        if (!json_is_object(parsed)) {
            say(link->call, "a line of the answer is not a JSON object");
            code = CTL_REFUSED;
        } else if (last) {
            *ret_ended = true;
            code = begins(line, "{\"error\":") ? say_refusal(link->call, parsed) : CTL_OK;
        } else if (!row(ctx, parsed)) {
            code = CTL_REFUSED;
        }
        json_decref(parsed);
    }
    if (link->follows)
        fflush(stdout);
    return code;
}

static int read_answer(struct link *link, ctl_row row, void *ctx)
{
    struct hz_slice line;
    bool ended = false;
    int code = CTL_OK;

    while (code == CTL_OK && !ended) {
        code = next_line(link, &line);
        if (code == CTL_OK)
            code = take_line(link, line, row, ctx, &ended);
    }
    return code;
}

int ctl_ask(const struct ctl_call *call, bool follows, ctl_row row, void *ctx)
{
    struct link link = {.call = call, .follows = follows, .fd = -1};

    int code = connect_link(&link);
    if (code == CTL_OK)
        code = send_request(&link);
    if (code == CTL_OK)
        code = read_answer(&link, row, ctx);
    if (link.fd >= 0)
        close(link.fd);
    free(link.at);
    return code;
}
