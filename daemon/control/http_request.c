/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests over HTTP, from their head to their answer. What must stay true: a request is answered once
 * and freed by libmicrohttpd's last word on it (http__on_completed); one that waits is suspended, which
 * costs nothing, and is in the list of those that wait.
 */
#include "http_priv.h"

#include <stdlib.h>
#include <string.h>

static enum MHD_Result queue_answer(struct hz_http_request *request)
{
    return MHD_queue_response(request->connection, request->status, request->response);
}

static void make_response(struct hz_http_request *request, unsigned status, const char *type,
                          char *text, size_t length)
{
    static char nothing[] = "no memory\n";

    request->status = text ? status : MHD_HTTP_SERVICE_UNAVAILABLE;
    request->response =
        MHD_create_response_from_buffer(text ? length : strlen(nothing), text ? text : nothing,
                                        text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!request->response) {
        free(text);
        return;
    }
    (void)MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (request->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
}

static void refuse(struct hz_http_request *request, unsigned status, const char *sentence)
{
    char *text = strdup(sentence);

    request->http->counts.refused++;
    make_response(request, status, "text/plain; charset=utf-8", text, strlen(sentence));
}

static bool is_method(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static void begin(struct hz_http_request *request, const char *path, const char *method)
    HZ_ON(hz_output)
{
    struct hz_http *http = request->http;

    for (const struct hz_http_row *row = http->config.rows; row->path; row++) {
        if (strcmp(row->path, path) != 0)
            continue;
        if (!is_method(method)) {
            refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
            return;
        }
        http->counts.requests++;
        request->next = http->waiting;
        http->waiting = request;
        row->begin(http->config.ctx, request);
        return;
    }
    refuse(request, MHD_HTTP_NOT_FOUND, "there is /metrics, /healthz and /readyz\n");
}

static struct hz_http_request *new_request(struct hz_http *http, struct MHD_Connection *connection)
{
    struct hz_http_request *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    request->http = http;
    request->connection = connection;
    return request;
}

/* Called by libmicrohttpd when the head is there, again for each piece of a body (which nobody wants),
 * and once more when the request is whole or was resumed. MHD_NO ends the connection. */
enum MHD_Result http__on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *body,
                                 size_t *body_bytes, void **place)
{
    struct hz_http_request *request = *place;

    (void)version, (void)body;
    hz_role_assert(&hz_output);
    if (!request) {
        *place = new_request(ctx, connection);
        return *place ? MHD_YES : MHD_NO;
    }
    if (*body_bytes > 0) {
        *body_bytes = 0;
        return MHD_YES;
    }
    if (!request->begun) {
        request->begun = true;
        begin(request, path, method);
        if (!request->response && request->http->waiting == request) {
            request->suspended = true;
            MHD_suspend_connection(connection);
            return MHD_YES;
        }
    }
    return request->response ? queue_answer(request) : MHD_NO;
}

void http__on_completed(void *ctx, struct MHD_Connection *connection, void **place,
                        enum MHD_RequestTerminationCode how)
{
    struct hz_http_request *request = *place;

    (void)ctx, (void)connection, (void)how;
    if (!request)
        return;
    if (request->response)
        MHD_destroy_response(request->response);
    free(request);
    *place = NULL;
}

static void take_out(struct hz_http_request *request)
{
    struct hz_http_request **at = &request->http->waiting;

    while (*at && *at != request)
        at = &(*at)->next;
    hz_assert(*at);
    *at = request->next;
    request->next = NULL;
}

const char *hz_http_header(const struct hz_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void hz_http_answer(struct hz_http_request *request, unsigned status, const char *content_type,
                    char *text, size_t length)
{
    struct hz_http *http = request->http;

    take_out(request);
    make_response(request, status, content_type, text, length);
    if (!request->suspended)
        return; /* from inside begin */
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http__run_soon(http);
}

void http__answer_all(struct hz_http *http)
{
    static const char sentence[] = "stopping\n";

    while (http->waiting) {
        http->config.gone(http->config.ctx, http->waiting);
        hz_http_answer(http->waiting, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8",
                       strdup(sentence), strlen(sentence));
    }
}
