/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket of the HTTP server. What must stay true: an address is what stands there in
 * digits, so that no name service is asked and "localhost" is not taken for something else.
 */
#include "http_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 16

static int parse_port(const char *text, uint16_t *ret_port)
{
    char *end;

    if (strspn(text, "0123456789") != strlen(text) || !*text)
        return -EINVAL;
    errno = 0;
    unsigned long port = strtoul(text, &end, 10);
    if (errno != 0 || port == 0 || port > UINT16_MAX)
        return -EINVAL;
    *ret_port = (uint16_t)port;
    return 0;
}

static int fill_v4(const char *host, uint16_t port, struct http_address *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return -EINVAL;
    memcpy(&to->to, &address, sizeof(address));
    to->length = sizeof(address);
    return 0;
}

static int fill_v6(const char *host, uint16_t port, struct http_address *to)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET6, host, &address.sin6_addr) != 1)
        return -EINVAL;
    memcpy(&to->to, &address, sizeof(address));
    to->length = sizeof(address);
    return 0;
}

int http__parse_address(const char *text, struct http_address *ret_address)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    uint16_t port;

    if (!colon || (size_t)(colon - text) >= sizeof(host) || parse_port(colon + 1, &port) < 0)
        return -EINVAL;
    size_t length = (size_t)(colon - text);
    memcpy(host, text, length);
    host[length] = '\0';
    *ret_address = (struct http_address){0};
    if (length < 2 || host[0] != '[' || host[length - 1] != ']')
        return fill_v4(host, port, ret_address);
    host[length - 1] = '\0';
    return fill_v6(host + 1, port, ret_address);
}

int http__listen(const struct http_address *address)
{
    int on = 1, error = 0;
    int fd = socket(address->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    /* A connection of the run before still in TIME_WAIT must not keep this one from its port. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (const struct sockaddr *)&address->to, address->length) < 0 ||
        listen(fd, BACKLOG) < 0)
        error = -errno;
    if (error == 0)
        return fd;
    close(fd);
    return error;
}
